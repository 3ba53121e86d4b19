//! What became of one envelope.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    observation::Quality,
    position::Position,
    results::RowStanding,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::{RecentReject, lineage::ROWS_MAX, rejects::COLUMNS as REJECT_COLUMNS, words};
use crate::{
    client::{Store, answer, one},
    error::StoreError,
    schema::COMMITTED,
};

/// What was stored of one envelope. Duplicates leave no row: they are the rest of what the sender counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct EnvelopeFate {
    /// Rows stored.
    pub stored: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// The envelope as a whole was rejected: 0 or 1.
    pub undecodable: u64,
    /// Rows that wait for the word of an operator.
    pub held: u64,
}

/// A stored row of an envelope.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct EnvelopeRow {
    /// Indicator.
    pub indicator: String,
    /// Subject.
    pub subject: String,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    #[serde(with = "words")]
    pub quality: Quality,
    /// How it stood to earlier rows of its key when it was stored.
    #[serde(with = "words")]
    pub standing: RowStanding,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it; empty where that was not recorded.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Which row of the envelope.
    pub row: u32,
    /// The epoch that stored it.
    pub epoch: Epoch,
}

impl Store {
    /// What committed epochs stored of one envelope.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn envelope_fate(&self, asker: &Asker, position: Position) -> Result<EnvelopeFate, StoreError> {
        let fate = self
            .asked_by(asker, |seen| {
                let row = seen.row("subject", "feed");
                let feed = seen.feed("feed");
                format!(
                    "SELECT countIf(kind = 'stored') AS stored, countIf(kind = 'rejected') AS rejected, \
                 countIf(kind = 'whole') AS undecodable, countIf(kind = 'held') AS held FROM (\
                 SELECT 'stored' AS kind FROM observation WHERE log = {{log:UInt16}} \
                 AND partition = {{partition:UInt16}} AND offset = {{offset:UInt64}} \
                 AND epoch <= {COMMITTED} AND standing NOT IN ('restored', 'replaced'){row} \
                 UNION ALL \
                 SELECT 'stored' AS kind FROM event WHERE log = {{log:UInt16}} \
                 AND partition = {{partition:UInt16}} AND offset = {{offset:UInt64}} \
                 AND epoch <= {COMMITTED} \
                 UNION ALL \
                 SELECT 'stored' AS kind FROM report_value WHERE log = {{log:UInt16}} \
                 AND partition = {{partition:UInt16}} AND offset = {{offset:UInt64}} \
                 AND epoch <= {COMMITTED} AND standing NOT IN ('restored', 'replaced', 'gone') \
                 AND (mark != 'withdrawn' OR at != ''){feed} \
                 UNION ALL \
                 SELECT if(whole, 'whole', 'rejected') AS kind FROM reject_current WHERE log = {{log:UInt16}} \
                 AND partition = {{partition:UInt16}} AND offset = {{offset:UInt64}} \
                 AND state != 'replayed'{feed} \
                 UNION ALL \
                 SELECT 'held' AS kind FROM held_current WHERE log = {{log:UInt16}} \
                 AND partition = {{partition:UInt16}} AND offset = {{offset:UInt64}}{row})"
                )
            })
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0);
        answer("look an envelope up", one(fate)).await
    }

    /// The rows that committed epochs stored of one envelope, by row: of one that was replaced all its readings, the last
    /// one last.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn envelope_rows(
        &self,
        asker: &Asker,
        position: Position,
    ) -> Result<Vec<EnvelopeRow>, StoreError> {
        let rows = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toString(o.indicator) AS indicator, toString(o.subject) AS subject, \
                 toUnixTimestamp64Milli(o.event_time) AS event_time, o.value AS value, \
                 toString(o.quality) AS quality, toString(o.standing) AS standing, toString(o.feed) AS feed, toString(o.sender) AS sender, \
                 toUnixTimestamp64Milli(o.received_at) AS received_at, o.row AS row, o.epoch AS epoch \
                 FROM observation AS o WHERE o.log = {{log:UInt16}} AND o.partition = {{partition:UInt16}} \
                 AND o.offset = {{offset:UInt64}} AND o.epoch <= {COMMITTED} AND o.standing != 'restored'{} \
                 ORDER BY o.row, o.epoch LIMIT {{most:UInt32}}",
                    seen.row("o.subject", "o.feed")
                )
            })
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0)
            .param("most", ROWS_MAX);
        answer("read the rows of an envelope", rows.fetch_all()).await
    }

    /// What committed epochs rejected of one envelope, by row.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn envelope_rejects(
        &self,
        asker: &Asker,
        position: Position,
    ) -> Result<Vec<RecentReject>, StoreError> {
        let rejects = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {REJECT_COLUMNS} FROM reject_current AS r \
                 WHERE r.log = {{log:UInt16}} AND r.partition = {{partition:UInt16}} \
                 AND r.offset = {{offset:UInt64}}{} \
                 ORDER BY row LIMIT {{most:UInt32}}",
                    seen.feed("r.feed")
                )
            })
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0)
            .param("most", ROWS_MAX);
        answer("read the rejects of an envelope", rejects.fetch_all()).await
    }
}

//! What the boards ask. Committed rows only, bounded in time and number, values as server-side parameters.
//!
//! Times are milliseconds since 1970-01-01T00:00:00Z.

use clickhouse::Row;
use ioc_model::{
    epoch::{Epoch, Generation},
    position::Position,
    results::Standing,
    time::EventTime,
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer, one},
    error::StoreError,
};

/// The newest value of a series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct LatestValue {
    /// Indicator.
    pub indicator: String,
    /// Subject.
    pub subject: String,
    /// When it was so.
    pub event_time: i64,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth, as a word.
    pub quality: String,
    /// The feed it came by.
    pub feed: String,
    /// When it arrived.
    pub received_at: i64,
    /// Where its envelope lies.
    pub log: u16,
    /// Where its envelope lies.
    pub partition: u16,
    /// Where its envelope lies.
    pub offset: u64,
    /// Which row of the envelope.
    pub row: u32,
    /// How it stood to earlier rows of its key when it was stored: `first`, `correction` or `history`.
    pub standing: String,
}

/// The current result of one window of a series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct TrendPoint {
    /// Its first moment.
    pub start: i64,
    /// The first moment behind it.
    pub end: i64,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Good values.
    pub count: u64,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where that is not known.
    pub expected: u32,
    /// `watermark`, `patience` or `revision`.
    pub closed_by: String,
    /// The epoch that made it.
    pub revision: u64,
}

/// A current window of some series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RecentWindow {
    /// Indicator.
    pub indicator: String,
    /// Subject.
    pub subject: String,
    /// Its first moment.
    pub start: i64,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where that is not known.
    pub expected: u32,
    /// The epoch that made it.
    pub revision: u64,
}

/// A rejected envelope or row.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RecentReject {
    /// The feed it came by.
    pub feed: String,
    /// When it arrived.
    pub received_at: i64,
    /// Where its envelope lies.
    pub log: u16,
    /// Where its envelope lies.
    pub partition: u16,
    /// Where its envelope lies.
    pub offset: u64,
    /// Which row of the envelope.
    pub row: u32,
    /// All of the envelope.
    pub whole: bool,
    /// Topic, file or path.
    pub address: String,
    /// Why, as a word.
    pub reason: String,
    /// Where in the envelope.
    pub place: String,
    /// What is wrong, in Vietnamese.
    pub message_vi: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// Its first bytes; what is not UTF-8 is replaced.
    pub raw: String,
    /// How many bytes there were.
    pub raw_length: u32,
}

/// What was stored of one envelope. Duplicates leave no row: they are the rest of what the sender counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Receipt {
    /// Rows stored.
    pub stored: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// The envelope as a whole was rejected: 0 or 1.
    pub undecodable: u64,
}

/// A feed's totals since the beginning, and what does not add up.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct FeedBalance {
    /// Feed.
    pub feed: String,
    /// Envelopes received.
    pub envelopes_received: u64,
    /// Envelopes of which at least one row was read.
    pub envelopes_decoded: u64,
    /// Envelopes that carry nothing by design.
    pub envelopes_empty: u64,
    /// Envelopes of which no row could be read.
    pub envelopes_undecodable: u64,
    /// Rows read.
    pub rows_decoded: u64,
    /// Rows stored.
    pub rows_stored: u64,
    /// Rows that were there already.
    pub rows_duplicate: u64,
    /// Rows that broke the contract.
    pub rows_rejected: u64,
    /// Rows waiting for their day to be read back.
    pub rows_waiting: i64,
    /// Envelopes nobody accounted for; 0 as long as nothing is lost or doubled.
    pub envelopes_astray: i64,
    /// Rows nobody accounted for; 0 as long as nothing is lost or doubled.
    pub rows_astray: i64,
}

impl LatestValue {
    /// How it stood to earlier rows of its key when it was stored.
    #[must_use]
    pub fn standing(&self) -> Standing {
        [Standing::First, Standing::Correction, Standing::History]
            .into_iter()
            .find(|standing| standing.word() == self.standing)
            .unwrap_or(Standing::First)
    }
}

impl Store {
    /// The newest value of every series that has one since a moment, by indicator and subject.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn latest(&self, since: EventTime) -> Result<Vec<LatestValue>, StoreError> {
        // First when the newest value of each series was, over three narrow columns; then only those keys go
        // through the current view.
        let latest = self
            .client()
            .query(
                "WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) \
                 AS last_epochs \
                 SELECT toString(indicator) AS indicator, toString(subject) AS subject, \
                 toUnixTimestamp64Milli(c.event_time) AS event_time, value, toString(quality) AS quality, toString(feed) AS feed, \
                 toUnixTimestamp64Milli(c.received_at) AS received_at, log, partition, offset, row, \
                 toString(standing) AS standing \
                 FROM observation_current AS c \
                 WHERE c.event_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') \
                 AND (c.indicator, c.subject, c.event_time) IN \
                 (SELECT indicator, subject, max(event_time) FROM observation \
                 WHERE event_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') \
                 AND mapContains(last_epochs, generation) AND epoch <= last_epochs[generation] \
                 GROUP BY indicator, subject) \
                 ORDER BY indicator, subject",
            )
            .param("since", since.0);
        answer("read the latest values", latest.fetch_all()).await
    }

    /// The current windows of a kind of all series that start at a moment or later, by series and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn recent_windows(
        &self,
        kind: WindowKind,
        since: EventTime,
    ) -> Result<Vec<RecentWindow>, StoreError> {
        let windows = self
            .client()
            .query(
                "SELECT toString(w.indicator) AS indicator, toString(w.subject) AS subject, \
                 toUnixTimestamp64Milli(w.start_time) AS start, mean, received, expected, revision \
                 FROM window_current AS w \
                 WHERE w.kind = {kind:String} AND w.start_time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') \
                 ORDER BY w.indicator, w.subject, w.start_time",
            )
            .param("kind", kind.word())
            .param("since", since.0);
        answer("read recent windows", windows.fetch_all()).await
    }

    /// The current windows of a series that start in `[from, to)`, by start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn trend(
        &self,
        indicator: &str,
        subject: &str,
        kind: WindowKind,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<TrendPoint>, StoreError> {
        let trend = self
            .client()
            .query(
                "SELECT toUnixTimestamp64Milli(w.start_time) AS start, toUnixTimestamp64Milli(w.end_time) AS end, \
                 mean, w.min AS min, w.max AS max, w.count AS count, received, expected, \
                 toString(w.closed_by) AS closed_by, revision \
                 FROM window_current AS w \
                 WHERE w.indicator = {indicator:String} AND w.subject = {subject:String} \
                 AND w.kind = {kind:String} \
                 AND w.start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND w.start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC') \
                 ORDER BY w.start_time",
            )
            .param("indicator", indicator)
            .param("subject", subject)
            .param("kind", kind.word())
            .param("from", from.0)
            .param("to", to.0);
        answer("read a trend", trend.fetch_all()).await
    }

    /// The last rejects, newest first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn recent_rejects(&self, number: u32) -> Result<Vec<RecentReject>, StoreError> {
        let rejects = self
            .client()
            .query(
                "SELECT toString(r.feed) AS feed, toUnixTimestamp64Milli(r.received_at) AS received_at, \
                 log, partition, offset, row, whole, address, toString(r.reason) AS reason, place, \
                 message_vi, message_en, toValidUTF8(r.raw) AS raw, raw_length \
                 FROM reject_current AS r \
                 ORDER BY r.received_at DESC, log DESC, partition DESC, offset DESC, row DESC \
                 LIMIT {number:UInt32}",
            )
            .param("number", number);
        answer("read the last rejects", rejects.fetch_all()).await
    }

    /// What committed epochs stored of one envelope.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn receipt(&self, position: Position) -> Result<Receipt, StoreError> {
        let receipt = self
            .client()
            .query(
                "WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) \
                 AS last_epochs, (SELECT max(generation) FROM committed) AS newest \
                 SELECT countIf(kind = 'stored') AS stored, countIf(kind = 'rejected') AS rejected, \
                 countIf(kind = 'whole') AS undecodable FROM (\
                 SELECT 'stored' AS kind FROM observation WHERE log = {log:UInt16} \
                 AND partition = {partition:UInt16} AND offset = {offset:UInt64} \
                 AND generation = newest AND epoch <= last_epochs[generation] \
                 UNION ALL \
                 SELECT if(whole, 'whole', 'rejected') AS kind FROM reject WHERE log = {log:UInt16} \
                 AND partition = {partition:UInt16} AND offset = {offset:UInt64} \
                 AND generation = newest AND epoch <= last_epochs[generation])",
            )
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0);
        answer("look an envelope up", one(receipt)).await
    }

    /// Every feed's totals, by feed.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn feed_balance(&self, generation: Generation) -> Result<Vec<FeedBalance>, StoreError> {
        let balance = self
            .client()
            .query(
                "SELECT toString(b.feed) AS feed, envelopes_received, envelopes_decoded, envelopes_empty, \
                 envelopes_undecodable, rows_decoded, rows_stored, rows_duplicate, rows_rejected, rows_waiting, \
                 envelopes_astray, rows_astray \
                 FROM feed_balance AS b WHERE generation = {generation:UInt32} ORDER BY feed",
            )
            .param("generation", generation.0);
        answer("read the balance", balance.fetch_all()).await
    }

    /// The last committed epoch of a generation, whoever committed it; none before the first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn published(&self, generation: Generation) -> Result<Option<Epoch>, StoreError> {
        let last = self
            .client()
            .query("SELECT last_epoch FROM committed WHERE generation = {generation:UInt32}")
            .param("generation", generation.0);
        let last: Option<u64> = answer("read the last committed epoch", last.fetch_optional()).await?;
        Ok(last.map(Epoch))
    }
}

//! The newest value of each series.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    observation::Quality,
    position::{LogNumber, Offset, Partition},
    results::RowStanding,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// The newest value of a series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct LatestValue {
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
    /// The feed it came by.
    pub feed: String,
    /// Who sent it; empty where that was not recorded.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of the envelope.
    pub row: u32,
    /// How it stood to earlier rows of its key when it was stored.
    #[serde(with = "words")]
    pub standing: RowStanding,
}

impl Store {
    /// The newest value of every series that has one since a moment, by indicator and subject.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn latest(&self, asker: &Asker, since: EventTime) -> Result<Vec<LatestValue>, StoreError> {
        // First when the newest value of each series was, over three narrow columns; then only those keys go
        // through the current view.
        let latest = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toString(indicator) AS indicator, toString(subject) AS subject, \
                 toUnixTimestamp64Milli(c.event_time) AS event_time, value, toString(quality) AS quality, toString(feed) AS feed, toString(sender) AS sender, \
                 toUnixTimestamp64Milli(c.received_at) AS received_at, log, partition, offset, row, \
                 toString(standing) AS standing \
                 FROM observation_current AS c \
                 WHERE c.event_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND (c.indicator, c.subject, c.event_time) IN \
                 (SELECT indicator, subject, max(event_time) FROM observation \
                 WHERE event_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND epoch <= {COMMITTED} \
                 GROUP BY indicator, subject){} \
                 ORDER BY indicator, subject",
                    seen.row("c.subject", "c.feed")
                )
            })
            .param("since", since.0);
        answer("read the latest values", latest.fetch_all()).await
    }
}

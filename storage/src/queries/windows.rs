//! Windows of one series and of all.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::Revision,
    time::EventTime,
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// The current result of one window of a series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct TrendPoint {
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
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
    /// What made it.
    #[serde(with = "words")]
    pub closed_by: ClosedBy,
    /// Whether one value alone makes it.
    pub spiked: bool,
    /// The epoch that made it.
    pub revision: Revision,
}

/// A current window of some series.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RecentWindow {
    /// Indicator.
    pub indicator: String,
    /// Subject.
    pub subject: String,
    /// Its first moment.
    pub start: EventTime,
    /// Mean of its good values; none of nothing.
    pub mean: Option<f64>,
    /// Good values.
    pub count: u32,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where that is not known.
    pub expected: u32,
    /// The epoch that made it.
    pub revision: Revision,
}

impl Store {
    /// The current windows of a kind of all series that start at a moment or later, by series and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn recent_windows(
        &self,
        asker: &Asker,
        kind: WindowKind,
        since: EventTime,
    ) -> Result<Vec<RecentWindow>, StoreError> {
        let windows = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toString(w.indicator) AS indicator, toString(w.subject) AS subject, \
                 toUnixTimestamp64Milli(w.start_time) AS start, mean, toUInt32(w.count) AS count, received, expected, revision \
                 FROM window_current AS w \
                 WHERE w.kind = {{kind:String}} AND w.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC'){} \
                 ORDER BY w.indicator, w.subject, w.start_time",
                    seen.station("w.subject")
                )
            })
            .param("kind", kind.word())
            .param("since", since.0);
        answer("read recent windows", windows.fetch_all()).await
    }

    /// The current windows of a series that start in `[from, to)`, by start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    #[allow(clippy::too_many_arguments, reason = "each is a column of the key, but who asks")]
    pub async fn trend(
        &self,
        asker: &Asker,
        indicator: &str,
        subject: &str,
        kind: WindowKind,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<TrendPoint>, StoreError> {
        let trend = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toUnixTimestamp64Milli(w.start_time) AS start, toUnixTimestamp64Milli(w.end_time) AS end, \
                 if(w.indicator IN (SELECT id FROM indicator_current WHERE increase_of != ''), \
                 if(w.count = 0 AND w.sum = 0, NULL, w.sum), w.mean) AS mean, \
                 w.min AS min, w.max AS max, w.count AS count, received, expected, \
                 toString(w.closed_by) AS closed_by, w.spiked AS spiked, revision \
                 FROM window_current AS w \
                 WHERE w.indicator = {{indicator:String}} AND w.subject = {{subject:String}} \
                 AND w.kind = {{kind:String}} \
                 AND w.start_time >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND w.start_time < fromUnixTimestamp64Milli({{to:Int64}}, 'UTC'){} \
                 ORDER BY w.start_time",
                    seen.station("w.subject")
                )
            })
            .param("indicator", indicator)
            .param("subject", subject)
            .param("kind", kind.word())
            .param("from", from.0)
            .param("to", to.0);
        answer("read a trend", trend.fetch_all()).await
    }
}

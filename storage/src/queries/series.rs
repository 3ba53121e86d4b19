//! Long series for charts, thinned by the server where there are too many to draw.
//!
//! Five million points must cost neither this process nor ClickHouse their memory (invariant BOUND). They stream
//! through the views of what is current. Buckets are cut by time, and there are at most as many as asked for. Grouping
//! all rows by key instead, in the table's order, took ten times as long and 130 to 250 MB.

use clickhouse::Row;
use ioc_model::{asker::Asker, index::IndexId, time::EventTime, window::WindowKind};
use serde::{Deserialize, Serialize};

use super::SightConditions;
use crate::{
    client::{Store, answer, one},
    error::StoreError,
};

/// What a series is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured<'a> {
    /// Current values of an indicator, of every quality.
    Points(&'a str),
    /// Current windows of an indicator.
    Windows(&'a str, WindowKind),
    /// Current results of an index.
    Index(IndexId, WindowKind),
}

/// A point, a window, or several of them in a row.
#[derive(Clone, Copy, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct SeriesRow {
    /// Its first moment.
    pub start: EventTime,
    /// Value or mean: of the good ones where there are any.
    pub mean: Option<f64>,
    /// The smallest of them.
    pub low: Option<f64>,
    /// The largest of them.
    pub high: Option<f64>,
    /// Received of expected, or the share of good points; none where that is not known.
    pub completeness: Option<f64>,
}

/// A series of at most as many rows as asked for, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThinnedSeries {
    /// Its rows.
    pub rows: Vec<SeriesRow>,
    /// How many points or windows there are.
    pub found: u64,
}

#[derive(Row, Deserialize)]
struct Extent {
    found: u64,
    first: i64,
    last: i64,
}

/// A guard, not a need: what streams through takes a few megabytes.
const SETTINGS: &str = "SETTINGS max_memory_usage = 268435456";

impl Measured<'_> {
    fn word(&self) -> &str {
        match self {
            Measured::Points(indicator) | Measured::Windows(indicator, _) => indicator,
            Measured::Index(index, _) => index.word(),
        }
    }

    fn kind(&self) -> WindowKind {
        match self {
            Measured::Points(_) => WindowKind::Minute,
            Measured::Windows(_, kind) | Measured::Index(_, kind) => *kind,
        }
    }

    /// A query of the series: moment, value, extremes, weight in a mean, what is there of what is owed, and whether it
    /// is good.
    fn figures(&self, seen: SightConditions<'_>) -> String {
        let (rows, theirs) = match self {
            Measured::Points(_) => (
                "SELECT toUnixTimestamp64Milli(event_time) AS t, toNullable(value) AS value, \
                 o.value AS low, o.value AS high, 1. AS weight, quality = 'good' AS good, toFloat64(good) AS got, \
                 1. AS owed FROM observation_current AS o \
                 WHERE indicator = {measured:String} AND subject = {subject:String} \
                 AND event_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND event_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
                seen.row("o.subject", "o.feed"),
            ),
            Measured::Windows(..) => (
                "SELECT toUnixTimestamp64Milli(start_time) AS t, mean AS value, \
                 w.min AS low, w.max AS high, toFloat64(w.count) AS weight, w.count > 0 AS good, \
                 toFloat64(received) AS got, toFloat64(expected) AS owed FROM window_current AS w \
                 WHERE indicator = {measured:String} AND subject = {subject:String} AND kind = {kind:String} \
                 AND start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
                seen.station("w.subject"),
            ),
            Measured::Index(..) => (
                "SELECT toUnixTimestamp64Milli(start_time) AS t, i.value AS value, \
                 i.value AS low, i.value AS high, 1. AS weight, i.value IS NOT NULL AS good, 0. AS got, \
                 0. AS owed FROM index_current AS i \
                 WHERE `index` = {measured:String} AND subject = {subject:String} AND kind = {kind:String} \
                 AND start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
                seen.station("i.subject"),
            ),
        };
        format!("{rows}{theirs}")
    }
}

impl Store {
    /// A series of a station in `[from, to)` as at most `entries` rows. Where there are more points or windows, each
    /// row is a bucket of equal length in time; empty buckets are absent.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn series(
        &self,
        asker: &Asker,
        measured: Measured<'_>,
        subject: &str,
        from: EventTime,
        to: EventTime,
        entries: u32,
    ) -> Result<ThinnedSeries, StoreError> {
        let figures = measured.figures(SightConditions::by(asker));
        let ask = |sql: String| {
            self.asked_by(asker, |_| format!("{sql} {SETTINGS}"))
                .param("measured", measured.word())
                .param("subject", subject)
                .param("kind", measured.kind().word())
                .param("from", from.0)
                .param("to", to.0)
                .param("entries", entries)
        };
        let extent =
            ask(format!("SELECT count() AS found, min(t) AS first, max(t) AS last FROM ({figures})"));
        let Extent { found, first, last } = answer("measure a series", one(extent)).await?;
        let rows = if found <= u64::from(entries) {
            let plain = ask(format!(
                "SELECT t AS start, value AS mean, toNullable(low) AS low, toNullable(high) AS high, \
                 if(owed > 0, got / owed, NULL) AS completeness \
                 FROM ({}) ORDER BY start LIMIT {{entries:UInt32}}",
                figures
            ));
            answer("read a series", plain.fetch_all()).await?
        } else {
            let buckets = ask(format!(
                "SELECT min(t) AS start, \
                 if(countIf(good) > 0, sumIf(value * weight, good) / sumIf(weight, good), avg(value)) AS mean, \
                 toNullable(if(countIf(good) > 0, minIf(low, good), min(low))) AS low, \
                 toNullable(if(countIf(good) > 0, maxIf(high, good), max(high))) AS high, \
                 if(sum(owed) > 0, sum(got) / sum(owed), NULL) AS completeness \
                 FROM ({}) GROUP BY intDiv(t - {{first:Int64}}, {{width:Int64}}) AS bucket \
                 ORDER BY bucket LIMIT {{entries:UInt32}}",
                figures
            ))
            .param("first", first)
            .param("width", bucket_millis(first, last, entries));
            answer("thin a series", buckets.fetch_all()).await?
        };
        Ok(ThinnedSeries { rows, found })
    }
}

/// The shortest bucket of which that many reach from the first moment over the last.
fn bucket_millis(first: i64, last: i64, entries: u32) -> i64 {
    let span = last.saturating_sub(first).saturating_add(1);
    let entries = i64::from(entries.max(1));
    span / entries + i64::from(span % entries != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_reach_over_the_last_moment_and_there_are_no_more_of_them_than_asked_for_bound() {
        for (first, last, entries) in
            [(0, 99, 10), (0, 100, 10), (5, 5, 1), (-1_000, 7, 3), (0, 1_000_003, 7)]
        {
            let width = bucket_millis(first, last, entries);
            assert!((last - first) / width < i64::from(entries));
            assert!(width == 1 || (last - first) / (width - 1) >= i64::from(entries), "no wider than needed");
        }
    }
}

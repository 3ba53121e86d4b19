//! Indices.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Generation, Revision},
    index::{IndexId, NoIndex},
    time::EventTime,
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// A result of an index of a window.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct IndexRow {
    /// Which index.
    #[serde(with = "words")]
    pub index: IndexId,
    /// Station.
    pub subject: String,
    /// Hour or day.
    #[serde(with = "words")]
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The index as published; none where it could not be computed.
    pub value: Option<f64>,
    /// Word of its category; empty without a value.
    pub category: String,
    /// Why there is no value; none with one.
    #[serde(with = "words::said")]
    pub reason: Option<NoIndex>,
    /// The indicator that decides; empty where none does.
    pub dominant: String,
    /// The act it was computed by, and the reading of it.
    pub formula: String,
    /// What went in: indicators or groups.
    pub part_indicators: Vec<String>,
    /// Their means, NowCasts or maxima.
    pub part_inputs: Vec<f64>,
    /// Their sub-indices.
    pub part_sub_indices: Vec<f64>,
    /// What made it.
    #[serde(with = "words")]
    pub closed_by: ClosedBy,
    /// The generation that made it.
    pub generation: Generation,
    /// The epoch that made it.
    pub revision: Revision,
}

/// A current index of some station, its number alone.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RecentIndex {
    /// Which index.
    #[serde(with = "words")]
    pub index: IndexId,
    /// Station.
    pub subject: String,
    /// Its first moment.
    pub start: EventTime,
    /// The index; none where it could not be computed.
    pub value: Option<f64>,
    /// The epoch that made it.
    pub revision: Revision,
}

const COLUMNS: &str = "toString(i.`index`) AS index, toString(i.subject) AS subject, toString(i.kind) AS kind, \
     toUnixTimestamp64Milli(i.start_time) AS start, toUnixTimestamp64Milli(i.end_time) AS end, \
     i.value AS value, toString(i.category) AS category, toString(i.no_value_reason) AS reason, \
     toString(i.dominant) AS dominant, toString(i.formula) AS formula, \
     arrayMap(part -> toString(part), i.`parts.indicator`) AS part_indicators, \
     i.`parts.input` AS part_inputs, i.`parts.sub_index` AS part_sub_indices, \
     toString(i.closed_by) AS closed_by, i.generation AS generation, i.revision AS revision";

impl Store {
    /// The newest window of every index of every station since a moment, hours and days, by index, kind and station.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn newest_indices(&self, asker: &Asker, since: EventTime) -> Result<Vec<IndexRow>, StoreError> {
        // As for the latest values: first when the newest is, then only those through the current view.
        let newest = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {COLUMNS} FROM index_current AS i \
                 WHERE i.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND (i.`index`, i.kind, i.subject, i.start_time) IN \
                 (SELECT v.`index`, v.kind, v.subject, max(v.start_time) FROM index_value AS v \
                 WHERE v.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND v.epoch <= {COMMITTED} \
                 GROUP BY v.`index`, v.kind, v.subject){} \
                 ORDER BY i.`index`, i.kind, i.subject",
                    seen.station("i.subject")
                )
            })
            .param("since", since.0);
        answer("read the newest indices", newest.fetch_all()).await
    }

    /// The current indices of windows of a kind that start at a moment or later, by index, station and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn recent_indices(
        &self,
        asker: &Asker,
        kind: WindowKind,
        since: EventTime,
    ) -> Result<Vec<RecentIndex>, StoreError> {
        let recent = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toString(i.`index`) AS index, toString(i.subject) AS subject, \
                 toUnixTimestamp64Milli(i.start_time) AS start, i.value AS value, i.revision AS revision \
                 FROM index_current AS i \
                 WHERE i.kind = {{kind:String}} AND i.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC'){} \
                 ORDER BY i.`index`, i.subject, i.start_time",
                    seen.station("i.subject")
                )
            })
            .param("kind", kind.word())
            .param("since", since.0);
        answer("read recent indices", recent.fetch_all()).await
    }

    /// An index of a window as it was at a revision, or as it is now; none where it was not computed.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn index(
        &self,
        asker: &Asker,
        index: IndexId,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Option<IndexRow>, StoreError> {
        let row = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {COLUMNS} FROM (SELECT *, epoch AS revision FROM index_value) AS i \
                 WHERE i.`index` = {{index:String}} AND i.kind = {{kind:String}} \
                 AND i.subject = {{subject:String}} \
                 AND i.start_time = fromUnixTimestamp64Milli({{start:Int64}}, 'UTC') \
                 AND i.revision <= least({COMMITTED}, {{revision:UInt64}}){} \
                 ORDER BY i.generation DESC, i.revision DESC LIMIT 1",
                    seen.station("i.subject")
                )
            })
            .param("index", index.word())
            .param("kind", kind.word())
            .param("subject", subject)
            .param("start", start.0)
            .param("revision", revision.unwrap_or(Revision::LAST).0);
        Ok(answer("read an index", row.fetch_all()).await?.pop())
    }
}

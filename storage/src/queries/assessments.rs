//! Means held against legal limits.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Generation, Revision},
    limit::Averaging,
    results::LimitVerdict,
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// A judgement of a mean.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AssessmentRow {
    /// The limit.
    pub limit: String,
    /// Indicator.
    pub indicator: String,
    /// Station.
    pub subject: String,
    /// Over what it is averaged.
    #[serde(with = "words")]
    pub averaging: Averaging,
    /// The window's first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The mean of what is there; none of nothing.
    pub value: Option<f64>,
    /// The lower limit.
    pub low: Option<f64>,
    /// The upper limit.
    pub high: Option<f64>,
    /// How it stands to the limit.
    #[serde(with = "words")]
    pub verdict: LimitVerdict,
    /// What went in.
    pub count: u32,
    /// What was expected.
    pub expected: u32,
    /// The generation that made it.
    pub generation: Generation,
    /// The epoch that made it.
    pub revision: Revision,
}

const COLUMNS: &str = "toString(a.`limit`) AS limit, toString(a.indicator) AS indicator, \
     toString(a.subject) AS subject, toString(a.averaging) AS averaging, \
     toUnixTimestamp64Milli(a.start_time) AS start, toUnixTimestamp64Milli(a.end_time) AS end, \
     a.value AS value, a.low AS low, a.high AS high, toString(a.verdict) AS verdict, \
     a.count AS count, a.expected AS expected, a.generation AS generation, a.revision AS revision";

impl Store {
    /// The newest judgement of every indicator, station and averaging since a moment.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn newest_assessments(
        &self,
        asker: &Asker,
        since: EventTime,
    ) -> Result<Vec<AssessmentRow>, StoreError> {
        let newest = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {COLUMNS} FROM assessment_current AS a \
                 WHERE a.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND (a.averaging, a.indicator, a.subject, a.start_time) IN \
                 (SELECT v.averaging, v.indicator, v.subject, max(v.start_time) FROM assessment AS v \
                 WHERE v.start_time >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC') \
                 AND v.epoch <= {COMMITTED} \
                 GROUP BY v.averaging, v.indicator, v.subject){} \
                 ORDER BY a.averaging, a.indicator, a.subject",
                    seen.station("a.subject")
                )
            })
            .param("since", since.0);
        answer("read the newest judgements", newest.fetch_all()).await
    }

    /// The judgements of a station's means of one window as they were at a revision, or as they are now: one of each
    /// indicator.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn assessments(
        &self,
        asker: &Asker,
        subject: &str,
        averaging: Averaging,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Vec<AssessmentRow>, StoreError> {
        let rows = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {COLUMNS} FROM (SELECT *, epoch AS revision FROM assessment) AS a \
                 WHERE a.averaging = {{averaging:String}} AND a.subject = {{subject:String}} \
                 AND a.start_time = fromUnixTimestamp64Milli({{start:Int64}}, 'UTC') \
                 AND a.revision <= least({COMMITTED}, {{revision:UInt64}}){} \
                 ORDER BY a.indicator, a.generation DESC, a.revision DESC \
                 LIMIT 1 BY a.indicator LIMIT 1000",
                    seen.station("a.subject")
                )
            })
            .param("averaging", averaging.word())
            .param("subject", subject)
            .param("start", start.0)
            .param("revision", revision.unwrap_or(Revision::LAST).0);
        answer("read judgements", rows.fetch_all()).await
    }
}

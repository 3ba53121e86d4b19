//! The figures of the overview: how they are, and what was said at a moment.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Revision},
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    name::Name,
    results::{FigureHour, FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Now},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// A figure as it was said.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct FigureRow {
    #[serde(with = "words")]
    figure: FigureId,
    at: Now,
    start: EventTime,
    end: EventTime,
    value: Option<f64>,
    of: Option<f64>,
    target: Option<f64>,
    #[serde(with = "words")]
    verdict: FigureVerdict,
    #[serde(with = "words")]
    reason: FigureReason,
    #[serde(with = "words::said")]
    priority: Option<Priority>,
    #[serde(with = "words")]
    freshness: Freshness,
    late_from: Option<EventTime>,
    stale_from: Option<EventTime>,
    count: u64,
    expected: u64,
    part_words: Vec<String>,
    part_counts: Vec<u64>,
    hour_starts: Vec<EventTime>,
    hour_values: Vec<Option<f64>>,
    hour_verdicts: Vec<String>,
    inputs_all: u64,
    input_kinds: Vec<String>,
    input_subjects: Vec<String>,
    input_measures: Vec<String>,
    input_starts: Vec<EventTime>,
    input_numbers: Vec<u32>,
    input_values: Vec<Option<f64>>,
    input_words: Vec<String>,
    revision: Revision,
}

const COLUMNS: &str = "toString(f.figure) AS figure, toUnixTimestamp64Milli(f.at) AS at, \
     toUnixTimestamp64Milli(f.start_time) AS start, toUnixTimestamp64Milli(f.end_time) AS end, \
     f.value AS value, f.`of` AS of, f.target AS target, toString(f.verdict) AS verdict, \
     toString(f.reason) AS reason, toString(f.priority) AS priority, toString(f.freshness) AS freshness, \
     toUnixTimestamp64Milli(f.late_from) AS late_from, toUnixTimestamp64Milli(f.stale_from) AS stale_from, \
     f.count AS count, f.expected AS expected, \
     arrayMap(word -> toString(word), f.`parts.word`) AS part_words, f.`parts.count` AS part_counts, \
     arrayMap(start -> toUnixTimestamp64Milli(start), f.`hours.start_time`) AS hour_starts, \
     f.`hours.value` AS hour_values, \
     arrayMap(verdict -> toString(verdict), f.`hours.verdict`) AS hour_verdicts, f.inputs_all AS inputs_all, \
     arrayMap(kind -> toString(kind), f.`inputs.kind`) AS input_kinds, \
     arrayMap(subject -> toString(subject), f.`inputs.subject`) AS input_subjects, \
     arrayMap(measure -> toString(measure), f.`inputs.measure`) AS input_measures, \
     arrayMap(start -> toUnixTimestamp64Milli(start), f.`inputs.start_time`) AS input_starts, \
     f.`inputs.number` AS input_numbers, f.`inputs.value` AS input_values, \
     arrayMap(word -> toString(word), f.`inputs.word`) AS input_words, f.revision AS revision";

impl FigureRow {
    /// As the flow said it, and the epoch that did.
    #[must_use]
    pub fn said(&self) -> (Epoch, FigureResult) {
        let parts = self.part_words.iter().zip(&self.part_counts);
        let hour = |at: usize| {
            Some(FigureHour {
                start: *self.hour_starts.get(at)?,
                value: *self.hour_values.get(at)?,
                verdict: FigureVerdict::from_word(self.hour_verdicts.get(at)?)?,
            })
        };
        let input = |at: usize| {
            Some(FigureInput {
                kind: InputKind::from_word(self.input_kinds.get(at)?)?,
                subject: self.input_subjects.get(at)?.as_str().into(),
                measure: Name::new(self.input_measures.get(at)?),
                start: *self.input_starts.get(at)?,
                number: *self.input_numbers.get(at)?,
                value: *self.input_values.get(at)?,
                word: Name::new(self.input_words.get(at)?),
            })
        };
        let result = FigureResult {
            figure: self.figure,
            at: self.at,
            start: self.start,
            end: self.end,
            value: self.value,
            of: self.of,
            target: self.target,
            verdict: self.verdict,
            reason: self.reason,
            priority: self.priority,
            freshness: self.freshness,
            late_from: self.late_from,
            stale_from: self.stale_from,
            count: self.count,
            expected: self.expected,
            parts: parts.map(|(word, count)| (Name::new(word), *count)).collect(),
            hours: (0..self.hour_starts.len()).filter_map(hour).collect(),
            inputs_all: self.inputs_all,
            inputs: (0..self.input_kinds.len()).filter_map(input).collect(),
        };
        (self.revision.epoch(), result)
    }
}

impl Store {
    /// The figures as they are, in their order.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn figures(&self, asker: &Asker) -> Result<Vec<FigureRow>, StoreError> {
        let rows = self.asked_by(asker, |seen| {
            let theirs = seen.province();
            format!("SELECT {COLUMNS} FROM figure_current AS f WHERE true{theirs} ORDER BY f.figure")
        });
        answer("read the figures", rows.fetch_all()).await
    }

    /// What the figures said at a moment, in their order; none of those that said nothing yet. What nothing newer had
    /// followed by then is late, or stale and withheld, as a board showed it.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn figures_known_at(&self, asker: &Asker, moment: Now) -> Result<Vec<FigureRow>, StoreError> {
        let rows = self.asked_by(asker, |seen| {
            format!(
                "SELECT {COLUMNS} FROM \
                 figure_known_at(known_at = fromUnixTimestamp64Milli({{moment:Int64}}, 'UTC')) AS f \
                 WHERE true{} ORDER BY f.figure",
                seen.province()
            )
        });
        let rows = rows.param("moment", moment.0);
        answer("read what the figures said", rows.fetch_all()).await
    }
}

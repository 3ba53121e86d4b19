//! Facts made of values: windows, indices, judgements by limits.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{
    fact::{Fact, Ranks, Superseded, Table, keep_last},
    index::{IndexId, Indexed},
    limit::Averaging,
    name::Name,
    rule::Priority,
    time::EventTime,
    window::{Aggregate, ClosedBy, Registers, WindowKind},
};

/// A row of the `window` table. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowResult {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// Minute, hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Count, sum and extremes of its good values.
    pub aggregate: Aggregate,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected by the station's cadence; 0 where none is known.
    pub expected: u32,
    /// What made this result.
    pub closed_by: ClosedBy,
    /// Whether one value alone makes it many times what the others say.
    pub spiked: bool,
    /// Of a measure of different ones: what its number is the estimate of; else none.
    pub registers: Registers,
}

impl Fact for WindowResult {
    const TABLE: Table = Table { name: "window", time_column: "start_time" };

    fn time(&self) -> i64 {
        self.start.0
    }

    fn size(&self) -> usize {
        96 + 3 * self.registers.len()
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.indicator, row.subject, row.kind, row.start);
        key(self).cmp(&key(other))
    }

    /// They are many, and mostly of names that were sorted before.
    fn arrange(rows: &mut Vec<Self>, ranks: &mut Ranks) {
        ranks.learn(rows.iter().flat_map(|row| [row.indicator, row.subject]));
        rows.sort_by_cached_key(|row| (ranks.of(row.indicator), ranks.of(row.subject), row.kind, row.start));
        keep_last(rows);
    }

    fn anew(&self) -> Option<Superseded> {
        (self.closed_by == ClosedBy::Revision).then(|| Superseded {
            fact: Self::TABLE,
            measure: self.indicator,
            subject: self.subject,
            kind: self.kind.word(),
            time: self.start,
        })
    }
}

/// A row of the `index_value` table. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexResult {
    /// Which index.
    pub index: IndexId,
    /// Station.
    pub subject: Name,
    /// Hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Value, category and what went in.
    pub indexed: Indexed,
    /// What made this result.
    pub closed_by: ClosedBy,
}

impl Fact for IndexResult {
    const TABLE: Table = Table { name: "index_value", time_column: "start_time" };

    fn time(&self) -> i64 {
        self.start.0
    }

    fn size(&self) -> usize {
        96 + 32 * self.indexed.parts.len()
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.index, row.subject, row.kind, row.start);
        key(self).cmp(&key(other))
    }

    /// An epoch that brings an answer may work a window out twice: what was found last counts.
    fn arrange(rows: &mut Vec<Self>, _: &mut Ranks) {
        rows.sort_by(Self::compare);
        keep_last(rows);
    }

    fn anew(&self) -> Option<Superseded> {
        (self.closed_by == ClosedBy::Revision).then(|| Superseded {
            fact: Self::TABLE,
            measure: Name::new(self.index.word()),
            subject: self.subject,
            kind: self.kind.word(),
            time: self.start,
        })
    }
}

/// How a mean stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum LimitVerdict {
    /// It keeps it.
    Kept = 0,
    /// It breaks it.
    Exceeded = 1,
    /// Fewer points than the 75 % rule asks for: nothing is said.
    Insufficient = 2,
}

impl LimitVerdict {
    /// All of them, in the order of their numbers.
    pub const ALL: [LimitVerdict; 3] =
        [LimitVerdict::Kept, LimitVerdict::Exceeded, LimitVerdict::Insufficient];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LimitVerdict::Kept => "kept",
            LimitVerdict::Exceeded => "exceeded",
            LimitVerdict::Insufficient => "insufficient",
        }
    }

    /// How urgent it is; none where there is nothing to act on.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        (self == LimitVerdict::Exceeded).then_some(Priority::High)
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<LimitVerdict> {
        LimitVerdict::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// A row of the `assessment` table: a mean held against the limit in force. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The limit.
    pub limit: Name,
    /// Indicator.
    pub indicator: Name,
    /// Station.
    pub subject: Name,
    /// Over what it is averaged.
    pub averaging: Averaging,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The mean of what is there; none of nothing.
    pub value: Option<f64>,
    /// The lower limit, where there is one.
    pub low: Option<f64>,
    /// The upper limit, where there is one.
    pub high: Option<f64>,
    /// How it stands.
    pub verdict: LimitVerdict,
    /// What went in: points of an hour or day, hours of eight, days of a year.
    pub count: u32,
    /// What was expected; 0 where that is not known.
    pub expected: u32,
    /// The same mean may have been judged before.
    pub said_before: bool,
}

impl Fact for Assessment {
    const TABLE: Table = Table { name: "assessment", time_column: "start_time" };

    fn time(&self) -> i64 {
        self.start.0
    }

    fn size(&self) -> usize {
        96
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.limit, row.subject, row.averaging, row.start);
        key(self).cmp(&key(other))
    }

    /// As for indices.
    fn arrange(rows: &mut Vec<Self>, _: &mut Ranks) {
        rows.sort_by(Self::compare);
        keep_last(rows);
    }

    fn anew(&self) -> Option<Superseded> {
        self.said_before.then(|| Superseded {
            fact: Self::TABLE,
            measure: self.indicator,
            subject: self.subject,
            kind: self.averaging.word(),
            time: self.start,
        })
    }
}

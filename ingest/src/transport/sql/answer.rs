//! What is asked of a database, and what it answers.

use serde::{Deserialize, Serialize};

/// A value, as the database writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) kind: ValueKind,
}

/// What must be known of a value to write it down again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ValueKind {
    Text,
    Number,
    /// A moment that is given in UTC and does not say so.
    Utc,
}

/// Where a row stands: the value it is ordered by, and then those of its key.
pub(super) type Position = Vec<Value>;

/// Rows in columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Option<Value>>>,
    /// There are more: so many were asked for, or they are as large as may be held.
    pub(super) is_full: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question<'q> {
    /// The place of the last row, behind which there are so many.
    Top(u32),
    /// The place of the last row before a moment.
    Before(&'q Value),
    /// The next page, in order.
    Rows(Start<'q>),
    /// The next page of those that have no value to be ordered by.
    Unordered(Option<&'q [Value]>),
    /// The next period there is.
    NextPeriod(Option<&'q Value>),
    /// All rows of a period.
    Period(Option<&'q Value>),
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'q> {
    Beginning,
    /// With rows of that value.
    From(&'q Value),
    Behind(&'q [Value]),
}

impl Value {
    /// As a person and a reader of CSV should have it.
    pub(super) fn told(&self) -> String {
        match self.kind {
            ValueKind::Utc => format!("{}+00", self.text),
            ValueKind::Text | ValueKind::Number => self.text.clone(),
        }
    }
}

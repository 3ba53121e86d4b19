//! Facts of rows that an operator must decide about.

use std::cmp::Ordering;

use crate::{
    fact::{Fact, Table},
    held::{Decision, HeldState},
    name::Name,
    observation::Quality,
    position::Arrival,
    time::EventTime,
};

/// A row of the `held` table: an observation that waits for a word, and once more when it does no longer.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRow {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// When it was so, by its sender.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// The value in whose place it would be; none where there is none at its moment.
    pub stands: Option<f64>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// Where it stands.
    pub state: HeldState,
}

impl Fact for HeldRow {
    const TABLE: Table = Table { name: "held", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.arrival.received_at.0
    }

    fn size(&self) -> usize {
        72
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }
}

/// A row of the `decision` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDecision(pub Decision);

impl Fact for StoredDecision {
    const TABLE: Table = Table { name: "decision", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.0.arrival.received_at.0
    }

    fn size(&self) -> usize {
        self.0.user.len() + self.0.note.len() + 112
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.arrival.place().cmp(&other.0.arrival.place())
    }
}

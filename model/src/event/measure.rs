//! What a pack counts of events: the measures.
//!
//! A measure is counted at each log source of the pack, minute by minute, and has windows like anything measured: its
//! value is the sum over the window, or how many different ones there were. What groups there are is closed: log
//! sources, and with them their agencies, are the pack's; kinds and severities are lists. Addresses and users have no
//! end: they are counted, not grouped by.

use serde::{Deserialize, Serialize};

use super::{Event, EventKind, Severity};
use crate::{text::Text, window::WindowKind};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// How many times it happened: a line may stand for many.
    Events,
    /// Lines and records, whatever they stand for.
    Lines,
    /// Attempts to log in, of which several lines may tell.
    Attempts,
    /// Different addresses it came from.
    Sources,
    /// Different addresses it went to.
    Targets,
    /// Different accounts it is about.
    Users,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 6] =
        [Count::Events, Count::Lines, Count::Attempts, Count::Sources, Count::Targets, Count::Users];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Count::Events => "events",
            Count::Lines => "lines",
            Count::Attempts => "attempts",
            Count::Sources => "sources",
            Count::Targets => "targets",
            Count::Users => "users",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Count> {
        Count::ALL.into_iter().find(|count| count.word() == word)
    }

    /// Whether it is how many different ones there are: what two windows have in common counts once in both together.
    #[must_use]
    pub fn is_distinct(self) -> bool {
        matches!(self, Count::Sources | Count::Targets | Count::Users)
    }
}

/// A measure over events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventMeasure {
    /// Identifier, as of an indicator: lower-case letters, digits, `_`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What is counted.
    pub count: Count,
    /// Of these kinds; of any where none is named.
    pub kinds: Vec<EventKind>,
    /// At least so bad. What was not rated is not.
    pub severity: Option<Severity>,
    /// Which windows are made of it.
    pub windows: Vec<WindowKind>,
}

impl EventMeasure {
    /// Whether it counts an event.
    #[must_use]
    pub fn covers(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.severity.is_none_or(|least| event.severity >= least)
    }

    /// What an event adds to it; nothing where different ones are counted.
    #[must_use]
    pub fn adds(&self, event: &Event) -> i64 {
        match self.count {
            Count::Events => event.weight.into(),
            Count::Lines => 1,
            Count::Attempts => event.attempts.into(),
            Count::Sources | Count::Targets | Count::Users => 0,
        }
    }

    /// Which one of the different ones an event is about, as text; none where it says none, or where events are summed.
    #[must_use]
    pub fn one_of(&self, event: &Event) -> Option<String> {
        match self.count {
            Count::Sources => event.from.address.map(|address| address.to_string()),
            Count::Targets => event.to.address.map(|address| address.to_string()),
            Count::Users => Some(event.user.to_string()).filter(|user| !user.is_empty()),
            Count::Events | Count::Lines | Count::Attempts => None,
        }
    }
}

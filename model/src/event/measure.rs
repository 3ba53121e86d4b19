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
    /// Different targets: an address and port; where a line says no address, the machine that wrote it.
    Targets,
    /// Different accounts it is about.
    Users,
    /// Alerts that sensors say they raised, by their own counters.
    Raised,
    /// Of those, how many never arrived, at least.
    Lost,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 8] = [
        Count::Events,
        Count::Lines,
        Count::Attempts,
        Count::Sources,
        Count::Targets,
        Count::Users,
        Count::Raised,
        Count::Lost,
    ];

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
            Count::Raised => "raised",
            Count::Lost => "lost",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Count> {
        Count::ALL.into_iter().find(|count| count.word() == word)
    }

    /// What an event adds; none where it adds nothing.
    #[must_use]
    pub fn of(self, event: &Event) -> Option<Adds> {
        match self {
            Count::Events => Some(Adds::More(event.weight.into())),
            Count::Lines => Some(Adds::More(1)),
            Count::Attempts => Some(Adds::More(event.attempts.into())).filter(|_| event.attempts != 0),
            Count::Sources => event.from.address.map(|address| Adds::One(address.to_string())),
            Count::Targets => {
                let port = event.to.port.map(|port| format!(" {port}")).unwrap_or_default();
                Some(Adds::One(match event.to.address {
                    Some(address) => format!("{address}{port}"),
                    None => format!("{}{port}", event.log_source),
                }))
            }
            Count::Users => Some(Adds::One(event.user.to_string())).filter(|_| !event.user.is_empty()),
            // What two records differ by, no event adds.
            Count::Raised | Count::Lost => None,
        }
    }

    /// Whether it is how many different ones there are: what two windows have in common counts once in both together.
    #[must_use]
    pub fn is_distinct(self) -> bool {
        matches!(self, Count::Sources | Count::Targets | Count::Users)
    }

    /// Whether it is what sensors say of themselves: how many alerts they raised, and what became of those.
    #[must_use]
    pub fn is_said_by_sensors(self) -> bool {
        matches!(self, Count::Raised | Count::Lost)
    }
}

/// What an event adds to a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adds {
    /// So many more, or less.
    More(i64),
    /// One of different ones, as text.
    One(String),
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
}

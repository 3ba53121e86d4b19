//! What the dataflow asks of the store, and what it is answered.
//!
//! State is held for a horizon. What lies further back the flow does not guess: it asks, goes on, and judges when the
//! answer comes. After the asking epoch is committed the driver reads what the store holds up to it, and records the
//! answer in a later manifest, so that a replay is answered the same (invariant REPLAY). A question names what it is
//! about and the epoch that asked: an answer to an older question about the same is no answer to this one.

use serde::{Deserialize, Serialize};

use crate::{
    calendar::DayNumber,
    epoch::Epoch,
    event::EventKey,
    name::Name,
    observation::Quality,
    position::Arrival,
    replay::{ReplayPortion, ReplayedMessages},
    time::EventTime,
    window::WindowKind,
};

/// A question about a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The subject, in whose shard the answer is waited for.
    pub subject: Name,
    /// What is asked.
    pub about: About,
    /// It is about what is at this moment or later,
    pub from: EventTime,
    /// and before this one.
    pub to: EventTime,
    /// The epoch in which the first row or revision began to wait.
    pub asked: Epoch,
}

/// What a question is about. What is stored may be asked for in one more way by one more of these, its [`Answer`], and
/// the store's reading of it. Their order is part of the checkpoint's format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum About {
    /// The current hours and days around a local day: what its indices look back at and reach into.
    Windows {
        /// Local day.
        day: DayNumber,
    },
    /// The current days of a local calendar year.
    Year {
        /// Its number.
        year: i16,
    },
    /// All rows ever stored for a local day of a series.
    Day {
        /// Indicator.
        indicator: Name,
        /// Local day.
        day: DayNumber,
    },
    /// The rows of a local day of a series that are held.
    Held {
        /// Indicator.
        indicator: Name,
        /// Local day.
        day: DayNumber,
    },
    /// Which of these events of a log source are stored.
    Events {
        /// Their keys, in order.
        keys: Box<[EventKey]>,
    },
    /// The current hours and days of a local day of what is counted at a log source.
    Counts {
        /// Local day.
        day: DayNumber,
    },
    /// The current hours of a measure at a log source, as far back as is asked what is usual.
    Usual {
        /// The measure.
        measure: Name,
    },
    /// The messages that a replay reads next: those that arrived from the one moment on and before the other.
    Replay(ReplayPortion),
    /// Which of these events of a log source are stored: of that time, or of those that are dated by their arrival
    /// whenever that was.
    UndatedEvents {
        /// Their keys, in order.
        keys: Box<[EventKey]>,
    },
}

impl About {
    /// The keys, of a question about events.
    #[must_use]
    pub fn event_keys(&self) -> Option<&[EventKey]> {
        match self {
            About::Events { keys } | About::UndatedEvents { keys } => Some(keys),
            _ => None,
        }
    }
}

/// What the store held up to the epoch that asked, or a later one: later ones the flow knows of by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// To what.
    pub question: Question,
    /// What was found.
    pub found: Found,
}

/// What was found, by what was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    /// Rows, by event time and arrival.
    Rows(Vec<RecalledRow>),
    /// Windows, by indicator, kind and start.
    Windows(Vec<RecalledWindow>),
    /// Keys of events, in order.
    Keys(Vec<EventKey>),
    /// Messages to be read again, by position.
    Messages(ReplayedMessages),
}

impl Found {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Found::Rows(rows) => rows.len(),
            Found::Windows(windows) => windows.len(),
            Found::Keys(keys) => keys.len(),
            Found::Messages(found) => found.messages.len(),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A stored row, read back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecalledRow {
    /// When it was so.
    pub event_time: EventTime,
    /// Its value.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
}

/// A stored window, read back: its current result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecalledWindow {
    /// Indicator.
    pub indicator: Name,
    /// Hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// Good values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Points expected; 0 where that is not known.
    pub expected: u32,
}

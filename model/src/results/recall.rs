//! What the dataflow asks of the store, when it must judge what it no longer holds, and what it is answered.

use serde::{Deserialize, Serialize};

use crate::{
    calendar::DayNumber, epoch::Epoch, name::Name, observation::Quality, position::Arrival, time::EventTime,
    window::WindowKind,
};

/// A day of a series whose rows are needed again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecallRequest {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// Local day.
    pub day: DayNumber,
    /// The epoch in which its first row began to wait. An answer to an older wait is no answer to this one.
    pub asked: Epoch,
}

/// A stored row read back for a [`RecallRequest`].
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

/// Around what windows are read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WindowReach {
    /// A local day, with what its indices look back at and reach into: hours and days.
    Day(DayNumber),
    /// A local calendar year: days.
    Year(i16),
}

/// Windows of a subject that are needed again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WindowRecall {
    /// Subject.
    pub subject: Name,
    /// Around what.
    pub reach: WindowReach,
    /// They start at this moment or later,
    pub from: EventTime,
    /// and before this one.
    pub to: EventTime,
    /// The epoch in which the first revision began to wait. An answer to an older wait is no answer to this one.
    pub asked: Epoch,
}

/// A stored window read back for a [`WindowRecall`]: its current result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

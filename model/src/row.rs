//! What a decoded row is.
//!
//! Measured rows ([`Observation`](crate::observation::Observation)) are nearly all of them, and have a path of plain
//! columns to themselves. Rows of every other kind share one: whatever decodes, hands on, keeps and counts them treats
//! them alike, and a new kind is one more of these.

use serde::{Deserialize, Serialize};

use crate::{
    action::{Action, OPERATOR},
    event::Event,
    form::Report,
    held::Decision,
    position::Arrival,
    replay::{Replay, StoredWord},
};

/// A row of any kind but a measured one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// Something an operator did.
    Done(Action),
    /// What an operator decided about rows that are held.
    Decided(Decision),
    /// Something that happened, as a device told it.
    Happened(Box<Event>),
    /// What an agency reported in one message of a form.
    Reported(Box<Report>),
    /// What an operator wants read again.
    Replayed(Box<Replay>),
    /// A report that is read again.
    ReportedAgain(Box<ReportAgain>),
}

/// A report that is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAgain {
    /// As it is read now.
    pub report: Report,
    /// What had become of it.
    pub before: ReportBefore,
    /// By which replay.
    pub replay: Arrival,
}

/// What had become of a report that is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportBefore {
    /// It was refused whole.
    Refused {
        /// How many rows it had.
        rows: u32,
        /// Whether it reads as it did then: what it is held against may be another.
        same: bool,
    },
    /// It was taken, whole or in part.
    Taken {
        /// As it was read then.
        report: Box<Report>,
        /// How many of its rows were not taken.
        rejected: u32,
        /// What is stored of it.
        own: Vec<StoredWord>,
        /// What its agency had said before it.
        earlier: Vec<StoredWord>,
        /// Whether it stays as it was read then, whatever it is now: what reading it again came to takes the place of no
        /// report. What was said before it may be another all the same.
        stays: bool,
    },
}

impl Row {
    /// The subject whose shard keeps it.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Row::Done(action) => &action.alert.subject,
            Row::Decided(decision) => &decision.subject,
            Row::Happened(event) => &event.log_source,
            Row::Reported(report) => &report.form,
            // One after the other: two at a time could read the same message.
            Row::Replayed(_) => OPERATOR,
            Row::ReportedAgain(again) => &again.report.form,
        }
    }

    /// When and where it arrived.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        match self {
            Row::Done(action) => action.arrival,
            Row::Decided(decision) => decision.arrival,
            Row::Happened(event) => event.arrival,
            Row::Reported(report) => report.arrival,
            Row::Replayed(replay) => replay.arrival,
            Row::ReportedAgain(again) => again.report.arrival,
        }
    }
}

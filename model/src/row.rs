//! What a decoded row is.
//!
//! Measured rows ([`Observation`](crate::observation::Observation)) are nearly all of them, and have a path of plain
//! columns to themselves. Rows of every other kind share one: whatever decodes, hands on, keeps and counts them treats
//! them alike, and a new kind is one more of these.

use serde::{Deserialize, Serialize};

use crate::{action::Action, event::Event, form::Report, held::Decision, position::Arrival};

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
        }
    }
}

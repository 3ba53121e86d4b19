//! Rows that would change what was closed and judged long ago, and what a person decides about them.
//!
//! A clock that slips by a year rewrites last year's days, closed, judged and reported, one value after the other, and
//! every single one looks like a correction. So such a row is held: it is stored, counted and shown as what it is, and
//! changes nothing until an operator says that it is meant. A decision is about the rows of one sender, series and local
//! day that are held when it is taken in; what comes later is held again.

use serde::{Deserialize, Serialize};

use crate::{calendar::LocalDay, name::Name, position::Arrival};

/// Where a held row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum HeldState {
    /// It waits for a person's word.
    Held = 0,
    /// It was judged like any other row, with the arrival it had.
    Accepted = 1,
    /// It became a reject.
    Refused = 2,
}

/// What an operator decides about the rows of one sender, series and local day that are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// Local day, by event time.
    pub day: LocalDay,
    /// Whose rows.
    pub of: Name,
    /// Whether they are meant.
    pub accepted: bool,
    /// By whom, as they say.
    pub user: Box<str>,
    /// In their words; may be empty.
    pub note: Box<str>,
    /// The feed the decision came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
}

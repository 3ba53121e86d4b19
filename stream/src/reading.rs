//! Readings: what indices, limits and rules look at.
//!
//! A keeper holds the rows of its kind and says what a window of them amounts to, when it closes and whenever it is
//! revised. What follows from readings knows no keeper: a mean of a sensor's points and a count of events are judged
//! alike.

use ioc_model::{
    limit::is_enough,
    name::Name,
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use crate::plan::TimeSpan;

/// What a window amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// Of what: an indicator.
    pub measure: Name,
    pub kind: WindowKind,
    pub span: TimeSpan,
    pub mean: Mean,
    /// What made it: closing, or a revision.
    pub closed_by: ClosedBy,
}

/// A mean and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mean {
    /// Mean of its good values; of nothing it is 0.
    pub mean: f64,
    /// Good values.
    pub count: u32,
    /// Values expected; 0 where that is not known.
    pub expected: u32,
}

impl Mean {
    /// The mean of what is there.
    pub(crate) fn some(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The mean if enough is there.
    pub(crate) fn valid(&self) -> Option<f64> {
        is_enough(u64::from(self.count), u64::from(self.expected)).then_some(self.mean)
    }
}

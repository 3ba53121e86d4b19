//! How long alerts wait, as a person reads it: until somebody takes them on, and until they are over.

use ioc_model::{
    rule::{AlertAbout, Priority},
    time::Now,
};
use serde::{Deserialize, Serialize};

/// Alerts of a rule that were raised in a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertTimesView {
    /// The rule.
    pub rule: String,
    /// What its alerts are about.
    pub about: AlertAbout,
    /// As the rule had it then.
    pub priority: Priority,
    /// How many were raised.
    pub raised: u64,
    /// How long it took until a person took one on; `open` are those that nobody has.
    pub to_acknowledge: TimeTaken,
    /// How long it took until one was over; `open` are those that are active.
    pub to_clear: TimeTaken,
}

/// How long something took, of those alerts of which it is known. An open one is not a fast one: it stands beside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeTaken {
    /// Of how many it is known.
    pub measured: u64,
    /// Of how many it has not come yet.
    pub open: u64,
    /// Since when the one of those waits that does so for the longest.
    pub open_since: Option<Now>,
    /// Mean. Milliseconds; none where nothing was measured.
    pub mean: Option<f64>,
    /// Median. Milliseconds.
    pub median: Option<f64>,
    /// The longest. Milliseconds.
    pub longest: Option<f64>,
}

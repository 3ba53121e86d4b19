//! Rows that an operator must decide about: they would change what was closed and judged long ago.

use ioc_model::time::{EventTime, ReceivedAt};
use serde::{Deserialize, Serialize};

/// The most groups that are listed, or decided about at once.
pub const GROUPS_MAX: u32 = 1_000;

/// What is held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldList {
    /// Rows, in all groups that were asked for.
    pub rows: u64,
    /// How many groups there are; not all of them may be listed.
    pub found: u64,
    /// The groups, those of which rows came last first.
    pub groups: Vec<HeldGroup>,
}

/// The held rows of one sender, series and local day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldGroup {
    /// Who sent them.
    pub sender: String,
    /// The feed they came by.
    pub feed: String,
    /// Subject.
    pub subject: String,
    /// Indicator.
    pub indicator: String,
    /// Local day of their event times: `2026-01-01`.
    pub day: String,
    /// How many rows.
    pub rows: u64,
    /// How many of them are at a moment that has another value.
    pub replacing: u64,
    /// Their mean, in the indicator's unit.
    pub mean: f64,
    /// The mean of the values in whose place they would be.
    pub stands: Option<f64>,
    /// The first event time.
    pub first: EventTime,
    /// The last event time.
    pub last: EventTime,
    /// When the last of them came.
    pub received_at: ReceivedAt,
    /// Where the last of them lies, as `log-partition-offset`: opens like any message.
    pub position: String,
}

/// Which held rows: those of all of what is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOf {
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Of which subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Of which indicator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<String>,
    /// Of which local day: `2026-01-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
}

/// What somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldVerdict {
    /// They are meant.
    Accept,
    /// They are not.
    Refuse,
}

/// A decision, as it is sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Decision")]
pub struct DecisionRequest {
    /// What is decided.
    pub decision: HeldVerdict,
    /// About which rows.
    pub of: HeldOf,
    /// About everything that is held, where nothing is chosen: a choice that got lost must not mean it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// By whom.
    pub user: String,
    /// In their words.
    #[serde(default)]
    pub note: String,
}

/// A decision that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionReceipt {
    /// How many rows it was about when it was taken.
    pub rows: u64,
    /// How many series and days.
    pub groups: u64,
    /// Where the decision lies, as `log-partition-offset`.
    pub position: String,
}

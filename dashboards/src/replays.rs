//! What is rejected and may be read again, and what was.

use ioc_model::{reject::RejectReason, time::ReceivedAt};
use serde::{Deserialize, Serialize};

/// How many replays are listed.
pub const REPLAYS_LISTED: u32 = 50;

/// What is rejected, by feed and reason, and what was read again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RejectsSummed {
    /// By feed and reason, the most open ones first.
    pub groups: Vec<RejectGroup>,
    /// The last replays, the newest first: at most [`REPLAYS_LISTED`].
    pub replays: Vec<ReplayView>,
}

/// What of a feed is rejected for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectGroup {
    /// The feed.
    pub feed: String,
    /// Why.
    pub reason: RejectReason,
    /// Rejects that are open: rows, and messages as a whole.
    pub open: u64,
    /// Messages that they are of.
    pub messages: u64,
    /// When the first of those messages arrived; none where none is open.
    pub first: Option<ReceivedAt>,
    /// And the last.
    pub last: Option<ReceivedAt>,
    /// Rejects of before whose messages were read again: they are none any more, or were said anew.
    pub replayed: u64,
}

/// A replay and what came of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayView {
    /// Where its order lies, as `log-partition-offset`.
    pub position: String,
    /// Which of the orders there.
    pub row: u32,
    /// Of which feed.
    pub feed: String,
    /// Rejected for that; none for anything.
    pub reason: Option<RejectReason>,
    /// Arrived then or later,
    pub from: ReceivedAt,
    /// and before that.
    pub to: ReceivedAt,
    /// Whether all was read.
    pub done: bool,
    /// How many messages were read; 0 before it is done.
    pub messages: u64,
    /// Messages that gave something else than before.
    pub changed: u64,
    /// Rows of those that were taken up.
    pub good: u64,
    /// Rows of those that were rejected before; 1 for the whole of one.
    pub before: u64,
    /// Rows of those that are rejected now; 1 for the whole of one.
    pub rejected: u64,
    /// Messages of which it cannot be told what they gave before: they are as they were.
    pub unclear: u64,
    /// Messages that neither the log nor the archive has.
    pub missing: u64,
    /// Who ordered it.
    pub user: String,
    /// In their words.
    pub note: String,
    /// When.
    pub received_at: ReceivedAt,
}

/// Which rejects: all of what is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectsOf {
    /// Of which feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// Rejected for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RejectReason>,
    /// Of messages that arrived then or later: a date of the pack's clock, or a time with a zone;
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// and before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An order to read rejects again, as it is sent here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Replay")]
pub struct ReplayRequest {
    /// Which.
    pub of: RejectsOf,
    /// All that is open, where nothing is chosen: a choice that got lost must not mean it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// By whom.
    pub user: String,
    /// In their words.
    #[serde(default)]
    pub note: String,
}

/// What is read again of one feed, as it is appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayOrder {
    /// The feed.
    pub feed: String,
    /// Rejected for that; none for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RejectReason>,
    /// Arrived then or later,
    pub from: ReceivedAt,
    /// and before that.
    pub until: ReceivedAt,
}

/// An order that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayReceipt {
    /// How many rejects were open when it was taken.
    pub rejects: u64,
    /// Of how many feeds.
    pub feeds: u64,
    /// Where the order lies, as `log-partition-offset`.
    pub position: String,
}

/// What would come of a replay now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayTrial {
    /// How many rejects are open.
    pub rejects: u64,
    /// Messages that were read.
    pub messages: u64,
    /// There are more: the figures are of the first ones.
    pub more: bool,
    /// Messages that would give something else than before.
    pub changed: u64,
    /// Rows of those that would be taken up.
    pub good: u64,
    /// Rows of those that were rejected before; 1 for the whole of one.
    pub before: u64,
    /// Rows of those that would be rejected; 1 for the whole of one.
    pub rejected: u64,
    /// Messages of which it cannot be told what they gave before.
    pub unclear: u64,
    /// Messages that neither the log nor the archive has.
    pub missing: u64,
}

//! What is rejected and may be read again, and what was.

use ioc_model::{
    observation::Quality,
    reject::RejectReason,
    text::Text,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

/// How many replays are listed.
pub const REPLAYS_LISTED: u32 = 50;

/// How many examples a trial tells.
pub const EXAMPLES: usize = 5;

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
    /// Whether what is stored is read again; else what is rejected.
    pub stored: bool,
    /// Rejected for that; none for anything.
    pub reason: Option<RejectReason>,
    /// Arrived then or later,
    pub from: ReceivedAt,
    /// and before that.
    pub to: ReceivedAt,
    /// Whether it ended: all was read, or `error` says why not.
    pub done: bool,
    /// How many messages were read; 0 before it is done.
    pub messages: u64,
    /// Why not all of them could be read, where it ended so.
    pub error: Option<String>,
    /// Messages that gave something else than before.
    pub changed: u64,
    /// Rows of those that were taken up.
    pub good: u64,
    /// Rows of those that were stored and have another value now.
    pub replaced: u64,
    /// Rows of those that were rejected before; 1 for the whole of one.
    pub before: u64,
    /// Rows of those that are rejected now; 1 for the whole of one.
    pub rejected: u64,
    /// Messages of which it cannot be told what they gave before, or that are about something else now: they are as they
    /// were.
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

/// Which rejects, or what of a feed is stored: all of what is left out.
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
    /// What is stored of a feed, of which `of` says which and from when on; else what is rejected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stored: bool,
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
    /// Whether what is stored is meant; else what is rejected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stored: bool,
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
    /// How many rows were stored of what it is about, where that is read again.
    pub rows: u64,
    /// Of how many feeds.
    pub feeds: u64,
    /// Where the order lies, as `log-partition-offset`.
    pub position: String,
}

/// What would come of a replay now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplayTrial {
    /// How many rejects are open.
    pub rejects: u64,
    /// How many rows are stored of what is asked about, where that would be read again.
    pub rows: u64,
    /// Messages that were read.
    pub messages: u64,
    /// There are more: the figures are of the first ones.
    pub more: bool,
    /// Of those that were read, reports that go to their keeper: what they are held against is known there alone, so what
    /// comes of them may be otherwise.
    pub reports: u64,
    /// Messages that would give something else than before.
    pub changed: u64,
    /// Rows of those that would be taken up.
    pub good: u64,
    /// Rows of those that are stored and would have another value.
    pub replaced: u64,
    /// Rows of those that were rejected before; 1 for the whole of one.
    pub before: u64,
    /// Rows of those that would be rejected; 1 for the whole of one.
    pub rejected: u64,
    /// Messages of which it cannot be told what they gave before, or that are about something else now: they would stay.
    pub unclear: u64,
    /// Messages that neither the log nor the archive has.
    pub missing: u64,
    /// The first rows that would have another value: at most [`EXAMPLES`].
    pub examples: Vec<ReplayExample>,
}

/// A row as it is stored, and as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayExample {
    /// Where its message lies, as `log-partition-offset`.
    pub position: String,
    /// Which row of it.
    pub row: u32,
    /// What was measured.
    pub indicator: String,
    /// Where.
    pub subject: String,
    /// When it was so.
    pub event_time: EventTime,
    /// What is stored.
    pub value_before: f64,
    /// Its worth.
    pub quality_before: Quality,
    /// What it would be.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
}

/// What of a feed is stored of messages that arrived in some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPeriod {
    /// How many rows.
    pub rows: u64,
    /// Why it cannot be read again; none where it can.
    pub refused: Option<Text>,
}

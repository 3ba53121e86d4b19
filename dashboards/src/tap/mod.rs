//! The tap: every message as it arrives, and what became of it.
//!
//! For an operator or the maker of a gateway who has a field engineer on the phone. A line comes when the flow's
//! judgement is committed, which is within a second of the arrival; what is not judged within seconds is told as it is and
//! told once more when it is. What nobody's feed took, what its sender may not send and what was turned away at the door
//! are told like the rest: they are what is looked for most.
//!
//! A tap costs the way of the data nothing: it reads the log where others read it, in portions and only when whoever
//! watches has room ([`follow`]). It has a place in each partition and no queue. Whoever reads too slowly is set forward
//! and told what was passed over (invariants BOUND, LOUD).
//!
//! What tells of persons is told by its place and length alone ([`said`]).

mod follow;
mod said;
mod sought;

use std::collections::BTreeMap;

use ioc_model::{
    reject::RejectReason,
    text::Text,
    time::{Now, ReceivedAt},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::follow::{Follower, Start};
pub use self::sought::{Outcome, Sought};
use crate::clients::NoticeView;

/// Rejects of a message that are told one by one; all are counted.
pub const REJECTS_TOLD: u8 = 3;

/// Something that is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// First of all.
    Hello(Hello),
    /// A message.
    Message(Box<Message>),
    /// Messages that were passed over.
    Missed(Missed),
    /// Somebody was turned away, or something else happened at the door.
    Door(NoticeView),
    /// At least every few seconds.
    Heartbeat(Heartbeat),
}

impl Line {
    /// The word of what it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Line::Hello(_) => "hello",
            Line::Message(_) => "message",
            Line::Missed(_) => "missed",
            Line::Door(_) => "door",
            Line::Heartbeat(_) => "heartbeat",
        }
    }
}

/// Where a tap begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The product's clock.
    pub now: Now,
    /// The time zone that people there read the clock in.
    pub timezone: String,
    /// What is told next of each partition, as `log-partition-offset`: with it a tap goes on where it was.
    pub next: Vec<String>,
}

/// How far a tap is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The product's clock.
    pub now: Now,
    /// As in [`Hello`].
    pub next: Vec<String>,
    /// Why nothing is told although something may have come; none where nothing is wrong.
    pub trouble: Option<String>,
}

/// Messages that were passed over: of any feed, so it is not known how many of them were sought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// How many.
    pub messages: u64,
    /// `slow`: whoever watches did not read as fast as they came; `released`: the log has let go of them.
    pub why: MissedBecause,
    /// From where on,
    pub from: String,
    /// and up to before where.
    pub to: String,
}

/// Why messages were passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedBecause {
    /// Whoever watches did not read as fast as they came.
    Slow,
    /// The log has let go of them.
    Released,
}

/// A message as it came, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Where it lies, as `log-partition-offset`.
    pub position: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// The feed it belongs to, or `unmatched`.
    pub feed: String,
    /// Who sent it; empty where that was not recorded.
    pub sender: String,
    /// The way it came, as the word of packs; none where no feed says so.
    pub transport: Option<String>,
    /// Topic, file name or path; empty where it may tell of a person. Secrets in it are replaced by `***`.
    pub address: String,
    /// How many bytes the address has.
    pub address_bytes: u64,
    /// The network address it came from; empty where there is none.
    pub peer: String,
    /// The media type its sender states; empty where it states none.
    pub content_type: String,
    /// `raw`, or `withheld` where a description stands for bytes that are not kept.
    pub content: String,
    /// How many bytes its sender sent.
    pub bytes: u64,
    /// What else is known of it beside its bytes, by word: `retained`, `will`, `forbidden`, `record`, ….
    pub attributes: BTreeMap<String, String>,
    /// Its feed tells of persons: nothing of its bytes is told.
    pub personal: bool,
    /// Everything that became of it; `pending` alone where it is not judged yet.
    pub became: Vec<Outcome>,
    /// It was told before, as `pending`.
    pub again: bool,
    /// Its rows; none where that is not known.
    pub rows: Option<u64>,
    /// Rows that were stored.
    pub stored: u64,
    /// Rows that were there already; none where that is not known.
    pub duplicate: Option<u64>,
    /// Rows that were rejected; 1 of a message that was rejected whole.
    pub rejected: u64,
    /// Rows that wait for the word of an operator.
    pub held: u64,
    /// Old rows that wait until their day is read back, and are judged then.
    pub waiting: u64,
    /// The first few rejects.
    pub rejects: Vec<Rejected>,
    /// The beginning of its bytes, where they were asked for and are UTF-8.
    pub payload: Option<String>,
    /// The same in base64, where they are not.
    pub payload_base64: Option<String>,
    /// The beginning is not all of it.
    pub cut: bool,
    /// Its bytes were asked for, and are not told: they say numbers of persons.
    pub kept_back: bool,
}

/// A reject of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Which row.
    pub row: u32,
    /// All of the message.
    pub whole: bool,
    /// Why, as the stable word.
    pub reason: RejectReason,
    /// Where in the message.
    pub place: String,
    /// Why, for a person.
    pub message: Text,
}

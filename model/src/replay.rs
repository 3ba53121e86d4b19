//! What is read again: messages that gave rejects, or wrong values, once their contract or mapping is mended.
//!
//! An operator says which rejects, or which period of a feed; what runs looks the messages up a portion at a time, takes
//! the originals to where they are decoded, and reads each as it was read before and as the pack of the epoch reads it.
//! What a reading gives that the one before did not goes its normal way, with the arrival it had; what was stored in
//! another value is replaced by it ([decision 38](../../docs/decisions/038-replay.md)).

use serde::{Deserialize, Serialize};

use crate::{
    attribute::{self, Attributes},
    envelope::{Content, Envelope},
    name::Name,
    observation::Quality,
    pack::PackVersion,
    position::{Arrival, Position},
    reject::RejectReason,
    time::{EventTime, ReceivedAt},
};

/// Which messages are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ReplayScope {
    /// Those of which something is rejected: what is good now is taken up.
    Rejects = 0,
    /// Those of which something measured is stored: what has another value now is replaced.
    Stored = 1,
}

/// What an operator wants read again: messages of one feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The feed they came by.
    pub of: Name,
    /// Which of them.
    pub scope: ReplayScope,
    /// Only those rejected for that; any where there is none.
    pub reason: Option<RejectReason>,
    /// Only those that arrived then or later,
    pub from: ReceivedAt,
    /// and before that.
    pub until: ReceivedAt,
    /// By whom, as they say.
    pub user: Box<str>,
    /// In their words; may be empty.
    pub note: Box<str>,
    /// The feed the order came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived: by this a replay is known.
    pub arrival: Arrival,
}

/// Which messages of a replay come next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplayPortion {
    /// By which replay.
    pub replay: Arrival,
    /// Of which feed.
    pub of: Name,
    /// Which of its messages.
    pub scope: ReplayScope,
    /// Rejected for that; for anything where there is none.
    pub reason: Option<RejectReason>,
    /// They come behind this one, which is when it arrived and where it lies; the first where there is none.
    pub after: Option<(ReceivedAt, Position)>,
}

/// A portion of a replay: messages by position, those of which something is stored in order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayedMessages {
    /// At most a portion of them.
    pub messages: Vec<ReplayedMessage>,
    /// Whether more follow.
    pub more: bool,
}

/// A message to be read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayedMessage {
    /// Where it lies.
    pub position: Position,
    /// When it reached us.
    pub received_at: ReceivedAt,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// How it was read the last time.
    pub before: ReadBefore,
    /// What came; none where neither the log nor the archive has it.
    pub original: Option<ReplayedOriginal>,
}

/// How a message was read the last time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadBefore {
    /// The pack it was read with; none where that is not known, or that pack was not kept.
    pub pack: Option<PackVersion>,
    /// The pack of when it arrived, where what it gave was stored in a later epoch: a row may have waited meanwhile.
    pub arrived_with: Option<PackVersion>,
    /// What of it is on record.
    pub on_record: OnRecord,
}

/// What is on record of a message that is read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OnRecord {
    /// It was rejected whole: nothing could be read.
    RejectedWhole,
    /// A report was refused whole, by its form.
    RefusedReport,
    /// These rows of it were rejected, in order: of very many the first, as they are kept.
    RejectedRows(Vec<u32>),
    /// These rows of it are stored, in order.
    Stored(Vec<StoredBefore>),
    /// Of its rows some are held, or were until a person decided: what a person said is not taken back.
    Decided,
}

/// A measured row of a message, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredBefore {
    /// Its number in the message.
    pub row: u32,
    /// What was measured.
    pub indicator: Name,
    /// Where.
    pub subject: Name,
    /// When it was so.
    pub event_time: EventTime,
    /// The value.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
}

/// The bytes of a message and what is known beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayedOriginal {
    /// Topic, file name or path.
    pub address: Box<str>,
    /// Whether the bytes are a description of what was withheld.
    pub withheld: bool,
    /// What is known of it, encoded; [valid](attribute::are_valid).
    pub attributes: Box<[u8]>,
    /// The bytes as they came.
    pub payload: Box<[u8]>,
}

impl ReplayedMessage {
    /// As it lay on the log; none where it is gone, or what is known of it cannot be read.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope<'_>> {
        let original = self.original.as_ref().filter(|it| attribute::are_valid(&it.attributes))?;
        Some(Envelope {
            position: self.position,
            feed: &self.feed,
            received_at: self.received_at,
            content: if original.withheld { Content::Withheld } else { Content::Raw },
            address: &original.address,
            attributes: Attributes::new(&[], &original.attributes),
            payload: &original.payload,
        })
    }
}

//! What arrives, read where it lies: behind the tap.
//!
//! Whoever watches has places in the log and no queue: messages are read when there is room to tell of them, in portions
//! (invariant BOUND). What became of a message is what the flow said and the store has; nothing is judged here.

use std::sync::Arc;

use axum::body::Bytes;
use ioc_model::{
    asker::Asker,
    envelope::{Content, Envelope},
    position::{LogNumber, Offset, Partition, Position},
    time::ReceivedAt,
};

use crate::{history::HistoryAnswer, rejects::RejectView, tap::Sought};

/// Reads what arrives. The binary answers it from the log, the flow and the store.
pub trait Arrivals: Send + Sync + std::fmt::Debug {
    /// The log that is written to now.
    fn log(&self) -> LogNumber;

    /// How far its partitions reach, by number.
    fn reach(&self) -> Vec<Reach>;

    /// Where the first chunk lies in each partition that was received then or later.
    fn since(&self, moment: ReceivedAt) -> HistoryAnswer<'_, Vec<Offset>>;

    /// A portion of what is sought of a partition in `[from, to)`.
    fn read<'a>(
        &'a self,
        asker: &'a Asker,
        of: Stretch,
        sought: &'a Arc<Sought>,
    ) -> HistoryAnswer<'a, Portion>;

    /// What became of messages of one partition, which are judged: one entry each, in their order.
    fn became<'a>(&'a self, asker: &'a Asker, messages: &'a [Arrived]) -> HistoryAnswer<'a, Vec<Became>>;
}

/// Shared arrivals.
pub type SharedArrivals = Arc<dyn Arrivals>;

/// How far a partition reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The oldest offset still there.
    pub start: Offset,
    /// Everything before is judged, and the judgement committed.
    pub judged: Offset,
    /// One behind the newest durable offset.
    pub end: Offset,
}

/// A stretch of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The partition.
    pub partition: Partition,
    /// From there on,
    pub from: Offset,
    /// and before that.
    pub to: Offset,
}

/// A portion of a stretch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portion {
    /// Where to go on reading.
    pub next: Offset,
    /// The log had let go of so many messages.
    pub released: u64,
    /// Those that are sought, in order.
    pub messages: Vec<Arrived>,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// Where it lies.
    pub position: Position,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// The feed it belongs to, or `unmatched`.
    pub feed: String,
    /// Topic, file name or path.
    pub address: String,
    /// What its bytes are.
    pub content: Content,
    /// What is known of it beside its bytes, by word.
    pub attributes: Vec<(String, String)>,
    /// How many bytes lie there.
    pub bytes: u64,
    /// The beginning of them, where they were asked for or stand for what is not kept.
    pub payload: Bytes,
}

impl Arrived {
    /// Of an envelope, with so many of its bytes.
    #[must_use]
    pub fn of(envelope: &Envelope<'_>, with_bytes: usize) -> Arrived {
        let Envelope { position, feed, received_at, content, address, attributes, payload } = *envelope;
        // What stands for bytes that are not kept says how many there were.
        let with_bytes = if content == Content::Withheld { payload.len() } else { with_bytes };
        Arrived {
            position,
            received_at,
            feed: feed.to_owned(),
            address: address.to_owned(),
            content,
            attributes: attributes.iter().map(|(word, text)| (word.to_string(), text.to_owned())).collect(),
            bytes: payload.len() as u64,
            payload: Bytes::copy_from_slice(&payload[..payload.len().min(with_bytes)]),
        }
    }

    /// One of its attributes; empty where it has none.
    #[must_use]
    pub fn attribute(&self, word: &str) -> &str {
        self.attributes.iter().find(|(known, _)| known == word).map_or("", |(_, text)| text)
    }
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Became {
    /// Its rows; none where that is not remembered.
    pub rows: Option<u64>,
    /// Rows that were stored.
    pub stored: u64,
    /// Rows that were there already; none where that is not remembered.
    pub duplicate: Option<u64>,
    /// Rows that were rejected.
    pub rejected: u64,
    /// All of it was rejected.
    pub whole: bool,
    /// Rows that wait for the word of an operator.
    pub held: u64,
    /// Rows that wait until the store says what is there already.
    pub waiting: u64,
    /// The first rejects of it.
    pub rejects: Vec<RejectView>,
}

//! Facts of what was read again.

use std::cmp::Ordering;

use crate::{
    fact::{Fact, Table},
    name::Name,
    position::Arrival,
    replay::Replay,
};

/// A row of the `replay` table: what an operator asked for, and once more when all of it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReplay {
    /// What was asked for.
    pub replay: Replay,
    /// How many messages were read, once all were; none before.
    pub done: Option<u64>,
    /// Why not all of them could be brought, where it ended so; empty where all were read.
    pub error: Box<str>,
}

impl Fact for StoredReplay {
    const TABLE: Table = Table { name: "replay", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.replay.arrival.received_at.0
    }

    fn size(&self) -> usize {
        self.replay.user.len() + self.replay.note.len() + self.error.len() + 128
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.replay.arrival.place(), row.done.is_some());
        key(self).cmp(&key(other))
    }
}

/// What came of a message that was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reread {
    /// It gave something else than before: what was rejected of it is said anew.
    Read = 0,
    /// What it gave before cannot be told any more, so nothing of it was taken.
    Unclear = 1,
    /// Neither the log nor the archive has it.
    Missing = 2,
    /// Of what was stored of it something has another value: that was replaced. Its rejects are as they were.
    Replaced = 3,
}

/// A row of the `replayed` table: a message that was read again and gave something else, or that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayedRow {
    /// What came of it.
    pub reread: Reread,
    /// Rows that were taken up now and had not been; of what was replaced, the rows that were.
    pub good: u32,
    /// Rows that were rejected before; 1 for the whole of it.
    pub before: u32,
    /// Rows that are rejected now; 1 for the whole of it.
    pub rejected: u32,
    /// By which replay: where its order lies.
    pub replay: Arrival,
    /// The feed the message came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived; the row is 0.
    pub arrival: Arrival,
}

impl Fact for ReplayedRow {
    const TABLE: Table = Table { name: "replayed", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.arrival.received_at.0
    }

    fn size(&self) -> usize {
        96
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }
}

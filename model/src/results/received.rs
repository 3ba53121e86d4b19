//! Facts of what came in: rows accepted and rejected, and how all of it was counted.

use std::{cmp::Ordering, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    counts::Counts,
    fact::{Fact, Ranks, Superseded, Table},
    name::Name,
    observation::Quality,
    position::Arrival,
    reject::Rejection,
    time::{EventTime, Now},
};

/// How a stored row stands to those of the same key that were there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RowStanding {
    /// The first of its key.
    First = 0,
    /// Another value with a later arrival: it is current now.
    Correction = 1,
    /// Another value with an earlier arrival than the current one, or the same value known earlier: kept, not
    /// current by itself.
    History = 2,
    /// Said before, with this arrival: it is current again, because the value that stood in its place turned out to be
    /// known since earlier, or was replaced.
    Restored = 3,
    /// Stored before, with this arrival, in another value or quality: its message was read again, and says this.
    Replaced = 4,
    /// What was reported: its message was read again, and says nothing of the cell any more. It is no word.
    Gone = 5,
}

impl RowStanding {
    /// All of them, in the order of their numbers.
    pub const ALL: [RowStanding; 6] = [
        RowStanding::First,
        RowStanding::Correction,
        RowStanding::History,
        RowStanding::Restored,
        RowStanding::Replaced,
        RowStanding::Gone,
    ];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RowStanding::First => "first",
            RowStanding::Correction => "correction",
            RowStanding::History => "history",
            RowStanding::Restored => "restored",
            RowStanding::Replaced => "replaced",
            RowStanding::Gone => "gone",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RowStanding> {
        RowStanding::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

/// A row of the `observation` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObservation {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// How it stands to earlier rows of its key.
    pub standing: RowStanding,
    /// Whether it is its key's value at the end of the epoch: one row of a key is.
    pub last_word: bool,
}

impl Fact for StoredObservation {
    const TABLE: Table = Table { name: "observation", time_column: "event_time" };

    fn time(&self) -> i64 {
        self.event_time.0
    }

    fn size(&self) -> usize {
        64
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.arrival.place().cmp(&other.arrival.place())
    }

    /// Both are by position, and many: they are merged.
    fn gather(rows: &mut Vec<Self>, more: Vec<Self>) {
        if rows.is_empty() {
            *rows = more;
            return;
        }
        let mut merged = Vec::with_capacity(rows.len() + more.len());
        let mut more = more.into_iter().peekable();
        for row in rows.drain(..) {
            while let Some(other) = more.next_if(|other| other.arrival.place() < row.arrival.place()) {
                merged.push(other);
            }
            merged.push(row);
        }
        merged.extend(more);
        *rows = merged;
    }

    fn arrange(_: &mut Vec<Self>, _: &mut Ranks) {}

    fn anew(&self) -> Option<Superseded> {
        (self.last_word && self.standing != RowStanding::First).then_some(Superseded {
            fact: Self::TABLE,
            measure: self.indicator,
            subject: self.subject,
            kind: "",
            time: self.event_time,
        })
    }
}

/// How many bytes of a reject are kept beside its reason.
pub const RAW_KEPT: usize = 4_096;

/// A row of the `reject` table.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectedRow {
    /// The feed the envelope came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When and where it arrived; the row is 0 for a whole envelope.
    pub arrival: Arrival,
    /// The whole envelope was rejected, not a row of it.
    pub whole: bool,
    /// The envelope's address.
    pub address: Arc<str>,
    /// Why, where, and in words. Neighbours that say the same share it.
    pub rejection: Arc<Rejection>,
    /// The row's or envelope's bytes, up to [`RAW_KEPT`]; all of them lie on the bus for as long as it keeps them.
    pub raw: Box<[u8]>,
    /// How many bytes there were.
    pub raw_length: u32,
}

impl Fact for RejectedRow {
    const TABLE: Table = Table { name: "reject", time_column: "received_at" };

    fn time(&self) -> i64 {
        self.arrival.received_at.0
    }

    fn size(&self) -> usize {
        let Rejection { place, message, .. } = &*self.rejection;
        self.raw.len() + self.address.len() + place.len() + message.vi.len() + message.en.len() + 64
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.arrival.place(), row.whole);
        key(self).cmp(&key(other))
    }
}

/// A row of the `feed_minute` table: what became of a feed's envelopes and rows in the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedMinute {
    /// Feed.
    pub feed: Name,
    /// The recorded clock of the epoch, cut to its minute.
    pub minute: Now,
    /// What became of them.
    pub counts: Counts,
}

impl FeedMinute {
    /// A feed's counts of an epoch with that clock.
    #[must_use]
    pub fn new(feed: Name, now: Now, counts: Counts) -> FeedMinute {
        const MINUTE: i64 = 60_000;
        FeedMinute { feed, minute: Now(now.0.div_euclid(MINUTE) * MINUTE), counts }
    }
}

impl Fact for FeedMinute {
    const TABLE: Table = Table { name: "feed_minute", time_column: "minute" };

    fn time(&self) -> i64 {
        self.minute.0
    }

    fn size(&self) -> usize {
        96
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.feed.cmp(&other.feed)
    }
}

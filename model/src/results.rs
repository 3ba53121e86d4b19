//! What an epoch made: the rows that leave the dataflow for the store and the boards.
//!
//! All lists are sorted, so that the same epoch gives the same bytes for any number of workers (invariant REPLAY):
//! observations and rejects by position and row, windows by indicator, subject, kind and start, counts by feed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    calendar::DayNumber,
    counts::Counts,
    epoch::{Epoch, Generation},
    observation::Quality,
    position::Arrival,
    reject::Rejection,
    time::{EventTime, Now},
    window::{Aggregate, ClosedBy, WindowKind},
};

/// Everything one epoch made.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochResults {
    /// The epoch; also the revision of all its windows.
    pub epoch: Epoch,
    /// The pass it belongs to.
    pub generation: Generation,
    /// The manifest's wall clock.
    pub now: Now,
    /// SHA-256 of the manifest's bytes.
    pub manifest_hash: [u8; 32],
    /// Accepted rows that were not duplicates.
    pub observations: Vec<StoredObservation>,
    /// New and revised windows.
    pub windows: Vec<WindowResult>,
    /// Rejected rows and envelopes.
    pub rejects: Vec<RejectedRow>,
    /// What became of each feed's envelopes and rows in this epoch.
    pub counts: Vec<(Arc<str>, Counts)>,
    /// Days whose stored rows must be read back before their late rows can be judged.
    pub recalls: Vec<RecallRequest>,
}

impl EpochResults {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.windows.is_empty()
            && self.rejects.is_empty()
            && self.counts.iter().all(|(_, counts)| counts.is_zero())
    }
}

/// How a stored row stands to those of the same key that were there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Standing {
    /// The first of its key.
    First = 0,
    /// Another value with a later arrival: it is current now.
    Correction = 1,
    /// Another value with an earlier arrival than the current one, or the same value known earlier: kept, not
    /// current by itself.
    History = 2,
}

impl Standing {
    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Standing::First => "first",
            Standing::Correction => "correction",
            Standing::History => "history",
        }
    }
}

/// A row of the `observation` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObservation {
    /// Indicator.
    pub indicator: Arc<str>,
    /// Subject.
    pub subject: Arc<str>,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// The feed it came by.
    pub feed: Arc<str>,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// How it stands to earlier rows of its key.
    pub standing: Standing,
}

/// A row of the `window` table. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowResult {
    /// Indicator.
    pub indicator: Arc<str>,
    /// Subject.
    pub subject: Arc<str>,
    /// Minute, hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Count, sum and extremes of its good values.
    pub aggregate: Aggregate,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected by the station's cadence; 0 where none is known.
    pub expected: u32,
    /// What made this result.
    pub closed_by: ClosedBy,
}

/// A row of the `reject` table.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectedRow {
    /// The feed the envelope came by.
    pub feed: Arc<str>,
    /// When and where it arrived; the row is 0 for a whole envelope.
    pub arrival: Arrival,
    /// The whole envelope was rejected, not a row of it.
    pub whole: bool,
    /// The envelope's address.
    pub address: Box<str>,
    /// Why, where, and in words.
    pub rejection: Rejection,
    /// The row's or envelope's bytes, up to [`RAW_KEPT`]; all of them lie on the bus for as long as it keeps them.
    pub raw: Box<[u8]>,
    /// How many bytes there were.
    pub raw_length: u32,
}

/// How many bytes of a reject are kept beside its reason.
pub const RAW_KEPT: usize = 4_096;

/// A day of a series whose rows are needed again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecallRequest {
    /// Indicator.
    pub indicator: Arc<str>,
    /// Subject.
    pub subject: Arc<str>,
    /// Local day.
    pub day: DayNumber,
    /// The epoch in which its first row began to wait. An answer to an older wait is no answer to this one.
    pub asked: Epoch,
}

/// A stored row read back for a [`RecallRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecalledRow {
    /// When it was so.
    pub event_time: EventTime,
    /// Its value.
    pub value: f64,
    /// Its worth.
    pub quality: Quality,
    /// When and where it arrived.
    pub arrival: Arrival,
}

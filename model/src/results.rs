//! What an epoch made: the rows that leave the dataflow for the store and the boards.
//!
//! All lists are sorted, so that the same epoch gives the same bytes for any number of workers (invariant REPLAY):
//! observations, actions and rejects by position and row, windows by indicator, subject, kind and start, indices by
//! index, subject, kind and start, assessments by limit, subject and start, statuses by subject, alerts by rule,
//! subject and what happened first, counts by feed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    counts::Counts,
    epoch::{Epoch, Generation},
    index::{IndexId, Indexed},
    limit::Averaging,
    name::Name,
    observation::Quality,
    position::Arrival,
    question::Question,
    reject::Rejection,
    rule::{AlertChange, AlertKey, Priority},
    status::StationStatus,
    time::{EventTime, Now},
    window::{Aggregate, ClosedBy, WindowKind},
};

/// Everything one epoch made.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// New and revised indices.
    pub indices: Vec<IndexResult>,
    /// New and revised judgements of means by limits.
    pub assessments: Vec<Assessment>,
    /// Stations whose state changed.
    pub statuses: Vec<StatusResult>,
    /// What happened to alerts, in order.
    pub alerts: Vec<AlertResult>,
    /// Operators' actions.
    pub actions: Vec<StoredAction>,
    /// Rejected rows and envelopes.
    pub rejects: Vec<RejectedRow>,
    /// What became of each feed's envelopes and rows in this epoch.
    pub counts: Vec<(Name, Counts)>,
    /// What the store must be asked before what waits for it can be judged.
    pub questions: Vec<Question>,
}

impl EpochResults {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.windows.is_empty()
            && self.indices.is_empty()
            && self.assessments.is_empty()
            && self.statuses.is_empty()
            && self.alerts.is_empty()
            && self.actions.is_empty()
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
    pub standing: Standing,
}

/// A row of the `window` table. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowResult {
    /// Indicator.
    pub indicator: Name,
    /// Subject.
    pub subject: Name,
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

/// A row of the `index_value` table. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexResult {
    /// Which index.
    pub index: IndexId,
    /// Station.
    pub subject: Name,
    /// Hour or day.
    pub kind: WindowKind,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Value, category and what went in.
    pub indexed: Indexed,
    /// What made this result.
    pub closed_by: ClosedBy,
}

/// How a mean stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Verdict {
    /// It keeps it.
    Kept = 0,
    /// It breaks it.
    Exceeded = 1,
    /// Fewer points than the 75 % rule asks for: nothing is said.
    Insufficient = 2,
}

impl Verdict {
    /// All of them, in the order of their numbers.
    pub const ALL: [Verdict; 3] = [Verdict::Kept, Verdict::Exceeded, Verdict::Insufficient];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::Exceeded => "exceeded",
            Verdict::Insufficient => "insufficient",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// A row of the `assessment` table: a mean held against the limit in force. Its revision is the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The limit.
    pub limit: Name,
    /// Indicator.
    pub indicator: Name,
    /// Station.
    pub subject: Name,
    /// Over what it is averaged.
    pub averaging: Averaging,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// The mean of what is there; none of nothing.
    pub value: Option<f64>,
    /// The lower limit, where there is one.
    pub low: Option<f64>,
    /// The upper limit, where there is one.
    pub high: Option<f64>,
    /// How it stands.
    pub verdict: Verdict,
    /// What went in: points of an hour or day, hours of eight, days of a year.
    pub count: u32,
    /// What was expected; 0 where that is not known.
    pub expected: u32,
}

/// A row of the `station_state` table: from this moment on.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusResult {
    /// Station.
    pub subject: Name,
    /// How it is.
    pub status: StationStatus,
    /// The recorded clock when that was found.
    pub since: Now,
    /// The newest event time of any of its indicators; none before the first.
    pub last_event: Option<EventTime>,
}

/// What an alert was raised, raised again or cleared by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The indicator's or index's word, or `status`.
    pub measure: Name,
    /// Over what it is averaged; none for a status.
    pub averaging: Option<Averaging>,
    /// The window's first moment, or since when the status holds.
    pub start: EventTime,
    /// The first moment behind the window, or when the status had lasted long enough.
    pub end: EventTime,
    /// The value; none for a status.
    pub value: Option<f64>,
    /// What it was held against; none for a status.
    pub threshold: Option<f64>,
    /// The status, where it is one.
    pub status: Option<StationStatus>,
}

/// A row of the `alert` table: an alert after something happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertResult {
    /// Which alert.
    pub key: AlertKey,
    /// What happened.
    pub change: AlertChange,
    /// As the rule had it then.
    pub priority: Priority,
    /// Whether its condition holds.
    pub active: bool,
    /// Whether somebody took it on.
    pub acknowledged: bool,
    /// How often it became active.
    pub occurrences: u32,
    /// The recorded clock.
    pub at: Now,
    /// What made it so; none for an acknowledgement.
    pub evidence: Option<Evidence>,
    /// By whom; empty where nobody was.
    pub user: Box<str>,
    /// In their words.
    pub note: Box<str>,
}

/// A row of the `action` table.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAction {
    /// Which alert.
    pub alert: AlertKey,
    /// By whom.
    pub user: Box<str>,
    /// In their words.
    pub note: Box<str>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
    /// Whether it changed the alert: the first acknowledgement does.
    pub effective: bool,
}

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

/// How many bytes of a reject are kept beside its reason.
pub const RAW_KEPT: usize = 4_096;

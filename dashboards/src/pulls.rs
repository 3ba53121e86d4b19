//! How far the sources are that are asked instead of sending: databases and interfaces of agencies. The answer of
//! `/api/pulls`, for who gives it and for who asks.

use std::sync::Arc;

use ioc_model::{asker::Asker, rule::Priority, text::Text, time::Now};
use serde::{Deserialize, Serialize};

/// Knows the pulls. The binary answers it from the ways in.
pub trait Pulls: Send + Sync + std::fmt::Debug {
    /// How far they are now.
    fn list(&self) -> PullList;
}

/// Shared knowledge of pulls.
pub type SharedPulls = Arc<dyn Pulls>;

/// How far all of them are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullList {
    /// When that was so, by the clock that the moments are of: sources live on it, also beside a demo.
    pub now: Now,
    /// Each of them, by feed.
    pub pulls: Vec<PullView>,
}

/// How far one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullView {
    /// Its feed.
    pub feed: String,
    /// `sql`, `http_pull`, `ftp_pull` or `kafka`.
    pub transport: String,
    /// Where it is, without a secret.
    pub address: String,
    /// Between two turns. Milliseconds.
    pub every: i64,
    /// When it was asked last; none if it was not yet.
    pub asked: Option<Now>,
    /// When the last pass that came to its end began: what was there then was read. None before the first one since the
    /// start.
    pub passed: Option<Now>,
    /// When it is asked next; none while it is read.
    pub next: Option<Now>,
    /// How far it was read, as the source says it; empty at the beginning.
    pub place: String,
    /// Why it does not answer as it should; none while it does.
    pub failing: Option<FailingView>,
    /// Envelopes since the start.
    pub envelopes: u64,
    /// Rows since the start that appeared behind the place that had been read.
    pub late: u64,
    /// What the last comparison of whole periods found; none before the first one since the start.
    pub compared: Option<ComparedView>,
    /// What is not guaranteed: `unguarded`, `late_rows`, `not_compared`, `removals`, `empty_periods`, `future`,
    /// `unverified`, `unsettled`, `repeats`, `files_left`, `unidentified`.
    pub limits: Vec<String>,
}

/// Why a source does not answer as it should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingView {
    /// Since when.
    pub since: Now,
    /// How often it was tried.
    pub times: u64,
    /// What it said last.
    pub error: Text,
    /// It does not heal by itself.
    pub fault: bool,
    /// How urgent that is.
    pub priority: Priority,
}

/// What a comparison of whole periods found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedView {
    /// When it ended.
    pub at: Now,
    /// Periods that were read whole.
    pub periods: u32,
    /// Those of them that were read for the first time since the start: with nothing to be held against.
    pub first: u32,
    /// Those of them that say something else than when they were last read whole.
    pub changed: u32,
    /// Periods that were read since the start, and of which nothing is there any more.
    pub gone: u32,
    /// Periods that could not be read whole,
    pub given_up: u32,
    /// and how urgent that is; none where there are none.
    pub priority: Option<Priority>,
}

impl PullList {
    /// What of it somebody sees: all or nothing, for a place in a source is of no place on the map.
    #[must_use]
    pub(crate) fn seen_by(mut self, asker: &Asker) -> PullList {
        if !asker.sees_everything() {
            self.pulls.clear();
        }
        self
    }
}

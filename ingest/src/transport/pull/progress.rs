//! How far sources are that are asked: what an operator looks at, and what is measured.
//!
//! A pull is silent where it works and where it does not: nobody knocks at a door. So each says when it was asked, what
//! it read to its end, what it waits for, why it fails and what it cannot see. Moments are those of the machine's clock,
//! which sources live on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ioc_bus::clock::Clock;
use ioc_model::time::Now;

use super::{CannotFetch, PullCounters};

/// All sources that are asked. One for a process.
#[derive(Debug, Default)]
pub struct Pulls(Mutex<BTreeMap<String, Arc<Progress>>>);

/// How far one is.
#[derive(Debug)]
pub struct Progress {
    counters: Arc<PullCounters>,
    state: Mutex<PullState>,
}

/// How far one is, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullState {
    /// The transport's word.
    pub transport: &'static str,
    /// Where it is, without a secret.
    pub address: String,
    /// Between two turns.
    pub every: Duration,
    /// When it was asked last; none if it was not yet.
    pub asked: Option<Now>,
    /// When the last pass that came to its end began: what was there then was read. None before the first one.
    pub passed: Option<Now>,
    /// When it is asked next; none while it is read.
    pub next: Option<Now>,
    /// How far it was read, in the source's own words; empty at the beginning.
    pub place: String,
    /// Why it does not answer as it should; none while it does.
    pub failing: Option<Failing>,
    /// Envelopes on the log since the process started.
    pub envelopes: u64,
    /// Rows that appeared behind the place that had been read.
    pub late: u64,
    /// What the last comparison of whole periods found; none before the first one.
    pub compared: Option<Compared>,
    /// What is not guaranteed.
    pub limits: BTreeSet<Limit>,
}

/// Why a source does not answer as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: Now,
    /// How often it was tried.
    pub times: u64,
    /// The last time.
    pub error: CannotFetch,
}

/// What a comparison of whole periods found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
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
    /// Periods that could not be read whole.
    pub given_up: u32,
}

/// What a pull cannot see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Rows of transactions that commit behind what was read: the account may not see which are open.
    Unguarded,
    /// Rows that appear behind the place by more than its overlap: an interface tells of no transactions.
    LateRows,
    /// What is removed, or changed without its moment: nothing is compared.
    NotCompared,
    /// What is removed: single records are compared, and none of them says that another is gone.
    Removals,
    /// A period of which everything is gone is told, and not taken back.
    EmptyPeriods,
    /// Rows whose moment lies more than a day ahead: each says nothing of when it changed, and is read again at each turn.
    Future,
    /// Records that moved from page to page while they were read.
    Unverified,
    /// The listing did not hold still: what there was is taken, and the place stays.
    Unsettled,
    /// That what says the same is left out: more is read again than is remembered.
    Repeats,
    /// Files or folders that the server does not give now: they are asked for again.
    FilesLeft,
    /// A topic that is deleted and made anew is told from the one before by its shorter length alone: the brokers give no
    /// identities of topics.
    Unidentified,
}

impl Limit {
    /// The word used in APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Limit::Unguarded => "unguarded",
            Limit::LateRows => "late_rows",
            Limit::NotCompared => "not_compared",
            Limit::Removals => "removals",
            Limit::EmptyPeriods => "empty_periods",
            Limit::Future => "future",
            Limit::Unverified => "unverified",
            Limit::Unsettled => "unsettled",
            Limit::Repeats => "repeats",
            Limit::FilesLeft => "files_left",
            Limit::Unidentified => "unidentified",
        }
    }
}

impl Pulls {
    /// One more.
    pub(crate) fn add(&self, feed: &str, progress: Arc<Progress>) {
        let _before = locked(&self.0).insert(feed.to_owned(), progress);
    }

    /// How far all of them are, by feed.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, PullState> {
        locked(&self.0).iter().map(|(feed, progress)| (feed.clone(), progress.state())).collect()
    }
}

impl Progress {
    /// Of a source that was not asked yet.
    #[must_use]
    pub fn new(
        transport: &'static str,
        address: &str,
        every: Duration,
        limits: impl IntoIterator<Item = Limit>,
        counters: Arc<PullCounters>,
    ) -> Progress {
        let state = PullState {
            transport,
            address: address.to_owned(),
            every,
            asked: None,
            passed: None,
            next: None,
            place: String::new(),
            failing: None,
            envelopes: 0,
            late: 0,
            compared: None,
            limits: limits.into_iter().collect(),
        };
        Progress { counters, state: Mutex::new(state) }
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> PullState {
        let mut state = locked(&self.state).clone();
        state.envelopes = self.counters.envelopes.get();
        state.late = self.counters.late.get();
        state
    }

    /// What is counted of it.
    #[must_use]
    pub fn counters(&self) -> &Arc<PullCounters> {
        &self.counters
    }

    /// It is asked.
    pub(crate) fn asks(&self) {
        self.counters.asked.one();
        let mut state = locked(&self.state);
        state.asked = Some(now());
        state.next = None;
    }

    /// What it answered is durable. `passed` is when the pass began that ended with it.
    pub(crate) fn answered(&self, place: String, passed: Option<Now>) {
        self.counters.away.set(0);
        self.counters.refused.set(0);
        let mut state = locked(&self.state);
        state.failing = None;
        state.place = place;
        if let Some(passed) = passed {
            state.passed = Some(passed);
            self.counters.passed_at.set(u64::try_from(passed.0 / 1_000).unwrap_or_default());
        }
    }

    /// It did not answer as it should.
    pub(crate) fn failed(&self, error: &CannotFetch) {
        self.counters.failed.one();
        self.counters.away.set(1);
        self.counters.refused.set(u64::from(error.is_fault));
        let mut state = locked(&self.state);
        let (since, times) = state.failing.as_ref().map_or((now(), 0), |before| (before.since, before.times));
        state.failing = Some(Failing { since, times: times + 1, error: error.clone() });
    }

    /// It is asked again after so long.
    pub(crate) fn waits(&self, pause: Duration) {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        locked(&self.state).next = Some(Now(now().0.saturating_add(pause)));
    }

    /// So many rows appeared behind the place that had been read.
    pub(crate) fn late(&self, rows: u64) {
        self.counters.late.add(rows);
    }

    /// A comparison came to its end.
    pub(crate) fn compared(&self, found: Compared) {
        locked(&self.state).compared = Some(Compared { at: now(), ..found });
    }

    /// Whether something is not guaranteed now.
    pub(crate) fn limited(&self, limit: Limit, is_so: bool) {
        let mut state = locked(&self.state);
        let _changed = match is_so {
            true => state.limits.insert(limit),
            false => state.limits.remove(&limit),
        };
    }
}

/// On the machine's clock: sources live on it, also beside a demo.
pub(crate) fn now() -> Now {
    Clock::Machine.now()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_a_source_that_fails_says_since_when_and_why_and_keeps_what_it_read_to() {
        let progress = Progress::new(
            "sql",
            "postgres://db/x",
            Duration::from_secs(1),
            [Limit::NotCompared],
            Arc::default(),
        );
        progress.asks();
        progress.answered("id 7".to_owned(), Some(Now(5_000)));
        progress.late(3);
        progress.failed(&CannotFetch::said("nobody there"));
        progress.failed(&CannotFetch::fault("sai mật khẩu", "wrong password"));
        progress.waits(Duration::from_secs(60));
        progress.limited(Limit::Unsettled, true);
        let state = progress.state();
        let failing = state.failing.as_ref().unwrap();
        assert_eq!((failing.times, failing.error.vi.as_str()), (2, "sai mật khẩu"));
        assert_eq!((state.passed, state.place.as_str(), state.late), (Some(Now(5_000)), "id 7", 3));
        assert_eq!(state.limits.len(), 2);
        let counts = progress.counters().snapshot();
        assert_eq!((counts.away, counts.refused, counts.failed, counts.passed_at), (1, 1, 2, 5));
        progress.answered("id 8".to_owned(), None);
        assert_eq!((progress.state().failing, progress.state().passed), (None, Some(Now(5_000))));
        assert_eq!(progress.counters().snapshot().away, 0);
    }
}

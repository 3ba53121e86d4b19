//! Whole periods that are held against what they said before: when it is time for that, what was found, and what is given
//! up.
//!
//! A comparison goes on between two passes, and must not keep the next one from what is new. So a period that cannot be
//! asked for is tried three times, or once where an operator must mend it, and given up until the next comparison. Where
//! the one behind it cannot be asked for either, nothing more of the comparison is (invariant BOUND). What is given up is
//! counted and told.
//!
//! A period that says what it said when it was last read whole is not handed over, unless something new of it was handed
//! over since (invariant ONCE): a row that was added behind one comparison and removed before the next one left the period
//! as it was, and what is known of it with that row.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ioc_model::time::Millis;

use super::{CannotFetch, Compared, Progress, Schedule, memory::Hash, progress::now};

/// So often in a row a period is asked for.
const MOST_TRIES: u32 = 3;

/// What a period said when it was last read whole.
#[derive(Clone, Copy, Debug)]
struct Said {
    hash: Hash,
    /// Nothing of it was handed over since.
    is_last_word: bool,
}

/// The comparisons of one source.
#[derive(Debug)]
pub(crate) struct Comparisons {
    feed: String,
    schedule: Option<Schedule>,
    /// What periods said when they were last read whole. Some rows are of none.
    said: BTreeMap<Option<String>, Said>,
    /// Those that the one under way came by.
    seen: BTreeSet<Option<String>>,
    /// What it found.
    found: Compared,
    /// How often in a row the period under way could not be asked for.
    failures: u32,
    /// The period before was given up because it could not be asked for.
    is_failing: bool,
    progress: Arc<Progress>,
}

impl Comparisons {
    /// Of a feed; none are due where `every` is none.
    pub(crate) fn new(feed: &str, every: Option<Millis>, progress: Arc<Progress>) -> Comparisons {
        let schedule =
            every.map(|every| Schedule::every(Duration::from_millis(every.0.unsigned_abs()), feed));
        Comparisons {
            feed: feed.to_owned(),
            schedule,
            said: BTreeMap::new(),
            seen: BTreeSet::new(),
            found: Compared::default(),
            failures: 0,
            is_failing: false,
            progress,
        }
    }

    /// Whose turn it is, if it is another one than that of the last comparison.
    pub(crate) fn due(&self, compared: Option<u64>) -> Option<u64> {
        let turn = self.schedule?.turn(u64::try_from(now().0).unwrap_or_default());
        (compared != Some(turn)).then_some(turn)
    }

    /// A period was read whole. Whether it is to be handed over: it says something else than before, or something of it was
    /// handed over since.
    pub(crate) fn says_new(&mut self, period: Option<String>, hash: Hash) -> bool {
        let _first = self.seen.insert(period.clone());
        let before = self.said.insert(period, Said { hash, is_last_word: true });
        self.found.first += u32::from(before.is_none());
        self.was_read(before.is_some_and(|before| before.hash != hash));
        before.is_none_or(|before| before.hash != hash || !before.is_last_word)
    }

    /// A period is asked for by name, and nothing of it is there. What is known of it stays known: no row says of what it is.
    pub(crate) fn is_empty(&mut self, period: &str) {
        self.was_read(false);
        self.is_gone(&Some(period.to_owned()));
    }

    fn is_gone(&mut self, period: &Option<String>) {
        let Some(said) = self.said.get_mut(period) else { return };
        said.is_last_word = false;
        self.found.gone += 1;
        let period = period.as_deref().unwrap_or_default();
        tracing::warn!(
            feed = self.feed,
            period,
            "nothing of the period is there any more: what is known of it stays"
        );
    }

    /// Something new of a period was handed over otherwise: what it says next is compared with nothing, and handed over.
    pub(crate) fn forget(&mut self, period: &Option<String>) {
        match self.said.get_mut(period) {
            Some(said) => said.is_last_word = false,
            // It may be one that is known, written otherwise: databases hold texts equal that are not the same.
            None => self.forget_all(),
        }
    }

    /// Of which periods, nobody can tell.
    pub(crate) fn forget_all(&mut self) {
        self.said.values_mut().for_each(|said| said.is_last_word = false);
    }

    /// A period was read whole, of which what is new is known otherwise.
    pub(crate) fn was_read(&mut self, is_new: bool) {
        (self.failures, self.is_failing) = (0, false);
        self.progress.counters().compared.one();
        self.found.periods += 1;
        self.found.changed += u32::from(is_new);
    }

    /// A period was answered, and cannot be read whole.
    pub(crate) fn gives_up(&mut self, period: &str, why: &str) {
        (self.failures, self.is_failing) = (0, false);
        self.passes_by(period);
        self.counts_out(1);
        tracing::error!(feed = self.feed, period, "the period cannot be compared: {why}");
    }

    /// A period could not be asked for; behind it, so many are left. Whether nothing more is asked for.
    ///
    /// # Errors
    /// If it is to be asked for again.
    pub(crate) fn fails(
        &mut self,
        period: &str,
        left: usize,
        error: CannotFetch,
    ) -> Result<bool, CannotFetch> {
        self.failures += 1;
        if !error.is_fault && self.failures < MOST_TRIES {
            return Err(error);
        }
        self.failures = 0;
        self.passes_by(period);
        self.counts_out(1);
        tracing::error!(feed = self.feed, period, %error, "the period cannot be asked for: given up until the next comparison");
        if !std::mem::replace(&mut self.is_failing, true) {
            return Ok(false);
        }
        self.counts_out(left);
        tracing::error!(feed = self.feed, left, "nothing more is compared until the next comparison");
        Ok(true)
    }

    fn counts_out(&mut self, periods: usize) {
        self.found.given_up += u32::try_from(periods).unwrap_or(u32::MAX);
        self.progress.counters().given_up.add(periods as u64);
    }

    /// It is there, whatever it says.
    fn passes_by(&mut self, period: &str) {
        let none = period.is_empty().then_some(None);
        self.seen.extend(none.into_iter().chain([Some(period.to_owned())]));
    }

    /// It came to its end. `is_all`: it came by all periods there are, and the source has no other.
    pub(crate) fn ended(&mut self, is_all: bool) {
        (self.failures, self.is_failing) = (0, false);
        let seen = std::mem::take(&mut self.seen);
        if is_all {
            let gone: Vec<Option<String>> =
                self.said.keys().filter(|period| !seen.contains(*period)).cloned().collect();
            gone.iter().for_each(|period| self.is_gone(period));
        }
        self.progress.compared(std::mem::take(&mut self.found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparisons() -> (Comparisons, Arc<Progress>) {
        let every = Duration::from_secs(1);
        let progress = Arc::new(Progress::new("sql", "", every, [], Arc::default()));
        (Comparisons::new("dossiers", Some(Millis(1_000)), progress.clone()), progress)
    }

    fn found(progress: &Progress) -> (u32, u32, u32) {
        let Compared { periods, changed, given_up, .. } = progress.state().compared.unwrap();
        (periods, changed, given_up)
    }

    #[test]
    fn bound_a_period_that_cannot_be_asked_for_is_given_up_and_so_is_the_rest_behind_two() {
        let (mut comparisons, progress) = comparisons();
        let slow = || CannotFetch::said("no answer within 120 s");
        let refused = || CannotFetch::fault("403", "403");
        // One period fails: the next one is asked for.
        assert!(comparisons.fails("2026-08", 2, slow()).is_err());
        assert!(comparisons.fails("2026-08", 2, slow()).is_err());
        assert_eq!(comparisons.fails("2026-08", 2, slow()), Ok(false));
        assert!(comparisons.says_new(Some("2026-09".to_owned()), [1; 16]));
        // What an operator must mend is not tried again and again.
        assert_eq!(comparisons.fails("2026-10", 0, refused()), Ok(false));
        comparisons.ended(false);
        assert_eq!(found(&progress), (1, 0, 2));
        // Two in a row: the source answers none.
        assert_eq!(comparisons.fails("2026-08", 5, refused()), Ok(false));
        assert!(comparisons.fails("2026-09", 4, slow()).is_err());
        assert!(comparisons.fails("2026-09", 4, slow()).is_err());
        assert_eq!(comparisons.fails("2026-09", 4, slow()), Ok(true));
        comparisons.ended(false);
        assert_eq!(found(&progress), (0, 0, 6));
        let counts = progress.counters().snapshot();
        assert_eq!((counts.compared, counts.given_up), (1, 8));
    }

    #[test]
    fn once_a_period_of_which_something_was_handed_over_since_is_handed_over_whole() {
        let (mut comparisons, _) = comparisons();
        let october = || Some("2026-10".to_owned());
        let says_new = |comparisons: &mut Comparisons| {
            [october(), None].map(|period| comparisons.says_new(period, [1; 16]))
        };
        assert_eq!(says_new(&mut comparisons), [true, true]);
        assert_eq!(says_new(&mut comparisons), [false, false]);
        comparisons.forget(&october());
        comparisons.forget(&october());
        assert_eq!(says_new(&mut comparisons), [true, false]);
        comparisons.forget(&Some("2026-10 ".to_owned()));
        assert_eq!(says_new(&mut comparisons), [true, true]);
        comparisons.forget_all();
        assert_eq!(says_new(&mut comparisons), [true, true]);
    }

    #[test]
    fn only_periods_that_were_read_whole_are_counted_as_read() {
        let (mut comparisons, progress) = comparisons();
        assert!(comparisons.says_new(None, [1; 16]));
        assert!(!comparisons.says_new(None, [1; 16]));
        comparisons.was_read(true);
        comparisons.gives_up("2026-10", "it is too large");
        comparisons.ended(false);
        assert_eq!(found(&progress), (3, 1, 1));
    }

    #[test]
    fn a_period_that_is_not_there_any_more_is_told_each_time_and_handed_over_when_it_is_back() {
        let (mut comparisons, progress) = comparisons();
        let found =
            || progress.state().compared.map(|found| (found.periods, found.first, found.changed, found.gone));
        let compares = |comparisons: &mut Comparisons, periods: &[&str], is_all: bool| {
            let new = periods.iter().map(|&period| comparisons.says_new(Some(period.to_owned()), [1; 16]));
            let new: Vec<bool> = new.collect();
            comparisons.ended(is_all);
            new
        };
        assert_eq!(compares(&mut comparisons, &["2026-09", "2026-10"], true), [true, true]);
        assert_eq!(found(), Some((2, 2, 0, 0)));
        for _ in 0..2 {
            assert_eq!(compares(&mut comparisons, &["2026-10"], true), [false]);
            assert_eq!(found(), Some((1, 0, 0, 1)));
        }
        // One that broke off says nothing of the rest.
        assert!(compares(&mut comparisons, &[], false).is_empty());
        assert_eq!(found(), Some((0, 0, 0, 0)));
        // One that cannot be read is there.
        comparisons.gives_up("2026-09", "it is too large");
        assert_eq!(compares(&mut comparisons, &["2026-10"], true), [false]);
        assert_eq!(found(), Some((1, 0, 0, 0)));
        assert_eq!(compares(&mut comparisons, &["2026-09", "2026-10"], true), [true, false]);
        comparisons.is_empty("2026-09");
        comparisons.is_empty("2026-08");
        comparisons.ended(false);
        assert_eq!(found(), Some((2, 0, 0, 1)), "of one that never was nothing is gone");
    }
}

//! Files that could not be fetched: each is tried again, less and less often, and keeps no other behind it.

use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

/// The longest pause before one is tried again.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// So many are remembered: others are tried again at each turn.
const MOST: usize = 10_000;

/// Those that could not, by path.
#[derive(Debug)]
pub(super) struct Failing {
    first: Duration,
    files: FxHashMap<String, Failed>,
}

#[derive(Clone, Copy, Debug)]
struct Failed {
    times: u32,
    until: Instant,
}

impl Failing {
    /// None yet; behind its first failure one is left for so long.
    pub(super) fn new(first: Duration) -> Failing {
        Failing { first, files: FxHashMap::default() }
    }

    /// Whether it is left alone now.
    pub(super) fn is_left(&self, path: &str, now: Instant) -> bool {
        self.files.get(path).is_some_and(|failed| now < failed.until)
    }

    /// It could not be fetched. Whether that is new.
    pub(super) fn fails(&mut self, path: &str, now: Instant) -> bool {
        let times = self.files.get(path).map_or(0, |failed| failed.times);
        if times == 0 && self.files.len() >= MOST {
            return true;
        }
        let pause = self.first.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST);
        let _before = self.files.insert(path.to_owned(), Failed { times: times + 1, until: now + pause });
        times == 0
    }

    /// It was fetched.
    pub(super) fn heals(&mut self, path: &str) {
        let _was = self.files.remove(path);
    }

    /// Only those are still there.
    pub(super) fn keeps(&mut self, is_there: impl Fn(&str) -> bool) {
        self.files.retain(|path, _| is_there(path));
    }

    pub(super) fn count(&self) -> usize {
        self.files.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_a_file_that_fails_is_tried_less_and_less_often() {
        let mut failing = Failing::new(Duration::from_secs(60));
        let start = Instant::now();
        let mut now = start;
        let mut tries = 0;
        while now < start + Duration::from_secs(24 * 3_600) {
            if !failing.is_left("a", now) {
                assert_eq!(failing.fails("a", now), tries == 0);
                tries += 1;
            }
            now += Duration::from_secs(60);
        }
        assert!((20..40).contains(&tries), "{tries}");
        assert!(!failing.is_left("b", now));
        failing.heals("a");
        assert_eq!(failing.count(), 0);
    }
}

//! When to try again what failed: soon, then less and less often, and never all at once.
//!
//! A source that is away must not be asked in a loop, and a hundred installations that lost it in the same moment must
//! not come back in the same moment: every pause is longer than the one before, up to a bound, and a random part is
//! added. A source that answers and breaks off again and again is no better than one that is away, so the pauses begin
//! anew only behind an attempt that went well for a while. Neither time nor sleep is in here: what went by is told,
//! and the pause is waited by whoever asked.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How often a source may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The pause behind the first failure.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// What went well for so long has recovered.
    pub recovered_after: Duration,
}

/// The pauses between attempts at one source.
#[derive(Debug)]
pub struct BackOff {
    patience: Patience,
    seed: Option<u64>,
    pauses: ExponentialBackoff,
}

impl BackOff {
    /// Nothing has failed yet.
    #[must_use]
    pub fn new(patience: Patience) -> BackOff {
        BackOff { patience, seed: None, pauses: pauses(patience, None) }
    }

    #[cfg(test)]
    fn seeded(patience: Patience, seed: u64) -> BackOff {
        BackOff { patience, seed: Some(seed), pauses: pauses(patience, Some(seed)) }
    }

    /// How long to wait before the next attempt. `went_well` is for how long the last one did; zero if it never did.
    pub fn pause_after(&mut self, went_well: Duration) -> Duration {
        if went_well >= self.patience.recovered_after {
            self.pauses = pauses(self.patience, self.seed);
        }
        // The pauses never end; the longest one is what would follow if they did.
        self.pauses.next().unwrap_or(self.patience.longest).min(self.patience.longest)
    }
}

fn pauses(patience: Patience, seed: Option<u64>) -> ExponentialBackoff {
    // Up to as much again is added to each pause, and what is over the bound is cut: the bound starts at its half, or
    // all the longest pauses would be the same.
    let builder = ExponentialBuilder::new()
        .with_min_delay(patience.first.min(patience.longest / 2))
        .with_max_delay(patience.longest / 2)
        .without_max_times()
        .with_jitter();
    match seed {
        Some(seed) => builder.with_jitter_seed(seed).build(),
        None => builder.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(30),
        recovered_after: Duration::from_secs(10),
    };
    const AT_ONCE: Duration = Duration::ZERO;

    fn failures(seed: u64, count: usize) -> Vec<Duration> {
        let mut back_off = BackOff::seeded(PATIENCE, seed);
        (0..count).map(|_| back_off.pause_after(AT_ONCE)).collect()
    }

    #[test]
    fn bound_a_source_that_is_away_is_asked_less_and_less_and_never_in_a_loop() {
        for seed in 0..100 {
            let pauses = failures(seed, 50);
            for (number, pause) in pauses.iter().enumerate() {
                let least = (PATIENCE.first * 2_u32.pow(number.min(10) as u32)).min(PATIENCE.longest / 2);
                assert!((least..=PATIENCE.longest).contains(pause), "{seed}: {number} {pause:?}");
            }
            // Half an hour away is at most so many attempts.
            let half_hour = Duration::from_secs(1_800);
            let mut waited = Duration::ZERO;
            let attempts = failures(seed, 200).into_iter().take_while(|pause| {
                waited += *pause;
                waited < half_hour
            });
            assert!(attempts.count() <= 126);
        }
    }

    #[test]
    fn two_that_lost_it_in_the_same_moment_do_not_come_back_in_the_same_moment() {
        let (ours, theirs) = (failures(1, 20), failures(2, 20));
        assert!(ours.iter().zip(&theirs).all(|(ours, theirs)| ours != theirs));
    }

    #[test]
    fn only_what_went_well_for_a_while_has_recovered() {
        let mut back_off = BackOff::seeded(PATIENCE, 7);
        let first = back_off.pause_after(AT_ONCE);
        for _ in 0..10 {
            let _longer = back_off.pause_after(Duration::from_secs(9));
        }
        assert!(back_off.pause_after(Duration::from_secs(9)) >= PATIENCE.longest / 2);
        assert_eq!(back_off.pause_after(Duration::from_secs(10)), first);
    }
}

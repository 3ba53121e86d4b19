//! When a source is asked.
//!
//! Turns lie on a grid of the wall clock, so they are where they were after a restart, and what was missed is one turn,
//! not many. A source's grid is shifted by its feed's name: a hundred sources that are asked every five minutes are not
//! all asked in the same second.

use std::time::Duration;

/// A source's turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Milliseconds; at least one.
    every: u64,
    /// Where its grid lies, below `every`.
    shift: u64,
}

impl Schedule {
    /// Turns of a feed, so far apart.
    #[must_use]
    pub fn every(pause: Duration, feed: &str) -> Schedule {
        let every = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).max(1);
        // The same in every process and after every upgrade.
        let hash = crc32c::crc32c(feed.as_bytes());
        let shift = (u128::from(hash) * u128::from(every)) >> u32::BITS;
        Schedule { every, shift: u64::try_from(shift).unwrap_or_default() }
    }

    /// The number of the turn that a moment lies in, in milliseconds since 1970.
    #[must_use]
    pub fn turn(self, now: u64) -> u64 {
        (now + self.every - self.shift) / self.every
    }

    /// How long until the next turn behind a moment, in milliseconds since 1970.
    #[must_use]
    pub fn pause(self, now: u64) -> Duration {
        let into = (now % self.every + self.every - self.shift) % self.every;
        Duration::from_millis(self.every - into)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn turns_are_so_far_apart_and_never_at_once(
            every in 1_u64..100_000_000, now in 0_u64..4_000_000_000_000, feed in "[a-z-]{1,12}",
        ) {
            let schedule = Schedule::every(Duration::from_millis(every), &feed);
            let first = now + schedule.pause(now).as_millis() as u64;
            prop_assert!(first > now && first <= now + every);
            prop_assert_eq!(schedule.pause(first), Duration::from_millis(every));
            // Whoever asks in between waits for the same turn.
            let between = now + (first - now) / 2;
            prop_assert_eq!(between + schedule.pause(between).as_millis() as u64, first);
        }
    }

    #[test]
    fn bound_sources_with_the_same_pause_are_not_asked_in_the_same_second() {
        let every = Duration::from_secs(300);
        let turns = |second: u128| {
            let in_second = |feed: &u32| {
                Schedule::every(every, &format!("agency-{feed}")).pause(0).as_millis() / 1_000 == second
            };
            (0..100_u32).filter(in_second).count()
        };
        assert!((0..300).all(|second| turns(second) < 6));
    }
}

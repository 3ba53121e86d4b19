//! What wakes one that waits, whoever has news for it.
//!
//! A reader of the log waits for more than the log: for answers that are to be recorded, for the word to stop. Two
//! things to wait on would mean looking at each in turn, every so many milliseconds. So there is one, and everybody
//! rings it: the log when something became durable, others when they have changed what the reader looks at.
//!
//! No ring is missed: who waits notes how often the bell has rung, looks, and sleeps only if it has not rung since. A
//! bell says nothing but that it is worth looking; whoever looks must bear to find nothing new.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Waiting longer is waiting several times.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Rung by many, heard by all that wait.
#[derive(Debug, Default)]
pub struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    /// Wakes those that wait. To be called after the change they are to see.
    pub fn ring(&self) {
        *self.lock() += 1;
        self.rung.notify_all();
    }

    /// Blocks until something is so or the time is over, looking at first and then whenever it rings. True if it is so.
    pub fn wait_until(&self, timeout: Duration, mut is_so: impl FnMut() -> bool) -> bool {
        let deadline = Instant::now() + timeout.min(LONGEST_WAIT);
        loop {
            let heard = self.rings();
            if is_so() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.wait(heard, left);
        }
    }

    /// How often it has rung.
    pub(crate) fn rings(&self) -> u64 {
        *self.lock()
    }

    /// Waits until it has rung more often than that.
    pub(crate) fn wait(&self, heard: u64, timeout: Duration) {
        let rings = self.lock();
        // A waiter that is woken early looks again and comes back.
        let _ = self.rung.wait_timeout_while(rings, timeout, |rings| *rings == heard);
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    };

    use super::*;

    /// Only a ring that was missed takes that long.
    const FOR_EVER: Duration = Duration::from_secs(60);

    #[test]
    fn a_ring_between_looking_and_sleeping_is_not_missed() {
        let bell = Bell::default();
        let came = AtomicBool::new(false);
        let mut looks = 0;
        let heard = bell.wait_until(FOR_EVER, || {
            looks += 1;
            let seen = came.load(Ordering::SeqCst);
            // It comes right behind the look: whoever slept now would sleep for ever.
            came.store(true, Ordering::SeqCst);
            bell.ring();
            seen
        });
        assert!(heard);
        assert_eq!(looks, 2);
    }

    #[test]
    fn no_ring_is_missed_however_ringing_and_looking_fall_together() {
        const ROUNDS: u64 = 20_000;
        let bell = Bell::default();
        let (rung, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        let began = Instant::now();
        std::thread::scope(|scope| {
            let _waiter = scope.spawn(|| {
                for round in 1..=ROUNDS {
                    assert!(
                        bell.wait_until(FOR_EVER, || rung.load(Ordering::SeqCst) >= round),
                        "round {round}"
                    );
                    answered.store(round, Ordering::SeqCst);
                    bell.ring();
                }
            });
            for round in 1..=ROUNDS {
                rung.store(round, Ordering::SeqCst);
                bell.ring();
                assert!(
                    bell.wait_until(FOR_EVER, || answered.load(Ordering::SeqCst) >= round),
                    "answer {round}"
                );
            }
        });
        assert!(began.elapsed() < FOR_EVER, "some waits were ended by their time alone");
    }

    #[test]
    fn a_ring_wakes_all_that_wait_and_each_of_many_ringers_is_heard() {
        let bell = Bell::default();
        let (news, start) = (AtomicU64::new(0), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let _waiter = scope.spawn(|| {
                    let _ = start.wait();
                    assert!(bell.wait_until(FOR_EVER, || news.load(Ordering::SeqCst) == 4_000));
                });
                let _ringer = scope.spawn(|| {
                    let _ = start.wait();
                    for _ in 0..1_000 {
                        let _ = news.fetch_add(1, Ordering::SeqCst);
                        bell.ring();
                    }
                });
            }
        });
    }

    #[test]
    fn who_waits_in_vain_looks_no_more_than_at_first_and_at_last() {
        let bell = Bell::default();
        let mut looks = 0;
        let woken = bell.wait_until(Duration::from_millis(30), || {
            looks += 1;
            false
        });
        assert!(!woken);
        assert_eq!(looks, 2, "one that nobody rings for costs nothing");
    }
}

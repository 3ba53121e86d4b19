//! How often each host is asked, whoever asks it: feeds of one host share its turns, and what one of them is told counts
//! for all (invariant BOUND).
//!
//! So many requests a minute, evenly, and a handful at once behind a rest (the virtual scheduling of GCRA, ITU-T I.371). A
//! host that wants to be left alone (`Retry-After`) is, by all.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// So many requests go at once behind a rest.
const AT_ONCE: u32 = 5;

/// The hosts that are asked.
#[derive(Debug)]
pub(super) struct Hosts {
    /// Between two requests.
    apart: Duration,
    hosts: Mutex<HashMap<String, Turns>>,
}

#[derive(Debug)]
struct Turns {
    /// When the next request would be due if all were evenly apart.
    due: Instant,
    /// It is not asked before.
    held: Option<Instant>,
}

impl Hosts {
    pub(super) fn new(requests_per_minute: u32) -> Hosts {
        Hosts { apart: Duration::from_secs(60) / requests_per_minute.max(1), hosts: Mutex::default() }
    }

    /// Takes a turn: how long to wait for it.
    pub(super) fn turn(&self, host: &str, now: Instant) -> Duration {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = hosts.entry(host.to_owned()).or_insert(Turns { due: now, held: None });
        turns.due = turns.due.max(now);
        let ahead = self.apart * (AT_ONCE - 1);
        let allowed = turns.due.checked_sub(ahead).unwrap_or(now).max(turns.held.unwrap_or(now));
        turns.due += self.apart;
        allowed.saturating_duration_since(now)
    }

    /// A host is not asked for so long.
    pub(super) fn hold(&self, host: &str, now: Instant, pause: Duration) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = hosts.entry(host.to_owned()).or_insert(Turns { due: now, held: None });
        turns.held = turns.held.max(Some(now + pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_a_host_is_asked_evenly_whoever_asks_and_left_alone_when_it_says_so() {
        let hosts = Hosts::new(60);
        let now = Instant::now();
        let waits: Vec<u64> = (0..8).map(|_| hosts.turn("a", now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 3]);
        assert_eq!(hosts.turn("b", now), Duration::ZERO, "another host");
        hosts.hold("b", now, Duration::from_secs(30));
        hosts.hold("b", now, Duration::from_secs(10));
        assert_eq!(hosts.turn("b", now), Duration::from_secs(30));
        assert_eq!(hosts.turn("b", now + Duration::from_secs(29)), Duration::from_secs(1));
        assert_eq!(hosts.turn("b", now + Duration::from_secs(31)), Duration::ZERO);
        // A rest does not save up more than a handful.
        let later = now + Duration::from_secs(3_600);
        let at_once = (0..100).filter(|_| hosts.turn("a", later).is_zero()).count();
        assert_eq!(at_once, AT_ONCE as usize);
    }
}

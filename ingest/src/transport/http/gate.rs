//! How much of HTTP push may be in work at once (invariant BOUND), over all senders and by sender (SAFE).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::HttpLimits;

const KIB: usize = 1_024;
/// Senders whose permits are remembered before those without a request are forgotten.
const SENDERS_REMEMBERED: usize = 1_024;

/// Counts requests in work and the bytes of their bodies.
#[derive(Debug)]
pub(super) struct Gate {
    requests: Arc<Semaphore>,
    body_kib: Arc<Semaphore>,
    all_kib: usize,
    per_sender: usize,
    senders: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A request that may be worked on, for as long as it is held.
#[derive(Debug)]
pub(super) struct Admission {
    _request: OwnedSemaphorePermit,
    _of_sender: OwnedSemaphorePermit,
}

/// Why a request may not be worked on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    /// All senders together have too many in work.
    All,
    /// This sender has.
    Sender,
}

impl Gate {
    pub(super) fn new(limits: &HttpLimits) -> Gate {
        let all_kib = (limits.body_bytes / KIB).clamp(1, u32::MAX as usize);
        Gate {
            requests: Arc::new(Semaphore::new(limits.requests.max(1))),
            body_kib: Arc::new(Semaphore::new(all_kib)),
            all_kib,
            per_sender: limits.requests_per_sender.max(1),
            senders: Mutex::default(),
        }
    }

    /// Lets a sender's request in, or says at once that it may not.
    pub(super) fn admit(&self, sender: &str) -> Result<Admission, Crowded> {
        let permits = {
            let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
            if senders.len() >= SENDERS_REMEMBERED {
                senders.retain(|_, permits| Arc::strong_count(permits) > 1);
            }
            let fresh = || Arc::new(Semaphore::new(self.per_sender));
            senders.entry(sender.to_owned()).or_insert_with(fresh).clone()
        };
        let of_sender = permits.try_acquire_owned().map_err(|_| Crowded::Sender)?;
        let request = self.requests.clone().try_acquire_owned().map_err(|_| Crowded::All)?;
        Ok(Admission { _request: request, _of_sender: of_sender })
    }

    /// Waits for room for a body of so many bytes.
    pub(super) async fn body(&self, bytes: usize, patience: Duration) -> Option<OwnedSemaphorePermit> {
        let kib = bytes.div_ceil(KIB).clamp(1, self.all_kib) as u32;
        tokio::time::timeout(patience, self.body_kib.clone().acquire_many_owned(kib)).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        let limits =
            HttpLimits { requests: 3, requests_per_sender: 2, body_bytes: 10 * KIB, ..HttpLimits::default() };
        Gate::new(&limits)
    }

    #[test]
    fn a_sender_takes_no_more_than_its_share() {
        let gate = gate();
        let first = gate.admit("a").unwrap();
        let _second = gate.admit("a").unwrap();
        assert_eq!(gate.admit("a").unwrap_err(), Crowded::Sender);
        let _other = gate.admit("b").unwrap();
        assert_eq!(gate.admit("c").unwrap_err(), Crowded::All);
        drop(first);
        assert!(gate.admit("c").is_ok());
    }

    #[tokio::test]
    async fn bodies_wait_for_room() {
        let gate = gate();
        let patience = Duration::from_millis(5);
        let held = gate.body(8 * KIB, patience).await.unwrap();
        assert!(gate.body(3 * KIB, patience).await.is_none());
        assert!(gate.body(2 * KIB, patience).await.is_some());
        drop(held);
        assert!(gate.body(usize::MAX, patience).await.is_some(), "one of any size, alone");
    }
}

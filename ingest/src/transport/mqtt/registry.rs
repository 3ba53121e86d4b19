//! Which client is connected where: a client that comes again takes over, and its old connection goes.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustc_hash::FxHashMap;
use tokio_util::sync::CancellationToken;

use super::session::ClientKey;

/// The connected clients.
#[derive(Debug, Default)]
pub(super) struct Registry {
    live: Mutex<FxHashMap<ClientKey, Live>>,
    /// Wills that wait for their client to come back, by the token that calls them off.
    wills: Mutex<FxHashMap<ClientKey, CancellationToken>>,
    numbers: AtomicU64,
}

/// Wills that wait; beyond so many they are published at once.
const MOST_WAITING_WILLS: usize = 10_000;

#[derive(Debug)]
struct Live {
    number: u64,
    peer: SocketAddr,
    taken_over: CancellationToken,
}

/// A client's place among the connected, given up when dropped.
#[derive(Debug)]
pub(super) struct Place {
    registry: Arc<Registry>,
    key: ClientKey,
    number: u64,
    taken_over: CancellationToken,
}

impl Registry {
    /// Enters a client. Its former connection, if there is one, is told that it was taken over, and where it came from
    /// is given back; `stop` is what the new one will be told it by.
    pub(super) fn enter(
        self: &Arc<Registry>,
        key: ClientKey,
        peer: SocketAddr,
        stop: &CancellationToken,
    ) -> (Place, Option<SocketAddr>) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let taken_over = stop.child_token();
        let entry = Live { number, peer, taken_over: taken_over.clone() };
        let former = self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), entry);
        if let Some(former) = &former {
            former.taken_over.cancel();
        }
        if let Some(will) = self.wills.lock().unwrap_or_else(PoisonError::into_inner).remove(&key) {
            will.cancel();
        }
        let place = Place { registry: self.clone(), key, number, taken_over };
        (place, former.map(|former| former.peer))
    }

    /// Lets a will wait until its client comes back, which fires the token; none if it must not wait.
    pub(super) fn let_will_wait(&self, key: &ClientKey) -> Option<CancellationToken> {
        let mut wills = self.wills.lock().unwrap_or_else(PoisonError::into_inner);
        if wills.len() >= MOST_WAITING_WILLS {
            return None;
        }
        let called_off = CancellationToken::new();
        if let Some(earlier) = wills.insert(key.clone(), called_off.clone()) {
            earlier.cancel();
        }
        Some(called_off)
    }

    /// A will has waited long enough. False if it was called off at the last moment.
    pub(super) fn take_will(&self, key: &ClientKey, called_off: &CancellationToken) -> bool {
        let mut wills = self.wills.lock().unwrap_or_else(PoisonError::into_inner);
        !called_off.is_cancelled() && wills.remove(key).is_some()
    }
}

impl Place {
    /// Fires when the client came again, or when the endpoint stops.
    pub(super) fn stopped(&self) -> &CancellationToken {
        &self.taken_over
    }

    pub(super) fn key(&self) -> &ClientKey {
        &self.key
    }

    /// Whether the client came again on another connection.
    pub(super) fn is_taken_over(&self) -> bool {
        let live = self.registry.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(&self.key).is_none_or(|live| live.number != self.number)
    }

    /// Gives the place up. Unless the client came again, `last` runs before it can: what the old connection says of
    /// the session must not overtake what the new one does.
    pub(super) fn leave(self, last: impl FnOnce()) {
        let mut live = self.registry.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.get(&self.key).is_some_and(|live| live.number == self.number) {
            let _left = live.remove(&self.key);
            last();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut live = self.registry.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.get(&self.key).is_some_and(|live| live.number == self.number) {
            let _left = live.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_comes_again_takes_over_and_only_the_last_one_speaks_for_the_session() {
        let registry = Arc::new(Registry::default());
        let stop = CancellationToken::new();
        let key = ClientKey::new("gateway", "a");
        let peer = |port| SocketAddr::from(([10, 0, 0, 7], port));
        let (first, nobody) = registry.enter(key.clone(), peer(1), &stop);
        let (other, none) = registry.enter(ClientKey::new("another", "a"), peer(2), &stop);
        let (second, former) = registry.enter(key, peer(3), &stop);
        assert_eq!((nobody, none, former), (None, None, Some(peer(1))));
        assert!(first.is_taken_over() && first.stopped().is_cancelled());
        assert!(!second.is_taken_over() && !second.stopped().is_cancelled());
        assert!(!other.stopped().is_cancelled(), "another sender may use the same identifier");
        first.leave(|| panic!("it no longer speaks for the session"));
        let mut spoke = false;
        second.leave(|| spoke = true);
        assert!(spoke);
        drop(other);
        assert!(registry.live.lock().expect("unpoisoned").is_empty());
    }
}

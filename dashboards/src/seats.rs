//! How many live connections there may be, in all and from one peer (invariant BOUND).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The seats in front of the board.
#[derive(Clone, Debug)]
pub(crate) struct Seats {
    taken: Arc<Mutex<Occupancy>>,
    total: usize,
    per_peer: usize,
}

#[derive(Debug, Default)]
struct Occupancy {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// A taken seat, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    taken: Arc<Mutex<Occupancy>>,
    peer: IpAddr,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSeat {
    /// All are taken.
    #[error("all live connections are taken")]
    Full,
    /// This peer has its share.
    #[error("this peer has all the live connections it may have")]
    PeerFull,
}

impl Seats {
    /// So many in all, so many for one peer.
    #[must_use]
    pub(crate) fn new(total: usize, per_peer: usize) -> Seats {
        Seats { taken: Arc::default(), total, per_peer }
    }

    /// Takes one.
    ///
    /// # Errors
    /// If there is none left.
    pub(crate) fn take(&self, peer: IpAddr) -> Result<Seat, NoSeat> {
        let mut taken = lock(&self.taken);
        if taken.total >= self.total {
            return Err(NoSeat::Full);
        }
        let of_peer = taken.by_peer.get(&peer).copied().unwrap_or(0);
        if of_peer >= self.per_peer {
            return Err(NoSeat::PeerFull);
        }
        taken.total += 1;
        let _ = taken.by_peer.insert(peer, of_peer + 1);
        Ok(Seat { taken: self.taken.clone(), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.total -= 1;
        let left = taken.by_peer.get(&self.peer).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            let _ = taken.by_peer.remove(&self.peer);
        } else {
            let _ = taken.by_peer.insert(self.peer, left);
        }
    }
}

fn lock(taken: &Mutex<Occupancy>) -> MutexGuard<'_, Occupancy> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_take_more_than_its_share_and_seats_come_back_bound() {
        let seats = Seats::new(3, 2);
        let one: IpAddr = [127, 0, 0, 1].into();
        let two: IpAddr = [127, 0, 0, 2].into();
        let first = seats.take(one).unwrap();
        let _second = seats.take(one).unwrap();
        assert_eq!(seats.take(one).unwrap_err(), NoSeat::PeerFull);
        let _third = seats.take(two).unwrap();
        assert_eq!(seats.take(two).unwrap_err(), NoSeat::Full);
        drop(first);
        assert_eq!(lock(&seats.taken).total, 2);
        assert!(seats.take(one).is_ok());
        assert_eq!(lock(&seats.taken).total, 2);
    }
}

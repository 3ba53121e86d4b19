//! How much of FTP may be in work at once (invariant BOUND): connections in all and by address, sessions and transfers by
//! sender, and the bytes of files in memory, of which no sender gets more than half (SAFE). An IPv6 address is one of its
//! network, which is what its holder was given.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ioc_model::event::network;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const KIB: usize = 1_024;

/// The bounds.
#[derive(Clone, Debug)]
pub(super) struct RoomLimits {
    pub(super) connections: usize,
    pub(super) connections_per_address: usize,
    pub(super) sessions_per_sender: usize,
    pub(super) transfers_per_sender: usize,
    /// Bytes of files in memory, over all senders.
    pub(super) memory: usize,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    Connections,
    Address,
    Sessions,
    Transfers,
    /// The sender's half of the memory is full.
    Share,
    /// The memory is full, and nobody was ready in time.
    Memory,
}

impl Crowded {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Crowded::Connections => "too many connections",
            Crowded::Address => "too many connections of this address",
            Crowded::Sessions => "too many sessions of this sender",
            Crowded::Transfers => "too many files of this sender at once",
            Crowded::Share => "too many bytes of this sender at once",
            Crowded::Memory => "too many bytes of all senders at once",
        }
    }
}

/// What is in work.
#[derive(Debug)]
pub(super) struct Rooms {
    limits: RoomLimits,
    taken: Mutex<Taken>,
    memory: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Taken {
    connections: usize,
    by_network: HashMap<IpAddr, usize>,
    by_sender: HashMap<Arc<str>, OfSender>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct OfSender {
    sessions: usize,
    transfers: usize,
    kib: usize,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    rooms: Arc<Rooms>,
    network: IpAddr,
}

/// A sender's session, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    rooms: Arc<Rooms>,
    sender: Arc<str>,
}

/// A transfer with the memory that it holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    rooms: Arc<Rooms>,
    sender: Arc<str>,
    permits: Option<OwnedSemaphorePermit>,
    kib: usize,
    used: usize,
}

impl Rooms {
    pub(super) fn new(limits: RoomLimits) -> Arc<Rooms> {
        let kib = (limits.memory / KIB).clamp(2, Semaphore::MAX_PERMITS);
        Arc::new(Rooms { limits, taken: Mutex::default(), memory: Arc::new(Semaphore::new(kib)) })
    }

    /// No file may be larger, whatever its feed allows. Bytes.
    pub(super) fn largest_file(&self) -> usize {
        self.limits.memory / 2
    }

    pub(super) fn connection(self: &Arc<Rooms>, address: IpAddr) -> Result<Place, Crowded> {
        let network = network(address);
        let mut taken = self.taken();
        if taken.connections >= self.limits.connections {
            return Err(Crowded::Connections);
        }
        let of_network = taken.by_network.entry(network).or_default();
        if *of_network >= self.limits.connections_per_address {
            return Err(Crowded::Address);
        }
        *of_network += 1;
        taken.connections += 1;
        Ok(Place { rooms: self.clone(), network })
    }

    pub(super) fn session(self: &Arc<Rooms>, sender: &str) -> Result<Seat, Crowded> {
        let sender: Arc<str> = sender.into();
        let most = self.limits.sessions_per_sender;
        self.change(&sender, |of| (of.sessions < most).then(|| of.sessions += 1)).ok_or(Crowded::Sessions)?;
        Ok(Seat { rooms: self.clone(), sender })
    }

    pub(super) fn transfer(self: &Arc<Rooms>, sender: &str) -> Result<Room, Crowded> {
        let sender: Arc<str> = sender.into();
        let most = self.limits.transfers_per_sender;
        self.change(&sender, |of| (of.transfers < most).then(|| of.transfers += 1))
            .ok_or(Crowded::Transfers)?;
        Ok(Room { rooms: self.clone(), sender, permits: None, kib: 0, used: 0 })
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what a sender has in work; whoever has nothing is forgotten.
    fn change<T>(&self, sender: &Arc<str>, change: impl FnOnce(&mut OfSender) -> T) -> T {
        let mut taken = self.taken();
        let of_sender = taken.by_sender.entry(sender.clone()).or_default();
        let changed = change(of_sender);
        if *of_sender == OfSender::default() {
            let _gone = taken.by_sender.remove(sender);
        }
        changed
    }
}

impl Room {
    /// Holds so many bytes more, or waits for them.
    pub(super) async fn grow(&mut self, bytes: usize, patience: Duration) -> Result<(), Crowded> {
        self.used += bytes;
        let missing = self.used.div_ceil(KIB).saturating_sub(self.kib);
        if missing == 0 {
            return Ok(());
        }
        // The last piece of the largest file may begin within a kibibyte.
        let share = self.rooms.largest_file().div_ceil(KIB);
        let has_share = |of: &mut OfSender| (of.kib + missing <= share).then(|| of.kib += missing);
        self.rooms.change(&self.sender, has_share).ok_or(Crowded::Share)?;
        self.kib += missing;
        let count = u32::try_from(missing).map_err(|_| Crowded::Memory)?;
        let acquired = self.rooms.memory.clone().acquire_many_owned(count);
        let permits = tokio::time::timeout(patience, acquired).await.map_err(|_| Crowded::Memory)?;
        let permits = permits.map_err(|_| Crowded::Memory)?;
        match &mut self.permits {
            Some(held) => held.merge(permits),
            held => *held = Some(permits),
        }
        Ok(())
    }
}

impl Room {
    /// Gives back all the memory that it holds.
    pub(super) fn shrink(&mut self) {
        let kib = std::mem::take(&mut self.kib);
        (self.used, self.permits) = (0, None);
        self.rooms.change(&self.sender, |of| of.kib -= kib);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.rooms.taken();
        taken.connections -= 1;
        if let Some(of_network) = taken.by_network.get_mut(&self.network) {
            *of_network -= 1;
            if *of_network == 0 {
                let _gone = taken.by_network.remove(&self.network);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.rooms.change(&self.sender, |of| of.sessions -= 1);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let kib = self.kib;
        self.rooms.change(&self.sender, |of| {
            of.transfers -= 1;
            of.kib -= kib;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Arc<Rooms> {
        Rooms::new(RoomLimits {
            connections: 3,
            connections_per_address: 2,
            sessions_per_sender: 1,
            transfers_per_sender: 2,
            memory: 10 * KIB,
        })
    }

    #[test]
    fn bound_places_are_given_back_and_one_ipv6_network_shares_its_own() {
        let rooms = rooms();
        let of = |text: &str| rooms.connection(text.parse().unwrap());
        let _kept = [of("2001:db8:0:9::1").unwrap(), of("2001:db8:0:9:ffff::2").unwrap()];
        assert_eq!(of("2001:db8:0:9::3").unwrap_err(), Crowded::Address);
        let third = of("192.0.2.1").unwrap();
        assert_eq!(of("192.0.2.2").unwrap_err(), Crowded::Connections);
        drop(third);
        assert!(of("192.0.2.2").is_ok());
    }

    #[tokio::test]
    async fn safe_no_sender_gets_more_than_half_of_the_memory() {
        let rooms = rooms();
        let patience = Duration::from_millis(5);
        let mut one = rooms.transfer("a").unwrap();
        one.grow(4 * KIB, patience).await.unwrap();
        let mut other = rooms.transfer("a").unwrap();
        assert_eq!(rooms.transfer("a").unwrap_err(), Crowded::Transfers);
        assert_eq!(other.grow(2 * KIB, patience).await, Err(Crowded::Share));
        let mut of_b = rooms.transfer("b").unwrap();
        of_b.grow(5 * KIB, patience).await.unwrap();
        let mut of_c = rooms.transfer("c").unwrap();
        assert_eq!(of_c.grow(2 * KIB, patience).await, Err(Crowded::Memory));
        drop((one, of_c));
        rooms.transfer("c").unwrap().grow(5 * KIB, patience).await.unwrap();
        drop((other, of_b));
        assert!(rooms.taken().by_sender.is_empty());
    }

    #[test]
    fn a_sender_has_its_sessions() {
        let rooms = rooms();
        let seat = rooms.session("a").unwrap();
        assert_eq!(rooms.session("a").unwrap_err(), Crowded::Sessions);
        drop(seat);
        assert!(rooms.session("a").is_ok());
    }
}

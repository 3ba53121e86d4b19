//! Which addresses are names of senders.
//!
//! A name is kept for ever, and an address costs whoever makes it up nothing. So of those that nobody declared so many
//! become names, those that a feed claims and those that none does apart; whoever comes beyond them is taken in and told
//! apart no more, until others were not heard for a day (invariant BOUND). What the pack declares by its own address is
//! always told apart: no flood takes its name away (invariants WHO, SILENT).

use std::{
    net::{IpAddr, SocketAddr},
    sync::PoisonError,
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;

use super::{Shared, settings::KIND, source::Source};
use crate::{
    clients::{Caller, DoorEvent},
    routes::{KnownAddress, Routes},
};

/// So many of each kind.
const NAMED: usize = 10_000;
/// Who was not heard for so long makes room, looked for so often.
const UNHEARD: Duration = Duration::from_secs(24 * 60 * 60);
const LOOKED_FOR: Duration = Duration::from_secs(60);

/// Addresses that have become names: of a network that is a log source, of feeds, and of none.
#[derive(Debug, Default)]
pub(super) struct Named {
    of_networks: Addresses,
    claimed: Addresses,
    unclaimed: Addresses,
}

#[derive(Debug, Default)]
struct Addresses {
    heard: FxHashMap<IpAddr, Instant>,
    looked: Option<Instant>,
}

impl Named {
    /// Whether an address is a name from now on.
    fn admits(
        &mut self,
        address: IpAddr,
        known: Option<KnownAddress>,
        is_claimed: bool,
        now: Instant,
    ) -> bool {
        let addresses = match (known, is_claimed) {
            (Some(KnownAddress::Itself), _) => return true,
            (Some(KnownAddress::InNetwork), _) => &mut self.of_networks,
            (None, true) => &mut self.claimed,
            (None, false) => &mut self.unclaimed,
        };
        addresses.admit(address, now)
    }
}

impl Addresses {
    fn admit(&mut self, address: IpAddr, now: Instant) -> bool {
        if let Some(heard) = self.heard.get_mut(&address) {
            *heard = now;
            return true;
        }
        if self.heard.len() >= NAMED
            && self.looked.is_none_or(|looked| now.duration_since(looked) >= LOOKED_FOR)
        {
            self.looked = Some(now);
            self.heard.retain(|_, heard| now.duration_since(*heard) < UNHEARD);
        }
        let has_room = self.heard.len() < NAMED;
        if has_room {
            let _new = self.heard.insert(address, now);
        }
        has_room
    }
}

impl Shared {
    /// The source, told apart by its name where it is one from now on.
    pub(super) fn told_apart(&self, source: Source, peer: SocketAddr, routes: &Routes) -> Source {
        let known = routes.known_address(peer.ip());
        let is_claimed = source.feed_in(routes).is_some();
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.admits(peer.ip(), known, is_claimed, Instant::now()) {
            return source;
        }
        drop(named);
        let caller = Caller { transport: KIND.word, user: "", client_id: "", peer: Some(peer) };
        let why = "too many addresses: name in 'from' which networks a feed takes, and the device in log_sources.toml";
        self.intake.clients().note(DoorEvent::Untold, &caller, None, why);
        source.unnamed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::from((number as u32).to_be_bytes())
    }

    #[test]
    fn silent_no_flood_of_addresses_takes_a_declared_device_its_name_and_room_is_made_in_a_day() {
        let (mut named, start) = (Named::default(), Instant::now());
        assert!((0..NAMED).all(|number| named.admits(address(number), None, true, start)));
        let late = address(NAMED);
        assert!(!named.admits(late, None, true, start));
        assert!(named.admits(address(7), None, true, start), "who is one stays one");
        assert!(named.admits(late, Some(KnownAddress::Itself), true, start));
        assert!(named.admits(late, Some(KnownAddress::InNetwork), true, start));
        assert!(named.admits(late, None, false, start), "those that no feed claims take nobody's room");
        let heard_again = start + UNHEARD / 2;
        assert!(named.admits(address(7), None, true, heard_again));
        assert!(!named.admits(late, None, true, heard_again));
        let next_day = start + UNHEARD;
        assert!(named.admits(late, None, true, next_day));
        assert!(named.claimed.heard.contains_key(&address(7)) && named.claimed.heard.len() == 2);
    }

    #[test]
    fn bound_networks_that_are_log_sources_have_no_more_names_than_others() {
        let (mut named, now) = (Named::default(), Instant::now());
        let known = Some(KnownAddress::InNetwork);
        let admitted = (0..2 * NAMED).filter(|number| named.admits(address(*number), known, true, now));
        assert_eq!(admitted.count(), NAMED);
    }
}

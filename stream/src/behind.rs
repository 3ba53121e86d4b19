//! The hosts behind a relay that the pack does not know: by which name each of them reports.
//!
//! A relay's lines name hosts as they like, and a name is kept for ever, in this process and in whatever is kept by name. So
//! of a relay so many hosts are told apart; the events of those beyond them are stored and counted like any, as those of the
//! rest behind that relay ([`rest_of`]). A host that the pack names is none of them and is always told apart (invariants
//! BOUND, WHO).
//!
//! Which come first must not depend on who decodes them: it is decided where the relay is held, in order of arrival, so that
//! it is the same for any number of workers and any replay (invariant REPLAY). From there an event goes on to whoever holds
//! its log source by that name. A push, a file or a later pack may call somebody by the same name, and all that is known of
//! a name is in one place however it came (invariants ONCE, REPLAY).
//!
//! An event of a host is looked for under the name it was stored by (invariant ONCE), so a host does not change from one
//! name to the other where that can matter: one of which an event has a key stays, and once such an event was counted with
//! the rest nobody makes room any more. Without keys, who said nothing for a day does.

use std::collections::BTreeMap;

use ioc_model::{
    contract::is_subject,
    event::Event,
    name::Name,
    time::{Millis, Now},
};
use serde::{Deserialize, Serialize};

/// So many hosts of a relay are told apart.
pub(crate) const HOSTS: usize = 4_096;
/// Who was not heard for so long makes room, looked for so often.
const UNHEARD: Millis = Millis::hours(24);
const LOOKED_FOR: Millis = Millis::minutes(1);
/// Who reports where nothing is known of it, or its name would be too long.
const UNKNOWN: &str = "unknown";

/// The relays one worker holds, each with the hosts behind it.
#[derive(Debug, Default)]
pub(crate) struct Relays(BTreeMap<Name, HostsBehind>);

/// A relay as a checkpoint keeps it.
#[derive(Debug, Deserialize)]
pub(crate) struct RelayRecord {
    relay: Name,
    hosts: HostsBehind,
}

/// The same as it is written: postcard writes both alike.
#[derive(Serialize)]
struct RelayRef<'a> {
    relay: Name,
    hosts: &'a HostsBehind,
}

/// The hosts of a relay that are told apart, by their names.
#[derive(Debug, Default, Serialize, Deserialize)]
struct HostsBehind {
    by_name: BTreeMap<Box<str>, HostBehind>,
    /// An event with a key was counted with the rest.
    rest_has_keys: bool,
    /// When room was looked for last.
    looked: Option<Now>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HostBehind {
    /// When it was heard last, on the recorded clock.
    heard: Now,
    /// Whether an event of it had a key.
    has_keys: bool,
}

impl Relays {
    /// Names who reports in events of hosts that only their relay knows, which come in order of arrival. Gives back how many
    /// are not told apart from others, by relay.
    pub(crate) fn name<'e>(
        &mut self,
        events: impl IntoIterator<Item = &'e mut Event>,
        now: Now,
    ) -> BTreeMap<Name, u64> {
        let mut untold = BTreeMap::new();
        for event in events {
            let Some(host) = event.behind.take() else { continue };
            let relay = event.relay;
            event.log_source = if self.0.entry(relay).or_default().admits(&host, event.key.is_some(), now) {
                Name::new(&host)
            } else {
                *untold.entry(relay).or_default() += 1;
                rest_of(relay)
            };
        }
        untold
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.0.iter().map(|(relay, hosts)| postcard::to_stdvec(&RelayRef { relay: *relay, hosts }))
    }

    /// Takes a relay out of a checkpoint.
    pub(crate) fn load(&mut self, RelayRecord { relay, hosts }: RelayRecord) {
        let _ = self.0.insert(relay, hosts);
    }

    /// Tells a host apart of which an event with a key may be stored, where a checkpoint keeps no relays.
    pub(crate) fn keep(&mut self, relay: Name, host: Name) {
        let behind = HostBehind { heard: Now(0), has_keys: true };
        let _ = self.0.entry(relay).or_default().by_name.insert(host.as_str().into(), behind);
    }
}

impl RelayRecord {
    /// Whose it is.
    pub(crate) fn relay(&self) -> Name {
        self.relay
    }
}

/// The name of those who are not told apart.
fn rest_of(relay: Name) -> Name {
    let rest = format!("{relay}:other");
    Name::new(if is_subject(&rest) { &rest } else { UNKNOWN })
}

impl HostsBehind {
    /// Whether a host that is heard now is told apart.
    fn admits(&mut self, host: &str, has_key: bool, now: Now) -> bool {
        if let Some(known) = self.by_name.get_mut(host) {
            known.heard = known.heard.max(now);
            known.has_keys |= has_key;
            return true;
        }
        if self.by_name.len() >= HOSTS
            && !self.rest_has_keys
            && self.looked.is_none_or(|looked| now.0 - looked.0 >= LOOKED_FOR.0)
        {
            self.looked = Some(now);
            self.by_name.retain(|_, known| known.has_keys || now.0 - known.heard.0 < UNHEARD.0);
        }
        if self.by_name.len() >= HOSTS {
            self.rest_has_keys |= has_key;
            return false;
        }
        let _new = self.by_name.insert(host.into(), HostBehind { heard: now, has_keys: has_key });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn full() -> HostsBehind {
        let mut hosts = HostsBehind::default();
        assert!((0..HOSTS).all(|number| hosts.admits(&format!("relay:h{number}"), false, Now(0))));
        hosts
    }

    #[test]
    fn bound_of_a_relay_so_many_hosts_are_told_apart_and_room_is_made_by_those_unheard_for_a_day() {
        let mut hosts = full();
        assert!(!hosts.admits("relay:late", false, Now(1)), "those that are there stay");
        assert!(hosts.admits("relay:h7", false, Now(DAY - 1)));
        assert!(!hosts.admits("relay:late", false, Now(DAY - 1)));
        assert!(!hosts.admits("relay:late", false, Now(DAY)), "room is looked for by the minute");
        assert!(hosts.admits("relay:late", false, Now(DAY + 60_000)));
        assert_eq!(hosts.by_name.len(), 2);
        assert!(hosts.admits("relay:h7", false, Now(DAY + 60_000)));
    }

    #[test]
    fn once_a_host_of_which_a_key_may_be_stored_changes_its_name_no_more() {
        let mut hosts = full();
        assert!(hosts.admits("relay:h7", true, Now(1)));
        assert!(hosts.admits("relay:late", false, Now(DAY)), "there is room");
        assert!(hosts.by_name.contains_key("relay:h7"), "one with keys is not forgotten");

        let mut hosts = full();
        assert!(!hosts.admits("relay:late", true, Now(1)));
        assert!(
            !hosts.admits("relay:late", false, Now(9 * DAY)),
            "its key is stored by the name of the rest"
        );
        assert_eq!(hosts.by_name.len(), HOSTS);
    }

    #[test]
    fn who_the_rest_has_a_name_even_where_that_of_the_relay_leaves_no_room() {
        assert_eq!(&*rest_of(Name::new("relay")), "relay:other");
        assert_eq!(&*rest_of(Name::new(&"r".repeat(60))), UNKNOWN);
    }
}

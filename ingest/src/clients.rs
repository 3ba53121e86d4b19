//! Who is connected, which sender was heard when, and whom the door turned away.
//!
//! Two gateways with one client identifier, a password nobody changed on the device, a bridge that speaks another
//! version: every single device "works", and only the door sees what is wrong. So it says so by name: at `info` in the
//! log, each kind of notice about each client at most once a minute, with the number of those that were not said; and
//! to whoever asks ([`Clients::notices`]).
//!
//! What a client says of itself is hostile (invariants SAFE, BOUND): names are cut and made printable before they are
//! kept, and of what unauthenticated clients cause only so much is kept.

mod notices;
mod pace;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ioc_bus::clock::Clock;
use ioc_model::time::Now;

pub use self::notices::{DoorEvent, Notice};
use self::{
    notices::{Notices, SAID_AGAIN},
    pace::Pace,
};

/// Characters of a name that are kept.
const LONGEST_NAME: usize = 80;
/// Senders remembered. A sender of syslog over UDP is whoever it says: made-up ones push out nobody, but are not remembered
/// beyond this.
const SENDERS_KEPT: usize = 10_000;
/// Where there is no room for more, who was not heard for so long makes some; looked for once in a while.
const LONG_UNHEARD: i64 = 24 * 60 * 60 * 1_000;
/// A client as it calls itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// The transport's word.
    pub transport: &'static str,
    /// Its user name; the sender's name where it was let in.
    pub user: &'a str,
    /// Its client identifier; empty where there is none.
    pub client_id: &'a str,
    /// Where it comes from.
    pub peer: Option<SocketAddr>,
}

/// A client that is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The transport's word.
    pub transport: &'static str,
    /// Its sender.
    pub sender: Arc<str>,
    /// Its client identifier.
    pub client_id: Arc<str>,
    /// Where it comes from.
    pub peer: Option<SocketAddr>,
    /// Since when.
    pub since: Now,
    /// When it said something last.
    pub last_heard: Now,
    /// Messages on this connection.
    pub messages: u64,
    /// Messages in the last minute.
    pub per_minute: u64,
}

/// A sender, as far as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardSender {
    /// Its name.
    pub sender: Arc<str>,
    /// When it said something last.
    pub last_heard: Now,
    /// The way it came by then; empty where only the moment was remembered.
    pub transport: &'static str,
    /// Where it came from then.
    pub peer: Option<SocketAddr>,
    /// Messages since the process started.
    pub messages: u64,
    /// Messages in the last minute.
    pub per_minute: u64,
}

/// The clients of all transports. One for a process.
#[derive(Debug)]
pub struct Clients {
    clock: Clock,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connected: HashMap<u64, Arc<Mutex<Guest>>>,
    number: u64,
    senders: HashMap<Arc<str>, Arc<Mutex<SenderEntry>>>,
    /// When room was looked for last.
    made_room: Option<Instant>,
    notices: Notices,
}

/// A connected client and its pace.
#[derive(Debug)]
struct Guest {
    shown: Connected,
    pace: Pace,
}

#[derive(Debug)]
struct SenderEntry {
    shown: HeardSender,
    pace: Pace,
}

/// A client's stay, which ends when this is dropped.
#[derive(Debug)]
pub struct Visit {
    clients: Arc<Clients>,
    number: u64,
    connected: Arc<Mutex<Guest>>,
    sender: Arc<Mutex<SenderEntry>>,
}

impl Clients {
    /// Nobody yet.
    #[must_use]
    pub fn new(clock: Clock) -> Clients {
        Clients { clock, started: Instant::now(), state: Mutex::default() }
    }

    /// An authenticated client is connected, for as long as what is given back lives.
    #[must_use]
    pub fn enter(self: &Arc<Clients>, caller: &Caller<'_>) -> Visit {
        let now = self.clock.now();
        let shown = Connected {
            transport: caller.transport,
            sender: printable(caller.user),
            client_id: printable(caller.client_id),
            peer: caller.peer,
            since: now,
            last_heard: now,
            messages: 0,
            per_minute: 0,
        };
        let connected = Arc::new(Mutex::new(Guest { shown, pace: Pace::default() }));
        let sender = self.sender(caller, now);
        let number = {
            let mut state = locked(&self.state);
            state.number += 1;
            let number = state.number;
            let _new = state.connected.insert(number, connected.clone());
            number
        };
        Visit { clients: self.clone(), number, connected, sender }
    }

    /// A sender without a connection of its own brought so many messages.
    pub fn heard(&self, caller: &Caller<'_>, messages: u64) {
        let now = self.clock.now();
        let sender = self.sender(caller, now);
        locked(&sender).hear(caller.peer, now, self.seconds(), messages);
    }

    fn sender(&self, caller: &Caller<'_>, now: Now) -> Arc<Mutex<SenderEntry>> {
        let name = printable(caller.user);
        let mut state = locked(&self.state);
        if !state.has_room_for(&name, now) {
            return Arc::new(Mutex::new(SenderEntry::new(name, now)));
        }
        let sender = state
            .senders
            .entry(name.clone())
            .or_insert_with(|| Arc::new(Mutex::new(SenderEntry::new(name, now))));
        {
            let mut heard = locked(sender);
            heard.shown.transport = caller.transport;
            heard.shown.peer = caller.peer;
            heard.shown.last_heard = heard.shown.last_heard.max(now);
        }
        sender.clone()
    }

    /// What an earlier process knew of when its senders were heard.
    pub fn remember(&self, senders: impl IntoIterator<Item = (String, Now)>) {
        let mut state = locked(&self.state);
        for (name, last) in senders {
            let name = printable(&name);
            let _known = state
                .senders
                .entry(name.clone())
                .or_insert_with(|| Arc::new(Mutex::new(SenderEntry::new(name, last))));
        }
    }

    /// Something happened at the door. `former` is the connection a take-over ended.
    pub fn note(&self, what: DoorEvent, caller: &Caller<'_>, former: Option<SocketAddr>, why: &str) {
        self.note_many(what, caller, former, why, 1);
    }

    /// It happened so many times.
    pub fn note_many(
        &self,
        what: DoorEvent,
        caller: &Caller<'_>,
        former: Option<SocketAddr>,
        why: &str,
        times: u64,
    ) {
        let (user, client_id) = (printable(caller.user), printable(caller.client_id));
        let (at, now) = (Instant::now(), self.clock.now());
        let key = (what, caller.transport, user, client_id);
        let due = locked(&self.state).notices.note(key, caller.peer, former, why, times, (at, now));
        if let Some((notice, unsaid)) = due {
            say(&notice, unsaid);
        }
    }

    /// Who is connected, by sender and client.
    #[must_use]
    pub fn connected(&self) -> Vec<Connected> {
        let all: Vec<_> = locked(&self.state).connected.values().cloned().collect();
        let seconds = self.seconds();
        let shown = |client: &Arc<Mutex<Guest>>| {
            let client = locked(client);
            Connected { per_minute: client.pace.per_minute(seconds), ..client.shown.clone() }
        };
        let mut clients: Vec<_> = all.iter().map(shown).collect();
        clients.sort_by(|a, b| (&a.sender, &a.client_id, a.since).cmp(&(&b.sender, &b.client_id, b.since)));
        clients
    }

    /// Every sender that was ever heard, by name.
    #[must_use]
    pub fn senders(&self) -> Vec<HeardSender> {
        let all: Vec<_> = locked(&self.state).senders.values().cloned().collect();
        let seconds = self.seconds();
        let shown = |sender: &Arc<Mutex<SenderEntry>>| {
            let sender = locked(sender);
            HeardSender { per_minute: sender.pace.per_minute(seconds), ..sender.shown.clone() }
        };
        let mut senders: Vec<_> = all.iter().map(shown).collect();
        senders.sort_by(|a, b| a.sender.cmp(&b.sender));
        senders
    }

    /// What happened within that time, the newest first.
    #[must_use]
    pub fn notices(&self, within: Duration) -> Vec<Notice> {
        locked(&self.state).notices.recent(within)
    }

    fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

impl State {
    fn has_room_for(&mut self, name: &str, now: Now) -> bool {
        if self.senders.len() < SENDERS_KEPT || self.senders.contains_key(name) {
            return true;
        }
        let at = Instant::now();
        if self.made_room.is_none_or(|made| at.duration_since(made) >= SAID_AGAIN) {
            self.made_room = Some(at);
            self.senders.retain(|_, sender| now.0 - locked(sender).shown.last_heard.0 < LONG_UNHEARD);
        }
        self.senders.len() < SENDERS_KEPT
    }
}

impl SenderEntry {
    fn new(sender: Arc<str>, last_heard: Now) -> SenderEntry {
        let shown = HeardSender { sender, last_heard, transport: "", peer: None, messages: 0, per_minute: 0 };
        SenderEntry { shown, pace: Pace::default() }
    }

    fn hear(&mut self, peer: Option<SocketAddr>, now: Now, seconds: u64, messages: u64) {
        self.shown.peer = peer;
        self.shown.last_heard = self.shown.last_heard.max(now);
        self.shown.messages += messages;
        self.pace.count(seconds, messages);
    }
}

impl Visit {
    /// The client said something, so many messages among it.
    pub fn heard(&self, messages: u64) {
        let (now, seconds) = (self.clients.clock.now(), self.clients.seconds());
        let peer = {
            let mut client = locked(&self.connected);
            client.shown.last_heard = now;
            client.shown.messages += messages;
            client.pace.count(seconds, messages);
            client.shown.peer
        };
        locked(&self.sender).hear(peer, now, seconds, messages);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let _left = locked(&self.clients.state).connected.remove(&self.number);
    }
}

fn say(notice: &Notice, suppressed: u64) {
    let Notice { what, transport, user, client_id, why, count, .. } = notice;
    let text = |peer: SocketAddr| peer.to_string();
    let (user, client_id, peer) = (&**user, &**client_id, notice.peer.map_or_else(|| "?".to_owned(), text));
    // Fields that do not apply are left out of the line.
    let (former, why) = (notice.former.map(text), Some(why.as_str()).filter(|why| !why.is_empty()));
    let said = what.sentence();
    tracing::info!(transport, user, client_id, peer, former, why, count, suppressed, "{said}");
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cut, and without what could move a terminal's cursor or turn the reading direction.
fn printable(name: &str) -> Arc<str> {
    let is_shown = |character: char| {
        let turns =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !character.is_control() && !turns
    };
    let shown = |character| if is_shown(character) { character } else { '\u{fffd}' };
    name.chars().take(LONGEST_NAME).map(shown).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::{
        notices::{LINES, NOTICES_KEPT},
        *,
    };

    fn caller<'a>(user: &'a str, client_id: &'a str) -> Caller<'a> {
        Caller { transport: "mqtt", user, client_id, peer: Some(([10, 0, 0, 7], 1_234).into()) }
    }

    #[test]
    fn a_client_is_listed_while_it_is_connected_and_its_sender_is_remembered() {
        let clients = Arc::new(Clients::new(Clock::Machine));
        clients.remember([("old".to_owned(), Now(5)), ("gateway".to_owned(), Now(6))]);
        let visit = clients.enter(&caller("gateway", "a"));
        let other = clients.enter(&caller("gateway", "b"));
        visit.heard(3);
        visit.heard(2);
        let list = clients.connected();
        let told: Vec<_> = list.iter().map(|one| (&*one.client_id, one.messages, one.per_minute)).collect();
        assert_eq!(told, [("a", 5, 5), ("b", 0, 0)]);
        assert!(list[0].last_heard >= list[0].since && list[0].since.0 > 6);
        drop((visit, other));
        assert!(clients.connected().is_empty());
        clients.heard(&caller("pusher", ""), 1);
        let senders = clients.senders();
        let told: Vec<_> = senders.iter().map(|one| (&*one.sender, one.messages)).collect();
        assert_eq!(told, [("gateway", 5), ("old", 0), ("pusher", 1)]);
        assert_eq!(senders[1].last_heard, Now(5));
        assert!(senders[0].last_heard.0 > 6);
    }

    #[test]
    fn bound_notices_are_counted_by_client_and_a_flood_of_names_pushes_out_only_the_oldest() {
        let clients = Clients::new(Clock::Machine);
        for _again in 0..5 {
            clients.note(DoorEvent::TakenOver, &caller("gateway", "esp8266Client"), None, "");
        }
        for number in 0..2 * NOTICES_KEPT {
            clients.note(DoorEvent::WrongCredentials, &caller(&format!("guess{number}"), "x"), None, "");
            clients.note(DoorEvent::TakenOver, &caller("gateway", "esp8266Client"), None, "");
        }
        let notices = clients.notices(Duration::from_secs(600));
        assert_eq!(notices.len(), NOTICES_KEPT);
        let own = notices.iter().find(|notice| notice.what == DoorEvent::TakenOver).expect("kept");
        assert_eq!(own.count as usize, 5 + 2 * NOTICES_KEPT);
        let state = locked(&clients.state);
        let said = state.notices.said();
        assert!(said.len() <= LINES as usize, "{said:?}");
        let unsaid = said.iter().find(|(what, _)| *what == DoorEvent::TakenOver).map(|(_, unsaid)| *unsaid);
        assert_eq!(unsaid, Some(own.count - 1), "one line, and the number of those that were not said");
    }

    #[test]
    fn bound_made_up_senders_push_out_nobody_and_are_not_remembered_beyond_a_limit() {
        let clients = Clients::new(Clock::Machine);
        clients.heard(&caller("gateway", ""), 1);
        for number in 0..2 * SENDERS_KEPT {
            clients.heard(&caller(&format!("10.{number}"), ""), 1);
        }
        clients.heard(&caller("gateway", ""), 1);
        let senders = clients.senders();
        assert_eq!(senders.len(), SENDERS_KEPT);
        assert!(senders.iter().any(|heard| &*heard.sender == "gateway" && heard.messages == 2));
    }

    #[test]
    fn safe_names_are_cut_and_hide_nothing() {
        let long = "ễ".repeat(500);
        assert_eq!(printable(&long).chars().count(), LONGEST_NAME);
        assert_eq!(&*printable("a\u{1b}[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}

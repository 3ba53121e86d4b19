//! Attempts to log in, of which several lines tell.
//!
//! A password that is wrong is told of by PAM's module, by sshd, and at the connection's end once more in a sum; a module
//! may fail where the next one succeeds. So who counts lines counts three for one, or none where only PAM writes. Lines
//! of one connection (host, process, address) are taken together: what each voice says of it is added up for itself, and
//! the attempts are those of the voice that tells of the most. Once somebody is let in, only those count that sshd itself
//! called failed.
//!
//! A line carries what it adds to what was known before it. So the sum over any lines is the attempts that they tell of,
//! a line that comes late changes nothing that was said, and which lines make a number can be opened.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ioc_model::{
    event::{Event, EventKind},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize, Serializer};

use super::heard::{Heard, Told};

/// A line so long after the one before is of another connection: numbers of processes come again. sshd gives two minutes
/// to log in.
const APART: Millis = Millis::minutes(10);
/// So many connections of a log source are remembered,
const CONNECTIONS: usize = 4_096;
/// and so many of one that the pack does not know.
const CONNECTIONS_OF_UNKNOWN: usize = 64;
/// So many modules are told apart; what further ones say is one voice.
const MODULES: usize = 8;

/// The connections of a log source.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "AttemptsRecord")]
pub(super) struct Attempts(Heard<Arc<Connection>, Voices>);

/// As a checkpoint keeps them, with how many lines were taken.
#[derive(Deserialize)]
struct AttemptsRecord {
    connections: BTreeMap<Arc<Connection>, VoicesRecord>,
    lines: u64,
}

/// The place of its last line among all, when that happened and when it was taken; what was told.
#[derive(Deserialize)]
struct VoicesRecord(u64, EventTime, Now, u32, BTreeMap<Box<str>, u32>, bool);

/// Both as they are written: postcard writes them alike.
#[derive(Serialize)]
struct AttemptsRef<'a> {
    connections: BTreeMap<&'a Connection, VoicesRef<'a>>,
    lines: u64,
}

#[derive(Serialize)]
struct VoicesRef<'a>(u64, EventTime, Now, u32, &'a BTreeMap<Box<str>, u32>, bool);

/// As versions of a checkpoint up to 8 kept them: without when a connection was heard last.
#[derive(Debug, Deserialize)]
pub(super) struct AttemptsBefore {
    connections: BTreeMap<Connection, VoicesBefore>,
    lines: u64,
}

#[derive(Debug, Deserialize)]
struct VoicesBefore(u64, EventTime, u32, BTreeMap<Box<str>, u32>, bool);

impl Serialize for Attempts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let connections = self.0.each().map(|(connection, told)| {
            let Told { number, heard, value: Voices { last, failed, modules, accepted } } = told;
            let last = last.unwrap_or_default();
            (&**connection, VoicesRef(*number, last, *heard, *failed, modules, *accepted))
        });
        AttemptsRef { connections: connections.collect(), lines: self.0.times() }.serialize(serializer)
    }
}

impl From<AttemptsRecord> for Attempts {
    fn from(AttemptsRecord { connections, lines }: AttemptsRecord) -> Attempts {
        let of = |(connection, voices): (Arc<Connection>, VoicesRecord)| {
            let VoicesRecord(number, last, heard, failed, modules, accepted) = voices;
            let value = Voices { last: Some(last), failed, modules, accepted };
            (connection, Told { number, heard, value })
        };
        Attempts(Heard::load(lines, connections.into_iter().map(of)))
    }
}

impl From<AttemptsBefore> for Attempts {
    fn from(AttemptsBefore { connections, lines }: AttemptsBefore) -> Attempts {
        let of = |(connection, voices): (Connection, VoicesBefore)| {
            let VoicesBefore(line, last, failed, modules, accepted) = voices;
            (Arc::new(connection), VoicesRecord(line, last, Now(last.0), failed, modules, accepted))
        };
        AttemptsRecord { connections: connections.into_iter().map(of).collect(), lines }.into()
    }
}

/// Who logs in where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Connection {
    host: Box<str>,
    process: Box<str>,
    address: Option<IpAddr>,
}

/// What was told of a connection.
#[derive(Clone, Debug, Default)]
struct Voices {
    /// When its last line happened; none before the first.
    last: Option<EventTime>,
    /// By sshd itself.
    failed: u32,
    /// By PAM's modules, each for itself.
    modules: BTreeMap<Box<str>, u32>,
    accepted: bool,
}

impl Attempts {
    /// What a line adds to the attempts that are known.
    pub(super) fn added(&mut self, event: &Event, now: Now) -> i32 {
        let kinds = [EventKind::LoginFailed, EventKind::LoginModule, EventKind::LoginAccepted];
        if !kinds.contains(&event.kind) {
            return 0;
        }
        let connection = Arc::new(Connection {
            host: event.host.clone(),
            process: process(&event.program).into(),
            address: event.from.address,
        });
        let is_apart = |last: EventTime| last.0.abs_diff(event.happened_at.0) > APART.0.unsigned_abs();
        let added = self.0.hear(
            &*connection,
            || connection.clone(),
            now,
            |told| {
                if told.last.is_some_and(is_apart) {
                    *told = Voices::default();
                }
                let before = told.attempts();
                told.take(event);
                told.last = Some(event.happened_at);
                i64::from(told.attempts()) - i64::from(before)
            },
        );
        self.0.keep(if event.known { CONNECTIONS } else { CONNECTIONS_OF_UNKNOWN });
        added.clamp(i32::MIN.into(), i32::MAX.into()) as i32
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those that were taken before a moment: nothing belongs to them any more.
    pub(super) fn forget(&mut self, oldest: Now) {
        self.0.forget(oldest);
    }
}

impl Voices {
    fn take(&mut self, event: &Event) {
        match event.kind {
            EventKind::LoginAccepted => self.accepted = true,
            EventKind::LoginFailed => self.failed = self.failed.saturating_add(event.weight),
            _ => {
                let named = event.attributes.iter().find(|(name, _)| &**name == "module");
                let is_sum = event.message.contains(" more authentication failure");
                match (named, is_sum) {
                    // A sum without a name is of whoever spoke before.
                    (None, true) if !self.modules.is_empty() => {
                        self.modules.values_mut().for_each(|told| *told = told.saturating_add(event.weight));
                    }
                    (named, _) => {
                        let module = named.map_or("", |(_, module)| module);
                        let is_one_more = self.modules.len() >= MODULES && !self.modules.contains_key(module);
                        let module = if is_one_more { "" } else { module };
                        let told = self.modules.entry(module.into()).or_default();
                        *told = told.saturating_add(event.weight);
                    }
                }
            }
        }
    }

    fn attempts(&self) -> u32 {
        match self.accepted {
            true => self.failed,
            false => self.modules.values().copied().fold(self.failed, u32::max),
        }
    }
}

/// The number of a process, from what wrote a line: `5100` of `sshd[5100]`; all of it where there is none.
fn process(program: &str) -> &str {
    let number = program.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    number.unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use ioc_model::event::{Endpoint, one_spelling};

    use super::*;

    fn line(kind: EventKind, process: u32, address: &str, at: i64) -> Event {
        Event {
            kind,
            host: "srv-a".into(),
            program: format!("sshd[{process}]").into(),
            from: Endpoint { address: one_spelling(address), port: None },
            happened_at: EventTime(at * 1_000),
            weight: 1,
            ..Event::default()
        }
    }

    fn module(name: &str, event: Event) -> Event {
        Event { kind: EventKind::LoginModule, attributes: vec![("module".into(), name.into())], ..event }
    }

    fn sum(lines: impl IntoIterator<Item = Event>) -> i32 {
        let mut attempts = Attempts::default();
        lines.into_iter().map(|line| attempts.added(&line, Now(0))).sum()
    }

    const ATTACKER: &str = "203.0.113.20";

    #[test]
    fn what_several_lines_tell_of_one_connection_is_counted_once() {
        use EventKind::{LoginAccepted, LoginFailed, LoginModule, LoginProbe};
        let failed = |at| line(LoginFailed, 5_100, ATTACKER, at);
        let of = |at| line(LoginModule, 5_100, ATTACKER, at);
        let more = |weight| Event {
            weight,
            message: format!("PAM {weight} more authentication failures; rhost={ATTACKER}").into(),
            ..of(10)
        };
        // A connection of seven lines.
        let lines = vec![module("pam_unix", of(0)), failed(2), failed(6), failed(10), more(2)];
        assert_eq!(sum(lines), 3);
        // Only PAM's lines exist.
        assert_eq!(sum([module("pam_unix", of(0)), more(5)]), 6);
        // Two modules, one after the other, of one attempt.
        assert_eq!(sum([module("pam_unix", of(0)), module("pam_sss", of(0)), failed(2)]), 1);
        // The first failed, the next let in.
        assert_eq!(sum([module("pam_unix", of(0)), line(LoginAccepted, 5_100, ATTACKER, 0)]), 0);
        // Wrong once, then right.
        assert_eq!(sum([module("pam_unix", of(0)), failed(2), line(LoginAccepted, 5_100, ATTACKER, 9)]), 1);
        assert_eq!(sum([line(LoginProbe, 5_100, ATTACKER, 0)]), 0);
    }

    #[test]
    fn connections_are_told_apart_by_process_address_and_time() {
        let failed = |process, address, at| line(EventKind::LoginFailed, process, address, at);
        let spoken = |process, address, at| module("pam_unix", failed(process, address, at));
        assert_eq!(sum([spoken(1, ATTACKER, 0), failed(2, ATTACKER, 1)]), 2);
        assert_eq!(sum([spoken(1, ATTACKER, 0), failed(1, "203.0.113.21", 1)]), 2);
        assert_eq!(sum([spoken(1, ATTACKER, 0), failed(1, ATTACKER, 1)]), 1);
        assert_eq!(sum([spoken(1, ATTACKER, 0), failed(1, ATTACKER, 601)]), 2);
    }

    #[test]
    fn bound_connections_are_forgotten_the_one_unheard_longest_first() {
        for (known, most) in [(true, CONNECTIONS), (false, CONNECTIONS_OF_UNKNOWN)] {
            let mut attempts = Attempts::default();
            let failed = |process| Event { known, ..line(EventKind::LoginFailed, process, ATTACKER, 0) };
            for process in 0..=most as u32 {
                assert_eq!(attempts.added(&failed(process), Now(0)), 1);
            }
            let _ = attempts.added(&failed(1), Now(9));
            assert_eq!(attempts.0.in_order().len(), most);
            let mut attempts: Attempts =
                postcard::from_bytes(&postcard::to_stdvec(&attempts).unwrap()).unwrap();
            attempts.forget(Now(9));
            let left: Vec<&str> =
                attempts.0.in_order().into_iter().map(|connection| &*connection.process).collect();
            assert_eq!(left, ["1"], "an hour later only what was heard again is kept");
            attempts.forget(Now(10));
            assert!(attempts.is_empty());
        }
    }
}

//! What happened at the door, each kind about each client counted and said again only so often.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_model::time::Now;

/// Notices kept; the one longest not repeated goes first.
pub(super) const NOTICES_KEPT: usize = 256;
/// A notice about the same client is said again after so long.
pub(super) const SAID_AGAIN: Duration = Duration::from_secs(60);
/// Lines of all notices together in that time: a flood of made-up names must not fill a disk.
pub(super) const LINES: u32 = 30;

/// What happened at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DoorEvent {
    /// A client came again under its identifier, and its former connection was ended.
    TakenOver,
    /// No or wrong credentials.
    WrongCredentials,
    /// A version nobody speaks here.
    WrongVersion,
    /// Sent to a feed that is not the sender's.
    Forbidden,
    /// Sent a message without a value in it.
    Empty,
    /// Sent what could not be cut into messages.
    Framing,
    /// The system dropped what was sent before it was read.
    Dropped,
    /// What it wrote was gone before it was read.
    Lost,
    /// Its lines are taken, and not told apart from those of others.
    Untold,
    /// Refused for another reason.
    Refused,
}

impl DoorEvent {
    /// Its stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DoorEvent::TakenOver => "taken_over",
            DoorEvent::WrongCredentials => "wrong_credentials",
            DoorEvent::WrongVersion => "wrong_version",
            DoorEvent::Forbidden => "forbidden",
            DoorEvent::Empty => "empty",
            DoorEvent::Framing => "framing",
            DoorEvent::Dropped => "dropped",
            DoorEvent::Lost => "lost",
            DoorEvent::Untold => "untold",
            DoorEvent::Refused => "refused",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            DoorEvent::TakenOver => {
                "a client identifier is taken over: the same client came again, or two have one identifier"
            }
            DoorEvent::WrongCredentials => "wrong user or password",
            DoorEvent::WrongVersion => "a version that is not spoken here",
            DoorEvent::Forbidden => "sent to a feed of others",
            DoorEvent::Empty => "an empty message delivers nothing",
            DoorEvent::Framing => "a connection is framed wrongly: a piece of it is kept, and is no message",
            DoorEvent::Dropped => "the system dropped datagrams before they could be read",
            DoorEvent::Lost => "what was sent or written was gone before it could be read",
            DoorEvent::Untold => "a sender is not told apart from others: too many addresses came before it",
            DoorEvent::Refused => "a client is refused",
        }
    }
}

/// Something that happened at the door, once or many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub what: DoorEvent,
    /// The transport's word.
    pub transport: &'static str,
    /// The user name the client gave.
    pub user: Arc<str>,
    /// Its client identifier.
    pub client_id: Arc<str>,
    /// Where it came from last.
    pub peer: Option<SocketAddr>,
    /// Of a take-over: where the connection that was ended came from.
    pub former: Option<SocketAddr>,
    /// Why, in an operator's words.
    pub why: String,
    /// How often.
    pub count: u64,
    /// First time.
    pub first: Now,
    /// Last time.
    pub last: Now,
}

/// The notices kept, and how many lines may still be said of them.
#[derive(Debug, Default)]
pub(super) struct Notices {
    kept: HashMap<Key, Kept>,
    lines: Lines,
}

/// What, by which transport, the user, the client identifier.
pub(super) type Key = (DoorEvent, &'static str, Arc<str>, Arc<str>);

#[derive(Debug)]
struct Kept {
    notice: Notice,
    at: Instant,
    said_at: Option<Instant>,
    unsaid: u64,
}

/// How many lines were asked for in the minute that began then.
#[derive(Debug, Default)]
struct Lines {
    since: Option<Instant>,
    written: u32,
}

impl Lines {
    fn has_room(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= SAID_AGAIN) {
            *self = Lines { since: Some(now), written: 0 };
        }
        self.written += 1;
        self.written <= LINES
    }
}

impl Notices {
    /// Counts so many; it is given back with the number of those that were not said where it is due to be said.
    pub(super) fn note(
        &mut self,
        key: Key,
        peer: Option<SocketAddr>,
        former: Option<SocketAddr>,
        why: &str,
        times: u64,
        (at, now): (Instant, Now),
    ) -> Option<(Notice, u64)> {
        let what = key.0;
        if self.kept.len() >= NOTICES_KEPT && !self.kept.contains_key(&key) {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                let _forgotten = self.kept.remove(&oldest);
            }
        }
        let kept = self.kept.entry(key).or_insert_with_key(|(_, transport, user, client_id)| Kept {
            notice: Notice {
                what,
                transport,
                user: user.clone(),
                client_id: client_id.clone(),
                peer: None,
                former: None,
                why: String::new(),
                count: 0,
                first: now,
                last: now,
            },
            at,
            said_at: None,
            unsaid: 0,
        });
        let notice = &mut kept.notice;
        notice.count += times;
        (notice.peer, notice.former, notice.last) = (peer, former, now);
        why.clone_into(&mut notice.why);
        kept.at = at;
        let is_due = kept.said_at.is_none_or(|said| at.duration_since(said) >= SAID_AGAIN);
        if !is_due || !self.lines.has_room(at) {
            kept.unsaid += 1;
            return None;
        }
        kept.said_at = Some(at);
        let unsaid = std::mem::take(&mut kept.unsaid);
        let notice = kept.notice.clone();
        Some((notice, unsaid))
    }

    /// What happened within that time, the newest first.
    pub(super) fn recent(&self, within: Duration) -> Vec<Notice> {
        let now = Instant::now();
        let recent = self.kept.values().filter(|kept| now.duration_since(kept.at) <= within);
        let mut notices: Vec<_> = recent.map(|kept| (kept.at, kept.notice.clone())).collect();
        notices.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.client_id.cmp(&other.client_id)));
        notices.into_iter().map(|(_, notice)| notice).collect()
    }

    /// Of those that were said once: what they were, and how many were not said since.
    #[cfg(test)]
    pub(super) fn said(&self) -> Vec<(DoorEvent, u64)> {
        let said = self.kept.values().filter(|kept| kept.said_at.is_some());
        said.map(|kept| (kept.notice.what, kept.unsaid)).collect()
    }
}

//! Who is logged in on the page: random identifiers, kept in memory and nowhere else.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::senders::Seal;

/// The cookie.
const COOKIE: &str = "ioc_sender";
/// A session that is not used for so long has ended,
const IDLE: Duration = Duration::from_secs(30 * 60);
/// and so has one that is a working day old.
const LONGEST: Duration = Duration::from_secs(10 * 60 * 60);
/// Sessions of all senders, and of one: the oldest makes room.
const MOST: usize = 4_096;
const MOST_OF_SENDER: usize = 16;

/// All of them. Not printed by `Debug`.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Key, Session>>);

/// An identifier's hash: what is kept opens nothing.
type Key = [u8; 32];

struct Session {
    sender: String,
    seal: Seal,
    begun: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE
            || now.saturating_duration_since(self.begun) >= LONGEST
    }
}

fn key(id: &str) -> Key {
    Sha256::digest(id.as_bytes()).into()
}

impl Sessions {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one: its identifier.
    pub(super) fn begin(&self, sender: &str, seal: Seal, now: Instant) -> String {
        let random: [u8; 32] = rand::random();
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = self.all();
        all.retain(|_, session| !session.is_over(now));
        let oldest = |all: &HashMap<Key, Session>, of: &dyn Fn(&Session) -> bool, most: usize| {
            let those = all.iter().filter(|(_, session)| of(session));
            if those.clone().count() < most {
                return None;
            }
            those.min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        };
        for key in
            [oldest(&all, &|session| session.sender == sender, MOST_OF_SENDER), oldest(&all, &|_| true, MOST)]
        {
            let _ended = key.and_then(|key| all.remove(&key));
        }
        let session = Session { sender: sender.to_owned(), seal, begun: now, used: now };
        let _none = all.insert(key(&id), session);
        id
    }

    /// The sender of a session that goes on, and the seal it began with.
    pub(super) fn find(&self, id: &str, now: Instant) -> Option<(String, Seal)> {
        let mut all = self.all();
        let session = all.get_mut(&key(id)).filter(|session| !session.is_over(now))?;
        session.used = now;
        Some((session.sender.clone(), session.seal))
    }

    /// Ends one.
    pub(super) fn end(&self, id: &str) {
        let _ended = self.all().remove(&key(id));
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} sessions", self.all().len())
    }
}

/// The identifier that a request brings.
pub(super) fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut named =
        cookies.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    named.find(|(name, _)| *name == COOKIE).map(|(_, id)| id)
}

/// The cookie of a session; without an identifier, the one that takes it away.
pub(super) fn cookie(id: Option<&str>, secure: bool) -> String {
    let (id, age) = id.map_or(("", 0), |id| (id, LONGEST.as_secs()));
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/upload; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_unused_after_a_day_and_when_it_is_told_to() {
        let (sessions, mut now) = (Sessions::default(), Instant::now());
        let (first, second) = (sessions.begin("a", [1; 32], now), sessions.begin("b", [2; 32], now));
        assert_ne!(first, second);
        assert_eq!((first.len(), sessions.find(&first, now)), (64, Some(("a".to_owned(), [1; 32]))));
        assert_eq!(sessions.find("a", now), None);
        assert!(sessions.find(&first, now + IDLE - Duration::from_secs(1)).is_some());
        assert!(sessions.find(&second, now + IDLE).is_none(), "unused");
        assert!(sessions.find(&first, now + IDLE).is_some());
        for _ in 0..24 {
            assert!(sessions.find(&first, now).is_some());
            now += LONGEST / 24;
        }
        assert!(sessions.find(&first, now).is_none(), "as old as a working day");
        let third = sessions.begin("a", [1; 32], now);
        assert!(!format!("{sessions:?}").contains(&third));
        sessions.end(&third);
        assert!(sessions.find(&third, now).is_none());
    }

    #[test]
    fn bound_a_sender_has_so_many_sessions_and_pushes_nobody_out() {
        let (sessions, mut now) = (Sessions::default(), Instant::now());
        let others = sessions.begin("b", [2; 32], now);
        let mut ids = Vec::new();
        for _ in 0..MOST_OF_SENDER + 3 {
            now += Duration::from_millis(1);
            ids.push(sessions.begin("a", [1; 32], now));
        }
        let open: Vec<bool> = ids.iter().map(|id| sessions.find(id, now).is_some()).collect();
        assert_eq!(open.iter().filter(|open| **open).count(), MOST_OF_SENDER);
        assert!(!open[0] && sessions.find(&others, now).is_some());
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        let _none = headers.insert(header::COOKIE, "a=b; ioc_sender=0f; c=d".parse().unwrap());
        assert_eq!(session_of(&headers), Some("0f"));
        assert_eq!(session_of(&HeaderMap::new()), None);
        assert!(cookie(Some("0f"), true).ends_with("HttpOnly; SameSite=Strict; Secure"));
        assert!(cookie(None, false).contains("Max-Age=0;"));
    }
}

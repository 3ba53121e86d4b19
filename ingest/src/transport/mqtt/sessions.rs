//! Which clients have a session here, kept on disk.
//!
//! Nothing is ever sent to a client, so a session is the fact that it exists, and its open exchanges
//! ([`exchanges`](super::exchanges)). That fact decides whether a client sends its unacknowledged publishes again:
//! several drop them when CONNACK says `session_present = 0`. So a new session is on disk before its CONNACK, and a
//! cleaned one is gone from it (invariant ACK, in the other direction: what we say is true after `kill -9` too).
//!
//! The store is one append-only file of JSON lines, rewritten when most of it is outdated. One thread writes what
//! changed since it last looked and syncs once for all who wait, so that five thousand gateways coming back at once
//! cost a few syncs. A torn last line is what a crash leaves; a line that makes no sense costs the session it
//! belonged to, and is logged. After a failed write the whole file is written anew, so a disk that was full is only
//! a time during which new sessions are refused.
//!
//! Sessions are bounded in number and in age (invariant BOUND). When there are too many, the one longest without a
//! connection goes, first among its sender's own (invariant SAFE).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    counters::MqttCounters,
    exchange_book::{ExchangeBook, ExchangesError},
    exchanges::{Exchanges, SessionExchanges},
    session::{ClientKey, Session},
    session_lines::{LinesFile, line_of, read_lines},
};
use ioc_bus::{SharedBus, clock::Clock};

const FILE: &str = "sessions.jsonl";
/// How often sessions whose time is over are looked for: what they have open counts against their sender until then.
const SWEEP_EVERY: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 60_000 });
/// Outdated lines the file may hold beside as many as there are sessions.
const SPARE_LINES: usize = if cfg!(test) { 64 } else { 4_096 };

/// How many sessions, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionLimits {
    pub(super) most: usize,
    /// Seconds a session may outlive its connection.
    pub(super) longest: u32,
}

/// Why sessions cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SessionsError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The session could not be made durable. The next one is tried afresh.
    #[error("a session could not be stored")]
    NotStored,
    /// What is open in sessions cannot be kept.
    #[error(transparent)]
    Exchanges(#[from] ExchangesError),
    /// Every session there may be belongs to a connected client.
    #[error("there are too many sessions")]
    TooMany,
}

/// The store.
#[derive(Debug)]
pub(super) struct Sessions {
    /// First, so that it is closed before the sessions it tells of are gone.
    _book: Option<ExchangeBook>,
    shared: Arc<Shared>,
    exchanges: Arc<Exchanges>,
    limits: SessionLimits,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    sessions: BTreeMap<ClientKey, Session>,
    /// What those have open; forgotten with them.
    exchanges: BTreeMap<ClientKey, Arc<SessionExchanges>>,
    /// Sessions whose line in the file is outdated.
    unwritten: BTreeSet<ClientKey>,
    waiting: Vec<oneshot::Sender<bool>>,
    /// The writer is asked to look.
    asked: bool,
    closing: bool,
}

/// What a CONNECT found and made.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// There was a session and it goes on.
    pub(super) present: bool,
    /// Seconds it will outlive its connection.
    pub(super) lifetime: u32,
    pub(super) exchanges: Arc<SessionExchanges>,
}

impl Sessions {
    /// Opens the store in a folder, which is created if need be. A session that was connected when the process
    /// ended counts as disconnected from now. What is open in sessions is kept beside it, and in the log.
    pub(super) fn open(
        folder: &Path,
        limits: SessionLimits,
        bus: SharedBus,
        counters: Arc<MqttCounters>,
    ) -> Result<Sessions, SessionsError> {
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| SessionsError::Io { action, path, source }
        };
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io("read", &path)(error)),
        };
        let now = now();
        let mut sessions = read_lines(&text);
        for session in sessions.values_mut() {
            session.lifetime = session.lifetime.min(limits.longest);
            let _since = session.since.get_or_insert(now);
        }
        sessions.retain(|_, session| !session.is_over(now));
        let all = Exchanges::new(counters);
        let mut exchanges = BTreeMap::new();
        for (key, session) in &mut sessions {
            let own = match session.number {
                0 => all.begin(key.sender()),
                number => all.resume(key.sender(), number),
            };
            session.number = own.number();
            let _new = exchanges.insert(key.clone(), own);
        }
        let file = LinesFile::rewrite(&path, &sessions).map_err(io("write", &path))?;
        let senders = exchanges.values().map(|own| (own.number(), own.sender().clone())).collect();
        let book = ExchangeBook::open(folder, bus, all.clone(), &senders)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State { sessions, exchanges, ..State::default() }),
            ..Shared::default()
        });
        let writer = std::thread::Builder::new()
            .name("mqtt-sessions".to_owned())
            .spawn({
                let shared = shared.clone();
                move || shared.write_until_closed(file)
            })
            .map_err(io("start the writer of", &path))?;
        Ok(Sessions { shared, exchanges: all, _book: Some(book), limits, writer: Some(writer) })
    }

    /// Begins or resumes the session of a client that connects, or ends it if it asks for a clean one that does not
    /// outlive its connection. Resolves when that is on disk.
    pub(super) async fn begin(
        &self,
        key: &ClientKey,
        clean: bool,
        lifetime: u32,
    ) -> Result<Begun, SessionsError> {
        let lifetime = lifetime.min(self.limits.longest);
        let (begun, is_needed, durable) = {
            let mut state = self.shared.lock();
            let now = now();
            let before = state.sessions.get(key).filter(|session| !session.is_over(now)).copied();
            let is_stored = before.is_some_and(|session| session.is_stored);
            let present = is_stored && !clean;
            let resumed = before.filter(|_| present).and_then(|_| state.exchanges.get(key).cloned());
            let is_resumed = resumed.is_some();
            let exchanges = resumed.unwrap_or_else(|| self.exchanges.begin(key.sender()));
            let number = exchanges.number();
            let begun = Begun { present, lifetime, exchanges: exchanges.clone() };
            let is_unwritten = state.unwritten.contains(key);
            // What a client is told depends on it.
            let is_needed = match before {
                Some(session) => session.lifetime != lifetime || !is_stored || !is_resumed,
                None => lifetime > 0 || is_unwritten || state.sessions.contains_key(key),
            };
            // Its age starts anew when this connection ends, also if that is by a crash.
            let is_wanted = before.is_some_and(|session| session.since.is_some()) || is_unwritten;
            if lifetime == 0 {
                state.forget(key);
            } else {
                if before.is_none() && !state.sessions.contains_key(key) {
                    state.make_room(key, self.limits.most, now)?;
                }
                let session = Session { lifetime, since: None, number, is_stored };
                let _before = state.sessions.insert(key.clone(), session);
                let _before = state.exchanges.insert(key.clone(), exchanges);
            }
            if !is_needed && !is_wanted {
                return Ok(begun);
            }
            let _new = state.unwritten.insert(key.clone());
            let (done, durable) = oneshot::channel();
            state.waiting.push(done);
            state.asked = true;
            self.shared.changed.notify_one();
            (begun, is_needed, durable)
        };
        match durable.await {
            Ok(true) => Ok(begun),
            _ if is_needed => Err(SessionsError::NotStored),
            _ => Ok(begun),
        }
    }

    /// Notes that a client's connection ended; its session goes on for as long as was agreed, or as its DISCONNECT
    /// says now. Not waited for: a crash before it is written only lets the session live longer.
    pub(super) fn end(&self, key: &ClientKey, lifetime: Option<u32>) {
        let mut state = self.shared.lock();
        let Some(session) = state.sessions.get_mut(key) else {
            return;
        };
        session.since = Some(now());
        if let Some(lifetime) = lifetime {
            session.lifetime = lifetime.min(self.limits.longest);
        }
        if session.lifetime == 0 {
            state.forget(key);
        }
        let _new = state.unwritten.insert(key.clone());
        state.asked = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of sessions panicked");
        }
    }
}

impl State {
    fn make_room(&mut self, key: &ClientKey, most: usize, now: i64) -> Result<(), SessionsError> {
        if self.sessions.len() < most {
            return Ok(());
        }
        self.forget_over(now);
        if self.sessions.len() < most {
            return Ok(());
        }
        let longest_away = |own: bool| {
            self.sessions
                .iter()
                .filter(|(other, _)| !own || other.sender() == key.sender())
                .filter_map(|(key, session)| session.since.map(|since| (since, key)))
                .min()
                .map(|(_, key)| key.clone())
        };
        let goes = longest_away(true).or_else(|| longest_away(false)).ok_or(SessionsError::TooMany)?;
        self.forget(&goes);
        let _new = self.unwritten.insert(goes);
        Ok(())
    }

    /// Forgets the sessions whose time is over, and what they have open.
    fn forget_over(&mut self, now: i64) {
        let over: Vec<ClientKey> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.is_over(now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            self.forget(&key);
            let _new = self.unwritten.insert(key);
        }
    }

    fn forget(&mut self, key: &ClientKey) {
        let _ended = self.sessions.remove(key);
        let _ended = self.exchanges.remove(key);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_until_closed(&self, mut file: LinesFile) {
        let mut is_broken = false;
        let mut swept = Instant::now();
        loop {
            let mut state = self.lock();
            while !state.asked && !state.closing && swept.elapsed() < SWEEP_EVERY {
                let woken = self.changed.wait_timeout(state, SWEEP_EVERY);
                (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
            }
            if swept.elapsed() >= SWEEP_EVERY {
                swept = Instant::now();
                state.forget_over(now());
            }
            state.asked = false;
            let keys = std::mem::take(&mut state.unwritten);
            let waiting = std::mem::take(&mut state.waiting);
            let closing = state.closing;
            if keys.is_empty() && waiting.is_empty() && !closing {
                continue;
            }
            let is_outdated = file.lines + keys.len() > 2 * state.sessions.len() + SPARE_LINES;
            let all = (is_broken || is_outdated).then(|| state.sessions.clone());
            let lines: Vec<u8> = match &all {
                Some(_) => Vec::new(),
                None => keys.iter().flat_map(|key| line_of(key, state.sessions.get(key))).collect(),
            };
            drop(state);
            let outcome = match &all {
                Some(sessions) => LinesFile::rewrite(&file.path, sessions).map(|fresh| file = fresh),
                None => file.append(&lines, keys.len(), !waiting.is_empty()),
            };
            is_broken = outcome.is_err();
            let mut state = self.lock();
            match &outcome {
                Ok(()) => {
                    for key in &keys {
                        if let Some(session) = state.sessions.get_mut(key) {
                            session.is_stored = true;
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(path = %file.path.display(), %error, "sessions cannot be stored: new ones are refused");
                    state.unwritten.extend(keys);
                }
            }
            drop(state);
            for done in waiting {
                // Whoever waited may be gone.
                let _gone = done.send(outcome.is_ok());
            }
            if closing {
                return;
            }
        }
    }
}

fn now() -> i64 {
    Clock::Machine.now().0
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use ioc_bus::{DiskLog, DiskLogConfig};

    use super::*;
    use crate::transport::mqtt::exchanges::Taken;

    const LIMITS: SessionLimits = SessionLimits { most: 3, longest: 1_000 };

    fn opened(folder: &Path) -> Result<Sessions, SessionsError> {
        // Another one each time: that of a killed process is still held.
        let folder_of_log = folder.join(format!("log-{}", rand::random::<u64>()));
        let config = DiskLogConfig { folder: folder_of_log, partitions: 1, ..DiskLogConfig::default() };
        let log = DiskLog::open(&config).expect("a log");
        Sessions::open(folder, LIMITS, Arc::new(log), Arc::default())
    }

    fn key(client: &str) -> ClientKey {
        ClientKey::new("gateway", client)
    }

    async fn present(sessions: &Sessions, client: &str, clean: bool, lifetime: u32) -> bool {
        sessions.begin(&key(client), clean, lifetime).await.expect("stored").present
    }

    #[tokio::test]
    async fn a_session_outlives_the_process_and_a_cleaned_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || opened(folder.path()).expect("opened");
        let sessions = open();
        assert!(!present(&sessions, "lasting", false, u32::MAX).await);
        assert!(!present(&sessions, "cleaned", false, 100).await);
        assert!(!present(&sessions, "fleeting", false, 0).await);
        assert!(present(&sessions, "cleaned", false, 100).await);
        assert!(!present(&sessions, "cleaned", true, 0).await);
        // A killed process drops nothing in order: the file alone must tell.
        std::mem::forget(sessions);
        let sessions = open();
        assert!(present(&sessions, "lasting", false, u32::MAX).await);
        assert!(!present(&sessions, "cleaned", false, 0).await);
        assert!(!present(&sessions, "fleeting", false, 0).await);
    }

    #[tokio::test]
    async fn a_clean_start_is_never_present_but_may_begin_a_lasting_session() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        assert!(!present(&sessions, "a", true, 100).await);
        assert!(!present(&sessions, "a", true, 100).await);
        assert!(present(&sessions, "a", false, 100).await);
    }

    #[tokio::test]
    async fn a_session_ends_with_its_lifetime() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        assert!(!present(&sessions, "a", false, 10).await);
        sessions.end(&key("a"), None);
        sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 9_000);
        assert!(present(&sessions, "a", false, 10).await);
        sessions.end(&key("a"), None);
        sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 10_000);
        assert!(!present(&sessions, "a", false, 10).await);
        sessions.end(&key("a"), Some(0));
        assert!(!present(&sessions, "a", false, 10).await, "its DISCONNECT ended it");
        assert_eq!(
            sessions.begin(&key("a"), false, u32::MAX).await.expect("stored").lifetime,
            LIMITS.longest
        );
    }

    #[tokio::test]
    async fn bound_what_a_session_has_open_ends_with_its_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        let begun = sessions.begin(&key("a"), false, 10).await.expect("stored");
        let mut opening = None;
        let taken = begun.exchanges.publish(1, false, None, &mut opening, true);
        assert!(matches!(taken, Taken::New));
        sessions.end(&key("a"), None);
        tokio::time::sleep(5 * SWEEP_EVERY).await;
        assert!(sessions.shared.lock().sessions.contains_key(&key("a")), "its time is not over");
        sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 10_000);
        while sessions.shared.lock().exchanges.contains_key(&key("a")) {
            tokio::time::sleep(SWEEP_EVERY).await;
        }
        drop(sessions);
        let text = std::fs::read_to_string(folder.path().join(FILE)).expect("read");
        assert_eq!(text.lines().count(), 3, "begun, ended, forgotten");
    }

    #[tokio::test]
    async fn bound_the_session_longest_away_goes_first_among_the_senders_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        for (sender, client, since) in
            [("other", "old", 1_000), ("gateway", "away", 2_000), ("gateway", "here", 0)]
        {
            let key = ClientKey::new(sender, client);
            let _begun = sessions.begin(&key, false, 1_000).await.expect("stored");
            if since > 0 {
                sessions.shared.lock().sessions.get_mut(&key).expect("kept").since = Some(now() - since);
            }
        }
        let kept =
            |sender, client| sessions.shared.lock().sessions.contains_key(&ClientKey::new(sender, client));
        assert!(!present(&sessions, "new", false, 1_000).await);
        assert!(kept("other", "old") && !kept("gateway", "away"));
        assert!(!present(&sessions, "newer", false, 1_000).await);
        assert!(!kept("other", "old"));
        assert!(matches!(sessions.begin(&key("newest"), false, 1_000).await, Err(SessionsError::TooMany)));
        assert!(!present(&sessions, "fleeting", true, 0).await, "no room is needed for none");
    }

    #[tokio::test]
    async fn torn_and_damaged_lines_cost_only_their_session() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        assert!(!present(&sessions, "a", false, 100).await);
        assert!(!present(&sessions, "b", false, 100).await);
        drop(sessions);
        let path = folder.path().join(FILE);
        let mut text = std::fs::read(&path).expect("read");
        text.splice(0..0, *b"\0\0garbage\n");
        text.extend_from_slice(b"{\"client\":\"gateway/a\"");
        std::fs::write(&path, text).expect("written");
        let sessions = opened(folder.path()).expect("opened");
        assert!(present(&sessions, "a", false, 100).await);
        assert!(present(&sessions, "b", false, 100).await);
    }

    #[tokio::test]
    async fn bound_the_file_is_rewritten_when_most_of_it_is_outdated() {
        let folder = tempfile::tempdir().expect("a folder");
        let sessions = opened(folder.path()).expect("opened");
        let _begun = sessions.begin(&key("a"), false, 100).await.expect("stored");
        for round in 0..2 * SPARE_LINES as u32 {
            assert!(present(&sessions, "a", false, 200 + round).await);
        }
        drop(sessions);
        let text = std::fs::read_to_string(folder.path().join(FILE)).expect("read");
        assert!(text.lines().count() < 2 * SPARE_LINES, "{} lines", text.lines().count());
    }

    #[tokio::test]
    async fn loud_while_the_disk_refuses_new_sessions_are_refused_and_known_ones_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("away").join(FILE);
        // A file that can only be read, in a folder that is not there, stands in for a disk that refuses.
        let readable = folder.path().join("readable");
        std::fs::write(&readable, "").expect("written");
        let broken = LinesFile { path: path.clone(), file: File::open(&readable).expect("opened"), lines: 0 };
        let shared = Arc::new(Shared::default());
        let all = Exchanges::new(Arc::default());
        let own = all.begin("gateway");
        let known = Session { lifetime: 100, since: Some(now()), number: own.number(), is_stored: true };
        let _none = shared.lock().sessions.insert(key("known"), known);
        let _none = shared.lock().exchanges.insert(key("known"), own);
        let writer = std::thread::spawn({
            let shared = shared.clone();
            move || shared.write_until_closed(broken)
        });
        let sessions = Sessions { shared, exchanges: all, _book: None, limits: LIMITS, writer: Some(writer) };
        for _attempt in 0..2 {
            assert!(matches!(sessions.begin(&key("new"), false, 100).await, Err(SessionsError::NotStored)));
            assert!(present(&sessions, "known", false, 100).await);
        }
        std::fs::create_dir(folder.path().join("away")).expect("made");
        assert!(!present(&sessions, "new", false, 100).await, "it was never stored before");
        assert!(present(&sessions, "new", false, 100).await);
        drop(sessions);
        let text = std::fs::read_to_string(&path).expect("written anew");
        assert!(text.contains("gateway/known") && text.contains("gateway/new"));
    }
}

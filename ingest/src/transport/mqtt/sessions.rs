//! Which clients have a session here, kept on disk.
//!
//! A session is the fact that it exists, what it is subscribed to, and its open exchanges
//! ([`exchanges`](super::exchanges)). What it is still to be told is kept in memory only ([`say`](super::say)). That fact decides whether a client sends its unacknowledged publishes again:
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
    say::{Listener, Listeners, Subscription},
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
    listeners: Arc<Listeners>,
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
    /// Those as they are spoken to.
    listening: BTreeMap<ClientKey, Arc<Listener>>,
    listeners: Arc<Listeners>,
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
    pub(super) listener: Arc<Listener>,
}

impl Sessions {
    /// Opens the store in a folder, which is created if need be. A session that was connected when the process
    /// ended counts as disconnected from now. What is open in sessions is kept beside it, and in the log.
    pub(super) fn open(
        folder: &Path,
        limits: SessionLimits,
        bus: SharedBus,
        counters: Arc<MqttCounters>,
        listeners: Arc<Listeners>,
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
        let (mut exchanges, mut listening) = (BTreeMap::new(), BTreeMap::new());
        for (key, session) in &mut sessions {
            let own = match session.number {
                0 => all.begin(key.sender()),
                number => all.resume(key.sender(), number),
            };
            session.number = own.number();
            let _new = exchanges.insert(key.clone(), own);
            let listener = listeners.enter(key, &session.subscriptions);
            let _new = listening.insert(key.clone(), listener);
        }
        let file = LinesFile::rewrite(&path, &sessions).map_err(io("write", &path))?;
        let senders = exchanges.values().map(|own| (own.number(), own.sender().clone())).collect();
        let book = ExchangeBook::open(folder, bus, all.clone(), &senders)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                sessions,
                exchanges,
                listening,
                listeners: listeners.clone(),
                ..State::default()
            }),
            ..Shared::default()
        });
        let writer = std::thread::Builder::new()
            .name("mqtt-sessions".to_owned())
            .spawn({
                let shared = shared.clone();
                move || shared.write_until_closed(file)
            })
            .map_err(io("start the writer of", &path))?;
        Ok(Sessions { shared, exchanges: all, listeners, _book: Some(book), limits, writer: Some(writer) })
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
            let before = state.sessions.get(key).filter(|session| !session.is_over(now)).cloned();
            let is_stored = before.as_ref().is_some_and(|session| session.is_stored);
            let present = is_stored && !clean;
            let resumed = state.exchanges.get(key).cloned().zip(state.listening.get(key).cloned());
            let resumed = resumed.filter(|_| present);
            let is_resumed = resumed.is_some();
            let (exchanges, listener) = resumed.unwrap_or_else(|| {
                (self.exchanges.begin(key.sender()), self.listeners.enter(key, &Arc::default()))
            });
            let subscriptions = before.as_ref().filter(|_| is_resumed);
            let subscriptions =
                subscriptions.map(|session| session.subscriptions.clone()).unwrap_or_default();
            let number = exchanges.number();
            let begun = Begun { present, lifetime, exchanges: exchanges.clone(), listener: listener.clone() };
            let is_unwritten = state.unwritten.contains(key);
            // What a client is told depends on it.
            let is_needed = match &before {
                Some(session) => session.lifetime != lifetime || !is_stored || !is_resumed,
                None => lifetime > 0 || is_unwritten || state.sessions.contains_key(key),
            };
            // Its age starts anew when this connection ends, also if that is by a crash.
            let is_wanted = before.as_ref().is_some_and(|session| session.since.is_some()) || is_unwritten;
            if lifetime == 0 {
                let _goes_on = state.forget_kept(key);
            } else {
                if before.is_none() && !state.sessions.contains_key(key) {
                    state
                        .make_room(key, self.limits.most, now)
                        .inspect_err(|_| self.listeners.leave(&listener))?;
                }
                let session = Session { lifetime, since: None, number, is_stored, subscriptions };
                let _before = state.sessions.insert(key.clone(), session);
                let _before = state.exchanges.insert(key.clone(), exchanges);
                let _before = state.listening.insert(key.clone(), listener);
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

    /// Keeps what a session is subscribed to now. Resolves when that is on disk, at once for one that does not outlive its
    /// connection. False if it could not be written.
    pub(super) fn subscribed(
        &self,
        listener: &Arc<Listener>,
        subscriptions: Arc<[Subscription]>,
    ) -> impl Future<Output = bool> + Send + 'static {
        let mut state = self.shared.lock();
        let key = listener.key();
        let is_its_own = state.listening.get(key).is_some_and(|own| Arc::ptr_eq(own, listener));
        let is_unwritten = state.unwritten.contains(key);
        let session = state.sessions.get_mut(key).filter(|_| is_its_own);
        let changed = session.filter(|session| is_unwritten || session.subscriptions != subscriptions);
        let is_changed = changed.map(|session| session.subscriptions = subscriptions).is_some();
        let durable = is_changed.then(|| {
            let (done, durable) = oneshot::channel();
            let _new = state.unwritten.insert(key.clone());
            state.waiting.push(done);
            state.asked = true;
            self.shared.changed.notify_one();
            durable
        });
        async {
            match durable {
                Some(durable) => durable.await.unwrap_or(false),
                None => true,
            }
        }
    }

    /// Notes that a client's connection ended; its session goes on for as long as was agreed, or as its DISCONNECT
    /// says now. Not waited for: a crash before it is written only lets the session live longer.
    pub(super) fn end(&self, listener: &Arc<Listener>, lifetime: Option<u32>) {
        let key = listener.key();
        let mut state = self.shared.lock();
        let Some(session) = state.sessions.get_mut(key) else {
            return self.listeners.leave(listener);
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
        if let Some(listener) = self.forget_kept(key) {
            self.listeners.leave(&listener);
        }
    }

    /// Of one that goes on without being kept.
    fn forget_kept(&mut self, key: &ClientKey) -> Option<Arc<Listener>> {
        let _ended = self.sessions.remove(key);
        let _ended = self.exchanges.remove(key);
        self.listening.remove(key)
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
mod tests;

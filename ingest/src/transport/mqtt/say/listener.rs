//! A session as it is spoken to: what it is subscribed to, and what it is still to be told.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::{sync::Notify, time::Instant};

use super::{
    SharedSaid, Subscription,
    outbox::{Letter, Outbox, Outcome, Takes},
};
use crate::transport::mqtt::session::ClientKey;

/// Letters that may wait in all sessions.
const MOST_LETTERS: u64 = 200_000;

/// A session that may hear something.
#[derive(Debug)]
pub(in super::super) struct Listener {
    key: ClientKey,
    state: Mutex<State>,
    /// Letters of all sessions, these among them.
    letters: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    subscriptions: Arc<[Subscription]>,
    outbox: Outbox,
    line: Option<Line>,
}

/// The connection that a session has now. Another one makes the one before it deaf.
#[derive(Clone, Debug)]
pub(in super::super) struct Line {
    takes: Takes,
    due: Arc<Notify>,
}

impl Line {
    /// Resolves when something may be due.
    pub(in super::super) async fn due(&self) {
        self.due.notified().await;
    }
}

impl Listener {
    pub(super) fn new(
        key: ClientKey,
        subscriptions: Arc<[Subscription]>,
        letters: Arc<AtomicU64>,
    ) -> Listener {
        Listener { key, state: Mutex::new(State { subscriptions, ..State::default() }), letters }
    }

    pub(in super::super) fn key(&self) -> &ClientKey {
        &self.key
    }

    pub(in super::super) fn subscriptions(&self) -> Arc<[Subscription]> {
        self.with(|state| state.subscriptions.clone())
    }

    pub(super) fn subscribe(&self, subscriptions: Arc<[Subscription]>) {
        self.with(|state| state.subscriptions = subscriptions);
    }

    /// A connection of its client begins: what was not acknowledged is due again.
    pub(super) fn connect(&self, takes: Takes) -> Line {
        let line = Line { takes, due: Arc::new(Notify::new()) };
        self.with(|state| {
            state.outbox.begin_again();
            state.line = Some(line.clone());
        });
        line
    }

    /// That connection is over. What is said meanwhile waits, also of quality of service 0: a session that is present does
    /// not subscribe anew, and would not hear what is retained.
    pub(super) fn disconnect(&self, line: &Line) {
        self.with(|state| {
            if state.is_of(line) {
                state.line = None;
            }
        });
    }

    /// It has ended. How many filters it was subscribed to, and how many letters go with it.
    pub(super) fn end(&self) -> (usize, u64) {
        self.with(|state| {
            let State { subscriptions, outbox, .. } = std::mem::take(state);
            (subscriptions.len(), outbox.len() as u64)
        })
    }

    /// Takes something that was said, if it is subscribed to it: with one of these subscriptions, where they are given. What
    /// was said before somebody subscribed carries RETAIN.
    pub(super) fn put(&self, said: &SharedSaid, of: Option<&[Subscription]>) -> Put {
        self.with(|state| {
            let own = state.subscriptions.clone();
            let matching: Vec<&Subscription> =
                of.unwrap_or(&own).iter().filter(|subscription| subscription.matches(said)).collect();
            let Some(qos) = matching.iter().map(|subscription| subscription.qos).max() else {
                return Put::NotSubscribed;
            };
            let qos = qos.min(said.qos);
            let as_published = matching.iter().any(|subscription| subscription.as_published);
            let letter = Letter {
                said: said.clone(),
                qos,
                retain: said.is_retained && (of.is_some() || as_published),
                identifiers: matching.iter().filter_map(|subscription| subscription.identifier).collect(),
            };
            let mut dropped = state.outbox.put(letter);
            if self.letters.load(Ordering::Relaxed) >= MOST_LETTERS && state.outbox.drop_oldest() {
                dropped += 1;
            }
            state.wake();
            Put::Put { dropped, is_connected: state.line.is_some() }
        })
    }

    /// Writes what is due on that connection, if it is the session's.
    pub(super) fn write(
        &self,
        line: &Line,
        out: &mut Vec<u8>,
        enough: usize,
        may_go: impl Fn(&str) -> bool,
    ) -> Outcome {
        self.with(|state| match state.is_of(line) {
            true => {
                let may_go = |letter: &Letter| may_go(&letter.said.topic);
                state.outbox.write(out, line.takes, Instant::now(), enough, may_go)
            }
            false => Outcome::default(),
        })
    }

    /// PUBACK. False if nothing is open under that identifier.
    pub(super) fn acknowledged(&self, id: u16) -> bool {
        self.with(|state| {
            let is_known = state.outbox.acknowledged(id);
            if is_known {
                state.wake();
            }
            is_known
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.outbox.len() as u64;
        let outcome = change(&mut state);
        let after = state.outbox.len() as u64;
        match after.checked_sub(before) {
            Some(more) => self.letters.fetch_add(more, Ordering::Relaxed),
            None => self.letters.fetch_sub(before - after, Ordering::Relaxed),
        };
        outcome
    }
}

impl State {
    fn is_of(&self, line: &Line) -> bool {
        self.line.as_ref().is_some_and(|now| Arc::ptr_eq(&now.due, &line.due))
    }

    fn wake(&self) {
        if let Some(line) = &self.line {
            line.due.notify_one();
        }
    }
}

/// What became of something that was said, for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It will be told, on this connection or the next.
    Put { dropped: u64, is_connected: bool },
    /// It is not subscribed to it.
    NotSubscribed,
}

//! All sessions as they are spoken to, and how many of what there may be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use rustc_hash::FxHashMap;

use super::{
    Audience, SharedSaid, Subscription, VoiceCounters,
    listener::{Line, Listener, Put},
    outbox::Takes,
};
use crate::transport::mqtt::{session::ClientKey, wire::Version};

/// Filters a session may be subscribed to.
pub(super) const MOST_OF_SESSION: usize = 16;
/// Filters all sessions of a sender may.
const MOST_OF_SENDER: usize = if cfg!(test) { 40 } else { 10_000 };
/// Filters all sessions may.
const MOST: usize = if cfg!(test) { 60 } else { 200_000 };

/// Who something was put before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// So many sessions.
    pub sessions: usize,
    /// So many of them have a connection now; the others are told when their clients come back.
    pub connected: usize,
}

/// The sessions, by client.
#[derive(Debug, Default)]
pub(in super::super) struct Listeners {
    state: Mutex<State>,
    /// Letters in all of them.
    letters: Arc<AtomicU64>,
    pub(super) counters: Arc<VoiceCounters>,
}

#[derive(Debug, Default)]
struct State {
    listeners: BTreeMap<ClientKey, Arc<Listener>>,
    subscriptions: usize,
    by_sender: FxHashMap<Box<str>, usize>,
}

impl Listeners {
    /// Takes a session in, in the place of the one its client had.
    pub(in super::super) fn enter(
        &self,
        key: &ClientKey,
        subscriptions: &Arc<[Subscription]>,
    ) -> Arc<Listener> {
        let listener = Arc::new(Listener::new(key.clone(), subscriptions.clone(), self.letters.clone()));
        let mut state = self.lock();
        if let Some(before) = state.listeners.insert(key.clone(), listener.clone()) {
            self.release(&mut state, &before);
        }
        state.count(key.sender(), subscriptions.len(), 0);
        self.counters.subscriptions.set(state.subscriptions as u64);
        listener
    }

    /// A session has ended.
    pub(in super::super) fn leave(&self, listener: &Arc<Listener>) {
        let mut state = self.lock();
        if state.listeners.get(listener.key()).is_some_and(|now| Arc::ptr_eq(now, listener)) {
            let _gone = state.listeners.remove(listener.key());
            self.release(&mut state, listener);
            self.counters.subscriptions.set(state.subscriptions as u64);
        }
    }

    fn release(&self, state: &mut State, listener: &Listener) {
        let (subscriptions, letters) = listener.end();
        state.count(listener.key().sender(), 0, subscriptions);
        self.counters.said_dropped.add(letters);
    }

    /// A connection of a session begins, with what its client takes.
    pub(in super::super) fn connect(
        &self,
        listener: &Listener,
        version: Version,
        receive_maximum: u16,
        packet_limit: Option<u32>,
    ) -> Line {
        let packet_limit = packet_limit.map_or(usize::MAX, |limit| limit as usize);
        listener.connect(Takes { version, window: usize::from(receive_maximum), packet_limit })
    }

    /// And is over.
    pub(in super::super) fn disconnect(&self, listener: &Listener, line: &Line) {
        listener.disconnect(line);
    }

    /// PUBACK. What is not open any more, or never was, is nothing: a client may answer what a process said that is no
    /// more.
    pub(in super::super) fn acknowledged(&self, listener: &Listener, id: u16) {
        if listener.acknowledged(id) {
            self.counters.said_acknowledged.one();
        }
    }

    /// Gives a session these subscriptions. False if there is no room for them.
    pub(super) fn subscribe(&self, listener: &Arc<Listener>, subscriptions: Vec<Subscription>) -> bool {
        let mut state = self.lock();
        let (sender, before) = (listener.key().sender(), listener.subscriptions().len());
        if !state.listeners.get(listener.key()).is_some_and(|now| Arc::ptr_eq(now, listener)) {
            // Its client came again meanwhile, and this connection is about to end.
            return true;
        }
        let of_sender = state.by_sender.get(sender).copied().unwrap_or_default();
        let (more, fewer) = (subscriptions.len(), before);
        let room = |all: usize, most: usize| all + more <= most + fewer;
        let has_room =
            more <= MOST_OF_SESSION && room(of_sender, MOST_OF_SENDER) && room(state.subscriptions, MOST);
        // Fewer always have room, also where a bound has become lower.
        if more > fewer && !has_room {
            return false;
        }
        state.count(sender, more, fewer);
        self.counters.subscriptions.set(state.subscriptions as u64);
        listener.subscribe(subscriptions.into());
        true
    }

    /// Puts something that was said before the sessions it is for, of senders of whom `may_hear` is true.
    pub(super) fn tell(&self, said: &SharedSaid, may_hear: impl Fn(&str) -> bool) -> Heard {
        let addressed: Vec<Arc<Listener>> = {
            let state = self.lock();
            match &said.to {
                Audience::Everybody => state.listeners.values().cloned().collect(),
                Audience::Sender(name) => {
                    let of_sender = state.listeners.range(ClientKey::new(name, "")..);
                    let own = of_sender.take_while(|(key, _)| key.sender() == &**name);
                    own.map(|(_, listener)| listener.clone()).collect()
                }
            }
        };
        let mut heard = Heard::default();
        for listener in addressed {
            if may_hear(listener.key().sender())
                && let Put::Put { is_connected, .. } = self.put(&listener, said, None)
            {
                heard.sessions += 1;
                heard.connected += usize::from(is_connected);
            }
        }
        heard
    }

    /// Puts something that was said before a session; of what it was subscribed to just now if that is given.
    pub(super) fn put(&self, listener: &Listener, said: &SharedSaid, of: Option<&[Subscription]>) -> Put {
        let put = listener.put(said, of);
        if let Put::Put { dropped, .. } = put {
            self.counters.said_dropped.add(dropped);
        }
        put
    }

    /// Writes what is due on a connection, until `out` has `enough` bytes.
    pub(super) fn write(
        &self,
        listener: &Listener,
        line: &Line,
        out: &mut Vec<u8>,
        enough: usize,
        may_go: impl Fn(&str) -> bool,
    ) {
        let outcome = listener.write(line, out, enough, may_go);
        self.counters.said.add(outcome.written);
        self.counters.said_dropped.add(outcome.dropped);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, sender: &str, more: usize, fewer: usize) {
        self.subscriptions = self.subscriptions + more - fewer.min(self.subscriptions + more);
        let before = self.by_sender.get(sender).copied().unwrap_or_default();
        match (before + more).saturating_sub(fewer) {
            0 => drop(self.by_sender.remove(sender)),
            now => drop(self.by_sender.insert(sender.into(), now)),
        }
    }
}

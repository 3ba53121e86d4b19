//! Which publishes of quality of service 2 are stored and not released: until a client's PUBREL the same publish
//! must not be stored again, whatever was killed meanwhile (invariant ONCE).
//!
//! A publish of a lasting session names its exchange (session and packet identifier) in an attribute of its envelope,
//! so the identifier is durable by the fsync that makes the publish durable, and PUBREC waits for nothing else. What
//! of the log has such names is written down in a file of its own a little later, with how far the log was seen; at
//! the start only the log behind that is read. A release is in that file before its PUBCOMP: an identifier that was
//! released and forgotten again would swallow the next publish under it. Rejected: a file that is written before
//! each PUBREC (a second fsync for every publish), and releases in the log (they are no messages).
//!
//! The identifier decides what is the same exchange, not DUP nor the content. But without DUP and with other content,
//! or content of which nothing may be remembered, it is a client that lost its memory and began anew, and its publish
//! is another one: nothing is lost by a gateway that was switched off.
//!
//! What is open is bounded (invariant BOUND): it goes with its session, and each sender may have as many open as one
//! client has identifiers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use ioc_bus::{AppendError, Appended};
use ioc_model::position::{Offset, Partition};
use rustc_hash::FxHashMap;
use tokio::sync::{oneshot, watch};

use super::{
    counters::MqttCounters,
    exchange::{ContentMark, SessionNumber, StoredExchange},
};

/// Exchanges of all sessions of one sender that may be open: as many as one client has packet identifiers.
const MOST_OF_A_SENDER: usize = if cfg!(test) { 100 } else { 65_535 };

/// Resolves when a publish that is on its way is durable, or will not be.
pub(super) type Outcome = watch::Receiver<Option<Result<(), AppendError>>>;

/// All of them.
#[derive(Debug)]
pub(super) struct Exchanges {
    state: Mutex<State>,
    pub(super) changed: Condvar,
    counters: Arc<MqttCounters>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    sessions: FxHashMap<SessionNumber, FxHashMap<u16, Exchange>>,
    senders: FxHashMap<Arc<str>, usize>,
    open: usize,
    tokens: u64,
    /// Chunks on their way to the log: none of their publishes lies before that offset.
    under_way: BTreeMap<(Partition, Offset), usize>,
    /// What the file does not say yet.
    pub(super) unwritten: Vec<Change>,
    /// Releases that whoever reads the log from where the file ends must know of.
    pub(super) released: BTreeSet<(Partition, Offset)>,
    /// Changes there were, and of those how many are in the file and synced.
    changes: u64,
    pub(super) durable: u64,
    /// Who waits for a change to be durable.
    pub(super) waiting: Vec<(u64, oneshot::Sender<bool>)>,
    pub(super) asked: bool,
    pub(super) closing: bool,
}

#[derive(Debug)]
struct Exchange {
    mark: Option<ContentMark>,
    lies: Lies,
}

/// Where its publish lies.
#[derive(Debug)]
enum Lies {
    /// On its way.
    UnderWay {
        token: u64,
        outcome: Outcome,
    },
    At(Partition, Offset),
}

/// A line the file lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened(StoredExchange),
    Released(StoredExchange),
}

/// The exchanges of one session; they are forgotten with it.
#[derive(Debug)]
pub(super) struct SessionExchanges {
    number: SessionNumber,
    sender: Arc<str>,
    all: Arc<Exchanges>,
}

/// What a publish is.
#[derive(Debug)]
pub(super) enum Taken {
    /// The first of its exchange.
    New,
    /// There already; on its way still, if there is something to wait for.
    Again(Option<Outcome>),
    /// One too many.
    TooMany,
}

/// What a PUBREL did.
#[derive(Debug)]
pub(super) enum Release {
    /// It released a publish, one that is on its way still if there is something to wait for.
    Done(Option<Outcome>),
    /// There is no such exchange.
    Unknown,
}

impl Exchanges {
    pub(super) fn new(counters: Arc<MqttCounters>) -> Arc<Exchanges> {
        Arc::new(Exchanges { state: Mutex::default(), changed: Condvar::new(), counters })
    }

    /// A new session of a sender.
    pub(super) fn begin(self: &Arc<Exchanges>, sender: &str) -> Arc<SessionExchanges> {
        // Never 0, which is the number of no session.
        self.resume(sender, rand::random_range(1..=u64::MAX))
    }

    /// That of a session that was kept.
    pub(super) fn resume(
        self: &Arc<Exchanges>,
        sender: &str,
        number: SessionNumber,
    ) -> Arc<SessionExchanges> {
        Arc::new(SessionExchanges { number, sender: sender.into(), all: self.clone() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how many are open.
    pub(super) fn count_open(&self, state: &State) {
        self.counters.exchanges.set(state.open as u64);
    }

    /// Resolves when every release until now is durable; false if that failed.
    pub(super) fn durable(&self) -> impl Future<Output = bool> + Send + use<> {
        let mut state = self.lock();
        let changes = state.changes;
        let waits = (state.durable < changes).then(|| {
            let (done, durable) = oneshot::channel();
            state.waiting.push((changes, done));
            state.asked = true;
            durable
        });
        drop(state);
        self.changed.notify_one();
        async move {
            match waits {
                Some(durable) => durable.await.unwrap_or(false),
                None => true,
            }
        }
    }
}

impl State {
    /// As [`SessionExchanges`] of a start: a publish that is stored and was not released.
    pub(super) fn restore(&mut self, sender: &Arc<str>, stored: StoredExchange) {
        let StoredExchange { session, id, partition, offset, mark } = stored;
        self.add(session, sender, id, Exchange { mark, lies: Lies::At(partition, offset) });
    }

    /// Everything stored and not released.
    pub(super) fn stored(&self) -> impl Iterator<Item = StoredExchange> {
        self.sessions.iter().flat_map(|(session, open)| {
            open.iter().filter_map(|(id, exchange)| match exchange.lies {
                Lies::At(partition, offset) => {
                    let (session, id, mark) = (*session, *id, exchange.mark);
                    Some(StoredExchange { session, id, partition, offset, mark })
                }
                Lies::UnderWay { .. } => None,
            })
        })
    }

    /// Before which offset of a partition nothing is on its way.
    pub(super) fn nothing_under_way_before(&self, partition: Partition) -> Option<Offset> {
        let of_partition = (partition, Offset(0))..=(partition, Offset(u64::MAX));
        self.under_way.range(of_partition).next().map(|((_, offset), _)| *offset)
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// How many changes there were.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    fn add(&mut self, session: SessionNumber, sender: &Arc<str>, id: u16, exchange: Exchange) {
        if self.sessions.entry(session).or_default().insert(id, exchange).is_none() {
            self.open += 1;
            *self.senders.entry(sender.clone()).or_default() += 1;
        }
    }

    fn remove(&mut self, session: SessionNumber, sender: &Arc<str>, id: u16) -> Option<Exchange> {
        let removed = self.sessions.get_mut(&session)?.remove(&id)?;
        self.fewer(sender, 1);
        Some(removed)
    }

    fn fewer(&mut self, sender: &Arc<str>, count: usize) {
        self.open -= count;
        if let Some(of_sender) = self.senders.get_mut(sender) {
            *of_sender -= count;
            if *of_sender == 0 {
                let _none = self.senders.remove(sender);
            }
        }
    }

    fn change(&mut self, change: Change) {
        self.changes += 1;
        self.unwritten.push(change);
        if let Change::Released(StoredExchange { partition, offset, .. }) = change {
            let _new = self.released.insert((partition, offset));
        }
    }
}

impl SessionExchanges {
    pub(super) fn number(&self) -> SessionNumber {
        self.number
    }

    pub(super) fn sender(&self) -> &Arc<str> {
        &self.sender
    }

    /// Takes a publish in. A new one is on its way from now on, by the opening.
    pub(super) fn publish(
        self: &Arc<SessionExchanges>,
        id: u16,
        is_repeated: bool,
        mark: Option<ContentMark>,
        opening: &mut Option<Opening>,
        is_kept: bool,
    ) -> Taken {
        let mut state = self.all.lock();
        if let Some(exchange) = state.sessions.get(&self.number).and_then(|open| open.get(&id)) {
            // Without marks nothing but DUP tells the two: rather once too often than never.
            let is_another = !is_repeated && (mark.is_none() || mark != exchange.mark);
            if !is_another {
                self.all.counters.repeated.one();
                return Taken::Again(match &exchange.lies {
                    Lies::UnderWay { outcome, .. } => Some(outcome.clone()),
                    Lies::At(..) => None,
                });
            }
            self.end(&mut state, id, is_kept);
        } else if state.senders.get(&self.sender).is_some_and(|open| *open >= MOST_OF_A_SENDER) {
            return Taken::TooMany;
        }
        let opening = opening.get_or_insert_with(|| Opening::new(self.clone(), is_kept));
        state.tokens += 1;
        let token = state.tokens;
        let lies = Lies::UnderWay { token, outcome: opening.outcome.subscribe() };
        state.add(self.number, &self.sender, id, Exchange { mark, lies });
        self.all.count_open(&state);
        opening.publishes.push((id, token, 0));
        Taken::New
    }

    /// Ends the exchange of a PUBREL.
    pub(super) fn release(&self, id: u16, is_kept: bool) -> Release {
        let mut state = self.all.lock();
        let Some(exchange) = state.sessions.get(&self.number).and_then(|open| open.get(&id)) else {
            return Release::Unknown;
        };
        // No client that keeps to the protocol releases what is on its way, unless it was taken over.
        let outcome = match &exchange.lies {
            Lies::UnderWay { outcome, .. } => Some(outcome.clone()),
            Lies::At(..) => None,
        };
        self.end(&mut state, id, is_kept);
        self.all.count_open(&state);
        self.all.counters.released.one();
        Release::Done(outcome)
    }

    /// Resolves when all that was released is.
    pub(super) fn durable(&self) -> impl Future<Output = bool> + Send + use<> {
        self.all.durable()
    }

    fn end(&self, state: &mut State, id: u16, is_kept: bool) {
        if let Some(Exchange { lies: Lies::At(partition, offset), .. }) =
            state.remove(self.number, &self.sender, id)
            && is_kept
        {
            let ended = StoredExchange { session: self.number, id, partition, offset, mark: None };
            state.change(Change::Released(ended));
        }
    }
}

impl Drop for SessionExchanges {
    fn drop(&mut self) {
        let mut state = self.all.lock();
        if let Some(open) = state.sessions.remove(&self.number) {
            state.fewer(&self.sender, open.len());
            self.all.count_open(&state);
        }
    }
}

/// The first publishes of their exchanges in one chunk, from the socket to the disk. Dropped before it is settled,
/// they were never taken.
#[derive(Debug)]
pub(super) struct Opening {
    session: Arc<SessionExchanges>,
    /// Identifier, token, place in the chunk.
    publishes: Vec<(u16, u64, u32)>,
    outcome: watch::Sender<Option<Result<(), AppendError>>>,
    /// It is with the log: none of its publishes lies before that.
    from: Option<(Partition, Offset)>,
    is_kept: bool,
}

impl Opening {
    fn new(session: Arc<SessionExchanges>, is_kept: bool) -> Opening {
        let (outcome, _) = watch::channel(None);
        Opening { session, publishes: Vec::new(), outcome, from: None, is_kept }
    }

    /// The last one has that place in the chunk.
    pub(super) fn lies_at(&mut self, place: u32) {
        if let Some((_, _, at)) = self.publishes.last_mut() {
            *at = place;
        }
    }

    /// The last one is refused, which ends its exchange.
    pub(super) fn is_refused(&mut self) {
        if let Some((id, token, _)) = self.publishes.pop() {
            self.session.all.withdraw(&self.session, [(id, token)]);
        }
    }

    /// The chunk is handed to the log now, whose partition ends there.
    pub(super) fn goes(&mut self, partition: Partition, end: Offset) {
        let mut state = self.session.all.lock();
        *state.under_way.entry((partition, end)).or_default() += 1;
        self.from = Some((partition, end));
    }

    /// What whoever answers waits for.
    pub(super) fn outcome(&self) -> Outcome {
        self.outcome.subscribe()
    }

    /// The chunk is durable, or the log did not take it.
    pub(super) fn settle(mut self, outcome: &Result<Appended, AppendError>) {
        let told = match outcome {
            Ok(appended) => {
                self.keep(*appended);
                Ok(())
            }
            Err(error) => Err(error.clone()),
        };
        self.leave();
        let _before = self.outcome.send_replace(Some(told));
    }

    fn keep(&mut self, appended: Appended) {
        let publishes = std::mem::take(&mut self.publishes);
        let Some((partition, _)) = self.from else { return };
        let session = self.session.number;
        let mut state = self.session.all.lock();
        for (id, token, place) in publishes {
            let offset = Offset(appended.base.0 + u64::from(place));
            let exchange = state.sessions.get_mut(&session).and_then(|open| open.get_mut(&id));
            let mut stored = StoredExchange { session, id, partition, offset, mark: None };
            match exchange {
                Some(Exchange { mark, lies }) if lies.is(token) => {
                    *lies = Lies::At(partition, offset);
                    stored.mark = *mark;
                    if self.is_kept {
                        state.change(Change::Opened(stored));
                    }
                }
                // It ended on its way; the log does not know that.
                _ if self.is_kept => state.change(Change::Released(stored)),
                _ => {}
            }
        }
    }

    fn leave(&mut self) {
        let publishes = std::mem::take(&mut self.publishes);
        let all = &self.session.all;
        all.withdraw(&self.session, publishes.into_iter().map(|(id, token, _)| (id, token)));
        if let Some(from) = self.from.take() {
            let mut state = all.lock();
            if let Some(count) = state.under_way.get_mut(&from) {
                *count -= 1;
                if *count == 0 {
                    let _none = state.under_way.remove(&from);
                }
            }
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.leave();
        // Who waits for it sees that nobody will tell.
    }
}

impl Lies {
    fn is(&self, wanted: u64) -> bool {
        matches!(self, Lies::UnderWay { token, .. } if *token == wanted)
    }
}

impl Exchanges {
    /// Takes back what did not reach the log.
    fn withdraw(&self, session: &SessionExchanges, publishes: impl IntoIterator<Item = (u16, u64)>) {
        let mut state = self.lock();
        for (id, token) in publishes {
            let exchange = state.sessions.get(&session.number).and_then(|open| open.get(&id));
            if exchange.is_some_and(|exchange| exchange.lies.is(token)) {
                let _withdrawn = state.remove(session.number, &session.sender, id);
            }
        }
        self.count_open(&state);
    }
}

/// Waits for a publish that is on its way.
pub(super) async fn arrived(mut outcome: Outcome) -> Result<(), AppendError> {
    match outcome.wait_for(Option::is_some).await {
        Ok(told) => told.clone().unwrap_or(Ok(())),
        // Withdrawn: its client comes again.
        Err(_) => Err(AppendError::Closed),
    }
}

//! The log sources one worker holds: who reports events, and what an epoch's events become.
//!
//! Some of what a device tells means nothing without what it told before: "last message
//! repeated 3 times" is three more of that message, and an event that was delivered twice is one. So events go to
//! whoever holds their log source, in order of arrival, before anything is counted.
//!
//! Most events are known by their position in the log and are stored as they come. One with a key is looked for among
//! those that are remembered ([`keys`]): of each log source the newest of the last [`HORIZON`], by the time they happened.
//! What may have been stored before that is asked of the store, like a day that left memory: the event waits, and the
//! recorded answer says which keys are there (invariants ONCE, REPLAY, BOUND).
//!
//! Names cost whoever makes them up nothing. So nothing is kept of a log source that said nothing for [`HORIZON`], with keys
//! or without (invariant BOUND): whoever comes again is asked for as one who was never there. What stays is the few hours
//! that a clock said which could not be, since nobody else would know of them. Who reports has a name by now, and is held by
//! it alone: a host that only a relay knows was named where the relay is held ([`crate::behind`]).

mod attempts;
mod before;
mod heard;
mod keys;
mod lines;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    event::{Event, EventKey},
    name::Name,
    pack::Pack,
    position::Position,
    question::{About, Answer, Found, Question},
    results::{Facts, StoredEvent},
    time::{EventTime, Millis, Now},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use self::{
    attempts::Attempts,
    before::{LogSourceRecordBefore, LogSourceRecordBeforeUndated},
    keys::{AbsurdTimes, Keys, LookedFor},
    lines::{LastLine, LastLines},
};
use crate::{shard::Undecided, step::EpochFacts};

/// Keys of events that happened longer ago are not remembered, nor lines and connections that were heard longer ago.
const HORIZON: Millis = Millis::hours(1);
/// All of them are looked through for that by the minute.
const MINUTE: i64 = 60_000;
/// So many keys are asked for at once: they travel as one value, and ClickHouse takes none beyond 128 KiB, which is 3,700
/// of them.
const ASKED_AT_ONCE: usize = 2_000;
/// The last version of a checkpoint that keeps keys by the minute and questions without a time.
const BEFORE_TIMES: u8 = 8;
/// The last one whose questions without a time are about all times.
const BEFORE_UNDATED: u8 = 9;

/// Log sources, by name.
#[derive(Debug, Default)]
pub(crate) struct LogSources {
    held: FxHashMap<Name, Memory>,
    /// Those of which events wait for an answer.
    waiting: BTreeSet<Name>,
    /// The moment before which all of them have forgotten.
    forgotten: Option<Now>,
}

/// What became of an epoch's events.
#[derive(Debug, Default)]
pub(crate) struct EventResults {
    pub(crate) facts: Facts,
    pub(crate) counts: FxHashMap<Name, Counts>,
    pub(crate) questions: Vec<Question>,
    /// Where the messages lie of events that began to wait for an answer.
    pub(crate) waited: Vec<Position>,
    /// Of each log source that waits for an answer.
    pub(crate) unsure: BTreeMap<Name, Undecided>,
}

impl EventResults {
    /// When the newest line arrived that each relay passed on. Who speaks for others is heard by it.
    pub(crate) fn relayed(&self) -> BTreeMap<Name, EventTime> {
        let mut relayed: BTreeMap<Name, EventTime> = BTreeMap::new();
        for StoredEvent(event) in self.facts.events.iter().filter(|event| !event.0.relay.is_empty()) {
            let arrived = EventTime(event.arrival.received_at.0);
            let newest = relayed.entry(event.relay).or_insert(arrived);
            *newest = arrived.max(*newest);
        }
        relayed
    }
}

/// Events of an epoch of which only the store can tell whether they came before, in order of arrival.
#[derive(Debug, Default)]
struct Unsure {
    keys: FxHashSet<EventKey>,
    events: Vec<(LookedFor, Event)>,
}

/// What is kept of a log source.
#[derive(Debug, Default)]
struct Memory {
    keys: Keys,
    waiting: Vec<WaitingEvents>,
    last: LastLines,
    attempts: Attempts,
}

/// Events that wait for an answer, in order of arrival.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct WaitingEvents {
    asked: Epoch,
    /// When they happened if they are stored.
    looked_for: LookedFor,
    keys: Box<[EventKey]>,
    events: Vec<Event>,
}

/// A log source as a checkpoint keeps it.
#[derive(Debug)]
pub(crate) struct LogSourceRecord {
    name: Name,
    /// Whether it is of a checkpoint that keeps no relays.
    before_relays: bool,
    memory: Memory,
}

/// [`LogSourceRecord`] as it is read.
#[derive(Deserialize)]
struct LogSourceRead {
    name: Name,
    seconds: BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: AbsurdTimes,
    waiting: Vec<WaitingEvents>,
    last: Vec<LastLine>,
    attempts: Attempts,
}

/// And as it is written: postcard writes both alike.
#[derive(Serialize)]
struct LogSourceRef<'a> {
    name: Name,
    seconds: &'a BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: &'a AbsurdTimes,
    waiting: &'a [WaitingEvents],
    last: Vec<&'a LastLine>,
    attempts: &'a Attempts,
}

impl LogSources {
    /// Takes an epoch's events, in order of arrival, and what the store answered.
    pub(crate) fn take(
        &mut self,
        facts: &EpochFacts,
        events: impl IntoIterator<Item = Event>,
    ) -> EventResults {
        let oldest = facts.now.0.saturating_sub(HORIZON.0).div_euclid(MINUTE) * MINUTE;
        let oldest = Now(oldest);
        self.pass(oldest);
        let mut reported = EventResults::default();
        let mut touched: FxHashSet<Name> = FxHashSet::default();
        // What was asked for came before what comes now.
        for answer in &facts.answers {
            if let (Some(keys), Some(held)) =
                (answer.question.about.event_keys(), self.held.get_mut(&answer.question.subject))
            {
                held.answered(answer, keys, facts.now, &mut reported);
                let _ = touched.insert(answer.question.subject);
            }
        }
        let mut unsure: BTreeMap<Name, Unsure> = BTreeMap::new();
        let replayed = facts.replayed();
        for event in events {
            let name = event.log_source;
            let held = self.held.entry(name).or_insert_with(|| Memory::since(oldest));
            let _ = touched.insert(name);
            // A line that is read again stands behind none and before none: what followed it then was told long ago.
            let in_order = !replayed.contains(&event.arrival.position);
            let taken = held.take(event, (in_order, facts.now), unsure.get(&name), &mut reported);
            if let Some((key, looked_for, event)) = taken {
                let unsure = unsure.entry(name).or_default();
                let _ = unsure.keys.insert(key);
                unsure.events.push((looked_for, event));
            }
        }
        for (name, Unsure { events, .. }) in unsure {
            if let Some(held) = self.held.get_mut(&name) {
                held.ask(name, events, facts.epoch, &mut reported);
            }
        }
        for name in &touched {
            let Some(held) = self.held.get_mut(name) else { continue };
            held.forget(oldest);
            if held.waiting.is_empty() {
                let _ = self.waiting.remove(name);
            } else {
                let _ = self.waiting.insert(*name);
            }
        }
        let undecided = |name: &Name| {
            let held = self.held.get(name)?;
            let waiting = || held.waiting.iter().flat_map(|waiting| &waiting.events);
            let happened = waiting().map(|event| event.happened_at).min()?;
            let arrived = waiting().map(|event| event.arrival).min()?;
            Some(Undecided { happened, arrived })
        };
        reported.unsure = self.waiting.iter().filter_map(|name| Some((*name, undecided(name)?))).collect();
        reported
    }

    /// Forgets what lies before a moment, by the minute: of those that nothing comes of nothing else is to be forgotten.
    /// Before anything is taken, so that whoever is dropped here and whoever is kept are asked for the same.
    fn pass(&mut self, oldest: Now) {
        if self.forgotten != Some(oldest) {
            self.held.retain(|_, held| {
                held.forget(oldest);
                !held.is_nothing(oldest)
            });
            self.forgotten = Some(oldest);
        }
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.held.iter().map(|(name, held)| {
            let Memory { keys, waiting, last, attempts } = held;
            postcard::to_stdvec(&LogSourceRef {
                name: *name,
                seconds: &keys.seconds,
                remembered_from: keys.remembered_from,
                absurd: &keys.absurd,
                waiting,
                last: last.record(),
                attempts,
            })
        })
    }

    /// Takes a log source out of a checkpoint.
    ///
    /// # Errors
    /// Its name, where it was taken before: what waits of it would be lost with either.
    pub(crate) fn load(&mut self, LogSourceRecord { name, memory, .. }: LogSourceRecord) -> Result<(), Name> {
        if !memory.waiting.is_empty() {
            let _ = self.waiting.insert(name);
        }
        self.held.insert(name, memory).map_or(Ok(()), |_before| Err(name))
    }
}

impl LogSourceRecord {
    /// From the bytes of a checkpoint of that version.
    ///
    /// # Errors
    /// If they are none.
    pub(crate) fn decode(version: u8, bytes: &[u8]) -> Result<LogSourceRecord, postcard::Error> {
        if version <= BEFORE_TIMES {
            return postcard::from_bytes::<LogSourceRecordBefore>(bytes).map(LogSourceRecord::from);
        }
        if version <= BEFORE_UNDATED {
            return postcard::from_bytes::<LogSourceRecordBeforeUndated>(bytes).map(LogSourceRecord::from);
        }
        let LogSourceRead { name, seconds, remembered_from, absurd, waiting, last, attempts } =
            postcard::from_bytes(bytes)?;
        let keys = Keys::of(seconds, remembered_from, absurd);
        let memory = Memory { keys, waiting, last: LastLines::load(last), attempts };
        Ok(LogSourceRecord { name, before_relays: false, memory })
    }

    /// By whose name it is found who holds it.
    pub(crate) fn name(&self) -> Name {
        self.name
    }

    /// Whether it may be a host behind a relay of which an event with a key is stored, and whose name the relay must keep:
    /// of a checkpoint that keeps no relays only the pack tells ([`LogSourceRecord::relay`]).
    pub(crate) fn may_be_behind(&self) -> bool {
        self.before_relays && self.memory.keys.had_any() && self.name.contains(':')
    }

    /// The relay it is behind, as that pack has its relays. A host that no log source of the pack is, and whose name begins
    /// with that of a relay, is behind it.
    pub(crate) fn relay(&self, pack: &Pack) -> Option<Name> {
        if pack.log_sources.contains_key(self.name.as_str()) {
            return None;
        }
        let relays = pack.log_sources.values().filter(|source| source.relay).map(|source| source.id.as_str());
        let is_behind =
            |relay: &&str| self.name.strip_prefix(relay).is_some_and(|host| host.starts_with(':'));
        relays.filter(is_behind).max_by_key(|relay| relay.len()).map(Name::new)
    }

    /// What its events wait for.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Question> {
        self.memory.waiting.iter().map(|waiting| waiting.question(self.name))
    }
}

impl Memory {
    /// Of one of which nothing is known.
    fn since(oldest: Now) -> Memory {
        Memory { keys: Keys::since(oldest), ..Memory::default() }
    }

    /// Stores an event, or knows it for a duplicate; gives back one of which only the store can tell, and when it happened
    /// if it is there. `unsure` are those of the same epoch. `in_order`: it came behind the lines before it, and the next
    /// one may speak of it.
    fn take(
        &mut self,
        event: Event,
        (in_order, now): (bool, Now),
        unsure: Option<&Unsure>,
        reported: &mut EventResults,
    ) -> Option<(EventKey, LookedFor, Event)> {
        // Whose time a summary takes over depends on what came before it this time.
        let looked_for = event.key.and_then(|_| self.keys.looked_for(&event));
        let event = if in_order { self.last.resolved(event) } else { event };
        let Some(key) = event.key else {
            self.store(event, (in_order, now), reported);
            return None;
        };
        if self.keys.contains(key)
            || self.waiting.iter().any(|waiting| waiting.keys.binary_search(&key).is_ok())
            || unsure.is_some_and(|unsure| unsure.keys.contains(&key))
        {
            reported.counts.entry(event.feed).or_default().duplicate += 1;
            // What follows it may speak of it.
            if in_order {
                self.last.remember(&Arc::new(event), now);
            }
            return None;
        }
        let Some(looked_for) = looked_for else {
            self.store(event, (in_order, now), reported);
            return None;
        };
        let event = Arc::new(event);
        if in_order {
            self.last.remember(&event, now);
        }
        reported.counts.entry(event.feed).or_default().waiting += 1;
        reported.waited.push(event.arrival.position);
        Some((key, looked_for, Event::clone(&event)))
    }

    fn store(&mut self, event: Event, (in_order, now): (bool, Now), reported: &mut EventResults) {
        let event = self.keep(event, now, reported);
        if in_order {
            self.last.remember(&event, now);
        }
    }

    /// As [`Memory::store`], of one whose line was remembered when it came.
    fn keep(&mut self, event: Event, now: Now, reported: &mut EventResults) -> Arc<Event> {
        let attempts = self.attempts.added(&event, now);
        let event = Arc::new(Event { attempts, ..event });
        if let Some(key) = event.key {
            self.keys.insert(key, &event);
        }
        reported.counts.entry(event.feed).or_default().stored += 1;
        reported.facts.events.push(StoredEvent(event.clone()));
        event
    }

    /// Asks for them by when they happened: one of which nobody knows it would make a question about all times of one about
    /// some.
    fn ask(
        &mut self,
        name: Name,
        mut events: Vec<(LookedFor, Event)>,
        asked: Epoch,
        reported: &mut EventResults,
    ) {
        events.sort_by_key(|(looked_for, event)| (!looked_for.undated, *looked_for, event.arrival));
        let undated = events.partition_point(|(looked_for, _)| looked_for.undated);
        let (undated, dated) = events.split_at_mut(undated);
        for together in undated.chunks_mut(ASKED_AT_ONCE).chain(dated.chunks_mut(ASKED_AT_ONCE)) {
            together.sort_by_key(|(_, event)| event.arrival);
            let Some(looked_for) = together.iter().map(|(it, _)| *it).reduce(LookedFor::with) else {
                continue;
            };
            let keys: BTreeSet<EventKey> = together.iter().filter_map(|(_, event)| event.key).collect();
            let events = together.iter_mut().map(|(_, event)| std::mem::take(event)).collect();
            let waiting = WaitingEvents { asked, looked_for, keys: keys.into_iter().collect(), events };
            reported.questions.push(waiting.question(name));
            self.waiting.push(waiting);
        }
    }

    fn answered(&mut self, answer: &Answer, keys: &[EventKey], now: Now, reported: &mut EventResults) {
        let Found::Keys(stored) = &answer.found else { return };
        let is_it =
            |waiting: &WaitingEvents| waiting.asked == answer.question.asked && *waiting.keys == *keys;
        let Some(at) = self.waiting.iter().position(is_it) else { return };
        let stored: FxHashSet<&EventKey> = stored.iter().collect();
        for event in self.waiting.remove(at).events {
            let counts = reported.counts.entry(event.feed).or_default();
            counts.waiting -= 1;
            if event.key.is_some_and(|key| stored.contains(&key)) {
                counts.duplicate += 1;
            } else {
                let _ = self.keep(event, now, reported);
            }
        }
    }

    /// Forgets what lies before a moment.
    fn forget(&mut self, oldest: Now) {
        self.keys.forget(EventTime(oldest.0));
        self.last.forget(oldest);
        self.attempts.forget(oldest);
    }

    /// Whether it is as [`Memory::since`] that moment.
    fn is_nothing(&self, oldest: Now) -> bool {
        self.keys.is_nothing(oldest)
            && self.waiting.is_empty()
            && self.last.is_empty()
            && self.attempts.is_empty()
    }
}

impl WaitingEvents {
    fn question(&self, subject: Name) -> Question {
        let LookedFor { from, to, undated } = self.looked_for;
        let keys = self.keys.clone();
        let about = if undated { About::UndatedEvents { keys } } else { About::Events { keys } };
        Question { subject, about, from, to, asked: self.asked }
    }
}

#[cfg(test)]
mod tests;

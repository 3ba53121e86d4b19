//! The log sources one worker holds: who reports events, and what an epoch's events become.
//!
//! The first exchange of an epoch. Some of what a device tells means nothing without what it told before: "last message
//! repeated 3 times" is three more of that message, and an event that was delivered twice is one. So events go to
//! whoever holds their log source, in order of arrival, before anything is counted.
//!
//! Most events are known by their position in the log and are stored as they come. One with a key is looked for among
//! those that are remembered: of each log source the newest [`REMEMBERED`] of the last [`HORIZON`], by the time they
//! happened. What may have been stored before that is asked of the store, like a day that left memory: the event waits,
//! and the recorded answer says which keys are there (invariants ONCE, REPLAY, BOUND).

mod attempts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    event::{Event, EventKey, EventKind, TimeFrom, WEIGHT_MAX},
    name::Name,
    question::{About, Answer, Found, Question},
    results::{Facts, StoredEvent},
    time::{EventTime, Millis},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use self::attempts::Attempts;
use crate::{shard::Undecided, step::EpochFacts};

/// Keys of events that happened longer ago are not remembered.
const HORIZON: Millis = Millis::hours(1);
/// So many keys of a log source are remembered.
const REMEMBERED: usize = 1 << 18;
/// Keys are forgotten by the minute.
const MINUTE: i64 = 60_000;
/// So many keys are asked for at once: they travel as one value, and ClickHouse takes none beyond 128 KiB, which is 3,700
/// of them.
const ASKED_AT_ONCE: usize = 2_000;
/// So many hosts of a log source are remembered by their last line: a relay speaks for many.
const HOSTS: usize = 1_024;
/// And so many of one that the pack does not know: it may call itself whatever it likes.
const HOSTS_OF_UNKNOWN: usize = 8;
/// The attribute that says which line a summary is about.
const REPEATS: &str = "repeats";

/// Log sources, by name.
#[derive(Debug, Default)]
pub(crate) struct LogSources {
    held: FxHashMap<Name, Memory>,
    /// The minute before which all of them have forgotten.
    forgotten: Option<i64>,
}

/// What became of an epoch's events.
#[derive(Debug, Default)]
pub(crate) struct EventResults {
    pub(crate) facts: Facts,
    pub(crate) counts: FxHashMap<Name, Counts>,
    pub(crate) questions: Vec<Question>,
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
    events: Vec<Event>,
}

/// What is kept of a log source.
#[derive(Debug, Default)]
struct Memory {
    /// Keys that are stored, with the minute they happened in.
    keys: FxHashMap<EventKey, i64>,
    /// The same by minute.
    minutes: BTreeMap<i64, Vec<EventKey>>,
    /// Whatever happened from this minute on is remembered; all there ever was, where there is none.
    remembered_from: Option<i64>,
    /// An event with a key said a time that could not be: said again later it may be believed, and would be looked for
    /// at another time. So from then on every key is asked for that is not remembered.
    absurd: bool,
    waiting: Vec<WaitingEvents>,
    /// How many lines it told.
    lines: u64,
    /// The last line of each host that it told of.
    last: BTreeMap<Box<str>, LastLine>,
    attempts: Attempts,
}

/// Events that wait for an answer, in order of arrival.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct WaitingEvents {
    asked: Epoch,
    keys: Box<[EventKey]>,
    events: Vec<Event>,
}

/// What a line that says "the last message again" speaks of.
#[derive(Debug)]
struct LastLine {
    /// Its place among the lines of the log source: the host that was not heard longest is forgotten first.
    number: u64,
    event: Arc<Event>,
}

/// A log source as a checkpoint keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogSourceRecord {
    name: Name,
    minutes: BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: bool,
    waiting: Vec<WaitingEvents>,
    lines: u64,
    last: Vec<(u64, Event)>,
    attempts: Attempts,
}

/// [`LogSourceRecord`] as it is written: postcard writes both alike.
#[derive(Serialize)]
struct LogSourceRef<'a> {
    name: Name,
    minutes: &'a BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: bool,
    waiting: &'a [WaitingEvents],
    lines: u64,
    last: Vec<(u64, &'a Event)>,
    attempts: &'a Attempts,
}

impl LogSources {
    /// Takes an epoch's events, in order of arrival, and what the store answered.
    pub(crate) fn take(
        &mut self,
        facts: &EpochFacts,
        events: impl IntoIterator<Item = Event>,
    ) -> EventResults {
        let mut reported = EventResults::default();
        let mut touched: FxHashSet<Name> = FxHashSet::default();
        // What was asked for came before what comes now.
        for answer in &facts.answers {
            if let (About::Events { keys }, Some(held)) =
                (&answer.question.about, self.held.get_mut(&answer.question.subject))
            {
                held.answered(answer, keys, &mut reported);
                let _ = touched.insert(answer.question.subject);
            }
        }
        let mut unsure: BTreeMap<Name, Unsure> = BTreeMap::new();
        let replayed = facts.replayed();
        for event in events {
            let name = event.log_source;
            let held = self.held.entry(name).or_default();
            let _ = touched.insert(name);
            // A line that is read again stands behind none and before none: what followed it then was told long ago.
            let in_order = !replayed.contains(&event.arrival.position);
            if let Some((key, event)) = held.take(event, in_order, unsure.get(&name), &mut reported) {
                let unsure = unsure.entry(name).or_default();
                let _ = unsure.keys.insert(key);
                unsure.events.push(event);
            }
        }
        for (name, Unsure { events, .. }) in unsure {
            if let Some(held) = self.held.get_mut(&name) {
                held.ask(name, events, facts.epoch, &mut reported);
            }
        }
        let oldest = facts.now.0.saturating_sub(HORIZON.0).div_euclid(MINUTE);
        if self.forgotten == Some(oldest) {
            // Nothing else can have anything to forget.
            for name in &touched {
                let held = self.held.get_mut(name);
                held.into_iter().for_each(|held| held.forget(oldest));
            }
        } else {
            self.held.values_mut().for_each(|held| held.forget(oldest));
            self.forgotten = Some(oldest);
        }
        let undecided = |held: &Memory| {
            let waiting = || held.waiting.iter().flat_map(|waiting| &waiting.events);
            let happened = waiting().map(|event| event.happened_at).min()?;
            let arrived = waiting().map(|event| event.arrival).min()?;
            Some(Undecided { happened, arrived })
        };
        reported.unsure =
            self.held.iter().filter_map(|(name, held)| Some((*name, undecided(held)?))).collect();
        reported
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.held.iter().map(|(name, held)| {
            let Memory { minutes, remembered_from, absurd, waiting, lines, last, attempts, .. } = held;
            let last = last.values().map(|last| (last.number, &*last.event)).collect();
            let (name, remembered_from, absurd, lines) = (*name, *remembered_from, *absurd, *lines);
            postcard::to_stdvec(&LogSourceRef {
                name,
                minutes,
                remembered_from,
                absurd,
                waiting,
                lines,
                last,
                attempts,
            })
        })
    }

    /// Takes a log source out of a checkpoint.
    pub(crate) fn load(&mut self, record: LogSourceRecord) {
        let LogSourceRecord { name, minutes, remembered_from, absurd, waiting, lines, last, attempts } =
            record;
        let of_minute = |(minute, keys): (&i64, &Vec<EventKey>)| {
            keys.iter().map(|key| (*key, *minute)).collect::<Vec<_>>()
        };
        let keys = minutes.iter().flat_map(of_minute).collect();
        let of_host =
            |(number, event): (u64, Event)| (event.host.clone(), LastLine { number, event: Arc::new(event) });
        let last = last.into_iter().map(of_host).collect();
        let held = Memory { keys, minutes, remembered_from, absurd, waiting, lines, last, attempts };
        let _ = self.held.insert(name, held);
    }
}

impl LogSourceRecord {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What its events wait for.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Question> {
        self.waiting.iter().map(|waiting| waiting.question(self.name))
    }
}

impl Memory {
    /// Stores an event, or knows it for a duplicate; gives back one of which only the store can tell. `unsure` are those
    /// of the same epoch. `in_order`: it came behind the lines before it, and the next one may speak of it.
    fn take(
        &mut self,
        event: Event,
        in_order: bool,
        unsure: Option<&Unsure>,
        reported: &mut EventResults,
    ) -> Option<(EventKey, Event)> {
        // Whose time a summary takes over depends on what came before it this time.
        let is_remembered = self.remembers(&event);
        let event = if in_order { self.resolved(event) } else { event };
        let Some(key) = event.key else {
            self.store(event, in_order, reported);
            return None;
        };
        if self.keys.contains_key(&key)
            || self.waiting.iter().any(|waiting| waiting.keys.binary_search(&key).is_ok())
            || unsure.is_some_and(|unsure| unsure.keys.contains(&key))
        {
            reported.counts.entry(event.feed).or_default().duplicate += 1;
            // What follows it may speak of it.
            if in_order {
                self.remember_line(&Arc::new(event));
            }
            return None;
        }
        if is_remembered {
            self.store(event, in_order, reported);
            return None;
        }
        let event = Arc::new(event);
        if in_order {
            self.remember_line(&event);
        }
        reported.counts.entry(event.feed).or_default().waiting += 1;
        Some((key, Event::clone(&event)))
    }

    /// Whether an event with its key would be remembered had it been stored before. When one happened that does not
    /// itself say so depends on its arrival, so it can be told only while nothing was forgotten. A time without a year is
    /// the same again unless it comes a year later.
    fn remembers(&self, event: &Event) -> bool {
        self.remembered_from.is_none_or(|from| {
            let says_when = matches!(event.time_from, TimeFrom::Stated | TimeFrom::Inferred);
            says_when && !self.absurd && event.happened_at.0.div_euclid(MINUTE) >= from
        })
    }

    fn store(&mut self, event: Event, in_order: bool, reported: &mut EventResults) {
        let event = self.keep(event, reported);
        if in_order {
            self.remember_line(&event);
        }
    }

    /// As [`Memory::store`], of one whose line was remembered when it came.
    fn keep(&mut self, event: Event, reported: &mut EventResults) -> Arc<Event> {
        let attempts = self.attempts.added(&event);
        let event = Arc::new(Event { attempts, ..event });
        if let Some(key) = event.key {
            let minute = event.happened_at.0.div_euclid(MINUTE);
            let _ = self.keys.insert(key, minute);
            self.absurd |= event.time_from == TimeFrom::Absurd;
            self.minutes.entry(minute).or_default().push(key);
        }
        reported.counts.entry(event.feed).or_default().stored += 1;
        reported.facts.events.push(StoredEvent(event.clone()));
        event
    }

    fn ask(&mut self, name: Name, events: Vec<Event>, asked: Epoch, reported: &mut EventResults) {
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let events: Vec<Event> = events.by_ref().take(ASKED_AT_ONCE).collect();
            let keys: BTreeSet<EventKey> = events.iter().filter_map(|event| event.key).collect();
            let waiting = WaitingEvents { asked, keys: keys.into_iter().collect(), events };
            reported.questions.push(waiting.question(name));
            self.waiting.push(waiting);
        }
    }

    fn answered(&mut self, answer: &Answer, keys: &[EventKey], reported: &mut EventResults) {
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
                let _ = self.keep(event, reported);
            }
        }
    }

    /// Forgets what happened before a minute, and more where there is too much. Something is forgotten at every epoch's
    /// end whose minute has passed, so what is remembered is a function of the epochs alone.
    fn forget(&mut self, oldest: i64) {
        let mut from = oldest;
        let mut kept = self.keys.len();
        for (minute, keys) in &self.minutes {
            if *minute >= from && kept <= REMEMBERED {
                break;
            }
            kept -= keys.len();
            from = from.max(minute + 1);
        }
        if self.minutes.first_key_value().is_some_and(|(minute, _)| *minute < from) {
            let rest = self.minutes.split_off(&from);
            for key in std::mem::replace(&mut self.minutes, rest).into_values().flatten() {
                let _ = self.keys.remove(&key);
            }
            self.remembered_from = self.remembered_from.max(Some(from));
        }
    }

    /// A line that says that the one before it came again is as many more of that one. Where nothing came before it, it
    /// stays what it is: repeats of something unknown.
    fn resolved(&self, event: Event) -> Event {
        if event.kind != EventKind::Repeat {
            return event;
        }
        let Some(last) = self.last.get(&event.host).map(|last| &*last.event) else { return event };
        // Syslog-ng quotes the beginning of what it does not repeat.
        if !last.message.starts_with(&*event.message) {
            return event;
        }
        let mut attributes = last.attributes.clone();
        let repeats = format!("{}-{}", last.arrival.position, last.arrival.row);
        attributes.push((REPEATS.into(), repeats.into()));
        attributes.sort();
        // The summary's own clock may be another one's.
        let (happened_at, time_from) = match event.time_from {
            TimeFrom::Stated | TimeFrom::Inferred => (event.happened_at, event.time_from),
            TimeFrom::Arrival | TimeFrom::Absurd => (last.happened_at, last.time_from),
        };
        Event {
            key: event.key,
            log_source: event.log_source,
            known: event.known,
            relay: event.relay,
            happened_at,
            time_from,
            // As many more of a line that may itself tell of many ("3 packets").
            weight: last.weight.saturating_mul(event.weight).min(WEIGHT_MAX),
            attributes,
            feed: event.feed,
            sender: event.sender,
            arrival: event.arrival,
            ..Event::clone(last)
        }
    }

    fn remember_line(&mut self, event: &Arc<Event>) {
        if event.kind == EventKind::Repeat || event.attributes.iter().any(|(name, _)| &**name == REPEATS) {
            return;
        }
        self.lines += 1;
        let line = LastLine { number: self.lines, event: event.clone() };
        if let Some(last) = self.last.get_mut(&event.host) {
            *last = line;
            return;
        }
        let most = if event.known || !event.relay.is_empty() { HOSTS } else { HOSTS_OF_UNKNOWN };
        if self.last.len() >= most {
            let unheard = self.last.iter().min_by_key(|(_, last)| last.number);
            let unheard = unheard.map(|(host, _)| host.clone());
            let _ = unheard.map(|host| self.last.remove(&host));
        }
        let _ = self.last.insert(event.host.clone(), line);
    }
}

impl WaitingEvents {
    fn question(&self, subject: Name) -> Question {
        let about = About::Events { keys: self.keys.clone() };
        Question { subject, about, from: EventTime(i64::MIN), to: EventTime(i64::MAX), asked: self.asked }
    }
}

#[cfg(test)]
mod tests;

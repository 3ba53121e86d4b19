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
    event::{Event, EventKey, EventKind, TimeFrom},
    name::Name,
    question::{About, Answer, Found, Question},
    results::{Facts, StoredEvent},
    time::{EventTime, Millis},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use self::attempts::Attempts;
use crate::step::EpochFacts;

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
    held: FxHashMap<Name, LogSource>,
}

/// What became of an epoch's events.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    pub(crate) facts: Facts,
    pub(crate) counts: FxHashMap<Name, Counts>,
    pub(crate) questions: Vec<Question>,
}

/// Events of an epoch of which only the store can tell whether they came before, in order of arrival.
#[derive(Debug, Default)]
struct Unsure {
    keys: FxHashSet<EventKey>,
    events: Vec<Event>,
}

/// What is kept of a log source.
#[derive(Debug, Default)]
struct LogSource {
    /// Keys that are stored, with the minute they happened in.
    keys: FxHashMap<EventKey, i64>,
    /// The same by minute.
    minutes: BTreeMap<i64, Vec<EventKey>>,
    /// Whatever happened from this minute on is remembered; all there ever was, where there is none.
    remembered_from: Option<i64>,
    /// An event with a key said a time that could not be: said again later it may be believed, and would be looked for
    /// at another time. So from then on every key is asked for that is not remembered.
    absurd: bool,
    waiting: Vec<Waiting>,
    /// How many lines it told.
    lines: u64,
    /// The last line of each host that it told of.
    last: BTreeMap<Box<str>, LastLine>,
    attempts: Attempts,
}

/// Events that wait for an answer, in order of arrival.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
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
    waiting: Vec<Waiting>,
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
    waiting: &'a [Waiting],
    lines: u64,
    last: Vec<(u64, &'a Event)>,
    attempts: &'a Attempts,
}

impl LogSources {
    /// Takes an epoch's events, in order of arrival, and what the store answered.
    pub(crate) fn take(&mut self, facts: &EpochFacts, events: Vec<Event>) -> Reported {
        let mut reported = Reported::default();
        // What was asked for came before what comes now.
        for answer in &facts.answers {
            if let (About::Events { keys }, Some(held)) =
                (&answer.question.about, self.held.get_mut(&answer.question.subject))
            {
                held.answered(answer, keys, &mut reported);
            }
        }
        let mut unsure: BTreeMap<Name, Unsure> = BTreeMap::new();
        for event in events {
            let name = event.log_source;
            let held = self.held.entry(name).or_default();
            if let Some((key, event)) = held.take(event, unsure.get(&name), &mut reported) {
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
        self.held.values_mut().for_each(|held| held.forget(oldest));
        reported
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.held.iter().map(|(name, held)| {
            let LogSource { minutes, remembered_from, absurd, waiting, lines, last, attempts, .. } = held;
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
        let held = LogSource { keys, minutes, remembered_from, absurd, waiting, lines, last, attempts };
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

impl LogSource {
    /// Stores an event, or knows it for a duplicate; gives back one of which only the store can tell. `unsure` are those
    /// of the same epoch.
    fn take(
        &mut self,
        event: Event,
        unsure: Option<&Unsure>,
        reported: &mut Reported,
    ) -> Option<(EventKey, Event)> {
        // Whose time a summary takes over depends on what came before it this time.
        let is_remembered = self.remembers(&event);
        let event = self.resolved(event);
        let Some(key) = event.key else {
            self.store(event, reported);
            return None;
        };
        if self.keys.contains_key(&key)
            || self.waiting.iter().any(|waiting| waiting.keys.binary_search(&key).is_ok())
            || unsure.is_some_and(|unsure| unsure.keys.contains(&key))
        {
            reported.counts.entry(event.feed).or_default().duplicate += 1;
            // What follows it may speak of it.
            self.remember_line(&Arc::new(event));
            return None;
        }
        if is_remembered {
            self.store(event, reported);
            return None;
        }
        let event = Arc::new(event);
        self.remember_line(&event);
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

    fn store(&mut self, event: Event, reported: &mut Reported) {
        let event = self.keep(event, reported);
        self.remember_line(&event);
    }

    /// As [`LogSource::store`], of one whose line was remembered when it came.
    fn keep(&mut self, event: Event, reported: &mut Reported) -> Arc<Event> {
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

    fn ask(&mut self, name: Name, events: Vec<Event>, asked: Epoch, reported: &mut Reported) {
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let events: Vec<Event> = events.by_ref().take(ASKED_AT_ONCE).collect();
            let keys: BTreeSet<EventKey> = events.iter().filter_map(|event| event.key).collect();
            let waiting = Waiting { asked, keys: keys.into_iter().collect(), events };
            reported.questions.push(waiting.question(name));
            self.waiting.push(waiting);
        }
    }

    fn answered(&mut self, answer: &Answer, keys: &[EventKey], reported: &mut Reported) {
        let Found::Keys(stored) = &answer.found else { return };
        let is_it = |waiting: &Waiting| waiting.asked == answer.question.asked && *waiting.keys == *keys;
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
            weight: event.weight,
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

impl Waiting {
    fn question(&self, subject: Name) -> Question {
        let about = About::Events { keys: self.keys.clone() };
        Question { subject, about, from: EventTime(i64::MIN), to: EventTime(i64::MAX), asked: self.asked }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        pack::PackVersion,
        position::{Arrival, LogNumber, Offset, Partition, Position},
        time::{Now, ReceivedAt},
    };
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_795_132_800_000;

    fn facts(epoch: u64, now: i64, answers: Vec<Answer>) -> EpochFacts {
        EpochFacts {
            epoch: Epoch(epoch),
            now: Now(now),
            pack: PackVersion::default(),
            answers,
            horizon: Millis::hours(36),
        }
    }

    fn key(number: u8) -> EventKey {
        EventKey([number; 16])
    }

    fn event(offset: u64, happened_at: i64, key: Option<EventKey>) -> Event {
        let position = Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) };
        Event {
            key,
            log_source: "srv-a".into(),
            happened_at: EventTime(happened_at),
            weight: 1,
            feed: "security".into(),
            arrival: Arrival { received_at: ReceivedAt(happened_at), position, row: 0 },
            ..Event::default()
        }
    }

    fn line(offset: u64, host: &str, message: &str) -> Event {
        Event {
            kind: EventKind::LoginFailed,
            host: host.into(),
            message: message.into(),
            ..event(offset, START, None)
        }
    }

    fn repeat(offset: u64, host: &str, weight: u32, quoted: &str) -> Event {
        let time_from = TimeFrom::Absurd;
        Event { kind: EventKind::Repeat, weight, time_from, ..line(offset, host, quoted) }
    }

    fn counts(reported: &Reported) -> (u64, u64, i64) {
        let counts = reported.counts.get(&Name::new("security")).copied().unwrap_or_default();
        (counts.stored, counts.duplicate, counts.waiting)
    }

    /// A store that answers what is asked of it.
    fn answer(question: &Question, stored: &BTreeSet<EventKey>) -> Answer {
        let About::Events { keys } = &question.about else { panic!("about events") };
        let found = keys.iter().filter(|key| stored.contains(*key)).copied().collect();
        Answer { question: question.clone(), found: Found::Keys(found) }
    }

    fn reloaded(log_sources: &LogSources) -> LogSources {
        let mut loaded = LogSources::default();
        for record in log_sources.records() {
            loaded.load(postcard::from_bytes(&record.unwrap()).unwrap());
        }
        loaded
    }

    #[test]
    fn once_equal_lines_are_events_and_an_event_delivered_twice_is_one() {
        let mut log_sources = LogSources::default();
        let equal = (0..3).map(|offset| event(offset, START, None)).collect();
        assert_eq!(counts(&log_sources.take(&facts(1, START, Vec::new()), equal)), (3, 0, 0));
        let twice = vec![event(4, START, Some(key(1))), event(5, START, Some(key(1)))];
        assert_eq!(counts(&log_sources.take(&facts(2, START, Vec::new()), twice)), (1, 1, 0));
        let mut log_sources = reloaded(&log_sources);
        let again = vec![event(6, START, Some(key(1))), event(7, START, Some(key(2)))];
        assert_eq!(counts(&log_sources.take(&facts(3, START, Vec::new()), again)), (1, 1, 0));
    }

    #[test]
    fn once_what_may_have_been_stored_before_is_asked_for_and_waits() {
        let mut log_sources = LogSources::default();
        let _ = log_sources.take(&facts(1, START, Vec::new()), vec![event(1, START, Some(key(1)))]);
        let later = START + 3 * HORIZON.0;
        let _ = log_sources.take(&facts(2, later, Vec::new()), Vec::new());
        // Known, new, and a third that comes twice before the answer.
        let old = [1, 2, 3, 3].map(|number| event(10 + u64::from(number), START, Some(key(number))));
        let reported = log_sources.take(&facts(3, later, Vec::new()), old.into());
        assert_eq!(counts(&reported), (0, 1, 3));
        assert_eq!(reported.questions.len(), 1);
        // What happened within the horizon is decided at once meanwhile.
        let reported_now =
            log_sources.take(&facts(4, later, Vec::new()), vec![event(20, later, Some(key(9)))]);
        assert_eq!(counts(&reported_now), (1, 0, 0));
        let record = log_sources.records().next().unwrap().unwrap();
        let record: LogSourceRecord = postcard::from_bytes(&record).unwrap();
        assert_eq!(record.awaited().collect::<Vec<_>>(), reported.questions);
        let mut log_sources = reloaded(&log_sources);
        let answers = vec![answer(&reported.questions[0], &BTreeSet::from([key(1)]))];
        let reported = log_sources.take(&facts(5, later, answers), vec![event(30, START, Some(key(2)))]);
        // Key 2 is stored by the answer; the one behind it is older than what is remembered, and is known all the same.
        assert_eq!(counts(&reported), (2, 2, -3));
        assert!(reported.questions.is_empty());
    }

    #[test]
    fn once_when_an_event_without_a_time_of_its_own_happened_does_not_hide_that_it_came_before() {
        let mut log_sources = LogSources::default();
        let at_arrival = |offset, now, number| Event {
            time_from: TimeFrom::Arrival,
            ..event(offset, now, Some(key(number)))
        };
        let first = log_sources.take(&facts(1, START, Vec::new()), vec![at_arrival(1, START, 1)]);
        assert_eq!(counts(&first), (1, 0, 0));
        let later = START + 3 * HORIZON.0;
        let _ = log_sources.take(&facts(2, later, Vec::new()), Vec::new());
        let again = log_sources.take(&facts(3, later, Vec::new()), vec![at_arrival(2, later, 1)]);
        assert_eq!((counts(&again), again.questions.len()), ((0, 0, 1), 1));
    }

    #[test]
    fn once_a_time_that_could_not_be_and_is_believed_later_makes_no_second_event() {
        let mut log_sources = LogSources::default();
        let ahead = START + 7 * HORIZON.0;
        let absurd = Event { time_from: TimeFrom::Absurd, ..event(1, START, Some(key(1))) };
        let _ = log_sources.take(&facts(1, START, Vec::new()), vec![absurd]);
        let _ = log_sources.take(&facts(2, ahead, Vec::new()), Vec::new());
        let mut log_sources = reloaded(&log_sources);
        let believed = vec![event(2, ahead, Some(key(1)))];
        let reported = log_sources.take(&facts(3, ahead, Vec::new()), believed);
        assert_eq!((counts(&reported), reported.questions.len()), ((0, 0, 1), 1));
    }

    #[test]
    fn once_a_summary_that_came_before_is_no_second_one_whatever_it_follows_this_time() {
        let mut log_sources = LogSources::default();
        let summary = |offset| Event { key: Some(key(7)), ..repeat(offset, "srv-b", 3, "") };
        let first = vec![line(1, "srv-b", "Failed password for user01"), summary(2)];
        let _ = log_sources.take(&facts(1, START, Vec::new()), first);
        let later = START + 3 * HORIZON.0;
        let _ = log_sources.take(&facts(2, later, Vec::new()), Vec::new());
        let newer = Event { happened_at: EventTime(later), ..line(3, "srv-b", "Failed password for root") };
        let reported = log_sources.take(&facts(3, later, Vec::new()), vec![newer, summary(4)]);
        assert_eq!((counts(&reported), reported.questions.len()), ((1, 0, 1), 1));
    }

    #[test]
    fn a_summary_behind_a_duplicate_is_of_that_duplicate() {
        let mut log_sources = LogSources::default();
        let known = Event { key: Some(key(1)), ..line(1, "srv-b", "Failed password for user01") };
        let other = Event { kind: EventKind::Log, ..line(2, "srv-b", "eth0 is up") };
        let _ = log_sources.take(&facts(1, START, Vec::new()), vec![known.clone(), other]);
        let again = vec![known, repeat(3, "srv-b", 3, "")];
        let reported = log_sources.take(&facts(2, START, Vec::new()), again);
        assert_eq!(reported.facts.events[0].0.kind, EventKind::LoginFailed);
    }

    #[test]
    fn bound_no_more_keys_are_remembered_than_there_is_room_for() {
        let mut log_sources = LogSources::default();
        let number = |number: usize| EventKey((number as u128).to_be_bytes());
        let of_minute = |minute: i64, from: usize| {
            (from..from + REMEMBERED / 2 + 1)
                .map(move |at| event(at as u64, START + minute * MINUTE, Some(number(at))))
        };
        let events = of_minute(0, 0).chain(of_minute(1, REMEMBERED)).collect();
        let _ = log_sources.take(&facts(1, START, Vec::new()), events);
        let held = &log_sources.held[&Name::new("srv-a")];
        assert_eq!(held.keys.len(), REMEMBERED / 2 + 1);
        let late = vec![event(1, START, Some(number(0)))];
        assert_eq!(log_sources.take(&facts(2, START, Vec::new()), late).questions.len(), 1);
    }

    #[test]
    fn a_summary_is_more_of_the_last_message_of_its_host_and_an_orphan_is_nobodys() {
        use EventKind::{LoginAccepted, LoginFailed, Repeat};
        let mut log_sources = LogSources::default();
        let lines = vec![
            line(1, "srv-b", "Failed password for user01 from 203.0.113.6"),
            Event { kind: LoginAccepted, ..line(2, "srv-c", "Accepted publickey for user02") },
            repeat(3, "srv-b", 3, ""),
            line(4, "srv-d", "Failed password for root from 203.0.113.7"),
            repeat(5, "srv-d", 2, "Failed password for "),
            repeat(6, "srv-d", 2, "Accepted"),
            repeat(7, "srv-e", 6, ""),
            repeat(8, "srv-b", 1, ""),
        ];
        let reported = log_sources.take(&facts(1, START, Vec::new()), lines);
        let told: Vec<_> = reported
            .facts
            .events
            .iter()
            .map(|stored| (stored.0.kind, &*stored.0.host, stored.0.weight, stored.0.attributes.len()))
            .collect();

        assert_eq!(
            told,
            [
                (LoginFailed, "srv-b", 1, 0),
                (LoginAccepted, "srv-c", 1, 0),
                (LoginFailed, "srv-b", 3, 1),
                (LoginFailed, "srv-d", 1, 0),
                (LoginFailed, "srv-d", 2, 1),
                (Repeat, "srv-d", 2, 0),
                (Repeat, "srv-e", 6, 0),
                (LoginFailed, "srv-b", 1, 1),
            ]
        );
        let summary = &reported.facts.events[2].0;
        assert_eq!(&*summary.attributes[0].1, "1-0-1-0", "the line it repeats");
        assert_eq!(summary.message, reported.facts.events[0].0.message);
    }

    proptest! {
        /// Whatever is cut into epochs, whenever they come, whenever the state is loaded from a checkpoint and however
        /// late the store answers: each key is stored exactly once.
        #[test]
        fn once_every_key_is_stored_once_however_often_and_late_it_comes(
            rows in proptest::collection::vec((0u8..6, 0i64..40, any::<bool>()), 1..60),
            cuts in proptest::collection::vec((1usize..6, 0i64..30 * MINUTE, any::<bool>(), 0usize..3), 12),
        ) {
            let mut log_sources = LogSources::default();
            let mut stored: BTreeSet<EventKey> = BTreeSet::new();
            let mut open: Vec<Question> = Vec::new();
            let mut now = START;
            let mut rows = rows.into_iter().enumerate().peekable();
            let mut totals = (0, 0, 0);
            let came = rows.len() as u64;
            let mut sent = BTreeSet::new();
            let mut cuts = cuts.into_iter().cycle();
            let mut epoch = 0;
            while rows.peek().is_some() || !open.is_empty() {
                let (length, step, reload, answered) = cuts.next().unwrap();
                epoch += 1;
                now += step;
                let answered = answered.max(usize::from(rows.peek().is_none())).min(open.len());
                let answers = open.drain(..answered).map(|question| answer(&question, &stored)).collect();
                let events: Vec<Event> = rows
                    .by_ref()
                    .take(length)
                    .map(|(offset, (number, minutes, stated))| {
                        let _ = sent.insert(key(number));
                        let at = if stated { START + i64::from(number) * 7 * MINUTE } else { now - minutes };
                        let time_from = if stated { TimeFrom::Stated } else { TimeFrom::Arrival };
                        // One key is always one way.
                        let key = EventKey([number + if stated { 0 } else { 100 }; 16]);
                        Event { time_from, ..event(offset as u64, at, Some(key)) }
                    })
                    .collect();
                let reported = log_sources.take(&facts(epoch, now, answers), events);
                for fact in &reported.facts.events {
                    prop_assert!(stored.insert(fact.0.key.unwrap()), "stored twice");
                }
                let (more_stored, duplicate, waiting) = counts(&reported);
                totals = (totals.0 + more_stored, totals.1 + duplicate, totals.2 + waiting);
                open.extend(reported.questions);
                if reload {
                    log_sources = reloaded(&log_sources);
                }
            }
            prop_assert_eq!(totals.0 + totals.1, came);
            prop_assert_eq!(totals.2, 0);
            prop_assert_eq!(totals.0, stored.len() as u64);
        }
    }
}

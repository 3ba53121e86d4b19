//! The keeper of events by itself: what comes twice, late, in other epochs, through checkpoints.

mod behind;

use ioc_model::{
    event::{EventKind, STATED_TIME, TimeFrom, WEIGHT_MAX},
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
        known: true,
        host: host.into(),
        message: message.into(),
        ..event(offset, START, None)
    }
}

fn repeat(offset: u64, host: &str, weight: u32, quoted: &str) -> Event {
    let time_from = TimeFrom::Absurd;
    Event { kind: EventKind::Repeat, weight, time_from, ..line(offset, host, quoted) }
}

fn counts(reported: &EventResults) -> (u64, u64, i64) {
    let counts = reported.counts.get(&Name::new("security")).copied().unwrap_or_default();
    (counts.stored, counts.duplicate, counts.waiting)
}

/// Events that are stored, with when they happened and where that is from.
type Stored = BTreeMap<EventKey, (EventTime, TimeFrom)>;

/// A store that answers what is asked of it: it looks at the time that is asked for, and at what does not say when where
/// that is asked for, and at nothing else.
fn answer(question: &Question, stored: &Stored) -> Answer {
    let keys = question.about.event_keys().expect("about events");
    let also_undated = matches!(question.about, About::UndatedEvents { .. });
    let is_meant = |(at, from): &(EventTime, TimeFrom)| {
        (question.from..question.to).contains(at)
            || (also_undated && matches!(from, TimeFrom::Arrival | TimeFrom::Absurd))
    };
    let found = keys.iter().filter(|key| stored.get(*key).is_some_and(is_meant)).copied().collect();
    Answer { question: question.clone(), found: Found::Keys(found) }
}

/// Takes events of which only the store can tell whether they came before, at a moment: none of them did.
fn take_as_new(log_sources: &mut LogSources, epoch: u64, now: i64, events: Vec<Event>) -> EventResults {
    let asked = log_sources.take(&facts(epoch, now, Vec::new()), events).questions;
    let answers = asked.iter().map(|question| answer(question, &Stored::new())).collect();
    log_sources.take(&facts(epoch + 1, now, answers), Vec::new())
}

fn reloaded(log_sources: &LogSources) -> LogSources {
    let mut loaded = LogSources::default();
    for record in log_sources.records() {
        loaded.load(LogSourceRecord::decode(crate::checkpoint::VERSION, &record.unwrap()).unwrap()).unwrap();
    }
    loaded
}

#[test]
fn once_equal_lines_are_events_and_an_event_delivered_twice_is_one() {
    let mut log_sources = LogSources::default();
    let equal = (0..3).map(|offset| event(offset, START, None));
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
    let reported = log_sources.take(&facts(3, later, Vec::new()), old);
    assert_eq!(counts(&reported), (0, 1, 3));
    assert_eq!(reported.questions.len(), 1);
    // What happened within the horizon is decided at once meanwhile.
    let reported_now = log_sources.take(&facts(4, later, Vec::new()), vec![event(20, later, Some(key(9)))]);
    assert_eq!(counts(&reported_now), (1, 0, 0));
    // Nothing is counted over what is not known yet.
    let unsure: Vec<EventTime> = reported_now.unsure.values().map(|undecided| undecided.happened).collect();
    assert_eq!(unsure, [EventTime(START)]);
    let record = log_sources.records().next().unwrap().unwrap();
    let record = LogSourceRecord::decode(crate::checkpoint::VERSION, &record).unwrap();
    assert_eq!(record.awaited().collect::<Vec<_>>(), reported.questions);
    let mut log_sources = reloaded(&log_sources);
    let question = &reported.questions[0];
    assert_eq!(
        (question.from, question.to),
        (EventTime(START), EventTime(START + 1)),
        "it is asked when it happened"
    );
    let answers = vec![answer(question, &Stored::from([(key(1), (EventTime(START), TimeFrom::Stated))]))];
    let reported = log_sources.take(&facts(5, later, answers), vec![event(30, START, Some(key(2)))]);
    // Key 2 is stored by the answer; the one behind it is older than what is remembered, and is known all the same.
    assert_eq!(counts(&reported), (2, 2, -3));
    assert!(reported.unsure.is_empty());
    assert!(reported.questions.is_empty());
}

#[test]
fn once_when_an_event_without_a_time_of_its_own_happened_does_not_hide_that_it_came_before() {
    let mut log_sources = LogSources::default();
    let at_arrival =
        |offset, now, number| Event { time_from: TimeFrom::Arrival, ..event(offset, now, Some(key(number))) };
    let first = take_as_new(&mut log_sources, 1, START, vec![at_arrival(1, START, 1)]);
    assert_eq!(counts(&first), (1, 0, -1));
    let later = START + 3 * HORIZON.0;
    let _ = log_sources.take(&facts(3, later, Vec::new()), Vec::new());
    let again = log_sources.take(&facts(4, later, Vec::new()), vec![at_arrival(2, later, 1)]);
    assert_eq!((counts(&again), again.questions.len()), ((0, 0, 1), 1));
}

#[test]
fn once_a_time_that_could_not_be_and_is_believed_later_makes_no_second_event() {
    let mut log_sources = LogSources::default();
    let ahead = START + 7 * HORIZON.0;
    let attributes = vec![(STATED_TIME.into(), EventTime(ahead).rfc3339().into())];
    let absurd = Event { time_from: TimeFrom::Absurd, attributes, ..event(1, START, Some(key(1))) };
    let _ = take_as_new(&mut log_sources, 1, START, vec![absurd]);
    let _ = log_sources.take(&facts(3, ahead, Vec::new()), Vec::new());
    let mut log_sources = reloaded(&log_sources);
    let believed = vec![event(2, ahead, Some(key(1)))];
    let reported = log_sources.take(&facts(4, ahead, Vec::new()), believed);
    assert_eq!((counts(&reported), reported.questions.len()), ((0, 0, 1), 1));
    let answers =
        vec![answer(&reported.questions[0], &Stored::from([(key(1), (EventTime(START), TimeFrom::Absurd))]))];
    assert_eq!(counts(&log_sources.take(&facts(5, ahead, answers), Vec::new())), (0, 1, -1));
    // Nothing else is asked for because of it.
    let others =
        vec![event(3, ahead - HORIZON.0 / 2, Some(key(2))), event(4, ahead + HORIZON.0, Some(key(3)))];
    assert_eq!(counts(&log_sources.take(&facts(6, ahead, Vec::new()), others)), (2, 0, 0));
}

#[test]
fn bound_what_says_when_is_not_asked_for_at_all_times_because_something_else_does_not_say() {
    let mut log_sources = LogSources::default();
    let _ = log_sources.take(&facts(1, START, Vec::new()), vec![event(1, START, Some(key(1)))]);
    let later = START + 3 * HORIZON.0;
    let _ = log_sources.take(&facts(2, later, Vec::new()), Vec::new());
    let undated = Event { time_from: TimeFrom::Arrival, ..event(2, later, Some(key(2))) };
    let dated = [3, 4].map(|number| event(number.into(), START + i64::from(number), Some(key(number))));
    let [third, fourth] = dated;
    let reported = log_sources.take(&facts(3, later, Vec::new()), vec![fourth, undated, third]);
    let asked: Vec<(i64, i64, usize)> = reported
        .questions
        .iter()
        .map(|question| {
            let keys = question.about.event_keys().expect("about events");
            (question.from.0, question.to.0, keys.len())
        })
        .collect();
    assert_eq!(
        asked,
        [(i64::MAX, i64::MIN, 1), (START + 3, START + 5, 2)],
        "at no time, but among the undated"
    );
    assert!(matches!(reported.questions[0].about, About::UndatedEvents { .. }));
    // The time of a summary may be that of the line it repeats.
    let summary = Event { key: Some(key(7)), time_from: TimeFrom::Arrival, ..repeat(9, "srv-b", 3, "") };
    let reported = log_sources.take(&facts(4, later, Vec::new()), vec![summary]);
    assert_eq!((reported.questions[0].from.0, reported.questions[0].to.0), (i64::MIN, i64::MAX));
}

#[test]
fn bound_of_a_log_source_that_fell_silent_nothing_is_kept_that_nobody_needs() {
    let mut log_sources = LogSources::default();
    let flood = (0..2_000).map(|number: u64| {
        let host = number.to_string();
        let attributes =
            vec![("long".into(), "x".repeat(1_000).into()), ("more".into(), "y".repeat(1_000).into())];
        let program = format!("sshd[{number}]").into();
        let of = format!("198.51.100.{}", number % 20);
        Event {
            log_source: of.as_str().into(),
            known: false,
            attributes,
            program,
            ..line(number, &host, &"z".repeat(8_000))
        }
    });
    let _ = log_sources.take(&facts(1, START, Vec::new()), flood);
    let size =
        |log_sources: &LogSources| log_sources.records().map(|record| record.unwrap().len()).sum::<usize>();
    // Of each: two hosts of 2 KiB, and 64 connections.
    assert!(size(&log_sources) < 20 * (2 * 2_300 + 64 * 60), "{}", size(&log_sources));
    let keyed = vec![Event { log_source: "keyed".into(), ..event(9_000, START, Some(key(1))) }];
    let _ = log_sources.take(&facts(2, START, Vec::new()), keyed);
    let _ = log_sources.take(&facts(3, START + HORIZON.0 + 2 * MINUTE, Vec::new()), Vec::new());
    assert_eq!((log_sources.held.len(), size(&log_sources)), (0, 0));
}

#[test]
fn once_a_summary_that_came_before_is_no_second_one_whatever_it_follows_this_time() {
    let mut log_sources = LogSources::default();
    let summary = |offset| Event { key: Some(key(7)), ..repeat(offset, "srv-b", 3, "") };
    let first = vec![line(1, "srv-b", "Failed password for user01"), summary(2)];
    let _ = take_as_new(&mut log_sources, 1, START, first);
    let later = START + 3 * HORIZON.0;
    let _ = log_sources.take(&facts(3, later, Vec::new()), Vec::new());
    let newer = Event { happened_at: EventTime(later), ..line(3, "srv-b", "Failed password for root") };
    let reported = log_sources.take(&facts(4, later, Vec::new()), vec![newer, summary(4)]);
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
    let of_second = |second: i64, from: usize| {
        (from..from + keys::REMEMBERED / 2 + 1)
            .map(move |at| event(at as u64, START + second * 1_000, Some(number(at))))
    };
    let events = of_second(0, 0).chain(of_second(1, keys::REMEMBERED));
    let _ = log_sources.take(&facts(1, START, Vec::new()), events);
    let held = &log_sources.held[&Name::new("srv-a")];
    assert_eq!(held.keys.len(), keys::REMEMBERED / 2 + 1);
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
        Event { weight: 5, ..line(9, "srv-c", "PAM 5 more authentication failures") },
        repeat(10, "srv-c", 3, ""),
        repeat(11, "srv-c", WEIGHT_MAX, ""),
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
            (LoginFailed, "srv-c", 5, 0),
            (LoginFailed, "srv-c", 15, 1),
            (LoginFailed, "srv-c", WEIGHT_MAX, 1),
        ]
    );
    let summary = &reported.facts.events[2].0;
    assert_eq!(&*summary.attributes[0].1, "1-0-1-0", "the line it repeats");
    assert_eq!(summary.message, reported.facts.events[0].0.message);
}

proptest! {
    /// Whatever is cut into epochs, whenever they come, whenever the state is loaded from a checkpoint and however
    /// late the store answers: each key is stored exactly once, and asked for as by one that was never stopped (REPLAY).
    #[test]
    fn once_every_key_is_stored_once_however_often_and_late_it_comes(
        rows in proptest::collection::vec((0u8..6, 0i64..40, 0u8..3), 1..60),
        cuts in proptest::collection::vec((1usize..6, 0i64..30 * MINUTE, any::<bool>(), 0usize..3), 12),
    ) {
        let (mut log_sources, mut unstopped) = (LogSources::default(), LogSources::default());
        let mut stored = Stored::new();
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
                .map(|(offset, (number, minutes, kind))| {
                    let _ = sent.insert(key(number));
                    let (said, arrived) = (START + i64::from(number) * 7 * MINUTE, now - minutes);
                    // What is believed no more when it is older than the feed's contract has it, was once.
                    let is_old = now - said > 2 * HORIZON.0;
                    let (at, time_from) = match kind {
                        0 => (said, TimeFrom::Stated),
                        1 => (arrived, TimeFrom::Arrival),
                        _ if is_old => (arrived, TimeFrom::Absurd),
                        _ => (said, TimeFrom::Stated),
                    };
                    let stated = (time_from == TimeFrom::Absurd)
                        .then(|| (STATED_TIME.into(), EventTime(said).rfc3339().into()));
                    // One key is always one way.
                    let key = EventKey([number + kind * 50; 16]);
                    let attributes = stated.into_iter().collect();
                    Event { time_from, attributes, ..event(offset as u64, at, Some(key)) }
                })
                .collect();
            let facts = facts(epoch, now, answers);
            let reported = log_sources.take(&facts, events.clone());
            let as_ever = unstopped.take(&facts, events);
            prop_assert_eq!(&reported.questions, &as_ever.questions, "REPLAY");
            prop_assert_eq!(&reported.facts.events, &as_ever.facts.events, "REPLAY");
            for fact in &reported.facts.events {
                let when = (fact.0.happened_at, fact.0.time_from);
                let before = stored.insert(fact.0.key.unwrap(), when);
                prop_assert!(before.is_none(), "stored twice");
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

#[test]
fn bound_of_names_that_were_made_up_with_keys_nothing_is_kept_an_hour_later() {
    let of = |number: u8, at| Event {
        log_source: Name::new(&format!("srv-{number}")),
        host: "srv".into(),
        time_from: TimeFrom::Stated,
        ..event(u64::from(number), at, Some(key(number)))
    };
    let mut log_sources = LogSources::default();
    let reported = log_sources.take(&facts(1, START, Vec::new()), (0..200).map(|number| of(number, START)));
    assert_eq!((reported.facts.events.len(), log_sources.held.len()), (200, 200));
    let later = START + HORIZON.0 + MINUTE;
    let _ = log_sources.take(&facts(2, later, Vec::new()), Vec::new());
    assert_eq!(log_sources.held.len(), 0);
    // Whoever comes again is asked for, and so is what somebody new says of a time that is over.
    let reported = log_sources.take(&facts(3, later, Vec::new()), vec![of(7, START), of(201, START)]);
    assert_eq!((reported.questions.len(), reported.facts.events.len()), (2, 0));
    assert_eq!(reported.questions[0].from, EventTime(START));
    let reported = log_sources.take(&facts(4, later, Vec::new()), vec![of(202, later)]);
    assert_eq!((reported.questions.len(), reported.facts.events.len()), (0, 1));
}

#[test]
fn silent_a_relay_is_heard_when_the_newest_line_arrived_that_it_passed_on() {
    let by = |offset, at, relay: &str| Event { relay: relay.into(), ..event(offset, at, None) };
    let events = [
        by(1, START + 9, "relay"),
        by(2, START + 5, "relay"),
        by(3, START, "relay-b"),
        by(4, START + 20, ""),
    ];
    let reported = LogSources::default().take(&facts(1, START, Vec::new()), events);
    let heard: Vec<(Name, i64)> = reported.relayed().into_iter().map(|(relay, at)| (relay, at.0)).collect();
    assert_eq!(heard, [("relay".into(), START + 9), ("relay-b".into(), START)]);
}

//! What is counted at a log source: windows, late lines, silence, days that left the state.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::Calendar,
    event::{Count, Severity, one_spelling},
    position::Arrival,
    time::ReceivedAt,
};
use proptest::prelude::*;

use super::*;

mod attributes;

const HOUR: i64 = 60;
const HORIZON: Millis = Millis::hours(36);
const HELD: Millis = Millis::minutes(10);

fn measure(id: &str, count: Count, kinds: &[EventKind], windows: &[WindowKind]) -> (Name, EventMeasure) {
    let (kinds, windows) = (kinds.to_vec(), windows.to_vec());
    (id.into(), EventMeasure { kinds, windows, ..ioc_testing::measure(id, count) })
}

fn of_attribute(id: &str, count: Count, windows: &[WindowKind]) -> (Name, EventMeasure) {
    let (name, of) = measure(id, count, &[], windows);
    (name, EventMeasure { attribute: id.to_owned(), ..of })
}

fn plan(silent_after: Option<Millis>) -> CountPlan {
    let all = WindowKind::ALL;
    let [_, hour, day] = all;
    let measures = [
        measure("alerts", Count::Events, &[EventKind::Alert], &all),
        measure("attempts", Count::Attempts, &[], &[hour]),
        measure("attackers", Count::Sources, &[EventKind::Alert], &[hour, day]),
        measure("raised", Count::Raised, &[], &[hour, day]),
        measure("lost", Count::Lost, &[], &[hour, day]),
        of_attribute("bytes", Count::Sum, &all),
        of_attribute("sessions", Count::Last, &all),
    ];
    CountPlan { measures: measures.into(), silent_after, blind_above: 0.1, by_relay: false }
}

/// An alert of a minute, which comes at once.
fn alert(minute: i64, from: &str) -> Event {
    let at = minute * MINUTE;
    Event {
        kind: EventKind::Alert,
        severity: Severity::High,
        happened_at: EventTime(at),
        from: ioc_model::event::Endpoint { address: one_spelling(from), port: None },
        weight: 1,
        feed: "ids".into(),
        arrival: Arrival { received_at: ReceivedAt(at), ..Arrival::default() },
        ..Event::default()
    }
}

fn late(event: Event, minute: i64) -> Event {
    Event { arrival: Arrival { received_at: ReceivedAt(minute * MINUTE), ..Arrival::default() }, ..event }
}

fn line(minute: i64) -> Event {
    Event { kind: EventKind::Log, ..alert(minute, "") }
}

/// A line that says something, which comes at once.
fn said(minute: i64, attributes: &[(&'static str, &str)]) -> Event {
    let attributes = attributes.iter().map(|(name, said)| ((*name).into(), (*said).into())).collect();
    Event { attributes, ..line(minute) }
}

struct Source {
    counted: LogSourceCounts,
    plan: CountPlan,
    days: Days,
    epoch: u64,
    /// What windows are now: value, whole minutes, minutes expected.
    windows: BTreeMap<(Name, WindowKind, i64), (f64, u64, u32)>,
    /// What they are the estimates of.
    sketches: BTreeMap<(Name, WindowKind, i64), Registers>,
    asked: Vec<Question>,
    said: usize,
}

impl Source {
    fn new(silent_after: Option<Millis>) -> Source {
        Source {
            counted: LogSourceCounts::default(),
            plan: plan(silent_after),
            days: Days::new(Calendar::of_zone("UTC").unwrap()),
            epoch: 0,
            windows: BTreeMap::new(),
            sketches: BTreeMap::new(),
            asked: Vec::new(),
            said: 0,
        }
    }

    fn epoch(&mut self, now: i64, events: &[Event]) {
        self.epoch += 1;
        let epoch = Epoch(self.epoch);
        let mut touched = TouchedMinutes::default();
        let of = ("ids-a".into(), epoch);
        let Source { counted, plan, days, asked, windows, sketches, said, .. } = self;
        let _ = counted.take(events.iter(), plan, days, of, |_| Millis(0), None, &mut touched, asked);
        let patience = EventTime(now * MINUTE).minus(plan.patience(Millis::minutes(5)));
        let bounds = ClosingBounds { epoch, horizon: HORIZON, watermark: counted.watermark(), patience };
        counted.advance(days, plan, bounds, &touched, |name, closed, registers| {
            *said += 1;
            let key = (name, closed.kind, minute_of(closed.span.start));
            let _ = sketches.insert(key, registers);
            keep(windows, name, closed);
        });
    }

    fn window(&self, measure: &str, kind: WindowKind, minute: i64) -> Option<(f64, u64, u32)> {
        self.windows.get(&(measure.into(), kind, minute)).copied()
    }
}

fn keep(windows: &mut BTreeMap<(Name, WindowKind, i64), (f64, u64, u32)>, name: Name, closed: Closed) {
    let key = (name, closed.kind, minute_of(closed.span.start));
    let _ = windows.insert(key, (closed.aggregate.sum, closed.aggregate.count, closed.expected));
}

#[test]
fn frontier_an_hour_is_counted_when_the_lines_have_passed_its_end_and_late_ones_revise_it() {
    let mut source = Source::new(Some(HELD));
    let a = alert(3, "203.0.113.1");
    source.epoch(3, &[a.clone(), Event { weight: 4, ..alert(3, "203.0.113.2") }]);
    assert_eq!(source.windows.len(), 0);
    for minute in (10..=60).step_by(5) {
        source.epoch(minute, &[line(minute)]);
    }
    assert_eq!(source.window("alerts", WindowKind::Minute, 3), Some((5.0, 1, 1)));
    assert_eq!(source.window("alerts", WindowKind::Minute, 20), Some((0.0, 1, 1)), "heard, and nothing was");
    assert_eq!(
        source.window("alerts", WindowKind::Hour, 0),
        Some((5.0, 57, 60)),
        "nothing before the first line"
    );
    assert_eq!(source.window("attackers", WindowKind::Hour, 0), Some((2.0, 57, 60)));
    source.epoch(61, &[late(alert(59, "203.0.113.1"), 61), late(alert(58, "203.0.113.9"), 61)]);
    assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((7.0, 57, 60)));
    assert_eq!(
        source.window("attackers", WindowKind::Hour, 0),
        Some((3.0, 57, 60)),
        "one of them came before"
    );
    assert_eq!(source.window("attempts", WindowKind::Hour, 0), Some((0.0, 57, 60)));
    let told = source.said;
    source.epoch(61, &[]);
    assert_eq!(source.said, told, "nothing is said twice");
}

#[test]
fn silent_minutes_that_nobody_heard_are_missing_until_their_lines_come() {
    let mut source = Source::new(Some(HELD));
    source.epoch(0, &[line(0)]);
    source.epoch(30, &[line(30)]);
    source.epoch(60, &[line(35), line(45), line(55), line(60)]);
    assert_eq!(
        source.window("alerts", WindowKind::Hour, 0),
        Some((0.0, 31, 60)),
        "minutes 1 to 29 are not known"
    );
    assert_eq!(source.window("alerts", WindowKind::Minute, 12), Some((0.0, 0, 1)));
    let again: Vec<Event> = (1..6).map(|number| late(line(number * 5), 61)).collect();
    source.epoch(61, &again);
    assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((0.0, 60, 60)));
    assert_eq!(source.window("alerts", WindowKind::Minute, 12), Some((0.0, 1, 1)));
    // Then it is heard no more: what the clock closes is missing.
    source.epoch(200, &[]);
    assert_eq!(source.window("alerts", WindowKind::Hour, HOUR), Some((0.0, 1, 60)));
    assert_eq!(source.window("alerts", WindowKind::Hour, 2 * HOUR), Some((0.0, 0, 60)));
    assert_eq!(source.window("alerts", WindowKind::Hour, 3 * HOUR), None, "the clock has not passed it");
}

#[test]
fn silent_what_a_blind_sensor_did_not_report_is_no_zero() {
    let mut source = Source::new(Some(HELD));
    let stats = |minute: i64, drops: &str| Event {
        kind: EventKind::Stats,
        attributes: vec![
            ("kernel_drops".into(), drops.into()),
            ("kernel_packets".into(), (minute * 1_000).to_string().into()),
            ("uptime".into(), minute.to_string().into()),
        ],
        ..line(minute)
    };
    for minute in (0..=70).step_by(10) {
        let drops = if minute < 40 { "0" } else { "90000" };
        source.epoch(minute, &[stats(minute, drops), alert(minute, "203.0.113.1")]);
    }
    // Between minutes 30 and 40 most were dropped. Those minutes were closed when it said so.
    assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((6.0, 50, 60)));
    assert_eq!(source.window("alerts", WindowKind::Minute, 35), Some((0.0, 0, 1)));
    assert_eq!(
        source.window("alerts", WindowKind::Minute, 30),
        Some((1.0, 0, 1)),
        "what it did report counts"
    );
    assert_eq!(source.window("alerts", WindowKind::Minute, 40), Some((1.0, 1, 1)));
}

/// What a sensor says of itself: how long it runs, and how many alerts it raised since.
fn record(minute: i64, alerts: u64) -> Event {
    let told = |name: &'static str, number: u64| (name.into(), number.to_string().into());
    let attributes = vec![told("alert", alerts), told("rules_loaded", 1), told("uptime", minute as u64 * 60)];
    Event { kind: EventKind::Stats, attributes, ..line(minute) }
}

#[test]
fn silent_alerts_that_a_sensor_raised_and_that_never_arrived_are_missing_until_they_do() {
    let mut source = Source::new(Some(HELD));
    source.epoch(0, &[record(0, 700), alert(5, "203.0.113.1"), record(10, 702), alert(15, "203.0.113.1")]);
    for minute in (20..=60).step_by(10) {
        source.epoch(minute, &[record(minute, 703)]);
    }
    let whole = |value| Some((value, 60, 60));
    assert_eq!(source.window("raised", WindowKind::Hour, 0), whole(3.0));
    assert_eq!(source.window("lost", WindowKind::Hour, 0), whole(1.0));
    source.epoch(61, &[late(alert(7, "203.0.113.1"), 61)]);
    assert_eq!(source.window("lost", WindowKind::Hour, 0), whole(0.0));
    assert_eq!(source.window("raised", WindowKind::Hour, 0), whole(3.0));
    // Of what is no sensor nothing is said.
    let mut other = Source::new(Some(HELD));
    (0..=60).step_by(10).for_each(|minute| other.epoch(minute, &[alert(minute, "203.0.113.1")]));
    assert_eq!(other.window("alerts", WindowKind::Hour, 0), Some((6.0, 60, 60)));
    assert_eq!(other.window("lost", WindowKind::Hour, 0), None);
}

#[test]
fn one_that_may_be_silent_owes_nothing_and_says_nothing_of_its_silence() {
    let mut source = Source::new(None);
    source.epoch(0, &[alert(0, "203.0.113.1")]);
    source.epoch(600, &[alert(600, "203.0.113.1")]);
    assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((1.0, 1, 0)));
    assert_eq!(source.window("alerts", WindowKind::Hour, 2 * HOUR), None);
}

#[test]
fn a_clock_that_is_ahead_closes_nothing_before_its_time() {
    let mut source = Source::new(Some(HELD));
    source.epoch(5, &[late(alert(55, "203.0.113.1"), 5)]);
    source.epoch(6, &[line(6)]);
    assert_eq!(source.window("alerts", WindowKind::Minute, 30), None);
    for minute in 7..=61 {
        source.epoch(minute, &[line(minute)]);
    }
    assert_eq!(source.window("alerts", WindowKind::Hour, 0).map(|(value, ..)| value), Some(1.0));
}

#[test]
fn silent_a_clock_that_is_a_little_fast_hides_nothing() {
    let fast =
        |event: Event, millis: i64| Event { happened_at: event.happened_at.plus(Millis(millis)), ..event };
    for millis in [0, 50, 3_000, 61_000] {
        let mut source = Source::new(Some(HELD));
        for minute in 0..=130 {
            source.epoch(minute, &[fast(alert(minute, "203.0.113.1"), millis)]);
        }
        let hour = source.window("alerts", WindowKind::Hour, HOUR);
        assert_eq!(hour, Some((60.0, 60, 60)), "{millis} ms fast");
        let minute = source.window("alerts", WindowKind::Minute, 90);
        assert_eq!(minute, Some((1.0, 1, 1)), "{millis} ms fast");
    }
}

#[test]
fn silent_what_a_relay_says_in_the_name_of_one_that_sends_itself_is_counted_and_keeps_it_not_alive() {
    let relayed = |minute| Event { relay: "relay".into(), ..alert(minute, "203.0.113.1") };
    for by_relay in [false, true] {
        let mut source = Source::new(Some(HELD));
        source.plan.by_relay = by_relay;
        source.epoch(0, &[line(0)]);
        for minute in (5..=140).step_by(5) {
            source.epoch(minute, &[relayed(minute)]);
        }
        let whole = if by_relay { 60 } else { 1 };
        assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((11.0, whole, 60)), "{by_relay}");
        let whole = if by_relay { 60 } else { 0 };
        assert_eq!(source.window("alerts", WindowKind::Hour, HOUR), Some((12.0, whole, 60)), "{by_relay}");
    }
}

#[test]
fn silent_a_sensor_that_was_away_between_two_records_makes_no_calm_minutes() {
    let mut source = Source::new(Some(HELD));
    let uptime = |minute: i64, seconds: i64| {
        let attributes =
            vec![("rules_loaded".into(), "1".into()), ("uptime".into(), seconds.to_string().into())];
        Event { kind: EventKind::Stats, attributes, ..line(minute) }
    };
    for minute in (0..=70).step_by(10) {
        // Its process has been there for half a minute at minute 50.
        let seconds = if minute < 50 { 86_400 + minute * 60 } else { (minute - 50) * 60 + 30 };
        source.epoch(minute, &[uptime(minute, seconds)]);
    }
    // Minutes 40 to 49: when in them it ended nobody knows.
    assert_eq!(source.window("alerts", WindowKind::Hour, 0), Some((0.0, 50, 60)));
    assert_eq!(source.window("alerts", WindowKind::Minute, 45), Some((0.0, 0, 1)));
    assert_eq!(source.window("alerts", WindowKind::Minute, 50), Some((0.0, 1, 1)));
    let sees = source.counted.said().sensor.is_some_and(|record| record.causes.is_empty());
    assert!(sees, "that it began anew is no fault");
}

#[test]
fn replay_a_day_that_left_the_state_is_asked_for_and_added_to() {
    let mut source = Source::new(Some(HELD));
    let day = 24 * HOUR;
    for minute in (0..=4 * day).step_by(10) {
        source.epoch(minute, &[line(minute)]);
    }
    assert_eq!(source.window("alerts", WindowKind::Day, 0), Some((0.0, 1_440, 1_440)));
    let before = source.windows.clone();
    let now = 4 * day + 1;
    let weighs = |minute, weight| Event { weight, ..late(alert(minute, "203.0.113.1"), now) };
    source.epoch(now, &[weighs(70, 2), weighs(75, 3), weighs(130, 1)]);
    assert_eq!(
        (source.windows == before, source.asked.len()),
        (true, 1),
        "nothing is said before it is known"
    );
    source.epoch(now, &[weighs(71, 10)]);
    assert_eq!(source.asked.len(), 1, "it waits with the others");
    let question = source.asked[0].clone();
    let local = source.days.of(EventTime(0));
    assert_eq!(question.about, About::Counts { day: local.number });
    let stored = |kind, start: i64, sum| RecalledWindow {
        indicator: "alerts".into(),
        kind,
        start: EventTime(start * MINUTE),
        count: 60,
        sum,
        expected: 60,
    };
    let found = [stored(WindowKind::Hour, HOUR, 7.0), stored(WindowKind::Day, 0, 9.0)];
    let Source { counted, plan, days, windows, .. } = &mut source;
    counted.recall(plan, days, local, Epoch(0), &found, |name, closed, _| keep(windows, name, closed));
    assert_eq!(*windows, before, "an answer to another question");
    counted.recall(plan, days, local, question.asked, &found, |name, closed, _| keep(windows, name, closed));
    assert_eq!(source.window("alerts", WindowKind::Hour, HOUR), Some((22.0, 60, 60)));
    assert_eq!(source.window("alerts", WindowKind::Hour, 2 * HOUR), Some((1.0, 0, 60)));
    assert_eq!(source.window("alerts", WindowKind::Day, 0), Some((25.0, 60, 60)));
}

#[test]
fn what_the_pack_counts_later_is_counted_from_there_on() {
    let mut source = Source::new(Some(HELD));
    let whole = source.plan.measures.clone();
    source.plan.measures = whole[..1].into();
    for minute in (0..=70).step_by(5) {
        source.epoch(minute, &[alert(minute, "203.0.113.1")]);
    }
    source.plan.measures = whole;
    for minute in (75..=180).step_by(5) {
        source.epoch(minute, &[alert(minute, "203.0.113.1"), late(alert(50, "203.0.113.2"), minute)]);
    }
    assert_eq!(source.window("attackers", WindowKind::Hour, 0), None, "nobody counted then");
    assert_eq!(
        source.window("attackers", WindowKind::Hour, HOUR),
        None,
        "nor in the first minutes of this one"
    );
    assert_eq!(source.window("attackers", WindowKind::Hour, 2 * HOUR), Some((1.0, 60, 60)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However lines are put together into epochs, the windows are the same in the end; and so they are when the state is
    /// written and read in between.
    #[test]
    fn batch_windows_do_not_depend_on_how_lines_came_together(
        lines in prop::collection::vec((0i64..180, 0u8..4, 0u8..4), 1..60),
        cuts in prop::collection::vec(1usize..6, 60),
    ) {
        let mut lines = lines;
        lines.sort_by_key(|(minute, ..)| *minute);
        let events: Vec<Event> = lines
            .iter()
            .enumerate()
            .map(|(number, (minute, host, kind))| match kind {
                3 => said(*minute, &[("bytes", &format!("{number}.7")), ("sessions", &number.to_string())]),
                0 => alert(*minute, &format!("203.0.113.{host}")),
                1 => line(*minute),
                _ => record(*minute, (*minute / 7) as u64),
            })
            .collect();
        let mut whole = Source::new(Some(HELD));
        whole.epoch(180, &events);
        whole.epoch(1_000, &[]);
        let mut pieces = Source::new(Some(HELD));
        let mut rest = events.as_slice();
        for cut in cuts {
            let (piece, others) = rest.split_at(cut.min(rest.len()));
            let Some(last) = piece.last() else { break };
            pieces.epoch(minute_of(last.happened_at), piece);
            let kept = postcard::to_stdvec(&pieces.counted).unwrap();
            pieces.counted = postcard::from_bytes(&kept).unwrap();
            rest = others;
        }
        pieces.epoch(180, rest);
        pieces.epoch(1_000, &[]);
        prop_assert_eq!(whole.windows, pieces.windows);
    }
}

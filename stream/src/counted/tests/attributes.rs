//! What attributes say: sums and last values, late lines, days that left the state; and sketches of several log sources.

use super::*;

/// The same, later by so many seconds of its minute.
fn second(event: Event, second: i64) -> Event {
    let at = event.happened_at.plus(Millis(second * 1_000));
    let arrival = Arrival { received_at: ReceivedAt(at.0), ..event.arrival };
    Event { happened_at: at, arrival, ..event }
}

fn value(source: &Source, measure: &str, kind: WindowKind, minute: i64) -> Option<f64> {
    source.window(measure, kind, minute).map(|(value, ..)| value)
}

#[test]
fn frontier_a_sum_is_exact_and_late_lines_revise_it_and_words_add_nothing() {
    let mut source = Source::new(Some(HELD));
    let bytes = |minute, bytes| said(minute, &[("bytes", bytes)]);
    source.epoch(3, &[bytes(3, "9007199254740993"), bytes(3, "-1"), bytes(3, "0.1"), bytes(3, "0.2")]);
    source.epoch(4, &[bytes(4, "many"), bytes(4, ""), line(4)]);
    for minute in (10..=60).step_by(5) {
        source.epoch(minute, &[line(minute)]);
    }
    // In floating point 2⁵³ + 1 would be lost, and 0.1 + 0.2 another number.
    assert_eq!(value(&source, "bytes", WindowKind::Minute, 3), Some(9_007_199_254_740_992.0));
    assert_eq!(value(&source, "bytes", WindowKind::Minute, 4), Some(0.0), "no number among them");
    assert_eq!(value(&source, "bytes", WindowKind::Minute, 20), Some(0.0));
    assert_eq!(source.window("bytes", WindowKind::Hour, 0), Some((9_007_199_254_740_992.0, 57, 60)));
    source.epoch(61, &[late(bytes(59, "8"), 61), late(bytes(58, "1500"), 61)]);
    assert_eq!(value(&source, "bytes", WindowKind::Hour, 0), Some(9_007_199_254_742_500.0));
    assert_eq!(value(&source, "bytes", WindowKind::Minute, 59), Some(8.0));
}

#[test]
fn frontier_what_was_said_last_stands_whatever_came_last_and_where_nothing_was_said_nothing_does() {
    let mut source = Source::new(Some(HELD));
    let sessions = |minute, at, sessions| second(said(minute, &[("sessions", sessions)]), at);
    // Of two that speak of the same moment the one stands that came later.
    let again =
        Event { arrival: Arrival { row: 1, ..sessions(7, 30, "12").arrival }, ..sessions(7, 30, "12") };
    source.epoch(7, &[again, sessions(7, 30, "11"), sessions(7, 10, "40"), sessions(3, 59, "99")]);
    for minute in (10..=120).step_by(5) {
        source.epoch(minute, &[line(minute)]);
    }
    assert_eq!(value(&source, "sessions", WindowKind::Minute, 7), Some(12.0));
    assert_eq!(value(&source, "sessions", WindowKind::Hour, 0), Some(12.0));
    assert_eq!(value(&source, "sessions", WindowKind::Minute, 8), None, "nobody said how many");
    assert_eq!(value(&source, "sessions", WindowKind::Hour, HOUR), None);
    source.epoch(121, &[late(sessions(5, 0, "1"), 121)]);
    assert_eq!(value(&source, "sessions", WindowKind::Hour, 0), Some(12.0), "older than what stands");
    source.epoch(121, &[late(sessions(50, 0, "3"), 121), late(sessions(70, 0, "4"), 121)]);
    assert_eq!(value(&source, "sessions", WindowKind::Hour, 0), Some(3.0));
    assert_eq!(value(&source, "sessions", WindowKind::Hour, HOUR), Some(4.0), "it is said after all");
}

#[test]
fn replay_a_sum_of_a_day_that_left_the_state_is_added_to_and_what_stood_last_is_not() {
    let mut source = Source::new(Some(HELD));
    let day = 24 * HOUR;
    for minute in (0..=4 * day).step_by(10) {
        source.epoch(minute, &[line(minute)]);
    }
    let now = 4 * day + 1;
    let event = late(said(70, &[("bytes", "2.5"), ("sessions", "7")]), now);
    source.epoch(now, &[event]);
    let question = source.asked[0].clone();
    let local = source.days.of(EventTime(0));
    let start = EventTime(HOUR * MINUTE);
    let stored = RecalledWindow {
        indicator: "bytes".into(),
        kind: WindowKind::Hour,
        start,
        count: 60,
        sum: 10.0,
        expected: 60,
    };
    let Source { counted, plan, days, windows, .. } = &mut source;
    counted
        .recall(plan, days, local, question.asked, &[stored], |name, closed, _| keep(windows, name, closed));
    assert_eq!(source.window("bytes", WindowKind::Hour, HOUR), Some((12.5, 60, 60)));
    assert_eq!(source.window("sessions", WindowKind::Hour, HOUR), None);
}

#[test]
fn what_two_log_sources_saw_counts_once_where_their_sketches_are_joined() {
    let address = |number: i64| format!("198.51.{}.{}", number / 250, number % 250);
    // 600 addresses each, 400 of them the same: 800 in all.
    let of = |first: i64| {
        let mut source = Source::new(Some(HELD));
        for minute in 0..60 {
            let ten = (0..10).map(|at| alert(minute, &address(first + minute * 10 + at)));
            source.epoch(minute, &ten.collect::<Vec<_>>());
        }
        source.epoch(70, &[line(70)]);
        source.sketches[&("attackers".into(), WindowKind::Hour, 0)].clone()
    };
    let sources = [of(0), of(200)];
    let mut joined: BTreeMap<u16, u8> = BTreeMap::new();
    for (register, rank) in sources.iter().flatten() {
        let kept = joined.entry(*register).or_default();
        *kept = (*rank).max(*kept);
    }
    let estimate = |registers: &Registers| sketch::estimate(registers);
    let all = estimate(&joined.into_iter().collect());
    assert!((all / 800.0 - 1.0).abs() < 0.05, "{all}");
    let added: f64 = sources.iter().map(estimate).sum();
    assert!((added / 1_200.0 - 1.0).abs() < 0.05, "{added}: added up they are too many");
}

#[test]
fn replay_a_days_sketch_is_that_of_its_hours() {
    let mut source = Source::new(Some(HELD));
    for minute in 0..=25 * HOUR {
        source.epoch(minute, &[alert(minute, &format!("203.0.113.{}", minute % 200))]);
    }
    let sketch = |kind, minute| source.sketches[&("attackers".into(), kind, minute)].clone();
    let mut joined: BTreeMap<u16, u8> = BTreeMap::new();
    for (register, rank) in (0..24).flat_map(|hour| sketch(WindowKind::Hour, hour * HOUR).into_vec()) {
        let kept = joined.entry(register).or_default();
        *kept = rank.max(*kept);
    }
    assert_eq!(sketch(WindowKind::Day, 0), joined.into_iter().collect::<Registers>());
}

#[test]
fn a_measure_of_some_log_sources_is_counted_at_those_alone() {
    let named = |id: &str, log_sources: &[&str]| {
        let log_sources = log_sources.iter().map(|name| (*name).to_owned()).collect();
        (id.to_owned(), EventMeasure { log_sources, ..ioc_testing::measure(id, Count::Lines) })
    };
    let pack = Pack {
        log_sources: ["ids-a", "ids-b"].map(|id| (id.to_owned(), ioc_testing::log_source(id))).into(),
        measures: [named("all", &[]), named("few", &["ids-b"])].into(),
        ..ioc_testing::pack("one", Vec::new(), Vec::new(), Vec::new())
    };
    let counted = |log_source| {
        let plan = CountPlan::of(&pack, log_source).unwrap();
        plan.measures.iter().map(|(name, _)| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(counted("ids-a"), ["all"]);
    assert_eq!(counted("ids-b"), ["all", "few"]);
}

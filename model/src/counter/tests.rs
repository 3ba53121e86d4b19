use proptest::prelude::*;

use super::*;

fn count(seconds: i64, value: f64) -> Count {
    Count { at: EventTime(seconds * 1_000), value }
}

/// By their seconds and values.
fn counts(rows: &[(i64, f64)]) -> Vec<Count> {
    rows.iter().map(|(seconds, value)| count(*seconds, *value)).collect()
}

fn turns(rule: &CounterRule, rows: &[(i64, f64)]) -> Vec<(Turn, f64)> {
    let (steps, _) = steps(rule, &Carried::default(), &counts(rows));
    steps.iter().map(|step| (step.turn, step.added)).collect()
}

fn sum(rule: &CounterRule, rows: &[(i64, f64)]) -> f64 {
    turns(rule, rows).iter().map(|(_, added)| added).sum()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A camera's day from the field: seconds since local midnight.
const CAMERA: [(i64, f64); 12] = [
    (-5 * MINUTE, 412.0),
    (5 * MINUTE, 0.0),
    (7 * HOUR + 30 * MINUTE, 12.0),
    (8 * HOUR, 40.0),
    (8 * HOUR + 15 * MINUTE, 66.0),
    (8 * HOUR + 30 * MINUTE, 95.0),
    (8 * HOUR + 45 * MINUTE, 3.0),
    (9 * HOUR, 21.0),
    (9 * HOUR + 30 * MINUTE, 0.0),
    (9 * HOUR + 30 * MINUTE + 5, 58.0),
    (10 * HOUR, 57.0),
    (10 * HOUR + 30 * MINUTE, 70.0),
];

#[test]
fn batch_a_camera_that_starts_again_hiccups_and_takes_one_back_counted_165() {
    let rule = CounterRule::plain();
    let (yesterday, carried) = steps(&rule, &Carried::default(), &counts(&CAMERA[..1]));
    assert_eq!(yesterday[0].turn, Turn::First);
    let (today, _) = steps(&rule, &carried, &counts(&CAMERA[1..]));
    let added: Vec<f64> = today.iter().map(|step| step.added).collect();
    assert_eq!(added, [0.0, 12.0, 28.0, 26.0, 29.0, 3.0, 18.0, 0.0, 37.0, 0.0, 12.0]);
    let of = |from: i64, to: i64| super::added(&today, EventTime(from * 1_000), EventTime(to * 1_000));
    assert_eq!(of(0, 24 * HOUR).sum, 165.0);
    let by_hour: Vec<f64> = (7..11).map(|hour| of(hour * HOUR, (hour + 1) * HOUR).sum).collect();
    assert_eq!(by_hour, [40.0, 76.0, 37.0, 12.0]);
    // Between 08:30 and the restart nobody knows, nor between 23:55 and midnight.
    assert_eq!((of(8 * HOUR, 9 * HOUR).count, of(0, HOUR).count), (3, 0));
    assert_eq!(today[7].turn, Turn::Hiccup);
    assert_eq!(today[9].turn, Turn::TakenBack);
}

#[test]
fn a_hiccup_below_or_above_adds_nothing_and_nothing_twice() {
    let rule = CounterRule::plain();
    assert_eq!(sum(&rule, &[(0, 1000.0), (60, 0.0), (70, 1005.0), (900, 1006.0)]), 6.0);
    assert_eq!(sum(&rule, &[(0, 1000.0), (60, 0.0), (65, 3.0), (70, 1005.0), (900, 1006.0)]), 6.0);
    assert_eq!(sum(&rule, &[(0, 1000.0), (60, 65_000.0), (70, 1005.0), (900, 1006.0)]), 6.0);
    assert_eq!(sum(&rule, &[(0, 1000.0), (60, 65_000.0), (65, 65_001.0), (70, 1005.0), (900, 1006.0)]), 6.0);
    // One that comes back later than that had begun anew.
    assert_eq!(sum(&rule, &[(0, 1000.0), (60, 0.0), (600, 1005.0), (900, 1006.0)]), 1006.0);
}

#[test]
fn what_departs_waits_for_the_next_count_and_a_day_hands_it_on() {
    let rule = CounterRule::plain();
    let rows = [(0, 412.0), (60, 3.0)];
    assert_eq!(turns(&rule, &rows), [(Turn::First, 0.0), (Turn::Waiting, 0.0)]);
    let (_, carried) = steps(&rule, &Carried::default(), &counts(&rows));
    assert_eq!(carried.waits_since(), Some(EventTime(60_000)));
    let settled = |next: (i64, f64)| {
        let (steps, carried) = steps(&rule, &carried, &counts(&[next]));
        assert_eq!(carried.waits_since(), None);
        steps.iter().map(|step| (step.turn, step.added)).collect::<Vec<_>>()
    };
    assert_eq!(settled((900, 5.0)), [(Turn::Restarted, 3.0), (Turn::Counted, 2.0)]);
    assert_eq!(settled((70, 413.0)), [(Turn::Hiccup, 0.0), (Turn::Counted, 1.0)]);
}

#[test]
fn a_counter_that_wraps_goes_on_and_one_that_cannot_have_began_anew() {
    let rule = CounterRule { wraps_at: Some(65_536.0), most_per_minute: Some(100.0), ..CounterRule::plain() };
    let after = |value: f64| turns(&rule, &[(0, 65_500.0), (300, value), (900, value)])[1];
    assert_eq!(after(20.0), (Turn::Wrapped, 56.0));
    assert_eq!(after(40_000.0), (Turn::Restarted, 40_000.0));
    let leapt = [(0, 10.0), (300, 5_000.0), (900, 5_003.0)];
    assert_eq!(turns(&rule, &leapt)[1..], [(Turn::Leapt, 0.0), (Turn::Counted, 3.0)]);
}

#[test]
fn what_is_taken_back_is_not_counted_again() {
    let rule = CounterRule { taken_back: 1.0, ..CounterRule::plain() };
    assert_eq!(sum(&rule, &[(0, 3.0), (900, 2.0), (1_800, 3.0), (2_700, 5.0)]), 2.0);
    assert_eq!(sum(&CounterRule::plain(), &[(0, 407.9), (900, 407.8), (1_800, 408.0)]), 408.0 - 407.9);
    // To nothing is never merely back.
    assert_eq!(turns(&rule, &[(0, 1.0), (900, 0.0), (1_800, 2.0)])[1].0, Turn::Restarted);
}

#[test]
fn what_was_added_over_a_gap_is_added_and_not_known_to_be_of_its_hour() {
    let rule = CounterRule { gap: Some(Millis::hours(1)), ..CounterRule::plain() };
    assert_eq!(
        turns(&rule, &[(0, 1.0), (3_600, 2.0), (9_000, 9.0)])[1..],
        [(Turn::Counted, 1.0), (Turn::AfterGap, 7.0)]
    );
}

proptest! {
    /// BATCH: cut into days anywhere, nothing is added twice and nothing lost but what a day took for granted that the
    /// next takes back.
    #[test]
    fn batch_counts_that_only_grow_add_what_they_grew_however_they_are_cut(
        grown in proptest::collection::vec((1i64..4_000, 0u32..50), 1..40),
        cut in 0usize..40,
    ) {
        let (mut at, mut value) = (0, 0.0);
        let rows: Vec<Count> = grown.iter().map(|(seconds, more)| {
            (at, value) = (at + seconds, value + f64::from(*more));
            count(at, value)
        }).collect();
        let rule = CounterRule::plain();
        let (head, tail) = rows.split_at(cut.min(rows.len()));
        let (first, carried) = steps(&rule, &Carried::default(), head);
        let (second, carried) = steps(&rule, &carried, tail);
        let sum: f64 = first.iter().chain(&second).map(|step| step.added).sum();
        prop_assert_eq!(sum, value - rows[0].value);
        prop_assert_eq!(carried.waits_since(), None);
    }

    /// BATCH: whatever was counted, every count is one step, what is added is never below nothing, and what waits at a cut
    /// is a step of the next.
    #[test]
    fn batch_every_count_is_a_step_and_none_adds_less_than_nothing(
        rows in proptest::collection::vec((1i64..100, 0u8..6), 1..60),
        cut in 0usize..60,
    ) {
        let mut at = 0;
        let rows: Vec<Count> = rows.iter().map(|(seconds, value)| {
            at += seconds;
            count(at, f64::from(*value) * 10.0)
        }).collect();
        let rule = CounterRule::plain();
        let (whole, _) = steps(&rule, &Carried::default(), &rows);
        prop_assert_eq!(whole.iter().map(|step| step.count).collect::<Vec<_>>(), rows.clone());
        prop_assert!(whole.iter().all(|step| step.added >= 0.0));
        let (head, tail) = rows.split_at(cut.min(rows.len()));
        let (first, carried) = steps(&rule, &Carried::default(), head);
        let (second, _) = steps(&rule, &carried, tail);
        let known = first.iter().filter(|step| step.turn != Turn::Waiting).chain(&second);
        prop_assert_eq!(known.map(|step| step.count).collect::<Vec<_>>(), rows);
    }
}

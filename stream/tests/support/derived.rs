//! A station with an index, limits and rules, and what must have been made of its windows: worked out from the last
//! result of each, without any of the dataflow's bookkeeping.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    calendar::Calendar,
    index::{GapReading, IndexId, vn_aqi},
    limit::{Averaging, Limit, is_enough},
    pack::{Station, StationKind},
    question::{About, Found, Question, RecalledRow, RecalledWindow},
    results::{EpochResults, LimitVerdict, StoredObservation, WindowResult},
    rule::{AlertChange, Bound, Condition, Measure, Rule},
    status::StationStatus,
    time::{EventTime, Millis},
    window::WindowKind,
};

const HOUR: i64 = 3_600_000;

/// It measures `pm25` and `no2`, at no cadence: one point makes a mean.
pub fn station(id: &str) -> Station {
    ioc_testing::station(id, &[("pm25", Millis(0)), ("no2", Millis(0))])
}

/// Limits of every averaging, one of them of two times.
pub fn limits() -> Vec<Limit> {
    let limit = |indicator: &str, averaging: Averaging, high: f64, from: &str, to: Option<&str>| Limit {
        id: format!("{indicator}-{}-{from}", averaging.word()),
        valid_from: ioc_testing::day(from),
        valid_to: to.map(ioc_testing::day),
        ..ioc_testing::limit(indicator, averaging, high)
    };
    vec![
        limit("pm25", Averaging::Day, 0.1, "2020-01-01", Some("2024-11-07")),
        limit("pm25", Averaging::Day, 0.2, "2024-11-08", None),
        limit("pm25", Averaging::Hour, 0.1, "2020-01-01", None),
        limit("pm25", Averaging::Year, 0.05, "2020-01-01", None),
        limit("no2", Averaging::EightHours, 0.05, "2020-01-01", None),
    ]
}

/// One rule of each kind.
pub fn rules() -> BTreeMap<String, Rule> {
    let rule = |id: &str, condition: Condition, windows: u32| Rule {
        raise_windows: windows,
        clear_windows: windows,
        kinds: vec![StationKind::AmbientAir],
        ..ioc_testing::rule(id, condition)
    };
    let limit =
        Condition::Limit { indicator: "pm25".to_owned(), averaging: Averaging::Hour, clear_share: 0.5 };
    let index = Condition::Threshold {
        measure: Measure::Index(IndexId::VnAqi),
        averaging: Averaging::Hour,
        bound: Bound::Above { raise: 0.0, clear: 0.0 },
    };
    let status = Condition::Status {
        statuses: vec![StationStatus::Silent, StationStatus::Late],
        lasting: Millis::hours(1),
    };
    [rule("limit", limit, 2), rule("index", index, 1), rule("silent", status, 1)]
        .into_iter()
        .map(|rule| (rule.id.clone(), rule))
        .collect()
}

/// A stored row, as the store reads it back.
pub fn recalled(row: &StoredObservation) -> RecalledRow {
    RecalledRow {
        event_time: row.event_time,
        value: row.value,
        quality: row.quality,
        arrival: row.arrival,
        feed: row.feed,
        sender: row.sender,
    }
}

/// What the store answers: the last result of each window.
pub fn found<'a>(windows: impl Iterator<Item = &'a WindowResult>, question: &Question) -> Found {
    let mut last = BTreeMap::new();
    let asked = |kind: WindowKind| match question.about {
        About::Year { .. } => kind == WindowKind::Day,
        About::Events { .. } | About::UndatedEvents { .. } => false,
        _ => kind != WindowKind::Minute,
    };
    for window in windows {
        if window.subject == question.subject
            && asked(window.kind)
            && (question.from..question.to).contains(&window.start)
        {
            let _ = last.insert(
                (window.indicator, window.kind, window.start),
                (window.aggregate.count, window.aggregate.sum, window.expected),
            );
        }
    }
    let windows = last.into_iter().map(|((indicator, kind, start), (count, sum, expected))| RecalledWindow {
        indicator,
        kind,
        start,
        count,
        sum,
        expected,
    });
    Found::Windows(windows.collect())
}

/// Mean, count and expected points.
type Means = BTreeMap<(String, WindowKind, i64), (f64, u64, u64)>;

struct Truth {
    means: Means,
    calendar: Calendar,
}

impl Truth {
    fn valid(&self, indicator: &str, kind: WindowKind, start: i64) -> Option<f64> {
        let (mean, count, expected) = self.means.get(&(indicator.to_owned(), kind, start))?;
        is_enough(*count, *expected).then_some(*mean)
    }

    fn starts(&self, indicators: &[&str], kind: WindowKind) -> BTreeSet<i64> {
        let of = |key: &&(String, WindowKind, i64)| indicators.contains(&key.0.as_str()) && key.1 == kind;
        self.means.keys().filter(of).map(|key| key.2).collect()
    }

    fn hours_back(&self, indicator: &str, start: i64) -> [Option<f64>; 12] {
        std::array::from_fn(|ago| self.valid(indicator, WindowKind::Hour, start - ago as i64 * HOUR))
    }

    fn eight_hours(&self, indicator: &str, start: i64) -> (Option<f64>, u64) {
        let valid: Vec<f64> =
            (0..8).filter_map(|hour| self.valid(indicator, WindowKind::Hour, start + hour * HOUR)).collect();
        let sum = valid.iter().fold(0.0, |sum, value| sum + value);
        ((!valid.is_empty()).then(|| sum / valid.len() as f64), valid.len() as u64)
    }
}

/// BATCH: every index and assessment is what the last windows give, and there is one wherever there should be.
pub fn check<'a>(epochs: impl Iterator<Item = &'a EpochResults> + Clone) {
    let mut means = Means::new();
    for window in epochs.clone().flat_map(|results| &results.facts.windows) {
        if &*window.subject == "S0" && window.kind != WindowKind::Minute {
            let mean = window.aggregate.mean().unwrap_or(0.0);
            let figures = (mean, window.aggregate.count, u64::from(window.expected));
            let _ = means.insert((window.indicator.to_string(), window.kind, window.start.0), figures);
        }
    }
    let truth = Truth { means, calendar: Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap() };
    indices(epochs.clone(), &truth);
    assessments(epochs.clone(), &truth);
    alerts(epochs);
}

fn indices<'a>(epochs: impl Iterator<Item = &'a EpochResults>, truth: &Truth) {
    let mut current = BTreeMap::new();
    for index in epochs.flat_map(|results| &results.facts.indices) {
        assert_eq!(&*index.subject, "S0");
        let _ = current.insert((index.kind, index.start.0), index.indexed.clone());
    }
    let mut expected = BTreeMap::new();
    for start in truth.starts(&["pm25", "no2"], WindowKind::Hour) {
        let inputs = vn_aqi::HourInputs {
            no2: truth.valid("no2", WindowKind::Hour, start),
            pm25: truth.hours_back("pm25", start),
            ..vn_aqi::HourInputs::default()
        };
        let _ = expected.insert((WindowKind::Hour, start), vn_aqi::hourly(&inputs, GapReading::default()));
    }
    for start in truth.starts(&["pm25", "no2"], WindowKind::Day) {
        let hours: Vec<f64> =
            (0..24).filter_map(|hour| truth.valid("no2", WindowKind::Hour, start + hour * HOUR)).collect();
        let inputs = vn_aqi::DayInputs {
            no2: (hours.len() >= 18).then(|| hours.iter().copied().fold(f64::MIN, f64::max)),
            pm25: truth.valid("pm25", WindowKind::Day, start),
            ..vn_aqi::DayInputs::default()
        };
        let _ = expected.insert((WindowKind::Day, start), vn_aqi::daily(&inputs));
    }
    assert_eq!(current, expected, "BATCH: indices");
}

/// A mean keeps the limit that it is at, however the double came out: of 0.1 three times it is 0.10000000000000002.
fn lies_above(mean: f64, limit: f64) -> bool {
    mean > limit && (mean / limit - 1.0) > 1e-9
}

fn assessments<'a>(epochs: impl Iterator<Item = &'a EpochResults>, truth: &Truth) {
    let mut current = BTreeMap::new();
    for row in epochs.flat_map(|results| &results.facts.assessments) {
        let figures = (row.value.map(f64::to_bits), row.verdict, u64::from(row.count), row.high.unwrap());
        let _ = current.insert((row.limit.to_string(), row.start.0), figures);
    }
    let mut expected = BTreeMap::new();
    let mut give =
        |indicator: &str, averaging: Averaging, start: i64, value: Option<f64>, count: u64, of: u64| {
            let day = truth.calendar.day_of(EventTime(start)).unwrap();
            let date = Calendar::date(day.number).unwrap();
            let in_force = |limit: &Limit| {
                limit.indicator == indicator && limit.averaging == averaging && limit.is_in_force(date)
            };
            let Some(limit) = limits().into_iter().find(in_force) else { return };
            let high = limit.high.unwrap();
            let verdict = match value {
                Some(value) if is_enough(count, of) && lies_above(value, high) => LimitVerdict::Exceeded,
                Some(_) if is_enough(count, of) => LimitVerdict::Kept,
                _ => LimitVerdict::Insufficient,
            };
            let _ = expected.insert((limit.id, start), (value.map(f64::to_bits), verdict, count, high));
        };
    let mut years: BTreeMap<i16, Vec<f64>> = BTreeMap::new();
    for ((indicator, kind, start), (mean, count, of)) in &truth.means {
        let averaging = if *kind == WindowKind::Hour { Averaging::Hour } else { Averaging::Day };
        give(indicator, averaging, *start, (*count > 0).then_some(*mean), *count, *of);
        if *kind == WindowKind::Hour {
            let start = start - 7 * HOUR;
            let (value, count) = truth.eight_hours(indicator, start);
            give(indicator, Averaging::EightHours, start, value, count, 8);
        } else if indicator == "pm25" {
            let day = truth.calendar.day_of(EventTime(*start)).unwrap();
            let year = Calendar::date(day.number).unwrap().year();
            years.entry(year).or_default().extend(truth.valid("pm25", WindowKind::Day, *start));
        }
    }
    for (year, means) in years {
        let first = ioc_model::place::Date::new(year, 1, 1).unwrap().at(0, 0, 0, 0);
        let start = truth.calendar.moment(first).unwrap().0;
        let sum = means.iter().fold(0.0, |sum, value| sum + value);
        let value = (!means.is_empty()).then(|| sum / means.len() as f64);
        give(
            "pm25",
            Averaging::Year,
            start,
            value,
            means.len() as u64,
            if year % 4 == 0 { 366 } else { 365 },
        );
    }
    assert_eq!(current, expected, "BATCH: assessments");
}

/// An alert's history is one: numbers count up, and it is raised before it is anything else.
fn alerts<'a>(epochs: impl Iterator<Item = &'a EpochResults>) {
    let mut states: BTreeMap<(String, String), (u32, bool, bool)> = BTreeMap::new();
    for alert in epochs.flat_map(|results| &results.facts.alerts) {
        let key = (alert.key.rule.to_string(), alert.key.subject.to_string());
        let (number, active, raised) = states.get(&key).copied().unwrap_or_default();
        match alert.change {
            AlertChange::Raised => assert_eq!((alert.key.number, active), (number + 1, false)),
            AlertChange::Recurred => assert_eq!((alert.key.number, active), (number, false)),
            AlertChange::Cleared => assert_eq!((alert.key.number, raised), (number, true)),
            AlertChange::Acknowledged => unreachable!("nobody acknowledges here"),
        }
        let raised = alert.change != AlertChange::Cleared;
        // What was over when it was learnt is raised and not active.
        let of_now = alert.evidence.as_ref().is_some_and(|evidence| evidence.end.0 + 36 * HOUR >= alert.at.0);
        assert!(raised || !alert.active);
        assert!(!alert.active || of_now, "{alert:?}");
        let _ = states.insert(key, (alert.key.number, alert.active, raised));
    }
}

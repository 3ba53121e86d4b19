//! What a sensor says it raised, beside what of it arrived.
//!
//! A sensor counts its alerts; the difference of two records of it is how many it raised between them. What came of them
//! is counted here by itself, over the same spans: hours would not do, since a record every eight seconds or ten minutes
//! does not end with them. An hour's spans are those of the records that lie in it. Where the process of the sensor began
//! anew the span begins there: what the one before raised after its last record nobody said.
//!
//! **Where a span ends nothing is exact.** Threads of a sensor hand over their counts some seconds late, and the alert
//! itself is written elsewhere. So alerts within [`SKEW`] before the last record of an hour may be counted in the next:
//! that many more than arrived in that one are no loss. What is missing then is missing at least.
//!
//! Nothing depends on when an alert came, only on when it happened: one that is late is added to its span (invariant
//! BATCH). Alerts are told apart by the second.

use std::collections::BTreeMap;

use ioc_model::time::{EventTime, Millis};
use serde::{Deserialize, Serialize};

const SKEW: Millis = Millis(10_000);
const SECOND: i64 = 1_000;
/// Of so many seconds alerts may wait for the next record; then the oldest are taken together.
const SECONDS: usize = 3_600;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Raised {
    /// The record that counting began with: what came up to it nobody counted.
    since: Option<EventTime>,
    /// The newest one.
    last: Option<EventTime>,
    /// By its first minute: hours with records that say something.
    hours: BTreeMap<i64, Hour>,
    /// By second: alerts behind the newest record.
    coming: BTreeMap<i64, u64>,
    /// By second: alerts shortly before it.
    tail: BTreeMap<i64, u64>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Hour {
    /// The last record in it.
    until: EventTime,
    raised: u64,
    arrived: u64,
    /// Of those that arrived: shortly before that record.
    near: u64,
}

/// What a record says of the time since the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeSpan {
    /// Where it begins: with the record before it, or with the sensor's process.
    pub(super) from: EventTime,
    /// The record's time.
    pub(super) at: EventTime,
    /// How many it raised; none where nothing is known to count from.
    pub(super) raised: Option<u64>,
}

impl Raised {
    /// An alert that happened at a moment in the hour of that first minute. Gives the hours that are others now, by their
    /// first minute.
    pub(super) fn arrived(&mut self, at: EventTime, hour: i64) -> impl Iterator<Item = i64> + use<> {
        let at = second(at);
        let mut touched = [None; 2];
        if self.last.is_none_or(|last| last.0 < at) {
            *self.coming.entry(at).or_default() += 1;
            while self.coming.len() > SECONDS {
                let oldest = self.coming.pop_first().map_or(0, |(_, alerts)| alerts);
                let _ = self.coming.first_entry().map(|mut next| *next.get_mut() += oldest);
            }
        } else if self.since.is_some_and(|since| since.0 < at) {
            let mut hours = self.hours.range_mut(hour..);
            if let Some((first, hour)) = hours.find(|(_, hour)| hour.until.0 >= at) {
                hour.arrived += 1;
                hour.near += u64::from(hour.until.0 - at < SKEW.0);
                touched = [Some(*first), hours.next().map(|(next, _)| *next)];
            }
            if self.last.is_some_and(|last| last.0 - at < SKEW.0) {
                *self.tail.entry(at).or_default() += 1;
            }
        }
        touched.into_iter().flatten()
    }

    /// A record, in the hour of that first minute; they come in order. Whether it says something of that hour.
    pub(super) fn record(&mut self, span: TimeSpan, hour: i64) -> bool {
        let TimeSpan { from, at, raised } = span;
        let later = self.coming.split_off(&(at.0 + 1));
        let before = std::mem::replace(&mut self.coming, later);
        let is_first = self.last.replace(at).is_none();
        let Some(raised) = raised.filter(|_| !is_first) else {
            // What came up to here nobody counted.
            self.since = Some(at);
            self.tail.clear();
            return false;
        };
        let counted = before.into_iter().filter(|(second, _)| *second > from.0);
        let mut arrived = 0;
        for (second, alerts) in counted {
            arrived += alerts;
            *self.tail.entry(second).or_default() += alerts;
        }
        self.tail = self.tail.split_off(&(at.0 - SKEW.0 + 1));
        let found = self.hours.entry(hour).or_default();
        found.until = at;
        found.raised += raised;
        found.arrived += arrived;
        found.near = self.tail.values().sum();
        true
    }

    /// Whether a record said something of a time before that minute.
    pub(super) fn has_begun(&self, before: i64) -> bool {
        self.hours.range(..before).next().is_some()
    }

    /// How many it says it raised in the hours that begin in these minutes, and how many of those never arrived, at least.
    pub(super) fn of(&self, from: i64, to: i64) -> (u64, u64) {
        let sum = |of: fn(&Hour) -> u64| self.hours.range(from..to).map(|(_, hour)| of(hour)).sum::<u64>();
        let (raised, arrived) = (sum(|hour| hour.raised), sum(|hour| hour.arrived));
        let near = self.hours.range(..from).next_back().map_or(0, |(_, hour)| hour.near);
        (raised, raised.saturating_sub(arrived + near))
    }

    /// Forgets hours before a minute, but for the last of them.
    pub(super) fn forget(&mut self, minute: i64) {
        let rest = self.hours.split_off(&minute);
        let last = std::mem::replace(&mut self.hours, rest).pop_last();
        self.hours.extend(last);
    }
}

fn second(at: EventTime) -> i64 {
    at.0.div_euclid(SECOND) * SECOND
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 60;

    fn at(seconds: i64) -> EventTime {
        EventTime(seconds * SECOND)
    }

    fn hour_of(at: EventTime) -> i64 {
        at.0.div_euclid(3_600 * SECOND) * HOUR
    }

    /// Records by their second, each with what it raised since the one before; alerts by theirs.
    #[derive(Default)]
    struct Sensor {
        raised: Raised,
        last: Option<i64>,
    }

    impl Sensor {
        fn record(&mut self, second: i64, raised: u64) {
            let from = at(self.last.unwrap_or(second));
            let span = TimeSpan { from, at: at(second), raised: self.last.map(|_| raised) };
            let _ = self.raised.record(span, hour_of(at(second)));
            self.last = Some(second);
        }

        fn alerts(&mut self, seconds: &[i64]) -> Vec<i64> {
            let touched =
                seconds.iter().flat_map(|second| self.raised.arrived(at(*second), hour_of(at(*second))));
            touched.collect()
        }

        fn hour(&self, hour: i64) -> (u64, u64) {
            self.raised.of(hour * HOUR, (hour + 1) * HOUR)
        }
    }

    #[test]
    fn what_never_arrived_is_missing_until_it_does() {
        let mut sensor = Sensor::default();
        let _ = sensor.alerts(&[1, 2]);
        sensor.record(5, 900);
        assert!(!sensor.raised.has_begun(HOUR), "the first speaks of all the time since its start");
        let _ = sensor.alerts(&[100, 200, 300]);
        sensor.record(600, 5);
        assert_eq!(sensor.hour(0), (5, 2));
        assert_eq!(sensor.alerts(&[150]), [0]);
        assert_eq!(sensor.hour(0), (5, 1));
        // The span that ends behind the hour is of the next one, with all that happened in it.
        let _ = sensor.alerts(&[3_500, 3_700]);
        sensor.record(3_900, 2);
        assert_eq!((sensor.hour(0), sensor.hour(1)), ((5, 1), (2, 0)));
        assert_eq!(sensor.alerts(&[3_550]), [HOUR], "a late one is of its span, too");
    }

    #[test]
    fn what_happened_shortly_before_an_hours_last_record_may_be_counted_in_the_next() {
        let mut sensor = Sensor::default();
        sensor.record(0, 0);
        let _ = sensor.alerts(&[100, 3_580, 3_585]);
        // Two of them were handed over too late.
        sensor.record(3_588, 1);
        let _ = sensor.alerts(&[3_800]);
        sensor.record(4_000, 3);
        assert_eq!((sensor.hour(0), sensor.hour(1)), ((1, 0), (3, 0)));
        sensor.record(4_600, 1);
        assert_eq!(sensor.hour(1), (4, 1));
        // Of a day nothing but its ends is unsure.
        assert_eq!(sensor.raised.of(0, 24 * HOUR), (5, 1));
    }

    #[test]
    fn what_a_process_raised_before_it_ended_nobody_counts() {
        let mut sensor = Sensor::default();
        sensor.record(0, 0);
        let _ = sensor.alerts(&[10, 20, 400]);
        let begun_anew = TimeSpan { from: at(300), at: at(600), raised: Some(2) };
        let _ = sensor.raised.record(begun_anew, 0);
        assert_eq!(sensor.hour(0), (2, 1));
    }

    #[test]
    fn bound_alerts_of_a_sensor_that_says_nothing_of_itself_do_not_grow() {
        let mut raised = Raised::default();
        for second in 0..3 * SECONDS as i64 {
            let _ = raised.arrived(at(second), hour_of(at(second)));
        }
        assert_eq!(raised.coming.len(), SECONDS);
        assert_eq!(raised.coming.values().sum::<u64>(), 3 * SECONDS as u64);
        assert!(!raised.has_begun(i64::MAX));
        for hour in 1..100 {
            let span = TimeSpan { from: at(0), at: at(hour * 3_600), raised: Some(1) };
            let _ = raised.record(span, hour * HOUR);
            raised.forget((hour - 36) * HOUR);
        }
        assert!(raised.hours.len() <= 38 && raised.tail.is_empty(), "{}", raised.hours.len());
    }

    proptest! {
        /// Whenever an alert comes, before the record behind it or after, the numbers are the same.
        #[test]
        fn batch_what_arrived_does_not_depend_on_when_it_came(
            records in prop::collection::btree_map(0i64..20_000, 0u64..9, 2..30),
            alerts in prop::collection::vec(0i64..21_000, 0..80),
            late in prop::collection::vec(0i64..5_000, 80),
        ) {
            let of = |late: &[i64]| {
                let mut sensor = Sensor::default();
                let came = alerts.iter().zip(late).map(|(second, late)| (second + late, 1, *second));
                let records = records.keys().map(|second| (*second, 0, *second));
                let mut all: Vec<(i64, u8, i64)> = came.chain(records).collect();
                all.sort_unstable();
                for (_, what, second) in all {
                    if what == 0 {
                        sensor.record(second, 3);
                    } else {
                        let _ = sensor.alerts(&[second]);
                    }
                }
                (0..7).map(|hour| sensor.hour(hour)).collect::<Vec<_>>()
            };
            prop_assert_eq!(of(&late), of(&[0; 80]));
        }
    }
}

//! How much of each hour was heard: a number of events says something only of what was.
//!
//! Each log source that may not be silent says with its hours how many of their minutes it was heard in and not blind
//! ([`is_enough`]). Here they are put together, hour by hour: who is missing and for how long, who has
//! not closed the hour yet, and whether the hour is held against what is usual. A page draws what is said here and judges
//! nothing. One that was counted within the day before an hour owes that hour, too; one that never was does not.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    limit::is_enough,
    time::{EventTime, Millis},
};
use serde::{Deserialize, Serialize};

/// So far before the first hour that is asked for windows are needed: who was counted then owes it.
pub const HEARD_BACK: Millis = Millis::hours(25);

const DAY: Millis = Millis::hours(24);
const HOUR: Millis = Millis::hours(1);
const HOUR_MINUTES: u32 = 60;

/// An hour of a log source that may not be silent, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardWindow {
    /// The log source.
    pub log_source: String,
    /// The hour's first moment.
    pub start: EventTime,
    /// Minutes in which it was heard and not blind.
    pub heard: u32,
    /// Minutes that the hour has.
    pub expected: u32,
}

/// A log source that was silent or blind for some minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotHeard {
    /// Its name.
    pub log_source: String,
    /// For how many minutes.
    pub minutes: u32,
}

/// How much is known of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HourStanding {
    /// All that may not be silent were heard in all of it.
    Whole,
    /// Somebody was silent or blind in it: what there was is at least what is counted.
    Incomplete,
    /// Not all have closed it yet.
    Open,
    /// Nobody says how much of it was heard.
    Unknown,
}

/// An hour, and how much of it was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HourHeard {
    /// Its first moment.
    pub start: EventTime,
    /// How much is known of it.
    pub standing: HourStanding,
    /// Whether enough of it was heard for it to be held against what is usual.
    pub judged: bool,
    /// Log sources that owe it.
    pub log_sources: u32,
    /// Those of them that were silent or blind in it, the longest first.
    pub missing: Vec<NotHeard>,
    /// Those of them that have not closed it yet, by name.
    pub waiting: Vec<String>,
}

/// The hours that lie in `[from, until)`, be it in part. `windows` reach back a day further.
#[must_use]
pub(crate) fn heard(windows: &[HeardWindow], from: EventTime, until: EventTime) -> Vec<HourHeard> {
    let mut by_hour: BTreeMap<EventTime, BTreeMap<&str, &HeardWindow>> = BTreeMap::new();
    let mut newest: BTreeMap<&str, EventTime> = BTreeMap::new();
    for window in windows {
        let _ = by_hour.entry(window.start).or_default().insert(&window.log_source, window);
        let newest = newest.entry(&window.log_source).or_insert(window.start);
        *newest = window.start.max(*newest);
    }
    // Hours are those of the local day, which need not begin with ours.
    let phase = windows.first().map_or(0, |window| window.start.0.rem_euclid(HOUR.0));
    let first = (from.0 - phase).div_euclid(HOUR.0) * HOUR.0 + phase;
    let starts = (0..).map(|hour| EventTime(first + hour * HOUR.0)).take_while(|start| *start < until);
    let of_hour = |start: EventTime| {
        let before = by_hour.range(start.minus(DAY)..=start).flat_map(|(_, windows)| windows.keys().copied());
        let owing: BTreeSet<&str> = before.collect();
        let windows = by_hour.get(&start);
        let (mut missing, mut waiting, mut judged) = (Vec::new(), Vec::new(), !owing.is_empty());
        for log_source in &owing {
            let window = windows.and_then(|windows| windows.get(log_source));
            let (heard, of) = match window {
                Some(window) => (window.heard, window.expected),
                None if newest[log_source] > start => (0, HOUR_MINUTES),
                None => {
                    waiting.push((*log_source).to_owned());
                    judged = false;
                    continue;
                }
            };
            judged &= is_enough(heard.into(), of.into());
            if heard < of {
                missing.push(NotHeard { log_source: (*log_source).to_owned(), minutes: of - heard });
            }
        }
        missing.sort_by(|one, other| (other.minutes, &one.log_source).cmp(&(one.minutes, &other.log_source)));
        let standing = match (owing.is_empty(), missing.is_empty(), waiting.is_empty()) {
            (true, ..) => HourStanding::Unknown,
            (_, false, _) => HourStanding::Incomplete,
            (_, _, false) => HourStanding::Open,
            _ => HourStanding::Whole,
        };
        let log_sources = u32::try_from(owing.len()).unwrap_or(u32::MAX);
        HourHeard { start, standing, judged, log_sources, missing, waiting }
    };
    starts.map(of_hour).collect()
}

/// Who was silent or blind in all of these hours together, the longest first.
#[must_use]
pub(crate) fn missing_in(hours: &[HourHeard]) -> Vec<NotHeard> {
    let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
    for NotHeard { log_source, minutes } in hours.iter().flat_map(|hour| &hour.missing) {
        let sum = sums.entry(log_source).or_default();
        *sum = sum.saturating_add(*minutes);
    }
    let missing =
        |(log_source, minutes): (&str, u32)| NotHeard { log_source: log_source.to_owned(), minutes };
    let mut all: Vec<NotHeard> = sums.into_iter().map(missing).collect();
    all.sort_by(|one, other| (other.minutes, &one.log_source).cmp(&(one.minutes, &other.log_source)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(log_source: &str, hour: i64, heard: u32) -> HeardWindow {
        let start = EventTime(hour * HOUR.0);
        HeardWindow { log_source: log_source.to_owned(), start, heard, expected: HOUR_MINUTES }
    }

    fn at(hour: i64) -> EventTime {
        EventTime(hour * HOUR.0)
    }

    fn told(hour: &HourHeard) -> (HourStanding, bool, Vec<(&str, u32)>, usize) {
        let missing = hour.missing.iter().map(|it| (it.log_source.as_str(), it.minutes)).collect();
        (hour.standing, hour.judged, missing, hour.waiting.len())
    }

    #[test]
    fn silent_an_hour_in_which_somebody_was_blind_is_incomplete_and_says_who_and_how_long() {
        use HourStanding::{Incomplete, Open, Whole};
        let windows = [
            window("ids-a", 9, 60),
            window("srv-a", 9, 60),
            window("ids-a", 10, 20),
            window("srv-a", 10, 50),
            window("srv-a", 11, 60),
            window("ids-a", 12, 55),
            window("srv-a", 12, 60),
            window("srv-a", 13, 60),
        ];
        let hours = heard(&windows, at(9), at(14));
        let expected = [
            (Whole, true, vec![], 0),
            (Incomplete, false, vec![("ids-a", 40), ("srv-a", 10)], 0),
            // It closed a later one: of this one nothing is known.
            (Incomplete, false, vec![("ids-a", 60)], 0),
            // Enough is known to hold it against others, and what is missing is said all the same.
            (Incomplete, true, vec![("ids-a", 5)], 0),
            (Open, false, vec![], 1),
        ];
        assert_eq!(hours.iter().map(told).collect::<Vec<_>>(), expected);
        let all = missing_in(&hours);
        let all: Vec<_> = all.iter().map(|it| (it.log_source.as_str(), it.minutes)).collect();
        assert_eq!(all, [("ids-a", 105), ("srv-a", 10)]);
    }

    #[test]
    fn silent_hours_that_nobody_speaks_of_are_not_called_whole() {
        let hours = heard(&[], EventTime(1), at(2));
        assert_eq!(hours.iter().map(|hour| hour.start).collect::<Vec<_>>(), [at(0), at(1)]);
        assert!(hours.iter().all(|hour| hour.standing == HourStanding::Unknown && !hour.judged));
        // What was counted within the day before owes an hour, and what never was does not.
        let hours = heard(&[window("ids-a", 1, 60)], at(0), at(27));
        assert_eq!(hours[0].standing, HourStanding::Unknown);
        assert_eq!(told(&hours[25]), (HourStanding::Open, false, vec![], 1));
        assert_eq!(hours[26].standing, HourStanding::Unknown);
    }

    #[test]
    fn hours_begin_with_those_of_the_local_day() {
        let half = Millis::minutes(30);
        let window = HeardWindow { start: at(3).plus(half), ..window("ids-a", 3, 60) };
        let hours = heard(&[window], at(4), at(5));
        assert_eq!(
            hours.iter().map(|hour| hour.start).collect::<Vec<_>>(),
            [at(3).plus(half), at(4).plus(half)]
        );
        assert_eq!(hours[0].standing, HourStanding::Whole);
    }
}

//! What is usual for an hour of something that is counted: one rule for what a page shows and for what raises an alert.
//!
//! **The usual band** of an hour is what its like were: the same hour of the same weekday in the eight weeks before it;
//! where fewer than three of those are known, the same hour of the fourteen days before it; where fewer than three of
//! those are known either, nothing is usual. Only what is known of an hour as a whole counts for the band of another.
//! Weeks and days are of 168 and 24 hours: where clocks are put forward, an hour is held against its neighbours until
//! the weeks have passed.
//!
//! A day is held against others by the same rule: the same weekday of eight weeks, or the fourteen days before it. A minute
//! is held against the minutes of the hours that its hour is held against ([`compared_minute`]): one minute is too little
//! to be like another one alone.

use serde::{Deserialize, Serialize};

use crate::{
    bound::{is_above, is_below},
    limit::is_enough,
    time::{EventTime, Millis},
};

/// How far before an hour its like may lie.
pub const USUAL_WITHIN: Millis = Millis::hours(8 * 7 * 24);

const WEEKS: i64 = 8;
const DAYS: i64 = 14;
/// Fewer say nothing of what is usual.
const FEWEST: usize = 3;

const HOUR: Millis = Millis::hours(1);
const MINUTE: Millis = Millis::minutes(1);
const HOUR_MINUTES: i64 = 60;

/// What hours like one were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// The least of them.
    pub low: f64,
    /// The one in the middle.
    pub middle: f64,
    /// The most.
    pub high: f64,
    /// How many of them are known; for a minute, how many hours.
    pub hours: u32,
}

/// How an hour stands to what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsualStanding {
    /// Less than ever.
    Below,
    /// As it was before.
    Within,
    /// More than ever.
    Above,
}

/// Which hours are like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Like {
    /// The same hour of the same weekday.
    Weeks,
    /// The same hour of any day.
    Days,
}

/// An hour that another one was held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LikeHour {
    /// Its first moment.
    pub start: EventTime,
    /// How many there were.
    pub value: f64,
}

/// What an hour is held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The band that they make.
    pub usual: Usual,
    /// Which hours they are.
    pub like: Like,
    /// Each of them that is known, by time.
    pub with: Vec<LikeHour>,
}

impl Like {
    /// Both, in the order in which they are looked for.
    const ALL: [Like; 2] = [Like::Weeks, Like::Days];

    /// How far apart they lie.
    fn apart(self) -> Millis {
        match self {
            Like::Weeks => Millis::hours(7 * 24),
            Like::Days => Millis::hours(24),
        }
    }

    fn times(self) -> i64 {
        match self {
            Like::Weeks => WEEKS,
            Like::Days => DAYS,
        }
    }

    /// How far each of them lies from the hour.
    fn distances(self) -> impl DoubleEndedIterator<Item = Millis> {
        (1..=self.times()).map(move |number| Millis(number * self.apart().0))
    }
}

impl Usual {
    /// The band of some values, which that many hours or days had; none where there are none.
    fn of(mut values: Vec<f64>, hours: usize) -> Option<Usual> {
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        Some(Usual { low, middle: values[values.len() / 2], high, hours: u32::try_from(hours).ok()? })
    }

    /// How an hour stands to it.
    #[must_use]
    pub fn standing(&self, value: f64) -> UsualStanding {
        if is_below(value, self.low) {
            UsualStanding::Below
        } else if is_above(value, self.high) {
            UsualStanding::Above
        } else {
            UsualStanding::Within
        }
    }
}

/// What the hour or day that begins at a moment is held against; none where too few of its like are known. `known` gives
/// the value of the hour or day that begins at a moment, if it is known as a whole.
pub fn compared(start: EventTime, known: impl Fn(EventTime) -> Option<f64>) -> Option<Compared> {
    let like = |like: Like| {
        let starts = like.distances().rev().map(|distance| start.minus(distance));
        let with = starts.filter_map(|start| Some(LikeHour { start, value: known(start)? }));
        let with: Vec<LikeHour> = with.collect();
        let usual = Usual::of(with.iter().map(|hour| hour.value).collect(), with.len())?;
        Some(Compared { usual, like, with })
    };
    Like::ALL.into_iter().filter_map(like).find(|compared| compared.with.len() >= FEWEST)
}

/// What a minute is held against: the minutes of hours like the one that it lies in, of those that are known well enough.
/// `known` gives the value of the minute that begins at a moment, if it is known.
pub fn compared_minute(start: EventTime, known: impl Fn(EventTime) -> Option<f64>) -> Option<Usual> {
    let hour = hour_of(start);
    let of = |like: Like| {
        let minutes = |distance: Millis| -> Vec<f64> {
            let first = hour.minus(distance);
            (0..HOUR_MINUTES).filter_map(|minute| known(first.plus(Millis(minute * MINUTE.0)))).collect()
        };
        let hours: Vec<Vec<f64>> = like
            .distances()
            .map(minutes)
            .filter(|minutes| is_enough(minutes.len() as u64, HOUR_MINUTES as u64))
            .collect();
        (hours.len() >= FEWEST).then(|| Usual::of(hours.concat(), hours.len()))?
    };
    Like::ALL.into_iter().find_map(of)
}

/// When the minutes lie that minutes of `[from, until)` are held against, and those of that time themselves: by time.
#[must_use]
pub fn minutes_for(from: EventTime, until: EventTime) -> Vec<(EventTime, EventTime)> {
    let (first, end) = (hour_of(from), hour_of(until.plus(Millis(HOUR.0 - 1))));
    let distances = Like::ALL.into_iter().flat_map(Like::distances).chain([Millis(0)]);
    let mut spans: Vec<_> = distances.map(|distance| (first.minus(distance), end.minus(distance))).collect();
    spans.sort_unstable();
    // A week is seven days.
    spans.dedup();
    spans
}

/// The hour that a moment lies in.
fn hour_of(moment: EventTime) -> EventTime {
    EventTime(moment.0.div_euclid(HOUR.0) * HOUR.0)
}

/// The hours whose band an hour may count for: another value of it may make theirs another.
pub fn counts_for(start: EventTime) -> impl Iterator<Item = EventTime> {
    Like::ALL.into_iter().flat_map(Like::distances).map(move |distance| start.plus(distance))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn start(hour: i64) -> EventTime {
        EventTime(hour * 3_600_000)
    }

    fn of(hours: &BTreeMap<i64, f64>, hour: i64) -> Option<Compared> {
        compared(start(hour), |start| hours.get(&(start.0 / 3_600_000)).copied())
    }

    #[test]
    fn an_hour_is_held_against_the_same_hour_of_past_weeks() {
        let week = 7 * 24;
        let hours: BTreeMap<i64, f64> = (0..10)
            .flat_map(|number| [(number * week, number as f64), (number * week + 24, 500.0)])
            .collect();
        let found = of(&hours, 10 * week).unwrap();
        assert_eq!(found.usual, Usual { low: 2.0, middle: 6.0, high: 9.0, hours: 8 });
        assert_eq!((found.like, found.with.len()), (Like::Weeks, 8));
        assert_eq!((found.with[0].start, found.with[7].start), (start(2 * week), start(9 * week)));
        let standing = |value| found.usual.standing(value);
        assert_eq!(
            [1.0, 2.0, 9.0, 10.0].map(standing),
            [UsualStanding::Below, UsualStanding::Within, UsualStanding::Within, UsualStanding::Above]
        );
    }

    #[test]
    fn days_stand_in_where_there_are_no_weeks_and_two_of_them_say_nothing() {
        let mut hours: BTreeMap<i64, f64> = (0..3).map(|day| (day * 24, 10.0 + day as f64)).collect();
        let found = of(&hours, 3 * 24).unwrap();
        assert_eq!((found.like, found.usual.hours, found.usual.middle), (Like::Days, 3, 11.0));
        let _ = hours.remove(&0);
        assert_eq!(of(&hours, 3 * 24), None);
    }

    #[test]
    fn a_minute_is_held_against_the_minutes_of_hours_like_its_own_that_are_known_well_enough() {
        let week = 7 * 24 * 60;
        let at = |minute: i64| EventTime(minute * 60_000);
        // Of the hour that begins at minute 0 of each week: as many as the minute says, and one more each week.
        let of = |weeks: std::ops::Range<i64>, minutes: i64, start: i64| {
            compared_minute(at(start), |asked| {
                let (number, minute) =
                    ((asked.0 / 60_000).div_euclid(week), (asked.0 / 60_000).rem_euclid(week));
                (weeks.contains(&number) && minute < minutes).then_some((number + minute) as f64)
            })
        };
        let found = of(0..10, 60, 10 * week + 17).unwrap();
        assert_eq!(found, Usual { low: 2.0, middle: 35.0, high: 68.0, hours: 8 });
        assert_eq!(of(8..10, 60, 10 * week + 17), None, "two hours say nothing");
        assert_eq!(of(7..10, 45, 10 * week).unwrap().hours, 3);
        assert_eq!(of(7..10, 44, 10 * week), None, "of none of them enough is known");
        let spans = minutes_for(at(10 * week + 17), at(10 * week + 61));
        assert_eq!(spans.len(), 21, "eight weeks, fourteen days of which two are weeks, and the time itself");
        assert!(spans.iter().all(|(from, until)| until.0 - from.0 == 2 * HOUR.0));
        assert_eq!(spans[20], (at(10 * week), at(10 * week + 120)));
    }

    proptest! {
        #[test]
        fn batch_an_hour_counts_for_the_bands_it_is_in_and_for_no_other(
            hours in prop::collection::btree_map(0i64..1_500, 0.0..9.0, 200..900),
            changed in 0i64..1_500,
        ) {
            let mut other = hours.clone();
            let _ = other.insert(changed, 100.0);
            let counts: Vec<EventTime> = counts_for(start(changed)).collect();
            for hour in 0..1_900 {
                if of(&hours, hour) != of(&other, hour) {
                    prop_assert!(counts.contains(&start(hour)), "{hour} of {changed}");
                }
            }
            prop_assert!(counts.iter().all(|other| other.0 - start(changed).0 <= USUAL_WITHIN.0));
        }
    }
}

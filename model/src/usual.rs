//! What is usual for an hour of something that is counted: one rule for what a page shows and for what raises an alert.
//!
//! **The usual band** of an hour is what its like were: the same hour of the same weekday in the eight weeks before it;
//! where fewer than three of those are known, the same hour of the fourteen days before it; where fewer than three of
//! those are known either, nothing is usual. Only what is known of an hour as a whole counts for the band of another.
//! Weeks and days are of 168 and 24 hours: where clocks are put forward, an hour is held against its neighbours until
//! the weeks have passed.

use serde::{Deserialize, Serialize};

use crate::{
    bound::{is_above, is_below},
    time::{EventTime, Millis},
};

/// How far before an hour its like may lie.
pub const USUAL_WITHIN: Millis = Millis::hours(8 * 7 * 24);

const WEEKS: i64 = 8;
const DAYS: i64 = 14;
/// Fewer say nothing of what is usual.
const FEWEST: usize = 3;

/// What hours like one were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// The least of them.
    pub low: f64,
    /// The one in the middle.
    pub middle: f64,
    /// The most.
    pub high: f64,
    /// How many of them are known.
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

/// What the hour that begins at a moment is held against; none where too few of its like are known. `known` gives the
/// value of the hour that begins at a moment, if it is known as a whole.
pub fn compared(start: EventTime, known: impl Fn(EventTime) -> Option<f64>) -> Option<Compared> {
    let like = |like: Like| {
        let starts = like.distances().rev().map(|distance| start.minus(distance));
        let with = starts.filter_map(|start| Some(LikeHour { start, value: known(start)? }));
        let with: Vec<LikeHour> = with.collect();
        let mut values: Vec<f64> = with.iter().map(|hour| hour.value).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let (middle, hours) = (values[values.len() / 2], u32::try_from(values.len()).ok()?);
        Some(Compared { usual: Usual { low, middle, high, hours }, like, with })
    };
    Like::ALL.into_iter().filter_map(like).find(|compared| compared.with.len() >= FEWEST)
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

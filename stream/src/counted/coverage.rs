//! Which minutes a log source was heard in, and in which of them it saw what it was to look at.
//!
//! A machine that says something every ten minutes is not away in between: minutes between two lines are heard if the
//! lines are no further apart than the log source may be silent. What lies in a longer gap is not known. And a sensor that
//! talks may yet see nothing: its minutes are blind, and nothing is said of what it did not report.

use std::collections::BTreeMap;

use ioc_model::time::Millis;
use serde::{Deserialize, Serialize};

use super::MINUTE;

/// Minutes, as runs from the first to the last of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Coverage {
    heard: BTreeMap<i64, i64>,
    blind: BTreeMap<i64, i64>,
}

impl Coverage {
    /// A line of a minute. Gives the run of minutes that are heard now and were not before.
    pub(super) fn hear(&mut self, minute: i64, silent_after: Option<Millis>) -> Option<(i64, i64)> {
        let apart = silent_after.map_or(1, |silence| (silence.0 / MINUTE).max(1));
        let before = self.heard.range(..=minute).next_back().map(|(from, to)| (*from, *to));
        if before.is_some_and(|(_, to)| minute <= to) {
            return None;
        }
        let after = self.heard.range(minute..).next().map(|(from, to)| (*from, *to));
        let before = before.filter(|(_, to)| minute - to <= apart);
        let after = after.filter(|(from, _)| from - minute <= apart);
        let (from, newly_from) = before.map_or((minute, minute), |(from, to)| (from, to + 1));
        let (to, newly_to) = after.map_or((minute, minute), |(from, to)| (to, from - 1));
        if let Some((from, _)) = after {
            let _ = self.heard.remove(&from);
        }
        let _ = self.heard.insert(from, to);
        Some((newly_from, newly_to))
    }

    /// In these minutes, the last one too, it saw too little.
    pub(super) fn blind(&mut self, from: i64, to: i64) {
        let (mut from, mut to) = (from, to.max(from));
        while let Some((first, last)) = self.blind.range(..=to + 1).next_back().map(|(a, b)| (*a, *b)) {
            if last + 1 < from {
                break;
            }
            (from, to) = (from.min(first), to.max(last));
            let _ = self.blind.remove(&first);
        }
        let _ = self.blind.insert(from, to);
    }

    /// The first minute that is known to be heard.
    pub(super) fn first(&self) -> Option<i64> {
        self.heard.first_key_value().map(|(from, _)| *from)
    }

    /// The first heard minute that is not before one.
    pub(super) fn next(&self, minute: i64) -> Option<i64> {
        let within = self.heard.range(..=minute).next_back().filter(|(_, to)| **to >= minute);
        within.map(|_| minute).or_else(|| self.heard.range(minute..).next().map(|(from, _)| *from))
    }

    /// How many of the minutes `[from, to)` were heard and not blind.
    pub(super) fn whole(&self, from: i64, to: i64) -> u32 {
        let within = |runs: &BTreeMap<i64, i64>, from: i64, to: i64| -> i64 {
            let runs = runs.range(..to).rev().take_while(|(_, last)| **last >= from);
            runs.map(|(first, last)| (to - 1).min(*last) - from.max(*first) + 1).sum()
        };
        let runs = self.heard.range(..to).rev().take_while(|(_, last)| **last >= from);
        let blind = runs.map(|(first, last)| within(&self.blind, from.max(*first), to.min(last + 1)));
        let whole = within(&self.heard, from, to) - blind.sum::<i64>();
        u32::try_from(whole).unwrap_or(0)
    }

    /// Forgets what lies before a minute, but for the last of it: a late line behind that minute may be near enough to
    /// what was heard before it. The beginning of a run that reaches over it goes, so that a run of years is not walked
    /// for a minute.
    pub(super) fn forget(&mut self, minute: i64) {
        for runs in [&mut self.heard, &mut self.blind] {
            let rest = runs.split_off(&minute);
            let last = std::mem::replace(runs, rest).pop_last();
            let _ = last.map(|(_, to)| runs.insert(minute.min(to), to));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN: Option<Millis> = Some(Millis::minutes(10));

    #[test]
    fn silent_minutes_between_two_lines_are_heard_unless_they_are_too_far_apart() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.hear(100, TEN), Some((100, 100)));
        assert_eq!(coverage.hear(100, TEN), None);
        assert_eq!(coverage.hear(110, TEN), Some((101, 110)));
        assert_eq!(coverage.hear(125, TEN), Some((125, 125)), "fifteen minutes apart");
        assert_eq!((coverage.whole(100, 130), coverage.whole(111, 125)), (12, 0));
        // A late line closes the gap.
        assert_eq!(coverage.hear(117, TEN), Some((111, 124)));
        assert_eq!((coverage.whole(100, 130), coverage.next(90), coverage.next(126)), (26, Some(100), None));
    }

    #[test]
    fn silent_a_late_line_is_near_what_was_heard_before_what_is_forgotten() {
        let mut coverage = Coverage::default();
        for minute in [60, 80, 95, 115] {
            let _ = coverage.hear(minute, TEN);
        }
        coverage.forget(100);
        assert_eq!((coverage.first(), coverage.whole(100, 115)), (Some(95), 0));
        assert_eq!(coverage.hear(104, TEN), Some((96, 104)));
        assert_eq!(coverage.whole(100, 115), 5);
    }

    #[test]
    fn silent_a_blind_minute_is_not_whole_though_it_was_heard() {
        let mut coverage = Coverage::default();
        (0..60).for_each(|minute| {
            let _ = coverage.hear(minute, TEN);
        });
        coverage.blind(20, 39);
        coverage.blind(35, 44);
        assert_eq!((coverage.whole(0, 60), coverage.whole(20, 40), coverage.whole(45, 60)), (35, 0, 15));
    }

    proptest! {
        #[test]
        fn batch_what_is_heard_does_not_depend_on_the_order_it_came_in(
            minutes in prop::collection::vec(0i64..300, 1..40).prop_shuffle(),
        ) {
            let mut sorted = minutes.clone();
            sorted.sort_unstable();
            let of = |minutes: &[i64]| {
                let mut coverage = Coverage::default();
                for minute in minutes {
                    let _ = coverage.hear(*minute, TEN);
                }
                coverage
            };
            let (one, other) = (of(&minutes), of(&sorted));
            prop_assert_eq!(&one, &other);
            let close = |minute: i64| {
                let before = sorted.iter().rev().find(|heard| **heard <= minute);
                let after = sorted.iter().find(|heard| **heard >= minute);
                before.zip(after).is_some_and(|(before, after)| after - before <= 10)
            };
            prop_assert_eq!(one.whole(0, 300), (0..300).filter(|minute| close(*minute)).count() as u32);
        }
    }
}

//! The hours that others are held against: what is usual at a log source, for the rules that ask.
//!
//! A band reaches back eight weeks. That is more than rows and means are held for, so hours of what such a rule watches
//! are kept here, and of them no more than a count each: four bytes, [`SLOTS`] of them a series (invariant BOUND). What
//! had closed before a rule asked is asked of the store once, as a question whose answer is recorded; until it is there,
//! hours are noted and nothing is usual, and then the newest are judged. An hour of which too little is known is noted,
//! too: it counts for no band, and what is read back of an earlier word about it does not stand.
//!
//! What is usual is said in the model, for pages and rules alike ([`ioc_model::usual`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ioc_model::{
    epoch::Epoch,
    limit::{Averaging, is_enough},
    name::Name,
    question::{About, Answer, Found, Question, RecalledWindow},
    time::{EventTime, Millis},
    usual::{Compared, USUAL_WITHIN, compared, counts_for},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use super::{
    HOUR,
    alerts::{WatchedValue, WatchedWindow},
};
use crate::reading::Reading;

/// A revised hour is judged anew as long as a rule looks at it, a week and some hours: its band lies before it.
const JUDGED_WITHIN: Millis = Millis::hours(8 * 24);
/// Hours held of a series.
const SLOTS: usize = ((USUAL_WITHIN.0 + JUDGED_WITHIN.0) / HOUR.0) as usize;

/// Nothing closed there.
const NOTHING: u32 = 0;
/// It closed, and too little is known of it.
const TOO_LITTLE: u32 = 1;
/// The count is beside it.
const LARGE: u32 = 2;
const COUNTS: u32 = 3;

/// By measure.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct UsualHours(BTreeMap<Name, Hours>);

/// Those of one measure.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Hours {
    /// What closed up to a moment is asked for since an epoch, and not answered yet.
    asked: Option<(Epoch, EventTime)>,
    /// Where the first slot begins.
    first: EventTime,
    slots: VecDeque<u32>,
    /// Counts that do not fit into a slot.
    large: BTreeMap<EventTime, i64>,
}

impl UsualHours {
    /// Goes by what the plan asks for: what nobody asks for is let go, what is asked for from now on may have closed
    /// before, up to `closed_to`.
    pub(super) fn follow(
        &mut self,
        measures: &BTreeSet<Name>,
        closed_to: Option<EventTime>,
        (subject, epoch): (Name, Epoch),
        ask: &mut Vec<Question>,
    ) {
        self.0.retain(|measure, _| measures.contains(measure));
        for measure in measures {
            let _ = self.0.entry(*measure).or_insert_with(|| {
                let asked = closed_to.map(|to| (epoch, to));
                ask.extend(asked.map(|asked| question(subject, *measure, asked)));
                Hours { asked, ..Hours::default() }
            });
        }
    }

    /// Takes what closed or was revised, and gives the hours that are to be judged by that.
    pub(super) fn take(&mut self, readings: &[Reading]) -> Vec<WatchedWindow> {
        let mut touched = BTreeSet::new();
        for reading in readings.iter().filter(|reading| reading.kind == WindowKind::Hour) {
            let Some(hours) = self.0.get_mut(&reading.measure) else { continue };
            hours.put(reading.span.start, reading.mean.valid());
            let judged = counts_for(reading.span.start).chain([reading.span.start]);
            touched.extend(judged.map(|start| (reading.measure, start)));
        }
        self.seen(touched)
    }

    /// Takes what was read back, and gives the hours that are to be judged by it.
    pub(super) fn answered(&mut self, answers: &[&Answer]) -> Vec<WatchedWindow> {
        let mut touched = BTreeSet::new();
        for answer in answers {
            let (About::Usual { measure }, Found::Windows(windows)) = (&answer.question.about, &answer.found)
            else {
                continue;
            };
            let Some(hours) = self.0.get_mut(measure) else { continue };
            if hours.asked.is_none_or(|(asked, _)| asked != answer.question.asked) {
                continue;
            }
            hours.asked = None;
            let of_measure =
                |window: &&RecalledWindow| (window.indicator, window.kind) == (*measure, WindowKind::Hour);
            for window in windows.iter().filter(of_measure) {
                let is_whole = is_enough(window.count, window.expected.into());
                hours.recall(window.start, is_whole.then_some(window.sum));
            }
            let judged = hours.starts().rev().take((JUDGED_WITHIN.0 / HOUR.0) as usize);
            touched.extend(judged.map(|start| (*measure, start)));
        }
        self.seen(touched)
    }

    fn seen(&self, touched: BTreeSet<(Name, EventTime)>) -> Vec<WatchedWindow> {
        let of_hour = |(measure, start): (Name, EventTime)| {
            let value = self.0.get(&measure)?.noted(start)?;
            let usual = self.compared(measure, start).map(|compared| compared.usual);
            let value = WatchedValue::Counted { value, usual };
            Some(WatchedWindow { measure, averaging: Averaging::Hour, start, end: start.plus(HOUR), value })
        };
        touched.into_iter().filter_map(of_hour).collect()
    }

    /// What an hour of a measure is held against; nothing before it is known what closed before anybody asked.
    pub(super) fn compared(&self, measure: Name, start: EventTime) -> Option<Compared> {
        let hours = self.0.get(&measure).filter(|hours| hours.asked.is_none())?;
        compared(start, |start| hours.noted(start).flatten())
    }

    /// Whether there are none to keep.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was asked for and not answered yet.
    pub(crate) fn awaited(&self, subject: Name) -> impl Iterator<Item = Question> + '_ {
        self.0.iter().filter_map(move |(measure, hours)| Some(question(subject, *measure, hours.asked?)))
    }
}

fn held() -> Millis {
    Millis(SLOTS as i64 * HOUR.0)
}

fn question(subject: Name, measure: Name, (asked, to): (Epoch, EventTime)) -> Question {
    Question { subject, about: About::Usual { measure }, from: to.minus(held()), to, asked }
}

impl Hours {
    /// Notes an hour: its count, or that too little is known of it.
    fn put(&mut self, start: EventTime, value: Option<f64>) {
        let Some(slot) = self.make_room(start) else { return };
        let count = value.map(|value| value as i64);
        let _ = self.large.remove(&start);
        self.slots[slot] = match count.map(coded) {
            None => TOO_LITTLE,
            Some(Some(code)) => code,
            Some(None) => {
                let _ = count.map(|count| self.large.insert(start, count));
                LARGE
            }
        };
    }

    /// Notes an hour of which nothing newer is known.
    fn recall(&mut self, start: EventTime, value: Option<f64>) {
        if self.noted(start).is_none() {
            self.put(start, value);
        }
    }

    /// What is noted of the hour that begins there: its count, or that too little is known.
    fn noted(&self, start: EventTime) -> Option<Option<f64>> {
        let slot = self.slot(start)?;
        match *self.slots.get(usize::try_from(slot).ok()?)? {
            NOTHING => None,
            TOO_LITTLE => Some(None),
            LARGE => Some(self.large.get(&start).map(|count| *count as f64)),
            code => Some(Some(decoded(code) as f64)),
        }
    }

    /// Where those that are noted begin, by time.
    fn starts(&self) -> impl DoubleEndedIterator<Item = EventTime> + '_ {
        let noted = self.slots.iter().enumerate().filter(|(_, code)| **code != NOTHING);
        noted.map(|(slot, _)| self.first.plus(Millis(slot as i64 * HOUR.0)))
    }

    /// Which slot an hour has, before the first or behind the last also; none where hours begin at other minutes.
    fn slot(&self, start: EventTime) -> Option<i64> {
        let behind = start.0 - self.first.0;
        (behind % HOUR.0 == 0).then_some(behind / HOUR.0)
    }

    /// The slot of an hour, made where there is none; none where it lies too far back.
    fn make_room(&mut self, start: EventTime) -> Option<usize> {
        let end = self.first.plus(Millis(self.slots.len() as i64 * HOUR.0));
        let slot = self.slot(start);
        if self.slots.is_empty() || start >= end.plus(held()) || (slot.is_none() && start >= end) {
            // The first of all, or the first for so long that nothing before it says what is usual; or clocks were put
            // forward by less than an hour.
            (self.first, self.slots) = (start, VecDeque::from([NOTHING]));
            self.large.clear();
            return Some(0);
        }
        let mut slot = slot?;
        if self.slots.len() as i64 - slot.min(0) > SLOTS as i64 {
            return None;
        }
        while slot < 0 {
            self.slots.push_front(NOTHING);
            self.first = self.first.minus(HOUR);
            slot += 1;
        }
        while slot >= self.slots.len() as i64 {
            self.slots.push_back(NOTHING);
            if self.slots.len() > SLOTS {
                let _ = self.slots.pop_front();
                let _ = self.large.remove(&self.first);
                self.first = self.first.plus(HOUR);
                slot -= 1;
            }
        }
        usize::try_from(slot).ok()
    }
}

/// A count in the form of a slot, if it fits: small ones of either sign become small codes.
fn coded(count: i64) -> Option<u32> {
    let folded = count.unsigned_abs().checked_mul(2)? - u64::from(count < 0);
    u32::try_from(folded).ok()?.checked_add(COUNTS)
}

fn decoded(code: u32) -> i64 {
    let folded = i64::from(code - COUNTS);
    if folded % 2 == 0 { folded / 2 } else { -(folded + 1) / 2 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hour(number: i64) -> EventTime {
        EventTime(number * HOUR.0)
    }

    #[test]
    fn a_count_of_any_size_and_sign_is_noted_as_it_is() {
        let mut hours = Hours::default();
        let counts =
            [0, 1, -1, 7, -7, i64::from(u32::MAX) / 2 - 2, i64::from(u32::MAX) / 2, -4_000_000_000, 1 << 50];
        for (number, count) in (0..).zip(counts) {
            hours.put(hour(number), Some(count as f64));
        }
        hours.put(hour(20), None);
        for (number, count) in (0..).zip(counts) {
            assert_eq!(hours.noted(hour(number)), Some(Some(count as f64)));
        }
        assert_eq!(
            (hours.noted(hour(20)), hours.noted(hour(15)), hours.noted(hour(21))),
            (Some(None), None, None)
        );
        hours.put(hour(8), Some(3.0));
        assert_eq!((hours.noted(hour(8)), hours.large.len()), (Some(Some(3.0)), 2));
    }

    #[test]
    fn what_is_read_back_does_not_stand_against_what_was_said_since() {
        let mut hours = Hours::default();
        hours.put(hour(10), Some(1.0));
        hours.put(hour(11), None);
        for number in 8..13 {
            hours.recall(hour(number), Some(5.0));
        }
        let noted: Vec<_> = (7..14).map(|number| hours.noted(hour(number))).collect();
        let five = Some(Some(5.0));
        assert_eq!(noted, [None, five, five, Some(Some(1.0)), Some(None), five, None]);
    }

    #[test]
    fn hours_that_begin_at_other_minutes_begin_anew() {
        let mut hours = Hours::default();
        let shifted = |number| hour(number).plus(Millis::minutes(30));
        hours.put(hour(10), Some(1.0));
        hours.put(shifted(9), Some(2.0));
        assert_eq!(
            (hours.noted(hour(10)), hours.noted(shifted(9))),
            (Some(Some(1.0)), None),
            "behind the change"
        );
        hours.put(shifted(11), Some(3.0));
        assert_eq!((hours.noted(hour(10)), hours.noted(shifted(11))), (None, Some(Some(3.0))));
    }

    proptest! {
        /// Whatever order hours come in, what is noted is their last word, as far back as bands need it; and no more is
        /// held than there are slots, however far they lie apart.
        #[test]
        fn bound_hours_are_noted_as_far_back_as_bands_reach_and_no_more_are_held(
            put in prop::collection::vec((0i64..4_000, prop::option::of(-50i64..5_000_000_000)), 1..200),
        ) {
            let (mut hours, mut all) = (Hours::default(), BTreeMap::new());
            for (number, value) in &put {
                let value = value.map(|value| value as f64);
                hours.put(hour(*number), value);
                let _ = all.insert(*number, value);
                prop_assert!(hours.slots.len() <= SLOTS && hours.large.len() <= hours.slots.len());
                let kept = postcard::to_stdvec(&hours).unwrap();
                hours = postcard::from_bytes(&kept).unwrap();
            }
            let newest = *all.last_key_value().unwrap().0;
            let judged = newest - (JUDGED_WITHIN.0 / HOUR.0) + 1;
            for (number, value) in all.range(newest - SLOTS as i64 + 1..) {
                // What came behind the slots and before the newest did is gone, and was never needed.
                if let Some(noted) = hours.noted(hour(*number)) {
                    prop_assert_eq!(noted, *value);
                }
            }
            let mut sorted = Hours::default();
            all.iter().for_each(|(number, value)| sorted.put(hour(*number), *value));
            for number in judged..=newest {
                let of = |number: EventTime| sorted.noted(number).flatten();
                let whole = |start: EventTime| all.get(&(start.0 / HOUR.0)).copied().flatten();
                prop_assert_eq!(compared(hour(number), of), compared(hour(number), whole));
            }
        }
    }
}

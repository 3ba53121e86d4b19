//! The days of a series that are in memory.
//!
//! Nearly always that is one, and nearly every row is of it: it lies in the series itself, so that a row does not pay
//! for finding it.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::{DayNumber, LocalDay},
    epoch::Epoch,
    names::Source,
    results::RowStanding,
    time::{EventTime, Millis},
};
use serde::{Deserialize, Serialize};

use super::Judged;
use crate::{
    day::{Day, LATEST, Placed, Replaced, Rewritten, Version},
    plan::TimeSpan,
};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct OpenDays {
    newest: Option<(DayNumber, OpenDay)>,
    /// All before the newest.
    older: BTreeMap<DayNumber, OpenDay>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenDay {
    pub(super) start: EventTime,
    pub(super) end: EventTime,
    pub(super) day: Day,
}

/// What a row came to, and whether its point's current value is another one now.
pub(super) struct Applied {
    pub(super) row: Judged,
    pub(super) changes: bool,
}

impl OpenDays {
    #[inline]
    pub(super) fn glance(&self) -> u64 {
        self.newest.as_ref().map_or(0, |(_, open)| open.day.glance())
    }

    #[inline]
    pub(super) fn get_or_open(&mut self, local: &LocalDay) -> &mut OpenDay {
        if self.newest.as_ref().is_none_or(|(newest, _)| *newest < local.number) {
            self.insert(local.number, OpenDay::new(local));
        }
        match &mut self.newest {
            Some((number, open)) if *number == local.number => open,
            _ => self.older.entry(local.number).or_insert_with(|| OpenDay::new(local)),
        }
    }

    pub(super) fn insert(&mut self, number: DayNumber, open: OpenDay) {
        match &mut self.newest {
            Some((newest, _)) if *newest > number => {
                let _ = self.older.insert(number, open);
            }
            newest => {
                let before = newest.replace((number, open));
                self.older.extend(before.filter(|(before, _)| *before != number));
            }
        }
    }

    pub(super) fn remove(&mut self, number: DayNumber) {
        match &self.newest {
            Some((newest, _)) if *newest == number => self.newest = self.older.pop_last(),
            _ => {
                let _ = self.older.remove(&number);
            }
        }
    }

    pub(super) fn contains(&self, number: DayNumber) -> bool {
        self.newest.as_ref().is_some_and(|(newest, _)| *newest == number) || self.older.contains_key(&number)
    }

    pub(super) fn oldest(&self) -> Option<&OpenDay> {
        self.iter().next().map(|(_, open)| open)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DayNumber, &OpenDay)> {
        let newest = self.newest.iter().map(|(number, open)| (*number, open));
        self.older.iter().map(|(number, open)| (*number, open)).chain(newest)
    }

    pub(super) fn get_mut(&mut self, number: DayNumber) -> Option<&mut OpenDay> {
        match &mut self.newest {
            Some((newest, open)) if *newest == number => Some(open),
            _ => self.older.get_mut(&number),
        }
    }

    /// The day a moment lies in.
    pub(super) fn at(&self, time: EventTime) -> Option<&OpenDay> {
        let holds = |open: &&OpenDay| open.start <= time && time < open.end;
        let newest = self.newest.as_ref().map(|(_, open)| open);
        newest.filter(holds).or_else(|| self.older.values().rev().find(holds))
    }
}

impl OpenDay {
    pub(super) fn new(local: &LocalDay) -> OpenDay {
        OpenDay { start: local.start, end: local.end, day: Day::default() }
    }

    /// Milliseconds since the start of the day, or as many as a point can have.
    #[inline]
    pub(super) fn offset(&self, time: EventTime) -> u32 {
        u32::try_from((time.0 - self.start.0).clamp(0, LATEST.into())).unwrap_or(LATEST)
    }

    pub(super) fn first_point(&self, from: EventTime) -> Option<EventTime> {
        let from = self.offset(from.max(self.start));
        self.day.first_point(from).map(|at| Day::time(self.start, at))
    }

    /// What a row would change of an hour of which values came within that time of their moments.
    pub(super) fn rewritten(
        &self,
        event_time: EventTime,
        version: &Version,
        hour: TimeSpan,
        hold_after: Millis,
    ) -> Option<Rewritten> {
        let in_time = |at: u32, received: i64| received - Day::time(self.start, at).0 <= hold_after.0;
        let hour = self.offset(hour.start)..self.offset(hour.end);
        self.day.rewritten(self.offset(event_time), version, hour, in_time)
    }

    #[inline]
    pub(super) fn apply(
        &mut self,
        epoch: Epoch,
        event_time: EventTime,
        version: Version,
        source: Source,
    ) -> Applied {
        self.day.touched = epoch;
        let at = self.offset(event_time);
        match self.day.apply(at, version, source) {
            Placed::Duplicate => Applied { row: Judged::Duplicate, changes: false },
            Placed::Stored { standing, current } => {
                let changes = current.changes();
                Applied { row: Judged::Stored(standing, current), changes }
            }
        }
    }

    /// Puts a row in the place of what its reading before had given.
    pub(super) fn replace(
        &mut self,
        epoch: Epoch,
        event_time: EventTime,
        version: Version,
        source: Source,
    ) -> Applied {
        self.day.touched = epoch;
        let Replaced { current, changes } = self.day.replace(self.offset(event_time), version, source);
        Applied { row: Judged::Stored(RowStanding::Replaced, current), changes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(number: i32) -> LocalDay {
        let start = EventTime(i64::from(number) * 86_400_000);
        LocalDay { number: DayNumber(number), start, end: start.plus(Millis::hours(24)) }
    }

    #[test]
    fn days_are_in_order_whatever_order_they_were_opened_in_and_removed() {
        let mut days = OpenDays::default();
        for number in [5, 3, 7, 3, 6] {
            assert_eq!(days.get_or_open(&local(number)).start, local(number).start);
        }
        let numbers = |days: &OpenDays| days.iter().map(|(number, _)| number.0).collect::<Vec<_>>();
        assert_eq!(numbers(&days), [3, 5, 6, 7]);
        assert_eq!(days.oldest().map(|open| open.start), Some(local(3).start));
        assert!(days.at(local(5).start).is_some() && days.at(local(4).start).is_none());
        days.remove(DayNumber(7));
        days.remove(DayNumber(3));
        assert_eq!(numbers(&days), [5, 6]);
        days.insert(DayNumber(6), OpenDay::new(&local(6)));
        days.insert(DayNumber(4), OpenDay::new(&local(4)));
        assert_eq!(numbers(&days), [4, 5, 6]);
        assert!(days.contains(DayNumber(6)) && !days.contains(DayNumber(7)));
    }
}

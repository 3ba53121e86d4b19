//! The means of the last days of a station: what indices and limits are worked out from.

use std::{collections::BTreeMap, ops::Bound};

use ioc_model::{
    name::Name,
    time::{EventTime, Millis},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use super::{HOUR, StationPlan};
use crate::{
    plan::Days,
    reading::{Mean, Reading},
};

/// Hours held behind the newest closed one. A revised hour needs its day, the eleven hours before that and the day
/// after; rows are judged from memory for 36 hours and some more.
const HOURS_HELD: Millis = Millis::hours(120);
/// Days held behind the newest, where no year needs more.
const DAYS_HELD: Millis = Millis::hours(24 * 7);
/// A NowCast looks so far back.
pub(super) const LOOK_BACK: Millis = Millis::hours(11);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Means {
    hours: BTreeMap<EventTime, Mean>,
    days: BTreeMap<EventTime, Mean>,
}

/// Closed hours and days by indicator and start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    means: BTreeMap<Name, Means>,
    /// The highest end of an hour in it; of a day where there are no hours.
    closed_to: Option<EventTime>,
    /// Hours before it are not held.
    hours_from: Option<EventTime>,
    /// Days before it are not held.
    days_from: Option<EventTime>,
}

impl Ledger {
    pub(super) fn since(closed_to: Option<EventTime>) -> Ledger {
        Ledger { means: BTreeMap::new(), closed_to, hours_from: closed_to, days_from: closed_to }
    }

    pub(super) fn closed_to(&self) -> Option<EventTime> {
        self.closed_to
    }

    pub(super) fn hour(&self, indicator: &str, start: EventTime) -> Option<Mean> {
        self.means.get(indicator)?.hours.get(&start).copied()
    }

    pub(super) fn day(&self, indicator: &str, start: EventTime) -> Option<Mean> {
        self.means.get(indicator)?.days.get(&start).copied()
    }

    /// The newest hour of an indicator.
    pub(super) fn newest_hour(&self, indicator: &str) -> Option<EventTime> {
        self.means.get(indicator)?.hours.last_key_value().map(|(start, _)| *start)
    }

    /// The newest hour of any.
    pub(super) fn newest_of_all(&self) -> Option<EventTime> {
        self.means.values().filter_map(|means| means.hours.last_key_value()).map(|(start, _)| *start).max()
    }

    /// The newest day of an indicator.
    pub(super) fn newest_day(&self, indicator: &str) -> Option<(EventTime, Mean)> {
        self.means.get(indicator)?.days.last_key_value().map(|(start, mean)| (*start, *mean))
    }

    /// Hours that start behind a moment, by indicator and in time order.
    pub(super) fn hours_since(
        &self,
        from: EventTime,
    ) -> impl Iterator<Item = (Name, impl Iterator<Item = (EventTime, Mean)> + '_)> + '_ {
        let behind = (Bound::Excluded(from), Bound::Unbounded);
        self.means.iter().map(move |(indicator, means)| {
            (*indicator, means.hours.range(behind).map(|(start, mean)| (*start, *mean)))
        })
    }

    /// The days of an indicator that start in `[from, to)`, in time order.
    pub(super) fn days(
        &self,
        indicator: &str,
        from: EventTime,
        to: EventTime,
    ) -> impl Iterator<Item = Mean> + '_ {
        let means = self.means.get(indicator);
        means.into_iter().flat_map(move |means| means.days.range(from..to).map(|(_, mean)| *mean))
    }

    /// Takes a window that closed or was revised, if windows of its time are held.
    pub(super) fn take(&mut self, reading: &Reading) {
        self.closed_to = self.closed_to.max(Some(reading.span.end));
        let from = match reading.kind {
            WindowKind::Hour => self.hours_from,
            WindowKind::Day => self.days_from,
            WindowKind::Minute => return,
        };
        if from.is_none_or(|from| reading.span.start >= from) {
            self.put(reading.measure, reading.kind, reading.span.start, reading.mean);
        }
    }

    pub(super) fn put(&mut self, indicator: Name, kind: WindowKind, start: EventTime, mean: Mean) {
        let means = self.means.entry(indicator).or_default();
        let _ = match kind {
            WindowKind::Hour => means.hours.insert(start, mean),
            WindowKind::Day => means.days.insert(start, mean),
            WindowKind::Minute => None,
        };
    }

    /// Whether the surroundings of its day are held.
    pub(super) fn reaches_day(&self, days: &mut Days, reading: &Reading) -> bool {
        let day = days.of(reading.span.start);
        self.hours_from.is_none_or(|from| day.start.minus(LOOK_BACK) >= from)
            && self.days_from.is_none_or(|from| day.start >= from)
    }

    /// Whether the days of its year are held, as far as it has gone.
    pub(super) fn reaches_year(&self, days: &Days, reading: &Reading) -> bool {
        let Some(from) = self.days_from else { return true };
        days.year_of(reading.span.start).is_some_and(|year| year.start >= from)
    }

    /// Lets go of what lies too far back: hours after some days, days with the year before last.
    pub(super) fn forget(&mut self, plan: &StationPlan, days: &mut Days) {
        let Some(closed_to) = self.closed_to else { return };
        let newest = days.of(closed_to.minus(HOUR)).start;
        let hours_from = newest.minus(HOURS_HELD);
        let year_before = || days.year_of(days.year_of(newest)?.start.minus(HOUR));
        let days_from = match plan.has_years().then(year_before).flatten() {
            Some(year) => year.start,
            None => newest.minus(DAYS_HELD),
        };
        let is_last = |held: Option<EventTime>, from: EventTime| held.is_none_or(|held| held < from);
        if is_last(self.hours_from, hours_from) && self.any_before(hours_from, |means| &means.hours) {
            self.hours_from = Some(hours_from);
            self.means.values_mut().for_each(|means| means.hours = means.hours.split_off(&hours_from));
        }
        if is_last(self.days_from, days_from) && self.any_before(days_from, |means| &means.days) {
            self.days_from = Some(days_from);
            self.means.values_mut().for_each(|means| means.days = means.days.split_off(&days_from));
        }
    }

    fn any_before(&self, from: EventTime, of: impl Fn(&Means) -> &BTreeMap<EventTime, Mean>) -> bool {
        self.means.values().any(|means| of(means).first_key_value().is_some_and(|(start, _)| *start < from))
    }

    /// All that is held, by indicator, kind and start.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Name, WindowKind, EventTime, Mean)> {
        self.means.iter().flat_map(|(indicator, means)| {
            let hours =
                means.hours.iter().map(move |(start, mean)| (*indicator, WindowKind::Hour, *start, *mean));
            let days =
                means.days.iter().map(move |(start, mean)| (*indicator, WindowKind::Day, *start, *mean));
            hours.chain(days)
        })
    }
}

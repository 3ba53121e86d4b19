//! What is counted of events, as a person reads it: by minute, hour or day, beside what is usual.
//!
//! What is usual is said in one place, for pages and rules alike ([`ioc_model::usual`]). Only whole hours count for it,
//! and only whole hours are held against it: that there was less than usual while a sensor was blind is no good news, and
//! is not said. Each log source closes its hours by itself, so the newest may be there of some of them only: one that was
//! counted within the day before and is not yet is missing. Minutes and days likewise.

use ioc_model::{
    event::{Count, EventKind, EventMeasure, Severity},
    text::Text,
    time::{EventTime, Millis},
    usual::{Usual, UsualStanding, compared, compared_minute},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use crate::heard::NotHeard;

const DAY: Millis = Millis::hours(24);
const HOUR: Millis = Millis::hours(1);

/// A minute, hour or day of a measure, as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureWindow {
    /// Its first moment.
    pub start: EventTime,
    /// How many there were.
    pub value: f64,
    /// Log sources that were counted.
    pub log_sources: u64,
    /// Those of them of which too little is known.
    pub missing: u64,
    /// Log sources that were silent or blind in it, the longest first.
    pub not_heard: Vec<NotHeard>,
}

/// A measure and its windows.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureWindows {
    /// Which.
    pub measure: String,
    /// Its windows, by time.
    pub windows: Vec<MeasureWindow>,
}

/// How many different ones there were of a measure in some hours together: what two hours or two log sources have in
/// common counts once.
#[derive(Clone, Debug, PartialEq)]
pub struct DistinctTotal {
    /// Which.
    pub measure: String,
    /// How many, to within five per cent.
    pub value: f64,
}

/// What a sensor says it raised, and what of it arrived.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensorAlerts {
    /// The log source.
    pub log_source: String,
    /// Alerts by its own count, in the hours that begin in the time.
    pub raised: f64,
    /// Of those, how many never arrived, at least.
    pub lost: f64,
}

/// A measure, minute by minute, hour by hour or day by day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureView {
    /// Identifier.
    pub id: String,
    /// As the pack calls it.
    pub name: Text,
    /// What is counted.
    pub count: Count,
    /// Of a sum or a last value: of this attribute of events; else empty.
    pub attribute: String,
    /// Its unit; empty for what is counted.
    pub unit: String,
    /// Of these kinds; of any where none is named.
    pub kinds: Vec<EventKind>,
    /// At least so bad; however bad where none is said.
    pub severity: Option<Severity>,
    /// How many there were in the last day and the last seven, where hours are asked for; of a last value none.
    pub totals: Vec<MeasureTotal>,
    /// By time; those that are not closed yet are not there.
    pub windows: Vec<MeasureWindowView>,
}

/// How many there were in the last hours together, as far as they are closed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasureTotal {
    /// In so many hours up to the end of what is asked for.
    pub hours: u32,
    /// How many; none where no hour of them is known.
    pub value: Option<f64>,
    /// Whether an hour of them is not there or not whole, but for the last full one, which may not be closed yet: there were
    /// at least so many.
    pub at_least: bool,
}

impl MeasureView {
    /// Of the pack's measure.
    #[must_use]
    pub fn of(
        measure: &EventMeasure,
        totals: Vec<MeasureTotal>,
        windows: Vec<MeasureWindowView>,
    ) -> MeasureView {
        let EventMeasure { id, name, count, attribute, unit, kinds, severity, .. } = measure.clone();
        MeasureView { id, name, count, attribute, unit, kinds, severity, totals, windows }
    }
}

/// A minute, hour or day of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureWindowView {
    /// Its first moment.
    pub start: EventTime,
    /// How many there were; at least so many where not all is known.
    pub value: f64,
    /// Log sources that were counted.
    pub log_sources: u64,
    /// Those of them of which too little is known: silent, or blind.
    pub missing: u64,
    /// Log sources that were silent or blind in it, be it for some minutes, the longest first.
    pub not_heard: Vec<NotHeard>,
    /// What is usual; none where too little is known of it.
    pub usual: Option<Usual>,
    /// How it stands to that; none where the one or the other is not known.
    pub standing: Option<UsualStanding>,
}

/// How long back what there was is told together. Hours.
pub(crate) const TOTALS: [u32; 2] = [24, 7 * 24];

/// What there was in the last hours up to a moment together, where `value` says how many of those hours.
#[must_use]
pub(crate) fn together(
    hours: &[MeasureWindow],
    back: u32,
    until: EventTime,
    value: impl FnOnce(&[MeasureWindow]) -> f64,
) -> MeasureTotal {
    let from = until.minus(Millis::hours(back.into()));
    let since = |moment: EventTime| hours.partition_point(|hour| hour.start < moment);
    let owed = with_owed(&hours[since(from.minus(DAY))..]);
    let known = &owed[owed.len() - (hours.len() - since(from))..];
    let Some(newest) = known.last() else {
        return MeasureTotal { hours: back, value: None, at_least: false };
    };
    let full = EventTime(until.0.div_euclid(HOUR.0) * HOUR.0).minus(HOUR);
    let all = (newest.start.max(full.minus(HOUR)).0 - from.0) / HOUR.0 + 1;
    let is_whole = |hour: &MeasureWindow| hour.missing == 0 && hour.not_heard.is_empty();
    let at_least = (known.len() as i64) < all || !known.iter().all(is_whole);
    MeasureTotal { hours: back, value: Some(value(known)), at_least }
}

/// What was counted in hours, added up: of what can be.
#[must_use]
pub(crate) fn added_up(hours: &[MeasureWindow]) -> f64 {
    hours.iter().map(|hour| hour.value).sum()
}

/// The windows with all log sources that were counted in the day before: one that is not there is missing.
fn with_owed(windows: &[MeasureWindow]) -> Vec<MeasureWindow> {
    // They are in order, and all of a day are there.
    let with_all = |at: usize| {
        let window = &windows[at];
        let day = windows[..at].iter().rev().take_while(|before| window.start.0 - before.start.0 <= DAY.0);
        let most = day.map(|before| before.log_sources).max().unwrap_or_default().max(window.log_sources);
        let missing = window.missing + most - window.log_sources;
        MeasureWindow { log_sources: most, missing, ..window.clone() }
    };
    (0..windows.len()).map(with_all).collect()
}

/// The windows of a kind from a moment on, each beside what is usual. `windows` are by time, and those are there that this
/// needs.
#[must_use]
pub(crate) fn beside_the_usual(
    kind: WindowKind,
    windows: &[MeasureWindow],
    from: EventTime,
) -> Vec<MeasureWindowView> {
    let windows = with_owed(windows);
    let at = |start: EventTime| {
        windows.binary_search_by_key(&start, |window| window.start).ok().map(|at| &windows[at])
    };
    let whole = |start: EventTime| at(start).filter(|window| window.missing == 0).map(|window| window.value);
    // Minutes of an hour have one band.
    let mut of_hour: Option<(i64, Option<Usual>)> = None;
    let mut usual = |start: EventTime| match kind {
        WindowKind::Minute => {
            let hour = start.0.div_euclid(HOUR.0);
            let known = of_hour.filter(|(of, _)| *of == hour);
            let (_, usual) = known.unwrap_or_else(|| (hour, compared_minute(start, whole)));
            of_hour = Some((hour, usual));
            usual
        }
        WindowKind::Hour | WindowKind::Day => compared(start, whole).map(|compared| compared.usual),
    };
    let shown = windows.iter().filter(|window| window.start >= from);
    let beside = shown.map(|window| {
        let usual = usual(window.start);
        let standing = usual.filter(|_| window.missing == 0).map(|usual| usual.standing(window.value));
        let MeasureWindow { start, value, log_sources, missing, not_heard } = window.clone();
        MeasureWindowView { start, value, log_sources, missing, not_heard, usual, standing }
    });
    beside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: i64 = 7 * 24;

    fn hour(number: i64, value: f64, missing: u64) -> MeasureWindow {
        MeasureWindow {
            start: EventTime(number * 3_600_000),
            value,
            log_sources: 2,
            missing,
            not_heard: Vec::new(),
        }
    }

    fn newest(hours: &[MeasureWindow]) -> MeasureWindowView {
        beside_the_usual(WindowKind::Hour, hours, hours[hours.len() - 1].start).pop().unwrap()
    }

    #[test]
    fn an_hour_is_held_against_the_same_hour_of_past_weeks() {
        let mut hours: Vec<MeasureWindow> = (0..4)
            .flat_map(|week| [hour(week * WEEK, 10.0 + week as f64, 0), hour(week * WEEK + 1, 500.0, 0)])
            .collect();
        hours.push(hour(4 * WEEK, 14.0, 0));
        let found = newest(&hours);
        assert_eq!(found.usual, Some(Usual { low: 10.0, middle: 12.0, high: 13.0, hours: 4 }));
        assert_eq!(found.standing, Some(UsualStanding::Above));
    }

    #[test]
    fn days_before_it_stand_in_where_there_are_no_weeks_and_two_of_them_say_nothing() {
        let mut hours: Vec<MeasureWindow> = (0..3).map(|day| hour(day * 24, 10.0, 0)).collect();
        hours.push(hour(3 * 24, 10.0, 0));
        assert_eq!(newest(&hours).standing, Some(UsualStanding::Within));
        let _ = hours.remove(0);
        assert_eq!((newest(&hours).usual, newest(&hours).standing), (None, None));
    }

    #[test]
    fn a_minute_stands_to_the_minutes_of_its_hour_in_past_weeks_and_a_day_to_its_weekday() {
        let minute = |number: i64, value: f64| MeasureWindow {
            start: EventTime(number * 60_000),
            ..hour(0, value, 0)
        };
        let week = WEEK * 60;
        let mut minutes: Vec<MeasureWindow> =
            (0..3).flat_map(|of| (0..60).map(move |at| minute(of * week + at, (at % 4) as f64))).collect();
        minutes.extend([minute(3 * week, 3.0), minute(3 * week + 1, 4.0)]);
        let found = beside_the_usual(WindowKind::Minute, &minutes, EventTime(3 * week * 60_000));
        let standing: Vec<_> = found.iter().map(|it| it.standing).collect();
        assert_eq!(standing, [Some(UsualStanding::Within), Some(UsualStanding::Above)]);
        assert_eq!(found[1].usual, Some(Usual { low: 0.0, middle: 2.0, high: 3.0, hours: 3 }));
        let days: Vec<MeasureWindow> =
            (0..22).map(|day| hour(day * 24, if day % 7 == 0 { 1.0 } else { 9.0 }, 0)).collect();
        let newest = beside_the_usual(WindowKind::Day, &days, days[21].start).pop().unwrap();
        assert_eq!(newest.usual.map(|usual| (usual.high, usual.hours)), Some((1.0, 3)));
    }

    #[test]
    fn silent_an_hour_that_not_all_log_sources_have_closed_is_not_less_than_usual() {
        let mut hours: Vec<MeasureWindow> = (0..4).map(|day| hour(day * 24, 10.0, 0)).collect();
        hours.push(MeasureWindow { log_sources: 1, ..hour(4 * 24, 4.0, 0) });
        let found = newest(&hours);
        assert_eq!((found.log_sources, found.missing, found.standing), (2, 1, None));
        assert!(found.usual.is_some());
    }

    #[test]
    fn silent_an_hour_of_which_something_is_missing_is_neither_usual_nor_less_than_usual() {
        let mut hours: Vec<MeasureWindow> =
            (0..4).map(|day| hour(day * 24, 10.0, u64::from(day == 1))).collect();
        hours[1].value = 0.0;
        hours.push(hour(4 * 24, 0.0, 1));
        let found = newest(&hours);
        assert_eq!(found.usual, Some(Usual { low: 10.0, middle: 10.0, high: 10.0, hours: 3 }));
        assert_eq!(found.standing, None);
        hours[4].missing = 0;
        assert_eq!(newest(&hours).standing, Some(UsualStanding::Below));
    }

    #[test]
    fn silent_a_total_over_an_hour_that_is_not_whole_or_not_there_is_at_least_so_much_and_of_no_hour_nothing()
    {
        let hours: Vec<MeasureWindow> = (0..24).map(|number| hour(number, 2.0, 0)).collect();
        let of = |hours: &[MeasureWindow]| {
            let MeasureTotal { value, at_least, .. } = together(hours, 24, EventTime(24 * HOUR.0), added_up);
            (value, at_least)
        };
        assert_eq!(of(&hours), (Some(48.0), false));
        assert_eq!(of(&hours[..23]), (Some(46.0), false), "the newest is not closed yet");
        assert_eq!(of(&hours[..22]), (Some(44.0), true), "the one before should be");
        assert_eq!(of(&hours[1..]), (Some(46.0), true));
        assert_eq!(of(&[]), (None, false));
        let mut blind = hours.clone();
        blind[7].missing = 1;
        assert_eq!(of(&blind), (Some(48.0), true));
        let mut short = hours.clone();
        short[7].not_heard = vec![NotHeard { log_source: "ids-b".to_owned(), minutes: 5 }];
        assert_eq!(of(&short), (Some(48.0), true));
        let mut waiting = hours;
        waiting[23].log_sources = 1;
        assert_eq!(of(&waiting), (Some(48.0), true), "one of them has not closed it");
    }
}

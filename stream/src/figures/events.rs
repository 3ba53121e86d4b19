//! What happened: the last full hour of events, and the bad ones of a day.
//!
//! They are the hours that log sources closed, of what the pack counts of all events (`measures.toml`). Which hour is the
//! last full one is the same for all: the hour before this one, once every log source that is heard has closed it, and
//! until then the one before. What is known of an hour are its whole minutes, those in which a log source that may not be
//! silent was heard and not blind; of one that never came there are none (invariant SILENT).

use std::collections::BTreeMap;

use ioc_model::{
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    limit::is_enough,
    name::Name,
    results::{FigureHour, FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Millis, Now},
};

use super::{hours::hours_of, largest_first, made_of, nothing};
use crate::derive::{
    HOUR,
    statement::{CountedHour, CountedHours},
};

const HOURS: Millis = Millis::hours(24);
const MINUTES_OF_HOUR: u64 = 60;

/// By log source of the pack.
pub(super) type Counted = BTreeMap<Name, CountedHours>;

/// Events of one hour, or of several, and how many of the minutes are whole.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// None where nobody counted them.
    events: Option<f64>,
    severe: Option<f64>,
    critical: Option<f64>,
    whole: u64,
    minutes: u64,
}

impl Sum {
    fn of(hour: EventTime, sources: &Counted) -> Sum {
        sources.values().map(|source| Sum::at(hour, source)).fold(Sum::default(), Sum::and)
    }

    fn at(hour: EventTime, source: &CountedHours) -> Sum {
        let Some(found) = source.hours.iter().find(|of| of.start == hour) else {
            // That one never came at all is said of the log source itself, and of no hour.
            let owes = source.owes && source.closed_to.is_some();
            return Sum { minutes: if owes { MINUTES_OF_HOUR } else { 0 }, ..Sum::default() };
        };
        let CountedHour { events, severe, critical, whole, minutes, .. } = *found;
        Sum { events, severe, critical, whole: whole.min(minutes).into(), minutes: minutes.into() }
    }

    fn and(self, other: Sum) -> Sum {
        let both = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        Sum {
            events: both(self.events, other.events),
            severe: both(self.severe, other.severe),
            critical: both(self.critical, other.critical),
            whole: self.whole + other.whole,
            minutes: self.minutes + other.minutes,
        }
    }

    /// Whether so much is known that a number says something; where nobody owes to be heard, whatever was.
    fn says_enough(self) -> bool {
        self.minutes == 0 || is_enough(self.whole, self.minutes)
    }

    fn verdict(self, value: Option<f64>) -> (FigureVerdict, FigureReason) {
        match value {
            None => (FigureVerdict::Withheld, FigureReason::Never),
            Some(_) if !self.says_enough() => (FigureVerdict::Withheld, FigureReason::Insufficient),
            Some(_) if self.whole < self.minutes => (FigureVerdict::Near, FigureReason::NotAll),
            Some(_) => (FigureVerdict::Kept, FigureReason::OnTarget),
        }
    }

    /// None are wanted: one is one, however little is known beside it.
    fn verdict_of_severe(self) -> (FigureVerdict, FigureReason, Option<Priority>) {
        let value = self.severe.unwrap_or_default();
        let worst = if self.critical.is_some_and(|critical| critical > 0.0) {
            Priority::Critical
        } else {
            Priority::High
        };
        if value > 0.0 {
            return (FigureVerdict::Missed, FigureReason::Beyond, Some(worst));
        }
        let (verdict, reason) = self.verdict(self.severe);
        (verdict, reason, None)
    }
}

/// The end of the last full hour.
fn last_full_hour(now: Now, sources: &Counted) -> EventTime {
    let end = EventTime(now.0.div_euclid(HOUR.0).saturating_mul(HOUR.0));
    let is_open = |source: &CountedHours| {
        source.owes && source.heard && source.closed_to.is_some_and(|closed| closed < end)
    };
    if sources.values().any(is_open) { end.minus(HOUR) } else { end }
}

fn freshness(sum: Sum, value: Option<f64>) -> Freshness {
    match value {
        Some(_) => Freshness::Fresh,
        None if sum.minutes > 0 => Freshness::Missing,
        None => Freshness::Never,
    }
}

/// Whether anybody counts it at all.
fn is_counted(sources: &Counted, measure: impl Fn(&CountedHours) -> Option<Name>) -> bool {
    sources.values().any(|source| measure(source).is_some())
}

fn input(subject: Name, measure: Name, hour: EventTime, value: f64) -> FigureInput {
    FigureInput {
        kind: InputKind::Window,
        subject: subject.into(),
        measure,
        start: hour,
        number: 0,
        value: Some(value),
        word: Name::default(),
    }
}

/// What log sources counted in the hours `[from, to)`, the newest hour first, of one hour the most first.
fn inputs(
    (from, to): (EventTime, EventTime),
    sources: &Counted,
    of: impl Fn(&CountedHours, &CountedHour) -> Option<(Name, f64)>,
) -> Vec<FigureInput> {
    let mut found = Vec::new();
    for (subject, source) in sources {
        for hour in source.hours.iter().filter(|hour| from <= hour.start && hour.start < to) {
            found
                .extend(of(source, hour).map(|(measure, value)| input(*subject, measure, hour.start, value)));
        }
    }
    found.sort_by(|one, other| {
        let by_value = || {
            largest_first(one.value.unwrap_or_default(), other.value.unwrap_or_default())
                .then_with(|| one.subject.cmp(&other.subject))
        };
        other.start.cmp(&one.start).then_with(by_value)
    });
    found
}

pub(super) fn events(now: Now, sources: &Counted) -> FigureResult {
    if !is_counted(sources, |source| source.measures.events) {
        return nothing(FigureId::Events, now, FigureReason::Nothing);
    }
    let end = last_full_hour(now, sources);
    let start = end.minus(HOUR);
    let sum = Sum::of(start, sources);
    let (verdict, reason) = sum.verdict(sum.events);
    let hour = |start| {
        let sum = Sum::of(start, sources);
        FigureHour { start, value: sum.events, verdict: sum.verdict(sum.events).0 }
    };
    let found = inputs((start, end), sources, |source, hour| Some((source.measures.events?, hour.events?)));
    let figure = FigureResult {
        start,
        end,
        value: sum.events,
        verdict,
        freshness: freshness(sum, sum.events),
        count: sum.whole,
        expected: sum.minutes,
        hours: hours_of(end.minus(HOURS), end).map(hour).collect(),
        ..nothing(FigureId::Events, now, reason)
    };
    made_of(figure, found.into_iter())
}

pub(super) fn severe(now: Now, sources: &Counted) -> FigureResult {
    if !is_counted(sources, |source| source.measures.severe) {
        return nothing(FigureId::Severe, now, FigureReason::Nothing);
    }
    let end = last_full_hour(now, sources);
    let start = end.minus(HOURS);
    let hours: Vec<(EventTime, Sum)> =
        hours_of(start, end).map(|hour| (hour, Sum::of(hour, sources))).collect();
    let sum = hours.iter().map(|(_, sum)| *sum).fold(Sum::default(), Sum::and);
    let (verdict, reason, priority) = sum.verdict_of_severe();
    let hour = |(start, sum): &(EventTime, Sum)| FigureHour {
        start: *start,
        value: sum.severe,
        verdict: sum.verdict_of_severe().0,
    };
    let found = inputs((start, end), sources, |source, hour| {
        Some((source.measures.severe?, hour.severe.filter(|severe| *severe > 0.0)?))
    });
    let critical = sum.critical.map(|critical| ("critical", critical));
    let high = sum.severe.map(|severe| ("high", severe - sum.critical.unwrap_or_default()));
    let parts = [critical, high].into_iter().flatten().filter(|(_, count)| *count > 0.0);
    let figure = FigureResult {
        start,
        end,
        value: sum.severe,
        target: Some(0.0),
        verdict,
        priority,
        freshness: freshness(sum, sum.severe),
        count: sum.whole,
        expected: sum.minutes,
        parts: parts.map(|(word, count)| (Name::new(word), count as u64)).collect(),
        hours: hours.iter().map(hour).collect(),
        ..nothing(FigureId::Severe, now, reason)
    };
    made_of(figure, found.into_iter())
}

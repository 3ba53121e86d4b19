//! The last 24 hours: those over a limit, and how many of the points that were expected are good.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    bound::is_below,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    limit::{VALID_SHARE, is_enough},
    name::Name,
    pack::Pack,
    results::{FigureHour, FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Millis, Now},
};

use super::{NEAR, made_of, nothing};
use crate::derive::{
    HOUR,
    statement::{HourOver, Operating},
};

const HOURS: Millis = Millis::hours(24);

/// The last 24 hours that can have closed. They move on when nothing closes any more.
fn last_day(now: Now, pack: &Pack, stations: &BTreeMap<Name, Operating>) -> (EventTime, EventTime) {
    let lateness = pack.feeds.values().map(|feed| feed.contract.lateness.0).max().unwrap_or_default();
    let due = now.0.saturating_sub(HOUR.0).saturating_sub(lateness);
    let due = EventTime(due.div_euclid(HOUR.0).saturating_mul(HOUR.0));
    let last_hours = stations.values().flat_map(|station| &station.series).filter_map(|of| of.hours.last());
    let closed = last_hours.map(|(start, ..)| start.plus(HOUR)).filter(|end| end.0 <= now.0).max();
    let until = closed.map_or(due, |closed| closed.max(due));
    (until.minus(HOURS), until)
}

pub(super) fn exceeded(now: Now, pack: &Pack, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let (from, until) = last_day(now, pack, stations);
    let lies_within = |start: EventTime| from <= start && start < until;
    let mut means: BTreeMap<EventTime, Means> = BTreeMap::new();
    let mut over: Vec<(Name, &HourOver)> = Vec::new();
    for (subject, station) in stations {
        for hour in station.judged.iter().filter(|hour| lies_within(hour.start)) {
            let means = means.entry(hour.start).or_default();
            means.limited += u64::from(hour.limited);
            means.judged += u64::from(hour.judged);
        }
        over.extend(station.over.iter().filter(|hour| lies_within(hour.start)).map(|hour| (*subject, hour)));
    }
    over.sort_by_key(|(subject, hour)| (std::cmp::Reverse(hour.start), *subject, hour.indicator));
    let stations_over: BTreeSet<(EventTime, Name)> =
        over.iter().map(|(subject, hour)| (hour.start, *subject)).collect();
    for (start, _) in &stations_over {
        means.entry(*start).or_default().over += 1;
    }
    let all = means.values().fold(Means::default(), |all, hour| all.and(*hour));
    let Means { limited, judged, .. } = all;
    let (verdict, reason, priority) = all.verdict();
    let hour = |start| {
        let of = means.get(&start).copied().unwrap_or_default();
        FigureHour { start, value: of.value(), verdict: of.verdict().0 }
    };
    let freshness = match (judged, limited) {
        (0, 0) => Freshness::Never,
        (0, _) => Freshness::Missing,
        _ => Freshness::Fresh,
    };
    let input = |(subject, hour): &(Name, &HourOver)| FigureInput {
        kind: InputKind::Window,
        subject: (*subject).into(),
        measure: hour.indicator,
        start: hour.start,
        number: 0,
        value: Some(hour.mean),
        word: hour.limit,
    };
    let figure = FigureResult {
        start: from,
        end: until,
        value: all.value(),
        target: Some(0.0),
        verdict,
        priority,
        freshness,
        count: judged,
        expected: limited,
        hours: hours_of(from, until).map(hour).collect(),
        ..nothing(FigureId::Exceeded, now, reason)
    };
    made_of(figure, over.iter().map(input))
}

/// The hours of a time, by their first moment.
pub(super) fn hours_of(from: EventTime, until: EventTime) -> impl Iterator<Item = EventTime> {
    std::iter::successors(Some(from), |start| Some(start.plus(HOUR))).take_while(move |start| *start < until)
}

/// Means of an hour that a limit is in force for, those of them that could be judged, and stations over a limit.
#[derive(Clone, Copy, Default)]
struct Means {
    limited: u64,
    judged: u64,
    over: u64,
}

impl Means {
    fn and(self, other: Means) -> Means {
        Means {
            limited: self.limited + other.limited,
            judged: self.judged + other.judged,
            over: self.over + other.over,
        }
    }

    fn value(self) -> Option<f64> {
        (self.judged > 0).then_some(self.over as f64)
    }

    fn verdict(self) -> (FigureVerdict, FigureReason, Option<Priority>) {
        if self.over > 0 {
            (FigureVerdict::Missed, FigureReason::Beyond, Some(Priority::Medium))
        } else if self.limited == 0 {
            (FigureVerdict::Withheld, FigureReason::Never, None)
        } else if !is_enough(self.judged, self.limited) {
            (FigureVerdict::Withheld, FigureReason::Insufficient, None)
        } else {
            (FigureVerdict::Kept, FigureReason::OnTarget, None)
        }
    }
}

/// Good points and those expected.
#[derive(Clone, Copy, Default)]
struct Points {
    good: u64,
    expected: u64,
}

impl Points {
    /// Adds those of an hour of a series. More than was asked for makes up for no other hour.
    fn add(&mut self, count: u32, of: u32) {
        self.good += u64::from(count.min(of));
        self.expected += u64::from(of);
    }

    /// None where none was expected.
    fn percent(self) -> Option<f64> {
        (self.expected > 0).then(|| 100.0 * self.good as f64 / self.expected as f64)
    }

    fn verdict(self) -> (FigureVerdict, FigureReason, Option<Priority>) {
        match self.percent() {
            None => (FigureVerdict::Withheld, FigureReason::Never, None),
            Some(_) if !is_enough(self.good, self.expected) => {
                (FigureVerdict::Missed, FigureReason::Beyond, Some(Priority::Medium))
            }
            Some(percent) if is_below(percent, 100.0 * NEAR) => {
                (FigureVerdict::Near, FigureReason::NearTarget, None)
            }
            Some(_) => (FigureVerdict::Kept, FigureReason::OnTarget, None),
        }
    }
}

/// How much of a series is good.
struct SeriesShare {
    subject: Name,
    indicator: Name,
    percent: f64,
    /// The hour that lacks most points; of several the newest.
    shortest: EventTime,
}

pub(super) fn completeness(now: Now, pack: &Pack, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let (from, until) = last_day(now, pack, stations);
    let (mut shares, mut all) = (Vec::new(), Points::default());
    let mut by_hour: BTreeMap<EventTime, Points> = BTreeMap::new();
    for (subject, station) in stations {
        for series in &station.series {
            let mut of_series = Points::default();
            let (mut most_lacking, mut shortest) = (0, from);
            for (start, count, of) in
                series.hours.iter().filter(|(start, ..)| from <= *start && *start < until)
            {
                for points in [&mut of_series, &mut all, by_hour.entry(*start).or_default()] {
                    points.add(*count, *of);
                }
                let lacking = of.saturating_sub(*count);
                if lacking >= most_lacking {
                    (most_lacking, shortest) = (lacking, *start);
                }
            }
            let percent = of_series.percent().filter(|_| of_series.good < of_series.expected);
            let indicator = series.indicator;
            shares.extend(percent.map(|percent| SeriesShare {
                subject: *subject,
                indicator,
                percent,
                shortest,
            }));
        }
    }
    let Points { good, expected } = all;
    let (verdict, reason, priority) = all.verdict();
    let hour = |start| {
        let of = by_hour.get(&start).copied().unwrap_or_default();
        FigureHour { start, value: of.percent(), verdict: of.verdict().0 }
    };
    shares.sort_by(|one, other| {
        let by_share = one.percent.total_cmp(&other.percent);
        by_share.then((one.subject, one.indicator).cmp(&(other.subject, other.indicator)))
    });
    let input = |share: &SeriesShare| FigureInput {
        kind: InputKind::Series,
        subject: share.subject.into(),
        measure: share.indicator,
        start: share.shortest,
        number: 0,
        value: Some(share.percent),
        word: Name::default(),
    };
    let figure = FigureResult {
        start: from,
        end: until,
        value: all.percent(),
        target: Some(100.0 * VALID_SHARE),
        verdict,
        priority,
        freshness: if expected > 0 { Freshness::Fresh } else { Freshness::Never },
        count: good,
        expected,
        hours: hours_of(from, until).map(hour).collect(),
        ..nothing(FigureId::Completeness, now, reason)
    };
    made_of(figure, shares.iter().map(input))
}

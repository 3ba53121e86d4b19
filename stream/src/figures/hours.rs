//! The last 24 hours: those over a limit, and how many of the points that were expected are good.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    bound::is_below,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    limit::{VALID_SHARE, is_enough},
    name::Name,
    pack::Pack,
    results::{FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Millis, Now},
};

use super::{INPUTS_KEPT, NEAR, nothing};
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
    let (mut limited, mut judged) = (0, 0);
    let mut over: Vec<(Name, &HourOver)> = Vec::new();
    for (subject, station) in stations {
        for hour in station.judged.iter().filter(|hour| lies_within(hour.start)) {
            limited += u64::from(hour.limited);
            judged += u64::from(hour.judged);
        }
        over.extend(station.over.iter().filter(|hour| lies_within(hour.start)).map(|hour| (*subject, hour)));
    }
    over.sort_by_key(|(subject, hour)| (std::cmp::Reverse(hour.start), *subject, hour.indicator));
    let hours: BTreeSet<(Name, EventTime)> =
        over.iter().map(|(subject, hour)| (*subject, hour.start)).collect();
    let (verdict, reason, priority) = if !hours.is_empty() {
        (FigureVerdict::Missed, FigureReason::Beyond, Some(Priority::Medium))
    } else if limited == 0 {
        (FigureVerdict::Withheld, FigureReason::Never, None)
    } else if !is_enough(judged, limited) {
        (FigureVerdict::Withheld, FigureReason::Insufficient, None)
    } else {
        (FigureVerdict::Kept, FigureReason::OnTarget, None)
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
    FigureResult {
        start: from,
        end: until,
        value: (judged > 0).then_some(hours.len() as f64),
        target: Some(0.0),
        verdict,
        priority,
        freshness,
        count: judged,
        expected: limited,
        inputs: over.iter().take(INPUTS_KEPT).map(input).collect(),
        ..nothing(FigureId::Exceeded, now, reason)
    }
}

/// Good points of a series and those expected.
struct SeriesShare {
    subject: Name,
    indicator: Name,
    good: u64,
    expected: u64,
    /// The hour that lacks most points; of several the newest.
    shortest: EventTime,
}

impl SeriesShare {
    fn percent(&self) -> f64 {
        100.0 * self.good as f64 / self.expected as f64
    }
}

pub(super) fn completeness(now: Now, pack: &Pack, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let (from, until) = last_day(now, pack, stations);
    let mut shares = Vec::new();
    for (subject, station) in stations {
        for series in &station.series {
            let (mut good, mut expected) = (0, 0);
            let (mut most_lacking, mut shortest) = (0, from);
            for (start, count, of) in
                series.hours.iter().filter(|(start, ..)| from <= *start && *start < until)
            {
                // More than was asked for makes up for no other hour.
                good += u64::from(*count.min(of));
                expected += u64::from(*of);
                let lacking = of.saturating_sub(*count);
                if lacking >= most_lacking {
                    (most_lacking, shortest) = (lacking, *start);
                }
            }
            if expected > 0 {
                shares.push(SeriesShare {
                    subject: *subject,
                    indicator: series.indicator,
                    good,
                    expected,
                    shortest,
                });
            }
        }
    }
    let good: u64 = shares.iter().map(|share| share.good).sum();
    let expected: u64 = shares.iter().map(|share| share.expected).sum();
    let value = (expected > 0).then(|| 100.0 * good as f64 / expected as f64);
    let (verdict, reason, priority) = match value {
        None => (FigureVerdict::Withheld, FigureReason::Never, None),
        Some(_) if !is_enough(good, expected) => {
            (FigureVerdict::Missed, FigureReason::Beyond, Some(Priority::Medium))
        }
        Some(value) if is_below(value, 100.0 * NEAR) => (FigureVerdict::Near, FigureReason::NearTarget, None),
        Some(_) => (FigureVerdict::Kept, FigureReason::OnTarget, None),
    };
    shares.retain(|share| share.good < share.expected);
    shares.sort_by(|one, other| {
        let by_share = one.percent().total_cmp(&other.percent());
        by_share.then((one.subject, one.indicator).cmp(&(other.subject, other.indicator)))
    });
    let input = |share: &SeriesShare| FigureInput {
        kind: InputKind::Series,
        subject: share.subject.into(),
        measure: share.indicator,
        start: share.shortest,
        number: 0,
        value: Some(share.percent()),
        word: Name::default(),
    };
    FigureResult {
        start: from,
        end: until,
        value,
        target: Some(100.0 * VALID_SHARE),
        verdict,
        priority,
        freshness: if expected > 0 { Freshness::Fresh } else { Freshness::Never },
        count: good,
        expected,
        inputs: shares.iter().take(INPUTS_KEPT).map(input).collect(),
        ..nothing(FigureId::Completeness, now, reason)
    }
}

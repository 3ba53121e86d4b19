//! Means over the averagings of the limits, and how they stand to them.

use std::collections::BTreeSet;

use ioc_model::{
    limit::{Averaging, Limit, is_enough},
    name::Name,
    results::{Assessment, LimitVerdict},
    time::{EventTime, Millis},
    window::ClosedBy,
};

use super::{
    Ground, HOUR, TouchedWindows,
    alerts::{WatchedValue, WatchedWindow},
    ledger::Ledger,
};
use crate::{plan::LocalYear, reading::Mean, step::ShardResults};

const EIGHT_HOURS: i64 = 8;

/// The mean of the valid ones of eight hourly means in a row, added in time order; `count` and `expected` are hours.
pub(super) fn eight_hours(ledger: &Ledger, indicator: &str, start: EventTime) -> Mean {
    let hours = (0..EIGHT_HOURS).map(|hour| start.plus(Millis(hour * HOUR.0)));
    let valid = hours.filter_map(|start| ledger.hour(indicator, start)?.valid());
    of_means(valid, EIGHT_HOURS as u32)
}

fn of_means(means: impl Iterator<Item = f64>, expected: u32) -> Mean {
    let (mut sum, mut count) = (0.0, 0);
    for mean in means {
        sum += mean;
        count += 1;
    }
    Mean { mean: if count == 0 { 0.0 } else { sum / f64::from(count) }, count, expected }
}

pub(super) fn work_out(
    ground: &mut Ground<'_>,
    touched: &TouchedWindows,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    for (&indicator, hours) in &touched.hours {
        if ground.plan.looks_at(&indicator, Averaging::Hour) {
            for start in hours {
                let mean = ground.ledger.hour(&indicator, *start);
                let span = (*start, start.plus(HOUR));
                give(ground, indicator, Averaging::Hour, span, mean, results, watched);
            }
        }
        if ground.plan.looks_at(&indicator, Averaging::EightHours) {
            let starts: BTreeSet<EventTime> = hours
                .iter()
                .flat_map(|hour| (0..EIGHT_HOURS).map(|ago| hour.minus(Millis(ago * HOUR.0))))
                .collect();
            for start in starts {
                let span = (start, start.plus(Millis(EIGHT_HOURS * HOUR.0)));
                // There is one for each hour that has a window, whatever came first.
                if ground.ledger.hour(&indicator, span.1.minus(HOUR)).is_some() {
                    let mean = Some(eight_hours(ground.ledger, &indicator, start));
                    give(ground, indicator, Averaging::EightHours, span, mean, results, watched);
                }
            }
        }
    }
    for (&indicator, days) in &touched.days {
        if ground.plan.looks_at(&indicator, Averaging::Day) {
            for start in days {
                let span = (*start, ground.days.of(*start).end);
                let mean = ground.ledger.day(&indicator, *start);
                give(ground, indicator, Averaging::Day, span, mean, results, watched);
            }
        }
    }
    years(ground, touched, results, watched);
}

/// The mean of each touched year to date.
fn years(
    ground: &mut Ground<'_>,
    touched: &TouchedWindows,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    for (&indicator, starts) in &touched.years {
        let years: BTreeSet<LocalYear> =
            starts.iter().filter_map(|start| ground.days.year_of(*start)).collect();
        for LocalYear { start, end, days, .. } in years {
            let valid = ground.ledger.days(&indicator, start, end).filter_map(|day| day.valid());
            let mean = Some(of_means(valid, days));
            give(ground, indicator, Averaging::Year, (start, end), mean, results, watched);
        }
    }
}

fn give(
    ground: &mut Ground<'_>,
    indicator: Name,
    averaging: Averaging,
    (start, end): (EventTime, EventTime),
    mean: Option<Mean>,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    let mean = mean.unwrap_or(Mean { mean: 0.0, count: 0, expected: 0 });
    let date = ioc_model::calendar::Calendar::date(ground.days.of(start).number).unwrap_or_default();
    let limit = ground.plan.limit(&indicator, averaging, date);
    let measure = indicator;
    watched.push(WatchedWindow {
        measure,
        averaging,
        start,
        end,
        value: WatchedValue::Mean { valid: mean.valid(), limit: limit.map(|limit| (limit.low, limit.high)) },
    });
    let Some(limit) = limit else { return };
    results.facts.assessments.push(Assessment {
        limit: Name::from(limit.id.as_str()),
        indicator: measure,
        subject: ground.subject,
        averaging,
        start,
        end,
        value: mean.some(),
        low: limit.low,
        high: limit.high,
        verdict: verdict(limit, &mean),
        count: mean.count,
        expected: mean.expected,
        // A year to date is judged anew with each of its days.
        said_before: averaging == Averaging::Year || ground.closed_by(end) == ClosedBy::Revision,
    });
}

fn verdict(limit: &Limit, mean: &Mean) -> LimitVerdict {
    if !is_enough(u64::from(mean.count), u64::from(mean.expected)) {
        LimitVerdict::Insufficient
    } else if limit.is_kept_by(mean.mean) {
        LimitVerdict::Kept
    } else {
        LimitVerdict::Exceeded
    }
}

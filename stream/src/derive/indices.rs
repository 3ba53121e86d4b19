//! Indices of the windows that were touched, and of those they reach into.

use std::collections::BTreeSet;

use ioc_model::{
    calendar::LocalDay,
    index::{IndexId, IndexSettings, Indexed, vn_aqi, vn_wqi},
    limit::Averaging,
    name::Name,
    results::IndexResult,
    time::{EventTime, Millis},
    window::WindowKind,
};

use super::{
    Ground, HOUR, TouchedWindows,
    alerts::{WatchedValue, WatchedWindow},
    ledger::{LOOK_BACK, Ledger},
    means::eight_hours,
};
use crate::step::ShardResults;

const PARTICULATES: [&str; 2] = ["pm10", "pm25"];
const GASES: [&str; 4] = ["so2", "co", "no2", "o3"];
pub(super) const AIR: [&str; 6] = ["pm10", "pm25", "so2", "co", "no2", "o3"];

/// The 75 % rule over the hours of a day.
const DAY_HOURS_NEEDED: usize = 18;

pub(super) fn work_out(
    ground: &mut Ground<'_>,
    touched: &TouchedWindows,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    match ground.plan.index {
        Some(IndexId::VnAqi) => air(ground, touched, results, watched),
        Some(IndexId::VnWqi) => water(ground, touched, results, watched),
        None => {}
    }
}

fn air(
    ground: &mut Ground<'_>,
    touched: &TouchedWindows,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    let mut hours = BTreeSet::new();
    let mut days = BTreeSet::new();
    for particulate in PARTICULATES {
        for hour in touched.hours(particulate) {
            let reached = (0..=LOOK_BACK.0 / HOUR.0).map(|later| hour.plus(Millis(later * HOUR.0)));
            hours.extend(reached.take_while(|hour| hour.plus(HOUR) <= ground.closed_to));
        }
    }
    for gas in GASES {
        for hour in touched.hours(gas) {
            let _ = hours.insert(hour);
            let _ = days.insert(ground.days.of(hour).start);
        }
    }
    days.extend(AIR.into_iter().flat_map(|input| touched.days(input)));
    // The last seven hours of a day are in means of eight hours that end in the next.
    for hour in touched.hours("o3") {
        let _ = days.insert(ground.days.of(hour.plus(Millis(7 * HOUR.0))).start);
    }
    // An hour or day has an index if it has a window: otherwise the order of arrival would decide which ones have.
    hours.retain(|start| AIR.into_iter().any(|input| ground.ledger.hour(input, *start).is_some()));
    days.retain(|start| AIR.into_iter().any(|input| ground.ledger.day(input, *start).is_some()));
    for start in hours {
        let indexed = air_of_hour(ground.ledger, ground.plan.settings, start);
        give(ground, WindowKind::Hour, (start, start.plus(HOUR)), indexed, results, watched);
    }
    for start in days {
        let day = ground.days.of(start);
        if day.end <= ground.closed_to {
            let indexed = air_of_day(ground, &day);
            give(ground, WindowKind::Day, (day.start, day.end), indexed, results, watched);
        }
    }
}

/// VN_AQI of an hour by the means that are held.
pub(super) fn air_of_hour(ledger: &Ledger, settings: IndexSettings, start: EventTime) -> Indexed {
    let hour = |indicator: &str| ledger.hour(indicator, start)?.valid();
    let back = |indicator: &str| {
        std::array::from_fn(|ago| {
            let start = start.minus(Millis(ago as i64 * HOUR.0));
            ledger.hour(indicator, start)?.valid()
        })
    };
    let inputs = vn_aqi::HourInputs {
        so2: hour("so2"),
        co: hour("co"),
        no2: hour("no2"),
        o3: hour("o3"),
        pm10: back("pm10"),
        pm25: back("pm25"),
    };
    vn_aqi::hourly(&inputs, settings.aqi_gaps)
}

fn air_of_day(ground: &Ground<'_>, day: &LocalDay) -> Indexed {
    let starts = || hours_of(day.start, day.end);
    let highest = |indicator: &str| {
        let valid = starts().filter_map(|start| ground.ledger.hour(indicator, start)?.valid());
        highest_of_enough(valid)
    };
    let mean = |indicator: &str| ground.ledger.day(indicator, day.start)?.valid();
    let ends_in_the_day = starts().map(|start| start.minus(Millis(7 * HOUR.0)));
    let inputs = vn_aqi::DayInputs {
        so2: highest("so2"),
        co: highest("co"),
        no2: highest("no2"),
        o3: highest("o3"),
        o3_eight_hours: highest_of_enough(
            ends_in_the_day.filter_map(|start| eight_hours(ground.ledger, "o3", start).valid()),
        ),
        pm10: mean("pm10"),
        pm25: mean("pm25"),
    };
    vn_aqi::daily(&inputs)
}

fn hours_of(start: EventTime, end: EventTime) -> impl Iterator<Item = EventTime> {
    std::iter::successors(Some(start), |hour| Some(hour.plus(HOUR))).take_while(move |hour| *hour < end)
}

fn highest_of_enough(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, highest) =
        values.fold((0, f64::NEG_INFINITY), |(count, highest), value| (count + 1, value.max(highest)));
    (count >= DAY_HOURS_NEEDED).then_some(highest)
}

fn water(
    ground: &mut Ground<'_>,
    touched: &TouchedWindows,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    let hours: BTreeSet<EventTime> = vn_wqi::INPUTS.iter().flat_map(|input| touched.hours(input)).collect();
    let days: BTreeSet<EventTime> = vn_wqi::INPUTS.iter().flat_map(|input| touched.days(input)).collect();
    let settings = ground.plan.settings;
    for start in hours {
        let indexed = vn_wqi::index(|input| ground.ledger.hour(input, start)?.valid(), &settings);
        give(ground, WindowKind::Hour, (start, start.plus(HOUR)), indexed, results, watched);
    }
    for start in days {
        let day = ground.days.of(start);
        let indexed = vn_wqi::index(|input| ground.ledger.day(input, start)?.valid(), &settings);
        give(ground, WindowKind::Day, (day.start, day.end), indexed, results, watched);
    }
}

fn give(
    ground: &Ground<'_>,
    kind: WindowKind,
    (start, end): (EventTime, EventTime),
    indexed: Indexed,
    results: &mut ShardResults,
    watched: &mut Vec<WatchedWindow>,
) {
    let Some(index) = ground.plan.index else { return };
    let averaging = if kind == WindowKind::Hour { Averaging::Hour } else { Averaging::Day };
    watched.push(WatchedWindow {
        measure: Name::from(index.word()),
        averaging,
        start,
        end,
        value: WatchedValue::Index(indexed.value.ok()),
    });
    results.facts.indices.push(IndexResult {
        index,
        subject: ground.subject,
        kind,
        start,
        end,
        indexed,
        closed_by: ground.closed_by(end),
    });
}

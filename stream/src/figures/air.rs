//! The worst of the air: the highest VN_AQI, and PM2.5 against its daily limit.

use std::collections::BTreeMap;

use ioc_model::{
    ageing::Ages,
    bound::is_above,
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    index::{IndexId, NoIndex},
    name::Name,
    results::{FigureInput, FigureResult},
    rule::Priority,
    time::{Millis, Now},
};

use super::{NEAR, age, largest_first, made_of, nothing};
use crate::derive::{
    HOUR,
    statement::{DayMean, HourIndex, Operating},
};

const DAY: Millis = Millis::hours(24);

/// A station's value, how old it is, and whether it may decide.
struct Candidate<T> {
    subject: Name,
    of: T,
    freshness: Freshness,
    ages: Ages,
    /// 0 decides; the rest is shown where nothing better is there.
    rank: u8,
    /// By which the worst is found.
    size: f64,
}

const DECIDES: u8 = 0;
const TOO_LITTLE: u8 = 1;
const TOO_OLD: u8 = 2;
const NO_VALUE: u8 = 3;

/// The candidates, what decides first.
fn in_order<T>(mut candidates: Vec<Candidate<T>>) -> Vec<Candidate<T>> {
    candidates.sort_by(|one, other| {
        one.rank
            .cmp(&other.rank)
            .then(largest_first(one.size, other.size))
            .then(one.subject.cmp(&other.subject))
    });
    candidates
}

pub(super) fn aqi(now: Now, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let mut expected = 0;
    let mut candidates = Vec::new();
    for (subject, station) in stations.iter().filter(|(_, station)| station.has_aqi) {
        expected += 1;
        let Some(index) = &station.aqi else { continue };
        let (freshness, ages) = age(now, index.end(), HOUR.plus(station.slowest));
        let rank = match (freshness, index.value) {
            (_, Err(_)) => NO_VALUE,
            (Freshness::Stale, _) => TOO_OLD,
            _ => DECIDES,
        };
        let size = index.value.unwrap_or(0.0);
        candidates.push(Candidate { subject: *subject, of: index, freshness, ages, rank, size });
    }
    let candidates = in_order(candidates);
    let reason = if expected == 0 { FigureReason::Nothing } else { FigureReason::Never };
    let empty = nothing(FigureId::Aqi, now, reason);
    let calm_until = IndexId::VnAqi.calm_until();
    let empty = FigureResult { target: calm_until, expected, late_from: None, stale_from: None, ..empty };
    let Some(Candidate { of, freshness, ages, rank, .. }) = candidates.first() else {
        return empty;
    };
    let (verdict, reason, priority) = match (of.value, *rank) {
        (Err(why), _) => (FigureVerdict::Withheld, reason_of(why), None),
        (Ok(_), TOO_OLD) => (FigureVerdict::Withheld, FigureReason::Stale, None),
        (Ok(value), _) => match of.category.and_then(|band| IndexId::VnAqi.priority(usize::from(band))) {
            Some(priority) => (FigureVerdict::Missed, FigureReason::Beyond, Some(priority)),
            None if calm_until.is_some_and(|calm| is_above(value, NEAR * calm)) => {
                (FigureVerdict::Near, FigureReason::NearTarget, None)
            }
            None => (FigureVerdict::Kept, FigureReason::OnTarget, None),
        },
    };
    let is_missing = of.value.is_err() && *freshness != Freshness::Stale;
    let figure = FigureResult {
        start: of.start,
        end: of.end(),
        value: of.value.ok(),
        verdict,
        reason,
        priority,
        freshness: if is_missing { Freshness::Missing } else { *freshness },
        late_from: ages.late_from,
        stale_from: ages.stale_from,
        count: candidates.iter().filter(|candidate| candidate.rank == DECIDES).count() as u64,
        ..empty
    };
    made_of(figure, candidates.iter().map(input_of_index))
}

fn reason_of(why: NoIndex) -> FigureReason {
    match why {
        NoIndex::NoParticulates => FigureReason::NoParticulates,
        NoIndex::TooFewGroups => FigureReason::TooFewGroups,
        NoIndex::NoData => FigureReason::NoData,
    }
}

fn input_of_index(candidate: &Candidate<&HourIndex>) -> FigureInput {
    let HourIndex { start, value, dominant, .. } = candidate.of;
    FigureInput {
        kind: InputKind::Index,
        subject: candidate.subject.into(),
        measure: Name::new(IndexId::VnAqi.word()),
        start: *start,
        number: 0,
        value: value.ok(),
        word: dominant.unwrap_or_else(|| Name::new(value.err().map_or("", NoIndex::word))),
    }
}

pub(super) fn pm25(now: Now, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let mut expected = 0;
    let mut candidates = Vec::new();
    for (subject, station) in stations.iter().filter(|(_, station)| station.has_pm25) {
        expected += 1;
        let Some(day) = &station.pm25 else { continue };
        let (freshness, ages) = age(now, day.end, DAY.plus(station.slowest));
        let rank = match (freshness, day.mean) {
            (_, None) => NO_VALUE,
            (Freshness::Stale, _) => TOO_OLD,
            _ if !day.is_enough => TOO_LITTLE,
            _ => DECIDES,
        };
        let size = day.mean.unwrap_or(0.0) / day.high;
        candidates.push(Candidate { subject: *subject, of: day, freshness, ages, rank, size });
    }
    let candidates = in_order(candidates);
    let reason = if expected == 0 { FigureReason::Nothing } else { FigureReason::Never };
    let empty = nothing(FigureId::Pm25, now, reason);
    let empty = FigureResult { expected, late_from: None, stale_from: None, ..empty };
    let Some(Candidate { of, freshness, ages, rank, .. }) = candidates.first() else {
        return empty;
    };
    let (verdict, reason, priority) = match (of.mean, *rank) {
        (Some(mean), DECIDES) if of.is_kept => {
            if is_above(mean, NEAR * of.high) {
                (FigureVerdict::Near, FigureReason::NearTarget, None)
            } else {
                (FigureVerdict::Kept, FigureReason::OnTarget, None)
            }
        }
        (Some(_), DECIDES) => (FigureVerdict::Missed, FigureReason::Beyond, Some(Priority::High)),
        (Some(_), TOO_OLD) => (FigureVerdict::Withheld, FigureReason::Stale, None),
        _ => (FigureVerdict::Withheld, FigureReason::Insufficient, None),
    };
    let is_missing = of.mean.is_none() && *freshness != Freshness::Stale;
    let figure = FigureResult {
        start: of.start,
        end: of.end,
        value: of.mean,
        target: Some(of.high),
        verdict,
        reason,
        priority,
        freshness: if is_missing { Freshness::Missing } else { *freshness },
        late_from: ages.late_from,
        stale_from: ages.stale_from,
        count: candidates.iter().filter(|candidate| candidate.rank == DECIDES).count() as u64,
        ..empty
    };
    made_of(figure, candidates.iter().map(input_of_day))
}

fn input_of_day(candidate: &Candidate<&DayMean>) -> FigureInput {
    let DayMean { limit, start, mean, is_enough, .. } = candidate.of;
    FigureInput {
        kind: InputKind::Assessment,
        subject: candidate.subject.into(),
        measure: *limit,
        start: *start,
        number: 0,
        value: *mean,
        word: Name::new(if *is_enough { "" } else { FigureReason::Insufficient.word() }),
    }
}

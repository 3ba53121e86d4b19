//! What the people on duty act by: open alerts, stations that send, log sources that are heard.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind, StationStanding},
    name::Name,
    results::{FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Now},
};

use super::{INPUTS_KEPT, nothing};
use crate::derive::said::{OpenAlert, Operating};

pub(super) fn alerts(
    now: Now,
    alerts: &BTreeMap<Name, Vec<OpenAlert>>,
    suspected: &BTreeMap<(Arc<str>, Name), OpenAlert>,
) -> FigureResult {
    let of_subject = |(subject, alerts): (&Name, &Vec<OpenAlert>)| {
        let subject = subject.as_str();
        alerts.clone().into_iter().map(move |alert| (subject, alert))
    };
    let mut open: Vec<(&str, OpenAlert)> = alerts.iter().flat_map(of_subject).collect();
    open.extend(suspected.iter().map(|((subject, _), alert)| (&**subject, *alert)));
    // What nobody took on before what was, what is still so before what is over.
    open.sort_by_key(|(subject, alert)| {
        (alert.acknowledged, !alert.active, alert.priority, *subject, alert.rule)
    });
    let unacknowledged = open.iter().filter(|(_, alert)| !alert.acknowledged).count();
    let (verdict, reason) = match (unacknowledged, open.len()) {
        (0, 0) => (FigureVerdict::Kept, FigureReason::OnTarget),
        (0, _) => (FigureVerdict::Near, FigureReason::Taken),
        _ => (FigureVerdict::Missed, FigureReason::Unacknowledged),
    };
    // What has cleared and nobody took still counts, and has lost its urgency.
    let urging = open.iter().filter(|(_, alert)| alert.active && !alert.acknowledged);
    let count = |priority: Priority| {
        let count = open.iter().filter(|(_, alert)| alert.priority == priority).count();
        (Name::new(priority.word()), count as u64)
    };
    FigureResult {
        value: Some(open.len() as f64),
        of: Some(unacknowledged as f64),
        target: Some(0.0),
        verdict,
        priority: urging.map(|(_, alert)| alert.priority).min(),
        freshness: Freshness::Fresh,
        count: open.len() as u64,
        expected: open.len() as u64,
        parts: Priority::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect(),
        inputs: open.iter().take(INPUTS_KEPT).map(input_of_alert).collect(),
        ..nothing(FigureId::Alerts, now, reason)
    }
}

fn input_of_alert((subject, alert): &(&str, OpenAlert)) -> FigureInput {
    FigureInput {
        kind: InputKind::Alert,
        subject: (*subject).into(),
        measure: alert.rule,
        start: EventTime(0),
        number: alert.number,
        value: None,
        word: Name::new(alert.priority.word()),
    }
}

pub(super) fn stations(now: Now, stations: &BTreeMap<Name, Operating>) -> FigureResult {
    let count = |standing: StationStanding| {
        stations.values().filter(|station| station.standing == standing).count() as u64
    };
    let (all, gone, never) =
        (stations.len() as u64, count(StationStanding::Silent), count(StationStanding::Never));
    let sending = stations.values().filter(|station| station.standing.is_sending()).count() as u64;
    let incomplete =
        sending < all || count(StationStanding::Error) > 0 || count(StationStanding::Partial) > 0;
    let (verdict, reason) = match (all, never) {
        (0, _) => (FigureVerdict::Withheld, FigureReason::Nothing),
        (all, never) if all == never => (FigureVerdict::Withheld, FigureReason::Never),
        _ if gone > 0 => (FigureVerdict::Missed, FigureReason::Silent),
        _ if incomplete => (FigureVerdict::Near, FigureReason::NotAll),
        _ => (FigureVerdict::Kept, FigureReason::OnTarget),
    };
    let mut not_good: Vec<(&Name, &Operating)> =
        stations.iter().filter(|(_, station)| station.standing != StationStanding::Good).collect();
    not_good.sort_by_key(|(subject, station)| (station.standing, **subject));
    let input = |(subject, station): &(&Name, &Operating)| FigureInput {
        kind: InputKind::Station,
        subject: (**subject).into(),
        measure: Name::default(),
        start: EventTime(0),
        number: 0,
        value: Some(f64::from(station.missing)),
        word: Name::new(station.standing.word()),
    };
    let parts =
        StationStanding::ALL.into_iter().map(|standing| (Name::new(standing.word()), count(standing)));
    FigureResult {
        value: (all > 0).then_some(sending as f64),
        of: (all > 0).then_some(all as f64),
        target: (all > 0).then_some(all as f64),
        verdict,
        priority: (gone > 0).then_some(Priority::High),
        freshness: if all == never { Freshness::Never } else { Freshness::Fresh },
        count: sending,
        expected: all,
        parts: parts.filter(|(_, count)| *count > 0).collect(),
        inputs: not_good.iter().take(INPUTS_KEPT).map(input).collect(),
        ..nothing(FigureId::Stations, now, reason)
    }
}

/// Who may not be silent, and is heard. One whose sensor sees too little counts as heard, and not as good.
pub(super) fn log_sources(now: Now, log_sources: &BTreeMap<Name, StationStanding>) -> FigureResult {
    let count =
        |standing: StationStanding| log_sources.values().filter(|one| **one == standing).count() as u64;
    let (all, gone, never) =
        (log_sources.len() as u64, count(StationStanding::Silent), count(StationStanding::Never));
    let heard = log_sources.values().filter(|one| one.is_sending()).count() as u64;
    let (verdict, reason) = match all {
        0 => (FigureVerdict::Withheld, FigureReason::Nothing),
        all if all == never => (FigureVerdict::Withheld, FigureReason::Never),
        _ if gone > 0 => (FigureVerdict::Missed, FigureReason::Silent),
        all if all > count(StationStanding::Good) => (FigureVerdict::Near, FigureReason::NotAll),
        _ => (FigureVerdict::Kept, FigureReason::OnTarget),
    };
    let mut not_good: Vec<(&Name, &StationStanding)> =
        log_sources.iter().filter(|(_, standing)| **standing != StationStanding::Good).collect();
    not_good.sort_by_key(|(subject, standing)| (**standing, **subject));
    let input = |(subject, standing): &(&Name, &StationStanding)| FigureInput {
        kind: InputKind::LogSource,
        subject: subject.as_str().into(),
        measure: Name::default(),
        start: EventTime(0),
        number: 0,
        value: None,
        word: Name::new(standing.word()),
    };
    let parts =
        StationStanding::ALL.into_iter().map(|standing| (Name::new(standing.word()), count(standing)));
    FigureResult {
        value: (all > 0).then_some(heard as f64),
        of: (all > 0).then_some(all as f64),
        target: (all > 0).then_some(all as f64),
        verdict,
        priority: (gone > 0).then_some(Priority::High),
        freshness: if all == never { Freshness::Never } else { Freshness::Fresh },
        count: heard,
        expected: all,
        parts: parts.filter(|(_, count)| *count > 0).collect(),
        inputs: not_good.iter().take(INPUTS_KEPT).map(input).collect(),
        ..nothing(FigureId::LogSources, now, reason)
    }
}

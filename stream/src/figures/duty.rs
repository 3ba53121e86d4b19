//! What the people on duty act by: open alerts, stations that send, log sources that are heard.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind, StationStanding},
    name::Name,
    pack::Pack,
    results::{FigureInput, FigureResult},
    rule::Priority,
    time::{EventTime, Now},
};

use super::{made_of, nothing};
use crate::derive::statement::{OpenAlert, Operating};

pub(super) fn alerts(
    now: Now,
    alerts: &BTreeMap<Name, Vec<OpenAlert>>,
    others: [&BTreeMap<(Arc<str>, Name), OpenAlert>; 2],
) -> FigureResult {
    open_alerts(FigureId::Alerts, now, alerts.iter(), others.into_iter().flatten())
}

/// Those of log sources, addresses and users.
pub(super) fn security_alerts(
    now: Now,
    pack: &Pack,
    alerts: &BTreeMap<Name, Vec<OpenAlert>>,
    suspected: &BTreeMap<(Arc<str>, Name), OpenAlert>,
) -> FigureResult {
    if pack.log_sources.is_empty() && suspected.is_empty() {
        return nothing(FigureId::SecurityAlerts, now, FigureReason::Nothing);
    }
    let of_log_sources = alerts.iter().filter(|(subject, _)| pack.log_sources.contains_key(subject.as_str()));
    open_alerts(FigureId::SecurityAlerts, now, of_log_sources, suspected.iter())
}

fn open_alerts<'a>(
    figure: FigureId,
    now: Now,
    alerts: impl Iterator<Item = (&'a Name, &'a Vec<OpenAlert>)>,
    others: impl Iterator<Item = (&'a (Arc<str>, Name), &'a OpenAlert)>,
) -> FigureResult {
    let of_subject = |(subject, alerts): (&'a Name, &'a Vec<OpenAlert>)| {
        let subject = subject.as_str();
        alerts.iter().map(move |alert| (subject, *alert))
    };
    let mut open: Vec<(&str, OpenAlert)> = alerts.flat_map(of_subject).collect();
    open.extend(others.map(|((subject, _), alert)| (&**subject, *alert)));
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
    let figure = FigureResult {
        value: Some(open.len() as f64),
        of: Some(unacknowledged as f64),
        target: Some(0.0),
        verdict,
        priority: urging.map(|(_, alert)| alert.priority).min(),
        freshness: Freshness::Fresh,
        count: open.len() as u64,
        expected: open.len() as u64,
        parts: Priority::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect(),
        ..nothing(figure, now, reason)
    };
    made_of(figure, open.iter().map(input_of_alert))
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
    let standing = |(subject, station): (&Name, &Operating)| {
        (*subject, station.standing, Some(f64::from(station.missing)))
    };
    heard(FigureId::Stations, InputKind::Station, now, stations.iter().map(standing).collect())
}

/// Those that may not be silent, and whoever is blind: one whose sensor sees too little is heard, and not good.
pub(super) fn log_sources(now: Now, log_sources: &BTreeMap<Name, StationStanding>) -> FigureResult {
    let standing = |(subject, standing): (&Name, &StationStanding)| (*subject, *standing, None);
    heard(FigureId::LogSources, InputKind::LogSource, now, log_sources.iter().map(standing).collect())
}

/// How many of those that should be heard are.
fn heard(
    figure: FigureId,
    kind: InputKind,
    now: Now,
    mut all: Vec<(Name, StationStanding, Option<f64>)>,
) -> FigureResult {
    let count = |standing: StationStanding| all.iter().filter(|(_, it, _)| *it == standing).count() as u64;
    let (expected, gone, never) =
        (all.len() as u64, count(StationStanding::Silent), count(StationStanding::Never));
    let heard = all.iter().filter(|(_, standing, _)| standing.is_sending()).count() as u64;
    let incomplete = all.iter().any(|(_, standing, _)| standing.is_amiss());
    let (verdict, reason) = match (expected, never) {
        (0, _) => (FigureVerdict::Withheld, FigureReason::Nothing),
        (expected, never) if expected == never => (FigureVerdict::Withheld, FigureReason::Never),
        _ if gone > 0 => (FigureVerdict::Missed, FigureReason::Silent),
        _ if incomplete => (FigureVerdict::Near, FigureReason::NotAll),
        _ => (FigureVerdict::Kept, FigureReason::OnTarget),
    };
    let parts: Vec<(Name, u64)> = StationStanding::ALL
        .into_iter()
        .map(|standing| (Name::new(standing.word()), count(standing)))
        .filter(|(_, count)| *count > 0)
        .collect();
    all.retain(|(_, standing, _)| *standing != StationStanding::Good);
    all.sort_by_key(|(subject, standing, _)| (*standing, *subject));
    let input = |(subject, standing, value): &(Name, StationStanding, Option<f64>)| FigureInput {
        kind,
        subject: (*subject).into(),
        measure: Name::default(),
        start: EventTime(0),
        number: 0,
        value: *value,
        word: Name::new(standing.word()),
    };
    let figure = FigureResult {
        value: (expected > 0).then_some(heard as f64),
        of: (expected > 0).then_some(expected as f64),
        target: (expected > 0).then_some(expected as f64),
        verdict,
        priority: (gone > 0).then_some(Priority::High),
        freshness: if expected == never { Freshness::Never } else { Freshness::Fresh },
        count: heard,
        expected,
        parts,
        ..nothing(figure, now, reason)
    };
    made_of(figure, all.iter().map(input))
}

//! What a version of the pack asks of a station beyond its windows.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    calendar::Calendar,
    index::{IndexId, IndexSettings, vn_aqi, vn_wqi},
    limit::{Averaging, Limit},
    name::Name,
    pack::{Pack, Station, StationKind},
    place::Date,
    rule::{AlertAbout, Condition, Measure, Rule},
    time::{EventTime, Millis},
};

use crate::{counted::CountPlan, plan::additions_of};

/// Indices, limits and rules of one station.
#[derive(Debug)]
pub(crate) struct StationPlan {
    /// Half-open: when it is expected to send.
    pub(super) valid: (EventTime, EventTime),
    /// The shortest interval at which one of its values is expected.
    pub(super) cadence: Millis,
    /// The longest of them.
    pub(super) slowest: Millis,
    /// What is expected of it and how often.
    pub(super) measures: BTreeMap<String, Millis>,
    pub(super) late_after: Option<Millis>,
    pub(super) silent_after: Option<Millis>,
    pub(super) index: Option<IndexId>,
    pub(super) settings: IndexSettings,
    /// Those of the station before those of its kind.
    pub(super) limits: Vec<Limit>,
    pub(super) rules: Vec<Rule>,
    /// Of a log source: what is counted there. None of a station.
    pub(crate) counts: Option<CountPlan>,
    /// Measures of which it is asked what is usual.
    pub(super) usual: BTreeSet<Name>,
    /// Which means are looked at, by indicator.
    means: BTreeMap<String, BTreeSet<Averaging>>,
    /// Indicators that are what its counters add: their windows are sums.
    pub(super) additions: BTreeSet<String>,
}

impl StationPlan {
    /// The plan of a subject; none if the pack knows no such station.
    pub(crate) fn of_subject(pack: &Pack, calendar: &Calendar, subject: &str) -> Option<StationPlan> {
        let Some(station) = pack.stations.get(subject) else {
            return StationPlan::of_log_source(pack, subject);
        };
        let midnight = |date: Date| calendar.moment(date.at(0, 0, 0, 0));
        let end = station.valid_to.and_then(|date| date.tomorrow().ok()).and_then(midnight);
        let mut limits: Vec<Limit> = pack
            .limits
            .iter()
            .filter(|limit| holds(&limit.kinds, &limit.stations, station))
            .cloned()
            .collect();
        let counters = station.measures.keys();
        let additions: BTreeSet<String> =
            counters.filter_map(|counter| Some(additions_of(pack, counter)?.id.clone())).collect();
        let has =
            |indicator: &String| station.measures.contains_key(indicator) || additions.contains(indicator);
        limits.retain(|limit| has(&limit.indicator));
        limits.sort_by_key(|limit| limit.stations.is_empty());
        let rules: Vec<Rule> =
            pack.rules.values().filter(|rule| rule.watches_station(subject, station.kind)).cloned().collect();
        let mut means: BTreeMap<String, BTreeSet<Averaging>> = BTreeMap::new();
        for limit in &limits {
            let _ = means.entry(limit.indicator.clone()).or_default().insert(limit.averaging);
        }
        for rule in &rules {
            if let Condition::Threshold { measure: Measure::Indicator(indicator), averaging, .. } =
                &rule.condition
                && has(indicator)
            {
                let _ = means.entry(indicator.clone()).or_default().insert(*averaging);
            }
        }
        Some(StationPlan {
            valid: (midnight(station.valid_from).unwrap_or_default(), end.unwrap_or(EventTime(i64::MAX))),
            cadence: station.measures.values().copied().min().unwrap_or_default(),
            slowest: station.measures.values().copied().max().unwrap_or_default(),
            measures: station.measures.clone(),
            late_after: station.late_after,
            silent_after: station.silent_after,
            index: index_of(station),
            settings: pack.indices,
            limits,
            rules,
            means,
            usual: BTreeSet::new(),
            counts: None,
            additions,
        })
    }

    /// The plan of a log source: it is heard or silent, sees or is blind, and what is counted at it is looked at.
    fn of_log_source(pack: &Pack, subject: &str) -> Option<StationPlan> {
        let log_source = pack.log_sources.get(subject)?;
        let watches = |rule: &&Rule| rule.watches_log_source(subject);
        let rules: Vec<Rule> = pack.rules.values().filter(watches).cloned().collect();
        let mut means: BTreeMap<String, BTreeSet<Averaging>> = BTreeMap::new();
        let mut usual = BTreeSet::new();
        for rule in &rules {
            match &rule.condition {
                Condition::Threshold { measure: Measure::Indicator(measure), averaging, .. } => {
                    let _ = means.entry(measure.clone()).or_default().insert(*averaging);
                }
                Condition::Unusual(unusual) => {
                    let _ = usual.insert(Name::new(&unusual.measure));
                }
                _ => {}
            }
        }
        // Of one that may be silent nothing is owed, and it is never late.
        let silent_after = log_source.silent_after.unwrap_or(Millis(i64::MAX));
        Some(StationPlan {
            valid: (EventTime(i64::MIN), EventTime(i64::MAX)),
            cadence: Millis(0),
            slowest: Millis(0),
            measures: BTreeMap::new(),
            late_after: Some(silent_after),
            silent_after: Some(silent_after),
            index: None,
            settings: pack.indices,
            limits: Vec::new(),
            rules,
            means,
            usual,
            counts: CountPlan::of(pack, subject),
            additions: BTreeSet::new(),
        })
    }

    /// What an alert of it is about.
    pub(crate) fn about(&self) -> AlertAbout {
        if self.counts.is_some() { AlertAbout::LogSource } else { AlertAbout::Station }
    }

    /// Whether an indicator is expected of it.
    pub(super) fn expects(&self, indicator: &str) -> bool {
        self.measures.contains_key(indicator)
    }

    /// Whether any mean of a year is looked at.
    pub(super) fn has_years(&self) -> bool {
        self.means.values().any(|averagings| averagings.contains(&Averaging::Year))
    }

    /// The averagings of an indicator that are looked at.
    pub(super) fn looks_at(&self, indicator: &str, averaging: Averaging) -> bool {
        self.means.get(indicator).is_some_and(|averagings| averagings.contains(&averaging))
    }

    /// The limit in force for a mean on a local day.
    pub(super) fn limit(&self, indicator: &str, averaging: Averaging, day: Date) -> Option<&Limit> {
        self.limits.iter().find(|limit| {
            limit.indicator == indicator && limit.averaging == averaging && limit.is_in_force(day)
        })
    }
}

/// An index needs at least one of its inputs: a station without any is not "without a value" but not of that kind.
fn index_of(station: &Station) -> Option<IndexId> {
    let measures = |indicator: &str| station.measures.contains_key(indicator);
    match station.kind {
        StationKind::AmbientAir => vn_aqi::Parameter::ALL
            .into_iter()
            .any(|parameter| measures(parameter.indicator()))
            .then_some(IndexId::VnAqi),
        StationKind::SurfaceWater => vn_wqi::INPUTS.into_iter().any(measures).then_some(IndexId::VnWqi),
        StationKind::WasteWater | StationKind::GroundWater | StationKind::StackEmission => None,
    }
}

fn holds(kinds: &[StationKind], stations: &[String], station: &Station) -> bool {
    let of_kind = kinds.is_empty() || kinds.contains(&station.kind);
    let of_station = stations.is_empty() || stations.contains(&station.id);
    of_kind && of_station
}

//! What a station, or a log source, says of itself for the figures.
//!
//! A function of its state, its plan and the recorded clock, and of nothing else: a station that was loaded from a
//! checkpoint says what the one it was taken from had said (invariant REPLAY). Only good points count, and a mean below
//! three quarters of what was expected is no judgement.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::Calendar,
    figure::StationStanding,
    index::{IndexId, NoIndex},
    limit::Averaging,
    name::Name,
    rule::Priority,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{Derived, HOUR, StationPlan, indices};
use crate::{counted::CountPlan, plan::Days, reading::Mean};

/// Closed hours that are said: a day, and as many as stations may be apart.
const HOURS_SAID: Millis = Millis::hours(30);
const PM25: &str = "pm25";

/// A subject's part of the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectStatement {
    /// Which.
    pub subject: Name,
    /// None while nothing is expected of it.
    pub(crate) operating: Option<Operating>,
    pub(crate) alerts: Vec<OpenAlert>,
    /// How a log source stands; none of one that may be silent for ever, unless it is blind.
    pub(crate) log_source: Option<StationStanding>,
    /// What was counted at a log source.
    pub(crate) counted: Option<CountedHours>,
}

/// Closed hours of a log source, of what the pack counts of all events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CountedHours {
    /// What it is counted by.
    pub measures: FigureMeasures,
    /// Whether it may not be silent for ever.
    pub owes: bool,
    /// Whether it is heard.
    pub heard: bool,
    /// Where its hours end that are closed.
    pub closed_to: Option<EventTime>,
    /// The newest, the oldest of them first.
    pub hours: Vec<CountedHour>,
}

/// The measures of the pack that count events of any kind; none where it has no such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FigureMeasures {
    /// All of them.
    pub events: Option<Name>,
    /// High and critical ones.
    pub severe: Option<Name>,
    /// Critical ones.
    pub critical: Option<Name>,
}

/// One hour: how many events, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CountedHour {
    pub start: EventTime,
    pub events: Option<f64>,
    pub severe: Option<f64>,
    pub critical: Option<f64>,
    /// Minutes in which it was heard and not blind.
    pub whole: u32,
    /// Minutes of which that is to be known: none of one that may be silent.
    pub minutes: u32,
}

/// A station that is in operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operating {
    pub standing: StationStanding,
    /// Indicators of it that never came or came too long ago.
    pub missing: u32,
    /// How long its slowest indicator may take.
    pub slowest: Millis,
    /// Whether VN_AQI is worked out for it.
    pub has_aqi: bool,
    pub aqi: Option<HourIndex>,
    /// Whether its daily means of PM2.5 are held against a limit.
    pub has_pm25: bool,
    pub pm25: Option<DayMean>,
    pub series: Vec<SeriesHours>,
    pub judged: Vec<JudgedHour>,
    pub over: Vec<HourOver>,
}

/// Its newest hourly VN_AQI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HourIndex {
    pub start: EventTime,
    pub value: Result<f64, NoIndex>,
    pub category: Option<u8>,
    pub dominant: Option<Name>,
}

/// Its newest daily mean of PM2.5, and how that stands to the limit in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DayMean {
    pub limit: Name,
    pub start: EventTime,
    pub end: EventTime,
    pub mean: Option<f64>,
    pub is_enough: bool,
    pub high: f64,
    pub is_kept: bool,
}

/// Closed hours of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeriesHours {
    pub indicator: Name,
    /// Start, good points, points expected.
    pub hours: Vec<(EventTime, u32, u32)>,
}

/// How many means of an hour a limit is in force for, and how many of those could be judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JudgedHour {
    pub start: EventTime,
    pub limited: u32,
    pub judged: u32,
}

/// An hour's mean that does not keep its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HourOver {
    pub start: EventTime,
    pub indicator: Name,
    pub limit: Name,
    pub mean: f64,
}

/// An alert that is active, or that nobody took on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenAlert {
    pub rule: Name,
    pub number: u32,
    pub priority: Priority,
    pub active: bool,
    pub acknowledged: bool,
}

impl Derived {
    /// What it says, and when the clock alone makes it say something else. `plan` is none for what is no station of the
    /// pack any more.
    pub(crate) fn say(
        &self,
        subject: Name,
        now: Now,
        plan: Option<&StationPlan>,
        lateness: Millis,
        days: &mut Days,
    ) -> (SubjectStatement, Option<EventTime>) {
        let alerts = self.alerts.open().collect();
        let operating = plan.zip(self.status.current());
        let nothing = SubjectStatement { subject, operating: None, alerts, log_source: None, counted: None };
        let Some((plan, (status, _))) = operating else { return (nothing, None) };
        if let Some(counts) = &plan.counts {
            let standing = StationStanding::of(status, self.status.last_event().is_some(), 0);
            let log_source = standing.counts_of_log_sources(counts.owes()).then_some(standing);
            let counted = Some(self.counted(counts, standing.is_sending()));
            return (SubjectStatement { log_source, counted, ..nothing }, None);
        }
        let (missing, next) = self.status.missing(now, plan, lateness);
        let has_pm25 = plan.index == Some(IndexId::VnAqi) && plan.looks_at(PM25, Averaging::Day);
        let mut operating = Operating {
            standing: StationStanding::of(status, self.status.last_event().is_some(), missing),
            missing,
            slowest: plan.slowest.plus(lateness),
            has_aqi: plan.index == Some(IndexId::VnAqi),
            aqi: self.newest_aqi(plan),
            has_pm25,
            pm25: has_pm25.then(|| self.newest_pm25(plan, days)).flatten(),
            series: Vec::new(),
            judged: Vec::new(),
            over: Vec::new(),
        };
        self.hours(plan, days, &mut operating);
        (SubjectStatement { operating: Some(operating), ..nothing }, next)
    }

    /// Whether anything is expected of it.
    pub(crate) fn is_operating(&self) -> bool {
        self.status.current().is_some()
    }

    fn counted(&self, counts: &CountPlan, heard: bool) -> CountedHours {
        let (measures, closed_to) = (counts.of_figures(), self.ledger.closed_to());
        let mut hours: BTreeMap<EventTime, CountedHour> = BTreeMap::new();
        let from = closed_to.unwrap_or(EventTime(i64::MIN)).minus(HOURS_SAID);
        for (measure, of_measure) in self.ledger.hours_since(from) {
            let is = |one: Option<Name>| one == Some(measure);
            if !(is(measures.events) || is(measures.severe) || is(measures.critical)) {
                continue;
            }
            for (start, Mean { mean, count, expected }) in of_measure {
                let none =
                    CountedHour { start, events: None, severe: None, critical: None, whole: 0, minutes: 0 };
                let hour = hours.entry(start).or_insert(none);
                (hour.whole, hour.minutes) = (count, expected);
                let said = if is(measures.events) {
                    &mut hour.events
                } else if is(measures.severe) {
                    &mut hour.severe
                } else {
                    &mut hour.critical
                };
                *said = Some(mean);
            }
        }
        let hours = hours.into_values().collect();
        CountedHours { measures, owes: counts.owes(), heard, closed_to, hours }
    }

    fn newest_aqi(&self, plan: &StationPlan) -> Option<HourIndex> {
        if plan.index != Some(IndexId::VnAqi) {
            return None;
        }
        let start = indices::AIR.iter().filter_map(|input| self.ledger.newest_hour(input)).max()?;
        let indexed = indices::air_of_hour(&self.ledger, plan.settings, start);
        let ioc_model::index::Indexed { value, category, dominant, .. } = indexed;
        Some(HourIndex { start, value, category, dominant })
    }

    fn newest_pm25(&self, plan: &StationPlan, days: &mut Days) -> Option<DayMean> {
        let (start, mean) = self.ledger.newest_day(PM25)?;
        let day = days.of(start);
        let limit = plan.limit(PM25, Averaging::Day, Calendar::date(day.number)?)?;
        Some(DayMean {
            limit: Name::new(&limit.id),
            start,
            end: day.end,
            mean: mean.some(),
            is_enough: mean.valid().is_some(),
            high: limit.high?,
            is_kept: limit.is_kept_by(mean.mean),
        })
    }

    fn hours(&self, plan: &StationPlan, days: &mut Days, operating: &mut Operating) {
        let Some(from) = self.ledger.newest_of_all().map(|newest| newest.minus(HOURS_SAID)) else { return };
        let mut judged: BTreeMap<EventTime, JudgedHour> = Default::default();
        for (indicator, hours) in self.ledger.hours_since(from) {
            if !plan.expects(&indicator) {
                continue;
            }
            let limited = plan.looks_at(&indicator, Averaging::Hour);
            let mut of_series = Vec::new();
            for (start, mean) in hours {
                of_series.push((start, mean.count, mean.expected));
                if limited {
                    judge(plan, days, indicator, start, mean, &mut judged, &mut operating.over);
                }
            }
            operating.series.push(SeriesHours { indicator, hours: of_series });
        }
        operating.judged = judged.into_values().collect();
    }
}

fn judge(
    plan: &StationPlan,
    days: &mut Days,
    indicator: Name,
    start: EventTime,
    mean: Mean,
    judged: &mut BTreeMap<EventTime, JudgedHour>,
    over: &mut Vec<HourOver>,
) {
    let Some(date) = Calendar::date(days.of(start).number) else { return };
    let Some(limit) = plan.limit(&indicator, Averaging::Hour, date) else { return };
    let hour = judged.entry(start).or_insert(JudgedHour { start, limited: 0, judged: 0 });
    hour.limited += 1;
    let Some(mean) = mean.valid() else { return };
    hour.judged += 1;
    if !limit.is_kept_by(mean) {
        over.push(HourOver { start, indicator, limit: Name::new(&limit.id), mean });
    }
}

impl SubjectStatement {
    /// Whether indicators of it are missing.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.operating.as_ref().is_some_and(|operating| operating.missing > 0)
    }
}

impl HourIndex {
    /// The first moment behind its hour.
    pub(crate) fn end(&self) -> EventTime {
        self.start.plus(HOUR)
    }
}

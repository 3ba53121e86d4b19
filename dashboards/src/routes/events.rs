//! What happened: the newest events page by page, and what they sum up to.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use ioc_model::{
    ageing::grace,
    asker::Asker,
    event::{
        AskedAddress, Count, CountedOf, EventCursor, EventEnd, EventFilter, EventKind, EventMeasure,
        MeasureFilter, Severity,
    },
    pack::Pack,
    time::{EventTime, Millis, Now},
    usual::{USUAL_WITHIN, minutes_for},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use super::{AppState, fresh, json, moment, question, starting, up_to};
use crate::{
    access::Asked,
    agency_events::{AgencyEvents, by_agency},
    events::{EVENTS_MAX, EventAddress, EventHour, EventTotals, EventsSummed, SUMMARY_MAX},
    heard::{self, HourHeard, NotHeard, missing_in},
    log_sources::{LogSourceKnown, LogSourceView, LogSourcesSaid, few_unknown, log_sources},
    measures::{DistinctTotal, MeasureView, SensorAlerts, TOTALS, added_up, beside_the_usual, together},
    problem::Problem,
};

/// What is looked at where nothing is said.
pub(super) const A_DAY: Millis = Millis::hours(24);
const HOUR: Millis = Millis::hours(1);

/// What is asked for, in its words.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    from: Option<i64>,
    until: Option<i64>,
    kind: Option<String>,
    severity: Option<String>,
    log_source: Option<String>,
    agency: Option<String>,
    address: Option<String>,
    end: Option<String>,
    attempts: Option<bool>,
    known: Option<bool>,
    measure: Option<String>,
    flow_id: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

/// GET `/api/security/events`.
pub(super) async fn events(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let shown = state.shown();
    // Who opened a page stays on it, and nobody else is on the same; all look at the first one.
    if asked.before.is_some() {
        return Ok(fresh(listed(&state, &asker, &asked).await?));
    }
    let list = listed(&state, &asker, &asked);
    let body = state.event_pages.answer(&asker, &shown.build, asked.clone(), list).await?;
    Ok(fresh(body))
}

async fn listed(state: &AppState, asker: &Asker, asked: &EventsQuery) -> Result<Bytes, Problem> {
    let (before, limit) = page(asked.before.as_deref(), asked.limit)?;
    starting(&state.board)?;
    let of = asked.of(state.board.now(), &state.shown().pack)?;
    // A page asks from a full hour, so that all ask the same.
    bounded(of.from.plus(Millis::hours(1)), of.until)?;
    json(&state.history.events(asker, &of, before, limit).await?)
}

/// Where a page begins, and how long it is.
pub(super) fn page(before: Option<&str>, limit: Option<u32>) -> Result<(Option<EventCursor>, u32), Problem> {
    let limit = up_to("limit", limit.unwrap_or(100), EVENTS_MAX)?;
    let place = |text: &str| {
        let detail_vi = "vị trí không đúng; hãy dùng 'next' của trang trước";
        text.parse::<EventCursor>().map_err(|error| Problem::bad_request(error.to_string()).vi(detail_vi))
    };
    Ok((before.map(place).transpose()?, limit))
}

#[derive(Serialize)]
struct Summary {
    from: EventTime,
    until: EventTime,
    now: Now,
    totals: EventTotals,
    hours: Vec<EventHour>,
    /// How much of each hour was heard.
    heard: Vec<HourHeard>,
    /// Who did not see all of them.
    missing: Vec<NotHeard>,
    sources: Vec<EventAddress>,
    targets: Vec<EventAddress>,
    /// Whose log sources reported how much, whichever agency is asked for.
    agencies: Vec<AgencyEvents>,
    log_sources: Vec<LogSourceView>,
    /// How many more there are that the pack does not know.
    log_sources_more: u64,
    /// From when on how log sources stand is stale if nothing newer comes; none where nothing was said of them yet.
    stale_from: Option<EventTime>,
    sensors: Vec<SensorAlerts>,
}

/// GET `/api/security/summary`.
pub(super) async fn summary(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let shown = state.shown();
    let sum = summed(&state, &asker, &asked);
    let body = state.summaries.answer(&asker, &shown.build, asked.clone(), sum).await?;
    Ok(fresh(body))
}

async fn summed(state: &AppState, asker: &Asker, asked: &EventsQuery) -> Result<Bytes, Problem> {
    if asked.before.is_some() || asked.limit.is_some() {
        return Err(Problem::bad_request("a summary has no pages: leave 'before' and 'limit' out")
            .vi("bản tổng hợp không chia trang: hãy bỏ 'before' và 'limit'"));
    }
    starting(&state.board)?;
    let now = state.board.now();
    let of = asked.of(now, &state.shown().pack)?;
    bounded(of.from, of.until)?;
    let known = known(state);
    let names: Vec<String> = known.iter().map(|source| source.id.clone()).collect();
    // How log sources stand is said of the end of what is asked for.
    let at = Now(now.0.min(of.until.0));
    let summed = state.history.events_summed(asker, &of, &names, at).await?;
    let EventsSummed { totals, hours, sources, targets, heard, said, mut heard_hours } = summed;
    let LogSourcesSaid { states, stale_from } = said;
    let mut log_sources = log_sources(known.clone(), &states, heard);
    // Whether what never came would come by a feed of theirs nobody knows.
    log_sources.retain(|source| asker.sees_everything() || source.received_at.is_some());
    // What is said of now may be on its way; what was said by a moment that has passed is there.
    let on_its_way = if at < now { Millis(0) } else { grace(state.board.clock_speed()) };
    let stale = stale_from.is_some_and(|from| EventTime(at.0) >= from.plus(on_its_way));
    // Of some of them nobody else owes an hour.
    heard_hours.retain(|hour| of.log_sources.is_empty() || of.log_sources.contains(&hour.log_source));
    let heard = heard::heard(&heard_hours, of.from, of.until);
    if stale {
        log_sources = log_sources.into_iter().map(LogSourceView::withheld).collect();
    }
    let agencies = by_agency(&known, &log_sources);
    if asked.agency.is_some() {
        log_sources.retain(|source| source.agency == asked.agency);
    }
    let log_sources_more = few_unknown(&mut log_sources);
    let sensors = sensors(state, asker, of.from, of.until).await?;
    json(&Summary {
        from: of.from,
        until: of.until,
        now,
        totals,
        hours,
        missing: missing_in(&heard),
        heard,
        sources,
        targets,
        agencies,
        log_sources,
        log_sources_more,
        stale_from,
        sensors,
    })
}

/// What sensors say they raised, where the pack counts it.
async fn sensors(
    state: &AppState,
    asker: &Asker,
    from: EventTime,
    until: EventTime,
) -> Result<Vec<SensorAlerts>, Problem> {
    let pack = state.shown().pack.clone();
    let of = |count| {
        pack.measures
            .values()
            .find(|measure| measure.count == count && measure.windows.contains(&WindowKind::Hour))
    };
    let (Some(raised), Some(lost)) = (of(Count::Raised), of(Count::Lost)) else { return Ok(Vec::new()) };
    Ok(state.history.sensor_alerts(asker, [&raised.id, &lost.id], from, until).await?)
}

/// Which windows of what is counted are asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeasuresQuery {
    from: Option<i64>,
    until: Option<i64>,
    log_source: Option<String>,
    agency: Option<String>,
    window: Option<String>,
}

#[derive(Serialize)]
struct Measures {
    from: EventTime,
    until: EventTime,
    window: WindowKind,
    /// What else may be asked for: all that some measure has windows of.
    offered: Vec<WindowKind>,
    measures: Vec<MeasureView>,
}

/// GET `/api/security/measures`.
pub(super) async fn measures(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<MeasuresQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let shown = state.shown();
    let counted = counted(&state, &asker, &asked);
    let body = state.measures.answer(&asker, &shown.build, asked.clone(), counted).await?;
    Ok(fresh(body))
}

async fn counted(state: &AppState, asker: &Asker, asked: &MeasuresQuery) -> Result<Bytes, Problem> {
    starting(&state.board)?;
    let pack = state.shown().pack.clone();
    let kinds = words("window", asked.window.as_deref(), &WindowKind::ALL.map(|it| (it.word(), it)))?;
    let kind = match kinds[..] {
        [] => WindowKind::Hour,
        [kind] => kind,
        _ => {
            return Err(Problem::bad_request("one window at most: minute, hour or day")
                .vi("chỉ chọn một: minute, hour hoặc day"));
        }
    };
    let (usually, most) = at_once(kind);
    let (from, until) = span(asked.from, asked.until, state.board.now(), usually)?;
    if until.0 - from.0 > most.0 {
        let (hours, word) = (most.0 / HOUR.0, kind.word());
        return Err(Problem::bad_request(format!("at most {hours} hours are looked at by the {word}"))
            .vi(format!("chỉ xem tối đa {hours} giờ theo '{word}'")));
    }
    let log_sources = log_sources_of(&pack, asked.log_source.as_deref(), asked.agency.as_deref())?;
    let spans = match kind {
        WindowKind::Minute => minutes_for(from, until),
        WindowKind::Hour | WindowKind::Day => vec![(from.minus(USUAL_WITHIN), until)],
    };
    let of = MeasureFilter { log_sources: log_sources.clone(), kind, spans };
    let found = state.history.measures(asker, &of).await?;
    let in_hours = kind == WindowKind::Hour;
    let mut different = Vec::new();
    if in_hours && pack.measures.values().any(|measure| measure.count.is_distinct()) {
        for hours in TOTALS {
            let since = until.minus(Millis::hours(hours.into()));
            let of = MeasureFilter { spans: vec![(since, until)], ..of.clone() };
            different.push((hours, state.history.distinct_totals(asker, &of).await?));
        }
    }
    let of = |measure: &EventMeasure| {
        let windows = found.iter().find(|windows| windows.measure == measure.id);
        let windows = windows.map(|found| &*found.windows).unwrap_or_default();
        let totals = if !in_hours || measure.count == Count::Last {
            Vec::new()
        } else if measure.count.is_distinct() {
            let total = |(back, of_all): &(u32, Vec<DistinctTotal>)| {
                let found = of_all.iter().find(|total| total.measure == measure.id);
                together(windows, *back, until, |_| found.map_or(0.0, |total| total.value))
            };
            different.iter().map(total).collect()
        } else {
            TOTALS.into_iter().map(|back| together(windows, back, until, added_up)).collect()
        };
        // Minutes are there of whole hours.
        let shown = beside_the_usual(kind, windows, from).into_iter().filter(|it| it.start < until).collect();
        MeasureView::of(measure, totals, shown)
    };
    let counted = pack.measures.values().filter(|measure| measure.windows.contains(&kind));
    let offered = WindowKind::ALL
        .into_iter()
        .filter(|kind| pack.measures.values().any(|measure| measure.windows.contains(kind)));
    json(&Measures {
        from,
        until,
        window: kind,
        offered: offered.collect(),
        measures: counted.map(of).collect(),
    })
}

/// How much is looked at by windows of a kind: where nothing is said, and at most.
fn at_once(kind: WindowKind) -> (Millis, Millis) {
    match kind {
        WindowKind::Minute => (Millis::hours(2), Millis::hours(6)),
        WindowKind::Hour => (A_DAY, SUMMARY_MAX),
        WindowKind::Day => (SUMMARY_MAX, Millis::hours(366 * 24)),
    }
}

/// The log sources that are asked for: one by its name, or those of an agency; none for all.
fn log_sources_of(
    pack: &Pack,
    log_source: Option<&str>,
    agency: Option<&str>,
) -> Result<Vec<String>, Problem> {
    let one = log_source.filter(|name| !name.is_empty());
    match (one, agency) {
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("ask for a log source or for an agency, not for both")
                .vi("chỉ chọn một nguồn nhật ký hoặc một cơ quan"))
        }
        (Some(name), None) => Ok(vec![name.to_owned()]),
        (None, None) => Ok(Vec::new()),
        (None, Some(agency)) => {
            let theirs = pack.log_sources.values().filter(|source| source.agency.as_deref() == Some(agency));
            let theirs: Vec<String> = theirs.map(|source| source.id.clone()).collect();
            match theirs.is_empty() {
                true => Err(Problem::bad_request(format!("no log source belongs to an agency '{agency}'"))
                    .vi(format!("không có nguồn nhật ký nào của cơ quan '{agency}'"))),
                false => Ok(theirs),
            }
        }
    }
}

/// From when to when, where nothing is said the last time of that length.
pub(super) fn span(
    from: Option<i64>,
    until: Option<i64>,
    now: Now,
    length: Millis,
) -> Result<(EventTime, EventTime), Problem> {
    let until = moment("until", until.unwrap_or(now.0 + 1))?;
    let from = moment("from", from.unwrap_or(until.minus(length).0))?;
    if from >= until {
        return Err(Problem::bad_request("from must lie before until").vi("from phải trước until"));
    }
    Ok((from, until))
}

/// What is summed up or looked through at once is bounded.
pub(super) fn bounded(from: EventTime, until: EventTime) -> Result<(), Problem> {
    if until.0 - from.0 > SUMMARY_MAX.0 {
        return Err(Problem::bad_request("at most 31 days are looked at").vi("chỉ xem tối đa 31 ngày"));
    }
    Ok(())
}

fn known(state: &AppState) -> Vec<LogSourceKnown> {
    let shown = state.shown();
    let sources = shown.pack.log_sources.values().map(|source| LogSourceKnown {
        id: source.id.clone(),
        name: source.name.clone(),
        agency: source
            .agency
            .as_ref()
            .map(|id| (id.clone(), shown.pack.agency_name(id).cloned().unwrap_or_default())),
        owner: source.owner.clone(),
        relay: source.relay,
        silent_after: source.silent_after,
    });
    sources.collect()
}

impl EventsQuery {
    /// Which events are asked for, at a moment.
    fn of(&self, now: Now, pack: &Pack) -> Result<EventFilter, Problem> {
        // The newest events are those of a moment ago: a source's clock may be a little ahead of ours.
        let (from, until) = span(self.from, self.until, now, A_DAY)?;
        let text = self.address.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let asked = text.map(|text| {
            text.parse::<AskedAddress>().map_err(|error| {
                Problem::bad_request(error.to_string()).vi(format!(
                    "'{text}' không phải là địa chỉ hoặc mạng IP, ví dụ đúng: 192.0.2.31, 2001:db8::1f hoặc 2001:db8:0:9::/64"
                ))
            })
        });
        let (address, network) = match asked.transpose()? {
            None => (None, None),
            Some(AskedAddress::One(address)) => (Some(address), None),
            Some(AskedAddress::Network(network)) => (None, Some(network)),
        };
        // Both ends are what is asked for where none is named.
        let ends = words("end", self.end.as_deref(), &EventEnd::ALL.map(|it| (it.word(), it)))?;
        let end = match ends[..] {
            [] => None,
            [end] => Some(end),
            _ => {
                return Err(Problem::bad_request("one end at most: leave 'end' out for both")
                    .vi("chỉ chọn một đầu: bỏ 'end' nếu muốn cả hai"));
            }
        };
        Ok(EventFilter {
            from,
            until,
            kinds: words("kind", self.kind.as_deref(), &EventKind::ALL.map(|it| (it.word(), it)))?,
            severities: words(
                "severity",
                self.severity.as_deref(),
                &Severity::ALL.map(|it| (it.word(), it)),
            )?,
            log_sources: log_sources_of(pack, self.log_source.as_deref(), self.agency.as_deref())?,
            address,
            network,
            end,
            attempts: self.attempts.unwrap_or(false),
            known: self.known.unwrap_or(false),
            counted: self.counted(&pack.measures)?,
            flow_id: self.flow_id.as_deref().unwrap_or_default().trim().to_owned(),
        })
    }
}

impl EventsQuery {
    /// What the measure counts that is asked for.
    fn counted(&self, measures: &BTreeMap<String, EventMeasure>) -> Result<CountedOf, Problem> {
        let Some(id) = self.measure.as_deref().filter(|id| !id.is_empty()) else {
            return Ok(CountedOf::default());
        };
        let measure = measures.get(id).ok_or_else(|| {
            Problem::bad_request(format!("the pack has no measure '{id}'"))
                .vi(format!("gói tỉnh không có chỉ số đếm '{id}'"))
        })?;
        Ok(measure.counted())
    }
}

/// Words with commas between them; nothing means any.
fn words<T: Copy>(name: &str, said: Option<&str>, known: &[(&str, T)]) -> Result<Vec<T>, Problem> {
    let said = said.into_iter().flat_map(|said| said.split(',')).map(str::trim);
    let read = said.filter(|word| !word.is_empty()).map(|word| {
        known.iter().find(|(known, _)| *known == word).map(|(_, it)| *it).ok_or_else(|| {
            let all: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let all = all.join(", ");
            Problem::bad_request(format!("there is no {name} '{word}' (there are: {all})"))
                .vi(format!("không có {name} '{word}' (chỉ có: {all})"))
        })
    });
    read.collect()
}

//! From a number to the bytes it was made of, one question a step.

mod envelope;

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use ioc_model::{
    asker::Asker,
    calendar::Calendar,
    epoch::Revision,
    event::{Count, EventKind, EventMeasure, Severity},
    form::{Period, PeriodKind},
    index::{IndexId, IndexPart, NoIndex},
    limit::Averaging,
    name::Name,
    pack::Pack,
    results::Evidence,
    rule::{AlertAbout, AlertKey, Condition, Priority, Rule},
    status::StationStatus,
    text::Text,
    time::EventTime,
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

pub(super) use self::envelope::{envelope, raw};
use super::{AppState, alerts, fresh_json, moment, question};
use crate::{
    access::Asked,
    alerts::AlertView,
    assessment::AssessmentView,
    lineage::{TracedIndex, WindowRef},
    problem::Problem,
};

/// The measure of an alert that a station's state raised. Such an alert is cleared by whatever state comes next.
const STATUS: &str = "status";

/// That of an alert that a sensor's record of itself raised.
const SENSOR: &str = "sensor";

#[derive(Deserialize)]
pub(super) struct IndexQuery {
    index: IndexId,
    subject: String,
    kind: WindowKind,
    start: i64,
    revision: Option<Revision>,
}

#[derive(Serialize)]
struct IndexLineage {
    index: IndexId,
    subject: String,
    kind: WindowKind,
    start: EventTime,
    end: EventTime,
    value: Option<f64>,
    category: Option<Name>,
    reason: Option<NoIndex>,
    dominant: Option<Name>,
    /// The act and the number of the reading of it.
    formula: String,
    /// The legal act alone.
    act: String,
    closed_by: ClosedBy,
    revision: Revision,
    parts: Vec<IndexPart>,
    inputs: Vec<WindowRef>,
}

/// GET `/api/lineage/index`.
pub(super) async fn index(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<IndexQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let IndexQuery { index, subject, kind, start, revision } = question(query)?;
    let start = moment("start", start)?;
    let traced = state.history.index(&asker, index, &subject, kind, start, revision).await?;
    let Some(TracedIndex { view, formula, inputs }) = traced else {
        return Err(Problem::not_found("the index was not computed for that window")
            .vi("chỉ số chưa được tính cho khoảng thời gian này"));
    };
    let act = formula.rsplit_once(" v").map_or(formula.as_str(), |(act, _)| act).to_owned();
    fresh_json(&IndexLineage {
        index,
        subject,
        kind,
        start: view.start,
        end: view.end,
        value: view.value,
        category: view.category,
        reason: view.reason,
        dominant: view.dominant,
        formula,
        act,
        closed_by: view.closed_by,
        revision: view.revision,
        parts: view.parts,
        inputs,
    })
}

#[derive(Deserialize)]
pub(super) struct AssessmentQuery {
    limit: String,
    subject: String,
    averaging: Averaging,
    start: i64,
    revision: Option<Revision>,
}

#[derive(Serialize)]
struct AssessmentLineage<'a> {
    #[serde(flatten)]
    judged: AssessmentView,
    /// The standard the limit is of; none where the pack has it no more.
    standard: Option<&'a str>,
    inputs: Vec<WindowRef>,
}

/// GET `/api/lineage/assessment`.
pub(super) async fn assessment(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<AssessmentQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let start = moment("start", asked.start)?;
    let AssessmentQuery { limit, subject, averaging, revision, .. } = &asked;
    let traced = state.history.assessment(&asker, limit, subject, *averaging, start, *revision).await?;
    let Some(traced) = traced else {
        return Err(Problem::not_found("no mean of that window was held against that limit")
            .vi("không có giá trị trung bình nào được đối chiếu với giới hạn này"));
    };
    let shown = state.shown();
    let limit = shown.pack.limits.iter().find(|limit| limit.id == asked.limit);
    let place = state.board.place(&traced.view.subject);
    fresh_json(&AssessmentLineage {
        judged: AssessmentView { place, ..traced.view },
        standard: limit.map(|limit| limit.standard.as_str()),
        inputs: traced.inputs,
    })
}

#[derive(Serialize)]
struct AlertLineage<'a> {
    alert: AlertView,
    /// The rule as the pack has it now; none where it has it no more.
    rule: Option<RuleText<'a>>,
    /// What the measure was held against when the alert last changed; none for a state.
    threshold: Option<f64>,
    /// What it was raised by; none where that cannot be opened.
    raised_by: Option<Link>,
}

#[derive(Serialize)]
struct RuleText<'a> {
    id: &'a str,
    name: &'a Text,
    step: &'a Text,
    priority: Priority,
    raise_windows: u32,
    clear_windows: u32,
}

/// The next step down.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Link {
    Index { index: IndexId, subject: Name, window: WindowKind, start: EventTime, href: String },
    Assessment { limit: String, subject: Name, averaging: Averaging, start: EventTime, href: String },
    Window { indicator: Name, subject: Name, window: WindowKind, start: EventTime, href: String },
    Status { subject: Name, status: Option<StationStatus>, since: EventTime },
    Sensor { log_source: Name, position: String, row: u32, href: String },
    Measure(MeasuredEvents),
    Events { subject: Arc<str>, about: AlertAbout, from: EventTime, until: EventTime, href: String },
    Obligations { agency: Name, due: Option<String>, from: EventTime, until: EventTime, href: String },
}

/// The events that a measure counted of a log source: what was counted has no rows, it is of events.
#[derive(Serialize)]
struct MeasuredEvents {
    measure: String,
    log_source: Name,
    kinds: Vec<EventKind>,
    severity: Option<Severity>,
    /// Only those that add to the attempts to log in.
    attempts: bool,
    from: EventTime,
    until: EventTime,
    href: String,
}

impl MeasuredEvents {
    fn of(measure: &EventMeasure, log_source: Name, from: EventTime, until: EventTime) -> MeasuredEvents {
        let EventMeasure { id, count, kinds, severity, .. } = measure.clone();
        let attempts = count == Count::Attempts;
        let mut href = format!(
            "/api/security/events?log_source={log_source}&known=true&from={}&until={}",
            from.0, until.0
        );
        let listed = |name: &str, words: Vec<&str>| match words.is_empty() {
            true => String::new(),
            false => format!("&{name}={}", words.join(",")),
        };
        let grave = Severity::ALL.into_iter().filter(|it| severity.is_some_and(|least| *it >= least));
        href += &listed("kind", kinds.iter().map(|kind| kind.word()).collect());
        href += &listed("severity", grave.map(Severity::word).collect());
        if attempts {
            href += "&attempts=true";
        }
        href += &format!("&measure={id}");
        MeasuredEvents { measure: id, log_source, kinds, severity, attempts, from, until, href }
    }
}

/// GET `/api/lineage/alert/{id}`.
pub(super) async fn alert(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let key = alerts::key(&id)?;
    let story = alerts::story(&state, &asker, &key).await?;
    let shown = state.shown();
    let rule = shown.pack.rules.get(&*key.rule);
    let raised_by = match &story.alert.evidence {
        Some(evidence) if evidence.events.is_some() => story.events(None).map(|of| Link::Events {
            subject: key.subject.clone(),
            about: story.alert.about,
            from: of.from,
            until: of.until,
            href: format!("/api/alerts/{key}/events?epoch={}", of.epoch.0),
        }),
        Some(evidence) if story.alert.about == AlertAbout::LogSource => {
            of_log_source(&shown.pack, &key, evidence)
        }
        Some(evidence) if story.alert.about == AlertAbout::Agency => {
            Some(missed(&shown.pack, &key, evidence))
        }
        Some(evidence) => link(&state, &asker, &key, rule, evidence).await?,
        None => None,
    };
    fresh_json(&AlertLineage {
        threshold: story.alert.evidence.as_ref().and_then(|evidence| evidence.threshold),
        alert: story.alert,
        rule: rule.map(|rule| RuleText {
            id: &rule.id,
            name: &rule.name,
            step: &rule.step,
            priority: rule.priority,
            raise_windows: rule.raise_windows,
            clear_windows: rule.clear_windows,
        }),
        raised_by,
    })
}

/// What raised an alert of who reports events: its state, its sensor's record of itself, or what was counted. A measure that the pack has no more
/// cannot be opened: nobody knows what it counted.
fn of_log_source(pack: &Pack, key: &AlertKey, evidence: &Evidence) -> Option<Link> {
    let Evidence { measure, start, end, status, sensor, .. } = evidence;
    let log_source = Name::new(&key.subject);
    if &**measure == STATUS {
        return Some(Link::Status { subject: log_source, status: *status, since: *start });
    }
    if &**measure == SENSOR {
        let record = sensor.as_deref()?;
        let (position, row) = (record.position.to_string(), record.row);
        let href = format!("/api/lineage/envelope/{position}");
        return Some(Link::Sensor { log_source, position, row, href });
    }
    let measure = pack.measures.get(&**measure)?;
    Some(Link::Measure(MeasuredEvents::of(measure, log_source, *start, *end)))
}

/// What an agency missed of the year whose misses are counted.
fn missed(pack: &Pack, key: &AlertKey, Evidence { start, end, .. }: &Evidence) -> Link {
    let local = || Calendar::of_zone(&pack.timezone).ok()?.local(*start);
    let due = local().and_then(|local| Period::holding(PeriodKind::Year, local.date()));
    let due = due.map(|year| year.label());
    let of_year = due.as_ref().map_or(String::new(), |due| format!("&due={due}"));
    let href = format!("/api/obligations?agency={}&state=missing,late{of_year}", key.subject);
    Link::Obligations { agency: Name::new(&key.subject), due, from: *start, until: *end, href }
}

async fn link(
    state: &AppState,
    asker: &Asker,
    key: &AlertKey,
    rule: Option<&Rule>,
    evidence: &Evidence,
) -> Result<Option<Link>, Problem> {
    let Evidence { measure, averaging, start, .. } = evidence;
    let (subject, start) = (Name::new(&key.subject), *start);
    if &**measure == STATUS {
        return Ok(Some(Link::Status { subject, status: evidence.status, since: start }));
    }
    let Some(averaging) = *averaging else { return Ok(None) };
    let window = match averaging {
        Averaging::Hour => Some(WindowKind::Hour),
        Averaging::Day => Some(WindowKind::Day),
        Averaging::EightHours | Averaging::Year => None,
    };
    // Rules, stations and indicators are named by letters that mean nothing in an address.
    if let (Some(index), Some(window)) = (IndexId::from_word(measure), window) {
        let href = format!(
            "/api/lineage/index?index={measure}&subject={subject}&kind={}&start={}",
            window.word(),
            start.0
        );
        return Ok(Some(Link::Index { index, subject, window, start, href }));
    }
    let by_limit = rule.is_some_and(|rule| matches!(rule.condition, Condition::Limit { .. }));
    if by_limit || window.is_none() {
        let limit = state.history.judged_by(asker, measure, &subject, averaging, start).await?;
        if let Some(limit) = limit {
            let href = format!(
                "/api/lineage/assessment?limit={limit}&subject={subject}&averaging={}&start={}",
                averaging.word(),
                start.0
            );
            return Ok(Some(Link::Assessment { limit, subject, averaging, start, href }));
        }
    }
    Ok(window.map(|window| {
        let href = format!(
            "/api/lineage/window?indicator={measure}&subject={subject}&kind={}&start={}",
            window.word(),
            start.0
        );
        Link::Window { indicator: *measure, subject, window, start, href }
    }))
}

#[derive(Deserialize)]
pub(super) struct WindowQuery {
    indicator: String,
    subject: String,
    kind: WindowKind,
    start: i64,
    revision: Option<Revision>,
}

/// GET `/api/lineage/window`.
pub(super) async fn window(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let start = moment("start", asked.start)?;
    let traced = state
        .history
        .window(&asker, &asked.indicator, &asked.subject, asked.kind, start, asked.revision)
        .await?;
    match traced {
        Some(window) => fresh_json(&window),
        None => Err(Problem::not_found("that window was not closed, or nothing was in it")
            .vi("khoảng thời gian này chưa đóng hoặc không có số liệu")),
    }
}

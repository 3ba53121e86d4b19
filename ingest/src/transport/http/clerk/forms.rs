//! What a sender may report: its feeds, their forms with the periods that are due about now, and the empty workbooks.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use ioc_bus::clock::Clock;
use ioc_decode::template::{NoTemplate, Template, Wanted, workbook};
use ioc_model::{
    calendar::Calendar,
    form::{Form, Period, PeriodKind},
    pack::{FormatName, Pack},
    place::Date,
    text::Text,
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::{feeds_of, names::agency_named};
use crate::{
    senders::Sender,
    transport::http::{HttpPush, problem::Problem, report::ShownPeriod},
};

/// Periods before the running one that are offered.
const BEFORE: usize = 3;

/// A sender, and what it may report.
#[derive(Debug, Serialize)]
pub(super) struct Desk {
    sender: String,
    /// The province's name.
    province: Text,
    /// Whom it reports for; none where it may report for several, or anybody.
    agency: Option<Text>,
    /// In whose time moments are written.
    timezone: String,
    /// The local day.
    today: Date,
    feeds: Vec<DeskFeed>,
}

#[derive(Debug, Serialize)]
struct DeskFeed {
    id: String,
    name: Text,
    max_bytes: usize,
    /// Whether its files are tables, of which there are empty ones.
    tables: bool,
    forms: Vec<DeskForm>,
}

#[derive(Debug, Serialize)]
struct DeskForm {
    id: String,
    name: Text,
    /// The newest first.
    periods: Vec<ShownPeriod>,
    /// The one that is due: the last that is over; of schools the running one.
    due: Option<String>,
}

/// What a sender meets.
pub(super) fn desk(sender: &Sender, pack: &Pack, clock: Clock) -> Desk {
    let today = today(pack, clock);
    let form = |form: &Form| {
        let periods = periods(form, today);
        // Schools are counted when what they are counted for begins.
        let is_of_school = matches!(form.period, PeriodKind::SchoolYear | PeriodKind::SchoolRound);
        let is_due = |period: &&Period| period.end < today || (is_of_school && period.start <= today);
        let due = periods.iter().find(is_due).map(Period::label);
        DeskForm {
            id: form.id.clone(),
            name: form.name.clone(),
            due,
            periods: periods.into_iter().map(ShownPeriod::of).collect(),
        }
    };
    let feeds = feeds_of(sender, pack).map(|feed| DeskFeed {
        id: feed.id.clone(),
        name: feed.name.clone(),
        max_bytes: feed.contract.max_bytes,
        tables: feed.format == FormatName::Table,
        forms: feed.forms.iter().filter_map(|id| pack.forms.get(id)).map(form).collect(),
    });
    Desk {
        feeds: feeds.collect(),
        sender: sender.name.clone(),
        province: pack.name.clone(),
        agency: bound_to(sender).map(|agency| agency_named(pack, agency)),
        timezone: pack.timezone.clone(),
        today,
    }
}

/// The one agency that a sender reports for.
fn bound_to(sender: &Sender) -> Option<&str> {
    match &sender.subjects[..] {
        [only] if !only.contains('*') => Some(only),
        _ => None,
    }
}

fn today(pack: &Pack, clock: Clock) -> Date {
    let local = Calendar::of_zone(&pack.timezone).ok();
    let local = local.and_then(|calendar| calendar.local(EventTime(clock.received_at().0)));
    local.unwrap_or_default().date()
}

/// The running period and those before it.
fn periods(form: &Form, today: Date) -> Vec<Period> {
    let running = Period::holding(form.period, today).or_else(|| {
        // Between two school years.
        [today.year(), today.year() - 1]
            .into_iter()
            .flat_map(|year| [3, 1].map(|number| Period::of(form.period, year, number)))
            .flatten()
            .find(|period| period.end < today)
    });
    std::iter::successors(running, Period::previous).take(BEFORE + 1).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateQuery {
    feed: String,
    form: String,
    period: String,
}

/// GET `/upload/template`: the workbook that `ioc contract` writes.
pub(super) async fn template(
    State(push): State<Arc<HttpPush>>,
    headers: HeaderMap,
    query: Result<Query<TemplateQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    let Ok(Query(TemplateQuery { feed, form, period })) = query else { return Err(Problem::NothingHere) };
    let pack = push.pack();
    let is_theirs = feeds_of(&sender, &pack).any(|known| known.id == feed && known.forms.contains(&form));
    if !is_theirs || !pack.forms.contains_key(&form) {
        return Err(Problem::Forbidden(feed));
    }
    let (agency, today) = (bound_to(&sender).map(str::to_owned), today(&pack, push.intake.clock()));
    let name = format!("{form}-{period}.xlsx");
    let written = push
        .at_work(push.room().await?, move || written(&pack, &form, &period, agency.as_deref(), today))
        .await?;
    let bytes = written.map_err(|NoTemplate(why)| Problem::NoTemplate(why))?;
    Ok(attached(&name, bytes))
}

fn written(
    pack: &Pack,
    form: &str,
    period: &str,
    agency: Option<&str>,
    today: Date,
) -> Result<Vec<u8>, NoTemplate> {
    let no_period = || {
        NoTemplate(Text {
            vi: format!("'{period}' không phải là kỳ báo cáo của biểu {form}."),
            en: format!("'{period}' is no period of form {form}"),
        })
    };
    let form = pack.forms.get(form).ok_or_else(no_period)?;
    let period = Period::parse(form.period, period).ok_or_else(no_period)?;
    let wanted = Wanted {
        form,
        places: &pack.places,
        agencies: &pack.agencies,
        period: Some(period),
        today,
        place: None,
        agency,
    };
    // Who may say something of others' cells is handed the whole form where nothing of it is theirs.
    let template = Template::of(&wanted).or_else(|_| Template::of(&Wanted { agency: None, ..wanted }))?;
    workbook(&template, today)
}

/// A workbook to be saved under a name, which is of a form, a period or a position: letters, digits and `-`.
pub(super) fn attached(name: &str, bytes: Vec<u8>) -> Response {
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    let mut response = ([(header::CONTENT_TYPE, XLSX)], bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")) {
        let _ = response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

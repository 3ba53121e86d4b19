//! Alerts: those that are open, those of the past, and taking one on.

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    rule::{AlertKey, InvalidAlertKey},
    time::{Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{AppState, actions, fresh_json, question, starting, up_to};
use crate::{
    access::Asked, alert_times::AlertTimesView, alerts::AlertView, history::AlertStory, problem::Problem,
};

/// The most alerts that may be asked for at once.
const ALERTS_MAX: u32 = 1_000;
#[derive(Deserialize)]
pub(super) struct AlertsQuery {
    #[serde(default)]
    state: AlertState,
    limit: Option<u32>,
    before: Option<i64>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AlertState {
    #[default]
    Open,
    All,
}

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<AlertView>,
    /// How many are open.
    open: usize,
}

/// GET `/api/alerts`.
pub(super) async fn alerts(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<AlertsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let limit = up_to("limit", asked.limit.unwrap_or(100), ALERTS_MAX)?;
    let before = asked.before.map(|before| super::moment("before", before)).transpose()?;
    starting(&state.board)?;
    let (mut alerts, open) = state.board.open_alerts(&asker);
    match asked.state {
        AlertState::Open => {
            alerts.retain(|alert| before.is_none_or(|before| alert.raised_at.0 < before.0));
            alerts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        AlertState::All => {
            alerts = state.history.alerts(&asker, before.map(|before| Now(before.0)), limit).await?;
            alerts = alerts.into_iter().map(|alert| state.board.placed(alert)).collect();
        }
    }
    fresh_json(&Alerts { alerts, open })
}

/// How far back alerts are measured where nothing is said: as far as the figures are.
const MEASURED_BACK: Millis = Millis::hours(30 * 24);
/// The longest time that is measured at once.
const MEASURED_MAX: Millis = Millis::hours(366 * 24);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimesQuery {
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Serialize)]
struct Times {
    from: Now,
    until: Now,
    times: Vec<AlertTimesView>,
}

/// GET `/api/alerts/times`.
pub(super) async fn times(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<TimesQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    starting(&state.board)?;
    let until = super::moment("until", asked.until.unwrap_or(state.board.now().0 + 1))?;
    let from = super::moment("from", asked.from.unwrap_or(until.minus(MEASURED_BACK).0))?;
    if from >= until {
        return Err(Problem::bad_request("from must lie before until").vi("from phải trước until"));
    }
    if until.0 - from.0 > MEASURED_MAX.0 {
        return Err(Problem::bad_request("at most 366 days are measured at once")
            .vi("chỉ đo tối đa 366 ngày một lần"));
    }
    let (from, until) = (Now(from.0), Now(until.0));
    let times = state.history.alert_times(&asker, from, until).await?;
    fresh_json(&Times { from, until, times })
}

/// GET `/api/alerts/{id}`.
pub(super) async fn alert(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let key = key(&id)?;
    fresh_json(&story(&state, &asker, &key).await?)
}

/// An alert and all that happened to it.
pub(super) async fn story(state: &AppState, asker: &Asker, key: &AlertKey) -> Result<AlertStory, Problem> {
    let AlertStory { alert, history } = state.history.alert(asker, key).await?.ok_or_else(unknown)?;
    Ok(AlertStory { alert: state.board.placed(alert), history })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertEventsQuery {
    epoch: Option<Epoch>,
    before: Option<String>,
    limit: Option<u32>,
}

/// GET `/api/alerts/{id}/events`.
pub(super) async fn events(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(id): Path<String>,
    query: Result<Query<AlertEventsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let key = key(&id)?;
    let asked = question(query)?;
    let (before, limit) = super::events::page(asked.before.as_deref(), asked.limit)?;
    let story = story(&state, &asker, &key).await?;
    let of = story.events(asked.epoch).ok_or_else(|| {
        Problem::not_found("no events raised this alert then")
            .vi("cảnh báo này khi đó không do sự kiện gây ra")
    })?;
    fresh_json(&state.history.alert_events(&asker, &of, before, limit).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    user: String,
    #[serde(default)]
    note: String,
}

/// An action as it is appended; read back by the format `operator_action`.
#[derive(Serialize)]
struct AppendedAcknowledgement<'a> {
    action: &'static str,
    alert: &'a str,
    user: &'a str,
    note: &'a str,
}

#[derive(Serialize)]
struct Acknowledged {
    /// Where the action lies, as `log-partition-offset`.
    position: String,
    /// The alert as it is before the action is taken in.
    alert: AlertView,
}

/// POST `/api/alerts/{id}/acknowledge`.
pub(super) async fn acknowledge(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    let key = key(&id)?;
    starting(&state.board)?;
    let alert = state.board.alert(&asker, &key).ok_or_else(unknown_or_closed)?;
    if alert.acknowledged {
        return Err(Problem::conflict("somebody has taken this alert on already")
            .vi("cảnh báo này đã có người tiếp nhận"));
    }
    let said: Acknowledgement = actions::read(body).await?;
    let (user, note) = actions::by(&said.user, &said.note)?;
    let action = AppendedAcknowledgement { action: "acknowledge", alert: &id, user, note };
    let position = actions::append(&state, &format!("/api/alerts/{key}/acknowledge"), &action).await?;
    let taken = fresh_json(&Acknowledged { position: position.to_string(), alert })?;
    Ok((StatusCode::ACCEPTED, taken).into_response())
}

pub(super) fn key(id: &str) -> Result<AlertKey, Problem> {
    id.parse().map_err(|error: InvalidAlertKey| {
        Problem::bad_request(error.to_string()).vi("mã cảnh báo có dạng quy tắc~đối tượng~số")
    })
}

fn unknown() -> Problem {
    Problem::not_found("there is no such alert").vi("không có cảnh báo này")
}

fn unknown_or_closed() -> Problem {
    Problem::not_found("no such alert is open").vi("không có cảnh báo nào như vậy đang mở")
}

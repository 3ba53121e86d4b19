//! Alerts: those that are open, those of the past, and taking one on.
//!
//! Taking one on is the only thing a page can do. A foreign page must not be able to make a browser do it, so the
//! content type has to be JSON, which a browser sends to another origin only after asking, and nobody answers that.
//! The answer comes when the action's bytes are durable (invariant ACK); the alert itself changes with the epoch that
//! takes them in, like everything on the board.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use ioc_model::{
    action::{NOTE_MAX, USER_MAX},
    rule::{AlertKey, InvalidAlertKey},
    time::Now,
};
use serde::{Deserialize, Serialize};

use super::{AppState, fresh_json, question, starting};
use crate::{alerts::AlertView, operator::NotTaken, problem::Problem};

/// The most alerts that may be asked for at once.
const ALERTS_MAX: u32 = 1_000;
/// The largest body of an action.
const ACTION_BYTES: usize = 16 << 10;
/// How long it may take to come.
const ACTION_WITHIN: Duration = Duration::from_secs(10);

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
    query: Result<Query<AlertsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let limit = asked.limit.unwrap_or(100);
    if !(1..=ALERTS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit must be 1 to {ALERTS_MAX}")));
    }
    let before = asked.before.map(|before| super::moment("before", before)).transpose()?;
    starting(&state.board)?;
    let (mut alerts, open) = state.board.open_alerts();
    match asked.state {
        AlertState::Open => {
            alerts.retain(|alert| before.is_none_or(|before| alert.raised_at.0 < before.0));
            alerts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        AlertState::All => {
            alerts = state.history.alerts(before.map(|before| Now(before.0)), limit).await?;
        }
    }
    fresh_json(&Alerts { alerts, open })
}

/// GET `/api/alerts/{id}`.
pub(super) async fn alert(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let key = key(&id)?;
    match state.history.alert(&key).await? {
        Some(story) => fresh_json(&story),
        None => Err(unknown()),
    }
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
struct Said<'a> {
    action: &'static str,
    alert: &'a str,
    user: &'a str,
    note: &'a str,
}

#[derive(Serialize)]
struct Taken {
    /// Where the action lies, as `log-partition-offset`.
    position: String,
    /// The alert as it is before the action is taken in.
    alert: AlertView,
}

/// POST `/api/alerts/{id}/acknowledge`.
pub(super) async fn acknowledge(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        return Err(Problem::unsupported("send the action as application/json")
            .vi("hãy gửi thao tác dưới dạng application/json"));
    }
    let key = key(&id)?;
    starting(&state.board)?;
    let alert = state.board.alert(&key).ok_or_else(unknown_or_closed)?;
    if alert.acknowledged {
        return Err(Problem::conflict("somebody has taken this alert on already")
            .vi("cảnh báo này đã có người tiếp nhận"));
    }
    let said = read(body).await?;
    let (user, note) = (said.user.trim(), said.note.trim());
    if !(1..=USER_MAX).contains(&user.chars().count()) || user.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("'user' must be a name of 1 to {USER_MAX} characters"))
            .vi("tên người tiếp nhận phải có từ 1 đến 64 ký tự"));
    }
    if note.chars().count() > NOTE_MAX {
        return Err(Problem::invalid(format!("'note' must not be longer than {NOTE_MAX} characters"))
            .vi("ghi chú không được dài quá 1.000 ký tự"));
    }
    let action = Said { action: "acknowledge", alert: &id, user, note };
    let payload = serde_json::to_vec(&action).map_err(|error| Problem::internal(error.to_string()))?;
    let address = format!("/api/alerts/{key}/acknowledge");
    let position = state.operator.act(&address, &payload).await.map_err(|not_taken| match not_taken {
        NotTaken::Full => Problem::unavailable("the log has no room now; nothing was recorded", 10)
            .vi("nhật ký đang đầy, thao tác chưa được ghi nhận; hãy thử lại sau"),
        NotTaken::Down(cause) => {
            tracing::error!(%cause, "an operator's action was not taken");
            Problem::unavailable("the log takes nothing now; nothing was recorded", 30)
                .vi("nhật ký tạm thời không nhận, thao tác chưa được ghi nhận; hãy thử lại sau")
        }
    })?;
    let taken = fresh_json(&Taken { position: position.to_string(), alert })?;
    Ok((StatusCode::ACCEPTED, taken).into_response())
}

async fn read(body: Body) -> Result<Acknowledgement, Problem> {
    let bytes = match tokio::time::timeout(ACTION_WITHIN, to_bytes(body, ACTION_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return Err(Problem::too_large(format!("an action has at most {ACTION_BYTES} bytes"))
                .vi("thao tác không được vượt quá 16 KiB"));
        }
        Err(_) => {
            return Err(Problem::bad_request("the body came too slowly").vi("nội dung gửi đến quá chậm"));
        }
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        Problem::invalid(format!("the action cannot be read: {error}")).vi("không đọc được nội dung thao tác")
    })
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

pub(super) fn key(id: &str) -> Result<AlertKey, Problem> {
    id.parse().map_err(|error: InvalidAlertKey| {
        Problem::bad_request(error.to_string()).vi("mã cảnh báo có dạng quy tắc~trạm~số")
    })
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("there is no such alert").vi("không có cảnh báo này")
}

fn unknown_or_closed() -> Problem {
    Problem::not_found("no such alert is open").vi("không có cảnh báo nào như vậy đang mở")
}

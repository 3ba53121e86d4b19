//! Rows that an operator must decide about, and deciding.
//!
//! What is decided about is looked up here and written out, series by series and day by day: the log then says what was
//! meant, whatever came to be held in the meantime.

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AppState, actions, fresh_json, question, starting, up_to};
use crate::{
    access::Asked,
    held::{DecisionReceipt, DecisionRequest, GROUPS_MAX, HeldGroup, HeldOf, HeldVerdict},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldQuery {
    sender: Option<String>,
    subject: Option<String>,
    indicator: Option<String>,
    day: Option<String>,
    limit: Option<u32>,
}

/// GET `/api/held`.
pub(super) async fn held(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<HeldQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let HeldQuery { sender, subject, indicator, day, limit } = question(query)?;
    let limit = up_to("limit", limit.unwrap_or(100), GROUPS_MAX)?;
    let of = of_a_day(HeldOf { sender, subject, indicator, day })?;
    let zone = state.shown().pack.timezone.clone();
    fresh_json(&state.history.held(&asker, &of, &zone, limit).await?)
}

/// What is asked for, if its day is one: as the store writes days.
fn of_a_day(of: HeldOf) -> Result<HeldOf, Problem> {
    let Some(day) = &of.day else { return Ok(of) };
    let date: Date = day.parse().map_err(|_| {
        Problem::bad_request(format!("'{day}' is no day; one is 2026-01-31"))
            .vi(format!("'{day}' không phải là ngày, ví dụ đúng: 2026-01-31"))
    })?;
    Ok(HeldOf { day: Some(date.to_string()), ..of })
}

/// A decision as it is appended; read back by the format `operator_action`.
#[derive(Serialize)]
struct AppendedDecision<'a> {
    action: &'static str,
    rows: Vec<Row>,
    user: &'a str,
    note: &'a str,
}

#[derive(Serialize)]
struct Row {
    sender: String,
    indicator: String,
    subject: String,
    day: String,
}

/// POST `/api/held`.
pub(super) async fn decide(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    let said: DecisionRequest = actions::read(body).await?;
    let (user, note) = actions::by(&said.user, &said.note)?;
    starting(&state.board)?;
    if (said.of == HeldOf::default()) != said.all {
        return Err(Problem::invalid(
            "choose rows by sender, subject, indicator or day, or say \"all\": true, not both",
        )
        .vi("hãy chọn theo bên gửi, trạm, chỉ số hoặc ngày, hoặc ghi \"all\": true, không cả hai"));
    }
    let of = of_a_day(said.of)?;
    let zone = state.shown().pack.timezone.clone();
    let list = state.history.held(&asker, &of, &zone, GROUPS_MAX).await?;
    if list.groups.is_empty() {
        return Err(Problem::not_found("no such row is held").vi("không có dòng nào như vậy đang giữ"));
    }
    if list.found > u64::from(GROUPS_MAX) {
        let detail = format!(
            "{} series and days are held; decide about at most {GROUPS_MAX} at once: name a sender, station, indicator or day",
            list.found
        );
        let vi = format!(
            "đang giữ {} chuỗi số liệu và ngày; mỗi lần quyết định tối đa {GROUPS_MAX}: hãy chọn theo bên gửi, trạm, chỉ số hoặc ngày",
            list.found
        );
        return Err(Problem::invalid(detail).vi(vi));
    }
    let action = match said.decision {
        HeldVerdict::Accept => "accept_held",
        HeldVerdict::Refuse => "refuse_held",
    };
    let row = |HeldGroup { sender, indicator, subject, day, .. }: &'_ HeldGroup| Row {
        sender: sender.clone(),
        indicator: indicator.clone(),
        subject: subject.clone(),
        day: day.clone(),
    };
    let rows = list.groups.iter().map(row).collect();
    // One message: it is recorded whole or not at all.
    let position =
        actions::append(&state, "/api/held", &AppendedDecision { action, rows, user, note }).await?;
    let receipt = DecisionReceipt { rows: list.rows, groups: list.found, position: position.to_string() };
    Ok((StatusCode::ACCEPTED, fresh_json(&receipt)?).into_response())
}

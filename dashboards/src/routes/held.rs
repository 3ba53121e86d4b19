//! Rows that an operator must decide about, and deciding.
//!
//! What is decided about is looked up here and written out, series by series and day by day: the log then says what was
//! meant, whatever came to be held in the meantime.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AppState, actions, fresh_json, question, starting};
use crate::{
    held::{Decided, Decision, GROUPS_MAX, HeldGroup, HeldOf, Verdict},
    problem::Problem,
};

/// Series and days of one sender that are decided about by one message.
const A_MESSAGE: usize = 500;

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
    query: Result<Query<HeldQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let HeldQuery { sender, subject, indicator, day, limit } = question(query)?;
    let limit = limit.unwrap_or(100);
    if !(1..=GROUPS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit must be 1 to {GROUPS_MAX}")));
    }
    let of = of_a_day(HeldOf { sender, subject, indicator, day })?;
    let zone = state.shown().pack.timezone.clone();
    fresh_json(&state.history.held(&of, &zone, limit).await?)
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
struct Said<'a> {
    action: &'static str,
    sender: &'a str,
    rows: Vec<Row<'a>>,
    user: &'a str,
    note: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    indicator: &'a str,
    subject: &'a str,
    day: &'a str,
}

/// POST `/api/held`.
pub(super) async fn decide(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    let said: Decision = actions::read(body).await?;
    let (user, note) = actions::by(&said.user, &said.note)?;
    starting(&state.board)?;
    let of = of_a_day(said.of)?;
    let zone = state.shown().pack.timezone.clone();
    let list = state.history.held(&of, &zone, GROUPS_MAX).await?;
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
        Verdict::Accept => "accept_held",
        Verdict::Refuse => "refuse_held",
    };
    let mut by_sender: BTreeMap<&str, Vec<&HeldGroup>> = BTreeMap::new();
    for group in &list.groups {
        by_sender.entry(&group.sender).or_default().push(group);
    }
    let mut positions = Vec::new();
    for (sender, groups) in &by_sender {
        for groups in groups.chunks(A_MESSAGE) {
            let rows = groups.iter().map(|HeldGroup { indicator, subject, day, .. }| Row {
                indicator,
                subject,
                day,
            });
            let rows = rows.collect();
            let said = Said { action, sender, rows, user, note };
            positions.push(actions::append(&state, "/api/held", &said).await?.to_string());
        }
    }
    let decided = Decided { rows: list.rows, groups: list.found, positions };
    Ok((StatusCode::ACCEPTED, fresh_json(&decided)?).into_response())
}

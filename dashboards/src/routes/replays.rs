//! Rejects by feed and reason, and reading them again; and what is stored of a feed, once its contract or mapping is mended.
//!
//! What an order about rejects means is looked up here and written out, feed by feed, from the first message to the last:
//! the log then says what was meant, whatever is rejected in the meantime.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use ioc_model::{action::OPERATOR, asker::Asker, calendar::Calendar, text::Text, time::ReceivedAt};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{AppState, actions, fresh_json, starting};
use crate::{
    access::Asked,
    problem::Problem,
    replays::{
        REPLAYS_LISTED, RejectGroup, RejectsOf, RejectsSummed, ReplayOrder, ReplayReceipt, ReplayRequest,
        StoredPeriod,
    },
};

/// Any moment of arrival. Half-open.
const EVER: (ReceivedAt, ReceivedAt) = (ReceivedAt(0), ReceivedAt(7_289_654_400_000));

/// GET `/api/rejects/groups`.
pub(super) async fn groups(State(state): State<AppState>, Asked(asker): Asked) -> Result<Response, Problem> {
    let groups = state.history.reject_groups(&asker, EVER).await?;
    let replays = state.history.replays(&asker, REPLAYS_LISTED).await?;
    fresh_json(&RejectsSummed { groups, replays })
}

/// An order as it is appended; read back by the format `operator_action`.
#[derive(Serialize)]
struct AppendedReplay<'a> {
    action: &'static str,
    replays: Vec<ReplayOrder>,
    user: &'a str,
    note: &'a str,
}

/// POST `/api/replays`.
pub(super) async fn order(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    let said: ReplayRequest = actions::read(body).await?;
    let (user, note) = actions::by(&said.user, &said.note)?;
    starting(&state.board)?;
    let Meant { rejects, rows, orders: replays } = orders(&state, &asker, &said).await?;
    let feeds = replays.len() as u64;
    // One message: it is recorded whole or not at all.
    let appended = AppendedReplay { action: "replay", replays, user, note };
    let position = actions::append(&state, "/api/replays", &appended).await?.to_string();
    let receipt = ReplayReceipt { rejects, rows, feeds, position };
    Ok((StatusCode::ACCEPTED, fresh_json(&receipt)?).into_response())
}

/// POST `/api/replays/trial`.
pub(super) async fn trial(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    actions::must_be_json(&headers)?;
    let said: ReplayRequest = actions::read(body).await?;
    starting(&state.board)?;
    let Meant { rejects, rows, orders } = orders(&state, &asker, &said).await?;
    let mut trial = state.history.foresee(&asker, &orders).await?;
    (trial.rejects, trial.rows) = (rejects, rows);
    fresh_json(&trial)
}

/// What is meant, feed by feed.
struct Meant {
    /// How many rejects are open there.
    rejects: u64,
    /// How many rows are stored there, where they are meant.
    rows: u64,
    orders: Vec<ReplayOrder>,
}

async fn orders(state: &AppState, asker: &Asker, said: &ReplayRequest) -> Result<Meant, Problem> {
    if said.stored {
        return of_stored(state, asker, said).await;
    }
    let RejectsOf { feed, reason, from, to } = &said.of;
    if (said.of == RejectsOf::default()) != said.all {
        return Err(Problem::invalid(
            "choose rejects by feed, reason or period, or say \"all\": true, not both",
        )
        .vi("hãy chọn theo nguồn, lý do hoặc thời gian, hoặc ghi \"all\": true, không cả hai"));
    }
    let between = between(state, from.as_deref(), to.as_deref())?;
    let is_meant = |group: &RejectGroup| {
        group.open > 0
            && group.feed != OPERATOR
            && feed.as_ref().is_none_or(|feed| *feed == group.feed)
            && reason.is_none_or(|reason| reason == group.reason)
    };
    let groups = state.history.reject_groups(asker, between).await?;
    let mut rejects = 0;
    let mut periods: BTreeMap<String, (ReceivedAt, ReceivedAt)> = BTreeMap::new();
    for group in groups.into_iter().filter(is_meant) {
        let (Some(first), Some(last)) = (group.first, group.last) else { continue };
        rejects += group.open;
        let (from, until) = periods.entry(group.feed).or_insert((first, ReceivedAt(last.0 + 1)));
        *from = first.min(*from);
        *until = ReceivedAt(last.0 + 1).max(*until);
    }
    if periods.is_empty() {
        return Err(Problem::not_found("no such reject is open").vi("không có dữ liệu bị loại nào như vậy"));
    }
    let order = |(feed, (from, until))| ReplayOrder { feed, stored: false, reason: *reason, from, until };
    Ok(Meant { rejects, rows: 0, orders: periods.into_iter().map(order).collect() })
}

/// What is stored of a feed: which and from when on must be said.
async fn of_stored(state: &AppState, asker: &Asker, said: &ReplayRequest) -> Result<Meant, Problem> {
    let RejectsOf { feed: Some(feed), reason: None, from: Some(from), to } = &said.of else {
        return Err(Problem::invalid("of what is stored say the feed and from when on, and no reason")
            .vi("với dữ liệu đã lưu hãy ghi nguồn và từ khi nào, không ghi lý do"));
    };
    if said.all {
        return Err(Problem::invalid("\"all\" is about rejects").vi("\"all\" chỉ dùng cho dữ liệu bị loại"));
    }
    let (from, until) = between(state, Some(from), to.as_deref())?;
    // A moment that every table can hold: without an end it is until the order arrives.
    let until = until.min(ReceivedAt(EVER.1.0 - 1));
    if from >= until {
        return Err(Problem::invalid("'to' must lie behind 'from'").vi("'to' phải sau 'from'"));
    }
    let StoredPeriod { rows, refused } = state.history.stored_period(asker, feed, (from, until)).await?;
    if let Some(Text { vi, en }) = refused {
        return Err(Problem::invalid(en).vi(vi));
    }
    if rows == 0 {
        return Err(Problem::not_found("nothing of that feed and time is stored")
            .vi("không có dữ liệu nào đã lưu của nguồn và thời gian đó"));
    }
    let order = ReplayOrder { feed: feed.clone(), stored: true, reason: None, from, until };
    Ok(Meant { rejects: 0, rows, orders: vec![order] })
}

/// A time of arrival, as it is said; what is not said is any time.
fn between(
    state: &AppState,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(ReceivedAt, ReceivedAt), Problem> {
    let zone = state.shown().pack.timezone.clone();
    let calendar = Calendar::of_zone(&zone).map_err(|error| Problem::internal(error.to_string()))?;
    let moment = |said: Option<&str>, otherwise| match said {
        Some(text) => moment(&calendar, text),
        None => Ok(otherwise),
    };
    Ok((moment(from, EVER.0)?, moment(to, EVER.1)?))
}

/// A date stands for its first moment on the pack's clock.
fn moment(calendar: &Calendar, text: &str) -> Result<ReceivedAt, Problem> {
    let day = |date: Date| calendar.moment(date.at(0, 0, 0, 0)).map(|moment| moment.0);
    let millis = match text.parse::<Timestamp>() {
        Ok(moment) => Some(moment.as_millisecond()),
        Err(_) => text.parse::<Date>().ok().and_then(day),
    };
    millis.map(|millis| ReceivedAt(millis.clamp(EVER.0.0, EVER.1.0))).ok_or_else(|| {
        let detail = format!("'{text}' is neither a date nor a time with a zone: 2026-01-31, 2026-01-31T07:00:00+07:00");
        let vi = format!("'{text}' không phải ngày hay thời điểm có múi giờ, ví dụ đúng: 2026-01-31, 2026-01-31T07:00:00+07:00");
        Problem::bad_request(detail).vi(vi)
    })
}

//! What lies further back: trends, long series, rejects, the fate of an envelope.

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use ioc_model::{
    index::IndexId,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{AppState, MOMENTS, fresh_json, position, question, starting, up_to};
use crate::{
    access::Asked,
    history::TrendPoint,
    problem::Problem,
    rejects::RejectView,
    series::{SERIES_MAX, SeriesKind, SeriesOf, SeriesQuery},
};

/// The longest trend that may be asked for: a month of hours.
pub(crate) const TREND_HOURS_MAX: u32 = 31 * 24;

/// The most rejects that may be asked for at once.
pub(crate) const REJECTS_MAX: usize = 500;

#[derive(Deserialize)]
pub(super) struct TrendQuery {
    subject: String,
    indicator: String,
    hours: Option<u32>,
}

#[derive(Serialize)]
struct Trend<'a> {
    subject: &'a str,
    indicator: &'a str,
    from: EventTime,
    until: EventTime,
    now: Now,
    points: Vec<TrendPoint>,
}

pub(super) async fn trend(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<TrendQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let hours = up_to("hours", asked.hours.unwrap_or(72), TREND_HOURS_MAX)?;
    state.measured(&asker, &asked.subject, &asked.indicator)?;
    starting(&state.board)?;
    let now = state.board.now();
    let until = EventTime(now.0);
    let from = until.minus(Millis::hours(i64::from(hours)));
    let points = state.history.trend(&asker, &asked.subject, &asked.indicator, from, until).await?;
    fresh_json(&Trend { subject: &asked.subject, indicator: &asked.indicator, from, until, now, points })
}

#[derive(Deserialize)]
pub(super) struct RejectsQuery {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Rejects {
    rejects: Vec<RejectView>,
}

pub(super) async fn rejects(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<RejectsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let limit = up_to("limit", asked.limit.unwrap_or(100), REJECTS_MAX)?;
    let rejects = state.history.rejects(&asker, limit).await?;
    let shown = state.shown();
    fresh_json(&Rejects { rejects: rejects.into_iter().map(|reject| shown.guarded.reject(reject)).collect() })
}

pub(super) async fn envelope(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(position): Path<String>,
) -> Result<Response, Problem> {
    fresh_json(&state.history.fate(&asker, self::position(&position)?).await?)
}

#[derive(Deserialize)]
pub(super) struct SeriesAsked {
    subject: String,
    indicator: String,
    kind: SeriesKind,
    /// None for all there is.
    from: Option<i64>,
    /// None for now.
    to: Option<i64>,
    points: Option<u32>,
}

/// GET `/api/series`.
pub(super) async fn series(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<SeriesAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let points = up_to("points", asked.points.unwrap_or(SERIES_MAX), SERIES_MAX)?;
    starting(&state.board)?;
    let from = super::moment("from", asked.from.unwrap_or(*MOMENTS.start()))?;
    let to = super::moment("to", asked.to.unwrap_or(state.board.now().0))?;
    if from >= to {
        return Err(Problem::bad_request("from must lie before to").vi("from phải trước to"));
    }
    let of = match (IndexId::from_word(&asked.indicator), asked.kind.window()) {
        (Some(index), Some(kind)) => {
            state.station(&asker, &asked.subject)?;
            SeriesOf::Index(index, kind)
        }
        (Some(_), None) => {
            return Err(Problem::bad_request("an index has hours and days, no points")
                .vi("chỉ số chỉ có giờ và ngày, không có điểm đo"));
        }
        (None, _) => {
            state.measured(&asker, &asked.subject, &asked.indicator)?;
            SeriesOf::Indicator(asked.indicator, asked.kind)
        }
    };
    let query = SeriesQuery { subject: asked.subject, of, from, to, points };
    let series = state.history.series(&asker, &query).await?;
    let mut response = series.to_bytes().into_response();
    let headers = response.headers_mut();
    let _ = headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let _ = headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(factor) = series.thinned() {
        let _ = headers.insert(HeaderName::from_static("x-ioc-thinned"), HeaderValue::from(factor));
    }
    Ok(response)
}

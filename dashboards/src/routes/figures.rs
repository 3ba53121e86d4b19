//! The figures of the overview: as they are, and what they said at a moment.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use ioc_model::time::{EventTime, Now};
use serde::{Deserialize, Serialize};

use super::{AppState, fresh_json, question, starting};
use crate::{access::Asked, figures::FigureView, problem::Problem};

#[derive(Deserialize)]
pub(super) struct FiguresQuery {
    at: Option<String>,
}

#[derive(Serialize)]
struct FigureList {
    /// The moment they were asked for as of; none for now.
    known_at: Option<EventTime>,
    figures: Vec<FigureView>,
}

/// GET `/api/figures`.
pub(super) async fn figures(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<FiguresQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let FiguresQuery { at } = question(query)?;
    let known_at = at.as_deref().map(|at| moment("at", at)).transpose()?;
    starting(&state.board)?;
    let figures = match known_at {
        Some(moment) => {
            let said = state.history.figures_known_at(&asker, Now(moment.0)).await?.into_iter();
            let place = state.board.province();
            said.map(|figure| FigureView { place, ..figure }).collect()
        }
        None => state.board.figures(&asker),
    };
    fresh_json(&FigureList { known_at, figures })
}

/// Milliseconds since 1970, or RFC 3339 with an offset.
pub(super) fn moment(name: &str, text: &str) -> Result<EventTime, Problem> {
    let millis = match text.parse::<i64>() {
        Ok(millis) => Some(millis),
        Err(_) => EventTime::from_rfc3339(text).map(|moment| moment.0),
    };
    let millis = millis.ok_or_else(|| {
        Problem::bad_request(format!(
            "{name} must be milliseconds since 1970, or a moment such as 2026-03-03T08:00:00+07:00"
        ))
        .vi(format!("{name} là số mili giây từ 1970, hoặc một thời điểm như 2026-03-03T08:00:00+07:00"))
    })?;
    super::moment(name, millis)
}

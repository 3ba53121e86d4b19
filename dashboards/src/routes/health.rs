//! What supervision asks: whether the process lives, whether it works, and its figures. It is a machine of the house,
//! and asks for nobody.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use ioc_model::asker::Asker;
use prometheus::TextEncoder;

use super::{AppState, starting};
use crate::problem::Problem;

/// A status older than this means that the pipeline behind the page has stopped.
pub(crate) const STATUS_STALE: Duration = Duration::from_secs(15);

pub(super) async fn healthz() -> &'static str {
    "alive\n"
}

pub(super) async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    starting(&state.board)?;
    let Some(view) = state.board.status(&Asker::everyone()) else {
        return Err(Problem::unavailable("the pipeline has not reported yet", 1));
    };
    if u128::from(view.reported_ago) > STATUS_STALE.as_millis() {
        return Err(Problem::unavailable("the pipeline does not report any more", 5));
    }
    match view.status.trouble() {
        Some(trouble) => Err(Problem::unavailable(trouble, 5)),
        None => Ok("ready\n"),
    }
}

pub(super) async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    let text = TextEncoder::new()
        .encode_to_string(&state.registry.gather())
        .map_err(|error| Problem::internal(error.to_string()))?;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}

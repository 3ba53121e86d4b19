//! How far sources are that are asked.

use axum::{extract::State, response::Response};

use super::{AppState, fresh_json};
use crate::{access::Asked, problem::Problem};

/// GET `/api/pulls`.
pub(super) async fn pulls(State(state): State<AppState>, Asked(asker): Asked) -> Result<Response, Problem> {
    fresh_json(&state.pulls.list().seen_by(&asker))
}

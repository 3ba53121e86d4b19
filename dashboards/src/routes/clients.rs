//! Who is connected.

use axum::{extract::State, response::Response};

use super::{AppState, fresh_json};
use crate::{access::Asked, problem::Problem};

/// GET `/api/clients`.
pub(super) async fn clients(State(state): State<AppState>, Asked(asker): Asked) -> Result<Response, Problem> {
    fresh_json(&state.clients.list().seen_by(&asker).with_rejects(&state.board.rejects_by_sender()))
}

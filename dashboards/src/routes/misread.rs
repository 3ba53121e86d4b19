//! What of log sources could not be read, and what was read without a word of the pack.

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use ioc_model::{asker::Asker, time::EventTime};
use serde::{Deserialize, Serialize};

use super::{
    AppState,
    events::{A_DAY, bounded, span},
    fresh, json, question, starting,
};
use crate::{
    access::Asked,
    misread::{MisreadSender, ProductView, by_sender, feeds_of_events, named},
    problem::Problem,
};

/// Of which time.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MisreadQuery {
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Serialize)]
struct MisreadAnswer {
    from: EventTime,
    until: EventTime,
    /// Who sent what could not be read, the most first.
    senders: Vec<MisreadSender>,
    /// How many more senders there are, beside those that the listed ones are.
    senders_more: u64,
    /// What was read without a word of the pack.
    products: Vec<ProductView>,
    /// How many more there are.
    products_more: u64,
}

/// GET `/api/security/misread`.
pub(super) async fn misread(
    State(state): State<AppState>,
    Asked(asker): Asked,
    query: Result<Query<MisreadQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let shown = state.shown();
    let found = found(&state, &asker, &asked);
    let body = state.misread.answer(&asker, &shown.build, asked.clone(), found).await?;
    Ok(fresh(body))
}

async fn found(state: &AppState, asker: &Asker, asked: &MisreadQuery) -> Result<Bytes, Problem> {
    starting(&state.board)?;
    let (from, until) = span(asked.from, asked.until, state.board.now(), A_DAY)?;
    bounded(from, until)?;
    let pack = state.shown().pack.clone();
    let found = state.history.misread(asker, &feeds_of_events(&pack), from, until).await?;
    let products_more = found.products_all.saturating_sub(found.products.len() as u64);
    let (senders, senders_more) = by_sender(&pack, found.groups, found.senders_all);
    json(&MisreadAnswer {
        from,
        until,
        senders,
        senders_more,
        products: named(&pack, found.products),
        products_more,
    })
}

//! The live picture: whole, as events of what changes, and the map it is drawn on.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use axum::{
    Extension,
    extract::{ConnectInfo, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response, Sse},
};
use ioc_model::{ageing::grace, epoch::Epoch};
use serde::Deserialize;

use super::{AppState, fresh_json, question, starting};
use crate::{
    access::Asked,
    assets,
    live::{Greeting, Present, UNKNOWN_PEER, Viewer},
    overview::Overview,
    problem::Problem,
};

/// GET `/api/overview`.
pub(super) async fn overview(
    State(state): State<AppState>,
    Asked(asker): Asked,
) -> Result<Response, Problem> {
    starting(&state.board)?;
    let shown = state.shown();
    let overview = Overview {
        build: Cow::Borrowed(&shown.build),
        pack: shown.dimensions.seen_by(&asker),
        has_map: shown.map.is_some(),
        clock_speed: state.board.clock_speed(),
        grace: grace(state.board.clock_speed()),
        heartbeat: u64::try_from(state.pace.heartbeat.as_millis()).unwrap_or(u64::MAX),
        picture: state.board.everything(&asker),
        status: state.board.status(&asker),
    };
    fresh_json(&overview)
}

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    since: Option<u64>,
}

pub(super) async fn events(
    State(state): State<AppState>,
    Asked(asker): Asked,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    starting(&state.board)?;
    // After a break the browser repeats the address it first asked, so what it says in the header is newer.
    let last_seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let since = Epoch(last_seen.or(asked.since).unwrap_or(0));
    let peer: IpAddr = peer.map_or(UNKNOWN_PEER, |Extension(ConnectInfo(address))| address.ip());
    let seat = state.seats.take(peer).map_err(|full| {
        state.refused.inc();
        tracing::warn!(%peer, "a live connection is refused: {full}");
        Problem::unavailable(full.to_string(), 5)
    })?;
    let present = Present::new(seat, state.viewers.clone());
    let shown = state.shown();
    let greeting = Greeting { build: shown.build.clone(), replayed: shown.pack.replayed.clone() };
    let viewer = Viewer::new(state.board, asker, since, state.pace, greeting, present, shown.closing.clone());
    let mut response = Sse::new(viewer.events()).into_response();
    // A proxy in between must not gather what is meant to be seen now.
    let _ = response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// GET `/api/map`.
pub(super) async fn map(
    State(state): State<AppState>,
    Asked(_): Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shown = state.shown();
    let Some(map) = &shown.map else {
        return Err(Problem::not_found("the pack has no map").vi("gói tỉnh này không có bản đồ"));
    };
    Ok(assets::revalidated(&headers, &map.tag, "application/json", || map.bytes.clone()))
}

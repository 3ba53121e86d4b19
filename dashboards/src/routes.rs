//! The HTTP interface.
//!
//! Paths are listed once, in [`PATHS`], and described in `openapi.json`; a test compares the two. Errors are
//! problem details. The page may load nothing from anywhere else, and nothing else may frame it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::map_response,
    response::{IntoResponse, Response, Sse},
    routing::get,
};
use ioc_model::{
    epoch::Epoch,
    pack::Pack,
    position::Position,
    time::{EventTime, Millis, Now},
};
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    assets,
    board::{Board, Changes, StatusView},
    history::{SharedHistory, TrendPoint},
    live::{Pace, Present, UNKNOWN_PEER, Viewer},
    overview::Dimensions,
    problem::Problem,
    rejects::RejectView,
    seats::Seats,
};

/// Every path of this interface.
pub const PATHS: [&str; 11] = [
    "/",
    "/favicon.svg",
    "/assets/{*file}",
    "/api/overview",
    "/api/trend",
    "/api/rejects",
    "/api/envelopes/{position}",
    "/api/events",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// The longest trend that may be asked for: a month of hours.
pub const TREND_HOURS_MAX: u32 = 31 * 24;

/// The most rejects that may be asked for at once.
pub const REJECTS_MAX: usize = 500;

/// A status older than this means that the pipeline behind the page has stopped.
pub const STATUS_STALE: Duration = Duration::from_secs(15);

/// Bounds and rhythm of the live push.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Live connections in all.
    pub connections: usize,
    /// Live connections from one address.
    pub connections_per_peer: usize,
    /// Rhythm.
    pub pace: Pace,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 256,
            connections_per_peer: 32,
            pace: Pace {
                gather: Duration::from_millis(250),
                heartbeat: Duration::from_secs(3),
                retry: Duration::from_secs(1),
            },
        }
    }
}

/// What the routes need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    board: Arc<Board>,
    history: SharedHistory,
    dimensions: Arc<Dimensions>,
    pack: Arc<Pack>,
    registry: Registry,
    viewers: IntGauge,
    refused: IntCounter,
    seats: Seats,
    pace: Pace,
    closing: CancellationToken,
}

impl AppState {
    /// Puts it together. `closing` ends the live streams, which never end by themselves, so that the server can stop.
    ///
    /// # Errors
    /// If the registry has this crate's metrics already.
    pub fn new(
        pack: Arc<Pack>,
        board: Arc<Board>,
        history: SharedHistory,
        registry: Registry,
        limits: &Limits,
        closing: CancellationToken,
    ) -> Result<AppState, prometheus::Error> {
        let viewers = IntGauge::new("ioc_dashboards_viewers", "Live connections of browsers")?;
        let refused = IntCounter::new(
            "ioc_dashboards_viewers_refused_total",
            "Live connections refused for want of a seat",
        )?;
        registry.register(Box::new(viewers.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        Ok(AppState {
            board,
            history,
            dimensions: Arc::new(Dimensions::of(&pack)),
            pack,
            registry,
            viewers,
            refused,
            seats: Seats::new(limits.connections, limits.connections_per_peer),
            pace: limits.pace,
            closing,
        })
    }
}

/// The routes. The binary merges them with those of ingest and sets the fallback for both: [`nothing_here`].
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/favicon.svg", get(assets::icon))
        .route("/assets/{*file}", get(assets::asset))
        .route("/api/overview", get(overview))
        .route("/api/trend", get(trend))
        .route("/api/rejects", get(rejects))
        .route("/api/envelopes/{position}", get(envelope))
        .route("/api/events", get(events))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(map_response(guarded))
        .with_state(state)
}

/// The answer for a path nobody serves.
pub async fn nothing_here() -> Problem {
    Problem::not_found("nothing is served here")
}

#[derive(Serialize)]
struct Overview<'a> {
    build: &'static str,
    pack: &'a Dimensions,
    clock_speed: f64,
    heartbeat: u64,
    picture: Changes,
    status: Option<StatusView>,
}

async fn overview(State(state): State<AppState>) -> Result<Response, Problem> {
    starting(&state.board)?;
    let overview = Overview {
        build: assets::build_id(),
        pack: &state.dimensions,
        clock_speed: state.board.clock_speed(),
        heartbeat: u64::try_from(state.pace.heartbeat.as_millis()).unwrap_or(u64::MAX),
        picture: state.board.everything(),
        status: state.board.status(),
    };
    fresh_json(&overview)
}

#[derive(Deserialize)]
struct TrendQuery {
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

async fn trend(
    State(state): State<AppState>,
    query: Result<Query<TrendQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let hours = asked.hours.unwrap_or(72);
    if !(1..=TREND_HOURS_MAX).contains(&hours) {
        return Err(Problem::bad_request(format!("hours must be 1 to {TREND_HOURS_MAX}")));
    }
    let known = state
        .pack
        .stations
        .get(&asked.subject)
        .is_some_and(|station| station.measures.contains_key(&asked.indicator));
    if !known {
        return Err(Problem::not_found("no station of the pack measures that"));
    }
    starting(&state.board)?;
    let now = state.board.now();
    let until = EventTime(now.0);
    let from = until.minus(Millis::hours(i64::from(hours)));
    let points = state.history.trend(&asked.subject, &asked.indicator, from, until).await?;
    fresh_json(&Trend { subject: &asked.subject, indicator: &asked.indicator, from, until, now, points })
}

#[derive(Deserialize)]
struct RejectsQuery {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Rejects {
    rejects: Vec<RejectView>,
}

async fn rejects(
    State(state): State<AppState>,
    query: Result<Query<RejectsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let limit = asked.limit.unwrap_or(100);
    if !(1..=REJECTS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit must be 1 to {REJECTS_MAX}")));
    }
    fresh_json(&Rejects { rejects: state.history.rejects(limit).await? })
}

async fn envelope(State(state): State<AppState>, Path(position): Path<String>) -> Result<Response, Problem> {
    let position: Position = position
        .parse()
        .map_err(|error: ioc_model::position::InvalidPosition| Problem::bad_request(error.to_string()))?;
    fresh_json(&state.history.fate(position).await?)
}

#[derive(Deserialize)]
struct EventsQuery {
    since: Option<u64>,
}

async fn events(
    State(state): State<AppState>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    query: Result<Query<EventsQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
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
    let replayed = state.pack.replayed.clone();
    let viewer = Viewer::new(state.board, since, state.pace, replayed, present, state.closing);
    let mut response = Sse::new(viewer.events()).into_response();
    // A proxy in between must not gather what is meant to be seen now.
    let _ = response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

async fn healthz() -> &'static str {
    "alive\n"
}

async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    starting(&state.board)?;
    let Some(view) = state.board.status() else {
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

async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    let text = TextEncoder::new()
        .encode_to_string(&state.registry.gather())
        .map_err(|error| Problem::internal(error.to_string()))?;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}

/// Before the store's memory is taken over an empty tile would look like one that never reported.
fn starting(board: &Board) -> Result<(), Problem> {
    if board.hydrated() {
        Ok(())
    } else {
        Err(Problem::unavailable("the board is being filled from the store", 1))
    }
}

fn fresh_json(content: &impl Serialize) -> Result<Response, Problem> {
    let text = serde_json::to_string(content).map_err(|error| Problem::internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, text).into_response())
}

async fn guarded(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; \
                          connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    let _ = headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    let _ = headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let _ = headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let _ = headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

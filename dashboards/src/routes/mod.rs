//! The HTTP interface.
//!
//! Paths are listed once, in [`PATHS`], and described in `openapi.json`; a test compares the two. Errors are
//! problem details. The page may load nothing from anywhere else, and nothing else may frame it.

mod actions;
mod alerts;
mod clients;
mod events;
mod figures;
mod health;
mod held;
mod history;
mod lineage;
mod misread;
mod nodes;
mod obligations;
mod pack;
mod picture;
mod pulls;
mod replays;
mod reports;
mod tap;

pub(crate) use health::STATUS_STALE;
use std::{
    fmt::Display,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
pub(crate) use tap::Showing;

use axum::{
    Router,
    body::Bytes,
    extract::{Query, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, header, request::Parts},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use events::{EventsQuery, MeasuresQuery};
use ioc_model::{
    asker::Asker,
    pack::Pack,
    position::{InvalidPosition, Position},
    time::EventTime,
};
use misread::MisreadQuery;
use obligations::LedgerQuestion;
use prometheus::{IntCounter, IntGauge, Registry};
use reports::ReportedQuery;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    access::SharedAccess, arrivals::SharedArrivals, assets, board::Board, called::AgencyNames,
    clients::SharedClients, guarded::GuardedFeeds, history::SharedHistory, live::LivePace,
    nodes::SharedNodes, obligations::Names, operator::SharedOperator, originals::SharedOriginals,
    overview::Dimensions, pack::SharedReload, problem::Problem, pulls::SharedPulls, seats::Seats,
    shared::Shared,
};

/// Every path of this interface.
pub const PATHS: [&str; 49] = [
    "/",
    "/wall/{screen}",
    "/favicon.svg",
    "/assets/{*file}",
    "/api/overview",
    "/api/map",
    "/api/trend",
    "/api/series",
    "/api/rejects",
    "/api/rejects/groups",
    "/api/replays",
    "/api/replays/trial",
    "/api/envelopes/{position}",
    "/api/events",
    "/api/security/events",
    "/api/security/summary",
    "/api/security/measures",
    "/api/security/misread",
    "/api/clients",
    "/api/pulls",
    "/api/pack/reload",
    "/api/nodes/rebirth",
    "/api/figures",
    "/api/alerts",
    "/api/alerts/times",
    "/api/alerts/{id}",
    "/api/alerts/{id}/events",
    "/api/alerts/{id}/acknowledge",
    "/api/held",
    "/api/reports/receipts",
    "/api/reports/receipts/{position}",
    "/api/reports/values",
    "/api/reports/domain",
    "/api/reports/targets",
    "/api/obligations",
    "/api/obligations/summary",
    "/api/obligations/matrix",
    "/api/obligations/scores",
    "/api/obligations/{id}",
    "/api/lineage/index",
    "/api/lineage/assessment",
    "/api/lineage/alert/{id}",
    "/api/lineage/window",
    "/api/lineage/envelope/{position}",
    "/api/lineage/envelope/{position}/raw",
    "/api/tap",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Bounds and rhythm of the live push.
#[derive(Clone, Copy, Debug)]
pub struct LiveLimits {
    /// Live connections in all.
    pub connections: usize,
    /// Live connections from one address.
    pub connections_per_peer: usize,
    /// Rhythm.
    pub pace: LivePace,
}

impl Default for LiveLimits {
    fn default() -> LiveLimits {
        LiveLimits {
            connections: 256,
            connections_per_peer: 32,
            pace: LivePace {
                gather: Duration::from_millis(250),
                heartbeat: Duration::from_secs(3),
                retry: Duration::from_secs(1),
            },
        }
    }
}

/// What stands behind the board, as far as the page asks it.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Who says who asks.
    pub access: SharedAccess,
    /// The store.
    pub history: SharedHistory,
    /// Who takes operators' actions.
    pub operator: SharedOperator,
    /// The bytes as they came.
    pub originals: SharedOriginals,
    /// What arrives.
    pub arrivals: SharedArrivals,
    /// Who is connected.
    pub clients: SharedClients,
    /// How far those are that are asked.
    pub pulls: SharedPulls,
    /// Who takes a changed pack over.
    pub reload: SharedReload,
    /// Who speaks to nodes.
    pub nodes: SharedNodes,
}

/// What is shown of a pack while it is in effect.
#[derive(Debug)]
struct Shown {
    /// What a page must be loaded anew for when it changes: the page itself, and the pack.
    build: String,
    dimensions: Dimensions,
    pack: Arc<Pack>,
    guarded: GuardedFeeds,
    agencies: AgencyNames,
    map: Option<Map>,
    /// Ends the live streams: whoever comes again finds another pack.
    closing: CancellationToken,
}

impl Shown {
    fn of(pack: Arc<Pack>, closing: &CancellationToken) -> Shown {
        let map = pack.map.as_ref().map(|map| {
            let bytes = Bytes::copy_from_slice(map.as_bytes());
            Map { tag: assets::tag_of(&bytes), bytes }
        });
        Shown {
            build: format!("{}-{}", assets::build_id(), pack.version.0),
            dimensions: Dimensions::of(&pack),
            guarded: GuardedFeeds::of(&pack),
            agencies: AgencyNames::of(&pack),
            pack,
            map,
            closing: closing.child_token(),
        }
    }

    /// What things of reports are called, and what of them may be quoted.
    fn names(&self) -> Names<'_> {
        Names { pack: &self.pack, agencies: &self.agencies, guarded: &self.guarded }
    }
}

/// The pack's map and the tag of its content.
#[derive(Clone, Debug)]
struct Map {
    bytes: Bytes,
    tag: String,
}

/// What the routes need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    access: SharedAccess,
    board: Arc<Board>,
    history: SharedHistory,
    operator: SharedOperator,
    originals: SharedOriginals,
    arrivals: SharedArrivals,
    clients: SharedClients,
    pulls: SharedPulls,
    reload: SharedReload,
    nodes: SharedNodes,
    shown: Arc<RwLock<Arc<Shown>>>,
    summaries: Arc<Shared<EventsQuery>>,
    event_pages: Arc<Shared<EventsQuery>>,
    measures: Arc<Shared<MeasuresQuery>>,
    misread: Arc<Shared<MisreadQuery>>,
    reported: Arc<Shared<ReportedQuery>>,
    ledgers: Arc<Shared<LedgerQuestion>>,
    registry: Registry,
    viewers: IntGauge,
    refused: IntCounter,
    seats: Seats,
    taps: tap::Taps,
    pace: LivePace,
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
        behind: Behind,
        registry: Registry,
        limits: &LiveLimits,
        closing: CancellationToken,
    ) -> Result<AppState, prometheus::Error> {
        let viewers = IntGauge::new("ioc_dashboards_viewers", "Live connections of browsers")?;
        let refused = IntCounter::new(
            "ioc_dashboards_viewers_refused_total",
            "Live connections refused for want of a seat",
        )?;
        registry.register(Box::new(viewers.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        let taps = tap::Taps::new(&registry)?;
        Ok(AppState {
            board,
            access: behind.access,
            history: behind.history,
            operator: behind.operator,
            originals: behind.originals,
            arrivals: behind.arrivals,
            clients: behind.clients,
            pulls: behind.pulls,
            reload: behind.reload,
            nodes: behind.nodes,
            shown: Arc::new(RwLock::new(Arc::new(Shown::of(pack, &closing)))),
            summaries: Arc::default(),
            event_pages: Arc::default(),
            measures: Arc::default(),
            misread: Arc::default(),
            reported: Arc::default(),
            ledgers: Arc::default(),
            registry,
            viewers,
            refused,
            seats: Seats::new(limits.connections, limits.connections_per_peer),
            taps,
            pace: limits.pace,
            closing,
        })
    }

    /// Shows another pack from now on: pages that are open are told to load themselves anew.
    pub fn show(&self, pack: Arc<Pack>) {
        self.board.expect(&pack);
        let shown = Arc::new(Shown::of(pack, &self.closing));
        let before =
            std::mem::replace(&mut *self.shown.write().unwrap_or_else(PoisonError::into_inner), shown);
        before.closing.cancel();
    }

    /// Who asks with a request.
    pub(crate) fn asker(&self, request: &Parts) -> Result<Asker, Problem> {
        self.access.asker(request, &self.shown().pack)
    }

    fn shown(&self) -> Arc<Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A station of the pack that the asker sees.
    fn station(&self, asker: &Asker, subject: &str) -> Result<(), Problem> {
        match self.shown().pack.stations.contains_key(subject) && asker.sees_station(subject) {
            true => Ok(()),
            false => Err(Problem::not_found("the pack has no such station").vi("gói tỉnh không có trạm này")),
        }
    }

    /// A series of the pack that the asker sees.
    fn measured(&self, asker: &Asker, subject: &str, indicator: &str) -> Result<(), Problem> {
        self.station(asker, subject)?;
        let shown = self.shown();
        if shown.pack.stations.get(subject).is_some_and(|station| station.measures.contains_key(indicator)) {
            return Ok(());
        }
        Err(Problem::not_found("the station does not measure that").vi("trạm không đo thông số này"))
    }
}

/// The routes. The binary merges them with those of ingest and sets the fallback for both: [`nothing_here`].
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/wall/{screen}", get(assets::page))
        .route("/favicon.svg", get(assets::icon))
        .route("/assets/{*file}", get(assets::asset))
        .route("/api/overview", get(picture::overview))
        .route("/api/map", get(picture::map))
        .route("/api/trend", get(history::trend))
        .route("/api/series", get(history::series))
        .route("/api/rejects", get(history::rejects))
        .route("/api/rejects/groups", get(replays::groups))
        .route("/api/replays", post(replays::order))
        .route("/api/replays/trial", post(replays::trial))
        .route("/api/envelopes/{position}", get(history::envelope))
        .route("/api/events", get(picture::events))
        .route("/api/security/events", get(events::events))
        .route("/api/security/summary", get(events::summary))
        .route("/api/security/measures", get(events::measures))
        .route("/api/security/misread", get(misread::misread))
        .route("/api/clients", get(clients::clients))
        .route("/api/pulls", get(pulls::pulls))
        .route("/api/pack/reload", post(pack::reload))
        .route("/api/nodes/rebirth", post(nodes::rebirth))
        .route("/api/figures", get(figures::figures))
        .route("/api/alerts", get(alerts::alerts))
        .route("/api/alerts/times", get(alerts::times))
        .route("/api/alerts/{id}", get(alerts::alert))
        .route("/api/alerts/{id}/events", get(alerts::events))
        .route("/api/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/api/held", get(held::held).post(held::decide))
        .route("/api/reports/receipts", get(reports::receipts))
        .route("/api/reports/receipts/{position}", get(reports::receipt))
        .route("/api/reports/values", get(reports::values))
        .route("/api/reports/domain", get(reports::domain))
        .route("/api/reports/targets", get(reports::targets))
        .route("/api/obligations", get(obligations::list))
        .route("/api/obligations/summary", get(obligations::summary))
        .route("/api/obligations/matrix", get(obligations::matrix))
        .route("/api/obligations/scores", get(obligations::scores))
        .route("/api/obligations/{id}", get(obligations::obligation))
        .route("/api/lineage/index", get(lineage::index))
        .route("/api/lineage/assessment", get(lineage::assessment))
        .route("/api/lineage/alert/{id}", get(lineage::alert))
        .route("/api/lineage/window", get(lineage::window))
        .route("/api/lineage/envelope/{position}", get(lineage::envelope))
        .route("/api/lineage/envelope/{position}/raw", get(lineage::raw))
        .route("/api/tap", get(tap::tap))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .layer(map_response(guarded))
        .with_state(state)
}

/// What is pushed here by mistake: whoever does is told where to. `pushes` is the address of HTTP push.
pub fn pushed_elsewhere(pushes: &str) -> Router {
    let detail = format!("messages are not pushed here but to {pushes}<feed>");
    let detail_vi = format!("bản tin không gửi vào đây mà gửi vào {pushes}<nguồn>");
    let problem = Problem::not_found(detail).vi(detail_vi);
    Router::new().route("/ingest/{*path}", any(async move || problem.clone()))
}

/// The answer for a path nobody serves.
pub async fn nothing_here() -> Problem {
    Problem::not_found("nothing is served here")
}

/// Before the store's memory is taken over an empty tile would look like one that never reported.
fn starting(board: &Board) -> Result<(), Problem> {
    if board.hydrated() {
        Ok(())
    } else {
        Err(Problem::unavailable("the board is being filled from the store", 1))
    }
}

/// The parameters of a question.
fn question<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(asked)| asked).map_err(|error| Problem::bad_request(error.body_text()))
}

/// A number of a question: from 1 to the most of what is told at once.
fn up_to<N: Copy + PartialOrd + From<u8> + Display>(name: &str, asked: N, most: N) -> Result<N, Problem> {
    match asked >= N::from(1) && asked <= most {
        true => Ok(asked),
        false => Err(Problem::bad_request(format!("{name} must be 1 to {most}"))
            .vi(format!("{name} phải từ 1 đến {most}"))),
    }
}

fn position(text: &str) -> Result<Position, Problem> {
    text.parse().map_err(|error: InvalidPosition| {
        Problem::bad_request(error.to_string()).vi("vị trí có dạng log-phân vùng-thứ tự, ví dụ 1-0-42")
    })
}

/// Moments the store's columns hold: of the years 1900 to 2299.
const MOMENTS: std::ops::RangeInclusive<i64> = -2_208_988_800_000..=10_413_791_999_999;

fn moment(name: &str, millis: i64) -> Result<EventTime, Problem> {
    if MOMENTS.contains(&millis) {
        return Ok(EventTime(millis));
    }
    Err(Problem::bad_request(format!("{name} must be a moment of the years 1900 to 2299, in milliseconds"))
        .vi(format!("{name} phải là một thời điểm của các năm 1900 đến 2299, tính bằng mili giây")))
}

fn fresh_json(content: &impl Serialize) -> Result<Response, Problem> {
    json(content).map(fresh)
}

fn json(content: &impl Serialize) -> Result<Bytes, Problem> {
    serde_json::to_vec(content).map(Bytes::from).map_err(|error| Problem::internal(error.to_string()))
}

/// JSON that nobody on the way keeps.
fn fresh(json: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, json).into_response()
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

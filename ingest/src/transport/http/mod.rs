//! HTTP push: `POST /ingest/<feed>` with a bearer token, or by TLS a client certificate, any bytes as the body.
//!
//! Senders knock at a listener of their own, apart from the pages: they come from other machines, with a token each,
//! while pages have no access control yet and must stay on loopback. It listens before the store answers, and says
//! 503 until a receipt can name a position.
//!
//! The answer 200 is a receipt, and it is sent when the envelope is durable and not before (invariant ACK). While
//! the bus is full the answer waits, then is 503 with Retry-After (BOUND): the sender sends again, and what was
//! stored meanwhile is a duplicate. The bytes of requests in work are bounded over all senders, and the number of
//! requests of one sender too, so that a flood or a hundred slow bodies of one token hold up nobody else (SAFE).
//! A body over its feed's limit is hashed as it passes and appended as a description: a counted reject.
//!
//! A report is answered when it is judged ([`report`]): 200 or 422 with the receipt of its form, 202 with the place to
//! ask for it if that takes longer.
//!
//! Clerks bring their files to a page here, and log in as senders ([`clerk`]).
//!
//! Compressed bodies are refused: a limit in bytes would say nothing about what they unpack to. Nothing is parsed
//! here; `GET /ingest/receipt/<position>` tells later what became of an envelope.

mod body;
mod clerk;
mod counters;
mod gate;
mod login;
mod problem;
mod push;
mod receipt;
mod report;
pub mod serve;
mod settings;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
pub use counters::{HttpCounters, HttpCounts};
use ioc_model::position::LogNumber;
pub use receipt::{
    KnownReceipts, ReceiptFuture, ReceiptStatus, Receipts, ReceiptsUnavailable, RecordFuture, ReportFuture,
    ReportedChange, Sent,
};
use serde::{Deserialize, Serialize};
pub use serve::{ByTls, ServeLimits, serve, serve_by_tls};
pub use settings::{HTTP_BY_TLS, KIND};
use tokio::sync::watch;

use self::{clerk::Clerks, gate::Gate, problem::Problem};
use crate::{intake::Intake, routes::Routes, senders::Authenticator};

/// Bounds of HTTP push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpLimits {
    /// Requests in work at once.
    pub requests: usize,
    /// Requests of one sender in work at once.
    pub requests_per_sender: usize,
    /// Bytes of bodies held in memory at once, over all requests. No body may be larger.
    pub body_bytes: usize,
    /// A body over its feed's limit is hashed up to this many bytes, then cut off.
    pub drain_bytes: u64,
    /// Milliseconds without a byte after which a body is given up.
    pub idle_ms: u64,
    /// Milliseconds a whole body may take.
    pub body_ms: u64,
    /// Milliseconds to wait for the bus, or for room among the requests' bodies, before the answer is 503.
    pub bus_ms: u64,
    /// Milliseconds to wait for a report to be judged and committed, before the answer is 202.
    pub judged_ms: u64,
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits {
            requests: 256,
            requests_per_sender: 32,
            body_bytes: 64 << 20,
            drain_bytes: 256 << 20,
            idle_ms: 15_000,
            body_ms: 120_000,
            bus_ms: 20_000,
            judged_ms: 10_000,
        }
    }
}

/// What the routes of HTTP push work with.
#[derive(Debug)]
pub struct HttpPush {
    intake: Intake,
    authenticator: Arc<Authenticator>,
    routes: watch::Receiver<Arc<Routes>>,
    log: watch::Receiver<Option<LogNumber>>,
    receipts: KnownReceipts,
    limits: HttpLimits,
    gate: Gate,
    clerks: Clerks,
    counters: Arc<HttpCounters>,
}

impl HttpPush {
    /// HTTP push into that intake. `log` is the bus's number as soon as it is registered; without it a receipt could
    /// not name a position, so until then the answer is 503, as it is to questions before `receipts` are known.
    #[must_use]
    pub fn new(
        intake: Intake,
        authenticator: Arc<Authenticator>,
        routes: watch::Receiver<Arc<Routes>>,
        log: watch::Receiver<Option<LogNumber>>,
        receipts: KnownReceipts,
        limits: HttpLimits,
    ) -> HttpPush {
        let gate = Gate::new(&limits);
        HttpPush {
            intake,
            authenticator,
            routes,
            log,
            receipts,
            limits,
            gate,
            clerks: Clerks::default(),
            counters: Arc::default(),
        }
    }

    /// Its counters.
    #[must_use]
    pub fn counters(&self) -> &Arc<HttpCounters> {
        &self.counters
    }
}

/// The routes `POST /ingest/{feed}` and `GET /ingest/receipt/{position}`, and the page of clerks.
pub fn router(push: Arc<HttpPush>) -> Router {
    clerk::router()
        .route("/ingest/{feed}", post(push::push))
        .route("/ingest/receipt/{position}", get(receipt::receipt))
        .fallback(async || Problem::NothingHere)
        .with_state(push)
}

//! `GET /ingest/receipt/{position}`: what became of a pushed message.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use ioc_model::{
    envelope::Content,
    epoch::Epoch,
    form::{ObligationFilter, Period, ReceiptCursor, Value, Vintage},
    place::Date,
    position::Position,
    results::{self, RowStanding},
};
use serde::Serialize;
use tokio::sync::watch;

use super::{HttpPush, problem::Problem, report, serve::Came};

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// Durable, and not yet wholly accounted for.
    InFlight,
    /// Wholly accounted for in a committed epoch. Duplicates leave no trace of their own: rows of it that are in no
    /// figure were there already.
    Committed {
        /// The epoch.
        epoch: Epoch,
        /// Rows stored.
        stored: u64,
        /// Rows rejected; 1 for an envelope rejected whole.
        rejected: u64,
        /// Rows that wait for the word of an operator: they came so long after their moment.
        held: u64,
    },
}

/// The store cannot be asked now.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot be asked: {0}")]
pub struct ReceiptsUnavailable(pub String);

/// The answer to a look-up: none when no envelope has the position.
pub type ReceiptFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<ReceiptStatus>, ReceiptsUnavailable>> + Send + 'a>>;

/// The receipt of a report: none while it is not judged, or where the envelope is none.
pub type ReportFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<results::Receipt>, ReceiptsUnavailable>> + Send + 'a>>;

/// What is on record about reports.
pub type RecordFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReceiptsUnavailable>> + Send + 'a>>;

/// A cell that a report stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedChange {
    /// Where it stands in the report; empty where it was taken back by leaving it out.
    pub at: String,
    /// What is reported.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// Code of the unit it is about,
    pub place: String,
    /// and the first day of the validity of that version of it.
    pub place_from: Date,
    /// When.
    pub period: Period,
    /// How final it is.
    pub vintage: Vintage,
    /// What it says.
    pub value: Value,
    /// What the same agency had said of it in that vintage.
    pub was: Option<Value>,
    /// How it stands to that.
    pub standing: RowStanding,
    /// Whether it was shown when it was stored.
    pub shown: bool,
}

/// What a sender sent, untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The path it was pushed to, or the file's.
    pub address: String,
    /// What its bytes are.
    pub content: Content,
    /// They.
    pub payload: Bytes,
}

impl Sent {
    /// The name of the file it was; none where it came without one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self.address.starts_with("/ingest/") {
            true => None,
            false => self.address.rsplit('/').next(),
        }
    }
}

/// Knows what became of envelopes. The binary answers it from the bus and the store.
pub trait Receipts: Send + Sync + std::fmt::Debug {
    /// Looks a position up.
    fn lookup(&self, position: Position) -> ReceiptFuture<'_>;

    /// The receipt of the report at a position, of a committed epoch; waits so long for it.
    fn report(&self, position: Position, patience: Duration) -> ReportFuture<'_>;

    /// Receipts of one sender's reports, of committed epochs, the newest first, or those older than a place; at most so
    /// many.
    fn sent<'a>(
        &'a self,
        sender: &'a str,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> RecordFuture<'a, Vec<results::Receipt>>;

    /// What a report stored, in the order of its rows, at most so much.
    fn changes(&self, position: Position, limit: u32) -> RecordFuture<'_, Vec<ReportedChange>>;

    /// What agencies owe, what is open behind its deadline first, at most so much.
    fn owed<'a>(&'a self, of: &'a ObligationFilter, limit: u32)
    -> RecordFuture<'a, Vec<results::Obligation>>;

    /// What lies at a position; none where neither the log nor the archive has it.
    fn original(&self, position: Position) -> RecordFuture<'_, Option<Sent>>;
}

/// Who knows what became of envelopes, as soon as there is a store to ask.
pub type KnownReceipts = watch::Receiver<Option<Arc<dyn Receipts>>>;

#[derive(Serialize)]
struct Answer {
    position: String,
    #[serde(flatten)]
    status: ReceiptStatus,
}

pub(super) async fn receipt(
    State(push): State<Arc<HttpPush>>,
    Path(position): Path<String>,
    request: Request,
) -> Response {
    match push.became(&position, request.headers(), &Came::of(request.extensions())).await {
        Ok(Became::Envelope(answer)) => Json(answer).into_response(),
        Ok(Became::Report(receipt)) => report::looked_up(&receipt),
        Err(problem) => problem.into_response(),
    }
}

/// What a sender is told who asks.
enum Became {
    /// Of a message as such.
    Envelope(Answer),
    /// Of a report, all that its form says.
    Report(Box<results::Receipt>),
}

impl HttpPush {
    async fn became(&self, position: &str, headers: &HeaderMap, came: &Came) -> Result<Became, Problem> {
        let sender = self.sender_of(headers, came).await.map_err(Problem::of_login)?;
        let position: Position = position.parse().map_err(|_| Problem::InvalidPosition)?;
        let receipts = self.receipts.borrow().clone().ok_or(Problem::STARTING)?;
        let no_answer = |error: ReceiptsUnavailable| {
            tracing::warn!(%error, "a receipt cannot be looked up");
            Problem::NO_ANSWER
        };
        let status = receipts.lookup(position).await.map_err(no_answer)?.ok_or(Problem::UnknownPosition)?;
        if matches!(status, ReceiptStatus::Committed { .. })
            && let Some(receipt) = receipts.report(position, Duration::ZERO).await.map_err(no_answer)?
        {
            // What stands in a report is its sender's business.
            return match receipt.sender == *sender.name {
                true => Ok(Became::Report(Box::new(receipt))),
                false => Err(Problem::UnknownPosition),
            };
        }
        Ok(Became::Envelope(Answer { position: position.to_string(), status }))
    }
}

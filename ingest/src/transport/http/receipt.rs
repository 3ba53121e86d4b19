//! `GET /ingest/receipt/{position}`: what became of a pushed message.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use ioc_model::{epoch::Epoch, position::Position, results};
use serde::Serialize;
use tokio::sync::watch;

use super::{HttpPush, problem::Problem, report};

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

/// Knows what became of envelopes. The binary answers it from the bus and the store.
pub trait Receipts: Send + Sync + std::fmt::Debug {
    /// Looks a position up.
    fn lookup(&self, position: Position) -> ReceiptFuture<'_>;

    /// The receipt of the report at a position, of a committed epoch; waits so long for it.
    fn report(&self, position: Position, patience: Duration) -> ReportFuture<'_>;
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
    headers: HeaderMap,
) -> Response {
    match push.became(&position, &headers).await {
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
    async fn became(&self, position: &str, headers: &HeaderMap) -> Result<Became, Problem> {
        let sender = self.sender_of(headers).await.ok_or(Problem::Unauthenticated)?;
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

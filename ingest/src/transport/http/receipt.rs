//! `GET /ingest/receipt/{position}`: what became of a pushed message.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use ioc_model::{epoch::Epoch, position::Position};
use serde::Serialize;
use tokio::sync::watch;

use super::{HttpPush, problem::Problem};

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

/// Knows what became of envelopes. The binary answers it from the bus and the store.
pub trait Receipts: Send + Sync + std::fmt::Debug {
    /// Looks a position up.
    fn lookup(&self, position: Position) -> ReceiptFuture<'_>;
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
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl HttpPush {
    async fn became(&self, position: &str, headers: &HeaderMap) -> Result<Answer, Problem> {
        let _sender = self.sender_of(headers).await.ok_or(Problem::Unauthenticated)?;
        let position: Position = position.parse().map_err(|_| Problem::InvalidPosition)?;
        let receipts = self.receipts.borrow().clone().ok_or(Problem::STARTING)?;
        match receipts.lookup(position).await {
            Ok(Some(status)) => Ok(Answer { position: position.to_string(), status }),
            Ok(None) => Err(Problem::UnknownPosition),
            Err(error) => {
                tracing::warn!(%error, "a receipt cannot be looked up");
                Err(Problem::NO_ANSWER)
            }
        }
    }
}

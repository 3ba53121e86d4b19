//! What operators do on the page: appended like anything else that comes in, and answered when it is durable.

use std::{future::Future, pin::Pin, sync::Arc};

use ioc_model::position::Position;

/// An action's answer, which comes when the action is durable.
pub type Appending<'a> = Pin<Box<dyn Future<Output = Result<Position, NotAppended>> + Send + 'a>>;

/// Takes operators' actions.
pub trait Operator: Send + Sync + std::fmt::Debug {
    /// Appends an action that came to this path. Resolves when its bytes are on disk (invariant ACK).
    fn act<'a>(&'a self, address: &'a str, payload: &'a [u8]) -> Appending<'a>;
}

/// A shared operator's desk.
pub type SharedOperator = Arc<dyn Operator>;

/// Why an action was not taken. Whoever acted must be told so.
#[derive(Debug, thiserror::Error)]
pub enum NotAppended {
    /// The log has no room now; trying again later may help.
    #[error("the log is full")]
    Full,
    /// The log takes nothing more until somebody acts.
    #[error("the log takes nothing: {0}")]
    Down(String),
}

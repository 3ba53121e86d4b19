//! Waiting for a store that is away.

use std::time::Duration;

use crate::error::{Class, StoreError};

const AGAIN: Duration = Duration::from_secs(1);

/// Asks until the store answers. It may go away at any moment, also when it has answered before.
///
/// # Errors
/// If it refuses: that does not pass by itself (invariant LOUD).
pub async fn patiently<T, Asked>(what: &str, ask: impl Fn() -> Asked) -> Result<T, StoreError>
where
    Asked: Future<Output = Result<T, StoreError>>,
{
    loop {
        match ask().await {
            Err(error) if error.class() != Class::Refused => {
                tracing::warn!(%error, "cannot {what} yet: trying again");
                tokio::time::sleep(AGAIN).await;
            }
            answered => return answered,
        }
    }
}

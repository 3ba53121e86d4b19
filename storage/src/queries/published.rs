//! How far the store is.

use ioc_model::epoch::{Epoch, Generation};

use crate::{
    client::{Store, answer},
    error::StoreError,
};

impl Store {
    /// The last committed epoch of a generation, whoever committed it; none before the first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn published(&self, generation: Generation) -> Result<Option<Epoch>, StoreError> {
        let last = self
            .client()
            .query("SELECT last_epoch FROM committed WHERE generation = {generation:UInt32}")
            .param("generation", generation.0);
        let last: Option<u64> = answer("read the last committed epoch", last.fetch_optional()).await?;
        Ok(last.map(Epoch))
    }
}

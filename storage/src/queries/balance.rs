//! What became of all that came, and how far the store is.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Generation},
};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// A feed's totals since the beginning, and what does not add up.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct FeedBalance {
    /// Feed.
    pub feed: String,
    /// Envelopes received.
    pub envelopes_received: u64,
    /// Envelopes of which at least one row was read.
    pub envelopes_decoded: u64,
    /// Envelopes that carry nothing by design.
    pub envelopes_empty: u64,
    /// Envelopes of which no row could be read.
    pub envelopes_undecodable: u64,
    /// Rows read.
    pub rows_decoded: u64,
    /// Rows stored.
    pub rows_stored: u64,
    /// Rows that were there already.
    pub rows_duplicate: u64,
    /// Rows that broke the contract.
    pub rows_rejected: u64,
    /// Rows waiting for their day to be read back.
    pub rows_waiting: i64,
    /// Rows waiting for an operator's word.
    pub rows_held: i64,
    /// Envelopes nobody accounted for; 0 as long as nothing is lost or doubled.
    pub envelopes_astray: i64,
    /// Rows nobody accounted for; 0 as long as nothing is lost or doubled.
    pub rows_astray: i64,
}

impl Store {
    /// Every feed's totals, by feed.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn feed_balance(
        &self,
        asker: &Asker,
        generation: Generation,
    ) -> Result<Vec<FeedBalance>, StoreError> {
        let balance = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT toString(b.feed) AS feed, envelopes_received, envelopes_decoded, envelopes_empty, \
                 envelopes_undecodable, rows_decoded, rows_stored, rows_duplicate, rows_rejected, rows_waiting, \
                 rows_held, envelopes_astray, rows_astray \
                 FROM feed_balance AS b WHERE generation = {{generation:UInt32}}{} ORDER BY feed",
                    seen.feed("b.feed")
                )
            })
            .param("generation", generation.0);
        answer("read the balance", balance.fetch_all()).await
    }

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

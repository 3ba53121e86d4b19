//! Parts that ClickHouse could not read any more, and what is missing without them (invariants ONCE, LOUD).
//!
//! At its start ClickHouse looks at the checksums and sizes of every part, sets those aside that are broken, and goes on
//! with the others as if nothing had been. A failing disk is enough. Our tokens and counts would never notice: the epochs are committed. But
//! a commit says how many rows of each table are its own, so what is missing can be counted, and named by epoch.
//!
//! What is missing from an epoch on is made again by taking back the commits from there on: then the store is like one
//! that was restored from an older backup, readers see only what is whole, and the flow replays what the record reaches.
//! That is less than a minute; beyond, what is missing can only be told.
//!
//! Tables with replicas are left alone: a replica fetches what it lost from another one.

use std::{collections::HashSet, pin::pin, time::Duration};

use clickhouse::Row;
use ioc_model::{
    epoch::{Epoch, Generation},
    results::Facts,
};
use serde::Deserialize;

use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// Epochs counted together when a loss is looked for: one group for each would not fit into memory after a year.
const TOGETHER: u64 = 10_000;
/// Where commits lie.
pub const COMMITS: &str = "epoch";
/// Counting a table of years takes minutes: it is said so often that it goes on.
const STILL_COUNTING: Duration = Duration::from_secs(10);
/// The user may not read that.
const ACCESS_DENIED: u32 = 497;

/// A part that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Row, Deserialize)]
pub struct BrokenPart {
    /// Its table.
    pub table: String,
    /// The name it has among the detached ones.
    pub name: String,
}

impl std::fmt::Display for BrokenPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.table, self.name)
    }
}

/// The parts, one behind the other.
#[must_use]
pub fn listed(parts: &[BrokenPart]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A table does not hold what was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableLoss {
    /// The table.
    pub table: &'static str,
    /// The first epoch that is not whole.
    pub from: Epoch,
    /// Rows committed in that epoch.
    pub committed: u64,
    /// Rows of it that are there. More than committed: it is the commit that is missing.
    pub held: u64,
}

impl std::fmt::Display for TableLoss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TableLoss { table, from, committed, held } = self;
        if held > committed {
            return write!(f, "the commit of epoch {from} is gone, table {table} holds {held} rows of it");
        }
        write!(f, "table {table} holds {held} of {committed} rows committed in epoch {from}")
    }
}

/// A group of epochs.
#[derive(Clone, Copy, Row, Deserialize)]
struct Differs {
    number: u64,
    committed: u64,
    held: u64,
}

impl Store {
    /// The parts of the product's tables that were set aside as broken and are still there, in order. None if the user
    /// may not ask, which is so on a server of the operator's own that does not allow it.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn broken_parts(&self) -> Result<Option<Vec<BrokenPart>>, StoreError> {
        let tables: Vec<&str> = Facts::TABLES.iter().map(|table| table.name).chain([COMMITS]).collect();
        let parts = self
            .client()
            .query(
                "SELECT table, name FROM system.detached_parts \
                 WHERE database = {database:String} AND startsWith(name, 'broken') AND table IN (\
                     SELECT name FROM system.tables WHERE database = {database:String} \
                     AND name IN {tables:Array(String)} AND NOT startsWith(engine, 'Replicated')\
                 ) ORDER BY table, name",
            )
            .param("database", self.database())
            .param("tables", tables);
        match answer("look for broken parts", parts.fetch_all()).await {
            Err(error) if error.code() == Some(ACCESS_DENIED) => Ok(None),
            parts => parts.map(Some),
        }
    }

    /// The first loss of each table among the committed epochs behind one, up to another. Reads a column of every row:
    /// minutes where years are stored.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn losses(
        &self,
        generation: Generation,
        behind: Epoch,
        upto: Epoch,
    ) -> Result<Vec<TableLoss>, StoreError> {
        let mut losses = Vec::new();
        let first = behind.next().0;
        for table in Facts::TABLES.iter().map(|table| table.name) {
            let Some(part) = self.differs(table, generation, (first, upto.0), TOGETHER).await? else {
                continue;
            };
            let span = (first.max(part.number * TOGETHER), upto.0.min((part.number + 1) * TOGETHER - 1));
            if let Some(Differs { number, committed, held }) =
                self.differs(table, generation, span, 1).await?
            {
                losses.push(TableLoss { table, from: Epoch(number), committed, held });
            }
        }
        Ok(losses)
    }

    /// The first so many epochs, of those from one to another, that hold other than what was committed.
    async fn differs(
        &self,
        table: &str,
        generation: Generation,
        (from, to): (u64, u64),
        together: u64,
    ) -> Result<Option<Differs>, StoreError> {
        // Beside the sums those of a number that differs by epoch: else a lost commit of one and lost rows of another
        // would make up for each other.
        let question = format!(
            "SELECT intDiv(epoch_number, {{together:UInt64}}) AS number, \
                 sum(rows_committed) AS committed, sum(rows_held) AS held \
             FROM (\
                 SELECT epoch.epoch AS epoch_number, stored[{{table:String}}] AS rows_committed, 0 AS rows_held FROM {COMMITS} \
                 WHERE generation = {{generation:UInt32}} AND epoch.epoch BETWEEN {{from:UInt64}} AND {{to:UInt64}} \
                 UNION ALL \
                 SELECT epoch AS epoch_number, 0 AS rows_committed, toUInt64(1) AS rows_held FROM {table} \
                 WHERE generation = {{generation:UInt32}} AND epoch BETWEEN {{from:UInt64}} AND {{to:UInt64}}\
             ) GROUP BY number HAVING committed != held \
                 OR sum(rows_committed * cityHash64(epoch_number)) != sum(rows_held * cityHash64(epoch_number)) \
             ORDER BY number LIMIT 1",
        );
        let differs = self
            .client()
            .query(&question)
            .param("table", table)
            .param("together", together)
            .param("generation", generation.0)
            .param("from", from)
            .param("to", to)
            .fetch_optional();
        let doing = format!("count what is held in {table}");
        // A server that has gone away ends the connection; one that counts is waited for.
        let mut differs = pin!(differs);
        loop {
            match tokio::time::timeout(STILL_COUNTING, &mut differs).await {
                Ok(found) => return found.map_err(|cause| StoreError::ClickHouse { doing, cause }),
                Err(_) => tracing::info!(table, from, to, "still counting what is held"),
            }
        }
    }

    /// Those of some epochs, given in order, that have no commit.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn not_committed(
        &self,
        generation: Generation,
        epochs: &[Epoch],
    ) -> Result<Vec<Epoch>, StoreError> {
        let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return Ok(Vec::new()) };
        let committed = self
            .client()
            .query(
                "SELECT DISTINCT epoch.epoch FROM epoch WHERE generation = {generation:UInt32} \
                 AND epoch.epoch BETWEEN {first:UInt64} AND {last:UInt64}",
            )
            .param("generation", generation.0)
            .param("first", first.0)
            .param("last", last.0)
            .fetch_all::<u64>();
        let committed = answer("read which epochs are committed", committed).await?;
        let committed: HashSet<u64> = committed.into_iter().collect();
        Ok(epochs.iter().copied().filter(|epoch| !committed.contains(&epoch.0)).collect())
    }

    /// Takes the commits behind an epoch back: their rows are not published until they are committed again.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn take_back_commits(&self, generation: Generation, behind: Epoch) -> Result<(), StoreError> {
        let take_back = self
            .client()
            .query(
                "ALTER TABLE epoch DELETE WHERE generation = {generation:UInt32} \
                 AND epoch.epoch > {behind:UInt64} SETTINGS mutations_sync = 2",
            )
            .param("generation", generation.0)
            .param("behind", behind.0);
        answer("take commits back", take_back.execute()).await?;
        // Rows that are made again are as they were first stored.
        let unmark = self
            .client()
            .query("ALTER TABLE marked DELETE WHERE upto > {behind:UInt64} SETTINGS mutations_sync = 2")
            .param("behind", behind.0);
        answer("take marks back", unmark.execute()).await
    }
}

//! The requests of a delivery: one insert, and what is held and running.

use std::time::{Duration, Instant};

use ioc_model::epoch::{Epoch, Generation};
use uuid::Uuid;

use super::attempt::Parcel;
use crate::{
    Store, StoreError,
    client::{answer, one},
};

const SEND_WITHIN: Duration = Duration::from_secs(30);
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(180);
const STILL_RUNNING_PAUSE: Duration = Duration::from_millis(200);
const SAY_AGAIN: Duration = Duration::from_secs(10);

impl Store {
    /// One attempt: resolves when ClickHouse has the rows on disk, or knows the token.
    pub(super) async fn send(&self, parcel: &Parcel, token: Option<&str>) -> Result<(), StoreError> {
        let query_id = format!("{}{}", parcel.query_prefix, Uuid::new_v4().simple());
        let mut insert = self
            .client()
            .insert_formatted_with(parcel.statement.as_str())
            .with_timeouts(Some(SEND_WITHIN), Some(ACKNOWLEDGE_WITHIN))
            .with_setting("query_id", query_id)
            .with_setting("async_insert", "0")
            .with_setting("wait_end_of_query", "1")
            .with_setting("date_time_input_format", "best_effort")
            // A record batch is a block is a part: nothing may gather or split it.
            .with_setting("min_insert_block_size_rows", "0")
            .with_setting("min_insert_block_size_bytes", "0");
        insert = match token {
            Some(token) => insert
                .with_setting("insert_deduplicate", "1")
                .with_setting("insert_deduplication_token", token),
            // Without a token ClickHouse would still recognise the same rows: the control switches that off, too.
            None => insert.with_setting("deduplicate_insert", "disable"),
        };
        let bytes = parcel.bytes.clone();
        let sent = async move {
            insert.send(bytes).await?;
            insert.end().await
        };
        sent.await
            .map_err(|cause| StoreError::ClickHouse { doing: format!("insert into {}", parcel.table), cause })
    }

    /// Waits until the server runs no insert of this parcel's epoch and table any more: one whose answer was lost
    /// may still be at work, and would add rows after they were counted.
    pub(super) async fn no_insert_running(&self, parcel: &Parcel) -> Result<(), StoreError> {
        let mut said = Instant::now();
        loop {
            let running = self
                .client()
                .query("SELECT count() FROM system.processes WHERE startsWith(query_id, {prefix:String})")
                .param("prefix", &parcel.query_prefix);
            let running: u64 = answer("look for running inserts", one(running)).await?;
            if running == 0 {
                return Ok(());
            }
            if said.elapsed() > SAY_AGAIN {
                said = Instant::now();
                tracing::warn!(
                    table = parcel.table,
                    epoch = parcel.epoch.0,
                    "waiting for an insert that clickhouse still works on"
                );
            }
            tokio::time::sleep(STILL_RUNNING_PAUSE).await;
        }
    }

    /// How many rows of a block are there.
    pub(super) async fn held_rows(
        &self,
        table: &str,
        time_column: &str,
        month: u32,
        generation: Generation,
        epoch: Epoch,
        chunk: u16,
    ) -> Result<u64, StoreError> {
        let question = format!(
            "SELECT count() FROM {table} WHERE toYYYYMM({time_column}) = {{month:UInt32}} \
             AND generation = {{generation:UInt32}} AND epoch = {{epoch:UInt64}} AND chunk = {{chunk:UInt16}}"
        );
        let held = self
            .client()
            .query(&question)
            .param("month", month)
            .param("generation", generation.0)
            .param("epoch", epoch.0)
            .param("chunk", chunk);
        answer(&format!("count the rows held in {table}"), one(held)).await
    }
}

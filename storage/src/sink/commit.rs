//! The commit: one row in `epoch`, the moment from which readers may see what the epoch stored.

use clickhouse::Row;
use ioc_model::{counts::Counts, instance::InstanceId, results::EpochResults};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Sink, SinkHalt,
    attempt::{Attempts, Parcel},
};
use crate::{
    StoreError, blocks,
    client::answer,
    failpoint::{self, reached},
    identity::hash_text,
};

#[derive(Row, Deserialize)]
struct Held {
    manifest_hash: String,
}

impl Sink {
    /// Whether an earlier process committed the epoch, all of whose rows are then there.
    pub(super) async fn is_committed(&self, results: &EpochResults) -> Result<bool, SinkHalt> {
        let parcel = self.commit_parcel(results);
        let mut attempts = Attempts::default();
        let held = loop {
            match self.held_commits(results).await {
                Ok(held) => break held,
                Err(error) => self.pause_or_halt(&parcel, error, &mut attempts).await?,
            }
        };
        let expected = hash_text(&results.manifest_hash);
        if held.iter().any(|held| held.manifest_hash != expected) {
            return Err(SinkHalt::Parted { epoch: results.epoch, generation: results.generation });
        }
        if held.len() > 1 {
            return Err(SinkHalt::Astray {
                epoch: results.epoch,
                table: parcel.table,
                token: parcel.token,
                held: held.len() as u64,
                rows: 1,
            });
        }
        Ok(!held.is_empty())
    }

    pub(super) async fn commit(&self, results: &EpochResults, recovering: bool) -> Result<(), SinkHalt> {
        let parcel = self.commit_parcel(results);
        let held = || async { Ok(self.held_commits(results).await?.len() as u64) };
        self.deliver(&parcel, held, recovering).await?;
        reached(failpoint::AFTER_COMMIT, results.epoch).await;
        self.status.send_modify(|status| status.last_committed = Some(results.epoch));
        Ok(())
    }

    async fn held_commits(&self, results: &EpochResults) -> Result<Vec<Held>, StoreError> {
        let held = self
            .store
            .client()
            .query(
                "SELECT manifest_hash FROM epoch \
                 WHERE generation = {generation:UInt32} AND epoch.epoch = {epoch:UInt64}",
            )
            .param("generation", results.generation.0)
            .param("epoch", results.epoch.0);
        answer("look for the epoch's commit", held.fetch_all()).await
    }

    fn commit_parcel(&self, results: &EpochResults) -> Parcel {
        let instance = self.config.instance;
        Parcel {
            table: "epoch",
            statement: "INSERT INTO epoch FORMAT JSONEachRow".to_owned(),
            rows: 1,
            token: blocks::token(instance, results.generation, results.epoch, "epoch", "commit"),
            bytes: commit_row(instance, results).to_string().into(),
            epoch: results.epoch,
            query_prefix: self.query_prefix(results.generation, results.epoch, "epoch"),
        }
    }
}

/// One row is not worth a columnar body.
fn commit_row(instance: InstanceId, results: &EpochResults) -> Value {
    let counted = &results.facts.feed_minutes;
    let column = |count: fn(&Counts) -> u64| -> Value {
        counted.iter().map(|of_feed| Value::from(count(&of_feed.counts))).collect()
    };
    let stored = results.facts.counted().filter(|(_, rows)| *rows > 0);
    let stored: Map<String, Value> =
        stored.map(|(table, rows)| (table.name.to_owned(), rows.into())).collect();
    let mut row = Map::new();
    let mut set = |name: &str, value: Value| {
        let _ = row.insert(name.to_owned(), value);
    };
    set("instance", instance.to_string().into());
    set("generation", results.generation.0.into());
    set("epoch", results.epoch.0.into());
    set("manifest_hash", hash_text(&results.manifest_hash).into());
    set("now", results.now.rfc3339().into());
    set("pack", results.pack.0.as_str().into());
    set("stored", stored.into());
    set("counts.feed", counted.iter().map(|of_feed| Value::from(&*of_feed.feed)).collect());
    set("counts.received", column(|counts| counts.received));
    set("counts.decoded", column(|counts| counts.decoded));
    set("counts.empty", column(|counts| counts.empty));
    set("counts.undecodable", column(|counts| counts.undecodable));
    set("counts.rows", column(|counts| counts.rows));
    set("counts.stored", column(|counts| counts.stored));
    set("counts.duplicate", column(|counts| counts.duplicate));
    set("counts.rejected", column(|counts| counts.rejected));
    set("counts.waiting", counted.iter().map(|of_feed| Value::from(of_feed.counts.waiting)).collect());
    set("counts.held", counted.iter().map(|of_feed| Value::from(of_feed.counts.held)).collect());
    set("counts.datagrams_dropped", column(|counts| counts.datagrams_dropped));
    set("counts.records_lost", column(|counts| counts.records_lost));
    set("counts.envelopes_reread", column(|counts| counts.envelopes_reread));
    set("counts.rows_reread", column(|counts| counts.rows_reread));
    let last_received = |counts: &Counts| counts.last_received.map_or(0, |moment| moment.0);
    set(
        "counts.last_received_ms",
        counted.iter().map(|of_feed| Value::from(last_received(&of_feed.counts))).collect(),
    );
    Value::Object(row)
}

//! Tables that are laid anew: the same rows under another partition key and with other marks, which no `ALTER` can do.
//!
//! Their rows are copied into a table beside them, a partition at a time, and the two change names. Whoever is killed
//! before that copies again from the beginning, whoever is killed behind it only drops what is left over: which of both
//! holds, the table itself says by its partition key. Rows keep their epochs and blocks, so that a commit, the search for
//! losses and a block that was sent and not answered find them as before. Nobody else writes meanwhile: the database was
//! found to be this instance's, and its tables are brought up to date before the first epoch of a start. A marking that
//! was cut off is not recorded, and is done again on the table that is there then.
//!
//! On a cluster every replica must have all rows of the copy before the names change, and none may be left behind: where
//! they lie differently, somebody has to look first.

use std::time::Duration;

use super::Topology;
use crate::{
    client::{Store, answer, answer_within, one},
    error::StoreError,
};

/// How long a partition may take to be copied.
const COPIED_WITHIN: Duration = Duration::from_secs(4 * 3_600);

/// One of them. The migration's file makes the table `…_anew` and nothing else.
#[derive(Debug)]
pub(super) struct LaidAnew {
    /// The migration that does it.
    pub(super) migration: u32,
    pub(super) table: &'static str,
    /// What it is divided by from then on, as ClickHouse writes it.
    pub(super) partition_key: &'static str,
}

/// All of them.
pub(super) const LAID_ANEW: &[LaidAnew] =
    &[LaidAnew { migration: 37, table: "report_value", partition_key: "toYear(period_start)" }];

impl LaidAnew {
    /// That of a migration.
    pub(super) fn of(migration: u32) -> Option<&'static LaidAnew> {
        LAID_ANEW.iter().find(|it| it.migration == migration)
    }

    /// What follows the migration's own statements where they are run by hand.
    pub(super) fn by_hand(&self) -> [String; 3] {
        [self.copy(""), self.exchange(), self.drop()]
    }

    fn copy(&self, which: &str) -> String {
        let table = self.table;
        format!("INSERT INTO {table}_anew SETTINGS insert_deduplicate = 0 SELECT * FROM {table}{which}")
    }

    fn exchange(&self) -> String {
        format!("EXCHANGE TABLES {table} AND {table}_anew {{on_cluster}}", table = self.table)
    }

    /// However large it is: what it holds is in the table that has its name.
    fn drop(&self) -> String {
        format!(
            "DROP TABLE IF EXISTS {}_anew {{on_cluster}} SYNC SETTINGS max_table_size_to_drop = 0",
            self.table
        )
    }
}

impl Store {
    /// Copies a table into one that `create` makes beside it, and gives that its name; nothing where it lies as it shall.
    pub(super) async fn lay_anew(
        &self,
        of: &LaidAnew,
        create: Vec<String>,
        topology: &Topology,
    ) -> Result<(), StoreError> {
        let LaidAnew { table, partition_key, .. } = of;
        let keys = self.partition_keys(table, topology).await?;
        if keys.len() > 1 {
            return Err(StoreError::Unfit(format!(
                "table {table} lies by {} on the replicas of the cluster: its copy changed names on some of them only. On \
                 those where it is not by {partition_key}, run EXCHANGE TABLES {table} AND {table}_anew, and start again",
                keys.join(" and by ")
            )));
        }
        // What an attempt left over: of its copy, or of the table as it lay before.
        self.run("drop a table that was copied", topology.fill(&of.drop())?).await?;
        if keys.iter().all(|key| key == partition_key) {
            return Ok(());
        }
        let doing = format!("copy table {table}");
        self.run_all(&doing, create, topology).await?;
        if let Topology::Cluster(_) = topology {
            // What another replica took is read here, too.
            self.run_long(&doing, format!("SYSTEM SYNC REPLICA {table}")).await?;
        }
        let parts = format!("SELECT DISTINCT toInt64({partition_key}) AS part FROM {table} ORDER BY part");
        let parts: Vec<i64> = answer(&doing, self.client().query(&parts).fetch_all()).await?;
        for (done, part) in parts.iter().enumerate() {
            self.run_long(&doing, of.copy(&format!(" WHERE {partition_key} = {part}"))).await?;
            tracing::info!(
                table,
                part,
                of = parts.len(),
                done = done + 1,
                "copying a table that is laid anew"
            );
        }
        let (before, copied) = (self.rows_of(table).await?, self.rows_of(&format!("{table}_anew")).await?);
        if before != copied {
            return Err(StoreError::Unfit(format!(
                "table {table} has {before} rows and its copy {copied}: something else writes into it; start again when \
                 nothing does"
            )));
        }
        if let Topology::Cluster(name) = topology {
            self.run_long(&doing, format!("SYSTEM SYNC REPLICA ON CLUSTER {name} {table}_anew")).await?;
        }
        self.run(&format!("give the copy of {table} its name"), topology.fill(&of.exchange())?).await?;
        tracing::info!(table, rows = copied, by = partition_key, "table laid anew");
        self.run_long(&format!("drop table {table} as it lay before"), topology.fill(&of.drop())?).await
    }

    /// What a table is divided by, on every replica: mostly one text.
    async fn partition_keys(&self, table: &str, topology: &Topology) -> Result<Vec<String>, StoreError> {
        let tables = match topology {
            Topology::Single => "system.tables".to_owned(),
            Topology::Cluster(name) => format!("clusterAllReplicas({name}, system.tables)"),
        };
        let keys = self
            .client()
            .query(&format!(
                "SELECT DISTINCT partition_key FROM {tables} WHERE database = {{database:String}} \
                 AND name = {{table:String}} ORDER BY partition_key"
            ))
            .param("database", self.database())
            .param("table", table);
        answer("look at how a table is laid", keys.fetch_all()).await
    }

    async fn run_long(&self, doing: &str, sql: String) -> Result<(), StoreError> {
        answer_within(COPIED_WITHIN, doing, self.client().query_raw(&sql).execute()).await
    }

    async fn rows_of(&self, table: &str) -> Result<u64, StoreError> {
        let rows = self.client().query(&format!("SELECT count() FROM {table}"));
        answer(&format!("count the rows of table {table}"), one(rows)).await
    }
}

//! Tables, views, and how they come to be.
//!
//! Migrations are numbered SQL files that only add: each statement can be run again, each file is recorded in the
//! table `migration` once all of it ran, so a start that was killed half way goes on where it must. Engine names are
//! filled in: one file serves a single machine and a cluster of replicas. A table that must lie otherwise is copied
//! ([`laid_anew`]).
//!
//! Views of facts that are said anew are rendered ([`views`]), as are those with local times; the newest migration makes
//! them. Local times and today's map are of the zone of the pack, and columns of views carry their comments: both are seen to
//! once the pack is published ([`Store::finish_views`]).

mod comments;
mod laid_anew;
mod said_anew;
mod views;

pub(crate) use self::{
    said_anew::{SAID_ANEW, SaidAnew, WORD_HASH},
    views::{COMMITTED, DIFFERENT_ONES, RECEIPTS_READ_AGAIN},
};
use futures_util::{TryStreamExt, stream};
use laid_anew::LaidAnew;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer, is_identifier, one},
    error::StoreError,
};

/// Where the tables live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topology {
    /// One server: `MergeTree`.
    #[default]
    Single,
    /// A cluster of that name: `ReplicatedMergeTree` under the server's default replica path, `ON CLUSTER`.
    Cluster(String),
}

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "facts", sql: include_str!("0001_facts.sql") },
    Migration { number: 2, name: "dimensions", sql: include_str!("0002_dimensions.sql") },
    Migration { number: 3, name: "views", sql: include_str!("0003_views.sql") },
    Migration { number: 4, name: "derived", sql: include_str!("0004_derived.sql") },
    Migration { number: 5, name: "reference", sql: include_str!("0005_reference.sql") },
    Migration { number: 6, name: "archive", sql: include_str!("0006_archive.sql") },
    Migration { number: 7, name: "analysts", sql: include_str!("0007_analysts.sql") },
    Migration { number: 8, name: "codecs", sql: include_str!("0008_codecs.sql") },
    Migration { number: 9, name: "facts once", sql: include_str!("0009_facts_once.sql") },
    Migration { number: 10, name: "current", sql: include_str!("0010_current.sql") },
    Migration { number: 11, name: "local times", sql: include_str!("0011_local_times.sql") },
    Migration { number: 12, name: "silent wrongs", sql: include_str!("0012_silent_wrongs.sql") },
    Migration { number: 13, name: "held", sql: include_str!("0013_held.sql") },
    Migration { number: 14, name: "figures", sql: include_str!("0014_figures.sql") },
    Migration { number: 15, name: "events", sql: include_str!("0015_events.sql") },
    Migration { number: 16, name: "measures", sql: include_str!("0016_measures.sql") },
    Migration { number: 17, name: "detection", sql: include_str!("0017_detection.sql") },
    Migration { number: 18, name: "figures aged", sql: include_str!("0018_figures_aged.sql") },
    Migration { number: 19, name: "unusual", sql: include_str!("0019_unusual.sql") },
    Migration { number: 20, name: "figure hours", sql: include_str!("0020_figure_hours.sql") },
    Migration { number: 21, name: "reports", sql: include_str!("0021_reports.sql") },
    Migration { number: 22, name: "datagrams", sql: include_str!("0022_datagrams.sql") },
    Migration { number: 23, name: "replay", sql: include_str!("0023_replay.sql") },
    Migration { number: 24, name: "school rounds", sql: include_str!("0024_school_rounds.sql") },
    Migration { number: 26, name: "targets", sql: include_str!("0026_targets.sql") },
    Migration { number: 27, name: "sensors", sql: include_str!("0027_sensors.sql") },
    Migration { number: 28, name: "registers", sql: include_str!("0028_registers.sql") },
    Migration { number: 29, name: "groups", sql: include_str!("0029_groups.sql") },
    Migration { number: 30, name: "security figures", sql: include_str!("0030_security_figures.sql") },
    Migration { number: 31, name: "replaced", sql: include_str!("0031_replaced.sql") },
    Migration { number: 32, name: "obligations", sql: include_str!("0032_obligations.sql") },
    Migration { number: 33, name: "maps", sql: include_str!("0033_maps.sql") },
    Migration { number: 36, name: "security", sql: include_str!("0036_security.sql") },
    Migration { number: 37, name: "reports by year", sql: include_str!("0037_reports_by_year.sql") },
    Migration { number: 38, name: "reread reports", sql: include_str!("0038_reread_reports.sql") },
    Migration { number: 39, name: "todays map", sql: include_str!("0039_todays_map.sql") },
    Migration {
        number: 40,
        name: "agencies of log sources",
        sql: include_str!("0040_agencies_of_log_sources.sql"),
    },
    Migration { number: 42, name: "undated events", sql: include_str!("0042_undated_events.sql") },
    Migration { number: 43, name: "records lost", sql: include_str!("0043_records_lost.sql") },
    Migration { number: 46, name: "counters", sql: include_str!("0046_counters.sql") },
    Migration { number: 47, name: "clocks", sql: include_str!("0047_clocks.sql") },
];

const MIGRATION_TABLE: &str = "
CREATE TABLE IF NOT EXISTS migration {on_cluster}
(
    number UInt32 COMMENT 'Number of the migration',
    name String COMMENT 'What it is about',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When all of it had run'
)
ENGINE = {engine}
ORDER BY number
SETTINGS {safety}
COMMENT 'Changes of the tables that were made'";

/// A correction of a value that was older than this is told in `late_correction`: closed, judged and reported long ago.
const LATE_CORRECTION_DAYS: &str = "30";

/// How many of the last inserts' tokens a table remembers.
pub const DEDUPLICATION_WINDOW: u64 = 10_000;

impl std::fmt::Display for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Topology::Single => f.write_str("for a single server"),
            Topology::Cluster(name) => write!(f, "for the cluster '{name}'"),
        }
    }
}

impl Topology {
    pub(crate) fn fill(&self, sql: &str) -> Result<String, StoreError> {
        let (engine, on_cluster) = match self {
            Topology::Single => ("MergeTree", String::new()),
            Topology::Cluster(name) if is_identifier(name) => {
                ("ReplicatedMergeTree", format!("ON CLUSTER {name}"))
            }
            Topology::Cluster(name) => {
                return Err(StoreError::Configuration(format!(
                    "ClickHouse cluster '{name}' must be letters, digits and _, starting with a letter"
                )));
            }
        };
        // The window a table does not use costs nothing; named in both kinds, a changed engine keeps it.
        let safety = format!(
            "non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}, \
             replicated_deduplication_window = {DEDUPLICATION_WINDOW}, \
             fsync_after_insert = 1, fsync_part_directory = 1"
        );
        let filled = [
            ("{on_cluster}", &*on_cluster),
            ("{engine}", engine),
            ("{safety}", &safety),
            ("{committed}", COMMITTED),
            ("{late_correction_days}", LATE_CORRECTION_DAYS),
        ];
        Ok(filled.iter().fold(sql.to_owned(), |sql, (placeholder, text)| sql.replace(placeholder, text)))
    }
}

/// Views whose columns get their words side by side: most of the time is the server's waiting for its disk.
const COMMENTED_AT_ONCE: usize = 4;

/// What local times are shown in until there is a pack.
const NO_ZONE: &str = "UTC";

/// All statements [`Store::migrate`] runs on an empty database, in order: for operators who must run them by hand. A
/// start makes some views again once there is a pack, and gives the columns of views their comments.
///
/// # Errors
/// If the cluster's name is not an identifier.
pub fn script(topology: &Topology) -> Result<Vec<String>, StoreError> {
    std::iter::once(MIGRATION_TABLE.trim().to_owned())
        .chain(MIGRATIONS.iter().flat_map(|migration| {
            let by_hand = LaidAnew::of(migration.number).into_iter().flat_map(LaidAnew::by_hand);
            statements(migration.sql).chain(by_hand)
        }))
        .chain(views::statements(NO_ZONE))
        .map(|statement| topology.fill(&statement))
        .collect()
}

/// The statements of a file: they end with `;` at the end of a line.
fn statements(sql: &str) -> impl Iterator<Item = String> {
    sql.split(";\n").filter_map(|statement| {
        let lines: Vec<&str> =
            statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let text = lines.join("\n").trim().to_owned();
        (!text.is_empty()).then_some(text)
    })
}

impl Store {
    /// Creates the database and brings its tables up to date; views that are made show local times in `zone` (IANA), the
    /// pack's that will be published, so that they need not be made twice. Can be run at any time; returns the numbers of
    /// the migrations that ran now.
    ///
    /// # Errors
    /// If ClickHouse refuses, or a newer program has been here.
    pub async fn migrate(&self, topology: &Topology, zone: &str) -> Result<Vec<u32>, StoreError> {
        self.create_database(topology).await?;
        self.run("create table migration", topology.fill(MIGRATION_TABLE)?).await?;

        let applied: Vec<u32> = answer(
            "read table migration",
            self.client().query("SELECT DISTINCT number FROM migration").fetch_all(),
        )
        .await?;
        if let Some(unknown) = applied.iter().find(|number| MIGRATIONS.iter().all(|m| m.number != **number)) {
            return Err(StoreError::Unfit(format!(
                "database '{}' has migration {unknown}, which this program does not know: a newer one has been \
                 here, use that",
                self.database()
            )));
        }
        let mut now_applied = Vec::new();
        let newest = MIGRATIONS.last().map(|newest| newest.number);
        for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.number)) {
            // Lists: the iterators that make them are large, and a future holds them.
            let own: Vec<String> = statements(migration.sql).collect();
            let views: Vec<String> = match Some(migration.number) == newest {
                true => views::statements(zone).collect(),
                false => Vec::new(),
            };
            let doing = format!("run migration {} ({})", migration.number, migration.name);
            match LaidAnew::of(migration.number) {
                Some(of) => self.lay_anew(of, own, topology).await?,
                None => self.run_all(&doing, own, topology).await?,
            }
            self.run_all(&doing, views, topology).await?;
            let record = self
                .client()
                .query("INSERT INTO migration (number, name) VALUES ({number:UInt32}, {name:String})")
                .param("number", migration.number)
                .param("name", migration.name);
            answer("record a migration", record.execute()).await?;
            tracing::info!(number = migration.number, name = migration.name, "clickhouse migration applied");
            now_applied.push(migration.number);
        }
        Ok(now_applied)
    }

    /// Sees to it that local times and today's map are those of the zone of the current pack, and that every column of a view says what
    /// it is. Does nothing where that is so.
    ///
    /// # Errors
    /// If ClickHouse refuses.
    pub async fn finish_views(&self, topology: &Topology) -> Result<(), StoreError> {
        let zone = self.client().query("SELECT toString(argMax(timezone, published_at)) FROM pack");
        let zone: String = answer("read the zone of the pack", one(zone)).await?;
        let zone = Some(zone.as_str()).filter(|zone| !zone.is_empty()).unwrap_or(NO_ZONE);
        let elsewhere = self
            .client()
            .query(
                "SELECT count() FROM system.columns WHERE database = currentDatabase() AND startsWith(name, 'local_') \
                 AND position(type, 'DateTime') > 0 AND position(type, concat('(\\'', {zone:String}, '\\')')) = 0",
            )
            .param("zone", zone);
        let elsewhere: u64 = answer("look at the zone of local times", one(elsewhere)).await?;
        if elsewhere > 0 {
            for statement in views::in_zone(zone) {
                let doing = format!("show local times and today's map in {zone}");
                answer(&doing, self.client().query_raw(&topology.fill(&statement)?).execute()).await?;
            }
        }
        let columns = self.client().query(
            "SELECT table, name, comment, CAST(table IN (SELECT name FROM system.tables WHERE \
             database = currentDatabase() AND engine = 'View') AS Bool) AS of_view FROM system.columns WHERE database = currentDatabase() ORDER BY table, position",
        );
        let columns: Vec<comments::Column> =
            answer("read the comments of columns", columns.fetch_all()).await?;
        let doing = "say what the columns of views are";
        // Each is of another view.
        stream::iter(comments::statements(&columns).into_iter().map(Ok))
            .try_for_each_concurrent(COMMENTED_AT_ONCE, |statement| async move {
                self.run(doing, topology.fill(&statement)?).await
            })
            .await
    }

    async fn run_all(
        &self,
        doing: &str,
        statements: Vec<String>,
        topology: &Topology,
    ) -> Result<(), StoreError> {
        for statement in statements {
            self.run(doing, topology.fill(&statement)?).await?;
        }
        Ok(())
    }

    async fn run(&self, doing: &str, sql: String) -> Result<(), StoreError> {
        answer(doing, self.client().query_raw(&sql).execute()).await
    }

    async fn create_database(&self, topology: &Topology) -> Result<(), StoreError> {
        let there = self
            .bare()
            .query("SELECT count() FROM system.databases WHERE name = {name:String}")
            .param("name", self.database());
        let there: u64 = answer("look for the database", one(there)).await?;
        // Asked first: a user who may only write into an existing database may not say CREATE.
        if there > 0 {
            return Ok(());
        }
        // An identifier: checked when the store was connected.
        let create =
            topology.fill(&format!("CREATE DATABASE IF NOT EXISTS {} {{on_cluster}}", self.database()))?;
        answer("create the database", self.bare().query_raw(&create).execute()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_filled_for_one_server_and_for_a_cluster() {
        for topology in [Topology::Single, Topology::Cluster("province".to_owned())] {
            for statement in script(&topology).unwrap() {
                for placeholder in [
                    "{on_cluster}",
                    "{engine}",
                    "{safety}",
                    "{committed}",
                    "{figure_columns}",
                    "{figure_columns_as_aged}",
                    "{judged}",
                    "{places}",
                    "{form_places}",
                    "{receipts_read_again}",
                    "{at}",
                    "{values}",
                    "{asked}",
                    "{said}",
                    "{period}",
                    "{period_of_v}",
                    "{map}",
                    "{mapped}",
                    "{of_map}",
                    "{first_day}",
                    "{late_correction_days}",
                    "{zone}",
                ] {
                    assert!(!statement.contains(placeholder), "{statement}");
                }
            }
        }
    }

    #[test]
    fn safe_a_cluster_name_that_could_be_sql_is_refused() {
        let topology = Topology::Cluster("c; DROP DATABASE ioc".to_owned());
        assert!(script(&topology).is_err());
    }
}

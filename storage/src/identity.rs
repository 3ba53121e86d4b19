//! Whose database this is, whether it is fit for exactly-once storage, and how far it got.
//!
//! Asked once at the start, so that a wrong address, a restored backup or a table somebody made by hand is found
//! before the first row goes there (invariant LOUD): never go on silently.

use clickhouse::Row;
use ioc_bus::LogId;
use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    instance::InstanceId,
    position::LogNumber,
    results::Facts,
    time::ReceivedAt,
};
use serde::Deserialize;

use crate::{
    client::{Store, answer, one},
    error::StoreError,
};

/// The tables that blocks and commits go to.
fn written() -> impl Iterator<Item = &'static str> {
    Facts::TABLES.iter().map(|table| table.name).chain(["epoch", "archive_file"])
}

#[derive(Row, Deserialize)]
struct TableSettings {
    name: String,
    engine: String,
    engine_full: String,
}

#[derive(Row, Deserialize)]
struct Committed {
    epoch: Epoch,
    manifest_hash: String,
}

#[derive(Row, Deserialize)]
struct FeedTotal {
    feed: String,
    received: u64,
    decoded: u64,
    empty: u64,
    undecodable: u64,
    rows: u64,
    stored: u64,
    duplicate: u64,
    rejected: u64,
    waiting: i64,
    held: i64,
    datagrams_dropped: u64,
    records_lost: u64,
    envelopes_reread: u64,
    rows_reread: u64,
    last_received_ms: i64,
}

impl Store {
    /// Whether the tables are as exactly-once storage needs them and belong to this instance or to nobody.
    /// `least_window` is how many inserts into one table can be sent again after a crash: the blocks of the most
    /// epochs outstanding.
    ///
    /// # Errors
    /// If they do not; with what to do about it.
    pub async fn check(&self, instance: InstanceId, least_window: u64) -> Result<(), StoreError> {
        let tables = self
            .client()
            .query(
                "SELECT name, engine, engine_full FROM system.tables \
                 WHERE database = {database:String} AND name IN {names:Array(String)}",
            )
            .param("database", self.database())
            .param("names", written().collect::<Vec<_>>());
        let tables: Vec<TableSettings> = answer("read the tables' settings", tables.fetch_all()).await?;
        for name in written() {
            let Some(table) = tables.iter().find(|table| table.name == name) else {
                return Err(StoreError::Unfit(format!(
                    "table {name} is missing though its migration is recorded: restore the database from a backup"
                )));
            };
            check_table(table, least_window)?;
        }
        self.check_profile().await?;
        self.check_owner(instance).await
    }

    /// A profile that switches deduplication off makes every token void. Servers before 26 do not have the setting
    /// and go by `insert_deduplicate`, which every insert states.
    async fn check_profile(&self) -> Result<(), StoreError> {
        let off = self.client().query(
            "SELECT count() FROM system.settings WHERE name = 'deduplicate_insert' AND value = 'disable'",
        );
        let off: u64 = answer("read the user's settings", one(off)).await?;
        if off > 0 {
            return Err(StoreError::Unfit(
                "the ClickHouse user's profile has deduplicate_insert = 'disable': set it to 'enable'"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether the database is another instance's; one without tables is nobody's.
    ///
    /// # Errors
    /// If it is, or ClickHouse does not answer.
    pub async fn check_foreign(&self, instance: InstanceId) -> Result<(), StoreError> {
        let there = self
            .bare()
            .query(
                "SELECT count() FROM system.tables WHERE database = {database:String} AND name IN ('instance', 'epoch')",
            )
            .param("database", self.database());
        let there: u64 = answer("look for tables", one(there)).await?;
        // The one is made behind the other.
        match there < 2 {
            true => Ok(()),
            false => self.check_owner(instance).await,
        }
    }

    async fn check_owner(&self, instance: InstanceId) -> Result<(), StoreError> {
        let owners: Vec<String> = answer(
            "read who owns the database",
            self.client()
                .query(
                    "SELECT DISTINCT toString(id) FROM instance \
                     UNION DISTINCT SELECT DISTINCT toString(epoch.instance) FROM epoch",
                )
                .fetch_all(),
        )
        .await?;
        for owner in owners {
            let owner: InstanceId = owner
                .parse()
                .map_err(|_| StoreError::Unreadable(format!("instance id '{owner}' is no UUID")))?;
            if owner != instance {
                return Err(StoreError::Foreign {
                    database: self.database().to_owned(),
                    found: owner,
                    expected: instance,
                });
            }
        }
        Ok(())
    }

    /// Makes the database this instance's own; nothing if it is already.
    ///
    /// # Errors
    /// If it is another's.
    pub async fn claim_instance(&self, instance: InstanceId) -> Result<(), StoreError> {
        self.check_owner(instance).await?;
        let claimed = self
            .client()
            .query("SELECT count() FROM instance WHERE id = {id:UUID}")
            .param("id", instance.to_string());
        let claimed: u64 = answer("read who owns the database", one(claimed)).await?;
        if claimed == 0 {
            let claim = self
                .client()
                .query("INSERT INTO instance (id) VALUES ({id:UUID})")
                .param("id", instance.to_string())
                .with_setting("insert_deduplication_token", format!("instance-{instance}"));
            answer("claim the database", claim.execute()).await?;
        }
        // Two instances may have asked at the same moment: both see both, and both stop.
        self.check_owner(instance).await
    }

    /// The last committed epoch of a generation with its manifest's hash; none before the first.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn last_committed(
        &self,
        instance: InstanceId,
        generation: Generation,
    ) -> Result<Option<(Epoch, [u8; 32])>, StoreError> {
        self.last_committed_before(instance, generation, Epoch(u64::MAX)).await
    }

    /// The last committed epoch before another, as [`Store::last_committed`].
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn last_committed_before(
        &self,
        instance: InstanceId,
        generation: Generation,
        before: Epoch,
    ) -> Result<Option<(Epoch, [u8; 32])>, StoreError> {
        let last = self
            .client()
            .query(
                "SELECT epoch.epoch AS epoch, manifest_hash FROM epoch \
                 WHERE generation = {generation:UInt32} AND instance = {instance:UUID} \
                 AND epoch.epoch < {before:UInt64} ORDER BY generation DESC, epoch DESC LIMIT 1",
            )
            .param("generation", generation.0)
            .param("instance", instance.to_string())
            .param("before", before.0);
        let last: Option<Committed> = answer("read the last committed epoch", last.fetch_optional()).await?;
        last.map(|last| Ok((last.epoch, parse_hash(&last.manifest_hash)?))).transpose()
    }

    /// The small number of a log, given out now if it has none. Numbers start at 1 and are never given twice, as
    /// long as one process at a time registers logs, which owning the database means.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn register_log(&self, log: LogId, kind: &str) -> Result<LogNumber, StoreError> {
        if let Some(number) = self.log_number(log).await? {
            return Ok(number);
        }
        let last: u16 =
            answer("read the logs", one(self.client().query("SELECT max(number) FROM log"))).await?;
        let number = last
            .checked_add(1)
            .ok_or_else(|| StoreError::Unfit("65,535 logs are registered: no number is left".to_owned()))?;
        let register = self
            .client()
            .query("INSERT INTO log (id, number, kind) VALUES ({id:UUID}, {number:UInt16}, {kind:String})")
            .param("id", log.to_string())
            .param("number", number)
            .param("kind", kind);
        answer("register the log", register.execute()).await?;
        tracing::info!(%log, number, kind, "log registered");
        self.log_number(log)
            .await?
            .ok_or_else(|| StoreError::Unreadable(format!("log {log} was registered but is not there")))
    }

    async fn log_number(&self, log: LogId) -> Result<Option<LogNumber>, StoreError> {
        let numbers = self
            .client()
            .query("SELECT DISTINCT number FROM log WHERE id = {id:UUID} ORDER BY number")
            .param("id", log.to_string());
        let numbers: Vec<u16> = answer("read the logs", numbers.fetch_all()).await?;
        if numbers.len() > 1 {
            return Err(StoreError::Unreadable(format!("log {log} has several numbers: {numbers:?}")));
        }
        Ok(numbers.first().copied().map(LogNumber))
    }

    /// What became of each feed's envelopes and rows in all committed epochs of a generation, by feed.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn totals(&self, generation: Generation) -> Result<Vec<(String, Counts)>, StoreError> {
        let totals = self
            .client()
            .query(
                "SELECT toString(feed) AS feed, envelopes_received AS received, envelopes_decoded AS decoded, \
                 envelopes_empty AS empty, envelopes_undecodable AS undecodable, rows_decoded AS rows, \
                 rows_stored AS stored, rows_duplicate AS duplicate, rows_rejected AS rejected, \
                 rows_waiting AS waiting, rows_held AS held, datagrams_dropped, records_lost, envelopes_reread, rows_reread, \
                 last_received_ms \
                 FROM feed_balance WHERE generation = {generation:UInt32} ORDER BY feed",
            )
            .param("generation", generation.0);
        let totals: Vec<FeedTotal> = answer("add up the feeds' counts", totals.fetch_all()).await?;
        Ok(totals.into_iter().map(FeedTotal::into_counts).collect())
    }
}

impl FeedTotal {
    fn into_counts(self) -> (String, Counts) {
        let counts = Counts {
            received: self.received,
            decoded: self.decoded,
            empty: self.empty,
            // What the balance leaves out was counted, too.
            undecodable: self.undecodable + self.envelopes_reread,
            rows: self.rows + self.rows_reread,
            stored: self.stored,
            duplicate: self.duplicate,
            rejected: self.rejected + self.rows_reread,
            waiting: self.waiting,
            held: self.held,
            datagrams_dropped: self.datagrams_dropped,
            records_lost: self.records_lost,
            envelopes_reread: self.envelopes_reread,
            rows_reread: self.rows_reread,
            last_received: (self.last_received_ms > 0).then_some(ReceivedAt(self.last_received_ms)),
        };
        (self.feed, counts)
    }
}

fn check_table(table: &TableSettings, least_window: u64) -> Result<(), StoreError> {
    let TableSettings { name, engine, engine_full } = table;
    if !engine.ends_with("MergeTree") {
        return Err(StoreError::Unfit(format!(
            "table {name} has engine {engine}: only MergeTree and ReplicatedMergeTree store exactly once"
        )));
    }
    let window_setting = if engine.starts_with("Replicated") {
        "replicated_deduplication_window"
    } else {
        "non_replicated_deduplication_window"
    };
    let window = setting(engine_full, window_setting).unwrap_or(0);
    if window < least_window.max(1) {
        return Err(StoreError::Unfit(format!(
            "table {name} remembers {window} inserts, {} are needed for exactly-once storage: run \
             ALTER TABLE {name} MODIFY SETTING {window_setting} = {}",
            least_window.max(1),
            least_window.max(crate::schema::DEDUPLICATION_WINDOW)
        )));
    }
    for durable in ["fsync_after_insert", "fsync_part_directory"] {
        if setting(engine_full, durable) != Some(1) {
            return Err(StoreError::Unfit(format!(
                "table {name} does not write to disk before it acknowledges: run \
                 ALTER TABLE {name} MODIFY SETTING {durable} = 1"
            )));
        }
    }
    Ok(())
}

/// A numeric setting of `… SETTINGS a = 1, b = 2`.
fn setting(engine_full: &str, name: &str) -> Option<u64> {
    let settings = engine_full.split(" SETTINGS ").nth(1)?;
    settings.split(',').find_map(|assignment| {
        let (key, value) = assignment.split_once('=')?;
        (key.trim() == name).then(|| value.trim().parse().ok())?
    })
}

pub(crate) fn hash_text(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_hash(text: &str) -> Result<[u8; 32], StoreError> {
    let unreadable = || StoreError::Unreadable(format!("'{text}' is not a manifest's hash"));
    if text.len() != 64 || !text.is_ascii() {
        return Err(unreadable());
    }
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| unreadable())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| unreadable())?;
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(engine: &str, settings: &str) -> TableSettings {
        TableSettings {
            name: "observation".to_owned(),
            engine: engine.to_owned(),
            engine_full: format!("{engine} ORDER BY x SETTINGS {settings}"),
        }
    }

    #[test]
    fn once_a_table_that_forgets_its_inserts_or_does_not_fsync_is_refused() {
        let fsync = "fsync_after_insert = 1, fsync_part_directory = 1";
        let fit = format!("non_replicated_deduplication_window = 100, {fsync}");
        assert!(check_table(&table("MergeTree", &fit), 100).is_ok());
        assert!(check_table(&table("MergeTree", &fit), 101).is_err());
        assert!(check_table(&table("ReplicatedMergeTree", &fit), 1).is_err());
        assert!(check_table(&table("MergeTree", fsync), 0).is_err());
        assert!(check_table(&table("Memory", &fit), 1).is_err());
        let unsafe_disk = "non_replicated_deduplication_window = 100, fsync_after_insert = 1";
        assert!(check_table(&table("MergeTree", unsafe_disk), 1).is_err());
    }

    #[test]
    fn a_hash_survives_being_written_and_read() {
        let hash: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
        assert_eq!(parse_hash(&hash_text(&hash)).unwrap(), hash);
        assert!(parse_hash("zz").is_err());
    }
}

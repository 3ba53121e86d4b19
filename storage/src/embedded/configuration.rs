//! What the embedded server is told: its folder, its limits, its three users.
//!
//! Without a configuration of its own ClickHouse has a user `default` without a password who may read any file.
//! Here:
//! * `ioc`: everything in the product's database, nothing elsewhere.
//! * `analyst`: reads the product's database; read-only, with limits it cannot lift; no file, no address. Against the
//!   function `file()` there is no grant: see `child`. What tools are used to set is theirs to set: see `overtime`.
//! * `default`: the child's own command line runs as this user and cannot give a password. It may have one session,
//!   which that command line holds as long as the server lives: nobody can log in as it.
//!
//! Passwords are random, made once, and kept in files only their owner can read.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rand::Rng;

use super::name::NAME;

/// The user the product writes and reads as.
pub const PRODUCT_USER: &str = "ioc";
/// The read-only user for people.
pub const ANALYST_USER: &str = "analyst";

/// The server's folder: `data/` is ClickHouse's own, beside it what it is told and what it said.
#[derive(Clone, Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(self.data())
    }
    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }
    pub(super) fn configuration(&self) -> PathBuf {
        self.0.join("config.xml")
    }
    fn users(&self) -> PathBuf {
        self.0.join("users.xml")
    }
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("server.log")
    }

    /// The user's password, made now if there is none yet.
    pub(super) fn password(&self, user: &str) -> io::Result<String> {
        let path = self.0.join(format!("{user}.password"));
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let secret: [u8; 24] = rand::rng().random();
        let password: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        write_private(&path, &format!("{password}\n"))?;
        Ok(password)
    }

    /// Writes both files. `boot` tells this start of the server from any other on the same port.
    pub(super) fn write(&self, settings: &Settings<'_>) -> io::Result<()> {
        write_private(&self.users(), &users_xml(settings))?;
        write_private(&self.configuration(), &config_xml(&self.data(), &self.users(), settings))
    }
}

/// What differs between servers.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) boot: &'a str,
    pub(super) database: &'a str,
    pub(super) product_password: &'a str,
    pub(super) analyst_password: &'a str,
    /// Bytes.
    pub(super) memory_limit: u64,
    /// Bytes of its disk that it leaves free.
    pub(super) left_free: u64,
    pub(super) analyst_patience: Duration,
}

/// Written whole or not at all, readable by its owner alone from its first byte on.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

// Caches and pools are sized for one province on one machine: the measured need of the boards is a few months of
// rows, and idle memory counts on a small server. The entries to be free follow from the small pool: their defaults
// assume 16 threads, and ClickHouse would never start a large merge.
//
// The base of merges: rows take a few bytes and come four times a second; at ClickHouse's 5 a part of half a million
// rows was written anew with nearly every small one (docs/decisions/016-merges.md).
//
// What was merged is synced, so that the parts it was made of can go within a second. ClickHouse does not sync and keeps
// them for eight minutes of one life instead: a server that lives shorter, again and again, never drops any, and has more
// to load at every start.
fn config_xml(data: &Path, users: &Path, settings: &Settings<'_>) -> String {
    format!(
        r#"<clickhouse>
  <!-- Written at every start of the server: changes are lost. -->
  <logger><console>1</console><console_log_level>warning</console_log_level></logger>
  <display_name>{name}</display_name>
  <path>{path}/</path>
  <users_config>{users}</users_config>
  <macros><ioc_boot>{boot}</ioc_boot></macros>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <max_concurrent_queries>64</max_concurrent_queries>
  <max_connections>256</max_connections>
  <keep_alive_timeout>2</keep_alive_timeout>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <query_cache><max_size_in_bytes>16777216</max_size_in_bytes></query_cache>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <tables_loader_foreground_pool_size>2</tables_loader_foreground_pool_size>
  <tables_loader_background_pool_size>2</tables_loader_background_pool_size>
  <storage_configuration>
    <disks><default><keep_free_space_bytes>{left_free}</keep_free_space_bytes></default></disks>
  </storage_configuration>
  <merge_tree>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <fsync_part_directory>1</fsync_part_directory>
    <old_parts_lifetime>0</old_parts_lifetime>
    <cleanup_delay_period>1</cleanup_delay_period>
    <cleanup_delay_period_random_add>0</cleanup_delay_period_random_add>
    <max_cleanup_delay_period>1</max_cleanup_delay_period>
    <merge_selector_base>16</merge_selector_base>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"#,
        name = NAME.to_string_lossy(),
        path = escaped(&data.display().to_string()),
        users = escaped(&users.display().to_string()),
        boot = settings.boot,
        memory = settings.memory_limit,
        left_free = settings.left_free,
    )
}

/// What a query of the analyst may use if it does not say otherwise.
///
/// Tools say otherwise and mean no harm, so these are theirs to set. Time is taken by `overtime`, memory by what all of the
/// analyst's queries may have together, rows of an answer by its bytes.
fn analyst_defaults(patience: Duration, memory: u64) -> [(&'static str, u64); 3] {
    [("max_execution_time", patience.as_secs()), ("max_memory_usage", memory), ("max_result_rows", 5_000_000)]
}

/// What a query of the analyst may use at most, and cannot raise.
const ANALYST_LIMITS: [(&str, u64); 3] =
    [("max_rows_to_read", 2_000_000_000), ("max_bytes_to_read", 64 << 30), ("max_result_bytes", 1 << 30)];

/// Bytes of sorting and grouping that all of the analyst's queries together may put on disk.
const ANALYST_SPILL: u64 = 4 << 30;

/// What the analyst cannot change: limits over all queries, and the settings by which the output of a query reads a
/// file, writes one or calls an address. The library takes itself for a command-line tool and asks no grant there.
const ANALYST_PINNED: [&str; 14] = [
    "max_concurrent_queries_for_user",
    "max_memory_usage_for_user",
    "max_temporary_data_on_disk_size_for_user",
    "format_schema",
    "format_schema_source",
    "format_template_row",
    "format_template_resultset",
    "output_format_schema",
    "input_format_record_errors_file_path",
    "format_avro_schema_registry_url",
    "rename_files_after_processing",
    "allow_experimental_ai_functions",
    "allow_experimental_eval_table_function",
    "allow_introspection_functions",
];

fn users_xml(settings: &Settings<'_>) -> String {
    let analyst_memory = settings.memory_limit / 2;
    // 0 is no limit at all, hence the least of 1.
    let constraints: String = ANALYST_LIMITS
        .iter()
        .map(|(name, most)| format!("<{name}><min>1</min><max>{most}</max></{name}>"))
        .collect();
    let limits: String = analyst_defaults(settings.analyst_patience, analyst_memory)
        .iter()
        .chain(&ANALYST_LIMITS)
        .map(|(name, most)| format!("<{name}>{most}</{name}>"))
        .collect();
    let pinned: String = ANALYST_PINNED.iter().map(|name| format!("<{name}><readonly/></{name}>")).collect();
    format!(
        r#"<clickhouse>
  <!-- Written at every start of the server: changes are lost. -->
  <profiles>
    <default/>
    <command_line><max_sessions_for_user>1</max_sessions_for_user></command_line>
    <analyst>
      <readonly>2</readonly>
      <allow_ddl>0</allow_ddl>
      <allow_introspection_functions>0</allow_introspection_functions>
      {limits}
      <max_concurrent_queries_for_user>16</max_concurrent_queries_for_user>
      <max_memory_usage_for_user>{analyst_memory}</max_memory_usage_for_user>
      <max_temporary_data_on_disk_size_for_user>{ANALYST_SPILL}</max_temporary_data_on_disk_size_for_user>
      <constraints>
        {constraints}
        {pinned}
      </constraints>
    </analyst>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <no_password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>command_line</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN, CREATE ARBITRARY TEMPORARY TABLE ON *.*</query>
        <query>GRANT READ, WRITE ON FILE</query>
      </grants>
    </default>
    <{PRODUCT_USER}>
      <password>{product_password}</password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT ALL ON {database}.*</query>
        <query>GRANT TABLE ENGINE ON *</query>
        <query>GRANT SELECT ON system.*</query>
        <query>GRANT KILL QUERY ON *.*</query>
      </grants>
    </{PRODUCT_USER}>
    <{ANALYST_USER}>
      <password>{analyst_password}</password>
      <networks><ip>::/0</ip></networks>
      <profile>analyst</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT, SHOW ON {database}.*</query>
      </grants>
      <databases><{database}><event>
        <filter>throwIf(epoch &gt;= 0, 'Read event_current or event_known_at: there the names of users are masked') = 0</filter>
      </event></{database}></databases>
    </{ANALYST_USER}>
  </users>
</clickhouse>
"#,
        product_password = escaped(settings.product_password),
        analyst_password = escaped(settings.analyst_password),
        database = settings.database,
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_password_is_made_once_and_only_its_owner_can_read_it() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder(scratch.path().join("clickhouse"));
        folder.create().unwrap();
        let first = folder.password(PRODUCT_USER).unwrap();
        assert_eq!(folder.password(PRODUCT_USER).unwrap(), first);
        assert_ne!(folder.password(ANALYST_USER).unwrap(), first);
        let mode = fs::metadata(folder.0.join("ioc.password")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn safe_a_folder_with_an_ampersand_in_its_name_does_not_break_the_configuration() {
        let settings = Settings {
            boot: "b",
            database: "ioc",
            product_password: "p",
            analyst_password: "q",
            memory_limit: 1,
            left_free: 77,
            analyst_patience: Duration::from_secs(60),
        };
        let xml = config_xml(Path::new("/a&b/<c>"), Path::new("/u"), &settings);
        assert!(xml.contains("<path>/a&amp;b/&lt;c&gt;/</path>"));
        assert!(xml.contains("<keep_free_space_bytes>77</keep_free_space_bytes>"));
    }
}

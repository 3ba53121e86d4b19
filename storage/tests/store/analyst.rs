//! SAFE: what the analyst may, and what nobody may.

use std::{net::TcpListener, time::Duration};

use ioc_model::epoch::Epoch;
use ioc_storage::{StoreConfig, embedded::ANALYST_USER};

use crate::{
    sample,
    server::{TestServer, ask_as, config, free_address},
};

fn analyst(server: &TestServer) -> StoreConfig {
    StoreConfig {
        user: ANALYST_USER.to_owned(),
        password: server.server.analyst_password().to_owned(),
        ..server.server.store()
    }
}

/// Asks with settings in the address, as drivers do.
async fn ask_with(who: &StoreConfig, sql: &str, settings: &[(&str, &str)]) -> Result<String, String> {
    let mut client = clickhouse::Client::default()
        .with_url(&who.url)
        .with_user(&who.user)
        .with_password(&who.password)
        .with_database(&who.database);
    for (name, value) in settings {
        client = client.with_setting(*name, *value);
    }
    let mut answer = client.query_raw(sql).fetch_bytes("TabSeparated").map_err(|error| error.to_string())?;
    let bytes = answer.collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn assert_refused(who: &StoreConfig, sql: &str, reason: &str) {
    match ask_as(who, sql).await {
        Err(error) => assert!(error.contains(reason), "{sql}: refused, but not by {reason}: {error:.500}"),
        Ok(answer) => panic!("{sql} was answered: {answer:.500}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_an_analyst_reads_the_database_and_does_nothing_else() {
    let server = TestServer::start().await;
    server.sink().write(&sample::results(Epoch(1), 10), false).await.unwrap();
    let analyst = analyst(&server);
    assert_eq!(ask_as(&analyst, "SELECT count() FROM observation_current").await.unwrap(), "10");
    assert_eq!(ask_as(&analyst, "SELECT count() FROM alert_current").await.unwrap(), "1");
    let known = "SELECT count() FROM air_quality_hourly_known_at(known_at = '2100-01-01 00:00:00')";
    assert_eq!(ask_as(&analyst, known).await.unwrap(), "0");
    let event = "SELECT concat(toString(kind), ' ', user, ' ', message, ' ', source_address, ' ', source_network, ' ', \
         toString(weight), ' ', attributes['flow_id']) FROM ";
    let masked = "alert r*** web shell upload by r*** 2001:db8:0:7::1f 2001:db8:0:7:: 2 1200";
    assert_eq!(ask_as(&analyst, &format!("{event} event_current")).await.unwrap(), masked);
    let known = format!("{event} event_known_at(known_at = '2100-01-01 00:00:00')");
    assert_eq!(ask_as(&analyst, &known).await.unwrap(), masked);
    for whole in ["SELECT user FROM event", "SELECT count() FROM event", "SELECT message FROM event_stored"] {
        assert_refused(&analyst, whole, "Read event_current").await;
    }
    let described = ask_as(&analyst, "DESCRIBE TABLE window_current").await.unwrap();
    assert!(described.contains("revision"));
    let commented = "SELECT count() > 100 FROM system.columns WHERE database = 'ioc' AND comment != ''";
    assert_eq!(ask_as(&analyst, commented).await.unwrap(), "1");

    for refused in [
        "INSERT INTO instance (id) VALUES (generateUUIDv4())",
        "INSERT INTO FUNCTION null('x UInt8') SELECT 1",
        "DROP TABLE observation",
        "TRUNCATE TABLE observation",
        "ALTER TABLE observation DELETE WHERE 1",
        "ALTER TABLE observation MODIFY SETTING non_replicated_deduplication_window = 0",
        "DELETE FROM observation WHERE 1",
        "UPDATE observation SET value = 1 WHERE 1",
        "RENAME TABLE observation TO observed",
        "DETACH TABLE observation",
        "OPTIMIZE TABLE observation",
        "CREATE TABLE mine (x UInt8) ENGINE = MergeTree ORDER BY x",
        "CREATE TEMPORARY TABLE mine (x UInt8)",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE FUNCTION mine AS x -> x",
        "CREATE DATABASE mine",
        "CREATE NAMED COLLECTION mine AS x = 1",
        "CREATE USER mine",
        "ALTER USER analyst SETTINGS readonly = 0",
        "GRANT ALL ON *.* TO analyst",
        "BACKUP TABLE observation TO Disk('default', 'x')",
        "KILL QUERY WHERE 1",
        "SYSTEM STOP MERGES ioc.observation",
        "SYSTEM DROP MARK CACHE",
        "SYSTEM SHUTDOWN",
        "SHOW PROCESSLIST",
        "SHOW CREATE USER ioc",
    ] {
        assert_refused(&analyst, refused, "ACCESS_DENIED").await;
    }
    for secret in [
        "users",
        "grants",
        "roles",
        "settings_profiles",
        "row_policies",
        "quotas",
        "processes",
        "user_processes",
        "named_collections",
        "stack_trace",
        "disks",
        "parts_columns",
        "replicas",
    ] {
        let read = ask_as(&analyst, &format!("SELECT * FROM system.{secret}")).await;
        // What it may see of these are its own database's parts.
        let closed = read.as_ref().is_err_and(|error| error.contains("ACCESS_DENIED"));
        assert!(closed || secret == "parts_columns", "system.{secret}: {read:?}");
    }
    // Without a table it means all tables one may do it to: none.
    let _ = ask_as(&analyst, "SYSTEM STOP MERGES").await;
    let _ = server.ask("OPTIMIZE TABLE observation FINAL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_an_analyst_reads_and_writes_no_file_and_calls_no_address() {
    let server = TestServer::start().await;
    let analyst = analyst(&server);
    // Whoever calls is heard.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let password = format!("{}/clickhouse/ioc.password", server.scratch.path().display());
    assert!(std::fs::metadata(&password).is_ok());

    for from in [
        "filesystem('/etc')",
        "icebergLocal('/etc')",
        "deltaLakeLocal('/etc')",
        "executable('id', 'LineAsString', 'line String')",
        "dictionary('d')",
        &format!("url('http://{address}/', LineAsString)"),
        &format!("s3('http://{address}/bucket/key', 'LineAsString')"),
        &format!("gcs('http://{address}/bucket/key', 'LineAsString')"),
        &format!("iceberg('http://{address}/bucket/key')"),
        &format!("deltaLake('http://{address}/bucket/key')"),
        &format!("hudi('http://{address}/bucket/key')"),
        &format!("azureBlobStorage('http://{address}/', 'c', 'b')"),
        &format!("hdfs('hdfs://{address}/x', 'CSV', 'x String')"),
        &format!("remote('{address}', system, one)"),
        &format!("remoteSecure('{address}', system, one)"),
        &format!("mysql('{address}', 'd', 't', 'u', 'p')"),
        &format!("postgresql('{address}', 'd', 't', 'u', 'p')"),
        &format!("mongodb('{address}', 'd', 't', 'u', 'p', 'x String')"),
        &format!("redis('{address}', 'k', 'k String')"),
        "odbc('DSN=x', 'd', 't')",
        "jdbc('x', 'd', 't')",
    ] {
        assert_refused(&analyst, &format!("SELECT * FROM {from}"), "ACCESS_DENIED").await;
    }
    // There is no cluster that these could be about.
    for function in ["cluster('default', system, one)", "clusterAllReplicas('default', system, one)"] {
        assert_refused(&analyst, &format!("SELECT * FROM {function}"), "CLUSTER_DOESNT_EXIST").await;
    }
    // No grant stands before this function: its working folder is gone. Nobody can use it.
    for who in [&analyst, &server.server.store()] {
        for call in [
            "* FROM file('/etc/passwd', LineAsString)".to_owned(),
            "* FROM file('*', LineAsString)".to_owned(),
            // This format looks for its folder before it looks at anything else.
            format!("1 AS x FORMAT Protobuf SETTINGS format_schema = '{password}:X'"),
            "* FROM sqlite('/etc/passwd', 't')".to_owned(),
            "file('/etc/passwd')".to_owned(),
            "file('ioc.password')".to_owned(),
            format!("file('{password}')"),
            format!("file('{password}', 'default')"),
            format!("file('{password}', NULL)"),
            format!("file(materialize('{password}'))"),
        ] {
            assert_refused(who, &format!("SELECT {call}"), "getcwd failed").await;
        }
    }

    let written = server.scratch.path().join("written");
    let written_text = written.display();
    for settings in [
        format!("FORMAT Template SETTINGS format_template_row = '{password}'"),
        format!("FORMAT Template SETTINGS format_template_resultset = '{password}'"),
        format!("FORMAT CapnProto SETTINGS format_schema = '{password}:X'"),
        format!("FORMAT TSV SETTINGS output_format_schema = '{written_text}'"),
        format!("FORMAT TSV SETTINGS input_format_record_errors_file_path = '{written_text}'"),
        format!("FORMAT AvroConfluent SETTINGS format_avro_schema_registry_url = 'http://{address}/'"),
        "FORMAT TSV SETTINGS allow_experimental_ai_functions = 1".to_owned(),
        "FORMAT TSV SETTINGS allow_experimental_eval_table_function = 1".to_owned(),
    ] {
        assert_refused(&analyst, &format!("SELECT 1 AS x {settings}"), "SETTING_CONSTRAINT_VIOLATION").await;
    }
    assert_refused(&analyst, &format!("SELECT 1 INTO OUTFILE '{written_text}'"), "INTO_OUTFILE").await;
    assert!(std::fs::metadata(&written).is_err(), "a query wrote a file");

    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "a query called an address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_an_analysts_queries_are_limited_and_cannot_raise_the_limits() {
    let server = TestServer::start().await;
    let analyst = analyst(&server);
    let limits = [
        "max_memory_usage_for_user",
        "max_rows_to_read",
        "max_bytes_to_read",
        "max_result_bytes",
        "max_temporary_data_on_disk_size_for_user",
        "max_concurrent_queries_for_user",
    ];
    for limit in limits {
        let most: u64 =
            ask_as(&analyst, &format!("SELECT getSetting('{limit}')")).await.unwrap().parse().unwrap();
        assert!(most > 0, "{limit} is without limit");
        for raised in [0, most + 1] {
            let sql = format!("SELECT 1 SETTINGS {limit} = {raised}");
            assert_refused(&analyst, &sql, "SETTING_CONSTRAINT_VIOLATION").await;
            let in_address = ask_with(&analyst, "SELECT 1", &[(limit, &raised.to_string())]).await;
            assert!(in_address.is_err(), "{limit} = {raised} in the address");
        }
    }
    for way_out in [("profile", "default"), ("readonly", "0"), ("readonly", "1"), ("allow_ddl", "1")] {
        let raised = ask_with(&analyst, "SELECT 1 SETTINGS max_rows_to_read = 3000000000", &[way_out]).await;
        assert!(raised.is_err(), "{way_out:?} lifts the limits");
    }
    assert_refused(&analyst, "SELECT number FROM numbers(6000000)", "TOO_MANY_ROWS_OR_BYTES").await;
    assert_refused(
        &analyst,
        "SELECT repeat('x', 2000) FROM numbers(10) SETTINGS max_result_bytes = 1000",
        "TOO_MANY_ROWS_OR_BYTES",
    )
    .await;
    assert_refused(&analyst, "SELECT groupArray(number) FROM numbers(200000000)", "MEMORY_LIMIT_EXCEEDED")
        .await;
    let endless = "SELECT sum(sipHash64(number)) FROM numbers(1900000000) SETTINGS max_execution_time = 1";
    assert_refused(&analyst, endless, "TIMEOUT_EXCEEDED").await;
}

/// What the tools of analysts put into an address, whatever it says.
const OF_TOOLS: &[&[(&str, &str)]] = &[
    // clickhouse-go and Grafana: the deadline of the caller and five seconds, and no deadline at all.
    &[("max_execution_time", "64")],
    &[("max_execution_time", "305")],
    &[("client_protocol_version", "54460"), ("enable_http_compression", "1")],
    &[("limit", "1000")],
    // JDBC, DBeaver, Metabase: a row limit, and 0 for none.
    &[("max_result_rows", "200"), ("result_overflow_mode", "break")],
    &[("max_result_rows", "0")],
    &[("max_result_rows", "100000000")],
    &[("max_execution_time", "0")],
    &[("timeout_overflow_mode", "break")],
    &[("max_memory_usage", "0")],
    &[("max_memory_usage", "100000000000")],
    &[("session_id", "tool-1"), ("session_timeout", "60")],
    &[("session_timezone", "Asia/Ho_Chi_Minh")],
    &[("readonly", "2")],
    &[("send_progress_in_http_headers", "1"), ("http_headers_progress_interval_ms", "500")],
    &[("wait_end_of_query", "1")],
    &[("extremes", "0"), ("max_block_size", "65409"), ("max_threads", "0"), ("max_query_size", "1048576")],
    &[("join_use_nulls", "1"), ("allow_experimental_analyzer", "1"), ("enable_http_compression", "1")],
    &[("date_time_output_format", "iso"), ("output_format_json_quote_64bit_integers", "1")],
    &[("log_comment", "a panel"), ("quota_key", "x"), ("query_id", "mine")],
    &[("connect_timeout", "10"), ("receive_timeout", "300"), ("send_timeout", "300")],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_what_tools_set_is_answered_and_lifts_nothing() {
    let server = TestServer::start().await;
    let analyst = analyst(&server);
    for settings in OF_TOOLS {
        let limits = "SELECT getSetting('max_memory_usage_for_user'), getSetting('max_rows_to_read'), \
                      getSetting('max_bytes_to_read'), getSetting('max_result_bytes'), \
                      getSetting('max_concurrent_queries_for_user'), getSetting('readonly')";
        let answered = ask_with(&analyst, limits, settings).await;
        let expected = "536870912\t2000000000\t68719476736\t1073741824\t16\t2";
        assert_eq!(answered.as_deref().map(str::trim_end), Ok(expected), "{settings:?}");
    }
    let much = "SELECT groupArray(number) FROM numbers(200000000)";
    for memory in ["0", "100000000000"] {
        let refused = ask_with(&analyst, much, &[("max_memory_usage", memory)]).await.unwrap_err();
        assert!(refused.contains("MEMORY_LIMIT_EXCEEDED"), "{refused:.500}");
    }
    let many = "SELECT repeat('x', 2000) FROM numbers(10)";
    let rows_of_no_end = [("max_result_rows", "0"), ("max_result_bytes", "1000")];
    let refused = ask_with(&analyst, many, &rows_of_no_end).await.unwrap_err();
    assert!(refused.contains("TOO_MANY_ROWS_OR_BYTES"), "{refused:.500}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_a_query_that_takes_too_long_is_ended_whatever_time_it_asks_for() {
    let scratch = tempfile::tempdir().unwrap();
    let mut config = config(scratch.path(), free_address());
    config.analyst_patience = Duration::from_secs(2);
    let server = TestServer::start_as(config, scratch).await;
    // The analyst's database need not be there for it.
    let analyst = StoreConfig { database: "system".to_owned(), ..analyst(&server) };
    let lasting = |seconds: u32| format!("SELECT sum(sleepEachRow(1)) FROM numbers({seconds})");
    for asked in ["0", "3600", "64"] {
        let settings = [("max_execution_time", asked), ("max_block_size", "1")];
        let ended = ask_with(&analyst, &lasting(1_000), &settings).await.unwrap_err();
        assert!(ended.contains("QUERY_WAS_CANCELLED"), "{asked}: {ended:.500}");
    }
    // What the profile says is the tool's own word where it says none.
    let ended = ask_with(&analyst, &lasting(1_000), &[("max_block_size", "1")]).await.unwrap_err();
    assert!(ended.contains("TIMEOUT_EXCEEDED") || ended.contains("QUERY_WAS_CANCELLED"), "{ended:.500}");
    let product = StoreConfig { database: "system".to_owned(), ..server.server.store() };
    let lasted = ask_with(&product, &lasting(5), &[("max_block_size", "1")]).await;
    assert_eq!(lasted.as_deref().map(str::trim_end), Ok("0"), "the product takes the time it needs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_the_server_does_not_say_what_its_machine_is_called() {
    let server = TestServer::start().await;
    let names = "SELECT hostName(), FQDN(), displayName()";
    assert_eq!(ask_as(&analyst(&server), names).await.unwrap(), "ioc\tioc\tioc");
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let url = format!("{}/?user=nobody", server.server.url());
    let answer = std::process::Command::new("curl").args(["-sS", "-i", &url]).output().unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.contains("X-ClickHouse-"), "{answer}");
    assert!(!answer.contains(&format!("Name: {}", machine.trim())), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_nobody_gets_in_without_a_password() {
    let server = TestServer::start().await;
    for user in ["default", "ioc", ANALYST_USER] {
        for password in ["", "wrong"] {
            let intruder =
                StoreConfig { user: user.to_owned(), password: password.to_owned(), ..server.server.store() };
            let answer = ask_as(&intruder, "SELECT 1").await;
            assert!(answer.is_err(), "{user} with password '{password}' got {answer:?}");
        }
    }
    // The product's own user stays inside of its database, too.
    for refused in ["SELECT * FROM file('/etc/passwd', LineAsString)", "CREATE DATABASE elsewhere"] {
        assert!(ask_as(&server.server.store(), refused).await.is_err(), "{refused}");
    }
}

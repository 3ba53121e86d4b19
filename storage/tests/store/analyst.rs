//! SAFE: what the analyst may, and what nobody may.

use ioc_model::epoch::Epoch;
use ioc_storage::{StoreConfig, embedded::ANALYST_USER};

use crate::{
    sample,
    server::{TestServer, ask_as},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn safe_an_analyst_reads_the_database_and_does_nothing_else() {
    let server = TestServer::start().await;
    server.sink().write(&sample::results(Epoch(1), 10), false).await.unwrap();
    let analyst = StoreConfig {
        user: ANALYST_USER.to_owned(),
        password: server.server.analyst_password().to_owned(),
        ..server.server.store()
    };
    assert_eq!(ask_as(&analyst, "SELECT count() FROM observation_current").await.unwrap(), "10");
    let described = ask_as(&analyst, "DESCRIBE TABLE window_current").await.unwrap();
    assert!(described.contains("revision"));

    for refused in [
        "INSERT INTO instance (id) VALUES (generateUUIDv4())",
        "DROP TABLE observation",
        "TRUNCATE TABLE observation",
        "ALTER TABLE observation DELETE WHERE 1",
        "CREATE TABLE mine (x UInt8) ENGINE = MergeTree ORDER BY x",
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
        "SYSTEM STOP MERGES ioc.observation",
        "SYSTEM SHUTDOWN",
        "SELECT 1 SETTINGS max_execution_time = 3600",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "SELECT number FROM numbers(6000000)",
    ] {
        let answer = ask_as(&analyst, refused).await;
        assert!(answer.is_err(), "{refused}: {answer:?}");
    }
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

//! The child's life: it ends with its parent, comes back when it ends, and is waited for when another still lives.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use ioc_storage::embedded::{EmbeddedError, Server};
use tokio_util::sync::CancellationToken;

use crate::server::{TestServer, config, eventually, free_address};

/// The same child without a supervisor, on the folder of a server that has been there.
fn orphan(command_line: &[u8]) -> Child {
    let arguments: Vec<String> = command_line
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect();
    Command::new(&arguments[0])
        .args(&arguments[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_child_is_started_again_and_what_it_acknowledged_is_there() {
    let server = TestServer::start().await;
    let before = server.server.pid();
    server.sink().write(&crate::sample::results(ioc_model::epoch::Epoch(1), 10), false).await.unwrap();
    assert!(server.kill());
    eventually("another child answers", async || {
        server.server.pid().is_some_and(|pid| Some(pid) != before) && server.store.ping().await.is_ok()
    })
    .await;
    assert_eq!(server.count("observation").await, 10);
}

/// Folders of parts in the store, whether they count or not.
fn part_folders(server: &TestServer) -> usize {
    let store = server.scratch.path().join("clickhouse/data/store");
    let folders = |path: std::path::PathBuf| {
        let found = std::fs::read_dir(path).into_iter().flatten().flatten();
        found.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let tables = folders(store).into_iter().flat_map(folders);
    // 202411_1_8_1: others are of the table.
    let is_part = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.rsplitn(4, '_').take(3).filter(|number| number.parse::<u64>().is_ok()).count() == 3
    };
    tables.flat_map(folders).filter(is_part).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_what_was_merged_is_gone_soon_however_short_a_server_lives() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for life in 0..4 {
        let before = server.server.pid();
        for epoch in 1..=8 {
            sink.write(&crate::sample::results(ioc_model::epoch::Epoch(8 * life + epoch), 10), false)
                .await
                .unwrap();
        }
        let _ = server.ask("OPTIMIZE TABLE observation FINAL").await;
        assert!(server.kill());
        eventually("another child answers", async || {
            server.server.pid().is_some_and(|pid| Some(pid) != before) && server.store.ping().await.is_ok()
        })
        .await;
    }
    let parts = "SELECT count() FROM system.parts WHERE active";
    eventually("there are the folders of parts that count, and no others", async || {
        server.ask(parts).await == part_folders(&server).to_string()
    })
    .await;
    assert_eq!(server.ask("SELECT uniqExact(epoch) FROM observation").await, "32");
    assert!(part_folders(&server) < 200, "{} folders", part_folders(&server));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ack_what_was_merged_is_durable_before_what_it_was_made_of_is_dropped() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for epoch in 1..=3 {
        sink.write(&crate::sample::results(ioc_model::epoch::Epoch(epoch), 10), false).await.unwrap();
    }
    let synced =
        "SELECT sumIf(value, event = 'FileSync'), sumIf(value, event = 'DirectorySync') FROM system.events";
    let counts = async || {
        let told = server.ask(synced).await;
        told.split('\t').map(|count| count.parse::<u64>().expect("a count")).collect::<Vec<_>>()
    };
    let before = counts().await;
    let _ = server.ask("OPTIMIZE TABLE observation FINAL").await;
    let after = counts().await;
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}: its files and its folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_ends_when_its_parent_is_gone_and_until_then_the_next_server_waits_for_it() {
    let server = TestServer::start().await;
    let pid = server.server.pid().expect("a running child");
    let command_line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let store = server.store.clone();
    let (scratch, listen) = server.stop().await;

    let mut orphan = orphan(&command_line);
    eventually("the orphan answers", async || store.ping().await.is_ok()).await;
    let shutdown = CancellationToken::new();
    let starting = {
        let config = config(scratch.path(), listen);
        tokio::spawn(Server::start(config, shutdown.clone()))
    };
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    // Its address answers, but it is the orphan that does.
    assert!(!starting.is_finished(), "a server was taken for another one's child");

    drop(orphan.stdin.take());
    let ended = tokio::task::spawn_blocking(move || orphan.wait()).await.unwrap();
    assert!(ended.is_ok());
    let next = starting.await.unwrap().unwrap();
    assert_ne!(next.pid(), Some(pid));
    shutdown.cancel();
    next.stopped().await;
}

#[tokio::test]
async fn loud_a_missing_library_is_said_with_the_command_that_fetches_it() {
    let scratch = tempfile::tempdir().unwrap();
    let mut config = config(scratch.path(), free_address());
    config.library = Some(scratch.path().join("libchdb.so"));
    let error = Server::start(config, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, EmbeddedError::NoLibrary { .. }));
    assert!(error.to_string().contains("deploy/scripts/fetch-libchdb.sh"), "{error}");
}

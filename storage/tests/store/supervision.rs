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

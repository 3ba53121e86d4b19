//! ONCE and LOUD: what ClickHouse set aside as broken is missed, named by epoch, and stored again.

use ioc_model::{
    epoch::{Epoch, Generation},
    results::Facts,
};
use ioc_storage::{SinkHalt, TableLoss, losses::listed};

use crate::{
    sample,
    server::{INSTANCE, TestServer},
};

const EPOCHS: u64 = 10;

/// Epochs 1 to 10 of 50 observations each, every one in parts of its own.
async fn filled() -> TestServer {
    let server = TestServer::start().await;
    for table in ["observation", "feed_minute", "epoch"] {
        let _ = server.ask(&format!("SYSTEM STOP MERGES {table}")).await;
    }
    for epoch in 1..=EPOCHS {
        server.sink().write(&sample::results(Epoch(epoch), 50), false).await.unwrap();
    }
    server
}

/// Empties a file without which the part of that epoch cannot be read.
async fn damage(server: &TestServer, table: &str, epoch: u64) {
    let path = server
        .ask(&format!(
            "SELECT path FROM system.parts WHERE database = 'ioc' AND table = '{table}' AND active \
             AND name IN (SELECT _part FROM {table} WHERE epoch = {epoch})"
        ))
        .await;
    std::fs::write(std::path::Path::new(&path).join("checksums.txt"), b"").unwrap();
}

async fn restarted(server: TestServer) -> TestServer {
    let (scratch, listen) = server.stop().await;
    TestServer::start_in(scratch, listen).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_rows_that_went_with_a_broken_part_are_missed_and_stored_again_once() {
    let server = filled().await;
    assert_eq!(server.store.broken_parts().await.unwrap(), Some(Vec::new()));
    damage(&server, "observation", 7).await;
    damage(&server, "feed_minute", 9).await;
    let server = restarted(server).await;
    assert_eq!(server.count("observation").await, 450, "the danger is real: nobody is told");

    let broken = server.store.broken_parts().await.unwrap().unwrap();
    let tables: Vec<&str> = broken.iter().map(|part| &*part.table).collect();
    assert_eq!(tables, ["feed_minute", "observation"], "{}", listed(&broken));
    let losses = server.store.losses(Generation(0), Epoch(0), Epoch(EPOCHS)).await.unwrap();
    let lost = |table, from, committed| TableLoss { table, from: Epoch(from), committed, held: 0 };
    assert_eq!(losses, [lost("observation", 7, 50), lost("feed_minute", 9, 1)]);
    assert_eq!(
        server.store.losses(Generation(0), Epoch(7), Epoch(EPOCHS)).await.unwrap(),
        [lost("feed_minute", 9, 1)],
        "what is lost before is accepted"
    );
    // What was committed behind is not looked at: the epoch under way has rows and no commit yet.
    assert_eq!(server.store.losses(Generation(0), Epoch(0), Epoch(6)).await.unwrap(), []);

    let whole = server.store.last_committed_before(INSTANCE, Generation(0), Epoch(7)).await.unwrap();
    assert_eq!(whole, Some((Epoch(6), [6; 32])));
    server.store.take_back_commits(Generation(0), Epoch(6)).await.unwrap();
    assert_eq!(server.store.last_committed(INSTANCE, Generation(0)).await.unwrap(), whole);
    for epoch in 7..=EPOCHS {
        server.sink().write(&sample::results(Epoch(epoch), 50), true).await.unwrap();
    }
    assert_eq!(server.store.losses(Generation(0), Epoch(0), Epoch(EPOCHS)).await.unwrap(), []);
    assert_eq!(server.count("observation").await, 50 * EPOCHS);
    for table in ["feed_minute", "epoch", "reject"] {
        assert_eq!(server.count(table).await, EPOCHS, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_a_commit_that_went_with_a_broken_part_is_missed() {
    let server = filled().await;
    damage(&server, "epoch", 5).await;
    let server = restarted(server).await;
    let losses = server.store.losses(Generation(0), Epoch(0), Epoch(EPOCHS)).await.unwrap();
    assert_eq!(
        losses.first(),
        Some(&TableLoss { table: "observation", from: Epoch(5), committed: 0, held: 50 })
    );
    assert!(losses.iter().all(|loss| loss.from == Epoch(5) && loss.committed == 0), "{losses:?}");
    assert_eq!(losses.len(), Facts::TABLES.len(), "every table has rows of it: {losses:?}");
    let all: Vec<Epoch> = (1..=EPOCHS).map(Epoch).collect();
    assert_eq!(server.store.not_committed(Generation(0), &all).await.unwrap(), [Epoch(5)]);
    let whole = server.store.last_committed_before(INSTANCE, Generation(0), Epoch(5)).await.unwrap();
    assert_eq!(whole, Some((Epoch(4), [4; 32])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_a_lost_commit_and_as_many_lost_rows_of_another_epoch_do_not_make_up_for_each_other() {
    let server = filled().await;
    damage(&server, "epoch", 8).await;
    damage(&server, "observation", 3).await;
    let server = restarted(server).await;
    let losses = server.store.losses(Generation(0), Epoch(0), Epoch(EPOCHS)).await.unwrap();
    assert_eq!(
        losses.first(),
        Some(&TableLoss { table: "observation", from: Epoch(3), committed: 50, held: 0 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_a_server_that_comes_back_with_broken_parts_does_not_get_past_the_sink() {
    let server = filled().await;
    damage(&server, "observation", 7).await;
    let pid = server.server.pid();
    // The process looked at what is broken when it was started, and has one life with both lives of the server.
    let sink = server.sink();
    sink.nothing_broke().await.unwrap();
    assert!(server.kill());
    crate::server::eventually("it is away", async || server.server.pid() != pid).await;
    match sink.nothing_broke().await {
        Err(SinkHalt::Broken { parts }) => {
            assert_eq!(parts.first().map(|part| &*part.table), Some("observation"))
        }
        other => panic!("not halted: {other:?}"),
    }
    // Looked at by the next start, they halt nobody any more.
    let mut config = server.sink_config();
    config.broken = server.store.broken_parts().await.unwrap();
    ioc_storage::Sink::new(server.store.clone(), config).nothing_broke().await.unwrap();
}

//! ONCE and LOUD: whatever is sent again or killed, every row is there exactly once, or everything stops.

use std::time::Duration;

use ioc_model::epoch::{Epoch, Generation};
use ioc_storage::{Sink, SinkConfig, SinkHalt};
use rand::Rng;

use crate::{
    sample,
    server::{INSTANCE, TestServer},
};

/// Rows a sample epoch has besides its observations, by table.
const BESIDES: [(&str, u64); 16] = [
    ("window", 1),
    ("index_value", 2),
    ("assessment", 2),
    ("station_state", 2),
    ("alert", 2),
    ("action", 1),
    ("reject", 1),
    ("held", 1),
    ("decision", 1),
    ("feed_minute", 1),
    ("figure", 2),
    ("superseded", 9),
    ("report_value", 2),
    ("receipt", 1),
    ("obligation", 2),
    ("epoch", 1),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_an_epoch_sent_twice_is_stored_once() {
    let server = TestServer::start().await;
    let results = sample::results(Epoch(1), 100);
    server.sink().write(&results, false).await.unwrap();
    // A process that does not know of the first: its tokens are the same.
    server.sink().write(&results, false).await.unwrap();
    assert_eq!(server.count("observation").await, 100);
    for (table, rows) in BESIDES {
        assert_eq!(server.count(table).await, rows, "{table}");
    }
    let counted = server.ask("SELECT arrayZip(mapKeys(stored), mapValues(stored)) FROM epoch").await;
    let mut stored = vec![("observation", 100)];
    stored.extend(BESIDES.iter().filter(|(table, _)| *table != "epoch"));
    for (table, rows) in stored {
        assert!(counted.contains(&format!("('{table}',{rows})")), "{table}: {counted}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_recovering_epoch_is_stored_once_even_when_its_tokens_are_forgotten() {
    let server = TestServer::start().await;
    let results = sample::results(Epoch(1), 100);
    server.sink().write(&results, false).await.unwrap();
    let besides = BESIDES.iter().map(|(table, _)| *table).filter(|table| *table != "epoch");
    for table in besides.chain(["observation"]) {
        let forget = format!("ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 0");
        let _ = server.ask(&forget).await;
    }
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE 1 SETTINGS mutations_sync = 1").await;
    assert_eq!(server.count("epoch").await, 0);

    server.sink().write(&results, true).await.unwrap();
    assert_eq!(server.count("observation").await, 100);
    // The commit's token was still known: without a look at what is held it would have been lost.
    for (table, rows) in BESIDES {
        assert_eq!(server.count(table).await, rows, "{table}");
    }

    server.sink().write(&results, true).await.unwrap();
    assert_eq!(server.count("epoch").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_token_whose_rows_never_reached_the_disk_does_not_swallow_them() {
    let server = TestServer::start().await;
    let results = sample::results(Epoch(1), 100);
    server.sink().write(&results, false).await.unwrap();
    let parts = server
        .ask(
            "SELECT path FROM system.parts WHERE database = 'ioc' AND active \
             AND table NOT IN ('migration', 'instance', 'reject')",
        )
        .await;
    let (scratch, listen) = server.stop().await;
    // What a kill between the token's log entry and the part's rename leaves behind.
    for part in parts.lines() {
        std::fs::remove_dir_all(part).unwrap();
    }
    let server = TestServer::start_in(scratch, listen).await;
    assert_eq!(server.count("observation").await, 0);

    // The danger is real: ClickHouse acknowledges, and stores nothing.
    server.sink().write(&results, false).await.unwrap();
    assert_eq!(server.count("observation").await, 0);

    server.sink().write(&results, true).await.unwrap();
    assert_eq!(server.count("observation").await, 100);
    for (table, rows) in BESIDES {
        assert_eq!(server.count(table).await, rows, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_epochs_are_stored_once_while_clickhouse_is_killed_again_and_again() {
    const EPOCHS: u64 = 120;
    const KILLS: usize = 4;
    let server = TestServer::start().await;
    let sink = server.sink();
    let status = sink.status();
    let writing = tokio::spawn(async move {
        for epoch in 1..=EPOCHS {
            sink.write(&sample::results(Epoch(epoch), 50), false).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let mut kills = 0;
    while kills < KILLS && !writing.is_finished() {
        let pause = rand::rng().random_range(200..900);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        kills += usize::from(server.kill());
    }
    writing.await.unwrap();
    assert!(kills > 0, "no kill fell into the writing: the test proved nothing");
    assert!(status.borrow().last_error.is_some(), "no insert was cut off: the test proved nothing");

    crate::server::eventually("the server is up again", async || server.store.ping().await.is_ok()).await;
    let doubled = server
        .ask("SELECT epoch, count() AS held FROM observation GROUP BY epoch HAVING held != 50 ORDER BY epoch")
        .await;
    assert_eq!(doubled, "", "epochs with other than 50 rows after {kills} kills");
    assert_eq!(server.count("observation").await, EPOCHS * 50);
    for (table, rows) in BESIDES {
        assert_eq!(server.count(table).await, rows * EPOCHS, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_the_sink_waits_while_clickhouse_is_away_and_says_so() {
    let server = TestServer::start().await;
    let store = server.store.clone();
    let (scratch, listen) = server.stop().await;
    let refused = scratch.path().join("refused");
    let sink = Sink::new(
        store,
        SinkConfig { instance: INSTANCE, refused, concurrency: 4, broken: Some(Vec::new()) },
    );
    let mut status = sink.status();
    let writing = {
        let sink = sink.clone();
        tokio::spawn(async move { sink.write(&sample::results(Epoch(1), 10), false).await })
    };
    let away = status.wait_for(|status| status.away_since.is_some()).await.unwrap().clone();
    assert!(away.last_error.is_some());
    assert!(!writing.is_finished());

    let server = TestServer::start_in(scratch, listen).await;
    writing.await.unwrap().unwrap();
    assert_eq!(server.count("observation").await, 10);
    assert!(status.borrow_and_update().away_since.is_none());
    assert_eq!(sink.status().borrow().last_committed, Some(Epoch(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_an_unknown_table_halts_and_the_block_is_kept() {
    let server = TestServer::start().await;
    let _ = server.ask("DROP TABLE window SYNC").await;
    let halt = server.sink().write(&sample::results(Epoch(1), 10), false).await.unwrap_err();
    let SinkHalt::Refused { kept: Some(kept), .. } = &halt else { panic!("{halt}") };
    assert!(std::fs::metadata(kept).unwrap().len() > 0);
    assert!(halt.to_string().contains("window"), "{halt}");
    // Nothing is published of an epoch that was not stored whole.
    assert_eq!(server.count("epoch").await, 0);
    assert_eq!(server.count("observation_current").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loud_a_wrong_password_and_a_second_history_halt() {
    let server = TestServer::start().await;
    let results = sample::results(Epoch(1), 10);
    server.sink().write(&results, false).await.unwrap();
    let mut other = results.clone();
    other.manifest_hash = [9; 32];
    let halt = server.sink().write(&other, true).await.unwrap_err();
    assert!(matches!(halt, SinkHalt::Parted { .. }), "{halt}");

    let mut config = server.server.store();
    config.password = "wrong".to_owned();
    let sink = Sink::new(ioc_storage::Store::connect(&config).unwrap(), server.sink_config());
    let halt = sink.write(&sample::results(Epoch(2), 10), false).await.unwrap_err();
    assert!(matches!(halt, SinkHalt::Refused { .. }), "{halt}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_block_of_many_rows_is_one_part() {
    let server = TestServer::start().await;
    server.sink().write(&sample::results(Epoch(1), 120_000), false).await.unwrap();
    assert_eq!(server.count("observation").await, 120_000);
    let parts = server
        .ask("SELECT min(rows), count() FROM system.parts WHERE database = 'ioc' AND table = 'observation'")
        .await;
    assert_eq!(parts, "120000\t1");
    assert_eq!(
        server.store.last_committed(INSTANCE, Generation(0)).await.unwrap(),
        Some((Epoch(1), [1; 32]))
    );
}

//! BATCH and ONCE: marking is nothing but a shorter way to the same answers, whatever dies in it.

use std::time::Duration;

use ioc_model::{
    epoch::{Epoch, Generation},
    fact::Ranks,
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::Facts,
    results::{EpochResults, RowStanding, StoredObservation},
    time::{EventTime, Now, ReceivedAt},
    window::ClosedBy,
};
use ioc_storage::Topology;

use crate::{
    sample,
    server::{TestServer, eventually},
};

const EPOCHS: u64 = 8;
const KEYS: u64 = 40;

fn start() -> EventTime {
    sample::time("2024-11-30T23:00:00Z")
}

/// A row of an epoch: keys lie in two months.
fn row(key: u64, epoch: u64, number: u64, standing: RowStanding, last_word: bool) -> StoredObservation {
    let offset = epoch * 1_000 + key * 3 + number;
    StoredObservation {
        indicator: Name::from("pm25"),
        subject: Name::from(format!("s{}", key % 7)),
        event_time: EventTime(start().0 + key as i64 * 300_000),
        value: offset as f64,
        quality: Quality::Good,
        feed: Name::from("air"),
        sender: Name::from("login"),
        arrival: Arrival {
            received_at: ReceivedAt(start().0 + 86_400_000 + offset as i64),
            position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
            row: 0,
        },
        standing,
        last_word,
    }
}

/// Every key is said first; later epochs say every second, third … key anew, some of them twice.
fn epoch(number: u64) -> EpochResults {
    let mut facts = Facts::default();
    for key in (0..KEYS).filter(|key| number == 1 || key % number == 0) {
        let standing = if number == 1 { RowStanding::First } else { RowStanding::Correction };
        let twice = key % 5 == 0;
        facts.observations.push(row(key, number, 0, standing, !twice));
        if twice {
            facts.observations.push(row(key, number, 1, RowStanding::Correction, true));
        }
    }
    let mut window = sample::results(Epoch(number), 0).facts.windows.remove(0);
    window.closed_by = if number == 1 { ClosedBy::Watermark } else { ClosedBy::Revision };
    facts.windows = vec![window];
    facts.arrange(&mut Ranks::default());
    EpochResults {
        epoch: Epoch(number),
        now: Now(start().0 + 1_000 * number as i64),
        manifest_hash: [number as u8; 32],
        pack: ioc_model::pack::PackVersion::default(),
        facts,
        ..EpochResults::default()
    }
}

/// Of every key the row that arrived last, worked out from all rows: here no earlier one comes after it.
async fn is_what_all_rows_say(server: &TestServer, when: &str) {
    let shown = "SELECT subject, event_time, value, offset, sender FROM";
    for upto in 1..=EPOCHS {
        let moment = format!("fromUnixTimestamp64Milli(toInt64({}), 'UTC')", start().0 + 1_000 * upto as i64);
        let views = [format!("observation_known_at(known_at = {moment})"), "observation_current".to_owned()];
        let all = server
            .ask(&format!(
                "{shown} observation WHERE epoch <= {upto} ORDER BY subject, event_time, offset DESC \
                 LIMIT 1 BY subject, event_time"
            ))
            .await;
        for view in views.iter().take(if upto == EPOCHS { 2 } else { 1 }) {
            let found = server.ask(&format!("{shown} {view} ORDER BY subject, event_time")).await;
            assert_eq!(found, all, "{view} as of epoch {upto}, {when}");
        }
        let window = format!("SELECT count(), any(revision) FROM window_known_at(known_at = {moment})");
        assert_eq!(server.ask(&window).await, format!("1\t{upto}"), "{when}");
    }
}

async fn filled() -> TestServer {
    let server = TestServer::start().await;
    for number in 1..=EPOCHS {
        server.sink().write(&epoch(number), false).await.unwrap();
    }
    server
}

const MARKED: &str = "SELECT sum(until != 18446744073709551615 AND until != epoch) FROM observation";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_what_is_current_is_the_same_before_during_and_after_marking() {
    let server = filled().await;
    is_what_all_rows_say(&server, "before marking").await;
    assert_eq!(server.ask(MARKED).await, "0");

    // Mutations wait, and so does marking.
    let _ = server.ask("SYSTEM STOP MERGES observation").await;
    let store = server.store.clone();
    let marking = tokio::spawn(async move { store.mark_superseded(&Topology::Single).await });
    let working = "SELECT count() FROM system.mutations WHERE table = 'observation' AND NOT is_done";
    eventually("a mutation waits", async || server.ask(working).await != "0").await;
    is_what_all_rows_say(&server, "while rows are being marked").await;
    let _ = server.ask("SYSTEM START MERGES observation").await;
    let words: u64 = server.count("superseded").await;
    assert_eq!(marking.await.unwrap().unwrap(), words);

    assert_ne!(server.ask(MARKED).await, "0");
    assert_eq!(server.ask("SELECT max(upto) FROM marked WHERE fact = 'observation'").await, "8");
    is_what_all_rows_say(&server, "after marking").await;
    assert_eq!(server.store.mark_superseded(&Topology::Single).await.unwrap(), 0, "there is nothing left");
    assert_eq!(server.store.losses(Generation(0), Epoch(0), Epoch(EPOCHS)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_server_killed_in_a_marking_marks_again_and_no_answer_changes() {
    let server = filled().await;
    let _ = server.ask("SYSTEM STOP MERGES observation").await;
    let store = server.store.clone();
    let marking = tokio::spawn(async move { store.mark_superseded(&Topology::Single).await });
    let working = "SELECT count() FROM system.mutations WHERE table = 'observation' AND NOT is_done";
    eventually("a mutation waits", async || server.ask(working).await != "0").await;
    assert!(server.kill());
    // It meets the gap and gives up, or looks again when the server is back, which goes on with the mutation.
    let _gave_up_or_went_on = marking.await.unwrap();
    eventually("it is back", async || server.store.ping().await.is_ok()).await;
    is_what_all_rows_say(&server, "after the kill").await;
    let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
    is_what_all_rows_say(&server, "after marking again").await;
    assert_eq!(server.ask("SELECT max(upto) FROM marked WHERE fact = 'observation'").await, "8");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_marks_go_back_with_the_commits_and_rows_that_are_made_again_are_marked_again() {
    let server = filled().await;
    let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
    server.store.take_back_commits(Generation(0), Epoch(4)).await.unwrap();
    assert_eq!(server.count("marked").await, 0);
    let lost = "ALTER TABLE observation DELETE WHERE epoch = 5 SETTINGS mutations_sync = 2";
    let _ = server.ask(lost).await;
    for number in 5..=EPOCHS {
        server.sink().write(&epoch(number), true).await.unwrap();
    }
    is_what_all_rows_say(&server, "behind rows that were made again").await;
    let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
    is_what_all_rows_say(&server, "and marked again").await;
}

/// What was superseded is looked up as of a commit, so rows of that commit must be there: they are looked at after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frontier_a_question_sees_all_rows_of_the_commit_it_goes_by() {
    let server = TestServer::start().await;
    server.sink().write(&epoch(1), false).await.unwrap();
    let _ = server.ask("CREATE VIEW epoch_later AS SELECT * FROM epoch").await;
    let slow = "CREATE OR REPLACE VIEW committed AS WITH (SELECT sleep(3)) AS waited \
                SELECT generation, epoch AS last_epoch, now AS last_now FROM epoch_later WHERE waited = 0 \
                ORDER BY generation DESC, last_epoch DESC LIMIT 1";
    let _ = server.ask(slow).await;
    let store = server.server.store();
    let asked = tokio::spawn(async move {
        crate::server::ask_as(&store, "SELECT count(), max(offset) FROM observation_current").await
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.sink().write(&epoch(2), false).await.unwrap();
    let newest = server.ask("SELECT max(offset) FROM observation").await;
    assert_eq!(asked.await.unwrap().unwrap(), format!("{KEYS}\t{newest}"));
}

//! BATCH and REPLAY as analysts see them: which value is current, and from when.

use ioc_model::{
    epoch::Epoch,
    fact::{Fact, Ranks},
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::Facts,
    results::{EpochResults, RowStanding, StoredObservation},
    time::{EventTime, ReceivedAt},
};

use crate::{sample, server::TestServer};

/// One stored row: key, value, quality, arrival in milliseconds and offset. It is its key's last word.
fn row(subject: &str, value: f64, quality: Quality, received: i64, offset: u64) -> StoredObservation {
    StoredObservation {
        indicator: Name::from("pm25"),
        subject: Name::from(subject),
        event_time: sample::time("2024-11-05T00:00:00Z"),
        value,
        quality,
        feed: Name::from("air"),
        sender: Name::default(),
        arrival: Arrival {
            received_at: ReceivedAt(sample::time("2024-11-05T01:00:00Z").0 + received),
            position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) },
            row: 0,
        },
        standing: RowStanding::First,
        last_word: true,
    }
}

fn epoch(number: u64, observations: Vec<StoredObservation>) -> EpochResults {
    let mut results = sample::results(Epoch(number), 0);
    let Facts { windows, rejects, feed_minutes, .. } = &mut results.facts;
    windows.clear();
    rejects.clear();
    feed_minutes.clear();
    results.facts.observations = observations;
    results.facts.arrange(&mut Ranks::default());
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_what_the_flow_said_last_is_current() {
    use Quality::{DeviceError, Good};
    use RowStanding::{Correction, History, Restored};
    let server = TestServer::start().await;
    let sink = server.sink();
    let said = |standing, row: StoredObservation| StoredObservation { standing, ..row };
    let passed = |standing, row: StoredObservation| StoredObservation { standing, last_word: false, ..row };
    let first = vec![
        row("corrected", 1.0, Good, 100, 1),
        row("replayed", 1.0, Good, 200, 3),
        passed(RowStanding::First, row("known earlier", 1.0, Good, 100, 4)),
        said(Correction, row("known earlier", 2.0, Good, 200, 5)),
        row("quality", 1.0, Good, 100, 6),
        row("single", 1.0, Good, 100, 8),
    ];
    let second = vec![
        said(Correction, row("corrected", 2.0, Good, 300, 11)),
        // A replayed reject: another value that arrived earlier. It is history.
        passed(History, row("replayed", 2.0, Good, 50, 13)),
        // The current value turns out to have been known before the other one, which is said again.
        said(Restored, row("known earlier", 1.0, Good, 100, 4)),
        passed(History, row("known earlier", 2.0, Good, 50, 15)),
        said(Correction, row("quality", 1.0, DeviceError, 300, 16)),
    ];
    sink.write(&epoch(1, first), false).await.unwrap();
    sink.write(&epoch(2, second), false).await.unwrap();
    let current =
        server.ask("SELECT subject, value, quality, offset FROM observation_current ORDER BY subject").await;
    let expected = [
        "corrected\t2\tgood\t11",
        "known earlier\t1\tgood\t4",
        "quality\t1\tdevice_error\t16",
        "replayed\t1\tgood\t3",
        "single\t1\tgood\t8",
    ];
    assert_eq!(current.lines().collect::<Vec<_>>(), expected);
    let then = "SELECT subject, value FROM observation_known_at(known_at = '2024-11-05 00:00:01.500') \
                WHERE value = 2 OR subject = 'corrected' ORDER BY subject";
    assert_eq!(server.ask(then).await, "corrected\t1\nknown earlier\t2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frontier_rows_of_an_uncommitted_epoch_are_not_seen() {
    let server = TestServer::start().await;
    let sink = server.sink();
    sink.write(&sample::results(Epoch(1), 10), false).await.unwrap();
    sink.write(&sample::results(Epoch(2), 10), false).await.unwrap();
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE epoch = 2 SETTINGS mutations_sync = 1").await;
    assert_eq!(server.count("observation").await, 20);
    assert_eq!(server.count("observation_current").await, 10);
    assert_eq!(server.count("reject_current").await, 1);
    assert_eq!(server.ask("SELECT revision FROM window_current").await, "1");
    assert_eq!(server.ask("SELECT sum(received) FROM feed_by_minute").await, "11");
    let _ = server.ask("ALTER TABLE epoch DELETE WHERE 1 SETTINGS mutations_sync = 1").await;
    assert_eq!(server.count("observation_current").await, 0);
}

/// A gateway whose clock slipped by a year rewrites last year: that is seen by who does it, and from which day on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn corrections_of_what_is_long_over_are_told_by_sender_and_day() {
    const DAY: i64 = 24 * 3_600_000;
    let server = TestServer::start().await;
    let sink = server.sink();
    let mut results = sample::results(Epoch(1), 6);
    for (at, row) in results.facts.observations.iter_mut().enumerate() {
        let days_ago = [365, 31, 29, 365, 364, 2][at];
        row.event_time = EventTime(row.arrival.received_at.0 - days_ago * DAY);
        // The fourth is the first of its key: it changes nothing that was said.
        row.standing = if at == 3 { RowStanding::First } else { RowStanding::Correction };
    }
    results.facts.observations.sort_by(Fact::compare);
    sink.write(&results, false).await.unwrap();
    let told = "SELECT received_day, feed, sender, rows, subjects, dateDiff('day', oldest, newest) FROM late_correction";
    let day = "2024-11-05 00:00:00";
    assert_eq!(server.ask(told).await, format!("{day}\tair-mqtt\ttrạm-1\t3\t3\t334"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_the_highest_revision_of_a_window_is_current() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2, 3] {
        sink.write(&sample::results(Epoch(number), 1), false).await.unwrap();
    }
    let current = "SELECT revision, count, sum, mean FROM window_current";
    assert_eq!(server.ask(current).await, format!("3\t3\t3.1\t{}", 3.1 / 3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_sums_and_values_come_back_bit_for_bit() {
    let server = TestServer::start().await;
    let values = [0.1 + 0.2, f64::MIN_POSITIVE, -0.0, 1e300, f64::from_bits(1), -123.456_789_012_345_67];
    let rows = values
        .iter()
        .enumerate()
        .map(|(index, value)| row(&format!("s{index}"), *value, Quality::Good, 0, index as u64));
    let mut results = epoch(1, rows.collect());
    results.facts.windows = sample::results(Epoch(1), 0).facts.windows;
    results.facts.windows[0].aggregate = ioc_model::window::Aggregate::default();
    server.sink().write(&results, false).await.unwrap();
    let bits =
        server.ask("SELECT reinterpretAsUInt64(value) FROM observation_current ORDER BY subject").await;
    let expected: Vec<String> = values.iter().map(|value| value.to_bits().to_string()).collect();
    assert_eq!(bits.lines().collect::<Vec<_>>(), expected);
    assert_eq!(server.ask("SELECT min, max, count FROM window").await, "inf\t-inf\t0");
    assert_eq!(server.ask("SELECT min, max, mean FROM window_current").await, "\\N\t\\N\t\\N");
}

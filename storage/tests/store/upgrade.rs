//! Rows from before the flow said what is current read as they did, and the migration that sees to it can run twice. A
//! table that is laid anew holds what it held, whenever its copying was cut off.

use ioc_model::epoch::Epoch;
use ioc_storage::Topology;

use crate::{sample, server::TestServer};

const READINGS: &str = "INSERT INTO observation (indicator, subject, event_time, value, quality, feed, received_at, \
     log, partition, offset, row, standing, generation, epoch, chunk) VALUES ";

/// One row as the flow of before stored it: arrived so many milliseconds in, which is its offset, too.
fn reading(subject: &str, value: u8, arrived: u64, standing: &str, epoch: u64) -> String {
    format!(
        "('pm25', '{subject}', '2024-11-05 00:00:00', {value}, 'good', 'air', \
         fromUnixTimestamp64Milli(toInt64(1730764800000 + {arrived})), 1, 0, {arrived}, 0, '{standing}', 0, {epoch}, 0)"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_rows_of_before_read_as_they_did_however_often_they_are_brought_up_to_date() {
    let server = TestServer::start().await;
    for number in 1..=4 {
        let mut results = sample::results(Epoch(number), 0);
        // Neither said anything then.
        results.facts.superseded.clear();
        results.facts.windows[0].closed_by = ioc_model::window::ClosedBy::Revision;
        results
            .facts
            .indices
            .iter_mut()
            .for_each(|row| row.closed_by = ioc_model::window::ClosedBy::Revision);
        server.sink().write(&results, false).await.unwrap();
    }
    let rows = [
        reading("single", 1, 10, "first", 1),
        reading("corrected", 1, 11, "first", 1),
        reading("corrected", 2, 30, "correction", 3),
        reading("corrected twice at once", 1, 12, "first", 1),
        reading("corrected twice at once", 2, 13, "correction", 1),
        reading("corrected twice at once", 3, 31, "correction", 3),
        reading("replayed", 1, 20, "first", 2),
        reading("replayed", 2, 5, "history", 3),
        // The same value, known earlier: the row of the earlier arrival is shown.
        reading("known earlier", 1, 21, "first", 2),
        reading("known earlier", 1, 6, "history", 3),
        // The value turns out to have been known before the one it had taken the place of.
        reading("gone back", 1, 14, "first", 1),
        reading("gone back", 2, 22, "correction", 2),
        reading("gone back", 2, 7, "history", 3),
    ];
    let _ = server.ask(&format!("{READINGS}{}", rows.join(", "))).await;
    for _ in 0..2 {
        let again = "ALTER TABLE migration DELETE WHERE number = 10 SETTINGS mutations_sync = 2";
        let _ = server.ask(again).await;
        assert_eq!(server.store.migrate(&Topology::Single, "UTC").await.unwrap(), [10]);
        let current =
            server.ask("SELECT subject, value, offset FROM observation_current ORDER BY subject").await;
        let expected = [
            "corrected\t2\t30",
            "corrected twice at once\t3\t31",
            "gone back\t1\t14",
            "known earlier\t1\t6",
            "replayed\t1\t20",
            "single\t1\t10",
        ];
        assert_eq!(current.lines().collect::<Vec<_>>(), expected);
        let then = "SELECT subject, value FROM observation_known_at(known_at = '2024-11-05 00:00:02.500') \
                    WHERE startsWith(subject, 'corrected') ORDER BY subject";
        assert_eq!(server.ask(then).await, "corrected\t1\ncorrected twice at once\t2");
        assert_eq!(server.ask("SELECT revision FROM window_current").await, "4");
        assert_eq!(server.ask("SELECT count(), min(revision) FROM index_current").await, "2\t4");
        assert_eq!(server.ask("SELECT count(), min(revision) FROM assessment_current").await, "2\t4");
        let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
        let marked =
            server.ask("SELECT subject, value, offset FROM observation_current ORDER BY subject").await;
        assert_eq!(marked, current);
    }
}

/// `report_value` as it lay before it was divided by year, under the name of its copy.
const BY_MONTH: &str = "CREATE TABLE report_value_anew AS report_value ENGINE = MergeTree PARTITION BY \
     toYYYYMM(period_start) ORDER BY (form, indicator, place, place_from, breakdown, period_start, agency, vintage, \
     epoch, log, partition, offset, row) SETTINGS non_replicated_deduplication_window = 10000, \
     fsync_after_insert = 1, fsync_part_directory = 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_a_table_laid_anew_holds_what_it_held_wherever_its_copying_was_cut_off() {
    let server = TestServer::start().await;
    for number in 1..=4 {
        server.sink().write(&sample::results(Epoch(number), 0), false).await.unwrap();
    }
    let all = "SELECT count(), sum(cityHash64(*)) FROM report_value";
    let held = server.ask(all).await;
    assert!(!held.starts_with('0'), "{held}");
    let migrate = async || {
        let _ =
            server.ask("ALTER TABLE migration DELETE WHERE number = 37 SETTINGS mutations_sync = 2").await;
        assert_eq!(server.store.migrate(&Topology::Single, "UTC").await.unwrap(), [37]);
        assert_eq!(server.ask(all).await, held);
        let laid = "SELECT name, partition_key FROM system.tables WHERE database = 'ioc' AND name LIKE 'report_value%' \
                    AND engine = 'MergeTree'";
        assert_eq!(server.ask(laid).await, "report_value\ttoYear(period_start)");
    };
    // As a build of before left it; then cut off while a part of it was copied; then behind the change of names.
    let of_before = [
        BY_MONTH,
        "INSERT INTO report_value_anew SELECT * FROM report_value",
        "EXCHANGE TABLES report_value AND report_value_anew",
    ];
    for statement in of_before {
        let _ = server.ask(statement).await;
    }
    let _ = server.ask("DROP TABLE report_value_anew SYNC").await;
    migrate().await;
    for statement in of_before {
        let _ = server.ask(statement).await;
    }
    let _ =
        server.ask("ALTER TABLE report_value_anew DELETE WHERE row = 0 SETTINGS mutations_sync = 2").await;
    migrate().await;
    for statement in [BY_MONTH, "INSERT INTO report_value_anew SELECT * FROM report_value"] {
        let _ = server.ask(statement).await;
    }
    migrate().await;
    // What its blocks were sent with is not in the copy: they are found by their rows.
    server.sink().write(&sample::results(Epoch(4), 0), true).await.unwrap();
    assert_eq!(server.ask(all).await, held);
    let _ = server.store.mark_superseded(&Topology::Single).await.unwrap();
    server.sink().write(&sample::results(Epoch(5), 0), false).await.unwrap();
    assert_ne!(server.ask(all).await, held);
}

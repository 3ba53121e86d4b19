//! Long series: every value where there is room, buckets where there is not, and no memory for either.

use ioc_model::{epoch::Epoch, index::IndexId, time::EventTime, window::WindowKind};
use ioc_storage::queries::Measured;

use crate::{askers::ALL, sample, server::TestServer};

fn start() -> EventTime {
    sample::time("2024-11-05T00:00:00Z")
}

/// Rows of epoch 1, every second from the start on: value = second of the series, by default good.
async fn fill(server: &TestServer, number: u64, value: &str, quality: &str) {
    let columns = "indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset, row, \
                   standing, generation, epoch, chunk";
    let at = start().0;
    let _ = server
        .ask(&format!(
            "INSERT INTO observation ({columns}) SELECT 'no2', 'long', \
             fromUnixTimestamp64Milli(toInt64({at} + number * 1000), 'UTC'), {value}, {quality}, 'air', \
             fromUnixTimestamp64Milli(toInt64({at} + number * 1000 + 500), 'UTC'), 1, 0, number, 0, 'first', 0, 1, 0 \
             FROM numbers({number})"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bound_five_million_points_become_the_buckets_asked_for_with_their_extremes() {
    const POINTS: u64 = 5_000_000;
    let server = TestServer::start().await;
    server.sink().write(&sample::results(Epoch(1), 1), false).await.unwrap();
    // One value of all stands out; one in four is of a device that says it is faulty.
    fill(
        &server,
        POINTS,
        "if(number = 777777, 9e6, if(number % 4 = 0, -1e6, number))",
        "if(number % 4 = 0, 'device_error', 'good')",
    )
    .await;
    // And the one before it was corrected.
    let _ = server
        .ask(
            "INSERT INTO observation SELECT * REPLACE (8e6 AS value, 'correction' AS standing, \
             received_at + INTERVAL 1 HOUR AS received_at) FROM observation \
             WHERE indicator = 'no2' AND offset = 777775",
        )
        .await;
    let _ = server
        .ask(
            "ALTER TABLE observation UPDATE until = epoch WHERE offset = 777775 AND standing = 'first' \
             SETTINGS mutations_sync = 2",
        )
        .await;
    let end = EventTime(start().0 + 6_000_000_000);
    let series =
        server.store.series(&ALL, Measured::Points("no2"), "long", start(), end, 10_000).await.unwrap();
    assert_eq!((series.found, series.rows.len()), (POINTS, 10_000));
    assert!(series.rows.is_sorted_by_key(|row| row.start));
    assert_eq!(series.rows[0].start, start());
    let top = series.rows.iter().filter_map(|row| row.high).fold(f64::MIN, f64::max);
    assert_eq!(top, 9e6, "a peak is not lost in the mean");
    assert!(series.rows.iter().all(|row| row.low.unwrap() >= 1.0), "only good values are drawn");
    let bucket = &series.rows[1_555];
    // Its buckets are 500 seconds: 777,500 to 777,999, of them 375 good.
    let good = (777_500..778_000_u64).filter(|number| number % 4 != 0);
    let sum: f64 = good
        .map(|number| match number {
            777_775 => 8e6,
            777_777 => 9e6,
            number => number as f64,
        })
        .sum();
    assert!((bucket.mean.unwrap() - sum / 375.0).abs() < 1e-6, "corrected values count, and once");
    assert_eq!(bucket.completeness, Some(0.75));

    let day = EventTime(start().0 + 86_400_000);
    let whole =
        server.store.series(&ALL, Measured::Points("no2"), "long", start(), day, 100_000).await.unwrap();
    assert_eq!((whole.found, whole.rows.len()), (86_400, 86_400));
    assert_eq!((whole.rows[0].mean, whole.rows[0].completeness), (Some(-1e6), Some(0.0)));
    assert_eq!((whole.rows[1].mean, whole.rows[1].completeness), (Some(1.0), Some(1.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_and_indices_are_series_too_and_a_missing_value_stays_missing() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2] {
        sink.write(&sample::results(Epoch(number), 1), false).await.unwrap();
    }
    let end = EventTime(start().0 + 86_400_000);
    let hours = Measured::Windows("pm25", WindowKind::Hour);
    let series = server.store.series(&ALL, hours, "station-0", start(), end, 10).await.unwrap();
    assert_eq!((series.found, series.rows.len()), (1, 1));
    let row = series.rows[0];
    assert_eq!((row.mean, row.low, row.high), (Some(2.1 / 2.0), Some(0.1), Some(9.0)));
    assert_eq!(row.completeness, Some(1.0));

    let of = |kind| Measured::Index(IndexId::VnAqi, kind);
    let hour = server.store.series(&ALL, of(WindowKind::Hour), "station-0", start(), end, 10).await.unwrap();
    assert_eq!((hour.rows[0].mean, hour.rows[0].completeness), (Some(102.0), None));
    let day = server.store.series(&ALL, of(WindowKind::Day), "station-0", start(), end, 10).await.unwrap();
    assert_eq!((day.rows[0].start, day.rows[0].mean), (start(), None));

    let nothing =
        server.store.series(&ALL, Measured::Points("pm25' --"), "x", start(), end, 10).await.unwrap();
    assert!(nothing.rows.is_empty());
}

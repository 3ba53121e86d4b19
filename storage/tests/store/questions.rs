//! What boards and the dataflow ask back.

use ioc_model::{
    calendar::DayNumber,
    epoch::{Epoch, Generation, Revision},
    name::Name,
    observation::Quality,
    position::{LogNumber, Offset, Partition, Position},
    question::{About, Found, Question},
    results::Standing,
    time::EventTime,
    window::{ClosedBy, WindowKind},
};
use ioc_storage::queries::Receipt;

use crate::{sample, server::TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boards_get_the_latest_values_trends_rejects_receipts_and_balance() {
    let server = TestServer::start().await;
    let sink = server.sink();
    for number in [1, 2] {
        sink.write(&sample::results(Epoch(number), 50), false).await.unwrap();
    }
    let store = &server.store;
    let start = sample::time("2024-11-05T00:00:00Z");

    let latest = store.latest(start).await.unwrap();
    assert_eq!(latest.len(), 5);
    // Station 4's last row of the second epoch is number 49.
    let last = latest.iter().find(|value| value.subject == "station-4").unwrap();
    assert_eq!(last.offset, Offset(2_000_049));
    assert_eq!(last.event_time, EventTime(start.0 + 2_000_049 * 7));
    assert_eq!(last.value, 49.0 / 3.0);
    assert_eq!(last.quality, Quality::Good);
    assert_eq!(last.standing, Standing::First);
    assert!(store.latest(EventTime(last.event_time.0 + 1)).await.unwrap().is_empty());

    let trend = store
        .trend("pm25", "station-0", WindowKind::Hour, start, EventTime(start.0 + 3_600_000))
        .await
        .unwrap();
    assert_eq!(trend.len(), 1);
    assert_eq!((trend[0].revision, trend[0].count), (Revision(2), 2));
    assert_eq!(trend[0].mean, Some(2.1 / 2.0));
    assert_eq!(trend[0].closed_by, ClosedBy::Watermark);
    let elsewhere =
        store.trend("pm25' OR 1=1 --", "station-0", WindowKind::Hour, start, start).await.unwrap();
    assert!(elsewhere.is_empty());

    let rejects = store.recent_rejects(10).await.unwrap();
    assert_eq!(rejects.iter().map(|reject| reject.offset.0).collect::<Vec<_>>(), [2_000_050, 1_000_050]);
    assert_eq!(rejects[0].raw, "\u{fffd}{");
    assert_eq!(rejects[0].message_vi, "không phải JSON");
    assert_eq!(store.recent_rejects(1).await.unwrap().len(), 1);

    let position = |offset| Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) };
    assert_eq!(
        store.receipt(position(1_000_003)).await.unwrap(),
        Receipt { stored: 1, rejected: 0, undecodable: 0, held: 0 }
    );
    assert_eq!(
        store.receipt(position(1_000_050)).await.unwrap(),
        Receipt { stored: 0, rejected: 0, undecodable: 1, held: 0 }
    );
    assert_eq!(store.receipt(position(7)).await.unwrap(), Receipt::default());

    let balance = "SELECT envelopes_received, envelopes_astray, rows_astray FROM feed_balance";
    assert_eq!(server.ask(balance).await, "102\t0\t0");
    let totals = store.totals(Generation(0)).await.unwrap();
    assert_eq!(totals[0].0, "air-mqtt");
    assert_eq!((totals[0].1.received, totals[0].1.stored), (102, 100));
    assert_eq!(store.published(Generation(0)).await.unwrap(), Some(Epoch(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balance_a_lost_row_shows() {
    let server = TestServer::start().await;
    let mut results = sample::results(Epoch(1), 10);
    let counts = &mut results.facts.feed_minutes[0].counts;
    counts.stored -= 1;
    counts.received += 2;
    server.sink().write(&results, false).await.unwrap();
    let astray = "SELECT envelopes_astray, rows_astray FROM feed_balance";
    assert_eq!(server.ask(astray).await, "2\t1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batch_a_day_read_back_holds_every_row_up_to_the_epoch_in_order() {
    let server = TestServer::start().await;
    let sink = server.sink();
    let mut first = sample::results(Epoch(1), 100);
    first.facts.observations.reverse();
    sink.write(&first, false).await.unwrap();
    sink.write(&sample::results(Epoch(2), 100), false).await.unwrap();
    let from = sample::time("2024-11-05T00:00:00Z");
    let question = Question {
        subject: Name::from("station-3"),
        about: About::Day { indicator: Name::from("pm25"), day: DayNumber(20_032) },
        from,
        to: EventTime(from.0 + 86_400_000),
        asked: Epoch(1),
    };
    let Found::Rows(rows) = server.store.ask(&question, Generation(0), Epoch(1)).await.unwrap() else {
        panic!("a day is rows");
    };
    assert_eq!(rows.len(), 20);
    assert!(rows.is_sorted_by_key(|row| (row.event_time, row.arrival)));
    let mut expected: Vec<_> =
        first.facts.observations.iter().filter(|row| &*row.subject == "station-3").cloned().collect();
    expected.sort_by_key(|row| (row.event_time, row.arrival));
    for (read, stored) in rows.iter().zip(&expected) {
        assert_eq!(read.arrival, stored.arrival);
        assert_eq!(read.event_time, stored.event_time);
        assert_eq!(read.value.to_bits(), stored.value.to_bits());
        assert_eq!(read.quality, stored.quality);
    }
    let both = server.store.ask(&question, Generation(0), Epoch(2)).await.unwrap();
    assert_eq!(both.len(), 40);
}

//! What a browser, a proxy and an operator's probe get.

use std::time::Duration;

use ioc_dashboards::{Hydration, LiveLimits, StoreHealth, SystemStatus, live::LivePace, rejects::RejectView};
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    reject::RejectReason,
    results::{FeedMinute, RowStanding},
    time::Now,
};
use serde_json::Value;

use crate::{
    server::{NOON, STATION, Server, well},
    support::{HOUR, Trouble, arrival, counts, heard, hour, observation, reject, results, text},
};

fn value_of(picture: &Value, indicator: &str) -> Value {
    let tiles = picture["tiles"].as_array().unwrap();
    let tile = tiles.iter().find(|tile| tile["subject"] == STATION && tile["indicator"] == indicator);
    tile.map_or(Value::Null, |tile| tile["latest"]["value"].clone())
}

#[tokio::test]
async fn the_page_is_revalidated_by_its_content_and_loads_nothing_foreign() {
    let server = Server::start().await;
    let first = server.get("/", &[]).await;
    assert_eq!(first.status, 200);
    assert!(first.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let page = String::from_utf8(first.body.clone()).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    let tag = first.header("etag").unwrap();
    let again = server.get("/", &[("if-none-match", tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = server.get("/", &[("if-none-match", "\"another\"")]).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_name_out_of_the_bundle_is_not_found_safe() {
    let server = Server::start().await;
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets//etc/passwd",
        "/assets/nothing.js",
    ] {
        let reply = server.get(path, &[]).await;
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_meant_gets_problem_details() {
    let server = Server::start().await;
    let series = format!("subject={STATION}&indicator=pm25");
    for (path, status) in [
        ("/api/trend".to_owned(), 400),
        (format!("/api/trend?{series}&hours=0"), 400),
        (format!("/api/trend?{series}&hours=100000"), 400),
        (format!("/api/trend?{series}&hours=x"), 400),
        ("/api/trend?subject=x'%20OR%201=1&indicator=pm25".to_owned(), 404),
        ("/api/rejects?limit=1000000".to_owned(), 400),
        ("/api/envelopes/1-2".to_owned(), 400),
        ("/api/events?since=-1".to_owned(), 400),
    ] {
        let reply = server.get(&path, &[]).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(reply.json()["status"], status, "{path}");
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_board_that_is_not_filled_yet_says_so_instead_of_showing_nothing_silent() {
    let server = Server::empty(LiveLimits::default()).await;
    for path in ["/api/overview", "/api/events", "/readyz"] {
        let reply = server.get(path, &[]).await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{path}");
    }
    assert_eq!(server.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn what_was_applied_after_commit_is_in_the_picture_with_its_origin() {
    let server = Server::start().await;
    let mut made = results(7, NOON);
    let mut row =
        observation(STATION, "pm25", NOON - HOUR, 41.25, "air-gateway", arrival(NOON - 1_000, 42, 3));
    row.standing = RowStanding::Correction;
    made.facts.observations.push(row);
    made.facts.windows.push(hour(STATION, "pm25", NOON - 2 * HOUR, &[40.0, 42.0], 2));
    let message = text("sai định dạng", "malformed");
    made.facts.rejects.push(reject(
        "water-files",
        arrival(NOON - 500, 43, 0),
        RejectReason::Malformed,
        message,
        b"\0<script>",
    ));
    made.facts.feed_minutes.push(FeedMinute::new(
        "air-gateway".into(),
        made.now,
        heard(NOON - 1_000, counts(2, 1, 1, 0)),
    ));
    made.facts.feed_minutes.push(FeedMinute::new("water-files".into(), made.now, counts(1, 0, 0, 1)));
    server.board.apply(&made);

    let overview = server.get("/api/overview", &[]).await.json();
    let picture = &overview["picture"];
    assert_eq!(picture["epoch"], 7);
    let tiles = picture["tiles"].as_array().unwrap();
    let tile = tiles.iter().find(|tile| tile["subject"] == STATION && tile["indicator"] == "pm25").unwrap();
    let latest = &tile["latest"];
    assert_eq!((latest["value"].as_f64(), latest["quality"].as_str()), (Some(41.25), Some("good")));
    assert_eq!((latest["position"].as_str(), latest["row"].as_u64()), (Some("1-0-42"), Some(3)));
    assert_eq!((latest["correction"].as_bool(), latest["epoch"].as_u64()), (Some(true), Some(7)));
    assert_eq!(tile["hours"][0]["mean"], 41.0);
    let silent = tiles.iter().filter(|tile| tile["latest"].is_null()).count();
    assert_eq!(silent, tiles.len() - 1, "series that never reported are there, and say so");
    let reject = &picture["rejects"][0];
    assert_eq!(
        (reject["reason"].as_str(), reject["sample"].as_str()),
        (Some("malformed"), Some("\\u{0}<script>"))
    );
    let feeds = picture["feeds"].as_array().unwrap();
    let gateway = feeds.iter().find(|feed| feed["id"] == "air-gateway").unwrap();
    assert_eq!(
        (gateway["counts"]["received"].as_u64(), gateway["counts"]["duplicate"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(gateway["last_received"], NOON - 1_000);
    assert!(feeds.iter().any(|feed| feed["id"] == "reports" && feed["last_received"].is_null()));
}

#[tokio::test]
async fn an_epoch_applied_twice_counts_once() {
    let server = Server::start().await;
    let mut made = results(5, NOON);
    made.facts.feed_minutes.push(FeedMinute::new("air-gateway".into(), made.now, counts(3, 3, 0, 0)));
    server.board.apply(&made);
    server.board.apply(&made);
    made.epoch = Epoch(4);
    server.board.apply(&made);
    let feeds = server.board.everything(&Asker::everyone()).feeds;
    let gateway = feeds.iter().find(|feed| &*feed.id == "air-gateway").unwrap();
    assert_eq!((gateway.counts.received, gateway.counts.stored), (3, 3));
    assert_eq!(server.board.epoch(), Epoch(5));
}

#[tokio::test]
async fn an_identity_that_does_not_add_up_reaches_the_page_as_astray_balance() {
    let server = Server::start().await;
    let mut made = results(1, NOON);
    let mut count = counts(5, 4, 0, 0);
    count.received = 7;
    count.rows = 3;
    made.facts.feed_minutes.push(FeedMinute::new("air-gateway".into(), made.now, count));
    server.board.apply(&made);
    let feeds = server.board.everything(&Asker::everyone()).feeds;
    let gateway = feeds.iter().find(|feed| &*feed.id == "air-gateway").unwrap();
    assert_eq!((gateway.envelopes_astray, gateway.rows_astray), (2, -1));
}

#[tokio::test]
async fn a_feed_of_duplicates_and_heartbeats_alone_is_not_silent() {
    let server = Server::start().await;
    let mut made = results(1, NOON);
    made.facts.feed_minutes.push(FeedMinute::new(
        "air-files".into(),
        made.now,
        heard(NOON, counts(1, 0, 5, 0)),
    ));
    server.board.apply(&made);
    let feeds = server.board.everything(&Asker::everyone()).feeds;
    let files = feeds.iter().find(|feed| &*feed.id == "air-files").unwrap();
    assert_eq!(files.last_received.map(|moment| moment.0), Some(NOON));
}

#[tokio::test]
async fn a_viewer_gets_what_changed_since_the_epoch_it_has_and_each_tile_once_bound() {
    let server = Server::start().await;
    let push = |epoch: u64, indicator: &str, value: f64| {
        let mut made = results(epoch, NOON);
        let event_time = NOON + i64::try_from(epoch).unwrap();
        made.facts.observations.push(observation(
            STATION,
            indicator,
            event_time,
            value,
            "air-gateway",
            arrival(NOON, epoch, 0),
        ));
        server.board.apply(&made);
    };
    push(1, "pm10", 1.0);
    push(2, "pm25", 2.0);

    let mut events = server.listen("/api/events?since=1", &[]).await;
    let hello = events.next().await.unwrap();
    assert_eq!((hello.name.as_str(), hello.data["clock_speed"].as_f64()), ("hello", Some(1.0)));
    assert!(hello.data["replayed"]["vi"].is_string());
    let changes = events.named("changes").await;
    assert_eq!(changes.id.as_deref(), Some("2"));
    assert_eq!((value_of(&changes.data, "pm25"), value_of(&changes.data, "pm10")), (2.0.into(), Value::Null));

    // Far more epochs than events: the viewer is sent the last value of each, not a queue of them.
    for epoch in 3..=1_000 {
        push(epoch, "pm25", epoch as f64);
    }
    let mut received = 0;
    let last = loop {
        let changes = events.named("changes").await;
        received += 1;
        assert_eq!(changes.data["tiles"].as_array().unwrap().len(), 1);
        if changes.data["epoch"] == 1_000 {
            break changes;
        }
    };
    assert_eq!(value_of(&last.data, "pm25"), 1_000.0);
    assert!(received < 100, "{received} events for 998 epochs");

    // After a break the header is newer than the address.
    let mut back = server.listen("/api/events?since=1", &[("last-event-id", "999")]).await;
    let changes = back.named("changes").await;
    assert_eq!(
        (value_of(&changes.data, "pm25"), value_of(&changes.data, "pm10")),
        (1_000.0.into(), Value::Null)
    );

    // A viewer of another past gets everything.
    let mut foreign = server.listen("/api/events?since=5000", &[]).await;
    assert_eq!(value_of(&foreign.named("changes").await.data, "pm10"), 1.0);
}

#[tokio::test]
async fn a_viewer_hears_the_pipeline_stop_although_no_epoch_is_committed_silent() {
    let server = Server::start().await;
    let mut events = server.listen("/api/events", &[]).await;
    assert!(events.named("heartbeat").await.data["status"]["halted"].is_null());
    let away = StoreHealth::Away { cause: "connection refused".into(), since: Now(NOON) };
    server.board.system(SystemStatus { clickhouse: away, halted: Some("unknown table".into()), ..well() });
    let told = events.named("heartbeat").await;
    assert_eq!(told.data["status"]["halted"], "unknown table");
    assert_eq!(told.data["status"]["clickhouse"]["state"], "away");
    let reply = server.get("/readyz", &[]).await;
    assert_eq!(reply.status, 503);
    assert!(reply.json()["detail"].as_str().unwrap().contains("unknown table"));
}

#[tokio::test]
async fn heartbeats_come_without_any_change_silent() {
    let server = Server::beating().await;
    let mut events = server.listen("/api/events", &[]).await;
    let first = events.named("heartbeat").await;
    let second = events.named("heartbeat").await;
    assert!(second.data["now"].as_i64() >= first.data["now"].as_i64());
}

#[tokio::test]
async fn more_viewers_than_seats_are_refused_and_a_seat_comes_back_bound() {
    let limits = LiveLimits { connections: 3, connections_per_peer: 2, ..LiveLimits::default() };
    let server = Server::empty(limits).await;
    server.board.hydrate(Hydration::default());
    let first = server.listen("/api/events", &[]).await;
    let _second = server.listen("/api/events", &[]).await;
    let refused = server.get("/api/events", &[]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    let metrics = String::from_utf8(server.get("/metrics", &[]).await.body).unwrap();
    assert!(metrics.contains("ioc_dashboards_viewers 2"), "{metrics}");
    assert!(metrics.contains("ioc_dashboards_viewers_refused_total 1"), "{metrics}");
    drop(first);
    // The server notices the closed connection when it next has something to do with it.
    let mut epoch = 1;
    while server.get("/metrics", &[]).await.body.windows(24).any(|part| part == b"ioc_dashboards_viewers 2") {
        let mut made = results(epoch, NOON);
        made.facts.feed_minutes.push(FeedMinute::new("air-gateway".into(), made.now, counts(1, 1, 0, 0)));
        server.board.apply(&made);
        epoch += 1;
        tokio::task::yield_now().await;
    }
    let _third = server.listen("/api/events", &[]).await;
}

#[tokio::test]
async fn a_viewer_that_stops_reading_loses_its_seat_bound() {
    let pace = LivePace {
        gather: Duration::from_millis(1),
        heartbeat: Duration::from_secs(3),
        retry: Duration::from_secs(1),
    };
    let server = Server::empty(LiveLimits { pace, ..LiveLimits::default() }).await;
    server.board.hydrate(Hydration::default());
    let stuck = server.listen("/api/events", &[]).await;
    let seated = async || {
        let metrics = String::from_utf8(server.get("/metrics", &[]).await.body).unwrap();
        metrics.contains("ioc_dashboards_viewers 1\n")
    };
    assert!(seated().await);
    let mut epoch = 0;
    while seated().await {
        for _ in 0..100 {
            epoch += 1;
            let mut made = results(epoch, NOON);
            let rejected = |row| {
                reject(
                    "reports",
                    arrival(NOON, epoch, row),
                    RejectReason::Malformed,
                    text("a", "b"),
                    &[b'x'; 900],
                )
            };
            made.facts.rejects.extend((0..50).map(rejected));
            server.board.apply(&made);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drop(stuck);
}

#[tokio::test]
async fn live_streams_end_when_the_server_closes() {
    let server = Server::start().await;
    let mut events = server.listen("/api/events", &[]).await;
    assert_eq!(events.next().await.unwrap().name, "hello");
    server.closing.cancel();
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn a_trend_and_rejects_come_from_the_store() {
    let server = Server::start().await;
    let mut made = results(3, NOON);
    made.facts.windows.push(hour(STATION, "pm25", NOON - 2 * HOUR, &[10.0, 20.0], 12));
    made.facts.windows.push(hour(STATION, "pm25", NOON - 100 * HOUR, &[1.0], 12));
    made.facts.rejects.push(reject(
        "air-gateway",
        arrival(NOON, 1, 0),
        RejectReason::NotANumber,
        text("a", "b"),
        b"NaN",
    ));
    server.record.take(&made);
    let trend =
        server.get(&format!("/api/trend?subject={STATION}&indicator=pm25&hours=24"), &[]).await.json();
    assert_eq!(trend["points"].as_array().unwrap().len(), 1);
    let point = &trend["points"][0];
    assert_eq!(
        (point["mean"].as_f64(), point["min"].as_f64(), point["max"].as_f64()),
        (Some(15.0), Some(10.0), Some(20.0))
    );
    assert_eq!((point["received"].as_u64(), point["expected"].as_u64()), (Some(2), Some(12)));
    let rejects = server.get("/api/rejects?limit=10", &[]).await.json();
    assert_eq!(rejects["rejects"][0]["reason"], "not_a_number");
}

#[tokio::test]
async fn a_store_in_trouble_is_a_problem_of_the_right_class_and_tells_a_browser_no_secrets() {
    let server = Server::start().await;
    server.record.tell(|told| told.trouble = Some(Trouble::Away));
    let trend = server.get(&format!("/api/trend?subject={STATION}&indicator=pm25"), &[]).await;
    assert_eq!((trend.status, trend.header("retry-after")), (503, Some("2")));
    server.record.tell(|told| told.trouble = Some(Trouble::Refusing("no table secret_table")));
    let rejects = server.get("/api/rejects", &[]).await;
    assert_eq!(rejects.status, 500);
    assert!(!String::from_utf8(rejects.body).unwrap().contains("secret_table"));
}

#[tokio::test]
async fn a_hydrated_board_goes_on_where_the_store_was() {
    let server = Server::empty(LiveLimits::default()).await;
    let row = observation(STATION, "pm25", NOON - HOUR, 12.0, "air-gateway", arrival(NOON - 1_000, 9, 0));
    server.board.hydrate(Hydration {
        epoch: Epoch(100),
        latest: vec![(Epoch(100), row)],
        totals: vec![("air-gateway".into(), heard(NOON - 1_000, counts(50, 40, 10, 0)))],
        rejects: vec![RejectView::new(
            Epoch(100),
            &reject("water-files", arrival(NOON, 8, 0), RejectReason::Malformed, text("a", "b"), b"x"),
        )],
        ..Hydration::default()
    });
    let picture = server.board.everything(&Asker::everyone());
    let tile =
        picture.tiles.iter().find(|tile| &*tile.subject == STATION && &*tile.indicator == "pm25").unwrap();
    let latest = tile.latest.as_ref().unwrap();
    assert_eq!((latest.value, latest.epoch), (12.0, None));
    let last =
        |id: &str| picture.feeds.iter().find(|feed| &*feed.id == id).unwrap().last_received.map(|at| at.0);
    assert_eq!((last("air-gateway"), last("reports")), (Some(NOON - 1_000), None));

    let mut made = results(101, NOON + 1_000);
    made.facts.feed_minutes.push(FeedMinute::new("air-gateway".into(), made.now, counts(1, 1, 0, 0)));
    server.board.apply(&made);
    let changes = server.board.changes(&Asker::everyone(), Epoch(100));
    assert_eq!((changes.tiles.len(), changes.feeds.len(), changes.rejects.len()), (0, 1, 0));
    assert_eq!(changes.feeds[0].counts.received, 51);
}

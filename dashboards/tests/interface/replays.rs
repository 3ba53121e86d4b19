//! What is rejected over the wire, by feed and reason, and having it read again.

use ioc_dashboards::replays::{RejectGroup, ReplayTrial, ReplayView, StoredPeriod};
use ioc_model::{
    reject::RejectReason,
    results::{ReplayedRow, Reread},
    time::ReceivedAt,
};
use serde_json::{Value, json};

use crate::{
    server::{NOON, Server},
    support::{arrival, reject, results, text},
};

pub fn rejected(feed: &str, open: u64) -> RejectGroup {
    RejectGroup {
        feed: feed.to_owned(),
        reason: RejectReason::UnknownUnit,
        open,
        messages: 2,
        first: Some(ReceivedAt(NOON)),
        last: Some(ReceivedAt(NOON + 5)),
        replayed: 1,
    }
}

pub fn replay() -> ReplayView {
    ReplayView {
        position: "1-0-9".to_owned(),
        row: 0,
        feed: "air-gateway".to_owned(),
        stored: false,
        reason: None,
        from: ReceivedAt(NOON),
        to: ReceivedAt(NOON + 6),
        done: true,
        messages: 2,
        error: Some("the store refused: broken".to_owned()),
        changed: 1,
        good: 3,
        replaced: 0,
        before: 3,
        rejected: 0,
        unclear: 0,
        missing: 0,
        user: "an".to_owned(),
        note: String::new(),
        received_at: ReceivedAt(NOON + 7),
    }
}

async fn server() -> Server {
    let server = Server::start().await;
    let later = RejectGroup {
        reason: RejectReason::Malformed,
        last: Some(ReceivedAt(NOON + 90)),
        ..rejected("air", 1)
    };
    server.record.tell(|told| {
        told.rejected = vec![rejected("air", 4), later, rejected("water", 2), rejected("operator", 9)];
        told.rejected.push(rejected("mended", 0));
        told.trial = ReplayTrial { messages: 2, good: 3, ..ReplayTrial::default() };
    });
    server
}

async fn written(said: Value) -> (u16, Vec<Value>) {
    let server = server().await;
    let reply = server.post("/api/replays", "application/json", said.to_string().as_bytes()).await;
    let taken = server.desk.taken.lock().unwrap().clone();
    (reply.status, taken.iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect())
}

#[tokio::test]
async fn an_order_is_written_out_by_feed_from_the_first_open_reject_to_the_last_ack() {
    let (status, all) =
        written(json!({"of": {}, "all": true, "user": " Nguyễn An ", "note": "sửa đơn vị"})).await;
    let of = |feed: &str, until: i64| json!({"feed": feed, "from": NOON, "until": until});
    let replays = [of("air", NOON + 91), of("water", NOON + 6)];
    let expected = json!({"action": "replay", "replays": replays, "user": "Nguyễn An", "note": "sửa đơn vị"});
    assert_eq!((status, all), (202, vec![expected]), "neither what nobody sent nor what is mended");

    let (_, some) = written(json!({"of": {"feed": "air", "reason": "unknown_unit"}, "user": "an"})).await;
    let air = json!({"feed": "air", "reason": "unknown_unit", "from": NOON, "until": NOON + 6});
    assert_eq!(some[0]["replays"], json!([air]));
}

#[tokio::test]
async fn a_date_stands_for_its_first_moment_on_the_packs_clock() {
    let server = server().await;
    let of = json!({"of": {"feed": "air", "from": "2026-11-01", "to": "2026-11-02T00:00:00Z"}, "user": ""});
    let reply = server.post("/api/replays/trial", "application/json", of.to_string().as_bytes()).await;
    assert_eq!((reply.status, reply.json()["rejects"].as_u64()), (200, Some(5)));
    let asked = server.record.asked();
    assert!(asked[0].ends_with(" 1793466000000 1793577600000"), "{asked:?}");
    assert!(server.desk.taken.lock().unwrap().is_empty(), "a trial orders nothing");
}

#[tokio::test]
async fn what_is_stored_is_ordered_by_its_feed_and_time_and_refused_where_it_cannot_be_read_ack() {
    let of = json!({"feed": "air", "from": "2026-11-01", "to": "2026-11-02"});
    for (period, status) in [
        (StoredPeriod { rows: 12, refused: None }, 202),
        (StoredPeriod { rows: 0, refused: None }, 404),
        (StoredPeriod { rows: 0, refused: Some(text("không gửi số đo", "sends nothing measured")) }, 422),
    ] {
        let server = Server::start().await;
        server.record.tell(|told| told.period = period);
        let said = json!({"of": of, "stored": true, "user": "an"}).to_string();
        let reply = server.post("/api/replays", "application/json", said.as_bytes()).await;
        assert_eq!(reply.status, status);
        let taken = server.desk.taken.lock().unwrap().clone();
        let orders: Vec<Value> =
            taken.iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect();
        let air = json!({"feed": "air", "stored": true, "from": 1_793_466_000_000i64, "until": 1_793_552_400_000i64});
        match status {
            202 => {
                assert_eq!(orders[0]["replays"], json!([air]));
                assert_eq!(
                    (reply.json()["rows"].as_u64(), reply.json()["feeds"].as_u64()),
                    (Some(12), Some(1))
                );
            }
            _ => assert!(orders.is_empty(), "{orders:?}"),
        }
    }
    let server = Server::start().await;
    server.record.tell(|told| told.period = StoredPeriod { rows: 1, refused: None });
    let open = json!({"of": {"feed": "air", "from": "2026-11-01"}, "stored": true, "user": "an"}).to_string();
    assert_eq!(server.post("/api/replays", "application/json", open.as_bytes()).await.status, 202);
    let (_, appended) = server.desk.taken.lock().unwrap()[0].clone();
    let until = serde_json::from_slice::<Value>(&appended).unwrap()["replays"][0]["until"].as_i64();
    assert!(until < Some(7_289_654_400_000), "a moment that the format takes: {until:?}");
    for of in [
        json!({}),
        json!({"feed": "air"}),
        json!({"from": "2026-11-01"}),
        json!({"feed": "air", "from": "2026-11-02", "to": "2026-11-02"}),
        json!({"feed": "air", "from": "2026-11-02", "reason": "malformed"}),
    ] {
        assert_eq!(written(json!({"of": of, "stored": true, "user": "an"})).await, (422, Vec::new()), "{of}");
    }
}

#[tokio::test]
async fn an_order_about_nothing_or_by_nobody_is_refused_and_nothing_is_written() {
    for (said, status) in [
        (json!({"of": {"feed": "nowhere"}, "user": "an"}), 404),
        (json!({"of": {"feed": "operator"}, "user": "an"}), 404),
        (json!({"of": {"feed": "mended"}, "user": "an"}), 404),
        (json!({"of": {}, "user": "an"}), 422),
        (json!({"of": {"feed": "air"}, "all": true, "user": "an"}), 422),
        (json!({"of": {"feed": "air"}, "user": " "}), 422),
        (json!({"of": {"reason": "no_such"}, "user": "an"}), 422),
        (json!({"of": {"feed": "air", "from": "1/11/2026"}, "user": "an"}), 400),
    ] {
        assert_eq!(written(said.clone()).await, (status, Vec::new()), "{said}");
    }
}

#[tokio::test]
async fn a_reject_whose_message_was_read_again_is_shown_as_that_and_told_anew() {
    let server = Server::start().await;
    let mut made = results(1, NOON);
    for offset in [1, 2] {
        let words = text("a", "b");
        made.facts.rejects.push(reject(
            "air",
            arrival(NOON, offset, 0),
            RejectReason::UnknownUnit,
            words,
            b"x",
        ));
    }
    server.board.apply(&made);
    let mut again = results(2, NOON + 1);
    again.facts.replayed.push(ReplayedRow {
        reread: Reread::Read,
        good: 1,
        before: 1,
        rejected: 0,
        replay: arrival(NOON + 1, 9, 0),
        feed: "air".into(),
        sender: "".into(),
        arrival: arrival(NOON, 1, 0),
    });
    server.board.apply(&again);
    let changes = server.board.changes(&ioc_model::asker::Asker::everyone(), made.epoch);
    let news: Vec<(u32, bool)> = changes.rejects.iter().map(|reject| (reject.row, reject.replayed)).collect();
    assert_eq!(news, [(0, true)], "the other one is no news");
}

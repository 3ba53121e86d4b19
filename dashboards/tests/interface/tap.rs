//! The tap: what arrives and what becomes of it, told once each, to a bounded number, with nothing of persons.

use std::time::Duration;

use axum::body::Bytes;
use ioc_dashboards::{
    arrivals::{Arrived, Became},
    rejects::RejectView,
};
use ioc_model::{
    asker::{Asker, Sight},
    envelope::{Content, UNMATCHED},
    epoch::Epoch,
    name::Name,
    pack::Pack,
    position::{LogNumber, Offset, Partition, Position},
    reject::RejectReason,
    text::Text,
    time::ReceivedAt,
};
use serde_json::{Value, json};

use crate::{
    described::{check, described},
    server::{Events, NOON, Server},
    support,
};

const FEED: &str = "air-gateway";

/// One that lies at that offset.
pub fn lying(number: u64, feed: &str, payload: &'static [u8]) -> Arrived {
    Arrived { payload: Bytes::from_static(payload), ..arrived(number, feed, &[]) }
}

fn arrived(number: u64, feed: &str, known: &[(&str, &str)]) -> Arrived {
    let position = Position { log: LogNumber(1), partition: Partition(0), offset: Offset(number) };
    Arrived {
        position,
        received_at: ReceivedAt(NOON + i64::try_from(number).unwrap()),
        feed: feed.to_owned(),
        address: "air/gw?token=s3cret".to_owned(),
        content: Content::Raw,
        attributes: known.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned())).collect(),
        bytes: 9,
        payload: Bytes::from_static(b"Ng\xe1\xba\xa7n 7"),
    }
}

fn stored(rows: u64) -> Became {
    Became { rows: Some(rows), stored: rows, duplicate: Some(0), ..Became::default() }
}

fn rejected(reason: RejectReason, words: &str) -> Became {
    let reject = RejectView {
        epoch: Epoch(1),
        feed: Name::from(FEED),
        sender: Name::from("gw"),
        received_at: ReceivedAt(NOON),
        position: "1-0-0".to_owned(),
        row: 0,
        whole: true,
        address: String::new(),
        reason,
        place: String::new(),
        message: Text { vi: words.to_owned(), en: words.to_owned() },
        sample: "Ngần 7".to_owned(),
        raw_length: 9,
        replayed: false,
    };
    Became {
        rows: Some(0),
        duplicate: Some(0),
        rejected: 1,
        whole: true,
        rejects: vec![reject],
        ..Became::default()
    }
}

/// Puts messages on the belt, the first so many of which are judged.
fn put(server: &Server, messages: Vec<(Arrived, Became)>, judged: u64) {
    let mut belt = server.belt.0.lock().unwrap();
    (belt.messages, belt.judged) = (messages, judged);
}

async fn told(events: &mut Events) -> Value {
    let event = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let event = events.next().await.expect("the stream goes on");
            if event.name != "heartbeat" {
                return event;
            }
        }
    });
    let event = event.await.expect("something is told");
    as_described(&event.name, &event.data);
    event.data
}

fn as_described(name: &str, line: &Value) {
    assert_eq!(line["kind"], name);
    let schema = match name {
        "hello" => "TapHello",
        "message" => "TapMessage",
        "missed" => "TapMissed",
        "heartbeat" => "TapHeartbeat",
        _ => panic!("{name} is not told here"),
    };
    check(&described(), &json!({"$ref": format!("#/components/schemas/{schema}")}), line, name);
}

#[tokio::test]
async fn every_message_is_told_with_what_became_of_it_and_every_line_is_as_described() {
    let server = Server::start().await;
    let known = [("sender", "gw"), ("peer", "127.0.0.1:5"), ("content_type", "text/plain"), ("headers", "x")];
    let forbidden = [("sender", "gw"), ("forbidden", FEED)];
    let messages = vec![
        (arrived(0, FEED, &known), stored(2)),
        (arrived(1, FEED, &known), Became { rows: Some(1), duplicate: Some(1), ..Became::default() }),
        (
            arrived(2, UNMATCHED, &forbidden),
            rejected(RejectReason::Forbidden, "không được gửi đến gw?token=secret"),
        ),
        (arrived(3, FEED, &known), Became { rows: Some(0), duplicate: Some(0), ..Became::default() }),
        (arrived(4, FEED, &known), Became::default()),
    ];
    put(&server, messages, 5);
    let mut events = server.listen("/api/tap?next=1-0-0", &[]).await;
    let hello = told(&mut events).await;
    assert_eq!((&hello["kind"], &hello["next"]), (&json!("hello"), &json!(["1-0-0"])));
    let mut lines = Vec::new();
    for _ in 0..5 {
        lines.push(told(&mut events).await);
    }
    let became: Vec<&Value> = lines.iter().map(|line| &line["became"]).collect();
    let expected = [
        json!(["stored"]),
        json!(["duplicate"]),
        json!(["rejected", "forbidden"]),
        json!(["empty"]),
        json!(["nothing"]),
    ];
    assert_eq!(became, expected.iter().collect::<Vec<_>>());
    let first = &lines[0];
    assert_eq!(first["address"], "air/gw?token=***");
    assert_eq!(
        (&first["sender"], &first["peer"], &first["bytes"]),
        (&json!("gw"), &json!("127.0.0.1:5"), &json!(9))
    );
    assert_eq!(first["payload"], Value::Null, "what was sent is told to whoever asks for it");
    assert_eq!(first["attributes"], json!({}), "headers are a sender's own words");
    assert_eq!(lines[2]["rejects"][0]["message"]["vi"], "Người gửi không được phép gửi đến đó.");
    assert_eq!(lines[2]["transport"], first["transport"], "it was meant for that feed");
}

#[tokio::test]
async fn what_is_not_judged_in_time_is_told_as_pending_and_again_when_it_is() {
    let server = Server::start().await;
    let mut events = server.listen("/api/tap", &[]).await;
    let _hello = told(&mut events).await;
    put(&server, vec![(arrived(0, FEED, &[]), stored(1))], 0);
    let pending = told(&mut events).await;
    assert_eq!((&pending["became"], &pending["again"]), (&json!(["pending"]), &json!(false)));
    server.belt.0.lock().unwrap().judged = 1;
    let judged = told(&mut events).await;
    assert_eq!((&judged["became"], &judged["again"]), (&json!(["stored"]), &json!(true)));
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let server = Server::start().await;
    let messages = vec![
        (arrived(0, FEED, &[]), stored(1)),
        (arrived(1, FEED, &[]), rejected(RejectReason::Malformed, "x")),
        (arrived(2, "reports", &[]), rejected(RejectReason::Malformed, "y")),
    ];
    put(&server, messages, 3);
    let of = |more: &str| format!("/api/tap?next=1-0-0&{more}");
    let mut events = server.listen(&of("only=rejected"), &[]).await;
    let _hello = told(&mut events).await;
    assert_eq!(told(&mut events).await["position"], "1-0-1");
    let mut events = server.listen(&of("only=rejected&feed=reports"), &[]).await;
    let _hello = told(&mut events).await;
    assert_eq!(told(&mut events).await["position"], "1-0-2");
    for wrong in ["only=perhaps", "topic=a/%23/b", "since=-1", "next=x", "raw=maybe", "colour=red"] {
        let reply = server.get(&format!("/api/tap?{wrong}"), &[]).await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn of_a_feed_of_persons_nothing_but_place_and_length_is_told_whatever_is_asked_for() {
    let mut pack = support::pack();
    pack.feeds.get_mut(FEED).unwrap().personal = true;
    let server = Server::of(Pack { ..pack }).await;
    let known = [("sender", "gw"), ("content_type", "Ngần"), ("origin", "Ngần.csv")];
    let reduced = [("sender", "gw"), ("reduced", "1")];
    let meant = [("sender", "gw"), ("forbidden", FEED)];
    let withheld = |number, said: &'static str| Arrived {
        content: Content::Withheld,
        payload: Bytes::from_static(said.as_bytes()),
        ..arrived(number, FEED, &known)
    };
    let messages = vec![
        (arrived(0, FEED, &known), rejected(RejectReason::Malformed, "dòng 7 không phải ngày")),
        (arrived(1, FEED, &reduced), stored(1)),
        (arrived(2, UNMATCHED, &meant), rejected(RejectReason::Forbidden, "không được gửi")),
        // Before its feed was marked.
        (withheld(3, r#"{"reason":"too_large","bytes":9,"sha256":"ab"}"#), stored(0)),
    ];
    put(&server, messages, 4);
    let mut events = server.listen("/api/tap?next=1-0-0&raw=true", &[]).await;
    let _hello = told(&mut events).await;
    for number in 0..4 {
        let line = told(&mut events).await;
        assert_eq!((&line["personal"], &line["kept_back"]), (&json!(true), &json!(true)), "{number}");
        assert_eq!((&line["bytes"], &line["payload"]), (&json!(9), &Value::Null), "{number}");
        assert!(!line.to_string().contains("Ngần"), "{line}");
        // What was reduced has an address without words of its sender.
        assert_eq!(line["address"] != "", number == 1, "{line}");
        assert_eq!(line["address_bytes"], 19);
        if number == 0 {
            assert_eq!(line["rejects"][0]["message"]["vi"], "dòng ▒ không phải ngày");
        }
    }
}

#[tokio::test]
async fn what_was_sent_is_told_to_whoever_asks_for_it_and_sees_the_feed() {
    let server = Server::start().await;
    put(&server, vec![(arrived(0, FEED, &[]), stored(1))], 1);
    let mut events = server.listen("/api/tap?next=1-0-0&raw=true", &[]).await;
    let _hello = told(&mut events).await;
    let line = told(&mut events).await;
    assert_eq!((&line["payload"], &line["kept_back"]), (&json!("Ngần 7"), &json!(false)));
    server.asked_by(None);
    assert_eq!(server.get("/api/tap", &[]).await.status, 403);
    // What of it somebody sees is the log's to say; the door is told to those who see everything.
    server.asked_by(Some(Asker::of(Sight::default())));
    let mut events = server.listen("/api/tap?only=refused", &[]).await;
    assert_eq!(told(&mut events).await["kind"], "hello");
}

#[tokio::test]
async fn loud_what_the_log_has_let_go_of_is_told_as_missed() {
    let server = Server::start().await;
    put(&server, (0..9).map(|number| (arrived(number, FEED, &[]), stored(1))).collect(), 9);
    server.belt.0.lock().unwrap().released = 7;
    let mut events = server.listen("/api/tap?next=1-0-2", &[]).await;
    let _hello = told(&mut events).await;
    let missed = told(&mut events).await;
    assert_eq!(
        missed,
        json!({"kind": "missed", "messages": 5, "why": "released", "from": "1-0-2", "to": "1-0-7"})
    );
    assert_eq!(told(&mut events).await["position"], "1-0-7");
}

#[tokio::test]
async fn loud_a_store_that_is_away_is_said_and_nothing_is_lost_of_it() {
    let server = Server::start().await;
    put(&server, vec![(arrived(0, FEED, &[]), stored(1))], 1);
    server.belt.0.lock().unwrap().away = true;
    let mut events = server.listen("/api/tap?next=1-0-0", &[]).await;
    let trouble = events.named("heartbeat").await.data;
    as_described("heartbeat", &trouble);
    assert!(trouble["trouble"].as_str().unwrap().contains("no answer"), "{trouble}");
    assert_eq!(trouble["next"], json!(["1-0-0"]));
    server.belt.0.lock().unwrap().away = false;
    assert_eq!(events.named("message").await.data["position"], "1-0-0");
}

#[tokio::test]
async fn bound_there_are_eight_taps_and_a_seat_comes_back() {
    let server = Server::start().await;
    let mut taps = Vec::new();
    for _ in 0..8 {
        taps.push(server.listen("/api/tap", &[]).await);
    }
    let reply = server.get("/api/tap", &[]).await;
    assert_eq!(reply.status, 503);
    assert!(reply.json()["detail"].as_str().unwrap().contains('8'), "{:?}", reply.json());
    drop(taps.pop());
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if server.status_of("/api/tap").await == 200 {
            return;
        }
    }
    panic!("no seat came back");
}

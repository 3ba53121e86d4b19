//! Rows that wait for a person's word over the wire, and deciding about them.

use ioc_dashboards::held::{HeldGroup, HeldList};
use ioc_model::time::{EventTime, ReceivedAt};
use serde_json::{Value, json};

use crate::server::{NOON, Server};

fn group(sender: &str, day: &str) -> HeldGroup {
    HeldGroup {
        sender: sender.to_owned(),
        feed: "air".to_owned(),
        subject: "st1".to_owned(),
        indicator: "pm25".to_owned(),
        day: day.to_owned(),
        rows: 288,
        replacing: 280,
        mean: 18.4,
        stands: Some(31.5),
        first: EventTime(NOON),
        last: EventTime(NOON + 1),
        received_at: ReceivedAt(NOON + 2),
        position: "1-0-7".to_owned(),
    }
}

async fn server(groups: Vec<HeldGroup>, found: u64) -> Server {
    let server = Server::start().await;
    server.record.tell(|told| told.held = HeldList { rows: 288 * found, found, groups });
    server
}

#[tokio::test]
async fn what_is_held_is_asked_of_the_store_in_the_packs_zone() {
    let server = server(vec![group("gw", "2026-01-01")], 1).await;
    let reply = server.get("/api/held?sender=gw&day=2026-01-01&limit=5", &[]).await;
    assert_eq!(reply.status, 200);
    let held = reply.json();
    assert_eq!((held["rows"].as_u64(), held["groups"][0]["position"].as_str()), (Some(288), Some("1-0-7")));
    let asked = server.record.asked();
    assert!(asked[0].contains(r#"sender: Some("gw"), subject: None"#), "{asked:?}");
    assert!(asked[0].ends_with(" 5"), "{asked:?}");
    for path in
        ["/api/held?limit=0", "/api/held?limit=1001", "/api/held?whose=gw", "/api/held?day=2026-02-30"]
    {
        assert_eq!(server.get(path, &[]).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn a_decision_is_written_out_by_sender_series_and_day_and_answered_when_it_is_durable_ack() {
    let groups = vec![group("gw", "2026-01-01"), group("lab", "2026-01-01"), group("gw", "2026-01-02")];
    let server = server(groups, 3).await;
    let said =
        json!({"decision": "refuse", "of": {"subject": "st1"}, "user": " Nguyễn An ", "note": "lệch năm"});
    let reply = server.post("/api/held", "application/json", said.to_string().as_bytes()).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["rows"], 864);
    assert_eq!(reply.json()["position"], "1-0-1");
    let taken = server.desk.taken.lock().unwrap().clone();
    let written: Vec<Value> = taken.iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect();
    let row = |sender: &str, day: &str| json!({"sender": sender, "indicator": "pm25", "subject": "st1", "day": day});
    let rows = [row("gw", "2026-01-01"), row("lab", "2026-01-01"), row("gw", "2026-01-02")];
    let expected = json!({"action": "refuse_held", "rows": rows, "user": "Nguyễn An", "note": "lệch năm"});
    assert_eq!(written, [expected], "one message: it is recorded whole or not at all");
}

#[tokio::test]
async fn a_decision_about_nothing_about_too_much_or_by_nobody_is_refused_and_nothing_is_written() {
    let said = json!({"decision": "accept", "of": {}, "all": true, "user": "an"});
    let nothing = server(Vec::new(), 0).await;
    let reply = nothing.post("/api/held", "application/json", said.to_string().as_bytes()).await;
    assert_eq!(reply.status, 404);
    let much = server(vec![group("gw", "2026-01-01")], 1_001).await;
    for (body, kind, status) in [
        (said.clone(), "application/json", 422),
        (said.clone(), "text/plain", 415),
        (json!({"decision": "accept", "of": {}, "user": "an"}), "application/json", 422),
        (json!({"decision": "accept", "of": {"sender": null}, "user": "an"}), "application/json", 422),
        (
            json!({"decision": "accept", "of": {"sender": "gw"}, "all": true, "user": "an"}),
            "application/json",
            422,
        ),
        (json!({"decision": "accept", "of": {}, "user": " "}), "application/json", 422),
        (json!({"decision": "maybe", "of": {}, "user": "an"}), "application/json", 422),
        (json!({"decision": "accept", "of": {"day": "1/1/2026"}, "user": "an"}), "application/json", 400),
        (json!({"decision": "accept", "of": {"who": "gw"}, "user": "an"}), "application/json", 422),
    ] {
        let reply = much.post("/api/held", kind, body.to_string().as_bytes()).await;
        assert_eq!(reply.status, status, "{body} {kind}");
    }
    assert!(much.desk.taken.lock().unwrap().is_empty());
}

//! Alerts over the wire, and taking one on.

use ioc_dashboards::{
    NotAppended,
    alert_times::{AlertTimesView, TimeTaken},
};
use ioc_model::{
    rule::{AlertAbout, AlertChange, Priority},
    time::Now,
};
use serde_json::{Value, json};

use crate::{
    server::{NOON, Reply, STATION, Server},
    support::{HOUR, alert, results},
};

fn id(rule: &str) -> String {
    format!("{rule}~{STATION}~1")
}

/// How long alerts of a rule took: nine minutes until somebody took two of three on, and all are active.
pub fn alert_times() -> AlertTimesView {
    let taken = |measured, open, minutes: Option<f64>| TimeTaken {
        measured,
        open,
        open_since: Some(Now(NOON)),
        mean: minutes.map(|minutes| minutes * 60_000.0),
        median: minutes.map(|minutes| minutes * 60_000.0),
        longest: minutes.map(|minutes| minutes * 60_000.0),
    };
    AlertTimesView {
        rule: "guessing".to_owned(),
        about: AlertAbout::Address,
        priority: Priority::High,
        raised: 3,
        to_acknowledge: taken(2, 1, Some(9.0)),
        to_clear: taken(0, 3, None),
    }
}

#[tokio::test]
async fn how_long_alerts_take_is_told_by_rule_of_thirty_days_unless_another_time_is_named() {
    let server = server().await;
    server.record.tell(|told| told.alert_times = vec![alert_times()]);
    let told = server.get("/api/alerts/times", &[]).await.json();
    let [times] = &told["times"].as_array().unwrap()[..] else { panic!("{told}") };
    let told_of = |what: &str| (times[what]["measured"].as_u64(), times[what]["open"].as_u64());
    assert_eq!((told_of("to_acknowledge"), told_of("to_clear")), ((Some(2), Some(1)), (Some(0), Some(3))));
    assert_eq!((&times["to_clear"]["median"], &times["about"]), (&Value::Null, &json!("address")));
    let until = told["until"].as_i64().unwrap();
    assert_eq!(until - told["from"].as_i64().unwrap(), 30 * 24 * HOUR);
    let path = format!("/api/alerts/times?from={}&until={NOON}", NOON - HOUR);
    assert_eq!(server.get(&path, &[]).await.status, 200);
    let asked = server.record.asked();
    assert_eq!(asked.last().unwrap(), &format!("times of alerts {} {NOON}", NOON - HOUR));
    for wrong in ["from=5&until=5", "from=0&until=99999999999", "of=aqi-bad", "until=99999999999999999"] {
        assert_eq!(server.get(&format!("/api/alerts/times?{wrong}"), &[]).await.status, 400, "{wrong}");
    }
}

/// One alert that nobody took on, one that somebody did, one that is closed.
async fn server() -> Server {
    let server = Server::start().await;
    let mut made = results(1, NOON);
    made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
    made.facts.alerts.push(alert("pm25-day", 1, AlertChange::Raised, NOON - HOUR));
    made.facts.alerts.push(alert("pm25-day", 1, AlertChange::Acknowledged, NOON));
    made.facts.alerts.push(alert("silent", 1, AlertChange::Raised, NOON - 2 * HOUR));
    made.facts.alerts.push(alert("silent", 1, AlertChange::Acknowledged, NOON - HOUR));
    let mut closed = alert("silent", 1, AlertChange::Cleared, NOON);
    closed.acknowledged = true;
    made.facts.alerts.push(closed);
    server.board.apply(&made);
    server.record.take(&made);
    server
}

fn ids(reply: &Reply) -> Vec<String> {
    let list = reply.json()["alerts"].as_array().unwrap().clone();
    list.iter().map(|alert| alert["id"].as_str().unwrap().to_owned()).collect()
}

async fn acknowledge(server: &Server, rule: &str, body: &Value) -> Reply {
    let path = format!("/api/alerts/{}/acknowledge", id(rule));
    server.post(&path, "application/json; charset=utf-8", body.to_string().as_bytes()).await
}

#[tokio::test]
async fn open_alerts_come_from_the_board_and_all_of_them_from_the_store() {
    let server = server().await;
    let open = server.get("/api/alerts", &[]).await;
    assert_eq!(ids(&open), [id("aqi-bad"), id("pm25-day")]);
    assert_eq!(open.json()["open"], 2);
    assert!(server.record.asked().is_empty(), "the board alone was asked");
    let all = server.get("/api/alerts?state=all&limit=10", &[]).await;
    assert_eq!(ids(&all), [id("aqi-bad"), id("pm25-day"), id("silent")]);
    let earlier = server.get(&format!("/api/alerts?state=all&before={}", NOON - HOUR), &[]).await;
    assert_eq!(ids(&earlier), [id("silent")]);
    let story = server.get(&format!("/api/alerts/{}", id("silent")), &[]).await.json();
    let changes: Vec<_> =
        story["history"].as_array().unwrap().iter().map(|event| event["change"].clone()).collect();
    assert_eq!(changes, ["raised", "acknowledged", "cleared"]);
    assert_eq!(
        (story["history"][1]["user"].as_str(), story["history"][1]["epoch"].as_u64()),
        (Some("an"), Some(1))
    );
    assert_eq!(server.get("/api/alerts/silent~NOBODY~7", &[]).await.status, 404);
    for path in
        ["/api/alerts?limit=0", "/api/alerts?state=closed", "/api/alerts/silent", "/api/alerts?before=x"]
    {
        assert_eq!(server.get(path, &[]).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn taking_an_alert_on_is_answered_with_where_the_action_lies_ack() {
    let server = server().await;
    let note = "gọi trạm \"1\"";
    let reply = acknowledge(&server, "aqi-bad", &json!({"user": " Nguyễn An ", "note": note})).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["position"], "1-0-1");
    assert_eq!(
        reply.json()["alert"]["acknowledged"],
        false,
        "the board changes with the epoch that takes it in"
    );
    let taken = server.desk.taken.lock().unwrap().clone();
    assert_eq!(taken[0].0, format!("/api/alerts/{}/acknowledge", id("aqi-bad")));
    let said: Value = serde_json::from_slice(&taken[0].1).unwrap();
    let expected =
        json!({"action": "acknowledge", "alert": id("aqi-bad"), "user": "Nguyễn An", "note": note});
    assert_eq!(said, expected);
}

#[tokio::test]
async fn an_action_that_cannot_be_meant_is_refused_in_both_languages_and_nothing_is_appended() {
    let server = server().await;
    let good = json!({"user": "an"});
    let long = json!({"user": "an", "note": "ấ".repeat(1_001)});
    for (rule, body, status) in [
        ("never-raised", &good, 404),
        ("silent", &good, 404),
        ("pm25-day", &good, 409),
        ("aqi-bad", &json!({"user": ""}), 422),
        ("aqi-bad", &json!({"user": "  "}), 422),
        ("aqi-bad", &json!({"user": "x".repeat(65)}), 422),
        ("aqi-bad", &json!({"user": "a\nb"}), 422),
        ("aqi-bad", &json!({"note": "no name"}), 422),
        ("aqi-bad", &json!({"user": "an", "alert": "another"}), 422),
        ("aqi-bad", &json!("an"), 422),
        ("aqi-bad", &long, 422),
        ("aqi-bad", &json!({"user": "an", "note": "x".repeat(20_000)}), 413),
    ] {
        let reply = acknowledge(&server, rule, body).await;
        assert_eq!(reply.status, status, "{rule} {body:.60}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        for language in ["detail", "detail_vi"] {
            assert!(!reply.json()[language].as_str().unwrap().is_empty(), "{rule} {body:.60}");
        }
    }
    assert_eq!(
        acknowledge(&server, "aqi-bad", &json!({"user": "ấ".repeat(64), "note": "ấ".repeat(1_000)}))
            .await
            .status,
        202
    );
    assert_eq!(server.desk.taken.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_foreign_page_cannot_make_a_browser_acknowledge_safe() {
    let server = server().await;
    let path = format!("/api/alerts/{}/acknowledge", id("aqi-bad"));
    // What a form or a fetch without a preflight can send.
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]
    {
        let reply = server.post(&path, content_type, b"{\"user\":\"mallory\"}").await;
        assert_eq!(reply.status, 415, "{content_type}");
    }
    assert_eq!(server.get(&path, &[]).await.status, 405);
    assert!(server.desk.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_action_the_log_has_no_room_for_is_not_said_to_be_taken_ack() {
    let server = server().await;
    for (trouble, after) in [(NotAppended::Full, "10"), (NotAppended::Down("disk /dev/secret".into()), "30")]
    {
        *server.desk.trouble.lock().unwrap() = Some(trouble);
        let reply = acknowledge(&server, "aqi-bad", &json!({"user": "an"})).await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some(after)));
        assert!(!String::from_utf8(reply.body).unwrap().contains("secret"));
    }
    assert_eq!(acknowledge(&server, "aqi-bad", &json!({"user": "an"})).await.status, 202);
}

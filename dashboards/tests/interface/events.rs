//! What happened over the wire: pages of it, what it sums up to, and who may see it.

use std::sync::Arc;

use ioc_dashboards::{
    SystemStatus,
    events::{EventAddress, EventHour, EventTotals, EventView, EventsSummed},
    heard::{HeardWindow, NotHeard},
    lineage::EnvelopeRows,
    log_sources::{LogSourceHeard, LogSourcesSaid},
    measures::{DistinctTotal, MeasureWindow, MeasureWindows, SensorAlerts},
};
use ioc_model::{
    asker::{Asker, Sight},
    event::{Count, Decided, EventKind, EventMeasure, Severity, TimeFrom},
    form::Agency,
    name::Name,
    pack::{LogSource, Pack},
    results::StatusResult,
    sensor::{BlindCause, SensorRecord},
    status::StationStatus,
    time::{EventTime, Millis, Now, ReceivedAt},
    usual::USUAL_WITHIN,
    window::WindowKind,
};
use serde_json::{Value, json};

use crate::{
    server::{NOON, Server, well},
    support::{HOUR, many_of, pack_with_map, results, suspected, text},
};

pub fn event(happened_at: i64, row: u32) -> EventView {
    EventView {
        kind: EventKind::LoginFailed,
        log_source: "srv-a".to_owned(),
        known: true,
        relay: String::new(),
        happened_at: EventTime(happened_at),
        time_from: TimeFrom::Inferred,
        severity: Severity::NotRated,
        rated: "syslog 6".to_owned(),
        category: String::new(),
        signature: String::new(),
        signature_id: String::new(),
        decided: Decided::Unsaid,
        source_address: "203.0.113.5".to_owned(),
        source_port: Some(40_022),
        target_address: String::new(),
        target_port: None,
        protocol: "tcp".to_owned(),
        user: "r***".to_owned(),
        host: "srv-a".to_owned(),
        program: "sshd[5100]".to_owned(),
        message: "Failed password for r***".to_owned(),
        weight: 1,
        attempts: 1,
        attributes: vec![("method".to_owned(), "password".to_owned())],
        feed: "security".to_owned(),
        sender: "192.0.2.11".to_owned(),
        received_at: ReceivedAt(happened_at + 1),
        position: "1-0-0".to_owned(),
        row,
    }
}

/// The record of a sensor that dropped six of ten packets since it began anew.
pub fn blind() -> SensorRecord {
    SensorRecord {
        at: EventTime(NOON - HOUR),
        since: EventTime(NOON - HOUR - 570_000),
        position: "1-0-0".parse().unwrap(),
        row: 0,
        causes: vec![BlindCause::PacketsDropped],
        rules_loaded: Some(31_000),
        rules_failed: Some(0),
        packets: 240_000,
        dropped: 360_000,
        discarded: 0,
        restarted: true,
    }
}

pub fn summed() -> EventsSummed {
    let address = EventAddress {
        address: "203.0.113.5".to_owned(),
        weight: 9,
        grave: 2,
        attempts: 7,
        attacks: true,
        others: 3,
        worst: Severity::High,
        newest: EventTime(NOON),
        network: None,
        network_addresses: 0,
        network_weight: 0,
    };
    let heard = |id: &str, weight, received_at| LogSourceHeard {
        id: id.to_owned(),
        weight,
        grave: 0,
        rows: weight,
        absurd: 0,
        relayed: 0,
        received_at: ReceivedAt(received_at),
    };
    let state = |id: &str, status| StatusResult {
        subject: id.into(),
        status,
        since: Now(NOON - HOUR),
        last_event: Some(EventTime(NOON - 2 * HOUR)),
        sensor: (status == StationStatus::Error).then(|| Arc::new(blind())),
        clock_off: (id == "srv-a").then_some(Millis::hours(-7)),
    };
    EventsSummed {
        totals: EventTotals { weight: 10, attempts: 7, attackers: 1 },
        hours: vec![EventHour { start: EventTime(NOON), severity: Severity::High, weight: 2 }],
        sources: vec![address.clone()],
        targets: vec![address],
        heard: vec![
            heard("srv-a", 9, NOON - 1),
            heard("192.0.2.99", 1, NOON),
            heard("fw-a", 0, NOON - 2 * HOUR),
            heard("ids-b", 3, NOON - 1),
        ],
        said: LogSourcesSaid {
            states: vec![
                state("srv-a", StationStatus::Good),
                state("fw-a", StationStatus::Silent),
                state("ids-b", StationStatus::Error),
            ],
            stale_from: Some(EventTime(NOON + 180_000)),
        },
        heard_hours: [("ids-b", 2, 60), ("srv-a", 2, 60), ("ids-b", 1, 40), ("srv-a", 1, 60)]
            .map(|(id, ago, heard)| HeardWindow {
                log_source: id.to_owned(),
                start: EventTime(NOON - ago * HOUR),
                heard,
                expected: 60,
            })
            .to_vec(),
    }
}

pub fn measured() -> Vec<MeasureWindows> {
    let hour = |ago: i64, value, missing| MeasureWindow {
        start: EventTime(NOON - ago * HOUR),
        value,
        log_sources: 2,
        missing,
        not_heard: (0..missing).map(|_| NotHeard { log_source: "ids-b".to_owned(), minutes: 40 }).collect(),
    };
    let days = (1..=4).rev().map(|day| hour(24 * day + 1, 5.0, 0));
    let hours = days.chain([hour(2, 0.0, 1), hour(1, 9.0, 0)]).collect();
    let targets = vec![hour(2, 70.0, 0), hour(1, 80.0, 0)];
    [("failed_logins", hours), ("targets", targets)]
        .map(|(measure, windows)| MeasureWindows { measure: measure.to_owned(), windows })
        .into()
}

/// The same province, and four that report: two of them may be silent for an hour.
pub fn watched() -> Pack {
    let source = |id: &str, silent_after: Option<Millis>| LogSource {
        name: text("Nguồn", "Source"),
        owner: text("Sở", "Department"),
        silent_after,
        ..ioc_testing::log_source(id)
    };
    let owing = ["fw-a", "ids-b"].map(|id| source(id, Some(Millis::hours(1))));
    let sources = [source("srv-a", None), source("ids-a", None)].into_iter().chain(owing);
    let measure = EventMeasure {
        name: text("Đăng nhập thất bại", "Failed attempts"),
        severity: Some(Severity::High),
        windows: vec![WindowKind::Hour],
        ..ioc_testing::measure("failed_logins", Count::Attempts)
    };
    let different =
        EventMeasure { windows: vec![WindowKind::Hour], ..ioc_testing::measure("targets", Count::Targets) };
    Pack {
        log_sources: sources.map(|it| (it.id.clone(), it)).collect(),
        measures: [measure, different].map(|it| (it.id.clone(), it)).into(),
        ..pack_with_map()
    }
}

async fn server() -> Server {
    let server = Server::of(watched()).await;
    // What is asked for ends now: on a busy machine that is another millisecond soon.
    server.board.system(SystemStatus { clock_speed: 0.0, ..well() });
    server.board.apply(&results(1, NOON));
    server.record.tell(|told| {
        told.events = [3, 2, 1].map(|number| event(NOON - number * HOUR, number as u32)).into();
        told.events.reverse();
        told.summed = summed();
    });
    server
}

fn rows(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["row"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn events_come_page_by_page_of_the_last_day_and_none_twice() {
    let server = server().await;
    let mut path = "/api/security/events?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = server.get(&path, &[]).await.json();
        seen.push(rows(&page));
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(next, format!("{}-1-0-0-2", NOON - 2 * HOUR));
        path = format!("/api/security/events?limit=2&before={next}");
    }
    assert_eq!(seen, [vec![1, 2], vec![3]]);
    let asked = server.record.asked();
    // The board's clock goes on between two pages.
    for asked in &asked {
        let moment = |name: &str| -> i64 {
            let found = asked.split_once(&format!("{name}: EventTime(")).unwrap().1;
            found.split_once(')').unwrap().0.parse().unwrap()
        };
        let (from, until) = (moment("from"), moment("until"));
        assert!(until - from == 24 * HOUR && (1..HOUR).contains(&(until - NOON)), "{asked}");
    }
}

#[tokio::test]
async fn an_alert_of_an_address_opens_to_the_lines_that_it_counted_and_is_of_the_province() {
    let server = server().await;
    let mut made = results(2, NOON);
    made.facts.alerts.push(suspected("2001:db8::1", NOON));
    server.board.apply(&made);
    server.record.take(&made);
    let opened = server.get("/api/lineage/alert/guessing~2001:db8::1~1", &[]).await.json();
    let link = &opened["raised_by"];
    assert_eq!((link["kind"].as_str(), link["about"].as_str()), (Some("events"), Some("address")));
    let href = link["href"].as_str().unwrap();
    assert_eq!(rows(&server.get(href, &[]).await.json()), [1, 2, 3]);
    let page = server.get(&format!("{href}&limit=2"), &[]).await.json();
    assert_eq!((rows(&page).len(), page["next"].is_string()), (2, true));
    let asked = format!("events of 2001:db8::1 {} 2 ", NOON - 600_000);
    assert!(server.record.asked().iter().any(|it| it.starts_with(&asked)), "{:?}", server.record.asked());
    for (path, status) in [
        ("guessing~2001:db8::1~1/events?epoch=1", 404),
        ("guessing~2001:db8::1~2/events", 404),
        ("guessing~2001:db8::1~1/events?limit=501", 400),
        ("guessing~2001:db8::1~1/events?before=1", 400),
    ] {
        assert_eq!(server.get(&format!("/api/alerts/{path}"), &[]).await.status, status, "{path}");
    }
    // It crosses what agencies report: who is given some stations does not see it, who is given the province does.
    for (sight, count) in [
        (Sight { stations: [Name::from("2001:db8::1")].into(), ..Sight::default() }, 0),
        (Sight { province: true, ..Sight::default() }, 1),
    ] {
        server.asked_by(Some(Asker::of(sight)));
        for state in ["open", "all"] {
            let told = server.get(&format!("/api/alerts?state={state}"), &[]).await.json();
            assert_eq!(told["alerts"].as_array().unwrap().len(), count, "{state}");
        }
        let status = if count == 0 { 404 } else { 200 };
        assert_eq!(server.get(href, &[]).await.status, status);
        let taken = server.post(
            "/api/alerts/guessing~2001:db8::1~1/acknowledge",
            "application/json",
            b"{\"user\":\"an\"}",
        );
        assert_eq!(taken.await.status, if count == 0 { 404 } else { 202 });
    }
}

#[tokio::test]
async fn an_alert_of_a_log_source_opens_to_what_its_measure_counted() {
    let server = server().await;
    let mut made = results(2, NOON);
    made.facts.alerts.push(many_of("srv-a", "failed_logins", NOON));
    made.facts.alerts.push(many_of("fw-a", "no_more", NOON));
    server.board.apply(&made);
    server.record.take(&made);
    let opened = server.get("/api/lineage/alert/many~srv-a~1", &[]).await.json();
    let link = &opened["raised_by"];
    assert_eq!((link["kind"].as_str(), link["log_source"].as_str()), (Some("measure"), Some("srv-a")));
    assert_eq!(server.get(link["href"].as_str().unwrap(), &[]).await.status, 200);
    let asked = server.record.asked();
    let read = "severities: [High, Critical], log_sources: [\"srv-a\"], address: None, network: None, end: None, attempts: true, known: true";
    let times = format!("from: EventTime({}), until: EventTime({NOON})", NOON - HOUR);
    assert!(asked.iter().any(|it| it.contains(read) && it.contains(&times)), "{asked:?}");
    let gone = server.get("/api/lineage/alert/many~fw-a~1", &[]).await.json();
    assert_eq!(gone["raised_by"], Value::Null, "nobody knows what it counted");
}

#[tokio::test]
async fn what_is_asked_for_is_read_in_any_spelling_and_what_cannot_be_meant_says_why() {
    let server = server().await;
    let query = "kind=login_failed,alert&severity=high,critical&log_source=srv-a&address=%5B::FFFF:203.0.113.5%5D\
         &end=source&attempts=true&flow_id=%201200";
    for path in ["events", "summary"] {
        assert_eq!(server.get(&format!("/api/security/{path}?{query}"), &[]).await.status, 200, "{path}");
    }
    for asked in server.record.asked() {
        let read = "kinds: [LoginFailed, Alert], severities: [High, Critical], log_sources: [\"srv-a\"], \
                    address: Some(203.0.113.5), network: None, end: Some(Source), attempts: true";
        assert!(asked.contains(read) && asked.contains("flow_id: \"1200\""), "{asked}");
    }
    for (query, said) in [
        ("address=203.0.113", "no address"),
        ("kind=login", "there is no kind 'login' (there are: log, alert"),
        ("severity=urgent", "there is no severity 'urgent'"),
        ("from=2&until=1", "from must lie before until"),
        ("end=source,target", "one end at most"),
        ("end=middle", "there is no end 'middle' (there are: source, target)"),
        ("limit=0", "limit must be 1 to 500"),
        ("limit=501", "limit must be 1 to 500"),
        ("before=5-1-0", "no place of an event"),
        ("until=99999999999999999", "of the years 1900 to 2299"),
        ("from=0", "at most 31 days"),
        ("adress=203.0.113.5", "unknown field"),
    ] {
        let reply = server.get(&format!("/api/security/events?{query}"), &[]).await;
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(reply.status == 400 && detail.contains(said), "{query}: {} {detail}", reply.status);
    }
    for query in ["limit=5", "before=5-1-0-0-0", "from=0"] {
        assert_eq!(server.get(&format!("/api/security/summary?{query}"), &[]).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn bound_the_first_page_of_events_is_one_question_for_all_who_look_at_it() {
    let server = server().await;
    for query in
        ["", "", "address=2001:db8:0:9:ffff::/64", "address=2001:db8:0:9:ffff::/64", "before=5-1-0-0-0"]
    {
        assert_eq!(server.get(&format!("/api/security/events?{query}"), &[]).await.status, 200, "{query}");
    }
    let asked = server.record.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[1].contains("address: None, network: Some(2001:db8:0:9::/64)"), "{asked:?}");
}

fn standings(summary: &Value) -> Vec<(&str, &str, bool)> {
    let of = |it: &'_ Value| it["amiss"].as_bool().unwrap();
    let sources = summary["log_sources"].as_array().unwrap().iter();
    sources.map(|it| (it["id"].as_str().unwrap(), it["standing"].as_str().unwrap(), of(it))).collect()
}

#[tokio::test]
async fn silent_every_log_source_of_the_pack_stands_as_the_flow_said_and_who_is_silent_or_blind_comes_first()
{
    let server = server().await;
    let summary = server.get("/api/security/summary", &[]).await.json();
    assert_eq!(summary["now"], NOON);
    let expected = [
        ("fw-a", "silent", true),
        ("ids-b", "error", true),
        ("ids-a", "never", false),
        ("192.0.2.99", "unknown", false),
        ("srv-a", "good", false),
    ];
    assert_eq!(standings(&summary), expected);
    let blind = &summary["log_sources"][1];
    assert_eq!((&blind["since"], &blind["priority"]), (&Value::from(NOON - HOUR), &Value::from("medium")));
    assert_eq!(blind["received_at"], NOON - 1, "it is heard, and sees nothing");
    let totals = ["attempts", "attackers"].map(|word| summary["totals"][word].as_i64().unwrap());
    assert_eq!(totals, [7, 1]);
    let names = "[\"fw-a\", \"ids-a\", \"ids-b\", \"srv-a\"]";
    let asked = &server.record.asked()[0];
    assert!(asked.ends_with(&format!("{names} {NOON}")), "{asked}");
    // Of a time that has passed the flow is asked what it had said by its end.
    let past = format!("/api/security/summary?until={}", NOON - HOUR);
    assert_eq!(server.get(&past, &[]).await.status, 200);
    let asked = &server.record.asked()[1];
    assert!(asked.ends_with(&format!("{names} {}", NOON - HOUR)), "{asked}");
}

#[tokio::test]
async fn silent_when_the_flow_stands_still_nobody_says_how_log_sources_stand_nor_how_urgent_that_is() {
    let server = server().await;
    let mut told = summed();
    told.said.stale_from = Some(EventTime(NOON));
    server.record.tell(|recorded| recorded.summed = told);
    let summary = server.get("/api/security/summary", &[]).await.json();
    let expected = [
        ("fw-a", "stale", true),
        ("ids-b", "stale", true),
        ("ids-a", "stale", false),
        ("192.0.2.99", "unknown", false),
        ("srv-a", "stale", false),
    ];
    assert_eq!(standings(&summary), expected);
    assert_eq!(summary["stale_from"], NOON);
    // A moment before it was not.
    let past = format!("/api/security/summary?until={}", NOON - 1);
    let summary = server.get(&past, &[]).await.json();
    assert_eq!(standings(&summary)[0], ("fw-a", "silent", true));
}

#[tokio::test]
async fn silent_an_hour_in_which_a_sensor_was_blind_is_incomplete_and_so_is_what_is_counted_over_it() {
    let server = server().await;
    let summary = server.get("/api/security/summary", &[]).await.json();
    let hours = summary["heard"].as_array().unwrap();
    let newest: Vec<&Value> = hours.iter().rev().take(4).map(|hour| &hour["standing"]).collect();
    // Noon is not closed, before that a sensor was blind; of the time before the first window nobody says anything.
    assert_eq!(newest, ["open", "incomplete", "whole", "unknown"]);
    let blind = &hours[hours.len() - 2];
    let missing = serde_json::json!([{ "log_source": "ids-b", "minutes": 20 }]);
    assert_eq!((&blind["missing"], &blind["judged"]), (&missing, &Value::from(false)));
    assert_eq!((&blind["start"], &blind["log_sources"]), (&(NOON - HOUR).into(), &2.into()));
    assert_eq!(summary["missing"], missing, "the page says it beside what is counted");
    let of_another = server.get("/api/security/summary?log_source=srv-a", &[]).await.json();
    assert_eq!(of_another["missing"], serde_json::json!([]));
}

#[tokio::test]
async fn silent_what_sensors_say_they_raised_stands_beside_what_never_arrived() {
    let mut pack = watched();
    let failed = pack.measures["failed_logins"].clone();
    for (id, count) in [("alerts_raised", Count::Raised), ("alerts_lost", Count::Lost)] {
        let measure = EventMeasure { id: id.to_owned(), count, ..failed.clone() };
        let _ = pack.measures.insert(id.to_owned(), measure);
    }
    let server = Server::of(pack).await;
    server.board.system(SystemStatus { clock_speed: 0.0, ..well() });
    server.board.apply(&results(1, NOON));
    let sensor = SensorAlerts { log_source: "ids-a".to_owned(), raised: 120.0, lost: 23.0 };
    server.record.tell(|told| told.sensors = vec![sensor]);
    let summary = server.get("/api/security/summary", &[]).await.json();
    let expected = serde_json::json!([{ "log_source": "ids-a", "raised": 120.0, "lost": 23.0 }]);
    assert_eq!(summary["sensors"], expected);
    let from = NOON + 1 - 24 * HOUR;
    let asked = format!("sensors [\"alerts_raised\", \"alerts_lost\"] {from} {}", NOON + 1);
    assert!(server.record.asked().contains(&asked), "{:?}", server.record.asked());
    server.asked_by(Some(Asker::of(Sight::default().and_feeds(["security"]))));
    let summary = server.get("/api/security/summary", &[]).await.json();
    assert_eq!(summary["sensors"], serde_json::json!([]), "what is counted is of the province");
}

#[tokio::test]
async fn silent_a_measure_stands_beside_what_is_usual_and_what_is_not_whole_is_held_against_nothing() {
    let server = server().await;
    server.record.tell(|told| {
        told.measures = measured();
        told.different = vec![DistinctTotal { measure: "targets".to_owned(), value: 90.0 }];
    });
    let found = server.get("/api/security/measures?log_source=ids-a", &[]).await.json();
    let measure = &found["measures"][0];
    assert_eq!((&measure["id"], &measure["count"]), (&"failed_logins".into(), &"attempts".into()));
    let hours = measure["windows"].as_array().unwrap();
    assert_eq!(hours.len(), 2, "what lies before the last day is what it is held against: {hours:?}");
    assert_eq!((&hours[0]["missing"], &hours[0]["standing"]), (&1.into(), &Value::Null));
    assert_eq!(hours[0]["not_heard"][0]["log_source"], "ids-b");
    assert_eq!((&hours[1]["usual"]["high"], &hours[1]["standing"]), (&5.0.into(), &"above".into()));
    let since = NOON + 1 - 24 * HOUR - USUAL_WITHIN.0;
    assert_eq!(
        measure["totals"],
        json!([{ "hours": 24, "value": 9.0, "at_least": true }, { "hours": 168, "value": 29.0, "at_least": true }])
    );
    let different = &found["measures"][1];
    let of_both = json!([{ "hours": 24, "value": 90.0, "at_least": true }, { "hours": 168, "value": 90.0, "at_least": true }]);
    assert_eq!(different["totals"], of_both, "different ones are not added up");
    let asked = [24, 168]
        .map(|back| format!("different ones [\"ids-a\"] hour {} {}", NOON + 1 - back * HOUR, NOON + 1));
    let [one, other] = asked;
    assert_eq!(
        server.record.asked(),
        [format!("measures [\"ids-a\"] hour {since} {}", NOON + 1), one, other]
    );
    assert_eq!(server.get("/api/security/measures?from=0", &[]).await.status, 400, "more than is summed up");
    server.record.tell(|told| (told.measures, told.different) = (Vec::new(), Vec::new()));
    let nothing = server.get("/api/security/measures?log_source=srv-a", &[]).await.json();
    for measure in nothing["measures"].as_array().unwrap() {
        assert_eq!(measure["totals"][0], json!({ "hours": 24, "value": null, "at_least": false }));
    }
}

#[tokio::test]
async fn what_an_agency_has_is_asked_of_its_log_sources_by_minute_hour_and_day() {
    let mut pack = watched();
    for id in ["fw-a", "ids-b"] {
        pack.log_sources.get_mut(id).unwrap().agency = Some("so-x".to_owned());
    }
    let name = text("Sở X", "Department X");
    let agency = Agency { id: "so-x".to_owned(), name, place: "72".to_owned() };
    let _ = pack.agencies.insert(agency.id.clone(), agency);
    pack.measures.get_mut("failed_logins").unwrap().windows = WindowKind::ALL.to_vec();
    let server = Server::of(pack).await;
    server.board.system(SystemStatus { clock_speed: 0.0, ..well() });
    server.board.apply(&results(1, NOON));
    let heard = |id: &str, weight, grave| LogSourceHeard {
        id: id.to_owned(),
        weight,
        grave,
        rows: 1,
        absurd: 0,
        relayed: 0,
        received_at: ReceivedAt(NOON),
    };
    server.record.tell(|told| {
        told.measures = measured();
        told.summed.heard = vec![heard("ids-a", 9, 1), heard("ids-b", 5, 2), heard("fw-a", 4, 2)];
    });
    let summary = server.get("/api/security/summary?agency=so-x", &[]).await.json();
    let agencies = summary["agencies"].as_array().unwrap();
    let told: Vec<_> =
        agencies.iter().map(|of| (&of["agency"], &of["name"]["en"], &of["weight"], &of["grave"])).collect();
    let expected: [(Value, Value, Value, Value); 2] = [
        ("so-x".into(), "Department X".into(), 9.into(), 4.into()),
        (Value::Null, "Department".into(), 9.into(), 1.into()),
    ];
    assert_eq!(
        told,
        expected.each_ref().map(|(a, b, c, d)| (a, b, c, d)),
        "all agencies, whichever is asked for"
    );
    let listed: Vec<_> = summary["log_sources"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    for window in ["minute", "hour", "day"] {
        let found =
            server.get(&format!("/api/security/measures?agency=so-x&window={window}"), &[]).await.json();
        assert_eq!(
            (&found["window"], &found["offered"]),
            (&window.into(), &json!(["minute", "hour", "day"]))
        );
        let asked = server.record.asked().into_iter().rfind(|asked| asked.starts_with("measures")).unwrap();
        assert!(asked.starts_with(&format!("measures [\"fw-a\", \"ids-b\"] {window} ")), "{asked}");
        assert_eq!(asked.matches(", ").count(), 1 + if window == "minute" { 20 } else { 0 }, "{asked}");
    }
    for wrong in ["agency=so-y", "agency=so-x&log_source=ids-b", "window=week", "window=minute&from=0"] {
        assert_eq!(server.get(&format!("/api/security/measures?{wrong}"), &[]).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn bound_pages_that_ask_for_the_same_sums_cost_the_store_one_question() {
    let server = server().await;
    let first = server.get("/api/security/summary", &[]).await.json();
    for _ in 0..5 {
        assert_eq!(server.get("/api/security/summary", &[]).await.json(), first);
    }
    assert_eq!(server.record.asked().len(), 1);
    let other = server.get("/api/security/summary?attempts=true", &[]).await;
    assert_eq!((other.status, server.record.asked().len()), (200, 2));
    for log_source in ["ids-a", "ids-a", "srv-a"] {
        let counted = server.get(&format!("/api/security/measures?log_source={log_source}"), &[]).await;
        assert_eq!(counted.status, 200);
    }
    // Hours, and the different ones of a day and of a week, for each log source.
    assert_eq!(server.record.asked().len(), 2 + 2 * 3);
}

#[tokio::test]
async fn an_event_is_its_feeds_and_a_log_source_that_never_came_by_it_is_not_told_of() {
    let server = server().await;
    server.asked_by(Some(Asker::of(Sight::default().and_feeds(["air-gateway"]))));
    assert_eq!(rows(&server.get("/api/security/events", &[]).await.json()), [0; 0]);
    server.asked_by(Some(Asker::of(Sight::default().and_feeds(["security"]))));
    assert_eq!(rows(&server.get("/api/security/events", &[]).await.json()), [1, 2, 3]);
    let summary = server.get("/api/security/summary", &[]).await.json();
    assert!(summary["log_sources"].as_array().unwrap().iter().all(|it| it["id"] != "ids-a"));
}

#[tokio::test]
async fn an_envelope_lists_the_events_that_were_made_of_it() {
    let server = server().await;
    server.record.tell(|told| {
        told.rows = EnvelopeRows { events: vec![event(NOON, 4)], ..EnvelopeRows::default() };
    });
    // Its bytes are gone, and it is there all the same.
    let envelope = server.get("/api/lineage/envelope/1-0-0", &[]).await.json();
    assert_eq!(rows(&envelope), [4]);
    assert_eq!(envelope["events"][0]["attributes"], serde_json::json!([["method", "password"]]));
}

//! What is described is what is served.

use std::collections::BTreeSet;

use ioc_dashboards::{measures::SensorAlerts, routes::PATHS, tap::Outcome};
use ioc_model::{
    event::{Count, Decided, EventKind, Severity, TimeFrom},
    figure::{FigureId, FigureReason, FigureVerdict, InputKind},
    form::{Mark, PeriodKind, Rule, Vintage, Weight},
    limit::Averaging,
    observation::Quality,
    pack::{Pack, SCREENS, StationKind},
    results::{LimitVerdict, ObligationState, ReportVerdict, RowStanding},
    rule::{AlertChange, Priority},
    status::StationStatus,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    alerts::alert_times,
    events::{event, measured, summed, watched},
    lineage::{original, traced_assessment, traced_index, traced_window},
    misread::misread,
    obligations::{owed, refused, score},
    replays::{rejected, replay},
    reports::{cell, form, receipt, sum, target_year},
    server::{NOON, STATION, Server},
    support::{alert, figure, many_of, results, suspected, unusual},
};

pub fn described() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// An order to read again what [`filled`] has.
pub const ORDER: &[u8] = br#"{"of": {"feed": "air-gateway"}, "user": "an"}"#;

/// A node that is asked for its births.
pub const NODE: &[u8] = br#"{"sender": "gw", "group": "TayNinh", "node": "gw-0001"}"#;

/// A server that has something at each path, and the path with its parameters filled in.
pub async fn filled() -> Server {
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form())].into(), ..watched() }).await;
    let mut made = results(1, NOON);
    made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
    made.facts.alerts.push(suspected("203.0.113.5", NOON));
    made.facts.alerts.push(many_of("srv-a", "failed_logins", NOON));
    made.facts.alerts.push(unusual("srv-a", "failed_logins", NOON));
    made.facts.figures.push(figure(NOON, 97.0));
    server.board.apply(&made);
    server.record.take(&made);
    server.record.tell(|told| {
        told.sensors = vec![SensorAlerts { log_source: "ids-a".to_owned(), raised: 120.0, lost: 23.0 }];
        told.alert_times = vec![alert_times()];
        told.index = Some(traced_index());
        told.assessment = Some(traced_assessment());
        told.window = Some(traced_window());
        told.events = vec![event(NOON, 0)];
        told.rows.events = vec![event(NOON, 0)];
        told.summed = summed();
        told.measures = measured();
        told.misread = misread();
        told.receipts = vec![receipt(0)];
        told.rejected = vec![rejected("air-gateway", 4)];
        told.replays = vec![replay()];
        told.cells = vec![cell("X01", "1204", Mark::Value)];
        told.sums = vec![sum("X01", 10, Some(1204), 3)];
        told.targets = vec![target_year("T1", 82.5)];
        told.owed = vec![refused("25708", -1), owed("25459", ObligationState::Late, -1)];
        let june = told.owed[0].period;
        told.scores = vec![score("25708", june, Some(50.0))];
    });
    server.shelf.0.lock().unwrap().insert("1-0-0".parse().unwrap(), original(b"{}"));
    server
}

pub fn asked(path: &str) -> String {
    let query = match path {
        "/api/trend" => format!("?subject={STATION}&indicator=pm25"),
        "/api/series" => format!("?subject={STATION}&indicator=pm25&kind=hour&from=0&to={NOON}"),
        "/api/lineage/index" => format!("?index=vn_aqi&subject={STATION}&kind=hour&start={NOON}"),
        "/api/lineage/assessment" => {
            format!("?limit=qcvn05-pm25-day&subject={STATION}&averaging=day&start={NOON}")
        }
        "/api/lineage/window" => format!("?indicator=pm25&subject={STATION}&kind=hour&start={NOON}"),
        "/api/reports/values" => "?form=ktxh-x&period=2026-10".to_owned(),
        "/api/reports/domain" => "?screen=health".to_owned(),
        _ => String::new(),
    };
    let path = match path {
        "/api/alerts/{id}/events" => path.replace("{id}", "guessing~203.0.113.5~1"),
        _ => path.to_owned(),
    };
    let path = path
        .replace("{*file}", "app.js")
        .replace("{screen}", "air")
        .replace("{position}", "1-0-0")
        .replace("/obligations/{id}", "/obligations/ktxh-x~25708~admin_month~2004-06")
        .replace("{id}", &format!("aqi-bad~{STATION}~1"));
    path + &query
}

#[test]
fn every_screen_that_a_pack_may_list_is_a_folder_of_the_page_and_a_line_in_its_list() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src");
    let read = |path: &str| std::fs::read_to_string(root.join(path));
    let folders = std::fs::read_dir(root.join("parts")).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    let screens: BTreeSet<String> =
        names.filter(|name| read(&format!("parts/{name}/screen.ts")).is_ok()).collect();
    assert_eq!(screens.iter().map(String::as_str).collect::<BTreeSet<_>>(), SCREENS.into_iter().collect());
    let list = read("screens.ts").unwrap();
    for word in SCREENS {
        let screen = read(&format!("parts/{word}/screen.ts")).unwrap();
        assert!(screen.contains(&format!("id: \"{word}\"")), "{word}: {screen}");
        assert!(list.contains(&format!("from \"./parts/{word}/screen\"")), "{word}: {list}");
    }
}

#[tokio::test]
async fn the_described_interface_is_the_served_one() {
    let described = described();
    let paths: BTreeSet<&str> = described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let listed: BTreeSet<String> = PATHS.iter().map(|path| path.replace("{*", "{")).collect();
    assert_eq!(paths, listed.iter().map(String::as_str).collect());

    let server = filled().await;
    for path in PATHS {
        let asked = asked(path);
        if path == "/api/events" || path == "/api/tap" {
            assert_eq!(server.listen(&asked, &[]).await.next().await.unwrap().name, "hello");
        } else if path.ends_with("/reload") {
            assert_eq!(server.post(&asked, "text/plain", b"").await.status, 415, "{path}");
            assert_eq!(server.post(&asked, "application/json", b"").await.status, 200, "{path}");
        } else if path.ends_with("/rebirth") {
            for (content_type, body, status) in [
                ("text/plain", NODE, 415),
                ("application/json", NODE, 200),
                ("application/json", br#"{"sender": "gw", "group": "TayNinh", "node": "asked"}"#, 409),
                ("application/json", br#"{"sender": "gw", "group": "TayNinh", "node": "other"}"#, 404),
                ("application/json", br##"{"sender": "gw", "group": "TayNinh", "node": "#"}"##, 422),
                ("application/json", br#"{"sender": "gw"}"#, 422),
            ] {
                let reply = server.post(&asked, content_type, body).await;
                assert_eq!(reply.status, status, "{path}");
                assert!(status != 200 || reply.json() == json!({"sessions": 2, "connected": 1}));
            }
        } else if path.ends_with("/acknowledge") {
            let reply = server.post(&asked, "application/json", b"{\"user\":\"an\"}").await;
            assert_eq!(reply.status, 202, "{path}");
        } else if path.starts_with("/api/replays") {
            let reply = server.post(&asked, "application/json", ORDER).await;
            assert_eq!(reply.status, if path.ends_with("/trial") { 200 } else { 202 }, "{path}");
        } else {
            assert_eq!(server.get(&asked, &[]).await.status, 200, "{path}");
        }
    }
}

/// Whether it is that one of several choices: null or not, and as its constants say.
fn fits(choice: &Value, answer: &Value) -> bool {
    let constant = |(field, of_field): (&String, &Value)| {
        of_field.get("const").is_none_or(|constant| answer.get(field) == Some(constant))
    };
    (choice["type"] == "null") == answer.is_null()
        && choice["properties"].as_object().is_none_or(|fields| fields.iter().all(constant))
}

/// A schema itself, where it stands under a name.
fn named<'d>(described: &'d Value, schema: &'d Value, place: &str) -> &'d Value {
    let Some(name) = schema["$ref"].as_str() else { return schema };
    let name = name.rsplit('/').next().unwrap();
    let named = &described["components"]["schemas"][name];
    assert!(named.is_object(), "{place}: {name} is described");
    named
}

/// All fields that an object is described with, by any of the parts it is made of; none where it may have others.
fn fields_of<'d>(described: &'d Value, schema: &'d Value, place: &str) -> Option<BTreeSet<&'d str>> {
    let schema = named(described, schema, place);
    if let Some(all) = schema["allOf"].as_array() {
        let of_parts = all.iter().map(|part| fields_of(described, part, place));
        return of_parts.collect::<Option<Vec<_>>>().map(|parts| parts.into_iter().flatten().collect());
    }
    let is_open = schema.get("additionalProperties").is_some_and(|more| more != false);
    let fields = schema["properties"].as_object().filter(|_| !is_open)?;
    Some(fields.keys().map(String::as_str).collect())
}

/// That an answer has every field that is described as always there and none that is not described, each of its type,
/// down through lists and references.
pub fn check(described: &Value, schema: &Value, answer: &Value, place: &str) {
    if let (Some(known), Some(fields)) = (fields_of(described, schema, place), answer.as_object()) {
        for field in fields.keys() {
            assert!(known.contains(field.as_str()), "{place}.{field} is not described");
        }
    }
    has_what_is_described(described, schema, answer, place);
}

fn has_what_is_described(described: &Value, schema: &Value, answer: &Value, place: &str) {
    let schema = named(described, schema, place);
    if let Some(choices) = schema["oneOf"].as_array() {
        let chosen = choices.iter().find(|choice| fits(named(described, choice, place), answer));
        return check(
            described,
            chosen.unwrap_or_else(|| panic!("{place} is none of the choices: {answer}")),
            answer,
            place,
        );
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().for_each(|part| has_what_is_described(described, part, answer, place));
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(answer), "{place} is none of its words: {answer}");
    }
    if let Some(kind) = schema["type"].as_str() {
        let is_it = match kind {
            "null" => answer.is_null(),
            "boolean" => answer.is_boolean(),
            "integer" => answer.is_i64() || answer.is_u64(),
            "number" => answer.is_number(),
            "string" => answer.is_string(),
            "array" => answer.is_array(),
            _ => answer.is_object(),
        };
        assert!(is_it, "{place} is no {kind}: {answer}");
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        let field = field.as_str().unwrap();
        assert!(answer.get(field).is_some(), "{place} has no {field}: {answer}");
        assert!(schema["properties"][field].is_object(), "{place}.{field} is described");
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = answer.get(field) {
            check(described, schema, value, &format!("{place}.{field}"));
        }
    }
    if let (Some(more), Some(fields)) = (schema["additionalProperties"].as_object(), answer.as_object()) {
        let more = Value::from(more.clone());
        fields.iter().for_each(|(field, value)| check(described, &more, value, &format!("{place}.{field}")));
    }
    if let (Some(items), Some(answers)) = (schema.get("items"), answer.as_array()) {
        answers.iter().for_each(|answer| check(described, items, answer, place));
    }
}

#[tokio::test]
async fn every_answer_has_the_fields_its_description_promises() {
    let described = described();
    let server = filled().await;
    let mut checked = 0;
    let others = ["guessing~203.0.113.5~1", "many~srv-a~1"];
    for id in others {
        let schema = json!({"$ref": "#/components/schemas/AlertLineage"});
        let answer = server.get(&format!("/api/lineage/alert/{id}"), &[]).await.json();
        check(&described, &schema, &answer, id);
    }
    for path in PATHS {
        let told = &described["paths"][path.replace("{*", "{")];
        let schema = &told["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        if !schema.is_object() || path == "/api/map" {
            continue;
        }
        let answer = server.get(&asked(path), &[]).await.json();
        check(&described, schema, &answer, path);
        checked += 1;
    }
    assert!(checked >= 12, "{checked} answers were compared");
}

#[tokio::test]
async fn every_message_of_the_stream_has_the_fields_its_description_promises() {
    let described = described();
    let server = Server::beating().await;
    let mut events = server.listen("/api/events", &[]).await;
    for (name, schema) in [("hello", "Hello"), ("heartbeat", "Heartbeat")] {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        check(&described, &schema, &events.named(name).await.data, name);
    }
    let mut made = results(1, NOON);
    made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
    made.facts.figures.push(figure(NOON, 97.0));
    server.board.apply(&made);
    let schema = json!({"$ref": "#/components/schemas/Changes"});
    let told = events.named("changes").await.data;
    assert!(!told["alerts"].as_array().unwrap().is_empty(), "{told}");
    check(&described, &schema, &told, "changes");
}

#[test]
fn every_word_there_is_is_described() {
    fn words<T: Serialize>(all: &[T]) -> Value {
        serde_json::to_value(all).unwrap()
    }
    let described = described();
    let at = |place: &str| {
        let found = described.pointer(&format!("/components/schemas/{place}/enum"));
        found.unwrap_or_else(|| panic!("{place} has no words"))
    };
    let nullable = |field: &str| at(&format!("{field}/oneOf/0"));
    for (found, all) in [
        (at("EventKind"), words(&EventKind::ALL)),
        (at("Severity"), words(&Severity::ALL)),
        (at("Count"), words(&Count::ALL)),
        (at("Station/properties/kind"), words(&StationKind::ALL)),
        (at("Rule/properties/priority"), words(&Priority::ALL)),
        (at("Limit/properties/averaging"), words(&Averaging::ALL)),
        (at("Latest/properties/quality"), words(&Quality::ALL)),
        (nullable("StationState/properties/status"), words(&StationStatus::ALL)),
        (at("Assessment/properties/verdict"), words(&LimitVerdict::ALL)),
        (at("Alert/properties/change"), words(&AlertChange::ALL)),
        (at("StoredRow/properties/standing"), words(&RowStanding::ALL)),
        (at("FigureInput/properties/kind"), words(&InputKind::ALL)),
        (at("Figure/properties/figure"), words(&FigureId::ALL)),
        (at("Figure/properties/verdict"), words(&FigureVerdict::ALL)),
        (at("Figure/properties/reason"), words(&FigureReason::ALL)),
        (at("LogEvent/properties/time_from"), words(&TimeFrom::ALL)),
        (at("ObligationState"), words(&ObligationState::ALL)),
        (at("ReportVerdict"), words(&ReportVerdict::ALL)),
        (at("ReportPeriod/properties/kind"), words(&PeriodKind::ALL)),
        (at("ReportFinding/properties/weight"), words(&Weight::ALL)),
        (at("ReportFinding/properties/rule"), words(&Rule::ALL)),
        (at("ReportValue/properties/mark"), words(&Mark::ALL)),
        (at("ReportCell/properties/vintage"), words(&Vintage::ALL)),
        (at("ReportCell/properties/standing"), words(&RowStanding::ALL)),
        (at("LogEvent/properties/decided"), words(&Decided::ALL)),
        (at("TapOutcome"), words(&Outcome::ALL)),
    ] {
        assert_eq!(*found, all);
    }
}

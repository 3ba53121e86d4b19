//! What is described is what is served.

use std::collections::BTreeSet;

use ioc_dashboards::routes::PATHS;
use ioc_model::{pack::SCREENS, rule::AlertChange};
use serde_json::{Value, json};

use crate::{
    events::{event, measured, summed, watched},
    lineage::{original, traced_assessment, traced_index, traced_window},
    server::{NOON, STATION, Server},
    support::{alert, figure, many_of, results, suspected},
};

fn described() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// A server that has something at each path, and the path with its parameters filled in.
pub async fn filled() -> Server {
    let server = Server::of(watched()).await;
    let mut made = results(1, NOON);
    made.facts.alerts.push(alert("aqi-bad", 1, AlertChange::Raised, NOON));
    made.facts.alerts.push(suspected("203.0.113.5", NOON));
    made.facts.alerts.push(many_of("srv-a", "failed_logins", NOON));
    made.facts.figures.push(figure(NOON, 97.0));
    server.board.apply(&made);
    server.record.take(&made);
    server.record.tell(|told| {
        told.index = Some(traced_index());
        told.assessment = Some(traced_assessment());
        told.window = Some(traced_window());
        told.events = vec![event(NOON, 0)];
        told.rows.events = vec![event(NOON, 0)];
        told.summed = summed();
        told.measures = measured();
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
        if path == "/api/events" {
            assert_eq!(server.listen(&asked, &[]).await.next().await.unwrap().name, "hello");
        } else if path.ends_with("/reload") {
            assert_eq!(server.post(&asked, "text/plain", b"").await.status, 415, "{path}");
            assert_eq!(server.post(&asked, "application/json", b"").await.status, 200, "{path}");
        } else if path.ends_with("/acknowledge") {
            let reply = server.post(&asked, "application/json", b"{\"user\":\"an\"}").await;
            assert_eq!(reply.status, 202, "{path}");
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

/// The fields that are described as always there, down through lists and references.
fn check(described: &Value, schema: &Value, answer: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        let named = &described["components"]["schemas"][name];
        assert!(named.is_object(), "{place}: {name} is described");
        return check(described, named, answer, place);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let chosen = choices.iter().find(|choice| fits(choice, answer));
        return check(
            described,
            chosen.unwrap_or_else(|| panic!("{place} is none of the choices: {answer}")),
            answer,
            place,
        );
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().for_each(|part| check(described, part, answer, place));
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
    if let Some(required) = schema["required"].as_array() {
        for field in required {
            let field = field.as_str().unwrap();
            let value = answer.get(field).unwrap_or_else(|| panic!("{place} has no {field}: {answer}"));
            let properties = &schema["properties"];
            assert!(properties[field].is_object(), "{place}.{field} is described");
            check(described, &properties[field], value, &format!("{place}.{field}"));
        }
        if schema["additionalProperties"] == false {
            for field in answer.as_object().unwrap().keys() {
                assert!(schema["properties"].get(field).is_some(), "{place}.{field} is not described");
            }
        }
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

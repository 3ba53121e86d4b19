//! Numbers by place on other maps: what they say, what they are made of, and that they say nothing that was kept back.

use std::collections::BTreeMap;

use ioc_dashboards::reports::{CellView, PeriodView};
use ioc_model::{
    form::{Form, Mark, Period, PeriodKind, PlaceScope},
    pack::Pack,
    place::{Place, PlaceGroup, PlaceKey, PlaceKind, Succession, members},
};
use serde_json::{Value, json};

use crate::{
    reports::{cell, health, sum},
    server::Server,
    support::{pack, text},
};

const OLD: &str = "2000-01-01";
const NEW: &str = "2026-07-01";
const LAST: &str = "2026-06-30";

fn key(code: &str, from: &str) -> PlaceKey {
    PlaceKey { code: code.to_owned(), valid_from: from.parse().unwrap() }
}

/// Of old communes 1, 2, a part of 3 there is a new 1, of the rest of 3 a new 3; 4 is 4, and in another province.
fn moved() -> Pack {
    let place = |code: &str, kind, from: &str, parent: &str| Place {
        valid_to: (from == OLD).then(|| LAST.parse().unwrap()),
        parent: Some(parent.to_owned()).filter(|parent| !parent.is_empty()),
        ..ioc_testing::place(key(code, from), kind)
    };
    let commune = |code, from, parent| place(code, PlaceKind::Ward, from, parent);
    let mut places = vec![
        place("72", PlaceKind::Province, OLD, ""),
        place("81", PlaceKind::Province, OLD, ""),
        place("72", PlaceKind::Province, NEW, ""),
        place("701", PlaceKind::District, OLD, "72"),
    ];
    places.extend(["00001", "00002", "00003"].map(|code| commune(code, OLD, "701")));
    places.push(commune("00004", OLD, "81"));
    places.extend(["00001", "00003", "00004"].map(|code| commune(code, NEW, "72")));
    let pair = |from: &str, to: &str, weight: &str| Succession {
        from: key(from, OLD),
        to: key(to, NEW),
        split: weight != "1",
        main: true,
        weight: weight.parse().unwrap(),
        estimated: weight != "1",
    };
    let successions = vec![
        pair("00001", "00001", "1"),
        pair("00002", "00001", "1"),
        pair("00003", "00001", "0.3"),
        pair("00003", "00003", "0.7"),
        pair("00004", "00004", "1"),
    ];
    let group = |unit: &str| PlaceGroup {
        id: format!("old-{unit}"),
        name: text("Địa bàn cũ", "Old places"),
        of: key(unit, OLD),
        members: members(
            &places,
            &successions,
            places.iter().find(|place| place.key == key(unit, OLD)).unwrap(),
        )
        .unwrap(),
    };
    let groups = ["72", "81"].map(|unit| (format!("old-{unit}"), group(unit))).into();
    let kinds = vec![PlaceKind::Ward, PlaceKind::District];
    let form =
        Form { places: PlaceScope { kinds, below: Vec::new() }, period: PeriodKind::Month, ..health() };
    Pack { places, successions, groups, forms: [("ktxh-x".to_owned(), form)].into(), ..pack() }
}

fn at(indicator: &str, (place, from): (&str, &str), month: i16, number: &str) -> CellView {
    CellView {
        place: place.to_owned(),
        place_from: from.parse().unwrap(),
        period: PeriodView::from(Period::of(PeriodKind::Month, 2026, month).unwrap()),
        ..cell(indicator, number, Mark::Value)
    }
}

/// By unit: number, reason, whether estimated or kept back.
fn restated(values: &Value, indicator: &str) -> BTreeMap<String, Value> {
    let all = values["restated"].as_array().unwrap().iter();
    let of = |of: &Value| {
        let said = ["number", "reason", "estimated", "suppressed"].map(|field| of[field].clone());
        (format!("{}@{}", of["place"].as_str().unwrap(), of["place_from"].as_str().unwrap()), json!(said))
    };
    all.filter(|of| of["indicator"] == indicator).map(of).collect()
}

async fn of_may() -> Server {
    let server = Server::of(moved()).await;
    server.record.tell(|told| {
        told.cells = vec![
            at("X01", ("00001", OLD), 5, "100"),
            at("X01", ("00002", OLD), 5, "20"),
            at("X01", ("00003", OLD), 5, "10"),
            at("X01", ("00004", OLD), 5, "7"),
            at("X01", ("701", OLD), 5, "9"),
            at("X02", ("00003", OLD), 5, "50"),
            at("X02", ("00004", OLD), 5, "60"),
            at("cases", ("00001", OLD), 5, "55"),
            at("cases", ("00002", OLD), 5, "30"),
            at("cases", ("00003", OLD), 5, "3"),
            at("cases", ("00004", OLD), 5, "4"),
        ];
    });
    server
}

const ASKED: &str = "/api/reports/values?form=ktxh-x&period=2026-05";

#[tokio::test]
async fn numbers_are_read_as_reported_on_todays_map_and_on_that_of_a_day() {
    let server = of_may().await;
    let reported = server.get(ASKED, &[]).await.json();
    assert_eq!((&reported["map"]["reading"], &reported["restated"]), (&json!("reported"), &json!([])));
    let maps = json!([{"from": OLD, "to": LAST}, {"from": NEW, "to": null}]);
    assert_eq!(reported["map"]["maps"], maps);
    assert_eq!(reported["map"]["groups"][0]["id"], "old-72");

    let day = server.get(&format!("{ASKED}&map={NEW}"), &[]).await.json();
    assert_eq!((&day["map"]["reading"], &day["map"]["map"]), (&json!("day"), &maps[1]));
    let expected = [
        (format!("00001@{NEW}"), json!(["123", null, true, false])),
        (format!("00003@{NEW}"), json!(["7", null, true, false])),
        (format!("00004@{NEW}"), json!(["7", null, false, false])),
        (format!("701@{OLD}"), json!([null, "no_successor", false, false])),
    ];
    assert_eq!(restated(&day, "X01"), BTreeMap::from(expected));
    // What may not be added up goes with what is the same.
    assert_eq!(restated(&day, "X02")[&format!("00004@{NEW}")], json!(["60", null, false, false]));
    assert_eq!(restated(&day, "X02")[&format!("00003@{NEW}")], json!([null, "not_additive", true, false]));
    let first = &day["restated"].as_array().unwrap()[0];
    assert_eq!(first["parts"][2], json!({"place": "00003", "place_from": OLD, "weight": "0.3"}));
    assert_eq!(day["cells"].as_array().unwrap().len(), 11, "what it is made of is there to be opened");

    // On its own map it is what it was, and of one unit it comes with its parts alone.
    let old = server.get(&format!("{ASKED}&map={LAST}"), &[]).await.json();
    assert_eq!(restated(&old, "X01")[&format!("00003@{OLD}")], json!(["10", null, false, false]));
    let one = server.get(&format!("{ASKED}&map={NEW}&place=00003"), &[]).await.json();
    let places: Vec<&str> =
        one["cells"].as_array().unwrap().iter().map(|cell| cell["place"].as_str().unwrap()).collect();
    assert!(!places.is_empty() && places.iter().all(|place| *place == "00003"));
    for wrong in ["yesterday", "1999-12-31", "2026-02-30"] {
        assert_eq!(server.get(&format!("{ASKED}&map={wrong}"), &[]).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn safe_what_is_made_of_a_number_that_is_kept_back_is_kept_back_on_every_map() {
    let server = of_may().await;
    let day = server.get(&format!("{ASKED}&map={NEW}"), &[]).await.json();
    let kept_back: Vec<&str> = day["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["suppressed"] == true)
        .map(|cell| cell["place"].as_str().unwrap())
        .collect();
    assert!(kept_back.contains(&"00003") && kept_back.contains(&"00004"));
    for (unit, of) in restated(&day, "cases") {
        assert_eq!((&of[0], &of[3]), (&Value::Null, &json!(true)), "{unit} has a part that is kept back");
    }
    for (unit, of) in restated(&day, "share") {
        assert_eq!(of[0], Value::Null, "{unit} would say it");
    }
    let told = day["restated"].to_string();
    for small in ["\"3\"", "\"4\"", "0.9", "2.1", "85.9"] {
        assert!(!told.contains(small), "{small}");
    }
}

#[tokio::test]
async fn safe_the_sum_of_a_group_gives_no_small_number_away() {
    let server = of_may().await;
    server.record.tell(|told| {
        told.sums = vec![ioc_dashboards::reported::ReportedSum {
            period: Period::of(PeriodKind::Month, 2026, 5).unwrap(),
            ..sum("cases", 10, Some(4), 1)
        }];
    });
    // One commune is all of it, and its number is small: neither the group says it nor all the others.
    let small = server.get("/api/reports/domain?screen=health&group=old-81", &[]).await.json();
    let point = &small["series"][0]["points"][0];
    assert_eq!((&point["value"], &point["withheld"]), (&Value::Null, &json!(true)));
    assert_eq!(small["group"], "old-81");
    server.record.tell(|told| told.sums[0].sum = Some(88.into()));
    let others = server.get("/api/reports/domain?screen=health&group=old-72", &[]).await.json();
    let point = &others["series"][0]["points"][0];
    let all = server.get(ASKED, &[]).await.json();
    let total = all["totals"].as_array().unwrap().iter().find(|total| total["indicator"] == "cases").unwrap();
    assert!(point["withheld"] == true || total["withheld"] == true, "92 less 88 is 4");
    assert_eq!(server.get("/api/reports/domain?screen=health&group=nowhere", &[]).await.status, 400);
}

#[tokio::test]
async fn sums_are_compared_across_the_day_units_changed_on_a_map_and_not_as_reported() {
    let server = Server::of(moved()).await;
    server.record.tell(|told| {
        let month = |month: i16, of: i64, known: u32| ioc_dashboards::reported::ReportedSum {
            period: Period::of(PeriodKind::Month, 2026, month).unwrap(),
            ..sum("X01", 10, Some(of), known)
        };
        // Of four communes and a district until June, and three communes since.
        told.sums = vec![month(7, 150, 3), month(6, 120, 5)];
        told.cells = ["00001", "00003", "00004"].map(|code| at("X01", (code, NEW), 7, "50")).to_vec();
        let june = ["00001", "00002", "00003", "00004", "701"];
        told.cells.extend(june.map(|code| at("X01", (code, OLD), 6, "24")));
    });
    let growth = async |map: &str| {
        let shown = server.get(&format!("/api/reports/domain?screen=health&map={map}"), &[]).await.json();
        shown["series"][0]["points"][0]["growth"].clone()
    };
    assert_eq!(growth("reported").await, Value::Null, "these are other places");
    assert_eq!(growth(NEW).await, "25");
    assert_eq!(growth(LAST).await, "25");
    let targets = server.get(&format!("/api/reports/targets?map={LAST}"), &[]).await.json();
    assert_eq!(targets["map"]["reading"], "day");
}

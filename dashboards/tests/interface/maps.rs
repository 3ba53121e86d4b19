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
    let off_map = day["restated"].as_array().unwrap().iter().filter(|of| of["on_map"] == false);
    let off_map: Vec<&Value> = off_map.map(|of| &of["indicator"]).collect();
    assert_eq!(off_map, ["X01", "share"], "the district's own, and the share of which that is a side");
    for wrong in ["yesterday", "1999-12-31", "2026-02-30"] {
        assert_eq!(server.get(&format!("{ASKED}&map={wrong}"), &[]).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_a_unit_of_the_map_says_itself_counts_and_what_that_displaces_is_flagged() {
    let server = of_may().await;
    server.record.tell(|told| told.cells.push(at("X01", ("00003", NEW), 5, "70")));
    let day = server.get(&format!("{ASKED}&map={NEW}"), &[]).await.json();
    let expected = [
        (format!("00001@{NEW}"), json!(["123", null, true, false])),
        (format!("00003@{NEW}"), json!(["70", null, false, false])),
        (format!("00003@{OLD}"), json!([null, "own_word", false, false])),
        (format!("00004@{NEW}"), json!(["7", null, false, false])),
        (format!("701@{OLD}"), json!([null, "no_successor", false, false])),
    ];
    assert_eq!(restated(&day, "X01"), BTreeMap::from(expected));
    // 123 + 70 + 7 that are told, 0.7 of 10 and 9 that are not: 216, which is what was reported.
    let displaced = &day["restated"].as_array().unwrap()[1];
    assert_eq!(displaced["parts"], json!([{"place": "00003", "place_from": OLD, "weight": "0.7"}]));
    assert_eq!(displaced["on_map"], false);
    let total = day["totals"].as_array().unwrap().iter().find(|total| total["indicator"] == "X01").unwrap();
    assert_eq!(total["sum"], "216");
    // Asked for by itself it is the same: the words of the units that displace it are read, too.
    let one = server.get(&format!("{ASKED}&map={NEW}&place=00003@{OLD}"), &[]).await.json();
    assert_eq!(one["restated"][0], *displaced);
    // A share is made of what is told of both; where one of both is displaced it says so.
    let share = |of: &Value, unit: &str| restated(of, "share")[unit].clone();
    assert_eq!(share(&day, &format!("00003@{OLD}"))[1], "own_word");
}

#[tokio::test]
async fn a_share_of_which_one_of_both_was_said_by_nobody_says_that_a_part_is_missing() {
    let server = of_may().await;
    for (said, unsaid) in [("cases", "X01"), ("X01", "cases")] {
        server.record.tell(|told| {
            told.cells = vec![at(said, ("00004", OLD), 5, "70"), at(unsaid, ("00001", OLD), 5, "80")];
        });
        let day = server.get(&format!("{ASKED}&map={NEW}"), &[]).await.json();
        let share = restated(&day, "share");
        assert_eq!(share[&format!("00004@{NEW}")], json!([null, "part_missing", false, false]), "{said}");
        assert_eq!(share[&format!("00001@{NEW}")], json!([null, "part_missing", false, false]), "{said}");
        let of = day["restated"].as_array().unwrap().iter().find(|of| of["indicator"] == "share").unwrap();
        assert_eq!((&of["known"], of["parts"].as_array().unwrap().len()), (&json!(0), 1));
    }
}

#[tokio::test]
async fn of_a_form_of_more_cells_than_are_listed_one_indicator_or_place_is_told_whole_in_every_reading() {
    let server = of_may().await;
    let all = server.get(&format!("{ASKED}&map={NEW}"), &[]).await.json();
    let reported = server.get(ASKED, &[]).await.json();
    let many = ioc_dashboards::reports::CELLS_MAX as usize + 1;
    server.record.tell(|told| {
        told.cells.extend((0..many).map(|_| at("X02", ("00002", OLD), 5, "1")));
    });
    let x01 = |values: &Value, list: &str| -> Vec<Value> {
        let all = values[list].as_array().unwrap().iter();
        all.filter(|of| of["indicator"] == "X01").cloned().collect()
    };
    for (map, before) in [(NEW, &all), ("reported", &reported)] {
        for asked in ["indicator=X01", "indicator=X01&part="] {
            let one = server.get(&format!("{ASKED}&map={map}&{asked}"), &[]).await.json();
            assert_eq!(one["more_cells"], false);
            for list in ["cells", "restated", "totals"] {
                assert_eq!(*one[list].as_array().unwrap(), x01(before, list), "{list} of {map}");
            }
            assert_eq!(
                one["silent"], before["silent"],
                "who said nothing of the form, whatever is asked of it"
            );
        }
    }
    // A share comes with what it is made of.
    let share = server.get(&format!("{ASKED}&map={NEW}&indicator=share"), &[]).await.json();
    assert_eq!(restated(&share, "share"), restated(&all, "share"));
    assert_eq!(share["restated"].as_array().unwrap().len(), 4);
    assert!(share["cells"].as_array().unwrap().iter().all(|cell| cell["indicator"] != "X02"));
    let one = server.get(&format!("{ASKED}&map={NEW}&place=00004"), &[]).await.json();
    assert_eq!((&one["more_cells"], &one["restated"][0]["number"]), (&json!(false), &json!("7")));
    // Of some of the parts that are added up there is no total.
    let part = server.get(&format!("{ASKED}&indicator=X01&part=sex%3Df"), &[]).await.json();
    assert_eq!((&part["totals"], &part["cells"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_code_that_was_another_units_before_is_the_unit_of_the_map_unless_a_version_is_named() {
    let server = of_may().await;
    // Of May the new 00003 speaks as well.
    server.record.tell(|told| told.cells.push(at("X01", ("00003", NEW), 5, "70")));
    let of = async |asked: &str| {
        let values = server.get(&format!("{ASKED}&{asked}"), &[]).await.json();
        let places = |list: &str, from: &str| -> Vec<String> {
            let all = values[list].as_array().unwrap().iter();
            let name =
                |of: &Value| format!("{}@{}", of["place"].as_str().unwrap(), of[from].as_str().unwrap());
            let mut names: Vec<String> = all.map(name).collect();
            names.sort();
            names.dedup();
            names
        };
        (places("restated", "place_from"), places("cells", "place_from"))
    };
    let (new, old) = (format!("00003@{NEW}"), format!("00003@{OLD}"));
    // On the map of before the new 00003 is on none: it was made of a part of the old one.
    let (restated, cells) = of(&format!("map={LAST}&place=00003")).await;
    assert_eq!((restated, cells), (vec![old.clone()], vec![old.clone()]));
    let (restated, cells) = of(&format!("map={LAST}&place=00003@{NEW}")).await;
    assert_eq!((restated, cells), (vec![new.clone()], vec![new.clone()]));
    // A code that no unit of the map has is what was reported of who had it.
    let (restated, _) = of(&format!("map={NEW}&place=701")).await;
    assert_eq!(restated, [format!("701@{OLD}")]);
    // As reported a code alone is all that had it.
    assert_eq!(of("place=00003").await.1, [old.clone(), new.clone()]);
    assert_eq!(of(&format!("place=00003@{NEW}")).await.1, [new]);
    for wrong in ["place=", "place=00003@soon", "place=@2026-07-01"] {
        assert_eq!(server.get(&format!("{ASKED}&{wrong}"), &[]).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn bound_more_cells_than_are_read_on_a_map_are_told_as_that_and_not_as_nothing() {
    let server = of_may().await;
    let many = ioc_dashboards::reports::CELLS_MAX as usize + 1;
    server.record.tell(|told| {
        told.cells = (0..many).map(|_| at("X01", ("00001", OLD), 5, "1")).collect();
    });
    for asked in ["", "&place=00001"] {
        let values = server.get(&format!("{ASKED}&map={NEW}{asked}"), &[]).await.json();
        assert_eq!((&values["restated"], &values["more_cells"]), (&json!([]), &json!(true)), "{asked}");
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
    let mut units = ["00001", "00003", "00004"].map(|unit| format!("{unit}@{NEW}")).to_vec();
    assert_eq!(restated(&day, "cases").into_keys().collect::<Vec<_>>(), units);
    units.push(format!("701@{OLD}"));
    assert_eq!(
        restated(&day, "share").into_keys().collect::<Vec<_>>(),
        units,
        "of which one of both is said"
    );
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

//! What agencies reported, over the wire.

use std::collections::BTreeMap;

use ioc_dashboards::reports::{CellView, PeriodView, ValueView};
use ioc_model::{
    asker::{Asker, Sight},
    form::{
        Absent, Finding, Form, FormIndicator, Mark, Owner, Period, PeriodKind, PlaceScope, Rule, Value,
        Vintage, Weight,
    },
    name::Name,
    pack::Pack,
    place::PlaceKind,
    position::{Arrival, LogNumber, Offset, Position},
    results::{Receipt, ReportVerdict, RowStanding},
    time::ReceivedAt,
};

use crate::{
    server::{NOON, Server},
    support::{pack, text},
};

fn position(offset: u64) -> Position {
    Position { log: LogNumber(1), offset: Offset(offset), ..Position::default() }
}

fn october() -> Period {
    Period::of(PeriodKind::AdminMonth, 2026, 10).unwrap()
}

/// One with an error, and a cell that it takes back.
pub fn receipt(offset: u64) -> Receipt {
    let finding = |weight| Finding {
        weight,
        rule: Rule::Range,
        at: "line 3, column 4".into(),
        stands: "-5".into(),
        message: text("ngoài phạm vi", "out of range"),
    };
    Receipt {
        form: Name::from("ktxh-x"),
        agency: Name::from("25486"),
        period: Some(october()),
        verdict: ReportVerdict::InPart,
        rows: 3,
        stored: 1,
        changed: 1,
        conflicts: 0,
        same: 1,
        rejected: 1,
        kept: 0,
        withdrawn: 1,
        findings: vec![finding(Weight::Error), finding(Weight::Warning)],
        digest: [7; 16],
        feed: Name::from("air-files"),
        sender: Name::from("xa"),
        arrival: Arrival { received_at: ReceivedAt(NOON), position: position(offset), row: 0 },
    }
}

pub fn cell(indicator: &str, number: &str, mark: Mark) -> CellView {
    let number = (mark == Mark::Value).then(|| number.parse().unwrap());
    CellView {
        indicator: indicator.to_owned(),
        breakdown: String::new(),
        place: "25459".to_owned(),
        place_from: "2025-07-01".parse().unwrap(),
        place_name: None,
        indicator_name: None,
        part_name: None,
        period: PeriodView::from(october()),
        agency: "25459".to_owned(),
        vintage: Vintage::Official,
        is: ValueView::from(Value { mark, number }),
        was: Some(ValueView::from(Value::without(Mark::NotCollected))),
        standing: RowStanding::Correction,
        shown: true,
        as_sent: String::new(),
        note: "(1)".to_owned(),
        at: "line 3, column 4".to_owned(),
        position: "1-0-0".to_owned(),
        received_at: ReceivedAt(NOON),
        sender: "xa".to_owned(),
    }
}

/// A form of two indicators, one of which may not be added up, of the wards that the pack has.
fn form() -> Form {
    let indicator = |id: &str, additive: bool| {
        let of = FormIndicator {
            id: id.to_owned(),
            code: id.to_owned(),
            name: text("Hồ sơ", "Dossiers"),
            unit: "hồ sơ".to_owned(),
            units: BTreeMap::new(),
            percent: false,
            whole: false,
            least: None,
            most: None,
            decimals: 0,
            required: false,
            additive,
            ratio: None,
            counts: None,
            owner: None,
        };
        (id.to_owned(), of)
    };
    Form {
        sdmx: None,
        dhis2: None,
        templates: Vec::new(),
        about: None,
        fhir: None,
        id: "ktxh-x".to_owned(),
        name: text("Biểu KTXH-X", "Form KTXH-X"),
        titles: Vec::new(),
        period: PeriodKind::AdminMonth,
        owner: Owner::Place,
        vintage: Vintage::Official,
        absent: Absent::Keeps,
        parts: false,
        decimal: ',',
        places: PlaceScope { kinds: vec![PlaceKind::Ward], below: Vec::new() },
        columns: Vec::new(),
        indicators: [indicator("X01", true), indicator("X02", false)].into(),
        checks: Vec::new(),
        against: Vec::new(),
        marks: BTreeMap::new(),
        totals: Vec::new(),
        of_which: BTreeMap::new(),
    }
}

async fn server() -> Server {
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form())].into(), ..pack() }).await;
    server.record.tell(|told| {
        told.receipts = (0..5).rev().map(receipt).collect();
        told.cells = vec![
            cell("X01", "1204", Mark::Value),
            cell("X01", "0.50", Mark::Value),
            cell("X01", "", Mark::None),
            cell("X01", "", Mark::NotFilled),
            CellView { breakdown: "age=0-4,sex=f".to_owned(), ..cell("X01", "7", Mark::Value) },
            cell("X02", "82.5", Mark::Value),
        ];
    });
    server
}

#[tokio::test]
async fn receipts_come_page_by_page_and_each_opens_to_what_it_says_and_changed() {
    let server = server().await;
    let page = server.get("/api/reports/receipts?limit=2&form=ktxh-x&verdict=in_part", &[]).await.json();
    let listed: Vec<&str> =
        page["receipts"].as_array().unwrap().iter().map(|it| it["position"].as_str().unwrap()).collect();
    assert_eq!(listed, ["1-0-4", "1-0-3"]);
    assert_eq!(page["next"], format!("{NOON}-1-0-3"));
    assert_eq!((&page["receipts"][0]["errors"], &page["receipts"][0]["notes"]), (&1.into(), &0.into()));
    let names = |of: &serde_json::Value, field: &str| of[field]["vi"].as_str().map(str::to_owned);
    assert_eq!(names(&page["receipts"][0], "form_name").as_deref(), Some("Biểu KTXH-X"));
    let next = format!("/api/reports/receipts?before={}", page["next"].as_str().unwrap());
    assert_eq!(server.get(&next, &[]).await.status, 200);
    let asked = server.record.asked();
    assert!(asked[0].contains(r#"form: Some("ktxh-x"), agency: None, verdict: Some(InPart)"#), "{asked:?}");
    assert!(asked[1].ends_with(&format!("{NOON}-1-0-3 100")), "{asked:?}");

    let story = server.get("/api/reports/receipts/1-0-3", &[]).await.json();
    assert_eq!(story["findings"][0]["message"]["vi"], "ngoài phạm vi");
    let cell = &story["cells"][1];
    assert_eq!(names(cell, "indicator_name").as_deref(), Some("Hồ sơ"));
    // Of a form without columns a part is called as it is kept.
    assert_eq!(names(&story["cells"][4], "part_name").as_deref(), Some("age: 0-4 · sex: f"));
    assert_eq!((&cell["is"]["number"], &cell["was"]["mark"]), (&"0.5".into(), &"not_collected".into()));
    assert_eq!(server.get("/api/reports/receipts/1-0-9", &[]).await.status, 404);
}

#[tokio::test]
async fn a_total_counts_what_is_known_and_says_of_how_much() {
    let server = server().await;
    let values = server.get("/api/reports/values?form=ktxh-x&period=2026-10", &[]).await.json();
    let total = |at: usize| {
        let total = &values["totals"][at];
        let (sum, dimensions) = (total["sum"].as_str(), total["dimensions"].as_str().unwrap());
        (dimensions, sum, total["known"].as_u64().unwrap(), total["expected"].as_u64().unwrap())
    };
    // Four cells stand for the whole, which is more than the wards there are; of the parts one, and three wards could say it.
    assert_eq!(total(0), ("", Some("1204.5"), 3, 4));
    assert_eq!(total(1), ("age,sex", Some("7"), 1, 3));
    assert_eq!(total(2), ("", None, 1, 3), "of per cent there is no sum");
    assert_eq!(values["indicators"][1]["unit"], "hồ sơ");
    // A label says no kind: both months are asked for, and a form has one of them.
    let asked = server.record.asked();
    assert_eq!(asked, ["report_values ktxh-x month 2026-10-01,admin_month 2026-09-15 everywhere"]);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_said_so() {
    let server = server().await;
    for path in [
        "/api/reports/receipts?limit=0",
        "/api/reports/receipts?limit=501",
        "/api/reports/receipts?before=1-0-4",
        "/api/reports/receipts?verdict=fine",
        "/api/reports/receipts?whose=25486",
        "/api/reports/receipts/nowhere",
        "/api/reports/values?form=ktxh-x",
        "/api/reports/values?form=ktxh-x&period=thg10",
    ] {
        assert_eq!(server.get(path, &[]).await.status, 400, "{path}");
    }
    assert_eq!(server.record.asked(), [""; 0]);
}

#[tokio::test]
async fn whoever_does_not_see_a_feed_sees_no_receipt_of_it() {
    let server = server().await;
    server.asked_by(Some(Asker::of(Sight::default().and_feeds(["air-gateway"]))));
    let page = server.get("/api/reports/receipts", &[]).await.json();
    assert_eq!(page, serde_json::json!({"receipts": [], "next": null}));
    assert_eq!(server.get("/api/reports/receipts/1-0-3", &[]).await.status, 404);
}

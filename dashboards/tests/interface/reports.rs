//! What agencies reported, over the wire.

use std::collections::BTreeMap;

use ioc_dashboards::{
    reported::{ReportedSum, TargetYear},
    reports::{CellView, PeriodView, ValueView},
};
use ioc_model::{
    asker::{Asker, Sight},
    form::{
        Absent, Finding, Form, FormIndicator, Mark, Over, Owner, Period, PeriodKind, PlaceScope, Rule, Sense,
        Target, Value, Vintage, Weight,
    },
    name::Name,
    pack::Pack,
    place::PlaceKind,
    position::{Arrival, LogNumber, Offset, Position},
    results::{Receipt, ReportVerdict, RowStanding},
    time::ReceivedAt,
};

use rust_decimal::Decimal;

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
        suppressed: false,
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
pub fn form() -> Form {
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
            suppress_below: None,
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
        screen: None,
    }
}

/// What October, or another month, adds up to over so many places.
pub fn sum(indicator: &str, month: i16, sum: Option<i64>, known: u32) -> ReportedSum {
    ReportedSum {
        indicator: indicator.to_owned(),
        breakdown: String::new(),
        period: Period::of(PeriodKind::AdminMonth, 2026, month).unwrap(),
        sum: sum.map(Decimal::from),
        known,
        said: known,
        vintage: Vintage::Preliminary,
        received_at: ReceivedAt(NOON),
        revision: 7,
    }
}

pub fn target_year(target: &str, value: f64) -> TargetYear {
    TargetYear {
        target: target.to_owned(),
        year: 2026,
        period: "2026-10".to_owned(),
        periods: 1,
        periods_of_year: 12,
        value: Some(value),
        known: 3,
        expected: 3,
        verdict: "on_target".to_owned(),
        is_in_time: true,
    }
}

/// The cells of a part of an indicator in a month, and what they add up to.
fn summed(indicator: &str, breakdown: &str, month: i16, numbers: &[i64]) -> (ReportedSum, Vec<CellView>) {
    let period = PeriodView::from(Period::of(PeriodKind::AdminMonth, 2026, month).unwrap());
    let cells = numbers.iter().enumerate().map(|(at, number)| CellView {
        breakdown: breakdown.to_owned(),
        place: (25_459 + at).to_string(),
        period: period.clone(),
        ..cell(indicator, &number.to_string(), Mark::Value)
    });
    let known = u32::try_from(numbers.len()).unwrap();
    let all = sum(indicator, month, Some(numbers.iter().sum()), known);
    (ReportedSum { breakdown: breakdown.to_owned(), ..all }, cells.collect())
}

/// Of wards, with a ratio and numbers of persons.
pub fn health() -> Form {
    let mut form = Form { screen: Some("health".to_owned()), ..form() };
    let first = form.indicators["X01"].clone();
    let persons = FormIndicator { id: "cases".to_owned(), suppress_below: Some(5), ..first.clone() };
    let ratio = Some(("cases".to_owned(), "X01".to_owned()));
    let share = FormIndicator { id: "share".to_owned(), additive: false, percent: true, ratio, ..first };
    form.indicators.extend([(persons.id.clone(), persons), (share.id.clone(), share)]);
    form
}

#[tokio::test]
async fn a_domains_screen_has_sums_beside_what_was_before_and_keeps_small_ones_back() {
    let forms = [("ktxh-x".to_owned(), health())].into();
    let planned = Target {
        id: "T1".to_owned(),
        name: text("Tỷ lệ", "Share"),
        valid: ("2021-01-01".parse().unwrap(), "2025-12-31".parse().unwrap()),
        tiers: health().places.kinds,
        form: "ktxh-x".to_owned(),
        numerator: vec!["cases".to_owned()],
        denominator: vec!["X01".to_owned()],
        over: Over::Year,
        sense: Sense::AtMost,
        value: Some(Decimal::from(15)),
        basis: "794".to_owned(),
    };
    let part = Target { id: "T2".to_owned(), numerator: vec!["X01".to_owned()], ..planned.clone() };
    let targets = [planned, part].map(|target| (target.id.clone(), target)).into();
    let server = Server::of(Pack { forms, targets, ..pack() }).await;
    server.record.tell(|told| {
        let of = [
            summed("X01", "", 10, &[110, 120, 100]),
            summed("X01", "", 9, &[100, 120, 80]),
            summed("X01", "", 8, &[50, 50]),
            summed("cases", "", 10, &[20, 30, 16]),
            summed("cases", "", 9, &[4]),
            summed("cases", "", 8, &[2, 1, 5]),
            summed("cases", "", 7, &[1, 2, 2]),
        ];
        let (sums, cells): (Vec<_>, Vec<_>) = of.into_iter().unzip();
        (told.sums, told.cells) = (sums, cells.concat());
    });
    let shown = server.get("/api/reports/domain?screen=health", &[]).await.json();
    assert_eq!((&shown["form"], shown["forms"].as_array().unwrap().len()), (&"ktxh-x".into(), 1));
    assert_eq!(shown["forms"][0]["feeds"], serde_json::json!([]), "no feed of the pack brings it");
    let points = |indicator: &str| -> Vec<serde_json::Value> {
        let all = shown["series"].as_array().unwrap();
        all.iter().find(|series| series["indicator"] == indicator).unwrap()["points"]
            .as_array()
            .unwrap()
            .clone()
    };
    let grown =
        |point: &serde_json::Value| (point["value"].clone(), point["growth"].clone(), point["known"].clone());
    // August knows two of three wards: September is compared with nothing.
    let sums: Vec<_> = points("X01").iter().map(grown).collect();
    assert_eq!(sums[0], ("330".into(), "10".into(), 3.into()));
    assert_eq!(sums[1], ("300".into(), serde_json::Value::Null, 3.into()));
    assert!(points("X01")[0]["growth_in_year"].is_null());
    let cases = points("cases");
    let kept_back = |at: usize| (cases[at]["value"].is_null(), cases[at]["withheld"].as_bool().unwrap());
    // A small sum; a sum with a larger part, which is what is kept back of it; three parts that only add up in one way.
    assert_eq!([0, 1, 2, 3].map(kept_back), [(false, false), (true, true), (false, false), (true, true)]);
    let lines: Vec<_> = shown["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["id"], &it["indicator"], &it["value"]))
        .collect();
    assert_eq!(lines, [(&"T1".into(), &"share".into(), &"15".into())], "where an indicator says it");
    let shares = points("share");
    assert_eq!((&shares[0]["value"], &shares[1]["withheld"]), (&"20".into(), &true.into()));
    // A form of another screen is none, and a screen of no domain is said to be none.
    let other = server.get("/api/reports/domain?screen=economy&form=ktxh-x", &[]).await.json();
    assert_eq!((&other["form"], &other["series"]), (&serde_json::Value::Null, &serde_json::json!([])));
    assert_eq!(server.get("/api/reports/domain?screen=feeds", &[]).await.status, 400);
}

#[tokio::test]
async fn a_ratio_is_of_the_places_that_know_both_and_of_no_other() {
    let mut form = health();
    form.indicators.retain(|id, _| id != "cases");
    let of_numbers = Some(("X01".to_owned(), "X02".to_owned()));
    form.indicators.get_mut("share").unwrap().ratio = of_numbers;
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form.clone())].into(), ..pack() }).await;
    let at = |ward: usize, indicator: &str, number: &str| CellView {
        place: (25_459 + ward).to_string(),
        ..cell(indicator, number, Mark::Value)
    };
    async fn share(server: &Server, cells: Vec<CellView>, sums: Vec<ReportedSum>) -> [serde_json::Value; 2] {
        server.record.tell(move |told| (told.sums, told.cells) = (sums, cells));
        let shown = server.get("/api/reports/domain?screen=health", &[]).await.json();
        let all = shown["series"].as_array().unwrap().clone();
        let of = all.into_iter().find(|series| series["indicator"] == "share").unwrap();
        ["value", "known"].map(|field| of["points"][0][field].clone())
    }
    // One ward knows the one, another the other.
    let apart = vec![at(0, "X01", "82"), at(1, "X02", "100")];
    let sums = vec![sum("X01", 10, Some(82), 1), sum("X02", 10, Some(100), 1)];
    assert_eq!(share(&server, apart.clone(), sums).await, [serde_json::Value::Null, 0.into()]);
    // A third knows both. (An answer is shared for a while: another server is asked.)
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form)].into(), ..pack() }).await;
    let both = [apart, vec![at(2, "X01", "30"), at(2, "X02", "120")]].concat();
    let sums = vec![sum("X01", 10, Some(112), 2), sum("X02", 10, Some(220), 2)];
    assert_eq!(share(&server, both, sums).await, [serde_json::json!("25"), 1.into()]);
}

#[tokio::test]
async fn the_only_part_that_is_kept_back_is_not_the_whole_less_the_others() {
    let forms = [("ktxh-x".to_owned(), health())].into();
    let server = Server::of(Pack { forms, ..pack() }).await;
    server.record.tell(|told| {
        let of = [
            summed("cases", "", 10, &[40, 50, 30]),
            summed("cases", "sex=f", 10, &[40, 47, 30]),
            summed("cases", "sex=m", 10, &[0, 3, 0]),
            summed("cases", "disease=a", 10, &[33, 40, 24]),
            summed("cases", "disease=b", 10, &[7, 7, 6]),
            summed("cases", "disease=c", 10, &[0, 3, 0]),
            summed("cases", "sex=f", 9, &[20, 20, 20]),
            summed("cases", "sex=m", 9, &[20, 20, 15]),
        ];
        let (sums, cells): (Vec<_>, Vec<_>) = of.into_iter().unzip();
        (told.sums, told.cells) = (sums, cells.concat());
    });
    let shown = server.get("/api/reports/domain?screen=health", &[]).await.json();
    let all = shown["series"].as_array().unwrap();
    let withheld = |part: &str| -> Vec<bool> {
        let of = all.iter().find(|series| series["indicator"] == "cases" && series["part"] == part).unwrap();
        of["points"].as_array().unwrap().iter().map(|point| point["withheld"].as_bool().unwrap()).collect()
    };
    assert_eq!((withheld("sex=f"), withheld("sex=m")), (vec![true, false], vec![true, false]));
    // Whose turn it is goes with the small one, however large it is.
    assert_ne!(withheld("disease=a"), withheld("disease=b"));
    assert_eq!((withheld("disease=c"), withheld("")), (vec![true], vec![false]));
}

#[tokio::test]
async fn small_numbers_of_persons_are_kept_back_with_what_would_give_them_away_whoever_asks_for_which_place()
{
    let forms = [("ktxh-x".to_owned(), health())].into();
    let server = Server::of(Pack { forms, ..pack() }).await;
    let at = |place: &str, number: &str| CellView {
        place: place.to_owned(),
        ..cell("cases", number, Mark::Value)
    };
    let was = ValueView { mark: Mark::Value, number: Some(Decimal::from(3)) };
    let corrected = CellView { was: Some(was), ..at("25461", "40") };
    server.record.tell(|told| {
        told.cells = vec![at("25459", "3"), at("25460", "0"), corrected, at("25462", "17")];
        told.cells.push(cell("X01", "2", Mark::Value));
    });
    let values = server.get("/api/reports/values?form=ktxh-x&period=2026-10", &[]).await.json();
    let numbers = |values: &serde_json::Value| -> Vec<(String, Option<String>, bool)> {
        let cells = values["cells"].as_array().unwrap().clone();
        let said = |cell: serde_json::Value| {
            let number = cell["is"]["number"].as_str().map(str::to_owned);
            (cell["place"].as_str().unwrap().to_owned(), number, cell["suppressed"].as_bool().unwrap())
        };
        cells.into_iter().map(said).collect()
    };
    let of =
        |place: &str, number: Option<&str>| (place.to_owned(), number.map(str::to_owned), number.is_none());
    let expected = [
        of("25459", None),
        of("25460", Some("0")),
        of("25461", Some("40")),
        of("25462", None),
        of("25459", Some("2")),
    ];
    assert_eq!(numbers(&values), expected, "what is not of persons stays");
    assert_eq!(values["cells"][0]["note"], "");
    let was = &values["cells"][2]["was"];
    assert_eq!(
        (&was["mark"], was["number"].is_null()),
        (&"withheld".into(), true),
        "it was a small number once"
    );
    assert_eq!(
        (&values["totals"][1]["sum"], &values["totals"][1]["withheld"]),
        (&"60".into(), &false.into())
    );
    // Asked for one place alone, the same is kept back of it, and its own sum.
    let one = server.get("/api/reports/values?form=ktxh-x&period=2026-10&place=25462", &[]).await.json();
    assert_eq!(numbers(&one), [of("25462", None)]);
    assert_eq!(
        (&one["totals"][0]["sum"], &one["totals"][0]["withheld"]),
        (&serde_json::Value::Null, &true.into())
    );
}

#[tokio::test]
async fn a_target_of_which_nothing_is_known_is_listed_without_a_number() {
    let target = |id: &str| Target {
        id: id.to_owned(),
        name: text("Đúng hạn", "On time"),
        valid: ("2021-01-01".parse().unwrap(), "2025-12-31".parse().unwrap()),
        tiers: vec![PlaceKind::Ward],
        form: "ktxh-x".to_owned(),
        numerator: vec!["X02".to_owned()],
        denominator: vec!["X01".to_owned()],
        over: Over::Year,
        sense: Sense::AtLeast,
        value: Some(Decimal::from(80)),
        basis: "794".to_owned(),
    };
    let targets = ["T1", "T2"].map(|id| (id.to_owned(), target(id))).into();
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form())].into(), targets, ..pack() }).await;
    server.record.tell(|told| told.targets = vec![target_year("T1", 82.5)]);
    let list = server.get("/api/reports/targets", &[]).await.json();
    let of = |at: usize| {
        (list["targets"][at]["id"].clone(), list["targets"][at]["years"].as_array().unwrap().len())
    };
    assert_eq!([of(0), of(1)], [("T1".into(), 1), ("T2".into(), 0)]);
    let first = &list["targets"][0];
    assert_eq!(
        (&first["years"][0]["value"], &first["target"], &first["percent"]),
        (&82.5.into(), &"80".into(), &true.into())
    );
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
    assert_eq!(asked, ["report_values ktxh-x month 2026-10-01,admin_month 2026-09-15 all all all"]);
}

#[tokio::test]
async fn bound_however_many_look_at_what_is_reported_the_store_is_asked_once() {
    let pack = Pack { forms: [("ktxh-x".to_owned(), health())].into(), ..pack() };
    let server = Server::of(pack).await;
    let paths = [
        ("report_values ", "/api/reports/values?form=ktxh-x&period=2026-10"),
        ("report_sums ", "/api/reports/domain?screen=health"),
        ("report_targets ", "/api/reports/targets"),
    ];
    for (question, path) in paths {
        for _ in 0..3 {
            assert_eq!(server.get(path, &[]).await.status, 200, "{path}");
        }
        let asked = server.record.asked();
        assert_eq!(asked.iter().filter(|asked| asked.starts_with(question)).count(), 1, "{path}");
    }
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

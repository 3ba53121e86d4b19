//! Small numbers of persons: no path of the interface says one, nor what would give it away.

use std::collections::BTreeSet;

use ioc_dashboards::{
    Original,
    arrivals::Became,
    reported::ReportedSum,
    reports::{CellView, PeriodView, ValueView},
    routes::PATHS,
};
use ioc_model::{
    form::{
        Check, CountedRows, Finding, Form, FormIndicator, Mark, Over, Period, PeriodKind, Relation, Rule,
        Sense, Target, Term, Weight,
    },
    pack::Pack,
    place::{PlaceKey, PlaceKind},
    reject::RejectReason,
    results::Receipt,
};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    described::asked,
    lineage::original,
    obligations::refused,
    reports::{cell, health, receipt, sum, target_year},
    server::{NOON, Server},
    support::{arrival, pack, reject, results, text},
    tap::lying,
};

/// A small number, what it was before, the part that goes with it, and what would be left over of that: none of them stands
/// anywhere else.
const PLANTED: [&str; 4] = ["737", "619", "7331", "8068"];
/// Of whole places: what adds up to that is shown.
const TOTAL: &str = "88068";

fn at(place: &str, number: &str) -> CellView {
    CellView { place: place.to_owned(), ..cell("cases", number, Mark::Value) }
}

/// The pack with the places of its cells.
fn placed(form: Form) -> Pack {
    let mut pack = Pack { forms: [("ktxh-x".to_owned(), form)].into(), ..pack() };
    for code in ["25459", "25460", "25461"] {
        let key = PlaceKey { code: code.to_owned(), valid_from: "2025-07-01".parse().unwrap() };
        pack.places.push(ioc_testing::place(key, PlaceKind::Ward));
    }
    let _ = pack.targets.insert("T1".to_owned(), target());
    pack
}

fn target() -> Target {
    Target {
        id: "T1".to_owned(),
        name: text("Ca mắc", "Cases"),
        valid: ("2021-01-01".parse().unwrap(), "2027-12-31".parse().unwrap()),
        tiers: vec![PlaceKind::Ward],
        form: "ktxh-x".to_owned(),
        numerator: vec!["cases".to_owned()],
        denominator: Vec::new(),
        over: Over::Latest,
        sense: Sense::AtMost,
        value: None,
        basis: "794".to_owned(),
    }
}

/// A message of three wards, one with a small number, with everything that could quote it.
async fn planted(keeps_back: bool) -> Server {
    let mut form = health();
    let cases = form.indicators.get_mut("cases").unwrap();
    cases.suppress_below = keeps_back.then_some(1_000);
    let mut pack = placed(form);
    pack.feeds.get_mut("air-files").unwrap().forms = vec!["ktxh-x".to_owned()];
    let server = Server::of(pack).await;
    let was = ValueView { mark: Mark::Value, number: Some(Decimal::from(619)) };
    let small = CellView {
        was: Some(was),
        note: "chỉ 737 ca".to_owned(),
        as_sent: "737*".to_owned(),
        ..at("25459", "737")
    };
    let finding = Finding {
        weight: Weight::Warning,
        rule: Rule::AgainstBefore,
        at: "line 3, column 4".into(),
        stands: "737".into(),
        message: text("cases là 737, kỳ trước là 619", "cases is 737, it was 619"),
    };
    let part = |breakdown: &str, of: i64| ReportedSum {
        breakdown: breakdown.to_owned(),
        ..sum("cases", 10, Some(of), 1)
    };
    server.record.tell(|told| {
        let error = Finding { weight: Weight::Error, ..finding.clone() };
        told.receipts = vec![Receipt { findings: vec![finding, error], ..receipt(0) }];
        told.owed = vec![refused("25708", -1)];
        let by_sex = |sex: &str, number: &str| CellView { breakdown: sex.to_owned(), ..at("25461", number) };
        told.cells = vec![small, at("25460", "7331"), at("25461", "80000")];
        told.cells.extend([by_sex("sex=f", "79263"), by_sex("sex=m", "737")]);
        told.sums = vec![sum("cases", 10, Some(88_068), 3), part("sex=f", 79_263), part("sex=m", 737)];
        told.targets = vec![target_year("T1", 737.0)];
    });
    let message = text("737 ngoài phạm vi, kỳ trước 619", "737 is out of range, it was 619");
    let mut made = results(1, NOON);
    let raw = b"place;cases\n25459;737";
    made.facts.rejects.push(reject("air-files", arrival(NOON, 0, 0), RejectReason::Form, message, raw));
    server.board.apply(&made);
    server.record.take(&made);
    let rejects: Vec<_> = server.record.rejects();
    server.record.tell(|told| told.rows.rejects = rejects);
    let mut belt = server.belt.0.lock().unwrap();
    let became = Became { rejected: 1, rejects: server.record.rejects(), ..Became::default() };
    (belt.messages, belt.judged) = (vec![(lying(0, "air-files", raw), became)], 1);
    drop(belt);
    let envelope = Original { feed: "air-files".to_owned(), ..original(raw) };
    server.shelf.0.lock().unwrap().insert("1-0-0".parse().unwrap(), envelope);
    server
}

/// Paths whose answers say one of the planted numbers.
async fn saying(server: &Server) -> BTreeSet<&'static str> {
    let mut saying = BTreeSet::new();
    for path in PATHS.into_iter().filter(|path| path.starts_with("/api/")) {
        let answer = match path {
            "/api/events" => {
                let mut events = server.listen("/api/events?since=0", &[]).await;
                events.named("changes").await.data.to_string()
            }
            "/api/tap" => {
                let mut events = server.listen("/api/tap?next=1-0-0&raw=true", &[]).await;
                events.named("message").await.data.to_string()
            }
            path => String::from_utf8_lossy(&server.get(&asked(path), &[]).await.body).into_owned(),
        };
        let is_word = |at: usize, word: &str| {
            let around = [answer[..at].chars().next_back(), answer[at + word.len()..].chars().next()];
            !around.into_iter().flatten().any(|next| next.is_ascii_digit() || next == '-')
        };
        if PLANTED.iter().any(|word| answer.match_indices(word).any(|(at, _)| is_word(at, word))) {
            let _ = saying.insert(path);
        }
    }
    saying
}

#[tokio::test]
async fn no_path_says_a_small_number_or_what_gives_it_away() {
    // The same is found where nothing is kept back, so that it could be found.
    let told = saying(&planted(false).await).await;
    let expected = [
        "/api/events",
        "/api/lineage/envelope/{position}",
        "/api/lineage/envelope/{position}/raw",
        "/api/obligations",
        "/api/obligations/{id}",
        "/api/overview",
        "/api/rejects",
        "/api/reports/domain",
        "/api/reports/receipts/{position}",
        "/api/reports/targets",
        "/api/reports/values",
        "/api/tap",
    ];
    assert_eq!(told, expected.into(), "where it would be");
    let server = planted(true).await;
    assert_eq!(saying(&server).await, BTreeSet::new());
    let values = server.get("/api/reports/values?form=ktxh-x&period=2026-10", &[]).await.json();
    assert_eq!(values["totals"][0]["sum"], TOTAL, "what may be told is");
    let envelope = server.get("/api/lineage/envelope/1-0-0", &[]).await.json();
    assert_eq!((&envelope["kept_back"], &envelope["text"]), (&true.into(), &Value::Null));
    assert_eq!(server.get("/api/lineage/envelope/1-0-0/raw", &[]).await.status, 403);
    let targets = server.get("/api/reports/targets", &[]).await.json();
    let year = &targets["targets"][0]["years"][0];
    assert_eq!((&year["verdict"], &year["value"]), (&"withheld".into(), &Value::Null));
    let story = server.get("/api/reports/receipts/1-0-0", &[]).await.json();
    let finding = &story["findings"][0];
    assert_eq!((&finding["stands"], &finding["message"]["en"]), (&"".into(), &"cases is ▒, it was ▒".into()));
}

#[tokio::test]
async fn a_message_of_another_form_is_shown_though_its_feed_brings_persons_unless_nobody_knows_what_is_in_it()
{
    let mut pack = placed(health());
    let other = Form { id: "other".to_owned(), indicators: std::collections::BTreeMap::new(), ..health() };
    let _ = pack.forms.insert("other".to_owned(), other);
    pack.feeds.get_mut("air-files").unwrap().forms = vec!["other".to_owned(), "ktxh-x".to_owned()];
    let server = Server::of(pack).await;
    let expected = [
        (Some(found("other", Rule::Range)), true),
        (Some(found("other", Rule::UnknownForm)), false),
        (Some(found("ktxh-x", Rule::Range)), false),
        (Some(found("gone", Rule::Range)), false),
        (None, false),
    ];
    are_shown(&server, expected).await;
}

#[tokio::test]
async fn a_report_of_persons_is_kept_back_though_its_feed_brings_no_reports_now() {
    let mut pack = placed(health());
    let other = Form { id: "other".to_owned(), indicators: std::collections::BTreeMap::new(), ..health() };
    let _ = pack.forms.insert("other".to_owned(), other);
    assert!(pack.feeds["air-files"].forms.is_empty());
    let server = Server::of(pack).await;
    let expected = [
        (Some(found("other", Rule::Range)), true),
        (Some(found("other", Rule::UnknownForm)), false),
        (Some(found("ktxh-x", Rule::Range)), false),
        (None, true),
    ];
    are_shown(&server, expected).await;
    let asked = server.record.asked();
    assert!(!asked.iter().any(|asked| asked.starts_with("report ")), "what it changed is not looked at");
    let message = text("737 ngoài phạm vi", "737 is out of range");
    let mut made = results(1, NOON);
    for (row, reason) in [(0, RejectReason::Form), (1, RejectReason::NotANumber)] {
        made.facts.rejects.push(reject("air-files", arrival(NOON, 0, row), reason, message.clone(), b"737"));
    }
    server.record.take(&made);
    let rejects = server.get("/api/rejects", &[]).await.json();
    let mut told: Vec<_> =
        rejects["rejects"].as_array().unwrap().iter().map(|one| one["sample"].clone()).collect();
    told.sort_by_key(ToString::to_string);
    assert_eq!(told, ["", "737"], "what was no report is told");
}

/// A message of a form in which that rule found something.
fn found(form: &str, rule: Rule) -> Receipt {
    let plain = receipt(0);
    let findings = plain.findings.iter().map(|finding| Finding { rule, ..finding.clone() }).collect();
    Receipt { form: form.into(), findings, ..plain }
}

/// Whether the original is shown of a message of which that is known.
async fn are_shown<const N: usize>(server: &Server, expected: [(Option<Receipt>, bool); N]) {
    let envelope = Original { feed: "air-files".to_owned(), ..original(b"code;737") };
    server.shelf.0.lock().unwrap().insert("1-0-0".parse().unwrap(), envelope);
    for (told, is_shown) in expected {
        server.record.tell(|record| record.receipts = told.clone().into_iter().collect());
        let envelope = server.get("/api/lineage/envelope/1-0-0", &[]).await.json();
        assert_eq!(envelope["text"].is_string(), is_shown, "{told:?}");
        let raw = server.get("/api/lineage/envelope/1-0-0/raw", &[]).await.status;
        assert_eq!(raw, if is_shown { 200 } else { 403 }, "{told:?}");
    }
}

#[tokio::test]
async fn of_a_form_that_the_pack_has_no_more_no_number_is_told() {
    let server = planted(true).await;
    let values = server.get("/api/reports/values?form=gone&period=2026-10", &[]).await.json();
    let cells = values["cells"].as_array().unwrap();
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell["suppressed"] == true), "{cells:?}");
    let sums = values["totals"].as_array().unwrap();
    assert!(sums.iter().all(|total| total["sum"].is_null()), "{sums:?}");
}

#[tokio::test]
async fn a_message_tells_the_numbers_that_count_now_and_none_that_it_was_corrected_from() {
    let server = planted(true).await;
    // The message said 80,000, which counts; of its 7,000 somebody sent a correction since.
    server.record.tell(|told| {
        told.counts = Some(vec![at("25459", "5000"), at("25460", "7000"), at("25461", "80000")]);
        told.cells = vec![at("25460", "6998"), at("25461", "80000"), at("25459", "0")];
    });
    let story = server.get("/api/reports/receipts/1-0-0", &[]).await.json();
    let said: Vec<(Option<&str>, bool)> = story["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| (cell["is"]["number"].as_str(), cell["suppressed"].as_bool().unwrap()))
        .collect();
    assert_eq!(said, [(None, true), (Some("80000"), false), (Some("0"), false)]);
}

fn pupils() -> Form {
    let mut form = health();
    let first = FormIndicator { suppress_below: Some(5), ..form.indicators["cases"].clone() };
    form.indicators = ["pupils", "girls", "boys"]
        .map(|id| (id.to_owned(), FormIndicator { id: id.to_owned(), ..first.clone() }))
        .into();
    form
}

fn check(left: Term, relation: Relation, right: Term) -> Check {
    let text = String::new();
    Check { text, left, relation, right, within: Decimal::ZERO, weight: Weight::Error, says: None }
}

fn numbers(values: &Value) -> Vec<Option<String>> {
    let cells = values["cells"].as_array().unwrap().iter();
    cells.map(|cell| cell["is"]["number"].as_str().map(str::to_owned)).collect()
}

async fn of_school(form: Form, cells: Vec<CellView>) -> Value {
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form)].into(), ..pack() }).await;
    server.record.tell(|told| told.cells = cells);
    server.get("/api/reports/values?form=ktxh-x&period=2026-10", &[]).await.json()
}

#[tokio::test]
async fn what_a_declared_sum_would_say_of_another_indicator_is_kept_back() {
    let of = |id: &str| Term::Indicator(id.to_owned());
    let both = Term::Sum(Box::new(of("girls")), Box::new(of("boys")));
    let form = || Form { checks: vec![check(of("pupils"), Relation::Equal, both.clone())], ..pupils() };
    let at = |place: &str, id: &str, number: &str| CellView { indicator: id.to_owned(), ..at(place, number) };
    let cells = vec![
        at("25459", "pupils", "40"),
        at("25459", "girls", "38"),
        at("25459", "boys", "2"),
        at("25460", "pupils", "60"),
        at("25460", "girls", "31"),
        at("25460", "boys", "29"),
    ];
    // The boys, with them the girls beside; and of each sum over both places another one.
    let expected = [Some("40"), None, None, Some("60"), None, None].map(|it| it.map(str::to_owned));
    assert_eq!(numbers(&of_school(form(), cells.clone()).await), expected);
    // Without the check nothing says that boys are what is left of pupils.
    let undeclared = numbers(&of_school(pupils(), cells).await);
    assert_eq!(undeclared[1], Some("38".to_owned()));
}

#[tokio::test]
async fn what_is_left_over_of_a_declared_whole_is_a_small_number_though_nobody_reports_it() {
    let of = |id: &str| Term::Indicator(id.to_owned());
    for part in [
        check(of("girls"), Relation::AtMost, of("pupils")),
        check(of("pupils"), Relation::AtLeast, of("girls")),
    ] {
        let form = Form { checks: vec![part], ..pupils() };
        let at =
            |place: &str, id: &str, number: &str| CellView { indicator: id.to_owned(), ..at(place, number) };
        let cells = vec![
            at("25459", "pupils", "40"),
            at("25459", "girls", "38"),
            at("25460", "pupils", "60"),
            at("25460", "girls", "31"),
        ];
        let values = of_school(form, cells).await;
        let expected = [Some("40"), None, Some("60"), None].map(|it| it.map(str::to_owned));
        assert_eq!(numbers(&values), expected, "two boys");
        let girls = values["totals"].as_array().unwrap().iter().find(|total| total["indicator"] == "girls");
        assert_eq!(girls.unwrap()["sum"], "69");
    }
}

#[tokio::test]
async fn a_typed_rate_does_not_say_its_cases() {
    let form = health();
    let at = |id: &str, number: &str| CellView { indicator: id.to_owned(), ..at("25459", number) };
    let values = of_school(form.clone(), vec![at("cases", "3"), at("share", "0.75"), at("X01", "400")]).await;
    assert_eq!(numbers(&values), [None, None, Some("400".to_owned())]);
    // Nor where nobody says the cases themselves.
    let values = of_school(form, vec![at("share", "0.75"), at("X01", "400")]).await;
    assert_eq!(numbers(&values), [None, Some("400".to_owned())]);
}

#[tokio::test]
async fn a_target_says_nothing_where_a_part_of_it_is_kept_back_alone() {
    let mut form = health();
    form.indicators.get_mut("cases").unwrap().suppress_below = Some(5);
    let pack = placed(form);
    let october = PeriodView::from(Period::of(PeriodKind::AdminMonth, 2026, 10).unwrap());
    assert_eq!(october, at("25459", "1").period);
    for (cells, verdict) in [
        (vec![at("25459", "3")], "withheld"),
        (vec![at("25459", "30"), at("25460", "12")], "on_target"),
        // What is kept back could be divided in many ways.
        (vec![at("25459", "3"), at("25460", "12"), at("25461", "80")], "on_target"),
    ] {
        let server = Server::of(pack.clone()).await;
        server.record.tell(|told| {
            told.cells = cells;
            told.targets = vec![target_year("T1", 3.0)];
        });
        let targets = server.get("/api/reports/targets", &[]).await.json();
        assert_eq!(targets["targets"][0]["years"][0]["verdict"], verdict);
    }
}

#[tokio::test]
async fn who_was_reported_late_does_not_follow_from_all_and_those_in_time() {
    let mut form = pupils();
    let first = form.indicators["pupils"].clone();
    let within = |days: Option<u16>| days.map(|days| ("diagnosed".to_owned(), "reported".to_owned(), days));
    let counted = |id: &str, days| FormIndicator {
        id: id.to_owned(),
        counts: Some(CountedRows { within: within(days) }),
        ..first.clone()
    };
    form.indicators =
        [counted("cases", None), counted("in_time", Some(1))].map(|of| (of.id.clone(), of)).into();
    let cells = |cases: &str, in_time: &str| {
        vec![cell("cases", cases, Mark::Value), cell("in_time", in_time, Mark::Value)]
    };
    // 20 less 18 are two persons.
    let told = numbers(&of_school(form.clone(), cells("20", "18")).await);
    assert_eq!(told, [Some("20".to_owned()), None]);
    let told = numbers(&of_school(form, cells("20", "10")).await);
    assert_eq!(told, [Some("20".to_owned()), Some("10".to_owned())]);
}

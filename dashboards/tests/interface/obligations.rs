//! The ledger of what agencies owe, over the wire.

use ioc_model::{
    asker::{Asker, Sight},
    form::{Finding, Form, Mark, ObligationKey, ObligationScore, Period, PeriodKind, Rule, Weight},
    name::Name,
    pack::Pack,
    position::{Arrival, LogNumber, Offset, Position},
    results::{Obligation, ObligationState, Receipt, ReportVerdict},
    time::{EventTime, Now, ReceivedAt},
};
use serde_json::{Value, json};

use crate::{
    reports::{cell, health, receipt},
    server::{NOON, Server},
    support::{HOUR, pack, results, text},
};

const DAY: i64 = 24 * HOUR;

fn month(number: i16) -> Period {
    Period::of(PeriodKind::AdminMonth, 2004, number).unwrap()
}

/// One of June 2004, by its deadline in days from now: now is the 14th.
pub fn owed(agency: &str, state: ObligationState, days: i64) -> Obligation {
    let due_at = EventTime(NOON + days * DAY);
    let came = matches!(state, ObligationState::OnTime | ObligationState::Late);
    let behind = if state == ObligationState::Late { 15 * HOUR } else { -HOUR };
    let first = came.then(|| Arrival {
        received_at: ReceivedAt(due_at.0 + behind),
        position: Position { log: LogNumber(1), offset: Offset(9), ..Position::default() },
        row: 0,
    });
    Obligation {
        form: Name::from("ktxh-x"),
        agency: Name::from(agency),
        place_from: None,
        period: month(6),
        owed_from: EventTime(due_at.0 - 3 * DAY),
        due_at,
        state,
        first,
        last: first,
        revisions: 0,
        rejected: 0,
        last_rejected: None,
        reminders: u32::from(state.is_missed()),
        said_at: Now(NOON - HOUR),
        replaces: false,
    }
}

/// One whose last attempt, the first receipt there is, was refused.
pub fn refused(agency: &str, days: i64) -> Obligation {
    let arrival = receipt(0).arrival;
    Obligation { rejected: 1, last_rejected: Some(arrival), ..owed(agency, ObligationState::Rejected, days) }
}

/// What became of that: an error, in words that quote a number.
pub fn refusal() -> Receipt {
    let finding = Finding {
        weight: Weight::Error,
        rule: Rule::Range,
        at: "line 3, column 4".into(),
        stands: "737".into(),
        message: text("737 ngoài phạm vi", "737 is out of range"),
    };
    Receipt {
        verdict: ReportVerdict::Refused,
        agency: Name::from("25708"),
        period: Some(month(6)),
        findings: vec![finding],
        ..receipt(0)
    }
}

pub fn score(agency: &str, period: Period, of: Option<f64>) -> ObligationScore {
    ObligationScore {
        agency: agency.to_owned(),
        period,
        owed: 3,
        not_due: 0,
        due: 0,
        on_time: 1,
        late: 1,
        missing: 1,
        rejected: 2,
        revisions: 1,
        median_late_seconds: Some(54_900),
        score: of,
        reasons: vec!["missing".to_owned(), "late".to_owned(), "rejected".to_owned(), "revised".to_owned()],
    }
}

/// A ledger of six, one of each way to stand, of which one agency owes two.
async fn ledger() -> Server {
    let forms = [("ktxh-x".to_owned(), Form { name: text("Biểu", "Form"), ..health() })].into();
    let server = Server::of(Pack { forms, ..pack() }).await;
    server.record.tell(|told| {
        told.owed = vec![
            owed("25459", ObligationState::Missing, -40),
            owed("25645", ObligationState::Late, -3),
            Obligation { revisions: 2, ..owed("so-tc", ObligationState::OnTime, -2) },
            owed("25645", ObligationState::Due, 2),
            owed("25459", ObligationState::NotDue, 12),
            refused("25708", 2),
        ];
        // One agency owes a period once.
        told.owed[3].period = month(7);
        told.owed[4].period = month(7);
        told.receipts = vec![refusal()];
    });
    server
}

fn column(answer: &Value, list: &str, field: &str) -> Vec<String> {
    let all = answer[list].as_array().unwrap().iter();
    all.map(|it| it[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn what_is_open_behind_its_deadline_comes_first_and_a_page_goes_on_where_the_last_one_ended() {
    let server = ledger().await;
    let whole = server.get("/api/obligations", &[]).await.json();
    let states = ["missing", "rejected", "due", "late", "on_time", "not_due"];
    assert_eq!(column(&whole, "obligations", "state"), states);
    assert_eq!((&whole["next"], &whole["known_at"]), (&Value::Null, &Value::Null));
    let mut read = Vec::new();
    let mut next = String::new();
    loop {
        let page = server.get(&format!("/api/obligations?limit=2{next}"), &[]).await.json();
        read.extend(page["obligations"].as_array().unwrap().clone());
        let Some(after) = page["next"].as_str() else { break };
        next = format!("&after={after}");
    }
    assert_eq!(Value::from(read), whole["obligations"]);
    let late = &whole["obligations"][3];
    assert_eq!((&late["late_seconds"], &late["position"]), (&54_000.into(), &"1-0-9".into()));
    assert_eq!(late["agency_name"]["vi"], "Phường Hòa Thành", "the authority of a place is called by it");
    assert_eq!(whole["obligations"][4]["revisions"], 2);
    let urgent = ["medium", "medium", "", "low", "", ""];
    assert_eq!(column(&whole, "obligations", "priority"), urgent, "nothing of it is judged by a page");
}

#[tokio::test]
async fn a_list_is_of_what_is_asked_for_and_loud_of_what_cannot_be_meant() {
    let server = ledger().await;
    for (asked, agencies) in [
        ("state=missing,rejected", vec!["25459", "25708"]),
        ("agency=so-tc", vec!["so-tc"]),
        ("period=2004-07", vec!["25645", "25459"]),
        ("form=ktxh-x&state=late", vec!["25645"]),
        ("form=other", vec![]),
        ("domain=health&state=due", vec!["25645"]),
        ("domain=economy", vec![]),
        ("due=2004-05", vec!["25459"]),
        ("due=2004-06&state=missing", vec![]),
        ("due=2004&state=missing,late", vec!["25459", "25645"]),
        ("due=2003", vec![]),
        ("period=admin_month~2004-07", vec!["25645", "25459"]),
        ("period=month~2004-07", vec![]),
        ("refused=true", vec!["25708"]),
    ] {
        let answer = server.get(&format!("/api/obligations?{asked}"), &[]).await.json();
        assert_eq!(column(&answer, "obligations", "agency"), agencies, "{asked}");
    }
    // From a moment on, and until another, each in the month as well where both are named.
    let at = |days: i64| NOON + days * DAY;
    for (asked, agencies) in [
        (format!("due_until={}", at(-3)), vec!["25459"]),
        (format!("due_from={}&due_until={}", at(-3), at(2)), vec!["25645", "so-tc"]),
        (format!("due_from={}&due=2004-06", at(3)), vec!["25459"]),
        (format!("due_from={}&due=2004-05", at(0)), vec![]),
    ] {
        let answer = server.get(&format!("/api/obligations?{asked}"), &[]).await.json();
        assert_eq!(column(&answer, "obligations", "agency"), agencies, "{asked}");
    }
    for asked in [
        "state=lost",
        "period=soon",
        "period=moon~2004-07",
        "due=2004-Q1",
        "due_from=soon",
        "due_until=99999999999999999",
        "refused=perhaps",
        "domain=feeds",
        "limit=0",
        "after=x",
        "at=never",
        "day=1",
    ] {
        let reply = server.get(&format!("/api/obligations?{asked}"), &[]).await;
        assert_eq!(reply.status, 400, "{asked}");
    }
    for path in ["summary", "matrix", "scores"] {
        for of_list in ["limit=3", "after=x", "due_from=0", "due_until=0", "refused=true"] {
            let reply = server.get(&format!("/api/obligations/{path}?{of_list}"), &[]).await;
            assert_eq!(reply.status, 400, "{path} {of_list}");
        }
    }
}

#[tokio::test]
async fn why_an_attempt_was_refused_is_told_and_of_persons_without_their_numbers() {
    let server = ledger().await;
    let refused = |answer: Value| answer["obligations"][0]["last_rejected"].clone();
    let told = refused(server.get("/api/obligations?state=rejected", &[]).await.json());
    assert_eq!((&told["position"], &told["sender"]), (&"1-0-0".into(), &"xa".into()));
    assert_eq!(told["reason"]["en"], "▒ is out of range", "the form is of persons");
    let mut form = health();
    form.indicators.values_mut().for_each(|indicator| indicator.suppress_below = None);
    let server = Server::of(Pack { forms: [("ktxh-x".to_owned(), form)].into(), ..pack() }).await;
    server.record.tell(|told| (told.owed, told.receipts) = (vec![refused_one()], vec![refusal()]));
    let told = refused(server.get("/api/obligations", &[]).await.json());
    assert_eq!(told["reason"]["vi"], "737 ngoài phạm vi");
    // A file that nobody could read may be of persons where its feed brought such forms by a pack before: quoted alike here
    // and where the report itself is shown.
    let unreadable = Finding { rule: Rule::Unreadable, ..refusal().findings[0].clone() };
    let unreadable = Receipt { findings: vec![unreadable], ..refusal() };
    let feeds = &pack().feeds;
    assert!(feeds[unreadable.feed.as_str()].forms.is_empty(), "it brings no reports any more");
    server.record.tell(|told| told.receipts = vec![unreadable.clone()]);
    // Another question than the one before, whose answer still counts.
    let told = refused(server.get("/api/obligations?agency=25708", &[]).await.json());
    assert_eq!(told["reason"]["vi"], "▒ ngoài phạm vi");
    let of_report = server.get("/api/reports/receipts/1-0-0", &[]).await.json();
    assert_eq!(of_report["findings"][0]["message"], told["reason"]);
    // Who does not see the feed is told that it was refused, and not why.
    server.asked_by(Some(Asker::of(Sight { province: true, ..Sight::default() })));
    let told = refused(server.get("/api/obligations", &[]).await.json());
    assert_eq!((&told["position"], &told["reason"]), (&"1-0-0".into(), &Value::Null));
}

fn refused_one() -> Obligation {
    refused("25708", 2)
}

#[tokio::test]
async fn a_month_is_summed_up_by_form_with_what_was_missed_before_and_what_is_due_soon() {
    let server = ledger().await;
    let summary = server.get("/api/obligations/summary", &[]).await.json();
    assert_eq!((&summary["due"], &summary["soon_days"]), (&"2004-06".into(), &7.into()));
    assert_eq!((&summary["now"], &summary["soon_until"]), (&NOON.into(), &(NOON + 7 * DAY).into()));
    assert_eq!(summary["first_due"], NOON - 40 * DAY);
    assert_eq!(summary["domains"], json!(["economy", "health", "education"]));
    assert_eq!(summary["states"][0], json!({"state": "missing", "priority": "medium"}));
    assert_eq!(column(&summary, "states", "state").len(), ObligationState::ALL.len());
    let expected = json!({
        "owed": 5, "not_due": 1, "due": 2, "rejected": 1, "on_time": 1, "late": 1, "missing": 0, "revised": 1,
        "refused": 1, "missing_before": 1, "soon": 2,
    });
    assert_eq!((&summary["counts"], &summary["forms"][0]["counts"]), (&expected, &expected));
    assert_eq!(summary["forms"][0]["screen"], "health");
    assert_eq!(column(&summary, "agencies", "agency"), ["25459", "25645", "25708", "so-tc"]);
    assert_eq!(column(&summary, "periods", "label"), ["2004-07", "2004-06"]);
    let before = server.get("/api/obligations/summary?due=2004-05", &[]).await.json();
    assert_eq!((&before["counts"]["owed"], &before["counts"]["missing"]), (&1.into(), &1.into()));
    assert_eq!(before["from"], NOON - 44 * DAY - 15 * HOUR, "midnight of the pack's zone");
    // What leads to the list finds as many as are counted.
    let many = async |asked: String| {
        let list = server.get(&format!("/api/obligations?{asked}"), &[]).await.json();
        list["obligations"].as_array().unwrap().len()
    };
    let soon =
        format!("state=due,rejected,not_due&due_from={}&due_until={}", summary["now"], summary["soon_until"]);
    assert_eq!(many(soon).await, 2);
    assert_eq!(many(format!("state=missing&due_until={}", before["until"])).await, 1);
    assert_eq!(many(format!("state=missing&due_until={}", before["from"])).await, 0);
    let year = server.get("/api/obligations/summary?due=2004", &[]).await.json();
    assert_eq!((&year["due"], &year["counts"]["owed"]), (&"2004".into(), &6.into()));
    assert_eq!((&year["counts"]["missing"], &year["counts"]["missing_before"]), (&1.into(), &0.into()));
    // A form of which nothing is owed any more is none of the ledger.
    server.record.tell(|told| told.owed.iter_mut().for_each(|owed| owed.state = ObligationState::NotOwed));
    let nothing = server.get("/api/obligations/summary?due=2004-07", &[]).await.json();
    for list in ["forms", "agencies", "periods"] {
        assert_eq!(nothing[list], json!([]), "{list}");
    }
    assert_eq!(nothing["first_due"], Value::Null);
}

#[tokio::test]
async fn a_matrix_is_of_the_periods_of_a_form_or_of_what_is_due_in_a_month() {
    let server = ledger().await;
    let cells = |matrix: &Value| -> Vec<(String, Vec<String>)> {
        let state = |cell: &Value| cell["state"].as_str().unwrap_or("-").to_owned();
        let row = |row: &Value| {
            let cells = row["cells"].as_array().unwrap().iter().map(state).collect();
            (row["agency"].as_str().unwrap().to_owned(), cells)
        };
        matrix["rows"].as_array().unwrap().iter().map(row).collect()
    };
    let row = |agency: &str, cells: &[&str]| {
        (agency.to_owned(), cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>())
    };
    let of_form = server.get("/api/obligations/matrix?form=ktxh-x", &[]).await.json();
    assert_eq!((&of_form["form"], &of_form["due"]), (&"ktxh-x".into(), &Value::Null));
    let expected = [
        row("25459", &["not_due", "missing"]),
        row("25708", &["-", "rejected"]),
        row("25645", &["due", "late"]),
        row("so-tc", &["-", "on_time"]),
    ];
    assert_eq!(cells(&of_form), expected, "who misses the most first, the newest period first");
    let of_month = server.get("/api/obligations/matrix", &[]).await.json();
    assert_eq!((&of_month["form"], &of_month["due"]), (&Value::Null, &"2004-06".into()));
    let expected = [
        row("25708", &["rejected"]),
        row("25459", &["not_due"]),
        row("25645", &["due"]),
        row("so-tc", &["on_time"]),
    ];
    assert_eq!(cells(&of_month), expected, "of several the most urgent");
    assert_eq!(of_month["rows"][2]["cells"][0]["count"], 2);
    assert_eq!(of_month["columns"][0]["form_name"]["en"], "Form");
}

#[tokio::test]
async fn scores_are_of_the_newest_period_that_can_be_judged_with_the_reminders_of_the_year() {
    let server = ledger().await;
    server.record.tell(|told| {
        told.scores = vec![score("25459", month(6), Some(100.0 / 3.0)), score("25459", month(5), None)];
    });
    let list = server.get("/api/obligations/scores", &[]).await.json();
    assert_eq!((&list["period"]["label"], &list["year"]), (&"2004-06".into(), &2004.into()));
    let only = &list["scores"][0];
    assert_eq!((&only["score"], &only["reminders"]), (&33.3.into(), &1.into()));
    assert_eq!(only["reasons"], json!(["missing", "late", "rejected", "revised"]));
    assert_eq!(list["scores"].as_array().unwrap().len(), 1);
    let of_agency = server.get("/api/obligations/scores?agency=25459", &[]).await.json();
    assert_eq!(of_agency["scores"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/api/obligations/scores?form=ktxh-x", &[]).await.status, 400);
    server.record.tell(|told| told.owed.clear());
    let nothing = server.get("/api/obligations/scores?at=1", &[]).await.json();
    assert_eq!((&nothing["period"], &nothing["scores"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn scores_of_a_label_are_of_one_kind_of_period_and_never_of_two() {
    let server = ledger().await;
    let of_june = |kind| Period::of(kind, 2004, 6).unwrap();
    let kinds = [PeriodKind::Month, PeriodKind::AdminMonth];
    server.record.tell(|told| {
        let scores =
            kinds.map(|kind| ["25459", "so-tc"].map(|agency| score(agency, of_june(kind), Some(50.0))));
        told.scores = scores.concat();
        // Of the month another form is owed, by more and judged of fewer.
        let more = |agency: usize| Obligation {
            form: Name::from("another"),
            period: of_june(PeriodKind::Month),
            ..owed(&format!("agency-{agency}"), ObligationState::Due, 3)
        };
        told.owed.extend((0..9).map(more));
    });
    for (asked, expected) in [
        ("", PeriodKind::AdminMonth),
        ("?period=2004-06", PeriodKind::AdminMonth),
        ("?period=admin_month~2004-06", PeriodKind::AdminMonth),
        ("?period=month~2004-06", PeriodKind::Month),
    ] {
        let list = server.get(&format!("/api/obligations/scores{asked}"), &[]).await.json();
        let expected = json!(expected);
        assert_eq!((&list["period"]["kind"], &list["period"]["label"]), (&expected, &"2004-06".into()));
        let kinds: Vec<&Value> =
            list["scores"].as_array().unwrap().iter().map(|score| &score["period"]["kind"]).collect();
        assert_eq!(kinds, [&expected; 2], "{asked}");
    }
}

#[tokio::test]
async fn one_obligation_opens_to_what_was_said_of_it_and_what_came() {
    let server = ledger().await;
    let before = Obligation { said_at: Now(NOON - DAY), ..owed("25708", ObligationState::Due, 2) };
    server.record.tell(|told| {
        told.owed.insert(5, before);
        told.cells = vec![cell("X01", "1204", Mark::Value)];
    });
    let key = ObligationKey::from(&refused("25708", 2)).to_string();
    let story = server.get(&format!("/api/obligations/{key}"), &[]).await.json();
    assert_eq!(
        (&story["obligation"]["id"], &story["obligation"]["state"]),
        (&key.clone().into(), &"rejected".into())
    );
    assert_eq!(column(&story, "said", "state"), ["due", "rejected"]);
    assert_eq!(column(&story, "attempts", "verdict"), ["refused"]);
    assert_eq!((&story["attempts"][0]["errors"], &story["attempts"][0]["sender"]), (&1.into(), &"xa".into()));
    // As of a moment before the attempt came.
    let then = server.get(&format!("/api/obligations/{key}?at={}", NOON - 2 * HOUR), &[]).await.json();
    assert_eq!((&then["obligation"]["state"], &then["attempts"]), (&"due".into(), &json!([])));
    let nothing = format!("/api/obligations/{}", key.replace("2004-06", "2004-05"));
    assert_eq!(server.get(&nothing, &[]).await.status, 404);
    for wrong in ["x", "ktxh-x~25708~admin_month", "ktxh-x~25708~month~soon"] {
        assert_eq!(server.get(&format!("/api/obligations/{wrong}"), &[]).await.status, 400, "{wrong}");
    }
    assert_eq!(server.get(&format!("/api/obligations/{key}?form=a"), &[]).await.status, 400);
}

#[tokio::test]
async fn the_store_is_asked_as_whoever_sees_the_province_and_who_does_not_sees_no_ledger() {
    let server = ledger().await;
    server.record.tell(|told| told.scores = vec![score("25459", month(6), Some(50.0))]);
    let province = Asker::of(Sight { province: true, ..Sight::default() });
    server.asked_by(Some(province.clone()));
    let key = ObligationKey::from(&refused("25708", 2)).to_string();
    let paths = ["", "/summary", "/matrix", "/matrix?form=ktxh-x", "/scores", &format!("/{key}")];
    for path in paths {
        assert_eq!(server.get(&format!("/api/obligations{path}"), &[]).await.status, 200, "{path}");
    }
    let asked = server.record.asked();
    for word in ["obligation_scores ", "reminders ", "attempts ", "obligation_said "] {
        assert!(asked.iter().any(|asked| asked.starts_with(word)), "{word}");
    }
    assert!(server.record.askers().iter().all(|by| *by == province));
    server.asked_by(Some(Asker::of(Sight { feeds: [Name::from("air-files")].into(), ..Sight::default() })));
    let list = server.get("/api/obligations", &[]).await.json();
    assert_eq!(list["obligations"], json!([]));
    assert_eq!(server.get(&format!("/api/obligations/{key}"), &[]).await.status, 404);
}

#[tokio::test]
async fn bound_who_looks_on_asks_the_store_again_only_when_something_else_was_said() {
    let server = ledger().await;
    let asked = || server.record.asked().iter().filter(|asked| asked.starts_with("obligations ")).count();
    let first = server.get("/api/obligations", &[]).await;
    let tag = first.header("etag").unwrap().to_owned();
    let again = server.get("/api/obligations", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, asked()), (304, 1));
    // An epoch of something else changes nothing, one that says something of an obligation does.
    server.board.apply(&results(1, NOON));
    assert_eq!(server.get("/api/obligations", &[("if-none-match", &tag)]).await.status, 304);
    assert_eq!(asked(), 1);
    server.record.tell(|told| told.owed.truncate(1));
    let mut made = results(2, NOON);
    made.facts.obligations.push(owed("25459", ObligationState::Missing, -40));
    server.board.apply(&made);
    let changed = server.get("/api/obligations", &[("if-none-match", &tag)]).await;
    assert_eq!((changed.status, asked()), (200, 2));
    let known_at = format!("/api/obligations?at={NOON}");
    assert_eq!(server.get(&known_at, &[]).await.json()["known_at"], NOON);
    assert!(server.record.asked().contains(&format!("obligations 101 at {NOON}")));
}

#[tokio::test]
async fn bound_a_further_page_is_nobody_elses_and_is_remembered_for_nobody() {
    let server = ledger().await;
    let first = server.get("/api/obligations?limit=2", &[]).await.json();
    let next = format!("/api/obligations?limit=2&after={}", first["next"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(server.get(&next, &[]).await.status, 200);
    }
    let asked = server.record.asked();
    assert_eq!(asked.iter().filter(|asked| *asked == "obligations 3").count(), 3);
}

#[tokio::test]
async fn that_something_was_said_of_the_ledger_is_pushed_to_who_sees_the_province() {
    let server = Server::beating().await;
    let mut made = results(1, NOON);
    made.facts.obligations.push(owed("25459", ObligationState::Missing, -40));
    let ward = Asker::of(Sight { feeds: [Name::from("air-files")].into(), ..Sight::default() });
    let mut events = server.listen("/api/events", &[]).await;
    server.board.apply(&made);
    assert_eq!(events.named("changes").await.data["ledger"], 1);
    assert!(server.board.changes(&Asker::everyone(), ioc_model::epoch::Epoch(1)).is_empty());
    assert_eq!(server.board.everything(&ward).ledger, None);
}

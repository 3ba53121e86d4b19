//! From a number to the bytes it was made of, one question a step.

use ioc_dashboards::{
    Original,
    assessment::AssessmentView,
    index_tile::IndexView,
    lineage::{EnvelopeRows, StoredRow, TracedAssessment, TracedIndex, TracedRow, TracedWindow, WindowRef},
    originals::Kept,
    rejects::RejectView,
};
use ioc_model::{
    envelope::Content,
    epoch::{Epoch, Revision},
    limit::Averaging,
    name::Name,
    observation::Quality,
    reject::RejectReason,
    results::{AlertResult, Evidence, LimitVerdict, RowStanding},
    rule::{AlertAbout, AlertChange, AlertKey, Bound, Condition, Measure, Rule},
    status::StationStatus,
    time::{EventTime, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use serde_json::Value;

use crate::{
    server::{NOON, STATION, Server},
    support::{self, HOUR, alert, arrival, assessment, index, reject, results, text},
};

fn window_ref(indicator: &str, start: i64) -> WindowRef {
    WindowRef {
        indicator: indicator.to_owned(),
        kind: WindowKind::Hour,
        start: EventTime(start),
        end: EventTime(start + HOUR),
        mean: Some(20.0),
        count: 1,
        received: 2,
        expected: 12,
        revision: Revision(7),
    }
}

pub fn traced_index() -> TracedIndex {
    let result = index(STATION, WindowKind::Hour, NOON, Ok(78.0));
    TracedIndex {
        view: IndexView::new(Epoch(7), &result),
        formula: "1459/QĐ-TCMT v1".to_owned(),
        inputs: vec![window_ref("pm25", NOON - HOUR), window_ref("pm25", NOON)],
    }
}

pub fn traced_assessment() -> TracedAssessment {
    let result = assessment(STATION, "pm25", Averaging::Day, NOON, LimitVerdict::Exceeded);
    TracedAssessment { view: AssessmentView::new(Epoch(7), &result), inputs: vec![window_ref("pm25", NOON)] }
}

fn stored_row() -> StoredRow {
    StoredRow {
        indicator: Name::from("pm25"),
        subject: Name::from(STATION),
        event_time: EventTime(NOON),
        value: 20.0,
        quality: Quality::Good,
        standing: RowStanding::Correction,
        feed: Name::from("air-gateway"),
        sender: Name::from("gateway"),
        received_at: ReceivedAt(NOON + 1),
        position: "1-0-0".to_owned(),
        row: 3,
        pack: "one".to_owned(),
    }
}

pub fn traced_window() -> TracedWindow {
    let earlier = StoredRow { standing: RowStanding::First, value: 19.0, ..stored_row() };
    TracedWindow {
        subject: STATION.to_owned(),
        window: window_ref("pm25", NOON),
        min: Some(20.0),
        max: Some(20.0),
        closed_by: ClosedBy::Revision,
        spiked: false,
        rows: vec![
            TracedRow { stored: earlier, current: false, counted: false },
            TracedRow { stored: stored_row(), current: true, counted: true },
        ],
        rows_found: 2,
    }
}

pub fn original(payload: &[u8]) -> Original {
    Original {
        feed: "air-gateway".to_owned(),
        address: "air/st".to_owned(),
        received_at: ReceivedAt(NOON),
        content: Content::Raw,
        attributes: vec![("sender".to_owned(), "gateway".to_owned())],
        payload: payload.to_vec().into(),
        kept: Kept::Log,
    }
}

fn put(server: &Server, position: &str, original: Original) {
    let _ = server.shelf.0.lock().unwrap().insert(position.parse().unwrap(), original);
}

#[tokio::test]
async fn an_index_opens_to_its_windows_a_window_to_its_rows_and_a_row_to_its_bytes() {
    let server = Server::start().await;
    server.record.tell(|told| {
        told.index = Some(traced_index());
        told.window = Some(traced_window());
        told.rows = EnvelopeRows { rows: vec![stored_row()], ..EnvelopeRows::default() };
    });
    put(&server, "1-0-0", original("{\"bụi\": 20}".as_bytes()));

    let query = format!("index=vn_aqi&subject={STATION}&kind=hour&start={NOON}&revision=7");
    let index = server.get(&format!("/api/lineage/index?{query}"), &[]).await.json();
    assert_eq!((index["value"].as_f64(), index["revision"].as_u64()), (Some(78.0), Some(7)));
    assert_eq!(
        (index["formula"].as_str(), index["act"].as_str()),
        (Some("1459/QĐ-TCMT v1"), Some("1459/QĐ-TCMT"))
    );
    assert_eq!(index["inputs"].as_array().unwrap().len(), 2);

    assert!(server.record.asked().contains(&format!("index vn_aqi {STATION} hour {NOON} Some(7)")));

    let input = &index["inputs"][1];
    let query = format!(
        "indicator={}&subject={STATION}&kind={}&start={}&revision={}",
        input["indicator"].as_str().unwrap(),
        input["kind"].as_str().unwrap(),
        input["start"],
        input["revision"]
    );
    let window = server.get(&format!("/api/lineage/window?{query}"), &[]).await.json();
    let rows = window["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["counted"] == true).count(), 1);
    assert_eq!((window["count"].as_u64(), window["subject"].as_str()), (Some(1), Some(STATION)));
    assert!(server.record.asked().contains(&format!("window pm25 {STATION} hour {NOON} Some(7)")));

    let position = rows[1]["position"].as_str().unwrap();
    let envelope = server.get(&format!("/api/lineage/envelope/{position}"), &[]).await.json();
    assert_eq!((envelope["where"].as_str(), envelope["text"].as_str()), (Some("log"), Some("{\"bụi\": 20}")));
    assert_eq!((envelope["rows"][0]["row"].as_u64(), envelope["base64"].is_null()), (Some(3), true));
    let raw = server.get(&format!("/api/lineage/envelope/{position}/raw"), &[]).await;
    assert_eq!(raw.body, "{\"bụi\": 20}".as_bytes());
}

#[tokio::test]
async fn an_alert_of_an_agency_says_what_that_is_called_and_opens_to_what_it_missed_of_that_year_alone() {
    let server = Server::start().await;
    let mut made = results(1, NOON);
    let raised = alert("missed-one", 1, AlertChange::Raised, NOON);
    // Year's end by the pack's zone, which is still the old year by UTC.
    let began = EventTime::from_rfc3339("2003-12-31T17:00:00Z").unwrap();
    made.facts.alerts.push(AlertResult {
        key: AlertKey { subject: "25645".into(), ..raised.key.clone() },
        about: AlertAbout::Agency,
        evidence: raised.evidence.clone().map(|of| Evidence { start: began, ..of }),
        ..raised
    });
    server.board.apply(&made);
    server.record.take(&made);
    let opened = server.get("/api/lineage/alert/missed-one~25645~1", &[]).await.json();
    let href = "/api/obligations?agency=25645&state=missing,late&due=2004";
    assert_eq!(
        (opened["raised_by"]["href"].as_str(), &opened["raised_by"]["due"]),
        (Some(href), &"2004".into())
    );
    assert_eq!(server.get(href, &[]).await.status, 200);
    let called = &opened["alert"]["subject_name"];
    assert_eq!(called["vi"], "Phường Hòa Thành");
    let listed = server.get("/api/alerts", &[]).await.json();
    assert_eq!(listed["alerts"][0]["subject_name"], *called);
    let before = server.get("/api/alerts?state=all", &[]).await.json();
    assert_eq!(before["alerts"][0]["subject_name"], *called);
}

#[tokio::test]
async fn bytes_of_a_sender_are_saved_and_never_a_page_of_ours_safe() {
    let server = Server::start().await;
    put(&server, "1-0-5", original(b"<script>alert(1)</script>"));
    let raw = server.get("/api/lineage/envelope/1-0-5/raw", &[]).await;
    assert_eq!(raw.header("content-type"), Some("application/octet-stream"));
    assert_eq!(raw.header("content-disposition"), Some("attachment; filename=\"envelope-1-0-5.bin\""));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    assert!(raw.header("content-security-policy").unwrap().contains("default-src 'none'"));
}

#[tokio::test]
async fn bytes_that_are_no_text_come_as_base64_and_long_ones_are_cut_bound() {
    let server = Server::start().await;
    put(&server, "1-0-1", original(b"\xff\xfe\x00"));
    put(&server, "1-0-2", original("ễ".repeat(50_000).as_bytes()));
    put(
        &server,
        "1-0-3",
        Original { kept: Kept::Archive("feed=air/a.parquet".into()), ..original(&[0xff; 100_000]) },
    );
    let shown =
        async |position: &str| server.get(&format!("/api/lineage/envelope/{position}"), &[]).await.json();
    let binary = shown("1-0-1").await;
    assert_eq!((binary["base64"].as_str(), binary["text"].is_null()), (Some("//4A"), true));
    assert_eq!((binary["cut"].as_bool(), binary["length"].as_u64()), (Some(false), Some(3)));
    let long = shown("1-0-2").await;
    let text = long["text"].as_str().unwrap();
    assert!(text.len() <= 64 << 10 && text.len() > (64 << 10) - 3 && text.chars().all(|it| it == 'ễ'));
    assert_eq!((long["cut"].as_bool(), long["length"].as_u64()), (Some(true), Some(150_000)));
    let archived = shown("1-0-3").await;
    assert_eq!(
        (archived["where"].as_str(), archived["file"].as_str()),
        (Some("archive"), Some("feed=air/a.parquet"))
    );
    assert_eq!(archived["base64"].as_str().unwrap().len(), (64_usize << 10).div_ceil(3) * 4);
}

#[tokio::test]
async fn rows_whose_bytes_are_gone_still_open_and_what_never_was_is_not_found() {
    let server = Server::start().await;
    assert_eq!(server.get("/api/lineage/envelope/1-0-9", &[]).await.status, 404);
    assert_eq!(server.get("/api/lineage/envelope/1-0-9/raw", &[]).await.status, 404);
    assert_eq!(server.get("/api/lineage/envelope/1-0", &[]).await.status, 400);
    let row = reject("reports", arrival(NOON, 9, 0), RejectReason::Malformed, text("a", "b"), b"x");
    let rejects = vec![RejectView::new(Epoch(0), &row)];
    server.record.tell(|told| told.rows = EnvelopeRows { rejects, ..EnvelopeRows::default() });
    let gone = server.get("/api/lineage/envelope/1-0-9", &[]).await;
    assert_eq!((gone.status, gone.json()["where"].is_null()), (200, true));
    assert_eq!(gone.json()["rejects"][0]["reason"], "malformed");
    assert_eq!(server.get("/api/lineage/envelope/1-0-9/raw", &[]).await.status, 404);
    for path in [
        format!("/api/lineage/index?index=vn_aqi&subject={STATION}&kind=hour&start={NOON}"),
        format!("/api/lineage/assessment?limit=a&subject={STATION}&averaging=day&start={NOON}"),
        format!("/api/lineage/window?indicator=pm25&subject={STATION}&kind=hour&start={NOON}"),
        format!("/api/lineage/alert/aqi-bad~{STATION}~1"),
    ] {
        assert_eq!(server.get(&path, &[]).await.status, 404, "{path}");
        assert_eq!(
            server.get(&path.replace(&NOON.to_string(), &i64::MAX.to_string()), &[]).await.status,
            if path.contains("alert") { 404 } else { 400 }
        );
    }
    assert_eq!(server.get("/api/lineage/index?index=aqi&subject=x&kind=hour&start=0", &[]).await.status, 400);
}

#[tokio::test]
async fn an_alert_opens_to_what_raised_it() {
    let mut pack = support::pack();
    let rule = |id: &str, condition| Rule {
        name: text("Bụi mịn vượt giới hạn", "Fine dust above its limit"),
        step: text("Gọi trạm", "Call the station"),
        clear_windows: 2,
        ..ioc_testing::rule(id, condition)
    };
    let of_limit = Condition::Limit { indicator: "pm25".into(), averaging: Averaging::Day, clear_share: 0.9 };
    let of_number = Condition::Threshold {
        measure: Measure::Indicator("pm25".into()),
        averaging: Averaging::Hour,
        bound: Bound::Above { raise: 100.0, clear: 80.0 },
    };
    for (id, condition) in [("by-limit", of_limit), ("by-number", of_number)] {
        let _ = pack.rules.insert(id.to_owned(), rule(id, condition));
    }
    let server = Server::of(pack).await;
    let mut made = results(1, NOON);
    let evidence = |measure: &str, averaging, status| Evidence {
        measure: Name::from(measure),
        averaging,
        start: EventTime(NOON),
        end: EventTime(NOON + HOUR),
        value: Some(62.0),
        threshold: Some(45.0),
        status,
        events: None,
        compared: None,
        sensor: None,
    };
    for (rule, evidence) in [
        ("by-limit", evidence("pm25", Some(Averaging::Day), None)),
        ("by-number", evidence("pm25", Some(Averaging::Hour), None)),
        ("of-index", evidence("vn_aqi", Some(Averaging::Hour), None)),
        ("of-status", evidence("status", None, Some(StationStatus::Silent))),
        ("no-status", evidence("status", None, None)),
    ] {
        let mut raised = alert(rule, 1, AlertChange::Raised, NOON);
        raised.evidence = Some(evidence);
        made.facts.alerts.push(raised);
    }
    server.record.take(&made);
    server.record.tell(|told| {
        told.limit = Some("qcvn05-pm25-day".to_owned());
        told.index = Some(traced_index());
        told.assessment = Some(traced_assessment());
        told.window = Some(traced_window());
    });
    let opened =
        async |rule: &str| server.get(&format!("/api/lineage/alert/{rule}~{STATION}~1"), &[]).await.json();
    let follow = async |link: &Value| server.get(link["href"].as_str().unwrap(), &[]).await.status;

    let by_limit = opened("by-limit").await;
    assert_eq!(
        (by_limit["rule"]["step"]["vi"].as_str(), by_limit["threshold"].as_f64()),
        (Some("Gọi trạm"), Some(45.0))
    );
    let link = &by_limit["raised_by"];
    assert_eq!(
        (link["kind"].as_str(), link["limit"].as_str()),
        (Some("assessment"), Some("qcvn05-pm25-day"))
    );
    assert_eq!((link["averaging"].as_str(), follow(link).await), (Some("day"), 200));
    let link = &opened("by-number").await["raised_by"];
    assert_eq!((link["kind"].as_str(), link["window"].as_str()), (Some("window"), Some("hour")));
    assert_eq!((link["start"].as_i64(), follow(link).await), (Some(NOON), 200));
    let of_index = opened("of-index").await;
    assert!(of_index["rule"].is_null(), "a rule the pack has no more");
    assert_eq!(
        (of_index["raised_by"]["index"].as_str(), follow(&of_index["raised_by"]).await),
        (Some("vn_aqi"), 200)
    );
    let link = &opened("of-status").await["raised_by"];
    assert_eq!((link["kind"].as_str(), link["status"].as_str()), (Some("status"), Some("silent")));
    assert_eq!(
        opened("no-status").await["raised_by"]["kind"],
        "status",
        "cleared by a state that is none of its rule's"
    );
}

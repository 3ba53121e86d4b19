//! What is drawn for what the API said.

use serde_json::{Value, json};

use super::*;

fn told() -> Value {
    let text = |vi: &str, en: &str| json!({"vi": vi, "en": en});
    let nothing = text("", "");
    let station = |id: &str, name: Value, measures: Value| {
        json!({"id": id, "name": name, "kind": "ambient_air", "place_code": "25459", "place_valid_from": "2025-07-01",
            "valid_from": "2025-07-01", "measures": measures})
    };
    let figure = |figure: &str,
                  value: f64,
                  of: Value,
                  target: f64,
                  verdict: &str,
                  reason: &str,
                  stale_from: Value,
                  input: &str| {
        json!({"figure": figure, "at": 0, "start": 0, "end": 0, "value": value, "of": of, "target": target,
            "verdict": verdict, "reason": reason, "freshness": "fresh", "stale_from": stale_from, "count": 1,
            "expected": 1, "parts": [], "revision": 7, "hours": [], "inputs_all": 1, "inputs": [{"kind": "station", "subject": input, "measure": "",
            "start": 0, "number": 0, "word": ""}]})
    };
    json!({
        "build": "b", "has_map": false, "heartbeat": 3_000, "grace": 3_000,
        "pack": {
            "id": "tay-ninh", "version": "v", "screens": [], "places": [], "limits": [], "has_map": false,
            "name": text("Tây Ninh", "Tay Ninh"), "timezone": "Asia/Ho_Chi_Minh",
            "replayed": text("phát lại", "replayed"),
            "stations": [
                station("ST01", text("Trạm một", "Station one"), json!({"pm25": 60_000, "no2": 60_000})),
                station("ST02", text("Trạm \u{1b}[2Jhai", "Station two"), json!({}))
            ],
            "measures": {}, "log_sources": {}, "agencies": {},
            "indicators": {"pm25": {"symbol": "PM2.5", "name": nothing, "unit": "µg/m³", "decimals": 1}},
            "feeds": [{"id": "gateway", "name": nothing, "transport": "mqtt", "way": nothing, "silent_after": 60_000,
                "lateness": 0}],
            "rules": {"high": {"name": text("Vượt ngưỡng", "Over the limit"), "step": nothing, "priority": "high"}},
            "indices": {"vn_aqi": {"name": text("VN_AQI", "VN_AQI"), "formula": "f",
                "categories": [{"from": 51, "to": 100, "word": "moderate", "name": text("Trung bình", "Moderate"),
                "color": "#ffff00"}]}}
        },
        "clock_speed": 1.0,
        "picture": {
            "epoch": 7, "now": 0, "rejects": [], "assessments": [], "alerts_whole": true, "alerts_open": 1,
            "tiles": [
                {"subject": "ST01", "indicator": "pm25", "hours": [],
                 "latest": {"event_time": 1_769_960_000_000i64, "value": 37.25, "quality": "calibrating",
                 "received_at": 0, "feed": "gateway", "position": "1-0-1", "row": 0, "correction": false}},
                {"subject": "ST01", "indicator": "no2", "hours": [], "latest": null}
            ],
            "feeds": [{"id": "gateway", "counts": ioc_model::counts::Counts { received: 40, stored: 30, ..Default::default() },
                "envelopes_astray": 0, "rows_astray": 2, "last_received": 1_769_960_000_000i64, "standing": "heard",
                "priority": "high", "silent_from": 1_769_960_060_001i64, "concerns": []}],
            "stations": [
                {"subject": "ST01", "status": "good", "standing": "partial", "priority": "medium",
                 "missing": {"never": 1, "stale": 0, "since": null, "all": 2}, "concerns": []},
                {"subject": "ST02", "status": null, "missing": {"never": 0, "stale": 0, "since": null, "all": 0}, "concerns": []}
            ],
            "indices": [{"index": "vn_aqi", "subject": "ST01", "kind": "hour", "history": [],
                "latest": {"start": 0, "end": 1_769_960_400_000i64, "value": 57.0, "category": "moderate", "parts": [],
                "closed_by": "watermark", "revision": 7}}],
            "alerts": [{"id": "high~ST01~1", "rule": "high", "subject": "ST01", "about": "station", "priority": "high", "active": true,
                "acknowledged": false, "occurrences": 1, "subject_name": text("Trạm một", "Station one"), "raised_at": 1_769_960_340_000i64, "change": "raised", "at": 0}],
            "figures": [
                figure("aqi", 57.0, Value::Null, 100.0, "kept", "on_target", json!(1_769_960_397_000i64), "ST01"),
                figure("stations", 1.0, json!(2.0), 2.0, "missed", "silent", json!(1_769_960_397_001i64), "ST02"),
                figure("slowest", 400_000.0, Value::Null, 60_000.0, "missed", "silent", Value::Null, "gateway")
            ]
        },
        "status": {
            "now": 1_769_960_400_000i64, "clock_speed": 1.0, "bus": {"state": "writing"},
            "clickhouse": {"state": "away", "cause": "no route", "since": 0},
            "archive": {"state": "full", "cause": "no space", "behind_offsets": 1, "behind_bytes": 1,
                "missing_offsets": 0, "stray_files": 0},
            "outstanding_epochs": 3, "stalled_since": null, "replaying": false, "in_flight": {"gateway": 2},
            "held_back": {"count": 1, "senders": ["gw1/loud"]}, "door": [], "halted": "unknown table",
            "pack": {"version": "v", "state": "current", "why": []}, "reported_ago": 0, "concerns": []
        }
    })
}

fn screen(language: Language) -> Screen {
    let mut screen = Screen::new(language);
    screen.take(serde_json::from_value(told()).unwrap(), Instant::now());
    screen
}

#[test]
fn alerts_are_counted_by_their_figure_and_not_by_a_list_that_is_cut() {
    let mut told = told();
    let picture = &mut told["picture"];
    picture["alerts_open"] = json!(1_400);
    let mut alerts = picture["figures"][0].clone();
    (alerts["figure"], alerts["value"], alerts["of"]) = (json!("alerts"), json!(1_400.0), json!(1_200.0));
    picture["figures"].as_array_mut().unwrap().push(alerts);
    let mut screen = Screen::new(Language::En);
    screen.take(serde_json::from_value(told).unwrap(), Instant::now());
    let said = screen.plain().join("\n");
    assert!(said.contains("alerts 1400 (1200 not acknowledged)"), "{said}");
}

#[test]
fn everything_is_said_in_both_languages() {
    let english = screen(Language::En).plain().join("\n");
    for said in [
        "Tay Ninh",
        "2026-02-01 22:40:00",
        "epoch 7 (3 under way)",
        "replayed",
        "ClickHouse AWAY",
        "HELD BACK TO THEIR SHARE (1): gw1/loud",
        "ClickHouse: no route",
        "archive FULL",
        "THE FLOW IS HALTED: unknown table",
        "alerts 1 (1 not acknowledged)",
        "stale · Station one",
        "1/2             2  missed · silent · Station two",
        "6 min         1 min  missed · silent · gateway",
        "Over the limit · Station one 1 min",
        "ASTRAY 2",
        "Station one  incomplete",
        "VN_AQI 57 Moderate (0 s)",
        "PM2.5",
        "37.2",
        "calibrating",
        "6 min",
        "never",
        "Station two  not judged yet",
    ] {
        assert!(english.contains(said), "'{said}' is missing:\n{english}");
    }
    let vietnamese = screen(Language::Vi).plain().join("\n");
    for said in [
        "Tây Ninh",
        "phát lại",
        "KHÔNG TRẢ LỜI",
        "DÒNG XỬ LÝ ĐÃ DỪNG",
        "Vượt ngưỡng · Trạm một 1 phút",
        "số liệu cũ · Trạm một",
        "THẤT LẠC 2",
        "mất tín hiệu",
        "thiếu thông số",
        "Trung bình",
        "hiệu chuẩn",
    ] {
        assert!(vietnamese.contains(said), "'{said}' is missing:\n{vietnamese}");
    }
    assert!(vietnamese.contains("42"), "what is in flight is received");
}

#[test]
fn silent_a_verdict_is_withheld_from_the_moment_the_answer_says_and_not_before() {
    let said = |moment: i64| {
        let mut told = told();
        told["picture"]["figures"][1]["stale_from"] = json!(moment);
        let overview: Overview<'static> = serde_json::from_value(told).unwrap();
        let withheld = overview.is_stale(&overview.picture.figures[1]);
        assert_eq!(overview.stations_are_stale(), withheld, "and how stations stand with it");
        let mut screen = Screen::new(Language::En);
        screen.take(overview, Instant::now());
        let drawn = screen.plain().join("\n");
        assert_eq!(drawn.contains("Station one  stale"), withheld, "{drawn}");
        withheld
    };
    // The answer is of 1,769,960,400,000 and gives three seconds.
    assert!(said(1_769_960_397_000));
    assert!(!said(1_769_960_397_001));
}

#[test]
fn safe_nothing_the_api_says_moves_the_cursor() {
    let drawn = screen(Language::Vi).plain().concat();
    assert!(!drawn.contains('\u{1b}') && drawn.contains("Trạm ·[2Jhai"), "{drawn}");
    assert_eq!(clean("a\u{7}b\r\n\u{202e}c"), "a·b···c");
}

#[test]
fn no_line_is_wider_and_no_page_longer_than_the_terminal() {
    let mut screen = screen(Language::Vi);
    for (width, height) in [(200, 50), (80, 24), (20, 10), (3, 2), (1, 1), (0, 0)] {
        let lines = screen.lines((width, height));
        assert!(lines.len() <= usize::from(height), "{width}x{height}");
        for line in lines {
            let wide: usize = line.iter().map(|(_, text)| text.width()).sum();
            assert!(wide <= usize::from(width), "{width}x{height}: {line:?}");
        }
    }
}

#[test]
fn the_head_stays_while_the_body_scrolls_and_it_stops_at_its_end() {
    let mut screen = screen(Language::En);
    let first = screen.lines((120, 12));
    screen.scroll(1);
    let second = screen.lines((120, 12));
    assert_eq!(first[0], second[0]);
    assert_ne!(first, second);
    screen.scroll(i32::MAX);
    let last = screen.lines((120, 12));
    screen.scroll(5);
    assert_eq!(screen.lines((120, 12)), last);
    screen.scroll(i32::MIN);
    assert_eq!(screen.lines((120, 12)), first);
}

#[test]
fn silent_without_a_connection_what_is_shown_is_called_old() {
    let mut screen = screen(Language::En);
    let before = screen.plain();
    screen.lost("connection refused".to_owned());
    let drawn = screen.plain().join("\n");
    assert!(drawn.contains("NO CONNECTION, what is shown is old (0 s): connection refused"), "{drawn}");
    assert!(drawn.contains(&before[0]), "the clock stands");
    screen.take(serde_json::from_value(told()).unwrap(), Instant::now());
    assert!(!screen.plain().join("\n").contains("NO CONNECTION"));
}

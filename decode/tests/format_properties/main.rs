//! Whatever a sender sends: no panic, every row counted exactly once, and good rows next to garbage untouched
//! (invariants SAFE, ONCE, BALANCE, REPLAY).

mod pieces;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, LazyLock},
};

use ioc_decode::{Decoder, Outcome, RowSink, trial::permissive_feed};
use ioc_model::{
    action::{NOTE_MAX, OPERATOR, USER_MAX},
    attribute::Attributes,
    envelope::{Content, Envelope, UNMATCHED},
    event::Event,
    form::{Finding, Mark, Report},
    names::Names,
    observation::Observation,
    pack::{FormatName, Pack},
    position::Position,
    reject::{RejectReason, Rejection},
    results::FINDINGS_KEPT,
    row::Row,
    time::ReceivedAt,
};
use proptest::prelude::*;

const NOW: ReceivedAt = ReceivedAt(1_767_225_600_000);
const STATION_FILE: &str = "TN_UBNDTN_KHIXQU_20241105090000.txt";

static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    let files = ioc_testing::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/pack"));
    let mut pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    for format in FormatName::ALL {
        let mut feed = permissive_feed(format, false);
        feed.id = format!("permissive-{}", format.word());
        let _ = pack.feeds.insert(feed.id.clone(), feed);
    }
    Decoder::new(Arc::new(pack), Names::default()).unwrap()
});

fn decoder() -> &'static Decoder {
    &DECODER
}

#[derive(Debug, Default, PartialEq)]
struct Rows {
    observations: Vec<Observation>,
    others: Vec<Row>,
    rejections: Vec<(u32, Rejection, Vec<u8>)>,
}

impl Rows {
    /// Nothing of a report is without a bound, its cells are counted, and each finding is worded.
    fn reported(&self, report: &Report) {
        assert!(report.rows as usize >= report.cells.len().max(1));
        assert!(report.cells.iter().enumerate().all(|(at, cell)| cell.row as usize == at));
        let keys: BTreeSet<_> = report.cells.iter().map(|cell| cell.key).collect();
        assert_eq!(keys.len(), report.cells.len(), "a key has one cell");
        assert!(report.left_out.is_sorted() && report.left_out.iter().all(|key| !keys.contains(key)));
        assert!(report.findings.len() <= FINDINGS_KEPT);
        assert!(report.findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.weight)));
        for Finding { at, stands, message, .. } in &report.findings {
            assert!(at.len() < 1_000 && stands.len() < 2_000, "{at} {stands}");
            for words in [&message.vi, &message.en] {
                assert!(!words.is_empty() && words.len() < 4_000, "{words}");
                assert!(!words.contains(|c: char| c.is_control()) && !words.contains("{right}"), "{words:?}");
            }
        }
        for cell in &report.cells {
            assert!(cell.at.len() < 200 && cell.as_sent.len() < 400 && cell.note.len() < 1_000);
            assert_eq!(cell.value.number.is_some(), cell.value.mark == Mark::Value);
            assert!(cell.value.number.is_none_or(|number| number.scale() <= 9));
        }
    }

    /// Nothing of an event is without a bound, and its time is one that every table can hold.
    fn happened(&self, event: &Event) {
        assert!((1..=1_000_000).contains(&event.weight));
        assert!(event.message.len() <= 8 << 10 && event.attributes.len() <= 65);
        assert!(event.attributes.is_sorted(), "{:?}", event.attributes);
        let texts = [&event.category, &event.signature, &event.user, &event.host, &event.program];
        let texts = texts.into_iter().map(|text| &**text);
        let attributes = event.attributes.iter().flat_map(|(name, text)| [&**name, &**text]);
        assert!(texts.chain(attributes).all(|text| text.len() <= 1_100));
        assert!((0..7_289_654_400_000).contains(&event.happened_at.0), "{:?}", event.happened_at);
    }
}

/// How many rows of its envelope a row is.
fn rows_of(row: &Row) -> u32 {
    match row {
        Row::Reported(report) => report.rows,
        Row::ReportedAgain(again) => again.report.rows,
        Row::Done(_) | Row::Decided(_) | Row::Happened(_) | Row::Replayed(_) => 1,
    }
}

impl RowSink for Rows {
    fn observation(&mut self, observation: Observation) {
        assert!(observation.value.is_finite());
        assert!(self.observations.last().is_none_or(|last| last.arrival.row < observation.arrival.row));
        self.observations.push(observation);
    }

    fn row(&mut self, row: Row) {
        let (user, note) = match &row {
            Row::Done(action) => (&action.user, &action.note),
            Row::Decided(decision) => (&decision.user, &decision.note),
            Row::Replayed(replay) => (&replay.user, &replay.note),
            Row::ReportedAgain(_) => panic!("no format reads a report again"),
            Row::Reported(report) => {
                self.reported(report);
                self.others.push(row);
                return;
            }
            Row::Happened(event) => {
                self.happened(event);
                self.others.push(row);
                return;
            }
        };
        assert!((1..=USER_MAX).contains(&user.chars().count()) && note.chars().count() <= NOTE_MAX);
        self.others.push(row);
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]) {
        assert!(self.rejections.last().is_none_or(|(last, _, _)| *last < row));
        assert!(!rejection.message.vi.is_empty() && !rejection.message.en.is_empty());
        assert!(rejection.message.en.len() < 2_000, "{}", rejection.message.en);
        self.rejections.push((row, rejection, raw.to_vec()));
    }
}

fn envelope<'a>(feed: &'a str, address: &'a str, payload: &'a [u8]) -> Envelope<'a> {
    Envelope {
        position: Position::default(),
        feed,
        received_at: NOW,
        content: Content::Raw,
        address,
        attributes: Attributes::default(),
        payload,
    }
}

/// Decodes twice and checks what must hold for any input.
fn decoded(decoder: &Decoder, envelope: &Envelope<'_>) -> (Outcome, Rows) {
    let (mut rows, mut again) = (Rows::default(), Rows::default());
    let outcome = decoder.decode(envelope, &mut rows);
    assert_eq!(decoder.decode(envelope, &mut again), outcome);
    assert_eq!(again, rows);
    let of_others: u32 = rows.others.iter().map(rows_of).sum();
    let handed = rows.observations.len() + of_others as usize + rows.rejections.len();
    let observed = rows.observations.iter().map(|row| row.arrival.row);
    let others = rows.others.iter().flat_map(|row| (0..rows_of(row)).map(|at| row.arrival().row + at));
    let refused = rows.rejections.iter().map(|(row, _, _)| *row);
    let numbers: BTreeSet<u32> = observed.chain(others).chain(refused).collect();
    assert_eq!(numbers.len(), handed, "each row has a number of its own");
    assert!(numbers.last().is_none_or(|last| *last as usize + 1 == handed), "counted from 0 over all");
    match &outcome {
        Outcome::Decoded { rows: count } => {
            assert!(*count > 0);
            assert_eq!(*count as usize, handed);
        }
        Outcome::Empty | Outcome::Undecodable(_) => assert_eq!(handed, 0),
    }
    (outcome, rows)
}

fn every_feed(decoder: &Decoder, payload: &[u8]) {
    for feed in [
        "air",
        "any",
        "stations",
        "permissive-json_observation",
        "permissive-station_txt",
        "permissive-syslog",
        "permissive-syslog_lines",
        "permissive-eve",
        "senml",
        "lorawan",
        "zigbee",
        "zigbee-own",
        "tasmota",
        "sensorthings",
        "ngsi",
        "loggers",
        "sparkplug",
        "permissive-senml",
        "permissive-chirpstack",
        "permissive-zigbee2mqtt",
        "permissive-tasmota",
        "permissive-sensorthings",
        "permissive-ngsi_ld",
        "permissive-station_json",
        "permissive-sparkplug_b",
        "weather",
        "radio",
        "meters",
        "listed",
        "permissive-mapped_json",
        "permissive-mapped_csv",
        "permissive-mapped_lines",
        "doors",
        "alarms",
        "river-lines",
        OPERATOR,
        UNMATCHED,
    ] {
        let _ = decoded(decoder, &envelope(feed, STATION_FILE, payload));
    }
}

fn every_form(decoder: &Decoder, payload: &[u8]) {
    let tables = ["ktxh", "dvc", "firms", "ages", "permissive-table"];
    let of_cells = [
        "sdmx",
        "sdmx-json",
        "health",
        "permissive-sdmx_csv",
        "permissive-sdmx_json",
        "permissive-dhis2",
        "measures",
        "permissive-fhir",
    ];
    for feed in tables.into_iter().chain(of_cells) {
        let (outcome, rows) = decoded(decoder, &envelope(feed, "ages_25486_2025-11.csv", payload));
        // There is one report of each message, also of one that nobody can read.
        assert!(matches!(outcome, Outcome::Decoded { .. }));
        assert!(matches!(&rows.others[..], [Row::Reported(_)]) && rows.rejections.is_empty());
    }
}

/// Pieces of tables.
const TABLES: [&str; 40] = [
    "Biểu KTXH-X;Kỳ báo cáo: tháng 11/2025;Đơn vị: xã Tân Biên (25486)\n",
    "Mã chỉ tiêu;Chỉ tiêu;Đơn vị tính;Giá trị\n",
    "Mã xã;Xã, phường;Tiếp nhận;Trực tuyến;Tỷ lệ (%)\n",
    "STT;Địa bàn;Mã xã;Số doanh nghiệp\n",
    "Nhóm tuổi;Số ca;Dân số nhóm;Ghi chú\n",
    "X01;;hồ sơ;1204\n",
    "X02;;;1.204\n",
    "X05;;tỷ đồng;0,8654\n",
    "25486;Xã Tân Biên;200;163;81,5%\n",
    "25459;;100;79;0,79\n",
    ";Tổng cộng;;5\n",
    ";Trong đó: vốn nước ngoài;;3\n",
    "1;Phường Tân Ninh;25459;40\n",
    "01-Thg4;21;1.693;\n",
    "10-14;18;;\n",
    "sep=;\n",
    "25486",
    "25462",
    "X01",
    "-",
    "…",
    "(15)",
    "<5",
    "82%",
    "1.234 (1)",
    "1E5",
    "#DIV/0!",
    "99999999999999999999999999999",
    "0,0000000000001",
    "=\"0720302\"",
    "\"hai\ndòng\"",
    "tháng 10 năm 2025",
    "từ 15/10/2025 đến 14/11/2025",
    "Đơn vị tính: nghìn",
    "\u{a0}",
    ";",
    ";;",
    "\n",
    "\t",
    "\"",
];

/// Pieces of messages of cells.
const CELLS: [&str; 34] = [
    "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT,OBS_STATUS,CONF_STATUS\n",
    "STRUCTURE[;];STRUCTURE_ID;REF_AREA: Nơi;SEX;TIME_PERIOD;OBS_VALUE\n",
    "DATAFLOW,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE\n",
    "dataflow,TN:NSNN(1.0),M,80,REV,2025-10,812.5,9,A,F\n",
    "dataflow,TN:NSNN(1.0),D,80,REV,2025-10,,,,\n",
    "dataflow,TN:NSNN(1.0),R,80,EXP,2025-10,,9,,\n",
    "dataflow,TN:NSNN(1.0),M,80,FDI,2025-10,NaN,6,Q,C\n",
    "dataflow,TN:NSNN(1.0),M,~,REV,2025-10,,,,\n",
    "dataflow,TN:NSNN(1.0),M,80,REV,2025-13,1e28,15,Z,N\n",
    "dataflow;TN:EDU;25486: Tân Biên;F;2024-2025;310,5\n",
    "TN:NSNN(1.0),80,REV,2025-M09,99999999999999999999999999999\n",
    "dataelement,period,orgunit,catoptcombo,attroptcombo,value,storedby,comment\n",
    "deVisits001,202510,ouTanBien01,,HllvX50cXC0,1.8E1,a,b\n",
    "deDengue001,202510,25486,cocMaleUn15,aocPrivate1,-0,a,b\n",
    "{\"dataSet\": \"dsMonthlyA1\", \"period\": \"202510\", \"orgUnit\": \"ouTanBien01\", \"dataValues\": [",
    "{\"dataElement\": \"deVisits001\", \"value\": \"7\"}",
    "{\"dataElement\": \"deVisits001\", \"value\": 7.5, \"deleted\": true}",
    "{\"dataElement\": \"deDengue001\", \"categoryOptionCombo\": \"cocMaleUn15\", \"value\": null}",
    "{\"data\": {\"structures\": [{\"dimensions\": {\"dataSet\": [{\"id\": \"REF_AREA\", \"values\": [{\"id\": \"80\"}]}], ",
    "\"series\": [{\"id\": \"INDICATOR\", \"values\": [{\"id\": \"IIP\"}, {\"id\": \"REV\"}]}], ",
    "\"observation\": [{\"id\": \"TIME_PERIOD\", \"values\": [{\"id\": \"2025-10\"}, {\"value\": \"2025-09\"}]}]}}], ",
    "\"dataSets\": [{\"action\": \"Merge\", \"series\": {\"0\": {\"observations\": {\"0\": [104.2], \"1\": [\"NaN\"]}}, ",
    "\"1\": {\"attributes\": [1], \"observations\": {\"7\": [[]], \"\\u0000\": [null]}}}}]}}",
    "]}",
    "}",
    ",",
    "\n",
    "\"",
    "\u{feff}",
    "\0",
    ";",
    "~",
    "_T",
    "NaN",
];

/// Pieces of lines of logs.
const LOGS: [&str; 32] = [
    "<86>",
    "<999>",
    "1 ",
    "2026-01-01T00:00:00Z ",
    "Nov 20 07:20:00 ",
    "Feb 31 07:20:00 ",
    "82: ",
    "srv-a ",
    "- ",
    "sshd[1]: ",
    "[a b=\"c\\\"\"]",
    "[meta sequenceId=\"7\"] ",
    "Failed password for ",
    "invalid user ",
    " from ",
    "203.0.113.5",
    " port 22",
    " ssh2",
    "pam_unix(sshd:auth): authentication failure; ",
    "rhost=::1  user=",
    "PAM 2 more ",
    "message repeated 3 times: [ ",
    "]",
    "last message repeated 2 times",
    "Last message '",
    "' repeated 2 times, ",
    "CEF:0|a|b|c|d|e|5|",
    "src=203.0.113.5 cnt=3 ",
    "\\=",
    "filterlog: 5,,,1,em0,match,block,in,4,0x0,,64,0,0,DF,6,tcp,60,",
    "block in on wan proto tcp from ",
    "{\"event_type\":\"alert\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"alert\":{}}",
];

/// Pieces of what gateways publish.
const GATEWAYS: [&str; 34] = [
    "[{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"bt\":1767225600,\"bu\":\"Cel\",\"bv\":1",
    "[{\"bn\":\"air-2:\",\"bt\":-60,\"bver\":10},",
    "{\"n\":\"temperature\",\"v\":27.4}",
    "{\"n\":\"pm25\",\"t\":1e9,\"v\":\"x\",\"u\":\"ug/m3\"}",
    "{\"n\":\"pm25\",\"s\":1,\"vb\":true,\"x_\":1}",
    "{\"deviceInfo\":{\"devEui\":\"70b3d57ed0000001\"},\"time\":\"2026-01-01T00:00:00Z\",\"object\":{",
    "{\"deviceInfo\":{\"devEui\":\"a\"},\"rxInfo\":[{\"nsTime\":\"1980-01-06T00:12:44Z\"},7],\"object\":{",
    "\"pm25\":18.4",
    "\"temperature\":{\"0\":[27.4,null,{\"a\":true}]}",
    "\"linkquality\":7",
    "\"last_seen\":1767225600000",
    "\"Time\":\"2026-01-01T07:00:00\"",
    "\"BME280\":{\"Temperature\":27.4}",
    "\"TempUnit\":\"F\"",
    "\"StatusSNS\":{",
    "{\"phenomenonTime\":\"2026-01-01T00:00:00Z/2026-01-01T01:00:00Z\",\"result\":1,\"Datastream\":{\"@iot.id\":7}}",
    "{\"value\":[",
    "{\"id\":\"urn:ngsi-ld:Device:air-2\",\"type\":\"Notification\",\"data\":[",
    "{\"id\":\"urn:ngsi-ld:Device:air-2\",\"dateObserved\":{\"value\":{\"@value\":\"2026-01-01T00:00:00Z\"}},",
    "\"relativeHumidity\":{\"type\":\"Property\",\"value\":0.54,\"datasetId\":\"a\"}",
    "\"no2\":[{\"value\":69,\"unitCode\":\"GQ\",\"observedAt\":\"2026-01-01T00:00:00Z\"}]",
    "{\"station\":\"TN_KCNPD_NUOTHA\",\"time\":\"20260101070000\",\"data\":{",
    "\"pH\":{\"v\":7.02,\"u\":\"-\",\"st\":\"00\"}",
    "\"COD\":{\"v\":null,\"st\":2}",
    "\u{8}\u{1}\u{12}\u{b}\n\u{5}level\u{20}\u{4}X\u{7}",
    "\u{12}\u{4}\u{10}\u{1}P\u{5}",
    "}",
    "}}",
    "]",
    "]}",
    ",",
    "{",
    "\0",
    "9007199254740993",
];

/// Bytes that are nearly something.
fn nearly_right() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(br#"{"ts":"2026-01-01T00:00:00.123Z","station":"TN-0412","indicator":"pm25","value":37.25,"quality":0}"#.to_vec()),
        Just(b"PM10\t61.3\tug/m3\t20241105090000\t00".to_vec()),
        Just(b"PM2,5\t38,4\t20241105090000".to_vec()),
        prop::sample::select(LOGS.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        prop::sample::select(vec![
            "{", "}", "[", "]", "{\"action\":\"refuse_held\",\"rows\":[{\"sender\":\"a\",\"indicator\":\"pm25\",\"subject\":\"S1\",\"day\":\"2026-01-01\"}],\"user\":\"an\"}", "{\"action\":\"acknowledge\",\"alert\":\"a~S1~1\",\"user\":\"an\"}", "\"", ",", ":", "\\", "\n", "\r\n", "\t", "\0", "\u{feff}", "null", "NaN", "1e999", "-",
            "00", "20241105090000", "\"value\"", "\"time\"", "\"indicator\":\"pm25\"", "2026-01-01T00:00:00Z", " ", "ộ",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn any_bytes_become_counted_rows_or_one_refusal(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        every_feed(decoder(), &payload);
        every_form(decoder(), &payload);
    }

    #[test]
    fn nearly_right_bytes_become_counted_rows_or_one_refusal(payload in nearly_right()) {
        every_feed(decoder(), &payload);
    }

    #[test]
    fn nearly_right_messages_of_gateways_become_counted_rows_or_one_refusal(
        pieces in prop::collection::vec(prop::sample::select(GATEWAYS.to_vec()), 0..12),
    ) {
        every_feed(decoder(), pieces.concat().as_bytes());
    }

    #[test]
    fn nearly_right_tables_become_one_report(pieces in prop::collection::vec(prop::sample::select(TABLES.to_vec()), 0..24)) {
        every_form(decoder(), pieces.concat().as_bytes());
    }

    #[test]
    fn nearly_right_messages_of_cells_become_one_report(pieces in prop::collection::vec(prop::sample::select(CELLS.to_vec()), 0..16)) {
        every_form(decoder(), pieces.concat().as_bytes());
    }

    #[test]
    fn a_cut_or_flipped_byte_costs_at_most_its_own_line(
        cut in 0usize..99,
        byte: u8,
        flips in any::<bool>(),
    ) {
        let good = r#"{"ts":"2026-01-01T00:00:00.123Z","station":"TN-0412","indicator":"pm25","value":37.25,"quality":0}"#;
        prop_assume!(byte != b'\n');
        let mut damaged = good.as_bytes().to_vec();
        let at = cut.min(damaged.len() - 1);
        if flips {
            damaged[at] = byte;
        } else {
            damaged.truncate(at);
        }
        let payload = [good.as_bytes(), &damaged, good.as_bytes()].join(&b'\n');
        let (_, rows) = decoded(decoder(), &envelope("air", "t", &payload));
        let untouched: Vec<u32> = rows.observations.iter().map(|row| row.arrival.row).collect();
        prop_assert_eq!(untouched.first(), Some(&0));
        let last = u32::try_from(rows.observations.len() + rows.rejections.len() - 1).unwrap();
        prop_assert_eq!(untouched.last(), Some(&last));
        prop_assert_eq!(rows.observations[0].value, 37.25);
    }

    #[test]
    fn every_double_arrives_bit_for_bit(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let line = format!(r#"{{"ts":1767225600,"station":"TN-0412","indicator":"pm25","value":{value:?}}}"#);
        let (_, rows) = decoded(decoder(), &envelope("air", "t", line.as_bytes()));
        // Minus zero is zero.
        prop_assert_eq!(rows.observations[0].value.to_bits(), (value + 0.0).to_bits(), "{}", line);
    }
}

#[test]
fn a_reject_carries_its_own_bytes() {
    let payload = b"{\"indicator\":1}\n  torn {\r\n{\"value\":2}\n";
    let (outcome, rows) = decoded(decoder(), &envelope("air", "t", payload));
    assert_eq!(outcome, Outcome::Decoded { rows: 3 });
    let raw: Vec<&[u8]> = rows.rejections.iter().map(|(_, _, raw)| raw.as_slice()).collect();
    assert_eq!(raw, [&b"{\"indicator\":1}"[..], b"torn {", b"{\"value\":2}"]);
}

#[test]
fn nesting_of_a_megabyte_does_not_end_the_process() {
    let decoder = decoder();
    let deep = "[".repeat(1_000_000);
    let objects = "{\"a\":".repeat(150_000);
    let escaped = format!("{{\"a\":\"{}\"}}", "\\\"[".repeat(100_000));
    for payload in [
        deep.clone(),
        objects.clone(),
        escaped,
        format!("[{deep}"),
        format!("{{\"a\":{deep}}}\n{{\"b\":{objects}}}"),
        format!("{{\"value\":{deep}}}"),
        "[{},".repeat(100_000),
    ] {
        every_feed(decoder, payload.as_bytes());
    }
}

#[test]
fn what_was_withheld_is_refused_for_the_reason_it_states() {
    let decoder = decoder();
    let reason = |payload: &[u8]| {
        let withheld =
            Envelope { content: Content::Withheld, ..envelope("air", "ioc/air/x/observation", payload) };
        match decoded(decoder, &withheld).0 {
            Outcome::Undecodable(rejection) => (rejection.reason, rejection.message.en),
            other => panic!("{other:?}"),
        }
    };
    let (word, message) = reason(br#"{"reason":"too_large","bytes":104857600,"sha256":"ab"}"#);
    assert_eq!(word, RejectReason::TooLarge);
    assert!(message.contains("104857600") && message.contains("4096"), "{message}");
    assert_eq!(reason(br#"{"reason":"forbidden","bytes":1,"sha256":"ab"}"#).0, RejectReason::Forbidden);
    assert_eq!(reason(br#"{"reason":"of another kind","bytes":1}"#).0, RejectReason::Malformed);
    assert_eq!(reason(b"\xff{").0, RejectReason::Malformed);
}

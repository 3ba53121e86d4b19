//! The decoder, by the way of the dataflow: routing, contract, format, rows and rejects.
//!
//! An input is a byte that says how it came, a line with its address, and the payload. A payload cut by the control
//! character RS is several envelopes of one connection, so that what is remembered from one to the next is used.

pub(crate) mod seeds;

use std::{
    fs,
    path::Path,
    sync::{Arc, LazyLock},
};

use ioc_decode::{
    Decoder, Known, Outcome, RowSink,
    reduce::{Key, Reducer},
    trial::permissive_feed,
};
use ioc_model::{
    action::{Action, OPERATOR},
    attribute::{self, Attribute, Attributes},
    envelope::{Content, Envelope, UNMATCHED},
    event::Event,
    form::Report,
    names::Names,
    observation::Observation,
    pack::{FormatName, Pack, PackFiles},
    position::{Arrival, Position},
    reject::Rejection,
    results::FINDINGS_KEPT,
    row::Row,
    text::Text,
    time::ReceivedAt,
};

use crate::{allocation::within, files_of, repository};

/// 2026-01-01.
const RECEIVED_AT: ReceivedAt = ReceivedAt(1_767_225_600_000);
/// The decoder holds its caches and the words of one reject at a time; more only as the payload grows.
const HELD: usize = 256 << 10;
const HELD_PER_BYTE: usize = 32;
/// A report is held whole: its table, its cells and what it leaves out.
const HELD_BY_REPORT: usize = 1 << 20;
const HELD_BY_REPORT_PER_BYTE: usize = 1_200;
/// A record of SenML may be three bytes, and a pack has so many at the most.
const HELD_BY_PACK: usize = 8 << 20;
/// What a mapping makes of a message, and its interpreter.
const HELD_BY_MAPPING: usize = 64 << 20;
const HELD_BY_MAPPING_PER_BYTE: usize = 1_000;
const BOUND_TO: u8 = 0b0000_1000;
const WITHHELD: u8 = 0b0001_0000;
const BY_RELAY: u8 = 0b0010_0000;

const PERMISSIVE_JSON: &str = "permissive-json_observation";
const PERMISSIVE_STATION: &str = "permissive-station_txt";

/// The target that gives a format any bytes, and the feeds of the cases it comes by. A format that has none does not
/// compile.
pub(crate) fn target_of(format: FormatName) -> (&'static str, &'static [&'static str]) {
    match format {
        FormatName::JsonObservation => {
            ("json_observation", &["air", "any", PERMISSIVE_JSON, UNMATCHED, "old-air"])
        }
        FormatName::StationTxt => ("station_txt", &["stations", PERMISSIVE_STATION]),
        FormatName::OperatorAction => ("operator_action", &[OPERATOR]),
        FormatName::Syslog => ("syslog_message", &["logs", "permissive-syslog"]),
        FormatName::SyslogLines => ("syslog_lines", &["permissive-syslog_lines"]),
        FormatName::Eve => ("eve", &["permissive-eve"]),
        FormatName::EventCsv => ("event_csv", &["antivirus", "botnet", "permissive-event_csv"]),
        FormatName::Table => {
            let feeds = &[
                "ktxh",
                "dvc",
                "budget",
                "visits",
                "firms",
                "ages",
                "schools",
                "statistics",
                "permissive-table",
            ];
            ("table", feeds)
        }
        FormatName::SdmxCsv => ("sdmx_csv", &["sdmx", "permissive-sdmx_csv"]),
        FormatName::SdmxJson => ("sdmx_json", &["sdmx-json", "permissive-sdmx_json"]),
        FormatName::Dhis2 => ("dhis2", &["health", "permissive-dhis2"]),
        FormatName::Fhir => ("fhir", &["measures", "permissive-fhir"]),
        FormatName::Senml => ("senml", &["senml", "permissive-senml"]),
        FormatName::Chirpstack => ("chirpstack", &["lorawan", "permissive-chirpstack"]),
        FormatName::Zigbee2mqtt => ("zigbee2mqtt", &["zigbee", "zigbee-own", "permissive-zigbee2mqtt"]),
        FormatName::Tasmota => ("tasmota", &["tasmota", "permissive-tasmota"]),
        FormatName::Sensorthings => ("sensorthings", &["sensorthings", "permissive-sensorthings"]),
        FormatName::NgsiLd => ("ngsi_ld", &["ngsi", "permissive-ngsi_ld"]),
        FormatName::StationJson => ("station_json", &["loggers", "permissive-station_json"]),
        FormatName::SparkplugB => ("sparkplug_b", &["sparkplug", "permissive-sparkplug_b"]),
        FormatName::MappedJson => {
            ("mapped_json", &["weather", "radio", "endless", "alarms", "permissive-mapped_json"])
        }
        FormatName::MappedCsv => ("mapped_csv", &["meters", "listed", "permissive-mapped_csv"]),
        FormatName::MappedLines => ("mapped_lines", &["doors", "river-lines", "permissive-mapped_lines"]),
    }
}

fn feeds_of(format: FormatName) -> &'static [&'static str] {
    target_of(format).1
}
/// What stands before a message of CEF.
const BEFORE_CEF: &[u8] = b"<134>Nov 20 07:20:02 gate-a CEF:";

static REDUCER: LazyLock<Reducer> = LazyLock::new(|| {
    let mut pack = Pack::parse(&cases_pack()).unwrap_or_else(|faults| panic!("{faults}"));
    pack.feeds.values_mut().for_each(|feed| feed.personal = feed.format.is_report());
    Reducer::of_pack(&pack, Key::new([1; 32])).expect("a zone").expect("feeds of reports")
});

pub(crate) static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    let mut pack = Pack::parse(&cases_pack()).unwrap_or_else(|faults| panic!("{faults}"));
    for format in FormatName::ALL {
        let mut feed = permissive_feed(format, false);
        feed.id = format!("permissive-{}", format.word());
        let _ = pack.feeds.insert(feed.id.clone(), feed);
    }
    Decoder::new(Arc::new(pack), Names::default()).expect("the cases' zone is one")
});

/// The pack the golden cases are judged by.
pub(crate) fn cases_pack() -> PackFiles {
    let folder = repository("decode/cases/pack");
    let name = |path: &Path| path.strip_prefix(&folder).unwrap_or(path).to_string_lossy().into_owned();
    let text = |path: &Path| fs::read_to_string(path).expect("a pack's file");
    // Mappings lie in a folder of their own.
    let (folders, files): (Vec<_>, Vec<_>) = files_of(&folder).into_iter().partition(|path| path.is_dir());
    let all = files.into_iter().chain(folders.iter().flat_map(|folder| files_of(folder)));
    all.map(|path| (name(&path), text(&path))).collect()
}

pub(crate) fn json_observation(input: &[u8]) {
    decode(feeds_of(FormatName::JsonObservation), input);
}

pub(crate) fn station_txt(input: &[u8]) {
    decode(feeds_of(FormatName::StationTxt), input);
}

pub(crate) fn operator_action(input: &[u8]) {
    decode(feeds_of(FormatName::OperatorAction), input);
}

pub(crate) fn syslog_message(input: &[u8]) {
    decode(feeds_of(FormatName::Syslog), input);
}

pub(crate) fn syslog_lines(input: &[u8]) {
    decode(feeds_of(FormatName::SyslogLines), input);
}

pub(crate) fn cef(input: &[u8]) {
    decode(feeds_of(FormatName::Syslog), &[b"\x01syslog/udp\n", BEFORE_CEF, input].concat());
}

pub(crate) fn eve(input: &[u8]) {
    decode(feeds_of(FormatName::Eve), input);
}

pub(crate) fn event_csv(input: &[u8]) {
    decode(feeds_of(FormatName::EventCsv), input);
}

pub(crate) fn table(input: &[u8]) {
    decode(feeds_of(FormatName::Table), input);
}

pub(crate) fn sdmx_csv(input: &[u8]) {
    decode(feeds_of(FormatName::SdmxCsv), input);
}

pub(crate) fn sdmx_json(input: &[u8]) {
    decode(feeds_of(FormatName::SdmxJson), input);
}

pub(crate) fn dhis2(input: &[u8]) {
    decode(feeds_of(FormatName::Dhis2), input);
}

pub(crate) fn fhir(input: &[u8]) {
    decode(feeds_of(FormatName::Fhir), input);
}

pub(crate) fn senml(input: &[u8]) {
    decode(feeds_of(FormatName::Senml), input);
}

pub(crate) fn chirpstack(input: &[u8]) {
    decode(feeds_of(FormatName::Chirpstack), input);
}

pub(crate) fn zigbee2mqtt(input: &[u8]) {
    decode(feeds_of(FormatName::Zigbee2mqtt), input);
}

pub(crate) fn tasmota(input: &[u8]) {
    decode(feeds_of(FormatName::Tasmota), input);
}

pub(crate) fn sensorthings(input: &[u8]) {
    decode(feeds_of(FormatName::Sensorthings), input);
}

pub(crate) fn ngsi_ld(input: &[u8]) {
    decode(feeds_of(FormatName::NgsiLd), input);
}

pub(crate) fn station_json(input: &[u8]) {
    decode(feeds_of(FormatName::StationJson), input);
}

pub(crate) fn sparkplug_b(input: &[u8]) {
    decode(feeds_of(FormatName::SparkplugB), input);
}

pub(crate) fn mapped_json(input: &[u8]) {
    decode(feeds_of(FormatName::MappedJson), input);
}

pub(crate) fn mapped_csv(input: &[u8]) {
    decode(feeds_of(FormatName::MappedCsv), input);
}

pub(crate) fn mapped_lines(input: &[u8]) {
    decode(feeds_of(FormatName::MappedLines), input);
}

/// What is left of a message of a personal feed is the same each time, and is read as one report.
pub(crate) fn personal(input: &[u8]) {
    let Some((&how, payload)) = input.split_first() else { return };
    let feeds = ["notifiable", "ktxh", "sdmx", "sdmx-json", "health", "measures"];
    let feed = feeds[usize::from(how) % feeds.len()];
    let left = REDUCER.reduce(feed, "a_25486_2026-10.xlsx", RECEIVED_AT, payload);
    assert_eq!(left, REDUCER.reduce(feed, "a_25486_2026-10.xlsx", RECEIVED_AT, payload));
    let mut told = Vec::new();
    attribute::write(&mut told, Attribute::Reduced, REDUCER.version());
    let envelope = Envelope {
        position: Position::default(),
        feed,
        received_at: RECEIVED_AT,
        content: Content::Raw,
        address: "a",
        attributes: Attributes::new(&told, &[]),
        payload: &left,
    };
    let mut rows = Rows::default();
    let outcome = DECODER.decode(&envelope, &mut rows);
    assert!(matches!(outcome, Outcome::Decoded { .. }), "{outcome:?}");
    let [Row::Reported(report)] = &rows.others[..] else { panic!("one report, not {:?}", rows.others) };
    is_whole(report);
}

fn decode(feeds: &[&str], input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else { return };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (address, payloads) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
    let Ok(address) = std::str::from_utf8(address) else { return };
    let mut told = Vec::new();
    let sender = if how & BY_RELAY == 0 { "lab" } else { "192.0.2.50" };
    attribute::write(&mut told, Attribute::Sender, sender);
    if how & BOUND_TO != 0 {
        attribute::write(&mut told, Attribute::BoundTo, "air-* TN-05*");
    }
    let mut known = Known::default();
    for (offset, payload) in (0..).zip(payloads.split(|byte| *byte == 0x1e).take(8)) {
        let envelope = Envelope {
            position: Position { offset: ioc_model::position::Offset(offset), ..Position::default() },
            feed: feeds[usize::from(how & 0b111) % feeds.len()],
            received_at: RECEIVED_AT,
            content: if how & WITHHELD == 0 { Content::Raw } else { Content::Withheld },
            address,
            attributes: Attributes::new(&told, &[]),
            payload,
        };
        judged(&envelope, &mut known);
    }
}

/// The text of a payload in UTF-16: what is rejected of it is kept as the text that it was read as.
fn utf16(payload: &[u8]) -> String {
    let of = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let pair = |pair: &[u8]| unit([pair[0], pair.get(1).copied().unwrap_or_default()]);
        char::decode_utf16(units.chunks(2).map(pair)).map_while(Result::ok).collect()
    };
    match payload {
        [0xff, 0xfe, units @ ..] => of(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => of(units, u16::from_be_bytes),
        _ => String::new(),
    }
}

/// Decodes an envelope by somebody who has met nobody yet and by somebody who has, and looks at what came out.
fn judged(envelope: &Envelope<'_>, known: &mut Known) {
    let decoder = &*DECODER;
    let mut rows = Rows::default();
    let outcome = decoder.decode(envelope, &mut rows);
    for _ in 0..2 {
        let mut again = Rows::default();
        assert_eq!(decoder.decode_knowing(known, envelope, &mut again), outcome, "whom it has met decides");
        assert_eq!(again, rows, "whom it has met decides");
    }
    rows.are_in_order();
    let mut count = Count(0);
    let feed = decoder.pack().feeds.get(envelope.feed);
    let (held, per_byte) = match feed.map(|feed| feed.format) {
        Some(format) if format.is_report() => (HELD_BY_REPORT, HELD_BY_REPORT_PER_BYTE),
        Some(format) if format.is_mapped() => (HELD_BY_MAPPING, HELD_BY_MAPPING_PER_BYTE),
        Some(FormatName::Senml) => (HELD_BY_PACK, HELD_PER_BYTE),
        _ => (HELD, HELD_PER_BYTE),
    };
    let limit = held + per_byte * envelope.payload.len();
    assert_eq!(within(limit, || decoder.decode(envelope, &mut count)), outcome);
    let of_others: u32 = rows.others.iter().map(rows_of).sum();
    let handed = rows.observations.len() + of_others as usize + rows.rejects.len();
    assert_eq!(count.0 as usize, handed);
    match &outcome {
        Outcome::Decoded { rows } => {
            assert!(*rows > 0 && *rows as usize == handed, "{rows} rows, {handed} came")
        }
        Outcome::Empty => assert_eq!(handed, 0),
        Outcome::Undecodable(rejection) => {
            assert_eq!(handed, 0);
            worded(rejection);
        }
    }
    let text = utf16(envelope.payload);
    for (_, rejection, raw) in &rows.rejects {
        worded(rejection);
        let holds = |whole: &[u8]| raw.is_empty() || whole.windows(raw.len()).any(|bytes| bytes == raw);
        assert!(holds(envelope.payload) || holds(text.as_bytes()), "not its bytes");
    }
    for observation in &rows.observations {
        assert_eq!(written_again(observation), *observation, "it is another when it is written as JSON");
    }
    for row in &rows.others {
        match row {
            Row::Done(action) => acted_again(action),
            Row::Happened(event) => is_bounded(event),
            Row::Reported(report) => is_whole(report),
            Row::Decided(_) | Row::Replayed(_) => {}
            Row::ReportedAgain(_) => panic!("no format reads a report again"),
        }
    }
}

/// Nothing of an event is without a bound, and every table can hold its time.
fn is_bounded(event: &Event) {
    assert!((1..=1_000_000).contains(&event.weight));
    assert!((0..7_289_654_400_000).contains(&event.happened_at.0));
    assert!(event.message.len() <= 8 << 10);
    assert!(event.attributes.len() <= 65 && event.attributes.is_sorted());
    let texts = [&event.category, &event.signature, &event.user, &event.host, &event.program];
    let texts = texts.into_iter().map(|text| &**text).chain([&*event.rated, &*event.protocol]);
    let attributes = event.attributes.iter().flat_map(|(name, text)| [&**name, &**text]);
    assert!(texts.chain(attributes).all(|text| text.len() <= 1_100));
}

/// How many rows of its envelope a row is.
fn rows_of(row: &Row) -> u32 {
    match row {
        Row::Reported(report) => report.rows,
        Row::ReportedAgain(again) => again.report.rows,
        Row::Done(_) | Row::Decided(_) | Row::Happened(_) | Row::Replayed(_) => 1,
    }
}

/// A report has cells that differ in what they are about, numbered, and findings in words; where something is an error of
/// the message as a whole it has no cells.
fn is_whole(report: &Report) {
    assert!(report.rows as usize >= report.cells.len().max(1));
    assert!(report.cells.iter().enumerate().all(|(at, cell)| cell.row as usize == at));
    let mut keys: Vec<_> = report.cells.iter().map(|cell| cell.key).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "two cells are about the same");
    assert!(
        report.left_out.iter().all(|key| keys.binary_search(key).is_err()),
        "a cell is there and left out"
    );
    assert!(report.findings.len() <= FINDINGS_KEPT);
    for finding in &report.findings {
        told(&finding.message);
        assert!(finding.at.len() < 1_000 && finding.stands.len() < 2_000);
    }
    assert!(!report.cells.is_empty() || !report.findings.is_empty(), "nothing is told of nothing");
}

fn worded(rejection: &Rejection) {
    told(&rejection.message);
}

fn told(message: &Text) {
    for words in [&message.vi, &message.en] {
        assert!(!words.is_empty() && words.len() < 4_000, "{words}");
        assert!(!words.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{words:?}");
    }
}

/// The row as it would be sent in the most explicit way, decoded.
fn written_again(observation: &Observation) -> Observation {
    let names = DECODER.names();
    let text = |text: &str| serde_json::to_string(text).expect("a text has a JSON form");
    let line = format!(
        r#"{{"ts":"{}","station":{},"indicator":{},"value":{:?},"quality":"{}"}}"#,
        observation.event_time.rfc3339(),
        text(&names.subject(observation.series.subject)),
        text(&names.indicator(observation.series.indicator)),
        observation.value,
        observation.quality.word(),
    );
    let envelope = Envelope {
        position: Position::default(),
        feed: PERMISSIVE_JSON,
        received_at: RECEIVED_AT,
        content: Content::Raw,
        address: "t",
        attributes: Attributes::default(),
        payload: line.as_bytes(),
    };
    let mut rows = Rows::default();
    let outcome = DECODER.decode(&envelope, &mut rows);
    assert_eq!(outcome, Outcome::Decoded { rows: 1 }, "{line}");
    let [again] = rows.observations[..] else { panic!("{line} became {:?}", rows.rejects) };
    // Whence and when it came is another; and a converted value may happen to be what devices send for none.
    let quality = if observation.value.abs() >= 999.0 { observation.quality } else { again.quality };
    Observation { source: observation.source, arrival: observation.arrival, quality, ..again }
}

fn acted_again(action: &Action) {
    let (alert, user, note) = (action.alert.to_string(), &*action.user, &*action.note);
    let said = serde_json::json!({ "action": "acknowledge", "alert": alert, "user": user, "note": note });
    let said = said.to_string();
    let envelope = Envelope {
        position: Position::default(),
        feed: OPERATOR,
        received_at: RECEIVED_AT,
        content: Content::Raw,
        address: "t",
        attributes: Attributes::default(),
        payload: said.as_bytes(),
    };
    let mut rows = Rows::default();
    let _ = DECODER.decode(&envelope, &mut rows);
    let [Row::Done(again)] = &rows.others[..] else { panic!("{said} became {:?}", rows.rejects) };
    assert_eq!((&again.alert, &again.user, &again.note), (&action.alert, &action.user, &action.note));
}

/// What was handed on.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    observations: Vec<Observation>,
    others: Vec<Row>,
    rejects: Vec<(u32, Rejection, Vec<u8>)>,
}

impl Rows {
    /// Rows are numbered from 0 without gaps over all kinds, and those of a kind come in order.
    fn are_in_order(&self) {
        let of = |arrival: &Arrival| {
            assert_eq!(arrival.received_at, RECEIVED_AT);
            arrival.row
        };
        let observations: Vec<u32> = self.observations.iter().map(|row| of(&row.arrival)).collect();
        let each = |row: &Row| (0..rows_of(row)).map(|at| of(&row.arrival()) + at).collect::<Vec<_>>();
        let others: Vec<u32> = self.others.iter().flat_map(each).collect();
        let rejects: Vec<u32> = self.rejects.iter().map(|(row, ..)| *row).collect();
        assert!([&observations, &others, &rejects].iter().all(|rows| rows.is_sorted()));
        let mut all = [observations, others, rejects].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..all.len() as u32), "{all:?}");
    }
}

impl RowSink for Rows {
    fn observation(&mut self, observation: Observation) {
        let Observation { value, .. } = observation;
        assert!(value.is_finite() && (value != 0.0 || value.is_sign_positive()));
        self.observations.push(observation);
    }

    fn row(&mut self, row: Row) {
        self.others.push(row);
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]) {
        self.rejects.push((row, rejection, raw.to_vec()));
    }
}

/// Takes rows as the dataflow does: none is kept here.
struct Count(u32);

impl RowSink for Count {
    fn observation(&mut self, _: Observation) {
        self.0 += 1;
    }

    fn row(&mut self, row: Row) {
        self.0 += rows_of(&row);
    }

    fn rejected(&mut self, _: u32, _: Rejection, _: &[u8]) {
        self.0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_target_whose_bytes_reach_its_decoder() {
        for format in FormatName::ALL.into_iter().chain([FormatName::OperatorAction]) {
            let (target, feeds) = target_of(format);
            assert!(crate::Target::named(target).is_some(), "{} has no target '{target}'", format.word());
            let reach = |feed: &&&str| DECODER.pack().feeds.get(**feed).is_some_and(|it| it.format == format);
            let reached = feeds.iter().filter(reach).count();
            // An operator's feed is in no pack, and what no feed takes is JSON.
            assert!(reached > 0 || feeds == [OPERATOR], "no feed of '{target}' is of {}", format.word());
        }
    }
}

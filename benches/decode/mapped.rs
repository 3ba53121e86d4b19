//! What a mapping costs: observations a second on one core, by the decoder alone, beside a format that is written by hand
//! and beside jq itself.
//!
//! A message is one of a vendor's box: a device, a moment, nine readings as texts with a comma, of which one is switched off.
//! The mapping is jq's own language and nothing else, so that jq runs the same text on the same messages (`jq -c`, with
//! what it takes to read and print them; without jq that line is left out). By hand the same observations come as an array
//! of `json_observation`. What comes out is compared before anything is measured. Time is that on a processor.
//!
//!     cargo bench -p ioc-decode --bench mapped

#[path = "processor.rs"]
mod processor;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use ioc_decode::{Decoder, Known, Outcome, RowSink, trial::permissive_feed};
use ioc_model::{
    attribute::Attributes,
    envelope::{Content, Envelope},
    names::Names,
    observation::Observation,
    pack::{FormatName, Pack},
    position::Position,
    reject::Rejection,
    row::Row,
    time::ReceivedAt,
};

/// How long each is measured. Seconds.
const SPAN: f64 = 3.0;
/// 2026-11-20T08:00:00+07:00.
const RECEIVED_AT: ReceivedAt = ReceivedAt(1_795_136_400_000);
const MESSAGES: u32 = 500;
/// What the box calls what it measures, and what that is. The fifth is switched off.
const MEASURED: [(&str, &str); 9] = [
    ("pm2_5", "pm25"),
    ("pm10", "pm10"),
    ("T", "temperature"),
    ("H", "humidity"),
    ("o3", "o3"),
    ("no2", "no2"),
    ("so2", "so2"),
    ("co", "co"),
    ("ph", "ph"),
];
const OFF: usize = 4;
/// So often jq reads all messages: starting it should not count.
const JQ_ROUNDS: usize = 100;
/// What a kernel counts processor time in. Ticks a second.
const TICKS: f64 = 100.0;
const MAPPING: &str = r#"# A vendor's box.
def number: sub(","; ".") | tonumber;
{ "T": "temperature", "H": "humidity", "pm2_5": "pm25" } as $known
| .box as $subject
| .at as $time
| .readings[]
| select(.on)
| { $subject, indicator: ($known[.k] // .k), $time, value: (.v | number) }
"#;

#[derive(Default)]
struct Count {
    observations: u64,
    rejects: u64,
    kept: Vec<(i64, u64)>,
    keeps: bool,
}

impl RowSink for Count {
    fn observation(&mut self, observation: Observation) {
        self.observations += 1;
        if self.keeps {
            self.kept.push((observation.event_time.0, observation.value.to_bits()));
        }
    }

    fn row(&mut self, _: Row) {}

    fn rejected(&mut self, _: u32, _: Rejection, _: &[u8]) {
        self.rejects += 1;
    }
}

fn decoder() -> Decoder {
    let files = ioc_testing::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/pack"));
    let mut pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    for format in [FormatName::JsonObservation, FormatName::MappedJson, FormatName::MappedLines] {
        let mut feed = permissive_feed(format, false);
        feed.id = format.word().to_owned();
        if let Some(mapping) = &mut feed.contract.mapping {
            (mapping.file, mapping.text) = ("mappings/box.jq".to_owned(), MAPPING.into());
        }
        let _ = pack.feeds.insert(feed.id.clone(), feed);
    }
    Decoder::new(Arc::new(pack), Names::default()).expect("a decoder")
}

fn at(message: u32) -> String {
    format!("2026-11-20T07:{:02}:{:02}+07:00", message / 60 % 60, message % 60)
}

fn value(message: u32, measured: usize) -> String {
    format!("{}.{measured}", 20 + message % 17)
}

fn of_the_box(message: u32) -> Vec<u8> {
    let reading = |(measured, (key, _)): (usize, &(&str, &str))| {
        let (value, on) = (value(message, measured).replace('.', ","), measured != OFF);
        format!(r#"{{"k":"{key}","v":"{value}","on":{on},"unit":"x","q":{{"ok":true,"n":{measured}}}}}"#)
    };
    let readings: Vec<String> = MEASURED.iter().enumerate().map(reading).collect();
    let (number, at, readings) = (message % 50, at(message), readings.join(","));
    format!(r#"{{"box":"box-{number}","at":"{at}","fw":"1.2.3","rssi":-71,"readings":[{readings}]}}"#)
        .into_bytes()
}

fn by_hand(message: u32) -> Vec<u8> {
    let (number, at) = (message % 50, at(message));
    let row = |(measured, (_, indicator)): (usize, &(&str, &str))| {
        let value = value(message, measured);
        format!(r#"{{"subject":"box-{number}","indicator":"{indicator}","time":"{at}","value":{value}}}"#)
    };
    let on = MEASURED.iter().enumerate().filter(|(measured, _)| *measured != OFF);
    format!("[{}]", on.map(row).collect::<Vec<_>>().join(",")).into_bytes()
}

/// How long processes that were waited for were on one.
fn processor_seconds_of_children() -> f64 {
    let said = fs::read_to_string("/proc/self/stat").expect("the state of a process");
    let behind_name = said.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(13).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / TICKS
}

fn decode(decoder: &Decoder, known: &mut Known, format: FormatName, payload: &[u8], count: &mut Count) {
    let envelope = Envelope {
        position: Position::default(),
        feed: format.word(),
        received_at: RECEIVED_AT,
        content: Content::Raw,
        address: "/ingest/box",
        attributes: Attributes::new(&[], &[]),
        payload,
    };
    let outcome = decoder.decode_knowing(known, &envelope, count);
    assert!(matches!(outcome, Outcome::Decoded { .. }), "{outcome:?}");
}

/// What payloads become.
fn becomes(decoder: &Decoder, format: FormatName, payloads: &[Vec<u8>]) -> Vec<(i64, u64)> {
    let mut count = Count { keeps: true, ..Count::default() };
    let mut known = Known::default();
    payloads.iter().for_each(|payload| decode(decoder, &mut known, format, payload, &mut count));
    assert_eq!(count.rejects, 0);
    count.kept
}

fn measure(decoder: &Decoder, name: &str, format: FormatName, payloads: &[Vec<u8>]) {
    let (mut known, mut count) = (Known::default(), Count::default());
    let (begun, before) = (Instant::now(), processor::seconds());
    while begun.elapsed().as_secs_f64() < SPAN {
        payloads.iter().for_each(|payload| decode(decoder, &mut known, format, payload, &mut count));
    }
    let seconds = processor::seconds() - before;
    assert_eq!(count.rejects, 0);
    println!("{name}: {:.0} observations/s", count.observations as f64 / seconds);
}

fn measure_jq(messages: &[Vec<u8>]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (program, input) = (folder.join("box.jq"), folder.join("messages.jsonl"));
    let lines = messages.join(&b'\n');
    fs::write(&program, MAPPING).expect("the mapping");
    fs::write(&input, [&lines[..], b"\n"].concat().repeat(JQ_ROUNDS)).expect("the messages");
    let run =
        || Command::new("jq").arg("-c").arg("-f").arg(&program).arg(&input).stderr(Stdio::inherit()).output();
    let before = processor_seconds_of_children();
    let Ok(told) = run() else { return println!("jq: not on this machine") };
    let seconds = processor_seconds_of_children() - before;
    assert!(told.status.success());
    let rows = memchr::memchr_iter(b'\n', &told.stdout).count();
    assert_eq!(rows, JQ_ROUNDS * messages.len() * (MEASURED.len() - 1), "jq makes as many");
    println!("jq, lines of a file: {:.0} observations/s", rows as f64 / seconds);
}

fn main() {
    let decoder = decoder();
    let messages: Vec<Vec<u8>> = (0..MESSAGES).map(of_the_box).collect();
    let arrays: Vec<Vec<u8>> = (0..MESSAGES).map(by_hand).collect();
    let lines = vec![messages.join(&b'\n')];
    let expected = becomes(&decoder, FormatName::JsonObservation, &arrays);
    assert_eq!(expected.len(), arrays.len() * (MEASURED.len() - 1));
    assert_eq!(becomes(&decoder, FormatName::MappedJson, &messages), expected);
    assert_eq!(becomes(&decoder, FormatName::MappedLines, &lines), expected);
    measure(&decoder, "by hand, a message each", FormatName::JsonObservation, &arrays);
    measure(&decoder, "mapped, a message each", FormatName::MappedJson, &messages);
    measure(&decoder, "mapped, 500 lines a message", FormatName::MappedLines, &lines);
    measure_jq(&messages);
}

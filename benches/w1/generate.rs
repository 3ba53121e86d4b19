//! The workload: event time runs at 3,200 events a second, one reading of each series every five seconds.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use ioc_model::time::EventTime;

use crate::{INDICATORS, START, STATIONS};

/// Keys in any of their orders; the first is the one most senders write.
const ORDERS: [[usize; 5]; 6] =
    [[0, 1, 2, 3, 4], [1, 2, 0, 3, 4], [3, 4, 1, 2, 0], [4, 3, 2, 1, 0], [2, 1, 3, 0, 4], [0, 3, 1, 4, 2]];

/// Copies of a line are at most so many lines behind it: ten seconds of event time.
const COPIES_WITHIN: u64 = 32_000;

struct Event {
    series: u32,
    time: i64,
    value: f64,
    order: usize,
}

/// splitmix64: the same events every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

pub(crate) fn write(file: &Path, events: u64) {
    let mut out = BufWriter::new(File::create(file).expect("a file to write"));
    let mut chance = Chance(7);
    let series = STATIONS * INDICATORS.len() as u32;
    // Late events and copies wait here for the place they are sent at.
    let mut waiting: std::collections::BTreeMap<u64, Vec<String>> = std::collections::BTreeMap::new();
    for number in 0..events {
        let event = Event {
            series: (number % u64::from(series)) as u32,
            time: START + (number * 10 / 32) as i64,
            value: chance.below(10_000) as f64 / 100.0,
            order: chance.below(ORDERS.len() as u64) as usize,
        };
        let line = line(&event);
        match chance.below(1_000) {
            0 => put(&mut out, &malformed(&event, chance.below(5))),
            1..=50 => waiting.entry(number + chance.below(60_000 * 32 / 10)).or_default().push(line),
            kind => {
                put(&mut out, &line);
                if kind <= 55 {
                    waiting.entry(number + chance.below(COPIES_WITHIN)).or_default().push(line);
                }
            }
        }
        while waiting.first_key_value().is_some_and(|(due, _)| *due <= number) {
            for line in waiting.pop_first().map(|(_, lines)| lines).unwrap_or_default() {
                put(&mut out, &line);
            }
        }
    }
    for line in waiting.into_values().flatten() {
        put(&mut out, &line);
    }
    out.flush().expect("room for the workload");
}

fn put(out: &mut impl std::io::Write, line: &str) {
    out.write_all(line.as_bytes()).expect("room for the workload");
    out.write_all(b"\n").expect("room for the workload");
}

fn fields(event: &Event) -> [String; 5] {
    [
        format!(r#""ts":"{}""#, EventTime(event.time).rfc3339()),
        format!(r#""station":"TN-{:04}""#, event.series / 8),
        format!(r#""indicator":"{}""#, INDICATORS[(event.series % 8) as usize]),
        format!(r#""value":{}"#, event.value),
        r#""quality":0"#.to_owned(),
    ]
}

fn line(event: &Event) -> String {
    let fields = fields(event);
    let mut line = String::with_capacity(112);
    for (place, field) in ORDERS[event.order].iter().enumerate() {
        let _ = write!(line, "{}{}", if place == 0 { '{' } else { ',' }, fields[*field]);
    }
    line.push('}');
    line
}

fn malformed(event: &Event, kind: u64) -> String {
    let [time, station, indicator, value, quality] = fields(event);
    match kind {
        0 => format!("{{{time},{station},{}", &indicator[..8]),
        1 => format!("{{{time},{station},{indicator},{quality}}}"),
        2 => format!(r#"{{{time},{station},{indicator},"value":"n/a",{quality}}}"#),
        3 => "no reading at all".to_owned(),
        _ => format!(r#"{{"ts":"2026-02-31T00:00:00.000Z",{station},{indicator},{value},{quality}}}"#),
    }
}

//! How fast what gateways publish becomes observations, on one core: the decoder alone, without log, dataflow or store.
//!
//! The pack and the devices are those of the golden cases; messages are theirs where all of a message is an observation, and
//! shaped after them else. 500 messages of each, a second apart, are decoded again and again for a few seconds, by
//! somebody who has met their devices before, and handed to a sink that counts them and drops them. Counted is the time on
//! a processor, so that what else runs on the machine takes away less of the figure. Beside it, with what it costs to
//! read the same bytes as JSON alone, by `serde_json` into its own tree: what is above 1 is faster than that.
//!
//!     cargo bench -p ioc-decode --bench payloads [-- WORD]

#[path = "processor.rs"]
mod processor;

use std::{fs, path::Path, sync::Arc, time::Instant};

use ioc_decode::{Decoder, Known, Outcome, RowSink};
use ioc_model::{
    attribute::Attributes,
    envelope::{Content, Envelope},
    names::Names,
    observation::Observation,
    pack::Pack,
    position::Position,
    reject::Rejection,
    row::Row,
    time::ReceivedAt,
};

/// How long each is measured. Seconds.
const SPAN: f64 = 3.0;
/// 2026-11-20T08:00:00+07:00.
const RECEIVED_AT: ReceivedAt = ReceivedAt(1_795_136_400_000);
/// 2026-11-20T07:00:00+07:00, seconds since 1970.
const FIRST: u32 = 1_795_132_800;
const MESSAGES: u32 = 500;

#[derive(Default)]
struct Count {
    observations: u64,
    rejects: Vec<String>,
}

impl RowSink for Count {
    fn observation(&mut self, _: Observation) {
        self.observations += 1;
    }

    fn row(&mut self, _: Row) {}

    fn rejected(&mut self, _: u32, why: Rejection, _: &[u8]) {
        self.rejects.push(format!("{why:?}"));
    }
}

/// Messages of one kind, and where they come from.
struct Payloads {
    name: &'static str,
    feed: &'static str,
    address: &'static str,
    message: fn(u32) -> String,
}

/// In UTC.
fn at(message: u32) -> String {
    format!("2026-11-20T00:{:02}:{:02}Z", message / 60 % 60, message % 60)
}

fn value(message: u32, row: u32) -> f64 {
    f64::from((message * 7 + row * 13) % 400) / 10.0 + 5.0
}

const ROWS: u32 = 8;

fn rows(row: impl Fn(u32) -> String) -> String {
    (0..ROWS).map(row).collect::<Vec<_>>().join(",")
}

const KINDS: [Payloads; 10] = [
    Payloads {
        name: "json_observation, one a message",
        feed: "air",
        address: "ioc/air/air-2/observation",
        message: |m| {
            let (time, value) = (at(m), value(m, 0));
            format!(r#"{{"indicator":"pm25","subject":"air-2","time":"{time}","value":{value}}}"#)
        },
    },
    Payloads {
        name: "json_observation, an array of 8",
        feed: "air",
        address: "ioc/air/air-2/observation",
        message: |m| {
            let row = |row| {
                let (time, value) = (at(m + row), value(m, row));
                format!(r#"{{"indicator":"pm25","subject":"air-2","time":"{time}","value":{value}}}"#)
            };
            format!("[{}]", rows(row))
        },
    },
    Payloads {
        name: "senml, a pack of 8",
        feed: "senml",
        address: "senml/gw-1",
        message: |m| {
            let row = |row| format!(r#"{{"n":"temperature","t":{},"v":{}}}"#, row * 60, value(m, row));
            let base = FIRST + m;
            format!(
                r#"[{{"bn":"urn:dev:ow:10e2073a01080063:","bt":{base},"bu":"Cel","bver":10}},{}]"#,
                rows(row)
            )
        },
    },
    Payloads {
        name: "ngsi_ld, two properties a notification",
        feed: "ngsi",
        address: "/ingest/ngsi",
        message: |m| {
            let (time, fine, coarse) = (at(m), value(m, 0), value(m, 1));
            format!(
                r#"{{"id":"urn:ngsi-ld:Notification:1","type":"Notification","notifiedAt":"{time}","data":[{{"id":"urn:ngsi-ld:AirQualityObserved:x","type":"AirQualityObserved","refDevice":{{"type":"Relationship","object":"urn:ngsi-ld:Device:air-2"}},"pm25":{{"type":"Property","value":{fine},"unitCode":"GQ","observedAt":"{time}"}},"no2":{{"type":"Property","value":{coarse},"observedAt":"{time}"}}}}]}}"#
            )
        },
    },
    Payloads {
        name: "sensorthings, a list of 8",
        feed: "sensorthings",
        address: "v1.1/Observations",
        message: |m| {
            let row = |row| {
                let (time, value) = (at(m + row), value(m, row));
                format!(r#"{{"phenomenonTime":"{time}","result":{value},"Datastream":{{"@iot.id":7}}}}"#)
            };
            format!(r#"{{"@iot.count":{ROWS},"value":[{}]}}"#, rows(row))
        },
    },
    Payloads {
        name: "station_json, five of a sample",
        feed: "loggers",
        address: "wynd/TN_KCNPD_NUOTHA/data",
        message: |_| case("station_json/one_sample"),
    },
    Payloads {
        name: "chirpstack, two of an uplink",
        feed: "lorawan",
        address: "application/8f1c2b7e-0000-4000-8000-000000000001/device/70b3d57ed0000001/event/up",
        message: |_| case("chirpstack/first"),
    },
    Payloads {
        name: "zigbee2mqtt, two of a state",
        feed: "zigbee",
        address: "zigbee2mqtt/kho-thuoc/tu-lanh-1",
        message: |_| case("zigbee2mqtt/with_its_time"),
    },
    Payloads {
        name: "tasmota, two of a telemetry",
        feed: "tasmota",
        address: "tele/nha-tram/SENSOR",
        message: |m| {
            let (minute, second) = (m / 60 % 60, m % 60);
            let (temperature, humidity) = (value(m, 0), value(m, 1));
            format!(
                r#"{{"Time":"2026-11-20T07:{minute:02}:{second:02}","BME280":{{"Temperature":{temperature},"Humidity":{humidity}}},"TempUnit":"C"}}"#
            )
        },
    },
    Payloads {
        name: "json_observation, 40 lines a message",
        feed: "air",
        address: "ioc/air/air-2/observation",
        message: |m| {
            let line = |line| {
                let (time, value) = (at(m + line), value(m, line));
                format!(r#"{{"indicator":"pm25","subject":"air-2","time":"{time}","value":{value}}}"#)
            };
            (0..40).map(line).collect::<Vec<_>>().join("\n")
        },
    },
];

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn case(name: &str) -> String {
    fs::read_to_string(cases().join(name).join("input.json")).expect("a golden case")
}

/// What it takes a second of a processor to go through the payloads: times a second.
fn rate(mut once: impl FnMut()) -> f64 {
    let (begun, before, mut rounds) = (Instant::now(), processor::seconds(), 0.0);
    while begun.elapsed().as_secs_f64() < SPAN {
        once();
        rounds += 1.0;
    }
    rounds / (processor::seconds() - before)
}

fn measure(decoder: &Decoder, kind: &Payloads) {
    let payloads: Vec<String> = (0..MESSAGES).map(kind.message).collect();
    let bytes: usize = payloads.iter().map(String::len).sum();
    let mut known = Known::default();
    let mut once = |count: &mut Count| {
        for payload in &payloads {
            let envelope = Envelope {
                position: Position::default(),
                feed: kind.feed,
                received_at: RECEIVED_AT,
                content: Content::Raw,
                address: kind.address,
                attributes: Attributes::new(&[], &[]),
                payload: payload.as_bytes(),
            };
            let outcome = decoder.decode_knowing(&mut known, &envelope, count);
            assert!(matches!(outcome, Outcome::Decoded { .. }), "{}: {outcome:?}", kind.name);
        }
    };
    let mut of_one = Count::default();
    once(&mut of_one);
    assert_eq!(of_one.rejects.first(), None, "{}", kind.name);
    let mut count = Count::default();
    let ours = rate(|| once(&mut count));
    let tree = rate(|| {
        for payload in &payloads {
            for value in serde_json::Deserializer::from_str(payload).into_iter::<serde_json::Value>() {
                std::hint::black_box(value.expect("JSON"));
            }
        }
    });
    println!(
        "{}: {:.0} observations/s, {:.0} messages/s, {:.0} MB/s; {:.2} of reading a tree",
        kind.name,
        ours * of_one.observations as f64,
        ours * f64::from(MESSAGES),
        ours * bytes as f64 / 1e6,
        ours / tree
    );
}

fn main() {
    let word = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let files = ioc_testing::files(&cases().join("pack"));
    let pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    let decoder = Decoder::new(Arc::new(pack), Names::default()).expect("a decoder");
    for kind in KINDS.iter().filter(|kind| word.as_ref().is_none_or(|word| kind.name.contains(word.as_str())))
    {
        measure(&decoder, kind);
    }
}

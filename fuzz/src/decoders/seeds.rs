//! Where the search through the decoder begins: the golden cases of each format, as its target takes them.

use std::fs;

use ioc_model::pack::FormatName;
use toml::Value;

use super::{BOUND_TO, BY_RELAY, WITHHELD, feeds_of};
use crate::{files_of, repository};

pub(crate) fn json_cases() -> Vec<Vec<u8>> {
    let mut seeds = cases("json_observation", feeds_of(FormatName::JsonObservation));
    let withheld = br#"{"reason":"too_large","bytes":104857600,"sha256":"ab"}"#;
    seeds.push([&[WITHHELD][..], b"ioc/air/x/observation\n", withheld].concat());
    let line = br#"{"ts":"2026-01-01T00:00:00Z","station":"TN-0412","indicator":"pm25","value":37.25}"#;
    seeds.push([&[0][..], b"t\n", &line[..], b"\x1e", line, b"\n", line, b"\x1e[", line, b",1]"].concat());
    seeds
}

pub(crate) fn station_cases() -> Vec<Vec<u8>> {
    cases("station_txt", feeds_of(FormatName::StationTxt))
}

pub(crate) fn syslog_cases() -> Vec<Vec<u8>> {
    let mut seeds = cases("syslog", feeds_of(FormatName::Syslog));
    let by_relay = seeds.iter().map(|seed| [&[seed[0] | BY_RELAY], &seed[1..]].concat());
    seeds.extend(by_relay.collect::<Vec<_>>());
    seeds
}

pub(crate) fn syslog_lines_cases() -> Vec<Vec<u8>> {
    cases("syslog_lines", feeds_of(FormatName::SyslogLines))
}

/// What stands behind `CEF:` in the cases.
pub(crate) fn cef_cases() -> Vec<Vec<u8>> {
    let cases = [syslog_cases(), syslog_lines_cases()].concat();
    let lines = cases.iter().flat_map(|case| case.split(|byte| matches!(byte, b'\n' | 0x1e)));
    let mut seeds: Vec<Vec<u8>> = lines
        .filter_map(|line| {
            let at = line.windows(4).position(|bytes| bytes == b"CEF:")?;
            Some(line[at + 4..].to_vec())
        })
        .collect();
    seeds.sort();
    seeds.dedup();
    seeds
}

pub(crate) fn eve_cases() -> Vec<Vec<u8>> {
    // Of the 300 real alerts some are enough: all of them would be most of the corpus.
    let mut seeds = cases("eve", feeds_of(FormatName::Eve));
    for seed in &mut seeds {
        seed.truncate(8 << 10);
    }
    seeds
}

pub(crate) fn event_csv_cases() -> Vec<Vec<u8>> {
    cases("event_csv", feeds_of(FormatName::EventCsv))
}

pub(crate) fn table_cases() -> Vec<Vec<u8>> {
    cases("table", feeds_of(FormatName::Table))
}

pub(crate) fn sdmx_csv_cases() -> Vec<Vec<u8>> {
    cases("sdmx_csv", feeds_of(FormatName::SdmxCsv))
}

pub(crate) fn sdmx_json_cases() -> Vec<Vec<u8>> {
    cases("sdmx_json", feeds_of(FormatName::SdmxJson))
}

pub(crate) fn dhis2_cases() -> Vec<Vec<u8>> {
    cases("dhis2", feeds_of(FormatName::Dhis2))
}

pub(crate) fn fhir_cases() -> Vec<Vec<u8>> {
    cases("fhir", feeds_of(FormatName::Fhir))
}

pub(crate) fn senml_cases() -> Vec<Vec<u8>> {
    cases("senml", feeds_of(FormatName::Senml))
}

pub(crate) fn chirpstack_cases() -> Vec<Vec<u8>> {
    cases("chirpstack", feeds_of(FormatName::Chirpstack))
}

pub(crate) fn zigbee2mqtt_cases() -> Vec<Vec<u8>> {
    cases("zigbee2mqtt", feeds_of(FormatName::Zigbee2mqtt))
}

pub(crate) fn tasmota_cases() -> Vec<Vec<u8>> {
    cases("tasmota", feeds_of(FormatName::Tasmota))
}

pub(crate) fn sensorthings_cases() -> Vec<Vec<u8>> {
    cases("sensorthings", feeds_of(FormatName::Sensorthings))
}

pub(crate) fn ngsi_ld_cases() -> Vec<Vec<u8>> {
    cases("ngsi_ld", feeds_of(FormatName::NgsiLd))
}

pub(crate) fn station_json_cases() -> Vec<Vec<u8>> {
    cases("station_json", feeds_of(FormatName::StationJson))
}

pub(crate) fn sparkplug_b_cases() -> Vec<Vec<u8>> {
    cases("sparkplug_b", feeds_of(FormatName::SparkplugB))
}

pub(crate) fn mapped_json_cases() -> Vec<Vec<u8>> {
    cases("mapped_json", feeds_of(FormatName::MappedJson))
}

pub(crate) fn mapped_csv_cases() -> Vec<Vec<u8>> {
    cases("mapped_csv", feeds_of(FormatName::MappedCsv))
}

pub(crate) fn personal_cases() -> Vec<Vec<u8>> {
    // Those of the other targets, of which each has its address before it.
    let all = [table_cases(), sdmx_csv_cases(), sdmx_json_cases(), dhis2_cases(), fhir_cases()];
    let payload =
        |case: &Vec<u8>| case.iter().position(|byte| *byte == b'\n').map(|end| case[end + 1..].to_vec());
    let of = |(how, cases): (u8, &Vec<Vec<u8>>)| -> Vec<Vec<u8>> {
        cases.iter().filter_map(payload).map(|payload| [&[how][..], &payload].concat()).collect()
    };
    (1..).zip(&all).flat_map(of).collect()
}

pub(crate) fn actions() -> Vec<Vec<u8>> {
    [
        r#"{"action":"acknowledge","alert":"pm25-day~TN-0412~3","user":"an","note":"gọi trạm"}"#,
        r#"{"action":"acknowledge","alert":"a~S1~1","user":"\u0061n"}"#,
        r#"{"action":"accept_held","rows":[{"sender":"gw","indicator":"pm25","subject":"S1","day":"2026-01-01"}],"user":"an"}"#,
        r#"{"action":"refuse_held","rows":[{"sender":"","indicator":"","subject":"S1","day":"2026-02-30"}],"user":"an"}"#,
        r#"{"action":"close","alert":"a~S1~1","user":"an"}"#,
        r#"{"action":"acknowledge","alert":"a~S1","user":""}"#,
    ]
    .iter()
    .map(|said| [b"\0t\n", said.as_bytes()].concat())
    .collect()
}

/// The golden cases of a format, each by the feed it is judged by and by all of the others.
fn cases(format: &str, feeds: &[&str]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for case in files_of(&repository("decode/cases").join(format)) {
        let files = files_of(&case);
        let is_input = |path: &&std::path::PathBuf| path.file_stem().is_some_and(|stem| stem == "input");
        let input = files.iter().find(is_input).expect("a case has an input");
        let meta = fs::read_to_string(case.join("meta.toml")).expect("a case has a meta.toml");
        let meta: toml::Table = meta.parse().expect("a case's meta.toml");
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        let address = meta.get("address").and_then(Value::as_str).unwrap_or(&name);
        let is_bound = meta.get("attributes").is_some_and(|told| told.get("bound_to").is_some());
        let mut payload = fs::read(input).expect("a case's input");
        if meta.get("each_line").and_then(Value::as_bool) == Some(true) {
            payload.iter_mut().filter(|byte| **byte == b'\n').for_each(|end| *end = 0x1e);
        }
        for feed in 0..feeds.len() {
            let how = feed as u8 | if is_bound { BOUND_TO } else { 0 };
            seeds.push([&[how], address.as_bytes(), b"\n", &payload].concat());
        }
    }
    assert!(!seeds.is_empty());
    seeds
}

pub(crate) fn mapped_lines_cases() -> Vec<Vec<u8>> {
    cases("mapped_lines", feeds_of(FormatName::MappedLines))
}

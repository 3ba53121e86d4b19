//! What inputs become, case by case: see `cases/README.md`.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use ioc_decode::{
    Decoder,
    trial::{PERMISSIVE_FEED, permissive_feed, trial},
};
use ioc_model::{
    attribute::{self, Attributes},
    names::Names,
    pack::{FormatName, Pack},
    time::ReceivedAt,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    #[serde(rename = "why")]
    _why: String,
    feed: Option<String>,
    address: Option<String>,
    received_at: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    each_line: bool,
}

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn decoder(format: FormatName) -> Decoder {
    let files = ioc_testing::files(&cases().join("pack"));
    let mut pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    let feed = permissive_feed(format, false);
    let _ = pack.feeds.insert(feed.id.clone(), feed);
    Decoder::new(Arc::new(pack), Names::default()).unwrap()
}

fn folders(path: &Path) -> Vec<std::path::PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn becomes(decoder: &Decoder, case: &Path) -> String {
    let meta: Meta = toml::from_str(&fs::read_to_string(case.join("meta.toml")).unwrap()).unwrap();
    let is_input = |path: &Path| path.file_stem().is_some_and(|stem| stem == "input");
    let mut files = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let input = files.find(|path| is_input(path)).expect("an input");
    let address = meta.address.unwrap_or_else(|| input.file_name().unwrap().to_str().unwrap().to_owned());
    let received_at = meta.received_at.unwrap_or_else(|| "2026-01-01T00:00:00Z".to_owned());
    let received_at: jiff::Timestamp = received_at.parse().unwrap();
    let feed = meta.feed.unwrap_or_else(|| PERMISSIVE_FEED.to_owned());
    let payload = fs::read(&input).unwrap();
    let told = meta.attributes.iter().map(|(word, text)| (word.as_str(), text.as_str()));
    let encoded = attribute::of_words(told).expect("words of attributes");
    let attributes = Attributes::new(&encoded, &[]);
    let received_at = ReceivedAt(received_at.as_millisecond());
    let envelopes: Vec<&[u8]> = match meta.each_line {
        true => payload.split_inclusive(|byte| *byte == b'\n').collect(),
        false => vec![&payload],
    };
    let tried = envelopes.iter().map(|one| trial(decoder, &feed, &address, attributes, received_at, one));
    tried.flat_map(|tried| tried.lines).map(|line| format!("{line}\n")).collect()
}

fn run(format: FormatName) {
    let decoder = decoder(format);
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let all = folders(&cases().join(format.word()));
    assert!(!all.is_empty());
    let mut wrong = Vec::new();
    for case in all {
        let found = becomes(&decoder, &case);
        let expected = case.join("expected.jsonl");
        if update {
            fs::write(&expected, &found).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if found != wanted {
            wrong.push(format!("{}\nexpected\n{wanted}found\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_json_observation_becomes_what_its_case_says() {
    run(FormatName::JsonObservation);
}

#[test]
fn every_station_file_becomes_what_its_case_says() {
    run(FormatName::StationTxt);
}

#[test]
fn every_syslog_message_becomes_what_its_case_says() {
    run(FormatName::Syslog);
}

#[test]
fn every_file_of_syslog_lines_becomes_what_its_case_says() {
    run(FormatName::SyslogLines);
}

#[test]
fn every_record_of_eve_becomes_what_its_case_says() {
    run(FormatName::Eve);
}

#[test]
fn every_table_of_events_becomes_what_its_case_says() {
    run(FormatName::EventCsv);
}

#[test]
fn every_table_of_a_form_becomes_what_its_case_says() {
    run(FormatName::Table);
}

#[test]
fn every_message_of_sdmx_csv_becomes_what_its_case_says() {
    run(FormatName::SdmxCsv);
}

#[test]
fn every_message_of_sdmx_json_becomes_what_its_case_says() {
    run(FormatName::SdmxJson);
}

#[test]
fn every_data_value_set_becomes_what_its_case_says() {
    run(FormatName::Dhis2);
}

#[test]
fn every_pack_of_senml_becomes_what_its_case_says() {
    run(FormatName::Senml);
}

#[test]
fn every_uplink_of_chirpstack_becomes_what_its_case_says() {
    run(FormatName::Chirpstack);
}

#[test]
fn every_state_of_zigbee2mqtt_becomes_what_its_case_says() {
    run(FormatName::Zigbee2mqtt);
}

#[test]
fn every_telemetry_of_tasmota_becomes_what_its_case_says() {
    run(FormatName::Tasmota);
}

#[test]
fn every_observation_of_sensorthings_becomes_what_its_case_says() {
    run(FormatName::Sensorthings);
}

#[test]
fn every_entity_of_ngsi_ld_becomes_what_its_case_says() {
    run(FormatName::NgsiLd);
}

#[test]
fn every_cycle_of_a_data_logger_becomes_what_its_case_says() {
    run(FormatName::StationJson);
}

#[test]
fn every_payload_of_sparkplug_becomes_what_its_case_says() {
    run(FormatName::SparkplugB);
}

#[test]
fn every_measure_report_becomes_what_its_case_says() {
    run(FormatName::Fhir);
}

#[test]
fn every_mapped_message_becomes_what_its_case_says() {
    run(FormatName::MappedJson);
}

#[test]
fn every_mapped_table_becomes_what_its_case_says() {
    run(FormatName::MappedCsv);
}

#[test]
fn every_mapped_line_becomes_what_its_case_says() {
    run(FormatName::MappedLines);
}

//! Every target holds for its corpus, and for what is near: each seed cut short and with a byte changed. The places are
//! always the same ones.

use ioc_fuzz::{TARGETS, Target};

/// What is made of one seed at the most: as many cuts, and as many changed bytes.
const NEAR: usize = 24;
/// And of all seeds of a target together, about: some have hundreds.
const ALL_NEAR: usize = 240;

fn hold(name: &str) {
    let target = Target::named(name).expect("a target");
    let seeds = target.seeds();
    assert!(!seeds.is_empty(), "{name} has no corpus");
    let near = (ALL_NEAR / seeds.len()).clamp(2, NEAR);
    for seed in &seeds {
        holds(target, seed);
        // Bytes are changed in an order that is the same in every run, by values that mean something in most formats.
        let mut place = 7usize;
        for value in [0, 1, b'"', b'\n', b'\t', 0x7f, 0x80, 0xff].iter().cycle().take(near) {
            place = (place * 31 + 17) % seed.len().max(1);
            holds(target, &seed[..place]);
            let mut changed = seed.clone();
            if let Some(byte) = changed.get_mut(place) {
                *byte = *value;
            }
            holds(target, &changed);
        }
    }
}

fn holds(target: &Target, bytes: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(|| target.run(bytes)) {
        eprintln!("{}: {:?}", target.name, bytes.escape_ascii().to_string());
        std::panic::resume_unwind(panic);
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                hold(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(known, run);
        }
    };
}

targets! {
    json_observation station_txt operator_action
    syslog_message syslog_lines cef eve event_csv
    table workbook marked sdmx_csv sdmx_json dhis2 fhir
    senml chirpstack zigbee2mqtt tasmota sensorthings ngsi_ld station_json sparkplug_b mapped_json mapped_csv mapped_lines mapping unpack personal
    mqtt_connect mqtt_packets mqtt_exchanges mqtt_sessions mqtt_websocket
    syslog_framing followed_lines ftp_listing sftp_answer http_answer
    chunk frame segment_mark manifest checkpoint
    attributes topic_filter subject_pattern position alert_key
    pack
    archive_record
}

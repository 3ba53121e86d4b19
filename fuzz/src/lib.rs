//! What must hold for any bytes: a target for each decoder, each parser of a protocol and each format on disk.
//!
//! A target is a function of some bytes that panics if they were treated wrongly (invariants SAFE, BOUND, BALANCE,
//! REPLAY). That a parser does not panic is the least of it: what it took is written again and read again, is compared
//! with what a foreign or simpler reader makes of it, is counted, and may not allocate out of proportion to its input.
//!
//! The functions are a crate of the workspace, so that CI builds them with what is built anyway and runs each over its
//! corpus in seconds (`tests/corpus.rs`). The engine that looks for new inputs is `engine/`, a workspace of its own:
//! libFuzzer, by rustc's coverage pass, which the stable toolchain has; it needs a C++ compiler and an instrumented
//! build of everything, which neither the product's lock file nor its builds are to know of. `make fuzz` runs it.
//!
//! The corpus is made when it is needed, from the golden cases and from what this build writes
//! ([`Target::seeds`]). What a fuzzer found and was mended lies in `corpus/<target>/` and is run for ever.
//!
//! Rejected: cargo-fuzz (its sanitizers need nightly; the code is safe Rust, where they find nothing that an overflow
//! check does not), afl and honggfuzz (tools to be installed beside cargo), proptest alone (it sees no coverage).
//!
//! Records of the archive are not searched, only run over their corpus: they are JSON, and the engine would be built
//! twice as long for the Parquet around them.
//!
//! Not here, because the bytes are read by others: HTTP (hyper), ClickHouse's answers (the `clickhouse` crate),
//! Parquet (the `parquet` crate, behind a hash of the whole file), the text of TOML and CSV files. Workbooks are read by this
//! project, their XML by quick-xml.

mod allocation;
#[cfg(feature = "archive")]
mod archive;
mod decoders;
mod follow;
mod ftp_pull;
mod http_pull;
mod mappings;
mod mqtt;
mod packed;
mod packs;
mod stored;
mod syslog;
mod texts;
mod workbooks;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::decoders::seeds;

/// Something that must hold for any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its word: the name of its folder in the corpus.
    pub name: &'static str,
    run: fn(&[u8]),
    made: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// The target of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Treats the bytes as the product would.
    ///
    /// # Panics
    /// If they were treated wrongly.
    pub fn run(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }

    /// Where the search begins: the golden cases, what this build writes, and what was found before.
    ///
    /// # Panics
    /// If the corpus cannot be read.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = (self.made)();
        let found = repository("fuzz/corpus").join(self.name);
        if found.is_dir() {
            seeds.extend(files_of(&found).iter().map(|path| fs::read(path).expect("a corpus can be read")));
        }
        seeds
    }
}

/// All of them.
pub static TARGETS: &[Target] = &[
    Target { name: "json_observation", run: decoders::json_observation, made: seeds::json_cases },
    Target { name: "station_txt", run: decoders::station_txt, made: seeds::station_cases },
    Target { name: "operator_action", run: decoders::operator_action, made: seeds::actions },
    Target { name: "syslog_message", run: decoders::syslog_message, made: seeds::syslog_cases },
    Target { name: "syslog_lines", run: decoders::syslog_lines, made: seeds::syslog_lines_cases },
    Target { name: "cef", run: decoders::cef, made: seeds::cef_cases },
    Target { name: "eve", run: decoders::eve, made: seeds::eve_cases },
    Target { name: "event_csv", run: decoders::event_csv, made: seeds::event_csv_cases },
    Target { name: "table", run: decoders::table, made: seeds::table_cases },
    Target { name: "workbook", run: workbooks::workbook, made: workbooks::files },
    Target { name: "marked", run: workbooks::marked, made: workbooks::files },
    Target { name: "sdmx_csv", run: decoders::sdmx_csv, made: seeds::sdmx_csv_cases },
    Target { name: "sdmx_json", run: decoders::sdmx_json, made: seeds::sdmx_json_cases },
    Target { name: "dhis2", run: decoders::dhis2, made: seeds::dhis2_cases },
    Target { name: "fhir", run: decoders::fhir, made: seeds::fhir_cases },
    Target { name: "senml", run: decoders::senml, made: seeds::senml_cases },
    Target { name: "chirpstack", run: decoders::chirpstack, made: seeds::chirpstack_cases },
    Target { name: "zigbee2mqtt", run: decoders::zigbee2mqtt, made: seeds::zigbee2mqtt_cases },
    Target { name: "tasmota", run: decoders::tasmota, made: seeds::tasmota_cases },
    Target { name: "sensorthings", run: decoders::sensorthings, made: seeds::sensorthings_cases },
    Target { name: "ngsi_ld", run: decoders::ngsi_ld, made: seeds::ngsi_ld_cases },
    Target { name: "station_json", run: decoders::station_json, made: seeds::station_json_cases },
    Target { name: "sparkplug_b", run: decoders::sparkplug_b, made: seeds::sparkplug_b_cases },
    Target { name: "mapped_json", run: decoders::mapped_json, made: seeds::mapped_json_cases },
    Target { name: "mapped_csv", run: decoders::mapped_csv, made: seeds::mapped_csv_cases },
    Target { name: "mapped_lines", run: decoders::mapped_lines, made: seeds::mapped_lines_cases },
    Target { name: "mapping", run: mappings::mapping, made: mappings::texts },
    Target { name: "unpack", run: packed::unpack, made: packed::bodies },
    Target { name: "personal", run: decoders::personal, made: seeds::personal_cases },
    Target { name: "mqtt_connect", run: mqtt::connect, made: mqtt::connects },
    Target { name: "mqtt_packets", run: mqtt::packets, made: mqtt::connections },
    Target { name: "mqtt_exchanges", run: mqtt::exchanges, made: mqtt::exchange_files },
    Target { name: "mqtt_sessions", run: mqtt::sessions, made: mqtt::session_files },
    Target { name: "mqtt_websocket", run: mqtt::websocket, made: mqtt::websockets },
    Target { name: "syslog_framing", run: syslog::framing, made: syslog::connections },
    Target { name: "followed_lines", run: follow::lines, made: follow::files },
    Target { name: "ftp_listing", run: ftp_pull::listing, made: ftp_pull::listings },
    Target { name: "sftp_answer", run: ftp_pull::answer, made: ftp_pull::answers },
    Target { name: "http_answer", run: http_pull::answer, made: http_pull::answers },
    Target { name: "chunk", run: stored::chunk, made: stored::chunks },
    Target { name: "frame", run: stored::frame, made: stored::frames },
    Target { name: "segment_mark", run: stored::segment_mark, made: stored::segment_heads },
    Target { name: "manifest", run: stored::manifest, made: stored::manifests },
    Target { name: "checkpoint", run: stored::checkpoint, made: stored::checkpoints },
    Target { name: "attributes", run: texts::attributes, made: texts::some_attributes },
    Target { name: "topic_filter", run: texts::topic_filter, made: texts::filters_and_topics },
    Target { name: "subject_pattern", run: texts::subject_pattern, made: texts::patterns_and_subjects },
    Target { name: "position", run: texts::position, made: texts::positions },
    Target { name: "alert_key", run: texts::alert_key, made: texts::alert_keys },
    Target { name: "pack", run: packs::pack, made: packs::files },
    #[cfg(feature = "archive")]
    archive::TARGET,
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder's entry").path()).collect();
    files.sort();
    files
}

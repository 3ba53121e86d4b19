//! What reads numbers or records out of bytes by the words below has a target: another source that uses one of them fails
//! here. A parser that reads bytes by other words, or text, is not seen.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use ioc_fuzz::Target;

/// How bytes are read, in words of the sources.
const READS: [&str; 5] = [
    "postcard::from_bytes",
    "postcard::take_from_bytes",
    "from_le_bytes(",
    "from_be_bytes(",
    "from_ne_bytes(",
];

/// The sources that read bytes, and the target that gives them any; or why they need none.
const READERS: [(&str, Result<&str, &str>); 27] = [
    ("bus/src/chunk.rs", Ok("chunk")),
    ("bus/src/disk/frame.rs", Ok("frame")),
    ("bus/src/disk/number.rs", Ok("frame")),
    ("bus/src/disk/segment.rs", Ok("segment_mark")),
    ("decode/src/format/json_flat.rs", Ok("json_observation")),
    ("decode/src/format/json_keys.rs", Ok("eve")),
    ("decode/src/format/json_shape.rs", Ok("json_observation")),
    ("decode/src/format/table/workbook/archive.rs", Ok("workbook")),
    ("decode/src/format/table/workbook/biff.rs", Ok("workbook")),
    ("decode/src/format/table/workbook/compound.rs", Ok("workbook")),
    ("decode/src/format/unicode.rs", Ok("table")),
    ("ingest/src/transport/ftp_pull/sftp/packet.rs", Ok("sftp_answer")),
    ("ingest/src/transport/mqtt/reception.rs", Ok("mqtt_packets")),
    ("ingest/src/transport/mqtt/websocket/frames.rs", Ok("mqtt_websocket")),
    ("ingest/src/transport/mqtt/wire.rs", Ok("mqtt_packets")),
    ("model/src/attribute.rs", Ok("attributes")),
    ("model/src/event.rs", Err("writes a hash")),
    (
        "storage/src/export.rs",
        Err("the end of a file that the store's own process wrote, read by the parquet crate"),
    ),
    ("stream/src/checkpoint.rs", Ok("checkpoint")),
    ("stream/src/counted/sketch.rs", Err("takes a hash apart that it made itself")),
    ("stream/src/day/run.rs", Ok("checkpoint")),
    ("stream/src/figures.rs", Err("a record behind the checkpoint's checksum, read by postcard alone")),
    ("stream/src/ledger/account.rs", Ok("checkpoint")),
    ("stream/src/log_sources.rs", Ok("checkpoint")),
    ("stream/src/manifest.rs", Ok("manifest")),
    ("stream/src/reported/page.rs", Ok("checkpoint")),
    ("stream/src/shard/subject.rs", Ok("checkpoint")),
];

#[test]
fn every_source_that_reads_bytes_has_a_target_or_says_why_not() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for part in ["bus", "decode", "ingest", "model", "storage", "stream"] {
        look(&repository.join(part).join("src"), &mut found);
    }
    let named = |path: &PathBuf| path.strip_prefix(&repository).unwrap().to_string_lossy().into_owned();
    let found: Vec<String> = found.iter().map(named).collect();
    let known: Vec<&str> = READERS.iter().map(|(path, _)| *path).collect();
    assert_eq!(found, known, "found, and known here");
    for target in READERS.iter().filter_map(|(_, target)| target.ok()) {
        assert!(Target::named(target).is_some(), "there is no target '{target}'");
    }
}

fn look(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            look(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).unwrap();
            // What a file's own tests read is what they wrote.
            let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            if READS.iter().any(|read| product.contains(read)) {
                let _ = found.insert(path);
            }
        }
    }
}

//! ONCE through deaths at every step of a pass: a panic leaves on disk what `kill -9` would leave.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use fail::FailScenario;
use ioc_bus::{Bus, ChunkBuilder, DiskLog, DiskLogConfig, HeldBus, SharedBus};
use ioc_model::{
    calendar::Calendar,
    envelope::Content,
    instance::InstanceId,
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};
use ioc_storage::archive::{Archive, ArchiveError, ArchiveFolder, Archiver};
use proptest::prelude::*;
use uuid::Uuid;

const LOG: LogNumber = LogNumber(1);
const FIRST: Partition = Partition(0);
const STEPS: [&str; 4] =
    ["archive_before_files", "archive_before_rename", "archive_after_rename", "archive_after_pass"];

/// What happens to a pass.
#[derive(Clone, Debug)]
enum Fate {
    /// It dies at that step.
    DiesAt(usize),
    /// It dies in the middle of writing, after so many writes.
    DiesWriting(usize),
    /// The disk has no room after so many writes.
    NoRoom(usize),
    /// It is done.
    Done,
}

fn fates() -> impl Strategy<Value = Vec<(Fate, usize)>> {
    let fate = prop_oneof![
        (0..STEPS.len()).prop_map(Fate::DiesAt),
        (0..12usize).prop_map(Fate::DiesWriting),
        (0..12usize).prop_map(Fate::NoRoom),
        Just(Fate::Done),
    ];
    prop::collection::vec((fate, 300..9_000usize), 1..10)
}

fn archiver(root: &Path, bus: SharedBus) -> Archiver {
    let folder = ArchiveFolder::open(root.to_owned(), InstanceId(Uuid::from_u128(1))).unwrap();
    folder.check_log(bus.as_ref()).unwrap();
    folder.archiver(bus, LOG, Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap()).unwrap()
}

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(parquet_files(&path));
        } else if path.extension().is_some_and(|end| end == "parquet") {
            files.push(path);
        }
    }
    files
}

/// Every envelope of the archive by offset, after checking that no file lies there which no record names.
fn archived(root: &Path) -> BTreeMap<u64, Vec<u8>> {
    let archive = Archive::read(root).unwrap();
    let mut held = BTreeMap::new();
    let mut named = 0;
    for span in archive.spans() {
        for file in archive.record(span).unwrap().files {
            named += 1;
            archive
                .scan(&file, |envelopes| {
                    for envelope in envelopes {
                        let offset = envelope.position.offset.0;
                        assert!(span.holds(envelope.position.offset));
                        assert!(held.insert(offset, envelope.payload).is_none(), "{offset} lies there twice");
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
    assert_eq!(parquet_files(root).len(), named, "a file that no pass made");
    held
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn once_every_envelope_is_on_the_log_or_in_the_archive_once_whatever_dies_and_whenever(fates in fates()) {
        let scenario = FailScenario::setup();
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("archive");
        let config = DiskLogConfig {
            folder: scratch.path().join("log"),
            partitions: 1,
            segment_bytes: 16 << 10,
            max_log_bytes: 64 << 20,
            ..DiskLogConfig::default()
        };
        let log = Arc::new(DiskLog::open(&config).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut sent = BTreeMap::new();
        for round in 0..60u64 {
            let mut chunk = ChunkBuilder::new();
            for (index, feed) in ["air", "water", "air"].into_iter().enumerate() {
                let payload = [round as u8; 300];
                chunk.push(feed, Content::Raw, "a", &payload);
                let _ = sent.insert(round * 3 + index as u64, payload.to_vec());
            }
            let chunk = chunk.finish(ReceivedAt(1_769_965_199_970 + round as i64));
            let _ = runtime.block_on(async { log.append(FIRST, chunk).await.unwrap().await.unwrap() });
        }
        let held = Arc::new(HeldBus::new(log.clone()));
        // The flow needs none of it any more.
        held.release(FIRST, Offset(180));
        let mut current = archiver(&root, held.clone());
        for (fate, bytes) in fates {
            match &fate {
                Fate::DiesAt(step) => fail::cfg(STEPS[*step], "panic").unwrap(),
                Fate::DiesWriting(writes) => fail::cfg("archive_no_room", &format!("{writes}*off->1*panic->off")).unwrap(),
                Fate::NoRoom(writes) => fail::cfg("archive_no_room", &format!("{writes}*off->1*return->off")).unwrap(),
                Fate::Done => {}
            }
            let lived = catch_unwind(AssertUnwindSafe(|| current.pass(FIRST, Offset(180), bytes, 1)));
            for point in STEPS.into_iter().chain(["archive_no_room"]) {
                fail::remove(point);
            }
            match lived {
                Ok(Ok(_)) => held.archived(FIRST, current.archived(FIRST)),
                Ok(Err(error)) => {
                    prop_assert!(error.is_full(), "{}", error);
                    prop_assert!(matches!(fate, Fate::NoRoom(_)));
                    let _ = archived(&root);
                }
                Err(_) => {
                    drop(current);
                    current = archiver(&root, held.clone());
                    held.archived(FIRST, current.archived(FIRST));
                }
            }
            let in_archive = archived(&root);
            let start = log.bounds(FIRST).start.0;
            for (offset, payload) in &sent {
                if let Some(archived) = in_archive.get(offset) {
                    prop_assert_eq!(archived, payload);
                } else {
                    prop_assert!(*offset >= start, "offset {} is nowhere", offset);
                }
            }
        }
        while current.pass(FIRST, Offset(180), 64 << 20, 1).unwrap().is_some() {}
        prop_assert_eq!(archived(&root), sent);
        scenario.teardown();
    }
}

#[test]
fn loud_a_full_disk_is_told_from_other_failures() {
    let full = |kind: std::io::ErrorKind| {
        let error = ArchiveError::Io { doing: "write", path: PathBuf::new(), error: kind.into() };
        error.is_full()
    };
    assert!(full(std::io::ErrorKind::StorageFull) && full(std::io::ErrorKind::QuotaExceeded));
    assert!(!full(std::io::ErrorKind::PermissionDenied));
}

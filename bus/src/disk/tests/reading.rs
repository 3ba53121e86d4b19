//! Reads that fail, break off or give less than asked for: what cannot be read is never taken for what is not there.
//!
//! A log that took a failing read for the torn tail of its last write would cut what it had acknowledged.

use super::{
    chunk,
    fake::{End, FakeFileSystem, ReadFault},
    small_log,
};
use crate::{
    Bus, DiskLog, OpenError, ReadError,
    disk::tests::behaviour::{append, block_on},
};
use ioc_model::position::{Offset, Partition};

const FIRST: Partition = Partition(0);
const CHUNKS: u8 = 14;

/// A log of three segments, killed: its last frames lie behind the last mark.
fn killed() -> FakeFileSystem {
    let files = FakeFileSystem::new(1);
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    for number in 0..CHUNKS {
        append(&log, &vec![number; 300 + usize::from(number) * 90]).unwrap();
    }
    files.stop();
    drop(log);
    files.restart(End::Kill);
    files
}

/// What is on the log, or why not.
fn payloads(log: &DiskLog) -> Result<Vec<u8>, ReadError> {
    let batch = log.read(FIRST, Offset(0), None, usize::MAX)?;
    let of_chunk = |(base, chunk): &(Offset, crate::ChunkView)| {
        let envelope = chunk.iter(ioc_model::position::LogNumber(0), FIRST, *base).next().unwrap();
        assert!(envelope.payload.iter().all(|byte| *byte == envelope.payload[0]));
        envelope.payload[0]
    };
    Ok(batch.chunks.iter().map(of_chunk).collect())
}

fn all() -> Vec<u8> {
    (0..CHUNKS).collect()
}

/// Looks at a log in use, from its opening to a whole read of it.
fn looks(files: &FakeFileSystem) -> u64 {
    let files = files.fork();
    let before = files.reads();
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    assert_eq!(payloads(&log).unwrap(), all());
    files.reads() - before
}

#[test]
fn loud_a_look_that_fails_anywhere_is_said_and_cuts_nothing() {
    let killed = killed();
    let looks = looks(&killed);
    assert!(looks > 20, "{looks} looks: the test proves less than it says");
    let mut said = 0;
    for number in 1..=looks {
        let files = killed.fork();
        files.fail_read(number, ReadFault::Io);
        match DiskLog::open_on(&files.shared(), &small_log()) {
            Ok(log) => match payloads(&log) {
                Ok(found) => assert_eq!(found, all(), "look {number}"),
                Err(error) => {
                    said += 1;
                    assert!(matches!(error, ReadError::Io { .. }), "look {number}: {error}");
                    assert_eq!(payloads(&log).unwrap(), all(), "look {number}, read again");
                }
            },
            Err(error) => {
                said += 1;
                assert!(matches!(error, OpenError::Io { .. }), "look {number}: {error}");
            }
        }
        files.stop();
        files.restart(End::PowerCut(number));
        let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
        assert_eq!(payloads(&log).unwrap(), all(), "look {number}, after a power cut");
        log.verify().unwrap();
    }
    assert!(said > looks / 2, "only {said} of {looks} failures were said");
}

#[test]
fn ack_reads_that_break_off_or_give_less_than_asked_for_change_nothing() {
    let killed = killed();
    for number in 1..=looks(&killed) {
        for fault in [ReadFault::Short, ReadFault::Interrupted] {
            let files = killed.fork();
            files.fail_read(number, fault);
            match DiskLog::open_on(&files.shared(), &small_log()) {
                Ok(log) => {
                    let found = payloads(&log).or_else(|_| payloads(&log)).unwrap();
                    assert_eq!(found, all(), "look {number}, {fault:?}");
                    block_on(async { log.append(FIRST, chunk(b"x", 1, 0)).await.unwrap().await.unwrap() });
                    log.verify().unwrap();
                }
                // The system calls that no signal breaks off are told all the same: loud, and nothing is lost.
                Err(OpenError::Io { .. }) if fault == ReadFault::Interrupted => {
                    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
                    assert_eq!(payloads(&log).unwrap(), all(), "look {number}, opened again");
                }
                Err(error) => panic!("look {number}, {fault:?}: {error}"),
            }
        }
    }
}

//! The log of records.

use std::path::Path;

use ioc_model::position::Offset;

use super::{
    Dice,
    fake::{End, FakeFileSystem, Fault},
};
use crate::{
    OpenError, ReadError,
    record::{RecordError, RecordLog},
};

const FOLDER: &str = "/manifests";

fn open(files: &FakeFileSystem) -> Result<RecordLog, OpenError> {
    RecordLog::open_on(&files.shared(), Path::new(FOLDER), 8192)
}

fn all(log: &RecordLog) -> Vec<(u64, Vec<u8>)> {
    log.read(log.first_index()).map(Result::unwrap).collect()
}

#[test]
fn records_are_numbered_from_zero_and_read_back_from_any_index_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifests");
    let mut log = RecordLog::open(&path).unwrap();
    assert_eq!((log.first_index(), log.next_index(), all(&log).len()), (0, 0, 0));
    for number in 0..50u8 {
        assert_eq!(log.append(&vec![number; usize::from(number) * 10]).unwrap(), u64::from(number));
    }
    assert!(matches!(RecordLog::open(&path), Err(OpenError::Locked { .. })));
    drop(log);
    let mut log = RecordLog::open(&path).unwrap();
    assert_eq!(log.next_index(), 50);
    let from_40: Vec<_> = log.read(40).map(Result::unwrap).collect();
    assert_eq!(from_40.len(), 10);
    assert_eq!(from_40[2], (42, vec![42; 420]));
    assert_eq!(log.append(b"").unwrap(), 50);
    assert_eq!(log.read(50).map(Result::unwrap).collect::<Vec<_>>(), [(50, vec![])]);
}

#[test]
fn loud_reading_what_was_released_or_never_written_is_an_error_and_ends() {
    let files = FakeFileSystem::new(1);
    let mut log = open(&files).unwrap();
    for _ in 0..20 {
        log.append(&[7; 1000]).unwrap();
    }
    log.release(10).unwrap();
    assert!(log.first_index() > 0 && log.first_index() <= 10);
    assert_eq!(all(&log).len() as u64, 20 - log.first_index());
    let released: Vec<_> = log.read(0).collect();
    assert!(matches!(released[..], [Err(ReadError::Released { wanted: Offset(0), .. })]));
    let ahead: Vec<_> = log.read(21).collect();
    assert!(matches!(ahead[..], [Err(ReadError::Ahead { wanted: Offset(21), end: Offset(20), .. })]));
}

#[test]
fn bound_no_room_is_told_and_the_log_goes_on_when_there_is_some() {
    let files = FakeFileSystem::new(1);
    let mut log = open(&files).unwrap();
    log.append(&[1; 3000]).unwrap();
    files.leave_room(10);
    assert!(matches!(log.append(&[2; 3000]), Err(RecordError::Full { .. })));
    // What still fits into the segment is taken.
    assert_eq!(log.append(&[3; 100]).unwrap(), 1);
    files.leave_room(usize::MAX);
    assert_eq!(log.append(&[2; 3000]).unwrap(), 2);
    assert_eq!(all(&log).len(), 3);
    drop(log);
    assert_eq!(open(&files).unwrap().next_index(), 3);
}

#[test]
fn ack_a_shorter_record_after_a_failed_longer_one_leaves_no_damage() {
    for seed in 0..20 {
        let files = FakeFileSystem::new(seed);
        let mut log = open(&files).unwrap();
        files.fail(1, Fault::Full);
        assert!(matches!(log.append(&[0xFF; 3000]), Err(RecordError::Full { .. })));
        log.append(b"short").unwrap();
        drop(log);
        let segment = Path::new(FOLDER).join("00000").join(SEGMENT);
        let behind = &files.contents(&segment)[4096 + 80..];
        assert!(behind.iter().all(|byte| *byte == 0), "seed {seed}: the failed attempt is still there");
        files.restart(End::PowerCut(seed));
        assert_eq!(all(&open(&files).unwrap()), [(0, b"short".to_vec())]);
    }
}

const SEGMENT: &str = "00000000000000000000.log";

#[test]
fn ack_a_failed_sync_poisons_until_the_log_is_opened_again() {
    let files = FakeFileSystem::new(1);
    let mut log = open(&files).unwrap();
    log.append(b"kept").unwrap();
    files.fail(2, Fault::Io);
    assert!(matches!(log.append(b"lost"), Err(RecordError::Poisoned { .. })));
    assert!(matches!(log.append(b"late"), Err(RecordError::Poisoned { .. })));
    drop(log);
    let log = open(&files).unwrap();
    assert_eq!(all(&log)[0], (0, b"kept".to_vec()));
}

#[test]
fn loud_a_damaged_last_record_is_told_from_a_torn_one_even_after_a_power_cut() {
    for seed in 0..50 {
        let files = FakeFileSystem::new(1);
        let mut log = open(&files).unwrap();
        for number in 0..3 {
            log.append(&[number; 300]).unwrap();
        }
        files.stop();
        drop(log);
        files.restart(End::PowerCut(seed));
        let segment = Path::new(FOLDER).join("00000").join(SEGMENT);
        let last = files.contents(&segment).iter().rposition(|byte| *byte != 0).unwrap();
        files.flip(&segment, last, 1);
        assert!(matches!(open(&files), Err(OpenError::Corrupt { .. })), "seed {seed}");
    }
}

#[test]
fn ack_every_record_appended_survives_any_crash_at_any_call() {
    for seed in 0..400 {
        let files = FakeFileSystem::new(seed);
        let mut dice = Dice(seed);
        files.fail(
            1 + dice.below(90) as u64,
            [Fault::End, Fault::Io, Fault::Full, Fault::Short][dice.below(4)],
        );
        let mut appended: Vec<(u64, Vec<u8>)> = Vec::new();
        for life in 0..3 {
            let Ok(mut log) = open(&files) else {
                files.stop();
                files.restart(End::PowerCut(seed * 7 + life));
                continue;
            };
            let found = all(&log);
            for record in appended.iter().filter(|(index, _)| *index >= log.first_index()) {
                assert!(found.contains(record), "seed {seed}: record {} is gone", record.0);
            }
            for number in 0..12u8 {
                let record = vec![number + life as u8 * 50; dice.below(1500)];
                match log.append(&record) {
                    Ok(index) => appended.push((index, record)),
                    Err(RecordError::Full { .. }) => {}
                    Err(_) => break,
                }
                if number == 6 {
                    // Only what is whole segments below may go; failing to remove them costs nothing.
                    let _ = log.release(log.next_index() / 2);
                }
            }
            files.stop();
            drop(log);
            files.restart(if dice.one_in(2) { End::Kill } else { End::PowerCut(seed * 7 + life) });
        }
        open(&files).unwrap();
    }
}

#[test]
fn loud_a_log_of_records_is_not_opened_as_a_log_of_envelopes() {
    let files = FakeFileSystem::new(1);
    drop(open(&files).unwrap());
    let config = crate::DiskLogConfig { folder: FOLDER.into(), ..super::small_log() };
    let error = crate::DiskLog::open_on(&files.shared(), &config).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
}

//! Every byte of a small log is damaged: what was acknowledged is there, or the damage is loud.

use std::path::Path;

use ioc_model::position::Offset;

use super::{
    Dice,
    fake::{End, FakeFileSystem},
    open, small_log,
};
use crate::{
    DiskLog, OpenError, ReadError,
    disk::{chain::Chain, frame::Entry},
};

/// A chain of three segments; returns what was acknowledged, by frame.
pub(super) fn written(files: &FakeFileSystem, settle: bool) -> Vec<Vec<u8>> {
    files.create_root();
    let (_, mut writer) = open(files.shared(), true).unwrap();
    let mut dice = Dice(4);
    let mut acknowledged = Vec::new();
    for number in 0..14u8 {
        let payload = vec![number; 300 + dice.below(700)];
        writer.write(&[Entry { bytes: &payload, count: 2, received_at: number.into() }]).unwrap();
        writer.commit().unwrap();
        acknowledged.push(payload);
    }
    if settle {
        writer.settle().unwrap();
    }
    acknowledged
}

fn read_all(chain: &Chain) -> Result<Vec<Vec<u8>>, ReadError> {
    let run = chain.read(chain.start(), u64::MAX, usize::MAX)?;
    Ok(run.entries.iter().map(|entry| entry.bytes.to_vec()).collect())
}

/// What is found after damage. None: loud.
pub(super) fn found(files: &FakeFileSystem) -> Option<Vec<Vec<u8>>> {
    match open(files.shared(), false) {
        Ok((chain, _)) => read_all(&chain).ok(),
        Err(OpenError::Corrupt { file, what, .. }) => {
            assert!(file.contains("/log") && !what.is_empty());
            None
        }
        Err(OpenError::Version { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Damages each byte in turn and hands over what is found then.
fn damage_each_byte(files: &FakeFileSystem, check: impl Fn(&Path, usize, Option<Vec<Vec<u8>>>)) {
    for (path, length) in files.all_files() {
        for at in 0..length {
            let damaged = files.fork();
            damaged.flip(&path, at, if at % 2 == 0 { 0xFF } else { 1 << (at % 8) });
            check(&path, at, found(&damaged));
        }
    }
}

#[test]
fn loud_no_damaged_byte_of_a_closed_log_loses_anything_silently() {
    let files = FakeFileSystem::new(1);
    let acknowledged = written(&files, true);
    assert_eq!(files.all_files().len(), 3, "the log should have three segments");
    files.restart(End::PowerCut(1));
    assert!(found(&files.fork()).is_some_and(|found| found == acknowledged), "whole before it is damaged");
    damage_each_byte(&files, |path, at, found| {
        assert!(found.is_none_or(|found| found == acknowledged), "{} byte {at}", path.display());
    });
}

#[test]
fn loud_no_damaged_byte_after_a_kill_loses_anything_silently() {
    let files = FakeFileSystem::new(1);
    let acknowledged = written(&files, false);
    files.restart(End::Kill);
    assert!(found(&files.fork()).is_some_and(|found| found == acknowledged), "whole before it is damaged");
    damage_each_byte(&files, |path, at, found| {
        assert!(found.is_none_or(|found| found == acknowledged), "{} byte {at}", path.display());
    });
}

#[test]
fn loud_damage_after_a_power_cut_can_only_ever_look_like_a_torn_write_of_the_last_group() {
    let files = FakeFileSystem::new(1);
    let acknowledged = written(&files, false);
    // A cut that takes the unsynced mark with it.
    let files = (0..64)
        .map(|seed| {
            let cut = files.fork();
            cut.restart(End::PowerCut(seed));
            cut
        })
        .find(|cut| {
            let (path, _) = cut.all_files().pop().unwrap();
            let damaged = cut.fork();
            damaged.flip(&path, last_frame_of(&damaged, &path), 1);
            found(&damaged).is_some()
        })
        .expect("some cut loses the mark");
    damage_each_byte(&files, |path, at, found| {
        let Some(found) = found else {
            return;
        };
        let all_but_the_last = &acknowledged[..acknowledged.len() - 1];
        assert!(found == acknowledged || found == all_but_the_last, "{} byte {at}", path.display());
    });
}

/// A byte of the last frame's content.
fn last_frame_of(files: &FakeFileSystem, path: &Path) -> usize {
    let data = files.contents(path);
    data.iter().rposition(|byte| *byte != 0).unwrap()
}

#[test]
fn loud_a_missing_segment_is_noticed_wherever_it_was() {
    let files = FakeFileSystem::new(1);
    written(&files, true);
    let paths: Vec<_> = files.all_files().into_iter().map(|(path, _)| path).collect();
    for path in &paths[1..] {
        let damaged = files.fork();
        damaged.lose(path);
        assert_eq!(found(&damaged), None, "without {}", path.display());
    }
    // Without the oldest the log starts later, which is what released means: whoever needs it is told.
    let damaged = files.fork();
    damaged.lose(&paths[0]);
    let (chain, _) = open(damaged.shared(), false).unwrap();
    assert!(matches!(chain.read(0, u64::MAX, 1), Err(ReadError::Released { wanted: Offset(0), .. })));
    for path in &paths {
        files.lose(path);
    }
    assert_eq!(found(&files), None);
}

#[test]
fn loud_a_segment_of_another_log_is_refused() {
    let files = FakeFileSystem::new(1);
    drop(DiskLog::open_on(&files.shared(), &small_log()).unwrap());
    let other = FakeFileSystem::new(1);
    drop(DiskLog::open_on(&other.shared(), &small_log()).unwrap());
    let segment = Path::new("/log/00000/00000000000000000000.log");
    files.replace(segment, other.contents(segment));
    let error = DiskLog::open_on(&files.shared(), &small_log()).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { at: 8, .. }), "{error}");
}

#[test]
fn loud_a_log_without_its_identity_is_not_made_anew_over_its_data() {
    let files = FakeFileSystem::new(1);
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    super::behaviour::append(&log, b"x").unwrap();
    drop(log);
    files.lose(Path::new("/log/log.json"));
    let error = DiskLog::open_on(&files.shared(), &small_log()).unwrap_err();
    assert!(error.to_string().contains("log.json is corrupt at byte 0: it is missing"), "{error}");
}

#[test]
fn silent_bytes_of_a_sender_that_look_like_a_frame_are_not_taken_for_one() {
    let files = FakeFileSystem::new(1);
    files.create_root();
    let (_, mut writer) = open(files.shared(), true).unwrap();
    writer.write(&[Entry { bytes: b"first", count: 1, received_at: 0 }]).unwrap();
    writer.commit().unwrap();
    writer.settle().unwrap();
    let (path, _) = files.all_files().pop().unwrap();
    let frame = files.contents(&path)[4096..4096 + 80].to_vec();
    // A torn write whose payload holds a copy of an acknowledged frame: cut, not corrupt.
    let payload = [vec![1; 400], frame].concat();
    writer.write(&[Entry { bytes: &payload, count: 1, received_at: 0 }]).unwrap();
    files.restart(End::Kill);
    files.flip(&path, 4096 + 80 + 100, 1);
    assert_eq!(found(&files), Some(vec![b"first".to_vec()]));
}

#[test]
fn loud_a_damaged_frame_is_known_to_be_durable_by_the_frame_behind_it() {
    let files = FakeFileSystem::new(1);
    files.create_root();
    let (_, mut writer) = open(files.shared(), true).unwrap();
    let (path, _) = files.all_files().pop().unwrap();
    let unmarked = files.contents(&path)[..4096].to_vec();
    writer.write(&[Entry { bytes: &[1; 700], count: 1, received_at: 0 }]).unwrap();
    writer.commit().unwrap();
    // Written, not synced: after a power cut it may be there, torn or not, and the mark of the first may not.
    writer.write(&[Entry { bytes: &[2; 700], count: 1, received_at: 0 }]).unwrap();
    files.restart(End::Kill);
    let behind = files.contents(&path)[4096..].to_vec();
    files.replace(&path, [unmarked, behind].concat());
    let second = 4096 + 56 + 16 + 700 + 4;
    files.flip(&path, second + 300, 1);
    assert_eq!(found(&files.fork()), Some(vec![vec![1; 700]]), "a torn write is cut");
    files.flip(&path, 4096 + 300, 1);
    let error = open(files.shared(), false).unwrap_err();
    assert!(error.to_string().contains("written later, follows"), "{error}");
}

#[test]
fn ack_what_is_cut_is_gone_and_the_room_is_used_again() {
    let files = FakeFileSystem::new(1);
    files.create_root();
    let (_, mut writer) = open(files.shared(), true).unwrap();
    let (path, _) = files.all_files().pop().unwrap();
    writer.write(&[Entry { bytes: &[1; 2000], count: 1, received_at: 0 }]).unwrap();
    files.restart(End::Kill);
    files.flip(&path, 4096 + 100, 1);
    let (_, mut writer) = open(files.shared(), false).unwrap();
    writer.write(&[Entry { bytes: b"short", count: 1, received_at: 0 }]).unwrap();
    writer.commit().unwrap();
    assert!(files.contents(&path)[4096 + 80..].iter().all(|byte| *byte == 0));
    assert_eq!(found(&files), Some(vec![b"short".to_vec()]));
}

//! Damage other than a changed byte: a file cut anywhere, sectors zeroed or of another place, an identity that is not
//! what it was. What was acknowledged is there, or the damage is loud (LOUD, ACK).

use std::path::Path;

use super::{
    corruption::{found, written},
    fake::{End, FakeFileSystem},
    small_log,
};
use crate::{DiskLog, OpenError};

const SECTOR: usize = 512;

/// A closed log of three segments, and what was acknowledged.
fn closed() -> (FakeFileSystem, Vec<Vec<u8>>) {
    let files = FakeFileSystem::new(1);
    let acknowledged = written(&files, true);
    files.restart(End::PowerCut(1));
    (files, acknowledged)
}

/// Replaces each file by others made of it, one at a time.
fn damage_each(
    files: &FakeFileSystem,
    acknowledged: &[Vec<u8>],
    others: impl Fn(&[u8]) -> Vec<(String, Vec<u8>)>,
) {
    let (mut loud, mut harmless) = (0, 0);
    for (path, _) in files.all_files() {
        for (what, contents) in others(&files.contents(&path)) {
            let damaged = files.fork();
            damaged.replace(&path, contents);
            match found(&damaged) {
                None => loud += 1,
                Some(found) => {
                    assert_eq!(found, acknowledged, "{} {what}", path.display());
                    harmless += 1;
                }
            }
        }
    }
    assert!(loud > harmless, "{loud} were loud, {harmless} harmless: what was damaged hardly mattered");
}

#[test]
fn loud_a_segment_cut_at_any_length_loses_nothing_silently() {
    let (files, acknowledged) = closed();
    damage_each(&files, &acknowledged, |whole| {
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
        (0..used).map(|length| (format!("cut to {length}"), whole[..length].to_vec())).collect()
    });
}

#[test]
fn loud_a_sector_that_was_never_written_or_belongs_elsewhere_loses_nothing_silently() {
    let (files, acknowledged) = closed();
    damage_each(&files, &acknowledged, |whole| {
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let sectors = used.div_ceil(SECTOR);
        let with = |place: usize, bytes: &[u8]| {
            let mut other = whole.to_vec();
            let end = (place * SECTOR + SECTOR).min(other.len());
            let length = end - place * SECTOR;
            let mut sector = bytes.to_vec();
            sector.resize(length, 0);
            other[place * SECTOR..end].copy_from_slice(&sector);
            other
        };
        let matters = |place: &usize| whole[place * SECTOR..].iter().take(SECTOR).any(|byte| *byte != 0);
        let mut others = Vec::new();
        for place in (0..sectors).filter(matters) {
            others.push((format!("sector {place} zeroed"), with(place, &[])));
            for from in (0..sectors).filter(|from| from != &place && matters(from)) {
                let end = (from * SECTOR + SECTOR).min(whole.len());
                others.push((format!("sector {place} is {from}"), with(place, &whole[from * SECTOR..end])));
            }
        }
        others
    });
}

#[test]
fn loud_no_damaged_byte_of_the_identity_opens_another_log() {
    let files = FakeFileSystem::new(1);
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    let id = crate::Bus::log_id(&log);
    super::behaviour::append(&log, b"kept").unwrap();
    drop(log);
    let path = Path::new("/log/log.json");
    let mut loud = 0;
    for at in 0..files.contents(path).len() {
        for mask in [0xFF, 1 << (at % 8)] {
            let damaged = files.fork();
            damaged.flip(path, at, mask);
            match DiskLog::open_on(&damaged.shared(), &small_log()) {
                Ok(log) => {
                    // A space that became another one means the same.
                    assert_eq!(crate::Bus::log_id(&log), id, "byte {at}");
                    let bounds = crate::Bus::bounds(&log, ioc_model::position::Partition(0));
                    assert_eq!(bounds.end.0, 1, "byte {at}");
                }
                Err(OpenError::Io { .. }) => panic!("byte {at} is called an error of the system"),
                Err(_) => loud += 1,
            }
        }
    }
    assert!(loud > 0);
}

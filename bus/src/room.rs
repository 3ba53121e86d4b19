//! How much of a disk is left to others by what fills it for good.
//!
//! The log and the archive take what comes; the store, the manifests and the checkpoints need some room to work off
//! what was taken, and ClickHouse to merge. So when the disk they share fills up they stop one after the other: the log
//! first, which makes the senders wait; the archive at half of what the log leaves, since what is archived the log may
//! give back; ClickHouse at a quarter. A backlog that fits into what is left still gets where it belongs. Nor does a
//! log go on and stop again for a few bytes that were given back.

use std::{io, path::Path};

/// Bytes left free on a large disk.
const KEPT_FREE: u64 = 256 << 20;
/// Of a small disk one part in so many.
const SHARE: u64 = 20;

/// Who fills a disk for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filler {
    /// The log of envelopes.
    Log,
    /// Their archive.
    Archive,
    /// ClickHouse, embedded.
    Store,
}

/// Whether an error says that there is no room: nothing is wrong that room would not mend.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A disk's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// All of them.
    pub total: u64,
    /// Those whoever asked may still take.
    pub free: u64,
}

impl Room {
    /// Of the disk a folder lies on.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn of(folder: &Path) -> io::Result<Room> {
        let told = rustix::fs::statvfs(folder)?;
        Ok(Room {
            total: told.f_blocks.saturating_mul(told.f_frsize),
            free: told.f_bavail.saturating_mul(told.f_frsize),
        })
    }

    /// Bytes of this disk that somebody leaves to those behind him.
    #[must_use]
    pub fn left_by(self, who: Filler) -> u64 {
        KEPT_FREE.min(self.total / SHARE)
            / match who {
                Filler::Log => 1,
                Filler::Archive => 2,
                Filler::Store => 4,
            }
    }

    /// Whether so many bytes more leave enough to others; else a sentence. A file system that does not tell how large
    /// it is allows everything, and says by itself when it is full.
    ///
    /// # Errors
    /// If they do not.
    pub fn allows(self, bytes: u64, who: Filler) -> Result<(), String> {
        let left = self.left_by(who);
        if self.total == 0 || self.free >= bytes.saturating_add(left) {
            return Ok(());
        }
        Err(format!(
            "the disk is full: of {} MiB {} are free, and {} are left to what comes behind",
            self.total >> 20,
            self.free >> 20,
            left >> 20
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_what_is_left_to_others_is_a_twentieth_and_never_more_than_a_large_disk_needs() {
        assert_eq!(Room { total: 600 << 20, free: 0 }.left_by(Filler::Log), 30 << 20);
        assert_eq!(Room { total: 1 << 40, free: 0 }.left_by(Filler::Log), 256 << 20);
        assert_eq!(Room { total: 1 << 40, free: 0 }.left_by(Filler::Store), 64 << 20);
        let disk = Room { total: 100 << 20, free: 6 << 20 };
        assert_eq!(disk.allows(1 << 20, Filler::Log), Ok(()));
        assert_eq!(disk.allows(3 << 20, Filler::Archive), Ok(()));
        assert_eq!(Room { total: 0, free: 0 }.allows(1 << 20, Filler::Log), Ok(()));
        assert!(disk.allows((1 << 20) + 1, Filler::Log).unwrap_err().contains("6 are free, and 5 are left"));
    }

    #[test]
    fn the_machines_own_disk_is_asked() {
        let room = Room::of(&std::env::temp_dir()).unwrap();
        assert!(room.total >= room.free && room.total > 0);
    }
}

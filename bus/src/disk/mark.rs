//! How far a segment was durable, known independently of its frames.
//!
//! A frame that does not match its checksum is either a write that never finished (nobody was told anything: it is
//! cut) or an acknowledged one that was damaged since (a halt). The frame itself cannot tell which. The mark can:
//! after each successful fsync, and before anybody is told, the committer writes into the segment's first block how
//! far the file is durable. What lies below the mark was acknowledged and must be valid.
//!
//! The mark is not synced by itself, which would double the cost of an acknowledgement: the next group's fsync takes
//! it along, being in the same file, and a committer without work syncs it after a moment. `kill -9` leaves it in
//! the page cache, so it is exact then. After a power cut it may be one group behind; that group is judged by two
//! more facts: a frame is written only after the one before it was synced, so a head behind a damaged frame proves
//! the damaged one durable; and the damaged last group of all, in the moment before its mark is synced, is the one
//! case nothing short of a second fsync could tell. A log of records, written rarely, does pay that second fsync.
//!
//! Rejected: a separate file per partition (a second file to sync, or one that says nothing after a power cut);
//! stating the durable end only in the next frame (says nothing about the last one).
//!
//! There are two slots in different sectors, written in turn. Between two writes of a mark lies a sync, so at most
//! one slot can be torn, and the other one is a mark that was true.

use std::io::{self, IoSlice};

use super::{
    file_system::{SegmentFile, write_all},
    frame::Seed,
    number::{i64_at, u32_at, u64_at},
};

const SLOTS: [u64; 2] = [1024, 2048];
const SLOT: usize = 48;

/// How far a segment is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Grows with each mark of a segment.
    pub(crate) sequence: u64,
    /// Byte position behind the last durable frame.
    pub(crate) position: u64,
    /// Offset behind the last durable frame.
    pub(crate) next: u64,
    /// The last received-at before `next`.
    pub(crate) received_at: i64,
    /// The segment takes no more frames, and the segment after it is durable.
    pub(crate) sealed: bool,
}

impl Mark {
    fn slot(&self) -> u64 {
        SLOTS[(self.sequence % 2) as usize]
    }

    fn encode(&self, seed: Seed) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        bytes[4] = 1 + u8::from(self.sealed);
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.position.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.next.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.received_at.to_le_bytes());
        let checksum = seed.checksum(self.slot(), &bytes[4..]);
        bytes[0..4].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Writes it into its slot.
    pub(crate) fn write(&self, seed: Seed, file: &dyn SegmentFile) -> io::Result<()> {
        write_all(file, &mut [IoSlice::new(&self.encode(seed))], self.slot())
    }

    /// Puts it into the first block of a segment to be written.
    pub(crate) fn put(&self, seed: Seed, block: &mut [u8]) {
        let at = self.slot() as usize;
        block[at..at + SLOT].copy_from_slice(&self.encode(seed));
    }

    /// The newest valid mark of a segment's first block. None if there is none, which cannot come from a crash.
    pub(crate) fn newest(seed: Seed, block: &[u8]) -> Option<Mark> {
        let read = |slot: u64| {
            let bytes = &block[slot as usize..slot as usize + SLOT];
            let mark = Mark {
                sequence: u64_at(bytes, 8),
                position: u64_at(bytes, 16),
                next: u64_at(bytes, 24),
                received_at: i64_at(bytes, 32),
                sealed: bytes[4] == 2,
            };
            let valid = u32_at(bytes, 0) == seed.checksum(slot, &bytes[4..]) && mark.slot() == slot;
            valid.then_some(mark)
        };
        SLOTS.into_iter().filter_map(read).max_by_key(|mark| mark.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_valid_mark_wins_and_a_torn_one_leaves_the_one_before() {
        let seed = Seed::new(crate::LogId::from_bytes(3_u128.to_be_bytes()), 0, 9);
        let mark =
            |sequence| Mark { sequence, position: 4096 + sequence, next: 1, received_at: -5, sealed: false };
        let mut block = vec![0; 4096];
        assert_eq!(Mark::newest(seed, &block), None);
        mark(4).put(seed, &mut block);
        mark(5).put(seed, &mut block);
        assert_eq!(Mark::newest(seed, &block), Some(mark(5)));
        block[SLOTS[1] as usize + 17] ^= 1;
        assert_eq!(Mark::newest(seed, &block), Some(mark(4)));
        block[SLOTS[0] as usize] ^= 1;
        assert_eq!(Mark::newest(seed, &block), None);
    }
}

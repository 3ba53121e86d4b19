//! Room for reading ahead, used again.
//!
//! A backlog is read in blocks of megabytes, each of which lives until the last envelope in it is decoded. Fresh from
//! the system, every page of a block costs a fault and is zeroed twice before the file's bytes come in: nearly half of W1's page
//! faults were of these. Small reads do not come here.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Smaller blocks are not worth keeping.
const SMALLEST: usize = 256 << 10;
/// So many idle blocks are kept at most, whatever a backlog had.
const MOST_KEPT: usize = 2;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// A block; whoever drops it last gives it back.
#[derive(Debug)]
pub(super) struct Block {
    /// Of the size it was made with; what it holds beyond `used` is left from before.
    room: Vec<u8>,
    used: usize,
}

impl Block {
    /// Room for at least so many bytes.
    pub(super) fn of(size: usize) -> Block {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = kept.iter().position(|room| room.len() >= size).filter(|_| size >= SMALLEST);
        let room = fitting.map(|index| kept.swap_remove(index));
        drop(kept);
        Block { room: room.unwrap_or_else(|| vec![0; size]), used: size }
    }

    /// The room asked for.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.room[..self.used]
    }

    /// Its first bytes, to be shared.
    pub(super) fn freeze(mut self, length: usize) -> Bytes {
        self.used = length.min(self.used);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.room[..self.used]
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.room.len() >= SMALLEST {
            let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < MOST_KEPT {
                kept.push(std::mem::take(&mut self.room));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_was_read_and_nothing_of_its_former_life() {
        let mut first = Block::of(SMALLEST);
        first.room().fill(7);
        let first = first.freeze(SMALLEST);
        assert!(first.iter().all(|byte| *byte == 7));
        drop(first);
        let mut second = Block::of(SMALLEST);
        second.room()[..3].copy_from_slice(b"abc");
        let second = second.freeze(3);
        assert_eq!(&second[..], b"abc");
        assert_eq!(&second.slice(1..2)[..], b"b");
    }
}

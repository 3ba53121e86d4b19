//! What one group commit writes: a head, a table of its entries, their bytes.
//!
//! Both checksums are seeded with the log's id, the partition, the segment and the place in the file. A frame is
//! therefore valid only where it was written: bytes left over from elsewhere, or a sender's payload that happens to
//! contain a copy of a segment, are never taken for a frame.
//!
//! The head has a checksum of its own, so that frames can be walked (to index a segment, to find out whether
//! anything follows a damaged one) without reading what they carry.
//!
//! Layout, little-endian, frames start at multiples of 8:
//!
//! ```text
//! magic u32 | head crc32c u32 | length u32 | content crc32c u32 | base u64 | count u32 | entries u32
//! | first received_at i64 | last received_at i64 | reserved 8
//! entries × ( length u32 | count u32 | received_at i64 )
//! entries × bytes
//! zeros up to a multiple of 8
//! ```
//!
//! `length` covers table and bytes; `count` is how many offsets the frame takes, the sum of its entries'.

use bytes::Bytes;

use super::number::{i64_at, u32_at, u64_at};

/// Size of a frame's head in bytes.
pub(crate) const FRAME_HEAD: usize = 56;
/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;
/// Size of an entry's row in a frame's table in bytes.
pub(crate) const TABLE_ENTRY: usize = 16;
const MAGIC: u32 = u32::from_le_bytes(*b"iocF");
/// The most bytes one entry may have, so that a frame's length always fits.
pub(crate) const MAX_ENTRY_BYTES: usize = 1 << 30;

/// What is written as one entry: a chunk, or a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// How many offsets it takes.
    pub(crate) count: u32,
    /// Milliseconds since 1970.
    pub(crate) received_at: i64,
}

/// An entry read back.
#[derive(Clone, Debug)]
pub(crate) struct StoredEntry {
    /// Offset of its first envelope.
    pub(crate) base: u64,
    /// How many offsets it takes.
    pub(crate) count: u32,
    /// Milliseconds since 1970.
    pub(crate) received_at: i64,
    /// Its bytes.
    pub(crate) bytes: Bytes,
}

impl StoredEntry {
    /// The offset behind it.
    pub(crate) fn next(&self) -> u64 {
        self.base + u64::from(self.count)
    }
}

/// Seeds the checksums of one segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    pub(crate) fn new(log: crate::LogId, partition: u16, segment_base: u64) -> Seed {
        let seed = crc32c::crc32c(&log.bytes());
        let seed = crc32c::crc32c_append(seed, &partition.to_le_bytes());
        Seed(crc32c::crc32c_append(seed, &segment_base.to_le_bytes()))
    }

    /// The checksum of bytes at a place of the segment's file.
    pub(crate) fn checksum(self, place: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.at(place), bytes)
    }

    fn at(self, place: u64) -> u32 {
        crc32c::crc32c_append(self.0, &place.to_le_bytes())
    }
}

/// A frame's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameHead {
    length: u32,
    checksum: u32,
    /// Offset of its first envelope.
    pub(crate) base: u64,
    count: u32,
    entries: u32,
    /// Of its last entry.
    pub(crate) last_received_at: i64,
}

/// Why bytes are no frame.
pub(crate) type NoFrame = &'static str;

impl FrameHead {
    /// Reads a head from the first [`FRAME_HEAD`] bytes, which lie at `place` of the segment.
    pub(crate) fn parse(seed: Seed, place: u64, bytes: &[u8]) -> Result<FrameHead, NoFrame> {
        let Some(bytes) = bytes.get(..FRAME_HEAD) else {
            return Err("the head of a frame is cut off");
        };
        if u32_at(bytes, 0) != MAGIC {
            return Err("there is no frame");
        }
        if u32_at(bytes, 4) != seed.checksum(place, &bytes[8..]) {
            return Err("the head of a frame does not match its checksum");
        }
        let (base, count) = (u64_at(bytes, 16), u32_at(bytes, 24));
        if base.checked_add(u64::from(count)).is_none() {
            return Err("the offsets of a frame go beyond all numbers");
        }
        Ok(FrameHead {
            length: u32_at(bytes, 8),
            checksum: u32_at(bytes, 12),
            base,
            count,
            entries: u32_at(bytes, 28),
            last_received_at: i64_at(bytes, 40),
        })
    }

    /// The offset behind the frame.
    pub(crate) fn next(&self) -> u64 {
        self.base + u64::from(self.count)
    }

    /// Bytes from head to the next frame.
    pub(crate) fn size(&self) -> u64 {
        (FRAME_HEAD as u64 + u64::from(self.length)).next_multiple_of(ALIGNMENT)
    }

    /// Bytes of table and entries.
    pub(crate) fn content_length(&self) -> usize {
        self.length as usize
    }

    /// Checks table and entries, which lie right behind the head at `place`, and takes them apart.
    pub(crate) fn entries(
        &self,
        seed: Seed,
        place: u64,
        content: &Bytes,
    ) -> Result<Vec<StoredEntry>, NoFrame> {
        if content.len() != self.content_length() {
            return Err("a frame is cut off");
        }
        if seed.checksum(place, content) != self.checksum {
            return Err("a frame does not match its checksum");
        }
        let table = (self.entries as usize).checked_mul(TABLE_ENTRY).filter(|table| *table <= content.len());
        let Some(table) = table else {
            return Err("the table of a frame is longer than the frame");
        };
        let mut entries = Vec::with_capacity(self.entries as usize);
        let (mut at, mut base) = (table, self.base);
        for row in content[..table].chunks_exact(TABLE_ENTRY) {
            let length = u32_at(row, 0) as usize;
            if at + length > content.len() {
                return Err("an entry is longer than its frame");
            }
            let (count, received_at) = (u32_at(row, 4), i64_at(row, 8));
            let next = base.checked_add(u64::from(count)).filter(|next| *next <= self.next());
            let Some(next) = next else {
                return Err("the entries of a frame do not add up");
            };
            entries.push(StoredEntry { base, count, received_at, bytes: content.slice(at..at + length) });
            at += length;
            base = next;
        }
        if at != content.len() || base != self.next() {
            return Err("the entries of a frame do not add up");
        }
        Ok(entries)
    }
}

/// What a frame of these entries takes on disk.
pub(crate) fn frame_size(entries: &[Entry<'_>]) -> u64 {
    let bytes: u64 = entries.iter().map(|entry| (TABLE_ENTRY + entry.bytes.len()) as u64).sum();
    (FRAME_HEAD as u64 + bytes).next_multiple_of(ALIGNMENT)
}

/// Head and table of a frame at `place`; the entries' bytes follow in order, unaltered, then `padding` zeros.
pub(crate) fn encode(seed: Seed, place: u64, base: u64, entries: &[Entry<'_>]) -> (Vec<u8>, usize) {
    let mut prefix = vec![0; FRAME_HEAD];
    let mut length = 0;
    let mut count = 0;
    for entry in entries {
        prefix.extend_from_slice(&(entry.bytes.len() as u32).to_le_bytes());
        prefix.extend_from_slice(&entry.count.to_le_bytes());
        prefix.extend_from_slice(&entry.received_at.to_le_bytes());
        length += TABLE_ENTRY + entry.bytes.len();
        count += entry.count;
    }
    assert!(u32::try_from(length).is_ok(), "a group of chunks is bounded by its committer");
    let mut checksum = seed.checksum(place, &prefix[FRAME_HEAD..]);
    for entry in entries {
        checksum = crc32c::crc32c_append(checksum, entry.bytes);
    }
    prefix[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    prefix[8..12].copy_from_slice(&(length as u32).to_le_bytes());
    prefix[12..16].copy_from_slice(&checksum.to_le_bytes());
    prefix[16..24].copy_from_slice(&base.to_le_bytes());
    prefix[24..28].copy_from_slice(&count.to_le_bytes());
    prefix[28..32].copy_from_slice(&(entries.len() as u32).to_le_bytes());
    let received_at = |entry: Option<&Entry<'_>>| entry.map_or(0, |entry| entry.received_at).to_le_bytes();
    prefix[32..40].copy_from_slice(&received_at(entries.first()));
    prefix[40..48].copy_from_slice(&received_at(entries.last()));
    let head_checksum = seed.checksum(place, &prefix[8..FRAME_HEAD]);
    prefix[4..8].copy_from_slice(&head_checksum.to_le_bytes());
    let unpadded = FRAME_HEAD + length;
    (prefix, unpadded.next_multiple_of(ALIGNMENT as usize) - unpadded)
}

/// Finds the head of a frame at any aligned place of `bytes`, which lie at `place` of the segment.
pub(crate) fn find_head(seed: Seed, place: u64, bytes: &[u8]) -> Option<(u64, FrameHead)> {
    let first = (place.next_multiple_of(ALIGNMENT) - place) as usize;
    (first..bytes.len()).step_by(ALIGNMENT as usize).find_map(|at| {
        let head = FrameHead::parse(seed, place + at as u64, &bytes[at..]).ok()?;
        Some((place + at as u64, head))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(base: u64) -> Seed {
        Seed::new(crate::LogId::from_bytes(7_u128.to_be_bytes()), 1, base)
    }

    fn written(place: u64) -> Vec<u8> {
        let entries = [
            Entry { bytes: b"one", count: 2, received_at: 5 },
            Entry { bytes: b"second", count: 1, received_at: 9 },
        ];
        let (mut frame, padding) = encode(seed(0), place, 40, &entries);
        frame.extend_from_slice(b"onesecond");
        frame.resize(frame.len() + padding, 0);
        assert_eq!(frame.len() as u64, frame_size(&entries));
        frame
    }

    fn parsed(seed: Seed, place: u64, frame: &[u8]) -> Result<Vec<StoredEntry>, NoFrame> {
        let head = FrameHead::parse(seed, place, frame)?;
        let end = FRAME_HEAD + head.content_length();
        let content = frame.get(FRAME_HEAD..end).ok_or("cut off")?;
        head.entries(seed, place, &Bytes::copy_from_slice(content))
    }

    #[test]
    fn a_frame_gives_back_its_entries_with_their_offsets() {
        let entries = parsed(seed(0), 64, &written(64)).unwrap();
        let seen: Vec<_> =
            entries.iter().map(|entry| (entry.base, entry.next(), entry.received_at)).collect();
        assert_eq!(seen, [(40, 42, 5), (42, 43, 9)]);
        assert_eq!((&entries[0].bytes[..], &entries[1].bytes[..]), (&b"one"[..], &b"second"[..]));
    }

    #[test]
    fn a_frame_is_valid_only_in_its_segment_and_at_its_place() {
        let frame = written(64);
        assert!(parsed(seed(0), 72, &frame).is_err());
        assert!(parsed(seed(8), 64, &frame).is_err());
    }

    #[test]
    fn safe_a_frame_whose_offsets_go_beyond_all_numbers_is_none() {
        let entries = [Entry { bytes: b"one", count: 2, received_at: 5 }];
        let (mut frame, padding) = encode(seed(0), 64, u64::MAX - 1, &entries);
        frame.extend_from_slice(b"one");
        frame.resize(frame.len() + padding, 0);
        assert!(parsed(seed(0), 64, &frame).is_err());
    }

    #[test]
    fn every_flipped_bit_of_a_frame_is_found_loud() {
        let frame = written(64);
        let content_end = FRAME_HEAD + 2 * TABLE_ENTRY + "onesecond".len();
        for byte in 0..content_end {
            for bit in 0..8 {
                let mut damaged = frame.clone();
                damaged[byte] ^= 1 << bit;
                assert!(parsed(seed(0), 64, &damaged).is_err(), "byte {byte} bit {bit}");
            }
        }
    }
}

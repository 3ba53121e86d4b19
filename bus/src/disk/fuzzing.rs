//! The stored formats as the fuzz targets see them: bytes in, plain values out. Not for anybody else.

use bytes::Bytes;

use super::{
    frame::{self, Entry, FRAME_HEAD, FrameHead, Seed},
    mark::Mark,
    number::u32_at,
};
use crate::LogId;

/// The first block of a segment.
pub const BLOCK: usize = 4_096;

/// A frame that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Offset of its first entry.
    pub base: u64,
    /// Offsets, received-at and bytes of each entry.
    pub entries: Vec<(u32, i64, Bytes)>,
    /// Bytes to the next frame.
    pub size: u64,
}

fn seed() -> Seed {
    Seed::new(LogId::from_bytes(7_u128.to_be_bytes()), 1, 0)
}

/// Reads the frame at the start of the bytes, which lie at a place of their segment.
///
/// # Errors
/// If there is none.
pub fn read_frame(place: u64, bytes: &Bytes) -> Result<Frame, &'static str> {
    let head = FrameHead::parse(seed(), place, bytes)?;
    let end = FRAME_HEAD.checked_add(head.content_length()).filter(|end| *end <= bytes.len());
    let content = bytes.slice(FRAME_HEAD..end.ok_or("cut off")?);
    let entries = head.entries(seed(), place, &content)?;
    let entries = entries.into_iter().map(|entry| (entry.count, entry.received_at, entry.bytes)).collect();
    Ok(Frame { base: head.base, entries, size: head.size() })
}

/// Writes a frame.
#[must_use]
pub fn write_frame(place: u64, frame: &Frame) -> Vec<u8> {
    let entries: Vec<_> = frame
        .entries
        .iter()
        .map(|(count, received_at, bytes)| Entry { bytes, count: *count, received_at: *received_at })
        .collect();
    let (mut written, padding) = frame::encode(seed(), place, frame.base, &entries);
    for entry in &entries {
        written.extend_from_slice(entry.bytes);
    }
    written.resize(written.len() + padding, 0);
    written
}

/// Makes the checksums of a frame right, so that what they cover is looked at.
pub fn seal_frame(place: u64, bytes: &mut [u8]) {
    if bytes.len() < FRAME_HEAD {
        return;
    }
    bytes[0..4].copy_from_slice(b"iocF");
    let end = FRAME_HEAD.saturating_add(u32_at(bytes, 8) as usize).min(bytes.len());
    let content = seed().checksum(place, &bytes[FRAME_HEAD..end]);
    bytes[12..16].copy_from_slice(&content.to_le_bytes());
    let head = seed().checksum(place, &bytes[8..FRAME_HEAD]);
    bytes[4..8].copy_from_slice(&head.to_le_bytes());
}

/// Of a mark: sequence, position, next offset, received-at, and whether its segment is sealed.
pub type Marked = (u64, u64, u64, i64, bool);

/// The newest mark in a segment's first block, and a block with just that mark.
#[must_use]
pub fn newest_mark(block: &[u8; BLOCK]) -> Option<(Marked, Vec<u8>)> {
    let mark = Mark::newest(seed(), block)?;
    let mut again = vec![0; BLOCK];
    mark.put(seed(), &mut again);
    Some(((mark.sequence, mark.position, mark.next, mark.received_at, mark.sealed), again))
}

/// A block with a mark in it.
pub fn put_mark(mark: Marked, block: &mut [u8; BLOCK]) {
    let (sequence, position, next, received_at, sealed) = mark;
    Mark { sequence, position, next, received_at, sealed }.put(seed(), block);
}

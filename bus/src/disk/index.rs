//! Where in a segment to start looking for an offset. Sparse: one frame in so many bytes.

use super::frame::FrameHead;

#[derive(Clone, Copy, Debug)]
struct Place {
    base: u64,
    position: u64,
}

/// Some of a segment's frames, in order.
#[derive(Debug, Default)]
pub(crate) struct SparseIndex {
    places: Vec<Place>,
}

impl SparseIndex {
    /// Notes a frame, unless the last noted one is less than `granularity` bytes away.
    pub(crate) fn add(&mut self, position: u64, head: &FrameHead, granularity: u64) {
        if self.places.last().is_none_or(|last| position >= last.position + granularity) {
            self.places.push(Place { base: head.base, position });
        }
    }

    /// A frame at or before the one that holds the offset. None: start at the first frame.
    pub(crate) fn at_or_before(&self, offset: u64) -> Option<u64> {
        let behind = self.places.partition_point(|place| place.base <= offset);
        Some(self.places[behind.checked_sub(1)?].position)
    }
}

//! The segments of one partition, one behind the other: what readers share and what retention removes.
//!
//! A reader takes the lock only to find its segment; it reads the file without any, up to the position its writer
//! has published after fsync, so no reader ever delays a commit.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use ioc_model::position::{Offset, Partition};

use super::{
    budget::Budget,
    file_system::{FileSystem, SegmentFile},
    frame::StoredEntry,
    lock,
    segment::{FIRST_FRAME, Frames, Segment},
};
use crate::{LogId, ReadError};

/// What all parts of a chain need to know.
#[derive(Clone, Debug)]
pub(crate) struct ChainSettings {
    pub(crate) files: Arc<dyn FileSystem>,
    pub(crate) log: LogId,
    pub(crate) partition: u16,
    pub(crate) folder: PathBuf,
    /// Length of a segment in bytes; one entry that is larger gets a segment of its own.
    pub(crate) segment_bytes: u64,
    /// One frame in so many bytes is indexed.
    pub(crate) index_bytes: u64,
    pub(crate) budget: Arc<Budget>,
    /// Leaves some of the disk to others (`room.rs`).
    pub(crate) leaves_room: bool,
    pub(crate) retain: Retain,
}

/// How much of what was released is kept all the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retain {
    /// Bytes of segments.
    pub(crate) bytes: u64,
    /// Milliseconds before the partition's newest received-at.
    pub(crate) age: i64,
}

/// A run of entries read.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) entries: Vec<StoredEntry>,
    /// Where to go on.
    pub(crate) next: u64,
}

/// The segments of one partition.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) settings: ChainSettings,
    segments: Mutex<VecDeque<Arc<Segment>>>,
    /// Behind the last durable offset.
    next: AtomicU64,
    /// The newest durable received-at.
    received_at: AtomicI64,
    /// Everything before may go.
    released: AtomicU64,
    /// One removes at a time, oldest first, or a crash could leave a hole.
    removing: Mutex<()>,
}

impl Chain {
    pub(super) fn new(settings: ChainSettings, segments: VecDeque<Arc<Segment>>) -> Chain {
        Chain {
            settings,
            segments: Mutex::new(segments),
            next: AtomicU64::new(0),
            received_at: AtomicI64::new(i64::MIN),
            released: AtomicU64::new(0),
            removing: Mutex::new(()),
        }
    }

    /// Shows readers that everything before the offset is durable.
    pub(super) fn publish(&self, next: u64, received_at: i64) {
        self.received_at.store(received_at, Ordering::Relaxed);
        self.next.store(next, Ordering::Release);
    }

    /// Adds the segment that is written from now on.
    pub(super) fn push(&self, segment: Arc<Segment>) {
        lock(&self.segments).push_back(segment);
    }

    /// The oldest offset still there.
    pub(crate) fn start(&self) -> u64 {
        lock(&self.segments).front().map_or(0, |segment| segment.header.base)
    }

    /// Behind the last durable offset.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// The segments, oldest first.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        lock(&self.segments).iter().cloned().collect()
    }

    fn segment_of(&self, offset: u64) -> Result<Arc<Segment>, ReadError> {
        let segments = lock(&self.segments);
        let behind = segments.partition_point(|segment| segment.header.base <= offset);
        match behind.checked_sub(1) {
            Some(found) => Ok(segments[found].clone()),
            None => Err(self.released_error(offset, segments.front().map_or(0, |first| first.header.base))),
        }
    }

    fn released_error(&self, wanted: u64, start: u64) -> ReadError {
        ReadError::Released {
            partition: Partition(self.settings.partition),
            wanted: Offset(wanted),
            start: Offset(start),
        }
    }

    /// The open file of a segment, which may have been removed since it was found.
    fn file_of(&self, segment: &Segment) -> Result<Arc<dyn SegmentFile>, ReadError> {
        let base = segment.header.base;
        segment.file(&*self.settings.files).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if self.start() > base => self.released_error(base, self.start()),
            _ => ReadError::Io(error),
        })
    }

    /// Whole entries from the one that holds `from`, up to (not including) the first that starts at or behind `to`:
    /// at least one if there is one, otherwise no more than `max_bytes`.
    pub(crate) fn read(&self, from: u64, to: u64, max_bytes: usize) -> Result<Run, ReadError> {
        let durable = self.next();
        if from > durable {
            let partition = Partition(self.settings.partition);
            return Err(ReadError::Ahead { partition, wanted: Offset(from), end: Offset(durable) });
        }
        let mut reading =
            Reading { run: Run { entries: Vec::new(), next: from }, to, left: max_bytes, full: false };
        while !reading.full && reading.run.next < durable.min(to) {
            let segment = self.segment_of(reading.run.next)?;
            let before = reading.run.next;
            reading.read_segment(self, &segment)?;
            if !reading.full && reading.run.next == before {
                let what = format!("it ends before offset {before}, which is durable");
                return Err(segment.corrupt(segment.durable(), what));
            }
        }
        Ok(reading.run)
    }

    /// Reads everything that is durable and checks that it is whole. Returns how many frames it is.
    #[cfg(test)]
    pub(crate) fn verify(&self) -> Result<u64, ReadError> {
        let mut count = 0;
        let segments = self.segments();
        for (index, segment) in segments.iter().enumerate() {
            // Read before the position: the writer moves on meanwhile.
            let mut frames = Frames::new(segment, self.file_of(segment)?, segment.durable(), BLOCK);
            let (mut position, mut next) = (FIRST_FRAME, segment.header.base);
            while position < frames.limit {
                let head = frames.head_of(position, next)?;
                frames.durable_entries(position, &head)?;
                position += head.size();
                next = head.next();
                count += 1;
            }
            let following = segments.get(index + 1).map(|following| following.header.base);
            if following.is_some_and(|following| following != next) {
                return Err(
                    segment.corrupt(position, format!("it ends before offset {next}, the next starts later"))
                );
            }
        }
        Ok(count)
    }

    /// Allows everything before the offset to go, and removes what may go.
    pub(crate) fn release(&self, before: u64) -> io::Result<()> {
        self.released.fetch_max(before.min(self.next()), Ordering::Relaxed);
        self.remove_released(self.settings.retain)
    }

    /// Removes whole segments of which everything was released and nothing is to be kept.
    pub(crate) fn remove_released(&self, retain: Retain) -> io::Result<()> {
        let _one_at_a_time = lock(&self.removing);
        while let Some(segment) = self.take_removable(retain) {
            let files = &*self.settings.files;
            fail::fail_point!("bus_before_remove", |_| std::process::abort());
            let removed = match files.remove(&segment.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                // Each removal is made durable before the next, or a crash could keep an older one only.
                _ => {
                    fail::fail_point!("bus_after_remove", |_| std::process::abort());
                    files.sync_folder(&self.settings.folder)
                }
            };
            if let Err(error) = removed {
                lock(&self.segments).push_front(segment);
                return Err(error);
            }
            self.settings.budget.free(segment.length());
            tracing::debug!(file = %segment.path.display(), "removed a released segment");
        }
        Ok(())
    }

    fn take_removable(&self, retain: Retain) -> Option<Arc<Segment>> {
        let mut segments = lock(&self.segments);
        // The one behind it starts where it ends; the one being written has none behind it and stays.
        let behind = segments.get(1)?;
        if behind.header.base > self.released.load(Ordering::Relaxed) {
            return None;
        }
        if retain.bytes > 0 {
            let kept: u64 = segments.iter().skip(1).map(|segment| segment.durable()).sum();
            if kept < retain.bytes {
                return None;
            }
        }
        if retain.age > 0 {
            let oldest_to_keep = self.received_at.load(Ordering::Relaxed).saturating_sub(retain.age);
            if behind.header.lowest_received_at >= oldest_to_keep {
                return None;
            }
        }
        segments.pop_front()
    }
}

/// Read ahead when little is asked for.
const BLOCK: usize = 256 * 1024;

struct Reading {
    run: Run,
    to: u64,
    left: usize,
    full: bool,
}

impl Reading {
    fn read_segment(&mut self, chain: &Chain, segment: &Segment) -> Result<(), ReadError> {
        let settings = &chain.settings;
        let file = chain.file_of(segment)?;
        let from = self.run.next;
        let mut position =
            segment.look_up(&*settings.files, settings.index_bytes, |index| index.at_or_before(from))?;
        let ahead = usize::try_from(settings.index_bytes).unwrap_or(BLOCK).saturating_add(self.left);
        let mut frames = Frames::new(segment, file, segment.durable(), ahead.clamp(4096, MOST_READ_AHEAD));
        let mut expected = (position == FIRST_FRAME).then_some(segment.header.base);
        while position < frames.limit && !self.full {
            let head = match expected {
                Some(base) => frames.head_of(position, base)?,
                None => frames.head(position)?.map_err(|what| segment.corrupt(position, what))?,
            };
            if head.base >= self.to {
                self.full = true;
                break;
            }
            if head.next() > self.run.next {
                let entries = frames.durable_entries(position, &head)?;
                self.take(entries);
            }
            position += head.size();
            expected = Some(head.next());
        }
        Ok(())
    }

    fn take(&mut self, entries: Vec<StoredEntry>) {
        for entry in entries {
            if entry.next() <= self.run.next {
                continue;
            }
            let too_many = !self.run.entries.is_empty() && entry.bytes.len() > self.left;
            if entry.base >= self.to || too_many {
                self.full = true;
                return;
            }
            self.left = self.left.saturating_sub(entry.bytes.len());
            self.run.next = entry.next();
            self.run.entries.push(entry);
        }
        self.full |= self.left == 0;
    }
}

/// No single read makes more room than this ahead of what it found.
const MOST_READ_AHEAD: usize = 8 << 20;

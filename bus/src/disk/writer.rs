//! The writing end of a chain: one frame per group, one write, one fsync.
//!
//! What failed decides what follows. No room (ENOSPC, quota, the log's own limit) changes nothing: the same group
//! is tried again later, over whatever the failed attempt left behind. Any other failed write, and every failed
//! fsync of a segment in use, says nothing about what is on disk; the writer is not to be used again, and opening
//! the log judges what is there.

use std::{
    io::{self, IoSlice},
    path::PathBuf,
    sync::Arc,
};

use super::{
    chain::{Chain, ChainSettings, Retain},
    file_system::{SegmentFile, write_all},
    frame::{Entry, FrameHead, encode, frame_size},
    mark::Mark,
    segment::{FIRST_FRAME, Segment, SegmentHeader},
};
use crate::{Filler, is_full};

/// Why entries were not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// There is no room now. Nothing changed.
    #[error("{what}")]
    Full {
        /// What is full.
        what: String,
    },
    /// Nobody knows what is on disk.
    #[error("{what} {}: {error}", path.display())]
    Failed {
        what: &'static str,
        path: PathBuf,
        #[source]
        error: io::Error,
    },
}

/// Appends to the last segment of a chain.
#[derive(Debug)]
pub(crate) struct ChainWriter {
    chain: Arc<Chain>,
    segment: Arc<Segment>,
    file: Arc<dyn SegmentFile>,
    /// The newest mark written, which is also where the next frame goes.
    mark: Mark,
    /// The newest mark is not synced.
    unsettled: bool,
    /// A failed attempt left bytes behind the end.
    untidy: bool,
    /// Written, not synced.
    written: Option<FrameHead>,
}

impl ChainWriter {
    /// A writer that goes on at `end`.
    pub(super) fn new(
        chain: Arc<Chain>,
        segment: Arc<Segment>,
        end: u64,
        mark: Mark,
    ) -> io::Result<ChainWriter> {
        debug_assert_eq!(end, mark.position, "opening settles the mark");
        let file = segment.file(&*chain.settings.files)?;
        // The process before may have been killed between writing the mark and syncing it.
        let unsettled = true;
        Ok(ChainWriter { chain, segment, file, mark, unsettled, untidy: false, written: None })
    }

    /// The offset the next entry gets.
    pub(crate) fn next(&self) -> u64 {
        self.mark.next
    }

    /// The newest received-at so far.
    pub(crate) fn received_at(&self) -> i64 {
        self.mark.received_at
    }

    /// Writes one frame of all these entries, each of which takes at least one offset. Not durable yet.
    pub(crate) fn write(&mut self, entries: &[Entry<'_>]) -> Result<(), WriteError> {
        debug_assert!(!entries.is_empty() && self.written.is_none());
        let size = frame_size(entries);
        self.make_room(size)?;
        let (prefix, padding) = encode(self.segment.seed, self.mark.position, self.mark.next, entries);
        let head = FrameHead::parse(self.segment.seed, self.mark.position, &prefix)
            .unwrap_or_else(|what| unreachable!("a head just encoded: {what}"));
        const ZEROS: [u8; 8] = [0; 8];
        let mut parts = Vec::with_capacity(entries.len() + 2);
        parts.push(IoSlice::new(&prefix));
        parts.extend(entries.iter().map(|entry| IoSlice::new(entry.bytes)));
        parts.push(IoSlice::new(&ZEROS[..padding]));
        if let Err(error) = write_all(&*self.file, &mut parts, self.mark.position) {
            self.untidy = true;
            return Err(self.classify("writing", error));
        }
        self.written = Some(head);
        Ok(())
    }

    /// Makes the frame just written durable, marks it so, and shows it to readers. Returns the offset behind it.
    pub(crate) fn commit(&mut self) -> Result<u64, WriteError> {
        let Some(head) = self.written.take() else {
            return Ok(self.mark.next);
        };
        self.sync()?;
        let position = self.mark.position;
        let mark = Mark {
            sequence: self.mark.sequence + 1,
            position: position + head.size(),
            next: head.next(),
            received_at: head.last_received_at,
            sealed: false,
        };
        self.place_mark(mark)?;
        let settings = &self.chain.settings;
        self.segment.index_frame(position, &head, settings.index_bytes);
        self.segment.set_durable(mark.position);
        self.chain.publish(mark.next, mark.received_at);
        Ok(mark.next)
    }

    /// Makes the newest mark durable too.
    pub(crate) fn settle(&mut self) -> Result<(), WriteError> {
        if self.unsettled {
            self.sync()?;
            self.unsettled = false;
        }
        Ok(())
    }

    /// Whether the newest mark is not durable yet.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    fn sync(&self) -> Result<(), WriteError> {
        // Whatever the reason: after a failed fsync the system may have dropped what was to be written.
        self.file.sync().map_err(|error| self.failed("syncing", error))
    }

    fn place_mark(&mut self, mark: Mark) -> Result<(), WriteError> {
        match mark.write(self.segment.seed, &*self.file) {
            Ok(()) => {
                self.mark = mark;
                self.unsettled = true;
                Ok(())
            }
            // Some file systems want room even to overwrite. The frame is durable; its mark comes with the next
            // one, into the same slot, so that the other slot stays whole.
            Err(error) if is_full(&error) => {
                self.mark = Mark { sequence: self.mark.sequence, ..mark };
                Ok(())
            }
            Err(error) => Err(self.failed("marking as durable", error)),
        }
    }

    /// Sees to it that a frame of that size fits, in this segment or a new one.
    fn make_room(&mut self, size: u64) -> Result<(), WriteError> {
        let wanted = self.mark.position + size;
        let is_empty = self.mark.position == FIRST_FRAME;
        if wanted > self.chain.settings.segment_bytes && !is_empty {
            return self.roll(size);
        }
        if self.untidy {
            // Behind a shorter frame the rest of a longer attempt would look like damage.
            self.file.set_length(self.mark.position).map_err(|error| self.classify("cutting", error))?;
            self.chain.settings.budget.free(self.segment.length() - self.mark.position);
            self.segment.set_length(self.mark.position);
            self.untidy = false;
        }
        let length = self.segment.length();
        if wanted <= length {
            return Ok(());
        }
        let grown = wanted.max(self.chain.settings.segment_bytes);
        self.reserve(grown - length)?;
        if let Err(error) = self.file.allocate(grown) {
            self.chain.settings.budget.free(grown - length);
            // A failed reservation may have made the file longer.
            self.untidy = true;
            return Err(self.classify("reserving room in", error));
        }
        self.segment.set_length(grown);
        Ok(())
    }

    /// Takes bytes of the log's limit, if the disk has them.
    fn reserve(&self, bytes: u64) -> Result<(), WriteError> {
        let Err(what) = self.try_to_reserve(bytes) else { return Ok(()) };
        // What was released and is only kept for convenience goes before anybody has to wait.
        let removed = self.chain.remove_released(Retain::default());
        if removed.is_ok() && self.try_to_reserve(bytes).is_ok() {
            return Ok(());
        }
        Err(WriteError::Full { what })
    }

    fn try_to_reserve(&self, bytes: u64) -> Result<(), String> {
        let ChainSettings { budget, files, folder, leaves_room, .. } = &self.chain.settings;
        // A system that does not tell how much room there is will say so when the file grows.
        if *leaves_room && let Ok(room) = files.room(folder) {
            room.allows(bytes, Filler::Log)?;
        }
        if budget.reserve(bytes) {
            return Ok(());
        }
        Err(format!(
            "the log takes {} of at most {} bytes, and nothing more was released (max_log_bytes)",
            budget.used(),
            budget.limit()
        ))
    }

    /// Goes on in a new segment.
    fn roll(&mut self, size: u64) -> Result<(), WriteError> {
        let settings = &self.chain.settings;
        let length = settings.segment_bytes.max(FIRST_FRAME + size);
        self.reserve(length)?;
        let header = SegmentHeader {
            log: settings.log,
            partition: settings.partition,
            base: self.mark.next,
            lowest_received_at: self.mark.received_at,
        };
        let (segment, mark) = match Segment::create(&*settings.files, &settings.folder, header, length) {
            Ok(created) => created,
            Err(error) => {
                settings.budget.free(length);
                return Err(self.classify("making the segment after", error));
            }
        };
        // Under its name from here on: any failure now leaves it open whether the name survives.
        settings
            .files
            .sync_folder(&settings.folder)
            .map_err(|error| self.failed("making the name durable of the segment after", error))?;
        let file =
            segment.file(&*settings.files).map_err(|error| self.failed("using the segment after", error))?;
        // A mark must be durable before the next one is written into the other slot.
        self.settle()?;
        self.seal()?;
        let segment = Arc::new(segment);
        self.chain.push(segment.clone());
        self.segment.let_go();
        self.segment = segment;
        self.file = file;
        self.mark = mark;
        self.unsettled = false;
        self.untidy = false;
        // Opening also finishes a seal and retries a removal, so neither may stop the writing.
        if let Err(error) = self.chain.remove_released(self.chain.settings.retain) {
            tracing::warn!(%error, "cannot remove released segments");
        }
        Ok(())
    }

    /// Ends the segment: what it does not use is given back.
    fn seal(&mut self) -> Result<(), WriteError> {
        let end = self.mark.position;
        let mark = Mark { sequence: self.mark.sequence + 1, sealed: true, ..self.mark };
        let sealed = mark.write(self.segment.seed, &*self.file).and_then(|()| self.file.set_length(end));
        match sealed {
            Ok(()) => {
                self.chain.settings.budget.free(self.segment.length().saturating_sub(end));
                self.segment.set_length(end);
            }
            // Everything in it is durable and the next one exists: opening seals it.
            Err(error) if is_full(&error) => {}
            Err(error) => return Err(self.failed("sealing", error)),
        }
        self.sync()
    }

    fn classify(&self, what: &'static str, error: io::Error) -> WriteError {
        if is_full(&error) {
            let what = format!("the disk is full: {what} {}: {error}", self.segment.path.display());
            return WriteError::Full { what };
        }
        self.failed(what, error)
    }

    fn failed(&self, what: &'static str, error: io::Error) -> WriteError {
        WriteError::Failed { what, path: self.segment.path.clone(), error }
    }
}

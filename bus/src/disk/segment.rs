//! One file of a partition: a first block that says whose it is and how far it is durable, then frames.
//!
//! A segment gets its name only after its first block is durable, so a segment whose first block is damaged was
//! damaged later. A sealed one says where it ends, so that one taken out of the middle or from the end is missed.
//!
//! Layout of the first block (4096 bytes), little-endian; two slots for the [`Mark`] lie behind it in the block:
//!
//! ```text
//! "iocsegm" version u8 | log id 16 | partition u16 | reserved 6 | base u64 | lowest received_at i64 | crc32c u32
//! ```

use std::{
    io::{self, IoSlice},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use super::{
    buffers::Block,
    file_system::{FileSystem, SegmentFile, read_full, write_all, write_durably},
    frame::{FRAME_HEAD, FrameHead, NoFrame, Seed, StoredEntry},
    index::SparseIndex,
    lock,
    mark::Mark,
    number::{i64_at, u32_at, u64_at},
    open_error::OpenError,
};
use crate::{LogId, ReadError};

/// Where the first frame starts.
pub(crate) const FIRST_FRAME: u64 = 4096;
/// The layout this program writes.
pub(crate) const VERSION: u8 = 1;
const MAGIC: &[u8; 7] = b"iocsegm";
const HEADER: usize = 52;

/// What a segment's file is called.
pub(crate) fn segment_name(base: u64) -> String {
    format!("{base:020}.log")
}

/// The base a file name states, if it is the name of a segment.
pub(crate) fn base_of_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Whose segment it is and where it belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentHeader {
    pub(crate) log: LogId,
    pub(crate) partition: u16,
    /// Offset of its first envelope.
    pub(crate) base: u64,
    /// No received-at in it is lower.
    pub(crate) lowest_received_at: i64,
}

impl SegmentHeader {
    pub(crate) fn seed(&self) -> Seed {
        Seed::new(self.log, self.partition, self.base)
    }

    fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0..7].copy_from_slice(MAGIC);
        bytes[7] = VERSION;
        bytes[8..24].copy_from_slice(&self.log.bytes());
        bytes[24..26].copy_from_slice(&self.partition.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.base.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.lowest_received_at.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..48]);
        bytes[48..52].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn parse(path: &Path, block: &[u8]) -> Result<SegmentHeader, OpenError> {
        let corrupt =
            |what: &str| OpenError::Corrupt { file: path.display().to_string(), at: 0, what: what.into() };
        if &block[0..7] != MAGIC {
            return Err(corrupt("it does not start like a segment"));
        }
        if block[7] != VERSION {
            let file = path.display().to_string();
            return Err(OpenError::Version { file, found: block[7].into(), known: VERSION.into() });
        }
        if u32_at(block, 48) != crc32c::crc32c(&block[..48]) {
            return Err(corrupt("its header does not match its checksum"));
        }
        let mut log = [0; 16];
        log.copy_from_slice(&block[8..24]);
        Ok(SegmentHeader {
            log: LogId::from_bytes(log),
            partition: u16::from_le_bytes([block[24], block[25]]),
            base: u64_at(block, 32),
            lowest_received_at: i64_at(block, 40),
        })
    }
}

/// A segment in use, shared by its writer and all readers.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) seed: Seed,
    /// Behind the last durable frame: as far as readers may look.
    durable: AtomicU64,
    /// Length of the file.
    length: AtomicU64,
    /// Open while the segment is written; a sealed one is opened for each read, or a long log would use up the
    /// process's file descriptors.
    file: Mutex<Option<Arc<dyn SegmentFile>>>,
    /// None for a sealed segment that nobody has read yet.
    index: Mutex<Option<SparseIndex>>,
}

impl Segment {
    /// Makes a new one, durable except for its name, which the folder's next sync makes so.
    pub(crate) fn create(
        files: &dyn FileSystem,
        folder: &Path,
        header: SegmentHeader,
        length: u64,
    ) -> io::Result<(Segment, Mark)> {
        let seed = header.seed();
        let mark = Mark {
            sequence: 0,
            position: FIRST_FRAME,
            next: header.base,
            received_at: header.lowest_received_at,
            sealed: false,
        };
        let name = segment_name(header.base);
        let file = write_durably(files, folder, &name, &|file| {
            let mut block = vec![0; FIRST_FRAME as usize];
            block[..HEADER].copy_from_slice(&header.encode());
            mark.put(seed, &mut block);
            file.allocate(length)?;
            write_all(file, &mut [IoSlice::new(&block)], 0)
        })?;
        let segment = Segment {
            path: folder.join(name),
            header,
            seed,
            durable: AtomicU64::new(FIRST_FRAME),
            length: AtomicU64::new(length),
            file: Mutex::new(Some(file)),
            index: Mutex::new(Some(SparseIndex::default())),
        };
        Ok((segment, mark))
    }

    /// Opens one, checking its first block. How far it is durable is not settled yet: the caller judges by the mark
    /// and states it by [`Segment::set_durable`].
    pub(crate) fn open(
        files: &dyn FileSystem,
        folder: &Path,
        base: u64,
        log: LogId,
        partition: u16,
    ) -> Result<(Segment, Mark), OpenError> {
        let path = folder.join(segment_name(base));
        let file = files.open(&path).map_err(OpenError::io("opening", &path))?;
        let length = file.length().map_err(OpenError::io("asking the length of", &path))?;
        let mut block = vec![0; FIRST_FRAME as usize];
        let read = read_full(&*file, &mut block, 0).map_err(OpenError::io("reading", &path))?;
        let corrupt =
            |at: u64, what: String| OpenError::Corrupt { file: path.display().to_string(), at, what };
        if read < block.len() {
            return Err(corrupt(read as u64, "it ends inside its first block".into()));
        }
        let header = SegmentHeader::parse(&path, &block)?;
        if header.base != base {
            return Err(corrupt(32, format!("it starts at offset {}, not where its name says", header.base)));
        }
        if header.log != log || header.partition != partition {
            let what = format!("it belongs to partition {} of log {}", header.partition, header.log);
            return Err(corrupt(8, what));
        }
        let seed = header.seed();
        let Some(mark) = Mark::newest(seed, &block) else {
            return Err(corrupt(1024, "neither of its durability marks matches its checksum".into()));
        };
        if mark.position < FIRST_FRAME || mark.position > length {
            let what = format!("it is durable up to byte {} but has {length} bytes", mark.position);
            return Err(corrupt(length, what));
        }
        let segment = Segment {
            path,
            header,
            seed,
            durable: AtomicU64::new(FIRST_FRAME),
            length: AtomicU64::new(length),
            file: Mutex::new(Some(file)),
            index: Mutex::new(None),
        };
        Ok((segment, mark))
    }

    /// The file, opened if it is not.
    pub(crate) fn file(&self, files: &dyn FileSystem) -> io::Result<Arc<dyn SegmentFile>> {
        let held = lock(&self.file).clone();
        match held {
            Some(file) => Ok(file),
            None => files.open(&self.path),
        }
    }

    /// Lets go of the file: the segment is sealed.
    pub(crate) fn let_go(&self) {
        *lock(&self.file) = None;
    }

    /// Behind the last durable frame.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Shows readers everything before that position.
    pub(crate) fn set_durable(&self, position: u64) {
        self.durable.store(position, Ordering::Release);
    }

    /// Length of its file.
    pub(crate) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    pub(crate) fn set_length(&self, length: u64) {
        self.length.store(length, Ordering::Relaxed);
    }

    /// Adds a frame to the index of the segment being written.
    pub(crate) fn index_frame(&self, position: u64, head: &FrameHead, granularity: u64) {
        lock(&self.index).get_or_insert_default().add(position, head, granularity);
    }

    /// Puts in the index that opening made.
    pub(crate) fn set_index(&self, index: SparseIndex) {
        *lock(&self.index) = Some(index);
    }

    /// Looks something up in the index, which is made first if nobody has read the segment yet.
    pub(crate) fn look_up(
        &self,
        files: &dyn FileSystem,
        granularity: u64,
        question: impl Fn(&SparseIndex) -> Option<u64>,
    ) -> Result<u64, ReadError> {
        if let Some(index) = &*lock(&self.index) {
            return Ok(question(index).unwrap_or(FIRST_FRAME));
        }
        // Made outside the lock; two readers may both make it, which is only wasteful.
        let mut index = SparseIndex::default();
        let mut frames = Frames::new(self, self.file(files)?, self.durable(), FIRST_FRAME as usize);
        let (mut position, mut next) = (FIRST_FRAME, self.header.base);
        while position < frames.limit {
            let head = frames.head_of(position, next)?;
            index.add(position, &head, granularity);
            position += head.size();
            next = head.next();
        }
        let answer = question(&index).unwrap_or(FIRST_FRAME);
        self.set_index(index);
        Ok(answer)
    }

    /// Stored bytes are not what was written.
    pub(crate) fn corrupt(&self, at: u64, what: impl Into<String>) -> ReadError {
        ReadError::Corrupt { file: self.path.display().to_string(), at, what: what.into() }
    }
}

/// Reads frames of one segment, ahead by blocks, never beyond its limit.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    segment: &'a Segment,
    file: Arc<dyn SegmentFile>,
    /// As far as it may look.
    pub(crate) limit: u64,
    block: usize,
    buffer: Bytes,
    buffer_at: u64,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(
        segment: &'a Segment,
        file: Arc<dyn SegmentFile>,
        limit: u64,
        block: usize,
    ) -> Frames<'a> {
        Frames { segment, file, limit, block, buffer: Bytes::new(), buffer_at: 0 }
    }

    /// The bytes there, as many as asked for; fewer where the limit or the file ends.
    pub(crate) fn bytes(&mut self, at: u64, wanted: usize) -> io::Result<Bytes> {
        let available = usize::try_from(self.limit.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = wanted.min(available);
        let buffered =
            at >= self.buffer_at && at + wanted as u64 <= self.buffer_at + self.buffer.len() as u64;
        if !buffered {
            let mut block = Block::of(wanted.max(self.block.min(available)));
            let read = read_full(&*self.file, block.room(), at)?;
            self.buffer = block.freeze(read);
            self.buffer_at = at;
        }
        let start = (at - self.buffer_at) as usize;
        Ok(self.buffer.slice(start..(start + wanted).min(self.buffer.len())))
    }

    /// The head of the frame at a position.
    pub(crate) fn head(&mut self, position: u64) -> io::Result<Result<FrameHead, NoFrame>> {
        let bytes = self.bytes(position, FRAME_HEAD)?;
        Ok(FrameHead::parse(self.segment.seed, position, &bytes))
    }

    /// The head at a position where the frame of that offset must be.
    pub(crate) fn head_of(&mut self, position: u64, base: u64) -> Result<FrameHead, ReadError> {
        let head = self.head(position)?.map_err(|what| self.segment.corrupt(position, what))?;
        if head.base != base {
            let what = format!("the frame of offset {} is where offset {base} should be", head.base);
            return Err(self.segment.corrupt(position, what));
        }
        Ok(head)
    }

    /// The entries of the frame at a position, checked.
    pub(crate) fn entries(
        &mut self,
        position: u64,
        head: &FrameHead,
    ) -> io::Result<Result<Vec<StoredEntry>, NoFrame>> {
        let at = position + FRAME_HEAD as u64;
        // The head is genuine, but what it announces may have been cut off: look before making room for it.
        if at + head.content_length() as u64 > self.limit {
            return Ok(Err("a frame is cut off"));
        }
        let content = self.bytes(at, head.content_length())?;
        Ok(head.entries(self.segment.seed, position, &content))
    }

    /// The entries of a frame that is known to be durable.
    pub(crate) fn durable_entries(
        &mut self,
        position: u64,
        head: &FrameHead,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        self.entries(position, head)?.map_err(|what| self.segment.corrupt(position, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_twenty_digits_are_segments() {
        assert_eq!(base_of_name(&segment_name(17)), Some(17));
        assert_eq!(base_of_name("00000000000000000017.log.new"), None);
        assert_eq!(base_of_name("17.log"), None);
        assert_eq!(base_of_name("+0000000000000000017.log"), None);
        assert_eq!(base_of_name("99999999999999999999.log"), None);
    }
}

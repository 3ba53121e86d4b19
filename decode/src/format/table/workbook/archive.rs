//! The parts of a workbook: files in a ZIP archive, in memory, of which nobody may believe the sizes.
//!
//! An archive can say that it holds four gigabytes in forty kilobytes, name a part twice, or lay all its parts over one
//! another. So names are counted before they are kept, what is inflated is paid from one allowance for the whole workbook
//! (BOUND), each part must have the size and the checksum that its entry states, and a name is nothing but a key: nothing
//! is ever written to a disk. Format: PKWARE's APPNOTE 6.3.
//!
//! Rejected: the `zip` crate. It keeps everything of each entry before the first question can be asked.

use std::{
    cell::Cell,
    collections::HashMap,
    io::{self, BufRead, Read},
};

use flate2::{Crc, bufread::DeflateDecoder};
use ioc_model::form::Finding;

use super::refusal::{self, Limit};

/// Files of an archive. A workbook with a sheet for each commune, each with drawings and links, has some thousand.
const MOST_PARTS: usize = 10_000;
/// What may be inflated whatever the size of the archive, and what more for each of its bytes. Worksheets shrink to a
/// tenth; those of formatted blanks to a fiftieth.
const INFLATED: u64 = 16 << 20;
const INFLATED_PER_BYTE: u64 = 100;
const MOST_INFLATED: u64 = 256 << 20;

const END_OF_DIRECTORY: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LONGEST_COMMENT: usize = 65_535;
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_LENGTH: usize = 46;
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const LOCAL_LENGTH: usize = 30;
const END_OF_DIRECTORY_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const LOCATOR_LENGTH: usize = 20;
const ENCRYPTED: u16 = 1;

/// An archive whose list of parts was read.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    /// By name in lower case, with `/` between folders: parts are told apart without case (ECMA-376 part 2, 6.2.2).
    parts: HashMap<String, Entry>,
    /// What may still be inflated. Bytes.
    allowance: Cell<u64>,
}

#[derive(Clone, Copy)]
struct Entry {
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u64,
    size: u64,
    at: u64,
    /// Whether another part has the same name.
    ambiguous: bool,
}

/// A part that is being inflated.
pub(super) struct Part<'a> {
    source: Source<'a>,
    entry: Entry,
    buffer: Box<[u8]>,
    filled: usize,
    taken: usize,
    inflated: u64,
    checksum: Crc,
    allowance: &'a Cell<u64>,
    /// Bytes taken since somebody last asked.
    pub(super) taken_since: usize,
    /// What was wrong with it, where reading it failed for that.
    pub(super) fault: Option<PartFault>,
}

/// Why a part cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartFault {
    /// Its bytes are not what its entry says.
    Damaged,
    /// The workbook inflates to more than is allowed.
    TooMuch,
    /// A single tag or text is longer than any that a spreadsheet has.
    TooLong,
}

/// The longest tag or text between two tags. A cell holds 32,767 characters; its link or formula less.
const LONGEST_TOKEN: usize = 1 << 20;

enum Source<'a> {
    Stored(&'a [u8]),
    Deflated(DeflateDecoder<&'a [u8]>),
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*field))
}

impl<'a> Archive<'a> {
    /// Reads the list of an archive's parts.
    ///
    /// # Errors
    /// If the archive is cut off or damaged, or has more parts than a workbook.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Archive<'a>, Finding> {
        let end = end_of_directory(bytes).ok_or_else(refusal::cut_off)?;
        let (count, mut at) = directory(bytes, end).ok_or_else(refusal::cut_off)?;
        if count > MOST_PARTS as u64 {
            return Err(refusal::too_large(Limit::Parts));
        }
        let mut parts = HashMap::new();
        for _ in 0..count {
            let (name, entry, next) = entry(bytes, at).ok_or_else(refusal::cut_off)?;
            let _ = parts.entry(name).and_modify(|met: &mut Entry| met.ambiguous = true).or_insert(entry);
            at = next;
        }
        let allowance = (INFLATED + INFLATED_PER_BYTE * bytes.len() as u64).min(MOST_INFLATED);
        Ok(Archive { bytes, parts, allowance: Cell::new(allowance) })
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&key(name))
    }

    /// Names of all parts, in lower case and in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// A part's bytes; none if there is no such part.
    ///
    /// # Errors
    /// If it is encrypted, packed in another way than a spreadsheet does, there twice, or does not lie in the archive.
    pub(super) fn part(&'a self, name: &str) -> Result<Option<Part<'a>>, Finding> {
        let Some(entry) = self.parts.get(&key(name)).copied() else { return Ok(None) };
        if entry.flags & ENCRYPTED != 0 {
            return Err(refusal::encrypted());
        }
        if entry.ambiguous {
            return Err(refusal::part_twice(name));
        }
        if entry.size > self.allowance.get() {
            return Err(refusal::too_large(Limit::Inflated));
        }
        let packed = self.packed(&entry).ok_or_else(|| refusal::damaged(name))?;
        let source = match entry.method {
            0 => Source::Stored(packed),
            8 => Source::Deflated(DeflateDecoder::new(packed)),
            _ => return Err(refusal::damaged(name)),
        };
        Ok(Some(Part {
            source,
            entry,
            buffer: vec![0; 32 << 10].into_boxed_slice(),
            filled: 0,
            taken: 0,
            inflated: 0,
            checksum: Crc::new(),
            allowance: &self.allowance,
            taken_since: 0,
            fault: None,
        }))
    }

    fn packed(&self, entry: &Entry) -> Option<&'a [u8]> {
        let at = usize::try_from(entry.at).ok()?;
        let header = self.bytes.get(at..)?.get(..LOCAL_LENGTH)?;
        if !header.starts_with(LOCAL_HEADER) {
            return None;
        }
        let names = usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        self.bytes.get(at..)?.get(LOCAL_LENGTH + names..)?.get(..usize::try_from(entry.packed).ok()?)
    }
}

/// A part's name as it is compared.
fn key(name: &str) -> String {
    name.trim_start_matches('/').to_lowercase()
}

/// Where the end of the list of parts is said: the last place from which a comment reaches to the end.
fn end_of_directory(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_LENGTH)?;
    let first = last.saturating_sub(LONGEST_COMMENT);
    let reaches = |at: usize| {
        let comment = u16_at(bytes, at + END_LENGTH - 2);
        comment.is_some_and(|comment| at + END_LENGTH + usize::from(comment) == bytes.len())
    };
    (first..=last).rev().find(|at| bytes[*at..].starts_with(END_OF_DIRECTORY) && reaches(*at))
}

/// How many entries the list has, and where the first one is.
fn directory(bytes: &[u8], end: usize) -> Option<(u64, usize)> {
    let count = u64::from(u16_at(bytes, end + 10)?);
    let at = u64::from(u32_at(bytes, end + 16)?);
    if count < 0xffff && at < 0xffff_ffff {
        return Some((count, usize::try_from(at).ok()?));
    }
    // Of large archives, and of programs that write all as if they were.
    let locator = end.checked_sub(LOCATOR_LENGTH)?;
    if !bytes.get(locator..)?.starts_with(LOCATOR_64) {
        return None;
    }
    let end = usize::try_from(u64_at(bytes, locator + 8)?).ok()?;
    if !bytes.get(end..)?.starts_with(END_OF_DIRECTORY_64) {
        return None;
    }
    Some((u64_at(bytes, end.checked_add(32)?)?, usize::try_from(u64_at(bytes, end.checked_add(48)?)?).ok()?))
}

/// An entry of the list, its name, and where the next one is.
fn entry(bytes: &[u8], at: usize) -> Option<(String, Entry, usize)> {
    let fixed = bytes.get(at..)?.get(..ENTRY_LENGTH)?;
    if !fixed.starts_with(DIRECTORY_ENTRY) {
        return None;
    }
    let lengths = [u16_at(fixed, 28)?, u16_at(fixed, 30)?, u16_at(fixed, 32)?].map(usize::from);
    let name_at = at + ENTRY_LENGTH;
    let name = bytes.get(name_at..)?.get(..lengths[0])?;
    let extra = bytes.get(name_at + lengths[0]..)?.get(..lengths[1])?;
    let mut entry = Entry {
        flags: u16_at(fixed, 8)?,
        method: u16_at(fixed, 10)?,
        checksum: u32_at(fixed, 16)?,
        packed: u64::from(u32_at(fixed, 20)?),
        size: u64::from(u32_at(fixed, 24)?),
        at: u64::from(u32_at(fixed, 42)?),
        ambiguous: false,
    };
    sizes_64(&mut entry, extra)?;
    // Programs of Windows that are not careful write `xl\workbook.xml`.
    let name = key(&String::from_utf8_lossy(name).replace('\\', "/"));
    Some((name, entry, name_at + lengths.iter().sum::<usize>()))
}

/// What did not fit into 32 bits stands in a field of its own, in this order.
fn sizes_64(entry: &mut Entry, mut extra: &[u8]) -> Option<()> {
    let missing = |value: &u64| *value == 0xffff_ffff;
    if ![&entry.size, &entry.packed, &entry.at].into_iter().any(missing) {
        return Some(());
    }
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let field = extra.get(4..)?.get(..length)?;
        extra = &extra[4 + length..];
        if id == 1 {
            let mut values = field.chunks_exact(8);
            for value in
                [&mut entry.size, &mut entry.packed, &mut entry.at].into_iter().filter(|v| missing(v))
            {
                *value = u64_at(values.next()?, 0)?;
            }
            return Some(());
        }
    }
    None
}

impl<'a> Part<'a> {
    /// The same for whoever takes all of it at once: how long a single tag is matters to nobody then.
    pub(super) fn unbroken(self) -> Unbroken<'a> {
        Unbroken(self)
    }
}

/// A part that is taken whole.
pub(super) struct Unbroken<'a>(Part<'a>);

impl Read for Unbroken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.taken_since = 0;
        self.0.read(into)
    }
}

impl Part<'_> {
    fn fail(&mut self, fault: PartFault) -> io::Error {
        self.fault = Some(fault);
        io::ErrorKind::InvalidData.into()
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = match &mut self.source {
            Source::Stored(bytes) => bytes.read(&mut self.buffer),
            Source::Deflated(decoder) => decoder.read(&mut self.buffer),
        };
        let Ok(read) = read else { return Err(self.fail(PartFault::Damaged)) };
        (self.filled, self.taken) = (read, 0);
        self.inflated += read as u64;
        self.checksum.update(&self.buffer[..read]);
        let ended = read == 0;
        if self.inflated > self.entry.size
            || ended && (self.inflated != self.entry.size || self.checksum.sum() != self.entry.checksum)
        {
            return Err(self.fail(PartFault::Damaged));
        }
        match self.allowance.get().checked_sub(read as u64) {
            Some(left) => self.allowance.set(left),
            None => return Err(self.fail(PartFault::TooMuch)),
        }
        Ok(())
    }
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Part<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken_since > LONGEST_TOKEN {
            return Err(self.fail(PartFault::TooLong));
        }
        if self.taken == self.filled {
            self.fill()?;
        }
        Ok(&self.buffer[self.taken..self.filled])
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
        self.taken_since += amount;
    }
}

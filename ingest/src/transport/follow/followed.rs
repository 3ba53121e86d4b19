//! One file's content, from its beginning on, wherever it lies and whatever it is called.

use std::{collections::HashMap, io, os::unix::fs::FileExt};

use ioc_model::running_hash::RunningHash;
use tokio::time::Instant;

use super::{
    kept::{KeptFile, State},
    lines::{Lines, Piece},
    listing::{Entry, EntryState, Id, Listing},
    mark::{Fingerprint, Mark},
    names::is_named_like,
    source::Source,
};
use crate::transport::below::{Signature, signature_of};

/// Read in one go.
pub(super) const GO: usize = 256 << 10;
/// A header of columns is shorter, and every file of an export begins with it.
const WELL_KNOWN: u64 = 256;

/// A followed file.
#[derive(Debug)]
pub(super) struct Followed {
    /// The address of its lines: its name when it was met.
    pub(super) address: String,
    /// Its name now.
    pub(super) name: String,
    /// Which file it is; none while it is looked for, and where it is read from a compressed copy.
    pub(super) id: Option<Id>,
    /// The size it was seen to have.
    pub(super) seen: u64,
    pub(super) state: State,
    /// The place that is kept, and the hash of what lies before it.
    place: Fingerprint,
    hash: RunningHash,
    pub(super) reading: Option<Reading>,
    /// How far its bytes were looked at. Behind what was taken of them were only NULs.
    looked_to: u64,
    /// Since when it has not grown, or is looked for.
    pub(super) since: Instant,
    /// As it was when its content was looked at last.
    looked_at: Option<Signature>,
    /// Files that are not its rest, as they were last.
    not_its: HashMap<Id, EntryState>,
    limit: usize,
}

/// A file that is open.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) lines: Lines,
}

/// What reading on brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There may be more.
    More,
    /// All that is there was read.
    AtEnd,
    /// It is another content by now.
    Another,
}

impl Followed {
    /// A file that was never met.
    pub(super) fn new(entry: &Entry, limit: usize, now: Instant) -> Followed {
        Followed {
            address: entry.name.clone(),
            name: entry.name.clone(),
            id: Some(entry.id()),
            seen: 0,
            state: State::Followed,
            place: Mark::default().fingerprint(),
            hash: RunningHash::default(),
            reading: None,
            looked_to: 0,
            since: now,
            looked_at: None,
            not_its: HashMap::new(),
            limit,
        }
    }

    /// A rotated file that was never met under its own name: whoever writes to it will hear that it was rotated.
    pub(super) fn rotated(
        entry: &Entry,
        listing: &Listing,
        is_compressed: bool,
        limit: usize,
        now: Instant,
    ) -> io::Result<Option<Followed>> {
        let mut file = Followed { state: State::Left, ..Followed::new(entry, limit, now) };
        let is_opened = match is_compressed {
            true => {
                file.id = None;
                file.goes_on_compressed_in(entry, listing)?
            }
            false => file.is_in(entry, listing)? && file.reading.is_some(),
        };
        Ok(is_opened.then_some(file))
    }

    /// One that was kept; none if it was not written by this program.
    pub(super) fn of_kept(kept: KeptFile, limit: usize, now: Instant) -> Option<Followed> {
        Some(Followed {
            hash: kept.hash.parse().ok()?,
            address: kept.address,
            name: kept.name,
            id: kept.id,
            seen: kept.seen,
            state: kept.state,
            place: kept.place,
            reading: None,
            looked_to: 0,
            since: now,
            looked_at: None,
            not_its: HashMap::new(),
            limit,
        })
    }

    pub(super) fn kept(&self) -> KeptFile {
        KeptFile {
            address: self.address.clone(),
            name: self.name.clone(),
            id: self.id,
            place: self.place.clone(),
            hash: self.hash.to_string(),
            seen: self.seen_bytes(),
            state: self.state,
        }
    }

    /// By what it is known.
    pub(super) fn place(&self) -> &Fingerprint {
        &self.place
    }

    /// Bytes of whole lines that were read.
    pub(super) fn read_bytes(&self) -> u64 {
        self.place.at
    }

    /// Bytes seen behind them.
    pub(super) fn unread_bytes(&self) -> u64 {
        self.seen_bytes().saturating_sub(self.place.at)
    }

    /// Bytes seen behind those that were read ahead.
    pub(super) fn behind_bytes(&self) -> u64 {
        self.reading.as_ref().map_or(0, |reading| self.seen_bytes().saturating_sub(reading.lines.ahead.at))
    }

    /// The size it was seen to have, without the NULs at its end: nobody wrote anything there.
    fn seen_bytes(&self) -> u64 {
        let ahead = self.reading.as_ref().map_or(self.place.at, |reading| reading.lines.ahead.at);
        if self.seen <= self.looked_to { self.seen.min(ahead) } else { self.seen }
    }

    /// Whether its number is all it is known by: nothing was read of it, and after a restart it is not open. The number may
    /// have been given to another file meanwhile.
    pub(super) fn has_only_its_number(&self) -> bool {
        self.place.at == 0 && self.reading.is_none()
    }

    /// Whether what was read of it still stands in the file that is open. Where that cannot be read, reading on tells.
    pub(super) fn has_its_content(&self) -> bool {
        let Some(Reading { source: Source::Plain(file), lines }) = &self.reading else { return true };
        lines.ahead.is_in(file).unwrap_or(true)
    }

    /// Whether nothing is open and nobody knows where it lies.
    pub(super) fn is_lost(&self) -> bool {
        self.id.is_none() && self.reading.is_none()
    }

    /// Whether it may go on in another file: it is nowhere, or all of it was read and its last name was removed or taken
    /// by another, as whoever copies a whole file anew each time does.
    pub(super) fn may_go_on_elsewhere(&self) -> bool {
        let is_over = |reading: &Reading| {
            let Some(file) = reading.source.plain() else { return false };
            let is_unlinked = rustix::fs::fstat(file).is_ok_and(|stat| stat.st_nlink == 0);
            let size = signature_of(file).ok().flatten().map(|signature| signature.size);
            is_unlinked && size == Some(reading.lines.ahead.at)
        };
        self.is_lost() || self.reading.as_ref().is_some_and(is_over)
    }

    /// Whether it is open, still the same, and begins so.
    pub(super) fn has_beginning(&self, first: &[u8]) -> bool {
        let Some(Reading { source: Source::Plain(file), lines }) = &self.reading else { return false };
        let mut begins = vec![0; first.len()];
        let begins_so = file.read_exact_at(&mut begins, 0).is_ok() && begins == first;
        begins_so && lines.ahead.is_in(file).unwrap_or(false)
    }

    /// Whether the file that lies there under its number still has its content, which is opened if it was not. A file of
    /// which nothing was read is any.
    pub(super) fn is_in(&mut self, entry: &Entry, listing: &Listing) -> io::Result<bool> {
        if self.reading.is_some() && self.looked_at == Some(entry.signature) {
            return Ok(true);
        }
        let is_same = match &self.reading {
            Some(Reading { source: Source::Plain(file), lines }) => lines.ahead.is_in(file)?,
            _ => match listing.open(entry)? {
                // Renamed since: it is found at the next look.
                None => return Ok(true),
                // A number is given to other files, too, and nothing read is nothing to know it by.
                Some(_) if self.place.at == 0 && !is_named_like(&entry.name, &self.name) => false,
                Some(file) => {
                    self.place.found_in(&file)?.map(|mark| self.go_on(Source::Plain(file), mark)).is_some()
                }
            },
        };
        if is_same {
            self.looked_at = Some(entry.signature);
            self.seen = self.seen.max(entry.signature.size);
        }
        Ok(is_same)
    }

    /// Whether it goes on in a file of another number, which is opened then.
    pub(super) fn goes_on_in(&mut self, entry: &Entry, listing: &Listing) -> io::Result<bool> {
        let size = entry.signature.size;
        let is_long_enough = if self.is_lost() { size >= self.place.at } else { size > self.place.at };
        if !is_long_enough || self.not_its.get(&entry.id()) == Some(&entry.state()) {
            return Ok(false);
        }
        let Some(file) = listing.open(entry)? else { return Ok(false) };
        let _former = self.not_its.insert(entry.id(), entry.state());
        let Some(mark) = self.place.found_in(&file)? else { return Ok(false) };
        self.go_on(Source::Plain(file), mark);
        (self.id, self.looked_at) = (Some(entry.id()), Some(entry.signature));
        (self.name, self.seen) = (entry.name.clone(), self.seen.max(size));
        Ok(true)
    }

    /// Whether its rest is in a compressed copy, which is opened then. A copy that is still being written is looked at
    /// again when it has grown.
    pub(super) fn goes_on_compressed_in(&mut self, entry: &Entry, listing: &Listing) -> io::Result<bool> {
        if !self.is_lost() || self.not_its.get(&entry.id()) == Some(&entry.state()) {
            return Ok(false);
        }
        let Some(file) = listing.open(entry)? else { return Ok(false) };
        let _former = self.not_its.insert(entry.id(), entry.state());
        let Some((source, mark)) = Source::compressed(file, &self.place)? else { return Ok(false) };
        self.go_on(source, mark);
        self.name = entry.name.clone();
        Ok(true)
    }

    fn go_on(&mut self, source: Source, mark: Mark) {
        let lines = Lines::new(mark, self.hash.clone(), self.limit);
        self.reading = Some(Reading { source, lines });
    }

    /// Its content is gone from where it was.
    pub(super) fn lose(&mut self, state: State, now: Instant) {
        (self.seen, self.looked_to) = (self.seen_bytes(), 0);
        (self.id, self.reading, self.looked_at, self.state, self.since) = (None, None, None, state, now);
        self.not_its.clear();
    }

    /// Reads on. The bytes are looked at only when the file turned out, afterwards, to be still the same: who truncates it
    /// meanwhile makes it another, and never the same again.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        pieces: &mut Vec<Piece>,
        now: Instant,
    ) -> io::Result<Progress> {
        let Some(Reading { source, lines }) = &mut self.reading else { return Ok(Progress::AtEnd) };
        let read = source.read(lines.ahead.at, buffer)?;
        let is_full = read == buffer.len();
        let mut bytes = &buffer[..read];
        if let Some(file) = source.plain() {
            if !lines.ahead.is_in(file)? {
                return Ok(Progress::Another);
            }
            // The end of a file on a share may be NULs for a moment, before its bytes are there.
            let held = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if held == 0 && is_full && lines.is_between() {
                lines.skip(bytes);
                (self.place, self.since) = (lines.mark.fingerprint(), now);
                return Ok(Progress::More);
            }
            if held > 0 || !is_full {
                bytes = &bytes[..held];
            }
        }
        // A byte order mark is seen whole or not yet.
        if lines.ahead.at == 0 && bytes.len() < 3 && bytes.first() == Some(&0xef) {
            return Ok(Progress::AtEnd);
        }
        self.looked_to = lines.ahead.at + read as u64;
        if bytes.is_empty() {
            return Ok(Progress::AtEnd);
        }
        lines.take(bytes, pieces);
        self.seen = self.seen.max(lines.ahead.at);
        self.since = now;
        if lines.mark.at != self.place.at {
            (self.place, self.hash) = (lines.mark.fingerprint(), lines.hash.clone());
        }
        Ok(if is_full { Progress::More } else { Progress::AtEnd })
    }

    /// Takes what is left as its last line.
    pub(super) fn end(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(Reading { lines, .. }) = &mut self.reading {
            lines.end(pieces);
            (self.place, self.hash) = (lines.mark.fingerprint(), lines.hash.clone());
        }
    }
}

/// Whether no other file can be taken for the one of that place.
pub(super) fn is_well_known(place: &Fingerprint) -> bool {
    place.at >= WELL_KNOWN
}

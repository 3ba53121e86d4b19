//! The files of one feed: which there are, which of them was which, and what of each is read next.
//!
//! It holds no clock and no task, so that a test can put any moment between any two steps: [`Follower::look`] at the
//! folder, [`Follower::read`] on into a chunk, and, when that is durable, [`Follower::keep`] how far it is.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::Attribute,
    envelope::Content,
    loss::{Loss, Unread},
    pattern,
};
use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::{
    counters::FollowCounters,
    followed::{COMPRESSED, Followed, GO, NOT_READ, Progress, is_well_known},
    kept::{self, Kept, KeptFile, State, Unreadable},
    lines::{Piece, What},
    listing::{Entry, EntryState, Id, Listing},
    mark::KNOWN_BY,
    source::Source,
};

/// A chunk is handed over when it holds that much.
const CHUNK_BYTES: usize = 1 << 20;
/// Files that are read at the same time. Each is open, so that it is read to its end whatever becomes of its name.
const MOST_FILES: usize = 256;
/// Files read to their end of which it is known that they were.
const DONE: usize = 64;

/// What is followed, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followable {
    pub(super) feed: String,
    pub(super) folder: PathBuf,
    /// Patterns of names.
    pub(super) names: Vec<String>,
    /// Bytes of a line and of an envelope.
    pub(super) max_bytes: usize,
    /// A file without its name is left when it has not grown for so long.
    pub(super) linger: Duration,
    /// For so long a file that is gone is looked for.
    pub(super) look_for: Duration,
}

/// The reader of a feed's files.
#[derive(Debug)]
pub(super) struct Follower {
    what: Followable,
    kept_at: PathBuf,
    files: Vec<Followed>,
    /// Losses that are known and not told yet.
    losses: Vec<Told>,
    /// What is kept beside the files.
    kept: Kept,
    /// Rotated files that are known, or are none to read.
    settled: FxHashSet<EntryState>,
    /// Those that will be looked at again.
    unsettled: FxHashSet<Id>,
    /// Something is not kept yet.
    is_changed: bool,
    /// Who is read first.
    turn: usize,
    buffer: Vec<u8>,
    counters: Arc<FollowCounters>,
    /// Of what was said, so that it is said once.
    said: FxHashSet<String>,
    is_unlisted: bool,
}

#[derive(Debug)]
struct Told {
    loss: Loss,
    address: String,
    name: String,
    /// What is left of a line.
    left: Option<Vec<u8>>,
    at: u64,
}

/// What was read in one go.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) chunk: ChunkBuilder,
    /// More is there at once.
    pub(super) more: bool,
    lines: u64,
    bytes: u64,
    oversize: u64,
    losses: Vec<Loss>,
}

impl Read {
    pub(super) fn is_empty(&self) -> bool {
        self.chunk.is_empty()
    }

    /// What is told with it as lost.
    pub(super) fn losses(&self) -> &[Loss] {
        &self.losses
    }
}

impl Follower {
    /// Goes on where it was kept.
    pub(super) fn open(what: Followable, data: &Path, now: Instant) -> Result<Follower, Unreadable> {
        let kept_at = kept::path_of(data, &what.feed);
        let kept = kept::read(&kept_at)?;
        let mut files = Vec::new();
        for file in &kept.files {
            match Followed::of_kept(file.clone(), what.max_bytes, now) {
                Some(file) => files.push(file),
                None => return Err(kept::not_ours(&kept_at)),
            }
        }
        Ok(Follower {
            what,
            kept_at,
            files,
            losses: Vec::new(),
            kept,
            settled: FxHashSet::default(),
            unsettled: FxHashSet::default(),
            is_changed: false,
            turn: 0,
            buffer: vec![0; GO],
            counters: Arc::default(),
            said: FxHashSet::default(),
            is_unlisted: false,
        })
    }

    pub(super) fn counters(&self) -> &Arc<FollowCounters> {
        &self.counters
    }

    pub(super) fn feed(&self) -> &str {
        &self.what.feed
    }

    fn is_followed(&self, name: &str) -> bool {
        !name.ends_with(COMPRESSED) && self.what.names.iter().any(|pattern| pattern::fits(pattern, name))
    }

    /// Looks into the folder.
    pub(super) fn look(&mut self, now: Instant) {
        // Nothing at all where something was is a share that is not mounted.
        let is_bare = |listing: &Listing| listing.entries.is_empty() && !self.files.is_empty();
        let listed = Listing::of(&self.what.folder).and_then(|listing| match is_bare(&listing) {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "no file is there any more: is it mounted?")),
            false => Ok(listing),
        });
        match listed {
            Ok(listing) => {
                self.is_unlisted = false;
                self.look_through(&listing, now);
            }
            Err(error) => {
                self.counters.unlisted.one();
                if !std::mem::replace(&mut self.is_unlisted, true) {
                    tracing::error!(feed = self.what.feed, folder = ?self.what.folder, %error, "cannot list the folder of followed files: trying again");
                }
            }
        }
        self.counters.files.set(self.files.len() as u64);
    }

    fn look_through(&mut self, listing: &Listing, now: Instant) {
        for name in &listing.others {
            if self.is_followed(name) && self.said.insert(name.clone()) {
                self.counters.passed_over.one();
                tracing::warn!(feed = self.what.feed, name, "not followed: it is no regular file");
            }
        }
        let mut is_taken = vec![false; listing.entries.len()];
        self.find_by_number(listing, &mut is_taken, now);
        self.meet(listing, &mut is_taken, now);
        self.look_for_lost(listing, &mut is_taken, now);
        self.meet_rotated(listing, &is_taken, now);
        let newest = listing.entries.iter().map(|entry| entry.signature.modified_millis()).max();
        self.is_changed |= self.kept.looked.is_none();
        self.kept.looked = self.kept.looked.max(Some(newest.unwrap_or(i64::MIN)));
    }

    /// Which file is which by device and inode, as long as the content agrees.
    fn find_by_number(&mut self, listing: &Listing, is_taken: &mut [bool], now: Instant) {
        for index in 0..self.files.len() {
            let Some(id) = self.files[index].id else { continue };
            let entry = listing.entries.iter().position(|entry| entry.id() == id).filter(|at| !is_taken[*at]);
            let Some(at) = entry else {
                let file = &mut self.files[index];
                if file.reading.is_none() {
                    let is_copy = file.state == State::CutShort;
                    file.lose(if is_copy { State::CutShort } else { State::Left }, now);
                    self.is_changed = true;
                } else if file.state == State::Followed {
                    (file.state, file.since) = (State::Left, now);
                    self.is_changed = true;
                }
                continue;
            };
            let entry = &listing.entries[at];
            let is_followed = self.is_followed(&entry.name);
            let file = &mut self.files[index];
            match file.is_in(entry, listing) {
                Ok(true) => {
                    is_taken[at] = true;
                    if file.name != entry.name {
                        self.counters.renamed.one();
                        file.name.clone_from(&entry.name);
                        self.is_changed = true;
                    }
                    let state = match file.state {
                        State::CutShort => State::CutShort,
                        _ if is_followed => State::Followed,
                        _ => State::Left,
                    };
                    if state != file.state {
                        (file.state, file.since) = (state, now);
                        self.is_changed = true;
                    }
                }
                Ok(false) => self.cut_short(index, now),
                Err(error) => {
                    // It is there, and is no other file's.
                    is_taken[at] = true;
                    file.reading = None;
                    self.unreadable(&entry.name, &error);
                }
            }
        }
    }

    /// Files of followed names that are nobody's yet: one that went on under another number, or a new one.
    fn meet(&mut self, listing: &Listing, is_taken: &mut [bool], now: Instant) {
        let mut too_many = 0;
        for (at, entry) in listing.entries.iter().enumerate() {
            if is_taken[at] || !self.is_followed(&entry.name) {
                continue;
            }
            let may_be = |file: &Followed| file.is_well_known() && file.may_go_on_elsewhere();
            let mut known: Vec<usize> =
                (0..self.files.len()).filter(|index| may_be(&self.files[*index])).collect();
            known.sort_by_key(|index| std::cmp::Reverse(self.files[*index].read_bytes()));
            let mut found = None;
            let mut refused = None;
            for index in known {
                match self.files[index].goes_on_in(entry, listing) {
                    Ok(true) => found = Some(index),
                    Ok(false) => continue,
                    Err(error) => refused = Some(error),
                }
                break;
            }
            if let Some(index) = found {
                let file = &mut self.files[index];
                (file.state, file.since) = (State::Followed, now);
                (is_taken[at], self.is_changed) = (true, true);
                continue;
            }
            if self.files.len() >= MOST_FILES {
                too_many += 1;
                continue;
            }
            let mut file = Followed::new(entry, self.what.max_bytes, now);
            match refused.map_or_else(|| file.is_in(entry, listing), Err) {
                Ok(true) if file.reading.is_some() => {
                    self.files.push(file);
                    (is_taken[at], self.is_changed) = (true, true);
                    let _may_be_said_again = self.said.remove(&entry.name);
                }
                // It went away meanwhile.
                Ok(_) => {}
                Err(error) => self.unreadable(&entry.name, &error),
            }
        }
        self.counters.too_many.set(too_many);
        if too_many > 0 && self.said.insert(String::new()) {
            tracing::error!(
                feed = self.what.feed,
                MOST_FILES,
                too_many,
                "too many files fit the names: the others are not read. Let the names fit the files that are written to, \
                 and not those that were rotated"
            );
        }
    }

    /// The rest of a file that is gone lies in a copy, or in the file that was written anew with the same beginning; or
    /// it is lost.
    fn look_for_lost(&mut self, listing: &Listing, is_taken: &mut [bool], now: Instant) {
        let mut index = 0;
        while index < self.files.len() {
            let file = &self.files[index];
            let is_looked_for = file.read_bytes() > 0 && file.may_go_on_elsewhere();
            if is_looked_for && self.find_rest(index, listing, is_taken) {
                continue;
            }
            let file = &self.files[index];
            if file.is_lost() && now.duration_since(file.since) >= self.what.look_for {
                let unread = Unread { read: file.read_bytes(), at_least: file.unread_bytes() };
                let loss = match file.state {
                    State::CutShort => Loss::CutShort(unread),
                    _ => Loss::Gone(unread),
                };
                self.tell(index, loss, None);
                self.leave(index);
                continue;
            }
            index += 1;
        }
    }

    /// Finds the rest of a file. True if the file is one of the others, and was left out.
    fn find_rest(&mut self, index: usize, listing: &Listing, is_taken: &mut [bool]) -> bool {
        // First those that are nobody's: the beginning of a file may be that of others, too.
        for of_another in [false, true] {
            for (at, entry) in listing.entries.iter().enumerate() {
                let file = &mut self.files[index];
                if is_taken[at] != of_another
                    || (of_another && !file.is_well_known())
                    || file.id == Some(entry.id())
                {
                    continue;
                }
                let was_lost = file.is_lost();
                let found = match entry.name.ends_with(COMPRESSED) {
                    true => file.goes_on_compressed_in(entry, listing),
                    false => file.goes_on_in(entry, listing),
                };
                match found {
                    Ok(true) if of_another => {
                        let _same = self.files.swap_remove(index);
                        self.is_changed = true;
                        return true;
                    }
                    Ok(true) => {
                        is_taken[at] = true;
                        self.is_changed = true;
                        self.counters.found_in_copy.add(u64::from(was_lost));
                        tracing::info!(
                            feed = self.what.feed,
                            file = file.address,
                            copy = entry.name,
                            "the rest of a followed file was found in another one"
                        );
                        return false;
                    }
                    Ok(false) => {}
                    Err(error) => self.unreadable(&entry.name, &error),
                }
            }
        }
        false
    }

    /// Rotated files that were never met: they were written and renamed while nobody looked. Those that were there at the
    /// last look were met then, or are older than the following.
    fn meet_rotated(&mut self, listing: &Listing, is_taken: &[bool], now: Instant) {
        let there: FxHashSet<EntryState> = listing.entries.iter().map(Entry::state).collect();
        self.settled.retain(|state| there.contains(state));
        self.unsettled.retain(|id| listing.entries.iter().any(|entry| entry.id() == *id));
        let Some(looked) = self.kept.looked else {
            self.settled = there;
            return;
        };
        for (at, entry) in listing.entries.iter().enumerate() {
            let id = entry.id();
            let is_older = entry.signature.modified_millis() < looked && !self.unsettled.contains(&id);
            if is_taken[at] || is_older || entry.signature.size == 0 || !self.is_rotated(&entry.name) {
                let _new = self.settled.insert(entry.state());
                continue;
            }
            if self.settled.contains(&entry.state()) || self.files.len() >= MOST_FILES {
                continue;
            }
            match self.meet_one_rotated(entry, listing, now) {
                Ok(()) => {
                    let _new = self.settled.insert(entry.state());
                    let _old = self.unsettled.remove(&id);
                }
                Err(error) => {
                    let _again = self.unsettled.insert(id);
                    self.unreadable(&entry.name, &error);
                }
            }
        }
    }

    fn meet_one_rotated(&mut self, entry: &Entry, listing: &Listing, now: Instant) -> io::Result<()> {
        if NOT_READ.iter().any(|ending| entry.name.ends_with(ending)) {
            self.files.push(Followed::new(entry, self.what.max_bytes, now));
            let index = self.files.len() - 1;
            self.tell(index, Loss::Gone(Unread { read: 0, at_least: 0 }), None);
            let _none = self.files.pop();
            return Ok(());
        }
        let is_compressed = entry.name.ends_with(COMPRESSED);
        let Some(file) = listing.open(entry)? else { return Ok(()) };
        let first = Source::beginning(file, is_compressed)?;
        if first.is_empty() {
            self.files.retain(|file| !file.is_lost() || file.read_bytes() + file.seen > 0);
            return Ok(());
        }
        // It is a copy of one that is known, if it begins like it and, where that is no more than a header, ends as well.
        let files = self.files.iter().map(|file| (file.place(), file.seen));
        let mut known = files.chain(self.kept.done.iter().map(|place| (place, place.at)));
        let is_whole = first.len() < KNOWN_BY;
        let is_open = self.files.iter().any(|file| file.has_beginning(&first));
        if is_open
            || known.any(|(place, seen)| {
                let is_no_longer = is_whole && first.len() as u64 <= seen;
                place.at > 0 && place.begins(&first) && (is_well_known(place) || is_no_longer)
            })
        {
            return Ok(());
        }
        let met = Followed::rotated(entry, listing, is_compressed, self.what.max_bytes, now)?;
        if let Some(file) = met {
            tracing::info!(
                feed = self.what.feed,
                file = entry.name,
                "a rotated file that was never met is read"
            );
            // Of a file of which nothing was read this is all that can be found.
            self.files.retain(|file| !file.is_lost() || file.read_bytes() > 0);
            self.files.push(file);
            self.is_changed = true;
        }
        Ok(())
    }

    /// Whether a name is what rotation makes of a followed one: `eve.json.1`, `eve.json-20261129.gz`,
    /// `eve-20261129.json`.
    fn is_rotated(&self, name: &str) -> bool {
        let (name, was_compressed) = match name.strip_suffix(COMPRESSED) {
            Some(name) => (name, true),
            None => (name, false),
        };
        let mut cuts = name.char_indices().filter(|(_, character)| matches!(character, '.' | '-' | '_'));
        let fits = |name: &str| self.what.names.iter().any(|pattern| pattern::fits(pattern, name));
        let is_before_ending = |pattern: &String| {
            let Some((stem, ending)) = pattern.rsplit_once('.') else { return false };
            let within = name.strip_suffix(ending).and_then(|name| name.strip_suffix('.'));
            within
                .and_then(|name| name.strip_prefix(stem))
                .is_some_and(|date| date.starts_with(['.', '-', '_']))
        };
        // `eve.json.gz` was `eve.json` itself.
        let is_itself = fits(name) && was_compressed;
        is_itself
            || !fits(name)
                && (cuts.any(|(at, _)| fits(&name[..at])) || self.what.names.iter().any(is_before_ending))
    }

    /// A file is left for good.
    fn leave(&mut self, index: usize) {
        let file = self.files.remove(index);
        if file.read_bytes() > 0 {
            // Where a line was broken off, too, it is known up to its end.
            let end = file.reading.as_ref().map(|reading| reading.lines.ahead.fingerprint());
            self.kept.done.push_back(end.unwrap_or_else(|| file.place().clone()));
            if self.kept.done.len() > DONE {
                let _oldest = self.kept.done.pop_front();
            }
        }
        self.is_changed = true;
    }

    fn cut_short(&mut self, index: usize, now: Instant) {
        self.is_changed = true;
        let file = &mut self.files[index];
        // Under a reader who has it open it was cut short. Else its number may have been given to another file: wherever it
        // is found, its writer may still write to it.
        let state = match file.state {
            State::Followed if file.reading.is_some() => State::CutShort,
            State::Followed => State::Left,
            state => state,
        };
        file.lose(state, now);
        if state == State::CutShort {
            self.counters.cut_short.one();
            tracing::info!(
                feed = self.what.feed,
                file = file.name,
                read = file.read_bytes(),
                seen = file.seen,
                "a followed file was cut short, or is another: it is read from its beginning, and a copy is looked for"
            );
        }
    }

    fn unreadable(&mut self, name: &str, error: &io::Error) {
        self.counters.unreadable.one();
        if self.said.len() < MOST_FILES && self.said.insert(name.to_owned()) {
            tracing::warn!(feed = self.what.feed, name, %error, "a file cannot be read: trying again");
        }
    }

    fn tell(&mut self, index: usize, loss: Loss, left: Option<Vec<u8>>) {
        let file = &self.files[index];
        let (address, name, at) = (file.address.clone(), file.name.clone(), file.read_bytes());
        self.is_changed = true;
        self.losses.push(Told { loss, address, name, left, at });
    }

    /// Reads on in all files, into a chunk that is not too large.
    pub(super) fn read(&mut self, now: Instant) -> Read {
        let mut read = Read::default();
        for told in std::mem::take(&mut self.losses) {
            self.push_loss(told, &mut read);
        }
        let mut pieces = Vec::new();
        let mut untried = self.files.len();
        self.turn %= untried.max(1);
        while untried > 0 && read.chunk.bytes() < CHUNK_BYTES {
            untried -= 1;
            let index = self.turn;
            let progress = self.files[index].read(&mut self.buffer, &mut pieces, now);
            let is_left = match progress {
                Ok(Progress::More) => {
                    read.more = true;
                    false
                }
                Ok(Progress::AtEnd) => self.is_left(index, &mut pieces, now),
                Ok(Progress::Another) => {
                    self.cut_short(index, now);
                    read.more = true;
                    false
                }
                Err(error) => {
                    let name = self.files[index].name.clone();
                    self.files[index].reading = None;
                    self.unreadable(&name, &error);
                    false
                }
            };
            self.push(index, pieces.drain(..), &mut read);
            if is_left {
                self.leave(index);
            } else {
                self.turn += 1;
            }
            self.turn %= self.files.len().max(1);
        }
        read.more |= untried > 0 || !self.losses.is_empty();
        self.gauge();
        read
    }

    /// Whether all was read of a file that nobody writes to any more. What is left of a line is its last then; of a copy
    /// it is the beginning of one.
    fn is_left(&mut self, index: usize, pieces: &mut Vec<Piece>, now: Instant) -> bool {
        let file = &mut self.files[index];
        let Some(reading) = &mut file.reading else { return false };
        let is_compressed = reading.source.plain().is_none();
        let is_over = match file.state {
            State::Followed => false,
            State::CutShort => true,
            State::Left => is_compressed || now.duration_since(file.since) >= self.what.linger,
        };
        if !is_over {
            return false;
        }
        let unread = Unread {
            read: reading.lines.ahead.at,
            at_least: file.seen.saturating_sub(reading.lines.ahead.at),
        };
        let left = reading.lines.waiting();
        let loss = match file.state {
            State::CutShort => {
                let bytes = Some(reading.lines.broken()).filter(|bytes| !bytes.is_empty());
                if left > 0 {
                    self.tell(index, Loss::RestOfLine { left }, bytes);
                }
                Loss::CutShort(unread)
            }
            _ => {
                file.end(pieces);
                Loss::Gone(unread)
            }
        };
        if unread.at_least > 0 {
            self.tell(index, loss, None);
        }
        true
    }

    fn push(&self, index: usize, pieces: impl Iterator<Item = Piece>, read: &mut Read) {
        let file = &self.files[index];
        for Piece { at, before, what } in pieces {
            let (origin, before) = (format!("{}:{at}", file.name), before.to_string());
            let known = [(Attribute::Origin, origin.as_str()), (Attribute::Before, before.as_str())];
            let mut push = |content, payload: &[u8]| {
                read.chunk.push_with(&self.what.feed, content, &file.address, &known, payload);
            };
            match what {
                What::Lines(payload, lines) => {
                    push(Content::Raw, &payload);
                    read.lines += lines;
                    read.bytes += payload.len() as u64;
                }
                What::TooLong(withheld) => {
                    push(Content::Withheld, withheld.to_json().as_bytes());
                    read.oversize += 1;
                }
            }
        }
    }

    fn push_loss(&self, told: Told, read: &mut Read) {
        let Told { loss, address, name, left, at } = told;
        tracing::error!(feed = self.what.feed, file = name, %loss, "lines of a followed file are lost");
        let (origin, fault) = (format!("{name}:{at}"), loss.to_string());
        let known = [(Attribute::Origin, origin.as_str()), (Attribute::Fault, fault.as_str())];
        let payload = left.unwrap_or_else(|| loss.description(&name).into_bytes());
        read.chunk.push_with(&self.what.feed, Content::Raw, &address, &known, &payload);
        read.losses.push(loss);
    }

    /// Keeps how far it is, once what was read is durable; durable when it returns.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        if !self.losses.is_empty() {
            return Ok(());
        }
        let files: Vec<KeptFile> = self.files.iter().map(Followed::kept).collect();
        if self.is_changed || files != self.kept.files {
            self.kept.files = files;
            self.is_changed = true;
            kept::write(&self.kept_at, &self.kept)?;
            self.is_changed = false;
        }
        Ok(())
    }

    /// Counts what is on the log and kept.
    pub(super) fn count(&self, read: &Read) {
        self.counters.lines.add(read.lines);
        self.counters.bytes.add(read.bytes);
        self.counters.oversize.add(read.oversize);
        for loss in &read.losses {
            self.counters.losses.one();
            if let Loss::CutShort(unread) | Loss::Gone(unread) = loss {
                self.counters.lost_bytes.add(unread.at_least);
            }
        }
    }

    fn gauge(&self) {
        let reading = || self.files.iter().filter_map(|file| Some((file, file.reading.as_ref()?)));
        self.counters.files.set(self.files.len() as u64);
        self.counters.unfinished_bytes.set(reading().map(|(_, reading)| reading.lines.waiting()).sum());
        let behind = reading().map(|(file, reading)| file.seen.saturating_sub(reading.lines.ahead.at));
        self.counters.behind_bytes.set(behind.sum());
    }
}

//! Rotated files that were never met.

use std::io;

use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::{
    followed::{Followed, is_well_known},
    follower::{Follower, MOST_FILES},
    listing::{Entry, EntryState, Listing},
    mark::KNOWN_BY,
    names::{is_gzip, is_of_one_log},
    source::Source,
};

impl Follower {
    /// Rotated files that were never met: they were written and renamed while nobody looked. Those that were there at the
    /// last look were met then, or are older than the following.
    pub(super) fn meet_rotated(&mut self, listing: &Listing, is_taken: &[bool], now: Instant) {
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
            if is_taken[at]
                || is_older
                || entry.signature.size == 0
                || !self.what.names.is_rotated(&entry.name)
            {
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
        let is_compressed = is_gzip(&entry.name);
        let Some(file) = listing.open(entry)? else { return Ok(()) };
        let first = Source::beginning(file, is_compressed)?;
        // Of a file of which nothing was read this is all that can be found.
        let may_be = |file: &Followed| {
            file.is_lost() && file.read_bytes() == 0 && is_of_one_log(&entry.name, &file.name)
        };
        if first.is_empty() {
            self.files.retain(|file| !may_be(file) || file.seen > 0);
            return Ok(());
        }
        if self.is_copy(&first) {
            return Ok(());
        }
        let met = Followed::rotated(entry, listing, is_compressed, self.what.max_bytes, now)?;
        if let Some(file) = met {
            tracing::info!(
                feed = self.what.feed,
                file = entry.name,
                "a rotated file that was never met is read"
            );
            self.files.retain(|file| !may_be(file));
            self.files.push(file);
            self.is_changed = true;
        }
        Ok(())
    }
    /// Whether a file that begins so is a copy of one that is known: if it begins like it and, where that is no more than a
    /// header, ends as well.
    fn is_copy(&self, first: &[u8]) -> bool {
        let files = self.files.iter().map(|file| (file.place(), file.seen));
        let mut known = files.chain(self.kept.done.iter().map(|place| (place, place.at)));
        let is_whole = first.len() < KNOWN_BY;
        let is_open = self.files.iter().any(|file| file.has_beginning(first));
        is_open
            || known.any(|(place, seen)| {
                let is_no_longer = is_whole && first.len() as u64 <= seen;
                place.at > 0 && place.begins(first) && (is_well_known(place) || is_no_longer)
            })
    }

    /// Whether a rotated file that has the number of one of which nothing was read is the rest of another, or its copy: the
    /// number was given away when the file was removed, while nothing ran.
    pub(super) fn is_of_another(&self, index: usize, entry: &Entry, listing: &Listing) -> io::Result<bool> {
        if !self.files[index].has_only_its_number() || self.what.names.is_followed(&entry.name) {
            return Ok(false);
        }
        let Some(file) = listing.open(entry)? else { return Ok(false) };
        for other in self.files.iter().filter(|other| other.is_lost() && other.read_bytes() > 0) {
            if other.place().found_in(&file)?.is_some() {
                return Ok(true);
            }
        }
        let first = Source::beginning(file, false)?;
        // Where no line has ended none can come again.
        let has_lines = first.len() == KNOWN_BY || first.contains(&b'\n');
        Ok(has_lines && self.is_copy(&first))
    }
}

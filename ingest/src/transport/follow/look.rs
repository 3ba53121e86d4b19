//! What a look at the folder finds: which file is which, which are new, and where the rest of a lost one lies.

use std::io;

use ioc_model::{
    loss::{Loss, Unread},
    time::ReceivedAt,
};
use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::{
    followed::{Followed, is_well_known},
    follower::{Follower, MOST_FILES},
    kept::State,
    listing::{Entry, Listing},
    names::is_gzip,
};

impl Follower {
    /// Looks into the folder.
    pub(super) fn look(&mut self, now: Instant, clock: ReceivedAt) {
        let listed = Listing::of(&self.what.folder).and_then(|listing| match self.is_unmounted(&listing) {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "no file is there any more: is it mounted?")),
            false => Ok(listing),
        });
        match listed {
            Ok(listing) => {
                self.is_unlisted = false;
                self.look_through(&listing, now, clock);
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

    /// Whether nothing at all is there where something was, and it was on another device: a share that is not mounted.
    /// Where nothing tells any more which device that was, it may be one.
    fn is_unmounted(&mut self, listing: &Listing) -> bool {
        let mut known = self.files.iter().filter_map(|file| Some(file.id?.0)).chain(self.kept.device);
        if self.files.is_empty()
            || !listing.entries.is_empty()
            || known.any(|device| device == listing.device)
        {
            // Files that are looked for have no device.
            self.is_changed |= self.kept.device.replace(listing.device) != Some(listing.device);
            return false;
        }
        true
    }

    fn look_through(&mut self, listing: &Listing, now: Instant, clock: ReceivedAt) {
        self.say_again(listing);
        for name in &listing.others {
            if self.what.names.is_followed(name) && self.said_passed_over.insert(name.clone()) {
                self.counters.passed_over.one();
                tracing::warn!(feed = self.what.feed, name, "not followed: it is no regular file");
            }
        }
        let mut is_taken = vec![false; listing.entries.len()];
        self.find_by_number(listing, &mut is_taken, now);
        self.meet(listing, &mut is_taken, now);
        self.look_for_lost(listing, &mut is_taken, now);
        self.meet_rotated(listing, &is_taken, now);
        self.is_changed |= self.kept.looked.is_none();
        // Neither another's file nor one that bears a time to come may make what is rotated next look older.
        let is_ours = |at: usize, entry: &Entry| is_taken[at] || self.what.names.is_rotated(&entry.name);
        let ours = listing.entries.iter().enumerate().filter(|(at, entry)| is_ours(*at, entry));
        let newest = ours.map(|(_, entry)| entry.signature.modified_millis()).max();
        self.kept.looked = self.kept.looked.max(Some(newest.unwrap_or(i64::MIN))).min(Some(clock.0));
    }

    /// Forgets that it was said of names that are not there any more.
    fn say_again(&mut self, listing: &Listing) {
        let are_there = |said: &mut FxHashSet<String>, names: &mut dyn Iterator<Item = &String>| {
            if !said.is_empty() {
                *said = names.filter(|name| said.contains(*name)).cloned().collect();
            }
        };
        are_there(&mut self.said_unreadable, &mut listing.entries.iter().map(|entry| &entry.name));
        are_there(&mut self.said_passed_over, &mut listing.others.iter());
    }

    /// Which file is which by device and inode, as long as the content agrees. Files of which nothing was read have no content
    /// to agree: they come when it is known which of the others are lost.
    fn find_by_number(&mut self, listing: &Listing, is_taken: &mut [bool], now: Instant) {
        let (unread, known): (Vec<usize>, Vec<usize>) =
            (0..self.files.len()).partition(|index| self.files[*index].has_only_its_number());
        for index in known.into_iter().chain(unread) {
            let Some(id) = self.files[index].id else { continue };
            let at = listing.entries.iter().position(|entry| entry.id() == id).filter(|at| !is_taken[*at]);
            match at {
                Some(at) => self.find_in(index, (at, &listing.entries[at]), listing, is_taken, now),
                None => self.miss(index, now),
            }
        }
    }

    /// A file's number lies nowhere, or is another's. What was cut short before it lost its last name is known as that at once:
    /// its copy would be taken for a file that was never met.
    fn miss(&mut self, index: usize, now: Instant) {
        let file = &mut self.files[index];
        if file.reading.is_none() {
            let is_copy = file.state == State::CutShort;
            file.lose(if is_copy { State::CutShort } else { State::Left }, now);
            self.is_changed = true;
        } else if !file.has_its_content() {
            self.cut_short(index, now);
        } else if file.state == State::Followed {
            (file.state, file.since) = (State::Left, now);
            self.is_changed = true;
        }
    }

    /// Its number lies there.
    fn find_in(
        &mut self,
        index: usize,
        (at, entry): (usize, &Entry),
        listing: &Listing,
        is_taken: &mut [bool],
        now: Instant,
    ) {
        let found = match self.is_of_another(index, entry, listing) {
            Ok(true) => return self.miss(index, now),
            Ok(false) => self.files[index].is_in(entry, listing),
            Err(error) => Err(error),
        };
        let file = &mut self.files[index];
        match found {
            Ok(true) => {
                is_taken[at] = true;
                if file.name != entry.name {
                    self.counters.renamed.one();
                    file.name.clone_from(&entry.name);
                    self.is_changed = true;
                }
                let state = match file.state {
                    State::CutShort => State::CutShort,
                    _ if self.what.names.is_followed(&entry.name) => State::Followed,
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

    /// Files of followed names that are nobody's yet: one that went on under another number, or a new one.
    fn meet(&mut self, listing: &Listing, is_taken: &mut [bool], now: Instant) {
        let mut too_many = 0;
        let may_be = |file: &Followed| is_well_known(file.place()) && file.may_go_on_elsewhere();
        let mut known: Vec<usize> =
            (0..self.files.len()).filter(|index| may_be(&self.files[*index])).collect();
        known.sort_by_key(|index| std::cmp::Reverse(self.files[*index].read_bytes()));
        for (at, entry) in listing.entries.iter().enumerate() {
            if is_taken[at] || !self.what.names.is_followed(&entry.name) {
                continue;
            }
            let mut found = None;
            let mut refused = None;
            for &index in &known {
                match self.files[index].goes_on_in(entry, listing) {
                    Ok(true) => found = Some(index),
                    Ok(false) => continue,
                    Err(error) => refused = Some(error),
                }
                break;
            }
            if let Some(index) = found {
                known.retain(|other| *other != index);
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
                    let _may_be_said_again = self.said_unreadable.remove(&entry.name);
                }
                // It went away meanwhile.
                Ok(_) => {}
                Err(error) => self.unreadable(&entry.name, &error),
            }
        }
        self.counters.too_many.set(too_many);
        let was_too_many = std::mem::replace(&mut self.is_too_many, too_many > 0);
        if self.is_too_many && !was_too_many {
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
                    || (of_another && !is_well_known(file.place()))
                    || file.id == Some(entry.id())
                {
                    continue;
                }
                let was_lost = file.is_lost();
                let found = match is_gzip(&entry.name) {
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

    pub(super) fn cut_short(&mut self, index: usize, now: Instant) {
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
}

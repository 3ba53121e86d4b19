//! Where files go when they are durable: `done/<feed>/<yyyy-mm-dd>/…`, or `rejected/…` when over the limit.
//!
//! Moving a file out of the inbox is its acknowledgement. Two things can make it a wrong one, and both are looked
//! for: a sender that put another file in its place since it was read (seen after the move), and a sender that
//! stalled for longer than the settle time and goes on writing into the moved file (seen on the rounds for a while
//! afterwards). Either way the file goes back into the inbox and is read again; rows already stored are duplicates.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use ioc_model::{place::Date, time::ReceivedAt};
use tokio::time::Instant;

use super::{
    below::{Folder, Signature},
    take::Taken,
};

/// Moved files are looked after for so long.
const LOOK_AFTER: Duration = Duration::from_secs(600);

/// The most moved files looked after.
const MAX_LOOKED_AFTER: usize = 20_000;
const MAX_NAME: usize = 255;

/// What became of a taken file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shelved {
    /// It lies on the shelf: acknowledged.
    Moved,
    /// Another file lay there: it stays in the inbox, or was put back.
    Changed,
    /// It is gone; the sender took it back, after its envelope was durable.
    Gone,
}

/// A moved file that is still looked after.
#[derive(Debug)]
struct Moved {
    home: PathBuf,
    shelf: PathBuf,
    name: OsString,
    withheld: bool,
    signature: Signature,
    until: Instant,
}

/// The shelves of one feed.
#[derive(Debug)]
pub(super) struct Shelf {
    feed: String,
    done: PathBuf,
    rejected: PathBuf,
    moved: VecDeque<Moved>,
    round_every: Duration,
    next_round: Option<Instant>,
}

impl Shelf {
    pub(super) fn new(feed: &str, done: &Path, rejected: &Path, round_every: Duration) -> Shelf {
        Shelf {
            feed: feed.to_owned(),
            done: done.to_owned(),
            rejected: rejected.to_owned(),
            moved: VecDeque::new(),
            round_every,
            next_round: None,
        }
    }

    /// Moves a file whose envelope is durable. `below_feed` is its path below the feed's folder.
    pub(super) fn put(
        &mut self,
        inbox: &Folder,
        taken: &Taken,
        below_feed: &Path,
        day: Date,
        received_at: ReceivedAt,
    ) -> io::Result<(Shelved, Folder)> {
        let root = Folder::root(if taken.withheld { &self.rejected } else { &self.done })?;
        let day_folder = Path::new(&self.feed).join(day.to_string());
        let (shelf, folder, wanted) = place(&root, &day_folder, below_feed)?;
        let (Some(parent), Some(name)) = (taken.path.parent(), taken.path.file_name()) else {
            return Ok((Shelved::Gone, folder));
        };
        let home = match inbox.at(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Shelved::Gone, folder)),
            home => home?,
        };
        let stat = match home.stat(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Shelved::Gone, folder)),
            stat => stat?,
        };
        if Signature::of_regular(&stat) != Some(taken.signature) {
            return Ok((Shelved::Changed, folder));
        }
        let new_name = free_name(&folder, &wanted, received_at)?;
        home.rename(name, &folder, &new_name)?;
        // Whatever came between the look and the move is on the shelf now.
        let is_what_was_read = Signature::of_regular(&folder.stat(&new_name)?) == Some(taken.signature);
        if !is_what_was_read && put_back(&folder, &new_name, &home, name).is_ok() {
            return Ok((Shelved::Changed, folder));
        }
        if self.moved.len() == MAX_LOOKED_AFTER {
            let _ = self.moved.pop_front();
        }
        self.moved.push_back(Moved {
            home: taken.path.clone(),
            shelf,
            name: new_name,
            withheld: taken.withheld,
            signature: taken.signature,
            until: Instant::now() + LOOK_AFTER,
        });
        Ok((if is_what_was_read { Shelved::Moved } else { Shelved::Changed }, folder))
    }

    /// Looks after the files moved lately: those that changed since go back into the inbox and are returned.
    pub(super) fn round(&mut self, inbox: &Folder, now: Instant) -> Vec<PathBuf> {
        if self.next_round.is_some_and(|next| now < next) {
            return Vec::new();
        }
        self.next_round = Some(now + self.round_every);
        let mut returned = Vec::new();
        let (done, rejected) = (&self.done, &self.rejected);
        self.moved.retain(|moved| {
            let root = if moved.withheld { rejected } else { done };
            let Ok(shelf) = Folder::root(root).and_then(|root| root.at(&moved.shelf)) else { return false };
            let Ok(stat) = shelf.stat(&moved.name) else { return false };
            if Signature::of_regular(&stat) == Some(moved.signature) {
                return now < moved.until;
            }
            let (Some(parent), Some(name)) = (moved.home.parent(), moved.home.file_name()) else {
                return false;
            };
            match inbox.at_made(parent).and_then(|home| put_back(&shelf, &moved.name, &home, name)) {
                Ok(()) => {
                    returned.push(moved.home.clone());
                    false
                }
                // A newer file of the same name is in the way: it will be taken, and then there is room.
                Err(_) => true,
            }
        });
        returned
    }

    /// Removes the days of `done/` that are older than they are kept. `rejected/` is never touched: what lies
    /// there lies nowhere else. Returns how many files went.
    pub(super) fn clear(&self, today: Date, keep_days: u32) -> io::Result<u64> {
        use jiff::ToSpan;
        let Ok(oldest) = today.checked_sub(i64::from(keep_days).days()) else { return Ok(0) };
        let feed = match Folder::root(&self.done).and_then(|done| done.child(OsStr::new(&self.feed))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            feed => feed?,
        };
        let mut removed = 0;
        for name in feed.entries()? {
            let name = name?;
            // Only names written here are dates of ten characters; anything else is somebody's and stays.
            let day =
                name.to_str().filter(|name| name.len() == 10).and_then(|name| name.parse::<Date>().ok());
            if day.is_none_or(|day| day >= oldest) {
                continue;
            }
            removed += count_files(&feed.child(&name)?)?;
            std::fs::remove_dir_all(self.done.join(&self.feed).join(&name))?;
        }
        Ok(removed)
    }
}

/// Removes a file of which all that may be kept is durable.
pub(super) fn remove(inbox: &Folder, taken: &Taken) -> io::Result<Shelved> {
    let (Some(parent), Some(name)) = (taken.path.parent(), taken.path.file_name()) else {
        return Ok(Shelved::Gone);
    };
    let not_found = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let home = match inbox.at(parent) {
        Err(error) if not_found(&error) => return Ok(Shelved::Gone),
        home => home?,
    };
    match home.stat(name) {
        Err(error) if not_found(&error) => Ok(Shelved::Gone),
        Err(error) => Err(error),
        Ok(stat) if Signature::of_regular(&stat) != Some(taken.signature) => Ok(Shelved::Changed),
        Ok(_) => {
            home.remove(name)?;
            home.sync()?;
            Ok(Shelved::Moved)
        }
    }
}

/// The folder on the shelf for a path below the feed's folder, and the name to take there.
fn place(root: &Folder, day: &Path, below_feed: &Path) -> io::Result<(PathBuf, Folder, OsString)> {
    let name = below_feed.file_name().unwrap_or_default().to_owned();
    let shelf = day.join(below_feed.parent().unwrap_or(Path::new("")));
    match root.at_made(&shelf) {
        Ok(folder) => Ok((shelf, folder, name)),
        // A file was put where this path needs a folder: it lies beside it then.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Ok((day.to_owned(), root.at_made(day)?, name))
        }
        Err(error) => Err(error),
    }
}

/// The wanted name, or with a suffix when it is taken. Only this process writes to the shelves.
fn free_name(folder: &Folder, wanted: &OsStr, received_at: ReceivedAt) -> io::Result<OsString> {
    if folder.is_free(wanted)? {
        return Ok(wanted.to_owned());
    }
    let mut number = 0u32;
    loop {
        let suffix =
            if number == 0 { format!(".{}", received_at.0) } else { format!(".{}-{number}", received_at.0) };
        let name = with_suffix(wanted, &suffix);
        if folder.is_free(&name)? {
            return Ok(name);
        }
        number += 1;
    }
}

fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut bytes = name.as_bytes().to_vec();
    bytes.truncate(MAX_NAME - suffix.len());
    bytes.extend_from_slice(suffix.as_bytes());
    OsString::from_vec(bytes)
}

fn put_back(shelf: &Folder, shelf_name: &OsStr, home: &Folder, name: &OsStr) -> io::Result<()> {
    if !home.is_free(name)? {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists));
    }
    shelf.rename(shelf_name, home, name)
}

fn count_files(folder: &Folder) -> io::Result<u64> {
    let mut files = 0;
    for name in folder.entries()? {
        let name = name?;
        files += match folder.child(&name) {
            Ok(child) => count_files(&child)?,
            Err(_) => 1,
        };
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_suffix_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(MAX_NAME);
        for name in ["a.txt", &long] {
            std::fs::write(folder.path().join(name), "1").unwrap();
            let open = Folder::root(folder.path()).unwrap();
            let first = free_name(&open, OsStr::new(name), ReceivedAt(7)).unwrap();
            assert!(first.to_str().unwrap().ends_with(".7") && first.len() <= MAX_NAME);
            std::fs::write(folder.path().join(&first), "2").unwrap();
            let second = free_name(&open, OsStr::new(name), ReceivedAt(7)).unwrap();
            assert!(second.to_str().unwrap().ends_with(".7-1") && second.len() <= MAX_NAME);
        }
    }

    #[test]
    fn only_days_older_than_they_are_kept_are_cleared() {
        let root = tempfile::tempdir().unwrap();
        let done = root.path().join("done");
        for day in ["2024-01-01", "2024-01-30", "2024-01-31", "notes", "20240101xx"] {
            std::fs::create_dir_all(done.join("air").join(day).join("sub")).unwrap();
            std::fs::write(done.join("air").join(day).join("sub/a.txt"), "x").unwrap();
        }
        let shelf = Shelf::new("air", &done, &root.path().join("rejected"), Duration::ZERO);
        let today = jiff::civil::date(2024, 2, 1);
        assert_eq!(shelf.clear(today, 2).unwrap(), 1);
        let mut left: Vec<_> =
            std::fs::read_dir(done.join("air")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["2024-01-30", "2024-01-31", "20240101xx", "notes"]);
    }
}

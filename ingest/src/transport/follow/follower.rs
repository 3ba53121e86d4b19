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

use ioc_model::loss::Loss;
use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::{
    counters::FollowCounters,
    followed::{Followed, GO},
    kept::{self, Kept, KeptFile, Unreadable},
    listing::{EntryState, Id},
    names::Names,
    read::{Read, Told},
};

/// Files that are read at the same time. Each is open, so that it is read to its end whatever becomes of its name.
pub(super) const MOST_FILES: usize = 256;
/// Files read to their end of which it is known that they were.
const DONE: usize = 64;

/// What is followed, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followable {
    pub(super) feed: String,
    pub(super) folder: PathBuf,
    pub(super) names: Names,
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
    pub(super) what: Followable,
    kept_at: PathBuf,
    pub(super) files: Vec<Followed>,
    /// Losses that are known and not told yet.
    pub(super) losses: Vec<Told>,
    /// What is kept beside the files.
    pub(super) kept: Kept,
    /// Rotated files that are known, or are none to read.
    pub(super) settled: FxHashSet<EntryState>,
    /// Those that will be looked at again.
    pub(super) unsettled: FxHashSet<Id>,
    /// Something is not kept yet.
    pub(super) is_changed: bool,
    /// Who is read first.
    pub(super) turn: usize,
    pub(super) buffer: Vec<u8>,
    pub(super) counters: Arc<FollowCounters>,
    /// Names of which it was said, and not to be said again while they are there: they cannot be read, or are no regular
    /// file's.
    pub(super) said_unreadable: FxHashSet<String>,
    pub(super) said_passed_over: FxHashSet<String>,
    pub(super) is_too_many: bool,
    pub(super) is_unlisted: bool,
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
            said_unreadable: FxHashSet::default(),
            said_passed_over: FxHashSet::default(),
            is_too_many: false,
            is_unlisted: false,
        })
    }

    pub(super) fn counters(&self) -> &Arc<FollowCounters> {
        &self.counters
    }

    pub(super) fn feed(&self) -> &str {
        &self.what.feed
    }

    /// A file is left for good.
    pub(super) fn leave(&mut self, index: usize) {
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

    pub(super) fn unreadable(&mut self, name: &str, error: &io::Error) {
        self.counters.unreadable.one();
        if self.said_unreadable.insert(name.to_owned()) {
            tracing::warn!(feed = self.what.feed, name, %error, "a file cannot be read: trying again");
        }
    }

    pub(super) fn tell(&mut self, index: usize, loss: Loss, left: Option<Vec<u8>>) {
        let file = &self.files[index];
        let (address, name, at) = (file.address.clone(), file.name.clone(), file.read_bytes());
        self.is_changed = true;
        self.losses.push(Told { loss, address, name, left, at });
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

    pub(super) fn gauge(&self) {
        let waiting = self.files.iter().filter_map(|file| Some(file.reading.as_ref()?.lines.waiting()));
        self.counters.files.set(self.files.len() as u64);
        self.counters.unfinished_bytes.set(waiting.sum());
        self.counters.behind_bytes.set(self.files.iter().map(Followed::behind_bytes).sum());
    }
}

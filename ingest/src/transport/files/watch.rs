//! One watched folder: look, read, append, wait for durable, move; again.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ioc_bus::{ChunkBuilder, Origin};
use ioc_model::{calendar::Calendar, place::Date, time::ReceivedAt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    FilesConfig,
    below::Folder,
    counters::FilesCounters,
    scan::{Found, Ground, Memory},
    shelf::{Shelf, Shelved, remove},
    take::{NotTaken, Taken, take},
};
use crate::{intake::Intake, transport::blocking};

/// A chunk is handed over when it holds that much, unless one file alone is larger.
const CHUNK_BYTES: usize = 4 << 20;
const CHUNK_FILES: u32 = 1_000;
/// Files that are durable but cannot be moved; no more are taken beyond that many.
const MAX_UNMOVED: usize = 1_000;
/// Folders held open until they are synced.
const MAX_OPEN_FOLDERS: usize = 64;
const CLEAR_EVERY: Duration = Duration::from_secs(3_600);

/// The watching of one feed's folder.
#[derive(Debug)]
pub(super) struct Watch {
    feed: String,
    /// The feeds whose files may lie here.
    meant: Vec<String>,
    /// Whether one of them is personal, so that nothing but what is reduced may be left of its files.
    is_personal: bool,
    inbox: PathBuf,
    folder: PathBuf,
    excluded: Vec<PathBuf>,
    max_bytes: u64,
    poll: Duration,
    settle: Duration,
    keep_done_days: u32,
    calendar: Calendar,
    counters: Arc<FilesCounters>,
    memory: Memory,
    shelf: Shelf,
    /// Durable, not yet moved. They are moved at the next occasion and never appended again meanwhile.
    unmoved: HashMap<PathBuf, (Taken, ReceivedAt)>,
    next_clear: Option<Instant>,
    is_inbox_lost: bool,
}

impl Watch {
    pub(super) fn new(
        config: &FilesConfig,
        feed: &str,
        meant: &[String],
        folder: &Path,
        excluded: Vec<PathBuf>,
        max_bytes: u64,
        calendar: &Calendar,
    ) -> Watch {
        Watch {
            feed: feed.to_owned(),
            meant: meant.to_vec(),
            is_personal: false,
            inbox: config.inbox.clone(),
            folder: folder.to_owned(),
            excluded,
            max_bytes,
            poll: config.poll(),
            settle: config.settle(),
            keep_done_days: config.keep_done_days,
            calendar: calendar.clone(),
            counters: Arc::default(),
            memory: Memory::default(),
            shelf: Shelf::new(feed, &config.done(), &config.rejected(), config.poll() * 5),
            unmoved: HashMap::new(),
            next_clear: None,
            is_inbox_lost: false,
        }
    }

    pub(super) fn feed(&self) -> &str {
        &self.feed
    }

    pub(super) fn counters(&self) -> &Arc<FilesCounters> {
        &self.counters
    }

    /// Watches until cancelled or until the feed's partition takes no more.
    pub(super) async fn run(self, intake: Intake, cancel: CancellationToken) {
        let source = format!("files:{}", self.feed);
        let line = intake.line_of(&source, Origin::sender(&source)).of_feeds(&self.meant);
        let mut watch = self;
        while !cancel.is_cancelled() {
            let now = intake.clock().received_at();
            watch.is_personal = intake.is_personal(&watch.meant);
            let (returned, mut ready) = blocking(watch, move |watch| watch.look(now)).await;
            watch = returned;
            while !ready.is_empty() && !cancel.is_cancelled() {
                let stop = cancel.clone();
                let (returned, (rest, mut chunk, taken)) =
                    blocking(watch, move |watch| watch.fill(ready, &stop)).await;
                (watch, ready) = (returned, rest);
                if taken.is_empty() {
                    continue;
                }
                let appended = async {
                    let durable = intake.hand_over(&line, &mut chunk).await?;
                    durable.await
                };
                let appended = tokio::select! {
                    appended = appended => appended,
                    () = cancel.cancelled() => return,
                };
                let received_at = match appended {
                    Ok(appended) => appended.received_at,
                    Err(error) => {
                        tracing::error!(feed = watch.feed, %error, "files stay in the inbox until a restart");
                        return;
                    }
                };
                // As it is now: the file is still whole, and another pack may be in effect.
                watch.is_personal = intake.is_personal(&watch.meant);
                before_move(&watch.feed, received_at);
                (watch, ()) = blocking(watch, move |watch| watch.shelve(taken, received_at)).await;
                fail::fail_point!("files_after_move", |_| std::process::abort());
            }
            tokio::select! {
                () = tokio::time::sleep(watch.poll) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// One pass over the folder, and the rounds that are due.
    fn look(&mut self, now: ReceivedAt) -> VecDeque<Found> {
        let inbox = match Folder::root(&self.inbox) {
            Ok(inbox) => inbox,
            Err(error) => {
                self.inbox_lost(&error);
                return VecDeque::new();
            }
        };
        self.is_inbox_lost = false;
        let machine_now = Instant::now();
        for path in self.shelf.round(&inbox, machine_now) {
            self.counters.returned.one();
            tracing::warn!(
                feed = self.feed,
                path = self.shown(&path),
                "a file went on growing after it was taken: it is read again"
            );
        }
        self.clear_done(now, machine_now);
        self.move_unmoved(&inbox);
        let ground = Ground {
            folder: &self.folder,
            excluded: &self.excluded,
            settle: self.settle,
            calendar: &self.calendar,
        };
        let pass = self.memory.pass(&inbox, &ground, machine_now);
        self.counters.waiting.set(pass.waiting);
        self.counters.unfinished.set(pass.unfinished);
        self.counters.passed_over.add(pass.passed_over.len() as u64);
        for (path, why) in pass.passed_over {
            tracing::warn!(feed = self.feed, path = self.shown(&path), why, "passed over in the inbox");
        }
        if let Some((path, error)) = pass.failures.first() {
            self.counters.scan_failures.one();
            tracing::warn!(feed = self.feed, path = self.shown(path), %error, folders = pass.failures.len(), "cannot list a folder of the inbox");
        }
        pass.ready.into()
    }

    /// Reads the next files, oldest first, into a chunk.
    fn fill(
        &mut self,
        mut ready: VecDeque<Found>,
        cancel: &CancellationToken,
    ) -> (VecDeque<Found>, ChunkBuilder, Vec<Taken>) {
        let mut chunk = ChunkBuilder::new();
        let mut taken = Vec::new();
        let inbox = match Folder::root(&self.inbox) {
            Ok(inbox) => inbox,
            Err(error) => {
                self.inbox_lost(&error);
                return (VecDeque::new(), chunk, taken);
            }
        };
        if self.unmoved.len() >= MAX_UNMOVED {
            return (VecDeque::new(), chunk, taken);
        }
        while let Some(found) = ready.pop_front() {
            let size = usize::try_from(found.signature.size.min(self.max_bytes)).unwrap_or(usize::MAX);
            let is_full = chunk.len() >= CHUNK_FILES || chunk.bytes().saturating_add(size) > CHUNK_BYTES;
            if is_full && !chunk.is_empty() {
                ready.push_front(found);
                break;
            }
            if self.unmoved.get(&found.path).is_some_and(|(unmoved, _)| unmoved.signature == found.signature)
            {
                continue;
            }
            let address = self.below_feed(&found.path).to_string_lossy().into_owned();
            match take(&inbox, &found, &self.feed, &address, self.max_bytes, &mut chunk, cancel) {
                Ok(file) => taken.push(file),
                Err(NotTaken::Stopping) => break,
                Err(NotTaken::Vanished) => self.counters.vanished.one(),
                Err(NotTaken::Changed) => {
                    self.counters.changed.one();
                    self.memory.unsettle(&found);
                }
                Err(NotTaken::Unreadable(error)) => {
                    self.counters.unreadable.one();
                    tracing::warn!(feed = self.feed, path = self.shown(&found.path), %error, "cannot take a file: it is tried again later");
                    self.memory.set_aside(&found);
                }
            }
        }
        (ready, chunk, taken)
    }

    /// Moves files whose envelopes are durable.
    fn shelve(&mut self, taken: Vec<Taken>, received_at: ReceivedAt) {
        self.counters.taken.add(taken.len() as u64);
        self.counters.taken_bytes.add(taken.iter().map(|file| file.signature.size).sum());
        for file in taken.iter().filter(|file| file.empty) {
            self.counters.empty.one();
            tracing::warn!(
                feed = self.feed,
                path = self.shown(&file.path),
                "a file without a value in it was taken: it delivers nothing"
            );
        }
        self.counters.withheld.add(taken.iter().filter(|file| file.withheld).count() as u64);
        for file in taken {
            let _ = self.unmoved.insert(file.path.clone(), (file, received_at));
        }
        match Folder::root(&self.inbox) {
            Ok(inbox) => self.move_unmoved(&inbox),
            Err(error) => self.inbox_lost(&error),
        }
    }

    fn move_unmoved(&mut self, inbox: &Folder) {
        if self.unmoved.is_empty() {
            return;
        }
        let mut touched: HashMap<(bool, Date, PathBuf), (Folder, PathBuf)> = HashMap::new();
        let mut failures = 0u64;
        let mut first_failure: Option<(PathBuf, io::Error)> = None;
        for (path, (taken, received_at)) in std::mem::take(&mut self.unmoved) {
            let day = self.local_day(received_at);
            let below_feed = self.below_feed(&path).to_owned();
            if self.is_personal {
                match remove(inbox, &taken) {
                    Ok(Shelved::Moved) => self.counters.moved.one(),
                    Ok(Shelved::Changed) => self.counters.changed.one(),
                    Ok(Shelved::Gone) => self.counters.vanished.one(),
                    Err(error) => {
                        failures += 1;
                        let _ = first_failure.get_or_insert((path.clone(), error));
                        let _ = self.unmoved.insert(path, (taken, received_at));
                    }
                }
                continue;
            }
            match self.shelf.put(inbox, &taken, &below_feed, day, received_at) {
                Ok((shelved, folder)) => {
                    let parent = below_feed.parent().unwrap_or(Path::new("")).to_owned();
                    let home = path.parent().unwrap_or(Path::new("")).to_owned();
                    let _ = touched.entry((taken.withheld, day, parent)).or_insert((folder, home));
                    match shelved {
                        Shelved::Moved => self.counters.moved.one(),
                        Shelved::Changed => self.counters.changed.one(),
                        Shelved::Gone => self.counters.vanished.one(),
                    }
                }
                Err(error) => {
                    failures += 1;
                    let _ = first_failure.get_or_insert((path.clone(), error));
                    let _ = self.unmoved.insert(path, (taken, received_at));
                }
            }
            if touched.len() >= MAX_OPEN_FOLDERS {
                self.sync(inbox, touched.drain());
            }
        }
        self.sync(inbox, touched.drain());
        if let Some((path, error)) = first_failure {
            self.counters.move_failures.add(failures);
            tracing::error!(
                feed = self.feed, path = self.shown(&path), %error, files = failures,
                "durable files cannot be moved out of the inbox: they are tried again"
            );
        }
    }

    fn sync<Key>(&self, inbox: &Folder, touched: impl Iterator<Item = (Key, (Folder, PathBuf))>) {
        for (_, (shelf, home)) in touched {
            // A move that a power cut undoes brings the file back: it is read again, and its rows are duplicates.
            if let Err(error) = shelf.sync().and_then(|()| inbox.at(&home)?.sync()) {
                tracing::warn!(feed = self.feed, %error, "cannot make the moving of files durable");
            }
        }
    }

    fn clear_done(&mut self, now: ReceivedAt, machine_now: Instant) {
        if self.next_clear.is_some_and(|next| machine_now < next) {
            return;
        }
        self.next_clear = Some(machine_now + CLEAR_EVERY);
        match self.shelf.clear(self.local_day(now), self.keep_done_days) {
            Ok(0) => {}
            Ok(removed) => {
                self.counters.done_removed.add(removed);
                tracing::info!(
                    feed = self.feed,
                    files = removed,
                    days = self.keep_done_days,
                    "removed old files from done"
                );
            }
            Err(error) => tracing::warn!(feed = self.feed, %error, "cannot remove old files from done"),
        }
    }

    fn local_day(&self, moment: ReceivedAt) -> Date {
        let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or_default();
        moment.to_zoned(self.calendar.zone().clone()).date()
    }

    /// A path for the log. Files are called as people call them: of those that tell of persons only the length is told.
    fn shown(&self, path: &Path) -> String {
        match self.is_personal {
            true => format!("[{} bytes]", path.as_os_str().len()),
            false => path.display().to_string(),
        }
    }

    fn below_feed<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }

    fn inbox_lost(&mut self, error: &io::Error) {
        self.counters.scan_failures.one();
        if !std::mem::replace(&mut self.is_inbox_lost, true) {
            tracing::error!(feed = self.feed, inbox = ?self.inbox, %error, "cannot open the inbox: trying again");
        }
    }
}

/// The stopping point `files_before_move` (feature `failpoints`): files are durable and still lie in the inbox. The log
/// says when it was reached and when it was passed, so that a crash test can prove at which moment a process died.
fn before_move(feed: &str, received_at: ReceivedAt) {
    if cfg!(feature = "failpoints") {
        tracing::debug!("reached files_before_move files={feed}-{}", received_at.0);
    }
    fail::fail_point!("files_before_move", |_| std::process::abort());
    if cfg!(feature = "failpoints") {
        tracing::debug!("passed files_before_move files={feed}-{}", received_at.0);
    }
}

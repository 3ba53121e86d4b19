//! A server as a source: turns over its folders, and the files of each turn in batches.
//!
//! What a batch brought stands in the place behind it, so that the cursor says what the log has; the next time it is asked,
//! the journal takes it over from there. A turn's batches are fetched by one connection.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::Attribute,
    envelope::Content as EnvelopeContent,
    pack::{Feed, FtpPullFeed},
    pattern,
    time::Now,
};
use jiff::{Timestamp, tz::TimeZone};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{
    counters::FtpPullCounters,
    days::{Folder, folders, is_at_or_below},
    failing::Failing,
    fetched::{Asks, Got, Unable, join},
    known::{Content, Entry, Journal, JournalError, MOST_FILES, Taken},
    listing::Signature,
    plan::{Age, Listed, Looked, Plan, Wanted},
};
use crate::transport::{
    blocking,
    files::{MAX_FILE, is_unfinished},
    pull::{
        CannotFetch, Fetched, Limit, Progress, Schedule, Source, bounded::Bounded, place::Place as _,
        progress::now,
    },
    withheld::Withheld,
};

/// One batch: so many files, bytes, and so long.
const MOST_AT_ONCE: usize = 200;
const BYTES_AT_ONCE: u64 = 8 << 20;
const BATCH_WITHIN: Duration = Duration::from_secs(20);
/// Folders of one look.
const MOST_FOLDERS: usize = 20_000;
/// A file that could not be fetched is left for so long behind its first failure.
const LEFT_FIRST: Duration = Duration::from_secs(60);
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What is kept of a feed, and by whose calendar.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) journal: Journal,
    pub(super) zone: TimeZone,
}

/// What is fetched of one feed.
#[derive(Debug)]
pub(super) struct FtpSource<A> {
    feed: String,
    name: String,
    url: String,
    of: FtpPullFeed,
    keep: usize,
    zone: TimeZone,
    server: A,
    /// None while it is written, and for good if that was broken off.
    journal: Option<Journal>,
    plan: Plan,
    failing: Failing,
    schedule: Schedule,
    turn: Option<Turn>,
    /// Known files that are still to be held against what they said, and of which comparison.
    checks: VecDeque<Wanted>,
    checking: Option<u64>,
    /// Folders beside those that are listed anyway: something waits there.
    waits_in: Vec<Arc<Folder>>,
    /// The youngest file that was taken since the start.
    furthest: Option<Age>,
    /// The file by which the connection was lost.
    lost_by: Option<String>,
    counters: Arc<FtpPullCounters>,
    progress: Arc<Progress>,
}

/// A turn under way.
#[derive(Debug)]
struct Turn {
    began: Now,
    /// Checks are made until then; none before the first one.
    checks_until: Option<Instant>,
    queue: VecDeque<Wanted>,
}

/// What the cursor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The batch's number.
    number: u64,
    /// The last file that was handed over.
    last: String,
    /// The last comparison that came to its end.
    compared: Option<u64>,
    /// What the batch brought.
    taken: Vec<Entry>,
}

impl crate::transport::pull::place::Place for Place {}

/// What a look found.
#[derive(Debug, Default)]
struct Found {
    files: Vec<Listed>,
    names: FxHashMap<String, FxHashSet<String>>,
    /// Folders that were there and could not be listed.
    closed: FxHashSet<String>,
    strange: u64,
}

/// A batch in the making.
#[derive(Debug, Default)]
struct Batch {
    chunk: ChunkBuilder,
    taken: Vec<Entry>,
    bytes: u64,
    last: Option<String>,
}

impl<A: Asks> FtpSource<A> {
    pub(super) fn new(
        feed: &Feed,
        of: &FtpPullFeed,
        server: A,
        kept: Kept,
        counters: Arc<FtpPullCounters>,
        progress: Arc<Progress>,
    ) -> FtpSource<A> {
        let duration = |millis: i64| Duration::from_millis(millis.unsigned_abs());
        FtpSource {
            feed: feed.id.clone(),
            name: of.address(),
            url: of.url.to_string(),
            of: of.clone(),
            keep: feed.contract.max_bytes.min(MAX_FILE),
            zone: kept.zone,
            server,
            journal: Some(kept.journal),
            plan: Plan::new(duration(of.settle.0)),
            failing: Failing::new(LEFT_FIRST),
            schedule: Schedule::every(duration(of.compare.every.0), &feed.id),
            turn: None,
            checks: VecDeque::new(),
            checking: None,
            waits_in: Vec::new(),
            furthest: None,
            lost_by: None,
            counters,
            progress,
        }
    }

    #[cfg(test)]
    pub(super) fn without_pauses(mut self) -> FtpSource<A> {
        self.plan = Plan::new(Duration::ZERO);
        self.failing = Failing::new(Duration::ZERO);
        self
    }

    async fn journalled(
        &mut self,
        step: impl FnOnce(&mut Journal) -> Result<(), JournalError> + Send + 'static,
    ) -> Result<(), CannotFetch> {
        let journal = self.journal.take().ok_or_else(|| CannotFetch::said("the process ends"))?;
        let (journal, outcome) = blocking(journal, step).await;
        self.journal = Some(journal);
        outcome.map_err(|error| {
            CannotFetch::fault(
                format!("không lưu được danh sách tệp đã lấy: {error}"),
                format!("what was fetched cannot be kept: {error}"),
            )
        })
    }

    /// What the cursor holds is on the log.
    async fn keep_behind(&mut self, behind: Option<&str>, place: &mut Place) -> Result<(), CannotFetch> {
        if behind.is_none() {
            return self.journalled(Journal::forget_all).await;
        }
        let (number, taken) = (place.number, std::mem::take(&mut place.taken));
        if taken.is_empty() {
            return Ok(());
        }
        fail::fail_point!("ftp_pull_before_known", |_| std::process::abort());
        self.journalled(move |journal| journal.keep(number, taken)).await
    }

    async fn read_on(&mut self, place: &mut Place) -> Result<Fetched, CannotFetch> {
        let mut turn = match self.turn.take() {
            Some(turn) => turn,
            None => self.begin(place.compared).await?,
        };
        let mut batch = Batch::default();
        let lost = self.bring(&mut turn, &mut batch).await.err();
        self.counters.waiting.set(turn.queue.len() as u64);
        self.counters.left.set(self.failing.count() as u64);
        let is_left = self.failing.count() > 0 || self.counters.closed.get() > 0;
        self.progress.limited(Limit::FilesLeft, is_left);
        if batch.taken.is_empty() {
            if let Some(error) = lost {
                return Err(error);
            }
            self.server.leave().await;
            if self.checks.is_empty() {
                place.compared = self.checking.or(place.compared);
            }
            let passed = Some(turn.began);
            return Ok(Fetched { chunk: batch.chunk, place: place.text(), more: false, passed });
        }
        // What was brought before it was lost is kept first; then all is looked at anew.
        self.turn = lost.is_none().then_some(turn);
        let known_of = self.journal.as_ref().map_or(0, Journal::number);
        place.number = place.number.max(known_of) + 1;
        place.taken = batch.taken;
        place.last = batch.last.unwrap_or_else(|| std::mem::take(&mut place.last));
        Ok(Fetched { chunk: batch.chunk, place: place.text(), more: true, passed: None })
    }

    /// Looks at what is there, and what of it is to be fetched.
    async fn begin(&mut self, compared: Option<u64>) -> Result<Turn, CannotFetch> {
        let began = now();
        self.server.connect().await?;
        let due = self.schedule.turn(u64::try_from(began.0).unwrap_or_default());
        let known = self.journal.as_ref().map_or(0, |journal| journal.known.count());
        let is_due = ![compared, self.checking].contains(&Some(due));
        let is_wide = is_due || known > MOST_FILES;
        let found = self.found(began, is_wide).await?;
        self.counters.strange.set(found.strange);
        self.counters.closed.set(found.closed.len() as u64);
        if is_wide {
            let (names, closed) = (found.names, found.closed);
            self.journalled(move |journal| journal.forget_gone(&names, &closed)).await?;
        }
        if self.failing.count() > 0 {
            let there: FxHashSet<String> = found.files.iter().map(Listed::path).collect();
            self.failing.keeps(|path| there.contains(path));
        }
        let contents = i64::from(self.of.compare.contents);
        let checked_since = (is_due && contents > 0).then(|| began.0 / 1_000 - contents * DAY_SECONDS);
        let Some(journal) = &self.journal else { return Err(CannotFetch::said("the process ends")) };
        let (failing, at) = (&self.failing, Instant::now());
        let looked =
            self.plan.look(found.files, &journal.known, at, |path| failing.is_left(path, at), checked_since);
        let Looked { queue, checks, waits_in, settling } = looked;
        self.counters.settling.set(settling);
        self.waits_in = waits_in;
        if is_due {
            (self.checks, self.checking) = (checks, Some(due));
        }
        Ok(Turn { began, checks_until: None, queue })
    }

    /// Lists the folders whose turn it is.
    async fn found(&mut self, began: Now, is_wide: bool) -> Result<Found, CannotFetch> {
        let moment = Timestamp::from_millisecond(began.0).unwrap_or_default();
        let today = moment.to_zoned(self.zone.clone()).date();
        let back = if is_wide { self.of.compare.back } else { self.of.looks_back };
        let named: BTreeSet<Folder> = folders(&self.of.folder, today, back).into_iter().collect();
        let mut left: Vec<(Folder, u32)> = named.iter().map(|folder| (folder.clone(), 0)).collect();
        // Those below another one are come by with it.
        let is_below = |folder: &Folder| named.iter().any(|above| is_at_or_below(&folder.path, &above.path));
        let waiting = self.waits_in.iter().filter(|folder| !is_below(folder));
        left.extend(waiting.map(|folder| ((**folder).clone(), self.of.depth)));
        let (mut found, mut listed, mut absent) = (Found::default(), 0, None);
        while let Some((folder, depth)) = left.pop() {
            let listing = match self.server.list(&folder.path).await {
                Ok(listing) => listing,
                Err(Unable::Away(error)) => return Err(error),
                Err(Unable::Missing(words)) => {
                    absent = Some((folder.path, words));
                    continue;
                }
                Err(Unable::Refused(words)) => {
                    tracing::warn!(
                        feed = self.feed,
                        folder = folder.path,
                        words,
                        "the server does not list a folder"
                    );
                    let _new = found.closed.insert(folder.path);
                    continue;
                }
            };
            listed += 1;
            if listed > MOST_FOLDERS || found.files.len() + listing.files.len() > MOST_FILES {
                return Err(too_many());
            }
            found.strange += listing.strange;
            if depth < self.of.depth {
                let below = listing.folders.iter().map(|name| join(&folder.path, name));
                left.extend(below.map(|path| (Folder { day: folder.day, path }, depth + 1)));
            }
            let folder = Arc::new(folder);
            let names = found.names.entry(folder.path.clone()).or_default();
            for (name, size, said) in listing.files {
                if !self.is_named(&name) {
                    continue;
                }
                let signature = Signature { size: size.unwrap_or_default(), said };
                if names.insert(name.clone()) {
                    found.files.push(Listed { folder: folder.clone(), name, signature });
                }
            }
        }
        match absent {
            Some((folder, words)) if listed == 0 && found.closed.is_empty() => {
                Err(self.nothing_there(&folder, &words))
            }
            _ => Ok(found),
        }
    }

    fn nothing_there(&self, folder: &str, words: &str) -> CannotFetch {
        let is_by_day = self.of.is_by_day();
        let (vi, en) = match is_by_day {
            true => (
                format!("không có thư mục ngày nào ở máy chủ, kể cả {folder}: {words}"),
                format!("no folder of a day is there, {folder} among them: {words}"),
            ),
            false => (
                format!("máy chủ không có thư mục {folder}: {words}"),
                format!("there is no folder {folder} at the server: {words}"),
            ),
        };
        if is_by_day { CannotFetch::told(vi, en) } else { CannotFetch::fault(vi, en) }
    }

    fn is_named(&self, name: &str) -> bool {
        !is_unfinished(name.as_ref())
            && !name.ends_with('~')
            && self.of.names.iter().any(|wanted| pattern::fits(wanted, name))
    }

    /// Fetches as much as a batch takes: of what is new, and then, for a while, of what is held against what it said, so that
    /// the next look is not late.
    ///
    /// # Errors
    /// If the connection is lost; what is in the batch by then is whole.
    async fn bring(&mut self, turn: &mut Turn, batch: &mut Batch) -> Result<(), CannotFetch> {
        let until = Instant::now() + BATCH_WITHIN;
        while batch.taken.len() < MOST_AT_ONCE && batch.bytes < BYTES_AT_ONCE {
            if !batch.taken.is_empty() && Instant::now() >= until {
                break;
            }
            let wanted = match turn.queue.pop_front() {
                Some(wanted) => wanted,
                None => {
                    let checks_until =
                        *turn.checks_until.get_or_insert_with(|| Instant::now() + BATCH_WITHIN);
                    if Instant::now() >= checks_until {
                        break;
                    }
                    let Some(wanted) = self.checks.pop_front() else { break };
                    wanted
                }
            };
            self.bring_one(&wanted, batch).await?;
        }
        Ok(())
    }

    async fn bring_one(&mut self, wanted: &Wanted, batch: &mut Batch) -> Result<(), CannotFetch> {
        let (listed, path) = (&wanted.listed, wanted.listed.path());
        match self.server.fetch(&listed.folder.path, &listed.name, self.keep).await {
            Ok(got) => {
                self.lost_by = None;
                self.failing.heals(&path);
                self.take(wanted, &path, &got, batch);
            }
            Err(Unable::Refused(words) | Unable::Missing(words)) => self.leave_file(&path, &words),
            Err(Unable::Away(error)) => {
                // Once is the line's fault, twice the file's.
                if self.lost_by.as_deref() == Some(path.as_str()) {
                    self.leave_file(&path, &error.en);
                }
                self.lost_by = Some(path);
                return Err(error);
            }
        }
        Ok(())
    }

    fn leave_file(&mut self, path: &str, words: &str) {
        self.counters.broken.one();
        if self.failing.fails(path, Instant::now()) {
            tracing::warn!(
                feed = self.feed,
                file = path,
                words,
                "a file cannot be fetched: tried again later"
            );
        }
    }

    /// A file came to its end.
    fn take(&mut self, wanted: &Wanted, path: &str, got: &Got, batch: &mut Batch) {
        let Listed { folder, name, signature } = &wanted.listed;
        let came = got.digest.bytes();
        batch.bytes += came;
        let is_whole = came == signature.size && got.size_behind.is_none_or(|size| size == came);
        if !is_whole && !got.is_cut {
            self.counters.changing.one();
            self.plan.unsettle(path);
            return;
        }
        let hex = got.digest.clone().hex();
        let content = Content::from_str_radix(&hex[..32], 16).unwrap_or_default();
        let known = self.journal.as_ref().and_then(|journal| journal.known.get(&folder.path, name)).copied();
        if let Some(known) = known.filter(|known| known.content == content) {
            self.counters.same.one();
            // What is held against what it said and says the same is as it was.
            if known.signature != *signature {
                let taken = Taken { signature: *signature, ..known };
                batch.taken.push(Entry::of(&folder.path, name, &taken));
            }
            return;
        }
        self.push(path, got, &mut batch.chunk);
        self.counters.files.one();
        if known.is_some() {
            self.counters.again.one();
        }
        if wanted.is_check {
            self.counters.silent.one();
            tracing::warn!(
                feed = self.feed,
                file = path,
                "a file has another content, and its time and size are the same"
            );
        }
        let age = wanted.listed.age();
        if known.is_none() && self.furthest.as_ref().is_some_and(|furthest| age < *furthest) {
            self.progress.late(1);
        }
        self.furthest = self.furthest.take().max(Some(age));
        let taken = Taken { signature: *signature, content, at: now().0 / 1_000 };
        batch.taken.push(Entry::of(&folder.path, name, &taken));
        batch.last = Some(path.to_owned());
    }

    fn push(&self, path: &str, got: &Got, chunk: &mut ChunkBuilder) {
        let address = path.trim_start_matches('/');
        let origin = join(&self.url, address);
        let known = [(Attribute::Origin, origin.as_str())];
        let counters = self.progress.counters();
        let to = Bounded { feed: &self.feed, address, max_bytes: self.keep, counters };
        match &got.bytes {
            Some(bytes) => to.push(&known, bytes, chunk),
            None if got.is_cut => {
                counters.oversize.one();
                let said = Withheld::too_large_and_cut_off(got.digest.clone()).to_json();
                chunk.push_with(&self.feed, EnvelopeContent::Withheld, address, &known, said.as_bytes());
            }
            None => to.withhold(&known, got.digest.clone(), chunk),
        }
    }
}

impl<A: Asks> Source for FtpSource<A> {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&mut self, behind: Option<&str>) -> Result<Fetched, CannotFetch> {
        let mut place = Place::parse(behind)?;
        self.keep_behind(behind, &mut place).await?;
        let read = self.read_on(&mut place).await;
        if read.is_err() {
            self.turn = None;
            self.server.leave().await;
        }
        read
    }

    fn told(&self, place: &str) -> String {
        Place::parse(Some(place)).map(|place| place.last).unwrap_or_default()
    }
}

fn too_many() -> CannotFetch {
    CannotFetch::fault(
        format!(
            "máy chủ có quá nhiều tệp hoặc thư mục (hơn {MOST_FILES} tệp): thu hẹp 'folder', 'names' hoặc 'compare.back'"
        ),
        format!(
            "there are too many files or folders (over {MOST_FILES} files): narrow 'folder', 'names' or 'compare.back'"
        ),
    )
}

//! Archives the log beside the flow, on a thread of its own, since writing Parquet blocks.
//!
//! Only what is committed is archived, when a pass over it is due ([`PassPace`]). After a pass the log hears that it may let go; then the files are
//! registered in the store, which may be away: the records in the archive are the truth, and what is not registered
//! yet is tried again.
//!
//! A full disk makes the archive wait and the log keep what it has, up to its limit, beyond which the senders wait;
//! it goes on by itself. Any other failure is tried again, too, and shown until it is over (invariants LOUD, BOUND):
//! an archive that stands still keeps nobody from anything as long as the log has room.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ioc_bus::clock::Clock;
use ioc_bus::{Bus, Health, HeldBus};
use ioc_dashboards::{ArchiveState, ArchiveStatus};
use ioc_ingest::transport::counters::{Counters, Metric, MetricKind};
use ioc_model::{
    position::{Offset, Partition},
    time::Now,
};
use ioc_storage::{
    Class, Store, StoreError,
    archive::{ArchiveError, Archiver, PassPace, PassRecord, PassSchedule, Span},
};
use ioc_stream::Driver;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

const LOOKS_EVERY: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const REGISTERS_AGAIN: Duration = Duration::from_secs(5);
/// Registered between two looks at the log: after a restore there may be thousands.
const REGISTERED_AT_ONCE: usize = 64;

/// What is known of the archive from outside of its thread, on the machine's clock.
#[derive(Clone, Debug, Default)]
pub struct ArchiveSnapshot {
    /// What went wrong, of what kind, and since when.
    trouble: Option<(ArchiveState, String, Instant)>,
    behind_offsets: u64,
    behind_bytes: u64,
    /// Milliseconds since 1970.
    last_pass_at: Option<i64>,
    missing_offsets: u64,
    stray_files: u64,
}

impl ArchiveSnapshot {
    /// The same on the product's clock.
    #[must_use]
    pub fn status(&self, ago: impl Fn(Duration) -> Now) -> ArchiveStatus {
        let (state, cause, since) = match &self.trouble {
            Some((state, cause, since)) => (*state, Some(cause.clone()), Some(ago(since.elapsed()))),
            None => (ArchiveState::Up, None, None),
        };
        let since_pass = |at: i64| Duration::from_millis(u64::try_from(machine_now() - at).unwrap_or(0));
        ArchiveStatus {
            state,
            cause,
            since,
            behind_offsets: self.behind_offsets,
            behind_bytes: self.behind_bytes,
            last_pass_at: self.last_pass_at.map(|at| ago(since_pass(at))),
            missing_offsets: self.missing_offsets,
            stray_files: self.stray_files,
        }
    }
}

/// What was done since the process started.
#[derive(Debug, Default)]
pub struct Done {
    passes: AtomicU64,
    files: AtomicU64,
    envelopes: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
    unregistered: AtomicU64,
}

impl Counters for Done {
    fn metrics(&self) -> Vec<Metric> {
        use MetricKind::{Now, Total};
        let Done { passes, files, envelopes, bytes, failures, unregistered } = self;
        let named = [
            ("passes", "Passes over a partition of the log", Total, passes),
            ("files", "Files written", Total, files),
            ("envelopes", "Envelopes in the files written", Total, envelopes),
            ("bytes", "Bytes of the files written", Total, bytes),
            ("failures", "Passes that failed and were tried again", Total, failures),
            ("unregistered", "Passes the store has not been told of yet", Now, unregistered),
        ];
        let told = |(name, help, kind, count): (_, _, _, &AtomicU64)| Metric {
            name,
            help,
            kind,
            count: count.load(Ordering::Relaxed),
        };
        named.map(told).to_vec()
    }
}

/// What the archivist works on.
#[derive(Debug)]
pub struct Work {
    pub archiver: Archiver,
    /// The log that waits for the archive.
    pub bus: Arc<HeldBus>,
    pub driver: Arc<Driver>,
    pub store: Store,
    pub schedule: PassSchedule,
    /// Bytes the log may have.
    pub log_bytes: u64,
    pub stop: CancellationToken,
}

/// A running archive. Ends with the token it was started with.
#[derive(Debug)]
pub struct Archivist {
    snapshot: watch::Receiver<ArchiveSnapshot>,
    counters: Arc<Done>,
    thread: std::thread::JoinHandle<()>,
}

impl Archivist {
    /// Starts its thread. What is archived already, the log may let go of from now on.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(work: Work, runtime: Handle) -> std::io::Result<Archivist> {
        let partitions = (0..work.bus.partitions()).map(Partition);
        let paces = partitions.map(|partition| (partition, pace_of(&work, partition))).collect();
        for partition in (0..work.bus.partitions()).map(Partition) {
            work.bus.archived(partition, work.archiver.archived(partition));
        }
        let counters = Arc::new(Done::default());
        let (snapshot, snapshot_out) = watch::channel(ArchiveSnapshot::default());
        let archiving = Archiving {
            work,
            runtime,
            paces,
            snapshot,
            counters: counters.clone(),
            trouble: None,
            pause: FIRST_PAUSE,
            again_at: Instant::now(),
            unregistered: None,
            register_at: Instant::now(),
            refused: None,
        };
        let thread = std::thread::Builder::new().name("archive".to_owned()).spawn(move || archiving.run())?;
        Ok(Archivist { snapshot: snapshot_out, counters, thread })
    }

    /// How it stands, from now on.
    #[must_use]
    pub fn snapshot(&self) -> watch::Receiver<ArchiveSnapshot> {
        self.snapshot.clone()
    }

    /// What it did.
    #[must_use]
    pub fn counters(&self) -> Arc<Done> {
        self.counters.clone()
    }

    /// Waits until it has ended: a pass under way is finished first.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the archive's thread panicked");
        }
    }
}

/// How fast a partition fills, by its last pass.
fn pace_of(work: &Work, partition: Partition) -> PassPace {
    let archive = work.archiver.archive();
    let last = archive.spans().into_iter().rfind(|span| span.partition == partition);
    let last = last.and_then(|span| {
        let unread = |error| tracing::warn!(%error, "cannot read the archive's last record");
        archive.record(span).map_err(unread).ok()
    });
    PassPace::since(last.as_ref(), work.schedule, machine_now())
}

struct Archiving {
    work: Work,
    runtime: Handle,
    paces: Vec<(Partition, PassPace)>,
    snapshot: watch::Sender<ArchiveSnapshot>,
    counters: Arc<Done>,
    trouble: Option<(ArchiveState, String, Instant)>,
    /// Before the next attempt after a failure.
    pause: Duration,
    again_at: Instant,
    /// Passes the store does not list; not known before it was asked.
    unregistered: Option<VecDeque<Span>>,
    register_at: Instant,
    /// What the store refused, which does not pass by itself.
    refused: Option<(String, Instant)>,
}

impl Archiving {
    fn run(mut self) {
        ioc_stream::priority::work_behind_the_log();
        while !self.work.stop.is_cancelled() {
            if Instant::now() >= self.again_at {
                self.archive();
            }
            self.tell();
            if Instant::now() >= self.register_at {
                self.register();
            }
            let pause = self.work.schedule.every.clamp(Duration::from_millis(50), LOOKS_EVERY);
            let stop = self.work.stop.clone();
            let _ = self.runtime.block_on(async { tokio::time::timeout(pause, stop.cancelled()).await });
        }
    }

    /// Makes the passes that are due.
    fn archive(&mut self) {
        let committed = self.work.driver.committed_offsets();
        let log_is_full = matches!(self.work.bus.health(), Health::Full { .. });
        for index in 0..self.paces.len() {
            let (partition, pace) = self.paces[index];
            let Some(upto) = committed.get(index).copied() else { continue };
            let waiting = upto.0.saturating_sub(self.work.archiver.archived(partition).0);
            if !pace.is_due(waiting, self.work.schedule, log_is_full) {
                continue;
            }
            if let Err(error) = self.archive_partition(index, upto) {
                self.failed(&error);
                return;
            }
        }
        if self.trouble.take().is_some() {
            tracing::info!("the archive goes on");
        }
        self.pause = FIRST_PAUSE;
    }

    fn archive_partition(&mut self, index: usize, upto: Offset) -> Result<(), ArchiveError> {
        let (partition, _) = self.paces[index];
        if releases_before_archiving() {
            self.work.bus.archived(partition, upto);
        }
        let max_bytes = self.work.schedule.max_bytes;
        while let Some(record) = self.work.archiver.pass(partition, upto, max_bytes, machine_now())? {
            self.work.bus.archived(partition, self.work.archiver.archived(partition));
            self.paces[index].1.passed(&record);
            self.count(&record);
            if let Some(unregistered) = &mut self.unregistered {
                unregistered.push_back(record.span());
            }
            self.register_at = self.register_at.min(Instant::now());
            self.tell();
            if self.work.stop.is_cancelled() {
                break;
            }
        }
        self.paces[index].1.caught_up(self.work.schedule);
        Ok(())
    }

    fn count(&self, record: &PassRecord) {
        let bytes: u64 = record.files.iter().map(|file| file.bytes).sum();
        let add = |counter: &AtomicU64, count: u64| {
            let _ = counter.fetch_add(count, Ordering::Relaxed);
        };
        add(&self.counters.passes, 1);
        add(&self.counters.files, record.files.len() as u64);
        add(&self.counters.envelopes, record.envelopes);
        add(&self.counters.bytes, bytes);
        tracing::debug!(
            span = %record.span(),
            files = record.files.len(),
            envelopes = record.envelopes,
            bytes,
            log_bytes = record.log_bytes,
            "archived"
        );
    }

    fn failed(&mut self, error: &ArchiveError) {
        let _ = self.counters.failures.fetch_add(1, Ordering::Relaxed);
        let state = if error.is_full() { ArchiveState::Full } else { ArchiveState::Failing };
        let since = match &self.trouble {
            Some((_, _, since)) => *since,
            None => Instant::now(),
        };
        if self.trouble.is_none() {
            tracing::error!(%error, "cannot archive: the log keeps what is not archived, and it is tried again");
        } else {
            tracing::debug!(%error, "still cannot archive");
        }
        self.trouble = Some((state, error.to_string(), since));
        self.again_at = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Lists passes in the store.
    fn register(&mut self) {
        let stop = self.work.stop.clone();
        let runtime = self.runtime.clone();
        let registered = runtime.block_on(async {
            tokio::select! {
                registered = self.register_some() => Some(registered),
                () = stop.cancelled() => None,
            }
        });
        let waiting = self.unregistered.as_ref().map_or(0, VecDeque::len);
        self.counters.unregistered.store(waiting as u64, Ordering::Relaxed);
        match registered {
            Some(Ok(())) => {
                self.refused = None;
                // A new pass brings the time forward.
                self.register_at = Instant::now() + if waiting > 0 { Duration::ZERO } else { LONGEST_PAUSE };
            }
            Some(Err(error)) => {
                // That the store is away is shown already.
                if error.class() == Class::Refused && self.refused.is_none() {
                    tracing::error!(%error, "archived files cannot be listed in the store");
                    self.refused = Some((error.to_string(), Instant::now()));
                }
                self.register_at = Instant::now() + REGISTERS_AGAIN;
            }
            None => {}
        }
    }

    async fn register_some(&mut self) -> Result<(), StoreError> {
        if self.unregistered.is_none() {
            self.unregistered = Some(self.compare().await?);
        }
        for _ in 0..REGISTERED_AT_ONCE {
            let next = self.unregistered.as_ref().and_then(|waiting| waiting.front().copied());
            let Some(span) = next else { break };
            match self.work.archiver.archive().record(span) {
                Ok(record) => self.work.store.register_pass(&record).await?,
                // Whoever opens it is told; the others are listed.
                Err(error) => tracing::error!(%error, "a pass cannot be listed in the store"),
            }
            if let Some(waiting) = &mut self.unregistered {
                let _ = waiting.pop_front();
            }
        }
        Ok(())
    }

    /// The passes the store does not list, such as all of them after it was restored.
    async fn compare(&self) -> Result<VecDeque<Span>, StoreError> {
        let mut missing = VecDeque::new();
        let mut listed: Option<(_, HashSet<Span>)> = None;
        for span in self.work.archiver.archive().spans() {
            if listed.as_ref().is_none_or(|(log, _)| *log != span.log) {
                listed = Some((span.log, self.work.store.registered_passes(span.log).await?));
            }
            if listed.as_ref().is_some_and(|(_, spans)| !spans.contains(&span)) {
                missing.push_back(span);
            }
        }
        if !missing.is_empty() {
            tracing::info!(passes = missing.len(), "archived files are listed in the store");
        }
        Ok(missing)
    }

    fn tell(&self) {
        let committed = self.work.driver.committed_offsets();
        let (mut offsets, mut bytes) = (0, 0);
        for ((partition, pace), upto) in self.paces.iter().zip(&committed) {
            let waiting = upto.0.saturating_sub(self.work.archiver.archived(*partition).0);
            offsets += waiting;
            bytes += pace.bytes(waiting);
        }
        let behind = || {
            let limit = self.work.log_bytes;
            let cause = format!("{bytes} bytes are not archived, the log holds {limit} at most");
            // Half of it: the other half is the time there is to act.
            (bytes > limit / 2).then(|| (ArchiveState::Behind, cause, Instant::now()))
        };
        let refused = || {
            let (cause, since) = self.refused.clone()?;
            Some((ArchiveState::Failing, cause, since))
        };
        let trouble = match (&self.trouble, behind()) {
            // What stands still and fills the log is worse than either.
            (Some((_, cause, since)), Some((behind, how_far, _))) => {
                Some((behind, format!("{how_far}; {cause}"), *since))
            }
            (Some(trouble), None) => Some(trouble.clone()),
            (None, Some(behind)) => Some(behind),
            (None, None) => refused(),
        };
        let _ = self.snapshot.send_replace(ArchiveSnapshot {
            trouble,
            behind_offsets: offsets,
            behind_bytes: bytes,
            last_pass_at: self.paces.iter().filter_map(|(_, pace)| pace.last_pass_at()).max(),
            missing_offsets: self.work.archiver.missing(),
            stray_files: self.work.archiver.strays(),
        });
    }
}

impl Drop for Archiving {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let cause = "its thread panicked: the log keeps everything until the next start".to_owned();
            self.snapshot.send_modify(|snapshot| {
                snapshot.trouble = Some((ArchiveState::Failing, cause, Instant::now()));
            });
        }
    }
}

/// Milliseconds since 1970.
fn machine_now() -> i64 {
    Clock::Machine.now().0
}

/// **Negative control, for one test only**: whether the log hears of a pass before it is made. It breaks invariant
/// ONCE on purpose, so that the test which must find lost envelopes is seen to find them. Never true in a program
/// built without the feature `failpoints`.
fn releases_before_archiving() -> bool {
    fail::fail_point!("archive_releases_first", |_| true);
    false
}

//! Looks at the machinery once a second and tells the board and the metrics.
//!
//! What is in flight is counted beside it: with a long backlog that takes longer than a second, and a full disk, a
//! store that is away or a halted flow must not wait to be seen until the backlog was read (invariant LOUD).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_bus::{Health, ReadError, SharedBus};
use ioc_bus::{clock::Clock, in_flight};
use ioc_dashboards::{ArchiveStatus, Board, BusHealth, HeldBack, PackStatus, StoreHealth, SystemStatus};
use ioc_ingest::{clients::Clients, intake::Shares};
use ioc_model::{asker::Asker, epoch::Epoch, name::Name, time::Now};
use ioc_storage::SinkStatus;
use ioc_stream::Driver;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{archive::ArchiveSnapshot, clients, metrics::Metrics};

const EVERY: Duration = Duration::from_secs(1);
/// Characters of a sender's name that are shown.
const LONGEST_NAME: usize = 80;
/// Counting what is in flight may take this share of the time.
const SHARE: u32 = 20;
/// So long is a count waited for: most are done by then, and the rest is looked at once more.
const SHORT_COUNT: Duration = Duration::from_millis(200);
/// Epochs under way and none committed for so long is trouble.
const STALLED: Duration = Duration::from_secs(20);

/// When the last commit was seen.
#[derive(Debug)]
struct LastCommit {
    committed: Epoch,
    at: Instant,
}

type CountResult = Result<Vec<(Name, u64)>, ReadError>;

/// The last count of what is in flight, and the next.
#[derive(Debug, Default)]
struct Count {
    counts: Vec<(Name, u64)>,
    at: Option<Now>,
    running: Option<(Now, Instant, JoinHandle<CountResult>)>,
    /// Not before this moment.
    next: Option<Instant>,
}

/// What it looks at.
#[derive(Debug)]
pub struct Watcher {
    pub driver: Arc<Driver>,
    pub bus: SharedBus,
    pub board: Arc<Board>,
    pub clock: Clock,
    pub sink: watch::Receiver<SinkStatus>,
    pub metrics: Metrics,
    pub shares: Arc<Shares>,
    pub clients: Arc<Clients>,
    pub pack: watch::Receiver<PackStatus>,
    /// None if nothing is archived.
    pub archive: Option<watch::Receiver<ArchiveSnapshot>>,
}

impl Watcher {
    /// Looks until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut bus_trouble_since = None;
        let mut count = Count::default();
        let mut last_commit = LastCommit { committed: Epoch(0), at: Instant::now() };
        loop {
            self.count(&mut count).await;
            let status = self.look(&mut bus_trouble_since, &count, &mut last_commit);
            let picture = self.board.everything(&Asker::everyone());
            self.metrics.feeds(picture.epoch, &picture.feeds);
            self.metrics.system(&status);
            self.metrics.forgotten(self.board.forgotten());
            self.metrics.untold(self.board.untold());
            let clocks_off = picture.stations.iter().filter(|station| station.clock_off.is_some());
            self.metrics.clocks_off(clocks_off.count());
            self.board.system(status);
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Begins the next count, or takes the one that is done. A short one is waited for.
    async fn count(&self, count: &mut Count) {
        if count.running.is_none() && count.next.is_none_or(|next| next <= Instant::now()) {
            let (now, began) = (self.clock.now(), Instant::now());
            let (bus, committed) = (self.bus.clone(), self.driver.committed_offsets());
            let task = tokio::task::spawn_blocking(move || in_flight::count(bus.as_ref(), &committed));
            count.running = Some((now, began, task));
        }
        let Some((now, began, mut task)) = count.running.take() else { return };
        let Ok(counted) = tokio::time::timeout(SHORT_COUNT, &mut task).await else {
            count.running = Some((now, began, task));
            return;
        };
        count.next = Some(Instant::now() + began.elapsed() * SHARE);
        match counted {
            Ok(Ok(counts)) => (count.counts, count.at) = (counts, Some(now)),
            // What was counted last stands: nothing in flight would be a better state than is known (SILENT).
            Ok(Err(error)) => tracing::warn!(%error, "cannot count what is in flight"),
            Err(error) => tracing::error!(%error, "counting what is in flight failed"),
        }
    }

    fn look(
        &self,
        bus_trouble_since: &mut Option<Now>,
        count: &Count,
        last_commit: &mut LastCommit,
    ) -> SystemStatus {
        let now = self.clock.now();
        let progress = self.driver.progress();
        let bus = match self.bus.health() {
            Health::Writing => {
                *bus_trouble_since = None;
                BusHealth::Writing
            }
            Health::Full { what } => BusHealth::Full { what, since: *bus_trouble_since.get_or_insert(now) },
            Health::Poisoned { cause } => {
                BusHealth::Poisoned { cause, since: *bus_trouble_since.get_or_insert(now) }
            }
        };
        let sink = self.sink.borrow().clone();
        let clickhouse = match sink.away_since {
            None => StoreHealth::Up,
            Some(since) => {
                let since = self.ago(now, since.elapsed());
                StoreHealth::Away { cause: sink.last_error.unwrap_or_default(), since }
            }
        };
        let under_way = progress.submitted > progress.committed;
        if progress.committed != last_commit.committed || !under_way {
            *last_commit = LastCommit { committed: progress.committed, at: Instant::now() };
        }
        let stalled = last_commit.at.elapsed();
        let stalled_since = (stalled > STALLED).then(|| self.ago(now, stalled));
        SystemStatus {
            now,
            clock_speed: self.speed(),
            bus,
            clickhouse,
            outstanding_epochs: progress.submitted.0.saturating_sub(progress.committed.0),
            stalled_since,
            replaying: progress.replaying,
            in_flight: count.counts.clone(),
            in_flight_at: count.at,
            held_back: self.held_back(),
            door: clients::lately(&self.clients),
            halted: self.driver.halted().map(|halt| halt.to_string()),
            pack: self.pack.borrow().clone(),
            archive: self.archive.as_ref().map_or_else(ArchiveStatus::default, |snapshot| {
                snapshot.borrow().status(|machine| self.ago(now, machine))
            }),
        }
    }

    fn held_back(&self) -> HeldBack {
        let (senders, count) = self.shares.held_back();
        // A client makes up its identifier, as long as it likes.
        let shown = |sender: &Arc<str>| sender.chars().take(LONGEST_NAME).collect();
        HeldBack { count, senders: senders.iter().map(shown).collect() }
    }

    /// That long ago on the product's clock.
    fn ago(&self, now: Now, machine: Duration) -> Now {
        Now(now.0 - (machine.as_secs_f64() * 1_000.0 * self.speed()) as i64)
    }

    fn speed(&self) -> f64 {
        match self.clock {
            Clock::Machine => 1.0,
            Clock::Demo { speed, .. } => speed,
        }
    }
}

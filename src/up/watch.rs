//! Looks at the machinery about once a second and tells the board and the metrics.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_bus::{Health, SharedBus};
use ioc_dashboards::{ArchiveStatus, Board, BusHealth, StoreHealth, SystemStatus};
use ioc_ingest::clock::Clock;
use ioc_model::{epoch::Epoch, name::Name, time::Now};
use ioc_storage::SinkStatus;
use ioc_stream::Driver;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{archive::Standing, in_flight, metrics::Metrics};

const EVERY: Duration = Duration::from_secs(1);
/// Counting what is in flight may take this share of the time.
const SHARE: u32 = 20;
/// Epochs under way and none committed for so long is trouble.
const STALLED: Duration = Duration::from_secs(20);

/// When the last commit was seen.
#[derive(Debug)]
struct Pace {
    committed: Epoch,
    at: Instant,
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
    /// None if nothing is archived.
    pub archive: Option<watch::Receiver<Standing>>,
}

impl Watcher {
    /// Looks until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut bus_trouble_since = None;
        let mut in_flight = Vec::new();
        let mut pace = Pace { committed: Epoch(0), at: Instant::now() };
        loop {
            let began = Instant::now();
            let status = self.look(&mut bus_trouble_since, &mut in_flight, &mut pace).await;
            let picture = self.board.everything();
            self.metrics.feeds(picture.epoch, &picture.feeds);
            self.metrics.system(&status);
            self.board.system(status);
            let pause = EVERY.max(began.elapsed() * SHARE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(
        &self,
        bus_trouble_since: &mut Option<Now>,
        in_flight: &mut Vec<(Name, u64)>,
        pace: &mut Pace,
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
        if progress.committed != pace.committed || !under_way {
            *pace = Pace { committed: progress.committed, at: Instant::now() };
        }
        let stalled = pace.at.elapsed();
        let stalled_since = (stalled > STALLED).then(|| self.ago(now, stalled));
        let (shared_bus, committed) = (self.bus.clone(), self.driver.committed_offsets());
        let counted =
            tokio::task::spawn_blocking(move || in_flight::count(shared_bus.as_ref(), &committed)).await;
        match counted {
            Ok(Ok(counts)) => *in_flight = counts,
            // What was counted last stands: nothing in flight would be a better state than is known (SILENT).
            Ok(Err(error)) => tracing::warn!(%error, "cannot count what is in flight"),
            Err(error) => tracing::error!(%error, "counting what is in flight failed"),
        }
        SystemStatus {
            now,
            clock_speed: self.speed(),
            bus,
            clickhouse,
            outstanding_epochs: progress.submitted.0.saturating_sub(progress.committed.0),
            stalled_since,
            replaying: progress.replaying,
            in_flight: in_flight.clone(),
            halted: self.driver.halted().map(|halt| halt.to_string()),
            archive: self.archive.as_ref().map_or_else(ArchiveStatus::default, |standing| {
                standing.borrow().status(|machine| self.ago(now, machine))
            }),
        }
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

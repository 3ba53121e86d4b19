//! The store and the flow that feeds it.

use std::{sync::Arc, time::Duration};

use ioc_dashboards::Board;
use ioc_model::{position::LogNumber, time::Millis};
use ioc_storage::{Marking, SinkStatus};
use ioc_stream::{Driver, DriverConfig, driver::Start};
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{
    House,
    entrance::Entrance,
    store::{self, OpenStore},
};
use crate::{
    archive::Archivist,
    config::{Config, machine},
    instance::{DataFolder, Instance},
    originals::{ArchiveReader, LogThenArchive},
    pack_versions::KeptPacks,
    rebirths::Rebirths,
    replays::Rereader,
    report_desk::ReportDesk,
    say::ToNodes,
    store_commit::{Audience, StoreCommit},
    tapped::{RowsRead, TappedLog},
};

/// At the end, how long the store may be away before what it did not take is left to the next start.
const STORE_WITHIN: Duration = Duration::from_secs(30);

/// A flow at work, and what it works on.
pub(super) struct Flow {
    pub(super) store: OpenStore,
    pub(super) driver: Arc<Driver>,
    pub(super) board: Arc<Board>,
    /// Who waits for what becomes of a report.
    pub(super) desk: Arc<ReportDesk>,
    /// The number the store registered the log under.
    pub(super) log: LogNumber,
    pub(super) sink: watch::Receiver<SinkStatus>,
    /// What came, as it came, from the log and from the archive.
    pub(super) originals: Arc<LogThenArchive>,
    /// What arrives, as it arrives.
    pub(super) arrivals: Arc<TappedLog>,
    /// Who brings what is read again.
    pub(super) rereader: Arc<Rereader>,
    pub(super) archivist: Option<Archivist>,
    give_up: CancellationToken,
}

impl House<'_> {
    /// Brings the store up to date, recovers, and starts.
    pub(super) async fn start_flow(
        &self,
        instance: &Instance,
        packs: KeptPacks,
        entrance: &mut Entrance,
    ) -> anyhow::Result<Flow> {
        let archived = entrance.archive.take();
        let pack = &entrance.pack;
        let driver_config = driver_config(self.config, &self.data);
        let store = store::open(self.config, &self.data, &self.stop).await?;
        // From here on a database may know this instance: its folder stays, whatever comes.
        self.data.settle();
        let record = store::RecordedFlow {
            folder: driver_config.folder.clone(),
            bus: &self.bus,
            losses_accepted_upto: self.config.clickhouse.losses_accepted_upto,
        };
        let prepared =
            store.prepare(instance, &self.data, pack, self.config.stream.outstanding, &record).await?;
        let _before = entrance.log.send_replace(Some(prepared.log));
        let board = Arc::new(Board::new(pack));
        board.hydrate(store.first_picture(instance, &self.clock).await?);

        let give_up = CancellationToken::new();
        let sink = prepared.sink.status();
        let desk = Arc::<ReportDesk>::default();
        let shares = entrance.intake.shares().clone();
        let read = Arc::<RowsRead>::default();
        let rebirths = Arc::new(Rebirths::asked_by(Arc::new(ToNodes(entrance.voice.clone()))));
        self.metrics.counters("nodes", None, rebirths.clone())?;
        self.metrics.counters_by_label("nodes", rebirths.clone())?;
        let audience =
            Audience { board: board.clone(), desk: desk.clone(), shares, read: read.clone(), rebirths };
        let rereader = Arc::new(Rereader::new(store.store.clone(), instance.generation, packs.clone()));
        let commit = StoreCommit::new(
            Handle::current(),
            prepared.sink,
            store.store.clone(),
            instance.generation,
            rereader.clone(),
            audience,
            give_up.clone(),
        );
        let start = Start {
            bus: entrance.bus.clone(),
            log: prepared.log,
            instance: instance.id,
            generation: instance.generation,
            shards: instance.shards,
            committed: prepared.committed,
            names: self.names.clone(),
            clock: self.clock,
        };
        let starting =
            tokio::task::spawn_blocking(move || Driver::start(driver_config, start, packs, commit));
        let driver = Arc::new(starting.await??);
        let (archivist, archive) = match archived {
            Some((folder, held)) => {
                let (archivist, archive) =
                    self.archive(folder, held, prepared.log, &driver, &store.store, pack)?;
                (Some(archivist), Some(archive))
            }
            None => (None, self.former_archive()?),
        };
        let reader = archive.clone().map(|archive| Arc::new(archive) as Arc<dyn ArchiveReader>);
        let originals = Arc::new(LogThenArchive::new(entrance.bus.clone(), prepared.log, reader));
        rereader.open(originals.clone());
        self.go(Marking::new(store.store.clone(), store.topology.clone()).run(self.stop.clone()));
        let log = prepared.log;
        let arrivals = TappedLog::new(log, entrance.bus.clone(), driver.clone(), store.store.clone(), read);
        let arrivals = Arc::new(arrivals);
        Ok(Flow { store, driver, board, desk, log, sink, originals, arrivals, rereader, archivist, give_up })
    }
}

impl Flow {
    /// Lets it finish what it has, while the store takes it.
    ///
    /// # Errors
    /// If its end panicked; the store is stopped all the same.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        let Flow { store, driver, archivist, give_up, .. } = self;
        drop(tokio::spawn(async move {
            tokio::time::sleep(STORE_WITHIN).await;
            give_up.cancel();
        }));
        let ending = tokio::task::spawn_blocking(move || driver.stop());
        let ended = tokio::time::timeout(2 * STORE_WITHIN, ending).await;
        match &ended {
            Ok(Ok(Ok(())) | Err(_)) => {}
            Ok(Ok(Err(halt))) => tracing::warn!(%halt, "the flow did not end in order"),
            Err(_) => tracing::error!("the flow does not end: leaving it, the next start recovers"),
        }
        if let Some(archivist) = archivist {
            let ending = tokio::task::spawn_blocking(move || archivist.join());
            if tokio::time::timeout(STORE_WITHIN, ending).await.is_err() {
                tracing::error!("the archive does not end: leaving it, the next start goes on");
            }
        }
        store.stop().await;
        let _in_order = ended.unwrap_or(Ok(Ok(())))?;
        Ok(())
    }
}

pub(super) fn driver_config(config: &Config, data: &DataFolder) -> DriverConfig {
    let settings = &config.stream;
    DriverConfig {
        workers: config.workers(),
        cadence: machine(settings.cadence),
        idle_cadence: machine(settings.idle_cadence),
        epoch_bytes: settings.epoch_bytes,
        outstanding: settings.outstanding,
        horizon: Millis(i64::try_from(settings.horizon.as_millis()).unwrap_or(i64::MAX)),
        checkpoint_every: machine(settings.checkpoint_every),
        folder: data.path().join("stream"),
    }
}

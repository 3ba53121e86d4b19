//! A driver over a real log, real manifests and checkpoints.

use std::{path::Path, sync::Arc, time::Duration};

use ioc_bus::clock::Clock;
use ioc_bus::{
    SharedBus,
    disk::{DiskLog, DiskLogConfig},
};
use ioc_decode::Decoder;
use ioc_model::{
    epoch::Generation,
    instance::InstanceId,
    names::Names,
    pack::{Pack, PackVersion},
    position::{LogNumber, Offset, Partition},
    time::Millis,
};
use ioc_stream::{
    Driver, DriverConfig, Halt,
    driver::{PackVersions, Start},
    exchange::Shards,
};

use super::{MIDNIGHT, store::SharedStore};

/// A clock that stands.
pub const STANDING: Clock = Clock::Demo { origin: 0, start: MIDNIGHT, speed: 0.0 };

struct OnePack(Arc<Decoder>);

impl PackVersions for OnePack {
    fn current(&self) -> Arc<Decoder> {
        self.0.clone()
    }
    fn version(&self, _: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        Ok(self.0.clone())
    }
}

pub fn open_log(folder: &Path) -> SharedBus {
    let folder = folder.join("bus");
    let config = DiskLogConfig { folder, partitions: 2, segment_bytes: 1 << 16, ..DiskLogConfig::default() };
    Arc::new(DiskLog::open(&config).unwrap())
}

/// Starts a driver over that log and store, with horizons and pauses so short that a test crosses them.
pub fn start(
    folder: &Path,
    bus: &SharedBus,
    store: &SharedStore,
    workers: usize,
    pack: Pack,
    clock: Clock,
) -> Result<Driver, Halt> {
    start_as(config(folder, workers), bus, store, pack, clock)
}

/// What [`start`] starts it with.
pub fn config(folder: &Path, workers: usize) -> DriverConfig {
    DriverConfig {
        workers,
        cadence: Duration::ZERO,
        idle_cadence: Duration::from_millis(5),
        epoch_bytes: 2_000,
        outstanding: 4,
        horizon: Millis::hours(2),
        checkpoint_every: Duration::from_millis(15),
        folder: folder.to_owned(),
    }
}

/// Starts a driver that is configured like that.
pub fn start_as(
    config: DriverConfig,
    bus: &SharedBus,
    store: &SharedStore,
    pack: Pack,
    clock: Clock,
) -> Result<Driver, Halt> {
    let names = Names::default();
    let decoder = Decoder::new(Arc::new(pack), names.clone()).unwrap();
    let start = Start {
        bus: bus.clone(),
        log: LogNumber(1),
        instance: InstanceId::from_bytes([1; 16]),
        generation: Generation(0),
        shards: Shards::default(),
        committed: store.0.lock().unwrap().committed,
        names,
        clock,
    };
    Driver::start(config, start, OnePack(Arc::new(decoder)), store.clone())
}

pub fn ends(bus: &SharedBus) -> Vec<Offset> {
    (0..bus.partitions()).map(|partition| bus.bounds(Partition(partition)).end).collect()
}

//! Archives beside the flow, and opens what is archived.

use std::sync::Arc;

use anyhow::Context;
use ioc_bus::HeldBus;
use ioc_model::{calendar::Calendar, pack::Pack, position::LogNumber};
use ioc_storage::{
    Store,
    archive::{Archive, ArchiveFolder, PassSchedule},
};
use ioc_stream::Driver;
use tokio::runtime::Handle;

use super::House;
use crate::{
    archive::{Archivist, Work},
    config::machine,
    instance::Instance,
};

impl House<'_> {
    /// The archive's folder, found to be ours and to go with the log; none if nothing is to be archived.
    pub(super) fn archive_folder(&self, instance: &Instance) -> anyhow::Result<Option<ArchiveFolder>> {
        if !self.config.archive.enabled {
            tracing::warn!(
                "nothing is archived: what the log lets go of cannot be opened or replayed any more"
            );
            return Ok(None);
        }
        let folder = ArchiveFolder::open(std::path::absolute(self.config.archive_folder())?, instance.id)?;
        folder.check_log(self.bus.as_ref())?;
        Ok(Some(folder))
    }

    /// What was archived before archiving was turned off can still be opened; none where nothing ever was.
    pub(super) fn former_archive(&self) -> anyhow::Result<Option<Archive>> {
        let root = std::path::absolute(self.config.archive_folder())?;
        let there = root.try_exists().with_context(|| format!("cannot look for {}", root.display()))?;
        there.then(|| Archive::read(&root)).transpose().map_err(Into::into)
    }

    pub(super) fn archive(
        &self,
        folder: ArchiveFolder,
        bus: Arc<HeldBus>,
        log: LogNumber,
        driver: &Arc<Driver>,
        store: &Store,
        pack: &Pack,
    ) -> anyhow::Result<(Archivist, Archive)> {
        let settings = &self.config.archive;
        let calendar = Calendar::of_zone(&pack.timezone)?;
        let archiver = folder.archiver(bus.clone(), log, calendar)?;
        let archive = archiver.archive().clone();
        let work = Work {
            archiver,
            bus,
            driver: driver.clone(),
            store: store.clone(),
            schedule: PassSchedule { every: machine(settings.every), max_bytes: settings.max_bytes },
            log_bytes: self.config.bus.max_bytes,
            stop: self.stop.clone(),
        };
        let archivist = Archivist::start(work, Handle::current())?;
        self.metrics.counters("archive", None, archivist.counters())?;
        Ok((archivist, archive))
    }
}

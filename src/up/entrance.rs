//! The senders' side: the log, and every way in.
//!
//! It needs no store. Who must wait for one is told later where to ask: what a receipt names, and who looks it up.

use std::sync::Arc;

use ioc_bus::{HeldBus, SharedBus};
use ioc_ingest::{
    intake::Intake,
    routes::Routes,
    senders::Authenticator,
    transport::{Site, http::Receipts, mqtt::Voice},
};
use ioc_model::{calendar::Calendar, pack::Pack, position::LogNumber};
use ioc_storage::archive::ArchiveFolder;
use ioc_stream::Driver;
use tokio::sync::watch;

use super::{House, flow::driver_config, ways_in::WaysIn};
use crate::{clients, instance::Instance, personal};

/// What senders meet, at work.
pub(super) struct Entrance {
    pub(super) pack: Arc<Pack>,
    /// The log, which lets go of nothing that is to be archived and is not.
    pub(super) bus: SharedBus,
    /// Where it is archived, and the log that waits for that; none if nothing is, or the flow has it.
    pub(super) archive: Option<(ArchiveFolder, Arc<HeldBus>)>,
    pub(super) intake: Intake,
    /// What is said to gateways.
    pub(super) voice: Arc<Voice>,
    pub(super) ways_in: WaysIn,
    /// Which feed an address belongs to, as long as that pack is in effect.
    pub(super) routes: watch::Sender<Arc<Routes>>,
    /// The number the store registered the log under.
    pub(super) log: watch::Sender<Option<LogNumber>>,
    /// Who looks receipts up.
    pub(super) receipts: watch::Sender<Option<Arc<dyn Receipts>>>,
}

impl House<'_> {
    /// Checks the log, and lets senders in.
    pub(super) async fn open_entrance(
        &self,
        instance: &Instance,
        pack: &Arc<Pack>,
    ) -> anyhow::Result<Entrance> {
        let folder = driver_config(self.config, &self.data).folder;
        Driver::check_log(&folder, self.bus.as_ref())?;
        Driver::check_logic(&folder)?;
        let archive = self.archive_folder(instance)?;
        let archive = archive.map(|folder| (folder, Arc::new(HeldBus::new(self.bus.clone()))));
        let bus: SharedBus = match &archive {
            Some((_, held)) => held.clone(),
            None => self.bus.clone(),
        };
        let intake = Intake::new(bus.clone(), self.clock);
        intake.reduce_by(personal::reducer(self.data.path(), pack)?);
        clients::remember(&self.data, intake.clients())?;
        self.metrics.counters("intake", None, intake.shares().clone())?;
        let (log, log_known) = watch::channel(None);
        let (receipts, receipts_known) = watch::channel(None);
        let (routes, known_routes) = watch::channel(Arc::new(Routes::of_pack(pack)));
        let authenticator = Arc::new(Authenticator::open(&self.senders_file())?);
        let voice = Arc::new(Voice::new(known_routes.clone(), authenticator.clone()));
        let site = Site {
            intake: intake.clone(),
            pack: pack.clone(),
            routes: known_routes,
            voice: voice.clone(),
            authenticator,
            calendar: Calendar::of_zone(&pack.timezone)?,
            log: log_known,
            receipts: receipts_known,
            data: self.data.path().to_owned(),
            name: format!("ioc-{}", instance.id.0.simple()),
            senders: self.senders.clone(),
            stop: self.stop.clone(),
        };
        let ways_in = self.take_in(&site).await?;
        Ok(Entrance { pack: pack.clone(), bus, archive, intake, voice, ways_in, routes, log, receipts })
    }
}

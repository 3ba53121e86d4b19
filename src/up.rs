//! `ioc up` and `ioc demo`: everything in one process, and ClickHouse as its child.
//!
//! Senders come first: the bus and the ways in work before the store answers, because an acknowledgement needs the bus
//! alone (a push waits until its receipt can name the log). Then the store, the flow, and the page. A flow that halts while running
//! leaves the senders' side up and says so on the page; one that cannot start ends the process.

mod archiving;
mod demo_clock;
pub(crate) mod demo_tls;
mod entrance;
mod flow;
mod pages;
mod province;
mod publisher;
mod store;
mod watch;
mod ways_in;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use ioc_bus::{
    Bus,
    clock::Clock,
    disk::{DiskLog, DiskLogConfig},
    has_more_than,
};
use ioc_model::{names::Names, pack::PackFiles, position::Offset, time::Millis};
use ioc_stream::priority;
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::publisher::{DemoArgs, PUBLISHER_COMMAND};
use self::{demo_tls::DemoTls, entrance::Entrance};
use crate::{
    clients,
    config::Config,
    instance::{DataFolder, SENDERS_FILE},
    metrics::Metrics,
    pack_files::{DEMO_OVERLAY, configured_pack},
    pack_versions::KeptPacks,
    status::{RUN_FILE, Run},
    telemetry, told,
};

/// The hidden command of the embedded server.
pub const CLICKHOUSE_COMMAND: &str = "clickhouse-server";

/// Between two writings of when senders were heard last.
const HEARD_KEPT_EVERY: Duration = Duration::from_secs(30);

/// At the end, how long pages may take to close.
const PAGES_WITHIN: Duration = Duration::from_secs(15);

/// Runs until it is told to stop.
///
/// # Errors
/// If something cannot start: settings, pack, addresses, store, recorded state.
pub fn run(config: &Config, demo: Option<DemoArgs>) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    let runtime = |name: &str| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let _named = builder.enable_all().thread_name(name);
        builder
    };
    // MQTT has threads of its own: an acknowledgement must not wait until a thousand pages were told of an epoch.
    let senders = runtime("senders").build()?;
    let pages = runtime("pages").on_thread_start(priority::serve_pages).build()?;
    let lived = pages.block_on(House::build(config, demo, senders.handle().clone()));
    senders.shutdown_timeout(Duration::from_secs(5));
    pages.shutdown_timeout(Duration::from_secs(5));
    lived?;
    Ok(ExitCode::SUCCESS)
}

/// What everything else stands in.
struct House<'a> {
    config: &'a Config,
    data: DataFolder,
    clock: Clock,
    names: Names,
    bus: Arc<DiskLog>,
    /// Where the MQTT endpoint runs.
    senders: Handle,
    stop: CancellationToken,
    tasks: TaskTracker,
    metrics: Metrics,
}

impl House<'_> {
    async fn build(config: &Config, demo: Option<DemoArgs>, senders: Handle) -> anyhow::Result<()> {
        // A pack with faults is told before there is a folder.
        let files = configured_pack(&config.pack)?;
        let data = DataFolder::open(&config.data.folder)?;
        let undo = data.undo();
        let lived = House::furnish(config, demo, senders, data, files).await;
        if lived.is_err() {
            undo.unless_settled();
        }
        lived
    }

    async fn furnish(
        config: &Config,
        demo: Option<DemoArgs>,
        senders: Handle,
        data: DataFolder,
        files: PackFiles,
    ) -> anyhow::Result<()> {
        data.is_for(if demo.is_some() { "demo" } else { "up" })?;
        let clock = match &demo {
            Some(demo) => demo.clock(&data)?,
            None => Clock::Machine,
        };
        if config.demo_tls.is_some() {
            DemoTls::make(&data)?;
        }
        let names = Names::default();
        let overlay = demo.as_ref().map(|_| DEMO_OVERLAY);
        let packs = KeptPacks::open(&data, files, overlay, &names)?;
        let bus = DiskLog::open(&bus_config(config, &data)).context("cannot open the log")?;
        let house = House {
            config,
            data,
            clock,
            names,
            bus: Arc::new(bus),
            senders,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            metrics: Metrics::new()?,
        };
        // As large as all that lives as long as the process.
        Box::pin(house.live(packs, demo)).await
    }

    /// The senders' side, the flow, the pages, one after the other; and back again in the order in which they need each
    /// other.
    async fn live(self, packs: KeptPacks, demo: Option<DemoArgs>) -> anyhow::Result<()> {
        let instance = self.data.instance()?;
        let publisher = demo.map(|demo| self.publisher(&demo)).transpose()?;
        let listeners = self.page_listeners().await?;
        let opened = async {
            let mut entrance = self.open_entrance(&instance, &packs.pack()).await?;
            let flow = self.start_flow(&instance, packs.clone(), &mut entrance).await?;
            anyhow::Ok((entrance, flow))
        };
        let (entrance, flow) = match opened.await {
            Ok(opened) => opened,
            Err(error) => {
                self.stop.cancel();
                self.bus.close();
                // Whoever was acknowledged before that must find it again (invariant ACK).
                if has_more_than(self.bus.as_ref(), &vec![Offset(0); usize::from(self.bus.partitions())]) {
                    self.data.settle();
                }
                return Err(error);
            }
        };
        let pages = self.open_pages(listeners, &instance, &entrance, &flow, packs)?;
        let run = Run {
            pid: std::process::id(),
            http: pages.plain,
            https: pages.by_tls,
            ways_in: entrance.ways_in.shown(),
            clickhouse: flow.store.url.clone(),
            database: self.config.clickhouse.database.clone(),
            password_files: flow.store.password_files.clone(),
        };
        self.data.keep(RUN_FILE, &serde_json::to_vec_pretty(&run)?)?;
        announce(&run);
        if let Some(publisher) = publisher {
            self.go(publisher.publish(&entrance)?);
        }
        tracing::info!("ready");

        self.listen_until_told_to_stop(&entrance).await?;
        tracing::info!("stopping");
        // Senders first: what they were told is durable is on the bus; then the flow, which still needs the store.
        self.stop.cancel();
        let _ = self.tasks.close();
        let pages = tokio::time::timeout(PAGES_WITHIN, self.tasks.wait());
        if tokio::join!(pages, entrance.ways_in.stop()).0.is_err() {
            tracing::warn!("pages do not close: leaving them");
        }
        self.bus.close();
        clients::keep(&self.data, entrance.intake.clients(), &mut BTreeMap::new());
        let ended = flow.end().await;
        tracing::info!("stopped");
        ended
    }

    /// Keeps when senders were heard, now and then, until it is time to stop.
    async fn listen_until_told_to_stop(&self, entrance: &Entrance) -> anyhow::Result<()> {
        let mut kept = BTreeMap::new();
        let mut told = std::pin::pin!(told_to_stop());
        loop {
            tokio::select! {
                told = &mut told => return told,
                () = tokio::time::sleep(HEARD_KEPT_EVERY) => {
                    clients::keep(&self.data, entrance.intake.clients(), &mut kept);
                }
            }
        }
    }

    /// Starts a task that ends by itself when the house is told to stop.
    fn go(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn(task));
    }

    fn senders_file(&self) -> PathBuf {
        self.data.path().join(SENDERS_FILE)
    }
}

fn bus_config(config: &Config, data: &DataFolder) -> DiskLogConfig {
    let settings = &config.bus;
    DiskLogConfig {
        folder: data.path().join("bus"),
        partitions: settings.partitions,
        segment_bytes: settings.segment_bytes,
        queue_bytes: u32::try_from(settings.queue_bytes).unwrap_or(u32::MAX),
        max_log_bytes: settings.max_bytes,
        retain_bytes: settings.retain_bytes,
        retain_age_ms: Millis(i64::try_from(settings.retain_age.as_millis()).unwrap_or(i64::MAX)),
        ..DiskLogConfig::default()
    }
}

/// Told to whoever reads standard output; nobody has to.
fn announce(run: &Run) {
    let Run { http, ways_in, clickhouse, database, password_files, .. } = run;
    let _unheard = told::say(|out| {
        writeln!(out, "page and API  http://{http}/")?;
        for way_in in ways_in {
            writeln!(out, "{}", way_in.line(12))?;
        }
        writeln!(out, "ClickHouse    {clickhouse} (database {database})")?;
        for (user, file) in password_files {
            writeln!(out, "              user {user}, password in {file}")?;
        }
        Ok(())
    });
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// What a running process leaves for `ioc status`.
pub type PasswordFiles = BTreeMap<String, String>;

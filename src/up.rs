//! `ioc up` and `ioc demo`: everything in one process, and ClickHouse as its child.
//!
//! Senders come first: the bus, the MQTT endpoint and the inbox work before the store answers, because an
//! acknowledgement needs the bus alone. Then the store, the flow, and the page. A flow that halts while running
//! leaves the senders' side up and says so on the page; one that cannot start ends the process.

mod archiving;
mod demo_clock;
mod store;
mod watch;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    process::{ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use ioc_bus::{
    HeldBus, SharedBus,
    disk::{DiskLog, DiskLogConfig},
};
use ioc_dashboards::{AppState, Behind, Board, Limits};
use ioc_ingest::{
    clock::Clock,
    intake::Intake,
    routes::Routes,
    senders::{Authenticator, Senders},
    transport::{
        files::{FilesConfig, FilesFeed, FilesInbox},
        http::{
            self, HttpLimits, HttpPush,
            serve::{ServeLimits, serve},
        },
        mqtt::{MqttConfig, MqttEndpoint},
        mqtt_broker::{BrokerLogin, MqttBroker, MqttBrokerConfig},
    },
};
use ioc_model::{
    calendar::Calendar,
    epoch::Epoch,
    names::Names,
    pack::{Feed, Pack, Transport},
    time::Millis,
};
use ioc_storage::{Marking, Topology};
use ioc_stream::{Driver, DriverConfig, driver::Start, priority};
use tokio::{net::TcpListener, runtime::Handle, sync::watch as channel};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    archive::Archivist,
    committer::Committer,
    config::{Config, machine},
    history::StoreHistory,
    instance::{DataFolder, Instance, SENDERS_FILE},
    metrics::Metrics,
    operator::Desk,
    originals::{ArchiveReader, LogThenArchive},
    packs::{DEMO_OVERLAY, configured_pack},
    reference::Packs,
    status::{RUN_FILE, Run},
    telemetry,
};

/// The hidden command of the embedded server.
pub const CLICKHOUSE_COMMAND: &str = "clickhouse-server";
/// The hidden command of the demo's publisher.
pub const PUBLISHER_COMMAND: &str = "demo-publisher";

/// At the end, how long senders may take to hear what became durable.
const SENDERS_WITHIN: Duration = Duration::from_secs(15);
/// And how long the store may be away before what it did not take is left to the next start.
const STORE_WITHIN: Duration = Duration::from_secs(30);

/// HTTP connections beside live ones and pushes: pages, the API, metrics.
const BESIDES: usize = 256;

const DEMO_SENDER: &str = "demo";
const DEMO_GAS_FEED: &str = "replay-gas";
const DEMO_DUST_FOLDER: &str = "replay-dust";

/// How the demo replays.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Demo seconds in a second. A new data folder's clock keeps it.
    #[arg(long, default_value_t = 600.0, env = "IOC_DEMO_SPEED")]
    speed: f64,
    /// When the replay starts on the demo's clock, from 2025-12-31 to 2027-04-02: the recorded years 2003 and 2004 are
    /// re-dated to it. A new data folder's clock keeps it.
    #[arg(long, default_value = "2026-01-31T00:00:00Z", env = "IOC_DEMO_START")]
    start: jiff::Timestamp,
    /// Hours before the start that are sent at once.
    #[arg(long, default_value_t = 336, env = "IOC_DEMO_BACKFILL_HOURS")]
    backfill_hours: u32,
}

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
        let data = DataFolder::open(&config.data.folder)?;
        data.is_for(if demo.is_some() { "demo" } else { "up" })?;
        let clock = match &demo {
            Some(demo) => demo_clock::of_folder(&data, demo.start, demo.speed)?,
            None => Clock::Machine,
        };
        let names = Names::default();
        let overlay = demo.as_ref().map(|_| DEMO_OVERLAY);
        let packs = Packs::open(&data, configured_pack(&config.pack)?, overlay, &names)?;
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
        house.live(packs, demo).await
    }

    async fn live(self, packs: Packs, demo: Option<DemoArgs>) -> anyhow::Result<()> {
        let instance = self.data.instance()?;
        let pack = packs.pack().clone();
        let folder = driver_config(self.config, &self.data).folder;
        Driver::check_log(&folder, self.bus.as_ref())?;
        let http_listener = TcpListener::bind(self.config.http.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.config.http.listen))?;
        let http_address = http_listener.local_addr()?;

        let archive = self.archive_folder(&instance)?;

        let demo_secret = demo.as_ref().map(|_| self.demo_sender()).transpose()?;
        let held = archive.as_ref().map(|_| Arc::new(HeldBus::new(self.bus.clone())));
        let bus: SharedBus = match &held {
            Some(held) => held.clone(),
            None => self.bus.clone(),
        };
        let intake = Intake::new(bus.clone(), self.clock);
        let shares = intake.shares().clone();
        let told = shares.clone();
        self.metrics.transport("intake", None, move || told.each())?;
        let routes = Arc::new(Routes::of_pack(&pack));
        let authenticator = Arc::new(Authenticator::open(&self.senders_file())?);
        let mqtt_address = self.take_mqtt(&intake, &routes, &authenticator).await?;
        let inbox = self.take_files(&intake, &pack)?;
        self.take_from_brokers(&intake, &pack, &instance)?;

        let store = store::open(self.config, &self.data, &self.stop).await?;
        let losses_accepted_upto = Epoch(self.config.clickhouse.losses_accepted_upto);
        let record = store::Record { folder, bus: &self.bus, losses_accepted_upto };
        let prepared = store.prepare(&instance, &pack, self.config.stream.outstanding, &record).await?;
        let board = Arc::new(Board::new(&pack));
        board.hydrate(store.first_picture(&instance, &self.clock).await?);

        let give_up = CancellationToken::new();
        let sink = prepared.sink;
        let sink_status = sink.status();
        let committer = Committer::new(
            Handle::current(),
            sink,
            store.store.clone(),
            instance.generation,
            board.clone(),
            shares.clone(),
            give_up.clone(),
        );
        let start = Start {
            bus: bus.clone(),
            log: prepared.log,
            instance: *instance.id.as_bytes(),
            generation: instance.generation,
            committed: prepared.committed,
            names: self.names.clone(),
            clock: self.clock,
        };
        let driver_config = driver_config(self.config, &self.data);
        let driver =
            tokio::task::spawn_blocking(move || Driver::start(driver_config, start, packs, committer))
                .await??;
        let driver = Arc::new(driver);
        let archiving = archive.zip(held);
        let (archivist, archive) = match archiving {
            Some((folder, held)) => {
                let (archivist, archive) =
                    self.archive(folder, held, prepared.log, &driver, &store.store, &pack)?;
                (Some(archivist), Some(archive))
            }
            None => (None, self.former_archive()?),
        };

        let history = Arc::new(StoreHistory::new(
            store.store.clone(),
            instance.generation,
            prepared.log,
            bus.clone(),
            driver.clone(),
        ));
        let operator = Arc::new(Desk::new(intake.clone(), prepared.log));
        let archive = archive.map(|archive| Arc::new(archive) as Arc<dyn ArchiveReader>);
        let originals = Arc::new(LogThenArchive::new(bus.clone(), prepared.log, archive));
        let limits = HttpLimits { requests: self.config.http.max_pushes, ..HttpLimits::default() };
        let (_log, log) = channel::channel(Some(prepared.log));
        let (_routes, routes) = channel::channel(routes);
        let push = Arc::new(HttpPush::new(intake, authenticator, routes, log, history.clone(), limits));
        let counters = push.counters().clone();
        self.metrics.transport("http", None, move || counters.each())?;
        let live = Limits { connections: self.config.http.max_live, ..Limits::default() };
        let registry = self.metrics.registry();
        let behind = Behind { history, operator, originals };
        let state = AppState::new(pack.clone(), board.clone(), behind, registry, &live, self.stop.clone())?;
        let router = ioc_dashboards::router(state)
            .merge(http::router(push))
            .fallback(ioc_dashboards::routes::nothing_here);
        let listener = ioc_dashboards::steady(http_listener, Duration::from_secs(30));
        // Viewers who take all their seats must leave room for those who push, and for pages.
        let seats = self.config.http.max_live + self.config.http.max_pushes;
        let limits = ServeLimits { connections: seats + BESIDES, ..ServeLimits::default() };
        self.go(serve(listener, router, limits, self.stop.clone()));

        let watcher = watch::Watcher {
            driver: driver.clone(),
            bus: bus.clone(),
            board,
            clock: self.clock,
            sink: sink_status,
            metrics: self.metrics.clone(),
            shares,
            archive: archivist.as_ref().map(Archivist::standing),
        };
        self.go(watcher.run(self.stop.clone()));
        self.go(Marking::new(store.store.clone(), Topology::Single).run(self.stop.clone()));

        let run = Run {
            pid: std::process::id(),
            http: http_address.to_string(),
            mqtt: mqtt_address.to_string(),
            inbox: inbox.display().to_string(),
            clickhouse: store.url.clone(),
            database: self.config.clickhouse.database.clone(),
            password_files: store.password_files.clone(),
        };
        self.data.keep(RUN_FILE, &serde_json::to_vec_pretty(&run)?)?;
        announce(&run);
        if let (Some(demo), Some(secret)) = (demo, demo_secret) {
            let dust = inbox.join(DEMO_DUST_FOLDER);
            self.go(publish(
                demo,
                self.clock,
                mqtt_address,
                secret,
                dust,
                pack.timezone.clone(),
                self.stop.clone(),
            ));
        }
        tracing::info!("ready");

        told_to_stop().await?;
        tracing::info!("stopping");
        // Senders first: what they were told is durable is on the bus; then the flow, which still needs the store.
        self.stop.cancel();
        let _ = self.tasks.close();
        if tokio::time::timeout(SENDERS_WITHIN, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some senders still wait for room in the log: they are told nothing and will send again"
            );
        }
        self.bus.close();
        drop(tokio::spawn(async move {
            tokio::time::sleep(STORE_WITHIN).await;
            give_up.cancel();
        }));
        let ending = tokio::task::spawn_blocking(move || driver.stop());
        match tokio::time::timeout(2 * STORE_WITHIN, ending).await {
            Ok(ended) => {
                if let Err(halt) = ended? {
                    tracing::warn!(%halt, "the flow did not end in order");
                }
            }
            Err(_) => tracing::error!("the flow does not end: leaving it, the next start recovers"),
        }
        if let Some(archivist) = archivist {
            let ending = tokio::task::spawn_blocking(move || archivist.join());
            if tokio::time::timeout(STORE_WITHIN, ending).await.is_err() {
                tracing::error!("the archive does not end: leaving it, the next start goes on");
            }
        }
        store.stop().await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Starts a task that ends by itself when the house is told to stop.
    fn go(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn(task));
    }

    fn senders_file(&self) -> PathBuf {
        self.data.path().join(SENDERS_FILE)
    }

    async fn take_mqtt(
        &self,
        intake: &Intake,
        routes: &Arc<Routes>,
        authenticator: &Arc<Authenticator>,
    ) -> anyhow::Result<SocketAddr> {
        let settings = &self.config.mqtt;
        let config = MqttConfig {
            listen: settings.listen,
            packet_limit: u32::try_from(settings.max_packet_bytes).unwrap_or(u32::MAX),
            receive_maximum: settings.receive_maximum,
            most_connections: settings.max_connections,
            ..MqttConfig::default()
        };
        let folder = self.data.path().join("mqtt-sessions");
        let (intake, routes, authenticator) = (intake.clone(), routes.clone(), authenticator.clone());
        let stop = self.stop.clone();
        let bind =
            async move { MqttEndpoint::bind(config, intake, routes, authenticator, &folder, stop).await };
        let endpoint = self.senders.spawn(bind).await??;
        let counters = endpoint.counters();
        self.metrics.transport("mqtt", None, move || counters.each())?;
        let address = endpoint.local_addr();
        drop(self.tasks.spawn_on(endpoint.run(), &self.senders));
        Ok(address)
    }

    fn take_files(&self, intake: &Intake, pack: &Pack) -> anyhow::Result<PathBuf> {
        let folder = std::path::absolute(self.config.inbox_folder())?;
        let settings = &self.config.inbox;
        let millis = |duration| u64::try_from(machine(duration).as_millis()).unwrap_or(u64::MAX);
        let config = FilesConfig {
            poll_ms: millis(settings.scan_every),
            settle_ms: millis(settings.settle),
            keep_done_days: settings.keep_done_days,
            ..FilesConfig::of(folder.clone())
        };
        let calendar = Calendar::of_zone(&pack.timezone)?;
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let inbox = FilesInbox::new(&config, intake.clone(), &FilesFeed::of_pack(pack), &calendar)?;
        for (feed, counters) in inbox.counters() {
            self.metrics.transport("files", Some(&feed), move || counters.each())?;
        }
        self.go(inbox.run(self.stop.clone()));
        Ok(folder)
    }

    /// Feeds that come from outside brokers. Their passwords lie in `brokers.toml` in the data folder, by feed.
    fn take_from_brokers(&self, intake: &Intake, pack: &Pack, instance: &Instance) -> anyhow::Result<()> {
        let path = self.data.path().join("brokers.toml");
        let logins: BTreeMap<String, BrokerLogin> = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let from_broker = |feed: &&Feed| matches!(feed.transport, Transport::MqttBroker { .. });
        for feed in pack.feeds.values().filter(from_broker) {
            let client_id = format!("ioc-{}-{}", instance.id.simple(), feed.id);
            let config = MqttBrokerConfig { client_id, login: logins.get(&feed.id).cloned() };
            let broker = MqttBroker::new(feed, &config, intake.clone())?;
            let counters = broker.counters();
            self.metrics.transport("mqtt_broker", Some(&feed.id), move || counters.each())?;
            let (name, stop) = (feed.id.clone(), self.stop.clone());
            self.go(async move {
                if let Err(error) = broker.run(stop).await {
                    tracing::error!(feed = name, %error, "nothing more is taken from the broker");
                }
            });
        }
        Ok(())
    }

    fn demo_sender(&self) -> anyhow::Result<String> {
        let secret: String =
            self.data.remembered("demo-secret.json", || uuid::Uuid::new_v4().simple().to_string())?;
        let mut senders = Senders::load(&self.senders_file())?;
        senders.set_secret(DEMO_SENDER, vec![DEMO_GAS_FEED.to_owned()], &secret)?;
        senders.save()?;
        Ok(secret)
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

fn driver_config(config: &Config, data: &DataFolder) -> DriverConfig {
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

/// Runs the publisher as a process of its own and starts it again when it ends.
async fn publish(
    demo: DemoArgs,
    clock: Clock,
    mqtt: SocketAddr,
    secret: String,
    dust: PathBuf,
    timezone: String,
    stop: CancellationToken,
) {
    let arguments = || -> anyhow::Result<tokio::process::Command> {
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        let _ = command
            .arg(PUBLISHER_COMMAND)
            .args(["--clock", &serde_json::to_string(&clock)?])
            .args(["--mqtt-host", &mqtt.ip().to_string()])
            .args(["--mqtt-port", &mqtt.port().to_string()])
            .args(["--user", DEMO_SENDER])
            .args(["--backfill-hours", &demo.backfill_hours.to_string()])
            .args(["--timezone", &timezone])
            .arg("--dust-folder")
            .arg(&dust)
            .arg("--until-input-ends")
            .env("IOC_DEMO_SECRET", &secret)
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    };
    loop {
        let started = arguments().and_then(|mut command| Ok(command.spawn()?));
        match started {
            Ok(mut child) => {
                // Waiting would close it, and the publisher lives as long as its input.
                let _life_line = child.stdin.take();
                tracing::info!(pid = child.id(), "demo publisher started");
                tokio::select! {
                    ended = child.wait() => tracing::warn!(?ended, "demo publisher ended"),
                    () = stop.cancelled() => return,
                }
            }
            Err(error) => tracing::error!(%error, "cannot start the demo publisher"),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn announce(run: &Run) {
    let Run { http, mqtt, inbox, clickhouse, database, password_files, .. } = run;
    println!("page and API  http://{http}/");
    println!("MQTT          {mqtt}");
    println!("inbox         {inbox}");
    println!("ClickHouse    {clickhouse} (database {database})");
    for (user, file) in password_files {
        println!("              user {user}, password in {file}");
    }
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

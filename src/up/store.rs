//! The store: the embedded server or an outside one, brought up to date and found to be ours.

use std::path::PathBuf;

use ioc_bus::clock::Clock;
use ioc_bus::{Bus, disk::DiskLog};
use ioc_dashboards::Hydration;
use ioc_model::{epoch::Epoch, pack::Pack, position::LogNumber};
use ioc_storage::{
    Sink, SinkConfig, Store, StoreConfig, StoreError, Topology, WholenessCheck,
    embedded::{self, ANALYST_USER, EmbeddedConfig, PRODUCT_USER, Server},
    patiently,
};
use ioc_stream::Driver;
use tokio_util::sync::CancellationToken;

use super::{CLICKHOUSE_COMMAND, PasswordFiles};
use crate::{
    config::{ClickHouse, Config},
    history,
    instance::{DataFolder, Instance},
};

const REFUSED_FOLDER: &str = "refused-blocks";
const CONCURRENT_INSERTS: usize = 4;
/// Blocks an epoch sends to one table at most in ordinary life; the window of tokens must hold K epochs of them.
const BLOCKS_AN_EPOCH: u64 = 64;
/// Whether the store is one server or a cluster, in the data folder.
const STORE_FILE: &str = "store.json";

/// The store and, if it is embedded, its server.
#[derive(Debug)]
pub struct OpenStore {
    pub store: Store,
    /// One server or a cluster: chosen when the instance was made.
    pub topology: Topology,
    pub url: String,
    pub password_files: PasswordFiles,
    refused: PathBuf,
    /// Ends the embedded server; not the general stop, since the flow still commits while that is under way.
    end: CancellationToken,
    server: Option<Server>,
}

/// What the flow recorded.
#[derive(Debug)]
pub struct RecordedFlow<'a> {
    pub folder: PathBuf,
    pub bus: &'a DiskLog,
    pub losses_accepted_upto: Epoch,
}

impl ioc_storage::FlowRecord for RecordedFlow<'_> {
    fn reaches(&self, committed: Epoch) -> Result<(), String> {
        Driver::check_reach(&self.folder, self.bus, committed).map_err(|halt| halt.0)
    }

    fn oldest_reach(&self) -> Result<Option<Epoch>, String> {
        Driver::oldest_reach(&self.folder, self.bus).map_err(|halt| halt.0)
    }

    fn epochs_with_input(&self) -> Result<Vec<Epoch>, String> {
        Driver::epochs_with_input(&self.folder).map_err(|halt| halt.0)
    }
}

/// What the flow starts on.
#[derive(Debug)]
pub struct Prepared {
    pub sink: Sink,
    pub log: LogNumber,
    pub committed: Option<(Epoch, [u8; 32])>,
}

/// Starts the embedded server, or finds the outside one.
pub async fn open(config: &Config, data: &DataFolder, stop: &CancellationToken) -> anyhow::Result<OpenStore> {
    let settings = &config.clickhouse;
    let topology = topology(settings, data)?;
    let end = CancellationToken::new();
    let refused = data.path().join(REFUSED_FOLDER);
    if !settings.url.is_empty() {
        let store = Store::connect(&StoreConfig {
            url: settings.url.clone(),
            user: settings.user.clone(),
            password: settings.password.0.clone(),
            database: settings.database.clone(),
        })?;
        let url = settings.url.clone();
        return Ok(OpenStore {
            store,
            topology,
            url,
            password_files: PasswordFiles::new(),
            refused,
            end,
            server: None,
        });
    }
    let folder = data.path().join("clickhouse");
    let named = std::env::var_os("IOC_LIBCHDB").map_or_else(|| settings.library.clone(), PathBuf::from);
    let library = (!named.as_os_str().is_empty()).then_some(named);
    let embedded_config = EmbeddedConfig {
        binary: std::env::current_exe()?,
        arguments: vec![CLICKHOUSE_COMMAND.into()],
        library,
        folder: folder.clone(),
        database: settings.database.clone(),
        listen: settings.listen,
        memory_limit: embedded::DEFAULT_MEMORY_LIMIT,
        analyst_patience: embedded::DEFAULT_ANALYST_PATIENCE,
    };
    let starting = Server::start(embedded_config, end.clone());
    let server = tokio::select! {
        server = starting => server?,
        () = stop.cancelled() => anyhow::bail!("told to stop while ClickHouse was starting"),
    };
    let store = Store::connect(&server.store())?;
    let password_files = [PRODUCT_USER, ANALYST_USER]
        .into_iter()
        .map(|user| (user.to_owned(), embedded::password_file(&folder, user).display().to_string()))
        .collect();
    let url = server.url().to_owned();
    Ok(OpenStore { store, topology, url, password_files, refused, end, server: Some(server) })
}

/// Whether the store is one server or a cluster, as it was when the instance was made: tables of the one kind do not
/// become those of the other.
fn topology(settings: &ClickHouse, data: &DataFolder) -> anyhow::Result<Topology> {
    let chosen = match settings.cluster.as_str() {
        "" => Topology::Single,
        _ if settings.url.is_empty() => {
            anyhow::bail!("clickhouse.cluster names a cluster, and clickhouse.url no server of it")
        }
        name => Topology::Cluster(name.to_owned()),
    };
    let recorded: Option<Topology> = data.recorded(STORE_FILE)?;
    if let Some(recorded) = recorded.filter(|recorded| *recorded != chosen) {
        anyhow::bail!(
            "this instance's tables were made {recorded}, and clickhouse.cluster says {chosen}: put the setting back, or \
             start a new instance on another database"
        );
    }
    Ok(chosen)
}

impl OpenStore {
    /// Brings the tables up to date, checks them and whose they are, and finds where the flow stands.
    pub async fn prepare(
        &self,
        instance: &Instance,
        data: &DataFolder,
        pack: &Pack,
        outstanding: u64,
        record: &RecordedFlow<'_>,
    ) -> anyhow::Result<Prepared> {
        let store = &self.store;
        patiently("reach ClickHouse", || store.ping()).await?;
        // Before anything of them is changed: they may be those of another instance that is at work.
        patiently("look whose the database is", || store.check_foreign(instance.id)).await?;
        let zone = pack.timezone.as_str();
        let applied =
            patiently("bring the tables up to date", || store.migrate(&self.topology, zone)).await?;
        let _ = data.remembered(STORE_FILE, || self.topology.clone())?;
        if !applied.is_empty() {
            tracing::info!(?applied, "migrations applied");
        }
        let window = outstanding.saturating_mul(BLOCKS_AN_EPOCH);
        patiently("check the tables", || store.check(instance.id, window)).await?;
        patiently("claim the database", || store.claim_instance(instance.id)).await?;
        let log = patiently("register the log", || store.register_log(record.bus.log_id(), "disk")).await?;
        let _ = patiently("publish the pack", || store.publish_pack(pack)).await?;
        patiently("show the pack in the views", || store.finish_views(&self.topology)).await?;
        let broken = patiently("look for broken parts", || store.broken_parts()).await?;
        if broken.is_none() {
            tracing::warn!(
                "the ClickHouse user may not read system.detached_parts: parts that are set aside as broken, and rows \
                 that are gone with them, are not noticed"
            );
        }
        let check = WholenessCheck {
            instance: instance.id,
            generation: instance.generation,
            broken: broken.as_deref().unwrap_or_default(),
            accepted: record.losses_accepted_upto,
        };
        let committed = store.last_whole_commit(check, record).await?;
        let sink = Sink::new(
            store.clone(),
            SinkConfig {
                instance: instance.id,
                refused: self.refused.clone(),
                concurrency: CONCURRENT_INSERTS,
                broken,
            },
        );
        Ok(Prepared { sink, log, committed })
    }

    /// What the page shows first.
    pub async fn first_picture(&self, instance: &Instance, clock: &Clock) -> anyhow::Result<Hydration> {
        let ask = || async {
            goes_away()?;
            history::hydration(&self.store, instance.generation, clock.now()).await
        };
        Ok(patiently("read what the page shows", ask).await?)
    }

    /// Ends the embedded server.
    pub async fn stop(self) {
        self.end.cancel();
        if let Some(server) = self.server {
            server.stopped().await;
        }
    }
}

/// The point `picture_away` (feature `failpoints`): a store that answered before is gone when the page's first picture
/// is asked for.
fn goes_away() -> Result<(), StoreError> {
    fail::fail_point!("picture_away", |_| {
        Err(StoreError::NoAnswer { doing: "show a picture, as a test asked".to_owned(), seconds: 0 })
    });
    Ok(())
}

//! The store: the embedded server or an outside one, brought up to date and found to be ours.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use ioc_bus::clock::Clock;
use ioc_bus::{Bus, disk::DiskLog};
use ioc_dashboards::{Hydration, history::HistoryError};
use ioc_model::{
    epoch::{Epoch, Generation},
    pack::Pack,
    position::LogNumber,
};
use ioc_storage::{
    BrokenPart, Class, Sink, SinkConfig, Store, StoreConfig, StoreError, Topology,
    embedded::{self, ANALYST_USER, EmbeddedConfig, PRODUCT_USER, Server},
    losses,
};
use ioc_stream::{Driver, Halt};
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
const AGAIN: Duration = Duration::from_secs(1);

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
pub struct Record<'a> {
    pub folder: PathBuf,
    pub bus: &'a DiskLog,
    pub losses_accepted_upto: Epoch,
}

impl Record<'_> {
    fn reaches(&self, committed: Epoch) -> Result<(), Halt> {
        Driver::check_reach(&self.folder, self.bus, committed)
    }

    fn oldest_reach(&self) -> Result<Option<Epoch>, Halt> {
        Driver::oldest_reach(&self.folder, self.bus)
    }

    fn epochs_with_input(&self) -> Result<Vec<Epoch>, Halt> {
        Driver::epochs_with_input(&self.folder)
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
        record: &Record<'_>,
    ) -> anyhow::Result<Prepared> {
        let store = &self.store;
        patiently("reach ClickHouse", || store.ping()).await?;
        let applied = patiently("bring the tables up to date", || store.migrate(&self.topology)).await?;
        let _ = data.remembered(STORE_FILE, || self.topology.clone())?;
        if !applied.is_empty() {
            tracing::info!(?applied, "migrations applied");
        }
        let window = outstanding.saturating_mul(BLOCKS_AN_EPOCH);
        patiently("check the tables", || store.check(instance.id, window)).await?;
        patiently("claim the database", || store.claim_instance(instance.id)).await?;
        let log = patiently("register the log", || store.register_log(record.bus.log_id(), "disk")).await?;
        let _ = patiently("publish the pack", || store.publish_pack(pack)).await?;
        let broken = patiently("look for broken parts", || store.broken_parts()).await?;
        if broken.is_none() {
            tracing::warn!(
                "the ClickHouse user may not read system.detached_parts: parts that are set aside as broken, and rows \
                 that are gone with them, are not noticed"
            );
        }
        let committed =
            self.last_whole_commit(instance, broken.as_deref().unwrap_or_default(), record).await?;
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

    /// The last commit up to which everything is there. Where broken parts took committed rows with them, the commits
    /// from there on are taken back, and the flow makes them again: if it can reach back so far, else the start ends
    /// (invariant LOUD).
    async fn last_whole_commit(
        &self,
        instance: &Instance,
        broken: &[BrokenPart],
        record: &Record<'_>,
    ) -> anyhow::Result<Option<(Epoch, [u8; 32])>> {
        let (store, generation) = (&self.store, instance.generation);
        let last =
            patiently("ask for the last commit", || store.last_committed(instance.id, generation)).await?;
        let (false, Some((upto, _))) = (broken.is_empty(), last) else { return Ok(last) };
        let parts = losses::listed(broken);
        tracing::warn!(parts, "clickhouse set parts aside as broken: looking for what is missing");
        let Some((from, lost)) = self.first_loss(generation, upto, broken, record).await? else {
            tracing::warn!(
                parts,
                "nothing is missing up to the last commit: once recorded epochs are replayed the parts may be dropped"
            );
            return Ok(last);
        };
        let whole = patiently("ask for the last commit", || {
            store.last_committed_before(instance.id, generation, from)
        });
        let whole = whole.await?;
        let committed = whole.map_or(Epoch(0), |(epoch, _)| epoch);
        if let Err(halt) = record.reaches(committed) {
            anyhow::bail!(
                "ClickHouse set parts aside as broken ({parts}), and {lost}, which cannot be made again: {halt}, or set \
                 clickhouse.losses_accepted_upto to {} to go on without what is missing up to there",
                record.oldest_reach()?.unwrap_or(upto)
            );
        }
        tracing::error!(
            parts,
            lost,
            whole_upto = committed.0,
            committed_upto = upto.0,
            "committed rows are missing: their commits are taken back and made again"
        );
        patiently("take commits back", || store.take_back_commits(generation, committed)).await?;
        taken_back();
        Ok(whole)
    }

    /// The first epoch up to the last commit that is not whole, and what is missing.
    async fn first_loss(
        &self,
        generation: Generation,
        upto: Epoch,
        broken: &[BrokenPart],
        record: &Record<'_>,
    ) -> anyhow::Result<Option<(Epoch, String)>> {
        let store = &self.store;
        let accepted = record.losses_accepted_upto;
        if accepted > Epoch(0) {
            tracing::warn!(accepted = accepted.0, "what is missing up to that epoch is not looked for");
        }
        let losses =
            patiently("look for what is missing", || store.losses(generation, accepted, upto)).await?;
        let mut found: Vec<(Epoch, String)> =
            losses.iter().map(|loss| (loss.from, loss.to_string())).collect();
        // A commit that is gone together with its rows leaves nothing to compare in the store.
        if broken.iter().any(|part| part.table == losses::COMMITS) {
            let mut epochs = record.epochs_with_input()?;
            epochs.retain(|epoch| *epoch > accepted && *epoch <= upto);
            tracing::warn!(
                oldest = epochs.first().map(|epoch| epoch.0),
                "parts with commits are broken: commits older than the record cannot be compared with it"
            );
            let gone =
                patiently("read which epochs are committed", || store.not_committed(generation, &epochs));
            let gone = gone.await?;
            found.extend(gone.first().map(|first| (*first, format!("the commit of epoch {first} is gone"))));
        }
        let from = found.iter().map(|(from, _)| *from).min();
        let told: Vec<String> = found.into_iter().map(|(_, told)| told).collect();
        Ok(from.map(|from| (from, told.join("; "))))
    }

    /// What the page shows first.
    pub async fn first_picture(&self, instance: &Instance, clock: &Clock) -> anyhow::Result<Hydration> {
        let ask = || async {
            goes_away()?;
            history::hydration(&self.store, instance.generation, clock.now()).await
        };
        patiently("read what the page shows", ask).await
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
fn goes_away() -> Result<(), HistoryError> {
    fail::fail_point!("picture_away", |_| Err(HistoryError::Away("as a test asked".to_owned())));
    Ok(())
}

/// The stopping point `recovery_after_taking_back`: nothing is made again yet.
fn taken_back() {
    fail::fail_point!("recovery_after_taking_back", |_| std::process::abort());
}

/// A failure that may pass, or one that will not.
trait MayPass: std::error::Error + Send + Sync + 'static {
    fn may_pass(&self) -> bool;
}

impl MayPass for StoreError {
    fn may_pass(&self) -> bool {
        self.class() != Class::Refused
    }
}

impl MayPass for HistoryError {
    fn may_pass(&self) -> bool {
        matches!(self, HistoryError::Away(_))
    }
}

/// Asks until the store answers; what it refuses ends the start (invariant LOUD). It may go away at any moment of a
/// start, also when it has answered before.
async fn patiently<T, E, Asked>(what: &str, ask: impl Fn() -> Asked) -> anyhow::Result<T>
where
    E: MayPass,
    Asked: Future<Output = Result<T, E>>,
{
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, "cannot {what} yet: trying again");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error).with_context(|| format!("cannot {what}")),
        }
    }
}

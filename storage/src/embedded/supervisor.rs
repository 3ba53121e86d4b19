//! Keeps the child alive: starts it, knows when it answers, starts it again when it ends, stops it at the end.
//!
//! A parent that was killed leaves a child that ends a moment later by itself; until then it holds the data folder
//! and the port. So a child that does not come up is tried again, and "it answers" is believed only from the very
//! child that was started: a random word in its configuration is asked back.

use std::{
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ioc_bus::{Filler, Room};
use tokio::{
    process::{Child, ChildStdin, Command},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    EmbeddedConfig, EmbeddedError,
    child::ChildArguments,
    configuration::{ANALYST_USER, Folder, PRODUCT_USER, Settings},
    library,
    log::{LastWords, keep_log},
    overtime::end_overtime,
};
use crate::{
    Store, StoreConfig,
    client::{answer, one},
};

/// How long the first start may take: an orphan to end, the tables of years to load.
pub(super) const START_WITHIN: Duration = Duration::from_secs(120);
/// How long it may take to end once its life line is cut.
const STOP_WITHIN: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) product: String,
    pub(super) analyst: String,
}

#[derive(Debug)]
pub(super) struct Supervisor {
    config: EmbeddedConfig,
    folder: Folder,
    library: std::path::PathBuf,
    product_password: String,
    analyst_password: String,
    store: Store,
    pid: Arc<AtomicU32>,
    ready: watch::Sender<bool>,
    last_words: LastWords,
}

impl Supervisor {
    /// Finds the library, makes the folder and the passwords.
    pub(super) fn prepare(config: EmbeddedConfig) -> Result<(Supervisor, Credentials), EmbeddedError> {
        let library = library::find(config.library.as_deref(), &config.binary)?;
        std::fs::create_dir_all(&config.folder)?;
        let folder = Folder(config.folder.canonicalize()?);
        folder.create()?;
        let product_password = folder.password(PRODUCT_USER)?;
        let analyst_password = folder.password(ANALYST_USER)?;
        let store = Store::connect(&StoreConfig {
            url: format!("http://{}", config.listen),
            user: PRODUCT_USER.to_owned(),
            password: product_password.clone(),
            database: config.database.clone(),
        })
        .map_err(|error| EmbeddedError::Arguments(error.to_string()))?;
        let credentials =
            Credentials { product: product_password.clone(), analyst: analyst_password.clone() };
        let supervisor = Supervisor {
            folder,
            library,
            product_password,
            analyst_password,
            store,
            pid: Arc::new(AtomicU32::new(0)),
            ready: watch::Sender::new(false),
            last_words: LastWords::default(),
            config,
        };
        Ok((supervisor, credentials))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.config.listen)
    }
    pub(super) fn database(&self) -> String {
        self.config.database.clone()
    }

    pub(super) fn pid(&self) -> Arc<AtomicU32> {
        self.pid.clone()
    }
    pub(super) fn ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }
    pub(super) fn last_words(&self) -> LastWords {
        self.last_words.clone()
    }

    /// Runs one child after the other until `shutdown`.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        while !shutdown.is_cancelled() {
            match self.spawn() {
                Ok((child, boot)) => self.live(child, &boot, &shutdown).await,
                Err(error) => tracing::error!(%error, "clickhouse child does not start"),
            }
            self.pid.store(0, Ordering::Release);
            // One that came up is started again at once; one that did not is left more and more time.
            if self.ready.send_replace(false) {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn spawn(&self) -> Result<(Child, String), EmbeddedError> {
        let boot = Uuid::new_v4().simple().to_string();
        self.folder.write(&Settings {
            boot: &boot,
            database: &self.config.database,
            product_password: &self.product_password,
            analyst_password: &self.analyst_password,
            memory_limit: self.config.memory_limit,
            analyst_patience: self.config.analyst_patience,
            left_free: Room::of(&self.folder.data())?.left_by(Filler::Store),
        })?;
        let arguments = ChildArguments {
            library: self.library.clone(),
            configuration: self.folder.configuration(),
            data: self.folder.data(),
            host: self.config.listen.ip().to_string(),
            port: self.config.listen.port(),
        };
        let child = Command::new(&self.config.binary)
            .args(&self.config.arguments)
            .args(arguments.to_command_line())
            .current_dir(&self.folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Signals of the terminal are the parent's, and the server signals its whole group when it ends.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok((child, boot))
    }

    /// From birth to death of one child.
    async fn live(&self, mut child: Child, boot: &str, shutdown: &CancellationToken) {
        let pid = child.id().unwrap_or(0);
        self.pid.store(pid, Ordering::Release);
        tracing::info!(url = self.url(), "clickhouse child started pid={pid}");
        let logging = child
            .stderr
            .take()
            .map(|stderr| tokio::spawn(keep_log(stderr, self.folder.log(), self.last_words.clone())));

        // Waiting for a child closes its standard input: hold the life line apart.
        let life_line = child.stdin.take();
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = self.watch_readiness(boot, pid) => None,
            () = shutdown.cancelled() => None,
        };
        let ended = match ended {
            Some(status) => status,
            None => tokio::select! {
                status = child.wait() => status,
                never = end_overtime(&self.store, self.config.analyst_patience) => never,
                () = shutdown.cancelled() => stop(&mut child, life_line, pid).await,
            },
        };
        if let Some(logging) = logging {
            // What it said last is why it ended.
            let _ = logging.await;
        }
        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        if shutdown.is_cancelled() {
            tracing::info!("clickhouse child ended pid={pid}");
        } else {
            let last = self.last_words.recent();
            tracing::warn!(status, last, "clickhouse child exited pid={pid}; starting it again");
        }
    }

    /// Resolves when this very child answers.
    async fn watch_readiness(&self, boot: &str, pid: u32) {
        loop {
            let word = one::<String>(self.store.bare().query("SELECT getMacro('ioc_boot')"));
            match answer("reach the embedded ClickHouse", word).await {
                Ok(word) if word == boot => break,
                // Somebody else's server, or the orphan of a killed parent that has not ended yet.
                Ok(_) => tracing::debug!(pid, "another clickhouse still answers on {}", self.config.listen),
                Err(error) => tracing::trace!(%error, "clickhouse child does not answer yet"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        tracing::info!("clickhouse child ready pid={pid}");
        let _ = self.ready.send_replace(true);
    }
}

/// Closes the life line and waits; a child that does not end is killed, which costs nothing acknowledged.
async fn stop(child: &mut Child, life_line: Option<ChildStdin>, pid: u32) -> std::io::Result<ExitStatus> {
    drop(life_line);
    if let Ok(status) = tokio::time::timeout(STOP_WITHIN, child.wait()).await {
        return status;
    }
    tracing::warn!(pid, "clickhouse child did not end within {} s: killing it", STOP_WITHIN.as_secs());
    child.start_kill()?;
    child.wait().await
}

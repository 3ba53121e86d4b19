//! The embedded default: a real ClickHouse server as a supervised child of the product.
//!
//! The child is the product's own binary run again, with ClickHouse out of a shared library. The parent holds its
//! standard input as a life line, restarts it when it ends, and reads its log. Everything else speaks HTTP to it as
//! to any other ClickHouse, so nothing but this module knows that it is embedded.
//!
//! Tried and dropped: the library inside the main process (stopping it ends the process), its in-process query
//! interface (loses outside clients), SIGTERM to stop it (it signals its whole process group).

mod child;
mod configuration;
mod end;
mod failed_write;
mod library;
mod log;
mod name;
mod overtime;
mod supervisor;

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

pub use child::serve;
pub use configuration::{ANALYST_USER, PRODUCT_USER};
use library::LIBRARY_VERSION;
use supervisor::Supervisor;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::StoreConfig;

/// How the embedded server is run.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// The binary that has [`serve`] behind `arguments`: normally this process's own.
    pub binary: PathBuf,
    /// What leads the binary to [`serve`]: the name of its hidden subcommand.
    pub arguments: Vec<OsString>,
    /// The library, where it is not to be looked for.
    pub library: Option<PathBuf>,
    /// The server's folder, made if it is not there; nothing else may be in it.
    pub folder: PathBuf,
    /// The database its users have rights on: letters, digits, `_`.
    pub database: String,
    /// Where it listens for HTTP.
    pub listen: SocketAddr,
    /// The most memory it may use. Bytes.
    pub memory_limit: u64,
    /// How long a query of the analyst may take, whatever it asks for.
    pub analyst_patience: Duration,
}

/// How long a query of the analyst may take.
pub const DEFAULT_ANALYST_PATIENCE: Duration = Duration::from_secs(60);

/// A memory limit that leaves the dataflow its share on a machine of 8 GB.
pub const DEFAULT_MEMORY_LIMIT: u64 = 3 << 30;

/// Why the embedded server does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The library is not where it was looked for.
    #[error(
        "the ClickHouse library is not there (looked for {looked}): run deploy/scripts/fetch-libchdb.sh, \
         set IOC_LIBCHDB to a libchdb.so {LIBRARY_VERSION}, or set IOC_CLICKHOUSE_URL to a server of your own"
    )]
    NoLibrary {
        /// The places.
        looked: String,
    },
    /// The library cannot be used.
    #[error("cannot use {path} as the ClickHouse library: {cause}")]
    BadLibrary {
        /// Its path.
        path: String,
        /// The loader's words.
        cause: String,
    },
    /// The child was called with arguments that are not its parent's.
    #[error("not a command line of the embedded ClickHouse: {0}")]
    Arguments(String),
    /// Failed writes of the library would go unnoticed.
    #[error(
        "this program was linked without its own write(), so what ClickHouse fails to write would be lost in silence: \
         link it with the symbol write exported"
    )]
    Unguarded,
    /// The server ended with an error.
    #[error("{0}")]
    Ended(String),
    /// The server did not come up.
    #[error("embedded ClickHouse did not start within {seconds} s; it said last: {last}")]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// The end of its log.
        last: String,
    },
    /// Files or processes.
    #[error("cannot run the embedded ClickHouse: {0}")]
    Io(#[from] std::io::Error),
}

/// The running, supervised server.
#[derive(Debug)]
pub struct Server {
    url: String,
    database: String,
    password: String,
    analyst_password: String,
    pid: Arc<AtomicU32>,
    supervision: JoinHandle<()>,
}

impl Server {
    /// Starts the server and waits until it answers. It is restarted whenever it ends, until `shutdown`.
    ///
    /// # Errors
    /// If the library is missing, the folder cannot be used, or the server does not come up.
    pub async fn start(config: EmbeddedConfig, shutdown: CancellationToken) -> Result<Server, EmbeddedError> {
        let (supervisor, credentials) = Supervisor::prepare(config)?;
        let url = supervisor.url();
        let database = supervisor.database();
        let pid = supervisor.pid();
        let mut ready = supervisor.ready();
        let stop = shutdown.child_token();
        let last_words = supervisor.last_words();
        let supervision = tokio::spawn(supervisor.run(stop.clone()));

        let came_up = async { ready.wait_for(|ready| *ready).await.is_ok() };
        if !tokio::time::timeout(supervisor::START_WITHIN, came_up).await.unwrap_or(false) {
            stop.cancel();
            let _ = supervision.await;
            return Err(EmbeddedError::NotReady {
                seconds: supervisor::START_WITHIN.as_secs(),
                last: last_words.recent(),
            });
        }
        Ok(Server {
            url,
            database,
            password: credentials.product,
            analyst_password: credentials.analyst,
            pid,
            supervision,
        })
    }

    /// The process id of the child; none between two lives of it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::Acquire)).filter(|pid| *pid != 0)
    }

    /// `http://host:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The analyst's password.
    #[must_use]
    pub fn analyst_password(&self) -> &str {
        &self.analyst_password
    }

    /// How the product connects to it.
    #[must_use]
    pub fn store(&self) -> StoreConfig {
        StoreConfig {
            url: self.url.clone(),
            user: PRODUCT_USER.to_owned(),
            password: self.password.clone(),
            database: self.database.clone(),
        }
    }

    /// Resolves when the child has ended after `shutdown`.
    pub async fn stopped(self) {
        if let Err(error) = self.supervision.await {
            tracing::error!(%error, "supervision of clickhouse ended badly");
        }
    }
}

/// Where the analyst's password lies below a server's folder.
#[must_use]
pub fn password_file(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.password"))
}

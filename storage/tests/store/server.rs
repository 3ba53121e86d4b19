//! A server of a test's own.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use ioc_model::instance::InstanceId;
use ioc_storage::{
    Sink, SinkConfig, Store, StoreConfig, Topology,
    embedded::{DEFAULT_ANALYST_PATIENCE, EmbeddedConfig, Server},
};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::template::Template;

pub(crate) const INSTANCE: InstanceId =
    InstanceId(Uuid::from_u128(0x1065_7001_0000_4000_8000_0000_0000_0001));

/// The folder of a server on which all migrations ran.
static MIGRATED: OnceCell<Template> = OnceCell::const_new();

/// Dropped, its child is killed with the test's runtime.
pub(crate) struct TestServer {
    pub(crate) scratch: TempDir,
    pub(crate) listen: SocketAddr,
    pub(crate) server: Server,
    pub(crate) store: Store,
    shutdown: CancellationToken,
}

/// A port nobody listens on at the moment.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

pub(crate) fn config(folder: &Path, listen: SocketAddr) -> EmbeddedConfig {
    EmbeddedConfig {
        binary: env!("CARGO_BIN_EXE_clickhouse-child").into(),
        arguments: Vec::new(),
        library: std::env::var_os("IOC_LIBCHDB").map(Into::into),
        folder: folder.join("clickhouse"),
        database: "ioc".to_owned(),
        listen,
        memory_limit: 1 << 30,
        analyst_patience: DEFAULT_ANALYST_PATIENCE,
    }
}

impl TestServer {
    /// An empty, migrated database of this instance.
    pub(crate) async fn start() -> TestServer {
        let template = MIGRATED.get_or_init(TestServer::migrated).await;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        template.lay_down(&scratch.path().join("clickhouse")).expect("a template is laid down");
        TestServer::start_in(scratch, free_address()).await
    }

    async fn migrated() -> Template {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let started = TestServer::start_in(scratch, free_address()).await;
        let _ = started.store.migrate(&Topology::Single, "UTC").await.expect("migrations run");
        started.store.claim_instance(INSTANCE).await.expect("an empty database can be claimed");
        let (scratch, _) = started.stop().await;
        Template::of(&scratch.path().join("clickhouse")).expect("the folder of a server that stopped is read")
    }

    pub(crate) async fn start_in(scratch: TempDir, listen: SocketAddr) -> TestServer {
        let config = config(scratch.path(), listen);
        TestServer::start_as(config, scratch).await
    }

    pub(crate) async fn start_as(config: EmbeddedConfig, scratch: TempDir) -> TestServer {
        let (shutdown, listen) = (CancellationToken::new(), config.listen);
        let server = Server::start(config, shutdown.clone())
            .await
            .unwrap_or_else(|error| panic!("the embedded ClickHouse is needed for this test: {error}"));
        let store = Store::connect(&server.store()).expect("the server's own address is valid");
        TestServer { scratch, listen, server, store, shutdown }
    }

    /// Ends the server as the product does and gives its folder back.
    pub(crate) async fn stop(self) -> (TempDir, SocketAddr) {
        self.shutdown.cancel();
        self.server.stopped().await;
        (self.scratch, self.listen)
    }

    pub(crate) fn sink(&self) -> Sink {
        Sink::new(self.store.clone(), self.sink_config())
    }

    pub(crate) fn sink_config(&self) -> SinkConfig {
        SinkConfig {
            instance: INSTANCE,
            refused: self.scratch.path().join("refused"),
            concurrency: 4,
            broken: Some(Vec::new()),
        }
    }

    /// The answer of the product's user, as tab-separated text.
    pub(crate) async fn ask(&self, sql: &str) -> String {
        ask_as(&self.server.store(), sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(crate) async fn count(&self, table: &str) -> u64 {
        self.ask(&format!("SELECT count() FROM {table}")).await.parse().expect("a number")
    }

    /// How many parts of tables were chosen to be read since the start.
    pub(crate) async fn parts_read(&self) -> u64 {
        let read = "SELECT sum(value) FROM system.events WHERE event = 'SelectedParts'";
        self.ask(read).await.parse().expect("a number")
    }

    /// Ends the child as a crash would, by its own id.
    pub(crate) fn kill(&self) -> bool {
        let Some(pid) = self.server.pid().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)) else {
            return false;
        };
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
    }
}

/// Asks as any user would: plain HTTP, nothing of this crate.
pub(crate) async fn ask_as(who: &StoreConfig, sql: &str) -> Result<String, String> {
    let client = clickhouse::Client::default()
        .with_url(&who.url)
        .with_user(&who.user)
        .with_password(&who.password)
        .with_database(&who.database);
    let mut answer = client.query_raw(sql).fetch_bytes("TabSeparated").map_err(|error| error.to_string())?;
    let bytes = answer.collect().await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

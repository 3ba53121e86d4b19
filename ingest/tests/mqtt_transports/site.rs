//! A running endpoint: two feeds, two senders, a log on disk behind a valve.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use ioc_bus::SharedBus;
use ioc_bus::clock::Clock;
use ioc_ingest::{
    intake::Intake,
    routes::Routes,
    senders::{Authenticator, Senders},
    transport::mqtt::{MqttConfig, MqttCounters, MqttCounts, MqttEndpoint, Voice},
};
use ioc_model::{
    contract::Contract,
    pack::{Feed, Pack, Transport},
    time::Millis,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::transports::{Stored, Valve, ValvedBus, open_log, stored};

/// The secret of both senders.
pub const SECRET: &str = "correct horse";
/// May send to the feed `air`, whose topics are `air/#`; at most 1,000 bytes each.
pub const GATEWAY: &str = "gateway";
/// May send to the feed `water`, whose topics are `water/+/level`.
pub const OTHER: &str = "other";

pub struct Site {
    pub log: SharedBus,
    pub valve: watch::Sender<Valve>,
    pub address: SocketAddr,
    pub stop: CancellationToken,
    counters: Arc<MqttCounters>,
    intake: Intake,
    config: MqttConfig,
    running: Option<JoinHandle<()>>,
    folder: TempDir,
}

pub fn feed(id: &str, transport: Transport) -> Feed {
    let contract = Contract { max_bytes: 1_000, ..Contract::default() };
    Feed { transport, silent_after: Millis(60_000), ..ioc_testing::feed(id, contract) }
}

fn pack() -> Pack {
    let feeds = [("air", "air/#"), ("water", "water/+/level")]
        .map(|(id, topic)| feed(id, Transport::Mqtt { topics: vec![topic.to_owned()] }));
    ioc_testing::pack("test", Vec::new(), Vec::new(), feeds.into())
}

impl Site {
    pub async fn open() -> Site {
        Site::with(|_| {}).await
    }

    pub async fn with(configure: impl FnOnce(&mut MqttConfig)) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let mut config =
            MqttConfig { listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))), ..MqttConfig::default() };
        configure(&mut config);
        let mut senders = Senders::load(&folder.path().join("senders.toml")).unwrap();
        senders.set_secret(GATEWAY, vec!["air".to_owned()], Vec::new(), SECRET).unwrap();
        senders.set_secret(OTHER, vec!["water".to_owned()], Vec::new(), SECRET).unwrap();
        senders.save().unwrap();
        let log = open_log(&folder.path().join("log"));
        let (bus, valve) = ValvedBus::before(log.clone(), Valve::Open);
        let mut site = Site {
            log,
            valve,
            address: config.listen.unwrap(),
            stop: CancellationToken::new(),
            counters: Arc::default(),
            intake: Intake::new(bus, Clock::Machine),
            config,
            running: None,
            folder,
        };
        site.start().await;
        site
    }

    async fn start(&mut self) {
        self.stop = CancellationToken::new();
        let routes = watch::channel(Arc::new(Routes::of_pack(&Arc::new(pack())))).1;
        let authenticator = Arc::new(Authenticator::open(&self.senders_path()).unwrap());
        let voice = Arc::new(Voice::new(routes, authenticator));
        let endpoint = MqttEndpoint::bind(
            self.config.clone(),
            None,
            self.intake.clone(),
            voice,
            &self.folder.path().join("sessions"),
            self.stop.clone(),
        )
        .await
        .unwrap();
        self.address = endpoint.addresses().next().unwrap().0;
        self.counters = endpoint.counters();
        self.running = Some(tokio::spawn(endpoint.run()));
    }

    /// Waits until the endpoint has stopped.
    pub async fn stopped(&mut self) {
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
    }

    /// Stops the endpoint and starts another one on the same data folder.
    pub async fn restart(&mut self) {
        self.stop.cancel();
        self.stopped().await;
        self.start().await;
    }

    /// A restarted endpoint listens on the same port.
    pub fn keep_port(&mut self) {
        self.config.listen = Some(self.address);
    }

    pub fn senders_path(&self) -> PathBuf {
        self.folder.path().join("senders.toml")
    }

    pub fn counts(&self) -> MqttCounts {
        self.counters.snapshot()
    }

    pub fn stored(&self) -> Vec<Stored> {
        stored(&self.log)
    }

    /// Stored payloads of a feed, sorted.
    pub fn payloads(&self, feed: &str) -> Vec<String> {
        let mut payloads: Vec<String> =
            self.stored().iter().filter(|one| one.feed == feed).map(|one| one.text().to_owned()).collect();
        payloads.sort();
        payloads
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

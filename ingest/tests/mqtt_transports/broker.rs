//! Publishes taken from a real mosquitto.

use std::{collections::BTreeSet, net::TcpListener, path::Path, process::Stdio, sync::Arc, time::Duration};

use ioc_bus::SharedBus;
use ioc_bus::clock::Clock;
use ioc_ingest::{
    intake::Intake,
    transport::{
        mqtt_broker::{BrokerLogin, MqttBroker, MqttBrokerConfig, MqttBrokerCounters, MqttBrokerError},
        pull::Patience,
    },
};
use ioc_model::{envelope::Content, pack::Transport};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    site::feed,
    transports::{Stored, Valve, ValvedBus, open_log, stored, until},
};

struct Mosquitto {
    process: Child,
    port: u16,
}

impl Mosquitto {
    async fn start(folder: &Path, port: u16) -> Mosquitto {
        let config = folder.join("mosquitto.conf");
        let store = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\npersistence true\n\
             persistence_location {}/\nautosave_interval 1800\n",
            folder.display()
        );
        std::fs::write(&config, store).unwrap();
        let process = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        until("mosquitto listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        Mosquitto { process, port }
    }

    async fn publish(&self, lines: impl Iterator<Item = String>) {
        let mut client = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", "air/b", "-q", "1", "-l"])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines: String = lines.map(|line| line + "\n").collect();
        client.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
        assert!(client.wait().await.unwrap().success());
    }

    async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

struct Site {
    folder: TempDir,
    log: SharedBus,
    valve: watch::Sender<Valve>,
    intake: Intake,
    port: u16,
}

struct Running {
    task: JoinHandle<Result<(), MqttBrokerError>>,
    stop: CancellationToken,
    counters: Arc<MqttBrokerCounters>,
}

impl Site {
    fn open() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(&folder.path().join("log"));
        let (bus, valve) = ValvedBus::before(log.clone(), Valve::Open);
        Site { folder, log, valve, intake: Intake::new(bus, Clock::Machine), port: free_port() }
    }

    async fn mosquitto(&self) -> Mosquitto {
        Mosquitto::start(self.folder.path(), self.port).await
    }

    async fn take(&self) -> Running {
        let url = format!("mqtt://127.0.0.1:{}", self.port);
        let feed = feed("air", Transport::MqttBroker { url, topics: vec!["air/#".to_owned()] });
        let login = BrokerLogin { user: "ioc".to_owned(), password: "any".to_owned() };
        let patience = Patience {
            first: Duration::from_millis(200),
            longest: Duration::from_secs(2),
            recovered_after: Duration::from_secs(1),
        };
        let config = MqttBrokerConfig { client_id: "ioc-air".to_owned(), login: Some(login), patience };
        let broker = MqttBroker::new(&feed, &config, self.intake.clone()).unwrap();
        let counters = broker.counters();
        let stop = CancellationToken::new();
        let task = tokio::spawn(broker.run(stop.clone()));
        until("subscribed", || counters.snapshot().connected == 1 || task.is_finished()).await;
        Running { task, stop, counters }
    }

    fn payloads(&self) -> Vec<String> {
        stored(&self.log).iter().map(|one| one.text().to_owned()).collect()
    }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn ack_a_broker_keeps_what_is_not_durable_and_sends_it_again() {
    let site = Site::open();
    let mosquitto = site.mosquitto().await;
    let running = site.take().await;
    site.valve.send_replace(Valve::Untold);
    mosquitto.publish((0..10).map(|n| format!("first-{n}"))).await;
    until("all on disk", || running.counters.snapshot().publishes >= 1 && !site.payloads().is_empty()).await;
    assert_eq!(running.counters.snapshot().acknowledged, 0);
    // Killed before it was told.
    running.task.abort();
    assert!(running.task.await.is_err());
    let before = site.payloads().len();
    mosquitto.publish((0..500).map(|n| format!("away-{n}"))).await;
    site.valve.send_replace(Valve::Open);
    let running = site.take().await;
    until("all acknowledged", || running.counters.snapshot().acknowledged == 510).await;
    assert_eq!(site.payloads().len(), before + 510, "none of the first was acknowledged before");
    running.stop().await;
    let running = site.take().await;
    mosquitto.publish(std::iter::once("last".to_owned())).await;
    until("the last one", || site.payloads().contains(&"last".to_owned())).await;
    assert_eq!(site.payloads().len(), before + 511, "what was acknowledged is not sent again");
    let distinct: BTreeSet<String> = site.payloads().into_iter().collect();
    assert_eq!(distinct.len(), 511);
    // What was sent before says so; what waited at the broker was never sent.
    let all = stored(&site.log);
    let (first, since) = all.split_at(before);
    let again = |one: &Stored| one.knows("again").is_some();
    assert!(!first.iter().any(again));
    for one in since {
        let was_there = first.iter().any(|before| before.payload == one.payload);
        assert!(again(one) || !was_there, "{one:?}");
        assert!(!again(one) || one.text().starts_with("first-"), "{one:?}");
    }
    running.stop().await;
    mosquitto.kill().await;
}

#[tokio::test]
async fn a_broker_that_comes_back_is_subscribed_to_again() {
    let site = Site::open();
    let mosquitto = site.mosquitto().await;
    let running = site.take().await;
    mosquitto.publish(std::iter::once("before".to_owned())).await;
    until("stored", || site.payloads() == ["before"]).await;
    mosquitto.kill().await;
    until("the loss is noticed", || running.counters.snapshot().connected == 0).await;
    let mosquitto = site.mosquitto().await;
    until("subscribed again", || running.counters.snapshot().connected == 1).await;
    mosquitto.publish(std::iter::once("after".to_owned())).await;
    until("stored", || site.payloads().contains(&"after".to_owned())).await;
    running.stop().await;
    mosquitto.kill().await;
}

#[tokio::test]
async fn balance_a_large_publish_is_recorded_without_its_bytes_and_acknowledged() {
    let site = Site::open();
    let mosquitto = site.mosquitto().await;
    let running = site.take().await;
    mosquitto.publish(["x".repeat(1_001), "small".to_owned()].into_iter()).await;
    until("both acknowledged", || running.counters.snapshot().acknowledged == 2).await;
    let stored = stored(&site.log);
    assert_eq!((stored[0].content, stored[1].content), (Content::Withheld, Content::Raw));
    assert!(stored[0].text().starts_with(r#"{"reason":"too_large","bytes":1001,"#));
    assert_eq!(running.counters.snapshot().oversize, 1);
    running.stop().await;
    mosquitto.kill().await;
}

#[tokio::test]
async fn loud_a_bus_that_refuses_ends_the_connection_with_an_error_and_without_acknowledging() {
    let site = Site::open();
    let mosquitto = site.mosquitto().await;
    let running = site.take().await;
    site.valve.send_replace(Valve::Poisoned);
    mosquitto.publish(std::iter::once("x".to_owned())).await;
    assert!(matches!(running.task.await.unwrap(), Err(MqttBrokerError::Append(_))));
    site.valve.send_replace(Valve::Open);
    let running = site.take().await;
    until("sent again", || running.counters.snapshot().acknowledged == 1).await;
    assert_eq!(site.payloads(), ["x"]);
    running.stop().await;
    mosquitto.kill().await;
}

//! Publishes taken from an outside MQTT broker, with its acknowledgement only after ours are durable.
//!
//! The broker keeps for us what it has not been acknowledged: a lasting session under a client identifier that stays
//! the same, subscribed with quality of service 1, acknowledged by hand, in the order received, once the chunk is on
//! disk (invariant ACK). What it loses by itself, when it is killed, nobody here can bring back; the product's own
//! endpoint is for that.
//!
//! Polling the connection never waits for the disk while the broker's window is not used up; beside it, what has
//! arrived meanwhile is committed as one chunk. Every connection has a client of its own, so an acknowledgement
//! of a former one cannot reach the broker, where its packet identifier may mean another message by now. Sent again
//! is sent twice: duplicates are dropped downstream.
//!
//! Version 3.1.1 is spoken, as every broker does. Memory is bounded by bytes, whatever the broker's window is
//! (invariant BOUND). A publish over its feed's limit is recorded without its bytes and acknowledged, or the broker would
//! send it for ever (invariants BALANCE, SAFE).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ioc_bus::{AppendError, ChunkBuilder, Origin};
use ioc_model::{
    attribute::Attribute,
    envelope::Content,
    pack::{Feed, Transport},
};
use rumqttc::{
    AsyncClient, ConnectionError, Event, MqttOptions, Packet, Publish, QoS, SubscribeFilter,
    SubscribeReasonCode,
};
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::withheld::{Digest, Withheld};
use crate::intake::{Intake, Line};

/// Publishes between polling and committing. At least a broker's usual window, so that polling does not stop for it.
const QUEUE: usize = 1_024;
/// Publishes in one chunk.
const MOST_IN_CHUNK: usize = 1_024;
/// Bytes of publishes that may wait for the disk, in units of 1 KiB.
const WAITING_KIB: usize = 64 << 10;
/// The longest packet read at all. A longer one ends the connection, again and again: MQTT 3.1.1 cannot tell a broker
/// to leave it out.
const LONGEST_PACKET: usize = 64 << 20;
/// Acknowledgements that may wait to be sent.
const REQUESTS: usize = 2 * QUEUE;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const FIRST_BACK_OFF: Duration = Duration::from_millis(500);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// How long a stop waits for what is in flight.
const STOP_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How one feed's broker is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttBrokerConfig {
    /// The client identifier, the same for ever: the broker knows the session by it. One for each feed.
    pub client_id: String,
    /// User name and password at the broker.
    #[serde(default)]
    pub login: Option<BrokerLogin>,
}

/// User name and password at a broker. The password is not printed by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerLogin {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for BrokerLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BrokerLogin of {}", self.user)
    }
}

/// Why a feed cannot be taken from its broker.
#[derive(Debug, thiserror::Error)]
pub enum MqttBrokerError {
    /// The feed comes another way.
    #[error("feed '{0}' is not taken from an mqtt broker")]
    OtherTransport(String),
    /// The address cannot be used.
    #[error("'{0}' is no broker address: write mqtt://host or mqtt://host:port")]
    Url(String),
    /// The bus took no more. Nothing unacknowledged was lost.
    #[error("the bus refused what a broker sent: {0}")]
    Append(#[from] AppendError),
}

/// What a broker's connection counts. They only grow, except `connected`.
#[derive(Debug, Default)]
pub struct MqttBrokerCounters {
    connected: AtomicBool,
    connections: AtomicU64,
    publishes: AtomicU64,
    oversize: AtomicU64,
    acknowledged: AtomicU64,
    bytes: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MqttBrokerCounts {
    /// Connected and subscribed now.
    pub connected: bool,
    /// Connections made.
    pub connections: u64,
    /// Publishes received.
    pub publishes: u64,
    /// Of those, over the limit and recorded without their bytes.
    pub oversize: u64,
    /// Publishes acknowledged to the broker, after they were durable.
    pub acknowledged: u64,
    /// Bytes of payloads received.
    pub bytes: u64,
}

impl MqttBrokerCounters {
    /// Every counter's name and figure, for metrics.
    #[must_use]
    pub fn each(&self) -> Vec<(&'static str, u64)> {
        let counts = self.snapshot();
        vec![
            ("connected", u64::from(counts.connected)),
            ("connections", counts.connections),
            ("publishes", counts.publishes),
            ("oversize", counts.oversize),
            ("acknowledged", counts.acknowledged),
            ("bytes", counts.bytes),
        ]
    }

    /// Reads all of them.
    #[must_use]
    pub fn snapshot(&self) -> MqttBrokerCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MqttBrokerCounts {
            connected: self.connected.load(Ordering::Relaxed),
            connections: read(&self.connections),
            publishes: read(&self.publishes),
            oversize: read(&self.oversize),
            acknowledged: read(&self.acknowledged),
            bytes: read(&self.bytes),
        }
    }
}

fn count(counter: &AtomicU64, by: usize) {
    let _before = counter.fetch_add(by as u64, Ordering::Relaxed);
}

/// One feed's connection to its broker.
#[derive(Debug)]
pub struct MqttBroker {
    feed: String,
    topics: Vec<String>,
    options: MqttOptions,
    payload_limit: usize,
    intake: Intake,
    line: Line,
    counters: Arc<MqttBrokerCounters>,
}

/// A publish on its way to the disk.
struct Arrival {
    publish: Publish,
    connection: Arc<Connection>,
    _room: OwnedSemaphorePermit,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let _before = self.connection.unacknowledged.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One connection, as far as acknowledging needs it.
struct Connection {
    client: AsyncClient,
    is_over: AtomicBool,
    /// Publishes taken and neither acknowledged nor given up.
    unacknowledged: AtomicUsize,
}

impl MqttBroker {
    /// Prepares the connection of a feed.
    ///
    /// # Errors
    /// If the feed comes another way or its address is none.
    pub fn new(
        feed: &Feed,
        config: &MqttBrokerConfig,
        intake: Intake,
    ) -> Result<MqttBroker, MqttBrokerError> {
        let Transport::MqttBroker { url, topics } = &feed.transport else {
            return Err(MqttBrokerError::OtherTransport(feed.id.clone()));
        };
        let (host, port) = host_and_port(url).ok_or_else(|| MqttBrokerError::Url(url.clone()))?;
        let mut options = MqttOptions::new(&config.client_id, host, port);
        let _set = options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_max_packet_size(LONGEST_PACKET, LONGEST_PACKET);
        if let Some(login) = &config.login {
            let _set = options.set_credentials(&login.user, &login.password);
        }
        Ok(MqttBroker {
            feed: feed.id.clone(),
            topics: topics.clone(),
            options,
            payload_limit: feed.contract.max_bytes,
            line: intake.line_of(&config.client_id, Origin::sender(url)),
            intake,
            counters: Arc::default(),
        })
    }

    /// Its counters.
    #[must_use]
    pub fn counters(&self) -> Arc<MqttBrokerCounters> {
        self.counters.clone()
    }

    /// Connects, again and again, and takes what the broker sends until `stop` fires.
    ///
    /// # Errors
    /// If the bus takes no more.
    pub async fn run(self, stop: CancellationToken) -> Result<(), MqttBrokerError> {
        let (arrivals, queue) = mpsc::channel(QUEUE);
        let over = stop.child_token();
        let committing = async {
            let committed = self.commit(queue).await;
            over.cancel();
            committed
        };
        let polling = self.poll_until_over(arrivals, &over);
        let (committed, ()) = tokio::join!(committing, polling);
        Ok(committed?)
    }

    async fn poll_until_over(&self, arrivals: mpsc::Sender<Arrival>, over: &CancellationToken) {
        let room = Arc::new(Semaphore::new(WAITING_KIB));
        let mut back_off = FIRST_BACK_OFF;
        while !over.is_cancelled() {
            let was_subscribed = self.converse(&arrivals, &room, over).await;
            self.counters.connected.store(false, Ordering::Relaxed);
            back_off = if was_subscribed { FIRST_BACK_OFF } else { (back_off * 2).min(LONGEST_BACK_OFF) };
            let _stopped = timeout(back_off, over.cancelled()).await;
        }
    }

    /// One connection, to its end. True if its subscriptions were granted.
    async fn converse(
        &self,
        arrivals: &mpsc::Sender<Arrival>,
        room: &Arc<Semaphore>,
        over: &CancellationToken,
    ) -> bool {
        let (client, mut events) = AsyncClient::new(self.options.clone(), REQUESTS);
        let connection = Arc::new(Connection {
            client,
            is_over: AtomicBool::new(false),
            unacknowledged: AtomicUsize::new(0),
        });
        let mut was_subscribed = false;
        let polling = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        count(&self.counters.connections, 1);
                        // Also when the session is there: what the pack subscribes to may have changed.
                        let filters = self
                            .topics
                            .iter()
                            .map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
                        if let Err(error) = connection.client.try_subscribe_many(filters) {
                            tracing::error!(feed = self.feed, %error, "the topic filters cannot be subscribed to");
                            return;
                        }
                    }
                    Ok(Event::Incoming(Packet::SubAck(answer))) => {
                        if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                            tracing::error!(feed = self.feed, topics = ?self.topics, "the broker refuses a subscription");
                            return;
                        }
                        was_subscribed = true;
                        self.counters.connected.store(true, Ordering::Relaxed);
                        tracing::info!(feed = self.feed, "subscribed at the broker");
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        // Not taken any more: unacknowledged, it stays with the broker.
                        if over.is_cancelled() {
                            continue;
                        }
                        let size = (publish.payload.len() >> 10).clamp(1, WAITING_KIB) as u32;
                        let Ok(permit) = room.clone().acquire_many_owned(size).await else {
                            return;
                        };
                        let _before = connection.unacknowledged.fetch_add(1, Ordering::AcqRel);
                        let arrival = Arrival { publish, connection: connection.clone(), _room: permit };
                        if arrivals.send(arrival).await.is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(ConnectionError::ConnectionRefused(code)) => {
                        tracing::error!(feed = self.feed, ?code, "the broker refuses the connection");
                        return;
                    }
                    // It answers our goodbye: everything before it was read.
                    Err(_) if over.is_cancelled() => return,
                    Err(error) => {
                        tracing::warn!(feed = self.feed, %error, "the connection to the broker is lost");
                        return;
                    }
                }
            }
        };
        tokio::select! {
            () = polling => {}
            () = connection.leave(over) => {}
        }
        connection.is_over.store(true, Ordering::Release);
        was_subscribed
    }

    /// Makes chunks of what has arrived, and acknowledges them when they are durable, until nothing arrives any more.
    async fn commit(&self, mut queue: mpsc::Receiver<Arrival>) -> Result<(), AppendError> {
        let mut arrivals = Vec::new();
        while queue.recv_many(&mut arrivals, MOST_IN_CHUNK).await > 0 {
            let mut chunk = ChunkBuilder::new();
            for arrival in &arrivals {
                self.push(&mut chunk, &arrival.publish);
            }
            let durable = self.intake.hand_over(&self.line, &mut chunk).await?;
            let _appended = durable.await?;
            count(&self.counters.acknowledged, arrivals.len());
            for arrival in arrivals.drain(..) {
                arrival.connection.acknowledge(&arrival.publish).await;
            }
        }
        Ok(())
    }

    fn push(&self, chunk: &mut ChunkBuilder, publish: &Publish) {
        count(&self.counters.publishes, 1);
        count(&self.counters.bytes, publish.payload.len());
        let known: &[_] = if publish.retain { &[(Attribute::Retained, "1")] } else { &[] };
        if publish.payload.len() <= self.payload_limit {
            chunk.push_with(&self.feed, Content::Raw, &publish.topic, known, &publish.payload);
            return;
        }
        count(&self.counters.oversize, 1);
        let mut digest = Digest::default();
        digest.update(&publish.payload);
        let description = Withheld::too_large(digest).to_json();
        chunk.push_with(&self.feed, Content::Withheld, &publish.topic, known, description.as_bytes());
    }
}

impl Connection {
    /// Says goodbye once `over` fires and what was taken is acknowledged.
    async fn leave(&self, over: &CancellationToken) {
        over.cancelled().await;
        let acknowledged = timeout(STOP_WITHIN, async {
            while self.unacknowledged.load(Ordering::Acquire) > 0 {
                sleep(LOOK_AGAIN).await;
            }
        });
        if acknowledged.await.is_err() {
            tracing::warn!("left a broker with publishes unacknowledged: they come again");
        }
        // Behind the acknowledgements in the same queue. Polling ends when the broker closes, having read them.
        if self.client.try_disconnect().is_ok() {
            sleep(STOP_WITHIN).await;
        }
    }

    /// Queues an acknowledgement. It is dropped when the connection is over: the broker sends the publish again.
    async fn acknowledge(&self, publish: &Publish) {
        // `ack().await` could wait for the polling task, which may be waiting for us.
        while !self.is_over.load(Ordering::Acquire) && self.client.try_ack(publish).is_err() {
            sleep(LOOK_AGAIN).await;
        }
    }
}

fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let authority = url.strip_prefix("mqtt://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, 1_883),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_logins_in_them_refused() {
        assert_eq!(host_and_port("mqtt://broker.tayninh.gov.vn"), Some(("broker.tayninh.gov.vn", 1_883)));
        assert_eq!(host_and_port("mqtt://10.0.0.1:2883/"), Some(("10.0.0.1", 2_883)));
        assert_eq!(host_and_port("mqtt://[::1]:2883"), Some(("::1", 2_883)));
        assert_eq!(host_and_port("mqtt://[::1]"), Some(("::1", 1_883)));
        for url in [
            "tcp://a",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://a:x",
            "mqtt://user:secret@a",
            "mqtt://a/topic",
            "mqtts://a",
        ] {
            assert_eq!(host_and_port(url), None, "{url}");
        }
    }
}

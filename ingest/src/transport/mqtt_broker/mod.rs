//! Publishes taken from an outside MQTT broker, with its acknowledgement only after ours are durable.
//!
//! The broker keeps for us what it has not been acknowledged: a lasting session under a client identifier that stays
//! the same, subscribed with quality of service 1, acknowledged by hand, in the order received, once the chunk is on
//! disk (invariant ACK). What it loses by itself, when it is killed, nobody here can bring back; the product's own
//! endpoint is for that.
//!
//! Polling the connection never waits for the disk while the broker's window is not used up; beside it, what has
//! arrived meanwhile is committed as one chunk. Sent again is sent twice, and recorded as such
//! (DUP): what has a time of its own is a duplicate downstream, and what has none is no second measurement.
//!
//! Version 3.1.1 is spoken, as every broker does. Memory is bounded by bytes, whatever the broker's window is
//! (invariant BOUND). A publish over its feed's limit is recorded without its bytes and acknowledged, or the broker would
//! send it for ever (invariants BALANCE, SAFE).

mod address;
mod connection;
mod counters;
mod settings;

use std::{sync::Arc, time::Duration};

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
    sync::{Semaphore, mpsc},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use self::{
    address::host_and_port,
    connection::{Connection, PublishInHand},
};
pub use self::{
    counters::{MqttBrokerCounters, MqttBrokerCounts},
    settings::KIND,
};
use super::{
    pull::{BackOff, Patience},
    withheld::{Digest, Withheld},
};
use crate::intake::{Intake, SenderLine};

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

/// How one feed's broker is reached.
#[derive(Clone, Debug)]
pub struct MqttBrokerConfig {
    /// The client identifier, the same for ever: the broker knows the session by it. One for each feed.
    pub client_id: String,
    /// User name and password at the broker.
    pub login: Option<BrokerLogin>,
    /// How soon and how often a lost connection is made again.
    pub patience: Patience,
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

/// One feed's connection to its broker.
#[derive(Debug)]
pub struct MqttBroker {
    feed: String,
    topics: Vec<String>,
    options: MqttOptions,
    payload_limit: usize,
    intake: Intake,
    line: SenderLine,
    patience: Patience,
    counters: Arc<MqttBrokerCounters>,
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
            patience: config.patience,
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

    async fn poll_until_over(&self, arrivals: mpsc::Sender<PublishInHand>, over: &CancellationToken) {
        let room = Arc::new(Semaphore::new(WAITING_KIB));
        let mut back_off = BackOff::new(self.patience);
        while !over.is_cancelled() {
            let subscribed = self.converse(&arrivals, &room, over).await;
            self.counters.connected.set(0);
            let went_well = subscribed.map_or(Duration::ZERO, |since| since.elapsed());
            let _stopped = timeout(back_off.pause_after(went_well), over.cancelled()).await;
        }
    }

    /// One connection, to its end. Since when its subscriptions were granted, if they were.
    async fn converse(
        &self,
        arrivals: &mpsc::Sender<PublishInHand>,
        room: &Arc<Semaphore>,
        over: &CancellationToken,
    ) -> Option<Instant> {
        let (client, mut events) = AsyncClient::new(self.options.clone(), REQUESTS);
        let connection = Arc::new(Connection::of(client));
        let mut subscribed = None;
        let polling = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        self.counters.connections.one();
                        // Also when the session is there: what the pack subscribes to may have changed.
                        let filters = self
                            .topics
                            .iter()
                            .map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce));
                        if let Err(error) = connection.client().try_subscribe_many(filters) {
                            tracing::error!(feed = self.feed, %error, "the topic filters cannot be subscribed to");
                            return;
                        }
                    }
                    Ok(Event::Incoming(Packet::SubAck(answer))) => {
                        if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                            tracing::error!(feed = self.feed, topics = ?self.topics, "the broker refuses a subscription");
                            return;
                        }
                        subscribed = Some(Instant::now());
                        self.counters.connected.set(1);
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
                        if arrivals.send(connection.takes(publish, permit)).await.is_err() {
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
        connection.end();
        subscribed
    }

    /// Makes chunks of what has arrived, and acknowledges them when they are durable, until nothing arrives any more.
    async fn commit(&self, mut queue: mpsc::Receiver<PublishInHand>) -> Result<(), AppendError> {
        let mut arrivals = Vec::new();
        while queue.recv_many(&mut arrivals, MOST_IN_CHUNK).await > 0 {
            let mut chunk = ChunkBuilder::new();
            for arrival in &arrivals {
                self.push(&mut chunk, &arrival.publish);
            }
            let durable = self.intake.hand_over(&self.line, &mut chunk).await?;
            let _appended = durable.await?;
            self.counters.acknowledged.add(arrivals.len() as u64);
            for arrival in arrivals.drain(..) {
                arrival.connection.acknowledge(&arrival.publish).await;
            }
        }
        Ok(())
    }

    fn push(&self, chunk: &mut ChunkBuilder, publish: &Publish) {
        self.counters.publishes.one();
        self.counters.bytes.add(publish.payload.len() as u64);
        // What is not said is left out.
        let known = &[
            (Attribute::Retained, if publish.retain { "1" } else { "" }),
            (Attribute::Again, if publish.dup { "1" } else { "" }),
        ];
        if publish.payload.len() <= self.payload_limit {
            chunk.push_with(&self.feed, Content::Raw, &publish.topic, known, &publish.payload);
            return;
        }
        self.counters.oversize.one();
        let mut digest = Digest::default();
        digest.update(&publish.payload);
        let description = Withheld::too_large(digest).to_json();
        chunk.push_with(&self.feed, Content::Withheld, &publish.topic, known, description.as_bytes());
    }
}

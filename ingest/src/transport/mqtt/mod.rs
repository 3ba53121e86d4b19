//! The product's own MQTT endpoint: v3.1.1 and v5 on one port, for publishing, and for hearing what the product itself
//! says. Clients of 3.1 and mosquitto's bridges are read as what they mean.
//!
//! Brokers acknowledge a publish before it is on disk and lose it when they are killed; here PUBACK leaves after the
//! fsync (invariant ACK), which only an endpoint that sees the fsync can do. So this is no broker: what a client
//! publishes reaches no other and is not retained, and subscribed to can be only what [`say`] says. Everything else of
//! the standards is kept, strictly, and the deviations are chosen and few:
//!
//! * A client identifier belongs to its sender: two senders may use the same one without taking over from each other
//!   (invariant SAFE).
//! * A publish nobody claims or its sender may not make is stored and rejected downstream, not dropped; version 5
//!   is told so in PUBACK (0x10, 0x87).
//! * A publish over its feed's limit is recorded by size and hash and acknowledged (0x97), or it would come for ever.
//!   One over the packet limit is recorded by size; there is no way to go on behind it but to close.
//! * A retained publish is taken as a plain one, and known as one that was retained.
//! * Of quality of service 2, a publish without DUP and with other content under an identifier that is open is a new
//!   one: its client has lost its memory, and nothing else may be lost with it.
//! * When the bus fails, the connection is closed without PUBACK or PUBREC, so that the client sends again.
//! * When the endpoint stops, wills are not published: no gateway failed.
//! * A PUBACK for nothing is passed over: what it answers may be of a process that is no more.
//!
//! A connection reads into one chunk per `read`, hands it over with one ticket and acknowledges in order when the
//! ticket resolves. Nothing lingers to make groups larger: what queues up during one fsync is the next group.
//!
//! A port speaks WebSocket as well, to whoever begins with a request of HTTP ([`websocket`]). By TLS it has one of its
//! own. A client with a certificate of a sender logs in with that and needs no password; it is closed when its
//! certificate does not count any more ([`Pass`](super::tls::Pass)).

mod aliases;
mod answers;
mod connect;
mod connection;
mod counters;
mod exchange;
mod exchange_book;
mod exchanges;
#[doc(hidden)]
pub mod fuzzing;
mod hears;
mod inbox;
mod packet;
mod properties;
mod reason;
mod reception;
mod registry;
mod reply;
mod say;
mod session;
mod session_lines;
mod sessions;
mod settings;
mod stream;
mod websocket;
mod will;
mod wire;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

pub use counters::{MqttCounters, MqttCounts};
pub use exchange_book::ExchangesError;
use futures_util::future::join_all;
use ioc_bus::clock::Clock;
pub use say::{Heard, Rebirth, Voice, VoiceCounters, VoiceCounts};
use serde::{Deserialize, Serialize};
pub use sessions::SessionsError;
use sessions::{SessionLimits, Sessions};
pub use settings::KIND;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::tls::TlsDoor;
use crate::{intake::Intake, routes::Routes, senders::Authenticator};

/// Connections over the limit that are told so at the same time; more are closed without a word.
const TOLD_AT_ONCE: usize = 64;
/// No gateway can work with less than this.
const SMALLEST_PACKET_LIMIT: u32 = 128;

/// How the endpoint is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MqttConfig {
    /// Where it listens without TLS; nowhere if there is no address.
    pub listen: Option<SocketAddr>,
    /// The longest packet in bytes, fixed header included.
    pub packet_limit: u32,
    /// How many publishes of one client may be unacknowledged (told to version 5; 3.1.1 is slowed by TCP).
    pub receive_maximum: u16,
    /// Connections at the same time.
    pub most_connections: usize,
    /// Sessions kept on disk.
    pub most_sessions: usize,
    /// Seconds a session may outlive its connection.
    pub longest_session_seconds: u32,
    /// Seconds from connecting to the end of CONNECT.
    pub connect_timeout_seconds: u32,
    /// Seconds connections have, when the endpoint stops, to be told what became durable.
    pub stop_within_seconds: u32,
}

impl Default for MqttConfig {
    fn default() -> MqttConfig {
        MqttConfig {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 1883))),
            packet_limit: 1 << 20,
            receive_maximum: 1_024,
            most_connections: 10_000,
            most_sessions: 100_000,
            longest_session_seconds: 30 * 24 * 60 * 60,
            connect_timeout_seconds: 10,
            stop_within_seconds: 10,
        }
    }
}

impl MqttConfig {
    fn connect_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.connect_timeout_seconds))
    }
}

/// Why the endpoint cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The store of sessions cannot be opened.
    #[error(transparent)]
    Sessions(#[from] SessionsError),
    /// A value that cannot work.
    #[error("{0}")]
    Config(&'static str),
}

/// An endpoint that listens.
#[derive(Debug)]
pub struct MqttEndpoint {
    ports: Vec<Port>,
    shared: Arc<Shared>,
    /// Ends connections that do not end by themselves when the endpoint stops.
    abandon: CancellationToken,
}

/// Where connections come.
#[derive(Debug)]
struct Port {
    listener: TcpListener,
    address: SocketAddr,
    /// None for one without TLS.
    tls: Option<Arc<TlsDoor>>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    config: MqttConfig,
    intake: Intake,
    routes: watch::Receiver<Arc<Routes>>,
    authenticator: Arc<Authenticator>,
    sessions: Sessions,
    registry: Arc<registry::Registry>,
    voice: Arc<Voice>,
    counters: Arc<MqttCounters>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl MqttEndpoint {
    /// Opens the sessions below `sessions_folder` and listens, at `by_tls` by TLS. Who may send what is what the voice is heard
    /// by. Connections are taken by [`MqttEndpoint::run`] until
    /// `stop` fires.
    ///
    /// # Errors
    /// If the configuration cannot work, the address is taken, or the sessions cannot be read or written.
    pub async fn bind(
        config: MqttConfig,
        by_tls: Option<(SocketAddr, Arc<TlsDoor>)>,
        intake: Intake,
        voice: Arc<Voice>,
        sessions_folder: &Path,
        stop: CancellationToken,
    ) -> Result<MqttEndpoint, MqttError> {
        if config.packet_limit < SMALLEST_PACKET_LIMIT {
            return Err(MqttError::Config("the mqtt packet limit is at least 128 bytes"));
        }
        if config.receive_maximum == 0 {
            return Err(MqttError::Config("the mqtt receive maximum is at least 1"));
        }
        let limits =
            SessionLimits { most: config.most_sessions.max(1), longest: config.longest_session_seconds };
        let counters: Arc<MqttCounters> = Arc::default();
        let sessions = Sessions::open(
            sessions_folder,
            limits,
            intake.bus().clone(),
            counters.clone(),
            voice.listeners().clone(),
        )?;
        let plain = config.listen.map(|address| (address, None));
        let by_tls = by_tls.map(|(address, door)| (address, Some(door)));
        let mut ports = Vec::new();
        for (address, tls) in plain.into_iter().chain(by_tls) {
            let listen = |source| MqttError::Listen { address, source };
            let listener = TcpListener::bind(address).await.map_err(listen)?;
            let address = listener.local_addr().map_err(listen)?;
            ports.push(Port { listener, address, tls });
        }
        if ports.is_empty() {
            return Err(MqttError::Config("mqtt has no address to listen on"));
        }
        let shared = Arc::new(Shared {
            config,
            intake,
            routes: voice.routes(),
            authenticator: voice.authenticator().clone(),
            sessions,
            registry: Arc::default(),
            voice,
            counters,
            stop,
            tracker: TaskTracker::new(),
        });
        Ok(MqttEndpoint { ports, shared, abandon: CancellationToken::new() })
    }

    /// Where it listens, without TLS and by TLS.
    pub fn addresses(&self) -> impl Iterator<Item = (SocketAddr, bool)> {
        self.ports.iter().map(|port| (port.address, port.tls.is_some()))
    }

    /// Its counters.
    #[must_use]
    pub fn counters(&self) -> Arc<MqttCounters> {
        self.shared.counters.clone()
    }

    /// Takes connections until it is stopped; then what is in flight is acknowledged, clients are told, and it
    /// returns.
    pub async fn run(mut self) {
        let ports = std::mem::take(&mut self.ports);
        // One limit for all ports, and handshakes count.
        let places = Arc::new(Semaphore::new(self.shared.config.most_connections));
        let tellers = Arc::new(Semaphore::new(TOLD_AT_ONCE));
        let doors = ports.iter().filter_map(|port| port.tls.clone());
        let looking = doors.map(|door| door.keep_looking(self.shared.stop.clone()));
        let serving = ports.iter().map(|port| self.serve_port(port, &places, &tellers));
        // The log is open and the ports are: whoever waits for that may send. Whoever is connected when it ends is told so by
        // the connection itself, before its farewell.
        let voice = &self.shared.voice;
        voice.goes_online(Clock::Machine.now().0);
        let asking = voice.keep_asking(&self.shared.stop);
        let _ended = tokio::join!(join_all(serving), join_all(looking), self.follow_senders(), asking);
        voice.goes_offline();
        drop(ports);
        let _first = self.shared.tracker.close();
        let patience = Duration::from_secs(u64::from(self.shared.config.stop_within_seconds));
        if timeout(patience, self.shared.tracker.wait()).await.is_err() {
            tracing::warn!(
                connections = self.shared.tracker.len(),
                "connections are cut off: the bus did not answer in time"
            );
            self.abandon.cancel();
            self.shared.tracker.wait().await;
        }
    }

    async fn serve_port(&self, port: &Port, places: &Arc<Semaphore>, tellers: &Arc<Semaphore>) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return,
                accepted = port.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => match places.clone().try_acquire_owned() {
                    Ok(place) => self.serve(socket, port, peer, place, false),
                    Err(_) => match tellers.clone().try_acquire_owned() {
                        Ok(teller) => self.serve(socket, port, peer, teller, true),
                        Err(_) => self.shared.counters.refused_connections.one(),
                    },
                },
                Err(error) => {
                    // Out of descriptors, or the peer left meanwhile: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// So that a removed sender is noticed although nobody connects.
    async fn follow_senders(&self) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = self.shared.stop.cancelled() => return,
                _ = second.tick() => self.shared.authenticator.look_again().await,
            }
        }
    }

    fn serve(
        &self,
        socket: TcpStream,
        port: &Port,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
        is_one_too_many: bool,
    ) {
        let shared = self.shared.clone();
        let tls = port.tls.clone();
        let abandon = self.abandon.clone();
        let _task = self.shared.tracker.spawn(async move {
            shared.counters.connections.one();
            let counted = CountedConnection(shared.counters.clone());
            tokio::select! {
                () = Box::pin(connection::serve(shared, socket, tls, peer, is_one_too_many)) => {}
                () = abandon.cancelled() => {}
            }
            drop(counted);
            drop(place);
        });
    }
}

/// Counts a connection as open until dropped, also if it panics.
struct CountedConnection(Arc<MqttCounters>);

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.connections.one_less();
    }
}

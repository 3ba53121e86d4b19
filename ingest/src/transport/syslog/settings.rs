//! The section `[syslog]`, and the listeners that start from it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::{
    Limits, Shared,
    tcp::{Door, Places},
    udp::Datagrams,
};
use crate::transport::{
    CannotStart, Kind, Running, Site, Transport, Words, address_or_none, plain,
    tls::{TlsCounts, TlsSettings, section_with_tls},
};

/// Syslog.
pub static KIND: Kind = Kind {
    word: "syslog",
    section: "syslog",
    name: Words { vi: "syslog", en: "syslog" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt syslog.udp, syslog.tcp, syslog.tls sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set syslog.udp, syslog.tcp, syslog.tls to addresses that are free, or end the program that holds one",
    },
    configure: |settings| Ok(Arc::new(Syslog::configured(settings)?)),
};

/// Less is no message.
const SMALLEST_MESSAGE_LIMIT: usize = 480;
/// Twice as much is kept for a connection while it is not decided where a frame ends.
const LARGEST_MESSAGE_LIMIT: usize = 16 << 20;
const SHORTEST_IDLE: SignedDuration = SignedDuration::from_secs(1);
/// Longer is for ever.
const LONGEST_IDLE: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// `[syslog]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Syslog {
    /// Where datagrams are received; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    udp: Option<SocketAddr>,
    /// Where connections are taken.
    #[serde(deserialize_with = "address_or_none")]
    tcp: Option<SocketAddr>,
    /// Where connections by TLS are taken, with a certificate.
    #[serde(deserialize_with = "address_or_none")]
    tls: Option<SocketAddr>,
    /// The certificate.
    #[serde(skip)]
    of_tls: TlsSettings,
    /// Beyond loopback without TLS, on purpose.
    plain_beyond_loopback: bool,
    /// The system's buffer for datagrams.
    receive_buffer_bytes: usize,
    /// Bytes of a message of a connection.
    max_message_bytes: usize,
    /// Connections at once.
    max_connections: usize,
    /// Connections of one address at once.
    max_connections_per_address: usize,
    /// A connection is closed after so long without a byte.
    idle_after: SignedDuration,
    /// And after so long if no feed claims it, or if the pack does not know it and it has not brought a message yet.
    stranger_after: SignedDuration,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
struct NotListening {
    address: SocketAddr,
    source: std::io::Error,
}

/// What listens.
struct Listeners {
    datagrams: Option<Datagrams>,
    doors: Vec<(&'static str, SocketAddr, Door)>,
}

impl Syslog {
    fn configured(settings: &Figment) -> Result<Syslog, Box<figment::Error>> {
        let (syslog, of_tls) = section_with_tls::<Syslog>(settings, KIND.section)?;
        Ok(Syslog { of_tls, ..syslog })
    }

    async fn listen(self, shared: Arc<Shared>, counts: TlsCounts) -> Result<Listeners, CannotStart> {
        let datagrams = match self.udp {
            None => None,
            Some(address) => {
                let bound = Datagrams::bind(address, self.receive_buffer_bytes, shared.clone()).await;
                Some(bound.map_err(|source| NotListening { address, source })?)
            }
        };
        let mut doors = Vec::new();
        let by_tls = self.tls.filter(|_| self.of_tls.has_certificate());
        for (word, address) in [("tcp", self.tcp), ("tls", by_tls)] {
            let Some(address) = address else { continue };
            let tls = match word {
                "tls" => self.of_tls.door(&[], &counts)?,
                _ => None,
            };
            let not_listening = |source| NotListening { address, source };
            let listener = TcpListener::bind(address).await.map_err(not_listening)?;
            let address = listener.local_addr().map_err(not_listening)?;
            // Strangers, who may come without a certificate, take no place of those who have one.
            let places = Arc::new(Places::new(self.max_connections, self.max_connections_per_address));
            let shared = shared.clone();
            doors.push((word, address, Door { listener, tls, places, shared }));
        }
        Ok(Listeners { datagrams, doors })
    }
}

impl Transport for Syslog {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.of_tls.faults("syslog");
        for (key, address) in [("syslog.udp", self.udp), ("syslog.tcp", self.tcp)] {
            faults.extend(plain::fault(key, address, self.plain_beyond_loopback));
        }
        let mut rule = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        rule(
            (SMALLEST_MESSAGE_LIMIT..=LARGEST_MESSAGE_LIMIT).contains(&self.max_message_bytes),
            "syslog.max_message_bytes must lie between 480 and 16777216",
        );
        rule(self.max_connections >= 1, "syslog.max_connections must be at least 1");
        rule(self.max_connections_per_address >= 1, "syslog.max_connections_per_address must be at least 1");
        rule(self.receive_buffer_bytes >= 1 << 16, "syslog.receive_buffer_bytes must be at least 65536");
        rule(self.idle_after >= SHORTEST_IDLE, "syslog.idle_after must be at least 1s");
        rule(self.stranger_after >= SHORTEST_IDLE, "syslog.stranger_after must be at least 1s");
        faults
    }

    fn takes(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Syslog { .. })
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let limits = Limits {
                message_bytes: self.max_message_bytes,
                idle_after: self.idle_after.unsigned_abs().min(LONGEST_IDLE),
                stranger_after: self.stranger_after.min(self.idle_after).unsigned_abs().min(LONGEST_IDLE),
            };
            let shared = Arc::new(Shared {
                intake: site.intake.clone(),
                routes: site.routes.clone(),
                counters: Arc::default(),
                faults: Arc::default(),
                limits,
                stop: running.stopping(),
                named: Mutex::default(),
                said: Mutex::default(),
            });
            running.counts(None, shared.counters.clone());
            running.counts_by_label(shared.faults.clone());
            let counts = TlsCounts::default();
            running.counts_tls(&counts);
            if !site.pack.feeds.values().any(|feed| self.takes(feed)) {
                return Ok(running);
            }
            // What is read must not wait until a thousand pages were told of an epoch.
            let listeners = site.senders.spawn(self.clone().listen(shared, counts)).await??;
            if let Some(datagrams) = listeners.datagrams {
                let address = datagrams.address();
                running.at_plain(format!("syslog+udp://{address}"), address);
                running.go(&site.senders, datagrams.run());
            }
            for (word, address, door) in listeners.doors {
                let said = format!("syslog+{word}://{address}");
                match word {
                    "tls" => running.at(said),
                    _ => running.at_plain(said, address),
                }
                running.go(&site.senders, door.run());
            }
            Ok(running)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(more: &str) -> Result<Syslog, Box<figment::Error>> {
        use figment::providers::{Format, Toml};
        let default = "[syslog]\nudp = \"127.0.0.1:5514\"\ntcp = \"\"\ntls = \"\"\ntls_certificate = \"\"\ntls_key = \"\"\n\
            tls_client_ca = \"\"\ntls_revocations = \"\"\ntls_client_certificate = \"required\"\n\
            plain_beyond_loopback = false\nreceive_buffer_bytes = 65536\nmax_message_bytes = 65536\nmax_connections = 1\n\
            max_connections_per_address = 1\nidle_after = \"1h\"\nstranger_after = \"1m\"\n";
        Syslog::configured(
            &Figment::from(Toml::string(default)).merge(Toml::string(&format!("[syslog]\n{more}"))),
        )
    }

    #[test]
    fn an_empty_address_is_nowhere_and_a_wrong_one_is_told_with_its_key() {
        let read = settings("").unwrap();
        assert_eq!((read.udp.map(|address| address.port()), read.tcp), (Some(5_514), None));
        assert!(read.faults().is_empty());
        let wrong = settings("tcp = \"localhost\"").unwrap_err();
        assert!(wrong.to_string().contains("'localhost' is no address with a port"), "{wrong}");
    }

    #[test]
    fn rules_between_settings_are_told_all_at_once() {
        let read = settings("tls_key = \"k\"\ntls_client_ca = \"c\"\nmax_message_bytes = 9").unwrap();
        let faults = read.faults();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}

//! The section `[ftp]`, and the listeners that start from it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};
use tokio::{net::TcpListener, runtime::Handle};

use super::{
    Door, FtpCounters, Shared, hand_over_overdue,
    passive::Ports,
    rooms::{RoomLimits, Rooms},
    unfinished::Unfinished,
};
use crate::transport::{
    CannotStart, Kind, Login, Running, Site, Transport, Words, address_or_none, plain,
    tls::{TlsCounts, TlsSettings, section_with_tls},
};

/// FTP and FTPS.
pub static KIND: Kind = Kind {
    word: "ftp",
    section: "ftp",
    name: Words { vi: "FTP", en: "FTP" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt ftp.listen, ftp.tls_listen sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set ftp.listen, ftp.tls_listen to addresses that are free, or end the program that holds one",
    },
    configure: |settings| Ok(Arc::new(Ftp::configured(settings)?)),
};

/// Clients that ask what is spoken by TLS are told this.
const PROTOCOLS: &[&[u8]] = &[b"ftp"];
const SHORTEST_IDLE: SignedDuration = SignedDuration::from_secs(1);
/// Longer is for ever.
const LONGEST_IDLE: SignedDuration = SignedDuration::from_hours(24);
/// A logger that cannot rename comes again within a day.
const LONGEST_UNFINISHED: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The smallest memory: a station file has a few kilobytes.
const SMALLEST_MEMORY: usize = 1 << 20;

/// `[ftp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ftp {
    /// Where clients come that may ask for TLS; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    listen: Option<SocketAddr>,
    /// Where clients come by TLS from the first byte on.
    #[serde(deserialize_with = "address_or_none")]
    tls_listen: Option<SocketAddr>,
    /// The certificate of both.
    #[serde(skip)]
    tls: TlsSettings,
    /// Beyond loopback without encryption, on purpose.
    plain_beyond_loopback: bool,
    /// Nobody logs in without encryption, on loopback neither.
    require_tls: bool,
    /// Ports of data connections.
    #[serde(deserialize_with = "ports_or_none")]
    passive_ports: Option<RangeInclusive<u16>>,
    /// What clients behind a translation of addresses are told.
    #[serde(deserialize_with = "ipv4_or_none")]
    passive_address: Option<Ipv4Addr>,
    /// Control connections at once.
    max_connections: usize,
    /// Of one address.
    max_connections_per_address: usize,
    /// Sessions of one sender.
    max_sessions_per_sender: usize,
    /// Files of one sender at once.
    max_files_per_sender: usize,
    /// Bytes of files that are coming, of all senders.
    max_memory_bytes: usize,
    /// A session is closed after so long without a command.
    idle_after: SignedDuration,
    /// A file is given up after so long without a byte.
    file_idle_after: SignedDuration,
    /// Unfinished files that nobody renames are handed over after so long.
    keep_unfinished: SignedDuration,
}

fn ipv4_or_none<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Ipv4Addr>, D::Error> {
    parsed(value, "an IPv4 address, such as 203.0.113.7", |text| text.parse().ok())
}

fn ports_or_none<'de, D: Deserializer<'de>>(value: D) -> Result<Option<RangeInclusive<u16>>, D::Error> {
    parsed(value, "a range of ports, such as 50000-50100", |text| {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (0 < first && first <= last).then_some(first..=last)
    })
}

fn parsed<'de, T, D: Deserializer<'de>>(
    value: D,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    parse(&text).map(Some).ok_or_else(|| D::Error::custom(format!("'{text}' is not {what}")))
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
struct NotListening {
    address: SocketAddr,
    source: std::io::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot keep unfinished files in {folder}: {source}")]
struct NotKeeping {
    folder: PathBuf,
    source: std::io::Error,
}

impl Ftp {
    fn configured(settings: &Figment) -> Result<Ftp, Box<figment::Error>> {
        let (ftp, tls) = section_with_tls::<Ftp>(settings, KIND.section)?;
        Ok(Ftp { tls, ..ftp })
    }

    /// Whether passwords and files may travel in the clear.
    fn is_plain_allowed(&self) -> bool {
        let is_beyond = self.listen.is_some_and(plain::is_beyond_loopback);
        !self.require_tls && (!is_beyond || self.plain_beyond_loopback)
    }
}

impl Transport for Ftp {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.tls.faults("ftp");
        // With a certificate whoever does not ask for TLS is not let in.
        if !self.tls.has_certificate() {
            faults.extend(plain::fault("ftp.listen", self.listen, self.plain_beyond_loopback));
        }
        let mut rule = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        let has_certificate = self.tls.has_certificate();
        rule(
            self.tls_listen.is_none() || has_certificate,
            "ftp.tls_listen needs ftp.tls_certificate and ftp.tls_key",
        );
        rule(
            !self.require_tls || has_certificate,
            "ftp.require_tls needs ftp.tls_certificate and ftp.tls_key",
        );
        rule(
            !(self.require_tls && self.plain_beyond_loopback),
            "ftp.require_tls and ftp.plain_beyond_loopback contradict each other",
        );
        let counts = [
            ("max_connections", self.max_connections),
            ("max_connections_per_address", self.max_connections_per_address),
            ("max_sessions_per_sender", self.max_sessions_per_sender),
            ("max_files_per_sender", self.max_files_per_sender),
        ];
        for (name, count) in counts {
            rule(count >= 1, &format!("ftp.{name} must be at least 1"));
        }
        rule(self.max_memory_bytes >= SMALLEST_MEMORY, "ftp.max_memory_bytes must be at least 1048576");
        for (name, after) in [("idle_after", self.idle_after), ("file_idle_after", self.file_idle_after)] {
            let fits = (SHORTEST_IDLE..=LONGEST_IDLE).contains(&after);
            rule(fits, &format!("ftp.{name} must lie between 1s and 24h"));
        }
        let keeps = (SHORTEST_IDLE..=LONGEST_UNFINISHED).contains(&self.keep_unfinished);
        rule(keeps, "ftp.keep_unfinished must lie between 1s and 744h");
        faults
    }

    /// Feeds that come as files are the inbox's.
    fn takes(&self, _feed: &Feed) -> bool {
        false
    }

    fn takes_besides(&self, feed: &Feed) -> bool {
        matches!(feed.transport, pack::Transport::Files { .. })
    }

    fn example(&self, feed: &Feed, sender: &str, login: Login) -> Option<String> {
        let pack::Transport::Files { folder } = &feed.transport else { return None };
        let (scheme, by_tls, address) = match (self.listen, self.tls_listen) {
            (Some(address), _) if self.tls.has_certificate() => ("ftp", " --ssl-reqd", address),
            (Some(address), _) => ("ftp", "", address),
            (None, Some(address)) => ("ftps", "", address),
            (None, None) => return None,
        };
        let login = match login {
            Login::Secret => format!("-u \"{sender}:$SECRET\""),
            Login::Certificate if self.tls.has_certificate() => {
                format!("--cacert CA.pem --cert CERTIFICATE.pem --key KEY.pem -u {sender}:")
            }
            Login::Certificate => return None,
        };
        let folder = folder.trim_start_matches("./").trim_matches('/');
        Some(format!("curl{by_tls} {login} -T FILE {scheme}://{address}/{folder}/"))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let counters = Arc::new(FtpCounters::default());
            running.counts(None, counters.clone());
            let counts = TlsCounts::default();
            running.counts_tls(&counts);
            if self.listen.is_none() && self.tls_listen.is_none() {
                return Ok(running);
            }
            let tls = self.tls.door(PROTOCOLS, &counts)?;
            let folder = site.data.join("ftp-unfinished");
            let unfinished = Unfinished::open(&folder).map_err(|source| NotKeeping { folder, source })?;
            counters.unfinished.set(unfinished.count() as u64);
            let whole = |set: SignedDuration| Duration::try_from(set).unwrap_or_default();
            let shared = Arc::new(Shared {
                intake: site.intake.clone(),
                routes: site.routes.clone(),
                authenticator: site.authenticator.clone(),
                log: site.log.clone(),
                tls,
                is_plain_allowed: self.is_plain_allowed(),
                ports: Ports { range: self.passive_ports.clone(), public: self.passive_address },
                rooms: Rooms::new(RoomLimits {
                    connections: self.max_connections,
                    connections_per_address: self.max_connections_per_address,
                    sessions_per_sender: self.max_sessions_per_sender,
                    transfers_per_sender: self.max_files_per_sender,
                    memory: self.max_memory_bytes,
                }),
                unfinished: Arc::new(unfinished),
                idle_after: whole(self.idle_after),
                transfer_idle_after: whole(self.file_idle_after),
                keep_unfinished: whole(self.keep_unfinished),
                counters,
                stop: running.stopping(),
            });
            for (address, is_implicit) in [(self.listen, false), (self.tls_listen, true)] {
                let Some(address) = address else { continue };
                let not_listening = |source| NotListening { address, source };
                let listener = TcpListener::bind(address).await.map_err(not_listening)?;
                let address = listener.local_addr().map_err(not_listening)?;
                match is_implicit {
                    true => running.at(format!("ftps://{address}")),
                    false if self.is_plain_allowed() => running.at_plain(format!("ftp://{address}"), address),
                    false => running.at(format!("ftp://{address}")),
                }
                running.go(&site.senders, Door { listener, is_implicit, shared: shared.clone() }.run());
            }
            if let Some(door) = &shared.tls {
                running.go(&Handle::current(), door.clone().keep_looking(running.stopping()));
            }
            running.go(&Handle::current(), hand_over_overdue(shared));
            Ok(running)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Ftp, Box<figment::Error>> {
        use figment::providers::{Format, Toml};
        let default = "[ftp]\nlisten = ''\ntls_listen = ''\ntls_certificate = ''\ntls_key = ''\ntls_client_ca = ''\n\
             tls_revocations = ''\ntls_client_certificate = 'optional'\nplain_beyond_loopback = false\n\
             require_tls = false\npassive_ports = ''\npassive_address = ''\nmax_connections = 1\n\
             max_connections_per_address = 1\nmax_sessions_per_sender = 1\nmax_files_per_sender = 1\n\
             max_memory_bytes = 1048576\nidle_after = '5m'\nfile_idle_after = '1m'\nkeep_unfinished = '24h'\n";
        let more = format!("[ftp]\n{text}");
        Ftp::configured(&Figment::from(Toml::string(default)).merge(Toml::string(&more)))
    }

    fn ftp(text: &str) -> Ftp {
        read(text).unwrap()
    }

    #[test]
    fn a_network_is_listened_to_without_encryption_only_on_purpose() {
        assert!(ftp("").faults().is_empty());
        assert!(ftp("listen = '127.0.0.1:2121'").faults().is_empty());
        assert!(ftp("listen = '0.0.0.0:21'").faults()[0].contains("ftp.plain_beyond_loopback = true"));
        assert!(ftp("listen = '0.0.0.0:21'\nplain_beyond_loopback = true").faults().is_empty());
        assert!(ftp("listen = '0.0.0.0:21'\ntls_certificate = 'c'\ntls_key = 'k'").faults().is_empty());
        assert!(!ftp("listen = '0.0.0.0:21'\ntls_certificate = 'c'\ntls_key = 'k'").is_plain_allowed());
        assert!(ftp("tls_listen = '127.0.0.1:990'").faults()[0].contains("ftp.tls_certificate"));
        assert!(ftp("tls_certificate = 'c'").faults()[0].contains("go together"));
        assert!(ftp("require_tls = true").faults()[0].contains("ftp.require_tls needs"));
    }

    #[test]
    fn a_range_of_ports_is_two_in_order() {
        assert_eq!(ftp("passive_ports = '50000-50100'").passive_ports, Some(50_000..=50_100));
        for wrong in ["50000", "2-1", "0-5", "1-70000", "a-b"] {
            assert!(read(&format!("passive_ports = '{wrong}'")).is_err(), "{wrong}");
        }
    }
}

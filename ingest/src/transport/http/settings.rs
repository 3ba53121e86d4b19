//! The section `[push]`, and the listener that starts from it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_user_timeout};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime::Handle};

use super::{ByTls, HttpLimits, HttpPush, ServeLimits, router, serve, serve_by_tls};
use crate::transport::{
    CannotStart, Kind, Login, Running, Site, Transport, Words, address_or_none, plain,
    tls::{TlsCounts, TlsSettings, section_with_tls},
};

/// HTTP push.
pub static KIND: Kind = Kind {
    word: "http",
    section: "push",
    name: Words { vi: "gửi qua HTTP", en: "HTTP push" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt push.listen, push.tls_listen sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set push.listen, push.tls_listen to addresses that are free, or end the program that holds one",
    },
    configure: |settings| Ok(Arc::new(Push::configured(settings)?)),
};

/// Connections beside those whose requests may be in work: they are told that there is no room, or look up receipts.
const BESIDES: usize = 256;
/// Whoever waits longer for an answer is taken for lost by what stands between us.
const LONGEST_JUDGED: SignedDuration = SignedDuration::from_mins(1);
/// How long a sender may leave our answers unread.
const STALL: Duration = Duration::from_secs(30);

/// `[push]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    /// Where it listens without TLS; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    listen: Option<SocketAddr>,
    /// Where it listens by TLS, with a certificate.
    #[serde(deserialize_with = "address_or_none")]
    tls_listen: Option<SocketAddr>,
    /// The certificate.
    #[serde(skip)]
    tls: TlsSettings,
    /// Requests in work at once.
    max_requests: usize,
    /// Beyond loopback without encryption, on purpose.
    plain_beyond_loopback: bool,
    /// How long the sender of a report waits for it to be judged.
    judged_within: SignedDuration,
}

impl Push {
    fn configured(settings: &Figment) -> Result<Push, Box<figment::Error>> {
        let (push, tls) = section_with_tls::<Push>(settings, KIND.section)?;
        Ok(Push { tls, ..push })
    }

    /// Where it listens by TLS.
    fn by_tls(&self) -> Option<SocketAddr> {
        self.tls_listen.filter(|_| self.tls.has_certificate())
    }
}

/// What is spoken by TLS, also where the pages are.
pub const HTTP_BY_TLS: &[&[u8]] = &[b"http/1.1"];

/// The address of a feed at that listener.
fn address_of(scheme: &str, listener: SocketAddr, feed: &str) -> String {
    format!("{scheme}://{listener}/ingest/{feed}")
}

/// A listener whose connections have what ours have.
async fn listen_at(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NotListening> {
    let not_listening = |source| NotListening { address, source };
    let listener = TcpListener::bind(address).await.map_err(not_listening)?;
    // Accepted connections take both over from the listener.
    set_tcp_nodelay(&listener, true).map_err(|error| not_listening(error.into()))?;
    set_tcp_user_timeout(&listener, STALL.as_millis() as u32).map_err(|error| not_listening(error.into()))?;
    let address = listener.local_addr().map_err(not_listening)?;
    Ok((listener, address))
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
struct NotListening {
    address: SocketAddr,
    source: std::io::Error,
}

impl Transport for Push {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.tls.faults("push");
        faults.extend(plain::fault("push.listen", self.listen, self.plain_beyond_loopback));
        if self.listen.is_none() && self.by_tls().is_none() {
            faults
                .push("push.listen is empty, and there is no push.tls_listen with a certificate".to_owned());
        }
        if self.judged_within.is_negative() || self.judged_within > LONGEST_JUDGED {
            faults.push("push.judged_within must be at most 1m, and not negative".to_owned());
        }
        if self.max_requests == 0 {
            faults.push("push.max_requests must be at least 1".to_owned());
        }
        faults
    }

    fn takes(&self, feed: &Feed) -> bool {
        feed.transport == pack::Transport::Http
    }

    fn example(&self, feed: &Feed, sender: &str, login: Login) -> Option<String> {
        let token = format!("-H \"Authorization: Bearer {sender}.$SECRET\"");
        let (login, scheme, address) = match (login, self.listen, self.by_tls()) {
            (Login::Certificate, _, Some(address)) => {
                ("--cacert CA.pem --cert CERTIFICATE.pem --key KEY.pem".to_owned(), "https", address)
            }
            (Login::Secret, Some(address), _) => (token, "http", address),
            (Login::Secret, None, Some(address)) => (format!("--cacert CA.pem {token}"), "https", address),
            _ => return None,
        };
        let address = address_of(scheme, address, &feed.id);
        Some(format!("curl {login} --data-binary @FILE {address}"))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let counts = TlsCounts::default();
            let door = self.tls.door(HTTP_BY_TLS, &counts)?;
            let judged_ms = u64::try_from(self.judged_within.as_millis()).unwrap_or_default();
            let limits = HttpLimits { requests: self.max_requests, judged_ms, ..HttpLimits::default() };
            let push = Arc::new(HttpPush::new(
                site.intake.clone(),
                site.authenticator.clone(),
                site.routes.clone(),
                site.log.clone(),
                site.receipts.clone(),
                limits,
            ));
            running.counts(None, push.counters().clone());
            running.counts_tls(&counts);
            let limits = ServeLimits {
                connections: self.max_requests.saturating_add(BESIDES),
                ..ServeLimits::default()
            };
            let router = router(push);
            if let Some(address) = self.listen {
                let (listener, address) = listen_at(address).await?;
                running.at_plain(address_of("http", address, ""), address);
                running.go(&Handle::current(), serve(listener, router.clone(), limits, running.stopping()));
            }
            if let Some((address, door)) = self.by_tls().zip(door) {
                let (listener, address) = listen_at(address).await?;
                running.at(address_of("https", address, ""));
                let by_tls = ByTls { door, clients: site.intake.clients().clone(), transport: KIND.word };
                running.go(
                    &Handle::current(),
                    serve_by_tls(listener, by_tls, router, limits, running.stopping()),
                );
            }
            Ok(running)
        })
    }
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};

    use super::*;

    fn push(more: &str) -> Push {
        let default = "[push]\nlisten = \"127.0.0.1:8081\"\ntls_listen = \"127.0.0.1:8444\"\nmax_requests = 1\n\
            plain_beyond_loopback = false\njudged_within = \"0s\"\ntls_certificate = \"\"\ntls_key = \"\"\n\
            tls_client_ca = \"\"\ntls_revocations = \"\"\ntls_client_certificate = \"optional\"\n";
        let settings = Figment::from(Toml::string(default)).merge(Toml::string(&format!("[push]\n{more}")));
        Push::configured(&settings).unwrap()
    }

    #[test]
    fn a_network_is_listened_to_by_tls_or_on_purpose() {
        assert!(push("").faults().is_empty());
        let network = "listen = \"0.0.0.0:8081\"\n";
        assert!(push(network).faults()[0].contains("push.plain_beyond_loopback = true"));
        assert!(push(&format!("{network}plain_beyond_loopback = true")).faults().is_empty());
        let by_tls = "tls_listen = \"0.0.0.0:8444\"\ntls_certificate = \"c\"\ntls_key = \"k\"\n";
        assert!(push(by_tls).faults().is_empty());
        assert!(push(&format!("{by_tls}listen = \"\"")).faults().is_empty());
        assert!(
            push("listen = \"\"").faults()[0].contains("push.tls_listen"),
            "nobody would be let in at all"
        );
    }
}

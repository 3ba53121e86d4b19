//! The section `[push]`, and the listener that starts from it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use figment::Figment;
use futures_util::future::BoxFuture;
use ioc_model::pack::{self, Feed};
use jiff::SignedDuration;
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_user_timeout};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime::Handle};

use super::{HttpLimits, HttpPush, ServeLimits, router, serve};
use crate::transport::{CannotStart, Kind, Running, Site, Transport, Words, section};

/// HTTP push.
pub static KIND: Kind = Kind {
    word: "http",
    section: "push",
    name: Words { vi: "gửi qua HTTP", en: "HTTP push" },
    listens: true,
    to_try: Words {
        vi: "hãy đặt push.listen sang địa chỉ còn trống, hoặc dừng chương trình đang giữ địa chỉ đó",
        en: "set push.listen to an address that is free, or end the program that holds it",
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
    /// Where it listens.
    listen: SocketAddr,
    /// Requests in work at once.
    max_requests: usize,
    /// Beyond loopback without encryption, on purpose.
    plain_beyond_loopback: bool,
    /// How long the sender of a report waits for it to be judged.
    judged_within: SignedDuration,
}

impl Push {
    fn configured(settings: &Figment) -> Result<Push, Box<figment::Error>> {
        section(settings, &KIND)
    }
}

/// The address of a feed at that listener.
#[must_use]
pub(super) fn address_of(listener: SocketAddr, feed: &str) -> String {
    format!("http://{listener}/ingest/{feed}")
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
        let mut faults = Vec::new();
        if !self.listen.ip().is_loopback() && !self.plain_beyond_loopback {
            faults.push(
                "push.listen is no loopback address: there is no TLS here, so tokens and data would travel in the \
                 clear. Put a proxy with TLS before a loopback address, or set push.plain_beyond_loopback = true \
                 if the network is yours alone"
                    .to_owned(),
            );
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

    fn example(&self, feed: &Feed, sender: &str) -> Option<String> {
        let address = address_of(self.listen, &feed.id);
        Some(format!("curl -H \"Authorization: Bearer {sender}.$SECRET\" --data-binary @FILE {address}"))
    }

    fn start<'a>(&'a self, site: &'a Site) -> BoxFuture<'a, Result<Running, CannotStart>> {
        Box::pin(async move {
            let mut running = Running::new(&KIND, site);
            let not_listening = |source| NotListening { address: self.listen, source };
            let listener = TcpListener::bind(self.listen).await.map_err(not_listening)?;
            // Accepted connections take both over from the listener.
            set_tcp_nodelay(&listener, true).map_err(|error| not_listening(error.into()))?;
            set_tcp_user_timeout(&listener, STALL.as_millis() as u32)
                .map_err(|error| not_listening(error.into()))?;
            let address = listener.local_addr().map_err(not_listening)?;
            if !address.ip().is_loopback() {
                tracing::warn!(
                    %address,
                    "what is pushed travels in the clear, tokens too: anybody on the way can read and forge it"
                );
            }
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
            running.at(address_of(address, ""));
            running.counts(None, push.counters().clone());
            let limits = ServeLimits {
                connections: self.max_requests.saturating_add(BESIDES),
                ..ServeLimits::default()
            };
            running.go(&Handle::current(), serve(listener, router(push), limits, running.stopping()));
            Ok(running)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(listen: &str, plain_beyond_loopback: bool) -> Vec<String> {
        Push {
            listen: listen.parse().unwrap(),
            max_requests: 1,
            plain_beyond_loopback,
            judged_within: SignedDuration::ZERO,
        }
        .faults()
    }

    #[test]
    fn a_network_is_listened_to_without_encryption_only_on_purpose() {
        assert!(faults("127.0.0.1:8081", false).is_empty());
        assert!(faults("[::1]:8081", false).is_empty());
        assert!(faults("0.0.0.0:8081", false)[0].contains("push.plain_beyond_loopback = true"));
        assert!(faults("0.0.0.0:8081", true).is_empty());
    }
}

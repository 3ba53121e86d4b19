//! Who a message comes from: a name in a certificate, or an address. Never what a message says of itself.

use std::net::{IpAddr, SocketAddr};

use ioc_bus::{ChunkBuilder, Origin};
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, UNMATCHED},
    pack::Feed,
};

use super::counters::SyslogCounters;
use crate::{
    routes::Routes,
    transport::{
        nothing::holds_nothing,
        withheld::{Digest, Withheld},
    },
};

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    address: IpAddr,
    certificate: Option<String>,
    name: String,
}

impl Source {
    /// Whoever sends from there, certified under that name or under none. An IPv4 address is one, whatever socket it
    /// came to; IPv6 addresses are written as RFC 5952 has it.
    pub(super) fn new(address: IpAddr, certificate: Option<String>) -> Source {
        let address = address.to_canonical();
        let name = certificate.clone().unwrap_or_else(|| address.to_string());
        Source { address, certificate, name }
    }

    /// The same without a name: one of too many addresses to be told apart. Where it sends from is known of each message.
    pub(super) fn unnamed(self) -> Source {
        Source { name: String::new(), ..self }
    }

    /// The name it is stored and shown by; empty where it has none.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is told apart from others.
    pub(super) fn is_named(&self) -> bool {
        !self.name.is_empty()
    }

    /// Whether somebody declared it: it shows a certificate, or the pack knows its address.
    pub(super) fn is_declared(&self, routes: &Routes) -> bool {
        self.certificate.is_some() || routes.known_address(self.address).is_some()
    }

    /// What every chunk of one of its connections says.
    pub(super) fn origin(&self, peer: SocketAddr) -> Origin {
        let peer = canonical(peer).to_string();
        Origin::of(&[(Attribute::Sender, &*self.name), (Attribute::Peer, &*peer)])
    }

    /// The feed that claims it.
    pub(super) fn feed_in<'r>(&self, routes: &'r Routes) -> Option<&'r Feed> {
        routes.syslog(self.address, self.certificate.as_deref())
    }
}

/// The same address, an IPv4 one as one.
pub(super) fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Puts messages of one source under its feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimed<'r> {
    pub(super) feed: Option<&'r Feed>,
    /// Which listener it came to.
    pub(super) listener: &'static str,
    pub(super) counters: &'r SyslogCounters,
}

impl Claimed<'_> {
    fn feed_id(&self) -> &str {
        match self.feed {
            Some(feed) => &feed.id,
            None => {
                self.counters.unmatched.one();
                UNMATCHED
            }
        }
    }

    /// A message; of one over its feed's limit only size and hash. Whether it is over.
    pub(super) fn push(&self, known: &[(Attribute, &str)], message: &[u8], chunk: &mut ChunkBuilder) -> bool {
        if self.feed.is_some_and(|feed| message.len() > feed.contract.max_bytes) {
            let mut digest = Digest::default();
            digest.update(message);
            self.push_withheld(known, &Withheld::too_large(digest), chunk);
            return true;
        }
        if holds_nothing(message) {
            self.counters.empty.one();
        }
        chunk.push_with(self.feed_id(), Content::Raw, self.listener, known, message);
        false
    }

    /// What stands in for a message.
    pub(super) fn push_withheld(
        &self,
        known: &[(Attribute, &str)],
        withheld: &Withheld,
        chunk: &mut ChunkBuilder,
    ) {
        self.counters.oversize.one();
        let description = withheld.to_json();
        chunk.push_with(self.feed_id(), Content::Withheld, self.listener, known, description.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_an_address_has_one_spelling_and_a_certificate_goes_before_it() {
        let name = |address: &str| Source::new(address.parse().unwrap(), None).name().to_owned();
        assert_eq!(name("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(name("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
        let certified = Source::new(IpAddr::from([192, 0, 2, 7]), Some("fw-a.example".to_owned()));
        assert_eq!(certified.name(), "fw-a.example");
    }
}

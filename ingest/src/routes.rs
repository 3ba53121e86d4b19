//! Which feed an address belongs to: an MQTT topic, a folder of the inbox, an HTTP path, a network syslog comes from.
//!
//! When several topic filters match, the most specific wins: compared level by level from the left, a level spelled
//! out beats `+`, `+` beats `#`, and a filter that ends beats one that goes on with `#`. Equal filters of two feeds
//! go to the feed whose identifier sorts first. A checked pack has no two feeds that claim the same topic; this order
//! makes the answer a function of the pack even so.
//!
//! Of the networks an address lies in the smallest wins, and a name in a certificate comes before all networks.
//!
//! Nothing is dropped here: what no feed claims, or its sender may not send, is appended under
//! [`UNMATCHED`](ioc_model::envelope::UNMATCHED) and becomes a counted reject (invariant BALANCE).

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr, sync::Arc};

use ioc_model::{
    pack::{Feed, Pack, PackVersion, Transport},
    pattern,
    topic::TopicFilter,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::senders::Sender;

const CACHED_TOPICS: usize = 512;

/// Where the pack sends each address.
#[derive(Debug)]
pub struct Routes {
    pack: Arc<Pack>,
    feeds: Vec<Feed>,
    /// Most specific first; the number indexes `feeds`.
    filters: Vec<(TopicFilter, usize)>,
    folders: BTreeMap<String, usize>,
    paths: BTreeMap<String, usize>,
    /// Smallest first.
    networks: Vec<(IpNet, usize)>,
    /// Longest first, whole names before patterns.
    certificates: Vec<(String, usize)>,
    /// Addresses that log sources send from,
    known: FxHashSet<IpAddr>,
    /// and networks of more than one.
    known_networks: Vec<IpNet>,
}

/// How the pack's log sources know an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownAddress {
    /// One names it.
    Itself,
    /// One names a network that it lies in.
    InNetwork,
}

/// The answer for one topic and sender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Routed<'a> {
    /// It belongs to that feed.
    Feed(&'a Feed),
    /// It would belong to that feed, but its sender may not send to it.
    Forbidden(&'a Feed),
    /// No feed claims it.
    Unmatched,
}

impl Routes {
    /// The version of the pack they are of: of the one that is in effect, where they are.
    pub(crate) fn pack_version(&self) -> &PackVersion {
        &self.pack.version
    }

    /// The routes of a pack. A topic filter that MQTT does not allow matches nothing and is logged; a checked pack
    /// has none.
    #[must_use]
    pub fn of_pack(pack: &Arc<Pack>) -> Routes {
        let mut routes = Routes {
            pack: pack.clone(),
            feeds: Vec::new(),
            filters: Vec::new(),
            folders: BTreeMap::new(),
            paths: BTreeMap::new(),
            networks: Vec::new(),
            certificates: Vec::new(),
            known: FxHashSet::default(),
            known_networks: Vec::new(),
        };
        for network in pack.log_sources.values().flat_map(|log_source| &log_source.addresses) {
            if network.prefix_len() == network.max_prefix_len() {
                let _new = routes.known.insert(network.addr());
            } else {
                routes.known_networks.push(*network);
            }
        }
        for feed in pack.feeds.values() {
            let index = routes.feeds.len();
            match &feed.transport {
                Transport::Mqtt { topics } => {
                    for topic in topics {
                        match TopicFilter::parse(topic) {
                            Ok(filter) => routes.filters.push((filter, index)),
                            Err(error) => {
                                tracing::error!(feed = feed.id, %error, "a topic filter is ignored")
                            }
                        }
                    }
                }
                Transport::Files { folder } => {
                    let _first = routes.folders.entry(folder.clone()).or_insert(index);
                }
                Transport::Syslog { from, certificates } => {
                    routes.add_syslog(from, certificates, index);
                }
                Transport::Http => {
                    let _none = routes.paths.insert(feed.id.clone(), index);
                }
                // Whoever goes and fetches knows for which feed, and so does the page.
                _ => {}
            }
            routes.feeds.push(feed.clone());
        }
        // Feeds come sorted by identifier and the sort is stable.
        routes.filters.sort_by(|(left, _), (right, _)| left.by_specificity(right));
        routes.networks.sort_by_key(|(network, _)| Reverse(network.prefix_len()));
        routes.certificates.sort_by_key(|(pattern, _)| (pattern.contains('*'), Reverse(pattern.len())));
        routes
    }

    /// The pack they are of.
    #[must_use]
    pub fn pack(&self) -> &Arc<Pack> {
        &self.pack
    }

    /// Its feeds.
    #[must_use]
    pub(crate) fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// Where a topic goes, for that sender.
    #[must_use]
    pub(crate) fn route(&self, topic: &str, sender: &Sender) -> Routed<'_> {
        self.resolve(self.find(topic, sender))
    }

    /// The feed that is pushed to `/ingest/<name>`.
    #[must_use]
    pub fn http(&self, name: &str) -> Option<&Feed> {
        self.paths.get(name).map(|index| &self.feeds[*index])
    }

    /// The feed of files in whose folder a path lies, and what of the path is below it. Of folders within each other the
    /// inner one has it.
    #[must_use]
    pub(crate) fn folder<'p>(&self, path: &'p [String]) -> Option<(&Feed, &'p [String])> {
        let within = |folder: &str| {
            let mut rest = path;
            for name in folder.split('/').filter(|name| !matches!(*name, "" | ".")) {
                let (first, behind) = rest.split_first()?;
                if first != name {
                    return None;
                }
                rest = behind;
            }
            Some(rest)
        };
        let found = self.folders.iter().filter_map(|(folder, index)| Some((within(folder)?, *index)));
        found.min_by_key(|(rest, _)| rest.len()).map(|(rest, index)| (&self.feeds[index], rest))
    }

    /// The feed that comes by syslog, if there is only one.
    #[must_use]
    pub(crate) fn only_syslog(&self) -> Option<&Feed> {
        let mut feeds = self.feeds.iter().filter(|feed| matches!(feed.transport, Transport::Syslog { .. }));
        feeds.next().filter(|_| feeds.next().is_none())
    }

    /// The feed of a source of syslog: by the name in its certificate, if it has one, else by its address. IPv4 addresses
    /// are given as such.
    #[must_use]
    pub fn syslog(&self, address: IpAddr, certificate: Option<&str>) -> Option<&Feed> {
        let by_name = certificate.and_then(|name| {
            let named = |(pattern, _): &&(String, usize)| pattern::allows(pattern, name);
            self.certificates.iter().find(named).map(|(_, index)| *index)
        });
        let by_address =
            || self.networks.iter().find(|(network, _)| network.contains(&address)).map(|(_, index)| *index);
        by_name.or_else(by_address).map(|index| &self.feeds[index])
    }

    /// How log sources of the pack know an address; none where none does.
    #[must_use]
    pub(crate) fn known_address(&self, address: IpAddr) -> Option<KnownAddress> {
        if self.known.contains(&address) {
            return Some(KnownAddress::Itself);
        }
        let in_network = self.known_networks.iter().any(|network| network.contains(&address));
        in_network.then_some(KnownAddress::InNetwork)
    }

    fn add_syslog(&mut self, from: &[IpNet], certificates: &[String], index: usize) {
        let any = [Ipv4Net::default().into(), Ipv6Net::default().into()];
        let from = if from.is_empty() && certificates.is_empty() { &any } else { from };
        self.networks.extend(from.iter().map(|network| (*network, index)));
        self.certificates.extend(certificates.iter().map(|pattern| (pattern.clone(), index)));
    }

    fn find(&self, topic: &str, sender: &Sender) -> CachedRoute {
        match self.filters.iter().find(|(filter, _)| filter.matches(topic)) {
            Some((_, index)) if sender.may_send_to(&self.feeds[*index].id) => CachedRoute::Feed(*index),
            Some((_, index)) => CachedRoute::Forbidden(*index),
            None => CachedRoute::Unmatched,
        }
    }

    fn resolve(&self, route: CachedRoute) -> Routed<'_> {
        match route {
            CachedRoute::Feed(index) => Routed::Feed(&self.feeds[index]),
            CachedRoute::Forbidden(index) => Routed::Forbidden(&self.feeds[index]),
            CachedRoute::Unmatched => Routed::Unmatched,
        }
    }
}

/// A [`Routed`] that is kept, by the feed's number.
#[derive(Clone, Copy, Debug)]
enum CachedRoute {
    Feed(usize),
    Forbidden(usize),
    Unmatched,
}

/// The topics one connection used lately. A gateway repeats a few topics for ever; a sender that makes up new ones
/// empties only its own cache (invariants BOUND, SAFE).
#[derive(Debug, Default)]
pub struct TopicCache {
    cached: FxHashMap<Box<str>, CachedRoute>,
}

impl TopicCache {
    /// The feed of a topic, for that sender. A cache serves one sender and one `Routes`.
    pub fn topic<'r>(&mut self, routes: &'r Routes, topic: &str, sender: &Sender) -> Routed<'r> {
        if let Some(route) = self.cached.get(topic) {
            return routes.resolve(*route);
        }
        let route = routes.find(topic, sender);
        if self.cached.len() >= CACHED_TOPICS {
            self.cached.clear();
        }
        let _new = self.cached.insert(topic.into(), route);
        routes.resolve(route)
    }

    /// Forgets everything: the sender's feeds changed.
    pub fn clear(&mut self) {
        self.cached.clear();
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::contract::Contract;

    use super::*;

    #[test]
    fn syslog_goes_by_the_name_in_a_certificate_and_else_by_the_smallest_network() {
        let feed = |id: &str, from: &[&str], certificates: &[&str]| Feed {
            transport: Transport::Syslog {
                from: from.iter().map(|network| network.parse().unwrap()).collect(),
                certificates: certificates.iter().map(|pattern| (*pattern).to_owned()).collect(),
            },
            ..ioc_testing::feed(id, Contract::default())
        };
        let feeds = [
            feed("any", &[], &[]),
            feed("certified", &[], &["*.example"]),
            feed("firewall", &["192.0.2.7/32"], &["fw-*.example"]),
            feed("one", &[], &["fw-a.example"]),
            feed("site", &["192.0.2.0/24", "2001:db8::/32"], &[]),
        ];
        let routes =
            Routes::of_pack(&Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), feeds.into())));
        for (address, certificate, expected) in [
            ("192.0.2.7", None, "firewall"),
            ("192.0.2.8", None, "site"),
            ("2001:db8::7", None, "site"),
            ("198.51.100.1", None, "any"),
            ("::1", None, "any"),
            ("192.0.2.8", Some("fw-b.example"), "firewall"),
            ("192.0.2.8", Some("fw-a.example"), "one"),
            ("192.0.2.8", Some("relay.example"), "certified"),
            ("192.0.2.8", Some("stranger"), "site"),
        ] {
            let found = routes.syslog(address.parse().unwrap(), certificate).map(|feed| feed.id.as_str());
            assert_eq!(found, Some(expected), "{address} {certificate:?}");
        }
        let none = Routes::of_pack(&Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), Vec::new())));
        assert_eq!(none.syslog("::1".parse().unwrap(), None), None);
    }

    #[test]
    fn of_overlapping_topic_filters_the_most_specific_names_the_feed_and_of_equal_ones_the_first_by_name() {
        let feed = |id: &str, topics: &[&str]| Feed {
            transport: Transport::Mqtt { topics: topics.iter().map(|topic| (*topic).to_owned()).collect() },
            ..ioc_testing::feed(id, Contract::default())
        };
        // The widest comes first by name: neither the names nor the order in a file decide.
        let feeds = [
            feed("all", &["ioc/#"]),
            feed("branch", &["ioc/air/#"]),
            feed("each", &["ioc/air/+/observation"]),
            feed("equal", &["ioc/air/+/observation"]),
            feed("one", &["ioc/air/TN-0412/observation", "ioc/water/+/observation"]),
            feed("tail", &["ioc/+/TN-0412/#"]),
        ];
        let routes =
            Routes::of_pack(&Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), feeds.into())));
        let sender = |feeds: &[&str]| Sender {
            name: "gateway".to_owned(),
            feeds: feeds.iter().map(|feed| (*feed).to_owned()).collect(),
            subjects: Vec::new(),
            certificate: None,
        };
        let anybody = sender(&["all", "branch", "each", "equal", "one", "tail"]);
        let mut cache = TopicCache::default();
        for (topic, expected) in [
            ("ioc/air/TN-0412/observation", Some("one")),
            ("ioc/air/TN-0413/observation", Some("each")),
            ("ioc/air/TN-0412/state", Some("branch")),
            ("ioc/water/TN-0412/observation", Some("one")),
            ("ioc/water/TN-0412/state", Some("tail")),
            ("ioc/water/TN-0413/observation", Some("one")),
            ("ioc/air", Some("branch")),
            ("ioc/soil/TN-0001", Some("all")),
            ("ioc", Some("all")),
            ("elsewhere/air", None),
        ] {
            for _ in 0..2 {
                let expected = expected.map_or(Routed::Unmatched, |id| {
                    Routed::Feed(routes.feeds.iter().find(|feed| feed.id == id).unwrap())
                });
                assert_eq!(cache.topic(&routes, topic, &anybody), expected, "{topic}");
            }
        }
        // A narrower feed that is not theirs is refused, and not taken by a wider one that is.
        let limited = sender(&["all"]);
        let refused = TopicCache::default().topic(&routes, "ioc/air/TN-0412/observation", &limited);
        assert!(matches!(refused, Routed::Forbidden(feed) if feed.id == "one"), "{refused:?}");
    }
}

//! What a sender may hear: by the rights it publishes with, as they are when something is said.
//!
//! * `spBv1.0/STATE/<host>`, whoever may publish to a feed of Sparkplug.
//! * `spBv1.0/<group>/NCMD/<node>`, whoever may publish that node's data or birth.
//! * `spBv1.0/<group>/DCMD/<node>/<device>`, whoever may publish that device's.
//!
//! A filter is granted if it could match one of these. Whether a topic is another, narrower feed's is seen when
//! something is said on it: that decides who hears it, and a filter only what is looked at.

use ioc_model::{
    pack::{FormatName, Transport},
    topic::TopicFilter,
};

use crate::{
    routes::{Routed, Routes},
    senders::Sender,
};

/// What every topic of Sparkplug B begins with.
pub(super) const NAMESPACE: &str = "spBv1.0";
/// The level in the group's place of what a host application says of itself.
pub(super) const STATE: &str = "STATE";

/// What is published of a node or a device, and the command to it.
const COMMANDS: [(&str, [&str; 2], usize); 2] =
    [("NCMD", ["NBIRTH", "NDATA"], 4), ("DCMD", ["DBIRTH", "DDATA"], 5)];

/// Whether a sender may hear what is said on a topic.
pub(super) fn may_hear(sender: &Sender, routes: &Routes, topic: &str) -> bool {
    let levels: Vec<&str> = topic.split('/').collect();
    if let [NAMESPACE, STATE, _host] = levels[..] {
        return sparkplug_filters(sender, routes).next().is_some();
    }
    let [NAMESPACE, _, kind, ..] = levels[..] else { return false };
    let Some((_, published, _)) =
        COMMANDS.iter().find(|(command, _, length)| *command == kind && *length == levels.len())
    else {
        return false;
    };
    published.iter().any(|published| {
        let mut levels = levels.clone();
        levels[2] = published;
        let routed = routes.route(&levels.join("/"), sender);
        matches!(routed, Routed::Feed(feed) if feed.format == FormatName::SparkplugB)
    })
}

/// Whether a filter could match something that a sender may hear; `host` is what this product calls itself.
pub(super) fn could_hear(sender: &Sender, routes: &Routes, host: Option<&str>, filter: &TopicFilter) -> bool {
    let mut feeds = sparkplug_filters(sender, routes).peekable();
    if feeds.peek().is_none() {
        return false;
    }
    host.is_some_and(|host| filter.matches(&state_topic(host)))
        || feeds.flat_map(commands_of).any(|command| command.overlaps(filter))
}

/// Where a host application says whether it is online.
pub(super) fn state_topic(host: &str) -> String {
    format!("{NAMESPACE}/{STATE}/{host}")
}

/// The topic filters of the sender's feeds of Sparkplug.
fn sparkplug_filters<'r>(sender: &'r Sender, routes: &'r Routes) -> impl Iterator<Item = &'r str> {
    let feeds = routes.feeds().iter();
    let own = feeds.filter(|feed| feed.format == FormatName::SparkplugB && sender.may_send_to(&feed.id));
    own.flat_map(|feed| match &feed.transport {
        Transport::Mqtt { topics } => &topics[..],
        _ => &[],
    })
    .map(String::as_str)
}

/// The commands to the nodes and devices that a feed's filter is of.
fn commands_of(filter: &str) -> Vec<TopicFilter> {
    let of = |(command, published, length): &(&str, [&str; 2], usize)| {
        let mut levels: Vec<&str> = filter.split('/').collect();
        if levels.last() == Some(&"#") {
            // The level before it may be the last one.
            let _rest = levels.pop();
            levels.resize((*length).max(levels.len()), "+");
        }
        let is_of_it = levels.len() == *length
            && matches!(levels[0], NAMESPACE | "+")
            && (levels[2] == "+" || published.contains(&levels[2]));
        if !is_of_it {
            return None;
        }
        (levels[0], levels[2]) = (NAMESPACE, *command);
        TopicFilter::parse(&levels.join("/")).ok()
    };
    COMMANDS.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ioc_model::{contract::Contract, pack::Feed};
    use proptest::prelude::*;

    use super::*;

    fn routes(feeds: &[(&str, FormatName, &[&str])]) -> Routes {
        let feed = |(id, format, topics): &(&str, FormatName, &[&str])| Feed {
            transport: Transport::Mqtt { topics: topics.iter().map(|topic| (*topic).to_owned()).collect() },
            format: *format,
            ..ioc_testing::feed(id, Contract::default())
        };
        let feeds = feeds.iter().map(feed).collect();
        Routes::of_pack(&Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), feeds)))
    }

    fn sender(feeds: &[&str]) -> Sender {
        Sender {
            name: "gateway".to_owned(),
            feeds: feeds.iter().map(|feed| (*feed).to_owned()).collect(),
            subjects: Vec::new(),
            certificate: None,
        }
    }

    #[test]
    fn safe_a_sender_hears_commands_to_what_it_publishes_for_and_no_others() {
        let routes = routes(&[
            ("cold", FormatName::SparkplugB, &["spBv1.0/TayNinh/#"]),
            ("json", FormatName::JsonObservation, &["spBv1.0/Json/#"]),
            ("other", FormatName::SparkplugB, &["spBv1.0/TayNinh/+/gw-0002/#"]),
            ("probe", FormatName::SparkplugB, &["spBv1.0/Long/DDATA/gw-0003/probe-1"]),
        ]);
        let hears = |feeds: &[&str], topic: &str| may_hear(&sender(feeds), &routes, topic);
        for (topic, cold, other, probe) in [
            ("spBv1.0/STATE/ioc", true, true, true),
            ("spBv1.0/TayNinh/NCMD/gw-0001", true, false, false),
            ("spBv1.0/TayNinh/DCMD/gw-0001/probe", true, false, false),
            ("spBv1.0/TayNinh/NCMD/gw-0002", false, true, false),
            ("spBv1.0/TayNinh/DCMD/gw-0002/probe", false, true, false),
            ("spBv1.0/Long/NCMD/gw-0003", false, false, false),
            ("spBv1.0/Long/DCMD/gw-0003/probe-1", false, false, true),
            ("spBv1.0/Long/DCMD/gw-0003/probe-2", false, false, false),
            ("spBv1.0/TayNinh/NDATA/gw-0001", false, false, false),
            ("spBv1.0/TayNinh/NCMD/gw-0001/probe", false, false, false),
            ("spBv1.0/TayNinh/DCMD/gw-0001", false, false, false),
            ("spBv1.0/Json/NCMD/gw-0001", false, false, false),
            ("spAv1.0/TayNinh/NCMD/gw-0001", false, false, false),
            ("STATE/ioc", false, false, false),
        ] {
            assert_eq!(hears(&["cold", "json"], topic), cold, "{topic}");
            assert_eq!(hears(&["other"], topic), other, "{topic}");
            assert_eq!(hears(&["probe"], topic), probe, "{topic}");
            assert!(!hears(&["json"], topic), "{topic}");
        }
    }

    #[test]
    fn a_filter_is_granted_if_it_could_match_what_its_sender_may_hear() {
        let routes = routes(&[
            ("air", FormatName::JsonObservation, &["ioc/air/+/observation"]),
            ("cold", FormatName::SparkplugB, &["spBv1.0/TayNinh/+/gw-0001/#", "spBv1.0/Kho/DDATA/+/+"]),
        ]);
        let could = |feeds: &[&str], host: Option<&str>, filter: &str| {
            could_hear(&sender(feeds), &routes, host, &TopicFilter::parse(filter).expect(filter))
        };
        for filter in [
            "#",
            "spBv1.0/#",
            "spBv1.0/+/NCMD/+/#",
            "spBv1.0/TayNinh/NCMD/gw-0001/#",
            "spBv1.0/TayNinh/NCMD/gw-0001",
            "spBv1.0/TayNinh/DCMD/gw-0001/probe",
            "spBv1.0/TayNinh/DCMD/gw-0001/#",
            "+/+/+/+",
            "spBv1.0/Kho/DCMD/gw-0007/probe",
        ] {
            assert!(could(&["cold"], None, filter), "{filter}");
            assert!(!could(&["air"], Some("ioc"), filter), "{filter}");
            assert!(!could(&[], Some("ioc"), filter), "{filter}");
        }
        for filter in [
            "ioc/air/+/observation",
            "spBv1.0/TayNinh/NDATA/gw-0001",
            "spBv1.0/TayNinh/NCMD/gw-0002",
            "spBv1.0/TayNinh/NCMD/gw-0001/probe",
            "spBv1.0/Kho/NCMD/gw-0007",
            "spBv1.0/STATE/other",
            "STATE/ioc",
            "$SYS/#",
            "+",
        ] {
            assert!(!could(&["air", "cold"], Some("ioc"), filter), "{filter}");
        }
        for filter in ["spBv1.0/STATE/ioc", "spBv1.0/STATE/#", "spBv1.0/STATE/+"] {
            assert!(could(&["cold"], Some("ioc"), filter), "{filter}");
            assert!(!could(&["cold"], None, filter), "{filter}");
            assert!(!could(&["air"], Some("ioc"), filter), "{filter}");
        }
    }

    /// Levels of which each case is made; the last two in filters only.
    const LEVELS: [&str; 10] =
        ["spBv1.0", "STATE", "NCMD", "DCMD", "NBIRTH", "NDATA", "DDATA", "a", "+", "#"];

    fn filter() -> impl Strategy<Value = String> {
        proptest::collection::vec(0..LEVELS.len(), 1..6).prop_map(|levels| {
            let mut levels: Vec<&str> = levels.into_iter().map(|level| LEVELS[level]).collect();
            if let Some(rest) = levels.iter().position(|level| *level == "#") {
                levels.truncate(rest + 1);
            }
            levels.join("/")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// No filter is refused that matches something its sender may hear.
        #[test]
        fn a_filter_that_matches_what_may_be_heard_is_granted(
            feed in filter(),
            wanted in filter(),
            group in prop::sample::select(vec!["a", "STATE"]),
            kind in prop::sample::select(vec!["NCMD", "DCMD"]),
            has_device: bool,
        ) {
            let routes = routes(&[("nodes", FormatName::SparkplugB, &[&feed])]);
            let (sender, parsed) = (sender(&["nodes"]), TopicFilter::parse(&wanted).expect("a filter"));
            let device = if has_device { "/a" } else { "" };
            for topic in [format!("spBv1.0/{group}/{kind}/a{device}"), "spBv1.0/STATE/a".to_owned()] {
                if parsed.matches(&topic) && may_hear(&sender, &routes, &topic) {
                    prop_assert!(could_hear(&sender, &routes, Some("a"), &parsed), "{} {} {}", feed, wanted, topic);
                }
            }
        }
    }
}

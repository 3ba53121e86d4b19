//! Which feed an address belongs to: an MQTT topic, a folder of the inbox, an HTTP path.
//!
//! When several topic filters match, the most specific wins: compared level by level from the left, a level spelled
//! out beats `+`, `+` beats `#`, and a filter that ends beats one that goes on with `#`. Equal filters of two feeds
//! go to the feed whose identifier sorts first. A checked pack has no two feeds that claim the same topic; this order
//! makes the answer a function of the pack even so.
//!
//! Nothing is dropped here: what no feed claims, or its sender may not send, is appended under
//! [`UNMATCHED`](ioc_model::envelope::UNMATCHED) and becomes a counted reject (invariant BALANCE).

use std::{cmp::Ordering, collections::BTreeMap};

use ioc_model::pack::{Feed, Pack, Transport};
use rustc_hash::FxHashMap;

use crate::senders::Sender;

const CACHED_TOPICS: usize = 512;

/// Where the pack sends each address.
#[derive(Debug, Default)]
pub struct Routes {
    feeds: Vec<Feed>,
    /// Most specific first; the number indexes `feeds`.
    filters: Vec<(TopicFilter, usize)>,
    folders: BTreeMap<String, usize>,
    paths: BTreeMap<String, usize>,
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
    /// The routes of a pack. A topic filter that MQTT does not allow matches nothing and is logged; a checked pack
    /// has none.
    #[must_use]
    pub fn of_pack(pack: &Pack) -> Routes {
        let mut routes = Routes::default();
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
                Transport::Http => {
                    let _none = routes.paths.insert(feed.id.clone(), index);
                }
                // A broker's connection knows its feed, and so does the page.
                Transport::MqttBroker { .. } | Transport::Page => {}
            }
            routes.feeds.push(feed.clone());
        }
        // Feeds come sorted by identifier and the sort is stable.
        routes.filters.sort_by(|(left, _), (right, _)| left.by_specificity(right));
        routes
    }

    /// The feed of a topic, for that sender.
    #[must_use]
    pub fn topic(&self, topic: &str, sender: &Sender) -> Routed<'_> {
        self.resolve(self.verdict(topic, sender))
    }

    /// The feed whose files are dropped into that folder below the inbox.
    #[must_use]
    pub fn folder(&self, folder: &str) -> Option<&Feed> {
        self.folders.get(folder).map(|index| &self.feeds[*index])
    }

    /// All folders below the inbox that belong to a feed.
    pub fn folders(&self) -> impl Iterator<Item = (&str, &Feed)> {
        self.folders.iter().map(|(folder, index)| (folder.as_str(), &self.feeds[*index]))
    }

    /// The feed that is pushed to `/ingest/<name>`.
    #[must_use]
    pub fn http(&self, name: &str) -> Option<&Feed> {
        self.paths.get(name).map(|index| &self.feeds[*index])
    }

    fn verdict(&self, topic: &str, sender: &Sender) -> Verdict {
        match self.filters.iter().find(|(filter, _)| filter.matches(topic)) {
            Some((_, index)) if sender.may_send_to(&self.feeds[*index].id) => Verdict::Feed(*index),
            Some((_, index)) => Verdict::Forbidden(*index),
            None => Verdict::Unmatched,
        }
    }

    fn resolve(&self, verdict: Verdict) -> Routed<'_> {
        match verdict {
            Verdict::Feed(index) => Routed::Feed(&self.feeds[index]),
            Verdict::Forbidden(index) => Routed::Forbidden(&self.feeds[index]),
            Verdict::Unmatched => Routed::Unmatched,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Feed(usize),
    Forbidden(usize),
    Unmatched,
}

/// The topics one connection used lately. A gateway repeats a few topics for ever; a sender that makes up new ones
/// empties only its own cache (invariants BOUND, SAFE).
#[derive(Debug, Default)]
pub struct TopicCache {
    verdicts: FxHashMap<Box<str>, Verdict>,
}

impl TopicCache {
    /// As [`Routes::topic`]. A cache serves one sender and one `Routes`.
    pub fn topic<'r>(&mut self, routes: &'r Routes, topic: &str, sender: &Sender) -> Routed<'r> {
        if let Some(verdict) = self.verdicts.get(topic) {
            return routes.resolve(*verdict);
        }
        let verdict = routes.verdict(topic, sender);
        if self.verdicts.len() >= CACHED_TOPICS {
            self.verdicts.clear();
        }
        let _new = self.verdicts.insert(topic.into(), verdict);
        routes.resolve(verdict)
    }

    /// Forgets everything: the sender's feeds changed.
    pub fn clear(&mut self) {
        self.verdicts.clear();
    }
}

/// A topic filter of MQTT (v3.1.1 and v5, section 4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFilter {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Literal(String),
    One,
    Rest,
}

/// A text that is no topic filter.
#[derive(Debug, thiserror::Error)]
#[error("'{filter}' is no topic filter: {rule}")]
pub struct InvalidFilter {
    filter: String,
    rule: &'static str,
}

impl TopicFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// If MQTT does not allow it.
    pub fn parse(filter: &str) -> Result<TopicFilter, InvalidFilter> {
        let invalid = |rule| InvalidFilter { filter: filter.to_owned(), rule };
        if filter.is_empty() || filter.len() > usize::from(u16::MAX) || filter.contains('\0') {
            return Err(invalid("it has 1 to 65535 bytes and no NUL"));
        }
        let mut levels = Vec::new();
        for level in filter.split('/') {
            if levels.last() == Some(&Level::Rest) {
                return Err(invalid("'#' stands only at the end"));
            }
            levels.push(match level {
                "+" => Level::One,
                "#" => Level::Rest,
                level if level.contains(['+', '#']) => {
                    return Err(invalid("'+' and '#' stand alone in their level"));
                }
                level => Level::Literal(level.to_owned()),
            });
        }
        Ok(TopicFilter { levels })
    }

    /// Whether a topic matches. A topic starting with `$` matches no filter that starts with a wildcard.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && !matches!(self.levels.first(), Some(Level::Literal(_))) {
            return false;
        }
        let mut parts = topic.split('/');
        for level in &self.levels {
            // `a/#` matches `a` too.
            if *level == Level::Rest {
                return true;
            }
            match (level, parts.next()) {
                (Level::Literal(literal), Some(part)) if literal == part => {}
                (Level::One, Some(_)) => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }

    fn by_specificity(&self, other: &TopicFilter) -> Ordering {
        let rank = |level: Option<&Level>| match level {
            None => 0,
            Some(Level::Literal(_)) => 1,
            Some(Level::One) => 2,
            Some(Level::Rest) => 3,
        };
        let longest = self.levels.len().max(other.levels.len());
        (0..longest)
            .map(|at| rank(self.levels.get(at)).cmp(&rank(other.levels.get(at))))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_match_as_section_4_7_says() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/B", false),
            ("a/b", "a/b/", false),
            ("a/b", "/a/b", false),
            ("#", "a/b/c", true),
            ("#", "/", true),
            ("+", "a", true),
            ("+", "a/b", false),
            ("+/+", "/a", true),
            ("/+", "/a", true),
            ("+", "/a", false),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/+/c", "a//c", true),
            ("a/+/c", "a/b/d", false),
            ("a/#", "a", true),
            ("a/#", "a/", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("+/b/#", "a/b/c/d", true),
            ("#", "$SYS/load", false),
            ("+/load", "$SYS/load", false),
            ("$SYS/#", "$SYS/load", true),
            ("a/#", "a/$x", true),
            ("trạm/+/khí", "trạm/1/khí", true),
        ];
        for (filter, topic, expected) in cases {
            let parsed = TopicFilter::parse(filter).expect(filter);
            assert_eq!(parsed.matches(topic), expected, "{filter} on {topic}");
        }
        for filter in ["", "a/#/b", "a#", "a/b+", "#/", "a\0b", "++"] {
            assert!(TopicFilter::parse(filter).is_err(), "{filter:?}");
        }
    }

    #[test]
    fn the_most_specific_filter_comes_first() {
        let order = ["a/b/c", "a/b", "a/b/#", "a/+/c", "a/+", "a/#", "+/b", "+/#", "#"];
        for (index, left) in order.iter().enumerate() {
            for right in &order[index + 1..] {
                let (l, r) = (TopicFilter::parse(left).expect(left), TopicFilter::parse(right).expect(right));
                // Filters that cannot match the same topic may stand either way.
                let both = ["a/b/c", "a/b", "a/x", "a", "x/b"].iter().any(|t| l.matches(t) && r.matches(t));
                assert!(!both || l.by_specificity(&r).is_lt(), "{left} before {right}");
                assert_eq!(l.by_specificity(&r), r.by_specificity(&l).reverse());
            }
        }
    }

    /// Matching by the definition: recursion over levels, without any shortcut.
    fn by_definition(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) => true,
            (["+", filter @ ..], [_, topic @ ..]) => by_definition(filter, topic),
            ([f, filter @ ..], [t, topic @ ..]) if f == t => by_definition(filter, topic),
            ([], []) => true,
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            filter in "(a|b|\\+|)(/(a|b|\\+|)){0,3}(/#)?",
            topic in "(a|b|)(/(a|b|)){0,4}",
        ) {
            prop_assume!(!filter.is_empty() && !topic.is_empty());
            let parsed = TopicFilter::parse(&filter).expect("made valid");
            let expected = by_definition(&filter.split('/').collect::<Vec<_>>(), &topic.split('/').collect::<Vec<_>>());
            prop_assert_eq!(parsed.matches(&topic), expected);
        }
    }
}

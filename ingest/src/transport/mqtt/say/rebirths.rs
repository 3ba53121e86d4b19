//! Which nodes of Sparkplug are asked for their births, and when: never in a storm.
//!
//! Whoever misses a birth asks; a node is asked once in five minutes, and all of them a few times a second, each a moment
//! later than it was wanted. A restart that misses the births of five thousand nodes at once brings them back within ten
//! minutes, and not all in the same second. An operator's word goes at once. Pure: moments in, nodes out.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::{Heard, rights::NAMESPACE};

/// A node is asked no more often.
pub(super) const EACH: Duration = Duration::from_secs(5 * 60);
/// Nor by an operator.
const EACH_BY_HAND: Duration = Duration::from_secs(10);
/// How often it is looked whom to ask.
pub(super) const LOOKED: Duration = Duration::from_millis(500);
/// Nodes asked at each look: ten a second.
pub(super) const AT_ONCE: usize = 5;
/// A node is asked up to so long after it was wanted.
const SPREAD: Duration = Duration::from_secs(2);
/// Nodes that wait to be asked, and nodes of which it is known when they were.
const MOST: usize = if cfg!(test) { 8 } else { 20_000 };
/// A group's or node's name, in bytes.
const LONGEST_NAME: usize = 200;

/// What becomes of a wish for a rebirth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebirth {
    /// The node is asked shortly.
    Waits,
    /// It was put before these sessions.
    Asked(Heard),
    /// No session of that sender hears it: none is subscribed, or the sender publishes for no such node.
    NotHeard,
    /// The node was asked a short while ago, or waits to be.
    TooSoon,
    /// Too many wait.
    TooMany,
    /// No group or node can be called so.
    NoName,
}

/// A node of a sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) sender: Box<str>,
    pub(super) group: Box<str>,
    pub(super) node: Box<str>,
}

impl Node {
    /// None if it cannot be one.
    pub(super) fn of(sender: &str, group: &str, node: &str) -> Option<Node> {
        let is_level = |name: &str| {
            !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(['/', '+', '#', '\0'])
        };
        let (is_node, sender) = (is_level(group) && is_level(node), sender.into());
        is_node.then(|| Node { sender, group: group.into(), node: node.into() })
    }

    /// Where it is told.
    pub(super) fn topic(&self) -> String {
        format!("{NAMESPACE}/{}/NCMD/{}", self.group, self.node)
    }
}

/// Who was asked when, and who waits.
#[derive(Debug, Default)]
pub(super) struct Rebirths {
    asked: FxHashMap<Node, Instant>,
    /// The same, the first asked first.
    order: VecDeque<(Instant, Node)>,
    waiting: BTreeMap<(Instant, u64), Node>,
    number: u64,
}

impl Rebirths {
    /// Somebody misses a node's birth; `share` from 0 to 1 is how much of the spread it waits.
    pub(super) fn want(&mut self, node: Node, share: f64, now: Instant) -> Rebirth {
        if self.was_asked(&node, EACH, now) {
            return Rebirth::TooSoon;
        }
        if self.waiting.len() >= MOST || self.asked.len() >= MOST {
            return Rebirth::TooMany;
        }
        self.note(node.clone(), now);
        self.number += 1;
        let _new = self.waiting.insert((now + SPREAD.mul_f64(share.clamp(0.0, 1.0)), self.number), node);
        Rebirth::Waits
    }

    /// An operator asks for one, at once. False if it was asked a moment ago.
    pub(super) fn want_by_hand(&mut self, node: &Node, now: Instant) -> bool {
        if self.was_asked(node, EACH_BY_HAND, now) {
            return false;
        }
        self.note(node.clone(), now);
        true
    }

    /// Those to be asked now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Node> {
        let mut due = Vec::new();
        while due.len() < AT_ONCE
            && let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            let node = first.remove();
            // Five minutes from when it is asked, not from when that was wanted.
            self.note(node.clone(), now);
            due.push(node);
        }
        due
    }

    fn was_asked(&mut self, node: &Node, each: Duration, now: Instant) -> bool {
        while let Some((at, first)) = self.order.front()
            && now.duration_since(*at) >= EACH
        {
            if self.asked.get(first) == Some(at) {
                let _over = self.asked.remove(first);
            }
            let _over = self.order.pop_front();
        }
        self.asked.get(node).is_some_and(|at| now.duration_since(*at) < each)
    }

    fn note(&mut self, node: Node, now: Instant) {
        if self.asked.len() >= MOST && !self.asked.contains_key(&node) {
            return;
        }
        let _before = self.asked.insert(node.clone(), now);
        self.order.push_back((now, node));
        // A node that is asked by hand again and again must not fill it.
        if self.order.len() > 2 * MOST {
            self.order.retain(|(at, node)| self.asked.get(node) == Some(at));
        }
    }
}

/// The command: a payload of protocol buffers with a moment and one metric, and no sequence number, as Sparkplug 3.0 has
/// it for NCMD (section 6.4.22). `timestamp` in milliseconds since 1970.
pub(super) fn command(timestamp: i64) -> Vec<u8> {
    const NAME: &[u8] = b"Node Control/Rebirth";
    const BOOLEAN: u8 = 11;
    let timestamp = varint(timestamp.max(0) as u64);
    // name = 1, timestamp = 3, datatype = 4, boolean_value = 14.
    let metric =
        [&[0x0a, NAME.len() as u8], NAME, &[0x18], &timestamp, &[0x20, BOOLEAN], &[0x70, 1]].concat();
    // timestamp = 1, metrics = 2.
    [&[0x08], &timestamp[..], &[0x12, metric.len() as u8], &metric].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10);
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> Node {
        Node::of("gateway", "TayNinh", name).expect("a node")
    }

    #[test]
    fn bound_a_node_is_asked_once_in_five_minutes_and_all_of_them_a_few_at_once() {
        let start = Instant::now();
        let mut rebirths = Rebirths::default();
        for number in 0..MOST {
            assert_eq!(rebirths.want(node(&number.to_string()), 0.5, start), Rebirth::Waits);
        }
        assert_eq!(rebirths.want(node("0"), 0.5, start), Rebirth::TooSoon, "it waits");
        assert_eq!(rebirths.want(node("more"), 0.5, start), Rebirth::TooMany);
        assert!(rebirths.due(start).is_empty(), "each a moment later than it was wanted");
        let then = start + SPREAD;
        assert_eq!(rebirths.due(then).len(), AT_ONCE);
        assert_eq!(rebirths.due(then).len(), MOST - AT_ONCE);
        assert!(rebirths.due(then).is_empty());
        let before = then + EACH - Duration::from_millis(1);
        assert_eq!(rebirths.want(node("0"), 0.0, before), Rebirth::TooSoon);
        let after = then + EACH;
        assert_eq!(rebirths.want(node("0"), 0.0, after), Rebirth::Waits);
        assert_eq!(rebirths.due(after), [node("0")]);
        assert_eq!(rebirths.want(node("more"), 0.0, after), Rebirth::Waits, "what is long ago is forgotten");
    }

    #[test]
    fn an_operators_word_goes_at_once_and_counts() {
        let start = Instant::now();
        let mut rebirths = Rebirths::default();
        assert!(rebirths.want_by_hand(&node("a"), start));
        assert!(!rebirths.want_by_hand(&node("a"), start + Duration::from_secs(9)));
        assert!(rebirths.want_by_hand(&node("a"), start + EACH_BY_HAND));
        assert_eq!(
            rebirths.want(node("a"), 0.0, start + EACH_BY_HAND + Duration::from_secs(299)),
            Rebirth::TooSoon
        );
        let other = Node::of("another", "TayNinh", "a").expect("a node");
        assert_eq!(rebirths.want(other, 0.0, start + EACH_BY_HAND), Rebirth::Waits, "of another sender");
        for at in 0..1_000 {
            let _asked = rebirths.want_by_hand(&node("a"), start + EACH_BY_HAND * (at + 2));
            assert!(rebirths.order.len() <= 2 * MOST + 1);
        }
    }

    #[test]
    fn safe_what_is_no_level_of_a_topic_is_no_node() {
        for (group, name) in [("", "a"), ("a", ""), ("a/b", "c"), ("a", "+"), ("#", "a"), ("a", "b\0")] {
            assert_eq!(Node::of("gateway", group, name), None, "{group} {name}");
        }
        assert_eq!(Node::of("gateway", "a", &"x".repeat(201)), None);
        assert_eq!(node("trạm").topic(), "spBv1.0/TayNinh/NCMD/trạm");
    }

    #[test]
    fn the_command_is_the_bytes_of_the_protocol() {
        let expected = b"\x08\xac\x02\x12\x1d\x0a\x14Node Control/Rebirth\x18\xac\x02\x20\x0b\x70\x01";
        assert_eq!(command(300), expected);
    }
}

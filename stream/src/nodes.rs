//! The nodes of Sparkplug one worker holds, and what their messages become.
//!
//! Data of a node means nothing without its births ([`ioc_decode::node`]). So messages of nodes are not read where their
//! bytes are, but go to whoever holds their node, whole, and are read there by the same decoder, in the order they were
//! sent in: a session's messages lie in one partition, so that is their order on the log ([`in_order`]).
//!
//! A node is held by the feed and the sender that its messages came by, with its group and its name: who may send to a feed
//! cannot give another sender's metrics other names, nor declare its node dead.
//!
//! What a sender may make up is bounded by sender and virtual shard and not by worker, since a worker holds as many of them as
//! there are workers: so many nodes, and so many bytes of what they declare. A message of a node that there is no room for is
//! read by itself, and counted. A node that said nothing for [`FORGOTTEN`] is not kept (invariants BOUND, REPLAY).

use std::collections::{BTreeMap, BTreeSet};

use ioc_decode::node::Node;
use ioc_model::{
    name::Name,
    names::Source,
    position::{LogNumber, Partition, Position},
    rebirth::RebirthWanted,
    time::{Millis, Now, ReceivedAt},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::exchange::{Shards, VirtualShard};

/// A node of which nothing came for so long is forgotten.
const FORGOTTEN: Millis = Millis::hours(30 * 24);
/// All of them are looked through for that by the hour.
const HOUR: i64 = 3_600_000;
/// So many nodes of a sender and virtual shard are held.
const MOST_NODES: usize = 256;
/// So many bytes their tables take.
const MOST_BYTES: usize = 2 << 20;

/// By what a node is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct NodeKey {
    feed: Name,
    sender: Name,
    group: Box<str>,
    node: Box<str>,
}

impl NodeKey {
    pub(crate) fn new(Source { feed, sender }: Source, group: &str, node: &str) -> NodeKey {
        NodeKey { feed, sender, group: group.into(), node: node.into() }
    }

    /// By this name it is found who holds it.
    pub(crate) fn name(&self) -> String {
        // Levels of topics have no slash in them.
        format!("{}/{}/{}/{}", self.group, self.node, self.feed.as_str(), self.sender.as_str())
    }
}

/// Nodes, by whose they are.
#[derive(Debug)]
pub(crate) struct Nodes {
    shards: Shards,
    held: BTreeMap<NodeKey, Node>,
    /// What a sender's nodes of a virtual shard take.
    taken: FxHashMap<(Name, VirtualShard), Taken>,
    /// Those of which something came in this epoch.
    touched: BTreeSet<NodeKey>,
    /// Those of which a message is missing that may come yet.
    waiting: BTreeSet<NodeKey>,
    /// The moment before which all of them are forgotten.
    forgotten: Option<Now>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    nodes: usize,
    bytes: usize,
}

/// What an epoch says of nodes.
#[derive(Debug, Default)]
pub(crate) struct NodesTold {
    /// Which should be born again.
    pub(crate) rebirths: Vec<RebirthWanted>,
    /// How much of each sender there was no room for.
    pub(crate) cut: BTreeMap<Name, u64>,
}

/// A node as a checkpoint keeps it.
#[derive(Debug, Deserialize)]
pub(crate) struct NodeRecord(NodeKey, Node);

impl NodeRecord {
    /// By whose name it is found who holds it.
    pub(crate) fn name(&self) -> String {
        self.0.name()
    }
}

impl Nodes {
    pub(crate) fn new(shards: Shards) -> Nodes {
        Nodes {
            shards,
            held: BTreeMap::new(),
            taken: FxHashMap::default(),
            touched: BTreeSet::new(),
            waiting: BTreeSet::new(),
            forgotten: None,
        }
    }

    /// Reads a message by its node, or by nothing where there is no room for the node.
    pub(crate) fn read<T>(
        &mut self,
        key: NodeKey,
        now: Now,
        told: &mut NodesTold,
        read: impl FnOnce(Option<&mut Node>) -> T,
    ) -> T {
        self.forget(now);
        let taken = self.taken.entry((key.sender, self.shards.of(&key.name()))).or_default();
        if !self.held.contains_key(&key) && taken.nodes >= MOST_NODES {
            *told.cut.entry(key.sender).or_default() += 1;
            return read(None);
        }
        let node = self.held.entry(key.clone()).or_insert_with(|| {
            taken.nodes += 1;
            Node::default()
        });
        let before = node.size();
        node.allow(MOST_BYTES.saturating_sub(taken.bytes.saturating_sub(before)));
        node.hear(now);
        let outcome = read(Some(&mut *node));
        taken.bytes = taken.bytes.saturating_sub(before) + node.size();
        let not_kept = node.take_not_kept();
        if not_kept > 0 {
            *told.cut.entry(key.sender).or_default() += not_kept;
        }
        let _ = self.touched.insert(key);
        outcome
    }

    /// All messages of an epoch are read: which nodes should be born again.
    pub(crate) fn settle(&mut self, now: Now, told: &mut NodesTold) {
        self.forget(now);
        let mut looked_at = std::mem::take(&mut self.touched);
        looked_at.extend(std::mem::take(&mut self.waiting));
        for key in looked_at {
            let Some(node) = self.held.get_mut(&key) else { continue };
            if let Some((why, since)) = node.wants(now) {
                let NodeKey { feed, sender, group, node } = key.clone();
                told.rebirths.push(RebirthWanted { feed, sender, group, node, why, since });
            }
            if node.due().is_some() {
                let _ = self.waiting.insert(key);
            }
        }
    }

    /// Forgets those that said nothing for long, by the hour.
    fn forget(&mut self, now: Now) {
        let oldest = Now(now.0.saturating_sub(FORGOTTEN.0).div_euclid(HOUR) * HOUR);
        if self.forgotten == Some(oldest) {
            return;
        }
        self.forgotten = Some(oldest);
        self.held.retain(|_, node| node.heard().is_some_and(|heard| heard.0 >= oldest.0));
        self.taken.clear();
        let held = std::mem::take(&mut self.held);
        held.iter().for_each(|(key, node)| self.weigh(key, node));
        self.held = held;
    }

    fn weigh(&mut self, key: &NodeKey, node: &Node) {
        let taken = self.taken.entry((key.sender, self.shards.of(&key.name()))).or_default();
        taken.nodes += 1;
        taken.bytes += node.size();
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.held.iter().map(|held| postcard::to_stdvec(&held))
    }

    /// Takes one out of a checkpoint.
    pub(crate) fn load(&mut self, NodeRecord(key, node): NodeRecord) {
        self.weigh(&key, &node);
        if node.due().is_some() {
            let _ = self.waiting.insert(key.clone());
        }
        let _ = self.held.insert(key, node);
    }
}

/// Puts messages in the order they are read in: those of a partition as they lie there, whatever a clock said of them;
/// those of several by when they came.
///
/// One session's are in the order they were sent in. Of a sender that comes by several at once (another client
/// identifier, another partition) they are in that of their arrival, as far as they are of one epoch: which of two
/// connections was read first nothing else tells.
pub(crate) fn in_order<M>(messages: &mut [M], of: impl Fn(&M) -> (Position, ReceivedAt)) -> Vec<usize> {
    let mut newest: BTreeMap<(LogNumber, Partition), ReceivedAt> = BTreeMap::new();
    messages.sort_by_key(|message| of(message).0);
    let mut order: Vec<(ReceivedAt, Position, usize)> = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        let (position, received_at) = of(message);
        let newest = newest.entry((position.log, position.partition)).or_insert(received_at);
        *newest = received_at.max(*newest);
        order.push((*newest, position, at));
    }
    order.sort_unstable();
    order.into_iter().map(|(_, _, at)| at).collect()
}

#[cfg(test)]
mod tests;

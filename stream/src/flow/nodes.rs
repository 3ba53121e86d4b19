//! What messages of nodes become, where their node is held.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::{Decoder, Known};
use ioc_model::{
    attribute::{self, Attributes},
    envelope::{Content, Envelope},
    names::Source,
    position::Position,
    results::MessagesRead,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};
use timely::{
    container::CapacityContainerBuilder,
    dataflow::{Stream, channels::pact::Exchange, operators::generic::operator::Operator},
};

use super::{
    Between, Encoded,
    decode::{Decoded, Good, Reader},
    parcels::{Given, OpenParcels, Parcel},
};
use crate::{
    exchange::Addresses,
    nodes::{NodeKey, Nodes, NodesTold, in_order},
    step::{EpochFacts, Presence},
};

/// A message on its way to whoever holds its node: an envelope as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct NodeMessage {
    pub(super) key: NodeKey,
    source: Source,
    position: Position,
    received_at: ReceivedAt,
    address: Box<str>,
    #[serde(with = "serde_bytes")]
    attributes: Vec<u8>,
    #[serde(with = "serde_bytes")]
    payload: Vec<u8>,
}

/// Messages on their way to one worker.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct NodeMessages {
    pub(super) worker: u32,
    pub(super) messages: Vec<NodeMessage>,
}

impl NodeMessage {
    pub(super) fn of(key: NodeKey, source: Source, envelope: &Envelope<'_>) -> NodeMessage {
        let Envelope { position, received_at, address, attributes, payload, .. } = *envelope;
        NodeMessage {
            key,
            source,
            position,
            received_at,
            address: address.into(),
            attributes: attributes.encoded_whole(),
            payload: payload.to_vec(),
        }
    }

    fn envelope(&self) -> Envelope<'_> {
        debug_assert!(attribute::are_valid(&self.attributes));
        Envelope {
            position: self.position,
            feed: self.source.feed.as_str(),
            received_at: self.received_at,
            content: Content::Raw,
            address: &self.address,
            attributes: Attributes::new(&self.attributes, &[]),
            payload: &self.payload,
        }
    }
}

/// What a worker is told of an epoch to read messages of nodes by.
pub(super) struct ToFollow {
    pub(super) facts: Arc<EpochFacts>,
    pub(super) decoder: Arc<Decoder>,
    pub(super) checkpoint: bool,
}

/// What came of an epoch's messages beside their rows.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) decoded: Decoded,
    pub(super) told: NodesTold,
    /// What a checkpoint keeps of the nodes, if it is asked for.
    pub(super) nodes: Option<Encoded>,
}

/// Takes messages to the worker that holds their node, reads them there in the order they were sent in, and sends their
/// rows on.
pub(super) fn followed<'scope>(
    messages: Stream<'scope, u64, Vec<NodeMessages>>,
    mut nodes: Nodes,
    mut addresses: Addresses,
    open: Between<ToFollow>,
    to_judge: Between<Followed>,
) -> Stream<'scope, u64, Vec<Parcel>> {
    let by_node = Exchange::new(|messages: &NodeMessages| u64::from(messages.worker));
    messages.unary_frontier::<CapacityContainerBuilder<Vec<Parcel>>, _, _, _>(
        by_node,
        "follow",
        move |capability, _| {
            let mut stash: BTreeMap<u64, Vec<NodeMessage>> = BTreeMap::new();
            let mut capability = Some(capability);
            let mut known = Known::default();
            move |(messages, frontier), output| {
                messages.for_each(|stamp, messages: &mut Vec<NodeMessages>| {
                    let Some(epoch) = stamp.least() else { return };
                    let of_epoch = stash.entry(*epoch).or_default();
                    messages.drain(..).for_each(|messages| of_epoch.extend(messages.messages));
                });
                let mut open = open.borrow_mut();
                while let Some(entry) = open.first_entry() {
                    let Some(held) = capability.as_mut() else { return };
                    if frontier.frontier().less_equal(entry.key()) {
                        break;
                    }
                    let (number, to_follow) = entry.remove_entry();
                    let messages = stash.remove(&number).unwrap_or_default();
                    let (followed, parcels) =
                        follow(&mut nodes, messages, &to_follow, &mut known, &mut addresses);
                    let _ = to_judge.borrow_mut().insert(number, followed);
                    held.downgrade(&number);
                    output.session(held).give_iterator(parcels);
                    held.downgrade(&to_follow.facts.epoch.next().0);
                }
                if frontier.is_empty() {
                    capability = None;
                }
            }
        },
    )
}

fn follow(
    nodes: &mut Nodes,
    mut messages: Vec<NodeMessage>,
    ToFollow { facts, decoder, checkpoint }: &ToFollow,
    known: &mut Known,
    addresses: &mut Addresses,
) -> (Followed, impl Iterator<Item = Parcel> + use<>) {
    let mut reader = Reader::default();
    let mut open = OpenParcels::new(addresses.workers());
    let mut told = NodesTold::default();
    let mut read = Vec::new();
    for at in in_order(&mut messages, |message| (message.position, message.received_at)) {
        let message = &messages[at];
        let envelope = message.envelope();
        let rows = nodes.read(message.key.clone(), facts.now, &mut told, |node| {
            let give = |good| match good {
                Good::Measured(row) => open.put_again(addresses.of(row.series.subject), row),
                Good::Present(subject, is_there) => {
                    let (at, position) = (EventTime(message.received_at.0), message.position);
                    let presence = Presence { subject, is_there, at, position };
                    open.put_presence(addresses.of(subject), presence);
                }
                Good::Dated(dated) => open.put_dated(addresses.of(dated.subject), dated),
                Good::Other(row) => open.put_other(addresses.of_name(row.subject()), row),
            };
            reader.read(decoder, known, node, &envelope, message.source, give)
        });
        // Each by itself: who reads its neighbour depends on how many workers there are (invariant REPLAY).
        read.push(MessagesRead { first: message.position, messages: 1, rows });
    }
    nodes.settle(facts.now, &mut told);
    let decoded = Decoded { read, ..reader.decoded() };
    let kept = checkpoint.then(|| nodes.records().collect());
    let parcels = open.rest().filter_map(|given| match given {
        Given::Rows(parcel) => Some(parcel),
        _ => None,
    });
    (Followed { decoded, told, nodes: kept }, parcels)
}

//! What bytes become, in the worker that was given them.

use ioc_decode::{Dated, Decoder, Known, Outcome, RowSink, node::Node};
use ioc_model::{
    attribute::Attribute,
    counts::Counts,
    envelope::Envelope,
    loss::Loss,
    name::Name,
    names::{Source, SubjectId},
    observation::Observation,
    reject::Rejection,
    results::{MessagesRead, RejectedRow, ReplayedRow},
    row::Row,
};
use rustc_hash::FxHashMap;

use super::{
    Chunks,
    nodes::NodeMessage,
    parcels::{Given, OpenParcels},
    rejects::{KEPT_REJECTS, Rejects},
};
use crate::{exchange::Addresses, nodes::NodeKey};
use ioc_model::position::LogNumber;

/// What a worker's share of the log says of itself; the rows are on their way.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) rejects: Vec<RejectedRow>,
    pub(super) counts: FxHashMap<Name, Counts>,
    /// Messages that were read again.
    pub(super) replayed: Vec<ReplayedRow>,
    /// How many rows messages had.
    pub(super) read: Vec<MessagesRead>,
}

/// Decodes chunks and gives their rows away in parcels; messages of nodes it gives away as they are.
pub(super) fn decode(
    log: LogNumber,
    chunks: Chunks,
    decoder: &Decoder,
    known: &mut Known,
    addresses: &mut Addresses,
    mut give: impl FnMut(Given),
) -> Decoded {
    fail::fail_point!("flow_before_decode", |_| std::process::abort());
    let mut reader = Reader::default();
    let mut open = OpenParcels::new(addresses.workers());
    let mut read = Vec::new();
    let mut source = Source { feed: Name::default(), sender: Name::default() };
    let mut is_of_nodes = false;
    for (partition, base, chunk) in chunks {
        source.sender = Name::new(chunk.sender());
        // Entries end with their chunk: who reads the next one depends on how many workers there are (invariant REPLAY).
        let of_chunk = read.len();
        for (feed, received) in chunk.counts() {
            let counts = reader.counts.entry(Name::new(feed)).or_default();
            counts.received += u64::from(received);
            counts.last_received = counts.last_received.max(Some(chunk.received_at()));
        }
        for envelope in chunk.iter(log, partition, base) {
            // Neighbours speak for the same feed: the table everybody shares is asked when it changes.
            if source.feed != *envelope.feed {
                source.feed = Name::new(envelope.feed);
                is_of_nodes = decoder.follows_nodes(envelope.feed);
            }
            if let Some(topic) = is_of_nodes.then(|| decoder.topic(&envelope)).flatten() {
                let key = NodeKey::new(source, topic.group, topic.node);
                open.put_message(addresses, NodeMessage::of(key, source, &envelope));
                continue;
            }
            let give = |good| match good {
                Good::Measured(row) => {
                    let full = open.put(addresses.of(row.series.subject), row);
                    full.map(Given::Rows).into_iter().for_each(&mut give);
                }
                Good::Other(Row::Happened(event)) => {
                    open.put_event(addresses, event).into_iter().for_each(&mut give);
                }
                Good::Other(row) => open.put_other(addresses.of_name(row.subject()), row),
                Good::Dated(dated) => open.put_dated(addresses.of(dated.subject), dated),
                // Nobody says so where nobody holds its node.
                Good::Present(..) => {}
            };
            let rows = reader.read(decoder, known, None, &envelope, source, give);
            let goes_on = |last: &mut MessagesRead| last.goes_on(envelope.position, rows);
            if !read[of_chunk..].last_mut().is_some_and(goes_on) {
                read.push(MessagesRead { first: envelope.position, messages: 1, rows });
            }
        }
    }
    open.rest().for_each(give);
    Decoded { read, ..reader.decoded() }
}

/// Reads envelopes, one behind the other.
#[derive(Default)]
pub(super) struct Reader {
    rejects: Rejects,
    counts: FxHashMap<Name, Counts>,
}

impl Reader {
    /// Reads an envelope, by what its node said before where it is given that, and gives its rows away. How many there
    /// were; none where it could not be read.
    #[inline]
    pub(super) fn read(
        &mut self,
        decoder: &Decoder,
        known: &mut Known,
        node: Option<&mut Node>,
        envelope: &Envelope<'_>,
        source: Source,
        give: impl FnMut(Good),
    ) -> Option<u32> {
        let mut sink =
            Sorter { give, envelope, source, rejects: &mut self.rejects, rejected: 0, further: None };
        let outcome = match node {
            None => decoder.decode_knowing(known, envelope, &mut sink),
            Some(node) => decoder.decode_of_node(known, node, envelope, &mut sink),
        };
        let rejected = sink.rejected;
        if let Some(row) = sink.further {
            self.rejects.push_further(envelope, source, row, rejected);
        }
        let counts = self.counts.entry(source.feed).or_default();
        counts.rejected += rejected;
        match outcome {
            Outcome::Decoded { rows } => {
                counts.decoded += 1;
                counts.rows += u64::from(rows);
                Some(rows)
            }
            Outcome::Empty => {
                counts.empty += 1;
                Some(0)
            }
            Outcome::Undecodable(rejection) => {
                counts.undecodable += 1;
                let fault = envelope.attributes.get(Attribute::Fault);
                let lost = fault.and_then(|fault| fault.parse::<Loss>().ok());
                counts.datagrams_dropped += lost.map_or(0, |loss| loss.datagrams());
                counts.records_lost += lost.map_or(0, |loss| loss.records());
                self.rejects.push(envelope, source, None, rejection, envelope.payload);
                None
            }
        }
    }

    pub(super) fn decoded(self) -> Decoded {
        let Reader { rejects, counts } = self;
        Decoded { rejects: rejects.into_rows(), counts, ..Decoded::default() }
    }
}

impl Decoded {
    /// Adds what other messages say of themselves.
    pub(super) fn add(&mut self, more: Decoded) {
        let Decoded { rejects, counts, replayed, read } = more;
        self.rejects.extend(rejects);
        for (feed, more) in counts {
            self.counts.entry(feed).or_default().add(&more);
        }
        self.replayed.extend(replayed);
        self.read.extend(read);
    }
}

/// Sends good rows on and keeps bad ones.
struct Sorter<'a, G> {
    give: G,
    envelope: &'a Envelope<'a>,
    source: Source,
    rejects: &'a mut Rejects,
    rejected: u64,
    /// The first bad row that is not kept by itself.
    further: Option<u32>,
}

/// A good row, or what stands for none.
pub(super) enum Good {
    Measured(Observation),
    Other(Row),
    /// Whether the gateway of a station says that it is there.
    Present(SubjectId, bool),
    /// The time of its message lies far from the arrival.
    Dated(Dated),
}

impl<G: FnMut(Good)> RowSink for Sorter<'_, G> {
    #[inline]
    fn observation(&mut self, observation: Observation) {
        (self.give)(Good::Measured(observation));
    }

    fn row(&mut self, row: Row) {
        (self.give)(Good::Other(row));
    }

    fn present(&mut self, station: SubjectId, is_there: bool) {
        (self.give)(Good::Present(station, is_there));
    }

    fn dated(&mut self, dated: Dated) {
        (self.give)(Good::Dated(dated));
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]) {
        self.rejected += 1;
        if self.rejected > KEPT_REJECTS {
            let _ = self.further.get_or_insert(row);
            return;
        }
        self.rejects.push(self.envelope, self.source, Some(row), rejection, raw);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ioc_bus::{ChunkBuilder, ChunkView};
    use ioc_model::{
        envelope::{Content, UNMATCHED},
        names::Names,
        pack::Pack,
        position::{Offset, Partition},
        time::ReceivedAt,
    };

    use super::*;
    use crate::exchange::Shards;

    #[test]
    fn balance_what_was_lost_before_it_came_stands_beside_the_identities() {
        let names = Names::default();
        let decoder =
            Decoder::new(Arc::new(Pack { timezone: "UTC".to_owned(), ..Pack::default() }), names.clone())
                .unwrap();
        let mut chunk = ChunkBuilder::new();
        for fault in [
            "lost: datagrams 12",
            "lost: gone 80 7",
            "lost: datagrams 3",
            "octet_count: 4 bytes",
            "lost: records 0 100 139 - -",
            "lost: made_anew 2",
        ] {
            chunk.push_with(UNMATCHED, Content::Raw, "syslog/udp", &[(Attribute::Fault, fault)], b"{}");
        }
        let chunk = chunk.finish(ReceivedAt(0)).bytes().to_vec();
        let chunks = vec![(Partition(0), Offset(0), ChunkView::parse(chunk.into()).unwrap())];
        let mut addresses = Addresses::new(names, Shards::default(), 1);
        let decoded = decode(LogNumber(1), chunks, &decoder, &mut Known::default(), &mut addresses, |_| ());
        let counts = decoded.counts[&Name::new(UNMATCHED)];
        assert_eq!((counts.datagrams_dropped, counts.undecodable, counts.envelopes_astray()), (15, 6, 0));
        assert_eq!(counts.records_lost, 42);
    }
}

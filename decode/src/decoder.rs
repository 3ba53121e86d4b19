//! From envelopes to rows and rejects: finds the feed of an envelope, what is asked of it, and its format.

use std::sync::Arc;

use ioc_model::{
    attribute::Attribute,
    calendar::{Calendar, UnknownZone},
    envelope::{Content, Envelope, UNMATCHED},
    loss::NoLoss,
    names::Names,
    pack::{Faults, FormatName, Pack},
    reject::Rejection,
};
use serde::Deserialize;

use crate::{
    contract::{FeedRules, Met, Refusal, RowSink, Rows, Rules, WithheldBytes},
    format::{self, Caches},
    mappings::Mappings,
    node::{Node, Topic},
    reduce::{Key, Reduced, Reducer},
    unpack::Packing,
};

/// Decodes envelopes under one version of a pack.
#[derive(Debug)]
pub struct Decoder {
    pack: Arc<Pack>,
    names: Names,
    calendar: Calendar,
    rules: Rules,
    /// For what is read and was not reduced before: its key is nobody's, for nothing of it is kept.
    reducer: Option<Reducer>,
}

/// Why a pack cannot be decoded by.
#[derive(Debug, thiserror::Error)]
pub enum NoDecoder {
    /// Its time zone is none.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// Not every mapping of it can be run.
    #[error("the pack is not valid:\n{0}")]
    Mappings(#[from] Faults),
}

/// What somebody who decodes has met and will meet again: nothing but a shorter way to the same rows. For one table of
/// names.
#[derive(Debug, Default)]
pub struct Known {
    met: Met,
    caches: Caches,
}

/// What an envelope became.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Rows were read: `rows` of them, each handed to the sink as an observation or a rejection.
    Decoded {
        /// How many.
        rows: u32,
    },
    /// It carries nothing by design (a heartbeat).
    Empty,
    /// No row could be read.
    Undecodable(Rejection),
}

/// Without the NULs that a sender's buffer left behind the last line: they carry nothing. What is nothing but NULs is no
/// heartbeat: something was lost there.
fn without_padding(payload: &[u8]) -> &[u8] {
    if payload.last() != Some(&0) && !payload.trim_ascii_end().ends_with(b"\0") {
        return payload;
    }
    let carries = |byte: &u8| *byte != 0 && !byte.is_ascii_whitespace();
    let Some(last) = payload.iter().rposition(carries) else { return payload };
    let behind = last + 1;
    let padding = payload[behind..].iter().position(|byte| *byte == 0).unwrap_or_default();
    &payload[..behind + padding]
}

impl Decoder {
    /// A decoder for that version of the pack. Its stations, indicators and feeds get their numbers in `names`.
    ///
    /// # Errors
    /// If the pack's time zone is none; a pack that was parsed has one. If a mapping is none.
    pub fn new(pack: Arc<Pack>, names: Names) -> Result<Decoder, NoDecoder> {
        let calendar = Calendar::of_zone(&pack.timezone)?;
        let mappings = Mappings::of_pack(&pack)?;
        let rules = Rules::of_pack(&pack, &names, &calendar, &mappings);
        let reducer = Reducer::of_pack(&pack, Key::new([0; 32]))?;
        Ok(Decoder { pack, names, calendar, rules, reducer })
    }

    /// As [`Decoder::decode_knowing`], by somebody who has met nobody yet.
    pub fn decode<S: RowSink + ?Sized>(&self, envelope: &Envelope<'_>, sink: &mut S) -> Outcome {
        self.decode_knowing(&mut Known::default(), envelope, sink)
    }

    /// Reads an envelope. Every row of it is handed to the sink exactly once, those of each kind in row order; how many
    /// there were is in the outcome (invariant BALANCE). Undecodable and empty envelopes hand nothing to the sink.
    pub fn decode_knowing<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        envelope: &Envelope<'_>,
        sink: &mut S,
    ) -> Outcome {
        self.decode_behind(known, None, envelope, sink)
    }

    /// As [`Decoder::decode_knowing`], of a message [of a node](Decoder::topic), read by what the node said before; what the
    /// message says of its node is kept there. A message that cannot be read leaves the node as it was.
    pub fn decode_of_node<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        node: &mut Node,
        envelope: &Envelope<'_>,
        sink: &mut S,
    ) -> Outcome {
        self.decode_behind(known, Some(node), envelope, sink)
    }

    /// Whether messages of that feed are read by what their nodes said before.
    #[must_use]
    pub fn follows_nodes(&self, feed: &str) -> bool {
        self.rules.feeds.get(feed).is_some_and(|feed| feed.format == FormatName::SparkplugB)
    }

    /// The node whose message this is, where its feed reads messages by what their nodes said before.
    #[must_use]
    pub fn topic<'a>(&self, envelope: &Envelope<'a>) -> Option<Topic<'a>> {
        let is_message =
            envelope.content == Content::Raw && envelope.attributes.get(Attribute::Fault).is_none();
        Topic::of(envelope.address).filter(|_| is_message && self.follows_nodes(envelope.feed))
    }

    fn decode_behind<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        node: Option<&mut Node>,
        envelope: &Envelope<'_>,
        sink: &mut S,
    ) -> Outcome {
        if envelope.content == Content::Withheld {
            return Outcome::Undecodable(self.withheld(envelope).whole());
        }
        // A piece of a stream is no message, whatever it looks like, and neither is what stands for a loss.
        if let Some(fault) = envelope.attributes.get(Attribute::Fault) {
            let refusal = match fault.parse() {
                Ok(loss) => Refusal::lost(loss),
                Err(NoLoss) => Refusal::framing(fault),
            };
            return Outcome::Undecodable(refusal.whole());
        }
        let Some(feed) = self.rules.feeds.get(envelope.feed) else {
            return Outcome::Undecodable(self.homeless(envelope).whole());
        };
        // What was reduced is what was left of it, whatever it was packed in.
        let packed = match envelope.attributes.get(Attribute::Reduced) {
            Some(_) => None,
            None => envelope.attributes.get(Attribute::ContentEncoding),
        };
        let Some(encoding) = packed else { return self.decode_plain(known, node, envelope, feed, sink) };
        let limit = feed.contract.max_bytes;
        let Some(packing) = Packing::named(encoding) else {
            return Outcome::Undecodable(Refusal::unknown_packing(encoding).whole());
        };
        match packing.unpack(envelope.payload, limit) {
            Ok(payload) => {
                self.decode_plain(known, node, &Envelope { payload: &payload, ..*envelope }, feed, sink)
            }
            Err(fault) => Outcome::Undecodable(Refusal::not_unpacked(packing, fault, limit).whole()),
        }
    }

    fn decode_plain<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        node: Option<&mut Node>,
        envelope: &Envelope<'_>,
        feed: &FeedRules,
        sink: &mut S,
    ) -> Outcome {
        if feed.format.is_report() {
            let reduced = match envelope.attributes.get(Attribute::Reduced) {
                Some(_) => Some(Reduced::parse(envelope.payload)),
                // One that came before its feed was marked, or is only tried: nothing of it is told either.
                None => self.reducer.as_ref().filter(|reducer| reducer.is_personal(envelope.feed)).map(
                    |reducer| {
                        let Envelope { feed, address, received_at, payload, .. } = *envelope;
                        Some(reducer.reduced(feed, address, received_at, payload))
                    },
                ),
            };
            if let Some(reduced) = reduced {
                return self.read_reduced(known, envelope, feed, reduced, sink);
            }
        }
        let limit = feed.contract.max_bytes;
        if envelope.payload.len() > limit {
            let bytes = u64::try_from(envelope.payload.len()).unwrap_or(u64::MAX);
            return Outcome::Undecodable(Refusal::too_large(bytes, Some(limit), envelope.feed).whole());
        }
        // There is a receipt for each report, also for an empty one, and every byte of a workbook counts.
        if feed.format.is_report() {
            return self.read(known, node, envelope, feed, envelope.payload, sink);
        }
        // A piece of a file is what its reader made of it: every byte of it is part of what its lines are known by.
        let payload = match envelope.attributes.get(Attribute::Before) {
            Some(_) => envelope.payload,
            None if feed.format.is_binary() => envelope.payload,
            None => {
                without_padding(envelope.payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(envelope.payload))
            }
        };
        if payload.trim_ascii().is_empty() {
            return Outcome::Empty;
        }
        self.read(known, node, envelope, feed, payload, sink)
    }

    fn read_reduced<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        envelope: &Envelope<'_>,
        feed: &FeedRules,
        reduced: Option<Reduced>,
        sink: &mut S,
    ) -> Outcome {
        let Some(reduced) = reduced else { return Outcome::Undecodable(Refusal::not_reduced().whole()) };
        let by = (&self.rules, &self.names, &self.calendar);
        let mut rows = Rows::new(by, feed, &mut known.met, envelope, sink);
        rows.report_reduced(reduced);
        Outcome::Decoded { rows: rows.finish() }
    }

    fn read<S: RowSink + ?Sized>(
        &self,
        known: &mut Known,
        node: Option<&mut Node>,
        envelope: &Envelope<'_>,
        feed: &FeedRules,
        payload: &[u8],
        sink: &mut S,
    ) -> Outcome {
        let by = (&self.rules, &self.names, &self.calendar);
        let mut rows = Rows::new(by, feed, &mut known.met, envelope, sink).behind(node);
        let read = format::read(feed.format, payload, &mut rows, &mut known.caches);
        let count = rows.finish();
        match read {
            Ok(()) if count == 0 => Outcome::Empty,
            Ok(()) => Outcome::Decoded { rows: count },
            Err(refusal) => {
                debug_assert_eq!(count, 0, "an undecodable envelope has no rows");
                Outcome::Undecodable(refusal.whole())
            }
        }
    }

    /// The reason stands in the payload that stands in for the bytes.
    fn withheld(&self, envelope: &Envelope<'_>) -> Refusal {
        #[derive(Deserialize)]
        struct Description<'a> {
            reason: &'a str,
            bytes: u64,
        }
        let limit = self.pack.feeds.get(envelope.feed).map(|feed| feed.contract.max_bytes);
        // What was sent to others is so also where nothing of it is kept.
        if envelope.feed == UNMATCHED && envelope.attributes.get(Attribute::Forbidden).is_some() {
            return self.homeless(envelope);
        }
        match serde_json::from_slice::<Description<'_>>(envelope.payload) {
            Ok(Description { reason: "too_large", bytes }) => Refusal::too_large(bytes, limit, envelope.feed),
            Ok(Description { reason, bytes }) => Refusal::withheld(&WithheldBytes::Said { reason, bytes }),
            Err(_) => Refusal::withheld(&WithheldBytes::Unreadable),
        }
    }

    /// No feed of this pack stands behind it: nobody claims its address, or its sender may not send there, as was found
    /// when it came.
    fn homeless(&self, envelope: &Envelope<'_>) -> Refusal {
        if envelope.feed != UNMATCHED {
            return Refusal::unknown_feed(envelope.feed);
        }
        match envelope.attributes.get(Attribute::Forbidden) {
            Some(feed) => Refusal::forbidden(envelope.address, feed),
            None => Refusal::unmatched(envelope.address),
        }
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &Arc<Pack> {
        &self.pack
    }

    /// The process's names.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The pack's calendar.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}

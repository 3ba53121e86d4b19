//! What a connection's bytes become: publishes into one chunk, the rest into answers.
//!
//! Pure but for the counters: bytes in, a chunk and answers out. Everything one `read` brought makes one chunk, so a
//! burst of small publishes costs one append and one ticket.

use std::sync::Arc;

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, UNMATCHED},
};
use rustc_hash::FxHashSet;

use super::{
    aliases::Aliases,
    counters::MqttCounters,
    exchange::{Ack, ExchangeName, mark_of},
    exchanges::{Opening, Outcome, Release, SessionExchanges, Taken},
    packet::{Packet, Publish, alias_of_oversized, topic_of_oversized},
    reason::Reason,
    say::{Listener, Listeners, Request},
    wire::{Frame, Version, Violation, frame},
};
use crate::{
    routes::{Routed, Routes, TopicCache},
    senders::Sender,
    transport::{
        nothing::holds_nothing,
        withheld::{Digest, Withheld},
    },
};

/// Takes in what one connection reads.
#[derive(Debug)]
pub(super) struct Reception {
    pub(super) version: Version,
    pub(super) routes: Arc<Routes>,
    pub(super) sender: Arc<Sender>,
    pub(super) counters: Arc<MqttCounters>,
    /// The longest packet.
    pub(super) packet_limit: usize,
    /// How many publishes may be unacknowledged; only version 5 can be told.
    pub(super) receive_maximum: usize,
    /// Whether the session outlives the connection.
    pub(super) has_lasting_session: bool,
    /// Whether the session was there before this connection: a release may come again then.
    pub(super) is_resumed: bool,
    /// The sender's feeds of whose publishes nothing may be remembered to tell them from others.
    pub(super) personal: Vec<String>,
    /// What the session has open.
    pub(super) exchanges: Arc<SessionExchanges>,
    /// Of those, what was published on this connection.
    pub(super) open_here: FxHashSet<u16>,
    pub(super) aliases: Aliases,
    pub(super) topics: TopicCache,
    /// All sessions, as they are spoken to,
    pub(super) listeners: Arc<Listeners>,
    /// and this one.
    pub(super) listener: Arc<Listener>,
}

/// What some bytes became.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) chunk: ChunkBuilder,
    /// Answers that are due when the chunk is durable, and what else they tell of.
    pub(super) acks: Vec<Ack>,
    /// How many of them settle a publish.
    pub(super) settling: usize,
    /// First publishes of an exchange in the chunk.
    pub(super) opening: Option<Opening>,
    /// Publishes in other chunks that the answers tell of.
    pub(super) others: Vec<Outcome>,
    /// Some exchange was released.
    pub(super) has_released: bool,
    /// What is to be heard from now on, or no more.
    pub(super) requests: Vec<Request>,
    pub(super) pings: u32,
    /// Nothing is read after this.
    pub(super) end: Option<End>,
}

/// How a client ended its connection by what it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// DISCONNECT.
    Goodbye { with_will: bool, session_lifetime: Option<u32> },
    /// It broke the protocol.
    Violation(Violation),
}

impl Reception {
    /// Takes whole packets from the front of `bytes` until they end; `in_flight` are the publishes taken before and
    /// not acknowledged. Says how many bytes were used and how many the rest needs to be worth a look.
    pub(super) fn take_in(
        &mut self,
        bytes: &[u8],
        in_flight: u32,
        received: &mut Received,
    ) -> (usize, usize) {
        let mut used = 0;
        let mut tally = Tally::default();
        let needed = loop {
            if received.end.is_some() {
                break 0;
            }
            match frame(&bytes[used..], Some(self.version), self.packet_limit) {
                Ok(Frame::Whole { first, body, length }) => {
                    if let Err(violation) = self.take_packet(first, body, in_flight, received, &mut tally) {
                        received.end = Some(End::Violation(violation));
                    }
                    used += length;
                }
                Ok(Frame::Partial { needed }) => break needed,
                Ok(Frame::Oversize { first, head, length }) => {
                    if let Some(needed) =
                        self.take_oversize(first, head, length, &bytes[used..], received, &mut tally)
                    {
                        break needed;
                    }
                    received.end = Some(End::Violation(Violation::TooLarge));
                }
                Err(violation) => received.end = Some(End::Violation(violation)),
            }
        };
        tally.tell(&self.counters);
        (used, needed)
    }

    fn take_packet(
        &mut self,
        first: u8,
        body: &[u8],
        in_flight: u32,
        received: &mut Received,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        match Packet::read(self.version, first, body)? {
            Packet::Publish(publish) => self.take_publish(&publish, in_flight, received, tally)?,
            Packet::PingReq => received.pings += 1,
            Packet::Subscribe { id, subscribes, identifier, filters } => {
                let filters = filters.into();
                received.requests.push(Request { id, subscribes, identifier, filters });
            }
            Packet::PubAck { id } => self.listeners.acknowledged(&self.listener, id),
            Packet::PubRel { id } => self.take_release(id, received),
            Packet::Disconnect { reason, session_lifetime } => {
                // 3.14.2.2.2: a session that was to end with its connection cannot be made to last now.
                if !self.has_lasting_session && session_lifetime.is_some_and(|seconds| seconds > 0) {
                    return Err(Violation::Protocol("a session of lifetime 0 cannot be prolonged"));
                }
                received.end = Some(End::Goodbye { with_will: reason != Reason::SUCCESS, session_lifetime });
            }
        }
        Ok(())
    }

    fn take_publish(
        &mut self,
        publish: &Publish<'_>,
        in_flight: u32,
        received: &mut Received,
        tally: &mut Tally,
    ) -> Result<(), Violation> {
        let &Publish { topic, alias, payload, id, once, retain, again, content_type, content_encoding } =
            publish;
        if let Some(id) = id
            && self.version == Version::V5
            && !self.open_here.contains(&id)
            && in_flight as usize + received.settling + self.open_here.len() >= self.receive_maximum
        {
            return Err(Violation::ReceiveMaximum);
        }
        let of_alias;
        let topic = match alias {
            Some(alias) if topic.is_empty() => {
                of_alias = self.aliases.topic(alias)?;
                &of_alias
            }
            Some(alias) => {
                self.aliases.set(alias, topic)?;
                topic
            }
            None => topic,
        };
        let mut exchange = None;
        if let (Some(id), true) = (id, once) {
            let mark = self.may_mark(topic).then(|| mark_of(topic, payload));
            let is_kept = self.has_lasting_session;
            match self.exchanges.publish(id, again, mark, &mut received.opening, is_kept) {
                Taken::New => {
                    exchange = Some(ExchangeName { session: self.exchanges.number(), id, mark }.to_string());
                }
                Taken::Again(on_its_way) => {
                    received.others.extend(on_its_way);
                    received.acks.push(Ack::pub_rec(id, Reason::SUCCESS));
                    let _here = self.open_here.insert(id);
                    return Ok(());
                }
                Taken::TooMany => return Err(Violation::Exchanges),
            }
        }
        // What is not said is left out.
        let known = [
            (Attribute::ContentType, content_type.unwrap_or_default()),
            (Attribute::ContentEncoding, content_encoding.unwrap_or_default()),
            (Attribute::Retained, if retain { "1" } else { "" }),
            (Attribute::Again, if again { "1" } else { "" }),
            (
                Attribute::Exchange,
                exchange.as_deref().filter(|_| self.has_lasting_session).unwrap_or_default(),
            ),
        ];
        let reason = self.push(topic, Content::Raw, &known, payload, &mut received.chunk, tally);
        let Some(id) = id else { return Ok(()) };
        let ack = if once { Ack::pub_rec(id, reason) } else { Ack::pub_ack(id, reason) };
        if once && self.ends_exchange(reason) {
            received.opening.iter_mut().for_each(Opening::is_refused);
            let _over = self.open_here.remove(&id);
        } else if once {
            let place = received.chunk.len().saturating_sub(1);
            received.opening.iter_mut().for_each(|opening| opening.lies_at(place));
            let _here = self.open_here.insert(id);
        }
        received.settling += usize::from(ack.settles(self.version));
        received.acks.push(ack);
        Ok(())
    }

    /// Whether something of a publish may be kept beside it: it belongs to a feed, and that tells of no person.
    fn may_mark(&mut self, topic: &str) -> bool {
        match self.topics.topic(&self.routes, topic, &self.sender) {
            Routed::Feed(feed) => !self.personal.contains(&feed.id),
            Routed::Forbidden(_) | Routed::Unmatched => false,
        }
    }

    /// Whether PUBREC with that reason is the end of it: 3.1.1 has no way to say so, and goes on.
    fn ends_exchange(&self, reason: Reason) -> bool {
        self.version == Version::V5 && reason.is_refusal()
    }

    fn take_release(&mut self, id: u16, received: &mut Received) {
        let _here = self.open_here.remove(&id);
        let reason = match self.exchanges.release(id, self.has_lasting_session) {
            Release::Done(on_its_way) => {
                received.others.extend(on_its_way);
                Reason::SUCCESS
            }
            // What was released before and comes again, because its PUBCOMP was lost.
            Release::Unknown if self.is_resumed => Reason::SUCCESS,
            // Brought along from another broker.
            Release::Unknown => Reason::PACKET_ID_NOT_FOUND,
        };
        // Also of what is unknown: it may have been released by a connection that was told nothing, and be unwritten.
        received.has_released |= self.has_lasting_session;
        received.acks.push(Ack::pub_comp(id, reason));
    }

    /// Records a publish that is too large to be taken, without its bytes. If even its topic is not there yet, says
    /// how many bytes that needs; a packet limit is never below this.
    fn take_oversize(
        &mut self,
        first: u8,
        head: usize,
        length: usize,
        bytes: &[u8],
        received: &mut Received,
        tally: &mut Tally,
    ) -> Option<usize> {
        if first >> 4 != 3 {
            return None;
        }
        let Some([high, low]) = bytes.get(head..head + 2) else {
            return Some(head + 2);
        };
        let with_topic = head + 2 + usize::from(u16::from_be_bytes([*high, *low]));
        if with_topic > length {
            return None;
        }
        if bytes.len() < with_topic {
            return Some(with_topic);
        }
        let of_alias;
        let topic = match topic_of_oversized(first, &bytes[head..with_topic]) {
            Some("") if self.version == Version::V5 => {
                match alias_of_oversized(first, &bytes[head..bytes.len().min(length)]) {
                    Ok(alias) => {
                        of_alias = alias.and_then(|alias| self.aliases.topic(alias).ok());
                        of_alias.as_deref()
                    }
                    // No longer than a packet that is taken.
                    Err(needed) if head + needed <= self.packet_limit => return Some(head + needed),
                    Err(_) => None,
                }
            }
            topic => topic.filter(|topic| !topic.is_empty()),
        };
        if let Some(topic) = topic {
            let description = format!(r#"{{"reason":"too_large","bytes":{length}}}"#);
            let _reason =
                self.push(topic, Content::Withheld, &[], description.as_bytes(), &mut received.chunk, tally);
            tally.oversize += 1;
        }
        None
    }

    /// Puts an envelope under its feed; of one over its feed's limit only size and hash. The reason is what a PUBACK
    /// of version 5 says of it. What the routing finds is recorded with it: nobody else may send to another's feed when
    /// rights have changed (invariant WHO).
    pub(super) fn push(
        &mut self,
        topic: &str,
        content: Content,
        known: &[(Attribute, &str)],
        payload: &[u8],
        chunk: &mut ChunkBuilder,
        tally: &mut Tally,
    ) -> Reason {
        tally.publishes += 1;
        // A PUBREC that refuses is the end of the exchange: what comes under its identifier then is another one.
        let without_exchange = || -> Vec<(Attribute, &str)> {
            known.iter().filter(|(attribute, _)| *attribute != Attribute::Exchange).copied().collect()
        };
        let is_v5 = self.version == Version::V5;
        let (feed, reason) = match self.topics.topic(&self.routes, topic, &self.sender) {
            Routed::Feed(feed) => {
                if payload.len() > feed.contract.max_bytes {
                    tally.oversize += 1;
                    let mut digest = Digest::default();
                    digest.update(payload);
                    let description = Withheld::too_large(digest).to_json();
                    let known = if is_v5 { &without_exchange() } else { known };
                    chunk.push_with(&feed.id, Content::Withheld, topic, known, description.as_bytes());
                    return Reason::QUOTA_EXCEEDED;
                }
                if holds_nothing(payload) {
                    tally.empty += 1;
                    (feed.id.as_str(), Reason::PAYLOAD_FORMAT_INVALID)
                } else {
                    (feed.id.as_str(), Reason::SUCCESS)
                }
            }
            Routed::Forbidden(feed) => {
                tally.forbidden += 1;
                tracing::debug!(
                    sender = self.sender.name,
                    feed = feed.id,
                    topic,
                    "published to a feed of others"
                );
                let known = if is_v5 { &without_exchange() } else { known };
                let forbidden = [known, &[(Attribute::Forbidden, &feed.id)]].concat();
                chunk.push_with(UNMATCHED, content, topic, &forbidden, payload);
                return Reason::NOT_AUTHORIZED;
            }
            Routed::Unmatched => {
                tally.unmatched += 1;
                tracing::debug!(sender = self.sender.name, topic, "published to a topic no feed claims");
                (UNMATCHED, Reason::NO_MATCHING_SUBSCRIBERS)
            }
        };
        if is_v5 && reason.is_refusal() {
            chunk.push_with(feed, content, topic, &without_exchange(), payload);
        } else {
            chunk.push_with(feed, content, topic, known, payload);
        }
        reason
    }
}

/// Counted locally, told to the shared counters once per chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    publishes: u64,
    unmatched: u64,
    forbidden: u64,
    oversize: u64,
    empty: u64,
}

impl Tally {
    pub(super) fn tell(self, counters: &MqttCounters) {
        counters.publishes.add(self.publishes);
        counters.unmatched.add(self.unmatched);
        counters.forbidden.add(self.forbidden);
        counters.oversize.add(self.oversize);
        counters.empty.add(self.empty);
    }
}

#[cfg(test)]
mod tests {
    use ioc_bus::ChunkView;
    use ioc_model::{
        position::{LogNumber, Offset, Partition},
        time::ReceivedAt,
    };

    use super::*;
    use crate::transport::mqtt::{exchanges::Exchanges, session::ClientKey};

    fn reception(version: Version) -> Reception {
        Reception {
            version,
            routes: Arc::new(Routes::of_pack(&Arc::new(ioc_testing::pack(
                "test",
                Vec::new(),
                Vec::new(),
                Vec::new(),
            )))),
            sender: Arc::new(Sender {
                name: "gateway".into(),
                feeds: vec![],
                subjects: vec![],
                certificate: None,
            }),
            counters: Arc::default(),
            packet_limit: 100,
            receive_maximum: 2,
            has_lasting_session: false,
            is_resumed: false,
            personal: Vec::new(),
            exchanges: Exchanges::new(Arc::default()).begin("gateway"),
            open_here: FxHashSet::default(),
            aliases: Aliases::default(),
            topics: TopicCache::default(),
            listener: Listeners::default().enter(&ClientKey::new("gateway", "a"), &Arc::default()),
            listeners: Arc::default(),
        }
    }

    fn envelopes(received: &mut Received) -> Vec<(String, Content, String, Vec<u8>)> {
        let view =
            ChunkView::parse(received.chunk.finish(ReceivedAt(0)).bytes().to_vec().into()).expect("a chunk");
        view.iter(LogNumber(0), Partition(0), Offset(0))
            .map(|e| (e.feed.to_owned(), e.content, e.address.to_owned(), e.payload.to_owned()))
            .collect()
    }

    #[test]
    fn what_a_publish_says_of_its_payload_is_recorded_with_it() {
        let mut reception = reception(Version::V5);
        // Sent again, to be kept, and packed.
        let properties = b"\x03\x00\x03a/b\x26\x00\x10content-encoding\x00\x04gzip";
        let body = [&b"\x00\x01a\x00\x07"[..], &[properties.len() as u8], properties, b"x"].concat();
        for (first, body, expected) in [
            (
                0x3b,
                &body[..],
                &[("content_type", "a/b"), ("content_encoding", "gzip"), ("retained", "1"), ("again", "1")][..],
            ),
            (0x30, b"\x00\x01a\x00x", &[]),
        ] {
            let mut received = Received::default();
            let bytes = [&[first, body.len() as u8][..], body].concat();
            let (used, _) = reception.take_in(&bytes, 0, &mut received);
            assert_eq!(used, bytes.len());
            let chunk = received.chunk.finish(ReceivedAt(0)).bytes().to_vec();
            let view = ChunkView::parse(chunk.into()).expect("a chunk");
            let all: Vec<_> = view.iter(LogNumber(0), Partition(0), Offset(0)).collect();
            let [envelope] = &all[..] else { panic!("{all:?}") };
            let known: Vec<_> = envelope.attributes.iter().collect();
            let known: Vec<(&str, &str)> = known.iter().map(|(word, text)| (word.as_str(), *text)).collect();
            assert_eq!(known, expected);
            assert_eq!(envelope.payload, b"x");
        }
    }

    #[test]
    fn one_read_makes_one_chunk_and_answers_in_order() {
        let mut reception = reception(Version::V311);
        let mut received = Received::default();
        let bytes = b"\x32\x06\x00\x01a\x00\x07x\xc0\x00\x30\x04\x00\x01by\x82\x06\x00\x05\x00\x01c\x00\x32\x07\x00\x01a";
        let (used, needed) = reception.take_in(bytes, 0, &mut received);
        assert_eq!((used, needed), (bytes.len() - 5, 9));
        assert_eq!(received.acks, [Ack::pub_ack(7, Reason::NO_MATCHING_SUBSCRIBERS)]);
        assert_eq!(received.pings, 1);
        let filters = b"\x00\x01c\x00"[..].into();
        assert_eq!(received.requests, [Request { id: 5, subscribes: true, identifier: None, filters }]);
        assert_eq!(received.end, None);
        let expected =
            |topic: &str, payload: &[u8]| (UNMATCHED.into(), Content::Raw, topic.into(), payload.into());
        assert_eq!(envelopes(&mut received), [expected("a", b"x"), expected("b", b"y")]);
        let counts = reception.counters.snapshot();
        assert_eq!((counts.publishes, counts.unmatched), (2, 2));
    }

    #[test]
    fn balance_an_oversize_publish_is_recorded_without_its_bytes_as_soon_as_its_topic_is_there() {
        let mut reception = reception(Version::V5);
        let packet = b"\x30\xff\xff\x7f\x00\x03a/bpayload";
        for end in 4..9 {
            let mut received = Received::default();
            let (used, needed) = reception.take_in(&packet[..end], 0, &mut received);
            assert!(used == 0 && needed > end && needed <= 9 && received.end.is_none(), "{end}");
        }
        let mut received = Received::default();
        let _used = reception.take_in(packet, 0, &mut received);
        assert_eq!(received.end, Some(End::Violation(Violation::TooLarge)));
        let description = br#"{"reason":"too_large","bytes":2097155}"#.to_vec();
        assert_eq!(
            envelopes(&mut received),
            [(UNMATCHED.into(), Content::Withheld, "a/b".into(), description)]
        );
        assert_eq!(reception.counters.snapshot().oversize, 1);
        for other in [&b"\xc0\xff\x7f"[..], b"\x30\xff\x7f\xff\xff", b"\x30\xff\x7f\x00\x01#"] {
            let mut received = Received::default();
            let _used = reception.take_in(other, 0, &mut received);
            assert_eq!(received.end, Some(End::Violation(Violation::TooLarge)), "{other:x?}");
            assert!(received.chunk.is_empty());
        }
    }

    #[test]
    fn balance_an_oversize_publish_is_recorded_under_the_topic_of_its_alias() {
        let mut reception = reception(Version::V5);
        let mut received = Received::default();
        let _used = reception.take_in(
            b"\x30\x09\x00\x03a/b\x03\x23\x00\x07\x30\x07\x00\x00\x03\x23\x00\x07x",
            0,
            &mut received,
        );
        let both = [("a/b".to_owned(), vec![]), ("a/b".to_owned(), b"x".to_vec())];
        let stored: Vec<_> =
            envelopes(&mut received).into_iter().map(|(_, _, topic, payload)| (topic, payload)).collect();
        assert_eq!(stored, both);
        let packet = b"\x32\xff\xff\x7f\x00\x00\x00\x01\x03\x23\x00\x07payload";
        for end in 4..packet.len() - 7 {
            let mut received = Received::default();
            let (used, needed) = reception.take_in(&packet[..end], 0, &mut received);
            assert!(used == 0 && needed > end && received.end.is_none(), "{end}");
        }
        let mut received = Received::default();
        let _used = reception.take_in(packet, 0, &mut received);
        assert_eq!(received.end, Some(End::Violation(Violation::TooLarge)));
        let description = br#"{"reason":"too_large","bytes":2097155}"#.to_vec();
        assert_eq!(
            envelopes(&mut received),
            [(UNMATCHED.into(), Content::Withheld, "a/b".into(), description)]
        );
    }

    #[test]
    fn bound_version_5_may_not_exceed_the_receive_maximum() {
        let bytes = b"\x32\x06\x00\x01a\x00\x07\x00\x32\x06\x00\x01a\x00\x08\x00".repeat(2);
        for (version, in_flight, acks, is_violation) in
            [(Version::V5, 0, 2, true), (Version::V5, 1, 1, true), (Version::V311, 9, 4, false)]
        {
            let mut received = Received::default();
            let _used = reception(version).take_in(&bytes, in_flight, &mut received);
            assert_eq!(received.acks.len(), acks);
            assert_eq!(received.end == Some(End::Violation(Violation::ReceiveMaximum)), is_violation);
        }
    }

    #[test]
    fn safe_what_came_before_a_violation_is_kept_and_nothing_after_it_is() {
        let mut reception = reception(Version::V311);
        let mut received = Received::default();
        let _used = reception.take_in(
            b"\x32\x06\x00\x01a\x00\x07x\x36\x06\x00\x01a\x00\x08x\x32\x06\x00\x01a\x00\x09x",
            0,
            &mut received,
        );
        let violation = Violation::Malformed("quality of service 3");
        assert_eq!(received.end, Some(End::Violation(violation)));
        assert_eq!((received.chunk.len(), received.acks.len()), (1, 1));
    }

    #[test]
    fn a_goodbye_says_what_becomes_of_will_and_session() {
        let cases: [(&[u8], bool, End); 4] = [
            (b"\xe0\x00", false, End::Goodbye { with_will: false, session_lifetime: None }),
            (b"\xe0\x01\x04", false, End::Goodbye { with_will: true, session_lifetime: None }),
            (
                b"\xe0\x07\x00\x05\x11\x00\x00\x00\x09",
                true,
                End::Goodbye { with_will: false, session_lifetime: Some(9) },
            ),
            (
                b"\xe0\x07\x00\x05\x11\x00\x00\x00\x09",
                false,
                End::Violation(Violation::Protocol("a session of lifetime 0 cannot be prolonged")),
            ),
        ];
        for (bytes, has_lasting_session, end) in cases {
            let mut received = Received::default();
            let mut reception = Reception { has_lasting_session, ..reception(Version::V5) };
            let _used = reception.take_in(bytes, 0, &mut received);
            assert_eq!(received.end, Some(end));
        }
    }
}

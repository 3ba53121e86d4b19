//! What one sender hands over at once: some envelopes, appended together and acknowledged together. It says who the
//! sender is, and what is known of each envelope beside its bytes ([`attribute`]).
//!
//! A chunk is encoded by its sender and never re-encoded: the committer writes the bytes as they are, the dataflow
//! reads envelopes out of them in place. It counts its envelopes by feed, so that the log can say how many of each
//! feed lie between two positions without decoding any (invariant BALANCE).
//!
//! Layout, little-endian:
//!
//! ```text
//! received_at i64 | envelopes u32 | feeds u16 | attributes length u16
//! attributes of all
//! feeds ×     ( count u32 | name length u8 | name )
//! envelopes × ( feed u16 | content u8 | reserved u8 | address length u16 | attributes length u16 | payload length u32
//!               | address | attributes | payload )
//! ```
//!
//! Where the two attributes' lengths stand, older logs have zeros: theirs are chunks of which nothing more is known.

use bytes::{Bytes, BytesMut};
use ioc_model::{
    attribute::{self, Attribute, Attributes},
    envelope::{Content, Envelope},
    position::{LogNumber, Offset, Partition, Position},
    time::ReceivedAt,
};

const HEAD: usize = 16;
const ENVELOPE_HEAD: usize = 12;
/// The longest feed name.
pub const MAX_FEED_NAME: usize = 64;
/// The longest address (an MQTT topic's limit).
pub(crate) const MAX_ADDRESS: usize = u16::MAX as usize;

/// Collects envelopes into a [`Chunk`].
#[derive(Debug, Default)]
pub struct ChunkBuilder {
    feeds: Vec<(Box<str>, u32)>,
    body: BytesMut,
    envelopes: u32,
    attributes: Vec<u8>,
}

/// What is known of everything a sender hands over: encoded once, when it is known, and not for every chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin(Box<[u8]>);

impl Origin {
    /// The attributes of all that comes from there.
    ///
    /// # Panics
    /// If they have more than 64 KiB together, which [`attribute::MAX_TEXT`] keeps them from.
    #[must_use]
    pub fn of(attributes: &[(Attribute, &str)]) -> Origin {
        let mut bytes = Vec::new();
        for (attribute, text) in attributes {
            attribute::write(&mut bytes, *attribute, text);
        }
        assert!(u16::try_from(bytes.len()).is_ok(), "attributes are few");
        Origin(bytes.into())
    }

    /// Nothing but who sent it.
    #[must_use]
    pub fn sender(name: &str) -> Origin {
        Origin::of(&[(Attribute::Sender, name)])
    }
}

impl ChunkBuilder {
    /// An empty one.
    #[must_use]
    pub fn new() -> ChunkBuilder {
        ChunkBuilder::default()
    }

    /// Adds an envelope of which nothing more is known.
    ///
    /// # Panics
    /// As [`ChunkBuilder::push_with`].
    pub fn push(&mut self, feed: &str, content: Content, address: &str, payload: &[u8]) {
        self.push_with(feed, content, address, &[], payload);
    }

    /// Adds an envelope.
    ///
    /// # Panics
    /// If the feed's name is longer than [`MAX_FEED_NAME`] or the address longer than [`MAX_ADDRESS`]: both are
    /// bounded where they enter. If its attributes have more than 64 KiB, which [`attribute::MAX_TEXT`] keeps them
    /// from.
    pub fn push_with(
        &mut self,
        feed: &str,
        content: Content,
        address: &str,
        attributes: &[(Attribute, &str)],
        payload: &[u8],
    ) {
        assert!(feed.len() <= MAX_FEED_NAME, "a feed name is bounded by its pack");
        assert!(address.len() <= MAX_ADDRESS, "an address is bounded by its transport");
        let index = self.feed_index(feed);
        self.feeds[index].1 += 1;
        self.envelopes += 1;
        let mut head = [0u8; ENVELOPE_HEAD];
        head[0..2].copy_from_slice(&(index as u16).to_le_bytes());
        head[2] = content as u8;
        self.attributes.clear();
        for (attribute, text) in attributes {
            attribute::write(&mut self.attributes, *attribute, text);
        }
        let attributes_length = u16::try_from(self.attributes.len()).expect("attributes are few");
        head[4..6].copy_from_slice(&(address.len() as u16).to_le_bytes());
        head[6..8].copy_from_slice(&attributes_length.to_le_bytes());
        let length = u32::try_from(payload.len()).expect("a payload is bounded by its transport");
        head[8..12].copy_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&head);
        self.body.extend_from_slice(address.as_bytes());
        self.body.extend_from_slice(&self.attributes);
        self.body.extend_from_slice(payload);
    }

    fn feed_index(&mut self, feed: &str) -> usize {
        // A sender speaks for one or two feeds: a scan beats a map.
        match self.feeds.iter().position(|(name, _)| &**name == feed) {
            Some(index) => index,
            None => {
                self.feeds.push((feed.into(), 0));
                self.feeds.len() - 1
            }
        }
    }

    /// The feeds of its envelopes.
    pub fn feeds(&self) -> impl Iterator<Item = &str> {
        self.feeds.iter().map(|(name, _)| &**name)
    }

    /// How many envelopes it holds.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.envelopes
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.envelopes == 0
    }

    /// How many bytes of envelopes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The chunk, received at that moment from a sender nobody knows; the builder is empty afterwards.
    pub fn finish(&mut self, received_at: ReceivedAt) -> Chunk {
        self.finish_from(&Origin::default(), received_at)
    }

    /// The chunk, received from there at that moment; the builder is empty afterwards.
    pub fn finish_from(&mut self, origin: &Origin, received_at: ReceivedAt) -> Chunk {
        let table: usize = self.feeds.iter().map(|(name, _)| 5 + name.len()).sum();
        let mut bytes = BytesMut::with_capacity(HEAD + origin.0.len() + table + self.body.len());
        bytes.extend_from_slice(&received_at.0.to_le_bytes());
        bytes.extend_from_slice(&self.envelopes.to_le_bytes());
        bytes.extend_from_slice(&(self.feeds.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&(origin.0.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&origin.0);
        for (name, count) in self.feeds.drain(..) {
            bytes.extend_from_slice(&count.to_le_bytes());
            bytes.extend_from_slice(&[name.len() as u8]);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(&self.body);
        self.body.clear();
        self.envelopes = 0;
        Chunk { bytes }
    }
}

/// A finished chunk on its way to the log.
#[derive(Clone, Debug)]
pub struct Chunk {
    bytes: BytesMut,
}

impl Chunk {
    /// Its encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many envelopes it holds.
    #[must_use]
    pub fn envelopes(&self) -> u32 {
        u32::from_le_bytes(self.bytes[8..12].try_into().expect("4 bytes"))
    }

    /// When it was received.
    #[must_use]
    pub fn received_at(&self) -> ReceivedAt {
        ReceivedAt(i64::from_le_bytes(self.bytes[0..8].try_into().expect("8 bytes")))
    }

    /// Moves received-at up to that moment if it lies before: the committer keeps a partition's arrivals from
    /// going back when the machine's clock does.
    pub(crate) fn raise_received_at(&mut self, at_least: ReceivedAt) {
        let received_at = self.received_at().max(at_least);
        self.bytes[0..8].copy_from_slice(&received_at.0.to_le_bytes());
    }
}

/// A chunk read back from a log.
#[derive(Clone, Debug)]
pub struct ChunkView {
    bytes: Bytes,
    /// Where the attributes of all end.
    attributes: usize,
    feeds: Vec<(Box<str>, u32)>,
    body: usize,
}

/// Stored bytes that are no chunk.
#[derive(Debug, thiserror::Error)]
#[error("not a chunk: {0}")]
pub struct InvalidChunk(&'static str);

impl ChunkView {
    /// Checks a chunk's layout, whole, so that reading its envelopes cannot fail afterwards.
    ///
    /// # Errors
    /// If the bytes are not exactly one chunk.
    pub fn parse(bytes: Bytes) -> Result<ChunkView, InvalidChunk> {
        let mut feeds = Vec::new();
        let head = bytes.get(..HEAD).ok_or(InvalidChunk("shorter than its head"))?;
        let envelopes = u32::from_le_bytes(head[8..12].try_into().expect("4 bytes"));
        let feed_count = u16::from_le_bytes(head[12..14].try_into().expect("2 bytes"));
        let attributes = HEAD + usize::from(u16::from_le_bytes(head[14..16].try_into().expect("2 bytes")));
        if !bytes.get(HEAD..attributes).is_some_and(attribute::are_valid) {
            return Err(InvalidChunk("no attributes of all"));
        }
        let mut at = attributes;
        for _ in 0..feed_count {
            let entry = bytes.get(at..at + 5).ok_or(InvalidChunk("feed table cut off"))?;
            let count = u32::from_le_bytes(entry[0..4].try_into().expect("4 bytes"));
            let length = usize::from(entry[4]);
            let name = bytes.get(at + 5..at + 5 + length).ok_or(InvalidChunk("feed name cut off"))?;
            let name = std::str::from_utf8(name).map_err(|_| InvalidChunk("feed name not UTF-8"))?;
            feeds.push((Box::from(name), count));
            at += 5 + length;
        }
        let body = at;
        let mut counted = vec![0u32; feeds.len()];
        for _ in 0..envelopes {
            let record = RecordHead::read(&bytes, at).ok_or(InvalidChunk("envelope cut off"))?;
            let count = counted.get_mut(record.feed).ok_or(InvalidChunk("feed not in table"))?;
            *count += 1;
            if Content::from_u8(record.content).is_none() {
                return Err(InvalidChunk("unknown content"));
            }
            let address = bytes.get(record.address.clone()).ok_or(InvalidChunk("address cut off"))?;
            if std::str::from_utf8(address).is_err() {
                return Err(InvalidChunk("address not UTF-8"));
            }
            if !bytes.get(record.attributes.clone()).is_some_and(attribute::are_valid) {
                return Err(InvalidChunk("no attributes"));
            }
            if record.payload.end > bytes.len() {
                return Err(InvalidChunk("payload cut off"));
            }
            at = record.payload.end;
        }
        if at != bytes.len() {
            return Err(InvalidChunk("bytes left over"));
        }
        if counted.iter().zip(&feeds).any(|(counted, (_, stated))| counted != stated) {
            return Err(InvalidChunk("feed counts do not add up"));
        }
        Ok(ChunkView { bytes, attributes, feeds, body })
    }

    /// Its encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many envelopes it holds.
    #[must_use]
    pub fn envelopes(&self) -> u32 {
        u32::from_le_bytes(self.bytes[8..12].try_into().expect("4 bytes"))
    }

    /// When it was received.
    #[must_use]
    pub fn received_at(&self) -> ReceivedAt {
        ReceivedAt(i64::from_le_bytes(self.bytes[0..8].try_into().expect("8 bytes")))
    }

    /// Who handed it over; empty where that was not recorded.
    #[must_use]
    pub fn sender(&self) -> &str {
        Attributes::new(self.attributes_of_all(), &[]).sender()
    }

    fn attributes_of_all(&self) -> &[u8] {
        &self.bytes[HEAD..self.attributes]
    }

    /// Its envelopes by feed.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u32)> {
        self.feeds.iter().map(|(name, count)| (&**name, *count))
    }

    /// Its envelopes, the first of which has the offset `base`.
    pub fn iter(
        &self,
        log: LogNumber,
        partition: Partition,
        base: Offset,
    ) -> impl Iterator<Item = Envelope<'_>> {
        let received_at = self.received_at();
        let common = self.attributes_of_all();
        let mut at = self.body;
        (0..u64::from(self.envelopes())).map(move |index| {
            let record = RecordHead::read(&self.bytes, at).expect("checked by parse");
            at = record.payload.end;
            Envelope {
                position: Position { log, partition, offset: Offset(base.0 + index) },
                feed: &self.feeds[record.feed].0,
                received_at,
                content: Content::from_u8(record.content).expect("checked by parse"),
                address: std::str::from_utf8(&self.bytes[record.address]).expect("checked by parse"),
                attributes: Attributes::new(common, &self.bytes[record.attributes]),
                payload: &self.bytes[record.payload],
            }
        })
    }
}

struct RecordHead {
    feed: usize,
    content: u8,
    address: std::ops::Range<usize>,
    attributes: std::ops::Range<usize>,
    payload: std::ops::Range<usize>,
}

impl RecordHead {
    fn read(bytes: &[u8], at: usize) -> Option<RecordHead> {
        let head = bytes.get(at..at.checked_add(ENVELOPE_HEAD)?)?;
        let address_length = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let payload_length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        let address = at + ENVELOPE_HEAD..at + ENVELOPE_HEAD + address_length;
        let attributes = address.end..address.end + usize::from(u16::from_le_bytes([head[6], head[7]]));
        let payload = attributes.end..attributes.end.checked_add(payload_length)?;
        Some(RecordHead {
            feed: usize::from(u16::from_le_bytes([head[0], head[1]])),
            content: head[2],
            address,
            attributes,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Chunk {
        let mut builder = ChunkBuilder::new();
        builder.push("air", Content::Raw, "sensors/a", b"{}");
        builder.push("water", Content::Raw, "sensors/b", b"");
        let retained = [(Attribute::Retained, "1")];
        builder.push_with("air", Content::Withheld, "sensors/c", &retained, b"xyz");
        let origin = Origin::of(&[(Attribute::Sender, "gateway-1"), (Attribute::Peer, "192.0.2.7:4711")]);
        builder.finish_from(&origin, ReceivedAt(7))
    }

    #[test]
    fn who_a_chunk_names_its_sender_and_an_envelope_what_is_known_of_it() {
        let chunk = ChunkView::parse(Bytes::copy_from_slice(sample().bytes())).unwrap();
        assert_eq!(chunk.sender(), "gateway-1");
        let envelopes: Vec<_> = chunk.iter(LogNumber(1), Partition(2), Offset(40)).collect();
        assert!(envelopes.iter().all(|envelope| envelope.attributes.sender() == "gateway-1"));
        let retained = |at: usize| envelopes[at].attributes.get(Attribute::Retained);
        assert_eq!((retained(0), retained(2)), (None, Some("1")));
        assert_eq!(envelopes[2].payload, b"xyz");
    }

    #[test]
    fn a_chunk_of_an_older_log_is_one_of_which_nothing_more_is_known() {
        let written = [
            &7i64.to_le_bytes()[..],
            &1u32.to_le_bytes(),
            &1u16.to_le_bytes(),
            &[0, 0],
            &1u32.to_le_bytes(),
            b"\x03air",
            &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0],
            b"a{}",
        ];
        let chunk = ChunkView::parse(Bytes::from(written.concat())).unwrap();
        let envelope = chunk.iter(LogNumber(1), Partition(0), Offset(0)).next().unwrap();
        assert_eq!((envelope.address, envelope.payload, chunk.sender()), ("a", &b"{}"[..], ""));
        assert!(envelope.attributes.is_empty());
    }

    #[test]
    fn a_chunk_gives_back_its_envelopes_and_counts_them_by_feed() {
        let chunk = ChunkView::parse(Bytes::copy_from_slice(sample().bytes())).unwrap();
        let counts: Vec<_> = chunk.counts().collect();
        assert_eq!(counts, [("air", 2), ("water", 1)]);
        let envelopes: Vec<_> = chunk.iter(LogNumber(1), Partition(2), Offset(40)).collect();
        assert_eq!(envelopes.len(), 3);
        assert_eq!(envelopes[2].position.offset, Offset(42));
        assert_eq!(envelopes[2].content, Content::Withheld);
        assert_eq!(
            (envelopes[1].feed, envelopes[1].address, envelopes[1].payload),
            ("water", "sensors/b", &b""[..])
        );
        assert_eq!(envelopes[0].received_at, ReceivedAt(7));
    }

    #[test]
    fn received_at_is_raised_and_never_lowered() {
        let mut chunk = sample();
        chunk.raise_received_at(ReceivedAt(3));
        assert_eq!(chunk.received_at(), ReceivedAt(7));
        chunk.raise_received_at(ReceivedAt(9));
        assert_eq!(chunk.received_at(), ReceivedAt(9));
    }

    #[test]
    fn a_chunk_cut_anywhere_is_no_chunk() {
        let chunk = sample();
        for end in 0..chunk.bytes().len() {
            assert!(ChunkView::parse(Bytes::copy_from_slice(&chunk.bytes()[..end])).is_err(), "cut at {end}");
        }
    }
}

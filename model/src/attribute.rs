//! What is known of an envelope beside its bytes: who sent it, from where, and where it lay before it came.
//!
//! Transports write attributes once, when they receive; nobody guesses them again. They travel with the envelope to
//! the archive and are shown where a number is opened down to its bytes. The dataflow reads some of them (who sent
//! it, what routing found, whom its sender may speak of), so an epoch depends on what was true when it arrived, not
//! on today's list of senders (invariants WHO, REPLAY).
//!
//! Encoded one after the other, little-endian: `key u8 | length u16 | text`. What is known of everything a sender
//! handed over at once stands once, before what is known of a single envelope. A key this program does not know is
//! kept and shown by its number.

/// What an attribute says. The numbers are part of the log's and the archive's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Attribute {
    /// Who sent it: the login, the certificate's subject, the source a file was dropped by.
    Sender = 1,
    /// The network address it came from.
    Peer = 2,
    /// Whom its sender may speak of: patterns of subjects, separated by spaces; everybody where there is none.
    BoundTo = 3,
    /// Of an envelope no feed took: the feed that claims its address, whose sender may not send to it.
    Forbidden = 4,
    /// The media type its sender states.
    ContentType = 5,
    /// The encoding its sender states.
    ContentEncoding = 6,
    /// The sender asked a broker to keep it (MQTT's RETAIN), or a broker had kept it: `1`.
    Retained = 7,
    /// What a sender left to be published when it is gone (MQTT's will): `1`.
    Will = 8,
    /// Where it lay at its origin: a file and byte, rows of a database.
    Origin = 9,
    /// What the transport found wrong with the bytes themselves: they are a piece of something, and no message
    /// ([`FramingFault`](crate::framing::FramingFault)), or stand for what is lost ([`Loss`](crate::loss::Loss)).
    Fault = 10,
    /// Of a piece of a file, whole lines: what lay before it in the file
    /// ([`RunningHash`](crate::running_hash::RunningHash)).
    Before = 11,
    /// Of a message that tells of persons: it was reduced before it was kept, by that version of the pack. The payload is
    /// what was left of it.
    Reduced = 12,
    /// Of rows that a source was asked for: how much of them this is ([`Asked`]).
    Asked = 13,
    /// Its sender says that what may be a mistake in it is meant: `1`.
    Confirmed = 14,
    /// The obligation that a report was sent for ([`ObligationKey`](crate::form::ObligationKey)).
    Owed = 15,
    /// Of a record of a broker: its topic, partition, offset, and the topic's identity ([`RecordPlace`]).
    Record = 16,
    /// Of a record of a broker: its key.
    Key = 17,
    /// Of a record of a broker: its headers, as a list of pairs in JSON.
    Headers = 18,
    /// When its origin says that it was written. RFC 3339.
    Written = 19,
    /// Its sender says that it may have been sent before (MQTT's DUP): `1`.
    Again = 20,
    /// The name in the client certificate that its sender logged in with.
    Certificate = 21,
    /// The exchange it opened with its sender (MQTT's quality of service 2), by which it is known when it comes again: the
    /// session's number, the packet identifier, and what its content is known by.
    Exchange = 22,
}

/// Where a record of a broker lay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPlace<'p> {
    /// The topic's name. It holds no blank.
    pub topic: &'p str,
    /// The partition of it.
    pub partition: i32,
    /// The record's offset there.
    pub offset: u64,
    /// What tells the topic from another one of its name; empty where the broker does not say.
    pub topic_id: &'p str,
}

impl<'p> RecordPlace<'p> {
    /// From the attribute's text; none if it is none.
    #[must_use]
    pub fn parse(text: &'p str) -> Option<RecordPlace<'p>> {
        let mut words = text.splitn(4, ' ');
        let (topic, partition, offset) = (words.next()?, words.next()?, words.next()?);
        let topic_id = words.next().unwrap_or_default();
        Some(RecordPlace {
            topic,
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
            topic_id,
        })
    }
}

impl std::fmt::Display for RecordPlace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RecordPlace { topic, partition, offset, topic_id } = self;
        write!(f, "{topic} {partition} {offset}")?;
        if topic_id.is_empty() { Ok(()) } else { write!(f, " {topic_id}") }
    }
}

/// How much of what a source has is in a message that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A page: what is not in it may be in another one, and nothing is absent.
    Page,
    /// All of a period.
    Whole,
}

impl Asked {
    /// The attribute's text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Asked::Page => "page",
            Asked::Whole => "whole",
        }
    }

    /// From the attribute's text; none if it is none.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Asked> {
        [Asked::Page, Asked::Whole].into_iter().find(|asked| asked.word() == word)
    }
}

impl Attribute {
    const ALL: [Attribute; 22] = [
        Attribute::Sender,
        Attribute::Peer,
        Attribute::BoundTo,
        Attribute::Forbidden,
        Attribute::ContentType,
        Attribute::ContentEncoding,
        Attribute::Retained,
        Attribute::Will,
        Attribute::Origin,
        Attribute::Fault,
        Attribute::Before,
        Attribute::Reduced,
        Attribute::Asked,
        Attribute::Confirmed,
        Attribute::Owed,
        Attribute::Record,
        Attribute::Key,
        Attribute::Headers,
        Attribute::Written,
        Attribute::Again,
        Attribute::Certificate,
        Attribute::Exchange,
    ];

    /// The word used in the archive and in APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Attribute::Sender => "sender",
            Attribute::Peer => "peer",
            Attribute::BoundTo => "bound_to",
            Attribute::Forbidden => "forbidden",
            Attribute::ContentType => "content_type",
            Attribute::ContentEncoding => "content_encoding",
            Attribute::Retained => "retained",
            Attribute::Will => "will",
            Attribute::Origin => "origin",
            Attribute::Fault => "fault",
            Attribute::Before => "before",
            Attribute::Reduced => "reduced",
            Attribute::Asked => "asked",
            Attribute::Confirmed => "confirmed",
            Attribute::Owed => "owed",
            Attribute::Record => "record",
            Attribute::Key => "key",
            Attribute::Headers => "headers",
            Attribute::Written => "written",
            Attribute::Again => "again",
            Attribute::Certificate => "certificate",
            Attribute::Exchange => "exchange",
        }
    }

    fn of_word(word: &str) -> Option<Attribute> {
        Attribute::ALL.into_iter().find(|attribute| attribute.word() == word)
    }

    fn of_key(key: u8) -> Option<Attribute> {
        Attribute::ALL.into_iter().find(|attribute| *attribute as u8 == key)
    }
}

/// The longest text of an attribute. Bytes; what is longer is cut at a character.
pub const MAX_TEXT: usize = 4_096;
const HEAD: usize = 3;

/// Adds an attribute to encoded ones. An empty text says nothing and is left out.
pub fn write(into: &mut Vec<u8>, attribute: Attribute, text: &str) {
    write_key(into, attribute as u8, text);
}

fn write_key(into: &mut Vec<u8>, key: u8, text: &str) {
    if text.is_empty() {
        return;
    }
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let text = &text[..end];
    into.push(key);
    into.extend_from_slice(&(text.len() as u16).to_le_bytes());
    into.extend_from_slice(text.as_bytes());
}

/// Encodes attributes that were told by [their words](Attributes::iter): none for a word that is none.
#[must_use]
pub fn of_words<'a>(words: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (word, text) in words {
        let key = match word.strip_prefix("attribute_") {
            Some(key) => key.parse().ok()?,
            None => Attribute::of_word(word)? as u8,
        };
        write_key(&mut bytes, key, text);
    }
    Some(bytes)
}

/// Whether these bytes are attributes, so that reading them cannot fail afterwards.
#[must_use]
pub fn are_valid(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some((_, text, rest)) = split(bytes) else { return false };
        if std::str::from_utf8(text).is_err() {
            return false;
        }
        bytes = rest;
    }
    true
}

fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([head[1], head[2]])))?;
    Some((head[0], text, rest))
}

/// What is known of an envelope, encoded: what is known of all its neighbours, and of it alone.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes<'a> {
    common: &'a [u8],
    own: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Of encoded bytes that [are attributes](are_valid).
    #[must_use]
    pub fn new(common: &'a [u8], own: &'a [u8]) -> Attributes<'a> {
        Attributes { common, own }
    }

    /// The text of one; none where it is not known.
    #[inline]
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> Option<&'a str> {
        self.encoded().find(|(key, _)| *key == attribute as u8).map(|(_, text)| text)
    }

    /// Who sent it; empty where that was not recorded.
    #[inline]
    #[must_use]
    pub fn sender(&self) -> &'a str {
        self.get(Attribute::Sender).unwrap_or_default()
    }

    /// All of them, by their words, in the order of writing. One that this program does not know is called by its
    /// number.
    pub fn iter(&self) -> impl Iterator<Item = (String, &'a str)> + use<'a> {
        let word = |key: u8| match Attribute::of_key(key) {
            Some(attribute) => attribute.word().to_owned(),
            None => format!("attribute_{key}"),
        };
        self.encoded().map(move |(key, text)| (word(key), text))
    }

    /// What is known of this envelope alone, as far as this program knows the attributes.
    pub fn own(&self) -> impl Iterator<Item = (Attribute, &'a str)> + use<'a> {
        let own = Attributes { common: &[], own: self.own };
        own.encoded().filter_map(|(key, text)| Some((Attribute::of_key(key)?, text)))
    }

    /// All of them encoded as one.
    #[must_use]
    pub fn encoded_whole(&self) -> Vec<u8> {
        [self.common, self.own].concat()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.common.is_empty() && self.own.is_empty()
    }

    #[inline]
    fn encoded(&self) -> impl Iterator<Item = (u8, &'a str)> + use<'a> {
        let mut parts = [self.common, self.own].into_iter();
        let mut bytes: &'a [u8] = &[];
        std::iter::from_fn(move || {
            while bytes.is_empty() {
                bytes = parts.next()?;
            }
            let (key, text, rest) = split(bytes)?;
            bytes = rest;
            Some((key, std::str::from_utf8(text).unwrap_or_default()))
        })
    }
}

impl std::fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_attributes_come_back_as_written_the_common_ones_first() {
        let (mut common, mut own) = (Vec::new(), Vec::new());
        write(&mut common, Attribute::Sender, "gateway-1");
        write(&mut common, Attribute::Peer, "");
        write(&mut own, Attribute::Retained, "1");
        let attributes = Attributes::new(&common, &own);
        assert_eq!(attributes.sender(), "gateway-1");
        assert_eq!(attributes.get(Attribute::Peer), None);
        let all: Vec<_> = attributes.iter().collect();
        assert_eq!(all, [("sender".to_owned(), "gateway-1"), ("retained".to_owned(), "1")]);
        let words = all.iter().map(|(word, text)| (word.as_str(), *text));
        assert_eq!(of_words(words), Some([common.clone(), own.clone()].concat()));
        assert!(are_valid(&common) && are_valid(&own) && Attributes::default().is_empty());
    }

    #[test]
    fn once_where_a_record_lay_is_read_as_it_was_written() {
        let place = RecordPlace { topic: "tay-ninh-air", partition: 3, offset: 140, topic_id: "5cIsE0QFR1u" };
        assert_eq!(place.to_string(), "tay-ninh-air 3 140 5cIsE0QFR1u");
        for place in [place.clone(), RecordPlace { topic_id: "", ..place }] {
            assert_eq!(RecordPlace::parse(&place.to_string()), Some(place));
        }
        for text in ["", "air", "air 0", "air 0 x", "air -x 1"] {
            assert_eq!(RecordPlace::parse(text), None, "{text}");
        }
    }

    #[test]
    fn safe_bytes_cut_anywhere_or_not_utf8_are_no_attributes() {
        let mut bytes = Vec::new();
        write(&mut bytes, Attribute::Origin, "đo.txt:42");
        for end in 1..bytes.len() {
            assert!(!are_valid(&bytes[..end]), "cut at {end}");
        }
        bytes[HEAD] = 0xff;
        assert!(!are_valid(&bytes));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_an_unknown_key_is_kept() {
        let mut bytes = Vec::new();
        write(&mut bytes, Attribute::Origin, &"ế".repeat(MAX_TEXT));
        let text = Attributes::new(&bytes, &[]).get(Attribute::Origin).unwrap();
        assert!(text.len() <= MAX_TEXT && text.chars().all(|character| character == 'ế'));
        let unknown = [200, 1, 0, b'x'];
        assert!(are_valid(&unknown));
        assert_eq!(Attributes::new(&[], &unknown).iter().next(), Some(("attribute_200".to_owned(), "x")));
        assert_eq!(of_words([("attribute_200", "x")]).as_deref(), Some(&unknown[..]));
        assert_eq!(of_words([("colour", "x")]), None);
    }

    #[test]
    fn the_numbers_are_those_of_the_stored_format() {
        let numbers: Vec<u8> = Attribute::ALL.into_iter().map(|attribute| attribute as u8).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]);
        assert!(Attribute::ALL.into_iter().all(|one| Attribute::of_key(one as u8) == Some(one)));
    }
}

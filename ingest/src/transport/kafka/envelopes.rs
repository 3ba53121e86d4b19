//! Records as envelopes.

use std::{borrow::Cow, collections::BTreeMap};

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::{Attribute, MAX_TEXT, RecordPlace},
    envelope::Content,
    loss::Loss,
    time::Now,
};
use rdkafka::message::{BorrowedMessage, Message as _};

use super::{group::TopicPartition, headers};
use crate::transport::withheld::{Digest, Withheld};

/// What was polled at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) chunk: ChunkBuilder,
    /// How far each partition is read with it.
    pub(super) read: BTreeMap<TopicPartition, Read>,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) oversize: u64,
}

/// How far a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Behind its last record.
    pub(super) next: u64,
    /// When the first of them was written, and the last. Milliseconds since 1970.
    pub(super) first_at: Option<i64>,
    pub(super) at: Option<i64>,
}

/// Whose records they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelopes<'e> {
    pub(super) feed: &'e str,
    /// Bytes of one envelope at most.
    pub(super) max_bytes: usize,
}

impl Envelopes<'_> {
    /// A record behind those that are in the batch.
    pub(super) fn push(self, record: &BorrowedMessage<'_>, topic_id: &str, batch: &mut Batch) {
        let Ok(offset) = u64::try_from(record.offset()) else { return };
        let (topic, partition) = (record.topic(), record.partition());
        let written = record.timestamp().to_millis();
        let read = Read { next: offset + 1, first_at: written, at: written };
        let _read = batch
            .read
            .entry((topic.to_owned(), partition))
            .and_modify(|before| (before.next, before.at) = (read.next, read.at))
            .or_insert(read);
        let place = RecordPlace { topic, partition, offset, topic_id }.to_string();
        let key = record.key().map(told);
        let headers = headers::of(record);
        let headers = (!headers.is_empty()).then(|| told_pairs(headers.into_iter()));
        let written = written.map(|millis| Now(millis).rfc3339());
        let mut known = vec![(Attribute::Record, place.as_str())];
        known.extend(key.as_deref().map(|key| (Attribute::Key, key)));
        known.extend(headers.as_deref().map(|headers| (Attribute::Headers, headers)));
        known.extend(written.as_deref().map(|written| (Attribute::Written, written)));
        let payload = record.payload().unwrap_or_default();
        batch.records += 1;
        batch.bytes += payload.len() as u64;
        if payload.len() <= self.max_bytes {
            batch.chunk.push_with(self.feed, Content::Raw, topic, &known, payload);
            return;
        }
        batch.oversize += 1;
        let mut digest = Digest::default();
        digest.update(payload);
        let said = Withheld::too_large(digest).to_json();
        batch.chunk.push_with(self.feed, Content::Withheld, topic, &known, said.as_bytes());
    }

    /// What stands for what is lost.
    pub(super) fn push_loss(self, place: &RecordPlace<'_>, loss: Loss, chunk: &mut ChunkBuilder) {
        let (lay, fault) = (place.to_string(), loss.to_string());
        let known = [(Attribute::Fault, fault.as_str()), (Attribute::Record, lay.as_str())];
        let description = loss.description(place.topic);
        chunk.push_with(self.feed, Content::Raw, place.topic, &known, description.as_bytes());
    }
}

/// Bytes as text; where they are none, in hexadecimal digits behind `0x`.
fn told(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().fold("0x".to_owned(), |mut told, byte| {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(told, "{byte:02x}");
            told
        })),
    }
}

/// Pairs as JSON, as many of them as an attribute holds; a header without a value has none.
fn told_pairs<'h>(pairs: impl Iterator<Item = (&'h [u8], Option<&'h [u8]>)>) -> String {
    let mut list = String::from("[");
    for (key, value) in pairs {
        let pair = serde_json::json!([told(key), value.map(told)]).to_string();
        // With the comma before it and the bracket behind it.
        if list.len() + pair.len() + 2 > MAX_TEXT {
            break;
        }
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&pair);
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_a_key_and_headers_are_told_whatever_bytes_they_are() {
        assert_eq!(told(b"TN_UBNDTN"), "TN_UBNDTN");
        assert_eq!(told(&[0, 0xff]), "0x00ff");
        let headers = [(&b"a"[..], Some(&b"1"[..])), (b"\xfe", None), (b"b\"", Some(&[0xff][..]))];
        assert_eq!(told_pairs(headers.into_iter()), r#"[["a","1"],["0xfe",null],["b\"","0xff"]]"#);
        assert_eq!(told_pairs(std::iter::empty()), "[]");
        let long = vec![b'x'; 3_000];
        let many = (0..3).map(|_| (&b"k"[..], Some(long.as_slice())));
        let told: serde_json::Value = serde_json::from_str(&told_pairs(many)).unwrap();
        assert_eq!(told.as_array().unwrap().len(), 1, "what does not fit is left out whole");
    }
}

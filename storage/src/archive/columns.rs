//! The columns of an archived file.
//!
//! | column | Parquet | is |
//! |---|---|---|
//! | `log`, `partition`, `offset` | UINT_16, UINT_16, UINT_64 | the envelope's position |
//! | `received_at` | TIMESTAMP(MILLIS, UTC) | when it reached us |
//! | `feed` | STRING | as in the path |
//! | `address` | STRING | MQTT topic, file name, request path |
//! | `content` | STRING | `raw`, or `withheld` when the payload describes what was too large to keep |
//! | `payload` | BYTE_ARRAY | the bytes as they came |
//! | `sender` | STRING | who sent it; empty where that was not recorded |
//! | `attributes` | MAP(STRING, STRING) | what else is known of it: `peer`, `content_type`, `retained`, … |
//!
//! Files made before senders were recorded do not have the last two.
//!
//! `feed` carries Arrow's dictionary type, because that is what pyarrow makes of the path's `feed=`: with any other
//! type the two do not unite and pandas refuses the folder.

use std::sync::{Arc, LazyLock};

use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, MapArray, RecordBatch, StringArray,
    TimestampMillisecondArray, UInt16Array, UInt64Array,
    builder::{BinaryBuilder, MapBuilder, StringBuilder},
    types::Int32Type,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use ioc_model::{
    attribute::{self, Attributes},
    envelope::{Content, Envelope},
    position::{LogNumber, Offset, Partition, Position},
    time::ReceivedAt,
};

/// The column that is no attribute like the others.
const SENDER: &str = "sender";

/// Where `offset` stands among the columns.
pub(super) const OFFSET: usize = 2;

pub(super) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let column = |name: &str, kind: DataType| Field::new(name, kind, false);
    let entries = vec![column("keys", DataType::Utf8), column("values", DataType::Utf8)];
    Arc::new(Schema::new(vec![
        column("log", DataType::UInt16),
        column("partition", DataType::UInt16),
        column("offset", DataType::UInt64),
        column("received_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))),
        column("feed", dictionary),
        column("address", DataType::Utf8),
        column("content", DataType::Utf8),
        column("payload", DataType::Binary),
        column("sender", DataType::Utf8),
        column("attributes", DataType::Map(Arc::new(Field::new_struct("entries", entries, false)), false)),
    ]))
});

/// An envelope read back from the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedEnvelope {
    /// Where it lay on the bus.
    pub position: Position,
    /// The feed it belongs to.
    pub feed: String,
    /// When it reached us.
    pub received_at: ReceivedAt,
    /// What the bytes are.
    pub content: Content,
    /// Transport address.
    pub address: String,
    /// The bytes as they came.
    pub payload: Vec<u8>,
    /// Who sent it, and what else is known of it, encoded.
    pub attributes: Vec<u8>,
}

impl ArchivedEnvelope {
    /// As it lay on the bus.
    #[must_use]
    pub fn envelope(&self) -> Envelope<'_> {
        Envelope {
            position: self.position,
            feed: &self.feed,
            received_at: self.received_at,
            content: self.content,
            address: &self.address,
            attributes: Attributes::new(&self.attributes, &[]),
            payload: &self.payload,
        }
    }
}

/// The word for what an envelope's bytes are.
pub(super) fn word(content: Content) -> &'static str {
    match content {
        Content::Raw => "raw",
        Content::Withheld => "withheld",
    }
}

fn content(word: &str) -> Option<Content> {
    [Content::Raw, Content::Withheld].into_iter().find(|content| self::word(*content) == word)
}

/// Envelopes of one feed and partition on their way into a file.
#[derive(Debug)]
pub(super) struct Gathered {
    offset: Vec<u64>,
    received_at: Vec<i64>,
    address: StringBuilder,
    content: StringBuilder,
    payload: BinaryBuilder,
    sender: StringBuilder,
    attributes: MapBuilder<StringBuilder, StringBuilder>,
    bytes: usize,
}

impl Default for Gathered {
    fn default() -> Gathered {
        let not_null = |name: &str| Field::new(name, DataType::Utf8, false);
        let attributes = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new())
            .with_keys_field(not_null("keys"))
            .with_values_field(not_null("values"));
        Gathered {
            offset: Vec::new(),
            received_at: Vec::new(),
            address: StringBuilder::new(),
            content: StringBuilder::new(),
            payload: BinaryBuilder::new(),
            sender: StringBuilder::new(),
            attributes,
            bytes: 0,
        }
    }
}

impl Gathered {
    pub(super) fn push(&mut self, envelope: &Envelope<'_>) {
        self.offset.push(envelope.position.offset.0);
        self.received_at.push(envelope.received_at.0);
        self.address.append_value(envelope.address);
        self.content.append_value(word(envelope.content));
        self.payload.append_value(envelope.payload);
        self.sender.append_value(envelope.attributes.sender());
        for (word, text) in envelope.attributes.iter().filter(|(word, _)| word != SENDER) {
            self.attributes.keys().append_value(word);
            self.attributes.values().append_value(text);
        }
        self.attributes.append(true).expect("as many values as keys");
        self.bytes += envelope.address.len() + envelope.payload.len();
    }

    pub(super) fn len(&self) -> usize {
        self.offset.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What has gathered; nothing is left.
    pub(super) fn take(&mut self, log: LogNumber, partition: Partition, feed: &str) -> RecordBatch {
        let rows = self.len();
        let feeds = DictionaryArray::<Int32Type>::new(
            Int32Array::from(vec![0; rows]),
            Arc::new(StringArray::from(vec![feed])),
        );
        let received_at =
            TimestampMillisecondArray::from(std::mem::take(&mut self.received_at)).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt16Array::from(vec![log.0; rows])),
            Arc::new(UInt16Array::from(vec![partition.0; rows])),
            Arc::new(UInt64Array::from(std::mem::take(&mut self.offset))),
            Arc::new(received_at),
            Arc::new(feeds),
            Arc::new(self.address.finish()),
            Arc::new(self.content.finish()),
            Arc::new(self.payload.finish()),
            Arc::new(self.sender.finish()),
            Arc::new(self.attributes.finish()),
        ];
        self.bytes = 0;
        RecordBatch::try_new(SCHEMA.clone(), columns).expect("columns of one length as the schema has them")
    }
}

/// What is known of a row's envelope, encoded as on the bus.
fn attributes((senders, attributes): (&StringArray, &MapArray), row: usize) -> Option<Vec<u8>> {
    let entries = attributes.value(row);
    let keys: &StringArray = entries.column(0).as_any().downcast_ref()?;
    let values: &StringArray = entries.column(1).as_any().downcast_ref()?;
    let told = (0..entries.len()).map(|entry| (keys.value(entry), values.value(entry)));
    attribute::of_words([(SENDER, senders.value(row))].into_iter().chain(told))
}

/// The envelopes of a batch that was read; none if it does not have these columns.
pub(super) fn envelopes(batch: &RecordBatch) -> Option<Vec<ArchivedEnvelope>> {
    fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a T> {
        batch.column_by_name(name)?.as_any().downcast_ref()
    }
    let log: &UInt16Array = column(batch, "log")?;
    let partition: &UInt16Array = column(batch, "partition")?;
    let offset: &UInt64Array = column(batch, "offset")?;
    let received_at: &TimestampMillisecondArray = column(batch, "received_at")?;
    let feeds: &DictionaryArray<Int32Type> = column(batch, "feed")?;
    let names: &StringArray = feeds.values().as_any().downcast_ref()?;
    let address: &StringArray = column(batch, "address")?;
    let words: &StringArray = column(batch, "content")?;
    let payload: &BinaryArray = column(batch, "payload")?;
    let known = match (column(batch, SENDER), column(batch, "attributes")) {
        (Some(senders), Some(attributes)) => Some((senders, attributes)),
        _ => None,
    };
    (0..batch.num_rows())
        .map(|row| {
            Some(ArchivedEnvelope {
                position: Position {
                    log: LogNumber(log.value(row)),
                    partition: Partition(partition.value(row)),
                    offset: Offset(offset.value(row)),
                },
                feed: names.value(feeds.key(row).filter(|key| *key < names.len())?).to_owned(),
                received_at: ReceivedAt(received_at.value(row)),
                content: content(words.value(row))?,
                address: address.value(row).to_owned(),
                payload: payload.value(row).to_vec(),
                attributes: known.map_or(Some(Vec::new()), |known| attributes(known, row))?,
            })
        })
        .collect()
}

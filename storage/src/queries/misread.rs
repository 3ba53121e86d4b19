//! What came of log sources and could not be read, or was read without a word of the pack: by who sent it.
//!
//! Both are counted over rows that are stored anyway: a piece that is no message is a reject with its sender, and an event
//! says on which scale it was rated and which number no scale has.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    position::{LogNumber, Offset, Partition},
    reject::RejectReason,
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// Messages, pieces or rows of a sender that were rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Misreading {
    /// Who sent them: an address, a certificate or a login; empty where it was not told apart.
    pub sender: String,
    /// The feed they came by.
    pub feed: String,
    /// Why.
    #[serde(with = "words")]
    pub reason: RejectReason,
    /// How many.
    pub rejects: u64,
    /// When the last one arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of it; 0 for a whole one.
    pub row: u32,
    /// All of that envelope.
    pub whole: bool,
    /// Of the last one, in Vietnamese: only where it tells of numbers of bytes, and of nothing that was said.
    pub message_vi: String,
    /// The same in English.
    pub message_en: String,
    /// How many senders there are in all.
    pub senders: u64,
}

/// What a log source reports of a product, or a program, for which nothing of the pack says how it is read.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct UnmappedProduct {
    /// Who reports.
    pub log_source: String,
    /// Whether the pack knew who does.
    pub known: bool,
    /// Who made the product, as it says itself; empty where its format does not say.
    pub vendor: String,
    /// The product; of a line that is only a text the program that wrote it, without its process; empty where neither is
    /// said.
    pub product: String,
    /// How many events.
    pub weight: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// Rows whose severity the format's scale said, since no scale of the pack did.
    pub by_format: u64,
    /// Rows whose severity no scale has: they are not rated.
    pub not_rated: u64,
    /// Rows that say nothing that can be counted: their kind is `log`.
    pub unrecognized: u64,
    /// When the last of them arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of it.
    pub row: u32,
    /// How many such groups there are in all.
    pub groups: u64,
}

/// Reasons for which something could not be read. What nobody may send, or what was lost, was not misread.
const REASONS: [RejectReason; 6] = [
    RejectReason::TooLarge,
    RejectReason::Malformed,
    RejectReason::MissingField,
    RejectReason::InvalidField,
    RejectReason::TooMany,
    RejectReason::Framing,
];

impl Store {
    /// What was rejected of messages that arrived in `[from, until)` by syslog or by one of these feeds, by sender, feed and
    /// reason, the most first: all of so many senders, those with the most. What was read again since is not among it.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn misreadings(
        &self,
        asker: &Asker,
        feeds: &[String],
        (from, until): (ReceivedAt, ReceivedAt),
        limit: u32,
    ) -> Result<Vec<Misreading>, StoreError> {
        let found = self.asked_by(asker, |seen| {
            format!(
                "SELECT sender, feed, reason, rejects, received_at, log, partition, offset, row, whole, message_vi, \
                 message_en, senders \
                 FROM (SELECT *, dense_rank() OVER (ORDER BY of_sender DESC, sender) AS rank \
                 FROM (SELECT *, uniqExact(sender) OVER () AS senders, \
                 sum(rejects) OVER (PARTITION BY sender) AS of_sender FROM (\
                 WITH argMax((r.log, r.partition, r.offset, r.row, r.whole, r.message_vi, r.message_en), \
                 (r.received_at, r.log, r.partition, r.offset, r.row)) AS last \
                 SELECT toString(r.sender) AS sender, toString(r.feed) AS feed, toString(r.reason) AS reason, \
                 count() AS rejects, toUnixTimestamp64Milli(max(r.received_at)) AS received_at, \
                 last.1 AS log, last.2 AS partition, last.3 AS offset, last.4 AS row, last.5 AS whole, \
                 if(reason IN {{of_bytes:Array(String)}}, last.6, '') AS message_vi, \
                 if(reason IN {{of_bytes:Array(String)}}, last.7, '') AS message_en \
                 FROM reject_current AS r \
                 WHERE r.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND r.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') \
                 AND (startsWith(r.address, 'syslog/') OR r.feed IN {{feeds:Array(String)}}) \
                 AND r.reason IN {{reasons:Array(String)}} AND r.state = 'open'{} \
                 GROUP BY sender, feed, reason))) \
                 WHERE rank <= {{limit:UInt32}} ORDER BY rejects DESC, sender, feed, reason",
                seen.feed("r.feed")
            )
        });
        let of_bytes = [RejectReason::Framing, RejectReason::TooLarge].map(RejectReason::word);
        let found = found
            .param("of_bytes", &of_bytes[..])
            .param("feeds", feeds)
            .param("reasons", &REASONS.map(RejectReason::word)[..])
            .param("from", from.0)
            .param("until", until.0)
            .param("limit", limit);
        answer("look for what could not be read", found.fetch_all()).await
    }

    /// What happened in `[from, until)` and was read without a word of the pack, by log source and product: at most so many,
    /// first those whose severity nobody could tell, then those that were rated by their format alone.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn unmapped_products(
        &self,
        asker: &Asker,
        (from, until): (EventTime, EventTime),
        limit: u32,
    ) -> Result<Vec<UnmappedProduct>, StoreError> {
        // What a format rates stands behind the name of its scale: `cef 9`, `suricata 300`, `ExampleAV cao`.
        const ATTRIBUTE: &str = "e.attributes.text[indexOf(e.attributes.name, ";
        let found = self.asked_by(asker, |seen| {
            format!(
                "WITH argMax(place, (arrived, place)) AS last \
                 SELECT log_source, known, vendor, product, sum(times) AS weight, count() AS rows, \
                 countIf(is_by_format) AS by_format, countIf(is_not_rated) AS not_rated, \
                 countIf(is_unrecognized) AS unrecognized, toUnixTimestamp64Milli(max(arrived)) AS received_at, \
                 last.1 AS log, last.2 AS partition, last.3 AS offset, last.4 AS row, count() OVER () AS groups \
                 FROM (SELECT toString(e.log_source) AS log_source, e.known AS known, e.weight AS times, \
                 startsWith(e.rated, 'cef ') AS is_cef, \
                 {ATTRIBUTE}'severity_not_mapped')] AS unknown, \
                 unknown != '' AS is_not_rated, \
                 is_cef AND NOT is_not_rated AND NOT has(e.attributes.name, 'severity_scale') AS is_by_format, \
                 e.kind = 'log' AS is_unrecognized, \
                 if(is_cef, {ATTRIBUTE}'vendor')], '') AS vendor, \
                 multiIf(is_cef, {ATTRIBUTE}'product')], \
                 is_not_rated, trimRight(substringUTF8(e.rated, 1, lengthUTF8(e.rated) - lengthUTF8(unknown))), \
                 splitByChar('[', e.program)[1]) AS product, \
                 e.received_at AS arrived, (e.log, e.partition, e.offset, e.row) AS place \
                 FROM event_stored AS e \
                 WHERE e.happened_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND e.happened_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') \
                 AND e.epoch <= {COMMITTED} \
                 AND (e.kind = 'log' OR e.rated LIKE 'cef %' OR has(e.attributes.name, 'severity_not_mapped')){}) \
                 WHERE is_by_format OR is_not_rated OR is_unrecognized \
                 GROUP BY log_source, known, vendor, product \
                 ORDER BY not_rated DESC, by_format DESC, rows DESC, log_source, vendor, product \
                 LIMIT {{limit:UInt32}}",
                seen.feed("e.feed"),
                COMMITTED = crate::schema::COMMITTED,
            )
        });
        let found = found.param("from", from.0).param("until", until.0).param("limit", limit);
        answer("look for products without a word of the pack", found.fetch_all()).await
    }
}

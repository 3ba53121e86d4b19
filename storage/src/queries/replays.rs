//! What can be read again, and what was.

use std::collections::{BTreeMap, BTreeSet};

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Generation},
    name::Name,
    observation::Quality,
    pack::PackVersion,
    position::{LogNumber, Offset, Partition, Position},
    reject::RejectReason,
    replay::{OnRecord, ReadBefore, ReplayPortion, StoredBefore},
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::{SightConditions, words};
use crate::{
    client::{Store, answer, one},
    error::StoreError,
    schema::COMMITTED,
};

/// What of a feed is rejected for one reason.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RejectGroup {
    /// The feed.
    pub feed: String,
    /// Why.
    #[serde(with = "words")]
    pub reason: RejectReason,
    /// Rejects that are open: rows, and messages as a whole.
    pub open: u64,
    /// Messages that they are of.
    pub messages: u64,
    /// When the first of those messages arrived; none where none is open.
    pub first: Option<ReceivedAt>,
    /// And the last.
    pub last: Option<ReceivedAt>,
    /// Rejects of before that their messages were read again for.
    pub replayed: u64,
}

/// A replay and what came of it.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct ReplayRow {
    /// Of which feed.
    pub of_feed: String,
    /// Whether what is stored is read again; else what is rejected.
    pub stored: bool,
    /// Rejected for that; empty for anything.
    pub reason: String,
    /// Arrived then or later,
    pub received_from: ReceivedAt,
    /// and before that.
    pub received_until: ReceivedAt,
    /// Whether all was read.
    pub done: bool,
    /// How many messages were read; 0 before it is done.
    pub messages: u64,
    /// Why not all of them were, where it ended so; empty else.
    pub error: String,
    /// Messages that gave something else.
    pub changed: u64,
    /// Rows that were taken up.
    pub good: u64,
    /// Rows that were stored and have another value now.
    pub replaced: u64,
    /// Rows of those that were rejected before.
    pub before: u64,
    /// Rows of those that are rejected now.
    pub rejected: u64,
    /// Messages of which it cannot be told what they gave.
    pub unclear: u64,
    /// Messages that are gone.
    pub missing: u64,
    /// Who ordered it.
    pub user: String,
    /// In their words.
    pub note: String,
    /// When.
    pub received_at: ReceivedAt,
    /// Where the order lies.
    pub log: LogNumber,
    /// Where the order lies.
    pub partition: Partition,
    /// Where the order lies.
    pub offset: Offset,
    /// Which of its orders.
    pub row: u32,
}

/// A message of which something is rejected or stored, as a replay reads it next.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundMessage {
    /// Where it lies.
    pub position: Position,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// How it was read the last time.
    pub before: ReadBefore,
}

#[derive(Row, Deserialize)]
struct Rejected {
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    received_millis: i64,
    sender: String,
    judged: Epoch,
    whole: bool,
    form: bool,
    rows: Vec<u32>,
}

#[derive(Row, Deserialize)]
struct Stored {
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    received_millis: i64,
    sender: String,
    judged: Epoch,
    /// The first epoch behind its arrival; 0 where none is on record.
    arrived: Epoch,
    decided: bool,
    rows: Vec<(u32, String, String, i64, f64, i8)>,
}

#[derive(Row, Deserialize)]
struct OfEpoch {
    epoch: Epoch,
    pack: String,
}

impl Store {
    /// What is rejected of messages that arrived in `[from, until)`, by feed and reason: what is open first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn reject_groups(
        &self,
        asker: &Asker,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> Result<Vec<RejectGroup>, StoreError> {
        let groups = self.asked_by(asker, |seen: SightConditions<'_>| {
            format!(
                "SELECT toString(r.feed) AS feed, toString(r.reason) AS reason, countIf(r.state = 'open') AS open, \
                 uniqExactIf((r.log, r.partition, r.offset), r.state = 'open') AS messages, \
                 if(open > 0, toUnixTimestamp64Milli(minIf(r.received_at, r.state = 'open')), NULL) AS first, \
                 if(open > 0, toUnixTimestamp64Milli(maxIf(r.received_at, r.state = 'open')), NULL) AS last, \
                 countIf(r.state = 'replayed') AS replayed \
                 FROM reject_current AS r WHERE r.state != 'decided' \
                 AND r.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND r.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){} \
                 GROUP BY feed, reason ORDER BY open DESC, feed, reason",
                seen.feed("r.feed")
            )
        });
        let groups = groups.param("from", from.0).param("until", until.0);
        answer("add up the rejects", groups.fetch_all()).await
    }

    /// The last replays, the newest first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn replays(&self, asker: &Asker, number: u32) -> Result<Vec<ReplayRow>, StoreError> {
        let replays = self
            .asked_by(asker, |seen: SightConditions<'_>| {
                format!(
                    "SELECT toString(p.of_feed) AS of_feed, p.scope = 'stored' AS stored, toString(p.reason) AS reason, \
                     toUnixTimestamp64Milli(p.received_from) AS received_from, \
                     toUnixTimestamp64Milli(p.received_until) AS received_until, CAST(p.done AS Bool) AS done, \
                     p.messages AS messages, p.error AS error, p.messages_changed AS changed, p.rows_good AS good, p.rows_replaced AS replaced, \
                     p.rows_before AS before, p.rows_rejected AS rejected, p.messages_unclear AS unclear, \
                     p.messages_missing AS missing, p.user AS user, p.note AS note, \
                     toUnixTimestamp64Milli(p.received_at) AS received_at, p.log AS log, p.partition AS partition, \
                     p.offset AS offset, p.row AS row \
                     FROM replay_current AS p WHERE true{} \
                     ORDER BY p.received_at DESC, p.log DESC, p.partition DESC, p.offset DESC, p.row DESC \
                     LIMIT {{number:UInt32}}",
                    seen.feed("p.of_feed")
                )
            })
            .param("number", number);
        answer("read the last replays", replays.fetch_all()).await
    }

    /// The next messages of a replay, by position, by what is stored up to an epoch; at most so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn rejected_messages(
        &self,
        portion: &ReplayPortion,
        (from, until): (EventTime, EventTime),
        generation: Generation,
        upto: Epoch,
        limit: u32,
    ) -> Result<Vec<FoundMessage>, StoreError> {
        let after = portion.after.map_or(
            "",
            |_| " AND (r.log, r.partition, r.offset) > ({log:UInt16}, {partition:UInt16}, {offset:UInt64})",
        );
        let (_, at) = portion.after.unwrap_or_default();
        let messages = self
            .client()
            .query(&format!(
                "SELECT r.log AS log, r.partition AS partition, r.offset AS offset, \
                 toUnixTimestamp64Milli(any(r.received_at)) AS received_millis, toString(any(r.sender)) AS sender, \
                 max(r.epoch) AS judged, max(r.whole) AS whole, max(r.reason = 'form')::Bool AS form, \
                 arraySort(groupUniqArray(r.row)) AS rows \
                 FROM reject AS r LEFT JOIN (\
                 SELECT p.log AS log, p.partition AS partition, p.offset AS offset, max(p.epoch) AS last_read \
                 FROM replayed AS p WHERE p.generation = {{generation:UInt32}} AND p.epoch <= {{upto:UInt64}} \
                 AND p.reread = 'read' AND p.feed = {{feed:String}} GROUP BY log, partition, offset) AS p \
                 ON p.log = r.log AND p.partition = r.partition AND p.offset = r.offset \
                 WHERE r.generation = {{generation:UInt32}} AND r.epoch <= {{upto:UInt64}} AND r.epoch >= p.last_read \
                 AND r.feed = {{feed:String}} AND r.reason NOT IN ('refused', 'unknown_alert') \
                 AND (r.reason != 'form' OR r.whole) \
                 AND r.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND r.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){after} \
                 GROUP BY log, partition, offset \
                 HAVING {{reason:String}} = '' OR countIf(r.reason = {{reason:String}}) > 0 \
                 ORDER BY log, partition, offset LIMIT {{limit:UInt32}}"
            ))
            .param("generation", generation.0)
            .param("upto", upto.0)
            .param("feed", &*portion.of)
            .param("reason", portion.reason.map_or("", RejectReason::word))
            .param("from", from.0)
            .param("until", until.0)
            .param("log", at.log.0)
            .param("partition", at.partition.0)
            .param("offset", at.offset.0)
            .param("limit", limit);
        let found: Vec<Rejected> = answer("look rejected messages up", messages.fetch_all()).await?;
        let judged: BTreeSet<u64> = found.iter().map(|found| found.judged.0).collect();
        let packs = self.packs_of(judged, generation).await?;
        Ok(found.into_iter().map(|found| rejected_message(found, portion.of, &packs)).collect())
    }

    /// The next messages of a feed of which something measured is stored, in order of arrival, of those that arrived in
    /// `[from, until)`, by what is stored up to an epoch; at most so many. What is looked through are all rows of that time:
    /// it should be short.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn stored_messages(
        &self,
        portion: &ReplayPortion,
        (from, until): (ReceivedAt, ReceivedAt),
        generation: Generation,
        upto: Epoch,
        limit: u32,
    ) -> Result<Vec<FoundMessage>, StoreError> {
        let after = portion.after.map_or("", |_| {
            " AND (toUnixTimestamp64Milli(o.received_at), o.log, o.partition, o.offset) > \
                 ({after:Int64}, {log:UInt16}, {partition:UInt16}, {offset:UInt64})"
        });
        let (arrived, at) = portion.after.unwrap_or_default();
        // Of a row that was replaced the last reading counts. What a person decided about lies in `held`. An epoch that
        // took a message has a clock behind its arrival, and hardly any lies between.
        let messages = self
            .client()
            .query(&format!(
                "SELECT m.log AS log, m.partition AS partition, m.offset AS offset, \
                 m.received_millis AS received_millis, m.sender AS sender, m.judged AS judged, e.number AS arrived, \
                 m.decided AS decided, m.rows AS rows FROM (\
                 SELECT s.log AS log, s.partition AS partition, s.offset AS offset, \
                 any(s.received_millis) AS received_millis, any(s.sender) AS sender, max(s.epoch) AS judged, \
                 CAST((log, partition, offset) IN (SELECT h.log, h.partition, h.offset FROM held AS h \
                 WHERE h.generation = {{generation:UInt32}} AND h.epoch <= {{upto:UInt64}} AND h.feed = {{feed:String}} \
                 AND h.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND h.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')) AS Bool) AS decided, 1 AS one, \
                 arraySort(groupArray((s.row, s.indicator, s.subject, s.event_millis, s.value, s.quality))) AS rows \
                 FROM (SELECT o.log AS log, o.partition AS partition, o.offset AS offset, o.row AS row, \
                 toString(o.indicator) AS indicator, toString(o.subject) AS subject, \
                 toUnixTimestamp64Milli(o.event_time) AS event_millis, o.value AS value, toInt8(o.quality) AS quality, \
                 toUnixTimestamp64Milli(o.received_at) AS received_millis, toString(o.sender) AS sender, \
                 o.epoch AS epoch FROM observation AS o \
                 WHERE o.feed = {{feed:String}} AND o.generation = {{generation:UInt32}} \
                 AND o.epoch <= {{upto:UInt64}} AND o.standing != 'restored' \
                 AND o.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND o.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){after} \
                 ORDER BY o.epoch DESC LIMIT 1 BY o.log, o.partition, o.offset, o.row) AS s \
                 GROUP BY log, partition, offset ORDER BY received_millis, log, partition, offset LIMIT {{limit:UInt32}}) AS m \
                 ASOF LEFT JOIN (SELECT p.epoch AS number, toUnixTimestamp64Milli(p.now) AS now_millis, 1 AS one \
                 FROM epoch AS p WHERE p.generation = {{generation:UInt32}} \
                 AND p.now >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND p.now < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') + INTERVAL 1 HOUR) AS e \
                 ON m.one = e.one AND m.received_millis <= e.now_millis \
                 ORDER BY received_millis, log, partition, offset"
            ))
            .param("generation", generation.0)
            .param("upto", upto.0)
            .param("feed", &*portion.of)
            .param("from", from.0)
            .param("until", until.0)
            .param("after", arrived.0)
            .param("log", at.log.0)
            .param("partition", at.partition.0)
            .param("offset", at.offset.0)
            .param("limit", limit);
        let found: Vec<Stored> = answer("look stored messages up", messages.fetch_all()).await?;
        let epochs = found.iter().flat_map(|found| [found.judged.0, found.arrived.0]).collect();
        let packs = self.packs_of(epochs, generation).await?;
        found.into_iter().map(|found| stored_message(found, portion.of, &packs)).collect()
    }

    /// Whether any row of a feed is stored of messages that arrived in `[from, until)`: the first that is found says so.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn has_stored(
        &self,
        feed: &str,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> Result<bool, StoreError> {
        let any = self
            .client()
            .query(
                "SELECT count() FROM (SELECT 1 FROM observation AS o WHERE o.feed = {feed:String} \
                 AND o.received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND o.received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') LIMIT 1)",
            )
            .param("feed", feed)
            .param("from", from.0)
            .param("until", until.0);
        let any: u64 = answer("look whether anything is stored of a feed", one(any)).await?;
        Ok(any > 0)
    }

    /// How many rows of a feed are stored of messages that arrived in `[from, until)`.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn stored_rows(
        &self,
        feed: &str,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> Result<u64, StoreError> {
        let rows = self
            .client()
            .query(&format!(
                "SELECT count() FROM observation AS o WHERE o.feed = {{feed:String}} AND o.epoch <= {COMMITTED} \
                 AND o.standing NOT IN ('restored', 'replaced') \
                 AND o.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND o.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')"
            ))
            .param("feed", feed)
            .param("from", from.0)
            .param("until", until.0);
        answer("count what is stored of a feed", one(rows)).await
    }

    /// The packs that epochs were judged with: of those of before that was recorded, the one that was published last.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn packs_of(
        &self,
        epochs: BTreeSet<u64>,
        generation: Generation,
    ) -> Result<BTreeMap<Epoch, PackVersion>, StoreError> {
        if epochs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let packs = self
            .client()
            .query(
                "SELECT e.epoch AS epoch, if(e.pack != '', toString(e.pack), p.version) AS pack \
                 FROM (SELECT epoch.epoch AS epoch, any(pack) AS pack, any(now) AS now, 1 AS one FROM epoch \
                 WHERE generation = {generation:UInt32} AND epoch.epoch IN {epochs:Array(UInt64)} GROUP BY epoch) AS e \
                 ASOF LEFT JOIN (SELECT version, published_at, 1 AS one FROM pack) AS p \
                 ON e.one = p.one AND e.now >= p.published_at",
            )
            .param("generation", generation.0)
            .param("epochs", epochs.into_iter().collect::<Vec<u64>>());
        let packs: Vec<OfEpoch> =
            answer("read which pack epochs were judged with", packs.fetch_all()).await?;
        let known = packs.into_iter().filter(|of| !of.pack.is_empty());
        Ok(known.map(|of| (of.epoch, PackVersion(of.pack))).collect())
    }
}

fn rejected_message(found: Rejected, feed: Name, packs: &BTreeMap<Epoch, PackVersion>) -> FoundMessage {
    let Rejected { log, partition, offset, received_millis, sender, judged, whole, form, rows } = found;
    let on_record = match (whole, form) {
        (true, true) => OnRecord::RefusedReport,
        (true, false) => OnRecord::RejectedWhole,
        (false, _) => OnRecord::RejectedRows(rows),
    };
    FoundMessage {
        position: Position { log, partition, offset },
        received_at: ReceivedAt(received_millis),
        feed,
        sender: Name::new(&sender),
        before: ReadBefore { pack: packs.get(&judged).cloned(), arrived_with: None, on_record },
    }
}

fn stored_message(
    found: Stored,
    feed: Name,
    packs: &BTreeMap<Epoch, PackVersion>,
) -> Result<FoundMessage, StoreError> {
    let Stored { log, partition, offset, received_millis, sender, judged, arrived, decided, rows } = found;
    let stored =
        |(row, indicator, subject, event_millis, value, quality): (u32, String, String, i64, f64, i8)| {
            let quality = u8::try_from(quality).ok().and_then(Quality::from_u8);
            let quality = quality.ok_or_else(|| StoreError::Unreadable("a quality is unknown".to_owned()))?;
            let (indicator, subject) = (Name::new(&indicator), Name::new(&subject));
            Ok(StoredBefore { row, indicator, subject, event_time: EventTime(event_millis), value, quality })
        };
    let rows = rows.into_iter().map(stored).collect::<Result<_, StoreError>>()?;
    let on_record = if decided { OnRecord::Decided } else { OnRecord::Stored(rows) };
    Ok(FoundMessage {
        position: Position { log, partition, offset },
        received_at: ReceivedAt(received_millis),
        feed,
        sender: Name::new(&sender),
        before: ReadBefore {
            pack: packs.get(&judged).cloned(),
            arrived_with: packs.get(&arrived).cloned(),
            on_record,
        },
    })
}

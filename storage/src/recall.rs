//! Stored rows read back, when the dataflow must judge rows older than the state it holds.

use clickhouse::Row;
use ioc_model::{
    epoch::{Epoch, Generation},
    event::EventKey,
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    question::{About, Found, Question, RecalledRow, RecalledWindow},
    time::{EventTime, ReceivedAt},
    window::WindowKind,
};
use serde::Deserialize;

use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// What can be stored: 1970-01-01 to 2200-12-31 in UTC. A question about all times has no other.
const YEARS: std::ops::Range<i64> = 0..7_289_654_400_000;

#[derive(Row, Deserialize)]
struct Stored {
    event_millis: i64,
    value: f64,
    quality_number: i8,
    received_millis: i64,
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    row: u32,
    feed: String,
    sender: String,
}

impl Store {
    /// Answers a question by what the generation stored up to an epoch: rows by event time and arrival, windows by
    /// indicator, kind and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn ask(
        &self,
        question: &Question,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Found, StoreError> {
        match &question.about {
            About::Events { keys } => {
                self.recall_keys(question, keys, false, generation, upto).await.map(Found::Keys)
            }
            About::UndatedEvents { keys } => {
                self.recall_keys(question, keys, true, generation, upto).await.map(Found::Keys)
            }
            &About::Day { indicator, .. } => {
                self.recall_rows(question, indicator, generation, upto).await.map(Found::Rows)
            }
            &About::Held { indicator, .. } => {
                self.recall_held(question, indicator, generation, upto).await.map(Found::Rows)
            }
            About::Windows { .. } | About::Counts { .. } => {
                let kinds = vec![WindowKind::Hour.word(), WindowKind::Day.word()];
                self.recall_windows(question, "", kinds, generation, upto).await.map(Found::Windows)
            }
            About::Year { .. } => {
                let kinds = vec![WindowKind::Day.word()];
                self.recall_windows(question, "", kinds, generation, upto).await.map(Found::Windows)
            }
            // Its messages lie in the log or in the archive: who has those brings them.
            About::Replay(_) => Err(StoreError::Unreadable("messages are not in the store".to_owned())),
            About::Usual { measure } => {
                let kinds = vec![WindowKind::Hour.word()];
                self.recall_windows(question, measure, kinds, generation, upto).await.map(Found::Windows)
            }
        }
    }

    async fn recall_rows(
        &self,
        question: &Question,
        indicator: Name,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<RecalledRow>, StoreError> {
        let rows = self
            .client()
            .query(
                "SELECT toUnixTimestamp64Milli(event_time) AS event_millis, value, \
                 toInt8(quality) AS quality_number, toUnixTimestamp64Milli(received_at) AS received_millis, \
                 log, partition, offset, row, toString(feed) AS feed, toString(sender) AS sender \
                 FROM observation \
                 WHERE indicator = {indicator:String} AND subject = {subject:String} \
                 AND event_time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') \
                 AND event_time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') \
                 AND generation = {generation:UInt32} AND epoch <= {upto:UInt64} \
                 AND standing != 'restored' \
                 ORDER BY event_time, received_at, log, partition, offset, row, epoch DESC \
                 LIMIT 1 BY event_time, log, partition, offset, row",
            )
            .param("indicator", &*indicator)
            .param("subject", &*question.subject)
            .param("start", question.from.0)
            .param("end", question.to.0)
            .param("generation", generation.0)
            .param("upto", upto.0);
        let rows: Vec<Stored> = answer("read stored rows back", rows.fetch_all()).await?;
        rows.iter().map(recalled).collect()
    }
}

impl Store {
    /// Those that were held and not decided about as of the epoch: a decision leaves a second row.
    async fn recall_held(
        &self,
        question: &Question,
        indicator: Name,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<RecalledRow>, StoreError> {
        let rows = self
            .client()
            .query(
                "SELECT toUnixTimestamp64Milli(h.event_time) AS event_millis, any(h.value) AS value, \
                 toInt8(any(h.quality)) AS quality_number, \
                 toUnixTimestamp64Milli(any(h.received_at)) AS received_millis, \
                 h.log AS log, h.partition AS partition, h.offset AS offset, h.row AS row, \
                 toString(any(h.feed)) AS feed, toString(any(h.sender)) AS sender \
                 FROM held AS h \
                 WHERE h.indicator = {indicator:String} AND h.subject = {subject:String} \
                 AND h.event_time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') \
                 AND h.event_time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') \
                 AND h.generation = {generation:UInt32} AND h.epoch <= {upto:UInt64} \
                 GROUP BY h.event_time, h.log, h.partition, h.offset, h.row HAVING count() = 1 \
                 ORDER BY event_millis, received_millis, log, partition, offset, row",
            )
            .param("indicator", &*indicator)
            .param("subject", &*question.subject)
            .param("start", question.from.0)
            .param("end", question.to.0)
            .param("generation", generation.0)
            .param("upto", upto.0);
        let rows: Vec<Stored> = answer("read held rows back", rows.fetch_all()).await?;
        rows.iter().map(recalled).collect()
    }
}

impl Store {
    /// Which of these keys a log source's events have that happened in the question's time, or that are dated by their
    /// arrival where that is asked for; in order. Parts and granules of other times are not looked at, nor granules in
    /// which no event is dated so; in the rest keys are found through the index over them.
    async fn recall_keys(
        &self,
        question: &Question,
        keys: &[EventKey],
        also_undated: bool,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<EventKey>, StoreError> {
        let hexadecimal: Vec<String> = keys.iter().map(|key| key.hexadecimal()).collect();
        let of = |condition: &str| {
            format!(
                "SELECT e.key AS key FROM event AS e \
                 WHERE e.key IN (SELECT toFixedString(unhex(arrayJoin({{keys:Array(String)}})), 16)) \
                 AND e.log_source = {{log_source:String}} AND {condition} \
                 AND e.generation = {{generation:UInt32}} AND e.epoch <= {{upto:UInt64}}"
            )
        };
        let dated = "e.happened_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                     AND e.happened_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')";
        // Two questions, each of which has an index: an 'or' of both would have none.
        let mut parts: Vec<String> = Vec::new();
        if question.from < question.to {
            parts.push(of(dated));
        }
        if also_undated {
            parts.push(of("e.time_from IN ('arrival', 'absurd')"));
        }
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let stored = self
            .client()
            .query(&format!(
                "SELECT DISTINCT lower(hex(found.key)) AS key FROM ({}) AS found ORDER BY key",
                parts.join(" UNION ALL ")
            ))
            .param("keys", hexadecimal)
            .param("log_source", &*question.subject)
            .param("from", question.from.0.clamp(YEARS.start, YEARS.end))
            .param("to", question.to.0.clamp(YEARS.start, YEARS.end))
            .param("generation", generation.0)
            .param("upto", upto.0);
        let stored: Vec<String> = answer("look events up by their keys", stored.fetch_all()).await?;
        let key = |text: &String| {
            EventKey::of_hexadecimal(text)
                .ok_or_else(|| StoreError::Unreadable(format!("'{text}' is no key of an event")))
        };
        stored.iter().map(key).collect()
    }
}

#[derive(Row, Deserialize)]
struct StoredWindow {
    indicator: String,
    kind_number: i8,
    start_millis: i64,
    count: u64,
    sum: f64,
    expected: u32,
}

impl Store {
    /// Of each window, the result that was current as of the epoch: of every indicator where none is named.
    async fn recall_windows(
        &self,
        question: &Question,
        indicator: &str,
        kinds: Vec<&'static str>,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<RecalledWindow>, StoreError> {
        let windows = self
            .client()
            .query(
                "SELECT toString(indicator) AS indicator, toInt8(kind) AS kind_number, \
                 toUnixTimestamp64Milli(start_time) AS start_millis, count, sum, expected \
                 FROM window \
                 WHERE kind IN {kinds:Array(String)} AND subject = {subject:String} \
                 AND ({indicator:String} = '' OR indicator = {indicator:String}) \
                 AND start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC') \
                 AND generation = {generation:UInt32} AND epoch <= {upto:UInt64} \
                 ORDER BY indicator, kind, start_time, epoch DESC \
                 LIMIT 1 BY indicator, kind, start_time",
            )
            .param("kinds", kinds)
            .param("subject", &*question.subject)
            .param("indicator", indicator)
            .param("from", question.from.0)
            .param("to", question.to.0)
            .param("generation", generation.0)
            .param("upto", upto.0);
        let windows: Vec<StoredWindow> = answer("read stored windows back", windows.fetch_all()).await?;
        windows.iter().map(recalled_window).collect()
    }
}

fn recalled_window(window: &StoredWindow) -> Result<RecalledWindow, StoreError> {
    let kind = WindowKind::ALL.into_iter().find(|kind| *kind as i8 == window.kind_number);
    Ok(RecalledWindow {
        indicator: window.indicator.as_str().into(),
        kind: kind.ok_or_else(|| {
            StoreError::Unreadable(format!("window kind {} is unknown", window.kind_number))
        })?,
        start: EventTime(window.start_millis),
        count: window.count,
        sum: window.sum,
        expected: window.expected,
    })
}

fn recalled(row: &Stored) -> Result<RecalledRow, StoreError> {
    let quality = u8::try_from(row.quality_number)
        .ok()
        .and_then(Quality::from_u8)
        .ok_or_else(|| StoreError::Unreadable(format!("quality {} is unknown", row.quality_number)))?;
    Ok(RecalledRow {
        event_time: EventTime(row.event_millis),
        value: row.value,
        quality,
        arrival: Arrival {
            received_at: ReceivedAt(row.received_millis),
            position: Position { log: row.log, partition: row.partition, offset: row.offset },
            row: row.row,
        },
        feed: Name::new(&row.feed),
        sender: Name::new(&row.sender),
    })
}

//! Stored rows read back, when the dataflow must judge rows older than the state it holds.

use clickhouse::Row;
use ioc_model::{
    epoch::{Epoch, Generation},
    name::Name,
    observation::Quality,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::{RecallRequest, RecalledRow, RecalledWindow, WindowReach, WindowRecall},
    time::{EventTime, ReceivedAt},
    window::WindowKind,
};
use serde::Deserialize;

use crate::{
    client::{Store, answer},
    error::StoreError,
};

#[derive(Row, Deserialize)]
struct Stored {
    event_millis: i64,
    value: f64,
    quality_number: i8,
    received_millis: i64,
    log: u16,
    partition: u16,
    offset: u64,
    row: u32,
    feed: String,
    sender: String,
}

impl Store {
    /// All rows of a series with event time in `[start, end)` that the generation stored up to an epoch, in order
    /// of event time, then arrival. `start` and `end` are the bounds of the request's local day.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn recall(
        &self,
        request: &RecallRequest,
        start: EventTime,
        end: EventTime,
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
                 ORDER BY event_time, received_at, log, partition, offset, row",
            )
            .param("indicator", &*request.indicator)
            .param("subject", &*request.subject)
            .param("start", start.0)
            .param("end", end.0)
            .param("generation", generation.0)
            .param("upto", upto.0);
        let rows: Vec<Stored> = answer("read stored rows back", rows.fetch_all()).await?;
        rows.iter().map(recalled).collect()
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
    /// The hours and days of a subject that start in the request's span, for a year its days alone: the result of each
    /// that was current as of an epoch, by indicator, kind and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn recall_windows(
        &self,
        request: &WindowRecall,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<RecalledWindow>, StoreError> {
        let kinds = match request.reach {
            WindowReach::Day(_) => vec![WindowKind::Hour.word(), WindowKind::Day.word()],
            WindowReach::Year(_) => vec![WindowKind::Day.word()],
        };
        let windows = self
            .client()
            .query(
                "SELECT toString(indicator) AS indicator, toInt8(kind) AS kind_number, \
                 toUnixTimestamp64Milli(start_time) AS start_millis, count, sum, expected \
                 FROM window \
                 WHERE kind IN {kinds:Array(String)} AND subject = {subject:String} \
                 AND start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                 AND start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC') \
                 AND generation = {generation:UInt32} AND epoch <= {upto:UInt64} \
                 ORDER BY indicator, kind, start_time, epoch DESC \
                 LIMIT 1 BY indicator, kind, start_time",
            )
            .param("kinds", kinds)
            .param("subject", &*request.subject)
            .param("from", request.from.0)
            .param("to", request.to.0)
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
            position: Position {
                log: LogNumber(row.log),
                partition: Partition(row.partition),
                offset: Offset(row.offset),
            },
            row: row.row,
        },
        feed: Name::new(&row.feed),
        sender: Name::new(&row.sender),
    })
}

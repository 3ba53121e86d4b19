//! What a number was made of: the windows behind an index or judgement and the rows behind a window, as of the
//! revision that made it. So what is opened adds up to what it was opened from, even while newer rows come in.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::{Epoch, Generation, Revision},
    observation::Quality,
    position::{LogNumber, Offset, Partition},
    results::RowStanding,
    time::{EventTime, Millis, ReceivedAt},
    window::{ClosedBy, WindowKind},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// The most rows that are listed of a window or an envelope.
pub(super) const ROWS_MAX: u32 = 20_000;
/// The most windows behind an index or judgement: a year of days, a few indicators with a day of hours.
const INPUTS_MAX: u32 = 5_000;

/// A result of a window.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct WindowFigures {
    /// Indicator.
    pub indicator: String,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment behind it.
    pub end: EventTime,
    /// Mean of its good values, or of what a counter added the sum; none of nothing.
    pub mean: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Good values.
    pub count: u64,
    /// Points received, of any quality.
    pub received: u32,
    /// Points expected; 0 where that is not known.
    pub expected: u32,
    /// What made it.
    #[serde(with = "words")]
    pub closed_by: ClosedBy,
    /// Whether one value alone makes it.
    pub spiked: bool,
    /// The generation that made it.
    pub generation: Generation,
    /// The epoch that made it.
    pub revision: Revision,
}

/// A stored row of a window.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct WindowRow {
    /// Of which indicator; of what a counter added, the counter.
    pub indicator: String,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit.
    pub value: f64,
    /// Its worth.
    #[serde(with = "words")]
    pub quality: Quality,
    /// How it stood to earlier rows of its key when it was stored.
    #[serde(with = "words")]
    pub standing: RowStanding,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it; empty where that was not recorded.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of the envelope.
    pub row: u32,
    /// The epoch that stored it.
    pub epoch: Epoch,
    /// It is the value of its moment.
    pub current: bool,
    /// It is current and good, so it went in.
    pub counted: bool,
    /// How many rows of the window there are.
    pub found: u64,
}

#[derive(Debug, Row, Deserialize)]
struct CounterRow {
    counter: String,
    before: i64,
}

const FIGURES: &str = "toString(w.indicator) AS indicator, toUnixTimestamp64Milli(w.start_time) AS start, \
     toUnixTimestamp64Milli(w.end_time) AS end, multiIf(w.indicator IN (SELECT id FROM indicator_current WHERE increase_of != ''), \
     if(w.count = 0 AND w.sum = 0, NULL, w.sum), w.count = 0, NULL, w.sum / w.count) AS mean, \
     if(w.count = 0, NULL, w.min) AS min, if(w.count = 0, NULL, w.max) AS max, w.count AS count, \
     w.received AS received, w.expected AS expected, toString(w.closed_by) AS closed_by, w.spiked AS spiked, \
     w.generation AS generation, w.epoch AS revision";

impl Store {
    /// A window as it was at a revision, or as it is now; none where it had no result.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn window_at(
        &self,
        asker: &Asker,
        indicator: &str,
        subject: &str,
        kind: WindowKind,
        start: EventTime,
        revision: Option<Revision>,
    ) -> Result<Option<WindowFigures>, StoreError> {
        let window = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {FIGURES} FROM window AS w WHERE w.kind = {{kind:String}} \
                 AND w.indicator = {{indicator:String}} AND w.subject = {{subject:String}} \
                 AND w.start_time = fromUnixTimestamp64Milli({{start:Int64}}, 'UTC') \
                 AND w.epoch <= least({COMMITTED}, {{revision:UInt64}}){} \
                 ORDER BY w.generation DESC, w.epoch DESC LIMIT 1",
                    seen.station("w.subject")
                )
            })
            .param("kind", kind.word())
            .param("indicator", indicator)
            .param("subject", subject)
            .param("start", start.0)
            .param("revision", revision.unwrap_or(Revision::LAST).0);
        Ok(answer("read a window", window.fetch_all()).await?.pop())
    }

    /// The windows of a kind of some indicators of a station that start in `[from, to)`, as they were at a committed
    /// revision, by indicator and start.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    #[allow(clippy::too_many_arguments, reason = "each is a column of the key")]
    pub async fn windows_at(
        &self,
        asker: &Asker,
        indicators: &[&str],
        subject: &str,
        kind: WindowKind,
        from: EventTime,
        to: EventTime,
        generation: Generation,
        revision: Revision,
    ) -> Result<Vec<WindowFigures>, StoreError> {
        let windows = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT {FIGURES} FROM window AS w WHERE w.kind = {{kind:String}} \
                 AND w.indicator IN {{indicators:Array(String)}} AND w.subject = {{subject:String}} \
                 AND w.start_time >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND w.start_time < fromUnixTimestamp64Milli({{to:Int64}}, 'UTC') \
                 AND w.generation = {{generation:UInt32}} AND w.epoch <= least({COMMITTED}, {{revision:UInt64}}){} \
                 ORDER BY w.indicator, w.start_time, w.epoch DESC \
                 LIMIT 1 BY w.indicator, w.start_time LIMIT {{most:UInt32}}",
                    seen.station("w.subject")
                )
            })
            .param("kind", kind.word())
            .param("indicators", indicators)
            .param("subject", subject)
            .param("from", from.0)
            .param("to", to.0)
            .param("generation", generation.0)
            .param("revision", revision.0)
            .param("most", INPUTS_MAX);
        answer("read the windows behind a number", windows.fetch_all()).await
    }

    /// The rows of a window as they were at its revision, by event time and arrival: which of them are current, and
    /// which were counted. Of what a counter added those are its counts, from the last one before the window to that at
    /// its end. At most [`ROWS_MAX`]; each says how many there are.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn window_rows(
        &self,
        asker: &Asker,
        indicator: &str,
        subject: &str,
        window: &WindowFigures,
    ) -> Result<Vec<WindowRow>, StoreError> {
        let counter = self.counter_of(asker, indicator, subject, window).await?;
        let (indicator, from, to) = match &counter {
            Some((counter, from)) => (counter.as_str(), *from, window.end.plus(Millis(1))),
            None => (indicator, window.start, window.end),
        };
        // The rule the flow judges by, worked out anew: a value is known since its earliest arrival, and the one known
        // latest is current. What was said again was said before, and is the same row; of a row whose message was read
        // again the last reading counts.
        let rows = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT {{indicator:String}} AS indicator, event_time, value, quality, standing, feed, sender, received_at, log, partition, offset, row, epoch, \
                 first_arrival AND row_number() OVER (PARTITION BY event_time, first_arrival \
                 ORDER BY received_at DESC, log DESC, partition DESC, offset DESC, row DESC) = 1 AS current, \
                 current AND quality = 'good' AS counted, count() OVER () AS found \
                 FROM (SELECT toUnixTimestamp64Milli(o.event_time) AS event_time, o.value AS value, \
                 toString(o.quality) AS quality, toString(o.standing) AS standing, toString(o.feed) AS feed, toString(o.sender) AS sender, \
                 toUnixTimestamp64Milli(o.received_at) AS received_at, o.log AS log, o.partition AS partition, \
                 o.offset AS offset, o.row AS row, o.epoch AS epoch, \
                 row_number() OVER (PARTITION BY o.event_time, o.value, o.quality \
                 ORDER BY o.received_at, o.log, o.partition, o.offset, o.row) = 1 AS first_arrival \
                 FROM (SELECT * FROM observation AS o \
                 WHERE o.indicator = {{indicator:String}} AND o.subject = {{subject:String}} \
                 AND o.event_time >= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC') \
                 AND o.event_time < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC') \
                 AND o.generation = {{generation:UInt32}} AND o.epoch <= least({COMMITTED}, {{revision:UInt64}}) AND o.standing != 'restored'{} \
                 ORDER BY o.epoch DESC LIMIT 1 BY o.event_time, o.log, o.partition, o.offset, o.row) AS o) \
                 ORDER BY event_time, received_at, log, partition, offset, row LIMIT {{most:UInt32}}",
                    seen.row("o.subject", "o.feed")
                )
            })
            .param("indicator", indicator)
            .param("subject", subject)
            .param("start", from.0)
            .param("end", to.0)
            .param("generation", window.generation.0)
            .param("revision", window.revision.0)
            .param("most", ROWS_MAX);
        answer("read the rows behind a window", rows.fetch_all()).await
    }

    /// The counter whose additions a window is, and when it stood there for the last time before it.
    async fn counter_of(
        &self,
        asker: &Asker,
        indicator: &str,
        subject: &str,
        window: &WindowFigures,
    ) -> Result<Option<(String, EventTime)>, StoreError> {
        let counter = self
            .asked_by(asker, |seen| {
                format!(
                "SELECT i.increase_of AS counter, ifNull((SELECT max(toUnixTimestamp64Milli(o.event_time)) FROM observation AS o \
                 WHERE o.indicator = (SELECT any(increase_of) FROM indicator_current WHERE id = {{indicator:String}}) \
                 AND o.subject = {{subject:String}} AND o.quality = 'good' \
                 AND o.event_time <= fromUnixTimestamp64Milli({{start:Int64}}, 'UTC') \
                 AND o.generation = {{generation:UInt32}} AND o.epoch <= least({COMMITTED}, {{revision:UInt64}}){}), 0) AS before \
                 FROM indicator_current AS i WHERE i.id = {{indicator:String}} AND i.increase_of != ''",
                    seen.row("o.subject", "o.feed")
                )
            })
            .param("indicator", indicator)
            .param("subject", subject)
            .param("start", window.start.0)
            .param("generation", window.generation.0)
            .param("revision", window.revision.0);
        let counter: Option<CounterRow> =
            answer("read the counter of a window", counter.fetch_all()).await?.pop();
        // Without any before it, what it begins with is the first in it.
        let before =
            |row: &CounterRow| EventTime(if row.before > 0 { row.before } else { window.start.0 + 1 });
        Ok(counter.map(|row| (row.counter.clone(), before(&row))))
    }
}

//! What is counted of events, by minute, hour or day, over all log sources or some, and how much of the hours was heard.

use clickhouse::Row;
use ioc_model::{asker::Asker, event::MeasureFilter, time::EventTime};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::DIFFERENT_ONES,
};

/// A minute, hour or day of a measure.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct MeasureWindow {
    /// The measure.
    pub measure: String,
    /// Its first moment.
    pub start: EventTime,
    /// How many there were at all of them together. An address that two log sources saw counts once.
    pub value: f64,
    /// Log sources that were counted.
    pub log_sources: u64,
    /// Those of them of which too little is known.
    pub missing: u64,
    /// Log sources that were silent or blind in it: which, for how many minutes; the longest first.
    pub not_heard: Vec<(String, u32)>,
}

/// An hour of a log source that may not be silent.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct HeardHour {
    /// Which.
    pub log_source: String,
    /// Its first moment.
    pub start: EventTime,
    /// Minutes in which it was heard and not blind.
    pub heard: u32,
    /// Minutes that the hour has.
    pub expected: u32,
}

/// How many different ones there were in a window at several log sources together.
#[derive(Debug, Row, Deserialize)]
struct DistinctWindow {
    measure: String,
    start: EventTime,
    value: f64,
}

/// How many different ones there were in some hours together.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct DistinctTotal {
    /// The measure.
    pub measure: String,
    /// How many.
    pub value: f64,
}

/// What a log source says it raised in some hours.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct SensorAlerts {
    /// Which.
    pub log_source: String,
    /// Alerts that it says it raised.
    pub raised: f64,
    /// Of those, how many never arrived.
    pub lost: f64,
}

impl Store {
    /// What log sources say they raised in the hours that begin in `[from, until)`, by those two measures.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn sensor_alerts(
        &self,
        asker: &Asker,
        [raised, lost]: [&str; 2],
        from: EventTime,
        until: EventTime,
    ) -> Result<Vec<SensorAlerts>, StoreError> {
        let alerts = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(w.log_source) AS log_source, \
                     sumIf(w.value, w.measure = {{raised:String}}) AS raised, \
                     sumIf(w.value, w.measure = {{lost:String}}) AS lost \
                     FROM measure_window_current AS w \
                     WHERE w.kind = 'hour' AND w.measure IN ({{raised:String}}, {{lost:String}}) \
                     AND w.start_time >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                     AND w.start_time < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){} \
                     GROUP BY w.log_source ORDER BY log_source",
                    seen.province()
                )
            })
            .param("raised", raised)
            .param("lost", lost)
            .param("from", from.0)
            .param("until", until.0);
        answer("read what sensors say they raised", alerts.fetch_all()).await
    }

    /// How many different ones there were in some windows together, by measure: what two of them have in common counts once.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn measure_totals(
        &self,
        asker: &Asker,
        of: &MeasureFilter,
    ) -> Result<Vec<DistinctTotal>, StoreError> {
        let totals = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(r.measure) AS measure, {DIFFERENT_ONES} AS value \
                     FROM measure_registers_current AS r WHERE {}{} \
                     GROUP BY r.measure ORDER BY measure",
                    windows_of("r", of),
                    seen.province()
                )
            })
            .param("log_sources", &of.log_sources);
        answer("read how many different ones there were", totals.fetch_all()).await
    }

    /// Some windows of every measure, by measure and time.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn measure_windows(
        &self,
        asker: &Asker,
        of: &MeasureFilter,
    ) -> Result<Vec<MeasureWindow>, StoreError> {
        let windows = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(w.measure) AS measure, toUnixTimestamp64Milli(w.start_time) AS start, \
                     sum(w.value) AS value, count() AS log_sources, countIf(NOT w.is_whole) AS missing, \
                     arraySort(it -> (-toInt64(it.2), it.1), groupArrayIf((toString(w.log_source), \
                     toUInt32(w.expected_minutes - w.whole_minutes)), \
                     w.whole_minutes < w.expected_minutes)) AS not_heard \
                     FROM measure_window_current AS w \
                     WHERE {}{} \
                     GROUP BY w.measure, w.start_time ORDER BY measure, start",
                    windows_of("w", of),
                    seen.province()
                )
            })
            .param("log_sources", &of.log_sources);
        let mut windows: Vec<MeasureWindow> = answer("read what is counted", windows.fetch_all()).await?;
        // Of one log source the number is that of its window.
        if of.log_sources.len() != 1 {
            let joined = self.distinct_windows(asker, of).await?;
            for DistinctWindow { measure, start, value } in joined {
                let key = (&measure, start);
                if let Ok(at) = windows.binary_search_by(|window| (&window.measure, window.start).cmp(&key)) {
                    windows[at].value = value;
                }
            }
        }
        Ok(windows)
    }

    /// The windows of measures of different ones, over several log sources.
    async fn distinct_windows(
        &self,
        asker: &Asker,
        of: &MeasureFilter,
    ) -> Result<Vec<DistinctWindow>, StoreError> {
        let windows = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(r.measure) AS measure, toUnixTimestamp64Milli(r.start_time) AS start, \
                     {DIFFERENT_ONES} AS value FROM measure_registers_current AS r WHERE {}{} \
                     GROUP BY r.measure, r.start_time HAVING count() > 1",
                    windows_of("r", of),
                    seen.province()
                )
            })
            .param("log_sources", &of.log_sources);
        answer("read how many different ones there were", windows.fetch_all()).await
    }

    /// How much of the hours that begin in `[from, until)` each log source was heard in, of those that may not be silent:
    /// by time and name. It is the same for all that is counted there; of a pack that counts nothing by the hour it is not
    /// known.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn heard_hours(
        &self,
        asker: &Asker,
        from: EventTime,
        until: EventTime,
    ) -> Result<Vec<HeardHour>, StoreError> {
        let hours = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(w.log_source) AS log_source, toUnixTimestamp64Milli(w.start_time) AS start, \
                     toUInt32(max(w.whole_minutes)) AS heard, toUInt32(max(w.expected_minutes)) AS expected \
                     FROM measure_window_current AS w \
                     WHERE w.kind = 'hour' AND w.expected_minutes > 0 \
                     AND w.start_time >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                     AND w.start_time < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){} \
                     GROUP BY w.log_source, w.start_time ORDER BY start, log_source",
                    seen.province()
                )
            })
            .param("from", from.0)
            .param("until", until.0);
        answer("read how much of each hour was heard", hours.fetch_all()).await
    }
}

/// That a window is one of those that are asked for. Times stand in it as numbers, so that each is looked up by itself.
fn windows_of(window: &str, of: &MeasureFilter) -> String {
    let moment = |at: EventTime| format!("fromUnixTimestamp64Milli(toInt64({}), 'UTC')", at.0);
    let span = |(from, until): &(EventTime, EventTime)| {
        format!("({window}.start_time >= {} AND {window}.start_time < {})", moment(*from), moment(*until))
    };
    let spans: Vec<String> = of.spans.iter().map(span).collect();
    format!(
        "{window}.kind = '{}' AND (empty({{log_sources:Array(String)}}) OR {window}.log_source IN {{log_sources:Array(String)}}) \
         AND ({})",
        of.kind.word(),
        if spans.is_empty() { "false".to_owned() } else { spans.join(" OR ") }
    )
}

//! Rows that wait for an operator's word.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    position::{LogNumber, Offset, Partition},
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::SightConditions;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// The held rows of one sender, series and local day: what one decision is about.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct HeldGroup {
    /// Who sent them.
    pub sender: String,
    /// The feed they came by; one of them where there are several.
    pub feed: String,
    /// Subject.
    pub subject: String,
    /// Indicator.
    pub indicator: String,
    /// Local day, by event time: `2026-01-01`.
    pub day: String,
    /// How many rows.
    pub rows: u64,
    /// How many of them are at a moment that has another value.
    pub replacing: u64,
    /// Their mean.
    pub mean: f64,
    /// The mean of the values in whose place they would be; none where there are none.
    pub stands: Option<f64>,
    /// The first event time.
    pub first: EventTime,
    /// The last event time.
    pub last: EventTime,
    /// When the last of them came.
    pub received_at: ReceivedAt,
    /// Where the last of them lies.
    pub log: LogNumber,
    /// Where the last of them lies.
    pub partition: Partition,
    /// Where the last of them lies.
    pub offset: Offset,
}

/// Which held rows are asked for; what is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldOf {
    /// Whose.
    pub sender: Option<String>,
    /// Of which subject.
    pub subject: Option<String>,
    /// Of which indicator.
    pub indicator: Option<String>,
    /// Of which local day: `2026-01-01`.
    pub day: Option<String>,
}

impl Store {
    /// The held rows, the newest to come first, at most so many groups; and how many rows and groups there are.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn held(
        &self,
        asker: &Asker,
        of: &HeldOf,
        zone: &str,
        limit: u32,
    ) -> Result<(Vec<HeldGroup>, u64, u64), StoreError> {
        // What is asked for and empty is asked for all the same: a word that got lost must not mean everything.
        let choices = [
            (&of.sender, "sender", "sender = {sender:String}"),
            (&of.subject, "subject", "subject = {subject:String}"),
            (&of.indicator, "indicator", "indicator = {indicator:String}"),
            (&of.day, "day", "toString(toDate(event_time, {zone:String})) = {day:String}"),
        ];
        let conditions: Vec<&str> = choices
            .iter()
            .filter(|(choice, ..)| choice.is_some())
            .map(|(.., condition)| *condition)
            .collect();
        let those = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        let those = those + &SightConditions::by(asker).row("subject", "feed");
        let chosen = |query: String| {
            let asked = self.asked_by(asker, |_| query).param("zone", zone);
            choices.iter().fold(asked, |asked, (choice, name, _)| match choice {
                Some(choice) => asked.param(name, choice.as_str()),
                None => asked,
            })
        };
        let groups = chosen(format!(
            "SELECT toString(h.sender) AS sender, toString(any(h.feed)) AS feed, toString(h.subject) AS subject, \
             toString(h.indicator) AS indicator, toString(toDate(h.event_time, {{zone:String}})) AS day, \
             count() AS rows, count(h.stands) AS replacing, avg(h.value) AS mean, avg(h.stands) AS stands, \
             toUnixTimestamp64Milli(min(h.event_time)) AS first, \
             toUnixTimestamp64Milli(max(h.event_time)) AS last, \
             toUnixTimestamp64Milli(max(h.received_at)) AS received_at, \
             (argMax((h.log, h.partition, h.offset), (h.received_at, h.log, h.partition, h.offset)) AS lies).1 AS log, \
             lies.2 AS partition, lies.3 AS offset \
             FROM (SELECT * FROM held_current WHERE {those}) AS h \
             GROUP BY sender, subject, indicator, day \
             ORDER BY received_at DESC, sender, subject, indicator, day LIMIT {{limit:UInt32}}"
        ))
        .param("limit", limit);
        let groups = answer("read the held rows", groups.fetch_all()).await?;
        let totals = chosen(format!(
            "SELECT count(), uniqExact(sender, subject, indicator, toDate(event_time, {{zone:String}})) \
             FROM held_current WHERE {those}"
        ));
        let (rows, found): (u64, u64) = answer("count the held rows", totals.fetch_one()).await?;
        Ok((groups, rows, found))
    }
}

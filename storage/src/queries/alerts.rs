//! Alerts: as they stand, and what happened to them.

use std::sync::Arc;

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    epoch::Epoch,
    limit::Averaging,
    name::Name,
    results::Evidence,
    rule::{AlertAbout, AlertChange, AlertKey, Counted, Priority},
    sensor::SensorRecord,
    status::StationStatus,
    time::{EventTime, Now},
    usual::Compared,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// The most things that can be read of one alert.
const HAPPENED_MAX: u32 = 10_000;

/// An alert as it stands.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AlertNow {
    /// Rule.
    pub rule: String,
    /// Station, address or user.
    pub subject: String,
    /// Which of the rule and subject.
    pub number: u32,
    /// What its subject is.
    #[serde(with = "words")]
    pub about: AlertAbout,
    /// What happened last.
    #[serde(with = "words")]
    pub change: AlertChange,
    /// How urgent.
    #[serde(with = "words")]
    pub priority: Priority,
    /// Its condition holds.
    pub active: bool,
    /// Somebody took it on.
    pub acknowledged: bool,
    /// How often it became active.
    pub occurrences: u32,
    /// When something happened last.
    pub at: Now,
    /// When it was raised.
    pub raised_at: Now,
    /// Since when its condition holds no more.
    pub cleared_at: Option<Now>,
    /// When somebody took it on.
    pub acknowledged_at: Option<Now>,
    /// Who did; empty where nobody did.
    pub user: String,
    /// In their words.
    pub note: String,
    /// Indicator, index or `status`; empty without evidence.
    pub measure: String,
    /// Over what it is averaged; none without a mean.
    #[serde(with = "words::said")]
    pub averaging: Option<Averaging>,
    /// The window's first moment.
    pub window_start: Option<EventTime>,
    /// The first moment behind it.
    pub window_end: Option<EventTime>,
    /// The value.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// The station's state, where that is the evidence.
    #[serde(with = "words::said")]
    pub status: Option<StationStatus>,
    /// The events that were counted, as JSON; empty where it was not they.
    pub events: String,
    /// The hours that the window was held against, as JSON; empty where it was not they.
    pub compared: String,
    /// The record of itself that a sensor wrote, as JSON; empty where it is not that.
    pub sensor: String,
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AlertRow {
    /// What.
    #[serde(with = "words")]
    pub change: AlertChange,
    /// How urgent it was.
    #[serde(with = "words")]
    pub priority: Priority,
    /// Its condition held.
    pub active: bool,
    /// Somebody had taken it on.
    pub acknowledged: bool,
    /// How often it had become active.
    pub occurrences: u32,
    /// When.
    pub at: Now,
    /// By whom; empty where nobody was.
    pub user: String,
    /// In their words.
    pub note: String,
    /// Indicator, index or `status`; empty without evidence.
    pub measure: String,
    /// Over what it is averaged; none without a mean.
    #[serde(with = "words::said")]
    pub averaging: Option<Averaging>,
    /// The window's first moment.
    pub window_start: Option<EventTime>,
    /// The first moment behind it.
    pub window_end: Option<EventTime>,
    /// The value.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// The station's state, where that is the evidence.
    #[serde(with = "words::said")]
    pub status: Option<StationStatus>,
    /// The events that were counted, as JSON; empty where it was not they.
    pub events: String,
    /// The hours that the window was held against, as JSON; empty where it was not they.
    pub compared: String,
    /// The record of itself that a sensor wrote, as JSON; empty where it is not that.
    pub sensor: String,
    /// The epoch that made it so.
    pub epoch: Epoch,
}

/// What columns say of an alert's evidence; none where there is none.
macro_rules! evidence {
    ($row:expr) => {{
        let row = $row;
        // What another version counted by words that this one does not have is opened no more, and still told.
        let events: Option<Counted> = serde_json::from_str(&row.events).ok();
        let compared: Option<Compared> = serde_json::from_str(&row.compared).ok();
        let sensor: Option<SensorRecord> = serde_json::from_str(&row.sensor).ok();
        let window = row.window_start.zip(row.window_end).filter(|_| !row.measure.is_empty());
        window.map(|(start, end)| Evidence {
            measure: Name::new(&row.measure),
            averaging: row.averaging,
            start,
            end,
            value: row.value,
            threshold: row.threshold,
            status: row.status,
            events: events.map(Arc::new),
            compared: compared.map(Arc::new),
            sensor: sensor.map(Arc::new),
        })
    }};
}

impl AlertNow {
    /// Which alert it is.
    #[must_use]
    pub fn key(&self) -> AlertKey {
        let AlertNow { rule, subject, number, .. } = self;
        AlertKey { rule: rule.as_str().into(), subject: subject.as_str().into(), number: *number }
    }

    /// What it was last raised, raised again or cleared by.
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        evidence!(self)
    }
}

impl AlertRow {
    /// What made it so.
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        evidence!(self)
    }
}

const NOW_COLUMNS: &str = "toString(a.rule) AS rule, toString(a.subject) AS subject, a.number AS number, \
     toString(a.about) AS about, toString(a.change) AS change, toString(a.priority) AS priority, a.active AS active, \
     a.acknowledged AS acknowledged, a.occurrences AS occurrences, toUnixTimestamp64Milli(a.at) AS at, \
     toUnixTimestamp64Milli(a.raised_at) AS raised_at, toUnixTimestamp64Milli(a.cleared_at) AS cleared_at, \
     toUnixTimestamp64Milli(a.acknowledged_at) AS acknowledged_at, a.user AS user, a.note AS note, \
     toString(a.measure) AS measure, toString(a.averaging) AS averaging, \
     toUnixTimestamp64Milli(a.window_start) AS window_start, \
     toUnixTimestamp64Milli(a.window_end) AS window_end, a.value AS value, a.threshold AS threshold, \
     toString(a.status) AS status, a.events AS events, a.compared AS compared, \
     a.sensor AS sensor";

impl Store {
    /// The alerts that are active or not acknowledged: at most one for each rule and station.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn open_alerts(&self, asker: &Asker) -> Result<Vec<AlertNow>, StoreError> {
        let open = self.asked_by(asker, |seen| {
            format!(
                "SELECT {NOW_COLUMNS} FROM alert_current AS a WHERE (a.active OR NOT a.acknowledged){} \
                 ORDER BY a.rule, a.subject, a.number",
                seen.alert("a")
            )
        });
        answer("read the open alerts", open.fetch_all()).await
    }

    /// The last alerts raised before a moment, the newest first: so many, and those raised in the same moment as the
    /// last of them.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alerts_before(
        &self,
        asker: &Asker,
        before: Now,
        number: u32,
    ) -> Result<Vec<AlertNow>, StoreError> {
        // The moment is compared as a number, so that one that no column holds does not wrap.
        let alerts = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT * FROM (SELECT {NOW_COLUMNS} FROM alert_current AS a \
                     WHERE toUnixTimestamp64Milli(a.raised_at) < {{before:Int64}}{}) \
                     ORDER BY raised_at DESC LIMIT {{number:UInt32}} WITH TIES",
                    seen.alert("a")
                )
            })
            .param("before", before.0)
            .param("number", number);
        answer("read alerts", alerts.fetch_all()).await
    }

    /// An alert as it stands; none where it was never raised.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert(&self, asker: &Asker, key: &AlertKey) -> Result<Option<AlertNow>, StoreError> {
        let alert = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {NOW_COLUMNS} FROM alert_current AS a WHERE a.rule = {{rule:String}} \
                     AND a.subject = {{subject:String}} AND a.number = {{number:UInt32}}{}",
                    seen.alert("a")
                )
            })
            .param("rule", &*key.rule)
            .param("subject", &*key.subject)
            .param("number", key.number);
        Ok(answer("read an alert", alert.fetch_all()).await?.pop())
    }

    /// All that happened to an alert, in order.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert_history(&self, asker: &Asker, key: &AlertKey) -> Result<Vec<AlertRow>, StoreError> {
        let happened = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(a.change) AS change, toString(a.priority) AS priority, a.active AS active, \
                 a.acknowledged AS acknowledged, a.occurrences AS occurrences, toUnixTimestamp64Milli(a.at) AS at, \
                 a.user AS user, a.note AS note, toString(a.measure) AS measure, \
                 toString(a.averaging) AS averaging, toUnixTimestamp64Milli(a.window_start) AS window_start, \
                 toUnixTimestamp64Milli(a.window_end) AS window_end, a.value AS value, \
                 a.threshold AS threshold, toString(a.status) AS status, a.events AS events, \
                 a.compared AS compared, a.sensor AS sensor, a.epoch AS epoch \
                 FROM alert AS a WHERE a.rule = {{rule:String}} AND a.subject = {{subject:String}} \
                 AND a.number = {{number:UInt32}} AND a.epoch <= {COMMITTED}{} \
                 ORDER BY a.epoch, a.seq LIMIT {{most:UInt32}}",
                    seen.alert("a")
                )
            })
            .param("rule", &*key.rule)
            .param("subject", &*key.subject)
            .param("number", key.number)
            .param("most", HAPPENED_MAX);
        answer("read what happened to an alert", happened.fetch_all()).await
    }
}

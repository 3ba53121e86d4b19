//! Alerts: as they stand, and what happened to them.

use clickhouse::Row;
use ioc_model::{rule::AlertKey, time::Now};
use serde::{Deserialize, Serialize};

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
    /// Station.
    pub subject: String,
    /// Which of the rule and station.
    pub number: u32,
    /// What happened last, as a word.
    pub change: String,
    /// How urgent, as a word.
    pub priority: String,
    /// Its condition holds.
    pub active: bool,
    /// Somebody took it on.
    pub acknowledged: bool,
    /// How often it became active.
    pub occurrences: u32,
    /// When something happened last.
    pub at: i64,
    /// When it was raised.
    pub raised_at: i64,
    /// Since when its condition holds no more.
    pub cleared_at: Option<i64>,
    /// When somebody took it on.
    pub acknowledged_at: Option<i64>,
    /// Who did; empty where nobody did.
    pub user: String,
    /// In their words.
    pub note: String,
    /// Indicator, index or `status`; empty without evidence.
    pub measure: String,
    /// Over what it is averaged, as a word; empty without a mean.
    pub averaging: String,
    /// The window's first moment.
    pub window_start: Option<i64>,
    /// The first moment behind it.
    pub window_end: Option<i64>,
    /// The value.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// The station's state, where that is the evidence; else empty.
    pub status: String,
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AlertRow {
    /// What, as a word.
    pub change: String,
    /// How urgent it was, as a word.
    pub priority: String,
    /// Its condition held.
    pub active: bool,
    /// Somebody had taken it on.
    pub acknowledged: bool,
    /// How often it had become active.
    pub occurrences: u32,
    /// When.
    pub at: i64,
    /// By whom; empty where nobody was.
    pub user: String,
    /// In their words.
    pub note: String,
    /// Indicator, index or `status`; empty without evidence.
    pub measure: String,
    /// Over what it is averaged, as a word; empty without a mean.
    pub averaging: String,
    /// The window's first moment.
    pub window_start: Option<i64>,
    /// The first moment behind it.
    pub window_end: Option<i64>,
    /// The value.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// The station's state, where that is the evidence; else empty.
    pub status: String,
    /// The epoch that made it so.
    pub epoch: u64,
}

/// The columns an alert's evidence is kept in.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceColumns<'a> {
    /// Indicator, index or `status`; empty without evidence.
    pub measure: &'a str,
    /// Over what it is averaged, as a word; empty without a mean.
    pub averaging: &'a str,
    /// The window's first moment and the first behind it.
    pub window: Option<(i64, i64)>,
    /// The value.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// The station's state, where that is the evidence; else empty.
    pub status: &'a str,
}

impl AlertNow {
    /// What it was last raised, raised again or cleared by.
    #[must_use]
    pub fn evidence(&self) -> EvidenceColumns<'_> {
        EvidenceColumns {
            measure: &self.measure,
            averaging: &self.averaging,
            window: self.window_start.zip(self.window_end),
            value: self.value,
            threshold: self.threshold,
            status: &self.status,
        }
    }
}

impl AlertRow {
    /// What made it so.
    #[must_use]
    pub fn evidence(&self) -> EvidenceColumns<'_> {
        EvidenceColumns {
            measure: &self.measure,
            averaging: &self.averaging,
            window: self.window_start.zip(self.window_end),
            value: self.value,
            threshold: self.threshold,
            status: &self.status,
        }
    }
}

const NOW_COLUMNS: &str = "toString(a.rule) AS rule, toString(a.subject) AS subject, a.number AS number, \
     toString(a.change) AS change, toString(a.priority) AS priority, a.active AS active, \
     a.acknowledged AS acknowledged, a.occurrences AS occurrences, toUnixTimestamp64Milli(a.at) AS at, \
     toUnixTimestamp64Milli(a.raised_at) AS raised_at, toUnixTimestamp64Milli(a.cleared_at) AS cleared_at, \
     toUnixTimestamp64Milli(a.acknowledged_at) AS acknowledged_at, a.user AS user, a.note AS note, \
     toString(a.measure) AS measure, toString(a.averaging) AS averaging, \
     toUnixTimestamp64Milli(a.window_start) AS window_start, \
     toUnixTimestamp64Milli(a.window_end) AS window_end, a.value AS value, a.threshold AS threshold, \
     toString(a.status) AS status";

impl Store {
    /// The alerts that are active or not acknowledged: at most one for each rule and station.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn open_alerts(&self) -> Result<Vec<AlertNow>, StoreError> {
        let open = self.client().query(&format!(
            "SELECT {NOW_COLUMNS} FROM alert_current AS a WHERE a.active OR NOT a.acknowledged \
             ORDER BY a.rule, a.subject, a.number"
        ));
        answer("read the open alerts", open.fetch_all()).await
    }

    /// The last alerts raised before a moment, the newest first: so many, and those raised in the same moment as the
    /// last of them.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alerts_before(&self, before: Now, number: u32) -> Result<Vec<AlertNow>, StoreError> {
        // The moment is compared as a number, so that one that no column holds does not wrap.
        let alerts = self
            .client()
            .query(&format!(
                "SELECT * FROM (SELECT {NOW_COLUMNS} FROM alert_current AS a \
                 WHERE toUnixTimestamp64Milli(a.raised_at) < {{before:Int64}}) \
                 ORDER BY raised_at DESC LIMIT {{number:UInt32}} WITH TIES"
            ))
            .param("before", before.0)
            .param("number", number);
        answer("read alerts", alerts.fetch_all()).await
    }

    /// An alert as it stands; none where it was never raised.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert(&self, key: &AlertKey) -> Result<Option<AlertNow>, StoreError> {
        let alert = self
            .client()
            .query(&format!(
                "SELECT {NOW_COLUMNS} FROM alert_current AS a WHERE a.rule = {{rule:String}} \
                 AND a.subject = {{subject:String}} AND a.number = {{number:UInt32}}"
            ))
            .param("rule", &*key.rule)
            .param("subject", &*key.subject)
            .param("number", key.number);
        Ok(answer("read an alert", alert.fetch_all()).await?.pop())
    }

    /// All that happened to an alert, in order.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert_history(&self, key: &AlertKey) -> Result<Vec<AlertRow>, StoreError> {
        let happened = self
            .client()
            .query(&format!(
                "SELECT toString(a.change) AS change, toString(a.priority) AS priority, a.active AS active, \
                 a.acknowledged AS acknowledged, a.occurrences AS occurrences, toUnixTimestamp64Milli(a.at) AS at, \
                 a.user AS user, a.note AS note, toString(a.measure) AS measure, \
                 toString(a.averaging) AS averaging, toUnixTimestamp64Milli(a.window_start) AS window_start, \
                 toUnixTimestamp64Milli(a.window_end) AS window_end, a.value AS value, \
                 a.threshold AS threshold, toString(a.status) AS status, a.epoch AS epoch \
                 FROM alert AS a WHERE a.rule = {{rule:String}} AND a.subject = {{subject:String}} \
                 AND a.number = {{number:UInt32}} AND a.epoch <= {COMMITTED} \
                 ORDER BY a.epoch, a.seq LIMIT {{most:UInt32}}"
            ))
            .param("rule", &*key.rule)
            .param("subject", &*key.subject)
            .param("number", key.number)
            .param("most", HAPPENED_MAX);
        answer("read what happened to an alert", happened.fetch_all()).await
    }
}

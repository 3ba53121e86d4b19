//! How long alerts wait: until somebody takes them on, and until they are over.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    rule::{AlertAbout, Priority},
    time::Now,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// The alerts of a rule that were raised in a time. Durations are milliseconds; none where there is nothing to measure.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct AlertTimes {
    /// The rule.
    pub rule: String,
    /// What its alerts are about.
    #[serde(with = "words")]
    pub about: AlertAbout,
    /// As the rule had it then.
    #[serde(with = "words")]
    pub priority: Priority,
    /// How many were raised.
    pub raised: u64,
    /// Of those, how many a person took on,
    pub acknowledged: u64,
    /// and how many nobody has yet.
    pub unacknowledged: u64,
    /// How many are over, and were not when they were raised,
    pub cleared: u64,
    /// and how many are active.
    pub active: u64,
    /// Mean time until a person took one on.
    pub mean_to_acknowledge: Option<f64>,
    /// Median of it.
    pub median_to_acknowledge: Option<f64>,
    /// The longest.
    pub longest_to_acknowledge: Option<f64>,
    /// Mean time until one was over.
    pub mean_to_clear: Option<f64>,
    /// Median of it.
    pub median_to_clear: Option<f64>,
    /// The longest.
    pub longest_to_clear: Option<f64>,
    /// Since when the one waits that nobody has taken on for the longest.
    pub waiting_since: Option<Now>,
    /// Since when the one is active that is so for the longest.
    pub active_since: Option<Now>,
}

impl Store {
    /// How long alerts took that were raised in `[from, until)`, by rule and priority: of open ones it is not known, and
    /// they are counted beside it.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert_times(
        &self,
        asker: &Asker,
        from: Now,
        until: Now,
    ) -> Result<Vec<AlertTimes>, StoreError> {
        let times = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT toString(a.rule) AS rule, toString(a.about) AS about, toString(a.priority) AS priority, \
                     count() AS raised, count(a.seconds_to_acknowledge) AS acknowledged, \
                     countIf(NOT a.acknowledged) AS unacknowledged, count(a.seconds_to_clear) AS cleared, \
                     countIf(a.active) AS active, \
                     1000 * avg(a.seconds_to_acknowledge) AS mean_to_acknowledge, \
                     1000 * quantileExactInclusive(0.5)(a.seconds_to_acknowledge) AS median_to_acknowledge, \
                     1000 * max(a.seconds_to_acknowledge) AS longest_to_acknowledge, \
                     1000 * avg(a.seconds_to_clear) AS mean_to_clear, \
                     1000 * quantileExactInclusive(0.5)(a.seconds_to_clear) AS median_to_clear, \
                     1000 * max(a.seconds_to_clear) AS longest_to_clear, \
                     toUnixTimestamp64Milli(minIf(toNullable(a.raised_at), NOT a.acknowledged)) AS waiting_since, \
                     toUnixTimestamp64Milli(minIf(toNullable(a.raised_at), a.active)) AS active_since \
                     FROM alert_times_current AS a \
                     WHERE toUnixTimestamp64Milli(a.raised_at) >= {{from:Int64}} \
                     AND toUnixTimestamp64Milli(a.raised_at) < {{until:Int64}}{} \
                     GROUP BY a.rule, a.about, a.priority ORDER BY toString(a.about), rule, priority",
                    seen.alert("a")
                )
            })
            .param("from", from.0)
            .param("until", until.0);
        answer("read how long alerts take", times.fetch_all()).await
    }
}

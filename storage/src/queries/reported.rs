//! What reported cells add up to, period by period, and how far plans are.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    form::{Period, PeriodKind, Vintage},
    time::ReceivedAt,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// What a part of an indicator adds up to over all places in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedSum {
    /// The indicator.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// When.
    pub period: Period,
    /// The sum of what is known; none where nothing is.
    pub sum: Option<Decimal>,
    /// Cells that are known.
    pub known: u32,
    /// Cells of which something was said.
    pub said: u32,
    /// Of those that are known and not nought, how many are below what is kept back, and what they add up to,
    pub small: (u32, Decimal),
    /// and how many are not below it.
    pub large: u32,
    /// The least final of them.
    pub vintage: Vintage,
    /// When the newest of them arrived.
    pub received_at: ReceivedAt,
    /// The epoch that stored the newest of them.
    pub revision: u64,
}

/// A target in a year.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct TargetInYear {
    /// The target.
    pub target: String,
    /// The year.
    pub year: u16,
    /// Its last period of which anything is known, as it is written.
    pub period: String,
    /// Periods of the year of which anything is known,
    pub periods: u64,
    /// of how many.
    pub periods_of_year: u64,
    /// What is reached; none where it is not known.
    pub value: Option<f64>,
    /// Cells that are known,
    pub known: u64,
    /// of how many.
    pub expected: u64,
    /// `on_target`, `behind`, `no_target`, `unknown`.
    pub verdict: String,
    /// Whether the plan's time was not over.
    pub is_in_time: bool,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct SumRow {
    indicator: String,
    breakdown: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    sum: Option<String>,
    known: u64,
    said: u64,
    small: u64,
    small_sum: String,
    large: u64,
    #[serde(with = "words")]
    vintage: Vintage,
    received_at: ReceivedAt,
    revision: u64,
}

impl Store {
    /// What each part of each indicator of a form adds up to, the newest period first, at most so many. `below` says of
    /// indicators which numbers are kept back.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_sums(
        &self,
        asker: &Asker,
        form: &str,
        below: &[(String, u32)],
        limit: u32,
    ) -> Result<Vec<ReportedSum>, StoreError> {
        let (indicators, belows): (Vec<&str>, Vec<u32>) =
            below.iter().map(|(indicator, below)| (indicator.as_str(), *below)).unzip();
        let sums = self
            .asked_by(asker, |seen| {
                let theirs = seen.feed("c.feed");
                format!(
                    "SELECT toString(c.indicator) AS indicator, toString(c.breakdown) AS breakdown, \
                     toString(any(c.period_kind)) AS period_kind, toString(c.period_start) AS period_start, \
                     toString(any(c.period_end)) AS period_end, toString(sum(c.counts)) AS sum, \
                     count(c.counts) AS known, count() AS said, \
                     countIf(c.counts > 0 AND c.counts < transform(toString(c.indicator), {{indicators:Array(String)}}, {{belows:Array(UInt32)}}, 0)) AS small, \
                     toString(ifNull(sumIf(c.counts, c.counts > 0 AND c.counts < transform(toString(c.indicator), {{indicators:Array(String)}}, {{belows:Array(UInt32)}}, 0)), 0)) AS small_sum, \
                     toUInt64(countIf(c.counts > 0) - small) AS large, toString(min(c.vintage)) AS vintage, \
                     toUnixTimestamp64Milli(max(c.received_at)) AS received_at, max(c.revision) AS revision \
                     FROM report_value_current AS c WHERE c.form = {{form:String}}{theirs} \
                     GROUP BY c.indicator, c.breakdown, c.period_kind, c.period_start \
                     ORDER BY c.period_start DESC, c.indicator, c.breakdown LIMIT {{limit:UInt32}}"
                )
            })
            .param("form", form)
            .param("indicators", indicators)
            .param("belows", belows)
            .param("limit", limit);
        let sums: Vec<SumRow> = answer("add up what is reported", sums.fetch_all()).await?;
        sums.into_iter().map(sum_of).collect()
    }

    /// How far each target is in each year of which anything is known. It is the province's.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_targets(&self, asker: &Asker) -> Result<Vec<TargetInYear>, StoreError> {
        let targets = self.asked_by(asker, |seen| {
            let theirs = seen.province();
            format!(
                "SELECT t.target_id AS target, t.year AS year, t.period AS period, toUInt64(t.periods) AS periods, \
                 toUInt64(t.periods_of_year) AS periods_of_year, toFloat64(t.value) AS value, \
                 toUInt64(t.known) AS known, toUInt64(t.expected) AS expected, t.verdict AS verdict, \
                 CAST(t.is_in_time AS Bool) AS is_in_time \
                 FROM report_target AS t WHERE true{theirs} ORDER BY target, year DESC"
            )
        });
        answer("hold plans against what is reported", targets.fetch_all()).await
    }
}

fn sum_of(row: SumRow) -> Result<ReportedSum, StoreError> {
    let decimal = |text: &str| {
        text.parse::<Decimal>().map_err(|_| StoreError::Unfit(format!("the store adds up to '{text}'")))
    };
    let day =
        |text: &str| text.parse().map_err(|_| StoreError::Unfit(format!("the store holds the day '{text}'")));
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(ReportedSum {
        period: Period { start: day(&row.period_start)?, end: day(&row.period_end)?, kind: row.period_kind },
        sum: row.sum.as_deref().filter(|_| row.known > 0).map(decimal).transpose()?,
        known: count(row.known),
        said: count(row.said),
        small: (count(row.small), decimal(&row.small_sum)?),
        large: count(row.large),
        vintage: row.vintage,
        received_at: row.received_at,
        revision: row.revision,
        indicator: row.indicator,
        breakdown: row.breakdown,
    })
}

//! Who owes something, of which periods, and since when.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    form::{ObligationFilter, OwedPeriod, Owing, PeriodKind},
    time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::{
    obligations::{named, period_of, those, view},
    words,
};
use crate::{
    client::{Store, answer},
    error::StoreError,
};

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct PeriodRow {
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    owed: u32,
    judged: u32,
}

/// An agency where one is named, else a period.
#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct OwingRow {
    agency: String,
    period_kind: String,
    period_start: String,
    period_end: String,
    owed: u32,
    judged: u32,
    first_due: EventTime,
}

impl Store {
    /// Periods of which something is owed, the newest first, at most so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn owed_periods(
        &self,
        asker: &Asker,
        of: &ObligationFilter,
        limit: u32,
    ) -> Result<Vec<OwedPeriod>, StoreError> {
        let query = self
            .asked_by(asker, |seen| {
                let (theirs, those, table) = (seen.province(), those(of), view("obligation", of.at));
                format!(
                    "SELECT toString(o.period_kind) AS period_kind, toString(o.period_start) AS period_start, \
                     toString(any(o.period_end)) AS period_end, toUInt32(count()) AS owed, \
                     toUInt32(countIf(o.state IN ('on_time', 'late', 'missing'))) AS judged \
                     FROM {table} AS o WHERE o.state != 'not_owed'{those}{theirs} \
                     GROUP BY o.period_kind, o.period_start ORDER BY o.period_start DESC, o.period_kind \
                     LIMIT {{limit:UInt32}}"
                )
            })
            .param("limit", limit);
        let rows: Vec<PeriodRow> =
            answer("read the periods of what is owed", named(query, of).fetch_all()).await?;
        let period = |row: PeriodRow| {
            let period = period_of(row.period_kind, &row.period_start, &row.period_end)?;
            Ok(OwedPeriod { period, owed: row.owed, judged: row.judged })
        };
        rows.into_iter().map(period).collect()
    }

    /// Who owes or owed something, of which periods, at most so many, and since when: in one look. Agencies are those of all
    /// that is asked for, whatever agencies are named; periods are theirs alone.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn owing(&self, asker: &Asker, of: &ObligationFilter, limit: u32) -> Result<Owing, StoreError> {
        let anybody = ObligationFilter { agencies: None, ..of.clone() };
        let is_meant = of.agencies.as_ref().map_or("true", |_| "o.agency IN {agencies:Array(String)}");
        let mut query = self.asked_by(asker, |seen| {
            let (theirs, those, table) = (seen.province(), those(&anybody), view("obligation", of.at));
            format!(
                "SELECT agency, period_kind, period_start, max(last) AS period_end, \
                 toUInt32(countIf(is_meant)) AS owed, toUInt32(countIf(is_meant AND is_judged)) AS judged, \
                 min(due) AS first_due FROM (SELECT toString(o.agency) AS agency, \
                 toString(o.period_kind) AS period_kind, toString(o.period_start) AS period_start, \
                 toString(o.period_end) AS last, toUnixTimestamp64Milli(o.due_at) AS due, {is_meant} AS is_meant, \
                 o.state IN ('on_time', 'late', 'missing') AS is_judged \
                 FROM {table} AS o WHERE o.state != 'not_owed'{those}{theirs}) \
                 GROUP BY GROUPING SETS ((agency), (period_kind, period_start)) \
                 ORDER BY agency, period_start DESC, period_kind"
            )
        });
        if let Some(agencies) = &of.agencies {
            query = query.param("agencies", agencies);
        }
        let rows: Vec<OwingRow> = answer("read who owes", named(query, &anybody).fetch_all()).await?;
        let (agencies, periods): (Vec<OwingRow>, _) =
            rows.into_iter().partition(|row| !row.agency.is_empty());
        let periods = periods.into_iter().filter(|row: &OwingRow| row.owed > 0).take(limit as usize);
        let period = |row: OwingRow| {
            let kind = PeriodKind::from_word(&row.period_kind).ok_or_else(|| {
                StoreError::Unfit(format!("the store holds the kind '{}'", row.period_kind))
            })?;
            let period = period_of(kind, &row.period_start, &row.period_end)?;
            Ok(OwedPeriod { period, owed: row.owed, judged: row.judged })
        };
        Ok(Owing {
            first_due: agencies.iter().map(|row| row.first_due).min(),
            agencies: agencies.into_iter().map(|row| row.agency).collect(),
            periods: periods.map(period).collect::<Result<_, StoreError>>()?,
        })
    }
}

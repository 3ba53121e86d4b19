//! What reported cells add up to, period by period, and how far plans are.

use std::collections::BTreeSet;

use clickhouse::{Row, query::Query};
use ioc_model::{
    asker::Asker,
    form::{Period, PeriodKind, Vintage},
    place::{Date, PlaceKey},
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
    /// The least final of them.
    pub vintage: Vintage,
    /// When the newest of them arrived.
    pub received_at: ReceivedAt,
    /// The epoch that stored the newest of them.
    pub revision: u64,
}

/// What a ratio of a form is made of in a period: sums over the cells that know both.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedRatio {
    /// The ratio.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// When.
    pub period: Period,
    /// The sum of its numerators,
    pub numerator: Decimal,
    /// and of its denominators.
    pub denominator: Decimal,
    /// Of so many cells.
    pub known: u32,
}

/// A cell above nought.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedCount {
    /// What is reported.
    pub indicator: String,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// Code of the unit it is about,
    pub place: String,
    /// and the first day of the validity of that version of it.
    pub place_from: Date,
    /// When.
    pub period: Period,
    /// Its number.
    pub number: Decimal,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct CountRow {
    indicator: String,
    breakdown: String,
    place: String,
    place_from: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    number: String,
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
    #[serde(with = "words")]
    vintage: Vintage,
    received_at: ReceivedAt,
    revision: u64,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct RatioRow {
    indicator: String,
    breakdown: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    numerator: String,
    denominator: String,
    known: u64,
}

impl Store {
    /// What ratios of a form are made of, each with its numerator and denominator, the newest period first, at most so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_ratios(
        &self,
        asker: &Asker,
        form: &str,
        ratios: &[(&str, &str, &str)],
        places: Option<&BTreeSet<PlaceKey>>,
        limit: u32,
    ) -> Result<Vec<ReportedRatio>, StoreError> {
        if ratios.is_empty() {
            return Ok(Vec::new());
        }
        let of_places = places.map_or("", |_| OF_PLACES);
        let all = |of: fn(&(&str, &str, &str)) -> String| ratios.iter().map(of).collect::<Vec<String>>();
        let mut sums = self
            .asked_by(asker, |seen| {
                let theirs = seen.feed("c.feed");
                // A cell that knows one of both alone is part of neither sum.
                format!(
                    "SELECT b.ratio AS indicator, b.part AS breakdown, b.kind AS period_kind, \
                     toString(b.start) AS period_start, b.last AS period_end, \
                     toString(sum(assumeNotNull(b.numer))) AS numerator, \
                     toString(sum(assumeNotNull(b.denom))) AS denominator, count() AS known \
                     FROM (SELECT r.1 AS ratio, toString(c.breakdown) AS part, toString(c.period_kind) AS kind, \
                     c.period_start AS start, toString(any(c.period_end)) AS last, \
                     anyIf(c.counts, c.indicator = r.2) AS numer, anyIf(c.counts, c.indicator = r.3) AS denom \
                     FROM report_value_current AS c \
                     ARRAY JOIN arrayZip({{ids:Array(String)}}, {{numerators:Array(String)}}, {{denominators:Array(String)}}) AS r \
                     WHERE c.form = {{form:String}} AND (c.indicator = r.2 OR c.indicator = r.3){of_places}{theirs} \
                     GROUP BY ratio, part, kind, start, c.place, c.place_from) AS b \
                     WHERE isNotNull(b.numer) AND isNotNull(b.denom) \
                     GROUP BY b.ratio, b.part, b.kind, b.start, b.last \
                     ORDER BY b.start DESC, b.ratio, b.part LIMIT {{limit:UInt32}}"
                )
            })
            .param("form", form)
            .param("ids", all(|(id, ..)| (*id).to_owned()))
            .param("numerators", all(|(_, numerator, _)| (*numerator).to_owned()))
            .param("denominators", all(|(.., denominator)| (*denominator).to_owned()))
            .param("limit", limit);
        if let Some(places) = places {
            sums = of_those(sums, places);
        }
        let sums: Vec<RatioRow> = answer("add up what ratios are made of", sums.fetch_all()).await?;
        sums.into_iter().map(ratio_of).collect()
    }

    /// What each part of each indicator of a form adds up to over all places or some, the newest period first, at most so
    /// many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_sums(
        &self,
        asker: &Asker,
        form: &str,
        places: Option<&BTreeSet<PlaceKey>>,
        limit: u32,
    ) -> Result<Vec<ReportedSum>, StoreError> {
        let of_places = places.map_or("", |_| OF_PLACES);
        let mut sums = self
            .asked_by(asker, |seen| {
                let theirs = seen.feed("c.feed");
                format!(
                    "SELECT toString(c.indicator) AS indicator, toString(c.breakdown) AS breakdown, \
                     toString(any(c.period_kind)) AS period_kind, toString(c.period_start) AS period_start, \
                     toString(any(c.period_end)) AS period_end, toString(sum(c.counts)) AS sum, \
                     count(c.counts) AS known, count() AS said, \
                     toString(min(c.vintage)) AS vintage, \
                     toUnixTimestamp64Milli(max(c.received_at)) AS received_at, max(c.revision) AS revision \
                     FROM report_value_current AS c WHERE c.form = {{form:String}}{of_places}{theirs} \
                     GROUP BY c.indicator, c.breakdown, c.period_kind, c.period_start \
                     ORDER BY c.period_start DESC, c.indicator, c.breakdown LIMIT {{limit:UInt32}}"
                )
            })
            .param("form", form)
            .param("limit", limit);
        if let Some(places) = places {
            sums = of_those(sums, places);
        }
        let sums: Vec<SumRow> = answer("add up what is reported", sums.fetch_all()).await?;
        sums.into_iter().map(sum_of).collect()
    }

    /// Cells above nought of some indicators of a form, in some periods or in all, the newest period first, at most so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_counts(
        &self,
        asker: &Asker,
        form: &str,
        indicators: &[String],
        periods: Option<&[Period]>,
        limit: u32,
    ) -> Result<Vec<ReportedCount>, StoreError> {
        // The first days leave out what is stored of other periods, the words other kinds that begin on those days.
        let of_periods = periods.map_or("", |_| {
            " AND c.period_start IN (SELECT toDate32(arrayJoin({starts:Array(String)}))) \
             AND (toString(c.period_kind), toString(c.period_start)) IN (SELECT p.1, p.2 FROM (SELECT arrayJoin(\
             arrayZip({kinds:Array(String)}, {starts:Array(String)})) AS p))"
        });
        let mut counts = self
            .asked_by(asker, |seen| {
                let theirs = seen.feed("c.feed");
                format!(
                    "SELECT toString(c.indicator) AS indicator, toString(c.breakdown) AS breakdown, \
                     toString(c.place) AS place, toString(c.place_from) AS place_from, \
                     toString(c.period_kind) AS period_kind, toString(c.period_start) AS period_start, \
                     toString(c.period_end) AS period_end, toString(assumeNotNull(c.counts)) AS number \
                     FROM report_value_current AS c WHERE c.form = {{form:String}} AND c.counts > 0 \
                     AND c.indicator IN {{indicators:Array(String)}}{of_periods}{theirs} \
                     ORDER BY c.period_start DESC LIMIT {{limit:UInt32}}"
                )
            })
            .param("form", form)
            .param("indicators", indicators)
            .param("limit", limit);
        if let Some(periods) = periods {
            let kinds: Vec<&str> = periods.iter().map(|period| period.kind.word()).collect();
            let starts: Vec<String> = periods.iter().map(|period| period.start.to_string()).collect();
            counts = counts.param("kinds", kinds).param("starts", starts);
        }
        let counts: Vec<CountRow> = answer("look at what is reported", counts.fetch_all()).await?;
        counts.into_iter().map(count_of).collect()
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

/// Of some places alone.
const OF_PLACES: &str = " AND (toString(c.place), toString(c.place_from)) IN (SELECT p.1, p.2 FROM (SELECT arrayJoin(\
     arrayZip({codes:Array(String)}, {froms:Array(String)})) AS p))";

fn of_those(query: Query, places: &BTreeSet<PlaceKey>) -> Query {
    let codes: Vec<&str> = places.iter().map(|place| place.code.as_str()).collect();
    let froms: Vec<String> = places.iter().map(|place| place.valid_from.to_string()).collect();
    query.param("codes", codes).param("froms", froms)
}

fn decimal(text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|_| StoreError::Unfit(format!("the store holds the number '{text}'")))
}

fn day(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Unfit(format!("the store holds the day '{text}'")))
}

fn ratio_of(row: RatioRow) -> Result<ReportedRatio, StoreError> {
    Ok(ReportedRatio {
        indicator: row.indicator,
        breakdown: row.breakdown,
        period: Period { kind: row.period_kind, start: day(&row.period_start)?, end: day(&row.period_end)? },
        numerator: decimal(&row.numerator)?,
        denominator: decimal(&row.denominator)?,
        known: u32::try_from(row.known).unwrap_or(u32::MAX),
    })
}

fn count_of(row: CountRow) -> Result<ReportedCount, StoreError> {
    Ok(ReportedCount {
        place_from: day(&row.place_from)?,
        period: Period { start: day(&row.period_start)?, end: day(&row.period_end)?, kind: row.period_kind },
        number: decimal(&row.number)?,
        indicator: row.indicator,
        breakdown: row.breakdown,
        place: row.place,
    })
}

fn sum_of(row: SumRow) -> Result<ReportedSum, StoreError> {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(ReportedSum {
        period: Period { start: day(&row.period_start)?, end: day(&row.period_end)?, kind: row.period_kind },
        sum: row.sum.as_deref().filter(|_| row.known > 0).map(decimal).transpose()?,
        known: count(row.known),
        said: count(row.said),
        vintage: row.vintage,
        received_at: row.received_at,
        revision: row.revision,
        indicator: row.indicator,
        breakdown: row.breakdown,
    })
}

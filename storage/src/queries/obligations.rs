//! Who owes which report when, and what came: page by page, summed up, scored, and what was said of one of them.

use std::fmt::Write as _;

use clickhouse::{Row, query::Query};
use ioc_model::{
    asker::Asker,
    form::{
        BY_URGENCY, OPEN, ObligationCursor, ObligationFilter, ObligationKey, ObligationScore, ObligationSum,
        Period, PeriodKind,
    },
    name::Name,
    place::Date,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::{Obligation, ObligationState},
    time::{EventTime, Now, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::COMMITTED,
};

/// How often an obligation may have changed of which all is told.
const SAID_MAX: u32 = 1_000;

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct ObligationRow {
    form: String,
    agency: String,
    place_from: Option<String>,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    owed_from: EventTime,
    due_at: EventTime,
    #[serde(with = "words")]
    state: ObligationState,
    received_at: Option<ReceivedAt>,
    revisions: u32,
    revised_at: Option<ReceivedAt>,
    rejected: u32,
    rejected_at: Option<ReceivedAt>,
    reminders: u32,
    said_at: Now,
    first_log: Option<LogNumber>,
    first_partition: Option<Partition>,
    first_offset: Option<Offset>,
    last_log: Option<LogNumber>,
    last_partition: Option<Partition>,
    last_offset: Option<Offset>,
    rejected_log: Option<LogNumber>,
    rejected_partition: Option<Partition>,
    rejected_offset: Option<Offset>,
}

const COLUMNS: &str = "toString(o.form) AS form, toString(o.agency) AS agency, toString(o.place_from) AS place_from, \
     toString(o.period_kind) AS period_kind, toString(o.period_start) AS period_start, \
     toString(o.period_end) AS period_end, toUnixTimestamp64Milli(o.owed_from) AS owed_from, \
     toUnixTimestamp64Milli(o.due_at) AS due_at, toString(o.state) AS state, \
     toUnixTimestamp64Milli(o.received_at) AS received_at, o.revisions AS revisions, \
     toUnixTimestamp64Milli(o.revised_at) AS revised_at, o.rejected AS rejected, \
     toUnixTimestamp64Milli(o.rejected_at) AS rejected_at, o.reminders AS reminders, \
     toUnixTimestamp64Milli(o.said_at) AS said_at, o.first_log AS first_log, \
     o.first_partition AS first_partition, o.first_offset AS first_offset, o.last_log AS last_log, \
     o.last_partition AS last_partition, o.last_offset AS last_offset, o.rejected_log AS rejected_log, \
     o.rejected_partition AS rejected_partition, o.rejected_offset AS rejected_offset";

/// What a row of [`COLUMNS`] has, by name: what is beside them stays out.
const NAMES: &str = "form, agency, place_from, period_kind, period_start, period_end, owed_from, due_at, state, \
     received_at, revisions, revised_at, rejected, rejected_at, reminders, said_at, first_log, first_partition, \
     first_offset, last_log, last_partition, last_offset, rejected_log, rejected_partition, rejected_offset";

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct SumRow {
    form: String,
    #[serde(with = "words")]
    state: ObligationState,
    within: u32,
    before: u32,
    soon: u32,
    revised: u32,
    refused: u32,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct ScoreRow {
    agency: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    owed: u32,
    not_due: u32,
    due: u32,
    on_time: u32,
    late: u32,
    missing: u32,
    rejected: u32,
    revisions: u32,
    median_late_seconds: Option<i64>,
    score: Option<f64>,
    reasons: Vec<String>,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct RemindedRow {
    agency: String,
    reminders: u32,
}

/// A view as it is, or as it was at the moment that is asked for.
pub(super) fn view(name: &str, at: Option<Now>) -> String {
    match at {
        Some(_) => format!("{name}_known_at(known_at = fromUnixTimestamp64Milli({{at:Int64}}, 'UTC'))"),
        None => format!("{name}_current"),
    }
}

/// The conditions of a filter on obligations read as `o`.
pub(super) fn those(of: &ObligationFilter) -> String {
    let mut those = String::new();
    let named = [
        (of.forms.is_some(), " AND o.form IN {forms:Array(String)}"),
        (of.agencies.is_some(), " AND o.agency IN {agencies:Array(String)}"),
        (of.states.is_some(), " AND toString(o.state) IN {states:Array(String)}"),
        // The first days leave out what is stored of other periods, the words other kinds that begin on those days.
        (
            of.periods.is_some(),
            " AND o.period_start IN (SELECT toDate32(arrayJoin({starts:Array(String)}))) \
              AND concat(toString(o.period_kind), ' ', toString(o.period_start)) IN {periods:Array(String)}",
        ),
        (
            of.due.is_some(),
            " AND toUnixTimestamp64Milli(o.due_at) >= {due_from:Int64} \
              AND toUnixTimestamp64Milli(o.due_at) < {due_until:Int64}",
        ),
        (of.refused, " AND o.rejected > 0"),
    ];
    for (_, condition) in named.into_iter().filter(|(is_named, _)| *is_named) {
        those.push_str(condition);
    }
    those
}

pub(super) fn named(mut query: Query, of: &ObligationFilter) -> Query {
    if let Some(forms) = &of.forms {
        query = query.param("forms", forms);
    }
    if let Some(agencies) = &of.agencies {
        query = query.param("agencies", agencies);
    }
    if let Some(states) = &of.states {
        query = query.param("states", states.iter().map(|state| state.word()).collect::<Vec<_>>());
    }
    if let Some(periods) = &of.periods {
        let words = periods.iter().map(|period| format!("{} {}", period.kind.word(), period.start));
        query = query.param("periods", words.collect::<Vec<_>>());
        query = query.param("starts", periods.iter().map(|it| it.start.to_string()).collect::<Vec<_>>());
    }
    if let Some((from, until)) = of.due {
        query = query.param("due_from", from.0).param("due_until", until.0);
    }
    match of.at {
        Some(at) => query.param("at", at.0),
        None => query,
    }
}

/// Where a state stands in the order of a list, from 1.
fn rank() -> String {
    let mut words = String::new();
    for state in BY_URGENCY {
        let _ = write!(words, "{}'{}'", if words.is_empty() { "" } else { ", " }, state.word());
    }
    format!("toUInt8(indexOf([{words}], toString(o.state)))")
}

impl Store {
    /// Obligations in the order of [`ObligationCursor`], those behind a place, at most so many. Who owes what is the
    /// province's to see.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn obligations(
        &self,
        asker: &Asker,
        of: &ObligationFilter,
        after: Option<&ObligationCursor>,
        limit: u32,
    ) -> Result<Vec<Obligation>, StoreError> {
        let behind = after.map_or("", |_| {
            "WHERE (rank, sorted, form, agency, period_kind, period_start) > \
             ({rank:UInt8}, {sorted:Int64}, {form:String}, {agency:String}, {kind:String}, {start:String})"
        });
        let mut query = self
            .asked_by(asker, |seen| {
                let (theirs, those, rank) = (seen.province(), those(of), rank());
                let table = view("obligation", of.at);
                format!(
                    "SELECT {NAMES} FROM (SELECT {COLUMNS}, {rank} AS rank, \
                     if(rank <= {OPEN}, 1, -1) * toUnixTimestamp64Milli(o.due_at) AS sorted \
                     FROM {table} AS o WHERE true{those}{theirs}) {behind} \
                     ORDER BY rank, sorted, form, agency, period_kind, period_start LIMIT {{limit:UInt32}}"
                )
            })
            .param("limit", limit);
        query = named(query, of);
        if let Some(ObligationCursor { rank, by, key }) = after {
            query = query
                .param("rank", rank)
                .param("sorted", by)
                .param("form", &key.form)
                .param("agency", &key.agency)
                .param("kind", key.period.kind.word())
                .param("start", key.period.start.to_string());
        }
        let rows: Vec<ObligationRow> = answer("read what is owed", query.fetch_all()).await?;
        rows.into_iter().map(|row| obligation_of(&row)).collect()
    }

    /// What obligations sum up to, by form and state: with a deadline in `[from, until)`, before it, and in `[now, soon)`.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn obligation_sums(
        &self,
        asker: &Asker,
        of: &ObligationFilter,
        (from, until): (EventTime, EventTime),
        (now, soon): (EventTime, EventTime),
    ) -> Result<Vec<ObligationSum>, StoreError> {
        let query = self
            .asked_by(asker, |seen| {
                let (theirs, those, table) = (seen.province(), those(of), view("obligation", of.at));
                format!(
                    "SELECT form, state, toUInt32(countIf(is_within)) AS within, \
                     toUInt32(countIf(due < {{from:Int64}})) AS before, \
                     toUInt32(countIf(due >= {{now:Int64}} AND due < {{soon:Int64}})) AS soon, \
                     toUInt32(countIf(is_within AND revisions > 0)) AS revised, \
                     toUInt32(sumIf(rejected, is_within)) AS refused \
                     FROM (SELECT toString(o.form) AS form, toString(o.state) AS state, \
                     toUnixTimestamp64Milli(o.due_at) AS due, due >= {{from:Int64}} AND due < {{until:Int64}} AS is_within, \
                     o.revisions AS revisions, o.rejected AS rejected \
                     FROM {table} AS o WHERE true{those}{theirs}) GROUP BY form, state ORDER BY form, state"
                )
            })
            .param("from", from.0)
            .param("until", until.0)
            .param("now", now.0)
            .param("soon", soon.0);
        let rows: Vec<SumRow> = answer("sum up what is owed", named(query, of).fetch_all()).await?;
        let sum = |row: SumRow| ObligationSum {
            form: row.form,
            state: row.state,
            within: row.within,
            before: row.before,
            soon: row.soon,
            revised: row.revised,
            refused: row.refused,
        };
        Ok(rows.into_iter().map(sum).collect())
    }

    /// How agencies kept what they owed, of some agencies and periods or of all: the worst first, of one agency the newest
    /// period first; at most so many. What has no score yet stands behind.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn obligation_scores(
        &self,
        asker: &Asker,
        of: &ObligationFilter,
        limit: u32,
    ) -> Result<Vec<ObligationScore>, StoreError> {
        let only = ObligationFilter {
            agencies: of.agencies.clone(),
            periods: of.periods.clone(),
            at: of.at,
            ..ObligationFilter::default()
        };
        let by = match (&only.agencies, &only.periods) {
            (Some(_), None) => "period_start DESC, period_kind, agency",
            _ => "score ASC NULLS LAST, missing DESC, late DESC, agency, period_start DESC",
        };
        let view = match only.at {
            Some(_) => view("obligation_score", only.at),
            None => "obligation_score".to_owned(),
        };
        let query = self
            .asked_by(asker, |seen| {
                let (theirs, those) = (seen.province(), those(&only));
                format!(
                    "SELECT toString(o.agency) AS agency, toString(o.period_kind) AS period_kind, \
                     toString(o.period_start) AS period_start, toString(o.period_end) AS period_end, o.owed AS owed, \
                     o.not_due AS not_due, o.due AS due, o.on_time AS on_time, o.late AS late, o.missing AS missing, \
                     o.rejected AS rejected, o.revisions AS revisions, \
                     o.median_late_seconds AS median_late_seconds, o.score AS score, o.reasons AS reasons \
                     FROM {view} AS o WHERE true{those}{theirs} ORDER BY {by} LIMIT {{limit:UInt32}}"
                )
            })
            .param("limit", limit);
        let rows: Vec<ScoreRow> = answer("read scores", named(query, &only).fetch_all()).await?;
        rows.into_iter().map(score_of).collect()
    }

    /// How many obligations of its year each agency was found to miss by the last of those that a filter names: the largest
    /// number of theirs; none of those that missed none of them.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn reminders(
        &self,
        asker: &Asker,
        of: &ObligationFilter,
    ) -> Result<Vec<(String, u32)>, StoreError> {
        let query = self.asked_by(asker, |seen| {
            let (theirs, those, table) = (seen.province(), those(of), view("obligation", of.at));
            format!(
                "SELECT toString(o.agency) AS agency, max(o.reminders) AS reminders FROM {table} AS o \
                 WHERE o.state IN ('late', 'missing'){those}{theirs} GROUP BY o.agency ORDER BY agency"
            )
        });
        let rows: Vec<RemindedRow> = answer("count reminders", named(query, of).fetch_all()).await?;
        Ok(rows.into_iter().map(|row| (row.agency, row.reminders)).collect())
    }

    /// All that was said of an obligation until a moment or now, in order: at most the last 1,000 words.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn obligation_said(
        &self,
        asker: &Asker,
        key: &ObligationKey,
        at: Option<Now>,
    ) -> Result<Vec<Obligation>, StoreError> {
        let by_then = at.map_or("", |_| " AND toUnixTimestamp64Milli(o.said_at) <= {at:Int64}");
        let mut query = self
            .asked_by(asker, |seen| {
                let theirs = seen.province();
                format!(
                    "SELECT {NAMES} FROM (SELECT {COLUMNS}, o.epoch AS epoch FROM obligation AS o \
                     WHERE o.form = {{form:String}} AND o.agency = {{agency:String}} \
                     AND toString(o.period_kind) = {{kind:String}} AND o.period_start = toDate32({{start:String}}) \
                     AND o.epoch <= {COMMITTED}{by_then}{theirs} ORDER BY o.epoch DESC LIMIT {{most:UInt32}}) \
                     ORDER BY epoch"
                )
            })
            .param("form", &key.form)
            .param("agency", &key.agency)
            .param("kind", key.period.kind.word())
            .param("start", key.period.start.to_string())
            .param("most", SAID_MAX);
        if let Some(at) = at {
            query = query.param("at", at.0);
        }
        let rows: Vec<ObligationRow> =
            answer("read what was said of an obligation", query.fetch_all()).await?;
        rows.into_iter().map(|row| obligation_of(&row)).collect()
    }
}

fn day(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Unfit(format!("the store holds the day '{text}'")))
}

pub(super) fn period_of(kind: PeriodKind, start: &str, end: &str) -> Result<Period, StoreError> {
    Ok(Period { start: day(start)?, end: day(end)?, kind })
}

/// Where a message lies that arrived then.
fn arrival(
    received_at: Option<ReceivedAt>,
    log: Option<LogNumber>,
    partition: Option<Partition>,
    offset: Option<Offset>,
) -> Option<Arrival> {
    let position = Position { log: log?, partition: partition?, offset: offset? };
    Some(Arrival { received_at: received_at?, position, row: 0 })
}

fn obligation_of(row: &ObligationRow) -> Result<Obligation, StoreError> {
    let changed_at = row.revised_at.or(row.received_at);
    Ok(Obligation {
        form: Name::new(&row.form),
        agency: Name::new(&row.agency),
        place_from: row.place_from.as_deref().map(day).transpose()?,
        period: period_of(row.period_kind, &row.period_start, &row.period_end)?,
        owed_from: row.owed_from,
        due_at: row.due_at,
        state: row.state,
        first: arrival(row.received_at, row.first_log, row.first_partition, row.first_offset),
        last: arrival(changed_at, row.last_log, row.last_partition, row.last_offset),
        revisions: row.revisions,
        rejected: row.rejected,
        last_rejected: arrival(
            row.rejected_at,
            row.rejected_log,
            row.rejected_partition,
            row.rejected_offset,
        ),
        reminders: row.reminders,
        said_at: row.said_at,
        replaces: false,
    })
}

fn score_of(row: ScoreRow) -> Result<ObligationScore, StoreError> {
    Ok(ObligationScore {
        period: period_of(row.period_kind, &row.period_start, &row.period_end)?,
        agency: row.agency,
        owed: row.owed,
        not_due: row.not_due,
        due: row.due,
        on_time: row.on_time,
        late: row.late,
        missing: row.missing,
        rejected: row.rejected,
        revisions: row.revisions,
        median_late_seconds: row.median_late_seconds,
        score: row.score,
        reasons: row.reasons,
    })
}

//! What agencies reported, and what became of their messages.

use std::collections::BTreeSet;

use clickhouse::{Row, query::Query};
use ioc_model::{
    asker::Asker,
    form::{
        CellFilter, Finding, Mark, ObligationKey, Period, PeriodKind, ReceiptCursor, ReceiptFilter, Rule,
        Value, Vintage, Weight,
    },
    name::Name,
    place::{Date, PlaceKey},
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::{Receipt, ReportVerdict, RowStanding},
    text::Text,
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
    schema::{COMMITTED, RECEIPTS_READ_AGAIN},
};

/// A word of an agency about a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedCell {
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
    /// Who says it.
    pub agency: String,
    /// How final it is.
    pub vintage: Vintage,
    /// What it says.
    pub value: Value,
    /// As it came, where that is not the plain number.
    pub as_sent: String,
    /// Notes to it.
    pub note: String,
    /// Where it stands in the message.
    pub at: String,
    /// What the same agency had said of it in that vintage.
    pub was: Option<Value>,
    /// How it stands to that.
    pub standing: RowStanding,
    /// Whether it was shown when it was stored.
    pub shown: bool,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it.
    pub sender: String,
    /// When and where it arrived.
    pub arrival: Arrival,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct CellRow {
    indicator: String,
    breakdown: String,
    place: String,
    place_from: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    agency: String,
    #[serde(with = "words")]
    vintage: Vintage,
    #[serde(with = "words")]
    mark: Mark,
    value: Option<String>,
    as_sent: String,
    note: String,
    at: String,
    #[serde(with = "words::said")]
    was_mark: Option<Mark>,
    was_value: Option<String>,
    #[serde(with = "words")]
    standing: RowStanding,
    shown: bool,
    feed: String,
    sender: String,
    received_at: ReceivedAt,
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    row: u32,
}

#[derive(Clone, Debug, Row, Serialize, Deserialize)]
struct ReceiptRow {
    form: String,
    agency: String,
    #[serde(with = "words::said")]
    period_kind: Option<PeriodKind>,
    period_start: Option<String>,
    period_end: Option<String>,
    #[serde(with = "words")]
    verdict: ReportVerdict,
    rows: u32,
    stored: u32,
    changed: u32,
    conflicts: u32,
    same: u32,
    rejected: u32,
    kept: u32,
    withdrawn: u32,
    weights: Vec<String>,
    rules: Vec<String>,
    ats: Vec<String>,
    stands: Vec<String>,
    messages_vi: Vec<String>,
    messages_en: Vec<String>,
    digest: String,
    feed: String,
    sender: String,
    received_at: ReceivedAt,
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    row: u32,
}

/// A column is read as `c`; `shown` says whether it was shown, which the view of what is shown has no column for.
fn cell_columns(shown: &str) -> String {
    format!(
        "toString(c.indicator) AS indicator, toString(c.breakdown) AS breakdown, toString(c.place) AS place, \
         toString(c.place_from) AS place_from, toString(c.period_kind) AS period_kind, \
         toString(c.period_start) AS period_start, toString(c.period_end) AS period_end, \
         toString(c.agency) AS agency, toString(c.vintage) AS vintage, toString(c.mark) AS mark, \
         toString(c.value) AS value, c.as_sent AS as_sent, c.note AS note, c.at AS at, \
         toString(c.was_mark) AS was_mark, toString(c.was_value) AS was_value, \
         toString(c.standing) AS standing, {shown} AS shown, toString(c.feed) AS feed, \
         toString(c.sender) AS sender, toUnixTimestamp64Milli(c.received_at) AS received_at, c.log AS log, \
         c.partition AS partition, c.offset AS offset, c.row AS row"
    )
}

const RECEIPT_COLUMNS: &str = "toString(r.form) AS form, toString(r.agency) AS agency, \
     toString(r.period_kind) AS period_kind, toString(r.period_start) AS period_start, \
     toString(r.period_end) AS period_end, toString(r.verdict) AS verdict, r.rows AS rows, r.stored AS stored, \
     r.changed AS changed, r.conflicts AS conflicts, r.same AS same, r.rejected AS rejected, r.kept AS kept, \
     r.withdrawn AS withdrawn, arrayMap(word -> toString(word), r.findings.weight) AS weights, \
     arrayMap(word -> toString(word), r.findings.rule) AS rules, r.findings.at AS ats, \
     r.findings.stands AS stands, r.findings.message_vi AS messages_vi, r.findings.message_en AS messages_en, \
     lower(hex(r.digest)) AS digest, toString(r.feed) AS feed, toString(r.sender) AS sender, \
     toUnixTimestamp64Milli(r.received_at) AS received_at, r.log AS log, r.partition AS partition, \
     r.offset AS offset, r.row AS row";

impl Store {
    /// The receipt of the message at a position, of a committed epoch; none where it has none.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_receipt(
        &self,
        asker: &Asker,
        position: Position,
    ) -> Result<Option<Receipt>, StoreError> {
        let receipt = self.asked_by(asker, |seen| {
            let theirs = seen.feed("r.feed");
            format!(
                "SELECT {RECEIPT_COLUMNS} FROM receipt AS r WHERE r.log = {{log:UInt16}} \
                 AND r.partition = {{partition:UInt16}} AND r.offset = {{offset:UInt64}} \
                 AND r.epoch <= {COMMITTED}{theirs} ORDER BY r.epoch DESC, r.row LIMIT 1"
            )
        });
        let receipts: Vec<ReceiptRow> = answer("read a receipt", at(receipt, position).fetch_all()).await?;
        receipts.into_iter().next().map(receipt_of).transpose()
    }

    /// Receipts of committed epochs, the newest first, or those older than a place; at most so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_receipts(
        &self,
        asker: &Asker,
        of: &ReceiptFilter,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> Result<Vec<Receipt>, StoreError> {
        let choices = [
            (of.form.as_deref(), "form", " AND r.form = {form:String}"),
            (of.agency.as_deref(), "agency", " AND r.agency = {agency:String}"),
            (of.verdict.map(ReportVerdict::word), "verdict", " AND r.verdict = {verdict:String}"),
            (of.sender.as_deref(), "sender", " AND r.sender = {sender:String}"),
        ];
        let chosen = || choices.iter().filter_map(|(choice, name, how)| Some(((*choice)?, *name, *how)));
        let those: String = chosen().map(|(_, _, how)| how).collect();
        let older = before.map_or("", |_| {
            " AND (toUnixTimestamp64Milli(r.received_at), r.log, r.partition, r.offset) < \
             ({received_at:Int64}, {log:UInt16}, {partition:UInt16}, {offset:UInt64})"
        });
        let mut receipts = self
            .asked_by(asker, |seen| {
                let (theirs, not_read_again) = (seen.feed("r.feed"), not_read_again());
                format!(
                    "SELECT {RECEIPT_COLUMNS} FROM receipt AS r WHERE r.epoch <= {COMMITTED} \
                     AND {not_read_again}{theirs}{those}{older} \
                     ORDER BY r.received_at DESC, r.log DESC, r.partition DESC, r.offset DESC, r.row DESC \
                     LIMIT {{limit:UInt32}}"
                )
            })
            .param("limit", limit);
        for (choice, name, _) in chosen() {
            receipts = receipts.param(name, choice);
        }
        if let Some(ReceiptCursor { received_at, position }) = before {
            receipts = at(receipts, position).param("received_at", received_at.0);
        }
        let receipts: Vec<ReceiptRow> = answer("read the last receipts", receipts.fetch_all()).await?;
        receipts.into_iter().map(receipt_of).collect()
    }

    /// Receipts of committed epochs of messages that were about what is owed, and of those that arrived so: by arrival, at most
    /// so many.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn attempts(
        &self,
        asker: &Asker,
        at: Option<&ObligationKey>,
        arrivals: &[Arrival],
        limit: u32,
    ) -> Result<Vec<Receipt>, StoreError> {
        let about = at.map_or("", |_| {
            " OR (r.form = {form:String} AND r.agency = {agency:String} AND toString(r.period_kind) = {kind:String} \
             AND r.period_start = toDate32({start:String}))"
        });
        let mut receipts = self
            .asked_by(asker, |seen| {
                let (theirs, not_read_again) = (seen.feed("r.feed"), not_read_again());
                format!(
                    "SELECT {RECEIPT_COLUMNS} FROM receipt AS r WHERE r.epoch <= {COMMITTED} \
                     AND ((r.received_at, r.log, r.partition, r.offset) IN (SELECT \
                     fromUnixTimestamp64Milli(p.1, 'UTC'), p.2, p.3, p.4 FROM (SELECT arrayJoin(arrayZip(\
                     {{times:Array(Int64)}}, {{logs:Array(UInt16)}}, {{partitions:Array(UInt16)}}, \
                     {{offsets:Array(UInt64)}})) AS p)){about}) \
                     AND {not_read_again}{theirs} \
                     ORDER BY r.received_at, r.log, r.partition, r.offset, r.row LIMIT {{limit:UInt32}}"
                )
            })
            .param("times", arrivals.iter().map(|at| at.received_at.0).collect::<Vec<_>>())
            .param("logs", arrivals.iter().map(|at| at.position.log.0).collect::<Vec<_>>())
            .param("partitions", arrivals.iter().map(|at| at.position.partition.0).collect::<Vec<_>>())
            .param("offsets", arrivals.iter().map(|at| at.position.offset.0).collect::<Vec<_>>())
            .param("limit", limit);
        if let Some(ObligationKey { form, agency, period }) = at {
            receipts = receipts
                .param("form", form)
                .param("agency", agency)
                .param("kind", period.kind.word())
                .param("start", period.start.to_string());
        }
        let receipts: Vec<ReceiptRow> =
            answer("read what came of what is owed", receipts.fetch_all()).await?;
        receipts.into_iter().map(receipt_of).collect()
    }

    /// What a message changed, by row, at most so many; of one that was read again all its readings, the last one last. What
    /// was said again since it took something back is beside it and not among it.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_changes(
        &self,
        asker: &Asker,
        position: Position,
        limit: u32,
    ) -> Result<Vec<ReportedCell>, StoreError> {
        let cells = self
            .asked_by(asker, |seen| {
                let (columns, theirs) = (cell_columns("c.shown"), seen.feed("c.feed"));
                format!(
                    "SELECT {columns} FROM report_value AS c WHERE c.log = {{log:UInt16}} \
                     AND c.partition = {{partition:UInt16}} AND c.offset = {{offset:UInt64}} \
                     AND c.epoch <= {COMMITTED} AND c.standing != 'restored'{theirs} \
                     ORDER BY c.row, c.epoch LIMIT {{limit:UInt32}}"
                )
            })
            .param("limit", limit);
        let cells: Vec<CellRow> =
            answer("read what a report changed", at(cells, position).fetch_all()).await?;
        cells.into_iter().map(cell_of).collect()
    }

    /// What is shown of a form in some periods, at most so much.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_values(
        &self,
        asker: &Asker,
        form: &str,
        periods: &[Period],
        of: &CellFilter,
        limit: u32,
    ) -> Result<Vec<ReportedCell>, StoreError> {
        let CellFilter { indicators, part, codes } = of;
        let of_indicators =
            indicators.as_ref().map_or("", |_| " AND c.indicator IN {indicators:Array(String)}");
        let of_part = part.as_ref().map_or("", |_| " AND c.breakdown = {part:String}");
        let of_codes = codes.as_ref().map_or("", |_| " AND c.place IN {codes:Array(String)}");
        let mut cells = self
            .asked_by(asker, |seen| {
                let (columns, theirs) = (cell_columns("true"), seen.feed("c.feed"));
                format!(
                    "SELECT {columns} FROM report_value_current AS c WHERE c.form = {{form:String}} \
                     {OF_PERIODS}{of_indicators}{of_part}{of_codes}{theirs} \
                     ORDER BY indicator, place, place_from, breakdown LIMIT {{limit:UInt32}}"
                )
            })
            .param("form", form)
            .param("limit", limit);
        cells = of_those(cells, periods);
        for (name, words) in [("indicators", indicators), ("codes", codes)] {
            if let Some(words) = words {
                cells = cells.param(name, words.iter().collect::<Vec<_>>());
            }
        }
        if let Some(part) = part {
            cells = cells.param("part", part);
        }
        let cells: Vec<CellRow> = answer("read what is reported", cells.fetch_all()).await?;
        cells.into_iter().map(cell_of).collect()
    }

    /// The units of which something is said of a form in some periods: what was taken back, or left empty, is not.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn report_places(
        &self,
        asker: &Asker,
        form: &str,
        periods: &[Period],
    ) -> Result<BTreeSet<PlaceKey>, StoreError> {
        let places = self
            .asked_by(asker, |seen| {
                let theirs = seen.feed("c.feed");
                format!(
                    "SELECT DISTINCT toString(c.place) AS code, toString(c.place_from) AS valid_from \
                     FROM report_value_current AS c \
                     WHERE c.form = {{form:String}} AND c.mark NOT IN ('not_filled', 'withdrawn') \
                     {OF_PERIODS}{theirs}"
                )
            })
            .param("form", form);
        let places: Vec<PlaceRow> =
            answer("read of which places something is reported", of_those(places, periods).fetch_all())
                .await?;
        let place =
            |row: PlaceRow| Ok(PlaceKey { code: row.code, valid_from: read("day", &row.valid_from)? });
        places.into_iter().map(place).collect()
    }
}

/// Of some periods alone. The first days leave out what is stored of others, the words other kinds that begin on those days.
const OF_PERIODS: &str = "\
    AND c.period_start IN (SELECT toDate32(arrayJoin({starts:Array(String)}))) \
    AND concat(toString(c.period_kind), ' ', toString(c.period_start), ' ', toString(c.period_end)) \
        IN {periods:Array(String)}";

fn of_those(query: Query, periods: &[Period]) -> Query {
    let starts: Vec<String> = periods.iter().map(|period| period.start.to_string()).collect();
    let word = |Period { start, end, kind }: &Period| format!("{} {start} {end}", kind.word());
    query.param("starts", starts).param("periods", periods.iter().map(word).collect::<Vec<_>>())
}

#[derive(Debug, Row, Deserialize)]
struct PlaceRow {
    code: String,
    valid_from: String,
}

/// Of a receipt: its message was not read again later, which made another one of it.
fn not_read_again() -> String {
    format!("(r.log, r.partition, r.offset, r.epoch) NOT IN {RECEIPTS_READ_AGAIN}")
        .replace("{committed}", COMMITTED)
}

fn at(query: Query, position: Position) -> Query {
    query
        .param("log", position.log.0)
        .param("partition", position.partition.0)
        .param("offset", position.offset.0)
}

fn unreadable(what: &str, text: &str) -> StoreError {
    StoreError::Unfit(format!("the store holds the {what} '{text}', which this program does not write"))
}

fn read<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| unreadable(what, text))
}

fn value_of(mark: Mark, number: Option<&str>) -> Result<Value, StoreError> {
    Ok(Value { mark, number: number.map(|number| read("number", number)).transpose()? })
}

fn cell_of(row: CellRow) -> Result<ReportedCell, StoreError> {
    let (start, end) = (read("day", &row.period_start)?, read("day", &row.period_end)?);
    let position = Position { log: row.log, partition: row.partition, offset: row.offset };
    Ok(ReportedCell {
        place_from: read("day", &row.place_from)?,
        period: Period { start, end, kind: row.period_kind },
        value: value_of(row.mark, row.value.as_deref())?,
        was: row.was_mark.map(|mark| value_of(mark, row.was_value.as_deref())).transpose()?,
        arrival: Arrival { received_at: row.received_at, position, row: row.row },
        indicator: row.indicator,
        breakdown: row.breakdown,
        place: row.place,
        agency: row.agency,
        vintage: row.vintage,
        as_sent: row.as_sent,
        note: row.note,
        at: row.at,
        standing: row.standing,
        shown: row.shown,
        feed: row.feed,
        sender: row.sender,
    })
}

fn receipt_of(row: ReceiptRow) -> Result<Receipt, StoreError> {
    let period = match (row.period_kind, &row.period_start, &row.period_end) {
        (Some(kind), Some(start), Some(end)) => {
            Some(Period { start: read("day", start)?, end: read("day", end)?, kind })
        }
        _ => None,
    };
    let texts = row.ats.into_iter().zip(row.stands).zip(row.messages_vi.into_iter().zip(row.messages_en));
    let mut findings = Vec::new();
    for ((weight, rule), ((at, stands), (vi, en))) in row.weights.iter().zip(&row.rules).zip(texts) {
        findings.push(Finding {
            weight: Weight::from_word(weight).ok_or_else(|| unreadable("weight", weight))?,
            rule: Rule::from_word(rule).ok_or_else(|| unreadable("rule", rule))?,
            at: at.into(),
            stands: stands.into(),
            message: Text { vi, en },
        });
    }
    let position = Position { log: row.log, partition: row.partition, offset: row.offset };
    Ok(Receipt {
        form: Name::new(&row.form),
        agency: Name::new(&row.agency),
        period,
        verdict: row.verdict,
        rows: row.rows,
        stored: row.stored,
        changed: row.changed,
        conflicts: row.conflicts,
        same: row.same,
        rejected: row.rejected,
        kept: row.kept,
        withdrawn: row.withdrawn,
        findings,
        digest: digest_of(&row.digest).ok_or_else(|| unreadable("digest", &row.digest))?,
        feed: Name::new(&row.feed),
        sender: Name::new(&row.sender),
        arrival: Arrival { received_at: row.received_at, position, row: row.row },
    })
}

fn digest_of(hex: &str) -> Option<[u8; 16]> {
    let byte = |at: usize| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..16).map(byte).collect();
    bytes?.try_into().ok()
}

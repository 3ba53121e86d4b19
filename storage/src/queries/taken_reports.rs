//! Reports that were taken, to be read again.
//!
//! Receipts lie by arrival, so that the next ones of a feed are found without looking through the rest. What is stored of
//! them and what was said before them is asked for by form, agency and period, which whoever has their bytes knows: a message
//! all of which said what was known left no row that could tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use clickhouse::Row;
use ioc_model::{
    epoch::{Epoch, Generation},
    form::{CellKey, Mark, Period, PeriodKind, Value, Vintage},
    name::Name,
    pack::PackVersion,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    replay::{ReplayPortion, ReportOnRecord, SpokenOf, StoredWord},
    results::ReportVerdict,
    time::ReceivedAt,
};
use serde::Deserialize;

use super::words;
use crate::{
    client::{Store, answer, one},
    error::StoreError,
    schema::COMMITTED,
};

/// So many receipts are looked through at a time.
const RECEIPTS: u32 = 1_000;
/// So many periods are asked for at once: they travel as one value, and ClickHouse takes none beyond 128 KiB.
const PERIODS: usize = 2_000;
/// For the same reason so many indicators or places are named.
const LISTED: usize = 2_000;

/// A report that is taken, whole or in part, by its last receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenReport {
    /// Where it lies.
    pub position: Position,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Who sent it.
    pub sender: Name,
    /// Its form.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// How many rows it had.
    pub rows: u32,
    /// How many of those were not taken.
    pub rejected: u32,
    /// The pack it was judged with; none where that is not known.
    pub pack: Option<PackVersion>,
}

/// The next reports that are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TakenReports {
    /// They, in order of arrival.
    pub reports: Vec<TakenReport>,
    /// Up to which message it was looked for them, where that is behind the last of them and there may be more.
    pub after: Option<(ReceivedAt, Position)>,
    /// Whether there may be more.
    pub more: bool,
}

/// Receipts lie in this order.
#[derive(Row, Deserialize)]
struct Told {
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    received_millis: i64,
    sender: String,
    epoch: Epoch,
    rows: u32,
    rejected: u32,
    form: String,
    agency: String,
    #[serde(with = "words")]
    verdict: ReportVerdict,
}

#[derive(Row, Deserialize)]
struct Word {
    form: String,
    agency: String,
    indicator: String,
    breakdown: String,
    place: String,
    place_from: String,
    #[serde(with = "words")]
    period_kind: PeriodKind,
    period_start: String,
    period_end: String,
    #[serde(with = "words")]
    vintage: Vintage,
    #[serde(with = "words")]
    mark: Mark,
    value: Option<String>,
    owner: String,
    feed: String,
    sender: String,
    received_millis: i64,
    log: LogNumber,
    partition: Partition,
    offset: Offset,
    row: u32,
    at: String,
    as_sent: String,
    note: String,
}

/// Words by form, agency and period.
#[derive(Default)]
struct By(BTreeMap<(Name, Name, String), Vec<Word>>);

/// Which words of agencies are asked for.
#[derive(Clone, Copy)]
enum Words<'a> {
    /// Those of the reports themselves.
    Own,
    /// What was said before.
    Before(&'a Asked),
}

/// Of what it is asked what was said before: of these indicators, in these places; of any where there are too many of them
/// to be named, or a report is the whole of its period.
struct Asked {
    indicators: Option<BTreeSet<Name>>,
    places: Option<BTreeSet<Name>>,
}

/// A period of a row in one text.
const PERIOD: &str = "concat(toString(v.period_kind), ' ', toString(v.period_start))";

impl Store {
    /// The next reports of a feed that are taken, whole or in part, in order of arrival, of those that arrived in
    /// `[from, until)`, by what is stored up to an epoch; at most so many, and not looked for longer than that: of a feed that
    /// sends the same again and again few of very many receipts are of something that was taken. Of a report that was read
    /// again its last receipt counts.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn taken_reports(
        &self,
        portion: &ReplayPortion,
        (from, until): (ReceivedAt, ReceivedAt),
        generation: Generation,
        upto: Epoch,
        (limit, within): (usize, Duration),
    ) -> Result<TakenReports, StoreError> {
        let (mut after, mut taken) = (portion.after, Vec::new());
        let (began, mut more) = (Instant::now(), true);
        loop {
            let mut told = self.receipts_behind(&portion.of, after, (from, until), generation, upto).await?;
            // The last one may have a later receipt behind those that were found.
            let is_all = told.len() < RECEIPTS as usize;
            if !is_all && told.first().map(Told::position) != told.last().map(Told::position) {
                let last = told.last().map(Told::position);
                told.retain(|told| Some(told.position()) != last);
            }
            after = told.last().map(|told| (ReceivedAt(told.received_millis), told.position())).or(after);
            let mut last: Vec<Told> = Vec::with_capacity(told.len());
            for told in told {
                match last.last_mut() {
                    Some(before) if before.position() == told.position() => *before = told,
                    _ => last.push(told),
                }
            }
            let is_taken =
                |told: &Told| matches!(told.verdict, ReportVerdict::Accepted | ReportVerdict::InPart);
            taken.extend(last.into_iter().filter(is_taken));
            more &= !is_all;
            if !more || taken.len() >= limit || began.elapsed() > within {
                break;
            }
        }
        // Those that are too many come next.
        let is_cut = taken.len() > limit;
        taken.truncate(limit);
        let after = after.filter(|_| more && !is_cut);
        let packs = self.packs_of(taken.iter().map(|told| told.epoch.0).collect(), generation).await?;
        let report = |told: Told| TakenReport {
            position: told.position(),
            received_at: ReceivedAt(told.received_millis),
            sender: Name::new(&told.sender),
            form: Name::new(&told.form),
            agency: Name::new(&told.agency),
            rows: told.rows,
            rejected: told.rejected,
            pack: packs.get(&told.epoch).cloned(),
        };
        let reports = taken.into_iter().map(report).collect();
        Ok(TakenReports { reports, after, more: more || is_cut })
    }

    /// The next receipts of a feed, in order of arrival and of when they were given.
    async fn receipts_behind(
        &self,
        feed: &str,
        after: Option<(ReceivedAt, Position)>,
        (from, until): (ReceivedAt, ReceivedAt),
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<Told>, StoreError> {
        let behind = after.map_or("", |_| {
            " AND (toUnixTimestamp64Milli(r.received_at), r.log, r.partition, r.offset) > \
             ({after:Int64}, {log:UInt16}, {partition:UInt16}, {offset:UInt64})"
        });
        let (arrived, at) = after.unwrap_or_default();
        let receipts = self
            .client()
            .query(&format!(
                "SELECT r.log AS log, r.partition AS partition, r.offset AS offset, \
                 toUnixTimestamp64Milli(r.received_at) AS received_millis, toString(r.sender) AS sender, \
                 r.epoch AS epoch, r.rows AS rows, r.rejected AS rejected, toString(r.form) AS form, \
                 toString(r.agency) AS agency, toString(r.verdict) AS verdict \
                 FROM receipt AS r WHERE r.feed = {{feed:String}} AND r.generation = {{generation:UInt32}} \
                 AND r.epoch <= {{upto:UInt64}} \
                 AND r.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND r.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC'){behind} \
                 ORDER BY r.received_at, r.log, r.partition, r.offset, r.epoch LIMIT {{limit:UInt32}}"
            ))
            .param("feed", feed)
            .param("generation", generation.0)
            .param("upto", upto.0)
            .param("from", from.max(arrived).0)
            .param("until", until.0)
            .param("after", arrived.0)
            .param("log", at.log.0)
            .param("partition", at.partition.0)
            .param("offset", at.offset.0)
            .param("limit", RECEIPTS);
        answer("look taken reports up", receipts.fetch_all()).await
    }

    /// Of each of these reports, with what it speaks of or did: what is stored of it, and what its agency had said before it
    /// of the cells of either, of each cell and vintage the last word. Words are as they were read last; one that is gone is
    /// none.
    ///
    /// # Errors
    /// If ClickHouse does not answer, or holds what this program does not write.
    pub async fn words_of(
        &self,
        reports: &[(TakenReport, SpokenOf)],
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<ReportOnRecord>, StoreError> {
        let periods: BTreeSet<Period> = reports.iter().flat_map(|(_, of)| &of.periods).copied().collect();
        let periods: Vec<Period> = periods.into_iter().collect();
        let mut owns = Vec::with_capacity(reports.len());
        let mut own = By::default();
        for periods in periods.chunks(PERIODS) {
            own.add(self.words_on(reports, periods, Words::Own, generation, upto).await?);
        }
        let mut of_own = BTreeSet::new();
        for (report, spoken) in reports {
            let arrived = (report.received_at, report.position);
            let words = own.of(report, spoken).filter(|word| word.arrived() == arrived);
            let words = words.map(stored_word).collect::<Result<Vec<_>, _>>()?;
            of_own.extend(words.iter().map(|word| (word.key.indicator, word.key.place)));
            owns.push(words);
        }
        let asked = Asked::of(reports.iter().map(|(_, spoken)| spoken), &of_own);
        let mut said = By::default();
        for periods in periods.chunks(PERIODS) {
            said.add(self.words_on(reports, periods, Words::Before(&asked), generation, upto).await?);
        }
        let mut found = Vec::with_capacity(reports.len());
        for ((report, spoken), own) in reports.iter().zip(owns) {
            let arrived = (report.received_at, report.position);
            let own_keys: BTreeSet<CellKey> = own.iter().map(|word| word.key).collect();
            let mut earlier = BTreeMap::new();
            for word in said.of(report, spoken).filter(|word| word.arrived() < arrived) {
                let word = stored_word(word)?;
                if spoken.is_of(&word.key) || own_keys.contains(&word.key) {
                    let _ = earlier.insert((word.key, word.vintage), word);
                }
            }
            let TakenReport { form, agency, rows, rejected, .. } = *report;
            let (periods, earlier) =
                (spoken.periods.iter().copied().collect(), earlier.into_values().collect());
            found.push(ReportOnRecord { form, agency, rows, rejected, periods, own, earlier });
        }
        Ok(found)
    }

    /// What the agencies of these reports said of some periods up to the last of them: of each cell, vintage and message
    /// the last reading.
    async fn words_on(
        &self,
        reports: &[(TakenReport, SpokenOf)],
        periods: &[Period],
        words: Words<'_>,
        generation: Generation,
        upto: Epoch,
    ) -> Result<Vec<Word>, StoreError> {
        let last = reports.iter().map(|(report, _)| report.received_at.0).max().unwrap_or_default();
        let whose: BTreeSet<(&str, &str)> =
            reports.iter().map(|(report, _)| (report.form.as_str(), report.agency.as_str())).collect();
        let day = |of: Option<&Period>| of.map(|period| period.start.to_string()).unwrap_or_default();
        let mut meant = String::new();
        let (mut indicators, mut places) = (Vec::new(), Vec::new());
        match words {
            Words::Own => {
                let tuple = |position: Position| {
                    format!("({}, {}, {})", position.log.0, position.partition.0, position.offset.0)
                };
                let positions: Vec<String> =
                    reports.iter().map(|(report, _)| tuple(report.position)).collect();
                meant = format!(" AND (v.log, v.partition, v.offset) IN ({})", positions.join(", "));
            }
            Words::Before(asked) => {
                if let Some(asked) = &asked.indicators {
                    meant.push_str(" AND v.indicator IN {indicators:Array(String)}");
                    indicators.extend(asked.iter().map(|name| name.as_str()));
                }
                if let Some(asked) = &asked.places {
                    meant.push_str(" AND v.place IN {places:Array(String)}");
                    places.extend(asked.iter().map(|name| name.as_str()));
                }
            }
        }
        let said = self
            .client()
            .query(&format!(
                "SELECT toString(w.form) AS form, toString(w.agency) AS agency, toString(w.indicator) AS indicator, \
                 toString(w.breakdown) AS breakdown, toString(w.place) AS place, toString(w.place_from) AS place_from, \
                 toString(w.period_kind) AS period_kind, toString(w.period_start) AS period_start, \
                 toString(w.period_end) AS period_end, toString(w.vintage) AS vintage, toString(w.mark) AS mark, \
                 toString(w.value) AS value, toString(w.owner) AS owner, \
                 toString(w.feed) AS feed, toString(w.sender) AS sender, \
                 toUnixTimestamp64Milli(w.received_at) AS received_millis, w.log AS log, w.partition AS partition, \
                 w.offset AS offset, w.row AS row, w.at AS at, w.as_sent AS as_sent, w.note AS note FROM (\
                 SELECT * FROM report_value AS v WHERE v.generation = {{generation:UInt32}} \
                 AND v.epoch <= {{upto:UInt64}} \
                 AND v.received_at <= fromUnixTimestamp64Milli({{last:Int64}}, 'UTC') \
                 AND v.period_start >= toDate32({{from:String}}) AND v.period_start <= toDate32({{to:String}}) \
                 AND v.form IN {{forms:Array(String)}} \
                 AND (v.form, v.agency) IN (SELECT m.1, m.2 FROM (SELECT arrayJoin(arrayZip(\
                 {{forms:Array(String)}}, {{agencies:Array(String)}})) AS m)) \
                 AND {PERIOD} IN {{periods:Array(String)}}{meant} \
                 ORDER BY v.epoch DESC, v.row DESC LIMIT 1 BY v.form, v.indicator, v.breakdown, v.place, v.place_from, \
                 v.period_kind, v.period_start, v.agency, v.vintage, v.log, v.partition, v.offset) AS w \
                 WHERE w.standing != 'gone'"
            ))
            .param("generation", generation.0)
            .param("upto", upto.0)
            .param("last", last)
            .param("from", day(periods.iter().min_by_key(|period| period.start)))
            .param("to", day(periods.iter().max_by_key(|period| period.start)))
            .param("forms", whose.iter().map(|(form, _)| *form).collect::<Vec<_>>())
            .param("agencies", whose.iter().map(|(_, agency)| *agency).collect::<Vec<_>>())
            .param("periods", periods.iter().map(period_of).collect::<Vec<_>>())
            .param("indicators", indicators)
            .param("places", places);
        answer("look up what was said before", said.fetch_all()).await
    }

    /// How many cells are stored of reports of a feed that arrived in `[from, until)`.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn stored_cells(
        &self,
        feed: &str,
        (from, until): (ReceivedAt, ReceivedAt),
    ) -> Result<u64, StoreError> {
        // What says what was known left no row of its own: its receipt counts it.
        let cells = self
            .client()
            .query(&format!(
                "SELECT toUInt64(sum(t.good)) FROM (SELECT argMax(r.rows - r.rejected, r.epoch) AS good \
                 FROM receipt AS r WHERE r.feed = {{feed:String}} AND r.epoch <= {COMMITTED} \
                 AND r.verdict IN ('accepted', 'in_part') \
                 AND r.received_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND r.received_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') \
                 GROUP BY r.log, r.partition, r.offset) AS t"
            ))
            .param("feed", feed)
            .param("from", from.0)
            .param("until", until.0);
        answer("count what reports of a feed said", one(cells)).await
    }
}

impl Told {
    fn position(&self) -> Position {
        Position { log: self.log, partition: self.partition, offset: self.offset }
    }
}

impl Word {
    fn position(&self) -> Position {
        Position { log: self.log, partition: self.partition, offset: self.offset }
    }

    fn arrived(&self) -> (ReceivedAt, Position) {
        (ReceivedAt(self.received_millis), self.position())
    }
}

impl By {
    fn add(&mut self, words: Vec<Word>) {
        for word in words {
            let period = format!("{} {}", word.period_kind.word(), word.period_start);
            let of = (Name::new(&word.form), Name::new(&word.agency), period);
            self.0.entry(of).or_default().push(word);
        }
        for words in self.0.values_mut() {
            words.sort_by_key(|word| (word.arrived(), word.row));
        }
    }

    /// The words of a report's agency on the periods that it speaks of, of each in order of arrival.
    fn of(&self, report: &TakenReport, spoken: &SpokenOf) -> impl Iterator<Item = &Word> {
        let (form, agency) = (report.form, report.agency);
        let of_period = move |period: &Period| self.0.get(&(form, agency, period_of(period)));
        spoken.periods.iter().filter_map(of_period).flatten()
    }
}

impl Asked {
    /// What some reports speak of, and what is stored of them.
    fn of<'s>(spoken: impl Iterator<Item = &'s SpokenOf>, own: &BTreeSet<(Name, Name)>) -> Asked {
        let mut indicators: BTreeSet<Name> = own.iter().map(|(indicator, _)| *indicator).collect();
        let mut places: BTreeSet<Name> = own.iter().map(|(_, place)| *place).collect();
        let (mut is_whole, mut is_of_all_places) = (false, false);
        for SpokenOf { keys, whole, .. } in spoken {
            indicators.extend(keys.iter().map(|key| key.indicator));
            places.extend(keys.iter().map(|key| key.place));
            places.extend(whole.iter().filter_map(|(_, place)| *place));
            is_whole |= !whole.is_empty();
            is_of_all_places |= whole.iter().any(|(_, place)| place.is_none());
        }
        Asked {
            indicators: (!is_whole && indicators.len() <= LISTED).then_some(indicators),
            places: (!is_of_all_places && places.len() <= LISTED).then_some(places),
        }
    }
}

/// A period as [`PERIOD`] says it.
fn period_of(period: &Period) -> String {
    format!("{} {}", period.kind.word(), period.start)
}

fn stored_word(word: &Word) -> Result<StoredWord, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("{what} of a report cannot be read"));
    let day = |text: &str| text.parse().map_err(|_| unreadable("a day"));
    let number = word.value.as_deref().map(|number| number.parse().map_err(|_| unreadable("a number")));
    let (start, end) = (day(&word.period_start)?, day(&word.period_end)?);
    Ok(StoredWord {
        key: CellKey {
            indicator: Name::new(&word.indicator),
            breakdown: Name::new(&word.breakdown),
            place: Name::new(&word.place),
            place_from: day(&word.place_from)?,
            period: Period { start, end, kind: word.period_kind },
        },
        vintage: word.vintage,
        value: Value { mark: word.mark, number: number.transpose()? },
        owner: Name::new(&word.owner),
        feed: Name::new(&word.feed),
        sender: Name::new(&word.sender),
        arrival: Arrival {
            received_at: ReceivedAt(word.received_millis),
            position: Position { log: word.log, partition: word.partition, offset: word.offset },
            row: word.row,
        },
        at: word.at.as_str().into(),
        as_sent: word.as_sent.as_str().into(),
        note: word.note.as_str().into(),
    })
}

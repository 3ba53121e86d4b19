//! A message read again: what it gives now that its reading before did not.
//!
//! Pure, like all of decoding, and the only place where two readings of one message are held against each other: the
//! dataflow goes by it, and who asks beforehand what a replay would change is told the same.
//!
//! Where rejects are read again, what was good before stays as it is: of a message only that is taken which was rejected
//! and is not any more. Rows are told apart by their numbers where both readings count as many; a line of which one
//! reading makes a reject and the other nine values moves the numbers of those behind it, and then by what they are
//! about. Where what is stored is read again, rows are told apart by their numbers alone, and only a value or its quality
//! may be another one: rows that are about something else now, or are given no more, are not taken. Of a report its keeper
//! knows what stands of it, and is given both readings. Where neither tells, or what is on record of the reading before is
//! not what that reading gives in this build, the message is left as it is.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    envelope::Envelope,
    form::{Absent, Cell, CellKey, Mark, Report, Rest, Value, Vintage},
    name::Name,
    names::SubjectId,
    observation::{Observation, Quality},
    pack::PackVersion,
    reject::{RejectReason, Rejection},
    replay::{OnRecord, ReadBefore, ReportOnRecord, SpokenOf, StoredBefore, StoredWord},
    row::{ReportBefore, Row},
};
use rust_decimal::Decimal;

use crate::{Decoder, Known, Outcome, RowSink};

/// Bad rows of one message that are kept each by itself on record; the first beyond them stands for the rest.
pub const KEPT_REJECTS: u64 = 1_000;

/// A rejected row: its number, why, and its bytes.
pub type BadRow = (u32, Rejection, Box<[u8]>);

/// What reading a message again came to.
#[derive(Debug, PartialEq)]
pub enum Reread {
    /// It gives what it gave before, or nothing more.
    Same,
    /// What it gave before cannot be told.
    Unclear,
    /// Something else.
    Other(Box<Difference>),
}

/// What a message gives that it did not give before, in place of what was rejected of it.
#[derive(Debug, PartialEq)]
pub struct Difference {
    /// What the message is now, where no row of it could be read before.
    pub outcome: Option<Outcome>,
    /// Rows that were rejected before and are not any more. Measured ones,
    pub observations: Vec<Observation>,
    /// and others.
    pub others: Vec<Row>,
    /// How many rows were rejected before.
    pub rejected_before: u64,
    /// What is rejected now of what was.
    pub rejected: Vec<BadRow>,
    /// A report for its keeper to judge again.
    pub report: Option<Judged>,
    /// Rows that are stored and have another value or quality now.
    pub replaced: Vec<Replacement>,
}

/// A row in place of one that is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replacement {
    /// The row as it is read now: about the same, with the number it had.
    pub row: Observation,
    /// The value that is stored.
    pub value_before: f64,
    /// Its worth.
    pub quality_before: Quality,
}

/// A report, and what had become of it.
#[derive(Debug, PartialEq)]
pub struct Judged {
    /// As it is read now.
    pub report: Report,
    /// What it was before.
    pub before: ReportBefore,
}

/// All that one reading gives.
#[derive(Debug, Default)]
struct Reading {
    observations: Vec<Observation>,
    others: Vec<Row>,
    rejected: Vec<BadRow>,
}

impl RowSink for Reading {
    fn observation(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    fn row(&mut self, row: Row) {
        self.others.push(row);
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]) {
        self.rejected.push((row, rejection, raw.into()));
    }
}

impl Reading {
    fn of(decoder: &Decoder, known: &mut Known, envelope: &Envelope<'_>) -> (Reading, Outcome) {
        let mut reading = Reading::default();
        let outcome = decoder.decode_knowing(known, envelope, &mut reading);
        (reading, outcome)
    }

    /// Whether it depends on messages before it, which nobody has here.
    fn needs_others(&self) -> bool {
        self.rejected.iter().any(|(_, rejection, _)| rejection.reason == RejectReason::NoBirth)
    }

    /// The one report that it is, if it is one.
    fn report(mut self) -> Option<Report> {
        if !self.observations.is_empty() || !self.rejected.is_empty() || self.others.len() != 1 {
            return None;
        }
        match self.others.pop() {
            Some(Row::Reported(report)) => Some(*report),
            _ => None,
        }
    }

    /// The measured row of that number.
    fn good(&self, row: u32) -> Option<&Observation> {
        let found = self.observations.binary_search_by_key(&row, |observation| observation.arrival.row);
        found.ok().map(|index| &self.observations[index])
    }

    /// The numbers of its rejects as they are kept on record.
    fn on_record(&self) -> impl Iterator<Item = u32> {
        let kept = usize::try_from(KEPT_REJECTS).unwrap_or(usize::MAX);
        self.rejected.iter().take(kept.saturating_add(1)).map(|(row, ..)| *row)
    }
}

/// The decoders that a message may have been read with before: of the pack that it was judged with the last time, and of
/// the one of when it arrived. None where that is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Earlier<'a> {
    /// That it was judged with.
    pub judged: Option<&'a Decoder>,
    /// Of when it arrived.
    pub arrived: Option<&'a Decoder>,
}

/// Reads a message again with `decoder`.
#[must_use]
pub fn reread(
    decoder: &Decoder,
    earlier: Earlier<'_>,
    known: &mut Known,
    envelope: &Envelope<'_>,
    before: &ReadBefore,
) -> Reread {
    if matches!(before.on_record, OnRecord::Decided | OnRecord::Untold) {
        return Reread::Unclear;
    }
    // Of most messages of a replay that comes again there is nothing to find out.
    let is_report = matches!(before.on_record, OnRecord::RefusedReport | OnRecord::TakenReport(_));
    let is_current = |pack: &PackVersion| *pack == decoder.pack().version;
    if !is_report
        && before.pack.as_ref().is_some_and(is_current)
        && before.arrived_with.as_ref().is_none_or(is_current)
    {
        return Reread::Same;
    }
    let (reading, outcome) = Reading::of(decoder, known, envelope);
    // What earlier messages of its node told of it, this one does not tell again.
    if reading.needs_others() {
        return Reread::Unclear;
    }
    if before.on_record == OnRecord::RejectedWhole {
        return of_unread(reading, outcome, earlier.judged, envelope);
    }
    if let OnRecord::Stored(stored) = &before.on_record {
        let Outcome::Decoded { rows } = outcome else { return Reread::Unclear };
        return of_stored(decoder, stored, (&reading, rows), earlier, known, envelope);
    }
    if let OnRecord::TakenReport(on_record) = &before.on_record {
        let now = reading.report();
        let then = match earlier.judged {
            _ if before.pack.as_ref().is_some_and(is_current) => now.clone(),
            Some(earlier) => Reading::of(earlier, known, envelope).0.report(),
            None => None,
        };
        return of_taken(now, then, on_record);
    }
    let Some(earlier) = earlier.judged else { return Reread::Unclear };
    // What has been met is of one pack's names and of all: the tables are the process's.
    let (then, outcome_then) = Reading::of(earlier, known, envelope);
    let Outcome::Decoded { rows: rows_then } = outcome_then else { return Reread::Unclear };
    let on_record = match &before.on_record {
        OnRecord::RejectedRows(on_record) => on_record,
        _ => {
            return match (reading.report(), then.report()) {
                (Some(report), Some(then)) => {
                    let before = ReportBefore::Refused { rows: then.rows, same: report == then };
                    Reread::Other(Box::new(Difference::of_report(report, before)))
                }
                _ => Reread::Unclear,
            };
        }
    };
    if then.needs_others() || !then.on_record().eq(on_record.iter().copied()) {
        return Reread::Unclear;
    }
    let Outcome::Decoded { rows } = outcome else { return Reread::Same };
    let rejected_before = then.rejected.len() as u64;
    let difference = if rows == rows_then { by_number(&then, reading) } else { by_content(&then, reading) };
    let Some(Reading { observations, others, rejected }) = difference else { return Reread::Unclear };
    if observations.is_empty() && others.is_empty() && rejected == then.rejected {
        return Reread::Same;
    }
    Reread::Other(Box::new(Difference {
        observations,
        others,
        rejected_before,
        rejected,
        ..Difference::nothing()
    }))
}

impl Difference {
    fn nothing() -> Difference {
        Difference {
            outcome: None,
            observations: Vec::new(),
            others: Vec::new(),
            rejected_before: 0,
            rejected: Vec::new(),
            report: None,
            replaced: Vec::new(),
        }
    }

    fn of_report(report: Report, before: ReportBefore) -> Difference {
        Difference { report: Some(Judged { report, before }), ..Difference::nothing() }
    }
}

/// A message of which nothing could be read.
fn of_unread(
    reading: Reading,
    outcome: Outcome,
    earlier: Option<&Decoder>,
    envelope: &Envelope<'_>,
) -> Reread {
    if let Outcome::Undecodable(now) = &outcome {
        // In other words only where it was those words before.
        let then = earlier.map(|earlier| earlier.decode(envelope, &mut Reading::default()));
        if then.is_none_or(|then| matches!(&then, Outcome::Undecodable(then) if then == now)) {
            return Reread::Same;
        }
    }
    let Reading { observations, others, rejected } = reading;
    Reread::Other(Box::new(Difference {
        outcome: Some(outcome),
        observations,
        others,
        rejected,
        ..Difference::nothing()
    }))
}

/// A report that was taken, by what is on record of it: both readings, where they differ; none where a reading gives no
/// report. It is left alone where its reading of before is not the one on record. Where it is no report now, another form's or
/// agency's, or nothing of it would be taken any more, it stays as it is: what a sender was told is not taken back. Its keeper
/// is told so, since what was said before it may be another.
#[must_use]
pub fn of_taken(now: Option<Report>, then: Option<Report>, on_record: &ReportOnRecord) -> Reread {
    let ReportOnRecord { form, agency, rows, rejected, periods, own, earlier } = on_record;
    let is_of_it = |report: &Report| (report.form, report.agency) == (*form, *agency);
    let is_asked = |report: &Report| report.periods().iter().all(|period| periods.contains(period));
    let would_be_taken = |report: &Report| !report.cells.is_empty() && (report.parts || !report.has_errors());
    let then =
        then.filter(|then| then.rows == *rows && is_of_it(then) && is_asked(then) && would_be_taken(then));
    let Some(then) = then else { return Reread::Unclear };
    // Of other periods than it was looked up for: it is read by another pack.
    let now = now.filter(|now| is_of_it(now) && is_asked(now));
    if now.as_ref() == Some(&then) && is_stored_so(&then, *rejected, own, earlier) {
        return Reread::Same;
    }
    let now = now.filter(would_be_taken);
    let stays = now.is_none();
    let report = now.unwrap_or_else(|| then.clone());
    let (rejected, own, earlier) = (*rejected, own.clone(), earlier.clone());
    let before = ReportBefore::Taken { report: Box::new(then), rejected, own, earlier, stays };
    Reread::Other(Box::new(Difference::of_report(report, before)))
}

/// Whether what is stored says what a report says that reads as it did. A row that says what was said before it is not
/// stored, and that may be another since; what is said beside the rows is, where anything was said before. What cannot be
/// told here its keeper tells.
fn is_stored_so(report: &Report, rejected: u32, own: &[StoredWord], earlier: &[StoredWord]) -> bool {
    type Said = BTreeMap<(CellKey, Vintage), (Value, Name)>;
    let said = |words: &[StoredWord]| -> Said {
        words.iter().map(|word| ((word.key, word.vintage), (word.value, word.owner))).collect()
    };
    let (stored, before) = (said(own), said(earlier));
    let named: BTreeSet<(CellKey, Vintage)> =
        report.cells.iter().map(|cell| (cell.key, cell.vintage)).collect();
    let keys: BTreeSet<&CellKey> = report.cells.iter().map(|cell| &cell.key).collect();
    let says_so = |cell: &Cell| {
        let of = (cell.key, cell.vintage);
        stored.get(&of).or(before.get(&of)) == Some(&(cell.value, cell.owner))
    };
    // Of one that was taken in part it is not known here of which of its cells nothing was taken.
    let is_all =
        u32::try_from(report.cells.len()).is_ok_and(|cells| report.rows.checked_sub(rejected) == Some(cells));
    if !is_all || !report.cells.iter().all(says_so) {
        return false;
    }
    // What it says beside its rows of what was said before.
    let left_out: BTreeSet<&CellKey> = report.left_out.iter().collect();
    let taken_back: BTreeSet<&CellKey> =
        report.cells.iter().filter(|cell| cell.value.mark == Mark::Withdrawn).map(|cell| &cell.key).collect();
    let becomes = |key: &CellKey| {
        let whole = report.whole.filter(|_| report.period == Some(key.period) && !keys.contains(key));
        let whole = whole.filter(|whole| whole.place.is_none_or(|place| place == key.place));
        match whole.map(|whole| whole.rest) {
            _ if taken_back.contains(key) => Some(Value::without(Mark::Withdrawn)),
            Some(Rest::Nought) => Some(Value::of(Decimal::ZERO)),
            Some(Rest::Withdrawn) => Some(Value::without(Mark::Withdrawn)),
            None if report.absent == Absent::Withdraws && left_out.contains(key) => {
                Some(Value::without(Mark::Withdrawn))
            }
            None => None,
        }
    };
    // Whose it is says its form, where that knows the cell.
    let is_so = |(of, (value, owner)): (&(CellKey, Vintage), &(Value, Name))| {
        let is_its_owner = || report.owners.of(&of.0).is_none_or(|is| is == *owner);
        let stays = || becomes(&of.0).is_none_or(|rest| rest == *value && is_its_owner());
        named.contains(of) || stored.contains_key(of) || stays()
    };
    before.iter().all(is_so) && stored.keys().all(|of| named.contains(of) || before.contains_key(of))
}

/// What a report speaks of, or did by its reading of before.
#[must_use]
pub fn spoken_of(
    decoder: &Decoder,
    earlier: Option<&Decoder>,
    known: &mut Known,
    envelope: &Envelope<'_>,
) -> SpokenOf {
    let readings = [Some(decoder), earlier].into_iter().flatten();
    let reports = readings.filter_map(|decoder| Reading::of(decoder, known, envelope).0.report());
    let mut spoken = SpokenOf::default();
    reports.for_each(|report| spoken.add(&report));
    spoken
}

/// A message of which rows are stored: those that have another value or quality now. It is left as it is where no reading
/// of before gives what is stored, and where a stored row is about something else now: one that is withdrawn may have been
/// one of two that said the same, of which the other left nothing.
fn of_stored(
    decoder: &Decoder,
    stored: &[StoredBefore],
    (now, rows): (&Reading, u32),
    earlier: Earlier<'_>,
    known: &mut Known,
    envelope: &Envelope<'_>,
) -> Reread {
    // What was rejected at first and is good by a later pack was taken up by that one: each row by its own.
    let mut before_now = Vec::new();
    // Mostly one pack did both.
    let arrived = earlier.arrived.filter(|arrived| {
        earlier.judged.is_none_or(|judged| judged.pack().version != arrived.pack().version)
    });
    for decoder in [earlier.judged, arrived].into_iter().flatten() {
        let (then, outcome) = Reading::of(decoder, known, envelope);
        if outcome == (Outcome::Decoded { rows }) {
            before_now.push((decoder, then));
        }
    }
    let mut replaced = Vec::new();
    for before in stored {
        let gave_it = before_now.iter().any(|(decoder, then)| {
            then.good(before.row)
                .is_some_and(|was| is_about(decoder, was, before) && same_content(was, before))
        });
        let is = now.good(before.row).filter(|is| gave_it && is_about(decoder, is, before));
        let Some(is) = is else { return Reread::Unclear };
        if !same_content(is, before) {
            let (value_before, quality_before) = (before.value, before.quality);
            replaced.push(Replacement { row: *is, value_before, quality_before });
        }
    }
    if replaced.is_empty() {
        return Reread::Same;
    }
    Reread::Other(Box::new(Difference { replaced, ..Difference::nothing() }))
}

/// Whether a row is about what a stored one is about.
fn is_about(decoder: &Decoder, row: &Observation, stored: &StoredBefore) -> bool {
    let names = decoder.names();
    names.indicators.find(&stored.indicator) == Some(row.series.indicator)
        && names.subjects.find(&stored.subject) == Some(row.series.subject)
        && row.event_time == stored.event_time
}

/// −0 is stored as 0.
fn same_content(row: &Observation, stored: &StoredBefore) -> bool {
    (row.value + 0.0).to_bits() == (stored.value + 0.0).to_bits() && row.quality == stored.quality
}

/// Of rows with the same numbers those that were rejected.
fn by_number(then: &Reading, now: Reading) -> Option<Reading> {
    let was_rejected = |row: u32| then.rejected.binary_search_by_key(&row, |(row, ..)| *row).is_ok();
    let Reading { mut observations, mut others, mut rejected } = now;
    observations.retain(|row| was_rejected(row.arrival.row));
    others.retain(|row| was_rejected(row.arrival().row));
    rejected.retain(|(row, ..)| was_rejected(*row));
    // A report has many rows and one number.
    others.iter().all(|row| !matches!(row, Row::Reported(_))).then_some(Reading {
        observations,
        others,
        rejected,
    })
}

/// Of measured rows whose numbers moved those that are about something that was not good before.
fn by_content(then: &Reading, now: Reading) -> Option<Reading> {
    if !then.others.is_empty() || !now.others.is_empty() {
        return None;
    }
    let about = |row: &Observation| -> (SubjectId, u32, i64) {
        (row.series.subject, row.series.indicator.0, row.event_time.0)
    };
    let mut good: BTreeMap<_, usize> = BTreeMap::new();
    for row in &then.observations {
        *good.entry(about(row)).or_default() += 1;
    }
    let Reading { mut observations, others, rejected } = now;
    observations.retain(|row| match good.get_mut(&about(row)) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    });
    // What was good and is not found again would be rejected and stored at once.
    good.values().all(|left| *left == 0).then_some(Reading { observations, others, rejected })
}

#[cfg(test)]
mod tests;

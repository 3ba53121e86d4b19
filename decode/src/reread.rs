//! A message read again: what it gives now that its reading before did not.
//!
//! Pure, like all of decoding, and the only place where two readings of one message are held against each other: the
//! dataflow goes by it, and who asks beforehand what a replay would change is told the same.
//!
//! Where rejects are read again, what was good before stays as it is: of a message only that is taken which was rejected
//! and is not any more. Rows are told apart by their numbers where both readings count as many; a line of which one
//! reading makes a reject and the other nine values moves the numbers of those behind it, and then by what they are
//! about. Where what is stored is read again, rows are told apart by their numbers alone, and only a value or its quality
//! may be another one: rows that are about something else now, or are given no more, are not taken. Where neither tells,
//! or what is on record of the reading before is not what that reading gives in this build, the message is left as it is.

use std::collections::BTreeMap;

use ioc_model::{
    envelope::Envelope,
    form::Report,
    names::SubjectId,
    observation::{Observation, Quality},
    reject::Rejection,
    replay::{OnRecord, ReadBefore, StoredBefore},
    row::Row,
};

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
    /// A report that was refused whole, for its keeper to judge again.
    pub report: Option<Refused>,
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

/// A report that was refused whole.
#[derive(Debug, PartialEq)]
pub struct Refused {
    /// As it is read now.
    pub report: Report,
    /// How many rows it had.
    pub rows_before: u32,
    /// Whether it reads as it did.
    pub same: bool,
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

/// Reads a message again with `decoder`. `earlier` is the decoder of the pack it was read with before; none where that
/// is not known.
#[must_use]
pub fn reread(
    decoder: &Decoder,
    earlier: Option<&Decoder>,
    known: &mut Known,
    envelope: &Envelope<'_>,
    before: &ReadBefore,
) -> Reread {
    if before.on_record == OnRecord::Decided {
        return Reread::Unclear;
    }
    // Of most messages of a replay that comes again there is nothing to find out.
    let is_report = before.on_record == OnRecord::RefusedReport;
    if !is_report && before.pack.as_ref() == Some(&decoder.pack().version) {
        return Reread::Same;
    }
    let (reading, outcome) = Reading::of(decoder, known, envelope);
    if before.on_record == OnRecord::RejectedWhole {
        return of_unread(reading, outcome, earlier, envelope);
    }
    let Some(earlier) = earlier else { return Reread::Unclear };
    // What has been met is of one pack's names and of all: the tables are the process's.
    let (then, outcome_then) = Reading::of(earlier, known, envelope);
    let Outcome::Decoded { rows: rows_then } = outcome_then else { return Reread::Unclear };
    let on_record = match &before.on_record {
        OnRecord::RejectedRows(on_record) => on_record,
        OnRecord::Stored(stored) => {
            let Outcome::Decoded { rows } = outcome else { return Reread::Unclear };
            let replaced = if rows == rows_then { replaced(decoder, stored, &then, &reading) } else { None };
            return match replaced {
                None => Reread::Unclear,
                Some(replaced) if replaced.is_empty() => Reread::Same,
                Some(replaced) => Reread::Other(Box::new(Difference { replaced, ..Difference::nothing() })),
            };
        }
        _ => {
            return match (reading.report(), then.report()) {
                (Some(report), Some(then)) => {
                    let refused = Refused { rows_before: then.rows, same: report == then, report };
                    Reread::Other(Box::new(Difference { report: Some(refused), ..Difference::nothing() }))
                }
                _ => Reread::Unclear,
            };
        }
    };
    if !then.on_record().eq(on_record.iter().copied()) {
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

/// Of the stored rows those that have another value or quality. None where they are not what the reading of before gives,
/// or are about something else now: a row that is withdrawn may have been one of two that said the same, of which the
/// other left nothing.
fn replaced(
    decoder: &Decoder,
    stored: &[StoredBefore],
    then: &Reading,
    now: &Reading,
) -> Option<Vec<Replacement>> {
    let names = decoder.names();
    let mut replaced = Vec::new();
    for before in stored {
        let was = then.good(before.row)?;
        let (indicator, subject) =
            (names.indicators.find(&before.indicator)?, names.subjects.find(&before.subject)?);
        let is_it = (was.series.indicator, was.series.subject) == (indicator, subject)
            && was.event_time == before.event_time
            && same_content(was, before.value, before.quality);
        let is = now.good(before.row)?;
        if !is_it || (is.series, is.event_time) != (was.series, was.event_time) {
            return None;
        }
        if !same_content(is, before.value, before.quality) {
            let (value_before, quality_before) = (before.value, before.quality);
            replaced.push(Replacement { row: *is, value_before, quality_before });
        }
    }
    Some(replaced)
}

/// −0 is stored as 0.
fn same_content(row: &Observation, value: f64, quality: Quality) -> bool {
    (row.value + 0.0).to_bits() == (value + 0.0).to_bits() && row.quality == quality
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

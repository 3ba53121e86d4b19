//! Files that were begun from another period's: nobody can know it of a file, and what is known says that it may be so.
//!
//! Title, file name and cells that contradict each other are refused before. These are the two that agree with themselves:
//! the period is another one and the figures are the last one's, or the figures are new and the title is the old one's.
//! Both may be meant: a rate that stays, a month that was wrong from end to end. The first is taken and told. The second
//! would replace what is known and shown, and nobody reads a warning in a folder of files: it is refused until its sender
//! says that it is meant, and so is what takes values back by leaving them out. What a source was asked for has no title
//! that could be an old one, and nobody sits there who could say so: it is taken.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::{Calendar, DayNumber},
    form::{Absent, Cell, CellKey, Mark, Period, Report, Rest, Value, Weight},
    place::Date,
    time::EventTime,
};
use rust_decimal::Decimal;

use super::{Findings, Reported, Taken, page::Voice, words};

/// Of fewer numbers nothing can be said.
const LEAST: usize = 3;
/// Before what a number was multiplied with, in how it came: `845000 ×10^6`.
const SCALED: &str = " ×";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Reported {
    /// Tells who sent a message, of which this can be taken, what may be a mistake in it; whether none of it is taken until
    /// it is said that this is meant.
    pub(super) fn is_held(&mut self, report: &Report, taken: &Taken, findings: &mut Findings) -> bool {
        let is_meant = report.confirmed || report.asked;
        self.tell_scale(report, &taken.cells, findings);
        self.tell_older(report, &taken.cells, findings);
        let is_another = self.may_be_another_period_s(report, &taken.cells, is_meant, findings);
        let takes_back = !is_meant && self.would_take_back(report, taken, findings);
        takes_back || (is_another && !is_meant)
    }

    /// Tells that values were last changed at their source before what is known of them came: they may be those of an older
    /// export, which are taken all the same, since the later word counts.
    fn tell_older(&mut self, report: &Report, cells: &[Cell], findings: &mut Findings) {
        let updated: BTreeMap<u32, EventTime> = report.updated.iter().copied().collect();
        let mut older = 0_usize;
        for cell in cells {
            let Some(updated) = updated.get(&cell.row) else { continue };
            let voice = Voice { agency: report.agency, vintage: cell.vintage };
            let (known, _) = self.cells(cell.key.period);
            let said = known.statement(&cell.key, voice).filter(|said| said.value != cell.value);
            older += usize::from(said.is_some_and(|said| said.arrival.received_at.0 > updated.0));
        }
        if older > 0 {
            findings.push(words::older(older));
        }
    }

    /// Tells that numbers come in another multiple than those of the period before: what was multiplied is the form's unit
    /// now, whichever of both was meant.
    fn tell_scale(&mut self, report: &Report, cells: &[Cell], findings: &mut Findings) {
        let mut first: Option<(CellKey, String, String)> = None;
        let mut count = 0_usize;
        let counts = |value: Value| value.number.filter(|number| !number.is_zero());
        for cell in cells.iter().filter(|cell| counts(cell.value).is_some()) {
            let Some(earlier) = cell.key.period.previous() else { continue };
            let (known, _) = self.cells(earlier);
            let of_agency = known.of(&CellKey { period: earlier, ..cell.key }).into_iter().flatten();
            let newest = of_agency
                .filter(|(voice, _)| voice.agency == report.agency)
                .max_by_key(|(voice, _)| voice.vintage);
            let Some((_, was)) = newest else { continue };
            let Some(number) = counts(was.value) else { continue };
            if multiple(&was.as_sent) == multiple(&cell.as_sent) {
                continue;
            }
            // What was multiplied and does not say by what is not known.
            let sent = was.as_sent.parse::<Decimal>().ok();
            if multiple(&was.as_sent).is_none() && sent.is_some_and(|sent| sent != number) {
                continue;
            }
            count += 1;
            let _ = first.get_or_insert_with(|| {
                let is = words::stands(&cell.as_sent, cell.value.number);
                (cell.key, is, words::stands(&was.as_sent, Some(number)))
            });
        }
        if let Some((key, is, was)) = first {
            findings.push(words::in_another_scale(count, &key, &is, &was));
        }
    }

    /// Lists what a message takes back by leaving it out; whether that is anything.
    fn would_take_back(&mut self, report: &Report, taken: &Taken, findings: &mut Findings) -> bool {
        let left_out = Some(&report.left_out).filter(|_| report.absent == Absent::Withdraws);
        let unnamed = Some(&taken.unnamed).filter(|_| taken.rest == Some(Rest::Withdrawn));
        let mut taken_back: Vec<(CellKey, Value)> = Vec::new();
        for key in left_out.into_iter().chain(unnamed).flatten() {
            let (known, _) = self.cells(key.period);
            taken_back.extend(known.stands(key, report, taken.newest).map(|(_, said)| (*key, said.value)));
        }
        if taken_back.is_empty() {
            return false;
        }
        findings.push(words::would_withdraw(taken_back.len()));
        for (key, value) in &taken_back {
            findings.push_one_of_many(Weight::Warning, || {
                words::missing(Weight::Warning, words::is_left_out(key, *value))
            });
        }
        true
    }

    /// Whether the message may be another period's and would replace what is known of its own. What may be the last one's
    /// under another title is told.
    fn may_be_another_period_s(
        &mut self,
        report: &Report,
        cells: &[Cell],
        is_meant: bool,
        findings: &mut Findings,
    ) -> bool {
        let Some(period) = report.period else { return false };
        if let Some(earlier) = period.previous()
            && self.is_said_of(report, cells, earlier)
        {
            findings.push(words::as_before(period, earlier));
        }
        if let Some(next) = period.next()
            && arrived_on(report).is_some_and(|day| day > next.end)
            && self.is_all_other(report, cells)
        {
            findings.push(words::all_other(period, next, is_meant));
            return true;
        }
        false
    }

    /// Whether all numbers are those of another period, and not all of them 0.
    fn is_said_of(&mut self, report: &Report, cells: &[Cell], of: Period) -> bool {
        let (known, _) = self.cells(of);
        let numbers = cells.iter().filter(|cell| cell.value.mark == Mark::Value);
        let mut same = 0;
        let mut counts = false;
        for cell in numbers {
            let key = CellKey { period: of, ..cell.key };
            let voice = Voice { agency: report.agency, vintage: cell.vintage };
            if known.statement(&key, voice).is_none_or(|said| said.value != cell.value) {
                return false;
            }
            same += 1;
            counts |= cell.value.number.is_some_and(|number| !number.is_zero());
        }
        same >= LEAST && counts
    }

    /// Whether each number is another than what the agency had said of it before.
    fn is_all_other(&mut self, report: &Report, cells: &[Cell]) -> bool {
        cells.len() >= LEAST
            && cells.iter().all(|cell| {
                let voice = Voice { agency: report.agency, vintage: cell.vintage };
                let (known, _) = self.cells(cell.key.period);
                let said = known.statement(&cell.key, voice);
                said.is_some_and(|said| said.value != cell.value && said.arrival < report.arrival)
            })
    }
}

/// What a number was multiplied with, as it is told of how it came.
fn multiple(as_sent: &str) -> Option<&str> {
    as_sent.split_once(SCALED).map(|(_, by)| by)
}

/// The day on which a message arrived, by UTC: hours more or less say nothing here.
fn arrived_on(report: &Report) -> Option<Date> {
    let number = i32::try_from(report.arrival.received_at.0.div_euclid(DAY_MS)).ok()?;
    Calendar::date(DayNumber(number))
}

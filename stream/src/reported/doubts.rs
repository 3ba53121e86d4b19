//! Files that were begun from another period's: nobody can know it of a file, and what is known says that it may be so.
//!
//! Title, file name and cells that contradict each other are refused before. These are the two that agree with themselves:
//! the period is another one and the figures are the last one's, or the figures are new and the title is the old one's.
//! Both are taken and told, since both may be meant: a rate that stays, a month that was wrong from end to end.

use ioc_model::{
    calendar::{Calendar, DayNumber},
    form::{Cell, CellKey, Mark, Period, Report},
    place::Date,
};

use super::{Findings, Reported, page::Voice, words};

/// Of fewer numbers nothing can be said.
const LEAST: usize = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Reported {
    /// Tells who sent a message, of which these cells are taken, that it may be another period's.
    pub(super) fn doubt(&mut self, report: &Report, cells: &[Cell], findings: &mut Findings) {
        let Some(period) = report.period else { return };
        if let Some(earlier) = period.previous()
            && self.is_said_of(report, cells, earlier)
        {
            findings.push(words::as_before(period, earlier));
        }
        if let Some(next) = period.next()
            && arrived_on(report).is_some_and(|day| day > next.end)
            && self.is_all_other(report, cells)
        {
            findings.push(words::all_other(period, next));
        }
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

    /// Whether each number is another than what the agency had said of it.
    fn is_all_other(&mut self, report: &Report, cells: &[Cell]) -> bool {
        cells.len() >= LEAST
            && cells.iter().all(|cell| {
                let voice = Voice { agency: report.agency, vintage: cell.vintage };
                let (known, _) = self.cells(cell.key.period);
                known.statement(&cell.key, voice).is_some_and(|said| said.value != cell.value)
            })
    }
}

/// The day on which a message arrived, by UTC: hours more or less say nothing here.
fn arrived_on(report: &Report) -> Option<Date> {
    let number = i32::try_from(report.arrival.received_at.0.div_euclid(DAY_MS)).ok()?;
    Calendar::date(DayNumber(number))
}

//! What messages say to the ledger of obligations.
//!
//! A message answers for the periods of its own cells: those of which its agency is the owner. What it says of another's
//! cells stands beside them and meets nobody's obligation. One that is refused whole is an attempt at the periods it names;
//! one that names none, or so many that it is none of them, is an attempt at nothing that could be told.

use std::collections::BTreeSet;

use ioc_model::{
    form::{Cell, Period, Report},
    name::Name,
    position::Arrival,
    results::StoredCell,
};

use super::Reported;
use crate::ledger::{Filed, Outcome};

/// A message that was refused is an attempt at so many periods at most.
const ATTEMPTED: usize = 24;

/// The periods that a message names.
pub(super) fn about(report: &Report) -> BTreeSet<Period> {
    match report.period {
        Some(period) => BTreeSet::from([period]),
        None => report.cells.iter().map(|cell| cell.key.period).collect(),
    }
}

/// Those of what is taken of it that is its agency's own.
pub(super) fn own(report: &Report, taken: &[Cell]) -> BTreeSet<Period> {
    taken.iter().filter(|cell| cell.owner == report.agency).map(|cell| cell.key.period).collect()
}

/// Of a message that was refused. Refused before, it was told of then.
pub(super) fn refused(report: &Report, about: BTreeSet<Period>, again: bool) -> Vec<Filed> {
    if again || about.len() > ATTEMPTED {
        return Vec::new();
    }
    about.into_iter().map(|period| filed(report, period, Outcome::Refused)).collect()
}

/// Of one that was taken: what was stored for it says in which periods it changed something.
pub(super) fn accepted(report: &Report, own: BTreeSet<Period>, stored: &[StoredCell]) -> Vec<Filed> {
    let is_its_own = |row: &&StoredCell| {
        row.agency == report.agency
            && row.cell.owner == report.agency
            && row.arrival.position == report.arrival.position
    };
    let changed: BTreeSet<Period> = stored.iter().filter(is_its_own).map(|row| row.cell.key.period).collect();
    own.into_iter()
        .map(|period| filed(report, period, Outcome::Accepted { changed: changed.contains(&period) }))
        .collect()
}

fn filed(report: &Report, period: Period, outcome: Outcome) -> Filed {
    let Report { form, agency, arrival, .. } = *report;
    Filed { form, agency, period, arrival, outcome }
}

impl Reported {
    /// The messages that what is known goes back to, as far as it tells of them: for a ledger that begins behind them.
    pub(crate) fn filed(&self, form: Name) -> Vec<Filed> {
        let mut filed = Vec::new();
        for (period, page) in &self.pages {
            let cells = page
                .unpacked(*period)
                .expect("pages are made here or were looked into when they were loaded");
            let own = cells.statements().filter(|(voice, said)| voice.agency == said.owner);
            let messages: BTreeSet<(Name, Arrival)> =
                own.map(|(voice, said)| (voice.agency, Arrival { row: 0, ..said.arrival })).collect();
            filed.extend(messages.into_iter().map(|(agency, arrival)| Filed {
                form,
                agency,
                period: *period,
                arrival,
                outcome: Outcome::Accepted { changed: true },
            }));
        }
        filed
    }
}

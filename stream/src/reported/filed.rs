//! What messages say to the ledger of obligations.
//!
//! A message answers for the periods of its own cells: those of which its agency is the owner, and of which it says
//! something. What it says of another's cells stands beside them and meets nobody's obligation, and neither does a cell that
//! it left empty or took back. One that is refused whole is an attempt at the periods it names; one that names none, or so
//! many that it is none of them, is an attempt at nothing that could be told.
//!
//! What an agency said may all be taken back again. Whether anything of it stands is told at the end of the epoch, of the
//! agencies that sent something: nobody else takes back what they said.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Period, Report},
    name::Name,
    position::Arrival,
    results::StoredCell,
};

use super::{Reported, page::Cells};
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

/// Of a message that was refused. Refused before, it was told of then.
pub(super) fn refused(report: &Report, about: BTreeSet<Period>, again: bool) -> Vec<Filed> {
    if again || about.len() > ATTEMPTED {
        return Vec::new();
    }
    about.into_iter().map(|period| filed(report, period, Outcome::Refused)).collect()
}

/// Of one that was taken: what was stored for it says in which periods it changed something.
pub(super) fn accepted(report: &Report, own: BTreeSet<Period>, stored: &[StoredCell]) -> Vec<Filed> {
    let changed: BTreeSet<Period> = its_own(report, stored).map(|row| row.cell.key.period).collect();
    own.into_iter()
        .map(|period| filed(report, period, Outcome::Accepted { changed: changed.contains(&period) }))
        .collect()
}

/// Of one that is read again and takes back what stood, in periods of which it says nothing and had said nothing.
pub(super) fn takes_back(
    report: &Report,
    own: &BTreeSet<Period>,
    took_back: &BTreeSet<Period>,
) -> Vec<Filed> {
    took_back.difference(own).map(|period| filed(report, *period, Outcome::TookBack)).collect()
}

/// Of one that was taken, in the periods of which it says nothing and took back what stood.
pub(super) fn took_back(report: &Report, own: &BTreeSet<Period>, stored: &[StoredCell]) -> Vec<Filed> {
    let is_another =
        |row: &&StoredCell| row.was.is_some_and(|was| was.mark.says_something() && was != row.cell.value);
    let took_back = its_own(report, stored).filter(is_another);
    let periods: BTreeSet<Period> = took_back.map(|row| row.cell.key.period).collect();
    periods.difference(own).map(|period| filed(report, *period, Outcome::TookBack)).collect()
}

/// What was stored of its agency's own cells.
fn its_own<'s>(report: &Report, stored: &'s [StoredCell]) -> impl Iterator<Item = &'s StoredCell> {
    let (agency, position) = (report.agency, report.arrival.position);
    stored.iter().filter(move |row| {
        row.agency == agency && row.cell.owner == agency && row.arrival.position == position
    })
}

/// The agencies that sent something in an epoch: of which form, and when the last of it arrived.
pub(super) type Spoke = BTreeMap<Name, (Name, Arrival)>;

/// Whether anything stands of what they said of a period that is their own.
pub(super) fn standing(spoke: &Spoke, period: Period, cells: &Cells) -> Vec<Filed> {
    let standing = standing_of_each(cells).into_iter();
    let of = |(agency, anything): (Name, bool)| {
        let (form, arrival) = *spoke.get(&agency)?;
        Some(Filed { form, agency, period, arrival, outcome: Outcome::Stands { anything } })
    };
    standing.filter_map(of).collect()
}

/// Whether anything stands of what an agency said of its own cells.
pub(super) fn stands(cells: &Cells, agency: Name) -> bool {
    let mut own = cells.statements().filter(|(voice, said)| voice.agency == agency && said.owner == agency);
    own.any(|(_, said)| said.value.mark.says_something())
}

/// The same by agency that said anything of them.
fn standing_of_each(cells: &Cells) -> BTreeMap<Name, bool> {
    let mut stands: BTreeMap<Name, bool> = BTreeMap::new();
    for (voice, said) in cells.statements().filter(|(voice, said)| voice.agency == said.owner) {
        *stands.entry(voice.agency).or_default() |= said.value.mark.says_something();
    }
    stands
}

fn filed(report: &Report, period: Period, outcome: Outcome) -> Filed {
    let Report { form, agency, arrival, .. } = *report;
    Filed { form, agency, period, arrival, outcome }
}

impl Reported {
    /// The messages that what is known goes back to, as far as it tells of them: for a ledger that begins behind them.
    pub(crate) fn filed(&self, form: Name) -> Vec<Filed> {
        let mut filed = Vec::new();
        for (period, cells) in self.unpacked() {
            let own = cells.statements().filter(|(voice, said)| voice.agency == said.owner);
            // Whether it says anything, or only takes back.
            let mut messages: BTreeMap<(Name, Arrival), bool> = BTreeMap::new();
            for (voice, said) in own {
                let message = (voice.agency, Arrival { row: 0, ..said.arrival });
                *messages.entry(message).or_default() |= said.value.mark.says_something();
            }
            filed.extend(messages.into_iter().map(|((agency, arrival), says)| {
                let outcome = if says { Outcome::Accepted { changed: true } } else { Outcome::TookBack };
                Filed { form, agency, period, arrival, outcome }
            }));
        }
        filed
    }

    /// Of what nothing stands that was said: for a ledger that took what only takes back for a report.
    pub(crate) fn taken_back(&self, form: Name) -> Vec<Filed> {
        let of_period = |(period, cells): (Period, Cells)| {
            let none = standing_of_each(&cells).into_iter().filter(|(_, anything)| !anything);
            let outcome = Outcome::Stands { anything: false };
            none.map(move |(agency, _)| Filed { form, agency, period, arrival: Arrival::default(), outcome })
                .collect::<Vec<_>>()
        };
        self.unpacked().flat_map(of_period).collect()
    }

    fn unpacked(&self) -> impl Iterator<Item = (Period, Cells)> {
        self.pages.iter().map(|(period, page)| {
            let cells = page.unpacked(*period);
            (*period, cells.expect("pages are made here or were looked into when they were loaded"))
        })
    }
}

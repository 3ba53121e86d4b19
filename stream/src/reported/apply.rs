//! What the cells of a message that is taken change.

use std::collections::BTreeMap;

use ioc_model::{
    form::{Absent, Cell, CellKey, Mark, Report, Value, Vintage, Weight},
    name::Name,
    position::Arrival,
    results::{Receipt, RowStanding, StoredCell},
};

use super::{
    Findings, Reported,
    page::{Cells, Statement, Voice},
    words,
};
use crate::step::ShardResults;

/// So many cells that stay are told each: a correction of three numbers leaves a whole province out.
const KEPT_TOLD: u32 = 20;

/// What was shown of a key before a message, and which of its rows speak of it.
#[derive(Debug)]
struct Touched {
    owner: Name,
    before: Option<(Voice, Value)>,
    /// By voice the row that is its newest word now.
    rows: BTreeMap<Voice, usize>,
}

impl Reported {
    /// Stores what a message says. `cells` are those of it that are taken, by row.
    pub(super) fn apply(
        &mut self,
        report: &Report,
        cells: Vec<Cell>,
        receipt: &mut Receipt,
        findings: &mut Findings,
        results: &mut ShardResults,
    ) {
        let mut touched: BTreeMap<CellKey, Touched> = BTreeMap::new();
        let newest = cells.iter().map(|cell| cell.vintage).max().unwrap_or_default();
        for cell in cells {
            self.apply_cell(report, cell, &mut touched, receipt, findings, results);
        }
        if report.absent == Absent::Withdraws {
            self.withdraw(report, newest, &mut touched, receipt, findings, results);
        } else {
            self.keep(report, receipt, findings);
        }
        for (key, touched) in touched {
            self.show(report, key, touched, results);
        }
    }

    fn apply_cell(
        &mut self,
        report: &Report,
        cell: Cell,
        touched: &mut BTreeMap<CellKey, Touched>,
        receipt: &mut Receipt,
        findings: &mut Findings,
        results: &mut ShardResults,
    ) {
        let voice = Voice { agency: report.agency, vintage: cell.vintage };
        let arrival = Arrival { row: cell.row, ..report.arrival };
        let (known, changed) = self.cells(cell.key.period);
        let of_key = touched.entry(cell.key).or_insert_with(|| Touched::of(known, &cell.key, cell.owner));
        let said = known.statement(&cell.key, voice);
        let was = said.map(|said| said.value);
        let standing = match said {
            None => Some(RowStanding::First),
            Some(said) if said.value == cell.value => None,
            Some(said) if arrival < said.arrival => Some(RowStanding::History),
            Some(_) => Some(RowStanding::Correction),
        };
        let is_newest = said.is_none_or(|said| said.arrival < arrival);
        if is_newest {
            *changed = true;
            known.say(cell.key, voice, statement(report, &cell, arrival));
        }
        tell(known, &cell, voice, standing, findings);
        let Some(standing) = standing else {
            receipt.same += 1;
            return;
        };
        receipt.stored += 1;
        receipt.changed += u32::from(standing == RowStanding::Correction);
        receipt.conflicts += u32::from(cell.owner != report.agency);
        if is_newest {
            let _ = of_key.rows.insert(voice, results.facts.report_values.len());
        }
        let was = was.filter(|_| standing == RowStanding::Correction);
        results.facts.report_values.push(StoredCell { standing, was, ..stored(report, cell, arrival) });
    }

    /// What a message takes back by leaving it out: in the vintages that it speaks in, and those below.
    fn withdraw(
        &mut self,
        report: &Report,
        newest: Vintage,
        touched: &mut BTreeMap<CellKey, Touched>,
        receipt: &mut Receipt,
        findings: &mut Findings,
        results: &mut ShardResults,
    ) {
        let mut row = report.rows;
        for key in &report.left_out {
            let (known, changed) = self.cells(key.period);
            let is_meant = |(voice, said): &(&Voice, &Statement)| {
                voice.agency == report.agency
                    && voice.vintage <= newest
                    && said.value.mark != Mark::Withdrawn
                    && said.arrival < report.arrival
            };
            let of_agency = known.of(key).into_iter().flatten().filter(is_meant);
            let taken_back: Vec<(Voice, Value, Name)> =
                of_agency.map(|(voice, said)| (*voice, said.value, said.owner)).collect();
            for (voice, was, owner) in taken_back {
                let of_key = touched.entry(*key).or_insert_with(|| Touched::of(known, key, owner));
                let arrival = Arrival { row, ..report.arrival };
                let cell = Cell {
                    row,
                    key: *key,
                    vintage: voice.vintage,
                    owner,
                    value: Value::without(Mark::Withdrawn),
                    at: Box::default(),
                    as_sent: Box::default(),
                    note: Box::default(),
                };
                *changed = true;
                known.say(*key, voice, statement(report, &cell, arrival));
                let _ = of_key.rows.insert(voice, results.facts.report_values.len());
                let stored = stored(report, cell, arrival);
                results.facts.report_values.push(StoredCell {
                    standing: RowStanding::Correction,
                    was: Some(was),
                    ..stored
                });
                findings.push_one_of_many(Weight::Warning, || words::withdrawn(key, was));
                receipt.withdrawn += 1;
                row += 1;
            }
        }
    }

    /// What a message leaves out and does not change.
    fn keep(&mut self, report: &Report, receipt: &mut Receipt, findings: &mut Findings) {
        for key in &report.left_out {
            let (known, _) = self.cells(key.period);
            let of_agency =
                known.of(key).into_iter().flatten().filter(|(voice, said)| {
                    voice.agency == report.agency && said.value.mark != Mark::Withdrawn
                });
            if let Some((_, said)) = of_agency.max_by_key(|(voice, _)| voice.vintage) {
                receipt.kept += 1;
                if receipt.kept <= KEPT_TOLD {
                    findings.push(words::kept(key, said.value));
                }
            }
        }
        if receipt.kept > KEPT_TOLD {
            findings.push(words::more_kept(receipt.kept - KEPT_TOLD));
        }
    }

    /// Marks the row that says what is shown of a key from now on, where that is something else than before. What is shown
    /// again, since what hid it was taken back, is said again.
    fn show(&mut self, report: &Report, key: CellKey, touched: Touched, results: &mut ShardResults) {
        let Touched { owner, before, rows } = touched;
        let (known, _) = self.cells(key.period);
        let Some((voice, said)) = known.shown(&key, owner) else { return };
        if before == Some((voice, said.value)) {
            return;
        }
        let values = &mut results.facts.report_values;
        let row = rows.get(&voice).copied().unwrap_or_else(|| {
            values.push(restored(report.form, key, voice, said));
            values.len() - 1
        });
        values[row].shown = true;
        values[row].replaces = match self.said.insert(key, row) {
            Some(earlier) => {
                values[earlier].shown = false;
                values[earlier].replaces
            }
            None => before.is_some(),
        };
    }
}

impl Touched {
    fn of(known: &Cells, key: &CellKey, owner: Name) -> Touched {
        let before = known.shown(key, owner).map(|(voice, said)| (voice, said.value));
        Touched { owner, before, rows: BTreeMap::new() }
    }
}

/// Tells who sent a cell what another agency says of it.
fn tell(known: &Cells, cell: &Cell, voice: Voice, standing: Option<RowStanding>, findings: &mut Findings) {
    if voice.agency != cell.owner {
        let owners = known.shown(&cell.key, cell.owner).map(|(_, said)| said.value);
        let weight = if owners == Some(cell.value) { Weight::Note } else { Weight::Warning };
        findings.push_one_of_many(weight, || words::conflict(cell, owners));
        return;
    }
    if !matches!(standing, Some(RowStanding::First | RowStanding::Correction)) {
        return;
    }
    let mut others: BTreeMap<Name, (Vintage, Value)> = BTreeMap::new();
    for (other, said) in known.of(&cell.key).into_iter().flatten() {
        if other.agency != voice.agency && said.value.mark != Mark::Withdrawn {
            // Of an agency the highest vintage comes last.
            let _ = others.insert(other.agency, (other.vintage, said.value));
        }
    }
    for (other, (_, says)) in others.into_iter().filter(|(_, (_, says))| *says != cell.value) {
        findings.push_one_of_many(Weight::Note, || words::contradicted(cell, other, says));
    }
}

fn statement(report: &Report, cell: &Cell, arrival: Arrival) -> Statement {
    Statement {
        value: cell.value,
        owner: cell.owner,
        feed: report.feed,
        sender: report.sender,
        arrival,
        at: (*cell.at).into(),
        as_sent: (*cell.as_sent).into(),
        note: (*cell.note).into(),
    }
}

/// A row of a message; how it stands is said where it is known.
fn stored(report: &Report, cell: Cell, arrival: Arrival) -> StoredCell {
    StoredCell {
        form: report.form,
        agency: report.agency,
        cell,
        was: None,
        standing: RowStanding::First,
        shown: false,
        replaces: false,
        feed: report.feed,
        sender: report.sender,
        arrival,
    }
}

/// What is shown again.
fn restored(form: Name, key: CellKey, voice: Voice, said: &Statement) -> StoredCell {
    let cell = Cell {
        row: said.arrival.row,
        key,
        vintage: voice.vintage,
        owner: said.owner,
        value: said.value,
        at: (*said.at).into(),
        as_sent: (*said.as_sent).into(),
        note: (*said.note).into(),
    };
    StoredCell {
        form,
        agency: voice.agency,
        cell,
        was: None,
        standing: RowStanding::Restored,
        shown: true,
        replaces: true,
        feed: said.feed,
        sender: said.sender,
        arrival: said.arrival,
    }
}

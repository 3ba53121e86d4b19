//! What the cells of a message that is taken change.
//!
//! Beside its cells a message may change what it does not name: it takes values back by leaving them out, or counts rows
//! of which there are none any more; a value that is taken back goes in the vintages below it, too. Those are rows of no
//! cell of the message. They are stored behind its own, and count as none of its envelope (BALANCE).

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Absent, Cell, CellKey, Finding, Mark, Report, Rest, Value, Vintage, Weight},
    name::Name,
    place::Date,
    position::Arrival,
    results::{Receipt, RowStanding, StoredCell},
};
use rust_decimal::Decimal;

use super::{
    Findings, Reported,
    doubts::newest,
    page::{Cells, Statement, Voice},
    words,
};
use crate::step::ShardResults;

/// So many cells that stay are told each: a correction of three numbers leaves a whole province out.
const KEPT_TOLD: u32 = 20;

/// How it is told that something is another value since a message that does not name it: what it was.
type Telling = (Weight, fn(&CellKey, Value) -> Finding);
const NO_LONGER_COUNTED: Telling = (Weight::Warning, words::no_longer_counted);
const WITHDRAWN: Telling = (Weight::Warning, words::withdrawn);
const WITHDRAWN_BELOW: Telling = (Weight::Note, words::withdrawn_below);
/// Of more dimensions no form divides its parts.
const DIMENSIONS_MAX: usize = 6;

/// What was shown of a key before a message, and which of its rows speak of it.
#[derive(Debug)]
struct Touched {
    owner: Name,
    before: Option<(Voice, Value)>,
    /// By voice the row that is its newest word now.
    rows: BTreeMap<Voice, usize>,
}

/// What a message made so far.
struct Making<'m> {
    receipt: &'m mut Receipt,
    findings: &'m mut Findings,
    results: &'m mut ShardResults,
    touched: BTreeMap<CellKey, Touched>,
    /// The next row behind those of the message.
    beside: u32,
}

impl Reported {
    /// Stores what a message says. `cells` are those of it that are taken, by row.
    pub(super) fn apply(
        &mut self,
        report: &Report,
        cells: &[Cell],
        receipt: &mut Receipt,
        findings: &mut Findings,
        results: &mut ShardResults,
    ) {
        let newest = newest(cells);
        // What could not be taken was named all the same.
        let rest = report.whole.filter(|_| receipt.rejected == 0).map(|whole| whole.rest);
        let unnamed = rest.map(|_| self.unnamed(report, cells)).unwrap_or_default();
        let divided = match rest {
            Some(Rest::Nought) if !unnamed.is_empty() => divided(cells),
            _ => BTreeSet::new(),
        };
        let is_outdone = rest == Some(Rest::Nought) && self.is_outdone(report);
        let mut making = Making { receipt, findings, results, touched: BTreeMap::new(), beside: report.rows };
        for cell in cells {
            self.apply_cell(report, cell, is_outdone, &mut making);
        }
        match rest {
            Some(Rest::Nought) => {
                for key in &unnamed {
                    // What is counted in parts is no part of a whole that has none.
                    let is_divided = divided.contains(&whole_of(key, key.breakdown.as_str()));
                    let nought = Value::of(Decimal::ZERO);
                    let value = if is_divided { Value::without(Mark::Withdrawn) } else { nought };
                    self.say_beside(report, key, value, newest, NO_LONGER_COUNTED, &mut making);
                }
            }
            Some(Rest::Withdrawn) => {
                for key in &unnamed {
                    self.take_back(report, key, newest, &mut making);
                }
            }
            None => {}
        }
        match report.absent {
            Absent::Withdraws => {
                for key in &report.left_out {
                    self.take_back(report, key, newest, &mut making);
                }
            }
            Absent::Keeps | Absent::Refused => self.keep(report, making.receipt, making.findings),
        }
        for (key, touched) in making.touched {
            self.show(report, key, touched, making.results);
        }
    }

    /// What the agency said of the period that a message is the whole of, and the message does not name.
    pub(super) fn unnamed(&mut self, report: &Report, cells: &[Cell]) -> Vec<CellKey> {
        let Some((whole, period)) = report.whole.zip(report.period) else { return Vec::new() };
        let named: BTreeSet<&CellKey> = cells.iter().map(|cell| &cell.key).collect();
        let (known, _) = self.cells(period);
        let is_meant = |key: &CellKey| whole.place.is_none_or(|place| place == key.place);
        known
            .each()
            .filter(|(key, said)| is_meant(key) && said.keys().any(|voice| voice.agency == report.agency))
            .filter(|(key, _)| !named.contains(key))
            .map(|(key, _)| *key)
            .collect()
    }

    /// Whether the agency said something of the period that a list is the whole of after it: what the list alone counts is
    /// not so any more.
    fn is_outdone(&mut self, report: &Report) -> bool {
        let Some((whole, period)) = report.whole.zip(report.period) else { return false };
        let (known, _) = self.cells(period);
        let of_place = known.each().filter(|(key, _)| whole.place.is_none_or(|place| place == key.place));
        of_place
            .flat_map(|(_, said)| said)
            .any(|(voice, said)| voice.agency == report.agency && said.arrival > report.arrival)
    }

    fn apply_cell(&mut self, report: &Report, cell: &Cell, is_outdone: bool, making: &mut Making<'_>) {
        let voice = Voice { agency: report.agency, vintage: cell.vintage };
        let arrival = Arrival { row: cell.row, ..report.arrival };
        let (known, changed) = self.cells(cell.key.period);
        let of_key =
            making.touched.entry(cell.key).or_insert_with(|| Touched::of(known, &cell.key, cell.owner));
        let said = known.statement(&cell.key, voice);
        let was = said.map(|said| said.value);
        let standing = match said {
            None if is_outdone => Some(RowStanding::History),
            None => Some(RowStanding::First),
            Some(said) if said.value == cell.value => None,
            Some(said) if arrival < said.arrival => Some(RowStanding::History),
            Some(_) => Some(RowStanding::Correction),
        };
        let is_newest = said.map_or(!is_outdone, |said| said.arrival < arrival);
        if is_newest {
            *changed = true;
            known.say(cell.key, voice, statement(report, cell, arrival));
        }
        tell(known, cell, voice, standing, making.findings);
        let values = &mut making.results.facts.report_values;
        match standing {
            None => making.receipt.same += 1,
            Some(standing) => {
                making.receipt.stored += 1;
                making.receipt.changed += u32::from(standing == RowStanding::Correction);
                making.receipt.conflicts += u32::from(cell.owner != report.agency);
                if is_newest {
                    let _ = of_key.rows.insert(voice, values.len());
                }
                let was = was.filter(|_| standing == RowStanding::Correction);
                values.push(StoredCell { standing, was, ..stored(report, cell.clone(), arrival) });
            }
        }
        // A value that is taken back is not shown again as it was said less finally.
        if cell.value.mark == Mark::Withdrawn && is_newest {
            let below = Vintage::ALL.into_iter().rfind(|vintage| *vintage < cell.vintage);
            if let Some(below) = below {
                let value = Value::without(Mark::Withdrawn);
                self.say_beside(report, &cell.key, value, below, WITHDRAWN_BELOW, making);
            }
        }
    }

    /// What a message takes back by leaving it out: in the vintages that it speaks in, and those below.
    fn take_back(&mut self, report: &Report, key: &CellKey, newest: Vintage, making: &mut Making<'_>) {
        self.say_beside(report, key, Value::without(Mark::Withdrawn), newest, WITHDRAWN, making);
    }

    /// Says of what the agency said of a key, in the vintages up to that one, that it is another value since the message.
    fn say_beside(
        &mut self,
        report: &Report,
        key: &CellKey,
        value: Value,
        newest: Vintage,
        (weight, told): Telling,
        making: &mut Making<'_>,
    ) {
        let (known, changed) = self.cells(key.period);
        let stands = known.stands(key, report, newest);
        let stands: Vec<(Voice, Value, Name)> =
            stands.map(|(voice, said)| (*voice, said.value, said.owner)).collect();
        for (voice, was, owner) in stands {
            let of_key = making.touched.entry(*key).or_insert_with(|| Touched::of(known, key, owner));
            let arrival = Arrival { row: making.beside, ..report.arrival };
            let cell = Cell {
                row: making.beside,
                key: *key,
                vintage: voice.vintage,
                owner,
                value,
                at: Box::default(),
                as_sent: Box::default(),
                note: Box::default(),
            };
            *changed = true;
            known.say(*key, voice, statement(report, &cell, arrival));
            // It says the same once more, and later.
            if was == value {
                continue;
            }
            let values = &mut making.results.facts.report_values;
            let _ = of_key.rows.insert(voice, values.len());
            let standing = RowStanding::Correction;
            values.push(StoredCell { standing, was: Some(was), ..stored(report, cell, arrival) });
            making.findings.push_one_of_many(weight, || told(key, was));
            making.receipt.withdrawn += 1;
            making.beside += 1;
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

/// What a cell is about, divided so.
type Divided = (Name, Name, Date, String);

fn whole_of(key: &CellKey, breakdown: &str) -> Divided {
    (key.indicator, key.place, key.place_from, breakdown.to_owned())
}

/// All that cells are parts of: of the same indicator and place, and divided less.
fn divided(cells: &[Cell]) -> BTreeSet<Divided> {
    let mut divided = BTreeSet::new();
    for key in cells.iter().map(|cell| &cell.key) {
        let members: Vec<&str> = key.breakdown.as_str().split(',').filter(|one| !one.is_empty()).collect();
        let members = &members[..members.len().min(DIMENSIONS_MAX)];
        for some in 0..(1_usize << members.len()) - 1 {
            let some = members.iter().enumerate().filter(|(at, _)| some & (1 << at) != 0);
            let breakdown: Vec<&str> = some.map(|(_, member)| *member).collect();
            let _ = divided.insert(whole_of(key, &breakdown.join(",")));
        }
    }
    divided
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

//! What the cells of a message that is taken change.
//!
//! Beside its cells a message may change what it does not name: it takes values back by leaving them out, or counts rows
//! of which there are none any more; a value that is taken back goes in the vintages below it, too. Those are rows of no
//! cell of the message, and of the owner that its form names. They are stored behind its own, and count as none of its envelope
//! (BALANCE). What is worked through
//! behind such a message and arrived before it is history, and what that message says of it is known ([`super::rest`]).
//!
//! A word that says what its agency said before it leaves no row. A late one comes between two words of which the later may
//! have left none, since it said what was known: it is history also where it says what is known, and what is known is
//! stored once more behind it. So what is stored says what was known behind each message, which a replay goes by
//! ([`again`]).

mod again;

pub(super) use self::again::TakenBefore;

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Absent, Cell, CellKey, Mark, Report, Rest, Value, Vintage, Weight},
    name::Name,
    place::Date,
    position::Arrival,
    results::{Receipt, RowStanding, StoredCell},
    text::Text,
};
use rust_decimal::Decimal;

use super::{
    Findings, Reported, Taken,
    page::{Cells, Statement, Voice},
    rest::{RestSaid, members},
    words,
};
use crate::step::ShardResults;

/// So many cells that stay are told each: a correction of three numbers leaves a whole province out.
const KEPT_TOLD: u32 = 20;

const TAKEN_BACK: Value = Value { mark: Mark::Withdrawn, number: None };

/// How it is told that something is another value since a message that does not name it: what it was.
type Telling = (Weight, fn(&CellKey, Value) -> Text);
const NO_LONGER_COUNTED: Telling = (Weight::Warning, words::no_longer_counted);
const WITHDRAWN: Telling = (Weight::Warning, words::withdrawn);
const WITHDRAWN_BELOW: Telling = (Weight::Note, words::withdrawn_below);

/// What was shown of a key before a message, and which of its rows speak of it.
#[derive(Debug)]
struct Touched {
    before: Option<(Voice, Value)>,
    /// By voice the row that is its newest word now.
    rows: BTreeMap<Voice, usize>,
    /// Voices whose word is another message's now, also where it says the same.
    parted: BTreeSet<Voice>,
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
    /// Stores what is taken of a message.
    pub(super) fn apply(
        &mut self,
        report: &Report,
        taken: &Taken,
        receipt: &mut Receipt,
        findings: &mut Findings,
        results: &mut ShardResults,
    ) {
        let mut making = Making { receipt, findings, results, touched: BTreeMap::new(), beside: report.rows };
        for cell in &taken.cells {
            self.apply_cell(report, cell, &mut making);
        }
        self.apply_rest(report, taken, &mut making);
        for (key, touched) in making.touched {
            self.show(report, key, touched, making.results);
        }
    }

    /// Stores what a message says of what it does not name.
    fn apply_rest(&mut self, report: &Report, taken: &Taken, making: &mut Making<'_>) {
        let Taken { cells, newest, rest, unnamed } = taken;
        let divided = match rest {
            Some(Rest::Nought) if !unnamed.is_empty() => divided(cells),
            _ => BTreeSet::new(),
        };
        // A value that is taken back is not shown again as it was said less finally, unless the message says it itself.
        for cell in cells.iter().filter(|cell| cell.value.mark == Mark::Withdrawn) {
            if let Some(below) = below(cell.vintage) {
                self.say_beside(report, &cell.key, TAKEN_BACK, below, WITHDRAWN_BELOW, making);
            }
        }
        for key in unnamed {
            let (value, telling) = match rest {
                Some(Rest::Nought) => (nought(key, &divided), NO_LONGER_COUNTED),
                Some(Rest::Withdrawn) | None => (TAKEN_BACK, WITHDRAWN),
            };
            self.say_beside(report, key, value, *newest, telling, making);
        }
        if report.absent == Absent::Withdraws {
            for key in &report.left_out {
                self.say_beside(report, key, TAKEN_BACK, *newest, WITHDRAWN, making);
            }
        }
        self.note_rest(report, taken, &BTreeSet::new(), making);
    }

    /// Keeps what a message says of what it does not name, for what arrived before it and is worked through later. Of cells
    /// that are left out that is so where its agency had not said all of them; of a message that is read again it is known
    /// of which it was so.
    fn note_rest(
        &mut self,
        report: &Report,
        taken: &Taken,
        noted: &BTreeSet<CellKey>,
        making: &mut Making<'_>,
    ) {
        let Taken { cells, newest, rest, .. } = taken;
        let mut note_left_out = |key: &CellKey, newest: Vintage| {
            let (known, changed) = self.cells(key.period);
            let mut up_to = Vintage::ALL.into_iter().filter(|vintage| *vintage <= newest);
            let voice = |vintage| Voice { agency: report.agency, vintage };
            if noted.contains(key) || up_to.any(|vintage| known.statement(key, voice(vintage)).is_none()) {
                known.rests.note_left_out(report, key, newest);
                *changed = true;
            }
        };
        for cell in cells.iter().filter(|cell| cell.value.mark == Mark::Withdrawn) {
            below(cell.vintage).into_iter().for_each(|below| note_left_out(&cell.key, below));
        }
        if report.absent == Absent::Withdraws {
            report.left_out.iter().for_each(|key| note_left_out(key, *newest));
        }
        if let Some(((whole, period), rest)) = report.whole.zip(report.period).zip(*rest) {
            let (known, changed) = self.cells(period);
            known.rests.note_whole(report, whole.place, *newest, rest);
            *changed = true;
        }
        if report.absent != Absent::Withdraws {
            self.keep(report, making.receipt, making.findings);
        }
    }

    /// What the agency said of the period that a message is the whole of, and the message does not name.
    pub(super) fn unnamed(&mut self, report: &Report, cells: &[Cell]) -> Vec<CellKey> {
        let Some((whole, period)) = report.whole.zip(report.period) else { return Vec::new() };
        let named: BTreeSet<&CellKey> = cells.iter().map(|cell| &cell.key).collect();
        let (known, _) = self.cells(period);
        let is_of_agency =
            |(voice, said): (&Voice, &Statement)| voice.agency == report.agency && said.is_word();
        let is_meant = |key: &CellKey| whole.place.is_none_or(|place| place == key.place);
        known
            .each()
            .filter(|(key, said)| is_meant(key) && !named.contains(key) && said.iter().any(is_of_agency))
            .map(|(key, _)| *key)
            .collect()
    }

    fn apply_cell(&mut self, report: &Report, cell: &Cell, making: &mut Making<'_>) {
        let voice = Voice { agency: report.agency, vintage: cell.vintage };
        let arrival = Arrival { row: cell.row, ..report.arrival };
        let (known, changed) = self.cells(cell.key.period);
        let of_key = making.touched.entry(cell.key).or_insert_with(|| Touched::of(known, &cell.key));
        let said = known.statement(&cell.key, voice).cloned();
        let was = said.as_ref().map(|said| said.value);
        let is_newest = said.as_ref().is_none_or(|said| said.arrival < arrival);
        // What the agency said later of all that it did not name goes for this word, too.
        let since = if is_newest { known.rest_since(&cell.key, voice, arrival) } else { None };
        let is_known = said.as_ref().is_some_and(|said| (said.value, said.owner) == (cell.value, cell.owner));
        let standing = match said {
            Some(_) if is_newest && is_known => None,
            _ if !is_newest || since.is_some() => Some(RowStanding::History),
            None => Some(RowStanding::First),
            Some(_) => Some(RowStanding::Correction),
        };
        let later = match &since {
            Some((rest, value)) => Some(said_beside(rest, &cell.key, *value, cell.owner)),
            None => said.filter(|_| !is_newest && !is_known),
        };
        if is_newest {
            *changed = true;
            let newest = if since.is_some() { later.clone() } else { None };
            known.say(cell.key, voice, newest.unwrap_or_else(|| statement(report, cell, arrival)));
        }
        tell(known, cell, voice, standing, making.findings);
        let values = &mut making.results.facts.report_values;
        match standing {
            None => making.receipt.same += 1,
            Some(standing) => {
                let is_correction = standing == RowStanding::Correction;
                making.receipt.stored += 1;
                making.receipt.changed += u32::from(is_correction && was != Some(cell.value));
                making.receipt.conflicts += u32::from(cell.owner != report.agency);
                if is_newest && since.is_none() {
                    let _ = of_key.rows.insert(voice, values.len());
                }
                let was = was.filter(|_| is_correction);
                values.push(StoredCell { standing, was, ..stored(report, cell.clone(), arrival) });
            }
        }
        if let Some(later) = later {
            let _ = of_key.rows.insert(voice, values.len());
            values.push(restored(report.form, cell.key, voice, &later));
        }
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
        let said = known.said_before(key, report, newest);
        let said: Vec<(Voice, Value, Name)> =
            said.map(|(voice, said)| (*voice, said.value, said.owner)).collect();
        for (voice, was, owner_before) in said {
            let owner = report.owners.of(key).unwrap_or(owner_before);
            let of_key = making.touched.entry(*key).or_insert_with(|| Touched::of(known, key));
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
            if (was, owner_before) == (value, owner) {
                continue;
            }
            let values = &mut making.results.facts.report_values;
            let _ = of_key.rows.insert(voice, values.len());
            let standing = RowStanding::Correction;
            values.push(StoredCell { standing, was: Some(was), ..stored(report, cell, arrival) });
            making.beside += 1;
            if was != value {
                making.findings.push_one_of_many(weight, || words::missing(weight, told(key, was)));
                making.receipt.withdrawn += 1;
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
                    findings.push(words::missing(Weight::Note, words::kept(key, said.value)));
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
        let Touched { before, rows, parted } = touched;
        let (known, changed) = self.cells(key.period);
        let values = &mut results.facts.report_values;
        let row = match (known.shown(&key), before) {
            (Some((voice, said)), before) => {
                if before == Some((voice, said.value)) && !parted.contains(&voice) {
                    return;
                }
                rows.get(&voice).copied().unwrap_or_else(|| {
                    values.push(match said.is_word() {
                        true => restored(report.form, key, voice, said),
                        false => gone(report, &key, voice, said.owner, report.rows),
                    });
                    values.len() - 1
                })
            }
            (None, Some((voice, _))) => {
                // It is another agency's now, which said nothing of it.
                let Some(owner) = known.owner(&key) else { return };
                let voice = Voice { agency: owner, ..voice };
                values.push(gone(report, &key, voice, owner, report.rows));
                *changed = true;
                let row = values.len() - 1;
                known.say(key, voice, statement(report, &values[row].cell, values[row].arrival).gone());
                row
            }
            (None, None) => return,
        };
        values[row].shown = true;
        values[row].replaces = match self.said.insert(key, row) {
            Some(earlier) if earlier != row => {
                values[earlier].shown = false;
                values[earlier].replaces
            }
            Some(_) => values[row].replaces,
            None => before.is_some(),
        };
    }
}

/// The vintage below one.
fn below(vintage: Vintage) -> Option<Vintage> {
    Vintage::ALL.into_iter().rfind(|below| *below < vintage)
}

/// What becomes of a cell that a list does not count any more: what is counted in parts is no part of a whole that has none.
fn nought(key: &CellKey, divided: &BTreeSet<Divided>) -> Value {
    let is_divided = divided.contains(&whole_of(key, key.breakdown.as_str()));
    if is_divided { TAKEN_BACK } else { Value::of(Decimal::ZERO) }
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
        let members = members(key);
        for some in 0..(1_usize << members.len()) - 1 {
            let some = members.iter().enumerate().filter(|(at, _)| some & (1 << at) != 0);
            let breakdown: Vec<&str> = some.map(|(_, member)| *member).collect();
            let _ = divided.insert(whole_of(key, &breakdown.join(",")));
        }
    }
    divided
}

impl Touched {
    fn of(known: &Cells, key: &CellKey) -> Touched {
        let before = known.shown(key).map(|(voice, said)| (voice, said.value));
        Touched { before, rows: BTreeMap::new(), parted: BTreeSet::new() }
    }
}

/// Tells who sent a cell what another agency says of it.
fn tell(known: &Cells, cell: &Cell, voice: Voice, standing: Option<RowStanding>, findings: &mut Findings) {
    if voice.agency != cell.owner {
        let owners = known.shown_of(&cell.key, cell.owner).map(|(_, said)| said.value);
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

/// What a message said of a cell that it does not name. Whose it is its form says; if it does not know the cell, what is known.
fn said_beside(rest: &RestSaid, key: &CellKey, value: Value, known: Name) -> Statement {
    let RestSaid { feed, sender, arrival, ref owners, .. } = *rest;
    let owner = owners.of(key).unwrap_or(known);
    let (at, as_sent, note) = Default::default();
    Statement { value, owner, feed, sender, arrival, at, as_sent, note }
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

/// What was said before and is said once more.
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
        shown: false,
        replaces: false,
        feed: said.feed,
        sender: said.sender,
        arrival: said.arrival,
    }
}

/// That a message says nothing of a cell any more, in that row of it; or that nobody does.
fn gone(report: &Report, key: &CellKey, voice: Voice, owner: Name, row: u32) -> StoredCell {
    let (at, as_sent, note) = Default::default();
    let vintage = voice.vintage;
    let cell = Cell { row, key: *key, vintage, owner, value: TAKEN_BACK, at, as_sent, note };
    let (standing, arrival) = (RowStanding::Gone, Arrival { row, ..report.arrival });
    StoredCell { standing, agency: voice.agency, ..stored(report, cell, arrival) }
}

//! A report while it is judged: its cells by what they are about.

use ioc_model::{
    form::{Absent, Cell, CellKey, Mark, Period, Rule, Value, Vintage, Weight},
    name::Name,
    time::EventTime,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{
    findings::{Findings, Spot, said},
    number::written,
    rules::{FormRules, Forms, OwnerRules},
};
use crate::grid::letters;

/// Stands for a dimension of which a row says no member: it is of the whole.
pub(super) const WHOLE: u32 = u32::MAX;

/// What the cells of a row have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct About {
    /// The place, by its number.
    pub(super) place: u32,
    pub(super) period: Period,
    /// A member of each dimension of the form, in their order.
    pub(super) members: Box<[u32]>,
}

/// How per cent is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Written {
    /// As a number.
    #[default]
    Plain,
    /// As a share that is shown with `%`.
    Format,
    /// As a text with `%`.
    Sign,
}

/// A cell that was read.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// What it is about, by its place among all that is.
    pub(super) about: u32,
    /// The indicator, by its place in the form.
    pub(super) indicator: u32,
    pub(super) spot: Spot,
    pub(super) value: Value,
    pub(super) vintage: Vintage,
    pub(super) as_sent: Box<str>,
    pub(super) note: Box<str>,
    pub(super) written: Written,
    /// Something is wrong with it.
    pub(super) is_bad: bool,
    /// Of one that counts rows: where they stand.
    pub(super) rows: Option<Box<str>>,
}

/// A cell of the form in which nothing stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfilled {
    pub(super) about: u32,
    pub(super) indicator: u32,
    pub(super) spot: Spot,
}

/// What was read of a message so far.
#[derive(Debug)]
pub(super) struct Reading<'r> {
    pub(super) forms: &'r Forms,
    pub(super) form: &'r FormRules,
    /// The names of the sheets; of a message that is no table, of where its cells stand.
    pub(super) sheets: Vec<String>,
    /// What cells mean that it leaves out.
    pub(super) absent: Absent,
    pub(super) findings: Findings,
    pub(super) about: Vec<About>,
    numbers: FxHashMap<About, u32>,
    pub(super) cells: Vec<Draft>,
    /// By what it is about and indicator: the cell.
    pub(super) by_key: FxHashMap<(u32, u32), u32>,
    pub(super) unfilled: Vec<Unfilled>,
    /// Filled cells that are about nothing that is known, or whose value cannot be read.
    pub(super) rejected: u32,
    /// Whether there are filled rows of which nobody knows what they are about.
    pub(super) has_unknown_rows: bool,
    /// Keys whose cells stand there and cannot be read: they are not absent.
    pub(super) unread: Vec<(u32, u32)>,
    /// Whether something is wrong with the message as a whole, so that no cell of it can be taken.
    pub(super) is_refused: bool,
    /// By what it is about and indicator: when a value was last changed at its source, where the message says it.
    pub(super) updated: FxHashMap<(u32, u32), EventTime>,
}

/// What a sheet adds to those before it.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// Cells that no sheet had.
    pub(super) new: usize,
    /// Cells that stand twice and say the same: where, and which cell said it before.
    pub(super) again: Vec<(Spot, u32)>,
    /// Cells that say another thing than one before.
    pub(super) contradicting: usize,
}

impl<'r> Reading<'r> {
    pub(super) fn new(forms: &'r Forms, form: &'r FormRules, sheets: Vec<String>) -> Reading<'r> {
        Reading {
            forms,
            form,
            sheets,
            absent: form.form.absent,
            findings: Findings::default(),
            about: Vec::new(),
            numbers: FxHashMap::default(),
            cells: Vec::new(),
            by_key: FxHashMap::default(),
            unfilled: Vec::new(),
            rejected: 0,
            has_unknown_rows: false,
            unread: Vec::new(),
            is_refused: false,
            updated: FxHashMap::default(),
        }
    }

    /// The number of what cells are about.
    pub(super) fn number(&mut self, about: About) -> u32 {
        if let Some(number) = self.numbers.get(&about) {
            return *number;
        }
        let number = u32::try_from(self.about.len()).unwrap_or(u32::MAX);
        self.about.push(about.clone());
        let _ = self.numbers.insert(about, number);
        number
    }

    /// Takes a cell. Two that are about the same say the same, or neither can be taken.
    pub(super) fn put(&mut self, cell: Draft, added: &mut Added) {
        let key = (cell.about, cell.indicator);
        let Some(&before) = self.by_key.get(&key) else {
            let number = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
            let _ = self.by_key.insert(key, number);
            self.cells.push(cell);
            added.new += 1;
            return;
        };
        let first = &mut self.cells[before as usize];
        if (first.value, first.vintage) == (cell.value, cell.vintage) {
            added.again.push((cell.spot, before));
            return;
        }
        added.contradicting += 1;
        first.is_bad = true;
        let (first_value, first_spot) = (first.value, first.spot);
        self.rejected += 1;
        let decimal = self.form.form.decimal;
        let (other, one) = (shown(first_value, decimal), shown(cell.value, decimal));
        let place = self.called(first_spot);
        let label = self.label(key.0, key.1);
        self.findings.at(
            Weight::Error,
            Rule::Twice,
            cell.spot,
            &one,
            said(
                format!("{label}: ô {place} ghi {other}, ô này ghi {one}. Mỗi số liệu chỉ ghi một lần: hãy xoá ô sai."),
                format!("{label}: cell {place} says {other}, this one says {one}. Say each number once: clear the wrong cell."),
            ),
        );
    }

    /// How a cell is called within sentences.
    pub(super) fn called(&self, spot: Spot) -> String {
        match spot {
            Spot::Cell(sheet, row, column) => {
                let name = self.sheets.get(sheet as usize).map_or("", String::as_str);
                match (name.is_empty(), self.sheets.len() > 1) {
                    (true, _) => format!("{row}:{}", column + 1),
                    (false, true) => format!("{}!{}{row}", super::super::quoted(name), letters(column)),
                    (false, false) => format!("{}{row}", letters(column)),
                }
            }
            Spot::Row(_, row) => row.to_string(),
            Spot::Part(part) => self.sheets.get(part as usize).cloned().unwrap_or_default(),
            Spot::Whole | Spot::Sheet(_) => String::new(),
        }
    }

    /// What a cell is about, in words: `X01, 25486`, `X01, 25486, 5-9`.
    pub(super) fn label(&self, about: u32, indicator: u32) -> String {
        let about = &self.about[about as usize];
        let mut label = self.form.indicators[indicator as usize].of.code.clone();
        label.push_str(", ");
        label.push_str(&self.forms.places.unit(about.place).code);
        for ((_, members), member) in self.form.dimensions().zip(&about.members) {
            if let Some(member) = members.members.get(*member as usize) {
                label.push_str(", ");
                label.push_str(&member.id);
            }
        }
        label
    }

    /// The good cell of an indicator.
    pub(super) fn good(&self, about: u32, indicator: u32) -> Option<&Draft> {
        let cell = &self.cells[*self.by_key.get(&(about, indicator))? as usize];
        (!cell.is_bad).then_some(cell)
    }

    /// What a total counts of an indicator's good cell.
    pub(super) fn counts(&self, about: u32, indicator: u32) -> Option<Decimal> {
        self.good(about, indicator)?.value.counts()
    }

    /// Tells what is wrong with a cell, which is then not taken.
    pub(super) fn is_wrong(&mut self, cell: u32, found: super::findings::Found) {
        if found.weight == Weight::Error {
            self.cells[cell as usize].is_bad = true;
        }
        self.findings.add(found);
    }

    /// The key of a cell.
    pub(super) fn key(&self, breakdowns: &mut Breakdowns, about: u32, indicator: u32) -> CellKey {
        let number = about;
        let about = &self.about[number as usize];
        let unit = self.forms.places.unit(about.place);
        CellKey {
            indicator: self.form.indicators[indicator as usize].id,
            breakdown: breakdowns.of(self.form, number, about),
            place: unit.code,
            place_from: unit.from,
            period: about.period,
        }
    }

    /// When the good cells were last changed at their source, by their rows.
    pub(super) fn updated_rows(&self) -> Vec<(u32, EventTime)> {
        let good = self.cells.iter().filter(|draft| !draft.is_bad);
        let known = |(draft, row): (&Draft, u32)| {
            self.updated.get(&(draft.about, draft.indicator)).map(|at| (row, *at))
        };
        good.zip(0u32..).filter_map(known).collect()
    }

    /// The good cells, numbered by rows.
    pub(super) fn into_cells(self, breakdowns: &mut Breakdowns) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(self.cells.len());
        for draft in self.cells.iter().filter(|draft| !draft.is_bad) {
            let key = self.key(breakdowns, draft.about, draft.indicator);
            let owner = match self.form.indicators[draft.indicator as usize].owner {
                OwnerRules::Place => key.place,
                OwnerRules::Agency(agency) => agency,
            };
            cells.push(Cell {
                row: u32::try_from(cells.len()).unwrap_or(u32::MAX),
                key,
                vintage: draft.vintage,
                owner,
                value: draft.value,
                at: draft.rows.clone().unwrap_or_else(|| self.stands_at(draft.spot).into()),
                as_sent: draft.as_sent.clone(),
                note: draft.note.clone(),
            });
        }
        cells
    }

    fn stands_at(&self, spot: Spot) -> String {
        match spot {
            Spot::Cell(sheet, row, column) => {
                let name = self.sheets.get(sheet as usize).cloned().unwrap_or_default();
                crate::grid::Sheet { name, ..Default::default() }.at(row, column)
            }
            Spot::Part(part) => self.sheets.get(part as usize).cloned().unwrap_or_default(),
            Spot::Whole | Spot::Sheet(_) | Spot::Row(..) => String::new(),
        }
    }
}

/// Breakdowns as they are kept, each made once.
#[derive(Debug, Default)]
pub(super) struct Breakdowns {
    made: FxHashMap<u32, Name>,
}

impl Breakdowns {
    fn of(&mut self, form: &FormRules, number: u32, about: &About) -> Name {
        *self.made.entry(number).or_insert_with(|| {
            let mut parts: Vec<String> = form
                .dimensions()
                .zip(&about.members)
                .filter_map(|((_, dimension), member)| {
                    let member = dimension.members.get(*member as usize)?;
                    Some(format!("{}={}", dimension.id, member.id))
                })
                .collect();
            parts.sort();
            Name::new(&parts.join(","))
        })
    }
}

/// A value as people write it.
pub(super) fn shown(value: Value, decimal: char) -> String {
    match (value.mark, value.number) {
        (Mark::Value, Some(number)) => written(number, decimal),
        (Mark::None, _) => "-".to_owned(),
        (Mark::NotCollected, _) => "…".to_owned(),
        (mark, _) => mark.word().to_owned(),
    }
}

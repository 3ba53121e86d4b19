//! What a cell of a template holds, and what may be typed into it, by its column and row.

use ioc_model::{
    form::{Column, FormIndicator, Mark, Meaning, Role, Vintage},
    text::Text,
};

use super::{
    input::{Accepts, Inputs, NumberInput, numbers_of, vintage_name},
    rows::PreparedRow,
    scope::{Scope, Wanted},
};

/// A cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// What it holds.
    pub holds: Holds,
    /// Which of the inputs it takes; none where it cannot be changed.
    pub input: Option<usize>,
}

/// What a cell holds before it is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    #[default]
    Nothing,
    /// A text.
    Text(String),
    /// A formula, with `=`. It is stored without a result.
    Formula(String),
}

impl Slot {
    pub(super) fn fixed(text: &str) -> Slot {
        Slot { holds: Holds::Text(text.to_owned()), input: None }
    }

    fn open(input: usize) -> Slot {
        Slot { holds: Holds::Nothing, input: Some(input) }
    }
}

/// What is known of the cells of a template.
#[derive(Debug)]
pub(super) struct Cells<'w, 'a> {
    pub(super) wanted: &'w Wanted<'a>,
    pub(super) scope: &'w Scope<'a>,
    pub(super) inputs: Inputs,
}

impl Cells<'_, '_> {
    /// The cell of a column in a prepared row; in one that is not prepared where there is none.
    pub(super) fn slot(&mut self, at: usize, row: Option<&PreparedRow<'_>>) -> Slot {
        let column = &self.wanted.form.columns[at];
        let place = row.and_then(|row| row.place);
        let indicator = row.and_then(|row| row.indicator);
        match &column.role {
            Role::Place => match place {
                Some(place) => Slot::fixed(&place.key.code),
                None => {
                    let codes = self.scope.places.iter().map(|place| place.key.code.clone()).collect();
                    Slot::open(self.inputs.one_of(&column.name, codes))
                }
            },
            // As text, so that a spreadsheet makes no other day of it.
            Role::Date | Role::Id => self.text(&column.name),
            Role::PlaceName => match place {
                Some(place) => Slot::fixed(&place.name.vi),
                None => self.text(&column.name),
            },
            Role::Period => match self.wanted.period {
                Some(period) => Slot::fixed(&period.label()),
                None => self.text(&period_told(self.wanted, column)),
            },
            Role::Indicator => match indicator {
                Some(indicator) => Slot::fixed(self.written(indicator)),
                None => {
                    let written =
                        self.scope.indicators.iter().map(|indicator| self.written(indicator).to_owned());
                    let written = written.collect();
                    Slot::open(self.inputs.one_of(&column.name, written))
                }
            },
            Role::Dimension(members) => {
                let chosen = row.and_then(|row| row.members.iter().find(|(column, _)| *column == at));
                match chosen {
                    Some((_, member)) => Slot::fixed(&member.name.vi),
                    None => {
                        let names = members.iter().map(|member| member.name.vi.clone()).collect();
                        Slot::open(self.inputs.one_of(&column.name, names))
                    }
                }
            }
            Role::Value(Some(id)) => match self.scope.indicators.iter().find(|one| one.id == *id) {
                Some(indicator) => self.number(&column.name, Some(indicator)),
                // Of an agency that this is not for.
                None => Slot::default(),
            },
            Role::Value(None) => self.number(&column.name, indicator),
            Role::Unit => self.unit(column, indicator),
            Role::Vintage => {
                let names = Vintage::ALL.map(|vintage| vintage_name(vintage).vi).to_vec();
                Slot::open(self.inputs.one_of(&column.name, names))
            }
            Role::Ignored => match indicator.filter(|_| is_for_names(column)) {
                Some(indicator) => Slot::fixed(&indicator.name.vi),
                None => self.text(&column.name),
            },
            Role::Note => self.text(&column.name),
        }
    }

    /// How a row says its indicator: by its code where the name has a column of its own, by the name otherwise.
    fn written<'i>(&self, indicator: &'i FormIndicator) -> &'i str {
        let is_other = |other: &&&FormIndicator| other.name.vi == indicator.name.vi;
        let is_alone = self.scope.indicators.iter().filter(is_other).count() == 1;
        match is_alone && !self.wanted.form.columns.iter().any(is_for_names) {
            true => &indicator.name.vi,
            false => &indicator.code,
        }
    }

    fn text(&mut self, told: &Text) -> Slot {
        Slot::open(self.inputs.add(told.clone(), Accepts::Text))
    }

    fn number(&mut self, name: &Text, indicator: Option<&FormIndicator>) -> Slot {
        let marks = &self.wanted.form.marks;
        let stands_alone =
            |meaning: &Meaning| matches!(meaning, Meaning::Instead(mark) if *mark != Mark::Value);
        let signs = marks.iter().filter(|(_, meaning)| stands_alone(meaning)).map(|(sign, _)| sign.clone());
        let mut input = NumberInput { signs: signs.collect(), ..NumberInput::default() };
        let mut told = name.clone();
        if let Some(indicator) = indicator {
            let numbers = numbers_of(indicator);
            told = Text {
                vi: format!("{} ({}): {}", indicator.name.vi, indicator.unit, numbers.vi),
                en: format!("{} ({}): {}", indicator.name.en, indicator.unit, numbers.en),
            };
            input = NumberInput {
                whole: indicator.whole,
                least: indicator.least,
                most: indicator.most,
                decimals: Some(if indicator.whole { 0 } else { indicator.decimals }),
                ..input
            };
        }
        Slot::open(self.inputs.add(told, Accepts::Number(input)))
    }

    /// The unit of the row's values. What can be written in several is chosen.
    fn unit(&mut self, column: &Column, indicator: Option<&FormIndicator>) -> Slot {
        let mut of = match indicator {
            Some(indicator) => vec![indicator],
            None => self.scope.indicators.clone(),
        };
        of.dedup_by(|one, other| (&one.unit, &one.units) == (&other.unit, &other.units));
        match of.as_slice() {
            [one] if one.units.keys().all(|unit| *unit == one.unit) => Slot::fixed(&one.unit),
            [one] => {
                let others = one.units.keys().filter(|unit| **unit != one.unit);
                let units = std::iter::once(&one.unit).chain(others).cloned().collect();
                let input = self.inputs.one_of(&column.name, units);
                Slot { input: Some(input), ..Slot::fixed(&one.unit) }
            }
            _ => self.text(&column.name),
        }
    }
}

/// Whether a column that nobody reads is where people read what a row's code means: it is called `name`.
fn is_for_names(column: &Column) -> bool {
    column.role == Role::Ignored && (column.id == "name" || column.id.ends_with("_name"))
}

/// How a period is written, by the one of today.
fn period_told(wanted: &Wanted<'_>, column: &Column) -> Text {
    let Text { vi, en } = &column.name;
    match ioc_model::form::Period::holding(wanted.form.period, wanted.today) {
        Some(period) => Text {
            vi: format!("{vi}: {} viết là {}", period.words().vi, period.label()),
            en: format!("{en}: {} is written {}", period.words().en, period.label()),
        },
        None => column.name.clone(),
    }
}

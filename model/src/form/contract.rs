//! What a form is: its columns, what may stand in them, and what must hold among them.
//!
//! A form is data of the pack (`forms.toml`). One definition serves four: the judge of what comes, the JSON Schema and the
//! empty workbook that `ioc contract` writes for clerks, the screens that show what was reported, and the ledger of what is
//! owed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Absent, Dhis2, Fhir, Mark, PeriodKind, Sdmx, SheetTemplate, Vintage, Weight};
use crate::{name::Name, place::PlaceKind, text::Text};

/// A form that agencies fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Identifier: lower-case letters, digits, `-`; at most 64.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What it calls itself in its title: patterns in which `*` stands for anything, compared without case. Where a feed
    /// takes several forms, one of them must match.
    pub titles: Vec<String>,
    /// How its periods follow each other.
    pub period: PeriodKind,
    /// Whose cells they are, where an indicator does not say otherwise.
    pub owner: Owner,
    /// How final its values are, where neither a cell nor a mark says otherwise.
    pub vintage: Vintage,
    /// What its empty and absent cells mean.
    pub absent: Absent,
    /// Whether cells without an error are taken where others have one.
    pub parts: bool,
    /// What stands between whole and parts of numbers that come as text: `,` or `.`; the other one groups thousands.
    pub decimal: char,
    /// The places that report in it.
    pub places: PlaceScope,
    /// What it has columns for, in the order of a template.
    pub columns: Vec<Column>,
    /// What is reported, by identifier.
    pub indicators: BTreeMap<String, FormIndicator>,
    /// What must hold among the indicators of one place, period and breakdown.
    pub checks: Vec<Check>,
    /// How far a value may lie from what was known.
    pub against: Vec<AgainstBefore>,
    /// What may stand in a cell beside a number, and what it means: `-`, `…`, `x`, `*`.
    pub marks: BTreeMap<String, Meaning>,
    /// Beginnings of the labels of rows that add up others, compared without case: checks, never data.
    pub totals: Vec<String>,
    /// Beginnings of the labels of rows that are a part of the row above ("Trong đó"), and the indicator they are of;
    /// none where they are not read.
    pub of_which: BTreeMap<String, Option<String>>,
    /// The screen that shows what it reports, of [`DOMAINS`](crate::pack::DOMAINS); none where it is shown among all reports
    /// alone.
    pub screen: Option<String>,
    /// What it is in SDMX, where it is reported so.
    pub sdmx: Option<Sdmx>,
    /// What it is in DHIS2, where it is reported so.
    pub dhis2: Option<Dhis2>,
    /// What it is in FHIR, if it comes so.
    pub fhir: Option<Fhir>,
    /// The tables of the workbooks it is read from, where those were made by somebody else (`templates.toml`). Such a form
    /// has no columns but its dimensions.
    pub templates: Vec<SheetTemplate>,
    /// The place that those workbooks are about, by code.
    pub about: Option<String>,
}

impl Form {
    /// A part, as people read it: `age=0-4,sex=f` is "Nhóm tuổi: 0-4 · Giới: nữ". What the form does not know is called as
    /// it is kept.
    #[must_use]
    pub fn part_named(&self, breakdown: &str) -> Text {
        let named = |part: &str, of: fn(&Text) -> &str| {
            let (dimension, member) = part.split_once('=').unwrap_or((part, ""));
            let column = self.columns.iter().find(|column| column.id == dimension);
            let members = column.map_or(&[][..], |column| match &column.role {
                Role::Dimension(members) => members,
                _ => &[],
            });
            let known = members.iter().find(|known| known.id == member);
            let (dimension, member) = (
                column.map_or(dimension, |column| of(&column.name)),
                known.map_or(member, |known| of(&known.name)),
            );
            if member.is_empty() { dimension.to_owned() } else { format!("{dimension}: {member}") }
        };
        let all = |of: fn(&Text) -> &str| {
            let parts = breakdown.split(',').filter(|part| !part.is_empty());
            parts.map(|part| named(part, of)).collect::<Vec<_>>().join(" · ")
        };
        Text { vi: all(|text| &text.vi), en: all(|text| &text.en) }
    }
}

impl Form {
    /// The name of a member of a dimension; none where the form has none like it.
    #[must_use]
    pub fn member_name(&self, dimension: &str, member: &str) -> Option<Text> {
        let column = self.columns.iter().find(|column| column.id == dimension)?;
        let Role::Dimension(members) = &column.role else { return None };
        members.iter().find(|one| one.id == member).map(|one| one.name.clone())
    }
}

/// Whose word on a cell counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The authority of the place it is about. It is known by the place's code.
    Place,
    /// That agency of `agencies.csv`.
    Agency(String),
}

/// The places that a form is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceScope {
    /// Their tiers.
    pub kinds: Vec<PlaceKind>,
    /// The units below which they lie, by code; anywhere where none is named.
    pub below: Vec<String>,
}

/// A column, or a field of a message of another shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Identifier, and the field's name in JSON.
    pub id: String,
    /// What a template writes above it; also how it may be headed.
    pub name: Text,
    /// Other headings, compared without case, accents' order and spaces.
    pub headers: Vec<String>,
    /// What stands in it.
    pub role: Role,
    /// Whether a row needs it.
    pub required: bool,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// The code of a place.
    Place,
    /// A place's name, for people: it is held against the code, or stands for it where there is no code.
    PlaceName,
    /// The period, where rows are of several.
    Period,
    /// Which indicator the row is of, where each has a row: its identifier or code.
    Indicator,
    /// A member of a closed list: a part of the whole.
    Dimension(Vec<Member>),
    /// The value of an indicator; of the one that the row names where this does not.
    Value(Option<String>),
    /// The unit of the row's values, as it is written.
    Unit,
    /// Estimate, preliminary or official.
    Vintage,
    /// A day; day before month where it is a text. Of a form whose rows are counted.
    Date,
    /// What makes a row the one it is, where rows are counted: none stands twice.
    Id,
    /// A remark, kept with the row's cells.
    Note,
    /// For people; not read.
    Ignored,
}

/// A member of a closed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// As it is kept: letters, digits, `.`, `_`, `+`, `-`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Other ways in which it is written, compared without case.
    pub labels: Vec<String>,
}

/// What is reported in a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormIndicator {
    /// Identifier, unique in the form.
    pub id: String,
    /// Its code in the form, such as `X01`; the identifier where it has none.
    pub code: String,
    /// Its name.
    pub name: Text,
    /// The unit values are kept in.
    pub unit: String,
    /// Factors from other units to it, by how they are written.
    pub units: BTreeMap<String, Decimal>,
    /// Per cent, kept as 82.5 however it was written.
    pub percent: bool,
    /// Only whole numbers.
    pub whole: bool,
    /// The least it can be.
    pub least: Option<Decimal>,
    /// The most it can be.
    pub most: Option<Decimal>,
    /// Decimal places on screen.
    pub decimals: u8,
    /// Of a number of persons: smaller ones, and what would give them away, are kept back where people look; none for what
    /// is not of persons. At least 2.
    pub suppress_below: Option<u32>,
    /// Whether each place and breakdown must have it.
    pub required: bool,
    /// Whether places and parts may be added up.
    pub additive: bool,
    /// For one that may not: numerator and denominator, by identifier; per cent where the indicator is.
    pub ratio: Option<(String, String)>,
    /// Whose cells they are; the form's owner where none.
    pub owner: Option<Owner>,
    /// Of a form whose rows each tell of one thing, such as a case of a disease: which of them it is the number of; none
    /// where rows say values.
    pub counts: Option<CountedRows>,
}

/// Which rows are counted: all of them, or those between two of whose days lie at most so many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountedRows {
    /// Columns of days, the first and the second, and how many days the second may lie behind the first; none for all
    /// rows.
    pub within: Option<(String, String, u16)>,
}

/// Something that must hold: an equation or a bound of two sums of products of indicators, such as
/// `total = early + on_time + late` or `ratio = online / received * 100`.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// As it is written.
    pub text: String,
    /// The left side.
    pub left: Term,
    /// How it stands to the right one.
    pub relation: Relation,
    /// The right side.
    pub right: Term,
    /// By how much both may differ and still be held for the same.
    pub within: Decimal,
    /// How heavy a breach is.
    pub weight: Weight,
    /// What a clerk is told beside the numbers; none where they say enough.
    pub says: Option<Text>,
}

/// How two sides stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

/// A side of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A number.
    Number(Decimal),
    /// The value of an indicator.
    Indicator(String),
    /// Both added.
    Sum(Box<Term>, Box<Term>),
    /// The second taken from the first.
    Difference(Box<Term>, Box<Term>),
    /// Both multiplied.
    Product(Box<Term>, Box<Term>),
    /// The first divided by the second; what is divided by 0 is not known.
    Quotient(Box<Term>, Box<Term>),
}

/// How far a value may lie from what was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgainstBefore {
    /// The indicator.
    pub indicator: Name,
    /// What it is held against.
    pub before: Before,
    /// The least share of it that is right; none for any.
    pub least: Option<Decimal>,
    /// The largest share of it that is right; none for any.
    pub most: Option<Decimal>,
    /// How heavy a breach is.
    pub weight: Weight,
}

/// What a value is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The period before.
    Previous,
    /// The same period of the year before.
    YearEarlier,
}

impl Before {
    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Before::Previous => "previous",
            Before::YearEarlier => "year_earlier",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Before> {
        [Before::Previous, Before::YearEarlier].into_iter().find(|before| before.word() == word)
    }
}

/// What something beside or instead of a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// That there is no number, and why.
    Instead(Mark),
    /// Behind a number: how final it is.
    Vintage(Vintage),
    /// Behind a number: a note with that sign.
    Note,
}

impl Term {
    /// Its value, given those of indicators; none where one of them is not known.
    #[must_use]
    pub fn value(&self, known: &impl Fn(&str) -> Option<Decimal>) -> Option<Decimal> {
        let both = |a: &Term, b: &Term| Some((a.value(known)?, b.value(known)?));
        match self {
            Term::Number(number) => Some(*number),
            Term::Indicator(id) => known(id),
            Term::Sum(a, b) => both(a, b).and_then(|(a, b)| a.checked_add(b)),
            Term::Difference(a, b) => both(a, b).and_then(|(a, b)| a.checked_sub(b)),
            Term::Product(a, b) => both(a, b).and_then(|(a, b)| a.checked_mul(b)),
            Term::Quotient(a, b) => both(a, b).and_then(|(a, b)| a.checked_div(b)),
        }
    }

    /// Calls back with each indicator in it.
    pub fn each_indicator<'a>(&'a self, told: &mut impl FnMut(&'a str)) {
        match self {
            Term::Number(_) => {}
            Term::Indicator(id) => told(id),
            Term::Sum(a, b) | Term::Difference(a, b) | Term::Product(a, b) | Term::Quotient(a, b) => {
                a.each_indicator(told);
                b.each_indicator(told);
            }
        }
    }
}

impl Check {
    /// Whether it holds for these values; none where one of them is not known.
    #[must_use]
    pub fn holds(&self, known: &impl Fn(&str) -> Option<Decimal>) -> Option<bool> {
        let (left, right) = (self.left.value(known)?, self.right.value(known)?);
        Some(match self.relation {
            Relation::Equal => (left - right).abs() <= self.within,
            Relation::AtMost => left <= right.checked_add(self.within)?,
            Relation::AtLeast => left.checked_add(self.within)? >= right,
        })
    }
}

/// An agency that reports or is reported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Identifier: lower-case letters, digits, `-`; at most 64. That of a place's authority is the place's code, and needs
    /// no row.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Code of the place it is of; the province's where it is a department.
    pub place: String,
}

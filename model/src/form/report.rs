//! What a message says: cells, each with its place, period and worth.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{AgainstBefore, Finding, Period, Weight};
use crate::{name::Name, place::Date, position::Arrival, time::EventTime};

/// What a cell says. Six different things: a total says how many of its cells it knows, and only the first two are known.
/// Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Mark {
    /// A number.
    #[default]
    Value = 0,
    /// That nothing occurred: counts as 0 (Vietnamese statistics write `-`).
    None = 1,
    /// That it was not collected (`…`, `...`).
    NotCollected = 2,
    /// Nothing: the cell is there and was not filled in.
    NotFilled = 3,
    /// That the value is kept back (`x`, SDMX's confidential).
    Withheld = 4,
    /// That what was said is taken back.
    Withdrawn = 5,
}

impl Mark {
    /// All of them, in the order of their numbers.
    pub const ALL: [Mark; 6] =
        [Mark::Value, Mark::None, Mark::NotCollected, Mark::NotFilled, Mark::Withheld, Mark::Withdrawn];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mark::Value => "value",
            Mark::None => "none",
            Mark::NotCollected => "not_collected",
            Mark::NotFilled => "not_filled",
            Mark::Withheld => "withheld",
            Mark::Withdrawn => "withdrawn",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.word() == word)
    }

    /// Whether it says anything of the cell, be it that nothing is known: a cell that was left empty, or taken back, does not.
    #[must_use]
    pub fn says_something(self) -> bool {
        !matches!(self, Mark::NotFilled | Mark::Withdrawn)
    }

    /// Whether a total may count it.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Mark::Value | Mark::None)
    }
}

/// How final a value is. The order is that in which they are shown: the highest there is. Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Vintage {
    /// Ước tính.
    Estimate = 0,
    /// Sơ bộ.
    Preliminary = 1,
    /// Chính thức.
    #[default]
    Official = 2,
}

impl Vintage {
    /// All of them, in the order of their numbers.
    pub const ALL: [Vintage; 3] = [Vintage::Estimate, Vintage::Preliminary, Vintage::Official];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Vintage::Estimate => "estimate",
            Vintage::Preliminary => "preliminary",
            Vintage::Official => "official",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Vintage> {
        Vintage::ALL.into_iter().find(|vintage| vintage.word() == word)
    }
}

/// What a cell that a message does not mention, or leaves empty, means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// What was known stays, and the receipt says so.
    #[default]
    Keeps,
    /// An error: the form is one whole.
    Refused,
    /// What was known is taken back; the receipt lists it.
    Withdraws,
}

impl Absent {
    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Absent::Keeps => "keeps",
            Absent::Refused => "refused",
            Absent::Withdraws => "withdraws",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Absent> {
        [Absent::Keeps, Absent::Refused, Absent::Withdraws].into_iter().find(|absent| absent.word() == word)
    }
}

/// What a cell holds. Two are the same if both parts are, however the number was written: 865.4 is 865.40.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// What it says.
    pub mark: Mark,
    /// The number in the form's unit, with the decimals that were sent: at most 38 digits, 9 of them behind the point.
    /// Only of [`Mark::Value`], and always there.
    pub number: Option<Decimal>,
}

impl Value {
    /// A number.
    #[must_use]
    pub fn of(number: Decimal) -> Value {
        Value { mark: Mark::Value, number: Some(number) }
    }

    /// No number, and why.
    #[must_use]
    pub fn without(mark: Mark) -> Value {
        Value { mark, number: None }
    }

    /// What a total counts of it; none where it is not known.
    #[must_use]
    pub fn counts(self) -> Option<Decimal> {
        match self.mark {
            Mark::Value => self.number,
            Mark::None => Some(Decimal::ZERO),
            _ => None,
        }
    }
}

/// What a cell is about. With the form it names one figure of the world, whoever reports it and however final it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// What is reported: a value column of its form.
    pub indicator: Name,
    /// Which part, as `dimension=member` sorted and joined by `,`: `age=0-4,sex=f`; empty for the whole.
    pub breakdown: Name,
    /// Code of the unit it is about,
    pub place: Name,
    /// and the first day of the validity of the version of it that was there in the period.
    pub place_from: Date,
    /// When.
    pub period: Period,
}

/// One cell of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Which row of its envelope, from 0 without gaps: each counts once, as stored, duplicate or rejected.
    pub row: u32,
    /// What it is about.
    pub key: CellKey,
    /// How final it is.
    pub vintage: Vintage,
    /// The agency whose word on it counts.
    pub owner: Name,
    /// What it holds.
    pub value: Value,
    /// Where it stands: `T10!D9`, `line 7, column 3`.
    pub at: Box<str>,
    /// As it came, where that is not the plain number: `1.234*`, `82%`.
    pub as_sent: Box<str>,
    /// Notes to it, such as `(1)`.
    pub note: Box<str>,
}

/// What a message says of the cells of its period that it does not name, where it is the whole of what its agency says of
/// that period: a list of cases of which a row was struck out has no row to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// The code of the one place that it is the whole of; none where it is that of all its agency speaks of.
    pub place: Option<Name>,
    /// What becomes of what was said and is not in it.
    pub rest: Rest,
}

/// What becomes of cells that a whole message does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rest {
    /// Rows are counted, and of these there are none: they are 0.
    Nought,
    /// They are taken back.
    Withdrawn,
}

/// Whose cells are, by a form: by indicator the agency; where none is named the authority of the place. What a message says of
/// cells that it does not name is said of these, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owners(BTreeMap<Name, Option<Name>>);

impl Owners {
    /// Of these indicators.
    #[must_use]
    pub fn new(of: impl IntoIterator<Item = (Name, Option<Name>)>) -> Owners {
        Owners(of.into_iter().collect())
    }

    /// Whose a cell is; none where the form does not have its indicator.
    #[must_use]
    pub fn of(&self, key: &CellKey) -> Option<Name> {
        self.0.get(&key.indicator).map(|agency| agency.unwrap_or(key.place))
    }

    /// The indicators, and whose they are.
    pub fn each(&self) -> impl Iterator<Item = (Name, Option<Name>)> {
        self.0.iter().map(|(indicator, agency)| (*indicator, *agency))
    }
}

/// One message of one form, with all that can be said of it without knowing what came before.
///
/// There is one of each message, also of one that could not be read: what became of it is told in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The form; of a message of which it is not known, the first of its feed.
    pub form: Name,
    /// The agency that reports.
    pub agency: Name,
    /// The one period that the message as a whole says it is about; none where each cell says its own, or none is said.
    pub period: Option<Period>,
    /// What its empty and absent cells mean.
    pub absent: Absent,
    /// Whether cells without an error are taken where others have one.
    pub parts: bool,
    /// SHA-256 of the bytes that came, its first half.
    pub digest: [u8; 16],
    /// What it is known by when it comes again: the same, with period and place where the name of its file alone says them.
    /// The same bytes under another month's name are another message.
    pub known_by: [u8; 16],
    /// Whether its source was asked for it: it is the source's word of now, also if it said so once before.
    pub asked: bool,
    /// Whether its sender says that what may be a mistake is meant: that all of a period that is over is other than before,
    /// that values are taken back by leaving them out.
    pub confirmed: bool,
    /// What it says of cells of its period that it does not name; none where it is about what it names.
    pub whole: Option<Whole>,
    /// Whose the cells of its form are.
    pub owners: Arc<Owners>,
    /// How many rows of the envelope it is: at least one, also where nothing could be read.
    pub rows: u32,
    /// Its good cells, by row. Where `parts` is false and something is an error, none of them is taken.
    pub cells: Vec<Cell>,
    /// When values were last changed at their source, by row, where the message says it.
    pub updated: Vec<(u32, EventTime)>,
    /// Keys that the form has and the message leaves out or empty, by their order.
    pub left_out: Vec<CellKey>,
    /// How far its cells may lie from what was known; judged where that is.
    pub against: Vec<AgainstBefore>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
}

impl Report {
    /// Whether something in it cannot be taken.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.weight == Weight::Error)
    }

    /// The periods of what is taken of it that is its agency's own, also where it takes that back.
    #[must_use]
    pub fn own_named(&self, taken: &[Cell]) -> BTreeSet<Period> {
        taken.iter().filter(|cell| cell.owner == self.agency).map(|cell| cell.key.period).collect()
    }

    /// Those of them of which it says something: they are met by it.
    #[must_use]
    pub fn own_met(&self, taken: &[Cell]) -> BTreeSet<Period> {
        let says = |cell: &&Cell| cell.owner == self.agency && cell.value.mark.says_something();
        taken.iter().filter(says).map(|cell| cell.key.period).collect()
    }

    /// Whether it would be about fewer periods of its agency, or meet fewer, than in another reading.
    #[must_use]
    pub fn is_about_less(&self, taken: &[Cell], then: &Report, taken_then: &[Cell]) -> bool {
        !then.own_named(taken_then).is_subset(&self.own_named(taken))
            || !then.own_met(taken_then).is_subset(&self.own_met(taken))
    }

    /// The periods that something in it is about.
    #[must_use]
    pub fn periods(&self) -> BTreeSet<Period> {
        let cells = self.cells.iter().map(|cell| cell.key.period);
        let left_out = self.left_out.iter().map(|key| key.period);
        self.period.into_iter().chain(cells).chain(left_out).collect()
    }
}

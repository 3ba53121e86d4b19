//! What a clerk is told about a report: where, which rule, what stands there, and what would be right.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// How heavy a finding is. Their numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Weight {
    /// Nothing is wrong: what was read in a way that the sender may want to know of, such as a hidden row.
    Note = 0,
    /// Taken, and probably not meant.
    Warning = 1,
    /// Cannot be taken.
    Error = 2,
}

impl Weight {
    /// All of them, in the order of their numbers.
    pub const ALL: [Weight; 3] = [Weight::Note, Weight::Warning, Weight::Error];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::Warning => "warning",
            Weight::Error => "error",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Weight> {
        Weight::ALL.into_iter().find(|weight| weight.word() == word)
    }
}

/// Which rule a finding is of. The words are stable: they are stored, counted and filtered by. Their numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Rule {
    /// The bytes are no workbook, table or message that can be read at all.
    Unreadable = 0,
    /// No form of its feed knows this sheet, header or data set.
    UnknownForm = 1,
    /// A column, dimension or cell that must be there is not.
    Missing = 2,
    /// A column or field that the form does not have.
    Surplus = 3,
    /// The text is not of its type: no number, no date, no member of its list.
    Invalid = 4,
    /// A date stands where something else is due: a spreadsheet made it of what was typed.
    EatenByTheSpreadsheet = 5,
    /// Day and month are exchanged, or may be.
    DayAndMonth = 6,
    /// Per cent, as a share or as a number.
    Percent = 7,
    /// A formula whose result is absent, an error, or of another file.
    Formula = 8,
    /// Outside of its range.
    Range = 9,
    /// Contradicts what the form says of several cells: a sum, a ratio.
    Check = 10,
    /// A total, subtotal or copy among the parts does not agree with them.
    Total = 11,
    /// Two values for one cell in one message.
    Twice = 12,
    /// No such place, or not in that period.
    UnknownPlace = 13,
    /// No period is said, or title, file name and cells say different ones.
    Period = 14,
    /// A date outside of the period, or in the future.
    Time = 15,
    /// The sender may not report for that agency or place.
    NotTheirs = 16,
    /// Nothing is said in it.
    Empty = 17,
    /// Differs from what was known in a way that the form does not allow, or asks about.
    AgainstBefore = 18,
    /// Another agency owns the cell; what was said is kept beside it.
    Conflict = 19,
    /// A row or a sheet that is hidden, or a copy.
    Hidden = 20,
    /// A unit or a scale that is not the form's.
    Unit = 21,
    /// A mark that is not the form's, or one that is told.
    Mark = 22,
    /// The same bytes came before, or are read again.
    Delivered = 23,
    /// More of them than are listed.
    More = 24,
    /// May be a mistake that nobody would see: its sender says that it is meant, or sends another.
    Confirm = 25,
}

impl Rule {
    /// All of them, in the order of their numbers.
    pub const ALL: [Rule; 26] = [
        Rule::Unreadable,
        Rule::UnknownForm,
        Rule::Missing,
        Rule::Surplus,
        Rule::Invalid,
        Rule::EatenByTheSpreadsheet,
        Rule::DayAndMonth,
        Rule::Percent,
        Rule::Formula,
        Rule::Range,
        Rule::Check,
        Rule::Total,
        Rule::Twice,
        Rule::UnknownPlace,
        Rule::Period,
        Rule::Time,
        Rule::NotTheirs,
        Rule::Empty,
        Rule::AgainstBefore,
        Rule::Conflict,
        Rule::Hidden,
        Rule::Unit,
        Rule::Mark,
        Rule::Delivered,
        Rule::More,
        Rule::Confirm,
    ];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Rule::Unreadable => "unreadable",
            Rule::UnknownForm => "unknown_form",
            Rule::Missing => "missing",
            Rule::Surplus => "surplus",
            Rule::Invalid => "invalid",
            Rule::EatenByTheSpreadsheet => "eaten_by_the_spreadsheet",
            Rule::DayAndMonth => "day_and_month",
            Rule::Percent => "percent",
            Rule::Formula => "formula",
            Rule::Range => "range",
            Rule::Check => "check",
            Rule::Total => "total",
            Rule::Twice => "twice",
            Rule::UnknownPlace => "unknown_place",
            Rule::Period => "period",
            Rule::Time => "time",
            Rule::NotTheirs => "not_theirs",
            Rule::Empty => "empty",
            Rule::AgainstBefore => "against_before",
            Rule::Conflict => "conflict",
            Rule::Hidden => "hidden",
            Rule::Unit => "unit",
            Rule::Mark => "mark",
            Rule::Delivered => "delivered",
            Rule::More => "more",
            Rule::Confirm => "confirm",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// One thing that was found in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How heavy it is.
    pub weight: Weight,
    /// Which rule.
    pub rule: Rule,
    /// Where: `T10!D4:D8`, `line 7, column 3`, `dataValues[2].value`; empty for the whole message.
    pub at: Box<str>,
    /// What stands there, as it came; empty where nothing does, or where it may be somebody's name.
    pub stands: Box<str>,
    /// What is wrong and what would be right, with an example.
    pub message: Text,
}

//! How a workbook that nobody designed for us is read: which of its sheets are which table, and what their columns and
//! rows are.
//!
//! A statistics office sends each month what it publishes. Its sheets are renamed, moved, headed in several rows, and say
//! their unit in a corner; what stays is what their titles, headings and labels say. So these are what a template goes by,
//! compared without accents, case and line breaks. Nothing is read that no rule of a template names.

use rust_decimal::Decimal;

use super::Vintage;

/// A table that such workbooks have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SheetTemplate {
    /// Identifier, unique in its form.
    pub id: String,
    /// What stands above the table, as patterns in which `*` stands for anything; one of them fits.
    pub titles: Vec<String>,
    /// None of these does.
    pub except: Vec<String>,
    /// The unit of what has none of its own: neither its heading, nor its row, nor what stands above the table.
    pub unit: Option<String>,
    /// What its columns are; the first whose pattern fits counts.
    pub columns: Vec<HeadRule>,
    /// What its rows are; the first that fits counts.
    pub rows: Vec<LabelRule>,
}

/// What a column is whose headings, from above and joined by blanks, fit a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadRule {
    /// Patterns; `{m}`, `{y}` stand for month and year of the workbook, see [`HeadRule::WORDS`].
    pub heads: Vec<String>,
    /// What stands in it.
    pub reads: HeadReads,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadReads {
    /// Values.
    Values(HeadValues),
    /// The unit of the row's values; a ditto mark says that it is the one above.
    Unit,
    /// What is not read.
    Ignored,
}

/// Values of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadValues {
    /// What they are of: of several the first that knows the unit.
    pub indicators: Vec<String>,
    /// Of which period.
    pub period: Relative,
    /// How final they are; as the form says where none.
    pub vintage: Option<Vintage>,
    /// Their unit, whatever stands elsewhere.
    pub unit: Option<String>,
    /// What is added to them: 100 where a growth in per cent is kept as an index.
    pub add: Option<Decimal>,
}

/// A period, told from the one of the workbook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relative {
    /// The same.
    #[default]
    Same,
    /// The one before.
    Previous,
    /// The same one a year earlier.
    YearEarlier,
}

/// What a row is whose label fits.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelRule {
    /// Patterns of its label; of rows that are members of a dimension none are needed.
    pub labels: Vec<String>,
    /// Of what stands above it and holds it one fits a pattern; where none is named, any.
    pub under: Vec<String>,
    /// Whether what it says of itself (its label, its unit, its indicators) holds for the rows below, until the next such
    /// row.
    pub section: bool,
    /// The indicators it is of, of those that its columns name; any where none is named.
    pub indicators: Vec<String>,
    /// Of indicators that know one of these units it is in no other: what is counted by the piece among what is weighed.
    /// Where nothing says one of them, the number is not read.
    pub units: Vec<String>,
    /// What it says.
    pub reads: LabelReads,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelReads {
    /// The whole: no part of any dimension.
    Whole,
    /// A member of this dimension, whichever its label is.
    Dimension(String),
    /// This member of this dimension.
    Member(String, String),
    /// A sum of members of a dimension: held against them, and no data. Of indicators that cannot be added up, such as an
    /// index, it is data of the whole.
    Total {
        /// The dimension.
        dimension: String,
        /// Its members; all that were read where none is named.
        parts: Vec<String>,
        /// By how much both may differ.
        within: Decimal,
    },
    /// A part of a member, "trong đó": no more than that, and no data.
    PartOf(String, String),
    /// A place: the first of these codes that was there in the period.
    Place(Vec<String>),
    /// Nothing but a heading of the rows below, or what is not read.
    Ignored,
}

impl Relative {
    /// All of them.
    pub const ALL: [Relative; 3] = [Relative::Same, Relative::Previous, Relative::YearEarlier];

    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Relative::Same => "same",
            Relative::Previous => "previous",
            Relative::YearEarlier => "year_earlier",
        }
    }
}

impl HeadRule {
    /// What may stand in a pattern for what changes from month to month, without its braces: number of the month and
    /// year of the workbook, of the month before, the year before, and the months of the year so far (`{n}`: "5 thang",
    /// "quy i", "6 thang dau").
    pub const WORDS: [&'static str; 6] = ["m", "y", "pm", "py", "ly", "n"];

    /// The words in braces of a pattern.
    pub fn words(pattern: &str) -> impl Iterator<Item = &str> {
        pattern.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(word, _)| word))
    }
}

//! What a table looks like before anybody knows what it means: sheets of rows of cells, as a workbook or a text file has
//! them.
//!
//! A spreadsheet's cell is more than a text: 0.82 shown as `82%` is 82, a date may be what became of `1-4`, a formula may
//! have no result, and a row may be hidden. What decides about meaning stands here beside what is written; the judge of a
//! form ([`contract`](crate::contract)) knows of no file format, and a reader of a file format of no form.

use ioc_model::form::Finding;
use serde::{Deserialize, Serialize};

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workbook {
    /// In their order.
    pub(crate) sheets: Vec<Sheet>,
    /// What its reader has to tell of it: macros, sheets without cells, text that is not read as it is seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) told: Vec<Finding>,
}

/// A sheet; of a text file the one there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    /// Its name; empty of a text file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// Whether it is not shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hidden: bool,
    /// Columns that are not shown, first and last of each stretch, from 0 and both within.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hidden_columns: Vec<(u32, u32)>,
    /// Rows that have a cell, from above. Blank ones may be absent.
    pub(crate) rows: Vec<GridRow>,
    /// Cells that are one, first and last row and column of each, both within.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) merged: Vec<((u32, u32), (u32, u32))>,
}

/// A row of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct GridRow {
    /// Its number, from 1; of a text file that of its first line.
    pub(crate) number: u32,
    /// Whether it is not shown, by hand or by a filter.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hidden: bool,
    /// By column from 0, those that hold something.
    pub(crate) cells: Vec<(u32, GridCell)>,
}

/// A cell that holds something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct GridCell {
    /// What it holds.
    pub(crate) content: Content,
    /// How numbers in it are shown.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) format: NumberFormat,
    /// The formula it is the result of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) formula: Option<Formula>,
    /// Steps that its text is moved in by its look: how many reports show what is a part of what. Leading spaces are in
    /// the text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) indent: u8,
    /// Whether it is bold: where nothing is moved in, only that tells a group from its parts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bold: bool,
}

/// What a cell holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// Nothing, or a format alone; of a formula: no result.
    #[default]
    Blank,
    /// A number, as the file writes it (`812.5`, `1.8E1`): nothing is lost by reading it as a double. One of more than 15
    /// digits that is not whole has the 15 that a spreadsheet shows: the rest is noise. Where the format says that it is a
    /// date, it is none that there is, or a length of time (`[h]:mm`) in days.
    Number(String),
    /// A text; its runs of other looks are one.
    Text(String),
    /// A date or time that the spreadsheet made of what was typed, by the file's own epoch.
    Date(jiff::civil::DateTime),
    /// True or false.
    Truth(bool),
    /// An error, such as `#DIV/0!`.
    Error(String),
}

/// How numbers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NumberFormat {
    /// As they are, or nobody knows: text files.
    #[default]
    Plain,
    /// Times 100, with `%`.
    Percent,
    /// As a date or time.
    Date,
    /// As the text that was typed.
    Text,
    /// Divided by 1,000 to the power of: a format that ends in so many commas.
    Thousands(u8),
}

/// What is known of a formula.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Formula {
    /// As the file writes it, at most 200 characters; empty where it is a shared one that stands elsewhere, and of XLS,
    /// which has no text of it.
    pub(crate) text: String,
    /// The other file that it takes its number from.
    pub(crate) from_file: Option<String>,
}

/// What is as it is by default is not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Sheet {
    /// How a cell is called: `T10!D9`, of a text file `line 9, column 4`.
    pub(crate) fn at(&self, row: u32, column: u32) -> String {
        match self.name.is_empty() {
            true => format!("line {row}, column {}", column + 1),
            false => format!("{}!{}{row}", self.name, letters(column)),
        }
    }
}

/// The letters of a column, from 0: `A`, `Z`, `AA`.
pub(crate) fn letters(column: u32) -> String {
    let mut left = u64::from(column) + 1;
    let mut letters = Vec::new();
    while left > 0 {
        left -= 1;
        letters.push(b'A' + (left % 26) as u8);
        left /= 26;
    }
    letters.reverse();
    letters.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_a_spreadsheet_calls_them() {
        let called: Vec<String> = [0, 25, 26, 51, 52, 701, 702, 16_383].map(letters).into();
        assert_eq!(called, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]);
        let sheet = Sheet { name: "T10".to_owned(), ..Sheet::default() };
        assert_eq!(sheet.at(9, 3), "T10!D9");
        assert_eq!(Sheet::default().at(9, 3), "line 9, column 4");
    }
}

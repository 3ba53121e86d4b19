//! The rows of a file in which something is amiss, below the heading of their table: what a clerk looks at first.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Finding, Weight},
    pack::Pack,
};
use rust_decimal::Decimal;
use serde::Serialize;

use super::spots::{Spot, spot};
use crate::{
    contract::form::{Forms, header_rows},
    format::table,
    grid::{Content, GridCell, NumberFormat, Sheet, letters},
};

/// Rows of a message, and columns of a sheet, that are shown; the rest is counted.
const ROWS_MAX: usize = 200;
const COLUMNS_MAX: usize = 40;
/// Characters of a cell.
const TEXT_MAX: usize = 120;

/// What is shown of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// Sheets in which something is amiss.
    pub sheets: Vec<ExcerptSheet>,
    /// Rows in which something is amiss and that are not shown.
    pub more_rows: u64,
}

/// What is shown of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcerptSheet {
    /// Its name; empty of a text file.
    pub name: String,
    /// What its columns are called: letters, of a text file numbers.
    pub columns: Vec<String>,
    /// From above.
    pub rows: Vec<ExcerptRow>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExcerptRow {
    /// Its number, from 1.
    pub number: u32,
    /// Whether it is the heading of the table.
    pub heading: bool,
    /// Findings of the whole row, by their place in the receipt.
    pub findings: Vec<usize>,
    /// As many as there are columns.
    pub cells: Vec<ExcerptCell>,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExcerptCell {
    /// As a spreadsheet shows it, more or less.
    pub text: String,
    /// Findings of it, by their place in the receipt.
    pub findings: Vec<usize>,
}

/// What is found in a row: of the whole, and by column.
#[derive(Default)]
struct Amiss {
    whole: Vec<usize>,
    cells: BTreeMap<u32, Vec<usize>>,
}

/// What is amiss in a file of a form, as far as it has a place in a table; none where the file is no table that can be
/// read. Notes are not shown: nothing is amiss there.
#[must_use]
pub fn excerpt(pack: &Pack, form: &str, payload: &[u8], findings: &[Finding]) -> Option<Excerpt> {
    let workbook = table::table(payload).ok()?;
    let forms = Forms::of_pack(pack);
    let mut amiss: BTreeMap<(usize, u32), Amiss> = BTreeMap::new();
    let mut more_rows = 0;
    let heavy = findings.iter().enumerate().filter(|(_, finding)| finding.weight != Weight::Note);
    for (number, finding) in heavy {
        let Some(Spot { sheet, rows, column }) = spot(&finding.at, &workbook.sheets) else { continue };
        for row in rows.into_iter().flat_map(|(first, last)| first..=last) {
            if !amiss.contains_key(&(sheet, row)) && amiss.len() >= ROWS_MAX {
                more_rows += 1;
                // A stretch goes on for as long as somebody says that it does.
                if more_rows >= 1_000_000 {
                    break;
                }
                continue;
            }
            let of = amiss.entry((sheet, row)).or_default();
            match column {
                Some(column) => of.cells.entry(column).or_default().push(number),
                None => of.whole.push(number),
            }
        }
    }
    let mut sheets = Vec::new();
    for (at, sheet) in workbook.sheets.iter().enumerate() {
        let later = amiss.split_off(&(at + 1, 0));
        let of_sheet: BTreeMap<u32, Amiss> =
            std::mem::replace(&mut amiss, later).into_iter().map(|((_, row), amiss)| (row, amiss)).collect();
        if of_sheet.is_empty() {
            continue;
        }
        let headings = forms.forms.get(form).map(|form| header_rows(form, sheet)).unwrap_or_default();
        sheets.push(shown(sheet, &headings, of_sheet));
    }
    Some(Excerpt { sheets, more_rows })
}

fn shown(sheet: &Sheet, headings: &[u32], mut amiss: BTreeMap<u32, Amiss>) -> ExcerptSheet {
    let numbers: BTreeSet<u32> = headings.iter().chain(amiss.keys()).copied().collect();
    let row_of = |number: u32| sheet.rows.iter().find(|row| row.number == number);
    let mut columns: BTreeSet<u32> = amiss.values().flat_map(|of| of.cells.keys()).copied().collect();
    let held = numbers.iter().filter_map(|number| row_of(*number)).flat_map(|row| &row.cells);
    for (column, cell) in held {
        if columns.len() >= COLUMNS_MAX {
            break;
        }
        if cell.content != Content::Blank {
            let _ = columns.insert(*column);
        }
    }
    let columns: Vec<u32> = columns.into_iter().take(COLUMNS_MAX).collect();
    let rows = numbers.into_iter().map(|number| {
        let Amiss { whole, mut cells } = amiss.remove(&number).unwrap_or_default();
        let held: BTreeMap<u32, &GridCell> = row_of(number)
            .map(|row| row.cells.iter().map(|(column, cell)| (*column, cell)).collect())
            .unwrap_or_default();
        let cell = |column: &u32| ExcerptCell {
            text: held.get(column).map(|cell| text(cell)).unwrap_or_default(),
            findings: cells.remove(column).unwrap_or_default(),
        };
        ExcerptRow {
            number,
            heading: headings.contains(&number),
            findings: whole,
            cells: columns.iter().map(cell).collect(),
        }
    });
    let called = |column: &u32| match sheet.name.is_empty() {
        true => (column + 1).to_string(),
        false => letters(*column),
    };
    ExcerptSheet {
        name: sheet.name.clone(),
        rows: rows.collect(),
        columns: columns.iter().map(called).collect(),
    }
}

/// What stands in a cell, more or less as a spreadsheet shows it.
pub(super) fn text(cell: &GridCell) -> String {
    let shown = match (&cell.content, cell.format) {
        (Content::Blank, _) => String::new(),
        (Content::Number(number), NumberFormat::Percent) => match number.parse::<Decimal>() {
            Ok(share) => format!("{}%", (share * Decimal::ONE_HUNDRED).normalize()),
            Err(_) => number.clone(),
        },
        (Content::Number(text) | Content::Text(text) | Content::Error(text), _) => text.clone(),
        (Content::Date(moment), _) => moment.strftime("%d/%m/%Y").to_string(),
        (Content::Truth(truth), _) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
    };
    match shown.char_indices().nth(TEXT_MAX) {
        Some((at, _)) => format!("{}…", &shown[..at]),
        None => shown,
    }
}

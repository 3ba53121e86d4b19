//! Workbooks as they come, and as nobody should write them.

mod attacks;
mod cells;
mod fixtures;
mod made;
mod marking;
mod properties;
mod xls;

use ioc_model::form::Finding;

use super::read;
use crate::grid::{Content, GridCell, Sheet, Workbook};

/// The cell of that name; nothing in it where the grid has none.
fn cell(sheet: &Sheet, name: &str) -> GridCell {
    let (row, column) = super::reference::cell(name).expect("a cell's name");
    let row = sheet.rows.iter().find(|met| met.number == row);
    let met = row.and_then(|row| row.cells.iter().find(|(met, _)| *met == column));
    met.map(|(_, cell)| cell.clone()).unwrap_or_default()
}

fn content(sheet: &Sheet, name: &str) -> Content {
    cell(sheet, name).content
}

fn number(text: &str) -> Content {
    Content::Number(text.to_owned())
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn read_one(bytes: &[u8]) -> Sheet {
    let Workbook { mut sheets, .. } = read(bytes).expect("a workbook");
    assert_eq!(sheets.len(), 1);
    sheets.remove(0)
}

/// Why a file is refused.
#[track_caller]
fn refused(bytes: &[u8]) -> Finding {
    let finding = read(bytes).expect_err("it cannot be read");
    assert!(!finding.message.vi.is_empty() && !finding.message.en.is_empty());
    assert!(finding.message.vi.len() < 600, "a sender's text became ours: {}", finding.message.vi);
    finding
}

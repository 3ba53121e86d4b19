//! What one workbook may take, whatever it says of itself (BOUND).

use ioc_model::form::Finding;

use super::refusal::{self, Limit};

/// Cells that hold something.
pub(super) const MOST_CELLS: usize = 1_000_000;
/// Bytes of text, that of each cell counted by itself.
pub(super) const MOST_TEXT: usize = 96 << 20;
/// Sheets.
pub(super) const MOST_SHEETS: usize = 1_000;
/// Other workbooks that formulas take from.
pub(super) const MOST_LINKS: usize = 4_096;
/// Merged areas.
pub(super) const MOST_MERGED: usize = 100_000;
/// Looks of cells, fonts, number formats, relationships of a part, of each; Excel allows 65,490 looks.
pub(super) const MOST_LOOKS: usize = 65_536;
/// Columns of a sheet.
pub(super) const MOST_COLUMNS: u32 = 16_384;
/// Rows of a sheet.
pub(super) const MOST_ROWS: u32 = 1_048_576;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    cells: usize,
    shared: usize,
    text: usize,
    merged: usize,
}

impl Budget {
    /// All of it.
    pub(super) fn new() -> Budget {
        Budget { cells: MOST_CELLS, shared: MOST_CELLS, text: MOST_TEXT, merged: MOST_MERGED }
    }

    /// Takes a cell that holds something.
    pub(super) fn cell(&mut self) -> Result<(), Finding> {
        take(&mut self.cells, 1, Limit::Cells)
    }

    /// Takes a text that cells share. There are no more of them than cells.
    pub(super) fn shared(&mut self) -> Result<(), Finding> {
        take(&mut self.shared, 1, Limit::Cells)
    }

    /// Takes so many bytes of text.
    pub(super) fn text(&mut self, length: usize) -> Result<(), Finding> {
        take(&mut self.text, length, Limit::Text)
    }

    /// Takes a merged area.
    pub(super) fn merged(&mut self) -> Result<(), Finding> {
        take(&mut self.merged, 1, Limit::Merged)
    }
}

fn take(left: &mut usize, amount: usize, limit: Limit) -> Result<(), Finding> {
    *left = left.checked_sub(amount).ok_or_else(|| refusal::too_large(limit))?;
    Ok(())
}

/// Whether there is room for one more look.
pub(super) fn one_more(looks: usize) -> Result<(), Finding> {
    if looks < MOST_LOOKS { Ok(()) } else { Err(refusal::too_large(Limit::Looks)) }
}

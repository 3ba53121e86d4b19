//! Rows and cells from above to below and from left to right, each place once.

use ioc_model::form::Finding;

use super::refusal;
use crate::grid::{Sheet, letters};

/// Sorts rows and cells, which programs may write in any order.
///
/// # Errors
/// If there are two of one place: two programs would read two values.
pub(super) fn in_order(sheet: &mut Sheet) -> Result<(), Finding> {
    sheet.rows.sort_by_key(|row| row.number);
    for row in &mut sheet.rows {
        row.cells.sort_by_key(|(column, _)| *column);
        row.cells.shrink_to_fit();
    }
    if let Some(rows) = sheet.rows.windows(2).find(|rows| rows[0].number == rows[1].number) {
        let at = rows[0].number.to_string();
        return Err(impossible(sheet, &at, "dòng có hai lần trong tệp", "is a row that the file has twice"));
    }
    for row in &sheet.rows {
        if let Some(cells) = row.cells.windows(2).find(|cells| cells[0].0 == cells[1].0) {
            let at = called(row.number, cells[0].0);
            return Err(impossible(
                sheet,
                &at,
                "ô có hai lần trong tệp",
                "is a cell that the file has twice",
            ));
        }
    }
    Ok(())
}

/// What a cell is called within its sheet.
pub(super) fn called(row: u32, column: u32) -> String {
    format!("{}{row}", letters(column))
}

/// That something in a sheet cannot be.
pub(super) fn impossible(sheet: &Sheet, at: &str, vi: &str, en: &str) -> Finding {
    let at: String = at.chars().take(20).collect();
    refusal::impossible(&format!("{}!{at}", sheet.name), vi, en)
}

//! What was found in a report, beside the cells it was found in.
//!
//! A list of faults with the names of their cells is what a program needs. A clerk looks at the sheet: the rows that are
//! amiss are shown with the heading of their table ([`excerpt`]), and the file itself can be had back with a mark and a note
//! at each cell ([`workbook`]), to be corrected and sent again.
//!
//! A finding says its place in words ([`spots`]), since those are what is stored: the file is read once more and the words
//! are looked up in it. Nothing is judged here.

mod excerpt;
mod marks;
mod spots;
#[cfg(test)]
mod tests;
mod written;

use ioc_model::form::Finding;

pub use self::excerpt::{Excerpt, ExcerptCell, ExcerptRow, ExcerptSheet, excerpt};
pub(crate) use self::marks::{AUTHOR, FILLS, FOUND, Listed, Mark, Marks, fill_of};
use crate::format::table::{self, workbook as spreadsheet};

/// A file with marks, as XLSX: an XLSX is copied with them, of others what was read of them is written. None where the file
/// is no table that can be read, or is more than a workbook holds.
#[must_use]
pub fn workbook(payload: &[u8], findings: &[Finding]) -> Option<Vec<u8>> {
    let read = table::table(payload).ok()?;
    let marks = Marks::of(&read.sheets, findings);
    if spreadsheet::is_meant(payload)
        && let Ok(copy) = spreadsheet::marked(payload, &marks)
    {
        return Some(copy);
    }
    written::written(&read, &marks).ok()
}

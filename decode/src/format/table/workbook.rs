//! Workbooks of spreadsheets: XLSX and XLS, told apart by their bytes, never by their names.
//!
//! What a clerk sends is made by Excel, by LibreOffice, by the export of an accounting system or by hand, for a spreadsheet
//! that repairs without a word what is wrong. Here nothing is repaired: a part that is cut off, a cell that is there twice
//! or says a text that the file does not have is refused with its name and with what to do about it, because a number that
//! was guessed is worse than none. What says nothing of values (colours, sizes, drawings) is not read, what says something
//! and cannot be read is told ([`Workbook::told`]).
//!
//! No bytes make this panic, hang or take more than some hundred megabytes: sizes and counts that a file states are
//! believed only as far as its bytes carry them (SAFE, BOUND).
//!
//! Rejected: calamine. It gives no hidden rows, no fonts (TCVN3), no fonts of pieces, no links, does not tell a formula
//! without a result from an empty cell, and lays out a sheet as a full rectangle: two cells in opposite corners are
//! seventeen thousand million.

mod archive;
mod biff;
mod budget;
mod compound;
mod face;
mod marking;
mod number_format;
mod order;
mod other;
mod package;
mod reference;
mod refusal;
mod serial;
mod sheet;
mod strings;
mod styles;
pub(super) mod tcvn3;
mod tokens;
mod told;
mod xls;
mod xls_sheet;
mod xlsx;
mod xml;

#[cfg(test)]
mod tests;

use ioc_model::form::Finding;

use self::archive::Archive;
pub(crate) use self::marking::marked;
use crate::grid::Workbook;

const ARCHIVE: &[u8] = b"PK";
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Whether a file begins as a workbook does, or as something that only programs for workbooks write: then [`read`] tells
/// what it is. Everything else is text, or is told by whoever reads text.
pub(crate) fn is_meant(bytes: &[u8]) -> bool {
    bytes.starts_with(ARCHIVE) || bytes.starts_with(COMPOUND) || other::kind(bytes).is_some()
}

/// Reads a workbook.
///
/// # Errors
/// If the bytes are no workbook, a damaged one, one with a password, or more than a report.
pub(crate) fn read(bytes: &[u8]) -> Result<Workbook, Finding> {
    if bytes.starts_with(ARCHIVE) {
        let archive = Archive::open(bytes)?;
        return match xlsx::main_part(&archive)? {
            Some(main) => xlsx::read(&archive, &main),
            None => Err(refusal::another(other::of_archive(&archive))),
        };
    }
    if bytes.starts_with(COMPOUND) {
        return xls::read(bytes);
    }
    Err(refusal::another(other::kind(bytes).unwrap_or(other::Other::Unknown)))
}

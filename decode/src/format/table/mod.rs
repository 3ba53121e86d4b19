//! Reports as tables: text files, and workbooks of spreadsheets.
//!
//! What a file is, its bytes say and not its name: clerks name an XLSX `.csv` and a text `.xls`. Every reader makes the same
//! [`Workbook`](crate::grid::Workbook) of it; what is in there, the judge of the form says.

mod csv;
mod eight_bit;
pub(crate) mod workbook;

use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use crate::{
    contract::{Refusal, RowSink, Rows},
    grid::Workbook,
};

/// Hands on the one report that the payload is, whatever is in it.
pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    rows.report(payload, table(payload));
    Ok(())
}

/// The table that a payload is.
pub(crate) fn table(payload: &[u8]) -> Result<Workbook, Finding> {
    if workbook::is_meant(payload) { workbook::read(payload) } else { csv::read(payload) }
}

/// Why nothing can be read.
fn unreadable(at: String, message: Text) -> Finding {
    Finding { weight: Weight::Error, rule: Rule::Unreadable, at: at.into(), stands: Box::default(), message }
}

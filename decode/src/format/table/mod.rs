//! Reports as tables: text files, and workbooks of spreadsheets.
//!
//! What a file is, its bytes say and not its name: clerks name an XLSX `.csv` and a text `.xls`. Every reader makes the same
//! [`Workbook`](crate::grid::Workbook) of it; what is in there, the judge of the form says.

mod csv;
mod eight_bit;

use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use crate::{
    contract::{Refusal, RowSink, Rows},
    grid::Workbook,
};

/// How the file of an XLSX begins: it is a ZIP.
const ZIP: &[u8] = b"PK\x03\x04";
/// How the file of an XLS begins: it is a compound file of OLE.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Hands on the one report that the payload is, whatever is in it.
pub(super) fn read<S: RowSink + ?Sized>(payload: &[u8], rows: &mut Rows<'_, S>) -> Result<(), Refusal> {
    rows.report(payload, workbook(payload));
    Ok(())
}

fn workbook(payload: &[u8]) -> Result<Workbook, Finding> {
    if payload.starts_with(ZIP) || payload.starts_with(OLE) {
        return Err(unreadable(
            String::new(),
            Text {
                vi: "Tệp là một bảng tính nhị phân mà chương trình không đọc được. Hãy lưu bảng dưới dạng CSV UTF-8.".to_owned(),
                en: "The file is a binary workbook that cannot be read. Save the table as CSV in UTF-8.".to_owned(),
            },
        ));
    }
    csv::read(payload)
}

/// Why nothing can be read.
fn unreadable(at: String, message: Text) -> Finding {
    Finding { weight: Weight::Error, rule: Rule::Unreadable, at: at.into(), stands: Box::default(), message }
}

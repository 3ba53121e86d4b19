//! A workbook of what was read, with marks: of files that cannot be copied with them, such as XLS and text.

use std::collections::BTreeMap;

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, Note, Workbook, Worksheet, XlsxError};

use super::marks::{AUTHOR, FOUND, Listed, Mark, Marks, fill_of};
use crate::grid::{self, Content, GridCell, NumberFormat, Sheet};

/// Digits of which a spreadsheet keeps all.
const EXACT_DIGITS: usize = 15;

/// The workbook's bytes.
///
/// # Errors
/// If something in it is more than a workbook can hold.
pub(super) fn written(of: &grid::Workbook, marks: &Marks) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The same marks make the same bytes: the moment at which it was made is not among them.
    let made_on = ExcelDateTime::from_ymd(1980, 1, 1)?;
    let _ = workbook.set_properties(&DocProperties::new().set_creation_datetime(&made_on));
    let names = Marks::sheet_names(&of.sheets);
    let active = of.sheets.iter().position(|sheet| !sheet.hidden);
    for (at, sheet) in of.sheets.iter().enumerate() {
        if sheet.name == FOUND {
            continue;
        }
        let into = workbook.add_worksheet();
        let _ = into.set_name(&names[at])?;
        if sheet.hidden {
            let _ = into.set_hidden(true);
        }
        if Some(at) == active {
            let _ = into.set_active(true);
        }
        write_sheet(into, sheet, marks.sheets.get(at).map_or(&[], Vec::as_slice))?;
    }
    write_list(workbook.add_worksheet(), marks)?;
    workbook.save_to_buffer()
}

fn filled(mark: Option<&Mark>) -> Format {
    match mark {
        Some(mark) => Format::new().set_background_color(Color::RGB(fill_of(mark.weight))),
        None => Format::new(),
    }
}

fn column_number(column: u32) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

fn write_sheet(into: &mut Worksheet, sheet: &Sheet, marks: &[Mark]) -> Result<(), XlsxError> {
    let mut left: BTreeMap<(u32, u32), &Mark> =
        marks.iter().map(|mark| ((mark.row, mark.column), mark)).collect();
    for row in &sheet.rows {
        let at = row.number.saturating_sub(1);
        if row.hidden {
            let _ = into.set_row_hidden(at)?;
        }
        for (column, cell) in &row.cells {
            let mark = left.remove(&(row.number, *column));
            write_cell(into, (at, column_number(*column)), cell, mark)?;
        }
    }
    for ((row, column), mark) in left {
        let format = filled(Some(mark));
        let _ = into.write_blank(row.saturating_sub(1), column_number(column), &format)?;
    }
    for mark in marks {
        let note = Note::new(&mark.note).set_author(AUTHOR).set_width(340).set_height(150);
        let _ = into.insert_note(mark.row.saturating_sub(1), column_number(mark.column), &note)?;
    }
    Ok(())
}

fn write_cell(
    into: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &GridCell,
    mark: Option<&Mark>,
) -> Result<(), XlsxError> {
    let format = filled(mark);
    let format = if cell.bold { format.set_bold() } else { format };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let _ = match &cell.content {
        Content::Blank => into.write_blank(row, column, &format)?,
        Content::Number(text) => match text.parse::<f64>() {
            Ok(number) if digits(text) <= EXACT_DIGITS && number.is_finite() => {
                let format = match cell.format {
                    NumberFormat::Percent => format.set_num_format("0.##########%"),
                    _ => format,
                };
                into.write_number_with_format(row, column, number, &format)?
            }
            // Every digit of it was sent.
            _ => into.write_string_with_format(row, column, text, &format.set_num_format("@"))?,
        },
        Content::Text(text) | Content::Error(text) => {
            into.write_string_with_format(row, column, text, &format.set_num_format("@"))?
        }
        Content::Date(moment) => {
            let day = moment.date();
            let of = |number: i8| u8::try_from(number).unwrap_or_default();
            let year = u16::try_from(day.year()).unwrap_or_default();
            let written = ExcelDateTime::from_ymd(year, of(day.month()), of(day.day()));
            match written.and_then(|date| {
                date.and_hms(u16::from(of(moment.hour())), of(moment.minute()), f64::from(moment.second()))
            }) {
                Ok(date) => {
                    into.write_datetime_with_format(row, column, &date, &format.set_num_format("dd/mm/yyyy"))?
                }
                Err(_) => into.write_string_with_format(row, column, day.to_string(), &format)?,
            }
        }
        Content::Truth(truth) => into.write_boolean_with_format(row, column, *truth, &format)?,
    };
    Ok(())
}

fn write_list(into: &mut Worksheet, marks: &Marks) -> Result<(), XlsxError> {
    let _ = into.set_name(FOUND)?.set_freeze_panes(1, 0)?;
    for (column, width) in [18.0, 26.0, 26.0, 90.0, 90.0].into_iter().enumerate() {
        let _ = into.set_column_width(column as u16, width)?;
    }
    for (column, head) in Listed::heads().iter().enumerate() {
        let _ = into.write_string_with_format(0, column as u16, head, &Format::new().set_bold())?;
    }
    for (row, Listed { weight, texts }) in (1..).zip(&marks.list) {
        let format = Format::new().set_background_color(Color::RGB(fill_of(*weight))).set_text_wrap();
        for (column, text) in texts.iter().enumerate() {
            let _ = into.write_string_with_format(row, column as u16, text, &format)?;
        }
    }
    Ok(())
}

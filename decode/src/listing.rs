//! What a workbook holds, cell by cell, as its reader sees it: for whoever writes a form for it, and for whoever compares
//! the reader with another one.

use ioc_model::form::Finding;

use crate::{
    format::table::workbook,
    grid::{Content, GridCell, NumberFormat, Sheet},
};

/// Of each cell a line, from the first sheet to the last, from above to below and from left to right: its name
/// (`T10!D9`), what it holds (`number`, `text`, `date`, `truth`, `error`, `blank`), that itself with control characters
/// escaped, and what else is known of it, between tabs.
///
/// # Errors
/// If the bytes are no workbook that can be read.
pub fn cells(bytes: &[u8]) -> Result<Vec<String>, Finding> {
    let workbook = workbook::read(bytes)?;
    Ok(workbook.sheets.iter().flat_map(lines).collect())
}

/// How many cells hold something.
///
/// # Errors
/// If the bytes are no workbook that can be read.
pub fn count(bytes: &[u8]) -> Result<usize, Finding> {
    let workbook = workbook::read(bytes)?;
    Ok(workbook.sheets.iter().flat_map(|sheet| &sheet.rows).map(|row| row.cells.len()).sum())
}

fn lines(sheet: &Sheet) -> impl Iterator<Item = String> {
    sheet.rows.iter().flat_map(move |row| {
        let hidden = sheet.hidden || row.hidden;
        row.cells.iter().map(move |(column, cell)| {
            let is_hidden =
                hidden || sheet.hidden_columns.iter().any(|(from, to)| (from..=to).contains(&column));
            line(&sheet.at(row.number, *column), cell, is_hidden)
        })
    })
}

fn line(at: &str, cell: &GridCell, is_hidden: bool) -> String {
    let (kind, said) = match &cell.content {
        Content::Blank => ("blank", String::new()),
        Content::Number(number) => ("number", number.clone()),
        Content::Text(text) => ("text", text.escape_debug().to_string()),
        Content::Date(moment) => ("date", moment.to_string()),
        Content::Truth(truth) => ("truth", truth.to_string()),
        Content::Error(error) => ("error", error.clone()),
    };
    let mut line = format!("{}\t{kind}\t{said}", at.escape_debug());
    match cell.format {
        NumberFormat::Plain => {}
        NumberFormat::Percent => line.push_str("\tpercent"),
        NumberFormat::Date => line.push_str("\tdate"),
        NumberFormat::Text => line.push_str("\ttext"),
        NumberFormat::Thousands(power) => line.push_str(&format!("\tthousands {power}")),
    }
    if cell.indent > 0 {
        line.push_str(&format!("\tindent {}", cell.indent));
    }
    if cell.bold {
        line.push_str("\tbold");
    }
    if is_hidden {
        line.push_str("\thidden");
    }
    if let Some(formula) = &cell.formula {
        line.push_str(&format!("\t={}", formula.text.escape_debug()));
        if let Some(file) = &formula.from_file {
            line.push_str(&format!("\tfrom {}", file.escape_debug()));
        }
    }
    line
}

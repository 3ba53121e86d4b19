//! Tables of text as inputs of a mapping: each row is an object of texts by the names of the header, or an array of texts
//! where there is none.

use ioc_mapping::{Columns, Input};
use ioc_model::{mapping::MappedBy, text::Text};
use rustc_hash::FxHashSet;

use super::super::separated::{COLUMNS_MAX, LINE_ENDS, SEPARATORS, SeparatedRow, SeparatedRows};
use crate::contract::Refusal;

/// A table that was read.
pub(super) struct Table<'t> {
    /// What lies before its rows.
    before: &'t str,
    header: Option<Header>,
    rows: Vec<(SeparatedRow<'t>, Result<(), Text>)>,
}

impl<'t> Table<'t> {
    /// # Errors
    /// If its header cannot be read, or names a column twice.
    pub(super) fn read(text: &'t str, by: Option<&MappedBy>) -> Result<Table<'t>, Refusal> {
        let separator = by.and_then(|by| by.separator).unwrap_or_else(|| separator_of(text));
        let mut left = SeparatedRows::new(separator);
        let header = match by.is_none_or(|by| by.header) {
            true => Some(Header::read(text, &mut left)?),
            false => None,
        };
        let before = text[..left.at().min(text.len())].trim_end_matches(LINE_ENDS);
        let rows = lines(text, left).into_iter().map(|row| {
            let checked = check(&row, header.as_ref());
            (row, checked)
        });
        let rows = rows.collect();
        Ok(Table { before, header, rows })
    }

    /// What lies before its rows.
    pub(super) fn header(&self) -> &'t str {
        self.before
    }

    /// Its rows that are not blank, each with what is wrong with it.
    pub(super) fn rows(&self) -> &[(SeparatedRow<'t>, Result<(), Text>)] {
        &self.rows
    }

    /// Those with which nothing is wrong, as inputs.
    pub(super) fn inputs(&self) -> impl Iterator<Item = Input<'_>> {
        let right = self.rows.iter().filter(|(_, checked)| checked.is_ok());
        right.map(|(row, _)| match &self.header {
            Some(header) => Input::Named(&header.columns, header.fields(row)),
            None => Input::Listed(row.fields.iter().map(|field| field.trim()).collect()),
        })
    }
}

/// What the first line has most of.
fn separator_of(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: &u8| memchr::memchr_iter(*separator, first.as_bytes()).count();
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}

/// The rows that are not blank. Spreadsheets end in rows of separators.
fn lines(text: &str, mut left: SeparatedRows) -> Vec<SeparatedRow<'_>> {
    let mut all = Vec::new();
    loop {
        let mut row = SeparatedRow::default();
        if !left.next(text, &mut row) {
            return all;
        }
        let is_blank = row.fields.iter().all(|field| field.trim().is_empty()) && !row.surplus;
        if row.broken.is_some() || !is_blank {
            all.push(row);
        }
    }
}

/// The header of a table.
struct Header {
    /// The names of the columns that have one.
    columns: Columns,
    /// Whether each column has a name.
    named: Vec<bool>,
}

impl Header {
    fn read(text: &str, left: &mut SeparatedRows) -> Result<Header, Refusal> {
        let mut row = SeparatedRow::default();
        let _found = left.next(text, &mut row);
        if let Some(broken) = row.broken {
            let Text { vi, en } = broken.text();
            return Err(Refusal::malformed(vi, en));
        }
        let names = (0..row.fields.len()).map(|at| row.field(at));
        let mut known = FxHashSet::default();
        if let Some(twice) = names.clone().find(|name| !name.is_empty() && !known.insert(*name)) {
            return Err(Refusal::column_twice(twice));
        }
        Ok(Header {
            columns: names.clone().filter(|name| !name.is_empty()).collect(),
            named: names.map(|name| !name.is_empty()).collect(),
        })
    }

    /// What stands in the columns that have a name.
    fn fields<'r>(&self, row: &'r SeparatedRow<'_>) -> Vec<&'r str> {
        let named = self.named.iter().enumerate().filter(|(_, named)| **named);
        named.map(|(at, _)| row.field(at)).collect()
    }
}

/// A row has the columns of its header; more only if nothing stands in them.
fn check(row: &SeparatedRow<'_>, header: Option<&Header>) -> Result<(), Text> {
    if let Some(broken) = row.broken {
        return Err(broken.text());
    }
    let right = header.map_or(row.columns.min(COLUMNS_MAX), |header| header.named.len());
    let has_more = row.surplus || (right..row.fields.len()).any(|at| !row.field(at).is_empty());
    if row.columns >= right && !has_more {
        return Ok(());
    }
    let found = row.columns;
    Err(Text {
        vi: format!(
            "Số cột của dòng là {found}, phải là {right}. Hãy đặt nội dung có dấu phân cách trong ngoặc kép."
        ),
        en: format!(
            "The columns of the line are {found}, there must be {right}. Put what holds a separator into quotes."
        ),
    })
}

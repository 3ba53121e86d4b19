//! Lists of which each row tells of one thing, such as a case of a disease: rows are counted.
//!
//! A clerk types 05/11/2026 for 5 November on a computer that is set to month before day. The spreadsheet makes 11 May of
//! it and shows `5/11/2026`, so that nothing looks wrong; 13/11/2026 can be no such day and stays a text. The column then
//! holds two kinds of cell, texts that are right and days that are wrong, and whoever takes each as it is counts an
//! epidemic in months that are closed. So days are judged by the column: a column that shows this is refused whole, in one
//! sentence.
//!
//! A workbook may have a sheet a week. Days are judged sheet by sheet, since each was typed by itself; rows are counted
//! over all of them together, and what a case is called is known through all of them. A sheet of the same cases, called
//! and told alike, is a copy.
//!
//! A list is the whole of its agency's word on its period, or on the place that stands above it: what is not in it is 0. So
//! a list without rows says that nothing occurred, if it says of which period and place.

mod days;

use ioc_model::form::{Rule, Value, Weight};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use self::days::Day;
use super::{
    Message,
    draft::{Added, Draft, Reading, Written},
    findings::{Found, Spot, called, said},
    keys::{Laid, RowCells, Telling},
    left_out::Expected,
    rows::SheetRead,
    rules::ColumnRole,
    values::content,
};
use crate::{
    contract::quoted,
    grid::{GridCell, Sheet},
};

/// Rows of so many sheets are called by their numbers.
const SHEETS_TOLD: usize = 4;

/// A row that is counted.
#[derive(Debug)]
struct Row {
    sheet: u32,
    number: u32,
    about: u32,
    /// What makes it the one it is, as it is compared; empty where it says nothing.
    id: String,
    /// The form's column in which that stands.
    id_column: Option<usize>,
    /// By the form's columns of days.
    days: Vec<Day>,
}

impl Row {
    fn is_the_same_as(&self, other: &Row) -> bool {
        (&self.id, self.about, &self.days) == (&other.id, other.about, &other.days)
    }
}

/// The rows of all sheets of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    rows: Vec<Row>,
    /// By what a row is called, which it is.
    known: FxHashMap<String, usize>,
    /// Of each sheet the column by which its rows are called in findings.
    columns: FxHashMap<u32, Option<u32>>,
}

impl Reading<'_> {
    /// Reads the rows of a sheet that are counted with those of the others; none where it is a copy of one of them.
    pub(super) fn listed(
        &mut self,
        sheet: &Sheet,
        laid: &Laid<'_>,
        message: &Message<'_>,
        listed: &mut Listed,
    ) -> Option<SheetRead> {
        let form = self.form;
        let days = form.day_columns();
        let ids = form.columns_of(|role| matches!(role, ColumnRole::Id));
        let mut read = SheetRead::default();
        let mut rows: Vec<Row> = Vec::new();
        let mut cells: Vec<Option<&GridCell>> = vec![None; form.columns.len()];
        for row in sheet.rows.iter().skip(laid.layout.body) {
            for (cell, column) in cells.iter_mut().zip(&laid.layout.columns) {
                let own =
                    column.as_ref().map(|column| row.cells.binary_search_by_key(&column.at, |(at, _)| *at));
                *cell = own.and_then(Result::ok).map(|at| &row.cells[at].1);
            }
            let row_cells = RowCells { number: row.number, cells: &cells };
            if !days.iter().chain(&ids).any(|column| row_cells.filled(*column).is_some()) {
                continue;
            }
            let Some(key) = self.row_key(laid, row_cells, &Telling::Loud) else {
                self.uncounted();
                continue;
            };
            let about = self.number(key.about);
            if row.hidden {
                read.hidden.push(row.number);
            }
            let id = ids.iter().find_map(|column| {
                let id = row_cells.filled(*column).map(|cell| content(cell).trim().to_lowercase())?;
                (!id.is_empty()).then_some((*column, id))
            });
            let (id_column, id) = id.map_or((None, String::new()), |(column, id)| (Some(column), id));
            rows.push(Row {
                sheet: laid.sheet,
                number: row.number,
                about,
                id,
                id_column,
                days: days.iter().map(|column| Day::of(row_cells.filled(*column))).collect(),
            });
        }
        if self.is_copied(laid, &rows, listed) {
            return None;
        }
        let mut are_days = vec![true; days.len()];
        for (at, column) in days.iter().enumerate() {
            are_days[at] = self.days(laid, message, &rows, (at, *column), sheet);
        }
        self.in_order(laid, &rows, &days, &are_days);
        let called =
            self.column(|role| matches!(role, ColumnRole::Place | ColumnRole::PlaceName | ColumnRole::Id));
        let called = called.and_then(|column| laid.layout.columns[column].as_ref()).map(|column| column.at);
        let _ = listed.columns.insert(laid.sheet, called);
        for row in rows {
            if let Some(column) = row.id_column {
                match listed.known.get(&row.id) {
                    Some(before) => {
                        let spot = self.spot(laid, row.number, column);
                        self.twice(spot, &row, &listed.rows[*before]);
                    }
                    None => {
                        let _ = listed.known.insert(row.id.clone(), listed.rows.len());
                    }
                }
            }
            listed.rows.push(row);
        }
        Some(read)
    }

    /// Whether a sheet lists what sheets before it list and nothing else. Where nothing says which case a row is, two sheets
    /// alike may be two weeks alike: nobody can know, and it is not counted.
    fn is_copied(&mut self, laid: &Laid<'_>, rows: &[Row], listed: &Listed) -> bool {
        if rows.is_empty() {
            return false;
        }
        let before = |row: &Row| listed.known.get(&row.id).map(|at| &listed.rows[*at]);
        if rows.iter().all(|row| before(row).is_some_and(|before| before.is_the_same_as(row))) {
            let other = before(&rows[0]).map_or(0, |before| before.sheet);
            let other = quoted(self.sheets.get(other as usize).map_or("", String::as_str));
            self.findings.at(
                Weight::Note,
                Rule::Hidden,
                Spot::Sheet(laid.sheet),
                "",
                said(
                    format!("Trang là bản sao của '{other}' (mọi trường hợp đều giống nhau), không được tính lần nữa."),
                    format!("The sheet is a copy of '{other}' (all cases are the same) and does not count again."),
                ),
            );
            return true;
        }
        let are_called = rows.iter().any(|row| row.id_column.is_some());
        let like = listed.rows.chunk_by(|one, next| one.sheet == next.sheet).find(|of_sheet| {
            of_sheet.len() == rows.len()
                && of_sheet.iter().zip(rows).all(|(one, other)| one.is_the_same_as(other))
        });
        if let Some(like) = like.filter(|_| !are_called) {
            let other = quoted(self.sheets.get(like[0].sheet as usize).map_or("", String::as_str));
            self.is_refused = true;
            self.findings.at(
                Weight::Error,
                Rule::Twice,
                Spot::Sheet(laid.sheet),
                "",
                said(
                    format!(
                        "Mọi hàng của trang giống hệt trang '{other}' và không có mã trường hợp: không rõ là bản sao hay các \
                         trường hợp khác. Hãy xoá trang thừa, hoặc ghi mã cho từng trường hợp."
                    ),
                    format!(
                        "All rows of the sheet are those of '{other}' and no case has a code: whether it is a copy or tells of \
                         other cases cannot be known. Remove the sheet, or give each case its code."
                    ),
                ),
            );
        }
        false
    }

    /// A row that cannot be counted makes every number wrong that it would be part of.
    fn uncounted(&mut self) {
        self.rejected += 1;
        self.has_unknown_rows = true;
        self.is_refused = true;
    }

    fn twice(&mut self, spot: Spot, row: &Row, before: &Row) {
        self.is_refused = true;
        let sheet = self.sheets.get(before.sheet as usize).map_or("", String::as_str);
        let right = match before.sheet == row.sheet {
            true => before.number.to_string(),
            false => format!("{} ('{}')", before.number, quoted(sheet)),
        };
        self.findings.add(Found {
            weight: Weight::Error,
            rule: Rule::Twice,
            spot,
            stands: String::new(),
            message: said(
                "Mã này đã có ở hàng {right}: mỗi trường hợp chỉ ghi một hàng.",
                "This code stands in row {right}, too: each case has one row.",
            ),
            right,
        });
    }

    /// A cell of each indicator for all rows that are about the same, on whatever sheets they stand.
    pub(super) fn count(&mut self, listed: &Listed) {
        let days = self.form.day_columns();
        let mut of: FxHashMap<u32, Vec<&Row>> = FxHashMap::default();
        for row in &listed.rows {
            of.entry(row.about).or_default().push(row);
        }
        let mut groups: Vec<(u32, Vec<&Row>)> = of.into_iter().collect();
        groups.sort_by_key(|(_, rows)| (rows[0].sheet, rows[0].number));
        for (about, rows) in groups {
            let at = self.called_in_sheets(listed, &rows);
            let first = rows[0];
            let spot = match listed.columns.get(&first.sheet).copied().flatten() {
                Some(column) => Spot::Cell(first.sheet, first.number, column),
                None => Spot::Row(first.sheet, first.number),
            };
            for indicator in 0..self.form.indicators.len() {
                let Some(counts) = self.form.indicators[indicator].counts else { continue };
                let count = match counts.within {
                    None => rows.len(),
                    Some((from, to, within)) => {
                        let place = |column: usize| days.iter().position(|day| *day == column);
                        let places = place(from).zip(place(to));
                        let is_counted = |row: &&&Row| {
                            let date = |at: usize| row.days[at].date();
                            let dates = places.and_then(|(from, to)| date(from).zip(date(to)));
                            let between = dates.and_then(|(from, to)| to.since(from).ok());
                            between.is_some_and(|span| (0..=i32::from(within)).contains(&span.get_days()))
                        };
                        rows.iter().filter(is_counted).count()
                    }
                };
                self.put_count(about, indicator, spot, count, Some(at.clone().into()));
            }
        }
    }

    /// A cell that says how many rows there are, and where they stand.
    fn put_count(&mut self, about: u32, indicator: usize, spot: Spot, count: usize, rows: Option<Box<str>>) {
        let draft = Draft {
            about,
            indicator: u32::try_from(indicator).unwrap_or(u32::MAX),
            spot,
            value: Value::of(Decimal::from(count)),
            vintage: self.form.form.vintage,
            as_sent: Box::default(),
            note: Box::default(),
            written: Written::Plain,
            is_bad: false,
            rows,
        };
        self.put(draft, &mut Added::default());
    }

    /// How rows of several sheets are called: `Tuần 1!B4:B5, Tuần 2!B3`.
    fn called_in_sheets(&self, listed: &Listed, rows: &[&Row]) -> String {
        let one = |rows: &[&Row]| {
            let sheet = rows[0].sheet;
            let name = self.sheets.get(sheet as usize).map_or("", String::as_str);
            let column = listed.columns.get(&sheet).copied().flatten();
            called(name, rows.iter().map(|row| row.number), column)
        };
        let sheets: Vec<&[&Row]> = rows.chunk_by(|one, next| one.sheet == next.sheet).collect();
        let mut told: Vec<String> = sheets.iter().take(SHEETS_TOLD).map(|rows| one(rows)).collect();
        if sheets.len() > SHEETS_TOLD {
            told.push("…".to_owned());
        }
        told.join(", ")
    }

    /// Says of a list without rows that nothing occurred where it is the word of.
    pub(super) fn nothing_listed(&mut self, expected: Expected<'_>) {
        for about in self.expected_of(expected) {
            let about = self.number(about);
            for indicator in 0..self.form.indicators.len() {
                if self.form.indicators[indicator].counts.is_some() {
                    self.put_count(about, indicator, Spot::Whole, 0, None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

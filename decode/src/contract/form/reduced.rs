//! What is left of a table that tells of persons.
//!
//! The columns of its form say what may be kept, and each cell of them is kept only as far as its column knows it: a code
//! of a place that there is, a member of a list, a day, a number, a sign of the form. Whatever else stands there becomes its
//! kind and length. So all texts of what is left are the form's, the pack's and our own, and whoever judges, stores or tells
//! of it cannot give away what they never had. What a case is called becomes a pseudonym, so that it is the same case when
//! it comes again. Nothing is judged here: rows and columns keep their numbers, and what is wrong is found by the judge, at
//! the clerk's own cells.
//!
//! Rejected: to look for what is personal (names are words, and numbers of identity cards are numbers), and to cut columns
//! out by their headings alone (a name is typed into the column of the age group, too).

use ioc_model::{
    form::{Finding, PeriodKind, Weight},
    name::Name,
    pattern,
};

use super::{
    Message,
    header::{self, COLUMNS_MAX, Layout},
    reduced_cell::{Pseudonym, length_of},
    rules::{FormRules, Forms},
    said_period::{self, Said},
    sheets,
    spelling::{heading, spelled},
    titles,
};
use crate::{
    grid::{Content, GridCell, GridRow, Sheet, Workbook},
    template,
};

/// Rows of a sheet of no form, in which headings are looked for.
const HEADINGS_WITHIN: usize = 60;

/// What is left of a table.
pub(crate) struct ReducedTable {
    /// The form that it is of, if it is of one.
    pub(crate) form: Option<Name>,
    pub(crate) workbook: Workbook,
}

/// Who reduces: by what, and for which day.
pub(super) struct Reducing<'r> {
    pub(super) forms: &'r Forms,
    pub(super) message: &'r Message<'r>,
    pub(super) pseudonym: Pseudonym<'r>,
}

/// Reduces a table to what its form may keep.
///
/// # Errors
/// What makes nothing of it readable: sheets of several forms.
pub(crate) fn reduce(
    forms: &Forms,
    message: &Message<'_>,
    mut workbook: Workbook,
    pseudonym: Pseudonym<'_>,
) -> Result<ReducedTable, Vec<Finding>> {
    let known = message.known(forms);
    let reducing = Reducing { forms, message, pseudonym };
    let found = sheets::find(&known, &workbook, message);
    // A sheet may be called like a person: it goes by its number.
    for (number, sheet) in (1u32..).zip(&mut workbook.sheets) {
        if !sheet.name.is_empty() && !template::OWN_SHEETS.contains(&sheet.name.as_str()) {
            sheet.name = format!("#{number}");
        }
    }
    let names: Vec<String> = workbook.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let (form, layouts) = match found {
        Ok(found) => {
            let told = found.told.into_told(&names);
            if told.iter().any(|finding| finding.weight == Weight::Error) {
                return Err(told);
            }
            (Some(found.form), found.sheets)
        }
        // What is missing is said by the judge, of the headings that are left.
        Err(_) => (None, Vec::new()),
    };
    let mut left = Vec::with_capacity(workbook.sheets.len());
    for (number, sheet) in (0u32..).zip(&workbook.sheets) {
        let layout = layouts.iter().find(|(of, _)| *of == number).map(|(_, layout)| layout);
        left.push(match (form, layout) {
            (Some(form), Some(layout)) => reducing.sheet(form, sheet, layout),
            _ => headings_alone(&known, sheet),
        });
    }
    Ok(ReducedTable {
        form: form.map(|form| form.name),
        workbook: Workbook { sheets: left, told: Vec::new() },
    })
}

/// What the name of a file says that may be kept: a period and codes of places, with a pseudonym of the whole.
pub(crate) fn reduce_address(forms: &Forms, message: &Message<'_>, pseudonym: Pseudonym<'_>) -> String {
    let mut kept = vec![pseudonym("address", message.address)];
    let mut kinds: Vec<PeriodKind> = message.known(forms).iter().map(|form| form.form.period).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let said = kinds.into_iter().find_map(|kind| said_period::in_file_name(message.address, kind));
    // What is found again in the name that is kept is kept.
    let in_name = said.map(|period| period.label()).filter(|label| {
        said.is_some_and(|period| said_period::in_file_name(&format!("{label}.x"), period.kind) == said)
    });
    kept.extend(in_name);
    let name = message.address.rsplit(['/', '\\']).next().unwrap_or_default();
    kept.extend(titles::codes(name).into_iter().filter(|code| forms.places.knows(code)).map(str::to_owned));
    kept.join("_")
}

/// Headings are the form's own words.
fn headings_alone(forms: &[&FormRules], sheet: &Sheet) -> Sheet {
    let is_heading = |text: &str| {
        let written = heading(text);
        forms.iter().any(|form| form.columns.iter().any(|column| column.headings.contains(&written)))
    };
    let kept = |(column, cell): &(u32, GridCell)| {
        let text = header::text(cell);
        (*column < COLUMNS_MAX && is_heading(text)).then(|| (*column, of_text(heading(text))))
    };
    let row = |row: &GridRow| {
        let cells: Vec<_> = row.cells.iter().filter_map(kept).collect();
        (!cells.is_empty()).then_some(GridRow { number: row.number, hidden: row.hidden, cells })
    };
    let mut rows: Vec<GridRow> = sheet.rows.iter().take(HEADINGS_WITHIN).filter_map(row).collect();
    if rows.is_empty() && !sheet.rows.is_empty() {
        // There is something, and the judge says of it that it is of no form.
        rows.push(GridRow { number: 1, hidden: false, cells: vec![(0, of_text("…".to_owned()))] });
    }
    Sheet { name: sheet.name.clone(), hidden: sheet.hidden, rows, ..Sheet::default() }
}

pub(super) fn of_text(text: String) -> GridCell {
    GridCell { content: Content::Text(text), ..GridCell::default() }
}

impl Reducing<'_> {
    fn sheet(&self, form: &FormRules, sheet: &Sheet, layout: &Layout) -> Sheet {
        let heading_row = layout.body.checked_sub(1).and_then(|last| sheet.rows.get(last));
        let header = heading_row.map_or(1, |row| row.number);
        let titles = sheet.rows[..layout.titles].iter().map(|row| self.title_row(form, row));
        let numbered = sheet.rows.get(layout.body).filter(|row| !form.counts_rows() && numbers_columns(row));
        let body = sheet.rows[layout.body + usize::from(numbered.is_some())..].iter();
        let body = body.map(|row| self.body_row(form, row, layout));
        let rows = titles.chain(std::iter::once(header_row(form, layout, header))).chain(body);
        let merged = sheet.merged.iter().filter(|((top, _), _)| *top > header).copied().collect();
        Sheet {
            name: sheet.name.clone(),
            hidden: sheet.hidden,
            hidden_columns: sheet.hidden_columns.clone(),
            rows: rows.filter(|row| !row.cells.is_empty()).collect(),
            merged,
        }
    }

    /// Of what stands above a table: periods, places, who reports, the unit.
    fn title_row(&self, form: &FormRules, row: &GridRow) -> GridRow {
        let mut cells: Vec<(u32, GridCell)> = Vec::new();
        let mut periods: Vec<String> = Vec::new();
        for (column, cell) in &row.cells {
            let text = header::text(cell).trim();
            if text.is_empty() {
                continue;
            }
            cells.push((*column, of_text(self.title(form, text))));
            periods.extend(said_period::in_title(text, form.form.period).into_iter().map(written));
        }
        // Periods stand behind the row: beside an agency's name they would be part of it.
        let behind = cells.last().map_or(0, |(column, _)| column.saturating_add(1));
        cells.extend((behind..).zip(periods.into_iter().map(of_text)));
        GridRow { number: row.number, hidden: row.hidden, cells }
    }

    /// A text above a table without its periods.
    fn title(&self, form: &FormRules, text: &str) -> String {
        let codes: Vec<&str> =
            titles::codes(text).into_iter().filter(|code| self.forms.places.knows(code)).collect();
        if let Some(name) = titles::said_by(text) {
            let who = match () {
                () if !codes.is_empty() => codes.join(" "),
                () if self.forms.agency_names.contains_key(&spelled(name)) => spelled(name),
                () => self.forms.places.name_in_list(name).unwrap_or_else(|| length_of(name)),
            };
            return format!("Đơn vị: {who}");
        }
        if let Some(unit) = titles::said_unit(text) {
            let is_known = form.indicators.iter().any(|one| one.factor(unit).is_some());
            return format!("Đơn vị tính: {}", if is_known { spelled(unit) } else { length_of(unit) });
        }
        let whole = spelled(text);
        if form.indicators.iter().any(|one| one.factor(text.trim_matches(['(', ')'])).is_some()) {
            return whole;
        }
        let title = form.titles.iter().find(|title| pattern::fits(title, &whole));
        let title = title.map(|title| title.replace('*', " ").trim().to_owned());
        match (title, &codes[..]) {
            (Some(title), codes) => format!("{title} {}", codes.join(" ")).trim_end().to_owned(),
            (None, []) => length_of(text),
            (None, codes) => codes.join(" "),
        }
    }

    fn body_row(&self, form: &FormRules, row: &GridRow, layout: &Layout) -> GridRow {
        let column_at = |at: u32| {
            let is_it = |laid: &Option<header::LaidColumn>| laid.as_ref().is_some_and(|laid| laid.at == at);
            layout.columns.iter().position(is_it)
        };
        let kept = |(at, cell): &(u32, GridCell)| {
            let label = form.own_label(header::text(cell)).map(|label| of_text(label.to_owned()));
            let kept = match column_at(*at) {
                Some(column) => self.cell(form, column, cell, label),
                // A label of a total stands in whatever column.
                None => label,
            };
            kept.map(|kept| (*at, kept))
        };
        let cells = row.cells.iter().filter_map(kept).collect();
        GridRow { number: row.number, hidden: row.hidden, cells }
    }
}

/// Whether a row below the header numbers the columns, and says nothing of anything.
fn numbers_columns(row: &GridRow) -> bool {
    let texts = row.cells.iter().map(|(_, cell)| header::text(cell).trim().trim_matches(['(', ')']));
    let mut next = 1;
    for text in texts.filter(|text| !matches!(text.as_bytes(), [] | [b'A'..=b'Z' | b'a'..=b'z'])) {
        if text.parse::<u32>() != Ok(next) {
            return false;
        }
        next += 1;
    }
    next > 2
}

/// The headings as the form has them; of columns that it does not have their length.
fn header_row(form: &FormRules, layout: &Layout, number: u32) -> GridRow {
    let mut cells: Vec<(u32, GridCell)> = Vec::new();
    for (column, laid) in form.columns.iter().zip(&layout.columns) {
        let Some(laid) = laid else { continue };
        let is_unit = form.indicators.iter().any(|one| one.factor(&laid.unit).is_some());
        let label = match laid.unit.as_str() {
            "" => column.name.vi.clone(),
            unit if is_unit => format!("{} ({unit})", column.name.vi),
            unit => format!("{} ({})", column.name.vi, length_of(unit)),
        };
        cells.push((laid.at, of_text(label)));
    }
    let surplus = layout.surplus.iter().map(|(_, at, label)| (*at, of_text(length_of(label))));
    cells.extend(surplus);
    // A second column of the same heading makes which is meant unknown, and it is so below, too.
    if let Some(twice) = layout.twice {
        let behind = cells.iter().map(|(at, _)| *at).max().unwrap_or(0) + 1;
        cells.push((behind, of_text(form.columns[twice].name.vi.clone())));
    }
    cells.sort_by_key(|(at, _)| *at);
    cells.dedup_by_key(|(at, _)| *at);
    GridRow { number, hidden: false, cells }
}

/// A period as it is read again in a title.
fn written(said: Said) -> String {
    let day = |day: ioc_model::place::Date| format!("{:02}/{:02}/{}", day.day(), day.month(), day.year());
    match said {
        Said::Period(period) => {
            let label = period.label();
            match said_period::in_title(&label, period.kind)[..] {
                [Said::Period(again)] if again == period => label,
                _ => format!("từ ngày {} đến ngày {}", day(period.start), day(period.end)),
            }
        }
        Said::Other(from, to) => format!("từ ngày {} đến ngày {}", day(from), day(to)),
    }
}

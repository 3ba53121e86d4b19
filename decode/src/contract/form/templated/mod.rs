//! Workbooks that nobody designed for us, read by templates that are data of the pack.
//!
//! A sheet is known by what stands above its table, a column by the headings over it, a row by its label and what that
//! stands under; never by the name of a sheet or the place of a cell, which change from month to month. What a template
//! does not name is told with its cell and not read, a sheet that none names is told with its title. The period is the
//! one that most titles say, or where they say none the headings; a sheet that says another is last month's and not read.
//!
//! What is read are cells like any other form's, so that the keeper, receipts and views need not know where they are from.
//! The whole that stands in a total is data where the template says that no parts make it up, else it is held against them.
//!
//! Rejected: a reader in code for each table (each year has another workbook), the place of cells (a row more moves all
//! below it), and a guess by likeness of labels ("Dầu thô" and "Dầu mỏ thô khai thác" are two products).

mod folded;
mod held;
mod rows;
mod rules;
mod said_month;
mod table;
mod units;

use std::{borrow::Cow, collections::BTreeMap};

use ioc_model::{
    form::{Period, Rule, Weight},
    place::Date,
};

use super::{
    Judged, Message,
    draft::Reading,
    findings::{Findings, Spot, said},
    finished,
    rules::{FormRules, Forms, OwnerRules},
    said_period,
    sheets::SheetsRead,
};
use crate::{
    contract::{legible, quoted},
    grid::{Sheet, Workbook},
};

pub(super) use self::rules::Templates;
use self::{folded::Month, rows::Laid, rules::SheetRules, table::Table};

/// Characters of a title that are told.
const TITLE_MAX: usize = 120;
/// So many tables of a sheet are looked at.
const TABLES_MAX: usize = 16;

/// A sheet that a template knows.
struct Known<'w> {
    number: u32,
    /// Where it begins.
    spot: Spot,
    sheet: Cow<'w, Sheet>,
    table: Table,
    rules: &'w SheetRules,
    /// What it says its month is, and whether by month.
    says: Option<(Month, bool)>,
}

/// Judges a workbook by the templates of the first of these forms that knows one of its sheets; none if none does.
pub(super) fn judge<'f>(
    forms: &'f Forms,
    known: &[&'f FormRules],
    message: &Message<'_>,
    workbook: &Workbook,
) -> Option<Judged> {
    let templated: Vec<&FormRules> =
        known.iter().copied().filter(|form| !form.templates.is_empty()).collect();
    let others = known.len() > templated.len();
    for form in &templated {
        let mut told = Findings::default();
        let sheets = sheets(form, workbook, &mut told);
        if !sheets.is_empty() {
            return Some(judged(forms, form, message, workbook, &sheets, told));
        }
    }
    // Where the feed has other forms, they may know it.
    let form = templated.first().filter(|_| !others)?;
    let mut told = Findings::default();
    let _ = sheets(form, workbook, &mut told);
    let names: Vec<String> = workbook.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    told.at(
        Weight::Error,
        Rule::UnknownForm,
        Spot::Whole,
        "",
        said(
            format!("Không mẫu đọc nào của '{}' nhận ra trang nào trong tệp.", form.form.name.vi),
            format!("No template of '{}' knows any sheet of the file.", form.form.name.en),
        ),
    );
    let mut findings = told.into_told(&names);
    findings.extend(workbook.told.iter().cloned());
    Some(Judged::unread(Some(form), message, findings))
}

/// The sheets that templates know. Of every other it is told why it is not read.
fn sheets<'w>(form: &'w FormRules, workbook: &'w Workbook, told: &mut Findings) -> Vec<Known<'w>> {
    let mut known = Vec::new();
    for (number, sheet) in (0u32..).zip(&workbook.sheets) {
        if sheet.rows.is_empty() {
            continue;
        }
        let spot = Spot::Sheet(number);
        if sheet.hidden {
            let message = said("Trang bị ẩn, không được đọc.", "The sheet is hidden and was not read.");
            told.at(Weight::Note, Rule::Hidden, spot, "", message);
            continue;
        }
        // Several tables may stand in a sheet, one below the other.
        let mut left = Cow::Borrowed(sheet);
        for at in 0..TABLES_MAX {
            let table = Table::of(&left, |unit| form.templates.is_unit(unit));
            let ends = table.as_ref().and_then(|table| table.ends);
            let below = ends.filter(|ends| *ends > 0).map(|ends| below(&left, ends));
            let row = left.rows.first().map_or(0, |row| row.number);
            let spot = if at == 0 { spot } else { Spot::Row(number, row) };
            let title = legible(&table::first_words(&left), TITLE_MAX);
            let found = table.and_then(|table| {
                let rules = form.templates.of_title(&table.title)?;
                Some((table, rules))
            });
            match found {
                Some((table, rules)) => {
                    let says = said_month::said(&table.said).or_else(|| said_month::in_heads(&table.columns));
                    known.push(Known { number, spot, sheet: left, table, rules, says });
                }
                None => {
                    let message = said(
                        "Không mẫu đọc nào nhận ra trang hay bảng này; không được đọc.",
                        "No template knows this sheet or table; it was not read.",
                    );
                    told.at(Weight::Note, Rule::UnknownForm, spot, &title, message);
                }
            }
            match below {
                Some(below) => left = Cow::Owned(below),
                None => break,
            }
        }
    }
    known
}

/// What stands below a table.
fn below(sheet: &Sheet, ends: usize) -> Sheet {
    let from = sheet.rows.get(ends).map_or(u32::MAX, |row| row.number);
    let is_below = |area: &&((u32, u32), (u32, u32))| area.0.0 >= from;
    Sheet {
        name: sheet.name.clone(),
        hidden: sheet.hidden,
        hidden_columns: sheet.hidden_columns.clone(),
        rows: sheet.rows[ends..].to_vec(),
        merged: sheet.merged.iter().filter(is_below).copied().collect(),
    }
}

/// The month that most sheets say, the later one where two are said as often. What says a year alone counts where nothing
/// says a month.
fn month(sheets: &[Known<'_>]) -> Option<Month> {
    for by_month in [true, false] {
        let mut votes: BTreeMap<(i16, i16), usize> = BTreeMap::new();
        for (month, _) in sheets.iter().filter_map(|sheet| sheet.says).filter(|(_, of)| *of == by_month) {
            *votes.entry((month.year, month.month)).or_default() += 1;
        }
        if let Some(((year, month), _)) = votes.into_iter().max_by_key(|(month, votes)| (*votes, *month)) {
            return Some(Month { year, month });
        }
    }
    None
}

fn judged(
    forms: &Forms,
    form: &FormRules,
    message: &Message<'_>,
    workbook: &Workbook,
    sheets: &[Known<'_>],
    told: Findings,
) -> Judged {
    let names = workbook.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let mut reading = Reading::new(forms, form, names);
    reading.findings = told;
    reading.findings.tell(workbook.told.iter().cloned());
    // What a workbook of others leaves out is no word on it.
    reading.has_unknown_rows = true;
    let month = month(sheets);
    let period = month.and_then(|month| {
        let day = Date::new(month.year, i8::try_from(month.month).ok()?, 1).ok()?;
        Period::holding(form.form.period, day)
    });
    let mut read = SheetsRead::default();
    if let (Some(month), Some(period)) = (month, period) {
        read.period = Some(period);
        reading.is_timely(message, period, form.form.vintage);
        reading.is_of_its_name(message, period);
        for sheet in sheets {
            reading.templated_sheet(sheet, month, period);
        }
    } else {
        reading.is_refused = true;
        reading.rejected += 1;
        reading.findings.at(
            Weight::Error,
            Rule::Period,
            Spot::Whole,
            "",
            said(
                "Không trang nào ghi kỳ báo cáo trong tiêu đề hay tiêu đề cột, ví dụ 'tháng 02 năm 2025'.",
                "No sheet says its period in its title or headings, such as 'tháng 02 năm 2025'.",
            ),
        );
    }
    reading.check();
    read.agency = match reading.form.indicators.first().map(|indicator| indicator.owner) {
        Some(OwnerRules::Agency(agency)) if message.bound_to.is_none() => Some(agency),
        _ => None,
    };
    let agency = reading.agency(message, &read);
    finished(reading, &read, agency, None)
}

impl Reading<'_> {
    /// What the file's name says of the period must be what the titles say.
    fn is_of_its_name(&mut self, message: &Message<'_>, period: Period) {
        let Some(name) = said_period::in_file_name(message.address, self.form.form.period) else { return };
        if name != period {
            let (title, name) = (period.label(), name.label());
            self.findings.at(
                Weight::Warning,
                Rule::Period,
                Spot::Whole,
                &title,
                said(
                    format!("Các trang ghi kỳ {title}, tên tệp ghi kỳ {name}: đã lấy kỳ của các trang."),
                    format!(
                        "The sheets say {title}, the name of the file {name}: that of the sheets was taken."
                    ),
                ),
            );
        }
    }

    fn templated_sheet(&mut self, known: &Known<'_>, month: Month, period: Period) {
        let Known { number, spot, sheet, table, rules, says } = known;
        let spot = *spot;
        if let Some((other, true)) = says
            && *other != month
        {
            self.findings.at(
                Weight::Error,
                Rule::Period,
                spot,
                &format!("{:02}/{}", other.month, other.year),
                said(
                    format!(
                        "Trang ghi tháng khác các trang còn lại ({:02}/{}); không được đọc.",
                        month.month, month.year
                    ),
                    format!(
                        "The sheet says another month than the others ({:02}/{}); it was not read.",
                        month.month, month.year
                    ),
                ),
            );
            return;
        }
        let place = self.form.form.about.clone().unwrap_or_default();
        let templates = &self.form.templates;
        let mut reads: Vec<_> =
            table.columns.iter().map(|column| rules.column(&column.path, month)).collect();
        self.tell_twice(*number, table, &mut reads);
        let laid = Laid {
            number: *number,
            sheet,
            table,
            rules,
            templates,
            reads,
            period,
            place: &place,
            dimensions: rules::dimensions(self.form),
        };
        self.tell_columns(&laid);
        let before = self.cells.len();
        let (added, is_left_out) = self.templated_rows(&laid);
        if self.is_copy(*number, &added) {
            return;
        }
        if self.cells.len() == before && !is_left_out {
            let title = legible(&table.said, TITLE_MAX);
            let message = said(
                format!("Mẫu đọc '{}' nhận ra trang này nhưng không đọc được số nào.", quoted(&rules.id)),
                format!(
                    "The template '{}' knows this sheet and could read no number of it.",
                    quoted(&rules.id)
                ),
            );
            self.findings.at(Weight::Warning, Rule::Empty, spot, &title, message);
        }
    }

    /// Of columns whose headings say the same none is read: which is meant cannot be known.
    fn tell_twice(&mut self, sheet: u32, table: &Table, reads: &mut [Option<&rules::HeadRead>]) {
        let same = |one: Option<&rules::HeadRead>, other: Option<&rules::HeadRead>| match (one, other) {
            (Some(rules::HeadRead::Values(one, of)), Some(rules::HeadRead::Values(other, with))) => {
                one == other && (of.period, &of.unit) == (with.period, &with.unit)
            }
            _ => false,
        };
        let is_twice: Vec<bool> = (0..reads.len())
            .map(|at| (0..reads.len()).any(|other| other != at && same(reads[at], reads[other])))
            .collect();
        for (at, _) in is_twice.iter().enumerate().filter(|(_, twice)| **twice) {
            let column = &table.columns[at];
            reads[at] = Some(&rules::HeadRead::Unclear);
            self.findings.at(
                Weight::Error,
                Rule::Twice,
                Spot::Cell(sheet, column.row, column.at),
                &column.said,
                said(
                    "Nhiều cột có tiêu đề cùng nghĩa theo mẫu đọc, không rõ cột nào đúng; không cột nào được lấy.",
                    "Several columns have headings that the template takes for the same, and which is meant cannot be known: none was taken.",
                ),
            );
        }
    }

    /// Tells which columns of numbers are not read, and why.
    fn tell_columns(&mut self, laid: &Laid<'_>) {
        for column in &laid.table.hidden {
            let message = said("Cột bị ẩn, không được đọc.", "The column is hidden and was not read.");
            let at = laid.table.columns.first().map_or(1, |column| column.row);
            self.findings.at(Weight::Note, Rule::Hidden, Spot::Cell(laid.number, at, *column), "", message);
        }
        let numbers =
            laid.table.columns.iter().zip(&laid.reads).filter(|(column, _)| column.at >= laid.table.first);
        for (column, read) in numbers {
            let spot = Spot::Cell(laid.number, column.row, column.at);
            let (weight, message) = match read {
                Some(rules::HeadRead::Ignored) => (
                    Weight::Note,
                    said(
                        "Cột mà mẫu đọc nêu tên để bỏ qua; không được đọc.",
                        "A column that the template names as one to leave out; it was not read.",
                    ),
                ),
                None => (
                    Weight::Warning,
                    said(
                        format!(
                            "Mẫu đọc '{}' không có cột với tiêu đề này; số của cột không được lấy.",
                            laid.rules.id
                        ),
                        format!(
                            "The template '{}' has no column with these headings; its numbers were not taken.",
                            laid.rules.id
                        ),
                    ),
                ),
                Some(_) => continue,
            };
            self.findings.at(weight, Rule::Surplus, spot, &column.said, message);
        }
    }
}

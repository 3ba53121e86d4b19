//! What a report says, judged by its form.
//!
//! The order: of which form it is, of which period and place, row by row what is said, then what holds among cells, whose
//! report it is, what it leaves out. Everything that can be said without knowing what came before is said here, all at once:
//! a clerk corrects a file in one go. Nothing is guessed, and nothing that stands there is left out in silence: a row that
//! is hidden, a column that the form does not have, a sheet that is a copy are told.
//!
//! Rejected: a judge for each file format (an XLSX and its CSV would be judged differently), and rules written in the code
//! of a form (they are data of the pack, so that the template, the schema and the judge say the same).

mod agency;
mod cells;
mod checks;
mod counted;
mod draft;
mod eaten;
mod findings;
mod header;
mod keys;
mod left_out;
mod merged;
mod number;
mod owed;
mod places;
mod reduced;
mod reduced_cell;
mod reduced_said;
mod row_place;
mod rows;
mod rules;
mod said_period;
mod sheets;
mod spelling;
mod templated;
#[cfg(test)]
pub(crate) mod tests;
mod titles;
mod totals;
mod values;

use std::sync::Arc;

use ioc_model::{
    attribute::Asked,
    form::{Absent, AgainstBefore, Cell, CellKey, Finding, Owners, Period, Rest, Rule, Weight, Whole},
    name::Name,
    place::Date,
    text::Text,
    time::{EventTime, Millis},
};

#[cfg(test)]
pub(crate) use self::findings::called;
pub(crate) use self::{
    cells::judge_cells,
    findings::sheet_called,
    header::header_rows,
    reduced::{reduce, reduce_address},
    reduced_said::{reduce_said, told, told_unread},
    rules::Forms,
};
use self::{
    draft::{Breakdowns, Reading},
    findings::{Spot, said},
    left_out::Expected,
    rules::FormRules,
    sheets::Found,
};
use crate::grid::Workbook;

/// What is known of a message beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'m> {
    /// The forms that come by its feed; all of the pack's where none is named.
    pub(crate) forms: &'m [Box<str>],
    /// The agency of its feed.
    pub(crate) agency: Option<Name>,
    /// Whom its sender may speak of.
    pub(crate) bound_to: Option<&'m str>,
    /// The one agency that this is, if it is one.
    pub(crate) bound: Option<Name>,
    /// The name of its file, or its path.
    pub(crate) address: &'m str,
    /// How much it is of what a source was asked for; none where somebody sent it.
    pub(crate) asked: Option<Asked>,
    /// The local day on which it arrived.
    pub(crate) today: Date,
    /// A period that ended before is too old.
    pub(crate) oldest: Date,
}

impl Message<'_> {
    /// The forms that come by its feed.
    fn known<'f>(&self, forms: &'f Forms) -> Vec<&'f FormRules> {
        match self.forms {
            [] => {
                let mut all: Vec<&FormRules> = forms.forms.values().collect();
                all.sort_by_key(|form| form.name);
                all
            }
            named => named.iter().filter_map(|name| forms.forms.get(name)).collect(),
        }
    }

    /// As the pack has them.
    pub(crate) fn forms_of<'f>(&self, forms: &'f Forms) -> Vec<&'f ioc_model::form::Form> {
        self.known(forms).into_iter().map(|rules| &rules.form).collect()
    }

    /// The day so long before the one on which it arrived.
    pub(crate) fn oldest(today: Date, age: Millis) -> Date {
        titles::days_before(today, age)
    }
}

/// What a message says, as far as it was judged.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) form: Name,
    pub(crate) agency: Name,
    pub(crate) period: Option<Period>,
    pub(crate) absent: Absent,
    pub(crate) parts: bool,
    /// At least one.
    pub(crate) rows: u32,
    pub(crate) cells: Vec<Cell>,
    /// When values were last changed at their source, by row.
    pub(crate) updated: Vec<(u32, EventTime)>,
    pub(crate) left_out: Vec<CellKey>,
    /// What it says of cells of its period that it does not name; none where it is about what it names.
    pub(crate) whole: Option<Whole>,
    pub(crate) owners: Arc<Owners>,
    /// What the name of its file alone says of period and place: the same bytes may say another thing under another name.
    pub(crate) by_name: String,
    pub(crate) against: Vec<AgainstBefore>,
    pub(crate) findings: Vec<Finding>,
}

impl Judged {
    /// Of a message of which nothing can be read.
    fn unread(form: Option<&FormRules>, message: &Message<'_>, findings: Vec<Finding>) -> Judged {
        Judged {
            form: form.map(|form| form.name).unwrap_or_default(),
            agency: message.bound.or(message.agency).unwrap_or_default(),
            period: None,
            absent: form.map(|form| form.form.absent).unwrap_or_default(),
            parts: form.is_some_and(|form| form.form.parts),
            rows: 1,
            cells: Vec::new(),
            updated: Vec::new(),
            left_out: Vec::new(),
            whole: None,
            owners: form.map(|form| form.owners.clone()).unwrap_or_default(),
            by_name: String::new(),
            against: Vec::new(),
            findings,
        }
    }
}

/// Judges a message.
pub(crate) fn judge(forms: &Forms, message: &Message<'_>, table: Result<Workbook, Finding>) -> Judged {
    match table {
        Ok(workbook) => judge_table(forms, message, workbook),
        Err(finding) => unread(forms, message, vec![finding]),
    }
}

/// Of a message that cannot be read, for these reasons.
pub(crate) fn unread(forms: &Forms, message: &Message<'_>, findings: Vec<Finding>) -> Judged {
    Judged::unread(message.known(forms).first().copied(), message, findings)
}

fn judge_table(forms: &Forms, message: &Message<'_>, workbook: Workbook) -> Judged {
    let known = message.known(forms);
    let first = known.first().copied();
    if let Some(judged) = templated::judge(forms, &known, message, &workbook) {
        return judged;
    }
    let designed: Vec<&FormRules> = known.iter().copied().filter(|form| form.templates.is_empty()).collect();
    let Found { form, sheets, told } = match sheets::find(&designed, &workbook, message) {
        Ok(found) => found,
        Err(told) => {
            let names: Vec<String> = workbook.sheets.iter().map(|sheet| sheet.name.clone()).collect();
            let mut findings = told.into_told(&names);
            findings.extend(workbook.told);
            return Judged::unread(first, message, findings);
        }
    };
    let names = workbook.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let mut reading = Reading::new(forms, form, names);
    reading.findings = told;
    reading.findings.tell(workbook.told.iter().cloned());
    let read = reading.sheets(&workbook, &sheets, message);
    reading.check();
    let agency = reading.agency(message, &read);
    if message.asked == Some(Asked::Page) {
        reading.absent = Absent::Keeps;
    }
    finished(reading, &read, agency, message.asked)
}

fn finished(
    mut reading: Reading<'_>,
    read: &sheets::SheetsRead,
    agency: Option<Name>,
    asked: Option<Asked>,
) -> Judged {
    let mut breakdowns = Breakdowns::default();
    let mut left_out = Vec::new();
    let area = agency.map(|agency| reading.area_of(agency));
    // Where each row says its period, and all say the same, the message is about that one.
    let period = read.period.or_else(|| reading.one_period());
    let expected = Expected { place: read.place, area: area.as_deref(), period, is_table: read.is_table };
    let is_list = read.is_table && reading.form.counts_rows();
    let is_empty = |reading: &Reading<'_>| reading.cells.is_empty() && reading.rejected == 0;
    if is_list && is_empty(&reading) && !reading.is_refused && asked.is_none() {
        reading.nothing_listed(expected);
    }
    if is_empty(&reading) {
        reading.is_refused = true;
        reading.findings.at(Weight::Error, Rule::Empty, Spot::Whole, "", says_nothing(is_list));
    } else if asked != Some(Asked::Page) && !is_list {
        left_out = reading.left_out(expected, &mut breakdowns);
    }
    let whole = whole(&reading, read, asked).filter(|_| period.is_some());
    let (form, absent) = (reading.form, reading.absent);
    let bad = reading.cells.iter().filter(|cell| cell.is_bad).count();
    let rejected = u64::from(reading.rejected) + bad as u64;
    let refused = reading.is_refused;
    let findings = std::mem::take(&mut reading.findings).into_told(&reading.sheets);
    let all = reading.cells.len() as u64 - bad as u64 + rejected;
    let updated = if refused { Vec::new() } else { reading.updated_rows() };
    let cells = if refused { Vec::new() } else { reading.into_cells(&mut breakdowns) };
    Judged {
        form: form.name,
        agency: agency.unwrap_or_default(),
        period,
        absent,
        parts: form.form.parts,
        rows: u32::try_from(all).unwrap_or(u32::MAX).max(1),
        cells,
        updated,
        left_out,
        whole,
        owners: form.owners.clone(),
        by_name: read.by_name.clone(),
        against: form.form.against.clone(),
        findings,
    }
}

/// What a message says of what it does not name: a list that nothing else was counted, a table of a form that takes back
/// what is left out that nothing else holds. A page of rows says nothing of it, and neither does what was read in part.
fn whole(reading: &Reading<'_>, read: &sheets::SheetsRead, asked: Option<Asked>) -> Option<Whole> {
    let is_read = reading.rejected == 0 && !reading.has_unknown_rows && !reading.is_refused;
    if !read.is_table || !is_read || asked == Some(Asked::Page) {
        return None;
    }
    let rest = match reading.absent {
        _ if reading.form.counts_rows() => Rest::Nought,
        Absent::Withdraws => Rest::Withdrawn,
        Absent::Keeps | Absent::Refused => return None,
    };
    let place = read.place.map(|place| reading.forms.places.unit(place).code);
    Some(Whole { place, rest })
}

fn says_nothing(is_list: bool) -> Text {
    match is_list {
        true => said(
            "Danh sách không có hàng nào. Nếu trong kỳ không có trường hợp nào, hãy giữ bảng trống và ghi phía trên kỳ báo cáo và \
             đơn vị, ví dụ 'Đơn vị: xã Tân Biên (25486)'.",
            "The list has no rows. Where there was none in the period, leave the table empty and write above it the period and who \
             reports, such as 'Đơn vị: xã Tân Biên (25486)'.",
        ),
        false => said(
            "Tệp không có số liệu nào: mọi ô của biểu đều để trống. Nếu không phát sinh, hãy ghi '-' hoặc 0.",
            "The file says nothing: all cells of the form are empty. Where nothing occurred write '-' or 0.",
        ),
    }
}

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

use ioc_model::{
    attribute::Asked,
    form::{Absent, AgainstBefore, Cell, CellKey, Finding, Period, Rule, Weight},
    name::Name,
    place::Date,
    time::Millis,
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
    pub(crate) left_out: Vec<CellKey>,
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
            left_out: Vec::new(),
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
    let is_empty = reading.cells.is_empty() && reading.rejected == 0;
    if is_empty {
        reading.is_refused = true;
        reading.findings.at(
            Weight::Error,
            Rule::Empty,
            Spot::Whole,
            "",
            said(
                "Tệp không có số liệu nào: mọi ô của biểu đều để trống. Nếu không phát sinh, hãy ghi '-' hoặc 0.",
                "The file says nothing: all cells of the form are empty. Where nothing occurred write '-' or 0.",
            ),
        );
    } else if asked != Some(Asked::Page) {
        let area = agency.map(|agency| reading.area_of(agency));
        let area = area.as_deref();
        // Where each row says its period, and all say the same, the message is about that one.
        let period = read.period.or_else(|| reading.one_period());
        let expected = Expected { place: read.place, area, period };
        left_out = reading.left_out(expected, &mut breakdowns);
    }
    let (form, absent) = (reading.form, reading.absent);
    let bad = reading.cells.iter().filter(|cell| cell.is_bad).count();
    let rejected = u64::from(reading.rejected) + bad as u64;
    let refused = reading.is_refused;
    let findings = std::mem::take(&mut reading.findings).into_told(&reading.sheets);
    let all = reading.cells.len() as u64 - bad as u64 + rejected;
    let period = read.period.or_else(|| reading.one_period());
    let cells = if refused { Vec::new() } else { reading.into_cells(&mut breakdowns) };
    Judged {
        form: form.name,
        agency: agency.unwrap_or_default(),
        period,
        absent,
        parts: form.form.parts,
        rows: u32::try_from(all).unwrap_or(u32::MAX).max(1),
        cells,
        left_out,
        against: form.form.against.clone(),
        findings,
    }
}

//! What stands where in the workbook of a form, before anything is written.

use std::collections::BTreeMap;

use ioc_model::{
    form::{Column, Form, Role},
    pattern,
    text::Text,
};

use super::{
    NoTemplate,
    cells::{Cells, Holds, Slot},
    guide::{self, GuideRow},
    input::{Input, Inputs, List},
    rows::{PreparedRow, prepared},
    scope::{Scope, Wanted},
    sums::Definitions,
};
use crate::grid::letters;

/// The workbook of a form. Rows and columns are counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The form's name.
    pub name: Text,
    /// The name of the sheet that is filled in.
    pub sheet: String,
    /// What stands above the table, one a row, in the first column.
    pub above: Vec<Line>,
    /// The row of the headings; the row before it says them in English.
    pub header: u32,
    /// What has a column.
    pub columns: Vec<TemplateColumn>,
    /// The rows below the header, each with a slot a column.
    pub rows: Vec<Vec<Slot>>,
    /// What may be typed in, and what is told beside.
    pub inputs: Vec<Input>,
    /// What can be chosen from, on a sheet of its own.
    pub lists: Vec<List>,
    /// How it is filled in, on a sheet of its own: nothing there is counted.
    pub guide: Vec<GuideRow>,
}

/// A line above the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How it looks.
    pub look: LineLook,
}

/// How a line above the table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineLook {
    /// Large.
    Title,
    /// Small, for those who read English.
    Beside,
    /// As it is.
    Said,
    /// To be completed by the clerk.
    Open,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateColumn {
    /// Its heading.
    pub heading: String,
    /// What stands above the heading, in English.
    pub above: String,
    /// In characters.
    pub width: u16,
}

/// Rows for what the form may have several of: parts that a place has or has not.
const SPARE_ROWS: (usize, usize) = (10, 200);
/// The longest name of a sheet.
const SHEET_NAME: usize = 31;
/// Widths of columns, in characters.
const WIDTH: (u16, u16) = (12, 48);

impl Template {
    /// What stands where.
    ///
    /// # Errors
    /// If place or agency are not known or have nothing to report, or there were too many rows.
    pub fn of(wanted: &Wanted<'_>) -> Result<Template, NoTemplate> {
        let form = wanted.form;
        let scope = wanted.scope()?;
        let prepared = prepared(form, &scope)?;
        let above = lines_above(wanted, &scope);
        // A blank line, and the English headings.
        let header = row_number(above.len() + 2);
        let mut cells = Cells { wanted, scope: &scope, inputs: Inputs::default() };
        let mut rows = prepared_rows(&mut cells, &prepared, header + 1);
        let total = total_row(form, &rows, header + 1);
        rows.extend(total);
        rows.extend(spare_rows(&mut cells, prepared.len()));
        let columns = form.columns.iter().enumerate().map(|(at, column)| TemplateColumn {
            heading: heading(column, &scope),
            // In parentheses, so that it is not the heading.
            above: format!("({})", column.name.en),
            width: width(&column.name.vi, rows.iter().map(|row| &row[at].holds)),
        });
        Ok(Template {
            name: form.name.clone(),
            sheet: form.id.to_uppercase().chars().take(SHEET_NAME).collect(),
            above,
            header,
            columns: columns.collect(),
            inputs: cells.inputs.all,
            lists: cells.inputs.lists,
            guide: guide::of(wanted, &scope),
            rows,
        })
    }
}

fn row_number(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// How a cell is called in formulas.
fn cell(row: u32, column: usize) -> String {
    format!("{}{}", letters(row_number(column)), row + 1)
}

fn prepared_rows(cells: &mut Cells<'_, '_>, prepared: &[PreparedRow<'_>], first: u32) -> Vec<Vec<Slot>> {
    let form = cells.wanted.form;
    let of = |column: &Column, row: &PreparedRow<'_>| match &column.role {
        Role::Value(Some(id)) => Some(id.clone()),
        Role::Value(None) => row.indicator.map(|indicator| indicator.id.clone()),
        _ => None,
    };
    let mut places: BTreeMap<(&(usize, Vec<usize>), String), String> = BTreeMap::new();
    for (below, row) in prepared.iter().enumerate() {
        for (at, column) in form.columns.iter().enumerate() {
            if let Some(id) = of(column, row) {
                let _ = places.insert((&row.group, id), cell(first + row_number(below), at));
            }
        }
    }
    let definitions = Definitions::of_form(form);
    let mut rows = Vec::with_capacity(prepared.len());
    for row in prepared {
        let mut slots = Vec::with_capacity(form.columns.len());
        for (at, column) in form.columns.iter().enumerate() {
            let mut slot = cells.slot(at, Some(row));
            if let Some(id) = of(column, row)
                && slot.input.is_some()
            {
                let place_of = |id: &str| places.get(&(&row.group, id.to_owned())).cloned();
                if let Some(formula) = definitions.formula(&id, form, &place_of) {
                    slot.holds = Holds::Formula(formula);
                }
            }
            slots.push(slot);
        }
        rows.push(slots);
    }
    rows
}

/// The sum over all rows, where the form knows such rows and each row is of all indicators.
fn total_row(form: &Form, rows: &[Vec<Slot>], first: u32) -> Option<Vec<Slot>> {
    let label = form.totals.first()?;
    let has = |is: fn(&Column) -> bool| form.columns.iter().any(is);
    let adds_up = rows.len() > 1
        && !has(|column| matches!(column.role, Role::Indicator | Role::Value(None)))
        && !has(|column| matches!(column.role, Role::Dimension(_)) && !column.required);
    // Where people look for a name.
    let name = form.columns.iter().position(|column| column.role == Role::PlaceName);
    let name = name.or_else(|| form.columns.iter().position(|column| column.role == Role::Place))?;
    let last = first + row_number(rows.len() - 1);
    let slot = |(at, column): (usize, &Column)| match &column.role {
        _ if at == name => Slot::fixed(label),
        Role::Value(Some(id)) if form.indicators.get(id).is_some_and(|indicator| indicator.additive) => {
            let range = format!("{}:{}", cell(first, at), cell(last, at));
            let formula = format!("=IF(COUNT({range})=0,\"\",ROUND(SUM({range}),9))");
            Slot { holds: Holds::Formula(formula), input: None }
        }
        _ => Slot::default(),
    };
    adds_up.then(|| form.columns.iter().enumerate().map(slot).collect())
}

/// Rows to be filled in by those who have parts that not everybody has.
fn spare_rows(cells: &mut Cells<'_, '_>, prepared: usize) -> Vec<Vec<Slot>> {
    let columns = &cells.wanted.form.columns;
    let is_optional = |column: &Column| matches!(column.role, Role::Dimension(_)) && !column.required;
    if !columns.iter().any(is_optional) {
        return Vec::new();
    }
    let count = columns.len();
    let row: Vec<Slot> = (0..count).map(|at| cells.slot(at, None)).collect();
    vec![row; prepared.clamp(SPARE_ROWS.0, SPARE_ROWS.1)]
}

fn lines_above(wanted: &Wanted<'_>, scope: &Scope<'_>) -> Vec<Line> {
    let form = wanted.form;
    let line = |look, text: String| Line { text, look };
    let mut lines = vec![line(LineLook::Title, title(form)), line(LineLook::Beside, form.name.en.clone())];
    match wanted.period {
        Some(period) => {
            let days = period.days_in_words().vi;
            lines.push(line(LineLook::Said, format!("Kỳ báo cáo: {} ({days})", period.words().vi)));
            lines.push(line(LineLook::Beside, format!("Reporting period: {}", period.words().en)));
        }
        None => {
            lines.push(line(LineLook::Open, "Kỳ báo cáo: ".to_owned()));
            lines
                .push(line(LineLook::Beside, "Reporting period: write it behind the colon above".to_owned()));
        }
    }
    if let Some(agency) = wanted.agency.and_then(|id| wanted.agencies.get(id)) {
        lines.push(line(LineLook::Said, format!("Cơ quan báo cáo: {}", agency.name.vi)));
    }
    let is_place = |column: &Column| matches!(column.role, Role::Place | Role::PlaceName);
    match scope.places.as_slice() {
        [place] => {
            lines.push(line(LineLook::Said, format!("Đơn vị: {} ({})", place.name.vi, place.key.code)));
        }
        _ if form.columns.iter().any(is_place) => {}
        // The clerk says which. No code stands here as an example: it would be read.
        _ => {
            let beside = "Reporting place: write its name and its code behind the colon above";
            lines.push(line(LineLook::Open, "Đơn vị: ".to_owned()));
            lines.push(line(LineLook::Beside, beside.to_owned()));
        }
    }
    lines
}

/// What the form calls itself, in words by which it is known.
fn title(form: &Form) -> String {
    let fits = |pattern: &String| pattern::fits(&pattern.to_lowercase(), &form.name.vi.to_lowercase());
    let said = form.titles.iter().map(|pattern| pattern.replace('*', " ").trim().to_owned());
    match said.into_iter().find(|said| !said.is_empty()) {
        Some(said) if !form.titles.iter().any(fits) => format!("{said} {}", form.name.vi),
        _ => form.name.vi.clone(),
    }
}

/// A heading, with the unit of its values behind it.
fn heading(column: &Column, scope: &Scope<'_>) -> String {
    let name = &column.name.vi;
    let unit_of = |id: &String| scope.indicators.iter().find(|one| one.id == *id).map(|one| &one.unit);
    match &column.role {
        Role::Value(Some(id)) if !name.contains('(') => match unit_of(id) {
            Some(unit) => format!("{name} ({unit})"),
            None => name.clone(),
        },
        _ => name.clone(),
    }
}

/// As wide as what stands in it; headings are broken into lines.
fn width<'h>(heading: &str, holds: impl Iterator<Item = &'h Holds>) -> u16 {
    let texts = holds.filter_map(|holds| match holds {
        Holds::Text(text) => Some(text.chars().count()),
        _ => None,
    });
    let widest = texts.chain([heading.chars().count() / 2]).max().unwrap_or_default();
    u16::try_from(widest + 3).unwrap_or(u16::MAX).clamp(WIDTH.0, WIDTH.1)
}

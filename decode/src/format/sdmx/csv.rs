//! SDMX-CSV 1.0, 2.0 and 2.1, by the field guide of the SDMX technical working group.
//!
//! The first heading is `STRUCTURE`, perhaps with the sub-field separator of multi-valued attributes (`STRUCTURE[;]`), in
//! 1.0 `DATAFLOW`; the character behind it separates columns. Where that is `;` numbers may have a decimal comma, as the
//! guide has it for such readers. A heading `ID: Name` says that codes have their names behind them.

use ioc_model::form::{Form, Rule};

use super::{
    Action, form_of,
    observation::{Observation, Observations},
    without_version,
};
use crate::{
    format::{
        Line,
        separated::{SeparatedRow, SeparatedRows},
    },
    said::{Said, Wrong, header_alone, other_columns},
};

/// What stands between a code or an identifier and its name.
const LABEL: &str = ": ";
/// Headings that every message may have and that say nothing of an observation.
const OWN: [&str; 3] = ["STRUCTURE_NAME", "SERIES_KEY", "OBS_KEY"];

/// Reads a message of one of the forms: which, and what it says.
///
/// # Errors
/// If it cannot be told of which form it is.
pub(in crate::format) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    let (separator, is_first_version) = separator(text)?;
    let mut rows = SeparatedRows::new(separator);
    let mut row = SeparatedRow::default();
    let _ = rows.next(text, &mut row);
    let headings: Vec<String> = row.fields.iter().map(|heading| heading.trim().to_owned()).collect();
    let named = if is_first_version { 0 } else { 1 };
    if !is_first_version && headings.get(1).is_none_or(|heading| heading != "STRUCTURE_ID") {
        return Err(no_sdmx(headings.get(1).map_or("", String::as_str)));
    }
    if !rows.next(text, &mut row) {
        return Err(header_alone());
    }
    let structure = row.field(named).to_owned();
    let mut observations = Observations::new(form_of(forms, &structure)?);
    let form = observations.structure.form;
    let Some(columns) = Columns::of(&headings, is_first_version, &mut observations) else {
        return Ok((form, observations.said));
    };
    let layout = observations.structure.layout();
    loop {
        let at = Line(row.line);
        let action = check(&row, headings.len())
            .and_then(|()| same_structure(row.field(named), &structure))
            .and_then(|()| columns.action(&row));
        match action {
            Ok(action) => {
                let said = |component| columns.said(&row, layout.place(component));
                let is_local = separator == b';';
                observations.observe(&at, &Observation { action, is_local, said: &said });
            }
            Err(wrong) => observations.said.reject(&at, wrong),
        }
        if !rows.next(text, &mut row) {
            return Ok((form, observations.said));
        }
    }
}

/// The character between columns, and whether it is SDMX-CSV 1.0.
fn separator(text: &str) -> Result<(u8, bool), Wrong> {
    let start = text.trim_start_matches(['\u{feff}', '\r', '\n', ' ']);
    let bare = start.strip_prefix('"').unwrap_or(start);
    let (behind, is_first_version) = match (bare.strip_prefix("STRUCTURE"), bare.strip_prefix("DATAFLOW")) {
        (Some(behind), _) => (behind, false),
        (None, Some(behind)) => (behind, true),
        (None, None) => {
            let heading: String =
                start.chars().take_while(|character| !character.is_control()).take(40).collect();
            return Err(no_sdmx(&heading));
        }
    };
    let behind = match behind.strip_prefix('[').and_then(|sub| sub.split_once(']')) {
        Some((_, behind)) => behind,
        None => behind,
    };
    let behind = behind.strip_prefix('"').unwrap_or(behind);
    match behind.bytes().next() {
        Some(separator @ (b',' | b';' | b'\t' | b'|')) => Ok((separator, is_first_version)),
        _ => Err(no_sdmx(bare.split(['\r', '\n']).next().unwrap_or_default())),
    }
}

fn no_sdmx(heading: &str) -> Wrong {
    Wrong::new(
        Rule::Unreadable,
        heading,
        "Dòng đầu không phải là tiêu đề SDMX-CSV. Ví dụ đúng: STRUCTURE,STRUCTURE_ID,ACTION,…,OBS_VALUE.",
        "The first line is no header of SDMX-CSV. A right one: STRUCTURE,STRUCTURE_ID,ACTION,…,OBS_VALUE.",
    )
}

/// Which column is which.
struct Columns {
    /// By the place of a component: its column.
    of: Vec<Option<usize>>,
    /// Columns whose codes have names behind them.
    labelled: Vec<bool>,
    action: Option<usize>,
}

impl Columns {
    /// None where something is missing without which no row can be read.
    fn of(
        headings: &[String],
        is_first_version: bool,
        observations: &mut Observations<'_>,
    ) -> Option<Columns> {
        let Observations { structure, dimensions, said, .. } = observations;
        let layout = structure.layout();
        let mut columns =
            Columns { of: vec![None; layout.len()], labelled: vec![false; layout.len()], action: None };
        // With names in columns of their own each component's is followed by its name.
        let has_names = headings.iter().any(|heading| heading == "STRUCTURE_NAME");
        let first = if is_first_version { 1 } else { 2 };
        let mut is_named = false;
        for (at, heading) in headings.iter().enumerate().skip(first) {
            let (id, label) = match heading.split_once(LABEL) {
                Some((id, _)) => (id, true),
                None => (heading.as_str(), false),
            };
            let id = id.split('[').next().unwrap_or(id);
            let is_name = std::mem::replace(&mut is_named, false);
            if id == "ACTION" && columns.action.is_none() && !is_first_version {
                columns.action = Some(at);
            } else if let Some(component) = structure.component(id) {
                let place = layout.place(component);
                if columns.of[place].replace(at).is_some() {
                    let wrong = Wrong::new(
                        Rule::Twice,
                        heading,
                        "Có hai cột tên này, không rõ cột nào đúng. Hãy giữ một cột.",
                        "Two columns have this name, and which is meant cannot be known. Keep one of them.",
                    );
                    said.refuse(&Line(1), wrong);
                    return None;
                }
                columns.labelled[place] = label;
                is_named = has_names;
            } else if structure.may_ignore(id) {
                is_named = has_names;
            } else if !OWN.contains(&id) && !is_name {
                let wrong = Wrong::new(
                    Rule::Surplus,
                    heading,
                    format!(
                        "Biểu {} không nói cột này là chiều hay thuộc tính. Hãy bỏ cột, hoặc khai báo nó trong 'dimensions', \
                         'fixed' hay 'ignored' của biểu.",
                        structure.form.id
                    ),
                    format!(
                        "Form {} does not say whether this column is a dimension or an attribute. Leave it out, or name it in \
                         the form's 'dimensions', 'fixed' or 'ignored'.",
                        structure.form.id
                    ),
                );
                said.refuse(&Line(1), wrong);
            }
        }
        let missing = dimensions.iter().find(|(component, _)| columns.of[layout.place(*component)].is_none());
        if let Some((_, name)) = missing {
            let (vi, en) = (format!("Thiếu cột '{name}'."), format!("The column '{name}' is missing."));
            said.refuse(&Line(1), Wrong::new(Rule::Missing, "", vi, en));
            return None;
        }
        Some(columns)
    }

    fn action(&self, row: &SeparatedRow<'_>) -> Result<Action, Wrong> {
        let word = self.action.map_or("", |at| row.field(at));
        Action::from_word(word).ok_or_else(|| {
            Wrong::new(
                Rule::Invalid,
                word,
                "ACTION phải là M, R hoặc D (I và A được hiểu là M).",
                "ACTION is M, R or D (I and A mean M).",
            )
        })
    }

    fn said<'r>(&self, row: &'r SeparatedRow<'_>, place: usize) -> &'r str {
        let Some(field) = self.of[place].map(|at| row.field(at)) else { return "" };
        match self.labelled[place].then(|| field.split_once(LABEL)).flatten() {
            Some((code, _)) => code,
            None => field,
        }
    }
}

/// A row has the columns of its header.
fn check(row: &SeparatedRow<'_>, headings: usize) -> Result<(), Wrong> {
    if let Some(broken) = row.broken {
        return Err(Wrong { rule: Rule::Unreadable, stands: String::new(), message: broken.text() });
    }
    let has_more = row.surplus || (headings..row.fields.len()).any(|at| !row.field(at).is_empty());
    match row.columns < headings || has_more {
        true => Err(other_columns()),
        false => Ok(()),
    }
}

/// A message of several structures would be several reports of which one could fail alone.
fn same_structure(named: &str, structure: &str) -> Result<(), Wrong> {
    if named == structure || without_version(named) == without_version(structure) {
        return Ok(());
    }
    Err(Wrong::new(
        Rule::UnknownForm,
        named,
        "Tệp có hai cấu trúc. Hãy gửi mỗi cấu trúc một tệp.",
        "Two structures stand in one file. Send a file for each.",
    ))
}

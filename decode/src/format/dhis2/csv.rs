//! Data values as CSV. Versions of DHIS2 call the same columns by different names.

use ioc_model::form::{Form, Rule, Weight};

use super::{SaidValue, Values};
use crate::{
    format::{
        Line,
        separated::{SEPARATORS, SeparatedRow, SeparatedRows},
    },
    said::{Said, Wrong, header_alone, other_columns},
};

/// What is read, each by the names it has.
const COLUMNS: [&[&str]; 8] = [
    &["dataelement", "data_element"],
    &["period"],
    &["orgunit", "org_unit"],
    &["categoryoptioncombo", "catoptcombo", "category_option_combo"],
    &["attributeoptioncombo", "attroptcombo", "attribute_option_combo"],
    &["value"],
    &["deleted"],
    &["lastupdated", "last_updated"],
];
/// Without these no value is told from another.
const NEEDED: [usize; 4] = [0, 1, 2, 5];
/// What is there and read by nobody.
const PASSED_OVER: [&str; 5] = ["storedby", "created", "comment", "followup", "flwup"];

/// Reads a message of one of the forms: which, and what it says.
///
/// # Errors
/// If it is no table of data values, or it cannot be told of which form it is.
pub(super) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    let mut row = SeparatedRow::default();
    let (mut rows, headings) = header(text, &mut row)?;
    let is = |heading: &str, names: &[&str]| names.iter().any(|name| heading.eq_ignore_ascii_case(name));
    let of = COLUMNS.map(|names| headings.iter().position(|heading| is(heading, names)));
    if let Some(missing) = NEEDED.into_iter().find(|at| of[*at].is_none()) {
        let name = COLUMNS[missing][0];
        return Err(Wrong::new(
            Rule::Missing,
            "",
            format!("Thiếu cột '{name}' trong dòng tiêu đề."),
            format!("The header has no column '{name}'."),
        ));
    }
    let said =
        |row: &SeparatedRow<'_>, at: usize| of[at].map_or(String::new(), |at| row.field(at).to_owned());
    if !rows.next(text, &mut row) {
        return Err(header_alone());
    }
    let mut values = Values::of(forms, "", &said(&row, 0))?;
    let is_known = |heading: &&String| {
        is(heading, &PASSED_OVER) || COLUMNS.iter().any(|names| is(heading, names)) || heading.is_empty()
    };
    if let Some(surplus) = headings.iter().find(|heading| !is_known(heading)) {
        values.said.find(
            Weight::Note,
            Rule::Surplus,
            &Line(1),
            surplus,
            ("Cột này không được đọc.".to_owned(), "The column is not read.".to_owned()),
        );
    }
    loop {
        let at = Line(row.line);
        let field = |at: usize| of[at].map_or("", |at| row.field(at));
        match check(&row, headings.len()) {
            Ok(()) => values.take(
                &at,
                &SaidValue {
                    element: field(0),
                    period: field(1),
                    org_unit: field(2),
                    category: field(3),
                    attribute: field(4),
                    value: field(5),
                    is_deleted: field(6).eq_ignore_ascii_case("true"),
                    updated: field(7),
                },
            ),
            Err(wrong) => values.said.reject(&at, wrong),
        }
        if !rows.next(text, &mut row) {
            return Ok((values.form, values.said));
        }
    }
}

/// The rows behind the header, and its headings.
fn header<'t>(text: &'t str, row: &mut SeparatedRow<'t>) -> Result<(SeparatedRows, Vec<String>), Wrong> {
    for separator in SEPARATORS {
        let mut rows = SeparatedRows::new(separator);
        if rows.next(text, row) && row.columns > 1 && row.broken.is_none() {
            let heading = |at: usize| row.field(at).trim_start_matches('\u{feff}').to_owned();
            return Ok((rows, (0..row.fields.len()).map(heading).collect()));
        }
    }
    Err(Wrong::new(
        Rule::Unreadable,
        "",
        "Dòng đầu không phải là tiêu đề của DHIS2. Ví dụ đúng: dataelement,period,orgunit,…,value.",
        "The first line is no header of DHIS2. A right one: dataelement,period,orgunit,…,value.",
    ))
}

/// A row has the columns of its header. What stands in it is not told: a comment may be about somebody.
fn check(row: &SeparatedRow<'_>, headings: usize) -> Result<(), Wrong> {
    if let Some(broken) = row.broken {
        return Err(Wrong { rule: Rule::Unreadable, stands: String::new(), message: broken.text() });
    }
    if row.columns == headings { Ok(()) } else { Err(other_columns()) }
}

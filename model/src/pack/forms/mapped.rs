//! What other standards name of a form: elements and populations, parts, places.

use std::collections::BTreeMap;

use super::{
    super::{document::Section, draft::Draft},
    sdmx::is_member,
};
use crate::form::{Column, Form, Mapped, PeriodKind, Role};

/// A month that closes on the 14th is none that DHIS2 knows.
pub(super) fn is_of_the_calendar(kind: PeriodKind) -> bool {
    matches!(
        kind,
        PeriodKind::Day
            | PeriodKind::Week
            | PeriodKind::Month
            | PeriodKind::Quarter
            | PeriodKind::HalfYear
            | PeriodKind::Year
    )
}

pub(super) fn is_dimension(form: &Form, column: &str) -> bool {
    form.columns.iter().any(|known: &Column| known.id == column && matches!(known.role, Role::Dimension(_)))
}

/// By their names there, the cells that they are; `key` and an example of it.
pub(super) fn read_mapped(
    id: &str,
    table: &mut Section<'_>,
    (key, example): (&str, &str),
    form: &Form,
) -> BTreeMap<String, Mapped> {
    let mut known: BTreeMap<String, Mapped> = BTreeMap::new();
    let Some(mut inner) = table.section(key, example) else { return known };
    for (line, name) in inner.keys() {
        let Some(mut of) = inner.section(name, "{ indicator = \"visits\" }") else { continue };
        let indicator = of.text("indicator", "\"visits\"");
        if !indicator.is_empty() && !form.indicators.contains_key(&indicator) {
            of.fault(of.line_of("indicator"), format!("{id}: the form has no indicator '{indicator}'"));
        }
        let mut by = Vec::new();
        for (line, column) in of.texts("by") {
            if !is_dimension(form, &column) {
                let message =
                    format!("{id}: 'by': the form has no column '{column}' of the role 'dimension'");
                of.fault(line, message);
            }
            by.push(column);
        }
        let part = of.optional_section("of", "{ sex = \"f\" }");
        let part = part.map(|part| read_members(id, part, form)).unwrap_or_default();
        if let Some(column) = part.keys().find(|column| by.contains(column)) {
            of.fault(of.line, format!("{id}: '{column}' is in 'by' and in 'of'"));
        }
        of.finish();
        let mapped = Mapped { indicator, by, of: part };
        if known.values().any(|other| *other == mapped) {
            inner.fault(line, format!("{id}: two of '{key}' are the same indicator of the same parts"));
        }
        let _ = known.insert(name.to_owned(), mapped);
    }
    inner.finish();
    known
}

pub(super) fn read_members(id: &str, mut table: Section<'_>, form: &Form) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    for (line, column) in table.keys() {
        let member = table.text(column, "\"f\"");
        if !member.is_empty() && !is_member(form, column, &member) {
            table.fault(line, format!("{id}: the form has no column '{column}' with a member '{member}'"));
        }
        let _ = members.insert(column.to_owned(), member);
    }
    table.finish();
    members
}

/// Codes of places by what they are called there.
pub(super) fn read_places(
    id: &str,
    table: &mut Section<'_>,
    (key, example): (&str, &str),
    draft: &Draft,
) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let Some(mut inner) = table.optional_section(key, example) else { return places };
    for (line, name) in inner.keys() {
        let place = inner.text(name, "\"25486\"");
        if !place.is_empty() && !draft.places.iter().any(|known| known.key.code == place) {
            inner.fault(line, format!("{id}: '{key}': '{place}' is not the code of a place of places.csv"));
        }
        let _ = places.insert(name.to_owned(), place);
    }
    inner.finish();
    places
}

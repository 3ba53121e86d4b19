//! What a form is in DHIS2: `[form.dhis2]`.

use std::collections::BTreeMap;

use super::{
    super::{document::Section, draft::Draft},
    sdmx::is_member,
};
use crate::form::{Dhis2, Dhis2Combinations, Dhis2Element, Form, PeriodKind, Role};

const EXAMPLE: &str = "{ elements = { deVisits001 = { indicator = \"visits\" } } }";
/// What the combination that means no option is called, whatever its ids.
const DEFAULT: &str = "default";

pub(super) fn read(id: &str, section: &mut Section<'_>, form: &Form, draft: &Draft) -> Option<Dhis2> {
    let line = section.line_of("dhis2");
    let mut table = section.optional_section("dhis2", EXAMPLE)?;
    if !is_of_the_calendar(form.period) {
        let message = format!(
            "{id}: periods of DHIS2 are those of the calendar: the form's 'period' cannot be '{}'",
            form.period.word()
        );
        table.fault(line, message);
    }
    let texts = |table: &mut Section<'_>, key: &str| -> Vec<String> {
        table.texts(key).into_iter().map(|(_, text)| text).collect()
    };
    let dhis2 = Dhis2 {
        data_sets: texts(&mut table, "data_sets"),
        elements: read_elements(id, &mut table, form),
        org_units: read_org_units(id, &mut table, draft),
        defaults: texts(&mut table, "defaults"),
        category: read_combinations(id, &mut table, "category", form),
        attribute: read_combinations(id, &mut table, "attribute", form),
    };
    table.finish();
    Some(dhis2)
}

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

fn read_elements(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, Dhis2Element> {
    let mut elements: BTreeMap<String, Dhis2Element> = BTreeMap::new();
    let Some(mut inner) = table.section("elements", "{ deVisits001 = { indicator = \"visits\" } }") else {
        return elements;
    };
    for (line, name) in inner.keys() {
        let Some(mut of) = inner.section(name, "{ indicator = \"visits\" }") else { continue };
        let indicator = of.text("indicator", "\"visits\"");
        if !indicator.is_empty() && !form.indicators.contains_key(&indicator) {
            of.fault(of.line_of("indicator"), format!("{id}: the form has no indicator '{indicator}'"));
        }
        let mut by = Vec::new();
        for (line, column) in of.texts("by") {
            let is_dimension =
                |known: &crate::form::Column| known.id == column && matches!(known.role, Role::Dimension(_));
            if !form.columns.iter().any(is_dimension) {
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
        let element = Dhis2Element { indicator, by, of: part };
        if elements.values().any(|other| *other == element) {
            inner.fault(line, format!("{id}: two data elements are the same indicator of the same parts"));
        }
        let _ = elements.insert(name.to_owned(), element);
    }
    inner.finish();
    elements
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

fn read_org_units(id: &str, table: &mut Section<'_>, draft: &Draft) -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    let Some(mut inner) = table.optional_section("org_units", "{ ouTanBien01 = \"25486\" }") else {
        return units;
    };
    for (line, unit) in inner.keys() {
        let place = inner.text(unit, "\"25486\"");
        if !place.is_empty() && !draft.places.iter().any(|known| known.key.code == place) {
            inner.fault(
                line,
                format!("{id}: 'org_units': '{place}' is not the code of a place of places.csv"),
            );
        }
        let _ = units.insert(unit.to_owned(), place);
    }
    inner.finish();
    units
}

fn read_combinations(id: &str, table: &mut Section<'_>, key: &str, form: &Form) -> Dhis2Combinations {
    let mut combinations = Dhis2Combinations::default();
    let example = "{ cocMaleUn15 = { age = \"0-14\", sex = \"m\" } }";
    let Some(mut inner) = table.optional_section(key, example) else { return combinations };
    for (_, name) in inner.keys() {
        let Some(of) = inner.section(name, "{ sex = \"m\" }") else { continue };
        let members = read_members(id, of, form);
        match name {
            DEFAULT => combinations.default = members,
            _ => {
                let _ = combinations.of.insert(name.to_owned(), members);
            }
        }
    }
    inner.finish();
    combinations
}

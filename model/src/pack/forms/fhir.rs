//! What a form is in FHIR: `[form.fhir]`.

use std::collections::BTreeMap;

use super::{
    super::{document::Section, draft::Draft},
    dhis2::{is_of_the_calendar, read_members},
    sdmx::is_member,
};
use crate::form::{Column, Fhir, FhirPopulation, Form, Role};

const EXAMPLE: &str = "{ measures = [\"https://…/Measure/monthly\"], populations = { \"visits/numerator\" = { indicator = \"visits\" } } }";
const POPULATION: &str = "{ \"visits/numerator\" = { indicator = \"visits\" } }";

pub(super) fn read(id: &str, section: &mut Section<'_>, form: &Form, draft: &Draft) -> Option<Fhir> {
    let line = section.line_of("fhir");
    let mut table = section.optional_section("fhir", EXAMPLE)?;
    if !is_of_the_calendar(form.period) {
        let message = format!(
            "{id}: periods of FHIR are looked for in the calendar: the form's 'period' cannot be '{}'",
            form.period.word()
        );
        table.fault(line, message);
    }
    let measures: Vec<String> = table.texts("measures").into_iter().map(|(_, text)| text).collect();
    if measures.is_empty() {
        table
            .fault(line, format!("{id}: 'measures' must name at least one measure by its canonical address"));
    }
    if let Some(measure) = measures.iter().find(|measure| measure.contains('|')) {
        table.fault(line, format!("{id}: 'measures': '{measure}': write the address without its version"));
    }
    let fhir = Fhir {
        measures,
        populations: read_populations(id, &mut table, form),
        stratifiers: read_stratifiers(id, &mut table, form),
        codes: read_codes(id, &mut table, form),
        places: read_places(id, &mut table, draft),
    };
    check_columns(id, &table, &fhir);
    table.finish();
    Some(fhir)
}

fn is_dimension(form: &Form, column: &str) -> bool {
    form.columns.iter().any(|known: &Column| known.id == column && matches!(known.role, Role::Dimension(_)))
}

fn read_populations(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, FhirPopulation> {
    let mut populations: BTreeMap<String, FhirPopulation> = BTreeMap::new();
    let Some(mut inner) = table.section("populations", POPULATION) else { return populations };
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
        let population = FhirPopulation { indicator, by, of: part };
        if populations.values().any(|other| *other == population) {
            inner.fault(line, format!("{id}: two populations are the same indicator of the same parts"));
        }
        let _ = populations.insert(name.to_owned(), population);
    }
    inner.finish();
    populations
}

fn read_stratifiers(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, String> {
    let mut stratifiers = BTreeMap::new();
    let Some(mut inner) = table.optional_section("stratifiers", "{ sex = \"sex\" }") else {
        return stratifiers;
    };
    for (line, code) in inner.keys() {
        let column = inner.text(code, "\"sex\"");
        if !column.is_empty() && !is_dimension(form, &column) {
            let message =
                format!("{id}: 'stratifiers': the form has no column '{column}' of the role 'dimension'");
            inner.fault(line, message);
        }
        let _ = stratifiers.insert(code.to_owned(), column);
    }
    inner.finish();
    stratifiers
}

fn read_codes(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut codes = BTreeMap::new();
    let Some(mut inner) = table.optional_section("codes", "{ sex = { female = \"f\" } }") else {
        return codes;
    };
    for (line, column) in inner.keys() {
        if !is_dimension(form, column) {
            inner.fault(
                line,
                format!("{id}: 'codes': the form has no column '{column}' of the role 'dimension'"),
            );
        }
        let Some(mut of) = inner.section(column, "{ female = \"f\" }") else { continue };
        let mut members = BTreeMap::new();
        for (line, code) in of.keys() {
            let member = of.text(code, "\"f\"");
            if !member.is_empty() && !is_member(form, column, &member) {
                of.fault(line, format!("{id}: column '{column}' has no member '{member}'"));
            }
            let _ = members.insert(code.to_owned(), member);
        }
        of.finish();
        let _ = codes.insert(column.to_owned(), members);
    }
    inner.finish();
    codes
}

fn read_places(id: &str, table: &mut Section<'_>, draft: &Draft) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let Some(mut inner) = table.optional_section("places", "{ \"Location/tan-bien\" = \"25486\" }") else {
        return places;
    };
    for (line, reference) in inner.keys() {
        let place = inner.text(reference, "\"25486\"");
        if !place.is_empty() && !draft.places.iter().any(|known| known.key.code == place) {
            inner.fault(line, format!("{id}: 'places': '{place}' is not the code of a place of places.csv"));
        }
        let _ = places.insert(reference.to_owned(), place);
    }
    inner.finish();
    places
}

/// What a population is broken down by, some stratifier says.
fn check_columns(id: &str, table: &Section<'_>, fhir: &Fhir) {
    let is_said = |column: &&String| fhir.stratifiers.values().any(|said| said == *column);
    let unsaid = fhir.populations.values().flat_map(|one| &one.by).find(|column| !is_said(column));
    if let Some(column) = unsaid {
        table.fault(table.line, format!("{id}: no code of 'stratifiers' is the column '{column}'"));
    }
}

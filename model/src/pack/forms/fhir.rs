//! What a form is in FHIR: `[form.fhir]`.

use std::collections::BTreeMap;

use super::{
    super::{document::Section, draft::Draft},
    mapped::{is_dimension, is_of_the_calendar, read_mapped, read_places},
    sdmx::is_member,
};
use crate::form::{Fhir, Form};

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
        populations: read_mapped(id, &mut table, ("populations", POPULATION), form),
        stratifiers: read_stratifiers(id, &mut table, form),
        codes: read_codes(id, &mut table, form),
        places: read_places(id, &mut table, ("places", "{ \"Location/tan-bien\" = \"25486\" }"), draft),
    };
    check_columns(id, &table, &fhir);
    table.finish();
    Some(fhir)
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

/// What a population is broken down by, some stratifier says.
fn check_columns(id: &str, table: &Section<'_>, fhir: &Fhir) {
    let is_said = |column: &&String| fhir.stratifiers.values().any(|said| said == *column);
    let unsaid = fhir.populations.values().flat_map(|one| &one.by).find(|column| !is_said(column));
    if let Some(column) = unsaid {
        table.fault(table.line, format!("{id}: no code of 'stratifiers' is the column '{column}'"));
    }
}

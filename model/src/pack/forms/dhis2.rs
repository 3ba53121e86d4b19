//! What a form is in DHIS2: `[form.dhis2]`.

use super::{
    super::{document::Section, draft::Draft},
    mapped::{is_of_the_calendar, read_mapped, read_members, read_places},
};
use crate::form::{Dhis2, Dhis2Combinations, Form};

const EXAMPLE: &str = "{ elements = { deVisits001 = { indicator = \"visits\" } } }";
const ELEMENT: &str = "{ deVisits001 = { indicator = \"visits\" } }";
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
        elements: read_mapped(id, &mut table, ("elements", ELEMENT), form),
        org_units: read_places(id, &mut table, ("org_units", "{ ouTanBien01 = \"25486\" }"), draft),
        defaults: texts(&mut table, "defaults"),
        category: read_combinations(id, &mut table, "category", form),
        attribute: read_combinations(id, &mut table, "attribute", form),
    };
    table.finish();
    Some(dhis2)
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

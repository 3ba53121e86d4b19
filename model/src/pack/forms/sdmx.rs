//! What a form is in SDMX: `[form.sdmx]`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{document::Section, draft::Draft};
use crate::form::{Form, Of, Role, Sdmx, SdmxUnit};

const EXAMPLE: &str = "{ structure = \"TN:NSNN\", area = \"REF_AREA\", indicator = \"INDICATOR\" }";
/// Attributes that are read by these names.
const READ: [&str; 4] = ["UNIT_MULT", "UNIT_MEASURE", "OBS_STATUS", "CONF_STATUS"];
/// Powers of ten that a unit can be of another.
const POWERS: std::ops::RangeInclusive<i64> = -15..=15;

pub(super) fn read(id: &str, section: &mut Section<'_>, form: &Form, draft: &Draft) -> Option<Sdmx> {
    let mut table = section.optional_section("sdmx", EXAMPLE)?;
    let mut sdmx = Sdmx {
        structure: read_structure(id, &mut table, draft),
        area: read_area(id, &mut table, draft),
        indicator: read_indicator(id, &mut table, form),
        time: table.optional_text("time").unwrap_or_else(|| "TIME_PERIOD".to_owned()),
        measure: table.optional_text("measure").unwrap_or_else(|| "OBS_VALUE".to_owned()),
        dimensions: read_dimensions(id, &mut table, form),
        fixed: texts_by_key(&mut table, "fixed", "{ FREQ = \"M\" }"),
        codes: BTreeMap::new(),
        whole: vec!["_T".to_owned()],
        ignored: table.texts("ignored").into_iter().map(|(_, name)| name).collect(),
        units: read_units(id, &mut table, form),
    };
    if table.has("whole") {
        sdmx.whole = table.texts("whole").into_iter().map(|(_, code)| code).collect();
    }
    sdmx.codes = read_codes(id, &mut table, form, &sdmx, draft);
    check_names(id, &table, &sdmx);
    table.finish();
    Some(sdmx)
}

fn read_structure(id: &str, table: &mut Section<'_>, draft: &Draft) -> String {
    let structure = table.text("structure", "\"TN:NSNN\"");
    let line = table.line_of("structure");
    if !structure.is_empty() && (!structure.contains(':') || structure.contains(['(', ' '])) {
        let message =
            format!("{id}: 'structure' is an agency and an id without a version, such as \"TN:NSNN\"");
        table.fault(line, message);
    }
    let is_same = |form: &&Form| form.sdmx.as_ref().is_some_and(|other| other.structure == structure);
    if let Some(other) = draft.forms.values().find(is_same) {
        table.fault(line, format!("{id}: structure '{structure}' is that of form '{}'", other.id));
    }
    structure
}

fn read_area(id: &str, table: &mut Section<'_>, draft: &Draft) -> Of {
    let line = table.line_of("place");
    match (table.optional_text("area"), table.optional_text("place")) {
        (Some(dimension), None) => Of::Dimension(dimension),
        (None, Some(place)) => {
            if !draft.places.iter().any(|known| known.key.code == place) {
                table.fault(
                    line,
                    format!("{id}: 'place': '{place}' is not the code of a place of places.csv"),
                );
            }
            Of::Always(place)
        }
        _ => {
            let message = format!(
                "{id}: 'sdmx' says where the place stands, by 'area', or which place it is always about, by 'place'"
            );
            table.fault(table.line, message);
            Of::default()
        }
    }
}

fn read_indicator(id: &str, table: &mut Section<'_>, form: &Form) -> Of {
    if let Some(dimension) = table.optional_text("indicator") {
        return Of::Dimension(dimension);
    }
    let mut all = form.indicators.keys();
    match (all.next(), all.next()) {
        (Some(only), None) => Of::Always(only.clone()),
        _ => {
            let message =
                format!("{id}: 'sdmx': the form has several indicators: name the dimension by 'indicator'");
            table.fault(table.line, message);
            Of::default()
        }
    }
}

/// The texts of a table that may be missing, by key.
fn texts_by_key(table: &mut Section<'_>, key: &str, example: &str) -> BTreeMap<String, String> {
    let Some(mut inner) = table.optional_section(key, example) else { return BTreeMap::new() };
    let texts = inner.keys().into_iter().map(|(_, name)| (name.to_owned(), inner.text(name, "\"…\"")));
    let texts = texts.collect();
    inner.finish();
    texts
}

fn dimension_columns(form: &Form) -> impl Iterator<Item = (&str, bool)> {
    let columns = form.columns.iter().filter(|column| matches!(column.role, Role::Dimension(_)));
    columns.map(|column| (column.id.as_str(), column.required))
}

fn read_dimensions(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, String> {
    let line = table.line_of("dimensions");
    let dimensions = texts_by_key(table, "dimensions", "{ SEX = \"sex\" }");
    for column in dimensions.values().filter(|column| !column.is_empty()) {
        if !dimension_columns(form).any(|(known, _)| known == column) {
            let message =
                format!("{id}: 'dimensions': the form has no column '{column}' of the role 'dimension'");
            table.fault(line, message);
        }
        if dimensions.values().filter(|other| *other == column).count() > 1 {
            table.fault(line, format!("{id}: 'dimensions': two are the column '{column}'"));
        }
    }
    let lacks =
        |(column, required): &(&str, bool)| *required && !dimensions.values().any(|known| known == column);
    if let Some((column, _)) = dimension_columns(form).find(lacks) {
        table.fault(
            table.line,
            format!("{id}: 'sdmx': no dimension is the column '{column}', which every row must have"),
        );
    }
    dimensions
}

fn read_units(id: &str, table: &mut Section<'_>, form: &Form) -> BTreeMap<String, SdmxUnit> {
    let mut units = BTreeMap::new();
    let example = "{ \"tỷ đồng\" = { measure = \"VND\", power = 9 } }";
    let Some(mut inner) = table.optional_section("units", example) else { return units };
    for (line, unit) in inner.keys() {
        if !form.indicators.values().any(|indicator| indicator.unit == unit) {
            inner.fault(line, format!("{id}: 'units': no indicator of the form is in '{unit}'"));
        }
        let Some(mut of) = inner.section(unit, "{ measure = \"VND\", power = 9 }") else { continue };
        let measure = of.text("measure", "\"VND\"");
        let power = of.optional_integer("power", *POWERS.start(), *POWERS.end()).unwrap_or_default();
        of.finish();
        let power = i32::try_from(power).unwrap_or_default();
        let _ = units.insert(unit.to_owned(), SdmxUnit { measure, power });
    }
    inner.finish();
    units
}

fn read_codes(
    id: &str,
    table: &mut Section<'_>,
    form: &Form,
    sdmx: &Sdmx,
    draft: &Draft,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut codes = BTreeMap::new();
    let Some(mut inner) = table.optional_section("codes", "{ SEX = { F = \"f\" } }") else { return codes };
    for (line, component) in inner.keys() {
        let of = texts_by_key(&mut inner, component, "{ F = \"f\" }");
        for meant in of.values().filter(|meant| !meant.is_empty()) {
            let is_known = match () {
                () if is(&sdmx.area, component) => draft.places.iter().any(|place| place.key.code == *meant),
                () if is(&sdmx.indicator, component) => form.indicators.contains_key(meant),
                () => sdmx.dimensions.get(component).is_some_and(|column| is_member(form, column, meant)),
            };
            if !is_known {
                let message = format!(
                    "{id}: 'codes': '{component}' cannot mean '{meant}': it is the code of a place, an indicator of the form \
                     or a member of one of its dimensions"
                );
                inner.fault(line, message);
            }
        }
        let _ = codes.insert(component.to_owned(), of);
    }
    inner.finish();
    codes
}

fn is(of: &Of, component: &str) -> bool {
    matches!(of, Of::Dimension(dimension) if dimension == component)
}

/// Whether a column of the form has a member of that identifier.
pub(super) fn is_member(form: &Form, column: &str, member: &str) -> bool {
    form.columns.iter().any(|known| match &known.role {
        Role::Dimension(members) => known.id == column && members.iter().any(|known| known.id == member),
        _ => false,
    })
}

/// A component is one thing.
fn check_names(id: &str, table: &Section<'_>, sdmx: &Sdmx) {
    let dimension = |of: &Of| match of {
        Of::Dimension(name) => Some(name.clone()),
        Of::Always(_) => None,
    };
    let own = [
        dimension(&sdmx.area),
        dimension(&sdmx.indicator),
        Some(sdmx.time.clone()),
        Some(sdmx.measure.clone()),
    ];
    let keys = sdmx.dimensions.keys().chain(sdmx.fixed.keys()).chain(&sdmx.ignored).cloned();
    let mut known: BTreeSet<String> = READ.iter().map(|name| (*name).to_owned()).collect();
    for name in own.into_iter().flatten().chain(keys) {
        if !known.insert(name.clone()) {
            table.fault(table.line, format!("{id}: 'sdmx': '{name}' is named twice"));
        }
    }
}

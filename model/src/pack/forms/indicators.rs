//! What is reported in a form.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    super::{document::Section, draft::Draft},
    IGNORED, read_owner,
};
use crate::form::{CountedRows, FormIndicator};

/// Nothing is shown with more decimal places, and no value has more.
const DECIMALS_MAX: i64 = 9;
/// Nothing is counted by days that lie further apart.
const DAYS_MAX: i64 = 3_660;
/// Who keeps back more hides his statistics.
const SUPPRESS_MAX: i64 = 100;

/// Every table below `indicators` is one; its name is the identifier. With them the identifiers as they are written.
pub(super) fn read(
    id: &str,
    section: &mut Section<'_>,
    draft: &Draft,
) -> (BTreeMap<String, FormIndicator>, Vec<String>) {
    let mut indicators: BTreeMap<String, FormIndicator> = BTreeMap::new();
    let example = "{ X01 = { name = { vi = \"…\", en = \"…\" }, unit = \"…\" } }";
    let Some(mut table) = section.section("indicators", example) else { return (indicators, Vec::new()) };
    let mut ratios = Vec::new();
    let mut keys = table.keys();
    keys.sort_by_key(|(line, _)| *line);
    let written = keys.iter().map(|(_, indicator)| (*indicator).to_owned()).collect();
    for (line, indicator) in keys {
        let Some(one) = table.section(indicator, "{ name = { vi = \"…\", en = \"…\" }, unit = \"…\" }")
        else {
            continue;
        };
        if !is_word(indicator) || indicator == IGNORED {
            let message = format!(
                "{id}: indicator '{indicator}': an identifier begins with a letter and goes on with letters, digits and \
                 '_', at most 64, and is not '{IGNORED}'"
            );
            one.fault(line, message);
        }
        let (line_of_ratio, read) = read_one(id, indicator, one, draft);
        if let Some(parts) = &read.ratio {
            ratios.push((line_of_ratio, parts.clone()));
        }
        let names = |one: &FormIndicator| [one.id.clone(), one.code.clone()];
        let same = |other: &&FormIndicator| names(other).iter().any(|name| names(&read).contains(name));
        if let Some(other) = indicators.values().find(same) {
            let message = format!("{id}: '{}' and '{}' have the same code", other.id, read.id);
            table.fault(line, message);
        }
        let _ = indicators.insert(indicator.to_owned(), read);
    }
    for (line, (numerator, denominator)) in ratios {
        for part in [numerator, denominator] {
            if !indicators.contains_key(&part) {
                table.fault(line, format!("{id}: 'ratio': the form has no indicator '{part}'"));
            }
        }
    }
    if indicators.is_empty() {
        table.fault(table.line, format!("{id}: a form has at least one indicator"));
    }
    table.finish();
    (indicators, written)
}

/// Whether a check can name it.
fn is_word(indicator: &str) -> bool {
    let mut characters = indicator.chars();
    indicator.len() <= 64
        && characters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// The indicator, and the line of its ratio.
fn read_one(id: &str, indicator: &str, mut table: Section<'_>, draft: &Draft) -> (usize, FormIndicator) {
    let name = table.both_languages("name");
    let unit = table.text("unit", "\"hồ sơ\"");
    let units = read_units(id, &unit, &mut table);
    let (mut least, mut most) = (table.optional_decimal("least"), table.optional_decimal("most"));
    if let Some(range) = table.optional_decimals("range", "two numbers such as [0, 100]") {
        if least.is_some() || most.is_some() {
            let message = format!("{id}: {indicator}: 'range' is 'least' and 'most' at once");
            table.fault(table.line_of("range"), message);
        }
        (least, most) = (Some(range.0), Some(range.1));
    }
    if let (Some(least), Some(most)) = (least, most)
        && least >= most
    {
        let key = if table.has("range") { "range" } else { "most" };
        let message = format!("{id}: {indicator}: the most must be greater than the least");
        table.fault(table.line_of(key), message);
    }
    let line = table.line_of("ratio");
    let ratio = match (table.has("ratio"), table.texts("ratio")) {
        (false, _) => None,
        (true, parts) => match <[(usize, String); 2]>::try_from(parts) {
            Ok([(_, numerator), (_, denominator)]) => Some((numerator, denominator)),
            Err(_) => {
                table.fault(
                    line,
                    format!("{id}: {indicator}: 'ratio' must be two indicators, such as [\"X02\", \"X01\"]"),
                );
                None
            }
        },
    };
    let additive = match table.has("additive") {
        true => table.flag("additive"),
        false => ratio.is_none(),
    };
    if additive && ratio.is_some() {
        let message = format!("{id}: {indicator}: a ratio is made of its parts and not added up");
        table.fault(table.line_of("additive"), message);
    }
    let decimals =
        table.optional_integer("decimals", 0, DECIMALS_MAX).and_then(|number| u8::try_from(number).ok());
    let read = FormIndicator {
        id: indicator.to_owned(),
        code: table.optional_text("code").unwrap_or_else(|| indicator.to_owned()),
        name,
        unit,
        units,
        percent: table.flag("percent"),
        whole: table.flag("whole"),
        least,
        most,
        decimals: decimals.unwrap_or_default(),
        suppress_below: read_suppress_below(&mut table),
        required: table.flag("required"),
        additive,
        ratio,
        owner: read_owner(id, &mut table, draft),
        counts: read_counts(id, indicator, &mut table),
    };
    table.finish();
    (line, read)
}

/// Of numbers of persons: smaller ones are kept back.
fn read_suppress_below(table: &mut Section<'_>) -> Option<u32> {
    let below = table.optional_integer("suppress_below", 2, SUPPRESS_MAX)?;
    u32::try_from(below).ok()
}

/// Which rows it is the number of.
fn read_counts(id: &str, indicator: &str, table: &mut Section<'_>) -> Option<CountedRows> {
    if !table.has("counts") {
        return None;
    }
    const RIGHT: &str = "{ rows = true }, or { from = \"diagnosed\", to = \"reported\", within_days = 1 }";
    let mut section = table.optional_section("counts", RIGHT)?;
    let line = section.line;
    let all = section.flag("rows");
    let columns = (section.optional_text("from"), section.optional_text("to"));
    let days = section.optional_integer("within_days", 0, DAYS_MAX).and_then(|days| u16::try_from(days).ok());
    section.finish();
    match (all, columns, days) {
        (true, (None, None), None) => Some(CountedRows { within: None }),
        (false, (Some(from), Some(to)), Some(days)) => Some(CountedRows { within: Some((from, to, days)) }),
        _ => {
            table.fault(line, format!("{id}: {indicator}: 'counts' must be {RIGHT}"));
            Some(CountedRows::default())
        }
    }
}

/// Factors from other units; the unit itself is not among them.
fn read_units(id: &str, unit: &str, table: &mut Section<'_>) -> BTreeMap<String, Decimal> {
    let mut units: BTreeMap<String, Decimal> = BTreeMap::new();
    let Some(mut others) = table.optional_section("units", "{ \"nghìn hồ sơ\" = 1000 }") else {
        return units;
    };
    for (line, other) in others.keys() {
        let factor = others.optional_decimal(other).unwrap_or(Decimal::ONE);
        if factor <= Decimal::ZERO {
            others.fault(line, format!("{id}: the factor of unit '{other}' must be greater than 0"));
        }
        let written = |unit: &str| unit.trim().to_lowercase();
        if units.keys().chain([&unit.to_owned()]).any(|known| written(known) == written(other)) {
            others.fault(line, format!("{id}: unit '{other}' is told twice (case does not count)"));
        }
        let _ = units.insert(other.to_owned(), factor);
    }
    others.finish();
    units
}

//! `indicators.toml`: what is measured, in which unit, under which symbols.

use std::collections::BTreeMap;

use super::{
    Indicator,
    document::{Document, Section},
    draft::{Draft, is_identifier},
    spelling::Spelling,
};
use crate::window::{Spike, WindowKind};

/// What loggers and converters send where they have no value, unless the pack says otherwise: their own codes, and the
/// ends of the whole numbers they count in.
const NO_VALUE: [f64; 10] =
    [-9999.0, -999.9, -999.0, 999.9, 9999.0, 9999.9, 99_999.0, -32_768.0, 32_767.0, 65_535.0];

/// Every table of the file is an indicator; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ symbol = \"PM10\", … }") else { continue };
        draft.say("indicator", id, &section);
        if !is_identifier(id, '_') {
            let message = format!(
                "indicator '{id}': an identifier is of lower-case letters, digits and '_', at most 64"
            );
            section.fault(line, message);
        }
        let indicator = read_one(id, section, draft);
        let _ = draft.indicators.insert(id.to_owned(), indicator);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &mut Draft) -> Indicator {
    let symbol = section.text("symbol", "\"PM10\"");
    let name = section.both_languages("name");
    let unit = section.text("unit", "\"ug/m3\"");
    let units = read_units(id, &unit, &mut section);
    let aliases = section.texts("aliases");
    let symbol_line = section.line_of("symbol");
    let id_line = section.line;
    let spellings = [(id_line, id.to_owned()), (symbol_line, symbol.clone())];
    for (line, spelling) in spellings.into_iter().chain(aliases.iter().cloned()) {
        claim_symbol(id, line, &spelling, &section, draft);
    }
    let range = (section.optional_number("min"), section.optional_number("max"));
    if let (Some(min), Some(max)) = range
        && min >= max
    {
        section.fault(section.line_of("max"), format!("{id}: 'max' must be greater than 'min'"));
    }
    let no_value = section.optional_numbers("no_value").unwrap_or_else(|| NO_VALUE.to_vec());
    let spike = read_spike(id, &mut section);
    let decimals = section.optional_integer("decimals", 0, 9).unwrap_or(1);
    let windows = read_windows(id, &mut section);
    section.finish();
    Indicator {
        id: id.to_owned(),
        symbol,
        name,
        unit,
        units,
        aliases: aliases.into_iter().map(|(_, alias)| alias).collect(),
        range,
        no_value,
        spike,
        decimals: u8::try_from(decimals).unwrap_or(0),
        windows,
    }
}

fn read_spike(id: &str, section: &mut Section<'_>) -> Option<Spike> {
    let mut table = section.optional_section("spike", "{ times = 20, above = 200 }")?;
    let line = table.line;
    let spike = Spike {
        times: table.optional_number("times").unwrap_or_default(),
        above: table.optional_number("above").unwrap_or_default(),
    };
    if spike.times <= 1.0 || spike.above <= 0.0 {
        table.fault(line, format!("{id}: 'spike' needs 'times' above 1 and 'above' above 0"));
    }
    table.finish();
    Some(spike)
}

fn read_units(id: &str, unit: &str, section: &mut Section<'_>) -> BTreeMap<String, f64> {
    let mut units = BTreeMap::from([(unit.to_owned(), 1.0)]);
    let mut spellings = BTreeMap::new();
    if let Some(spelling) = Spelling::of_unit(unit) {
        let _ = spellings.insert(spelling, unit.to_owned());
    } else if !unit.is_empty() {
        let message = format!("{id}: 'unit' is longer than {} bytes", Spelling::CAPACITY);
        section.fault(section.line_of("unit"), message);
    }
    let Some(mut others) = section.optional_section("units", "{ \"mg/m3\" = 1000 }") else { return units };
    for (line, other) in others.keys() {
        let factor = others.optional_number(other).unwrap_or(1.0);
        if factor == 0.0 {
            others.fault(line, format!("{id}: the factor of unit '{other}' must not be 0"));
        }
        let Some(spelling) = Spelling::of_unit(other) else {
            others.fault(
                line,
                format!("{id}: unit '{other}' is empty or longer than {} bytes", Spelling::CAPACITY),
            );
            continue;
        };
        if let Some(same) = spellings.insert(spelling, other.to_owned()) {
            let message = format!("{id}: unit '{other}' is the same as '{same}', written differently");
            others.fault(line, message);
        }
        let _ = units.insert(other.to_owned(), factor);
    }
    units
}

fn claim_symbol(id: &str, line: usize, symbol: &str, section: &Section<'_>, draft: &mut Draft) {
    if symbol.is_empty() {
        return;
    }
    let Some(spelling) = Spelling::of_symbol(symbol) else {
        section.fault(line, format!("{id}: symbol '{symbol}' is longer than {} bytes", Spelling::CAPACITY));
        return;
    };
    if let Some(other) = draft.symbols.insert(spelling, id.to_owned())
        && other != id
    {
        let message =
            format!("{id}: symbol '{symbol}' already means indicator '{other}' (case does not count)");
        section.fault(line, message);
    }
}

pub(super) fn read_windows(id: &str, section: &mut Section<'_>) -> Vec<WindowKind> {
    let mut windows = Vec::new();
    for (line, word) in section.texts("windows") {
        let Some(kind) = WindowKind::ALL.into_iter().find(|kind| kind.word() == word) else {
            let known: Vec<&str> = WindowKind::ALL.into_iter().map(WindowKind::word).collect();
            section.fault(line, format!("{id}: '{word}' is not a window (there are: {})", known.join(", ")));
            continue;
        };
        if windows.contains(&kind) {
            section.fault(line, format!("{id}: window '{word}' is named twice"));
        } else {
            windows.push(kind);
        }
    }
    windows.sort();
    windows
}

//! `indicators.toml`: what is measured, in which unit, under which symbols.

use std::collections::BTreeMap;

use super::{
    Indicator,
    document::{Document, Section},
    draft::{Draft, is_identifier},
    spelling::Spelling,
};
use crate::{
    counter::CounterRule,
    time::Millis,
    window::{Spike, WindowKind},
};

/// What loggers and converters send where they have no value, unless the pack says otherwise: their own codes, and the
/// ends of the whole numbers they count in.
const NO_VALUE: [f64; 10] =
    [-9999.0, -999.9, -999.0, 999.9, 9999.0, 9999.9, 99_999.0, -32_768.0, 32_767.0, 65_535.0];

/// What is apart for longer is no hiccup.
const LONGEST_HICCUP: Millis = Millis::hours(1);

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
    check_additions(&mut root, draft);
}

/// Additions are of a counter of the pack, and each counter has one indicator that is its additions.
fn check_additions(root: &mut Section<'_>, draft: &Draft) {
    let mut claimed: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, indicator) in &draft.indicators {
        let Some(counter) = &indicator.increase_of else { continue };
        let line = root.line_of(id);
        match draft.indicators.get(counter) {
            None => {
                root.fault(line, format!("{id}: 'increase_of' names '{counter}', which is not an indicator"))
            }
            Some(of) if of.counter.is_none() => {
                let message = format!("{id}: 'increase_of' names '{counter}', which has no 'counter'");
                root.fault(line, message);
            }
            Some(of) if of.unit != indicator.unit => {
                let message = format!("{id}: it is counted in '{}', like '{counter}'", of.unit);
                root.fault(line, message);
            }
            Some(_) => {}
        }
        if let Some(other) = claimed.insert(counter, id) {
            root.fault(line, format!("{id}: '{other}' is what '{counter}' adds already"));
        }
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
    let counter = read_counter(id, &mut section);
    let increase_of = section.optional_text("increase_of");
    // A counter goes by all of those numbers.
    let stand_in = || if counter.is_some() { Vec::new() } else { NO_VALUE.to_vec() };
    let no_value = section.optional_numbers("no_value").unwrap_or_else(stand_in);
    let spike = read_spike(id, &mut section);
    let decimals = section.optional_integer("decimals", 0, 9).unwrap_or(1);
    let windows = read_windows(id, &mut section);
    let windows_line = section.line_of("windows");
    if counter.is_some() && !windows.is_empty() {
        let message = format!(
            "{id}: a mean of counts says nothing: a counter has no windows, and the indicator that is its 'increase_of' has"
        );
        section.fault(windows_line, message);
    }
    if increase_of.is_some() {
        if windows.contains(&WindowKind::Minute) {
            let message = format!("{id}: what a counter adds is told by hours and days, not by minutes");
            section.fault(windows_line, message);
        }
        if counter.is_some() || spike.is_some() {
            section.fault(id_line, format!("{id}: what a counter adds has no 'counter' and no 'spike'"));
        }
    }
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
        counter,
        increase_of,
    }
}

fn read_counter(id: &str, section: &mut Section<'_>) -> Option<CounterRule> {
    let mut table = section.optional_section("counter", "{ hiccup = \"1m\", taken_back = 1 }")?;
    let line = table.line;
    let plain = CounterRule::plain();
    let rule = CounterRule {
        hiccup: table.optional_duration("hiccup").unwrap_or(plain.hiccup),
        taken_back: table.optional_number("taken_back").unwrap_or_default(),
        most_per_minute: table.optional_number("most_per_minute"),
        wraps_at: table.optional_number("wraps_at"),
        gap: table.optional_duration("gap"),
    };
    if rule.hiccup > LONGEST_HICCUP {
        table.fault(
            line,
            format!("{id}: 'hiccup' is an hour at most: what is apart for longer has begun anew"),
        );
    }
    if rule.taken_back < 0.0 {
        table.fault(line, format!("{id}: 'taken_back' must not be below 0"));
    }
    if [rule.most_per_minute, rule.wraps_at].into_iter().flatten().any(|number| number <= 0.0) {
        table.fault(line, format!("{id}: 'most_per_minute' and 'wraps_at' must be above 0"));
    }
    if rule.wraps_at.is_some() && rule.most_per_minute.is_none() {
        let message = format!(
            "{id}: 'wraps_at' needs 'most_per_minute': without it a counter that wrapped looks like one that began anew"
        );
        table.fault(line, message);
    }
    table.finish();
    Some(rule)
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

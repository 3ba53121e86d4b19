//! `stations.toml`: where something is measured.

use std::collections::BTreeMap;

use super::{
    Station, StationKind,
    document::{Document, Section},
    draft::Draft,
    places::{is_valid_point, periods_overlap},
    spelling::Spelling,
};
use crate::{
    contract::is_subject,
    place::{Date, PlaceKey},
    time::Millis,
};

/// The longest name of a device. Bytes.
const LONGEST_DEVICE: usize = 256;
/// A double has no more behind the point that mean something.
const MOST_DECIMALS: i64 = 9;

/// Every table of the file is a station; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ kind = \"ambient_air\", … }") else { continue };
        draft.say("station", id, &section);
        if !is_subject(id) {
            let message = format!(
                "station '{id}': an identifier is of 1 to 64 letters A-Z a-z, digits, '.', '_', ':', '-'"
            );
            section.fault(line, message);
        }
        let station = read_one(id, section, draft);
        let _ = draft.stations.insert(id.to_owned(), station);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &mut Draft) -> Station {
    let name = section.both_languages("name");
    let kind = read_kind(id, &mut section);
    let valid_from = section.date("valid_from");
    let valid_to = section.optional_date("valid_to");
    if valid_to.is_some_and(|end| end < valid_from) {
        section.fault(section.line_of("valid_to"), format!("{id}: 'valid_to' lies before 'valid_from'"));
    }
    let place = read_place(id, &mut section, (valid_from, valid_to), draft);
    let point = section.optional_pair("point", "[longitude, latitude] in degrees, such as [106.10, 11.31]");
    if point.is_some_and(|point| !is_valid_point(point)) {
        let message = format!("{id}: 'point' is [longitude, latitude], within ±180 and ±90 degrees");
        section.fault(section.line_of("point"), message);
    }
    let measures = read_measures(id, &mut section, draft);
    let file_codes = section.texts("file_codes");
    for (line, code) in &file_codes {
        claim_file_code(id, *line, code, &section, draft);
    }
    let symbols = read_symbols(id, &mut section, &measures);
    let devices = read_devices(id, &mut section, draft);
    let ignored = read_ignored(id, &mut section, &symbols);
    let decimals = read_decimals(id, &mut section, &measures);
    let no_value = read_no_value(id, &mut section, draft);
    let late_after = section.optional_duration("late_after");
    let silent_after = section.optional_duration("silent_after");
    if let (Some(late), Some(silent)) = (late_after, silent_after)
        && silent < late
    {
        let message = format!("{id}: 'silent_after' must not be shorter than 'late_after'");
        section.fault(section.line_of("silent_after"), message);
    }
    section.finish();
    Station {
        id: id.to_owned(),
        name,
        kind,
        place,
        point,
        valid_from,
        valid_to,
        measures,
        file_codes: file_codes.into_iter().map(|(_, code)| code).collect(),
        devices,
        symbols,
        ignored,
        decimals,
        no_value,
        late_after,
        silent_after,
    }
}

/// Its model's and its own.
fn read_no_value(id: &str, section: &mut Section<'_>, draft: &Draft) -> Vec<f64> {
    let mut no_value = section.optional_numbers("no_value").unwrap_or_default();
    let Some(model) = section.optional_text("model") else { return no_value };
    match draft.models.get(&model) {
        Some(of_model) => no_value.extend(of_model),
        None => {
            let known: Vec<&str> = draft.models.keys().map(String::as_str).collect();
            let message = format!("{id}: models.toml has no model '{model}' (it has: {})", known.join(", "));
            section.fault(section.line_of("model"), message);
        }
    }
    no_value
}

fn read_kind(id: &str, section: &mut Section<'_>) -> StationKind {
    let word = section.text("kind", "\"ambient_air\"");
    match StationKind::from_word(&word) {
        Some(kind) => kind,
        None => {
            if !word.is_empty() {
                let known: Vec<&str> = StationKind::ALL.into_iter().map(StationKind::word).collect();
                let message =
                    format!("{id}: '{word}' is not a kind of station (there are: {})", known.join(", "));
                section.fault(section.line_of("kind"), message);
            }
            StationKind::AmbientAir
        }
    }
}

/// A station may outlive the unit it stands in; it may not stand in one it never met.
fn read_place(
    id: &str,
    section: &mut Section<'_>,
    (valid_from, valid_to): (Date, Option<Date>),
    draft: &Draft,
) -> PlaceKey {
    let mut key = PlaceKey { code: String::new(), valid_from: Date::default() };
    let Some(mut table) = section.section("place", "{ code = \"25459\", valid_from = 2025-07-01 }") else {
        return key;
    };
    key.code = table.text("code", "\"25459\"");
    key.valid_from = table.date("valid_from");
    let line = table.line;
    let complete = table.has("code") && table.has("valid_from");
    table.finish();
    if !complete {
        return key;
    }
    let Some(place) = draft.places.iter().find(|place| place.key == key) else {
        let versions: Vec<String> = draft
            .places
            .iter()
            .filter(|place| place.key.code == key.code)
            .map(|place| format!("{} ({})", place.key.valid_from, place.name.vi))
            .collect();
        let hint = if versions.is_empty() {
            "no place has this code".to_owned()
        } else {
            format!("this code is valid from: {}", versions.join(", "))
        };
        let message =
            format!("{id}: places.csv has no place {} valid from {}; {hint}", key.code, key.valid_from);
        section.fault(line, message);
        return key;
    };
    if !periods_overlap((valid_from, valid_to), (place.key.valid_from, place.valid_to)) {
        let message =
            format!("{id}: the station and its place {} are never valid at the same time", key.code);
        section.fault(line, message);
    }
    key
}

fn read_measures(id: &str, section: &mut Section<'_>, draft: &Draft) -> BTreeMap<String, Millis> {
    let mut measures = BTreeMap::new();
    let Some(mut table) = section.section("measures", "{ pm10 = \"5m\" }") else { return measures };
    for (line, indicator) in table.keys() {
        let every = table.duration(indicator);
        if !draft.indicators.contains_key(indicator) {
            table.fault(line, format!("{id}: measures '{indicator}', which is not an indicator of the pack"));
        }
        if every.is_some_and(|every| every <= Millis(0)) {
            table.fault(line, format!("{id}: '{indicator}' must be expected at an interval longer than 0"));
        }
        let _ = measures.insert(indicator.to_owned(), every.unwrap_or_default());
    }
    if measures.is_empty() {
        section.fault(table.line, format!("{id}: a station measures at least one indicator"));
    }
    measures
}

fn claim_file_code(id: &str, line: usize, code: &str, section: &Section<'_>, draft: &mut Draft) {
    let Some(spelling) = Spelling::of_symbol(code) else {
        section.fault(line, format!("{id}: file code '{code}' is longer than {} bytes", Spelling::CAPACITY));
        return;
    };
    if code.contains(['/', '\\']) {
        section.fault(line, format!("{id}: file code '{code}' is the part of a file name before the time"));
    }
    if let Some(other) = draft.file_codes.insert(spelling, id.to_owned()) {
        section.fault(line, format!("{id}: file code '{code}' already means station '{other}'"));
    }
}

fn read_symbols(
    id: &str,
    section: &mut Section<'_>,
    measures: &BTreeMap<String, Millis>,
) -> BTreeMap<String, String> {
    let mut symbols = BTreeMap::new();
    let mut spellings = BTreeMap::new();
    let Some(mut table) = section.optional_section("symbols", "{ \"Bui\" = \"tsp\" }") else {
        return symbols;
    };
    for (line, symbol) in table.keys() {
        let indicator = table.text(symbol, "\"tsp\"");
        if !indicator.is_empty() && !measures.contains_key(&indicator) {
            let message =
                format!("{id}: symbol '{symbol}' means '{indicator}', which the station does not measure");
            table.fault(line, message);
        }
        match Spelling::of_symbol(symbol) {
            None => table.fault(line, format!("{id}: symbol '{symbol}' is empty or too long")),
            Some(spelling) => {
                if spellings.insert(spelling, symbol).is_some() {
                    table
                        .fault(line, format!("{id}: symbol '{symbol}' is there twice (case does not count)"));
                }
            }
        }
        let _ = symbols.insert(symbol.to_owned(), indicator);
    }
    symbols
}

/// A device is one station's: what it says would be counted twice else.
fn read_devices(id: &str, section: &mut Section<'_>, draft: &mut Draft) -> Vec<String> {
    let named = section.texts("devices");
    for (line, device) in &named {
        if device.len() > LONGEST_DEVICE || device.trim() != device {
            let message = format!(
                "{id}: device '{device}' is its name as messages write it, at most {LONGEST_DEVICE} bytes, without blanks \
                 at its ends"
            );
            section.fault(*line, message);
        }
        if let Some(other) = draft.devices.insert(device.clone(), id.to_owned()) {
            section.fault(*line, format!("{id}: device '{device}' is already one of station '{other}'"));
        }
    }
    named.into_iter().map(|(_, device)| device).collect()
}

/// What is no reading cannot be one as well.
fn read_ignored(id: &str, section: &mut Section<'_>, symbols: &BTreeMap<String, String>) -> Vec<String> {
    let spelled: Vec<_> = symbols.keys().filter_map(|symbol| Spelling::of_symbol(symbol)).collect();
    let named = section.texts("ignored");
    for (line, symbol) in &named {
        match Spelling::of_symbol(symbol) {
            None => section.fault(*line, format!("{id}: symbol '{symbol}' is empty or too long")),
            Some(spelling) if spelled.contains(&spelling) => {
                section.fault(*line, format!("{id}: symbol '{symbol}' is 'ignored' and means an indicator"));
            }
            Some(_) => {}
        }
    }
    named.into_iter().map(|(_, symbol)| symbol).collect()
}

fn read_decimals(
    id: &str,
    section: &mut Section<'_>,
    measures: &BTreeMap<String, Millis>,
) -> BTreeMap<String, u8> {
    let mut decimals = BTreeMap::new();
    let Some(mut table) = section.optional_section("decimals", "{ ph = 2 }") else { return decimals };
    for (line, indicator) in table.keys() {
        if !measures.contains_key(indicator) {
            table.fault(
                line,
                format!("{id}: 'decimals' of '{indicator}', which the station does not measure"),
            );
        }
        if let Some(places) = table.optional_integer(indicator, 0, MOST_DECIMALS) {
            let _ = decimals.insert(indicator.to_owned(), u8::try_from(places).unwrap_or_default());
        }
    }
    table.finish();
    decimals
}

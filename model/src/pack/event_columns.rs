//! `[FEED.columns]` of `feeds.toml`: what of an event stands in which column of a feed's tables. `[FEED.events]`: that what
//! a feed's mapping makes are events, and what their words mean.

use std::collections::BTreeMap;

use jiff::fmt::strtime;

use super::{FormatName, document::Section};
use crate::{
    contract::is_subject,
    event::{Decided, EventKind, Severity},
    event_columns::{EventColumns, EventField},
};

const EXAMPLE: &str =
    "{ kind = \"infection\", time = \"Detected\", host = \"Computer\", signature = \"Threat\" }";

/// Of a feed whose format has columns; what another feed says of some is a fault.
pub(super) fn read(id: &str, section: &mut Section<'_>, format: FormatName) -> EventColumns {
    if !format.has_columns() {
        if section.has("columns") {
            let line = section.line_of("columns");
            section.ignore("columns");
            section.fault(line, format!("{id}: '{}' is no format of columns", format.word()));
        }
        return EventColumns::default();
    }
    let Some(mut table) = section.section("columns", EXAMPLE) else { return EventColumns::default() };
    let columns = read_table(id, &mut table);
    table.finish();
    columns
}

/// Of a feed whose mapping makes events; none of one whose mapping makes measured rows. What another feed says of it is a
/// fault.
pub(super) fn of_mapping(id: &str, section: &mut Section<'_>, format: FormatName) -> Option<EventColumns> {
    if !section.has("events") {
        return None;
    }
    if !format.is_mapped() {
        let line = section.line_of("events");
        section.ignore("events");
        section.fault(line, format!("{id}: '{}' has no 'events'", format.word()));
        return None;
    }
    let mut table = section.section("events", "{ kind = \"alert\" }")?;
    let kind = match table.has("kind") {
        true => one_of(id, &mut table, "kind", "\"alert\"", &EventKind::ALL, EventKind::word),
        false => EventKind::default(),
    };
    let events = read_meanings(id, &mut table, kind);
    table.finish();
    Some(events)
}

fn read_table(id: &str, table: &mut Section<'_>) -> EventColumns {
    let kind = one_of(id, table, "kind", "\"infection\"", &EventKind::ALL, EventKind::word);
    let mut columns = read_meanings(id, table, kind);
    for field in EventField::ALL {
        if let Some(name) = table.optional_text(field.word()) {
            let _ = columns.columns.insert(field, name);
        }
    }
    columns.id = table.texts("id").into_iter().map(|(_, name)| name).collect();
    if columns.columns.is_empty() {
        let known: Vec<&str> = EventField::ALL.into_iter().map(EventField::word).collect();
        let message = format!("{id}: 'columns' names no column: say where {} stand", known.join(", "));
        table.fault(table.line, message);
    }
    columns
}

/// Who reports, and what its words mean.
fn read_meanings(id: &str, table: &mut Section<'_>, kind: EventKind) -> EventColumns {
    let log_source = table.optional_text("log_source").unwrap_or_default();
    if !log_source.is_empty() && !is_subject(&log_source) {
        table.fault(table.line_of("log_source"), format!("{id}: '{log_source}' is no name of a log source"));
    }
    let product = ["vendor", "product"].map(|key| table.optional_text(key).unwrap_or_default());
    let time_format = table.optional_text("time_format").unwrap_or_default();
    if let Err(fault) = check_time_format(&time_format) {
        table.fault(table.line_of("time_format"), format!("{id}: 'time_format': {fault}"));
    }
    let severity = match table.has("severity_unless_said") {
        true => one_of(id, table, "severity_unless_said", "\"high\"", &Severity::ALL, Severity::word),
        false => Severity::default(),
    };
    EventColumns {
        kind,
        log_source,
        product: product.into(),
        time_format,
        severity,
        severities: meanings(id, table, "severities", &Severity::ALL, Severity::word),
        decided: meanings(id, table, "decisions", &[Decided::Allowed, Decided::Blocked], Decided::word),
        ..EventColumns::default()
    }
}

/// The one that a word names; the first where there is none.
fn one_of<T: Copy + Default>(
    id: &str,
    table: &mut Section<'_>,
    key: &str,
    example: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> T {
    let said = table.text(key, example);
    named(&said, all, word).unwrap_or_else(|| {
        if !said.is_empty() {
            table.fault(table.line_of(key), format!("{id}: {}", is_none_of(&said, all, word)));
        }
        T::default()
    })
}

fn named<T: Copy>(said: &str, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
    all.iter().copied().find(|one| word(*one) == said)
}

fn is_none_of<T: Copy>(said: &str, all: &[T], word: fn(T) -> &'static str) -> String {
    let known: Vec<&str> = all.iter().copied().map(word).collect();
    format!("'{said}' is not one of: {}", known.join(", "))
}

/// What words of a product mean, by words of this one.
fn meanings<T: Copy>(
    id: &str,
    section: &mut Section<'_>,
    key: &str,
    all: &[T],
    word: fn(T) -> &'static str,
) -> BTreeMap<String, T> {
    let mut meanings = BTreeMap::new();
    let Some(mut table) = section.optional_section(key, "{ \"its word\" = \"word\" }") else {
        return meanings;
    };
    let keys: Vec<(usize, String)> =
        table.keys().into_iter().map(|(line, key)| (line, key.to_owned())).collect();
    for (line, said) in keys {
        let meant = table.text(&said, "\"…\"");
        let Some(meaning) = named(&meant, all, word) else {
            if !meant.is_empty() {
                table.fault(line, format!("{id}: '{key}': {}", is_none_of(&meant, all, word)));
            }
            continue;
        };
        if meanings.insert(said.to_lowercase(), meaning).is_some() {
            table.fault(line, format!("{id}: '{said}' stands twice in '{key}'"));
        }
    }
    table.finish();
    meanings
}

/// A format says a day at least, and what it writes it reads.
fn check_time_format(format: &str) -> Result<(), String> {
    if format.is_empty() {
        return Ok(());
    }
    const EXAMPLE: &str = "such as \"%d/%m/%Y %H:%M:%S\"";
    let some_day =
        jiff::civil::date(2026, 11, 29).at(13, 5, 9, 0).in_tz("UTC").map_err(|error| error.to_string())?;
    let written = strtime::format(format, &some_day)
        .map_err(|error| format!("'{format}' is none: {error}; {EXAMPLE}"))?;
    let read = strtime::parse(format, &written).and_then(|read| read.to_date());
    match read {
        Ok(date) if date == some_day.date() => Ok(()),
        _ => Err(format!("'{format}' does not say which day; {EXAMPLE}")),
    }
}

impl FormatName {
    /// Whether its rows have columns of which the pack says what they are.
    #[must_use]
    pub(crate) fn has_columns(self) -> bool {
        self == FormatName::EventCsv
    }
}

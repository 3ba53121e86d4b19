//! `measures.toml`: what is counted of events.

mod groups;

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
    event_words::{read_count, read_kinds, read_severity},
    indicators::read_windows,
};
use crate::{
    event::{Count, EVE_NUMBERS, EventKind, EventMeasure, NoNumber, number_of},
    window::WindowKind,
};

const EXAMPLE: &str = "{ count = \"attempts\", … }";
/// What is made of an attribute, in the place of a count.
const OF_ATTRIBUTES: [(&str, Count); 2] = [("sum", Count::Sum), ("last", Count::Last)];

/// Every table of the file is a measure, or with `by` one for each member of a group; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, EXAMPLE) else { continue };
        let Some(said) = document.root().section(id, EXAMPLE) else { continue };
        // Where windows are read and rules judge, both are names of what has a value.
        draft.say("indicator", id, &section);
        if !is_identifier(id, '_') {
            let message =
                format!("measure '{id}': an identifier is of lower-case letters, digits and '_', at most 64");
            section.fault(line, message);
        }
        for measure in read_one(id, section, draft) {
            if measure.id != id {
                draft.say("indicator", &measure.id, &said);
                if !is_identifier(&measure.id, '_') {
                    said.fault(line, format!("{id}: '{}' is longer than 64 characters", measure.id));
                }
            }
            let _ = draft.measures.insert(measure.id.clone(), measure);
        }
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> Vec<EventMeasure> {
    let name = section.both_languages("name");
    let (count, attribute) = read_what(id, &mut section, draft);
    let mut kinds = read_kinds(id, &mut section);
    let severity = read_severity(id, &mut section);
    let line = section.line_of("windows");
    let windows = read_windows(id, &mut section);
    if windows.is_empty() {
        section.fault(line, format!("{id}: 'windows' must name at least one, such as [\"hour\", \"day\"]"));
    }
    if count.is_some_and(Count::is_distinct) && windows.contains(&WindowKind::Minute) {
        let message = format!("{id}: different ones are counted by hour and day, not by minute");
        section.fault(line, message);
    }
    if count.is_some_and(Count::is_said_by_sensors) {
        for key in ["kinds", "severity", "by"].into_iter().filter(|key| section.has(key)) {
            let message = format!("{id}: '{key}' chooses events; sensors count their alerts by themselves");
            section.fault(section.line_of(key), message);
        }
        if windows.contains(&WindowKind::Minute) {
            let message =
                format!("{id}: what sensors say they raised is counted by hour and day, not by minute");
            section.fault(line, message);
        }
        // It opens to these.
        kinds = vec![EventKind::Alert, EventKind::Stats];
    }
    let unit = read_unit(id, count, &mut section);
    let log_sources = read_log_sources(id, &mut section, draft);
    let members = groups::read(id, &kinds, severity, &mut section);
    section.finish();
    let Some(count) = count else { return Vec::new() };
    let whole = EventMeasure {
        id: id.to_owned(),
        name,
        count,
        attribute,
        unit,
        kinds,
        severity,
        log_sources,
        group: None,
        windows,
    };
    match members {
        None => vec![whole],
        Some(members) => members.into_iter().map(|member| member.of(&whole)).collect(),
    }
}

/// `count`, or `sum` or `last` with the name of an attribute.
fn read_what(id: &str, section: &mut Section<'_>, draft: &Draft) -> (Option<Count>, String) {
    let named: Vec<(&str, Count)> = OF_ATTRIBUTES.into_iter().filter(|(key, _)| section.has(key)).collect();
    let Some((key, count)) = named.first().copied() else {
        let count = read_count(id, section);
        if let Some(count) = count.filter(|count| count.is_of_attribute()) {
            let message = format!(
                "{id}: '{0}' is of an attribute: write {0} = \"bytesIn\" instead of 'count'",
                count.word()
            );
            section.fault(section.line_of("count"), message);
        }
        return (count, String::new());
    };
    if named.len() > 1 || section.has("count") {
        section.fault(section.line_of(key), format!("{id}: a measure has one of 'count', 'sum' and 'last'"));
        ["count", "sum", "last"].into_iter().for_each(|key| section.ignore(key));
        return (None, String::new());
    }
    let attribute = section.text(key, "\"bytesIn\"");
    if !attribute.is_empty() {
        check_attribute(id, key, &attribute, section, draft);
    }
    (Some(count), attribute)
}

fn check_attribute(id: &str, key: &str, attribute: &str, section: &Section<'_>, draft: &Draft) {
    let formats: Vec<_> = draft.feeds.values().map(|feed| feed.format).collect();
    let message = match number_of(&formats, attribute) {
        Ok(()) => return,
        Err(NoNumber::Text) => {
            format!("{id}: attribute '{attribute}' is no number: nothing can be its '{key}'")
        }
        Err(NoNumber::Unsaid) => format!(
            "{id}: no format of the pack's feeds says an attribute '{attribute}' (records of eve say: {})",
            EVE_NUMBERS.join(", ")
        ),
    };
    section.fault(section.line_of(key), message);
}

/// `log_sources`: those alone.
fn read_log_sources(id: &str, section: &mut Section<'_>, draft: &Draft) -> Vec<String> {
    let mut named = Vec::new();
    for (line, name) in section.texts("log_sources") {
        if !draft.log_sources.contains_key(&name) {
            section.fault(line, format!("{id}: '{name}' is not a log source of the pack"));
        } else if named.contains(&name) {
            section.fault(line, format!("{id}: log source '{name}' is named twice"));
        } else {
            named.push(name);
        }
    }
    named
}

/// `unit`: of what an attribute says, never of what is counted.
fn read_unit(id: &str, count: Option<Count>, section: &mut Section<'_>) -> String {
    let Some(count) = count else {
        section.ignore("unit");
        return String::new();
    };
    if count.is_of_attribute() {
        return section.text("unit", "\"B\"");
    }
    if section.has("unit") {
        section.fault(section.line_of("unit"), format!("{id}: what is counted has no 'unit'"));
        section.ignore("unit");
    }
    String::new()
}

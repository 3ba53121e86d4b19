//! `measures.toml`: what is counted of events.

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
    event_words::{read_count, read_kinds, read_severity},
    indicators::read_windows,
};
use crate::{
    event::{Count, EventKind, EventMeasure},
    window::WindowKind,
};

/// Every table of the file is a measure; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ count = \"attempts\", … }") else { continue };
        // Where windows are read and rules judge, both are names of what has a value.
        draft.say("indicator", id, &section);
        if !is_identifier(id, '_') {
            let message =
                format!("measure '{id}': an identifier is of lower-case letters, digits and '_', at most 64");
            section.fault(line, message);
        }
        if let Some(measure) = read_one(id, section) {
            let _ = draft.measures.insert(id.to_owned(), measure);
        }
    }
}

fn read_one(id: &str, mut section: Section<'_>) -> Option<EventMeasure> {
    let name = section.both_languages("name");
    let count = read_count(id, &mut section);
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
        for key in ["kinds", "severity"].into_iter().filter(|key| section.has(key)) {
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
    section.finish();
    Some(EventMeasure { id: id.to_owned(), name, count: count?, kinds, severity, windows })
}

//! `measures.toml`: what is counted of events.

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
    indicators::read_windows,
};
use crate::{
    event::{Count, EventKind, EventMeasure, Severity},
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
    let mut kinds = Vec::new();
    for (line, word) in section.texts("kinds") {
        let Some(kind) = EventKind::from_word(&word) else {
            let known: Vec<&str> = EventKind::ALL.into_iter().map(EventKind::word).collect();
            let message = format!("{id}: '{word}' is not a kind of event (there are: {})", known.join(", "));
            section.fault(line, message);
            continue;
        };
        if kinds.contains(&kind) {
            section.fault(line, format!("{id}: kind '{word}' is named twice"));
        } else {
            kinds.push(kind);
        }
    }
    let severity = section.optional_text("severity").and_then(|word| {
        let rated = Severity::from_word(&word).filter(|severity| *severity != Severity::NotRated);
        if rated.is_none() {
            let known: Vec<&str> = Severity::ALL.into_iter().skip(1).map(Severity::word).collect();
            let message =
                format!("{id}: '{word}' is not a severity to begin at (there are: {})", known.join(", "));
            section.fault(section.line_of("severity"), message);
        }
        rated
    });
    let line = section.line_of("windows");
    let windows = read_windows(id, &mut section);
    if windows.is_empty() {
        section.fault(line, format!("{id}: 'windows' must name at least one, such as [\"hour\", \"day\"]"));
    }
    if count.is_some_and(Count::is_distinct) && windows.contains(&WindowKind::Minute) {
        let message = format!("{id}: different ones are counted by hour and day, not by minute");
        section.fault(line, message);
    }
    section.finish();
    Some(EventMeasure { id: id.to_owned(), name, count: count?, kinds, severity, windows })
}

fn read_count(id: &str, section: &mut Section<'_>) -> Option<Count> {
    let word = section.text("count", "\"events\"");
    let count = Count::from_word(&word);
    if count.is_none() && !word.is_empty() {
        let known: Vec<&str> = Count::ALL.into_iter().map(Count::word).collect();
        let message = format!("{id}: '{word}' is nothing to count (there are: {})", known.join(", "));
        section.fault(section.line_of("count"), message);
    }
    count
}

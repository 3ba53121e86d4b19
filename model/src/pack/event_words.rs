//! Which events something of the pack is about.

use super::document::Section;
use crate::event::{Count, EventKind, Severity};

/// `kinds`: none for any.
pub(super) fn read_kinds(id: &str, section: &mut Section<'_>) -> Vec<EventKind> {
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
    if section.has("kinds") && kinds.is_empty() {
        section.fault(section.line_of("kinds"), format!("{id}: 'kinds' is there but names none"));
    }
    kinds
}

/// `severity`: so bad at least; none for any. What nobody rated is not the beginning of the scale.
pub(super) fn read_severity(id: &str, section: &mut Section<'_>) -> Option<Severity> {
    let word = section.optional_text("severity")?;
    let severity = Severity::from_word(&word).filter(|severity| *severity != Severity::NotRated);
    if severity.is_none() {
        let known: Vec<&str> = Severity::ALL.into_iter().skip(1).map(Severity::word).collect();
        let message =
            format!("{id}: '{word}' is not a severity to begin at (there are: {})", known.join(", "));
        section.fault(section.line_of("severity"), message);
    }
    severity
}

/// `count`.
pub(super) fn read_count(id: &str, section: &mut Section<'_>) -> Option<Count> {
    let word = section.text("count", "\"attempts\"");
    let count = Count::from_word(&word);
    if count.is_none() && !word.is_empty() {
        let known: Vec<&str> = Count::ALL.into_iter().map(Count::word).collect();
        let message = format!("{id}: '{word}' is nothing to count (there are: {})", known.join(", "));
        section.fault(section.line_of("count"), message);
    }
    count
}

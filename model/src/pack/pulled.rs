//! What the pack says of sources that are asked instead of sending, whichever way they are asked.

use super::{FormatName, document::Section, draft::Draft};
use crate::{event_columns::EventColumns, time::Millis};

/// Nobody is asked more often.
const SHORTEST: Millis = Millis(1_000);
const LONGEST_OVERLAP: Millis = Millis::hours(48);

/// The formats whose rows have a key of their own. Tables of events have one where the pack names it; an event that a
/// mapping makes is refused without one where it was asked for.
const KNOWN_AGAIN: [FormatName; 13] = [
    FormatName::JsonObservation,
    FormatName::StationTxt,
    FormatName::Eve,
    FormatName::Table,
    FormatName::SdmxCsv,
    FormatName::SdmxJson,
    FormatName::Dhis2,
    FormatName::Fhir,
    FormatName::Sensorthings,
    FormatName::NgsiLd,
    FormatName::MappedJson,
    FormatName::MappedCsv,
    FormatName::MappedLines,
];

/// Reads how often a source is asked.
pub(super) fn read_every(id: &str, table: &mut Section<'_>, key: &str) -> Millis {
    let line = table.line_of(key);
    let every = table.duration(key);
    if every.is_some_and(|every| every < SHORTEST) {
        table.fault(line, format!("{id}: '{key}' is at least 1s"));
    }
    every.unwrap_or(SHORTEST)
}

/// Reads how far back a moment is asked for once more; none where it is not said.
pub(super) fn read_overlap(id: &str, table: &mut Section<'_>) -> Option<Millis> {
    let line = table.line_of("overlap");
    let overlap = table.optional_duration("overlap");
    if overlap.is_some_and(|overlap| overlap > LONGEST_OVERLAP) {
        table.fault(line, format!("{id}: 'overlap' is at most 48h: what is older is found by 'compare'"));
    }
    overlap
}

/// Rows come again: a pull that is killed behind an append asks for them once more. What has no key of its own would be
/// counted twice then.
pub(super) fn check_known_again(id: &str, section: &Section<'_>, format: FormatName, columns: &EventColumns) {
    if format == FormatName::EventCsv {
        if columns.id.is_empty() {
            let message = format!(
                "{id}: what is asked for again must be known again: name in 'columns' the 'id' that makes a row of \
                 '{}' one",
                format.word()
            );
            section.fault(section.line_of("columns"), message);
        }
    } else if !KNOWN_AGAIN.contains(&format) {
        let known: Vec<&str> = KNOWN_AGAIN.into_iter().map(FormatName::word).collect();
        let message = format!(
            "{id}: what is asked for again must be known again, and rows of '{}' have no key of their own (there are: {}, \
             and event_csv with an 'id')",
            format.word(),
            known.join(", ")
        );
        section.fault(section.line_of("format"), message);
    }
}

/// Forms that are judged of a message as a whole cannot come in parts. `so` says of what comes that it does;
/// `has_workbooks` where each is whole all the same.
pub(super) fn check_forms(
    id: &str,
    section: &Section<'_>,
    forms: &[String],
    draft: &Draft,
    has_workbooks: bool,
    so: &str,
) {
    for name in forms {
        let Some(form) = draft.forms.get(name) else { continue };
        let counts = form.indicators.values().any(|indicator| indicator.counts.is_some());
        let why = match () {
            () if counts => "counts the rows of a message",
            () if !form.checks.is_empty() => "holds cells of a message against each other",
            () if !form.templates.is_empty() && !has_workbooks => "is read from workbooks",
            () => continue,
        };
        section.fault(section.line_of("forms"), format!("{id}: form '{name}' {why}, and {so}"));
    }
}

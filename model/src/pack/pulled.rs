//! What the pack says of sources that are asked instead of sending.

use super::document::Section;
use crate::time::Millis;

/// Nobody's database is asked more often.
const SHORTEST: Millis = Millis(1_000);

/// Reads how often a source is asked.
pub(super) fn read_every(id: &str, table: &mut Section<'_>, key: &str) -> Millis {
    let line = table.line_of(key);
    let every = table.duration(key);
    if every.is_some_and(|every| every < SHORTEST) {
        table.fault(line, format!("{id}: '{key}' is at least 1s"));
    }
    every.unwrap_or(SHORTEST)
}

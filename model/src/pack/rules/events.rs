//! What a rule counts of events.

use super::super::{document::Section, draft::Draft};
use crate::{
    event::{EventKind, Severity},
    rule::{CountBy, CountOf, Counting, REACH_MAX, WITHIN_MAX},
    time::Millis,
};

/// What tells of attempts to log in, and what only supports it.
const LOGINS: [EventKind; 6] = [
    EventKind::LoginFailed,
    EventKind::LoginAccepted,
    EventKind::LoginProbe,
    EventKind::LoginModule,
    EventKind::LoginUser,
    EventKind::LoginLimit,
];

pub(super) fn read(id: &str, table: &mut Section<'_>, draft: &Draft) -> Option<Counting> {
    let counts: Vec<&str> = CountOf::ALL.iter().map(|count| count.word()).collect();
    let bys: Vec<&str> = CountBy::ALL.iter().map(|by| by.word()).collect();
    let count = word(id, table, "count", "\"attempts\"", &counts).and_then(|word| CountOf::from_word(&word));
    let by = word(id, table, "by", "\"from\"", &bys).and_then(|word| CountBy::from_word(&word));
    let mut kinds = read_kinds(id, table);
    let severity = table.optional_text("severity").and_then(|word| {
        let severity = Severity::from_word(&word);
        if severity.is_none() {
            let known: Vec<&str> = Severity::ALL.into_iter().map(Severity::word).collect();
            let message = format!("{id}: '{word}' is not a severity (there are: {})", known.join(", "));
            table.fault(table.line_of("severity"), message);
        }
        severity
    });
    let category = table.optional_text("category").unwrap_or_default();
    let signature = table.optional_text("signature").unwrap_or_default();
    if !table.has("reach") {
        table.fault(table.line, format!("{id}: 'reach' is missing; write reach = 5"));
    }
    let reach = table.optional_integer("reach", 1, REACH_MAX.into()).unwrap_or(1);
    let within = table.duration("within");
    let clear_after = if table.has("clear_after") { table.optional_duration("clear_after") } else { within };
    for (key, time) in [("within", within), ("clear_after", clear_after)] {
        if time.is_some_and(|time| !(1_000..=WITHIN_MAX.0).contains(&time.0)) && table.has(key) {
            table.fault(table.line_of(key), format!("{id}: '{key}' must lie between 1s and 24h"));
        }
    }
    if let (Some(within), Some(clear_after)) = (within, clear_after)
        && clear_after < within
    {
        let message = format!("{id}: 'clear_after' must not be shorter than 'within'");
        table.fault(table.line_of("clear_after"), message);
    }
    let says_which = ["kinds", "severity", "category", "signature"].iter().any(|key| table.has(key));
    match count {
        Some(CountOf::Attempts) if !table.has("kinds") => kinds = LOGINS.to_vec(),
        Some(_) if !says_which => {
            let message = format!(
                "{id}: it would count every event; say 'kinds', 'severity', 'category' or 'signature'"
            );
            table.fault(table.line, message);
        }
        _ => {}
    }
    if by == Some(CountBy::User) && !draft.user_names {
        let message = format!(
            "{id}: an alert by user names the user, and this pack masks names (user_names in pack.toml)"
        );
        table.fault(table.line_of("by"), message);
    }
    if (count, by) == (Some(CountOf::Users), Some(CountBy::User)) {
        table.fault(
            table.line_of("count"),
            format!("{id}: of one user there is one user; count something else"),
        );
    }
    Some(Counting {
        count: count?,
        by: by?,
        kinds,
        severity,
        category,
        signature,
        reach: u32::try_from(reach).unwrap_or(1),
        within: within?,
        clear_after: clear_after.unwrap_or(Millis(0)),
    })
}

/// A word of a list that must be there.
fn word(id: &str, table: &mut Section<'_>, key: &str, example: &str, known: &[&str]) -> Option<String> {
    let word = table.text(key, example);
    let is_known = known.contains(&word.as_str());
    if !is_known && !word.is_empty() {
        let message = format!("{id}: '{word}' is not what '{key}' may be (there are: {})", known.join(", "));
        table.fault(table.line_of(key), message);
    }
    is_known.then_some(word)
}

fn read_kinds(id: &str, table: &mut Section<'_>) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    for (line, word) in table.texts("kinds") {
        let Some(kind) = EventKind::from_word(&word) else {
            let known: Vec<&str> = EventKind::ALL.into_iter().map(EventKind::word).collect();
            let message = format!("{id}: '{word}' is not a kind of event (there are: {})", known.join(", "));
            table.fault(line, message);
            continue;
        };
        if kinds.contains(&kind) {
            table.fault(line, format!("{id}: kind '{word}' is named twice"));
        } else {
            kinds.push(kind);
        }
    }
    if table.has("kinds") && kinds.is_empty() {
        table.fault(table.line_of("kinds"), format!("{id}: 'kinds' is there but names none"));
    }
    kinds
}

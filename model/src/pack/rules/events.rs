//! What a rule counts of events.

use super::super::{
    document::Section,
    draft::Draft,
    event_words::{read_count, read_kinds, read_severity},
};
use crate::{
    event::{Count, EventKind},
    rule::{CountBy, Counting, REACH_MAX, WITHIN_MAX},
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
    let count = read_count(id, table);
    if let Some(count) = count.filter(|count| count.is_of_attribute()) {
        let message =
            format!("{id}: '{}' is of an attribute; a rule of a measure may watch it", count.word());
        table.fault(table.line_of("count"), message);
    }
    if let Some(count) = count.filter(|count| count.is_said_by_sensors()) {
        let message = format!(
            "{id}: '{}' is what sensors say, not events; a rule of a measure may watch it",
            count.word()
        );
        table.fault(table.line_of("count"), message);
    }
    let by = read_by(id, table);
    let mut kinds = read_kinds(id, table);
    let severity = read_severity(id, table);
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
        Some(Count::Attempts) if !table.has("kinds") => kinds = LOGINS.to_vec(),
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
    let is_one = [(Count::Users, CountBy::User), (Count::Sources, CountBy::From)];
    if let Some(pair) = count.zip(by)
        && is_one.contains(&pair)
    {
        let message = format!("{id}: of one {} there is one; count something else", pair.1.word());
        table.fault(table.line_of("count"), message);
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

fn read_by(id: &str, table: &mut Section<'_>) -> Option<CountBy> {
    let word = table.text("by", "\"from\"");
    let by = CountBy::from_word(&word);
    if by.is_none() && !word.is_empty() {
        let known: Vec<&str> = CountBy::ALL.iter().map(|by| by.word()).collect();
        let message = format!("{id}: '{word}' is nobody to count by (there are: {})", known.join(", "));
        table.fault(table.line_of("by"), message);
    }
    by
}

//! `rules.toml`: what raises alerts.

mod events;
mod unusual;

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
    limits::{read_averaged, read_averaging},
    scope::{Scope, meet},
};
use crate::{
    event::EventMeasure,
    index::IndexId,
    limit::Averaging,
    rule::{Bound, Condition, EVERY, Measure, Priority, Rule},
    sensor::BlindCause,
    status::StationStatus,
    time::Millis,
    window::WindowKind,
};

const CONDITION_EXAMPLE: &str = "{ kind = \"limit\", indicator = \"pm25\", averaging = \"day\" }";
/// More than a week of hours in a row is no longer an alert.
const MOST_WINDOWS: i64 = 168;
/// Whoever was reminded more often in a year was not helped by it.
const MOST_REMINDERS: i64 = 1_000;

/// Every table of the file is a rule; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ priority = \"high\", condition = …, … }") else {
            continue;
        };
        draft.say("rule", id, &section);
        if !is_identifier(id, '-') {
            let message =
                format!("rule '{id}': an identifier is of lower-case letters, digits and '-', at most 64");
            section.fault(line, message);
        }
        if let Some(rule) = read_one(id, section, draft) {
            let _ = draft.rules.insert(id.to_owned(), rule);
        }
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> Option<Rule> {
    let name = section.both_languages("name");
    let step = section.both_languages("step");
    let priority = read_priority(id, &mut section);
    let log_sources = read_log_sources(id, &mut section, draft);
    let table = section.section("condition", CONDITION_EXAMPLE);
    let (scope, condition) = match table {
        Some(mut table) => {
            let kind = table.text("kind", "\"limit\"");
            if kind == "events" {
                refuse(
                    id,
                    &mut section,
                    ["kinds", "stations"],
                    "is about stations; a rule of events watches none",
                );
                if !log_sources.is_empty() {
                    let line = section.line_of("log_sources");
                    section.fault(line, format!("{id}: a rule of events watches those of every log source"));
                }
                let counting = events::read(id, &mut table, draft);
                table.finish();
                (Scope::default(), counting.map(Condition::Events))
            } else if kind == "reminders" {
                let why = "is about stations; a rule of reminders watches whoever owes reports";
                refuse(id, &mut section, ["kinds", "stations"], why);
                if !log_sources.is_empty() {
                    let line = section.line_of("log_sources");
                    section.fault(line, format!("{id}: a rule of reminders watches whoever owes reports"));
                }
                let reminders = read_reminders(id, &mut table);
                table.finish();
                (Scope::default(), reminders)
            } else {
                let scope = match log_sources.is_empty() {
                    true => Scope::read(id, &mut section, draft),
                    false => Scope::default(),
                };
                let of_log_sources = !log_sources.is_empty();
                let condition = read_condition(id, &kind, table, &scope, of_log_sources, draft);
                (scope, condition)
            }
        }
        None => (Scope::read(id, &mut section, draft), None),
    };
    let instead = match condition {
        Some(Condition::Status { .. } | Condition::Blind { .. }) => {
            Some("counts windows; a rule of a status has 'lasting' instead")
        }
        Some(Condition::Reminders { .. }) => {
            Some("counts windows; a rule of reminders counts what was missed in a calendar year")
        }
        Some(Condition::Events(_)) => {
            Some("counts windows; a rule of events has 'within' and 'clear_after' instead")
        }
        _ => None,
    };
    if let Some(instead) = instead {
        refuse(id, &mut section, ["raise_windows", "clear_windows"], instead);
    }
    let mut windows = |key: &str| {
        section
            .optional_integer(key, 1, MOST_WINDOWS)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1)
    };
    let (raise_windows, clear_windows) = (windows("raise_windows"), windows("clear_windows"));
    section.finish();
    Some(Rule {
        id: id.to_owned(),
        name,
        step,
        priority,
        condition: condition?,
        raise_windows,
        clear_windows,
        kinds: scope.kinds,
        stations: scope.stations,
        log_sources,
    })
}

/// Keys that such a rule does not have.
fn refuse(id: &str, section: &mut Section<'_>, keys: [&str; 2], why: &str) {
    for key in keys {
        section.ignore(key);
        if section.has(key) {
            section.fault(section.line_of(key), format!("{id}: '{key}' {why}"));
        }
    }
}

fn read_priority(id: &str, section: &mut Section<'_>) -> Priority {
    let word = section.text("priority", "\"high\"");
    Priority::from_word(&word).unwrap_or_else(|| {
        if !word.is_empty() {
            let known: Vec<&str> = Priority::ALL.into_iter().map(Priority::word).collect();
            let message = format!("{id}: '{word}' is not a priority (there are: {})", known.join(", "));
            section.fault(section.line_of("priority"), message);
        }
        Priority::Low
    })
}

fn read_condition(
    id: &str,
    kind: &str,
    mut table: Section<'_>,
    scope: &Scope,
    of_log_sources: bool,
    draft: &Draft,
) -> Option<Condition> {
    let condition = match kind {
        "limit" => read_limit(id, &mut table, scope, draft),
        "indicator" => {
            let averaged = read_averaged(id, &mut table, draft);
            let bound = read_bound(id, &mut table);
            averaged.map(|(indicator, averaging)| Condition::Threshold {
                measure: Measure::Indicator(indicator),
                averaging,
                bound,
            })
        }
        "index" => read_index(id, &mut table, scope),
        "status" => Some(read_status(id, &mut table)),
        "measure" => read_measure(id, &mut table, draft),
        "unusual" => unusual::read(id, &mut table, draft),
        "blind" => Some(read_blind(id, &mut table)),
        "" => return None,
        other => {
            let message = format!(
                "{id}: '{other}' is not a condition (there are: limit, indicator, index, status, measure, unusual, blind, events, reminders)"
            );
            table.fault(table.line_of("kind"), message);
            return None;
        }
    };
    let is_of_events = matches!(kind, "measure" | "unusual" | "blind");
    if kind != "status" && is_of_events != of_log_sources {
        let needs = if is_of_events { "'log_sources'" } else { "'kinds' or 'stations'" };
        table.fault(table.line_of("kind"), format!("{id}: condition '{kind}' is about {needs}"));
    }
    table.finish();
    condition
}

/// `reach`: so many obligations of a calendar year that were missed.
fn read_reminders(id: &str, table: &mut Section<'_>) -> Option<Condition> {
    if !table.has("reach") {
        table.fault(table.line, format!("{id}: 'reach' is missing; write reach = 3"));
    }
    let reach = table.optional_integer("reach", 1, MOST_REMINDERS)?;
    Some(Condition::Reminders { reach: u32::try_from(reach).ok()? })
}

/// What is counted of events, against fixed numbers.
fn read_measure(id: &str, table: &mut Section<'_>, draft: &Draft) -> Option<Condition> {
    let measure = named_measure(id, table, draft);
    let averaging = read_averaging(id, table, &[Averaging::Hour, Averaging::Day]);
    let window = match averaging {
        Some(Averaging::Hour) => Some(WindowKind::Hour),
        Some(Averaging::Day) => Some(WindowKind::Day),
        _ => None,
    };
    if let Some((measure, window)) = measure.zip(window) {
        must_have(id, measure, window, "averaging", table);
    }
    let bound = read_bound(id, table);
    let measure = Measure::Indicator(measure?.id.clone());
    Some(Condition::Threshold { measure, averaging: averaging?, bound })
}

/// `measure`, one of the pack. None if it is not.
fn named_measure<'a>(id: &str, table: &mut Section<'_>, draft: &'a Draft) -> Option<&'a EventMeasure> {
    let word = table.text("measure", "\"failed_logins\"");
    let measure = draft.measures.get(&word);
    if measure.is_none() && !word.is_empty() {
        table.fault(table.line_of("measure"), format!("{id}: '{word}' is not a measure of the pack"));
    }
    measure
}

fn must_have(id: &str, measure: &EventMeasure, window: WindowKind, key: &str, table: &Section<'_>) {
    if !measure.windows.contains(&window) {
        let message = format!("{id}: measure '{}' has no window '{}'", measure.id, window.word());
        table.fault(table.line_of(key), message);
    }
}

/// Log sources that a rule watches instead of stations.
fn read_log_sources(id: &str, section: &mut Section<'_>, draft: &Draft) -> Vec<String> {
    let mut log_sources = Vec::new();
    for (line, name) in section.texts("log_sources") {
        if name != EVERY && !draft.log_sources.contains_key(&name) {
            section
                .fault(line, format!("{id}: '{name}' is not a log source of the pack (\"*\" is every one)"));
        } else if log_sources.contains(&name) {
            section.fault(line, format!("{id}: log source '{name}' is named twice"));
        } else {
            log_sources.push(name);
        }
    }
    if !log_sources.is_empty() {
        for key in ["kinds", "stations"].into_iter().filter(|key| section.has(key)) {
            let message = format!("{id}: a rule watches stations or log sources; '{key}' is about stations");
            section.fault(section.line_of(key), message);
        }
    }
    log_sources
}

fn read_limit(id: &str, table: &mut Section<'_>, scope: &Scope, draft: &Draft) -> Option<Condition> {
    let averaged = read_averaged(id, table, draft);
    let clear_share = table.optional_number("clear_share").unwrap_or(1.0);
    if !(clear_share > 0.0 && clear_share <= 1.0) {
        let message = format!("{id}: 'clear_share' must be greater than 0 and at most 1");
        table.fault(table.line_of("clear_share"), message);
    }
    let (indicator, averaging) = averaged?;
    let is_ever_judged = draft.limits.iter().any(|limit| {
        (&limit.indicator, limit.averaging) == (&indicator, averaging)
            && meet((&limit.kinds, &limit.stations), (&scope.kinds, &scope.stations))
    });
    if !is_ever_judged && draft.indicators.contains_key(&indicator) {
        let message = format!(
            "{id}: the pack has no limit of '{indicator}' with averaging '{}' for these stations",
            averaging.word()
        );
        table.fault(table.line, message);
    }
    Some(Condition::Limit { indicator, averaging, clear_share })
}

fn read_index(id: &str, table: &mut Section<'_>, scope: &Scope) -> Option<Condition> {
    let word = table.text("index", "\"vn_aqi\"");
    let index = IndexId::from_word(&word);
    if index.is_none() && !word.is_empty() {
        let known: Vec<&str> = IndexId::ALL.into_iter().map(IndexId::word).collect();
        let message = format!("{id}: '{word}' is not an index (there are: {})", known.join(", "));
        table.fault(table.line_of("index"), message);
    }
    if let Some(index) = index
        && let Some(other) = scope.kinds.iter().find(|kind| **kind != index.station_kind())
    {
        let message = format!(
            "{id}: index '{word}' is one of {} stations, not of {}",
            index.station_kind().word(),
            other.word()
        );
        table.fault(table.line_of("index"), message);
    }
    let averaging = read_averaging(id, table, &[Averaging::Hour, Averaging::Day]);
    let bound = read_bound(id, table);
    Some(Condition::Threshold { measure: Measure::Index(index?), averaging: averaging?, bound })
}

fn read_bound(id: &str, table: &mut Section<'_>) -> Bound {
    let (above, below) = (table.optional_number("above"), table.optional_number("below"));
    let clear = table.optional_number("clear");
    let fault = |key: &str, message: &str| table.fault(table.line_of(key), format!("{id}: {message}"));
    match (above, below) {
        (Some(raise), None) => {
            let clear = clear.unwrap_or(raise);
            if clear > raise {
                fault("clear", "'clear' must not be greater than 'above'");
            }
            Bound::Above { raise, clear }
        }
        (None, Some(raise)) => {
            let clear = clear.unwrap_or(raise);
            if clear < raise {
                fault("clear", "'clear' must not be less than 'below'");
            }
            Bound::Below { raise, clear }
        }
        _ => {
            fault("below", "a threshold has either 'above' or 'below'");
            Bound::Above { raise: 0.0, clear: 0.0 }
        }
    }
}

/// `causes`, at least one, and for how long.
fn read_blind(id: &str, table: &mut Section<'_>) -> Condition {
    let mut causes = Vec::new();
    for (line, word) in table.texts("causes") {
        match BlindCause::from_word(&word) {
            None => {
                let known: Vec<&str> = BlindCause::ALL.into_iter().map(BlindCause::word).collect();
                let message = format!(
                    "{id}: '{word}' is no cause for which a sensor is blind (there are: {})",
                    known.join(", ")
                );
                table.fault(line, message);
            }
            Some(cause) if causes.contains(&cause) => {
                table.fault(line, format!("{id}: cause '{word}' is named twice"));
            }
            Some(cause) => causes.push(cause),
        }
    }
    if causes.is_empty() {
        table.fault(table.line_of("causes"), format!("{id}: 'causes' must name at least one"));
    }
    let lasting = table.optional_duration("lasting").unwrap_or(Millis(0));
    Condition::Blind { causes, lasting }
}

fn read_status(id: &str, table: &mut Section<'_>) -> Condition {
    let mut statuses = Vec::new();
    for (line, word) in table.texts("statuses") {
        let Some(status) = StationStatus::from_word(&word) else {
            let known: Vec<&str> = StationStatus::ALL.into_iter().map(StationStatus::word).collect();
            let message =
                format!("{id}: '{word}' is not a state of a station (there are: {})", known.join(", "));
            table.fault(line, message);
            continue;
        };
        if status == StationStatus::Good {
            table.fault(line, format!("{id}: a rule is not raised by what is good"));
        }
        if statuses.contains(&status) {
            table.fault(line, format!("{id}: status '{word}' is named twice"));
        } else {
            statuses.push(status);
        }
    }
    if statuses.is_empty() {
        table.fault(table.line_of("statuses"), format!("{id}: 'statuses' must name at least one"));
    }
    let lasting = table.optional_duration("lasting").unwrap_or(Millis(0));
    Condition::Status { statuses, lasting }
}

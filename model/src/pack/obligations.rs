//! `obligations.toml`: who owes which form when.
//!
//! A file of its own and not part of a form: a form says what is reported and judges it, for years; who owes it and until
//! when is decided by other people, changes with every year's plan, and may be said of a form by an overlay.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::civil::{DateTime, Time};

use super::{
    document::{Document, Section},
    draft::{Draft, is_identifier},
};
use crate::{
    calendar::Calendar,
    form::{Form, Owner, Period},
    obligation::{DueRule, Exception, ObligationRule, OnChange, OnDayOff, Owes, Reckoned, ReckonedFrom},
    working_days::WorkingDays,
};

const DUE_EXAMPLE: &str = "{ working_days = 2, at = \"17:00\" }";
/// A deadline further away than that is none.
const MOST_DAYS: i64 = 400;
/// So many periods are looked at to see whether a deadline can be.
const LOOKED_AT: usize = 40;

/// Every table of the file is a rule; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ form = \"…\", valid_from = 2026-01-01, due = … }") else {
            continue;
        };
        draft.say("obligation", id, &section);
        if !is_identifier(id, '-') {
            let message = format!(
                "obligation '{id}': an identifier is of lower-case letters, digits and '-', at most 64"
            );
            section.fault(line, message);
        }
        if let Some(rule) = read_one(id, section, draft) {
            let _ = draft.obligations.insert(id.to_owned(), rule);
        }
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> Option<ObligationRule> {
    let named = section.text("form", "\"ktxh-x\"");
    let form = draft.forms.get(&named);
    if form.is_none() && !named.is_empty() {
        let message = format!("{id}: 'form': '{named}' is not a form of forms.toml or templates.toml");
        section.fault(section.line_of("form"), message);
    }
    let owes = read_owes(id, &mut section, form, draft);
    let on_change = read_on_change(id, &mut section, owes.as_ref());
    let valid_from = section.date("valid_from");
    let valid_to = section.optional_date("valid_to");
    if valid_to.is_some_and(|to| to < valid_from) {
        section.fault(section.line_of("valid_to"), format!("{id}: 'valid_to' lies before 'valid_from'"));
    }
    let due = read_due(id, &mut section);
    let exceptions = read_exceptions(id, &mut section, form);
    let basis = section.optional_text("basis").unwrap_or_default();
    let (line, line_of_due) = (section.line, section.line_of("due"));
    let rule = ObligationRule {
        id: id.to_owned(),
        form: named,
        owes: owes?,
        on_change,
        valid_from,
        valid_to,
        due: due?,
        exceptions,
        basis,
    };
    if let Some(form) = form {
        check_twice(&rule, form, &section, line, draft);
        check_deadlines(&rule, form, &section, line_of_due, draft);
    }
    section.finish();
    Some(rule)
}

/// `owes`, the places of the form or agencies; who owns its cells where it is not said.
fn read_owes(id: &str, section: &mut Section<'_>, form: Option<&Form>, draft: &Draft) -> Option<Owes> {
    let said = section.texts("owes");
    let owes = match said.as_slice() {
        [] if section.has("owes") => return None,
        [] => match form?.owner.clone() {
            Owner::Place => Owes::Places,
            Owner::Agency(agency) => Owes::Agencies(vec![agency]),
        },
        [(_, place)] if place == "place" => Owes::Places,
        agencies => {
            let mut known: Vec<String> = Vec::new();
            for (line, agency) in agencies {
                if !draft.agencies.contains_key(agency) {
                    let message = format!(
                        "{id}: 'owes': '{agency}' is not an agency of agencies.csv; write owes = [\"place\"] for the \
                         authorities of the form's places"
                    );
                    section.fault(*line, message);
                } else if known.contains(agency) {
                    section.fault(*line, format!("{id}: 'owes': '{agency}' is named twice"));
                } else {
                    known.push(agency.clone());
                }
            }
            Owes::Agencies(known)
        }
    };
    if owes == Owes::Places && form.is_some_and(|form| form.places.kinds.is_empty()) {
        let message = format!(
            "{id}: the form names no kinds of places, so nobody knows which of them owe it: give it places = {{ kinds \
             = [\"commune\", \"ward\"] }}, or name agencies in 'owes'"
        );
        section.fault(section.line_of("owes"), message);
    }
    Some(owes)
}

/// `on_change`, which of its places owe a period in which they change.
fn read_on_change(id: &str, section: &mut Section<'_>, owes: Option<&Owes>) -> OnChange {
    let Some(word) = section.optional_text("on_change") else { return OnChange::default() };
    let fault = |section: &Section<'_>, message: &str| {
        section.fault(section.line_of("on_change"), format!("{id}: {message}"));
    };
    if matches!(owes, Some(Owes::Agencies(_))) {
        fault(section, "'on_change' is about places: agencies owe every period that the rule is about");
    }
    OnChange::ALL.into_iter().find(|it| it.word() == word).unwrap_or_else(|| {
        let message = "'on_change' is \"at_end\", where the places that are there on a period's last day owe it, or \"whole\", \
                       where only those do that were there from its first day on";
        fault(section, message);
        OnChange::default()
    })
}

fn read_due(id: &str, section: &mut Section<'_>) -> Option<DueRule> {
    let mut table = section.section("due", DUE_EXAMPLE)?;
    let working = table.optional_integer("working_days", 1, MOST_DAYS);
    let days = table.optional_integer("days", 0, MOST_DAYS);
    let day = table.optional_integer("day", 1, 31);
    let months = table.optional_integer("months", 0, 24);
    let fault = |table: &Section<'_>, key: &str, message: &str| {
        table.fault(table.line_of(key), format!("{id}: {message}"));
    };
    let number = |number: i64| u16::try_from(number).unwrap_or_default();
    let reckoned = match (working, days, day) {
        (Some(working), None, None) => Some(Reckoned::WorkingDays(number(working))),
        (None, Some(days), None) => Some(Reckoned::Days(number(days))),
        (None, None, Some(day)) => Some(Reckoned::DayOfMonth {
            day: i8::try_from(day).unwrap_or(1),
            months: u8::try_from(months.unwrap_or(1)).unwrap_or(1),
        }),
        _ => {
            let message = "'due' has one of 'working_days' (so many working days later), 'days' (so many days of the \
                           calendar later) and 'day' (that day of a month)";
            table.fault(table.line, format!("{id}: {message}"));
            None
        }
    };
    if months.is_some() && day.is_none() {
        fault(&table, "months", "'months' goes with 'day': so many months later");
    }
    let from = match table.optional_text("after").as_deref() {
        None | Some("end") => ReckonedFrom::End,
        Some("start") => ReckonedFrom::Start,
        Some(_) => {
            fault(&table, "after", "'after' is \"end\" or \"start\" of the period");
            ReckonedFrom::End
        }
    };
    let on_day_off = match table.optional_text("on_day_off") {
        None => OnDayOff::default(),
        Some(word) => OnDayOff::ALL.into_iter().find(|it| it.word() == word).unwrap_or_else(|| {
            fault(&table, "on_day_off", "'on_day_off' is \"next\", \"previous\" or \"stays\"");
            OnDayOff::default()
        }),
    };
    if working.is_some() && table.has("on_day_off") {
        fault(&table, "on_day_off", "'on_day_off' is about days of the calendar: a working day is none off");
    }
    let at = table.text("at", "\"17:00\"");
    let hour: Option<Time> = at.parse().ok();
    if hour.is_none() && !at.is_empty() {
        fault(&table, "at", "'at' is an hour of the day such as \"17:00\"");
    }
    table.finish();
    Some(DueRule { reckoned: reckoned?, from, at: hour?, on_day_off })
}

fn read_exceptions(id: &str, section: &mut Section<'_>, form: Option<&Form>) -> BTreeMap<Period, Exception> {
    let mut exceptions = BTreeMap::new();
    for mut table in section.sections("except") {
        let said = table.text("period", "\"2026-02\"");
        let due = table.optional_text("due");
        let owed = table.optional_text("owed");
        let exception = match (due.as_deref(), owed.as_deref()) {
            (Some(due), None) => {
                let due: Option<DateTime> = due.parse().ok();
                if due.is_none() {
                    let message =
                        format!("{id}: 'due' is a moment of the local clock such as \"2026-02-27T17:00\"");
                    table.fault(table.line_of("due"), message);
                }
                due.map(Exception::Due)
            }
            (None, Some("no")) => Some(Exception::NotOwed),
            _ => {
                let message = format!(
                    "{id}: an exception has due = \"2026-02-27T17:00\", or owed = \"no\" where nobody owes the period"
                );
                table.fault(table.line, message);
                None
            }
        };
        table.finish();
        let Some(form) = form.filter(|_| !said.is_empty()) else { continue };
        let Some(period) = Period::parse(form.period, &said) else {
            let kind = form.period.word();
            let message = format!("{id}: '{said}' is not a period of kind '{kind}', which the form has");
            table_fault(section, &message);
            continue;
        };
        let Some(exception) = exception else { continue };
        match exceptions.entry(period) {
            Entry::Vacant(free) => {
                let _ = free.insert(exception);
            }
            Entry::Occupied(_) => table_fault(section, &format!("{id}: period '{said}' is named twice")),
        }
    }
    exceptions
}

fn table_fault(section: &Section<'_>, message: &str) {
    section.fault(section.line_of("except"), message);
}

/// Nobody owes a period of a form twice.
fn check_twice(rule: &ObligationRule, form: &Form, section: &Section<'_>, line: usize, draft: &Draft) {
    let debtors = |rule: &ObligationRule| rule.debtors(form, &draft.places, &draft.successions);
    let mine = debtors(rule);
    for other in draft.obligations.values().filter(|other| other.form == rule.form) {
        let theirs = debtors(other);
        let twice = mine.iter().find(|one| theirs.iter().any(|other| one.meets(other)));
        if let Some(twice) = twice {
            let message = format!(
                "{}: '{}' owes form '{}' by '{}' already at that time; end one before the other begins",
                rule.id, twice.agency, rule.form, other.id
            );
            section.fault(line, message);
        }
    }
}

/// A deadline lies in its period or behind it.
fn check_deadlines(rule: &ObligationRule, form: &Form, section: &Section<'_>, line: usize, draft: &Draft) {
    let days = WorkingDays::of(&draft.holidays);
    let Ok(calendar) = Calendar::of_zone(&draft.timezone) else { return };
    for period in rule.periods(form.period).take(LOOKED_AT) {
        if rule.owed(period, &days, &calendar).is_some_and(|owed| owed.due_at <= owed.opens) {
            let message =
                format!("{}: the deadline of {} lies before that period begins", rule.id, period.label());
            return section.fault(line, message);
        }
    }
}

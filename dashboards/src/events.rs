//! What happened, as a person reads it: the newest events, how many, who they came from and who reports them.
//!
//! Names of users come masked from the store. Everything is the asker's: an event is seen by whoever sees its feed.

use ioc_model::{
    event::{Decided, EventKind, Severity, TimeFrom},
    rule::Priority,
    time::{EventTime, Millis, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use crate::{
    heard::{HeardWindow, NotHeard},
    log_sources::{LogSourceHeard, LogSourceView, LogSourcesSaid},
};

/// The most events of a page.
pub const EVENTS_MAX: u32 = 500;

/// The longest time that is summed up.
pub const SUMMARY_MAX: Millis = Millis::hours(31 * 24);

/// How many addresses are ranked.
pub const RANKED: u32 = 20;

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// What kind of thing happened.
    pub kind: EventKind,
    /// Who reports.
    pub log_source: String,
    /// Whether the pack knew who does.
    pub known: bool,
    /// The relay that spoke in its name; empty where it spoke itself.
    pub relay: String,
    /// When it happened.
    pub happened_at: EventTime,
    /// Where that time comes from.
    pub time_from: TimeFrom,
    /// How bad it is.
    pub severity: Severity,
    /// How bad its device said it is.
    pub rated: String,
    /// What it is a case of.
    pub category: String,
    /// The rule that it matched.
    pub signature: String,
    /// That rule's number.
    pub signature_id: String,
    /// What was decided about it.
    pub decided: Decided,
    /// Where it came from; empty where it has none.
    pub source_address: String,
    /// Its port.
    pub source_port: Option<u16>,
    /// Where it went to; empty where it has none.
    pub target_address: String,
    /// Its port.
    pub target_port: Option<u16>,
    /// Its protocol.
    pub protocol: String,
    /// Whose account it is about, masked unless the pack shows names.
    pub user: String,
    /// The machine the line says that it is of.
    pub host: String,
    /// The program that wrote it.
    pub program: String,
    /// What it says, masked in the same way.
    pub message: String,
    /// How many times it happened.
    pub weight: u32,
    /// How many attempts to log in it adds.
    pub attempts: i32,
    /// What else its format says of it.
    pub attributes: Vec<(String, String)>,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies, as `log-partition-offset`: opens like any message.
    pub position: String,
    /// Which row of the envelope.
    pub row: u32,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventPage {
    /// The newest first.
    pub events: Vec<EventView>,
    /// What the next page is asked with; none where this one is the last.
    pub next: Option<String>,
}

impl EventPage {
    /// A page of at most so many, of as many and one more.
    #[must_use]
    pub fn of(mut events: Vec<EventView>, limit: u32) -> EventPage {
        let limit = limit as usize;
        let more = events.len() > limit;
        events.truncate(limit);
        let place = |last: &EventView| format!("{}-{}-{}", last.happened_at.0, last.position, last.row);
        EventPage { next: events.last().filter(|_| more).map(place), events }
    }
}

/// How many events there are of each sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventTotals {
    /// All of them.
    pub weight: u64,
    /// High or critical ones.
    pub grave: u64,
    /// Attempts to log in.
    pub attempts: i64,
    /// Different addresses that grave events or attempts to log in came from.
    pub attackers: u64,
}

/// How many events of a severity happened in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventHour {
    /// Its first moment.
    pub start: EventTime,
    /// How bad.
    pub severity: Severity,
    /// How many.
    pub weight: u64,
}

/// What a duty officer asks first of what happened, in the order in which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFigureId {
    /// High or critical events.
    Grave,
    /// Attempts to log in.
    Attempts,
    /// Addresses that grave events or attempts to log in came from.
    Attackers,
    /// Log sources that are silent or blind.
    Amiss,
}

/// A number of what happened, and how urgent it is. Whoever shows it puts words to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventFigure {
    /// Which.
    pub figure: EventFigureId,
    /// The number.
    pub value: i64,
    /// What it is out of; none where that says nothing.
    pub of: Option<u64>,
    /// How urgent; none where there is nothing to act on, or what to act on is not told by the number.
    pub priority: Option<Priority>,
    /// Who was silent or blind for how long of the time that is counted, the longest first: then there were at least so
    /// many. None where all were heard, and of what is no count of events.
    pub incomplete: Vec<NotHeard>,
}

/// The figures of a time. `log_sources` are as the flow said them last; is that stale, nobody knows how urgent they are.
/// `missing` says who did not see all of it.
#[must_use]
pub fn figures(
    totals: &EventTotals,
    hours: &[EventHour],
    log_sources: &[LogSourceView],
    stale: bool,
    missing: &[NotHeard],
) -> Vec<EventFigure> {
    let worst = hours.iter().filter(|hour| hour.weight > 0).map(|hour| hour.severity).max();
    let amiss = || log_sources.iter().filter(|source| source.amiss);
    // The others may be silent for ever.
    let owe =
        log_sources.iter().filter(|source| source.silent_after.is_some() || source.amiss).count() as u64;
    let counted = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let figure = |figure, value, of, priority| {
        let counts_events = figure != EventFigureId::Amiss;
        let incomplete = missing.iter().filter(|_| counts_events).cloned().collect();
        EventFigure { figure, value, of, priority, incomplete }
    };
    let of_worst = match worst {
        Some(Severity::Critical) => Some(Priority::Critical),
        Some(Severity::High) => Some(Priority::High),
        _ => None,
    };
    vec![
        figure(EventFigureId::Grave, counted(totals.grave), Some(totals.weight), of_worst),
        figure(EventFigureId::Attempts, totals.attempts, None, None),
        figure(EventFigureId::Attackers, counted(totals.attackers), None, None),
        figure(
            EventFigureId::Amiss,
            counted(amiss().count() as u64),
            Some(owe),
            amiss().filter_map(|source| source.priority).min().filter(|_| !stale),
        ),
    ]
}

/// An address that events came from, or went to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventAddress {
    /// The address.
    pub address: String,
    /// How many events.
    pub weight: u64,
    /// High or critical ones among them.
    pub grave: u64,
    /// Attempts to log in among them.
    pub attempts: i64,
    /// Whether it is one of those that grave events or attempts to log in came from.
    pub attacks: bool,
    /// How many different ones their other end is.
    pub others: u64,
    /// How bad the worst of them is.
    pub worst: Severity,
    /// When the newest happened.
    pub newest: EventTime,
}

/// What the store says of a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventsSummed {
    /// How many.
    pub totals: EventTotals,
    /// By hour and severity.
    pub hours: Vec<EventHour>,
    /// Where the worst came from.
    pub sources: Vec<EventAddress>,
    /// Where the worst went to.
    pub targets: Vec<EventAddress>,
    /// Who reported, and who of those that were asked for did before.
    pub heard: Vec<LogSourceHeard>,
    /// What the flow had said by then of those that were asked for.
    pub said: LogSourcesSaid,
    /// How much of their hours those were heard that may not be silent, from a day before that time on, by time.
    pub heard_hours: Vec<HeardWindow>,
}

#[cfg(test)]
mod tests {
    use ioc_model::figure::StationStanding;

    use super::*;
    use crate::log_sources::LogSourceStanding;

    #[test]
    fn grave_events_are_as_urgent_as_the_worst_of_them() {
        let hour = |severity, weight| EventHour { start: EventTime(0), severity, weight };
        let urgent =
            |hours: &[EventHour]| figures(&EventTotals::default(), hours, &[], false, &[])[0].priority;
        assert_eq!(urgent(&[hour(Severity::Medium, 5)]), None);
        assert_eq!(urgent(&[hour(Severity::High, 1), hour(Severity::NotRated, 9)]), Some(Priority::High));
        let both = [hour(Severity::Critical, 1), hour(Severity::High, 1)];
        assert_eq!(urgent(&both), Some(Priority::Critical));
    }

    #[test]
    fn silent_what_is_counted_says_who_did_not_see_all_of_it() {
        let missing = [NotHeard { log_source: "ids-a".to_owned(), minutes: 20, of: 60 }];
        let told = figures(&EventTotals::default(), &[], &[], false, &missing);
        let incomplete: Vec<usize> = told.iter().map(|figure| figure.incomplete.len()).collect();
        assert_eq!(incomplete, [1, 1, 1, 0]);
    }

    #[test]
    fn silent_log_sources_that_are_silent_or_blind_count_and_are_not_urgent_when_nobody_knows() {
        let source = |silent_after, standing: StationStanding, amiss| LogSourceView {
            id: String::new(),
            name: None,
            owner: None,
            relay: false,
            standing: LogSourceStanding::Said(standing),
            since: None,
            sensor: None,
            clock_off: None,
            amiss,
            priority: standing.priority(),
            received_at: None,
            silent_after,
            weight: 0,
            rows: 0,
            absurd: 0,
        };
        let owes = Some(Millis::hours(1));
        let mut all = vec![
            source(owes, StationStanding::Good, false),
            source(owes, StationStanding::Never, true),
            source(None, StationStanding::Never, false),
            // It owes nothing, and is blind all the same.
            source(None, StationStanding::Error, true),
        ];
        let told = |all: &[LogSourceView], stale| {
            let figure = figures(&EventTotals::default(), &[], all, stale, &[]).remove(3);
            assert_eq!(figure.figure, EventFigureId::Amiss);
            (figure.value, figure.of, figure.priority)
        };
        assert_eq!(told(&all, false), (2, Some(3), Some(Priority::Medium)));
        all.push(source(owes, StationStanding::Silent, true));
        assert_eq!(told(&all, false), (3, Some(4), Some(Priority::High)));
        assert_eq!(told(&all, true), (3, Some(4), None));
    }
}

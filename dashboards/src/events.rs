//! What happened, as a person reads it: the newest events, how many, who they came from and who reports them.
//!
//! Names of users come masked from the store. Everything is the asker's: an event is seen by whoever sees its feed.

use ioc_model::{
    event::{Decided, EventKind, Severity, TimeFrom},
    time::{EventTime, Millis, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use crate::{
    heard::HeardWindow,
    log_sources::{LogSourceHeard, LogSourcesSaid},
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
    /// Its network, such as `2001:db8:0:9::/64`, where they came from several addresses of it; none else.
    pub network: Option<String>,
    /// How many addresses of it they came from; 0 where there is none.
    pub network_addresses: u64,
    /// How many events that were.
    pub network_weight: u64,
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

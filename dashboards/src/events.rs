//! What happened, as a person reads it: the newest events, how many, who they came from, who reports and who is silent.
//!
//! Names of users come masked from the store. Everything is the asker's: an event is seen by whoever sees its feed.

use ioc_model::{
    event::{Decided, EventKind, Severity, TimeFrom},
    figure::StationStanding,
    rule::Priority,
    text::Text,
    time::{EventTime, Millis, Now, ReceivedAt},
};
use serde::{Deserialize, Serialize};

/// The most events of a page.
pub const EVENTS_MAX: u32 = 500;

/// The longest time that is summed up.
pub const SUMMARY_MAX: Millis = Millis::hours(31 * 24);

/// How many addresses are ranked.
pub const RANKED: u32 = 20;

/// How far back it is looked for the last word of a log source.
pub const HEARD_WITHIN: Millis = Millis::hours(31 * 24);

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
    /// Log sources that say nothing.
    Silent,
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
}

/// The figures of a time.
#[must_use]
pub fn figures(totals: &EventTotals, hours: &[EventHour], log_sources: &[LogSourceView]) -> Vec<EventFigure> {
    let worst = hours.iter().filter(|hour| hour.weight > 0).map(|hour| hour.severity).max();
    let quiet = || log_sources.iter().filter(|source| source.quiet);
    // The others may be silent for ever.
    let owe = log_sources.iter().filter(|source| source.silent_after.is_some()).count() as u64;
    let counted = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let figure = |figure, value, of, priority| EventFigure { figure, value, of, priority };
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
            EventFigureId::Silent,
            counted(quiet().count() as u64),
            Some(owe),
            quiet().filter_map(|source| source.priority).min(),
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

/// What the store says of who reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSourceHeard {
    /// Its name.
    pub id: String,
    /// How many events; 0 where it was heard before, or speaks for others only.
    pub weight: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// How many of those said a time that cannot be.
    pub absurd: u64,
    /// When the newest arrived.
    pub received_at: ReceivedAt,
}

/// What the store says of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// A log source, and whether it is heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogSourceView {
    /// Its name.
    pub id: String,
    /// As the pack calls it; none where it does not.
    pub name: Option<Text>,
    /// Whose it is; none where the pack does not know it.
    pub owner: Option<Text>,
    /// Whether it passes on what others say.
    pub relay: bool,
    /// How it stands.
    pub standing: LogSourceStanding,
    /// Whether nothing is heard of it that should be.
    pub quiet: bool,
    /// How urgent that is; none where there is nothing to act on.
    pub priority: Option<Priority>,
    /// When it was heard last; none where it was not for as long as is looked back.
    pub received_at: Option<ReceivedAt>,
    /// Nothing of it for so long means that it is silent; none where it may be.
    pub silent_after: Option<Millis>,
    /// How many events.
    pub weight: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// How many of those said a time that cannot be.
    pub absurd: u64,
}

/// How a log source stands. Those who need somebody to look come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSourceStanding {
    /// Nothing of it for longer than it may be silent.
    Silent,
    /// Nothing of it for as long as is looked back.
    Never,
    /// It reports, and the pack does not know it.
    Unknown,
    /// It reports, or may be silent.
    Heard,
}

impl LogSourceStanding {
    /// Whether nothing is heard of it that should be. Who is heard and not known is not quiet.
    #[must_use]
    pub fn is_quiet(self) -> bool {
        matches!(self, LogSourceStanding::Silent | LogSourceStanding::Never)
    }

    /// How urgent it is: as the figure of the overview has it.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        match self {
            LogSourceStanding::Silent => StationStanding::Silent.priority(),
            LogSourceStanding::Never => StationStanding::Never.priority(),
            LogSourceStanding::Unknown => Some(Priority::Low),
            LogSourceStanding::Heard => None,
        }
    }
}

/// A log source of the pack, as far as it is needed to say how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSourceKnown {
    /// Its name.
    pub id: String,
    /// As the pack calls it.
    pub name: Text,
    /// Whose it is.
    pub owner: Text,
    /// Whether it passes on what others say.
    pub relay: bool,
    /// Nothing of it for so long means that it is silent; none where it may be.
    pub silent_after: Option<Millis>,
}

/// Every log source that is known or was heard, at a moment: first those who need somebody to look, then by name.
#[must_use]
pub fn standings(known: Vec<LogSourceKnown>, heard: Vec<LogSourceHeard>, now: Now) -> Vec<LogSourceView> {
    let mut heard: std::collections::BTreeMap<String, LogSourceHeard> =
        heard.into_iter().map(|it| (it.id.clone(), it)).collect();
    let mut all: Vec<LogSourceView> = Vec::new();
    for known in known {
        let last = heard.remove(&known.id);
        let received_at = last.as_ref().map(|it| it.received_at);
        let quiet = received_at.map(|at| now.0.saturating_sub(at.0));
        let standing = match (quiet, known.silent_after) {
            (None, _) => LogSourceStanding::Never,
            (Some(quiet), Some(after)) if quiet > after.0 => LogSourceStanding::Silent,
            _ => LogSourceStanding::Heard,
        };
        all.push(LogSourceView {
            id: known.id,
            name: Some(known.name),
            owner: Some(known.owner),
            relay: known.relay,
            standing,
            // Who may be silent for ever owes nothing.
            quiet: known.silent_after.is_some() && standing.is_quiet(),
            priority: standing.priority(),
            received_at,
            silent_after: known.silent_after,
            weight: last.as_ref().map_or(0, |it| it.weight),
            rows: last.as_ref().map_or(0, |it| it.rows),
            absurd: last.as_ref().map_or(0, |it| it.absurd),
        });
    }
    all.extend(heard.into_values().map(|it| LogSourceView {
        id: it.id,
        name: None,
        owner: None,
        relay: false,
        standing: LogSourceStanding::Unknown,
        quiet: LogSourceStanding::Unknown.is_quiet(),
        priority: LogSourceStanding::Unknown.priority(),
        received_at: Some(it.received_at),
        silent_after: None,
        weight: it.weight,
        rows: it.rows,
        absurd: it.absurd,
    }));
    all.sort_by(|a, b| (a.standing, &a.id).cmp(&(b.standing, &b.id)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: &str, silent_after: Option<i64>) -> LogSourceKnown {
        let (name, owner) = (Text::default(), Text::default());
        LogSourceKnown {
            id: id.to_owned(),
            name,
            owner,
            relay: false,
            silent_after: silent_after.map(Millis),
        }
    }

    fn heard(id: &str, received_at: i64) -> LogSourceHeard {
        let received_at = ReceivedAt(received_at);
        LogSourceHeard { id: id.to_owned(), weight: 1, rows: 1, absurd: 0, received_at }
    }

    #[test]
    fn silent_who_says_nothing_longer_than_it_may_is_silent_and_who_never_did_is_not_taken_for_well() {
        let owes = [known("late", Some(9)), known("just", Some(10)), known("new", Some(10))];
        let pack = [known("calm", None), known("free", None)].into_iter().chain(owes).collect();
        let told = vec![heard("calm", 1), heard("late", 90), heard("just", 90), heard("stranger", 100)];
        let all = standings(pack, told, Now(100));
        let told: Vec<_> = all.iter().map(|it| (it.id.as_str(), it.standing)).collect();
        use LogSourceStanding::{Heard, Never, Silent, Unknown};
        let expected = [
            ("late", Silent),
            ("free", Never),
            ("new", Never),
            ("stranger", Unknown),
            ("calm", Heard),
            ("just", Heard),
        ];
        assert_eq!(told, expected);
        let quiet: Vec<bool> = all.iter().map(|it| it.quiet).collect();
        let expected = [true, false, true, false, false, false];
        assert_eq!(quiet, expected, "who may be silent for ever owes nothing; a stranger is heard");
        let told = figures(&EventTotals::default(), &[], &all);
        assert_eq!((told[3].value, told[3].of, told[3].priority), (2, Some(3), Some(Priority::High)));
    }

    #[test]
    fn grave_events_are_as_urgent_as_the_worst_of_them() {
        let hour = |severity, weight| EventHour { start: EventTime(0), severity, weight };
        let urgent = |hours: &[EventHour]| figures(&EventTotals::default(), hours, &[])[0].priority;
        assert_eq!(urgent(&[hour(Severity::Medium, 5)]), None);
        assert_eq!(urgent(&[hour(Severity::High, 1), hour(Severity::NotRated, 9)]), Some(Priority::High));
        let both = [hour(Severity::Critical, 1), hour(Severity::High, 1)];
        assert_eq!(urgent(&both), Some(Priority::Critical));
    }
}

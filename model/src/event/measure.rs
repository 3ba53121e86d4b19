//! What a pack counts of events: the measures.
//!
//! A measure is counted at each log source of the pack, minute by minute, and has windows like anything measured: its
//! value is the sum over the window, how many different ones there were, or the last that was said. What groups there are
//! is closed: log sources, and with them their agencies, are the pack's; kinds, severities, and the categories that a
//! pack names are lists. Addresses and users have no end: they are counted, not grouped by.

use serde::{Deserialize, Serialize};

use super::{Amount, CountedOf, Event, EventKind, Group, GroupBy, Severity};
use crate::{text::Text, window::WindowKind};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// How many times it happened: a line may stand for many.
    Events,
    /// Lines and records, whatever they stand for.
    Lines,
    /// Attempts to log in, of which several lines may tell.
    Attempts,
    /// Different addresses it came from.
    Sources,
    /// Different targets: an address and port; where a line says no address, the machine that wrote it.
    Targets,
    /// Different accounts it is about.
    Users,
    /// Different machines that it happened on: by the address it went to, else by the name a line says, else by the
    /// address it came from.
    Machines,
    /// Alerts that sensors say they raised, by their own counters.
    Raised,
    /// Of those, how many never arrived, at least.
    Lost,
    /// What an attribute of events says, added up.
    Sum,
    /// What an attribute of events said last.
    Last,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 11] = [
        Count::Events,
        Count::Lines,
        Count::Attempts,
        Count::Sources,
        Count::Targets,
        Count::Users,
        Count::Machines,
        Count::Raised,
        Count::Lost,
        Count::Sum,
        Count::Last,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Count::Events => "events",
            Count::Lines => "lines",
            Count::Attempts => "attempts",
            Count::Sources => "sources",
            Count::Targets => "targets",
            Count::Users => "users",
            Count::Machines => "machines",
            Count::Raised => "raised",
            Count::Lost => "lost",
            Count::Sum => "sum",
            Count::Last => "last",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Count> {
        Count::ALL.into_iter().find(|count| count.word() == word)
    }

    /// What an event adds; none where it adds nothing. Of attributes the measure says which.
    #[must_use]
    pub fn of(self, event: &Event) -> Option<Adds> {
        match self {
            Count::Events => Some(Adds::More(event.weight.into())),
            Count::Lines => Some(Adds::More(1)),
            Count::Attempts => Some(Adds::More(event.attempts.into())).filter(|_| event.attempts != 0),
            Count::Sources => event.from.address.map(|address| Adds::One(address.to_string())),
            Count::Targets => {
                let port = event.to.port.map(|port| format!(" {port}")).unwrap_or_default();
                Some(Adds::One(match event.to.address {
                    Some(address) => format!("{address}{port}"),
                    None => format!("{}{port}", event.log_source),
                }))
            }
            Count::Users => Some(Adds::One(event.user.to_string())).filter(|_| !event.user.is_empty()),
            Count::Machines => machine(event).map(Adds::One),
            // What two records differ by, no event adds.
            Count::Raised | Count::Lost | Count::Sum | Count::Last => None,
        }
    }

    /// Whether it is how many different ones there are: what two windows have in common counts once in both together.
    #[must_use]
    pub fn is_distinct(self) -> bool {
        matches!(self, Count::Sources | Count::Targets | Count::Users | Count::Machines)
    }

    /// Whether it is what sensors say of themselves: how many alerts they raised, and what became of those.
    #[must_use]
    pub fn is_said_by_sensors(self) -> bool {
        matches!(self, Count::Raised | Count::Lost)
    }

    /// Whether it is made of an attribute of events.
    #[must_use]
    pub fn is_of_attribute(self) -> bool {
        matches!(self, Count::Sum | Count::Last)
    }
}

/// The machine an event happened on. A list of what was found on machines says their address or their name; of a
/// connection it is who began it.
fn machine(event: &Event) -> Option<String> {
    let found_on_it = event.kind == EventKind::Infection;
    let address = if found_on_it { event.to.address.or(event.from.address) } else { event.from.address };
    let named = || Some(event.host.to_lowercase()).filter(|host| !host.is_empty());
    address.map(|address| address.to_string()).or_else(named)
}

/// What an event adds to a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adds {
    /// So many more, or less.
    More(i64),
    /// One of different ones, as text.
    One(String),
}

/// What an event adds to a measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeasureAdds {
    /// To what is counted.
    Counted(Adds),
    /// So much more, to a sum.
    Much(Amount),
    /// That it stands so from then on.
    Stands(Amount),
}

/// A measure over events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventMeasure {
    /// Identifier, as of an indicator: lower-case letters, digits, `_`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What is counted.
    pub count: Count,
    /// Of a sum or a last value: of this attribute of events. Else empty.
    pub attribute: String,
    /// Its unit; empty for what is counted.
    pub unit: String,
    /// Of these kinds; of any where none is named.
    pub kinds: Vec<EventKind>,
    /// At least so bad. What was not rated is not.
    pub severity: Option<Severity>,
    /// Counted at these log sources alone; at each of the pack where none is named.
    pub log_sources: Vec<String>,
    /// The member of a group that it is of, where the pack asked for one number each.
    pub group: Option<Group>,
    /// Which windows are made of it.
    pub windows: Vec<WindowKind>,
}

impl EventMeasure {
    /// Whether it counts an event.
    #[must_use]
    pub fn covers(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.severity.is_none_or(|least| event.severity >= least)
            && self.group.as_ref().is_none_or(|group| group.has(event))
    }

    /// What an event adds that it counts; none where it adds nothing. An attribute that is no number adds nothing.
    #[must_use]
    pub fn adds(&self, event: &Event) -> Option<MeasureAdds> {
        if !self.count.is_of_attribute() {
            return self.count.of(event).map(MeasureAdds::Counted);
        }
        let (_, said) = event.attributes.iter().find(|(name, _)| *name == self.attribute)?;
        let amount = Amount::of(said)?;
        Some(match self.count {
            Count::Sum => MeasureAdds::Much(amount),
            _ => MeasureAdds::Stands(amount),
        })
    }

    /// What it counts, beside its kinds.
    #[must_use]
    pub fn counted(&self) -> CountedOf {
        let categories = match self.group.as_ref().map(|group| &group.by) {
            Some(GroupBy::Category(categories)) => Some(categories.clone()),
            _ => None,
        };
        CountedOf { severities: self.severities(), categories, attribute: self.attribute.clone() }
    }

    /// The severities of what it counts; none for all.
    fn severities(&self) -> Vec<Severity> {
        match self.group.as_ref().map(|group| &group.by) {
            Some(GroupBy::Severity(severity)) => vec![*severity],
            _ => Severity::ALL
                .into_iter()
                .filter(|it| self.severity.is_some_and(|least| *it >= least))
                .collect(),
        }
    }

    /// Whether its hours say how many events of any kind there were at each log source, of all or of those that are so
    /// bad: what the figures are made of.
    #[must_use]
    pub fn counts_all(&self, severity: Option<Severity>) -> bool {
        self.count == Count::Events
            && self.kinds.is_empty()
            && self.severity == severity
            && self.log_sources.is_empty()
            && self.group.is_none()
            && self.windows.contains(&WindowKind::Hour)
    }
}

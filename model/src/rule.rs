//! Rules that raise alerts: data of the pack, judged in the dataflow by the recorded clock.
//!
//! An alert has two independent flags, active or cleared and acknowledged or not. A rule and subject have at most one
//! open alert: while it is active or not acknowledged it is the same one, and raising it again counts up. History is
//! rows that are only added to.

mod counting;
mod unusual;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use self::counting::WITHIN_MAX;
pub use self::{
    counting::{AlertAbout, AlertEvents, CountBy, Counted, Counting, Group, REACH_MAX},
    unusual::Unusual,
};
use crate::{
    index::IndexId, limit::Averaging, sensor::BlindCause, station_kind::StationKind, status::StationStatus,
    text::Text, time::Millis,
};

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Priority {
    /// Khẩn cấp.
    Critical = 0,
    /// Cao.
    High = 1,
    /// Vừa.
    Medium = 2,
    /// Thấp.
    Low = 3,
}

impl Priority {
    /// All of them, most urgent first.
    pub const ALL: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Medium, Priority::Low];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Priority::Critical => "critical",
            Priority::High => "high",
            Priority::Medium => "medium",
            Priority::Low => "low",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| priority.word() == word)
    }
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The mean of an indicator.
    Indicator(String),
    /// An index, of an hour or a day.
    Index(IndexId),
}

impl Measure {
    /// The indicator's or index's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Measure::Indicator(indicator) => indicator,
            Measure::Index(index) => index.word(),
        }
    }
}

/// A side of a threshold, with hysteresis: what raises and what clears are not the same value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Raised by values above `raise`, cleared by values at or below `clear`; `clear` ≤ `raise`.
    Above {
        /// In the measure's unit.
        raise: f64,
        /// In the measure's unit.
        clear: f64,
    },
    /// Raised by values below `raise`, cleared by values at or above `clear`; `clear` ≥ `raise`.
    Below {
        /// In the measure's unit.
        raise: f64,
        /// In the measure's unit.
        clear: f64,
    },
}

/// When a rule raises and clears.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A measure against fixed numbers. Windows without a valid value neither raise nor clear (SILENT).
    Threshold {
        /// What is looked at.
        measure: Measure,
        /// Over what it is averaged; an index has hours and days only.
        averaging: Averaging,
        /// Which numbers.
        bound: Bound,
    },
    /// An indicator's mean against the legal limit in force: raised above it (or below a lower one), cleared when
    /// kept by a margin.
    Limit {
        /// What is limited.
        indicator: String,
        /// Over what it is averaged.
        averaging: Averaging,
        /// Cleared at or below this share of an upper limit, such as 0.9, and kept of a lower one.
        clear_share: f64,
    },
    /// The state of a station, lasting for some time: silence is an alert of its own.
    Status {
        /// Any of these.
        statuses: Vec<StationStatus>,
        /// For so long without a break.
        lasting: Millis,
    },
    /// Why the sensor of a log source sees too little, by its newest record of itself: raised by one that says so, cleared
    /// by one that does not, and never because none comes.
    Blind {
        /// Any of these.
        causes: Vec<BlindCause>,
        /// For so long without a record that says otherwise.
        lasting: Millis,
    },
    /// What is counted at a log source in an hour, against what is usual for that hour.
    Unusual(Unusual),
    /// Events of one address or user: raised by so many in a time, over when nothing more happened for so long.
    Events(Counting),
    /// Obligations that an agency missed of those due in a calendar year: raised by so many, over when there are fewer or
    /// another year began.
    Reminders {
        /// So many; at least one.
        reach: u32,
    },
}

impl Condition {
    /// What it counts of events; none of one that looks at stations.
    #[must_use]
    pub fn counting(&self) -> Option<&Counting> {
        match self {
            Condition::Events(counting) => Some(counting),
            _ => None,
        }
    }

    /// How many missed obligations of a year raise it; none of one that looks at something else.
    #[must_use]
    pub fn reminders(&self) -> Option<u32> {
        match self {
            Condition::Reminders { reach } => Some(*reach),
            _ => None,
        }
    }
}

/// Every log source.
pub const EVERY: &str = "*";

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Identifier: lower-case letters, digits, `-`.
    pub id: String,
    /// What it says.
    pub name: Text,
    /// What the duty officer does first.
    pub step: Text,
    /// How urgent.
    pub priority: Priority,
    /// When it raises and clears.
    pub condition: Condition,
    /// So many windows in a row must raise; of those between, none may be kept. At least 1.
    pub raise_windows: u32,
    /// So many windows in a row must clear. At least 1.
    pub clear_windows: u32,
    /// Kinds of stations it watches; none where it counts events.
    pub kinds: Vec<StationKind>,
    /// Stations it watches; empty for all of those kinds.
    pub stations: Vec<String>,
    /// Log sources it watches, by name; [`EVERY`] for all of them.
    pub log_sources: Vec<String>,
}

impl Rule {
    /// Whether it watches a station.
    #[must_use]
    pub fn watches_station(&self, station: &str, kind: StationKind) -> bool {
        self.log_sources.is_empty()
            && self.condition.reminders().is_none()
            && self.condition.counting().is_none()
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.stations.is_empty() || self.stations.iter().any(|one| one == station))
    }

    /// Whether it watches a log source.
    #[must_use]
    pub fn watches_log_source(&self, log_source: &str) -> bool {
        let is_it = |one: &String| one == log_source || one == EVERY;
        self.condition.counting().is_none() && self.log_sources.iter().any(is_it)
    }
}

/// Which alert: the number counts up for each rule and subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// The rule.
    pub rule: Arc<str>,
    /// The station, the address or user that events were counted by, or the agency that missed what it owed.
    pub subject: Arc<str>,
    /// From 1 at a station and of an agency. Of events the minute in which it was raised, or the next free one: what is known of an
    /// address is forgotten, and a number must not come again.
    pub number: u32,
}

impl std::fmt::Display for AlertKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}~{}", self.rule, self.subject, self.number)
    }
}

impl std::str::FromStr for AlertKey {
    type Err = InvalidAlertKey;

    fn from_str(text: &str) -> Result<AlertKey, InvalidAlertKey> {
        let invalid = || InvalidAlertKey(text.to_owned());
        let mut parts = text.split('~');
        let (Some(rule), Some(subject), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        if rule.is_empty() || !crate::contract::is_subject(subject) {
            return Err(invalid());
        }
        Ok(AlertKey {
            rule: rule.into(),
            subject: subject.into(),
            number: number.parse().map_err(|_| invalid())?,
        })
    }
}

/// An alert is written `rule~subject~number`.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not an alert of the form rule~subject~number")]
pub struct InvalidAlertKey(String);

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum AlertChange {
    /// It became active for the first time.
    Raised = 0,
    /// It was cleared, not acknowledged, and became active again.
    Recurred = 1,
    /// Its condition holds no more.
    Cleared = 2,
    /// Somebody took it on.
    Acknowledged = 3,
}

impl AlertChange {
    /// All of them, in the order of their numbers.
    pub const ALL: [AlertChange; 4] =
        [AlertChange::Raised, AlertChange::Recurred, AlertChange::Cleared, AlertChange::Acknowledged];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AlertChange::Raised => "raised",
            AlertChange::Recurred => "recurred",
            AlertChange::Cleared => "cleared",
            AlertChange::Acknowledged => "acknowledged",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AlertChange> {
        AlertChange::ALL.into_iter().find(|change| change.word() == word)
    }
}

//! The figures: numbers that a province looks at first, nine on the overview, and those of information security.
//!
//! What they are and how they are judged is said in the dataflow, once, so that a page, a wall, a terminal and the API
//! say the same, and can say it of any moment that has passed. Whoever shows them puts words to words.

use serde::{Deserialize, Serialize};

use crate::{rule::Priority, status::StationStatus};

macro_rules! words {
    ($name:ident, $count:literal, $($variant:ident => $word:literal),* $(,)?) => {
        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: [$name; $count] = [$($name::$variant),*];

            /// The word used in tables and APIs.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// From its word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.into_iter().find(|one| one.word() == word)
            }
        }
    };
}

/// One of them, in the order in which they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FigureId {
    /// The highest hourly VN_AQI of all stations.
    Aqi = 0,
    /// The daily mean of PM2.5 that is the largest share of its limit, in the indicator's unit.
    Pm25 = 1,
    /// Open alerts.
    Alerts = 2,
    /// Hours of stations with a mean over its limit, of the last 24.
    Exceeded = 3,
    /// Stations that send.
    Stations = 4,
    /// Good points to those expected in the last 24 hours. Percent.
    Completeness = 5,
    /// How long the feed is silent that is silent for the largest share of what it promises. Milliseconds.
    Slowest = 6,
    /// Envelopes and rows that are nowhere (invariant BALANCE).
    Balance = 7,
    /// Log sources that are heard, of those that may not be silent; and whoever of the others is blind.
    LogSources = 8,
    /// Events of the last full hour, at the log sources of the pack.
    Events = 9,
    /// High and critical ones of the last 24 hours.
    Severe = 10,
    /// Open alerts of log sources, addresses and users.
    SecurityAlerts = 11,
    /// How long it took until somebody took on such an alert: the median of 30 days. Milliseconds.
    TimeToAcknowledge = 12,
    /// How long it took until one was over: the median of 30 days. Milliseconds.
    TimeToClear = 13,
}

words!(
    FigureId, 14,
    Aqi => "aqi",
    Pm25 => "pm25",
    Alerts => "alerts",
    Exceeded => "exceeded",
    Stations => "stations",
    Completeness => "completeness",
    Slowest => "slowest",
    Balance => "balance",
    LogSources => "log_sources",
    Events => "events",
    Severe => "severe",
    SecurityAlerts => "security_alerts",
    TimeToAcknowledge => "time_to_acknowledge",
    TimeToClear => "time_to_clear",
);

/// How a figure stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FigureVerdict {
    /// It is kept.
    Kept = 0,
    /// It is kept, and not by much; or it is not whole.
    Near = 1,
    /// It is not.
    Missed = 2,
    /// Nobody can say: what there is, is too little or too old.
    Withheld = 3,
}

words!(
    FigureVerdict, 4,
    Kept => "kept",
    Near => "near",
    Missed => "missed",
    Withheld => "withheld",
);

/// Why a figure's verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FigureReason {
    /// It keeps its target.
    OnTarget = 0,
    /// It is within a tenth of its target.
    NearTarget = 1,
    /// It lies beyond its target.
    Beyond = 2,
    /// Alerts are open that nobody took on.
    Unacknowledged = 3,
    /// All open alerts are taken on.
    Taken = 4,
    /// Stations that sent have fallen silent.
    Silent = 5,
    /// Some stations do not send all that is expected of them.
    NotAll = 6,
    /// Fewer points than three quarters of what is expected.
    Insufficient = 7,
    /// The newest is too old to be judged.
    Stale = 8,
    /// Nothing was ever there.
    Never = 9,
    /// The pack has nothing the figure could be of.
    Nothing = 10,
    /// VN_AQI: neither PM10 nor PM2.5.
    NoParticulates = 11,
    /// The index has fewer groups of parameters than it needs.
    TooFewGroups = 12,
    /// No parameter of the index has enough points.
    NoData = 13,
    /// Some are open for longer than it usually takes.
    Waiting = 14,
}

words!(
    FigureReason, 15,
    OnTarget => "on_target",
    NearTarget => "near_target",
    Beyond => "beyond",
    Unacknowledged => "unacknowledged",
    Taken => "taken",
    Silent => "silent",
    NotAll => "not_all",
    Insufficient => "insufficient",
    Stale => "stale",
    Never => "never",
    Nothing => "nothing",
    NoParticulates => "no_particulates",
    TooFewGroups => "too_few_groups",
    NoData => "no_data",
    Waiting => "waiting",
);

/// How a figure's age speaks against it, at the moment it was worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Freshness {
    /// Within what is promised.
    Fresh = 0,
    /// Beyond.
    Late = 1,
    /// Beyond twice that: the judgement is withheld.
    Stale = 2,
    /// What it is of reported, and says that there is no value.
    Missing = 3,
    /// What it is of never reported.
    Never = 4,
}

words!(
    Freshness, 5,
    Fresh => "fresh",
    Late => "late",
    Stale => "stale",
    Missing => "missing",
    Never => "never",
);

/// What a figure was made of: how it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum InputKind {
    /// An hour's index of a station.
    Index = 0,
    /// A day's mean of a station, held against a limit.
    Assessment = 1,
    /// An hour's mean of a station.
    Window = 2,
    /// An open alert.
    Alert = 3,
    /// A station.
    Station = 4,
    /// A station's indicator over a day.
    Series = 5,
    /// A feed.
    Feed = 6,
    /// A log source.
    LogSource = 7,
}

words!(
    InputKind, 8,
    Index => "index",
    Assessment => "assessment",
    Window => "window",
    Alert => "alert",
    Station => "station",
    Series => "series",
    Feed => "feed",
    LogSource => "log_source",
);

/// Why a station, or a log source, does not count among those that send all that is expected of them; the rest are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum StationStanding {
    /// It sent, and does no longer.
    Silent = 0,
    /// A device of it reports a fault; a log source's sensor sees too little, it is blind.
    Error = 1,
    /// It sends, but not all of its indicators.
    Partial = 2,
    /// It is being calibrated.
    Calibrating = 3,
    /// It is late.
    Late = 4,
    /// It never sent.
    Never = 5,
    /// It sends all that is expected of it.
    Good = 6,
}

words!(
    StationStanding, 7,
    Silent => "silent",
    Error => "error",
    Partial => "partial",
    Calibrating => "calibrating",
    Late => "late",
    Never => "never",
    Good => "good",
);

impl StationStanding {
    /// By the state the flow gives it, whether anything of it ever came, and how many of its indicators never came or came
    /// too long ago.
    #[must_use]
    pub fn of(status: StationStatus, ever: bool, missing: u32) -> StationStanding {
        match status {
            StationStatus::Silent if ever => StationStanding::Silent,
            StationStatus::Silent => StationStanding::Never,
            StationStatus::Error => StationStanding::Error,
            StationStatus::Calibrating => StationStanding::Calibrating,
            StationStatus::Late => StationStanding::Late,
            StationStatus::Good if missing > 0 => StationStanding::Partial,
            StationStatus::Good => StationStanding::Good,
        }
    }

    /// How urgent it is; none where there is nothing to act on.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        match self {
            StationStanding::Silent => Some(Priority::High),
            StationStanding::Error | StationStanding::Partial => Some(Priority::Medium),
            StationStanding::Never => Some(Priority::Low),
            StationStanding::Calibrating | StationStanding::Late | StationStanding::Good => None,
        }
    }

    /// Whether it sends.
    #[must_use]
    pub fn is_sending(self) -> bool {
        !matches!(self, StationStanding::Silent | StationStanding::Never)
    }

    /// Whether less comes of it than should: nothing, or not all, or a device of it is at fault. A log source's device
    /// is the sensor that sees too little.
    #[must_use]
    pub fn is_amiss(self) -> bool {
        !self.is_sending() || matches!(self, StationStanding::Error | StationStanding::Partial)
    }

    /// Whether a log source is one of those that are counted: it owes to be heard, or it is at fault whatever it owes.
    #[must_use]
    pub fn counts_of_log_sources(self, owes: bool) -> bool {
        owes || self == StationStanding::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_whoever_is_amiss_is_urgent_and_a_blind_log_source_counts_whatever_it_owes() {
        for standing in StationStanding::ALL {
            assert_eq!(standing.is_amiss(), standing.priority().is_some(), "{standing:?}");
            assert!(standing.counts_of_log_sources(true));
            let is_blind = standing == StationStanding::Error;
            assert_eq!(standing.counts_of_log_sources(false), is_blind, "{standing:?}");
        }
    }
}

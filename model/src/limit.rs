//! Legal limits and the means they are about. A limit holds from a day to a day; the one in force on the window's
//! first local day is the one a window is judged by, however late the judgement.

use serde::{Deserialize, Serialize};

use crate::{
    bound::{is_above, is_below},
    place::Date,
    station_kind::StationKind,
};

/// Over what a value is averaged before it is held against a limit (QCVN 05:2023/BTNMT, 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Averaging {
    /// The mean of a local hour.
    Hour = 0,
    /// The mean of eight hourly means in a row; a window begins with each hour.
    EightHours = 1,
    /// The mean of a local day.
    Day = 2,
    /// The mean of the valid daily means of a local calendar year, to date.
    Year = 3,
}

impl Averaging {
    /// All of them, in the order of their numbers.
    pub const ALL: [Averaging; 4] = [Averaging::Hour, Averaging::EightHours, Averaging::Day, Averaging::Year];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Averaging::Hour => "hour",
            Averaging::EightHours => "eight_hours",
            Averaging::Day => "day",
            Averaging::Year => "year",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Averaging> {
        Averaging::ALL.into_iter().find(|averaging| averaging.word() == word)
    }
}

/// A mean counts if at least this share of its points is there.
pub const VALID_SHARE: f64 = 0.75;

/// Whether enough of what was expected is there. Where nothing is known to be expected, one point is enough.
#[must_use]
pub fn is_enough(there: u64, expected: u64) -> bool {
    there > 0 && there as f64 >= VALID_SHARE * expected as f64
}

/// A limit of one indicator for some stations and some time.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Identifier, such as `qcvn05-pm25-day-2026`: lower-case letters, digits, `-`.
    pub id: String,
    /// The standard: `QCVN 05:2023/BTNMT`.
    pub standard: String,
    /// What is limited.
    pub indicator: String,
    /// Over what it is averaged.
    pub averaging: Averaging,
    /// The mean may not be lower than this, in the indicator's unit.
    pub low: Option<f64>,
    /// The mean may not be higher than this, in the indicator's unit.
    pub high: Option<f64>,
    /// Kinds of stations it holds for.
    pub kinds: Vec<StationKind>,
    /// Stations it holds for, where it is a permit of theirs; empty for all of those kinds. A limit that names a
    /// station goes before one that does not.
    pub stations: Vec<String>,
    /// First day it is in force.
    pub valid_from: Date,
    /// Last day it is in force; none while it lasts.
    pub valid_to: Option<Date>,
}

impl Limit {
    /// Whether a mean keeps it: a limit may be reached ([`bound`](crate::bound)).
    #[must_use]
    pub fn is_kept_by(&self, mean: f64) -> bool {
        let (low, high) = (self.low, self.high);
        low.is_none_or(|low| !is_below(mean, low)) && high.is_none_or(|high| !is_above(mean, high))
    }

    /// Whether it is in force on a local day.
    #[must_use]
    pub fn is_in_force(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|end| day <= end)
    }
}

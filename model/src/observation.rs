//! A measured or derived value.

use serde::{Deserialize, Serialize};

use crate::{
    names::{IndicatorId, SourceId, SubjectId},
    position::Arrival,
    rule::Priority,
    time::EventTime,
};

/// (indicator, subject): one time series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Series {
    /// What is measured.
    pub indicator: IndicatorId,
    /// Where, by whom or on what: a station, an office, a camera.
    pub subject: SubjectId,
}

/// One accepted row. Its key is (indicator, subject, event time).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Indicator and subject.
    pub series: Series,
    /// When it was so.
    pub event_time: EventTime,
    /// In the indicator's unit; always finite.
    pub value: f64,
    /// How good the sender (or a contract check) says it is.
    pub quality: Quality,
    /// The feed it came by, and who sent it.
    pub source: SourceId,
    /// When and where it arrived.
    pub arrival: Arrival,
}

/// The worth of a value as stated by its sender or found by a check.
///
/// Station status codes 00, 01, 02 of TT 10/2021/TT-BTNMT are `Good`, `Calibrating`, `DeviceError`.
/// Only `Good` values enter averages; every value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Quality {
    /// Measured in normal operation.
    Good = 0,
    /// The instrument was being calibrated.
    Calibrating = 1,
    /// The instrument reported a fault.
    DeviceError = 2,
    /// Outside of what the indicator can physically be.
    OutOfRange = 3,
    /// Doubtful, by the sender's own word.
    Suspect = 4,
}

impl Quality {
    /// All of them, in the order of their numbers.
    pub const ALL: [Quality; 5] =
        [Quality::Good, Quality::Calibrating, Quality::DeviceError, Quality::OutOfRange, Quality::Suspect];

    /// From its number.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Quality> {
        Quality::ALL.get(usize::from(number)).copied()
    }

    /// The word used in tables, APIs and messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Quality::Good => "good",
            Quality::Calibrating => "calibrating",
            Quality::DeviceError => "device_error",
            Quality::OutOfRange => "out_of_range",
            Quality::Suspect => "suspect",
        }
    }

    /// How urgent it is; none for good values and planned calibration.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        match self {
            Quality::DeviceError | Quality::OutOfRange => Some(Priority::Medium),
            Quality::Suspect => Some(Priority::Low),
            Quality::Good | Quality::Calibrating => None,
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Quality> {
        Quality::ALL.into_iter().find(|quality| quality.word() == word)
    }
}

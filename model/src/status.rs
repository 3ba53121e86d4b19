//! The state of a station, judged by the recorded clock: nothing becomes good because data stopped (SILENT).

use serde::{Deserialize, Serialize};

/// How a station is. The worst that holds counts, in this order: silent, error, calibrating, late, good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum StationStatus {
    /// Its newest points came in time and none of them says otherwise.
    Good = 0,
    /// Its newest point is older than its cadence and the feed's lateness allow.
    Late = 1,
    /// The newest point of one of its indicators was taken in calibration.
    Calibrating = 2,
    /// The newest point of one of its indicators reports a device fault.
    Error = 3,
    /// Nothing newer for so long that it must be taken for gone, or nothing ever.
    Silent = 4,
}

impl StationStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [StationStatus; 5] = [
        StationStatus::Good,
        StationStatus::Late,
        StationStatus::Calibrating,
        StationStatus::Error,
        StationStatus::Silent,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StationStatus::Good => "good",
            StationStatus::Late => "late",
            StationStatus::Calibrating => "calibrating",
            StationStatus::Error => "error",
            StationStatus::Silent => "silent",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<StationStatus> {
        StationStatus::ALL.into_iter().find(|status| status.word() == word)
    }
}

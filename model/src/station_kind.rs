//! What kind a station is: limits, indices and rules go by it.

use serde::{Deserialize, Serialize};

/// What kind of station: the five types of the national receiver (TT 10/2021/TT-BTNMT), and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StationKind {
    /// Nước thải.
    WasteWater,
    /// Nước mặt.
    SurfaceWater,
    /// Nước dưới đất.
    GroundWater,
    /// Khí thải.
    StackEmission,
    /// Không khí xung quanh.
    AmbientAir,
}

impl StationKind {
    /// All of them.
    pub const ALL: [StationKind; 5] = [
        StationKind::WasteWater,
        StationKind::SurfaceWater,
        StationKind::GroundWater,
        StationKind::StackEmission,
        StationKind::AmbientAir,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StationKind::WasteWater => "waste_water",
            StationKind::SurfaceWater => "surface_water",
            StationKind::GroundWater => "ground_water",
            StationKind::StackEmission => "stack_emission",
            StationKind::AmbientAir => "ambient_air",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<StationKind> {
        StationKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

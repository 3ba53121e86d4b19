//! Indices of the field: numbers that a decree makes out of several measured ones.
//!
//! The formulas are pure code, one file each, with the decree and its validity; what a pack may choose is in
//! [`IndexSettings`]. An index that cannot be computed is a result too, with the reason: it is never 0, and never the
//! one before.

mod inputs;
pub mod vn_aqi;
pub mod vn_wqi;

pub use self::inputs::{Inputs, inputs_of};

use serde::{Deserialize, Serialize};

use crate::{name::Name, rule::Priority, station_kind::StationKind, text::Text};

/// The indices this build computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum IndexId {
    /// Air quality, Decision 1459/QĐ-TCMT of 12 November 2019.
    VnAqi = 0,
    /// Surface water quality, Decision 1460/QĐ-TCMT of 12 November 2019.
    VnWqi = 1,
}

impl IndexId {
    /// All of them, in the order of their numbers.
    pub const ALL: [IndexId; 2] = [IndexId::VnAqi, IndexId::VnWqi];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            IndexId::VnAqi => "vn_aqi",
            IndexId::VnWqi => "vn_wqi",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<IndexId> {
        IndexId::ALL.into_iter().find(|index| index.word() == word)
    }

    /// Bands that are nothing to act on, counted from the best.
    fn calm(self) -> usize {
        match self {
            IndexId::VnAqi => 2,
            IndexId::VnWqi => 3,
        }
    }

    /// How urgent a band is, by its place among [`IndexId::categories`]; none where there is nothing to act on.
    #[must_use]
    pub fn priority(self, band: usize) -> Option<Priority> {
        const RISING: [Priority; 3] = [Priority::Medium, Priority::High, Priority::Critical];
        let above = band.checked_sub(self.calm())?;
        Some(RISING[above.min(RISING.len() - 1)])
    }

    /// The last number with nothing to act on: VN_AQI rises as the air gets worse, VN_WQI falls.
    #[must_use]
    pub fn calm_until(self) -> Option<f64> {
        let last = self.categories().get(self.calm() - 1)?;
        Some(f64::from(if self == IndexId::VnAqi { last.to } else { last.from }))
    }

    /// The legal act it is computed by, and the number of our reading of it: raised when a result may change.
    #[must_use]
    pub fn formula(self) -> &'static str {
        match self {
            IndexId::VnAqi => "1459/QĐ-TCMT v1",
            IndexId::VnWqi => "1460/QĐ-TCMT v1",
        }
    }
}

/// Why an index has no value. The words are stable: they are stored and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum NoIndex {
    /// VN_AQI needs PM10 or PM2.5.
    NoParticulates = 0,
    /// Fewer parameter groups or parameters than the pack asks for.
    TooFewGroups = 1,
    /// No parameter has enough points.
    NoData = 2,
}

impl NoIndex {
    /// All of them, in the order of their numbers.
    pub const ALL: [NoIndex; 3] = [NoIndex::NoParticulates, NoIndex::TooFewGroups, NoIndex::NoData];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            NoIndex::NoParticulates => "no_particulates",
            NoIndex::TooFewGroups => "too_few_groups",
            NoIndex::NoData => "no_data",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<NoIndex> {
        NoIndex::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// What one parameter contributes to an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexPart {
    /// The indicator; for VN_AQI also `o3_eight_hours`, for VN_WQI also `group_i` … `group_v` for a whole group.
    pub indicator: Name,
    /// What went in: a mean, a NowCast, a maximum; in the indicator's unit.
    pub input: f64,
    /// Its sub-index, not rounded.
    pub sub_index: f64,
}

/// An index of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed {
    /// The index as published (a whole number), or why there is none.
    pub value: Result<f64, NoIndex>,
    /// The number of its category, from 0 for the best; none without a value.
    pub category: Option<u8>,
    /// The indicator that decides, where one does.
    pub dominant: Option<Name>,
    /// What went in.
    pub parts: Vec<IndexPart>,
}

/// A band of an index with its official name and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// Lowest whole number of the band.
    pub from: u16,
    /// Highest whole number of the band.
    pub to: u16,
    /// Stable word, used in tables and APIs.
    pub word: &'static str,
    /// Official name.
    pub vi: &'static str,
    /// In English.
    pub en: &'static str,
    /// Official colour, red, green, blue.
    pub color: (u8, u8, u8),
}

impl Category {
    /// Its colour as `#rrggbb`.
    #[must_use]
    pub fn color_code(&self) -> String {
        let (red, green, blue) = self.color;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// How a NowCast of half weights is read where hours are missing (QĐ 1459 says nothing of it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReading {
    /// Divide by the weights that are there: a gap does not lower the value. Where all twelve hours are there the
    /// literal formula is used all the same.
    #[default]
    Normalised,
    /// The text's sum as it stands: a missing hour counts as nothing.
    Literal,
}

/// How the groups of VN_WQI are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WqiAggregate {
    /// √(mean IV · mean V).
    #[default]
    SquareRoot,
    /// ∛(mean IV² · mean V).
    WeightedCubeRoot,
}

/// What a pack chooses where a decree leaves a choice, or where its reading is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSettings {
    /// VN_AQI: the reading of gaps.
    pub aqi_gaps: GapReading,
    /// VN_WQI: how groups are put together.
    pub wqi_aggregate: WqiAggregate,
    /// VN_WQI: groups that must have a value, of five.
    pub wqi_least_groups: u8,
    /// VN_WQI: parameters of group IV that must have a value.
    pub wqi_least_group_iv: u8,
}

impl Default for IndexSettings {
    fn default() -> IndexSettings {
        IndexSettings {
            aqi_gaps: GapReading::default(),
            wqi_aggregate: WqiAggregate::default(),
            wqi_least_groups: 3,
            wqi_least_group_iv: 3,
        }
    }
}

impl IndexId {
    /// Its bands, best first. Together they hold every whole number an index can be.
    #[must_use]
    pub fn categories(self) -> &'static [Category] {
        match self {
            IndexId::VnAqi => &vn_aqi::CATEGORIES,
            IndexId::VnWqi => &vn_wqi::CATEGORIES,
        }
    }

    /// The stations it is computed for.
    #[must_use]
    pub(crate) fn station_kind(self) -> StationKind {
        match self {
            IndexId::VnAqi => StationKind::AmbientAir,
            IndexId::VnWqi => StationKind::SurfaceWater,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> Text {
        let (vi, en) = match self {
            IndexId::VnAqi => ("Chỉ số chất lượng không khí VN_AQI", "Air quality index VN_AQI"),
            IndexId::VnWqi => ("Chỉ số chất lượng nước VN_WQI", "Water quality index VN_WQI"),
        };
        Text { vi: vi.to_owned(), en: en.to_owned() }
    }
}

/// The number of the band that holds a whole number.
fn category_of(categories: &[Category], value: f64) -> Option<u8> {
    let holds = |band: &Category| f64::from(band.from) <= value && value <= f64::from(band.to);
    categories.iter().position(holds).and_then(|at| u8::try_from(at).ok())
}

/// The nearest whole number, of two equally near ones the higher. A half that binary numbers can only show as a
/// little less, such as that of 55.7 µg/m³, is a half.
fn rounded_half_up(value: f64) -> f64 {
    (value + 0.5 + 1e-9).floor()
}

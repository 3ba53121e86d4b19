//! Administrative units, their validity, and which became which.

pub(crate) mod by_code;
mod group;
mod maps;

#[cfg(test)]
pub(crate) use self::maps::history;
pub use self::{
    group::{Mixed, PlaceGroup, members},
    maps::{Conversion, Maps, NotRestated, Share, Span, Within},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// A calendar date `yyyy-mm-dd`.
pub type Date = jiff::civil::Date;

/// An administrative unit version. A code alone names nothing: 25459 was "Phường 3" and is now
/// "Phường Tân Ninh"; province 80 was Long An and is now Tây Ninh.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceKey {
    /// Code of the General Statistics Office.
    pub code: String,
    /// First day of validity.
    pub valid_from: Date,
}

/// What tier a place is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Cả nước: what a national statistic is about. No unit lies below it: sums of units never meet it.
    Country,
    /// Tỉnh.
    Province,
    /// Huyện, thị xã, thành phố thuộc tỉnh (until 2025-06-30).
    District,
    /// Xã.
    Commune,
    /// Phường.
    Ward,
    /// Thị trấn (until 2025-06-30).
    Township,
}

impl PlaceKind {
    /// All of them, from the widest.
    pub const ALL: [PlaceKind; 6] = [
        PlaceKind::Country,
        PlaceKind::Province,
        PlaceKind::District,
        PlaceKind::Commune,
        PlaceKind::Ward,
        PlaceKind::Township,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PlaceKind::Country => "country",
            PlaceKind::Province => "province",
            PlaceKind::District => "district",
            PlaceKind::Commune => "commune",
            PlaceKind::Ward => "ward",
            PlaceKind::Township => "township",
        }
    }

    /// Whether no unit lies below it.
    #[must_use]
    pub fn is_lowest(self) -> bool {
        matches!(self, PlaceKind::Commune | PlaceKind::Ward | PlaceKind::Township)
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<PlaceKind> {
        PlaceKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One unit as it was from a day until a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Code and first day of validity.
    pub key: PlaceKey,
    /// Last day of validity; none while it lasts.
    pub valid_to: Option<Date>,
    /// Its tier.
    pub kind: PlaceKind,
    /// Name with its kind, "Phường Tân Ninh" / "Tan Ninh".
    pub name: Text,
    /// Code of the unit above, valid at the same time.
    pub parent: Option<String>,
    /// Area in km², where a source gives one.
    pub area_km2: Option<f64>,
    /// A point inside, WGS 84 (longitude, latitude), where a source gives one.
    pub point: Option<(f64, f64)>,
}

impl Place {
    /// Whether it is there on a day.
    #[must_use]
    pub fn is_there(&self, day: Date) -> bool {
        self.key.valid_from <= day && self.valid_to.is_none_or(|to| day <= to)
    }
}

/// A unit and one of those its people and land came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Succession {
    /// The unit that ended.
    pub from: PlaceKey,
    /// The unit it came to.
    pub to: PlaceKey,
    /// Whether it came to more than one.
    pub split: bool,
    /// Whether this is the one most of it came to.
    pub main: bool,
    /// The share of it that came to this one, of at most six decimals; 1 where it was not split. The shares of a unit add up
    /// to 1, to the last digit.
    pub weight: Decimal,
    /// The weight is an estimate by area, not a count.
    pub estimated: bool,
}

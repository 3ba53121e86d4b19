//! Where what a tile shows is: the unit its station stands in, or the province.

use ioc_model::{name::Name, place::PlaceKey};
use serde::{Deserialize, Serialize};

/// A unit as it was at a time: a code alone names nothing, it may have been another unit's before. What else is known of
/// it stands in the pack's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// Code of the General Statistics Office.
    pub code: Name,
    /// First day of validity.
    pub valid_from: ioc_model::place::Date,
}

impl From<&PlaceKey> for PlaceView {
    fn from(key: &PlaceKey) -> PlaceView {
        PlaceView { code: Name::new(&key.code), valid_from: key.valid_from }
    }
}

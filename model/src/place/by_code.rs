//! Places by their codes, and what lies in what on a day.

use std::collections::BTreeMap;

use super::{Date, Place, PlaceKey, PlaceKind};

/// Places by their codes.
#[derive(Debug)]
pub struct PlacesByCode<'p>(BTreeMap<&'p str, Vec<&'p Place>>);

impl<'p> PlacesByCode<'p> {
    /// Of a pack's places.
    #[must_use]
    pub fn of(places: &'p [Place]) -> PlacesByCode<'p> {
        let mut by_code: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
        for place in places {
            by_code.entry(&place.key.code).or_default().push(place);
        }
        PlacesByCode(by_code)
    }

    /// All versions of all units, by code.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'p Place> {
        self.0.values().flatten().copied()
    }

    /// All versions of one.
    pub(crate) fn versions(&self, code: &str) -> &[&'p Place] {
        self.0.get(code).map_or(&[], Vec::as_slice)
    }

    /// The version that begins on that day.
    pub(crate) fn find(&self, key: &PlaceKey) -> Option<&'p Place> {
        self.versions(&key.code).iter().copied().find(|place| place.key == *key)
    }

    /// The unit above one, on a day.
    pub(crate) fn parent(&self, place: &Place, day: Date) -> Option<&'p Place> {
        let versions = self.versions(place.parent.as_deref()?);
        versions.iter().copied().find(|parent| parent.is_there(day))
    }

    /// Whether a unit is the one with that code or lies below it, on a day.
    pub(crate) fn lies_in(&self, place: &Place, code: &str, day: Date) -> bool {
        // Tiers end: a parent is of a wider kind, which the pack's check keeps.
        let mut above = std::iter::successors(self.parent(place, day), |place| self.parent(place, day))
            .take(PlaceKind::ALL.len());
        place.key.code == code || above.any(|place| place.key.code == code)
    }
}

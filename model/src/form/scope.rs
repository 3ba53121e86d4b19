//! Which places a form is about.

use super::PlaceScope;
use crate::place::{Date, Place, by_code::PlacesByCode};

impl<'p> PlacesByCode<'p> {
    /// The versions of units that a form is about, each as it was on its last day, or on that day where it lasts longer; by
    /// code.
    #[must_use]
    pub fn of_scope(&self, scope: &PlaceScope, day: Date) -> Vec<&'p Place> {
        let last = |place: &Place| place.valid_to.map_or(day, |to| to.min(day)).max(place.key.valid_from);
        self.all().filter(|place| self.is_of(place, scope, last(place))).collect()
    }

    /// Those of them that are there on a day.
    #[must_use]
    pub fn of_scope_on(&self, scope: &PlaceScope, day: Date) -> Vec<&'p Place> {
        let there = self.all().filter(|place| place.is_there(day));
        there.filter(|place| self.is_of(place, scope, day)).collect()
    }

    fn is_of(&self, place: &Place, scope: &PlaceScope, day: Date) -> bool {
        (scope.kinds.is_empty() || scope.kinds.contains(&place.kind))
            && (scope.below.is_empty() || scope.below.iter().any(|above| self.lies_in(place, above, day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        place::{PlaceKey, PlaceKind},
        text::Text,
    };

    fn place(code: &str, kind: PlaceKind, from: &str, to: Option<&str>, parent: Option<&str>) -> Place {
        Place {
            key: PlaceKey { code: code.to_owned(), valid_from: from.parse().unwrap() },
            valid_to: to.map(|to| to.parse().unwrap()),
            kind,
            name: Text::default(),
            parent: parent.map(str::to_owned),
            area_km2: None,
            point: None,
        }
    }

    #[test]
    fn a_form_is_about_the_units_of_its_tiers_below_its_unit_as_they_were() {
        let places = [
            place("80", PlaceKind::Province, "2000-01-01", Some("2025-06-30"), None),
            place("80", PlaceKind::Province, "2025-07-01", None, None),
            place("79", PlaceKind::Province, "2000-01-01", None, None),
            place("703", PlaceKind::District, "2000-01-01", Some("2025-06-30"), Some("80")),
            place("25459", PlaceKind::Ward, "2000-01-01", Some("2025-06-30"), Some("703")),
            place("25459", PlaceKind::Ward, "2025-07-01", None, Some("80")),
            place("25486", PlaceKind::Commune, "2025-07-01", None, Some("80")),
            place("26734", PlaceKind::Ward, "2025-07-01", None, Some("79")),
        ];
        let by_code = PlacesByCode::of(&places);
        let scope =
            PlaceScope { kinds: vec![PlaceKind::Commune, PlaceKind::Ward], below: vec!["80".to_owned()] };
        let codes = |places: Vec<&Place>| -> Vec<String> {
            places.iter().map(|place| format!("{} {}", place.key.code, place.key.valid_from)).collect()
        };
        let on = |day: &str| codes(by_code.of_scope_on(&scope, day.parse().unwrap()));
        assert_eq!(on("2025-06-30"), ["25459 2000-01-01"]);
        assert_eq!(on("2025-07-01"), ["25459 2025-07-01", "25486 2025-07-01"]);
        let all = by_code.of_scope(&scope, "2026-10-14".parse().unwrap());
        assert_eq!(codes(all), ["25459 2000-01-01", "25459 2025-07-01", "25486 2025-07-01"]);
        assert_eq!(by_code.of_scope_on(&PlaceScope::default(), "2026-01-01".parse().unwrap()).len(), 5);
    }
}

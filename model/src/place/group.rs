//! What stays comparable of a unit that is no more: the communes that lay in it, and those that are made of these alone.
//!
//! A province that was joined to another has no series behind its last day. Its communes have: as long as none of those that
//! followed them took in anything from elsewhere, what they add up to is of the same people and land as before. Where one
//! did, there is no such group, and the pack is told so.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, PlaceKey, Succession, by_code::PlacesByCode};
use crate::text::Text;

/// A group of units that stays comparable over all maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceGroup {
    /// Identifier: lower-case letters, digits, `-`; at most 64.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The unit that it is the extent of.
    pub of: PlaceKey,
    /// Communes, wards and townships of all times that lie in it, and nowhere else.
    pub members: BTreeSet<PlaceKey>,
}

/// A unit that followed some of a group, and took in something from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what lay in place {} does not stay comparable: place {} valid from {} is made of place {}, too, which lies elsewhere",
    of.code, unit.code, unit.valid_from, other.code
)]
pub struct Mixed {
    of: PlaceKey,
    unit: PlaceKey,
    other: PlaceKey,
}

/// The communes, wards and townships that lay in a unit, and those of later maps that are made of them alone.
///
/// # Errors
/// If one of those is made of something else, too.
pub fn members(
    places: &[Place],
    successions: &[Succession],
    unit: &Place,
) -> Result<BTreeSet<PlaceKey>, Mixed> {
    let by_code = PlacesByCode::of(places);
    // A place lies in it that did so on its own first day or on the unit's, whichever is later.
    let lies_in = |place: &Place| {
        let day = place.key.valid_from.max(unit.key.valid_from);
        place.is_there(day) && unit.is_there(day) && by_code.lies_in(place, &unit.key.code, day)
    };
    let lowest: BTreeMap<&PlaceKey, &Place> =
        places.iter().filter(|place| place.kind.is_lowest()).map(|place| (&place.key, place)).collect();
    let mut came_to: BTreeMap<&PlaceKey, Vec<&PlaceKey>> = BTreeMap::new();
    for pair in successions.iter().filter(|pair| lowest.contains_key(&pair.to)) {
        came_to.entry(&pair.from).or_default().push(&pair.to);
    }
    let mut of: BTreeSet<&PlaceKey> =
        lowest.values().filter(|place| lies_in(place)).map(|place| &place.key).collect();
    let mut followed: Vec<&PlaceKey> = of.iter().copied().collect();
    while let Some(from) = followed.pop() {
        let next = came_to.get(from).into_iter().flatten();
        followed.extend(next.copied().filter(|to| of.insert(to)));
    }
    // Of those that lie in the unit itself nothing is asked: whatever they were made of, they are in it.
    for pair in successions.iter().filter(|pair| of.contains(&pair.to) && !of.contains(&pair.from)) {
        if lowest.get(&pair.to).is_some_and(|to| !lies_in(to)) {
            return Err(Mixed { of: unit.key.clone(), unit: pair.to.clone(), other: pair.from.clone() });
        }
    }
    Ok(of.into_iter().cloned().collect())
}

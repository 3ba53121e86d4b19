//! What stays comparable of a unit that is no more: the communes that lay in it, and those that are made of these alone.
//!
//! A province that was joined to another has no series behind its last day. Its communes have: as long as none of those that
//! followed them took in anything from elsewhere, what they add up to is of the same people and land as before. Where one
//! did, there is no such group, and the pack is told so.

use std::collections::{BTreeMap, BTreeSet};

use super::{Place, PlaceKey, PlaceKind, Succession};
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
    let lowest: BTreeMap<&PlaceKey, &Place> =
        places.iter().filter(|place| place.kind.is_lowest()).map(|place| (&place.key, place)).collect();
    let mut of: BTreeSet<&PlaceKey> =
        lowest.values().filter(|place| lies_in(places, place, unit)).map(|place| &place.key).collect();
    loop {
        let next = successions
            .iter()
            .find(|pair| of.contains(&pair.from) && lowest.contains_key(&pair.to) && !of.contains(&pair.to));
        let Some(next) = next else { break };
        let _ = of.insert(&next.to);
    }
    // Of those that lie in the unit itself nothing is asked: whatever they were made of, they are in it.
    for pair in successions.iter().filter(|pair| of.contains(&pair.to) && !of.contains(&pair.from)) {
        if lowest.get(&pair.to).is_some_and(|to| !lies_in(places, to, unit)) {
            return Err(Mixed { of: unit.key.clone(), unit: pair.to.clone(), other: pair.from.clone() });
        }
    }
    Ok(of.into_iter().cloned().collect())
}

/// Whether a place lay in a unit on its first day or on the unit's, whichever is later.
fn lies_in(places: &[Place], place: &Place, unit: &Place) -> bool {
    let day = place.key.valid_from.max(unit.key.valid_from);
    if !place.is_there(day) || !unit.is_there(day) {
        return false;
    }
    let mut at = place;
    // Tiers end: a parent is of a wider kind, which the pack's check keeps.
    for _ in PlaceKind::ALL {
        if at.key == unit.key {
            return true;
        }
        let above = at.parent.as_deref();
        match above.and_then(|code| places.iter().find(|place| place.key.code == code && place.is_there(day)))
        {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

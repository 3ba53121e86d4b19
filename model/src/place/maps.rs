//! From any unit to any map.
//!
//! A **map** is the set of units that are there on a day; only days on which one begins or has ended make another. What was
//! reported of a unit is put on a map by successions:
//!
//! * forwards, to the units that it came to, by their weights, which multiply along the way. A weight of 1 moves a number as it
//!   is; a smaller one estimates. A unit that was split and whose pieces came together again is whole again.
//! * backwards only where nothing is guessed: to the one unit that it is the whole of. Of several units that came together the
//!   sum is known and each is not; of one that was split neither.
//!
//! What cannot be put on a map says why ([`NotRestated`]); it may lie in a wider unit of that map all the same
//! ([`Within`]): a commune that two communes of one district came to is of that district.
//!
//! The shares of a unit on a map add up to 1 to the last digit, so that what all units add up to is the same on every map.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Date, Place, PlaceKey, PlaceKind, Succession, by_code::PlacesByCode};

/// Decimals of the weights of whole ways.
const WEIGHT_DECIMALS: u32 = 9;

/// Why a number is not on a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRestated {
    /// The unit ended and came to none, as districts did.
    NoSuccessor,
    /// The unit is newer than the map, and made of nothing that the pack knows.
    NoPredecessor,
    /// The unit is newer than the map, and made of a part of a unit of it.
    SplitBackwards,
    /// The unit is newer than the map, and made of several units of it: only their sum is known.
    MergedBackwards,
    /// The unit of the map said something of the same period itself, and its own word counts.
    OwnWord,
    /// What is reported may not be added up, and the unit of the map is not the same as before.
    NotAdditive,
    /// Not all of what the unit of the map is made of is known.
    PartMissing,
    /// What was reported of the unit itself is no number.
    NoNumber,
}

impl NotRestated {
    /// All of them.
    pub const ALL: [NotRestated; 8] = [
        NotRestated::NoSuccessor,
        NotRestated::NoPredecessor,
        NotRestated::SplitBackwards,
        NotRestated::MergedBackwards,
        NotRestated::OwnWord,
        NotRestated::NotAdditive,
        NotRestated::PartMissing,
        NotRestated::NoNumber,
    ];

    /// Whether what was reported is told under no unit of the map and stands under its own; else that of the map says why it
    /// has no number.
    #[must_use]
    pub fn is_off_map(self) -> bool {
        match self {
            NotRestated::NoSuccessor
            | NotRestated::NoPredecessor
            | NotRestated::SplitBackwards
            | NotRestated::MergedBackwards
            | NotRestated::OwnWord => true,
            NotRestated::NotAdditive | NotRestated::PartMissing | NotRestated::NoNumber => false,
        }
    }

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            NotRestated::NoSuccessor => "no_successor",
            NotRestated::NoPredecessor => "no_predecessor",
            NotRestated::SplitBackwards => "split_backwards",
            NotRestated::MergedBackwards => "merged_backwards",
            NotRestated::OwnWord => "own_word",
            NotRestated::NotAdditive => "not_additive",
            NotRestated::PartMissing => "part_missing",
            NotRestated::NoNumber => "no_number",
        }
    }
}

/// What of a unit a unit of a map holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The unit of the map.
    pub to: PlaceKey,
    /// How much of the unit came to it, above 0 and at most 1, of at most nine decimals.
    pub weight: Decimal,
    /// Whether both are the same people and land: then what may not be added up is the same, too.
    pub alone: bool,
}

/// What a unit of a map holds a share of, and when that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The unit,
    pub from: PlaceKey,
    /// and its last day; none while it lasts.
    pub valid_to: Option<Date>,
}

/// How every unit stands on a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The first day of the map.
    pub map: Date,
    /// The shares of each unit that has any; they add up to 1.
    pub shares: BTreeMap<PlaceKey, Vec<Share>>,
    /// Why each of the others has none, and the units of the map that it lies in.
    pub refused: BTreeMap<PlaceKey, (NotRestated, Vec<PlaceKey>)>,
    /// What the units of the map are made of, over all times.
    pub parts: BTreeMap<PlaceKey, Vec<Span>>,
}

impl Conversion {
    /// How many units that were there on a day a unit of the map is made of.
    #[must_use]
    pub fn parts_on(&self, to: &PlaceKey, day: Date) -> usize {
        let parts = self.parts.get(to).map(Vec::as_slice).unwrap_or_default();
        let is_there = |part: &&Span| part.from.valid_from <= day && part.valid_to.is_none_or(|to| day <= to);
        parts.iter().filter(is_there).count()
    }
}

/// What of a unit lies in a wider unit of a map: a district, a province.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within {
    /// The wider unit, or the unit itself where it is one.
    pub unit: PlaceKey,
    /// How much of it does; none where some does and nobody knows how much.
    pub weight: Option<Decimal>,
}

/// The maps of a pack.
#[derive(Debug)]
pub struct Maps<'p> {
    places: BTreeMap<&'p PlaceKey, &'p Place>,
    by_code: PlacesByCode<'p>,
    forwards: BTreeMap<&'p PlaceKey, Vec<&'p Succession>>,
    backwards: BTreeMap<&'p PlaceKey, Vec<&'p Succession>>,
    days: Vec<Date>,
}

/// What a unit covers on an older map.
struct Covered<'p> {
    units: BTreeSet<&'p PlaceKey>,
    /// Why it is not just the sum of these.
    refused: Option<NotRestated>,
}

impl<'p> Maps<'p> {
    /// Of a pack's places and successions, which its check has held against each other.
    #[must_use]
    pub fn of(places: &'p [Place], successions: &'p [Succession]) -> Maps<'p> {
        let mut maps = Maps {
            places: places.iter().map(|place| (&place.key, place)).collect(),
            by_code: PlacesByCode::of(places),
            forwards: BTreeMap::new(),
            backwards: BTreeMap::new(),
            days: Vec::new(),
        };
        for pair in successions {
            maps.forwards.entry(&pair.from).or_default().push(pair);
            maps.backwards.entry(&pair.to).or_default().push(pair);
        }
        let ends = places.iter().filter_map(|place| place.valid_to?.tomorrow().ok());
        let changes: BTreeSet<Date> = places.iter().map(|place| place.key.valid_from).chain(ends).collect();
        let is_map = |day: &Date| places.iter().any(|place| place.is_there(*day));
        maps.days = changes.into_iter().filter(is_map).collect();
        maps
    }

    /// The first day of each map, from the oldest.
    #[must_use]
    pub fn days(&self) -> &[Date] {
        &self.days
    }

    /// The first day of the map of a day; none before the oldest one.
    #[must_use]
    pub fn on(&self, day: Date) -> Option<Date> {
        self.days.iter().rev().find(|first| **first <= day).copied()
    }

    /// A unit by its code and first day.
    #[must_use]
    pub fn place(&self, key: &PlaceKey) -> Option<&'p Place> {
        self.places.get(key).copied()
    }

    /// The units of a map, by code.
    #[cfg(test)]
    pub(crate) fn units(&self, map: Date) -> impl Iterator<Item = &'p Place> {
        self.places.values().copied().filter(move |place| place.is_there(map))
    }

    /// How every unit stands on the map of that first day.
    #[must_use]
    pub fn conversion(&self, map: Date) -> Conversion {
        let mut of =
            Conversion { map, shares: BTreeMap::new(), refused: BTreeMap::new(), parts: BTreeMap::new() };
        for (&key, &place) in &self.places {
            match self.shares(place, map) {
                Ok(shares) => {
                    for share in &shares {
                        let span = Span { from: key.clone(), valid_to: place.valid_to };
                        of.parts.entry(share.to.clone()).or_default().push(span);
                    }
                    let _ = of.shares.insert(key.clone(), shares);
                }
                Err((reason, covers)) => {
                    let _ = of.refused.insert(key.clone(), (reason, covers));
                }
            }
        }
        of
    }

    fn shares(&self, place: &'p Place, map: Date) -> Result<Vec<Share>, (NotRestated, Vec<PlaceKey>)> {
        let whole = |to: &PlaceKey| Share { to: to.clone(), weight: Decimal::ONE, alone: true };
        if place.is_there(map) {
            return Ok(vec![whole(&place.key)]);
        }
        if place.key.valid_from > map {
            let Covered { units, refused } = self.covered(&place.key, map);
            let units: Vec<PlaceKey> = units.into_iter().cloned().collect();
            return match (refused, units.as_slice()) {
                (None, [one]) => Ok(vec![whole(one)]),
                (None, _) => Err((NotRestated::MergedBackwards, units)),
                (Some(reason), _) => Err((reason, units)),
            };
        }
        let weights = self.weights(&place.key, map).ok_or((NotRestated::NoSuccessor, Vec::new()))?;
        let last = place.valid_to.unwrap_or(map);
        let is_alone = |to: &'p PlaceKey, weight: Decimal| {
            let covered = self.covered(to, last);
            weight == Decimal::ONE
                && covered.refused.is_none()
                && covered.units == BTreeSet::from([&place.key])
        };
        let share = |(to, weight): (&'p PlaceKey, Decimal)| Share {
            to: to.clone(),
            weight,
            alone: is_alone(to, weight),
        };
        Ok(weights.into_iter().map(share).collect())
    }

    /// What of a unit that ended before a map came to which of its units; none where some of it came to none.
    fn weights(&self, from: &'p PlaceKey, map: Date) -> Option<BTreeMap<&'p PlaceKey, Decimal>> {
        let mut weights = BTreeMap::from([(from, Decimal::ONE)]);
        // Each step leads to units that begin later.
        while let Some((ended, weight)) = weights.iter().find(|(key, _)| !self.lasts_until(key, map)) {
            let (ended, weight) = (*ended, *weight);
            let _ = weights.remove(ended);
            for pair in self.forwards.get(ended)? {
                *weights.entry(&pair.to).or_default() += weight * pair.weight;
            }
        }
        Some(rounded(weights))
    }

    fn lasts_until(&self, key: &PlaceKey, map: Date) -> bool {
        self.places.get(key).is_none_or(|place| place.valid_to.is_none_or(|to| map <= to))
    }

    /// What a unit covers on a map that may be older than it.
    fn covered(&self, key: &'p PlaceKey, map: Date) -> Covered<'p> {
        self.covered_by(BTreeSet::from([key]), map)
    }

    fn covered_by(&self, mut units: BTreeSet<&'p PlaceKey>, map: Date) -> Covered<'p> {
        let mut refused = None;
        // The newest first: all that followed a unit is there when it is asked whether that is all of it.
        while let Some(newest) = units.iter().map(|key| key.valid_from).max().filter(|day| *day > map) {
            let those: Vec<&'p PlaceKey> =
                units.iter().filter(|key| key.valid_from == newest).copied().collect();
            let mut before = BTreeSet::new();
            for key in &those {
                match self.backwards.get(key) {
                    Some(pairs) => before.extend(pairs.iter().map(|pair| &pair.from)),
                    None => refused = Some(NotRestated::NoPredecessor),
                }
            }
            let is_whole = |from: &&PlaceKey| {
                let pairs = self.forwards.get(from).map(Vec::as_slice).unwrap_or_default();
                pairs.iter().all(|pair| units.contains(&pair.to))
            };
            if !before.iter().all(is_whole) {
                refused = refused.or(Some(NotRestated::SplitBackwards));
            }
            for key in those {
                let _ = units.remove(key);
            }
            units.extend(before);
        }
        Covered { units, refused }
    }

    /// The districts and provinces of a map that a unit lies in, and how much of it.
    #[must_use]
    pub fn within(&self, of: &Conversion, key: &PlaceKey) -> Vec<Within> {
        let mut weights: BTreeMap<&PlaceKey, Option<Decimal>> = BTreeMap::new();
        if let Some(shares) = of.shares.get(key) {
            for share in shares {
                for unit in self.above(&share.to, of.map) {
                    let sum = weights.entry(unit).or_insert(Some(Decimal::ZERO));
                    *sum = sum.map(|sum| sum + share.weight);
                }
            }
        } else if let Some((reason, covers)) = of.refused.get(key) {
            if *reason == NotRestated::NoSuccessor {
                // What lay above it on its last day may have come to something.
                let parent =
                    self.places.get(key).and_then(|place| self.by_code.parent(place, place.valid_to?));
                return parent.map(|parent| self.within(of, &parent.key)).unwrap_or_default();
            }
            let mut count: BTreeMap<&PlaceKey, usize> = BTreeMap::new();
            for unit in covers.iter().flat_map(|covered| self.above(covered, of.map)) {
                *count.entry(unit).or_default() += 1;
            }
            let all_known = *reason != NotRestated::NoPredecessor;
            for (unit, times) in count {
                let is_whole = all_known && times == covers.len();
                let _ = weights.insert(unit, is_whole.then_some(Decimal::ONE));
            }
        }
        weights.into_iter().map(|(unit, weight)| Within { unit: unit.clone(), weight }).collect()
    }

    /// The districts and provinces above a unit on a day, and the unit itself where it is one.
    fn above(&self, key: &PlaceKey, day: Date) -> Vec<&'p PlaceKey> {
        let mut above = Vec::new();
        let mut at = self.places.get(key).copied();
        for _ in PlaceKind::ALL {
            let Some(place) = at else { break };
            if matches!(place.kind, PlaceKind::District | PlaceKind::Province) {
                above.push(&place.key);
            }
            at = self.by_code.parent(place, day);
        }
        above
    }
}

/// To nine decimals, the largest so that all of them add up to 1.
fn rounded(mut weights: BTreeMap<&PlaceKey, Decimal>) -> BTreeMap<&PlaceKey, Decimal> {
    for weight in weights.values_mut() {
        *weight = weight.round_dp(WEIGHT_DECIMALS).normalize();
    }
    let off = Decimal::ONE - weights.values().sum::<Decimal>();
    if let Some((_, largest)) = weights.iter_mut().max_by_key(|(_, weight)| **weight) {
        *largest += off;
    }
    weights.retain(|_, weight| *weight > Decimal::ZERO);
    weights
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::history;

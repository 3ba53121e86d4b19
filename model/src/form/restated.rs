//! What was reported, on another map.
//!
//! Parts that were not split are added up as they are, split ones by their weight, which makes an estimate. Nothing is said of
//! a unit of which a part is missing, nor of what may not be added up, unless the unit is the same as before: a share is made
//! anew of its restated numerator and denominator. Where a unit said something itself, its own word counts, and what it
//! displaces is flagged: in a period that holds a change of boundaries those before and those since may both speak.
//!
//! Nothing is lost: all of each number that was reported is in what is told or in what is flagged.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::FormIndicator;
use crate::place::{Conversion, Date, NotRestated, PlaceKey};

/// A number as it was reported of a unit; none where nobody knows it.
pub type Said<'s> = (&'s PlaceKey, Option<Decimal>);

/// What a unit of a map says of a part of an indicator in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restated {
    /// The unit of the map; the unit that it was reported of where it is told under none.
    pub place: PlaceKey,
    /// The number.
    pub number: Option<Decimal>,
    /// Why there is none.
    pub reason: Option<NotRestated>,
    /// Whether a part of it is estimated.
    pub estimated: bool,
    /// Parts that are known,
    pub known: usize,
    /// of how many.
    pub expected: usize,
    /// What was reported that it is made of, and how much of each.
    pub parts: Vec<(PlaceKey, Decimal)>,
}

/// All cells of a part of an indicator in a period that ends on a day, by unit of the map. `additive` says whether they may
/// be added up.
#[must_use]
pub fn restate(
    conversion: &Conversion,
    period_end: Date,
    additive: bool,
    said: &[Said<'_>],
) -> Vec<Restated> {
    type Parts<'s> = Vec<(&'s PlaceKey, Option<Decimal>, Decimal, bool)>;
    let mut by_unit: BTreeMap<&PlaceKey, Parts<'_>> = BTreeMap::new();
    let mut restated = Vec::new();
    // What of each number is displaced by the own words of units of the map.
    let mut displaced: BTreeMap<&PlaceKey, (Option<Decimal>, Decimal)> = BTreeMap::new();
    for (place, number) in said.iter().copied() {
        match conversion.shares.get(place) {
            Some(shares) => {
                for share in shares {
                    let parts = by_unit.entry(&share.to).or_default();
                    parts.push((place, number, share.weight, share.alone));
                }
            }
            None => {
                let reason = conversion.refused.get(place).map_or(NotRestated::NoSuccessor, |(of, _)| *of);
                restated.push(flagged(place, number, Decimal::ONE, reason));
            }
        }
    }
    for (unit, parts) in by_unit {
        let (own, others): (Parts<'_>, Parts<'_>) = parts.into_iter().partition(|(place, ..)| *place == unit);
        if own.is_empty() {
            restated.push(of_unit(conversion, unit, period_end, additive, &others));
            continue;
        }
        restated.push(of_unit(conversion, unit, period_end, additive, &own));
        for (place, number, weight, _) in others {
            displaced.entry(place).or_insert((number, Decimal::ZERO)).1 += weight;
        }
    }
    let own_word = |(place, (number, weight))| flagged(place, number, weight, NotRestated::OwnWord);
    restated.extend(displaced.into_iter().map(own_word));
    restated.sort_by(|a, b| a.place.cmp(&b.place));
    restated
}

fn of_unit(
    conversion: &Conversion,
    unit: &PlaceKey,
    period_end: Date,
    additive: bool,
    parts: &[(&PlaceKey, Option<Decimal>, Decimal, bool)],
) -> Restated {
    let known = parts.iter().filter(|(_, number, ..)| number.is_some()).count();
    let is_own = parts.iter().any(|(place, ..)| *place == unit);
    let last = |place: &PlaceKey| {
        let spans = conversion.parts.get(unit).map(Vec::as_slice).unwrap_or_default();
        spans.iter().find(|span| span.from == *place).and_then(|span| span.valid_to)
    };
    // Where units that had ended by then speak of a period, those of their time are the ones that it needs.
    let day = parts.iter().filter_map(|(place, ..)| last(place)).fold(period_end, Date::min);
    let expected = if is_own { 1 } else { conversion.parts_on(unit, day).max(parts.len()) };
    let is_same = matches!(parts, [(_, _, _, true)]);
    let reason = if known == 0 && is_same {
        Some(NotRestated::NoNumber)
    } else if !additive && !is_same {
        Some(NotRestated::NotAdditive)
    } else {
        (known < expected).then_some(NotRestated::PartMissing)
    };
    let add = |sum: Decimal, (_, number, weight, _): &(&PlaceKey, Option<Decimal>, Decimal, bool)| {
        // 28 digits times a share: it fits, and what lies behind its last digit is rounded.
        sum.saturating_add(number.unwrap_or_default().saturating_mul(*weight))
    };
    Restated {
        place: unit.clone(),
        number: reason.is_none().then(|| parts.iter().fold(Decimal::ZERO, add).normalize()),
        reason,
        estimated: parts.iter().any(|(_, _, weight, _)| *weight < Decimal::ONE),
        known,
        expected,
        parts: parts.iter().map(|(place, _, weight, _)| ((*place).clone(), *weight)).collect(),
    }
}

/// What is told under no unit of the map stands for itself.
fn flagged(place: &PlaceKey, number: Option<Decimal>, weight: Decimal, reason: NotRestated) -> Restated {
    Restated {
        place: place.clone(),
        number: None,
        reason: Some(reason),
        estimated: false,
        known: usize::from(number.is_some()),
        expected: 1,
        parts: vec![(place.clone(), weight.normalize())],
    }
}

/// A share made of its numerator and denominator, either of which nobody may have said.
///
/// # Errors
/// If one of both is not known, or there is nothing to divide by.
pub fn ratio(
    indicator: &FormIndicator,
    numerator: Option<&Restated>,
    denominator: Option<&Restated>,
    decimals: u32,
) -> Result<Decimal, NotRestated> {
    if let Some(reason) = [numerator, denominator].into_iter().flatten().find_map(|side| side.reason) {
        return Err(reason);
    }
    let number = |side: Option<&Restated>| side.and_then(|of| of.number).ok_or(NotRestated::PartMissing);
    let (of, by) = (number(numerator)?, number(denominator)?);
    if by <= Decimal::ZERO {
        return Err(NotRestated::NoNumber);
    }
    let times = if indicator.percent { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    let share = of.checked_mul(times).and_then(|of| of.checked_div(by));
    share.map(|share| share.round_dp(decimals)).ok_or(NotRestated::NoNumber)
}

#[cfg(test)]
mod tests;

//! How far values of a message lie from what was known.
//!
//! A value is held against what is shown of the same cell in an earlier period, or against what the message itself says
//! of that. A place whose borders changed is another cell, and nothing is known of it before.

use std::collections::BTreeMap;

use ioc_model::{
    form::{AgainstBefore, Before, Cell, CellKey, Report},
    name::Name,
};
use rust_decimal::Decimal;

/// A value that lies further from what was known than it should. There may be one for each cell of a message, and a
/// receipt lists some: whoever lists one makes its sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Breach<'r> {
    pub(super) rule: &'r AgainstBefore,
    pub(super) cell: &'r Cell,
    /// The cell that it is held against,
    pub(super) earlier: CellKey,
    /// and what is known of that.
    pub(super) known: Decimal,
    /// The least and the most that is right.
    pub(super) bounds: [Option<Decimal>; 2],
}

/// Those of a message, by row. `shown` says what is known of a key whose owner that is.
pub(super) fn breaches(
    report: &Report,
    mut shown: impl FnMut(&CellKey, Name) -> Option<Decimal>,
) -> Vec<Breach<'_>> {
    if report.against.is_empty() {
        return Vec::new();
    }
    let mut own: BTreeMap<&CellKey, &Cell> = BTreeMap::new();
    for cell in report.cells.iter().filter(|cell| cell.owner == report.agency) {
        let known = own.entry(&cell.key).or_insert(cell);
        if cell.vintage >= known.vintage {
            *known = cell;
        }
    }
    let mut breaches = Vec::new();
    for cell in &report.cells {
        for rule in report.against.iter().filter(|rule| rule.indicator == cell.key.indicator) {
            let Some(value) = cell.value.counts() else { continue };
            let earlier = match rule.before {
                Before::Previous => cell.key.period.previous(),
                Before::YearEarlier => cell.key.period.a_year_earlier(),
            };
            let Some(earlier) = earlier else { continue };
            let key = CellKey { period: earlier, ..cell.key };
            let known = match own.get(&key) {
                Some(own) => own.value.counts(),
                None => shown(&key, cell.owner),
            };
            let Some(known) = known else { continue };
            if let Some(bounds) = bounds(rule, known)
                && (bounds[0].is_some_and(|least| value < least)
                    || bounds[1].is_some_and(|most| value > most))
            {
                breaches.push(Breach { rule, cell, earlier: key, known, bounds });
            }
        }
    }
    breaches
}

/// The least and the most that is right; none where nothing can be said: of 0 everything is any share.
fn bounds(rule: &AgainstBefore, known: Decimal) -> Option<[Option<Decimal>; 2]> {
    if known.is_zero() {
        return None;
    }
    let of = |share: Option<Decimal>| share.and_then(|share| known.checked_mul(share));
    let bounds = [of(rule.least), of(rule.most)];
    Some(match known.is_sign_negative() {
        false => bounds,
        true => [bounds[1], bounds[0]],
    })
}

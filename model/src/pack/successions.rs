//! `successions.csv`: which units became which, one line a pair.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{csv_table, draft::Draft, faults::FaultLog};
use crate::place::{PlaceKey, Succession};

const COLUMNS: [&str; 8] =
    ["from_code", "from_valid_from", "to_code", "to_valid_from", "split", "main", "weight", "estimated"];

/// Decimals of a weight. Weights multiply along successions.
const WEIGHT_DECIMALS: u32 = 6;

/// Reads the file and checks its pairs against the places and each other.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, |row| succession(row, draft)) else {
        return;
    };
    let mut by_unit: BTreeMap<&PlaceKey, Vec<&(usize, Succession)>> = BTreeMap::new();
    for entry in &lines {
        by_unit.entry(&entry.1.from).or_default().push(entry);
    }
    for (unit, pairs) in by_unit {
        check_unit(file, unit, &pairs, log);
    }
    draft.successions = lines.into_iter().map(|(_, succession)| succession).collect();
}

/// None if the line does not name two units that followed each other.
fn succession(row: &csv_table::Row<'_, { COLUMNS.len() }>, draft: &Draft) -> Option<Succession> {
    let key = |code: usize, valid_from: usize| {
        let key = PlaceKey { code: row.field(code).to_owned(), valid_from: row.date(valid_from)? };
        let place = draft.places.iter().find(|place| place.key == key);
        if place.is_none() {
            row.fault(format!("places.csv has no place {} valid from {}", key.code, key.valid_from));
        }
        place
    };
    let (from, to) = (key(0, 1), key(2, 3));
    let (split, main, estimated) = (row.flag(4), row.flag(5), row.flag(7));
    let weight: Option<Decimal> = row.field(6).parse().ok();
    let is_share = |weight: Decimal| {
        weight > Decimal::ZERO && weight <= Decimal::ONE && weight.normalize().scale() <= WEIGHT_DECIMALS
    };
    if !weight.is_some_and(is_share) {
        row.fault(format!(
            "weight '{}' must be greater than 0 and at most 1, with at most {WEIGHT_DECIMALS} decimals",
            row.field(6)
        ));
    }
    let (from, to) = (from?, to?);
    if from.valid_to.and_then(|end| end.tomorrow().ok()) != Some(to.key.valid_from) {
        row.fault(format!(
            "place {} does not begin on the day after the last one of place {}",
            to.key.code, from.key.code
        ));
    }
    Some(Succession {
        from: from.key.clone(),
        to: to.key.clone(),
        split: split?,
        main: main?,
        weight: weight?,
        estimated: estimated?,
    })
}

fn check_unit(file: &str, unit: &PlaceKey, pairs: &[&(usize, Succession)], log: &FaultLog) {
    let Some((last_line, _)) = pairs.last() else { return };
    let code = &unit.code;
    for (at, (line, pair)) in pairs.iter().enumerate() {
        if pairs.iter().take(at).any(|(_, earlier)| earlier.to == pair.to) {
            log.add(file, *line, format!("place {code} comes to {} twice", pair.to.code));
        }
        if pair.split != (pairs.len() > 1) {
            let message =
                format!("split of place {code} must be {}: it comes to {}", pairs.len() > 1, pairs.len());
            log.add(file, *line, message);
        }
    }
    let mains = pairs.iter().filter(|(_, pair)| pair.main).count();
    if mains != 1 {
        log.add(file, *last_line, format!("place {code} has {mains} main successors, not one"));
    }
    // To the last digit: what a unit said must be there whole on every map.
    let sum: Decimal = pairs.iter().map(|(_, pair)| pair.weight).sum();
    if sum != Decimal::ONE {
        log.add(file, *last_line, format!("the weights of place {code} add up to {sum}, not to 1"));
    }
}

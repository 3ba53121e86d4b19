//! What a rule asks of an hour beside its usual band.

use super::{must_have, named_measure};
use crate::{
    pack::{document::Section, draft::Draft},
    rule::{Bound, Condition, Unusual},
    window::WindowKind,
};

/// More than so many times the usual is no rule any more.
const MOST_TIMES: f64 = 1_000.0;

pub(super) fn read(id: &str, table: &mut Section<'_>, draft: &Draft) -> Option<Condition> {
    let measure = named_measure(id, table, draft);
    if let Some(measure) = measure {
        must_have(id, measure, WindowKind::Hour, "measure", table);
    }
    let side = read_side(id, table);
    if !table.has("least") {
        table.fault(table.line, format!("{id}: 'least' is missing; write least = 20"));
    }
    let least = table.optional_number("least").unwrap_or_default();
    if least < 0.0 {
        table.fault(table.line_of("least"), format!("{id}: 'least' is a count: it must not be less than 0"));
    }
    Some(Condition::Unusual(Unusual { measure: measure?.id.clone(), side: side?, least }))
}

/// Either side, in multiples of the band's end; cleared within the band where nothing else is said.
fn read_side(id: &str, table: &mut Section<'_>) -> Option<Bound> {
    let (above, below) = (table.optional_number("above"), table.optional_number("below"));
    let clear = table.optional_number("clear").unwrap_or(1.0);
    let fault = |key: &str, message: &str| table.fault(table.line_of(key), format!("{id}: {message}"));
    match (above, below) {
        (Some(raise), None) => {
            if !(1.0..=MOST_TIMES).contains(&raise) {
                fault(
                    "above",
                    "'above' is a multiple of the most that is usual: it must lie between 1 and 1000",
                );
            }
            if !(clear > 0.0 && clear <= raise) {
                fault("clear", "'clear' must be greater than 0 and not greater than 'above'");
            }
            Some(Bound::Above { raise, clear })
        }
        (None, Some(raise)) => {
            if !(raise > 0.0 && raise <= 1.0) {
                fault(
                    "below",
                    "'below' is a part of the least that is usual: it must be greater than 0 and at most 1",
                );
            }
            if !(raise..=MOST_TIMES).contains(&clear) {
                fault("clear", "'clear' must not be less than 'below'");
            }
            Some(Bound::Below { raise, clear })
        }
        _ => {
            fault("below", "an unusual hour lies either 'above' or 'below' what is usual");
            None
        }
    }
}

//! What an observation is worth: its value, with the statuses that stand beside it.
//!
//! SDMX has four kinds of nothing, and none of them is 0. `NaN` and the statuses M, O, L, H and K say that there is no
//! value; Q, and whatever is not free to be published, that there is one and it is kept back; an empty value says nothing
//! of it under Merge, so that what was known stays, and takes it back under Replace; the action Delete takes it back.
//! Statuses are those of the cross-domain code lists CL_OBS_STATUS and CL_CONF_STATUS.

use ioc_model::form::{Mark, Rule, Vintage};
use rust_decimal::Decimal;

use super::Action;
use crate::said::{Wrong, number};

/// What is missing on purpose, of numbers and of anything else.
const MISSING: [&str; 2] = ["NaN", "#N/A"];

/// What an observation says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Nothing: what was known stays.
    Unsaid,
    /// A number, in the message's own unit.
    Number(Decimal),
    /// That there is none, or none that may be told; a number that came all the same is not kept.
    Without(Mark),
}

/// What a status of an observation means.
enum Status {
    /// There is a value, so final; as the form has it where none is said.
    Present(Option<Vintage>),
    /// There is none.
    Missing(Mark),
}

fn status(code: &str) -> Option<Status> {
    Some(match code {
        // Normal, a break, another definition, a derogation, not significant, a strike, includes others.
        "" | "A" | "B" | "D" | "J" | "N" | "S" | "W" => Status::Present(None),
        // Estimated, a forecast, imputed.
        "E" | "F" | "I" => Status::Present(Some(Vintage::Estimate)),
        // Provisional, not validated, of low reliability, experimental.
        "P" | "V" | "U" | "G" => Status::Present(Some(Vintage::Preliminary)),
        // Cannot exist, missing for no reason given, not collected, a holiday, included elsewhere.
        "M" | "O" | "L" | "H" | "K" => Status::Missing(Mark::NotCollected),
        "Q" => Status::Missing(Mark::Withheld),
        _ => return None,
    })
}

/// Whether it may be told. What is not free is confidential in one way or another.
fn is_free(code: &str) -> bool {
    matches!(code, "" | "F")
}

/// What an observation says of its value, and how final that is. `is_local` is where a comma is the decimal sign.
///
/// # Errors
/// If the value is no number, its status is none, or one contradicts the other.
pub(super) fn worth(
    action: Action,
    (value, is_local): (&str, bool),
    (observed, confidential): (&str, &str),
) -> Result<(Worth, Option<Vintage>), Wrong> {
    if action == Action::Delete {
        return Ok((Worth::Without(Mark::Withdrawn), None));
    }
    let Some(status) = status(observed) else {
        return Err(Wrong::new(
            Rule::Invalid,
            observed,
            "OBS_STATUS không có trong danh mục. Ví dụ đúng: A, E, P, M, Q.",
            "OBS_STATUS is not a code of its list. Right ones: A, E, P, M, Q.",
        ));
    };
    let kept_back = (!is_free(confidential)).then_some(Mark::Withheld);
    let (vintage, missing) = match status {
        Status::Present(vintage) => (vintage, None),
        Status::Missing(mark) => (None, Some(mark)),
    };
    let no_value = kept_back.or(missing);
    if MISSING.contains(&value) {
        return Ok((Worth::Without(no_value.unwrap_or(Mark::NotCollected)), vintage));
    }
    if value.is_empty() {
        let worth = match (no_value, action) {
            (Some(mark), _) => Worth::Without(mark),
            (None, Action::Replace) => Worth::Without(Mark::Withdrawn),
            (None, _) => Worth::Unsaid,
        };
        return Ok((worth, vintage));
    }
    let read = match is_local && !value.contains('.') {
        true => number(&value.replacen(',', ".", 1)),
        false => number(value),
    };
    let Some(read) = read else {
        return Err(Wrong::new(
            Rule::Invalid,
            value,
            "Không phải là số. Ví dụ đúng: 812.5, hoặc NaN nếu không có số.",
            "Not a number. A right one: 812.5, or NaN where there is none.",
        ));
    };
    match (kept_back, missing) {
        (Some(mark), _) => Ok((Worth::Without(mark), vintage)),
        (None, Some(_)) => Err(Wrong::new(
            Rule::Mark,
            value,
            "OBS_STATUS nói là không có số, nhưng có một số. Hãy sửa OBS_STATUS, hoặc ghi NaN.",
            "OBS_STATUS says that there is no value, and there is one. Correct OBS_STATUS, or write NaN.",
        )),
        (None, None) => Ok((Worth::Number(read), vintage)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_kinds_of_nothing_are_told_apart_and_none_of_them_is_0() {
        let number = |text: &str| Worth::Number(text.parse().unwrap());
        let (estimate, preliminary) = (Some(Vintage::Estimate), Some(Vintage::Preliminary));
        let without = Worth::Without;
        for (action, value, observed, confidential, expected, vintage) in [
            (Action::Merge, "812.5", "A", "F", number("812.5"), None),
            (Action::Merge, "0", "A", "F", number("0"), None),
            (Action::Merge, "0.8611", "E", "", number("0.8611"), estimate),
            (Action::Merge, "104.2", "P", "F", number("104.2"), preliminary),
            (Action::Merge, "NaN", "M", "F", without(Mark::NotCollected), None),
            (Action::Merge, "NaN", "A", "", without(Mark::NotCollected), None),
            (Action::Merge, "#N/A", "", "", without(Mark::NotCollected), None),
            (Action::Merge, "NaN", "Q", "C", without(Mark::Withheld), None),
            (Action::Merge, "NaN", "Q", "", without(Mark::Withheld), None),
            (Action::Merge, "37", "A", "C", without(Mark::Withheld), None),
            (Action::Merge, "", "M", "", without(Mark::NotCollected), None),
            (Action::Merge, "", "A", "F", Worth::Unsaid, None),
            (Action::Replace, "", "A", "F", without(Mark::Withdrawn), None),
            (Action::Delete, "", "", "", without(Mark::Withdrawn), None),
            (Action::Delete, "-", "", "", without(Mark::Withdrawn), None),
        ] {
            let found = worth(action, (value, false), (observed, confidential));
            assert_eq!(found, Ok((expected, vintage)), "{action:?} {value} {observed} {confidential}");
        }
        let local = |value, is_local| worth(Action::Merge, (value, is_local), ("A", "F"));
        assert_eq!(local("12,4", true), Ok((number("12.4"), None)));
        for (found, rule) in [
            (local("12,4", false), Rule::Invalid),
            (local("1,234.5", true), Rule::Invalid),
            (worth(Action::Merge, ("5", false), ("M", "F")), Rule::Mark),
            (worth(Action::Merge, ("5", false), ("Z", "F")), Rule::Invalid),
        ] {
            assert_eq!(found.map_err(|wrong| wrong.rule), Err(rule));
        }
    }
}

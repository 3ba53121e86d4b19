//! What a spreadsheet makes of what was typed: "1-4" becomes 1 April.

use super::spelling::plain;

/// Day and month of a text that a spreadsheet made of something else: "01-Thg4", "1-Apr", "2026-04-01".
pub(super) fn eaten_day(text: &str) -> Option<(i8, i8)> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = plain(text);
    let parts: Vec<&str> = text.split(['-', '/', ' ', '.']).filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<i8>().ok().filter(|number| (1..=31).contains(number));
    let month = |part: &str| {
        let named = MONTHS
            .iter()
            .position(|name| part.starts_with(name) && !part.contains(|c: char| c.is_ascii_digit()));
        let thg = || part.strip_prefix("thg").and_then(number);
        named.and_then(|at| i8::try_from(at + 1).ok()).or_else(thg)
    };
    match parts[..] {
        [day, named] if month(named).is_some() => Some((number(day)?, month(named)?)),
        [named, day] if month(named).is_some() => Some((number(day)?, month(named)?)),
        [day, "thg", of] | [day, "thang", of] => Some((number(day)?, number(of)?)),
        [year, of, day] if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((number(day)?, number(of)?))
        }
        [day, of, year] if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((number(day)?, number(of)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_made_a_day_of_is_told_from_other_texts() {
        for (text, expected) in [
            ("01-Thg4", Some((1, 4))),
            ("05-thg 9", Some((5, 9))),
            ("1-Apr", Some((1, 4))),
            ("Sep-05", Some((5, 9))),
            ("2026-04-01", Some((1, 4))),
            ("1/4/2026", Some((1, 4))),
            ("10-14", None),
            ("nữ", None),
            ("march past", None),
            ("", None),
        ] {
            assert_eq!(eaten_day(text), expected, "{text}");
        }
    }
}

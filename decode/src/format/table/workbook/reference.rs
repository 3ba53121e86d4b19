//! What cells are called in formulas and attributes: `B12`, `A1:C3`, `[1]T9!D18`.

use super::budget::{MOST_COLUMNS, MOST_ROWS};

/// Characters of a sheet's name. Excel allows 31, other programs write some more.
const SHEET_NAME: usize = 60;

/// Whether a sheet may be called so: where its cells are is said with its name.
pub(super) fn is_sheet_name(name: &str) -> bool {
    (1..=SHEET_NAME).contains(&name.chars().count()) && !name.contains(char::is_control)
}

/// Row from 1 and column from 0 of `B12` or `$B$12`; none if it is no cell of a sheet.
pub(super) fn cell(text: &str) -> Option<(u32, u32)> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at(letters);
    let digits = digits.strip_prefix('$').unwrap_or(digits);
    if letters.is_empty() || letters.len() > 3 || digits.is_empty() || digits.len() > 7 {
        return None;
    }
    let column = letters
        .bytes()
        .fold(0, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1)
        - 1;
    let row = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    ((1..=MOST_ROWS).contains(&row) && column < MOST_COLUMNS).then_some((row, column))
}

/// First and last cell of `A1:C3`, or of `A1` alone.
pub(super) fn area(text: &str) -> Option<((u32, u32), (u32, u32))> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let (first, last) = (cell(first)?, cell(last)?);
    (first.0 <= last.0 && first.1 <= last.1).then_some((first, last))
}

/// The other workbook that a formula takes something from: `[1]` by its place in the file's list, `[name]` as it stands.
///
/// A bracket also stands in a reference to a column of a table, `Sales[Total]`; there it follows a name.
pub(super) fn other_file<'a>(formula: &'a str, linked: &'a [String]) -> Option<&'a str> {
    let mut before = None;
    let mut in_text = false;
    let mut quoted_from = None;
    for (at, character) in formula.char_indices() {
        match character {
            '"' if quoted_from.is_none() => in_text = !in_text,
            _ if in_text => {}
            '\'' => quoted_from = if quoted_from.is_some() { None } else { Some(at) },
            '[' if quoted_from.is_some() || !before.is_some_and(continues_a_name) => {
                let inside = formula[at + 1..].split(']').next().unwrap_or_default();
                let behind = formula.get(at + 1 + inside.len() + 1..).unwrap_or_default();
                if !names_a_sheet(behind, quoted_from.is_some()) {
                    before = Some(character);
                    continue;
                }
                return Some(match inside.parse::<usize>() {
                    Ok(place) => linked
                        .get(place.wrapping_sub(1))
                        .filter(|name| !name.is_empty())
                        .map_or(inside, String::as_str),
                    Err(_) => inside,
                });
            }
            _ => {}
        }
        before = Some(character);
    }
    None
}

/// Whether a bracket behind it belongs to a table.
fn continues_a_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '\\' | ']' | '\'' | ')')
}

/// Whether a text begins with a sheet's name, or none, and `!`.
fn names_a_sheet(text: &str, is_quoted: bool) -> bool {
    let Some(end) = text.find('!') else { return false };
    let name = &text[..end];
    match is_quoted {
        true => name.len() > 1 && name.ends_with('\''),
        false => name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '?' | '\\')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_their_names() {
        for (name, place) in [
            ("A1", Some((1, 0))),
            ("$B$12", Some((12, 1))),
            ("xfd1048576", Some((1_048_576, 16_383))),
            ("XFE1", None),
            ("A1048577", None),
            ("A0", None),
            ("A", None),
            ("1", None),
            ("", None),
            ("A1B", None),
            ("AAAA1", None),
            ("A+1", None),
            ("A99999999999999999999", None),
            ("Á1", None),
        ] {
            assert_eq!(cell(name), place, "{name}");
        }
        assert_eq!(area("A1:C3"), Some(((1, 0), (3, 2))));
        assert_eq!(area("B2"), Some(((2, 1), (2, 1))));
        assert_eq!(area("C3:A1"), None);
        assert_eq!(area("A:A"), None);
    }

    #[test]
    fn a_formula_says_which_other_file_it_takes_from() {
        let linked = ["thang9.xlsx".to_owned(), "Quý 3.xlsx".to_owned()];
        for (formula, file) in [
            ("'[1]T9'!$D$18", Some("thang9.xlsx")),
            ("SUM([2]Sheet1!A1:A4)", Some("Quý 3.xlsx")),
            ("[1]!Tong", Some("thang9.xlsx")),
            ("A1+[9]T9!A1", Some("9")),
            ("'C:\\bao cao\\[thang 8.xlsx]T8'!A1", Some("thang 8.xlsx")),
            ("[thang8.xlsx]T8!A1", Some("thang8.xlsx")),
            ("SUM(D5:D7)", None),
            ("SUM(Bang[So luong])", None),
            ("Bang[[#This Row],[1]]", None),
            ("\"[1]T9!A1\"", None),
            ("IF(A1=\"'\",[1]T9!A1,0)", Some("thang9.xlsx")),
            ("'T9 [1]'!A1", None),
            ("[", None),
            ("'[", None),
            ("", None),
        ] {
            assert_eq!(other_file(formula, &linked), file, "{formula}");
        }
    }
}

//! Where a finding is, read back from how the judge calls it: `T10!D4:D6, D9`, `T10!9:9`, `lines 4-5, column 2`.

use crate::{contract::form::sheet_called, grid::Sheet};

/// Rows of a sheet, or a column's cells in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// By its place in the workbook.
    pub(super) sheet: usize,
    /// First and last of each stretch, both within; none where all of the sheet is meant.
    pub(super) rows: Vec<(u32, u32)>,
    /// The column, from 0; none where all of a row is meant.
    pub(super) column: Option<u32>,
}

/// The spot that is called so; none where it is the whole message, or what is no part of a table.
pub(super) fn spot(at: &str, sheets: &[Sheet]) -> Option<Spot> {
    if at.is_empty() {
        return None;
    }
    if let [only] = sheets
        && only.name.is_empty()
    {
        return of_text(at);
    }
    let named = |called: &str| {
        sheets.iter().position(|sheet| sheet.name == called || sheet_called(&sheet.name) == called)
    };
    if let Some(sheet) = named(at) {
        return Some(Spot { sheet, rows: Vec::new(), column: None });
    }
    let (name, places) = at.rsplit_once('!')?;
    let mut spot = Spot { sheet: named(name)?, rows: Vec::new(), column: None };
    for place in places.split(", ").filter(|place| *place != "…") {
        let (first, last) = place.split_once(':').unwrap_or((place, place));
        let ((column, first), (_, last)) = (cell(first)?, cell(last)?);
        spot.column = column;
        spot.rows.push(in_order(first, last));
    }
    Some(spot)
}

fn of_text(at: &str) -> Option<Spot> {
    let places = at.strip_prefix("lines ").or_else(|| at.strip_prefix("line "))?;
    let (places, column) = match places.rsplit_once(", column ") {
        Some((places, column)) => (places, Some(column.parse::<u32>().ok()?.checked_sub(1)?)),
        None => (places, None),
    };
    let mut spot = Spot { sheet: 0, rows: Vec::new(), column };
    for place in places.split(", ").filter(|place| *place != "…") {
        let (first, last) = place.split_once('-').unwrap_or((place, place));
        spot.rows.push(in_order(first.parse().ok()?, last.parse().ok()?));
    }
    Some(spot)
}

fn in_order(first: u32, last: u32) -> (u32, u32) {
    (first.min(last), first.max(last))
}

/// `D9` or `9`: the column from 0, and the row.
fn cell(text: &str) -> Option<(Option<u32>, u32)> {
    let digits = text.find(|character: char| character.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    if letters.len() > 3 || !letters.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return None;
    }
    let number = letters.bytes().fold(0, |number, letter| number * 26 + u32::from(letter - b'A') + 1);
    Some((number.checked_sub(1), row.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets(names: &[&str]) -> Vec<Sheet> {
        names.iter().map(|name| Sheet { name: (*name).to_owned(), ..Sheet::default() }).collect()
    }

    #[test]
    fn spots_are_read_back_as_the_judge_calls_them() {
        let book = sheets(&["T10", "Tháng 9!", "A1"]);
        let of = |sheet, rows: &[(u32, u32)], column| Some(Spot { sheet, rows: rows.to_vec(), column });
        for (at, expected) in [
            ("T10!D9", of(0, &[(9, 9)], Some(3))),
            ("T10!AA4:AA6, AA9, …", of(0, &[(4, 6), (9, 9)], Some(26))),
            ("T10!9:9, 11:13", of(0, &[(9, 9), (11, 13)], None)),
            ("Tháng 9!!B2", of(1, &[(2, 2)], Some(1))),
            ("A1", of(2, &[], None)),
            ("", None),
            ("T11!D9", None),
            ("T10!d9", None),
            ("dataValues[2].value", None),
        ] {
            assert_eq!(spot(at, &book), expected, "{at}");
        }
        let text = sheets(&[""]);
        for (at, expected) in [
            ("line 9, column 4", of(0, &[(9, 9)], Some(3))),
            ("lines 4-5, 8, column 1", of(0, &[(4, 5), (8, 8)], Some(0))),
            ("line 7", of(0, &[(7, 7)], None)),
            ("line 7, column 0", None),
            ("byte 3", None),
        ] {
            assert_eq!(spot(at, &text), expected, "{at}");
        }
    }

    #[test]
    fn every_way_in_which_rows_and_cells_are_called_is_read_back() {
        let book = sheets(&["Biểu 1"]);
        for column in [None, Some(0), Some(27)] {
            for (sheet, called_in) in [("Biểu 1", &book), ("", &sheets(&[""]))] {
                let at = crate::contract::form::called(sheet, [4, 5, 9].into_iter(), column);
                let expected = Spot { sheet: 0, rows: vec![(4, 5), (9, 9)], column };
                assert_eq!(spot(&at, called_in), Some(expected), "{at}");
            }
        }
    }
}

//! Tables as text: CSV as spreadsheets and databases write it.
//!
//! The separator is the one that the line `sep=;` names, which Excel writes and reads, or else the one that makes the most
//! even table of the first rows: a comma in decimals stands in some rows only, a separator in all. A text knows neither
//! numbers nor dates, so every cell is a text.

use ioc_model::{form::Finding, text::Text};

use super::{eight_bit, unreadable};
use crate::{
    format::{
        separated::{COLUMNS_MAX, SEPARATORS, SeparatedRow, SeparatedRows},
        unicode::unicode,
    },
    grid::{Content, GridCell, GridRow, Sheet, Workbook},
};

/// A report has no more cells that hold something. The form with the most has some thousand.
const CELLS_MAX: usize = 200_000;
/// So many rows tell the separator.
const LOOKED_AT: usize = 50;

/// The one sheet of a text file.
pub(super) fn read(payload: &[u8]) -> Result<Workbook, Finding> {
    let payload = payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(payload);
    let text = match unicode(payload) {
        Some(text) => text,
        None if payload.contains(&0) => return Err(unreadable(String::new(), no_text())),
        None => eight_bit::decoded(payload).into(),
    };
    let text = text.trim_end_matches('\0');
    if text.contains('\0') {
        return Err(unreadable(String::new(), no_text()));
    }
    let mut left = beginning(text);
    let mut sheet = Sheet::default();
    let mut row = SeparatedRow::default();
    let mut count = 0;
    while left.next(text, &mut row) {
        let at = || format!("line {}", row.line);
        if let Some(broken) = row.broken {
            return Err(unreadable(at(), broken.text()));
        }
        if row.surplus {
            let message = Text {
                vi: format!("Dòng có hơn {COLUMNS_MAX} cột. Hãy bỏ các cột thừa rồi xuất lại."),
                en: format!(
                    "The line has more than {COLUMNS_MAX} columns. Remove those that are too many and export it again."
                ),
            };
            return Err(unreadable(at(), message));
        }
        let cells: Vec<(u32, GridCell)> = (0..row.fields.len())
            .filter_map(|column| Some((u32::try_from(column).ok()?, cell(row.field(column))?)))
            .collect();
        count += cells.len();
        if count > CELLS_MAX {
            let message = Text {
                vi: format!("Tệp có hơn {CELLS_MAX} ô. Hãy chia thành nhiều tệp."),
                en: format!("The file has more than {CELLS_MAX} cells. Split it into several files."),
            };
            return Err(unreadable(at(), message));
        }
        if !cells.is_empty() {
            let number = u32::try_from(row.line).unwrap_or(u32::MAX);
            sheet.rows.push(GridRow { number, hidden: false, cells });
        }
    }
    Ok(Workbook { sheets: vec![sheet], ..Workbook::default() })
}

/// What stands in a field; nothing where it is blank. A code that was to keep its zeros comes as `="0720302"`.
fn cell(field: &str) -> Option<GridCell> {
    let text = field.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(field);
    let content = Content::Text(text.to_owned());
    (!text.is_empty()).then(|| GridCell { content, ..GridCell::default() })
}

/// Where the rows begin, and what separates their columns.
fn beginning(text: &str) -> SeparatedRows {
    let end = memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |end| end + 1);
    let first = text[..end].trim_end_matches(['\r', '\n']);
    let named = first.trim_matches('"').strip_prefix("sep=").or_else(|| first.strip_prefix("SEP="));
    if let Some([separator]) = named.map(str::as_bytes)
        && SEPARATORS.contains(separator)
    {
        let mut rows = SeparatedRows::new(*separator);
        let _ = rows.next(text, &mut SeparatedRow::default());
        return rows;
    }
    // In a table whose columns stand between ';' a comma is in decimals, so it comes last.
    let order = [b'\t', b';', b'|', b','];
    let best = order.into_iter().rev().max_by_key(|separator| evenness(text, *separator));
    SeparatedRows::new(best.unwrap_or(b','))
}

/// How many of the first rows have as many columns as most, which are several.
fn evenness(text: &str, separator: u8) -> usize {
    let mut left = SeparatedRows::new(separator);
    let mut row = SeparatedRow::default();
    let mut widths = Vec::new();
    for _ in 0..LOOKED_AT {
        if !left.next(text, &mut row) {
            break;
        }
        if row.broken.is_none() && row.columns > 1 {
            widths.push(row.columns);
        }
    }
    let often = |width: &usize| widths.iter().filter(|other| *other == width).count();
    widths.iter().map(often).max().unwrap_or_default()
}

fn no_text() -> Text {
    Text {
        vi: "Tệp không phải là bảng tính XLSX, XLS hay văn bản CSV. Hãy lưu lại từ Excel dưới dạng .xlsx, hoặc CSV UTF-8."
            .to_owned(),
        en: "The file is neither a workbook (XLSX, XLS) nor a text (CSV). Save it from Excel as .xlsx, or as CSV in UTF-8."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(payload: &[u8]) -> Vec<(u32, Vec<(u32, String)>)> {
        let workbook = read(payload).unwrap_or_else(|finding| panic!("{finding:?}"));
        let [sheet] = &workbook.sheets[..] else { panic!("{workbook:?}") };
        let text = |cell: &GridCell| match &cell.content {
            Content::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        let cells = |row: &GridRow| row.cells.iter().map(|(column, cell)| (*column, text(cell))).collect();
        sheet.rows.iter().map(|row| (row.number, cells(row))).collect()
    }

    fn row(number: u32, cells: &[(u32, &str)]) -> (u32, Vec<(u32, String)>) {
        (number, cells.iter().map(|(column, text)| (*column, (*text).to_owned())).collect())
    }

    #[test]
    fn the_separator_is_named_or_the_one_that_makes_the_table_even() {
        let expected = [row(1, &[(0, "Mã"), (1, "Giá trị")]), row(2, &[(0, "X05"), (1, "865,4")])];
        assert_eq!(table("Mã;Giá trị\r\nX05;865,4\r\n".as_bytes()), expected);
        assert_eq!(table("Mã\tGiá trị\nX05\t865,4".as_bytes()), expected);
        assert_eq!(table("Mã|Giá trị\n\"X05\"|865,4".as_bytes()), expected);
        assert_eq!(table("Mã,Giá trị\nX05,\"865,4\"\n,\n".as_bytes()), expected);
        assert_eq!(table("1,5;2,5;3,5\n1,5;2,5;3,5".as_bytes())[0].1.len(), 3);
        let named = table("\u{feff}sep=;\r\na;b\r\n1;\"hai\ndòng\"\r\n2;x".as_bytes());
        assert_eq!(
            named,
            [
                row(2, &[(0, "a"), (1, "b")]),
                row(3, &[(0, "1"), (1, "hai\ndòng")]),
                row(5, &[(0, "2"), (1, "x")])
            ]
        );
    }

    #[test]
    fn texts_come_in_the_encodings_of_their_programs() {
        let little: Vec<u8> = "\u{feff}Mã;1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}Mã;1\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for payload in [&little[..], &big, b"M\xb7;1\n", "Mã;1".as_bytes()] {
            assert_eq!(table(payload), [row(1, &[(0, "Mã"), (1, "1")])]);
        }
        assert_eq!(table(b"=\"0720302\";=\"\";6"), [row(1, &[(0, "0720302"), (2, "6")])]);
        assert_eq!(table(b"a;b\n\0\0\0"), [row(1, &[(0, "a"), (1, "b")])]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        for (payload, at, words) in [
            (&b"\xff\x00\x01garbage"[..], "", "neither a workbook"),
            (b"a;b\nc;\"d\n", "line 2", "A quote is opened"),
        ] {
            let finding = read(payload).unwrap_err();
            assert_eq!((&*finding.at, finding.rule), (at, ioc_model::form::Rule::Unreadable));
            assert!(finding.message.en.contains(words), "{finding:?}");
        }
        let wide = ";".repeat(COLUMNS_MAX) + "x";
        assert!(read(wide.as_bytes()).unwrap_err().message.en.contains("256 columns"));
    }

    #[test]
    fn bound_a_table_has_so_many_cells() {
        let many = "1;1;1;1;1\n".repeat(CELLS_MAX / 5 + 1);
        assert!(read(many.as_bytes()).unwrap_err().message.en.contains("200000 cells"));
        assert_eq!(read(";;;;\n".repeat(CELLS_MAX).as_bytes()).unwrap().sheets[0].rows.len(), 0);
    }
}

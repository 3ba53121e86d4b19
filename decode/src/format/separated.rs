//! Rows of text with a separator between their columns: what CSV is called and what spreadsheets make of it.
//!
//! Quotes are those of RFC 4180: around a whole column, doubled within it. A quote that is opened and not closed would make
//! one row of all that follows, so a row goes over a few lines at most, and a broken one costs its first line alone.

use std::borrow::Cow;

use ioc_model::text::Text;

/// What may stand between columns.
pub(super) const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// No table has more columns that anybody reads.
pub(super) const COLUMNS_MAX: usize = 256;
/// A row that is not broken goes over no more lines.
const LINES_MAX: usize = 50;
/// What stands between two quotes is no longer. Bytes.
const QUOTED_MAX: usize = 64 << 10;
/// What a line ends in.
pub(super) const LINE_ENDS: [char; 2] = ['\r', '\n'];

/// The rows of a text that were not read yet.
#[derive(Clone, Copy)]
pub(super) struct SeparatedRows {
    separator: u8,
    /// Where the next one begins. Bytes.
    at: usize,
    /// The line it begins in, from 1.
    line: usize,
}

/// A row.
#[derive(Default)]
pub(super) struct SeparatedRow<'t> {
    /// What stands in its columns, as far as anybody reads them.
    pub(super) fields: Vec<Cow<'t, str>>,
    /// How many there are.
    pub(super) columns: usize,
    /// Something stands in one that nobody reads.
    pub(super) surplus: bool,
    /// Why it cannot be told from those behind it.
    pub(super) broken: Option<Broken>,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// Its text without line ends around it.
    pub(super) raw: &'t str,
}

/// Why a row cannot be told from those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A quote is not closed, or something stands behind the one that closes.
    Quote,
    /// It goes on for longer than a row does.
    Long,
}

impl SeparatedRows {
    /// All rows of a text with that separator.
    pub(super) fn new(separator: u8) -> SeparatedRows {
        SeparatedRows { separator, at: 0, line: 1 }
    }

    /// Where the next row begins. Bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Takes the next row that is not blank; false behind the last.
    pub(super) fn next<'t>(&mut self, text: &'t str, row: &mut SeparatedRow<'t>) -> bool {
        loop {
            let Some(rest) = text.get(self.at..).filter(|rest| !rest.is_empty()) else { return false };
            (row.line, row.broken) = (self.line, None);
            let length = match self.split(rest, row) {
                Ok(length) => length,
                Err(broken) => {
                    row.broken = Some(broken);
                    memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1)
                }
            };
            let whole = &rest[..length];
            row.raw = whole.trim_matches(LINE_ENDS);
            self.at += length;
            self.line += memchr::memchr_iter(b'\n', whole.as_bytes()).count();
            if !row.raw.trim().is_empty() {
                return true;
            }
        }
    }

    /// Splits the first row of what is left; how long it is, its line end included.
    fn split<'t>(&self, rest: &'t str, row: &mut SeparatedRow<'t>) -> Result<usize, Broken> {
        let bytes = rest.as_bytes();
        row.fields.clear();
        (row.columns, row.surplus) = (0, false);
        let (mut at, mut lines) = (0, 1);
        loop {
            let (field, end) = match bytes.get(at) {
                Some(b'"') => quoted_field(rest, at, self.separator, &mut lines)?,
                _ => {
                    let end = memchr::memchr2(self.separator, b'\n', &bytes[at..]);
                    let end = end.map_or(bytes.len(), |length| at + length);
                    (Cow::Borrowed(&rest[at..end]), end)
                }
            };
            row.columns += 1;
            match row.fields.len() < COLUMNS_MAX {
                true => row.fields.push(field),
                false => row.surplus |= !field.trim().is_empty(),
            }
            if bytes.get(end) != Some(&self.separator) {
                return Ok((end + 1).min(bytes.len()));
            }
            at = end + 1;
        }
    }
}

/// What stands within quotes, and where its column ends.
fn quoted_field<'t>(
    rest: &'t str,
    at: usize,
    separator: u8,
    lines: &mut usize,
) -> Result<(Cow<'t, str>, usize), Broken> {
    let bytes = rest.as_bytes();
    let start = at + 1;
    let within = &bytes[..bytes.len().min(start + QUOTED_MAX)];
    let (mut from, mut is_doubled) = (start, false);
    let end = loop {
        let Some(length) = memchr::memchr(b'"', &within[from..]) else {
            return Err(if within.len() < bytes.len() { Broken::Long } else { Broken::Quote });
        };
        *lines += memchr::memchr_iter(b'\n', &within[from..from + length]).count();
        if *lines > LINES_MAX {
            return Err(Broken::Long);
        }
        let quote = from + length;
        if within.get(quote + 1) != Some(&b'"') {
            break quote;
        }
        (from, is_doubled) = (quote + 2, true);
    };
    let field = &rest[start..end];
    let field = if is_doubled { field.replace("\"\"", "\"").into() } else { Cow::Borrowed(field) };
    // Some write blanks behind the quote; the last column of a line may end in a carriage return.
    let blanks = bytes[end + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\r')).count();
    let behind = end + 1 + blanks;
    match bytes.get(behind) {
        None | Some(b'\n') => Ok((field, behind)),
        Some(byte) if *byte == separator => Ok((field, behind)),
        Some(_) => Err(Broken::Quote),
    }
}

impl SeparatedRow<'_> {
    /// What stands in a column, without blanks around it; nothing where there is none.
    pub(super) fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |field| field.trim())
    }
}

impl Broken {
    /// What is wrong and what would be right.
    pub(super) fn text(self) -> Text {
        match self {
            Broken::Quote => Text {
                vi: "Một dấu ngoặc kép mở ra mà không đóng lại, hoặc có chữ sau dấu đóng. Dấu ngoặc kép bên trong phải viết \
                     hai lần. Hãy xuất lại bảng."
                    .to_owned(),
                en: "A quote is opened and not closed, or something stands behind the one that closes. A quote within a \
                     column is written twice. Export the table again."
                    .to_owned(),
            },
            Broken::Long => Text {
                vi: format!(
                    "Một dấu ngoặc kép mở ra và không đóng lại trong {LINES_MAX} dòng. Hãy xuất lại bảng."
                ),
                en: format!(
                    "A quote is opened and not closed within {LINES_MAX} lines. Export the table again."
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text: their lines, what stands in their columns, or why they are broken.
    fn rows(text: &str) -> Vec<(usize, Result<Vec<String>, Broken>)> {
        let mut left = SeparatedRows::new(b',');
        let mut row = SeparatedRow::default();
        let mut rows = Vec::new();
        while left.next(text, &mut row) {
            let fields = (0..row.fields.len()).map(|at| row.field(at).to_owned()).collect();
            rows.push((row.line, row.broken.map_or(Ok(fields), Err)));
        }
        assert_eq!(left.at, text.len(), "every byte is some row's");
        rows
    }

    #[test]
    fn rows_are_split_by_rfc_4180_and_a_broken_one_costs_its_own_line() {
        let fields = |fields: &[&str]| Ok(fields.iter().map(|field| (*field).to_owned()).collect());
        for (text, expected) in [
            ("a,b\r\n\r\n1,2", vec![(1, fields(&["a", "b"])), (3, fields(&["1", "2"]))]),
            ("1,\"2\n3,4\"\n5, 6 ,\n", vec![(1, fields(&["1", "2\n3,4"])), (3, fields(&["5", "6", ""]))]),
            ("\"a\"\"b\" \r\n\"\",c", vec![(1, fields(&["a\"b"])), (2, fields(&["", "c"]))]),
            ("a\"b,\"\"\n", vec![(1, fields(&["a\"b", ""]))]),
            ("1,\"2\n3,4\n", vec![(1, Err(Broken::Quote)), (2, fields(&["3", "4"]))]),
            (
                "1,\"2\n3,\"4\n5,6",
                vec![(1, Err(Broken::Quote)), (2, Err(Broken::Quote)), (3, fields(&["5", "6"]))],
            ),
            ("\"a\"b,1\nc,d", vec![(1, Err(Broken::Quote)), (2, fields(&["c", "d"]))]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bound_no_row_is_looked_for_far_behind_its_first_line() {
        let text = "x\",\"\n".repeat(10_000);
        assert_eq!(rows(&text).len(), 10_000);
        let quoted = format!("a,\"{}\"\nb,c", "x".repeat(QUOTED_MAX));
        assert_eq!(rows(&quoted)[0], (1, Err(Broken::Long)));
        let over = format!("\"{}\"\nb", "\n".repeat(LINES_MAX));
        assert_eq!(rows(&over).first(), Some(&(1, Err(Broken::Long))));
        let wide = ",".repeat(100_000) + "x";
        let mut row = SeparatedRow::default();
        assert!(SeparatedRows::new(b',').next(&wide, &mut row));
        assert_eq!((row.fields.len(), row.columns, row.surplus), (COLUMNS_MAX, 100_001, true));
    }
}

//! How titles, headings and labels of others' workbooks are compared: without accents, case, line breaks, marks of notes
//! and zeros before numbers, by patterns in which the month of the workbook may stand.

use ioc_model::pattern;

use super::super::spelling::plain;

/// Characters of a text that are compared.
const TEXT_MAX: usize = 400;
/// What a label may begin with before it says anything.
const BULLETS: [char; 5] = ['-', '+', '*', '•', '–'];

/// Without accents, case and line breaks; `05` is `5`.
pub(super) fn folded(text: &str) -> String {
    let short: String = text.chars().take(TEXT_MAX).collect();
    let plain = plain(&short).replace('⁽', "(").replace('⁾', ")");
    let mut folded = String::with_capacity(plain.len());
    let mut is_in_number = false;
    let mut left = plain.chars().peekable();
    while let Some(letter) = left.next() {
        let is_digit = letter.is_ascii_digit();
        let goes_on = left.peek().is_some_and(char::is_ascii_digit);
        // Decimals keep theirs.
        let is_leading = letter == '0' && !is_in_number && goes_on && !folded.ends_with(['.', ',']);
        if !is_leading {
            folded.push(letter);
            is_in_number = is_digit;
        }
    }
    folded.trim().to_owned()
}

/// A label without what only counts or points: `1. `, `II. `, `- `, `Trong đó: `, `(*)`, a colon at its end.
pub(super) fn label(text: &str) -> String {
    let folded = folded(text);
    let mut label = folded.as_str();
    loop {
        let before = label;
        label = label.trim_start_matches(BULLETS).trim();
        label = without_number(label);
        label = label.strip_prefix("trong do:").or_else(|| label.strip_prefix("tđ:")).unwrap_or(label).trim();
        label = label.strip_prefix("td:").unwrap_or(label).trim();
        label = label.trim_end_matches([':', '.', ';', '*', ' ']);
        label = without_note(label);
        if label == before {
            return label.to_owned();
        }
    }
}

/// Without `1. `, `ii. `, `a) ` before it.
fn without_number(label: &str) -> &str {
    let Some((number, rest)) = label.split_once(['.', ')']) else { return label };
    let is_number = match number.as_bytes() {
        [b'a'..=b'z'] => true,
        [] => false,
        digits if digits.len() <= 2 && digits.iter().all(u8::is_ascii_digit) => true,
        roman => roman.len() <= 4 && roman.iter().all(|digit| matches!(digit, b'i' | b'v' | b'x')),
    };
    if is_number && rest.starts_with(' ') { rest.trim() } else { label }
}

/// Without `(*)`, `(1)`, `[2]` behind it.
fn without_note(label: &str) -> &str {
    for (open, close) in [('(', ')'), ('[', ']')] {
        let Some(inner) = label.strip_suffix(close).and_then(|rest| rest.rsplit_once(open)) else { continue };
        let is_note = inner.1.chars().all(|c| c == '*' || c.is_ascii_digit()) && inner.1.len() <= 3;
        if is_note {
            return inner.0.trim();
        }
    }
    label
}

/// A label without the last pair of parentheses, and what stands in them as it was written.
pub(super) fn parenthesis(text: &str) -> Option<(&str, &str)> {
    let text = text.trim().trim_end_matches([':', '*', ' ']);
    let (before, inner) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some((before, inner.trim()))
}

/// All that stands in parentheses.
pub(super) fn parentheses(text: &str) -> Vec<&str> {
    let each = |rest: &'_ str| -> Option<usize> { rest.find(')') };
    text.split('(').skip(1).filter_map(|rest| Some(rest[..each(rest)?].trim())).collect()
}

/// What stands for the words of a pattern in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) year: i16,
    pub(super) month: i16,
}

impl Month {
    fn before(self) -> Month {
        match self.month {
            1 => Month { year: self.year - 1, month: 12 },
            month => Month { month: month - 1, ..self },
        }
    }

    /// How the months of the year so far are written.
    fn so_far(self) -> Vec<String> {
        let mut written = vec![format!("{} thang dau", self.month), format!("{} thang", self.month)];
        match self.month {
            3 => written.extend(["quy i", "quy 1", "qui i", "qui 1"].map(str::to_owned)),
            12 => written.extend(["ca", "ca nam", "nam"].map(str::to_owned)),
            _ => {}
        }
        written
    }
}

/// Stands around each number, so that 1 is no beginning of 12.
const EDGE: char = '\u{1}';

/// A heading or a pattern with its numbers told apart.
fn edged(text: &str) -> String {
    let mut edged = String::with_capacity(text.len() + 8);
    let mut is_in_number = false;
    for letter in text.chars() {
        if letter.is_ascii_digit() != is_in_number {
            edged.push(EDGE);
            is_in_number = !is_in_number;
        }
        edged.push(letter);
    }
    if is_in_number {
        edged.push(EDGE);
    }
    edged
}

/// A pattern of a heading.
#[derive(Clone, Debug)]
pub(super) struct HeadPattern(String);

impl HeadPattern {
    pub(super) fn new(written: &str) -> HeadPattern {
        HeadPattern(folded(written))
    }

    /// Whether a folded heading fits it in a month.
    pub(super) fn fits(&self, path: &str, month: Month) -> bool {
        let before = month.before();
        let plain = self
            .0
            .replace("{m}", &month.month.to_string())
            .replace("{y}", &month.year.to_string())
            .replace("{pm}", &before.month.to_string())
            .replace("{py}", &before.year.to_string())
            .replace("{ly}", &(month.year - 1).to_string());
        let path = edged(path);
        if !plain.contains("{n}") {
            return pattern::fits(&edged(&plain), &path);
        }
        month.so_far().iter().any(|so_far| pattern::fits(&edged(&plain.replace("{n}", so_far)), &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_it_says_whatever_counts_or_points_before_and_behind_it() {
        for (written, expected) in [
            ("  1. Khai khoáng", "khai khoang"),
            ("II. Luân chuyển (Triệu HK.km)", "luan chuyen (trieu hk.km)"),
            ("Trong đó: Lương thực", "luong thuc"),
            ("- Ô tô nguyên chiếc(*)", "o to nguyen chiec"),
            ("TỔNG SỐ:", "tong so"),
            ("A. HÀNH KHÁCH", "hanh khach"),
            ("Điện, khí đốt (1)", "dien, khi đot".replace('đ', "d").as_str()),
            ("Khí hoá lỏng (LPG)", "khi hoa long (lpg)"),
        ] {
            assert_eq!(label(written), expected, "{written}");
        }
        assert_eq!(parenthesis("Vốn đăng ký (Tỷ đồng)"), Some(("Vốn đăng ký ", "Tỷ đồng")));
        assert_eq!(parentheses("Tổng mức\n(Tỷ đồng) so với (%)"), ["Tỷ đồng", "%"]);
    }

    #[test]
    fn a_heading_fits_a_month_by_what_changes_with_it() {
        let february = Month { year: 2025, month: 2 };
        let fits = |written: &str, path: &str, month| HeadPattern::new(written).fits(&folded(path), month);
        assert!(fits("*ước tính tháng {m} năm {y}*", "Ước tính\ntháng 02\nnăm 2025", february));
        assert!(!fits("*ước tính tháng {m} năm {y}*", "Ước tính tháng 12 năm 2025", february));
        assert!(fits("*tháng {pm} năm {py}", "Thực hiện tháng 12 năm 2024", Month { year: 2025, month: 1 }));
        assert!(fits("*{n} năm {y}*", "Cộng dồn 02 tháng năm 2025", february));
        assert!(fits("*{n} năm {y}*", "Quý I năm 2000", Month { year: 2000, month: 3 }));
        assert!(!fits("*{n} năm {y}*", "Quý I năm 2000", Month { year: 2000, month: 4 }));
        assert!(!fits("ước tính tháng {m}*", "Ước tính tháng 12 năm 2024", Month { year: 2025, month: 1 }));
        assert!(fits("ước tính tháng {m}*", "Ước tính tháng 01", Month { year: 2025, month: 1 }));
    }
}

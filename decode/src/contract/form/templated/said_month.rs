//! Which month a sheet of others says it is of.
//!
//! "tháng 02 năm 2025", "tháng Năm năm 2012", "đến ngày 15 tháng 5 năm 2016", "từ 01/01- 20/5/2020", "5 tháng đầu năm 2004",
//! "quý I năm 2000", "năm 2018": of all that a text says the latest counts, since a heading names the months that it is
//! compared with, too.

use super::{
    folded::{Month, folded},
    table::TableColumn,
};

/// How months are written as words, from the first.
const WORDS: [&[&str]; 12] = [
    &["gieng", "mot"],
    &["hai"],
    &["ba"],
    &["tu", "bon"],
    &["nam"],
    &["sau"],
    &["bay"],
    &["tam"],
    &["chin"],
    &["muoi"],
    &["mot"],
    &["hai", "chap"],
];
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

/// The latest month that headings name. A year alone is one of a plan.
pub(super) fn in_heads(columns: &[TableColumn]) -> Option<(Month, bool)> {
    let each = columns.iter().filter_map(|column| said(&column.path)).filter(|(_, by_month)| *by_month);
    each.max_by_key(|(month, _)| (month.year, month.month))
}

/// What a text says, and whether by month: of a year alone it is the last.
pub(super) fn said(text: &str) -> Option<(Month, bool)> {
    let folded = folded(text);
    let tokens: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).collect();
    let mut latest: Option<Month> = None;
    let mut pending: Vec<i16> = Vec::new();
    let mut whole_years: Vec<i16> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let left = &tokens[at..];
        if let Some((month, length)) = month(left) {
            pending.push(month);
            at += length;
            continue;
        }
        if let Some((year, length)) = year(left) {
            match pending.iter().max() {
                Some(month) => {
                    let said = Month { year, month: *month };
                    let is_later = |before: Month| (before.year, before.month) < (year, *month);
                    latest = if latest.is_none_or(is_later) { Some(said) } else { latest };
                }
                None => whole_years.push(year),
            }
            pending.clear();
            at += length;
            continue;
        }
        at += 1;
    }
    let by_month = latest.map(|month| (month, true));
    by_month.or_else(|| whole_years.into_iter().max().map(|year| (Month { year, month: 12 }, false)))
}

fn number(token: Option<&&str>) -> Option<i16> {
    token?.parse().ok()
}

/// A month without its year, and how many tokens say it.
fn month(tokens: &[&str]) -> Option<(i16, usize)> {
    let within = |month: i16| (1..=12).contains(&month).then_some(month);
    match tokens {
        ["thang", rest @ ..] => {
            if let Some(month) = number(rest.first()).and_then(within) {
                return Some((month, 2));
            }
            let (month, length) = in_words(rest)?;
            Some((month, 1 + length))
        }
        ["quy" | "qui", quarter, ..] => {
            let quarter = match *quarter {
                "i" | "1" => 1,
                "ii" | "2" => 2,
                "iii" | "3" => 3,
                "iv" | "4" => 4,
                _ => return None,
            };
            Some((quarter * 3, 2))
        }
        [count, "thang", next, ..] if *next == "dau" || *next == "nam" || next.parse::<i16>().is_err() => {
            let month = count.parse().ok().and_then(within)?;
            Some((month, 2 + usize::from(*next == "dau")))
        }
        // 20/5/2020: the year follows.
        [day, month, year, ..]
            if day.parse::<i16>().is_ok_and(|day| (1..=31).contains(&day))
                && year.parse::<i16>().is_ok_and(|year| YEARS.contains(&year)) =>
        {
            let month = month.parse().ok().and_then(within)?;
            Some((month, 2))
        }
        _ => None,
    }
}

/// "tháng Năm năm 2012" is May: what follows is the word for a year, or ends.
fn in_words(rest: &[&str]) -> Option<(i16, usize)> {
    let is_end = |at: usize| matches!(rest.get(at), None | Some(&"nam"));
    if let (Some(&"muoi"), Some(second)) = (rest.first(), rest.get(1)) {
        for (month, words) in [(11, WORDS[10]), (12, WORDS[11])] {
            if words.contains(second) && is_end(2) {
                return Some((month, 2));
            }
        }
    }
    let word = rest.first()?;
    let at = WORDS[..10].iter().position(|words| words.contains(word))?;
    let is_a_year = *word == "nam" && rest.get(1).is_some_and(|next| next.parse::<i16>().is_ok());
    (is_end(1) && !is_a_year).then_some((i16::try_from(at).ok()? + 1, 1))
}

/// A year, alone or behind "năm".
fn year(tokens: &[&str]) -> Option<(i16, usize)> {
    let at = usize::from(tokens.first() == Some(&"nam"));
    let year = number(tokens.get(at)).filter(|year| YEARS.contains(year))?;
    Some((year, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_its_month_in_figures_words_days_and_quarters() {
        for (text, year, month) in [
            ("16. Chỉ số giá tiêu dùng … tháng 02 năm 2025", 2025, 2),
            ("9. Chỉ số giá tiêu dùng … và đô la Mỹ tháng Năm năm 2012", 2012, 5),
            ("tháng Mười hai năm 2011", 2011, 12),
            ("tháng Mười năm 2011", 2011, 10),
            ("1. Sản xuất nông nghiệp đến ngày 15 tháng 5 năm 2016", 2016, 5),
            ("cấp phép từ 01/01- 20/5/2020", 2020, 5),
            ("2. Giá trị sản xuất công nghiệp tháng 5 và 5 tháng đầu năm 2004", 2004, 5),
            ("6. THỰC HIỆN VỐN ĐẦU TƯ QUÝ I NĂM 2000 (giá so sánh)", 2000, 3),
            ("tháng 3 và quý I năm 2008", 2008, 3),
            ("Tháng 5 năm 2016 so với tháng 4 năm 2016", 2016, 5),
            ("Tháng 1 năm 2025 so với tháng 12 năm 2024", 2025, 1),
            ("Tổng sản phẩm trong nước năm 2018", 2018, 12),
            ("(Giá so sánh 1994) tháng 5 năm 2008", 2008, 5),
        ] {
            assert_eq!(said(text).map(|(month, _)| month), Some(Month { year, month }), "{text}");
        }
        for text in ["Chỉ số sản xuất công nghiệp", "Tháng 13 năm nay", "12 tháng", ""] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}

//! What a message of cells says before anybody judged it: SDMX and DHIS2 name indicator, parts, place and period of each
//! value themselves, so that no table has to be understood.
//!
//! A place is a code here; which version of it is meant, whose the cell is and what must hold among cells, says the judge
//! of the form ([`contract`](crate::contract)), who knows no format.

use std::{borrow::Cow, fmt::Display};

use ioc_model::{
    form::{Column, Finding, Form, Member, Period, Role, Rule, Value, Vintage, Weight},
    name::Name,
    text::Text,
    time::EventTime,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sonic_rs::LazyValue;

use crate::contract::legible;

/// Decimals that a cell can hold.
const DECIMALS: u32 = 9;
/// Longer is no number that anybody writes. Bytes.
const NUMBER_MAX: usize = 64;
/// So much is told of what stands somewhere. Characters.
const STANDS_MAX: usize = 60;

/// How much is told of what a parser says. Characters.
const ERROR_MAX: usize = 200;
/// More that is found is only counted.
const FINDINGS_MAX: usize = 20_000;
/// Stands for a dimension that a cell says no member of: it is of the whole.
pub(crate) const WHOLE: u32 = u32::MAX;

/// A cell as a message says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SaidCell {
    /// Where it stands.
    pub(crate) at: Box<str>,
    /// The form's indicator.
    pub(crate) indicator: Name,
    /// A member of each of the form's dimensions, in the order of its columns, or [`WHOLE`].
    pub(crate) members: Box<[u32]>,
    /// The code of the place. Whether there is such a place, the judge says.
    pub(crate) place: Box<str>,
    /// When.
    pub(crate) period: Period,
    /// How final it is.
    pub(crate) vintage: Vintage,
    /// What it holds; none where it is named and nothing is said of it, so that what was known stays.
    pub(crate) value: Option<Value>,
    /// As it came, where that is not the plain number.
    pub(crate) as_sent: Box<str>,
}

/// All that a message says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Its cells, in their order.
    pub(crate) cells: Vec<SaidCell>,
    /// What was found on the way.
    pub(crate) findings: Vec<Finding>,
    /// Errors and others that were found and not gathered.
    pub(crate) further: (usize, usize),
    /// Cells that cannot be taken, each with an error.
    pub(crate) rejected: u32,
    /// Whether nothing of the message can be taken.
    pub(crate) is_refused: bool,
    /// When values were last changed at their source, by the place of their cell, where the message says it. What is left
    /// of a message that tells of persons does not say it.
    #[serde(skip)]
    pub(crate) updated: Vec<(u32, EventTime)>,
}

/// What is wrong with something that a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) rule: Rule,
    pub(crate) stands: String,
    pub(crate) message: Text,
}

impl Wrong {
    /// What the sender wrote stands beside the sentence and not in it: sentences that are alike are told once.
    pub(crate) fn new(rule: Rule, stands: &str, vi: impl Into<String>, en: impl Into<String>) -> Wrong {
        Wrong { rule, stands: legible(stands, STANDS_MAX), message: Text { vi: vi.into(), en: en.into() } }
    }

    /// As an error at a place of the message.
    pub(crate) fn finding(self, at: &dyn Display) -> Finding {
        let Wrong { rule, stands, message } = self;
        Finding { weight: Weight::Error, rule, at: at.to_string().into(), stands: stands.into(), message }
    }
}

/// Bytes that are no text.
pub(crate) fn no_text() -> Wrong {
    Wrong::new(
        Rule::Unreadable,
        "",
        "Tệp không phải là văn bản UTF-8 hay UTF-16.",
        "The file is no text in UTF-8 or UTF-16.",
    )
}

/// A table without rows.
pub(crate) fn header_alone() -> Wrong {
    Wrong::new(
        Rule::Empty,
        "",
        "Tệp chỉ có dòng tiêu đề, không có số liệu.",
        "There is a header and nothing below it.",
    )
}

/// A row that has not the columns of its header.
pub(crate) fn other_columns() -> Wrong {
    Wrong::new(
        Rule::Unreadable,
        "",
        "Số cột của dòng khác số cột của tiêu đề. Nội dung có dấu phân cách phải đặt trong ngoặc kép.",
        "The line has not as many columns as the header. What holds a separator stands in quotes.",
    )
}

/// A message that is not of its format. The parser's words may quote what it met.
pub(crate) fn unreadable(error: &dyn Display, vi: &str, en: &str) -> Wrong {
    let told = error.to_string();
    // Behind the first line it draws what it met.
    let told = legible(told.lines().next().unwrap_or_default(), ERROR_MAX);
    Wrong::new(Rule::Unreadable, "", format!("{vi}: {told}."), format!("{en}: {told}."))
}

impl Said {
    /// Tells something that lets cells be taken.
    pub(crate) fn find(
        &mut self,
        weight: Weight,
        rule: Rule,
        at: &dyn Display,
        stands: &str,
        (vi, en): (String, String),
    ) {
        let finding = Wrong::new(rule, stands, vi, en).finding(at);
        self.add(Finding { weight, ..finding });
    }

    /// Tells why a cell cannot be taken.
    pub(crate) fn reject(&mut self, at: &dyn Display, wrong: Wrong) {
        self.rejected = self.rejected.saturating_add(1);
        self.add(wrong.finding(at));
    }

    /// Tells why nothing of the message can be taken.
    pub(crate) fn refuse(&mut self, at: &dyn Display, wrong: Wrong) {
        self.is_refused = true;
        self.add(wrong.finding(at));
    }

    fn add(&mut self, finding: Finding) {
        match finding.weight {
            _ if self.findings.len() < FINDINGS_MAX => self.findings.push(finding),
            Weight::Error => self.further.0 += 1,
            _ => self.further.1 += 1,
        }
    }
}

/// The dimensions of a form: their columns' identifiers and members, in the order of its columns.
pub(crate) fn dimensions(form: &Form) -> Vec<(&str, &[Member])> {
    fn dimension(column: &Column) -> Option<(&str, &[Member])> {
        match &column.role {
            Role::Dimension(members) => Some((&column.id, members)),
            _ => None,
        }
    }
    form.columns.iter().filter_map(dimension).collect()
}

/// A number as programs write it: `812.5`, `-3`, `1.8E1`.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    let is_of_a_number = |byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    if text.len() > NUMBER_MAX || !text.bytes().all(is_of_a_number) {
        return None;
    }
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A number times a power of ten, exactly; none where it has more digits than a cell can hold. What the power alone made
/// of it (845000 thousandths are 845.000) is no decimal that was sent.
pub(crate) fn scaled(number: Decimal, power: i32) -> Option<Decimal> {
    let scale = i64::from(number.scale()) - i64::from(power);
    let (mut digits, mut scale) = match u32::try_from(scale) {
        Ok(scale) => (number.mantissa(), scale),
        Err(_) => {
            let factor = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            (number.mantissa().checked_mul(factor)?, 0)
        }
    };
    while scale > number.scale() && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale - 1);
    }
    Decimal::try_from_i128_with_scale(digits, scale).ok().filter(|scaled| scaled.scale() <= DECIMALS)
}

/// A scalar as text: what a string says, the digits of a number; none of anything else.
pub(crate) fn scalar<'v>(value: &'v LazyValue<'_>) -> Option<Cow<'v, str>> {
    let raw = value.as_raw_str();
    match raw.as_bytes().first()? {
        b'"' if !raw.contains('\\') => raw.get(1..raw.len() - 1).map(Cow::Borrowed),
        b'"' => sonic_rs::from_str::<String>(raw).ok().map(Cow::Owned),
        b'n' => Some(Cow::Borrowed("")),
        b'[' | b'{' => None,
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// What a cell is about and holds, for tests: `dengue[age=0-14,sex=m]@25486`, `2026-10`, `7`.
#[cfg(test)]
pub(crate) fn told(form: &Form, cell: &SaidCell) -> [String; 3] {
    let part = |((id, members), at): (&(&str, &[Member]), &u32)| {
        members.get(*at as usize).map(|member| format!("{id}={}", member.id))
    };
    let parts: Vec<String> = dimensions(form).iter().zip(&cell.members).filter_map(part).collect();
    let value = match cell.value {
        None => "unsaid".to_owned(),
        Some(value) => value.number.map_or(value.mark.word().to_owned(), |number| number.to_string()),
    };
    let about = format!("{}[{}]@{}", cell.indicator, parts.join(","), cell.place);
    [about, cell.period.label(), value]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_times_a_power_of_ten_is_exact_and_keeps_the_decimals_that_were_sent() {
        for (sent, power, expected) in [
            ("845000", -3, Some("845")),
            ("845.10", 0, Some("845.10")),
            ("0.8611", 3, Some("861.1")),
            ("812.50", 3, Some("812500")),
            ("5", -9, Some("0.000000005")),
            ("5", -10, None),
            ("50", -10, Some("0.000000005")),
            ("-1200", -2, Some("-12")),
            ("0", -20, Some("0")),
            ("1", 40, None),
            ("79228162514264337593543950335", 1, None),
        ] {
            let found = scaled(number(sent).unwrap(), power).map(|number| number.to_string());
            assert_eq!(found.as_deref(), expected, "{sent} times ten to the {power}");
        }
    }

    #[test]
    fn numbers_are_read_as_programs_write_them_and_nothing_else_is_one() {
        for (text, expected) in
            [("1.8E1", "18"), ("1204", "1204"), ("-0.50", "-0.50"), ("0", "0"), ("2e-3", "0.002")]
        {
            assert_eq!(number(text).map(|number| number.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "NaN", "1,5", "1 204", "0x10", "true", "1_000", "1e99", "--1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}

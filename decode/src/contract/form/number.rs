//! What a cell of values says: a number, a mark that says why there is none, or nothing.
//!
//! A dash is a statement, dots another, a blank none at all; notes hang on numbers, and what separates thousands in one
//! country separates decimals in another. Nothing is guessed: what is not written as the form has it is refused with an
//! example of what is.

use ioc_model::form::{Form, Mark, Meaning, Vintage};
use rust_decimal::Decimal;

use super::spelling::spelled;

/// More digits are no number of a report, and not of what it is kept in.
const DIGITS_MAX: usize = 28;
/// Behind the decimal sign.
pub(crate) const SCALE_MAX: u32 = 9;
/// So many signs hang on a number at most.
const SIGNS_MAX: usize = 4;

/// What a text says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    /// Nothing.
    Blank,
    /// Why there is no number.
    Instead(Mark),
    /// A number, and what hangs on it.
    Number(Number),
    /// Something else.
    Not(NoNumber),
}

/// A number, and what hangs on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Number {
    pub(super) number: Decimal,
    /// Written with `%`.
    pub(super) percent: bool,
    /// How final it is, if a mark says so.
    pub(super) vintage: Option<Vintage>,
    /// Notes, such as `(1)`.
    pub(super) notes: String,
    /// More is written than the plain number.
    pub(super) decorated: bool,
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// Signs that the form does not have, or nothing but a note.
    Sign,
    /// Thousands or decimals are written in another way.
    Separators,
    /// It has more digits than a number of a report.
    Long,
    /// It is something else.
    Text,
}

/// The marks of a form, in the spelling they are compared in.
#[derive(Debug)]
pub(super) struct Marks {
    /// The longest first, so that no mark hides one that ends in it.
    marks: Vec<(String, Meaning)>,
    decimal: char,
}

impl Marks {
    pub(super) fn of_form(form: &Form) -> Marks {
        let spelling = |(mark, meaning): (&String, &Meaning)| (dots(&spelled(mark)), *meaning);
        let mut marks: Vec<(String, Meaning)> = form.marks.iter().map(spelling).collect();
        marks.sort_by_key(|(mark, _)| std::cmp::Reverse(mark.len()));
        Marks { marks, decimal: form.decimal }
    }

    /// Reads a text.
    pub(super) fn read(&self, text: &str) -> Read {
        let whole = dots(&spelled(text));
        if whole.is_empty() {
            return Read::Blank;
        }
        let instead = self
            .marks
            .iter()
            .find(|(mark, meaning)| *mark == whole && matches!(meaning, Meaning::Instead(_)));
        if let Some((_, Meaning::Instead(mark))) = instead {
            return Read::Instead(*mark);
        }
        let mut left = whole.as_str();
        let mut number = Number::default();
        for _ in 0..SIGNS_MAX {
            let hanging = self.marks.iter().find_map(|(mark, meaning)| {
                Some((left.strip_suffix(mark.as_str())?.trim_end(), mark, *meaning))
            });
            match hanging {
                Some((rest, _, Meaning::Vintage(vintage))) => {
                    number.vintage = Some(number.vintage.map_or(vintage, |other| other.min(vintage)));
                    left = rest;
                }
                Some((rest, mark, Meaning::Note)) => {
                    number.notes.insert_str(0, mark);
                    left = rest;
                }
                _ => break,
            }
            number.decorated = true;
        }
        if let Some(rest) = left.strip_suffix('%') {
            (left, number.percent, number.decorated) = (rest.trim_end(), true, true);
        }
        match plain(left, self.decimal) {
            Ok(read) => {
                number.number = read;
                number.decorated |= left.contains(' ') || left.starts_with('+');
                Read::Number(number)
            }
            Err(why) => Read::Not(why),
        }
    }
}

/// Three dots as one sign.
fn dots(text: &str) -> String {
    text.replace("...", "…")
}

/// A number without anything around it: `1.204`, `865,40`, `2 310`, `-5`.
fn plain(text: &str, decimal: char) -> Result<Decimal, NoNumber> {
    let group = if decimal == ',' { '.' } else { ',' };
    let is_digit = |c: char| c.is_ascii_digit();
    if !text.contains(is_digit) {
        return Err(if text.chars().count() <= 4 && !text.contains(char::is_alphabetic) {
            NoNumber::Sign
        } else {
            NoNumber::Text
        });
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start();
    let is_part = |c: char| is_digit(c) || matches!(c, '.' | ',' | ' ');
    if !unsigned.chars().all(is_part) {
        // "(15)": a note alone, or minus 15.
        let is_sign = |c: char| is_part(c) || matches!(c, '(' | ')' | '*' | '<' | '>' | '=' | '~' | '?');
        return Err(if unsigned.chars().all(is_sign) { NoNumber::Sign } else { NoNumber::Text });
    }
    let (whole, fraction) = match unsigned.rsplit_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let is_whole = is_grouped(whole, group) || is_grouped(whole, ' ');
    let is_fraction = fraction.is_none_or(|fraction| !fraction.is_empty() && fraction.chars().all(is_digit));
    if !is_whole || !is_fraction {
        return Err(NoNumber::Separators);
    }
    let mut written: String = whole.chars().filter(|c| is_digit(*c)).collect();
    if let Some(fraction) = fraction {
        written.push('.');
        written.push_str(fraction);
    }
    if text.starts_with('-') {
        written.insert(0, '-');
    }
    let digits = written.trim_start_matches(['-', '0']).chars().filter(|c| is_digit(*c)).count();
    if digits > DIGITS_MAX || fraction.is_some_and(|fraction| fraction.len() > SCALE_MAX as usize) {
        return Err(NoNumber::Long);
    }
    Decimal::from_str_exact(&written).map_err(|_| NoNumber::Long)
}

/// Whether digits stand in groups of three behind the first, or in none at all. The first of several does not begin with 0:
/// nobody writes 0.861 for 861, and whoever writes 0.861 has another sign for decimals.
fn is_grouped(text: &str, group: char) -> bool {
    let mut groups = text.split(group);
    let first = groups.next().unwrap_or_default();
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut rest = groups.peekable();
    match rest.peek() {
        None => is_digits(first),
        Some(_) => {
            let begins = is_digits(first) && first.len() <= 3 && !first.starts_with('0');
            begins && rest.all(|part| is_digits(part) && part.len() == 3)
        }
    }
}

/// A number as a spreadsheet stores it, without what a double adds to it; none if it is none of a report.
pub(super) fn stored(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let number = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok();
    let number = match number {
        Some(number) => number,
        // More digits than a decimal has are those of a double.
        None => Decimal::from_scientific(&format!("{:e}", text.parse::<f64>().ok()?)).ok()?,
    };
    let significant = number.round_sf(15)?;
    let number = if number.scale() > SCALE_MAX { significant.round_dp(SCALE_MAX) } else { number };
    (number.abs() < Decimal::from(10_u64.pow(18)))
        .then(|| if number.is_zero() { Decimal::ZERO } else { number })
}

/// A number as people write it, with that decimal sign.
pub(crate) fn written(number: Decimal, decimal: char) -> String {
    let text = number.normalize().to_string();
    if decimal == ',' { text.replace('.', ",") } else { text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn marks(decimal: char) -> Marks {
        let form = BTreeMap::from([
            ("-".to_owned(), Meaning::Instead(Mark::None)),
            ("…".to_owned(), Meaning::Instead(Mark::NotCollected)),
            ("x".to_owned(), Meaning::Instead(Mark::Withheld)),
            ("*".to_owned(), Meaning::Vintage(Vintage::Preliminary)),
            ("(1)".to_owned(), Meaning::Note),
        ]);
        let mut marks: Vec<(String, Meaning)> =
            form.iter().map(|(mark, meaning)| (spelled(mark), *meaning)).collect();
        marks.sort_by_key(|(mark, _)| std::cmp::Reverse(mark.len()));
        Marks { marks, decimal }
    }

    fn number(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn a_number_is_read_as_the_form_writes_it() {
        for (decimal, text, expected) in [
            (',', "1204", "1204"),
            (',', "1.204", "1204"),
            (',', "1.234.567,5", "1234567.5"),
            (',', "865,40", "865.40"),
            (',', "2\u{a0}310", "2310"),
            (',', "2 310,5", "2310.5"),
            (',', "−5", "-5"),
            (',', "- 5", "-5"),
            (',', "+5", "5"),
            (',', "007", "7"),
            ('.', "1,204.5", "1204.5"),
            ('.', "865.4", "865.4"),
            (',', " 0,000000001 ", "0.000000001"),
        ] {
            match marks(decimal).read(text) {
                Read::Number(read) => assert_eq!(read.number.to_string(), expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for (decimal, text, expected) in [
            (',', "865.4", NoNumber::Separators),
            (',', "1.05", NoNumber::Separators),
            (',', "1,2,3", NoNumber::Separators),
            (',', "12.34.567", NoNumber::Separators),
            (',', "1.234 567", NoNumber::Separators),
            (',', "0.861", NoNumber::Separators),
            (',', "-0.500", NoNumber::Separators),
            (',', "0.125,5", NoNumber::Separators),
            (',', "00.861", NoNumber::Separators),
            ('.', "0,861", NoNumber::Separators),
            (',', "0 861", NoNumber::Separators),
            (',', ",5", NoNumber::Separators),
            (',', "5,", NoNumber::Separators),
            (',', "(15)", NoNumber::Sign),
            (',', "<5", NoNumber::Sign),
            (',', "1234 (2)", NoNumber::Sign),
            (',', "?", NoNumber::Sign),
            (',', "không", NoNumber::Text),
            (',', "1E05", NoNumber::Text),
            (',', "0,0000000001", NoNumber::Long),
            (',', "12345678901234567890123456789", NoNumber::Long),
        ] {
            assert_eq!(marks(decimal).read(text), Read::Not(expected), "{text}");
        }
    }

    #[test]
    fn marks_say_why_there_is_no_number_and_hang_on_one() {
        for (text, expected) in [
            ("", Read::Blank),
            ("\u{a0} ", Read::Blank),
            ("-", Read::Instead(Mark::None)),
            ("–", Read::Instead(Mark::None)),
            ("…", Read::Instead(Mark::NotCollected)),
            ("...", Read::Instead(Mark::NotCollected)),
            ("X", Read::Instead(Mark::Withheld)),
            ("*", Read::Not(NoNumber::Sign)),
            ("(1)", Read::Not(NoNumber::Sign)),
        ] {
            assert_eq!(marks(',').read(text), expected, "{text}");
        }
        let read = |text: &str| match marks(',').read(text) {
            Read::Number(number) => number,
            other => panic!("{text}: {other:?}"),
        };
        let preliminary = read("1.234*");
        assert_eq!((preliminary.number, preliminary.vintage), (number("1234"), Some(Vintage::Preliminary)));
        let noted = read("1.234 (1)");
        assert_eq!((noted.number, noted.notes.as_str(), noted.decorated), (number("1234"), "(1)", true));
        let both = read("1.234 (1)*");
        assert_eq!((both.notes.as_str(), both.vintage), ("(1)", Some(Vintage::Preliminary)));
        let percent = read("81,5%");
        assert_eq!((percent.number, percent.percent), (number("81.5"), true));
    }

    #[test]
    fn a_stored_number_loses_what_a_double_added() {
        for (text, expected) in [
            ("812.5", "812.5"),
            ("0.82", "0.82"),
            ("82.149999999999991", "82.15"),
            ("0.30000000000000004", "0.3"),
            ("1.8E1", "18"),
            ("1E5", "100000"),
            ("7207203015", "7207203015"),
            ("-0", "0"),
        ] {
            assert_eq!(stored(text).map(|number| number.normalize()), Some(number(expected)), "{text}");
        }
        for text in ["1E300", "NaN", "", "x", "1e40"] {
            assert_eq!(stored(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_number_is_read_again(whole in -1_000_000_000i64..1_000_000_000, scale in 0u32..9, comma in any::<bool>()) {
            let number = Decimal::new(whole, scale);
            let decimal = if comma { ',' } else { '.' };
            match marks(decimal).read(&written(number, decimal)) {
                Read::Number(read) => prop_assert_eq!(read.number, number),
                other => prop_assert!(false, "{:?}", other),
            }
        }

        #[test]
        fn a_number_written_with_the_other_sign_is_never_another_number(
            whole in -1_000_000_000i64..1_000_000_000, scale in 1u32..9, comma in any::<bool>(),
        ) {
            let number = Decimal::new(whole, scale);
            let (decimal, other) = if comma { (',', '.') } else { ('.', ',') };
            // Three digits behind one sign may be thousands, where what stands before it may be some.
            let text = number.to_string().replace('.', &other.to_string());
            let (before, behind) = text.trim_start_matches('-').split_once(other).unwrap_or((&text, ""));
            let may_be_thousands = behind.len() == 3 && before.len() <= 3 && !before.starts_with('0');
            match marks(decimal).read(&text) {
                Read::Number(read) => prop_assert!(read.number == number || may_be_thousands, "{}", text),
                other => prop_assert_eq!(other, Read::Not(NoNumber::Separators)),
            }
        }

        #[test]
        fn safe_any_text_is_read_as_something(text in "\\PC{0,20}") {
            let _ = marks(',').read(&text);
            let _ = stored(&text);
        }
    }
}

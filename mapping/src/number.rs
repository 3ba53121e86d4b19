//! Numbers as they are written.
//!
//! A number is exact: decimals of up to 28 digits are calculated with as decimals, so that a counter of 64 bits and a price
//! come out as they went in. Sums, differences and products are exact as long as the result has no more digits; beyond
//! that, and in quotients, the last of 28 digits is rounded, alike on every machine, for no binary fraction is ever
//! between. What is no such decimal (`1e300`, 40 digits) is passed on as it is written, and is no number to calculate with.

use std::{cmp::Ordering, fmt, rc::Rc};

use rust_decimal::{Decimal, prelude::ToPrimitive};

/// A number of JSON.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    /// One that can be calculated with.
    Decimal(Decimal),
    /// Any other, as it was written.
    Far(Rc<str>),
}

/// The longest text that is a number. Digits behind it are nobody's.
const LONGEST: usize = 1_000;

impl Number {
    /// By the grammar of JSON; none if it is not of it.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        if text.len() > LONGEST || !is_number(text) {
            return None;
        }
        let exact = match text.contains(['e', 'E']) {
            false => Decimal::from_str_exact(text).ok(),
            true => scientific(text),
        };
        Some(exact.map_or_else(|| Number::Far(text.into()), Number::Decimal))
    }

    /// As a position or a count.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Number::Decimal(decimal) if decimal.fract().is_zero() => decimal.to_i64(),
            Number::Decimal(_) | Number::Far(_) => None,
        }
    }

    pub(crate) fn decimal(&self) -> Option<Decimal> {
        match self {
            Number::Decimal(decimal) => Some(*decimal),
            Number::Far(_) => None,
        }
    }

    /// How much there is to read in it where it is no decimal. Bytes.
    pub(crate) fn far(&self) -> usize {
        match self {
            Number::Decimal(_) => 0,
            Number::Far(text) => text.len(),
        }
    }

    fn double(&self) -> f64 {
        match self {
            Number::Decimal(decimal) => decimal.to_f64().unwrap_or_default(),
            Number::Far(text) => text.parse().unwrap_or_default(),
        }
    }
}

/// Digits and an exponent as a decimal, if it is exactly one.
fn scientific(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let mut exponent: i32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    if !(-60..=60).contains(&exponent) {
        return None;
    }
    let mut decimal = Decimal::from_str_exact(digits).ok()?.normalize();
    let ten = Decimal::TEN;
    while exponent > 0 {
        decimal = decimal.checked_mul(ten)?;
        exponent -= 1;
    }
    while exponent < 0 {
        let scale = decimal.scale() + 1;
        decimal = Decimal::try_from_i128_with_scale(decimal.mantissa(), scale).ok()?;
        exponent += 1;
    }
    Some(decimal)
}

/// Whether a text is a number of JSON (RFC 8259, section 6).
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Decimal(decimal) => fmt::Display::fmt(decimal, f),
            Number::Far(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// Those that are calculated with exactly; others as the nearest doubles, then as texts.
    fn cmp(&self, other: &Number) -> Ordering {
        match (self, other) {
            (Number::Decimal(one), Number::Decimal(two)) => one.cmp(two),
            (Number::Far(one), Number::Far(two)) => {
                self.double().total_cmp(&other.double()).then_with(|| one.cmp(two))
            }
            // Equal doubles are not equal numbers: the one that is written out comes first.
            (Number::Decimal(_), Number::Far(_)) => {
                self.double().total_cmp(&other.double()).then(Ordering::Less)
            }
            (Number::Far(_), Number::Decimal(_)) => {
                self.double().total_cmp(&other.double()).then(Ordering::Greater)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_was_written() {
        for text in [
            "0",
            "-1",
            "1.50",
            "18446744073709551615",
            "9223372036854775807",
            "0.1000000000000000000000000001",
            "1e300",
            "12345678901234567890123456789012345",
        ] {
            assert_eq!(Number::parse(text).map(|number| number.to_string()).as_deref(), Some(text));
        }
        let is = |text: &str| Number::parse(text).unwrap().to_string();
        assert_eq!((is("1e3"), is("25e-3"), is("-0.5E+1")), ("1000".into(), "0.025".into(), "-5.0".into()));
    }

    #[test]
    fn what_json_has_no_number_for_is_none() {
        for text in ["", "-", "01", "+1", ".5", "1.", "1e", "NaN", "Infinity", "1_000", "0x10", "1,5", "٣"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        assert!(Number::parse(&"1".repeat(LONGEST + 1)).is_none());
    }

    #[test]
    fn order_is_total() {
        let numbers = ["-1e300", "-1", "0", "0.5", "9007199254740993", "1e40", "2e40"];
        let numbers: Vec<Number> = numbers.iter().map(|text| Number::parse(text).unwrap()).collect();
        assert!(
            numbers.windows(2).all(|pair| pair[0].cmp(&pair[1]).is_lt() && pair[1].cmp(&pair[0]).is_gt())
        );
    }
}

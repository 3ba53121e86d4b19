//! A number that an event says in words, exact: whole billionths.
//!
//! Sums of them do not depend on the order they come in, as sums of floating-point numbers would (invariant BATCH).

use serde::{Deserialize, Serialize};

/// A number in billionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Amount(pub i128);

const BILLION: i128 = 1_000_000_000;
/// So many digits stand before the point at most.
const DIGITS: usize = 18;
/// So many behind it are kept.
const DECIMALS: usize = 9;

impl Amount {
    /// From decimal digits with or without a sign and a point; none of anything else, such as `1e3`, `1,5` or more than 18
    /// digits before the point. What lies behind the ninth decimal is rounded off, half away from zero.
    #[must_use]
    pub fn of(text: &str) -> Option<Amount> {
        let text = text.trim();
        let (minus, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && decimals.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > DIGITS {
            return None;
        }
        let digit = |byte: u8| i128::from(byte - b'0');
        let whole = whole.bytes().fold(0, |number, byte| number * 10 + digit(byte));
        let decimals = decimals.bytes().chain(std::iter::repeat(b'0'));
        let mut behind = decimals.take(DECIMALS + 1).fold(0, |number, byte| number * 10 + digit(byte));
        behind = (behind + 5) / 10;
        let amount = whole * BILLION + behind;
        Some(Amount(if minus { -amount } else { amount }))
    }

    /// Both together; at the end of the range where they lie beyond it, which takes 10¹¹ of the largest.
    #[must_use]
    pub fn plus(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }

    /// As a floating-point number: exact for whole numbers up to 2⁵³.
    #[must_use]
    pub fn value(self) -> f64 {
        let (whole, behind) = (self.0 / BILLION, self.0 % BILLION);
        whole as f64 + behind as f64 / BILLION as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_to_the_ninth_decimal_and_anything_else_is_none() {
        for (text, amount) in [
            ("0", 0),
            ("1500", 1_500 * BILLION),
            ("-2.5", -2_500_000_000),
            ("+007", 7 * BILLION),
            (" 12 ", 12 * BILLION),
            (".5", 500_000_000),
            ("3.", 3 * BILLION),
            ("0.0000000004", 0),
            ("0.0000000005", 1),
            ("0.9999999999", BILLION),
            ("999999999999999999", 999_999_999_999_999_999 * BILLION),
        ] {
            assert_eq!(Amount::of(text), Some(Amount(amount)), "{text}");
        }
        for none in
            ["", "-", ".", "1e3", "1,5", "0x10", "NaN", "inf", "1 000", "--1", "1000000000000000000", "٣"]
        {
            assert_eq!(Amount::of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn batch_a_sum_does_not_depend_on_the_order(
            numbers in prop::collection::vec("-?[0-9]{1,15}(\\.[0-9]{1,9})?", 0..20).prop_shuffle(),
        ) {
            let sum = |numbers: &mut dyn Iterator<Item = &String>| {
                numbers.fold(Amount::default(), |sum, text| sum.plus(Amount::of(text).unwrap()))
            };
            prop_assert_eq!(sum(&mut numbers.iter()), sum(&mut numbers.iter().rev()));
        }

        #[test]
        fn a_whole_number_is_its_value(number in -(1_i64 << 53)..(1_i64 << 53)) {
            prop_assert_eq!(Amount::of(&number.to_string()).unwrap().value(), number as f64);
        }
    }
}

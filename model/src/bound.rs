//! How a computed number stands to a legal limit, a band or a threshold: one rule for all of them.
//!
//! A mean of values that were sent with two decimals is worked out in binary numbers: twelve values whose mean is 200
//! come to 200.00000000000003, and a mean of pH 6 to 5.999999999999999. A limit may be reached, and nobody means an
//! exceedance by less than the last digit that was ever measured. So two numbers that differ by no more than a billionth
//! are the same number here. What is stored and shown is the number as it was worked out; whoever compares it goes by
//! this, and what was found is stored beside it: nothing else compares.

/// The part of a bound that a number may lie beside it and still be at it.
const BILLIONTH: f64 = 1e-9;

/// Whether a number lies above a bound, and not at it.
#[must_use]
pub fn is_above(number: f64, bound: f64) -> bool {
    number - bound > BILLIONTH * bound.abs()
}

/// Whether a number lies below a bound, and not at it.
#[must_use]
pub fn is_below(number: f64, bound: f64) -> bool {
    is_above(-number, -bound)
}

/// The bound itself where a number is at it, else the number.
#[must_use]
pub(crate) fn snapped(number: f64, bound: f64) -> f64 {
    if is_above(number, bound) || is_below(number, bound) { number } else { bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn a_mean_that_is_its_limit_lies_neither_above_nor_below_it_however_the_double_came_out() {
        let no2 = [198.6, 203.4, 202.2, 201.0, 197.6, 202.9, 200.0, 197.5, 199.5, 196.9, 201.5, 198.9];
        let ph = [5.81, 6.15, 6.06, 6.03, 6.04, 6.17, 5.8, 6.08, 5.82, 5.91, 6.19, 5.94];
        let means = [
            (mean(&no2), 200.0),
            (mean(&[0.1; 288]), 0.1),
            (mean(&[0.001; 288]), 0.001),
            (mean(&[0.01; 24]), 0.01),
            (mean(&ph), 6.0),
        ];
        for (mean, limit) in means {
            assert_ne!(mean, limit, "else it shows nothing");
            assert!(!is_above(mean, limit) && !is_below(mean, limit), "{mean} {limit}");
            assert_eq!(snapped(mean, limit), limit);
        }
    }

    #[test]
    fn the_last_digit_that_is_measured_lies_above_or_below() {
        for (bound, digit) in [(200.0, 0.01), (0.001, 0.000_01), (150_000.0, 0.1), (6.0, 0.01), (0.0, 0.001)]
        {
            assert!(is_above(bound + digit, bound) && !is_below(bound + digit, bound));
            assert!(is_below(bound - digit, bound) && !is_above(bound - digit, bound));
            assert!(!is_above(bound, bound) && !is_below(bound, bound));
        }
        assert!(is_below(-5.0, -4.99) && is_above(-4.99, -5.0));
        assert!(!is_above(f64::NAN, 1.0) && !is_below(f64::NAN, 1.0));
    }
}

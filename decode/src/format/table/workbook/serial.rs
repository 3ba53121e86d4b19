//! Numbers of spreadsheets: how they are written without noise, and which moments they are.
//!
//! A spreadsheet calculates in doubles and shows, and lets be typed, 15 significant digits. Its file may write 17: 37.8 as
//! `37.799999999999997`, the sum of 0.1 and 0.2 as `0.30000000000000004`. What nobody typed and nobody saw is noise.
//!
//! A date is a count of days. The one that begins with 1900 has a 29 February in that year, which never was: numbers from
//! 61 on are right, those before are a day off, 60 is no date (Lotus 1-2-3, kept by Excel; ECMA-376 part 1, 18.17.4.1).

use jiff::civil::{Date, DateTime, Time, date};

/// Where a file counts days from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Epoch {
    /// 1 is 1900-01-01.
    #[default]
    Of1900,
    /// 0 is 1904-01-01.
    Of1904,
}

const MILLIS_OF_A_DAY: f64 = 86_400_000.0;
/// Significant digits that a spreadsheet keeps of what is typed.
const DIGITS: usize = 15;

impl Epoch {
    /// The moment of a count of days, to the millisecond; none if it is before the first one, the day that never was, or
    /// after the year 9999. A time of day alone is on 1899-12-31.
    pub(super) fn moment(self, serial: f64) -> Option<DateTime> {
        if !(0.0..3_000_000.0).contains(&serial) {
            return None;
        }
        let whole = (serial * MILLIS_OF_A_DAY).round() as i64;
        let (days, millis) = (whole / 86_400_000, whole % 86_400_000);
        let zero: Date = match self {
            Epoch::Of1904 => date(1904, 1, 1),
            Epoch::Of1900 if whole == 0 || days == 60 => return None,
            Epoch::Of1900 if days < 60 => date(1899, 12, 31),
            Epoch::Of1900 => date(1899, 12, 30),
        };
        let day = zero.checked_add(jiff::Span::new().days(days)).ok().filter(|day| day.year() <= 9999)?;
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let time = Time::new(
            (seconds / 3_600) as i8,
            (seconds / 60 % 60) as i8,
            (seconds % 60) as i8,
            (millis * 1_000_000) as i32,
        );
        Some(day.to_datetime(time.ok()?))
    }
}

/// A number as a file writes it, without noise, and as a double; none if it is no number.
///
/// Up to 15 significant digits and whole numbers of any length stay as they are.
pub(super) fn written(text: &str) -> Option<(String, f64)> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    if !has_digits
        || !are_digits(whole)
        || !fraction.is_none_or(are_digits)
        || !exponent.is_none_or(|exponent| !exponent.is_empty() && are_digits(exponent))
    {
        return None;
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let digits = mantissa.bytes().filter(|byte| *byte != b'.').skip_while(|byte| *byte == b'0').count();
    let is_whole = fraction.is_none() && exponent.is_none();
    let kept = if digits <= DIGITS || is_whole { text.to_owned() } else { of_double(number) };
    Some((kept, number))
}

/// A number that a file stores as a double, by the digits that a spreadsheet keeps.
pub(super) fn of_double(number: f64) -> String {
    let kept: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    let plain = kept == 0.0 || (1e-9..1e18).contains(&kept.abs());
    if plain { format!("{}", kept + 0.0) } else { format!("{kept:E}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Option<String> {
        written(text).map(|(text, _)| text)
    }

    #[test]
    fn numbers_lose_the_noise_of_doubles_and_nothing_else() {
        for (text, right) in [
            ("37.799999999999997", "37.8"),
            ("0.30000000000000004", "0.3"),
            ("81.400000000000006", "81.4"),
            ("-9.9999999999999995E-2", "-0.1"),
            ("8.2000000000000003E-7", "0.00000082"),
            ("1.2345678901234567E+300", "1.23456789012346E300"),
        ] {
            assert_eq!(kept(text).as_deref(), Some(right));
        }
        for text in [
            "812.5",
            "1.8E1",
            "0",
            "-0",
            "+5",
            "7207203015",
            "12345678901234567890",
            "1E-3",
            "1.00123",
            ".5",
            "5.",
            "000000000000000001.50",
        ] {
            assert_eq!(kept(text).as_deref(), Some(text));
        }
        assert_eq!(kept(" 12\n").as_deref(), Some("12"));
        assert_eq!(of_double(3.0), "3");
        assert_eq!(of_double(-0.0), "0");
        assert_eq!(of_double(0.1 + 0.2), "0.3");
        assert_eq!(of_double(1e21), "1E21");
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "", "-", ".", "E5", "1E", "1e+", "NaN", "inf", "infinity", "1,5", "1 5", "0x10", "1E999",
            "1.2.3", "--1", "１",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_by_the_epoch_of_the_file() {
        let of_1900 = |serial: f64| Epoch::Of1900.moment(serial);
        assert_eq!(of_1900(46_113.0), Some(date(2026, 4, 1).at(0, 0, 0, 0)));
        assert_eq!(of_1900(1.0), Some(date(1900, 1, 1).at(0, 0, 0, 0)));
        assert_eq!(of_1900(59.0), Some(date(1900, 2, 28).at(0, 0, 0, 0)));
        assert_eq!(of_1900(60.0), None, "1900-02-29 never was");
        assert_eq!(of_1900(60.5), None);
        assert_eq!(of_1900(61.0), Some(date(1900, 3, 1).at(0, 0, 0, 0)));
        assert_eq!(of_1900(0.0), None);
        assert_eq!(of_1900(0.5), Some(date(1899, 12, 31).at(12, 0, 0, 0)));
        assert_eq!(of_1900(2_958_465.0), Some(date(9999, 12, 31).at(0, 0, 0, 0)));
        assert_eq!(of_1900(2_958_466.0), None);
        assert_eq!(Epoch::Of1904.moment(0.0), Some(date(1904, 1, 1).at(0, 0, 0, 0)));
        assert_eq!(Epoch::Of1904.moment(44_651.0), Some(date(2026, 4, 1).at(0, 0, 0, 0)));
        for serial in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(of_1900(serial), None);
        }
    }

    #[test]
    fn times_are_right_to_the_millisecond() {
        assert_eq!(Epoch::Of1900.moment(46_113.540_972_222_22), Some(date(2026, 4, 1).at(12, 59, 0, 0)));
        assert_eq!(
            Epoch::Of1900.moment(46_112.999_999_999_9),
            Some(date(2026, 4, 1).at(0, 0, 0, 0)),
            "no 24:00"
        );
    }
}

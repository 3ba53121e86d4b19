//! Fields that more than one format has: numbers and quality.

use ioc_model::observation::Quality;

/// The longest number with a comma. A double needs 17 significant digits; loggers pad.
const LONGEST_WITH_COMMA: usize = 64;

/// A finite number written with digits, an optional sign, point and exponent: the correctly rounded double.
/// Words such as `NaN` and `Infinity` are none.
#[inline]
pub(super) fn number(text: &str) -> Option<f64> {
    if let Some(short) = short_number(text) {
        return Some(short);
    }
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(plain) {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A number of at most fifteen digits without an exponent: its digits as a whole number and the power of ten below
/// them are doubles, so their quotient is the correctly rounded one (Clinger, "How to read floating point numbers
/// accurately", 1990).
#[inline]
fn short_number(text: &str) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if !(1..=16).contains(&digits.len()) {
        return None;
    }
    let (mut whole, mut point) = (0u64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = whole * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| digits.len() - at - 1);
    if digits.len() - usize::from(point.is_some()) > 15 || (point.is_some() && digits.len() == 1) {
        return None;
    }
    let number = whole as f64 / POWERS[decimals];
    Some(if text.starts_with('-') { -number } else { number })
}

/// As [`number`]; a single comma may stand for the point, as Vietnamese loggers write it. With a point beside it the
/// comma might group thousands, and the text is no number.
pub(super) fn number_with_comma(text: &str) -> Option<f64> {
    let Some(comma) = memchr::memchr(b',', text.as_bytes()) else { return number(text) };
    let mut buffer = [0; LONGEST_WITH_COMMA];
    let room = buffer.get_mut(..text.len())?;
    room.copy_from_slice(text.as_bytes());
    if memchr::memchr(b'.', room).is_some() {
        return None;
    }
    room[comma] = b'.';
    number(std::str::from_utf8(room).ok()?)
}

/// Status of a station: 00 measuring, 01 calibrating, 02 device error (TT 10/2021/TT-BTNMT).
pub(super) fn station_status(text: &str) -> Option<Quality> {
    match text {
        "00" | "0" => Some(Quality::Good),
        "01" | "1" => Some(Quality::Calibrating),
        "02" | "2" => Some(Quality::DeviceError),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_comma_stands_for_the_point() {
        assert_eq!(number_with_comma("38,4"), Some(38.4));
        assert_eq!(number_with_comma("-0,5"), Some(-0.5));
        assert_eq!(number_with_comma("38.4"), Some(38.4));
        for wrong in
            ["1,234.5", "1.234,5", "1,2,3", "", ",", "NaN", "inf", "infinity", "1e999", "0x10", "1 2", "٣"]
        {
            assert_eq!(number_with_comma(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_double_is_read_back_bit_for_bit(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = format!("{value:?}");
            prop_assert_eq!(number(&text).map(f64::to_bits), Some(bits), "{}", text);
        }

        #[test]
        fn a_short_number_is_read_as_any_other(text in "-?[0-9]{0,8}\\.?[0-9]{0,8}") {
            if let Some(short) = short_number(&text) {
                prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(short.to_bits()), "{}", text);
            }
        }
    }
}

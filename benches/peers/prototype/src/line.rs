//! A line of W1 as a reading. The fixed order of its fields is tried first; what has another goes to a JSON parser.

use serde::Deserialize;

pub struct Reading<'a> {
    /// Milliseconds since 1970.
    pub time: i64,
    pub station: &'a str,
    pub indicator: &'a str,
    pub value: f64,
}

#[derive(Deserialize)]
struct Fields<'a> {
    ts: &'a str,
    station: &'a str,
    indicator: &'a str,
    value: f64,
}

/// None for a damaged line.
pub fn parse<'a>(line: &'a [u8], minutes: &mut Minutes) -> Option<Reading<'a>> {
    template(line, minutes).or_else(|| {
        let Fields { ts, station, indicator, value } = sonic_rs::from_slice(line).ok()?;
        Some(Reading { time: minutes.millis(ts.as_bytes())?, station, indicator, value })
    })
}

fn template<'a>(line: &'a [u8], minutes: &mut Minutes) -> Option<Reading<'a>> {
    let rest = line.strip_prefix(b"{\"ts\":\"")?;
    let (ts, rest) = rest.split_at_checked("2026-01-01T00:00:00.000Z".len())?;
    let (station, rest) = quoted(rest.strip_prefix(b"\",\"station\":\"")?)?;
    let (indicator, rest) = quoted(rest.strip_prefix(b"\",\"indicator\":\"")?)?;
    let (value, rest) = decimal(rest.strip_prefix(b"\",\"value\":")?)?;
    let quality = rest.strip_prefix(b",\"quality\":")?.strip_suffix(b"}")?;
    if quality.is_empty() || !quality.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Reading { time: minutes.millis(ts)?, station, indicator, value })
}

/// The text up to its closing quote, which stays in front of the rest. None if anything in it is escaped.
fn quoted(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr2(b'"', b'\\', bytes)?;
    let (text, rest) = bytes.split_at(end);
    (rest[0] == b'"').then_some((std::str::from_utf8(text).ok()?, rest))
}

/// A decimal of at most fifteen digits: its mantissa and the power of ten are exact, so their quotient is right.
fn decimal(bytes: &[u8]) -> Option<(f64, &[u8])> {
    let (negative, digits) = bytes.strip_prefix(b"-").map_or((false, bytes), |rest| (true, rest));
    let (mut mantissa, mut whole, mut fraction, mut length) = (0u64, 0, None, 0);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                *fraction.as_mut().unwrap_or(&mut whole) += 1;
                if whole + fraction.unwrap_or(0) > 15 {
                    return None;
                }
            }
            b'.' if fraction.is_none() && whole > 0 => fraction = Some(0),
            b'e' | b'E' | b'+' | b'-' | b'.' => return None,
            _ => break,
        }
        length += 1;
    }
    if whole == 0 || fraction == Some(0) {
        return None;
    }
    let value = mantissa as f64 / 10f64.powi(fraction.unwrap_or(0));
    Some((if negative { -value } else { value }, &digits[length..]))
}

/// RFC 3339 in UTC with milliseconds; the minute read last is kept, because the next line is mostly of the same.
#[derive(Default)]
pub struct Minutes {
    text: [u8; 17],
    millis: i64,
}

impl Minutes {
    pub fn millis(&mut self, text: &[u8]) -> Option<i64> {
        let text: &[u8; 24] = text.try_into().ok()?;
        if text[..17] != self.text {
            self.millis = minute(&text[..17])?;
            self.text.copy_from_slice(&text[..17]);
        }
        let (seconds, thousandths) = (number(&text[17..19])?, number(&text[20..23])?);
        (text[19] == b'.' && text[23] == b'Z' && seconds < 60)
            .then_some(self.millis + seconds * 1_000 + thousandths)
    }
}

fn minute(text: &[u8]) -> Option<i64> {
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute) = (number(&text[11..13])?, number(&text[14..16])?);
    let is_a_date = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    (is_a_date && punctuation.iter().all(|(place, byte)| text[*place] == *byte))
        .then(|| ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60_000)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// In the Gregorian calendar, with years that begin in March so that the leap day is their last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469
}

//! Times as senders write them.
//!
//! * RFC 3339 with a zone, and what instruments make of it: a blank instead of `T`, a comma in the fraction, `+0700`
//!   and `+07`. A time without a zone is refused: nobody can say later which one was meant.
//! * Numbers since 1970 in UTC: below 10¹¹ seconds, from there on milliseconds. Seconds reach 10¹¹ in the year 5138,
//!   milliseconds passed it in March 1973, so no time of a living instrument is read as the other; what a confused
//!   clock sends lands in years the contract refuses.
//! * `yyyyMMddHHmmss` in the pack's local time, in station files.
//!
//! Fractions below a millisecond are cut off. A leap second counts as the second before it.

use ioc_model::{calendar::Calendar, time::EventTime};

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTime {
    /// It does not look like one.
    Shape,
    /// It says no zone.
    NoZone,
    /// It looks like one, but is in no calendar.
    NoSuchDay,
}

const SECONDS_END: f64 = 1e11;

/// The minute that was read last: neighbours in a stream are neighbours in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Minute {
    /// Its date, hour and minute as they were written.
    written: [u8; 16],
    /// When it began, had it been written in UTC.
    seconds: i64,
}

impl Default for Minute {
    fn default() -> Minute {
        Minute { written: *b"1970-01-01T00:00", seconds: 0 }
    }
}

/// Of a date and time with a zone.
#[inline]
pub(super) fn rfc3339(text: &str, last: &mut Minute) -> Result<EventTime, NoTime> {
    let Some((written, rest)) = text.as_bytes().split_first_chunk() else { return Err(NoTime::Shape) };
    let fields = match *written == last.written {
        true => None,
        false => Some(minute_fields(written).ok_or(NoTime::Shape)?),
    };
    let Some(([b':', second @ ..], tail)) = rest.split_first_chunk::<3>() else { return Err(NoTime::Shape) };
    let second = pair(second, 0).ok_or(NoTime::Shape)?;
    let (millis, zone) = fraction(tail)?;
    let offset_minutes = offset(zone)?;
    if second > 60 {
        return Err(NoTime::NoSuchDay);
    }
    if let Some(fields) = fields {
        let seconds = minute_seconds(fields).ok_or(NoTime::NoSuchDay)?;
        *last = Minute { written: *written, seconds };
    }
    Ok(EventTime((last.seconds + second.min(59) - offset_minutes * 60) * 1_000 + millis))
}

/// Year, month, day, hour, minute.
fn minute_fields(written: &[u8; 16]) -> Option<[i64; 5]> {
    let separators = written[4] == b'-'
        && written[7] == b'-'
        && matches!(written[10], b'T' | b't' | b' ')
        && written[13] == b':';
    let field = |at: usize| pair(written, at).filter(|_| separators);
    Some([field(0)? * 100 + field(2)?, field(5)?, field(8)?, field(11)?, field(14)?])
}

/// Of a number of seconds or milliseconds since 1970, as JSON writes it.
pub(super) fn since_1970(number: &str) -> Result<EventTime, NoTime> {
    if let Ok(whole) = number.parse::<i64>() {
        let millis =
            if (whole.unsigned_abs() as f64) < SECONDS_END { whole.checked_mul(1_000) } else { Some(whole) };
        return millis.map(EventTime).ok_or(NoTime::NoSuchDay);
    }
    let number: f64 = number.parse().map_err(|_| NoTime::Shape)?;
    let millis = if number.abs() < SECONDS_END { number * 1_000.0 } else { number };
    // Beyond 2^53 a millisecond cannot be told from its neighbour, and no calendar reaches there.
    if millis.abs() > 9.0e15 || !millis.is_finite() {
        return Err(NoTime::NoSuchDay);
    }
    Ok(EventTime(millis.round() as i64))
}

/// Whether a text has the shape of `yyyyMMddHHmmss`.
pub(super) fn is_local_stamp(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of a local time `yyyyMMddHHmmss`.
pub(super) fn local_stamp(text: &str, calendar: &Calendar) -> Result<EventTime, NoTime> {
    if !is_local_stamp(text) {
        return Err(NoTime::Shape);
    }
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i16>().ok());
    let small = |range: std::ops::Range<usize>| number(range).and_then(|part| i8::try_from(part).ok());
    let local = || {
        jiff::civil::DateTime::new(
            number(0..4)?,
            small(4..6)?,
            small(6..8)?,
            small(8..10)?,
            small(10..12)?,
            small(12..14)?,
            0,
        )
        .ok()
    };
    local().and_then(|local| calendar.moment(local)).ok_or(NoTime::NoSuchDay)
}

/// Of a date and time without a zone, as [`rfc3339`] reads one that has it.
pub(super) fn local(text: &str, calendar: &Calendar) -> Result<EventTime, NoTime> {
    let Some((written, rest)) = text.as_bytes().split_first_chunk() else { return Err(NoTime::Shape) };
    let [year, month, day, hour, minute] = minute_fields(written).ok_or(NoTime::Shape)?;
    let Some(([b':', second @ ..], tail)) = rest.split_first_chunk::<3>() else { return Err(NoTime::Shape) };
    let second = pair(second, 0).ok_or(NoTime::Shape)?;
    let (millis, behind) = fraction(tail)?;
    if !behind.is_empty() {
        return Err(NoTime::Shape);
    }
    let small = |field: i64| i8::try_from(field).ok();
    let date_time = || {
        let (year, second) = (i16::try_from(year).ok()?, small(second.min(59))?);
        let (month, day, hour, minute) = (small(month)?, small(day)?, small(hour)?, small(minute)?);
        jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()
    };
    match date_time().and_then(|local| calendar.moment(local)) {
        Some(EventTime(moment)) if second <= 60 => Ok(EventTime(moment + millis)),
        _ => Err(NoTime::NoSuchDay),
    }
}

#[inline]
fn pair(bytes: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (bytes.get(at)?.wrapping_sub(b'0'), bytes.get(at + 1)?.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// Milliseconds, and what follows them.
#[inline]
fn fraction(tail: &[u8]) -> Result<(i64, &[u8]), NoTime> {
    let Some((b'.' | b',', digits)) = tail.split_first() else { return Ok((0, tail)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return Err(NoTime::Shape);
    }
    // Two zeros more, so that tenths and hundredths have three digits too.
    let thousandths = digits[..count].iter().chain(b"00").take(3);
    let millis = thousandths.fold(0, |millis, digit| millis * 10 + i64::from(digit - b'0'));
    Ok((millis, &digits[count..]))
}

/// Minutes east of UTC.
#[inline]
fn offset(zone: &[u8]) -> Result<i64, NoTime> {
    let (sign, digits) = match zone {
        [b'Z' | b'z'] => return Ok(0),
        [] => return Err(NoTime::NoZone),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return Err(NoTime::Shape),
    };
    let (hours, minutes) = match digits.len() {
        2 => (pair(digits, 0), Some(0)),
        4 => (pair(digits, 0), pair(digits, 2)),
        5 if digits[2] == b':' => (pair(digits, 0), pair(digits, 3)),
        _ => return Err(NoTime::Shape),
    };
    match (hours, minutes) {
        (Some(hours), Some(minutes)) if hours < 24 && minutes < 60 => Ok(sign * (hours * 60 + minutes)),
        (Some(_), Some(_)) => Err(NoTime::NoSuchDay),
        _ => Err(NoTime::Shape),
    }
}

/// Seconds since 1970 of a minute's beginning, on the Gregorian calendar in UTC.
fn minute_seconds([year, month, day, hour, minute]: [i64; 5]) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=last_day).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Years begin in March, so that the day that comes and goes is the last of its year.
    let march_year = if month > 2 { year } else { year - 1 };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<EventTime, NoTime> {
        let mut last = Minute::default();
        let first = rfc3339(text, &mut last);
        assert_eq!(rfc3339(text, &mut last), first, "{text}, read again");
        first
    }

    fn millis(text: &str) -> i64 {
        read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).0
    }

    #[test]
    fn the_same_moment_is_read_from_every_tolerated_spelling() {
        let moment = millis("2026-01-01T00:00:00.123Z");
        assert_eq!(moment, 1_767_225_600_123);
        for spelling in [
            "2026-01-01T07:00:00.123+07:00",
            "2026-01-01 07:00:00.123+07:00",
            "2026-01-01t07:00:00,123+0700",
            "2026-01-01T07:00:00.123999999+07",
            "2025-12-31T18:30:00.123-05:30",
            "2026-01-01T00:00:00.123z",
        ] {
            assert_eq!(millis(spelling), moment, "{spelling}");
        }
        assert_eq!(since_1970("1767225600.123"), Ok(EventTime(moment)));
        assert_eq!(since_1970("1767225600123"), Ok(EventTime(moment)));
        assert_eq!(since_1970("1767225600"), Ok(EventTime(moment - 123)));
        assert_eq!(since_1970("1.7672256e9"), Ok(EventTime(moment - 123)));
    }

    #[test]
    fn a_leap_second_counts_as_the_second_before_it() {
        assert_eq!(millis("2016-12-31T23:59:60Z"), millis("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn what_is_no_time_says_why() {
        for (text, fault) in [
            ("", NoTime::Shape),
            ("yesterday", NoTime::Shape),
            ("2026-01-01", NoTime::Shape),
            ("2026-01-01T00:00Z", NoTime::Shape),
            ("2026-01-01T00:00:00.Z", NoTime::Shape),
            ("2026-01-01T00:00:00 Z", NoTime::Shape),
            ("2026-01-01T00:00:00+7", NoTime::Shape),
            ("２026-01-01T00:00:00Z", NoTime::Shape),
            ("2026-01-01T00:00:00", NoTime::NoZone),
            ("2026-01-01T00:00:00.5", NoTime::NoZone),
            ("2026-02-29T00:00:00Z", NoTime::NoSuchDay),
            ("2026-13-01T00:00:00Z", NoTime::NoSuchDay),
            ("2026-00-01T00:00:00Z", NoTime::NoSuchDay),
            ("2026-01-32T00:00:00Z", NoTime::NoSuchDay),
            ("2026-01-01T24:00:00Z", NoTime::NoSuchDay),
            ("2026-01-01T00:00:61Z", NoTime::NoSuchDay),
            ("2026-01-01T00:00:00+25:00", NoTime::NoSuchDay),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
        assert_eq!(since_1970("99999999999999999999999"), Err(NoTime::NoSuchDay));
        assert_eq!(since_1970("1e400"), Err(NoTime::NoSuchDay));
        assert_eq!(since_1970("x"), Err(NoTime::Shape));
    }

    #[test]
    fn a_station_stamp_is_local_time() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let moment = local_stamp("20241105083500", &calendar).unwrap();
        assert_eq!(moment.rfc3339(), "2024-11-05T01:35:00.000Z");
        assert_eq!(local_stamp("20241305083500", &calendar), Err(NoTime::NoSuchDay));
        assert_eq!(local_stamp("2024110508350", &calendar), Err(NoTime::Shape));
        assert_eq!(local_stamp("2024110508350x", &calendar), Err(NoTime::Shape));
        assert_eq!(local("2024-11-05T08:35:00", &calendar), Ok(moment));
        assert_eq!(local("2024-11-05 08:35:00.25", &calendar), Ok(EventTime(moment.0 + 250)));
        assert_eq!(local("2024-13-05T08:35:00", &calendar), Err(NoTime::NoSuchDay));
        for no_local in ["", "2024-11-05", "2024-11-05T08:35:00Z", "2024-11-05T08:35"] {
            assert_eq!(local(no_local, &calendar), Err(NoTime::Shape), "{no_local}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_read_as_the_time_library_reads_it(
            seconds in -62_000_000_000i64..250_000_000_000,
            nanos in 0..1_000_000_000i32,
            offset_minutes in -1_439..1_440i32,
        ) {
            let timestamp = jiff::Timestamp::new(seconds, nanos).unwrap();
            let offset = jiff::tz::Offset::from_seconds(offset_minutes * 60).unwrap();
            let text = timestamp.display_with_offset(offset).to_string();
            prop_assert_eq!(read(&text), Ok(EventTime(seconds * 1_000 + i64::from(nanos / 1_000_000))), "{}", text);
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,40}", number in "[-+0-9.eE]{0,40}", stamp in "[0-9]{14}") {
            let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
            let _ = read(&text);
            let _ = since_1970(&number);
            let _ = local_stamp(&stamp, &calendar);
            let _ = local(&text, &calendar);
        }
    }
}

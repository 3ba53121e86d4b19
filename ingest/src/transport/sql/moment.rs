//! Moments as databases write them: `2026-11-02 08:00:05.148758+00`, `2026-11-02`, `infinity`.
//!
//! They are told by how they look. What a column's type is called is another question to each server, and none has an
//! answer for moments that are kept as texts. A zone that is written behind them is left aside: the session has them in
//! UTC, and a local time that is read as UTC lies ahead, here, and waits.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::answer::{Position, Value};
use crate::transport::pull::horizon::Horizon;

/// What is written within the same second has the same moment in many columns.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The moment that a value says; none of a number. What is later than any calendar here is the last there is.
pub(super) fn of(value: &Value) -> Option<Timestamp> {
    let text = value.text.as_str();
    if text == "infinity" {
        return Some(Timestamp::MAX);
    }
    let (year, rest) = text.split_once('-')?;
    let is_date = year.len() >= 4
        && year.bytes().all(|letter| letter.is_ascii_digit())
        && matches!(rest.as_bytes(), [a, b, b'-', c, d, ..] if [a, b, c, d].iter().all(|letter| letter.is_ascii_digit()));
    if !is_date {
        return None;
    }
    let civil = civil(text).and_then(|civil| Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp()));
    // A year of five digits; or one before our era, or none at all (`0000-00-00`).
    let beyond = if year.len() > 4 { Timestamp::MAX } else { Timestamp::MIN };
    Some(civil.unwrap_or(beyond))
}

/// The same of a place.
pub(super) fn of_place(place: &Position) -> Option<Timestamp> {
    place.first().and_then(of)
}

/// Up to there, and not with it, rows may settle: written as that value is. Whoever writes a row from now on gives it
/// that moment or a later one, also where moments are whole seconds, or days.
pub(super) fn before(horizon: Horizon, like: &Value) -> Value {
    let until = horizon.at().checked_sub(SECOND).unwrap_or(Timestamp::MIN).to_zoned(TimeZone::UTC);
    let text = match like.text.as_bytes().get(10) {
        // A day is over when it is.
        None if like.text.parse::<Date>().is_ok() => horizon.at().to_zoned(TimeZone::UTC).date().to_string(),
        Some(b'T') => until.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        _ => until.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string(),
    };
    Value { text, kind: like.kind }
}

/// A moment so much before another one, written alike; none if it is none, or the same.
pub(super) fn earlier(moment: &Value, overlap: SignedDuration) -> Option<Value> {
    if overlap.is_zero() {
        return None;
    }
    let before = civil(&moment.text)?.checked_sub(overlap).ok()?;
    let zone = &moment.text[zone_at(&moment.text)..];
    let text = format!("{}{zone}", before.strftime("%Y-%m-%d %H:%M:%S%.6f"));
    Some(Value { text, kind: moment.kind })
}

fn civil(text: &str) -> Option<DateTime> {
    let time = text[..zone_at(text)].replacen(' ', "T", 1);
    match time.parse::<Date>() {
        Ok(date) if time.len() == 10 => Some(date.at(0, 0, 0, 0)),
        _ => time.parse().ok(),
    }
}

/// PostgreSQL writes the zone behind the time: `2026-11-02 01:00:00.000001+00`.
fn zone_at(text: &str) -> usize {
    let zone = text.char_indices().skip(11).find(|(_, letter)| matches!(letter, '+' | '-' | 'Z'));
    zone.map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use ioc_model::time::Now;

    use super::{super::answer::ValueKind, *};

    fn value(text: &str) -> Value {
        Value { text: text.to_owned(), kind: ValueKind::Text }
    }

    #[test]
    fn an_overlap_reaches_back_and_is_written_as_the_database_writes_moments() {
        let minutes = SignedDuration::from_mins(2);
        let before = |text: &str| earlier(&value(text), minutes).map(|before| before.text);
        assert_eq!(before("2026-11-02 01:01:00.000001+00").as_deref(), Some("2026-11-02 00:59:00.000001+00"));
        assert_eq!(before("2026-01-01 00:00:05").as_deref(), Some("2025-12-31 23:58:05.000000"));
        assert_eq!(before("42"), None);
        assert_eq!(earlier(&value("2026-01-01 00:00:05"), SignedDuration::ZERO), None);
    }

    #[test]
    fn what_looks_like_a_moment_is_one_and_a_number_is_none() {
        let read = |text: &str| of(&value(text)).map(|moment| moment.to_string());
        assert_eq!(read("2026-11-02 01:00:00.5+00").as_deref(), Some("2026-11-02T01:00:00.5Z"));
        assert_eq!(read("2026-11-02T01:00:00Z").as_deref(), Some("2026-11-02T01:00:00Z"));
        assert_eq!(read("2026-11-02").as_deref(), Some("2026-11-02T00:00:00Z"));
        for last in ["infinity", "20262-11-02 00:00:00+00"] {
            assert_eq!(of(&value(last)), Some(Timestamp::MAX), "{last}");
        }
        for first in ["0000-00-00 00:00:00", "0044-03-15 00:00:00+00 BC"] {
            assert!(of(&value(first)).unwrap() < "1900-01-01T00:00:00Z".parse().unwrap(), "{first}");
        }
        for none in ["42", "-42", "2026", "99-1-1", "a-b", "", "-infinity", "1e5"] {
            assert_eq!(of(&value(none)), None, "{none}");
        }
    }

    #[test]
    fn once_a_second_or_a_day_that_is_not_over_does_not_settle() {
        let now: Timestamp = "2026-11-02T01:00:00.25Z".parse().unwrap();
        let horizon = Horizon::of(Now(now.as_millisecond()));
        let bound = |like: &str| before(horizon, &value(like)).text;
        assert_eq!(bound("2062-01-01 00:00:00+00"), "2026-11-02 00:59:59.250000");
        assert_eq!(bound("2062-01-01T00:00:00"), "2026-11-02T00:59:59.250000");
        assert_eq!(bound("infinity"), "2026-11-02 00:59:59.250000");
        assert_eq!(bound("2062-01-01"), "2026-11-02");
    }
}

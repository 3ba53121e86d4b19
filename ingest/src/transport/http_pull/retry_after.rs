//! The header `Retry-After` (RFC 9110 §10.2.3): seconds, or a moment.

use std::time::{Duration, UNIX_EPOCH};

/// A source that asks for more is asked once a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a source wants to be left alone; none if it says nothing that can be read. `now` is milliseconds since 1970.
pub(super) fn pause(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let until = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now).unwrap_or_default());
    Some(until.saturating_sub(now).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_obeyed_and_neither_for_ever() {
        let now = 784_111_700_000;
        assert_eq!(pause("120", now), Some(Duration::from_secs(120)));
        assert_eq!(pause(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(77)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:48:19 GMT", now), Some(Duration::ZERO), "it is over");
        assert_eq!(pause("99999999999999999999999", now), Some(LONGEST));
        assert_eq!(pause("Sat, 06 Nov 2094 08:48:19 GMT", now), Some(LONGEST));
        for none in ["", "-1", "1.5", "soon", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(pause(none, now), None, "{none}");
        }
    }
}

//! Lengths of time as a pack writes them: `500ms`, `30s`, `5m`, `1h`, `2d`.

use crate::time::Millis;

/// What a duration must look like, for messages.
pub(super) const EXAMPLE: &str =
    "a whole number and a unit ms, s, m, h or d, such as \"5m\", \"1h\" or \"2d\"";

/// The length of time a text means; none if it is not a duration or longer than 100,000 days.
pub(super) fn parse(text: &str) -> Option<Millis> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let unit_millis: i64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let millis = count.parse::<i64>().ok()?.checked_mul(unit_millis)?;
    (millis <= 100_000 * 86_400_000).then_some(Millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse("500ms"), Some(Millis(500)));
        assert_eq!(parse("30s"), Some(Millis::seconds(30)));
        assert_eq!(parse("5m"), Some(Millis::minutes(5)));
        assert_eq!(parse("1h"), Some(Millis::hours(1)));
        assert_eq!(parse("2d"), Some(Millis::hours(48)));
        for wrong in ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "1w", "99999999999999999999d", "200000d"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

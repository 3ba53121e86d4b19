//! What MeasureReports say.

use super::*;

#[test]
fn days_of_a_period_may_be_months_years_or_moments() {
    for (text, last, expected) in [
        ("2026-10-01", false, Some("2026-10-01")),
        ("2026-10", false, Some("2026-10-01")),
        ("2026-10", true, Some("2026-10-31")),
        ("2026", true, Some("2026-12-31")),
        ("2026-10-31T23:59:59+07:00", true, Some("2026-10-31")),
        ("", true, None),
        ("31/10/2026", true, None),
        ("2026-13", true, None),
    ] {
        assert_eq!(day(text, last).map(|day| day.to_string()).as_deref(), expected, "{text}");
    }
}

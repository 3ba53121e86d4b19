//! The month partition of a moment.

/// A UTC month as `yyyymm`, as ClickHouse's `toYYYYMM` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Month(pub u32);

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A moment `DateTime64(3)` cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("the time {millis} ms since 1970 lies outside of the years 1900 to 2299")]
pub struct OutOfRange {
    millis: i64,
}

const DAY: i64 = 86_400_000;
/// 1900-01-01 and 2300-01-01, in days since 1970-01-01.
const FIRST_DAY: i64 = -25_567;
const END_DAY: i64 = 120_530;

/// Finds months; remembers the last day, since rows of an epoch lie close together.
#[derive(Debug, Default)]
pub(crate) struct Months {
    last: Option<(i64, Month)>,
}

impl Months {
    pub(crate) fn of(&mut self, millis: i64) -> Result<Month, OutOfRange> {
        let day = millis.div_euclid(DAY);
        if let Some((known, month)) = self.last
            && known == day
        {
            return Ok(month);
        }
        if !(FIRST_DAY..END_DAY).contains(&day) {
            return Err(OutOfRange { millis });
        }
        let month = month_of_day(day);
        self.last = Some((day, month));
        Ok(month)
    }
}

/// From days since 1970-01-01, by H. Hinnant's `civil_from_days`: years start in March, so that the leap day is the
/// last of its year, and eras have 400 years.
fn month_of_day(day: i64) -> Month {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    // In range: the caller lets no other years in.
    Month(u32::try_from(year * 100 + month).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> u32 {
        Months::default().of(crate::sample::time(text).0).unwrap().0
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(month("1970-01-01T00:00:00Z"), 197_001);
        assert_eq!(month("1969-12-31T23:59:59.999Z"), 196_912);
        assert_eq!(month("2024-02-29T12:00:00Z"), 202_402);
        assert_eq!(month("2000-03-01T00:00:00Z"), 200_003);
        assert_eq!(month("1900-01-01T00:00:00Z"), 190_001);
        assert_eq!(month("2299-12-31T23:59:59.999Z"), 229_912);
    }

    #[test]
    fn a_moment_no_table_can_hold_has_no_month() {
        assert!(Months::default().of(FIRST_DAY * DAY - 1).is_err());
        assert!(Months::default().of(END_DAY * DAY).is_err());
        assert!(Months::default().of(i64::MAX).is_err());
        assert!(Months::default().of(i64::MIN).is_err());
    }
}

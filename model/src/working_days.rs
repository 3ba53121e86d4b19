//! Days that are worked: Monday to Friday, but for those that a pack's `holidays.csv` says otherwise of.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Weekday};

use crate::{pack::Holiday, place::Date};

/// Longer than any row of days off there is: of what is looked for further away there is none.
const LONGEST_BREAK: i32 = 60;

/// Which days are worked.
#[derive(Clone, Debug, Default)]
pub struct WorkingDays {
    /// Days that are not like their weekday, and whether they are worked.
    otherwise: BTreeMap<Date, bool>,
}

impl WorkingDays {
    /// By a pack's list of holidays and of days that are worked instead.
    #[must_use]
    pub fn of(holidays: &[Holiday]) -> WorkingDays {
        WorkingDays { otherwise: holidays.iter().map(|day| (day.date, day.worked)).collect() }
    }

    /// Whether a day is worked. Of years that nobody listed, weekends alone are not.
    #[must_use]
    pub fn is_worked(&self, day: Date) -> bool {
        let by_weekday = !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.otherwise.get(&day).copied().unwrap_or(by_weekday)
    }

    /// The number-th working day behind a day; 1 is the first. None outside of the calendar.
    #[must_use]
    pub fn behind(&self, day: Date, number: u16) -> Option<Date> {
        let mut day = day;
        for _ in 0..number {
            day = self.at_or_behind(day.tomorrow().ok()?)?;
        }
        Some(day)
    }

    /// The first working day from a day on, itself included.
    #[must_use]
    pub fn at_or_behind(&self, day: Date) -> Option<Date> {
        self.nearest(day, 1)
    }

    /// The last working day up to a day, itself included.
    #[must_use]
    pub fn at_or_before(&self, day: Date) -> Option<Date> {
        self.nearest(day, -1)
    }

    fn nearest(&self, day: Date, step: i32) -> Option<Date> {
        let days = (0..LONGEST_BREAK).map(|number| day.checked_add((number * step).days()).ok());
        days.map_while(|day| day).find(|day| self.is_worked(*day))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::text::Text;

    fn days(otherwise: &[(Date, bool)]) -> WorkingDays {
        let holiday =
            |(date, worked): &(Date, bool)| Holiday { date: *date, worked: *worked, name: Text::default() };
        WorkingDays::of(&otherwise.iter().map(holiday).collect::<Vec<_>>())
    }

    #[test]
    fn a_weekend_is_off_a_holiday_too_and_a_day_that_is_made_up_for_is_worked() {
        // 2026: 31 August is swapped with Saturday 22 August; 1 and 2 September are off.
        let of_august = days(&[
            (date(2026, 8, 22), true),
            (date(2026, 8, 31), false),
            (date(2026, 9, 1), false),
            (date(2026, 9, 2), false),
        ]);
        assert!(of_august.is_worked(date(2026, 8, 22)) && !of_august.is_worked(date(2026, 8, 23)));
        assert_eq!(of_august.behind(date(2026, 8, 28), 1), Some(date(2026, 9, 3)));
        assert_eq!(of_august.behind(date(2026, 8, 21), 1), Some(date(2026, 8, 22)));
        assert_eq!(of_august.at_or_before(date(2026, 9, 2)), Some(date(2026, 8, 28)));
        assert_eq!(of_august.at_or_behind(date(2026, 8, 28)), Some(date(2026, 8, 28)));
        assert_eq!(of_august.behind(date(2026, 8, 28), 0), Some(date(2026, 8, 28)));
    }

    #[test]
    fn the_second_working_day_behind_the_14th_is_two_days_later_or_three_where_a_weekend_begins() {
        let plain = days(&[]);
        assert_eq!(plain.behind(date(2026, 10, 14), 2), Some(date(2026, 10, 16)));
        assert_eq!(plain.behind(date(2026, 11, 14), 2), Some(date(2026, 11, 17)));
    }
}

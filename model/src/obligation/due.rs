//! When a report of a period is due: arithmetic of days, no clock.
//!
//! A deadline is so many working days behind the end of its period, or so many days of the calendar, or a day of a month.
//! Counts of a school year, which are due when they begin, reckon from the beginning. The term begins with the next day
//! (Bộ luật Dân sự 2015, article 147); where a deadline of calendar days falls on a day off it moves to the next working
//! day (article 148), unless the rule says otherwise.

use jiff::{
    ToSpan,
    civil::{DateTime, Time},
};

use crate::{form::Period, place::Date, working_days::WorkingDays};

/// How the day is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reckoned {
    /// So many working days later; at least one.
    WorkingDays(u16),
    /// So many days of the calendar later.
    Days(u16),
    /// That day of the month, so many months after the one that it is reckoned from; the month's last where it has no such
    /// day.
    DayOfMonth {
        /// From 1 to 31.
        day: i8,
        /// 0 for the same month.
        months: u8,
    },
}

/// From where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReckonedFrom {
    /// The period's last day.
    #[default]
    End,
    /// The day before its first.
    Start,
}

/// What becomes of a deadline of the calendar that falls on a day off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDayOff {
    /// The next working day.
    #[default]
    Next,
    /// The last working day before.
    Previous,
    /// It stays.
    Stays,
}

impl OnDayOff {
    /// All of them.
    pub const ALL: [OnDayOff; 3] = [OnDayOff::Next, OnDayOff::Previous, OnDayOff::Stays];

    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OnDayOff::Next => "next",
            OnDayOff::Previous => "previous",
            OnDayOff::Stays => "stays",
        }
    }
}

/// When reports of periods are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueRule {
    /// The day.
    pub reckoned: Reckoned,
    /// Where the reckoning begins.
    pub from: ReckonedFrom,
    /// The hour of that day.
    pub at: Time,
    /// Where it may not stay.
    pub on_day_off: OnDayOff,
}

impl DueRule {
    /// The deadline of a period, by the local clock. None outside of the calendar.
    #[must_use]
    pub fn due(&self, period: Period, days: &WorkingDays) -> Option<DateTime> {
        let from = match self.from {
            ReckonedFrom::End => period.end,
            ReckonedFrom::Start => period.start.yesterday().ok()?,
        };
        let day = match self.reckoned {
            Reckoned::WorkingDays(number) => return Some(days.behind(from, number)?.to_datetime(self.at)),
            Reckoned::Days(number) => from.checked_add(i32::from(number).days()).ok()?,
            Reckoned::DayOfMonth { day, months } => {
                // Of the first day's own month, where it is reckoned from the beginning.
                let of = match self.from {
                    ReckonedFrom::End => period.end,
                    ReckonedFrom::Start => period.start,
                };
                let month = of.first_of_month().checked_add(i32::from(months).months()).ok()?;
                Date::new(month.year(), month.month(), day.min(month.days_in_month())).ok()?
            }
        };
        let day = match self.on_day_off {
            OnDayOff::Next => days.at_or_behind(day)?,
            OnDayOff::Previous => days.at_or_before(day)?,
            OnDayOff::Stays => day,
        };
        Some(day.to_datetime(self.at))
    }

    /// From when on a report can be made: the first day behind its period, or the first of it where the deadline is reckoned
    /// from there, or lies in it.
    #[must_use]
    pub fn owed_from(&self, period: Period, due: DateTime) -> Date {
        let behind = period.end.tomorrow().unwrap_or(period.end);
        match self.from {
            ReckonedFrom::End if due.date() >= behind => behind,
            _ => period.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;
    use crate::{form::PeriodKind, pack::Holiday, text::Text};

    fn rule(reckoned: Reckoned) -> DueRule {
        DueRule { reckoned, from: ReckonedFrom::End, at: time(17, 0, 0, 0), on_day_off: OnDayOff::Next }
    }

    fn due(rule: DueRule, kind: PeriodKind, label: &str) -> String {
        let period = Period::parse(kind, label).unwrap();
        rule.due(period, &WorkingDays::default()).unwrap().to_string()
    }

    #[test]
    fn a_deadline_is_reckoned_from_the_end_of_each_kind_of_period_or_its_beginning() {
        use PeriodKind::{
            AdminMonth, AdminQuarter, AdminYear, Month, Quarter, SchoolRound, SchoolYear, Week,
        };
        let working = |number| rule(Reckoned::WorkingDays(number));
        let of_month = |day, months| rule(Reckoned::DayOfMonth { day, months });
        let from_start = |rule: DueRule| DueRule { from: ReckonedFrom::Start, ..rule };
        for (rule, kind, label, expected) in [
            // Closed on Wednesday, and on a Saturday.
            (working(2), AdminMonth, "2026-10", "2026-10-16T17:00:00"),
            (working(2), AdminMonth, "2026-11", "2026-11-17T17:00:00"),
            (working(3), AdminQuarter, "2026-Q1", "2026-03-18T17:00:00"),
            (rule(Reckoned::Days(5)), Month, "2026-10", "2026-11-05T17:00:00"),
            // The 5th is a Saturday, and the next working day a Monday.
            (rule(Reckoned::Days(5)), Month, "2026-11", "2026-12-07T17:00:00"),
            (of_month(5, 1), Month, "2026-10", "2026-11-05T17:00:00"),
            (of_month(31, 1), Month, "2026-01", "2026-03-02T17:00:00"),
            // In the quarter's last month; 6 December 2026 is a Sunday.
            (of_month(6, 0), Quarter, "2026-Q4", "2026-12-07T17:00:00"),
            (working(10), AdminYear, "2026", "2026-12-28T17:00:00"),
            (working(5), SchoolYear, "2025-2026", "2026-06-05T17:00:00"),
            (from_start(working(15)), SchoolRound, "2026-2027-R1", "2026-09-21T17:00:00"),
            (from_start(of_month(20, 0)), SchoolRound, "2026-2027-R2", "2026-12-21T17:00:00"),
            (working(1), Week, "2026-W53", "2027-01-04T17:00:00"),
        ] {
            assert_eq!(due(rule, kind, label), expected, "{label} by {rule:?}");
        }
    }

    #[test]
    fn where_a_day_is_off_a_deadline_moves_as_its_rule_says() {
        let moved =
            |on_day_off| due(DueRule { on_day_off, ..rule(Reckoned::Days(5)) }, PeriodKind::Month, "2026-11");
        assert_eq!(moved(OnDayOff::Next), "2026-12-07T17:00:00");
        assert_eq!(moved(OnDayOff::Previous), "2026-12-04T17:00:00");
        assert_eq!(moved(OnDayOff::Stays), "2026-12-05T17:00:00");
    }

    #[test]
    fn a_report_can_be_made_when_its_period_is_over_or_when_it_begins_if_the_deadline_lies_in_it() {
        let quarter = Period::parse(PeriodKind::Quarter, "2026-Q4").unwrap();
        let days = WorkingDays::default();
        let owed_from = |rule: DueRule| rule.owed_from(quarter, rule.due(quarter, &days).unwrap());
        assert_eq!(owed_from(rule(Reckoned::WorkingDays(2))), date(2027, 1, 1));
        assert_eq!(owed_from(rule(Reckoned::DayOfMonth { day: 6, months: 0 })), date(2026, 10, 1));
        let begins = DueRule { from: ReckonedFrom::Start, ..rule(Reckoned::WorkingDays(10)) };
        assert_eq!(owed_from(begins), date(2026, 10, 1));
    }

    fn any_period() -> impl Strategy<Value = Period> {
        (0..PeriodKind::ALL.len(), 2000_i16..2100, 1_i16..=366)
            .prop_filter_map("no such period", |(kind, year, number)| {
                Period::of(PeriodKind::ALL[kind], year, number)
            })
    }

    fn any_days() -> impl Strategy<Value = WorkingDays> {
        let day = (2000_i16..2102, 1_i16..=365, any::<bool>());
        proptest::collection::vec(day, 0..400).prop_map(|days| {
            let holidays: Vec<Holiday> = days
                .into_iter()
                .map(|(year, day, worked)| Holiday {
                    date: date(year, 1, 1) + i32::from(day - 1).days(),
                    worked,
                    name: Text::default(),
                })
                .collect();
            WorkingDays::of(&holidays)
        })
    }

    proptest! {
        #[test]
        fn a_deadline_of_working_days_is_never_on_a_day_off_and_has_so_many_working_days_before_it(
            period in any_period(), number in 1_u16..30, days in any_days(),
        ) {
            let due = rule(Reckoned::WorkingDays(number)).due(period, &days).unwrap().date();
            prop_assert!(days.is_worked(due));
            let mut day = period.end;
            let mut worked = 0;
            while day < due {
                day = day.tomorrow().unwrap();
                worked += u16::from(days.is_worked(day));
            }
            prop_assert_eq!(worked, number);
        }

        #[test]
        fn a_deadline_of_the_calendar_moves_to_the_nearest_working_day_of_its_side_alone(
            period in any_period(), number in 0_u16..60, days in any_days(),
        ) {
            let of = |on_day_off| {
                let rule = DueRule { on_day_off, ..rule(Reckoned::Days(number)) };
                rule.due(period, &days).unwrap().date()
            };
            let (stays, next, previous) = (of(OnDayOff::Stays), of(OnDayOff::Next), of(OnDayOff::Previous));
            prop_assert_eq!(stays, period.end + i32::from(number).days());
            prop_assert!(days.is_worked(next) && days.is_worked(previous));
            prop_assert!(previous <= stays && stays <= next);
            let mut between = previous.tomorrow().unwrap();
            while between < next {
                prop_assert!(!days.is_worked(between));
                between = between.tomorrow().unwrap();
            }
        }

        #[test]
        fn later_periods_are_due_no_earlier(period in any_period(), number in 1_u16..30, days in any_days()) {
            let by = [rule(Reckoned::WorkingDays(number)), rule(Reckoned::Days(number))];
            if let Some(next) = period.next() {
                for rule in by {
                    prop_assert!(rule.due(period, &days) <= rule.due(next, &days));
                }
            }
        }
    }
}

//! What time a report is about.
//!
//! A month of a report is not always the calendar's: periodic administrative reports close on the 14th (Nghị định
//! 09/2019/NĐ-CP, article 12), so "October" is from 15 September to 14 October there, and to the 31st elsewhere. A period
//! is therefore its kind, its first and its last day; a label alone, "2026-10", names nothing without the kind.

use jiff::{
    ToSpan,
    civil::{Date, ISOWeekDate, Weekday, date},
};
use serde::{Deserialize, Serialize};

/// How periods follow each other. Their numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum PeriodKind {
    /// A day.
    Day = 0,
    /// A week of ISO 8601, from Monday.
    Week = 1,
    /// A calendar month.
    #[default]
    Month = 2,
    /// From the 15th of the month before to the 14th (NĐ 09/2019/NĐ-CP).
    AdminMonth = 3,
    /// A calendar quarter.
    Quarter = 4,
    /// From the 15th of the month before the quarter to the 14th of its last month.
    AdminQuarter = 5,
    /// A calendar half-year.
    HalfYear = 6,
    /// From 15 December to 14 June, and from there to 14 December.
    AdminHalfYear = 7,
    /// A calendar year.
    Year = 8,
    /// From 15 December to 14 December.
    AdminYear = 9,
    /// From 1 September to 31 May of the next year.
    SchoolYear = 10,
    /// A third of a school year. Schools are counted three times in it, at its beginning, in its middle and at its end
    /// (Thông tư 42/2021/TT-BGDĐT): each count is of the three months that begin with September, December and March.
    SchoolRound = 11,
}

impl PeriodKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [PeriodKind; 12] = [
        PeriodKind::Day,
        PeriodKind::Week,
        PeriodKind::Month,
        PeriodKind::AdminMonth,
        PeriodKind::Quarter,
        PeriodKind::AdminQuarter,
        PeriodKind::HalfYear,
        PeriodKind::AdminHalfYear,
        PeriodKind::Year,
        PeriodKind::AdminYear,
        PeriodKind::SchoolYear,
        PeriodKind::SchoolRound,
    ];

    /// The word used in packs, tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PeriodKind::Day => "day",
            PeriodKind::Week => "week",
            PeriodKind::Month => "month",
            PeriodKind::AdminMonth => "admin_month",
            PeriodKind::Quarter => "quarter",
            PeriodKind::AdminQuarter => "admin_quarter",
            PeriodKind::HalfYear => "half_year",
            PeriodKind::AdminHalfYear => "admin_half_year",
            PeriodKind::Year => "year",
            PeriodKind::AdminYear => "admin_year",
            PeriodKind::SchoolYear => "school_year",
            PeriodKind::SchoolRound => "school_round",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<PeriodKind> {
        PeriodKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// How many months one is long; none for days and weeks.
    fn months(self) -> Option<i8> {
        match self {
            PeriodKind::Day | PeriodKind::Week => None,
            PeriodKind::Month | PeriodKind::AdminMonth => Some(1),
            PeriodKind::Quarter | PeriodKind::AdminQuarter | PeriodKind::SchoolRound => Some(3),
            PeriodKind::HalfYear | PeriodKind::AdminHalfYear => Some(6),
            PeriodKind::Year | PeriodKind::AdminYear | PeriodKind::SchoolYear => Some(12),
        }
    }

    /// Whether one closes on the 14th of its last month.
    fn closes_on_the_14th(self) -> bool {
        matches!(
            self,
            PeriodKind::AdminMonth
                | PeriodKind::AdminQuarter
                | PeriodKind::AdminHalfYear
                | PeriodKind::AdminYear
        )
    }
}

/// A stretch of days that a report is about. Both days belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
    /// What it is one of.
    pub kind: PeriodKind,
}

impl Period {
    /// The number-th of a year: the day of the year, the week, month, quarter or half of it, 1 for years. A school year is
    /// named by the year in which it begins, a round of it by the school year. None where there is no such period, or only outside of the years 1900 to
    /// 2200.
    #[must_use]
    pub fn of(kind: PeriodKind, year: i16, number: i16) -> Option<Period> {
        if !(1900..=2200).contains(&year) {
            return None;
        }
        let (start, end) = match kind {
            PeriodKind::Day => {
                let length = date(year, 1, 1).days_in_year();
                let day = (1..=length).contains(&number).then(|| date(year, 1, 1) + (number - 1).days())?;
                (day, day)
            }
            PeriodKind::Week => {
                let week = i8::try_from(number).ok()?;
                let monday = ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date();
                (monday, monday + 6.days())
            }
            PeriodKind::SchoolYear => {
                let next = (number == 1).then(|| year + 1)?;
                (date(year, 9, 1), date(next, 5, 31))
            }
            PeriodKind::SchoolRound => {
                let first = match number {
                    1 => date(year, 9, 1),
                    2 => date(year, 12, 1),
                    3 => date(year + 1, 3, 1),
                    _ => return None,
                };
                (first, (first + 2.months()).last_of_month())
            }
            _ => {
                let months = kind.months()?;
                let last = i8::try_from(number).ok()?.checked_mul(months)?;
                if number < 1 || last > 12 {
                    return None;
                }
                let (first, last) = (date(year, last - months + 1, 1), date(year, last, 1));
                match kind.closes_on_the_14th() {
                    true => (first - 1.month() + 14.days(), last + 13.days()),
                    false => (first, last.last_of_month()),
                }
            }
        };
        Some(Period { start, end, kind })
    }

    /// The one of its kind that holds a day; none between two school years, or outside of the years 1900 to 2200.
    #[must_use]
    pub fn holding(kind: PeriodKind, day: Date) -> Option<Period> {
        let (year, number) = match kind {
            PeriodKind::Day => (day.year(), day.day_of_year()),
            PeriodKind::Week => {
                let week = day.iso_week_date();
                (week.year(), i16::from(week.week()))
            }
            PeriodKind::SchoolYear => (if day.month() >= 9 { day.year() } else { day.year() - 1 }, 1),
            PeriodKind::SchoolRound => match day.month() {
                9..=11 => (day.year(), 1),
                12 => (day.year(), 2),
                1 | 2 => (day.year() - 1, 2),
                _ => (day.year() - 1, 3),
            },
            _ => {
                // From the 15th on it is the next month's.
                let shifted = match kind.closes_on_the_14th() && day.day() > 14 {
                    true => day.first_of_month() + 1.month(),
                    false => day,
                };
                let months = kind.months()?;
                (shifted.year(), i16::from((shifted.month() - 1) / months + 1))
            }
        };
        Period::of(kind, year, number).filter(|period| period.holds(day))
    }

    /// Whether a day belongs to it.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        (self.start..=self.end).contains(&day)
    }

    /// The year it is named by, and its number in that: what [`Period::of`] was given.
    #[must_use]
    pub fn number(&self) -> (i16, i16) {
        match self.kind {
            PeriodKind::Day => (self.start.year(), self.start.day_of_year()),
            PeriodKind::Week => {
                let week = self.start.iso_week_date();
                (week.year(), i16::from(week.week()))
            }
            PeriodKind::SchoolYear => (self.start.year(), 1),
            PeriodKind::SchoolRound => match self.start.month() {
                9 => (self.start.year(), 1),
                12 => (self.start.year(), 2),
                _ => (self.start.year() - 1, 3),
            },
            _ => (self.end.year(), i16::from((self.end.month() - 1) / self.kind.months().unwrap_or(1) + 1)),
        }
    }

    /// The one before it.
    #[must_use]
    pub fn previous(&self) -> Option<Period> {
        match self.kind {
            PeriodKind::SchoolYear => Period::of(self.kind, self.start.year() - 1, 1),
            PeriodKind::SchoolRound => match self.number() {
                (year, 1) => Period::of(self.kind, year - 1, 3),
                (year, number) => Period::of(self.kind, year, number - 1),
            },
            _ => Period::holding(self.kind, self.start.yesterday().ok()?),
        }
    }

    /// The one behind it; none behind the year 2200.
    #[must_use]
    pub fn next(&self) -> Option<Period> {
        let (year, number) = self.number();
        let in_year = Period::of(self.kind, year, number + 1);
        in_year.or_else(|| Period::of(self.kind, year.checked_add(1)?, 1))
    }

    /// The first of a kind that begins on a day or later.
    #[must_use]
    pub fn first_from(kind: PeriodKind, day: Date) -> Option<Period> {
        match Period::holding(kind, day) {
            Some(period) if period.start == day => Some(period),
            Some(period) => period.next(),
            // Between two school years.
            None => Period::of(kind, day.year(), 1).filter(|period| period.start >= day),
        }
    }

    /// The same one a year earlier; none where that year has no such day or week.
    #[must_use]
    pub fn a_year_earlier(&self) -> Option<Period> {
        match self.kind {
            // 29 February has no day a year earlier, and 1 March is not the 60th of every year.
            PeriodKind::Day => {
                let day = Date::new(self.start.year() - 1, self.start.month(), self.start.day()).ok()?;
                Period::of(self.kind, day.year(), day.day_of_year())
            }
            _ => {
                let (year, number) = self.number();
                Period::of(self.kind, year - 1, number)
            }
        }
    }

    /// How it is written: `2026-11-23`, `2026-W48`, `2026-10`, `2026-Q4`, `2026-S2`, `2026`, `2026-2027`,
    /// `2026-2027-R1`.
    #[must_use]
    pub fn label(&self) -> String {
        let (year, number) = self.number();
        match self.kind {
            PeriodKind::Day => self.start.to_string(),
            PeriodKind::Week => format!("{year}-W{number:02}"),
            PeriodKind::Month | PeriodKind::AdminMonth => format!("{year}-{number:02}"),
            PeriodKind::Quarter | PeriodKind::AdminQuarter => format!("{year}-Q{number}"),
            PeriodKind::HalfYear | PeriodKind::AdminHalfYear => format!("{year}-S{number}"),
            PeriodKind::Year | PeriodKind::AdminYear => format!("{year}"),
            PeriodKind::SchoolYear => format!("{year}-{}", year + 1),
            PeriodKind::SchoolRound => format!("{year}-{}-R{number}", year + 1),
        }
    }

    /// From how it is written: its own [`label`](Period::label), SDMX's (`2026-M10`, `2026-A1`) and DHIS2's (`202610`,
    /// `2026Q4`, `2026W48`, `20261123`), without case.
    #[must_use]
    pub fn parse(kind: PeriodKind, text: &str) -> Option<Period> {
        let text = text.trim();
        let year: i16 =
            text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
        let rest = text.get(4..)?;
        let rest = rest.strip_prefix('-').unwrap_or(rest).to_ascii_uppercase();
        let number = |digits: &str, length: std::ops::RangeInclusive<usize>| -> Option<i16> {
            let plain = length.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let lettered = |letter: char, length| number(rest.strip_prefix(letter)?, length);
        let in_year = match kind {
            PeriodKind::Day => {
                let digits = rest.replace('-', "");
                let (month, day) = (number(digits.get(..2)?, 2..=2)?, number(digits.get(2..)?, 2..=2)?);
                let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
                day.day_of_year()
            }
            PeriodKind::Week => lettered('W', 1..=2)?,
            PeriodKind::Month | PeriodKind::AdminMonth => {
                number(&rest, 2..=2).or_else(|| lettered('M', 1..=2))?
            }
            PeriodKind::Quarter | PeriodKind::AdminQuarter => lettered('Q', 1..=1)?,
            PeriodKind::HalfYear | PeriodKind::AdminHalfYear => lettered('S', 1..=1)?,
            PeriodKind::Year | PeriodKind::AdminYear => match rest.as_str() {
                "" | "A1" => 1,
                _ => return None,
            },
            PeriodKind::SchoolYear => (number(&rest, 4..=4)? == year + 1).then_some(1)?,
            PeriodKind::SchoolRound => {
                let (next, round) = (number(rest.get(..4)?, 4..=4)?, rest.get(4..)?);
                let round = round.strip_prefix('-').unwrap_or(round);
                (next == year + 1).then(|| number(round.strip_prefix('R')?, 1..=1)).flatten()?
            }
        };
        Period::of(kind, year, in_year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: PeriodKind, text: &str) -> (String, String) {
        let period = Period::parse(kind, text).unwrap_or_else(|| panic!("{text} is none"));
        (period.start.to_string(), period.end.to_string())
    }

    #[test]
    fn an_administrative_month_closes_on_the_14th_and_a_calendar_month_at_its_end() {
        let owned = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        assert_eq!(written(PeriodKind::AdminMonth, "2026-10"), owned("2026-09-15", "2026-10-14"));
        assert_eq!(written(PeriodKind::AdminMonth, "2026-01"), owned("2025-12-15", "2026-01-14"));
        assert_eq!(written(PeriodKind::Month, "202610"), owned("2026-10-01", "2026-10-31"));
        assert_eq!(written(PeriodKind::Month, "2024-M2"), owned("2024-02-01", "2024-02-29"));
        assert_eq!(written(PeriodKind::AdminQuarter, "2026-Q1"), owned("2025-12-15", "2026-03-14"));
        assert_eq!(written(PeriodKind::AdminHalfYear, "2026-S2"), owned("2026-06-15", "2026-12-14"));
        assert_eq!(written(PeriodKind::AdminYear, "2026"), owned("2025-12-15", "2026-12-14"));
        assert_eq!(written(PeriodKind::SchoolYear, "2024-2025"), owned("2024-09-01", "2025-05-31"));
        assert_eq!(written(PeriodKind::SchoolRound, "2024-2025-R1"), owned("2024-09-01", "2024-11-30"));
        assert_eq!(written(PeriodKind::SchoolRound, "2023-2024-R2"), owned("2023-12-01", "2024-02-29"));
        assert_eq!(written(PeriodKind::SchoolRound, "2024-2025-r3"), owned("2025-03-01", "2025-05-31"));
        assert_eq!(written(PeriodKind::Week, "2026W53"), owned("2026-12-28", "2027-01-03"));
        assert_eq!(written(PeriodKind::Day, "20261123"), owned("2026-11-23", "2026-11-23"));
    }

    #[test]
    fn every_day_lies_in_the_period_that_holds_it_and_a_label_names_it() {
        for kind in PeriodKind::ALL {
            let mut day = date(2023, 12, 1);
            while day < date(2027, 2, 1) {
                if let Some(period) = Period::holding(kind, day) {
                    let (year, number) = period.number();
                    assert_eq!(Period::of(kind, year, number), Some(period), "{kind:?} {day}");
                    assert_eq!(Period::parse(kind, &period.label()), Some(period), "{kind:?} {day}");
                    let before = period.previous().unwrap();
                    assert!(before.end < period.start);
                    assert_eq!(before.next(), Some(period), "{kind:?} {day}");
                    let first = Period::first_from(kind, day).unwrap();
                    assert!(first.start >= day && before.start < day, "{kind:?} {day}");
                    assert!(first == period || Some(first) == period.next(), "{kind:?} {day}");
                    let is_first_of_school = period.start.month() == 9 && period.start.day() == 1;
                    let is_of_school = matches!(kind, PeriodKind::SchoolYear | PeriodKind::SchoolRound);
                    if !(is_of_school && is_first_of_school) {
                        assert_eq!(before.end.tomorrow().unwrap(), period.start, "{kind:?} {day}");
                    }
                } else {
                    assert!(matches!(kind, PeriodKind::SchoolYear | PeriodKind::SchoolRound));
                    assert!((6..=8).contains(&day.month()), "{day}");
                    let first = Period::first_from(kind, day).unwrap();
                    assert_eq!((first.start.month(), first.start.year()), (9, day.year()), "{kind:?} {day}");
                }
                day = day.tomorrow().unwrap();
            }
        }
    }

    #[test]
    fn the_same_period_a_year_earlier_has_the_same_number() {
        let october = Period::parse(PeriodKind::AdminMonth, "2026-10").unwrap();
        assert_eq!(october.a_year_earlier(), Period::parse(PeriodKind::AdminMonth, "2025-10"));
        assert_eq!(Period::parse(PeriodKind::Week, "2026-W53").unwrap().a_year_earlier(), None);
        assert_eq!(Period::parse(PeriodKind::Day, "2024-02-29").unwrap().a_year_earlier(), None);
        let middle = Period::parse(PeriodKind::SchoolRound, "2026-2027-R2").unwrap();
        assert_eq!(middle.a_year_earlier(), Period::parse(PeriodKind::SchoolRound, "2025-2026-R2"));
        let first = Period::parse(PeriodKind::SchoolRound, "2026-2027-R1").unwrap();
        assert_eq!(first.previous(), Period::parse(PeriodKind::SchoolRound, "2025-2026-R3"));
        let march = Period::parse(PeriodKind::Day, "2024-03-01").unwrap().a_year_earlier().unwrap();
        assert_eq!(march.label(), "2023-03-01");
    }

    #[test]
    fn what_is_no_period_is_none() {
        for (kind, text) in [
            (PeriodKind::Month, "2026-13"),
            (PeriodKind::Month, "2026-00"),
            (PeriodKind::Month, "2026"),
            (PeriodKind::Month, "2026-Q4"),
            (PeriodKind::Month, "+026-10"),
            (PeriodKind::Quarter, "2026-Q5"),
            (PeriodKind::Week, "2025-W53"),
            (PeriodKind::Day, "2026-02-30"),
            (PeriodKind::Year, "9999"),
            (PeriodKind::SchoolYear, "2024-2026"),
            (PeriodKind::SchoolYear, "2024-2025-R1"),
            (PeriodKind::SchoolRound, "2024-2025"),
            (PeriodKind::SchoolRound, "2024-2025-R4"),
            (PeriodKind::SchoolRound, "2024-2026-R1"),
            (PeriodKind::Month, "thg10"),
            (PeriodKind::Month, "２０２６-10"),
        ] {
            assert_eq!(Period::parse(kind, text), None, "{text}");
        }
    }
}

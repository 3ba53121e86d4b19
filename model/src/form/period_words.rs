//! A period as people write it above a table.

use super::{Period, PeriodKind};
use crate::{place::Date, text::Text};

/// Months as English calls them, January first.
pub const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Period {
    /// What it is called: `tháng 10/2026`, `October 2026`. It does not say on which day it closes:
    /// [`Period::days_in_words`] does.
    #[must_use]
    pub fn words(&self) -> Text {
        let (year, number) = self.number();
        let (vi, en) = match self.kind {
            PeriodKind::Day => (format!("ngày {}", day_month_year(self.start)), in_english(self.start)),
            PeriodKind::Week => (format!("tuần {number}/{year}"), format!("week {number} of {year}")),
            PeriodKind::Month | PeriodKind::AdminMonth => {
                let name =
                    usize::try_from(number - 1).ok().and_then(|at| ENGLISH_MONTHS.get(at)).unwrap_or(&"");
                (format!("tháng {number}/{year}"), format!("{name} {year}"))
            }
            PeriodKind::Quarter | PeriodKind::AdminQuarter => {
                (format!("quý {number}/{year}"), format!("quarter {number} of {year}"))
            }
            PeriodKind::HalfYear | PeriodKind::AdminHalfYear => match number {
                1 => (format!("6 tháng đầu năm {year}"), format!("first half of {year}")),
                _ => (format!("6 tháng cuối năm {year}"), format!("second half of {year}")),
            },
            PeriodKind::Year | PeriodKind::AdminYear => (format!("năm {year}"), format!("year {year}")),
            PeriodKind::SchoolYear => {
                (format!("năm học {year}-{}", year + 1), format!("school year {year}-{}", year + 1))
            }
            PeriodKind::SchoolRound => {
                let (vi, en) = match number {
                    1 => ("đầu", "beginning"),
                    2 => ("giữa", "middle"),
                    _ => ("cuối", "end"),
                };
                let next = year + 1;
                (format!("{vi} năm học {year}-{next}"), format!("{en} of school year {year}-{next}"))
            }
        };
        Text { vi, en }
    }

    /// Its first and last day: `từ ngày 15/9/2026 đến ngày 14/10/2026`.
    #[must_use]
    pub fn days_in_words(&self) -> Text {
        Text {
            vi: format!("từ ngày {} đến ngày {}", day_month_year(self.start), day_month_year(self.end)),
            en: format!("from {} to {}", in_english(self.start), in_english(self.end)),
        }
    }
}

fn day_month_year(day: Date) -> String {
    format!("{}/{}/{}", day.day(), day.month(), day.year())
}

fn in_english(day: Date) -> String {
    let month = usize::try_from(day.month() - 1).ok().and_then(|at| ENGLISH_MONTHS.get(at)).unwrap_or(&"");
    format!("{} {month} {}", day.day(), day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_called_as_people_call_it() {
        for (kind, label, vi, en) in [
            (PeriodKind::Day, "2026-11-23", "ngày 23/11/2026", "23 November 2026"),
            (PeriodKind::Week, "2026-W48", "tuần 48/2026", "week 48 of 2026"),
            (PeriodKind::Month, "2026-10", "tháng 10/2026", "October 2026"),
            (PeriodKind::AdminMonth, "2026-01", "tháng 1/2026", "January 2026"),
            (PeriodKind::AdminQuarter, "2026-Q4", "quý 4/2026", "quarter 4 of 2026"),
            (PeriodKind::HalfYear, "2026-S1", "6 tháng đầu năm 2026", "first half of 2026"),
            (PeriodKind::AdminHalfYear, "2026-S2", "6 tháng cuối năm 2026", "second half of 2026"),
            (PeriodKind::AdminYear, "2026", "năm 2026", "year 2026"),
            (PeriodKind::SchoolYear, "2026-2027", "năm học 2026-2027", "school year 2026-2027"),
            (
                PeriodKind::SchoolRound,
                "2026-2027-R2",
                "giữa năm học 2026-2027",
                "middle of school year 2026-2027",
            ),
        ] {
            let words = Period::parse(kind, label).unwrap().words();
            assert_eq!((words.vi.as_str(), words.en.as_str()), (vi, en), "{label}");
        }
        let october = Period::parse(PeriodKind::AdminMonth, "2026-10").unwrap().days_in_words();
        assert_eq!(october.vi, "từ ngày 15/9/2026 đến ngày 14/10/2026");
        assert_eq!(october.en, "from 15 September 2026 to 14 October 2026");
    }
}

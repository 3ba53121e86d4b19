//! Local hours and days, half-open, labelled by their start, stored in UTC.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::time::EventTime;

/// The local clock of a pack.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

/// The number of a local day: days since 1970-01-01 on the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct DayNumber(pub i32);

/// A local day and where it lies in time. 23 to 25 hours long where clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LocalDay {
    /// Its number.
    pub number: DayNumber,
    /// Its first moment.
    pub start: EventTime,
    /// The first moment of the next day.
    pub end: EventTime,
}

/// No such zone in the time zone database.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a time zone of the IANA database, such as Asia/Ho_Chi_Minh")]
pub struct UnknownZone(String);

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Calendar {
    /// The calendar of an IANA time zone.
    ///
    /// # Errors
    /// If the database has no such zone.
    pub fn of_zone(name: &str) -> Result<Calendar, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        Ok(Calendar { zone })
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The local day a moment lies in; none outside of the years the calendar knows (−9999 to 9999).
    #[must_use]
    pub fn day_of(&self, time: EventTime) -> Option<LocalDay> {
        let date = Timestamp::from_millisecond(time.0).ok()?.to_zoned(self.zone.clone()).date();
        self.day(Calendar::number(date))
    }

    /// Where a local day lies in time; none outside of the years the calendar knows.
    #[must_use]
    pub fn day(&self, number: DayNumber) -> Option<LocalDay> {
        let date = EPOCH.checked_add(number.0.days()).ok()?;
        let next = date.tomorrow().ok()?;
        let moment = |date: Date| -> Option<EventTime> {
            let start = date.to_zoned(self.zone.clone()).ok()?;
            Some(EventTime(start.timestamp().as_millisecond()))
        };
        Some(LocalDay { number, start: moment(date)?, end: moment(next)? })
    }

    /// The date of a day number; none outside of the years the calendar knows.
    #[must_use]
    pub fn date(number: DayNumber) -> Option<Date> {
        EPOCH.checked_add(number.0.days()).ok()
    }

    /// The number of a date's day.
    #[must_use]
    pub fn number(date: Date) -> DayNumber {
        DayNumber((date - EPOCH).get_days())
    }

    /// The local date and time of a moment; none outside of the years the calendar knows.
    #[must_use]
    pub fn local(&self, time: EventTime) -> Option<jiff::civil::DateTime> {
        let timestamp = Timestamp::from_millisecond(time.0).ok()?;
        Some(self.zone.to_datetime(timestamp))
    }

    /// The moment of a local date and time that carries no zone. In a gap of the clock the moment after it, in a
    /// fold the first of the two (RFC 5545, as jiff's "compatible").
    #[must_use]
    pub fn moment(&self, local: jiff::civil::DateTime) -> Option<EventTime> {
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        Some(EventTime(zoned.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_ho_chi_minh_city_starts_at_17_utc() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let noon: Timestamp = "2024-11-05T05:00:00Z".parse().unwrap();
        let day = calendar.day_of(EventTime(noon.as_millisecond())).unwrap();
        assert_eq!(day.start.rfc3339(), "2024-11-04T17:00:00.000Z");
        assert_eq!(day.end.rfc3339(), "2024-11-05T17:00:00.000Z");
        let date = Calendar::date(day.number).unwrap();
        assert_eq!((date.to_string().as_str(), Calendar::number(date)), ("2024-11-05", day.number));
        assert_eq!(Calendar::number(jiff::civil::date(1969, 12, 31)), DayNumber(-1));
        assert_eq!(calendar.day(day.number), Some(day));
    }

    #[test]
    fn a_day_on_which_clocks_change_is_23_or_25_hours_long() {
        let calendar = Calendar::of_zone("Europe/London").unwrap();
        let length = |date: &str| {
            let noon: Timestamp = format!("{date}T12:00:00Z").parse().unwrap();
            let day = calendar.day_of(EventTime(noon.as_millisecond())).unwrap();
            (day.end.0 - day.start.0) / 3_600_000
        };
        assert_eq!(length("2024-03-31"), 23);
        assert_eq!(length("2024-10-27"), 25);
        assert_eq!(length("2024-10-28"), 24);
    }

    #[test]
    fn a_moment_outside_of_the_calendar_has_no_day() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        assert_eq!(calendar.day_of(EventTime(i64::MAX)), None);
        assert_eq!(calendar.day_of(EventTime(i64::MIN)), None);
    }
}

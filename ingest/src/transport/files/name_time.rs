//! The time a station wrote into a file's name, which says what is oldest.
//!
//! TT 10/2021/TT-BTNMT names files `<codes>_<yyyyMMddHHmmss>.txt` in local time; loggers also write shorter stamps.
//! Only the order of reading hangs on it, so a name without a time is no error.

use jiff::civil::{Date, DateTime, Time};

/// The local time in a file name: the last run of 14, 12, 10 or 8 digits that reads as a time.
pub(in crate::transport) fn time_in_name(name: &str) -> Option<DateTime> {
    name.split(|character: char| !character.is_ascii_digit()).rev().find_map(read_stamp)
}

fn read_stamp(digits: &str) -> Option<DateTime> {
    if !matches!(digits.len(), 8 | 10 | 12 | 14) {
        return None;
    }
    let field = |from: usize, to: usize| -> Option<i8> {
        digits.get(from..to).map_or(Some(0), |text| text.parse().ok())
    };
    let year: i16 = digits.get(..4)?.parse().ok()?;
    if !(1970..2200).contains(&year) {
        return None;
    }
    let date = Date::new(year, field(4, 6)?, field(6, 8)?).ok()?;
    let time = Time::new(field(8, 10)?, field(10, 12)?, field(12, 14)?, 0).ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stamp_of_a_name_is_its_time() {
        let read = |name: &str| time_in_name(name).map(|time| time.to_string());
        assert_eq!(read("TN_KCNPD_NUOTHA_20241105083500.txt").as_deref(), Some("2024-11-05T08:35:00"));
        assert_eq!(read("20200101000000_20241105083500.txt").as_deref(), Some("2024-11-05T08:35:00"));
        assert_eq!(read("x_202411050835.csv").as_deref(), Some("2024-11-05T08:35:00"));
        assert_eq!(read("x-20241105.csv").as_deref(), Some("2024-11-05T00:00:00"));
    }

    #[test]
    fn digits_that_are_no_time_are_none() {
        for name in [
            "",
            "a.txt",
            "12345678901234.txt",
            "20241305000000.txt",
            "20240230.txt",
            "20241105246000.txt",
            "２０２４１１０５.txt",
        ] {
            assert_eq!(time_in_name(name), None, "{name}");
        }
    }
}

//! How far a source was read: a number or a moment, as records say it and as it is asked for.

use ioc_model::pack::{Since, SinceForm};
use jiff::{SignedDuration, Timestamp, fmt::strtime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::json;

/// A place in the order of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark {
    Number(i64),
    Moment(Timestamp),
}

impl Mark {
    /// What is asked for first.
    pub(super) fn first(since: &Since) -> Option<Mark> {
        match since.form {
            SinceForm::Number => since.first.parse().ok().map(Mark::Number),
            _ => since.first.parse().ok().map(Mark::Moment),
        }
    }

    /// What a record says; none if it says nothing that can be read so. `value` is JSON.
    pub(super) fn read(form: &SinceForm, value: &str, zone: &TimeZone) -> Option<Mark> {
        let text = json::text(value)?;
        let text = text.trim();
        let moment = |moment: Option<Timestamp>| moment.map(Mark::Moment);
        match form {
            SinceForm::Number => text.parse().ok().map(Mark::Number),
            SinceForm::Rfc3339 => moment(text.parse().ok().or_else(|| {
                // Many write the local time and no zone.
                let civil: jiff::civil::DateTime = text.parse().ok()?;
                Some(civil.to_zoned(zone.clone()).ok()?.timestamp())
            })),
            SinceForm::Seconds => {
                let nanos = (text.parse::<f64>().ok()? * 1e9).floor();
                moment(Timestamp::from_nanosecond(nanos as i128).ok())
            }
            SinceForm::Millis => moment(Timestamp::from_millisecond(text.parse().ok()?).ok()),
            SinceForm::Local(format) => {
                let civil = strtime::parse(format, text).ok()?.to_datetime().ok()?;
                moment(Some(civil.to_zoned(zone.clone()).ok()?.timestamp()))
            }
        }
    }

    /// As it is asked for, so much earlier. What a form has no digits for is cut, and so asked from earlier still.
    pub(super) fn asked(self, form: &SinceForm, overlap: SignedDuration, zone: &TimeZone) -> String {
        let moment = match self {
            Mark::Number(number) => return number.to_string(),
            Mark::Moment(moment) => moment.checked_sub(overlap).unwrap_or(moment),
        };
        match form {
            SinceForm::Number | SinceForm::Rfc3339 => moment.to_string(),
            SinceForm::Seconds => moment.as_nanosecond().div_euclid(1_000_000_000).to_string(),
            SinceForm::Millis => moment.as_nanosecond().div_euclid(1_000_000).to_string(),
            SinceForm::Local(format) => {
                strtime::format(format, &moment.to_zoned(zone.clone())).unwrap_or_else(|_| moment.to_string())
            }
        }
    }

    /// For people.
    pub(super) fn told(self) -> String {
        match self {
            Mark::Number(number) => number.to_string(),
            Mark::Moment(moment) => moment.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_and_asked_for_as_each_source_writes_it() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let eight: Timestamp = "2026-11-02T01:00:00.5Z".parse().unwrap();
        let local = SinceForm::Local("%d/%m/%Y %H:%M:%S".to_owned());
        let minute = SignedDuration::from_mins(1);
        for (form, said, asked) in [
            (&SinceForm::Rfc3339, "\"2026-11-02T08:00:00.5+07:00\"", "2026-11-02T00:59:00.5Z"),
            (&SinceForm::Rfc3339, "\"2026-11-02 08:00:00.5\"", "2026-11-02T00:59:00.5Z"),
            (&SinceForm::Seconds, "1793581200.5", "1793581140"),
            (&SinceForm::Millis, "1793581200500", "1793581140500"),
        ] {
            assert_eq!(Mark::read(form, said, &zone), Some(Mark::Moment(eight)), "{said}");
            assert_eq!(Mark::Moment(eight).asked(form, minute, &zone), asked);
        }
        let read = Mark::read(&local, "\"02/11/2026 08:00:00\"", &zone).unwrap();
        assert_eq!(read.told(), "2026-11-02T01:00:00Z");
        assert_eq!(read.asked(&local, minute, &zone), "02/11/2026 07:59:00");
        assert_eq!(Mark::read(&SinceForm::Number, "\"42\"", &zone), Some(Mark::Number(42)));
        for none in ["null", "\"\"", "\"hôm qua\"", "{}", "1e400"] {
            assert_eq!(Mark::read(&SinceForm::Rfc3339, none, &zone), None, "{none}");
            assert_eq!(Mark::read(&SinceForm::Number, none, &zone), None, "{none}");
        }
    }
}

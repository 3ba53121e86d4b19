//! The recorded alerts: 300 of Suricata sensors elsewhere, 2015 to 2019, one JSON object a line.
//!
//! Source: `FrankHassanabad/suricata-sample-data` (MIT). Each day of the demo has all of them, at the time of day they
//! happened at. Of a record nothing is altered but its dates, by whole days, and the zone of its times.

use anyhow::Context;
use ioc_model::{calendar::Calendar, time::EventTime};
use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

const RECORD: &str = include_str!("../../deploy/provinces/tay-ninh/demo/suricata_eve_alerts_300.jsonl");
/// What times stand behind: of the alert, and of when its flow began.
const BEFORE_TIMES: [&str; 2] = ["\"timestamp\": \"", "\"start\": \""];
/// `2015-03-29T11:01:38.221126`
const LOCAL_LENGTH: usize = 26;
const DATE_LENGTH: usize = 10;

/// An alert, whenever it happens again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    /// Its time of day.
    time: Time,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// As it is recorded.
    Text(&'static str),
    /// A date, so many days from the alert's own.
    Date(i32),
    Zone,
}

/// All of them, by their time of day.
pub(super) fn alerts() -> anyhow::Result<Vec<Alert>> {
    let read = |(index, line): (usize, &'static str)| {
        Alert::read(line).with_context(|| format!("line {}", index + 1))
    };
    let mut alerts: Vec<Alert> = RECORD.lines().enumerate().map(read).collect::<anyhow::Result<_>>()?;
    alerts.sort_by_key(|alert| alert.time);
    Ok(alerts)
}

impl Alert {
    fn read(line: &'static str) -> anyhow::Result<Alert> {
        let behind = |before: &'static str| line.match_indices(before).map(|(at, _)| at + before.len());
        let local = |at: usize| -> anyhow::Result<DateTime> {
            Ok(line.get(at..at + LOCAL_LENGTH).context("a time is cut off")?.parse()?)
        };
        let own = local(behind(BEFORE_TIMES[0]).next().context("it has no time")?)?;
        let mut times: Vec<usize> = BEFORE_TIMES.into_iter().flat_map(behind).collect();
        times.sort_unstable();
        let (mut parts, mut from) = (Vec::new(), 0);
        for at in times {
            let days = own.date().until(local(at)?.date())?.get_days();
            parts.extend([Part::Text(&line[from..at]), Part::Date(days)]);
            from = at + DATE_LENGTH;
            let zone = at + LOCAL_LENGTH;
            if line[zone..].starts_with(['+', '-']) {
                parts.extend([Part::Text(&line[from..zone]), Part::Zone]);
                from = zone + line[zone..].find('"').context("a time has no end")?;
            }
        }
        parts.push(Part::Text(&line[from..]));
        Ok(Alert { time: own.time(), parts })
    }

    /// When it happens on a local day.
    pub(super) fn at(&self, day: Date, calendar: &Calendar) -> Option<EventTime> {
        calendar.moment(day.to_datetime(self.time))
    }

    /// What its sensor would write on that day.
    pub(super) fn written(&self, day: Date, calendar: &Calendar) -> Option<String> {
        let moment = Timestamp::from_millisecond(self.at(day, calendar)?.0).ok()?;
        let zone = calendar.zone().to_offset(moment);
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some((*text).to_owned()),
                Part::Date(days) => Some(day.checked_add(Span::new().days(*days)).ok()?.to_string()),
                Part::Zone => Some(zone_without_colon(zone)),
            })
            .collect()
    }
}

/// As Suricata writes it: `+0700`.
fn zone_without_colon(zone: Offset) -> String {
    let minutes = zone.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn of_a_record_only_dates_and_zones_are_altered() {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let day: Date = "2026-03-01".parse().unwrap();
        let alerts = alerts().unwrap();
        assert_eq!(alerts.len(), 300);
        let mut written: Vec<Value> = alerts
            .iter()
            .map(|alert| serde_json::from_str(&alert.written(day, &calendar).unwrap()).unwrap())
            .collect();
        let mut recorded: Vec<Value> =
            RECORD.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        recorded.sort_by_key(|alert| alert["timestamp"].as_str().unwrap()[DATE_LENGTH..].to_owned());
        let mut began_before_midnight = 0;
        for (written, recorded) in written.iter_mut().zip(&mut recorded) {
            let [now, then] = [&mut *written, recorded].map(|alert| {
                let times = ["/timestamp", "/flow/start"];
                times.map(|at| alert.pointer_mut(at).map_or(Value::Null, Value::take))
            });
            for (now, then) in now.iter().zip(&then).filter_map(|(now, then)| now.as_str().zip(then.as_str()))
            {
                assert_eq!(now[DATE_LENGTH..LOCAL_LENGTH], then[DATE_LENGTH..LOCAL_LENGTH]);
                assert_eq!(&now[LOCAL_LENGTH..], if then.len() > LOCAL_LENGTH { "+0700" } else { "" });
                began_before_midnight += usize::from(now.starts_with("2026-02"));
            }
            assert!(now[0].as_str().unwrap().starts_with("2026-03-01T"));
            assert_eq!(written, recorded);
        }
        assert!(began_before_midnight < 10, "flows that cross midnight: {began_before_midnight}");
    }
}

//! The demo's stations: stand-ins that do not exist, each sending the record again from another quarter of it.
//!
//! The record is re-dated by whole weeks, so that its weekdays stay weekdays. At the demo's first moment,
//! 2026-01-31, the first station stands at 2003-02-01 of the record, the next ones 13, 26 and 39 weeks later: four
//! stations in one province are never at the same hour of one record, and none is a copy of another.

use ioc_model::time::{EventTime, Millis};

use super::record::Hour;

/// A station of `demo/stations.toml`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StandIn {
    /// The observations' subject.
    pub(super) subject: &'static str,
    /// The part of its files' names before the time.
    pub(super) file_code: &'static str,
    /// What its device is called in what its gateway publishes.
    device: &'static str,
    /// The way its gateway publishes.
    pub(super) gateway: Gateway,
    /// From the record's time to the demo's, in weeks.
    weeks: i64,
}

/// What a gateway speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gateway {
    /// RFC 8428.
    Senml,
    /// The JSON of a data logger.
    Logger,
    /// Entities of a smart city's context broker.
    NgsiLd,
    /// OGC 18-088.
    SensorThings,
}

/// All of them.
pub(super) const STAND_INS: [StandIn; 4] = [
    StandIn {
        subject: "RP-TANNINH",
        file_code: "RP_TANNINH_KHI",
        device: "urn:dev:ops:replay-tanninh:",
        gateway: Gateway::Senml,
        weeks: 1_200,
    },
    StandIn {
        subject: "RP-TRANGBANG",
        file_code: "RP_TRANGBANG_KHI",
        device: "RP_TRANGBANG_KHI",
        gateway: Gateway::Logger,
        weeks: 1_187,
    },
    StandIn {
        subject: "RP-DUCHOA",
        file_code: "RP_DUCHOA_KHI",
        device: "urn:ngsi-ld:AirQualityObserved:replay-duchoa",
        gateway: Gateway::NgsiLd,
        weeks: 1_174,
    },
    StandIn {
        subject: "RP-LONGAN",
        file_code: "RP_LONGAN_KHI",
        device: "https://sta.example/replay-longan/v1.1",
        gateway: Gateway::SensorThings,
        weeks: 1_161,
    },
];

impl StandIn {
    pub(super) fn device(&self) -> &'static str {
        self.device
    }

    /// What an hour of the record is for this station.
    pub(super) fn redated(&self, hour: &Hour) -> Hour {
        Hour { start: hour.start.plus(Millis::hours(self.weeks * 7 * 24)), ..*hour }
    }
}

/// An hour of a station, on the demo's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    /// Whose.
    pub(super) station: &'static StandIn,
    /// What, re-dated.
    pub(super) hour: Hour,
}

/// The hours of all stations, in the order of their time.
pub(super) fn readings(record: &[Hour]) -> Vec<Reading> {
    let of_station = |station: &'static StandIn| {
        record.iter().map(move |hour| Reading { station, hour: station.redated(hour) })
    };
    let mut readings: Vec<Reading> = STAND_INS.iter().flat_map(of_station).collect();
    readings.sort_by_key(|reading| reading.hour.start);
    readings
}

/// The moments between which all stations have readings: a demo starts there.
pub(crate) fn first_and_last_start() -> anyhow::Result<(EventTime, EventTime)> {
    let record = super::record::hours()?;
    let ends = |of: fn(&[Hour]) -> Option<&Hour>| {
        of(&record).into_iter().flat_map(|hour| STAND_INS.iter().map(|station| station.redated(hour).start))
    };
    let first = ends(<[Hour]>::first).max();
    let last = ends(<[Hour]>::last).min();
    first.zip(last).ok_or_else(|| anyhow::anyhow!("the record is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::record::hours;

    fn millis(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn the_record_is_redated_by_whole_weeks_and_each_station_stands_a_quarter_further() {
        let start = millis("2026-01-31T00:00:00Z");
        let weeks = Millis::hours(7 * 24).0;
        for (index, station) in STAND_INS.iter().enumerate() {
            let quarters_on = millis("2003-02-01T00:00:00Z") + 13 * weeks * i64::try_from(index).unwrap();
            let record = hours().unwrap();
            let hour = record.iter().find(|hour| hour.start.0 == quarters_on).unwrap();
            let there = station.redated(hour);
            assert_eq!(there.start.0, start);
            assert_eq!((there.start.0 - hour.start.0) % weeks, 0, "weekdays stay weekdays");
            assert_eq!((there.no2, there.pm25), (hour.no2, hour.pm25));
        }
    }

    #[test]
    fn readings_come_in_the_order_of_time_and_none_is_left_out() {
        let record = hours().unwrap();
        let readings = readings(&record);
        assert_eq!(readings.len(), 4 * record.len());
        assert!(readings.windows(2).all(|pair| pair[0].hour.start <= pair[1].hour.start));
        let (first, last) = first_and_last_start().unwrap();
        assert_eq!(first.rfc3339(), "2025-12-31T00:00:00.000Z");
        assert_eq!(last.rfc3339(), "2027-04-02T23:00:00.000Z");
    }
}

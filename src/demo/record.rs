//! The recorded data: two years of hourly air quality at London Marylebone Road.
//!
//! Source: `openair-project/openair` (MIT). A row's date is UTC and the start of the hour whose means it holds.

use anyhow::Context;
use ioc_model::time::{EventTime, Millis};
use serde::Deserialize;

const RECORD: &[u8] =
    include_bytes!("../../deploy/provinces/tay-ninh/demo/air_marylebone_2003_2004_hourly.csv");

/// The means of one hour; none where the record has a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hour {
    /// Its first moment.
    pub(super) start: EventTime,
    /// m/s.
    pub(super) wind_speed: Option<f64>,
    /// Degrees.
    pub(super) wind_direction: Option<f64>,
    /// ppb.
    pub(super) nox: Option<f64>,
    /// ppb.
    pub(super) no2: Option<f64>,
    /// ppb.
    pub(super) o3: Option<f64>,
    /// ppb.
    pub(super) so2: Option<f64>,
    /// ppm.
    pub(super) co: Option<f64>,
    /// µg/m³.
    pub(super) pm10: Option<f64>,
    /// µg/m³.
    pub(super) pm25: Option<f64>,
}

impl Hour {
    /// When the hour is over and its means are known.
    pub(super) fn known_at(&self) -> EventTime {
        self.start.plus(Millis::hours(1))
    }
}

#[derive(Deserialize)]
struct Row {
    date: jiff::Timestamp,
    ws: Option<f64>,
    wd: Option<f64>,
    nox: Option<f64>,
    no2: Option<f64>,
    o3: Option<f64>,
    so2: Option<f64>,
    co: Option<f64>,
    pm10: Option<f64>,
    pm25: Option<f64>,
}

/// All hours of the record, in order.
pub(super) fn hours() -> anyhow::Result<Vec<Hour>> {
    let mut hours: Vec<Hour> = Vec::with_capacity(18_000);
    for (index, row) in csv::Reader::from_reader(RECORD).deserialize().enumerate() {
        let row: Row = row.with_context(|| format!("row {}", index + 2))?;
        let start = EventTime(row.date.as_millisecond());
        anyhow::ensure!(
            hours.last().is_none_or(|last| last.start < start),
            "row {} is not after the one before",
            index + 2
        );
        hours.push(Hour {
            start,
            wind_speed: row.ws,
            wind_direction: row.wd,
            nox: row.nox,
            no2: row.no2,
            o3: row.o3,
            so2: row.so2,
            co: row.co,
            pm10: row.pm10,
            pm25: row.pm25,
        });
    }
    Ok(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_two_whole_years_of_hours_with_its_gaps() {
        let hours = hours().unwrap();
        assert_eq!(hours.len(), 17_544);
        assert_eq!(hours[0].start.rfc3339(), "2003-01-01T00:00:00.000Z");
        assert_eq!(hours[17_543].start.rfc3339(), "2004-12-31T23:00:00.000Z");
        assert!(hours.windows(2).all(|pair| pair[1].start == pair[0].known_at()));
        assert_eq!((hours[0].no2, hours[0].co, hours[0].pm25), (Some(23.0), Some(0.675), Some(41.0)));
        assert_eq!((hours[2].nox, hours[2].no2, hours[2].o3), (None, None, Some(3.0)));
        assert_eq!(hours.iter().filter(|hour| hour.so2.is_none()).count(), 3_307);
    }
}

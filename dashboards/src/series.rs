//! A long series for a chart: points, hours, days or an index, thinned where there are too many to draw.
//!
//! The answer is binary, because 50,000 points as JSON take a browser longer to parse than to draw. Little-endian:
//!
//! ```text
//! "IOCS" | version u32 = 1 | count u32 | first moment f64
//! count × moment f64 (milliseconds since 1970) | count × mean f32 | count × min f32 | count × max f32
//! count × completeness f32
//! ```
//!
//! NaN is "no value" and "not known". Thinning is the store's work: what comes here is bounded (invariant BOUND).

use ioc_model::{index::IndexId, time::EventTime, window::WindowKind};
use serde::Deserialize;

/// The most entries of a series: more are thinned.
pub const SERIES_MAX: u32 = 50_000;

const MAGIC: &[u8; 4] = b"IOCS";
const VERSION: u32 = 1;

/// What a series is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// Current values of every quality.
    Point,
    /// Current hourly windows.
    Hour,
    /// Current daily windows.
    Day,
}

impl SeriesKind {
    /// The windows it is made of; none for points.
    #[must_use]
    pub fn window(self) -> Option<WindowKind> {
        match self {
            SeriesKind::Point => None,
            SeriesKind::Hour => Some(WindowKind::Hour),
            SeriesKind::Day => Some(WindowKind::Day),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    /// Station.
    pub subject: String,
    /// What of it.
    pub of: SeriesOf,
    /// First moment.
    pub from: EventTime,
    /// The first moment behind it.
    pub to: EventTime,
    /// The most entries.
    pub points: u32,
}

/// What of a station.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesOf {
    /// An indicator.
    Indicator(String, SeriesKind),
    /// An index, of hours or days.
    Index(IndexId, WindowKind),
}

/// An entry of a series: a point, a window, or several of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesEntry {
    /// Its first moment.
    pub start: EventTime,
    /// Value or mean; none without a good value.
    pub mean: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Received of expected; for points the share of good ones. None where that is not known.
    pub completeness: Option<f64>,
}

/// A series, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesEntries {
    /// Its entries.
    pub entries: Vec<SeriesEntry>,
    /// How many points or windows were found.
    pub found: u64,
}

impl SeriesEntries {
    /// About how many points or windows an entry stands for; none where every one is its own.
    #[must_use]
    pub fn thinned(&self) -> Option<u64> {
        let entries = self.entries.len() as u64;
        (entries > 0 && self.found > entries).then(|| self.found.div_ceil(entries))
    }

    /// The series as it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let entries = &self.entries;
        let mut bytes = Vec::with_capacity(20 + entries.len() * 24);
        let moment = |entry: &SeriesEntry| entry.start.0 as f64;
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&entries.first().map_or(f64::NAN, moment).to_le_bytes());
        for entry in entries {
            bytes.extend_from_slice(&moment(entry).to_le_bytes());
        }
        let figures: [fn(&SeriesEntry) -> Option<f64>; 4] =
            [|entry| entry.mean, |entry| entry.min, |entry| entry.max, |entry| entry.completeness];
        for figure in figures {
            for entry in entries {
                let value = figure(entry).map_or(f32::NAN, |value| value as f32);
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(start: i64, mean: Option<f64>) -> SeriesEntry {
        SeriesEntry { start: EventTime(start), mean, min: mean, max: mean, completeness: None }
    }

    #[test]
    fn the_layout_is_the_described_one_and_a_missing_value_is_nan() {
        let series = SeriesEntries { entries: vec![entry(1_000, Some(2.5)), entry(2_000, None)], found: 2 };
        let bytes = series.to_bytes();
        assert_eq!(&bytes[..12], b"IOCS\x01\0\0\0\x02\0\0\0");
        let number = |at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!((number(12), number(20), number(28)), (1_000.0, 1_000.0, 2_000.0));
        let figure = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((figure(36), figure(44), figure(52)), (2.5, 2.5, 2.5));
        assert!(figure(40).is_nan() && figure(60).is_nan() && figure(64).is_nan());
        assert_eq!(bytes.len(), 20 + 2 * 24);
        assert!(f64::from_le_bytes(SeriesEntries::default().to_bytes()[12..20].try_into().unwrap()).is_nan());
    }

    #[test]
    fn a_thinned_series_says_how_much() {
        let entries = vec![entry(0, None); 3];
        assert_eq!(SeriesEntries { entries: entries.clone(), found: 3 }.thinned(), None);
        assert_eq!(SeriesEntries { entries, found: 10 }.thinned(), Some(4));
    }
}

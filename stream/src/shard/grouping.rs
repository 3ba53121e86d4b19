//! An epoch's rows by series, without moving a row.

use ioc_model::{
    names::{IndicatorId, SubjectId},
    observation::Observation,
};

/// A row's series, and which row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    series: u64,
    row: u32,
}

impl Key {
    fn new(observation: &Observation, row: u32) -> Key {
        let series = observation.series;
        Key { series: u64::from(series.subject.0) << 32 | u64::from(series.indicator.0), row }
    }

    pub(super) fn subject(self) -> SubjectId {
        SubjectId((self.series >> 32) as u32)
    }

    pub(super) fn indicator(self) -> IndicatorId {
        IndicatorId(self.series as u32)
    }

    pub(super) fn row(self) -> usize {
        self.row as usize
    }
}

/// Keys of an epoch's rows; the room for them is used again.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    keys: Vec<Key>,
}

impl Grouping {
    /// By subject and indicator, and by arrival inside a series. `rows` are in order of position: that is the order
    /// of arrival too, unless a subject speaks through several partitions.
    pub(super) fn by_series(&mut self, rows: &[Observation]) -> &[Key] {
        self.keys.clear();
        self.keys.extend((0..).zip(rows).map(|(row, observation)| Key::new(observation, row)));
        self.keys.sort_unstable();
        for series in self.keys.chunk_by_mut(|a, b| a.series == b.series) {
            let arrival = |key: &Key| rows[key.row()].arrival;
            if !series.is_sorted_by_key(arrival) {
                series.sort_unstable_by_key(arrival);
            }
        }
        &self.keys
    }
}

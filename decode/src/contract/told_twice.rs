//! What one envelope says of one moment twice, and not the same.
//!
//! Another value for a known key is a correction when it comes later. Within one envelope nobody corrects himself: two
//! probes share a symbol, or a logger wrote one line over another's name. Which of the two is right cannot be known
//! here, so both are kept and neither is trusted. The same value said again is only said again.

use ioc_model::{
    bound::{is_above, is_below},
    observation::{Observation, Quality, Series},
    time::EventTime,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// So few rows are compared with each other.
const FEW: usize = 8;
/// Room that a large envelope needed and the next ones do not is given back.
const MUCH: usize = 1 << 16;

type Key = (Series, EventTime);

/// The measured rows of one envelope, until all of them are read.
#[derive(Debug, Default)]
pub(super) struct Held {
    rows: Vec<Observation>,
    /// Where a key's first row is.
    first: FxHashMap<Key, u32>,
}

impl Held {
    #[inline]
    pub(super) fn push(&mut self, row: Observation) {
        self.rows.push(row);
    }

    /// Gives them away in their order. Of a key that has two values or two qualities, no row is good.
    #[inline]
    pub(super) fn drain(&mut self, give: impl FnMut(Observation)) {
        if self.rows.len() > 1 {
            self.distrust();
        }
        self.rows.drain(..).for_each(give);
        if self.rows.capacity() > MUCH {
            *self = Held::default();
        }
    }

    fn distrust(&mut self) {
        let told_twice = if self.rows.len() <= FEW { self.compared() } else { self.looked_up() };
        if told_twice.is_empty() {
            return;
        }
        let of_them = |row: &&mut Observation| told_twice.contains(&key(row));
        for row in self.rows.iter_mut().filter(of_them) {
            if row.quality == Quality::Good {
                row.quality = Quality::Suspect;
            }
        }
    }

    fn compared(&self) -> FxHashSet<Key> {
        let mut told_twice = FxHashSet::default();
        for (at, row) in self.rows.iter().enumerate() {
            if self.rows[..at].iter().any(|before| key(before) == key(row) && !is_same(before, row)) {
                let _ = told_twice.insert(key(row));
            }
        }
        told_twice
    }

    fn looked_up(&mut self) -> FxHashSet<Key> {
        let mut told_twice = FxHashSet::default();
        self.first.clear();
        self.first.reserve(self.rows.len());
        for (at, row) in (0..).zip(&self.rows) {
            let first = *self.first.entry(key(row)).or_insert(at);
            if first != at && !is_same(&self.rows[first as usize], row) {
                let _ = told_twice.insert(key(row));
            }
        }
        told_twice
    }
}

#[inline]
fn key(row: &Observation) -> Key {
    (row.series, row.event_time)
}

/// A value sent in two units is one value, however the doubles came out.
fn is_same(one: &Observation, other: &Observation) -> bool {
    let differ = is_above(one.value, other.value) || is_below(one.value, other.value);
    !differ && one.quality == other.quality
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        names::{IndicatorId, SourceId, SubjectId},
        position::{Arrival, Position},
        time::ReceivedAt,
    };

    use super::*;

    fn row(number: u32, time: i64, value: f64, quality: Quality) -> Observation {
        Observation {
            series: Series { indicator: IndicatorId(0), subject: SubjectId(0) },
            event_time: EventTime(time),
            value,
            quality,
            source: SourceId(0),
            arrival: Arrival { received_at: ReceivedAt(0), position: Position::default(), row: number },
        }
    }

    fn given(rows: &[(i64, f64, Quality)]) -> Vec<(i64, f64, Quality)> {
        let mut held = Held::default();
        for (number, (time, value, quality)) in (0..).zip(rows) {
            held.push(row(number, *time, *value, *quality));
        }
        let mut given = Vec::new();
        held.drain(|row| {
            assert_eq!(row.arrival.row as usize, given.len(), "in row order");
            given.push((row.event_time.0, row.value, row.quality));
        });
        given
    }

    #[test]
    fn of_a_key_told_twice_nothing_is_good_however_many_rows_there_are() {
        use Quality::{Calibrating, Good, Suspect};
        let told = [(1, 18.4, Good), (1, 18.4, Good), (2, 5.0, Good), (1, 41.9, Good), (3, 7.0, Good)];
        let becomes =
            [(1, 18.4, Suspect), (1, 18.4, Suspect), (2, 5.0, Good), (1, 41.9, Suspect), (3, 7.0, Good)];
        assert_eq!(given(&told), becomes);
        let others = (10..100).map(|time| (time, 1.0, Good));
        let many =
            |rows: &[(i64, f64, Quality)]| -> Vec<_> { rows.iter().copied().chain(others.clone()).collect() };
        assert_eq!(given(&many(&told)), many(&becomes));
        // A status that is told in two ways is no better than a value that is.
        assert_eq!(
            given(&[(1, 5.0, Good), (1, 5.0, Calibrating)]),
            [(1, 5.0, Suspect), (1, 5.0, Calibrating)]
        );
    }

    #[test]
    fn the_same_said_again_or_in_another_unit_is_as_good_as_before() {
        use Quality::Good;
        for rows in [
            vec![(1, 5.0, Good); 2],
            vec![(1, 5.0, Good); 20],
            vec![(1, 8_100.0, Good), (1, 8.1 * 1_000.000_000_000_1, Good)],
        ] {
            assert_eq!(given(&rows), rows);
        }
    }
}

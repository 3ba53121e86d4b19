//! An epoch's rows in the pieces they came in.

use std::collections::BTreeMap;

use ioc_model::{names::SubjectId, observation::Observation};

/// Rows of a piece; a longer one counts as several.
const PIECE: usize = 1 << PIECE_BITS;
const PIECE_BITS: u32 = 7;

/// An epoch's rows: pieces by position, rows by position in each. They are read where they lie.
#[derive(Debug)]
pub struct Rows<'a> {
    pieces: Vec<&'a [Observation]>,
    replaced: &'a [Observation],
}

impl<'a> Rows<'a> {
    /// Of pieces that follow one another by position.
    pub fn of(pieces: impl IntoIterator<Item = &'a [Observation]>) -> Rows<'a> {
        Rows { pieces: pieces.into_iter().flat_map(|piece| piece.chunks(PIECE)).collect(), replaced: &[] }
    }

    /// Beside them rows of messages that are read again, each in the place of what it was.
    #[must_use]
    pub fn replacing(self, replaced: &'a [Observation]) -> Rows<'a> {
        Rows { replaced, ..self }
    }

    /// Those, by subject: by series, in order of arrival.
    pub(super) fn replaced(&self) -> BTreeMap<SubjectId, Vec<&'a Observation>> {
        let mut by_subject: BTreeMap<SubjectId, Vec<&Observation>> = BTreeMap::new();
        for row in self.replaced {
            by_subject.entry(row.series.subject).or_default().push(row);
        }
        for rows in by_subject.values_mut() {
            rows.sort_by_key(|row| (row.series.indicator, row.arrival));
        }
        by_subject
    }

    /// A number above that of every row.
    pub(super) fn end(&self) -> usize {
        self.pieces.len() << PIECE_BITS
    }

    /// A row by its number.
    #[inline]
    pub(super) fn get(&self, row: usize) -> &'a Observation {
        &self.pieces[row >> PIECE_BITS][row % PIECE]
    }

    /// All rows with their numbers, which ascend with their positions; some numbers are of no row.
    #[inline]
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u32, &'a Observation)> {
        let first =
            |piece: usize| u32::try_from(piece << PIECE_BITS).expect("an epoch has fewer than 2^32 rows");
        self.pieces.iter().enumerate().flat_map(move |(piece, rows)| (first(piece)..).zip(rows.iter()))
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::position::Arrival;

    use super::*;

    #[test]
    fn every_row_has_a_number_and_the_numbers_ascend() {
        let observation = |row: u32| Observation {
            series: ioc_model::observation::Series {
                indicator: ioc_model::names::IndicatorId(0),
                subject: SubjectId(0),
            },
            event_time: ioc_model::time::EventTime(0),
            value: 0.0,
            quality: ioc_model::observation::Quality::Good,
            source: ioc_model::names::SourceId(0),
            arrival: Arrival { row, ..Arrival::default() },
        };
        let all: Vec<Observation> = (0..1_000).map(observation).collect();
        let (head, tail) = all.split_at(300);
        let rows = Rows::of([head, &[], &tail[..1], &tail[1..]]);
        let numbered: Vec<(u32, &Observation)> = rows.numbered().collect();
        assert!(numbered.iter().map(|(_, row)| **row).eq(all.iter().copied()));
        assert!(numbered.is_sorted_by(|a, b| a.0 < b.0));
        assert!(numbered.iter().all(|(number, row)| std::ptr::eq(rows.get(*number as usize), *row)));
        assert!(numbered.iter().all(|(number, _)| (*number as usize) < rows.end()));
    }
}

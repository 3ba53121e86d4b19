//! An epoch's rows by series, without moving a row.

use ioc_model::{
    names::{IndicatorId, SubjectId},
    observation::Observation,
};

use super::Rows;

/// Fewer rows are sorted by comparing.
const FEW: usize = 1_024;
/// Rows are dealt out by so many bits of their series at a time.
const DIGIT: u32 = 11;
/// And by at most so many bits in all.
const MOST_BITS: u32 = 3 * DIGIT;

/// So many rows and what they need fit the nearest caches.
const SEVERAL: usize = 128;

/// A row's series, and which row it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    subject: u32,
    indicator: u32,
    row: u32,
}

impl Key {
    fn new(observation: &Observation, row: u32) -> Key {
        let series = observation.series;
        Key { subject: series.subject.0, indicator: series.indicator.0, row }
    }

    pub(super) fn subject(self) -> SubjectId {
        SubjectId(self.subject)
    }

    pub(super) fn indicator(self) -> IndicatorId {
        IndicatorId(self.indicator)
    }

    pub(super) fn row(self) -> usize {
        self.row as usize
    }

    pub(super) fn same_series(&self, other: &Key) -> bool {
        (self.subject, self.indicator) == (other.subject, other.indicator)
    }
}

/// Keys of an epoch's rows; the room for them is used again.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    keys: Vec<Key>,
    dealt: Vec<Key>,
}

impl Grouping {
    /// By subject and indicator, and by arrival inside a series. `rows` are in order of position: that is the order
    /// of arrival too, unless a subject speaks through several partitions.
    pub(super) fn by_series(&mut self, rows: &Rows<'_>) -> &[Key] {
        self.keys.clear();
        self.keys.extend(rows.numbered().map(|(row, observation)| Key::new(observation, row)));
        self.sort();
        for series in self.keys.chunk_by_mut(Key::same_series) {
            let arrival = |key: &Key| rows.get(key.row()).arrival;
            if !series.is_sorted_by_key(arrival) {
                series.sort_unstable_by_key(arrival);
            }
        }
        &self.keys
    }

    /// Numbers of names are small and dense, so keys are dealt out by a few digits of theirs instead of compared; a
    /// deal keeps the order of what it does not tell apart.
    fn sort(&mut self) {
        let widest = self.keys.iter().fold(Key::default(), |widest, key| Key {
            subject: widest.subject | key.subject,
            indicator: widest.indicator | key.indicator,
            row: 0,
        });
        let indicator_bits = u32::BITS - widest.indicator.leading_zeros();
        let bits = indicator_bits + (u32::BITS - widest.subject.leading_zeros());
        if self.keys.len() < FEW || bits > MOST_BITS {
            self.keys.sort_unstable();
            return;
        }
        for shift in (0..bits).step_by(DIGIT as usize) {
            let digit = |key: &Key| {
                let series = u64::from(key.subject) << indicator_bits | u64::from(key.indicator);
                (series >> shift) as usize & ((1 << DIGIT) - 1)
            };
            deal(&self.keys, &mut self.dealt, digit);
            std::mem::swap(&mut self.keys, &mut self.dealt);
        }
    }
}

/// One pass of a radix sort from the lowest digit up.
fn deal(keys: &[Key], dealt: &mut Vec<Key>, digit: impl Fn(&Key) -> usize) {
    let mut places = [0u32; 1 << DIGIT];
    for key in keys {
        places[digit(key)] += 1;
    }
    let mut before = 0;
    for place in &mut places {
        (*place, before) = (before, before + *place);
    }
    dealt.resize(keys.len(), Key::default());
    for key in keys {
        let place = &mut places[digit(key)];
        dealt[*place as usize] = *key;
        *place += 1;
    }
}

/// The keys of whole subjects, about [`SEVERAL`] at a time.
pub(super) fn several_subjects(mut keys: &[Key]) -> impl Iterator<Item = &[Key]> {
    std::iter::from_fn(move || {
        let last = keys.get(SEVERAL.min(keys.len()).checked_sub(1)?)?.subject;
        let behind = keys.iter().skip(SEVERAL).take_while(|key| key.subject == last).count();
        let (several, rest) = keys.split_at((SEVERAL + behind).min(keys.len()));
        keys = rest;
        Some(several)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn replay_keys_are_dealt_out_as_if_they_were_compared(
            series in proptest::collection::vec((0u32..40_000, 0u32..300), 0..3_000),
            far in any::<u32>(),
        ) {
            for far in [0, far] {
                let keys: Vec<Key> = (0..)
                    .zip(&series)
                    .map(|(row, (subject, indicator))| Key { subject: subject ^ far, indicator: *indicator, row })
                    .collect();
                let mut sorted = keys.clone();
                sorted.sort_unstable();
                let mut grouping = Grouping { keys, dealt: Vec::new() };
                grouping.sort();
                prop_assert_eq!(&grouping.keys, &sorted);
                let several: Vec<&[Key]> = several_subjects(&sorted).collect();
                prop_assert_eq!(&several.concat(), &sorted);
                let subjects = |keys: &&[Key]| (keys[0].subject, keys[keys.len() - 1].subject);
                prop_assert!(several.iter().map(subjects).is_sorted_by(|a, b| a.1 < b.0));
            }
        }
    }
}

//! Which row of an epoch is its key's last word.
//!
//! Whoever reads goes by rows, so of all rows of a key exactly one must say what its value is at the end of an epoch.
//! Nearly every key has one row in an epoch, and nobody looks for another one before something else than a first value
//! is stored: then the rows before it are gone through once.

use ioc_model::{
    name::Name,
    names::{IndicatorId, Source},
    results::{RowStanding, StoredObservation},
    time::EventTime,
};
use rustc_hash::FxHashMap;

use super::{Fates, Key, ShardResults};
use crate::day::Current;

/// Where a row is that said its key's value so far.
#[derive(Clone, Copy, Debug)]
pub(super) enum StoredAt {
    /// Among the epoch's rows.
    Row(usize),
    /// Among the results: a row that had waited, or one that is said again.
    Result(usize),
}

/// The last words of those series of a subject of which rows were replaced in an epoch: what comes behind goes on there.
#[derive(Debug, Default)]
pub(super) struct WordsBefore(Vec<(IndicatorId, LastWords)>);

impl WordsBefore {
    /// Keeps those of a series.
    pub(super) fn keep(&mut self, indicator: IndicatorId, words: LastWords) {
        self.0.push((indicator, words));
    }

    /// Those of a series; `otherwise` where it has none.
    pub(super) fn of<'a>(
        &'a mut self,
        indicator: IndicatorId,
        otherwise: &'a mut LastWords,
    ) -> &'a mut LastWords {
        let kept = self.0.iter_mut().find(|(of, _)| *of == indicator);
        kept.map_or(otherwise, |(_, words)| words)
    }
}

/// The last words of one series in an epoch, by key.
#[derive(Debug, Default)]
pub(super) struct LastWords(Option<FxHashMap<EventTime, StoredAt>>);

impl LastWords {
    /// A first value was stored.
    #[inline]
    pub(super) fn first(&mut self, time: EventTime, stored_at: StoredAt) {
        if let Some(words) = &mut self.0 {
            let _ = words.insert(time, stored_at);
        }
    }

    /// Another row was stored, behind some rows of the epoch. A version that is current again is said again.
    #[allow(clippy::too_many_arguments, reason = "what a row is, and what became of it")]
    pub(super) fn behind(
        &mut self,
        (indicator, subject): (Name, Name),
        time: EventTime,
        current: Current,
        stored_at: StoredAt,
        before: &[Key],
        fates: &mut Fates<'_>,
        results: &mut ShardResults,
    ) {
        let stored_at = match current {
            Current::Stays => return,
            Current::Becomes | Current::Lowered => stored_at,
            Current::Restored(again) => {
                let (version, Source { feed, sender }) = *again;
                results.facts.observations.push(StoredObservation {
                    indicator,
                    subject,
                    event_time: time,
                    value: version.value,
                    quality: version.quality,
                    feed,
                    sender,
                    arrival: version.arrival,
                    standing: RowStanding::Restored,
                    last_word: true,
                });
                StoredAt::Result(results.facts.observations.len() - 1)
            }
        };
        let words = self.0.get_or_insert_with(|| {
            let last = before.iter().map(|key| key.row()).filter(|row| fates.is_last_word(*row));
            last.map(|row| (fates.rows.get(row).event_time, StoredAt::Row(row))).collect()
        });
        match words.insert(time, stored_at) {
            Some(StoredAt::Row(row)) => fates.take_word(row),
            Some(StoredAt::Result(row)) => results.facts.observations[row].last_word = false,
            None => {}
        }
    }
}

//! Gathers what the workers made of an epoch, and sorts it.
//!
//! The order of the sorted rows is a function of the rows alone: names, positions and times. Whatever number of
//! workers made them, the same epoch leaves here as the same bytes (invariant REPLAY).

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    results::{EpochResults, WindowResult},
};

use crate::{flow::Part, shard::ShardResults};

/// A whole epoch.
#[derive(Debug)]
pub(crate) struct Whole {
    pub results: EpochResults,
    /// The subjects' state after it, if a checkpoint was asked for.
    pub subjects: Option<Result<Vec<Vec<u8>>, postcard::Error>>,
}

/// Collects the parts of epochs until each is whole.
#[derive(Debug)]
pub(crate) struct Collector {
    workers: usize,
    generation: Generation,
    epochs: BTreeMap<Epoch, Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    judged: usize,
    results: Partial,
    subjects: Option<Result<Vec<Vec<u8>>, postcard::Error>>,
}

#[derive(Debug, Default)]
struct Partial {
    made: EpochResults,
    counts: BTreeMap<Arc<str>, Counts>,
}

impl Collector {
    pub(crate) fn new(workers: usize, generation: Generation) -> Collector {
        Collector { workers, generation, epochs: BTreeMap::new() }
    }

    /// Takes a part; gives back the epoch if it is whole now. A worker's parts of an epoch come before those of
    /// the next, so epochs become whole in order.
    ///
    /// # Errors
    /// With the number of the worker that died.
    pub(crate) fn take(&mut self, part: Part) -> Result<Option<(Epoch, Whole)>, usize> {
        match part {
            Part::Died { worker } => Err(worker),
            Part::Decoded { epoch, mut rejects, counts } => {
                let results = &mut self.epochs.entry(epoch).or_default().results;
                results.made.rejects.append(&mut rejects);
                results.count(counts);
                Ok(None)
            }
            Part::Judged { epoch, results: made, records } => {
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.judged += 1;
                let results = &mut gathered.results;
                results.gather(*made);
                gathered.subjects = merge(gathered.subjects.take(), records);
                if gathered.judged < self.workers {
                    return Ok(None);
                }
                let whole = self.epochs.remove(&epoch).unwrap_or_default();
                Ok(Some((epoch, whole.sorted(epoch, self.generation))))
            }
        }
    }
}

type Subjects = Option<Result<Vec<Vec<u8>>, postcard::Error>>;

fn merge(all: Subjects, more: Subjects) -> Subjects {
    match (all, more) {
        (None, other) | (other, None) => other,
        (Some(Ok(mut all)), Some(Ok(more))) => {
            all.extend(more);
            Some(Ok(all))
        }
        (Some(Err(error)), _) | (_, Some(Err(error))) => Some(Err(error)),
    }
}

impl Partial {
    fn gather(&mut self, shard: ShardResults) {
        let made = &mut self.made;
        made.observations.extend(shard.observations);
        made.windows.extend(shard.windows);
        made.indices.extend(shard.indices);
        made.assessments.extend(shard.assessments);
        made.statuses.extend(shard.statuses);
        made.alerts.extend(shard.alerts);
        made.actions.extend(shard.actions);
        made.rejects.extend(shard.rejects);
        made.recalls.extend(shard.recalls);
        made.window_recalls.extend(shard.window_recalls);
        self.count(shard.counts);
    }

    fn count(&mut self, counts: impl IntoIterator<Item = (Arc<str>, Counts)>) {
        for (feed, counts) in counts {
            self.counts.entry(feed).or_default().add(&counts);
        }
    }
}

impl Gathered {
    fn sorted(self, epoch: Epoch, generation: Generation) -> Whole {
        let Partial { made: mut results, counts } = self.results;
        results.epoch = epoch;
        results.generation = generation;
        results.counts = counts.into_iter().collect();
        results.observations.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row));
        results.actions.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row));
        results.rejects.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row, row.whole));
        results.windows.sort_unstable_by(|a, b| {
            let key = |row: &WindowResult| (row.kind, row.start);
            (&a.indicator, &a.subject).cmp(&(&b.indicator, &b.subject)).then_with(|| key(a).cmp(&key(b)))
        });
        results.indices.sort_by(|a, b| {
            (a.index, &a.subject, a.kind, a.start).cmp(&(b.index, &b.subject, b.kind, b.start))
        });
        results.assessments.sort_by(|a, b| {
            (&a.limit, &a.subject, a.averaging, a.start).cmp(&(&b.limit, &b.subject, b.averaging, b.start))
        });
        // An epoch that brings an answer may work a window out twice: what was found last counts.
        results.indices.dedup_by(|later, kept| {
            let same = (later.index, &later.subject, later.kind, later.start)
                == (kept.index, &kept.subject, kept.kind, kept.start);
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        results.assessments.dedup_by(|later, kept| {
            let same = (&later.limit, &later.subject, later.averaging, later.start)
                == (&kept.limit, &kept.subject, kept.averaging, kept.start);
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        results.statuses.sort_by(|a, b| a.subject.cmp(&b.subject));
        results.alerts.sort_by(|a, b| (&a.key.rule, &a.key.subject).cmp(&(&b.key.rule, &b.key.subject)));
        results.recalls.sort_unstable();
        results.window_recalls.sort_unstable();
        // The driver fills in the facts of the manifest.
        Whole { results, subjects: self.subjects }
    }
}

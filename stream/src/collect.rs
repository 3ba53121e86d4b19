//! Gathers what the workers made of an epoch, and sorts it.
//!
//! The order of the sorted rows is a function of the rows alone: names, positions and times. Whatever number of
//! workers made them, the same epoch leaves here as the same bytes (invariant REPLAY).

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    results::EpochResults,
    time::Now,
};

use crate::flow::Part;

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
    observations: Vec<ioc_model::results::StoredObservation>,
    windows: Vec<ioc_model::results::WindowResult>,
    rejects: Vec<ioc_model::results::RejectedRow>,
    recalls: Vec<ioc_model::results::RecallRequest>,
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
                results.rejects.append(&mut rejects);
                results.count(counts);
                Ok(None)
            }
            Part::Judged { epoch, results: made, records } => {
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.judged += 1;
                let results = &mut gathered.results;
                results.observations.extend(made.observations);
                results.windows.extend(made.windows);
                results.recalls.extend(made.recalls);
                results.count(made.counts);
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
    fn count(&mut self, counts: impl IntoIterator<Item = (Arc<str>, Counts)>) {
        for (feed, counts) in counts {
            self.counts.entry(feed).or_default().add(&counts);
        }
    }
}

impl Gathered {
    fn sorted(self, epoch: Epoch, generation: Generation) -> Whole {
        let Partial { mut observations, mut windows, mut rejects, mut recalls, counts } = self.results;
        observations.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row));
        windows.sort_unstable_by(|a, b| {
            let key = |row: &ioc_model::results::WindowResult| (row.kind, row.start);
            (&a.indicator, &a.subject).cmp(&(&b.indicator, &b.subject)).then_with(|| key(a).cmp(&key(b)))
        });
        rejects.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row, row.whole));
        recalls.sort_unstable();
        let results = EpochResults {
            epoch,
            generation,
            // The driver fills in the facts of the manifest.
            now: Now(0),
            manifest_hash: [0; 32],
            observations,
            windows,
            rejects,
            counts: counts.into_iter().collect(),
            recalls,
            ..EpochResults::default()
        };
        Whole { results, subjects: self.subjects }
    }
}

//! Gathers what the workers made of an epoch, and arranges it.
//!
//! The order of the arranged facts is a function of the rows alone: names, positions and times. Whatever number of
//! workers made them, the same epoch leaves here as the same bytes (invariant REPLAY).

use std::collections::BTreeMap;

use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    fact::Ranks,
    name::Name,
    results::{EpochResults, FeedMinute},
};

use crate::{flow::Part, step::ShardResults};

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
    ranks: Ranks,
}

#[derive(Debug, Default)]
struct Gathered {
    judged: usize,
    results: EpochResults,
    counts: BTreeMap<Name, Counts>,
    subjects: Option<Result<Vec<Vec<u8>>, postcard::Error>>,
}

impl Collector {
    pub(crate) fn new(workers: usize, generation: Generation) -> Collector {
        Collector { workers, generation, epochs: BTreeMap::new(), ranks: Ranks::default() }
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
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.results.facts.rejects.append(&mut rejects);
                gathered.count(counts);
                Ok(None)
            }
            Part::Judged { epoch, results: made, records } => {
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.judged += 1;
                gathered.gather(*made);
                gathered.subjects = merge(gathered.subjects.take(), records);
                if gathered.judged < self.workers {
                    return Ok(None);
                }
                let whole = self.epochs.remove(&epoch).unwrap_or_default();
                Ok(Some((epoch, whole.arranged(epoch, self.generation, &mut self.ranks))))
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

impl Gathered {
    fn count(&mut self, counts: impl IntoIterator<Item = (Name, Counts)>) {
        for (feed, counts) in counts {
            self.counts.entry(feed).or_default().add(&counts);
        }
    }

    fn gather(&mut self, shard: ShardResults) {
        let ShardResults { now, facts, counts, questions } = shard;
        self.count(counts);
        self.results.now = now;
        self.results.facts.gather(facts);
        self.results.questions.extend(questions);
    }

    fn arranged(self, epoch: Epoch, generation: Generation, ranks: &mut Ranks) -> Whole {
        let Gathered { mut results, counts, subjects, .. } = self;
        results.epoch = epoch;
        results.generation = generation;
        let counted = counts.into_iter().filter(|(_, counts)| !counts.is_zero());
        results.facts.feed_minutes =
            counted.map(|(feed, counts)| FeedMinute::new(feed, results.now, counts)).collect();
        results.facts.arrange(ranks);
        results.questions.sort_unstable();
        // The driver fills in the hash of the manifest.
        Whole { results, subjects }
    }
}

//! Gathers what the workers made of an epoch, and sorts it.
//!
//! The order of the sorted rows is a function of the rows alone: names, positions and times. Whatever number of
//! workers made them, the same epoch leaves here as the same bytes (invariant REPLAY).

use std::collections::BTreeMap;

use ioc_model::{
    counts::Counts,
    epoch::{Epoch, Generation},
    name::Name,
    results::{EpochResults, StoredObservation},
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
    ranks: Ranks,
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
    counts: BTreeMap<Name, Counts>,
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
                Ok(Some((epoch, whole.sorted(epoch, self.generation, &mut self.ranks))))
            }
        }
    }
}

/// Where names stand among each other, so that many rows are sorted by numbers instead of texts.
#[derive(Debug, Default)]
struct Ranks {
    sorted: Vec<Name>,
    /// By the name's number.
    ranks: Vec<Option<u32>>,
}

impl Ranks {
    fn learn(&mut self, names: impl Iterator<Item = Name>) {
        let known = self.sorted.len();
        for name in names {
            let number = name.number() as usize;
            if number >= self.ranks.len() {
                self.ranks.resize(number + 1, None);
            }
            if self.ranks[number].is_none() {
                self.ranks[number] = Some(0);
                self.sorted.push(name);
            }
        }
        if self.sorted.len() > known {
            self.sorted.sort();
            for (rank, name) in (0..).zip(&self.sorted) {
                self.ranks[name.number() as usize] = Some(rank);
            }
        }
    }

    /// Of a name that was learned.
    fn of(&self, name: Name) -> u32 {
        self.ranks[name.number() as usize].unwrap_or(u32::MAX)
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

/// Merges rows by position into others by position.
fn merge_by_place(rows: &mut Vec<StoredObservation>, others: Vec<StoredObservation>) {
    let mut merged = Vec::with_capacity(rows.len() + others.len());
    let mut others = others.into_iter().peekable();
    for row in rows.drain(..) {
        while let Some(other) = others.next_if(|other| other.arrival.place() < row.arrival.place()) {
            merged.push(other);
        }
        merged.push(row);
    }
    merged.extend(others);
    *rows = merged;
}

impl Partial {
    fn gather(&mut self, shard: ShardResults) {
        let made = &mut self.made;
        match made.observations.is_empty() {
            true => made.observations = shard.observations,
            false => merge_by_place(&mut made.observations, shard.observations),
        }
        made.windows.extend(shard.windows);
        made.indices.extend(shard.indices);
        made.assessments.extend(shard.assessments);
        made.statuses.extend(shard.statuses);
        made.alerts.extend(shard.alerts);
        made.actions.extend(shard.actions);
        made.rejects.extend(shard.rejects);
        made.questions.extend(shard.questions);
        self.count(shard.counts);
    }

    fn count(&mut self, counts: impl IntoIterator<Item = (Name, Counts)>) {
        for (feed, counts) in counts {
            self.counts.entry(feed).or_default().add(&counts);
        }
    }
}

impl Gathered {
    fn sorted(self, epoch: Epoch, generation: Generation, ranks: &mut Ranks) -> Whole {
        let Partial { made: mut results, counts } = self.results;
        results.epoch = epoch;
        results.generation = generation;
        results.counts = counts.into_iter().collect();
        results.actions.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row));
        results.rejects.sort_unstable_by_key(|row| (row.arrival.position, row.arrival.row, row.whole));
        ranks.learn(results.windows.iter().flat_map(|row| [row.indicator, row.subject]));
        results
            .windows
            .sort_by_cached_key(|row| (ranks.of(row.indicator), ranks.of(row.subject), row.kind, row.start));
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
        results.statuses.sort_by_key(|a| a.subject);
        results.alerts.sort_by(|a, b| (&a.key.rule, &a.key.subject).cmp(&(&b.key.rule, &b.key.subject)));
        results.questions.sort_unstable();
        // The driver fills in the facts of the manifest.
        Whole { results, subjects: self.subjects }
    }
}

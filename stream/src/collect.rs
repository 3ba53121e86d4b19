//! Gathers what the workers made of an epoch, and arranges it.
//!
//! The order of the arranged facts is a function of the rows alone: names, positions and times. Whatever number of
//! workers made them, the same epoch leaves here as the same bytes (invariant REPLAY).

use std::collections::BTreeMap;

use ioc_model::{epoch::Epoch, fact::Ranks, results::EpochResults};

use crate::{
    flow::{OfAllRecord, Part, Records},
    halt::Halt,
    step::ShardResults,
};

/// A whole epoch.
#[derive(Debug)]
pub(crate) struct Whole {
    pub results: EpochResults,
    /// The state of subjects, log sources and suspects after it, if a checkpoint was asked for.
    pub records: Option<Records>,
    /// What is owed, and what the figures are worked out from beside them, if a checkpoint was asked for.
    pub of_all: Option<Result<OfAllRecord, postcard::Error>>,
}

/// Collects the parts of epochs until each is whole.
#[derive(Debug)]
pub(crate) struct Collector {
    workers: usize,
    epochs: BTreeMap<Epoch, Gathered>,
    ranks: Ranks,
}

#[derive(Debug, Default)]
struct Gathered {
    /// Parts there are.
    parts: usize,
    results: EpochResults,
    records: Option<Records>,
    of_all: Option<Result<OfAllRecord, postcard::Error>>,
}

impl Collector {
    pub(crate) fn new(workers: usize) -> Collector {
        Collector { workers, epochs: BTreeMap::new(), ranks: Ranks::default() }
    }

    /// Takes a part; gives back the epoch if it is whole now. A worker's parts of one kind come in order of epochs, so
    /// epochs become whole in order.
    ///
    /// # Errors
    /// If a worker died or cannot go on.
    pub(crate) fn take(&mut self, part: Part) -> Result<Option<(Epoch, Whole)>, Halt> {
        let (epoch, gathered) = match part {
            Part::Died { worker } => return Err(Halt(format!("worker {worker} panicked"))),
            Part::Halted(halt) => return Err(halt),
            Part::Judged { epoch, results, records } => {
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.gather(*results);
                gathered.records = Records::merged(gathered.records.take(), records);
                (epoch, gathered)
            }
            Part::Summed { epoch, facts, record } => {
                let gathered = self.epochs.entry(epoch).or_default();
                gathered.results.facts.gather(*facts);
                gathered.of_all = gathered.of_all.take().or(record);
                (epoch, gathered)
            }
        };
        gathered.parts += 1;
        if gathered.parts < self.workers * Part::KINDS {
            return Ok(None);
        }
        let whole = self.epochs.remove(&epoch).unwrap_or_default();
        Ok(Some((epoch, whole.arranged(epoch, &mut self.ranks))))
    }
}

type Encoded = Result<Vec<Vec<u8>>, postcard::Error>;

impl Records {
    fn merged(all: Option<Records>, more: Option<Records>) -> Option<Records> {
        match (all, more) {
            (None, other) | (other, None) => other,
            (Some(all), Some(more)) => Some(Records {
                subjects: both(all.subjects, more.subjects),
                relays: both(all.relays, more.relays),
                log_sources: both(all.log_sources, more.log_sources),
                nodes: both(all.nodes, more.nodes),
                suspects: both(all.suspects, more.suspects),
            }),
        }
    }
}

fn both(all: Encoded, more: Encoded) -> Encoded {
    let mut all = all?;
    all.extend(more?);
    Ok(all)
}

impl Gathered {
    fn gather(&mut self, shard: ShardResults) {
        // Its counts, and what its subjects say, went another way: they are summed.
        let ShardResults {
            now, facts, questions, read, waited, forgotten, untold, rebirths, births_cut, ..
        } = shard;
        for (rule, count) in forgotten {
            *self.results.forgotten.entry(rule).or_default() += count;
        }
        for (relay, count) in untold {
            *self.results.untold.entry(relay).or_default() += count;
        }
        for (sender, count) in births_cut {
            *self.results.births_cut.entry(sender).or_default() += count;
        }
        self.results.rebirths.extend(rebirths);
        self.results.now = now;
        self.results.facts.gather(facts);
        self.results.questions.extend(questions);
        self.results.read.extend(read);
        self.results.waited.extend(waited);
    }

    fn arranged(self, epoch: Epoch, ranks: &mut Ranks) -> Whole {
        let Gathered { mut results, records, of_all, .. } = self;
        results.epoch = epoch;
        results.facts.arrange(ranks);
        results.questions.sort_unstable();
        results.read.sort_unstable();
        results.waited.sort_unstable();
        results.rebirths.sort_unstable();
        // The driver fills in what the manifest says beside.
        Whole { results, records, of_all }
    }
}

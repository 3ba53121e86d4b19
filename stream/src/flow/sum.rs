//! What crosses subjects.
//!
//! The last exchange of an epoch. A shard knows its subjects and no others; what all of them say of one name is said to
//! the worker that holds the virtual shard of that name, and added up there when the frontier has passed the epoch. So
//! it is the same for any number of workers, and with many processes as with one (invariant REPLAY).
//!
//! That is what became of each feed's envelopes and rows, what the figures are made of, and who owes which report. Whatever
//! else is made of several subjects meets here.

use std::collections::BTreeMap;

use ioc_decode::Decoder;
use ioc_model::{
    action::Action,
    counts::Counts,
    name::Name,
    results::{Facts, FeedMinute},
    time::Now,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    exchange::Addresses,
    figures::{AlertStep, FIGURES, Figures},
    ledger::Ledger,
    step::{Filed, ShardResults, SubjectStatement, Suspected},
};

/// What one worker says to another of an epoch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Addends {
    pub(super) worker: u32,
    feeds: Vec<(Name, Counts)>,
    of_figures: OfFigures,
}

/// What one worker says of an epoch to the one that keeps the ledger and works out the figures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OfFigures {
    feeds: Vec<(Name, Counts)>,
    said: Vec<SubjectStatement>,
    suspected: Vec<Suspected>,
    steps: Vec<AlertStep>,
    filed: Vec<Filed>,
    acts: Vec<Action>,
    urgent: bool,
}

/// What one worker keeps for all: what is owed, and what the figures are worked out from.
#[derive(Debug, Default)]
pub(crate) struct OfAll {
    pub(crate) ledger: Ledger,
    pub(crate) figures: Figures,
}

/// What a checkpoint keeps of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfAllRecord {
    pub(crate) ledger: Vec<u8>,
    pub(crate) figures: Vec<u8>,
}

impl OfAll {
    pub(super) fn record(&self) -> Result<OfAllRecord, postcard::Error> {
        Ok(OfAllRecord { ledger: self.ledger.record()?, figures: self.figures.record()? })
    }
}

/// What has reached a worker of an epoch that is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Sums {
    feeds: BTreeMap<Name, Counts>,
    of_figures: OfFigures,
}

/// Splits what a worker counted by who adds it up.
pub(super) fn addressed(
    counts: FxHashMap<Name, Counts>,
    addresses: &Addresses,
) -> impl Iterator<Item = Addends> {
    let mut by_worker: BTreeMap<usize, Vec<(Name, Counts)>> = BTreeMap::new();
    for (feed, counts) in counts {
        by_worker.entry(addresses.of_name(&feed)).or_default().push((feed, counts));
    }
    let worker = |worker| u32::try_from(worker).expect("fewer workers than shards");
    by_worker.into_iter().map(move |(number, feeds)| Addends {
        worker: worker(number),
        feeds,
        ..Addends::default()
    })
}

impl Addends {
    /// What an epoch made in one worker, for whoever works out the figures; none where there is nothing to say.
    pub(super) fn of_figures(
        results: &mut ShardResults,
        decoded: &FxHashMap<Name, Counts>,
        judged: &FxHashMap<Name, Counts>,
        addresses: &Addresses,
    ) -> Option<Addends> {
        let feeds = [decoded, judged].into_iter().flatten().map(|(feed, counts)| (*feed, *counts)).collect();
        let of_figures = OfFigures {
            feeds,
            said: std::mem::take(&mut results.said),
            suspected: std::mem::take(&mut results.suspected),
            steps: results.facts.alerts.iter().filter_map(AlertStep::of).collect(),
            filed: std::mem::take(&mut results.filed),
            acts: std::mem::take(&mut results.acts),
            urgent: results.urgent,
        };
        let OfFigures { feeds, said, suspected, steps, filed, acts, urgent } = &of_figures;
        let of_alerts = suspected.is_empty() && steps.is_empty() && acts.is_empty();
        if feeds.is_empty() && said.is_empty() && of_alerts && filed.is_empty() && !urgent {
            return None;
        }
        let worker = u32::try_from(addresses.of_name(FIGURES)).expect("fewer workers than shards");
        Some(Addends { worker, feeds: Vec::new(), of_figures })
    }
}

impl Sums {
    pub(super) fn add(&mut self, addends: Addends) {
        for (feed, counts) in addends.feeds {
            self.feeds.entry(feed).or_default().add(&counts);
        }
        let OfFigures { feeds, said, suspected, steps, filed, acts, urgent } = addends.of_figures;
        self.of_figures.steps.extend(steps);
        self.of_figures.filed.extend(filed);
        self.of_figures.acts.extend(acts);
        self.of_figures.feeds.extend(feeds);
        self.of_figures.suspected.extend(suspected);
        self.of_figures.said.extend(said);
        self.of_figures.urgent |= urgent;
    }

    /// Tells the ledger and the figures what was said, and what is made of them.
    pub(super) fn of_all(&mut self, of_all: &mut OfAll, now: Now, decoder: &Decoder) -> Facts {
        let OfFigures { feeds, said, suspected, steps, filed, mut acts, urgent } =
            std::mem::take(&mut self.of_figures);
        let OfAll { ledger, figures } = of_all;
        // Workers' words come in any order: who acts first is first.
        acts.sort_by_key(|action| action.arrival);
        let owed = ledger.take(now, decoder, filed, acts);
        let urgent = urgent || !owed.facts.alerts.is_empty();
        owed.open.into_iter().for_each(|reminded| figures.remind(reminded));
        for (feed, counts) in &feeds {
            figures.count(*feed, counts);
        }
        said.into_iter().for_each(|said| figures.hear(said));
        suspected.into_iter().for_each(|suspected| figures.suspect(suspected));
        steps.into_iter().for_each(|step| figures.step(step));
        let made = figures.work_out(now, decoder.pack(), urgent);
        Facts { figures: made, ..owed.facts }
    }

    /// The facts they make.
    pub(super) fn facts(self, now: Now) -> Vec<FeedMinute> {
        let counted = self.feeds.into_iter().filter(|(_, counts)| !counts.is_zero());
        counted.map(|(feed, counts)| FeedMinute::new(feed, now, counts)).collect()
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::names::Names;

    use super::*;
    use crate::exchange::Shards;

    #[test]
    fn replay_each_name_is_added_up_by_one_worker_whoever_counted_it() {
        let counted = |rows: u64| {
            let of_feed = |number: u64| {
                (Name::new(&format!("feed-{number}")), Counts { rows: rows * number, ..Counts::default() })
            };
            (0..20).map(of_feed).collect::<FxHashMap<Name, Counts>>()
        };
        for workers in [1, 2, 5] {
            let addresses = Addresses::new(Names::default(), Shards::default(), workers);
            let mut sums: Vec<Sums> = (0..workers).map(|_| Sums::default()).collect();
            for addends in addressed(counted(1), &addresses).chain(addressed(counted(2), &addresses)) {
                sums[addends.worker as usize].add(addends);
            }
            let mut facts: Vec<FeedMinute> =
                sums.into_iter().flat_map(|sums| sums.facts(Now(60_000))).collect();
            facts.sort_by_key(|fact| fact.feed);
            let rows: BTreeMap<&str, u64> =
                facts.iter().map(|fact| (fact.feed.as_str(), fact.counts.rows)).collect();
            let expected: Vec<(String, u64)> =
                (1..20).map(|number| (format!("feed-{number}"), 3 * number)).collect();
            // Of feed 0 there is nothing to say.
            assert_eq!(facts.len(), expected.len(), "{workers} workers");
            assert!(expected.iter().all(|(feed, sum)| rows[feed.as_str()] == *sum), "{workers} workers");
        }
    }
}

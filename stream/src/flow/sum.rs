//! What crosses subjects.
//!
//! The last exchange of an epoch. A shard knows its subjects and no others; what all of them say of one name is said to
//! the worker that holds the virtual shard of that name, and added up there when the frontier has passed the epoch. So
//! it is the same for any number of workers, and with many processes as with one (invariant REPLAY).
//!
//! That is what became of each feed's envelopes and rows, and what the figures are made of. Whatever
//! else is made of several subjects meets here.

use std::collections::BTreeMap;

use ioc_model::{
    counts::Counts,
    name::Name,
    pack::Pack,
    results::{FeedMinute, FigureResult},
    time::Now,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::{
    exchange::Addresses,
    figures::{AlertStep, FIGURES, Figures},
    step::{ShardResults, SubjectStatement, Suspected},
};

/// What one worker says to another of an epoch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Addends {
    pub(super) worker: u32,
    feeds: Vec<(Name, Counts)>,
    of_figures: OfFigures,
}

/// What one worker says of an epoch to the one that works out the figures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OfFigures {
    feeds: Vec<(Name, Counts)>,
    said: Vec<SubjectStatement>,
    suspected: Vec<Suspected>,
    steps: Vec<AlertStep>,
    urgent: bool,
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
            urgent: results.urgent,
        };
        let OfFigures { feeds, said, suspected, steps, urgent } = &of_figures;
        if feeds.is_empty() && said.is_empty() && suspected.is_empty() && steps.is_empty() && !urgent {
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
        let OfFigures { feeds, said, suspected, steps, urgent } = addends.of_figures;
        self.of_figures.steps.extend(steps);
        self.of_figures.feeds.extend(feeds);
        self.of_figures.suspected.extend(suspected);
        self.of_figures.said.extend(said);
        self.of_figures.urgent |= urgent;
    }

    /// Tells the figures what was said, and what is made of them.
    pub(super) fn figures(&mut self, figures: &mut Figures, now: Now, pack: &Pack) -> Vec<FigureResult> {
        let OfFigures { feeds, said, suspected, steps, urgent } = std::mem::take(&mut self.of_figures);
        for (feed, counts) in &feeds {
            figures.count(*feed, counts);
        }
        said.into_iter().for_each(|said| figures.hear(said));
        suspected.into_iter().for_each(|suspected| figures.suspect(suspected));
        steps.into_iter().for_each(|step| figures.step(step));
        figures.work_out(now, pack, urgent)
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

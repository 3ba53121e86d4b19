//! Whom rules over events suspect: the addresses and users one worker holds, and what was seen of them.
//!
//! A log source's events are stored where the log source is held. What a rule counts of them crosses log sources: so of
//! each event that a rule watches a [`Sighting`] goes on to whoever holds the virtual shard of its address or user, in
//! order of arrival. Addresses and users are open sets: none becomes a name, and all that is kept of one is forgotten
//! when nothing of it came for so long as a late event may count (invariant BOUND).
//!
//! A rule is reached where its count over some `within` is: by when things happened, not by when they came. It is looked
//! at with every sighting and not at an epoch's end, so what raises an alert, and which events made it enough, depends on
//! the order of arrival and on nothing else (invariants REPLAY, BATCH). The recorded clock decides what depends on time
//! alone: whether an alert is over when it is raised, when it is over, and when something is forgotten.
//!
//! An alert is over when nothing that counts happened for so long as its rule says. What was over when it was learnt, from
//! a file of yesterday, is raised as over, once a run, to be acknowledged like any other.

mod suspect;
mod watch;

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    action::Action,
    event::{Adds, Event},
    name::Name,
    pack::PackVersion,
    position::Arrival,
    rule::{Counting, Group, Priority},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::watch::NOBODY;
use self::watch::Watch;
pub(crate) use self::watch::WatchRecord;
use crate::{
    derive::statement::OpenAlert,
    exchange::{Addresses, Shards, VirtualShard},
    step::{EpochFacts, ShardResults},
};

/// A sighting counts in windows that later ones complete for so long after it arrived, and `within` on top.
const LATE: Millis = Millis::hours(1);

/// An event that a rule watches, on its way to whoever holds its address or user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sighting {
    pub(crate) rule: Name,
    pub(crate) group: Group,
    /// When it happened.
    pub(crate) at: EventTime,
    pub(crate) adds: SightingAdds,
    pub(crate) arrival: Arrival,
}

/// What of it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SightingAdds {
    /// So many more, or less.
    More(i64),
    /// One of different things, by 64 bits of a hash over its name.
    One(u64),
}

/// What of events is watched: the rules of a pack.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    version: Option<PackVersion>,
    rules: Vec<(Name, Counting)>,
}

impl Watching {
    /// Goes over to an epoch's pack.
    pub(crate) fn follow(&mut self, decoder: &Decoder) {
        let pack = decoder.pack();
        if self.version.as_ref() == Some(&pack.version) {
            return;
        }
        self.version = Some(pack.version.clone());
        let counting = |(id, rule): (&String, &ioc_model::rule::Rule)| {
            Some((Name::new(id), rule.condition.counting()?.clone()))
        };
        self.rules = pack.rules.iter().filter_map(counting).collect();
    }

    /// What rules see of an event, and who holds it.
    pub(crate) fn sightings(
        &self,
        event: &Event,
        addresses: &Addresses,
        mut give: impl FnMut(usize, Sighting),
    ) {
        for (rule, counting) in &self.rules {
            if !counting.watches(event) {
                continue;
            }
            let (Some(adds), Some(group)) = (counting.count.of(event), counting.group(event)) else {
                continue;
            };
            let holder = addresses.of_name(&group.to_string());
            let (rule, at, adds, arrival) = (*rule, event.happened_at, without_words(adds), event.arrival);
            give(holder, Sighting { rule, group, at, adds, arrival });
        }
    }
}

fn without_words(adds: Adds) -> SightingAdds {
    match adds {
        Adds::More(more) => SightingAdds::More(more),
        Adds::One(name) => {
            let hash = Sha256::digest(name.as_bytes());
            SightingAdds::One(hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
    }
}

/// A rule as it watches.
#[derive(Clone, Debug)]
struct Watcher {
    id: Name,
    priority: Priority,
    counting: Counting,
}

/// All that are held here.
#[derive(Debug)]
pub(crate) struct Suspects {
    shards: Shards,
    version: Option<PackVersion>,
    rules: BTreeMap<Name, Watcher>,
    watches: BTreeMap<(Name, VirtualShard), Watch>,
    /// Whether all open alerts were told since the start.
    told: bool,
}

/// An alert of an address or user, for the figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspected {
    /// The address or user, as it stands in the alert's key.
    pub(crate) subject: Arc<str>,
    pub(crate) rule: Name,
    /// None where it is closed.
    pub(crate) open: Option<OpenAlert>,
}

impl Suspects {
    pub(crate) fn new(shards: Shards) -> Suspects {
        let (version, rules, watches) = Default::default();
        Suspects { shards, version, rules, watches, told: false }
    }

    /// Takes an operator's action: whether it changed something; none if there is no such alert.
    pub(crate) fn act(&mut self, now: Now, action: &Action, results: &mut ShardResults) -> Option<bool> {
        // What somebody says is no name before it is one of ours: names are never freed.
        let shard = self.shards.of(&action.alert.subject);
        let is_it = |(rule, held): &(Name, VirtualShard)| **rule == *action.alert.rule && *held == shard;
        let ((rule, _), watch) = self.watches.iter_mut().find(|(key, _)| is_it(key))?;
        watch.act(*rule, now, action, results)
    }

    /// Takes what an epoch's events gave rules to see, in order of arrival, and what its clock ends.
    pub(crate) fn take(
        &mut self,
        facts: &EpochFacts,
        decoder: &Decoder,
        sightings: Vec<Sighting>,
        results: &mut ShardResults,
    ) {
        self.follow(facts.now, decoder, results);
        if !std::mem::replace(&mut self.told, true) {
            let told = self.watches.iter().flat_map(|((rule, _), watch)| watch.open(*rule));
            results.suspected.extend(told);
        }
        for sighting in sightings {
            let Some(rule) = self.rules.get(&sighting.rule) else { continue };
            let shard = self.shards.of(&sighting.group.to_string());
            let watch = self.watches.entry((sighting.rule, shard));
            let watch = watch.or_insert_with(|| Watch::new(rule.counting.clone()));
            watch.take(rule, facts.now, sighting, results);
        }
        for ((rule, _), watch) in &mut self.watches {
            watch.pass(*rule, facts.now, results);
        }
        self.watches.retain(|_, watch| !watch.is_empty(facts.now));
    }

    /// Goes over to an epoch's pack. A rule that counts something else now begins anew; one that is gone raises nothing
    /// more and clears what it raised, since nothing else would.
    fn follow(&mut self, now: Now, decoder: &Decoder, results: &mut ShardResults) {
        let pack = decoder.pack();
        if self.version.as_ref() == Some(&pack.version) {
            return;
        }
        self.version = Some(pack.version.clone());
        let watcher = |(id, rule): (&String, &ioc_model::rule::Rule)| {
            let counting = rule.condition.counting()?.clone();
            let id = Name::new(id);
            Some((id, Watcher { id, priority: rule.priority, counting }))
        };
        self.rules = pack.rules.iter().filter_map(watcher).collect();
        for ((rule, _), watch) in &mut self.watches {
            match self.rules.get(rule) {
                Some(watcher) => watch.follow(&watcher.counting),
                None => watch.withdraw(*rule, now, results),
            }
        }
    }

    /// What a checkpoint keeps of them.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<u8>, postcard::Error>> {
        self.watches.iter().map(|((rule, shard), watch)| watch.record(*rule, *shard))
    }

    /// Takes some out of a checkpoint.
    pub(crate) fn load(&mut self, record: WatchRecord) {
        let (rule, shard, watch) = Watch::load(record);
        let _ = self.watches.insert((rule, shard), watch);
    }
}

#[cfg(test)]
mod tests;

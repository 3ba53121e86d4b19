//! Who holds what: subjects are split over a fixed number of virtual shards, and shards over whoever works.
//!
//! The shard of a subject is a hash of its name, so it is the same in every process and after every start. A number
//! that a process gave out would split the same subjects differently in the next one. How many shards there are is
//! recorded with the instance and never changes; how many workers share them may change with every start.

use ioc_model::{
    name::Name,
    names::{Names, SubjectId},
};
use serde::{Deserialize, Serialize};

/// How many virtual shards an instance has. Fixed when the instance is made: more than it will ever have workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards(pub u16);

impl Default for Shards {
    fn default() -> Shards {
        Shards(256)
    }
}

/// A virtual shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VirtualShard(pub u16);

impl Shards {
    /// The shard of a name: its CRC-32C, modulo the number of shards.
    #[must_use]
    pub fn of(self, name: &str) -> VirtualShard {
        let shards = u32::from(self.0.max(1));
        VirtualShard((crc32c::crc32c(name.as_bytes()) % shards) as u16)
    }
}

/// Which shards a worker holds: those whose number leaves its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerShards {
    /// The worker's number, from 0.
    pub index: usize,
    /// How many workers there are.
    pub of: usize,
    /// How many shards they share.
    pub shards: Shards,
}

impl WorkerShards {
    /// All subjects.
    pub const WHOLE: WorkerShards = WorkerShards { index: 0, of: 1, shards: Shards(1) };

    /// Whether a subject is held here.
    #[must_use]
    pub fn holds(self, subject: &str) -> bool {
        worker_of(self.shards.of(subject), self.of) == self.index
    }
}

/// The worker that holds a shard.
#[must_use]
pub fn worker_of(shard: VirtualShard, workers: usize) -> usize {
    usize::from(shard.0) % workers.max(1)
}

/// Which worker holds each subject of this process's names: looked up for every row, worked out once for a name.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    names: Names,
    shards: Shards,
    workers: usize,
    known: Vec<Name>,
    /// By the subject's number.
    holders: Vec<u16>,
}

impl Addresses {
    pub(crate) fn new(names: Names, shards: Shards, workers: usize) -> Addresses {
        Addresses { names, shards, workers, known: Vec::new(), holders: Vec::new() }
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// The worker of a subject.
    #[inline]
    pub(crate) fn of(&mut self, subject: SubjectId) -> usize {
        let index = subject.0 as usize;
        if index >= self.holders.len() {
            self.learn();
        }
        usize::from(self.holders[index])
    }

    /// The worker of a subject, or of what is summed over subjects, by its name.
    pub(crate) fn of_name(&self, name: &str) -> usize {
        worker_of(self.shards.of(name), self.workers)
    }

    #[cold]
    fn learn(&mut self) {
        self.names.subjects.extend(&mut self.known);
        for name in &self.known[self.holders.len()..] {
            let holder = worker_of(self.shards.of(name), self.workers);
            self.holders.push(u16::try_from(holder).expect("fewer workers than shards"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replay_every_subject_has_one_holder_whatever_numbers_its_process_gave_out() {
        let shards = Shards::default();
        let subjects: Vec<String> = (0..2_000).map(|number| format!("TN-{number:04}")).collect();
        for workers in [1, 2, 3, 7] {
            let shares: Vec<WorkerShards> =
                (0..workers).map(|index| WorkerShards { index, of: workers, shards }).collect();
            let orders: [Box<dyn Iterator<Item = &String>>; 2] =
                [Box::new(subjects.iter()), Box::new(subjects.iter().rev())];
            let mut loads = vec![0_usize; workers];
            for order in orders {
                let names = Names::default();
                let mut addresses = Addresses::new(names.clone(), shards, workers);
                for subject in order {
                    let holder = addresses.of(names.subjects.number(subject));
                    assert_eq!(holder, addresses.of_name(subject));
                    let holding: Vec<bool> = shares.iter().map(|share| share.holds(subject)).collect();
                    assert_eq!(holding.iter().filter(|holds| **holds).count(), 1);
                    assert!(holding[holder]);
                    loads[holder] += 1;
                }
            }
            let fair = 2 * subjects.len() / workers;
            assert!(loads.iter().all(|load| load.abs_diff(fair) < fair / 4), "{workers} workers: {loads:?}");
        }
    }

    #[test]
    fn replay_a_subjects_shard_is_the_one_it_always_had() {
        let shards = Shards::default();
        assert_eq!(shards.of("TN-0412"), VirtualShard((crc32c::crc32c(b"TN-0412") % 256) as u16));
        assert_eq!(shards.of(""), VirtualShard(0));
    }
}

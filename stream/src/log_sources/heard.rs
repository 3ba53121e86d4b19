//! What is kept of each of many who speak: the one unheard longest goes first.
//!
//! Names cost whoever makes them up nothing, so there is a bound on how many are kept, and a time after which one that said
//! nothing is forgotten (invariant BOUND). Each time one is heard has a number, so that the order is the one in which they
//! were heard, and nothing of the process (REPLAY).

use std::{borrow::Borrow, collections::BTreeMap};

use ioc_model::time::Now;
use serde::{Deserialize, Serialize};

/// By `K`, which costs little to copy.
#[derive(Debug)]
pub(super) struct Heard<K, V> {
    by_key: BTreeMap<K, Told<V>>,
    /// By when they were heard last: the one unheard longest first.
    order: BTreeMap<u64, K>,
    /// How many times any was heard.
    times: u64,
}

/// What is kept of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told<V> {
    /// Which time of all it was when it was heard last,
    pub(super) number: u64,
    /// and when, on the recorded clock.
    pub(super) heard: Now,
    pub(super) value: V,
}

impl<K, V> Default for Heard<K, V> {
    fn default() -> Heard<K, V> {
        Heard { by_key: BTreeMap::new(), order: BTreeMap::new(), times: 0 }
    }
}

impl<K: Ord + Clone, V: Default> Heard<K, V> {
    /// As they were kept, heard so many times.
    pub(super) fn load(times: u64, kept: impl IntoIterator<Item = (K, Told<V>)>) -> Heard<K, V> {
        let by_key: BTreeMap<K, Told<V>> = kept.into_iter().collect();
        let order = by_key.iter().map(|(key, told)| (told.number, key.clone())).collect();
        Heard { by_key, order, times }
    }

    /// Hears of one, and changes what is kept of it. `key` makes the key of one that nothing is kept of.
    pub(super) fn hear<Q, R>(
        &mut self,
        of: &Q,
        key: impl FnOnce() -> K,
        now: Now,
        change: impl FnOnce(&mut V) -> R,
    ) -> R
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.times += 1;
        let number = self.times;
        if let Some(told) = self.by_key.get_mut(of) {
            let key = self.order.remove(&told.number);
            let _ = key.map(|key| self.order.insert(number, key));
            told.number = number;
            told.heard = now;
            return change(&mut told.value);
        }
        let key = key();
        let mut told = Told { number, heard: now, value: V::default() };
        let changed = change(&mut told.value);
        let _ = self.order.insert(number, key.clone());
        let _ = self.by_key.insert(key, told);
        changed
    }

    pub(super) fn get<Q>(&self, of: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.by_key.get(of).map(|told| &told.value)
    }

    /// All of them, by key.
    pub(super) fn each(&self) -> impl Iterator<Item = (&K, &Told<V>)> {
        self.by_key.iter()
    }

    /// How many times any was heard.
    pub(super) fn times(&self) -> u64 {
        self.times
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Keeps so many, at least the last that was heard.
    pub(super) fn keep(&mut self, most: usize) {
        while self.by_key.len() > most.max(1) {
            self.forget_first();
        }
    }

    /// Forgets those that were heard last before a moment.
    pub(super) fn forget(&mut self, oldest: Now) {
        let is_old = |key: &K| self.by_key.get(key).is_none_or(|told| told.heard < oldest);
        let old = self.order.values().take_while(|key| is_old(key)).count();
        (0..old).for_each(|_| self.forget_first());
    }

    fn forget_first(&mut self) {
        let unheard = self.order.pop_first();
        let _ = unheard.map(|(_, key)| self.by_key.remove(&key));
    }

    /// The keys, the one unheard longest first.
    #[cfg(test)]
    pub(super) fn in_order(&self) -> Vec<&K> {
        assert_eq!(self.order.len(), self.by_key.len());
        self.order.values().collect()
    }
}

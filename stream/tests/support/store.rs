//! A store whose rows survive the process, and the commits it is to die at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use ioc_model::{
    counts::Counts,
    epoch::Epoch,
    question::{About, Found, Question},
    results::{EpochResults, RowStanding},
};
use ioc_stream::{
    Halt,
    driver::{Commit, Consumed, Need},
};

use super::derived;

/// What is stored, by epoch.
#[derive(Debug, Default)]
pub struct Store {
    pub epochs: BTreeMap<Epoch, EpochResults>,
    pub committed: Option<(Epoch, [u8; 32])>,
    pub die: Option<Death>,
    /// What it holds cannot be read back, and it knows when it is asked.
    pub lost_rows: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Death {
    pub after_commits: u8,
    pub rows_are_in: bool,
}

#[derive(Clone, Debug, Default)]
pub struct SharedStore(pub Arc<Mutex<Store>>);

impl Commit for SharedStore {
    fn commit(&mut self, results: &EpochResults, need: Need) -> Result<(), Halt> {
        let mut store = self.0.lock().unwrap();
        if let Some(death) = &mut store.die {
            if death.after_commits == 0 {
                if death.rows_are_in {
                    assert!(
                        store.epochs.insert(results.epoch, results.clone()).is_none_or(|old| old == *results)
                    );
                }
                return Err(Halt("died".to_owned()));
            }
            death.after_commits -= 1;
        }
        if let Some(held) = store.epochs.get(&results.epoch) {
            assert!(need.recovering, "epoch {} was sent twice in one life", results.epoch);
            assert_eq!(held, results, "REPLAY: an epoch sent again is the same epoch");
        }
        let _ = store.epochs.insert(results.epoch, results.clone());
        store.committed = Some((results.epoch, results.manifest_hash));
        Ok(())
    }

    fn ask(&mut self, question: &Question, upto: Epoch) -> Result<Found, Halt> {
        let store = self.0.lock().unwrap();
        let epochs = store.epochs.range(..=upto).map(|(_, results)| results);
        let About::Day { indicator, .. } = question.about else {
            return Ok(derived::found(epochs.flat_map(|results| &results.facts.windows), question));
        };
        if store.lost_rows {
            return Ok(Found::Rows(Vec::new()));
        }
        let of_day = epochs.flat_map(|results| &results.facts.observations).filter(|row| {
            row.indicator == indicator
                && row.subject == question.subject
                && (question.from..question.to).contains(&row.event_time)
        });
        // Of a row that was replaced the last reading counts.
        let mut rows = BTreeMap::new();
        for row in of_day.filter(|row| row.standing != RowStanding::Restored) {
            let _ = rows.insert((row.event_time, row.arrival), derived::recalled(row));
        }
        Ok(Found::Rows(rows.into_values().collect()))
    }

    fn vouch(&mut self) -> Result<(), Halt> {
        match self.0.lock().unwrap().lost_rows {
            true => Err(Halt("the store lost rows".to_owned())),
            false => Ok(()),
        }
    }

    fn committed(&mut self, _: EpochResults, _: Consumed) {}
}

pub fn totals(store: &SharedStore) -> Counts {
    let store = store.0.lock().unwrap();
    let mut totals = Counts::default();
    for of_feed in store.epochs.values().flat_map(|results| &results.facts.feed_minutes) {
        totals.add(&of_feed.counts);
    }
    totals
}

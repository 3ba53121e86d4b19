//! Names as dense numbers. A worker has a table of its own and asks the common one for a series it has not met.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// All series, in the order of their numbers: `station,indicator`.
static ALL: Mutex<Vec<String>> = Mutex::new(Vec::new());
static NUMBERS: Mutex<Option<FxHashMap<String, u32>>> = Mutex::new(None);

/// A worker's table: station → indicator → number.
#[derive(Default)]
pub struct Numbers(FxHashMap<Box<str>, Vec<(Box<str>, u32)>>);

impl Numbers {
    pub fn of(&mut self, station: &str, indicator: &str) -> u32 {
        if let Some(known) = self.0.get(station)
            && let Some((_, number)) = known.iter().find(|(name, _)| **name == *indicator)
        {
            return *number;
        }
        let number = common(station, indicator);
        self.0.entry(station.into()).or_default().push((indicator.into(), number));
        number
    }
}

fn common(station: &str, indicator: &str) -> u32 {
    let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("{station},{indicator}");
    *numbers.get_or_insert_default().entry(name.clone()).or_insert_with(|| {
        all.push(name);
        all.len() as u32 - 1
    })
}

/// The names from that number on.
pub fn names_from(first: usize) -> Vec<String> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)[first..].to_vec()
}

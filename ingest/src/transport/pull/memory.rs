//! What was handed over of a source, by hashes of a row's key and of the row, some hundred thousand of them, so that rows
//! that are read again and say the same are left out. That only spares the log: what says the same is the same to the
//! flow, too, and what was forgotten or not yet durable comes once more.

use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

/// Rows that are remembered. 32 bytes each.
const REMEMBERED: usize = 200_000;

/// The beginning of a SHA-256.
pub(crate) type Hash = [u8; 16];

/// What was handed over.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    rows: FxHashMap<Hash, Hash>,
    /// What was handed over with the last answer, and the place behind it: remembered when that is durable.
    last: Option<(String, Vec<(Hash, Hash)>)>,
}

impl Memory {
    /// What was handed over is durable, if it is asked for what comes behind it.
    pub(crate) fn behind(&mut self, place: Option<&str>) {
        let Some((_, rows)) = self.last.take().filter(|(last, _)| Some(last.as_str()) == place) else {
            return;
        };
        for (key, row) in rows {
            if self.rows.len() < REMEMBERED || self.rows.contains_key(&key) {
                let _ = self.rows.insert(key, row);
            }
        }
    }

    /// Whether there is room for no more.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= REMEMBERED
    }

    /// What is settled is not read again: room for what comes.
    pub(crate) fn settled(&mut self) {
        if self.is_full() {
            self.rows.clear();
        }
    }

    pub(crate) fn knows(&self, (key, row): &(Hash, Hash)) -> bool {
        self.rows.get(key) == Some(row)
    }

    pub(crate) fn handed_over(&mut self, place: String, rows: Vec<(Hash, Hash)>) {
        self.last = Some((place, rows));
    }
}

/// The hash of texts one after the other.
pub(crate) fn hash<'t>(texts: impl IntoIterator<Item = &'t str>) -> Hash {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let mut first = Hash::default();
    first.copy_from_slice(&hash.finalize()[..16]);
    first
}

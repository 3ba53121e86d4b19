//! What was taken of a server: by folder and name, with what the listing said then and a digest of the content.
//!
//! It lies in a log of records, so a turn writes what is new and not all that is known. What is no longer listed is
//! forgotten: at most [`MOST_FILES`] are known, about 60 MB of memory. Losing the journal costs that all is fetched once
//! more, and its rows are known by their keys.

use std::path::Path;

use ioc_bus::{
    OpenError, ReadError,
    record::{RecordError, RecordLog},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::{days::is_at_or_below, listing::Signature};

/// Files of a feed that are known at once. Where a server shows more, it is told, and none beyond is taken.
pub(super) const MOST_FILES: usize = 500_000;
/// Entries of one record when all is written anew.
const AT_ONCE: usize = 5_000;
/// So many entries are written beside all that is known before it is written anew.
const SPARE: usize = 10_000;

/// The beginning of a SHA-256.
pub(super) type Content = u128;

/// A file that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) signature: Signature,
    pub(super) content: Content,
    /// When its content was handed over. Seconds since 1970, by this machine.
    pub(super) at: i64,
}

/// The same, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    folder: String,
    name: String,
    size: u64,
    said: u64,
    /// Hexadecimal digits.
    content: String,
    at: i64,
}

impl Entry {
    pub(super) fn of(folder: &str, name: &str, taken: &Taken) -> Entry {
        Entry {
            folder: folder.to_owned(),
            name: name.to_owned(),
            size: taken.signature.size,
            said: taken.signature.said,
            content: format!("{:032x}", taken.content),
            at: taken.at,
        }
    }
}

/// One record of the journal.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The batch it is of.
    number: u64,
    /// Nothing before it counts.
    #[serde(default)]
    anew: bool,
    #[serde(default)]
    taken: Vec<Entry>,
    /// Folders of which nothing is listed any more.
    #[serde(default)]
    left: Vec<String>,
    /// Files that are gone from a folder.
    #[serde(default)]
    gone: Vec<(String, String)>,
}

/// Why what was taken cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    #[error("the journal of files that were fetched cannot be opened: {0}")]
    Open(#[from] OpenError),
    #[error("the journal of files that were fetched cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error(
        "a record of the journal of files that were fetched is none ({0}): remove its folder to fetch all once more"
    )]
    NoRecord(serde_json::Error),
    #[error("the journal of files that were fetched cannot be written: {0}")]
    Write(#[from] RecordError),
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    folders: FxHashMap<String, FxHashMap<String, Taken>>,
    files: usize,
}

impl Known {
    pub(super) fn get(&self, folder: &str, name: &str) -> Option<&Taken> {
        self.folders.get(folder)?.get(name)
    }

    pub(super) fn count(&self) -> usize {
        self.files
    }

    fn insert(&mut self, entry: Entry) {
        let taken = Taken {
            signature: Signature { size: entry.size, said: entry.said },
            content: Content::from_str_radix(&entry.content, 16).unwrap_or_default(),
            at: entry.at,
        };
        let before = self.folders.entry(entry.folder).or_default().insert(entry.name, taken);
        self.files += usize::from(before.is_none());
    }

    fn apply(&mut self, record: Record) {
        if record.anew {
            *self = Known::default();
        }
        record.taken.into_iter().for_each(|entry| self.insert(entry));
        for folder in &record.left {
            self.files -= self.folders.remove(folder).map_or(0, |files| files.len());
        }
        for (folder, name) in &record.gone {
            let Some(files) = self.folders.get_mut(folder) else { continue };
            self.files -= usize::from(files.remove(name).is_some());
        }
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let of_folder = |(folder, files): (&String, &FxHashMap<String, Taken>)| -> Vec<Entry> {
            files.iter().map(|(name, taken)| Entry::of(folder, name, taken)).collect()
        };
        self.folders.iter().flat_map(of_folder)
    }
}

/// All that is known, and where it is kept.
#[derive(Debug)]
pub(super) struct Journal {
    log: RecordLog,
    pub(super) known: Known,
    /// The last batch that is in it.
    number: u64,
    /// Entries in the log.
    written: usize,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Result<Journal, JournalError> {
        let log = RecordLog::open(folder)?;
        let mut journal = Journal { known: Known::default(), number: 0, written: 0, log };
        for record in journal.log.read(journal.log.first_index()) {
            let (_, bytes) = record?;
            let record: Record = serde_json::from_slice(&bytes).map_err(JournalError::NoRecord)?;
            journal.number = journal.number.max(record.number);
            journal.written += record.taken.len();
            journal.known.apply(record);
        }
        Ok(journal)
    }

    /// The number of the last batch that it knows of.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// A batch is on the log, and the cursor behind it. What is there already is not written again.
    pub(super) fn keep(&mut self, number: u64, taken: Vec<Entry>) -> Result<(), JournalError> {
        if number <= self.number {
            return Ok(());
        }
        self.write(Record { number, taken, ..Record::default() })?;
        if self.written > 2 * self.known.count() + SPARE {
            self.write_anew()?;
        }
        Ok(())
    }

    /// The source is read from its beginning.
    pub(super) fn forget_all(&mut self) -> Result<(), JournalError> {
        if self.known.count() == 0 {
            return Ok(());
        }
        self.write(Record { number: self.number, anew: true, ..Record::default() })
    }

    /// All that is listed was seen: what is not there any more is forgotten. `missing` are folders that could not be listed.
    pub(super) fn forget_gone(
        &mut self,
        listed: &FxHashMap<String, FxHashSet<String>>,
        missing: &FxHashSet<String>,
    ) -> Result<(), JournalError> {
        let mut record = Record { number: self.number, ..Record::default() };
        for (folder, files) in &self.known.folders {
            if missing.iter().any(|closed| is_at_or_below(folder, closed)) {
                continue;
            }
            match listed.get(folder) {
                None => record.left.push(folder.clone()),
                Some(there) => {
                    let gone = files.keys().filter(|name| !there.contains(*name));
                    record.gone.extend(gone.map(|name| (folder.clone(), name.clone())));
                }
            }
        }
        if record.left.is_empty() && record.gone.is_empty() {
            return Ok(());
        }
        self.write(record)
    }

    fn write(&mut self, record: Record) -> Result<(), JournalError> {
        let _index = self.log.append(&serde_json::to_vec(&record).map_err(JournalError::NoRecord)?)?;
        self.number = record.number;
        self.written += record.taken.len();
        self.known.apply(record);
        Ok(())
    }

    /// Writes all that is known behind what is there, and lets that go. Killed in between, what is known is what it was.
    fn write_anew(&mut self) -> Result<(), JournalError> {
        let first = self.log.next_index();
        let entries: Vec<Entry> = self.known.entries().collect();
        for part in entries.chunks(AT_ONCE) {
            let record = Record { number: self.number, taken: part.to_vec(), ..Record::default() };
            let _index = self.log.append(&serde_json::to_vec(&record).map_err(JournalError::NoRecord)?)?;
        }
        self.log.release(first)?;
        self.written = entries.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, content: Content) -> Entry {
        let signature = Signature { size: 98, said: 20_261_120_070_512 };
        Entry::of("/2026/11/20", name, &Taken { signature, content, at: 1_795_000_000 })
    }

    #[test]
    fn once_what_was_taken_is_known_behind_a_restart_and_a_batch_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Journal::open(&folder.path().join("air")).unwrap();
        let mut journal = open();
        journal.keep(1, vec![entry("a.txt", 1), entry("b.txt", 2)]).unwrap();
        journal.keep(2, vec![entry("a.txt", u128::MAX)]).unwrap();
        journal.keep(2, vec![entry("c.txt", 3)]).unwrap();
        drop(journal);
        let mut journal = open();
        assert_eq!((journal.number(), journal.known.count()), (2, 2));
        assert_eq!(journal.known.get("/2026/11/20", "a.txt").unwrap().content, u128::MAX);
        assert_eq!(journal.known.get("/2026/11/20", "c.txt"), None);
        // What is not there any more is forgotten; what could not be listed is not.
        let listed =
            [("/2026/11/20".to_owned(), ["b.txt".to_owned()].into_iter().collect())].into_iter().collect();
        journal
            .forget_gone(&FxHashMap::default(), &["/2026/11/20".to_owned()].into_iter().collect())
            .unwrap();
        assert_eq!(journal.known.count(), 2);
        journal.forget_gone(&listed, &FxHashSet::default()).unwrap();
        assert_eq!(journal.known.count(), 1);
        journal.forget_gone(&FxHashMap::default(), &FxHashSet::default()).unwrap();
        assert_eq!(journal.known.count(), 0);
        drop(journal);
        let journal = open();
        assert_eq!((journal.known.count(), journal.number()), (0, 2));
    }

    #[test]
    fn bound_the_journal_is_no_longer_than_what_is_known_and_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        for number in 1..=30 {
            let batch = (0..1_000).map(|name| entry(&format!("{name}.txt"), number.into())).collect();
            journal.keep(number, batch).unwrap();
            assert!(journal.written <= 2 * 1_000 + SPARE + 1_000);
        }
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!((journal.known.count(), journal.number()), (1_000, 30));
        assert_eq!(journal.known.get("/2026/11/20", "7.txt").unwrap().content, 30);
    }
}

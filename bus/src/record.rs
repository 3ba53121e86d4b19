//! A small durable log of records, written synchronously by one owner.
//!
//! The manifests of epochs lie in one: each is durable before any result of its epoch leaves the process. It is made
//! of the same segments as the [disk log](crate::disk), keeps to the same rules about torn tails and corruption, and
//! pays a second fsync per record, so that even a damaged last record is told from a torn one after a power cut.

use std::{path::Path, sync::Arc};

use crate::{
    OpenError, ReadError,
    disk::{
        budget::Budget,
        chain::{Chain, ChainSettings, Retain},
        file_system::{FileSystem, Lock, machine_files},
        frame::{Entry, MAX_ENTRY_BYTES},
        identity::{Kind, open_folder, partition_folder},
        recovery::{create_chain, open_chain},
        writer::{ChainWriter, WriteError},
    },
};

const SEGMENT_BYTES: u64 = 4 << 20;
const INDEX_BYTES: u64 = 16 << 10;
/// How many bytes of records an iterator reads at once.
const READ_BYTES: usize = 256 << 10;

/// Why a record did not become durable.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is no room now. Nothing changed: appending the same record, or another, may be tried again later.
    #[error("no room for the record: {what}")]
    Full {
        /// What is full.
        what: String,
    },
    /// A write or fsync failed in a way that says nothing about what is on disk. The log takes no more records until
    /// it is opened again.
    #[error("the log of records is poisoned: {cause}")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// A record has a length limit.
    #[error("a record of {bytes} bytes is larger than {} bytes", MAX_RECORD_BYTES)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Released records could not be removed. They are still there, and the log takes records.
    #[error("cannot remove released records: {0}")]
    Release(#[source] std::io::Error),
}

/// The most bytes a record may have.
pub(crate) const MAX_RECORD_BYTES: usize = MAX_ENTRY_BYTES;

/// An append-only log of records, numbered from 0 without gaps.
#[derive(Debug)]
pub struct RecordLog {
    chain: Arc<Chain>,
    writer: ChainWriter,
    poisoned: Option<String>,
    _lock: Box<dyn Lock>,
}

impl RecordLog {
    /// Opens the log in that folder, or makes a new one there.
    ///
    /// # Errors
    /// If another process has it open, if records that were appended are damaged or missing, or if the system
    /// refuses.
    pub fn open(folder: &Path) -> Result<RecordLog, OpenError> {
        RecordLog::open_on(&machine_files(), folder, SEGMENT_BYTES)
    }

    pub(crate) fn open_on(
        files: &Arc<dyn FileSystem>,
        folder: &Path,
        segment_bytes: u64,
    ) -> Result<RecordLog, OpenError> {
        let budget = Arc::new(Budget::new(u64::MAX));
        let settings = |log| ChainSettings {
            files: files.clone(),
            log,
            partition: 0,
            folder: partition_folder(folder, 0),
            segment_bytes,
            index_bytes: INDEX_BYTES,
            budget: budget.clone(),
            // They are small, and what the room is left for.
            leaves_room: false,
            retain: Retain::default(),
        };
        let (identity, lock) =
            open_folder(files, folder, Kind::Records, 1, |log, _| create_chain(&settings(log)))?;
        let (chain, writer) = open_chain(settings(identity.id))?;
        Ok(RecordLog { chain, writer, poisoned: None, _lock: lock })
    }

    /// Appends a record and returns its index. It is durable when this returns.
    ///
    /// # Errors
    /// If there is no room now, or the log is poisoned. The record may be there after the next opening all the same,
    /// unless there was no room.
    pub fn append(&mut self, record: &[u8]) -> Result<u64, RecordError> {
        if let Some(cause) = &self.poisoned {
            return Err(RecordError::Poisoned { cause: cause.clone() });
        }
        if record.len() > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge { bytes: record.len() });
        }
        let index = self.writer.next();
        let entry = Entry { bytes: record, count: 1, received_at: 0 };
        let appended = self
            .writer
            .write(&[entry])
            .and_then(|()| {
                fail::fail_point!("record_before_fsync", |_| std::process::abort());
                self.writer.commit()
            })
            .and_then(|_| self.writer.settle());
        match appended {
            Ok(()) => Ok(index),
            Err(WriteError::Full { what }) => Err(RecordError::Full { what }),
            Err(failed @ WriteError::Failed { .. }) => {
                let cause = failed.to_string();
                tracing::error!(cause, "the log of records takes no more until it is opened again");
                self.poisoned = Some(cause.clone());
                Err(RecordError::Poisoned { cause })
            }
        }
    }

    /// The records from that index on, each with its index. Ends at the last one; after an error it ends too. Whoever
    /// reads keeps nobody from appending, or from releasing what was read.
    pub fn read(&self, from: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>), ReadError>> + use<> {
        let chain = self.chain.clone();
        let mut next = from;
        let mut read = Vec::new().into_iter();
        let mut ended = false;
        std::iter::from_fn(move || {
            if read.len() == 0 && !ended {
                match chain.read(next, u64::MAX, READ_BYTES) {
                    Ok(run) => {
                        next = run.next;
                        ended = run.entries.is_empty();
                        read = run.entries.into_iter();
                    }
                    Err(error) => {
                        ended = true;
                        return Some(Err(error));
                    }
                }
            }
            let record = read.next()?;
            Some(Ok((record.base, record.bytes.to_vec())))
        })
    }

    /// Index of the oldest record still there (of the next one if there is none).
    #[must_use]
    pub fn first_index(&self) -> u64 {
        self.chain.start()
    }

    /// The index the next record gets.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.chain.next()
    }

    /// Allows the records before that index to be removed, which happens by whole segments.
    ///
    /// # Errors
    /// If a file could not be removed.
    pub fn release(&mut self, before: u64) -> Result<(), RecordError> {
        self.chain.release(before).map_err(RecordError::Release)
    }
}

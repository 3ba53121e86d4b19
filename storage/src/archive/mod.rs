//! The archive: raw envelopes in Parquet files, so that lineage and replay reach further back than the log.
//!
//! The bus may let go of an envelope only when it lies here ([`HeldBus`](ioc_bus::HeldBus)). A **pass** archives the
//! offsets `[from, to)` of one partition, all feeds at once, into one file for each feed and local day of arrival.
//!
//! A pass is done when its record is (invariant ONCE), whatever is killed and whenever:
//!
//! 1. its files are written in `_unfinished`, each fsynced;
//! 2. they are moved to their places, and the folders are fsynced;
//! 3. its record, which names every file with its hash, is written aside, fsynced, moved to `_passes`, and that
//!    folder is fsynced. **This is the commit.**
//! 4. Only then the log hears of it.
//!
//! At the start files of no record are left-overs of a pass that was under way: they are removed, and their offsets,
//! which the log still holds, are archived again. A file the log could not give again is never removed; it is
//! counted as a stray and named.
//!
//! What is archived is what is committed: a position never changes its meaning after that. Files are plain Parquet
//! below Hive-style folders, to be read by anything; ClickHouse's table `archive_file` lists them ([`register`]), but
//! it is not needed: the records say the same, and are registered again after the store was restored.
//!
//! Rejected: one file a pass with all feeds (whoever exports a feed would read all of them); appending to a file
//! (Parquet's footer comes last, so a torn append loses what was there); the store as the commit point (the log
//! could not let go while ClickHouse is away).

mod archiver;
mod columns;
mod error;
mod export;
mod folder;
mod index;
mod pace;
mod reader;
mod record;
pub mod register;
mod span;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use ioc_model::position::Position;

pub use archiver::{ArchiveFolder, Archiver};
pub use columns::ArchivedEnvelope;
pub use error::ArchiveError;
pub use export::RawExport;
pub use pace::{PassPace, PassSchedule};
pub use record::{FileRecord, PassRecord};
pub use span::Span;

use self::{folder::Folder, index::Index, reader::Verified};

/// The archive as readers see it. Cheap to clone; clones of a writing process's see each pass as it is done.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: Folder,
    index: Arc<RwLock<Index>>,
    verified: Arc<Verified>,
}

impl Archive {
    /// Opens an archive to read, beside a process that writes it or without one.
    ///
    /// # Errors
    /// If the folder is not there, or something in `_passes` is not a record.
    pub fn read(root: &Path) -> Result<Archive, ArchiveError> {
        let folder = Folder::new(root);
        let identity = root.join(folder::IDENTITY);
        let _there = fs::metadata(&identity).map_err(ArchiveError::io("find", &identity))?;
        Archive::load(folder)
    }

    fn load(folder: Folder) -> Result<Archive, ArchiveError> {
        let mut index = Index::default();
        for span in folder.spans()? {
            if !index.add(span) {
                let what = "its offsets are archived by another pass, too".to_owned();
                return Err(ArchiveError::Unreadable { path: folder.record(span), what });
            }
        }
        Ok(Archive { folder, index: Arc::new(RwLock::new(index)), verified: Arc::default() })
    }

    /// The envelope of a position, with the path of its file below the archive's folder; none if it is not archived.
    ///
    /// # Errors
    /// If its file is not what was archived, or cannot be read.
    pub fn find(&self, position: Position) -> Result<Option<(ArchivedEnvelope, String)>, ArchiveError> {
        let Position { log, partition, offset } = position;
        let Some(span) = self.index(|index| index.find(log, partition, offset)) else { return Ok(None) };
        let record = self.record(span)?;
        let can_hold = |file: &&FileRecord| file.offset_from <= offset && offset < file.offset_to;
        for file in record.files.iter().filter(can_hold) {
            let (path, opened) = self.verified.open(&self.folder, file)?;
            if let Some(found) =
                reader::find(&path, opened, offset)?.filter(|found| found.position == position)
            {
                return Ok(Some((found, file.path.clone())));
            }
        }
        Ok(None)
    }

    /// The spans of all passes, a partition after the other, in order.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.index(|index| index.all().collect())
    }

    /// What a pass made.
    ///
    /// # Errors
    /// If its record cannot be read.
    pub fn record(&self, span: Span) -> Result<PassRecord, ArchiveError> {
        let path = self.folder.record(span);
        let bytes = fs::read(&path).map_err(ArchiveError::io("read", &path))?;
        PassRecord::decode(&bytes, span, &path)
    }

    fn index<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        ask(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}

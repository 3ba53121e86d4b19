//! What can go wrong with the archive.

use std::{
    io,
    path::{Path, PathBuf},
};

use ioc_bus::{LogId, ReadError};
use ioc_model::{
    instance::InstanceId,
    position::{LogNumber, Offset, Partition},
};
use parquet::errors::ParquetError;

/// Why something was not archived, or not found in the archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refused.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A Parquet file could not be written or read.
    #[error("{}: {error}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: ParquetError,
    },
    /// The log could not be read.
    #[error("cannot read the log: {0}")]
    Log(#[from] ReadError),
    /// A file is not what was archived.
    #[error(
        "{} is not what was archived: {what}. Restore it from a copy; its sha256 stands in the archive's _passes",
        path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// How it differs.
        what: String,
    },
    /// A record or identity file cannot be understood.
    #[error("{} cannot be read: {what}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The folder belongs to somebody else.
    #[error(
        "the archive in {} belongs to instance {found}, this data folder is instance {expected}: set \
         IOC_ARCHIVE_FOLDER to this instance's own folder, or use the data folder that belongs to it", path.display()
    )]
    Foreign {
        /// The archive's folder.
        path: PathBuf,
        /// Whose it is.
        found: InstanceId,
        /// Who we are.
        expected: InstanceId,
    },
    /// Another process writes there.
    #[error("another ioc uses the archive in {}", .0.display())]
    InUse(PathBuf),
    /// The log was put back to an older state.
    #[error(
        "the archive holds partition {partition} up to offset {archived}, but the log ends at {end}: the log's \
         folder is older than the archive. Bring back the log that belongs to it"
    )]
    AheadOfLog {
        /// The partition.
        partition: Partition,
        /// Where the archive ends.
        archived: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// Positions in the archive and in the store would not mean the same.
    #[error(
        "the archive holds log {archived_log} under number {archived}, the store has log {registered_log} under \
         number {registered}: positions would open the wrong bytes. Restore the database that belongs to this \
         archive, or set IOC_ARCHIVE_FOLDER to a new folder"
    )]
    Renumbered {
        /// The log whose bytes are archived.
        archived_log: LogId,
        /// Its number there.
        archived: LogNumber,
        /// The log the store knows.
        registered_log: LogId,
        /// Its number there.
        registered: LogNumber,
    },
    /// A moment no calendar has.
    #[error("an envelope of offset {offset} arrived at {received_at} ms, which is no day")]
    NoDay {
        /// Its offset.
        offset: Offset,
        /// Milliseconds since 1970.
        received_at: i64,
    },
    /// The caller wants no more.
    #[error("cannot write: {0}")]
    Output(String),
}

impl ArchiveError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
        let path = path.to_owned();
        move |error| ArchiveError::Io { doing, path, error }
    }

    pub(super) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> ArchiveError {
        let path = path.to_owned();
        move |error| ArchiveError::Parquet { path, error }
    }

    /// Whether there is no room, which passes when there is some again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, ArchiveError::Io { error, .. } if ioc_bus::is_full(error))
    }
}

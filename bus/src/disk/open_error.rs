//! Why a log does not open. Each of these halts the start and says what to do (invariant LOUD).

use std::{io, path::PathBuf};

use crate::ReadError;

/// Why a log does not open. Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the log in {} is in use by another program ({owner}): stop that one first", folder.display())]
    Locked {
        /// The log's folder.
        folder: PathBuf,
        /// What the lock file says about its owner.
        owner: String,
    },
    /// Acknowledged bytes are not what was written, or not there.
    #[error(
        "{file} is corrupt at byte {at}: {what}. The bytes were acknowledged, so nothing is cut. Restore this file \
         from a copy; without one, move the log's folder away and start a new log: what was not yet stored is lost"
    )]
    Corrupt {
        /// File.
        file: String,
        /// Byte position in it.
        at: u64,
        /// What was found.
        what: String,
    },
    /// Written by a program that knows another layout.
    #[error("{file} has version {found}, this program reads version {known}: use the program that wrote it")]
    Version {
        /// File.
        file: String,
        /// The version it states.
        found: u32,
        /// The version this program reads and writes.
        known: u32,
    },
    /// The number of partitions is part of a log: a sender's partition depends on it.
    #[error(
        "the log in {} has {stored} partitions, {configured} are configured: configure {stored}, or start a new log \
         in another folder", folder.display()
    )]
    Partitions {
        /// The log's folder.
        folder: PathBuf,
        /// What the log was made with.
        stored: u16,
        /// What is configured.
        configured: u16,
    },
    /// A setting that cannot work.
    #[error("{setting} = {value} cannot work: {why}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// What it must be.
        why: String,
    },
    /// The system refused.
    #[error("cannot open the log: {what} {}: {error}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

impl OpenError {
    pub(super) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> OpenError {
        let path = path.into();
        move |error| OpenError::Io { what, path, error }
    }

    pub(super) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(ReadError) -> OpenError {
        let path = path.into();
        move |error| match error {
            ReadError::Corrupt { file, at, what } => OpenError::Corrupt { file, at, what },
            ReadError::Io(error) => OpenError::Io { what: "reading", path, error },
            other => OpenError::Io { what: "reading", path, error: io::Error::other(other) },
        }
    }
}

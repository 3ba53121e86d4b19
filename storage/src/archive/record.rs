//! The record of a pass: its commit point, and the list of what it made.

use std::path::Path;

use ioc_bus::LogId;
use ioc_model::{
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};

use super::{error::ArchiveError, span::Span};

/// The layout of records this program writes and reads.
const VERSION: u32 = 1;

/// What one pass over a partition made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassRecord {
    version: u32,
    /// The log's identity.
    pub log_id: LogId,
    /// The number it is registered under.
    pub log: LogNumber,
    /// The partition.
    pub partition: Partition,
    /// Its first offset.
    pub from: Offset,
    /// The first offset behind it.
    pub to: Offset,
    /// When it was made, on the machine's clock: milliseconds since 1970.
    pub made_at: i64,
    /// Envelopes in its files.
    pub envelopes: u64,
    /// Bytes of the log's chunks it read.
    pub log_bytes: u64,
    /// One file for each feed and local day of arrival.
    pub files: Vec<FileRecord>,
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Relative to the archive's folder.
    pub path: String,
    /// The feed of its envelopes.
    pub feed: String,
    /// The local day they arrived on, `yyyy-mm-dd`.
    pub day: String,
    /// Offset of its first envelope.
    pub offset_from: Offset,
    /// Behind the offset of its last.
    pub offset_to: Offset,
    /// How many it holds.
    pub envelopes: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Arrival of its first envelope.
    pub first_received: ReceivedAt,
    /// Arrival of its last.
    pub last_received: ReceivedAt,
}

impl PassRecord {
    /// The record of a pass that was just made.
    #[must_use]
    pub(super) fn new(
        span: Span,
        log_id: LogId,
        made_at: i64,
        log_bytes: u64,
        files: Vec<FileRecord>,
    ) -> Self {
        let envelopes = files.iter().map(|file| file.envelopes).sum();
        let Span { log, partition, from, to } = span;
        PassRecord {
            version: VERSION,
            log_id,
            log,
            partition,
            from,
            to,
            made_at,
            envelopes,
            log_bytes,
            files,
        }
    }

    /// The offsets it covers.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { log: self.log, partition: self.partition, from: self.from, to: self.to }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Reads the record of that span.
    pub(super) fn decode(bytes: &[u8], span: Span, path: &Path) -> Result<PassRecord, ArchiveError> {
        let unreadable = |what: String| ArchiveError::Unreadable { path: path.to_owned(), what };
        let record: PassRecord =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if record.version != VERSION {
            return Err(unreadable(format!(
                "it has version {}, this program reads {VERSION}",
                record.version
            )));
        }
        if record.span() != span {
            return Err(unreadable(format!("it is the record of {}", record.span())));
        }
        // A record is a file somebody could have changed: what it names must lie in the archive (SAFE).
        if let Some(file) = record.files.iter().find(|file| super::folder::inside(&file.path).is_none()) {
            return Err(unreadable(format!("it names '{}', which is no file of the archive", file.path)));
        }
        Ok(record)
    }
}

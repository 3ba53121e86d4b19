//! The operators' state at an epoch's boundary, on disk.
//!
//! Written whole, only after its epoch is committed: temporary file, fsync, rename, fsync of the folder. The last two
//! are kept, with the manifests since the older one, so that a store that fell behind the newer one can still be
//! caught up. Subjects are kept by name: another number of workers loads the same file.
//!
//! File, little-endian: magic "IOCCKPT" | version u8 | length u64 | crc32c u32 | body (postcard).

use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ioc_model::{
    epoch::{Epoch, Generation},
    pack::PackVersion,
    position::{LogNumber, Offset},
};
use serde::{Deserialize, Serialize};

use crate::{
    behind::RelayRecord, log_sources::LogSourceRecord, nodes::NodeRecord, shard::SubjectRecord,
    suspects::WatchRecord,
};

const MAGIC: &[u8; 7] = b"IOCCKPT";
/// The version of the state that is written.
pub const VERSION: u8 = 12;
/// The oldest version that is read.
const OLDEST: u8 = 4;
/// The last version without log sources.
const BEFORE_EVENTS: u8 = 5;
/// The last version without what rules over events suspect.
const BEFORE_SUSPECTS: u8 = 6;
/// The last version without the ledger of obligations.
const BEFORE_LEDGER: u8 = 8;
/// The last version without the hosts behind relays, which it keeps like all log sources.
const BEFORE_RELAYS: u8 = 9;
/// The last version without the nodes of Sparkplug, and without what their stations' gateways said of themselves.
const BEFORE_NODES: u8 = 10;
const HEAD: usize = 20;
const KEPT: usize = 2;

/// State after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The instance that made it.
    pub instance: [u8; 16],
    /// The last epoch in it.
    pub epoch: Epoch,
    /// The pass over the input.
    pub generation: Generation,
    /// The log the offsets are of.
    pub log: LogNumber,
    /// The pack of its epoch: subjects are looked at anew when the next epoch has another.
    pub pack: PackVersion,
    /// The time zone its days are of.
    pub zone: String,
    /// By partition: where the next epoch starts reading.
    pub next: Vec<Offset>,
    /// One encoded [`SubjectRecord`] a subject.
    pub(crate) subjects: Vec<Vec<u8>>,
    /// What the figures are worked out from beside the subjects; empty where nothing was kept of it.
    #[serde(with = "serde_bytes")]
    pub(crate) figures: Vec<u8>,
    /// One encoded [`LogSourceRecord`] a log source.
    pub(crate) log_sources: Vec<Vec<u8>>,
    /// One encoded [`WatchRecord`] a rule over events and virtual shard.
    pub(crate) suspects: Vec<Vec<u8>>,
    /// What is owed, and what came for it; empty where nothing was kept of it.
    #[serde(with = "serde_bytes")]
    pub(crate) ledger: Vec<u8>,
    /// One encoded [`RelayRecord`] a relay.
    pub(crate) relays: Vec<Vec<u8>>,
    /// One encoded [`NodeRecord`] a node.
    pub(crate) nodes: Vec<Vec<u8>>,
    /// The version its subjects are encoded in. It stands in the file's head.
    #[serde(skip, default = "this_version")]
    pub(crate) version: u8,
}

fn this_version() -> u8 {
    VERSION
}

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Not the bytes that were written.
    #[error("{path} is not a valid checkpoint: {what}")]
    Invalid {
        /// File.
        path: PathBuf,
        /// What was found.
        what: String,
    },
}

impl CheckpointError {
    /// Whether the disk was full: nothing is wrong that room would not mend.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, CheckpointError::Io { error, .. } if ioc_bus::is_full(error))
    }
}

impl Checkpoint {
    /// Its subjects.
    ///
    /// # Errors
    /// If a record was written by another version of the product.
    pub fn subjects(&self) -> Result<Vec<SubjectRecord>, postcard::Error> {
        self.subjects.iter().map(|bytes| SubjectRecord::decode(self.version, bytes)).collect()
    }

    /// Whom rules over events suspect.
    pub(crate) fn suspects(&self) -> Result<Vec<WatchRecord>, postcard::Error> {
        self.suspects.iter().map(|bytes| postcard::from_bytes(bytes)).collect()
    }

    /// The relays of hosts that the pack does not know.
    pub(crate) fn relays(&self) -> Result<Vec<RelayRecord>, postcard::Error> {
        self.relays.iter().map(|bytes| postcard::from_bytes(bytes)).collect()
    }

    /// The nodes whose births are known, or over.
    pub(crate) fn nodes(&self) -> Result<Vec<NodeRecord>, postcard::Error> {
        self.nodes.iter().map(|bytes| postcard::from_bytes(bytes)).collect()
    }

    /// Its log sources.
    pub(crate) fn log_sources(&self) -> Result<Vec<LogSourceRecord>, postcard::Error> {
        self.log_sources.iter().map(|bytes| LogSourceRecord::decode(self.version, bytes)).collect()
    }
}

/// The folder of checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Opens the folder, making it if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> Result<Checkpoints, CheckpointError> {
        fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
        Ok(Checkpoints { folder: folder.to_owned() })
    }

    /// Writes a checkpoint durably and removes all but the last two. Gives back the epoch of the oldest one kept.
    ///
    /// # Errors
    /// If the system refuses; what was there before is still there then.
    pub fn write(&self, checkpoint: &Checkpoint) -> Result<Epoch, CheckpointError> {
        let path = self.folder.join(file_name(checkpoint.epoch));
        let body = postcard::to_stdvec(checkpoint).map_err(|error| invalid(&path, &error.to_string()))?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(MAGIC);
        head.push(checkpoint.version);
        head.extend_from_slice(&(body.len() as u64).to_le_bytes());
        head.extend_from_slice(&checksum(checkpoint.version, &body).to_le_bytes());
        let temporary = self.folder.join("next.tmp");
        let write = || -> io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(&head)?;
            file.write_all(&body)?;
            fail::fail_point!("checkpoint_before_fsync", |_| std::process::abort());
            file.sync_all()?;
            fail::fail_point!("checkpoint_before_rename", |_| std::process::abort());
            fs::rename(&temporary, &path)?;
            fail::fail_point!("checkpoint_after_rename", |_| std::process::abort());
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| io_error(&path, error))?;
        let mut epochs = self.epochs()?;
        while epochs.len() > KEPT {
            let oldest = self.folder.join(file_name(epochs.remove(0)));
            fs::remove_file(&oldest).map_err(|error| io_error(&oldest, error))?;
        }
        Ok(epochs.first().copied().unwrap_or(checkpoint.epoch))
    }

    /// The newest valid checkpoint at or before an epoch. An invalid one is passed over with a warning: an older
    /// one and more manifests give the same state.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn newest(&self, at_or_before: Epoch) -> Result<Option<Checkpoint>, CheckpointError> {
        for epoch in self.epochs()?.into_iter().rev().filter(|epoch| *epoch <= at_or_before) {
            let path = self.folder.join(file_name(epoch));
            match read(&path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => tracing::warn!(%error, "checkpoint passed over"),
            }
        }
        Ok(None)
    }

    /// The epochs of the files there, oldest first.
    pub(crate) fn epochs(&self) -> Result<Vec<Epoch>, CheckpointError> {
        let entries = fs::read_dir(&self.folder).map_err(|error| io_error(&self.folder, error))?;
        let mut epochs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io_error(&self.folder, error))?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".checkpoint"));
            epochs.extend(number.and_then(|number| number.parse().ok()).map(Epoch));
        }
        epochs.sort_unstable();
        Ok(epochs)
    }
}

fn file_name(epoch: Epoch) -> String {
    format!("{:020}.checkpoint", epoch.0)
}

/// Of version and body. Before there were several that could be read, of the body alone.
fn checksum(version: u8, body: &[u8]) -> u32 {
    let head = if version == OLDEST { 0 } else { crc32c::crc32c(&[version]) };
    crc32c::crc32c_append(head, body)
}

fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let bytes = fs::read(path).map_err(|error| io_error(path, error))?;
    let head = bytes.get(..HEAD).ok_or_else(|| invalid(path, "shorter than its head"))?;
    if &head[..7] != MAGIC {
        return Err(invalid(path, "no checkpoint at all"));
    }
    let version = head[7];
    if !(OLDEST..=VERSION).contains(&version) {
        let what = format!("version {version}, and this build reads {OLDEST} to {VERSION}");
        return Err(invalid(path, &what));
    }
    let length = u64::from_le_bytes(head[8..16].try_into().map_err(|_| invalid(path, "head"))?);
    let crc = u32::from_le_bytes(head[16..20].try_into().map_err(|_| invalid(path, "head"))?);
    let body = &bytes[HEAD..];
    if body.len() as u64 != length {
        return Err(invalid(path, "cut off"));
    }
    if checksum(version, body) != crc {
        return Err(invalid(path, "checksum does not match"));
    }
    // Before there were figures its body ended with the subjects, before there were events with the figures, before there
    // were suspects with the log sources, before there was a ledger with the suspects, before there were relays with the
    // ledger, before there were nodes with the relays: what came later begins with nothing.
    let lacks: &[u8] = match version {
        OLDEST => &[0; 6],
        BEFORE_EVENTS => &[0; 5],
        BEFORE_SUSPECTS => &[0; 4],
        version if version <= BEFORE_LEDGER => &[0; 3],
        BEFORE_RELAYS => &[0; 2],
        BEFORE_NODES => &[0],
        _ => &[],
    };
    let body = match lacks {
        [] => Cow::Borrowed(body),
        lacks => Cow::Owned([body, lacks].concat()),
    };
    let read: Checkpoint = postcard::from_bytes(&body).map_err(|error| invalid(path, &error.to_string()))?;
    Ok(Checkpoint { version, ..read })
}

fn io_error(path: &Path, error: io::Error) -> CheckpointError {
    CheckpointError::Io { path: path.to_owned(), error }
}

fn invalid(path: &Path, what: &str) -> CheckpointError {
    CheckpointError::Invalid { path: path.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(epoch: u64) -> Checkpoint {
        Checkpoint {
            instance: [7; 16],
            epoch: Epoch(epoch),
            generation: Generation(0),
            log: LogNumber(1),
            pack: PackVersion("p".to_owned()),
            zone: "UTC".to_owned(),
            next: vec![Offset(epoch * 10)],
            subjects: vec![vec![1, 2, 3]],
            figures: vec![4, 5],
            log_sources: Vec::new(),
            suspects: Vec::new(),
            ledger: Vec::new(),
            relays: Vec::new(),
            nodes: Vec::new(),
            version: VERSION,
        }
    }

    #[test]
    fn the_last_two_are_kept_and_the_newest_that_is_old_enough_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(checkpoints.newest(Epoch(u64::MAX)).unwrap(), None);
        assert_eq!(checkpoints.write(&checkpoint(3)).unwrap(), Epoch(3));
        assert_eq!(checkpoints.write(&checkpoint(5)).unwrap(), Epoch(3));
        assert_eq!(checkpoints.write(&checkpoint(9)).unwrap(), Epoch(5));
        assert_eq!(checkpoints.newest(Epoch(100)).unwrap(), Some(checkpoint(9)));
        assert_eq!(checkpoints.newest(Epoch(8)).unwrap(), Some(checkpoint(5)));
        assert_eq!(checkpoints.newest(Epoch(4)).unwrap(), None);
    }

    #[test]
    fn replay_what_an_earlier_version_did_not_keep_begins_with_nothing() {
        // It ended with the figures, then with the log sources, then with the suspects, then with the ledger, and then with
        // the relays.
        let versions = [
            (BEFORE_EVENTS, 5),
            (BEFORE_SUSPECTS, 4),
            (7, 3),
            (BEFORE_LEDGER, 3),
            (BEFORE_RELAYS, 2),
            (BEFORE_NODES, 1),
            // A kind of keeper more, and nothing else.
            (11, 0),
        ];
        for (version, fewer) in versions {
            was_written_by(version, fewer);
        }
    }

    fn was_written_by(version: u8, fewer: usize) {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        let _ = checkpoints.write(&checkpoint(3)).unwrap();
        let path = folder.path().join(file_name(Epoch(3)));
        let bytes = fs::read(&path).unwrap();
        let body = &bytes[HEAD..bytes.len() - fewer];
        let mut earlier = [MAGIC, &[version][..]].concat();
        earlier.extend_from_slice(&(body.len() as u64).to_le_bytes());
        earlier.extend_from_slice(&checksum(version, body).to_le_bytes());
        earlier.extend_from_slice(body);
        fs::write(&path, earlier).unwrap();
        let read = checkpoints.newest(Epoch(9)).unwrap().unwrap();
        assert_eq!(read, Checkpoint { version, ..checkpoint(3) });
    }

    #[test]
    fn a_checkpoint_damaged_anywhere_is_passed_over_for_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        let _ = checkpoints.write(&checkpoint(3)).unwrap();
        let _ = checkpoints.write(&checkpoint(5)).unwrap();
        let path = folder.path().join(file_name(Epoch(5)));
        let whole = fs::read(&path).unwrap();
        for damaged in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[damaged] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(checkpoints.newest(Epoch(9)).unwrap(), Some(checkpoint(3)), "byte {damaged}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(checkpoints.newest(Epoch(9)).unwrap(), Some(checkpoint(3)));
    }
}

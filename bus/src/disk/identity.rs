//! A log's folder: whose it is, and that only one process uses it.
//!
//! `log.json` is written last when a log is made. A folder with segments but without it is therefore either a log
//! whose making was interrupted (its segments hold nothing: made anew) or one that lost the file (a halt).

use std::{
    io::IoSlice,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    file_system::{FileSystem, Lock, SegmentFile, UNFINISHED, read_full, write_all, write_durably},
    open_error::OpenError,
    segment::{FIRST_FRAME, base_of_name},
};
use crate::LogId;

const FILE: &str = "log.json";
const LOCK: &str = "lock";
const VERSION: u32 = 1;

/// What a log's frames carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Chunks of envelopes.
    Envelopes,
    /// Records.
    Records,
}

/// The contents of `log.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Identity {
    version: u32,
    pub(crate) kind: Kind,
    pub(crate) id: LogId,
    pub(crate) partitions: u16,
}

/// The folder of one partition.
pub(crate) fn partition_folder(folder: &Path, partition: u16) -> PathBuf {
    folder.join(format!("{partition:05}"))
}

/// Locks the folder and reads whose it is; a new log is made by `make`, which makes its partitions.
pub(crate) fn open_folder(
    files: &Arc<dyn FileSystem>,
    folder: &Path,
    kind: Kind,
    partitions: u16,
    make: impl Fn(LogId, u16) -> Result<(), OpenError>,
) -> Result<(Identity, Box<dyn Lock>), OpenError> {
    files.create_folder(folder).map_err(OpenError::io("creating", folder))?;
    let lock_path = folder.join(LOCK);
    let lock = files
        .lock(&lock_path)
        .map_err(OpenError::io("locking", &lock_path))?
        .map_err(|owner| OpenError::Locked { folder: folder.into(), owner })?;
    let names = files.names(folder).map_err(OpenError::io("listing", folder))?;
    if names.iter().any(|name| name == FILE) {
        // The process that made the log may have been killed before it synced the name.
        files.sync_folder(folder).map_err(OpenError::io("syncing the names in", folder))?;
        return Ok((read(&**files, folder, kind, partitions)?, lock));
    }
    for partition in 0..partitions {
        remove_unused(&**files, folder, &partition_folder(folder, partition))?;
    }
    let identity = Identity { version: VERSION, kind, id: LogId::random(), partitions };
    for partition in 0..partitions {
        make(identity.id, partition)?;
    }
    let unfinished = folder.join(format!("{FILE}{UNFINISHED}"));
    let text = serde_json::to_vec_pretty(&identity).map_err(|error| OpenError::Io {
        what: "writing",
        path: unfinished,
        error: error.into(),
    })?;
    let write = |file: &dyn SegmentFile| write_all(file, &mut [IoSlice::new(&text)], 0);
    write_durably(&**files, folder, FILE, &write)
        .and_then(|_| files.sync_folder(folder))
        .map_err(OpenError::io("writing the identity into", folder))?;
    tracing::info!(folder = %folder.display(), log = %identity.id, partitions, "made a new log");
    Ok((identity, lock))
}

fn read(files: &dyn FileSystem, folder: &Path, kind: Kind, partitions: u16) -> Result<Identity, OpenError> {
    let path = folder.join(FILE);
    let corrupt = |what: String| OpenError::Corrupt { file: path.display().to_string(), at: 0, what };
    let read = || {
        let file = files.open(&path)?;
        let mut text = vec![0; usize::try_from(file.length()?).unwrap_or(0).min(1 << 16)];
        let read = read_full(&*file, &mut text, 0)?;
        text.truncate(read);
        Ok(text)
    };
    let text = read().map_err(OpenError::io("reading", &path))?;
    let identity: Identity = serde_json::from_slice(&text).map_err(|error| corrupt(error.to_string()))?;
    if identity.version != VERSION {
        let file = path.display().to_string();
        return Err(OpenError::Version { file, found: identity.version, known: VERSION });
    }
    if identity.kind != kind {
        return Err(corrupt(format!("it is a log of {:?}, not of {kind:?}", identity.kind)));
    }
    if identity.partitions != partitions {
        let stored = identity.partitions;
        return Err(OpenError::Partitions { folder: folder.into(), stored, configured: partitions });
    }
    Ok(identity)
}

/// Removes what an interrupted making left; halts if there is more than that.
fn remove_unused(files: &dyn FileSystem, log: &Path, folder: &Path) -> Result<(), OpenError> {
    let names = match files.names(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OpenError::io("listing", folder)(error)),
    };
    for name in names {
        let Some(base) = base_of_name(&name) else {
            continue;
        };
        let path = folder.join(&name);
        let begun = files.open(&path).and_then(|file| {
            let mut first = [0; 64];
            read_full(&*file, &mut first, FIRST_FRAME)?;
            Ok(first != [0; 64])
        });
        if base != 0 || begun.map_err(OpenError::io("reading", &path))? {
            return Err(OpenError::Corrupt {
                file: log.join(FILE).display().to_string(),
                at: 0,
                what: format!("it is missing, though {} holds data of a log", path.display()),
            });
        }
        files.remove(&path).map_err(OpenError::io("removing", &path))?;
    }
    Ok(())
}

//! How far files were read, kept below the data folder: a file a feed, written whole, behind the append and not before.
//!
//! It may be older than the log: then the same lines are read again, and are known. It is never newer.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use ioc_bus::whole_file;
use serde::{Deserialize, Serialize};

use super::{listing::Id, mark::Fingerprint};

const FOLDER: &str = "followed";
const VERSION: u32 = 1;

/// Of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptFile {
    /// What it was called when it was met: the address of its lines.
    pub(super) address: String,
    /// What it was called last.
    pub(super) name: String,
    /// Device and inode; none where it is looked for.
    pub(super) id: Option<Id>,
    /// The place behind which it is read.
    pub(super) place: Fingerprint,
    /// Of all lines before it.
    pub(super) hash: String,
    /// The size it was seen to have.
    pub(super) seen: u64,
    /// What became of it.
    pub(super) state: State,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It has a followed name.
    Followed,
    /// It was renamed, or has no name any more.
    Left,
    /// What it held was cut short under it; only a copy has it.
    CutShort,
}

/// Of all of a feed's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    version: u32,
    /// Those that are read.
    pub(super) files: Vec<KeptFile>,
    /// When the file that was changed last had been changed, at the last look; milliseconds since 1970 by its folder's
    /// clock. What was rotated by then was met.
    pub(super) looked: Option<i64>,
    /// Those that were read to their end, the last of them.
    pub(super) done: VecDeque<Fingerprint>,
    /// What the folder lay on when there was something in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<u64>,
}

/// Why there is no telling how far files were read.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read {path}, which says how far files were read: {what}. Mend it, or remove it to read them from their \
     beginning: what is stored is known again"
)]
pub(crate) struct Unreadable {
    path: PathBuf,
    what: String,
}

/// Where a feed's places are kept.
pub(super) fn path_of(data: &Path, feed: &str) -> PathBuf {
    data.join(FOLDER).join(format!("{feed}.json"))
}

pub(super) fn not_ours(path: &Path) -> Unreadable {
    Unreadable { path: path.to_owned(), what: "a hash in it is none".to_owned() }
}

pub(super) fn read(path: &Path) -> Result<Kept, Unreadable> {
    let fault = |what: String| Unreadable { path: path.to_owned(), what };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(fault(error.to_string())),
    };
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| fault(error.to_string()))?;
    match kept.version {
        VERSION => Ok(kept),
        other => Err(fault(format!("it is of version {other}, and this program knows version {VERSION}"))),
    }
}

/// Durable when it returns.
pub(super) fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let bytes = serde_json::to_vec(&Kept { version: VERSION, ..kept.clone() });
    whole_file::write(path, &bytes.map_err(io::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_version_1_wrote_them_and_never_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), "eve");
        assert_eq!(read(&path).unwrap(), Kept::default());
        let text = r#"{"version":1,"files":[{"address":"eve.json","name":"eve.json.1","id":[1,2],"place":{"at":5,"first":"a","last":"b"},"hash":"h","seen":7,"state":"cut_short"}],"looked":9,"done":[{"at":6,"first":"c","last":"d"}]}"#;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let kept = read(&path).unwrap();
        let file = &kept.files[0];
        assert_eq!(
            (file.id, file.place.at, file.state, kept.looked),
            (Some(Id(1, 2)), 5, State::CutShort, Some(9))
        );
        write(&path, &kept).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        for (other, expected) in [(text.replace(":1,", ":2,"), "version 2"), (text[..20].to_owned(), "EOF")] {
            fs::write(&path, other).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("remove it"), "{error}");
        }
    }
}

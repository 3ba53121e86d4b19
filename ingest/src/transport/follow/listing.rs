//! What lies in the folder of followed files.

use std::{ffi::OsString, fs::File, io, path::Path};

use rustix::fs::FileType;

use crate::transport::below::{Folder, Signature, signature_of};

/// With more entries it is no folder of logs. A part of them would be looked at as if the others were gone.
const MOST: usize = 20_000;

/// An open folder and its regular files.
#[derive(Debug)]
pub(super) struct Listing {
    folder: Folder,
    /// What it lies on.
    pub(super) device: u64,
    /// The files, the last changed first.
    pub(super) entries: Vec<Entry>,
    /// Names of what is no regular file.
    pub(super) others: Vec<String>,
}

/// A file as it was listed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name, as it can be shown.
    pub(super) name: String,
    raw: OsString,
    /// Its state.
    pub(super) signature: Signature,
}

/// What tells one file from another while neither is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(super) struct Id(pub(super) u64, pub(super) u64);

impl Listing {
    pub(super) fn of(path: &Path) -> io::Result<Listing> {
        Listing::of_at_most(path, MOST)
    }

    fn of_at_most(path: &Path, most: usize) -> io::Result<Listing> {
        let folder = Folder::root(path)?;
        let (mut entries, mut others) = (Vec::new(), Vec::new());
        for (before, raw) in folder.entries()?.enumerate() {
            let raw = raw?;
            if before >= most {
                return Err(io::Error::other(format!("it holds more than {most} files: none is followed")));
            }
            let stat = match folder.stat(&raw) {
                Ok(stat) => stat,
                // It was renamed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let name = raw.to_string_lossy().into_owned();
            match Signature::of_regular(&stat) {
                Some(signature) => entries.push(Entry { name, raw, signature }),
                None if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {}
                None => others.push(name),
            }
        }
        entries.sort_by(|one: &Entry, other| {
            let newest = |entry: &Entry| (entry.signature.modified_seconds, entry.signature.modified_nanos);
            newest(other).cmp(&newest(one)).then_with(|| one.name.cmp(&other.name))
        });
        Ok(Listing { device: folder.device()?, folder, entries, others })
    }

    /// Opens a file; none if it is another one by now.
    pub(super) fn open(&self, entry: &Entry) -> io::Result<Option<File>> {
        let file = match self.folder.file(&entry.raw) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(signature_of(&file)?.is_some_and(|now| Id::of(&now) == entry.id()).then_some(file))
    }
}

/// A file as it was: its number, size and time of change.
pub(super) type EntryState = (Id, u64, i64);

impl Entry {
    /// As it is.
    pub(super) fn state(&self) -> EntryState {
        (self.id(), self.signature.size, self.signature.modified_millis())
    }

    pub(super) fn id(&self) -> Id {
        Id::of(&self.signature)
    }
}

impl Id {
    fn of(signature: &Signature) -> Id {
        Id(signature.device, signature.inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        assert_eq!(Listing::of_at_most(folder.path(), 3).unwrap().entries.len(), 3);
        assert!(Listing::of_at_most(folder.path(), 2).unwrap_err().to_string().contains("more than 2"));
    }
}

//! The archive's folder, and the durable steps in it.
//!
//! ```text
//! _archive.json                                      whose it is; locked while a process writes
//! feed=<feed>/day=<yyyy-mm-dd>/<span>.parquet        envelopes of one feed that arrived on one local day
//! _passes/<span>.json                                what a pass made: its commit point
//! _unfinished/…                                      what is being written
//! ```
//!
//! The names are those Hive partitioning knows, so readers find feed and day in the path; what starts with `_` they
//! pass over.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Component, Path, PathBuf},
};

use super::{error::ArchiveError, span::Span};

/// The root of an archive.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

const RECORD_END: &str = ".json";
const FILE_END: &str = ".parquet";
pub(super) const IDENTITY: &str = "_archive.json";

impl Folder {
    pub(super) fn new(root: &Path) -> Folder {
        Folder(root.to_owned())
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn passes(&self) -> PathBuf {
        self.0.join("_passes")
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.0.join("_unfinished")
    }

    pub(super) fn record(&self, span: Span) -> PathBuf {
        self.passes().join(format!("{span}{RECORD_END}"))
    }

    /// Makes the folders, durably.
    pub(super) fn create(&self) -> Result<(), ArchiveError> {
        create_durably(&self.passes())?;
        create_durably(&self.unfinished())
    }

    /// The spans that have a record.
    pub(super) fn spans(&self) -> Result<Vec<Span>, ArchiveError> {
        let passes = self.passes();
        let mut spans = Vec::new();
        for name in names(&passes)? {
            let span = name.strip_suffix(RECORD_END).and_then(|stem| stem.parse().ok());
            match span {
                Some(span) => spans.push(span),
                None => {
                    let what = "it is not the name of a pass".to_owned();
                    return Err(ArchiveError::Unreadable { path: passes.join(name), what });
                }
            }
        }
        Ok(spans)
    }

    /// Every Parquet file with the span in its name; those of other names are not ours.
    pub(super) fn files(&self) -> Result<Vec<(PathBuf, Span)>, ArchiveError> {
        let mut files = Vec::new();
        for feed in names(&self.0)?.into_iter().filter(|name| name.starts_with("feed=")) {
            let feed = self.0.join(feed);
            for day in names(&feed)?.into_iter().filter(|name| name.starts_with("day=")) {
                let day = feed.join(day);
                for name in names(&day)? {
                    let span = name.strip_suffix(FILE_END).and_then(|stem| stem.parse().ok());
                    files.extend(span.map(|span| (day.join(&name), span)));
                }
            }
        }
        Ok(files)
    }

    /// Writes a small file whole or not at all.
    pub(super) fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
        let name = path.file_name().unwrap_or_default();
        let unfinished = self.unfinished().join(name);
        let write = || -> io::Result<()> {
            let mut file = File::create(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)
        };
        write().map_err(ArchiveError::io("write", path))?;
        sync_folder_of(path)
    }

    /// Removes what was being written.
    pub(super) fn clear_unfinished(&self) -> Result<(), ArchiveError> {
        let unfinished = self.unfinished();
        for name in names(&unfinished)? {
            remove(&unfinished.join(name))?;
        }
        Ok(())
    }
}

/// Where a file of a feed and day lies, relative to the root. Feeds are names of the pack; a letter that could mean
/// something in a path is written `%XX`, as Hive does (SAFE).
pub(super) fn relative_path(feed: &str, day: &str, span: Span) -> String {
    format!("{}/day={day}/{span}{FILE_END}", feed_folder(feed))
}

/// The folder of a feed.
pub(super) fn feed_folder(feed: &str) -> String {
    let mut folder = "feed=".to_owned();
    for byte in feed.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            folder.push(char::from(byte));
        } else {
            folder.push_str(&format!("%{byte:02X}"));
        }
    }
    folder
}

/// A relative path that cannot leave the folder it is joined to.
pub(super) fn inside(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    let plain = |component: Component<'_>| matches!(component, Component::Normal(_));
    (path.components().next().is_some() && path.components().all(plain)).then_some(path)
}

/// Makes a folder and those above it, each one's name durable.
pub(super) fn create_durably(path: &Path) -> Result<(), ArchiveError> {
    let make = |path: &Path| -> io::Result<()> {
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        File::open(parent(path))?.sync_all()
    };
    if path.is_dir() {
        return Ok(());
    }
    if path.parent().is_some_and(|above| !above.as_os_str().is_empty()) {
        create_durably(parent(path))?;
    }
    make(path).map_err(ArchiveError::io("make", path))
}

/// Makes a file's name, or its absence, durable.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), ArchiveError> {
    let folder = parent(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(ArchiveError::io("sync", folder))
}

/// Removes a file; one that is not there is fine.
pub(super) fn remove(path: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ArchiveError::Io { doing: "remove", path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn names(folder: &Path) -> Result<Vec<String>, ArchiveError> {
    let failed = |error| ArchiveError::Io { doing: "look into", path: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        // A file where a folder could be is not ours.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not UTF-8 is not ours.
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use ioc_model::position::{LogNumber, Offset, Partition};

    use super::*;

    #[test]
    fn safe_no_feed_leaves_its_folder() {
        let span = Span { log: LogNumber(1), partition: Partition(0), from: Offset(0), to: Offset(5) };
        assert_eq!(
            relative_path("air-mqtt", "2026-02-01", span),
            "feed=air-mqtt/day=2026-02-01/1-0-0-5.parquet"
        );
        for feed in ["../up", "a/b", "..", "a=b", "không", "*", "a\0b"] {
            let path = relative_path(feed, "2026-02-01", span);
            assert!(inside(&path).is_some() && path.split('/').count() == 3, "{path}");
        }
    }

    #[test]
    fn safe_a_path_that_leaves_the_archive_is_none() {
        for path in ["", "/etc/passwd", "../x", "a/../../x", "./x"] {
            assert!(inside(path).is_none(), "{path}");
        }
        assert!(inside("feed=a/day=2026-02-01/1-0-0-5.parquet").is_some());
    }
}

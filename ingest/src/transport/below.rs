//! Files below a root, reached without following a single symbolic link.
//!
//! Whoever may write into the inbox (an FTP account) must not be able to make the process read or move anything
//! outside of it (invariant SAFE), not even by exchanging a folder for a link between two steps. So every path is
//! opened component by component, each relative to the one before.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Component, Path},
};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, fsync, mkdirat, openat, renameat, statat, unlinkat,
};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
// Non-blocking, or opening a pipe that took a file's place would wait for its writer.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified_seconds: i64,
    pub(super) modified_nanos: i64,
}

impl Signature {
    /// The signature of a regular file; none of anything else.
    pub(super) fn of_regular(stat: &Stat) -> Option<Signature> {
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| Signature::of(stat))
    }

    fn of(stat: &Stat) -> Signature {
        // The fields' widths differ by platform.
        #[allow(clippy::unnecessary_cast)]
        Signature {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_seconds: stat.st_mtime as i64,
            modified_nanos: stat.st_mtime_nsec as i64,
        }
    }

    /// Milliseconds since 1970 of the last change of its content.
    pub(super) fn modified_millis(&self) -> i64 {
        self.modified_seconds.saturating_mul(1_000).saturating_add(self.modified_nanos / 1_000_000)
    }
}

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens a root. A root is configuration, so it may itself be a link.
    pub(super) fn root(path: &Path) -> io::Result<Folder> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Folder(openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens a folder directly in this one.
    pub(super) fn child(&self, name: &OsStr) -> io::Result<Folder> {
        Ok(Folder(openat(&self.0, name, FOLDER, Mode::empty())?))
    }

    /// Opens a folder at any depth below this one. An empty path is this one.
    pub(super) fn at(&self, path: &Path) -> io::Result<Folder> {
        let mut folder = Folder(self.0.try_clone()?);
        for name in names(path)? {
            folder = folder.child(name)?;
        }
        Ok(folder)
    }

    /// As [`Folder::at`], making what is not there. New folders are durable when it returns.
    pub(super) fn at_made(&self, path: &Path) -> io::Result<Folder> {
        let mut folder = Folder(self.0.try_clone()?);
        for name in names(path)? {
            folder = match folder.child(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    match mkdirat(&folder.0, name, Mode::from_raw_mode(0o777)) {
                        Ok(()) => folder.sync()?,
                        Err(rustix::io::Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    folder.child(name)?
                }
                other => other?,
            };
        }
        Ok(folder)
    }

    /// Opens a file directly in this folder for reading.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<File> {
        Ok(File::from(openat(&self.0, name, FILE, Mode::empty())?))
    }

    /// What lies under a name in this folder; a link is told as a link.
    pub(super) fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        Ok(statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Whether nothing lies under a name in this folder.
    pub(super) fn is_free(&self, name: &OsStr) -> io::Result<bool> {
        match self.stat(name) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Moves an entry of this folder into another one of the same file system.
    pub(super) fn rename(&self, name: &OsStr, to: &Folder, new_name: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.0, name, &to.0, new_name)?)
    }

    /// Removes a file of this folder.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Whether entries may be moved out of this folder.
    pub(super) fn is_writable(&self) -> bool {
        use rustix::fs::{Access, accessat};
        accessat(&self.0, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
    }

    /// Makes its entries durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.0)?)
    }

    /// The file system it lies on.
    pub(super) fn device(&self) -> io::Result<u64> {
        Ok(Signature::of(&rustix::fs::fstat(&self.0)?).device)
    }

    /// Its entries, without `.` and `..`.
    pub(super) fn entries(&self) -> io::Result<impl Iterator<Item = io::Result<std::ffi::OsString>>> {
        use std::os::unix::ffi::OsStrExt;
        let entries = rustix::fs::Dir::read_from(self.0.as_fd())?;
        Ok(entries.filter_map(|entry| match entry {
            Ok(entry) => {
                let name = entry.file_name().to_bytes();
                (name != b"." && name != b"..").then(|| Ok(OsStr::from_bytes(name).to_owned()))
            }
            Err(error) => Some(Err(error.into())),
        }))
    }
}

/// The signature of an open file; none if it is no regular file.
pub(super) fn signature_of(file: &File) -> io::Result<Option<Signature>> {
    Ok(Signature::of_regular(&rustix::fs::fstat(file)?))
}

fn names(path: &Path) -> io::Result<Vec<&OsStr>> {
    path.components()
        .filter(|component| !matches!(component, Component::CurDir))
        .map(|component| match component {
            Component::Normal(name) => Ok(name),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "a path that leaves its root")),
        })
        .collect()
}

//! The few file-system calls the log makes.
//!
//! They go through a trait so that tests can put a file system underneath that tears, shortens and fails writes at
//! any call and forgets what was not synced (see `tests/fake`). The calls are per group of chunks, never per record:
//! dynamic dispatch costs nothing there.

use std::{
    fmt::Debug,
    fs::{File, OpenOptions, TryLockError},
    io::{self, IoSlice, Read, Seek, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use crate::Room;

/// Names, folders and locks.
pub(crate) trait FileSystem: Debug + Send + Sync {
    /// Makes a folder and those above it, durably; one that exists is fine.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// A new, empty file for reading and writing; one of that name is emptied.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;

    /// An existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;

    /// Renames inside one folder, replacing the target.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, in no order.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Makes a folder's names durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// The bytes of the disk a folder lies on.
    fn room(&self, folder: &Path) -> io::Result<Room>;

    /// Takes the lock file for this process. `Err(Some(owner))` when another holds it.
    fn lock(&self, path: &Path) -> io::Result<Result<Box<dyn Lock>, String>>;
}

/// A file of the log.
pub(crate) trait SegmentFile: Debug + Send + Sync {
    /// Reads at a place; fewer bytes than asked for only at the end of the file or when interrupted.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;

    /// Writes at a place; may write fewer bytes than given.
    fn write_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize>;

    /// Reserves space for the first `length` bytes; new ones read as zeros. The file is at least that long after.
    fn allocate(&self, length: u64) -> io::Result<()>;

    /// Cuts (or extends with zeros).
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Makes contents and length durable.
    fn sync(&self) -> io::Result<()>;
}

/// Held until dropped.
pub(crate) trait Lock: Debug + Send + Sync {}

/// Writes all parts, however many calls it takes.
pub(crate) fn write_all(
    file: &dyn SegmentFile,
    mut parts: &mut [IoSlice<'_>],
    mut at: u64,
) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match file.write_at(parts, at) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::WriteZero, "the file takes no more bytes")),
            Ok(written) => {
                at += written as u64;
                IoSlice::advance_slices(&mut parts, written);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills the buffer as far as the file goes; returns how far.
pub(crate) fn read_full(file: &dyn SegmentFile, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A new file that has its name only once its contents are durable. The name itself is durable after the folder's
/// next sync.
pub(crate) fn write_durably(
    files: &dyn FileSystem,
    folder: &Path,
    name: &str,
    fill: &dyn Fn(&dyn SegmentFile) -> io::Result<()>,
) -> io::Result<Arc<dyn SegmentFile>> {
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    let file = files.create(&unfinished)?;
    let finished =
        fill(&*file).and_then(|()| file.sync()).and_then(|()| files.rename(&unfinished, &folder.join(name)));
    if let Err(error) = finished {
        // Best effort: an unfinished file is removed at the next opening anyway.
        let _ = files.remove(&unfinished);
        return Err(error);
    }
    Ok(file)
}

/// Ends the name of a file that is not yet what its name will say.
pub(crate) const UNFINISHED: &str = ".new";

/// The machine's own file system, shared.
pub(crate) fn machine_files() -> Arc<dyn FileSystem> {
    Arc::new(MachineFileSystem)
}

/// The machine's own file system.
#[derive(Debug)]
pub(crate) struct MachineFileSystem;

impl FileSystem for MachineFileSystem {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.try_exists()? {
            return Ok(());
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.create_folder(parent)?;
        match std::fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.sync_folder(parent)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Arc::new(MachineFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(MachineFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            // A name that is not UTF-8 is not ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn room(&self, folder: &Path) -> io::Result<Room> {
        Room::of(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Result<Box<dyn Lock>, String>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who holds it is only told for convenience.
                let _ = Read::by_ref(&mut file).take(64).read_to_string(&mut owner);
                return Ok(Err(owner.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let told = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(format!("process {}\n", std::process::id()).as_bytes()));
        if let Err(error) = told {
            tracing::debug!(%error, "the lock file does not say who holds it");
        }
        Ok(Ok(Box::new(MachineLock(file))))
    }
}

#[derive(Debug)]
struct MachineLock(#[expect(dead_code, reason = "the lock lives as long as its file is open")] File);

impl Lock for MachineLock {}

#[derive(Debug)]
struct MachineFile(File);

impl SegmentFile for MachineFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, buffer, at)
    }

    fn write_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize> {
        Ok(rustix::io::pwritev(&self.0, parts, at)?)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::empty(), 0, length) {
            // Such a file system finds out about a full disk only while writing, which is handled there too.
            Err(rustix::io::Errno::OPNOTSUPP) if self.length()? < length => self.set_length(length),
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            result => Ok(result?),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

//! The file an export writes: beside its place until it is whole.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// A file on its way. Dropped before it is finished, nothing of it is left.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    force: bool,
    unfinished: PathBuf,
    file: File,
}

impl Target {
    /// Begins a file. One that is there already is replaced only by force.
    pub(super) fn open(path: &Path, force: bool) -> anyhow::Result<Target> {
        refuse_existing(path, force)?;
        let Some(name) = path.file_name() else { bail!("{} is not the name of a file", path.display()) };
        let unfinished =
            path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)
            .with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(Target { path: path.to_owned(), force, unfinished, file })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.file.write_all(bytes).with_context(|| format!("cannot write {}", self.unfinished.display()))
    }

    /// A way to write for an encoder.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    pub(super) fn ends_with(&mut self, end: &[u8]) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let Some(at) = length.checked_sub(end.len() as u64) else { return Ok(false) };
        let mut last = vec![0; end.len()];
        let _ = self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut last)?;
        Ok(last == end)
    }

    /// Gives the file its name when its bytes are durable; returns its length.
    pub(super) fn finish(self) -> anyhow::Result<u64> {
        let bytes = self.file.metadata()?.len();
        self.file.sync_all().with_context(|| format!("cannot write {}", self.unfinished.display()))?;
        refuse_existing(&self.path, self.force)?;
        fs::rename(&self.unfinished, &self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(bytes)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After finishing there is none of that name.
        let _ = fs::remove_file(&self.unfinished);
    }
}

fn refuse_existing(path: &Path, force: bool) -> anyhow::Result<()> {
    if !force && path.try_exists().with_context(|| format!("cannot look at {}", path.display()))? {
        bail!("{} is there already: choose another name, or --force to replace it", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all_and_replaces_another_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let mut broken = Target::open(&path, false).unwrap();
        broken.write(b"half").unwrap();
        assert!(!path.try_exists().unwrap());
        drop(broken);
        assert_eq!(names(), 0);

        let mut whole = Target::open(&path, false).unwrap();
        whole.write(b"whole").unwrap();
        assert!(whole.ends_with(b"le").unwrap() && !whole.ends_with(b"something longer").unwrap());
        assert_eq!(whole.finish().unwrap(), 5);
        assert_eq!((fs::read(&path).unwrap(), names()), (b"whole".to_vec(), 1));

        let refused = Target::open(&path, false).unwrap_err().to_string();
        assert!(refused.contains("--force"), "{refused}");
        let mut forced = Target::open(&path, true).unwrap();
        forced.write(b"new").unwrap();
        let _ = forced.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}

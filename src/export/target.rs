//! Where an export goes: a file beside its place until it is whole, or standard output.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// The name that stands for standard output.
pub const STANDARD_OUTPUT: &str = "-";
/// Enough for the end of a Parquet file, which says what is in it.
const END_KEPT: usize = 4 << 20;

/// An export on its way. Dropped before it is finished, no file is left of it.
#[derive(Debug)]
pub struct Target {
    file: File,
    /// None: what is written is there already.
    place: Option<Place>,
    bytes: u64,
    end: Vec<u8>,
    unheard: bool,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    force: bool,
    unfinished: PathBuf,
}

impl Target {
    /// Begins a file, or standard output. A file that is there already is replaced only by force.
    pub fn open(path: &Path, force: bool) -> anyhow::Result<Target> {
        if path.as_os_str() == STANDARD_OUTPUT {
            let out = io::stdout().as_fd().try_clone_to_owned().context("cannot use standard output")?;
            return Ok(Target::of(out.into(), None));
        }
        refuse_existing(path, force)?;
        let Some(name) = path.file_name() else { bail!("{} is not the name of a file", path.display()) };
        let unfinished =
            path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)
            .with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(Target::of(file, Some(Place { path: path.to_owned(), force, unfinished })))
    }

    fn of(file: File, place: Option<Place>) -> Target {
        Target { file, place, bytes: 0, end: Vec::new(), unheard: false }
    }

    /// The last bytes written, more than the end of any Parquet file.
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    /// Whether the reader of standard output went away: it has read enough.
    pub fn is_unheard(&self) -> bool {
        self.unheard
    }

    /// Gives the file its name when its bytes are durable; returns its length.
    pub fn finish(self) -> anyhow::Result<u64> {
        let Some(Place { path, force, unfinished }) = &self.place else { return Ok(self.bytes) };
        self.file.sync_all().with_context(|| format!("cannot write {}", unfinished.display()))?;
        refuse_existing(path, *force)?;
        fs::rename(unfinished, path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(self.bytes)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        self.unheard |= written.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        let written = written.map_err(|error| match &self.place {
            Some(place) => io::Error::new(error.kind(), format!("{}: {error}", place.unfinished.display())),
            None => error,
        })?;
        self.bytes += written as u64;
        self.end.extend_from_slice(&bytes[..written]);
        if self.end.len() > 2 * END_KEPT {
            drop(self.end.drain(..self.end.len() - END_KEPT));
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After finishing there is none of that name.
        if let Some(place) = &self.place {
            let _ = fs::remove_file(&place.unfinished);
        }
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
        broken.write_all(b"half").unwrap();
        assert!(!path.try_exists().unwrap());
        drop(broken);
        assert_eq!(names(), 0);

        let mut whole = Target::open(&path, false).unwrap();
        whole.write_all(b"whole").unwrap();
        assert_eq!(whole.end(), b"whole");
        assert_eq!(whole.finish().unwrap(), 5);
        assert_eq!((fs::read(&path).unwrap(), names()), (b"whole".to_vec(), 1));

        let refused = Target::open(&path, false).unwrap_err().to_string();
        assert!(refused.contains("--force"), "{refused}");
        let mut forced = Target::open(&path, true).unwrap();
        forced.write_all(b"new").unwrap();
        let _ = forced.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn the_end_is_kept_however_much_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut long = Target::open(&folder.path().join("long"), false).unwrap();
        for part in 0..40u8 {
            long.write_all(&vec![part; END_KEPT / 4]).unwrap();
        }
        assert!(long.end().len() >= END_KEPT && long.end().len() <= 2 * END_KEPT);
        assert!(long.end().ends_with(&[39; 100]));
        assert_eq!(long.finish().unwrap(), 10 * END_KEPT as u64);
    }
}

//! Which files of a watched folder are whole and may be taken, oldest first.
//!
//! A file is whole when its size and time of change stayed the same over the settle time, however it is called: a
//! name such as `x.txt.part` only spares us the look. The number of files in line is bounded (invariant BOUND): the
//! oldest are kept, the others come when those are gone.

use std::{
    collections::{BinaryHeap, HashMap},
    ffi::{OsStr, OsString},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use ioc_model::calendar::Calendar;
use rustix::fs::FileType;
use tokio::time::Instant;

use super::{
    below::{Folder, Signature},
    name_time::time_in_name,
};

/// The most files that stand in line at once.
const MAX_IN_LINE: usize = 20_000;
/// The deepest folder below a feed's. The day layouts in use are four deep.
const MAX_DEPTH: usize = 8;
/// A file that could not be read is tried again after this time, or when it changed.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// The most files remembered as set aside; what is beyond that is found out again at each pass.
const MAX_ASIDE: usize = 1_000_000;

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Milliseconds since 1970: by its name, else of its last change.
    pub(super) time: i64,
    /// Path below the inbox.
    pub(super) path: PathBuf,
    /// Its state.
    pub(super) signature: Signature,
}

impl Ord for Found {
    fn cmp(&self, other: &Found) -> std::cmp::Ordering {
        (self.time, &self.path).cmp(&(other.time, &other.path))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Found) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a pass over a folder found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Whole files, oldest first.
    pub(super) ready: Vec<Found>,
    /// Files in line or settling.
    pub(super) waiting: u64,
    /// Files whose names say that they are being written.
    pub(super) unfinished: u64,
    /// Things that are no file to take, seen for the first time.
    pub(super) passed_over: Vec<(PathBuf, &'static str)>,
    /// Folders that could not be listed.
    pub(super) failures: Vec<(PathBuf, io::Error)>,
}

/// What the passes remember of a folder.
#[derive(Debug, Default)]
pub(super) struct Memory {
    settling: HashMap<PathBuf, (Signature, Instant)>,
    aside: HashMap<u64, Aside>,
    pass: u64,
}

#[derive(Debug)]
struct Aside {
    signature: Option<Signature>,
    until: Option<Instant>,
    seen: u64,
}

/// Where to look and where not.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    /// The feed's folder, a path below the inbox; empty for the whole inbox.
    pub(super) folder: &'a Path,
    /// Folders below it that other feeds claim.
    pub(super) excluded: &'a [PathBuf],
    /// How long a file must stay the same.
    pub(super) settle: Duration,
    /// The pack's local time, in which names are written.
    pub(super) calendar: &'a Calendar,
}

impl Memory {
    /// Leaves a file alone until it changes, or for a while.
    pub(super) fn set_aside(&mut self, found: &Found) {
        if self.aside.len() < MAX_ASIDE {
            let until = Some(Instant::now() + RETRY_AFTER);
            let aside = Aside { signature: Some(found.signature), until, seen: self.pass };
            let _ = self.aside.insert(key(&found.path), aside);
        }
    }

    /// Lets a file settle anew.
    pub(super) fn unsettle(&mut self, found: &Found) {
        let _ = self.settling.remove(&found.path);
    }

    /// Looks once at everything below the ground.
    pub(super) fn pass(&mut self, inbox: &Folder, ground: &Ground<'_>, now: Instant) -> Pass {
        self.pass += 1;
        let mut walk =
            Walk { memory: self, ground, now, device: 0, line: BinaryHeap::new(), pass: Pass::default() };
        let opened = inbox.device().and_then(|device| {
            walk.device = device;
            inbox.at(ground.folder)
        });
        match opened {
            Ok(folder) => walk.folder(&folder, ground.folder, 0),
            Err(error) => walk.pass.failures.push((ground.folder.to_owned(), error)),
        }
        let (line, mut pass) = (walk.line.into_sorted_vec(), walk.pass);
        let this_pass = self.pass;
        // After a folder could not be listed its files are not forgotten: they are still there.
        if pass.failures.is_empty() {
            self.aside.retain(|_, aside| aside.seen == this_pass);
        }
        let mut settling = HashMap::with_capacity(line.len());
        for found in line {
            let since = match self.settling.remove(&found.path) {
                Some((signature, since)) if signature == found.signature => since,
                _ => now,
            };
            let _ = settling.insert(found.path.clone(), (found.signature, since));
            if now.duration_since(since) >= ground.settle {
                pass.ready.push(found);
            }
        }
        self.settling = settling;
        pass
    }

    /// Whether a thing that is no file is seen for the first time.
    fn is_news(&mut self, path: &Path) -> bool {
        let (seen, has_room) = (self.pass, self.aside.len() < MAX_ASIDE);
        match self.aside.get_mut(&key(path)) {
            Some(aside) => {
                aside.seen = seen;
                false
            }
            None if has_room => {
                let _ = self.aside.insert(key(path), Aside { signature: None, until: None, seen });
                true
            }
            None => false,
        }
    }

    fn is_set_aside(&mut self, path: &Path, signature: Signature, now: Instant) -> bool {
        let seen = self.pass;
        let Some(aside) = self.aside.get_mut(&key(path)) else { return false };
        aside.seen = seen;
        aside.signature == Some(signature) && aside.until.is_none_or(|until| now < until)
    }
}

struct Walk<'a> {
    memory: &'a mut Memory,
    ground: &'a Ground<'a>,
    now: Instant,
    device: u64,
    line: BinaryHeap<Found>,
    pass: Pass,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Folder, path: &Path, depth: usize) {
        let entries = match folder.entries() {
            Ok(entries) => entries,
            Err(error) => return self.pass.failures.push((path.to_owned(), error)),
        };
        for entry in entries {
            match entry {
                Ok(name) => self.entry(folder, path, &name, depth),
                Err(error) => return self.pass.failures.push((path.to_owned(), error)),
            }
        }
    }

    fn entry(&mut self, folder: &Folder, parent: &Path, name: &OsStr, depth: usize) {
        let path = parent.join(name);
        if self.ground.excluded.contains(&path) {
            return;
        }
        let stat = match folder.stat(name) {
            Ok(stat) => stat,
            // It went away since it was listed: a sender renamed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.pass.failures.push((path, error)),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind != FileType::Symlink && is_unfinished(name) {
            self.pass.unfinished += 1;
            return;
        }
        match kind {
            FileType::RegularFile => {}
            FileType::Directory if depth >= MAX_DEPTH => return self.pass_over(path, "a folder too deep"),
            FileType::Directory => {
                return match folder.child(name) {
                    Ok(child) => self.folder(&child, &path, depth + 1),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => self.pass.failures.push((path, error)),
                };
            }
            FileType::Symlink => return self.pass_over(path, "a symbolic link"),
            _ => return self.pass_over(path, "no regular file"),
        }
        let Some(signature) = Signature::of_regular(&stat) else { return };
        if signature.device != self.device {
            return self
                .pass_over(path, "on another file system than the inbox, so it cannot be moved out of it");
        }
        if self.memory.is_set_aside(&path, signature, self.now) {
            return;
        }
        let time = self.time_of(name, signature);
        self.pass.waiting += 1;
        self.line.push(Found { time, path, signature });
        if self.line.len() > MAX_IN_LINE {
            let _ = self.line.pop();
        }
    }

    fn time_of(&self, name: &OsStr, signature: Signature) -> i64 {
        time_in_name(&name.to_string_lossy())
            .and_then(|local| self.ground.calendar.moment(local))
            .map_or_else(|| signature.modified_millis(), |moment| moment.0)
    }

    fn pass_over(&mut self, path: PathBuf, why: &'static str) {
        if self.memory.is_news(&path) {
            self.pass.passed_over.push((path, why));
        }
    }
}

/// Whether a name says that the file is still being written (or was never meant for us).
pub(in crate::transport) fn is_unfinished(name: &OsStr) -> bool {
    let name: OsString = name.to_ascii_lowercase();
    let name = name.as_encoded_bytes();
    name.starts_with(b".")
        || [&b".tmp"[..], b".part", b".filepart"].iter().any(|suffix| name.ends_with(suffix))
}

fn key(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_unfinished_files_are_known_in_any_case() {
        for name in [".x.txt", "x.tmp", "x.txt.PART", "x.txt.filepart", ".tmp"] {
            assert!(is_unfinished(OsStr::new(name)), "{name}");
        }
        for name in ["x.txt", "tmp", "x.tmp.txt", "part", "x.partial"] {
            assert!(!is_unfinished(OsStr::new(name)), "{name}");
        }
    }

    fn settled(folder: &Path, memory: &mut Memory, now: Instant) -> Vec<PathBuf> {
        let calendar = Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap();
        let settle = Duration::from_secs(2);
        let ground = Ground { folder: Path::new(""), excluded: &[], settle, calendar: &calendar };
        let pass = memory.pass(&Folder::root(folder).unwrap(), &ground, now);
        pass.ready.into_iter().map(|found| found.path).collect()
    }

    #[test]
    fn a_file_is_ready_only_when_it_stayed_the_same_over_the_settle_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "1").unwrap();
        let (mut memory, start) = (Memory::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(settled(folder.path(), &mut memory, at(0)).is_empty());
        assert!(settled(folder.path(), &mut memory, at(1)).is_empty());
        std::fs::write(&file, "12").unwrap();
        assert!(settled(folder.path(), &mut memory, at(2)).is_empty(), "it grew");
        assert!(settled(folder.path(), &mut memory, at(3)).is_empty());
        assert_eq!(settled(folder.path(), &mut memory, at(4)), [PathBuf::from("a.txt")]);
    }

    #[test]
    fn files_are_ready_oldest_first_by_the_time_in_the_name_or_else_of_change() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b_20200102000000.txt", "c_20200101000000.txt", "no-time.txt", "a_20200103000000.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir_all(folder.path().join("2019/12/31.txt")).unwrap();
        std::fs::write(folder.path().join("2019/12/31.txt/z_20191231000000.txt"), "x").unwrap();
        let (mut memory, start) = (Memory::default(), Instant::now());
        let _ = settled(folder.path(), &mut memory, start);
        let ready = settled(folder.path(), &mut memory, start + Duration::from_secs(2));
        let names = [
            "2019/12/31.txt/z_20191231000000.txt",
            "c_20200101000000.txt",
            "b_20200102000000.txt",
            "a_20200103000000.txt",
            "no-time.txt",
        ];
        assert_eq!(ready, names.map(PathBuf::from));
    }

    #[test]
    fn a_file_set_aside_comes_back_when_it_changes_or_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "1").unwrap();
        let (mut memory, start) = (Memory::default(), Instant::now());
        let stat = Folder::root(folder.path()).unwrap().stat(OsStr::new("a.txt")).unwrap();
        let signature = Signature::of_regular(&stat).unwrap();
        memory.set_aside(&Found { time: 0, path: "a.txt".into(), signature });
        for seconds in 0..10 {
            assert!(settled(folder.path(), &mut memory, start + Duration::from_secs(seconds)).is_empty());
        }
        let later = start + RETRY_AFTER + Duration::from_secs(5);
        assert!(settled(folder.path(), &mut memory, later).is_empty());
        assert_eq!(settled(folder.path(), &mut memory, later + Duration::from_secs(2)).len(), 1);
    }
}

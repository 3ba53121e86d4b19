//! Files under a name that says that they are still being written, kept on disk until they are renamed.
//!
//! Each is one file below `<data>/ftp-unfinished`: a line of JSON that says whose it is, where it lies in its sender's
//! tree and when it came, then its bytes. It is written aside, synced, renamed, and its folder synced, before `226` is said
//! (invariant ACK). The same name may be brought again; what came before under it stays beside it, unless it is the same
//! bytes; renamed, or overdue, they go the oldest first: nothing that was acknowledged is replaced (ONCE).

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::path::VirtualPath;

/// Files kept of one sender, and bytes of them.
const MOST_OF_SENDER: usize = 1_000;
const MOST_BYTES_OF_SENDER: u64 = 256 << 20;
/// Files kept of all senders.
const MOST: usize = 20_000;
/// What is not whole yet.
const ASIDE: &str = ".aside";

/// What is known of a kept file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) sender: String,
    /// From the root of its sender's tree on.
    pub(super) path: String,
    /// Where its sender was, as `address:port`.
    pub(super) peer: String,
    /// The name in the certificate that it came with.
    pub(super) certificate: Option<String>,
    /// Milliseconds since 1970.
    pub(super) at: i64,
    pub(super) bytes: u64,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub(super) sha256: String,
}

/// A kept file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    number: u64,
    pub(super) head: Head,
}

impl Kept {
    /// By when it came: an older one has a lower number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// Why a file cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotKept {
    #[error("too many unfinished files of this sender: rename or remove some")]
    TooMany,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// All kept files.
#[derive(Debug)]
pub(super) struct Unfinished {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    next: u64,
    files: BTreeMap<u64, Head>,
    /// Being handed over, so that nobody else takes them.
    taken: Vec<u64>,
}

impl Unfinished {
    /// Opens what is kept below that folder, and removes what was not whole when a process ended.
    ///
    /// # Errors
    /// If the folder cannot be made or read, or a file in it is none of these.
    pub(super) fn open(folder: &Path) -> io::Result<Unfinished> {
        fs::create_dir_all(folder)?;
        // Its name, too, is there when the power fails.
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        let mut known = Known::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(ASIDE) {
                fs::remove_file(&path)?;
                continue;
            }
            let foreign = || {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{} is no unfinished file", path.display()),
                )
            };
            let number: u64 = name.parse().map_err(|_| foreign())?;
            let head = head_of(&path)?;
            known.next = known.next.max(number + 1);
            let _new = known.files.insert(number, head);
        }
        Ok(Unfinished { folder: folder.to_owned(), known: Mutex::new(known) })
    }

    pub(super) fn count(&self) -> usize {
        self.known().files.len()
    }

    /// Keeps a file. It is durable when this returns.
    pub(super) fn keep(&self, head: Head, bytes: &[u8]) -> Result<(), NotKept> {
        let number = {
            let mut known = self.known();
            let of_sender = known.files.values().filter(|kept| kept.sender == head.sender);
            let (count, sum) = of_sender.fold((0, 0), |(count, sum), kept| (count + 1, sum + kept.bytes));
            if known.files.len() >= MOST || count >= MOST_OF_SENDER || sum + head.bytes > MOST_BYTES_OF_SENDER
            {
                return Err(NotKept::TooMany);
            }
            known.next += 1;
            known.next - 1
        };
        let (aside, file) = (self.aside(number), self.file(number));
        if let Err(error) = self.write(&aside, &file, &head, bytes) {
            // It is not acknowledged, so it is nowhere.
            let _not_there = (fs::remove_file(&aside), fs::remove_file(&file));
            return Err(error.into());
        }
        let same: Vec<u64> = {
            let mut known = self.known();
            let is_same = |kept: &Head| {
                kept.sender == head.sender && kept.path == head.path && kept.sha256 == head.sha256
            };
            let same = known.files.iter().filter(|(_, kept)| is_same(kept)).map(|(number, _)| *number);
            let same = same.filter(|number| !known.taken.contains(number)).collect();
            let _new = known.files.insert(number, head);
            same
        };
        for number in same {
            // The new one is there: its sender is told so.
            if let Err(error) = self.remove_number(number) {
                tracing::error!(%error, "an unfinished file that came again cannot be removed");
            }
        }
        Ok(())
    }

    fn write(&self, aside: &Path, file: &Path, head: &Head, bytes: &[u8]) -> io::Result<()> {
        let mut written = File::create_new(aside)?;
        let mut line = serde_json::to_vec(head)?;
        line.push(b'\n');
        written.write_all(&line)?;
        written.write_all(bytes)?;
        written.sync_all()?;
        fs::rename(aside, file)?;
        File::open(&self.folder)?.sync_all()
    }

    /// All of that name, the oldest first, which nobody else gets until they are given back.
    pub(super) fn take(&self, sender: &str, path: &VirtualPath) -> Vec<Kept> {
        let path = path.to_string();
        let mut known = self.known();
        let is_it = |(number, head): &(&u64, &Head)| {
            head.sender == sender && head.path == path && !known.taken.contains(number)
        };
        let kept = |(number, head): (&u64, &Head)| Kept { number: *number, head: head.clone() };
        let found: Vec<Kept> = known.files.iter().filter(is_it).map(kept).collect();
        known.taken.extend(found.iter().map(|kept| kept.number));
        found
    }

    /// The first one from that number on that came before that moment, as [`Unfinished::take`].
    pub(super) fn take_overdue(&self, before: i64, from: u64) -> Option<Kept> {
        let mut known = self.known();
        let is_it = |(number, head): &(&u64, &Head)| head.at < before && !known.taken.contains(number);
        let (number, head) = known.files.range(from..).find(is_it)?;
        let kept = Kept { number: *number, head: head.clone() };
        known.taken.push(kept.number);
        Some(kept)
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, kept: &[Kept]) {
        self.known().taken.retain(|number| kept.iter().all(|one| one.number != *number));
    }

    /// Gives one another unfinished name, in one step: it is there under one of them.
    pub(super) fn rename(&self, kept: &Kept, path: &str) -> io::Result<()> {
        let bytes = self.bytes(kept)?;
        let head = Head { path: path.to_owned(), ..kept.head.clone() };
        let aside = self.aside(kept.number);
        self.write(&aside, &self.file(kept.number), &head, &bytes).inspect_err(|_| {
            let _not_there = fs::remove_file(&aside);
        })?;
        let _before = self.known().files.insert(kept.number, head);
        Ok(())
    }

    /// Its bytes.
    pub(super) fn bytes(&self, kept: &Kept) -> io::Result<Vec<u8>> {
        Ok(read_whole(&self.file(kept.number))?.1)
    }

    /// Removes one that was handed over, or that its sender takes back.
    pub(super) fn remove(&self, kept: &Kept) -> io::Result<()> {
        self.remove_number(kept.number)
    }

    /// Those of a sender.
    pub(super) fn of(&self, sender: &str) -> Vec<Head> {
        self.known().files.values().filter(|head| head.sender == sender).cloned().collect()
    }

    fn remove_number(&self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.file(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        File::open(&self.folder)?.sync_all()?;
        let mut known = self.known();
        let _gone = known.files.remove(&number);
        known.taken.retain(|taken| *taken != number);
        Ok(())
    }

    fn aside(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number}{ASIDE}"))
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a file where nothing waits for the disk.
pub(super) async fn keep(unfinished: &Arc<Unfinished>, head: Head, bytes: Vec<u8>) -> Result<(), NotKept> {
    let unfinished = unfinished.clone();
    let kept = tokio::task::spawn_blocking(move || unfinished.keep(head, &bytes)).await;
    kept.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}

/// Does something with the kept files where nothing waits for the disk.
pub(super) async fn with<T: Send + 'static>(
    unfinished: &Arc<Unfinished>,
    step: impl FnOnce(&Unfinished) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let unfinished = unfinished.clone();
    tokio::task::spawn_blocking(move || step(&unfinished))
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The head alone.
fn head_of(path: &Path) -> io::Result<Head> {
    use std::io::BufRead;
    let mut line = Vec::new();
    // A path and an address are bounded, so a head is, too.
    let _count = io::BufReader::new(File::open(path)?).take(64 * 1_024).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

fn read_whole(path: &Path) -> io::Result<(Head, Vec<u8>)> {
    let mut whole = Vec::new();
    let _count = File::open(path)?.read_to_end(&mut whole)?;
    let end = whole.iter().position(|byte| *byte == b'\n').unwrap_or(whole.len());
    let head: Head = serde_json::from_slice(&whole[..end])?;
    let bytes = whole.split_off((end + 1).min(whole.len()));
    match bytes.len() as u64 == head.bytes {
        true => Ok((head, bytes)),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "an unfinished file lost bytes on disk")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(sender: &str, path: &str, at: i64, bytes: &[u8]) -> Head {
        let mut digest = crate::transport::withheld::Digest::default();
        digest.update(bytes);
        Head {
            sender: sender.into(),
            path: path.into(),
            peer: "192.0.2.1:5".into(),
            certificate: None,
            at,
            bytes: bytes.len() as u64,
            sha256: digest.hex(),
        }
    }

    fn path(text: &str) -> VirtualPath {
        VirtualPath::default().join(text).unwrap()
    }

    #[test]
    fn ack_what_is_kept_is_there_after_a_restart_and_what_was_not_whole_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Unfinished::open(folder.path()).unwrap();
        kept.keep(head("a", "/air/x.tmp", 1, b"one\ntwo"), b"one\ntwo").unwrap();
        fs::write(folder.path().join("7.aside"), "half").unwrap();
        let again = Unfinished::open(folder.path()).unwrap();
        assert_eq!(again.count(), 1);
        assert!(again.take("b", &path("/air/x.tmp")).is_empty(), "it is another's");
        let found = again.take("a", &path("/air/x.tmp"));
        assert_eq!(again.bytes(&found[0]).unwrap(), b"one\ntwo");
        assert!(again.take("a", &path("/air/x.tmp")).is_empty(), "it is being handed over");
        again.rename(&found[0], "/air/x.part").unwrap();
        again.give_back(&found);
        let again = Unfinished::open(folder.path()).unwrap();
        let found = again.take("a", &path("/air/x.part"));
        assert_eq!(again.bytes(&found[0]).unwrap(), b"one\ntwo");
        again.remove(&found[0]).unwrap();
        assert_eq!(Unfinished::open(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn once_a_name_that_comes_again_replaces_nothing_but_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Unfinished::open(folder.path()).unwrap();
        for (at, bytes) in [(1, b"old"), (2, b"old"), (3, b"new")] {
            kept.keep(head("a", "/x.tmp", at, bytes), bytes).unwrap();
        }
        assert_eq!(kept.count(), 2);
        assert!(kept.take_overdue(2, 0).is_none());
        let overdue = kept.take_overdue(3, 0).unwrap();
        assert_eq!((overdue.head.at, kept.bytes(&overdue).unwrap()), (2, b"old".to_vec()));
        assert!(kept.take_overdue(3, overdue.number() + 1).is_none());
        kept.give_back(std::slice::from_ref(&overdue));
        let all = kept.take("a", &path("/x.tmp"));
        let said: Vec<_> = all.iter().map(|one| kept.bytes(one).unwrap()).collect();
        assert_eq!(said, [b"old".to_vec(), b"new".to_vec()], "the last one is what its sender means");
    }

    #[test]
    fn bound_a_sender_keeps_so_many_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Unfinished::open(folder.path()).unwrap();
        let large = Head { bytes: MOST_BYTES_OF_SENDER + 1, ..head("a", "/x.tmp", 1, b"") };
        assert!(matches!(kept.keep(large, b""), Err(NotKept::TooMany)));
    }

    #[test]
    fn loud_a_foreign_file_among_them_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "x").unwrap();
        assert!(Unfinished::open(folder.path()).unwrap_err().to_string().contains("notes.txt"));
    }
}

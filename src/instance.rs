//! The data folder: who we are, and that nobody else is.
//!
//! An **instance** is one history of epochs. Its random id is made with the data folder, and the store remembers
//! whose epochs it holds, so that two folders can never feed one database unnoticed (invariant LOUD).

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use ioc_bus::whole_file;
use ioc_model::{epoch::Generation, instance::InstanceId};
use ioc_stream::exchange::Shards;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// The senders of a data folder.
pub const SENDERS_FILE: &str = "senders.toml";
/// The instance's identity.
const INSTANCE_FILE: &str = "instance.json";
/// The clock of a demo's data folder.
pub const DEMO_CLOCK_FILE: &str = "demo-clock.json";

/// A process killed while it was starting its ClickHouse leaves its locks with what will be that child, until the child
/// has become the other program. Whoever starts it again at once waits for that.
const LEFT_BEHIND: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What identifies a data folder.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Random, made with the folder.
    pub id: InstanceId,
    /// The current pass over the input.
    pub generation: Generation,
    /// How many virtual shards its subjects are split over: fixed for as long as it lives.
    #[serde(default)]
    pub shards: Shards,
}

/// A data folder that this process alone uses.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
    undo: Undo,
}

/// What a start that fails takes away again, so that it leaves no half-made data folder behind: everything it made
/// where no instance was before. Nothing once the folder is [settled](DataFolder::settle).
#[derive(Clone, Debug)]
pub struct Undo {
    path: PathBuf,
    /// What was there before; none if the folder was not.
    before: Option<BTreeSet<OsString>>,
    settled: Arc<AtomicBool>,
}

impl Undo {
    fn before(path: &Path) -> anyhow::Result<Undo> {
        let before = match fs::read_dir(path) {
            Ok(entries) => {
                Some(entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<BTreeSet<_>>>()?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot look into {}", path.display())),
        };
        let is_made = before.as_ref().is_some_and(|names| names.contains(OsStr::new(INSTANCE_FILE)));
        Ok(Undo { path: path.to_owned(), before, settled: Arc::new(AtomicBool::new(is_made)) })
    }

    /// Takes away what was made.
    pub fn unless_settled(self) {
        if self.settled.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.run() {
            tracing::warn!(%error, path = %self.path.display(), "what the failed start made cannot be taken away again");
        }
    }

    fn run(&self) -> io::Result<()> {
        let Some(before) = &self.before else { return fs::remove_dir_all(&self.path) };
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if before.contains(&entry.file_name()) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }
}

impl DataFolder {
    /// Opens the folder, making it if it is not there, and locks it.
    ///
    /// # Errors
    /// If it cannot be made, or another process has it.
    pub fn open(path: &Path) -> anyhow::Result<DataFolder> {
        let undo = Undo::before(path)?;
        fs::create_dir_all(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot use {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot protect {}", path.display()))?;
        let lock = File::create(path.join("lock"))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    let undo = Undo { path: path.clone(), ..undo };
                    return Ok(DataFolder { path, _lock: lock, undo });
                }
                Err(TryLockError::WouldBlock) if began.elapsed() < LEFT_BEHIND => thread::sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => bail!("another ioc uses the data folder {}", path.display()),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
    }

    /// How to take away again what is made from here on.
    #[must_use]
    pub fn undo(&self) -> Undo {
        self.undo.clone()
    }

    /// What is in the folder must stay from now on.
    pub fn settle(&self) {
        self.undo.settled.store(true, Ordering::Release);
    }

    /// Whether an `ioc` runs on that folder now.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn is_in_use(path: &Path) -> anyhow::Result<bool> {
        let lock = match File::open(path.join("lock")) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("cannot look into {}", path.display())),
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot look at the lock of {}", path.display()))
            }
        }
    }

    /// Its path, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The instance of this folder, made now if the folder is new.
    ///
    /// # Errors
    /// If its file cannot be read or written.
    pub fn instance(&self) -> anyhow::Result<Instance> {
        self.remembered(INSTANCE_FILE, || Instance {
            id: InstanceId(Uuid::new_v4()),
            generation: Generation(0),
            shards: Shards::default(),
        })
    }

    /// Refuses a folder that was filled under another kind of clock: recorded years and today do not mix.
    ///
    /// # Errors
    /// If it was.
    pub fn is_for(&self, kind: &str) -> anyhow::Result<()> {
        let made_for: String = self.remembered("kind.json", || kind.to_owned())?;
        if made_for != kind {
            bail!(
                "the data folder {} is one of `ioc {made_for}`: give `ioc {kind}` another with IOC_DATA_FOLDER",
                self.path.display()
            );
        }
        Ok(())
    }

    /// A small fact kept in the folder, made and written durably if it is not there.
    ///
    /// # Errors
    /// If its file cannot be read or written.
    pub fn remembered<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        make: impl FnOnce() -> T,
    ) -> anyhow::Result<T> {
        if let Some(fact) = self.recorded(name)? {
            return Ok(fact);
        }
        let fact = make();
        self.keep(name, &serde_json::to_vec_pretty(&fact)?)?;
        Ok(fact)
    }

    /// A small fact kept in the folder; none where it was not kept yet.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn recorded<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("{} is not valid", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes a file of the folder durably and whole, readable by its owner only.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path.join(name);
        whole_file::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_fails_takes_away_what_it_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("data");
        let failed = |prepared: &dyn Fn(), settle: bool| {
            prepared();
            let data = DataFolder::open(&path).unwrap();
            assert!(DataFolder::is_in_use(&path).unwrap());
            let undo = data.undo();
            let _instance = data.instance().unwrap();
            fs::create_dir_all(path.join("bus/0")).unwrap();
            if settle {
                data.settle();
            }
            drop(data);
            undo.unless_settled();
        };
        failed(&|| (), false);
        assert!(!path.try_exists().unwrap());
        let senders = || {
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(SENDERS_FILE), "").unwrap();
        };
        failed(&senders, false);
        let left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [SENDERS_FILE]);
        failed(&|| (), true);
        assert!(path.join(INSTANCE_FILE).try_exists().unwrap(), "it took something in");
        failed(&|| (), false);
        assert!(path.join("bus/0").try_exists().unwrap(), "an instance was there before");
        assert!(!DataFolder::is_in_use(&path).unwrap());
    }

    #[test]
    fn once_a_lock_left_behind_is_waited_for_and_one_in_use_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        let refused = DataFolder::open(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("another ioc uses the data folder"), "{refused}");
        let leaves = thread::spawn(move || {
            thread::sleep(10 * LOOK_AGAIN);
            drop(held);
        });
        assert!(DataFolder::open(folder.path()).is_ok());
        leaves.join().unwrap();
    }
}

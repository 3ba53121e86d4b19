//! The data folder: who we are, and that nobody else is.
//!
//! An **instance** is one history of epochs. Its random id is made with the data folder, and the store remembers
//! whose epochs it holds, so that two folders can never feed one database unnoticed (invariant LOUD).

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use ioc_bus::whole_file;
use ioc_model::epoch::Generation;
use ioc_stream::exchange::Shards;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// The senders of a data folder.
pub const SENDERS_FILE: &str = "senders.toml";
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
    pub id: Uuid,
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
}

impl DataFolder {
    /// Opens the folder, making it if it is not there, and locks it.
    ///
    /// # Errors
    /// If it cannot be made, or another process has it.
    pub fn open(path: &Path) -> anyhow::Result<DataFolder> {
        fs::create_dir_all(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot use {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot protect {}", path.display()))?;
        let lock = File::create(path.join("lock"))?;
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(DataFolder { path, _lock: lock }),
                Err(TryLockError::WouldBlock) if began.elapsed() < LEFT_BEHIND => thread::sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => bail!("another ioc uses the data folder {}", path.display()),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
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
        self.remembered("instance.json", || Instance {
            id: Uuid::new_v4(),
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
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
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

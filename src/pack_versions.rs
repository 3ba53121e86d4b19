//! The versions of the pack: the current one, and those recorded epochs name.
//!
//! Every version that was ever current is kept in the data folder, because a manifest names the one its epoch was
//! decoded with and a replay must use the same (invariant REPLAY).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use anyhow::Context;
use ioc_bus::whole_file;
use ioc_decode::Decoder;
use ioc_model::{
    names::Names,
    pack::{Pack, PackFiles, PackVersion},
};
use ioc_stream::{Halt, driver::PackVersions};
use serde::{Deserialize, Serialize};

use crate::instance::DataFolder;

/// A pack as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    overlay: Option<String>,
    files: PackFiles,
}

/// The packs of a data folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct KeptPacks(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    folder: std::path::PathBuf,
    overlay: Option<String>,
    names: Names,
    current: RwLock<Arc<Decoder>>,
    loaded: Mutex<HashMap<PackVersion, Arc<Decoder>>>,
}

impl KeptPacks {
    /// Makes a pack the current one and keeps it.
    ///
    /// # Errors
    /// If the pack is not valid, with all its faults, or cannot be kept.
    pub fn open(
        data: &DataFolder,
        files: PackFiles,
        overlay: Option<&str>,
        names: &Names,
    ) -> anyhow::Result<KeptPacks> {
        let current = decoder(&files, overlay, names)?;
        let packs = KeptPacks(Arc::new(Shelf {
            folder: data.path().join("packs"),
            overlay: overlay.map(str::to_owned),
            names: names.clone(),
            current: RwLock::new(current.clone()),
            loaded: Mutex::default(),
        }));
        packs.keep(files, &current)?;
        packs.take_over(current);
        Ok(packs)
    }

    /// The current pack.
    #[must_use]
    pub fn pack(&self) -> Arc<Pack> {
        self.current().pack().clone()
    }

    /// What those files are, read as the current pack was.
    ///
    /// # Errors
    /// If they are not valid, with all their faults.
    pub fn read(&self, files: &PackFiles) -> anyhow::Result<Arc<Decoder>> {
        decoder(files, self.0.overlay.as_deref(), &self.0.names)
    }

    /// Keeps a version durably. Must come before it is the current one.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn keep(&self, files: PackFiles, read: &Decoder) -> anyhow::Result<()> {
        let path = self.0.folder.join(format!("{}.json", read.pack().version.0));
        let kept = Kept { overlay: self.0.overlay.clone(), files };
        whole_file::write(&path, &serde_json::to_vec(&kept)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Makes a kept version the current one: the next epoch is formed with it.
    pub fn take_over(&self, decoder: Arc<Decoder>) {
        let version = decoder.pack().version.clone();
        let _known = self.loaded().insert(version, decoder.clone());
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = decoder;
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<PackVersion, Arc<Decoder>>> {
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, version: &PackVersion) -> anyhow::Result<Arc<Decoder>> {
        let path = self.0.folder.join(format!("{}.json", version.0));
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let kept: Kept =
            serde_json::from_slice(&bytes).with_context(|| format!("{} is not valid", path.display()))?;
        decoder(&kept.files, kept.overlay.as_deref(), &self.0.names)
    }
}

fn decoder(files: &PackFiles, overlay: Option<&str>, names: &Names) -> anyhow::Result<Arc<Decoder>> {
    let pack = Pack::parse_with(files, overlay)
        .map_err(|faults| anyhow::anyhow!("the pack is not valid:\n{faults}"))?;
    Ok(Arc::new(Decoder::new(Arc::new(pack), names.clone())?))
}

impl PackVersions for KeptPacks {
    fn current(&self) -> Arc<Decoder> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        // Held while one is read: whoever asks for the same meanwhile need not read it again.
        let mut loaded = self.loaded();
        if let Some(decoder) = loaded.get(version) {
            return Ok(decoder.clone());
        }
        let decoder = self
            .load(version)
            .map_err(|error| Halt(format!("a recorded epoch needs pack version {}: {error:#}", version.0)))?;
        let _ = loaded.insert(version.clone(), decoder.clone());
        Ok(decoder)
    }
}

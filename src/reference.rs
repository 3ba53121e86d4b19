//! The versions of the pack: the current one, and those recorded epochs name.
//!
//! Every version that was ever current is kept in the data folder, because a manifest names the one its epoch was
//! decoded with and a replay must use the same (invariant REPLAY).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use ioc_decode::Decoder;
use ioc_model::{
    names::Names,
    pack::{Pack, PackFiles, PackVersion},
};
use ioc_stream::{Halt, driver::Reference};
use serde::{Deserialize, Serialize};

use crate::instance::DataFolder;

/// A pack as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    overlay: Option<String>,
    files: PackFiles,
}

/// The packs of a data folder.
#[derive(Debug)]
pub struct Packs {
    folder: std::path::PathBuf,
    names: Names,
    current: Arc<Decoder>,
    loaded: Mutex<HashMap<PackVersion, Arc<Decoder>>>,
}

impl Packs {
    /// Makes a pack the current one and keeps it.
    ///
    /// # Errors
    /// If the pack is not valid, with all its faults, or cannot be kept.
    pub fn open(
        data: &DataFolder,
        files: PackFiles,
        overlay: Option<&str>,
        names: &Names,
    ) -> anyhow::Result<Packs> {
        let current = decoder(&files, overlay, names)?;
        let version = current.pack().version.clone();
        let kept = Kept { overlay: overlay.map(str::to_owned), files };
        data.keep(&format!("packs/{}.json", version.0), &serde_json::to_vec(&kept)?)?;
        let loaded = Mutex::new(HashMap::from([(version, current.clone())]));
        Ok(Packs { folder: data.path().join("packs"), names: names.clone(), current, loaded })
    }

    /// The current pack.
    #[must_use]
    pub fn pack(&self) -> &Arc<Pack> {
        self.current.pack()
    }

    fn load(&self, version: &PackVersion) -> anyhow::Result<Arc<Decoder>> {
        let path = self.folder.join(format!("{}.json", version.0));
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let kept: Kept =
            serde_json::from_slice(&bytes).with_context(|| format!("{} is not valid", path.display()))?;
        decoder(&kept.files, kept.overlay.as_deref(), &self.names)
    }
}

fn decoder(files: &PackFiles, overlay: Option<&str>, names: &Names) -> anyhow::Result<Arc<Decoder>> {
    let pack = Pack::parse_with(files, overlay)
        .map_err(|faults| anyhow::anyhow!("the pack is not valid:\n{faults}"))?;
    Ok(Arc::new(Decoder::new(Arc::new(pack), names.clone())?))
}

impl Reference for Packs {
    fn current(&self) -> Arc<Decoder> {
        self.current.clone()
    }

    fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt> {
        // Held while one is read: whoever asks for the same meanwhile need not read it again.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
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

//! The pack the pages are of, and the taking over of another one.

use std::{future::Future, pin::Pin, sync::Arc};

use ioc_model::{pack::PackVersion, time::Now};
use serde::{Deserialize, Serialize};

/// Which pack is in effect, and what lies in its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackStatus {
    /// The version in effect.
    pub version: PackVersion,
    /// What is in the folder beside it.
    pub state: PackState,
    /// The version in the folder, where that is another and valid.
    pub waiting: Option<PackVersion>,
    /// Its faults, or what of it needs a restart; a line each.
    pub why: Vec<String>,
    /// Since when it is not what is in effect.
    pub since: Option<Now>,
}

/// Whether what lies in the pack's folder is what is in effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackState {
    /// It is, or the pack is one inside of the binary.
    #[default]
    Current,
    /// It is another, valid one, and waits to be taken over.
    Changed,
    /// It is another, valid one that can be taken over by a restart only.
    NeedsRestart,
    /// It has faults.
    Faulty,
}

/// A pack was taken over, or was in effect already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// The version in effect.
    pub version: PackVersion,
    /// The version before.
    pub before: PackVersion,
}

/// Why a pack was not taken over: what was in effect still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReloaded {
    /// Its faults, all of them.
    Faulty(Vec<String>),
    /// What of it can only be taken over by a restart.
    NeedsRestart(Vec<String>),
    /// It could not be kept or published now.
    NotNow(String),
}

/// An answer that comes later.
pub type Reloading<'a> = Pin<Box<dyn Future<Output = Result<Reloaded, NotReloaded>> + Send + 'a>>;

/// Takes over what lies in the pack's folder.
pub trait Reload: Send + Sync + std::fmt::Debug {
    /// Takes it over, whole or not at all.
    fn reload(&self) -> Reloading<'_>;
}

/// Shared by all who may ask for it.
pub type SharedReload = Arc<dyn Reload>;

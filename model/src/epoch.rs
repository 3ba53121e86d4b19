//! The unit of progress: an epoch and what identifies it.

use serde::{Deserialize, Serialize};

/// The dataflow's timestamp: a number that grows by one with each recorded manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Epoch {
        Epoch(self.0 + 1)
    }
}

impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which pass over the input this is: an intended replay is a new generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

/// The number of a result for the same window or report cell: the epoch that made it. The highest is current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// Behind every one there is.
    pub const LAST: Revision = Revision(u64::MAX);

    /// The epoch that made it.
    #[must_use]
    pub fn epoch(self) -> Epoch {
        Epoch(self.0)
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whatever an epoch made is the revision of its number.
impl From<Epoch> for Revision {
    fn from(epoch: Epoch) -> Revision {
        Revision(epoch.0)
    }
}

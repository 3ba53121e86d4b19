//! Nodes of Sparkplug, as an operator speaks to them: the question of `/api/nodes/rebirth` and its answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Speaks to nodes. The binary does it with the voice that gateways hear.
pub trait Nodes: Send + Sync + std::fmt::Debug {
    /// Asks a node for its births, at once. Waits for nobody.
    ///
    /// # Errors
    /// If it is not asked.
    fn rebirth(&self, of: &RebirthRequest) -> Result<RebirthAsked, NotAsked>;
}

/// Shared by all requests.
pub type SharedNodes = Arc<dyn Nodes>;

/// Whose births are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RebirthRequest {
    /// The sender that the node publishes as.
    pub sender: String,
    /// The node's group.
    pub group: String,
    /// The node.
    pub node: String,
}

/// Who was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebirthAsked {
    /// Sessions that hear commands to the node.
    pub sessions: u64,
    /// Those of them that are connected now. The others are told if they come back within five minutes.
    pub connected: u64,
}

/// Why a node is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// No session of that sender hears commands to that node.
    NotHeard,
    /// It was asked a moment ago.
    TooSoon,
    /// No group or node can be called so.
    NoName,
}

//! That a node of Sparkplug B should be born again: an effect towards whoever speaks with it.
//!
//! No fact and not stored: what is missing is stored as rejects, and who wants a birth says it again. It is carried out behind
//! the commit of its epoch, and lost with a process that dies between the two.

use serde::{Deserialize, Serialize};

use crate::{name::Name, time::ReceivedAt};

/// Why a birth is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Why {
    /// Data came and no birth before it.
    Unborn = 0,
    /// Data came behind a death.
    Dead = 1,
    /// Data has a number that its birth does not name.
    Undeclared = 2,
    /// A message is missing.
    Gap = 3,
}

impl Why {
    /// All of them, in the order of their numbers.
    pub const ALL: [Why; 4] = [Why::Unborn, Why::Dead, Why::Undeclared, Why::Gap];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Why::Unborn => "unborn",
            Why::Dead => "dead",
            Why::Undeclared => "undeclared",
            Why::Gap => "gap",
        }
    }
}

/// A birth that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RebirthWanted {
    /// The feed the node's messages came by.
    pub feed: Name,
    /// Who sent them: a login of the MQTT endpoint, or the address of an outside broker.
    pub sender: Name,
    /// The node's group.
    pub group: Box<str>,
    /// The node.
    pub node: Box<str>,
    /// Why.
    pub why: Why,
    /// Since when it is not whole.
    pub since: ReceivedAt,
}

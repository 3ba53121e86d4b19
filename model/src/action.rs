//! What operators do, as a feed like any other: durable before it is answered, replayed like all input.

use serde::{Deserialize, Serialize};

use crate::{name::Name, position::Arrival, rule::AlertKey};

/// The feed of operators' actions. Every pack has it; none configures it.
pub const OPERATOR: &str = "operator";

/// The longest name of a user. Characters.
pub const USER_MAX: usize = 64;
/// The longest note. Characters.
pub const NOTE_MAX: usize = 1_000;

/// One action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What is done. So far alerts are acknowledged, and nothing else.
    pub alert: AlertKey,
    /// By whom, as they say.
    pub user: Box<str>,
    /// In their words; may be empty.
    pub note: Box<str>,
    /// The feed it came by.
    pub feed: Name,
    /// Who sent it.
    pub sender: Name,
    /// When and where it arrived.
    pub arrival: Arrival,
}

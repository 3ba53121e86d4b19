//! Why the flow stops.

/// Why the flow stopped. It does not go on by itself: someone must act, and the message says how.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Halt(pub String);

impl Halt {
    /// A halt for what an error says.
    pub fn because(what: &str, error: impl std::fmt::Display) -> Halt {
        Halt(format!("{what}: {error}"))
    }
}

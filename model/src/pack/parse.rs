//! From a pack's files to a [`Pack`](super::Pack), or to all of their faults at once.

use std::collections::BTreeMap;

/// A pack's files: path below the pack's folder, with `/`, to content.
pub type PackFiles = BTreeMap<String, String>;

/// One thing wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Path below the pack's folder.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Everything wrong with a pack, by file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

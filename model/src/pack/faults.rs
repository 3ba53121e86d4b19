//! Everything wrong with a pack, at once.
//!
//! Whoever writes a pack corrects it in one go: a fault never hides the next one, and each says where it is and
//! what would be right. A wrong value is replaced by a harmless one so that parsing can go on; since any fault
//! refuses the whole pack, none of those stand-ins is ever used.

use std::{cell::RefCell, fmt};

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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Everything wrong with a pack, by file and line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// Where faults gather while a pack is read.
#[derive(Debug, Default)]
pub(super) struct FaultLog {
    found: RefCell<Vec<Fault>>,
}

impl FaultLog {
    pub(super) fn add(&self, file: &str, line: usize, message: impl Into<String>) {
        self.found.borrow_mut().push(Fault { file: file.to_owned(), line, message: message.into() });
    }

    /// The faults in the order of files and lines; none if there are none.
    pub(super) fn into_faults(self) -> Option<Faults> {
        let mut faults = self.found.into_inner();
        faults.sort();
        faults.dedup();
        (!faults.is_empty()).then_some(Faults(faults))
    }
}

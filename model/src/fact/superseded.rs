//! The flow's word that a key was said anew.

use std::cmp::Ordering;

use super::{Fact, Table};
use crate::{name::Name, time::EventTime};

/// A row of the `superseded` table: what was stored of a key before this epoch is not its last word any more.
///
/// It is said whenever it may be so: a word about a key that was never said before hides nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Superseded {
    /// The table the key is of.
    pub fact: Table,
    /// Indicator or index.
    pub measure: Name,
    /// Subject.
    pub subject: Name,
    /// Word of the window's kind or the mean's averaging; empty for an observation.
    pub kind: &'static str,
    /// Event time, or first moment of the window.
    pub time: EventTime,
}

impl Fact for Superseded {
    const TABLE: Table = Table { name: "superseded", time_column: "time" };

    fn time(&self) -> i64 {
        self.time.0
    }

    fn size(&self) -> usize {
        48
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.fact, row.kind, row.measure, row.subject, row.time);
        key(self).cmp(&key(other))
    }
}

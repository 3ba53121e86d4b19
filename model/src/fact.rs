//! Facts: rows of the tables that the dataflow makes.
//!
//! What makes a table (its rows, their order, their time, month and size) is said once, by the row's [`Fact`]. Gathering
//! what the workers made, arranging it, counting it, encoding it, the record in `epoch` and the search for losses follow
//! from the list of all kinds, [`each_fact!`](crate::each_fact).

mod superseded;

use std::cmp::Ordering;

pub use self::superseded::Superseded;
use crate::name::Name;

/// A table of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// Its name in the database.
    pub name: &'static str,
    /// The column whose month is the partition.
    pub time_column: &'static str,
}

/// A row of a table that the dataflow makes.
pub trait Fact: Sized {
    /// Where it is stored.
    const TABLE: Table;

    /// Its moment in the table's time column. Milliseconds since 1970.
    fn time(&self) -> i64;

    /// Roughly how many bytes it has.
    fn size(&self) -> usize;

    /// How it stands to another of its epoch: a function of the rows alone (invariant REPLAY).
    fn compare(&self, other: &Self) -> Ordering;

    /// Adds what another worker made.
    fn gather(rows: &mut Vec<Self>, more: Vec<Self>) {
        rows.extend(more);
    }

    /// Brings an epoch's rows into their order. Rows that compare alike come from one worker and stay in the order in
    /// which it made them.
    fn arrange(rows: &mut Vec<Self>, _ranks: &mut Ranks) {
        rows.sort_by(Self::compare);
    }

    /// That the row is its key's last word now, where another one may have been before this epoch.
    fn anew(&self) -> Option<Superseded> {
        None
    }
}

/// Of arranged rows that compare alike, keeps the one that was made last.
pub(crate) fn keep_last<F: Fact>(rows: &mut Vec<F>) {
    rows.dedup_by(|later, kept| {
        let same = later.compare(kept).is_eq();
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
}

/// Makes what holds all facts of an epoch out of the list of their kinds.
macro_rules! facts {
    ($($(#[$doc:meta])* $field:ident: $row:ty,)*) => {
        /// All facts of an epoch, or those of them that one worker made.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Facts {
            $($(#[$doc])* pub $field: Vec<$row>,)*
        }

        impl Facts {
            /// The tables of all kinds, in the order in which an epoch is encoded.
            pub const TABLES: &[$crate::fact::Table] = &[$(<$row as $crate::fact::Fact>::TABLE,)*];

            /// Adds what another worker made of the same epoch.
            pub fn gather(&mut self, more: Facts) {
                $($crate::fact::Fact::gather(&mut self.$field, more.$field);)*
            }

            /// Brings each kind into its order, and says which keys were said anew.
            pub fn arrange(&mut self, ranks: &mut $crate::fact::Ranks) {
                $($crate::fact::Fact::arrange(&mut self.$field, ranks);)*
                let mut superseded = Vec::new();
                $(superseded.extend(self.$field.iter().filter_map($crate::fact::Fact::anew));)*
                $crate::fact::Fact::arrange(&mut superseded, ranks);
                self.superseded = superseded;
            }

            /// How many there are of each kind.
            pub fn counted(&self) -> impl Iterator<Item = ($crate::fact::Table, usize)> {
                [$((<$row as $crate::fact::Fact>::TABLE, self.$field.len()),)*].into_iter()
            }

            /// How many there are in all.
            #[must_use]
            pub fn len(&self) -> usize {
                self.counted().map(|(_, rows)| rows).sum()
            }

            /// Whether there is nothing to store.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }
    };
}

pub(crate) use facts;

/// Where names stand among each other, so that many rows are sorted by numbers instead of texts.
#[derive(Debug, Default)]
pub struct Ranks {
    sorted: Vec<Name>,
    /// By the name's number.
    ranks: Vec<Option<u32>>,
}

impl Ranks {
    /// Finds the places of names.
    pub fn learn(&mut self, names: impl Iterator<Item = Name>) {
        let known = self.sorted.len();
        for name in names {
            let number = name.number() as usize;
            if number >= self.ranks.len() {
                self.ranks.resize(number + 1, None);
            }
            if self.ranks[number].is_none() {
                self.ranks[number] = Some(0);
                self.sorted.push(name);
            }
        }
        if self.sorted.len() > known {
            self.sorted.sort();
            for (rank, name) in (0..).zip(&self.sorted) {
                self.ranks[name.number() as usize] = Some(rank);
            }
        }
    }

    /// Of a name that was learned.
    #[must_use]
    pub fn of(&self, name: Name) -> u32 {
        self.ranks[name.number() as usize].unwrap_or(u32::MAX)
    }
}

//! Names as dense numbers, for the hot path.
//!
//! Strings cost 1.5 to 1.9 times the work of numbers in the dataflow. The numbers live and die with the process:
//! whatever is stored, sorted or sent on carries names again, so that they can never leak into a result.

use std::sync::{Arc, RwLock};

use rustc_hash::FxHashMap;

use crate::name::Name;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl From<u32> for $name {
            fn from(number: u32) -> $name {
                $name(number)
            }
        }

        impl From<$name> for u32 {
            fn from(id: $name) -> u32 {
                id.0
            }
        }
    };
}
id!(
    /// An indicator's number in this process.
    IndicatorId
);
id!(
    /// A subject's number in this process.
    SubjectId
);
id!(
    /// A source's number in this process.
    SourceId
);

/// Whence a row came: by which feed, from whom. Rows carry its number, so that naming their sender costs them nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The feed.
    pub feed: Name,
    /// Who sent it; empty where that was not recorded.
    pub sender: Name,
}

/// Sources and their numbers. Cheap to clone; all clones share the table.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    table: Arc<RwLock<SourceTable>>,
}

#[derive(Debug, Default)]
struct SourceTable {
    numbers: FxHashMap<(u32, u32), u32>,
    sources: Vec<Source>,
}

impl Sources {
    /// The number of a source, given out now if it is new.
    #[must_use]
    pub fn number(&self, source: Source) -> SourceId {
        let key = (source.feed.number(), source.sender.number());
        let known =
            self.table.read().unwrap_or_else(std::sync::PoisonError::into_inner).numbers.get(&key).copied();
        if let Some(number) = known {
            return SourceId(number);
        }
        let mut table = self.table.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = u32::try_from(table.sources.len()).expect("fewer than 2^32 sources");
        let number = *table.numbers.entry(key).or_insert(next);
        if number == next {
            table.sources.push(source);
        }
        SourceId(number)
    }

    /// The source of a number given out by this table.
    ///
    /// # Panics
    /// If the number is not of this table.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Source {
        let table = self.table.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        table.sources[id.0 as usize]
    }
}

/// One kind of names and their numbers. Cheap to clone; all clones share the table.
#[derive(Clone, Debug, Default)]
pub struct Numbers<I> {
    table: Arc<RwLock<Table<I>>>,
}

#[derive(Debug, Default)]
struct Table<I> {
    numbers: FxHashMap<Name, I>,
    names: Vec<Name>,
}

impl<I: Copy + From<u32> + Into<u32>> Numbers<I> {
    /// The number of a name, given out now if it is new.
    #[must_use]
    pub fn number(&self, name: &str) -> I {
        if let Some(number) = self.find(name) {
            return number;
        }
        let mut table = self.table.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(number) = table.numbers.get(name) {
            return *number;
        }
        let number = I::from(u32::try_from(table.names.len()).expect("fewer than 2^32 names"));
        let name = Name::new(name);
        table.names.push(name);
        let _ = table.numbers.insert(name, number);
        number
    }

    /// The number of a name that has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<I> {
        let table = self.table.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        table.numbers.get(name).copied()
    }

    /// Adds to `known`, which holds the names of the first numbers, those of all numbers after them.
    pub fn extend(&self, known: &mut Vec<Name>) {
        let table = self.table.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.extend_from_slice(&table.names[known.len()..]);
    }

    /// The name of a number given out by this table.
    ///
    /// # Panics
    /// If the number is not of this table.
    #[must_use]
    pub fn name(&self, number: I) -> Name {
        let table = self.table.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        table.names[number.into() as usize]
    }
}

/// The process's names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Indicators.
    pub indicators: Numbers<IndicatorId>,
    /// Subjects.
    pub subjects: Numbers<SubjectId>,
    /// Sources.
    pub sources: Sources,
}

impl Names {
    /// The name of an indicator.
    #[must_use]
    pub fn indicator(&self, id: IndicatorId) -> Name {
        self.indicators.name(id)
    }
    /// The name of a subject.
    #[must_use]
    pub fn subject(&self, id: SubjectId) -> Name {
        self.subjects.name(id)
    }
    /// A source by its number.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Source {
        self.sources.source(id)
    }
}

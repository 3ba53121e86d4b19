//! What a birth declares.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a device takes beside its name and its metrics. Bytes.
pub(super) const OF_DEVICE: usize = 128;
/// What a metric takes beside its name.
const OF_METRIC: usize = 64;
/// No name is longer. Bytes.
pub(super) const LONGEST_NAME: usize = 512;

/// The number of a type (Sparkplug 3.0, section 6.4.16); 0 is none.
pub(crate) type Type = u8;

/// A metric of a birth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'a> {
    pub(crate) name: &'a str,
    pub(crate) alias: Option<u64>,
    pub(crate) of: Type,
    /// Whether it is an integer, of which data need not say the type.
    pub(crate) is_integer: bool,
}

/// The metrics of a node or of a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    /// A number that was given to two names is nobody's.
    aliases: BTreeMap<u64, Option<(Box<str>, Type)>>,
    /// Types of integers.
    types: BTreeMap<Box<str>, Type>,
    size: usize,
}

impl Table {
    /// Of so many bytes at most; how many metrics there was no room for.
    pub(super) fn of<'m>(metrics: impl Iterator<Item = Declared<'m>>, room: usize) -> (Table, u64) {
        let (mut table, mut not_kept) = (Table::default(), 0);
        for Declared { name, alias, of, is_integer } in metrics {
            let entries = usize::from(alias.is_some()) + usize::from(is_integer);
            let size = table.size + entries * (OF_METRIC + name.len());
            if size > room || name.len() > LONGEST_NAME {
                not_kept += 1;
                continue;
            }
            table.size = size;
            if let Some(alias) = alias {
                let _ = table
                    .aliases
                    .entry(alias)
                    .and_modify(|held| *held = held.take().filter(|(before, _)| **before == *name))
                    .or_insert_with(|| Some((name.into(), of)));
            }
            if is_integer {
                let _ = table.types.insert(name.into(), of);
            }
        }
        (table, not_kept)
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn by_alias(&self, alias: u64) -> Option<(&str, Type)> {
        self.aliases.get(&alias)?.as_ref().map(|(name, of)| (&**name, *of))
    }

    pub(super) fn type_of(&self, name: &str) -> Option<Type> {
        self.types.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, alias: u64) -> Declared<'_> {
        Declared { name, alias: Some(alias), of: 9, is_integer: false }
    }

    #[test]
    fn a_number_of_two_names_is_nobodys() {
        let (table, _) =
            Table::of([metric("pm25", 1), metric("pm10", 1), metric("o3", 2)].into_iter(), 1 << 20);
        assert_eq!((table.by_alias(1), table.by_alias(2)), (None, Some(("o3", 9))));
        let (table, _) = Table::of([metric("pm25", 1), metric("pm25", 1)].into_iter(), 1 << 20);
        assert_eq!(table.by_alias(1), Some(("pm25", 9)));
    }

    #[test]
    fn bound_what_there_is_no_room_for_is_not_kept_and_counted() {
        let names: Vec<String> = (0..1_000).map(|number| format!("m{number:03}")).collect();
        let metrics = || names.iter().zip(0..).map(|(name, alias)| metric(name, alias));
        let (table, not_kept) = Table::of(metrics(), 100 * (OF_METRIC + 4));
        assert_eq!((table.by_alias(99).is_some(), table.by_alias(100), not_kept), (true, None, 900));
        assert!(table.size() <= 100 * (OF_METRIC + 4));
        let long = "x".repeat(LONGEST_NAME + 1);
        assert_eq!(Table::of([metric(&long, 1)].into_iter(), 1 << 20).1, 1);
    }
}

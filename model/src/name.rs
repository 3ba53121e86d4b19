//! A name that costs no more than a number to copy, compare and pass between threads.
//!
//! Every row of the dataflow carries three names: what is measured, of whom, by which feed. As counted references
//! they were the larger part of a row's cost: six atomic additions a row, on counters that all workers share. A
//! [`Name`] is a reference into one table of the process that only grows, so that two equal names are one address.
//! It is never freed: names are a province's stations and indicators, and what an open feed (`subjects = "any"`) may
//! add was never given back by the tables of [`Names`](crate::names::Names) either.

use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name of this process's table. Equal names are the same entry; they are ordered as texts.
#[derive(Clone, Copy)]
pub struct Name(&'static Entry);

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    number: u32,
}

static TABLE: LazyLock<RwLock<FxHashMap<&'static str, Name>>> = LazyLock::new(RwLock::default);

impl Name {
    /// The name with that text.
    ///
    /// # Panics
    /// If there are 2^32 names already.
    #[must_use]
    pub fn new(text: &str) -> Name {
        if let Some(name) = TABLE.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return *name;
        }
        let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = table.get(text) {
            return *name;
        }
        let number = u32::try_from(table.len()).expect("fewer than 2^32 names");
        let entry: &'static Entry = Box::leak(Box::new(Entry { text: text.into(), number }));
        let _ = table.insert(&entry.text, Name(entry));
        Name(entry)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        &self.0.text
    }

    /// Its place in the table, from 0 without gaps: an index for what is kept by name. It differs from process to
    /// process, and may show in no result.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.number
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Default for Name {
    fn default() -> Name {
        static EMPTY: LazyLock<Name> = LazyLock::new(|| Name::new(""));
        *EMPTY
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        if self == other { std::cmp::Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

/// As its text, so that a map by name can be asked for a text.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.as_str(), f)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name::new(&text)
    }
}

impl From<&String> for Name {
    fn from(text: &String) -> Name {
        Name::new(text)
    }
}

impl From<Box<str>> for Name {
    fn from(text: Box<str>) -> Name {
        Name::new(&text)
    }
}

impl From<Arc<str>> for Name {
    fn from(text: Arc<str>) -> Name {
        Name::new(&text)
    }
}

impl From<Name> for Arc<str> {
    fn from(name: Name) -> Arc<str> {
        Arc::from(name.as_str())
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                Ok(Name::new(text))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_name_and_names_are_ordered_as_texts() {
        let (a, b) = (Name::new("name-b"), Name::new("name-a"));
        assert_eq!(a, Name::from("name-b".to_owned()));
        assert_eq!(a.number(), Name::new("name-b").number());
        assert!(b < a && a != b);
        assert_eq!(a, "name-b");
    }
}

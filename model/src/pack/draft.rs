//! A pack while it is read: what is known so far, and where it was said.

use std::collections::BTreeMap;

use super::{Feed, Indicator, Pack, PackVersion, Station, document::Section, spelling::Spelling};
use crate::{place::Place, text::Text};

/// What the files read so far hold. Later files refer to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) name: Text,
    pub(super) timezone: String,
    pub(super) replayed: Option<Text>,
    pub(super) places: Vec<Place>,
    pub(super) indicators: BTreeMap<String, Indicator>,
    pub(super) stations: BTreeMap<String, Station>,
    pub(super) feeds: BTreeMap<String, Feed>,
    /// Symbols of indicators, by their comparable form: whose they are.
    pub(super) symbols: BTreeMap<Spelling, String>,
    /// File codes of stations, by their comparable form: whose they are.
    pub(super) file_codes: BTreeMap<Spelling, String>,
    /// Where each thing was said, by kind and identifier: `feeds.toml:12`.
    said: BTreeMap<(&'static str, String), String>,
}

impl Draft {
    /// Notes where a thing is said; a fault if it was said before.
    pub(super) fn say(&mut self, kind: &'static str, id: &str, section: &Section<'_>) {
        let here = format!("{}:{}", section.file(), section.line);
        if let Some(before) = self.said.insert((kind, id.to_owned()), here) {
            section.fault(section.line, format!("{kind} '{id}' is already defined in {before}"));
        }
    }

    pub(super) fn into_pack(self, version: PackVersion) -> Pack {
        Pack {
            id: self.id,
            name: self.name,
            timezone: self.timezone,
            version,
            replayed: self.replayed,
            places: self.places,
            stations: self.stations,
            indicators: self.indicators,
            feeds: self.feeds,
        }
    }
}

/// Whether an identifier begins with a lower-case letter or digit and goes on with those and `separator`, at most
/// 64 characters in all.
pub(super) fn is_identifier(id: &str, separator: char) -> bool {
    let mut characters = id.chars();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    id.len() <= 64 && characters.next().is_some_and(plain) && characters.all(|c| plain(c) || c == separator)
}

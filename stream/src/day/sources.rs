//! Who sent what a day holds.
//!
//! A version that becomes current again is stored again, with all that its row said: also by which feed and by whom it
//! came. Nearly every point of a day came from one source, so that is kept once, and beside it only what came from
//! another, by its place.

use ioc_model::{name::Name, position::Arrival};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// By which feed a row came, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The feed.
    pub feed: Name,
    /// The sender; empty where that was not recorded.
    pub sender: Name,
}

/// The sources of a day's points, those included that are not current.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    main: Option<Source>,
    others: Vec<Source>,
    /// By place: which of the others.
    elsewhere: FxHashMap<u128, u32>,
}

impl Sources {
    /// Notes who sent what arrived there.
    #[inline]
    pub(super) fn note(&mut self, arrival: &Arrival, source: Source) {
        match self.main {
            Some(main) if main == source => {}
            Some(_) => self.note_other(arrival, source),
            None => self.main = Some(source),
        }
    }

    fn note_other(&mut self, arrival: &Arrival, source: Source) {
        let known = self.others.iter().position(|other| *other == source);
        let number = known.unwrap_or_else(|| {
            self.others.push(source);
            self.others.len() - 1
        });
        let number = u32::try_from(number).expect("fewer than 2^32 sources");
        let _ = self.elsewhere.insert(arrival.place(), number);
    }

    /// Who sent what arrived there; nobody, for a day that was loaded from before this was kept.
    pub(super) fn of(&self, arrival: &Arrival) -> Source {
        let other = self.elsewhere.get(&arrival.place()).and_then(|number| self.others.get(*number as usize));
        other.copied().or(self.main).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.main.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(row: u32) -> Arrival {
        Arrival { row, ..Arrival::default() }
    }

    #[test]
    fn who_every_row_came_from_is_known_and_the_main_source_costs_nothing() {
        let source = |feed: &str| Source { feed: feed.into(), sender: format!("{feed}-login").into() };
        let mut sources = Sources::default();
        assert_eq!(sources.of(&arrival(0)), Source::default());
        for (row, feed) in [(0, "air"), (1, "file"), (2, "air"), (3, "file"), (4, "push")] {
            sources.note(&arrival(row), source(feed));
        }
        assert_eq!(sources.of(&arrival(2)), source("air"));
        assert_eq!(sources.of(&arrival(3)), source("file"));
        assert_eq!(sources.of(&arrival(4)), source("push"));
        assert_eq!(sources.elsewhere.len(), 3);
    }
}

//! Who sent what a day holds.
//!
//! A version that becomes current again is stored again, with all that its row said: also by which feed and by whom it
//! came. Nearly every point of a day came from one source, so that is kept once, and beside it only what came from
//! another, by its place.

use ioc_model::{names::Source, position::Arrival};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// The sources of a day's points, those included that are not current.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DaySources {
    main: Option<Source>,
    /// Few days have any; a day without takes no room for them.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rest {
    others: Vec<Source>,
    /// By place: which of the others.
    elsewhere: FxHashMap<u128, u32>,
}

impl DaySources {
    /// Notes who sent what arrived there.
    #[inline]
    pub(super) fn note(&mut self, arrival: &Arrival, source: Source) {
        match self.main {
            Some(main) if main == source => {}
            Some(_) => self.note_other(arrival, source),
            None => self.main = Some(source),
        }
    }

    #[cold]
    fn note_other(&mut self, arrival: &Arrival, source: Source) {
        let Rest { others, elsewhere } = &mut **self.rest.get_or_insert_default();
        let known = others.iter().position(|other| *other == source);
        let number = known.unwrap_or_else(|| {
            others.push(source);
            others.len() - 1
        });
        let number = u32::try_from(number).expect("fewer than 2^32 sources");
        let _ = elsewhere.insert(arrival.place(), number);
    }

    /// Who sent what arrived there; nobody, for a day that was loaded from before this was kept.
    pub(super) fn of(&self, arrival: &Arrival) -> Source {
        let other = self.rest.as_ref().and_then(|rest| {
            let number = rest.elsewhere.get(&arrival.place())?;
            rest.others.get(*number as usize)
        });
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
        let mut sources = DaySources::default();
        assert_eq!(sources.of(&arrival(0)), Source::default());
        for (row, feed) in [(0, "air"), (1, "file"), (2, "air"), (3, "file"), (4, "push")] {
            sources.note(&arrival(row), source(feed));
        }
        assert_eq!(sources.of(&arrival(2)), source("air"));
        assert_eq!(sources.of(&arrival(3)), source("file"));
        assert_eq!(sources.of(&arrival(4)), source("push"));
        assert_eq!(sources.rest.unwrap().elsewhere.len(), 3);
    }
}

//! Which windows of what is counted may need a revision.

use std::collections::BTreeSet;

use ioc_model::{name::Name, time::EventTime, window::WindowKind};

use super::{MINUTE, minute_of};
use crate::plan::{Days, TimeSpan};

/// Minutes whose windows may need a revision in this epoch: of one measure, or of all.
#[derive(Debug, Default)]
pub(crate) struct TouchedMinutes(BTreeSet<(Option<Name>, i64, i64)>);

impl TouchedMinutes {
    pub(super) fn one(&mut self, measure: Name, minute: i64) {
        let _ = self.0.insert((Some(measure), minute, minute));
    }

    pub(super) fn all(&mut self, from: i64, to: i64) {
        let _ = self.0.insert((None, from, to));
    }

    pub(super) fn windows(&self, days: &mut Days, kind: WindowKind) -> BTreeSet<(Option<Name>, TimeSpan)> {
        let mut windows = BTreeSet::new();
        for (measure, from, to) in &self.0 {
            let mut at = EventTime(from * MINUTE);
            loop {
                let span = days.window(kind, at);
                let _ = windows.insert((*measure, span));
                if span.end <= at || minute_of(span.end) > *to {
                    break;
                }
                at = span.end;
            }
        }
        // What all of them are said anew of needs not be said of one of them.
        let of_all: BTreeSet<TimeSpan> =
            windows.iter().filter(|(measure, _)| measure.is_none()).map(|(_, span)| *span).collect();
        windows.retain(|(measure, span)| measure.is_none() || !of_all.contains(span));
        windows
    }
}

//! What closes a series' windows, and what they are then.

use std::collections::BTreeSet;

use ioc_model::{
    epoch::Epoch,
    name::Name,
    time::{EventTime, Millis},
    window::{Aggregate, ClosedBy, WindowKind},
};

use crate::{
    plan::{Days, TimeSpan},
    reading::{Mean, Reading},
};

/// A window's result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Closed {
    /// Its kind.
    pub kind: WindowKind,
    /// Where it lies.
    pub span: TimeSpan,
    /// Its good values.
    pub aggregate: Aggregate,
    /// Its points of any quality.
    pub received: u32,
    /// The points expected of it.
    pub expected: u32,
    /// What made the result.
    pub closed_by: ClosedBy,
    /// Whether one value alone makes it.
    pub spiked: bool,
    /// Of a counter: the indicator that is what it adds, of which this is a window.
    pub additions: Option<Name>,
}

impl Closed {
    /// What it amounts to: the mean of what was measured.
    pub(crate) fn reading(&self, measure: Name) -> Reading {
        self.worth(measure, self.aggregate.mean().unwrap_or(0.0))
    }

    /// What it amounts to: the sum of what was counted.
    pub(crate) fn reading_of_sum(&self, measure: Name) -> Reading {
        self.worth(measure, self.aggregate.sum)
    }

    fn worth(&self, measure: Name, mean: f64) -> Reading {
        let mean = Mean {
            mean,
            count: u32::try_from(self.aggregate.count).unwrap_or(u32::MAX),
            expected: self.expected,
        };
        Reading { measure, kind: self.kind, span: self.span, mean, closed_by: self.closed_by }
    }
}

/// How far a subject's windows may close in an epoch, and what may leave its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClosingBounds {
    /// The epoch.
    pub epoch: Epoch,
    /// The subject's watermark.
    pub watermark: EventTime,
    /// `now` less patience.
    pub patience: EventTime,
    /// Days that end so far behind what is closed are evicted.
    pub horizon: Millis,
}

impl ClosingBounds {
    pub(crate) fn reach(&self) -> EventTime {
        self.watermark.max(self.patience)
    }
}

/// What `now` alone closes next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Due {
    /// The end of that window; it closes when the subject's patience is over. None if there is none.
    pub end: Option<EventTime>,
    /// A row at this moment or later makes nothing else due; none if any row may.
    pub settled_from: Option<EventTime>,
}

/// Moments of one series whose windows may need a revision in this epoch.
#[derive(Debug, Default)]
pub(crate) struct Touched(pub(super) Vec<EventTime>);

impl Touched {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets them; their room is used again.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn windows(&self, days: &mut Days, kind: WindowKind) -> BTreeSet<TimeSpan> {
        self.0.iter().map(|time| days.window(kind, *time)).collect()
    }
}

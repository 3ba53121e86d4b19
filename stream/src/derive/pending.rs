//! Revisions whose surroundings are not held, and the question that was asked for them.
//!
//! The answer says what the store held up to some epoch. What closed or was revised since it was asked for is noted
//! here, as it was told, and goes before the answer: so the two together are all there is.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    epoch::Epoch,
    name::Name,
    question::{About, Question, RecalledWindow},
    time::EventTime,
    window::WindowKind,
};
use serde::{Deserialize, Serialize};

use super::{
    TouchedWindows,
    ledger::{LOOK_BACK, Ledger},
};
use crate::{
    plan::Days,
    reading::{Mean, Reading},
};

type Window = (Name, WindowKind, EventTime);

/// Windows that wait for what lies around them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    asked: Epoch,
    /// Half-open: the starts of the windows that are needed.
    from: EventTime,
    to: EventTime,
    touched: BTreeSet<Window>,
    since: BTreeMap<Window, Mean>,
}

impl Pending {
    /// A day needs the hours a NowCast looks back at before it, and the day after, where it ends; a year its days.
    pub(super) fn new(asked: Epoch, about: &About, days: &mut Days) -> Option<Pending> {
        let (from, to) = match *about {
            About::Day { day, .. } | About::Held { day, .. } | About::Windows { day } => {
                let day = days.day(day)?;
                (day.start.minus(LOOK_BACK), days.of(day.end).end)
            }
            About::Year { year } => {
                let year = days.year(year)?;
                (year.start, year.end)
            }
            // No window follows from an event, and what is counted waits elsewhere.
            About::Events { .. }
            | About::UndatedEvents { .. }
            | About::Counts { .. }
            | About::Usual { .. }
            | About::Replay(_) => {
                return None;
            }
        };
        Some(Pending { asked, from, to, touched: BTreeSet::new(), since: BTreeMap::new() })
    }

    pub(super) fn asked(&self) -> Epoch {
        self.asked
    }

    pub(super) fn question(&self, about: About, subject: Name) -> Question {
        Question { subject, about, from: self.from, to: self.to, asked: self.asked }
    }

    /// A window whose consequences wait.
    pub(super) fn touch(&mut self, reading: &Reading) {
        let _ = self.touched.insert((reading.measure, reading.kind, reading.span.start));
    }

    /// Any window that closes or is revised meanwhile.
    pub(super) fn note(&mut self, reading: &Reading) {
        let start = reading.span.start;
        if self.from <= start && start < self.to {
            let _ = self.since.insert((reading.measure, reading.kind, start), reading.mean);
        }
    }

    /// What was asked for, as it is now, and what waited for it.
    /// Of what counters add the sum is meant.
    pub(super) fn resolve(
        self,
        recalled: &[RecalledWindow],
        held: &Ledger,
        additions: &BTreeSet<String>,
    ) -> (Ledger, TouchedWindows) {
        let mut ledger = Ledger::default();
        for window in recalled {
            let mean = match window.count {
                _ if additions.contains(&*window.indicator) => window.sum,
                0 => 0.0,
                count => window.sum / count as f64,
            };
            let count = u32::try_from(window.count).unwrap_or(u32::MAX);
            let mean = Mean { mean, count, expected: window.expected };
            ledger.put(window.indicator, window.kind, window.start, mean);
        }
        for ((indicator, kind, start), mean) in self.since {
            ledger.put(indicator, kind, start, mean);
        }
        for (indicator, kind, start, mean) in held.entries() {
            if self.from <= start && start < self.to {
                ledger.put(indicator, kind, start, mean);
            }
        }
        let mut touched = TouchedWindows::default();
        for (indicator, kind, start) in self.touched {
            touched.add(indicator, kind, start);
        }
        (ledger, touched)
    }
}

//! One log source's turn in an epoch: what is counted there, and what follows from it.

use ioc_model::{
    event::Event,
    name::Name,
    observation::Quality,
    question::{About, Answer, Found},
    results::WindowResult,
    time::{EventTime, Millis},
    window::{Registers, WindowKind},
};

use super::{Undecided, results::window_result, terms::Terms};
use crate::{
    counted::{CountPlan, LogSourceCounts, LogSourceNews, TouchedMinutes},
    derive::Derived,
    plan::Days,
    reading::Reading,
    series::{Closed, ClosingBounds},
    step::{EpochFacts, ShardResults},
};

/// What the state of a log source goes by: when it was heard, and what its sensor says of itself.
const LINES: &str = "lines";
const SENSOR: &str = "sensor";

pub(super) struct CountTurn<'a> {
    pub(super) subject: Name,
    pub(super) facts: &'a EpochFacts,
    pub(super) plan: &'a CountPlan,
    pub(super) days: &'a mut Days,
    pub(super) terms: &'a Terms,
    /// Those of its measured rows, of which it has none: epoch and horizon are the same.
    pub(super) bounds: ClosingBounds,
    /// When the oldest of its events happened that wait for an answer of the store.
    pub(super) unsure: Option<Undecided>,
    /// When the newest line arrived that it passed on.
    pub(super) relayed: Option<EventTime>,
    pub(super) results: &'a mut ShardResults,
    pub(super) touched: TouchedMinutes,
}

impl CountTurn<'_> {
    /// Counts an epoch's events, and says to whoever judges it that it was heard. Whether it says something else of itself
    /// than before.
    pub(super) fn take(
        &mut self,
        counted: &mut LogSourceCounts,
        events: &[&Event],
        derived: &mut Option<Box<Derived>>,
    ) -> bool {
        let CountTurn { subject, facts, plan, days, terms, results, touched, unsure, relayed, .. } = self;
        let events = events.iter().copied();
        let lateness = |feed| terms.lateness(&[feed]);
        let of = (*subject, facts.epoch);
        let LogSourceNews { arrived, sensor, restated } = counted.take(
            events,
            plan,
            days,
            of,
            lateness,
            unsure.map(|undecided| undecided.arrived),
            touched,
            &mut results.questions,
        );
        let Some(derived) = derived else { return restated };
        if let Some(at) = arrived.max(*relayed) {
            derived.heard(Name::from(LINES), at, Quality::Good);
        }
        if let Some((at, quality)) = sensor {
            derived.heard(Name::from(SENSOR), at, quality);
        }
        restated
    }

    /// Closes and revises what may be; when the clock alone closes the next window.
    pub(super) fn advance(
        &mut self,
        counted: &mut LogSourceCounts,
        answers: &[&Answer],
        readings: &mut Vec<Reading>,
    ) -> Option<EventTime> {
        let patience = self.patience(counted);
        let CountTurn { subject, facts, plan, days, results, touched, .. } = self;
        let mut emit = |measure: Name, closed: Closed, registers: Registers| {
            let window = WindowResult { registers, ..window_result(closed, measure, *subject) };
            results.facts.windows.push(window);
            if closed.kind != WindowKind::Minute {
                readings.push(closed.reading_of_sum(measure));
            }
        };
        for answer in answers {
            let (About::Counts { day }, Found::Windows(stored)) = (&answer.question.about, &answer.found)
            else {
                continue;
            };
            if let Some(local) = days.day(*day) {
                counted.recall(plan, days, local, answer.question.asked, stored, &mut emit);
            }
        }
        // What waits for the store is counted when it is known: nothing closes over it, nor is forgotten.
        let held = self.unsure.map_or(EventTime(i64::MAX), |undecided| undecided.happened);
        let bounds = ClosingBounds {
            watermark: counted.watermark().min(held),
            patience: EventTime(facts.now.0.saturating_sub(patience.0)).min(held),
            ..self.bounds
        };
        counted.advance(days, plan, bounds, touched, emit);
        // What is held back is looked at again in the next epoch, not once more in this one: the store may say that all of
        // it was there before, and then nothing of it comes.
        let next = EventTime(facts.now.0.saturating_add(1));
        if self.unsure.is_some() || counted.is_waiting() {
            return Some(next);
        }
        counted.due(days, plan).map(|end| end.plus(patience))
    }

    /// How long its windows are waited for.
    pub(super) fn patience(&self, counted: &LogSourceCounts) -> Millis {
        self.plan.patience(self.terms.patience(counted.feeds()))
    }
}

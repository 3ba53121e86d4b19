//! How long alerts of information security wait: until somebody takes them on, and until they are over.
//!
//! What shards tell of alerts says when each change was; of those that are open it is kept here when they were raised,
//! and of those that were taken on or are over, how long that took. An alert that is open is not a fast one: it is told
//! beside the median, and one that waits longer than that makes the figure miss what it usually is (invariant SILENT).
//!
//! An alert that came back was not over: its time goes on from where it was first raised. One that was over when it was
//! raised was never waited for, and what `ioc` itself took on, because there was no more room for it, nobody took on.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    figure::{FigureId, FigureReason, FigureVerdict, Freshness, InputKind},
    name::Name,
    results::{AlertResult, FigureInput, FigureResult},
    rule::{AlertAbout, AlertChange, AlertKey, Priority},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::{largest_first, made_of, nothing};
use crate::suspects::NOBODY;

/// What lies further back counts no more.
const WITHIN: Millis = Millis::hours(30 * 24);
/// So many of each are kept; of more, the newest.
const KEPT: usize = 4_096;

/// What happened to an alert, for whoever measures how long that took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlertStep {
    key: AlertKey,
    change: AlertChange,
    priority: Priority,
    active: bool,
    at: Now,
    /// Whether a person did it.
    by_somebody: bool,
}

impl AlertStep {
    /// None of an alert of a station, or of an agency.
    pub(crate) fn of(alert: &AlertResult) -> Option<AlertStep> {
        let AlertResult { key, about, change, priority, active, at, user, .. } = alert;
        let is_of_security = !matches!(about, AlertAbout::Station | AlertAbout::Agency);
        is_of_security.then(|| AlertStep {
            key: key.clone(),
            change: *change,
            priority: *priority,
            active: *active,
            at: *at,
            by_somebody: **user != *NOBODY,
        })
    }
}

/// What is kept of alerts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct AlertTimes {
    open: BTreeMap<AlertKey, Waiting>,
    acknowledged: BTreeSet<Took>,
    cleared: BTreeSet<Took>,
}

/// One that is not both taken on and over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Waiting {
    raised: Now,
    priority: Priority,
    acknowledged: bool,
    over: bool,
}

/// How long one took, by when that was known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Took {
    at: Now,
    key: AlertKey,
    raised: Now,
    priority: Priority,
}

impl Took {
    fn millis(&self) -> f64 {
        self.at.0.saturating_sub(self.raised.0).max(0) as f64
    }
}

impl AlertTimes {
    /// Takes what happened to one. Of one that was raised before anything was kept, nobody knows how long it took.
    pub(super) fn take(&mut self, step: AlertStep) {
        let AlertStep { key, change, priority, active, at, by_somebody } = step;
        if change == AlertChange::Raised {
            let waiting = Waiting { raised: at, priority, acknowledged: false, over: !active };
            let _ = self.open.insert(key, waiting);
            return;
        }
        let Some(waiting) = self.open.get_mut(&key) else { return };
        let took = |raised| Took { at, key: key.clone(), raised, priority };
        match change {
            AlertChange::Raised => {}
            AlertChange::Recurred => {
                waiting.over = !active;
                waiting.priority = priority;
                self.cleared.retain(|took| took.key != key);
            }
            AlertChange::Cleared => {
                waiting.over = true;
                let _ = self.cleared.insert(took(waiting.raised));
            }
            AlertChange::Acknowledged => {
                waiting.acknowledged = true;
                if by_somebody {
                    let _ = self.acknowledged.insert(took(waiting.raised));
                }
            }
        }
        if waiting.acknowledged && waiting.over {
            let _ = self.open.remove(&key);
        }
    }

    /// Lets go of what counts no more.
    pub(super) fn forget(&mut self, now: Now) {
        for all in [&mut self.acknowledged, &mut self.cleared] {
            while all.first().is_some_and(|oldest| oldest.at.0 < now.0 - WITHIN.0 || all.len() > KEPT) {
                let _ = all.pop_first();
            }
        }
    }

    pub(super) fn to_acknowledge(&self, now: Now) -> FigureResult {
        let open = self.open.iter().filter(|(_, waiting)| !waiting.acknowledged);
        figure(FigureId::TimeToAcknowledge, now, &self.acknowledged, open)
    }

    pub(super) fn to_clear(&self, now: Now) -> FigureResult {
        let open = self.open.iter().filter(|(_, waiting)| !waiting.over);
        figure(FigureId::TimeToClear, now, &self.cleared, open)
    }
}

fn figure<'a>(
    id: FigureId,
    now: Now,
    took: &BTreeSet<Took>,
    open: impl Iterator<Item = (&'a AlertKey, &'a Waiting)>,
) -> FigureResult {
    let mut open: Vec<(&AlertKey, &Waiting)> = open.collect();
    open.sort_by_key(|(key, waiting)| (waiting.raised, *key));
    let mut slowest: Vec<&Took> = took.iter().collect();
    slowest.sort_by(|one, other| {
        largest_first(one.millis(), other.millis()).then_with(|| one.key.cmp(&other.key))
    });
    let median = median(&slowest);
    let waits_for = open.first().map(|(_, waiting)| now.0.saturating_sub(waiting.raised.0) as f64);
    let (verdict, reason) = match (median, waits_for) {
        (None, None) => (FigureVerdict::Withheld, FigureReason::Never),
        (None, Some(_)) => (FigureVerdict::Near, FigureReason::Waiting),
        (Some(median), Some(waits)) if waits > median => (FigureVerdict::Near, FigureReason::Waiting),
        (Some(_), _) => (FigureVerdict::Kept, FigureReason::OnTarget),
    };
    let input = |key: &AlertKey, raised: Now, priority: Priority, value| FigureInput {
        kind: InputKind::Alert,
        subject: key.subject.clone(),
        measure: Name::new(&key.rule),
        start: EventTime(raised.0),
        number: key.number,
        value,
        word: Name::new(priority.word()),
    };
    let of_open = open.iter().map(|(key, waiting)| input(key, waiting.raised, waiting.priority, None));
    let of_others =
        slowest.iter().map(|took| input(&took.key, took.raised, took.priority, Some(took.millis())));
    let inputs: Vec<FigureInput> = of_open.chain(of_others).collect();
    let moment = EventTime(now.0);
    let (measured, still) = (slowest.len() as u64, open.len() as u64);
    let parts = [("measured", measured), ("open", still)].into_iter().filter(|(_, count)| *count > 0);
    let figure = FigureResult {
        start: moment.minus(WITHIN),
        end: moment,
        value: median,
        of: Some(still as f64),
        verdict,
        freshness: if inputs.is_empty() { Freshness::Never } else { Freshness::Fresh },
        count: measured,
        expected: measured + still,
        parts: parts.map(|(word, count)| (Name::new(word), count)).collect(),
        ..nothing(id, now, reason)
    };
    made_of(figure, inputs.into_iter())
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(slowest: &[&Took]) -> Option<f64> {
    let (last, middle) = (slowest.len().checked_sub(1)?, slowest.len() / 2);
    Some((slowest[middle].millis() + slowest[last - middle].millis()) / 2.0)
}

//! How a station is: from its newest points, the recorded clock, and what its gateway says of itself: one that is gone is
//! silent at once.

use std::collections::BTreeMap;

use ioc_model::{
    ageing::Ages,
    figure::Freshness,
    name::Name,
    observation::Quality,
    results::StatusResult,
    sensor::SelfSaid,
    status::StationStatus,
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::StationPlan;
use crate::step::ShardResults;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StatusState {
    /// The newest point of each indicator, of any quality.
    newest: BTreeMap<Name, (EventTime, Quality)>,
    current: Option<(StationStatus, Now)>,
}

impl StatusState {
    pub(super) fn heard(&mut self, indicator: Name, event_time: EventTime, quality: Quality) {
        match self.newest.get_mut(&indicator) {
            Some(newest) if newest.0 <= event_time => *newest = (event_time, quality),
            Some(_) => {}
            None => {
                let _ = self.newest.insert(indicator, (event_time, quality));
            }
        }
    }

    pub(super) fn current(&self) -> Option<(StationStatus, Now)> {
        self.current
    }

    pub(super) fn advance(
        &mut self,
        now: Now,
        plan: &StationPlan,
        subject: Name,
        (lateness, gone): (Millis, Option<EventTime>),
        (said, restated): (&SelfSaid, bool),
        results: &mut ShardResults,
    ) {
        if now.0 < plan.valid.0.0 || plan.valid.1.0 <= now.0 {
            // Nothing is expected of it: it has no state, rather than a good one.
            self.current = None;
            return;
        }
        let status = self.judge(now, plan, lateness, gone);
        // What it says of itself is said anew with the state; of a log source that is silent when it speaks again. A station
        // whose clock is wrong may send and be silent.
        let is_station = plan.counts.is_none();
        let restated = restated && (is_station || status != StationStatus::Silent);
        if self.current.is_some_and(|(current, _)| current == status) && !restated {
            return;
        }
        self.current = Some((status, now));
        let last_event = self.last_event();
        let sensor = said.sensor.clone().filter(|record| !record.causes.is_empty());
        let clock_off = said.clock_off;
        results.facts.statuses.push(StatusResult {
            subject,
            status,
            since: now,
            last_event,
            sensor,
            clock_off,
        });
    }

    /// When the clock alone makes it another: always later than now.
    pub(super) fn due(&self, now: Now, plan: &StationPlan, lateness: Millis) -> Option<EventTime> {
        let Some((status, _)) = self.current else {
            return Some(plan.valid.0).filter(|from| from.0 > now.0);
        };
        let passed = |after: Millis| self.last_event().map(|last| last.plus(after).plus(Millis(1)));
        let older = match status {
            StationStatus::Good => passed(late_after(plan, lateness)),
            StationStatus::Late | StationStatus::Calibrating | StationStatus::Error => {
                passed(silent_after(plan, lateness))
            }
            StationStatus::Silent => None,
        };
        let end = Some(plan.valid.1).filter(|end| *end < EventTime(i64::MAX));
        [older, end].into_iter().flatten().min()
    }

    /// How many indicators that are expected never came or came so long ago that what they say is of then, and when the
    /// clock alone makes it one more. Of an indicator without a cadence nothing is expected by a time.
    pub(super) fn missing(&self, now: Now, plan: &StationPlan, lateness: Millis) -> (u32, Option<EventTime>) {
        let (mut missing, mut next) = (0, None);
        for (indicator, cadence) in &plan.measures {
            let Some((event_time, _)) = self.newest.get(indicator.as_str()) else {
                missing += 1;
                continue;
            };
            if *cadence == Millis(0) {
                continue;
            }
            let ages = Ages::of(*event_time, cadence.plus(lateness));
            if ages.by(Freshness::Fresh, EventTime(now.0), Millis(0)) == Freshness::Stale {
                missing += 1;
            } else {
                next = [next, ages.stale_from].into_iter().flatten().min();
            }
        }
        (missing, next)
    }

    pub(super) fn last_event(&self) -> Option<EventTime> {
        self.newest.values().map(|(event_time, _)| *event_time).max()
    }

    /// `gone` is when its gateway said that it is. Points that are newer came another way, and end that as a birth does.
    fn judge(
        &self,
        now: Now,
        plan: &StationPlan,
        lateness: Millis,
        gone: Option<EventTime>,
    ) -> StationStatus {
        let Some(last) = self.last_event().filter(|last| gone.is_none_or(|gone| gone < *last)) else {
            return StationStatus::Silent;
        };
        let age = now.0.saturating_sub(last.0);
        let says = |quality: Quality| self.newest.values().any(|(_, newest)| *newest == quality);
        if age > silent_after(plan, lateness).0 {
            StationStatus::Silent
        } else if says(Quality::DeviceError) {
            StationStatus::Error
        } else if says(Quality::Calibrating) {
            StationStatus::Calibrating
        } else if age > late_after(plan, lateness).0 {
            StationStatus::Late
        } else {
            StationStatus::Good
        }
    }
}

/// A value labelled by the start of its interval is one cadence old when it can first be sent, and nearly two when
/// the next comes.
fn late_after(plan: &StationPlan, lateness: Millis) -> Millis {
    plan.late_after.unwrap_or(Millis(2 * plan.cadence.0 + lateness.0))
}

fn silent_after(plan: &StationPlan, lateness: Millis) -> Millis {
    let after = plan.silent_after.unwrap_or(Millis(3 * plan.cadence.0 + lateness.0));
    after.max(late_after(plan, lateness))
}

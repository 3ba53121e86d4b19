//! Which subjects have something new to say for the figures, and when the clock makes one speak.
//!
//! A subject speaks when something of it changed: a window, a state, an alert, an indicator that came again. Nothing of
//! this outlives the process, because what a subject says follows from its state: after a start, and with another pack,
//! all of them say it once more.

use std::collections::BTreeSet;

use ioc_model::{names::SubjectId, time::EventTime};

use super::{Plans, Shard};
use crate::step::{EpochFacts, ShardResults};

/// Who has something to say.
#[derive(Debug, Default)]
pub(super) struct Telling {
    /// Whether everybody has spoken since the start or the last change of the pack.
    begun: bool,
    speakers: BTreeSet<SubjectId>,
    timers: BTreeSet<(EventTime, SubjectId)>,
}

/// What a subject said last, as far as it decides when it speaks again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Whether indicators of it were missing: any row may change that.
    pub(super) incomplete: bool,
    next: Option<EventTime>,
}

impl Telling {
    /// Everybody is to speak: the pack is another.
    pub(super) fn begin_anew(&mut self) {
        self.begun = false;
    }

    pub(super) fn speak(&mut self, subject: SubjectId) {
        let _ = self.speakers.insert(subject);
    }
}

impl Shard {
    /// Lets those speak who have something to say.
    pub(super) fn tell(&mut self, facts: &EpochFacts, results: &mut ShardResults) {
        let Shard { subjects, telling, plans, .. } = self;
        let mut speakers = std::mem::take(&mut telling.speakers);
        while let Some((at, subject)) = telling.timers.first().copied().filter(|(at, _)| at.0 <= facts.now.0)
        {
            let _ = telling.timers.remove(&(at, subject));
            let _ = speakers.insert(subject);
        }
        if !telling.begun {
            telling.begun = true;
            speakers.extend(subjects.keys());
        }
        for id in speakers {
            let Some(state) = subjects.get_mut(&id) else { continue };
            let Some(derived) = &state.derived else { continue };
            let plan = plans.station(id, &state.name);
            let Plans { days: Some(days), terms, .. } = &mut *plans else { return };
            let lateness = terms.lateness(&state.measured.feeds);
            let (said, next) = derived.say(state.name, facts.now, plan.as_deref(), lateness, days);
            if state.told.next != next {
                let _ = state.told.next.map(|at| telling.timers.remove(&(at, id)));
                let _ = next.map(|at| telling.timers.insert((at, id)));
            }
            state.told = Told { incomplete: said.is_incomplete(), next };
            results.said.push(said);
        }
    }
}

//! What operators did, and decided: taken before anything else of an epoch, since it speaks of what was seen.

use ioc_model::{action::Action, held::Decision, results::StoredAction};

use super::{Shard, decisions, results::unknown_alert};
use crate::step::{EpochFacts, ShardResults};

impl Shard {
    /// What an operator did, before anything else of the epoch: it speaks of what was seen, which is older.
    pub(super) fn act(&mut self, facts: &EpochFacts, action: Action, results: &mut ShardResults) {
        let subject = self.names.subjects.find(&action.alert.subject);
        let state = subject.and_then(|subject| self.subjects.get_mut(&subject));
        let effective = state.and_then(|state| state.act(facts.now, &action, results));
        let suspects = &mut self.suspects;
        let effective = effective.or_else(|| {
            let effective = suspects.act(facts.now, &action, results);
            results.urgent |= effective == Some(true);
            effective
        });
        if let Some(subject) = subject.filter(|_| effective == Some(true)) {
            self.telling.speak(subject);
            results.urgent = true;
        }
        let counts = results.counts.entry(action.feed).or_default();
        match effective {
            Some(effective) => {
                counts.stored += 1;
                results.facts.actions.push(StoredAction {
                    alert: action.alert,
                    user: action.user,
                    note: action.note,
                    feed: action.feed,
                    sender: action.sender,
                    arrival: action.arrival,
                    effective,
                });
            }
            None if self.plans.counts_reminders(&action.alert.rule) => {
                counts.stored += 1;
                results.acts.push(action);
            }
            None => {
                counts.rejected += 1;
                results.facts.rejects.push(unknown_alert(&action));
            }
        }
    }

    /// What an operator decided about rows that are held.
    pub(super) fn decide(&mut self, facts: &EpochFacts, decision: Decision, results: &mut ShardResults) {
        let subject = self.names.subjects.find(&decision.subject);
        match subject.and_then(|subject| self.subjects.get_mut(&subject)) {
            Some(state) => state.measured.decide(decision, facts.epoch, results),
            None => decisions::unknown(&decision, results),
        }
    }
}

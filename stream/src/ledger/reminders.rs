//! Alerts of who misses what they owe: each obligation that is missed is a reminder, and so many of a calendar year raise
//! one.
//!
//! How many there are follows from how obligations stand, so what was missed by mistake, as a message turns out to have come
//! in time, counts no more, and the alert is over with it; so it is when another year begins.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    action::Action,
    name::Name,
    pack::{Pack, PackVersion},
    results::{AlertResult, Evidence, StoredAction},
    rule::{AlertAbout, AlertChange, AlertKey, Priority},
    time::{EventTime, Millis, Now},
};
use serde::{Deserialize, Serialize};

use super::LedgerResults;
use crate::{
    alert::{Open, close_if_done, raise},
    step::Suspected,
    suspects::NOBODY,
};

/// What is said of an alert that nobody can take on any more.
const RULE_IS_GONE: &str =
    "Quy tắc không còn trong gói tỉnh. / The rule is not in the province pack any more.";
/// What such alerts call their measure.
const MEASURE: &str = "reminders";

/// What an agency missed of a year's obligations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// How many.
    pub(super) count: u32,
    /// The first moment of the year.
    pub(super) from: EventTime,
    /// The latest deadline among them.
    pub(super) last_due: Option<EventTime>,
}

/// Alerts by rule and agency.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reminders {
    alerts: BTreeMap<(Name, Name), State>,
    #[serde(skip)]
    version: Option<PackVersion>,
    #[serde(skip)]
    rules: Vec<Watching>,
    /// Whether all open alerts were told since the start.
    #[serde(skip)]
    told: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Alerts there were.
    number: u32,
    open: Option<Open>,
}

/// A rule of the pack.
#[derive(Debug)]
struct Watching {
    id: Name,
    priority: Priority,
    reach: u32,
}

impl Reminders {
    /// Goes over to an epoch's pack. Of a rule that is gone what it raised is over and taken on: nobody else could.
    pub(super) fn follow(&mut self, now: Now, pack: &Pack, results: &mut LedgerResults) {
        if self.version.as_ref() == Some(&pack.version) {
            return;
        }
        self.version = Some(pack.version.clone());
        let watching = |rule: &ioc_model::rule::Rule| {
            let reach = rule.condition.reminders()?;
            Some(Watching { id: Name::new(&rule.id), priority: rule.priority, reach })
        };
        self.rules = pack.rules.values().filter_map(watching).collect();
        for ((rule, agency), state) in &mut self.alerts {
            if self.rules.iter().any(|watching| watching.id == *rule) {
                continue;
            }
            if state.open.is_some_and(|open| open.active) {
                state.clear(now, (*rule, *agency), None, results);
            }
            if state.open.is_some() {
                state.take_on(now, (*rule, *agency), (NOBODY, RULE_IS_GONE), results);
            }
        }
    }

    /// Judges what an agency missed.
    pub(super) fn judge(&mut self, now: Now, agency: Name, missed: Missed, results: &mut LedgerResults) {
        for Watching { id, priority, reach } in &self.rules {
            let is_reached = missed.count >= *reach;
            let state = match is_reached {
                true => self.alerts.entry((*id, agency)).or_default(),
                false => match self.alerts.get_mut(&(*id, agency)) {
                    Some(state) => state,
                    None => continue,
                },
            };
            let is_active = state.open.is_some_and(|open| open.active);
            let evidence = evidence(missed, *reach);
            match (is_reached, is_active) {
                (true, false) => state.raise(now, (*id, agency), *priority, evidence, results),
                (false, true) => state.clear(now, (*id, agency), Some(evidence), results),
                _ => {}
            }
        }
    }

    /// Takes an operator's action. One about an alert that never was is stored and changes nothing.
    pub(super) fn act(&mut self, now: Now, action: Action, results: &mut LedgerResults) {
        let of = |rule: &Name, agency: &Name| {
            (rule.as_str(), agency.as_str()) == (&*action.alert.rule, &*action.alert.subject)
        };
        let found = self.alerts.iter_mut().find(|((rule, agency), _)| of(rule, agency));
        let open = found.filter(|(_, state)| {
            state.number == action.alert.number && state.open.is_some_and(|open| !open.acknowledged)
        });
        let effective = open.is_some();
        if let Some((key, state)) = open {
            state.take_on(now, *key, (&action.user, &action.note), results);
        }
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

    /// Tells the figures of all that are open, once after a start.
    pub(super) fn tell(&mut self, results: &mut LedgerResults) {
        if !std::mem::replace(&mut self.told, true) {
            let open = self.alerts.iter().filter(|(_, state)| state.open.is_some());
            results.open.extend(open.map(|((rule, agency), state)| state.suspected((*rule, *agency))));
        }
    }
}

impl State {
    fn raise(
        &mut self,
        now: Now,
        of: (Name, Name),
        priority: Priority,
        evidence: Evidence,
        results: &mut LedgerResults,
    ) {
        self.number += u32::from(self.open.is_none());
        let change = raise(&mut self.open, true, priority);
        self.say(now, of, change, Some(evidence), ("", ""), results);
    }

    fn clear(&mut self, now: Now, of: (Name, Name), evidence: Option<Evidence>, results: &mut LedgerResults) {
        let Some(open) = &mut self.open else { return };
        open.active = false;
        self.say(now, of, AlertChange::Cleared, evidence, ("", ""), results);
    }

    fn take_on(&mut self, now: Now, of: (Name, Name), by: (&str, &str), results: &mut LedgerResults) {
        let Some(open) = &mut self.open else { return };
        open.acknowledged = true;
        self.say(now, of, AlertChange::Acknowledged, None, by, results);
    }

    /// Says what happened. One that is over and was taken on is closed with it.
    fn say(
        &mut self,
        now: Now,
        of: (Name, Name),
        change: AlertChange,
        evidence: Option<Evidence>,
        (user, note): (&str, &str),
        results: &mut LedgerResults,
    ) {
        let Some(open) = self.open else { return };
        let (rule, agency) = of;
        let key = AlertKey { rule: rule.into(), subject: agency.into(), number: self.number };
        results.facts.alerts.push(AlertResult {
            evidence,
            user: user.into(),
            note: note.into(),
            ..open.told(key, AlertAbout::Agency, change, now)
        });
        close_if_done(&mut self.open);
        results.open.push(self.suspected(of));
    }

    fn suspected(&self, (rule, agency): (Name, Name)) -> Suspected {
        let open = self.open.map(|open| open.counted(rule, self.number));
        Suspected { subject: Arc::from(agency.as_str()), rule, open }
    }
}

/// The year's obligations that were missed: those of the agency with `reminders` from 1 that fell due in that time.
fn evidence(missed: Missed, reach: u32) -> Evidence {
    let end = missed.last_due.map_or(missed.from, |due| due.plus(Millis(1)));
    Evidence {
        measure: Name::from(MEASURE),
        averaging: None,
        start: missed.from,
        end,
        value: Some(f64::from(missed.count)),
        threshold: Some(f64::from(reach)),
        status: None,
        events: None,
        compared: None,
        sensor: None,
    }
}

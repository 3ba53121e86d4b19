//! The life of an alert, whoever watches: raised, over, raised once more; taken on; closed when it is over and was taken on.
//!
//! Who watches says when, numbers its alerts and keeps one [`Open`] at most of a rule and subject
//! ([decision 14](../../docs/decisions/014-one-open-alert.md)): windows of stations and log sources
//! ([`derive`](crate::derive)), suspects of rules over events ([`suspects`](crate::suspects)), reminders of who owes
//! ([`ledger`](crate::ledger)).

use ioc_model::{
    name::Name,
    results::AlertResult,
    rule::{AlertAbout, AlertChange, AlertKey, Priority},
    time::Now,
};
use serde::{Deserialize, Serialize};

use crate::derive::statement::OpenAlert;

/// An alert that is active, or that nobody took on. A checkpoint keeps its fields in this order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) active: bool,
    pub(crate) acknowledged: bool,
    pub(crate) occurrences: u32,
    pub(crate) priority: Priority,
}

impl Open {
    /// One that is new; `active`, not if it is over.
    pub(crate) fn raised(active: bool, priority: Priority) -> Open {
        Open { active, acknowledged: false, occurrences: 1, priority }
    }

    /// It is raised once more.
    pub(crate) fn recur(&mut self, active: bool, priority: Priority) {
        self.active = active;
        self.occurrences = self.occurrences.saturating_add(1);
        self.priority = priority;
    }

    /// Whether nobody has anything to do with it any more.
    pub(crate) fn is_done(self) -> bool {
        self.acknowledged && !self.active
    }

    /// What is said of it.
    pub(crate) fn told(self, key: AlertKey, about: AlertAbout, change: AlertChange, now: Now) -> AlertResult {
        let Open { active, acknowledged, occurrences, priority } = self;
        let (user, note) = Default::default();
        AlertResult {
            key,
            about,
            change,
            priority,
            active,
            acknowledged,
            occurrences,
            at: now,
            evidence: None,
            user,
            note,
            seq: 0,
        }
    }

    /// As the figures count it.
    pub(crate) fn counted(self, rule: Name, number: u32) -> OpenAlert {
        let Open { active, acknowledged, priority, .. } = self;
        OpenAlert { rule, number, priority, active, acknowledged }
    }
}

/// Raises the alert that is open once more, or one that is new.
pub(crate) fn raise(open: &mut Option<Open>, active: bool, priority: Priority) -> AlertChange {
    match open {
        Some(open) => {
            open.recur(active, priority);
            AlertChange::Recurred
        }
        None => {
            *open = Some(Open::raised(active, priority));
            AlertChange::Raised
        }
    }
}

/// Closes one that is over and was taken on.
pub(crate) fn close_if_done(open: &mut Option<Open>) {
    if open.is_some_and(Open::is_done) {
        *open = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_closed_when_it_is_over_and_was_taken_on_in_whatever_order() {
        for over_first in [true, false] {
            let mut open = None;
            assert_eq!(raise(&mut open, true, Priority::High), AlertChange::Raised);
            assert_eq!(raise(&mut open, true, Priority::Low), AlertChange::Recurred);
            let steps: [fn(&mut Open); 2] = [|open| open.active = false, |open| open.acknowledged = true];
            let (first, second) = if over_first { (steps[0], steps[1]) } else { (steps[1], steps[0]) };
            open.as_mut().map(first).unwrap();
            close_if_done(&mut open);
            assert_eq!(open.map(|open| (open.occurrences, open.priority)), Some((2, Priority::Low)));
            open.as_mut().map(second).unwrap();
            close_if_done(&mut open);
            assert!(open.is_none());
        }
    }

    #[test]
    fn replay_a_checkpoint_keeps_an_alert_in_the_same_bytes_as_ever() {
        let open = Open { active: true, acknowledged: false, occurrences: 300, priority: Priority::Low };
        let flags_and_varint = [1, 0, 0xac, 0x02];
        assert_eq!(postcard::to_stdvec(&open).unwrap()[..4], flags_and_varint);
    }
}

//! Facts of who owes which report when, and what came.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::report::start_of;
use crate::{
    fact::{Fact, Superseded, Table},
    form::Period,
    name::Name,
    place::Date,
    position::Arrival,
    time::{EventTime, Millis, Now},
};

/// How an obligation stands. Their numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ObligationState {
    /// Its period is not over, and nothing was accepted.
    NotDue = 0,
    /// Its period is over, its deadline is not, and nothing was accepted.
    Due = 1,
    /// The first accepted message came in time.
    OnTime = 2,
    /// The first accepted message came behind the deadline.
    Late = 3,
    /// The deadline has passed, and nothing was accepted.
    Missing = 4,
    /// Its deadline has not passed, nothing was accepted, and the last attempt was refused: whoever sent it may believe
    /// that it is done.
    Rejected = 5,
    /// It was owed by an earlier version of the pack and is not any more.
    NotOwed = 6,
}

impl ObligationState {
    /// All of them, in the order of their numbers.
    pub const ALL: [ObligationState; 7] = [
        ObligationState::NotDue,
        ObligationState::Due,
        ObligationState::OnTime,
        ObligationState::Late,
        ObligationState::Missing,
        ObligationState::Rejected,
        ObligationState::NotOwed,
    ];

    /// The word used in tables and APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ObligationState::NotDue => "not_due",
            ObligationState::Due => "due",
            ObligationState::OnTime => "on_time",
            ObligationState::Late => "late",
            ObligationState::Missing => "missing",
            ObligationState::Rejected => "rejected",
            ObligationState::NotOwed => "not_owed",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ObligationState> {
        ObligationState::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether its deadline passed without anything that had been accepted: what a reminder is counted for.
    #[must_use]
    pub fn is_missed(self) -> bool {
        matches!(self, ObligationState::Late | ObligationState::Missing)
    }
}

/// A row of the `obligation` table: how an obligation stands from this epoch on.
#[derive(Clone, Debug, PartialEq)]
pub struct Obligation {
    /// The form that is owed.
    pub form: Name,
    /// Who owes it: an id of `agencies.csv`, or the code of the place whose authority owes it.
    pub agency: Name,
    /// First day of the validity of that place in the version that owes it; none where an agency does.
    pub place_from: Option<Date>,
    /// What it is to be about.
    pub period: Period,
    /// From when on it can be done: the first moment behind its period, or the first of it where the deadline lies within.
    pub owed_from: EventTime,
    /// The deadline. What arrives at this moment is in time.
    pub due_at: EventTime,
    /// How it stands.
    pub state: ObligationState,
    /// The first accepted message, by arrival.
    pub first: Option<Arrival>,
    /// The accepted message that arrived last of those that changed something.
    pub last: Option<Arrival>,
    /// Accepted messages beside the first that changed something.
    pub revisions: u32,
    /// Messages that were refused whole.
    pub rejected: u32,
    /// The one of those that arrived last.
    pub last_rejected: Option<Arrival>,
    /// Which of the obligations it is that its agency missed of those due in the same calendar year, from 1, by deadline; 0
    /// where it was not missed.
    pub reminders: u32,
    /// The recorded clock when this was found.
    pub said_at: Now,
    /// Whether something else was said of it before this epoch.
    pub replaces: bool,
}

impl Obligation {
    /// How long the first accepted message came behind the deadline: whole seconds, rounded up; none where it was not late.
    #[must_use]
    pub fn late_seconds(&self) -> Option<i64> {
        let first = self.first.filter(|_| self.state == ObligationState::Late)?;
        let behind = Millis(first.received_at.0.saturating_sub(self.due_at.0));
        Some(behind.0.saturating_add(999).div_euclid(1_000))
    }
}

impl Fact for Obligation {
    const TABLE: Table = Table { name: "obligation", time_column: "period_start" };

    /// The first moment of its period's first day, as if days were UTC's, as of `report_value`.
    fn time(&self) -> i64 {
        start_of(self.period)
    }

    fn size(&self) -> usize {
        192
    }

    fn compare(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (row.form, row.agency, row.period);
        key(self).cmp(&key(other))
    }

    fn anew(&self) -> Option<Superseded> {
        self.replaces.then(|| Superseded {
            fact: Self::TABLE,
            measure: self.form,
            subject: self.agency,
            kind: self.period.kind.word(),
            time: EventTime(start_of(self.period)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{form::PeriodKind, time::ReceivedAt};

    #[test]
    fn how_late_a_report_is_goes_by_its_first_accepted_arrival_in_whole_seconds_rounded_up() {
        let late = |behind: i64| Obligation {
            form: Name::from("yt-thang"),
            agency: Name::from("25486"),
            place_from: None,
            period: Period::of(PeriodKind::Month, 2026, 10).unwrap(),
            owed_from: EventTime(0),
            due_at: EventTime(1_000_000),
            state: ObligationState::Late,
            first: Some(Arrival { received_at: ReceivedAt(1_000_000 + behind), ..Arrival::default() }),
            last: None,
            revisions: 0,
            rejected: 0,
            last_rejected: None,
            reminders: 1,
            said_at: Now(0),
            replaces: false,
        };
        assert_eq!(late(54_900_000).late_seconds(), Some(54_900));
        assert_eq!(late(1).late_seconds(), Some(1));
        assert_eq!(Obligation { state: ObligationState::OnTime, ..late(-5_000) }.late_seconds(), None);
        assert_eq!(
            Obligation { state: ObligationState::Missing, first: None, ..late(0) }.late_seconds(),
            None
        );
    }

    #[test]
    fn every_state_has_a_word_of_its_own() {
        for state in ObligationState::ALL {
            assert_eq!(ObligationState::from_word(state.word()), Some(state));
        }
    }
}

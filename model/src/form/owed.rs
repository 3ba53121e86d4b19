//! Which obligations are asked for, what one of them is called, where a page of them ends, and what they sum up to.

use std::{fmt, str::FromStr};

use super::{Period, PeriodKind};
use crate::{
    results::{Obligation, ObligationState},
    time::{EventTime, Now},
};

/// States in the order in which a list shows them: what is open behind its deadline first, what nobody waits for last.
pub const BY_URGENCY: [ObligationState; 7] = [
    ObligationState::Missing,
    ObligationState::Rejected,
    ObligationState::Due,
    ObligationState::Late,
    ObligationState::OnTime,
    ObligationState::NotDue,
    ObligationState::NotOwed,
];

/// What is open goes by its deadline, the oldest first; what is done or over by it, the newest first. So many of the states
/// are open, from the first.
pub const OPEN: usize = 3;

/// Which obligation it is, written `form~agency~kind~period`: `ktxh-x~25486~admin_month~2026-10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObligationKey {
    /// The form that is owed.
    pub form: String,
    /// Who owes it.
    pub agency: String,
    /// What it is to be about.
    pub period: Period,
}

impl From<&Obligation> for ObligationKey {
    fn from(of: &Obligation) -> ObligationKey {
        ObligationKey { form: of.form.to_string(), agency: of.agency.to_string(), period: of.period }
    }
}

impl fmt::Display for ObligationKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObligationKey { form, agency, period } = self;
        write!(to, "{form}~{agency}~{}~{}", period.kind.word(), period.label())
    }
}

impl FromStr for ObligationKey {
    type Err = InvalidObligation;

    fn from_str(text: &str) -> Result<ObligationKey, InvalidObligation> {
        let read = || {
            let mut parts = text.split('~');
            let (form, agency) = (parts.next()?, parts.next()?);
            let kind = PeriodKind::from_word(parts.next()?)?;
            let period = Period::parse(kind, parts.next()?)?;
            let is_named = !form.is_empty() && !agency.is_empty() && parts.next().is_none();
            is_named.then(|| ObligationKey { form: form.to_owned(), agency: agency.to_owned(), period })
        };
        read().ok_or_else(|| InvalidObligation(text.to_owned()))
    }
}

/// It is not written like one.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no obligation; one is written like ktxh-x~25486~admin_month~2026-10")]
pub struct InvalidObligation(String);

/// Which obligations are meant; what is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObligationFilter {
    /// Of one of those forms,
    pub forms: Option<Vec<String>>,
    /// of one of those agencies,
    pub agencies: Option<Vec<String>>,
    /// of one of those periods,
    pub periods: Option<Vec<Period>>,
    /// in one of those states,
    pub states: Option<Vec<ObligationState>>,
    /// with a deadline in `[from, until)`,
    pub due: Option<(EventTime, EventTime)>,
    /// and only those of which an attempt was refused, where that is so.
    pub refused: bool,
    /// As they stood at that moment; as they stand where none is named.
    pub at: Option<Now>,
}

/// Where a page of obligations ends, written `rank~by~form~agency~kind~period`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationCursor {
    /// Where the state of the last of them stands in [`BY_URGENCY`], from 1.
    pub rank: u8,
    /// Its deadline, negative where the newest come first.
    pub by: i64,
    /// The last of them.
    pub key: ObligationKey,
}

impl From<&Obligation> for ObligationCursor {
    fn from(of: &Obligation) -> ObligationCursor {
        let at = BY_URGENCY.iter().position(|state| *state == of.state).unwrap_or_default();
        ObligationCursor {
            rank: u8::try_from(at + 1).unwrap_or(u8::MAX),
            by: if at < OPEN { of.due_at.0 } else { -of.due_at.0 },
            key: ObligationKey::from(of),
        }
    }
}

impl fmt::Display for ObligationCursor {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}~{}~{}", self.rank, self.by, self.key)
    }
}

impl FromStr for ObligationCursor {
    type Err = InvalidObligationCursor;

    fn from_str(text: &str) -> Result<ObligationCursor, InvalidObligationCursor> {
        let read = || {
            let (rank, rest) = text.split_once('~')?;
            let (by, key) = rest.split_once('~')?;
            Some(ObligationCursor { rank: rank.parse().ok()?, by: by.parse().ok()?, key: key.parse().ok()? })
        };
        read().ok_or_else(|| InvalidObligationCursor(text.to_owned()))
    }
}

/// It is not written like one.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no place of an obligation; take the 'next' of the page before")]
pub struct InvalidObligationCursor(String);

/// What obligations of a form in a state sum up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationSum {
    /// The form.
    pub form: String,
    /// The state.
    pub state: ObligationState,
    /// Those with a deadline in the stretch of time that is asked for,
    pub within: u32,
    /// those with one before it,
    pub before: u32,
    /// and those with one within the days that are asked for from now on.
    pub soon: u32,
    /// Of those within it, the ones that were corrected.
    pub revised: u32,
    /// Attempts at those within it that were refused.
    pub refused: u32,
}

/// A period of which something is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwedPeriod {
    /// The period.
    pub period: Period,
    /// Obligations of it,
    pub owed: u32,
    /// and how many of them were met or missed.
    pub judged: u32,
}

/// Who owes something, of which periods, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owing {
    /// Agencies by identifier, whatever agencies are asked for.
    pub agencies: Vec<String>,
    /// Periods of which those that are asked for owe something, the newest first.
    pub periods: Vec<OwedPeriod>,
    /// The first deadline of all of it; none where nobody owes anything.
    pub first_due: Option<EventTime>,
}

/// How an agency kept what it owed of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct ObligationScore {
    /// The agency.
    pub agency: String,
    /// The period.
    pub period: Period,
    /// Obligations of it: not due + due + on time + late + missing.
    pub owed: u32,
    /// Those that cannot be met yet.
    pub not_due: u32,
    /// Those of which nothing was accepted and whose deadline has not passed.
    pub due: u32,
    /// Those that were met in time.
    pub on_time: u32,
    /// Those that were met behind the deadline.
    pub late: u32,
    /// Those of which nothing was accepted until the deadline.
    pub missing: u32,
    /// Attempts that were refused.
    pub rejected: u32,
    /// Corrections.
    pub revisions: u32,
    /// Of those that were late the middle one: seconds behind the deadline.
    pub median_late_seconds: Option<i64>,
    /// Per cent of those in time among those that were met or missed; none while nothing can be judged.
    pub score: Option<f64>,
    /// What speaks against it: `missing`, `late`, `rejected`, `revised`.
    pub reasons: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obligations_and_cursors_are_read_as_they_are_written() {
        for text in ["ktxh-x~25486~admin_month~2026-10", "schools-year~so-gddt~school_round~2026-2027-R1"] {
            assert_eq!(text.parse::<ObligationKey>().unwrap().to_string(), text);
            let cursor = format!("4~-1795132800000~{text}");
            assert_eq!(cursor.parse::<ObligationCursor>().unwrap().to_string(), cursor);
        }
        for text in [
            "",
            "a~b~month",
            "~b~month~2026-10",
            "a~b~month~2026-13",
            "a~b~month~2026-10~c",
            "a~b~moon~2026-10",
        ] {
            assert!(text.parse::<ObligationKey>().is_err(), "{text}");
        }
        for text in ["", "1", "x~1~a~b~month~2026-10", "1~x~a~b~month~2026-10"] {
            assert!(text.parse::<ObligationCursor>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_state_has_its_place_in_a_list() {
        for state in ObligationState::ALL {
            assert_eq!(BY_URGENCY.iter().filter(|listed| **listed == state).count(), 1, "{state:?}");
        }
    }
}

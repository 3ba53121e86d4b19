//! Obligations: who owes a report of which periods, and until when.
//!
//! A rule of the pack says it of one form: who owes it, from when to when, and how a deadline follows from a period. From
//! that and the days that are worked every obligation follows; what came for one is a [`Received`], and how it stands a
//! function of both and of the clock.
//!
//! Who owes a form **of places** is the authority of each place that the form is about, under the code of the place: of a
//! period the one that is there on its last day, which makes the report. So somebody owes every period, also one in which
//! boundaries change: a commune that begins on 1 July owes the year, and the one that ended owes none that ends later. A
//! rule may want only periods that lie whole in a place's validity instead ([`OnChange::Whole`]). A place that took over whole
//! and alone from one of the same code, a commune that became a ward, is the same authority then: it owes on.

mod due;
mod record;

use std::collections::BTreeMap;

use jiff::civil::DateTime;

pub use self::{
    due::{DueRule, OnDayOff, Reckoned, ReckonedFrom},
    record::Received,
};
use crate::{
    calendar::Calendar,
    form::{Form, Period, PeriodKind, PlacesByCode},
    pack::Succession,
    place::{Date, Place, PlaceKey},
    time::EventTime,
    working_days::WorkingDays,
};

/// What lasts is looked at on this day, the last that periods have.
const LAST: Date = Date::constant(2200, 12, 31);

/// Who owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owes {
    /// The authority of each place that the form is about.
    Places,
    /// These agencies, one report each.
    Agencies(Vec<String>),
}

/// Which places owe a period in which they began, or others ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    /// Those that are there on its last day.
    #[default]
    AtEnd,
    /// Those of them alone that were there from its first day on.
    Whole,
}

impl OnChange {
    /// All of them.
    pub const ALL: [OnChange; 2] = [OnChange::AtEnd, OnChange::Whole];

    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OnChange::AtEnd => "at_end",
            OnChange::Whole => "whole",
        }
    }
}

/// What is otherwise in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// Nobody owes it.
    NotOwed,
    /// It is due at this moment of the local clock instead.
    Due(DateTime),
}

/// A rule of the pack: who owes a form when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationRule {
    /// Identifier: lower-case letters, digits, `-`.
    pub id: String,
    /// The form that is owed.
    pub form: String,
    /// By whom.
    pub owes: Owes,
    /// And by which of the places where they change within a period.
    pub on_change: OnChange,
    /// Periods that begin on this day or later are owed.
    pub valid_from: Date,
    /// And end on this one or before; none while it lasts.
    pub valid_to: Option<Date>,
    /// Until when.
    pub due: DueRule,
    /// But for these periods.
    pub exceptions: BTreeMap<Period, Exception>,
    /// The document that says so; may be empty.
    pub basis: String,
}

/// Somebody who owes, and the days in which periods that they owe lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Debtor {
    /// An id of `agencies.csv`, or the code of a place.
    pub agency: String,
    /// First day of the validity of that place; none of an agency.
    pub place_from: Option<Date>,
    /// Periods begin on this day or later.
    pub from: Date,
    /// They end on this one or later: those that ended before were owed by the places that were there.
    pub ends_from: Date,
    /// And on this one or before; none while it lasts.
    pub to: Option<Date>,
}

impl Debtor {
    /// Whether both owe at the same time, and so a period twice.
    #[must_use]
    pub fn meets(&self, other: &Debtor) -> bool {
        let last = self.to.unwrap_or(LAST).min(other.to.unwrap_or(LAST));
        self.agency == other.agency && self.ends_from.max(other.ends_from) <= last
    }

    /// Whether they owe a period.
    #[must_use]
    pub fn owes(&self, period: Period) -> bool {
        let ends = self.ends_from <= period.end && self.to.is_none_or(|to| period.end <= to);
        self.from <= period.start && ends
    }
}

/// A period that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Which.
    pub period: Period,
    /// Its first moment: from then on it is told.
    pub opens: EventTime,
    /// From when on a report can be made.
    pub owed_from: EventTime,
    /// The deadline: what arrives at this moment is in time.
    pub due_at: EventTime,
}

impl ObligationRule {
    /// Who owes by it.
    #[must_use]
    pub fn debtors(&self, form: &Form, places: &[Place], successions: &[Succession]) -> Vec<Debtor> {
        match &self.owes {
            Owes::Agencies(agencies) => {
                let debtor = |agency: &String| Debtor {
                    agency: agency.clone(),
                    place_from: None,
                    from: self.valid_from,
                    ends_from: self.valid_from,
                    to: self.valid_to,
                };
                agencies.iter().map(debtor).collect()
            }
            Owes::Places => {
                let takeovers = takeovers(places, successions);
                let by_code = PlacesByCode::of(places);
                let debtor = |place: &Place| Debtor {
                    agency: place.key.code.clone(),
                    place_from: Some(place.key.valid_from),
                    from: match self.on_change {
                        OnChange::AtEnd => self.valid_from,
                        OnChange::Whole => began(&place.key, &takeovers).max(self.valid_from),
                    },
                    ends_from: place.key.valid_from.max(self.valid_from),
                    to: match (place.valid_to, self.valid_to) {
                        (Some(last), Some(to)) => Some(last.min(to)),
                        (last, to) => last.or(to),
                    },
                };
                let debtors = by_code.of_scope(&form.places, LAST).into_iter().map(debtor);
                debtors.filter(|debtor| debtor.to.is_none_or(|to| debtor.ends_from <= to)).collect()
            }
        }
    }

    /// Whether it lets a place off a period that it is about: one that is there on the last day, and that it wants of others.
    #[must_use]
    pub fn lets_off(&self, debtors: &[Debtor], place: &PlaceKey, period: Period) -> bool {
        let is_it =
            |debtor: &Debtor| debtor.agency == place.code && debtor.place_from == Some(place.valid_from);
        let owes = |debtor: &&Debtor| is_it(debtor) && debtor.owes(period);
        self.owes == Owes::Places && self.is_about(period) && !debtors.iter().any(|debtor| owes(&debtor))
    }

    /// The obligation of a period; none where nobody owes it, or outside of the calendar.
    #[must_use]
    pub fn owed(&self, period: Period, days: &WorkingDays, calendar: &Calendar) -> Option<Owed> {
        let due = match self.exceptions.get(&period) {
            Some(Exception::NotOwed) => return None,
            Some(Exception::Due(due)) => *due,
            None => self.due.due(period, days)?,
        };
        let moment = |date: Date| calendar.moment(date.at(0, 0, 0, 0));
        Some(Owed {
            period,
            opens: moment(period.start)?,
            owed_from: moment(self.due.owed_from(period, due))?,
            due_at: calendar.moment(due)?,
        })
    }

    /// The periods of a kind that it is about, the earliest first.
    pub fn periods(&self, kind: PeriodKind) -> impl Iterator<Item = Period> {
        std::iter::successors(Period::first_from(kind, self.valid_from), Period::next)
            .take_while(|period| self.is_about(*period))
    }

    /// Whether it is about a period.
    #[must_use]
    pub fn is_about(&self, period: Period) -> bool {
        self.valid_from <= period.start && self.valid_to.is_none_or(|to| period.end <= to)
    }
}

/// By a place that took over whole and alone from one of the same code, the day before which that one ended: from whom.
fn takeovers<'p>(places: &'p [Place], successions: &'p [Succession]) -> BTreeMap<&'p PlaceKey, &'p PlaceKey> {
    let mut came_from: BTreeMap<&PlaceKey, usize> = BTreeMap::new();
    for succession in successions {
        *came_from.entry(&succession.to).or_default() += 1;
    }
    let last: BTreeMap<&PlaceKey, Date> =
        places.iter().filter_map(|place| Some((&place.key, place.valid_to?))).collect();
    let alone = successions.iter().filter(|succession| {
        let Succession { from, to, split, .. } = succession;
        let follows = last.get(from).and_then(|last| last.tomorrow().ok()) == Some(to.valid_from);
        from.code == to.code && !split && came_from.get(to) == Some(&1) && follows
    });
    alone.map(|of| (&of.to, &of.from)).collect()
}

/// The first day of the authority of a place.
fn began(place: &PlaceKey, takeovers: &BTreeMap<&PlaceKey, &PlaceKey>) -> Date {
    let mut first = place;
    // Each lies before the one that took over: it ended the day before.
    while let Some(before) = takeovers.get(first) {
        first = before;
    }
    first.valid_from
}

#[cfg(test)]
mod tests;

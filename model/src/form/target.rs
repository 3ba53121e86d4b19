//! What a plan wants to be reached, and of which reported numbers it is made.

use rust_decimal::Decimal;

use super::{Form, FormIndicator, PeriodKind};
use crate::{
    place::{Date, PlaceKind},
    text::Text,
};

/// A target of a plan: `numerator / denominator * 100`, or the numerator alone, of all places of its tiers together.
///
/// It is held against its value in every year from the first one on: what was to be reached by 2020 is to be kept after.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Identifier, as the plan or its list has it: `A07`.
    pub id: String,
    /// What is to be reached.
    pub name: Text,
    /// The first and the last day of the plan's time: the target is due on the last.
    pub valid: (Date, Date),
    /// The tiers whose places are counted; some at least.
    pub tiers: Vec<PlaceKind>,
    /// The form that says it.
    pub form: String,
    /// Indicators of it that are added up; some at least.
    pub numerator: Vec<String>,
    /// What that is divided by, likewise; none where the numerator itself is the value.
    pub denominator: Vec<String>,
    /// What of a year counts.
    pub over: Over,
    /// On which side of the target the value is to be.
    pub sense: Sense,
    /// What is to be reached, in per cent where there is a denominator; none where the plan gives no number.
    pub value: Option<Decimal>,
    /// The decision behind it.
    pub basis: String,
}

impl Target {
    /// Whether what it wants reached is what an indicator of its form says over all places, period by period: the same parts
    /// of all tiers. A total of a year is not what a month of it says.
    #[must_use]
    pub fn is_said_by(&self, form: &Form, indicator: &FormIndicator) -> bool {
        let is_alone = |of: &[String], id: &str| matches!(of, [one] if one == id);
        let is_of = match &indicator.ratio {
            Some((numerator, denominator)) => {
                indicator.percent
                    && is_alone(&self.numerator, numerator)
                    && is_alone(&self.denominator, denominator)
            }
            None => {
                let is_of_a_year = matches!(form.period, PeriodKind::Year | PeriodKind::AdminYear);
                is_alone(&self.numerator, &indicator.id)
                    && self.denominator.is_empty()
                    && (self.over == Over::Latest || is_of_a_year)
            }
        };
        self.form == form.id && is_of && form.places.kinds.iter().all(|kind| self.tiers.contains(kind))
    }
}

/// What of a year a target's value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The last period of it that anything is known of: of what there is, such as computers.
    Latest,
    /// All of its periods together: of what happens, such as documents sent.
    Year,
}

impl Over {
    /// Both.
    pub const ALL: [Over; 2] = [Over::Latest, Over::Year];

    /// The word used in packs and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Over::Latest => "latest",
            Over::Year => "year",
        }
    }
}

/// On which side of its target a value is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// The more the better.
    AtLeast,
    /// The less the better.
    AtMost,
}

impl Sense {
    /// Both.
    pub const ALL: [Sense; 2] = [Sense::AtLeast, Sense::AtMost];

    /// The word used in packs and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Sense::AtLeast => "at_least",
            Sense::AtMost => "at_most",
        }
    }
}

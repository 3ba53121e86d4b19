//! Small numbers of persons, and what would give them away.
//!
//! Whoever reads that a commune of 4,000 people had two cases of a disease may know which two. So small numbers are kept back
//! where people look; nought is none and stays. A small number that alone is missing from a sum that stands there is known
//! all the same, so more of its parts are kept back, until what is kept back of each sum could be divided in many ways:
//! there are at least two, and each of them might be as large as the first number that is shown. Where there are no more
//! parts, the sum itself is kept back; and of a sum that is kept back not every part is shown.
//!
//! Which part goes with a small one must say nothing of it. Were it the smallest of the others, it would be known to lie
//! between the bound and the smallest that is shown, and often which it is: of 4, 5, 5 and 20, of which 4 and one 5 are kept
//! back, 9 less at most 5 is 4. So the next is chosen by what it is of ([`SmallNumber::turn`]) and never by how much, and is
//! the same in each period: else what is shown of it in one would say the other.
//!
//! Numbers are tied by more than totals: pupils less girls are boys, whom nobody reports, and a rate times a population is
//! cases. [`Form::ties`] reads such ties from what the form declares: its checks and ratios.
//!
//! Each tie is held against what is kept back by itself. Several ties over the same numbers, each with few of them, may still
//! say more together than alone.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{CountedRows, Form, Relation, Term};

/// A number that may be kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallNumber {
    /// It; above nought.
    pub number: Decimal,
    /// Smaller ones are kept back; 0 of what is not of persons.
    pub below: u32,
    /// Whether it stands anywhere. What only the difference of others says does not.
    pub stands: bool,
    /// When it goes with a small one, the least first: made of what it is of, and not of the number.
    pub turn: u64,
}

/// What says one of some numbers where the others are known. Numbers are named by their place among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tied {
    /// The parts are the whole. Those that are not there are nought.
    Sum {
        /// The whole.
        whole: usize,
        /// Its parts.
        parts: Vec<usize>,
    },
    /// One is made of others in another way, such as a rate.
    Made {
        /// It.
        made: usize,
        /// Of these.
        of: Vec<usize>,
    },
}

/// How a form ties its indicators of one place, period and part to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The parts are the whole.
    Sum(String, Vec<String>),
    /// The parts are at most the whole: what is left over is a number like any other, and nobody reports it.
    AtMost(String, Vec<String>),
    /// One is made of others.
    Made(String, Vec<String>),
}

impl Form {
    /// Whether it has numbers of persons of which small ones are kept back.
    #[must_use]
    pub fn keeps_back(&self) -> bool {
        self.indicators.values().any(|indicator| indicator.suppress_below.is_some())
    }

    /// How its indicators are tied: by its checks, and its ratios to what they are made of. What is only near (`within`) ties
    /// all the same.
    #[must_use]
    pub fn ties(&self) -> Vec<Tie> {
        let mut ties = Vec::new();
        for check in &self.checks {
            // Both of them, the larger behind the smaller.
            let (small, large) = match check.relation {
                Relation::AtLeast => (&check.right, &check.left),
                Relation::Equal | Relation::AtMost => (&check.left, &check.right),
            };
            match (check.relation, linear(small, large)) {
                (Relation::Equal, Some(Linear { whole, parts, .. })) => ties.push(Tie::Sum(whole, parts)),
                (Relation::Equal, None) => ties.extend(made(small, large)),
                // That one is at most the sum of others ties nothing.
                (_, Some(Linear { whole, parts, is_larger: true })) => ties.push(Tie::AtMost(whole, parts)),
                _ => {}
            }
        }
        // Rows of which some days lie near each other are some of all rows.
        let counted = |is: fn(&CountedRows) -> bool| {
            let all = self.indicators.values();
            all.filter(move |indicator| indicator.counts.as_ref().is_some_and(is)).map(|one| one.id.clone())
        };
        for all in counted(|counts| counts.within.is_none()) {
            let some = counted(|counts| counts.within.is_some());
            ties.extend(some.map(|some| Tie::AtMost(all.clone(), vec![some])));
        }
        for indicator in self.indicators.values() {
            if let Some((numerator, denominator)) = &indicator.ratio {
                ties.push(Tie::Made(indicator.id.clone(), vec![numerator.clone(), denominator.clone()]));
            }
        }
        ties
    }

    /// The indicators of which something may be kept back: numbers of persons, and all that is tied to them.
    #[must_use]
    pub fn tied_indicators(&self) -> BTreeSet<String> {
        let of_persons = self.indicators.values().filter(|indicator| indicator.suppress_below.is_some());
        let mut tied: BTreeSet<String> = of_persons.map(|indicator| indicator.id.clone()).collect();
        let ties = self.ties();
        loop {
            let before = tied.len();
            for tie in &ties {
                let (Tie::Sum(one, others) | Tie::AtMost(one, others) | Tie::Made(one, others)) = tie;
                let all = || others.iter().chain([one]);
                if all().any(|id| tied.contains(id)) {
                    tied.extend(all().cloned());
                }
            }
            if tied.len() == before {
                return tied;
            }
        }
    }
}

/// One indicator beside the sum of others.
#[derive(Debug, PartialEq)]
struct Linear {
    whole: String,
    parts: Vec<String>,
    /// Whether it stands on the larger side.
    is_larger: bool,
}

/// Whole and parts, where two sides say that one indicator is, or is at most, the sum of others.
fn linear(small: &Term, large: &Term) -> Option<Linear> {
    let mut all = BTreeMap::new();
    gather(small, 1, &mut all)?;
    gather(large, -1, &mut all)?;
    all.retain(|_, times| *times != 0);
    let of = |sign: i32| all.iter().filter(move |(_, times)| **times == sign).map(|(id, _)| id.clone());
    let (plus, minus): (Vec<String>, Vec<String>) = (of(1).collect(), of(-1).collect());
    if plus.len() + minus.len() != all.len() {
        return None;
    }
    match (plus.as_slice(), minus.as_slice()) {
        (parts, [whole]) if !parts.is_empty() => {
            Some(Linear { whole: whole.clone(), parts: parts.to_vec(), is_larger: true })
        }
        ([whole], parts) if !parts.is_empty() => {
            Some(Linear { whole: whole.clone(), parts: parts.to_vec(), is_larger: false })
        }
        _ => None,
    }
}

/// What is made of others: the indicator that stands alone, or the first.
fn made(left: &Term, right: &Term) -> Option<Tie> {
    let mut named = BTreeSet::new();
    for side in [left, right] {
        side.each_indicator(&mut |id| {
            let _ = named.insert(id.to_owned());
        });
    }
    let alone = [left, right].into_iter().find_map(|side| match side {
        Term::Indicator(id) => Some(id.clone()),
        _ => None,
    });
    let made = alone.or_else(|| named.first().cloned())?;
    let _ = named.remove(&made);
    (!named.is_empty()).then(|| Tie::Made(made, named.into_iter().collect()))
}

/// How often each indicator is added; none where it is multiplied, or numbers are added.
fn gather(term: &Term, sign: i32, all: &mut BTreeMap<String, i32>) -> Option<()> {
    match term {
        Term::Indicator(id) => *all.entry(id.clone()).or_default() += sign,
        Term::Sum(a, b) => {
            gather(a, sign, all)?;
            gather(b, sign, all)?;
        }
        Term::Difference(a, b) => {
            gather(a, sign, all)?;
            gather(b, -sign, all)?;
        }
        Term::Number(_) | Term::Product(..) | Term::Quotient(..) => return None,
    }
    Some(())
}

/// Below a small bound there are so few numbers that a sum of them has to leave more open.
const LEFT_OPEN: u32 = 5;

/// Whether a sum says a small number: its own, or what is kept back of it, given all that is.
#[must_use]
pub fn gives_away(kept_back: &[Decimal], below: u32) -> bool {
    let (count, all) = (Decimal::from(kept_back.len()), kept_back.iter().copied().sum::<Decimal>());
    let bound = Decimal::from(below);
    // Each is 1 at least: what is above that could be anybody's.
    let open = if below > 0 { bound.max(Decimal::from(LEFT_OPEN)) } else { bound };
    let is_little = all - count < open - Decimal::ONE;
    // Each is below the bound: two of 4 are eight, and nothing else is.
    let is_much =
        kept_back.iter().all(|number| *number < bound) && count * (bound - Decimal::ONE) - all < Decimal::TWO;
    !kept_back.is_empty() && (kept_back.len() < 2 || is_little || is_much)
}

/// Which numbers are kept back.
#[must_use]
pub fn suppressed(numbers: &[SmallNumber], ties: &[Tied]) -> Vec<bool> {
    let mut hidden: Vec<bool> = numbers.iter().map(|of| of.number < Decimal::from(of.below)).collect();
    let mut again = true;
    while again {
        again = false;
        for tied in ties {
            again |= match tied {
                Tied::Sum { whole, parts } => of_sum(numbers, *whole, parts, &mut hidden),
                Tied::Made { made, of } => of_made(*made, of, &mut hidden),
            };
        }
    }
    hidden
}

/// Keeps back what is needed of a sum, and says whether that was anything.
fn of_sum(numbers: &[SmallNumber], whole: usize, parts: &[usize], hidden: &mut [bool]) -> bool {
    let below = parts.iter().chain([&whole]).map(|at| numbers[*at].below).max().unwrap_or_default();
    let mut changed = false;
    loop {
        let kept: Vec<Decimal> =
            parts.iter().filter(|at| hidden[**at]).map(|at| numbers[*at].number).collect();
        let is_told = match hidden[whole] {
            // All of its parts say it, where there are no more.
            true => {
                let all: Decimal = parts.iter().map(|at| numbers[*at].number).sum();
                kept.is_empty() && all == numbers[whole].number
            }
            false => gives_away(&kept, below),
        };
        if !is_told {
            return changed;
        }
        // What stands nowhere costs nobody anything.
        let open = parts.iter().filter(|at| !hidden[**at]);
        let next = open.min_by_key(|at| (numbers[**at].stands, numbers[**at].turn, **at));
        hidden[next.copied().unwrap_or(whole)] = true;
        changed = true;
    }
}

/// The same of what is made in another way: it is kept back with any of what it is made of, and not alone.
fn of_made(made: usize, of: &[usize], hidden: &mut [bool]) -> bool {
    let any = of.iter().any(|at| hidden[*at]);
    let next = match (hidden[made], any) {
        (false, true) => made,
        (true, false) if !of.is_empty() => of[0],
        _ => return false,
    };
    hidden[next] = true;
    true
}

#[cfg(test)]
mod tests;

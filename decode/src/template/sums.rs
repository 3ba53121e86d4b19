//! Cells that a spreadsheet works out: what the form says is the sum or the ratio of others.
//!
//! A formula says nothing until all it needs is there. A part that is withheld or not collected leaves the whole open,
//! and so does one that is not filled in yet: a sum of what happens to be there would be a number that nobody meant. The
//! cell may be typed over, for a total that is known where its parts are not; the judge holds it against them anyway.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::form::{Check, Form, FormIndicator, Mark, Meaning, Relation, Term};
use rust_decimal::Decimal;

/// Decimals that a cell of a report can hold.
const DECIMALS: u8 = 9;

/// How indicators follow from others, none of them in a circle.
#[derive(Clone, Debug, Default)]
pub(super) struct Definitions {
    /// By indicator: what it is, and how many decimals of it are meant.
    of: BTreeMap<String, (Term, u8)>,
}

impl Definitions {
    /// Those of a form: its ratios, and its checks that say what one indicator equals. The first of several counts.
    pub(super) fn of_form(form: &Form) -> Definitions {
        let mut definitions = Definitions::default();
        for indicator in form.indicators.values() {
            if let Some(term) = ratio(indicator) {
                definitions.add(&indicator.id, term, indicator.decimals);
            }
        }
        for (id, term) in form.checks.iter().filter_map(defined_by) {
            definitions.add(id, term.clone(), DECIMALS);
        }
        definitions
    }

    fn add(&mut self, id: &str, term: Term, decimals: u8) {
        if self.of.contains_key(id) || self.needs(&term).contains(id) {
            return;
        }
        let _ = self.of.insert(id.to_owned(), (term, decimals));
    }

    /// Every indicator that a term needs, also by way of others.
    fn needs(&self, term: &Term) -> BTreeSet<String> {
        let mut needed = BTreeSet::new();
        let mut left: Vec<String> = indicators_of(term).into_iter().map(str::to_owned).collect();
        while let Some(id) = left.pop() {
            if needed.insert(id.clone())
                && let Some((term, _)) = self.of.get(&id)
            {
                left.extend(indicators_of(term).into_iter().map(str::to_owned));
            }
        }
        needed
    }

    /// The formula of an indicator, given where others of its row or block stand (`D8`); none where it does not follow
    /// from others, or one of them has no cell.
    pub(super) fn formula(
        &self,
        id: &str,
        form: &Form,
        at: &impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let (term, decimals) = self.of.get(id)?;
        let sum = written(term, at)?;
        let nothing = signs_of_nothing(form);
        let is_there = |id: &str| {
            let cell = at(id)?;
            let signs = nothing.iter().map(|sign| format!(",{cell}={}", quoted(sign)));
            Some(format!("OR(ISNUMBER({cell}){})", signs.collect::<String>()))
        };
        let all_there: Option<Vec<String>> = indicators_of(term).into_iter().map(is_there).collect();
        Some(format!("=IFERROR(IF(AND({}),ROUND({sum},{decimals}),\"\"),\"\")", all_there?.join(",")))
    }
}

/// A text in a formula.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The signs that count as 0.
fn signs_of_nothing(form: &Form) -> Vec<&str> {
    let is_nothing = |meaning: &Meaning| *meaning == Meaning::Instead(Mark::None);
    form.marks.iter().filter(|(_, meaning)| is_nothing(meaning)).map(|(sign, _)| sign.as_str()).collect()
}

fn ratio(indicator: &FormIndicator) -> Option<Term> {
    let (numerator, denominator) = indicator.ratio.as_ref()?;
    let of = |id: &str| Box::new(Term::Indicator(id.to_owned()));
    let share = Term::Quotient(of(numerator), of(denominator));
    Some(match indicator.percent {
        true => Term::Product(Box::new(share), Box::new(Term::Number(Decimal::ONE_HUNDRED))),
        false => share,
    })
}

/// The indicator that a check says the value of, and what it equals.
fn defined_by(check: &Check) -> Option<(&str, &Term)> {
    if check.relation != Relation::Equal {
        return None;
    }
    match (&check.left, &check.right) {
        (Term::Indicator(id), term) | (term, Term::Indicator(id)) if !indicators_of(term).is_empty() => {
            Some((id, term))
        }
        _ => None,
    }
}

fn indicators_of(term: &Term) -> Vec<&str> {
    let mut all = Vec::new();
    term.each_indicator(&mut |id| {
        if !all.contains(&id) {
            all.push(id);
        }
    });
    all
}

/// `N` makes 0 of a sign.
fn written(term: &Term, at: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let both =
        |a: &Term, sign: char, b: &Term| Some(format!("({}{sign}{})", written(a, at)?, written(b, at)?));
    match term {
        Term::Number(number) => Some(number.to_string()),
        Term::Indicator(id) => Some(format!("N({})", at(id)?)),
        Term::Sum(a, b) => both(a, '+', b),
        Term::Difference(a, b) => both(a, '-', b),
        Term::Product(a, b) => both(a, '*', b),
        Term::Quotient(a, b) => both(a, '/', b),
    }
}

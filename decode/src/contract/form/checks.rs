//! What must hold among the cells of one place, period and part: the checks of the form, ranges, and per cent.
//!
//! 0.82 that is shown as 82 % is 82, and 0.82 that is not is 0.82: no range finds the other eighty. The row does: a ratio
//! has its numerator and denominator beside it, and where it has not, its neighbours.

use ioc_model::{
    form::{Check, Relation, Rule, Term, Weight},
    text::Text,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashSet;

use super::{
    draft::{Reading, Written},
    findings::{Found, RIGHT, RIGHT_POINTED, said},
    number::written,
};
use crate::contract::legible;

const HUNDRED: Decimal = Decimal::ONE_HUNDRED;
/// A share that was meant as per cent lies so near to what its parts say, in points.
const NEAR: Decimal = Decimal::ONE;
/// Characters of the cells that a check is of.
const NAMED_MAX: usize = 400;
/// Neighbours that say what is usual in a column.
const NEIGHBOURS: usize = 3;

impl Reading<'_> {
    /// Judges per cent, ranges and checks, in this order: what is wrong with a cell alone is not told once more of its row.
    pub(super) fn check(&mut self) {
        for indicator in 0..self.form.indicators.len() {
            if self.form.indicators[indicator].of.percent {
                self.percent(u32::try_from(indicator).unwrap_or(u32::MAX));
            }
        }
        for cell in 0..u32::try_from(self.cells.len()).unwrap_or(u32::MAX) {
            self.range(cell);
        }
        let form = self.form;
        let unfilled: FxHashSet<(u32, u32)> =
            self.unfilled.iter().map(|one| (one.about, one.indicator)).collect();
        for check in &form.form.checks {
            for about in 0..u32::try_from(self.about.len()).unwrap_or(u32::MAX) {
                self.holds(check, about, &unfilled);
            }
        }
    }

    /// What an indicator must be by the others of its row: its own ratio, or a check that says it.
    fn by_its_row(&self, about: u32, indicator: u32) -> Option<(Decimal, String)> {
        let rules = &self.form.indicators[indicator as usize];
        let decimal = self.form.form.decimal;
        if let Some((part, whole)) = rules.ratio {
            let part = self.counts(about, u32::try_from(part).ok()?);
            let whole = self.counts(about, u32::try_from(whole).ok()?);
            if let (Some(part), Some(whole)) = (part, whole) {
                let ratio = part.checked_div(whole)?.checked_mul(HUNDRED)?;
                return Some((ratio, format!("{} / {}", written(part, decimal), written(whole, decimal))));
            }
        }
        let says = |check: &&Check| {
            check.relation == Relation::Equal && check.left == Term::Indicator(rules.of.id.clone())
        };
        let check = self.form.form.checks.iter().find(says)?;
        let value = check.right.value(&|id| self.counts(about, self.form.place_of(id)?))?;
        Some((value, check.text.clone()))
    }

    /// Per cent: as a number, as a text with its sign, as a share with a format.
    fn percent(&mut self, indicator: u32) {
        let of: Vec<u32> = (0..)
            .zip(&self.cells)
            .filter(|(_, cell)| cell.indicator == indicator)
            .map(|(at, _)| at)
            .collect();
        let usual = self.usual(&of);
        if self.are_shares(&of) {
            return;
        }
        for at in of {
            let cell = &self.cells[at as usize];
            let (about, form) = (cell.about, cell.written);
            let Some(value) = cell.value.number.filter(|_| !cell.is_bad) else { continue };
            let most = self.form.indicators[indicator as usize].of.most;
            let near = |one: Decimal, other: Decimal| (one - other).abs() <= NEAR;
            match (self.by_its_row(about, indicator), form) {
                (Some((right, _)), _) if near(value, right) => {}
                (Some((right, by)), _) if near(value * HUNDRED, right) || near(value / HUNDRED, right) => {
                    self.percent_is(at, value, right.round_dp(2).normalize(), &by);
                }
                (None, Written::Plain) if value > Decimal::ZERO && value <= Decimal::ONE => {
                    self.percent_is_doubtful(at, value, usual);
                }
                (None, Written::Format)
                    if most.is_some_and(|most| value > most && value / HUNDRED <= most) =>
                {
                    self.percent_is(at, value, (value / HUNDRED).normalize(), "");
                }
                _ => {}
            }
        }
    }

    /// A column in which all that is typed plainly lies between 0 and 1 is one of shares, or one of very small per cents:
    /// nobody can know, and by its neighbours each looks right. Whether it is one, which is told in one sentence.
    fn are_shares(&mut self, of: &[u32]) -> bool {
        let plain: Vec<(u32, Decimal)> = of
            .iter()
            .filter_map(|at| {
                let cell = &self.cells[*at as usize];
                let value = cell.value.number.filter(|_| !cell.is_bad && cell.written == Written::Plain)?;
                Some((*at, value))
            })
            .collect();
        let is_share = |value: Decimal| value > Decimal::ZERO && value <= Decimal::ONE;
        let is_known = |(at, _): &(u32, Decimal)| {
            let cell = &self.cells[*at as usize];
            self.by_its_row(cell.about, cell.indicator).is_some()
        };
        let shares = plain.iter().filter(|(_, value)| is_share(*value)).count();
        let are_all = plain.iter().all(|(_, value)| value.is_zero() || is_share(*value));
        let is_number = |at: &&u32| {
            let cell = &self.cells[**at as usize];
            !cell.is_bad && cell.value.number.is_some()
        };
        let are_plain = plain.len() == of.iter().filter(is_number).count();
        if shares < 2 || !are_all || !are_plain || plain.iter().any(is_known) {
            return false;
        }
        let decimal = self.form.form.decimal;
        for (at, value) in plain.into_iter().filter(|(_, value)| is_share(*value)) {
            let found = Found {
                weight: Weight::Error,
                rule: Rule::Percent,
                spot: self.cells[at as usize].spot,
                stands: written(value, decimal),
                message: said(
                    format!(
                        "Mọi số của cột nằm từ 0 đến 1: không rõ là phần trăm hay tỷ lệ (0{decimal}82 là 0{decimal}82 % hay 82 %). \
                         Hãy gõ kèm dấu %: '0{decimal}82%' hoặc '82%'."
                    ),
                    "All numbers of the column lie between 0 and 1: whether they are per cent or shares cannot be known \
                     (0.82 is 0.82 % or 82 %). Type the sign with them: '0.82%' or '82%'."
                        .to_owned(),
                ),
                right: String::new(),
            };
            self.is_wrong(at, found);
        }
        true
    }

    /// What most of a column are, the middle of them; none where there are too few to say.
    fn usual(&self, of: &[u32]) -> Option<Decimal> {
        let number = |at: &u32| self.cells[*at as usize].value.number;
        let mut values: Vec<Decimal> = of.iter().filter_map(number).collect();
        values.sort_unstable();
        (values.len() > NEIGHBOURS).then(|| values[values.len() / 2])
    }

    fn percent_is(&mut self, cell: u32, value: Decimal, right: Decimal, by: &str) {
        let decimal = self.form.form.decimal;
        let (spot, stands) = (self.cells[cell as usize].spot, written(value, decimal));
        let (pointed, right_pointed) = (written(value, '.'), written(right, '.'));
        let right = written(right, decimal);
        let (vi, en) = match by.is_empty() {
            true => (String::new(), String::new()),
            false => (
                format!(" Theo chính hàng này ({by}) là {right}."),
                format!(" By its own row ({}) it is {right_pointed}.", by.replace(',', ".")),
            ),
        };
        let found = Found {
            weight: Weight::Error,
            rule: Rule::Percent,
            spot,
            stands: format!("{stands} %"),
            message: said(
                format!(
                    "Phần trăm đọc được là {stands} %.{vi} Hãy gõ {RIGHT} vào ô không định dạng %, hoặc gõ '{RIGHT}%'."
                ),
                format!(
                    "It reads as {pointed} %.{en} Type {RIGHT_POINTED} into a cell without a format of per cent, or \
                     '{RIGHT_POINTED}%'."
                ),
            ),
            right,
        };
        self.is_wrong(cell, found);
    }

    /// A number up to 1 may be a share. With neighbours that are not it is not taken; without any it is, and told.
    fn percent_is_doubtful(&mut self, cell: u32, value: Decimal, usual: Option<Decimal>) {
        let decimal = self.form.form.decimal;
        let (spot, stands) = (self.cells[cell as usize].spot, written(value, decimal));
        let share = written(value * HUNDRED, decimal);
        let (pointed, share_pointed) = (written(value, '.'), written(value * HUNDRED, '.'));
        let is_far = usual.is_some_and(|usual| usual > value * Decimal::TEN);
        let (beside_vi, beside_en) = match usual.filter(|_| is_far) {
            Some(usual) => (
                format!(", các ô khác của cột gần {}", written(usual, decimal)),
                format!(", the others of the column are near {}", written(usual, '.')),
            ),
            None => Default::default(),
        };
        let found = Found {
            weight: if is_far { Weight::Error } else { Weight::Warning },
            rule: Rule::Percent,
            spot,
            stands: stands.clone(),
            message: said(
                format!(
                    "Không rõ {stands} là {stands} % hay {share} %{beside_vi}. Hãy gõ '{stands}%' hoặc '{share}%'."
                ),
                format!(
                    "Whether {pointed} is {pointed} % or {share_pointed} % cannot be known{beside_en}. Type '{pointed}%' or \
                     '{share_pointed}%'."
                ),
            ),
            right: String::new(),
        };
        self.is_wrong(cell, found);
    }

    fn range(&mut self, at: u32) {
        let cell = &self.cells[at as usize];
        let indicator = &self.form.indicators[cell.indicator as usize].of;
        let Some(value) = cell.value.number.filter(|_| !cell.is_bad) else { return };
        let is_within = indicator.least.is_none_or(|least| value >= least)
            && indicator.most.is_none_or(|most| value <= most);
        if is_within {
            return;
        }
        let decimal = self.form.form.decimal;
        let (least, most) = (indicator.least, indicator.most);
        let bounds = |decimal: char, words: [&str; 3]| match (least, most) {
            (Some(least), Some(most)) => {
                format!("{} {} {} {}", words[0], written(least, decimal), words[2], written(most, decimal))
            }
            (Some(least), None) => format!("{} {}", words[0], written(least, decimal)),
            (None, Some(most)) => format!("{} {}", words[1], written(most, decimal)),
            (None, None) => String::new(),
        };
        let (vi, en) =
            (bounds(decimal, ["từ", "đến", "đến"]), bounds('.', ["at least", "at most", "and at most"]));
        let found = Found {
            weight: Weight::Error,
            rule: Rule::Range,
            spot: cell.spot,
            stands: written(value, decimal),
            message: said(
                format!("'{}' phải {vi} ({}).", indicator.name.vi, indicator.unit),
                format!("'{}' must be {en} ({}).", indicator.name.en, indicator.unit),
            ),
            right: String::new(),
        };
        self.is_wrong(at, found);
    }

    fn holds(&mut self, check: &Check, about: u32, unfilled: &FxHashSet<(u32, u32)>) {
        // A part of a sum that is not filled in adds nothing to it, and the sum must hold all the same.
        let is_sum = check.relation == Relation::Equal && is_sum(&check.left) && is_sum(&check.right);
        let known = |id: &str| {
            let indicator = self.form.place_of(id)?;
            match self.counts(about, indicator) {
                None if is_sum && unfilled.contains(&(about, indicator)) => Some(Decimal::ZERO),
                other => other,
            }
        };
        if is_sum && !(self.has_any(&check.left, about) && self.has_any(&check.right, about)) {
            return;
        }
        if check.holds(&known) != Some(false) {
            return;
        }
        let (Some(left), Some(right)) = (check.left.value(&known), check.right.value(&known)) else { return };
        let decimal = self.form.form.decimal;
        let mut cells: Vec<u32> = Vec::new();
        let mut parts: Vec<(Text, String)> = Vec::new();
        let mut told = |id: &str| {
            let Some(indicator) = self.form.place_of(id) else { return };
            let Some(cell) = self.by_key.get(&(about, indicator)) else { return };
            let spot = self.cells[*cell as usize].spot;
            cells.push(*cell);
            parts.push((self.form.indicators[indicator as usize].of.name.clone(), self.called(spot)));
        };
        check.left.each_indicator(&mut told);
        check.right.each_indicator(&mut told);
        parts.dedup();
        let Some(&first) = cells.first() else { return };
        let (vi, en) = match &check.says {
            Some(says) => (format!(" {}", says.vi), format!(" {}", says.en)),
            None => Default::default(),
        };
        let cell = &self.cells[first as usize];
        let (is_vi, is_en) = match check.relation {
            Relation::Equal => ("khác", "is not"),
            Relation::AtMost => ("lớn hơn", "is more than"),
            Relation::AtLeast => ("nhỏ hơn", "is less than"),
        };
        let named = |language: fn(&Text) -> &str| {
            let parts: Vec<String> =
                parts.iter().map(|(name, at)| format!("'{}' ({at})", language(name))).collect();
            legible(&parts.join(", "), NAMED_MAX)
        };
        let number = |number: Decimal, decimal: char| written(number.round_dp(4), decimal);
        let found = Found {
            weight: check.weight,
            rule: Rule::Check,
            spot: cell.spot,
            stands: super::draft::shown(cell.value, decimal),
            message: said(
                format!(
                    "Không đúng '{}': {} {is_vi} {}. Hãy kiểm tra {}.{vi}",
                    check.text,
                    number(left, decimal),
                    number(right, decimal),
                    named(|name| &name.vi),
                ),
                format!(
                    "'{}' does not hold: {} {is_en} {}. Check {}.{en}",
                    check.text,
                    number(left, '.'),
                    number(right, '.'),
                    named(|name| &name.en),
                ),
            ),
            right: String::new(),
        };
        // What a sum says is wrong, not each of its parts.
        let wrong = if matches!(check.left, Term::Indicator(_)) { 1 } else { cells.len() };
        for cell in cells.iter().take(wrong).filter(|_| check.weight == Weight::Error) {
            self.cells[*cell as usize].is_bad = true;
        }
        self.findings.add(found);
    }

    /// Whether something is known of one of a term's indicators.
    fn has_any(&self, term: &Term, about: u32) -> bool {
        let mut any = false;
        term.each_indicator(&mut |id| {
            any |= self.form.place_of(id).is_some_and(|indicator| self.counts(about, indicator).is_some());
        });
        any
    }
}

/// Whether a term adds and subtracts alone.
fn is_sum(term: &Term) -> bool {
    match term {
        Term::Number(_) | Term::Indicator(_) => true,
        Term::Sum(one, other) | Term::Difference(one, other) => is_sum(one) && is_sum(other),
        Term::Product(..) | Term::Quotient(..) => false,
    }
}

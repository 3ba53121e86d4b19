//! Whose report it is.
//!
//! The agency that its sender is bound to; else the one the message says; else that of its feed. Rows that an agency's
//! database was asked for are that agency's, also if all of them are about one place. A sender that is bound
//! reports for nobody else, and an agency of a place reports of that place alone: a department of the province of all of it,
//! a commune of itself; each also of what it took over, in the time before that.

use std::collections::BTreeSet;

use ioc_model::{
    form::{Period, Rule, Weight},
    name::Name,
    pattern,
};

use super::{
    Message,
    draft::Reading,
    findings::{Spot, said},
    rules::{Forms, OwnerRules},
    sheets::SheetsRead,
};
use crate::contract::quoted;

impl Reading<'_> {
    /// The agency that reports; none where nobody can say, which is told.
    pub(super) fn agency(&mut self, message: &Message<'_>, read: &SheetsRead) -> Option<Name> {
        let said_place = read.place.or_else(|| self.one_place()).filter(|_| message.asked.is_none());
        let told = read.agency.or_else(|| said_place.map(|place| self.forms.places.unit(place).code));
        let agency = match message.bound_to.map(|patterns| (patterns, only(patterns))) {
            Some((_, Some(_))) => message.bound,
            Some((patterns, None)) => told.filter(|told| pattern::allows(patterns, told)),
            None => {
                let owner = self.form.indicators.first().map(|indicator| indicator.owner);
                let of_form = match owner {
                    Some(OwnerRules::Agency(agency)) => Some(agency),
                    _ => None,
                };
                told.or(message.agency).or(of_form)
            }
        };
        let Some(agency) = agency else {
            self.nobody(message, told);
            return None;
        };
        if let Some(other) = read.agency.filter(|other| *other != agency) {
            self.not_theirs(Spot::Whole, agency, &other);
            return Some(agency);
        }
        let area = self.area_of(agency);
        let mut outside: BTreeSet<u32> = BTreeSet::new();
        for (number, about) in (0u32..).zip(&self.about) {
            if !self.forms.places.is_reported_by(about.place, &area, about.period.end) {
                let _ = outside.insert(number);
            }
        }
        let mut spots: Vec<(u32, Spot)> = Vec::new();
        let cells = self.cells.iter().map(|cell| (cell.about, cell.spot));
        for (about, spot) in cells.chain(self.unfilled.iter().map(|one| (one.about, one.spot))) {
            if outside.remove(&about) {
                spots.push((about, spot));
            }
        }
        let theirs: BTreeSet<u32> = spots.iter().map(|(about, _)| *about).collect();
        for cell in self.cells.iter_mut().filter(|cell| theirs.contains(&cell.about)) {
            cell.is_bad = true;
        }
        for (about, spot) in spots {
            let place = self.forms.places.unit(self.about[about as usize].place).code;
            self.not_theirs(spot, agency, &place);
        }
        Some(agency)
    }

    /// The code of the place that an agency is of.
    pub(super) fn area_of(&self, agency: Name) -> String {
        let listed = self.forms.agencies.get(agency.as_str());
        listed.map_or(agency, |(_, place)| *place).as_str().to_owned()
    }

    /// The only place of all rows.
    fn one_place(&self) -> Option<u32> {
        let mut places = self.about.iter().map(|about| about.place);
        let first = places.next()?;
        places.all(|place| place == first).then_some(first)
    }

    /// The only period of all rows.
    pub(super) fn one_period(&self) -> Option<Period> {
        let mut periods = self.cells.iter().map(|cell| self.about[cell.about as usize].period);
        let first = periods.next().filter(|_| !self.is_refused)?;
        periods.all(|period| period == first).then_some(first)
    }

    fn nobody(&mut self, message: &Message<'_>, told: Option<Name>) {
        self.is_refused = true;
        let bound = quoted(message.bound_to.unwrap_or_default());
        let (vi, en) = match (message.bound_to, told) {
            (None, _) => (
                "Không rõ đơn vị nào báo cáo. Hãy ghi 'Đơn vị: …' trên bảng, kèm mã, ví dụ 'Đơn vị: xã Tân Biên (25486)'."
                    .to_owned(),
                "Who reports is not known. Write 'Đơn vị: …' above the table with the code, such as 'Đơn vị: xã Tân Biên \
                 (25486)'."
                    .to_owned(),
            ),
            (Some(_), Some(told)) => (
                format!("Tài khoản này chỉ được báo cáo cho '{bound}', không phải cho {told}."),
                format!("This account may report for '{bound}' alone, not for {told}."),
            ),
            (Some(_), None) => (
                format!("Tài khoản này được báo cáo cho '{bound}', và tệp không ghi là đơn vị nào trong số đó."),
                format!("This account may report for '{bound}', and the file does not say which of them it is of."),
            ),
        };
        self.findings.at(Weight::Error, Rule::NotTheirs, Spot::Whole, "", said(vi, en));
    }

    fn not_theirs(&mut self, spot: Spot, agency: Name, place: &str) {
        self.findings.at(
            Weight::Error,
            Rule::NotTheirs,
            spot,
            place,
            said(
                format!("Đơn vị gửi ({agency}) không được báo cáo cho địa bàn hay đơn vị này."),
                format!("Who sends this ({agency}) may not report for this place or agency."),
            ),
        );
        self.is_refused |= spot == Spot::Whole;
    }
}

impl Forms {
    /// The agency that a sender is bound to, if it is bound to one.
    pub(crate) fn bound(&self, patterns: &str) -> Option<Name> {
        let id = only(patterns)?;
        let listed = self.agencies.get(id).map(|(name, _)| *name);
        listed.or_else(|| self.places.versions(id).next().map(|unit| unit.code))
    }
}

/// The one agency that patterns allow, if it is one.
fn only(patterns: &str) -> Option<&str> {
    let mut patterns = patterns.split(' ').filter(|pattern| !pattern.is_empty());
    let first = patterns.next()?;
    (patterns.next().is_none() && !first.contains('*')).then_some(first)
}

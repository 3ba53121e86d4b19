//! What a message of cells says, judged by its form.
//!
//! It goes the way of a table from where a table's cells are known: places by their validity, ranges, checks, whose report it
//! is. It is about what it names: under none of the standards does anything disappear that a message leaves out, whatever
//! the form says of cells that a table lacks.

use ioc_model::{
    form::{Absent, Finding, Form, Period, Rule, Vintage, Weight},
    name::Name,
    time::EventTime,
};
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Judged, Message,
    draft::{About, Added, Draft, Reading, Unfilled, Written},
    findings::{Found, Spot, said},
    finished,
    rules::{FormRules, Forms, OwnerRules},
    sheets::SheetsRead,
    values::{SaidValue, converted},
};
use crate::said::{Said, SaidCell, Wrong};

/// Judges a message of cells, which is read by the forms that come by its feed.
pub(crate) fn judge_cells<'f>(
    forms: &'f Forms,
    message: &Message<'_>,
    read: impl FnOnce(&[&'f Form]) -> Result<(&'f Form, Said), Wrong>,
) -> Judged {
    let known: Vec<&FormRules> = message.known(forms);
    let of: Vec<&Form> = known.iter().map(|rules| &rules.form).collect();
    let (form, said) = match read(&of) {
        Ok(read) => read,
        Err(wrong) => return Judged::unread(known.first().copied(), message, vec![wrong.finding(&"")]),
    };
    let Some(rules) = known.iter().copied().find(|rules| rules.form.id == form.id) else {
        return Judged::unread(known.first().copied(), message, Vec::new());
    };
    let mut reading = Reading::new(forms, rules, Vec::with_capacity(said.cells.len()));
    reading.absent = Absent::Keeps;
    reading.cells_said(said, message);
    reading.check();
    let read = SheetsRead { agency: reporter(rules, message), ..SheetsRead::default() };
    let agency = reading.agency(message, &read);
    finished(reading, &read, agency, message.asked)
}

/// Who reports where no sender is bound: whom the feed is of, or the one whose form it is. The place that a statistic is about
/// has not written it.
fn reporter(rules: &FormRules, message: &Message<'_>) -> Option<Name> {
    let of_form = || match rules.indicators.first()?.owner {
        OwnerRules::Agency(agency) => Some(agency),
        OwnerRules::Place => None,
    };
    message.bound_to.is_none().then(|| message.agency.or_else(of_form)).flatten()
}

impl Reading<'_> {
    fn cells_said(&mut self, said: Said, message: &Message<'_>) {
        self.is_refused |= said.is_refused;
        self.rejected += said.rejected;
        for finding in said.findings {
            self.found_on_the_way(finding);
        }
        self.findings.further(said.further);
        let form = self.form;
        let indicators: FxHashMap<Name, u32> =
            (0..).zip(&form.indicators).map(|(at, one)| (one.id, at)).collect();
        // What is forecast lies ahead, whatever the form is of.
        let mut periods: FxHashSet<(Period, bool)> = FxHashSet::default();
        let mut added = Added::default();
        let updated: FxHashMap<u32, EventTime> = said.updated.into_iter().collect();
        for (number, cell) in (0u32..).zip(said.cells) {
            if periods.insert((cell.period, cell.vintage == Vintage::Estimate)) {
                self.is_timely(message, cell.period, cell.vintage);
            }
            // A form's own mapping names its indicators.
            if let Some(indicator) = indicators.get(&cell.indicator) {
                self.cell_said(cell, *indicator, updated.get(&number).copied(), &mut added);
            }
        }
        for (spot, cell) in added.again {
            let before = self.called(self.cells[cell as usize].spot);
            self.findings.at(Weight::Note, Rule::Twice, spot, "", said_again(&before));
        }
    }

    /// Where something stands in a message that is no table.
    fn part(&mut self, at: Box<str>) -> Spot {
        let number = u32::try_from(self.sheets.len()).unwrap_or(u32::MAX);
        self.sheets.push(at.into());
        Spot::Part(number)
    }

    fn found_on_the_way(&mut self, finding: Finding) {
        let Finding { weight, rule, at, stands, message } = finding;
        let spot = if at.is_empty() { Spot::Whole } else { self.part(at) };
        self.findings.add(Found { weight, rule, spot, stands: stands.into(), message, right: String::new() });
    }

    fn cell_said(&mut self, cell: SaidCell, indicator: u32, updated: Option<EventTime>, added: &mut Added) {
        let SaidCell { at, members, place, period, vintage, value, as_sent, .. } = cell;
        let spot = self.part(at);
        let place = match self.place_of_code(&place, period) {
            Ok(place) => place,
            Err((vi, en)) => {
                self.rejected += 1;
                self.findings.at(Weight::Error, Rule::UnknownPlace, spot, &place, said(vi, en));
                return;
            }
        };
        let about = self.number(About { place, period, members });
        if let Some(updated) = updated {
            let _ = self.updated.insert((about, indicator), updated);
        }
        let Some(value) = value else {
            self.unfilled.push(Unfilled { about, indicator, spot });
            return;
        };
        let said_value = SaidValue { value, as_sent: as_sent.into(), ..SaidValue::default() };
        match converted(said_value, Decimal::ONE, &self.form.indicators[indicator as usize]) {
            Ok(SaidValue { value, as_sent, .. }) => {
                let draft = Draft {
                    about,
                    indicator,
                    spot,
                    value,
                    vintage,
                    as_sent: as_sent.into(),
                    note: Box::default(),
                    written: Written::Sign,
                    is_bad: false,
                    rows: None,
                };
                self.put(draft, added);
            }
            Err((rule, message)) => {
                self.rejected += 1;
                self.unread.push((about, indicator));
                let stands = value.number.map(|number| number.to_string()).unwrap_or_default();
                let right = self.example(&self.form.indicators[indicator as usize]);
                self.findings.add(Found { weight: Weight::Error, rule, spot, stands, message, right });
            }
        }
    }
}

fn said_again(before: &str) -> ioc_model::text::Text {
    said(
        format!("Ghi lại đúng số đã ghi ở {before}; chỉ tính một lần."),
        format!("It says what {before} says; it counts once."),
    )
}

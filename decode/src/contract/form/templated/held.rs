//! Rows that add up others, and rows that are a part of another: held against them, and never data.

use ioc_model::form::{Rule, Weight};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{
    super::{
        draft::Reading,
        findings::{Spot, said},
        number::written,
    },
    rows::Laid,
    rules::RowRead,
};

/// What the rows of a sheet add up to.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// By section, dimension, member and column.
    parts: FxHashMap<(u32, usize, u32, u32), Decimal>,
    held: Vec<Held>,
}

/// A row that is held against others.
#[derive(Debug)]
struct Held {
    row: u32,
    label: u32,
    section: u32,
    reads: RowRead,
    numbers: Vec<(u32, Decimal)>,
}

impl Sums {
    /// What a part says in a column.
    pub(super) fn add(&mut self, key: (u32, usize, u32, u32), number: Decimal) {
        let _ = self.parts.entry(key).or_insert(number);
    }

    /// A row that is held against parts, with its numbers by column.
    pub(super) fn hold(
        &mut self,
        row: u32,
        label: u32,
        section: u32,
        reads: &RowRead,
        numbers: Vec<(u32, Decimal)>,
    ) {
        self.held.push(Held { row, label, section, reads: reads.clone(), numbers });
    }

    /// The sum of the parts in a column; none where one of those that are named is not there, or none is.
    fn sum(&self, section: u32, dimension: usize, parts: &[u32], column: u32) -> Option<Decimal> {
        if parts.is_empty() {
            let of = |key: &&(u32, usize, u32, u32)| (key.0, key.1, key.3) == (section, dimension, column);
            let mut found =
                self.parts.iter().filter(|(key, _)| of(key)).map(|(_, number)| *number).peekable();
            let _ = found.peek()?;
            return found.try_fold(Decimal::ZERO, Decimal::checked_add);
        }
        let each = parts.iter().map(|part| self.parts.get(&(section, dimension, *part, column)).copied());
        each.into_iter().try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part?))
    }
}

impl Reading<'_> {
    /// Tells which totals are not the sums of their parts, and which parts are more than what they are of.
    pub(super) fn hold_sums(&mut self, laid: &Laid<'_>, sums: &Sums) {
        let decimal = self.form.form.decimal;
        for held in &sums.held {
            let mut is_held = false;
            for (column, number) in &held.numbers {
                let (sum, within, is_part) = match &held.reads {
                    RowRead::Total { dimension, parts, within } => {
                        (sums.sum(held.section, *dimension, parts, *column), *within, false)
                    }
                    RowRead::PartOf(dimension, member) => {
                        (sums.sum(held.section, *dimension, &[*member], *column), Decimal::ZERO, true)
                    }
                    _ => continue,
                };
                let Some(sum) = sum else { continue };
                is_held = true;
                let difference = *number - sum;
                let agrees = if is_part { difference <= within } else { difference.abs() <= within };
                if agrees {
                    continue;
                }
                let spot = Spot::Cell(laid.number, held.row, *column);
                let (vi, en) = (written(sum.normalize(), decimal), written(sum.normalize(), '.'));
                let message = match is_part {
                    true => said(
                        format!("Phần 'trong đó' lớn hơn số mà nó là một phần ({vi})."),
                        format!("The part is more than what it is a part of ({en})."),
                    ),
                    false => said(
                        format!("Dòng tổng không bằng tổng các dòng ({vi})."),
                        format!("The total is not the sum of its rows ({en})."),
                    ),
                };
                let stands = written(number.normalize(), decimal);
                self.findings.at(Weight::Warning, Rule::Total, spot, &stands, message);
            }
            if !is_held {
                self.findings.at(
                    Weight::Note,
                    Rule::Total,
                    Spot::Cell(laid.number, held.row, held.label),
                    "",
                    said(
                        "Dòng tổng không đối chiếu được: các dòng thành phần không có trong trang. Dòng này không phải là số liệu.",
                        "The total could not be held against its parts, which the sheet does not have. The row is no data.",
                    ),
                );
            }
        }
    }
}

//! Rows that add up others are held against them.
//!
//! A total stands above its parts, between or below them, and which rows it adds up is nowhere written: the province first,
//! groups, the sum of a page, the sum of all. So it agrees if it is the sum of the parts next to it, up to where some other
//! total stands, or of all of them. One that agrees only without the rows that are not shown follows the filter that was
//! left on.

use ioc_model::form::{Rule, Weight};
use rust_decimal::Decimal;

use super::{
    draft::Reading,
    findings::{Spot, said},
    keys::Laid,
    number::written,
    rows::{Line, LineValue},
    rules::ColumnRole,
};

/// Other totals are looked beyond so often, in each direction.
const BOUNDARIES_MAX: usize = 40;

/// A sum of parts: of all, and of those that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    all: Decimal,
    shown: Decimal,
    parts: u32,
    /// A row that is not shown, and counts.
    hidden: Option<u32>,
    /// One of its parts is not known.
    is_unknown: bool,
    /// The most decimals that one of them has.
    scale: u32,
}

impl Sum {
    fn add(&mut self, line: &Line, column: usize) {
        match line.values.get(column) {
            Some(LineValue::Known(value)) => {
                self.parts += 1;
                self.scale = self.scale.max(value.normalize().scale());
                self.all = self.all.saturating_add(*value);
                if line.is_hidden {
                    self.hidden = Some(line.number);
                } else {
                    self.shown = self.shown.saturating_add(*value);
                }
            }
            Some(LineValue::Unknown) => self.is_unknown = true,
            Some(LineValue::Blank) | None => {}
        }
    }
}

/// What a total may be the sum of, the likeliest first.
fn candidates(lines: &[Line], at: usize, column: usize, whole: Sum) -> Vec<Sum> {
    let stretch = |lines: &mut dyn Iterator<Item = &Line>| {
        let (mut sum, mut found) = (Sum::default(), Vec::new());
        for line in lines {
            if line.is_total {
                if sum.parts > 0 || sum.is_unknown {
                    found.push(sum);
                }
                if found.len() > BOUNDARIES_MAX {
                    return found;
                }
            } else {
                sum.add(line, column);
            }
        }
        found.push(sum);
        found
    };
    let is_total = |line: Option<&Line>| line.is_none_or(|line| line.is_total);
    let below = stretch(&mut lines[at + 1..].iter());
    let above = stretch(&mut lines[..at].iter().rev());
    let stands_above = !is_total(lines.get(at + 1));
    let stands_below = at > 0 && !is_total(lines.get(at - 1));
    // A total with parts on one side alone is of these; at either end of a table, or between others, it is of all or of
    // a stretch.
    match (stands_above, stands_below) {
        (true, false) => below.into_iter().chain([whole]).collect(),
        (false, true) if at + 1 < lines.len() => above.into_iter().chain([whole]).collect(),
        _ => std::iter::once(whole).chain(above).chain(below).collect(),
    }
}

impl Reading<'_> {
    /// Holds the totals of a sheet against its rows.
    pub(super) fn totals(&mut self, laid: &Laid<'_>, lines: &[Line]) {
        let columns: Vec<(usize, Option<usize>)> = self
            .form
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| match column.role {
                ColumnRole::Value(of) => laid.layout.columns[at].as_ref().map(|_| (at, of)),
                _ => None,
            })
            .collect();
        for (place, (column, of)) in columns.into_iter().enumerate() {
            // Rows of several indicators add up to nothing, and neither do ratios.
            let Some(indicator) = of.map(|of| &self.form.indicators[of].of).filter(|of| of.additive) else {
                continue;
            };
            let is_whole = indicator.whole;
            let mut whole = Sum::default();
            lines.iter().filter(|line| !line.is_total).for_each(|line| whole.add(line, place));
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.is_total) {
                if let Some(LineValue::Known(total)) = line.values.get(place) {
                    let spot = self.spot(laid, line.number, column);
                    let sums = candidates(lines, at, place, whole);
                    self.total_agrees(*total, &sums, is_whole, spot);
                }
            }
        }
    }

    fn total_agrees(&mut self, total: Decimal, sums: &[Sum], is_whole: bool, spot: Spot) {
        // Parts that were rounded each for itself differ from their sum by half a place each, and a total that has fewer
        // places than they by half of its own. Where no part has a place, nothing was rounded that anybody could see.
        let half = |scale: u32| Decimal::new(5, scale + 1);
        let tolerance = |sum: &Sum| match is_whole || sum.scale == 0 {
            true => Decimal::ZERO,
            false => {
                let of_total = if sum.scale > total.scale() { half(total.scale()) } else { Decimal::ZERO };
                half(sum.scale) * Decimal::from(sum.parts) + of_total
            }
        };
        let agrees = |sum: &Sum, with: Decimal| (total - with).abs() <= tolerance(sum);
        if sums.iter().any(|sum| agrees(sum, sum.all)) {
            return;
        }
        let decimal = self.form.form.decimal;
        let shown = sums.iter().find(|sum| sum.hidden.is_some() && agrees(sum, sum.shown));
        if let Some(sum) = shown {
            let (row, all) = (sum.hidden.unwrap_or_default(), sum.all);
            self.findings.at(
                Weight::Warning,
                Rule::Total,
                spot,
                &written(total, decimal),
                said(
                    format!("Dòng tổng chỉ cộng các hàng đang hiện; kể cả hàng ẩn (hàng {row}) là {}. Hãy bỏ bộ lọc.", written(all, decimal)),
                    format!("The total adds up the rows that are shown alone; with those that are hidden (row {row}) it is {}. Remove the filter.", written(all, '.')),
                ),
            );
            return;
        }
        // Where a part is not known its sum is not, and what is wrong with the part is told.
        let Some(likely) = sums.first().filter(|_| !sums.iter().any(|sum| sum.is_unknown)) else { return };
        // Some part is wrong, and nobody knows which.
        self.is_refused |= self.form.form.parts;
        let stands = written(total, decimal);
        self.findings.at(
            Weight::Error,
            Rule::Total,
            spot,
            &stands,
            said(
                format!(
                    "Các hàng cộng lại là {}, dòng tổng ghi {stands}. Hãy kiểm tra các hàng hoặc dòng tổng.",
                    written(likely.all, decimal)
                ),
                format!(
                    "The parts are {}, the total says {}. Check the rows or the total.",
                    written(likely.all, '.'),
                    written(total, '.')
                ),
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(spec: &[(bool, bool, i64)]) -> Vec<Line> {
        (1u32..)
            .zip(spec)
            .map(|(number, (is_total, is_hidden, value))| Line {
                number,
                is_total: *is_total,
                is_hidden: *is_hidden,
                values: vec![LineValue::Known(Decimal::from(*value))],
            })
            .collect()
    }

    fn likely(lines: &[Line], at: usize) -> (i64, i64) {
        let mut whole = Sum::default();
        lines.iter().filter(|line| !line.is_total).for_each(|line| whole.add(line, 0));
        let sum = candidates(lines, at, 0, whole)[0];
        let number = |decimal: Decimal| i64::try_from(decimal).unwrap();
        (number(sum.all), number(sum.shown))
    }

    #[test]
    fn a_total_is_of_the_rows_next_to_it_or_of_all() {
        // Province, group, three parts of which one is hidden, the page's sum, group, two parts, the sum of all.
        let table = lines(&[
            (true, false, 0),
            (true, false, 0),
            (false, false, 40),
            (false, false, 22),
            (false, true, 12),
            (true, false, 0),
            (true, false, 0),
            (false, false, 55),
            (false, false, 25),
            (true, false, 0),
        ]);
        assert_eq!(likely(&table, 0), (154, 142));
        assert_eq!(likely(&table, 1), (74, 62));
        assert_eq!(likely(&table, 5), (74, 62));
        assert_eq!(likely(&table, 6), (80, 80));
        assert_eq!(likely(&table, 9), (154, 142));
    }
}

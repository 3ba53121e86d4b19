//! Merged cells of a table: a place that stands once beside its rows is each row's, a number is nobody's.

use ioc_model::form::{Rule, Weight};
use rustc_hash::FxHashMap;

use super::{
    draft::Reading,
    findings::{Spot, said},
    keys::Laid,
    rows::is_blank,
    values::content,
};
use crate::grid::{GridCell, Sheet, letters};

/// Cells that merged ones below a header fill, at most.
const MERGED_MAX: usize = 100_000;

impl Reading<'_> {
    /// A number in a merged cell beside several rows, or below several headings, is of none of them that anybody could
    /// name: it is not taken.
    pub(super) fn merged_values(&mut self, sheet: &Sheet, laid: &Laid<'_>, keyed: &[u32]) {
        let columns: Vec<u32> = self
            .value_columns(laid)
            .into_iter()
            .filter_map(|(column, _)| laid.layout.columns[column].as_ref().map(|column| column.at))
            .collect();
        let within =
            |of: &[u32], first: u32, last: u32| of.iter().filter(|at| (first..=last).contains(at)).count();
        for ((top, left), (bottom, right)) in sheet.merged.iter().copied() {
            let rows = within(keyed, top, bottom);
            let cells = rows.max(1) * within(&columns, left, right);
            let Ok(at) = sheet.rows.binary_search_by_key(&top, |row| row.number) else { continue };
            let row = &sheet.rows[at];
            let says = row.cells.binary_search_by_key(&left, |(column, _)| *column);
            let says = says.ok().map(|at| &row.cells[at].1).filter(|cell| !is_blank(cell));
            let Some(cell) = says.filter(|_| rows > 0 && at >= laid.layout.body) else { continue };
            if cells < 2 || !columns.contains(&left) {
                continue;
            }
            let spot = Spot::Cell(laid.sheet, top, left);
            let area = format!("{}{top}:{}{bottom}", letters(left), letters(right));
            for draft in self.cells.iter_mut().filter(|draft| draft.spot == spot) {
                draft.is_bad = true;
            }
            self.findings.at(
                Weight::Error,
                Rule::Invalid,
                spot,
                content(cell),
                said(
                    format!("Ô gộp {area} ghi một số cho {cells} ô: hãy bỏ gộp ô và ghi số của từng ô."),
                    format!("The merged cell {area} has one number for {cells} cells: unmerge it and write the number of each."),
                ),
            );
        }
    }
}

/// Cells of the table that merged ones fill: a place that stands once beside its rows. Never of values.
pub(super) fn merged<'s>(sheet: &'s Sheet, laid: &Laid<'_>) -> FxHashMap<(u32, u32), &'s GridCell> {
    let mut filled = FxHashMap::default();
    let place = |number: u32| sheet.rows.binary_search_by_key(&number, |row| row.number);
    for ((top, left), (bottom, right)) in &sheet.merged {
        if top == bottom || left != right {
            continue;
        }
        let Ok(first) = place(*top) else { continue };
        let row = &sheet.rows[first];
        let Ok(at) = row.cells.binary_search_by_key(left, |(column, _)| *column) else { continue };
        if first < laid.layout.body {
            continue;
        }
        for below in sheet.rows[first + 1..].iter().take_while(|below| below.number <= *bottom) {
            if filled.len() >= MERGED_MAX {
                return filled;
            }
            let _ = filled.insert((below.number, *left), &row.cells[at].1);
        }
    }
    filled
}

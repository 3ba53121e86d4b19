//! Who owes what as a table.

use std::{cmp::Reverse, collections::BTreeMap};

use ioc_model::{
    form::{BY_URGENCY, ObligationKey, Period},
    results::{Obligation, ObligationState},
};

use super::{MatrixCell, MatrixColumn, MatrixRow, Names};
use crate::{concern::priority_of_an_obligation, reports::PeriodView};

/// Agencies by columns, who misses the most first. Where several obligations are of one cell the most urgent one stands for them.
pub(crate) fn matrix(
    names: Names<'_>,
    obligations: &[Obligation],
    by_period: bool,
) -> (Vec<MatrixColumn>, Vec<MatrixRow>) {
    let column = |of: &Obligation| (of.form.to_string(), by_period.then_some(of.period));
    let owed = || obligations.iter().filter(|of| of.state != ObligationState::NotOwed);
    let mut columns: Vec<(String, Option<Period>)> = owed().map(column).collect();
    columns.sort_by(|(form, period), (other, of_other)| {
        of_other.map(|period| period.start).cmp(&period.map(|period| period.start)).then(form.cmp(other))
    });
    columns.dedup();
    let rank = |state: ObligationState| BY_URGENCY.iter().position(|known| *known == state);
    let mut rows: BTreeMap<&str, Vec<Option<MatrixCell>>> = BTreeMap::new();
    for of in owed() {
        let Some(at) = columns.iter().position(|known| *known == column(of)) else { continue };
        let row = rows.entry(of.agency.as_str()).or_insert_with(|| vec![None; columns.len()]);
        let cell = MatrixCell {
            id: ObligationKey::from(of).to_string(),
            state: of.state,
            priority: priority_of_an_obligation(of.state),
            due_at: of.due_at,
            late_seconds: of.late_seconds(),
            revisions: of.revisions,
            rejected: of.rejected,
            count: 1,
        };
        let Some(place) = row.get_mut(at) else { continue };
        let count = place.as_ref().map_or(1, |known| known.count + 1);
        let is_known_first = place
            .as_ref()
            .is_some_and(|known| (rank(known.state), known.due_at) <= (rank(cell.state), cell.due_at));
        match place {
            Some(known) if is_known_first => known.count = count,
            _ => *place = Some(MatrixCell { count, ..cell }),
        }
    }
    let count = |row: &MatrixRow, state: ObligationState| {
        row.cells.iter().flatten().filter(|cell| cell.state == state).count()
    };
    let mut rows: Vec<MatrixRow> =
        rows.into_iter().map(|(agency, cells)| MatrixRow { agency: names.agency(agency), cells }).collect();
    rows.sort_by_key(|row| {
        let many = |state| Reverse(count(row, state));
        let states = [ObligationState::Missing, ObligationState::Rejected, ObligationState::Late];
        (states.map(many), row.agency.agency.clone())
    });
    let columns = columns.into_iter().map(|(form, period)| MatrixColumn {
        form_name: names.form(&form),
        form,
        period: period.map(PeriodView::from),
    });
    (columns.collect(), rows)
}

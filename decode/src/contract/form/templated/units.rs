//! In which unit a number of a sheet of others is, and of which indicator it is by that.
//!
//! The unit stands wherever somebody put it: over the column, behind the label, in a column of its own where a ditto mark
//! repeats the one above, in the row of a group, in a note below the table, in a corner above it. What is closest counts. A
//! scale that changed from one month to the next is a factor; a unit that nobody knows is an error, and never a guess.

use ioc_model::form::{HeadValues, Rule, Weight};
use rust_decimal::Decimal;

use super::{
    super::{
        draft::Reading,
        findings::{Spot, said},
        header::text,
    },
    folded::folded,
    rows::{Above, Laid},
    rules::HeadRead,
};
use crate::grid::GridRow;

/// What says that the unit is the one above: a ditto mark.
const DITTO: [&str; 5] = ["\"", "''", "-nt-", "nt", "“"];

/// The units that a row says.
pub(super) struct RowUnits<'r> {
    /// It is in no others, where these are known.
    pub(super) only: &'r [String],
    pub(super) row: Option<String>,
    pub(super) label: Option<String>,
    pub(super) note: Vec<String>,
}

impl Reading<'_> {
    /// The indicator and factor of a cell, if its unit is known to one.
    pub(super) fn unit_of(
        &self,
        laid: &Laid<'_>,
        at: u32,
        (indicators, values): (&[usize], &HeadValues),
        units: &RowUnits<'_>,
        above: &Above,
    ) -> Result<(usize, Decimal), String> {
        let column = laid.table.columns.iter().find(|column| column.at == at);
        let known =
            |unit: &str| indicators.iter().find_map(|one| Some((*one, laid.templates.factor(*one, unit)?)));
        if let Some(unit) = &values.unit {
            return known(unit).ok_or_else(|| unit.clone());
        }
        let heads = column.map_or(&[][..], |column| &column.units[..]);
        if let Some(found) = heads.iter().rev().find_map(|unit| known(unit)) {
            return Ok(found);
        }
        // What is said closest counts.
        let said = [
            units.label.as_deref(),
            units.row.as_deref(),
            above.column_units.get(&at).map(String::as_str),
            above.section_unit.as_deref(),
        ];
        let stray = laid.table.units.iter().map(String::as_str);
        let said: Vec<&str> =
            units.note.iter().map(String::as_str).chain(said.into_iter().flatten()).chain(stray).collect();
        let is_of_others = |unit: &String| known(unit).is_some();
        let found = match units.only.iter().any(is_of_others) {
            true => {
                said.iter().filter(|unit| units.only.contains(&folded(unit))).find_map(|unit| known(unit))
            }
            false => said.iter().find_map(|unit| known(unit)),
        };
        let of_template = laid.rules.unit.as_deref().filter(|_| said.is_empty());
        let found = found.or_else(|| of_template.and_then(known));
        found.ok_or_else(|| said.join("; "))
    }

    /// Tells of a unit that is none of the indicator's, and of one whose scale is another.
    pub(super) fn known_unit(
        &mut self,
        laid: &Laid<'_>,
        of: Result<(usize, Decimal), String>,
        indicators: &[usize],
        spot: Spot,
    ) -> Option<(usize, Decimal)> {
        match of {
            Ok((indicator, factor)) => {
                if factor != Decimal::ONE {
                    let unit = &self.form.indicators[indicator].of.unit;
                    let message = said(
                        format!("Số ở đơn vị khác, được đổi sang {unit} (nhân với {factor})."),
                        format!(
                            "The number is in another unit and was converted to {unit} (times {factor})."
                        ),
                    );
                    self.findings.at(Weight::Note, Rule::Unit, spot, "", message);
                }
                Some((indicator, factor))
            }
            Err(unit) => {
                self.rejected += 1;
                let known: Vec<String> =
                    indicators.iter().map(|one| self.form.indicators[*one].unit_names()).collect();
                let known = crate::contract::legible(&known.join(", "), 200);
                let said = match unit.is_empty() {
                    true => said(
                        format!(
                            "Mẫu đọc '{}': không nơi nào ghi đơn vị tính của số này (các đơn vị: {known}).",
                            laid.rules.id
                        ),
                        format!(
                            "Template '{}': nothing says the unit of this number (there are: {known}).",
                            laid.rules.id
                        ),
                    ),
                    false => said(
                        format!(
                            "Mẫu đọc '{}' không có đơn vị tính này (các đơn vị: {known}).",
                            laid.rules.id
                        ),
                        format!("Template '{}' has no such unit (there are: {known}).", laid.rules.id),
                    ),
                };
                self.findings.at(Weight::Error, Rule::Unit, spot, &unit, said);
                None
            }
        }
    }
}

/// What the column of units says of a row.
pub(super) fn row_unit(laid: &Laid<'_>, row: &GridRow, above: &mut Above) -> Option<String> {
    let mut columns = laid.table.columns.iter().zip(&laid.reads);
    let (column, _) = columns.find(|(_, read)| matches!(read, Some(HeadRead::Unit)))?;
    let at = row.cells.binary_search_by_key(&column.at, |(at, _)| *at).ok()?;
    let written = text(&row.cells[at].1).trim();
    if written.is_empty() {
        return None;
    }
    if !DITTO.contains(&folded(written).as_str()) && !DITTO.contains(&written) {
        above.unit = written.to_owned();
    }
    Some(above.unit.clone())
}

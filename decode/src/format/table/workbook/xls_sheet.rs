//! A worksheet of an XLS workbook: its rows and cells.

use std::collections::{HashMap, HashSet};

use ioc_model::form::Finding;

use super::{
    biff::{CutOff, Fields, Records, Version, kind},
    budget::Budget,
    face::RichText,
    order::{called, impossible, in_order},
    serial,
    styles::Look,
    tokens::sheets_named,
    told::Told,
    xls::{XlsShared, old_link},
};
use crate::grid::{Content, Formula, GridCell, GridRow, Sheet};

const ROW_HIDDEN: u16 = 0x20;
const COLUMN_HIDDEN: u16 = 1;

/// A sheet that is being read.
pub(super) struct XlsSheetRead<'s> {
    shared: &'s mut XlsShared,
    budget: &'s mut Budget,
    told: &'s mut Told,
    sheet: Sheet,
    /// Where in the sheet each row is.
    rows: HashMap<u32, usize>,
    hidden: HashSet<u32>,
    /// The formula whose result, a text, follows.
    awaited: Option<(Place, Formula)>,
    /// Of BIFF5, which says it for each sheet anew.
    linked: Vec<Option<String>>,
}

/// Where a cell is, and how it looks.
#[derive(Clone, Copy)]
struct Place {
    row: u32,
    column: u32,
    look: Look,
}

impl<'s> XlsSheetRead<'s> {
    /// A sheet of which nothing was read.
    pub(super) fn new(
        sheet: Sheet,
        shared: &'s mut XlsShared,
        budget: &'s mut Budget,
        told: &'s mut Told,
    ) -> XlsSheetRead<'s> {
        let (rows, hidden, linked) = (HashMap::new(), HashSet::new(), Vec::new());
        XlsSheetRead { shared, budget, told, sheet, rows, hidden, awaited: None, linked }
    }

    /// Reads it; also how many bytes it has.
    ///
    /// # Errors
    /// If the stream is damaged, a cell says something that cannot be, or there is more than a workbook may have.
    pub(super) fn read(mut self, mut records: Records<'_>) -> Result<(Sheet, usize), Finding> {
        let start = records.at();
        let (kind::BEGIN, _) = records.next()? else { return Err(CutOff.into()) };
        // A chart within a sheet is a list of records of its own.
        let mut within = 0u32;
        loop {
            let (kind, fields) = records.next()?;
            match kind {
                kind::BEGIN => within += 1,
                kind::EOF if within == 0 => break,
                kind::EOF => within -= 1,
                _ if within > 0 => {}
                _ => self.record(kind, fields, &mut records)?,
            }
        }
        self.without_result()?;
        for row in &mut self.sheet.rows {
            row.hidden = self.hidden.contains(&row.number);
        }
        in_order(&mut self.sheet)?;
        Ok((self.sheet, records.at() - start))
    }

    fn record<'a>(
        &mut self,
        kind: u16,
        mut fields: Fields<'a>,
        records: &mut Records<'a>,
    ) -> Result<(), Finding> {
        match kind {
            kind::ROW => {
                let row = u32::from(fields.u16()?) + 1;
                let _ = fields.bytes(4)?;
                let height = fields.u16()?;
                let _ = fields.bytes(4)?;
                if fields.u16()? & ROW_HIDDEN != 0 || height == 0 {
                    let _ = self.hidden.insert(row);
                }
            }
            kind::COLUMN => {
                let (first, last, width) = (fields.u16()?, fields.u16()?, fields.u16()?);
                let _ = fields.u16()?;
                if first <= last && (fields.u16()? & COLUMN_HIDDEN != 0 || width == 0) {
                    self.budget.merged()?;
                    self.sheet.hidden_columns.push((first.into(), last.into()));
                }
            }
            kind::MERGED => {
                for _ in 0..fields.u16()? {
                    let [first_row, last_row] = [fields.u16()?, fields.u16()?].map(|row| u32::from(row) + 1);
                    let [first, last] = [fields.u16()?, fields.u16()?].map(u32::from);
                    if first_row > last_row || first > last {
                        return Err(CutOff.into());
                    }
                    self.budget.merged()?;
                    self.sheet.merged.push(((first_row, first), (last_row, last)));
                }
            }
            kind::NUMBER => {
                let place = self.place(&mut fields)?;
                self.number(place, fields.f64()?, None)?;
            }
            kind::RK => {
                let place = self.place(&mut fields)?;
                self.number(place, rk(fields.u32()?), None)?;
            }
            kind::MULTIPLE_RK => {
                let (row, first) = (fields.u16()?, fields.u16()?);
                // Behind them stands the last column.
                for column in 0..fields.rest().len().saturating_sub(2) / 6 {
                    let look = fields.u16()?;
                    let column = u32::from(first) + column as u32;
                    let place = self.at(row.into(), column, look)?;
                    self.number(place, rk(fields.u32()?), None)?;
                }
            }
            kind::SHARED_LABEL => {
                let place = self.place(&mut fields)?;
                let number = fields.u32()? as usize;
                let Some(text) = self.shared.strings.get(number).cloned() else {
                    let at = called(place.row, place.column);
                    let (vi, en) = ("chữ của ô không có trong tệp", "has a text that the file does not have");
                    return Err(impossible(&self.sheet, &at, vi, en));
                };
                self.text(place, &text, None)?;
            }
            kind::LABEL | kind::RICH_LABEL => {
                let place = self.place(&mut fields)?;
                let is_rich = kind == kind::RICH_LABEL;
                let text = self.shared.texts.whole(&mut fields, records, is_rich, place.look.face)?;
                self.text(place, &text, None)?;
            }
            kind::TRUTH_OR_ERROR => {
                let place = self.place(&mut fields)?;
                let (value, is_error) = (fields.u8()?, fields.u8()? != 0);
                self.push(place, truth_or_error(value, is_error), None)?;
            }
            kind::FORMULA => self.formula(fields)?,
            kind::TEXT_RESULT => {
                if let Some((place, formula)) = self.awaited.take() {
                    let text = self.shared.texts.whole(&mut fields, records, false, place.look.face)?;
                    self.text(place, &text, Some(formula))?;
                }
            }
            kind::EXTERN_SHEET if self.shared.texts.version == Version::Biff5 => {
                self.budget.merged()?;
                self.linked.push(old_link(&mut self.shared.texts, fields)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn place(&self, fields: &mut Fields<'_>) -> Result<Place, Finding> {
        self.at(fields.u16()?.into(), fields.u16()?.into(), fields.u16()?)
    }

    /// Row and column from 0, and the number of a look.
    fn at(&self, row: u32, column: u32, look: u16) -> Result<Place, Finding> {
        let row = row + 1;
        let look = self.shared.styles.look(look.into()).ok_or_else(|| {
            let (vi, en) = ("kiểu trình bày không có trong tệp", "has a look that the file does not have");
            impossible(&self.sheet, &called(row, column), vi, en)
        })?;
        Ok(Place { row, column, look })
    }

    fn formula(&mut self, mut fields: Fields<'_>) -> Result<(), Finding> {
        let place = self.place(&mut fields)?;
        let mut result = Fields::of(fields.bytes(8)?);
        let number = result.f64()?;
        let _ = fields.bytes(6)?;
        let length = usize::from(fields.u16()?);
        let tokens = fields.rest();
        let formula =
            Formula { text: String::new(), from_file: self.file_named(&tokens[..length.min(tokens.len())]) };
        let bytes = number.to_le_bytes();
        if bytes[6..] != [0xff, 0xff] {
            return self.number(place, number, Some(formula));
        }
        match bytes[0] {
            0 => {
                self.without_result()?;
                self.awaited = Some((place, formula));
                Ok(())
            }
            1 => self.push(place, truth_or_error(bytes[2], false), Some(formula)),
            2 => self.push(place, truth_or_error(bytes[2], true), Some(formula)),
            // Excel's for an empty text, and that of programs which cannot calculate.
            _ => self.push(place, Content::Text(String::new()), Some(formula)),
        }
    }

    /// The formula whose result was to follow has none.
    fn without_result(&mut self) -> Result<(), Finding> {
        match self.awaited.take() {
            Some((place, formula)) => self.push(place, Content::Blank, Some(formula)),
            None => Ok(()),
        }
    }

    fn file_named(&self, tokens: &[u8]) -> Option<String> {
        let version = self.shared.texts.version;
        sheets_named(tokens, version).into_iter().find_map(|sheet| match version {
            Version::Biff8 => self.shared.linked.get(usize::from(sheet))?.clone(),
            // Counted from 1; those of this workbook are negative.
            Version::Biff5 => {
                let place = usize::from(sheet).checked_sub(1)?;
                let linked = if self.linked.is_empty() { &self.shared.linked } else { &self.linked };
                linked.get(place)?.clone()
            }
        })
    }

    fn number(&mut self, place: Place, number: f64, formula: Option<Formula>) -> Result<(), Finding> {
        if !number.is_finite() {
            return Err(CutOff.into());
        }
        let (content, format) =
            self.shared.styles.number(place.look, serial::of_double(number), number, self.shared.epoch);
        self.push_cell(
            place,
            GridCell { content, format, formula, indent: place.look.indent, bold: place.look.bold },
        )
    }

    fn text(&mut self, place: Place, text: &RichText, formula: Option<Formula>) -> Result<(), Finding> {
        let (shown, unread) = text.in_cell(place.look.face);
        if unread {
            self.told.font(&self.sheet, place.row, place.column);
        }
        if shown.is_empty() && formula.is_none() {
            return Ok(());
        }
        self.push(place, Content::Text(shown), formula)
    }

    fn push(&mut self, place: Place, content: Content, formula: Option<Formula>) -> Result<(), Finding> {
        let format = self.shared.styles.format(place.look).of_others();
        self.push_cell(
            place,
            GridCell { content, format, formula, indent: place.look.indent, bold: place.look.bold },
        )
    }

    fn push_cell(&mut self, place: Place, cell: GridCell) -> Result<(), Finding> {
        let text = match &cell.content {
            Content::Number(text) | Content::Text(text) | Content::Error(text) => text.len(),
            Content::Blank | Content::Date(_) | Content::Truth(_) => 0,
        };
        let file =
            cell.formula.as_ref().and_then(|formula| formula.from_file.as_ref()).map_or(0, String::len);
        self.budget.cell()?;
        self.budget.text(text + file)?;
        let sheet = &mut self.sheet;
        let row = *self.rows.entry(place.row).or_insert_with(|| {
            sheet.rows.push(GridRow { number: place.row, ..GridRow::default() });
            sheet.rows.len() - 1
        });
        sheet.rows[row].cells.push((place.column, cell));
        Ok(())
    }
}

/// A number in 30 bits: whole or the upper half of a double, perhaps a hundred times as much.
fn rk(bits: u32) -> f64 {
    let number = match bits & 2 {
        0 => f64::from_bits(u64::from(bits & !3) << 32),
        _ => f64::from(bits.cast_signed() >> 2),
    };
    if bits & 1 == 0 { number } else { number / 100.0 }
}

fn truth_or_error(value: u8, is_error: bool) -> Content {
    if !is_error {
        return Content::Truth(value != 0);
    }
    let error = match value {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    };
    Content::Error(error.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_30_bits_are_numbers() {
        assert_eq!(rk(0x3ff0_0000), 1.0);
        assert_eq!(rk(0x3ff0_0001), 0.01);
        assert_eq!(rk((12_345 << 2) | 2), 12_345.0);
        assert_eq!(rk((12_345 << 2) | 3), 123.45);
        assert_eq!(rk((-7i32 << 2).cast_unsigned() | 2), -7.0);
    }
}

//! The rows of a sheet: which are data, which add up others, which are a part of the row above, and which are none.

use ioc_model::form::{Rule, Weight};
use rust_decimal::Decimal;

use super::{
    draft::{About, Added, Draft, Reading, Unfilled},
    findings::{Spot, said},
    header::{self, COLUMNS_MAX},
    keys::{Laid, RowCells, RowKey, Telling},
    merged::merged,
    number::stored,
    rules::ColumnRole,
    values::{CellValue, SaidValue, content},
};
use crate::{
    contract::quoted,
    grid::{Content, GridCell, GridRow, Sheet},
};

/// What says that the unit is the one above: a ditto mark.
const DITTO: [&str; 4] = ["\"", "''", "-nt-", "nt"];

/// A row that counts for sums.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) is_hidden: bool,
    pub(super) is_total: bool,
    /// By the form's columns of values: what it adds, if that is known.
    pub(super) values: Vec<LineValue>,
}

/// What a row says in a column of values, as far as sums go.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum LineValue {
    /// Nothing.
    #[default]
    Blank,
    /// A number.
    Known(Decimal),
    /// Something that no sum can count.
    Unknown,
}

/// What a sheet was read as.
#[derive(Debug, Default)]
pub(super) struct SheetRead {
    pub(super) lines: Vec<Line>,
    pub(super) added: Added,
    /// Rows that count and are not shown.
    pub(super) hidden: Vec<u32>,
}

impl Reading<'_> {
    /// Reads the rows of a sheet.
    pub(super) fn rows(&mut self, sheet: &Sheet, laid: &Laid<'_>) -> SheetRead {
        let merged = merged(sheet, laid);
        let mut read = SheetRead::default();
        let mut above: Option<About> = None;
        let mut keyed: Vec<u32> = Vec::new();
        let mut unit = String::new();
        let columns = self.form.columns.len();
        let mut cells: Vec<Option<&GridCell>> = vec![None; columns];
        for (at, row) in sheet.rows.iter().enumerate().skip(laid.layout.body) {
            for ((cell, column), rules) in cells.iter_mut().zip(&laid.layout.columns).zip(&self.form.columns)
            {
                *cell = column.as_ref().and_then(|column| {
                    let own = row.cells.binary_search_by_key(&column.at, |(at, _)| *at);
                    let own = own.ok().map(|at| &row.cells[at].1).filter(|cell| !is_blank(cell));
                    let is_value = matches!(rules.role, ColumnRole::Value(_));
                    let above = || merged.get(&(row.number, column.at)).copied().filter(|_| !is_value);
                    own.or_else(above)
                });
            }
            let row_cells = RowCells { number: row.number, cells: &cells };
            if at == laid.layout.body && self.is_numbering(row, row_cells) {
                continue;
            }
            let labels = row.cells.iter().filter(|(column, _)| !self.is_value_column(laid, *column));
            let texts = labels.filter_map(|(_, cell)| match &cell.content {
                Content::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let texts: Vec<&str> = texts.collect();
            let is_keyed = self.is_keyed(row_cells);
            let is_total = |text: &&str| self.form.is_total(text) && !self.is_member(text);
            if !is_keyed && texts.iter().any(is_total) {
                self.total(laid, row, row_cells, &mut read);
                continue;
            }
            let of_which = texts.iter().find_map(|text| self.form.of_which(text));
            if let Some(of_which) = of_which.filter(|_| !is_keyed) {
                self.of_which(laid, row, row_cells, (of_which, above.as_ref()), &mut read);
                continue;
            }
            if let Some(about) = self.data(laid, row, row_cells, &mut unit, &mut read) {
                above = Some(about);
                keyed.push(row.number);
            }
        }
        self.merged_values(sheet, laid, &keyed);
        read
    }

    fn is_value_column(&self, laid: &Laid<'_>, column: u32) -> bool {
        let mut columns = laid.layout.columns.iter().zip(&self.form.columns);
        columns.any(|(laid, rules)| {
            matches!(rules.role, ColumnRole::Value(_)) && laid.as_ref().is_some_and(|laid| laid.at == column)
        })
    }

    /// Whether a row below the header numbers the columns: "A, B, 1, 2".
    fn is_numbering(&self, row: &GridRow, cells: RowCells<'_>) -> bool {
        let mut numbers = Vec::new();
        for (_, cell) in &row.cells {
            let text = header::text(cell).trim().trim_matches(['(', ')']);
            let is_letter = matches!(text.as_bytes(), [b'A'..=b'Z' | b'a'..=b'z']);
            match text.parse::<u32>() {
                Ok(number) if number <= COLUMNS_MAX => numbers.push(number),
                _ if is_letter || text.is_empty() => {}
                _ => return false,
            }
        }
        let are_counted = numbers.len() >= 2
            && numbers.first().is_some_and(|first| *first == 1)
            && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let is_part = |(at, _): (usize, &super::rules::Members)| {
            cells.filled(at).is_some_and(|cell| self.is_member(content(cell)))
        };
        are_counted && !self.is_keyed(cells) && !self.form.dimensions().any(is_part)
    }

    /// Whether a row says by code what it is about, whatever its label begins with.
    fn is_keyed(&self, cells: RowCells<'_>) -> bool {
        let is_of = |(at, column): (usize, &super::rules::ColumnRules)| {
            let Some(cell) = cells.filled(at) else { return false };
            match &column.role {
                ColumnRole::Indicator => self.form.indicator(content(cell)).is_some(),
                ColumnRole::Place => self.forms.places.knows(content(cell).trim()),
                _ => false,
            }
        };
        self.form.columns.iter().enumerate().any(is_of)
    }

    /// Whether a text is a member of a list of the form.
    fn is_member(&self, text: &str) -> bool {
        self.form.dimensions().any(|(_, members)| members.member(text).is_some())
    }

    /// The columns of values that are there.
    pub(super) fn value_columns(&self, laid: &Laid<'_>) -> Vec<(usize, Option<usize>)> {
        let value = |(at, column): (usize, &super::rules::ColumnRules)| match column.role {
            ColumnRole::Value(indicator) => laid.layout.columns[at].as_ref().map(|_| (at, indicator)),
            _ => None,
        };
        self.form.columns.iter().enumerate().filter_map(value).collect()
    }

    /// A row that adds up others: it is held against them, and is no data.
    fn total(&mut self, laid: &Laid<'_>, row: &GridRow, cells: RowCells<'_>, read: &mut SheetRead) {
        let mut values = Vec::new();
        for (column, _) in self.value_columns(laid) {
            let spot = self.spot(laid, row.number, column);
            let cell = cells.filled(column);
            let value = match cell.map(|cell| (&cell.content, cell)) {
                None => LineValue::Blank,
                Some((Content::Number(number), _)) => {
                    stored(number).map_or(LineValue::Unknown, LineValue::Known)
                }
                Some((Content::Text(text), _)) => match self.form.marks.read(text) {
                    super::number::Read::Blank => LineValue::Blank,
                    super::number::Read::Number(number) => LineValue::Known(number.number),
                    _ => LineValue::Unknown,
                },
                Some((content @ (Content::Blank | Content::Error(_)), cell)) => {
                    let stood = if *content == Content::Blank { "" } else { super::values::content(cell) };
                    self.findings.at(
                        Weight::Warning,
                        Rule::Formula,
                        spot,
                        stood,
                        said(
                            "Công thức của dòng tổng không có kết quả, nên không đối chiếu được với các hàng. Hãy mở tệp bằng Excel, \
                             lưu lại rồi gửi.",
                            "The formula of the total has no result, so it cannot be held against the rows. Open the file in Excel, \
                             save it and send it again.",
                        ),
                    );
                    LineValue::Unknown
                }
                Some(_) => LineValue::Unknown,
            };
            values.push(value);
        }
        read.lines.push(Line { number: row.number, is_hidden: row.hidden, is_total: true, values });
    }

    /// A row that is a part of the row above: of another indicator, and of the same place.
    fn of_which(
        &mut self,
        laid: &Laid<'_>,
        row: &GridRow,
        cells: RowCells<'_>,
        (indicator, above): (Option<usize>, Option<&About>),
        read: &mut SheetRead,
    ) {
        let Some(indicator) = indicator else { return };
        for (column, of) in self.value_columns(laid) {
            let Some(cell) = cells.filled(column) else { continue };
            let spot = self.spot(laid, row.number, column);
            let Some(about) = above else {
                self.rejected += 1;
                self.findings.at(
                    Weight::Error,
                    Rule::Missing,
                    spot,
                    content(cell),
                    said(
                        "Dòng 'trong đó' không đứng dưới dòng nào của một địa bàn.",
                        "A row of \"of which\" stands below no row of a place.",
                    ),
                );
                continue;
            };
            // The part of a column that is of an indicator of its own is not known.
            if of.is_some() && self.value_columns(laid).len() > 1 {
                self.rejected += 1;
                self.findings.at(
                    Weight::Error,
                    Rule::Surplus,
                    spot,
                    content(cell),
                    said(
                        "Dòng 'trong đó' có số ở nhiều cột: chỉ tiêu của cột này không rõ, số không được lấy.",
                        "A row of \"of which\" in a table of several columns: which indicator this is of is not known, so the number \
                         is not taken.",
                    ),
                );
                continue;
            }
            let number = self.number(about.clone());
            let key = RowKey { about: about.clone(), indicator: None, vintage: None, note: String::new() };
            let factor = self.factor(laid, column, indicator, "", row.number);
            let value = factor.map(|factor| self.value(cell, indicator, factor, spot));
            let _ = self.take(value, (number, indicator, spot), &key, &mut read.added);
            if row.hidden {
                read.hidden.push(row.number);
            }
        }
    }

    /// A row of data: what it is about, if it says it.
    fn data(
        &mut self,
        laid: &Laid<'_>,
        row: &GridRow,
        cells: RowCells<'_>,
        unit: &mut String,
        read: &mut SheetRead,
    ) -> Option<About> {
        let columns = self.value_columns(laid);
        let is_filled = columns.iter().any(|(column, _)| {
            // What shows nothing is not filled in, whatever makes it.
            let shows =
                |cell: &&GridCell| !matches!(&cell.content, Content::Text(text) if text.trim().is_empty());
            cells.filled(*column).filter(shows).is_some()
        });
        let telling = if is_filled { Telling::Loud } else { Telling::Silent };
        let said_unit = self.row_unit(cells, unit);
        let Some(key) = self.row_key(laid, cells, &telling) else {
            let filled = columns.iter().filter(|(column, _)| cells.filled(*column).is_some()).count();
            self.rejected += if is_filled { u32::try_from(filled).unwrap_or(u32::MAX) } else { 0 };
            self.has_unknown_rows |= is_filled;
            return None;
        };
        let number = self.number(key.about.clone());
        if row.hidden {
            read.hidden.push(row.number);
        }
        let mut values = Vec::with_capacity(columns.len());
        for (column, of) in columns {
            let Some(indicator) = of.or(key.indicator) else { continue };
            let spot = self.spot(laid, row.number, column);
            let factor = self.factor(laid, column, indicator, &said_unit, row.number);
            let value = match (factor, cells.filled(column)) {
                (_, None) => Some(CellValue::Blank),
                (None, Some(_)) => None,
                (Some(factor), Some(cell)) => {
                    let value = self.value(cell, indicator, factor, spot);
                    self.tell_scale(&value, indicator, factor, spot);
                    Some(value)
                }
            };
            values.push(self.take(value, (number, indicator, spot), &key, &mut read.added));
        }
        read.lines.push(Line { number: row.number, is_hidden: row.hidden, is_total: false, values });
        Some(key.about)
    }

    /// Takes what a cell of values says; none where its unit is not known. What sums count of it.
    fn take(
        &mut self,
        value: Option<CellValue>,
        (about, indicator, spot): (u32, usize, Spot),
        key: &RowKey,
        added: &mut Added,
    ) -> LineValue {
        let indicator = u32::try_from(indicator).unwrap_or(u32::MAX);
        match value {
            Some(CellValue::Blank) => {
                self.unfilled.push(Unfilled { about, indicator, spot });
                LineValue::Blank
            }
            Some(CellValue::Said(SaidValue { value, vintage, note, as_sent, written })) => {
                let note = [note.as_str(), key.note.as_str()].into_iter().filter(|part| !part.is_empty());
                let draft = Draft {
                    about,
                    indicator,
                    spot,
                    value,
                    vintage: vintage.or(key.vintage).unwrap_or(self.form.form.vintage),
                    as_sent: as_sent.into(),
                    note: note.collect::<Vec<_>>().join(" ").into(),
                    written,
                    is_bad: false,
                    rows: None,
                };
                let counts = value.counts().map_or(LineValue::Unknown, LineValue::Known);
                self.put(draft, added);
                counts
            }
            Some(CellValue::Bad) | None => {
                self.rejected += 1;
                self.unread.push((about, indicator));
                LineValue::Unknown
            }
        }
    }

    /// Tells that a number came in another unit: as it is kept it stands nowhere in the file.
    fn tell_scale(&mut self, value: &CellValue, indicator: usize, factor: Decimal, spot: Spot) {
        let CellValue::Said(said_value) = value else { return };
        if factor == Decimal::ONE || said_value.value.number.is_none_or(|number| number.is_zero()) {
            return;
        }
        let unit = &self.form.indicators[indicator].of.unit;
        let factor = factor.normalize();
        self.findings.at(
            Weight::Note,
            Rule::Unit,
            spot,
            "",
            said(
                format!("Số ở đơn vị khác, được đổi sang {unit} (nhân với {factor})."),
                format!("The number is in another unit and was converted to {unit} (times {factor})."),
            ),
        );
    }

    /// The unit that a row says.
    fn row_unit(&self, cells: RowCells<'_>, before: &mut String) -> String {
        let Some(column) = self.column(|role| matches!(role, ColumnRole::Unit)) else { return String::new() };
        let written = cells.filled(column).map(|cell| content(cell).trim().to_owned()).unwrap_or_default();
        if DITTO.contains(&written.to_lowercase().as_str()) {
            return before.clone();
        }
        before.clone_from(&written);
        written
    }

    /// What a value is multiplied with: the row says its unit, or the heading, or what stands above the table. None where
    /// a unit is not one of the indicator's, which is told.
    fn factor(
        &mut self,
        laid: &Laid<'_>,
        column: usize,
        of: usize,
        row_unit: &str,
        row: u32,
    ) -> Option<Decimal> {
        let indicator = &self.form.indicators[of];
        let heading = laid.layout.columns[column].as_ref();
        let heading_unit = heading.map_or("", |column| column.unit.as_str());
        let (unit, spot) = match (row_unit.is_empty(), heading_unit.is_empty(), heading) {
            (false, ..) => {
                let unit_column = self.column(|role| matches!(role, ColumnRole::Unit));
                (row_unit, self.spot(laid, row, unit_column.unwrap_or(column)))
            }
            (true, false, Some(heading)) => (heading_unit, Spot::Cell(laid.sheet, heading.row, heading.at)),
            // What stands above the table is of those that know it; a rate beside sums of money has its own unit.
            _ => return Some(indicator.factor(&laid.unit).unwrap_or(Decimal::ONE)),
        };
        if let Some(factor) = indicator.factor(unit) {
            return Some(factor);
        }
        let (known, name) = (indicator.unit_names(), &indicator.of.name);
        self.findings.at(
            Weight::Error,
            Rule::Unit,
            spot,
            unit,
            said(
                format!("'{}' không tính bằng đơn vị này (các đơn vị: {known}).", name.vi),
                format!("'{}' is not in this unit (there are: {known}).", name.en),
            ),
        );
        None
    }

    /// Tells which rows that count are not shown.
    pub(super) fn tell_hidden(&mut self, laid: &Laid<'_>, rows: &[u32]) {
        for row in rows {
            self.findings.at(
                Weight::Note,
                Rule::Hidden,
                Spot::Row(laid.sheet, *row),
                "",
                said(
                    "Hàng bị ẩn (bằng tay hoặc do bộ lọc) vẫn được đọc và tính.",
                    "The row is hidden (by hand or by a filter); it is read and counts all the same.",
                ),
            );
        }
    }

    /// Tells which columns of values are not shown.
    pub(super) fn tell_hidden_columns(&mut self, laid: &Laid<'_>, sheet: &Sheet) {
        for (laid_column, rules) in laid.layout.columns.iter().zip(&self.form.columns) {
            let Some(column) = laid_column else { continue };
            let is_hidden =
                sheet.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&column.at));
            if is_hidden && matches!(rules.role, ColumnRole::Value(_)) {
                self.findings.at(
                    Weight::Note,
                    Rule::Hidden,
                    Spot::Cell(laid.sheet, column.row, column.at),
                    &rules.name.vi,
                    said("Cột bị ẩn vẫn được đọc.", "The column is hidden; it is read all the same."),
                );
            }
        }
    }

    /// Tells that columns are not read, because the form does not have them.
    pub(super) fn tell_surplus(&mut self, laid: &Laid<'_>) {
        for (row, column, heading) in &laid.layout.surplus {
            let heading = quoted(heading);
            self.findings.at(
                Weight::Note,
                Rule::Surplus,
                Spot::Cell(laid.sheet, *row, *column),
                &heading,
                said(
                    "Cột không có trong biểu, không được đọc.",
                    "The form has no such column; it is not read.",
                ),
            );
        }
    }
}

pub(super) fn is_blank(cell: &GridCell) -> bool {
    cell.formula.is_none() && cell.content == Content::Blank
}

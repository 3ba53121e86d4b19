//! The rows of a sheet of others: what their labels say, below which, in which unit.

use ioc_model::form::{HeadValues, Period, Relative, Rule, Weight};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{
    super::{
        draft::{About, Added, Draft, Reading, WHOLE},
        findings::{Found, RIGHT, Spot, said},
        header::text,
        number::SCALE_MAX,
        values::{CellValue, SaidValue, content},
    },
    folded::{folded, label, parenthesis},
    held::Sums,
    rules::{HeadRead, RowRead, SheetRules, Templates},
    table::{Table, mark},
    units::{RowUnits, row_unit},
};
use crate::grid::{Content, GridCell, GridRow, Sheet};

/// A sheet, and what is known of it before its rows.
pub(super) struct Laid<'s> {
    pub(super) number: u32,
    pub(super) sheet: &'s Sheet,
    pub(super) table: &'s Table,
    pub(super) rules: &'s SheetRules,
    pub(super) templates: &'s Templates,
    /// What the columns of the table are, in their order; none where no rule fits.
    pub(super) reads: Vec<Option<&'s HeadRead>>,
    pub(super) period: Period,
    /// The place of the form, by code.
    pub(super) place: &'s str,
    pub(super) dimensions: usize,
}

/// What stands above a row and holds for it.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// Depth and folded label; whether it is a heading without numbers.
    stack: Vec<((u32, u32), String, bool)>,
    section: Option<String>,
    pub(super) section_unit: Option<String>,
    /// Of which indicators the section is.
    section_of: Vec<usize>,
    sections: u32,
    /// By column: units that stand in a row without numbers.
    pub(super) column_units: FxHashMap<u32, String>,
    /// What a ditto mark repeats.
    pub(super) unit: String,
    /// A label without numbers right above: the beginning of one that was broken.
    broken: Option<String>,
    /// The mark of a note behind the label above, which holds for a part of it, too.
    noted: Option<String>,
    /// Whether a row was met that the template names as one to leave out.
    is_left_out: bool,
}

/// The label of a row.
struct Label {
    column: u32,
    depth: (u32, u32),
    text: String,
}

impl Reading<'_> {
    /// Reads the rows of a sheet. What they add, and whether all rows of numbers are ones that the template leaves out.
    pub(super) fn templated_rows(&mut self, laid: &Laid<'_>) -> (Added, bool) {
        let mut added = Added::default();
        let mut above = Above::default();
        let mut sums = Sums::default();
        let ends = laid.table.ends.unwrap_or(laid.sheet.rows.len());
        for row in &laid.sheet.rows[laid.table.body..ends] {
            if row.hidden {
                self.row_not_shown(laid, row);
                continue;
            }
            self.templated_row(laid, row, &mut above, &mut sums, &mut added);
        }
        self.hold_sums(laid, &sums);
        (added, above.is_left_out)
    }

    fn templated_row(
        &mut self,
        laid: &Laid<'_>,
        row: &GridRow,
        above: &mut Above,
        sums: &mut Sums,
        added: &mut Added,
    ) {
        let unit = row_unit(laid, row, above);
        let cells = values(laid, row);
        let Some(label_of_row) = label_of(laid, row) else {
            let numbers = cells.iter().filter(|(.., cell)| is_number(cell)).count();
            if numbers > 0 {
                self.rejected += u32::try_from(numbers).unwrap_or(u32::MAX);
                self.findings.at(
                    Weight::Warning,
                    Rule::Missing,
                    Spot::Row(laid.number, row.number),
                    "",
                    said(
                        "Hàng có số nhưng không có nhãn; số không được lấy.",
                        "The row has numbers and no label; they were not taken.",
                    ),
                );
            }
            return;
        };
        let Label { column, depth, text: written } = label_of_row;
        let is_group = !cells.iter().any(|(.., cell)| is_number(cell) || self.is_mark(cell));
        above.stack.retain(|(other, _, group)| *other < depth || (*other == depth && *group && !is_group));
        let context: Vec<&str> =
            above.stack.iter().map(|(_, label, _)| label.as_str()).chain(above.section.as_deref()).collect();
        let whole = above.broken.take().map(|begun| format!("{begun} {written}"));
        let mut found = laid.templates.row(laid.rules, &written, &context);
        if found.is_none() && !is_group {
            found = whole.as_deref().and_then(|whole| laid.templates.row(laid.rules, whole, &context));
        }
        let own_label = label(&written);
        let in_parentheses = parenthesis(&written).map(|(_, unit)| unit);
        let own_unit =
            in_parentheses.into_iter().chain([own_label.as_str()]).find(|unit| laid.templates.is_unit(unit));
        if let Some((rule, _)) = found.filter(|(rule, _)| rule.section) {
            above.section_of.clone_from(&rule.indicators);
            above.section = Some(label(&written));
            above.section_unit = own_unit.map(str::to_owned);
            above.sections += 1;
            above.column_units.clear();
            above.stack.clear();
        }
        if is_group {
            for (at, _, cell) in &cells {
                if laid.templates.is_unit(text(cell)) {
                    let _ = above.column_units.insert(*at, text(cell).trim().to_owned());
                }
            }
            above.broken = found.is_none().then(|| written.clone());
        }
        above.stack.push((depth, label(&written), is_group));
        if is_group {
            return;
        }
        let Some((rule, member)) = found else {
            let spot = Spot::Cell(laid.number, row.number, column);
            self.findings.at(
                Weight::Warning,
                Rule::Surplus,
                spot,
                written.trim(),
                said(
                    format!("Nhãn hàng không có trong mẫu đọc '{}': số của các hàng này không được lấy.", laid.rules.id),
                    format!("The template '{}' has no row with this label: the numbers of these rows were not taken.", laid.rules.id),
                ),
            );
            return;
        };
        let mut members = vec![WHOLE; laid.dimensions];
        let mut place = laid.place;
        match &rule.reads {
            RowRead::Whole => {}
            RowRead::Dimension(dimension) => members[*dimension] = member.unwrap_or(WHOLE),
            RowRead::Member(dimension, member) => members[*dimension] = *member,
            RowRead::Place(codes) => match codes.iter().find(|code| self.was_there(code, laid.period)) {
                Some(code) => place = code,
                None => {
                    let (codes, period) = (codes.join(", "), laid.period.label());
                    self.findings.at(
                        Weight::Warning,
                        Rule::UnknownPlace,
                        Spot::Cell(laid.number, row.number, column),
                        written.trim(),
                        said(
                            format!("Địa bàn của hàng ({codes}) không có trong kỳ {period}: số của các hàng này không được lấy."),
                            format!("The place of the row ({codes}) is none in {period}: the numbers of these rows were not taken."),
                        ),
                    );
                    return;
                }
            },
            RowRead::Ignored => {
                above.is_left_out = true;
                self.findings.at(
                    Weight::Note,
                    Rule::Surplus,
                    Spot::Cell(laid.number, row.number, column),
                    written.trim(),
                    said(
                        "Hàng mà mẫu đọc nêu tên để bỏ qua; không được đọc.",
                        "A row that the template names as one to leave out; it was not read.",
                    ),
                );
                return;
            }
            RowRead::Total { .. } | RowRead::PartOf(..) => {}
        }
        let is_held = matches!(rule.reads, RowRead::Total { .. } | RowRead::PartOf(..));
        let mut held: Vec<(u32, Decimal)> = Vec::new();
        let mut units =
            RowUnits { only: &rule.units, row: unit, label: own_unit.map(str::to_owned), note: Vec::new() };
        let points = |text: &str| folded(text).starts_with("trong do");
        let noted = mark(&written).or_else(|| above.noted.as_deref().filter(|_| points(&written)));
        units.note = laid
            .table
            .notes
            .iter()
            .filter(|(mark, _)| Some(mark.as_str()) == noted)
            .flat_map(|(_, units)| units)
            .cloned()
            .collect();
        above.noted = noted.map(str::to_owned);
        for (at, read, cell) in cells {
            let HeadRead::Values(indicators, values) = read else { continue };
            let spot = Spot::Cell(laid.number, row.number, at);
            let of = if rule.indicators.is_empty() { &above.section_of } else { &rule.indicators };
            let indicators: Vec<usize> =
                indicators.iter().copied().filter(|one| of.is_empty() || of.contains(one)).collect();
            if indicators.is_empty() {
                self.not_of_section(laid, spot);
                continue;
            }
            let of = self.unit_of(laid, at, (&indicators, values), &units, above);
            let Some((indicator, factor)) = self.known_unit(laid, of, &indicators, spot) else { continue };
            let value = self.value(cell, indicator, Decimal::ONE, spot);
            if is_held
                && (self.form.indicators[indicator].of.additive || matches!(rule.reads, RowRead::PartOf(..)))
            {
                if let CellValue::Said(said) = &value {
                    held.extend(said.value.counts().map(|number| (at, number)));
                }
                continue;
            }
            let about = (members.as_slice(), place);
            let counted = self.take_templated(value, laid, (indicator, factor, values), about, spot, added);
            if let Some(number) = counted
                && self.form.indicators[indicator].of.additive
                && values.add.is_none()
            {
                for (dimension, member) in members.iter().enumerate().filter(|(_, member)| **member != WHOLE)
                {
                    sums.add((above.sections, dimension, *member, at), number);
                }
            }
        }
        if is_held {
            sums.hold(row.number, column, above.sections, &rule.reads, held);
        }
    }

    fn not_of_section(&mut self, laid: &Laid<'_>, spot: Spot) {
        self.findings.at(
            Weight::Warning,
            Rule::Surplus,
            spot,
            "",
            said(
                format!("Mẫu đọc '{}': cột này không có chỉ tiêu nào của phần này trong bảng; số không được lấy.", laid.rules.id),
                format!("Template '{}': this column has no indicator of this part of the table; the number was not taken.", laid.rules.id),
            ),
        );
    }

    fn is_mark(&self, cell: &GridCell) -> bool {
        matches!(&cell.content, Content::Text(text) if matches!(self.form.marks.read(text), super::super::number::Read::Instead(_)))
    }

    fn was_there(&self, code: &str, period: Period) -> bool {
        self.forms.places.in_period(code, period).is_some()
    }

    /// Takes what a cell says; what a sum counts of it, as it is written.
    fn take_templated(
        &mut self,
        value: CellValue,
        laid: &Laid<'_>,
        (indicator, factor, values): (usize, Decimal, &HeadValues),
        (members, place): (&[u32], &str),
        spot: Spot,
        added: &mut Added,
    ) -> Option<Decimal> {
        let SaidValue { mut value, vintage, note, mut as_sent, written } = match value {
            CellValue::Blank => return None,
            CellValue::Said(said) => said,
            CellValue::Bad => {
                self.rejected += 1;
                return None;
            }
        };
        let counted = value.counts();
        if let Some(number) = value.number {
            let scaled = number
                .checked_mul(factor)
                .and_then(|scaled| scaled.checked_add(values.add.unwrap_or_default()));
            let Some(scaled) = scaled else {
                self.rejected += 1;
                let unit = &self.form.indicators[indicator].of.unit;
                self.findings.at(
                    Weight::Error,
                    Rule::Invalid,
                    spot,
                    &number.to_string(),
                    said(
                        format!("Đổi ra {unit} thì số có quá nhiều chữ số."),
                        format!("In {unit} the number has too many digits."),
                    ),
                );
                return None;
            };
            if scaled != number {
                as_sent = if as_sent.is_empty() { number.normalize().to_string() } else { as_sent };
                value.number = Some(scaled.round_dp(SCALE_MAX).normalize());
            }
        }
        let period = match values.period {
            Relative::Same => Some(laid.period),
            Relative::Previous => laid.period.previous(),
            Relative::YearEarlier => laid.period.a_year_earlier(),
        };
        let period = period.unwrap_or(laid.period);
        let place = match self.place_of_code(place, period) {
            Ok(place) => place,
            Err((vi, en)) => {
                self.rejected += 1;
                self.findings.at(Weight::Error, Rule::UnknownPlace, spot, place, said(vi, en));
                return None;
            }
        };
        let about = self.number(About { place, period, members: members.into() });
        let draft = Draft {
            about,
            indicator: u32::try_from(indicator).unwrap_or(u32::MAX),
            spot,
            value,
            vintage: vintage.or(values.vintage).unwrap_or(self.form.form.vintage),
            as_sent: as_sent.into(),
            note: note.into(),
            written,
            is_bad: false,
            rows: None,
        };
        self.put(draft, added);
        counted
    }

    fn row_not_shown(&mut self, laid: &Laid<'_>, row: &GridRow) {
        if values(laid, row).iter().any(|(.., cell)| is_number(cell)) {
            self.findings.add(Found {
                weight: Weight::Note,
                rule: Rule::Hidden,
                spot: Spot::Row(laid.number, row.number),
                stands: String::new(),
                message: said(
                    format!("Hàng bị ẩn, không được đọc{RIGHT}."),
                    format!("The row is hidden and was not read{RIGHT}."),
                ),
                right: String::new(),
            });
        }
    }
}

/// The shown cells of the columns that have values.
fn values<'s>(laid: &Laid<'s>, row: &'s GridRow) -> Vec<(u32, &'s HeadRead, &'s GridCell)> {
    let columns = laid.table.columns.iter().zip(&laid.reads);
    let of = columns.filter_map(|(column, read)| match (*read)? {
        HeadRead::Values(..) => {
            let at = row.cells.binary_search_by_key(&column.at, |(at, _)| *at).ok()?;
            Some((column.at, (*read)?, &row.cells[at].1))
        }
        _ => None,
    });
    of.filter(|(.., cell)| is_number(cell) || !content(cell).trim().is_empty()).collect()
}

fn is_number(cell: &GridCell) -> bool {
    matches!(cell.content, Content::Number(_) | Content::Error(_))
        || (cell.content == Content::Blank && cell.formula.is_some())
}

/// The label of a row: the text furthest right of those before its numbers. What stands left of it in the same row
/// ("Trong đó:") only points.
fn label_of(laid: &Laid<'_>, row: &GridRow) -> Option<Label> {
    let mut columns = laid.table.columns.iter().zip(&laid.reads);
    let of_units =
        columns.find(|(_, read)| matches!(read, Some(HeadRead::Unit))).map(|(column, _)| column.at);
    let texts = row.cells.iter().filter(|(at, _)| *at < laid.table.first && Some(*at) != of_units);
    let mut texts = texts.filter_map(|(at, cell)| match &cell.content {
        Content::Text(text) if text.chars().any(char::is_alphabetic) => Some((*at, cell, text)),
        _ => None,
    });
    let (column, cell, text) = texts.next_back()?;
    let spaces = text.chars().take_while(|c| c.is_whitespace()).count();
    let indent = u32::try_from(spaces).unwrap_or(u32::MAX).saturating_add(u32::from(cell.indent) * 2);
    Some(Label { column, depth: (column, indent), text: text.clone() })
}

//! What a row is about: its place, period, indicator and parts.

use ioc_model::form::{Period, PeriodKind, Rule, Vintage, Weight};
use rust_decimal::Decimal;

use super::{
    draft::{About, Reading, WHOLE},
    eaten::eaten_day,
    findings::{Found, RIGHT, Spot, said},
    header::{LaidColumn, Layout},
    number::stored,
    rules::{ColumnRole, ColumnRules, Members, vintage},
    said_period,
    values::{content, stands},
};
use crate::{
    contract::legible,
    grid::{Content, GridCell},
};

/// Characters of a note.
const NOTE_MAX: usize = 200;

/// A sheet that is read.
#[derive(Debug)]
pub(super) struct Laid<'s> {
    pub(super) sheet: u32,
    pub(super) layout: &'s Layout,
    /// The period that places are looked for in; the message's if it says one.
    pub(super) period: Period,
    /// Whether title or file name say that.
    pub(super) period_is_said: bool,
    /// The place that title or file name say.
    pub(super) place: Option<u32>,
    /// The unit that stands above the table.
    pub(super) unit: String,
}

/// What a row says of all of its cells.
#[derive(Debug)]
pub(super) struct RowKey {
    pub(super) about: About,
    pub(super) indicator: Option<usize>,
    pub(super) vintage: Option<Vintage>,
    pub(super) note: String,
}

/// A row's cells by the form's columns.
#[derive(Clone, Copy)]
pub(super) struct RowCells<'s> {
    pub(super) number: u32,
    pub(super) cells: &'s [Option<&'s GridCell>],
}

impl<'s> RowCells<'s> {
    pub(super) fn filled(&self, column: usize) -> Option<&'s GridCell> {
        self.cells[column].filter(|cell| cell.formula.is_some() || cell.content != Content::Blank)
    }

    pub(super) fn text(&self, column: usize) -> Option<String> {
        let cell = self.filled(column)?;
        let text = match &cell.content {
            // 25486 as a number, also where a program wrote 25486.0.
            Content::Number(number) => {
                stored(number).map_or_else(|| number.clone(), |number| number.normalize().to_string())
            }
            _ => content(cell).trim().to_owned(),
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Where findings go while it is only looked whether a row has a key.
pub(super) enum Telling {
    Silent,
    Loud,
}

impl Reading<'_> {
    /// What a row is about; none where it does not say it, which is told.
    pub(super) fn row_key(
        &mut self,
        laid: &Laid<'_>,
        row: RowCells<'_>,
        telling: &Telling,
    ) -> Option<RowKey> {
        let period = self.row_period(laid, row, telling);
        let place = self.row_place(laid, row, period.unwrap_or(laid.period), telling);
        let indicator = self.row_indicator(laid, row, telling);
        let members = self.row_members(laid, row, telling);
        let vintage = self.row_vintage(laid, row, telling);
        let note = self.column(|role| matches!(role, ColumnRole::Note)).and_then(|column| row.text(column));
        let about = About { place: place?, period: period?, members: members? };
        let note = note.map(|note| legible(&note, NOTE_MAX)).unwrap_or_default();
        Some(RowKey { about, indicator: indicator?, vintage: vintage?, note })
    }

    pub(super) fn column(&self, is: fn(&ColumnRole) -> bool) -> Option<usize> {
        self.form.columns.iter().position(|column| is(&column.role))
    }

    pub(super) fn spot(&self, laid: &Laid<'_>, row: u32, column: usize) -> Spot {
        match &laid.layout.columns[column] {
            Some(LaidColumn { at, .. }) => Spot::Cell(laid.sheet, row, *at),
            None => Spot::Row(laid.sheet, row),
        }
    }

    pub(super) fn wrong_key(
        &mut self,
        telling: &Telling,
        spot: Spot,
        rule: Rule,
        stands: &str,
        (vi, en): (String, String),
        right: &str,
    ) {
        if matches!(telling, Telling::Silent) {
            return;
        }
        let found = Found {
            weight: Weight::Error,
            rule,
            spot,
            stands: legible(stands, 60),
            message: said(vi, en),
            right: right.to_owned(),
        };
        self.findings.add(found);
    }

    fn row_period(&mut self, laid: &Laid<'_>, row: RowCells<'_>, telling: &Telling) -> Option<Period> {
        let kind = self.form.form.period;
        let Some(column) = self.column(|role| matches!(role, ColumnRole::Period)) else {
            return Some(laid.period);
        };
        let Some(cell) = row.filled(column) else {
            if laid.period_is_said {
                return Some(laid.period);
            }
            let example = laid.period.label();
            let message = (
                format!("Hàng không ghi kỳ báo cáo. Ví dụ đúng: {RIGHT}."),
                format!("The row does not say its period. A right one: {RIGHT}."),
            );
            let spot = self.spot(laid, row.number, column);
            self.wrong_key(telling, spot, Rule::Period, "", message, &example);
            return None;
        };
        let period = match &cell.content {
            Content::Date(moment) => of_day(kind, moment.date()),
            _ => said_period::in_cell(&row.text(column).unwrap_or_default(), kind),
        };
        let spot = self.spot(laid, row.number, column);
        match period {
            Some(period) if laid.period_is_said && period != laid.period => {
                let label = laid.period.label();
                let message = (
                    format!("Hàng ghi kỳ khác với kỳ của tệp ({label}). Mỗi tệp chỉ một kỳ."),
                    format!("The row is of another period than the file ({label}). A file is of one period."),
                );
                self.wrong_key(telling, spot, Rule::Period, &stands(cell), message, "");
                None
            }
            Some(period) => Some(period),
            None => {
                let example = laid.period.label();
                let message = (
                    format!("Không phải là kỳ báo cáo của biểu này. Ví dụ đúng: {RIGHT}."),
                    format!("Not a period of this form. A right one: {RIGHT}."),
                );
                self.wrong_key(telling, spot, Rule::Period, &stands(cell), message, &example);
                None
            }
        }
    }

    /// The row's indicator, where rows say it; the inner none where they do not.
    fn row_indicator(
        &mut self,
        laid: &Laid<'_>,
        row: RowCells<'_>,
        telling: &Telling,
    ) -> Option<Option<usize>> {
        let Some(column) = self.column(|role| matches!(role, ColumnRole::Indicator)) else {
            return Some(None);
        };
        let written = row.text(column).unwrap_or_default();
        if let Some(at) = self.form.indicator(&written) {
            return Some(Some(at));
        }
        const SOME: usize = 8;
        let mut known: Vec<&str> =
            self.form.indicators.iter().take(SOME).map(|one| one.of.code.as_str()).collect();
        if self.form.indicators.len() > SOME {
            known.push("…");
        }
        let known = known.join(", ");
        let message = (
            format!("Biểu không có chỉ tiêu này (biểu có: {known})."),
            format!("The form has no such indicator (it has: {known})."),
        );
        let spot = self.spot(laid, row.number, column);
        let stood = row.filled(column).map(stands).unwrap_or_default();
        let rule = if stood.is_empty() { Rule::Missing } else { Rule::Invalid };
        self.wrong_key(telling, spot, rule, &stood, message, "");
        None
    }

    fn row_members(&mut self, laid: &Laid<'_>, row: RowCells<'_>, telling: &Telling) -> Option<Box<[u32]>> {
        let form = self.form;
        let mut members = Vec::new();
        let mut is_known = true;
        for (column, dimension) in form.dimensions() {
            match self.member(laid, row, column, dimension, telling) {
                Some(member) => members.push(member),
                None => is_known = false,
            }
        }
        is_known.then(|| members.into())
    }

    fn member(
        &mut self,
        laid: &Laid<'_>,
        row: RowCells<'_>,
        column: usize,
        dimension: &Members,
        telling: &Telling,
    ) -> Option<u32> {
        let rules: &ColumnRules = &self.form.columns[column];
        let (vi, en) = (&rules.name.vi, &rules.name.en);
        let spot = self.spot(laid, row.number, column);
        let Some(cell) = row.filled(column).filter(|cell| is_date(cell) || row.text(column).is_some()) else {
            if !rules.required {
                return Some(WHOLE);
            }
            let some = dimension.some();
            let message = (
                format!("Hàng có số nhưng cột '{vi}' để trống. Các giá trị đúng: {some}."),
                format!("The row has a number and nothing in '{en}'. Right ones: {some}."),
            );
            self.wrong_key(telling, spot, Rule::Missing, "", message, "");
            return None;
        };
        let written = row.text(column).unwrap_or_default();
        let as_number = match &cell.content {
            Content::Number(number) => stored(number),
            _ => None,
        };
        if let Some(member) = dimension.member(&written) {
            return Some(member);
        }
        if let Some(member) = as_number.and_then(|number: Decimal| dimension.of_number(number)) {
            let right = dimension.members[member as usize].id.clone();
            if matches!(telling, Telling::Loud) {
                let found = Found {
                    weight: Weight::Warning,
                    rule: Rule::EatenByTheSpreadsheet,
                    spot,
                    stands: written,
                    message: said(
                        format!(
                            "Mã trong cột '{vi}' bị bảng tính đổi thành số và mất chữ số 0; được đọc là {RIGHT}. Hãy định dạng cột là Văn bản (Text)."
                        ),
                        format!(
                            "The spreadsheet made numbers of codes in '{en}' and took zeros from them; they are read as {RIGHT}. Format the column as text."
                        ),
                    ),
                    right,
                };
                self.findings.add(found);
            }
            return Some(member);
        }
        let eaten = match &cell.content {
            Content::Date(moment) => Some((moment.day(), moment.month())),
            _ => eaten_day(&written),
        };
        if let Some((day, month)) = eaten {
            let right = dimension.of_day(day, month).map(str::to_owned);
            let some = right.clone().unwrap_or_else(|| dimension.some());
            let message = (
                format!(
                    "Ngày tháng đứng ở chỗ của '{vi}': bảng tính đã đổi nội dung được gõ thành ngày. Hãy định dạng cột là Văn bản (Text) rồi gõ: {RIGHT}."
                ),
                format!(
                    "A date stands where '{en}' is due: the spreadsheet made it of what was typed. Format the column as text and type: {RIGHT}."
                ),
            );
            self.wrong_key(telling, spot, Rule::EatenByTheSpreadsheet, &stands(cell), message, &some);
            return None;
        }
        let some = dimension.some();
        let message = match as_number {
            Some(_) => (
                format!(
                    "Không có trong danh mục của '{vi}': bảng tính có thể đã đổi mã thành số. Hãy định dạng cột là Văn bản (Text) rồi gõ lại mã. Các giá trị đúng: {some}."
                ),
                format!(
                    "Not in the list of '{en}': the spreadsheet may have made a number of the code. Format the column as text and type the code again. Right ones: {some}."
                ),
            ),
            None => (
                format!("Không có trong danh mục của '{vi}'. Các giá trị đúng: {some}."),
                format!("Not in the list of '{en}'. Right ones: {some}."),
            ),
        };
        let rule = if as_number.is_some() { Rule::EatenByTheSpreadsheet } else { Rule::Invalid };
        self.wrong_key(telling, spot, rule, &stands(cell), message, "");
        None
    }

    /// How final the row's values are, where it says so; the inner none where it does not.
    fn row_vintage(
        &mut self,
        laid: &Laid<'_>,
        row: RowCells<'_>,
        telling: &Telling,
    ) -> Option<Option<Vintage>> {
        let Some(column) = self.column(|role| matches!(role, ColumnRole::Vintage)) else { return Some(None) };
        let Some(written) = row.text(column) else { return Some(None) };
        if let Some(vintage) = vintage(&written) {
            return Some(Some(vintage));
        }
        let message = (
            "Phải là: ước tính, sơ bộ hoặc chính thức.".to_owned(),
            "It must be: estimate, preliminary or official.".to_owned(),
        );
        let spot = self.spot(laid, row.number, column);
        self.wrong_key(telling, spot, Rule::Invalid, &written, message, "");
        None
    }
}

pub(super) fn is_date(cell: &GridCell) -> bool {
    matches!(cell.content, Content::Date(_))
}

/// The period that is meant where a spreadsheet made a day of it: 10/2026 is the first of October to it, of whatever days
/// the form's October is.
fn of_day(kind: PeriodKind, day: ioc_model::place::Date) -> Option<Period> {
    let calendar = match kind {
        PeriodKind::AdminMonth => PeriodKind::Month,
        PeriodKind::AdminQuarter => PeriodKind::Quarter,
        PeriodKind::AdminHalfYear => PeriodKind::HalfYear,
        PeriodKind::AdminYear => PeriodKind::Year,
        other => other,
    };
    let (year, number) = Period::holding(calendar, day)?.number();
    Period::of(kind, year, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_that_became_a_day_is_the_form_s_month() {
        let first = jiff::civil::date(2026, 10, 1);
        let label = |kind| of_day(kind, first).unwrap().start.to_string();
        assert_eq!(label(PeriodKind::AdminMonth), "2026-09-15");
        assert_eq!(label(PeriodKind::Month), "2026-10-01");
    }
}

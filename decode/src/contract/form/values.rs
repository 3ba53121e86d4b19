//! What the cells of values say.

use ioc_model::{
    form::{Rule, Value, Vintage, Weight},
    text::Text,
};
use rust_decimal::Decimal;

use super::{
    draft::{Reading, Written},
    findings::{Found, RIGHT, Spot, said},
    number::{NoNumber, Number, Read, SCALE_MAX, stored, written},
    rules::IndicatorRules,
};
use crate::{
    contract::legible,
    grid::{Content, GridCell, NumberFormat},
};

/// Characters of a cell that are kept as it came.
const AS_SENT_MAX: usize = 60;
const HUNDRED: Decimal = Decimal::ONE_HUNDRED;

/// What a cell of values says.
#[derive(Debug)]
pub(super) enum CellValue {
    /// Nothing.
    Blank,
    /// A value or a mark.
    Said(SaidValue),
    /// Nothing that can be taken: a finding says why.
    Bad,
}

/// A value, as far as a cell says it.
#[derive(Debug, Default)]
pub(super) struct SaidValue {
    pub(super) value: Value,
    pub(super) vintage: Option<Vintage>,
    pub(super) note: String,
    pub(super) as_sent: String,
    pub(super) written: Written,
}

impl Reading<'_> {
    /// Reads a cell of values of an indicator, in a unit that is `factor` of the indicator's.
    pub(super) fn value(&mut self, cell: &GridCell, of: usize, factor: Decimal, spot: Spot) -> CellValue {
        let form = self.form;
        let indicator = &form.indicators[of];
        if let Some(file) = cell.formula.as_ref().and_then(|formula| formula.from_file.as_deref()) {
            let file = legible(file, 60);
            self.findings.at(
                Weight::Note,
                Rule::Formula,
                spot,
                content(cell),
                said(
                    format!("Số lấy từ tệp khác ({file}), có thể là của kỳ trước."),
                    format!(
                        "The number comes from another file ({file}), perhaps that of the period before."
                    ),
                ),
            );
        }
        let read = match &cell.content {
            Content::Blank if cell.formula.is_some() => Err((Rule::Formula, no_result())),
            Content::Blank => return CellValue::Blank,
            Content::Error(error) => Err((Rule::Formula, error_in_formula(error))),
            Content::Date(_) => Err((Rule::EatenByTheSpreadsheet, a_date())),
            Content::Truth(_) => Err((Rule::Invalid, no_number(indicator, self.note_column()))),
            Content::Number(number) => self.stored_number(number, cell.format, indicator),
            Content::Text(text) => match form.marks.read(text) {
                Read::Blank => return CellValue::Blank,
                Read::Instead(mark) => Ok(SaidValue {
                    value: Value::without(mark),
                    as_sent: text.trim().to_owned(),
                    ..SaidValue::default()
                }),
                Read::Number(number) => said_number(number, text, indicator),
                Read::Not(why) => Err(self.no_number(text, why, indicator)),
            },
        };
        let read = read.and_then(|said| converted(said, factor, indicator));
        match read {
            Ok(mut said) => {
                said.as_sent = kept(&said.as_sent);
                CellValue::Said(said)
            }
            Err((rule, message)) => {
                let found = Found {
                    weight: Weight::Error,
                    rule,
                    spot,
                    stands: legible(&stands(cell), AS_SENT_MAX),
                    message,
                    right: self.example(indicator),
                };
                self.findings.add(found);
                CellValue::Bad
            }
        }
    }

    fn stored_number(
        &self,
        text: &str,
        format: NumberFormat,
        indicator: &IndicatorRules,
    ) -> Result<SaidValue, (Rule, Text)> {
        let Some(number) = stored(text) else {
            return Err((Rule::Invalid, no_number(indicator, self.note_column())));
        };
        let decimal = self.form.form.decimal;
        match format {
            NumberFormat::Percent if !indicator.of.percent => Err((
                Rule::Percent,
                said(
                    format!(
                        "Ô được định dạng phần trăm ({} %), nhưng chỉ tiêu '{}' tính bằng {}. Hãy bỏ định dạng % rồi gõ lại số.",
                        written(number * HUNDRED, decimal),
                        indicator.of.name.vi,
                        indicator.of.unit
                    ),
                    format!(
                        "The cell has a format of per cent ({} %), but '{}' is in {}. Remove the format and type the number again.",
                        written(number * HUNDRED, '.'),
                        indicator.of.name.en,
                        indicator.of.unit
                    ),
                ),
            )),
            NumberFormat::Percent => {
                let shown = (number * HUNDRED).round_dp(SCALE_MAX).normalize();
                Ok(SaidValue {
                    value: Value::of(shown),
                    as_sent: format!("{}%", written(shown, decimal)),
                    written: Written::Format,
                    ..SaidValue::default()
                })
            }
            NumberFormat::Thousands(steps) => {
                let shown = number / Decimal::from(1_000_u64.pow(u32::from(steps.min(4))));
                let (shown, stored) = (shown.round_dp(SCALE_MAX), number);
                Err((
                    Rule::Unit,
                    said(
                        format!(
                            "Ô chứa {} nhưng định dạng hiện {}: không rõ số nào đúng. Hãy bỏ định dạng chia nghìn rồi gõ số theo \
                             đơn vị {}.",
                            written(stored, decimal),
                            written(shown, decimal),
                            indicator.of.unit
                        ),
                        format!(
                            "The cell holds {} and is shown as {}: which is meant cannot be known. Remove the format and type \
                             the number in {}.",
                            written(stored, '.'),
                            written(shown, '.'),
                            indicator.of.unit
                        ),
                    ),
                ))
            }
            NumberFormat::Date => Err((Rule::EatenByTheSpreadsheet, a_date())),
            NumberFormat::Plain | NumberFormat::Text => Ok(SaidValue {
                value: Value::of(number),
                as_sent: if number.to_string() == text { String::new() } else { text.to_owned() },
                ..SaidValue::default()
            }),
        }
    }

    fn no_number(&self, text: &str, why: NoNumber, indicator: &IndicatorRules) -> (Rule, Text) {
        let decimal = self.form.form.decimal;
        let group = if decimal == ',' { '.' } else { ',' };
        match why {
            NoNumber::Separators => (
                Rule::Invalid,
                said(
                    format!(
                        "Số phải viết với '{decimal}' trước phần thập phân và '{group}' giữa các nhóm nghìn. Ví dụ đúng: {RIGHT}."
                    ),
                    format!(
                        "Numbers are written with '{decimal}' before decimals and '{group}' between thousands. A right one: {RIGHT}."
                    ),
                ),
            ),
            NoNumber::Long => (
                Rule::Invalid,
                said(
                    format!(
                        "Số có quá nhiều chữ số: nhiều nhất 28, trong đó {SCALE_MAX} sau dấu thập phân. Ví dụ đúng: {RIGHT}."
                    ),
                    format!(
                        "The number has too many digits: at most 28, {SCALE_MAX} of them decimals. A right one: {RIGHT}."
                    ),
                ),
            ),
            NoNumber::Sign if !text.contains(|c: char| c.is_ascii_digit()) => {
                let known: Vec<&str> = self.form.form.marks.keys().map(String::as_str).collect();
                let known = known.join("  ");
                (
                    Rule::Mark,
                    said(
                        format!(
                            "Ký hiệu này không có trong biểu (biểu có: {known}). Hãy ghi số hoặc một ký hiệu đó. Ví dụ đúng: {RIGHT}."
                        ),
                        format!(
                            "The form has no such sign (it has: {known}). Write a number or one of these. A right one: {RIGHT}."
                        ),
                    ),
                )
            }
            NoNumber::Sign | NoNumber::Text => (Rule::Invalid, no_number(indicator, self.note_column())),
        }
    }

    /// What a right value looks like.
    pub(super) fn example(&self, indicator: &IndicatorRules) -> String {
        let decimal = self.form.form.decimal;
        match () {
            () if indicator.of.percent => format!("82{decimal}5"),
            () if indicator.of.whole => "1234".to_owned(),
            () => format!("1234{decimal}5"),
        }
    }

    /// The heading of the column for notes, if there is one.
    fn note_column(&self) -> Option<&Text> {
        let is_note =
            |column: &&super::rules::ColumnRules| matches!(column.role, super::rules::ColumnRole::Note);
        self.form.columns.iter().find(is_note).map(|column| &column.name)
    }
}

/// What a cell holds, as a text.
pub(super) fn content(cell: &GridCell) -> &str {
    match &cell.content {
        Content::Text(text) | Content::Number(text) | Content::Error(text) => text,
        Content::Blank | Content::Date(_) => "",
        Content::Truth(true) => "TRUE",
        Content::Truth(false) => "FALSE",
    }
}

/// Before what a number was multiplied with, where that is told of how it came: `845000 ×0.001`.
pub(super) const SCALED: &str = " ×";

/// A text as it came, without what no table can show.
fn kept(text: &str) -> String {
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(AS_SENT_MAX).map(plain).collect()
}

/// As a person sees it.
pub(super) fn stands(cell: &GridCell) -> String {
    match &cell.content {
        Content::Date(moment) => format!("{}/{}/{}", moment.day(), moment.month(), moment.year()),
        _ => content(cell).to_owned(),
    }
}

fn said_number(number: Number, text: &str, indicator: &IndicatorRules) -> Result<SaidValue, (Rule, Text)> {
    if number.percent && !indicator.of.percent {
        return Err((
            Rule::Percent,
            said(
                format!(
                    "Chỉ tiêu '{}' tính bằng {}, không phải phần trăm. Ví dụ đúng: {RIGHT}.",
                    indicator.of.name.vi, indicator.of.unit
                ),
                format!(
                    "'{}' is in {}, not per cent. A right one: {RIGHT}.",
                    indicator.of.name.en, indicator.of.unit
                ),
            ),
        ));
    }
    let plain = number.number.to_string() == text.trim();
    Ok(SaidValue {
        value: Value::of(number.number),
        vintage: number.vintage,
        note: number.notes,
        as_sent: if plain { String::new() } else { text.trim().to_owned() },
        written: if number.percent { Written::Sign } else { Written::Plain },
    })
}

/// In the indicator's unit, and whole where it has to be.
pub(super) fn converted(
    mut said_value: SaidValue,
    factor: Decimal,
    indicator: &IndicatorRules,
) -> Result<SaidValue, (Rule, Text)> {
    let Some(number) = said_value.value.number else { return Ok(said_value) };
    let mut kept = number;
    if factor != Decimal::ONE {
        let converted = number.checked_mul(factor).map(|number| number.normalize());
        let Some(converted) = converted.filter(|number| number.scale() <= SCALE_MAX) else {
            return Err((Rule::Invalid, no_number(indicator, None)));
        };
        if said_value.as_sent.is_empty() {
            said_value.as_sent = number.to_string();
        }
        said_value.as_sent.push_str(&format!("{SCALED}{}", factor.normalize()));
        kept = converted;
    }
    if indicator.of.whole && !kept.fract().is_zero() {
        return Err((
            Rule::Invalid,
            said(
                format!(
                    "'{}' là số nguyên, không có phần thập phân. Ví dụ đúng: {RIGHT}.",
                    indicator.of.name.vi
                ),
                format!(
                    "'{}' is a whole number, without decimals. A right one: {RIGHT}.",
                    indicator.of.name.en
                ),
            ),
        ));
    }
    // Minus zero is zero, and a whole number has no decimals to be told from another by.
    let kept = if kept.is_zero() {
        Decimal::ZERO
    } else if indicator.of.whole {
        kept.trunc()
    } else {
        kept
    };
    said_value.value = Value::of(kept);
    Ok(said_value)
}

fn no_result() -> Text {
    said(
        "Ô có công thức nhưng không có kết quả: hãy mở tệp bằng Excel, lưu lại rồi gửi, hoặc gõ số. Ví dụ đúng: {right}.",
        "The formula has no result: open the file in Excel, save it and send it again, or type the number. A right one: {right}.",
    )
}

fn error_in_formula(error: &str) -> Text {
    let error = legible(error, 20);
    said(
        format!("Công thức báo lỗi {error}: hãy sửa công thức hoặc gõ số. Ví dụ đúng: {RIGHT}."),
        format!("The formula says {error}: correct it, or type the number. A right one: {RIGHT}."),
    )
}

fn a_date() -> Text {
    said(
        "Ô chứa ngày tháng ở chỗ phải là số: bảng tính đã đổi nội dung được gõ thành ngày. Hãy định dạng ô là Số (Number) rồi \
         gõ lại. Ví dụ đúng: {right}.",
        "A date stands where a number is due: the spreadsheet made it of what was typed. Format the cell as a number and type \
         it again. A right one: {right}.",
    )
}

fn no_number(indicator: &IndicatorRules, note_column: Option<&Text>) -> Text {
    let (vi, en) = match note_column {
        Some(name) => {
            (format!(", ghi chú sang cột '{}'", name.vi), format!(", notes go to the column '{}'", name.en))
        }
        None => Default::default(),
    };
    said(
        format!("Không phải là một số của '{}'. Ví dụ đúng: {RIGHT}{vi}.", indicator.of.name.vi),
        format!("Not a number of '{}'. A right one: {RIGHT}{en}.", indicator.of.name.en),
    )
}

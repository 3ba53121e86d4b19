//! What is left of a cell of a table that tells of persons, by the role of its column.

use jiff::civil::DateTime;
use rust_decimal::Decimal;

use super::{
    eaten::eaten_day,
    number::{Read, stored},
    reduced::{Reducing, of_text},
    rules::{ColumnRole, FormRules, Members, vintage},
    said_period,
    spelling::{heading, spelled},
    values::content,
};
use crate::grid::{Content, Formula, GridCell};

/// A name for what may not be kept, by what it is of and itself: the same for the same.
pub(crate) type Pseudonym<'p> = &'p dyn Fn(&str, &str) -> String;

/// Whole numbers of more digits are those of telephones and identity cards, and days of birth (12031985, 1031985), unless
/// their indicator's range says otherwise.
const DIGITS_MAX: usize = 6;
/// Of a number that is written as text, with its decimals.
const WRITTEN_MAX: usize = 8;
/// A day that lies further ahead is none that day and month were exchanged in.
const YEARS_AHEAD: i16 = 1;
/// Lengths are told up to here.
const LENGTH_MAX: usize = 9_999;

/// What stands for a text that is not kept.
pub(crate) fn length_of(text: &str) -> String {
    let text = text.trim();
    let length = text.chars().count().min(LENGTH_MAX);
    let is_number = text.chars().any(|c| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | ',' | '-' | '+' | '/'));
    match is_number {
        _ if length == 0 => String::new(),
        true => format!("[{length} chữ số/digits]"),
        false => format!("[{length} ký tự/characters]"),
    }
}

/// What stands for a cell that is not kept.
fn withheld(cell: &GridCell) -> GridCell {
    match &cell.content {
        Content::Date(_) => of_text("[ngày/date]".to_owned()),
        _ => of_text(length_of(content(cell))),
    }
}

/// Whether a number may be a value and no number of a telephone or an identity card, and no day.
pub(crate) fn is_a_value(number: Decimal, most: Option<Decimal>) -> bool {
    let digits = number.abs().trunc().normalize().to_string().len();
    digits <= DIGITS_MAX || most.is_some_and(|most| number.abs() <= most)
}

impl Reducing<'_> {
    /// What is left of a cell of a column of the form. `label` is what it says as a label of the form's own.
    pub(super) fn cell(
        &self,
        form: &FormRules,
        column: usize,
        cell: &GridCell,
        label: Option<GridCell>,
    ) -> Option<GridCell> {
        let role = &form.columns[column].role;
        if matches!(role, ColumnRole::Note | ColumnRole::Ignored) {
            return label;
        }
        let formula = cell.formula.as_ref().map(|formula| Formula {
            text: String::new(),
            from_file: formula.from_file.as_ref().map(|_| "…".to_owned()),
        });
        if cell.content == Content::Blank || (content(cell).trim().is_empty() && !is_day(cell)) {
            return formula.is_some().then(|| GridCell {
                formula,
                content: cell.content.clone(),
                ..GridCell::default()
            });
        }
        let text = written(cell);
        let left = match role {
            ColumnRole::Place if self.forms.places.knows(&text) => Some(of_text(text)),
            ColumnRole::Place | ColumnRole::PlaceName => self.forms.places.name_in_list(&text).map(of_text),
            ColumnRole::Period => self.period(form, cell, &text),
            ColumnRole::Indicator => form.indicator(&text).map(|_| of_text(heading(&text))),
            ColumnRole::Dimension(members) => member(members, cell, &text),
            ColumnRole::Value(of) => self.value(form, *of, cell),
            ColumnRole::Unit => {
                let is_unit = form.indicators.iter().any(|one| one.factor(&text).is_some());
                is_unit.then(|| of_text(spelled(&text)))
            }
            ColumnRole::Vintage => vintage(&text).map(|vintage| of_text(vintage.word().to_owned())),
            ColumnRole::Date => self.day(cell),
            ColumnRole::Id => {
                let id = content(cell).trim().to_lowercase();
                Some(of_text((self.pseudonym)(&form.form.id, &id)))
            }
            ColumnRole::Note | ColumnRole::Ignored => None,
        };
        let mut left = left.or(label).unwrap_or_else(|| withheld(cell));
        left.formula = formula;
        Some(left)
    }

    fn period(&self, form: &FormRules, cell: &GridCell, text: &str) -> Option<GridCell> {
        if let Content::Date(_) = cell.content {
            return self.day(cell);
        }
        let kind = form.form.period;
        let label = said_period::in_cell(text, kind)?.label();
        said_period::in_cell(&label, kind).map(|_| of_text(label))
    }

    /// A day that somebody may have fallen ill on; none that they were born on, as far as that can be told.
    fn day(&self, cell: &GridCell) -> Option<GridCell> {
        let is_near = |date: jiff::civil::Date| {
            date >= self.message.oldest
                && date.year() <= self.message.today.year().saturating_add(YEARS_AHEAD)
        };
        match &cell.content {
            Content::Date(moment) if is_near(moment.date()) => Some(GridCell {
                content: Content::Date(DateTime::from(moment.date())),
                format: cell.format,
                ..GridCell::default()
            }),
            Content::Text(text) => match said_period::in_text(text)? {
                Ok(date) if is_near(date) => {
                    Some(of_text(format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())))
                }
                // The month comes first, and the judge says so.
                Err(date) if is_near(date) => {
                    Some(of_text(format!("{:02}/{:02}/{}", date.month(), date.day(), date.year())))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn value(&self, form: &FormRules, of: Option<usize>, cell: &GridCell) -> Option<GridCell> {
        let most = of.and_then(|of| form.indicators[of].of.most);
        let is_value = |number: Decimal| is_a_value(number, most);
        let content = match &cell.content {
            Content::Number(text) if stored(text).is_some_and(is_value) => Content::Number(text.clone()),
            Content::Error(_) => Content::Error("#".to_owned()),
            Content::Truth(truth) => Content::Truth(*truth),
            Content::Text(text) => match form.marks.read(text) {
                // Zeros before a number are digits, too.
                Read::Number(number)
                    if !is_value(number.number)
                        || (!is_short(text, form.form.decimal)
                            && most.is_none_or(|most| number.number.abs() > most)) =>
                {
                    return None;
                }
                // What was read is the form's signs around digits.
                Read::Instead(_) | Read::Number(_) => Content::Text(spelled(text)),
                Read::Blank => Content::Text(String::new()),
                Read::Not(_) => return None,
            },
            _ => return None,
        };
        Some(GridCell { content, format: cell.format, ..GridCell::default() })
    }
}

/// Whether no more digits are written than a value has, zeros before it and decimals among them.
fn is_short(text: &str, decimal: char) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let whole = text.split(decimal).next().unwrap_or_default();
    digits(whole) <= DIGITS_MAX && digits(text) <= WRITTEN_MAX
}

fn is_day(cell: &GridCell) -> bool {
    matches!(cell.content, Content::Date(_))
}

/// 25486 as a number is the code, also where a program wrote 25486.0.
fn written(cell: &GridCell) -> String {
    match &cell.content {
        Content::Number(number) => {
            stored(number).map_or_else(|| number.clone(), |number| number.normalize().to_string())
        }
        _ => content(cell).trim().to_owned(),
    }
}

fn member(members: &Members, cell: &GridCell, text: &str) -> Option<GridCell> {
    if let Some(member) = members.member(text) {
        return members.members.get(member as usize).map(|member| of_text(member.id.clone()));
    }
    if let Content::Number(number) = &cell.content
        && stored(number).and_then(|number| members.of_number(number)).is_some()
    {
        return Some(GridCell { content: Content::Number(number.clone()), ..GridCell::default() });
    }
    let eaten = match &cell.content {
        Content::Date(moment) => Some((moment.day(), moment.month())),
        _ => eaten_day(text),
    };
    // "1-4" that became a day says no more than the member that it was; its year is the spreadsheet's.
    let (day, month) = eaten.filter(|(day, month)| members.of_day(*day, *month).is_some())?;
    let date = jiff::civil::Date::new(2000, month, day).ok()?;
    Some(GridCell { content: Content::Date(DateTime::from(date)), ..GridCell::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_a_day_of_birth_that_is_typed_as_a_number_is_no_value() {
        let number = |text: &str| Decimal::from_str_exact(text).unwrap();
        for planted in ["12031985", "1031985", "19850312", "912345678", "-12031985"] {
            assert!(!is_a_value(number(planted), None), "{planted}");
        }
        for value in ["0", "1204", "865.4", "120345", "-5", "12.123456"] {
            assert!(is_a_value(number(value), None), "{value}");
        }
        // Whose range allows it has such numbers.
        assert!(is_a_value(number("12031985"), Some(number("20000000"))));
        for (text, is) in
            [("0912345678", false), ("1203,1985", true), ("00012031", false), ("120345,1985", false)]
        {
            assert_eq!(is_short(text, ','), is, "{text}");
        }
    }
}

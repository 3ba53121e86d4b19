//! The place that a row is about: by its code as it was in the period, or by its name where there is no code.

use ioc_model::form::{Period, Rule};

use super::{
    draft::Reading,
    findings::Spot,
    keys::{Laid, RowCells, Telling, is_date},
    rules::ColumnRole,
};
use crate::contract::quoted;

impl Reading<'_> {
    pub(super) fn row_place(
        &mut self,
        laid: &Laid<'_>,
        row: RowCells<'_>,
        period: Period,
        telling: &Telling,
    ) -> Option<u32> {
        let code_column = self.column(|role| matches!(role, ColumnRole::Place));
        let name_column = self.column(|role| matches!(role, ColumnRole::PlaceName));
        let code = code_column.and_then(|column| row.text(column));
        let name = name_column.and_then(|column| row.text(column));
        let is_date = code_column.and_then(|column| row.filled(column)).is_some_and(is_date);
        let found = match (&code, &name) {
            (None, None) if !is_date => {
                if let Some(place) = laid.place {
                    return Some(place);
                }
                let column = code_column.or(name_column);
                let spot = column.map_or(Spot::Row(laid.sheet, row.number), |column| {
                    self.spot(laid, row.number, column)
                });
                let message = (
                    "Hàng có số nhưng không ghi địa bàn. Hãy ghi mã xã, ví dụ 25486, hoặc xoá số.".to_owned(),
                    "The row has a number and no place. Write the code of the place, such as 25486, or clear the number."
                        .to_owned(),
                );
                self.wrong_key(telling, spot, Rule::Missing, "", message, "");
                return None;
            }
            (Some(code), _) => self.place_of_code(code, period),
            (None, Some(name)) if !is_date => self.place_of_name(name, period),
            (None, _) => Err((
                "Ô mã địa bàn chứa ngày tháng. Hãy định dạng cột là Văn bản (Text) rồi gõ lại mã, ví dụ 25486.".to_owned(),
                "A date stands where the code of a place is due. Format the column as text and type the code again, such as 25486."
                    .to_owned(),
            )),
        };
        let said_column = if code.is_some() || is_date { code_column } else { name_column };
        let spot = said_column
            .map_or(Spot::Row(laid.sheet, row.number), |column| self.spot(laid, row.number, column));
        let written = code.as_deref().or(name.as_deref()).unwrap_or_default();
        match (found, &name) {
            (Ok(at), Some(name)) if code.is_some() && !self.forms.places.is_named(at, name) => {
                let unit = self.forms.places.unit(at);
                let message = (
                    format!(
                        "Mã {} là {}, tên trong hàng là '{}'. Hãy sửa mã hoặc tên cho khớp.",
                        unit.code,
                        unit.name,
                        quoted(name)
                    ),
                    format!(
                        "The code {} is {}, the row says '{}'. Correct the code or the name.",
                        unit.code,
                        unit.name,
                        quoted(name)
                    ),
                );
                self.wrong_key(telling, spot, Rule::UnknownPlace, written, message, "");
                None
            }
            (Ok(at), _) => Some(at),
            (Err(message), _) => {
                let rule = if is_date { Rule::EatenByTheSpreadsheet } else { Rule::UnknownPlace };
                self.wrong_key(telling, spot, rule, written, message, "");
                None
            }
        }
    }

    /// The unit with that code, or why there is none.
    pub(super) fn place_of_code(&self, code: &str, period: Period) -> Result<u32, (String, String)> {
        let places = &self.forms.places;
        let label = period.label();
        match places.in_period(code, period) {
            Some(at) if places.is_of(at, &self.form.form.places, period) => Ok(at),
            Some(at) => {
                let name = &places.unit(at).name;
                Err((
                    format!("{code} là {name}, không phải địa bàn của biểu này."),
                    format!("{code} is {name}, which is not a place of this form."),
                ))
            }
            None if places.knows(code) => {
                let versions = places.versions(code).map(|unit| {
                    let to = unit.to.map_or_else(|| "…".to_owned(), |to| to.to_string());
                    format!("{} ({} – {to})", unit.name, unit.from)
                });
                let versions = versions.collect::<Vec<_>>().join("; ");
                Err((
                    format!(
                        "Mã {code} không dùng trong kỳ {label}; mã này là: {versions}. Hãy ghi mã của kỳ báo cáo."
                    ),
                    format!(
                        "The code {code} is of no place in {label}; it is: {versions}. Write the code of the reported period."
                    ),
                ))
            }
            None if code.contains(char::is_alphabetic) => self.place_of_name(code, period),
            None => Err((
                "Không có địa bàn nào mang mã này. Hãy ghi mã theo danh mục hành chính, ví dụ 25486."
                    .to_owned(),
                "No place has this code. Write the code of the list of administrative units, such as 25486."
                    .to_owned(),
            )),
        }
    }

    fn place_of_name(&self, name: &str, period: Period) -> Result<u32, (String, String)> {
        match self.forms.places.named(name, &self.form.form.places, period)[..] {
            [at] => Ok(at),
            [] => Err((
                "Không có địa bàn nào của biểu mang tên này trong kỳ báo cáo. Hãy ghi mã, ví dụ 25486."
                    .to_owned(),
                "No place of the form has this name in the reported period. Write the code, such as 25486."
                    .to_owned(),
            )),
            _ => Err((
                "Có nhiều địa bàn mang tên này. Hãy ghi mã, ví dụ 25486.".to_owned(),
                "Several places have this name. Write the code, such as 25486.".to_owned(),
            )),
        }
    }
}

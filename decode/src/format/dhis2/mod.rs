//! DHIS2's data value sets, as JSON ([`json`]) or CSV ([`csv`]).
//!
//! The key of a value is data element, period, organisation unit, category option combination and attribute option
//! combination; a combination that is left out is the default one, which has several ids. Keyed by less, the last row of a
//! form would win. Zero, deleted and empty are three messages: "0" is a value like any other, `deleted` takes back what was
//! reported although the message may carry the old value beside it, and an empty value is what the form says of cells that
//! are not filled in. What a message does not name stays as it was.
//!
//! When a value was last changed (`lastUpdated`) is no part of it: by arrival the later word counts. It goes along, so that
//! whoever drops an export of last month is told what of it is older than what is known.
//!
//! Who stored a value (`storedBy`) and what they wrote beside it (`comment`) is read by nobody and kept nowhere.

mod csv;
mod json;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt::Display};

use ioc_model::{
    form::{
        Absent, Dhis2, Dhis2Combinations, Form, Mapped, Mark, Member, Period, Rule, Value, Vintage, Weight,
    },
    name::Name,
    place::Date,
    time::EventTime,
};

use crate::said::{Said, SaidCell, WHOLE, Wrong, dimensions, number};

/// What every installation calls the default by another name.
const DEFAULT: &str = "default";
/// So many data elements that the form does not have are told of.
const UNKNOWN_MAX: usize = 1_000;

/// Reads a message of one of the forms: which, and what it says.
///
/// # Errors
/// If it is no message, or it cannot be told of which form it is.
pub(super) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    match text.trim_start().starts_with('{') {
        true => json::read(text, forms),
        false => csv::read(text, forms),
    }
}

/// When a value was last changed: `2026-10-05T08:12:33.000+0000`. A server that does not say its zone is taken for one of UTC,
/// which is late rather than early east of it; what is no moment says nothing.
fn moment(text: &str) -> Option<EventTime> {
    let of_zone = || text.parse::<jiff::Timestamp>().ok();
    let of_none = || {
        Some(text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    (!text.is_empty()).then(|| of_zone().or_else(of_none)).flatten().map(|at| EventTime(at.as_millisecond()))
}

/// A value as a message has it; what is not said is empty.
#[derive(Clone, Copy, Debug, Default)]
struct SaidValue<'m> {
    element: &'m str,
    period: &'m str,
    org_unit: &'m str,
    category: &'m str,
    attribute: &'m str,
    value: &'m str,
    is_deleted: bool,
    /// When it was last changed there.
    updated: &'m str,
}

/// The values of a message of a form.
#[derive(Debug)]
struct Values<'f> {
    form: &'f Form,
    dhis2: &'f Dhis2,
    /// The form's dimensions.
    dimensions: Vec<(&'f str, &'f [Member])>,
    said: Said,
    /// Data elements that the form does not have: each is told of once.
    unknown: BTreeSet<String>,
}

impl<'f> Values<'f> {
    /// Of the form whose data set or, where none is named, whose data element it is.
    ///
    /// # Errors
    /// If it is of none of them.
    fn of(forms: &[&'f Form], data_set: &str, element: &str) -> Result<Values<'f>, Wrong> {
        let mut all = forms.iter().filter_map(|form| Some((*form, form.dhis2.as_ref()?)));
        let is_it = |(_, dhis2): &(&Form, &Dhis2)| match data_set.is_empty() || dhis2.data_sets.is_empty() {
            true => dhis2.elements.contains_key(element),
            false => dhis2.data_sets.iter().any(|one| one == data_set),
        };
        match all.find(is_it) {
            Some((form, dhis2)) => Ok(Values {
                form,
                dhis2,
                dimensions: dimensions(form),
                said: Said::default(),
                unknown: BTreeSet::new(),
            }),
            None => {
                let (name, stands) = match data_set {
                    "" => ("dataElement", element),
                    _ => ("dataSet", data_set),
                };
                Err(Wrong::new(
                    Rule::UnknownForm,
                    stands,
                    format!("{name} không thuộc biểu nào của nguồn này."),
                    format!("{name} is of no form of this feed."),
                ))
            }
        }
    }

    /// Takes one.
    fn take(&mut self, at: &dyn Display, value: &SaidValue<'_>) {
        let Some(element) = self.dhis2.elements.get(value.element) else {
            return self.pass_over(at, value.element);
        };
        match self.cell(at, value, element) {
            Ok(cell) => {
                if cell.value.is_none() {
                    let told = (
                        "Giá trị để trống: số đã báo cáo trước đó được giữ nguyên. Muốn rút lại, gửi deleted: true; muốn báo \
                         cáo số không, gửi \"0\"."
                            .to_owned(),
                        "The value is empty: what was reported before stays. Send deleted: true to take it back, \"0\" for \
                         zero."
                            .to_owned(),
                    );
                    self.said.find(Weight::Warning, Rule::Empty, at, "", told);
                }
                if let Some(updated) = moment(value.updated)
                    && let Ok(number) = u32::try_from(self.said.cells.len())
                {
                    self.said.updated.push((number, updated));
                }
                self.said.cells.push(cell);
            }
            Err(wrong) => self.said.reject(at, wrong),
        }
    }

    /// A data set may have more than the form.
    fn pass_over(&mut self, at: &dyn Display, element: &str) {
        if element.is_empty() {
            let wrong = Wrong::new(Rule::Missing, "", "Thiếu dataElement.", "dataElement is missing.");
            self.said.reject(at, wrong);
        } else if self.unknown.len() < UNKNOWN_MAX && self.unknown.insert(element.to_owned()) {
            let told = (
                format!("Biểu {} không có dataElement này: không lưu.", self.form.id),
                format!("Form {} has no such dataElement: it is not kept.", self.form.id),
            );
            self.said.find(Weight::Warning, Rule::Surplus, at, element, told);
        }
    }

    fn cell(&self, at: &dyn Display, value: &SaidValue<'_>, element: &'f Mapped) -> Result<SaidCell, Wrong> {
        for (name, stands) in [("period", value.period), ("orgUnit", value.org_unit)] {
            if stands.is_empty() {
                return Err(Wrong::new(
                    Rule::Missing,
                    "",
                    format!("Thiếu {name}, ở giá trị này lẫn ở đầu tin."),
                    format!("{name} is missing, at this value and at the head of the message."),
                ));
            }
        }
        let period = Period::parse(self.form.period, value.period).ok_or_else(|| {
            Wrong::new(
                Rule::Period,
                value.period,
                format!("Không phải là kỳ báo cáo của biểu này ({}).", self.form.period.word()),
                format!("Not a period of this form ({}).", self.form.period.word()),
            )
        })?;
        let place = self.dhis2.org_units.get(value.org_unit).map_or(value.org_unit, String::as_str);
        let (says, as_sent) = self.value(value)?;
        Ok(SaidCell {
            at: at.to_string().into(),
            indicator: Name::new(&element.indicator),
            members: self.members_of(value, element)?,
            place: place.into(),
            period,
            // What is taken back goes whatever it was reported as, also by another feed.
            vintage: match says {
                Some(says) if says.mark == Mark::Withdrawn => Vintage::Official,
                _ => self.form.vintage,
            },
            value: says,
            as_sent: as_sent.into(),
        })
    }

    fn value(&self, value: &SaidValue<'_>) -> Result<(Option<Value>, String), Wrong> {
        if value.is_deleted {
            return Ok((Some(Value::without(Mark::Withdrawn)), "deleted".to_owned()));
        }
        if value.value.is_empty() {
            return match self.form.absent {
                Absent::Keeps => Ok((None, String::new())),
                Absent::Withdraws => Ok((Some(Value::without(Mark::Withdrawn)), String::new())),
                Absent::Refused => Err(Wrong::new(
                    Rule::Empty,
                    "",
                    "Giá trị để trống. Muốn rút lại, gửi deleted: true; muốn báo cáo số không, gửi \"0\".",
                    "The value is empty. Send deleted: true to take it back, \"0\" for zero.",
                )),
            };
        }
        let read = number(value.value).ok_or_else(|| {
            Wrong::new(
                Rule::Invalid,
                value.value,
                "Không phải là số. Ví dụ đúng: 1204.",
                "Not a number. A right one: 1204.",
            )
        })?;
        let as_sent = if read.to_string() == value.value { "" } else { value.value };
        Ok((Some(Value::of(read)), as_sent.to_owned()))
    }

    fn members_of(&self, value: &SaidValue<'_>, element: &'f Mapped) -> Result<Box<[u32]>, Wrong> {
        let mut members: Vec<(&str, &str)> =
            element.of.iter().map(|(column, member)| (column.as_str(), member.as_str())).collect();
        for (kind, of, combination) in [
            ("categoryOptionCombo", &self.dhis2.category, value.category),
            ("attributeOptionCombo", &self.dhis2.attribute, value.attribute),
        ] {
            for (column, member) in self.members(kind, of, combination)? {
                match element.by.contains(column) {
                    true => members.push((column, member)),
                    false if self.is_default(combination) => {}
                    false => {
                        return Err(Wrong::new(
                            Rule::Invalid,
                            combination,
                            format!("{kind} chia theo '{column}', dataElement này thì không."),
                            format!("{kind} is of '{column}', and this dataElement is not."),
                        ));
                    }
                }
            }
        }
        let is_said = |column: &&String| members.iter().any(|(said, _)| said == column);
        if let Some(column) = element.by.iter().find(|column| !is_said(column)) {
            return Err(Wrong::new(
                Rule::Missing,
                value.category,
                format!("dataElement này chia theo '{column}', nhưng tổ hợp của giá trị không nói mục nào."),
                format!(
                    "This dataElement is broken down by '{column}', and the value's combinations do not say which."
                ),
            ));
        }
        let number = |(id, all): &(&str, &[Member])| {
            let said = members.iter().find(|(column, _)| column == id).map(|(_, member)| *member);
            let at = said.and_then(|said| all.iter().position(|member| member.id == said));
            at.and_then(|at| u32::try_from(at).ok()).unwrap_or(WHOLE)
        };
        Ok(self.dimensions.iter().map(number).collect())
    }

    fn is_default(&self, combination: &str) -> bool {
        combination.is_empty()
            || combination == DEFAULT
            || self.dhis2.defaults.iter().any(|default| default == combination)
    }

    fn members(
        &self,
        kind: &str,
        of: &'f Dhis2Combinations,
        combination: &str,
    ) -> Result<impl Iterator<Item = (&'f String, &'f String)>, Wrong> {
        if self.is_default(combination) {
            return Ok(of.default.iter());
        }
        of.of.get(combination).map(|members| members.iter()).ok_or_else(|| {
            Wrong::new(
                Rule::Invalid,
                combination,
                format!("Biểu {} không có {kind} này.", self.form.id),
                format!("Form {} has no such {kind}.", self.form.id),
            )
        })
    }

    /// What was complete before the end of its period was so early, whatever the message says.
    fn complete(&mut self, date: &str, period: &str) {
        let Some(period) = Period::parse(self.form.period, period) else { return };
        let date = date.get(..10).unwrap_or(date);
        let (rule, told) = match date.parse::<Date>() {
            Ok(day) if day > period.end => return,
            Ok(day) => (
                Rule::Time,
                (
                    format!("Ngày hoàn thành {day} nằm trước khi kỳ kết thúc ({}).", period.end),
                    format!(
                        "The date of completion, {day}, lies before the end of the period ({}).",
                        period.end
                    ),
                ),
            ),
            Err(_) => (
                Rule::Invalid,
                (
                    "completeDate không phải là ngày. Ví dụ đúng: 2026-11-05.".to_owned(),
                    "completeDate is no date. A right one: 2026-11-05.".to_owned(),
                ),
            ),
        };
        self.said.find(Weight::Warning, rule, &"completeDate", date, told);
    }
}

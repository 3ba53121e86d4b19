//! MeasureReport of HL7 FHIR (R4, R5), as JSON: the summary of a measure over a period.
//!
//! A population of a group is an indicator; where the form breaks it down, the strata of one stratifier are its parts, and
//! the group's own count is no cell beside them but what they must add up to. A stratifier that the form does not use says
//! the same once more in other parts, and is passed over. A report of the types `individual` and `subject-list` names
//! patients: it is refused, and since every feed of this format is reduced before anything is kept, nothing of it lies
//! anywhere. Bundles are refused, too: which of several reports a receipt would be of nobody could say.

mod message;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt::Display};

use ioc_model::{
    form::{Fhir, Form, Mapped, Mark, Member, Period, PeriodKind, Rule, Value, Weight},
    name::Name,
    place::Date,
};
use rust_decimal::Decimal;

use self::message::{Concept, Group, MeasureReport, Population, Quantity, Reference, Stratum};
use crate::said::{Said, SaidCell, WHOLE, Wrong, dimensions, number, scalar, unreadable};

/// What the score of a group is called among its populations.
const SCORE: &str = "measure-score";
/// What says why a count is not there.
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
/// So many populations that the form does not have are told of.
const UNKNOWN_MAX: usize = 1_000;

/// Reads a report of one of the forms: which, and what it says.
///
/// # Errors
/// If it is no such report, is not meant to be kept, or is of no form.
pub(super) fn read<'f>(text: &str, forms: &[&'f Form]) -> Result<(&'f Form, Said), Wrong> {
    let report: MeasureReport<'_> = sonic_rs::from_str(text)
        .map_err(|error| unreadable(&error, "Không đọc được MeasureReport", "This is no MeasureReport"))?;
    refuse_what_is_not_meant(&report)?;
    let measure = report.measure.as_deref().unwrap_or_default();
    let canonical = measure.split('|').next().unwrap_or_default();
    let mut all = forms.iter().filter_map(|form| Some((*form, form.fhir.as_ref()?)));
    let found = all.find(|(_, fhir)| fhir.measures.iter().any(|known| known == canonical));
    let Some((form, fhir)) = found else {
        return Err(Wrong::new(
            Rule::UnknownForm,
            measure,
            "measure không thuộc biểu nào của nguồn này.",
            "measure is of no form of this feed.",
        ));
    };
    let groups = report.group.as_deref().unwrap_or_default();
    if groups.is_empty() {
        return Err(Wrong::new(
            Rule::Empty,
            "",
            "Báo cáo không có nhóm nào (group).",
            "The report has no group.",
        ));
    }
    let period = period_of(&report, form.period)?;
    let place = place_of(&report, fhir)?;
    let mut reading = Reading {
        form,
        fhir,
        dimensions: dimensions(form),
        period,
        place,
        said: Said::default(),
        unknown: BTreeSet::new(),
    };
    for (at, group) in groups.iter().enumerate() {
        reading.group(at, group);
    }
    Ok((form, reading.said))
}

fn refuse_what_is_not_meant(report: &MeasureReport<'_>) -> Result<(), Wrong> {
    let (resource, status) =
        (report.resource_type.as_deref().unwrap_or_default(), report.status.as_deref().unwrap_or_default());
    let kind = report.r#type.as_deref().unwrap_or_default();
    if resource != "MeasureReport" {
        return Err(Wrong::new(
            Rule::Invalid,
            resource,
            "resourceType phải là MeasureReport, mỗi bản tin một báo cáo.",
            "resourceType must be MeasureReport, one report a message.",
        ));
    }
    if kind != "summary" {
        return Err(Wrong::new(
            Rule::Invalid,
            kind,
            "Chỉ nhận báo cáo tổng hợp (type: summary). Báo cáo theo từng người không được nhận và không được giữ.",
            "Only summaries are taken (type: summary). Reports of single persons are not taken, and nothing of them is kept.",
        ));
    }
    if status != "complete" {
        return Err(Wrong::new(
            Rule::Invalid,
            status,
            "Báo cáo chưa hoàn thành: status phải là complete.",
            "The report is not complete: its status must be complete.",
        ));
    }
    Ok(())
}

/// The period of the form's kind that the report is of, from its first day to its last.
fn period_of(report: &MeasureReport<'_>, kind: PeriodKind) -> Result<Period, Wrong> {
    let said = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let (start, end) =
        report.period.as_ref().map(|period| (said(&period.start), said(&period.end))).unwrap_or_default();
    let found = day(&start, false).zip(day(&end, true)).and_then(|(start, end)| {
        Period::holding(kind, start).filter(|period| period.start == start && period.end == end)
    });
    found.ok_or_else(|| {
        Wrong::new(
            Rule::Period,
            &format!("{start} – {end}"),
            format!("period không phải là một kỳ của biểu này ({}): từ ngày đầu đến ngày cuối.", kind.word()),
            format!("period is none of this form ({}): from its first day to its last.", kind.word()),
        )
    })
}

/// A day of FHIR's `dateTime`: a year or a month alone is its first or last day.
fn day(text: &str, last: bool) -> Option<Date> {
    let date = text.split('T').next().unwrap_or_default();
    match date.len() {
        10 => date.parse().ok(),
        7 => {
            let first: Date = format!("{date}-01").parse().ok()?;
            Some(if last { first.last_of_month() } else { first })
        }
        4 => {
            let first: Date = format!("{date}-01-01").parse().ok()?;
            Some(if last { first.last_of_year() } else { first })
        }
        _ => None,
    }
}

/// The code of the place: of what the report is about, else of who reports.
fn place_of(report: &MeasureReport<'_>, fhir: &Fhir) -> Result<Box<str>, Wrong> {
    fn said<'r>(of: &'r Reference<'_>) -> impl Iterator<Item = &'r str> {
        let identifier = of.identifier.as_ref().and_then(|identifier| identifier.value.as_deref());
        let reference = of.reference.as_deref();
        let last = reference.and_then(|reference| reference.rsplit('/').next());
        [identifier, reference, last].into_iter().flatten().filter(|said| !said.is_empty())
    }
    let all = [&report.subject, &report.reporter];
    let named: Vec<&str> = all.into_iter().flatten().flat_map(said).collect();
    if let Some(place) = named.iter().find_map(|said| fhir.places.get(*said)) {
        return Ok(place.as_str().into());
    }
    let is_code = |said: &&str| !said.contains('/');
    named.into_iter().find(is_code).map(Into::into).ok_or_else(|| {
        Wrong::new(
            Rule::Missing,
            "",
            "Thiếu subject và reporter: không rõ địa bàn. Ví dụ đúng: \"subject\": {\"identifier\": {\"value\": \"25486\"}}.",
            "subject and reporter are missing: the place is not known. A right one: \"subject\": {\"identifier\": {\"value\": \
             \"25486\"}}.",
        )
    })
}

/// What is read of a report.
struct Reading<'f> {
    form: &'f Form,
    fhir: &'f Fhir,
    dimensions: Vec<(&'f str, &'f [Member])>,
    period: Period,
    place: Box<str>,
    said: Said,
    /// Populations that the form does not have: each is told of once.
    unknown: BTreeSet<String>,
}

/// Strata that are the parts of an indicator.
type Parts<'g, 'm> = Vec<(String, Box<[u32]>, &'g Stratum<'m>)>;

impl<'f> Reading<'f> {
    fn group(&mut self, at: usize, group: &Group<'_>) {
        let codes = group.code.as_ref().map(Concept::codes).unwrap_or_default();
        let here = format!("group[{at}]");
        for (number, population) in group.population.iter().flatten().enumerate() {
            let at = format!("{here}.population[{number}]");
            let own = population.code.as_ref().map(Concept::codes).unwrap_or_default();
            if let Some((key, of)) = self.of(&at, &codes, &own) {
                self.population(&at, group, &here, population, &key, of);
            }
        }
        if group.measure_score.is_some() {
            let at = format!("{here}.measureScore");
            if let Some((_, of)) = self.of(&at, &codes, &[SCORE]) {
                self.score(&at, group, &here, of);
            }
        }
    }

    /// What a population of a group is in the form, and its own code.
    fn of(&mut self, at: &dyn Display, group: &[&str], own: &[&str]) -> Option<(String, &'f Mapped)> {
        for code in own {
            let keys = group.iter().map(|group| format!("{group}/{code}"));
            let alone = group.is_empty().then(|| (*code).to_owned());
            let found = keys.chain(alone).find_map(|key| self.fhir.populations.get(&key));
            if let Some(found) = found {
                return Some(((*code).to_owned(), found));
            }
        }
        let called = format!(
            "{}/{}",
            group.first().copied().unwrap_or_default(),
            own.first().copied().unwrap_or_default()
        );
        if self.unknown.len() < UNKNOWN_MAX && self.unknown.insert(called.clone()) {
            let told = (
                format!("Biểu {} không có nhóm dân số này: không lưu.", self.form.id),
                format!("Form {} has no such population: it is not kept.", self.form.id),
            );
            self.said.find(Weight::Warning, Rule::Surplus, at, &called, told);
        }
        None
    }

    fn population(
        &mut self,
        at: &str,
        group: &Group<'_>,
        here: &str,
        population: &Population<'_>,
        code: &str,
        of: &'f Mapped,
    ) {
        if of.by.is_empty() {
            let members = self.members(of, &[]);
            let value = count(population);
            return self.cell(at, of, members, value);
        }
        let Some(parts) = self.parts(at, group, here, of) else { return };
        let mut sum = Some(Decimal::ZERO);
        for (at, members, stratum) in parts {
            let own =
                stratum.population.iter().flatten().enumerate().find(|(_, one)| {
                    one.code.as_ref().is_some_and(|concept| concept.codes().contains(&code))
                });
            let Some((number, own)) = own else {
                self.said.reject(&at, no_population());
                sum = None;
                continue;
            };
            let value = count(own);
            let counts = value.as_ref().ok().and_then(|(value, _)| value.counts());
            sum = sum.zip(counts).and_then(|(sum, counts)| sum.checked_add(counts));
            self.cell(&format!("{at}.population[{number}]"), of, members, value);
        }
        let whole = count(population).ok().and_then(|(value, _)| value.counts());
        if let Some((sum, whole)) = sum.zip(whole)
            && sum != whole
        {
            self.said.reject(
                &at,
                Wrong::new(
                    Rule::Total,
                    &whole.to_string(),
                    format!("Tổng các phân tổ là {sum}, khác số của cả nhóm."),
                    format!("The strata add up to {sum}, the whole group says another number."),
                ),
            );
        }
    }

    fn score(&mut self, at: &str, group: &Group<'_>, here: &str, of: &'f Mapped) {
        if of.by.is_empty() {
            let members = self.members(of, &[]);
            return self.cell(at, of, members, score(group.measure_score.as_ref()));
        }
        for (at, members, stratum) in self.parts(at, group, here, of).unwrap_or_default() {
            self.cell(&format!("{at}.measureScore"), of, members, score(stratum.measure_score.as_ref()));
        }
    }

    /// The strata by the columns of an indicator; none where no stratifier is by them, which is told.
    fn parts<'g, 'm>(
        &mut self,
        at: &str,
        group: &'g Group<'m>,
        here: &str,
        of: &'f Mapped,
    ) -> Option<Parts<'g, 'm>> {
        let mut parts: Parts<'g, 'm> = Vec::new();
        for (number, stratifier) in group.stratifier.iter().flatten().enumerate() {
            let codes = stratifier.codes();
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            for (which, stratum) in stratifier.stratum.iter().flatten().enumerate() {
                let at = format!("{here}.stratifier[{number}].stratum[{which}]");
                let said = self.stratum_says(&codes, stratum);
                let columns: BTreeSet<&str> = said.iter().map(|(column, _)| *column).collect();
                if columns != of.by.iter().map(String::as_str).collect() || columns.len() != said.len() {
                    continue;
                }
                match self.known(&said) {
                    Ok(known) => parts.push((at, self.members(of, &known), stratum)),
                    Err(wrong) => {
                        self.said.reject(&at, wrong);
                        return None;
                    }
                }
            }
        }
        if parts.is_empty() {
            let by = of.by.join(", ");
            self.said.reject(
                &at,
                Wrong::new(
                    Rule::Missing,
                    "",
                    format!(
                        "Biểu chia chỉ tiêu này theo {by}, nhưng nhóm không có phân tổ (stratifier) theo đó."
                    ),
                    format!("The form breaks this down by {by}, and the group has no stratifier by that."),
                ),
            );
            return None;
        }
        Some(parts)
    }

    /// Columns of the form, and the codes that a stratum says of them.
    fn stratum_says<'g>(&self, codes: &[&str], stratum: &'g Stratum<'_>) -> Vec<(&'f str, Vec<&'g str>)> {
        let column = |codes: &[&str]| {
            codes.iter().find_map(|code| self.fhir.stratifiers.get(*code)).map(String::as_str)
        };
        let values = |value: &'g Option<Concept<'_>>| value.as_ref().map(Concept::codes).unwrap_or_default();
        match stratum.component.as_deref() {
            Some(components) if !components.is_empty() => components
                .iter()
                .filter_map(|component| {
                    let codes = component.code.as_ref().map(Concept::codes).unwrap_or_default();
                    Some((column(&codes)?, values(&component.value)))
                })
                .collect(),
            _ => column(codes).map(|column| (column, values(&stratum.value))).into_iter().collect(),
        }
    }

    /// The members that codes mean.
    fn known(&self, said: &[(&'f str, Vec<&str>)]) -> Result<Vec<(&'f str, &'f str)>, Wrong> {
        let member = |(column, codes): &(&'f str, Vec<&str>)| {
            let (_, members) = self.dimensions.iter().find(|(id, _)| id == column)?;
            let own = self.fhir.codes.get(*column);
            codes.iter().find_map(|code| {
                let meant = own.and_then(|own| own.get(*code)).map_or(*code, String::as_str);
                members.iter().find(|member| member.id == meant).map(|member| (*column, member.id.as_str()))
            })
        };
        said.iter()
            .map(|one| {
                member(one).ok_or_else(|| {
                    Wrong::new(
                        Rule::Invalid,
                        one.1.first().copied().unwrap_or_default(),
                        format!("Cột '{}' của biểu không có mã này.", one.0),
                        format!("The form's column '{}' has no such code.", one.0),
                    )
                })
            })
            .collect()
    }

    fn members(&self, of: &'f Mapped, parts: &[(&str, &str)]) -> Box<[u32]> {
        let said = |id: &str| {
            let part = parts.iter().find(|(column, _)| *column == id).map(|(_, member)| *member);
            part.or_else(|| of.of.get(id).map(String::as_str))
        };
        let number = |(id, all): &(&str, &[Member])| {
            let at = said(id).and_then(|said| all.iter().position(|member| member.id == said));
            at.and_then(|at| u32::try_from(at).ok()).unwrap_or(WHOLE)
        };
        self.dimensions.iter().map(number).collect()
    }

    fn cell(&mut self, at: &str, of: &Mapped, members: Box<[u32]>, value: Result<(Value, String), Wrong>) {
        match value {
            Ok((value, as_sent)) => self.said.cells.push(SaidCell {
                at: at.into(),
                indicator: Name::new(&of.indicator),
                members,
                place: self.place.clone(),
                period: self.period,
                vintage: self.form.vintage,
                value: Some(value),
                as_sent: as_sent.into(),
            }),
            Err(wrong) => self.said.reject(&at, wrong),
        }
    }
}

fn no_population() -> Wrong {
    Wrong::new(
        Rule::Missing,
        "",
        "Phân tổ không có số của nhóm dân số này.",
        "The stratum says nothing of this population.",
    )
}

/// A count, or why there is none.
fn count(population: &Population<'_>) -> Result<(Value, String), Wrong> {
    if let Some(count) = &population.count {
        return said_number(&scalar(count).unwrap_or_else(|| count.as_raw_str().into()));
    }
    let extensions = population.absent.iter().flat_map(|absent| absent.extension.iter().flatten());
    let mut reasons = extensions.filter(|one| one.url.as_deref() == Some(ABSENT));
    match reasons.find_map(|one| one.value_code.as_deref()) {
        Some("masked") => Ok((Value::without(Mark::Withheld), String::new())),
        Some("unknown" | "asked-unknown" | "temp-unknown" | "not-asked" | "not-performed") => {
            Ok((Value::without(Mark::NotCollected), String::new()))
        }
        _ => Err(Wrong::new(
            Rule::Missing,
            "",
            "Thiếu count. Nếu không có số, hãy ghi lý do bằng data-absent-reason (masked, unknown).",
            "count is missing. Where there is none, say why by data-absent-reason (masked, unknown).",
        )),
    }
}

fn score(quantity: Option<&Quantity<'_>>) -> Result<(Value, String), Wrong> {
    match quantity.and_then(|quantity| quantity.value.as_ref()) {
        Some(value) => said_number(&scalar(value).unwrap_or_else(|| value.as_raw_str().into())),
        None => Err(Wrong::new(
            Rule::Missing,
            "",
            "Thiếu giá trị của measureScore.",
            "measureScore has no value.",
        )),
    }
}

fn said_number(text: &str) -> Result<(Value, String), Wrong> {
    let read = number(text).ok_or_else(|| {
        Wrong::new(
            Rule::Invalid,
            text,
            "Không phải là số. Ví dụ đúng: 1204.",
            "Not a number. A right one: 1204.",
        )
    })?;
    let as_sent = if read.to_string() == text { "" } else { text };
    Ok((Value::of(read), as_sent.to_owned()))
}

//! What stands above a table and in the name of its file: of which period, of which place, in which unit.
//!
//! All that says the period must agree: a clerk begins November from October's file and forgets its title. What does not
//! agree is filed as nobody's month.

use ioc_model::{
    form::{Period, PeriodKind, Rule, Vintage, Weight},
    name::Name,
    time::Millis,
};

use super::{
    Message,
    draft::Reading,
    findings::{Spot, said},
    header::{self, Layout},
    said_period::{self, Said},
    spelling::{plain, spelled},
};
use crate::grid::Sheet;

/// So many texts above a table are read.
const TEXTS_MAX: usize = 400;
/// What stands before the name of who reports.
const BY: [&str; 4] = ["don vi:", "don vi bao cao:", "co quan bao cao:", "noi bao cao:"];
/// What stands before the unit of all numbers.
const IN_UNIT: [&str; 3] = ["don vi tinh:", "dvt:", "đvt:"];
/// A code of a commune.
const CODE_DIGITS: usize = 5;

/// A text above a table, and where it stands.
#[derive(Debug)]
pub(super) struct Above {
    pub(super) spot: Spot,
    pub(super) text: String,
}

/// The texts above a table.
pub(super) fn above(at: u32, sheet: &Sheet, layout: &Layout) -> Vec<Above> {
    let rows = sheet.rows[..layout.titles].iter();
    let cells = rows.flat_map(|row| row.cells.iter().map(move |(column, cell)| (row.number, *column, cell)));
    let text = |(row, column, cell)| {
        let text = header::text(cell).trim();
        (!text.is_empty()).then(|| Above { spot: Spot::Cell(at, row, column), text: text.to_owned() })
    };
    cells.filter_map(text).take(TEXTS_MAX).collect()
}

/// Which period a message is of.
#[derive(Debug)]
pub(super) struct Dated {
    /// The one that is said; none where none is, or several.
    pub(super) said: Option<Period>,
    /// The one that the rest is judged by.
    pub(super) by: Period,
    /// Whether the name of the file alone says it.
    pub(super) is_by_name: bool,
}

/// Which place a message is of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlaceSaid {
    pub(super) place: Option<u32>,
    /// Whether the name of the file alone says it.
    pub(super) is_by_name: bool,
}

impl Reading<'_> {
    /// The period that titles and the file's name say.
    pub(super) fn dated(&mut self, message: &Message<'_>, above: &[Above], has_column: bool) -> Dated {
        let kind = self.form.form.period;
        let mut periods: Vec<(Period, Spot)> = Vec::new();
        for Above { spot, text } in above {
            for found in said_period::in_title(text, kind) {
                match found {
                    Said::Period(period) if periods.iter().all(|(other, _)| *other != period) => {
                        periods.push((period, *spot));
                    }
                    Said::Period(_) => {}
                    Said::Other(start, end) => {
                        let right =
                            Period::holding(kind, end).map(|period| period.label()).unwrap_or_default();
                        self.is_refused = true;
                        self.findings.at(
                            Weight::Error,
                            Rule::Period,
                            *spot,
                            text,
                            said(
                                format!("Từ {start} đến {end} không phải là một kỳ của biểu này (kỳ gần nhất: {right})."),
                                format!("From {start} to {end} is no period of this form (the nearest is {right})."),
                            ),
                        );
                    }
                }
            }
        }
        let by_name = said_period::in_file_name(message.address, kind);
        let by_title = periods.first().map(|(period, _)| *period);
        let labels = || periods.iter().map(|(period, _)| period.label()).collect::<Vec<_>>().join(", ");
        let today = Period::holding(kind, message.today)
            .or_else(|| Period::of(kind, message.today.year(), 1))
            .unwrap_or(Period { start: message.today, end: message.today, kind });
        let by = by_title.or(by_name).unwrap_or(today);
        let example = today.previous().unwrap_or(today).label();
        let refused = |reading: &mut Self, spot, stands: &str, vi: String, en: String| {
            reading.is_refused = true;
            reading.findings.at(Weight::Error, Rule::Period, spot, stands, said(vi, en));
            Dated { said: None, by, is_by_name: false }
        };
        if periods.len() > 1 {
            let all = labels();
            return refused(
                self,
                periods[1].1,
                &all,
                format!("Tiêu đề ghi nhiều kỳ khác nhau ({all}). Mỗi tệp chỉ một kỳ."),
                format!("Titles say several periods ({all}). A file is of one period."),
            );
        }
        if let (Some(title), Some(name)) = (by_title, by_name)
            && title != name
        {
            let (title, name) = (title.label(), name.label());
            return refused(
                self,
                periods[0].1,
                &title,
                format!(
                    "Tiêu đề ghi kỳ {title}, tên tệp ghi kỳ {name}: không rõ kỳ nào đúng. Hãy sửa tiêu đề hoặc tên tệp rồi gửi lại."
                ),
                format!(
                    "The title says {title}, the name of the file {name}: which is meant cannot be known. Correct the title or the name and send it again."
                ),
            );
        }
        if self.is_refused {
            return Dated { said: None, by, is_by_name: false };
        }
        if by_title.or(by_name).is_none() && !has_column {
            return refused(
                self,
                Spot::Whole,
                "",
                format!(
                    "Tệp không ghi kỳ báo cáo. Hãy ghi kỳ trong tiêu đề, hoặc trong tên tệp, ví dụ {example}."
                ),
                format!(
                    "The file does not say its period. Write it into the title, or into the name of the file, such as {example}."
                ),
            );
        }
        Dated { said: by_title.or(by_name), by, is_by_name: by_title.is_none() }
    }

    /// Tells of a period that lies ahead, or so far back that nobody means it.
    pub(super) fn is_timely(&mut self, message: &Message<'_>, period: Period, vintage: Vintage) {
        let label = period.label();
        let estimates = vintage == Vintage::Estimate;
        let is_of_school = matches!(period.kind, PeriodKind::SchoolYear | PeriodKind::SchoolRound);
        let (weight, vi, en) = match () {
            () if period.start > message.today => (
                if estimates { Weight::Warning } else { Weight::Error },
                format!("Kỳ {label} chưa bắt đầu (hôm nhận: {}).", message.today),
                format!("The period {label} has not begun (received on {}).", message.today),
            ),
            // Schools are counted at the beginning of what they are counted for.
            () if period.end > message.today && !estimates && !is_of_school => (
                Weight::Warning,
                format!("Kỳ {label} chưa kết thúc: đến {} mới hết kỳ.", period.end),
                format!("The period {label} is not over: it ends on {}.", period.end),
            ),
            () if period.end < message.oldest => (
                Weight::Error,
                format!("Kỳ {label} đã quá xa, nguồn này không nhận nữa."),
                format!("The period {label} lies so far back that this feed does not take it."),
            ),
            () => return,
        };
        self.is_refused |= weight == Weight::Error;
        self.findings.at(weight, Rule::Time, Spot::Whole, &label, said(vi, en));
    }

    /// The place that titles or the file's name say.
    pub(super) fn place_said(&mut self, message: &Message<'_>, above: &[Above], period: Period) -> PlaceSaid {
        let mut found: Vec<(u32, Spot)> = Vec::new();
        for Above { spot, text } in above {
            let by = said_by(text);
            let mut codes = codes(text);
            codes.retain(|code| self.forms.places.knows(code));
            for code in &codes {
                match self.place_of_code(code, period) {
                    Ok(at) => found.push((at, *spot)),
                    // A number of a title may be another thing; that of who reports is not.
                    Err((vi, en)) if by.is_some() => {
                        self.is_refused = true;
                        self.findings.at(Weight::Error, Rule::UnknownPlace, *spot, text, said(vi, en));
                    }
                    Err(_) => {}
                }
            }
            if let Some(name) = by.filter(|_| codes.is_empty()) {
                let places = self.forms.places.named(name, &self.form.form.places, period);
                if let [at] = places[..] {
                    found.push((at, *spot));
                }
            }
        }
        found.dedup_by_key(|(at, _)| *at);
        let name = message.address.rsplit(['/', '\\']).next().unwrap_or_default();
        let by_name: Vec<u32> =
            codes(name).iter().filter_map(|code| self.place_of_code(code, period).ok()).collect();
        match (&found[..], &by_name[..]) {
            ([(at, spot)], [other]) if at != other => {
                let code = |at: &u32| self.forms.places.unit(*at).code;
                let (title, name) = (code(at), code(other));
                self.is_refused = true;
                self.findings.at(
                    Weight::Error,
                    Rule::UnknownPlace,
                    *spot,
                    &title,
                    said(
                        format!("Tiêu đề ghi địa bàn {title}, tên tệp ghi {name}. Hãy sửa cho khớp rồi gửi lại."),
                        format!("The title is of {title}, the name of the file of {name}. Correct one of them and send it again."),
                    ),
                );
                PlaceSaid::default()
            }
            ([(at, _)], _) => PlaceSaid { place: Some(*at), is_by_name: false },
            ([], [at]) => PlaceSaid { place: Some(*at), is_by_name: true },
            _ => PlaceSaid::default(),
        }
    }

    /// The agency that titles say.
    pub(super) fn agency_said(&self, above: &[Above]) -> Option<Name> {
        above
            .iter()
            .find_map(|Above { text, .. }| self.forms.agency_names.get(&spelled(said_by(text)?)).copied())
    }

    /// The unit that stands above a table: behind what says so, or by itself.
    pub(super) fn unit_said(&mut self, above: &[Above]) -> String {
        for Above { spot, text } in above {
            let known = |unit: &str| self.form.indicators.iter().any(|one| one.factor(unit).is_some());
            let told = after(text, &IN_UNIT);
            let unit = told.unwrap_or(text).trim().trim_matches(['(', ')']);
            if known(unit) {
                return unit.to_owned();
            }
            if told.is_some_and(|unit| !unit.trim().is_empty()) {
                self.is_refused = true;
                let units = self.form.indicators.iter().map(|one| one.unit_names()).collect::<Vec<_>>();
                let mut units = units;
                units.sort();
                units.dedup();
                let units = crate::contract::legible(&units.join(", "), 200);
                self.findings.at(
                    Weight::Error,
                    Rule::Unit,
                    *spot,
                    text,
                    said(
                        format!("Biểu không có đơn vị tính này (các đơn vị: {units})."),
                        format!("The form has no such unit (there are: {units})."),
                    ),
                );
            }
        }
        String::new()
    }
}

/// Whom a text says that the report is by.
pub(super) fn said_by(text: &str) -> Option<&str> {
    after(text, &BY).map(str::trim).filter(|name| !name.is_empty())
}

/// What a text says is the unit of all numbers.
pub(super) fn said_unit(text: &str) -> Option<&str> {
    after(text, &IN_UNIT).map(str::trim)
}

/// What stands behind one of these beginnings.
fn after<'t>(text: &'t str, beginnings: &[&str]) -> Option<&'t str> {
    let (before, rest) = text.split_once(':')?;
    let before = format!("{}:", plain(before));
    beginnings.contains(&before.as_str()).then_some(rest)
}

/// Numbers of five digits.
pub(super) fn codes(text: &str) -> Vec<&str> {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    let mut codes: Vec<&str> = runs.filter(|run| run.len() == CODE_DIGITS).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The day so long before another.
pub(super) fn days_before(day: ioc_model::place::Date, age: Millis) -> ioc_model::place::Date {
    const DAY: i64 = 86_400_000;
    let days = jiff::Span::new().try_days(age.0 / DAY);
    days.ok().and_then(|days| day.checked_sub(days).ok()).unwrap_or(ioc_model::place::Date::MIN)
}

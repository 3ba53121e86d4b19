//! Days of a list: whether a column of them is one, and in which order they lie.

use ioc_model::{
    form::{Rule, Weight},
    place::Date,
};

use super::{
    super::{
        Message,
        draft::Reading,
        findings::{Found, Spot, said},
        keys::Laid,
        said_period,
        values::stands,
    },
    Row,
};
use crate::{
    contract::legible,
    grid::{Content, GridCell, Sheet},
};

/// From this day of a month on no month is meant.
const MONTHS: i8 = 12;

/// A day as a cell says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Day {
    /// Nothing.
    Blank,
    /// The spreadsheet made a day of it.
    Made(Date),
    /// A text, day before month.
    Typed(Date),
    /// A text with the month first.
    MonthFirst,
    /// No day.
    Not,
}

impl Day {
    pub(super) fn of(cell: Option<&GridCell>) -> Day {
        let Some(cell) = cell else { return Day::Blank };
        match &cell.content {
            Content::Date(moment) => Day::Made(moment.date()),
            Content::Text(text) if text.trim().is_empty() => Day::Blank,
            Content::Text(text) => match said_period::in_text(text) {
                Some(Ok(day)) => Day::Typed(day),
                Some(Err(_)) => Day::MonthFirst,
                None => Day::Not,
            },
            _ => Day::Not,
        }
    }

    pub(super) fn date(self) -> Option<Date> {
        match self {
            Day::Made(date) | Day::Typed(date) => Some(date),
            Day::Blank | Day::MonthFirst | Day::Not => None,
        }
    }
}

/// A day with day and month exchanged; none where there is no such month.
fn exchanged(date: Date) -> Option<Date> {
    Date::new(date.year(), date.day(), date.month()).ok()
}

impl Reading<'_> {
    /// Judges a column of days; whether it is one.
    pub(super) fn days(
        &mut self,
        laid: &Laid<'_>,
        message: &Message<'_>,
        rows: &[Row],
        (at, column): (usize, usize),
        sheet: &Sheet,
    ) -> bool {
        let made = || {
            rows.iter().filter_map(|row| match row.days[at] {
                Day::Made(date) => Some((row.number, date)),
                _ => None,
            })
        };
        let typed = || {
            rows.iter().filter_map(|row| match row.days[at] {
                Day::Typed(date) => Some(date),
                _ => None,
            })
        };
        // The first column of days says whether a row is of the period at all.
        let is_first = at == 0;
        let is_right = |date: Date| date <= message.today && (!is_first || laid.period.holds(date));
        let lies_within = |date: Date| date <= message.today && laid.period.holds(date);
        let all_exchanged = made().next().is_some() && made().all(|(_, date)| exchanged(date).is_some());
        let exchanged_lie_within =
            all_exchanged && made().all(|(_, date)| exchanged(date).is_some_and(lies_within));
        let is_mixed = typed().next().is_some() && typed().all(|date| date.day() > MONTHS) && all_exchanged;
        let some_are_wrong = made().any(|(_, date)| !is_right(date));
        if exchanged_lie_within && (is_mixed || some_are_wrong) {
            let column_name = &self.form.columns[column].name;
            let (vi, en) = match is_mixed {
                true => (", các ô khác là văn bản", ", the other cells are text"),
                false => ("", ""),
            };
            let message = said(
                format!(
                    "Cột '{}': các ô này là ngày do bảng tính đổi{vi}; đổi chỗ ngày và tháng thì tất cả nằm trong kỳ. Máy tính đặt \
                     tháng trước ngày. Hãy định dạng cột là Văn bản (Text) rồi gõ ngày/tháng/năm, ví dụ {{right}}.",
                    column_name.vi
                ),
                format!(
                    "Column '{}': these cells are dates that the spreadsheet made{en}; with day and month exchanged all of them lie \
                     in the period. The computer has the month before the day. Format the column as text and type day/month/year, \
                     such as {{right}}.",
                    column_name.en
                ),
            );
            for (row, date) in made() {
                let right = exchanged(date).map(shown).unwrap_or_default();
                let stands = stands_at(sheet, row, laid, column);
                let spot = self.spot(laid, row, column);
                self.wrong_day(Rule::DayAndMonth, spot, &stands, message.clone(), right);
            }
            return false;
        }
        for row in rows {
            let spot = self.spot(laid, row.number, column);
            let stands = || stands_at(sheet, row.number, laid, column);
            match row.days[at] {
                Day::Made(date) | Day::Typed(date) if !is_right(date) => {
                    let (from, to) = (shown(laid.period.start), shown(laid.period.end.min(message.today)));
                    let message = match is_first {
                        true => said(
                            format!("Ngày nằm ngoài kỳ báo cáo (từ {from} đến {to})."),
                            format!("The day lies outside of the period (from {from} to {to})."),
                        ),
                        false => said("Ngày chưa tới.", "The day has not come yet."),
                    };
                    self.wrong_day(Rule::Time, spot, &stands(), message, String::new());
                }
                Day::MonthFirst => {
                    let message = said(
                        "Không có ngày này: hãy gõ ngày trước tháng, ví dụ {right}.",
                        "There is no such day: type the day before the month, such as {right}.",
                    );
                    self.wrong_day(Rule::DayAndMonth, spot, &stands(), message, shown(laid.period.end));
                }
                Day::Not => {
                    let message =
                        said("Không phải là ngày. Ví dụ đúng: {right}.", "Not a day. A right one: {right}.");
                    self.wrong_day(Rule::Invalid, spot, &stands(), message, shown(laid.period.end));
                }
                Day::Blank if self.form.columns[column].required => {
                    let message = said(
                        "Chưa điền ngày. Ví dụ đúng: {right}.",
                        "The day is not filled in. A right one: {right}.",
                    );
                    self.wrong_day(Rule::Missing, spot, "", message, shown(laid.period.end));
                }
                Day::Made(_) | Day::Typed(_) | Day::Blank => {}
            }
        }
        true
    }

    fn wrong_day(
        &mut self,
        rule: Rule,
        spot: Spot,
        stands: &str,
        message: ioc_model::text::Text,
        right: String,
    ) {
        self.is_refused = true;
        let stands = legible(stands, 60);
        self.findings.add(Found { weight: Weight::Error, rule, spot, stands, message, right });
    }

    /// What is counted by days has them in their order.
    pub(super) fn in_order(&mut self, laid: &Laid<'_>, rows: &[Row], days: &[usize], are_days: &[bool]) {
        let place = |column: usize| days.iter().position(|day| *day == column);
        let form = self.form;
        let mut pairs: Vec<(usize, usize)> = form
            .indicators
            .iter()
            .filter_map(|one| one.counts?.within.map(|(from, to, _)| (from, to)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        for (from, to) in pairs {
            let (Some(first), Some(second)) = (place(from), place(to)) else { continue };
            if !are_days[first] || !are_days[second] {
                continue;
            }
            for row in rows {
                if let (Some(earlier), Some(later)) = (row.days[first].date(), row.days[second].date())
                    && later < earlier
                {
                    let (vi, en) = (&form.columns[from].name.vi, &form.columns[from].name.en);
                    let message =
                        said(format!("Ngày này trước '{vi}'."), format!("The day lies before '{en}'."));
                    let spot = self.spot(laid, row.number, to);
                    self.wrong_day(Rule::Time, spot, &shown(later), message, String::new());
                }
            }
        }
    }
}

fn shown(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())
}

fn stands_at(sheet: &Sheet, row: u32, laid: &Laid<'_>, column: usize) -> String {
    let at = laid.layout.columns[column].as_ref().map(|column| column.at);
    let row = sheet.rows.binary_search_by_key(&row, |row| row.number).ok().map(|at| &sheet.rows[at]);
    let cell = row.zip(at).and_then(|(row, at)| {
        row.cells.binary_search_by_key(&at, |(column, _)| *column).ok().map(|at| &row.cells[at].1)
    });
    cell.map(stands).unwrap_or_default()
}

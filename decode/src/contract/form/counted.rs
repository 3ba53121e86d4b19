//! Lists of which each row tells of one thing, such as a case of a disease: rows are counted.
//!
//! A clerk types 05/11/2026 for 5 November on a computer that is set to month before day. The spreadsheet makes 11 May of
//! it and shows `5/11/2026`, so that nothing looks wrong; 13/11/2026 can be no such day and stays a text. The column then
//! holds two kinds of cell, texts that are right and days that are wrong, and whoever takes each as it is counts an
//! epidemic in months that are closed. So days are judged by the column: a column that shows this is refused whole, in one
//! sentence.

use ioc_model::{
    form::{Rule, Value, Weight},
    place::Date,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::{
    Message,
    draft::{Added, Draft, Reading, Written},
    findings::{Found, Spot, said},
    keys::{Laid, RowCells, Telling},
    rows::SheetRead,
    rules::ColumnRole,
    said_period,
    values::{content, stands},
};
use crate::{
    contract::legible,
    grid::{Content, GridCell, Sheet},
};

/// From this day of a month on no month is meant.
const MONTHS: i8 = 12;

/// A day as a cell says it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Day {
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
    fn of(cell: Option<&GridCell>) -> Day {
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

    fn date(self) -> Option<Date> {
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

/// A row that is counted.
struct Row {
    number: u32,
    about: u32,
    /// By the form's columns of days.
    days: Vec<Day>,
}

impl Reading<'_> {
    /// Reads the rows of a sheet and counts them.
    pub(super) fn counted(&mut self, sheet: &Sheet, laid: &Laid<'_>, message: &Message<'_>) -> SheetRead {
        let form = self.form;
        let columns = |is: fn(&ColumnRole) -> bool| {
            let all = form.columns.iter().enumerate().filter(move |(_, column)| is(&column.role));
            all.map(|(at, _)| at).collect::<Vec<usize>>()
        };
        let days = columns(|role| matches!(role, ColumnRole::Date));
        let ids = columns(|role| matches!(role, ColumnRole::Id));
        let mut read = SheetRead::default();
        let mut rows: Vec<Row> = Vec::new();
        let mut known: FxHashMap<String, u32> = FxHashMap::default();
        let mut cells: Vec<Option<&GridCell>> = vec![None; form.columns.len()];
        for row in sheet.rows.iter().skip(laid.layout.body) {
            for (cell, column) in cells.iter_mut().zip(&laid.layout.columns) {
                let own =
                    column.as_ref().map(|column| row.cells.binary_search_by_key(&column.at, |(at, _)| *at));
                *cell = own.and_then(Result::ok).map(|at| &row.cells[at].1);
            }
            let row_cells = RowCells { number: row.number, cells: &cells };
            if !days.iter().chain(&ids).any(|column| row_cells.filled(*column).is_some()) {
                continue;
            }
            let Some(key) = self.row_key(laid, row_cells, &Telling::Loud) else {
                self.uncounted();
                continue;
            };
            let about = self.number(key.about);
            if row.hidden {
                read.hidden.push(row.number);
            }
            if let Some((column, id)) = ids.iter().find_map(|column| {
                let id = row_cells.filled(*column).map(|cell| content(cell).trim().to_lowercase())?;
                (!id.is_empty()).then_some((*column, id))
            }) && let Some(before) = known.insert(id, row.number)
            {
                self.twice(self.spot(laid, row.number, column), before);
            }
            rows.push(Row {
                number: row.number,
                about,
                days: days.iter().map(|column| Day::of(row_cells.filled(*column))).collect(),
            });
        }
        let mut are_days = vec![true; days.len()];
        for (at, column) in days.iter().enumerate() {
            are_days[at] = self.days(laid, message, &rows, (at, *column), sheet);
        }
        self.in_order(laid, &rows, &days, &are_days);
        self.count(laid, &rows, &days, &mut read.added);
        read
    }

    /// A row that cannot be counted makes every number wrong that it would be part of.
    fn uncounted(&mut self) {
        self.rejected += 1;
        self.has_unknown_rows = true;
        self.is_refused = true;
    }

    fn twice(&mut self, spot: Spot, before: u32) {
        self.is_refused = true;
        self.findings.add(Found {
            weight: Weight::Error,
            rule: Rule::Twice,
            spot,
            stands: String::new(),
            message: said(
                "Mã này đã có ở hàng {right}: mỗi trường hợp chỉ ghi một hàng.",
                "This code stands in row {right}, too: each case has one row.",
            ),
            right: before.to_string(),
        });
    }

    /// Judges a column of days; whether it is one.
    fn days(
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
    fn in_order(&mut self, laid: &Laid<'_>, rows: &[Row], days: &[usize], are_days: &[bool]) {
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

    /// A cell of each indicator for all rows that are about the same.
    fn count(&mut self, laid: &Laid<'_>, rows: &[Row], days: &[usize], added: &mut Added) {
        let mut of: FxHashMap<u32, Vec<&Row>> = FxHashMap::default();
        for row in rows {
            of.entry(row.about).or_default().push(row);
        }
        let column =
            self.column(|role| matches!(role, ColumnRole::Place | ColumnRole::PlaceName | ColumnRole::Id));
        let mut groups: Vec<(u32, Vec<&Row>)> = of.into_iter().collect();
        groups.sort_by_key(|(_, rows)| rows[0].number);
        for (about, rows) in groups {
            let at = self.called_rows(laid, rows.iter().map(|row| row.number), column);
            for indicator in 0..self.form.indicators.len() {
                let Some(counts) = self.form.indicators[indicator].counts else { continue };
                let is_counted = |row: &&&Row| match counts.within {
                    None => true,
                    Some((from, to, within)) => {
                        let day = |column: usize| {
                            days.iter().position(|day| *day == column).and_then(|at| row.days[at].date())
                        };
                        let between = day(from).zip(day(to)).and_then(|(from, to)| to.since(from).ok());
                        between.is_some_and(|span| (0..=i32::from(within)).contains(&span.get_days()))
                    }
                };
                let count = rows.iter().filter(is_counted).count();
                let draft = Draft {
                    about,
                    indicator: u32::try_from(indicator).unwrap_or(u32::MAX),
                    spot: column.map_or(Spot::Row(laid.sheet, rows[0].number), |column| {
                        self.spot(laid, rows[0].number, column)
                    }),
                    value: Value::of(Decimal::from(count)),
                    vintage: self.form.form.vintage,
                    as_sent: Box::default(),
                    note: Box::default(),
                    written: Written::Plain,
                    is_bad: false,
                    rows: Some(at.clone().into()),
                };
                self.put(draft, added);
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

#[cfg(test)]
mod tests {
    use ioc_model::form::Finding;

    use super::*;
    use crate::{
        contract::form::{
            Forms, Judged, judge,
            tests::{sheet, with_forms},
        },
        grid::Workbook,
    };

    const LIST: &str = r#"
[list]
name = { vi = "Ca bệnh", en = "Cases" }
period = "month"
owner = "place"
places = { kinds = ["commune", "ward"], below = ["80"] }
columns = [
    { id = "case", role = "id", name = { vi = "Mã ca", en = "Case" } },
    { id = "place", role = "place", name = { vi = "Mã xã", en = "Code" }, required = true },
    { id = "from", role = "date", name = { vi = "Mắc", en = "Fell ill" }, required = true },
    { id = "to", role = "date", name = { vi = "Báo", en = "Reported" } },
]

[list.indicators.cases]
name = { vi = "Số ca", en = "Cases" }
unit = "ca"
counts = { rows = true }

[list.indicators.in_time]
name = { vi = "Đúng hạn", en = "In time" }
unit = "ca"
counts = { from = "from", to = "to", within_days = 2 }
"#;

    /// A day that a spreadsheet made is written with a `#`.
    fn listed(rows: &[[&str; 4]]) -> Judged {
        let mut table: Vec<&[&str]> = vec![&["tháng 10/2026"], &["Mã ca", "Mã xã", "Mắc", "Báo"]];
        table.extend(rows.iter().map(|row| &row[..]));
        let mut sheet = sheet(&table);
        for (_, cell) in sheet.rows.iter_mut().flat_map(|row| &mut row.cells) {
            if let Content::Text(text) = &cell.content
                && let Some(day) = text.strip_prefix('#')
            {
                cell.content = Content::Date(day.parse::<Date>().unwrap().at(0, 0, 0, 0));
            }
        }
        let forms = Forms::of_pack(&with_forms(LIST));
        let message = Message {
            forms: &["list".into()],
            agency: Some("80".into()),
            bound_to: None,
            bound: None,
            address: "a.xlsx",
            asked: None,
            today: jiff::civil::date(2026, 11, 3),
            oldest: jiff::civil::date(2016, 1, 1),
        };
        judge(&forms, &message, Ok(Workbook { sheets: vec![sheet], ..Workbook::default() }))
    }

    fn first(judged: &Judged) -> &Finding {
        judged.findings.first().unwrap_or_else(|| panic!("{judged:?}"))
    }

    #[test]
    fn rows_are_counted_by_what_they_are_about_and_by_days() {
        let judged = listed(&[
            ["a", "25486", "#2026-10-05", "#2026-10-07"],
            ["b", "25486", "30/10/2026", "2/11/2026"],
            ["c", "25489", "31/10/2026", ""],
        ]);
        let cells: Vec<String> = judged
            .cells
            .iter()
            .map(|cell| {
                let number = cell.value.number.unwrap();
                format!("{} {} {number} {}", cell.key.indicator, cell.key.place, cell.at)
            })
            .collect();
        assert_eq!(
            cells,
            [
                "cases 25486 2 T!A3:A4",
                "in_time 25486 1 T!A3:A4",
                "cases 25489 1 T!A5",
                "in_time 25489 0 T!A5"
            ]
        );
    }

    #[test]
    fn a_column_whose_days_and_months_are_exchanged_is_refused_in_one_sentence() {
        let judged = listed(&[
            ["a", "25486", "#2026-05-10", ""],
            ["b", "25486", "#2026-10-10", ""],
            ["c", "25489", "31/10/2026", ""],
        ]);
        let finding = first(&judged);
        assert_eq!((finding.rule, &*finding.at), (Rule::DayAndMonth, "T!C3:C4"));
        assert!(finding.message.en.contains("05/10/2026, 10/10/2026"), "{finding:?}");
        assert_eq!((judged.cells.len(), judged.findings.len()), (0, 1), "{judged:?}");
        // All of them made, none a text: those outside of the period tell it.
        let made = listed(&[["a", "25486", "#2026-05-10", ""], ["b", "25486", "#2026-06-10", ""]]);
        assert_eq!(first(&made).rule, Rule::DayAndMonth);
        // One that cannot be exchanged shows that they are not.
        let mixed = listed(&[["a", "25486", "#2026-05-10", ""], ["b", "25486", "#2026-10-25", ""]]);
        assert_eq!((first(&mixed).rule, &*first(&mixed).at), (Rule::Time, "T!C3"));
    }

    #[test]
    fn a_row_that_cannot_be_counted_refuses_the_list() {
        for (row, rule, at) in [
            (["b", "25486", "30/09/2026", ""], Rule::Time, "T!C4"),
            (["b", "25486", "10/25/2026", ""], Rule::DayAndMonth, "T!C4"),
            (["b", "25486", "hôm qua", ""], Rule::Invalid, "T!C4"),
            (["b", "25486", "", "5/10/2026"], Rule::Missing, "T!C4"),
            (["b", "25486", "5/10/2026", "4/11/2026"], Rule::Time, "T!D4"),
            (["b", "25486", "5/10/2026", "4/10/2026"], Rule::Time, "T!D4"),
            (["A ", "25486", "5/10/2026", ""], Rule::Twice, "T!A4"),
            (["b", "99999", "5/10/2026", ""], Rule::UnknownPlace, "T!B4"),
        ] {
            let judged = listed(&[["a", "25489", "5/10/2026", ""], row]);
            assert_eq!((first(&judged).rule, &*first(&judged).at), (rule, at), "{row:?}");
            assert!(judged.cells.is_empty() && judged.rows >= 1, "{row:?}");
        }
    }
}

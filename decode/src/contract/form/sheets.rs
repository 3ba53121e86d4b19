//! Which sheets of a workbook are of a form, and what becomes of the others.
//!
//! A sheet that is hidden is not read: clerks hide last month's. One that says the same once more is a copy, and no second
//! report. Every other sheet is told of.

use ioc_model::{
    form::{Period, Rule, Weight},
    name::Name,
    pattern,
    text::Text,
};

use super::{
    Message,
    counted::Listed,
    draft::{Added, Reading},
    findings::{Findings, RIGHT, Spot, said},
    header::{self, Head, Layout, Nearest},
    keys::Laid,
    rules::FormRules,
    spelling::spelled,
    titles::{Above, PlaceSaid, above},
};
use crate::{
    contract::{legible, quoted},
    grid::{Sheet, Workbook},
    marked::FOUND,
    template,
};

/// A title stands in one of so many rows, where no header is found.
const TITLE_WITHIN: usize = 12;
/// Of so many cells in each of them, and so many characters of each.
const TITLES_MAX: usize = 40;
const TITLE_MAX: usize = 300;

/// The form of a message, and its sheets.
pub(super) struct Found<'r> {
    pub(super) form: &'r FormRules,
    pub(super) sheets: Vec<(u32, Layout)>,
    pub(super) told: Findings,
}

/// What the sheets of a message say.
#[derive(Debug, Default)]
pub(super) struct SheetsRead {
    pub(super) period: Option<Period>,
    pub(super) place: Option<u32>,
    pub(super) agency: Option<Name>,
    /// What the name of the file alone says of period and place; empty where the sheets say it.
    pub(super) by_name: String,
    /// Whether it is a table that says it.
    pub(super) is_table: bool,
}

/// The form that the sheets are of; what is told instead, if they are of none.
pub(super) fn find<'r>(
    forms: &[&'r FormRules],
    workbook: &Workbook,
    message: &Message<'_>,
) -> Result<Found<'r>, Findings> {
    let mut told = Findings::default();
    let mut found: Vec<(u32, &'r FormRules, Layout)> = Vec::new();
    let mut others: Vec<u32> = Vec::new();
    let mut nearest: Option<(u32, &'r FormRules, Nearest)> = None;
    for (number, sheet) in (0u32..).zip(&workbook.sheets) {
        if sheet.rows.is_empty() {
            continue;
        }
        if sheet.hidden {
            told.at(
                Weight::Note,
                Rule::Hidden,
                Spot::Sheet(number),
                "",
                said("Trang bị ẩn, không được đọc.", "The sheet is hidden and was not read."),
            );
            continue;
        }
        let mut of_sheet: Option<(usize, &'r FormRules, Layout)> = None;
        let head = Head::of(sheet);
        let titles = if forms.len() > 1 { titles(sheet, message) } else { Vec::new() };
        for form in forms.iter().copied() {
            let Some(fits) = titled(form, &titles, forms.len() > 1) else { continue };
            match header::find(&head, form) {
                Ok(layout) if of_sheet.as_ref().is_none_or(|(best, ..)| fits > *best) => {
                    of_sheet = Some((fits, form, layout));
                }
                Ok(_) => {}
                Err(near) => {
                    let lacks = |near: &Nearest| near.missing.len();
                    if nearest.as_ref().is_none_or(|(.., best)| lacks(&near) < lacks(best)) {
                        nearest = Some((number, form, near));
                    }
                }
            }
        }
        match of_sheet {
            Some((_, form, layout)) => found.push((number, form, layout)),
            // What the template says beside its table is no news to whoever sends it back, nor is what was found before.
            None if template::OWN_SHEETS.contains(&sheet.name.as_str()) || sheet.name == FOUND => {}
            None => others.push(number),
        }
    }
    let Some(form) = found.first().map(|(_, form, _)| *form) else {
        unknown(&mut told, forms, nearest);
        return Err(told);
    };
    for number in others {
        told.at(
            Weight::Note,
            Rule::UnknownForm,
            Spot::Sheet(number),
            "",
            said(
                format!("Trang không phải là biểu '{}', không được đọc.", form.form.name.vi),
                format!("The sheet is not of the form '{}' and was not read.", form.form.name.en),
            ),
        );
    }
    let mut sheets = Vec::new();
    for (number, of, layout) in found {
        if of.name == form.name {
            sheets.push((number, layout));
            continue;
        }
        told.at(
            Weight::Error,
            Rule::UnknownForm,
            Spot::Sheet(number),
            "",
            said(
                format!(
                    "Trang là biểu '{}', các trang khác là biểu '{}'. Hãy gửi mỗi biểu trong một tệp.",
                    of.form.name.vi, form.form.name.vi
                ),
                format!(
                    "The sheet is of the form '{}', others are of '{}'. Send each form as a file of its own.",
                    of.form.name.en, form.form.name.en
                ),
            ),
        );
    }
    Ok(Found { form, sheets, told })
}

/// What a sheet may call itself: its name, its file's, what stands above and in its first rows, spelled.
fn titles(sheet: &Sheet, message: &Message<'_>) -> Vec<String> {
    let mut texts: Vec<String> = vec![spelled(&sheet.name), spelled(message.address)];
    for row in sheet.rows.iter().take(TITLE_WITHIN) {
        let cells = row.cells.iter().map(|(_, cell)| header::text(cell)).filter(|text| !text.is_empty());
        let cells: Vec<String> = cells.take(TITLES_MAX).map(|cell| spelled(&shortened(cell))).collect();
        texts.push(cells.join(" "));
        texts.extend(cells);
    }
    texts
}

fn shortened(text: &str) -> String {
    text.chars().take(TITLE_MAX).collect()
}

/// Whether a sheet calls itself by a form, and how closely; where there is only one form it need not.
fn titled(form: &FormRules, titles: &[String], is_one_of_several: bool) -> Option<usize> {
    if !is_one_of_several {
        return Some(0);
    }
    let fits = |title: &&String| titles.iter().any(|text| pattern::fits(title, text));
    form.titles.iter().filter(fits).map(String::len).max()
}

/// Says why no sheet is of a form.
fn unknown(told: &mut Findings, forms: &[&FormRules], nearest: Option<(u32, &FormRules, Nearest)>) {
    let names = |language: fn(&Text) -> &str| {
        let names: Vec<&str> = forms.iter().map(|form| language(&form.form.name)).collect();
        legible(&names.join("; "), 200)
    };
    let (vi, en) = (names(|text| text.vi.as_str()), names(|text| text.en.as_str()));
    let Some((number, form, near)) = nearest.filter(|(.., near)| !near.labels.is_empty()) else {
        told.at(
            Weight::Error,
            Rule::UnknownForm,
            Spot::Whole,
            "",
            said(
                format!(
                    "Không tìm thấy bảng nào của: {vi}. Hãy dùng mẫu của biểu, giữ nguyên dòng tiêu đề cột."
                ),
                format!(
                    "There is no table of: {en}. Use the template of the form and keep its column headings."
                ),
            ),
        );
        return;
    };
    let column = |language: fn(&Text) -> &str| {
        let names: Vec<&str> = near.missing.iter().map(|at| language(&form.columns[*at].name)).collect();
        legible(&names.join("', '"), 200)
    };
    let (vi, en) = (column(|text| text.vi.as_str()), column(|text| text.en.as_str()));
    let labels = legible(&near.labels.join(", "), 200);
    told.at(
        Weight::Error,
        Rule::Missing,
        Spot::Row(number, near.row),
        "",
        said(
            format!(
                "Không tìm thấy cột '{vi}' của biểu '{}'. Dòng gần đúng nhất có: {labels}. Hãy giữ nguyên tiêu đề cột của mẫu.",
                form.form.name.vi
            ),
            format!(
                "The column '{en}' of the form '{}' is missing. The nearest line has: {labels}. Keep the column headings of the \
                 template.",
                form.form.name.en
            ),
        ),
    );
}

impl Reading<'_> {
    /// Reads the sheets of the form.
    pub(super) fn sheets(
        &mut self,
        workbook: &Workbook,
        sheets: &[(u32, Layout)],
        message: &Message<'_>,
    ) -> SheetsRead {
        let sheet_of = |number: u32| &workbook.sheets[number as usize];
        let texts: Vec<Vec<Above>> =
            sheets.iter().map(|(number, layout)| above(*number, sheet_of(*number), layout)).collect();
        let all: Vec<Above> = texts
            .iter()
            .flatten()
            .map(|above| Above { spot: above.spot, text: above.text.clone() })
            .collect();
        let has_column = self
            .column(|role| matches!(role, super::rules::ColumnRole::Period))
            .is_some_and(|column| sheets.iter().all(|(_, layout)| layout.columns[column].is_some()));
        let dated = self.dated(message, &all, has_column);
        if let Some(period) = dated.said {
            self.is_timely(message, period, self.form.form.vintage);
        }
        let PlaceSaid { place, is_by_name } = self.place_said(message, &all, dated.by);
        let by_name = [
            dated.said.filter(|_| dated.is_by_name).map(|period| period.label()),
            place.filter(|_| is_by_name).map(|place| self.forms.places.unit(place).code.as_str().to_owned()),
        ];
        let by_name = by_name.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let place = place.or_else(|| self.only_place(dated.by));
        let agency = self.agency_said(&all);
        let mut listed = Listed::default();
        for ((number, layout), texts) in sheets.iter().zip(&texts) {
            let unit = self.unit_said(texts);
            let laid = Laid {
                sheet: *number,
                layout,
                period: dated.by,
                period_is_said: dated.said.is_some(),
                place,
                unit,
            };
            if let Some(column) = layout.twice {
                self.headed_twice(&laid, column);
                continue;
            }
            self.tell_surplus(&laid);
            let read = match self.form.counts_rows() {
                true => self.listed(sheet_of(*number), &laid, message, &mut listed),
                false => Some(self.rows(sheet_of(*number), &laid)),
            };
            let Some(read) = read.filter(|read| !self.is_copy(*number, &read.added)) else { continue };
            self.tell_hidden(&laid, &read.hidden);
            self.tell_hidden_columns(&laid, sheet_of(*number));
            self.totals(&laid, &read.lines);
        }
        self.count(&listed);
        SheetsRead { period: dated.said, place, agency, by_name, is_table: true }
    }

    /// The only place that the form is about, where rows say none.
    fn only_place(&self, period: Period) -> Option<u32> {
        let is_place = |role: &super::rules::ColumnRole| {
            matches!(role, super::rules::ColumnRole::Place | super::rules::ColumnRole::PlaceName)
        };
        if self.form.columns.iter().any(|column| is_place(&column.role)) {
            return None;
        }
        match self.forms.places.of_scope(&self.form.form.places, period)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    fn headed_twice(&mut self, laid: &Laid<'_>, column: usize) {
        let name = &self.form.columns[column].name;
        let row = laid.layout.columns[column].as_ref().map_or(0, |column| column.row);
        self.is_refused = true;
        self.findings.at(
            Weight::Error,
            Rule::Twice,
            Spot::Row(laid.sheet, row),
            "",
            said(
                format!("Có hai cột '{}', không rõ cột nào đúng. Hãy giữ một cột.", name.vi),
                format!(
                    "Two columns are headed '{}', and which is meant cannot be known. Keep one of them.",
                    name.en
                ),
            ),
        );
    }

    /// Whether a sheet says what another said and nothing else; what is said twice otherwise is told cell by cell.
    pub(super) fn is_copy(&mut self, sheet: u32, added: &Added) -> bool {
        let Some((_, first)) = added.again.first() else { return false };
        let of_other = |cell: u32| match self.cells[cell as usize].spot {
            Spot::Cell(of, ..) => of != sheet,
            _ => false,
        };
        let is_copy =
            added.new == 0 && added.contradicting == 0 && added.again.iter().all(|(_, cell)| of_other(*cell));
        if is_copy {
            let other = match self.cells[*first as usize].spot {
                Spot::Cell(of, ..) => self.sheets.get(of as usize).map(|name| quoted(name)),
                _ => None,
            };
            let other = other.unwrap_or_default();
            self.findings.at(
                Weight::Note,
                Rule::Hidden,
                Spot::Sheet(sheet),
                "",
                said(
                    format!("Trang là bản sao của '{other}' (mọi số đều giống nhau), không được tính lần nữa."),
                    format!("The sheet is a copy of '{other}' (all numbers are the same) and does not count again."),
                ),
            );
            return true;
        }
        for (spot, cell) in &added.again {
            let before = self.called(self.cells[*cell as usize].spot);
            self.findings.add(super::findings::Found {
                weight: Weight::Note,
                rule: Rule::Twice,
                spot: *spot,
                stands: String::new(),
                message: said(
                    format!("Số này đã ghi ở ô khác ({RIGHT}); chỉ tính một lần."),
                    format!("This number stands in another cell ({RIGHT}), too; it counts once."),
                ),
                right: before,
            });
        }
        false
    }
}

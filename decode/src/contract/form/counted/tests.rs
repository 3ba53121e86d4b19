//! Days of lists, and cases over several sheets.

use ioc_model::{
    form::{Finding, Rest, Whole},
    place::Date,
};

use super::*;
use crate::{
    contract::form::{
        Forms, Judged, judge,
        tests::{sheet, with_forms},
    },
    grid::{Content, Workbook},
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
fn sheet_of(name: &str, titles: &[&str], rows: &[[&str; 4]]) -> Sheet {
    let mut table: Vec<&[&str]> = vec![titles, &["Mã ca", "Mã xã", "Mắc", "Báo"]];
    table.extend(rows.iter().map(|row| &row[..]));
    let mut sheet = sheet(&table);
    sheet.name = name.to_owned();
    for (_, cell) in sheet.rows.iter_mut().flat_map(|row| &mut row.cells) {
        if let Content::Text(text) = &cell.content
            && let Some(day) = text.strip_prefix('#')
        {
            cell.content = Content::Date(day.parse::<Date>().unwrap().at(0, 0, 0, 0));
        }
    }
    sheet
}

fn listed(rows: &[[&str; 4]]) -> Judged {
    listed_in(vec![sheet_of("T", &["tháng 10/2026"], rows)], None)
}

fn listed_in(sheets: Vec<Sheet>, bound_to: Option<&str>) -> Judged {
    let forms = Forms::of_pack(&with_forms(LIST));
    let message = Message {
        forms: &["list".into()],
        agency: Some("80".into()),
        bound_to,
        bound: bound_to.and_then(|patterns| forms.bound(patterns)),
        address: "a.xlsx",
        asked: None,
        today: jiff::civil::date(2026, 11, 3),
        oldest: jiff::civil::date(2016, 1, 1),
    };
    judge(&forms, &message, Ok(Workbook { sheets, ..Workbook::default() }))
}

/// What is counted, and where it stands.
fn counted(judged: &Judged) -> Vec<String> {
    let cell = |cell: &ioc_model::form::Cell| {
        let number = cell.value.number.unwrap();
        format!("{} {} {number} {}", cell.key.indicator, cell.key.place, cell.at)
    };
    judged.cells.iter().map(cell).collect()
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
    assert_eq!(
        counted(&judged),
        ["cases 25486 2 T!A3:A4", "in_time 25486 1 T!A3:A4", "cases 25489 1 T!A5", "in_time 25489 0 T!A5"]
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

const WEEK_1: [[&str; 4]; 2] = [["a", "25486", "5/10/2026", "6/10/2026"], ["b", "25489", "6/10/2026", ""]];
const WEEK_2: [[&str; 4]; 2] = [["c", "25486", "12/10/2026", "13/10/2026"], ["d", "25489", "13/10/2026", ""]];

fn weeks(first: &[[&str; 4]], second: &[[&str; 4]]) -> Judged {
    let titles = ["tháng 10/2026"];
    listed_in(vec![sheet_of("Tuần 1", &titles, first), sheet_of("Tuần 2", &titles, second)], None)
}

#[test]
fn rows_of_all_sheets_are_counted_together() {
    // Two weeks that count alike are no copies of each other.
    let judged = weeks(&WEEK_1, &WEEK_2);
    assert_eq!(
        counted(&judged),
        [
            "cases 25486 2 Tuần 1!A3, Tuần 2!A3",
            "in_time 25486 2 Tuần 1!A3, Tuần 2!A3",
            "cases 25489 2 Tuần 1!A4, Tuần 2!A4",
            "in_time 25489 0 Tuần 1!A4, Tuần 2!A4",
        ]
    );
    assert!(judged.findings.is_empty(), "{judged:?}");
    let other = weeks(&WEEK_1, &WEEK_2[..1]);
    assert_eq!(other.cells[0].value.number, Some(Decimal::TWO), "{other:?}");
}

#[test]
fn a_case_of_two_sheets_is_told_and_a_sheet_of_the_same_cases_is_a_copy() {
    let twice = weeks(&WEEK_1, &[WEEK_2[0], ["B", "25489", "14/10/2026", ""]]);
    assert_eq!((first(&twice).rule, &*first(&twice).at), (Rule::Twice, "Tuần 2!A4"));
    assert!(first(&twice).message.en.contains("row 4 ('Tuần 1')"), "{twice:?}");
    assert!(twice.cells.is_empty());
    let copy = weeks(&WEEK_1, &WEEK_1);
    assert_eq!((first(&copy).weight, first(&copy).rule), (Weight::Note, Rule::Hidden));
    assert_eq!(copy.cells[0].value.number, Some(Decimal::ONE), "{copy:?}");
    // Without what cases are called nobody can know which it is.
    let nameless = |rows: [[&'static str; 4]; 2]| rows.map(|[_, place, from, to]| ["", place, from, to]);
    let judged = weeks(&nameless(WEEK_1), &nameless(WEEK_1));
    assert_eq!((first(&judged).weight, first(&judged).rule), (Weight::Error, Rule::Twice));
    assert_eq!(weeks(&nameless(WEEK_1), &nameless(WEEK_2)).cells[0].value.number, Some(Decimal::TWO));
}

#[test]
fn a_list_is_whole_and_one_without_rows_says_that_nothing_occurred() {
    let whole = |place: Option<&str>| Some(Whole { place: place.map(Into::into), rest: Rest::Nought });
    let judged = weeks(&WEEK_1, &WEEK_2);
    assert_eq!((judged.whole, judged.left_out.len()), (whole(None), 0));
    let nothing = |titles: &[&str], bound| listed_in(vec![sheet_of("T", titles, &[])], bound);
    let of_commune = nothing(&["tháng 10/2026", "Đơn vị: xã Tân Biên (25486)"], None);
    assert_eq!(counted(&of_commune), ["cases 25486 0 ", "in_time 25486 0 "]);
    assert_eq!((of_commune.whole, of_commune.rows), (whole(Some("25486")), 2));
    // Who is bound to a commune speaks of it.
    let bound = nothing(&["tháng 10/2026"], Some("25486"));
    assert_eq!(counted(&bound), ["cases 25486 0 ", "in_time 25486 0 "]);
    // Of no period it says nothing.
    let undated = nothing(&["Đơn vị: xã Tân Biên (25486)"], None);
    assert!(undated.cells.is_empty() && undated.findings.iter().any(|finding| finding.rule == Rule::Empty));
    assert_eq!(undated.whole, None);
    // A list that cannot be counted is no word on the rest.
    assert_eq!(listed(&[["a", "99999", "5/10/2026", ""]]).whole, None);
}

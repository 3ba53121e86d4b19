//! What the judge makes of tables: sentences that golden cases do not show.

use ioc_model::{
    form::{Finding, PeriodKind, Rest, Rule, Value, Vintage, Weight, Whole},
    pack::Pack,
};
use rust_decimal::Decimal;

use super::*;
use crate::{
    grid::{Content, GridCell, GridRow, Sheet},
    said::{Said, SaidCell},
};

const FORMS: &str = r#"
[lists]
name = { vi = "Hồ sơ theo xã", en = "Dossiers by commune" }
period = "month"
owner = "place"
decimal = ","
places = { kinds = ["commune", "ward"], below = ["80"] }
marks = { "-" = "none", "…" = "not_collected", "*" = "preliminary" }
totals = ["Tổng cộng", "Cộng"]
EXTRA

[[lists.columns]]
id = "code"
role = "place"
name = { vi = "Mã xã", en = "Code" }
required = true

[[lists.columns]]
id = "name"
role = "place_name"
name = { vi = "Xã, phường", en = "Commune" }

[[lists.columns]]
id = "received"
role = "value"
indicator = "X01"
name = { vi = "Số hồ sơ", en = "Dossiers" }

[[lists.columns]]
id = "ratio"
role = "value"
indicator = "X02"
name = { vi = "Tỷ lệ", en = "Ratio" }

[[lists.columns]]
id = "note"
role = "note"
name = { vi = "Ghi chú", en = "Note" }

[lists.indicators.X01]
name = { vi = "Hồ sơ", en = "Dossiers" }
unit = "hồ sơ"
units = { "nghìn" = 1000 }
whole = true
least = 0
required = true

[lists.indicators.X02]
name = { vi = "Tỷ lệ", en = "Ratio" }
unit = "%"
percent = true
range = [0, 100]
additive = false
"#;

/// A pack of Tây Ninh's places and one form, with more said of it.
pub(crate) fn form(extra: &str) -> Pack {
    with_forms(&FORMS.replace("EXTRA", extra))
}

/// A pack of Tây Ninh's places and these forms.
pub(crate) fn with_forms(forms: &str) -> Pack {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/provinces/tay-ninh");
    let mut files = ioc_testing::files(&folder);
    files.retain(|path, _| !path.contains('/'));
    // The pack's own feeds of reports are of other forms.
    if let Some(feeds) = files.get_mut("feeds.toml") {
        let others: Vec<&str> = feeds.split("\n\n").filter(|feed| !feed.contains("\nforms = ")).collect();
        *feeds = others.join("\n\n");
    }
    // And so are its targets, and what is owed.
    let _ = files.remove("targets.csv");
    let _ = files.remove("obligations.toml");
    let _ = files.insert("forms.toml".to_owned(), forms.to_owned());
    Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A sheet of texts; empty ones are no cells.
pub(crate) fn sheet(rows: &[&[&str]]) -> Sheet {
    let cell = |text: &str| GridCell { content: Content::Text(text.to_owned()), ..GridCell::default() };
    let rows = (1u32..).zip(rows).map(|(number, row)| {
        let cells = (0u32..).zip(*row).filter(|(_, text)| !text.is_empty());
        GridRow { number, hidden: false, cells: cells.map(|(at, text)| (at, cell(text))).collect() }
    });
    Sheet { name: "T".to_owned(), rows: rows.collect(), ..Sheet::default() }
}

fn judged(pack: &Pack, sheet: Sheet) -> Judged {
    judged_as(pack, sheet, |_| {})
}

fn judged_as(pack: &Pack, sheet: Sheet, change: impl FnOnce(&mut Message<'_>)) -> Judged {
    let forms = Forms::of_pack(pack);
    let today = jiff::civil::date(2026, 11, 3);
    let mut message = Message {
        forms: &["lists".into()],
        agency: Some(Name::new("80")),
        bound_to: None,
        bound: None,
        address: "a.xlsx",
        asked: None,
        today,
        oldest: jiff::civil::date(2016, 1, 1),
    };
    change(&mut message);
    message.bound = message.bound_to.and_then(|patterns| forms.bound(patterns));
    judge(&forms, &message, Ok(Workbook { sheets: vec![sheet], ..Workbook::default() }))
}

const HEADER: &[&str] = &["Mã xã", "Xã, phường", "Số hồ sơ", "Tỷ lệ", "Ghi chú"];

fn values(judged: &Judged) -> Vec<(String, String)> {
    let value = |cell: &Cell| {
        let number =
            cell.value.number.map_or_else(|| cell.value.mark.word().to_owned(), |number| number.to_string());
        (format!("{} {}", cell.key.indicator, cell.key.place), number)
    };
    judged.cells.iter().map(value).collect()
}

fn heaviest(judged: &Judged) -> &Finding {
    judged.findings.first().unwrap_or_else(|| panic!("{judged:?}"))
}

#[test]
fn a_list_becomes_cells_of_its_places_and_what_it_leaves_out_is_told() {
    let pack = form("");
    let rows: [&[&str]; 5] = [
        &["Tháng 10 năm 2026"],
        HEADER,
        &["25459", "Phường Tân Ninh", "1.204", "82,5", "gồm cả tồn"],
        &["25486", "xã TÂN BIÊN", "-", "", ""],
        &["25489", "", "…", "", ""],
    ];
    let judged = judged(&pack, sheet(&rows));
    assert_eq!(
        values(&judged),
        [("X01 25459", "1204"), ("X02 25459", "82.5"), ("X01 25486", "none"), ("X01 25489", "not_collected")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(&*judged.cells[0].note, "gồm cả tồn");
    assert_eq!((&*judged.cells[0].as_sent, &*judged.cells[0].at), ("1.204", "T!C3"));
    assert_eq!((judged.agency.as_str(), judged.rows), ("80", 4));
    assert_eq!(judged.period.unwrap().label(), "2026-10");
    assert_eq!(judged.left_out.len(), 96 * 2 - 4);
    assert!(judged.left_out.is_sorted());
    assert!(judged.findings.iter().all(|finding| finding.weight == Weight::Note));
    assert!(judged.findings[0].message.en.contains("93 places"), "{:?}", judged.findings);
}

#[test]
fn a_row_of_a_place_that_is_none_is_refused_with_what_the_code_was() {
    let pack = form("");
    for (title, row, words) in [
        ("tháng 10/2026", ["25462", ""], "The code 25462 is of no place in 2026-10; it is: Phường 4 (1970"),
        ("tháng 10/2026", ["80", ""], "which is not a place of this form"),
        ("tháng 10/2026", ["99999", ""], "No place has this code"),
        (
            "tháng 10/2026",
            ["25459", "Xã Tân Biên"],
            "The code 25459 is Phường Tân Ninh, the row says 'Xã Tân Biên'",
        ),
        ("tháng 10/2026", ["", ""], "The row has a number and no place"),
        ("tháng 10/2026", ["", "Xã Không Có"], "No place of the form has this name"),
    ] {
        let judged = judged(&pack, sheet(&[&[title], HEADER, &[row[0], row[1], "5"]]));
        let finding = heaviest(&judged);
        assert!(finding.message.en.contains(words), "{finding:?}");
        assert_eq!((judged.cells.len(), judged.rows), (0, 1));
    }
    let by_name = judged(&pack, sheet(&[&["tháng 10/2026"], HEADER, &["", "Tân Biên", "5"]]));
    assert_eq!(values(&by_name), [("X01 25486".to_owned(), "5".to_owned())]);
}

#[test]
fn a_period_that_is_not_said_or_said_twice_files_nothing() {
    let pack = form("");
    let table = |title: &str| sheet(&[&[title], HEADER, &["25459", "", "5"]]);
    for (title, address, words) in [
        ("Hồ sơ", "a.xlsx", "The file does not say its period"),
        ("tháng 10/2026, tháng 9/2026", "a.xlsx", "several periods (2026-10, 2026-09)"),
        ("tháng 10/2026", "X_2026-09.xlsx", "The title says 2026-10, the name of the file 2026-09"),
        ("từ 15/9/2026 đến 14/10/2026", "a.xlsx", "is no period of this form (the nearest is 2026-10)"),
        ("tháng 12/2026", "a.xlsx", "has not begun"),
        ("tháng 10/2006", "a.xlsx", "so far back"),
    ] {
        let judged = judged_as(&pack, table(title), |message| message.address = address);
        let finding = heaviest(&judged);
        assert!(finding.weight == Weight::Error && finding.message.en.contains(words), "{finding:?}");
        assert!(judged.cells.is_empty(), "nothing is filed");
    }
    let by_name = judged_as(&pack, table("Hồ sơ"), |message| message.address = "X_2026-10.xlsx");
    assert_eq!((by_name.cells.len(), by_name.period.unwrap().label()), (1, "2026-10".to_owned()));
    let early = judged(&pack, table("tháng 11/2026"));
    assert_eq!((heaviest(&early).rule, heaviest(&early).weight), (Rule::Time, Weight::Warning));
    assert_eq!(early.cells.len(), 1);
}

#[test]
fn what_was_sent_for_another_period_than_it_says_files_nothing_and_was_an_attempt_at_what_it_was_sent_for() {
    let pack = form("");
    let table = |title: &str| sheet(&[&[title], HEADER, &["25459", "", "5"]]);
    let sent_for = |title: &str, owed: Option<&str>| judged(&pack, table(title)).sent_for(owed);
    let label = |judged: &Judged| judged.period.map(|period| period.label());
    let (october, november) = (Some("2026-10".to_owned()), Some("2026-11".to_owned()));
    for as_it_is in [None, Some("lists~80~month~2026-10"), Some("other~80~month~2026-11"), Some("november")] {
        let judged = sent_for("tháng 10/2026", as_it_is);
        assert_eq!((judged.cells.len(), label(&judged)), (1, october.clone()), "{as_it_is:?}");
    }
    let judged = sent_for("tháng 10/2026", Some("lists~80~month~2026-11"));
    let finding = heaviest(&judged);
    assert_eq!((finding.weight, finding.rule, &*finding.stands), (Weight::Error, Rule::Period, "2026-10"));
    assert!(judged.cells.is_empty() && judged.left_out.is_empty());
    assert_eq!((label(&judged), judged.rows), (november.clone(), 1));
    // It stands for nothing that the file does not say.
    let judged = sent_for("Hồ sơ", Some("lists~80~month~2026-11"));
    assert!(heaviest(&judged).message.en.contains("does not say its period"));
    assert_eq!((judged.cells.len(), label(&judged)), (0, november));
}

#[test]
fn who_a_bound_sender_reports_for_nobody_else() {
    let pack = form("");
    let table =
        |code: &str| sheet(&[&["tháng 10/2026", "Đơn vị: xã Tân Biên (25486)"], HEADER, &[code, "", "5"]]);
    let by = |code: &str, bound: Option<&'static str>| {
        judged_as(&pack, table(code), |message| message.bound_to = bound)
    };
    let own = by("25486", Some("25486"));
    assert_eq!((own.agency.as_str(), own.cells.len()), ("25486", 1));
    assert_eq!(own.left_out.len(), 1);
    assert_eq!(by("25486", None).agency.as_str(), "25486", "the place that the message says");
    assert_eq!(by("25486", Some("25486 25489")).agency.as_str(), "25486");
    for (code, bound, words) in [
        ("25489", Some("25486"), "Who sends this (25486) may not report for this place"),
        ("25486", Some("25489"), "Who sends this (25489) may not report for this place"),
        ("25486", Some("254* 8*"), ""),
        ("25486", Some("25489 25498"), "This account may report for '25489 25498' alone, not for 25486"),
        ("25486", Some("gw-1"), "This account may report for 'gw-1' alone"),
    ] {
        let judged = by(code, bound);
        let finding = judged.findings.iter().find(|finding| finding.rule == Rule::NotTheirs);
        assert_eq!(finding.is_none(), words.is_empty(), "{bound:?}");
        assert!(finding.is_none_or(|finding| finding.message.en.contains(words)), "{finding:?}");
        assert_eq!(judged.cells.is_empty(), !words.is_empty());
    }
}

#[test]
fn who_an_agency_reports_the_past_of_what_it_took_over_and_of_nothing_else() {
    let forms = FORMS.replace("EXTRA", "").replace(
        r#"kinds = ["commune", "ward"], below = ["80"]"#,
        r#"kinds = ["commune", "ward", "township"], below = ["72", "80"]"#,
    );
    let pack = with_forms(&forms);
    let taken = |period: &str, code: &str, bound: &'static str| {
        let judged = judged_as(&pack, sheet(&[&[period], HEADER, &[code, "", "5"]]), |message| {
            message.bound_to = Some(bound);
        });
        (judged.cells.len(), judged.findings.iter().any(|finding| finding.rule == Rule::NotTheirs))
    };
    let (yes, no) = ((1, false), (0, true));
    // A department of today's province, of old Tây Ninh's township and of old Long An's commune.
    assert_eq!(taken("tháng 10/2024", "25486", "so-tc"), yes);
    assert_eq!(taken("tháng 10/2024", "27694", "so-tc"), yes);
    // A ward of today, of one that went into it, of one of which a part did, and of one that did not.
    assert_eq!(taken("tháng 10/2024", "25456", "25459"), yes);
    assert_eq!(taken("tháng 10/2024", "25597", "25459"), yes);
    assert_eq!(taken("tháng 10/2024", "25486", "25459"), no);
    // Since then each is of itself alone.
    assert_eq!(taken("tháng 10/2026", "25486", "25459"), no);
}

#[test]
fn what_is_absent_means_what_the_form_says() {
    let one = |absent: &str| {
        let pack = form(&format!("absent = \"{absent}\""));
        let rows: [&[&str]; 3] = [&["tháng 10/2026", "Đơn vị: 25486"], HEADER, &["25486", "", "", "50"]];
        judged(&pack, sheet(&rows))
    };
    for (absent, weight, cells) in
        [("keeps", Weight::Note, 1), ("refused", Weight::Error, 0), ("withdraws", Weight::Warning, 1)]
    {
        let judged = one(absent);
        let finding = heaviest(&judged);
        assert_eq!((finding.weight, finding.rule, &*finding.at), (weight, Rule::Missing, "T!C3"), "{absent}");
        assert!(finding.message.en.starts_with("Not filled in: X01, 25486"), "{finding:?}");
        assert_eq!((judged.cells.len(), judged.left_out.len()), (cells, 1));
    }
    let empty = judged(&form(""), sheet(&[&["tháng 10/2026"], HEADER, &["25486", "", "", ""]]));
    assert_eq!((heaviest(&empty).rule, empty.rows), (Rule::Empty, 1));
}

#[test]
fn units_convert_and_those_of_nobody_are_refused() {
    let pack = form("");
    let with = |title: &str, heading: &str, value: &str| {
        let rows: [&[&str]; 3] = [&["tháng 10/2026", title], &["Mã xã", heading], &["25486", value]];
        judged(&pack, sheet(&rows))
    };
    let number = |judged: &Judged| values(judged).into_iter().map(|(_, number)| number).collect::<Vec<_>>();
    assert_eq!(number(&with("Đơn vị tính: nghìn", "Số hồ sơ", "1,2")), ["1200"]);
    assert_eq!(number(&with("nghìn", "Số hồ sơ", "1,2")), ["1200"]);
    assert_eq!(number(&with("", "Số hồ sơ (nghìn)", "1,2")), ["1200"]);
    assert_eq!(number(&with("nghìn", "Số hồ sơ (hồ sơ)", "12")), ["12"]);
    for (title, heading) in [("Đơn vị tính: tấn", "Số hồ sơ"), ("", "Số hồ sơ (tấn)")] {
        assert_eq!(heaviest(&with(title, heading, "12")).rule, Rule::Unit);
    }
    assert_eq!(
        heaviest(&with("", "Số hồ sơ", "1,5")).message.en,
        "'Dossiers' is a whole number, without decimals. A right one: 1234."
    );
}

#[test]
fn totals_and_rows_that_number_columns_are_no_data() {
    let pack = form("");
    let rows: [&[&str]; 7] = [
        &["tháng 10/2026"],
        HEADER,
        &["A", "B", "1", "2", "3"],
        &["25486", "", "5"],
        &["25489", "", "7"],
        &["", "Tổng cộng", "13"],
        &["Ghi chú: số liệu sơ bộ"],
    ];
    let judged = judged(&pack, sheet(&rows));
    let finding = heaviest(&judged);
    assert_eq!((finding.rule, &*finding.at, &*finding.stands), (Rule::Total, "T!C6", "13"));
    assert_eq!(finding.message.en, "The parts are 12, the total says 13. Check the rows or the total.");
    assert_eq!(judged.cells.len(), 2);
}

#[test]
fn a_table_of_another_form_says_what_it_lacks() {
    let pack = form("");
    let near = judged(&pack, sheet(&[&["Mã xã", "Số người"], &["25486", "5"]]));
    assert_eq!((heaviest(&near).rule, &*heaviest(&near).at), (Rule::Missing, "T!1:1"));
    assert!(heaviest(&near).message.en.contains("Dossiers"), "{near:?}");
    let none = judged(&pack, sheet(&[&["a", "b"]]));
    assert_eq!((heaviest(&none).rule, none.rows), (Rule::UnknownForm, 1));
    let nothing = judged(&pack, sheet(&[]));
    assert_eq!(heaviest(&nothing).rule, Rule::UnknownForm);
}

#[test]
fn who_an_unreadable_file_is_by_is_known_all_the_same() {
    let pack = form("");
    let none = judged_as(&pack, sheet(&[]), |message| message.bound_to = Some("25486"));
    assert_eq!((none.agency.as_str(), none.form.as_str()), ("25486", "lists"));
}

#[test]
fn a_total_that_is_wrong_leaves_no_part_of_a_form_that_is_taken_in_parts() {
    let pack = form("parts = true");
    let table = |total: &str, value: &str| {
        let rows: [&[&str]; 5] = [
            &["tháng 10/2026"],
            HEADER,
            &["25486", "", "5"],
            &["25489", "", value],
            &["", "Tổng cộng", total],
        ];
        judged(&pack, sheet(&rows))
    };
    assert_eq!(table("13", "7").cells.len(), 0);
    assert_eq!(table("12", "7").cells.len(), 2);
    let one_is_wrong = table("", "7,5");
    assert_eq!((one_is_wrong.cells.len(), one_is_wrong.rows), (1, 2));
}

#[test]
fn a_row_that_says_its_code_is_data_whatever_its_label_begins_with() {
    let forms = FORMS.replace("EXTRA", "").replace("\"Tổng cộng\", \"Cộng\"", "\"Xã Tân\"");
    let rows: [&[&str]; 4] =
        [&["tháng 10/2026"], HEADER, &["25486", "Xã Tân Biên", "5"], &["", "Xã Tân, tổng số", "5"]];
    let judged = judged(&with_forms(&forms), sheet(&rows));
    assert_eq!(values(&judged), [("X01 25486".to_owned(), "5".to_owned())]);
}

#[test]
fn what_the_name_of_a_file_alone_says_is_part_of_what_the_message_is() {
    let pack = form("");
    let by_name = |rows: &[&[&str]], address: &'static str| {
        judged_as(&pack, sheet(rows), |message| message.address = address).by_name
    };
    let untitled: [&[&str]; 3] = [&["Hồ sơ"], HEADER, &["25486", "", "5"]];
    assert_eq!(by_name(&untitled, "X_2026-10.xlsx"), "2026-10");
    assert_eq!(by_name(&untitled, "X_25486_2026-09.xlsx"), "2026-09 25486");
    // What the table says, it says under any name.
    let titled: [&[&str]; 3] = [&["tháng 10/2026, Đơn vị: 25486"], HEADER, &["25486", "", "5"]];
    assert_eq!((by_name(&titled, "a.xlsx"), by_name(&titled, "X_25486_2026-10.xlsx")), Default::default());
}

#[test]
fn a_merged_cell_of_values_is_a_number_for_none_of_its_rows() {
    let pack = form("parts = true");
    let rows: [&[&str]; 6] = [
        &["tháng 10/2026"],
        HEADER,
        &["25459", "Phường Tân Ninh", "40", "80"],
        &["25486", "xã Tân Biên", "100", "82"],
        &["25489", "xã Tân Lập", "", "81"],
        &["", "Tổng cộng", "140"],
    ];
    let merged = |area| Sheet { merged: vec![area], ..sheet(&rows) };
    let found = judged(&pack, merged(((4, 2), (5, 2))));
    let finding = heaviest(&found);
    assert_eq!((finding.weight, finding.rule, &*finding.at), (Weight::Error, Rule::Invalid, "T!C4"));
    assert!(
        finding.message.en.starts_with("The merged cell C4:C5 has one number for 2 cells"),
        "{finding:?}"
    );
    assert!(values(&found).iter().all(|(key, _)| !["X01 25486", "X01 25489"].contains(&&**key)), "{found:?}");
    // Across two columns of values.
    let found = judged(&pack, merged(((5, 2), (5, 3))));
    assert_eq!(found.findings.iter().filter(|finding| finding.weight == Weight::Error).count(), 0);
    let found = judged(&pack, merged(((4, 2), (4, 3))));
    assert_eq!((heaviest(&found).rule, &*heaviest(&found).at), (Rule::Invalid, "T!C4"));
    // A place that stands once beside its rows is each row's, and a note is nobody's number.
    let by_place: [&[&str]; 4] = [&["tháng 10/2026"], HEADER, &["25486", "", "5"], &["", "", "", "82"]];
    let found = judged(&pack, Sheet { merged: vec![((3, 0), (4, 0))], ..sheet(&by_place) });
    assert_eq!(values(&found).len(), 2, "{found:?}");
}

#[test]
fn a_total_of_whole_numbers_is_held_also_where_its_form_may_have_decimals() {
    let forms = FORMS.replace("EXTRA", "").replace("whole = true\n", "");
    let pack = with_forms(&forms);
    let totals = |one: &str, other: &str, total: &str| {
        let rows: [&[&str]; 5] = [
            &["tháng 10/2026"],
            HEADER,
            &["25486", "", one],
            &["25489", "", other],
            &["", "Tổng cộng", total],
        ];
        let judged = judged(&pack, sheet(&rows));
        judged.findings.iter().filter(|finding| finding.rule == Rule::Total).count()
    };
    assert_eq!((totals("700", "534", "1234"), totals("700", "534", "1235")), (0, 1));
    // What was rounded differs by as much as rounding can.
    assert_eq!((totals("700,4", "533,5", "1234"), totals("700,44", "533,53", "1234,0")), (0, 0));
    assert_eq!((totals("700,1", "533,1", "1234"), totals("700,1", "533,1", "1233,3")), (1, 0));
    assert_eq!(totals("700,1", "533,1", "1233,4"), 1);
}

#[test]
fn a_column_of_shares_is_not_taken_for_per_cent() {
    let pack = form("");
    let column = |values: &[&str]| {
        let codes = ["25459", "25486", "25489", "25498"];
        let mut rows: Vec<[&str; 4]> = Vec::new();
        rows.extend(codes.iter().zip(values).map(|(code, value)| [*code, "", "10", *value]));
        let mut table: Vec<&[&str]> = vec![&["tháng 10/2026"], HEADER];
        table.extend(rows.iter().map(|row| &row[..]));
        judged(&pack, sheet(&table))
    };
    for values in
        [&["0,82", "0,79"][..], &["0,82", "0,79", "0,9", "1"], &["0,82", "0", "0,79"], &["0,82", "0,79", "-"]]
    {
        let judged = column(values);
        let finding = heaviest(&judged);
        assert_eq!((finding.weight, finding.rule), (Weight::Error, Rule::Percent), "{values:?}");
        assert!(
            finding.message.en.starts_with("All numbers of the column lie between 0 and 1"),
            "{finding:?}"
        );
        assert_eq!(
            judged.findings.iter().filter(|finding| finding.rule == Rule::Percent).count(),
            1,
            "{judged:?}"
        );
    }
    // With their sign they are what they say, and one alone may be either.
    assert!(column(&["0,82%", "0,79%"]).findings.iter().all(|finding| finding.rule != Rule::Percent));
    assert_eq!(heaviest(&column(&["0,82"])).weight, Weight::Warning);
    assert!(column(&["82", "0,79%"]).findings.iter().all(|finding| finding.weight != Weight::Error));
}

const PARTED: &str = r#"
EXTRA

[[lists.columns]]
id = "sex"
role = "dimension"
name = { vi = "Giới", en = "Sex" }
members = [{ id = "f", name = { vi = "Nữ", en = "Female" } }, { id = "m", name = { vi = "Nam", en = "Male" } }]
"#;

#[test]
fn places_of_which_nothing_is_said_are_told_also_where_nobody_knows_their_parts() {
    let of = |absent: &str| {
        let forms = FORMS.replace("EXTRA", PARTED).replace("EXTRA", &format!("absent = \"{absent}\""));
        let rows: [&[&str]; 4] = [
            &["tháng 10/2026"],
            &["Mã xã", "Giới", "Số hồ sơ"],
            &["25486", "Nữ", "5"],
            &["25489", "Nam", "7"],
        ];
        judged(&with_forms(&forms), sheet(&rows))
    };
    for (absent, weight) in [("keeps", Weight::Note), ("withdraws", Weight::Warning)] {
        let judged = of(absent);
        let finding = heaviest(&judged);
        assert_eq!((finding.weight, finding.rule), (weight, Rule::Missing), "{judged:?}");
        assert!(finding.message.en.starts_with("Not in the file: 94 places"), "{finding:?}");
    }
    // What was known of parts that nobody can list is known to the keeper.
    assert_eq!(of("withdraws").whole, Some(Whole { place: None, rest: Rest::Withdrawn }));
    assert_eq!(of("keeps").whole, None);
}

#[test]
fn a_forecast_lies_ahead_and_a_figure_does_not() {
    let pack = form("");
    let forms = Forms::of_pack(&pack);
    let of = |vintages: &[Vintage]| {
        let cell = |(place, vintage): (&&str, &Vintage)| SaidCell {
            at: (*place).into(),
            indicator: Name::new("X01"),
            members: Box::default(),
            place: (*place).into(),
            period: Period::of(PeriodKind::Month, 2027, 1).unwrap(),
            vintage: *vintage,
            value: Some(Value::of(Decimal::TEN)),
            as_sent: Box::default(),
        };
        let cells: Vec<SaidCell> = ["25486", "25489"].iter().zip(vintages).map(cell).collect();
        let message = Message {
            forms: &["lists".into()],
            agency: Some(Name::new("80")),
            bound_to: None,
            bound: None,
            address: "",
            asked: None,
            today: jiff::civil::date(2026, 11, 3),
            oldest: jiff::civil::date(2016, 1, 1),
        };
        judge_cells(&forms, &message, |forms| Ok((forms[0], Said { cells, ..Said::default() })))
    };
    let forecast = of(&[Vintage::Estimate]);
    assert_eq!((forecast.cells.len(), heaviest(&forecast).weight), (1, Weight::Warning), "{forecast:?}");
    for vintages in [&[Vintage::Official][..], &[Vintage::Estimate, Vintage::Preliminary]] {
        let judged = of(vintages);
        assert_eq!((judged.cells.len(), heaviest(&judged).rule), (0, Rule::Time), "{judged:?}");
    }
}

//! Reports as programs write them: what must be seen in them before anybody judges (`cases/workbooks`).

use jiff::civil::date;

use super::{cell, content, number, read, read_one, text};
use crate::grid::{Content, Formula, NumberFormat};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/workbooks/", $name))
    };
}

#[test]
fn a_date_is_a_date_and_a_text_a_text() {
    let sheet = read_one(fixture!("swapped.xlsx"));
    assert_eq!(sheet.name, "CaBenh");
    assert_eq!(
        content(&sheet, "A1"),
        text("Danh sách ca bệnh truyền nhiễm, kỳ báo cáo từ 15/10/2026 đến 14/11/2026")
    );
    for (name, day) in [
        ("D4", date(2026, 3, 11)),
        ("D7", date(2026, 11, 11)),
        ("D8", date(2026, 12, 11)),
        ("E6", date(2026, 12, 11)),
    ] {
        let cell = cell(&sheet, name);
        assert_eq!(
            (cell.content, cell.format),
            (Content::Date(day.at(0, 0, 0, 0)), NumberFormat::Date),
            "{name}"
        );
    }
    assert_eq!(content(&sheet, "D9"), text("13/11/2026"));
    assert_eq!(content(&sheet, "E8"), text("13/11/2026"));
    assert_eq!(content(&sheet, "C4"), number("25459"));
    let right = read_one(fixture!("right.xlsx"));
    let of_dates = |column: &str| {
        (4..=11).all(|row| matches!(content(&right, &format!("{column}{row}")), Content::Date(_)))
    };
    assert!(of_dates("D") && of_dates("E"));
}

#[test]
fn per_cent_is_known_by_its_format() {
    let sheet = read_one(fixture!("percent.xlsx"));
    let seen = |name: &str| (content(&sheet, name), cell(&sheet, name).format);
    assert_eq!(seen("E4"), (number("0.82"), NumberFormat::Percent));
    assert_eq!(seen("E5"), (number("82.5"), NumberFormat::Plain));
    assert_eq!(seen("E6"), (text("81,5%"), NumberFormat::Plain));
    assert_eq!(seen("E7"), (text("0,79"), NumberFormat::Plain));
    assert_eq!(seen("E8"), (number("1"), NumberFormat::Percent));
    assert_eq!(seen("E9"), (number("0.9"), NumberFormat::Plain));
    assert_eq!(seen("E10"), (number("82.5"), NumberFormat::Percent));
    assert_eq!(seen("C11"), (Content::Blank, NumberFormat::Plain));
}

#[test]
fn a_formula_without_a_result_is_not_an_empty_cell_and_not_an_empty_text() {
    let sheet = read_one(fixture!("budget.xlsx"));
    let seen = |name: &str| {
        let cell = cell(&sheet, name);
        (cell.content, cell.formula)
    };
    let formula = |text: &str| Some(Formula { text: text.to_owned(), from_file: None });
    assert_eq!(seen("D5"), (number("812.5"), None));
    assert_eq!(seen("D7"), (Content::Blank, None), "a format, no value");
    assert_eq!(seen("D8"), (Content::Blank, formula("SUM(D5:D7)")));
    assert_eq!(seen("D11"), (number("0"), formula("SUM(D9:D10)")));
    assert_eq!(seen("D14"), (number("139.5"), formula("SUM(D12:D13)")));
    assert_eq!(seen("D15"), (Content::Error("#DIV/0!".to_owned()), formula("D8/C7*100")));
    assert_eq!(seen("D16"), (Content::Error("#REF!".to_owned()), formula("D8-#REF!")));
    assert_eq!(seen("D17"), (text(""), formula("IF(D7=\"\",\"\",D7)")));
    let linked = Formula { text: "'[1]T9'!$D$18".to_owned(), from_file: Some("thang9.xlsx".to_owned()) };
    assert_eq!(seen("D18"), (number("37.25"), Some(linked)));
    assert_eq!(content(&sheet, "D1"), text("Tỷ đồng"));
}

#[test]
fn marks_and_notes_are_texts_as_they_stand() {
    let sheet = read_one(fixture!("visits.xlsx"));
    let column: Vec<Content> = (4..=15).map(|row| content(&sheet, &format!("C{row}"))).collect();
    let right = [
        number("4512"),
        text("-"),
        text("…"),
        Content::Blank,
        text("1.234*"),
        text("1.234 (1)"),
        text("(15)"),
        text("x"),
        number("0"),
        text("1.050"),
        text("2\u{a0}310"),
        text("<5"),
    ];
    assert_eq!(column, right);
    assert!(matches!(content(&sheet, "A16"), Content::Text(legend) if legend.starts_with("* Số sơ bộ.")));
}

#[test]
fn what_is_hidden_is_read_and_said_to_be_hidden() {
    let workbook = read(fixture!("firms.xlsx")).expect("a workbook");
    let names: Vec<(&str, bool)> = workbook.sheets.iter().map(|sheet| (&*sheet.name, sheet.hidden)).collect();
    assert_eq!(names, [("T10", false), ("T10 (2)", false), ("T9", true)]);
    let sheet = &workbook.sheets[0];
    let hidden: Vec<u32> = sheet.rows.iter().filter(|row| row.hidden).map(|row| row.number).collect();
    assert_eq!(hidden, [9]);
    assert_eq!(content(sheet, "D9"), number("12"));
    let total = cell(sheet, "D4");
    assert_eq!(total.content, number("172"));
    assert_eq!(total.formula.map(|formula| formula.text).as_deref(), Some("D5+D12"));
    assert_eq!(content(sheet, "D11"), number("80"));
    assert_eq!(workbook.told, []);
}

#[test]
fn codes_that_a_spreadsheet_ate_are_what_it_made_of_them() {
    let workbook = read(fixture!("codes.xlsx")).expect("a workbook");
    let [ages, procedures, schools] = &workbook.sheets[..] else { panic!("three sheets") };
    assert_eq!(content(ages, "A5"), Content::Date(date(2026, 4, 1).at(0, 0, 0, 0)));
    assert_eq!(content(ages, "A6"), Content::Date(date(2026, 9, 5).at(0, 0, 0, 0)));
    assert_eq!(content(ages, "A7"), text("10-14"));
    assert_eq!(content(procedures, "A4"), number("1.00123"));
    assert_eq!(content(procedures, "A7"), text("1.004440"));
    assert_eq!(content(procedures, "A8"), number("1"));
    assert_eq!(content(schools, "A4"), number("720301"));
    assert_eq!(content(schools, "A5"), text("0720302"));
    assert_eq!(content(schools, "A6"), number("100000"));
    assert_eq!(content(schools, "A7"), number("7207203015"));
}

#[test]
fn a_workbook_of_the_year_2001_says_what_its_fonts_show() {
    let workbook = read(fixture!("harvest.xls")).expect("a workbook");
    let sheet = &workbook.sheets[0];
    assert_eq!((sheet.hidden, workbook.sheets[1].hidden), (false, true));
    assert_eq!(content(sheet, "A1"), text("BÁO CÁO SẢN XUẤT NÔNG NGHIỆP, THÁNG 10 NĂM 2001"));
    assert_eq!(sheet.merged, [((1, 0), (1, 4))]);
    let name = cell(sheet, "B5");
    assert_eq!((name.content, name.indent), (text("Xã Tân Biên"), 1));
    assert_eq!(content(sheet, "C7"), number("0.3"), "0.1 + 0.2");
    assert_eq!((content(sheet, "D5"), cell(sheet, "D5").format), (number("1.04"), NumberFormat::Percent));
    assert_eq!(content(sheet, "E5"), Content::Date(date(2001, 10, 9).at(0, 0, 0, 0)));
    let hidden: Vec<u32> = sheet.rows.iter().filter(|row| row.hidden).map(|row| row.number).collect();
    assert_eq!(hidden, [6]);
    let total = cell(sheet, "C8");
    assert_eq!(
        (total.content, total.formula.is_some()),
        (text(""), true),
        "the program that wrote it cannot add"
    );
    assert_eq!(content(sheet, "A9"), text("Ghi chú: số liệu ước tính"));
    assert_eq!(content(sheet, "C9"), Content::Truth(true));
    assert_eq!(content(sheet, "A10"), text("…"));
}

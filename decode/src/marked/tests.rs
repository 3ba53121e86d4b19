use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use super::{FOUND, excerpt, workbook};
use crate::{contract::form::tests::form, format::table::table, grid::Content};

fn found(at: &str, weight: Weight) -> Finding {
    let message = Text { vi: "sai".into(), en: "wrong".into() };
    Finding { weight, rule: Rule::Invalid, at: at.into(), stands: Box::default(), message }
}

#[test]
fn the_rows_that_are_amiss_stand_below_the_heading_of_their_table() {
    let pack = form("absent = \"keeps\"");
    let file = "Báo cáo tháng 10/2026;;;\nMã xã;Xã, phường;Số hồ sơ;Tỷ lệ\n25486;Tân Biên;x;82,5\n25489;Tân Lập;7;y\n25492;Thạnh Bình;8;1\n";
    let findings = [
        found("line 3, column 3", Weight::Error),
        found("", Weight::Error),
        found("line 5", Weight::Note),
        found("lines 3-4, column 4", Weight::Warning),
        found("line 4", Weight::Error),
    ];
    let excerpt = excerpt(&pack, "lists", file.as_bytes(), &findings).expect("a table");
    let [sheet] = &excerpt.sheets[..] else { panic!("{excerpt:?}") };
    assert_eq!((sheet.name.as_str(), &sheet.columns[..]), ("", &["1", "2", "3", "4"].map(str::to_owned)[..]));
    let rows: Vec<(u32, bool, &[usize])> =
        sheet.rows.iter().map(|row| (row.number, row.heading, &row.findings[..])).collect();
    assert_eq!(rows, [(2, true, &[][..]), (3, false, &[]), (4, false, &[4])], "notes are not amiss");
    let cell = |row: usize, column: usize| {
        (sheet.rows[row].cells[column].text.as_str(), &sheet.rows[row].cells[column].findings[..])
    };
    assert_eq!(cell(0, 2), ("Số hồ sơ", &[][..]));
    assert_eq!(cell(1, 2), ("x", &[0][..]));
    assert_eq!((cell(1, 3), cell(2, 3)), (("82,5", &[3][..]), ("y", &[3][..])));
}

#[test]
fn bound_an_excerpt_has_so_many_rows_and_counts_the_others() {
    let pack = form("absent = \"keeps\"");
    let file = "Mã xã;Xã, phường;Số hồ sơ\n".to_owned() + &"1;2;3\n".repeat(1_000);
    let excerpt = excerpt(
        &pack,
        "lists",
        file.as_bytes(),
        &[found("lines 2-900, column 3", Weight::Error), found("lines 2-4294967295", Weight::Error)],
    );
    let excerpt = excerpt.expect("a table");
    assert_eq!(excerpt.sheets[0].rows.iter().filter(|row| !row.heading).count(), 200);
    assert!(excerpt.more_rows >= 699);
    assert_eq!(super::excerpt(&pack, "lists", b"PK\x03\x04", &[]), None);
}

#[test]
fn what_cannot_be_copied_is_written_as_it_was_read() {
    let text = "Mã;Số\n00123;865,40\nx;12345678901234567890\n".as_bytes();
    let xls = include_bytes!("../../cases/workbooks/harvest.xls");
    for (file, at) in [(text, "line 2, column 2"), (xls.as_slice(), "")] {
        let before = table(file).expect("a table");
        let copy = workbook(file, &[found(at, Weight::Error)]).expect("a copy");
        assert!(copy.starts_with(b"PK"));
        let after = table(&copy).expect("a table");
        assert_eq!(after.sheets.len(), before.sheets.len() + 1);
        assert_eq!(after.sheets.last().map(|sheet| sheet.name.as_str()), Some(FOUND));
        for (was, is) in before.sheets.iter().zip(&after.sheets) {
            for row in &was.rows {
                for (column, cell) in row.cells.iter().filter(|(_, cell)| cell.content != Content::Blank) {
                    let found = is.rows.iter().find(|other| other.number == row.number);
                    let found = found.and_then(|row| row.cells.iter().find(|(other, _)| other == column));
                    let (was, is) = (excerpt::text(cell), found.map(|(_, cell)| excerpt::text(cell)));
                    let number = |text: &str| text.parse::<f64>().ok();
                    let is = is.unwrap_or_default();
                    assert!(was == is || number(&was).is_some() && number(&was) == number(&is), "{was} {is}");
                }
            }
        }
    }
}

#[test]
fn a_part_is_called_by_its_dimension_and_member_as_far_as_the_form_knows_them() {
    let pack = form(
        "absent = \"keeps\"\n\n[[lists.columns]]\nid = \"age\"\nrole = \"dimension\"\nname = { vi = \"Nhóm tuổi\", en = \"Age\" }\n\
         members = [{ id = \"0-4\", name = { vi = \"0–4 tuổi\", en = \"0 to 4\" } }]",
    );
    let named = pack.forms["lists"].part_named("age=0-4,sex=f");
    assert_eq!(
        (named.vi.as_str(), named.en.as_str()),
        ("Nhóm tuổi: 0–4 tuổi · sex: f", "Age: 0 to 4 · sex: f")
    );
    assert_eq!(pack.forms["lists"].part_named(""), Text::default());
}

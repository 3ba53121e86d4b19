//! Whatever a sheet holds is read as what it is, however the file says it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    made::Made,
    read, read_one,
    xls::{Stream, at, file, globals},
};
use crate::{
    format::table::workbook::{biff::kind, serial},
    grid::{Content, Sheet},
};

type Cells = BTreeMap<u32, BTreeMap<u32, Content>>;

fn texts() -> impl Strategy<Value = String> {
    // What needs to be escaped, what XML would take away, and what has one, two or four bytes.
    prop_oneof![
        "[a-zA-Z0-9 ,.%()<>&\"'-]{1,20}",
        "[ \\n\\t]{0,3}(xã|Số|Đơn vị|₫|😀|é|_x0041_|_x|\u{a0}){1,6}[ \\n\\t]{0,3}",
        "=[A-Z]{1,3}[0-9]{1,3}",
    ]
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        (-1_000_000_000i64..1_000_000_000, 0u32..5).prop_map(|(number, decimals)| {
            Content::Number(serial::of_double(number as f64 / 10f64.powi(decimals as i32)))
        }),
        texts().prop_map(Content::Text),
        any::<bool>().prop_map(Content::Truth),
        Just(Content::Error("#DIV/0!".to_owned())),
    ]
}

fn cells() -> impl Strategy<Value = Cells> {
    let row = prop::collection::btree_map(0u32..40, contents(), 1..8);
    prop::collection::btree_map(1u32..60, row, 0..12)
}

fn held(sheet: &Sheet) -> Cells {
    let row = |row: &crate::grid::GridRow| {
        row.cells.iter().map(|(column, cell)| (*column, cell.content.clone())).collect()
    };
    sheet.rows.iter().map(|met| (met.number, row(met))).collect()
}

fn escaped(text: &str) -> String {
    let text = text.replace("_x", "_x005F_x").replace('&', "&amp;").replace('<', "&lt;");
    format!("<t xml:space=\"preserve\">{text}</t>")
}

/// The same cells in the words of XML: where a cell follows the one before, it need not say where it is; texts are shared
/// by every other one, and in two pieces by every third.
fn xlsx(cells: &Cells) -> Vec<u8> {
    let (mut sheet, mut strings, mut shared) = (String::new(), String::new(), 0);
    let mut next_row = 1;
    for (number, row) in cells {
        sheet.push_str(&if *number == next_row {
            "<row>".to_owned()
        } else {
            format!("<row r=\"{number}\">")
        });
        next_row = number + 1;
        let mut next = 0;
        for (column, content) in row {
            let place = match *column == next {
                true => String::new(),
                false => format!(" r=\"{}{number}\"", crate::grid::letters(*column)),
            };
            next = column + 1;
            sheet.push_str(&match content {
                Content::Number(number) => format!("<c{place}><v>{number}</v></c>"),
                Content::Truth(truth) => format!("<c{place} t=\"b\"><v>{}</v></c>", u8::from(*truth)),
                Content::Error(error) => format!("<c{place} t=\"e\"><v>{error}</v></c>"),
                Content::Text(text) => {
                    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
                    let whole = match text.len() % 3 {
                        0 if !text[..middle].ends_with('_') => {
                            format!("<r>{}</r><r>{}</r>", escaped(&text[..middle]), escaped(&text[middle..]))
                        }
                        _ => escaped(text),
                    };
                    if text.len() % 2 == 0 {
                        strings.push_str(&format!("<si>{whole}</si>"));
                        shared += 1;
                        format!("<c{place} t=\"s\"><v>{}</v></c>", shared - 1)
                    } else {
                        format!("<c{place} t=\"inlineStr\"><is>{whole}</is></c>")
                    }
                }
                Content::Blank | Content::Date(_) => unreachable!("it is not made"),
            });
        }
        sheet.push_str("</row>");
    }
    Made::of_sheet(&format!("<sheetData>{sheet}</sheetData>")).with_strings(&strings).bytes()
}

/// The same cells in records, whose shared texts go on in another record after so many bytes.
fn xls(cells: &Cells, most: usize) -> Vec<u8> {
    let mut sheet = Stream::default();
    let mut strings: Vec<&str> = Vec::new();
    for (number, row) in cells {
        for (column, content) in row {
            let place = at(*number as u16 - 1, *column as u16, 0);
            sheet = match content {
                Content::Number(number) => sheet
                    .with(kind::NUMBER, &[&place, &number.parse::<f64>().expect("a number").to_le_bytes()]),
                Content::Truth(truth) => sheet.with(kind::TRUTH_OR_ERROR, &[&place, &[u8::from(*truth), 0]]),
                Content::Error(_) => sheet.with(kind::TRUTH_OR_ERROR, &[&place, &[7, 1]]),
                Content::Text(text) => {
                    strings.push(text);
                    sheet.with(kind::SHARED_LABEL, &[&place, &(strings.len() as u32 - 1).to_le_bytes()])
                }
                Content::Blank | Content::Date(_) => unreachable!("it is not made"),
            };
        }
    }
    let count = (strings.len() as u32).to_le_bytes();
    let mut records = vec![[count, count].concat()];
    for text in strings {
        let units: Vec<u16> = text.encode_utf16().collect();
        let is_wide = |units: &[u16]| units.iter().any(|unit| *unit > 0xff);
        let mut record = records.pop().expect("the first");
        if record.len() + 3 > most {
            records.push(record);
            record = Vec::new();
        }
        record.extend((units.len() as u16).to_le_bytes());
        let mut wide = is_wide(&units);
        record.push(u8::from(wide));
        for (place, unit) in units.iter().enumerate() {
            if record.len() + 2 > most {
                wide = is_wide(&units[place..]);
                records.push(std::mem::replace(&mut record, vec![u8::from(wide)]));
            }
            if wide { record.extend(unit.to_le_bytes()) } else { record.push(*unit as u8) }
        }
        records.push(record);
    }
    let mut globals = globals(0x600);
    for (place, record) in records.iter().enumerate() {
        globals = globals.with(if place == 0 { kind::SHARED_TEXTS } else { kind::CONTINUE }, &[record]);
    }
    file(0x600, &globals, &[("T10", 0, sheet)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_sheet_is_read_as_what_it_holds(cells in cells(), most in 12usize..200) {
        prop_assert_eq!(held(&read_one(&xlsx(&cells))), cells.clone());
        prop_assert_eq!(held(&read_one(&xls(&cells, most))), cells);
    }

    #[test]
    fn safe_bytes_that_are_changed_or_missing_are_read_or_refused(
        cells in cells(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        for mut file in [xlsx(&cells), xls(&cells, 60)] {
            for (place, byte) in &changes {
                let place = place.index(file.len());
                file[place] = *byte;
            }
            let _ = read(&file);
            let _ = read(&file[..end.index(file.len())]);
        }
    }

    #[test]
    fn safe_any_words_of_a_sheet_are_read_or_refused(words in prop::collection::vec(prop_oneof![
        Just("<row>"), Just("</row>"), Just("<row r=\"3\" hidden=\"1\">"), Just("<c>"), Just("</c>"), Just("<c r=\"B2\" t=\"s\">"),
        Just("<c t=\"inlineStr\">"), Just("<c t=\"str\" s=\"0\">"), Just("<v>"), Just("</v>"), Just("1"), Just("46113.5"),
        Just("<f>"), Just("</f>"), Just("<f t=\"shared\" si=\"0\"/>"), Just("'[1]T9'!A1"), Just("<is>"), Just("</is>"), Just("<t>"),
        Just("</t>"), Just("<r>"), Just("</r>"), Just("&amp;"), Just("&"), Just("<"), Just("<!--"), Just("-->"), Just("<![CDATA["),
        Just("]]>"), Just("<?x"), Just("?>"), Just("xã"), Just("<rPh>"), Just("</rPh>"),
    ], 0..40)) {
        let _ = read(&Made::of_sheet(&format!("<sheetData>{}</sheetData>", words.concat())).bytes());
    }
}

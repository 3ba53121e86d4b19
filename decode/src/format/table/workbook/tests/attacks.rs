//! Files that are made to hurt, and files that are something else.

use super::{
    content,
    made::{Made, SHEET},
    number, read, read_one, refused,
};
use crate::format::table::workbook::is_meant;

fn says(bytes: &[u8], word: &str) {
    let finding = refused(bytes);
    assert!(finding.message.en.contains(word), "{word}: {}", finding.message.en);
}

fn one() -> Made {
    Made::of_sheet("<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>")
}

#[test]
fn bound_an_archive_that_grows_out_of_proportion_is_refused() {
    let blanks = " ".repeat(40 << 20);
    says(&one().with(SHEET, &format!("<worksheet>{blanks}</worksheet>")).bytes(), "out of proportion");
    // Its list says less than there is, or that much is little.
    let small = format!("<worksheet><sheetData>{}</sheetData></worksheet>", "<row/>".repeat(700_000));
    let made = one().with(SHEET, &small);
    assert!(read(&made.bytes()).is_ok());
    let lying = made.packed(|entry| {
        if entry.name == SHEET {
            entry.size = 1_000
        }
    });
    says(&lying, SHEET);
    let boasting = one().packed(|entry| {
        if entry.name == SHEET {
            entry.size = 0xffff_fff0
        }
    });
    says(&boasting, "out of proportion");
    // Many parts, each of them little.
    let mut many = one();
    let sheets: String = (0..40).map(|number| format!("<sheet name=\"T{number}\" r:id=\"rId1\"/>")).collect();
    many = many.with(SHEET, &small).with_workbook(&format!("<sheets>{sheets}</sheets>"));
    says(&many.bytes(), "out of proportion");
}

#[test]
fn bound_what_expands_or_nests_without_end_is_refused() {
    let laughs = "<!DOCTYPE w [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><worksheet>&b;</worksheet>";
    says(&one().with(SHEET, laughs).bytes(), "DOCTYPE");
    let outside = "<!DOCTYPE w SYSTEM \"file:///etc/passwd\"><worksheet/>";
    says(&one().with("xl/sharedStrings.xml", outside).bytes(), "DOCTYPE");
    says(&one().with(SHEET, "<worksheet>&b;</worksheet>").bytes(), SHEET);
    let deep = "<a>".repeat(1_000);
    says(&one().with(SHEET, &format!("<worksheet>{deep}")).bytes(), SHEET);
    let long = "x".repeat(3 << 20);
    says(
        &one()
            .with(
                SHEET,
                &format!("<worksheet><sheetData><row><c><v>{long}</v></c></row></sheetData></worksheet>"),
            )
            .bytes(),
        "longer than any cell",
    );
    let many: String = (0..120_000).map(|number| format!(" a{number}=\"\"")).collect();
    says(
        &one()
            .with(SHEET, &format!("<worksheet><sheetData><row><c{many}/></row></sheetData></worksheet>"))
            .bytes(),
        "longer than any cell",
    );
}

#[test]
fn a_sheet_is_called_as_one_and_no_two_alike() {
    for name in ["", &"T".repeat(61), "T&#9;10", "T_x000D_"] {
        let sheets = format!("<sheets><sheet name=\"{name}\" r:id=\"rId1\"/></sheets>");
        says(&one().with_workbook(&sheets).bytes(), "xl/workbook.xml");
    }
    let sheets = "<sheet name=\"T10\" r:id=\"rId1\"/>".repeat(2);
    says(&one().with_workbook(&format!("<sheets>{sheets}</sheets>")).bytes(), "xl/workbook.xml");
}

#[test]
fn bound_a_sheet_that_says_more_than_a_report_is_refused() {
    let cells = "<c><v>1</v></c>".repeat(16_384);
    let row = format!("<row>{cells}</row>");
    says(&Made::of_sheet(&format!("<sheetData>{}</sheetData>", row.repeat(62))).bytes(), "1000000 cells");
    let text = "x".repeat(32_000);
    let shared = "<c t=\"s\"><v>0</v></c>".repeat(4_000);
    let made = Made::of_sheet(&format!("<sheetData><row>{shared}</row></sheetData>"));
    says(&made.with_strings(&format!("<si><t>{text}</t></si>")).bytes(), "96 MB of text");
    let strings = "<si/>".repeat(1_000_001);
    says(&one().with_strings(&strings).bytes(), "1000000 cells");
    let merged = "<mergeCell ref=\"A1:B2\"/>".repeat(100_001);
    says(&Made::of_sheet(&format!("<mergeCells>{merged}</mergeCells>")).bytes(), "100000 merged");
    let looks = format!("<cellXfs>{}</cellXfs>", "<xf/>".repeat(65_537));
    says(&one().with_styles(&looks).bytes(), "too many cell styles");
    let sheets: String =
        (0..1_001).map(|number| format!("<sheet name=\"T{number}\" r:id=\"rId1\"/>")).collect();
    says(&one().with_workbook(&format!("<sheets>{sheets}</sheets>")).bytes(), "1000 sheets");
}

#[test]
fn rows_and_looks_without_a_value_are_nothing() {
    let rows: String = (1..=1_048_576).map(|row| format!("<row r=\"{row}\"/>")).collect();
    let sheet = read_one(&Made::of_sheet(&format!("<sheetData>{rows}</sheetData>")).bytes());
    assert_eq!(sheet.rows, []);
    let blanks = "<c s=\"0\"/>".repeat(16_384);
    let rows = format!("<row>{blanks}</row>").repeat(20) + "<row><c><v>7</v></c></row>";
    let sheet = read_one(&Made::of_sheet(&format!("<sheetData>{rows}</sheetData>")).bytes());
    assert_eq!(sheet.rows.len(), 1);
    assert_eq!(content(&sheet, "A21"), number("7"));
}

#[test]
fn a_list_of_parts_that_lies_is_refused() {
    let good = one();
    assert!(read(&good.packed(|_| {})).is_ok());
    says(&good.packed(|entry| entry.checksum ^= 1), "damaged");
    says(
        &good.packed(|entry| {
            if entry.name == SHEET {
                entry.at = 0xffff_ff00
            }
        }),
        SHEET,
    );
    says(
        &good.packed(|entry| {
            if entry.name == SHEET {
                entry.packed_size = 0x00ff_ffff
            }
        }),
        SHEET,
    );
    says(
        &good.packed(|entry| {
            if entry.name == SHEET {
                entry.method = 9
            }
        }),
        SHEET,
    );
    says(
        &good.packed(|entry| {
            if entry.name == SHEET {
                entry.flags = 1
            }
        }),
        "password",
    );
    says(
        &good.packed(|entry| {
            if entry.name == SHEET {
                entry.at = 0xffff_ffff
            }
        }),
        "cut off",
    );
    let twice = good.clone().with("xl/other.xml", "").packed(|entry| {
        if entry.name == "xl/other.xml" {
            entry.name = "XL\\worksheets/Sheet1.xml".to_owned()
        }
    });
    says(&twice, "twice");
    let above = good.clone().with("xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"../../../etc/passwd\"/></Relationships>");
    says(&above.bytes(), "etc/passwd");
    let folders = good.packed(|entry| entry.name = entry.name.replace('/', "\\").to_uppercase());
    assert!(read(&folders).is_ok(), "a careless program's, not an attack");
}

#[test]
fn sizes_that_stand_in_64_bits_are_read() {
    let large = one().packed(|entry| {
        if entry.name == SHEET {
            entry.extra = [
                &[1u8, 0, 16, 0][..],
                &u64::from(entry.size).to_le_bytes(),
                &u64::from(entry.packed_size).to_le_bytes(),
            ]
            .concat();
            entry.size = 0xffff_ffff;
            entry.packed_size = 0xffff_ffff;
        }
    });
    assert_eq!(content(&read_one(&large), "A1"), number("1"));
}

#[test]
fn safe_every_cut_of_a_workbook_is_refused_and_no_byte_that_is_changed_makes_it_panic() {
    for good in [
        one().bytes(),
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/cases/workbooks/budget.xlsx")).to_vec(),
    ] {
        for end in (0..good.len()).step_by(7) {
            let _ = refused(&good[..end]);
        }
        for place in 0..good.len() {
            let mut near = good.clone();
            near[place] ^= 0xff;
            let _ = read(&near);
        }
    }
}

#[test]
fn a_file_that_is_something_else_is_told_what_it_is() {
    let archive = |name: &str| Made(Vec::new()).with(name, "x").bytes();
    for (bytes, word) in [
        (Vec::new(), "empty"),
        (b"<html><table><tr><td>1</td></tr></table></html>".to_vec(), "web page"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE HTML PUBLIC>".to_vec(), "web page"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related".to_vec(), "web page"),
        (
            "<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">"
                .as_bytes()
                .to_vec(),
            "XML Spreadsheet 2003",
        ),
        ("\u{feff}<html>".encode_utf16().flat_map(u16::to_le_bytes).collect(), "web page"),
        (b"<?xml version=\"1.0\"?><report/>".to_vec(), "XML and no workbook"),
        (b"%PDF-1.7".to_vec(), "PDF"),
        (b"\xff\xd8\xff\xe0".to_vec(), "picture"),
        (b"Rar!\x1a\x07".to_vec(), "archive"),
        (b"{\\rtf1".to_vec(), "Word"),
        (b"\x09\x04\x06\x00\x00\x00\x10\x00".to_vec(), "Excel 4"),
        (archive("word/document.xml"), "Word"),
        (archive("xl/workbook.bin"), "XLSB"),
        (Made(Vec::new()).with("mimetype", "x").with("content.xml", "x").bytes(), "ODS"),
        (archive("Index/Document.iwa"), "Numbers"),
        (archive("báo cáo tháng 10.xlsx"), "workbook within"),
        (archive("a.txt"), "archive and no workbook"),
        (b"PK\x03\x04".to_vec(), "cut off"),
    ] {
        assert!(is_meant(&bytes), "{word}");
        says(&bytes, word);
    }
    assert!(!is_meant("Mã xã,Giá trị\n25486,12\n".as_bytes()));
    says("Mã xã,Giá trị\n25486,12\n".as_bytes(), "no workbook");
}

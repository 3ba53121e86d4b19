//! Copies with marks.

use std::io::Read;

use ioc_model::form::{Finding, Rule, Weight};
use ioc_model::text::Text;

use super::{super::archive::Archive, super::marked, made::Made, read};
use crate::{
    grid::{Content, Sheet},
    marked::{FOUND, Marks},
};

fn found(at: &str, weight: Weight) -> Finding {
    Finding {
        weight,
        rule: Rule::Invalid,
        at: at.into(),
        stands: "<x>".into(),
        message: Text { vi: "sai <b> & \u{1}".into(), en: "wrong".into() },
    }
}

fn copy(bytes: &[u8], findings: &[Finding]) -> Vec<u8> {
    let of = read(bytes).expect("a workbook");
    marked(bytes, &Marks::of(&of.sheets, findings)).expect("a copy")
}

fn part(bytes: &[u8], name: &str) -> String {
    let archive = Archive::open(bytes).expect("an archive");
    let mut text = String::new();
    let part = archive.part(name).expect("whole").unwrap_or_else(|| panic!("no {name}"));
    let _ = part.unbroken().read_to_string(&mut text).expect("text");
    text
}

fn names(bytes: &[u8]) -> Vec<String> {
    let archive = Archive::open(bytes).expect("an archive");
    let mut names: Vec<String> = archive.names().map(str::to_owned).collect();
    names.sort();
    names
}

/// What cells say, without looks.
fn contents(sheet: &Sheet) -> Vec<(u32, u32, Content)> {
    let rows = sheet.rows.iter();
    let cells = rows
        .flat_map(|row| row.cells.iter().map(|(column, cell)| (row.number, *column, cell.content.clone())));
    cells.filter(|(.., content)| *content != Content::Blank).collect()
}

#[test]
fn a_copy_says_what_its_original_says_and_where_something_was_found() {
    let cases = [
        include_bytes!("../../../../../cases/workbooks/budget.xlsx").as_slice(),
        include_bytes!("../../../../../cases/workbooks/codes.xlsx"),
        include_bytes!("../../../../../cases/workbooks/firms.xlsx"),
        include_bytes!("../../../../../cases/workbooks/percent.xlsx"),
        include_bytes!("../../../../../cases/workbooks/swapped.xlsx"),
        include_bytes!("../../../../../cases/workbooks/visits.xlsx"),
        include_bytes!("../../../../../cases/table/formulas/input.xlsx"),
        include_bytes!("../../../../../cases/table/totals_and_copies/input.xlsx"),
    ];
    for bytes in cases {
        let original = read(bytes).expect("a workbook");
        let name = &original.sheets[0].name;
        let findings = [
            found(&format!("{name}!B2"), Weight::Error),
            found(&format!("{name}!D4:D6, D9"), Weight::Warning),
            found(&format!("{name}!ZZ9"), Weight::Warning),
            found(&format!("{name}!3:3"), Weight::Note),
            found(&format!("{name}!A900000"), Weight::Error),
            found(name, Weight::Note),
            found("", Weight::Error),
        ];
        let once = copy(bytes, &findings);
        let mut again = read(&once).expect("the copy is a workbook");
        let list = again.sheets.pop().expect("the list");
        assert_eq!((list.name.as_str(), list.rows.len()), (FOUND, 1 + findings.len()));
        assert_eq!(again.sheets.len(), original.sheets.len());
        for (copied, sheet) in again.sheets.iter().zip(&original.sheets) {
            assert_eq!((&copied.name, copied.hidden), (&sheet.name, sheet.hidden));
            assert_eq!(contents(copied), contents(sheet), "{}", sheet.name);
            assert_eq!((&copied.merged, &copied.hidden_columns), (&sheet.merged, &sheet.hidden_columns));
        }
        let notes = part(&once, "xl/comments1.xml");
        for at in ["B2", "D4", "D5", "D6", "D9", "ZZ9", "A900000"] {
            assert!(notes.contains(&format!("ref=\"{at}\"")), "{at}");
        }
        assert!(notes.contains("sai &lt;b&gt; &amp; \u{fffd}"));
        assert_eq!(copy(bytes, &findings), once, "the same marks give the same bytes");
    }
}

#[test]
fn marks_of_an_earlier_copy_are_taken_away_and_a_clerk_s_own_notes_stay() {
    let bytes = include_bytes!("../../../../../cases/workbooks/percent.xlsx");
    let name = read(bytes).expect("a workbook").sheets[0].name.clone();
    let first = copy(
        bytes,
        &[found(&format!("{name}!B2"), Weight::Error), found(&format!("{name}!B3"), Weight::Error)],
    );
    let second = copy(&first, &[found(&format!("{name}!B3"), Weight::Error)]);
    assert_eq!(
        read(&second).expect("a workbook").sheets.iter().filter(|sheet| sheet.name == FOUND).count(),
        1
    );
    let notes = part(&second, "xl/comments1.xml");
    assert!(notes.contains("ref=\"B3\"") && !notes.contains("ref=\"B2\""), "{notes}");
    assert_eq!(notes.matches("sai &lt;b&gt;").count(), 1, "said once");
    let look = |bytes: &[u8], at: &str| {
        let sheet = part(bytes, "xl/worksheets/sheet1.xml");
        let cell = sheet.split(&format!("r=\"{at}\"")).nth(1).expect("the cell").to_owned();
        let look: usize = cell
            .split("s=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a look")
            .parse()
            .expect("a number");
        let styles = part(bytes, "xl/styles.xml");
        let looks = styles
            .split("<cellXfs")
            .nth(1)
            .and_then(|rest| rest.split("</cellXfs>").next())
            .expect("looks")
            .to_owned();
        let fill = looks
            .split("<xf ")
            .nth(look + 1)
            .and_then(|xf| xf.split("fillId=\"").nth(1))
            .and_then(|rest| rest.split('"').next())
            .expect("a fill")
            .parse::<usize>()
            .expect("a number");
        styles.split("<fill>").nth(fill + 1).expect("the fill").to_owned()
    };
    assert!(look(&first, "B2").contains("FFFFC4BE"));
    assert!(!look(&second, "B2").contains("FFFFC4BE"), "the mark is gone");
    assert!(look(&second, "B3").contains("FFFFC4BE"));

    let own = Made::of_sheet("<sheetData><row r=\"2\"><c r=\"A2\"><v>5</v></c></row></sheetData>")
        .with_styles("<fills><fill><patternFill patternType=\"none\"/></fill></fills><cellXfs><xf numFmtId=\"0\" fillId=\"0\"/></cellXfs>")
        .with(
            "xl/worksheets/_rels/sheet1.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
             Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments\" Target=\"../comments9.xml\"/></Relationships>",
        )
        .with(
            "xl/comments9.xml",
            "<comments xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><authors><author>xã</author></authors>\
             <commentList><comment ref=\"A2\" authorId=\"0\"><text><r><t>hỏi lại</t></r></text></comment><comment ref=\"B7\" \
             authorId=\"0\"><text><t>của tôi</t></text></comment></commentList></comments>",
        )
        .bytes();
    let marked_once = copy(&own, &[found("T10!A2", Weight::Error)]);
    let notes = part(&marked_once, "xl/comments1.xml");
    assert!(notes.contains("hỏi lại") && notes.contains("của tôi") && notes.contains("wrong"), "{notes}");
    let clean = part(&copy(&marked_once, &[]), "xl/comments1.xml");
    assert!(clean.contains("hỏi lại") && clean.contains("của tôi") && !clean.contains("wrong"), "{clean}");
}

#[test]
fn safe_what_could_act_does_not_come_along() {
    let formula = |at: &str, attributes: &str, text: &str| {
        format!("<c r=\"{at}\" t=\"str\"><f{attributes}>{text}</f><v>7</v></c>")
    };
    let cells = [
        formula("A1", "", "[1]T9!A1"),
        formula("B1", "", "cmd|&apos;/c calc&apos;!A0"),
        formula("C1", "", "WEBSERVICE(&quot;x&quot;)"),
        formula("D1", "", "&#87;ebservice(A1)"),
        formula("E1", "", "SUM(G1:H1)"),
        formula("F1", "", "'file:&#47;&#47;/etc/passwd'#$Sheet.A1"),
        formula("G1", " t=\"shared\" si=\"0\" ref=\"G1:H1\"", "hyperlink(A1)"),
        formula("H1", " t=\"shared\" si=\"0\"", ""),
        formula("I1", " t=\"shared\" si=\"1\" ref=\"I1:J1\"", "A1+1"),
        formula("J1", " t=\"shared\" si=\"1\"", ""),
    ]
    .concat();
    let bytes = Made::of_sheet(&format!(
        "<sheetData><row r=\"1\">{cells}</row></sheetData><conditionalFormatting sqref=\"A1\"><cfRule type=\"expression\" \
         priority=\"1\"><formula>[1]T9!A1&gt;0</formula></cfRule></conditionalFormatting><dataValidations><dataValidation \
         sqref=\"A1\"><formula1>$A$1:$A$3</formula1></dataValidation></dataValidations><hyperlinks><hyperlink ref=\"A1\" \
         xmlns:r=\"r\" r:id=\"rId9\"/></hyperlinks><pageSetup paperSize=\"9\" xmlns:r=\"r\" r:id=\"rId8\"/><drawing \
         xmlns:r=\"r\" r:id=\"rId1\"/><oleObjects/><controls/><extLst><ext/></extLst>"
    ))
    .with_workbook(
        "<sheets><sheet name=\"T10\" sheetId=\"1\" r:id=\"rId1\"/></sheets><definedNames><definedName \
         name=\"Auto_Open\">T10!$A$1</definedName><definedName name=\"f\" function=\"1\">T10!$A$1</definedName><definedName \
         name=\"out\">[1]T9!$A$1</definedName><definedName name=\"list\">T10!$A$1:$A$3</definedName></definedNames>",
    )
    .with_styles("<fills><fill><patternFill patternType=\"none\"/></fill></fills><cellXfs><xf numFmtId=\"0\" fillId=\"0\"/></cellXfs>")
    .with("xl/vbaProject.bin", "macro")
    .with("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    .with("xl/activeX/activeX1.bin", "control")
    .with("xl/embeddings/oleObject1.bin", "object")
    .with("xl/connections.xml", "<connections/>")
    .with("customUI/customUI.xml", "<customUI/>")
    .bytes();
    let made = copy(&bytes, &[found("T10!A1", Weight::Error)]);
    assert_eq!(
        names(&made),
        [
            "[content_types].xml",
            "_rels/.rels",
            "xl/_rels/workbook.xml.rels",
            "xl/comments1.xml",
            "xl/drawings/vmldrawing1.vml",
            "xl/sharedstrings.xml",
            "xl/styles.xml",
            "xl/workbook.xml",
            "xl/worksheets/_rels/sheet1.xml.rels",
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",
        ]
    );
    let sheet = part(&made, "xl/worksheets/sheet1.xml");
    for gone in [
        "[1]",
        "cmd",
        "WEBSERVICE",
        "ebservice",
        "passwd",
        "hyperlink",
        "rId9",
        "rId8",
        "drawing ",
        "oleObjects",
        "controls",
        "extLst",
    ] {
        assert!(!sheet.contains(gone), "{gone}: {sheet}");
    }
    for stays in ["SUM(G1:H1)", "A1+1", "si=\"1\"></f>", "$A$1:$A$3", "paperSize=\"9\""] {
        assert!(sheet.contains(stays), "{stays}: {sheet}");
    }
    assert!(!sheet.contains("si=\"0\""), "what shares a formula that is gone has none: {sheet}");
    assert_eq!(sheet.matches("<v>7</v>").count(), 10, "results stay");
    let workbook = part(&made, "xl/workbook.xml");
    assert!(workbook.contains("name=\"list\""));
    for gone in ["Auto_Open", "function", "name=\"out\""] {
        assert!(!workbook.contains(gone), "{gone}");
    }
}

#[test]
fn safe_no_damaged_file_stops_the_copying() {
    let bytes = include_bytes!("../../../../../cases/workbooks/percent.xlsx");
    let findings = [found("x!B2", Weight::Error)];
    for at in (0..bytes.len()).step_by(97) {
        for change in [0x00, 0x3c, 0xff] {
            let mut broken = bytes.to_vec();
            broken[at] = change;
            let _ = crate::marked::workbook(&broken, &findings);
            let _ = marked(&broken, &Marks::default());
        }
        let _ = crate::marked::workbook(&bytes[..at], &findings);
    }
}

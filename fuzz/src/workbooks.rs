//! Workbooks of spreadsheets, before anybody knows their form.
//!
//! An input is a file, or one part of an XLSX: what begins with `<` is laid into an archive with the parts that it needs,
//! so that what is searched is XML and not the ways a checksum can be wrong.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

use flate2::Crc;
use ioc_decode::{listing, marked};
use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use crate::{allocation::within, files_of, repository};

/// A workbook may have a million cells, and inflate to sixteen megabytes however short it is; beside it a line a cell.
const HELD: usize = 400 << 20;
/// Bytes of a sentence for clerks, at most.
const SENTENCE: usize = 1_000;

const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";
const STYLES: &str = "xl/styles.xml";
/// Parts by name, of a workbook with one sheet.
const PARTS: &[(&str, &str)] = &[
    (
        "_rels/.rels",
        r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/styles" Target="styles.xml"/><Relationship Id="c" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
    ),
    ("xl/workbook.xml", r#"<workbook><sheets><sheet name="T10" r:id="a"/></sheets></workbook>"#),
    (
        SHEET,
        r#"<worksheet><cols><col min="2" max="3" hidden="1"/></cols><sheetData><row r="3" hidden="1"><c r="A3" t="s"><v>0</v></c><c t="s" s="1"><v>1</v></c><c s="2"><f t="shared" si="0" ref="C3:D3">'[1]T9'!A1</f><v>46113</v></c><c s="3"><f t="shared" si="0"/></c><c t="str"><f>IF(A1="","",1)</f><v></v></c></row><row><c t="inlineStr"><is><r><rPr><rFont val=".VnTimeH"/></rPr><t xml:space="preserve"> th¸ng_x000D_ </t></r><rPh><t>a</t></rPh></is></c><c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c><c t="d"><v>2026-11-03</v></c><c s="3"><v>37.799999999999997</v></c></row></sheetData><mergeCells><mergeCell ref="A1:C2"/></mergeCells></worksheet>"#,
    ),
    (
        STYLES,
        r##"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[&gt;=1000]#,##0,&quot;K&quot;;[Red]0.0%"/></numFmts><fonts><font><name val="Arial"/></font><font><name val=".VnTime"/></font></fonts><cellXfs><xf/><xf fontId="1"><alignment indent="2"/></xf><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>"##,
    ),
    (
        STRINGS,
        r#"<sst><si><t>Tổng &amp; cộng</t></si><si><r><t>S¶n </t></r><r><rPr><rFont val="VNI-Times"/></rPr><t>Soaá</t></r></si></sst>"#,
    ),
];

/// What is read is read the same again and has each cell once; what is refused is told in a sentence of bounded length.
pub(crate) fn workbook(bytes: &[u8]) {
    let file = if bytes.starts_with(b"<") { around(bytes) } else { bytes.to_vec() };
    let read = within(HELD, || listing::cells(&file));
    assert_eq!(read, listing::cells(&file), "it is read the same again");
    match read {
        Ok(lines) => {
            let mut names = HashSet::new();
            let is_new = |line: &String| names.insert(line.split('\t').next().map(str::to_owned));
            assert!(lines.iter().all(is_new), "a cell is there twice");
        }
        Err(finding) => {
            let sentences = [&finding.message.vi, &finding.message.en];
            assert!(sentences.iter().all(|sentence| (1..SENTENCE).contains(&sentence.len())), "{finding:?}");
        }
    }
}

/// The sheet of a marked copy that lists what was found.
const FOUND: &str = "Kết quả kiểm tra";
/// So many cells of a file are marked.
const MARKS: usize = 24;

/// A file that is marked at some of its cells is a file that can be read, with what it held, and the same marks make the
/// same bytes: a sender's workbook is written anew in the process that receives.
pub(crate) fn marked(bytes: &[u8]) {
    let file = if bytes.starts_with(b"<") { around(bytes) } else { bytes.to_vec() };
    let before = listing::cells(&file).unwrap_or_default();
    let step = (before.len() / MARKS).max(1);
    let findings: Vec<Finding> =
        before.iter().step_by(step).take(MARKS).map(|line| found(name(line))).collect();
    let copy = within(HELD, || marked::workbook(&file, &findings));
    assert_eq!(copy, marked::workbook(&file, &findings), "the same marks make the same bytes");
    let Some(copy) = copy else { return };
    let after = listing::cells(&copy).unwrap_or_else(|finding| panic!("a copy cannot be read: {finding:?}"));
    let after: HashMap<&str, &str> = after.iter().map(|line| (name(line), said(line))).collect();
    // What shows nothing may be a formula that does not come along.
    let shown = |line: &&String| !name(line).starts_with(FOUND) && !said(line).is_empty() && is_plain(line);
    for line in before.iter().filter(shown) {
        let (was, is) = (said(line), after.get(name(line)).copied().unwrap_or_default());
        let number = |text: &str| text.parse::<f64>().ok();
        assert!(
            was == is || number(was).is_some() && number(was) == number(is),
            "{}: {was} is {is}",
            name(line)
        );
    }
}

fn found(at: &str) -> Finding {
    let message = Text { vi: "sai <b> & \"x\"".to_owned(), en: "wrong <b> & \"x\"".to_owned() };
    Finding { weight: Weight::Error, rule: Rule::Invalid, at: at.into(), stands: "x".into(), message }
}

fn name(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

fn said(line: &str) -> &str {
    line.split('\t').nth(2).unwrap_or_default()
}

/// Whether it is a number, or a text that every file can hold: what is written of a file that cannot be copied has no
/// control characters.
fn is_plain(line: &str) -> bool {
    match line.split('\t').nth(1) {
        Some("number") => true,
        Some("text") => !said(line).contains('\\') && said(line).len() < 8_000,
        _ => false,
    }
}

/// Files as programs write them, and each part that says something of cells.
pub(crate) fn files() -> Vec<Vec<u8>> {
    let is_workbook = |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending != "md");
    let files = files_of(&repository("decode/cases/workbooks")).into_iter().filter(is_workbook);
    let mut seeds: Vec<Vec<u8>> = files.map(|path| fs::read(path).expect("a case")).collect();
    seeds.extend(PARTS[3..].iter().map(|(_, part)| part.as_bytes().to_vec()));
    seeds
}

/// An archive with that part in place of the one that is like it.
fn around(part: &[u8]) -> Vec<u8> {
    let has = |root: &[u8]| part.windows(root.len()).take(200).any(|bytes| bytes == root);
    let replaced = match () {
        () if has(b"<sst") => STRINGS,
        () if has(b"<styleSheet") => STYLES,
        () => SHEET,
    };
    let parts =
        PARTS.iter().map(|(name, own)| (*name, if *name == replaced { part } else { own.as_bytes() }));
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        let mut checksum = Crc::new();
        checksum.update(part);
        let length = part.len() as u32;
        let fields = [checksum.sum(), length, length].map(u32::to_le_bytes).concat();
        let name_length = (name.len() as u32).to_le_bytes();
        let at = file.len() as u32;
        list.extend(
            [
                b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0",
                &fields[..],
                &name_length,
                &[0; 10],
                &at.to_le_bytes(),
            ]
            .concat(),
        );
        list.extend(name.as_bytes());
        file.extend(
            [b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0", &fields[..], &name_length, name.as_bytes(), part].concat(),
        );
    }
    let (at, length) = (file.len() as u32, list.len() as u32);
    let count = [PARTS.len() as u16; 2].map(u16::to_le_bytes).concat();
    file.extend(list);
    file.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &length.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_to_its_reader() {
        for (_, part) in &PARTS[3..] {
            let lines = listing::cells(&around(part.as_bytes())).expect("a workbook");
            assert_eq!(lines.len(), 10, "{lines:?}");
        }
        let found = listing::cells(&around(
            b"<worksheet><sheetData><row><c><v>7</v></c></row></sheetData></worksheet>",
        ));
        assert_eq!(found, Ok(vec!["T10!A1\tnumber\t7".to_owned()]));
    }
}

//! How long a workbook of ten megabytes is read, and what memory it takes at most: the reader alone, on one core.
//!
//! The file is the largest that may come as a report and more than any that does: 24,000 rows of a code, a text that cells
//! share, and 28 numbers of 15 digits. As XLSX it is ten megabytes, in which there are forty of XML. With the names of files
//! these are read instead.
//!
//!     cargo bench -p ioc-decode --bench workbook [-- FILE...]

use std::{fs, io::Write, time::Instant};

use flate2::{Compression, Crc, write::DeflateEncoder};
use ioc_decode::listing;

const ROWS: u64 = 24_000;
const NUMBERS: u64 = 28;
const ROUNDS: u32 = 5;

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if named.is_empty() {
        measure("a report of ten megabytes", &large());
    }
    for name in named {
        measure(&name, &fs::read(&name).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}

fn measure(name: &str, bytes: &[u8]) {
    let mut best = f64::INFINITY;
    let mut said = String::new();
    let before = peak();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        said = match listing::count(bytes) {
            Ok(cells) => format!("{cells} cells"),
            Err(finding) => finding.message.en,
        };
        best = best.min(begun.elapsed().as_secs_f64());
    }
    let megabytes = bytes.len() as f64 / 1e6;
    println!(
        "{name}, {megabytes:.1} MB: {:.0} ms, {} MB more at most, {said}",
        best * 1e3,
        (peak() - before) / 1_024
    );
}

/// The most memory this process held so far. KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the status of a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).expect("its peak")
}

fn large() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut some = || {
        // xorshift64: digits that do not shrink.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut sheet = "<worksheet><sheetData>".to_owned();
    for row in 1..=ROWS {
        sheet.push_str(&format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>{}</v></c>", some() % 1_000));
        for column in 0..NUMBERS {
            let letter = char::from(b'B' + (column % 24) as u8);
            let name = if column < 24 { format!("{letter}{row}") } else { format!("A{letter}{row}") };
            sheet.push_str(&format!(
                "<c r=\"{name}\" s=\"1\"><v>{}.{:014}</v></c>",
                some() % 10,
                some() % 100_000_000_000_000
            ));
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    let strings: String = (0..1_000).map(|number| format!("<si><t>Xã số {number}</t></si>")).collect();
    archive(&[
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="x/styles" Target="styles.xml"/><Relationship Id="c" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
        ),
        ("xl/workbook.xml", r#"<workbook><sheets><sheet name="T10" r:id="a"/></sheets></workbook>"#),
        ("xl/styles.xml", r#"<styleSheet><cellXfs><xf/><xf numFmtId="4"/></cellXfs></styleSheet>"#),
        ("xl/sharedStrings.xml", &format!("<sst>{strings}</sst>")),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for (name, part) in parts {
        let mut checksum = Crc::new();
        checksum.update(part.as_bytes());
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(part.as_bytes()).expect("memory");
        let packed = packed.finish().expect("memory");
        let fields = [checksum.sum(), packed.len() as u32, part.len() as u32].map(u32::to_le_bytes).concat();
        let name_length = (name.len() as u32).to_le_bytes();
        let at = (file.len() as u32).to_le_bytes();
        list.extend(
            [
                b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0",
                &fields[..],
                &name_length,
                &[0; 10],
                &at,
                name.as_bytes(),
            ]
            .concat(),
        );
        file.extend(
            [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0", &fields[..], &name_length, name.as_bytes(), &packed]
                .concat(),
        );
    }
    let (at, length) = (file.len() as u32, list.len() as u32);
    let count = [parts.len() as u16; 2].map(u16::to_le_bytes).concat();
    file.extend(list);
    file.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &length.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    file
}

//! Workbooks that tests write, part by part.

use flate2::Crc;

pub(super) const SHEET: &str = "xl/worksheets/sheet1.xml";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Parts of an XLSX workbook, by name.
#[derive(Clone)]
pub(super) struct Made(pub(super) Vec<(String, Vec<u8>)>);

impl Made {
    /// A workbook of one sheet `T10`, whose part holds this between `<worksheet>` and its end.
    pub(super) fn of_sheet(within: &str) -> Made {
        let relationships = |within: String| {
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{within}</Relationships>"
            )
        };
        let one = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        };
        let parts = one("rId1", "worksheet", "worksheets/sheet1.xml")
            + &one("rId2", "styles", "styles.xml")
            + &one("rId3", "sharedStrings", "sharedStrings.xml");
        Made(Vec::new())
            .with("_rels/.rels", &relationships(one("rId1", "officeDocument", "xl/workbook.xml")))
            .with("xl/_rels/workbook.xml.rels", &relationships(parts))
            .with(
                "xl/workbook.xml",
                &workbook("<sheets><sheet name=\"T10\" sheetId=\"1\" r:id=\"rId1\"/></sheets>"),
            )
            .with(SHEET, &format!("<worksheet xmlns=\"{MAIN}\">{within}</worksheet>"))
            .with_strings("")
            .with_styles("<cellXfs count=\"1\"><xf numFmtId=\"0\"/></cellXfs>")
    }

    /// The same with another part, or that part anew.
    pub(super) fn with(mut self, name: &str, part: &str) -> Made {
        self.0.retain(|(met, _)| met != name);
        self.0.push((name.to_owned(), part.as_bytes().to_vec()));
        self
    }

    pub(super) fn with_strings(self, within: &str) -> Made {
        self.with("xl/sharedStrings.xml", &format!("<sst xmlns=\"{MAIN}\">{within}</sst>"))
    }

    pub(super) fn with_styles(self, within: &str) -> Made {
        self.with("xl/styles.xml", &format!("<styleSheet xmlns=\"{MAIN}\">{within}</styleSheet>"))
    }

    pub(super) fn with_workbook(self, within: &str) -> Made {
        self.with("xl/workbook.xml", &workbook(within))
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.packed(|_| {})
    }

    /// The file, its list of parts changed as somebody likes.
    pub(super) fn packed(&self, change: impl Fn(&mut Entry)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut list = Vec::new();
        for (name, part) in &self.0 {
            let mut entry = Entry::of(name, part, bytes.len());
            let packed = entry.packed.clone();
            bytes.extend(b"PK\x03\x04\x14\0\0\0");
            bytes.extend(entry.method.to_le_bytes());
            bytes.extend([0; 4]);
            for field in [entry.checksum, packed.len() as u32, part.len() as u32] {
                bytes.extend(field.to_le_bytes());
            }
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend([0, 0]);
            bytes.extend(name.as_bytes());
            bytes.extend(&packed);
            change(&mut entry);
            list.extend(entry.listed());
        }
        let (at, count) = (bytes.len() as u32, self.0.len() as u16);
        bytes.extend(&list);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend(count.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend((list.len() as u32).to_le_bytes());
        bytes.extend(at.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }
}

fn workbook(within: &str) -> String {
    format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\">{within}</workbook>")
}

/// What the list of an archive says of a part.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) checksum: u32,
    packed: Vec<u8>,
    pub(super) packed_size: u32,
    pub(super) size: u32,
    pub(super) at: u32,
    pub(super) extra: Vec<u8>,
}

impl Entry {
    fn of(name: &str, part: &[u8], at: usize) -> Entry {
        let mut checksum = Crc::new();
        checksum.update(part);
        let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, part).expect("memory");
        let packed = packed.finish().expect("memory");
        Entry {
            name: name.to_owned(),
            flags: 0,
            method: 8,
            checksum: checksum.sum(),
            packed_size: packed.len() as u32,
            packed,
            size: part.len() as u32,
            at: at as u32,
            extra: Vec::new(),
        }
    }

    fn listed(&self) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\0\x14\0".to_vec();
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0; 4]);
        for field in [self.checksum, self.packed_size, self.size] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend((self.extra.len() as u16).to_le_bytes());
        bytes.extend([0; 10]);
        bytes.extend(self.at.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes.extend(&self.extra);
        bytes
    }
}

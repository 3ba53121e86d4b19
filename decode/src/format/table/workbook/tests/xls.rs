//! Workbooks of records, as Excel wrote them until 2003.

use jiff::civil::date;

use super::{cell, content, number, read, refused, text};
use crate::{
    format::table::workbook::biff::kind,
    grid::{Content, Formula, NumberFormat, Workbook},
};

/// Records of a stream.
#[derive(Clone, Default)]
pub(super) struct Stream(Vec<u8>);

impl Stream {
    pub(super) fn with(mut self, kind: u16, fields: &[&[u8]]) -> Stream {
        let body = fields.concat();
        self.0.extend(kind.to_le_bytes());
        self.0.extend((body.len() as u16).to_le_bytes());
        self.0.extend(body);
        self
    }

    fn begin(self, version: u16, what: u16) -> Stream {
        self.with(kind::BEGIN, &[&version.to_le_bytes(), &what.to_le_bytes(), &[0; 12]])
    }
}

/// A text of BIFF8 with a length of two bytes, a byte a character.
fn narrow(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u16).to_le_bytes()[..], &[0], text].concat()
}

pub(super) fn at(row: u16, column: u16, look: u16) -> Vec<u8> {
    [row, column, look].map(u16::to_le_bytes).concat()
}

fn font(version: u16, name: &str) -> Vec<u8> {
    let flags: &[u8] = if version == 0x600 { &[0] } else { &[] };
    let weight: u16 = if name.ends_with('H') { 700 } else { 400 };
    [&[0; 6][..], &weight.to_le_bytes(), &[0; 6], &[name.len() as u8], flags, name.as_bytes()].concat()
}

fn look(font: u16, format: u16) -> Vec<u8> {
    [&font.to_le_bytes()[..], &format.to_le_bytes(), &[0; 4], &[2], &[0; 11]].concat()
}

/// What stands in front of a workbook's sheets, but for their list: fonts Arial, .VnTime, .VnTimeH; looks of a number, a
/// date, a share, thousands, and of texts in those fonts.
pub(super) fn globals(version: u16) -> Stream {
    let mut stream = Stream::default().begin(version, 5);
    for name in ["Arial", "Arial", ".VnTime", ".VnTimeH", "Arial", ".VnArial"] {
        stream = stream.with(kind::FONT, &[&font(version, name)]);
    }
    let code = b"#,##0,";
    let length: &[u8] = if version == 0x600 { &[code.len() as u8, 0, 0] } else { &[code.len() as u8] };
    stream = stream.with(kind::FORMAT, &[&164u16.to_le_bytes(), length, code]);
    for (font, format) in [(0, 0), (0, 14), (0, 9), (0, 164), (2, 0), (3, 0), (6, 0)] {
        stream = stream.with(kind::LOOK, &[&look(font, format)]);
    }
    stream
}

/// A compound file with the workbook's stream; its sheets by name and state.
pub(super) fn file(version: u16, globals: &Stream, sheets: &[(&str, u8, Stream)]) -> Vec<u8> {
    let name = if version == 0x600 { "Workbook" } else { "Book" };
    compound(name, &stream(version, globals, sheets))
}

fn stream(version: u16, globals: &Stream, sheets: &[(&str, u8, Stream)]) -> Vec<u8> {
    let flags: &[u8] = if version == 0x600 { &[0] } else { &[] };
    let length: usize = sheets.iter().map(|(name, ..)| 4 + 7 + flags.len() + name.len()).sum();
    let mut place = globals.0.len() + length + 4;
    let mut listed = globals.clone();
    let mut bodies = Vec::new();
    for (name, state, sheet) in sheets {
        let at = (place as u32).to_le_bytes();
        listed =
            listed.with(kind::BOUND_SHEET, &[&at, &[*state, 0], &[name.len() as u8], flags, name.as_bytes()]);
        let body = Stream::default().begin(version, 0x10);
        let body = Stream([body.0, sheet.0.clone()].concat()).with(kind::EOF, &[]);
        place += body.0.len();
        bodies.extend(body.0);
    }
    [listed.with(kind::EOF, &[]).0, bodies].concat()
}

/// A compound file with one stream: in small sectors if it is short.
fn compound(name: &str, stream: &[u8]) -> Vec<u8> {
    const END: u32 = 0xffff_fffe;
    let sectors = stream.len().div_ceil(512);
    let is_small = stream.len() < 4_096;
    // Sector 0 to 7 is the table, 8 the directory, 9 the small table, then the stream.
    let first = 10u32;
    let mut table = vec![0xffff_fffdu32; 8];
    table.extend([END, END]);
    table.extend((1..sectors as u32).map(|next| first + next));
    table.push(END);
    table.resize(8 * 128, 0xffff_ffff);
    let mut head = vec![0u8; 512];
    head[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for (at, value) in [(24, 0x3e), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
        head[at..at + 2].copy_from_slice(&u16::to_le_bytes(value));
    }
    let small_table = if is_small { 9 } else { END };
    for (at, value) in [(44, 8), (48, 8), (56, 4_096), (60, small_table), (64, 1), (68, END), (72, 0)] {
        head[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
    }
    for sector in 0..109u32 {
        let value = if sector < 8 { sector } else { 0xffff_ffff };
        head[76 + 4 * sector as usize..][..4].copy_from_slice(&value.to_le_bytes());
    }
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: u32| {
        let mut entry = [0u8; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[2 * at..2 * at + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64..66].copy_from_slice(&((2 * name.len() + 2) as u16).to_le_bytes());
        entry[66] = kind;
        for (at, value) in [(68, u32::MAX), (72, u32::MAX), (76, child), (116, start), (120, size)] {
            entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        entry
    };
    let (root, start) = if is_small { (first, 0) } else { (END, first) };
    let directory = [
        entry("Root Entry", 5, 1, root, stream.len() as u32),
        entry(name, 2, u32::MAX, start, stream.len() as u32),
        [0; 128],
        [0; 128],
    ]
    .concat();
    let small: Vec<u32> = (1..stream.len().div_ceil(64) as u32).chain([END]).collect();
    let small: Vec<u32> = small.into_iter().chain(std::iter::repeat(u32::MAX)).take(128).collect();
    let bytes = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let mut whole = [head, bytes(&table), directory, bytes(&small), stream.to_vec()].concat();
    whole.resize(512 * (1 + 10 + sectors), 0);
    whole
}

/// As many records that say nothing as make a stream long.
fn long(sheet: Stream) -> Stream {
    sheet.with(0x1, &[&[0; 5_000]])
}

fn sheet_of_everything() -> Stream {
    let formula = |row: u16, result: &[u8], tokens: &[u8]| {
        [&at(row, 3, 0)[..], result, &[0; 6], &(tokens.len() as u16).to_le_bytes(), tokens].concat()
    };
    Stream::default()
        .with(kind::ROW, &[&at(1, 0, 4), &255u16.to_le_bytes(), &[0; 4], &0x20u16.to_le_bytes(), &[0; 2]])
        .with(kind::ROW, &[&at(2, 0, 4), &255u16.to_le_bytes(), &[0; 4], &[0; 4]])
        .with(kind::COLUMN, &[&at(1, 2, 100), &[0; 2], &1u16.to_le_bytes(), &[0; 2]])
        .with(kind::NUMBER, &[&at(0, 0, 0), &37.8f64.to_le_bytes()])
        .with(kind::NUMBER, &[&at(0, 1, 1), &46_113f64.to_le_bytes()])
        .with(kind::RK, &[&at(1, 0, 2), &0x3fe0_0000u32.to_le_bytes()])
        .with(
            kind::MULTIPLE_RK,
            &[
                &at(2, 0, 0),
                &((7 << 2) | 2u32).to_le_bytes(),
                &3u16.to_le_bytes(),
                &((150 << 2) | 3u32).to_le_bytes(),
                &1u16.to_le_bytes(),
            ],
        )
        .with(kind::TRUTH_OR_ERROR, &[&at(3, 0, 0), &[1, 0]])
        .with(kind::TRUTH_OR_ERROR, &[&at(3, 1, 0), &[0x07, 1]])
        .with(kind::SHARED_LABEL, &[&at(4, 0, 0), &0u32.to_le_bytes()])
        .with(kind::SHARED_LABEL, &[&at(4, 1, 4), &1u32.to_le_bytes()])
        .with(kind::SHARED_LABEL, &[&at(4, 2, 5), &1u32.to_le_bytes()])
        .with(kind::SHARED_LABEL, &[&at(4, 3, 0), &2u32.to_le_bytes()])
        .with(kind::LABEL, &[&at(5, 0, 6), &narrow(b"th\xb8ng")])
        .with(0x201, &[&at(6, 0, 0)])
        .with(kind::FORMULA, &[&formula(7, &12f64.to_le_bytes(), &[0x3a, 1, 0, 0, 0, 0, 0])])
        .with(kind::FORMULA, &[&formula(8, &[0, 0, 0, 0, 0, 0, 0xff, 0xff], &[0x17, 1, 0, b'a'])])
        .with(kind::TEXT_RESULT, &[&narrow(b"ket qua")])
        .with(kind::FORMULA, &[&formula(9, &[3, 0, 0, 0, 0, 0, 0xff, 0xff], &[])])
        .with(kind::FORMULA, &[&formula(10, &[2, 0, 0x17, 0, 0, 0, 0xff, 0xff], &[0x3a, 0, 0, 0, 0, 0, 0])])
        .with(kind::FORMULA, &[&formula(11, &[0, 0, 0, 0, 0, 0, 0xff, 0xff], &[])])
        .begin(0x600, 0x20)
        .with(kind::NUMBER, &[&at(20, 0, 0), &1f64.to_le_bytes()])
        .with(kind::EOF, &[])
        .with(kind::MERGED, &[&1u16.to_le_bytes(), &at(0, 1, 0), &3u16.to_le_bytes()])
}

/// Links, and three texts: of two bytes a character, of a byte, and one that goes on in another record with pieces.
fn texts() -> Stream {
    let wide: Vec<u8> = "Xã".encode_utf16().flat_map(u16::to_le_bytes).collect();
    globals(0x600)
        .with(kind::BOOK, &[&1u16.to_le_bytes(), &0x0401u16.to_le_bytes()])
        .with(kind::BOOK, &[&1u16.to_le_bytes(), &narrow(b"\x01\x01Ctam\x03thang9.xls")])
        .with(kind::EXTERN_SHEET, &[&2u16.to_le_bytes(), &at(0, 0, 0), &at(1, 0, 0)])
        .with(
            kind::SHARED_TEXTS,
            &[
                &3u32.to_le_bytes(),
                &3u32.to_le_bytes(),
                &2u16.to_le_bytes(),
                &[1],
                &wide,
                &narrow(b"gi\xb8 tr\xde"),
                &9u16.to_le_bytes(),
                &[8],
                &1u16.to_le_bytes(),
                b"abc ",
            ],
        )
        .with(
            kind::CONTINUE,
            &[&[1], &"tû"[..].encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()],
        )
        .with(kind::CONTINUE, &[&[0], b" ab", &4u16.to_le_bytes(), &2u16.to_le_bytes()])
}

fn reads_everything(workbook: &Workbook) {
    let sheet = &workbook.sheets[0];
    assert_eq!((sheet.name.as_str(), sheet.hidden, workbook.sheets[1].hidden), ("T10", false, true));
    let seen = |name: &str| (content(sheet, name), cell(sheet, name).format);
    assert_eq!(seen("A1"), (number("37.8"), NumberFormat::Plain));
    assert_eq!(seen("B1"), (Content::Date(date(2026, 4, 1).at(0, 0, 0, 0)), NumberFormat::Date));
    assert_eq!(seen("A2"), (number("0.5"), NumberFormat::Percent));
    assert_eq!(seen("A3"), (number("7"), NumberFormat::Plain));
    assert_eq!(seen("B3"), (number("1.5"), NumberFormat::Thousands(1)));
    assert_eq!(content(sheet, "A4"), Content::Truth(true));
    assert_eq!(content(sheet, "B4"), Content::Error("#DIV/0!".to_owned()));
    let texts: Vec<Content> = ["A5", "B5", "C5", "D5", "A6"].map(|name| content(sheet, name)).into();
    assert_eq!(texts, ["Xã", "giá trị", "GIÁ TRỊ", "abc tỷ ab", "tháng"].map(text));
    let hidden: Vec<u32> = sheet.rows.iter().filter(|row| row.hidden).map(|row| row.number).collect();
    assert_eq!(hidden, [2]);
    assert_eq!(sheet.hidden_columns, [(1, 2)]);
    assert_eq!(sheet.merged, [((1, 0), (2, 3))]);
    assert_eq!(cell(sheet, "A1").indent, 2);
    assert_eq!((cell(sheet, "B5").bold, cell(sheet, "C5").bold), (false, true));
    let formula = |name: &str| {
        let cell = cell(sheet, name);
        (cell.content, cell.formula.expect("a formula"))
    };
    let own = Formula::default();
    let linked = Formula { from_file: Some("thang9.xls".to_owned()), ..Formula::default() };
    assert_eq!(formula("D8"), (number("12"), linked));
    assert_eq!(formula("D9"), (text("ket qua"), own.clone()));
    assert_eq!(formula("D10"), (text(""), own.clone()));
    assert_eq!(formula("D11"), (Content::Error("#REF!".to_owned()), own.clone()));
    assert_eq!(formula("D12"), (Content::Blank, own), "its text never came");
    assert_eq!(sheet.rows.len(), 11, "a blank is nothing, a chart's cells are not the sheet's");
}

#[test]
fn an_old_workbook_says_what_a_new_one_does() {
    let sheets = [("T10", 0, sheet_of_everything()), ("T9", 2, Stream::default())];
    reads_everything(&read(&file(0x600, &texts(), &sheets)).expect("a short one"));
    let sheets = [("T10", 0, long(sheet_of_everything())), ("T9", 1, Stream::default())];
    reads_everything(&read(&file(0x600, &texts(), &sheets)).expect("a long one"));
}

#[test]
fn a_workbook_of_excel_95_is_read_by_its_code_page_and_fonts() {
    let label = |text: &[u8]| [&(text.len() as u16).to_le_bytes()[..], text].concat();
    let external = |name: &[u8]| [&[name.len() as u8][..], name].concat();
    let sheet = Stream::default()
        .with(kind::EXTERN_SHEET, &[&external(b"\x01[THANG9.XLS]T9")])
        .with(kind::LABEL, &[&at(0, 0, 4), &label(b"S\xb6n xu\xcat")])
        .with(kind::LABEL, &[&at(0, 1, 0), &label(b"\x93\xd0\xf4\x94")])
        .with(kind::RICH_LABEL, &[&at(0, 2, 0), &label(b"a gi\xb8"), &[1, 2, 2]])
        .with(kind::NUMBER, &[&at(1, 0, 0), &12f64.to_le_bytes()])
        .with(
            kind::FORMULA,
            &[&at(1, 1, 0), &5f64.to_le_bytes(), &[0; 6], &18u16.to_le_bytes(), &[0x3a, 1, 0], &[0; 15]],
        );
    let globals = globals(0x500).with(kind::CODE_PAGE, &[&1258u16.to_le_bytes()]);
    let workbook = read(&file(0x500, &globals, &[("T10", 0, sheet)])).expect("a workbook");
    let sheet = &workbook.sheets[0];
    let seen: Vec<Content> = ["A1", "B1", "C1", "A2"].map(|name| content(sheet, name)).into();
    assert_eq!(seen, [text("Sản xuất"), text("“Đô”"), text("a giá"), number("12")]);
    assert_eq!(
        cell(sheet, "B2").formula.and_then(|formula| formula.from_file).as_deref(),
        Some("THANG9.XLS")
    );
}

#[test]
fn the_epoch_of_an_old_workbook_counts() {
    let sheet = Stream::default().with(kind::NUMBER, &[&at(0, 0, 1), &1f64.to_le_bytes()]);
    let globals = globals(0x600).with(kind::DATE_MODE, &[&1u16.to_le_bytes()]);
    let workbook = read(&file(0x600, &globals, &[("T10", 0, sheet)])).expect("a workbook");
    assert_eq!(content(&workbook.sheets[0], "A1"), Content::Date(date(1904, 1, 2).at(0, 0, 0, 0)));
}

#[test]
fn what_cannot_be_is_refused() {
    let one = |sheet: Stream| file(0x600, &globals(0x600), &[("T10", 0, sheet)]);
    let twice =
        Stream::default().with(kind::RK, &[&at(0, 0, 0), &[0; 4]]).with(kind::RK, &[&at(0, 0, 0), &[0; 4]]);
    assert_eq!(&*refused(&one(twice)).at, "T10!A1");
    let no_text = Stream::default().with(kind::SHARED_LABEL, &[&at(4, 2, 0), &9u32.to_le_bytes()]);
    assert_eq!(&*refused(&one(no_text)).at, "T10!C5");
    let no_look = Stream::default().with(kind::RK, &[&at(0, 0, 99), &[0; 4]]);
    assert_eq!(&*refused(&one(no_look)).at, "T10!A1");
    let not_a_number = Stream::default().with(kind::NUMBER, &[&at(0, 0, 0), &f64::NAN.to_le_bytes()]);
    assert!(refused(&one(not_a_number)).message.en.contains("damaged"));
    let locked =
        file(0x600, &globals(0x600).with(kind::FILE_PASS, &[&[0; 6]]), &[("T10", 0, Stream::default())]);
    assert!(refused(&locked).message.en.contains("password"));
    let encrypted = compound("EncryptedPackage", &[0; 100]);
    assert!(refused(&encrypted).message.en.contains("password"));
    assert!(refused(&compound("WordDocument", &[0; 100])).message.en.contains("Word"));
    assert!(refused(&compound("Thumbs", &[0; 100])).message.en.contains("neither .xlsx nor .xls"));
    assert!(
        refused(&compound("Workbook", &Stream::default().begin(0x400, 5).0)).message.en.contains("Excel 4")
    );
}

#[test]
fn bound_a_list_that_names_one_sheet_again_and_again_is_refused() {
    let listed = |count: usize| {
        let mut stream = stream(0x600, &globals(0x600), &[("T10", 0, long(Stream::default()))]);
        let name = [kind::BOUND_SHEET.to_le_bytes(), 11u16.to_le_bytes()].concat();
        let place = stream.windows(4).position(|bytes| bytes == name).expect("its entry");
        let entry = stream[place..place + 15].to_vec();
        let at = u32::from_le_bytes(*entry[4..].first_chunk().expect("a place"));
        let mut moved = entry.clone();
        moved[4..8].copy_from_slice(&(at + (count as u32 - 1) * 15).to_le_bytes());
        let all = (0..count).flat_map(|number| {
            moved[12..15].copy_from_slice(&[
                b'A' + (number / 900) as u8,
                b'A' + (number / 30 % 30) as u8,
                b'A' + (number % 30) as u8,
            ]);
            moved.clone()
        });
        let all: Vec<u8> = all.collect();
        let _ = stream.splice(place..place + 15, all);
        compound("Workbook", &stream)
    };
    assert_eq!(read(&listed(2)).expect("twice is odd, and no harm").sheets.len(), 2);
    assert!(refused(&listed(100)).message.en.contains("damaged"));
    assert!(refused(&listed(1_001)).message.en.contains("1000 sheets"));
}

#[test]
fn safe_every_cut_of_an_old_workbook_is_refused_and_no_byte_that_is_changed_makes_it_panic() {
    let good = file(0x600, &texts(), &[("T10", 0, sheet_of_everything()), ("T9", 2, Stream::default())]);
    let used = good.len() - 512;
    for end in (0..used).step_by(101) {
        let _ = refused(&good[..end]);
    }
    for place in 0..good.len() {
        for change in [0xff, 0x01] {
            let mut near = good.clone();
            near[place] ^= change;
            let _ = read(&near);
        }
    }
}

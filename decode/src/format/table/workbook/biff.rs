//! Records of an XLS stream, and the texts in them ([MS-XLS] 2.1.4, 2.5.293; BIFF5: "Excel 97 Developer's Kit").
//!
//! A record has at most 8,224 bytes; what is longer goes on in records `Continue`, also in the middle of a text, which then
//! says anew whether its characters have one byte or two.

use super::{
    face::{Face, RichText},
    styles::Font,
};

/// Kinds of records.
pub(super) mod kind {
    pub(crate) const FORMULA: u16 = 0x06;
    pub(crate) const EOF: u16 = 0x0a;
    pub(crate) const EXTERN_SHEET: u16 = 0x17;
    pub(crate) const DATE_MODE: u16 = 0x22;
    pub(crate) const FILE_PASS: u16 = 0x2f;
    pub(crate) const FONT: u16 = 0x31;
    pub(crate) const CONTINUE: u16 = 0x3c;
    pub(crate) const CODE_PAGE: u16 = 0x42;
    pub(crate) const COLUMN: u16 = 0x7d;
    pub(crate) const BOUND_SHEET: u16 = 0x85;
    pub(crate) const MULTIPLE_RK: u16 = 0xbd;
    pub(crate) const RICH_LABEL: u16 = 0xd6;
    pub(crate) const LOOK: u16 = 0xe0;
    pub(crate) const MERGED: u16 = 0xe5;
    pub(crate) const SHARED_TEXTS: u16 = 0xfc;
    pub(crate) const SHARED_LABEL: u16 = 0xfd;
    pub(crate) const BOOK: u16 = 0x1ae;
    pub(crate) const NUMBER: u16 = 0x203;
    pub(crate) const LABEL: u16 = 0x204;
    pub(crate) const TRUTH_OR_ERROR: u16 = 0x205;
    pub(crate) const TEXT_RESULT: u16 = 0x207;
    pub(crate) const ROW: u16 = 0x208;
    pub(crate) const RK: u16 = 0x27e;
    pub(crate) const FORMAT: u16 = 0x41e;
    pub(crate) const BEGIN: u16 = 0x809;
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Excel 5 and 95: texts of bytes in a code page.
    Biff5,
    /// Excel 97 to 2003: texts of UTF-16.
    Biff8,
}

/// Where a stream's records are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

/// What a record's bytes lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CutOff;

impl<'a> Records<'a> {
    /// From a place in the stream on.
    pub(super) fn from(stream: &'a [u8], at: usize) -> Records<'a> {
        Records { stream, at }
    }

    /// Where the next record is.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next record, to be read from its beginning.
    ///
    /// # Errors
    /// If the stream ends within it.
    pub(super) fn next(&mut self) -> Result<(u16, Fields<'a>), CutOff> {
        let rest = self.stream.get(self.at..).ok_or(CutOff)?;
        let mut head = Fields::of(rest);
        let (kind, length) = (head.u16()?, usize::from(head.u16()?));
        let body = head.bytes(length)?;
        self.at += 4 + length;
        Ok((kind, Fields::of(body)))
    }

    /// What goes on in the next record; none if the next record is another one.
    pub(super) fn goes_on(&mut self) -> Option<Fields<'a>> {
        let mut after = *self;
        let (kind, body) = after.next().ok()?;
        (kind == kind::CONTINUE).then(|| *self = after)?;
        Some(body)
    }
}

/// The bytes of a record that were not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Fields<'a> {
        Fields(bytes)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], CutOff> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CutOff)?;
        self.0 = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], CutOff> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(CutOff)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, CutOff> {
        Ok(u8::from_le_bytes(self.chunk()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, CutOff> {
        Ok(u16::from_le_bytes(self.chunk()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, CutOff> {
        Ok(u32::from_le_bytes(self.chunk()?))
    }

    pub(super) fn f64(&mut self) -> Result<f64, CutOff> {
        Ok(f64::from_le_bytes(self.chunk()?))
    }
}

/// Reads texts, of the version and code page of a stream.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    pub(super) version: Version,
    /// Of BIFF5.
    pub(super) code_page: u16,
    /// Without the one of number 4, which there is not.
    pub(super) fonts: Vec<Font>,
    /// A text that is being read.
    units: Vec<u16>,
}

impl Texts {
    /// Of a stream of which no font was read.
    pub(super) fn new(version: Version) -> Texts {
        Texts { version, code_page: 1252, fonts: Vec::new(), units: Vec::new() }
    }

    /// What the font of that number makes of text.
    pub(super) fn face(&self, font: u16) -> Face {
        let place = usize::from(font) - usize::from(font > 4);
        self.fonts.get(place).copied().unwrap_or_default().face
    }

    /// A name or code: its length in a byte or two, and its characters.
    pub(super) fn short(
        &mut self,
        fields: &mut Fields<'_>,
        length_in_a_byte: bool,
    ) -> Result<String, CutOff> {
        let length = if length_in_a_byte { u16::from(fields.u8()?) } else { fields.u16()? };
        if self.version == Version::Biff5 {
            return Ok(eight_bit(fields.bytes(length.into())?, self.code_page, Face::Unicode));
        }
        let wide = fields.u8()? & 1 != 0;
        self.units.clear();
        push_units(&mut self.units, fields.bytes(usize::from(length) << u8::from(wide))?, wide);
        Ok(String::from_utf16_lossy(&self.units))
    }

    /// A text of a cell, with its pieces where it says any, in that record and those that go on.
    pub(super) fn whole<'a>(
        &mut self,
        fields: &mut Fields<'a>,
        records: &mut Records<'a>,
        is_rich: bool,
        cell: Face,
    ) -> Result<RichText, CutOff> {
        match self.version {
            Version::Biff8 => {
                let (runs, _) = self.unicode(fields, records)?;
                if is_rich && runs == 0 {
                    let runs = usize::from(fields.u16()?);
                    return self.pieces(fields, records, runs);
                }
                self.pieces(fields, records, runs)
            }
            Version::Biff5 => self.old_pieces(fields, is_rich, cell),
        }
    }

    /// A text that cells share: after its pieces may follow what reads it out.
    pub(super) fn shared<'a>(
        &mut self,
        fields: &mut Fields<'a>,
        records: &mut Records<'a>,
    ) -> Result<RichText, CutOff> {
        let (runs, extra) = self.unicode(fields, records)?;
        let text = self.pieces(fields, records, runs)?;
        let mut left = extra;
        while left > 0 {
            let here = left.min(fields.rest().len());
            let _ = fields.bytes(here)?;
            left -= here;
            if left > 0 {
                *fields = records.goes_on().ok_or(CutOff)?;
            }
        }
        Ok(text)
    }

    /// The characters of a text; how many pieces follow, and how many bytes behind them.
    fn unicode<'a>(
        &mut self,
        fields: &mut Fields<'a>,
        records: &mut Records<'a>,
    ) -> Result<(usize, usize), CutOff> {
        if fields.rest().is_empty() {
            *fields = records.goes_on().ok_or(CutOff)?;
        }
        let mut left = usize::from(fields.u16()?);
        let flags = fields.u8()?;
        let runs = if flags & 8 != 0 { usize::from(fields.u16()?) } else { 0 };
        let extra = if flags & 4 != 0 { fields.u32()? as usize } else { 0 };
        let mut wide = flags & 1 != 0;
        self.units.clear();
        loop {
            let here = left.min(fields.rest().len() >> u8::from(wide));
            push_units(&mut self.units, fields.bytes(here << u8::from(wide))?, wide);
            left -= here;
            if left == 0 {
                return Ok((runs, extra));
            }
            *fields = records.goes_on().ok_or(CutOff)?;
            wide = fields.u8()? & 1 != 0;
        }
    }

    /// Divides the text that was read: each piece says where it begins and its font.
    fn pieces<'a>(
        &mut self,
        fields: &mut Fields<'a>,
        records: &mut Records<'a>,
        runs: usize,
    ) -> Result<RichText, CutOff> {
        let mut text = RichText::default();
        let (mut from, mut face) = (0, None);
        for _ in 0..runs {
            if fields.rest().is_empty() {
                *fields = records.goes_on().ok_or(CutOff)?;
            }
            let (at, font) = (usize::from(fields.u16()?), fields.u16()?);
            let at = at.clamp(from, self.units.len());
            text.push(&String::from_utf16_lossy(&self.units[from..at]), face);
            (from, face) = (at, Some(self.face(font)));
        }
        text.push(&String::from_utf16_lossy(&self.units[from..]), face);
        Ok(text)
    }

    /// A text of bytes: what they are depends on the font of each piece.
    fn old_pieces(&self, fields: &mut Fields<'_>, is_rich: bool, cell: Face) -> Result<RichText, CutOff> {
        let length = usize::from(fields.u16()?);
        let bytes = fields.bytes(length)?;
        let runs = if is_rich { usize::from(fields.u8()?) } else { 0 };
        let mut text = RichText::default();
        let (mut from, mut face) = (0, None);
        let mut push = |bytes: &[u8], face: Option<Face>| {
            text.push(&eight_bit(bytes, self.code_page, face.unwrap_or(cell)), face);
        };
        for _ in 0..runs {
            let (at, font) = (usize::from(fields.u8()?), u16::from(fields.u8()?));
            let at = at.clamp(from, bytes.len());
            push(&bytes[from..at], face);
            (from, face) = (at, Some(self.face(font)));
        }
        push(&bytes[from..], face);
        Ok(text)
    }
}

fn push_units(units: &mut Vec<u16>, bytes: &[u8], wide: bool) {
    if wide {
        units.extend(bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])));
    } else {
        units.extend(bytes.iter().map(|byte| u16::from(*byte)));
    }
}

/// Vietnamese of Windows, which has tones of their own.
const VIETNAMESE: u16 = 1258;
/// 0x80 to 0x9f of windows-1252; what it leaves open is a control character.
const PUNCTUATION: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// Bytes of a code page as text. Those of old fonts are Western European letters, whatever the code page.
fn eight_bit(bytes: &[u8], code_page: u16, face: Face) -> String {
    let character = |byte: u8| match byte {
        0x80..=0x9f => {
            PUNCTUATION.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        _ if code_page == VIETNAMESE && face == Face::Unicode => match byte {
            0xc3 => 'Ă',
            0xcc => '\u{300}',
            0xd0 => 'Đ',
            0xd2 => '\u{309}',
            0xd5 => 'Ơ',
            0xdd => 'Ư',
            0xde => '\u{303}',
            0xe3 => 'ă',
            0xec => '\u{301}',
            0xf0 => 'đ',
            0xf2 => '\u{323}',
            0xf5 => 'ơ',
            0xfd => 'ư',
            0xfe => '₫',
            other => char::from(other),
        },
        other => char::from(other),
    };
    bytes.iter().map(|byte| character(*byte)).collect()
}

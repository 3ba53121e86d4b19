//! XLS: a workbook of records, of Excel 97 to 2003 (BIFF8) or of Excel 5 and 95 (BIFF5), in a compound file ([MS-XLS]).
//!
//! In a table of BIFF8 the text of a formula is not kept, only what it is made of; what is asked of it here is whether it
//! takes its number from another file.

use std::collections::HashMap;

use ioc_model::form::Finding;

use super::{
    biff::{CutOff, Fields, Records, Texts, Version, kind},
    budget::{Budget, MOST_LINKS, MOST_SHEETS, one_more},
    compound::Compound,
    face::{Face, RichText},
    number_format::FormatCode,
    other::Other,
    package::file_name,
    reference::is_sheet_name,
    refusal::{self, Limit},
    serial::Epoch,
    styles::{Font, Stated, Styles},
    told::Told,
    xls_sheet::XlsSheetRead,
};
use crate::grid::{Sheet, Workbook};

/// Bytes of a stream that may be gone over for all sheets, for each that it has: a list can name the same sheet again and
/// again.
const GONE_OVER: usize = 2;
/// The weight of a font that is bold; 400 is the usual one.
const BOLD: u16 = 600;

/// What all sheets of a workbook share.
pub(super) struct XlsShared {
    pub(super) texts: Texts,
    pub(super) strings: Vec<RichText>,
    pub(super) styles: Styles,
    pub(super) epoch: Epoch,
    /// Of each sheet that formulas name, the other file that it lies in.
    pub(super) linked: Vec<Option<String>>,
}

/// What a workbook says of a sheet.
struct Listed {
    name: String,
    hidden: bool,
    kind: u8,
    at: usize,
}

/// What stands in front of the sheets, as it is read.
struct Contents {
    texts: Texts,
    strings: Vec<RichText>,
    stated: Vec<Stated>,
    codes: HashMap<u32, FormatCode>,
    epoch: Epoch,
    sheets: Vec<Listed>,
    /// Other workbooks; none for this one.
    books: Vec<Option<String>>,
    linked: Vec<Option<String>>,
}

impl From<CutOff> for Finding {
    fn from(CutOff: CutOff) -> Finding {
        refusal::damaged("Workbook")
    }
}

/// Reads a workbook.
///
/// # Errors
/// If the file is another one, damaged, has a password, or is more than a report.
pub(super) fn read(bytes: &[u8]) -> Result<Workbook, Finding> {
    let compound = Compound::open(bytes).ok_or_else(refusal::cut_off)?;
    if compound.has("EncryptedPackage") {
        return Err(refusal::encrypted());
    }
    let name = if compound.has("Workbook") { "Workbook" } else { "Book" };
    if !compound.has(name) {
        return Err(refusal::another(match () {
            () if compound.has("WordDocument") => Other::Word,
            () if compound.has("PowerPoint Document") => Other::Slides,
            () => Other::Unknown,
        }));
    }
    let stream = compound.stream(name).ok_or_else(refusal::cut_off)?;
    let mut told = Told::default();
    if compound.has("_VBA_PROJECT") {
        told.macros();
    }
    let mut budget = Budget::new();
    let contents = contents(&stream, &mut budget)?;
    let styles = Styles::of(&contents.stated, &contents.texts.fonts, &contents.codes);
    let Contents { texts, strings, epoch, linked, .. } = contents;
    let mut shared = XlsShared { texts, strings, styles, epoch, linked };
    let mut sheets = Vec::new();
    let mut gone_over = 0;
    for listed in contents.sheets {
        // 0 is a worksheet, 1 a macro's, 2 a chart, 6 a module of macros.
        if listed.kind != 0 {
            told.no_cells(&listed.name);
            continue;
        }
        if gone_over > GONE_OVER * stream.len() {
            return Err(refusal::damaged(name));
        }
        let sheet = Sheet { name: listed.name, hidden: listed.hidden, ..Sheet::default() };
        let records = Records::from(&stream, listed.at);
        let (sheet, passed) = XlsSheetRead::new(sheet, &mut shared, &mut budget, &mut told).read(records)?;
        gone_over += passed;
        sheets.push(sheet);
    }
    Ok(Workbook { sheets, told: told.into_findings() })
}

fn contents(stream: &[u8], budget: &mut Budget) -> Result<Contents, Finding> {
    let mut records = Records::from(stream, 0);
    let (first, mut fields) = records.next()?;
    let version = match (first, fields.u16()?) {
        (kind::BEGIN, 0x600) => Version::Biff8,
        (kind::BEGIN, 0x500) => Version::Biff5,
        _ => return Err(refusal::another(Other::OldExcel)),
    };
    let mut contents = Contents {
        texts: Texts::new(version),
        strings: Vec::new(),
        stated: Vec::new(),
        codes: HashMap::new(),
        epoch: Epoch::Of1900,
        sheets: Vec::new(),
        books: Vec::new(),
        linked: Vec::new(),
    };
    loop {
        let (kind, fields) = records.next()?;
        match kind {
            kind::EOF => return Ok(contents),
            kind::FILE_PASS => return Err(refusal::encrypted()),
            _ => contents.record(kind, fields, &mut records, budget)?,
        }
    }
}

impl Contents {
    fn record<'a>(
        &mut self,
        kind: u16,
        mut fields: Fields<'a>,
        records: &mut Records<'a>,
        budget: &mut Budget,
    ) -> Result<(), Finding> {
        let is_new = self.texts.version == Version::Biff8;
        match kind {
            kind::CODE_PAGE => self.texts.code_page = fields.u16()?,
            kind::DATE_MODE if fields.u16()? == 1 => self.epoch = Epoch::Of1904,
            kind::FONT => {
                let _ = fields.bytes(6)?;
                let bold = fields.u16()? >= BOLD;
                let _ = fields.bytes(6)?;
                one_more(self.texts.fonts.len())?;
                let name = self.texts.short(&mut fields, true)?;
                self.texts.fonts.push(Font { face: Face::of_font(&name), bold });
            }
            kind::FORMAT => {
                let number = u32::from(fields.u16()?);
                one_more(self.codes.len())?;
                let code = self.texts.short(&mut fields, !is_new)?;
                let _ = self.codes.insert(number, FormatCode::parse(&code));
            }
            kind::LOOK => {
                let (font, format) = (usize::from(fields.u16()?), u32::from(fields.u16()?));
                let indent = if is_new { fields.rest().get(4).map_or(0, |byte| byte & 15) } else { 0 };
                one_more(self.stated.len())?;
                // There is no font of number 4.
                self.stated.push(Stated { format, font: font - usize::from(font > 4), indent });
            }
            kind::BOUND_SHEET => {
                if self.sheets.len() >= MOST_SHEETS {
                    return Err(refusal::too_large(Limit::Sheets));
                }
                let at = fields.u32()? as usize;
                let (state, kind) = (fields.u8()?, fields.u8()?);
                let name = self.texts.short(&mut fields, true)?;
                // Where a cell is says its sheet's name.
                if !is_sheet_name(&name) || self.sheets.iter().any(|listed| listed.name == name) {
                    return Err(CutOff.into());
                }
                self.sheets.push(Listed { name, hidden: state & 3 != 0, kind, at });
            }
            kind::SHARED_TEXTS => {
                let _ = fields.u32()?;
                for _ in 0..fields.u32()? {
                    budget.shared()?;
                    let text = self.texts.shared(&mut fields, records)?;
                    budget.text(text.length())?;
                    self.strings.push(text);
                }
            }
            kind::BOOK | kind::EXTERN_SHEET => self.link(kind, fields, records)?,
            _ => {}
        }
        Ok(())
    }

    /// What other sheets there are, of this workbook and of others.
    fn link<'a>(
        &mut self,
        kind: u16,
        mut fields: Fields<'a>,
        records: &mut Records<'a>,
    ) -> Result<(), Finding> {
        if self.books.len().max(self.linked.len()) >= MOST_LINKS {
            return Err(refusal::too_large(Limit::Looks));
        }
        match (self.texts.version, kind) {
            (Version::Biff8, kind::BOOK) => {
                let _ = fields.u16()?;
                // This workbook, or functions of a program.
                let is_own = matches!(Fields::of(fields.rest()).u16()?, 0x0401 | 0x3a01);
                let name = if is_own { None } else { Some(self.texts.short(&mut fields, false)?) };
                self.books.push(name.map(|name| linked_file(&name)));
            }
            (Version::Biff8, _) => {
                for _ in 0..fields.u16()? {
                    if fields.rest().is_empty() {
                        fields = records.goes_on().ok_or(CutOff)?;
                    }
                    let (book, _) = (usize::from(fields.u16()?), fields.u32()?);
                    self.linked.push(self.books.get(book).cloned().flatten());
                }
            }
            (Version::Biff5, _) => self.linked.push(old_link(&mut self.texts, fields)?),
        }
        Ok(())
    }
}

/// The other file that a sheet of BIFF5's list lies in.
pub(super) fn old_link(texts: &mut Texts, mut fields: Fields<'_>) -> Result<Option<String>, CutOff> {
    let name = texts.short(&mut fields, true)?;
    Ok(name.strip_prefix('\u{1}').map(linked_file))
}

/// The name of another file in what an XLS calls it by: `[name]sheet`, or a path whose steps are control characters.
fn linked_file(encoded: &str) -> String {
    let within = encoded.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(name, _)| name);
    let last = within.unwrap_or(encoded).rsplit(|step: char| step < ' ').next().unwrap_or_default();
    file_name(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_workbook_is_named_without_its_folders() {
        for (encoded, name) in [
            ("\u{1}\u{1}Cbao cao\u{3}thang9.xls", "thang9.xls"),
            ("\u{1}thang9.xls", "thang9.xls"),
            ("\u{1}\u{5}\u{10}http://may/bao%20cao/T9.xls", "T9.xls"),
            ("[thang9.xls]T9", "thang9.xls"),
            ("\u{1}\u{1}D\u{3}[thang9.xls]T9", "thang9.xls"),
            ("", ""),
        ] {
            assert_eq!(linked_file(encoded), name);
        }
    }
}

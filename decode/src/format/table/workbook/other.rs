//! What a file is that is called a workbook and is none.
//!
//! Systems export a web page or a text and call it `.xls`; Excel asks once and opens it. Clerks send what their phone made
//! of it, or the archive that their mail program packed.

use super::archive::Archive;

/// A kind of file that is no workbook that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Nothing in it.
    Empty,
    /// A web page, or one with its pictures in a single file.
    WebPage,
    /// "XML Spreadsheet 2003".
    Xml2003,
    /// Any other XML.
    Xml,
    /// PDF.
    Pdf,
    /// A picture.
    Picture,
    /// Text with looks.
    Rtf,
    /// A document of Word.
    Word,
    /// Slides of PowerPoint.
    Slides,
    /// A workbook of OpenDocument (ODS).
    OpenDocument,
    /// A binary workbook (XLSB).
    Xlsb,
    /// A workbook of Apple's Numbers.
    Numbers,
    /// An archive with a workbook within.
    Packed,
    /// An archive without one, or of another kind.
    Archive,
    /// A workbook of Excel 4 or older.
    OldExcel,
    /// Nobody knows.
    Unknown,
}

/// By the first bytes of a file; none if it may be a text.
pub(super) fn kind(bytes: &[u8]) -> Option<Other> {
    let starts = |with: &[u8]| bytes.starts_with(with);
    if bytes.is_empty() {
        return Some(Other::Empty);
    }
    if starts(b"%PDF") {
        return Some(Other::Pdf);
    }
    if starts(b"\x89PNG")
        || starts(b"\xff\xd8\xff")
        || starts(b"GIF8")
        || starts(b"II*\0")
        || starts(b"MM\0*")
    {
        return Some(Other::Picture);
    }
    if starts(b"Rar!") || starts(b"7z\xbc\xaf\x27\x1c") || starts(b"\x1f\x8b") {
        return Some(Other::Archive);
    }
    if starts(b"{\\rtf") {
        return Some(Other::Rtf);
    }
    // A record that begins a workbook of BIFF2, 3 or 4, without a container.
    if [&b"\x09\x00\x04\x00"[..], b"\x09\x02\x06\x00", b"\x09\x04\x06\x00"].into_iter().any(starts) {
        return Some(Other::OldExcel);
    }
    marked_up(bytes)
}

/// Markup that begins a text in UTF-8, or in UTF-16 as Excel writes it.
fn marked_up(bytes: &[u8]) -> Option<Other> {
    let start: String =
        bytes.iter().take(2_048).filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let start = start
        .trim_start_matches(['\u{ef}', '\u{bb}', '\u{bf}', '\u{fe}', '\u{ff}'])
        .trim_start()
        .to_lowercase();
    let is_page = ["<html", "<!doctype html", "<table", "<head", "<body", "<meta", "<style", "<div", "<!--"];
    if is_page.iter().any(|tag| start.starts_with(tag)) || start.starts_with("mime-version:") {
        return Some(Other::WebPage);
    }
    if !start.starts_with("<?xml") {
        return None;
    }
    Some(if start.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        Other::Xml2003
    } else if start.contains("<html") {
        Other::WebPage
    } else {
        Other::Xml
    })
}

/// By what lies in an archive that is no workbook of XML.
pub(super) fn of_archive(archive: &Archive<'_>) -> Other {
    let within = |folder: &str| archive.names().any(|name| name.starts_with(folder));
    let ends =
        |endings: &[&str]| archive.names().any(|name| endings.iter().any(|ending| name.ends_with(ending)));
    if archive.has("xl/workbook.bin") {
        Other::Xlsb
    } else if within("word/") {
        Other::Word
    } else if within("ppt/") {
        Other::Slides
    } else if archive.has("mimetype") && archive.has("content.xml") {
        Other::OpenDocument
    } else if ends(&[".iwa"]) {
        Other::Numbers
    } else if ends(&[".xlsx", ".xls", ".xlsm", ".csv"]) {
        Other::Packed
    } else {
        Other::Archive
    }
}

//! Texts of an XLSX workbook: shared by cells, or within one; of pieces in fonts of their own.
//!
//! What reads East Asian names out (phonetic runs) is no part of a text. White space at both ends is one only where the
//! file says so. Characters that XML cannot hold stand as `_x000D_` (ECMA-376 part 1, 22.9.2.19).

use std::borrow::Cow;

use ioc_model::form::Finding;

use super::{
    budget::Budget,
    face::{Face, RichText},
    xml::Xml,
};

/// Reads all texts that cells share.
///
/// # Errors
/// If the part is damaged or there is more than a workbook may have.
pub(super) fn read(mut xml: Xml<'_>, budget: &mut Budget) -> Result<Vec<RichText>, Finding> {
    let kept = keeps_space(&xml);
    let mut strings = Vec::new();
    while let Some(tag) = xml.child()? {
        if tag.name() != "si" {
            xml.skip()?;
            continue;
        }
        budget.shared()?;
        let text = rich_text(&mut xml, kept)?;
        budget.text(text.length())?;
        strings.push(text);
    }
    xml.end()?;
    Ok(strings)
}

/// Whether the element that was opened last keeps white space.
pub(super) fn keeps_space(xml: &Xml<'_>) -> bool {
    xml.last_tag().attribute("space").is_some_and(|space| space == "preserve")
}

/// Reads the element that was opened last, `si` or `is`, to behind its end.
pub(super) fn rich_text(xml: &mut Xml<'_>, kept: bool) -> Result<RichText, Finding> {
    let kept = kept || keeps_space(xml);
    let mut text = RichText::default();
    let mut piece = String::new();
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "t" => {
                piece.clear();
                plain_text(xml, kept, &mut piece)?;
                text.push(&piece, None);
            }
            "r" => {
                piece.clear();
                let face = run(xml, kept, &mut piece)?;
                text.push(&piece, face);
            }
            _ => xml.skip()?,
        }
    }
    Ok(text)
}

/// A piece that has properties: its text, and what its font makes of it where it names one.
fn run(xml: &mut Xml<'_>, kept: bool, piece: &mut String) -> Result<Option<Face>, Finding> {
    let mut face = None;
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "t" => plain_text(xml, kept, piece)?,
            "rPr" => {
                while let Some(property) = xml.child()? {
                    if property.name() == "rFont" {
                        face = property.attribute("val").map(|font| Face::of_font(&font));
                    }
                    xml.skip()?;
                }
            }
            _ => xml.skip()?,
        }
    }
    Ok(face)
}

fn plain_text(xml: &mut Xml<'_>, kept: bool, into: &mut String) -> Result<(), Finding> {
    let kept = kept || keeps_space(xml);
    let start = into.len();
    xml.text(into)?;
    let read = &into[start..];
    let trimmed = if kept { read } else { read.trim_matches([' ', '\t', '\n', '\r']) };
    if trimmed.len() < read.len() || trimmed.contains("_x") {
        let text = unescaped(trimmed).into_owned();
        into.truncate(start);
        into.push_str(&text);
    }
    Ok(())
}

/// A text with the characters that stand as `_xHHHH_`. Lines end with a line feed.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            write_units(&mut units, &mut whole);
            whole.push_str(before);
        }
        match unit(from) {
            Some(unit) => {
                units.push(unit);
                rest = &from["_xHHHH_".len()..];
            }
            None => {
                write_units(&mut units, &mut whole);
                whole.push_str("_x");
                rest = &from["_x".len()..];
            }
        }
    }
    if !rest.is_empty() {
        write_units(&mut units, &mut whole);
        whole.push_str(rest);
    }
    write_units(&mut units, &mut whole);
    Cow::Owned(whole.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The unit of UTF-16 that a text begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("_x")?.get(..4)?;
    let ends = text.as_bytes().get("_xHHHH".len()) == Some(&b'_');
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (ends && are_digits).then(|| u16::from_str_radix(digits, 16).ok())?
}

fn write_units(units: &mut Vec<u16>, into: &mut String) {
    into.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_cannot_hold_stand_by_their_number() {
        for (stored, text) in [
            ("một_x000D_\nhai", "một\nhai"),
            ("một_x000D_hai", "một\nhai"),
            ("_x005F_x000D_", "_x000D_"),
            ("a_x0009_b", "a\tb"),
            ("_xD83D__xDE00_", "😀"),
            ("_xD83D_", "\u{fffd}"),
            ("_xD83D_a_xDE00_", "\u{fffd}a\u{fffd}"),
            ("_x00", "_x00"),
            ("_x000G_", "_x000G_"),
            ("x_x_x0041_", "x_xA"),
            ("_xộộộộ_", "_xộộộộ_"),
            ("mã_xã", "mã_xã"),
        ] {
            assert_eq!(unescaped(stored), text, "{stored}");
        }
    }
}

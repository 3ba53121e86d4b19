//! Looks of an XLSX workbook's cells: number format, font, indent. Everything else of a look says nothing of a value.

use std::collections::HashMap;

use ioc_model::form::Finding;

use super::{
    budget::one_more,
    face::Face,
    number_format::{FormatCode, Shown},
    serial::Epoch,
    xml::{Xml, is_true},
};
use crate::grid::{Content, NumberFormat};

/// How the cells of a workbook look, by the number that a cell says.
#[derive(Debug)]
pub(super) struct Styles {
    looks: Vec<Look>,
    formats: Vec<FormatCode>,
}

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Which of the formats.
    format: usize,
    /// What its font makes of text.
    pub(super) face: Face,
    /// Steps that its text is moved in.
    pub(super) indent: u8,
    /// Whether its font is bold.
    pub(super) bold: bool,
}

/// What of a font says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Font {
    /// What it makes of text.
    pub(super) face: Face,
    pub(super) bold: bool,
}

impl Default for Styles {
    /// Those of a workbook that says none.
    fn default() -> Styles {
        Styles { looks: vec![Look::default()], formats: vec![FormatCode::default()] }
    }
}

impl Styles {
    /// The look of that number.
    pub(super) fn look(&self, number: usize) -> Option<Look> {
        self.looks.get(number).copied()
    }

    /// The number format of a look.
    pub(super) fn format(&self, look: Look) -> &FormatCode {
        &self.formats[look.format]
    }

    /// What a number is in a cell of that look, and how it is shown: a number, as it is written, or a moment.
    pub(super) fn number(
        &self,
        look: Look,
        text: String,
        number: f64,
        epoch: Epoch,
    ) -> (Content, NumberFormat) {
        let shown = self.format(look).of(number);
        let moment = if shown == Shown::Moment { epoch.moment(number) } else { None };
        (moment.map_or(Content::Number(text), Content::Date), shown.format())
    }

    /// Reads them.
    ///
    /// # Errors
    /// If the part is damaged, or there are more than a workbook may have.
    pub(super) fn read(mut xml: Xml<'_>) -> Result<Styles, Finding> {
        let mut codes: HashMap<u32, FormatCode> = HashMap::new();
        let mut known = Vec::new();
        let mut stated = Vec::new();
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "numFmts" => number_formats(&mut xml, &mut codes)?,
                "fonts" => fonts(&mut xml, &mut known)?,
                "cellXfs" => looks(&mut xml, &mut stated)?,
                _ => xml.skip()?,
            }
        }
        xml.end()?;
        Ok(Styles::of(&stated, &known, &codes))
    }

    /// Of the looks that a file states, by number of format and font.
    pub(super) fn of(stated: &[Stated], fonts: &[Font], codes: &HashMap<u32, FormatCode>) -> Styles {
        let mut styles = Styles::default();
        let mut places: HashMap<u32, usize> = HashMap::new();
        let looks = stated.iter().map(|look| {
            let format = *places.entry(look.format).or_insert_with(|| {
                let code = codes.get(&look.format).cloned();
                styles.formats.push(code.unwrap_or_else(|| FormatCode::built_in(look.format)));
                styles.formats.len() - 1
            });
            let Font { face, bold } = fonts.get(look.font).copied().unwrap_or_default();
            Look { format, face, indent: look.indent, bold }
        });
        let looks: Vec<Look> = looks.collect();
        if !looks.is_empty() {
            styles.looks = looks;
        }
        styles
    }
}

/// A look as a file states it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stated {
    /// Number of its number format.
    pub(super) format: u32,
    /// Number of its font.
    pub(super) font: usize,
    /// Steps that its text is moved in.
    pub(super) indent: u8,
}

fn number_formats(xml: &mut Xml<'_>, codes: &mut HashMap<u32, FormatCode>) -> Result<(), Finding> {
    while let Some(tag) = xml.child()? {
        if let (Some(number), Some(code)) = (tag.number("numFmtId"), tag.attribute("formatCode")) {
            one_more(codes.len())?;
            let _ = codes.insert(number, FormatCode::parse(&code));
        }
        xml.skip()?;
    }
    Ok(())
}

fn fonts(xml: &mut Xml<'_>, fonts: &mut Vec<Font>) -> Result<(), Finding> {
    while xml.child()?.is_some() {
        let mut font = Font::default();
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "name" => {
                    font.face = tag.attribute("val").map(|name| Face::of_font(&name)).unwrap_or_default()
                }
                "b" => font.bold = tag.attribute("val").is_none_or(|value| is_true(&value)),
                _ => {}
            }
            xml.skip()?;
        }
        one_more(fonts.len())?;
        fonts.push(font);
    }
    Ok(())
}

fn looks(xml: &mut Xml<'_>, stated: &mut Vec<Stated>) -> Result<(), Finding> {
    while let Some(tag) = xml.child()? {
        let mut look = Stated {
            format: tag.number("numFmtId").unwrap_or_default(),
            font: tag.number("fontId").unwrap_or_default(),
            indent: 0,
        };
        while let Some(tag) = xml.child()? {
            if tag.name() == "alignment" {
                look.indent = tag.number("indent").unwrap_or_default();
            }
            xml.skip()?;
        }
        one_more(stated.len())?;
        stated.push(look);
    }
    Ok(())
}

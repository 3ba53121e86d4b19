//! A worksheet of an XLSX workbook: its rows and cells.
//!
//! What the file says of the sheet's size is not asked. A cell that has only a look takes no memory, whether there are ten
//! or sixteen million of them. Cells may leave out where they are; then they follow one another.

use std::collections::HashMap;

use ioc_model::form::Finding;

use super::{
    budget::{Budget, MOST_COLUMNS, MOST_ROWS},
    face::RichText,
    order::{called, impossible, in_order},
    reference,
    refusal::{self, Limit},
    serial::{self, Epoch},
    strings,
    styles::{Look, Styles},
    told::Told,
    xml::{Tag, Xml, is_true},
};
use crate::grid::{Content, Formula, GridCell, GridRow, NumberFormat, Sheet};

/// Characters that are kept of a formula.
const FORMULA: usize = 200;

/// What all sheets of a workbook share.
pub(super) struct Shared {
    pub(super) strings: Vec<RichText>,
    pub(super) styles: Styles,
    pub(super) epoch: Epoch,
    /// Other workbooks that formulas take from, as they are numbered.
    pub(super) linked: Vec<String>,
}

/// A sheet that is being read.
pub(super) struct SheetRead<'s> {
    shared: &'s Shared,
    budget: &'s mut Budget,
    told: &'s mut Told,
    sheet: Sheet,
    /// Shared formulas by their number: the other file that they take from.
    formulas: HashMap<u32, Option<String>>,
    /// Of a cell that is being read: taken along from one to the next.
    value: String,
    formula: String,
}

/// What the start of a cell says.
struct CellStart {
    row: u32,
    column: u32,
    look: Look,
    kind: Kind,
}

/// What a cell's value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    SharedText,
    TextWithin,
    /// The result of a formula.
    Text,
    Truth,
    Error,
    Date,
}

impl<'s> SheetRead<'s> {
    /// A sheet of which nothing was read.
    pub(super) fn new(sheet: Sheet, shared: &'s Shared, budget: &'s mut Budget, told: &'s mut Told) -> Self {
        let (formulas, value, formula) = (HashMap::new(), String::new(), String::new());
        SheetRead { shared, budget, told, sheet, formulas, value, formula }
    }

    /// Reads it.
    ///
    /// # Errors
    /// If the part is damaged, a cell says something that cannot be, or there is more than a workbook may have.
    pub(super) fn read(mut self, mut xml: Xml<'_>) -> Result<Sheet, Finding> {
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "cols" => self.columns(&mut xml)?,
                "sheetData" => self.rows(&mut xml)?,
                "mergeCells" => self.merged(&mut xml)?,
                _ => xml.skip()?,
            }
        }
        xml.end()?;
        in_order(&mut self.sheet)?;
        Ok(self.sheet)
    }

    fn columns(&mut self, xml: &mut Xml<'_>) -> Result<(), Finding> {
        while let Some(tag) = xml.child()? {
            let (first, last) = (tag.number::<u32>("min"), tag.number::<u32>("max"));
            if let (Some(first @ 1..), Some(last)) = (first, last)
                && (tag.says("hidden") || is_nothing(&tag, "width"))
            {
                if self.sheet.hidden_columns.len() > MOST_COLUMNS as usize {
                    return Err(refusal::too_large(Limit::Looks));
                }
                self.sheet.hidden_columns.push((first - 1, last.clamp(first, MOST_COLUMNS) - 1));
            }
            xml.skip()?;
        }
        Ok(())
    }

    fn merged(&mut self, xml: &mut Xml<'_>) -> Result<(), Finding> {
        while let Some(tag) = xml.child()? {
            let stated = tag.attribute("ref").unwrap_or_default();
            let Some(area) = reference::area(&stated) else {
                return Err(self.impossible(
                    &stated,
                    "vùng ô gộp không đúng",
                    "is no area that can be merged",
                ));
            };
            self.budget.merged()?;
            self.sheet.merged.push(area);
            xml.skip()?;
        }
        Ok(())
    }

    fn rows(&mut self, xml: &mut Xml<'_>) -> Result<(), Finding> {
        let mut before = 0;
        while let Some(tag) = xml.child()? {
            if tag.name() != "row" {
                xml.skip()?;
                continue;
            }
            let number = match tag.attribute("r") {
                Some(stated) => stated.trim().parse().unwrap_or(0),
                None => before + 1,
            };
            if !(1..=MOST_ROWS).contains(&number) {
                let stated = tag.attribute("r").unwrap_or_default();
                return Err(self.impossible(&stated, "trang tính không có dòng này", "is no row of a sheet"));
            }
            before = number;
            let hidden = tag.says("hidden") || is_nothing(&tag, "ht");
            let mut row = GridRow { number, hidden, cells: Vec::new() };
            self.cells(xml, &mut row)?;
            if !row.cells.is_empty() {
                self.sheet.rows.push(row);
            }
        }
        Ok(())
    }

    fn cells(&mut self, xml: &mut Xml<'_>, row: &mut GridRow) -> Result<(), Finding> {
        let mut next = 0;
        while let Some(tag) = xml.child()? {
            if tag.name() != "c" {
                xml.skip()?;
                continue;
            }
            let start = self.start(&tag, row.number, next)?;
            let column = start.column;
            next = column + 1;
            let cell = self.cell(xml, &start)?;
            if cell.content != Content::Blank || cell.formula.is_some() {
                self.budget.cell()?;
                row.cells.push((column, cell));
            }
        }
        Ok(())
    }

    fn start(&self, tag: &Tag<'_>, row: u32, next: u32) -> Result<CellStart, Finding> {
        let mut start = CellStart { row, column: next, look: Look::default(), kind: Kind::Number };
        let mut look = 0;
        for (name, value) in tag.attributes() {
            match name {
                "r" => match reference::cell(&value) {
                    Some((stated, column)) if stated == row => start.column = column,
                    _ => {
                        return Err(self.impossible(
                            &value,
                            "không phải ô của dòng này",
                            "is no cell of its row",
                        ));
                    }
                },
                "s" => look = value.trim().parse().unwrap_or(usize::MAX),
                "t" => {
                    start.kind = match &*value {
                        "n" => Kind::Number,
                        "s" => Kind::SharedText,
                        "inlineStr" => Kind::TextWithin,
                        "str" => Kind::Text,
                        "b" => Kind::Truth,
                        "e" => Kind::Error,
                        "d" => Kind::Date,
                        _ => {
                            let at = called(row, start.column);
                            return Err(self.impossible(&at, "kiểu ô không rõ", "is of an unknown type"));
                        }
                    }
                }
                _ => {}
            }
        }
        if start.column >= MOST_COLUMNS {
            let at = called(row, start.column);
            return Err(self.impossible(&at, "trang tính không có cột này", "is beyond the last column"));
        }
        start.look = self.shared.styles.look(look).ok_or_else(|| {
            let at = called(row, start.column);
            self.impossible(
                &at,
                "kiểu trình bày không có trong tệp",
                "has a look that the file does not have",
            )
        })?;
        Ok(start)
    }

    /// Reads a cell to behind its end.
    fn cell(&mut self, xml: &mut Xml<'_>, start: &CellStart) -> Result<GridCell, Finding> {
        self.value.clear();
        let mut has_value = false;
        let mut within = None;
        let mut formula = None;
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "v" => {
                    has_value = true;
                    xml.text(&mut self.value)?;
                }
                "f" => formula = Some(self.formula(xml)?),
                "is" => within = Some(strings::rich_text(xml, false)?),
                _ => xml.skip()?,
            }
        }
        let format = self.shared.styles.format(start.look).of_others();
        let mut cell = GridCell {
            content: Content::Blank,
            format,
            formula,
            indent: start.look.indent,
            bold: start.look.bold,
        };
        cell.content = match within.filter(|_| start.kind == Kind::TextWithin) {
            Some(text) => self.text(start, &text)?,
            None => {
                let value = std::mem::take(&mut self.value);
                // Of a formula the file says that its result is a text, if an empty one.
                let is_nothing = value.trim().is_empty()
                    && !(has_value && start.kind == Kind::Text && cell.formula.is_some());
                let content =
                    if is_nothing { Content::Blank } else { self.content(start, &value, &mut cell.format)? };
                self.value = value;
                content
            }
        };
        Ok(cell)
    }

    /// What a cell's value is, and how it is shown where that depends on it.
    fn content(
        &mut self,
        start: &CellStart,
        value: &str,
        format: &mut NumberFormat,
    ) -> Result<Content, Finding> {
        let shared = self.shared;
        let content = match start.kind {
            Kind::Text | Kind::TextWithin => {
                return self.text(start, &RichText::plain(strings::unescaped(value).into_owned()));
            }
            Kind::SharedText => {
                let text = value.trim().parse().ok().and_then(|place: usize| shared.strings.get(place));
                return match text {
                    Some(text) => self.text(start, text),
                    None => {
                        let at = called(start.row, start.column);
                        Err(self.impossible(
                            &at,
                            "chữ của ô không có trong tệp",
                            "has a text that the file does not have",
                        ))
                    }
                };
            }
            Kind::Truth => Content::Truth(is_true(value)),
            Kind::Error => Content::Error(value.trim().to_owned()),
            Kind::Date => match value.trim().parse() {
                Ok(moment) => {
                    *format = NumberFormat::Date;
                    Content::Date(moment)
                }
                Err(_) => Content::Text(value.to_owned()),
            },
            Kind::Number => match serial::written(value) {
                Some((text, number)) => {
                    let (content, shown) = shared.styles.number(start.look, text, number, shared.epoch);
                    *format = shown;
                    content
                }
                None => Content::Text(value.to_owned()),
            },
        };
        self.budget.text(value.len())?;
        Ok(content)
    }

    fn text(&mut self, start: &CellStart, text: &RichText) -> Result<Content, Finding> {
        self.budget.text(text.length())?;
        let (shown, unread) = text.in_cell(start.look.face);
        if unread {
            self.told.font(&self.sheet, start.row, start.column);
        }
        Ok(if shown.is_empty() && start.kind != Kind::Text { Content::Blank } else { Content::Text(shown) })
    }

    /// Reads a formula to behind its end.
    fn formula(&mut self, xml: &mut Xml<'_>) -> Result<Formula, Finding> {
        let tag = xml.last_tag();
        let group: Option<u32> = match tag.attribute("t").as_deref() {
            Some("shared") => tag.number("si"),
            _ => None,
        };
        self.formula.clear();
        xml.text(&mut self.formula)?;
        let text = self.formula.as_str();
        let mut from_file = reference::other_file(text, &self.shared.linked).map(str::to_owned);
        if let Some(group) = group {
            if text.is_empty() {
                from_file = self.formulas.get(&group).cloned().flatten();
            } else if from_file.is_some() {
                let _ = self.formulas.insert(group, from_file.clone());
            }
        }
        let text: String = text.chars().take(FORMULA).collect();
        self.budget.text(text.len() + from_file.as_ref().map_or(0, String::len))?;
        Ok(Formula { text, from_file })
    }

    fn impossible(&self, at: &str, vi: &str, en: &str) -> Finding {
        impossible(&self.sheet, at, vi, en)
    }
}

/// Whether a height or width is stated, and nothing.
fn is_nothing(tag: &Tag<'_>, name: &str) -> bool {
    tag.number::<f64>(name).is_some_and(|length| length == 0.0)
}

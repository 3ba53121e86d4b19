//! A worksheet as it stands, with marks at some of its cells.

use std::{borrow::Cow, collections::HashSet, iter::Peekable, slice::Iter};

use quick_xml::escape::unescape;

use super::{
    OFFICE,
    markup::{Open, Piece, pieces, transitional},
    styles::Looks,
};
use crate::{
    format::table::workbook::{
        marking::DECLARED,
        reference::{area, cell},
    },
    grid::letters,
    marked::Mark,
};

/// What of a sheet is copied, in the order of its schema. The rest names other parts, or is for programs of one maker.
const KEPT: [&str; 18] = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetProtection",
    "autoFilter",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
];

/// Whether a formula reaches outside of its workbook, or calls what could act. Told by what stands in it, without reading it:
/// one too many leaves its last result, and no more.
pub(super) fn has_reach(formula: &str) -> bool {
    const CALLS: [&str; 14] = [
        "WEBSERVICE",
        "FILTERXML",
        "RTD(",
        "CALL(",
        "REGISTER",
        "EVALUATE",
        "EXEC(",
        "HYPERLINK",
        "IMAGE(",
        "DDE(",
        "SQL.REQUEST",
        "STOCKHISTORY",
        "CUBE",
        "MSFT",
    ];
    let upper = formula.to_uppercase();
    formula.contains(['[', '|', '\\'])
        || upper.contains("://")
        || upper.contains("FILE:")
        || CALLS.iter().any(|call| upper.contains(call))
}

struct Copy<'m, 'l> {
    out: String,
    marks: Peekable<Iter<'m, Mark>>,
    looks: &'l mut Looks,
    has_notes: bool,
    /// Local names of the elements that are open.
    within: Vec<String>,
    /// The depth of an element that is left out.
    skipped: Option<usize>,
    prefix: String,
    row: u32,
    column: u32,
    formula: Option<FormulaCopy>,
    /// Shared formulas whose first one is left out.
    dropped: HashSet<String>,
    /// Where an element with formulas begins that is left out as a whole if one of them reaches out.
    whole: Option<(usize, usize, bool)>,
}

struct FormulaCopy {
    /// Where it begins.
    from: usize,
    text: String,
    shared: Option<String>,
}

/// The sheet's copy; none where it is damaged.
pub(super) fn marked_sheet(xml: &str, marks: &[Mark], looks: &mut Looks, has_notes: bool) -> Option<String> {
    let xml = transitional(xml);
    let mut copy = Copy {
        out: String::with_capacity(xml.len() + 1_024),
        marks: marks.iter().peekable(),
        looks,
        has_notes,
        within: Vec::new(),
        skipped: None,
        prefix: String::new(),
        row: 0,
        column: 0,
        formula: None,
        dropped: HashSet::new(),
        whole: None,
    };
    copy.out.push_str(DECLARED);
    pieces(&xml, |piece| match piece {
        Piece::Open(open) => copy.open(open),
        Piece::Close(name) => copy.close(name),
        Piece::Text(text) => {
            copy.text(text);
            Some(())
        }
    })?;
    Some(copy.out)
}

impl Copy<'_, '_> {
    fn is_in(&self, path: &[&str]) -> bool {
        self.within.len() == path.len() + 1 && self.within[1..].iter().eq(path)
    }

    fn open(&mut self, open: Open<'_>) -> Option<()> {
        let depth = self.within.len();
        let local = open.local();
        let is_left_out = match depth {
            0 => local != "worksheet",
            1 => !KEPT.contains(&local),
            _ => matches!(local, "extLst" | "AlternateContent" | "smartTags"),
        };
        if depth == 0 && is_left_out {
            return None;
        }
        if self.skipped.is_none() && is_left_out {
            self.skipped = Some(depth);
        }
        if self.skipped.is_none() {
            self.opened(open)?;
        }
        self.within.push(local.to_owned());
        Some(())
    }

    fn opened(&mut self, open: Open<'_>) -> Option<()> {
        match open.local() {
            "worksheet" if self.within.is_empty() => {
                open.prefix().clone_into(&mut self.prefix);
                self.out += &open.written(&[], &[]);
            }
            "conditionalFormatting" | "dataValidations" if self.within.len() == 1 => {
                self.whole = Some((1, self.out.len(), false));
                self.out += &open.written(&[], &[]);
            }
            "row" if self.is_in(&["sheetData"]) => {
                let number = match open.attribute("r") {
                    Some(number) => number.trim().parse().ok()?,
                    None => self.row + 1,
                };
                self.rows_before(number);
                (self.row, self.column) = (number, 0);
                let look = open.number("s").map(|look| self.looks.plain(look).to_string());
                let with = look.map(|look| ("s", look));
                let number = ("r", number.to_string());
                let with: Vec<(&str, String)> = [number].into_iter().chain(with).collect();
                self.out += &open.written(&["r", "s", "spans"], &with);
            }
            "c" if self.is_in(&["sheetData", "row"]) => self.cell(open)?,
            "f" if self.is_in(&["sheetData", "row", "c"]) => {
                let shared = open.attribute("si");
                self.formula = Some(FormulaCopy { from: self.out.len(), text: String::new(), shared });
                self.out += &open.written(&[], &[]);
            }
            "formula" | "formula1" | "formula2" if self.whole.is_some() => {
                self.formula = Some(FormulaCopy { from: self.out.len(), text: String::new(), shared: None });
                self.out += &open.written(&[], &[]);
            }
            // Names of printers are of other parts.
            "pageSetup" => self.out += &open.written(&["id"], &[]),
            _ => self.out += &open.written(&[], &[]),
        }
        Some(())
    }

    fn cell(&mut self, open: Open<'_>) -> Option<()> {
        let column = match open.attribute("r") {
            Some(at) => cell(&at)?.1,
            None => self.column,
        };
        self.cells_before(column);
        self.column = column + 1;
        let base = open.number("s").unwrap_or_default();
        let is_here = |mark: &&Mark| (mark.row, mark.column) == (self.row, column);
        let mark = self.marks.next_if(is_here);
        let look = match mark {
            Some(mark) => self.looks.marked(base, mark.weight),
            None => self.looks.plain(base),
        };
        let at = format!("{}{}", letters(column), self.row);
        // What says how arrays spill stands in a part that does not come along.
        self.out += &open.written(&["r", "s", "cm", "vm"], &[("r", at), ("s", look.to_string())]);
        Some(())
    }

    /// Cells with a mark that the row does not have, before a column.
    fn cells_before(&mut self, column: u32) {
        while let Some(mark) = self.marks.next_if(|mark| mark.row == self.row && mark.column < column) {
            let (at, look) = (letters(mark.column), self.looks.marked(0, mark.weight));
            let (prefix, row) = (&self.prefix, self.row);
            self.out += &format!("<{prefix}c r=\"{at}{row}\" s=\"{look}\"/>");
        }
    }

    /// Rows with a mark that the sheet does not have, before a row.
    fn rows_before(&mut self, row: u32) {
        while let Some(mark) = self.marks.next_if(|mark| mark.row < row) {
            let (prefix, number) = (self.prefix.clone(), mark.row);
            let look = self.looks.marked(0, mark.weight);
            self.out += &format!(
                "<{prefix}row r=\"{number}\"><{prefix}c r=\"{}{number}\" s=\"{look}\"/>",
                letters(mark.column)
            );
            self.row = number;
            self.cells_before(u32::MAX);
            self.out += &format!("</{prefix}row>");
        }
    }

    fn close(&mut self, name: &str) -> Option<()> {
        let local = self.within.pop()?;
        let depth = self.within.len();
        if let Some(above) = self.skipped {
            if depth == above {
                self.skipped = None;
            }
            return Some(());
        }
        match (depth, &*local) {
            (2, "row") if self.is_in(&["sheetData"]) => self.cells_before(u32::MAX),
            (1, "sheetData") => self.rows_before(u32::MAX),
            (0, _) if self.has_notes => {
                let prefix = &self.prefix;
                self.out += &format!("<{prefix}legacyDrawing xmlns:r=\"{OFFICE}\" r:id=\"rIdMarks\"/>");
            }
            _ => {}
        }
        self.out += &format!("</{name}>");
        if matches!(&*local, "f" | "formula" | "formula1" | "formula2") {
            self.formula_ended();
        }
        if let Some((above, from, reaches)) = self.whole
            && above == depth
        {
            if reaches {
                self.out.truncate(from);
            }
            self.whole = None;
        }
        Some(())
    }

    fn formula_ended(&mut self) {
        let Some(FormulaCopy { from, text, shared }) = self.formula.take() else { return };
        // What its references stand for is what a spreadsheet reads.
        let text = unescape(&text).map_or_else(|_| "[".to_owned(), Cow::into_owned);
        if let Some((.., reaches)) = &mut self.whole {
            *reaches |= has_reach(&text);
            return;
        }
        let is_of_dropped = shared.as_ref().is_some_and(|shared| self.dropped.contains(shared));
        if has_reach(&text) || is_of_dropped && text.is_empty() {
            self.out.truncate(from);
            self.dropped.extend(shared);
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if let Some(formula) = &mut self.formula {
            formula.text.push_str(text);
        }
        self.out.push_str(text);
    }
}

/// First row and column of a reference such as `A1` or `A1:B2`, of a note.
pub(super) fn first_cell(reference: &str) -> Option<(u32, u32)> {
    area(reference).map(|(first, _)| first)
}

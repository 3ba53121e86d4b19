//! Where the table of a sheet begins, and which of its columns is which.
//!
//! A header stands below titles; its labels may be stacked over several rows and merged over columns, as forms of statistics
//! have them. It is found by what the form calls its columns, never by its place.

use rustc_hash::FxHashMap;

use super::{
    rules::{ColumnRole, FormRules},
    spelling::{heading, spelled},
};
use crate::grid::{Content, GridCell, GridRow, Sheet};

/// A header stands in one of so many rows that hold something.
const WITHIN: usize = 60;
/// Labels are stacked over so many rows at most.
const STACKED: usize = 4;
/// Of a sheet with more columns nobody reads those behind.
pub(super) const COLUMNS_MAX: u32 = 512;
/// Cells that merged ones fill above a table, at most.
const FILLED_MAX: usize = 50_000;

/// Where the table of a sheet stands.
#[derive(Debug)]
pub(super) struct Layout {
    /// Rows before the header, by their place in the sheet.
    pub(super) titles: usize,
    /// The first row behind it.
    pub(super) body: usize,
    /// By column of the form: the column of the sheet, and what its heading says of the unit.
    pub(super) columns: Vec<Option<LaidColumn>>,
    /// Columns that the form does not have: where their heading stands, and what it says.
    pub(super) surplus: Vec<(u32, u32, String)>,
    /// A column of the form that two of the sheet are headed as.
    pub(super) twice: Option<usize>,
}

/// A column of the sheet.
#[derive(Clone, Debug)]
pub(super) struct LaidColumn {
    pub(super) at: u32,
    /// What stands in parentheses behind its heading and is no part of how the form calls it.
    pub(super) unit: String,
    /// The row of the heading, by its number.
    pub(super) row: u32,
}

/// The header that comes nearest, for messages.
#[derive(Debug, Default)]
pub(super) struct Nearest {
    /// Columns of the form that it lacks.
    pub(super) missing: Vec<usize>,
    /// Its labels.
    pub(super) labels: Vec<String>,
    pub(super) row: u32,
    found: usize,
}

/// The text of a cell, as far as labels go.
pub(super) fn text(cell: &GridCell) -> &str {
    match &cell.content {
        Content::Text(text) | Content::Number(text) | Content::Error(text) => text,
        Content::Blank | Content::Date(_) | Content::Truth(_) => "",
    }
}

/// The rows of a sheet in which a header is looked for.
#[derive(Debug)]
pub(super) struct Head<'s> {
    rows: &'s [GridRow],
    /// What stands in their cells, merged ones filled with what their first one holds.
    filled: Vec<FxHashMap<u32, &'s str>>,
}

/// The header of a form.
pub(super) fn find(head: &Head<'_>, form: &FormRules) -> Result<Layout, Nearest> {
    let Head { rows, filled } = head;
    let mut best: Option<(usize, Layout)> = None;
    let mut nearest = Nearest::default();
    // Of headers that say the same the lowest: a title above it is no part of it.
    for height in 1..=STACKED.min(rows.len()) {
        for top in 0..=rows.len() - height {
            let labels = labels(&filled[top..top + height]);
            let row = rows[top + height - 1].number;
            let (columns, surplus, twice) = matched(&labels, form, row);
            let found = columns.iter().flatten().count();
            let missing = missing(&columns, form);
            if !missing.is_empty() {
                if found > nearest.found {
                    let labels = labels.iter().map(|label| label.whole.clone()).collect();
                    nearest = Nearest { missing, labels, row, found };
                }
                continue;
            }
            if best.as_ref().is_none_or(|(most, _)| found > *most) {
                let layout = Layout { titles: top, body: top + height, columns, surplus, twice };
                best = Some((found, layout));
            }
        }
    }
    match best {
        Some((_, layout)) => Ok(layout),
        None => {
            if nearest.found == 0 {
                nearest.missing = missing(&vec![None; form.columns.len()], form);
            }
            Err(nearest)
        }
    }
}

/// Numbers of the rows that head the form's table in a sheet; none where the sheet has no such table.
pub(crate) fn header_rows(form: &FormRules, sheet: &Sheet) -> Vec<u32> {
    match find(&Head::of(sheet), form) {
        Ok(layout) => sheet.rows[layout.titles..layout.body].iter().map(|row| row.number).collect(),
        Err(_) => Vec::new(),
    }
}

/// Columns without which there is no table of the form.
fn missing(columns: &[Option<LaidColumn>], form: &FormRules) -> Vec<usize> {
    let is_there = |at: &usize| columns[*at].is_some();
    let all = || 0..form.columns.len();
    let of = |is: fn(&ColumnRole) -> bool| all().filter(move |at| is(&form.columns[*at].role));
    let mut missing: Vec<usize> = all()
        .filter(|at| form.columns[*at].required || matches!(form.columns[*at].role, ColumnRole::Indicator))
        .filter(|at| !is_there(at))
        .collect();
    let values = || of(|role| matches!(role, ColumnRole::Value(_)));
    if form.counts_rows() {
        if !all().any(|at| is_there(&at)) {
            missing.extend(all());
        }
    } else if !values().any(|at| is_there(&at)) {
        missing.extend(values());
    }
    missing.sort_unstable();
    missing.dedup();
    missing
}

impl<'s> Head<'s> {
    pub(super) fn of(sheet: &'s Sheet) -> Head<'s> {
        let rows = &sheet.rows[..sheet.rows.len().min(WITHIN)];
        let texts = |row: &'s GridRow| {
            let cells = row.cells.iter().take_while(|(column, _)| *column < COLUMNS_MAX);
            cells.map(|(column, cell)| (*column, text(cell))).collect()
        };
        let mut filled: Vec<FxHashMap<u32, &str>> = rows.iter().map(texts).collect();
        let place = |number: u32| rows.binary_search_by_key(&number, |row| row.number);
        let mut left = FILLED_MAX;
        for ((top, first_column), (bottom, last_column)) in &sheet.merged {
            let Ok(first) = place(*top) else { continue };
            let label = filled[first].get(first_column).copied().filter(|label| !label.is_empty());
            let Some(label) = label else { continue };
            for row in (first..rows.len()).take_while(|row| rows[*row].number <= *bottom) {
                for column in *first_column..=(*last_column).min(COLUMNS_MAX) {
                    let Some(fewer) = left.checked_sub(1) else { return Head { rows, filled } };
                    left = fewer;
                    let _ = filled[row].entry(column).or_insert(label);
                }
            }
        }
        Head { rows, filled }
    }
}

/// The label of a column: stacked, and its lowest part.
struct Label {
    column: u32,
    whole: String,
    last: String,
}

fn labels(rows: &[FxHashMap<u32, &str>]) -> Vec<Label> {
    let mut columns: Vec<u32> = rows.iter().flat_map(FxHashMap::keys).copied().collect();
    columns.sort_unstable();
    columns.dedup();
    let label = |column: u32| {
        let mut parts: Vec<&str> = Vec::new();
        for part in rows.iter().filter_map(|row| row.get(&column)).map(|part| part.trim()) {
            if !part.is_empty() && parts.last() != Some(&part) {
                parts.push(part);
            }
        }
        let last = parts.last().copied().unwrap_or_default().to_owned();
        Label { column, whole: parts.join(" "), last }
    };
    columns.into_iter().map(label).filter(|label| !label.whole.is_empty()).collect()
}

type Matched = (Vec<Option<LaidColumn>>, Vec<(u32, u32, String)>, Option<usize>);

fn matched(labels: &[Label], form: &FormRules, row: u32) -> Matched {
    let mut columns: Vec<Option<LaidColumn>> = vec![None; form.columns.len()];
    let (mut surplus, mut twice) = (Vec::new(), None);
    for label in labels {
        let Some((at, unit)) = column_of(label, form) else {
            surplus.push((row, label.column, label.whole.clone()));
            continue;
        };
        match &columns[at] {
            Some(_) if !matches!(form.columns[at].role, ColumnRole::Ignored) => twice = Some(at),
            Some(_) => {}
            None => columns[at] = Some(LaidColumn { at: label.column, unit, row }),
        }
    }
    (columns, surplus, twice)
}

/// Which column of the form a label is the heading of, and what it says of the unit.
fn column_of(label: &Label, form: &FormRules) -> Option<(usize, String)> {
    let named = |written: &str| {
        let written = heading(written);
        form.columns.iter().position(|column| column.headings.contains(&written))
    };
    for written in [&label.whole, &label.last] {
        if let Some(at) = named(written) {
            return Some((at, String::new()));
        }
    }
    for written in [&label.whole, &label.last] {
        let Some((before, rest)) = written.split_once('(') else { continue };
        let Some(unit) = rest.trim_end().strip_suffix(')') else { continue };
        if let Some(at) = named(before) {
            return Some((at, spelled(unit)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ioc_model::pack::Pack;

    use super::*;
    use crate::contract::form::tests::{form, sheet};

    fn columns(layout: &Layout) -> Vec<Option<u32>> {
        layout.columns.iter().map(|column| column.as_ref().map(|column| column.at)).collect()
    }

    fn rules() -> FormRules {
        let pack: Pack = form("absent = \"keeps\"");
        super::super::rules::Forms::of_pack(&pack).forms.remove("lists").unwrap()
    }

    #[test]
    fn a_header_is_found_below_titles_and_in_stacked_rows() {
        let rules = rules();
        let plain =
            sheet(&[&["Báo cáo tháng 10/2026"], &["STT", "MÃ XÃ", "Xã, phường", "Số hồ sơ", "khác"], &["1"]]);
        let layout = find(&Head::of(&plain), &rules).unwrap();
        assert_eq!((layout.titles, layout.body), (1, 2));
        assert_eq!(columns(&layout), [Some(1), Some(2), Some(3), None, None]);
        assert_eq!(layout.surplus, [(2, 0, "STT".to_owned()), (2, 4, "khác".to_owned())]);
        let mut stacked = sheet(&[&["Mã", "Xã, phường", "Số", ""], &["xã", "", "hồ sơ (nghìn)", "Tỷ lệ"]]);
        stacked.merged.push(((1, 1), (2, 1)));
        let layout = find(&Head::of(&stacked), &rules).unwrap();
        assert_eq!((layout.titles, layout.body), (0, 2));
        assert_eq!(columns(&layout)[..3], [Some(0), Some(1), Some(2)]);
        assert_eq!(layout.columns[2].as_ref().unwrap().unit, "nghin\u{300}");
    }

    #[test]
    fn what_lacks_a_column_says_which() {
        let nearest = find(&Head::of(&sheet(&[&["Mã xã", "Số người"]])), &rules()).unwrap_err();
        assert_eq!((nearest.row, &nearest.labels[..]), (1, &["Mã xã".to_owned(), "Số người".to_owned()][..]));
        assert_eq!(nearest.missing, [2, 3], "one of the columns of values");
        assert_eq!(find(&Head::of(&sheet(&[])), &rules()).unwrap_err().missing, [0, 2, 3]);
    }
}

//! Where the title, the headings and the rows of a sheet of others are.
//!
//! Headings are stacked in as many rows as somebody liked, some of their cells merged, others only look so. They begin
//! where something stands over the columns of numbers and end before the first row that has a label and a number. What
//! stands over a column is read from above, joined by blanks; where nothing does, what stands over the column before it
//! holds for it, too.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{
    super::header::text,
    folded::{folded, parentheses},
};
use crate::grid::{Content, GridRow, NumberFormat, Sheet};

/// Rows and columns in which headings are looked for.
const HEAD_ROWS: usize = 60;
const COLUMNS_MAX: usize = 256;
/// So many columns a merged heading reaches.
const WIDTH_MAX: u32 = 64;

/// What stands where.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Folded.
    pub(super) title: String,
    /// As it is written.
    pub(super) said: String,
    /// Units that stand by themselves above the rows.
    pub(super) units: Vec<String>,
    /// The columns that have numbers, in their order, and those before them that have a heading.
    pub(super) columns: Vec<TableColumn>,
    /// The first column of numbers.
    pub(super) first: u32,
    /// The place of the first row below the headings.
    pub(super) body: usize,
    /// The place of the first row of the next table of the sheet, where it has one.
    pub(super) ends: Option<usize>,
    /// Columns of numbers that are not shown.
    pub(super) hidden: Vec<u32>,
    /// Units that stand in a note below the rows, by the mark of the note: "(*) Nghìn chiếc; triệu USD".
    pub(super) notes: Vec<(String, Vec<String>)>,
}

/// What stands over a column.
#[derive(Clone, Copy, Debug)]
struct Over<'t> {
    row: u32,
    text: &'t str,
    /// Whether it is of a merged cell of several columns.
    is_wide: bool,
}

/// A column.
#[derive(Debug)]
pub(super) struct TableColumn {
    pub(super) at: u32,
    /// The row of its lowest heading.
    pub(super) row: u32,
    /// Its headings from above, folded.
    pub(super) path: String,
    /// As they are written.
    pub(super) said: String,
    /// What stands in parentheses in them, as it is written.
    pub(super) units: Vec<String>,
}

/// The title of a sheet that may be none of ours: what stands in its first rows that say anything.
pub(super) fn first_words(sheet: &Sheet) -> String {
    let rows = sheet.rows.iter().filter(|row| !row.hidden).take(HEAD_ROWS);
    let texts = rows.flat_map(|row| row.cells.iter().map(|(_, cell)| text(cell).trim()));
    texts.filter(|text| text.chars().any(char::is_alphabetic)).take(2).collect::<Vec<_>>().join(" ")
}

impl Table {
    /// What stands where; none where there is no row with a label and a number.
    pub(super) fn of(sheet: &Sheet, is_unit: impl Fn(&str) -> bool) -> Option<Table> {
        let rows = &sheet.rows;
        let first_row = rows.iter().position(|row| !row.hidden && is_data(row, sheet))?;
        let first = *numbers(&rows[first_row..], sheet).iter().next()?;
        let above: Vec<&GridRow> = rows[..first_row].iter().filter(|row| !row.hidden).collect();
        let from = above.len().saturating_sub(HEAD_ROWS);
        let notes = notes(&rows[first_row..], &is_unit);
        let mut table = Table { first, notes, ..Table::default() };
        let mut titles: Vec<&str> = Vec::new();
        let mut heads: Vec<&GridRow> = Vec::new();
        let mut title_column = None;
        let mut begins = None;
        for row in &above[from..] {
            let texts: Vec<(u32, &str)> = row
                .cells
                .iter()
                .map(|(at, cell)| (*at, text(cell).trim()))
                .filter(|(at, text)| !text.is_empty() && !is_hidden(sheet, *at))
                .collect();
            let Some((leftmost, _)) = texts.first() else { continue };
            let over: Vec<&(u32, &str)> = texts.iter().filter(|(at, _)| *at >= first).collect();
            // A label with nothing but units over the columns begins what is below.
            let are_units = |text: &str| !text.starts_with('(') && !said_units(text, &is_unit).is_empty();
            if !heads.is_empty()
                && *leftmost < first
                && !over.is_empty()
                && over.iter().all(|(_, text)| are_units(text))
            {
                begins = Some(row.number);
                break;
            }
            let (units, words): (Vec<_>, Vec<_>) =
                texts.iter().partition::<Vec<(u32, &str)>, _>(|(_, text)| {
                    heads.is_empty() && !said_units(text, &is_unit).is_empty()
                });
            table.units.extend(units.iter().flat_map(|(_, text)| said_units(text, &is_unit)));
            let Some((at, text)) = words.first() else { continue };
            let goes_on = heads.is_empty()
                && words.len() == 1
                && (title_column.is_none() || title_column == Some(*leftmost) || *at < first);
            if goes_on {
                title_column = title_column.or(Some(*at));
                titles.push(text);
            } else {
                heads.push(row);
            }
        }
        let over_numbers =
            |row: &&GridRow| row.cells.iter().any(|(at, cell)| *at >= first && !text(cell).trim().is_empty());
        while heads.last().is_some_and(|last| !over_numbers(last)) {
            let _ = heads.pop();
        }
        let last_head = heads.last().map_or(0, |row| row.number);
        let is_below = |row: &GridRow| begins.map_or(row.number > last_head, |begins| row.number >= begins);
        table.body = match heads.is_empty() {
            true => first_row,
            false => rows.iter().position(is_below).unwrap_or(first_row),
        };
        table.ends = end(&rows[table.body..], sheet, first, &is_unit).map(|at| table.body + at);
        let own = &rows[first_row..table.ends.unwrap_or(rows.len()).max(first_row)];
        let numbers = numbers(own, sheet);
        table.hidden = hidden(own, sheet, first);
        table.said = titles.join(" ");
        table.title = folded(&table.said);
        table.columns = columns(sheet, &heads, &numbers, first, &is_unit);
        Some(table)
    }
}

/// Where another table begins: headings over the columns once more, and above them what it is called.
fn end(rows: &[GridRow], sheet: &Sheet, first: u32, is_unit: &impl Fn(&str) -> bool) -> Option<usize> {
    let has_number =
        |row: &GridRow| row.cells.iter().any(|(at, cell)| *at >= first && number(cell).is_some());
    let is_headed = |row: &GridRow| {
        let over = row.cells.iter().filter(|(at, _)| *at >= first && !is_hidden(sheet, *at));
        let words = over.filter(|(_, cell)| match &cell.content {
            Content::Text(text) => {
                text.chars().filter(|c| c.is_alphabetic()).count() > 1 && said_units(text, is_unit).is_empty()
            }
            _ => false,
        });
        words.count() > 1
    };
    let heads = rows.iter().position(|row| !row.hidden && is_headed(row) && !is_data(row, sheet))?;
    let above = rows[..heads].iter().rposition(|row| has_number(row) || row.hidden);
    let from = above.map_or(heads, |last| last + 1);
    // A table that has no row of numbers before it is none.
    rows[..from].iter().any(has_number).then_some(from)
}

fn is_hidden(sheet: &Sheet, column: u32) -> bool {
    sheet.hidden_columns.iter().any(|(first, last)| (*first..=*last).contains(&column))
}

fn number(cell: &crate::grid::GridCell) -> Option<&str> {
    match &cell.content {
        Content::Number(number) if cell.format != NumberFormat::Date => Some(number),
        _ => None,
    }
}

/// Whether a row has a label and, right of it, a number that is no year and no number of a column.
fn is_data(row: &GridRow, sheet: &Sheet) -> bool {
    let shown = || row.cells.iter().filter(|(at, _)| !is_hidden(sheet, *at));
    let is_label = |text: &str| text.chars().any(char::is_alphabetic);
    let label = shown().find(|(_, cell)| matches!(&cell.content, Content::Text(text) if is_label(text)));
    let Some((label, _)) = label else { return false };
    let numbers: Vec<f64> =
        shown().filter(|(at, _)| at > label).filter_map(|(_, cell)| number(cell)?.parse().ok()).collect();
    let is_year = |number: &f64| (1990.0..=2100.0).contains(number) && number.fract() == 0.0;
    let are_counted = numbers.len() > 1 && numbers.iter().zip(1u32..).all(|(one, at)| *one == f64::from(at));
    !numbers.is_empty() && !numbers.iter().all(is_year) && !are_counted
}

/// The shown columns that have a number right of a label.
fn numbers(rows: &[GridRow], sheet: &Sheet) -> std::collections::BTreeSet<u32> {
    let mut columns = std::collections::BTreeSet::new();
    for row in rows.iter().filter(|row| !row.hidden && is_data(row, sheet)) {
        let labels = row.cells.iter().find(|(_, cell)| matches!(cell.content, Content::Text(_)));
        let label = labels.map_or(0, |(at, _)| *at);
        let of = row.cells.iter().filter(|(at, cell)| *at > label && number(cell).is_some());
        columns.extend(of.map(|(at, _)| *at).filter(|at| !is_hidden(sheet, *at)).take(COLUMNS_MAX));
        if columns.len() >= COLUMNS_MAX {
            break;
        }
    }
    columns
}

fn hidden(rows: &[GridRow], sheet: &Sheet, first: u32) -> Vec<u32> {
    let mut hidden: Vec<u32> = rows
        .iter()
        .flat_map(|row| row.cells.iter().filter(|(at, cell)| *at > first && number(cell).is_some()))
        .map(|(at, _)| *at)
        .filter(|at| is_hidden(sheet, *at))
        .collect();
    hidden.sort_unstable();
    hidden.dedup();
    hidden
}

/// The units that a text is made of, if it says nothing else: "Đơn vị tính: Nghìn tấn, triệu USD".
fn said_units(text: &str, is_unit: &impl Fn(&str) -> bool) -> Vec<String> {
    let folded_text = folded(text);
    let is_told =
        ["don vi tinh:", "don vi:", "dvt:", "đvt:"].iter().any(|told| folded_text.starts_with(told));
    let rest = match is_told {
        true => text.split_once(':').map_or(text, |(_, rest)| rest),
        false => text,
    };
    let rest = rest.trim().trim_matches(['(', ')']);
    let parts: Vec<String> = rest.split([';', ',']).map(|part| part.trim().to_owned()).collect();
    match is_told || parts.iter().all(|part| is_unit(part)) {
        true => parts.into_iter().filter(|part| !part.is_empty()).collect(),
        false => Vec::new(),
    }
}

/// The mark of a note that a text ends with: `*` of "Ô tô(*)".
pub(super) fn mark(text: &str) -> Option<&str> {
    let (_, mark) = text.trim().strip_suffix(')')?.rsplit_once('(')?;
    is_mark(mark).then_some(mark)
}

fn is_mark(mark: &str) -> bool {
    !mark.is_empty() && mark.len() <= 3 && mark.chars().all(|c| c == '*' || c.is_ascii_digit())
}

/// Notes that are of units.
fn notes(rows: &[GridRow], is_unit: &impl Fn(&str) -> bool) -> Vec<(String, Vec<String>)> {
    let mut notes = Vec::new();
    for row in rows.iter().rev().filter(|row| !row.hidden).take(HEAD_ROWS) {
        let mut texts = row.cells.iter().map(|(_, cell)| text(cell).trim());
        let Some(first) = texts.find(|text| !text.is_empty()) else { continue };
        let begun = first.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let Some((mark, rest)) = begun.filter(|(mark, _)| is_mark(mark)) else { continue };
        let rest = rest.trim_start_matches([':', ' ']);
        let rest = if rest.is_empty() { texts.next().unwrap_or_default() } else { rest };
        let units = said_units(rest, is_unit);
        if !units.is_empty() {
            notes.push((mark.to_owned(), units));
        }
    }
    notes
}

/// The columns with what stands over them.
fn columns(
    sheet: &Sheet,
    heads: &[&GridRow],
    numbers: &std::collections::BTreeSet<u32>,
    first: u32,
    is_unit: &impl Fn(&str) -> bool,
) -> Vec<TableColumn> {
    let mut over: BTreeMap<u32, Vec<Over<'_>>> = BTreeMap::new();
    let wide: FxHashMap<(u32, u32), u32> =
        sheet.merged.iter().map(|(first, (_, right))| (*first, *right)).collect();
    for row in heads {
        for (at, cell) in &row.cells {
            let text = text(cell).trim();
            if text.is_empty() || is_hidden(sheet, *at) {
                continue;
            }
            let right = wide.get(&(row.number, *at)).copied().unwrap_or(*at);
            let last = right.min(at.saturating_add(WIDTH_MAX)).max(*at);
            let is_wide = last > *at;
            for column in *at..=last {
                over.entry(column).or_default().push(Over { row: row.number, text, is_wide });
            }
        }
    }
    let before_numbers = over.range(..first).map(|(at, _)| *at).take(COLUMNS_MAX);
    let all: Vec<u32> = before_numbers.chain(numbers.iter().copied()).collect();
    let mut columns = Vec::new();
    let mut left: Vec<Over<'_>> = Vec::new();
    for at in all {
        let own = over.get(&at).cloned().unwrap_or_default();
        let begins = own.first().map_or(u32::MAX, |one| one.row);
        let own_last = own.last().map(|one| one.row);
        // A merged cell says itself how far it reaches.
        let mut path: Vec<Over<'_>> = match own.is_empty() || at <= first {
            true => Vec::new(),
            false => left.iter().copied().filter(|one| one.row < begins && !one.is_wide).collect(),
        };
        path.extend(own);
        let words: Vec<&str> = path.iter().map(|one| one.text).collect();
        let joined = words.join(" ");
        let lowest = words.last().filter(|last| !said_units(last, is_unit).is_empty());
        let units = parentheses(&joined).into_iter().chain(lowest.copied()).map(str::to_owned).collect();
        columns.push(TableColumn {
            at,
            row: own_last.unwrap_or_else(|| heads.last().map_or(1, |row| row.number)),
            path: folded(&joined),
            units,
            said: joined.split_whitespace().collect::<Vec<_>>().join(" "),
        });
        if at >= first {
            left = path;
        }
    }
    columns
}

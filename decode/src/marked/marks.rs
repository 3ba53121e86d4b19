//! What is marked where, before any file is written.

use std::collections::{BTreeMap, HashSet};

use ioc_model::form::{Finding, Weight};

use super::spots::{Spot, spot};
use crate::grid::Sheet;

/// The sheet that lists everything.
pub(crate) const FOUND: &str = "Kết quả kiểm tra";
/// Who wrote the notes.
pub(crate) const AUTHOR: &str = "Kiểm tra báo cáo / Report check";
/// Fills by the numbers of weights: note, warning, error.
pub(crate) const FILLS: [u32; 3] = [0xDC_E9_F5, 0xFF_E7_A3, 0xFF_C4_BE];
/// Cells that are marked; the sheet that lists everything has the others.
const MARKS_MAX: usize = 10_000;
/// Characters of a note.
const NOTE_MAX: usize = 2_000;

/// The fill of a weight.
pub(crate) fn fill_of(weight: Weight) -> u32 {
    FILLS[weight as usize]
}

/// A cell with a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// From 1.
    pub(crate) row: u32,
    /// From 0.
    pub(crate) column: u32,
    /// The heaviest of what was found there.
    pub(crate) weight: Weight,
    /// What was found there, in both languages.
    pub(crate) note: String,
}

/// A line of the sheet that lists everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) weight: Weight,
    /// Weight, place, what stands there, what is said of it in both languages.
    pub(crate) texts: [String; 5],
}

impl Listed {
    /// What stands above them.
    pub(crate) fn heads() -> [String; 5] {
        ["Mức / Weight", "Vị trí / Where", "Đang ghi / It says", "Nội dung", "What is said of it"]
            .map(str::to_owned)
    }
}

/// All of a workbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// By sheet, in the order of rows and columns.
    pub(crate) sheets: Vec<Vec<Mark>>,
    /// As the receipt lists them.
    pub(crate) list: Vec<Listed>,
}

impl Marks {
    /// Of what was found in a workbook.
    pub(crate) fn of(sheets: &[Sheet], findings: &[Finding]) -> Marks {
        let mut cells: Vec<BTreeMap<(u32, u32), Mark>> = vec![BTreeMap::new(); sheets.len()];
        let (mut count, mut list) = (0, Vec::new());
        for finding in findings {
            let (weight, vi, en) = (finding.weight, &finding.message.vi, &finding.message.en);
            let (weight_vi, weight_en) = match weight {
                Weight::Error => ("Lỗi", "Error"),
                Weight::Warning => ("Cảnh báo", "Warning"),
                Weight::Note => ("Lưu ý", "Note"),
            };
            let texts = [
                format!("{weight_vi} / {weight_en}"),
                finding.at.to_string(),
                finding.stands.to_string(),
                vi.clone(),
                en.clone(),
            ];
            list.push(Listed { weight, texts });
            let Some(Spot { sheet, rows, column }) = spot(&finding.at, sheets) else { continue };
            let note = format!("{weight_vi}: {vi}\n{weight_en}: {en}");
            let of_sheet = &sheets[sheet].rows;
            let first_of = |row: u32| {
                let at = of_sheet.binary_search_by_key(&row, |row| row.number).ok()?;
                of_sheet[at].cells.first().map(|(column, _)| *column)
            };
            for row in rows.into_iter().flat_map(|(first, last)| first..=last) {
                if count >= MARKS_MAX {
                    break;
                }
                count += 1;
                // Of a whole row, its first cell.
                let column = column.or_else(|| first_of(row)).unwrap_or_default();
                let mark = cells[sheet].entry((row, column)).or_insert_with(|| Mark {
                    row,
                    column,
                    weight,
                    note: String::new(),
                });
                mark.weight = mark.weight.max(weight);
                if !mark.note.is_empty() {
                    mark.note.push_str("\n\n");
                }
                mark.note.push_str(&note);
            }
        }
        let short = |mut mark: Mark| {
            if let Some((at, _)) = mark.note.char_indices().nth(NOTE_MAX) {
                mark.note.truncate(at);
                mark.note.push('…');
            }
            mark
        };
        let sheets = cells.into_iter().map(|cells| cells.into_values().map(short).collect()).collect();
        Marks { sheets, list }
    }

    /// Names of sheets that a workbook may have: as they are, once each.
    pub(crate) fn sheet_names(sheets: &[Sheet]) -> Vec<String> {
        let mut taken = HashSet::from([FOUND.to_lowercase()]);
        let name = |(at, sheet): (usize, &Sheet)| {
            let plain: String = sheet.name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
            let name = match plain.trim() {
                "" => format!("Trang {}", at + 1),
                plain if taken.contains(&plain.to_lowercase()) => format!("Trang {}", at + 1),
                plain => plain.to_owned(),
            };
            let _new = taken.insert(name.to_lowercase());
            name
        };
        sheets.iter().enumerate().map(name).collect()
    }
}

//! What is found, gathered cell by cell and told sentence by sentence.
//!
//! A column that a spreadsheet made dates of is one fault, not nine: what is alike in a column is one finding with all of
//! its cells (`T10!D4:D8, D11`), what stands there, and what would be right in each.

use std::collections::BTreeMap;

use ioc_model::{
    form::{Finding, Rule, Weight},
    results::FINDINGS_KEPT,
    text::Text,
};

use super::super::legible;
use crate::grid::letters;

/// More that is found is only counted.
const GATHERED_MAX: usize = 20_000;
/// So many of what stands in cells is quoted in one finding, and of what would be right.
const QUOTED_MAX: usize = 6;
/// So many stretches of cells are named in one finding.
const STRETCHES_MAX: usize = 12;
/// Characters of what stands there.
const STANDS_MAX: usize = 60;
/// Stands in a sentence for what would be right.
pub(crate) const RIGHT: &str = "{right}";
/// The same, of numbers, with a point before decimals: as English writes them.
pub(crate) const RIGHT_POINTED: &str = "{right_pointed}";

/// Where something is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The whole message.
    Whole,
    /// A sheet, by its place in the workbook.
    Sheet(u32),
    /// A row of a sheet, by its number.
    Row(u32, u32),
    /// A cell of a sheet: row by its number, column from 0.
    Cell(u32, u32, u32),
    /// A part of a message that is no table, by its place among the names of where its cells stand.
    Part(u32),
}

impl Spot {
    /// Sheet, row and column, the whole before its parts.
    fn order(&self) -> (u32, u32, u32) {
        match *self {
            Spot::Whole => (0, 0, 0),
            Spot::Sheet(sheet) | Spot::Part(sheet) => (sheet.saturating_add(1), 0, 0),
            Spot::Row(sheet, row) => (sheet.saturating_add(1), row, 0),
            Spot::Cell(sheet, row, column) => (sheet.saturating_add(1), row, column.saturating_add(1)),
        }
    }
}

/// One thing that was found, at one spot.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) weight: Weight,
    pub(crate) rule: Rule,
    pub(crate) spot: Spot,
    /// What stands there.
    pub(crate) stands: String,
    /// What is wrong and what would be right; may hold [`RIGHT`].
    pub(crate) message: Text,
    /// What would be right there.
    pub(crate) right: String,
}

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Found>,
    /// Errors and others that were not gathered.
    further: (usize, usize),
    /// As they come from elsewhere.
    told: Vec<Finding>,
}

/// What a finding is told of: cells of one column, or rows, with one sentence.
type Kind = (std::cmp::Reverse<Weight>, u32, Option<u32>, Rule, String);

impl Findings {
    pub(crate) fn add(&mut self, found: Found) {
        if self.found.len() < GATHERED_MAX {
            self.found.push(found);
        } else if found.weight == Weight::Error {
            self.further.0 += 1;
        } else {
            self.further.1 += 1;
        }
    }

    /// Adds what was found at a spot.
    pub(crate) fn at(&mut self, weight: Weight, rule: Rule, spot: Spot, stands: &str, message: Text) {
        let stands = legible(stands, STANDS_MAX);
        self.add(Found { weight, rule, spot, stands, message, right: String::new() });
    }

    /// Adds what was found elsewhere and not gathered: errors, and others.
    pub(crate) fn further(&mut self, (errors, others): (usize, usize)) {
        self.further.0 += errors;
        self.further.1 += others;
    }

    /// Adds findings that were made elsewhere.
    pub(crate) fn tell(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.told.extend(findings);
    }

    /// The sentences, the heaviest first, then by sheet, column and row. At most [`FINDINGS_KEPT`].
    pub(crate) fn into_told(self, sheets: &[String]) -> Vec<Finding> {
        let mut kinds: BTreeMap<Kind, Vec<Found>> = BTreeMap::new();
        for found in self.found {
            let (sheet, column) = match found.spot {
                Spot::Whole | Spot::Part(_) => (0, None),
                Spot::Sheet(sheet) | Spot::Row(sheet, _) => (sheet, None),
                Spot::Cell(sheet, _, column) => (sheet, Some(column)),
            };
            let kind = (std::cmp::Reverse(found.weight), sheet, column, found.rule, found.message.en.clone());
            kinds.entry(kind).or_default().push(found);
        }
        let mut groups: Vec<Vec<Found>> = kinds.into_values().collect();
        for group in &mut groups {
            group.sort_by_key(|found| found.spot.order());
        }
        groups.sort_by_key(|group| (std::cmp::Reverse(group[0].weight), group[0].spot.order()));
        let mut findings: Vec<Finding> = self.told;
        findings.extend(groups.iter().map(|group| merged(group, sheets)));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        let dropped = self.further.0 + self.further.1 + findings.len().saturating_sub(FINDINGS_KEPT - 1);
        if findings.len() >= FINDINGS_KEPT || self.further != (0, 0) {
            findings.truncate(FINDINGS_KEPT - 1);
            findings.push(more(dropped, self.further.0 > 0));
        }
        findings
    }
}

fn more(count: usize, errors: bool) -> Finding {
    Finding {
        weight: if errors { Weight::Error } else { Weight::Note },
        rule: Rule::More,
        at: Box::default(),
        stands: Box::default(),
        message: Text {
            vi: format!("Còn {count} điều khác không liệt kê ở đây. Hãy sửa những điều trên rồi gửi lại."),
            en: format!("There are {count} more that are not listed. Correct those above and send it again."),
        },
    }
}

fn merged(group: &[Found], sheets: &[String]) -> Finding {
    let first = &group[0];
    let distinct = |texts: &mut dyn Iterator<Item = &String>| {
        let mut some: Vec<&str> = Vec::new();
        let mut more = false;
        for text in texts.filter(|text| !text.is_empty()) {
            if some.contains(&text.as_str()) {
                continue;
            }
            more = some.len() == QUOTED_MAX;
            if more {
                break;
            }
            some.push(text);
        }
        let mut joined = some.join(", ");
        if more {
            joined.push_str(", …");
        }
        joined
    };
    let stands = distinct(&mut group.iter().map(|found| &found.stands));
    let right = distinct(&mut group.iter().map(|found| &found.right));
    let pointed: Vec<String> = group.iter().map(|found| found.right.replace(',', ".")).collect();
    let pointed = distinct(&mut pointed.iter());
    let fill = |text: &String| text.replace(RIGHT, &right).replace(RIGHT_POINTED, &pointed);
    Finding {
        weight: first.weight,
        rule: first.rule,
        at: place(group, sheets).into(),
        stands: stands.into(),
        message: Text { vi: fill(&first.message.vi), en: fill(&first.message.en) },
    }
}

/// Where a group is: `T10!D4:D8, D11`, `T10!9:9`, `lines 4-8, column 2`.
fn place(group: &[Found], sheets: &[String]) -> String {
    let name = |sheet: u32| sheets.get(sheet as usize).map_or("", String::as_str);
    match group[0].spot {
        Spot::Whole => String::new(),
        Spot::Sheet(sheet) => name(sheet).to_owned(),
        Spot::Part(_) => parts(group, &name),
        Spot::Row(sheet, _) | Spot::Cell(sheet, ..) => {
            let rows = group.iter().filter_map(|found| match found.spot {
                Spot::Row(_, row) | Spot::Cell(_, row, _) => Some(row),
                _ => None,
            });
            let column = match group[0].spot {
                Spot::Cell(.., column) => Some(column),
                _ => None,
            };
            called(name(sheet), rows, column)
        }
    }
}

/// Where parts of a message that is no table are: `line 3, line 5`.
fn parts<'n>(group: &[Found], name: &impl Fn(u32) -> &'n str) -> String {
    let of = |found: &Found| match found.spot {
        Spot::Part(part) => Some(name(part)),
        _ => None,
    };
    let mut names: Vec<&str> = group.iter().filter_map(of).take(QUOTED_MAX).collect();
    if group.len() > QUOTED_MAX {
        names.push("…");
    }
    names.join(", ")
}

/// How a sheet is called in front of its rows and cells.
pub(crate) fn sheet_called(sheet: &str) -> String {
    legible(sheet, STANDS_MAX)
}

/// How rows, or the cells of a column in them, are called.
pub(crate) fn called(sheet: &str, rows: impl Iterator<Item = u32>, column: Option<u32>) -> String {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for row in rows {
        match stretches.last_mut() {
            Some((_, last)) if row <= last.saturating_add(1) => *last = row,
            _ => stretches.push((row, row)),
        }
    }
    let one = |&(first, last): &(u32, u32)| match (sheet.is_empty(), column) {
        (true, _) if first == last => first.to_string(),
        (true, _) => format!("{first}-{last}"),
        (false, None) => format!("{first}:{last}"),
        (false, Some(column)) if first == last => format!("{}{first}", letters(column)),
        (false, Some(column)) => format!("{0}{first}:{0}{last}", letters(column)),
    };
    let mut joined = stretches.iter().take(STRETCHES_MAX).map(one).collect::<Vec<_>>().join(", ");
    if stretches.len() > STRETCHES_MAX {
        joined.push_str(", …");
    }
    if !sheet.is_empty() {
        return format!("{}!{joined}", sheet_called(sheet));
    }
    let lines = if joined.contains([',', '-']) { "lines" } else { "line" };
    match column {
        Some(column) => format!("{lines} {joined}, column {}", column + 1),
        None => format!("{lines} {joined}"),
    }
}

/// A sentence in both languages.
pub(crate) fn said(vi: impl Into<String>, en: impl Into<String>) -> Text {
    Text { vi: vi.into(), en: en.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(weight: Weight, spot: Spot, stands: &str, right: &str) -> Found {
        let message = said(format!("sai, đúng là {RIGHT}"), format!("wrong, right is {RIGHT}"));
        Found {
            weight,
            rule: Rule::Invalid,
            spot,
            stands: stands.to_owned(),
            message,
            right: right.to_owned(),
        }
    }

    #[test]
    fn what_is_alike_in_a_column_is_one_sentence_with_its_cells() {
        let mut findings = Findings::default();
        for row in [5, 4, 6, 9] {
            findings.add(found(Weight::Warning, Spot::Cell(1, row, 3), "x", "1"));
        }
        findings.add(found(Weight::Error, Spot::Cell(1, 4, 4), "y", "2"));
        findings.add(found(Weight::Error, Spot::Row(1, 7), "", ""));
        findings.add(found(Weight::Note, Spot::Cell(0, 4, 3), "a", "1-4"));
        findings.add(found(Weight::Note, Spot::Cell(0, 5, 3), "b", "5-9"));
        let told = findings.into_told(&[String::new(), "T10".to_owned()]);
        let told: Vec<(&str, &str, &str)> =
            told.iter().map(|one| (&*one.at, &*one.stands, one.message.en.as_str())).collect();
        assert_eq!(
            told,
            [
                ("T10!E4", "y", "wrong, right is 2"),
                ("T10!7:7", "", "wrong, right is "),
                ("T10!D4:D6, D9", "x", "wrong, right is 1"),
                ("lines 4-5, column 4", "a, b", "wrong, right is 1-4, 5-9"),
            ]
        );
    }

    #[test]
    fn what_is_alike_in_a_message_that_is_no_table_is_one_sentence_with_its_places() {
        let mut findings = Findings::default();
        for part in [2, 0, 1] {
            findings.add(found(Weight::Error, Spot::Part(part), "x", "1"));
        }
        let names = ["line 2", "line 3", "line 9"].map(str::to_owned);
        let told = findings.into_told(&names);
        assert_eq!((told.len(), &*told[0].at), (1, "line 2, line 3, line 9"));
    }

    #[test]
    fn bound_what_is_too_many_is_counted_and_errors_stay_errors() {
        let mut findings = Findings::default();
        for row in 0..30_000 {
            findings.add(found(Weight::Error, Spot::Cell(0, row, row % 2_000), "x", ""));
        }
        let told = findings.into_told(&["T".to_owned()]);
        assert_eq!(told.len(), FINDINGS_KEPT);
        let last = told.last().unwrap();
        assert_eq!((last.rule, last.weight), (Rule::More, Weight::Error));
        assert!(last.message.en.contains("11001 more"), "{}", last.message.en);
        assert!(told[0].at.len() < 200, "{}", told[0].at);
    }
}

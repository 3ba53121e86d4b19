//! What a report would become: the report, its cells, what was found in it.

use ioc_model::form::{Cell, Finding, Mark, Report, Weight};
use rust_decimal::Decimal;
use serde::Serialize;

use super::json;

/// What is not said is left out.
#[derive(Serialize)]
struct ReportLine<'a> {
    kind: &'static str,
    form: &'a str,
    agency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Whether what it says alone lets it be taken.
    taken: &'static str,
    absent: &'static str,
    rows: u32,
    cells: usize,
    left_out: usize,
}

#[derive(Serialize)]
struct CellLine<'a> {
    kind: &'static str,
    at: &'a str,
    indicator: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    breakdown: &'a str,
    place: &'a str,
    place_from: String,
    period: String,
    vintage: &'static str,
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Decimal>,
    #[serde(skip_serializing_if = "str::is_empty")]
    mark: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    as_sent: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    row: u32,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    kind: &'static str,
    weight: &'static str,
    rule: &'static str,
    #[serde(rename = "where", skip_serializing_if = "str::is_empty")]
    at: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    stands: &'a str,
    message_vi: &'a str,
    message_en: &'a str,
}

/// The lines of a report, and how many of them say that something cannot be taken.
pub(super) fn lines(report: &Report) -> (Vec<String>, usize) {
    let errors = report.findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    let taken = match (errors, report.parts && !report.cells.is_empty()) {
        (0, _) => "whole",
        (_, true) => "in_part",
        (_, false) => "not",
    };
    let head = ReportLine {
        kind: "report",
        form: &report.form,
        agency: &report.agency,
        period: report.period.map(|period| period.label()),
        from: report.period.map(|period| period.start.to_string()),
        to: report.period.map(|period| period.end.to_string()),
        taken,
        absent: report.absent.word(),
        rows: report.rows,
        cells: report.cells.len(),
        left_out: report.left_out.len(),
    };
    let mut lines = vec![json(&head)];
    lines.extend(report.findings.iter().map(|finding| json(&finding_line(finding))));
    lines.extend(report.cells.iter().map(|cell| json(&cell_line(cell))));
    (lines, errors)
}

fn finding_line(finding: &Finding) -> FindingLine<'_> {
    FindingLine {
        kind: "finding",
        weight: finding.weight.word(),
        rule: finding.rule.word(),
        at: &finding.at,
        stands: &finding.stands,
        message_vi: &finding.message.vi,
        message_en: &finding.message.en,
    }
}

fn cell_line(cell: &Cell) -> CellLine<'_> {
    CellLine {
        kind: "cell",
        at: &cell.at,
        indicator: &cell.key.indicator,
        breakdown: &cell.key.breakdown,
        place: &cell.key.place,
        place_from: cell.key.place_from.to_string(),
        period: cell.key.period.label(),
        vintage: cell.vintage.word(),
        owner: &cell.owner,
        value: cell.value.number,
        mark: if cell.value.mark == Mark::Value { "" } else { cell.value.mark.word() },
        as_sent: &cell.as_sent,
        note: &cell.note,
        row: cell.row,
    }
}

//! What is told of a workbook that can be read: what in it was left out, or is read in a way that may be wrong.

use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use super::refusal::{AT_MAX, TOLD_MAX};
use crate::{contract::legible, grid::Sheet};

/// What was met while it was read, each kind once.
#[derive(Debug, Default)]
pub(super) struct Told {
    findings: Vec<Finding>,
    font: bool,
}

impl Told {
    /// What is told, in the order it was met.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// That the workbook has macros.
    pub(super) fn macros(&mut self) {
        self.push(
            Weight::Note,
            "",
            "Tệp có macro: macro không được đọc và không được chạy, chỉ giá trị đã lưu trong ô được lấy.",
            "The file has macros: they are not read and not run, only the values stored in cells are taken.",
        );
    }

    /// That a sheet has no cells to read.
    pub(super) fn no_cells(&mut self, sheet: &str) {
        self.push(
            Weight::Note,
            sheet,
            &format!("Trang “{sheet}” là biểu đồ, hộp thoại hoặc macro, không có ô: không được đọc."),
            &format!("The sheet “{sheet}” is a chart, a dialog or a macro and has no cells: it is not read."),
        );
    }

    /// That a text is in a font that is not read.
    pub(super) fn font(&mut self, sheet: &Sheet, row: u32, column: u32) {
        if std::mem::replace(&mut self.font, true) {
            return;
        }
        let at = sheet.at(row, column);
        self.push(
            Weight::Warning,
            &at,
            &format!("{at} dùng phông VNI: chữ được giữ nguyên như trong tệp, chưa chuyển sang Unicode. Chuyển mã sang Unicode (UniKey, Ctrl+Shift+F6) rồi gửi lại."),
            &format!("{at} is in a VNI font: its text is taken as it stands in the file, not as it is seen. Convert it to Unicode (UniKey, Ctrl+Shift+F6) and send it again."),
        );
    }

    fn push(&mut self, weight: Weight, at: &str, vi: &str, en: &str) {
        self.findings.push(Finding {
            weight,
            rule: Rule::Unreadable,
            at: legible(at, AT_MAX).into(),
            stands: "".into(),
            message: Text { vi: legible(vi, TOLD_MAX), en: legible(en, TOLD_MAX) },
        });
    }
}

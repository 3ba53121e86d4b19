//! What a clerk is told of a file that is no workbook, a broken one, or one that is more than a report.
//!
//! Whoever reads this has a file that opens in a program of theirs, or seems to. Each sentence says what the file is and
//! what to do in that program.

use ioc_model::{
    form::{Finding, Rule, Weight},
    text::Text,
};

use super::{
    budget::{MOST_CELLS, MOST_MERGED, MOST_SHEETS, MOST_TEXT},
    other::Other,
};
use crate::contract::legible;

/// What is said of a place is cut behind so many characters, and a sentence behind so many.
pub(super) const AT_MAX: usize = 200;
pub(super) const TOLD_MAX: usize = 1_000;

/// The names in it are the file's own, and may be anything.
fn finding(at: &str, stands: &str, vi: &str, en: &str) -> Finding {
    Finding {
        weight: Weight::Error,
        rule: Rule::Unreadable,
        at: legible(at, AT_MAX).into(),
        stands: legible(stands, AT_MAX).into(),
        message: Text { vi: legible(vi, TOLD_MAX), en: legible(en, TOLD_MAX) },
    }
}

/// What a workbook may not have more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Cells that hold something.
    Cells,
    /// Bytes of text, that of each cell counted by itself.
    Text,
    /// Bytes once inflated.
    Inflated,
    /// Files in its archive.
    Parts,
    /// Sheets.
    Sheets,
    /// Merged areas.
    Merged,
    /// Looks of cells, fonts, number formats, links.
    Looks,
    /// Bytes of one tag or text.
    Token,
}

/// That a workbook has too much of something.
pub(super) fn too_large(limit: Limit) -> Finding {
    let (vi, en) = match limit {
        Limit::Cells => (
            format!("có hơn {MOST_CELLS} ô có dữ liệu"),
            format!("holds more than {MOST_CELLS} cells with something in them"),
        ),
        Limit::Text => (
            format!("có hơn {} MB chữ", MOST_TEXT >> 20),
            format!("holds more than {} MB of text", MOST_TEXT >> 20),
        ),
        Limit::Inflated => (
            "bung ra quá lớn so với kích thước tệp".to_owned(),
            "grows out of proportion when it is unpacked".to_owned(),
        ),
        Limit::Parts => ("có quá nhiều tệp con bên trong".to_owned(), "has too many files inside".to_owned()),
        Limit::Sheets => {
            (format!("có hơn {MOST_SHEETS} trang tính"), format!("has more than {MOST_SHEETS} sheets"))
        }
        Limit::Merged => {
            (format!("có hơn {MOST_MERGED} vùng ô gộp"), format!("has more than {MOST_MERGED} merged areas"))
        }
        Limit::Looks => (
            "có quá nhiều kiểu ô, phông chữ hoặc liên kết".to_owned(),
            "has too many cell styles, fonts or links".to_owned(),
        ),
        Limit::Token => (
            "có một đoạn dài hơn mọi ô mà Excel cho phép".to_owned(),
            "has a piece longer than any cell that Excel allows".to_owned(),
        ),
    };
    finding(
        "",
        "",
        &format!(
            "Tệp {vi}, nhiều hơn một báo cáo. Chép phần báo cáo sang một tệp mới (Dán đặc biệt, Giá trị), lưu thành .xlsx rồi gửi lại."
        ),
        &format!(
            "The file {en}, more than a report. Copy the report into a new file (Paste Special, Values), save it as .xlsx and send it again."
        ),
    )
}

/// That the end of an archive is missing.
pub(super) fn cut_off() -> Finding {
    finding(
        "",
        "",
        "Tệp bị cắt cụt: phần cuối không có, có lẽ do đường truyền bị ngắt. Mở tệp gốc bằng Excel để kiểm tra rồi gửi lại.",
        "The file is cut off: its end is missing, perhaps because the transfer broke. Open the original in Excel to check it and send it again.",
    )
}

/// That a part of the file is not what it has to be.
pub(super) fn damaged(part: &str) -> Finding {
    finding(
        part,
        "",
        &format!("Tệp bị hỏng ở phần “{part}”. Mở tệp bằng Excel, lưu thành một tệp .xlsx mới rồi gửi lại."),
        &format!(
            "The file is damaged in its part “{part}”. Open it in Excel, save it as a new .xlsx file and send it again."
        ),
    )
}

/// That a cell says something that cannot be: which, and what.
pub(super) fn impossible(at: &str, vi: &str, en: &str) -> Finding {
    finding(
        at,
        "",
        &format!("{at}: {vi}. Mở tệp bằng Excel, lưu thành một tệp .xlsx mới rồi gửi lại."),
        &format!("{at}: {en}. Open the file in Excel, save it as a new .xlsx file and send it again."),
    )
}

/// That two parts have one name, so that two programs would read two workbooks.
pub(super) fn part_twice(part: &str) -> Finding {
    finding(
        part,
        "",
        &format!(
            "Phần “{part}” có hai lần trong tệp, không rõ phần nào đúng. Mở tệp bằng Excel, lưu thành một tệp .xlsx mới rồi gửi lại."
        ),
        &format!(
            "The part “{part}” is in the file twice, and nobody can say which one is meant. Open it in Excel, save it as a new .xlsx file and send it again."
        ),
    )
}

/// That a part has a document type.
pub(super) fn document_type(part: &str) -> Finding {
    finding(
        part,
        "",
        &format!(
            "Phần “{part}” có khai báo DOCTYPE, điều mà không tệp Excel nào có: tệp không được đọc. Chép báo cáo sang một tệp mới do Excel lưu rồi gửi lại."
        ),
        &format!(
            "The part “{part}” has a DOCTYPE, which no workbook has: the file is not read. Copy the report into a new file saved by Excel and send that."
        ),
    )
}

/// That the file has a password.
pub(super) fn encrypted() -> Finding {
    finding(
        "",
        "",
        "Tệp có mật khẩu nên không đọc được. Trong Excel: Tệp, Thông tin, Bảo vệ sổ làm việc, Mã hóa bằng mật khẩu, xóa mật khẩu, lưu rồi gửi lại.",
        "The file has a password and cannot be read. In Excel: File, Info, Protect Workbook, Encrypt with Password, clear the password, save and send it again.",
    )
}

/// That the file is something else.
pub(super) fn another(other: Other) -> Finding {
    const SAVE_VI: &str = "Mở bằng Excel, chọn Lưu thành, kiểu “Excel Workbook (*.xlsx)”, rồi gửi tệp đó.";
    const SAVE_EN: &str =
        "Open it in Excel, choose Save As, type “Excel Workbook (*.xlsx)”, and send that file.";
    let (vi, en, (save_vi, save_en)) = match other {
        Other::Empty => (
            "Tệp trống, không có byte nào.",
            "The file is empty, without a single byte.",
            ("Kiểm tra tệp gốc rồi gửi lại.", "Check the original and send it again."),
        ),
        Other::WebPage => (
            "Tệp là trang web (HTML) được đặt tên như tệp Excel.",
            "The file is a web page (HTML) that is called a workbook.",
            (SAVE_VI, SAVE_EN),
        ),
        Other::Xml2003 => (
            "Tệp là “XML Spreadsheet 2003”, kiểu này không được đọc.",
            "The file is an “XML Spreadsheet 2003”, which is not read.",
            (SAVE_VI, SAVE_EN),
        ),
        Other::Xml => {
            ("Tệp là XML, không phải sổ tính.", "The file is XML and no workbook.", (SAVE_VI, SAVE_EN))
        }
        Other::Pdf => (
            "Tệp là PDF.",
            "The file is a PDF.",
            ("Gửi tệp Excel mà PDF này được in ra.", "Send the workbook that it was printed from."),
        ),
        Other::Picture => (
            "Tệp là ảnh.",
            "The file is a picture.",
            ("Gửi chính tệp Excel, không gửi ảnh chụp.", "Send the workbook itself, not a picture of it."),
        ),
        Other::Rtf | Other::Word => (
            "Tệp là văn bản Word.",
            "The file is a document of Word.",
            (
                "Chép bảng sang Excel, lưu thành .xlsx rồi gửi tệp đó.",
                "Copy the table into Excel, save it as .xlsx and send that.",
            ),
        ),
        Other::Slides => (
            "Tệp là bài trình chiếu.",
            "The file is a presentation.",
            (
                "Chép bảng sang Excel, lưu thành .xlsx rồi gửi tệp đó.",
                "Copy the table into Excel, save it as .xlsx and send that.",
            ),
        ),
        Other::OpenDocument => (
            "Tệp là OpenDocument (ODS), kiểu này không được đọc.",
            "The file is OpenDocument (ODS), which is not read.",
            (
                "Trong LibreOffice: Lưu thành, kiểu “Excel 2007-365 (.xlsx)”, rồi gửi tệp đó.",
                "In LibreOffice: Save As, type “Excel 2007-365 (.xlsx)”, and send that file.",
            ),
        ),
        Other::Xlsb => (
            "Tệp là sổ tính nhị phân (XLSB), kiểu này không được đọc.",
            "The file is a binary workbook (XLSB), which is not read.",
            (SAVE_VI, SAVE_EN),
        ),
        Other::Numbers => (
            "Tệp là sổ tính của Apple Numbers.",
            "The file is a workbook of Apple's Numbers.",
            (
                "Trong Numbers: Tệp, Xuất sang, Excel, rồi gửi tệp đó.",
                "In Numbers: File, Export To, Excel, and send that file.",
            ),
        ),
        Other::Packed => (
            "Tệp là tệp nén có sổ tính bên trong.",
            "The file is an archive with a workbook within.",
            (
                "Giải nén rồi gửi chính sổ tính, mỗi lần một tệp.",
                "Unpack it and send the workbook itself, one at a time.",
            ),
        ),
        Other::Archive => (
            "Tệp là tệp nén, không phải sổ tính.",
            "The file is an archive and no workbook.",
            (
                "Giải nén rồi gửi chính sổ tính (.xlsx hoặc .xls).",
                "Unpack it and send the workbook itself (.xlsx or .xls).",
            ),
        ),
        Other::OldExcel => (
            "Tệp là sổ tính của Excel 4 hoặc cũ hơn, kiểu này không được đọc.",
            "The file is a workbook of Excel 4 or older, which is not read.",
            (SAVE_VI, SAVE_EN),
        ),
        Other::Unknown => (
            "Tệp không phải sổ tính .xlsx hay .xls.",
            "The file is no workbook, neither .xlsx nor .xls.",
            (SAVE_VI, SAVE_EN),
        ),
    };
    finding("", "", &format!("{vi} {save_vi}"), &format!("{en} {save_en}"))
}

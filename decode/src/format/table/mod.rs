//! Tables that agencies report by: a file becomes a [grid](crate::grid) of sheets, rows and cells.

pub(crate) mod workbook;

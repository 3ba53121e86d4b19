//! What is handed to those who report: the empty workbook of a form, and the JSON Schema of its rows.
//!
//! Both are made of the definition that the [judge](crate::contract) reads by, so that what was filled in as it is meant to
//! be is taken. What stands where is decided first ([`layout`]), without a file in mind; [`workbook`] writes it.
//!
//! * A workbook says no number that nobody said. Programs that write workbooks store 0 as the result of every formula, and
//!   whoever reads without working them out again sees it; here a formula has an empty text for its result, which is "not
//!   filled in", until a spreadsheet works it out.
//! * Codes and periods are in cells of text, so that `01` stays `01` and `2026-10` no day in October.
//! * Per cent is a plain number, 82.5. In a cell with a format of per cent 82.5 means 82.5 % where a person types it and
//!   8,250 % where a program writes it.
//! * Nothing is hidden: what is chosen from, and the example, stand on sheets of their own that have no table of the
//!   form's.

mod cells;
mod guide;
mod input;
mod layout;
mod rows;
mod schema;
mod scope;
mod sums;
#[cfg(test)]
mod tests;
mod workbook;

use ioc_model::text::Text;

pub(crate) use self::workbook::OWN_SHEETS;
pub use self::{
    cells::{Holds, Slot},
    guide::GuideRow,
    input::{Accepts, Input, List, NumberInput},
    layout::{Line, LineLook, Template, TemplateColumn},
    schema::schema,
    scope::Wanted,
    workbook::workbook,
};

/// Why there is no template, for whoever asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct NoTemplate(pub Text);

//! SDMX: observations that name their indicator, place and period themselves, as CSV ([`csv`]) or JSON ([`json`]).
//!
//! Which dimension is which, and what the form's units are in `UNIT_MEASURE` and powers of ten, the form says
//! ([`Sdmx`](ioc_model::form::Sdmx)). The scale travels with each observation (`UNIT_MULT`) and agencies change it between
//! months, so that it is never left out of account: where the form says what its unit is, a value without `UNIT_MULT` is an
//! error. So is a column that nobody named, because it may be a dimension, and a part would pass for the whole.
//!
//! A message is one whole, whatever its actions: Information and Append are deprecated and mean Merge, which is also what
//! a message without a word means; under it nothing disappears that is not named. Delete takes back what names all of its
//! dimensions; a key with gaps stands for many cells, which nobody can list before they are gone, and is an error.

mod csv;
mod json;
mod observation;
mod status;
mod structure;
#[cfg(test)]
mod tests;

use ioc_model::form::{Form, Rule};

use self::structure::Structure;
pub(super) use self::{csv::read as read_csv, json::read as read_json};
use crate::said::Wrong;

/// What is done with an observation. Information and Append mean Merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Action {
    /// What is said is added or changed.
    #[default]
    Merge,
    /// And what is not said of the observation is taken back.
    Replace,
    /// The observation is taken back.
    Delete,
}

impl Action {
    /// From its letter in CSV or its word in JSON; Merge where none is said.
    fn from_word(word: &str) -> Option<Action> {
        match word.to_ascii_lowercase().as_str() {
            "" | "i" | "information" | "a" | "append" | "m" | "merge" => Some(Action::Merge),
            "r" | "replace" => Some(Action::Replace),
            "d" | "delete" => Some(Action::Delete),
            _ => None,
        }
    }
}

/// A dimension that is switched off: what the row says is of a level above it.
const SWITCHED_OFF: &str = "~";

/// `TN:NSNN` of `TN:NSNN(1.0)` or of a name behind it.
fn without_version(structure: &str) -> &str {
    let end = structure.find(['(', ' ']).unwrap_or(structure.len());
    structure[..end].trim_end_matches(':')
}

/// The form whose structure a message names.
///
/// # Errors
/// If none of the feed's forms is of it.
fn form_of<'f>(forms: &[&'f Form], structure: &str) -> Result<Structure<'f>, Wrong> {
    let named = without_version(structure);
    let all = || forms.iter().filter_map(|form| Structure::of(form));
    if let Some(found) = all().find(|one| one.sdmx.structure == named) {
        return Ok(found);
    }
    let known: Vec<&str> = all().map(|one| one.sdmx.structure.as_str()).collect();
    let known = known.join(", ");
    Err(Wrong::new(
        Rule::UnknownForm,
        structure,
        format!("Không phải là cấu trúc của một biểu của nguồn này (có: {known})."),
        format!("Not the structure of a form of this feed (there are: {known})."),
    ))
}

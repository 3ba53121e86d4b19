//! `models.toml`: the kinds of devices that stations are, and what such a device sends where it has no value.

use super::{
    document::Document,
    draft::{Draft, is_identifier},
};

/// Every table of the file is a model; its name is the identifier that stations give as `model`.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(mut section) = root.section(id, "{ no_value = [985] }") else { continue };
        draft.say("model", id, &section);
        if !is_identifier(id, '-') {
            section.fault(
                line,
                format!("model '{id}': an identifier is of lower-case letters, digits and '-', at most 64"),
            );
        }
        let no_value = section.optional_numbers("no_value").unwrap_or_default();
        if no_value.is_empty() {
            section.fault(
                line,
                format!("model '{id}': 'no_value' lists the numbers it sends where it has no value"),
            );
        }
        section.finish();
        let _ = draft.models.insert(id.to_owned(), no_value);
    }
}

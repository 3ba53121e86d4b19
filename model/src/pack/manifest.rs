//! `pack.toml`: what the pack is.

use super::{
    SCREENS,
    document::{Document, Section},
    draft::{Draft, is_identifier},
    indices,
};
use crate::calendar::Calendar;

/// Of the pack itself.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    draft.id = root.text("id", "\"tay-ninh\"");
    if !draft.id.is_empty() && !is_identifier(&draft.id, '-') {
        let message = "'id' must be of lower-case letters, digits and '-', at most 64, such as \"tay-ninh\"";
        root.fault(root.line_of("id"), message);
    }
    draft.name = root.both_languages("name");
    draft.timezone = root.text("timezone", "\"Asia/Ho_Chi_Minh\"");
    if !draft.timezone.is_empty()
        && let Err(unknown) = Calendar::of_zone(&draft.timezone)
    {
        root.fault(root.line_of("timezone"), unknown.to_string());
    }
    draft.indices = indices::read(&mut root);
    draft.screens = read_screens(&mut root);
    draft.user_names = read_user_names(&mut root);
    root.finish();
}

/// What becomes of the names of users in events.
fn read_user_names(root: &mut Section<'_>) -> bool {
    let word = root.optional_text("user_names");
    match word.as_deref() {
        None | Some("masked") => false,
        Some("shown") => true,
        Some(_) => {
            root.fault(root.line_of("user_names"), "'user_names' must be \"masked\" or \"shown\"");
            false
        }
    }
}

/// All there are, if none are listed.
fn read_screens(root: &mut Section<'_>) -> Vec<String> {
    let listed = root.texts("screens");
    for (at, (line, screen)) in listed.iter().enumerate() {
        if !SCREENS.contains(&screen.as_str()) {
            root.fault(*line, format!("there is no screen '{screen}' (there are: {})", SCREENS.join(", ")));
        } else if listed[..at].iter().any(|(_, before)| before == screen) {
            root.fault(*line, format!("screen '{screen}' is listed twice"));
        }
    }
    match listed.is_empty() {
        true => SCREENS.map(str::to_owned).to_vec(),
        false => listed.into_iter().map(|(_, screen)| screen).collect(),
    }
}

/// Of an overlay: only what it replays.
pub(super) fn read_overlay(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    draft.replayed = Some(root.both_languages("replayed"));
    root.finish();
}

//! `mappings/*.jq` of a pack, and of its overlays: programs that feeds are read by. What they say is checked by who runs them;
//! here only that they are there, and that some feed names each.

use std::{collections::BTreeMap, sync::Arc};

use super::{FormatName, PackFiles, document::Section, draft::Draft, faults::FaultLog};
use crate::mapping::MappedBy;

const FOLDER: &str = "mappings/";
const ENDING: &str = ".jq";

/// Whether a path below a pack's folder, or an overlay's, is that of a mapping.
pub(super) fn is_mapping(path: &str) -> bool {
    path.strip_prefix(FOLDER)
        .and_then(|name| name.strip_suffix(ENDING))
        .is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// The mappings of a folder, by the name that feeds call them: their file in the pack, and what it holds.
pub(super) fn of_folder(files: &PackFiles, folder: &str) -> BTreeMap<String, (String, Arc<str>)> {
    let own = files.iter().filter_map(|(path, text)| Some((path.strip_prefix(folder)?, path, text)));
    own.filter(|(name, ..)| is_mapping(name))
        .map(|(name, path, text)| (name.to_owned(), (path.clone(), text.as_str().into())))
        .collect()
}

/// Notes those that no feed names: nobody would see what is wrong with them.
pub(super) fn check_used(files: &PackFiles, folder: &str, draft: &Draft, log: &FaultLog) {
    for (name, (path, _)) in of_folder(files, folder) {
        let mut by = draft.feeds.values().filter_map(|feed| feed.contract.mapping.as_ref());
        if !by.any(|mapping| mapping.file == path) {
            log.add(&path, 1, format!("no feed has the mapping '{name}'"));
        }
    }
}

/// The mapping of a feed whose format has one; what another feed says of one is a fault.
pub(super) fn read(
    id: &str,
    section: &mut Section<'_>,
    format: FormatName,
    draft: &Draft,
) -> Option<MappedBy> {
    let is_table = format == FormatName::MappedCsv;
    for key in ["mapping", "header", "separator"] {
        if section.has(key) && !(format.is_mapped() && (is_table || key == "mapping")) {
            let line = section.line_of(key);
            section.ignore(key);
            section.fault(line, format!("{id}: '{}' has no '{key}'", format.word()));
        }
    }
    if !format.is_mapped() {
        return None;
    }
    let name = section.text("mapping", "\"mappings/weather.jq\"");
    let line = section.line_of("mapping");
    let header = !is_table || !section.has("header") || section.flag("header");
    let separator = if is_table { section.optional_text("separator") } else { None };
    let separator = separator.and_then(|text| match text.as_bytes() {
        [byte @ (b',' | b';' | b'\t' | b'|')] => Some(*byte),
        _ => {
            let line = section.line_of("separator");
            section.fault(line, format!("{id}: 'separator' is one of \",\", \";\", \"\\t\", \"|\""));
            None
        }
    });
    let Some((file, text)) = draft.mappings.get(&name) else {
        if !name.is_empty() {
            let known: Vec<&str> = draft.mappings.keys().map(String::as_str).collect();
            let message = match known.is_empty() {
                true => format!(
                    "{id}: there is no file '{name}' beside feeds.toml: mappings are mappings/NAME.jq"
                ),
                false => format!(
                    "{id}: there is no file '{name}' beside feeds.toml (there are: {})",
                    known.join(", ")
                ),
            };
            section.fault(line, message);
        }
        return None;
    };
    Some(MappedBy { file: file.clone(), text: text.clone(), header, separator, events: false })
}

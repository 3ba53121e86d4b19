//! `groups.csv`: what stays comparable of units that are no more, one line a group.

use super::{
    csv_table,
    draft::{Draft, is_identifier},
    faults::FaultLog,
};
use crate::{
    place::{PlaceGroup, PlaceKey, members},
    text::Text,
};

const COLUMNS: [&str; 5] = ["id", "name_vi", "name_en", "of_code", "of_valid_from"];

/// Reads the file, after the places and successions.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, |row| group(row, draft)) else { return };
    for (line, group) in lines {
        let id = group.id.clone();
        if draft.groups.insert(id.clone(), group).is_some() {
            log.add(file, line, format!("group '{id}' is already defined"));
        }
    }
}

fn group(row: &csv_table::Row<'_, { COLUMNS.len() }>, draft: &Draft) -> Option<PlaceGroup> {
    let id = row.field(0);
    if !is_identifier(id, '-') {
        row.fault(format!(
            "group '{id}': an identifier is of lower-case letters, digits and '-', at most 64"
        ));
    }
    let name = Text { vi: row.field(1).to_owned(), en: row.field(2).to_owned() };
    if name.vi.is_empty() || name.en.is_empty() {
        row.fault("name_vi and name_en must not be empty");
    }
    let of = PlaceKey { code: row.field(3).to_owned(), valid_from: row.date(4)? };
    let Some(unit) = draft.places.iter().find(|place| place.key == of) else {
        row.fault(format!("places.csv has no place {} valid from {}", of.code, of.valid_from));
        return None;
    };
    match members(&draft.places, &draft.successions, unit) {
        Ok(members) if members.is_empty() => {
            row.fault(format!("no commune, ward or township lies in place {}", of.code));
            None
        }
        Ok(members) => Some(PlaceGroup { id: id.to_owned(), name, of, members }),
        Err(mixed) => {
            row.fault(mixed.to_string());
            None
        }
    }
}

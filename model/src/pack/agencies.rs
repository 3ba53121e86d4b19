//! `agencies.csv`: who reports or is reported to, beside the authorities of places, which are known by their codes.

use std::collections::BTreeMap;

use super::{
    Pack, csv_table,
    draft::{Draft, is_identifier},
    faults::FaultLog,
};
use crate::{form::Agency, place::Place, text::Text};

/// What an agency is called: one of `agencies.csv` by its identifier, the authority of a place by the place's code and as
/// its newest version is named.
pub(super) fn name_of<'p>(
    agencies: &'p BTreeMap<String, Agency>,
    places: &'p [Place],
    id: &str,
) -> Option<&'p Text> {
    let of_place =
        || places.iter().filter(|place| place.key.code == id).max_by_key(|place| place.key.valid_from);
    agencies.get(id).map(|agency| &agency.name).or_else(|| of_place().map(|place| &place.name))
}

impl Pack {
    /// What an agency is called that the pack knows.
    #[must_use]
    pub fn agency_name(&self, id: &str) -> Option<&Text> {
        name_of(&self.agencies, &self.places, id)
    }
}

const COLUMNS: [&str; 4] = ["id", "name_vi", "name_en", "place"];

pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, |row| agency(row, draft)) else { return };
    for (line, agency) in lines {
        let id = agency.id.clone();
        if draft.agencies.insert(id.clone(), agency).is_some() {
            log.add(file, line, format!("agency '{id}' is already defined"));
        }
    }
}

fn agency(row: &csv_table::Row<'_, { COLUMNS.len() }>, draft: &Draft) -> Option<Agency> {
    let id = row.field(0);
    let is_place = |code: &str| draft.places.iter().any(|place| place.key.code == code);
    if !is_identifier(id, '-') {
        row.fault(format!(
            "agency '{id}': an identifier is of lower-case letters, digits and '-', at most 64"
        ));
    } else if is_place(id) {
        row.fault(format!("agency '{id}' is the code of a place, whose authority needs no line"));
    }
    let name = Text { vi: row.field(1).to_owned(), en: row.field(2).to_owned() };
    if name.vi.is_empty() || name.en.is_empty() {
        row.fault("name_vi and name_en must not be empty");
    }
    let place = row.field(3);
    if !is_place(place) {
        row.fault(format!("place '{place}' is not the code of a place of places.csv"));
    }
    (!id.is_empty()).then(|| Agency { id: id.to_owned(), name, place: place.to_owned() })
}

//! `places.csv`: administrative units of all times, one line a version.

use std::collections::BTreeMap;

use super::{csv_table, draft::Draft, faults::FaultLog};
use crate::{
    place::{Date, Place, PlaceKey, PlaceKind},
    text::Text,
};

const COLUMNS: [&str; 10] =
    ["code", "valid_from", "valid_to", "kind", "name_vi", "name_en", "parent", "area_km2", "lon", "lat"];

/// Reads the file and checks its units against each other.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let Some(lines) = csv_table::read((file, text), &COLUMNS, log, place) else { return };
    check_validity(file, &lines, log);
    check_parents(file, &lines, log);
    draft.places = lines.into_iter().map(|(_, place)| place).collect();
}

type Row<'r> = csv_table::Row<'r, { COLUMNS.len() }>;

/// None if the line has no key, so that nothing can refer to it.
fn place(row: &Row<'_>) -> Option<Place> {
    let kind = match PlaceKind::from_word(row.field(3)) {
        Some(kind) => kind,
        None => {
            let known: Vec<&str> = PlaceKind::ALL.into_iter().map(PlaceKind::word).collect();
            let message =
                format!("kind '{}' is not a kind of place (there are: {})", row.field(3), known.join(", "));
            row.fault(message);
            PlaceKind::Commune
        }
    };
    let valid_from = row.date(1);
    let valid_to = if row.field(2).is_empty() { None } else { row.date(2) };
    if let (Some(from), Some(to)) = (valid_from, valid_to)
        && to < from
    {
        row.fault("valid_to lies before valid_from");
    }
    let name = Text { vi: row.field(4).to_owned(), en: row.field(5).to_owned() };
    if name.vi.is_empty() || name.en.is_empty() {
        row.fault("name_vi and name_en must not be empty");
    }
    let parent = Some(row.field(6)).filter(|code| !code.is_empty()).map(str::to_owned);
    let area_km2 = row.number(7);
    if area_km2.is_some_and(|area| area <= 0.0) {
        row.fault("area_km2 must be greater than 0");
    }
    let point = match (row.number(8), row.number(9)) {
        (Some(lon), Some(lat)) => Some((lon, lat)),
        (None, None) => None,
        _ => {
            row.fault("lon and lat are given together or not at all");
            None
        }
    };
    if point.is_some_and(|point| !is_valid_point(point)) {
        row.fault("lon and lat must lie within ±180 and ±90 degrees");
    }
    let code = read_code(row, kind)?;
    Some(Place {
        key: PlaceKey { code, valid_from: valid_from? },
        valid_to,
        kind,
        name,
        parent,
        area_km2,
        point,
    })
}

fn read_code(row: &Row<'_>, kind: PlaceKind) -> Option<String> {
    let code = row.field(0);
    if kind == PlaceKind::Country {
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            row.fault(format!("code '{code}': a country has the two letters of ISO 3166-1, such as VN"));
        }
        return (!code.is_empty()).then(|| code.to_owned());
    }
    let digits = match kind {
        PlaceKind::Country | PlaceKind::Province => 2,
        PlaceKind::District => 3,
        PlaceKind::Commune | PlaceKind::Ward | PlaceKind::Township => 5,
    };
    if code.len() != digits || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        row.fault(format!("code '{code}': a {} has a code of {digits} digits", kind.word()));
    }
    (!code.is_empty()).then(|| code.to_owned())
}

/// Longitude and latitude, WGS 84.
pub(super) fn is_valid_point((longitude, latitude): (f64, f64)) -> bool {
    longitude.abs() <= 180.0 && latitude.abs() <= 90.0
}

/// Whether two periods of validity, both ends inclusive, share a day.
pub(super) fn periods_overlap(one: (Date, Option<Date>), other: (Date, Option<Date>)) -> bool {
    let starts_in_time = |start: Date, end: Option<Date>| end.is_none_or(|end| start <= end);
    starts_in_time(one.0, other.1) && starts_in_time(other.0, one.1)
}

fn check_validity(file: &str, lines: &[(usize, Place)], log: &FaultLog) {
    let mut by_code: BTreeMap<&str, Vec<&(usize, Place)>> = BTreeMap::new();
    for entry in lines {
        by_code.entry(&entry.1.key.code).or_default().push(entry);
    }
    for (code, versions) in by_code {
        for (index, (line, place)) in versions.iter().enumerate() {
            for (earlier_line, earlier) in &versions[..index] {
                let overlap = periods_overlap(
                    (place.key.valid_from, place.valid_to),
                    (earlier.key.valid_from, earlier.valid_to),
                );
                if overlap {
                    let message = format!("place {code} is valid at the same time as in line {earlier_line}");
                    log.add(file, *line, message);
                }
            }
        }
    }
}

/// A unit's parent is there on its first and on its last day.
fn check_parents(file: &str, lines: &[(usize, Place)], log: &FaultLog) {
    let mut by_code: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for (_, place) in lines {
        by_code.entry(&place.key.code).or_default().push(place);
    }
    for (line, place) in lines {
        let Some(parent) = &place.parent else {
            if !matches!(place.kind, PlaceKind::Country | PlaceKind::Province) {
                log.add(file, *line, format!("place {} needs a parent", place.key.code));
            }
            continue;
        };
        let Some(versions) = by_code.get(parent.as_str()) else {
            log.add(file, *line, format!("parent {parent} is not a place of this file"));
            continue;
        };
        let is_above = |above: PlaceKind| match place.kind {
            PlaceKind::Country | PlaceKind::Province => false,
            PlaceKind::District => above == PlaceKind::Province,
            PlaceKind::Commune | PlaceKind::Ward | PlaceKind::Township => {
                matches!(above, PlaceKind::Province | PlaceKind::District)
            }
        };
        if versions.iter().any(|version| !is_above(version.kind)) {
            log.add(file, *line, format!("a {} cannot lie in place {parent}", place.kind.word()));
        }
        let there_on = |day: Option<Date>| {
            versions.iter().any(|version| match day {
                Some(day) => version.is_there(day),
                None => version.valid_to.is_none(),
            })
        };
        if !there_on(Some(place.key.valid_from)) || !there_on(place.valid_to) {
            log.add(file, *line, format!("parent {parent} is not valid as long as place {}", place.key.code));
        }
    }
}

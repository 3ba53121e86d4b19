//! `places.csv`: administrative units of all times, one line a version.

use std::collections::BTreeMap;

use super::{document::parse_date, draft::Draft, faults::FaultLog};
use crate::{
    place::{Date, Place, PlaceKey, PlaceKind},
    text::Text,
};

const COLUMNS: [&str; 10] =
    ["code", "valid_from", "valid_to", "kind", "name_vi", "name_en", "parent", "area_km2", "lon", "lat"];

/// Reads the file and checks its units against each other.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns: Option<[usize; COLUMNS.len()]> = None;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                log.add(file, as_line(line), format!("not a line of CSV: {error}"));
                return;
            }
        };
        let line = as_line(record.position().map_or(1, csv::Position::line));
        let Some(columns) = columns else {
            match read_header(&record) {
                Ok(found) => columns = Some(found),
                Err(message) => {
                    log.add(file, line, message);
                    return;
                }
            }
            continue;
        };
        if record.len() != COLUMNS.len() {
            let message = format!("the line has {} columns, the header {}", record.len(), COLUMNS.len());
            log.add(file, line, message);
            continue;
        }
        let row = Row { file, line, log, record: &record, columns };
        if let Some(place) = row.place() {
            lines.push((line, place));
        }
    }
    if columns.is_none() {
        log.add(file, 1, format!("the file is empty; its first line is {}", COLUMNS.join(",")));
        return;
    }
    check_validity(file, &lines, log);
    check_parents(file, &lines, log);
    draft.places = lines.into_iter().map(|(_, place)| place).collect();
}

fn as_line(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn read_header(record: &csv::StringRecord) -> Result<[usize; COLUMNS.len()], String> {
    let mut columns = [0; COLUMNS.len()];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        let at = record.iter().position(|found| found.trim() == name);
        *column =
            at.ok_or_else(|| format!("column '{name}' is missing; the first line is {}", COLUMNS.join(",")))?;
    }
    if record.len() != COLUMNS.len() {
        return Err(format!("there are other columns than {}", COLUMNS.join(",")));
    }
    Ok(columns)
}

/// One line, and where to complain about it.
struct Row<'r> {
    file: &'r str,
    line: usize,
    log: &'r FaultLog,
    record: &'r csv::StringRecord,
    columns: [usize; COLUMNS.len()],
}

impl Row<'_> {
    fn field(&self, column: usize) -> &str {
        self.record.get(self.columns[column]).unwrap_or_default().trim()
    }

    fn fault(&self, message: impl Into<String>) {
        self.log.add(self.file, self.line, message);
    }

    /// None if the line has no key, so that nothing can refer to it.
    fn place(&self) -> Option<Place> {
        let kind = match PlaceKind::from_word(self.field(3)) {
            Some(kind) => kind,
            None => {
                let known: Vec<&str> = PlaceKind::ALL.into_iter().map(PlaceKind::word).collect();
                let message = format!(
                    "kind '{}' is not a kind of place (there are: {})",
                    self.field(3),
                    known.join(", ")
                );
                self.fault(message);
                PlaceKind::Commune
            }
        };
        let valid_from = self.date(1);
        let valid_to = if self.field(2).is_empty() { None } else { self.date(2) };
        if let (Some(from), Some(to)) = (valid_from, valid_to)
            && to < from
        {
            self.fault("valid_to lies before valid_from");
        }
        let name = Text { vi: self.field(4).to_owned(), en: self.field(5).to_owned() };
        if name.vi.is_empty() || name.en.is_empty() {
            self.fault("name_vi and name_en must not be empty");
        }
        let parent = Some(self.field(6)).filter(|code| !code.is_empty()).map(str::to_owned);
        let area_km2 = self.number(7);
        if area_km2.is_some_and(|area| area <= 0.0) {
            self.fault("area_km2 must be greater than 0");
        }
        let point = match (self.number(8), self.number(9)) {
            (Some(lon), Some(lat)) => Some((lon, lat)),
            (None, None) => None,
            _ => {
                self.fault("lon and lat are given together or not at all");
                None
            }
        };
        if point.is_some_and(|point| !is_valid_point(point)) {
            self.fault("lon and lat must lie within ±180 and ±90 degrees");
        }
        let code = self.code(kind)?;
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

    fn code(&self, kind: PlaceKind) -> Option<String> {
        let code = self.field(0);
        let digits = match kind {
            PlaceKind::Province => 2,
            PlaceKind::District => 3,
            PlaceKind::Commune | PlaceKind::Ward | PlaceKind::Township => 5,
        };
        if code.len() != digits || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            self.fault(format!("code '{code}': a {} has a code of {digits} digits", kind.word()));
        }
        (!code.is_empty()).then(|| code.to_owned())
    }

    fn date(&self, column: usize) -> Option<Date> {
        let date = parse_date(self.field(column));
        if date.is_none() {
            let message =
                format!("{} '{}' is not a date such as 2025-07-01", COLUMNS[column], self.field(column));
            self.fault(message);
        }
        date
    }

    fn number(&self, column: usize) -> Option<f64> {
        let field = self.field(column);
        if field.is_empty() {
            return None;
        }
        let number = field.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.fault(format!("{} '{field}' is not a number such as 12.5", COLUMNS[column]));
        }
        number
    }
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
            if place.kind != PlaceKind::Province {
                log.add(file, *line, format!("place {} needs a parent", place.key.code));
            }
            continue;
        };
        let Some(versions) = by_code.get(parent.as_str()) else {
            log.add(file, *line, format!("parent {parent} is not a place of this file"));
            continue;
        };
        let is_above = |above: PlaceKind| match place.kind {
            PlaceKind::Province => false,
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
                Some(day) => version.key.valid_from <= day && version.valid_to.is_none_or(|end| day <= end),
                None => version.valid_to.is_none(),
            })
        };
        if !there_on(Some(place.key.valid_from)) || !there_on(place.valid_to) {
            log.add(file, *line, format!("parent {parent} is not valid as long as place {}", place.key.code));
        }
    }
}

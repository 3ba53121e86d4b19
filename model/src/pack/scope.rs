//! Which stations a limit or a rule is about: `kinds` of them, or `stations` by name.

use super::{StationKind, document::Section, draft::Draft};

/// Kinds of stations, and stations by name; of none by name, all of those kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) kinds: Vec<StationKind>,
    pub(super) stations: Vec<String>,
}

impl Scope {
    /// Reads both keys. Where stations are named their kinds may be left out, and are theirs.
    pub(super) fn read(id: &str, section: &mut Section<'_>, draft: &Draft) -> Scope {
        let mut scope = Scope::default();
        for (line, word) in section.texts("kinds") {
            let Some(kind) = StationKind::from_word(&word) else {
                let known: Vec<&str> = StationKind::ALL.into_iter().map(StationKind::word).collect();
                let message =
                    format!("{id}: '{word}' is not a kind of station (there are: {})", known.join(", "));
                section.fault(line, message);
                continue;
            };
            if scope.kinds.contains(&kind) {
                section.fault(line, format!("{id}: kind '{word}' is named twice"));
            } else {
                scope.kinds.push(kind);
            }
        }
        let has_kinds = section.has("kinds");
        for (line, station) in section.texts("stations") {
            let Some(kind) = draft.stations.get(&station).map(|station| station.kind) else {
                section.fault(line, format!("{id}: '{station}' is not a station of the pack"));
                continue;
            };
            if scope.stations.contains(&station) {
                section.fault(line, format!("{id}: station '{station}' is named twice"));
                continue;
            }
            if !scope.kinds.contains(&kind) {
                if has_kinds {
                    let message =
                        format!("{id}: station '{station}' is of kind {}, not one of 'kinds'", kind.word());
                    section.fault(line, message);
                } else {
                    scope.kinds.push(kind);
                }
            }
            scope.stations.push(station);
        }
        if !has_kinds && !section.has("stations") {
            let message =
                format!("{id}: 'kinds' is missing; write kinds = [\"ambient_air\"], or name 'stations'");
            section.fault(section.line, message);
        } else if (has_kinds && scope.kinds.is_empty())
            || (section.has("stations") && scope.stations.is_empty())
        {
            section.fault(section.line, format!("{id}: 'kinds' or 'stations' is there but names none"));
        }
        scope.kinds.sort();
        scope
    }
}

/// Whether a thing for these kinds and stations can be about a station a thing for those is about.
pub(super) fn meet(
    (kinds, stations): (&[StationKind], &[String]),
    (other_kinds, other_stations): (&[StationKind], &[String]),
) -> bool {
    let share_kind = kinds.iter().any(|kind| other_kinds.contains(kind));
    let share_station = stations.is_empty()
        || other_stations.is_empty()
        || stations.iter().any(|station| other_stations.contains(station));
    share_kind && share_station
}

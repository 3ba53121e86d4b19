//! The words of what is reported, on maps.

use super::Words;

/// What reads reported cells on maps and in groups of units.
pub(super) const VIEWS: &[&str] = &[
    "report_on_map",
    "report_on_map_known_at",
    "report_on_todays_map",
    "report_on_todays_map_known_at",
    "report_ratio_on_map",
    "report_ratio_on_map_known_at",
    "report_ratio_on_todays_map",
    "report_ratio_on_todays_map_known_at",
    "report_unit_on_map",
    "report_unit_on_map_known_at",
    "report_unit_on_todays_map",
    "report_unit_on_todays_map_known_at",
    "report_group",
    "report_group_known_at",
];

/// What their columns say.
pub(super) const WORDS: Words = &[
    ("period", "Period as it is written: 2026-10, 2026-Q4, 2026"),
    (
        "place_code",
        "Unit of the map: place_current.code; the unit it was reported of where it is told under none of them",
    ),
    ("place_from", "First day of the validity of that version of it: place_current.valid_from"),
    ("place_kind", "Its tier: district or province"),
    ("indicator_vi", "Name of the indicator, in Vietnamese; empty where the current pack has none"),
    ("indicator_en", "Name of the indicator, in English; empty where the current pack has none"),
    ("unit", "Unit of the numbers: form_indicator_current.unit"),
    (
        "value",
        "What all of its parts add up to, in unit, of ratios the numerator by the denominator; NULL where there is \
         none, see reason",
    ),
    ("numerator", "What is divided, restated, in its own unit; NULL where it is not known"),
    ("denominator", "What it is divided by, restated; NULL where it is not known"),
    (
        "reason",
        "Why there is no value: no_successor, no_predecessor, split_backwards, merged_backwards, own_word, \
         not_additive, part_missing, no_number; empty where there is one",
    ),
    ("estimated", "Whether a part of it is a share of a unit that was split"),
    ("known", "Parts whose number is known"),
    ("expected", "Parts it is made of"),
    ("vintage", "The least final of its parts"),
    ("received_at", "When the newest of its parts reached us"),
    (
        "parts",
        "What was reported that it is made of, or that is told under no unit of the map: of which unit, how much of it, \
         its number, and where its message lies",
    ),
    ("group_id", "Group: place_group_current.id"),
    ("group_vi", "Name of the group, in Vietnamese"),
    ("group_en", "Name of the group, in English"),
    ("dimensions", "Which parts are added up, by their dimensions: age,sex; empty for the whole"),
    ("total", "Sum of what is known, in unit; NULL where nothing is"),
    ("revision", "Newest epoch that made a part of it"),
];

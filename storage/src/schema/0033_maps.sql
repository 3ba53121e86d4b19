-- How what was reported of any unit is read on any map of the pack: restated.sql has the views that read it.

CREATE TABLE IF NOT EXISTS place_conversion {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    map_from Date32 COMMENT 'First day of the map: the units that are there until the next one',
    from_code String COMMENT 'Unit that something was reported of: place.code',
    from_valid_from Date32 COMMENT 'First day of that version of it: place.valid_from',
    from_valid_to Nullable(Date32) COMMENT 'Last day of it; NULL while it lasts',
    to_code String COMMENT 'Unit of the map that holds a share of it: place.code; the unit itself where none does',
    to_valid_from Date32 COMMENT 'First day of that version of it: place.valid_from',
    weight Decimal(10, 9) COMMENT 'Share of it that the unit of the map holds; those of a unit add up to 1. 0 where it has none',
    alone Bool COMMENT 'Whether both are the same people and land, so that also what may not be added up is the same',
    reason LowCardinality(String) COMMENT 'Why it is on no unit of the map: no_successor, no_predecessor, split_backwards, merged_backwards; empty where it is',
    covers Array(Tuple(code String, valid_from Date32)) COMMENT 'Where it is on none: the units of the map that it lies in'
)
ENGINE = {engine}
ORDER BY (pack, map_from, from_code, from_valid_from, to_code, to_valid_from)
SETTINGS {safety}
COMMENT 'What of each administrative unit each unit of each map holds. Read place_conversion_current for those of the current pack';

CREATE TABLE IF NOT EXISTS place_unit {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    map_from Date32 COMMENT 'First day of the map',
    from_code String COMMENT 'Unit that something was reported of: place.code',
    from_valid_from Date32 COMMENT 'First day of that version of it: place.valid_from',
    unit_code String COMMENT 'District or province of the map that it lies in, or that it is itself: place.code',
    unit_valid_from Date32 COMMENT 'First day of that version of it: place.valid_from',
    weight Nullable(Decimal(10, 9)) COMMENT 'How much of it lies there; NULL where some does and nobody knows how much'
)
ENGINE = {engine}
ORDER BY (pack, map_from, from_code, from_valid_from, unit_code, unit_valid_from)
SETTINGS {safety}
COMMENT 'In which districts and provinces of each map each administrative unit lies. Read place_unit_current for those of the current pack';

CREATE TABLE IF NOT EXISTS place_group {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier of the group',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    of_code String COMMENT 'Unit that it is the extent of: place.code',
    of_valid_from Date32 COMMENT 'First day of that version of it: place.valid_from',
    code String COMMENT 'Commune, ward or township that lies in it: place.code',
    valid_from Date32 COMMENT 'First day of that version of it: place.valid_from'
)
ENGINE = {engine}
ORDER BY (pack, id, code, valid_from)
SETTINGS {safety}
COMMENT 'What stays comparable of units that are no more, one row a member of all times. Read place_group_current for those of the current pack'

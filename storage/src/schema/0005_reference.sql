-- What indices, limits and alerts are judged by, as the pack has it: keyed by pack version like the other dimensions.
-- A table named limit would be a keyword of SQL: it is legal_limit.

CREATE TABLE IF NOT EXISTS legal_limit {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; assessment.limit',
    standard String COMMENT 'Regulation or permit, such as QCVN 05:2023/BTNMT',
    indicator LowCardinality(String) COMMENT 'What is limited: indicator.id',
    averaging LowCardinality(String) COMMENT 'Over what a mean is made: hour, eight_hours, day, year',
    low Nullable(Float64) COMMENT 'The mean may not be lower; in the unit of the indicator',
    high Nullable(Float64) COMMENT 'The mean may not be higher; in the unit of the indicator',
    kinds Array(LowCardinality(String)) COMMENT 'Kinds of stations it holds for: station.kind',
    stations Array(String) COMMENT 'Stations it holds for: station.id; empty for all of those kinds. Named ones go before',
    valid_from Date32 COMMENT 'First day in force',
    valid_to Nullable(Date32) COMMENT 'Last day in force; none while it lasts'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'Legal limits of all times. Read legal_limit_current for those of the current pack';

CREATE TABLE IF NOT EXISTS rule {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; alert.rule',
    name_vi String COMMENT 'What it says, in Vietnamese',
    name_en String COMMENT 'The same in English',
    step_vi String COMMENT 'What the duty officer does first, in Vietnamese',
    step_en String COMMENT 'The same in English',
    priority LowCardinality(String) COMMENT 'critical, high, medium, low',
    condition LowCardinality(String) COMMENT 'What it looks at: indicator, index, limit, status',
    measure LowCardinality(String) COMMENT 'indicator.id or index; empty for a status',
    averaging LowCardinality(String) COMMENT 'Over what a mean is made: hour, eight_hours, day, year; empty for a status',
    side LowCardinality(String) COMMENT 'Which side of raise_at raises: above or below; empty for a limit or a status',
    raise_at Nullable(Float64) COMMENT 'Raised beyond this, in the unit of the measure',
    clear_at Nullable(Float64) COMMENT 'Cleared at this or on its other side',
    clear_share Nullable(Float64) COMMENT 'Of a limit: cleared at or below this share of its high',
    statuses Array(LowCardinality(String)) COMMENT 'Of a status: any of these',
    lasting_ms Nullable(Int64) COMMENT 'Of a status: for so long without a break, in milliseconds',
    raise_windows UInt32 COMMENT 'So many windows in a row raise it',
    clear_windows UInt32 COMMENT 'So many windows in a row clear it',
    kinds Array(LowCardinality(String)) COMMENT 'Kinds of stations it watches: station.kind',
    stations Array(String) COMMENT 'Stations it watches: station.id; empty for all of those kinds'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'What raises alerts. Read rule_current for those of the current pack';

CREATE TABLE IF NOT EXISTS index_category {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    `index` LowCardinality(String) COMMENT 'vn_aqi or vn_wqi',
    word LowCardinality(String) COMMENT 'index_value.category',
    position UInt8 COMMENT 'From 0 for the best',
    from_value UInt16 COMMENT 'Lowest whole number of the band',
    to_value UInt16 COMMENT 'Highest whole number of the band',
    name_vi String COMMENT 'Official name',
    name_en String COMMENT 'In English',
    color String COMMENT 'Official colour: #rrggbb',
    formula String COMMENT 'Legal act the index is computed by, and the number of its reading'
)
ENGINE = {engine}
ORDER BY (pack, `index`, position)
SETTINGS {safety}
COMMENT 'Bands of the indices with official names and colours. Read index_category_current for those in effect';

CREATE TABLE IF NOT EXISTS succession {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    from_code String COMMENT 'Unit that ended: place.code',
    from_valid_from Date32 COMMENT 'Unit that ended: place.valid_from',
    to_code String COMMENT 'Unit it came to: place.code',
    to_valid_from Date32 COMMENT 'Unit it came to: place.valid_from',
    split Bool COMMENT 'It came to more than one',
    main Bool COMMENT 'The one most of it came to',
    weight Float64 COMMENT 'Share of it that came to this one; the shares of a unit add up to 1',
    estimated Bool COMMENT 'The weight is an estimate by area, not a count'
)
ENGINE = {engine}
ORDER BY (pack, from_code, from_valid_from, to_code)
SETTINGS {safety}
COMMENT 'Which administrative units became which. Read succession_current for those of the current pack';

CREATE TABLE IF NOT EXISTS holiday {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    date Date32 COMMENT 'Local day',
    worked Bool COMMENT 'Worked although its weekday is not; else not worked although it is',
    name_vi String COMMENT 'What it is, in Vietnamese',
    name_en String COMMENT 'The same in English'
)
ENGINE = {engine}
ORDER BY (pack, date)
SETTINGS {safety}
COMMENT 'Days that are not like their weekday. Read holiday_current for those of the current pack';

CREATE OR REPLACE VIEW legal_limit_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM legal_limit WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Legal limits of all times, as the current pack has them';

CREATE OR REPLACE VIEW rule_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM rule WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What raises alerts, as the current pack has it';

CREATE OR REPLACE VIEW index_category_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM index_category WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Bands of the indices with official names and colours';

CREATE OR REPLACE VIEW succession_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM succession WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Which administrative units became which, as the current pack has it';

CREATE OR REPLACE VIEW holiday_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM holiday WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Days that are not like their weekday, as the current pack has them';

-- The province pack as tables, keyed by pack version: what was valid when a number was made can be asked again.

CREATE TABLE IF NOT EXISTS pack {on_cluster}
(
    version String COMMENT 'Identity of the content',
    id LowCardinality(String) COMMENT 'Short name, such as tay-ninh',
    name_vi String COMMENT 'Province, in Vietnamese',
    name_en String COMMENT 'Province, in English',
    timezone LowCardinality(String) COMMENT 'IANA time zone of hours and days',
    replayed Bool COMMENT 'The feeds replay recorded data',
    published_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it took effect; the latest is current'
)
ENGINE = {engine}
ORDER BY (published_at, version)
SETTINGS {safety}
COMMENT 'Versions of the province pack that were in effect';

CREATE TABLE IF NOT EXISTS place {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    code String COMMENT 'Code of the General Statistics Office; names nothing without valid_from',
    valid_from Date32 COMMENT 'First day of validity',
    valid_to Nullable(Date32) COMMENT 'Last day of validity; none while it lasts',
    kind LowCardinality(String) COMMENT 'province, district, commune, ward, township',
    name_vi String COMMENT 'Name with its kind, in Vietnamese',
    name_en String COMMENT 'Name in English',
    parent String COMMENT 'Code of the unit above, valid at the same time; empty for the top',
    area_km2 Nullable(Float64) COMMENT 'Area in km2, where a source gives one',
    longitude Nullable(Float64) COMMENT 'A point inside, WGS 84',
    latitude Nullable(Float64) COMMENT 'A point inside, WGS 84'
)
ENGINE = {engine}
ORDER BY (pack, code, valid_from)
SETTINGS {safety}
COMMENT 'Administrative units of all times. Read place_current for those of the current pack';

CREATE TABLE IF NOT EXISTS station {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; the subject of observations',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    kind LowCardinality(String) COMMENT 'waste_water, surface_water, ground_water, stack_emission, ambient_air',
    place_code String COMMENT 'Unit it stands in: place.code',
    place_valid_from Date32 COMMENT 'Unit it stands in: place.valid_from',
    longitude Nullable(Float64) COMMENT 'WGS 84',
    latitude Nullable(Float64) COMMENT 'WGS 84',
    valid_from Date32 COMMENT 'First day of validity',
    valid_to Nullable(Date32) COMMENT 'Last day of validity; none while it lasts'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'Places where something is measured. Read station_current for those of the current pack';

CREATE TABLE IF NOT EXISTS station_indicator {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    station String COMMENT 'station.id',
    indicator LowCardinality(String) COMMENT 'indicator.id',
    every_ms Int64 COMMENT 'How often a value is expected, in milliseconds'
)
ENGINE = {engine}
ORDER BY (pack, station, indicator)
SETTINGS {safety}
COMMENT 'What each station measures and how often';

CREATE TABLE IF NOT EXISTS indicator {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier, such as pm25',
    symbol String COMMENT 'How it is written: PM2.5',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    unit String COMMENT 'Unit its values are kept in',
    decimals UInt8 COMMENT 'Decimal places on screen',
    range_low Nullable(Float64) COMMENT 'Values below have quality out_of_range',
    range_high Nullable(Float64) COMMENT 'Values above have quality out_of_range',
    windows Array(LowCardinality(String)) COMMENT 'Which windows are made of it'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'What is measured. Read indicator_current for those of the current pack';

CREATE TABLE IF NOT EXISTS feed {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    owner_vi String COMMENT 'Agency that owes it, in Vietnamese',
    owner_en String COMMENT 'Agency that owes it, in English',
    transport LowCardinality(String) COMMENT 'mqtt, mqtt_broker, files, http',
    format LowCardinality(String) COMMENT 'Form of its bytes: json_observation, station_txt',
    silent_after_ms Int64 COMMENT 'No envelope for so long means it is silent, in milliseconds',
    max_bytes UInt64 COMMENT 'Larger envelopes are withheld and rejected',
    max_future_ms Int64 COMMENT 'Event times further ahead are rejected, in milliseconds',
    max_age_ms Int64 COMMENT 'Event times further behind are rejected, in milliseconds',
    lateness_ms Int64 COMMENT 'The watermark is the highest event time less this, in milliseconds',
    patience_ms Int64 COMMENT 'A window closes incomplete this long after its end, in milliseconds'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'Configured sources and their contracts. Read feed_current for those of the current pack';

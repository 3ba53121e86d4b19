-- The figures of the overview, as the dataflow judged them: what a board said at any moment.

CREATE TABLE IF NOT EXISTS figure {on_cluster}
(
    figure Enum8('aqi' = 0, 'pm25' = 1, 'alerts' = 2, 'exceeded' = 3, 'stations' = 4, 'completeness' = 5, 'slowest' = 6, 'balance' = 7)
        COMMENT 'Which: highest hourly VN_AQI, worst day of PM2.5, open alerts, hours over a limit, stations that send, completeness, slowest feed, what is nowhere' CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'Recorded clock it was worked out at' CODEC(DoubleDelta, ZSTD(1)),
    start_time DateTime64(3, 'UTC') COMMENT 'First moment of what it is of' CODEC(DoubleDelta, ZSTD(1)),
    end_time DateTime64(3, 'UTC') COMMENT 'First moment behind what it is of; start_time where it is of a moment' CODEC(DoubleDelta, ZSTD(1)),
    value Nullable(Float64) COMMENT 'Its number: an index, µg/m³, alerts, hours of stations, stations, percent, milliseconds of silence, envelopes and rows; none where reason says why' CODEC(Gorilla, ZSTD(1)),
    of Nullable(Float64) COMMENT 'The number beside it: stations there are, alerts nobody took on' CODEC(ZSTD(1)),
    target Nullable(Float64) COMMENT 'What it should keep, in the unit of value' CODEC(ZSTD(1)),
    verdict Enum8('kept' = 0, 'near' = 1, 'missed' = 2, 'withheld' = 3)
        COMMENT 'How it stands to its target; withheld where what there is, is too little or too old to say' CODEC(ZSTD(1)),
    reason LowCardinality(String) COMMENT 'Why: on_target, near_target, beyond, unacknowledged, taken, silent, not_all, insufficient, stale, never, nothing, no_particulates, too_few_groups, no_data',
    priority LowCardinality(String) COMMENT 'How urgent it is: critical, high, medium, low; empty where there is nothing to act on',
    freshness Enum8('fresh' = 0, 'late' = 1, 'stale' = 2, 'missing' = 3, 'never' = 4)
        COMMENT 'How its age spoke against it when it was worked out' CODEC(ZSTD(1)),
    late_from Nullable(DateTime64(3, 'UTC')) COMMENT 'From when on it is late if nothing newer comes' CODEC(ZSTD(1)),
    stale_from Nullable(DateTime64(3, 'UTC')) COMMENT 'From when on it is stale if nothing newer comes: its verdict is withheld then' CODEC(ZSTD(1)),
    count UInt64 COMMENT 'How many of those it is made of count: stations, hours, good points, feeds, envelopes' CODEC(T64, ZSTD(1)),
    expected UInt64 COMMENT 'How many could' CODEC(T64, ZSTD(1)),
    parts Nested
    (
        word LowCardinality(String),
        count UInt64
    ) COMMENT 'How those stand that it is made of: stations by standing, alerts by priority, feeds, envelopes and rows' CODEC(ZSTD(1)),
    inputs Nested
    (
        kind LowCardinality(String),
        subject LowCardinality(String),
        measure LowCardinality(String),
        start_time DateTime64(3, 'UTC'),
        number UInt32,
        value Nullable(Float64),
        word LowCardinality(String)
    ) COMMENT 'What it was made of, what decides it first, 24 at most: an index, assessment, window, alert, station, series or feed by its key' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it; also its revision' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(at)
ORDER BY (figure, at, epoch)
SETTINGS {safety}
COMMENT 'The figures of the overview, once a minute and when alerts or stations change. Read figure_current for how they are now, figure_known_at(known_at = …) for what was said at a moment'

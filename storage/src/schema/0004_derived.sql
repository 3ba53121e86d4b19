-- What the dataflow derives from means: indices, judgements by legal limits, states of stations, alerts, and the
-- operators' actions on them. Like all facts they carry the generation, epoch and chunk that stored them; the
-- `_current` views at the end show committed epochs, one row a thing.

CREATE TABLE IF NOT EXISTS index_value {on_cluster}
(
    `index` LowCardinality(String) COMMENT 'Which index: vn_aqi, vn_wqi',
    subject LowCardinality(String) COMMENT 'Station: station.id',
    kind Enum8('minute' = 0, 'hour' = 1, 'day' = 2) COMMENT 'Of an hour or a day, local ones' CODEC(ZSTD(1)),
    start_time DateTime64(3, 'UTC') COMMENT 'Its first moment' CODEC(DoubleDelta, ZSTD(1)),
    end_time DateTime64(3, 'UTC') COMMENT 'The first moment behind it' CODEC(DoubleDelta, ZSTD(1)),
    value Nullable(Float64) COMMENT 'The index as published, a whole number; none where no_value_reason says why' CODEC(Gorilla, ZSTD(1)),
    category LowCardinality(String) COMMENT 'Official band as a stable word: index_category.word; empty without a value',
    no_value_reason LowCardinality(String) COMMENT 'Why there is none: no_particulates, too_few_groups, no_data; empty with a value',
    dominant LowCardinality(String) COMMENT 'Indicator that decides; empty where none does',
    formula LowCardinality(String) COMMENT 'Legal act it is computed by, and the version of our reading of it',
    parts Nested
    (
        indicator LowCardinality(String),
        input Float64,
        sub_index Float64
    ) COMMENT 'What went in: indicator or group, its mean, NowCast or maximum, its sub-index' CODEC(ZSTD(1)),
    closed_by Enum8('watermark' = 0, 'patience' = 1, 'revision' = 2)
        COMMENT 'What made this result: data passed its end, waiting ended, or a later row revised it' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it; also its revision' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(start_time)
ORDER BY (`index`, kind, subject, start_time, epoch)
SETTINGS {safety}
COMMENT 'Every result of every index, revisions included. Read index_current for one row an index, station and window';

CREATE TABLE IF NOT EXISTS assessment {on_cluster}
(
    `limit` LowCardinality(String) COMMENT 'Limit in force on the first local day of the window: legal_limit.id',
    indicator LowCardinality(String) COMMENT 'What is limited: indicator.id',
    subject LowCardinality(String) COMMENT 'Station: station.id',
    averaging Enum8('hour' = 0, 'eight_hours' = 1, 'day' = 2, 'year' = 3)
        COMMENT 'Over what the value is averaged; eight hours begin with each hour, a year is to date' CODEC(ZSTD(1)),
    start_time DateTime64(3, 'UTC') COMMENT 'Its first moment' CODEC(DoubleDelta, ZSTD(1)),
    end_time DateTime64(3, 'UTC') COMMENT 'The first moment behind it' CODEC(DoubleDelta, ZSTD(1)),
    value Nullable(Float64) COMMENT 'The mean of what is there, in the unit of the indicator; none of nothing' CODEC(Gorilla, ZSTD(1)),
    low Nullable(Float64) COMMENT 'The mean may not be lower' CODEC(ZSTD(1)),
    high Nullable(Float64) COMMENT 'The mean may not be higher' CODEC(ZSTD(1)),
    verdict Enum8('kept' = 0, 'exceeded' = 1, 'insufficient' = 2)
        COMMENT 'How the mean stands to the limit; insufficient below three quarters of what was expected' CODEC(ZSTD(1)),
    count UInt32 COMMENT 'What went in: points of an hour or day, hours of eight, days of a year' CODEC(T64, ZSTD(1)),
    expected UInt32 COMMENT 'What was expected; 0 where that is not known' CODEC(T64, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it; also its revision' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(start_time)
ORDER BY (averaging, indicator, subject, start_time, epoch)
SETTINGS {safety}
COMMENT 'Every mean held against its legal limit, revisions included. Read assessment_current for one row a mean';

CREATE TABLE IF NOT EXISTS station_state {on_cluster}
(
    subject LowCardinality(String) COMMENT 'Station: station.id',
    status Enum8('good' = 0, 'late' = 1, 'calibrating' = 2, 'error' = 3, 'silent' = 4)
        COMMENT 'How it is from then on; the worst that holds' CODEC(ZSTD(1)),
    since DateTime64(3, 'UTC') COMMENT 'Recorded clock when that was found' CODEC(DoubleDelta, ZSTD(1)),
    last_event_time Nullable(DateTime64(3, 'UTC')) COMMENT 'Newest event time of any of its indicators then; none before the first' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(since)
ORDER BY (subject, since, epoch)
SETTINGS {safety}
COMMENT 'Every change of the state of a station. Read station_state_current for how it is now';

CREATE TABLE IF NOT EXISTS alert {on_cluster}
(
    rule LowCardinality(String) COMMENT 'Rule that raised it: rule.id',
    subject LowCardinality(String) COMMENT 'Station: station.id',
    number UInt32 COMMENT 'Counts up for each rule and station, from 1' CODEC(T64, ZSTD(1)),
    change Enum8('raised' = 0, 'recurred' = 1, 'cleared' = 2, 'acknowledged' = 3) COMMENT 'What happened to it' CODEC(ZSTD(1)),
    priority Enum8('critical' = 0, 'high' = 1, 'medium' = 2, 'low' = 3) COMMENT 'As the rule had it then' CODEC(ZSTD(1)),
    active Bool COMMENT 'Whether its condition holds, after the change' CODEC(ZSTD(1)),
    acknowledged Bool COMMENT 'Whether somebody took it on, after the change' CODEC(ZSTD(1)),
    occurrences UInt32 COMMENT 'How often it became active' CODEC(T64, ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'Recorded clock of the change' CODEC(DoubleDelta, ZSTD(1)),
    measure LowCardinality(String) COMMENT 'What made it so: indicator, index or status; empty for an acknowledgement',
    averaging LowCardinality(String) COMMENT 'Over what the measure is averaged: hour, eight_hours, day, year; empty without a mean',
    window_start Nullable(DateTime64(3, 'UTC')) COMMENT 'First moment of the window, or since when the status holds; none for an acknowledgement' CODEC(ZSTD(1)),
    window_end Nullable(DateTime64(3, 'UTC')) COMMENT 'The first moment behind the window, or when the status had lasted long enough' CODEC(ZSTD(1)),
    value Nullable(Float64) COMMENT 'The value, in the unit of the measure; none for a status' CODEC(ZSTD(1)),
    threshold Nullable(Float64) COMMENT 'What it was held against; none for a status' CODEC(ZSTD(1)),
    status LowCardinality(String) COMMENT 'State of the station, where that is the measure; else empty',
    user String COMMENT 'Who acknowledged; empty where nobody did' CODEC(ZSTD(3)),
    note String COMMENT 'In their words' CODEC(ZSTD(3)),
    seq UInt32 COMMENT 'Position among the changes of its epoch, which are in order' CODEC(T64, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(at)
ORDER BY (rule, subject, number, epoch, seq)
SETTINGS {safety}
COMMENT 'Everything that happened to every alert. Read alert_current for one row an alert';

CREATE TABLE IF NOT EXISTS action {on_cluster}
(
    rule LowCardinality(String) COMMENT 'Alert it is about: alert.rule',
    subject LowCardinality(String) COMMENT 'Alert it is about: alert.subject',
    number UInt32 COMMENT 'Alert it is about: alert.number' CODEC(T64, ZSTD(1)),
    user String COMMENT 'Who acted, as they say' CODEC(ZSTD(3)),
    note String COMMENT 'In their words; may be empty' CODEC(ZSTD(3)),
    effective Bool COMMENT 'Whether it changed the alert: the first acknowledgement does' CODEC(ZSTD(1)),
    feed LowCardinality(String) COMMENT 'Feed it came by: operator',
    received_at DateTime64(3, 'UTC') COMMENT 'When its envelope reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its envelope lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the envelope in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row inside the envelope, from 0' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(received_at)
ORDER BY (rule, subject, number, received_at, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'Everything operators did, those actions included that changed nothing. Read action_current for those of committed epochs';

ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS indices UInt64 COMMENT 'Rows it stored in index_value' CODEC(T64, ZSTD(1)) AFTER rejects,
    ADD COLUMN IF NOT EXISTS assessments UInt64 COMMENT 'Rows it stored in assessment' CODEC(T64, ZSTD(1)) AFTER indices,
    ADD COLUMN IF NOT EXISTS states UInt64 COMMENT 'Rows it stored in station_state' CODEC(T64, ZSTD(1)) AFTER assessments,
    ADD COLUMN IF NOT EXISTS alerts UInt64 COMMENT 'Rows it stored in alert' CODEC(T64, ZSTD(1)) AFTER states,
    ADD COLUMN IF NOT EXISTS actions UInt64 COMMENT 'Rows it stored in action' CODEC(T64, ZSTD(1)) AFTER alerts;

CREATE OR REPLACE VIEW index_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    i.`index` AS `index`,
    i.subject AS subject,
    i.kind AS kind,
    i.start_time AS start_time,
    i.end_time AS end_time,
    i.value AS value,
    i.category AS category,
    i.no_value_reason AS no_value_reason,
    i.dominant AS dominant,
    i.formula AS formula,
    i.parts.indicator AS `parts.indicator`,
    i.parts.input AS `parts.input`,
    i.parts.sub_index AS `parts.sub_index`,
    i.closed_by AS closed_by,
    i.generation AS generation,
    i.epoch AS revision
FROM index_value AS i
WHERE mapContains(last_epochs, i.generation) AND i.epoch <= last_epochs[i.generation]
ORDER BY i.`index`, i.kind, i.subject, i.start_time, i.generation DESC, i.epoch DESC
LIMIT 1 BY i.`index`, i.kind, i.subject, i.start_time
COMMENT 'The current result of every index, station, hour and day';

-- A mean is judged by one limit. The limit is not part of the key: where another pack moved a limit, the newest
-- judgement stands and the one by the limit that was replaced is history.
CREATE OR REPLACE VIEW assessment_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    a.`limit` AS `limit`,
    a.indicator AS indicator,
    a.subject AS subject,
    a.averaging AS averaging,
    a.start_time AS start_time,
    a.end_time AS end_time,
    a.value AS value,
    a.low AS low,
    a.high AS high,
    a.verdict AS verdict,
    a.count AS count,
    a.expected AS expected,
    a.generation AS generation,
    a.epoch AS revision
FROM assessment AS a
WHERE mapContains(last_epochs, a.generation) AND a.epoch <= last_epochs[a.generation]
ORDER BY a.averaging, a.indicator, a.subject, a.start_time, a.generation DESC, a.epoch DESC
LIMIT 1 BY a.averaging, a.indicator, a.subject, a.start_time
COMMENT 'The current judgement of every mean that has a legal limit';

CREATE OR REPLACE VIEW station_state_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    s.subject AS subject,
    s.status AS status,
    s.since AS since,
    s.last_event_time AS last_event_time,
    s.generation AS generation,
    s.epoch AS revision
FROM station_state AS s
WHERE mapContains(last_epochs, s.generation) AND s.epoch <= last_epochs[s.generation]
ORDER BY s.subject, s.generation DESC, s.epoch DESC, s.since DESC
LIMIT 1 BY s.subject
COMMENT 'How every station is: its last change';

CREATE OR REPLACE VIEW action_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    a.rule AS rule,
    a.subject AS subject,
    a.number AS number,
    a.user AS user,
    a.note AS note,
    a.effective AS effective,
    a.feed AS feed,
    a.received_at AS received_at,
    a.log AS log,
    a.partition AS partition,
    a.offset AS offset,
    a.row AS row,
    a.generation AS generation,
    a.epoch AS revision
FROM action AS a
WHERE mapContains(last_epochs, a.generation) AND a.epoch <= last_epochs[a.generation]
COMMENT 'Actions of operators of committed epochs'

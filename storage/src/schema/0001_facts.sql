-- What the dataflow makes. Every row carries the generation, epoch and block chunk that stored it; readers trust
-- only epochs at or below the last committed one, so read the views unless you know why not.

CREATE TABLE IF NOT EXISTS observation {on_cluster}
(
    indicator LowCardinality(String) COMMENT 'What was measured: indicator.id',
    subject LowCardinality(String) COMMENT 'Where or on what it was measured: station.id',
    event_time DateTime64(3, 'UTC') COMMENT 'When it was so, as the sender says' CODEC(DoubleDelta, ZSTD(1)),
    value Float64 COMMENT 'In the unit of the indicator' CODEC(Gorilla, ZSTD(1)),
    quality Enum8('good' = 0, 'calibrating' = 1, 'device_error' = 2, 'out_of_range' = 3, 'suspect' = 4)
        COMMENT 'Worth of the value; only good values enter windows' CODEC(ZSTD(1)),
    feed LowCardinality(String) COMMENT 'Configured source it came by: feed.id',
    received_at DateTime64(3, 'UTC') COMMENT 'When its envelope reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its envelope lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the envelope in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row inside the envelope, from 0' CODEC(Delta, ZSTD(1)),
    standing Enum8('first' = 0, 'correction' = 1, 'history' = 2)
        COMMENT 'How it stood to earlier rows of its key when it was stored' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it; an intended replay is a new one' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1,
    INDEX offset_range offset TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(event_time)
ORDER BY (indicator, subject, event_time, received_at)
SETTINGS {safety}
COMMENT 'Every accepted row that was not a duplicate: first values, corrections and history. Read observation_current for one row a key';

CREATE TABLE IF NOT EXISTS window {on_cluster}
(
    indicator LowCardinality(String) COMMENT 'What was measured: indicator.id',
    subject LowCardinality(String) COMMENT 'Where or on what it was measured: station.id',
    kind Enum8('minute' = 0, 'hour' = 1, 'day' = 2) COMMENT 'Length; hours and days are local ones' CODEC(ZSTD(1)),
    start_time DateTime64(3, 'UTC') COMMENT 'Its first moment' CODEC(DoubleDelta, ZSTD(1)),
    end_time DateTime64(3, 'UTC') COMMENT 'The first moment behind it' CODEC(DoubleDelta, ZSTD(1)),
    count UInt64 COMMENT 'Good values in it' CODEC(T64, ZSTD(1)),
    sum Float64 COMMENT 'Their sum, minute by minute in time order' CODEC(Gorilla, ZSTD(1)),
    min Float64 COMMENT 'The smallest; inf when count is 0' CODEC(Gorilla, ZSTD(1)),
    max Float64 COMMENT 'The largest; -inf when count is 0' CODEC(Gorilla, ZSTD(1)),
    received UInt32 COMMENT 'Points received, of any quality' CODEC(T64, ZSTD(1)),
    expected UInt32 COMMENT 'Points expected by the cadence of the station; 0 where none is known' CODEC(T64, ZSTD(1)),
    closed_by Enum8('watermark' = 0, 'patience' = 1, 'revision' = 2)
        COMMENT 'What made this result: data passed its end, waiting ended, or a later row revised it' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it; also its revision' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(start_time)
ORDER BY (kind, indicator, subject, start_time, epoch)
SETTINGS {safety}
COMMENT 'Every result of every minute, hour and day, revisions included. Read window_current for one row a window';

CREATE TABLE IF NOT EXISTS reject {on_cluster}
(
    feed LowCardinality(String) COMMENT 'Configured source it came by, or unmatched',
    received_at DateTime64(3, 'UTC') COMMENT 'When its envelope reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its envelope lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the envelope in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row inside the envelope, from 0; 0 for a whole envelope' CODEC(Delta, ZSTD(1)),
    whole Bool COMMENT 'The whole envelope was rejected, not a row of it' CODEC(ZSTD(1)),
    address String COMMENT 'Topic, file or path it came by' CODEC(ZSTD(3)),
    reason LowCardinality(String) COMMENT 'Why, as a stable word: malformed, unknown_subject, future_time',
    place String COMMENT 'Where in the envelope; empty for all of it' CODEC(ZSTD(3)),
    message_vi String COMMENT 'What is wrong and what would be right, in Vietnamese' CODEC(ZSTD(3)),
    message_en String COMMENT 'The same in English' CODEC(ZSTD(3)),
    raw String COMMENT 'Its first bytes as they came' CODEC(ZSTD(3)),
    raw_length UInt32 COMMENT 'How many bytes there were' CODEC(ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, feed, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'Envelopes and rows that broke their contract, with reason and a sentence for the sender. Nothing is dropped';

CREATE TABLE IF NOT EXISTS feed_minute {on_cluster}
(
    feed LowCardinality(String) COMMENT 'Configured source: feed.id, or unmatched',
    minute DateTime64(3, 'UTC') COMMENT 'Minute of the wall clock in which the epoch was formed' CODEC(DoubleDelta, ZSTD(1)),
    received UInt64 COMMENT 'Envelopes received' CODEC(T64, ZSTD(1)),
    decoded UInt64 COMMENT 'Envelopes of which at least one row was read' CODEC(T64, ZSTD(1)),
    empty UInt64 COMMENT 'Envelopes that carry nothing by design: heartbeats' CODEC(T64, ZSTD(1)),
    undecodable UInt64 COMMENT 'Envelopes of which no row could be read' CODEC(T64, ZSTD(1)),
    rows UInt64 COMMENT 'Rows read' CODEC(T64, ZSTD(1)),
    stored UInt64 COMMENT 'Rows stored' CODEC(T64, ZSTD(1)),
    duplicate UInt64 COMMENT 'Rows whose key, value and quality were there already' CODEC(T64, ZSTD(1)),
    rejected UInt64 COMMENT 'Rows that broke the contract' CODEC(T64, ZSTD(1)),
    waiting Int64 COMMENT 'Rows that began to wait for their day to be read back, less those that stopped' CODEC(T64, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that counted it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that counted it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(minute)
ORDER BY (feed, minute, epoch)
SETTINGS {safety}
COMMENT 'What became of the envelopes and rows of each feed, by epoch. Add the rows of a minute up';

CREATE TABLE IF NOT EXISTS epoch {on_cluster}
(
    instance UUID COMMENT 'Installation that committed it',
    generation UInt32 COMMENT 'Pass over the input' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Number of the epoch' CODEC(Delta, ZSTD(1)),
    manifest_hash String COMMENT 'SHA-256 of its manifest, hexadecimal' CODEC(ZSTD(1)),
    now DateTime64(3, 'UTC') COMMENT 'Wall clock recorded in its manifest' CODEC(DoubleDelta, ZSTD(1)),
    observations UInt64 COMMENT 'Rows it stored in observation' CODEC(T64, ZSTD(1)),
    windows UInt64 COMMENT 'Rows it stored in window' CODEC(T64, ZSTD(1)),
    rejects UInt64 COMMENT 'Rows it stored in reject' CODEC(T64, ZSTD(1)),
    counts Nested
    (
        feed LowCardinality(String),
        received UInt64,
        decoded UInt64,
        empty UInt64,
        undecodable UInt64,
        rows UInt64,
        stored UInt64,
        duplicate UInt64,
        rejected UInt64,
        waiting Int64,
        last_received_ms Int64
    ) COMMENT 'What became of the envelopes and rows of each feed',
    committed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the commit reached ClickHouse, by its own clock' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = {engine}
PARTITION BY toYYYYMM(now)
ORDER BY (generation, epoch)
SETTINGS {safety}
COMMENT 'Committed epochs: rows of the other tables count only up to the last one here';

CREATE TABLE IF NOT EXISTS log {on_cluster}
(
    id UUID COMMENT 'Identity the log was created with',
    number UInt16 COMMENT 'Small number positions name it by',
    kind LowCardinality(String) COMMENT 'disk or kafka',
    registered_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was registered'
)
ENGINE = {engine}
ORDER BY number
SETTINGS {safety}
COMMENT 'Every log envelopes were ever kept in';

CREATE TABLE IF NOT EXISTS instance {on_cluster}
(
    id UUID COMMENT 'Identity of the installation that owns this database',
    claimed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it took it'
)
ENGINE = {engine}
ORDER BY id
SETTINGS {safety}
COMMENT 'The one installation that writes here';

-- Rows that came long after their moment and would change what was closed and judged wait for an operator's word.

CREATE TABLE IF NOT EXISTS held {on_cluster}
(
    indicator LowCardinality(String) COMMENT 'What is measured: indicator.id',
    subject LowCardinality(String) COMMENT 'Where: station.id',
    event_time DateTime64(3, 'UTC') COMMENT 'When it was so, by its sender' CODEC(Delta, ZSTD(1)),
    value Float64 COMMENT 'In the unit of the indicator' CODEC(ZSTD(1)),
    quality Enum8('good' = 0, 'calibrating' = 1, 'device_error' = 2, 'out_of_range' = 3, 'suspect' = 4) COMMENT 'Worth of the value' CODEC(ZSTD(1)),
    stands Nullable(Float64) COMMENT 'Value in whose place it would be; NULL where its moment has none or where it is no longer held' CODEC(ZSTD(1)),
    feed LowCardinality(String) COMMENT 'Configured source: feed.id',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
    state Enum8('held' = 0, 'accepted' = 1, 'refused' = 2) COMMENT 'held when it came; a second row when an operator accepted or refused it' CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'When its envelope reached us' CODEC(DoubleDelta, ZSTD(1)),
    log UInt16 COMMENT 'Log its envelope lies in: log.number' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'Partition of the log' CODEC(ZSTD(1)),
    offset UInt64 COMMENT 'Offset of the envelope in the partition' CODEC(Delta, ZSTD(1)),
    row UInt32 COMMENT 'Row inside the envelope, from 0' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch that stored it' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1)),
    INDEX offset_range offset TYPE minmax GRANULARITY 1,
    INDEX epoch_range epoch TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(received_at)
ORDER BY (indicator, subject, event_time, log, partition, offset, row, epoch)
SETTINGS {safety}
COMMENT 'Rows that wait for the word of an operator, and once more when they do no longer. Read held_current for those that wait';

CREATE TABLE IF NOT EXISTS decision {on_cluster}
(
    indicator LowCardinality(String) COMMENT 'Indicator it is about: indicator.id',
    subject LowCardinality(String) COMMENT 'Station it is about: station.id',
    day_start DateTime64(3, 'UTC') COMMENT 'First moment of the local day it is about' CODEC(Delta, ZSTD(1)),
    day_end DateTime64(3, 'UTC') COMMENT 'First moment of the next day' CODEC(Delta, ZSTD(1)),
    of_sender LowCardinality(String) COMMENT 'Whose rows it is about',
    accepted Bool COMMENT 'Whether they are meant: accepted ones are rows like any other, refused ones rejects' CODEC(ZSTD(1)),
    user String COMMENT 'Who decided, as they say' CODEC(ZSTD(3)),
    note String COMMENT 'In their words; may be empty' CODEC(ZSTD(3)),
    feed LowCardinality(String) COMMENT 'Feed it came by: operator',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
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
ORDER BY (received_at, log, partition, offset, row)
SETTINGS {safety}
COMMENT 'What operators decided about held rows. Read decision_current for those of committed epochs';

ALTER TABLE feed_minute {on_cluster}
    ADD COLUMN IF NOT EXISTS held Int64 COMMENT 'Rows that began to wait for the word of an operator, less those that stopped' CODEC(T64, ZSTD(1)) AFTER waiting;

ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS counts.held Array(Int64) COMMENT 'What became of the envelopes and rows of each feed' AFTER counts.waiting;

CREATE OR REPLACE VIEW held_current {on_cluster} AS
SELECT
    h.indicator AS indicator,
    h.subject AS subject,
    h.event_time AS event_time,
    any(h.value) AS value,
    any(h.quality) AS quality,
    any(h.stands) AS stands,
    any(h.feed) AS feed,
    any(h.sender) AS sender,
    any(h.received_at) AS received_at,
    h.log AS log,
    h.partition AS partition,
    h.offset AS offset,
    h.row AS row,
    any(h.generation) AS generation,
    max(h.epoch) AS revision
FROM held AS h
WHERE h.epoch <= {committed}
GROUP BY indicator, subject, event_time, log, partition, offset, row
HAVING count() = 1
COMMENT 'Rows that wait for the word of an operator: they would change what was closed and judged long ago';

CREATE OR REPLACE VIEW decision_current {on_cluster} AS
SELECT
    d.indicator AS indicator,
    d.subject AS subject,
    d.day_start AS day_start,
    d.day_end AS day_end,
    d.of_sender AS of_sender,
    d.accepted AS accepted,
    d.user AS user,
    d.note AS note,
    d.feed AS feed,
    d.sender AS sender,
    d.received_at AS received_at,
    d.log AS log,
    d.partition AS partition,
    d.offset AS offset,
    d.row AS row,
    d.generation AS generation,
    d.epoch AS revision
FROM decision AS d
WHERE d.epoch <= {committed}
COMMENT 'What operators decided about held rows, of committed epochs';

CREATE OR REPLACE VIEW feed_balance {on_cluster} AS
SELECT
    generation,
    feed,
    sum(f.received) AS envelopes_received,
    sum(f.decoded) AS envelopes_decoded,
    sum(f.empty) AS envelopes_empty,
    sum(f.undecodable) AS envelopes_undecodable,
    sum(f.rows) AS rows_decoded,
    sum(f.stored) AS rows_stored,
    sum(f.duplicate) AS rows_duplicate,
    sum(f.rejected) AS rows_rejected,
    sum(f.waiting) AS rows_waiting,
    sum(f.held) AS rows_held,
    max(f.last_received_ms) AS last_received_ms,
    toInt64(envelopes_received) - toInt64(envelopes_decoded + envelopes_empty + envelopes_undecodable) AS envelopes_astray,
    toInt64(rows_decoded) - toInt64(rows_stored + rows_duplicate + rows_rejected) - rows_waiting - rows_held AS rows_astray
FROM
(
    SELECT
        generation,
        counts.feed AS feed,
        counts.received AS received,
        counts.decoded AS decoded,
        counts.empty AS empty,
        counts.undecodable AS undecodable,
        counts.rows AS rows,
        counts.stored AS stored,
        counts.duplicate AS duplicate,
        counts.rejected AS rejected,
        counts.waiting AS waiting,
        counts.held AS held,
        counts.last_received_ms AS last_received_ms
    FROM epoch
    ARRAY JOIN counts
) AS f
GROUP BY generation, feed
COMMENT 'Totals of every feed since the beginning; envelopes_astray and rows_astray are 0 as long as nothing is lost or doubled';

CREATE OR REPLACE VIEW feed_by_minute {on_cluster} AS
SELECT
    m.generation AS generation,
    m.feed AS feed,
    m.minute AS minute,
    sum(m.received) AS received,
    sum(m.decoded) AS decoded,
    sum(m.empty) AS empty,
    sum(m.undecodable) AS undecodable,
    sum(m.rows) AS rows,
    sum(m.stored) AS stored,
    sum(m.duplicate) AS duplicate,
    sum(m.rejected) AS rejected,
    sum(m.waiting) AS waiting,
    sum(m.held) AS held
FROM feed_minute AS m
WHERE m.epoch <= {committed}
GROUP BY generation, feed, minute
COMMENT 'What became of the envelopes and rows of each feed, minute by minute';

-- Messages of which something was rejected are read again when their contract is mended.

CREATE TABLE IF NOT EXISTS replay {on_cluster}
(
    of_feed LowCardinality(String) COMMENT 'Feed whose messages are read again: feed.id',
    reason LowCardinality(String) COMMENT 'Only those rejected for it; empty for any',
    received_from DateTime64(3, 'UTC') COMMENT 'Only those that reached us then or later' CODEC(ZSTD(1)),
    received_until DateTime64(3, 'UTC') COMMENT 'and before that' CODEC(ZSTD(1)),
    state Enum8('asked' = 0, 'done' = 1) COMMENT 'asked when it was ordered; a second row when all of it was read' CODEC(ZSTD(1)),
    messages UInt64 COMMENT 'How many messages were read; 0 before it is done' CODEC(ZSTD(1)),
    user String COMMENT 'Who ordered it, as they say' CODEC(ZSTD(3)),
    note String COMMENT 'In their words; may be empty' CODEC(ZSTD(3)),
    feed LowCardinality(String) COMMENT 'Feed the order came by: operator',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
    received_at DateTime64(3, 'UTC') COMMENT 'When the order reached us' CODEC(DoubleDelta, ZSTD(1)),
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
ORDER BY (received_at, log, partition, offset, row, epoch)
SETTINGS {safety}
COMMENT 'What operators ordered to be read again, and once more when it was. Read replay_current for how each stands';

CREATE TABLE IF NOT EXISTS replayed {on_cluster}
(
    reread Enum8('read' = 0, 'unclear' = 1, 'missing' = 2) COMMENT 'read: it gives something else than before, its earlier rejects are said anew or are none any more; unclear: what it gave before cannot be told, nothing changed; missing: neither log nor archive has it' CODEC(ZSTD(1)),
    good UInt32 COMMENT 'Rows that were taken up now and had not been' CODEC(ZSTD(1)),
    before UInt32 COMMENT 'Rows that were rejected before; 1 for the whole of it' CODEC(ZSTD(1)),
    rejected UInt32 COMMENT 'Rows that are rejected now; 1 for the whole of it' CODEC(ZSTD(1)),
    replay_log UInt16 COMMENT 'By which replay: replay.log' CODEC(ZSTD(1)),
    replay_partition UInt16 COMMENT 'replay.partition' CODEC(ZSTD(1)),
    replay_offset UInt64 COMMENT 'replay.offset' CODEC(ZSTD(1)),
    replay_row UInt32 COMMENT 'replay.row' CODEC(ZSTD(1)),
    feed LowCardinality(String) COMMENT 'Configured source: feed.id',
    sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source',
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
ORDER BY (log, partition, offset, epoch)
SETTINGS {safety}
COMMENT 'Messages that were read again and gave something else, or could not be read. Read replayed_current for those of committed epochs';

ALTER TABLE feed_minute {on_cluster}
    ADD COLUMN IF NOT EXISTS envelopes_reread UInt64 COMMENT 'Of those counted undecodable, by then or before, the ones that were read again and are counted anew' CODEC(T64, ZSTD(1)) AFTER datagrams_dropped,
    ADD COLUMN IF NOT EXISTS rows_reread UInt64 COMMENT 'Of the rows counted rejected, by then or before, the ones whose envelope was read again and that are counted anew' CODEC(T64, ZSTD(1)) AFTER envelopes_reread;

ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS counts.envelopes_reread Array(UInt64) COMMENT 'What became of the envelopes and rows of each feed' AFTER counts.datagrams_dropped,
    ADD COLUMN IF NOT EXISTS counts.rows_reread Array(UInt64) COMMENT 'What became of the envelopes and rows of each feed' AFTER counts.envelopes_reread,
    ADD COLUMN IF NOT EXISTS pack LowCardinality(String) COMMENT 'Pack it was decoded and judged with: pack.version; empty in epochs of before that was recorded';

CREATE OR REPLACE VIEW reject_current {on_cluster} AS
SELECT
    r.feed AS feed,
    r.received_at AS received_at,
    r.log AS log,
    r.partition AS partition,
    r.offset AS offset,
    r.row AS row,
    r.whole AS whole,
    r.address AS address,
    r.reason AS reason,
    r.place AS place,
    r.message_vi AS message_vi,
    r.message_en AS message_en,
    r.raw AS raw,
    r.raw_length AS raw_length,
    r.generation AS generation,
    r.sender AS sender,
    r.epoch AS revision,
    multiIf(r.reason IN ('refused', 'unknown_alert'), 'decided', p.last_read > r.epoch, 'replayed', 'open') AS state
FROM reject AS r
LEFT JOIN
(
    SELECT log, partition, offset, max(replayed.epoch) AS last_read
    FROM replayed
    WHERE reread = 'read' AND replayed.epoch <= {committed}
    GROUP BY log, partition, offset
) AS p ON p.log = r.log AND p.partition = r.partition AND p.offset = r.offset
WHERE r.epoch <= {committed}
COMMENT 'Rejected envelopes and rows of committed epochs, and whether they are open or were read again';

CREATE OR REPLACE VIEW feed_balance {on_cluster} AS
SELECT
    generation,
    feed,
    sum(f.received) AS envelopes_received,
    sum(f.decoded) AS envelopes_decoded,
    sum(f.empty) AS envelopes_empty,
    toUInt64(sum(f.undecodable) - sum(f.envelopes_reread)) AS envelopes_undecodable,
    toUInt64(sum(f.rows) - sum(f.rows_reread)) AS rows_decoded,
    sum(f.stored) AS rows_stored,
    sum(f.duplicate) AS rows_duplicate,
    toUInt64(sum(f.rejected) - sum(f.rows_reread)) AS rows_rejected,
    sum(f.waiting) AS rows_waiting,
    sum(f.held) AS rows_held,
    sum(f.datagrams_dropped) AS datagrams_dropped,
    sum(f.envelopes_reread) AS envelopes_reread,
    sum(f.rows_reread) AS rows_reread,
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
        counts.datagrams_dropped AS datagrams_dropped,
        counts.envelopes_reread AS envelopes_reread,
        counts.rows_reread AS rows_reread,
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
    sum(m.held) AS held,
    sum(m.datagrams_dropped) AS datagrams_dropped,
    sum(m.envelopes_reread) AS envelopes_reread,
    sum(m.rows_reread) AS rows_reread
FROM feed_minute AS m
WHERE m.epoch <= {committed}
GROUP BY generation, feed, minute
COMMENT 'What became of the envelopes and rows of each feed, minute by minute'

-- What brokers deleted before it could be read stands beside the identities of counting, by name.

ALTER TABLE feed_minute {on_cluster}
    ADD COLUMN IF NOT EXISTS records_lost UInt64 COMMENT 'Records that a broker deleted before they could be read: of no envelope' CODEC(T64, ZSTD(1)) AFTER datagrams_dropped;

ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS counts.records_lost Array(UInt64) COMMENT 'What became of the envelopes and rows of each feed' AFTER counts.datagrams_dropped;

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
    sum(f.records_lost) AS records_lost,
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
        counts.records_lost AS records_lost,
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
    sum(m.records_lost) AS records_lost,
    sum(m.envelopes_reread) AS envelopes_reread,
    sum(m.rows_reread) AS rows_reread
FROM feed_minute AS m
WHERE m.epoch <= {committed}
GROUP BY generation, feed, minute
COMMENT 'What became of the envelopes and rows of each feed, minute by minute'

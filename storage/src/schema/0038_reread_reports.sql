-- Reports that were taken are read again when their form or mapping is mended: a cell takes the place of what it was, or goes.

ALTER TABLE report_value {on_cluster}
    MODIFY COLUMN standing Enum8('first' = 0, 'correction' = 1, 'history' = 2, 'restored' = 3, 'replaced' = 4, 'gone' = 5)
        COMMENT 'How it stands to what the same agency had said: history arrived earlier than what was known; restored: said before, and said once more since what stood before it or in its place is another; replaced: the same message, as it was read again; gone: the same message, which says nothing of it any more as it was read again' CODEC(ZSTD(1)),
    MODIFY COLUMN row UInt32 COMMENT 'Row of the message, from 0; behind its rows those that it took back by leaving them out, or does not say any more when it is read again' CODEC(Delta, ZSTD(1));

ALTER TABLE replayed {on_cluster}
    MODIFY COLUMN reread Enum8('read' = 0, 'unclear' = 1, 'missing' = 2, 'replaced' = 3) COMMENT 'read: it gives something else than before, its earlier rejects are said anew or are none any more; unclear: what it gave before cannot be told, or it is about something else now, nothing changed; missing: neither log nor archive has it; replaced: rows of it that were stored have another value. A report may have a row of read and one of replaced' CODEC(ZSTD(1));

ALTER TABLE replay {on_cluster}
    MODIFY COLUMN state Enum8('asked' = 0, 'done' = 1) COMMENT 'asked when it was ordered; a second row when all of it was read, or no more could be' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error String COMMENT 'Why not all of it could be read, where it ended so; empty where all was' CODEC(ZSTD(3)) AFTER messages;

CREATE OR REPLACE VIEW replay_current {on_cluster} AS
SELECT
    o.of_feed AS of_feed,
    o.scope AS scope,
    o.reason AS reason,
    o.received_from AS received_from,
    o.received_until AS received_until,
    o.done AS done,
    o.messages AS messages,
    o.error AS error,
    m.messages_changed AS messages_changed,
    m.rows_good AS rows_good,
    m.rows_replaced AS rows_replaced,
    m.rows_before AS rows_before,
    m.rows_rejected AS rows_rejected,
    m.messages_unclear AS messages_unclear,
    m.messages_missing AS messages_missing,
    o.user AS user,
    o.note AS note,
    o.feed AS feed,
    o.sender AS sender,
    o.received_at AS received_at,
    o.log AS log,
    o.partition AS partition,
    o.offset AS offset,
    o.row AS row,
    o.generation AS generation,
    o.revision AS revision
FROM
(
    SELECT
        log, partition, offset, row,
        any(r.of_feed) AS of_feed, any(r.scope) AS scope, any(r.reason) AS reason, any(r.received_from) AS received_from,
        any(r.received_until) AS received_until, max(r.state = 'done') AS done, max(r.messages) AS messages,
        max(r.error) AS error,
        any(r.user) AS user, any(r.note) AS note, any(r.feed) AS feed, any(r.sender) AS sender,
        any(r.received_at) AS received_at, any(r.generation) AS generation, max(r.epoch) AS revision
    FROM replay AS r
    WHERE r.epoch <= {committed}
    GROUP BY log, partition, offset, row
) AS o
LEFT JOIN
(
    SELECT
        replay_log, replay_partition, replay_offset, replay_row,
        uniqExactIf((log, partition, offset), reread IN ('read', 'replaced')) AS messages_changed,
        sumIf(good, reread = 'read') AS rows_good, sumIf(good, reread = 'replaced') AS rows_replaced,
        sumIf(before, reread = 'read') AS rows_before, sumIf(rejected, reread = 'read') AS rows_rejected,
        countIf(reread = 'unclear') AS messages_unclear, countIf(reread = 'missing') AS messages_missing
    FROM replayed
    WHERE replayed.epoch <= {committed}
    GROUP BY replay_log, replay_partition, replay_offset, replay_row
) AS m ON m.replay_log = o.log AND m.replay_partition = o.partition AND m.replay_offset = o.offset AND m.replay_row = o.row
COMMENT 'What operators ordered to be read again, and what came of it'

-- What is stored in a wrong value is read again when its contract or mapping is mended: a row takes the place of what it
-- was. The messages of a feed that arrived in some time are found by the narrow index; parts of before have it soon.

ALTER TABLE observation {on_cluster}
    MODIFY COLUMN standing Enum8('first' = 0, 'correction' = 1, 'history' = 2, 'restored' = 3, 'replaced' = 4)
        COMMENT 'How it stood to earlier rows of its key when it was stored; restored: said before, and current again; replaced: the same row of the same message, stored before in another value, as it was read again',
    ADD INDEX IF NOT EXISTS received_range received_at TYPE minmax GRANULARITY 1;

ALTER TABLE observation {on_cluster} MATERIALIZE INDEX received_range;

ALTER TABLE replay {on_cluster}
    ADD COLUMN IF NOT EXISTS scope Enum8('rejects' = 0, 'stored' = 1) COMMENT 'What is read again: messages of which something is rejected, or those of which something is stored' CODEC(ZSTD(1)) AFTER of_feed;

ALTER TABLE replayed {on_cluster}
    MODIFY COLUMN reread Enum8('read' = 0, 'unclear' = 1, 'missing' = 2, 'replaced' = 3) COMMENT 'read: it gives something else than before, its earlier rejects are said anew or are none any more; unclear: what it gave before cannot be told, or it is about something else now, nothing changed; missing: neither log nor archive has it; replaced: rows of it that were stored have another value' CODEC(ZSTD(1)),
    MODIFY COLUMN good UInt32 COMMENT 'Rows that were taken up now and had not been; of what was replaced, the rows that were' CODEC(ZSTD(1));

CREATE OR REPLACE VIEW replayed_current {on_cluster} AS
SELECT
    p.reread AS reread,
    p.good AS good,
    p.before AS before,
    p.rejected AS rejected,
    p.replay_log AS replay_log,
    p.replay_partition AS replay_partition,
    p.replay_offset AS replay_offset,
    p.replay_row AS replay_row,
    p.feed AS feed,
    p.sender AS sender,
    p.received_at AS received_at,
    p.log AS log,
    p.partition AS partition,
    p.offset AS offset,
    p.row AS row,
    p.generation AS generation,
    p.epoch AS revision
FROM replayed AS p
WHERE p.epoch <= {committed}
COMMENT 'Messages that were read again and gave something else, or could not be read, of committed epochs';

CREATE OR REPLACE VIEW replay_current {on_cluster} AS
SELECT
    o.of_feed AS of_feed,
    o.scope AS scope,
    o.reason AS reason,
    o.received_from AS received_from,
    o.received_until AS received_until,
    o.done AS done,
    o.messages AS messages,
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
        countIf(reread IN ('read', 'replaced')) AS messages_changed, sumIf(good, reread = 'read') AS rows_good,
        sumIf(good, reread = 'replaced') AS rows_replaced,
        sumIf(before, reread = 'read') AS rows_before, sumIf(rejected, reread = 'read') AS rows_rejected,
        countIf(reread = 'unclear') AS messages_unclear, countIf(reread = 'missing') AS messages_missing
    FROM replayed
    WHERE replayed.epoch <= {committed}
    GROUP BY replay_log, replay_partition, replay_offset, replay_row
) AS m ON m.replay_log = o.log AND m.replay_partition = o.partition AND m.replay_offset = o.offset AND m.replay_row = o.row
COMMENT 'What operators ordered to be read again, and what came of it';

-- What is current is what the flow said last (docs/decisions/020-current.md): each row says whether it is its key's last
-- word, `superseded` says which keys were said anew, and `marked` how far that was written into the rows themselves.
--
-- Rows from before are brought to say the same. Everything here can run again: it is worked out from what is stored
-- alone, and words of before are told from the flow's by their generation, which is none of the flow's.

ALTER TABLE observation {on_cluster}
    ADD COLUMN IF NOT EXISTS until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which its key was said anew; the largest number while it is the last word' CODEC(ZSTD(1)) AFTER standing,
    MODIFY COLUMN standing Enum8('first' = 0, 'correction' = 1, 'history' = 2, 'restored' = 3, 'replaced' = 4)
        COMMENT 'How it stood to earlier rows of its key when it was stored; restored: said before, and current again' CODEC(ZSTD(1));

ALTER TABLE window {on_cluster}
    ADD COLUMN IF NOT EXISTS until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which its key was said anew; the largest number while it is the last word' CODEC(ZSTD(1)) AFTER closed_by;

ALTER TABLE index_value {on_cluster}
    ADD COLUMN IF NOT EXISTS until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which its key was said anew; the largest number while it is the last word' CODEC(ZSTD(1)) AFTER closed_by;

ALTER TABLE assessment {on_cluster}
    ADD COLUMN IF NOT EXISTS until UInt64 DEFAULT 18446744073709551615 COMMENT 'Epoch in which its key was said anew; the largest number while it is the last word' CODEC(ZSTD(1)) AFTER expected;

CREATE TABLE IF NOT EXISTS superseded {on_cluster}
(
    fact LowCardinality(String) COMMENT 'Table the key is of: observation, window, index_value, assessment',
    measure LowCardinality(String) COMMENT 'Its indicator or index',
    subject LowCardinality(String) COMMENT 'Its subject',
    kind LowCardinality(String) COMMENT 'Its kind or averaging; empty for an observation',
    time DateTime64(3, 'UTC') COMMENT 'Its event time or start time' CODEC(Delta, ZSTD(1)),
    generation UInt32 COMMENT 'Pass over the input that stored it; the largest number where a migration found it' CODEC(ZSTD(1)),
    epoch UInt64 COMMENT 'Epoch in which the key was said anew' CODEC(Delta, ZSTD(1)),
    chunk UInt16 COMMENT 'Block of the epoch and month that held it' CODEC(ZSTD(1))
)
ENGINE = {engine}
PARTITION BY toYYYYMM(time)
ORDER BY (fact, epoch, kind, measure, subject, time)
SETTINGS {safety}
COMMENT 'Keys that were said anew: what was stored of them before that epoch is not current any more';

CREATE TABLE IF NOT EXISTS marked {on_cluster}
(
    fact LowCardinality(String) COMMENT 'Table whose rows were marked: observation, window, index_value, assessment',
    upto UInt64 COMMENT 'Everything superseded up to this epoch is in the until of its rows',
    at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When that was done, by the clock of ClickHouse'
)
ENGINE = {engine}
ORDER BY (fact, upto)
SETTINGS {safety}
COMMENT 'How far what was superseded was written into the rows themselves, which is quicker to read';

ALTER TABLE superseded {on_cluster} DELETE WHERE generation = 4294967295 SETTINGS mutations_sync = 2;

-- Of a key with several rows: the value of each epoch by the rule of before, which is a function of all rows (decision
-- 3). A row that is the value of no epoch at its end was never to be seen. Where an older row became the value again
-- without being said again, that cannot be told of the time in between: then the key has its last value alone.
CREATE OR REPLACE VIEW said_before {on_cluster} AS
SELECT
    indicator,
    subject,
    event_time,
    arraySort(groupArray((epoch, (received_at, log, partition, offset, row), (reinterpretAsUInt64(value), quality)))) AS rows,
    arraySort(arrayDistinct(rows.1)) AS epochs,
    arrayMap(
        e -> arrayReverseSort(
            r -> r.2,
            arrayFilter(
                r -> r.1 <= e AND NOT arrayExists(o -> o.1 <= e AND o.3 = r.3 AND o.2 < r.2, rows),
                rows
            )
        )[1],
        epochs
    ) AS values,
    arrayExists((v, before, e) -> v != before AND v.1 != e, arrayPopFront(values), arrayPopBack(values), arrayPopFront(epochs)) AS restored,
    arrayFilter(
        r -> r != values[-1] AND (restored OR NOT arrayExists((v, e) -> v = r AND e = r.1, values, epochs)),
        rows
    ) AS unseen,
    if(
        restored,
        [],
        arrayFilter((e, v, before) -> v != before, arrayPopFront(epochs), arrayPopFront(values), arrayPopBack(values))
    ) AS anew
FROM observation
WHERE (indicator, subject, event_time) IN (
    SELECT indicator, subject, event_time FROM observation WHERE standing IN ('correction', 'history')
)
GROUP BY indicator, subject, event_time
COMMENT 'Keys with several rows, as they were judged before the flow said what is current';

CREATE TABLE IF NOT EXISTS never_seen {on_cluster}
(
    id UInt64 COMMENT 'Hash of the row'
)
ENGINE = {engine}
ORDER BY id
COMMENT 'Rows that were the value of their key at the end of no epoch';

ALTER TABLE never_seen {on_cluster} DELETE WHERE 1 SETTINGS mutations_sync = 2;

INSERT INTO never_seen
SELECT cityHash64(indicator, subject, event_time, u.2.2, u.2.3, u.2.4, u.2.5)
FROM said_before
ARRAY JOIN unseen AS u;

ALTER TABLE observation {on_cluster} UPDATE until = epoch
WHERE standing != 'restored' AND cityHash64(indicator, subject, event_time, log, partition, offset, row) IN (SELECT id FROM never_seen)
SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1;

INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'observation', indicator, subject, '', event_time, 4294967295, e, 0
FROM said_before
ARRAY JOIN anew AS e;

INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'window', indicator, subject, toString(kind), start_time, 4294967295, epoch, 0
FROM window
WHERE closed_by = 'revision';

INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'index_value', `index`, subject, toString(kind), start_time, 4294967295, epoch, 0
FROM index_value
WHERE closed_by = 'revision';

INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'assessment', indicator, subject, toString(averaging), start_time, 4294967295, e, 0
FROM
(
    SELECT averaging, indicator, subject, start_time, groupArray(epoch) AS epochs
    FROM assessment
    GROUP BY averaging, indicator, subject, start_time
    HAVING count() > 1
    SETTINGS optimize_aggregation_in_order = 1
)
ARRAY JOIN epochs AS e;

DROP VIEW IF EXISTS said_before {on_cluster};

DROP TABLE IF EXISTS never_seen {on_cluster};

-- What people and boards read: one row a thing, committed epochs only, no FINAL, no knowledge of our keys.

-- The newest generation is read from the end of the table, which costs the same after years; older ones, which only
-- an intended replay leaves behind, are scanned.
CREATE OR REPLACE VIEW committed {on_cluster} AS
SELECT generation, epoch.epoch AS last_epoch, epoch.now AS last_now
FROM epoch
ORDER BY generation DESC, epoch.epoch DESC
LIMIT 1
UNION ALL
SELECT generation, max(epoch.epoch) AS last_epoch, max(epoch.now) AS last_now
FROM epoch
WHERE generation < (SELECT newest.generation FROM epoch AS newest ORDER BY newest.generation DESC LIMIT 1)
GROUP BY generation
COMMENT 'The last committed epoch of each generation';

-- Rows with the same indicator, subject and event time and another value or quality are corrections. A value counts
-- from when it was first known, so a redelivered old value never reverts a correction; the same value may be stored
-- again with an earlier arrival, which makes it older, not newer. Hence two steps: the earliest arrival of each
-- value, then the value whose earliest arrival is the latest. Sorting with LIMIT BY follows the table's own order
-- and lets conditions on indicator, subject and time through to its index; aggregating the same (argMax over tuples)
-- was 70 times slower.
CREATE OR REPLACE VIEW observation_current {on_cluster} AS
SELECT indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset, row, standing
FROM
(
    WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
    SELECT
        indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset, row, standing,
        generation
    FROM observation
    WHERE mapContains(last_epochs, generation) AND epoch <= last_epochs[generation]
    ORDER BY indicator, subject, event_time, received_at, log, partition, offset, row
    LIMIT 1 BY indicator, subject, event_time, value, quality, generation
)
ORDER BY
    indicator, subject, event_time, generation DESC, received_at DESC, log DESC, partition DESC, offset DESC, row DESC
LIMIT 1 BY indicator, subject, event_time
COMMENT 'The current value of every indicator, subject and event time';

CREATE OR REPLACE VIEW window_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    w.indicator AS indicator,
    w.subject AS subject,
    w.kind AS kind,
    w.start_time AS start_time,
    w.end_time AS end_time,
    w.count AS count,
    w.sum AS sum,
    if(w.count = 0, NULL, w.sum / w.count) AS mean,
    if(w.count = 0, NULL, w.min) AS min,
    if(w.count = 0, NULL, w.max) AS max,
    w.received AS received,
    w.expected AS expected,
    w.closed_by AS closed_by,
    w.generation AS generation,
    w.epoch AS revision
FROM window AS w
WHERE mapContains(last_epochs, w.generation) AND w.epoch <= last_epochs[w.generation]
ORDER BY w.kind, w.indicator, w.subject, w.start_time, w.generation DESC, w.epoch DESC
LIMIT 1 BY w.kind, w.indicator, w.subject, w.start_time
COMMENT 'The current result of every minute, hour and day';

CREATE OR REPLACE VIEW reject_current {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
SELECT
    feed, received_at, log, partition, offset, row, whole, address, reason, place, message_vi, message_en, raw,
    raw_length, generation
FROM reject
WHERE mapContains(last_epochs, generation) AND epoch <= last_epochs[generation]
COMMENT 'Rejected envelopes and rows of committed epochs';

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
    max(f.last_received_ms) AS last_received_ms,
    toInt64(envelopes_received) - toInt64(envelopes_decoded + envelopes_empty + envelopes_undecodable) AS envelopes_astray,
    toInt64(rows_decoded) - toInt64(rows_stored + rows_duplicate + rows_rejected) - rows_waiting AS rows_astray
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
        counts.last_received_ms AS last_received_ms
    FROM epoch
    ARRAY JOIN counts
) AS f
GROUP BY generation, feed
COMMENT 'Totals of every feed since the beginning; envelopes_astray and rows_astray are 0 as long as nothing is lost or doubled';

CREATE OR REPLACE VIEW feed_by_minute {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
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
    sum(m.waiting) AS waiting
FROM feed_minute AS m
WHERE mapContains(last_epochs, m.generation) AND m.epoch <= last_epochs[m.generation]
GROUP BY generation, feed, minute
COMMENT 'What became of the envelopes and rows of each feed, minute by minute';

CREATE OR REPLACE VIEW place_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM place WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Administrative units of all times, as the current pack has them';

CREATE OR REPLACE VIEW station_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM station WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Stations as the current pack has them';

CREATE OR REPLACE VIEW station_indicator_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM station_indicator WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What each station measures, as the current pack has it';

CREATE OR REPLACE VIEW indicator_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM indicator WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Indicators as the current pack has them';

CREATE OR REPLACE VIEW feed_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM feed WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Configured sources as the current pack has them';

-- What people and boards read: one row a thing, committed epochs only, no FINAL, no knowledge of our keys.

CREATE OR REPLACE VIEW committed {on_cluster} AS
SELECT generation, max(epoch.epoch) AS last_epoch, max(epoch.now) AS last_now
FROM epoch
GROUP BY generation
COMMENT 'The last committed epoch of each generation';

-- Rows with the same indicator, subject and event time and another value or quality are corrections. A value counts
-- from when it was first known, so a redelivered old value never reverts a correction; the same value may be stored
-- again with an earlier arrival, which makes it older, not newer. Hence two levels: the earliest arrival of each
-- value, then the value whose earliest arrival is the latest.
CREATE OR REPLACE VIEW observation_current {on_cluster} AS
SELECT
    indicator,
    subject,
    event_time,
    tupleElement(latest, 1) AS value,
    tupleElement(latest, 2) AS quality,
    tupleElement(latest, 3) AS feed,
    tupleElement(latest, 4) AS received_at,
    tupleElement(latest, 5) AS log,
    tupleElement(latest, 6) AS partition,
    tupleElement(latest, 7) AS offset,
    tupleElement(latest, 8) AS row,
    known AS values_known
FROM
(
    SELECT
        indicator,
        subject,
        event_time,
        argMax(
            (known_value, known_quality, known_feed, arrival.1, arrival.2, arrival.3, arrival.4, arrival.5),
            (known_generation, arrival)
        ) AS latest,
        uniqExact((known_value, known_quality)) AS known
    FROM
    (
        WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
        SELECT
            indicator,
            subject,
            event_time,
            value AS known_value,
            quality AS known_quality,
            generation AS known_generation,
            min((received_at, log, partition, offset, row)) AS arrival,
            argMin(feed, (received_at, log, partition, offset, row)) AS known_feed
        FROM observation
        WHERE mapContains(last_epochs, generation) AND epoch <= last_epochs[generation]
        GROUP BY indicator, subject, event_time, known_value, known_quality, known_generation
    )
    GROUP BY indicator, subject, event_time
)
COMMENT 'The current value of every indicator, subject and event time; values_known above 1 says that it was corrected';

CREATE OR REPLACE VIEW window_current {on_cluster} AS
SELECT
    indicator,
    subject,
    kind,
    start_time,
    tupleElement(latest, 1) AS end_time,
    tupleElement(latest, 2) AS count,
    tupleElement(latest, 3) AS sum,
    if(tupleElement(latest, 2) = 0, NULL, tupleElement(latest, 3) / tupleElement(latest, 2)) AS mean,
    if(tupleElement(latest, 2) = 0, NULL, tupleElement(latest, 4)) AS min,
    if(tupleElement(latest, 2) = 0, NULL, tupleElement(latest, 5)) AS max,
    tupleElement(latest, 6) AS received,
    tupleElement(latest, 7) AS expected,
    tupleElement(latest, 8) AS closed_by,
    tupleElement(latest, 9) AS generation,
    tupleElement(latest, 10) AS revision,
    results
FROM
(
    WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) AS last_epochs
    SELECT
        indicator,
        subject,
        kind,
        start_time,
        argMax(
            (w.end_time, w.count, w.sum, w.min, w.max, w.received, w.expected, w.closed_by, w.generation, w.epoch),
            (w.generation, w.epoch)
        ) AS latest,
        count() AS results
    FROM window AS w
    WHERE mapContains(last_epochs, w.generation) AND w.epoch <= last_epochs[w.generation]
    GROUP BY indicator, subject, kind, start_time
)
COMMENT 'The current result of every minute, hour and day; results above 1 says that it was revised';

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
        counts.waiting AS waiting
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

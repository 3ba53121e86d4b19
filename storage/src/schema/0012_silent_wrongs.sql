-- An hour that one value of a device out of its mind makes is marked.

ALTER TABLE window {on_cluster}
    ADD COLUMN IF NOT EXISTS spiked Bool DEFAULT false COMMENT 'Whether one value alone makes it many times what the others say: spike of the indicator in the pack' CODEC(ZSTD(1)) AFTER closed_by;

-- Who rewrites what was closed and judged long ago: a clock that slipped by a year does, day after day.
CREATE OR REPLACE VIEW late_correction {on_cluster} AS
SELECT
    toStartOfDay(o.received_at, 'UTC') AS received_day,
    o.feed AS feed,
    o.sender AS sender,
    count() AS rows,
    uniqExact(o.subject) AS subjects,
    min(o.event_time) AS oldest,
    max(o.event_time) AS newest
FROM observation AS o
WHERE o.standing = 'correction' AND o.epoch <= {committed} AND o.received_at > o.event_time + INTERVAL {late_correction_days} DAY
GROUP BY received_day, feed, sender
ORDER BY received_day, feed, sender
COMMENT 'Corrections of values that were more than {late_correction_days} days old, by the day they came (UTC) and who sent them';

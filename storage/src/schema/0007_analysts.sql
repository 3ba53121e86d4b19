-- What analysts start from. The wide views with local times are in local_times.sql, made by the newest migration.

-- Views with a parameter say what was known at a moment of the recorded clock: `known_at` of the last commit at or
-- before it. They are read like functions: air_quality_hourly_known_at(known_at = '2026-03-03 00:00:00').
CREATE OR REPLACE VIEW committed_known_at {on_cluster} AS
SELECT generation, epoch.epoch AS last_epoch
FROM epoch
WHERE now <= {known_at:DateTime64(3, 'UTC')}
ORDER BY generation DESC, epoch.epoch DESC
LIMIT 1
UNION ALL
SELECT generation, max(epoch.epoch) AS last_epoch
FROM epoch
WHERE now <= {known_at:DateTime64(3, 'UTC')}
    AND generation < (
        SELECT newest.generation
        FROM epoch AS newest
        WHERE newest.now <= {known_at:DateTime64(3, 'UTC')}
        ORDER BY newest.generation DESC
        LIMIT 1
    )
GROUP BY generation
COMMENT 'The last epoch of each generation that was committed at a moment: committed_known_at(known_at = …)';

CREATE OR REPLACE VIEW window_known_at {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))
    AS last_epochs
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
COMMENT 'The results of windows as they were known at a moment: window_known_at(known_at = …)';

CREATE OR REPLACE VIEW index_known_at {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))
    AS last_epochs
SELECT
    i.`index` AS `index`,
    i.subject AS subject,
    i.kind AS kind,
    i.start_time AS start_time,
    i.end_time AS end_time,
    i.value AS value,
    i.category AS category,
    i.no_value_reason AS no_value_reason,
    i.dominant AS dominant,
    i.formula AS formula,
    i.parts.indicator AS `parts.indicator`,
    i.parts.input AS `parts.input`,
    i.parts.sub_index AS `parts.sub_index`,
    i.closed_by AS closed_by,
    i.generation AS generation,
    i.epoch AS revision
FROM index_value AS i
WHERE mapContains(last_epochs, i.generation) AND i.epoch <= last_epochs[i.generation]
ORDER BY i.`index`, i.kind, i.subject, i.start_time, i.generation DESC, i.epoch DESC
LIMIT 1 BY i.`index`, i.kind, i.subject, i.start_time
COMMENT 'The results of indices as they were known at a moment: index_known_at(known_at = …)';

CREATE OR REPLACE VIEW assessment_known_at {on_cluster} AS
WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))
    AS last_epochs
SELECT
    a.`limit` AS `limit`,
    a.indicator AS indicator,
    a.subject AS subject,
    a.averaging AS averaging,
    a.start_time AS start_time,
    a.end_time AS end_time,
    a.value AS value,
    a.low AS low,
    a.high AS high,
    a.verdict AS verdict,
    a.count AS count,
    a.expected AS expected,
    a.generation AS generation,
    a.epoch AS revision
FROM assessment AS a
WHERE mapContains(last_epochs, a.generation) AND a.epoch <= last_epochs[a.generation]
ORDER BY a.averaging, a.indicator, a.subject, a.start_time, a.generation DESC, a.epoch DESC
LIMIT 1 BY a.averaging, a.indicator, a.subject, a.start_time
COMMENT 'The judgements of means as they were known at a moment: assessment_known_at(known_at = …)';

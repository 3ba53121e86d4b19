-- Rules count events of an address or a user: what an alert is about, the events that raised it, and what such a rule asks.

ALTER TABLE alert {on_cluster}
    ADD COLUMN IF NOT EXISTS about Enum8('station' = 0, 'address' = 1, 'network' = 2, 'user' = 3)
        COMMENT 'What the subject is: a station, or whom events were counted by' CODEC(ZSTD(1)) AFTER number,
    ADD COLUMN IF NOT EXISTS events String
        COMMENT 'Events that raised it, as JSON: what the rule counted then, group (by whom), last (the event that made it enough); empty where it was not they' CODEC(ZSTD(3)) AFTER status,
    COMMENT COLUMN IF EXISTS subject 'What it is about: station.id, or the address, network or user that events were counted by',
    COMMENT COLUMN IF EXISTS number 'Counts up for each rule and station, from 1; of events the minute since 1970 in which it was raised, or the next free one',
    COMMENT COLUMN IF EXISTS measure 'What made it so: indicator, index or status, or what was counted of events: attempts, weight, targets, users; empty for an acknowledgement';

ALTER TABLE rule {on_cluster}
    ADD COLUMN IF NOT EXISTS counted_by LowCardinality(String) COMMENT 'Of events: by whom the measure is counted: from, network, to, user' AFTER lasting_ms,
    ADD COLUMN IF NOT EXISTS event_kinds Array(LowCardinality(String)) COMMENT 'Of events: of these kinds; of any where there are none' AFTER counted_by,
    ADD COLUMN IF NOT EXISTS event_severity LowCardinality(String) COMMENT 'Of events: so bad at least; of any where it is empty' AFTER event_kinds,
    ADD COLUMN IF NOT EXISTS event_category String COMMENT 'Of events: of that category; of any where it is empty' AFTER event_severity,
    ADD COLUMN IF NOT EXISTS event_signature String COMMENT 'Of events: that matched the rule of that name or number; of any where it is empty' AFTER event_category,
    ADD COLUMN IF NOT EXISTS within_ms Nullable(Int64) COMMENT 'Of events: raise_at of the measure within so long a time, in milliseconds' AFTER event_signature,
    ADD COLUMN IF NOT EXISTS clear_after_ms Nullable(Int64) COMMENT 'Of events: over when nothing more happened for so long, in milliseconds' AFTER within_ms,
    COMMENT COLUMN IF EXISTS condition 'What it looks at: indicator, index, limit, status, events',
    COMMENT COLUMN IF EXISTS measure 'indicator.id or index, or what is counted of events; empty for a status';

CREATE OR REPLACE VIEW rule_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM rule WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What raises alerts, as the current pack has it';

-- Flags, occurrences and change are those of the newest row; the evidence is that of the newest row that has any (an
-- acknowledgement has none), user and note those of the acknowledgement.
CREATE OR REPLACE VIEW alert_current {on_cluster} AS
SELECT
    concat(rule, '~', subject, '~', toString(number)) AS id,
    rule,
    subject,
    number,
    about,
    newest.1 AS change,
    newest.2 AS priority,
    newest.3 AS active,
    newest.4 AS acknowledged,
    newest.5 AS occurrences,
    newest.6 AS at,
    raised_at,
    if(active, NULL, cleared.1) AS cleared_at,
    acknowledgement.1 AS acknowledged_at,
    ifNull(acknowledgement.2, '') AS user,
    ifNull(acknowledgement.3, '') AS note,
    evidence.1 AS measure,
    evidence.2 AS averaging,
    evidence.3 AS window_start,
    evidence.4 AS window_end,
    evidence.5 AS value,
    evidence.6 AS threshold,
    evidence.7 AS status,
    evidence.8 AS events,
    generation,
    revision
FROM
(
    SELECT
        a.rule AS rule,
        a.subject AS subject,
        a.number AS number,
        any(a.about) AS about,
        any(a.generation) AS generation,
        argMax(tuple(a.change, a.priority, a.active, a.acknowledged, a.occurrences, a.at), tuple(a.epoch, a.seq)) AS newest,
        min(a.at) AS raised_at,
        argMaxIf(tuple(toNullable(a.at)), tuple(a.epoch, a.seq), a.change = 'cleared') AS cleared,
        argMaxIf(tuple(toNullable(a.at), toNullable(a.user), toNullable(a.note)), tuple(a.epoch, a.seq), a.change = 'acknowledged') AS acknowledgement,
        argMaxIf(tuple(a.measure, a.averaging, a.window_start, a.window_end, a.value, a.threshold, a.status, a.events), tuple(a.epoch, a.seq), a.measure != '') AS evidence,
        max(a.epoch) AS revision
    FROM alert AS a
    WHERE a.epoch <= {committed}
    GROUP BY rule, subject, number
)
COMMENT 'Every alert as it stands: its flags, since when, by whom acknowledged, and what it was last raised or cleared by';

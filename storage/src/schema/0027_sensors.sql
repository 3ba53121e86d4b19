-- Why a sensor sees too little, with the record that says so, and how far the clock of a log source is constantly off.

ALTER TABLE alert {on_cluster}
    ADD COLUMN IF NOT EXISTS sensor String
        COMMENT 'Record of itself that a sensor wrote, as JSON: at, since (milliseconds since 1970), position, row, causes, rules_loaded, rules_failed, packets, dropped, discarded (of the time between), restarted; empty where it is not that' CODEC(ZSTD(3)) AFTER compared,
    COMMENT COLUMN IF EXISTS measure 'What made it so: indicator, index, status or sensor, or what was counted of events, such as attempts or targets; empty for an acknowledgement',
    COMMENT COLUMN IF EXISTS value 'The value, in the unit of the measure; of a sensor the share of packets dropped; none for a status';

ALTER TABLE station_state {on_cluster}
    ADD COLUMN IF NOT EXISTS sensor String
        COMMENT 'Of a log source: the record by which its sensor sees too little, as JSON like alert.sensor; empty where it sees enough' CODEC(ZSTD(3)) AFTER last_event_time,
    ADD COLUMN IF NOT EXISTS clock_off_ms Nullable(Int64)
        COMMENT 'Of a log source: so far its clock is constantly off, in milliseconds, ahead where it is positive; NULL where it is right or nobody knows' CODEC(ZSTD(1)) AFTER sensor,
    COMMENT COLUMN IF EXISTS since 'Recorded clock when that was found, and what else the row says';

ALTER TABLE rule {on_cluster}
    ADD COLUMN IF NOT EXISTS causes Array(String)
        COMMENT 'Of a blind sensor: why, any of no_rules, packets_dropped, alerts_discarded' AFTER lasting_ms,
    COMMENT COLUMN IF EXISTS condition 'What it looks at: indicator, index, limit, status, blind, unusual, events';

CREATE OR REPLACE VIEW station_state_current {on_cluster} AS
SELECT
    s.subject AS subject,
    s.status AS status,
    s.since AS since,
    s.last_event_time AS last_event_time,
    s.sensor AS sensor,
    s.clock_off_ms AS clock_off_ms,
    s.generation AS generation,
    s.epoch AS revision
FROM station_state AS s
WHERE s.epoch <= {committed}
ORDER BY s.subject, s.epoch DESC, s.since DESC
LIMIT 1 BY s.subject
COMMENT 'How every station and log source is: its last change'

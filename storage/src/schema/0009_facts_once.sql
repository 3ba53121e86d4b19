-- Who sent each row; how many rows an epoch stored, by table in one column, so that a new table needs none of its own;
-- and one rule for what readers may see: what the last committed epoch or one before it stored.

ALTER TABLE observation {on_cluster}
    ADD COLUMN IF NOT EXISTS sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source; empty where it was not recorded' AFTER feed;

ALTER TABLE reject {on_cluster}
    ADD COLUMN IF NOT EXISTS sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source; empty where it was not recorded' AFTER feed;

ALTER TABLE action {on_cluster}
    ADD COLUMN IF NOT EXISTS sender LowCardinality(String) COMMENT 'Who sent it: the login, certificate or file source; empty where it was not recorded' AFTER feed;

-- Commits from before have a column a table: their rows are read out of those, which newer ones leave at 0.
ALTER TABLE epoch {on_cluster}
    ADD COLUMN IF NOT EXISTS stored Map(LowCardinality(String), UInt64) DEFAULT map(
        'observation', observations, 'window', windows, 'index_value', indices, 'assessment', assessments,
        'station_state', states, 'alert', alerts, 'action', actions, 'reject', rejects, 'feed_minute', length(counts.feed)
    ) COMMENT 'Rows it stored, by table' CODEC(ZSTD(1)) AFTER now,
    COMMENT COLUMN IF EXISTS observations 'Rows it stored in observation; newer commits count in stored',
    COMMENT COLUMN IF EXISTS windows 'Rows it stored in window; newer commits count in stored',
    COMMENT COLUMN IF EXISTS rejects 'Rows it stored in reject; newer commits count in stored',
    COMMENT COLUMN IF EXISTS indices 'Rows it stored in index_value; newer commits count in stored',
    COMMENT COLUMN IF EXISTS assessments 'Rows it stored in assessment; newer commits count in stored',
    COMMENT COLUMN IF EXISTS states 'Rows it stored in station_state; newer commits count in stored',
    COMMENT COLUMN IF EXISTS alerts 'Rows it stored in alert; newer commits count in stored',
    COMMENT COLUMN IF EXISTS actions 'Rows it stored in action; newer commits count in stored';

-- Read from the end of the table, which costs the same after years.
CREATE OR REPLACE VIEW committed {on_cluster} AS
SELECT generation, epoch.epoch AS last_epoch, epoch.now AS last_now
FROM epoch
ORDER BY generation DESC, epoch.epoch DESC
LIMIT 1
COMMENT 'The last committed epoch';

CREATE OR REPLACE VIEW committed_known_at {on_cluster} AS
SELECT generation, epoch.epoch AS last_epoch
FROM epoch
WHERE now <= {known_at:DateTime64(3, 'UTC')}
ORDER BY generation DESC, epoch.epoch DESC
LIMIT 1
COMMENT 'The last epoch that was committed at a moment: committed_known_at(known_at = …)';

CREATE OR REPLACE VIEW reject_current {on_cluster} AS
SELECT
    feed, received_at, log, partition, offset, row, whole, address, reason, place, message_vi, message_en, raw,
    raw_length, generation, sender
FROM reject
WHERE epoch <= {committed}
COMMENT 'Rejected envelopes and rows of committed epochs';

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
    sum(m.waiting) AS waiting
FROM feed_minute AS m
WHERE m.epoch <= {committed}
GROUP BY generation, feed, minute
COMMENT 'What became of the envelopes and rows of each feed, minute by minute';

CREATE OR REPLACE VIEW station_state_current {on_cluster} AS
SELECT
    s.subject AS subject,
    s.status AS status,
    s.since AS since,
    s.last_event_time AS last_event_time,
    s.generation AS generation,
    s.epoch AS revision
FROM station_state AS s
WHERE s.epoch <= {committed}
ORDER BY s.subject, s.epoch DESC, s.since DESC
LIMIT 1 BY s.subject
COMMENT 'How every station is: its last change';

CREATE OR REPLACE VIEW action_current {on_cluster} AS
SELECT
    a.rule AS rule,
    a.subject AS subject,
    a.number AS number,
    a.user AS user,
    a.note AS note,
    a.effective AS effective,
    a.feed AS feed,
    a.received_at AS received_at,
    a.log AS log,
    a.partition AS partition,
    a.offset AS offset,
    a.row AS row,
    a.sender AS sender,
    a.generation AS generation,
    a.epoch AS revision
FROM action AS a
WHERE a.epoch <= {committed}
COMMENT 'Actions of operators of committed epochs'

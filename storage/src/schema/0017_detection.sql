-- Rules count events of an address or a user: what an alert is about, the events that raised it, and what such a rule asks.

ALTER TABLE alert {on_cluster}
    ADD COLUMN IF NOT EXISTS about Enum8('station' = 0, 'address' = 1, 'network' = 2, 'user' = 3, 'log_source' = 4)
        COMMENT 'What the subject is: a station, a log source, or whom events were counted by' CODEC(ZSTD(1)) AFTER number,
    ADD COLUMN IF NOT EXISTS events String
        COMMENT 'Events that raised it, as JSON: what the rule counted then, group (by whom), last (the event that made it enough); empty where it was not they' CODEC(ZSTD(3)) AFTER status,
    COMMENT COLUMN IF EXISTS subject 'What it is about: station.id, or the address, network or user that events were counted by',
    COMMENT COLUMN IF EXISTS number 'Counts up for each rule and station, from 1; of events the minute since 1970 in which it was raised, or the next free one',
    COMMENT COLUMN IF EXISTS measure 'What made it so: indicator, index or status, or what was counted of events, such as attempts or targets; empty for an acknowledgement';

ALTER TABLE rule {on_cluster}
    ADD COLUMN IF NOT EXISTS counted_by LowCardinality(String) COMMENT 'Of events: by whom the measure is counted: from, network, to, user' AFTER lasting_ms,
    ADD COLUMN IF NOT EXISTS event_kinds Array(LowCardinality(String)) COMMENT 'Of events: of these kinds; of any where there are none' AFTER counted_by,
    ADD COLUMN IF NOT EXISTS event_severity LowCardinality(String) COMMENT 'Of events: so bad at least; of any where it is empty' AFTER event_kinds,
    ADD COLUMN IF NOT EXISTS event_category String COMMENT 'Of events: of that category; of any where it is empty' AFTER event_severity,
    ADD COLUMN IF NOT EXISTS event_signature String COMMENT 'Of events: that matched the rule of that name or number; of any where it is empty' AFTER event_category,
    ADD COLUMN IF NOT EXISTS within_ms Nullable(Int64) COMMENT 'Of events: raise_at of the measure within so long a time, in milliseconds' AFTER event_signature,
    ADD COLUMN IF NOT EXISTS clear_after_ms Nullable(Int64) COMMENT 'Of events: over when nothing more happened for so long, in milliseconds' AFTER within_ms,
    COMMENT COLUMN IF EXISTS condition 'What it looks at: indicator, index, limit, status, events',
    COMMENT COLUMN IF EXISTS measure 'indicator.id or index, or what is counted of events; empty for a status'

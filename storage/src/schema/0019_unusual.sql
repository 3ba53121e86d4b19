-- Rules hold an hour against what is usual for it: the hours it was held against, and what such a rule asks.

ALTER TABLE alert {on_cluster}
    ADD COLUMN IF NOT EXISTS compared String
        COMMENT 'Hours that the window was held against, as JSON: usual (low, middle, high, hours), like (weeks, days), with (start in milliseconds since 1970 and value of each); empty where it was not they' CODEC(ZSTD(3)) AFTER events,
    COMMENT COLUMN IF EXISTS threshold 'What it was held against, of an unusual hour the multiple of its band or the least count; none for a status';

ALTER TABLE rule {on_cluster}
    ADD COLUMN IF NOT EXISTS least Nullable(Float64)
        COMMENT 'Of an unusual hour: so many are never too many, and where fewer are usual none are too few' AFTER clear_at,
    COMMENT COLUMN IF EXISTS condition 'What it looks at: indicator, index, limit, status, unusual, events',
    COMMENT COLUMN IF EXISTS measure 'indicator.id or index, measure.id, or what is counted of events; empty for a status',
    COMMENT COLUMN IF EXISTS raise_at 'Raised beyond this, in the unit of the measure; of an unusual hour a multiple of the most or of the least that is usual'

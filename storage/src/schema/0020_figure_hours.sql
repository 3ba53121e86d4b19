-- Hours of a figure are judged where the figure is, and how many inputs there were is said: nobody works out either again.

ALTER TABLE figure {on_cluster}
    ADD COLUMN IF NOT EXISTS `hours.start_time` Array(DateTime64(3, 'UTC'))
        COMMENT 'Hour by hour, of figures that are of hours, oldest first: first moment of each' CODEC(ZSTD(1)) AFTER `parts.count`,
    ADD COLUMN IF NOT EXISTS `hours.value` Array(Nullable(Float64))
        COMMENT 'Its number in the unit of the figure; none where nothing of the hour could be judged' CODEC(ZSTD(1)) AFTER `hours.start_time`,
    ADD COLUMN IF NOT EXISTS `hours.verdict` Array(LowCardinality(String))
        COMMENT 'How that stands to the target: kept, near, missed, withheld' CODEC(ZSTD(1)) AFTER `hours.value`,
    ADD COLUMN IF NOT EXISTS inputs_all UInt64 DEFAULT length(inputs.kind)
        COMMENT 'How many inputs there were; in rows stored before it was counted, how many are kept' CODEC(T64, ZSTD(1)) AFTER `hours.verdict`;

-- A log source has a state as a station has one.
ALTER TABLE station_state {on_cluster}
    COMMENT COLUMN IF EXISTS subject 'Station or log source: station.id, log_source.id',
    COMMENT COLUMN IF EXISTS status 'How it is from then on; the worst that holds. Of a log source: good while it is heard, error while its sensor says that it sees too little, silent',
    COMMENT COLUMN IF EXISTS last_event_time 'Newest event time of any of its indicators then, of a log source when its newest line arrived; none before the first';

ALTER TABLE station_state {on_cluster}
    MODIFY COMMENT 'Every change of the state of a station or a log source. Read station_state_current for how it is now'

-- Stations have clocks, too.

ALTER TABLE station_state {on_cluster}
    COMMENT COLUMN IF EXISTS clock_off_ms 'So far the clock of the log source, or of who sends for the station, is constantly off, in milliseconds, ahead where it is positive; NULL where it is right or nobody knows';

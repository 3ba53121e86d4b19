-- What is counted of events. A measure's windows are rows of `window` like those of an indicator, the log source its
-- subject; what they are worth is said here.

CREATE TABLE IF NOT EXISTS measure {on_cluster}
(
    pack LowCardinality(String) COMMENT 'pack.version',
    id String COMMENT 'Identifier; the indicator of its windows',
    name_vi String COMMENT 'Name in Vietnamese',
    name_en String COMMENT 'Name in English',
    count LowCardinality(String) COMMENT 'What is counted: events, lines, attempts, or different sources, targets, users',
    kinds Array(String) COMMENT 'Kinds of events that are counted; empty for all',
    severity LowCardinality(String) COMMENT 'Events of this severity and worse ones are counted; empty for all',
    windows Array(String) COMMENT 'Windows that are made of it'
)
ENGINE = {engine}
ORDER BY (pack, id)
SETTINGS {safety}
COMMENT 'What is counted of events. Read measure_current for those of the current pack, measure_window_current for the numbers';

CREATE OR REPLACE VIEW measure_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM measure WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What is counted of events, as the current pack has it';

ALTER TABLE rule {on_cluster}
    ADD COLUMN IF NOT EXISTS log_sources Array(String) COMMENT 'Log sources it watches, * for every one; empty for a rule of stations' AFTER stations;

ALTER TABLE log_source {on_cluster}
    ADD COLUMN IF NOT EXISTS blind_above Float64 DEFAULT 0.1 COMMENT 'It sees too little when it drops more than this share of packets' AFTER silent_after_ms;

ALTER TABLE figure {on_cluster}
    MODIFY COLUMN figure Enum8('aqi' = 0, 'pm25' = 1, 'alerts' = 2, 'exceeded' = 3, 'stations' = 4, 'completeness' = 5, 'slowest' = 6, 'balance' = 7, 'log_sources' = 8, 'events' = 9, 'severe' = 10, 'security_alerts' = 11, 'time_to_acknowledge' = 12, 'time_to_clear' = 13)
        COMMENT 'Which: highest hourly VN_AQI, worst day of PM2.5, open alerts, hours over a limit, stations that send, completeness, slowest feed, what is nowhere, log sources that are heard' CODEC(ZSTD(1))

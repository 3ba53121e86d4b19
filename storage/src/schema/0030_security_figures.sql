-- Figures of information security, and how long alerts wait: views.sql has the views of the latter.

ALTER TABLE figure {on_cluster}
    MODIFY COLUMN figure Enum8('aqi' = 0, 'pm25' = 1, 'alerts' = 2, 'exceeded' = 3, 'stations' = 4, 'completeness' = 5, 'slowest' = 6, 'balance' = 7, 'log_sources' = 8, 'events' = 9, 'severe' = 10, 'security_alerts' = 11, 'time_to_acknowledge' = 12, 'time_to_clear' = 13)
        COMMENT 'Which: highest hourly VN_AQI, worst day of PM2.5, open alerts, hours over a limit, stations that send, completeness, slowest feed, what is nowhere, log sources that are heard, events of the last full hour, high and critical ones of 24 hours, open alerts of information security, how long those took until somebody took them on and until they were over (medians of 30 days)' CODEC(ZSTD(1)),
    COMMENT COLUMN IF EXISTS value 'Its number: an index, µg/m³, alerts, hours of stations, stations, percent, milliseconds of silence, envelopes and rows, log sources, events, milliseconds until an alert was taken on or over; none where reason says why',
    COMMENT COLUMN IF EXISTS of 'The number beside it: stations there are, alerts nobody took on, alerts that are still open',
    COMMENT COLUMN IF EXISTS reason 'Why: on_target, near_target, beyond, unacknowledged, taken, silent, not_all, insufficient, stale, never, nothing, no_particulates, too_few_groups, no_data, waiting',
    COMMENT COLUMN IF EXISTS count 'How many of those it is made of count: stations, hours, good points, feeds, envelopes, log sources, minutes that were heard, alerts that were measured',
    MODIFY COMMENT 'The figures, those of the overview and of information security, once a minute and when alerts, stations or log sources change. Read figure_current for how they are now, figure_known_at(known_at = …) for what was said at a moment'

-- What analysts start from: wide rows with names, places and local times, of committed epochs only. None needs FINAL or
-- knowledge of our keys.
--
-- The zone of hours and days is the current pack's. A local time is an instant whose type has that zone, so that every
-- tool shows the local clock and none shifts it. A type is fixed when a view is made: so these are made again when a
-- pack with another zone takes effect.

-- Both branches are of one row a measure, so that any() takes the one that is there, and a missing one stays missing.
CREATE OR REPLACE VIEW air_quality_known_at {on_cluster} AS
SELECT
    q.kind AS kind,
    q.station AS station,
    s.name_vi AS name_vi,
    s.name_en AS name_en,
    p.code AS place_code,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    q.start_time AS start_time,
    q.end_time AS end_time,
    toDate(q.start_time, '{zone}') AS local_day,
    toDateTime(q.start_time, '{zone}') AS local_start,
    q.vn_aqi AS vn_aqi,
    q.category AS category,
    c.name_vi AS category_vi,
    c.name_en AS category_en,
    q.no_value_reason AS no_value_reason,
    q.dominant AS dominant,
    q.pm25 AS pm25,
    q.pm10 AS pm10,
    q.so2 AS so2,
    q.no2 AS no2,
    q.co AS co,
    q.o3 AS o3,
    q.pm25_completeness AS pm25_completeness,
    q.pm10_completeness AS pm10_completeness,
    q.so2_completeness AS so2_completeness,
    q.no2_completeness AS no2_completeness,
    q.co_completeness AS co_completeness,
    q.o3_completeness AS o3_completeness,
    q.closed_by AS closed_by,
    q.revision AS revision
FROM
(
    SELECT
        kind,
        station,
        start_time,
        max(end_time) AS end_time,
        anyIf(value, measure = 'vn_aqi') AS vn_aqi,
        anyIf(category, measure = 'vn_aqi') AS category,
        anyIf(no_value_reason, measure = 'vn_aqi') AS no_value_reason,
        anyIf(dominant, measure = 'vn_aqi') AS dominant,
        anyIf(value, measure = 'pm25') AS pm25,
        anyIf(value, measure = 'pm10') AS pm10,
        anyIf(value, measure = 'so2') AS so2,
        anyIf(value, measure = 'no2') AS no2,
        anyIf(value, measure = 'co') AS co,
        anyIf(value, measure = 'o3') AS o3,
        anyIf(completeness, measure = 'pm25') AS pm25_completeness,
        anyIf(completeness, measure = 'pm10') AS pm10_completeness,
        anyIf(completeness, measure = 'so2') AS so2_completeness,
        anyIf(completeness, measure = 'no2') AS no2_completeness,
        anyIf(completeness, measure = 'co') AS co_completeness,
        anyIf(completeness, measure = 'o3') AS o3_completeness,
        anyIf(closed_by, measure = 'vn_aqi') AS closed_by,
        max(revision) AS revision
    FROM
    (
        SELECT
            i.kind AS kind, i.subject AS station, i.start_time AS start_time, i.end_time AS end_time,
            i.`index` AS measure, i.value AS value, i.category AS category, i.no_value_reason AS no_value_reason,
            i.dominant AS dominant, CAST(NULL, 'Nullable(Float64)') AS completeness, toString(i.closed_by) AS closed_by,
            i.revision AS revision
        FROM index_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) AS i
        WHERE i.`index` = 'vn_aqi'
        UNION ALL
        SELECT
            w.kind, w.subject, w.start_time, w.end_time, w.indicator, w.mean, '', '', '',
            if(w.expected = 0, NULL, w.count / w.expected), '', w.revision
        FROM window_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) AS w
        WHERE w.kind IN ('hour', 'day')
            AND w.indicator IN ('pm25', 'pm10', 'so2', 'no2', 'co', 'o3')
    )
    GROUP BY kind, station, start_time
) AS q
INNER JOIN station_current AS s ON s.id = q.station
LEFT JOIN place_current AS p ON p.code = s.place_code AND p.valid_from = s.place_valid_from
LEFT JOIN (SELECT * FROM index_category_current WHERE `index` = 'vn_aqi') AS c ON c.word = q.category
WHERE s.kind = 'ambient_air'
COMMENT 'Air quality of hours and days as it was known at a moment: air_quality_known_at(known_at = …)';

CREATE OR REPLACE VIEW air_quality_hourly_known_at {on_cluster} AS
SELECT * EXCEPT (kind) FROM air_quality_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) WHERE kind = 'hour'
COMMENT 'air_quality_hourly as it was known at a moment: air_quality_hourly_known_at(known_at = …)';

-- One definition serves then and now: what is known now is what is known at the end of the tables' time.
CREATE OR REPLACE VIEW air_quality_hourly {on_cluster} AS
SELECT * EXCEPT (kind) FROM air_quality_known_at(known_at = '2299-12-31 00:00:00') WHERE kind = 'hour'
COMMENT 'One row an ambient air station and hour: VN_AQI, and the hourly means with the share of good points to those expected';

CREATE OR REPLACE VIEW air_quality_daily {on_cluster} AS
SELECT * EXCEPT (kind) FROM air_quality_known_at(known_at = '2299-12-31 00:00:00') WHERE kind = 'day'
COMMENT 'One row an ambient air station and day: VN_AQI, and the daily means with the share of good points to those expected';

CREATE OR REPLACE VIEW water_quality {on_cluster} AS
SELECT
    q.kind AS kind,
    q.station AS station,
    s.name_vi AS name_vi,
    s.name_en AS name_en,
    p.code AS place_code,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    q.start_time AS start_time,
    q.end_time AS end_time,
    toDate(q.start_time, '{zone}') AS local_day,
    toDateTime(q.start_time, '{zone}') AS local_start,
    q.vn_wqi AS vn_wqi,
    q.category AS category,
    c.name_vi AS category_vi,
    c.name_en AS category_en,
    q.no_value_reason AS no_value_reason,
    q.dominant AS dominant,
    q.ph AS ph,
    q.do AS do,
    q.temperature AS temperature,
    q.tss AS tss,
    q.bod5 AS bod5,
    q.cod AS cod,
    q.toc AS toc,
    q.nh4 AS nh4,
    q.n_no3 AS n_no3,
    q.n_no2 AS n_no2,
    q.p_po4 AS p_po4,
    q.turbidity AS turbidity,
    q.coliform AS coliform,
    q.ecoli AS ecoli,
    q.ph_completeness AS ph_completeness,
    q.do_completeness AS do_completeness,
    q.temperature_completeness AS temperature_completeness,
    q.tss_completeness AS tss_completeness,
    q.bod5_completeness AS bod5_completeness,
    q.cod_completeness AS cod_completeness,
    q.toc_completeness AS toc_completeness,
    q.nh4_completeness AS nh4_completeness,
    q.n_no3_completeness AS n_no3_completeness,
    q.n_no2_completeness AS n_no2_completeness,
    q.p_po4_completeness AS p_po4_completeness,
    q.turbidity_completeness AS turbidity_completeness,
    q.coliform_completeness AS coliform_completeness,
    q.ecoli_completeness AS ecoli_completeness,
    q.closed_by AS closed_by,
    q.revision AS revision
FROM
(
    SELECT
        kind,
        station,
        start_time,
        max(end_time) AS end_time,
        anyIf(value, measure = 'vn_wqi') AS vn_wqi,
        anyIf(category, measure = 'vn_wqi') AS category,
        anyIf(no_value_reason, measure = 'vn_wqi') AS no_value_reason,
        anyIf(dominant, measure = 'vn_wqi') AS dominant,
        anyIf(value, measure = 'ph') AS ph,
        anyIf(value, measure = 'do') AS do,
        anyIf(value, measure = 'temperature') AS temperature,
        anyIf(value, measure = 'tss') AS tss,
        anyIf(value, measure = 'bod5') AS bod5,
        anyIf(value, measure = 'cod') AS cod,
        anyIf(value, measure = 'toc') AS toc,
        anyIf(value, measure = 'nh4') AS nh4,
        anyIf(value, measure = 'n_no3') AS n_no3,
        anyIf(value, measure = 'n_no2') AS n_no2,
        anyIf(value, measure = 'p_po4') AS p_po4,
        anyIf(value, measure = 'turbidity') AS turbidity,
        anyIf(value, measure = 'coliform') AS coliform,
        anyIf(value, measure = 'ecoli') AS ecoli,
        anyIf(completeness, measure = 'ph') AS ph_completeness,
        anyIf(completeness, measure = 'do') AS do_completeness,
        anyIf(completeness, measure = 'temperature') AS temperature_completeness,
        anyIf(completeness, measure = 'tss') AS tss_completeness,
        anyIf(completeness, measure = 'bod5') AS bod5_completeness,
        anyIf(completeness, measure = 'cod') AS cod_completeness,
        anyIf(completeness, measure = 'toc') AS toc_completeness,
        anyIf(completeness, measure = 'nh4') AS nh4_completeness,
        anyIf(completeness, measure = 'n_no3') AS n_no3_completeness,
        anyIf(completeness, measure = 'n_no2') AS n_no2_completeness,
        anyIf(completeness, measure = 'p_po4') AS p_po4_completeness,
        anyIf(completeness, measure = 'turbidity') AS turbidity_completeness,
        anyIf(completeness, measure = 'coliform') AS coliform_completeness,
        anyIf(completeness, measure = 'ecoli') AS ecoli_completeness,
        anyIf(closed_by, measure = 'vn_wqi') AS closed_by,
        max(revision) AS revision
    FROM
    (
        SELECT
            i.kind AS kind, i.subject AS station, i.start_time AS start_time, i.end_time AS end_time,
            i.`index` AS measure, i.value AS value, i.category AS category, i.no_value_reason AS no_value_reason,
            i.dominant AS dominant, CAST(NULL, 'Nullable(Float64)') AS completeness, toString(i.closed_by) AS closed_by,
            i.revision AS revision
        FROM index_current AS i
        WHERE i.`index` = 'vn_wqi'
        UNION ALL
        SELECT
            w.kind, w.subject, w.start_time, w.end_time, w.indicator, w.mean, '', '', '',
            if(w.expected = 0, NULL, w.count / w.expected), '', w.revision
        FROM window_current AS w
        WHERE w.kind IN ('hour', 'day')
            AND w.indicator IN ('ph', 'do', 'temperature', 'tss', 'bod5', 'cod', 'toc', 'nh4', 'n_no3', 'n_no2', 'p_po4', 'turbidity', 'coliform', 'ecoli')
    )
    GROUP BY kind, station, start_time
) AS q
INNER JOIN station_current AS s ON s.id = q.station
LEFT JOIN place_current AS p ON p.code = s.place_code AND p.valid_from = s.place_valid_from
LEFT JOIN (SELECT * FROM index_category_current WHERE `index` = 'vn_wqi') AS c ON c.word = q.category
WHERE s.kind = 'surface_water'
COMMENT 'One row a surface water station and hour or day: VN_WQI, and the means with the share of good points to those expected';

-- An episode is a run of windows next to each other that all exceed their limit: a kept, an insufficient and a missing
-- one end it alike, since nothing is claimed of what was not measured. Windows of eight hours begin with each hour and
-- overlap; all others begin where the one before ends.
CREATE OR REPLACE VIEW exceedance {on_cluster} AS
SELECT
    e.`limit` AS `limit`,
    l.standard AS standard,
    e.averaging AS averaging,
    e.station AS station,
    s.name_vi AS name_vi,
    s.name_en AS name_en,
    p.code AS place_code,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    e.indicator AS indicator,
    n.symbol AS symbol,
    n.unit AS unit,
    e.first_start AS first_start,
    e.last_end AS last_end,
    toDateTime(e.first_start, '{zone}') AS local_start,
    toDateTime(e.last_end, '{zone}') AS local_end,
    e.windows AS windows,
    e.lasting AS lasting,
    e.worst.1 AS worst_start,
    e.worst.3 AS worst_value,
    e.worst.5 AS limit_value
FROM
(
    SELECT
        `limit`,
        averaging,
        station,
        indicator,
        arrayJoin(arraySplit((w, is_first) -> is_first, exceeded, is_first)) AS run,
        run[1].1 AS first_start,
        run[-1].2 AS last_end,
        length(run) AS windows,
        CAST(run[-1].1 = newest_start, 'Bool') AS lasting,
        arrayReverseSort(w -> w.4, run)[1] AS worst
    FROM
    (
        SELECT
            a.`limit` AS `limit`,
            a.averaging AS averaging,
            a.subject AS station,
            a.indicator AS indicator,
            arraySort(
                w -> w.1,
                groupArrayIf(
                    (
                        a.start_time,
                        a.end_time,
                        assumeNotNull(a.value),
                        greatest(ifNull(a.value - a.high, -inf), ifNull(a.low - a.value, -inf)),
                        assumeNotNull(if(ifNull(a.value > a.high, false), a.high, a.low))
                    ),
                    a.verdict = 'exceeded'
                )
            ) AS exceeded,
            arrayMap(
                (w, before) -> w.1 > if(averaging = 'eight_hours', addHours(before.1, 1), before.2),
                exceeded,
                arraySlice(arrayPushFront(exceeded, exceeded[1]), 1, length(exceeded))
            ) AS is_first,
            max(a.start_time) AS newest_start
        FROM assessment_current AS a
        GROUP BY `limit`, averaging, station, indicator
    )
    WHERE notEmpty(exceeded)
) AS e
INNER JOIN station_current AS s ON s.id = e.station
LEFT JOIN place_current AS p ON p.code = s.place_code AND p.valid_from = s.place_valid_from
LEFT JOIN indicator_current AS n ON n.id = e.indicator
LEFT JOIN legal_limit_current AS l ON l.id = e.`limit`
COMMENT 'Episodes: runs of windows in a row of a station that exceeded a limit, with the worst of them';

-- A state that was never judged is none: it is not good.
CREATE OR REPLACE VIEW station_status {on_cluster} AS
SELECT
    s.id AS station,
    s.name_vi AS name_vi,
    s.name_en AS name_en,
    s.kind AS kind,
    p.code AS place_code,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    s.longitude AS longitude,
    s.latitude AS latitude,
    s.valid_from AS valid_from,
    s.valid_to AS valid_to,
    c.status AS status,
    c.since AS since,
    c.last_event_time AS last_event_time,
    toDateTime(c.since, '{zone}') AS local_since,
    toDateTime(c.last_event_time, '{zone}') AS local_last_event_time,
    dateDiff('second', c.last_event_time, (SELECT max(last_now) FROM committed)) AS last_event_age_s,
    m.indicators AS indicators,
    m.every_s AS expected_every_s
FROM station_current AS s
LEFT JOIN
(
    SELECT subject, toNullable(toString(status)) AS status, toNullable(since) AS since, last_event_time
    FROM station_state_current
) AS c ON c.subject = s.id
LEFT JOIN
(
    SELECT station, count() AS indicators, toNullable(min(every_ms) / 1000) AS every_s
    FROM station_indicator_current
    GROUP BY station
) AS m ON m.station = s.id
LEFT JOIN place_current AS p ON p.code = s.place_code AND p.valid_from = s.place_valid_from
COMMENT 'Every station of the current pack: how it is, since when, when it last measured, how often it should';

CREATE OR REPLACE VIEW event_current {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
{event_view}WHERE e.epoch <= {committed}
COMMENT 'What happened, as devices told it, with the names of users masked unless the pack shows them. Counts sum weight';

CREATE OR REPLACE VIEW event_known_at {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
{event_view}WHERE e.epoch <= (SELECT last_epoch FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) ORDER BY generation DESC LIMIT 1)
COMMENT 'What was known at a moment to have happened: event_known_at(known_at = …)'

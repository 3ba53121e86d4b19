-- What lies in a group stays the same people and land, so that its series goes on behind the day on which its unit ended.
CREATE OR REPLACE VIEW report_group{at} {on_cluster} AS
SELECT
    m.form AS form,
    {period} AS period,
    m.period_kind AS period_kind,
    m.period_start AS period_start,
    m.period_end AS period_end,
    m.group_id AS group_id,
    m.group_vi AS group_vi,
    m.group_en AS group_en,
    m.indicator AS indicator,
    i.name_vi AS indicator_vi,
    i.name_en AS indicator_en,
    i.unit AS unit,
    m.dimensions AS dimensions,
    m.total AS total,
    m.known AS known,
    greatest(m.said, m.breakdowns * e.places) AS expected,
    m.revision AS revision
FROM
(
    SELECT
        v.form AS form,
        v.indicator AS indicator,
        replaceRegexpAll(v.breakdown, '=[^,]*', '') AS dimensions,
        v.period_kind AS period_kind,
        v.period_start AS period_start,
        v.period_end AS period_end,
        g.id AS group_id,
        any(g.name_vi) AS group_vi,
        any(g.name_en) AS group_en,
        sum(v.counts) AS total,
        count(v.counts) AS known,
        count() AS said,
        uniqExact(v.breakdown) AS breakdowns,
        max(v.revision) AS revision
    FROM report_value{values} AS v
    INNER JOIN place_group_current AS g ON g.code = v.place AND g.valid_from = v.place_from
    WHERE v.mark != 'withdrawn'
    GROUP BY form, indicator, dimensions, period_kind, period_start, period_end, group_id
) AS m
INNER JOIN (SELECT * FROM form_indicator_current WHERE additive) AS i ON i.form = m.form AND i.id = m.indicator
LEFT JOIN
(
    SELECT f.form AS form, f.period_end AS period_end, g.id AS group_id, count() AS places
    FROM {form_places} AS f
    INNER JOIN place_group_current AS g ON g.code = f.code AND g.valid_from = f.valid_from
    GROUP BY form, period_end, group_id
) AS e ON e.form = m.form AND e.period_end = m.period_end AND e.group_id = m.group_id
COMMENT 'What each indicator adds up to in each group of units that stays comparable, with how many of its cells are known{said}'

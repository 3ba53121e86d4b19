-- What is worked out of reported cells, each view twice: as it is now, and as it was known at a moment. Names, targets and
-- what may be added up are those of the current pack in both.
--
-- A cell that is not known makes what is worked out of it not known, and never 0. A place whose borders changed is another
-- place: nothing is compared across that day.

CREATE OR REPLACE VIEW report_cell{at} {on_cluster} AS
SELECT
    v.form AS form,
    {period_of_v} AS period,
    v.period_kind AS period_kind,
    v.period_start AS period_start,
    v.period_end AS period_end,
    v.place AS place_code,
    v.place_from AS place_from,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    v.indicator AS indicator,
    i.name_vi AS indicator_vi,
    i.name_en AS indicator_en,
    i.unit AS unit,
    i.additive AS additive,
    v.breakdown AS breakdown,
    v.mark AS mark,
    v.value AS value,
    v.counts AS counts,
    v.vintage AS vintage,
    v.agency AS agency,
    v.note AS note,
    v.was_mark AS was_mark,
    v.was_value AS was_value,
    v.standing AS standing,
    v.received_at AS received_at,
    concat(toString(v.log), '-', toString(v.partition), '-', toString(v.offset)) AS position,
    v.at AS at,
    v.revision AS revision
FROM report_value{values} AS v
LEFT JOIN place_current AS p ON p.code = v.place AND p.valid_from = v.place_from
LEFT JOIN form_indicator_current AS i ON i.form = v.form AND i.id = v.indicator
COMMENT 'What is shown of every cell of a form, with the names of places and indicators and the label of its period{said}';

-- Parts are added up with parts of the same dimensions, and the whole by itself: else the whole would count twice.
CREATE OR REPLACE VIEW report_total{at} {on_cluster} AS
SELECT
    c.form AS form,
    c.period AS period,
    c.period_kind AS period_kind,
    c.period_start AS period_start,
    c.period_end AS period_end,
    c.indicator AS indicator,
    any(c.indicator_vi) AS indicator_vi,
    any(c.indicator_en) AS indicator_en,
    any(c.unit) AS unit,
    replaceRegexpAll(c.breakdown, '=[^,]*', '') AS dimensions,
    if(any(c.additive), sum(c.counts), NULL) AS total,
    count(c.counts) AS known,
    greatest(count(), uniqExact(c.breakdown) * any(p.places)) AS expected
FROM report_cell{asked} AS c
LEFT JOIN {places} AS p ON p.form = c.form AND p.period_end = c.period_end
GROUP BY form, period, period_kind, period_start, period_end, indicator, dimensions
COMMENT 'What each indicator of a form adds up to in a period, with how many of its cells are known{said}';

-- Numerator and denominator of the same cell, where the form says of which two the ratio is made.
CREATE OR REPLACE VIEW report_ratio{at} {on_cluster} AS
SELECT
    b.form AS form,
    b.period AS period,
    b.period_kind AS period_kind,
    b.period_start AS period_start,
    b.period_end AS period_end,
    b.place_code AS place_code,
    b.place_from AS place_from,
    any(b.place_vi) AS place_vi,
    any(b.place_en) AS place_en,
    b.ratio AS indicator,
    any(b.ratio_vi) AS indicator_vi,
    any(b.ratio_en) AS indicator_en,
    any(b.ratio_unit) AS unit,
    b.breakdown AS breakdown,
    anyIf(b.counts, b.indicator = b.of_numerator) AS numerator,
    anyIf(b.counts, b.indicator = b.of_denominator) AS denominator,
    if(denominator > 0, toFloat64(numerator) / toFloat64(denominator) * if(any(b.percent), 100, 1), NULL) AS value
FROM
(
    SELECT
        c.form AS form, c.period AS period, c.period_kind AS period_kind, c.period_start AS period_start,
        c.period_end AS period_end, c.place_code AS place_code, c.place_from AS place_from, c.place_vi AS place_vi,
        c.place_en AS place_en, c.breakdown AS breakdown, c.indicator AS indicator, c.counts AS counts, i.id AS ratio,
        i.name_vi AS ratio_vi, i.name_en AS ratio_en, i.unit AS ratio_unit, i.percent AS percent,
        i.numerator AS of_numerator, i.denominator AS of_denominator
    FROM report_cell{asked} AS c
    INNER JOIN (SELECT * FROM form_indicator_current WHERE numerator != '') AS i ON i.form = c.form
    WHERE c.indicator IN (i.numerator, i.denominator)
) AS b
GROUP BY form, period, period_kind, period_start, period_end, place_code, place_from, ratio, breakdown
COMMENT 'Each ratio of a form by place, made of its declared numerator and denominator{said}';

-- The parts are added up first: a mean of ratios is no ratio of anything.
CREATE OR REPLACE VIEW report_ratio_total{at} {on_cluster} AS
SELECT
    r.form AS form,
    r.period AS period,
    r.period_kind AS period_kind,
    r.period_start AS period_start,
    r.period_end AS period_end,
    r.indicator AS indicator,
    any(r.indicator_vi) AS indicator_vi,
    any(r.indicator_en) AS indicator_en,
    any(r.unit) AS unit,
    replaceRegexpAll(r.breakdown, '=[^,]*', '') AS dimensions,
    sumIf(r.numerator, isNotNull(r.numerator) AND isNotNull(r.denominator)) AS numerator,
    sumIf(r.denominator, isNotNull(r.numerator) AND isNotNull(r.denominator)) AS denominator,
    if(denominator > 0, toFloat64(numerator) / toFloat64(denominator) * if(any(i.percent), 100, 1), NULL) AS value,
    countIf(isNotNull(r.numerator) AND isNotNull(r.denominator)) AS known,
    greatest(count(), uniqExact(r.breakdown) * any(p.places)) AS expected
FROM report_ratio{asked} AS r
LEFT JOIN {places} AS p ON p.form = r.form AND p.period_end = r.period_end
LEFT JOIN form_indicator_current AS i ON i.form = r.form AND i.id = r.indicator
GROUP BY form, period, period_kind, period_start, period_end, indicator, dimensions
COMMENT 'Each ratio of a form over all places: the sum of numerators by that of denominators, of cells that know both{said}';

-- Each cell stands for itself, for what was before the next period, and for what was a year before.
CREATE OR REPLACE VIEW report_growth{at} {on_cluster} AS
SELECT
    s.form AS form,
    anyIf(s.period, s.role = 0) AS period,
    s.period_kind AS period_kind,
    s.start AS period_start,
    anyIf(s.period_end, s.role = 0) AS period_end,
    s.place_code AS place_code,
    s.place_from AS place_from,
    anyIf(s.place_vi, s.role = 0) AS place_vi,
    anyIf(s.place_en, s.role = 0) AS place_en,
    s.indicator AS indicator,
    anyIf(s.indicator_vi, s.role = 0) AS indicator_vi,
    anyIf(s.indicator_en, s.role = 0) AS indicator_en,
    anyIf(s.unit, s.role = 0) AS unit,
    s.breakdown AS breakdown,
    anyIf(s.counts, s.role = 0) AS value,
    anyIf(s.counts, s.role = 1) AS previous,
    anyIf(s.counts, s.role = 2) AS year_earlier,
    value - previous AS change,
    value - year_earlier AS change_in_year,
    if(previous > 0, toFloat64(change) / toFloat64(previous) * 100, NULL) AS growth,
    if(year_earlier > 0, toFloat64(change_in_year) / toFloat64(year_earlier) * 100, NULL) AS growth_in_year
FROM
(
    SELECT
        c.*,
        arrayJoin([
            (0, toNullable(c.period_start)),
            (1, toNullable(multiIf(
                c.period_kind = 'day', addDays(c.period_start, 1),
                c.period_kind = 'week', addDays(c.period_start, 7),
                c.period_kind IN ('month', 'admin_month'), addMonths(c.period_start, 1),
                c.period_kind IN ('quarter', 'admin_quarter'), addMonths(c.period_start, 3),
                c.period_kind IN ('half_year', 'admin_half_year'), addMonths(c.period_start, 6),
                c.period_kind = 'school_round', addMonths(c.period_start, if(toMonth(c.period_start) = 3, 6, 3)),
                addYears(c.period_start, 1)))),
            (2, multiIf(
                c.period_kind = 'week', multiIf(
                    toISOWeek(addDays(c.period_start, 364)) = toISOWeek(c.period_start), addDays(c.period_start, 364),
                    toISOWeek(addDays(c.period_start, 371)) = toISOWeek(c.period_start), addDays(c.period_start, 371),
                    NULL),
                toDayOfMonth(addYears(c.period_start, 1)) = toDayOfMonth(c.period_start), addYears(c.period_start, 1),
                NULL))
        ]) AS shifted,
        shifted.1 AS role,
        shifted.2 AS start
    FROM report_cell{asked} AS c
) AS s
WHERE isNotNull(s.start)
GROUP BY form, period_kind, start, place_code, place_from, indicator, breakdown
HAVING countIf(s.role = 0) > 0
COMMENT 'Each cell beside the same cell of the period before and of the same period a year before{said}';

-- Of the same places in both periods, and only where all of them are known in both.
CREATE OR REPLACE VIEW report_growth_total{at} {on_cluster} AS
SELECT
    g.form AS form,
    g.period AS period,
    g.period_kind AS period_kind,
    g.period_start AS period_start,
    g.period_end AS period_end,
    g.indicator AS indicator,
    any(g.indicator_vi) AS indicator_vi,
    any(g.indicator_en) AS indicator_en,
    any(g.unit) AS unit,
    replaceRegexpAll(g.breakdown, '=[^,]*', '') AS dimensions,
    sum(g.value) AS total,
    count(g.value) AS known,
    count(g.change) AS known_in_both,
    count(g.change_in_year) AS known_a_year_before,
    greatest(count(), uniqExact(g.breakdown) * any(p.places)) AS expected,
    if(known_in_both = expected, sum(g.previous), NULL) AS previous,
    if(known_a_year_before = expected, sum(g.year_earlier), NULL) AS year_earlier,
    if(previous > 0, (toFloat64(total) - toFloat64(previous)) / toFloat64(previous) * 100, NULL) AS growth,
    if(year_earlier > 0, (toFloat64(total) - toFloat64(year_earlier)) / toFloat64(year_earlier) * 100, NULL) AS growth_in_year
FROM report_growth{asked} AS g
INNER JOIN (SELECT * FROM form_indicator_current WHERE additive) AS i ON i.form = g.form AND i.id = g.indicator
LEFT JOIN {places} AS p ON p.form = g.form AND p.period_end = g.period_end
GROUP BY form, period, period_kind, period_start, period_end, indicator, dimensions
COMMENT 'What each indicator of a form adds up to, beside the period before and the same period a year before{said}';

-- A cell counts where all of its indicators are known. Of a year counts the last period that has such a cell, or all.
CREATE OR REPLACE VIEW report_target{at} {on_cluster} AS
SELECT
    t.id AS target_id,
    t.name_vi AS name_vi,
    t.name_en AS name_en,
    m.year AS year,
    m.year <= toYear(t.valid_to) AS is_in_time,
    t.form AS form,
    m.last AS period,
    m.periods AS periods,
    m.of_year AS periods_of_year,
    if(t.over = 'latest', m.latest.1, m.all.1) AS numerator,
    if(t.over = 'latest', m.latest.2, m.all.2) AS denominator,
    multiIf(known = 0, NULL, empty(t.denominator), toFloat64(numerator),
        denominator > 0, toFloat64(numerator) / toFloat64(denominator) * 100, NULL) AS value,
    t.target AS target,
    t.sense AS sense,
    if(t.over = 'latest', m.latest.3, m.all.3) AS known,
    if(t.over = 'latest', m.latest.4, m.all.4) AS expected,
    multiIf(
        isNull(value) OR 4 * known < 3 * expected, 'unknown',
        isNull(t.target), 'no_target',
        if(t.sense = 'at_least', value >= toFloat64(t.target), value <= toFloat64(t.target)), 'on_target',
        'behind') AS verdict,
    t.basis AS basis
FROM target_current AS t
INNER JOIN
(
    SELECT
        q.id AS id,
        q.year AS year,
        argMaxIf(q.period, q.period_end, q.known > 0) AS last,
        countIf(q.known > 0) AS periods,
        any(q.of_year) AS of_year,
        argMaxIf(tuple(q.numerator, q.denominator, q.known, q.expected), q.period_end, q.known > 0) AS latest,
        tuple(sum(q.numerator), sum(q.denominator), sum(q.known), sum(q.expected)) AS all
    FROM
    (
        SELECT
            n.id AS id,
            toYear(n.period_end) AS year,
            n.period AS period,
            n.period_end AS period_end,
            multiIf(
                n.period_kind = 'day', 365, n.period_kind = 'week', 52, n.period_kind IN ('month', 'admin_month'), 12,
                n.period_kind IN ('quarter', 'admin_quarter'), 4, n.period_kind IN ('half_year', 'admin_half_year'), 2,
                n.period_kind = 'school_round', 3, 1) AS of_year,
            sumIf(n.numerator, n.is_known) AS numerator,
            sumIf(n.denominator, n.is_known) AS denominator,
            countIf(n.is_known) AS known,
            greatest(count(), uniqExact(n.breakdown) * any(e.places)) AS expected
        FROM
        (
            SELECT
                t.id AS id, c.period AS period, c.period_kind AS period_kind, c.period_end AS period_end,
                c.place_code AS place_code, c.place_from AS place_from, c.breakdown AS breakdown,
                sumIf(c.counts, has(t.numerator, c.indicator)) AS numerator,
                sumIf(c.counts, has(t.denominator, c.indicator)) AS denominator,
                uniqExactIf(c.indicator, isNotNull(c.counts))
                    = length(arrayDistinct(arrayConcat(any(t.numerator), any(t.denominator)))) AS is_known
            FROM target_current AS t
            INNER JOIN report_cell{asked} AS c ON c.form = t.form
            INNER JOIN place_current AS p ON p.code = c.place_code AND p.valid_from = c.place_from
            WHERE has(arrayConcat(t.numerator, t.denominator), c.indicator) AND has(t.tiers, toString(p.kind))
                AND toYear(c.period_end) >= toYear(t.valid_from)
            GROUP BY id, period, period_kind, period_end, place_code, place_from, breakdown
        ) AS n
        LEFT JOIN
        (
            SELECT t.id AS id, f.period_end AS period_end, count() AS places
            FROM target_current AS t
            INNER JOIN {form_places} AS f ON f.form = t.form
            INNER JOIN place_current AS p ON p.code = f.code AND p.valid_from = f.valid_from
            WHERE has(t.tiers, toString(p.kind))
            GROUP BY id, period_end
        ) AS e ON e.id = n.id AND e.period_end = n.period_end
        GROUP BY id, period, period_kind, period_end
    ) AS q
    GROUP BY id, year
) AS m ON m.id = t.id
COMMENT 'What plans want to be reached by year, beside what is reported, and how many of its cells are known{said}'

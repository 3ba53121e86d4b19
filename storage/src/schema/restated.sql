-- What was reported, by unit of a map, each view as it is now and as it was known at a moment; of the map of a day, and of
-- today's. Conversions, names and what may be added up are those of the current pack in all of them.
--
-- A unit of a map has a number where all of its parts have one; else it says why not, and nothing is guessed. Numbers are
-- decimals: what is made of whole parts is exact, and the shares of a unit add up to all of it.

-- Where a unit said something itself, its own word counts, and what it displaces has a row of its own: in a period that holds
-- a change of boundaries those before and those since may both speak. So each word that may be displaced is looked at twice, as
-- a part of the unit that it came to (0), and by itself (1) beside the own words of those (2); it has a row where one of these
-- is there. The parts of all rows are all that was reported. Where units that had ended by then speak of a period, those of
-- their time are the parts that are expected.
CREATE OR REPLACE VIEW report_on_{map}{at} {on_cluster} AS
SELECT
    m.form AS form,
    {period} AS period,
    m.period_kind AS period_kind,
    m.period_start AS period_start,
    m.period_end AS period_end,
    m.place_code AS place_code,
    m.place_from AS place_from,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    m.indicator AS indicator,
    i.name_vi AS indicator_vi,
    i.name_en AS indicator_en,
    i.unit AS unit,
    m.breakdown AS breakdown,
    multiIf(
        m.refused != '', m.refused,
        m.known = 0 AND m.is_same, 'no_number',
        NOT i.additive AND NOT m.is_same, 'not_additive',
        m.known < expected, 'part_missing',
        '') AS reason,
    if(reason = '', m.sum, NULL) AS value,
    m.estimated AS estimated,
    m.known AS known,
    if(m.is_own, 1, greatest(m.said, length(arrayFilter(span -> span.1 <= m.day AND span.2 >= m.day, e.spans)))) AS expected,
    m.vintage AS vintage,
    m.received_at AS received_at,
    CAST(
        if(
            m.refused = 'own_word',
            [tuple(
                m.words[1].1,
                m.words[1].2,
                arraySum(word -> if(has(m.displaced_by, word.6), word.3, toDecimal64(0, 9)), m.words),
                m.words[1].4,
                m.words[1].5)],
            arrayMap(word -> tuple(word.1, word.2, word.3, word.4, word.5), arrayFilter(word -> NOT m.is_own OR word.7, m.words))),
        'Array(Tuple(place String, place_from Date32, weight Decimal(10, 9), counts Nullable(Decimal(38, 9)), position String))') AS parts,
    m.revision AS revision
FROM
(
    SELECT
        v.form AS form,
        v.indicator AS indicator,
        v.breakdown AS breakdown,
        v.period_kind AS period_kind,
        v.period_start AS period_start,
        v.period_end AS period_end,
        c.of_code AS place_code,
        c.of_from AS place_from,
        any(c.reason) AS refused,
        countIf(c.is_own) AS own_words,
        own_words > 0 AS is_own,
        if(is_own, own_words, count()) AS said,
        said = 1 AND (is_own OR max(c.alone)) AS is_same,
        if(is_own, least(countIf(c.is_own AND isNotNull(v.counts)), 1), count(v.counts)) AS known,
        if(is_own, sumIf(toDecimal256(v.counts, 9) * c.weight, c.is_own), sum(toDecimal256(v.counts, 9) * c.weight)) AS sum,
        NOT is_own AND min(c.weight) < 1 AS estimated,
        least(v.period_end, min(c.last)) AS day,
        if(is_own, minIf(v.vintage, c.is_own), min(v.vintage)) AS vintage,
        if(is_own, maxIf(v.received_at, c.is_own), max(v.received_at)) AS received_at,
        if(is_own, maxIf(v.revision, c.is_own), max(v.revision)) AS revision,
        groupUniqArrayIf(c.unit, c.look = 2) AS displaced_by,
        arraySort(groupArrayIf(
            tuple(
                v.place, v.place_from, if(c.reason IN ('', 'own_word'), c.weight, toDecimal64(1, 9)), v.counts,
                concat(toString(v.log), '-', toString(v.partition), '-', toString(v.offset)), c.unit, c.is_own),
            c.look < 2)) AS words
    FROM report_value{values} AS v
    INNER JOIN
    (
        SELECT
            look,
            cityHash64(to_code) AS unit,
            to_valid_from AS unit_from,
            if(look = 2, to_code, from_code) AS said_code,
            if(look = 2, to_valid_from, from_valid_from) AS said_from,
            if(look = 0, to_code, from_code) AS of_code,
            if(look = 0, to_valid_from, from_valid_from) AS of_from,
            weight,
            alone,
            if(look = 0, reason, 'own_word') AS reason,
            look = 1 OR (look = 0 AND from_code = to_code AND from_valid_from = to_valid_from) AS is_own,
            ifNull(from_valid_to, toDate32('2299-12-31')) AS last
        FROM place_conversion_current
        ARRAY JOIN if(from_code = to_code AND from_valid_from = to_valid_from, [0], [0, 1, 2]) AS look
        WHERE map_from = {first_day}
    ) AS c ON c.said_code = v.place AND c.said_from = v.place_from
    -- What was taken back is no word of anybody's. A unit speaks of no period that ended before it began, or began behind
    -- its end: in all others nobody displaces anybody.
    WHERE v.mark != 'withdrawn' AND (c.look = 0 OR (c.unit_from <= v.period_end AND c.last >= v.period_start))
    GROUP BY form, indicator, breakdown, period_kind, period_start, period_end, place_code, place_from
    HAVING refused != 'own_word' OR hasAny(displaced_by, groupUniqArrayIf(c.unit, c.look = 1))
) AS m
LEFT JOIN
(
    SELECT
        to_code,
        to_valid_from,
        groupArray(tuple(from_valid_from, ifNull(from_valid_to, toDate32('2299-12-31')))) AS spans
    FROM place_conversion_current
    WHERE map_from = {first_day} AND reason = ''
    GROUP BY to_code, to_valid_from
) AS e ON e.to_code = m.place_code AND e.to_valid_from = m.place_from
LEFT JOIN form_indicator_current AS i ON i.form = m.form AND i.id = m.indicator
LEFT JOIN place_current AS p ON p.code = m.place_code AND p.valid_from = m.place_from
COMMENT 'What was reported, by unit of {of_map}: whole parts added up, split ones estimated, and why there is no number where there is none{said}';

-- Numerator and denominator are restated first: what the weights do to both is in the ratio.
CREATE OR REPLACE VIEW report_ratio_on_{map}{at} {on_cluster} AS
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
    anyIf(b.value, b.indicator = b.of_numerator) AS numerator,
    anyIf(b.value, b.indicator = b.of_denominator) AS denominator,
    if(denominator > 0, toFloat64(numerator) / toFloat64(denominator) * if(any(b.percent), 100, 1), NULL) AS value,
    multiIf(
        isNotNull(value), '',
        maxIf(b.reason, b.indicator = b.of_numerator) != '', maxIf(b.reason, b.indicator = b.of_numerator),
        maxIf(b.reason, b.indicator = b.of_denominator) != '', maxIf(b.reason, b.indicator = b.of_denominator),
        uniqExact(b.indicator) < 2, 'part_missing',
        'no_number') AS reason,
    max(b.estimated) AS estimated
FROM
(
    SELECT
        c.form AS form, c.period AS period, c.period_kind AS period_kind, c.period_start AS period_start,
        c.period_end AS period_end, c.place_code AS place_code, c.place_from AS place_from, c.place_vi AS place_vi,
        c.place_en AS place_en, c.breakdown AS breakdown, c.indicator AS indicator, c.value AS value, c.reason AS reason,
        c.estimated AS estimated, i.id AS ratio, i.name_vi AS ratio_vi, i.name_en AS ratio_en, i.unit AS ratio_unit,
        i.percent AS percent, i.numerator AS of_numerator, i.denominator AS of_denominator
    FROM report_on_{map}{mapped} AS c
    INNER JOIN (SELECT * FROM form_indicator_current WHERE numerator != '') AS i ON i.form = c.form
    WHERE c.indicator IN (i.numerator, i.denominator)
) AS b
GROUP BY form, period, period_kind, period_start, period_end, place_code, place_from, ratio, breakdown
COMMENT 'Each ratio of a form by unit of {of_map}, made of its restated numerator and denominator{said}';

-- Whatever lies in a district or province counts, also what is on no unit of the map: what came to nothing, or lies in
-- several units of one district.
CREATE OR REPLACE VIEW report_unit_on_{map}{at} {on_cluster} AS
SELECT
    m.form AS form,
    {period} AS period,
    m.period_kind AS period_kind,
    m.period_start AS period_start,
    m.period_end AS period_end,
    m.place_code AS place_code,
    m.place_from AS place_from,
    p.kind AS place_kind,
    p.name_vi AS place_vi,
    p.name_en AS place_en,
    m.indicator AS indicator,
    i.name_vi AS indicator_vi,
    i.name_en AS indicator_en,
    i.unit AS unit,
    m.dimensions AS dimensions,
    m.total AS total,
    m.estimated AS estimated,
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
        u.unit_code AS place_code,
        u.unit_valid_from AS place_from,
        sum(toDecimal256(v.counts, 9) * u.weight) AS total,
        ifNull(min(u.weight) < 1, false) AS estimated,
        countIf(isNotNull(v.counts) AND isNotNull(u.weight)) AS known,
        count() AS said,
        uniqExact(v.breakdown) AS breakdowns,
        max(v.revision) AS revision
    FROM report_value{values} AS v
    INNER JOIN (SELECT * FROM place_unit_current WHERE map_from = {first_day}) AS u
        ON u.from_code = v.place AND u.from_valid_from = v.place_from
    WHERE v.mark != 'withdrawn'
    GROUP BY form, indicator, dimensions, period_kind, period_start, period_end, place_code, place_from
) AS m
INNER JOIN (SELECT * FROM form_indicator_current WHERE additive) AS i ON i.form = m.form AND i.id = m.indicator
LEFT JOIN place_current AS p ON p.code = m.place_code AND p.valid_from = m.place_from
LEFT JOIN
(
    SELECT f.form AS form, f.period_end AS period_end, u.unit_code AS unit_code, u.unit_valid_from AS unit_valid_from, count() AS places
    FROM {form_places} AS f
    INNER JOIN (SELECT * FROM place_unit_current WHERE map_from = {first_day}) AS u
        ON u.from_code = f.code AND u.from_valid_from = f.valid_from
    GROUP BY form, period_end, unit_code, unit_valid_from
) AS e ON e.form = m.form AND e.period_end = m.period_end AND e.unit_code = m.place_code AND e.unit_valid_from = m.place_from
COMMENT 'What each indicator that may be added up adds up to in each district and province of {of_map}, with how many of its cells are known{said}'

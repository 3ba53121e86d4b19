-- What is not judged yet counts for nothing: only what was done, or whose deadline passed. What nobody owes any more is no
-- obligation.
CREATE OR REPLACE VIEW obligation_score{at} {on_cluster} AS
SELECT
    o.agency AS agency,
    any(o.place) AS place,
    any(if(o.place = '', a.name_vi, p.name_vi)) AS name_vi,
    any(if(o.place = '', a.name_en, p.name_en)) AS name_en,
    o.period_kind AS period_kind,
    o.period_label AS period,
    o.period_start AS period_start,
    o.period_end AS period_end,
    toUInt32(count()) AS owed,
    toUInt32(countIf(o.state = 'not_due')) AS not_due,
    toUInt32(countIf(o.state IN ('due', 'rejected'))) AS due,
    toUInt32(countIf(o.state = 'on_time')) AS on_time,
    toUInt32(countIf(o.state = 'late')) AS late,
    toUInt32(countIf(o.state = 'missing')) AS missing,
    toUInt32(sum(o.rejected)) AS rejected,
    toUInt32(sum(o.revisions)) AS revisions,
    if(late > 0, arraySort(groupArrayIf(assumeNotNull(o.late_seconds), o.state = 'late'))[intDiv(late + 1, 2)], NULL) AS median_late_seconds,
    max(o.reminders) AS reminders,
    if(on_time + late + missing > 0, 100 * on_time / (on_time + late + missing), NULL) AS score,
    arrayFilter(
        reason -> reason != '',
        [if(missing > 0, 'missing', ''), if(late > 0, 'late', ''), if(rejected > 0, 'rejected', ''), if(revisions > 0, 'revised', '')]
    ) AS reasons,
    max(o.revision) AS revision
FROM (SELECT * FROM obligation{values} WHERE state != 'not_owed') AS o
LEFT JOIN place_current AS p ON p.code = o.place AND p.valid_from = o.place_from
LEFT JOIN agency_current AS a ON a.id = o.agency
GROUP BY agency, period_kind, period, period_start, period_end
COMMENT 'How each agency kept what it owed of a period: the score is the share of obligations that were met in time among those that were met or whose deadline has passed, in percent{said}';

-- Views that follow what their tables have become: they belong to no numbered file (views.rs says when they are made).

-- Flags, occurrences and change are those of the newest row; the evidence is that of the newest row that has any (an
-- acknowledgement has none), user and note those of the acknowledgement.
CREATE OR REPLACE VIEW alert_current {on_cluster} AS
SELECT
    concat(rule, '~', subject, '~', toString(number)) AS id,
    rule,
    subject,
    number,
    about,
    newest.1 AS change,
    newest.2 AS priority,
    newest.3 AS active,
    newest.4 AS acknowledged,
    newest.5 AS occurrences,
    newest.6 AS at,
    raised_at,
    if(active, NULL, cleared.1) AS cleared_at,
    acknowledgement.1 AS acknowledged_at,
    ifNull(acknowledgement.2, '') AS user,
    ifNull(acknowledgement.3, '') AS note,
    evidence.1 AS measure,
    evidence.2 AS averaging,
    evidence.3 AS window_start,
    evidence.4 AS window_end,
    evidence.5 AS value,
    evidence.6 AS threshold,
    evidence.7 AS status,
    evidence.8 AS events,
    evidence.9 AS compared,
    generation,
    revision
FROM
(
    SELECT
        a.rule AS rule,
        a.subject AS subject,
        a.number AS number,
        any(a.about) AS about,
        any(a.generation) AS generation,
        argMax(tuple(a.change, a.priority, a.active, a.acknowledged, a.occurrences, a.at), tuple(a.epoch, a.seq)) AS newest,
        min(a.at) AS raised_at,
        argMaxIf(tuple(toNullable(a.at)), tuple(a.epoch, a.seq), a.change = 'cleared') AS cleared,
        argMaxIf(tuple(toNullable(a.at), toNullable(a.user), toNullable(a.note)), tuple(a.epoch, a.seq), a.change = 'acknowledged') AS acknowledgement,
        argMaxIf(tuple(a.measure, a.averaging, a.window_start, a.window_end, a.value, a.threshold, a.status, a.events, a.compared), tuple(a.epoch, a.seq), a.measure != '') AS evidence,
        max(a.epoch) AS revision
    FROM alert AS a
    WHERE a.epoch <= {committed}
    GROUP BY rule, subject, number
)
COMMENT 'Every alert as it stands: its flags, since when, by whom acknowledged, and what it was last raised or cleared by';

-- The newest row of each is found by its key alone: the wide columns of the others are not read.
CREATE OR REPLACE VIEW figure_current {on_cluster} AS
SELECT
    {figure_columns}
FROM figure AS f
WHERE (f.figure, f.at, f.epoch) IN
(
    SELECT g.figure, argMax(g.at, g.epoch), max(g.epoch)
    FROM figure AS g
    WHERE g.epoch <= {committed}
    GROUP BY g.figure
)
ORDER BY f.figure
COMMENT 'How each figure of the overview is: its last row';

-- Where nothing newer had followed by that moment, a board withheld the verdict: the rule of model/src/ageing.rs.
CREATE OR REPLACE VIEW figure_known_at {on_cluster} AS
WITH
    {known_at:DateTime64(3, 'UTC')} AS moment,
    ifNull(moment >= f.stale_from, false) AS got_stale,
    ifNull(moment >= f.late_from, false) AS got_late
SELECT
    {figure_columns_as_aged}
FROM figure AS f
WHERE (f.figure, f.at, f.epoch) IN
(
    SELECT g.figure, argMax(g.at, g.epoch), max(g.epoch)
    FROM figure AS g
    WHERE g.epoch <= {committed} AND g.at <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY g.figure
)
ORDER BY f.figure
COMMENT 'What each figure of the overview said at a moment, stale and withheld where nothing newer had come by then: figure_known_at(known_at = …)';

CREATE OR REPLACE VIEW measure_window_current {on_cluster} AS
{measure_window}FROM window_current AS w
WHERE w.indicator IN (SELECT id FROM measure)
COMMENT 'How many there were in each minute, hour and day at each log source, late lines counted';

CREATE OR REPLACE VIEW measure_window_known_at {on_cluster} AS
{measure_window}FROM window_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) AS w
WHERE w.indicator IN (SELECT id FROM measure)
COMMENT 'How many there were, as it was known at a moment: measure_window_known_at(known_at = …)';

-- A view of every column has those that its table had when it was made.
CREATE OR REPLACE VIEW rule_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM rule WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What raises alerts, as the current pack has it';

CREATE OR REPLACE VIEW log_source_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM log_source WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Devices and machines that report events, as the current pack has them'

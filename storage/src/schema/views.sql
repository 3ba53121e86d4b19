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
    evidence.10 AS sensor,
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
        argMaxIf(tuple(a.measure, a.averaging, a.window_start, a.window_end, a.value, a.threshold, a.status, a.events, a.compared, a.sensor), tuple(a.epoch, a.seq), a.measure != '') AS evidence,
        max(a.epoch) AS revision
    FROM alert AS a
    WHERE a.epoch <= {committed}
    GROUP BY rule, subject, number
)
COMMENT 'Every alert as it stands: its flags, since when, by whom acknowledged, and what it was last raised or cleared by';

-- What `ioc` took on in its own name, because a rule had no more room, nobody took on: it is not measured. One that was
-- over when it was raised was never active, and one that came back was not over.
CREATE OR REPLACE VIEW alert_times_current {on_cluster} AS
{alert_times}    WHERE a.epoch <= {committed}
    GROUP BY rule, subject, number
)
COMMENT 'How long each alert took until somebody took it on and until it was over; NULL while that has not come';

CREATE OR REPLACE VIEW alert_times_known_at {on_cluster} AS
{alert_times}    WHERE a.epoch <= (SELECT last_epoch FROM committed_known_at(known_at = {known_at:DateTime64(3, 'UTC')}))
    GROUP BY rule, subject, number
)
COMMENT 'How long each alert had taken, as it was known at a moment: alert_times_known_at(known_at = …)';

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

CREATE OR REPLACE VIEW measure_registers_current {on_cluster} AS
WITH {windows_as_they_are}
{measure_registers}FROM {window_rows} AS f
WHERE f.indicator IN (SELECT id FROM measure WHERE count IN {distinct_counts}) AND {is_last_word}
COMMENT 'Sketches of different ones in each hour and day at each log source, which can be joined over any of them: measure_distinct_current has those of all log sources joined';

CREATE OR REPLACE VIEW measure_registers_known_at {on_cluster} AS
WITH {windows_as_known}
{measure_registers}FROM {window_rows} AS f
WHERE f.indicator IN (SELECT id FROM measure WHERE count IN {distinct_counts}) AND {is_last_word}
COMMENT 'Sketches of different ones, as they were known at a moment: measure_registers_known_at(known_at = …)';

CREATE OR REPLACE VIEW measure_distinct_current {on_cluster} AS
{measure_distinct}FROM measure_registers_current AS r
GROUP BY r.measure, r.kind, r.start_time
COMMENT 'How many different ones there were in each hour and day at all log sources together: what two of them saw counts once';

CREATE OR REPLACE VIEW measure_distinct_known_at {on_cluster} AS
{measure_distinct}FROM measure_registers_known_at(known_at = {known_at:DateTime64(3, 'UTC')}) AS r
GROUP BY r.measure, r.kind, r.start_time
COMMENT 'How many different ones there were at all log sources together, as it was known at a moment: measure_distinct_known_at(known_at = …)';

CREATE OR REPLACE VIEW receipt_current {on_cluster} AS
SELECT
    r.form AS form,
    r.agency AS agency,
    r.period_kind AS period_kind,
    r.period_start AS period_start,
    r.period_end AS period_end,
    r.verdict AS verdict,
    r.rows AS rows,
    r.stored AS stored,
    r.changed AS changed,
    r.conflicts AS conflicts,
    r.same AS same,
    r.rejected AS rejected,
    r.kept AS kept,
    r.withdrawn AS withdrawn,
    r.findings.weight AS `findings.weight`,
    r.findings.rule AS `findings.rule`,
    r.findings.at AS `findings.at`,
    r.findings.stands AS `findings.stands`,
    r.findings.message_vi AS `findings.message_vi`,
    r.findings.message_en AS `findings.message_en`,
    lower(hex(r.digest)) AS digest,
    r.feed AS feed,
    r.sender AS sender,
    r.received_at AS received_at,
    r.log AS log,
    r.partition AS partition,
    r.offset AS offset,
    r.row AS row,
    r.generation AS generation,
    r.epoch AS revision
FROM receipt AS r
WHERE r.epoch <= {committed} AND (r.log, r.partition, r.offset, r.epoch) NOT IN {receipts_read_again}
COMMENT 'What became of each message of a form, of committed epochs';

CREATE OR REPLACE VIEW agency_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM agency WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Who reports or is reported to, as the current pack has it';

CREATE OR REPLACE VIEW form_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM form WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What agencies fill in, as the current pack has it';

CREATE OR REPLACE VIEW form_indicator_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM form_indicator WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What is reported in forms, as the current pack has it';

CREATE OR REPLACE VIEW form_place_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM form_place WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Which places each form is about, as the current pack has it';

CREATE OR REPLACE VIEW place_conversion_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM place_conversion WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What of each administrative unit each unit of each map holds, as the current pack has it';

CREATE OR REPLACE VIEW place_unit_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM place_unit WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'In which districts and provinces of each map each administrative unit lies, as the current pack has it';

CREATE OR REPLACE VIEW place_group_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM place_group WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What stays comparable of units that are no more, as the current pack has it';

CREATE OR REPLACE VIEW target_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM target WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What plans want to be reached, as the current pack has it';

-- Of what other agencies say of a cell: the word with the latest arrival of each, beside what is shown. A message that was
-- read again says what its last reading says, and nothing where it is gone. Whose the cell is, the word with the latest
-- arrival of all of them says, as it does for what is shown.
CREATE OR REPLACE VIEW report_conflict {on_cluster} AS
SELECT
    o.form AS form,
    o.indicator AS indicator,
    o.breakdown AS breakdown,
    o.place AS place,
    o.place_from AS place_from,
    o.period_kind AS period_kind,
    o.period_start AS period_start,
    o.period_end AS period_end,
    o.word.1 AS agency,
    o.word.2 AS vintage,
    o.word.3.1 AS mark,
    o.word.3.2 AS value,
    o.owner AS owner,
    s.mark AS shown_mark,
    s.value AS shown_value,
    o.word.3.4 AS received_at,
    o.word.3.5 AS position
FROM
(
    SELECT
        form, indicator, breakdown, place, place_from, period_kind, period_start, period_end,
        argMax(newest.3, tuple(arrival, agency, vintage)) AS owner,
        arrayJoin(groupArray(tuple(agency, vintage, newest))) AS word
    FROM
    (
        SELECT
            form, indicator, breakdown, place, place_from, period_kind, period_start, period_end, agency, vintage,
            argMax(
                tuple(reading.1, reading.2, reading.3, received_at, concat(toString(log), '-', toString(partition), '-', toString(offset))),
                tuple(received_at, log, partition, offset)
            ) AS newest,
            max(tuple(received_at, log, partition, offset, reading.5)) AS arrival
        FROM
        (
            SELECT
                form, indicator, breakdown, place, place_from, period_kind, period_start, period_end, agency, vintage,
                received_at, log, partition, offset,
                argMax(tuple(mark, value, owner, standing, row), tuple(epoch, row)) AS reading
            FROM report_value
            WHERE epoch <= {committed}
            GROUP BY
                form, indicator, breakdown, place, place_from, period_kind, period_start, period_end, agency, vintage,
                received_at, log, partition, offset
        )
        WHERE reading.4 != 'gone'
        GROUP BY form, indicator, breakdown, place, place_from, period_kind, period_start, period_end, agency, vintage
    )
    GROUP BY form, indicator, breakdown, place, place_from, period_kind, period_start, period_end
) AS o
LEFT JOIN
(
    SELECT form, indicator, breakdown, place, place_from, period_kind, period_start, toNullable(mark) AS mark, value
    FROM report_value_current
) AS s
ON s.form = o.form AND s.indicator = o.indicator AND s.breakdown = o.breakdown AND s.place = o.place
    AND s.place_from = o.place_from AND s.period_kind = o.period_kind AND s.period_start = o.period_start
WHERE o.word.1 != o.owner AND o.word.3.1 != 'withdrawn'
COMMENT 'What agencies say of cells that another one owns: kept beside what is shown, and never added to it';

-- A view of every column has those that its table had when it was made.
CREATE OR REPLACE VIEW rule_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM rule WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'What raises alerts, as the current pack has it';

CREATE OR REPLACE VIEW log_source_current {on_cluster} AS
SELECT * EXCEPT (pack) FROM log_source WHERE pack = (SELECT argMax(version, published_at) FROM pack)
COMMENT 'Devices and machines that report events, as the current pack has them'

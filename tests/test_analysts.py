"""The queries of docs/analysts.md, run as the analyst by two readers this project did not write.

What the dataflow would have derived in weeks is put into the tables by the product's user, so that every query has
something to find: one that comes back empty has not been tried.
"""

import datetime
import json
import os
import re
import subprocess

import clickhouse_connect
import installed
import pytest
from ioc import ROOT, Ioc, eventually
from peers import push, reading
from readers import Go, Java

GUIDE = (ROOT / "docs" / "analysts.md").read_text()
CLIENTS = ROOT / "tests" / "clients"


def queries():
    """Every SQL block of the guide, by the heading it stands under."""
    found = []
    for section in re.split(r"^#+ ", GUIDE, flags=re.M):
        title = section.split("\n", 1)[0]
        found += [{"title": title, "sql": sql.strip()} for sql in re.findall(r"^```sql\n(.*?)^```$", section, re.M | re.S)]
    return found


QUERIES = queries()

# Three days before now, and the days the guide's example of what was known when is about.
HOURS = """
    SELECT toDateTime64(start, 3, 'UTC') AS start, start + toIntervalHour(1) AS end, n AS hour FROM
    (
        SELECT toStartOfHour(now('UTC')) - toIntervalHour(number + 2) AS start, number AS n FROM numbers(72)
        UNION ALL
        SELECT toDateTime('2026-02-01 00:00:00', 'UTC') + toIntervalHour(number), number FROM numbers(72)
    )
"""
DAYS = """
    SELECT toDateTime64(start, 3, 'UTC') AS start, start + toIntervalDay(1) AS end, n AS day FROM
    (
        SELECT toStartOfDay(now('Asia/Ho_Chi_Minh')) - toIntervalDay(number + 1) AS start, number AS n FROM numbers(40)
    )
"""


def fill(ask, first, second):
    """Hours and days of two stations, judged and indexed; some hours revised by the second epoch."""
    ask(
        "INSERT INTO station (pack, id, name_vi, name_en, kind, place_code, place_valid_from, valid_from)"
        " SELECT argMax(version, published_at), 'WATER1', 'Trạm nước', 'Water station', 'surface_water', '25459',"
        " '2025-07-01', '2025-07-01' FROM pack"
    )
    for epoch, which in ((first, "1"), (second, "hour % 24 = 3")):
        ask(
            "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected,"
            " closed_by, generation, epoch, chunk)"
            f" SELECT indicator, 'ST01', 'hour', start, end, 11, 11 * (40 + hour % 24 + {epoch}), 1, 99, 12, 12,"
            f" if({epoch} = {first}, 'watermark', 'revision'), 0, {epoch}, 0"
            f" FROM ({HOURS}) ARRAY JOIN ['pm25', 'o3'] AS indicator WHERE {which}"
        )
        ask(
            "INSERT INTO index_value (`index`, subject, kind, start_time, end_time, value, category, no_value_reason,"
            " dominant, formula, parts.indicator, parts.input, parts.sub_index, closed_by, generation, epoch, chunk)"
            f" SELECT 'vn_aqi', 'ST01', 'hour', start, end, 60 + hour % 24 + {epoch}, 'moderate', '', 'pm25',"
            " '1459/QĐ-TCMT v1', ['pm25', 'o3'], [40.5, 60], [99.5, 30], 'watermark', 0,"
            f" {epoch}, 0 FROM ({HOURS}) WHERE {which}"
        )
    for fact, measures in (("window", "['pm25', 'o3']"), ("index_value", "['vn_aqi']")):
        ask(
            "INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)"
            f" SELECT '{fact}', measure, 'ST01', 'hour', start, 0, {second}, 0"
            f" FROM ({HOURS}) ARRAY JOIN {measures} AS measure WHERE hour % 24 = 3"
        )
    ask(
        "INSERT INTO assessment (`limit`, indicator, subject, averaging, start_time, end_time, value, low, high, verdict,"
        " count, expected, generation, epoch, chunk)"
        " SELECT 'o3-hour', 'o3', 'ST01', 'hour', start, end, 190 + hour % 24, NULL, 200,"
        f" if(hour % 24 > 10, 'exceeded', 'kept'), 12, 12, 0, {first}, 0 FROM ({HOURS})"
    )
    # A month has something to tell from its first hour on, and where it ends while this is tried.
    ask(
        "INSERT INTO assessment (`limit`, indicator, subject, averaging, start_time, end_time, value, low, high, verdict,"
        " count, expected, generation, epoch, chunk)"
        " SELECT 'o3-hour', 'o3', 'ST01', 'hour', start, start + toIntervalHour(1), 210, NULL, 200, 'exceeded', 12, 12, 0,"
        f" {first}, 0 FROM (SELECT toDateTime64(toStartOfHour(now('UTC')), 3, 'UTC') + toIntervalHour(2 * number) AS start FROM numbers(2))"
    )
    ask(
        "INSERT INTO assessment (`limit`, indicator, subject, averaging, start_time, end_time, value, low, high, verdict,"
        " count, expected, generation, epoch, chunk)"
        " SELECT 'pm25-day', 'pm25', 'ST01', 'day', start, end, 45 + day % 8, NULL, 50,"
        f" if(day % 8 > 5, 'exceeded', 'kept'), 280, 288, 0, {first}, 0 FROM ({DAYS})"
    )
    ask(
        "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected,"
        " closed_by, generation, epoch, chunk)"
        " SELECT indicator, subject, 'day', start, end, 200, 9000, 1, 99, 210, 288, 'watermark', 0,"
        f" {first}, 0 FROM ({DAYS}) ARRAY JOIN ['pm25', 'ph'] AS indicator, ['ST01', 'WATER1'] AS subject"
    )
    ask(
        "INSERT INTO index_value (`index`, subject, kind, start_time, end_time, value, category, no_value_reason, dominant,"
        " formula, parts.indicator, parts.input, parts.sub_index, closed_by, generation, epoch, chunk)"
        " SELECT `index`, subject, 'day', start, end, 80, 'moderate', '', dominant, 'v1', [dominant], [40.5], [80],"
        f" 'watermark', 0, {first}, 0 FROM ({DAYS})"
        " ARRAY JOIN ['vn_aqi', 'vn_wqi'] AS `index`, ['ST01', 'WATER1'] AS subject, ['pm25', 'group_iv'] AS dominant"
    )
    ask(
        "INSERT INTO station_state (subject, status, since, last_event_time, generation, epoch, chunk) VALUES"
        f" ('ST01', 'good', now64(3) - toIntervalHour(30), now64(3) - toIntervalHour(30), 0, {first}, 0),"
        f" ('ST01', 'silent', now64(3) - toIntervalHour(2), now64(3) - toIntervalHour(3), 0, {second}, 0),"
        f" ('srv-a', 'error', now64(3) - toIntervalHour(1), now64(3) - toIntervalHour(1), 0, {second}, 0)"
    )
    ask(
        "INSERT INTO figure (figure, at, start_time, end_time, value, target, verdict, reason, priority, freshness, count,"
        " expected, inputs.kind, inputs.subject, inputs.measure, inputs.start_time, inputs.number, inputs.value, inputs.word,"
        " generation, epoch, chunk) VALUES ('aqi', '2026-03-03 00:59:00', '2026-03-02 23:00:00', '2026-03-03 00:00:00', 120,"
        " 100, 'missed', 'beyond', 'medium', 'fresh', 1, 1, ['index'], ['ST01'], ['vn_aqi'], ['2026-03-02 23:00:00'], [0],"
        f" [120], ['pm25'], 0, {first}, 0)"
    )
    ask(
        "INSERT INTO alert (rule, subject, number, change, priority, active, acknowledged, occurrences, at, measure,"
        " averaging, window_start, window_end, value, threshold, status, user, note, seq, generation, epoch, chunk) VALUES"
        " ('pm25-day', 'ST01', 1, 'raised', 'high', true, false, 1, now64(3) - 7200, 'pm25', 'day', now64(3) - 90000,"
        f" now64(3) - 7200, 61.5, 50, '', '', '', 0, 0, {first}, 0),"
        " ('pm25-day', 'ST01', 1, 'acknowledged', 'high', true, true, 1, now64(3) - 3600, '', '', NULL, NULL, NULL, NULL,"
        f" '', 'trực ban', 'đã gọi trạm', 0, 0, {second}, 0)"
    )
    ask(
        "INSERT INTO alert (rule, subject, number, about, change, priority, active, acknowledged, occurrences, at, measure,"
        " averaging, window_start, window_end, value, threshold, status, events, user, note, seq, generation, epoch, chunk)"
        " VALUES ('guessing', '203.0.113.5', 29000000, 'network', 'raised', 'high', true, false, 1, now64(3), 'attempts', '',"
        ' now64(3) - 86400, now64(3), 6, 5, \'\', \'{"kinds":["login_failed"],"group":"203.0.113.5"}\','
        f" '', '', 0, 0, {first}, 0)"
    )
    ask(
        "INSERT INTO alert (rule, subject, number, about, change, priority, active, acknowledged, occurrences, at, measure,"
        " averaging, window_start, window_end, value, threshold, status, compared, user, note, seq, generation, epoch, chunk)"
        " VALUES ('unusually-many', 'srv-a', 1, 'log_source', 'raised', 'medium', true, false, 1, now64(3), 'log_lines', 'hour',"
        ' now64(3) - 7200, now64(3) - 3600, 900, 28, \'\', \'{"usual":{"low":11.0,"middle":13.0,"high":14.0,"hours":3},'
        '"like":"weeks","with":[{"start":1771000000000,"value":11.0},{"start":1771604800000,"value":14.0}]}\','
        f" '', '', 0, 0, {first}, 0)"
    )
    ask(
        "INSERT INTO observation (indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset,"
        " row, standing, generation, epoch, chunk)"
        " SELECT 'pm25', 'ST01', start + toIntervalMinute(5 * minute), 40 + minute, 'good', 'push', start, 1, 0, hour, minute,"
        f" 'first', 0, {first}, 0 FROM ({HOURS}) ARRAY JOIN range(12) AS minute"
    )
    ask(
        "INSERT INTO observation (indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset,"
        " row, standing, generation, epoch, chunk)"
        " SELECT 'pm25', 'ST01', start, 77, 'good', 'push', end, 1, 0, 1000, 0, 'correction', 0,"
        f" {second}, 0 FROM ({HOURS}) WHERE hour = 5"
    )
    ask(
        "INSERT INTO event (kind, log_source, happened_at, severity, signature, decided, source_address, source_network,"
        " target_address, target_port, user, message, weight, attempts, feed, received_at, log, partition, offset, row,"
        " generation, epoch, chunk)"
        " SELECT kind, 'srv-a', start, severity, 'EXAMPLE', 'allowed', '203.0.113.5', '203.0.113.5', '192.0.2.10', 22,"
        " 'root', 'for root', 3, attempts, 'push', start, 1, 0, 2000 + hour, number, 0,"
        f" {first}, 0 FROM ({HOURS}) ARRAY JOIN ['alert', 'block', 'login_failed', 'login_accepted'] AS kind,"
        " ['high', 'low', 'info', 'not_rated'] AS severity, [0, 0, 3, 0] AS attempts, [0, 1, 2, 3] AS number"
    )
    ask(
        "INSERT INTO event (kind, log_source, happened_at, severity, signature, decided, source_address, source_network,"
        " target_address, target_port, attributes.name, attributes.text, weight, feed, received_at, log, partition, offset, row,"
        " generation, epoch, chunk) SELECT kind, 'ids-a', start, 'high', 'EXAMPLE', 'allowed', '203.0.113.5', '203.0.113.5', '192.0.2.10', 443,"
        " ['event_type', 'flow_id'], [kind, '1200000000000001'], 1, 'push', start, 1, 0, 9000, number, 0,"
        f" {first}, 0 FROM ({HOURS}) ARRAY JOIN ['alert', 'flow'] AS kind, [0, 1] AS number WHERE hour = 5"
    )
    ask(
        "INSERT INTO log_source (pack, id, name_vi, name_en, silent_after_ms)"
        " SELECT argMax(version, published_at), source, 'Máy chủ', 'Server', 60000 FROM pack"
        " ARRAY JOIN ['srv-a', 'srv-b'] AS source GROUP BY source"
    )
    ask(
        "INSERT INTO measure (pack, id, name_vi, name_en, count, windows)"
        " SELECT argMax(version, published_at), measure, 'Dòng nhật ký', 'Lines of logs', 'lines', ['hour'] FROM pack"
        " ARRAY JOIN ['log_lines', 'alerts_raised', 'alerts_lost'] AS measure GROUP BY measure"
    )
    # An hour of this day with more than in the same hour of the weeks before it, and one that was hardly heard.
    ask(
        "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected,"
        " closed_by, generation, epoch, chunk)"
        " SELECT 'log_lines', 'srv-a', 'hour', start, start + toIntervalHour(1), heard, lines, lines, lines, heard, 60,"
        f" 'watermark', 0, {first}, 0 FROM (SELECT toDateTime64(toStartOfHour(now('UTC')), 3, 'UTC') - toIntervalHour(2)"
        " - toIntervalWeek(number) AS start, 60 AS heard, if(number = 0, 900, 10 + number) AS lines FROM numbers(5) UNION ALL"
        " SELECT toDateTime64(toStartOfHour(now('UTC')), 3, 'UTC') - toIntervalHour(4), 10, 3)"
    )
    ask(
        "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected,"
        " closed_by, generation, epoch, chunk)"
        " SELECT measure, 'srv-a', 'hour', start, start + toIntervalHour(1), 60, alerts, alerts, alerts, 60, 60, 'watermark',"
        f" 0, {first}, 0 FROM (SELECT toDateTime64(toStartOfHour(now('UTC')), 3, 'UTC') - toIntervalHour(2) AS start)"
        " ARRAY JOIN ['alerts_raised', 'alerts_lost'] AS measure, [120, 23] AS alerts"
    )
    ask(
        "INSERT INTO measure (pack, id, name_vi, name_en, count, group_of, grouped_by, member, windows)"
        " SELECT argMax(version, published_at), id, 'Cảnh báo', 'Alerts', count, group_of, by, member, ['hour'] FROM pack"
        " ARRAY JOIN ['attackers', 'graded_high'] AS id, ['sources', 'events'] AS count, ['', 'graded'] AS group_of,"
        " ['', 'severity'] AS by, ['', 'high'] AS member GROUP BY id, count, group_of, by, member"
    )
    ask(
        "INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected,"
        " closed_by, registers.number, registers.rank, generation, epoch, chunk)"
        " SELECT measure, log_source, 'hour', start, start + toIntervalHour(1), 60, 2, 2, 2, 60, 60, 'watermark',"
        f" if(measure = 'attackers', [7, 9], []), if(measure = 'attackers', [3, 1], []), 0, {first}, 0"
        " FROM (SELECT toStartOfHour(now('UTC')) - toIntervalHour(2) AS start)"
        " ARRAY JOIN ['attackers', 'attackers', 'graded_high'] AS measure, ['srv-a', 'srv-b', 'srv-a'] AS log_source"
    )
    ask(
        "INSERT INTO reject (feed, received_at, log, partition, offset, row, whole, address, reason, place, message_vi,"
        " message_en, raw, raw_length, generation, epoch, chunk) VALUES ('logs', '2026-03-02 10:00:00', 1, 0, 3000, 0, true,"
        ' \'auth.log\', \'lost\', \'\', \'mất\', \'lost\', \'{"lost":"gone","at_least_bytes":7}\', 34, 0,'
        f" {first}, 0)"
    )
    # A replay that was carried out, and a message that it read.
    for state, messages, epoch in (("asked", 0, first), ("done", 1, second)):
        ask(
            "INSERT INTO replay (of_feed, reason, received_from, received_until, state, messages, user, note, feed, sender,"
            " received_at, log, partition, offset, row, generation, epoch, chunk) VALUES ('push', '', '2026-03-01 00:00:00',"
            f" '2026-03-02 00:00:00', '{state}', {messages}, 'an', 'thêm SO2', 'operator', 'page', '2026-03-02 11:00:00',"
            f" 1, 0, 3001, 0, 0, {epoch}, 0)"
        )
    ask(
        "INSERT INTO replayed (reread, good, before, rejected, replay_log, replay_partition, replay_offset, replay_row, feed,"
        " sender, received_at, log, partition, offset, row, generation, epoch, chunk) VALUES ('read', 2, 3, 1, 1, 0, 3001, 0,"
        f" 'push', 'agency', '2026-03-01 10:00:00', 1, 0, 2999, 0, 0, {second}, 0)"
    )
    # A form's month: five figures of a commune, one of them corrected, and another agency's word on one of them.
    said = (
        "INSERT INTO report_value (form, indicator, breakdown, place, place_from, period_kind, period_start, period_end,"
        " agency, vintage, owner, mark, value, was_mark, was_value, standing, shown, feed, sender, received_at, log,"
        " partition, offset, row, generation, epoch, chunk)"
        " SELECT 'ktxh-x', indicator, '', '25486', '2025-07-01', 'admin_month', '2026-09-15', '2026-10-14', {agency},"
        " 'official', '25486', 'value', value, {was}, '{standing}', {shown}, 'push', {agency}, '2026-10-16 09:40:00',"
        " 1, 0, {offset}, 0, 0, {epoch}, 0 FROM (SELECT {indicators} AS indicator, {values} AS value)"
    )
    first_words = "arrayJoin(['X01', 'X02', 'X03'])", "toDecimal128(312, 9)"
    for agency, was, standing, shown, offset, epoch, (indicators, values) in (
        ("'25486'", "'', NULL", "first", "true", 4000, first, first_words),
        ("'25486'", "'value', toDecimal128(312, 9)", "correction", "true", 4001, second, ("'X02'", "toDecimal128(1130, 9)")),
        ("'so-x'", "'', NULL", "first", "false", 4002, second, ("'X03'", "toDecimal128(91, 9)")),
    ):
        ask(said.format(**locals()))
    ask(
        "INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk) VALUES ('report_value',"
        f" 'ktxh-x/X02', '25486@2025-07-01/', 'admin_month', '2026-09-15 00:00:00', 0, {second}, 0)"
    )
    ask(
        "INSERT INTO form_indicator (pack, form, id, code, name_vi, name_en, unit, additive, numerator, denominator)"
        " SELECT argMax(version, published_at), 'ktxh-x', indicator.1, indicator.1, 'Hồ sơ', 'Dossiers', 'hồ sơ', true,"
        " indicator.2, indicator.3 FROM pack ARRAY JOIN [('X01', '', ''), ('X02', '', ''), ('X03', '', ''),"
        " ('on_time', 'X02', 'X01')] AS indicator GROUP BY indicator"
    )
    ask(
        "INSERT INTO place (pack, code, valid_from, kind, name_vi, name_en, parent)"
        " SELECT argMax(version, published_at), '25486', '2025-07-01', 'commune', 'Xã Tân Biên', 'Tan Bien', '80' FROM pack"
    )
    ask(
        "INSERT INTO form_place (pack, form, code, valid_from)"
        " SELECT argMax(version, published_at), 'ktxh-x', '25486', '2025-07-01' FROM pack"
    )
    # It was made of two communes of the province of before.
    for map_from, to_from, weight, reason in (("1970-01-01", "2025-07-01", 0, "merged_backwards"), ("2025-07-01", "2025-07-01", 1, "")):
        ask(
            "INSERT INTO place_conversion (pack, map_from, from_code, from_valid_from, to_code, to_valid_from, weight, alone, reason)"
            f" SELECT argMax(version, published_at), '{map_from}', '25486', '2025-07-01', '25486', '{to_from}', {weight}, {weight},"
            f" '{reason}' FROM pack"
        )
    ask(
        "INSERT INTO place_unit (pack, map_from, from_code, from_valid_from, unit_code, unit_valid_from, weight)"
        " SELECT argMax(version, published_at), '1970-01-01', '25486', '2025-07-01', '72', '1970-01-01', 1 FROM pack"
    )
    ask(
        "INSERT INTO place (pack, code, valid_from, valid_to, kind, name_vi, name_en)"
        " SELECT argMax(version, published_at), '72', '1970-01-01', '2025-06-30', 'province', 'Tỉnh Tây Ninh', 'Tay Ninh' FROM pack"
    )
    ask(
        "INSERT INTO place_group (pack, id, name_vi, name_en, of_code, of_valid_from, code, valid_from)"
        " SELECT argMax(version, published_at), 'tay-ninh-cu', 'Tây Ninh cũ', 'Old Tay Ninh', '72', '1970-01-01', '25486',"
        " '2025-07-01' FROM pack"
    )
    ask(
        "INSERT INTO target (pack, id, name_vi, name_en, valid_from, valid_to, tiers, form, numerator, denominator, over, sense,"
        " target, basis) SELECT argMax(version, published_at), 'B04', 'Đúng hạn', 'On time', '2021-01-01', '2026-12-31',"
        " ['commune'], 'ktxh-x', ['X02'], ['X01'], 'latest', 'at_least', 80, '794' FROM pack"
    )
    ask(
        "INSERT INTO receipt (form, agency, period_kind, period_start, period_end, verdict, rows, stored, changed, same,"
        " rejected, findings.weight, findings.rule, findings.at, findings.stands, findings.message_vi, findings.message_en,"
        " feed, sender, received_at, log, partition, offset, row, generation, epoch, chunk) VALUES"
        " ('ktxh-x', '25486', 'admin_month', '2026-09-15', '2026-10-14', 'refused', 5, 0, 0, 0, 5, ['error'], ['empty'], [''],"
        f" [''], ['không có giá trị'], ['nothing in it'], 'push', '25486', '2026-10-15 02:00:00', 1, 0, 3999, 0, 0, {first}, 0)"
    )
    # Three months that a commune missed, of one of which the report came; one that it has not met yet; and what that raised.
    owed = (
        "INSERT INTO obligation (form, agency, place, place_from, period_kind, period_start, period_end, period_label, owed_from,"
        " due_at, state, received_at, late_seconds, rejected, rejected_at, reminders, said_at, generation, epoch, chunk) VALUES"
        " ('ktxh-x', '25486', '25486', '2025-07-01', 'admin_month', '{start}', '{end}', '{label}', '{end} 17:00:00', '{due}', '{state}',"
        " {received}, {late}, {rejected}, {attempt}, {reminders}, now64(3), 0, {epoch}, 0)"
    )
    months = (
        ("2026-07-15", "2026-08-14", "2026-08", "2026-08-18 10:00:00", "missing", 1),
        ("2026-08-15", "2026-09-14", "2026-09", "2026-09-16 10:00:00", "missing", 2),
        ("2026-09-15", "2026-10-14", "2026-10", "2026-10-16 10:00:00", "missing", 3),
        ("2026-10-15", "2026-11-14", "2026-11", "2026-11-17 10:00:00", "due", 0),
    )
    for start, end, label, due, state, reminders in months:
        received, late, rejected, attempt, epoch = "NULL", "NULL", 0, "NULL", first
        ask(owed.format(**locals()))
    received, late, rejected, attempt, epoch = "'2026-10-17 01:15:00'", "54900", 1, "'2026-10-15 02:00:00'", second
    start, end, label, due, _, reminders = months[2]
    state = "late"
    ask(owed.format(**locals()))
    ask(
        "INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk) VALUES ('obligation', 'ktxh-x',"
        f" '25486', 'admin_month', '2026-09-15 00:00:00', 0, {second}, 0)"
    )
    ask(
        "INSERT INTO alert (rule, subject, number, about, change, priority, active, acknowledged, occurrences, at, measure,"
        " averaging, window_start, window_end, value, threshold, status, user, note, seq, generation, epoch, chunk)"
        " VALUES ('reminded-three-times', '25486', 1, 'agency', 'raised', 'low', true, false, 1, now64(3), 'reminders', '',"
        f" '2025-12-31 17:00:00', '2026-10-16 10:00:00.001', 3, 3, '', '', '', 0, 0, {first}, 0)"
    )
    ask(
        "INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)"
        f" SELECT 'observation', 'pm25', 'ST01', '', start, 0, {second}, 0 FROM ({HOURS}) WHERE hour = 5"
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("analysts"))
    _, token = ioc.add_sender("agency", "push")
    ioc.start()
    push(ioc, token, reading("ST02", 12.5))
    push(ioc, token, "not JSON")
    ioc.wait_drained()
    product = ioc.analyst(user="ioc")
    numbers = "SELECT groupArray(number) FROM (SELECT DISTINCT epoch.epoch AS number FROM epoch ORDER BY number LIMIT 2)"
    eventually(lambda: len(product.query(numbers).result_rows[0][0]) == 2)
    fill(product.command, *product.query(numbers).result_rows[0][0])
    yield ioc
    ioc.stop()


def test_the_guide_has_queries():
    assert len(QUERIES) >= 20
    assert len({query["sql"] for query in QUERIES}) == len(QUERIES)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query["title"])
def test_a_query_of_the_guide_answers_in_python(house, query):
    answer = house.analyst().query(query["sql"])
    assert answer.result_rows, "it found nothing: the query, or what this test puts into the tables, is wrong"


def test_the_queries_of_the_guide_answer_alike_in_javascript(house):
    installed.npm(CLIENTS, "@clickhouse/client")
    environment = os.environ | {
        "CLIENT_URL": f"http://127.0.0.1:{house.clickhouse}",
        "CLIENT_USER": "analyst",
        "CLIENT_PASSWORD": house.password_of("analyst"),
        "CLIENT_DATABASE": "ioc",
    }
    done = subprocess.run(
        ["node", "queries.mjs"], cwd=CLIENTS, env=environment, input=json.dumps(QUERIES), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    failed = [(answer["title"], answer["error"]) for answer in answers if "error" in answer]
    assert failed == []
    python = house.analyst()
    for query, answer in zip(QUERIES, answers, strict=True):
        expected = python.query(query["sql"])
        assert len(answer["rows"]) == len(expected.result_rows), query["title"]
        assert list(answer["rows"][0]) == list(expected.column_names), query["title"]


def test_a_deadline_of_any_length_is_no_reason_to_refuse_go_and_grafana(house, tmp_path):
    """The client makes `max_execution_time` of it, five seconds beyond: 305 of Grafana's longest."""
    one = "SELECT subject, value FROM observation_current WHERE subject = 'ST02'"
    deadlines = (5, 30, 59, 60, 300)
    go = Go(house, tmp_path)
    answers = go.ask([(one, seconds) for seconds in deadlines] + [(query["sql"], 60) for query in QUERIES])
    assert answers[: len(deadlines)] == [[["ST02", "12.5"]]] * len(deadlines)
    wrong = [(query["title"], answer) for query, answer in zip(QUERIES, answers[len(deadlines) :], strict=True) if isinstance(answer, str)]
    assert wrong == []
    assert all(answers), "it found nothing"


def test_limits_of_any_size_and_none_are_no_reason_to_refuse_tools_of_jdbc(house):
    one = "SELECT subject, value FROM observation_current WHERE subject = 'ST02'"
    many = "SELECT number FROM numbers(1000)"
    limits = [(0, 0), (5, 200), (64, 0), (3600, 200), (0, 100_000_000)]
    java = Java(house)
    answers = java.ask([(one, *limit) for limit in limits] + [(many, 64, 200), (many, 0, 0)])
    assert answers[: len(limits)] == [[["ST02", "12.5"]]] * len(limits)
    assert [len(answer) for answer in answers[len(limits) :]] == [200, 1000]


def test_local_times_and_comments_are_those_of_the_views(house, tmp_path):
    """What Grafana draws and DBeaver shows: an instant with its zone, and words beside every column."""
    local = "SELECT max(local_start), max(start_time) FROM air_quality_hourly WHERE local_start >= now() - INTERVAL 6 HOUR"
    ((start_local, start),) = Go(house, tmp_path).ask([(local, 60)])[0]
    moments = [datetime.datetime.fromisoformat(text) for text in (start_local, start)]
    assert moments[0] == moments[1] and start_local.endswith("+07:00")
    views = ["observation_current", "air_quality_hourly", "water_quality", "exceedance", "station_status"]
    for view, columns in zip(views, Java(house).ask([("columns", view) for view in views]), strict=True):
        assert len(columns) > 10 and all(words not in ("", "null") for _, words in columns), (view, columns)
    silent = "SELECT table, name FROM system.columns WHERE database = 'ioc' AND comment = ''"
    assert house.analyst().query(silent).result_rows == []


def test_a_typing_mistake_of_an_analyst_is_no_warning_of_the_product(house):
    for wrong in ("SELEC 1", "SELECT nothing FROM observation_current", "SELECT 1 SETTINGS max_rows_to_read = 0", "DROP TABLE pack"):
        with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError):
            house.analyst().command(wrong)
    server = house.data / "clickhouse" / "server.log"
    eventually(lambda: "SELEC 1" in server.read_text(errors="replace") and "DROP TABLE pack" in server.read_text(errors="replace"))
    assert [line for line in house.log().splitlines() if re.search(r"(WARN|ERROR) clickhouse:", line)] == []


def test_the_guide_names_every_view_and_every_column_of_every_table(house):
    analyst = house.analyst()
    kinds = dict(
        analyst.query("SELECT name, engine FROM system.tables WHERE database = 'ioc' AND name != 'migration'").result_rows
    )
    # Views with a parameter have no columns to ask for, and are known by their names.
    assert {"air_quality_hourly_known_at", "exceedance", "legal_limit"} <= set(kinds)
    assert [name for name in kinds if f"`{name}`" not in GUIDE] == []
    columns = analyst.query(
        "SELECT table, name FROM system.columns WHERE database = 'ioc' AND table != 'migration'"
    ).result_rows
    missing = []
    for table, column in columns:
        if kinds[table] == "View":
            continue
        section = GUIDE.split(f"### `{table}`\n")[1].split("\n### ")[0]
        names = re.findall(r"`(\w+)`", section)
        if not set(column.split(".")) <= set(names):
            missing.append((table, column))
    assert missing == []
    said = [(view, column) for view, column in columns if kinds[view] == "View" and view in said_views()]
    assert [(view, column) for view, column in said if column not in said_views()[view]] == []


def said_views():
    """The columns the guide says the views have."""
    table = GUIDE.split("## Columns of the views\n")[1].split("\n## ")[0]
    said = {}
    for names, columns in re.findall(r"^\| (`.*?`) \| (.*) \|$", table, re.M):
        for name in re.findall(r"`(\w+)`", names):
            said[name] = re.findall(r"[\w.]+", columns)
    return said

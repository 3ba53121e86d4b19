"""What a number by place costs on another map: 500 indicators, 96 communes, 120 months, and the 280 communes of before.

A form of 500 indicators lies in the tables of a running product as its flow would have stored it: of each month after 2025-06
the 96 communes of today, of each month before it as many as that of the 280 there were, so that 500 × 96 × 120 cells are
stored; and once more with all 280 of each month before, which is what a province has. Asked is as an analyst would, of one
indicator over all communes and all ten years: as reported, on today's map, on that of a day, and as known at a moment; an
indicator after the other, so that none is warm from the question before. One in a hundred cells was corrected. Then as a page
does, of one month: an indicator of all communes, and a commune of all indicators, in each of the three readings.
"""

import json
import math
import shutil
import time

from kit.figures import Figures, shown
from kit.product import PACK, ROOT, eventually, product, scratch
from kit.store import connect, settle, value

PROVINCE = ROOT / "deploy" / "provinces" / "tay-ninh"
INDICATORS, COMMUNES, MONTHS = 500, 96, 120
ASKED = 200
FORM = """[bench]
name = { vi = "Biểu", en = "Form" }
titles = ["*bench*"]
period = "month"
owner = "place"
places = { kinds = ["commune", "ward", "township"], below = ["72", "80"] }
[bench.indicators]
"""
INDICATOR = 'i{0:03} = {{ name = {{ vi = "Chỉ tiêu {0}", en = "Indicator {0}" }}, unit = "x", whole = true }}\n'
FIRST_EPOCH = 100_000
COLUMNS = (
    "form, indicator, breakdown, place, place_from, period_kind, period_start, period_end, agency, vintage, owner, mark,"
    " value, standing, shown, feed, sender, received_at, log, partition, offset, row, generation, epoch, chunk"
)
# A month is an epoch, since each of its cells comes with it.
CELLS = f"""
INSERT INTO report_value ({COLUMNS})
SELECT 'bench', concat('i', leftPad(toString(i), 3, '0')), '', p.code, p.valid_from, 'month', m.start,
    toDate32(toLastDayOfMonth(m.start)), p.code, 'official', p.code, 'value', toDecimal128(cityHash64(i, p.code, m.start) % 10000, 9),
    'first', true, 'push', 'communes', toDateTime64(m.start + 40, 3, 'UTC'), 1, 0, m.number, i, 0, {FIRST_EPOCH} + m.number, 0
FROM (SELECT number, toDate32(addMonths(toDate('2016-11-01'), number)) AS start FROM numbers({{from}}, {{count}})) AS m
CROSS JOIN
(
    SELECT code, valid_from, valid_to, row_number() OVER (PARTITION BY valid_from ORDER BY cityHash64(code)) AS at
    FROM place_current WHERE kind IN ('commune', 'ward', 'township')
) AS p
CROSS JOIN (SELECT number AS i FROM numbers({INDICATORS})) AS i
WHERE p.valid_from <= m.start AND ifNull(p.valid_to >= m.start, true) AND {{which}}
"""
CORRECTED = "cityHash64(indicator, place, period_start, 'corrected') % 100 = 0"
CORRECTIONS = f"""
INSERT INTO report_value ({COLUMNS})
SELECT {COLUMNS.replace(" value, standing", " value + 1, 'correction'").replace("epoch, chunk", "epoch + 1000, chunk")}
FROM report_value WHERE form = 'bench' AND standing = 'first' AND {CORRECTED}
"""
WORDS = """
INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'report_value', concat(form, '/', indicator), concat(place, '@', toString(place_from), '/', breakdown),
    toString(period_kind), toDateTime64(period_start, 3, 'UTC'), 0, epoch, 0
FROM report_value WHERE form = 'bench' AND standing = 'correction'
"""
COMMIT = """
INSERT INTO epoch (instance, generation, epoch, manifest_hash, now)
SELECT any(instance), 0, {epoch}, repeat('0', 64), {now} FROM epoch
"""
UNMARKED = """
SELECT count() FROM superseded AS s LEFT JOIN (SELECT fact, max(upto) AS upto FROM marked GROUP BY fact) AS m
    ON m.fact = s.fact WHERE s.epoch > m.upto
"""
VALUES = "SELECT place_code, period, value FROM {of} WHERE form = 'bench' AND indicator = '{indicator}'"
KNOWN = "known_at = '2026-01-06 00:00:01'"
READINGS = {
    "as reported": "report_cell",
    "on today's map": "report_on_todays_map",
    "on the map of 2025-06-30": "report_on_map(map_date = '2025-06-30')",
    "as known in January, as reported": f"report_cell_known_at({KNOWN})",
    "as known in January, on today's map": f"report_on_map_known_at(map_date = '2026-11-01', {KNOWN})",
    "as known in January, on the map of 2025-06-30": f"report_on_map_known_at(map_date = '2025-06-30', {KNOWN})",
}


def asked(client, of):
    """Milliseconds of each question, and how many lines the last one has."""
    took, lines = [], 0
    for at in range(ASKED):
        question = VALUES.format(of=of, indicator=f"i{at * 7 % INDICATORS:03}")
        began = time.perf_counter()
        lines = len(client.query(question).result_rows)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took), lines


def ask_all(figures, client, what, bar):
    for reading, of in READINGS.items():
        took, lines = asked(client, of)
        p99 = took[math.ceil(0.99 * len(took)) - 1]
        figures.add(
            f"one indicator, all communes, ten years, {what}: {reading}", p99, "ms", at_most=bar,
            beside=f"p99 of {ASKED}, the middle one {took[len(took) // 2]:.0f} ms; {shown(lines)} numbers",
        )


PAGE = "/api/reports/values?form=bench&period=2025-05&map={map}&{of}"
OF = {"one indicator, all communes": "indicator=i{:03}&part=", "all indicators, one commune": "place={}"}
COMMUNES_ASKED = "SELECT code FROM place_current WHERE valid_from = '2025-07-01' AND kind IN ('commune', 'ward') ORDER BY code"


def ask_page(figures, ioc, client, what):
    codes = [code for code, in client.query(COMMUNES_ASKED).result_rows]
    for of, asked_of in OF.items():
        for map in ("reported", "today", "2025-06-30"):
            took, lines = [], 0
            for at in range(ASKED // 4):
                name = codes[at % len(codes)] if "place" in asked_of else at * 7 % INDICATORS
                began = time.perf_counter()
                values = json.loads(ioc.get(PAGE.format(map=map, of=asked_of.format(name))))
                took.append((time.perf_counter() - began) * 1000)
                if values["more_cells"]:
                    raise RuntimeError(f"{of} of {map} are not told whole")
                lines = len(values["cells" if map == "reported" else "restated"])
            figures.add(
                f"page: {of} of a month, {what}, map {map}", max(took), "ms", at_most=500,
                beside=f"the slowest of {len(took)}, the middle one {sorted(took)[len(took) // 2]:.0f} ms; {shown(lines)} numbers",
            )


def fill(client, which):
    for start in range(0, MONTHS, 12):
        client.command(CELLS.format(**{"from": start, "count": 12}, which=which))


def measure():
    figures = Figures("restated")
    with scratch("restated-pack") as folder:
        pack = shutil.copytree(PACK, folder / "pack")
        for name in ("places.csv", "successions.csv", "groups.csv"):
            shutil.copy(PROVINCE / name, pack / name)
        (pack / "forms.toml").write_text(FORM + "".join(map(INDICATOR.format, range(INDICATORS))))
        with product("restated", pack=pack) as ioc:
            ask(figures, ioc, connect(ioc))


def ask(figures, ioc, client):
    eventually(lambda: value(client, "SELECT count() FROM epoch") > 0, seconds=30)
    fill(client, f"p.at <= {COMMUNES}")
    cells = value(client, "SELECT count() FROM report_value")
    if cells != INDICATORS * COMMUNES * MONTHS:
        raise RuntimeError(f"{cells} cells, and not {INDICATORS * COMMUNES * MONTHS}")
    for statement in (CORRECTIONS, WORDS):
        client.command(statement, settings={"max_partitions_per_insert_block": 0})
    client.command(COMMIT.format(epoch=FIRST_EPOCH + MONTHS // 2, now="'2026-01-06 00:00:00'"))
    client.command(COMMIT.format(epoch=FIRST_EPOCH + 2_000, now="now64(3)"))
    eventually(lambda: value(client, UNMARKED) == 0, seconds=300)
    settle(client)
    ask_all(figures, client, f"{shown(cells)} cells stored", 100)
    ask_page(figures, ioc, client, f"{shown(cells)} cells stored")
    fill(client, f"p.at > {COMMUNES}")
    settle(client)
    cells = value(client, "SELECT count() FROM report_value")
    ask_all(figures, client, f"{shown(cells)} cells, of all 280 communes of before", None)

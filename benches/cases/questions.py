"""What a question costs where 50 million readings lie, one in a hundred of them corrected.

The rows are put straight into the tables of a running product, as its flow would have stored them: 16,000 series of a
reading a minute in epochs of 5,000 rows, each correction an hour of epochs later as its key's last word, with its word in
`superseded`; and the minutes of 4,000 of these series as windows, one in a hundred revised. What is current is then asked
for as an analyst would, beside the same columns of the bare table with all its rows: when nothing is marked yet (ClickHouse
is kept from it), when all is, and when so much is unmarked again as is left before the product marks by itself. What the
page reads there goes through the product's own API.
"""

import shutil
import time

from kit.figures import Figures, shown
from kit.product import PACK, eventually, product, scratch
from kit.store import connect, settle, value

INDICATORS = ["pm25", "pm10", "no2", "o3", "so2", "co", "temperature", "humidity"]
SERIES, MINUTES = 16_000, 3_125
ROWS = SERIES * MINUTES
AN_EPOCH = 5_000
WINDOW_SERIES = 4_000
# What is left before the product marks by itself.
LEFT = 500
LATER = 720
FIRST = 100_000
LAST = FIRST + ROWS // AN_EPOCH + LATER + 10
COLUMNS = (
    "indicator, subject, event_time, value, quality, feed, sender, received_at, log, partition, offset, row, standing,"
    " generation, epoch, chunk"
)
READINGS = f"""
INSERT INTO observation ({COLUMNS})
SELECT {INDICATORS}[s % 8 + 1], concat('station-', toString(intDiv(s, 8))),
    toDateTime64('2026-01-05 00:00:00', 3, 'UTC') + toIntervalMinute(t) AS at,
    round(20 + 10 * sin(number) + rand(1) % 1000 / 100, 2), if(rand(2) % 100 = 0, 'calibrating', 'good'), 'push', 'gateway',
    at + toIntervalMillisecond(300 + rand(3) % 1000), 1, s % 4, number, 0, 'first', 0,
    {FIRST} + intDiv(number, {AN_EPOCH}), 0
FROM (SELECT number, number % {SERIES} AS s, intDiv(number, {SERIES}) AS t FROM numbers({{from}}, {{count}}))
"""
CORRECTED = "cityHash64(indicator, subject, event_time, 'corrected') % 100 = 0"
CORRECTIONS = f"""
INSERT INTO observation ({COLUMNS})
SELECT indicator, subject, event_time, value + 1, quality, feed, sender, received_at + INTERVAL 1 HOUR, log, partition,
    offset + 1000000000, row, 'correction', 0, epoch + {LATER}, 0
FROM observation WHERE standing = 'first' AND epoch >= {FIRST} AND {CORRECTED}
"""
WORDS = f"""
INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'observation', indicator, subject, '', event_time, 0, epoch, 0 FROM observation
WHERE standing = 'correction' AND epoch >= {FIRST}
"""
WINDOWS = f"""
INSERT INTO window (indicator, subject, kind, start_time, end_time, count, sum, min, max, received, expected, closed_by,
    generation, epoch, chunk)
SELECT indicator, subject, 'minute', event_time, event_time + INTERVAL 1 MINUTE, 1, value, value, value, 1, 1,
    if(standing = 'first', 'watermark', 'revision'), 0, epoch, 0
FROM observation WHERE epoch >= {FIRST} AND toUInt32(substring(subject, 9)) < {WINDOW_SERIES // 8}
"""
WINDOW_WORDS = f"""
INSERT INTO superseded (fact, measure, subject, kind, time, generation, epoch, chunk)
SELECT 'window', indicator, subject, 'minute', start_time, 0, epoch, 0 FROM window
WHERE closed_by = 'revision' AND epoch >= {FIRST}
"""
UNMARKED = """
SELECT count() FROM superseded AS s LEFT JOIN (SELECT fact, max(upto) AS upto FROM marked GROUP BY fact) AS m
    ON m.fact = s.fact WHERE s.epoch > m.upto
"""
COMMIT = f"""
INSERT INTO epoch (instance, generation, epoch, manifest_hash, now)
SELECT any(instance), 0, {{epoch}}, repeat('0', 64), now64(3) FROM epoch
"""
SHOWN = "indicator, subject, event_time, value, quality, feed, received_at, log, partition, offset, row, standing, sender"
QUESTIONS = {
    "count()": "SELECT count() FROM {of} WHERE NOT ignore(value)",
    "newest ten of all": f"SELECT {SHOWN} FROM {{of}} ORDER BY event_time DESC LIMIT 10",
    "mean by station of one indicator": "SELECT subject, avg(value) FROM {of} WHERE indicator = 'o3' GROUP BY subject",
    "one series, last 100": "SELECT event_time, value FROM {of} WHERE indicator = 'o3' AND subject = 'station-77'"
    " ORDER BY event_time DESC LIMIT 100",
}
OF_WINDOWS = "SELECT subject, sum(sum) / sum(count) FROM {of} WHERE kind = 'minute' AND indicator = 'o3' GROUP BY subject"


def asked(client, question):
    """Milliseconds, the middle of five, and the most megabytes."""
    took, memory = [], 0
    for _ in range(5):
        began = time.perf_counter()
        answer = client.query(question)
        took.append(time.perf_counter() - began)
        memory = max(memory, int(answer.summary.get("memory_usage", 0)) / 1e6)
    return sorted(took)[2] * 1000, memory


def ask_all(figures, client, when, bars):
    """Every question of the bare table and of what is current."""
    for what, question in QUESTIONS.items():
        bare, _ = asked(client, question.format(of="observation"))
        took, memory = asked(client, question.format(of="observation_current"))
        at_most = None
        if bars:
            at_most = {"one series, last 100": 30, "mean by station of one indicator": 3 * bare}.get(what, 1_500)
        figures.add(
            f"current of {shown(ROWS)} readings, {when}: {what}", took, "ms", at_most=at_most,
            beside=f"bare table, all rows {bare:.0f} ms; {memory:.0f} MB", memory=memory, bare=bare,
        )
        if bars and memory > 1_000:
            raise RuntimeError(f"{what}: {memory:.0f} MB")


STATION = """
[station-77]
name = { vi = "Trạm 77", en = "Station 77" }
kind = "ambient_air"
place = { code = "25459", valid_from = 2025-07-01 }
valid_from = 2025-07-01
measures = { o3 = "1m" }
"""
# Two weeks are all there is of a series; a day of it is what a chart opens with.
SERIES_READ = "/api/series?subject=station-77&indicator=o3&kind=point&points=2000"
READS = {
    "a series whole, thinned to 2,000": SERIES_READ,
    "a day of a series": f"{SERIES_READ}&from=1767571200000&to=1767657600000",
    "the rows of an envelope": f"/api/lineage/envelope/1-{77 % 4}-{SERIES * 100 + 77}",
    "the last rejects": "/api/rejects",
    "the overview": "/api/overview",
}


def read_all(figures, ioc, when):
    """What the page asks for, the slowest of twenty."""
    for what, path in READS.items():
        took = []
        for _ in range(20):
            began = time.perf_counter()
            ioc.get(path)
            took.append(time.perf_counter() - began)
        figures.add(
            f"page: {what}, {when}", max(took) * 1000, "ms", at_most=500,
            beside=f"the slowest of 20, the middle one {sorted(took)[10] * 1000:.0f} ms",
        )


def fill(client):
    step = ROWS // 10
    for start in range(0, ROWS, step):
        client.command(READINGS.format(**{"from": start, "count": step}))
    for statement in (CORRECTIONS, WORDS, WINDOWS, WINDOW_WORDS):
        client.command(statement)
    client.command(COMMIT.format(epoch=LAST))


def measure():
    figures = Figures("questions")
    with scratch("questions-pack") as folder:
        pack = shutil.copytree(PACK, folder / "pack")
        (pack / "stations.toml").write_text(STATION)
        ask(figures, pack)


def ask(figures, pack):
    with product("questions", pack=pack) as ioc:
        client = connect(ioc)
        eventually(lambda: value(client, "SELECT count() FROM epoch") > 0, seconds=30)
        # Mutations wait, merges of the fill too: none is as large as what they would make.
        fill(client)
        for table in ("observation", "window"):
            client.command(f"OPTIMIZE TABLE {table} FINAL", settings={"optimize_throw_if_noop": 0})
            client.command(f"SYSTEM STOP MERGES {table}")
        settle(client)
        words = value(client, "SELECT count() FROM superseded WHERE fact = 'observation'")
        ask_all(figures, client, f"none of {shown(words)} words marked", bars=False)
        for table in ("observation", "window"):
            client.command(f"SYSTEM START MERGES {table}")
        began = time.monotonic()
        eventually(lambda: value(client, UNMARKED) == 0, seconds=600)
        figures.add("until all of them are marked", time.monotonic() - began, "s", beside="in the background")
        settle(client)
        ask_all(figures, client, "all marked", bars=True)
        read_all(figures, ioc, "all marked")

        client.command(
            f"INSERT INTO epoch (instance, generation, epoch, manifest_hash, now) SELECT any(instance), 0,"
            f" {FIRST + ROWS // AN_EPOCH // 2}, repeat('0', 64), '2026-01-06 00:00:00' FROM epoch"
        )
        question = QUESTIONS["mean by station of one indicator"]
        then, memory = asked(client, question.format(of="observation_known_at(known_at = '2026-01-06 00:00:01')"))
        bare, _ = asked(client, question.format(of="observation"))
        figures.add(
            "mean by station of one indicator, as known half way", then, "ms", at_most=3 * bare,
            beside=f"bare table, all rows {bare:.0f} ms; {memory:.0f} MB",
        )
        bare, _ = asked(client, OF_WINDOWS.format(of="window"))
        took, memory = asked(client, OF_WINDOWS.format(of="window_current"))
        figures.add(
            f"mean by station of {shown(WINDOW_SERIES * MINUTES)} minutes, window_current", took, "ms", at_most=3 * bare,
            beside=f"bare table, all rows {bare:.0f} ms; {memory:.0f} MB",
        )

        more = f"indicator = 'pm10' AND event_time >= '2026-01-06 00:00:00' AND standing = 'first' LIMIT {LEFT}"
        client.command(
            f"INSERT INTO observation ({COLUMNS}) SELECT indicator, subject, event_time, value + 2, quality, feed, sender,"
            f" now64(3), log, partition, offset + 2000000000, row, 'correction', 0, {LAST + 1}, 0 FROM observation WHERE {more}"
        )
        client.command(WORDS.replace(f"epoch >= {FIRST}", f"epoch = {LAST + 1}"))
        client.command(COMMIT.format(epoch=LAST + 1))
        ask_all(figures, client, f"{shown(LEFT)} words not marked", bars=True)
        read_all(figures, ioc, f"{shown(LEFT)} words not marked")
        if value(client, "SELECT count() FROM observation_current WHERE subject LIKE 'station-%'") != ROWS:
            raise RuntimeError("a key has not one row")

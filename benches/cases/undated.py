"""Whether an event that does not say when it happened is stored already: asked at all times, where twenty million lie.

Events of a year are put straight into the table of a running product, as its flow would have stored them: those of a
firewall, of which one in a million does not say when it happened, those of a server, of which one in ten thousand does not
(so that most granules have one), and those of a program whose lines never do. Then the
store is asked as the flow asks it for lines that it does not remember: for one, for a moment's, for as many as are asked for
at once, none of which is there. Beside it the same without the index that says where such events lie.
"""

import statistics
import time

from kit.figures import Figures, shown
from kit.product import eventually, product
from kit.store import connect, settle, value

MANY, FEW = 20_000_000, 2_000_000
EPOCH = 100_000
ASKED = [1, 25, 2_000]
RUNS = 5
INDEX = "time_from_set"
EVENTS = f"""
INSERT INTO event (kind, log_source, known, happened_at, time_from, severity, rated, message, weight, key, feed, sender,
    received_at, log, partition, offset, row, generation, epoch, chunk)
SELECT if(number % 3 = 0, 'log', 'block'), '{{log_source}}', true,
    toDateTime64('2025-12-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(intDiv(number * 31_000_000_000, {{all}})) AS at,
    {{time_from}}, 'info', 'syslog 6', 'a line', 1, sipHash128('{{log_source}}', number), 'files', 'gateway', at, 1, 0,
    number, 0, 0, {EPOCH} + intDiv(number, 5_000), 0
FROM numbers({{from}}, {{count}})
"""
SOURCES = {
    "fw-bench": (MANY, "one in a million undated", "if(number % 1000000 = 77, 'arrival', 'stated')"),
    "srv-bench": (MANY, "one in ten thousand undated", "if(number % 10000 = 77, 'arrival', 'stated')"),
    "app-bench": (FEW, "all undated", "'arrival'"),
}
# As `storage/src/recall.rs` asks.
QUESTION = """
SELECT DISTINCT lower(hex(found.key)) AS key FROM (
    SELECT e.key AS key FROM event AS e
    WHERE e.key IN (SELECT toFixedString(unhex(arrayJoin({keys})), 16)) AND e.log_source = '{log_source}'
    AND e.time_from IN ('arrival', 'absurd') AND e.generation = 0 AND e.epoch <= 1000000000
) AS found ORDER BY key
"""


def ask(client, log_source, keys, without=False):
    """Milliseconds, the middle of five, and what was read."""
    settings = {"ignore_data_skipping_indices": INDEX} if without else {}
    took = []
    for run in range(RUNS):
        new = [f"{run:02x}{number:030x}" for number in range(keys)]
        began = time.perf_counter()
        found = client.query(QUESTION.format(keys=new, log_source=log_source), settings=settings)
        took.append((time.perf_counter() - began) * 1000)
        if found.result_rows:
            raise RuntimeError("a key is there that is not")
    return statistics.median(took), int(found.summary["read_rows"])


def stored_before(client, log_source, offset):
    """That what lies there is found: one undated event of it."""
    key = value(client, f"SELECT lower(hex(key)) FROM event WHERE log_source = '{log_source}' AND offset = {offset}")
    found = client.query(QUESTION.format(keys=[key], log_source=log_source)).result_rows
    if found != [(key,)]:
        raise RuntimeError(f"{key} is stored and was not found")


def measure():
    figures = Figures("undated")
    with product("undated") as ioc:
        client = connect(ioc)
        eventually(lambda: value(client, "SELECT count() FROM epoch") > 0, seconds=60)
        for log_source, (rows, _, time_from) in SOURCES.items():
            for start in range(0, rows, 5_000_000):
                count = min(5_000_000, rows - start)
                statement = EVENTS.format(**{"from": start}, count=count, all=rows, log_source=log_source, time_from=time_from)
                client.command(statement, settings={"max_partitions_per_insert_block": 0})
        settle(client, seconds=120)
        for log_source, (rows, what, _) in SOURCES.items():
            stored_before(client, log_source, 77)
            for keys in ASKED:
                took, read = ask(client, log_source, keys)
                slow, all_read = ask(client, log_source, keys, without=True)
                figures.add(
                    f"{shown(keys)} undated looked for among {shown(rows)} of their log source, {what}", took, "ms", at_most=500,
                    beside=f"{shown(read)} rows read; without the index {slow:,.0f} ms, {shown(all_read)} rows",
                )

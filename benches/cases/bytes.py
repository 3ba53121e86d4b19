"""What an observation takes on ClickHouse's disk: 10M readings in the shape of real ones, column by column.

60 stations send nine indicators every five minutes for two months, one message a station and moment. They are pushed
through the product at speed; then their columns of arrival are laid as they would lie had the messages come when they
were measured, a few seconds late, because arrival times and epochs of one push compress better than life does. Both
are merged into one part a month. Beside it, the same rows in the same order as Parquet with zstd.
"""

import time
import urllib.request

import pyarrow as arrow
import pyarrow.parquet as parquet

from kit import pack
from kit.figures import Figures, shown
from kit.product import Pusher, eventually, product, rows, scratch
from kit.readings import INDICATORS, recorded
from kit.store import connect, settle, value

STATIONS = 60
HOURS = 24 * 66
# What lies in a table as the product made it, but for the columns of arrival.
AS_LIVED = """
INSERT INTO lived WITH event_time + INTERVAL 2000 + cityHash64(subject, event_time) % 5000 MILLISECOND AS arrival
SELECT * REPLACE (
    arrival AS received_at,
    cityHash64(subject) % 2 AS partition,
    intDiv(toUnixTimestamp(event_time), 300) * {half} + cityHash64(event_time, subject) % {half} AS offset,
    indexOf({indicators}, toString(indicator)) - 1 AS row,
    intDiv(toUnixTimestamp64Milli(arrival), 400) AS epoch,
    0 AS chunk)
FROM observation SETTINGS max_insert_threads = 1
"""


def column_bytes(client, table):
    """column → bytes on disk of it and its marks, and of the whole table with indices."""
    columns = client.query(
        f"""SELECT column, sum(column_data_compressed_bytes + column_marks_bytes) AS bytes FROM system.parts_columns
            WHERE active AND database = 'ioc' AND table = '{table}' GROUP BY column ORDER BY bytes DESC"""
    ).result_rows
    total = value(
        client,
        f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'ioc' AND table = '{table}'",
    )
    return dict(columns), total


def merged(client, table):
    client.command(f"OPTIMIZE TABLE {table} FINAL", settings={"optimize_throw_if_noop": 0})
    settle(client)


def as_parquet(ioc, folder):
    """Bytes of the rows as one Parquet file with zstd: all columns, and what was measured alone."""
    query = (
        "SELECT * FROM lived ORDER BY indicator, subject, event_time FORMAT ArrowStream"
        " SETTINGS output_format_arrow_low_cardinality_as_dictionary = 1"
    )
    request = urllib.request.Request(f"http://127.0.0.1:{ioc.clickhouse}/?database=ioc", query.encode())
    request.add_header("X-ClickHouse-User", "ioc")
    request.add_header("X-ClickHouse-Key", ioc.password_of("ioc"))
    whole, measured = folder / "whole.parquet", folder / "measured.parquet"
    wanted = ["indicator", "subject", "event_time", "value", "quality"]
    with urllib.request.urlopen(request, timeout=120) as answer:
        table = arrow.ipc.open_stream(answer).read_all().unify_dictionaries().combine_chunks()
    options = {"compression": "zstd", "compression_level": 3}
    parquet.write_table(table, whole, **options)
    parquet.write_table(table.select(wanted), measured, **options)
    return whole.stat().st_size, measured.stat().st_size


def measure():
    figures = Figures("bytes")
    with scratch("bytes-lines") as folder:
        lines = folder / "lines.json"
        count = recorded(lines, STATIONS, HOURS, int(time.time()))
        with product("bytes", pack=pack.with_indicators(folder / "pack")) as ioc, open(lines, "rb") as source:
            client = connect(ioc)
            Pusher(ioc).push(source, backlog=2_000_000)
            eventually(lambda: rows(ioc, "push")["stored"] == count, seconds=150)
            pushed = column_bytes(client, "observation")[1]
            client.command("CREATE TABLE lived AS observation")
            client.command(AS_LIVED.format(half=STATIONS // 2, indicators=INDICATORS))
            for table in ("observation", "lived"):
                merged(client, table)
            at_once = column_bytes(client, "observation")[1]
            columns, total = column_bytes(client, "lived")
            if value(client, "SELECT count() FROM lived") != count:
                raise RuntimeError("rows were lost on the way")
            whole, measured = as_parquet(ioc, folder)
    each = ", ".join(f"{name} {bytes / count:.2f}" for name, bytes in columns.items() if bytes / count >= 0.005)
    figures.add(
        f"{shown(count)} readings, on disk in ClickHouse, as if they had come when measured",
        total / count, "bytes a row",
        beside=f"columns: {each}. Pushed at once: {at_once / count:.2f}, before merges {pushed / count:.2f}. Parquet "
        f"zstd, same rows and columns: {whole / count:.2f}; without the columns of arrival {measured / count:.2f}",
        columns={name: bytes / count for name, bytes in columns.items()},
    )

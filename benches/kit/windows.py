"""Whether two engines made the same windows: one digest over all of them.

Columns: station, indicator, start in milliseconds, count, sum, min, max; more are passed over. Count, minimum and
maximum are compared bit for bit. The sum of doubles depends on their order, which no two engines share, so it enters
to four decimals: the readings have two, and what rounding adds lies ten digits below.
"""

import duckdb

COLUMNS = ["station", "indicator", "start", "count", "sum", "min", "max"]


def digest(pattern, before):
    """(windows, digest) of the windows that end at or before that moment; a stream closes the last ones or not."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    rows = f"read_csv('{pattern}', header = false, all_varchar = true)"
    width = len(connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall())
    names = COLUMNS + [f"more_{number}" for number in range(width - len(COLUMNS))]
    aliases = ", ".join(names)
    return connection.execute(
        f"""SELECT count(*), bit_xor(hash(station, indicator, start::BIGINT, "count"::BIGINT,
                round("sum"::DOUBLE * 10000)::BIGINT, "min"::DOUBLE, "max"::DOUBLE))
            FROM {rows} AS row({aliases}) WHERE start::BIGINT + 60000 <= {before}"""
    ).fetchone()

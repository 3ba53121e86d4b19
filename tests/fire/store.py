"""What came of it: tables of a running `ioc`'s store, handed to DuckDB as Parquet, and the archive's own files."""

import clickhouse_connect

import archive

MILLIS = "toUnixTimestamp64Milli({})"


def client(ioc):
    """The product's own user: analysts have limits that a table of millions meets."""
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=ioc.clickhouse, username="ioc", password=ioc.password_of("ioc"), database="ioc",
        send_receive_timeout=600,
    )


def export(asked, query, path):
    """The answer as a Parquet file."""
    answer = asked.raw_stream(query, fmt="Parquet", settings={"max_memory_usage": 6_000_000_000})
    with answer as rows, open(path, "wb") as file:
        for block in rows:
            file.write(block)


# What is compared with the recomputation, in its words.
OBSERVED = f"""
    SELECT indicator::String AS indicator, subject::String AS subject, {MILLIS.format('event_time')} AS time, value,
        log, partition, offset AS position, row, epoch FROM observation
    WHERE standing != 'restored'
"""
CURRENT = f"""
    SELECT indicator::String AS indicator, subject::String AS subject, {MILLIS.format('event_time')} AS time, value
    FROM observation_current
"""
WINDOWS = f"""
    SELECT toString(kind) AS kind, indicator::String AS indicator, subject::String AS subject,
        {MILLIS.format('start_time')} AS start, count, sum, min, max FROM window_current WHERE count > 0
"""
REJECTS = "SELECT log, partition, offset AS position, row, whole, reason::String AS reason, epoch FROM reject"
INDICES = f"""
    SELECT `index`::String AS word, subject::String AS subject, toString(kind) AS kind,
        {MILLIS.format('start_time')} AS start, value FROM index_current
"""


def read(base, ioc, folder):
    """Tables `observed`, `current_held`, `window_held`, `rejected`, `index_held`, `envelope`."""
    asked = client(ioc)
    named = {
        "observed": OBSERVED,
        "current_held": CURRENT,
        "window_held": WINDOWS,
        "rejected": REJECTS,
        "index_held": INDICES,
    }
    for name, query in named.items():
        path = folder / f"{name}.parquet"
        export(asked, query, path)
        base.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
    files = ", ".join(f"'{path}'" for path in archive.files(ioc))
    base.execute(
        f"""
        CREATE TABLE envelope AS
        SELECT log, partition, "offset" AS position, feed, payload,
            regexp_extract(TRY(decode(payload)), '"n":"([^"]*)"', 1) AS tag
        FROM read_parquet([{files}])
        """
    )


def balance(ioc):
    """The totals of `feed_balance` over all feeds."""
    names = (
        "envelopes_received", "envelopes_decoded", "envelopes_empty", "envelopes_undecodable", "envelopes_astray",
        "rows_decoded", "rows_stored", "rows_duplicate", "rows_rejected", "rows_waiting", "rows_astray",
    )
    sums = ", ".join(f"sum({name})" for name in names)
    return dict(zip(names, client(ioc).query(f"SELECT {sums} FROM feed_balance").result_rows[0], strict=True))

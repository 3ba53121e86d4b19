#!/usr/bin/env python3
"""W1 in DuckDB, as a batch over the file: the exact answer all others are held against, and a peer.

duckdb_w1.py INPUT OUTPUT.csv
"""

import sys

import duckdb

ANSWER = """
COPY (
    WITH line AS (
        SELECT text FROM read_csv($input, header = false, auto_detect = false, columns = {{'text': 'VARCHAR'}},
            delim = '\x01', quote = '', escape = '', max_line_size = 65536)),
    parsed AS (
        SELECT json_transform(CASE WHEN json_valid(text) THEN text END,
            '{{"ts": "VARCHAR", "station": "VARCHAR", "indicator": "VARCHAR", "value": "JSON"}}') AS field FROM line),
    reading AS (
        SELECT DISTINCT field.station AS station, field.indicator AS indicator,
            try_cast(field.ts AS TIMESTAMP) AS ts, try_cast(field.value AS DOUBLE) AS value
        FROM parsed)
    SELECT station, indicator, epoch_ms(date_trunc('minute', ts)) AS start, count(*), sum(value), min(value), max(value)
    FROM reading
    WHERE ts IS NOT NULL AND value IS NOT NULL AND station IS NOT NULL AND indicator IS NOT NULL
    GROUP BY ALL
) TO '{output}' (header false)
"""


def main():
    source, output = sys.argv[1:3]
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    connection.execute(ANSWER.format(output=output).replace("$input", f"'{source}'"))


if __name__ == "__main__":
    main()

"""What must have come of what was acknowledged, worked out by DuckDB from the journals alone.

By the rule the product states: of the values sent for a key, the one that was new last is current; a pane is the sum
of its minute's values in the order of their moments; a window is the sum of its panes in time order. Sums of floating
point depend on their order, so they are folded one by one: the figures must be equal bit for bit.
"""

import duckdb

from fire.journal import COLUMNS
from fire.pack import FILE_CODES, LATENESS

MINUTE = 60_000
LENGTHS = {"minute": MINUTE, "hour": 60 * MINUTE, "day": 1440 * MINUTE}
# The pack's zone, Asia/Ho_Chi_Minh, has no daylight saving time.
ZONE = 7 * 60 * MINUTE


def connect(folder):
    """A database on disk, so that a long run does not need its journals in memory."""
    base = duckdb.connect(str(folder / "check.duckdb"))
    base.execute("SET memory_limit = '4GB'; SET threads = 2; SET preserve_insertion_order = false")
    return base


def read_journals(base, folder):
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    base.execute(
        f"""
        CREATE TABLE journal AS
        SELECT * EXCLUDE (filename), parse_filename(filename, true) AS publisher FROM read_json(
            '{folder}/*.jsonl', format = 'newline_delimited', columns = {{{columns}}}, filename = true
        );

        CREATE TABLE acknowledged AS
        SELECT DISTINCT publisher, acknowledged AS id FROM journal WHERE acknowledged IS NOT NULL;

        CREATE TABLE sent AS
        SELECT publisher, sent AS id, publisher || '-' || sent AS tag, clock, kind, indicator, subject, time, value,
            unhex(payload) AS payload
        FROM journal WHERE sent IS NOT NULL;
        DROP TABLE journal;
        """
    )


def work_out(base):
    """Tables of what must be: `known` values, `current` ones, and `wanted` windows of each kind."""
    base.execute(
        f"""
        -- A subject's messages come from one publisher, so their numbers are the order in which they were sent.
        CREATE TABLE known AS
        SELECT indicator, subject, time, value, min(id) AS first
        FROM sent WHERE indicator IS NOT NULL GROUP BY ALL;

        CREATE TABLE current AS
        SELECT indicator, subject, time, arg_max(value, first) AS value FROM known GROUP BY ALL;

        CREATE TABLE pane AS
        SELECT indicator, subject, time // {MINUTE} * {MINUTE} AS minute, count(*) AS count,
            {fold('value', 'time')} AS sum, min(value) AS min, max(value) AS max
        FROM current GROUP BY indicator, subject, minute;

        -- Up to here the station's own data say that it is complete.
        CREATE TABLE watermark AS
        SELECT subject, max(time) - if(subject IN {tuple(FILE_CODES)}, {LATENESS['files']}, {LATENESS['gateway']}) AS upto
        FROM known GROUP BY subject;
        """
    )
    kinds = [
        f"""
        SELECT '{kind}' AS kind, indicator, subject, (minute + {ZONE}) // {length} * {length} - {ZONE} AS start,
            sum(count)::UBIGINT AS count, {fold('sum', 'minute')} AS sum, min(min) AS min, max(max) AS max
        FROM pane GROUP BY indicator, subject, start
        """
        for kind, length in LENGTHS.items()
    ]
    length_of = " ".join(f"WHEN '{kind}' THEN {length}" for kind, length in LENGTHS.items())
    base.execute(
        f"""
        CREATE TABLE wanted AS
        SELECT folded.* FROM ({' UNION ALL '.join(kinds)}) AS folded JOIN watermark USING (subject)
        WHERE start + CASE kind {length_of} END <= upto
        """
    )


def fold(value, order):
    """The sum of a group, one by one in that order."""
    return f"list_reduce(list({value} ORDER BY {order}), lambda a, b: a + b)"

"""What came of it: tables of a running `ioc`'s store, handed to DuckDB as Parquet, and the archive's own files."""

import clickhouse_connect

import archive
from fire import counts, devices, owing, reported
from fire.pack import LAST_MAP, LOG_FEEDS, NEXT_MAP, REMINDED, REPORT_FEED

MILLIS = "toUnixTimestamp64Milli({})"


def client(ioc):
    """The product's own user: analysts have limits that a table of millions meets."""
    return connect(ioc.clickhouse, ioc.password_of("ioc"))


def connect(port, password):
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=port, username="ioc", password=password, database="ioc", send_receive_timeout=600
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
        {MILLIS.format('start_time')} AS start, count, sum, min, max FROM window_current
    WHERE count > 0 AND indicator NOT IN (SELECT id FROM measure)
"""
REJECTS = "SELECT log, partition, offset AS position, row, whole, reason::String AS reason, epoch FROM reject"
INDICES = f"""
    SELECT `index`::String AS word, subject::String AS subject, toString(kind) AS kind,
        {MILLIS.format('start_time')} AS start, value FROM index_current
"""
# In the order of `devices.Stored` and of `devices.Envelope`. A place is its log and partition, and the position in it.
EVENTS = f"""
    SELECT feed::String, (log, partition), offset, row, log_source::String, known, toString(kind), toString(severity),
        source_address, target_address, weight, attempts, {MILLIS.format('happened_at')}, {MILLIS.format('received_at')}
    FROM event
"""
ENVELOPES = "SELECT (log, partition), position, feed, payload FROM envelope WHERE feed IN {feeds}"
MEASURES = f"""
    SELECT log_source::String, measure::String, toString(kind), {MILLIS.format('start_time')}, value, whole_minutes,
        expected_minutes
    FROM measure_window_current
"""
# In the order of `reported.Receipt`, and of its cells and words.
RECEIPTS = f"""
    SELECT (log, partition), offset, {MILLIS.format('received_at')}, form::String, agency::String, toString(verdict), rows, stored, same,
        rejected, withdrawn FROM receipt_current
"""
CELLS = """
    SELECT form, indicator, place_code, toYear(period_start), toMonth(period_start), vintage, mark, value FROM report_cell
    WHERE mark != 'withdrawn'
"""
# In the order of `reported.on_maps`: cells, shares, and what wider units and groups add up to, on each map. Shares are doubles: they
# are rounded where none of them lies.
EVER = "known_at = '2299-01-01 00:00:00'"
MAPS = {
    NEXT_MAP: (f"on_map(map_date = '{NEXT_MAP}')",),
    LAST_MAP: (f"on_map(map_date = '{LAST_MAP}')", f"on_map_known_at(map_date = '{LAST_MAP}', {EVER})"),
}
ON_MAP = """
    SELECT '{map}', form::String, indicator::String, place_code, toYear(period_start), toMonth(period_start), value, reason,
        (estimated AND isNotNull(value))::Bool, known, expected
    FROM report_{view}
    UNION ALL
    SELECT '{map}', form::String, indicator, place_code, toYear(period_start), toMonth(period_start), round(toDecimal128(value + 1e-8, 9), 6),
        reason, (estimated AND isNotNull(value))::Bool, NULL, NULL
    FROM report_ratio_{view}
    UNION ALL
    SELECT '{map}', form::String, indicator::String, place_code, toYear(period_start), toMonth(period_start), total, 'wider', NULL, known, NULL
    FROM report_unit_{view}
"""
IN_GROUPS = """
    SELECT '', form::String, indicator::String, group_id, toYear(period_start), toMonth(period_start), total, 'wider', NULL, known, NULL
    FROM report_group
"""
CONFLICTS = """
    SELECT form, indicator, place, toYear(period_start), toMonth(period_start), agency, vintage, mark, value FROM report_conflict
    WHERE mark != 'withdrawn'
"""
# In the order of `owing.Owed`, of `owing.Score` and of `owing.Reminded`.
OWED = f"""
    SELECT form::String, agency::String, toYear(period_start), toMonth(period_start), toString(state),
        {MILLIS.format('owed_from')}, {MILLIS.format('due_at')},
        if(isNull(received_at), NULL, {MILLIS.format('assumeNotNull(received_at)')}), late_seconds, revisions, rejected,
        reminders
    FROM obligation_current
"""
SCORES = """
    SELECT agency::String, toYear(period_start), toMonth(period_start), owed, not_due, due, on_time, late, missing, rejected,
        revisions, median_late_seconds, reminders, score, reasons
    FROM obligation_score
"""
REMINDERS = f"SELECT subject::String, active::Bool, value FROM alert_current WHERE rule = '{REMINDED}'"
CLOCK = f"SELECT {MILLIS.format('max(now)')} FROM epoch"


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


def read_devices(base, ioc, journals):
    """What there is of devices, after `read`: that which their journals are compared with."""
    asked = client(ioc)
    envelopes = base.execute(ENVELOPES.format(feeds=tuple(LOG_FEEDS))).fetchall()
    rejected = base.execute("SELECT (log, partition), position, row FROM rejected WHERE NOT whole").fetchall()
    windows = asked.query(MEASURES).result_rows
    return devices.Devices(
        journals,
        [devices.Envelope(*row) for row in envelopes],
        [devices.Stored(*row) for row in asked.query(EVENTS).result_rows],
        rejected,
        {tuple(row[:4]): counts.Window(*row[4:]) for row in windows},
        balances(ioc),
    )


def read_reports(base, ioc, folder):
    """What there is of reports, after `read`."""
    asked = client(ioc)
    envelopes = base.execute(ENVELOPES.format(feeds=(REPORT_FEED,))).fetchall()
    return reported.Reports(
        reported.read_journals(folder),
        [devices.Envelope(*row) for row in envelopes],
        [reported.Receipt(*row) for row in asked.query(RECEIPTS).result_rows],
        asked.query(CELLS).result_rows,
        asked.query(CONFLICTS).result_rows,
        read_ledger(asked),
        # A run without reports has nothing of them.
        balances(ioc).get(REPORT_FEED, dict.fromkeys(BALANCE, 0)),
        [tuple(row) for query in on_maps() for row in asked.query(query).result_rows],
    )


def read_ledger(asked):
    """What is owed, by which clock."""
    ((clock,),) = asked.query(CLOCK).result_rows
    scores = [owing.Score(*row[:-1], tuple(row[-1])) for row in asked.query(SCORES).result_rows]
    return reported.Ledger(
        clock,
        [owing.Owed(*row) for row in asked.query(OWED).result_rows],
        scores,
        [owing.Reminded(*row) for row in asked.query(REMINDERS).result_rows],
    )


def on_maps():
    """What is asked of numbers on other maps: as they are, and as they are known at the end, which is the same."""
    yield IN_GROUPS
    for day, views in MAPS.items():
        for view in views:
            yield ON_MAP.format(map=day if view == views[0] else f"{day} known", view=view)


BALANCE = (
    "envelopes_received", "envelopes_decoded", "envelopes_empty", "envelopes_undecodable", "envelopes_astray",
    "rows_decoded", "rows_stored", "rows_duplicate", "rows_rejected", "rows_waiting", "rows_astray",
)


def balances(ioc):
    """By feed, its figures in `feed_balance`."""
    rows = client(ioc).query(f"SELECT feed, {', '.join(BALANCE)} FROM feed_balance").result_rows
    return {feed: dict(zip(BALANCE, figures, strict=True)) for feed, *figures in rows}


def balance(ioc):
    """The totals over all feeds."""
    of_feeds = balances(ioc).values()
    return {name: sum(figures[name] for figures in of_feeds) for name in BALANCE}

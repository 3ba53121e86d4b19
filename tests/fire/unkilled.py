"""The same manifests once more, without a kill: into an empty database, from the first epoch on, no checkpoint used.

A pipeline lets go of manifests that lie behind its older checkpoint, and of the log that is archived, too. So that a
whole run can be repeated their files are linked into another folder as they are made: the product removes its name of a
file, and the other one stays.
"""

import os
import shutil
import threading

import duckdb

from fire import store

# What an epoch makes. Rows of equal epochs must be equal rows.
TABLES = (
    "observation", "event", "window", "reject", "feed_minute", "index_value", "assessment", "station_state", "alert",
    "action", "held", "decision", "figure", "superseded", "report_value", "receipt",
    "obligation",
)
MARKED = ("observation", "window", "index_value", "assessment", "report_value")


class Records:
    """Keeps every manifest and every segment of the log of a data folder's lives."""

    def __init__(self, ioc):
        self.data, self.kept = ioc.data, ioc.folder / "records"
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self._link()

    def _run(self):
        # A file is let go of two checkpoints after its last record at the earliest.
        while not self.ended.wait(0.1):
            self._link()

    def _link(self):
        for folder in ("stream/manifests", "bus"):
            made = self.data / folder
            for path in [*made.glob("*/*.log"), *made.glob("*.json")]:
                to = self.kept / path.relative_to(self.data)
                if not to.exists():
                    to.parent.mkdir(parents=True, exist_ok=True)
                    try:
                        os.link(path, to)
                    except FileNotFoundError:
                        continue

    def put_back(self):
        """The folders as if nothing had ever been let go of; while nothing runs."""
        self._link()
        for path in self.kept.rglob("*.log"):
            to = self.data / path.relative_to(self.kept)
            if not to.exists():
                os.link(path, to)


def last_commit(ioc):
    return store.client(ioc).query("SELECT max(epoch) FROM epoch").result_rows[0][0]


def export(ioc, folder, upto):
    """Every row of every epoch up to that one, as Parquet; and what was committed."""
    folder.mkdir()
    asked = store.client(ioc)
    for table in TABLES:
        columns = "*"
        if table == "event":
            # A key is bytes that are no text.
            columns = "* REPLACE (hex(key) AS key)"
        elif table == "receipt":
            columns = "* REPLACE (hex(digest) AS digest)"
        elif table == "reject":
            # Rejects keep bytes that are no text.
            columns = "* REPLACE (hex(raw) AS raw)"
        elif table in MARKED:
            # When rows are marked is nobody's business but ClickHouse's; `superseded` says the same.
            columns = "* EXCEPT until"
        store.export(asked, f"SELECT {columns} FROM {table} WHERE epoch <= {upto}", folder / f"{table}.parquet")
    store.export(
        asked, f"SELECT epoch, manifest_hash FROM epoch WHERE epoch <= {upto}", folder / "epoch.parquet"
    )


def run_again(ioc, records, workers, failpoints=""):
    """Stops it, empties its database, forgets its checkpoints, and lets it replay everything it ever recorded."""
    ioc.stop()
    records.put_back()
    shutil.rmtree(ioc.data / "stream" / "checkpoints")
    # Put aside: removing a database takes longer than making one.
    (ioc.data / "clickhouse" / "data").rename(ioc.folder / "clickhouse-of-the-killed-run")
    ioc.settings["IOC_LOG_FILTER"] = "info"
    ioc.start(workers=workers, failpoints=failpoints)
    ioc.wait_drained(seconds=1_800)


def compare(killed, unkilled):
    """What differs between two exports, and how many rows of each table are the same."""
    base = duckdb.connect()
    base.execute("SET memory_limit = '4GB'; SET threads = 2; SET preserve_insertion_order = false")
    findings, same = [], {}
    hashes = base.execute(
        f"SELECT count(*), count(*) FILTER (k.manifest_hash != u.manifest_hash) FROM '{killed}/epoch.parquet' AS k"
        f" JOIN '{unkilled}/epoch.parquet' AS u USING (epoch)"
    ).fetchone()
    same["epoch"] = hashes[0]
    if hashes[0] == 0 or hashes[1]:
        findings.append(f"REPLAY: of {hashes[0]} epochs {hashes[1]} were made from other manifests")
    for table in TABLES:
        one, other = f"'{killed}/{table}.parquet'", f"'{unkilled}/{table}.parquet'"
        same[table] = base.execute(f"SELECT count(*) FROM {one}").fetchone()[0]
        for what, query in (
            ("of the killed run alone", f"FROM {one} EXCEPT ALL FROM {other}"),
            ("of the unkilled run alone", f"FROM {other} EXCEPT ALL FROM {one}"),
        ):
            rows = base.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]
            if rows:
                some = base.execute(f"{query} LIMIT 2").fetchall()
                findings.append(f"REPLAY: {table} has {rows} rows {what}, such as {some}")
    return findings, same

"""The archive as outsiders see it: its folders, its records, its Parquet files. None of the product's code.

DuckDB, pandas with pyarrow, and a ClickHouse of its own read the files.
"""

import collections
import hashlib
import json
import os
import re
import subprocess
import sys

import duckdb
from ioc import ROOT


def folder(ioc):
    return ioc.data / "archive"


def records(ioc):
    """What the passes say they made, by partition in order."""
    read = [json.loads(path.read_text()) for path in (folder(ioc) / "_passes").iterdir()]
    return sorted(read, key=lambda record: (record["log"], record["partition"], record["from"]))


def files(ioc):
    """The files that passes name, each after its hash was found to be what its pass recorded."""
    named = []
    for record in records(ioc):
        for file in record["files"]:
            path = folder(ioc) / file["path"]
            held = path.read_bytes()
            assert (len(held), hashlib.sha256(held).hexdigest()) == (file["bytes"], file["sha256"]), path
            named.append(path)
    return named


def query(paths, sql):
    """Asks DuckDB about files; `{files}` stands for them."""
    if not paths:
        return []
    names = ", ".join(f"'{path}'" for path in paths)
    return duckdb.sql(sql.format(files=f"read_parquet([{names}])")).fetchall()


def offsets(paths):
    """Which offsets the files hold, and how often, by partition."""
    held = collections.defaultdict(collections.Counter)
    for partition, offset, count in query(paths, 'SELECT partition, "offset", count(*) FROM {files} GROUP BY ALL'):
        held[partition][offset] = count
    return held


def log_starts(ioc):
    """By partition, the oldest offset the log still holds: its oldest segment is named by it."""
    starts = {}
    for partition in (ioc.data / "bus").iterdir():
        if re.fullmatch(r"\d{5}", partition.name):
            starts[int(partition.name)] = min(int(segment.stem) for segment in partition.glob("*.log"))
    return starts


def check_nothing_is_lost(ioc):
    """ONCE, while nothing runs: whatever the log let go of lies in the archive, once."""
    held = offsets(files(ioc))
    for partition, start in log_starts(ioc).items():
        missing = [offset for offset in range(start) if offset not in held[partition]]
        assert not missing, f"ONCE: {len(missing)} envelopes are neither on the log nor archived, such as {missing[:3]}"
    twice = [(partition, offset) for partition, counts in held.items() for offset, n in counts.items() if n > 1]
    assert not twice, f"ONCE: {len(twice)} envelopes are archived twice, such as {twice[:3]}"


def check_everything_is_archived(ioc, received):
    """ONCE, once the archive has caught up: every envelope ever received lies there once, and in no other file."""
    every_file = sorted(folder(ioc).rglob("*.parquet"))
    assert every_file == sorted(files(ioc)), "a file that no pass made"
    held = offsets(every_file)
    for partition, counts in held.items():
        assert set(counts.values()) == {1}, f"ONCE: partition {partition} holds envelopes twice"
        assert sorted(counts) == list(range(len(counts))), f"ONCE: partition {partition} has holes"
    assert sum(len(counts) for counts in held.values()) == received


# ClickHouse's own command line, out of its library; a process of its own, because it takes over the one it runs in.
LOCAL = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
for name, kind in (("query_cmdline", ctypes.c_void_p), ("result_error", ctypes.c_char_p),
                   ("result_buffer", ctypes.c_void_p), ("result_length", ctypes.c_size_t)):
    getattr(library, "chdb_" + name).restype = kind
arguments = [b"clickhouse", b"--output-format=JSONCompact", b"--query=" + sys.argv[2].encode()]
result = ctypes.c_void_p(library.chdb_query_cmdline(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments)))
error = library.chdb_result_error(result)
if error:
    sys.exit(error.decode())
sys.stdout.buffer.write(ctypes.string_at(library.chdb_result_buffer(result), library.chdb_result_length(result)))
"""


def clickhouse_local(sql):
    """Asks a ClickHouse that is nobody's server and may read every file."""
    library = os.environ.get("IOC_LIBCHDB") or subprocess.run(
        [ROOT / "deploy" / "scripts" / "fetch-libchdb.sh"], check=True, capture_output=True, text=True
    ).stdout.strip()
    done = subprocess.run([sys.executable, "-c", LOCAL, library, sql], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["data"]

"""W1: the lines of one file, through the product's dataflow and through its peers, in the same run.

The product takes them as envelopes of 500 lines from its disk log (`w1/main.rs` says what is inside the measured time);
Flink, DuckDB and the prototype read the file itself. What each made is compared: one digest over all windows that
have surely closed. CPU seconds and memory of the product's run are those of its flow, as it tells itself; those of
the peers are of their whole process, start included.
"""

import os
import subprocess
import sys

from kit import flow, process
from kit.figures import Figures, shown
from kit.product import ROOT, load, scratch, told
from kit.windows import digest
from peers import flink

EVENTS = int(os.environ.get("W1_EVENTS", 10_000_000))
PEERS = ROOT / "benches" / "peers"
START = 1_767_225_600_000
# Milliseconds of event time an event takes, and how far behind the end every window has surely closed.
AN_EVENT = 5_000 / 16_000
UNSURE = 300_000


def halves(source, folder):
    """The file as two, each in the order of arrival: Flink reads a file with one task."""
    folder.mkdir()
    with open(source, "rb") as lines, open(folder / "0", "wb") as even, open(folder / "1", "wb") as odd:
        number = 0
        while block := lines.read(1 << 20) + lines.readline():
            (odd if number % 2 else even).write(block)
            number += 1
    return folder


def duckdb(source, folder):
    output = folder / "duckdb.csv"
    _, cost = process.run([sys.executable, str(PEERS / "duckdb_w1.py"), str(source), str(output)], 150)
    return output, cost


def prototype(source, folder):
    output = folder / "prototype.csv"
    program = ROOT / "target" / "prototype" / "release" / "prototype"
    _, cost = process.run([str(program), str(source), str(output), "2"], 60)
    return f"{output}.*", cost


def words(name, lines, cost, equal):
    same = "equal" if equal else "**not equal**"
    return (
        f"{name} {shown(lines / cost['seconds'])} lines/s, {cost['cpu_seconds']:.1f} CPU s, "
        f"{cost['peak_rss_mb']:.0f} MB, {same}"
    )


def measure():
    figures = Figures("w1")
    with scratch("w1") as folder:
        source = folder / "w1.json"
        made = subprocess.run(load("lines", "--events", EVENTS, "--output", source), capture_output=True, text=True)
        lines = told(made.stderr)["lines"]
        before = START + int(EVENTS * AN_EVENT) - UNSURE

        reference, duckdb_cost = duckdb(source, folder)
        answer = digest(reference, before)
        peers = [words("DuckDB (batch)", lines, duckdb_cost, True)]
        rows, cost = flink.w1(halves(source, folder / "halves"), folder / "flink.csv", 150)
        peers.append(words("Flink DataStream", lines, cost, digest(rows, before) == answer))
        rows, cost = prototype(source, folder)
        peers.append(words("prototype", lines, cost, digest(rows, before) == answer))
        for workers in (1, 2):
            output = folder / f"product-{workers}.csv"
            seen = flow.run(source, output, workers)
            equal = digest(output, before) == answer
            if not equal:
                raise RuntimeError(f"{workers} workers: {digest(output, before)} is not the reference's {answer}")
            figures.add(
                f"bus to windows, {shown(lines)} lines, {workers} worker{'s' * (workers > 1)}, equal to the reference",
                seen["events_per_second"], "lines/s", at_least=4_000_000 if workers == 2 else None,
                beside=f"{seen['cpu_seconds']:.1f} CPU s; {'. '.join(peers) if workers == 2 else ''}", seen=seen,
            )
        figures.add(
            "the same, peak resident memory, 2 workers", seen["peak_rss_mb"], "MB", at_most=250,
            beside="of the whole process, filling the log included",
        )

"""The whole way for a minute: the log, the dataflow, manifests, checkpoints, the archive, every row in ClickHouse.

W1's lines are pushed over HTTP while they are made, with two million of them under way at most. Counted are rows of
committed epochs; every one of them is then counted again in the table. Merges run meanwhile, and what they still
have to do at the end is waited for and told. Beside it, ClickHouse alone: the same lines into materialized views.
"""

import time

from kit.figures import Figures, shown
from kit.process import Watch
from kit.product import Lines, Pusher, eventually, product, rows
from kit.store import connect, parts, settle, value
from peers.clickhouse_views import Views

SECONDS = 60
WARM = 10
BACKLOG = 2_000_000
PEER_SECONDS = 25
# More than can be pushed.
ENDLESS = 2_000_000_000


def rate(samples, seconds):
    """Rows a second over the last `seconds` of the samples, and in their slowest ten."""
    last = samples[-1][0]
    steady = [sample for sample in samples if sample[0] >= last - seconds]
    (begin, rows_then), (end, rows_now) = steady[0], steady[-1]
    tens = []
    for at, count in steady:
        later = next((sample for sample in steady if sample[0] >= at + 10), None)
        if later:
            tens.append((later[1] - count) / (later[0] - at))
    return (rows_now - rows_then) / (end - begin), min(tens)


def ours(figures):
    with product("sink") as ioc, Lines(ENDLESS) as lines:
        client, pusher = connect(ioc), Pusher(ioc)
        end = time.monotonic() + WARM + SECONDS
        with Watch(ioc.process.pid) as watch:
            pushed = pusher.push(lines.stdout, backlog=BACKLOG, until=lambda: time.monotonic() > end)
            samples, parts_then = pusher.samples, parts(client, "observation")
            eventually(lambda: sum(rows(ioc, "push").values()) == pushed, seconds=120)
            merging = settle(client)
        told, child = rows(ioc, "push"), ioc.clickhouse_pid()
        held = value(client, "SELECT count() FROM observation")
        if held != told["stored"] or len(pusher.partitions) < 2:
            raise RuntimeError(f"{held} rows in the table, {told} counted, partitions {pusher.partitions}")
        windows = value(client, "SELECT count() FROM window")
        own, slowest = rate(samples, SECONDS)
        peaks = {pid: peak / 1e6 for pid, peak in watch.peak_by_process.items()}
        cost = {pid: watch.cpu_seconds(pid) / pushed * 1e6 for pid in peaks}
    return own, (
        f"slowest ten seconds {shown(slowest)}; {shown(held)} rows and {shown(windows)} windows stored and counted, "
        f"{shown(told['duplicate'])} duplicates, {shown(told['rejected'])} rejects; {parts_then} parts at the end, "
        f"merged {merging:.0f} s later; `ioc` {cost[ioc.process.pid]:.2f} CPU s a million lines, "
        f"{peaks[ioc.process.pid]:.0f} MB; ClickHouse {cost[child]:.2f} CPU s, {peaks[child]:.0f} MB"
    )


def alone():
    with product("views") as ioc, Lines(ENDLESS) as lines:
        client, child = connect(ioc), ioc.clickhouse_pid()
        views = Views(ioc, client)
        began = time.monotonic()
        with Watch(child) as watch:
            pushed = views.insert(lines.stdout, until=lambda: time.monotonic() > began + PEER_SECONDS)
            seconds = time.monotonic() - began
            merging = settle(client)
    return (
        f"ClickHouse alone, views, {PEER_SECONDS} s: {shown(pushed / seconds)} lines/s, merged {merging:.0f} s later, "
        f"{watch.cpu_seconds() / pushed * 1e6:.2f} CPU s a million, {watch.peak_bytes / 1e6:.0f} MB"
    )


def measure():
    figures = Figures("sink")
    own, words = ours(figures)
    peer = alone()
    figures.add(
        f"W1 pushed, to rows and windows in ClickHouse, {SECONDS} s, rows judged and committed",
        own, "rows/s", at_least=500_000, beside=f"{words}. {peer}",
    )

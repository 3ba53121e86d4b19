"""What stations cost the dataflow: the same rows as readings of anybody, and as readings of a province's stations.

2,000 stations send nine indicators every five minutes for a day. Both ways make hours and days; with stations there
are also indices, judgements by the legal limits, states, and alerts by the rules of the province.
"""

import time

from kit import pack
from kit.figures import Figures, shown
from kit.process import Watch
from kit.product import Pusher, eventually, product, rows, scratch
from kit.readings import INDICATORS, recorded, station
from kit.store import connect, value

STATIONS = 2_000
HOURS = 24
BACKLOG = 1_000_000
DERIVED = ("index_value", "assessment", "station_state", "alert")


def cost(lines, count, folder):
    """What it took to store the lines: rows a second, CPU seconds of `ioc` a million, and what was derived."""
    with product("derived", pack=folder) as ioc, open(lines, "rb") as source:
        began = time.monotonic()
        with Watch(ioc.process.pid) as watch:
            Pusher(ioc).push(source, backlog=BACKLOG)
            eventually(lambda: rows(ioc, "push")["stored"] == count, seconds=150, every=0.05)
        seconds = time.monotonic() - began
        client = connect(ioc)
        made = {table: value(client, f"SELECT count() FROM {table}") for table in ("window", *DERIVED)}
    pid = ioc.process.pid
    return count / seconds, watch.cpu_seconds(pid) / count * 1e6, watch.peak_by_process[pid] / 1e6, made


def measure():
    figures = Figures("derived")
    with scratch("derived-lines") as folder:
        lines = folder / "lines.json"
        count = recorded(lines, STATIONS, HOURS, int(time.time()))
        plain = cost(lines, count, pack.with_indicators(folder / "plain"))
        stations = map(station, range(STATIONS))
        whole = cost(lines, count, pack.with_stations(folder / "stations", stations, INDICATORS))
    made = ", ".join(f"{shown(rows)} {table}" for table, rows in whole[3].items())
    if not all(whole[3][table] for table in ("index_value", "assessment")):
        raise RuntimeError(f"nothing was derived: {whole[3]}")
    figures.add(
        f"{shown(count)} readings of {STATIONS:,} stations, with indices, limits, states and alerts",
        whole[1], "CPU s of `ioc` a million",
        beside=f"without: {plain[1]:.2f}; {shown(whole[0])} rows/s against {shown(plain[0])}, "
        f"{whole[2]:.0f} MB against {plain[2]:.0f}; made {made}",
    )
